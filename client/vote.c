/*
 * tabella vote: encrypts, audits or casts a ballot, keeps the receipt and checks it later.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "client/audit.h"
#include "client/command.h"
#include "client/desk.h"
#include "client/keys.h"
#include "client/register.h"
#include "client/request.h"
#include "client/vote_batch.h"
#include "client/vote_check.h"
#include "client/vote_secret.h"
#include "client/voter.h"
#include "crypto/base64.h"
#include "crypto/rng.h"

/* How long to wait for the witnesses of the board. */
#define WITNESS_WAIT_MS 30000
#define ASK_TRIES 5

/* One sitting of a voter. */
struct sitting {
	struct desk desk;
	struct voter voter;
	int voter_open;
	/* answers */
	struct choice choices[ITEM_MAX];
	struct item_status items[ITEM_MAX];
	size_t n;
};

static int
sitting_close(struct sitting *s, enum result r, const struct why *why)
{
	sodium_memzero(s->choices, sizeof s->choices);
	if (s->voter_open)
		voter_close(&s->voter);
	return desk_close(&s->desk, r, why);
}

/* ---- choosing ---- */

static void
print_item(const struct item *item)
{
	size_t i;

	(void)printf("\nItem %" PRIu64 ": ", item->id);
	terminal_print_text(item->title, strlen(item->title), 0);
	(void)puts("");
	if (item->text[0] != '\0') {
		terminal_print_text(item->text, strlen(item->text), 1);
		(void)puts("");
	}
	for (i = 0; i < item->option_count; i++) {
		(void)printf("  %zu  ", i + 1);
		terminal_print_text(item->options[i], strlen(item->options[i]), 0);
		(void)puts("");
	}
}

static const char *
how_to_answer(const struct item *item)
{
	switch (item->choice) {
	case CHOICE_PLURALITY: return "One number, or \"blank\"; Enter leaves this item out:";
	case CHOICE_APPROVAL:
		return "Numbers such as 1,3, or \"blank\"; Enter leaves this item out:";
	default: return "Best first, such as 2>1=3, or \"blank\"; Enter leaves this item out:";
	}
}

/* The choice as a person reads it: names, not numbers. */
static void
print_choice(const struct item *item, const struct choice *choice)
{
	char text[CHOICE_TEXT_BYTES];
	const char *p = text;
	char *end;
	unsigned long number;

	choice_print(text, choice);
	(void)printf("  item %" PRIu64 ": ", item->id);
	while (*p != '\0') {
		if (*p >= '0' && *p <= '9') {
			number = strtoul(p, &end, 10);
			terminal_print_text(item->options[number - 1],
			    strlen(item->options[number - 1]), 0);
			p = end;
		} else {
			const char *sign = *p == '>' ? ", then "
			    : *p == '='              ? " and equally "
						     : ", ";

			if (*p == '>' || *p == '=' || *p == ',')
				(void)fputs(sign, stdout);
			else
				(void)putchar(*p);
			p++;
		}
	}
	(void)puts("");
	sodium_memzero(text, sizeof text);
}

/* Ask for one item; *answered is 0 if it was left out. */
static enum result
ask_item(const struct item *item, struct choice *choice, int *answered, struct why *why)
{
	char answer[CHOICE_TEXT_BYTES];
	struct why mistake = { 0 };
	enum result r = R_BAD_CHOICE;
	int i;

	print_item(item);
	*answered = 0;
	for (i = 0; r == R_BAD_CHOICE && i < ASK_TRIES; i++) {
		r = terminal_ask(answer, sizeof answer, how_to_answer(item), why);
		if (r != R_GOOD || answer[0] == '\0')
			break;
		r = choice_parse(choice, (enum choice_type)item->choice,
		    (unsigned)item->option_count, answer, &mistake);
		if (r == R_GOOD)
			*answered = 1;
		else
			(void)printf("That does not fit: %s\n", mistake.text);
	}
	sodium_memzero(answer, sizeof answer);
	if (r == R_BAD_CHOICE)
		*why = mistake;
	return r;
}

