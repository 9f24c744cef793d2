/*
 * tabella organiser: defines an election, adds items and the roll, opens and closes,
 * signs results. Everything it posts is judged by the rule book here before the board
 * judges it there.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ballots/receipt.h"
#include "client/command.h"
#include "client/desk.h"
#include "client/keys.h"
#include "client/rollfile.h"
#include "client/status.h"
#include "client/written.h"
#include "crypto/base64.h"
#include "crypto/rng.h"

#define KIND "organiser"
#define FILE_MOST ((size_t)16 << 20)
#define DO_TRIES 5

/* ---- key ---- */

static int
run_key(const struct command *self, int argc, char **argv)
{
	return keys_command(self, KIND, argc, argv);
}

/* ---- define ---- */

/* Fill in what the file leaves out, and what it cannot know. */
static enum result
complete_definition(json_t *root, struct desk *d, struct why *why)
{
	char text[BASE64URL_LEN(32) + 1], name[101];
	struct sign_public board;
	uint8_t salt[32];
	struct rng rng;
	json_t *organiser;
	enum result r = board_identity(d->w.board, &board, name, why);

	if (r == R_GOOD)
		r = rng_system(&rng);
	if (r != R_GOOD)
		return r;
	rng_fill(&rng, salt, sizeof salt);
	rng_wipe(&rng);
	(void)base64url_encode(text, board.b, sizeof board.b);
	(void)json_object_set_new(root, "board", json_pack("{s:s,s:s}", "key", text, "name", name));
	(void)base64url_encode(text, salt, sizeof salt);
	(void)json_object_set_new(root, "salt", json_string(text));
	(void)json_object_set_new(root, "version", json_integer(1));
	(void)base64url_encode(text, d->public.b, sizeof d->public.b);
	organiser = json_object_get(root, "organiser");
	if (json_is_string(organiser))
		(void)json_object_set_new(root, "organiser",
		    json_pack("{s:s,s:O}", "key", text, "name", organiser));
	else
		(void)json_object_set_new(root, "organiser",
		    json_pack("{s:s,s:s}", "key", text, "name", "organiser"));
	written_default(root, "classes", json_array());
	written_default(root, "code_parts", json_integer(1));
	written_default(root, "group", json_string("ristretto255"));
	written_default(root, "late_items", json_integer(0));
	written_default(root, "min_ballots", json_integer(1));
	written_default(root, "registrar_quorum",
	    json_integer((json_int_t)json_array_size(json_object_get(root, "registrars"))));
	written_default(root, "witnesses", json_array());
	written_default(root, "witness_quorum",
	    json_integer((json_int_t)(json_array_size(json_object_get(root, "witnesses")) / 2 +
		(json_array_size(json_object_get(root, "witnesses")) > 0))));
	if (json_object_get(root, "threshold") != NULL)
		written_default(root, "mixers", json_incref(json_object_get(root, "threshold")));
	return R_GOOD;
}

/* The definition is kept from before it leaves until it is on the board: an interrupted call can be
 * made again. */
#define KEPT "definition.record"

static enum result
post_definition(struct desk *d, struct slice record, struct why *why)
{
	struct buffer receipt = { 0 };
	char *path = workspace_path(&d->w, KEPT), hex[65];
	enum result r =
	    path == NULL ? R_NO_MEMORY : board_create(d->w.board, &receipt, record, why);
	struct why ignored;

	if (r != R_GOOD && result_exit(r) == 1) {
		(void)unlink(path);
		(void)workspace_forget_election(&d->w, &ignored);
	}
	if (r == R_GOOD)
		r = workspace_mirror(&d->w, &d->effort, why);
	if (r == R_GOOD) {
		(void)unlink(path);
		(void)hex_encode(hex, d->w.election.b, sizeof d->w.election.b);
		(void)printf("%s\n", hex);
	}
	free(path);
	buffer_free(&receipt);
	return r;
}

