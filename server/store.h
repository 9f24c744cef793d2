/*
 * store: the entries of every election, in PostgreSQL. A struct store is one connection,
 * for one thread; any number may serve one database, also from several machines.
 *
 * An election's entries are numbered from 0. Its head row is the single point of order. It
 * says how many entries there are and the hash of the last line; and how many of them
 * are signed for, with the note: the checkpoint that the board has signed over those.
 * A transaction appends entries, or commits a signature over entries that stand, or both: the
 * signature of those before and the entries after it. It starts with the head row's
 * lock and ends with its new value, so there is one order for everybody. The database
 * refuses to change or delete what stands (schema_1.sql, schema_2.sql).
 *
 * The order of things: entries are committed; then their head is signed; the signature is
 * committed; then receipts may leave the board. So no signature can cover what a lost
 * transaction has taken along. Nothing may leave the board before store_commit has returned
 * R_GOOD, or store_settle after an R_NOT_CONFIRMED.
 *
 * A lost connection is made again on the next call, waiting at most
 * store_options.retry_ms. Bytes handed in are copied by the database; slices handed
 * out say how long they live.
 *
 * Unless a function says otherwise: R_NO_DATABASE (unreachable or refused, a full disk
 * included; nothing was stored), R_UNSAFE_DATABASE, R_NO_MEMORY; `why` (may be NULL) says more.
 */
#ifndef SERVER_STORE_H
#define SERVER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "crypto/result.h"
#include "crypto/slice.h"

struct store;

struct store_options {
	const char *address;   /* libpq connection string (or cluster_address) */
	bool read_only;        /* nothing will be written; a standby will do */
	unsigned statement_ms; /* limit for each statement; 0: 30,000 */
	unsigned retry_ms;     /* limit for connecting, all attempts together; 0: 10,000 */
	/* Called before each attempt to connect, or NULL: cluster_ensure, in a
	 * private cluster, with the cluster as ctx. */
	enum result (*revive)(void *ctx, struct why *why);
	void *ctx;
};

/* Connect, and check that the database is safe to use: fsync, full_page_writes and
 * synchronous_commit are on (else R_UNSAFE_DATABASE), and its tables are of our version.
 * The same checks run on every later connection. Free with store_free. */
enum result store_open(struct store **out, const struct store_options *o, struct why *why);
void store_free(struct store *s);

/* Is the database there and still safe? Asks it; on a new connection with all checks, unless that was
 * less than a second ago: anybody may ask. */
enum result store_check(struct store *s, struct why *why);

/* ---- elections ---- */

/* What the database calls an election; means nothing outside it. */
struct store_election {
	int32_t key;
};

/* Find an election by its id; R_NOT_FOUND. */
enum result store_election_find(struct store *s, struct store_election *out,
    const struct digest *id, struct why *why);
/* Find it, or make it, with an empty head. */
enum result store_election_make(struct store *s, struct store_election *out,
    const struct digest *id, struct why *why);
/* Call `each` for every election, in the order they were made, until it returns
 * something else than R_GOOD, which is then returned. */
enum result store_elections(struct store *s,
    enum result (*each)(void *ctx, struct store_election election, const struct digest *id),
    void *ctx, struct why *why);

/* ---- the head ---- */

struct store_head {
	uint64_t size;         /* entries */
	struct digest hash;    /* SHA-256 of the last line; zeros if size is 0 */
	uint64_t time;         /* of the last entry, ms since 1970; never less than before */
	struct slice frontier; /* the tree's frontier, 32 bytes a node; empty if size is 0 */

	uint64_t signed_size;         /* entries that the note covers, at most size */
	uint64_t signed_time;         /* of the last of them; never less than before */
	struct slice signed_frontier; /* of the tree of signed_size entries */
	struct slice note;            /* the signed checkpoint; empty if signed_size is 0 */
	void *memory;                 /* of a head from store_head: what the slices point into */
};

/* Read the head of an election; R_NOT_FOUND. Free its memory with store_head_free. */
enum result store_head(struct store *s, struct store_head *out, struct store_election election,
    struct why *why);
void store_head_free(struct store_head *h); /* leaves an empty one; NULL is fine */

/* What can be told of a head at a glance. */
struct store_place {
	uint64_t size, signed_size;
	struct digest hash;
};
/* Call `each` for every election as store_elections does, with where its head is. */
enum result store_places(struct store *s,
    enum result (*each)(void *ctx, struct store_election election, const struct digest *id,
	const struct store_place *place),
    void *ctx, struct why *why);

/* ---- writing ---- */

#define STORE_BATCH_MAX 4096                  /* entries */
#define STORE_BATCH_BYTES (64u * 1024 * 1024) /* of all lines together */

struct store_entry {
	struct digest hash;   /* SHA-256 of the line */
	struct digest leaf;   /* SHA-256 of 0x00 and the line */
	struct digest record; /* the record hash */
	bool has_tracker;     /* a ballot */
	struct digest tracker;
	struct slice line; /* without a line end */
};

/* A tile of the tree (crypto/merkle.h) that entries complete. */
struct store_tile {
	unsigned level;
	uint64_t number;
	struct digest root;
	struct digest node[MERKLE_TILE];
};