static enum result
ask_choices(struct sitting *s, struct why *why)
{
	const struct frozen *f = mirror_now(&s->desk.w.mirror);
	struct item_status status;
	enum result r = R_GOOD;
	int answered, open = 0;
	uint64_t id;

	s->n = 0;
	for (id = 1; r == R_GOOD && id <= frozen_items(f); id++) {
		r = frozen_item(f, id, &status);
		if (r != R_GOOD || status.state != ITEM_OPEN)
			continue;
		open++;
		r = ask_item(status.item, &s->choices[s->n], &answered, why);
		if (r == R_GOOD && answered)
			s->items[s->n++] = status;
	}
	if (r == R_GOOD && open == 0)
		r = why_set(why, R_CLOSED, "no item is open for voting now");
	else if (r == R_GOOD && s->n == 0)
		r = why_set(why, R_CANCELLED, "nothing was answered; nothing was sent");
	return r;
}

/* Choices from the command line, "2=1>3": items in ascending order. */
static enum result
parse_choices(struct sitting *s, const struct option_list *list, struct why *why)
{
	const struct frozen *f = mirror_now(&s->desk.w.mirror);
	enum result r = R_GOOD;
	uint64_t id, before = 0;
	size_t i;

	s->n = 0;
	for (i = 0; r == R_GOOD && i < list->n; i++) {
		const char *equals = strchr(list->item[i], '=');
		char number[8] = "";

		if (equals != NULL && (size_t)(equals - list->item[i]) < sizeof number)
			memcpy(number, list->item[i], (size_t)(equals - list->item[i]));
		r = command_number(&id, number, 1, ITEM_MAX, "--choice ITEM=CHOICE: the item", why);
		if (r == R_GOOD && id <= before)
			r = why_set(why, R_BAD_INPUT,
			    "--choice: give the items in ascending order, each once");
		if (r == R_GOOD && frozen_item(f, id, &s->items[s->n]) != R_GOOD)
			r = why_set(why, R_UNKNOWN_ITEM, "there is no item %" PRIu64, id);
		if (r == R_GOOD)
			r = choice_parse(&s->choices[s->n],
			    (enum choice_type)s->items[s->n].item->choice,
			    (unsigned)s->items[s->n].item->option_count, equals + 1, why);
		before = id;
		s->n++;
	}
	return r;
}

/* ---- casting and auditing ---- */

static enum result
make_draft(struct sitting *s, struct ballot_draft **draft, struct why *why)
{
	struct ballot_answer answers[ITEM_MAX];
	struct ballot_place place;
	struct rng rng;
	enum result r = rng_system(&rng);
	size_t i;

	if (r != R_GOOD)
		return why_set(why, r, "the system's random source failed; nothing was sent");
	for (i = 0; i < s->n; i++) {
		answers[i].item = s->items[i].item;
		answers[i].hash = s->items[i].hash;
		answers[i].choice = &s->choices[i];
	}
	voter_place(&s->voter, &place);
	r = ballot_draft_new(draft, &place, answers, s->n, &rng, why);
	rng_wipe(&rng);
	return r;
}

static enum result
cast(struct sitting *s, struct ballot_draft *draft, struct why *why)
{
	struct digest tracker = *ballot_draft_tracker(draft);
	struct buffer record = { 0 };
	char text[RECORD_TRACKER_TEXT], hex[41];
	struct rng rng;
	enum result r = rng_system(&rng), confirmed;

	if (r != R_GOOD)
		return why_set(why, r, "the system's random source failed; nothing was sent");
	r = ballot_draft_cast(&record, draft, s->voter.x, &rng, why);
	rng_wipe(&rng);
	if (r == R_GOOD)
		r = voter_send(&s->voter, buffer_slice(&record), &tracker, why);
	if (r == R_GOOD) {
		confirmed = voter_confirm(&s->voter, &tracker, WITNESS_WAIT_MS, why);
		record_tracker_print(text, &tracker);
		(void)hex_encode(hex, tracker.b, 20);
		(void)printf("\nYour ballot is on the board%s.\n  tracker  %s\n  receipt  "
			     "%s/receipts/%s.json\n"
			     "Check later that it is still there: tabella vote check --dir %s\n",
		    confirmed == R_GOOD ? "" : ", but this is not confirmed yet", text,
		    s->desk.w.dir, hex, s->desk.w.dir);
		r = confirmed;
	}
	buffer_free(&record);
	return r;
}

