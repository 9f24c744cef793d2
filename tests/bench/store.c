/*
 * store: how many entries of 600 bytes one connection appends in a second, by batch
 * size, and how fast they are read back. On a private cluster in TMPDIR with every
 * safety on; the disk below TMPDIR is part of what is measured.
 *
 *	make tests/bench/store && tests/bench/store
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/must.h"
#include "tests/pg.h"
#include "tests/store_board.h"

#define RUNS 5

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
print_row(const char *what, double *values)
{
	qsort(values, RUNS, sizeof *values, by_value);
	printf("%-34s %12.0f %12.0f %12.0f\n", what, values[0], values[RUNS / 2], values[RUNS - 1]);
}

/* Append batches of n for about two seconds. Making the lines is not counted. */
static double
append_rate(struct toy *t, size_t n)
{
	double spent = 0, from;
	size_t done = 0;

	while (spent < 2) {
		toy_make(t, n);
		from = seconds();
		must(store_commit(t->store, t->election, &t->addition, t->sign, NULL) == R_GOOD);
		spent += seconds() - from;
		done += n;
		toy_catch_up(t);
	}
	return (double)done / spent;
}

static enum result
add_up(void *ctx, uint64_t seq, struct slice line)
{
	(void)seq;
	*(uint64_t *)ctx += line.n;
	return R_GOOD;
}

static double
read_rate(struct toy *t)
{
	double from = seconds();
	uint64_t bytes = 0;

	must(store_lines(t->store, t->election, 0, t->head.size, add_up, &bytes, NULL) == R_GOOD);
	return (double)bytes / 1e6 / (seconds() - from);
}

static int
body(void)
{
	static const size_t sizes[] = { 1, 8, 64, 512 };
	struct cluster *c = pg_cluster("bench");
	struct store *s = pg_store(c);
	double values[RUNS];
	struct toy t;
	char what[64];
	size_t i, run;

	toy_start(&t, s, "bench", 1);
	t.line_bytes = 600;
	printf("%-34s %12s %12s %12s\n", "", "min", "median", "max");
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		for (run = 0; run < RUNS; run++)
			values[run] = append_rate(&t, sizes[i]);
		(void)snprintf(what, sizeof what, "appends a second, %zu a batch", sizes[i]);
		print_row(what, values);
	}
	for (run = 0; run < RUNS; run++)
		values[run] = read_rate(&t);
	(void)snprintf(what, sizeof what, "MB a second read, %llu entries",
	    (unsigned long long)t.head.size);
	print_row(what, values);
	toy_end(&t);
	store_free(s);
	(void)cluster_stop(c, NULL);
	cluster_free(c);
	return EXIT_SUCCESS;
}

int
main(void)
{
	return pg_main(body);
}
