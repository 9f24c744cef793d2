#include "tests/bench/job.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/mem.h"

#define RUNS_MAX 25
#define ENOUGH 0.5  /* seconds of runs */
#define SEVERAL 1.5 /* seconds in which three runs must have begun */

/* ---- rows ---- */

static const struct row *const tables[] = { rows_hash, rows_field, rows_group, rows_ballot,
	rows_mix };

void
job_each_row(void (*f)(void *, const struct row *), void *ctx)
{
	const struct row *row;
	size_t i;

	for (i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (row = tables[i]; row->name != NULL; row++)
			f(ctx, row);
}

const struct row *
job_row(const char *name)
{
	const struct row *row;
	size_t i;

	for (i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (row = tables[i]; row->name != NULL; row++)
			if (strcmp(row->name, name) == 0)
				return row;
	return NULL;
}

/* ---- the child ---- */

/* Forget the peak so far: what was allocated to get ready and freed again. */
static void
memory_reset(void)
{
	int fd;

	(void)malloc_trim(0);
	fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "5", 1);
	(void)close(fd);
}

/* The peak of resident memory since then, in KiB; where the system does not keep it apart, of the
 * whole process. */
static long
memory_peak(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	struct rusage usage;
	char line[256];
	long kib = -1;

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (f != NULL)
		(void)fclose(f);
	if (kib < 0 && getrusage(RUSAGE_SELF, &usage) == 0)
		kib = usage.ru_maxrss;
	return kib;
}

static double
once(const struct row *row, struct bench *b)
{
	const double from = bench_clock();

	row->run(b);
	return (bench_clock() - from) * 1e6 * b->effort.threads / (double)b->n;
}

static int
by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The first run also warms the caches: it counts only if it was too long to do without. */
static void
measure(struct figures *out, const struct row *row, struct bench *b, double seconds)
{
	const double scale = (double)b->n / 1e6 / b->effort.threads;
	double us[RUNS_MAX], spent;

	us[0] = once(row, b);
	spent = us[0] * scale;
	out->runs = 1;
	if (spent < 0.05) {
		us[0] = once(row, b);
		spent = us[0] * scale;
	}
	while (out->runs < RUNS_MAX && (spent < ENOUGH || (out->runs < 3 && spent < SEVERAL)) &&
	    spent * (out->runs + 1) / out->runs <= seconds) {
		us[out->runs] = once(row, b);
		spent += us[out->runs++] * scale;
	}
	qsort(us, out->runs, sizeof *us, by_value);
	out->min = us[0];
	out->median = out->runs % 2 == 1 ? us[out->runs / 2]
					 : (us[out->runs / 2 - 1] + us[out->runs / 2]) / 2;
	out->max = us[out->runs - 1];
}

static void
compare(struct figures *out, const struct row *row, struct bench *b)
{
	struct work work;
	struct least least;

	out->ratio = NAN;
	out->bound = NAN;
	if (row->other != NULL)
		out->ratio = row->other(b) / out->min;
	if (row->work != NULL) {
		work = row->work(b);
		out->ratio = bench_one_at_a_time(b->group, &work) / out->min;
	}
	if (row->least != NULL) {
		least = row->least(b);
		out->bound = bench_least(b->group, &least);
	}
}

int
job_main(int argc, char *const argv[])
{
	struct figures f = { .runs = 0 };
	struct bench b = { .all = { .threads = 0 } };
	const struct row *row;

	row = argc == 8 ? job_row(argv[2]) : NULL;
	if (row == NULL) {
		(void)fprintf(stderr, "%s takes a row, a group, n, width, threads, seconds\n",
		    JOB_FLAG);
		return 2;
	}
	bench_must(mem_init(), "start");
	bench_must(rng_system(&b.rng), "random bytes");
	b.group = group_by_name(argv[3]);
	b.n = (size_t)strtoull(argv[4], NULL, 10);
	b.width = (size_t)strtoull(argv[5], NULL, 10);
	b.effort.threads = (int)strtol(argv[6], NULL, 10);
	if (row->make != NULL)
		row->make(&b);
	memory_reset();
	measure(&f, row, &b, strtod(argv[7], NULL));
	f.peak_kib = memory_peak();
	compare(&f, row, &b);
	if (row->end != NULL)
		row->end(&b);
	return printf("%s %u %.9g %.9g %.9g %.9g %.9g %ld\n", bench_path(), f.runs, f.min, f.median,
		   f.max, f.ratio, f.bound, f.peak_kib) < 0 ||
		fflush(stdout) != 0
	    ? EXIT_FAILURE
	    : EXIT_SUCCESS;
}

/* ---- the parent ---- */

static _Noreturn void
become(const struct job *job, double seconds, int out)
{
	char n[32], width[32], threads[16], limit[32];
	char name[32], group[32];
	char *const argv[] = { (char[]){ "bench" }, (char[]){ JOB_FLAG }, name, group, n, width,
		threads, limit, NULL };

	(void)snprintf(name, sizeof name, "%s", job->row->name);
	(void)snprintf(group, sizeof group, "%s", job->group);
	(void)snprintf(n, sizeof n, "%zu", job->n);
	(void)snprintf(width, sizeof width, "%zu", job->width);
	(void)snprintf(threads, sizeof threads, "%d", job->threads);
	(void)snprintf(limit, sizeof limit, "%g", seconds);
	if ((job->cpu[0] != '\0' && setenv("TABELLA_CPU", job->cpu, 1) != 0) ||
	    dup2(out, STDOUT_FILENO) < 0)
		_exit(EXIT_FAILURE);
	(void)execv("/proc/self/exe", argv);
	(void)fprintf(stderr, "bench: cannot start itself: %s\n", strerror(errno));
	_exit(EXIT_FAILURE);
}

/* Read what the child writes until it ends; 0 if the deadline comes first. */
static int
read_all(int fd, char *text, size_t room, double deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t n = 0;
	ssize_t got;
	double left;

	for (;;) {
		left = deadline - bench_clock();
		if (left <= 0 || poll(&p, 1, left > 1e6 ? -1 : (int)(left * 1000) + 1) == 0)
			return 0;
		got = read(fd, text + n, room - 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	text[n] = '\0';
	return 1;
}

enum job_end
job_run(struct figures *out, const struct job *job, double seconds, double deadline)
{
	static char cpu[16];
	char text[512];
	int fd[2], status, in_time;
	pid_t child;

	if (pipe2(fd, O_CLOEXEC) != 0 || (child = fork()) < 0)
		bench_fail(EXIT_FAILURE, "cannot start a process: %s", strerror(errno));
	if (child == 0)
		become(job, seconds, fd[1]);
	(void)close(fd[1]);
	in_time = read_all(fd[0], text, sizeof text, deadline);
	(void)close(fd[0]);
	if (!in_time)
		(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!in_time)
		return JOB_LATE;
	*out = (struct figures){ .name = job->row->name,
		.group = job->group,
		.cpu = cpu,
		.threads = job->threads,
		.n = job->n,
		.width = job->width,
		.speedup = NAN };
	if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS ||
	    sscanf(text, "%15s %u %lf %lf %lf %lf %lf %ld", cpu, &out->runs, &out->min,
		&out->median, &out->max, &out->ratio, &out->bound, &out->peak_kib) != 8)
		return JOB_FAILED;
	return JOB_DONE;
}