/* Disclose the randomness to a file, then make the tracker uncastable. */
static enum result
audit(struct sitting *s, struct ballot_draft *draft, const char *path, struct why *why)
{
	struct digest tracker = *ballot_draft_tracker(draft);
	struct ballot_answer answers[ITEM_MAX];
	struct ballot_place place;
	struct buffer record = { 0 };
	struct rng rng;
	enum result r = rng_system(&rng);
	size_t i;

	for (i = 0; i < s->n; i++) {
		answers[i].item = s->items[i].item;
		answers[i].hash = s->items[i].hash;
		answers[i].choice = &s->choices[i];
	}
	voter_place(&s->voter, &place);
	if (r == R_GOOD)
		r = audit_write(path, &place, answers, s->n, ballot_draft_body(draft),
		    ballot_draft_audit(draft), why);
	if (r == R_GOOD)
		r = ballot_challenge(&record, &place, &tracker, s->voter.x, &rng, why);
	rng_wipe(&rng);
	if (r == R_GOOD)
		r = voter_send(&s->voter, buffer_slice(&record), NULL, why);
	if (r == R_GOOD)
		(void)printf("\nThis ballot was not cast and no longer can be.\n"
			     "Copy %s to another device and run there: tabella verify ballot %s\n"
			     "It must show the tracker above and the choice that you made.\n",
		    path, path);
	buffer_free(&record);
	return r;
}

static void
show_draft(const struct sitting *s, const struct ballot_draft *draft)
{
	char text[RECORD_TRACKER_TEXT];
	size_t i;

	(void)puts("\nYour choice:");
	for (i = 0; i < s->n; i++)
		print_choice(s->items[i].item, &s->choices[i]);
	record_tracker_print(text, ballot_draft_tracker(draft));
	(void)printf("It is encrypted now. Tracker of this ballot:\n\n  %s\n\n", text);
	terminal_qr(text);
}

/* Name of the audit file number n of this folder. */
static enum result
audit_path(const struct sitting *s, char **path, struct why *why)
{
	char name[32];
	int n;

	for (n = 1; n < 1000; n++) {
		(void)snprintf(name, sizeof name, "audit-%d.json", n);
		*path = workspace_path(&s->desk.w, name);
		if (*path == NULL)
			return R_NO_MEMORY;
		if (!file_exists(*path))
			return R_GOOD;
		free(*path);
	}
	return why_set(why, R_CONFLICT, "%s holds a thousand audits already", s->desk.w.dir);
}

/* Cast or audit, as often as the voter likes. */
static enum result
dialog(struct sitting *s, struct why *why)
{
	struct ballot_draft *draft = NULL;
	char answer[32], *path = NULL;
	enum result r = ask_choices(s, why);
	int tries = 0;

	while (r == R_GOOD) {
		r = make_draft(s, &draft, why);
		if (r != R_GOOD)
			break;
		show_draft(s, draft);
		(void)puts("Cast it, or audit it: an audit shows on a second device that it holds "
			   "your choice,\n"
			   "and spoils it, so that you then vote anew. Audit with a choice that is "
			   "not your own.");
		r = terminal_ask(answer, sizeof answer, "cast, audit, change or quit?", why);
		if (r != R_GOOD)
			break;
		if (strcasecmp(answer, "cast") == 0) {
			r = cast(s, draft, why);
			break;
		}
		if (strcasecmp(answer, "audit") == 0) {
			r = audit_path(s, &path, why);
			if (r == R_GOOD)
				r = audit(s, draft, path, why);
			free(path);
			path = NULL;
			if (r == R_GOOD)
				r = ask_choices(s, why);
		} else if (strcasecmp(answer, "change") == 0)
			r = ask_choices(s, why);
		else if (strcasecmp(answer, "quit") == 0 || ++tries == ASK_TRIES)
			r = why_set(why, R_CANCELLED, "stopped on request; nothing was sent");
		else
			(void)puts("Please type one of these words.");
		ballot_draft_free(draft);
		draft = NULL;
	}
	ballot_draft_free(draft);
	return r;
}

