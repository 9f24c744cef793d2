/*
 * load: how many ballots a second a board acknowledges, each verified and durable, and how
 * long that takes; with a real tabellad, its private PostgreSQL with every safety on, and
 * real ballots over HTTP. Afterwards every receipt is held against the board.
 *
 *	make load
 *	make load LOAD="--voters 20000 --connections 128 --rate 2000"
 *
 * Two runs: flat out with three quarters of the ballots, then the rest at a fixed rate.
 * Clients, board and database share the machine. All is in TMPDIR, whose disk is part
 * of what is measured.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/mem.h"
#include "server/process.h"
#include "tests/bench/load.h"
#include "tests/pg.h"

static const char help[] =
    "Usage: load [OPTION]...\n"
    "\n"
    "  --voters N         ballots, one a voter (default 40000)\n"
    "  --connections N    between clients and board (default 256)\n"
    "  --rate N           ballots a second in the second run (default: half of what the\n"
    "                     first run reached)\n"
    "  --read SECONDS     for reading entries (default 3)\n"
    "  --keep DIR         prepare board and ballots in this folder, or start from what is there\n"
    "  --board PROGRAM    tabellad (default server/tabellad)\n";

static struct {
	size_t voters, connections;
	double rate, read;
	const char *keep;
	int program;
} options = { .voters = 40000, .connections = 256, .read = 3 };

/* ---- who used the processors ---- */

#define SPENT_MAX 24

/* Seconds by the name of the thread or program. */
struct spent {
	struct {
		char name[20];
		double seconds;
	} of[SPENT_MAX];
	size_t n;
};

static void
add_spent(struct spent *s, const char *name, double seconds)
{
	size_t i;

	for (i = 0; i < s->n && strcmp(s->of[i].name, name) != 0; i++)
		;
	if (i == SPENT_MAX)
		return;
	if (i == s->n) {
		(void)snprintf(s->of[i].name, sizeof s->of[i].name, "%s", name);
		s->of[i].seconds = 0;
		s->n++;
	}
	s->of[i].seconds += seconds;
}

/* Add what a task in /proc has used; under its own name unless another one is given. */
static void
read_task(struct spent *s, const char *path, const char *name)
{
	unsigned long user = 0, system = 0;
	char line[1024], comm[20] = "";
	FILE *f = fopen(path, "re");
	char *open, *close;

	if (f == NULL)
		return;
	if (fgets(line, sizeof line, f) != NULL && (open = strchr(line, '(')) != NULL &&
	    (close = strrchr(line, ')')) != NULL) {
		(void)snprintf(comm, sizeof comm, "%.*s", (int)(close - open - 1), open + 1);
		/* Fields 14 and 15; the third follows the name. */
		(void)sscanf(close + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		    &user, &system);
		add_spent(s, name != NULL ? name : comm,
		    (double)(user + system) / (double)sysconf(_SC_CLK_TCK));
	}
	(void)fclose(f);
}

static void
read_board(struct spent *s, pid_t pid)
{
	char path[400];
	struct dirent *entry;
	DIR *tasks;

	(void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks != NULL && (entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.') {
			(void)snprintf(path, sizeof path, "/proc/%d/task/%s/stat", (int)pid,
			    entry->d_name);
			read_task(s, path, NULL);
		}
	if (tasks != NULL)
		(void)closedir(tasks);
}

/* The servers whose working folder is below ours. */
static void
read_database(struct spent *s)
{
	char path[300], where[1024];
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	ssize_t n;

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		(void)snprintf(path, sizeof path, "/proc/%s/cwd", entry->d_name);
		n = atoi(entry->d_name) > 0 ? readlink(path, where, sizeof where - 1) : -1;
		if (n <= 0)
			continue;
		where[n] = '\0';
		if (strncmp(where, pg_folder(), strlen(pg_folder())) != 0)
			continue;
		(void)snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		read_task(s, path, "database");
	}
	if (proc != NULL)
		(void)closedir(proc);
}