static enum result
define(struct desk *d, const char *path, struct why *why)
{
	struct buffer record = { 0 };
	union record_body body = { 0 };
	struct record *parsed = NULL;
	struct arena arena = { 0 };
	json_t *root = NULL;
	char *kept = workspace_path(&d->w, KEPT);
	enum result r = kept == NULL ? R_NO_MEMORY : written_load(&root, path, why);

	if (r == R_GOOD)
		r = complete_definition(root, d, why);
	if (r == R_GOOD)
		r = written_definition(&body.definition, &arena, root, path, why);
	if (r == R_GOOD)
		r = record_sign(&record, RECORD_DEFINITION, &body, &d->key, why);
	if (r == R_GOOD)
		r = record_parse(&parsed, NULL, buffer_slice(&record), why);
	if (r == R_GOOD)
		r = file_write(kept, buffer_slice(&record), 0600, why);
	if (r == R_GOOD)
		r = workspace_set_election(&d->w, &parsed->election, why);
	if (r == R_GOOD)
		r = post_definition(d, buffer_slice(&record), why);
	record_free(parsed);
	arena_free(&arena);
	json_decref(root);
	buffer_free(&record);
	free(kept);
	return r;
}

/* The folder has an election: one whose founding was interrupted is founded now. */
static enum result
define_again(struct desk *d, struct why *why)
{
	char *kept = workspace_path(&d->w, KEPT);
	struct record *parsed = NULL;
	struct buffer record = { 0 };
	enum result r = R_NO_MEMORY;

	if (kept != NULL && !file_exists(kept))
		r = why_set(why, R_CONFLICT,
		    "%s holds an election already\nUse another --dir for a new one", d->w.dir);
	else if (kept != NULL)
		r = file_read(&record, kept, FILE_MOST, why);
	if (r == R_GOOD)
		r = record_parse(&parsed, NULL, buffer_slice(&record), why);
	if (r == R_GOOD && !digest_equal(&parsed->election, &d->w.election))
		r = why_set(why, R_WRONG_ELECTION, "%s is of another election", kept);
	if (r == R_GOOD) {
		(void)fprintf(stderr,
		    "Founding the election of an earlier call that was interrupted; the file given "
		    "now is not read.\n");
		r = post_definition(d, buffer_slice(&record), why);
	}
	record_free(parsed);
	buffer_free(&record);
	free(kept);
	return r;
}

static int
run_define(const struct command *self, int argc, char **argv)
{
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n != 1)
		return command_usage(self, "one definition file is needed");
	r = desk_open(&d, &o, KIND, DESK_CONTACT, &why);
	if (r == R_GOOD)
		r = d.w.has_election ? define_again(&d, &why) : define(&d, argv[0], &why);
	return desk_close(&d, r, &why);
}

/* ---- item ---- */

/* Takes over `root`, what was written in the file at `path`. */
static enum result
add_item(struct desk *d, json_t *root, const char *path, struct why *why)
{
	union record_body body = { 0 };
	struct arena arena = { 0 };
	uint64_t id = frozen_items(mirror_now(&d->w.mirror)) + 1;
	enum result r;

	r = written_item(&body.item, &arena, root, &d->w.election, id, path, why);
	if (r == R_GOOD)
		r = mirror_post(&d->w.mirror, RECORD_ITEM, &body, &d->key, why);
	if (r == R_GOOD)
		(void)printf("item %" PRIu64 ": %s\n", id, path);
	arena_free(&arena);
	json_decref(root);
	return r;
}

