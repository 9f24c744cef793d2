/* The bounded queues of job.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "server/job.h"
#include "tests/must.h"
#include "tests/suite.h"

static struct job *
make(size_t bytes)
{
	struct job *job = calloc(1, sizeof *job);

	must(job != NULL);
	job->bytes.n = bytes;
	return job;
}

static size_t
take(struct queue *q, size_t n)
{
	struct job *list = queue_take(q, n), *next;
	size_t taken = 0;

	for (; list != NULL; list = next, taken++) {
		next = list->next;
		job_free(list);
	}
	return taken;
}

START_TEST(bounded_by_count_and_by_bytes)
{
	struct job *extra = make(10);
	struct queue *q;

	must(queue_new(&q, 3, 100) == R_GOOD);
	must(queue_put(q, make(40), QUEUE_TRY) == R_GOOD);
	must(queue_put(q, make(60), QUEUE_TRY) == R_GOOD);
	ck_assert_int_eq(queue_put(q, extra, QUEUE_TRY), R_BUSY);
	ck_assert_uint_eq(take(q, 1), 1);
	ck_assert_int_eq(queue_put(q, extra, QUEUE_TRY), R_GOOD);
	must(queue_put(q, make(1), QUEUE_TRY) == R_GOOD);
	extra = make(1);
	ck_assert_int_eq(queue_put(q, extra, QUEUE_TRY), R_BUSY);
	ck_assert_int_eq(queue_put(q, extra, QUEUE_FORCE), R_GOOD);
	ck_assert_uint_eq(take(q, 10), 4);
	/* What is larger than the whole queue still gets through, alone. */
	ck_assert_int_eq(queue_put(q, make(1000), QUEUE_TRY), R_GOOD);
	extra = make(1);
	ck_assert_int_eq(queue_put(q, extra, QUEUE_TRY), R_BUSY);
	job_free(extra);
	queue_free(q);
}
END_TEST

struct putter {
	struct queue *q;
	atomic_uint put;
};

static void *
put_many(void *arg)
{
	struct putter *p = arg;
	struct job *job;

	for (;;) {
		job = make(1);
		if (queue_put(p->q, job, QUEUE_WAIT) != R_GOOD)
			break;
		atomic_fetch_add(&p->put, 1);
	}
	job_free(job);
	return NULL;
}

/* One who waits for room gets on as others take, never further ahead than the bound, and
 * is let go when the queue is closed. */
START_TEST(waiting_for_room)
{
	struct putter p = { 0 };
	pthread_t thread;
	size_t taken = 0;

	must(queue_new(&p.q, 4, 100) == R_GOOD);
	must(pthread_create(&thread, NULL, put_many, &p) == 0);
	while (taken < 1000) {
		taken += take(p.q, 2);
		must(atomic_load(&p.put) <= taken + 5);
	}
	queue_close(p.q);
	must(pthread_join(thread, NULL) == 0);
	while (take(p.q, 10) > 0)
		;
	queue_free(p.q);
}
END_TEST

START_TEST(closed)
{
	struct job *job = make(1);
	struct queue *q;

	must(queue_new(&q, 4, 100) == R_GOOD);
	must(queue_put(q, make(1), QUEUE_TRY) == R_GOOD);
	queue_close(q);
	ck_assert_int_eq(queue_put(q, job, QUEUE_TRY), R_BUSY);
	ck_assert_int_eq(queue_put(q, job, QUEUE_WAIT), R_BUSY);
	ck_assert_int_eq(queue_put(q, job, QUEUE_FORCE), R_BUSY);
	ck_assert_uint_eq(take(q, 5), 1);
	ck_assert_uint_eq(take(q, 5), 0);
	job_free(job);
	queue_free(q);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("queue");
	TCase *c = tcase_create("queue");

	suite_add_tcase(s, c);
	tcase_add_test(c, bounded_by_count_and_by_bytes);
	tcase_add_test(c, waiting_for_room);
	tcase_add_test(c, closed);
	return suite_main(s);
}