static void
read_spent(struct spent *s, const struct load_board *b)
{
	struct rusage own;

	memset(s, 0, sizeof *s);
	read_board(s, b->pid);
	read_database(s);
	(void)getrusage(RUSAGE_SELF, &own);
	add_spent(s, "clients",
	    (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
		(double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6);
}

static void
print_spent(const struct spent *before, const struct spent *after, size_t ballots)
{
	double us, all = 0;
	size_t i, k;

	printf("  microseconds of processor a ballot:");
	for (i = 0; i < after->n; i++) {
		us = after->of[i].seconds;
		for (k = 0; k < before->n; k++)
			if (strcmp(before->of[k].name, after->of[i].name) == 0)
				us -= before->of[k].seconds;
		us = us * 1e6 / (double)ballots;
		all += us;
		if (us >= 0.5)
			printf(" %s %.0f,", after->of[i].name, us);
	}
	printf(" together %.0f\n", all);
}

/* What the board counts about itself. */
struct counted {
	double batches, stored, commit, sign;
};

static double
metric(const struct buffer *text, const char *name)
{
	const char *p = memmem(text->p, text->n, name, strlen(name));

	return p != NULL ? strtod(p + strlen(name), NULL) : 0;
}

static void
read_counted(struct counted *c, const struct load_board *b)
{
	struct buffer text = { 0 };

	if (load_ask(b, &text, NULL, "GET", "/metrics", (struct slice){ 0 }) != 200)
		load_die("the board has no /metrics");
	c->batches = metric(&text, "\ntabella_batches_total ");
	c->stored = metric(&text, "\ntabella_records_stored_total ");
	c->commit = metric(&text, "\ntabella_commit_seconds_sum ");
	c->sign = metric(&text, "\ntabella_sign_seconds_sum ");
	buffer_free(&text);
}

static void
print_counted(const struct counted *before, const struct counted *after)
{
	double n = after->batches - before->batches;

	if (n > 0)
		printf("  batches of %.0f on average: %.1f ms to commit, %.1f ms to sign and "
		       "commit "
		       "the head\n",
		    (after->stored - before->stored) / n,
		    (after->commit - before->commit) / n * 1e3,
		    (after->sign - before->sign) / n * 1e3);
}

static size_t
resident_mb(pid_t pid)
{
	char path[64], line[256];
	unsigned long kb = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "VmHWM: %lu", &kb) == 1)
			break;
	if (f != NULL)
		(void)fclose(f);
	return kb / 1024;
}

/* ---- a run ---- */

static int
by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
print_run(const char *what, const struct load_run *run, const struct load_election *e, size_t from,
    size_t to)
{
	static const double points[] = { 0.5, 0.9, 0.99, 0.999, 1 };
	static const char *const names[] = { "50 %", "90 %", "99 %", "99.9 %", "max" };
	double *ms = calloc(to - from, sizeof *ms);
	size_t i, n = 0;

	if (ms == NULL)
		load_die("out of memory");
	for (i = from; i < to; i++)
		if (e->ballots[i].receipt != NULL)
			ms[n++] = e->ballots[i].latency * 1000;
	qsort(ms, n, sizeof *ms, by_value);
	printf("%s: %zu acknowledged in %.2f s, %.0f a second; answers 503 %zu, refused %zu, "
	       "connections lost %zu\n",
	    what, run->acknowledged, run->seconds, (double)run->acknowledged / run->seconds,
	    run->busy, run->refused, run->lost);
	if (run->refused > 0)
		printf("  first refusal: %s\n", run->first);
	printf("  latency in ms:");
	for (i = 0; n > 0 && i < sizeof points / sizeof *points; i++)
		printf(" %s %.1f%s", names[i], ms[(size_t)(points[i] * (double)(n - 1))],
		    i + 1 < sizeof points / sizeof *points ? "," : "\n");
	free(ms);
}

static void
run(const char *what, struct load_run *r, const struct load_board *b, struct load_election *e,
    size_t from, size_t to)
{
	struct counted counted_before, counted_after;
	struct spent before, after;

	read_counted(&counted_before, b);
	r->connections = options.connections;
	read_spent(&before, b);
	load_drive(r, b, e, from, to);
	read_spent(&after, b);
	print_run(what, r, e, from, to);
	print_spent(&before, &after, to - from);
	read_counted(&counted_after, b);
	print_counted(&counted_before, &counted_after);
	(void)fflush(stdout);
}

/* ---- the whole ---- */