static int
run_item(const struct command *self, int argc, char **argv)
{
	const char *sheet = NULL, *title = NULL;
	struct option_list majorities = { .n = 0 };
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { "sheet", &sheet, NULL, NULL },
		{ "title", &title, NULL, NULL }, { "majority", NULL, &majorities, NULL },
		{ NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	json_t *root = NULL;
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv), i;

	if (n < 0)
		return 2;
	if ((n == 0) == (sheet == NULL))
		return command_usage(self, "item files, or one --sheet, are needed");
	if (sheet == NULL && (title != NULL || majorities.n > 0))
		return command_usage(self, "--title and --majority go with --sheet");
	r = desk_open(&d, &o, KIND, DESK_VERIFY, &why);
	if (r == R_GOOD && sheet != NULL) {
		r = written_sheet(&root, sheet, title != NULL ? title : sheet, majorities.item,
		    majorities.n, &why);
		if (r == R_GOOD)
			r = add_item(&d, root, sheet, &why);
	}
	for (i = 0; r == R_GOOD && i < n; i++) {
		r = written_load(&root, argv[i], &why);
		if (r == R_GOOD)
			r = add_item(&d, root, argv[i], &why);
	}
	return desk_close(&d, r, &why);
}

/* ---- roll ---- */

static enum result
post_roll(struct desk *d, char **files, size_t n, struct why *why)
{
	const struct definition *definition = frozen_definition(mirror_now(&d->w.mirror));
	union record_body body = { 0 };
	struct buffer blob = { 0 };
	struct arena arena = { 0 };
	struct roll_line *lines = NULL;
	struct digest id;
	size_t count = 0;
	enum result r =
	    rollfile_merge(&lines, &count, &arena, files, n, &d->w.election, definition, why);

	if (r == R_GOOD)
		r = roll_build(&blob, &body.roll, &arena, lines, count, definition, why);
	if (r == R_GOOD)
		r = mirror_upload(&d->w.mirror, buffer_slice(&blob), &id, &d->key, why);
	if (r == R_GOOD)
		r = mirror_post(&d->w.mirror, RECORD_ROLL, &body, &d->key, why);
	if (r == R_GOOD)
		(void)printf("roll of %zu lines\nThe registrars now check and approve it: tabella "
			     "registrar approve\n",
		    count);
	buffer_free(&blob);
	arena_free(&arena);
	return r;
}

static int
run_roll(const struct command *self, int argc, char **argv)
{
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n == 0)
		return command_usage(self, "the registrars' files are needed");
	r = desk_open(&d, &o, KIND, DESK_VERIFY, &why);
	if (r == R_GOOD)
		r = post_roll(&d, argv, (size_t)n, &why);
	return desk_close(&d, r, &why);
}

/* ---- open, open-item, close, result ---- */

static enum result
post_open(struct desk *d, struct why *why)
{
	const struct frozen *f = mirror_now(&d->w.mirror);
	union record_body body = { 0 };
	struct keygen_status keygen;
	enum result r = frozen_keygen(f, &keygen);

	if (r == R_GOOD && keygen.step != KEYGEN_DONE)
		r = why_set(why, R_STATE,
		    "the trustees have not finished the key yet\nSee: tabella trustee status");
	if (r == R_GOOD && frozen_roll(f) == NULL)
		r = why_set(why, R_STATE,
		    "there is no roll yet\nPost it with: tabella organiser roll");
	if (r != R_GOOD)
		return r;
	body.open.attempt = keygen.attempt.attempt;
	body.open.key = frozen_key_bytes(f);
	body.open.roll = *frozen_roll_record(f);
	return mirror_post(&d->w.mirror, RECORD_OPEN, &body, &d->key, why);
}

static enum result
post_open_item(struct desk *d, uint64_t id, struct why *why)
{
	union record_body body = { 0 };
	struct item_status item;
	enum result r = frozen_item(mirror_now(&d->w.mirror), id, &item);

	if (r != R_GOOD)
		return why_set(why, r, "there is no item %" PRIu64, id);
	body.open_item.hash = *item.hash;
	body.open_item.item = id;
	r = mirror_post(&d->w.mirror, RECORD_OPEN_ITEM, &body, &d->key, why);
	if (r == R_GOOD)
		(void)printf("item %" PRIu64 " is open\n", id);
	return r;
}