static enum result
greet(struct sitting *s, int own_key, int quiet, struct why *why)
{
	const struct definition *d = frozen_definition(mirror_now(&s->desk.w.mirror));
	const char *name;
	enum result r = voter_name(&s->voter, &name, &s->desk.arena, why);
	char hex[65];

	if (r != R_GOOD)
		return r;
	if (!quiet) {
		(void)hex_encode(hex, s->desk.w.election.b, sizeof s->desk.w.election.b);
		terminal_print_text(d->title, strlen(d->title), 0);
		(void)printf("\nelection %s\nYou vote as: ", hex);
		terminal_print_text(name, strlen(name), 0);
		(void)puts("");
	}
	if (d->code_parts == 1 && !own_key && !quiet)
		(void)puts("(Whoever issued your code could vote in your name; the definition has "
			   "one-part codes.)");
	if (s->voter.foreign)
		(void)fprintf(stderr,
		    "\nFOREIGN_BALLOT: this credential has been used from another device or "
		    "folder.\n"
		    "If that was not you, somebody has your code: tell your registrar. A ballot "
		    "that\n"
		    "you cast now replaces the other one.\n\n");
	return R_GOOD;
}

/* The name that the voter goes by: as given, or as in the request for an own key; NULL if neither
 * is there. */
static enum result
own_name(struct sitting *s, const char *given, const char **name, struct why *why)
{
	struct roll_line line = { 0 };
	enum result r = R_GOOD;
	char *path;

	*name = NULL;
	if (given != NULL)
		return register_name(name, &s->desk.arena, given, strlen(given), why);
	path = workspace_path(&s->desk.w, "request.json");
	if (path == NULL)
		return R_NO_MEMORY;
	if (file_exists(path)) {
		r = request_read(&line, &s->desk.arena, path, &s->desk.w.election,
		    frozen_definition(mirror_now(&s->desk.w.mirror)), why);
		*name = line.name;
	}
	free(path);
	return r;
}

/* Find the line of the secret x (taken over); it must bear the name. */
static enum result
find_voter(struct sitting *s, struct svec *x, const char *given, struct why *why)
{
	const char *name;
	enum result r = own_name(s, given, &name, why);

	if (r != R_GOOD) {
		svec_free(x);
		return r;
	}
	r = voter_open(&s->voter, &s->desk.w, x, why);
	s->voter_open = r == R_GOOD;
	if (r == R_NOT_ON_ROLL && name != NULL)
		r = voter_not_on_roll(&s->desk.w, name, why);
	else if (r == R_GOOD && given != NULL)
		r = voter_check_name(&s->voter, name, why);
	return r;
}

static int
run_vote(const struct command *self, int argc, char **argv)
{
	struct vote_secret_options secret = { 0 };
	struct workspace_options o = { 0 };
	struct option_list choices = { .n = 0 };
	const char *audit_file = NULL, *name = NULL;
	int yes = 0;
	struct option_spec options[] = { WORKSPACE_SPECS(o), VOTE_SECRET_SPECS(secret),
		{ "choice", NULL, &choices, NULL }, { "audit", &audit_file, NULL, NULL },
		{ "name", &name, NULL, NULL }, { "yes", NULL, NULL, &yes },
		{ NULL, NULL, NULL, NULL } };
	struct ballot_draft *draft = NULL;
	struct svec *x = NULL;
	struct sitting *s = calloc(1, sizeof *s);
	struct why why = { 0 };
	enum result r;
	int n = command_options(self, options, argc, argv), code;

	if (n != 0 || s == NULL) {
		free(s);
		return n < 0 ? 2
		    : n > 0  ? command_usage(self, "there is a word too many: %s", argv[0])
			     : terminal_refuse(R_NO_MEMORY, NULL);
	}
	if (choices.n == 0 && (yes || audit_file != NULL)) {
		free(s);
		return command_usage(self, "--yes and --audit go with --choice");
	}
	secret.passphrase_file = o.passphrase_file;
	/* A mistyped code is found before anything else happens. */
	r = vote_secret_check(&secret, &why);
	if (r == R_GOOD)
		r = desk_open(&s->desk, &o, NULL, DESK_TRUST, &why);
	if (r == R_GOOD)
		r = vote_secret(&x, &s->desk.w, &secret, &why);
	if (r == R_GOOD)
		r = find_voter(s, x, name, &why);
	if (r == R_GOOD)
		r = greet(s, secret.credential != NULL, yes, &why);
	if (r == R_GOOD && choices.n == 0)
		r = dialog(s, &why);
	else if (r == R_GOOD) {
		r = parse_choices(s, &choices, &why);
		if (r == R_GOOD)
			r = make_draft(s, &draft, &why);
		if (r == R_GOOD)
			show_draft(s, draft);
		if (r == R_GOOD && audit_file != NULL)
			r = audit(s, draft, audit_file, &why);
		else if (r == R_GOOD) {
			if (!yes)
				r = terminal_confirm(&yes, "Cast it? (yes or no)", &why);
			if (r == R_GOOD)
				r = yes ? cast(s, draft, &why)
					: why_set(&why, R_CANCELLED,
					      "stopped on request; nothing was sent");
		}
		ballot_draft_free(draft);
	}
	code = sitting_close(s, r, &why);
	free(s);
	return code;
}

