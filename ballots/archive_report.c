/* What a verification reports: its checks, what to make of a failure, who would have had to
 * act together. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ballots/archive_parts.h"

/* ---- the check list ---- */

/* Those of files, log and archive; and what a reader should make of their failure. */
static const struct {
	const char *id, *what, *hint;
} files_and_log[] = {
	{ "V001", "every file of an archive is there",
	    "The archive is not complete: fetch it again, or from somebody else." },
	{ "V002", "nothing else is there",
	    "An archive holds nothing but what the record names: ask where this came from." },
	{ "V003", "README is the fixed text",
	    "The archive was altered: fetch it again, or from somebody else." },
	{ "V004", "every entry is canonical; at least one entry",
	    "The log is damaged or was altered: compare it with somebody else's copy." },
	{ "V005", "seq counts from 0",
	    "An entry was added, left out or moved: compare with somebody else's copy." },
	{ "V006", "prev is the hash of the line before",
	    "The log is damaged or was altered: compare it with somebody else's copy." },
	{ "V007", "time never runs backwards",
	    "An honest board's clock never runs backwards in its log." },
	{ "V008", "the checkpoint is canonical, for this election, signed by the board",
	    "The board has not signed this: compare with the checkpoint that others hold." },
	{ "V009", "its size and root are those of the entries",
	    "Entries were added, left out or altered after the board signed this head." },
	{ "V910", "the election id is the expected one; every entry carries it",
	    "Check the election id with the people who run the election." },
	{ "V911", "every blob has the hash it is named by",
	    "The file is damaged or was exchanged: fetch it again, or from somebody else." },
	{ "V912", "result.json is the result that follows", "Trust the record and not this file." },
	{ "V913", "every item was opened and has its result",
	    "If the election still runs, ask for a partial verification." },
	{ "V915", "the witnesses' quorum has co-signed the checkpoint",
	    "Without its witnesses a board could show others another history: wait for them, or "
	    "ask "
	    "them." },
	{ "V914", "a head known from outside is a prefix of this board",
	    "The head from outside must be a checkpoint of this election's board." },
};
#define FILES_AND_LOG (sizeof files_and_log / sizeof *files_and_log)

/* Which families of checks a type of record has. */
static const char *const families[RECORD_TYPES] = {
	[RECORD_DEFINITION] = "124",
	[RECORD_ITEM] = "1234",
	[RECORD_ROLL] = "123456",
	[RECORD_APPROVE] = "1234",
	[RECORD_KEYGEN_COMMIT] = "12346",
	[RECORD_KEYGEN_DEAL] = "123456",
	[RECORD_KEYGEN_CONFIRM] = "12345",
	[RECORD_KEYGEN_COMPLAIN] = "1234",
	[RECORD_KEYGEN_SKIP] = "1234",
	[RECORD_OPEN] = "12345",
	[RECORD_OPEN_ITEM] = "12345",
	[RECORD_BALLOT] = "12346",
	[RECORD_CHALLENGED] = "12346",
	[RECORD_CLOSING] = "1234",
	[RECORD_CLOSE] = "12345",
	[RECORD_READY] = "12345",
	[RECORD_MIX] = "123456",
	[RECORD_DECRYPT] = "123456",
	[RECORD_FAULT] = "12345",
	[RECORD_RESULT] = "12345",
	[RECORD_BOARD_KEY] = "12345",
};

static const char *const family_names[] = { "", "form", "author", "chain", "place", "content",
	"proof" };

static struct archive_check *
add(struct archive_report *report, const char *id, const char *what)
{
	struct archive_check *c = &report->check[report->checks];

	if (report->checks == ARCHIVE_CHECKS_MAX)
		return c - 1;
	report->checks++;
	*c = (struct archive_check){ .what = what };
	(void)snprintf(c->id, sizeof c->id, "%s", id);
	return c;
}

static struct archive_check *
find(struct archive_report *report, const char *id)
{
	size_t i;

	for (i = 0; i < report->checks; i++)
		if (strcmp(report->check[i].id, id) == 0)
			return &report->check[i];
	return add(report, id, "");
}