/* The last entry we have seen: "upto". */
static void
set_upto(const struct desk *d, struct body_upto *upto)
{
	upto->seq = rules_size(d->w.mirror.rules) - 1;
	upto->hash = *rules_head(d->w.mirror.rules);
}

/* Post a record that names an entry it has seen; others may come in between. */
static enum result
post_close(struct desk *d, uint64_t id, struct why *why)
{
	union record_body body;
	struct item_status item;
	enum result r = frozen_item(mirror_now(&d->w.mirror), id, &item);

	if (r != R_GOOD)
		return why_set(why, r, "there is no item %" PRIu64, id);
	if (item.state == ITEM_OPEN) {
		memset(&body, 0, sizeof body);
		body.closing.item = id;
		r = mirror_post(&d->w.mirror, RECORD_CLOSING, &body, &d->key, why);
	}
	if (r != R_GOOD)
		return r;
	memset(&body, 0, sizeof body);
	body.close.item = id;
	set_upto(d, &body.close.upto);
	r = mirror_post(&d->w.mirror, RECORD_CLOSE, &body, &d->key, why);
	if (r == R_GOOD && frozen_item(mirror_now(&d->w.mirror), id, &item) == R_GOOD)
		(void)printf("item %" PRIu64 " is closed with %" PRIu64 " ballots\n", id,
		    item.counted);
	return r;
}

static enum result
post_result(struct desk *d, uint64_t id, struct why *why)
{
	union record_body body = { 0 };
	struct buffer object = { 0 };
	enum result r = frozen_result(mirror_now(&d->w.mirror), id, mirror_source(&d->w.mirror),
	    &object, &d->effort, why);

	if (r == R_GOOD) {
		body.result.item = id;
		body_result_hash(&body.result.result, buffer_slice(&object));
		set_upto(d, &body.result.upto);
		r = mirror_post(&d->w.mirror, RECORD_RESULT, &body, &d->key, why);
	}
	if (r == R_GOOD)
		(void)printf("the result of item %" PRIu64 " is on the board\n", id);
	buffer_free(&object);
	return r;
}

static int
run_open(const struct command *self, int argc, char **argv)
{
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n > 0)
		return command_usage(self, "there is a word too many: %s", argv[0]);
	r = desk_open(&d, &o, KIND, DESK_VERIFY, &why);
	if (r == R_GOOD)
		r = post_open(&d, &why);
	if (r == R_GOOD)
		(void)puts(
		    "the election is open; open its items with: tabella organiser open-item");
	return desk_close(&d, r, &why);
}

/* Run `post` on the items that the operands name; "all" means those in `state`, or in
 * `other`. */
static int
for_items(const struct command *self, int argc, char **argv, enum item_state state,
    enum item_state other, enum result post(struct desk *, uint64_t, struct why *))
{
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct item_status item;
	struct desk d;
	uint64_t id;
	enum result r;
	int n = command_options(self, options, argc, argv), i, done = 0;

	if (n < 0)
		return 2;
	if (n == 0)
		return command_usage(self, "item numbers, or \"all\", are needed");
	r = desk_open(&d, &o, KIND, DESK_VERIFY, &why);
	if (r == R_GOOD && n == 1 && strcmp(argv[0], "all") == 0) {
		for (id = 1; r == R_GOOD && id <= frozen_items(mirror_now(&d.w.mirror)); id++) {
			r = frozen_item(mirror_now(&d.w.mirror), id, &item);
			if (r == R_GOOD && (item.state == state || item.state == other)) {
				r = post(&d, id, &why);
				done++;
			}
		}
		if (r == R_GOOD && done == 0)
			r = why_set(&why, R_STATE,
			    "there is no item for which this could be done now");
	} else
		for (i = 0; r == R_GOOD && i < n; i++) {
			r = command_number(&id, argv[i], 1, ITEM_MAX, "an item", &why);
			if (r == R_GOOD)
				r = post(&d, id, &why);
		}
	return desk_close(&d, r, &why);
}

