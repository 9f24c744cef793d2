/*
 * bench: `make bench`. See README.md.
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/field.h"
#include "tests/bench/job.h"
#include "tests/bench/table.h"

/* `make bench` is to end within ten minutes; what it builds and the pipeline need some. */
#define SECONDS 560

#define PIPELINE "pipeline"

struct plan {
	struct job *job;
	size_t n;
	const char *patterns; /* names, beginnings of names or globs; NULL: all */
	int large;
	size_t forced;    /* n for all rows, or 0 */
	const char *only; /* this group, or NULL */
	const char *paths[BENCH_PATHS];
	size_t path_count;
	/* what is being added */
	const char *group;
	size_t size;
	int first; /* the group's first size: what does not depend on n */
};

/* ---- which rows ---- */

/* A name is itself only; what is none stands for all that it begins or fits. */
static int
matches(const char *pattern, const char *name)
{
	if (job_row(pattern) != NULL || strcmp(pattern, PIPELINE) == 0)
		return strcmp(pattern, name) == 0;
	return fnmatch(pattern, name, 0) == 0 || strncmp(pattern, name, strlen(pattern)) == 0;
}

/* The next pattern of a list between spaces or commas; 0 at its end. */
static int
next_pattern(const char **list, char *pattern, size_t room)
{
	size_t n;

	*list += strspn(*list, " ,");
	n = strcspn(*list, " ,");
	if (n == 0)
		return 0;
	if (n >= room)
		bench_fail(2, "BENCH: \"%.*s\" is too long for a row", 60, *list);
	memcpy(pattern, *list, n);
	pattern[n] = '\0';
	*list += n;
	return 1;
}

static int
wanted(const struct plan *p, const char *name)
{
	const char *list = p->patterns;
	char pattern[64];

	if (list == NULL)
		return 1;
	while (next_pattern(&list, pattern, sizeof pattern))
		if (matches(pattern, name))
			return 1;
	return 0;
}

struct search {
	const char *pattern;
	int found;
};

static void
search_row(void *ctx, const struct row *row)
{
	struct search *s = ctx;

	s->found |= matches(s->pattern, row->name);
}

static void
print_name(void *ctx, const struct row *row)
{
	(void)fprintf(ctx, "  %s\n", row->name);
}

static void
print_names(FILE *out)
{
	job_each_row(print_name, out);
	(void)fprintf(out, "  %s\n", PIPELINE);
}

/* Each pattern must be for something: a misspelt name is no empty table. */
static void
check_patterns(const struct plan *p)
{
	const char *list = p->patterns;
	char pattern[64];

	while (list != NULL && next_pattern(&list, pattern, sizeof pattern)) {
		struct search s = { pattern, matches(pattern, PIPELINE) };

		job_each_row(search_row, &s);
		if (!s.found) {
			(void)fprintf(stderr, "bench: no row is called \"%s\". There are:\n",
			    pattern);
			print_names(stderr);
			exit(2);
		}
	}
}

/* ---- the plan ---- */

static void
add(struct plan *p, const struct row *row, size_t n, int threads)
{
	const int curve = strcmp(p->group, "ristretto255") == 0, hash = strcmp(p->group, "-") == 0;
	size_t i;

	if (p->forced > 0)
		n = p->forced;
	/* whole rounds */
	if (row->sizes == SIZES_FIELD)
		n = (n + FIELD_NUMBERS - 1) / FIELD_NUMBERS * FIELD_NUMBERS;
	for (i = hash ? p->path_count - 1 : 0; i < p->path_count; i++) {
		/* There is no AVX2 in the arithmetic of the modp groups. */
		if (!curve && !hash && strcmp(p->paths[i], "avx2") == 0)
			continue;
		p->job = reallocarray(p->job, p->n + 1, sizeof *p->job);
		if (p->job == NULL)
			bench_fail(EXIT_FAILURE, "out of memory");
		p->job[p->n++] = (struct job){ .row = row,
			.group = p->group,
			.cpu = p->paths[i],
			.n = n,
			.width = 1,
			.threads = threads };
	}
}

