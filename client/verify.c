/*
 * tabella verify: the whole check list on an archive, or on a live board by way of an archive
 * of it. Needs nobody's key and nobody's word.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ballots/archive.h"
#include "client/command.h"
#include "client/file.h"
#include "client/mirror.h"
#include "client/scratch.h"
#include "client/terminal.h"
#include "client/untar.h"
#include "client/verify_report.h"
#include "client/verify_words.h"
#include "crypto/base64.h"
#include "crypto/checkpoint.h"
#include "crypto/note.h"

#define HEAD_TRIES 200
#define PAUSE_US 100000

/* One call of the command. */
struct job {
	const char *what; /* the operand */
	const char *save, *head_file, *ca;
	int partial, json, has_election;
	struct digest election;
	struct buffer head;
	char *own;     /* a folder of ours that is removed in the end */
	char *archive; /* where the archive lies */
	struct board *board;
	struct mirror mirror;
	int mirrored;
	struct progress progress;
	struct effort effort;
};

static int
is_url(const char *what)
{
	return strncmp(what, "http://", 7) == 0 || strncmp(what, "https://", 8) == 0;
}

/* ---- where the archive comes from ---- */

/* Where to put an archive that is made here: --save, or a folder of ours. */
static enum result
choose_place(struct job *j, struct why *why)
{
	enum result r = R_GOOD;

	if (j->save != NULL && file_exists(j->save))
		return why_set(why, R_CONFLICT,
		    "%s is there already\nGive --save a folder that does not exist yet", j->save);
	if (j->save != NULL)
		j->archive = strdup(j->save);
	else {
		r = scratch_make(&j->own, why);
		j->archive = r == R_GOOD ? file_path(j->own, "archive") : NULL;
	}
	if (r == R_GOOD && j->archive == NULL)
		r = why_set(why, R_NO_MEMORY, "out of memory for a path");
	return r;
}

static enum result
unpack(struct job *j, struct why *why)
{
	enum result r = choose_place(j, why);

	if (r == R_GOOD)
		r = file_make_dir(j->archive, 0755, why);
	if (r == R_GOOD)
		r = untar(j->what, j->archive, terminal_interrupted, NULL, why);
	return r;
}

/* The number of entries that a head claims; its signature is checked later. */
static uint64_t
claimed_size(const struct buffer *head)
{
	struct checkpoint checkpoint;
	struct note note;

	if (note_parse(&note, buffer_slice(head)) != R_GOOD ||
	    checkpoint_read(&checkpoint, note.text) != R_GOOD)
		return UINT64_MAX;
	return checkpoint.size;
}

static int
has_witnesses(const struct job *j)
{
	const struct definition *d = frozen_definition(mirror_now(&j->mirror));

	return d != NULL && d->witness_count > 0;
}

/* Follow the board until its signed head is over just the entries that we have. */
static enum result
catch_up(struct job *j, struct buffer *head, struct why *why)
{
	enum result r = R_GOOD;
	unsigned tries;

	for (tries = 0; r == R_GOOD && tries < HEAD_TRIES; tries++) {
		if (tries > 0)
			(void)usleep(PAUSE_US);
		r = mirror_sync(&j->mirror, 0, &j->effort, why);
		if (r == R_GOOD)
			r = has_witnesses(j) ? board_witnessed(j->board, head, &j->election, why)
					     : board_checkpoint(j->board, head, &j->election, why);
		if (r == R_NOT_FOUND) {
			r = why_set(why, R_GOOD, "no head is co-signed by enough witnesses");
			continue;
		}
		if (r == R_GOOD && claimed_size(head) == UINT64_MAX)
			return why_set(why, R_BAD_CHECKPOINT, "the board's head is none");
		if (r == R_GOOD && claimed_size(head) == rules_size(j->mirror.rules))
			return R_GOOD;
	}
	if (r != R_GOOD)
		return r;
	return why_set(why, R_BUSY,
	    "the board's head and its entries do not come together: it is too busy, its witnesses "
	    "are "
	    "away, or its head is wrong\nTry again later");
}

