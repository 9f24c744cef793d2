/*
 * full: a board whose disk is full: its database and its mark, twice: first there is no room for
 * the tables, then none for PostgreSQL's own log, which ends PostgreSQL. Ballots are refused
 * meanwhile, each answer comes soon and says when to try again; nothing that was acknowledged is
 * lost; and when there is room again the board goes on by itself.
 *
 *	tests/full TABELLAD LOG		with TMPDIR on a small file system, and LOG elsewhere
 */
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/mem.h"
#include "server/roles.h"
#include "tests/crash.h"
#include "tests/pg.h"

#define BALLOTS 400  /* of each part */
#define REFUSALS 100 /* that must have been seen while the disk is full */
#define ANSWER_SECONDS 5
#define SECONDS 60

static const char *log_path;
static int program;
static struct load_board board;
static struct load_election election;
static char folder[300], ballast[300];

static void
fill_disk(void)
{
	static const char block[1 << 16];
	size_t n = sizeof block;
	int fd = open(ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		load_die("%s: %s", ballast, strerror(errno));
	while (n > 0)
		if (write(fd, block, n) <= 0) {
			if (errno != ENOSPC)
				load_die("%s: %s", ballast, strerror(errno));
			n /= 2;
		}
	(void)close(fd);
}

static void
make_room(void)
{
	if (unlink(ballast) != 0)
		load_die("%s: %s", ballast, strerror(errno));
}

/* The log that PostgreSQL writes ahead goes on in a new file, until there is none: then
 * PostgreSQL ends itself. */
static void
use_up_log(void)
{
	char path[400], *address;
	bool ended = false;
	struct cluster *c;
	struct why why;
	PGresult *res;
	PGconn *pg;
	int i;

	(void)snprintf(path, sizeof path, "%s/database", folder);
	if (cluster_visit(&c, path, &why) != R_GOOD)
		load_die("%s", why.text);
	address = cluster_address(c, DB_ROLE_SUPER, DATABASE_NAME);
	pg = PQconnectdb(address);
	for (i = 0; i < 64 && !ended; i++) {
		res = PQexec(pg,
		    "SELECT pg_logical_emit_message(true, 'full', 'full'); SELECT pg_switch_wal()");
		ended = PQstatus(pg) != CONNECTION_OK;
		PQclear(res);
	}
	PQfinish(pg);
	free(address);
	cluster_free(c);
	if (!ended)
		load_die("PostgreSQL has room for its log");
}

static void
must_be_alive(const char *when)
{
	if (waitpid(board.pid, NULL, WNOHANG) != 0)
		load_die("%s: the board has ended", when);
}

/* Until ballots were refused again and again, with an honest answer each time. */
static void
wait_for_refusals(struct crash_clients *c, const char *when)
{
	const size_t before = atomic_load(&c->busy);
	const double end = load_now() + SECONDS;

	while (atomic_load(&c->busy) < before + REFUSALS) {
		fill_disk();
		must_be_alive(when);
		if (load_now() > end)
			load_die("%s: ballots are not refused (%zu of %d)", when,
			    atomic_load(&c->busy) - before, REFUSALS);
		(void)nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	}
}

static void
ask_one(struct crash_clients *c, const char *when, struct slice record)
{
	struct buffer answer = { 0 }, head = { 0 };
	double begun = load_now(), seconds;
	int status = load_try(&board, &answer, &head, "POST", c->path, record);

	seconds = load_now() - begun;
	if (status != 503 || memmem(head.p, head.n, "\r\nRetry-After: ", 15) == NULL)
		load_die("%s: a ballot is answered with %d: %.*s%.*s", when, status, (int)head.n,
		    (const char *)head.p, (int)answer.n, (const char *)answer.p);
	if (seconds > ANSWER_SECONDS)
		load_die("%s: the refusal of a ballot took %.1f s", when, seconds);
	printf("%s: a ballot is refused within %.0f ms: %.*s\n", when, seconds * 1000,
	    (int)answer.n, (const char *)answer.p);
	buffer_free(&answer);
	buffer_free(&head);
}

static void
run_part(struct crash_clients *c, const char *when, size_t part, void (*fill)(void))
{
	const size_t to = (part + 1) * BALLOTS;
	double begun;

	crash_clients_allow(c, to - BALLOTS / 2);
	crash_clients_wait(c, to - BALLOTS / 2);
	fill();
	crash_clients_allow(c, to);
	wait_for_refusals(c, when);
	ask_one(c, when, election.ballots[election.n - 1].record);
	make_room();
	begun = load_now();
	crash_clients_wait(c, to);
	must_be_alive(when);
	printf("%s: all are acknowledged %.1f s after there is room again\n", when,
	    load_now() - begun);
	(void)fflush(stdout);
}

static void
fill_log(void)
{
	fill_disk();
	use_up_log();
}

static int
body(void)
{
	struct crash_clients c = { .boards = &board, .board_count = 1, .election = &election };
	struct sign_public organiser;
	struct crash_verdict v;
	bool good;

	(void)snprintf(folder, sizeof folder, "%s/board", pg_folder());
	(void)snprintf(ballast, sizeof ballast, "%s/ballast", pg_folder());
	load_organiser(&organiser);
	load_board_start(&board, program, folder, &organiser, 0);
	load_election_make(&election, &board, 2 * BALLOTS + 1, 0);
	crash_clients_start(&c, log_path);
	run_part(&c, "no room for tables", 0, fill_disk);
	run_part(&c, "no room for the log", 1, fill_log);
	crash_clients_end(&c);
	crash_compare(&v, log_path, &board, &election, 4);
	good = v.acknowledged == 2 * BALLOTS && v.lost == 0 && v.doubled == 0 && v.strangers == 0 &&
	    v.dishonoured == 0 && atomic_load(&c.broken) == 0 &&
	    atomic_load(&c.slowest) <= ANSWER_SECONDS * 1000;
	load_board_stop(&board);
	printf("acknowledged %zu, lost %zu, doubled %zu, answers 503 %zu, the slowest after %u ms, "
	       "without an answer %zu\n",
	    v.acknowledged, v.lost, v.doubled, atomic_load(&c.busy), atomic_load(&c.slowest),
	    atomic_load(&c.broken));
	load_election_free(&election);
	return good ? 0 : 1;
}

int
main(int argc, char **argv)
{
	if (mem_init() != R_GOOD)
		return 3;
	if (argc != 3) {
		(void)fputs("Usage: full TABELLAD LOG\n", stderr);
		return 2;
	}
	program = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (program < 0)
		load_die("%s: %s", argv[1], strerror(errno));
	log_path = argv[2];
	return pg_main(body);
}