static void
add_row(void *ctx, const struct row *row)
{
	struct plan *p = ctx;
	const int curve = strcmp(p->group, "ristretto255") == 0;
	const int grouped = row->sizes != SIZES_HASH;
	const size_t n = p->size;

	if (!wanted(p, row->name) || grouped != (strcmp(p->group, "-") != 0) ||
	    (row->there != NULL && !row->there(group_by_name(p->group))))
		return;
	switch (row->sizes) {
	case SIZES_ALL: add(p, row, n, 1); break;
	case SIZES_MIX:
		add(p, row, n, 1);
		add(p, row, n, 2);
		break;
	case SIZES_ALONE:
		if (n <= 10000 && (curve || p->first))
			add(p, row, curve ? n : 100, 1);
		break;
	case SIZES_FIELD:
		if (p->first)
			add(p, row, 100000, 1);
		break;
	case SIZES_HASH:
		if (p->first)
			add(p, row, n, 1);
		break;
	case SIZES_BALLOT:
		if (p->first)
			add(p, row, curve ? 100 : 4, 1);
		break;
	case SIZES_BATCH:
		if (p->first)
			add(p, row, curve || strcmp(p->group, "modp2048") == 0 ? 64 : 16, 1);
		if (p->first && curve && p->forced == 0)
			add(p, row, 4096, 1);
		break;
	}
}

static void
add_size(struct plan *p, const char *group, size_t n, int first)
{
	if (p->only != NULL && strcmp(p->only, group) != 0)
		return;
	p->group = group;
	p->size = n;
	p->first = first && !p->large;
	job_each_row(add_row, p);
}

/* The long ones last: they get the time that the others leave. */
static void
make_plan(struct plan *p)
{
	p->path_count = bench_paths(p->paths);
	if (p->large) {
		add_size(p, "ristretto255", 1000000, 0);
		add_size(p, "modp2048", 10000, 0);
		return;
	}
	add_size(p, "-", 1000, 1);
	add_size(p, "ristretto255", 1000, 1);
	if (p->forced == 0)
		add_size(p, "ristretto255", 10000, 0);
	add_size(p, "modp2048", 1000, 1);
	if (p->forced == 0)
		add_size(p, "ristretto255", 100000, 0);
	add_size(p, "modp3072", 1000, 1);
	add_size(p, "modp4096", 1000, 1);
}

/* ---- running it ---- */

/* The speed-up of the row before that differs in its threads only. */
static double
speedup(const struct figures *before, const struct figures *f)
{
	return before->min * f->threads / f->min;
}

static const struct figures *
find_single(const struct figures *done, size_t n, const struct figures *f)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (done[i].threads == 1 && done[i].n == f->n && done[i].group == f->group &&
		    done[i].name == f->name && strcmp(done[i].cpu, f->cpu) == 0)
			return &done[i];
	return NULL;
}

struct outcome {
	size_t late, failed;
};

static void
run_plan(struct outcome *o, const struct plan *p, double seconds, FILE *json)
{
	const double deadline = bench_clock() + seconds;
	struct figures *done = bench_memory(p->n, sizeof *done);
	const struct figures *single;
	size_t i, k = 0;

	if (p->n > 0)
		table_head(stdout);
	for (i = 0; i < p->n; i++) {
		const struct job *job = &p->job[i];
		const double left = deadline - bench_clock();
		/* Twice an even share: most rows need less than theirs. */
		const double share = 2 * left / (double)(p->n - i);

		if (i > 0 && strcmp(job->group, p->job[i - 1].group) != 0)
			(void)putchar('\n');
		switch (left > 0 ? job_run(&done[k], job, share, deadline) : JOB_LATE) {
		case JOB_DONE: break;
		case JOB_LATE:
			o->late++;
			(void)printf("%-16s %-12s %-8s %3d %8zu    - no time\n", job->row->name,
			    job->group, job->cpu, job->threads, job->n);
			continue;
		case JOB_FAILED:
			o->failed++;
			(void)fprintf(stderr, "bench: %s, %s, n = %zu: failed\n", job->row->name,
			    job->group, job->n);
			continue;
		}
		/* The name of the path must outlive the next row. */
		done[k].cpu = strdup(done[k].cpu);
		if (done[k].cpu == NULL)
			bench_fail(EXIT_FAILURE, "out of memory");
		single = find_single(done, k, &done[k]);
		if (single != NULL)
			done[k].speedup = speedup(single, &done[k]);
		table_row(stdout, &done[k]);
		if (json != NULL)
			table_json(json, &done[k]);
		k++;
	}
	for (i = 0; i < k; i++)
		free((char *)(uintptr_t)done[i].cpu);
	free(done);
}

