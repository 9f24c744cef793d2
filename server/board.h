/*
 * board: the bulletin board itself: its elections, its key, and the threads that
 * take records in. Threads: the listener's loop (api.c), one for ballots, one
 * for long verifications (verify.c), one that appends (append.c), and clerks who read.
 *
 * A record is acknowledged only after the transaction that holds it is committed, and then the
 * one with the signed head over it.
 */
#ifndef SERVER_BOARD_H
#define SERVER_BOARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "crypto/checkpoint.h"
#include "crypto/sign.h"
#include "server/clerk.h"
#include "server/hosted.h"
#include "server/job.h"
#include "server/listen.h"
#include "server/log.h"
#include "server/meter.h"
#include "server/pace.h"
#include "server/segment.h"
#include "server/stamp.h"
#include "server/store.h"
#include "server/witness.h"

#define BOARD_ORGANISERS_MAX 64
#define BOARD_KEYS_MAX 2

struct board_config {
	const char *name; /* of the board: its name in definitions and heads */
	/* Its keys: an election is signed for with the one that its records name. The last one is
	 * for new elections. */
	struct sign_key keys[BOARD_KEYS_MAX];
	struct sign_public publics[BOARD_KEYS_MAX];
	size_t key_count;
	struct sign_public organisers[BOARD_ORGANISERS_MAX]; /* who may found elections */
	size_t organiser_count;
	const char *folder; /* where the high-water mark and segments are kept */
	struct witness_address
	    witnesses[CHECKPOINT_WITNESSES_MAX]; /* where those of definitions are */
	size_t witness_count;
	const char *time_stamps; /* URL of a time-stamp authority, or NULL */
	struct store_options store;
	bool shared; /* others may serve the same database */
	struct listen_config listen;
	struct log *log;
};

struct board {
	struct board_config config;
	char name[NOTE_NAME_MAX + 1];
	struct mark *mark;
	bool orphans; /* of some election the board has lost the key, and waits for its successor */
	struct hosts *hosts;
	struct docket *docket;
	struct queue *ballots, *longs, *append;
	struct pace *lines, *addresses;
	struct segments *segments;
	struct meter meter;
	struct clerks *clerks;
	struct witnesses *witnesses;
	struct stamps *stamps; /* NULL: none are made */
	struct listen *listen;
	pthread_t ballot_thread, long_thread, append_thread;
	unsigned threads;     /* how many of them run */
	atomic_bool stopping; /* ask a database that is away no more */
	/* The database cannot be reached: records are refused at once, until the append thread has
	 * found it again. */
	atomic_bool away;
	struct batch *batch; /* append.c: what is being committed */
};

/* Read all elections from the database, then start to listen. Verifies nothing that
 * stands in the database already (tabellad --check does). */
enum result board_start(struct board *b, const struct board_config *config, struct why *why);
/* Finish what was taken in, then stop. */
void board_stop(struct board *b);

/* Verify everything that the database holds: every entry with its proofs and blobs, the tree,
 * tiles, batches and signed heads. `each` is called for every election that holds. Large blobs lie in
 * `folder` while they are looked at, unseen. */
typedef void board_each(void *ctx, const struct digest *id, uint64_t size);
enum result board_check(const struct store_options *options, const char *folder, board_each *each,
    void *ctx, struct why *why);
/* The same, and if all holds, make the mark in `folder`, that there is none of, from it. R_CONFLICT:
 * there is one. */
enum result board_make_mark(const struct store_options *options, const char *folder,
    board_each *each, void *ctx, struct why *why);

/* Drop uploads and blobs of more than a day ago that no entry names. Now and then; blocks. */
void board_tidy(struct board *b);

/* Read every stored election through the rule book, `mode` as in rules_new. */
enum result board_load(struct board *b, struct store *store, enum rules_mode mode, struct why *why);
/* Read on in one election: what another tabellad has appended. If what stands there is wrong, the
 * election is lost to this board: h->lost. When the database, memory or disk fails (exit status
 * 3), it can be called again. */
enum result board_load_more(struct board *b, struct store *store, struct hosted *h,
    struct why *why);

/* ---- between the parts of the board ---- */

/* The key that a public one belongs to: NULL if it is not this board's. */
const struct sign_key *board_key(const struct board *b, const struct sign_public *public);
/* The one for new elections. */
const struct sign_public *board_public(const struct board *b);

/* The rule book's view of an election in the database, through a thread's store. */
struct board_source {
	struct store *store;
	struct hosted *host;
	const char *folder;   /* for large blobs while they are in use */
	struct source source; /* use this one */
};
void board_source_set(struct board_source *s, const struct board *b, struct store *store,
    struct hosted *host);

/* signing.c: commit entries and signatures as store_commit, and find out what became of them: never
 * R_NOT_CONFIRMED unless the board is stopping. */
enum result board_commit(struct board *b, struct store *store, struct hosted *h,
    const struct store_addition *a, const struct store_signing *g, struct why *why);
/* append.c, append thread: the database cannot be reached: whoever waits for an answer is told to send
 * the record again, though what became of it may not be known; and: it can be reached again. */
void board_away(struct board *b);
void board_back(struct board *b);
/* signing.c: sign for all that is committed, commit the signature and publish it: first the
 * high-water mark, then the signature, then the commit. Nothing to sign for is fine. *own: it
 * is this board's signature over all since the one before, not another tabellad's.
 * R_ROLLBACK: this board has signed for something else; the election is lost to it. */
enum result board_sign(struct board *b, struct store *store, struct hosted *h, bool *own,
    struct why *why);
/* follow.c: look at every election's head in the database: read on where another tabellad has
 * appended, sign for what has been left unsigned; and see whether the database is away. Append
 * thread only; now and then. */
void board_follow(struct board *b, struct store *store);
#define BOARD_FOLLOW_MS 50
/* follow.c, any thread: wait until this board shows at least what other boards on the database have
 * shown, so that who asks first one and then the other never sees a board go back. *news: it
 * had to wait. R_BUSY if that takes too long. */
enum result board_refresh(struct board *b, struct store *store, struct hosted *h, bool *news,
    struct why *why);

/* Threads of verify.c and append.c; arg is the board. */
void *verify_ballots(void *arg);
void *verify_longs(void *arg);
void *append_records(void *arg);

/* verify.c: if a record was refused at its place for its content, and it is one whose author that
 * convicts, post a `fault`. */
void board_accuse(struct board *b, const struct job *job);
/* verify.c: a refused `fault` of our own that only another one of ours has overtaken is made anew.
 * 1: so it was, the job is still the caller's. */
int board_accuse_again(struct board *b, const struct job *job);

/* Put a new job on its way: to a queue, or to its refusal. Owns the job from now on. */
void board_take(struct board *b, struct job *job);

/* answer.c: end a job that was stored as entry `seq` / that was refused: a record that
 * was stored before gets its receipt even so. Own the job. `tree` covers the entry and the
 * signed head `note`; without one the receipt is made from the database. */
void answer_stored(struct board *b, struct job *job, uint64_t seq, struct slice line,
    const struct merkle_tree *tree, struct slice note);
void answer_from_store(struct board *b, struct job *job);
void answer_refused(struct board *b, struct job *job);
/* Compose the receipt of a stored entry: always the same bytes. */
enum result answer_receipt(struct hosted *host, struct store *store, uint64_t seq,
    struct buffer *out, struct why *why);

/* api.c: the interface of docs/api.md. */
extern const struct listen_app api_app;

#endif
