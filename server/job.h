/*
 * job: a posted record on its way through the board's threads, the bounded queues
 * between them, and the docket of records that take long.
 *
 *	loop -> ballots  -> append -> answer
 *	     -> long     ->
 *	     refused ones -> look-up: stored before? then the receipt, else the refusal
 */
#ifndef SERVER_JOB_H
#define SERVER_JOB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballots/rules.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"
#include "server/hosted.h"
#include "server/request.h"

struct job {
	struct job *next;
	struct hosted *host;
	struct request *request; /* who waits for the answer, or NULL */
	struct slice bytes;      /* the record; owned */
	struct digest hash;      /* its record hash */
	struct digest tracker;   /* of a ballot */
	bool has_tracker;
	struct check *check; /* owns the parsed record */
	uint64_t begun;      /* meter_now, when it came */
	bool docketed;       /* on the docket: nobody waits on the connection */
	uint64_t peer;       /* the address that answers for it, if it is `charged` */
	bool charged;
	unsigned wait;     /* seconds that its roll line must wait, if it writes too often */
	uint64_t seen;     /* entries of the board when it was prepared */
	unsigned rounds;   /* how often it had to be checked anew */
	unsigned accusing; /* a `fault` of the board's own: how often it was made */
	enum result verdict;
	struct why why;
};

/* Make a job out of posted bytes (copied): parse the record and prepare it against the
 * election's last snapshot. A refusal is kept in the job as its verdict; R_NO_MEMORY
 * alone is returned. Free with job_free (which answers nobody). */
enum result job_new(struct job **out, struct hosted *host, struct request *request,
    struct slice bytes);
/* Prepare again against the newest snapshot, after rules_admit said R_BUSY. */
void job_again(struct job *job);
void job_free(struct job *job);

/* ---- a bounded queue; any thread ---- */

struct queue;

enum result queue_new(struct queue **out, size_t jobs_max, size_t bytes_max);
void queue_free(struct queue *q);
/* What to do when the queue is full: give up; wait until there is room; or put it in
 * even so, which is for the few jobs that come back from further on, where waiting for
 * each other would end in nobody moving. */
enum queue_put { QUEUE_TRY, QUEUE_WAIT, QUEUE_FORCE };

/* R_GOOD; R_BUSY when it is full or closed: the job stays the caller's. */
enum result queue_put(struct queue *q, struct job *job, enum queue_put how);
/* How much is in it. */
void queue_count(struct queue *q, size_t *jobs, size_t *bytes);
/* Wait for jobs and take up to n of them, in order, as a list. NULL once the queue
 * is closed and empty. */
struct job *queue_take(struct queue *q, size_t n);
/* The same, but wait for at most `ms` milliseconds. NULL: none came, or, if *closed, the queue
 * is closed and empty. */
struct job *queue_take_within(struct queue *q, size_t n, unsigned ms, bool *closed);
/* No more jobs come: takers get what is there, then NULL. */
void queue_close(struct queue *q);

/* ---- the docket; any thread ---- */

/* Records that are being verified for longer than a connection should wait, and those of
 * them that were refused. Bounded: the oldest refusal makes room. */
struct docket;

enum docket_state { DOCKET_NONE, DOCKET_PENDING, DOCKET_REFUSED };

enum result docket_new(struct docket **out);
void docket_free(struct docket *d);
/* R_GOOD: now pending. R_CONFLICT: it was pending already. R_BUSY: too many are. */
enum result docket_open(struct docket *d, const struct digest *election,
    const struct digest *record);
/* The verdict: R_GOOD forgets the record, which is on the board now. */
void docket_close(struct docket *d, const struct digest *election, const struct digest *record,
    enum result verdict, const struct why *why);
enum docket_state docket_look(struct docket *d, const struct digest *election,
    const struct digest *record, struct why *why);

#endif
