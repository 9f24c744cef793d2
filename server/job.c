#include "server/job.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/meter.h"

static void
prepare(struct job *job)
{
	struct record *record = NULL;
	struct frozen *frozen;

	check_free(job->check);
	job->check = NULL;
	job->verdict = record_parse(&record, NULL, job->bytes, &job->why);
	if (job->verdict != R_GOOD)
		return;
	job->hash = record->hash;
	job->has_tracker = record->type == RECORD_BALLOT;
	job->tracker = record->tracker;
	job->seen = hosted_size(job->host);
	frozen = hosted_frozen(job->host);
	job->verdict = rules_prepare(&job->check, frozen, record, &job->why);
	frozen_unref(frozen);
	if (job->verdict != R_GOOD)
		record_free(record);
}

enum result
job_new(struct job **out, struct hosted *host, struct request *request, struct slice bytes)
{
	struct job *job = calloc(1, sizeof *job);
	uint8_t *copy = malloc(bytes.n > 0 ? bytes.n : 1);

	*out = NULL;
	if (job == NULL || copy == NULL) {
		free(job);
		free(copy);
		return R_NO_MEMORY;
	}
	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	job->host = host;
	job->request = request;
	job->begun = meter_now();
	job->bytes.p = copy;
	job->bytes.n = bytes.n;
	sha256(&job->hash, bytes.p, bytes.n);
	prepare(job);
	*out = job;
	return R_GOOD;
}

void
job_again(struct job *job)
{
	job->rounds++;
	prepare(job);
}

void
job_free(struct job *job)
{
	if (job == NULL)
		return;
	check_free(job->check);
	free((void *)(uintptr_t)job->bytes.p);
	free(job);
}

/* ---- queue ---- */

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	struct job *first, **last;
	size_t jobs, bytes, jobs_max, bytes_max;
	bool closed;
};

enum result
queue_new(struct queue **out, size_t jobs_max, size_t bytes_max)
{
	struct queue *q = calloc(1, sizeof *q);

	*out = q;
	if (q == NULL)
		return R_NO_MEMORY;
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->filled, NULL);
	(void)pthread_cond_init(&q->emptied, NULL);
	q->last = &q->first;
	q->jobs_max = jobs_max;
	q->bytes_max = bytes_max;
	return R_GOOD;
}

void
queue_free(struct queue *q)
{
	struct job *job;

	if (q == NULL)
		return;
	while ((job = q->first) != NULL) {
		q->first = job->next;
		job_free(job);
	}
	(void)pthread_mutex_destroy(&q->lock);
	(void)pthread_cond_destroy(&q->filled);
	(void)pthread_cond_destroy(&q->emptied);
	free(q);
}

/* An empty queue takes a job of any size. */
static bool
has_room(const struct queue *q, const struct job *job)
{
	return q->jobs == 0 || (q->jobs < q->jobs_max && q->bytes + job->bytes.n <= q->bytes_max);
}

enum result
queue_put(struct queue *q, struct job *job, enum queue_put how)
{
	enum result r = R_BUSY;

	(void)pthread_mutex_lock(&q->lock);
	while (how == QUEUE_WAIT && !q->closed && !has_room(q, job))
		(void)pthread_cond_wait(&q->emptied, &q->lock);
	if (!q->closed && (how == QUEUE_FORCE || has_room(q, job))) {
		job->next = NULL;
		*q->last = job;
		q->last = &job->next;
		q->jobs++;
		q->bytes += job->bytes.n;
		(void)pthread_cond_signal(&q->filled);
		r = R_GOOD;
	}
	(void)pthread_mutex_unlock(&q->lock);
	return r;
}

void
queue_count(struct queue *q, size_t *jobs, size_t *bytes)
{
	(void)pthread_mutex_lock(&q->lock);
	*jobs = q->jobs;
	*bytes = q->bytes;
	(void)pthread_mutex_unlock(&q->lock);
}

/* Take up to n jobs; the lock is held. */
static struct job *
take_locked(struct queue *q, size_t n)
{
	struct job *list = NULL, **end = &list;

	for (; q->first != NULL && n > 0; n--) {
		struct job *job = q->first;

		q->first = job->next;
		q->jobs--;
		q->bytes -= job->bytes.n;
		job->next = NULL;
		*end = job;
		end = &job->next;
	}
	if (q->first == NULL)
		q->last = &q->first;
	(void)pthread_cond_broadcast(&q->emptied);
	return list;
}