void
archive_report_start(struct archive_report *report, const struct archive_expect *expect)
{
	struct archive_check *check;
	char id[8];
	unsigned type;
	size_t i;

	memset(report, 0, sizeof *report);
	for (i = 0; i < FILES_AND_LOG; i++)
		(void)add(report, files_and_log[i].id, files_and_log[i].what);
	for (type = RECORD_UNKNOWN + 1; type < RECORD_TYPES; type++)
		for (i = 0; families[type][i] != '\0'; i++) {
			(void)snprintf(id, sizeof id, "V%02u%c", type, families[type][i]);
			check = add(report, id, family_names[families[type][i] - '0']);
			check->type = (enum record_type)type;
		}
	if (expect->partial)
		find(report, "V912")->state = find(report, "V913")->state = ARCHIVE_NOT_ASKED;
	if (expect->head.n == 0)
		find(report, "V914")->state = ARCHIVE_NOT_ASKED;
}

void
archive_passed(struct archive_report *report, const char *id, uint64_t count)
{
	struct archive_check *check = find(report, id);

	check->count += count;
	check->state = ARCHIVE_GOOD;
}

void
archive_took(struct archive_report *report, enum record_type type)
{
	size_t i;

	report->records[type]++;
	for (i = 0; i < report->checks; i++)
		if (report->check[i].type == type) {
			report->check[i].count++;
			report->check[i].state = ARCHIVE_GOOD;
		}
}

void
archive_took_all(struct archive_report *report)
{
	size_t i;

	for (i = 0; i < report->checks; i++)
		if (report->check[i].type != RECORD_UNKNOWN)
			report->check[i].state = ARCHIVE_GOOD;
}

size_t
archive_report_count(const struct archive_report *report, enum archive_state state)
{
	size_t i, n = 0;

	for (i = 0; i < report->checks; i++)
		n += report->check[i].state == state;
	return n;
}

void
archive_report_free(struct archive_report *report)
{
	size_t i;

	for (i = 0; i < ITEM_MAX; i++)
		count_outcome_free(report->outcome[i]);
	frozen_unref(report->frozen);
	arena_free(&report->arena);
	memset(report, 0, sizeof *report);
}

/* ---- failures ---- */

/* What a reader should make of a check that failed. */
static const char *
hint(const struct why *why)
{
	size_t i;

	if (why->reason == R_EQUIVOCATION)
		return "The board has signed two histories: keep both, they are evidence against "
		       "it.";
	if (why->reason == R_ROLLBACK)
		return "Fetch a newer archive. If the board has none, this head is evidence "
		       "against it.";
	for (i = 0; i < FILES_AND_LOG; i++)
		if (strcmp(why->check, files_and_log[i].id) == 0)
			return files_and_log[i].hint;
	return "No honest board takes such a record. If the board has signed it, this is evidence "
	       "against the board.";
}

void
archive_conclude(struct archive_report *report, struct why *why)
{
	struct archive_check *check;
	size_t n = strlen(why->text);

	if (why->check[0] == '\0')
		return;
	check = find(report, why->check);
	check->state = ARCHIVE_FAILED;
	if (n < sizeof why->text)
		(void)snprintf(why->text + n, sizeof why->text - n, "\n%s", hint(why));
}

void
archive_report_refused(struct archive_report *report, struct why *why)
{
	const struct archive_expect nothing = { .partial = 0 };

	archive_report_start(report, &nothing);
	archive_conclude(report, why);
}

/* ---- promises ---- */

/* Text that grows, cut where there is no more room. */
struct text {
	char bytes[1024];
	size_t n;
};

static void __attribute__((format(printf, 2, 3))) say(struct text *t, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->bytes + t->n, sizeof t->bytes - t->n, format, ap);
	va_end(ap);
	if (n > 0)
		t->n += (size_t)n < sizeof t->bytes - t->n ? (size_t)n : sizeof t->bytes - t->n - 1;
}

static enum result
promise(struct archive_report *report, const char *what, const struct text *t)
{
	struct archive_promise *p = &report->promise[report->promises];
	char *who = arena_alloc(&report->arena, t->n + 1);

	if (who == NULL)
		return R_NO_MEMORY;
	memcpy(who, t->bytes, t->n + 1);
	*p = (struct archive_promise){ what, who };
	report->promises++;
	return R_GOOD;
}

