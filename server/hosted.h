/*
 * hosted: one election on this board, and the table of all of them.
 *
 * The append thread alone owns `rules` and moves the head. Everybody else sees what is
 * signed for and the last snapshot through the functions below, which lock. The
 * tree is in the database (store_inclusion), not here. An election is never removed while
 * the board runs.
 */
#ifndef SERVER_HOSTED_H
#define SERVER_HOSTED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ballots/frozen.h"
#include "ballots/rules.h"
#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "server/mark.h"
#include "server/store.h"

struct hosted {
	struct digest id;
	struct store_election key;
	uint64_t topic; /* below HOSTS_MAX; of listen_wake: followers who wait for entries */

	/* Of the append thread: what is committed, and how much of it is signed for. */
	struct rules *rules;
	struct merkle_frontier frontier;
	struct merkle_edge edge;
	struct merkle_frontier signed_frontier;
	uint64_t signed_time; /* of the last signature */
	uint64_t unsigned_at; /* size at which board_follow found entries not signed for */
	atomic_bool lost;     /* the database no longer holds what it held: write nothing */

	/* Under the lock. */
	pthread_rwlock_t lock;
	uint64_t size;         /* entries that are signed for */
	struct buffer note;    /* the signed head over them */
	struct frozen *frozen; /* the state after all that is committed */
	size_t record_limit;   /* the most bytes any record may have now */
};

/* How to read a stored election. */
struct hosted_reading {
	struct store *store;
	const struct store_options *options; /* for reading ahead on another connection, or NULL */
	const struct source *source;
	/* RULES_REPLAY: what the board has signed for is not verified once more, but it must
	 * be what it has signed for. What it has not signed for yet is verified. */
	enum rules_mode mode;
	const struct effort *effort;
	struct mark *mark; /* the high-water mark, or NULL */
};

/* Read what is stored and not read yet, entry by entry, through the rule book, and publish what is
 * signed for. After an error the next call goes on where this one stopped. R_NO_MEMORY, what
 * the store and the source return, what the rule book says of a board that is not valid;
 * R_BAD_CHECKPOINT: the head is not one that the board of the definition has signed over these
 * entries; R_ROLLBACK: the database holds less than, or something else than, this board has
 * signed for, or than it held before. */
enum result hosted_load(struct hosted *h, const struct hosted_reading *reading, struct why *why);

/* A snapshot; the caller owes a frozen_unref. */
struct frozen *hosted_frozen(struct hosted *h);
uint64_t hosted_size(struct hosted *h);
size_t hosted_record_limit(struct hosted *h);
/* Copy the signed head; empty before the first signature. */
enum result hosted_note(struct hosted *h, struct buffer *out);

/* Is this note a head that the board of the definition has signed over the first entries, of which
 * `tree` is the frontier? R_BAD_CHECKPOINT. */
enum result hosted_judge_note(const struct hosted *h, const struct merkle_frontier *tree,
    struct slice note, struct why *why);

/* Append thread: publish this signed head with the state after all that is committed. */
enum result hosted_publish(struct hosted *h, struct slice note);

/* The nodes alone, as the store keeps them; and back. R_BAD_ENCODING. */
struct slice frontier_nodes(uint8_t bytes[MERKLE_FRONTIER_MAX], const struct merkle_frontier *f);
enum result frontier_of_nodes(struct merkle_frontier *f, uint64_t size, struct slice nodes);

/* ---- the table ---- */

#define HOSTS_MAX 4096

struct hosts;

enum result hosts_new(struct hosts **out);
void hosts_free(struct hosts *hosts);
/* Find an election: NULL if it is not here. */
struct hosted *hosts_find(struct hosts *hosts, const struct digest *id);
/* Find it, or add it with an empty board. R_BUSY: there are HOSTS_MAX already. R_NO_MEMORY. */
enum result hosts_get(struct hosts *hosts, struct hosted **out, const struct digest *id);
/* Number i of the elections in the order they came, or NULL. */
struct hosted *hosts_at(struct hosts *hosts, size_t i);

#endif