struct job *
queue_take(struct queue *q, size_t n)
{
	struct job *list;

	(void)pthread_mutex_lock(&q->lock);
	while (q->first == NULL && !q->closed)
		(void)pthread_cond_wait(&q->filled, &q->lock);
	list = take_locked(q, n);
	(void)pthread_mutex_unlock(&q->lock);
	return list;
}

struct job *
queue_take_within(struct queue *q, size_t n, unsigned ms, bool *closed)
{
	struct timespec until;
	struct job *list;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	(void)pthread_mutex_lock(&q->lock);
	while (q->first == NULL && !q->closed)
		if (pthread_cond_clockwait(&q->filled, &q->lock, CLOCK_MONOTONIC, &until) != 0)
			break;
	*closed = q->closed && q->first == NULL;
	list = take_locked(q, n);
	(void)pthread_mutex_unlock(&q->lock);
	return list;
}

void
queue_close(struct queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->closed = true;
	(void)pthread_cond_broadcast(&q->filled);
	(void)pthread_cond_broadcast(&q->emptied);
	(void)pthread_mutex_unlock(&q->lock);
}

/* ---- docket ---- */

#define DOCKET_CASES 1024
#define DOCKET_PENDING_MAX 256

struct docket_case {
	enum docket_state state;
	struct digest election, record;
	uint64_t age; /* the lower, the older */
	struct why why;
};

struct docket {
	pthread_mutex_t lock;
	uint64_t clock;
	size_t pending;
	struct docket_case cases[DOCKET_CASES];
};

enum result
docket_new(struct docket **out)
{
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return R_NO_MEMORY;
	(void)pthread_mutex_init(&(*out)->lock, NULL);
	return R_GOOD;
}

void
docket_free(struct docket *d)
{
	if (d == NULL)
		return;
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
}

static struct docket_case *
find_case(struct docket *d, const struct digest *election, const struct digest *record)
{
	size_t i;

	for (i = 0; i < DOCKET_CASES; i++)
		if (d->cases[i].state != DOCKET_NONE && digest_equal(&d->cases[i].record, record) &&
		    digest_equal(&d->cases[i].election, election))
			return &d->cases[i];
	return NULL;
}

/* A free case, or that of the oldest refusal. */
static struct docket_case *
make_room(struct docket *d)
{
	struct docket_case *oldest = NULL;
	size_t i;

	for (i = 0; i < DOCKET_CASES; i++) {
		struct docket_case *c = &d->cases[i];

		if (c->state == DOCKET_NONE)
			return c;
		if (c->state == DOCKET_REFUSED && (oldest == NULL || c->age < oldest->age))
			oldest = c;
	}
	return oldest;
}

enum result
docket_open(struct docket *d, const struct digest *election, const struct digest *record)
{
	struct docket_case *c;
	enum result r = R_GOOD;

	(void)pthread_mutex_lock(&d->lock);
	c = find_case(d, election, record);
	if (c != NULL && c->state == DOCKET_PENDING)
		r = R_CONFLICT;
	else if (d->pending == DOCKET_PENDING_MAX)
		r = R_BUSY;
	else {
		if (c == NULL)
			c = make_room(d);
		c->state = DOCKET_PENDING;
		c->election = *election;
		c->record = *record;
		c->age = d->clock++;
		d->pending++;
	}
	(void)pthread_mutex_unlock(&d->lock);
	return r;
}

void
docket_close(struct docket *d, const struct digest *election, const struct digest *record,
    enum result verdict, const struct why *why)
{
	struct docket_case *c;

	(void)pthread_mutex_lock(&d->lock);
	c = find_case(d, election, record);
	if (c != NULL && c->state == DOCKET_PENDING) {
		d->pending--;
		c->state = verdict == R_GOOD ? DOCKET_NONE : DOCKET_REFUSED;
		c->why = *why;
		c->why.reason = verdict;
	}
	(void)pthread_mutex_unlock(&d->lock);
}

enum docket_state
docket_look(struct docket *d, const struct digest *election, const struct digest *record,
    struct why *why)
{
	struct docket_case *c;
	enum docket_state state = DOCKET_NONE;

	(void)pthread_mutex_lock(&d->lock);
	c = find_case(d, election, record);
	if (c != NULL) {
		state = c->state;
		*why = c->why;
	}
	(void)pthread_mutex_unlock(&d->lock);
	return state;
}
