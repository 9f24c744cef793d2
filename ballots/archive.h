/*
 * archive: the complete public record of an election as a folder: how it is written, and
 * how a stranger verifies it: the whole check list of docs/protocol.md section 14.
 *
 *	README		a fixed text
 *	checkpoint	size and root of the board, signed by the board
 *	entries.ndjson	the board, one entry a line
 *	blobs/		what the records name, by SHA-256 in hexadecimal
 *	result.json	the results that follow
 *
 * Verifying reads the entries in pages and maps the blobs, so memory grows with the state of
 * the rule book and not with the archive. Nothing in the folder is trusted; it must not
 * change meanwhile. Source: docs/protocol.md, sections 13 and 14.
 */
#ifndef BALLOTS_ARCHIVE_H
#define BALLOTS_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "ballots/arena.h"
#include "ballots/count.h"
#include "ballots/frozen.h"
#include "ballots/item.h"
#include "ballots/record.h"
#include "ballots/rules.h"
#include "ballots/source.h"
#include "crypto/hash.h"
#include "crypto/par.h"
#include "crypto/result.h"
#include "crypto/slice.h"

/* The text of README. */
extern const char archive_readme[];

/* ---- writing ---- */

/* Write the archive of a board that `rules` has followed to its end, from the source of its
 * entries and blobs and the board's signed head over just these entries. `path` must not exist
 * yet: the archive appears there whole or not at all. R_CONFLICT (there is something),
 * R_BAD_CHECKPOINT (another size or root, or not signed by this board), R_STATE (an empty
 * board), R_CHAIN_BROKEN, R_MISSING_ENTRY, R_MISSING_BLOB, R_BAD_BLOB (the source does not give what
 * `rules` has judged), R_NO_DISK, R_NO_MEMORY, R_CANCELLED. */
enum result archive_write(const char *path, const struct rules *rules, const struct source *source,
    struct slice checkpoint, const struct effort *effort, struct why *why);

/* ---- verifying ---- */

/* What an archive is held against; zeros: nothing. */
struct archive_expect {
	/* The election id from a source that is trusted. NULL: that of the first entry is taken
	 * for true, which the caller should say. */
	const struct digest *election;
	/* A head of this board that was seen elsewhere: the bytes of a checkpoint. */
	struct slice head;
	/* 1: the election still runs; V912 and V913 are left out. */
	int partial;
	/* NULL, or the rule book that has verified the first entries of this board already, in
	 * RULES_VERIFY: these are compared by their hashes alone, and it goes on with the rest.
	 * It stays the caller's. */
	struct rules *rules;
};

enum archive_state {
	ARCHIVE_NOT_REACHED, /* another check failed before */
	ARCHIVE_NOT_ASKED,   /* left out: `partial`, or there was nothing to compare with */
	ARCHIVE_GOOD,
	ARCHIVE_FAILED
};

/* A check of section 14. */
struct archive_check {
	char id[8];            /* "V004"; those of records: "V121" */
	enum record_type type; /* of a check of records, else RECORD_UNKNOWN */
	const char *what;
	uint64_t count; /* how many it has passed: files, entries, blobs, records, items */
	enum archive_state state;
};

#define ARCHIVE_CHECKS_MAX 160

/* One promise of the election, and who would have to act together to break it. */
struct archive_promise {
	const char *what;
	const char *who;
};

#define ARCHIVE_PROMISES 7

/* What was found. After a failure it tells how far the verifier came. */
struct archive_report {
	struct archive_check check[ARCHIVE_CHECKS_MAX];
	size_t checks;
	uint64_t entries, blobs;
	uint64_t first_time, last_time; /* of the entries */
	uint64_t records[RECORD_TYPES]; /* how many of each type */
	struct digest root;             /* over all entries */
	struct frozen *frozen;          /* the state after the last entry; NULL: none was read */
	/* By item id - 1: the outcome; NULL if there is none (no result, or not opened). */
	struct count_outcome *outcome[ITEM_MAX];
	struct archive_promise promise[ARCHIVE_PROMISES];
	size_t promises; /* 0 without a definition */
	struct arena arena;
};

/* Verify an archive folder. Always fills *report; give back with archive_report_free. R_GOOD, or the
 * first failure in the order of section 14: `why` has the check's id, the reason, what it is
 * about, and in further lines what to make of it. R_NO_MEMORY, R_NO_DISK, R_CANCELLED say
 * nothing about the archive. */
enum result archive_verify(struct archive_report *report, const char *path,
    const struct archive_expect *expect, const struct effort *effort, struct why *why);
void archive_report_free(struct archive_report *report);

/* Make the report of a failure that was found on the way to the archive: `why` names the check, or
 * none. */
void archive_report_refused(struct archive_report *report, struct why *why);

/* Return how many checks are in this state. */
size_t archive_report_count(const struct archive_report *report, enum archive_state state);

#endif