/* "any 2 of the 3 trustees of the key" */
static void
any_of(struct text *t, uint64_t k, uint64_t n, const char *who)
{
	const char *plural = who[strlen(who) - 1] == 's' ? "es" : "s";

	if (n == 1)
		say(t, "the one %s", who);
	else if (k >= n)
		say(t, "all %llu %s%s", (unsigned long long)n, who, plural);
	else
		say(t, "any %llu of the %llu %s%s", (unsigned long long)k, (unsigned long long)n,
		    who, plural);
}

static enum result
promise_secrecy(struct archive_report *report, const struct definition *d, uint64_t n)
{
	struct text t = { .n = 0 };

	any_of(&t, d->threshold, n, "trustee");
	say(&t, " together; or the voter's own device, for that voter");
	return promise(report, "how somebody voted stays secret, beyond what the totals say", &t);
}

static enum result
promise_count(struct archive_report *report)
{
	struct text t = { .n = 0 };

	say(&t,
	    "nobody can: this verification recomputed the count from the ballots, and a voter's "
	    "receipt shows that the ballot is among them");
	return promise(report, "no cast ballot is altered, added, dropped or counted wrongly", &t);
}

static enum result
promise_abstainers(struct archive_report *report, const struct definition *d)
{
	struct text t = { .n = 0 };

	if (d->code_parts == 1)
		say(&t, "the registrar who made the voter's code, alone");
	else
		say(&t, "all %llu registrars who each made a part of the voter's code",
		    (unsigned long long)d->code_parts);
	say(&t, "; nobody, where the voter made the key on its own device");
	return promise(report, "nobody votes in the name of a person who did not", &t);
}

static enum result
promise_roll(struct archive_report *report, const struct definition *d)
{
	struct text t = { .n = 0 };

	say(&t, "the organiser and ");
	any_of(&t, d->registrar_quorum, d->registrar_count, "registrar");
	say(&t, "; the roll is public, so others can object");
	return promise(report, "only people who may vote are on the roll", &t);
}

static enum result
promise_device(struct archive_report *report)
{
	struct text t = { .n = 0 };

	say(&t, "the voter's own device, if nobody audits ballots on a second one");
	return promise(report, "an encrypted ballot holds what its voter chose", &t);
}

static enum result
promise_history(struct archive_report *report, const struct definition *d, uint64_t n)
{
	const uint64_t q = definition_ready_quorum(d, n), both = 2 * q > n ? 2 * q - n : 0;
	struct text t = { .n = 0 };

	say(&t, "the board and ");
	if (d->witness_count > 0) {
		any_of(&t, 2 * d->witness_quorum - d->witness_count, d->witness_count, "witness");
		say(&t, " who co-sign two histories; for another result also ");
	}
	any_of(&t, both, n, "trustee");
	say(&t, " who confirm two different boards; comparing heads finds it out");
	return promise(report, "everybody sees the same board", &t);
}

static enum result
promise_end(struct archive_report *report, const struct definition *d, uint64_t n)
{
	const uint64_t q = definition_ready_quorum(d, n), needed = q > d->mixers ? q : d->mixers;
	struct text t = { .n = 0 };

	say(&t, "the organiser, the board, or ");
	any_of(&t, n >= needed ? n - needed + 1 : 1, n, "trustee");
	say(&t, " who stop");
	return promise(report, "the election comes to its end", &t);
}

enum result
archive_set_promises(struct archive_report *report)
{
	const struct definition *d = frozen_definition(report->frozen);
	struct keygen_status keygen;
	enum result r;
	uint64_t n;

	if (d == NULL)
		return R_GOOD;
	/* Those of the key count, once it is made. */
	(void)frozen_keygen(report->frozen, &keygen);
	n = keygen.attempt.count;
	if ((r = promise_secrecy(report, d, n)) != R_GOOD ||
	    (r = promise_count(report)) != R_GOOD ||
	    (r = promise_abstainers(report, d)) != R_GOOD ||
	    (r = promise_roll(report, d)) != R_GOOD || (r = promise_device(report)) != R_GOOD ||
	    (r = promise_history(report, d, n)) != R_GOOD)
		return r;
	return promise_end(report, d, n);
}
