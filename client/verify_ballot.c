/* tabella verify ballot: what an audited ballot holds. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ballots/rules.h"
#include "client/audit.h"
#include "client/mirror.h"
#include "client/scratch.h"
#include "client/terminal.h"
#include "client/verify_words.h"

/* ---- comparing with the record ---- */

/* Do election, key, opening and items stand so on the board? */
static enum result
compare(const struct audit *a, const struct frozen *f, struct why *why)
{
	struct item_status s;
	size_t i;

	if (frozen_election(f) == NULL || !digest_equal(frozen_election(f), &a->election))
		return why_set(why, R_WRONG_ELECTION, "the audit is of another election");
	if (frozen_open(f) == NULL || !digest_equal(frozen_open(f), &a->open))
		return why_set(why, R_WRONG_ELECTION, "the audit is bound to another opening");
	if (!slice_equal(frozen_key_bytes(f), a->place.y))
		return why_set(why, R_WRONG_KEY,
		    "the device encrypted under another key than the election's\n"
		    "Nobody could have opened that ballot: do not vote on this device");
	for (i = 0; i < a->n; i++)
		if (frozen_item(f, a->answers[i].item->id, &s) != R_GOOD ||
		    !digest_equal(s.hash, &a->hashes[i]))
			return why_set(why, R_WRONG_ELECTION,
			    "item %" PRIu64 " has another text on the board than in the audit\n"
			    "Do not vote on this device",
			    a->answers[i].item->id);
	return R_GOOD;
}

/* Follow the archive until voting is open and all items of the audit are known. */
static enum result
follow(struct question *q, const struct audit *a, struct rules *rules, struct why *why)
{
	struct buffer line = { 0 };
	uint64_t last = 0, seq;
	enum result r = R_GOOD;
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->answers[i].item->id > last)
			last = a->answers[i].item->id;
	for (seq = 0; r == R_GOOD && seq < folder_size(q->folder); seq++) {
		if (frozen_open(rules_now(rules)) != NULL && frozen_items(rules_now(rules)) >= last)
			break;
		r = question_line(q, &line, NULL, seq, why);
		if (r == R_GOOD)
			r = rules_entry(rules, buffer_slice(&line), folder_source(q->folder), NULL,
			    why);
	}
	buffer_free(&line);
	return r;
}

static enum result
compare_archive(struct question *q, const struct audit *a, struct why *why)
{
	struct rules *rules = NULL;
	enum result r = rules_new(&rules, &a->election, RULES_VERIFY);

	if (r == R_GOOD)
		r = follow(q, a, rules, why);
	if (r == R_GOOD)
		r = compare(a, rules_now(rules), why);
	rules_free(rules);
	return r;
}

static enum result
compare_board(struct question *q, const struct audit *a, struct why *why)
{
	struct progress progress;
	const struct effort effort = { .progress = progress_step, .ctx = &progress };
	struct mirror mirror = { .board = NULL };
	char *folder = NULL;
	enum result r = scratch_make(&folder, why);

	progress_start(&progress, "Verifying the board");
	if (r == R_GOOD)
		r = mirror_open(&mirror, folder, q->board, &a->election, &effort, why);
	if (r == R_GOOD)
		r = mirror_sync(&mirror, 0, &effort, why);
	if (r == R_GOOD)
		r = compare(a, mirror_now(&mirror), why);
	progress_end(&progress);
	mirror_close(&mirror);
	scratch_remove(folder);
	return r;
}

/* ---- what it holds ---- */

static void
print_choice(const struct item *item, const struct choice *choice)
{
	char text[CHOICE_TEXT_BYTES];
	unsigned i;

	(void)printf("Item %" PRIu64 ": ", item->id);
	terminal_print_text(item->title, strlen(item->title), 0);
	choice_print(text, choice);
	(void)printf("\n  %s\n", text);
	for (i = 1; i <= choice->options; i++)
		if (choice_names(choice, i)) {
			(void)printf("  option %u: ", i);
			terminal_print_text(item->options[i - 1], strlen(item->options[i - 1]), 0);
			(void)putchar('\n');
		}
}

/* Open the ciphertexts and hold them against what the device claims. */
static enum result
open_ballot(const struct audit *a, struct why *why)
{
	struct choice choices[ITEM_MAX];
	char text[RECORD_TRACKER_TEXT];
	enum result r = ballot_audit(choices, a->answers, a->n, &a->place, a->body, a->r, why);
	size_t i;

	if (r != R_GOOD)
		return r;
	record_tracker_print(text, &a->tracker);
	(void)printf("Tracker of this ballot:\n\n  %s\n\nIt holds:\n", text);
	for (i = 0; i < a->n; i++)
		print_choice(a->answers[i].item, &choices[i]);
	for (i = 0; i < a->n; i++)
		if (memcmp(choices[i].bytes, a->claimed[i].bytes, sizeof choices[i].bytes) != 0)
			return why_set(why, R_OTHER_CHOICE,
			    "the answer to item %" PRIu64 " is another than the device claims\nDo "
			    "not vote on that device, and tell "
			    "the people who run the election",
			    a->answers[i].item->id);
	return R_GOOD;
}

static enum result
judge(struct question *q, const struct audit *a, struct why *why)
{
	enum result r;

	if (q->has_election && !digest_equal(&q->election, &a->election))
		return why_set(why, R_WRONG_ELECTION, "the audit is of another election");
	if ((r = open_ballot(a, why)) != R_GOOD)
		return r;
	if (q->archive != NULL || q->url != NULL) {
		r = question_open(q, why);
		if (r == R_GOOD)
			r = q->archive != NULL ? compare_archive(q, a, why)
					       : compare_board(q, a, why);
	}
	return r;
}

static void
advise(const struct question *q)
{
	(void)puts("\nThis is what the device encrypted, if the tracker above is the one that it\n"
		   "showed BEFORE you chose to audit, and the choice the one that you made.");
	if (q->archive == NULL && q->url == NULL)
		(void)fputs(
		    "\n*** WARNING: key and items were taken from the file itself. Give --board "
		    "URL or\n*** --archive DIR, so that they are compared with those of the "
		    "election.\n",
		    stderr);
	if (!q->has_election)
		(void)fputs("\n*** WARNING: no --election ID was given: this may be the ballot of "
			    "another election.\n",
		    stderr);
}

int
verify_ballot(const struct command *self, int argc, char **argv)
{
	struct question q = { .file = NULL };
	struct arena arena = { 0 };
	struct why why = { 0 };
	struct audit *audit;
	enum result r;

	if (question_read(&q, self, argc, argv) != 0)
		return 2;
	audit = arena_alloc(&arena, sizeof *audit);
	r = audit == NULL ? R_NO_MEMORY : audit_read(audit, &arena, q.file, &why);
	if (r == R_GOOD)
		r = judge(&q, audit, &why);
	if (r == R_GOOD)
		advise(&q);
	arena_free(&arena);
	question_free(&q);
	return r == R_GOOD ? 0 : terminal_refuse(r, &why);
}