static int
run_open_item(const struct command *self, int argc, char **argv)
{
	return for_items(self, argc, argv, ITEM_NEW, ITEM_NEW, post_open_item);
}

static int
run_close(const struct command *self, int argc, char **argv)
{
	return for_items(self, argc, argv, ITEM_OPEN, ITEM_CLOSING, post_close);
}

static int
run_result(const struct command *self, int argc, char **argv)
{
	return for_items(self, argc, argv, ITEM_CLOSED, ITEM_CLOSED, post_result);
}

/* ---- skip, status ---- */

static int
run_skip(const struct command *self, int argc, char **argv)
{
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { NULL, NULL, NULL, NULL } };
	union record_body body = { 0 };
	struct keygen_status keygen;
	struct why why = { 0 };
	struct desk d;
	uint64_t trustee = 0;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n != 1)
		return command_usage(self, "the number of one trustee is needed");
	r = desk_open(&d, &o, KIND, DESK_VERIFY, &why);
	if (r == R_GOOD)
		r = command_number(&trustee, argv[0], 1, DEFINITION_TRUSTEES_MAX, "a trustee",
		    &why);
	if (r == R_GOOD)
		r = frozen_keygen(mirror_now(&d.w.mirror), &keygen);
	if (r == R_GOOD) {
		body.keygen_skip.attempt = keygen.attempt.attempt;
		body.keygen_skip.trustee = trustee;
		r = mirror_post(&d.w.mirror, RECORD_KEYGEN_SKIP, &body, &d.key, &why);
	}
	if (r == R_GOOD)
		(void)printf("trustee %" PRIu64 " is left out; the others begin again\n", trustee);
	return desk_close(&d, r, &why);
}

/* ---- the board's key ---- */

static int
run_board_key(const struct command *self, int argc, char **argv)
{
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { NULL, NULL, NULL, NULL } };
	union record_body body = { 0 };
	struct why why = { 0 };
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n != 1 ||
	    base64url_decode(body.board_key.key.b, sizeof body.board_key.key.b,
		slice_of(argv[0])) != R_GOOD)
		return command_usage(self, "a public key of 43 characters is needed");
	r = desk_open(&d, &o, KIND, DESK_VERIFY, &why);
	if (r == R_GOOD)
		r = mirror_post(&d.w.mirror, RECORD_BOARD_KEY, &body, &d.key, &why);
	if (r == R_GOOD)
		(void)printf("from entry %" PRIu64 " on the board signs with %s\n",
		    rules_size(d.w.mirror.rules) - 1, argv[0]);
	return desk_close(&d, r, &why);
}

static int
run_status(const struct command *self, int argc, char **argv)
{
	return status_command(self, argc, argv);
}