static void
copy_folder(const char *from, const char *to)
{
	const char *const argv[] = { "/bin/cp", "-a", "--", from, to, NULL };
	struct why why;
	char said[512];

	if (process_run(argv, said, sizeof said, &why) != R_GOOD)
		load_die("%s", why.text);
}

/* Have a board where people vote, and their ballots; make them or take what is kept. */
static void
prepare(struct load_board *b, struct load_election *e, const char *folder)
{
	char kept[400], ballots[400];
	struct sign_public organiser;
	double begun = load_now();

	(void)snprintf(kept, sizeof kept, "%s/board", options.keep != NULL ? options.keep : "");
	(void)snprintf(ballots, sizeof ballots, "%s/ballots",
	    options.keep != NULL ? options.keep : "");
	load_organiser(&organiser);
	if (options.keep != NULL && access(ballots, R_OK) == 0) {
		copy_folder(kept, folder);
		load_election_read(e, ballots);
		load_board_start(b, options.program, folder, &organiser, 0);
		return;
	}
	load_board_start(b, options.program, folder, &organiser, 0);
	load_election_make(e, b, options.voters, 0);
	printf("prepared %zu voters and their ballots in %.0f s\n", e->n, load_now() - begun);
	(void)fflush(stdout);
	if (options.keep == NULL)
		return;
	load_board_stop(b);
	copy_folder(folder, kept);
	load_election_write(e, ballots);
	load_board_start(b, options.program, folder, &organiser, 0);
}

static int
body(void)
{
	struct load_run flat = { 0 }, paced = { .rate = options.rate };
	struct load_election e;
	struct load_verdict verdict;
	struct load_board b = { 0 };
	char folder[300];
	size_t middle;

	(void)snprintf(folder, sizeof folder, "%s/board", pg_folder());
	prepare(&b, &e, folder);
	middle = e.n / 4 * 3;
	run("flat out", &flat, &b, &e, 0, middle);
	if (paced.rate <= 0)
		paced.rate = (double)flat.acknowledged / flat.seconds / 2;
	run("at a fixed rate", &paced, &b, &e, middle, e.n);
	load_check(&verdict, &b, &e);
	printf("checked %zu receipts against %zu entries: signatures, inclusion, bytes, each "
	       "once\n",
	    verdict.receipts, verdict.entries);
	if (options.read > 0)
		printf("entries read at %.0f MB a second\n",
		    load_read_rate(&b, &e, options.read) / 1e6);
	printf("the board's largest memory: %zu MB\n", resident_mb(b.pid));
	load_board_stop(&b);
	load_election_free(&e);
	return flat.refused + paced.refused == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
read_options(int argc, char **argv)
{
	static const struct option names[] = { { "voters", required_argument, NULL, 'v' },
		{ "connections", required_argument, NULL, 'c' },
		{ "rate", required_argument, NULL, 'r' }, { "read", required_argument, NULL, 'e' },
		{ "keep", required_argument, NULL, 'k' }, { "board", required_argument, NULL, 'b' },
		{ NULL, 0, NULL, 0 } };
	const char *program = "server/tabellad";
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (c) {
		case 'v': options.voters = strtoul(optarg, NULL, 10); break;
		case 'c': options.connections = strtoul(optarg, NULL, 10); break;
		case 'r': options.rate = strtod(optarg, NULL); break;
		case 'e': options.read = strtod(optarg, NULL); break;
		case 'k': options.keep = optarg; break;
		case 'b': program = optarg; break;
		default: (void)fputs(help, stderr); return 2;
		}
	if (optind < argc || options.voters < 8 || options.connections == 0) {
		(void)fputs(help, stderr);
		return 2;
	}
	if (options.keep != NULL && access(options.keep, W_OK | X_OK) != 0)
		load_die("%s: %s; --keep needs a folder", options.keep, strerror(errno));
	options.program = open(program, O_RDONLY | O_CLOEXEC);
	if (options.program < 0)
		load_die("%s: %s", program, strerror(errno));
	return 0;
}

int
main(int argc, char **argv)
{
	if (mem_init() != R_GOOD)
		return 3;
	if (read_options(argc, argv) != 0)
		return 2;
	return pg_main(body);
}
