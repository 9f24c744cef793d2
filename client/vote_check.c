#include "client/vote_check.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/receipt.h"
#include "client/desk.h"

/* Check one receipt against the board as it is now. */
static enum result
check_receipt(struct workspace *w, const char *path, int *counted, struct why *why)
{
	struct buffer bytes = { 0 };
	struct receipt receipt = { 0 };
	struct record *record = NULL;
	struct last_ballot last;
	struct entry entry;
	struct digest hash, stored;
	char text[RECORD_TRACKER_TEXT];
	uint64_t line, i;
	enum result r = file_read(&bytes, path, (size_t)64 << 20, why);

	if (r == R_GOOD)
		r = receipt_read(&receipt, buffer_slice(&bytes), why);
	if (r != R_GOOD) {
		buffer_free(&bytes);
		return r;
	}
	r = entry_read(&entry, slice_of(receipt.entry), why);
	if (r == R_GOOD)
		r = record_parse(&record, NULL, entry.record, why);
	if (r == R_GOOD)
		r = mirror_check_receipt(&w->mirror, buffer_slice(&bytes), record->bytes, why);
	if (r == R_GOOD) {
		entry_hash(&hash, slice_of(receipt.entry));
		if (rules_entry_hash(w->mirror.rules, entry.seq, &stored) != R_GOOD ||
		    !digest_equal(&hash, &stored))
			r = why_set(why, R_MISSING_ENTRY,
			    "the board no longer holds entry %" PRIu64
			    " as it signed for it\nKeep %s: it is the evidence. Tell the organiser "
			    "and the trustees",
			    entry.seq, path);
	}
	if (r == R_GOOD && record->type == RECORD_BALLOT) {
		record_tracker_print(text, &record->tracker);
		(void)printf("%s  entry %" PRIu64 ":", text, entry.seq);
		line = record->of.ballot.line;
		for (i = 0; i < record->of.ballot.answer_count; i++) {
			uint64_t id = record->of.ballot.answers[i].id;
			int is_last =
			    rules_last_ballot(w->mirror.rules, line, id, &last) == R_GOOD &&
			    digest_equal(&last.tracker, &record->tracker);

			*counted |= is_last;
			(void)printf(" item %" PRIu64 " %s", id,
			    is_last ? "counts" : "was replaced by a later ballot");
		}
		(void)puts("");
	}
	record_free(record);
	receipt_free(&receipt);
	buffer_free(&bytes);
	return r;
}

static enum result
check_all(struct workspace *w, struct why *why)
{
	char *dir = workspace_path(w, "receipts"), *path;
	struct dirent *entry;
	DIR *d = dir != NULL ? opendir(dir) : NULL;
	enum result r = R_GOOD;
	int counted = 0, n = 0;

	if (d == NULL) {
		free(dir);
		return why_set(why, R_MISSING_FILE, "%s holds no receipts", w->dir);
	}
	while (r == R_GOOD && (entry = readdir(d)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len < 5 || strcmp(entry->d_name + len - 5, ".json") != 0)
			continue;
		path = file_path(dir, entry->d_name);
		r = path == NULL ? R_NO_MEMORY : check_receipt(w, path, &counted, why);
		free(path);
		n++;
	}
	(void)closedir(d);
	free(dir);
	if (r == R_GOOD)
		(void)printf("%d receipt%s checked: all are on the board as signed for\n", n,
		    n == 1 ? "" : "s");
	if (r == R_GOOD && n > 0 && !counted)
		r = why_set(why, R_FOREIGN_BALLOT,
		    "none of your ballots counts: others with your credential came later\nIf that "
		    "was not you, tell your registrar; while voting is open, vote again");
	return r;
}

int
vote_check_command(const struct command *self, int argc, char **argv)
{
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv), counted = 0, i;

	if (n < 0)
		return 2;
	r = desk_open(&d, &o, NULL, DESK_TRUST, &why);
	for (i = 0; r == R_GOOD && i < n; i++)
		r = check_receipt(&d.w, argv[i], &counted, &why);
	if (r == R_GOOD && n == 0)
		r = check_all(&d.w, &why);
	return desk_close(&d, r, &why);
}
