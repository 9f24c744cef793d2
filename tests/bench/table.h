/*
 * table: what was measured, for people and as JSON lines.
 */
#ifndef TESTS_BENCH_TABLE_H
#define TESTS_BENCH_TABLE_H

#include <stdio.h>

/* One row. Times are microseconds an item and core: of the wall clock, times threads, divided
 * by items. What there is not is NAN, or 0 for counts. */
struct figures {
	const char *name, *group, *cpu;
	int threads;
	size_t n, width;
	unsigned runs;
	double min, median, max;
	double ratio;   /* the comparison's time divided by the median */
	double bound;   /* the least that the arithmetic takes */
	double speedup; /* against the same row by one thread */
	long peak_kib;
};

void table_head(FILE *out);
void table_row(FILE *out, const struct figures *f);
/* One line; NAN becomes null. */
void table_json(FILE *out, const struct figures *f);

#endif
