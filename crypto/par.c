#include "crypto/par.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

/* More threads than that are of no use to anybody. */
#define THREADS_MAX 256

/* One call of par_ranges. Ranges are handed out in order: when range k fails,
 * every lower one has been started already and will be finished, so that the
 * lowest failure is always found. */
struct run {
	size_t n, grain, ranges;
	par_body *body;
	void *ctx;
	const struct effort *effort;
	atomic_size_t next; /* the range to hand out */
	atomic_size_t done; /* items finished */
	atomic_int stop;
	/* The lowest failure so far; under the lock. */
	pthread_mutex_t lock;
	enum result result;
	size_t range, bad;
};

size_t
par_count(size_t n, size_t grain)
{
	return n / grain + (n % grain != 0);
}

/* Return the number of processors that this process may run on. */
static int
processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static int
thread_count(const struct effort *effort, size_t ranges)
{
	int threads;

	if (effort == NULL)
		return 1;
	threads = effort->threads > 0 ? effort->threads : processors();
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	return (size_t)threads < ranges ? threads : (int)ranges;
}

size_t
par_grain(const struct effort *effort, size_t n, size_t most)
{
	const size_t threads = (size_t)thread_count(effort, SIZE_MAX);
	/* Two ranges for each thread, so that none waits long for the last. */
	const size_t even = threads == 1 ? n : par_count(n, 2 * threads);

	if (even > most)
		return most;
	return even > 0 ? even : 1;
}

/* Tell the caller how far we are; called from its own thread only. */
static void
report(struct run *run)
{
	const struct effort *effort = run->effort;

	if (effort == NULL || effort->progress == NULL)
		return;
	if (effort->progress(effort->ctx, atomic_load(&run->done), run->n) != 0)
		atomic_store(&run->stop, 1);
}

static void
failed(struct run *run, size_t range, enum result result, size_t bad)
{
	atomic_store(&run->stop, 1);
	(void)pthread_mutex_lock(&run->lock);
	if (run->result == R_GOOD || range < run->range) {
		run->result = result;
		run->range = range;
		run->bad = bad;
	}
	(void)pthread_mutex_unlock(&run->lock);
}

static void
work(struct run *run, int caller)
{
	enum result result;
	size_t range, from, to, bad;

	while (!atomic_load(&run->stop)) {
		range = atomic_fetch_add(&run->next, 1);
		if (range >= run->ranges)
			break;
		from = range * run->grain;
		to = run->n - from < run->grain ? run->n : from + run->grain;
		bad = from;
		result = run->body(run->ctx, from, to, &bad);
		if (result != R_GOOD) {
			failed(run, range, result, bad);
			break;
		}
		/* The last report is made when all threads have come home. */
		if (atomic_fetch_add(&run->done, to - from) + (to - from) < run->n && caller)
			report(run);
	}
}

static void *
help(void *run)
{
	work(run, 0);
	return NULL;
}

/* Work with so many threads, this one among them. They live for one call only: a pool whose idle
 * threads spin, as those of OpenMP do, takes the processors from the database beside us. If one
 * cannot be started, the others do its work. */
static void
work_together(struct run *run, int threads)
{
	pthread_t helper[THREADS_MAX];
	sigset_t all, before;
	int helpers = 0;

	(void)pthread_mutex_init(&run->lock, NULL);
	if (threads > 1) {
		/* Signals are for the threads that expect them. */
		(void)sigfillset(&all);
		(void)pthread_sigmask(SIG_SETMASK, &all, &before);
		while (
		    helpers < threads - 1 && pthread_create(&helper[helpers], NULL, help, run) == 0)
			helpers++;
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	work(run, 1);
	while (helpers-- > 0)
		(void)pthread_join(helper[helpers], NULL);
	(void)pthread_mutex_destroy(&run->lock);
}

enum result
par_ranges(const struct effort *effort, size_t n, size_t grain, par_body *body, void *ctx,
    size_t *bad)
{
	struct run run = { .n = n, .grain = grain, .body = body, .ctx = ctx, .effort = effort };
	int threads;

	assert(grain > 0);
	run.ranges = par_count(n, grain);
	threads = thread_count(effort, run.ranges);
	work_together(&run, threads);
	if (run.result != R_GOOD) {
		if (bad != NULL)
			*bad = run.bad;
		return run.result;
	}
	if (n > 0 && atomic_load(&run.done) == n)
		report(&run);
	return atomic_load(&run.stop) ? R_CANCELLED : R_GOOD;
}