static const struct command commands[] = { { "key", "make a signing key",
					       "organiser key --out FILE [OPTION]...",
					       KEYS_HELP(KIND), run_key },
	{ "define", "found an election",
	    "organiser define --dir DIR --board URL --key FILE DEFINITION",
	    "Posts the definition of an election and prints the election id. Print that id on\n"
	    "everything you send to voters: with it they need not trust the board.\n\n"
	    "The file is JSON: title, trustees and registrars (each with name and key),\n"
	    "threshold; optionally organiser (a name), group, mixers, min_ballots, late_items,\n"
	    "code_parts, registrar_quorum, classes, witnesses, witness_quorum.\n"
	    "tabella-organiser(1) says what they "
	    "mean.\n\n" WORKSPACE_HELP "\n\nExample:\n"
	    "  tabella organiser define --dir org --board http://127.0.0.1:8410 \\\n"
	    "      --key organiser.key definition.json",
	    run_define },
	{ "item", "add questions",
	    "organiser item --dir DIR ITEM...\n"
	    "       tabella organiser item --dir DIR --sheet FILE [--title TITLE] "
	    "[--majority O=N:M]...",
	    "Posts one item for each file. A file is JSON: title, options, choice (plurality,\n"
	    "approval or ranking); optionally text, quorum, majority, majority_base, default,\n"
	    "tie. tabella-organiser(1) shows examples.\n\n" WORKSPACE_HELP
	    "\n  --sheet FILE            a ranking with the options of a tally sheet in the form "
	    "of\n"
	    "                          the Debian project, counted by its rules\n"
	    "  --title TITLE           its title (the name of the sheet)\n"
	    "  --majority O=N:M        option O needs more than N votes for each M against the "
	    "last\n"
	    "                          option (1:1); may be given several times\n\n"
	    "Example:\n  tabella organiser item --dir org leader.json",
	    run_item },
	{ "roll", "post the voter roll", "organiser roll --dir DIR FILE...",
	    "Builds the voter roll from the registrars' files (tabella registrar codes, tabella\n"
	    "registrar attest), uploads it and posts it for approval. Before opening it may be\n"
	    "posted again; approvals then start anew.\n\n" WORKSPACE_HELP
	    "\n\nExample:\n  tabella organiser roll --dir org part1.json",
	    run_roll },
	{ "open", "freeze roll and key, start", "organiser open --dir DIR",
	    "Opens the election once the roll is approved and the trustees have made the key.\n"
	    "From then on neither can change.\n\n" WORKSPACE_HELP
	    "\n\nExample:\n  tabella organiser open --dir org",
	    run_open },
	{ "open-item", "open items for voting", "organiser open-item --dir DIR ITEM...|all",
	    "Opens items for voting.\n\n" WORKSPACE_HELP
	    "\n\nExample:\n  tabella organiser open-item --dir org all",
	    run_open_item },
	{ "close", "close items", "organiser close --dir DIR ITEM...|all",
	    "Ends voting on items: first no more ballots are taken, then the last entry that\n"
	    "counts is named and signed. May be called again if it was "
	    "interrupted.\n\n" WORKSPACE_HELP
	    "\n\nExample:\n  tabella organiser close --dir org all",
	    run_close },
	{ "result", "sign results", "organiser result --dir DIR ITEM...|all",
	    "Computes the results of items that the trustees have opened and signs "
	    "them.\n\n" WORKSPACE_HELP "\n\nExample:\n  tabella organiser result --dir org all",
	    run_result },
	{ "board-key", "replace the key of the board", "organiser board-key --dir DIR KEY",
	    "From this record on the board signs with another key: its operator has made it with\n"
	    "tabellad --new-board-key, which prints it, and has started the board again. For a key "
	    "that is\n"
	    "lost, or that others may have.\n\n" WORKSPACE_HELP "\n\nExample:\n"
	    "  tabella organiser board-key --dir org kx0Jk1nUOmdF8Kbn1aR4YcM8c2TnHk2kq3b3b1xE2uQ",
	    run_board_key },
	{ "skip", "go on without a silent trustee", "organiser skip --dir DIR TRUSTEE",
	    "Leaves out of key generation the trustee with this number (1 is the first of the\n"
	    "definition), whose record is missing now. The others begin a new attempt by\n"
	    "themselves. Once the key is made nobody can be left out.\n\n" WORKSPACE_HELP
	    "\n\nExample:\n  tabella organiser skip --dir org 3",
	    run_skip },
	{ "status", "what has happened and who owes what", "organiser status --dir DIR [--json]",
	    "Shows how far the election is and what is expected of whom.\n\n" WORKSPACE_HELP_PLACE
	    "\n  --json                  as JSON\n\nExample:\n  tabella organiser status --dir org",
	    run_status },
	{ NULL, NULL, NULL, NULL, NULL } };

const struct command_role role_organiser = { "organiser", "define an election, open and close it",
	"Writes the definition, the items and the roll, opens and closes items, signs results.",
	"  tabella organiser define --dir org --board http://127.0.0.1:8410 \\\n"
	"      --key organiser.key definition.json",
	commands };
