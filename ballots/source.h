/*
 * source: where a board's entries and blobs come from: a database, an archive,
 * a network client, memory. The rule book asks it for what it does not keep.
 *
 * Callbacks may block and are called from any thread that runs heavy work
 * (checks_run, frozen_list, frozen_result ...), several at a time. What they give is not
 * trusted: entries are compared with the entry hashes that the rule book keeps,
 * blobs with their names.
 */
#ifndef BALLOTS_SOURCE_H
#define BALLOTS_SOURCE_H

#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

/* Whole bytes of a blob, mapped or in memory, until they are released. */
struct blob {
	struct slice bytes;
	void (*release)(void *owner); /* may be NULL */
	void *owner;
	/* May be NULL: the first n bytes have been read. They may leave memory until they are
	 * read again. */
	void (*passed)(void *owner, size_t n);
};

/* Who reads a blob from front to back, once or more often, says how far it is, so that one
 * that is larger than memory does not stay there. */
void blob_passed(const struct blob *blob, size_t n);

/* Called for each line; what it returns other than R_GOOD ends the reading. The
 * line (without line end) is valid during the call only. */
typedef enum result source_each(void *arg, uint64_t seq, struct slice line);

struct source {
	void *ctx;
	/* Hand the entries from <= seq < to, in this order, to `each`. R_GOOD; what
	 * `each` returned; R_MISSING_ENTRY if there is none of that number; a
	 * resource. */
	enum result (*entries)(void *ctx, uint64_t from, uint64_t to, source_each *each, void *arg);
	/* Set *out to the blob of that name. R_GOOD; R_MISSING_BLOB; a resource.
	 * The caller calls blob_release. */
	enum result (*blob)(void *ctx, const struct digest *id, struct blob *out);
};

/* Give the bytes back; a blob of zeros is fine. Leaves zeros. */
void blob_release(struct blob *blob);

/* Open a blob and check that it has the hash it is named by: R_GOOD, R_MISSING_BLOB,
 * R_BAD_BLOB, a resource. On anything but R_GOOD there is nothing to release. */
enum result source_blob(const struct source *source, const struct digest *id, struct blob *out);

/* What source_fetch asks for: the record at an entry. */
struct source_want {
	uint64_t seq;
	struct digest hash; /* its entry hash, known from elsewhere */
	uint64_t tag;       /* the caller's own */
};

/* Called with each wanted entry's record bytes. */
typedef enum result source_got(void *arg, const struct source_want *want, struct slice record);

/* Read the wanted entries, given in ascending order of seq, in long stretches rather than
 * one by one, and hand over their records in that order. R_GOOD; R_MISSING_ENTRY;
 * R_CHAIN_BROKEN if a line has not the hash; what `got` returned; a resource. */
enum result source_fetch(const struct source *source, const struct source_want *wants, uint64_t n,
    source_got *got, void *arg);

#endif