/* Copy the board next to where the archive is to be, verifying, and make an archive of it. */
static enum result
download(struct job *j, struct why *why)
{
	struct buffer head = { 0 };
	char *copy = NULL;
	enum result r;

	if ((r = choose_place(j, why)) != R_GOOD ||
	    (r = board_open(&j->board, j->what, j->ca, why)) != R_GOOD)
		return r;
	board_stop_when(j->board, terminal_interrupted, NULL);
	if (!j->has_election && (r = board_only_election(j->board, &j->election, why)) != R_GOOD)
		return r;
	if (asprintf(&copy, "%s.copy", j->archive) < 0)
		return why_set(why, R_NO_MEMORY, "out of memory for a path");
	progress_start(&j->progress, "Verifying the board");
	r = mirror_open(&j->mirror, copy, j->board, &j->election, &j->effort, why);
	j->mirrored = r == R_GOOD;
	j->mirror.evidence_dir = "."; /* the copy does not stay */
	if (r == R_GOOD)
		r = catch_up(j, &head, why);
	progress_end(&j->progress);
	progress_start(&j->progress, "Writing the archive");
	if (r == R_GOOD)
		r = archive_write(j->archive, j->mirror.rules, mirror_source(&j->mirror),
		    buffer_slice(&head), &j->effort, why);
	progress_end(&j->progress);
	/* An interrupted download is taken up again by the next call with the same --save. */
	if (r == R_GOOD)
		scratch_clear(copy);
	free(copy);
	buffer_free(&head);
	return r;
}

/* Make j->archive the folder to verify. */
static enum result
find_archive(struct job *j, struct why *why)
{
	struct stat st;

	if (is_url(j->what))
		return download(j, why);
	if (stat(j->what, &st) == 0 && S_ISREG(st.st_mode))
		return unpack(j, why);
	j->archive = strdup(j->what);
	return j->archive != NULL ? R_GOOD : why_set(why, R_NO_MEMORY, "out of memory");
}

/* ---- the command ---- */

static enum result
verify(struct job *j, struct archive_report *report, struct why *why)
{
	const struct archive_expect expect = { .election = j->has_election ? &j->election : NULL,
		.head = buffer_slice(&j->head),
		.partial = j->partial,
		.rules = j->mirrored ? j->mirror.rules : NULL };
	enum result r;

	progress_start(&j->progress, "Verifying");
	r = archive_verify(report, j->archive, &expect, &j->effort, why);
	progress_end(&j->progress);
	return r;
}

/* Put the check's id in front of what went wrong. */
static void
name_check(struct why *why)
{
	struct why inner = *why;

	if (why->check[0] == '\0')
		return;
	(void)why_set(why, inner.reason, "%s: %.490s", inner.check, inner.text);
	memcpy(why->check, inner.check, sizeof inner.check);
}

/* Say how it went; returns the exit code. */
static int
answer(const struct job *j, enum result r, struct why *why, const struct archive_report *report)
{
	const char *where = is_url(j->what) ? "board" : "archive";
	const struct verify_answer a = { .report = report,
		.result = r,
		.why = why,
		.trusted_id = j->has_election,
		.partial = j->partial,
		.saved = j->save != NULL && file_exists(j->save) ? j->save : NULL };

	if (why->reason != r)
		(void)why_set(why, r, "%s", result_text(r));
	if (r == R_MISSING_RECORD && strcmp(why->check, "V913") == 0)
		(void)snprintf(why->text + strlen(why->text), sizeof why->text - strlen(why->text),
		    " That is --partial.");
	if (j->json)
		verify_print_json(&a);
	else if (report->checks > 0)
		verify_print(&a);
	if (!j->has_election && report->checks > 0 && result_exit(r) != 3)
		verify_warn(report, where);
	if (r == R_GOOD)
		return 0;
	name_check(why);
	return terminal_refuse(r, why);
}

static int
run(struct job *j)
{
	struct archive_report report = { .checks = 0 };
	struct why why = { 0 };
	int code;
	enum result r = R_GOOD;

	if (j->head_file != NULL)
		r = file_read(&j->head, j->head_file, HEAD_BYTES_MAX, &why);
	if (r == R_GOOD)
		r = find_archive(j, &why);
	if (r == R_GOOD)
		r = verify(j, &report, &why);
	else if (why.check[0] != '\0')
		archive_report_refused(&report, &why);
	code = answer(j, r, &why, &report);
	archive_report_free(&report);
	mirror_close(&j->mirror);
	board_close(j->board);
	scratch_remove(j->own);
	free(j->archive);
	buffer_free(&j->head);
	return code;
}

int
verify_election(struct digest *id, const struct command *self, const char *text)
{
	if (hex_decode(id->b, sizeof id->b, slice_of(text)) == R_GOOD)
		return 0;
	return command_usage(self, "an election id has 64 digits of 0-9 and a-f: %s", text);
}

static int
run_verify(const struct command *self, int argc, char **argv)
{
	struct job j = { 0 };
	const char *election = NULL;
	struct option_spec options[] = { { "election", &election, NULL, NULL },
		{ "ca", &j.ca, NULL, NULL }, { "head", &j.head_file, NULL, NULL },
		{ "partial", NULL, NULL, &j.partial }, { "save", &j.save, NULL, NULL },
		{ "json", NULL, NULL, &j.json }, { NULL, NULL, NULL, NULL } };
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n != 1)
		return command_usage(self, "one archive, or the address of a board, is needed");
	j.what = argv[0];
	if (election != NULL && verify_election(&j.election, self, election) != 0)
		return 2;
	j.has_election = election != NULL;
	if (j.save != NULL && !is_url(j.what))
		return command_usage(self, "--save goes with the address of a board");
	if (j.ca != NULL && !is_url(j.what))
		return command_usage(self, "--ca goes with the address of a board");
	j.effort.progress = progress_step;
	j.effort.ctx = &j.progress;
	return run(&j);
}

