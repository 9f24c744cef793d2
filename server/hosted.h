/*
 * hosted: one election on this board, and the table of all of them.
 *
 * The append thread alone owns `rules` and moves the head. Everybody else sees the
 * head, the tree and the last snapshot through the functions below, which lock.
 * An election is never removed while the board runs.
 */
#ifndef SERVER_HOSTED_H
#define SERVER_HOSTED_H

#include <pthread.h>
#include <stdint.h>

#include "ballots/frozen.h"
#include "ballots/rules.h"
#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "server/store.h"

struct hosted {
	struct digest id;
	struct store_election key;
	uint64_t topic; /* of listen_wake: followers who wait for entries */

	/* Of the append thread. */
	struct rules *rules;
	struct merkle_frontier frontier;

	/* Under the lock. */
	pthread_rwlock_t lock;
	struct merkle_tree *tree;
	uint64_t size;         /* entries that are committed */
	uint64_t time;         /* of the last one */
	struct buffer note;    /* the signed head over them */
	struct frozen *frozen; /* the state after them */
	size_t record_limit;   /* the most bytes any record may have now */
};

/* Make an election with an empty board, or read a stored one entry by entry through the
 * rule book (`mode`). R_NO_MEMORY, what the store returns, and what the rule book says of
 * a stored board that is not valid. */
enum result hosted_new(struct hosted **out, const struct digest *id, uint64_t topic);
enum result hosted_load(struct hosted *h, struct store *store, const struct source *source,
    enum rules_mode mode, const struct effort *effort, struct why *why);
void hosted_free(struct hosted *h);

/* A snapshot; the caller owes a frozen_unref. */
struct frozen *hosted_frozen(struct hosted *h);
uint64_t hosted_size(struct hosted *h);
size_t hosted_record_limit(struct hosted *h);
/* Copy the signed head; empty before the first entry. */
enum result hosted_note(struct hosted *h, struct buffer *out);
/* PATH(index, D[size]); R_NOT_FOUND unless index < size <= the head's size. */
enum result hosted_inclusion(struct hosted *h, struct digest path[MERKLE_PATH_MAX], size_t *n,
    uint64_t index, uint64_t size);
enum result hosted_consistency(struct hosted *h, struct digest path[MERKLE_PATH_MAX], size_t *n,
    uint64_t first, uint64_t size);

/* Append thread: add a leaf that is about to be committed; take the last ones back
 * after a COMMIT that failed; publish a new head after one that succeeded. */
enum result hosted_grow(struct hosted *h, const struct digest *leaf);
void hosted_shrink(struct hosted *h, const struct merkle_frontier *before);
enum result hosted_publish(struct hosted *h, uint64_t time, struct slice note);

/* ---- the table ---- */

struct hosts;

enum result hosts_new(struct hosts **out);
void hosts_free(struct hosts *hosts);
/* Find an election: NULL if it is not here. */
struct hosted *hosts_find(struct hosts *hosts, const struct digest *id);
/* Find it, or add it with an empty board. */
enum result hosts_get(struct hosts *hosts, struct hosted **out, const struct digest *id);
/* Number i of the elections in the order they came, or NULL. */
struct hosted *hosts_at(struct hosts *hosts, size_t i);
struct hosted *hosts_topic(struct hosts *hosts, uint64_t topic);

#endif
