/*
 * job: one row at one size, by one path. The program that prints the table starts itself
 * anew for each.
 */
#ifndef TESTS_BENCH_JOB_H
#define TESTS_BENCH_JOB_H

#include "tests/bench/bench.h"
#include "tests/bench/table.h"

struct job {
	const struct row *row;
	const char *group; /* "-" for a row without */
	const char *cpu;   /* TABELLA_CPU for it; "" for the best there is */
	size_t n, width;
	int threads;
};

/* Return the row of that name, or NULL. */
const struct row *job_row(const char *name);
/* Call f for every row, in the order of the table. */
void job_each_row(void (*f)(void *ctx, const struct row *row), void *ctx);

/* How a row ended: measured; the time was up and the child was ended; the child failed, and
 * has said why. */
enum job_end { JOB_DONE, JOB_LATE, JOB_FAILED };
/* Measure in a child process: at least three runs, if three fit into `seconds`, otherwise as
 * many as do, but one; no more once a second is used up. After `deadline` (on bench_clock) the
 * child is ended. The strings in *out are the job's, but for cpu: valid until the next call. */
enum job_end job_run(struct figures *out, const struct job *job, double seconds, double deadline);

/* The child's side: argv is what job_run gave it. Writes to standard output what job_run
 * reads. */
int job_main(int argc, char *const argv[]);
/* The argument that leads to job_main. */
#define JOB_FLAG "--job"

#endif