static const struct command commands[] = {
	{ "", "verify an archive or a board",
	    "verify FOLDER|TAR|URL [--election ID] [--ca FILE] [--head FILE] [--partial] [--save "
	    "DIR] [--json]",
	    "Runs the whole check list of docs/protocol.md section 14 on an archive, or on a board "
	    "whose\n"
	    "archive it makes first. Exit code 0: everything holds; 1: it does not, and the check "
	    "that\n"
	    "failed is named; 3: it could not be finished, which says nothing about the "
	    "election.\n\n"
	    "  --election ID  the election id, 64 digits, from a source that you trust: without "
	    "it\n"
	    "                 you only learn that some election is in order\n"
	    "  --ca FILE      trust a certificate of the board only if it is of an authority in "
	    "FILE\n"
	    "  --head FILE    a checkpoint of this board that you have from elsewhere (a friend, "
	    "a\n"
	    "                 newspaper, last week): the board must continue it\n"
	    "  --partial      the election still runs: results may be missing\n"
	    "  --save DIR     keep the archive that is made of a board\n"
	    "  --json         print the report as JSON\n\n"
	    "Example:\n"
	    "  tabella verify demo/archive --election $(cat election-id)",
	    run_verify },
	{ "receipt", "is the record of a receipt on the board?",
	    "verify receipt FILE --archive DIR|--board URL [--ca FILE] [--election ID]",
	    "Checks that a receipt is the board's word, and that the record is where the board "
	    "said it\n"
	    "would be. The proofs of the other records are not looked at: run tabella verify for "
	    "that.\n\n"
	    "  --archive DIR  an archive of the election\n"
	    "  --board URL    the board itself\n"
	    "  --ca FILE      trust a certificate of the board only if it is of an authority in "
	    "FILE\n"
	    "  --election ID  the election id, from a source that you trust\n\n"
	    "Example:\n"
	    "  tabella verify receipt receipts/0f3c.json --archive demo/archive",
	    verify_receipt },
	{ "ballot", "what does an audited ballot hold?",
	    "verify ballot FILE [--archive DIR|--board URL] [--ca FILE] [--election ID]",
	    "Opens the ciphertexts of a ballot that was audited and not cast, with the randomness "
	    "in the\n"
	    "audit file, and shows the choice in them. Use another device than the one that "
	    "voted.\n\n"
	    "  --archive DIR  compare key and items with an archive of the election\n"
	    "  --board URL    compare them with the board\n"
	    "  --ca FILE      trust a certificate of the board only if it is of an authority in "
	    "FILE\n"
	    "  --election ID  the election id, from a source that you trust\n\n"
	    "Example:\n"
	    "  tabella verify ballot audit-1.json --board http://board.example:8080",
	    verify_ballot },
	{ "fault", "evidence against the author of a record that was refused",
	    "verify fault ENTRY --board URL [--ca FILE] [--election ID]",
	    "Entry number ENTRY of the board is a fault: the board has refused a mix or a "
	    "decryption that\n"
	    "does not hold. Writes evidence-E5.json, which convicts its author to everybody "
	    "offline, to the\n"
	    "folder where you are. Verifies the board on the way.\n\n"
	    "  --board URL    the board\n"
	    "  --ca FILE      trust a certificate of the board only if it is of an authority in "
	    "FILE\n"
	    "  --election ID  the election id, from a source that you trust\n\n"
	    "Example:\n"
	    "  tabella verify fault 41 --board http://127.0.0.1:8410 --election $(cat "
	    "election-id)",
	    verify_fault },
	{ "evidence", "does a file of evidence convict?",
	    "verify evidence FILE [--election ID] [--json]",
	    "Judges a file of evidence, offline: whether somebody has signed what nobody who keeps "
	    "to "
	    "the\n"
	    "protocol signs. Exit code 0: it convicts, and says whom and of what; 1: it does "
	    "not.\n\n"
	    "  --election ID  the election id, from a source that you trust: without it you only "
	    "learn "
	    "that\n"
	    "                 the board of some election has cheated\n"
	    "  --json         print the verdict as JSON\n\n"
	    "Example:\n"
	    "  tabella verify evidence evidence-E1.json --election $(cat election-id)",
	    verify_evidence },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct command_role role_verify = { "verify",
	"verify an archive, a board, a receipt, a ballot, evidence",
	"Verifies what an election has left behind.",
	"  tabella verify demo/archive --election $(cat election-id)", commands };
