/*
 * test_par: each item is worked on once, the lowest failure wins, progress is told to
 * the caller's thread, and a caller can stop.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/par.h"
#include "tests/suite.h"

#define MOST 5000

struct work {
	size_t n, grain;
	atomic_int touched[MOST];
	atomic_int calls;
	/* Fail at these items, with these results. */
	size_t fail_at[3];
	enum result fail_with[3];
	/* What progress has seen. */
	pthread_t caller;
	int reports;
	uint64_t last;
	int stop_after; /* cancel at this report; 0: never */
};

static enum result
body(void *ctx, size_t from, size_t to, size_t *bad)
{
	struct work *w = ctx;
	size_t i, k;

	ck_assert_uint_eq(from % w->grain, 0);
	ck_assert(to == from + w->grain || to == w->n);
	ck_assert_uint_lt(from, to);
	atomic_fetch_add(&w->calls, 1);
	for (i = from; i < to; i++) {
		atomic_fetch_add(&w->touched[i], 1);
		for (k = 0; k < 3; k++)
			if (w->fail_with[k] != R_GOOD && w->fail_at[k] == i) {
				*bad = i;
				return w->fail_with[k];
			}
	}
	return R_GOOD;
}

static int
progress(void *ctx, uint64_t done, uint64_t total)
{
	struct work *w = ctx;

	ck_assert(pthread_equal(pthread_self(), w->caller));
	ck_assert_uint_eq(total, w->n);
	ck_assert_uint_le(done, total);
	ck_assert_uint_ge(done, w->last);
	w->last = done;
	w->reports++;
	return w->stop_after != 0 && w->reports >= w->stop_after;
}

static struct work *
work_new(size_t n, size_t grain)
{
	struct work *w = calloc(1, sizeof *w);

	ck_assert_ptr_nonnull(w);
	w->n = n;
	w->grain = grain;
	w->caller = pthread_self();
	return w;
}

START_TEST(counts)
{
	ck_assert_uint_eq(par_count(0, 7), 0);
	ck_assert_uint_eq(par_count(1, 7), 1);
	ck_assert_uint_eq(par_count(7, 7), 1);
	ck_assert_uint_eq(par_count(8, 7), 2);
	ck_assert_uint_eq(par_count(SIZE_MAX, 1), SIZE_MAX);
	ck_assert_uint_eq(par_count(SIZE_MAX, SIZE_MAX - 1), 2);
}
END_TEST

START_TEST(every_item_once)
{
	static const size_t ns[] = { 0, 1, 2, 3, 63, 64, 65, 1000, MOST };
	static const size_t grains[] = { 1, 2, 64, 1000, 100000 };
	const int threads = _i - 1; /* -1: no effort at all */
	size_t a, b, i;

	for (a = 0; a < sizeof ns / sizeof ns[0]; a++)
		for (b = 0; b < sizeof grains / sizeof grains[0]; b++) {
			struct work *w = work_new(ns[a], grains[b]);
			const struct effort effort = { threads, progress, w };
			size_t bad = 77;

			ck_assert_int_eq(par_ranges(threads < 0 ? NULL : &effort, w->n, w->grain,
					     body, w, &bad),
			    R_GOOD);
			ck_assert_uint_eq(bad, 77);
			for (i = 0; i < w->n; i++)
				ck_assert_int_eq(w->touched[i], 1);
			ck_assert_uint_eq((size_t)w->calls, par_count(w->n, w->grain));
			if (threads >= 0) {
				ck_assert_uint_eq(w->last, w->n);
				ck_assert(w->n == 0 ? w->reports == 0 : w->reports > 0);
			}
			free(w);
		}
}
END_TEST

START_TEST(no_progress_wanted)
{
	struct work *w = work_new(100, 10);
	const struct effort effort = { .threads = _i };

	ck_assert_int_eq(par_ranges(&effort, w->n, w->grain, body, w, NULL), R_GOOD);
	free(w);
}
END_TEST

/* Whoever is faster, the lowest of several failures is reported. */
START_TEST(lowest_failure)
{
	int round;

	for (round = 0; round < 30; round++) {
		struct work *w = work_new(1000, 7);
		const struct effort effort = { _i, NULL, NULL };
		size_t bad = 0;

		w->fail_at[0] = 701;
		w->fail_with[0] = R_NO_MEMORY;
		w->fail_at[1] = 300;
		w->fail_with[1] = R_NON_CANONICAL;
		w->fail_at[2] = 309;
		w->fail_with[2] = R_BAD_PROOF;
		ck_assert_int_eq(par_ranges(&effort, w->n, w->grain, body, w, &bad),
		    R_NON_CANONICAL);
		ck_assert_uint_eq(bad, 300);
		ck_assert_int_eq(par_ranges(&effort, w->n, w->grain, body, w, NULL),
		    R_NON_CANONICAL);
		free(w);
	}
}
END_TEST

/* A failure stops the rest. */
START_TEST(failure_stops)
{
	struct work *w = work_new(MOST, 1);
	const struct effort effort = { .threads = 2 };

	w->fail_with[0] = R_BAD_PROOF;
	ck_assert_int_eq(par_ranges(NULL, w->n, w->grain, body, w, NULL), R_BAD_PROOF);
	ck_assert_int_eq(w->calls, 1);
	ck_assert_int_eq(par_ranges(&effort, w->n, w->grain, body, w, NULL), R_BAD_PROOF);
	free(w);
}
END_TEST

START_TEST(cancels)
{
	struct work *w = work_new(1000, 10);
	const struct effort effort = { .threads = 1, .progress = progress, .ctx = w };
	const struct effort two = { .threads = 2, .progress = progress, .ctx = w };

	w->stop_after = 3;
	ck_assert_int_eq(par_ranges(&effort, w->n, w->grain, body, w, NULL), R_CANCELLED);
	ck_assert_int_eq(w->calls, 3);
	w->last = 0;
	ck_assert_int_eq(par_ranges(&two, w->n, w->grain, body, w, NULL), R_CANCELLED);
	/* at the last report, too */
	w->last = 0;
	w->n = 5;
	ck_assert_int_eq(par_ranges(&effort, w->n, w->grain, body, w, NULL), R_CANCELLED);
	free(w);
}
END_TEST

/* A cancelled run that has met a failure says so. */
START_TEST(failure_before_cancel)
{
	struct work *w = work_new(30, 10);
	const struct effort effort = { .threads = 1, .progress = progress, .ctx = w };
	size_t bad = 0;

	w->stop_after = 100;
	w->fail_at[0] = 25;
	w->fail_with[0] = R_BAD_PROOF;
	ck_assert_int_eq(par_ranges(&effort, w->n, w->grain, body, w, &bad), R_BAD_PROOF);
	ck_assert_uint_eq(bad, 25);
	free(w);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("par");
	TCase *tc = tcase_create("par");

	tcase_add_test(tc, counts);
	tcase_add_loop_test(tc, every_item_once, 0, 6);
	tcase_add_loop_test(tc, no_progress_wanted, 0, 3);
	tcase_add_loop_test(tc, lowest_failure, 0, 4);
	tcase_add_test(tc, failure_stops);
	tcase_add_test(tc, cancels);
	tcase_add_test(tc, failure_before_cancel);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
