#include "client/vote_check.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/receipt.h"
#include "client/desk.h"
#include "client/voter.h"

/* What one call checks by. */
struct checking {
	struct workspace *w;
	struct digest *own; /* trackers of the ballots sent from this folder */
	size_t n, receipts;
	uint64_t foreign; /* an item on which somebody else's ballot stands; 0: none */
};

static int
is_own(const struct checking *c, const struct digest *tracker)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (digest_equal(&c->own[i], tracker))
			return 1;
	return 0;
}

/* Say of each item that a ballot answers whether it is the one that counts. */
static void
print_ballot(struct checking *c, const struct record *record, uint64_t seq)
{
	uint64_t line = record->of.ballot.line, i, id;
	char text[RECORD_TRACKER_TEXT];
	struct last_ballot last = { 0 };

	record_tracker_print(text, &record->tracker);
	(void)printf("%s  entry %" PRIu64 ":", text, seq);
	for (i = 0; i < record->of.ballot.answer_count; i++) {
		id = record->of.ballot.answers[i].id;
		if (rules_last_ballot(c->w->mirror.rules, line, id, &last) == R_GOOD &&
		    digest_equal(&last.tracker, &record->tracker))
			(void)printf(" item %" PRIu64 " counts", id);
		else if (is_own(c, &last.tracker))
			(void)printf(" item %" PRIu64 " was replaced by a later ballot", id);
		else {
			(void)printf(" item %" PRIu64 " WAS REPLACED BY SOMEBODY ELSE'S", id);
			c->foreign = id;
		}
	}
	(void)puts("");
}

/* The receipt counts once the witnesses have co-signed a head over its entry: keep it under
 * such a head. */
static enum result
confirm(struct checking *c, struct buffer *receipt, const char *path, struct why *why)
{
	const size_t before = receipt->n;
	struct digest was, is;
	enum result r;

	sha256(&was, receipt->p, before);
	r = mirror_witness_receipt(&c->w->mirror, receipt, 0, why);
	sha256(&is, receipt->p, receipt->n);
	if (r == R_GOOD && !digest_equal(&was, &is) && strcmp(path, "-") != 0)
		r = file_write(path, buffer_slice(receipt), 0600, why);
	return r;
}

/* Check one receipt against the board as it is now. */
static enum result
check_receipt(struct checking *c, const char *path, struct why *why)
{
	struct buffer bytes = { 0 };
	struct receipt receipt = { 0 };
	struct record *record = NULL;
	struct entry entry;
	enum result r = file_read(&bytes, path, (size_t)64 << 20, why);

	if (r == R_GOOD)
		r = receipt_read(&receipt, buffer_slice(&bytes), why);
	if (r == R_GOOD)
		r = entry_read(&entry, slice_of(receipt.entry), why);
	if (r == R_GOOD)
		r = record_parse(&record, NULL, entry.record, why);
	if (r == R_GOOD)
		r = mirror_check_receipt(&c->w->mirror, buffer_slice(&bytes), record->bytes, why);
	if (r == R_GOOD)
		r = mirror_check_place(&c->w->mirror, buffer_slice(&bytes), path, &entry,
		    slice_of(receipt.entry), why);
	if (r == R_GOOD)
		r = confirm(c, &bytes, path, why);
	if (r == R_GOOD && record->type == RECORD_BALLOT)
		print_ballot(c, record, entry.seq);
	c->receipts++;
	record_free(record);
	receipt_free(&receipt);
	buffer_free(&bytes);
	return r;
}

/* Every receipt in the folder. The first that does not hold is the verdict. */
static enum result
check_all(struct checking *c, struct why *why)
{
	char *dir = workspace_path(c->w, "receipts"), *path;
	struct dirent *entry;
	DIR *d = dir != NULL ? opendir(dir) : NULL;
	enum result r = R_GOOD;

	if (d == NULL) {
		free(dir);
		return why_set(why, R_MISSING_FILE,
		    "%s holds no receipts\nIf a ballot was sent from here, run tabella vote again",
		    c->w->dir);
	}
	while (r == R_GOOD && (entry = readdir(d)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len < 5 || strcmp(entry->d_name + len - 5, ".json") != 0)
			continue;
		path = file_path(dir, entry->d_name);
		r = path == NULL ? R_NO_MEMORY : check_receipt(c, path, why);
		free(path);
	}
	(void)closedir(d);
	free(dir);
	return r;
}

static enum result
check(struct checking *c, char **paths, int n, struct why *why)
{
	enum result r = voter_own_trackers(c->w, &c->own, &c->n, why);
	int i;

	if (r == R_GOOD && n == 0)
		r = check_all(c, why);
	for (i = 0; r == R_GOOD && i < n; i++)
		r = check_receipt(c, paths[i], why);
	if (r != R_GOOD)
		return r;
	(void)printf("%zu receipt%s checked: all are on the board as signed for\n", c->receipts,
	    c->receipts == 1 ? "" : "s");
	if (c->foreign > 0)
		return why_set(why, R_FOREIGN_BALLOT,
		    "on item %" PRIu64
		    " a ballot counts that was not sent from this folder: somebody has used your "
		    "credential\nIf that was not you, tell your registrar; while voting is open, "
		    "vote again",
		    c->foreign);
	return R_GOOD;
}

int
vote_check_command(const struct command *self, int argc, char **argv)
{
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { NULL, NULL, NULL, NULL } };
	struct checking c = { 0 };
	struct why why = { 0 };
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	r = desk_open(&d, &o, NULL, DESK_TRUST, &why);
	c.w = &d.w;
	if (r == R_GOOD)
		r = check(&c, argv, n, &why);
	free(c.own);
	return desk_close(&d, r, &why);
}