/* The whole tally, by the program beside this one. */
static int
run_pipeline(const struct plan *p, const char *self)
{
	const size_t n = p->forced > 0 ? p->forced : p->large ? 1000000 : 10000;
	const char *slash = strrchr(self, '/');
	char path[4096], rows[32];
	int status;
	pid_t child;

	(void)snprintf(path, sizeof path, "%.*spipeline",
	    slash == NULL ? 0 : (int)(slash - self) + 1, self);
	(void)snprintf(rows, sizeof rows, "%zu", n);
	(void)putchar('\n');
	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		(void)execl(path, path, rows, p->only, (char *)NULL);
		(void)fprintf(stderr, "bench: cannot start %s: %s\n", path, strerror(errno));
		_exit(EXIT_FAILURE);
	}
	if (child < 0)
		bench_fail(EXIT_FAILURE, "cannot start a process: %s", strerror(errno));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/* ---- main ---- */

static _Noreturn void
usage(int status)
{
	(void)fputs("usage: bench [--large] [--group G] [--n N] [--seconds S] [--list]\n"
		    "BENCH=NAMES in the environment picks rows: names, their beginnings, globs.\n"
		    "BENCH_JSON=FILE also writes the rows there, one JSON object a line.\n",
	    status == 0 ? stdout : stderr);
	exit(status);
}

static double
positive(const char *text, const char *what)
{
	char *end;
	const double x = strtod(text, &end);

	if (end == text || *end != '\0' || !(x > 0) || x > 1e12)
		bench_fail(2, "%s: \"%s\" is no number above 0", what, text);
	return x;
}

static const char *
group_named(const char *name)
{
	if (strcmp(name, "-") != 0 && group_by_name(name) == NULL)
		bench_fail(2, "there is no group \"%s\"", name);
	return name;
}

static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value == NULL || value[strspn(value, " ,")] == '\0' ? NULL : value;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "large", no_argument, NULL, 'l' },
		{ "group", required_argument, NULL, 'g' }, { "n", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 's' }, { "list", no_argument, NULL, 'L' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	struct plan plan = { .patterns = environment("BENCH") };
	const char *path = environment("BENCH_JSON");
	struct outcome o = { 0, 0 };
	double seconds = 0;
	FILE *json = NULL;
	int c;

	if (argc > 1 && strcmp(argv[1], JOB_FLAG) == 0)
		return job_main(argc, argv);
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (c) {
		case 'l': plan.large = 1; break;
		case 'g': plan.only = group_named(optarg); break;
		case 'n': plan.forced = (size_t)positive(optarg, "--n"); break;
		case 's': seconds = positive(optarg, "--seconds"); break;
		case 'L': print_names(stdout); return EXIT_SUCCESS;
		case 'h': usage(0);
		default: usage(2);
		}
	if (optind != argc)
		usage(2);
	check_patterns(&plan);
	/* Emptied here, added to by all. */
	if (path != NULL &&
	    ((json = fopen(path, "we")) == NULL || fclose(json) != 0 ||
		(json = fopen(path, "ae")) == NULL))
		bench_fail(EXIT_FAILURE, "%s cannot be written: %s", path, strerror(errno));
	if (seconds == 0)
		seconds = plan.large ? 24 * 3600 : SECONDS;
	make_plan(&plan);
	run_plan(&o, &plan, seconds, json);
	free(plan.job);
	if (json != NULL && fclose(json) != 0)
		bench_fail(EXIT_FAILURE, "%s cannot be written: %s", path, strerror(errno));
	if (o.late > 0)
		(void)printf("\nFor %zu rows %.0f seconds were too short; BENCH=name measures "
			     "only some.\n",
		    o.late, seconds);
	if (wanted(&plan, PIPELINE) && (plan.only == NULL || strcmp(plan.only, "-") != 0) &&
	    !run_pipeline(&plan, argv[0]))
		o.failed++;
	return o.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