static const struct command commands[] = {
	{ "", "", "vote --dir DIR --board URL --election ID [OPTION]...",
	    "Shows the questions, encrypts your choice, lets you audit the encryption or cast it,\n"
	    "and keeps the receipt in DIR. You may vote again while voting is open: the last\n"
	    "ballot counts.\n\n" WORKSPACE_HELP_PLACE "\n" VOTE_SECRET_HELP
	    "\n  --choice ITEM=CHOICE    answer without being asked; once for each item, in "
	    "ascending\n"
	    "                          order: 1=2 (option 2), 2=1,3 (approve both), 3=2>1=3 (rank "
	    "2\n"
	    "                          first, then 1 and 3 equally), 4=blank\n"
	    "  --name NAME             your name as on the roll: refuse if the roll gives it "
	    "another key\n"
	    "  --yes                   with --choice: cast without a last question\n"
	    "  --audit FILE            with --choice: audit instead of casting, into this new "
	    "file",
	    run_vote },
	{ "key", "make a credential of your own",
	    "vote key --dir DIR --board URL --election ID --name NAME",
	    "Makes a secret key on this device and a request for your registrar, who attests that\n"
	    "it is yours. Nobody else then knows your secret.\n\n" WORKSPACE_HELP_PLACE
	    "\n  --name NAME             your name as the registrar has it\n"
	    "  --passphrase-file FILE  take a passphrase for the key from the first line of a "
	    "private\n"
	    "                          file; without it, it is asked for\n"
	    "  --no-passphrase         do not lock the key\n\n"
	    "Example:\n  tabella vote key --dir me --board http://127.0.0.1:8410 --election ID "
	    "--name \"Ada Byron\"",
	    vote_key_command },
	{ "check", "check your receipts against the board", "vote check --dir DIR [RECEIPT]...",
	    "Verifies the whole board, then that each of your ballots still stands where the "
	    "board\n"
	    "signed that it does, and whether it is the one that counts. Without RECEIPT: all\n"
	    "receipts in DIR.\n\n" WORKSPACE_HELP_PLACE
	    "\n\nExample:\n  tabella vote check --dir me",
	    vote_check_command },
	{ "batch", "cast many ballots, for rehearsals",
	    "vote batch --dir DIR --board URL --election ID [--sheet SHEET] FILE",
	    "Casts one ballot for each row of a CSV file: a credential code (its parts in columns\n"
	    "of their own), then the choice for each open item. It is the same encryption, proof\n"
	    "and check of the receipt as for one voter, on all processors. For rehearsals and\n"
	    "tests: codes belong to voters.\n\n" WORKSPACE_HELP_PLACE
	    "\n  --sheet SHEET           cast the ballots of a tally sheet; FILE is the codes file "
	    "of\n"
	    "                          \"registrar codes\"\n\nExample:\n  tabella vote batch --dir "
	    "rehearsal ballots.csv",
	    vote_batch_command },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct command_role role_vote = { "vote", "cast, audit or check a ballot",
	"Casts, audits or checks a ballot.",
	"  tabella vote --dir me --board http://127.0.0.1:8410 --election ID", commands };
