/*
 * tabella organiser: defines an election, adds items and the roll, opens and closes,
 * signs results. Everything it posts is judged by the rule book here before the board
 * judges it there.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/command.h"
#include "client/desk.h"
#include "client/keys.h"
#include "client/organiser_parts.h"
#include "client/rollfile.h"
#include "client/status.h"
#include "client/written.h"
#include "crypto/base64.h"

/* ---- key ---- */

static int
run_key(const struct command *self, int argc, char **argv)
{
	return keys_command(self, KIND, argc, argv);
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
	    organiser_define },
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
	    organiser_open },
	{ "open-item", "open items for voting", "organiser open-item --dir DIR ITEM...|all",
	    "Opens items for voting.\n\n" WORKSPACE_HELP
	    "\n\nExample:\n  tabella organiser open-item --dir org all",
	    organiser_open_item },
	{ "close", "close items", "organiser close --dir DIR ITEM...|all",
	    "Ends voting on items: first no more ballots are taken, then the last entry that\n"
	    "counts is named and signed. May be called again if it was "
	    "interrupted.\n\n" WORKSPACE_HELP
	    "\n\nExample:\n  tabella organiser close --dir org all",
	    organiser_close },
	{ "result", "sign results", "organiser result --dir DIR ITEM...|all",
	    "Computes the results of items that the trustees have opened and signs "
	    "them.\n\n" WORKSPACE_HELP "\n\nExample:\n  tabella organiser result --dir org all",
	    organiser_result },
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
