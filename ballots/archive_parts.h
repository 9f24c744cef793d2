/* archive_parts: what the files archive*.c share. For them only. */
#ifndef BALLOTS_ARCHIVE_PARTS_H
#define BALLOTS_ARCHIVE_PARTS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ballots/archive.h"
#include "ballots/folder.h"
#include "crypto/checkpoint.h"
#include "crypto/merkle.h"
#include "crypto/stages.h"

/* ---- files: archive_files.c ---- */

/* A file in blobs/. */
struct archive_blob {
	struct digest id;
	uint64_t bytes;
	int named; /* 1: a record names it */
};

/* What lies in a folder. */
struct archive_files {
	struct archive_blob *blob; /* ascending */
	size_t blobs, room;
	uint64_t blob_bytes, entries_bytes;
};

/* List a folder and check that it can be an archive's (V001, V002 as far as names go).
 * Give back with archive_files_free, whatever came out. */
enum result archive_files_list(struct archive_files *files, const char *path, struct why *why);
void archive_files_free(struct archive_files *files);
/* Find a blob, or NULL. */
struct archive_blob *archive_files_find(const struct archive_files *files, const struct digest *id);
/* V003. */
enum result archive_check_readme(const char *path, struct why *why);
/* V911: hash all blobs. */
enum result archive_check_blobs(const struct archive_files *files, const char *path,
    const struct effort *effort, struct why *why);
/* Map one of the fixed files; blob_release gives it back. R_TOO_LARGE above `most`. */
enum result archive_map(struct blob *out, const char *path, const char *name, uint64_t most,
    struct why *why);

/* ---- heads: archive_files.c ---- */

/* Open a note as a head that this board signed for this election. R_BAD_CHECKPOINT; R_NO_MEMORY.
 * head->origin is left empty. */
enum result archive_head_open(struct checkpoint *head, struct slice note,
    const struct frozen *frozen);

/* ---- results: archive_result.c ---- */

/* V912: result.json against the results on the board; sets report->outcome. */
enum result archive_check_result(struct archive_report *report, struct slice json, struct why *why);
/* Without V912: compute the outcomes of the items that have a result. */
enum result archive_compute_results(struct archive_report *report, const struct source *source,
    const struct effort *effort, struct why *why);

/* ---- the report: archive_report.c ---- */

void archive_report_start(struct archive_report *report, const struct archive_expect *expect);
/* A check has passed on `count` more things. */
void archive_passed(struct archive_report *report, const char *id, uint64_t count);
/* Count a record that was taken. */
void archive_took(struct archive_report *report, enum record_type type);
/* All records are through: their checks are good. */
void archive_took_all(struct archive_report *report);
/* Mark the check that `why` names, and add what to make of it to the text. */
void archive_conclude(struct archive_report *report, struct why *why);
/* Set report->promise by the definition. R_NO_MEMORY. */
enum result archive_set_promises(struct archive_report *report);

/* ---- one verification: archive.c, archive_entries.c ---- */

#define ARCHIVE_PAGE 4096 /* lines */

/* For the progress: a byte that is hashed weighs one, a byte that is verified this much. */
#define VERIFIED 32

/* Lines on their way from the folder to the rule book. */
struct page {
	struct buffer bytes;
	size_t start[ARCHIVE_PAGE + 1];
	struct slice line[ARCHIVE_PAGE];
	size_t n;
};

struct verifier {
	const char *path;
	const struct archive_expect *expect;
	struct archive_report *report;
	struct archive_files files;
	struct folder *folder;
	struct rules *rules;
	struct merkle_frontier tree;
	uint64_t head_size;      /* of the head from outside, as it says */
	struct digest head_root; /* our root over that many entries */
	int is_missing;          /* a record names a blob that is not there: */
	struct digest missing;
	const struct effort *outer; /* the caller's, or NULL */
	struct effort effort;
	uint64_t most; /* what it was told last */
	struct stages stages;
	uint64_t weight; /* of the lines in hand, for the progress */
	struct page page;
	struct why *why;
};

/* V004 to V007, V910, and the checks of records. */
enum result archive_check_entries(struct verifier *v);

/* Set why->check (four characters); returns r, so that it goes around a why_set. */
static inline enum result
archive_name(struct why *why, const char *id, enum result r)
{
	if (why != NULL)
		memcpy(why->check, id, sizeof "V001");
	return r;
}

#endif