/* Entries to append. */
struct store_addition {
	const struct store_head *before;   /* the head the caller believes in; what is signed of it
	                                    * does not matter */
	const struct store_entry *entries; /* for seq before->size and on */
	size_t n;                          /* 1..STORE_BATCH_MAX */
	const struct store_tile *tiles;    /* all that they complete */
	size_t n_tiles;
	const struct digest *blobs; /* those that the entries name: kept from now on */
	size_t n_blobs;
	const struct store_head *after; /* size, hash, time and frontier with them */
};

/* A signature over entries that stand: a batch, from what was signed before up to
 * after->signed_size. */
struct store_signing {
	const struct store_head *before; /* signed_* as the caller believes them to be */
	const struct store_head *after;  /* signed_* and note */
};

/* Append entries, or commit a signature, or both (either may be NULL), in one transaction,
 * sent in one pipeline.
 * R_GOOD: committed and durable.
 * R_CONFLICT: the head is not `before` any more: somebody else has appended or signed.
 *   Nothing was stored; read what is new and make it again.
 * R_MISSING_BLOB: a blob is not there (any more). Nothing was stored.
 * R_NO_DATABASE: refused, for example because the disk is full or a hash, record or tracker
 *   is there already. Nothing was stored.
 * R_NOT_CONFIRMED: the connection was lost, or the server did not confirm in time or
 *   without reservation. It may be stored, now or in a moment: store_settle.
 * R_TOO_LARGE: above the limits. */
enum result store_commit(struct store *s, struct store_election election,
    const struct store_addition *a, const struct store_signing *g, struct why *why);

/* After R_NOT_CONFIRMED: find out. Waits for a transaction that still runs, and
 * does not return R_GOOD before what it found is as durable as a commit.
 * R_GOOD: stored, by us or, byte for byte, by somebody else.
 * R_NOT_FOUND: not stored, and it still fits: commit it again. Should the lost
 *   transaction come to life after all, one of the two meets R_CONFLICT.
 * R_CONFLICT: not stored as it is, and the head has moved. Of entries and a signature one
 *   may be there, from somebody else.
 * R_NO_DATABASE: still not known; ask again. */
enum result store_settle(struct store *s, struct store_election election,
    const struct store_addition *a, const struct store_signing *g, struct why *why);

/* ---- reading ---- */

/* Call `each` for `count` entries from `from` on, in order, until it returns something
 * else than R_GOOD, which is then returned. The line is valid during the call.
 * R_NOT_FOUND: the board is shorter than that (after calling for what there is).
 * R_NO_DATABASE also if an entry is missing within. */
enum result store_lines(struct store *s, struct store_election election, uint64_t from,
    uint64_t count, enum result (*each)(void *ctx, uint64_t seq, struct slice line), void *ctx,
    struct why *why);

/* The same for leaf hashes, to build a tree from. */
enum result store_leaves(struct store *s, struct store_election election, uint64_t from,
    uint64_t count, enum result (*each)(void *ctx, uint64_t seq, const struct digest *leaf),
    void *ctx, struct why *why);

/* The same with all that is stored of an entry. */
enum result store_rows(struct store *s, struct store_election election, uint64_t from,
    uint64_t count, enum result (*each)(void *ctx, uint64_t seq, const struct store_entry *entry),
    void *ctx, struct why *why);

#define STORE_NONE UINT64_MAX

/* Set seqs[i] to the number of the entry with the i-th record hash, STORE_NONE if
 * there is none. n is at most STORE_BATCH_MAX. */
enum result store_find_records(struct store *s, uint64_t *seqs, struct store_election election,
    const struct digest *records, size_t n, struct why *why);
/* Set *seq to the entry with that tracker; R_NOT_FOUND. */
enum result store_find_tracker(struct store *s, uint64_t *seq, struct store_election election,
    const struct digest *tracker, struct why *why);

/* What one signature added: the receipt of each of these entries follows from it and
 * their leaves. */
struct store_batch {
	uint64_t first;
	uint64_t count;
	struct slice frontier_before; /* of the tree of the first `first` entries */
	struct slice note;            /* covers first + count entries */
	void *memory;
};

/* Read the batch that entry `seq` is in; R_NOT_FOUND: no such entry, or not signed for yet. Free its memory with
 * store_batch_free. */
enum result store_batch(struct store *s, struct store_batch *out, struct store_election election,
    uint64_t seq, struct why *why);
void store_batch_free(struct store_batch *b); /* leaves an empty one; NULL is fine */

/* ---- the tree ---- */

/* Set path to PATH(index, D[size]), index < size, or PROOF(first, D[size]), first <= size
 * (RFC 6962), and *n to its length, from tiles: a few rows whatever the size. R_NOT_FOUND if
 * the board is shorter; R_NO_DATABASE also if a tile is missing. */
enum result store_inclusion(struct store *s, struct digest path[MERKLE_PATH_MAX], size_t *n,
    struct store_election election, uint64_t index, uint64_t size, struct why *why);
enum result store_consistency(struct store *s, struct digest path[MERKLE_PATH_MAX], size_t *n,
    struct store_election election, uint64_t first, uint64_t size, struct why *why);
/* Read nodes[0..width) of a tile, complete or not: R_NOT_FOUND if there are not as many. */
enum result store_tile(struct store *s, struct digest *nodes, struct store_election election,
    unsigned level, uint64_t number, unsigned width, struct why *why);

#endif
