/*
 * forge: a board that is chained and signed anew after somebody has changed a record.
 *
 * The attacker is whoever wrote the record, together with the organiser and the board: their later
 * records take over the new hashes and are signed, or proved, again. What others wrote stays
 * as it is. All entries carry the hash of the one before, and the board signs the new head.
 */
#ifndef TESTS_FORGE_H
#define TESTS_FORGE_H

#include "tests/small.h"

struct forge {
	struct small *s; /* the honest board */
	size_t n;        /* its entries */
	/* Of each entry: */
	struct slice *record;
	struct digest *record_hash, *entry_hash;
	uint64_t *time;
	/* The rule book, and the snapshot after each entry that it has followed. */
	struct rules *rules;
	struct frozen **snapshot;
};

/* `s` stays the caller's. */
struct forge *forge_new(struct small *s);
void forge_free(struct forge *f);
/* Follow the honest board up to entry number k, which comes next. */
void forge_go(struct forge *f, size_t k);

/* Sign or prove the body of a record anew, as the author of entry `who`; `by` is kept. Bytes that are
 * no body any more get the old signature. */
void forge_sign(const struct forge *f, struct buffer *out, size_t who, struct slice body,
    struct slice by, struct slice old);

/* The new board from entry k on. */
struct forgery {
	size_t k;
	struct arena arena;
	struct slice *line; /* lines k, k + 1, ... */
	size_t n, room;
	/* hashes that have changed, as base64url */
	struct forge_change {
		char from[44], to[44];
	} * change;
	size_t changes;
	uint64_t time; /* of the last line */
	struct digest prev;
	size_t who;
};

/* Begin a board that is the honest one up to k; `who` is the entry whose author attacks. */
void forgery_start(const struct forge *f, struct forgery *y, size_t k, size_t who);
/* Add a record as it is, written first as entry `old` (or SIZE_MAX: a new one), at this time (or
 * later, if the last was later). */
void forgery_add(const struct forge *f, struct forgery *y, size_t old, struct slice record,
    uint64_t time);
/* The same for a whole line, whatever it holds. */
void forgery_add_line(const struct forge *f, struct forgery *y, size_t old, struct slice line,
    uint64_t time);
/* Add honest entry number i, taken over where its author is an attacker; `upto` then names the
 * entry before it. */
void forgery_take(const struct forge *f, struct forgery *y, size_t i);
/* From now on the record of entry i counts as the one before it by the same author: it was
 * left out. */
void forgery_drop(const struct forge *f, struct forgery *y, size_t i);
void forgery_free(struct forgery *y);

/* Where and why something was refused. */
struct verdict {
	enum result reason; /* R_GOOD: nothing is wrong with it */
	char check[8];
	int at; /* the entry, -1: none in particular */
};

/* Let a rule book that stands at y->k follow the new lines from number `from` on (an index in
 * y->line); what it refuses is the verdict. */
struct verdict forgery_judge(struct forge *f, const struct forgery *y, size_t from);
/* Write the whole as an archive, with the result.json of the new board if f->rules has followed
 * it, else the honest one, and what blobs it names. */
void forgery_write(struct forge *f, const struct forgery *y, const char *path);
/* Verify an archive with the expected election id, and the honest board's head if `head` is not
 * 0. */
struct verdict forge_verify(struct forge *f, const char *path, int head);
/* Both, in a folder of its own. */
struct verdict forgery_archive(struct forge *f, const struct forgery *y, int head);

#endif
