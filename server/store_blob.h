/*
 * store_blob: large arrays that records name by their SHA-256, in the database of store.h.
 *
 * A blob arrives as an upload: begun with a ticket (whose signature the caller has
 * checked), written in chunks of STORE_CHUNK bytes (the last one shorter) in any order
 * and as often as need be, finished when all are there and have the right hash. From
 * then on it does not change and can be read. When an entry names it
 * (store_addition.blobs) it stays for good; what nothing names is dropped by
 * store_blob_expire.
 *
 * Blobs belong to one election; the same bytes in two elections are stored twice.
 *
 * Results: as store.h, and what is named at a function.
 */
#ifndef SERVER_STORE_BLOB_H
#define SERVER_STORE_BLOB_H

#include "server/store.h"

#define STORE_CHUNK (4u * 1024 * 1024)
#define STORE_BLOB_MAX (UINT64_C(1) << 40)

struct store_ticket {
	struct digest token; /* names the upload; the caller's choice, one per ticket */
	struct digest owner; /* who signed: the quota is counted per election and owner */
	struct digest id;    /* SHA-256 of the blob */
	uint64_t size;
	uint64_t quota; /* for all blobs and uploads of this owner in this election */
};

struct store_upload {
	uint64_t key; /* what the database calls it */
	struct digest id;
	uint64_t size;
	uint64_t have; /* bytes from the start without a gap: where to go on */
	bool complete; /* finished; have = size */
};

/* Begin an upload or find the one with this token; if the blob is complete already, say so (and
 * keep it for another day).
 * R_TOO_LARGE: above STORE_BLOB_MAX or the quota. R_CONFLICT: the token stands for another
 * blob. */
enum result store_blob_begin(struct store *s, struct store_upload *out,
    struct store_election election, const struct store_ticket *t, struct why *why);

/* Find an upload by its token, finished or not; R_NOT_FOUND (also after it expired). */
enum result store_blob_upload(struct store *s, struct store_upload *out,
    struct store_election election, const struct digest *token, struct why *why);

/* Store the chunk that begins at byte `at`. Writing one again replaces it; after the
 * upload is complete it changes nothing and is R_GOOD.
 * R_BAD_REQUEST: not on a chunk's border, not of a chunk's length, or beyond the end.
 * R_NOT_FOUND: the upload has gone. */
enum result store_blob_write(struct store *s, const struct store_upload *u, uint64_t at,
    struct slice chunk, struct why *why);

/* Check the hash and make the blob readable. R_GOOD also if it was complete already.
 * R_BAD_BLOB: the bytes have another hash; the upload is gone and its space with it.
 * R_CONFLICT: chunks are missing; the upload stays. R_NOT_FOUND: the upload has gone. */
enum result store_blob_finish(struct store *s, struct store_election election,
    const struct store_upload *u, struct why *why);

/* A complete blob. */
struct store_blob {
	uint64_t key;
	uint64_t size;
	bool named;
};

/* Find a complete blob by its hash; R_NOT_FOUND. */
enum result store_blob_find(struct store *s, struct store_blob *out, struct store_election election,
    const struct digest *id, struct why *why);

/* Read `len` bytes from byte `at` on into buf: all of them, or an error. R_BAD_REQUEST:
 * beyond the end. R_NOT_FOUND: the blob has expired meanwhile. */
enum result store_blob_read(struct store *s, void *buf, const struct store_blob *blob, uint64_t at,
    size_t len, struct why *why);

/* Drop uploads and blobs that were begun more than `seconds` ago and that no entry names.
 * *dropped (may be NULL): how many. */
enum result store_blob_expire(struct store *s, uint64_t *dropped, uint64_t seconds,
    struct why *why);

#endif
