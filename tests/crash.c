/*
 * crash: boards and their PostgreSQL are killed (kill -9) under load, again and again. What was
 * acknowledged is written down outside; in the end all of it must be on the board, at its
 * place, once.
 *
 *	make check-crash CYCLES=200
 *
 * The first half of the cycles has one board with its private database: the board is killed, the
 * database (all its processes), both. The second half has two boards on one database: one board is
 * killed, the database, everything; and a board between a COMMIT that the database has
 * carried out and the answer that never comes. Each time what was killed is started
 * again while the clients go on trying. The moment is random: once some ballots of the cycle are
 * acknowledged, then up to 20 ms later.
 *
 * Last comes the control: a database that is told, behind the board's back, to confirm
 * commits before they are on disk. Killed under load it must lose acknowledged ballots; if
 * the harness sees none, it sees nothing.
 *
 * The last line has the figures; exit status 1 if one of them is not as it must be.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "crypto/mem.h"
#include "crypto/rng.h"
#include "server/process.h"
#include "server/roles.h"
#include "tests/crash.h"
#include "tests/pg.h"
#include "tests/pg_proxy.h"

static const char help[] = "Usage: crash [OPTION]...\n"
			   "\n"
			   "  --cycles N         how often something is killed (default 200)\n"
			   "  --ballots N        of each cycle (default 260)\n"
			   "  --board PROGRAM    tabellad (default server/tabellad)\n"
			   "  --client PROGRAM   tabella (default client/tabella)\n";

#define CONTROL_TRIES 20
#define CONTROL_BALLOTS 64 /* at a time */
#define SAMPLE 16          /* of every so many ballots the receipt is asked for again */
#define DELAY_MAX_US 3000  /* half a cycle's ballots take longer */

static struct {
	size_t cycles, ballots;
	int tabellad, tabella;
} options = { .cycles = 200, .ballots = 260 };

struct crash {
	char tabellad[300], tabella[300]; /* copies that this user may run */
	char log[300], control_log[300];
	struct sign_public organiser;
	struct load_board boards[2];
	char folder[2][300];
	char *address[2]; /* of the database, if it is not private */
	struct load_election election;
	struct crash_clients clients;
	size_t cycle;
	struct rng rng; /* of the moments */

	/* Of the second half: */
	struct cluster *database;
	struct pg_proxy *proxy; /* between board 0 and the database */
	unsigned proxies;
};

/* ---- what is killed ---- */

#define DATABASE "board0/database"

static void
kill_board(struct crash *c, size_t i)
{
	if (kill(c->boards[i].pid, SIGKILL) != 0 ||
	    waitpid(c->boards[i].pid, NULL, 0) != c->boards[i].pid)
		load_die("board %zu: %s", i, strerror(errno));
	c->boards[i].pid = 0;
}

static void
start_board(struct crash *c, size_t i)
{
	load_board_start(&c->boards[i], options.tabellad, c->folder[i], &c->organiser, 0);
}

static void
start_database(struct crash *c)
{
	struct why why;

	if (cluster_ensure(c->database, &why) != R_GOOD)
		load_die("%s", why.text);
}

/* Board 0 gets a fresh way through to the database. */
static void
renew_proxy(struct crash *c)
{
	char name[16];

	if (c->proxy != NULL)
		pg_proxy_end(c->proxy);
	(void)snprintf(name, sizeof name, "p%u", c->proxies++);
	c->proxy = pg_proxy_start(c->database, name);
	c->boards[0].db = pg_proxy_address(c->proxy);
}

static void
lose_board(struct crash *c)
{
	kill_board(c, 0);
	start_board(c, 0);
}

static void
lose_private_database(struct crash *c)
{
	(void)c;
	pg_kill(DATABASE); /* the board starts it again */
}

static void
lose_both(struct crash *c)
{
	kill_board(c, 0);
	pg_kill(DATABASE);
	start_board(c, 0);
}

static void
lose_one_board(struct crash *c)
{
	kill_board(c, 1);
	start_board(c, 1);
}

static void
lose_database(struct crash *c)
{
	pg_kill(DATABASE);
	start_database(c);
}

static void
lose_everything(struct crash *c)
{
	kill_board(c, 0);
	pg_kill(DATABASE);
	kill_board(c, 1);
	start_database(c);
	renew_proxy(c);
	start_board(c, 0);
	start_board(c, 1);
}

static bool
was_cut(void *ctx)
{
	return pg_proxy_was_cut(ctx);
}

/* The database has committed what board 0 will never hear of. */
static void
cut_an_answer(struct crash *c)
{
	pg_proxy_cut(c->proxy, CUT_AFTER);
}

static void
lose_an_answer(struct crash *c)
{
	if (!pg_wait(was_cut, c->proxy))
		load_die("nothing was committed any more");
	kill_board(c, 0);
	renew_proxy(c);
	start_board(c, 0);
}

struct loss {
	const char *what;
	void (*prepare)(struct crash *c); /* or NULL */
	void (*happens)(struct crash *c);
	size_t times, least; /* ballots under way */
};

static struct loss one_board[] = {
	{ "a board", NULL, lose_board, 0, SIZE_MAX },
	{ "its database", NULL, lose_private_database, 0, SIZE_MAX },
	{ "both", NULL, lose_both, 0, SIZE_MAX },
};

static struct loss two_boards[] = {
	{ "one of two boards", NULL, lose_one_board, 0, SIZE_MAX },
	{ "the database of two boards", NULL, lose_database, 0, SIZE_MAX },
	{ "two boards and their database", NULL, lose_everything, 0, SIZE_MAX },
	{ "a board between COMMIT and answer", cut_an_answer, lose_an_answer, 0, SIZE_MAX },
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- cycles ---- */

/* Something is lost in the middle of the cycle's ballots: the second half of them is let go just
 * before, so that there are some under way however fast the machine is. */
static void
run_cycle(struct crash *c, struct loss *loss)
{
	const size_t begun = c->cycle * options.ballots;
	size_t under_way;

	crash_clients_allow(&c->clients, begun + options.ballots / 2);
	crash_clients_wait(&c->clients,
	    begun + 1 + rng_below(&c->rng, (uint32_t)options.ballots / 2));
	if (loss->prepare != NULL)
		loss->prepare(c);
	crash_clients_allow(&c->clients, begun + options.ballots);
	(void)nanosleep(&(struct timespec){ 0, (long)rng_below(&c->rng, DELAY_MAX_US) * 1000 },
	    NULL);
	under_way = atomic_load(&c->clients.under_way);
	loss->least = under_way < loss->least ? under_way : loss->least;
	loss->times++;
	loss->happens(c);
	c->cycle++;
}

static void
run_cycles(struct crash *c, struct loss *losses, size_t n, size_t to)
{
	size_t i;

	for (i = 0; c->cycle < to; i++)
		run_cycle(c, &losses[i % n]);
	crash_clients_wait(&c->clients, c->cycle * options.ballots);
	for (i = 0; i < n; i++)
		printf("lost %zu times: %s, with at least %zu ballots under way\n", losses[i].times,
		    losses[i].what, losses[i].times > 0 ? losses[i].least : 0);
	(void)fflush(stdout);
}

/* ---- programs ---- */

/* The build folder may be closed to the user who runs PostgreSQL. */
static void
copy_program(char path[300], int program, const char *name)
{
	struct stat st;
	off_t done = 0;
	int fd;

	(void)snprintf(path, 300, "%s/%s", pg_folder(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (fd < 0 || fstat(program, &st) != 0)
		load_die("%s: %s", path, strerror(errno));
	while (done < st.st_size)
		if (sendfile(fd, program, &done, (size_t)(st.st_size - done)) <= 0)
			load_die("%s: %s", path, strerror(errno));
	(void)close(fd);
}

/* Whether the database holds, entry for entry. */
static bool
check_database(const struct crash *c)
{
	const char *const argv[] = { c->tabellad, "--data", c->folder[0], "--db", c->address[1],
		"--check", NULL };
	struct why why;
	char said[1024];

	if (process_run(argv, said, sizeof said, &why) == R_GOOD)
		return true;
	printf("tabellad --check: %s\n", why.text);
	return false;
}

/* What an observer says of the board. */
static bool
verify_board(const struct crash *c)
{
	char url[64], hex[65], said[1024];
	const char *const argv[] = { c->tabella, "verify", url, "--election", hex, "--partial",
		NULL };
	struct why why;

	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u", c->boards[0].port);
	(void)hex_encode(hex, c->election.id.b, sizeof c->election.id.b);
	if (process_run(argv, said, sizeof said, &why) == R_GOOD)
		return true;
	printf("tabella verify: %s\n", why.text);
	return false;
}

/* ---- the second half ---- */

static void
copy_file(const struct crash *c, const char *name)
{
	char from[400], to[400], said[512];
	const char *const argv[] = { "/bin/cp", "-p", "--", from, to, NULL };
	struct why why;

	(void)snprintf(from, sizeof from, "%s/%s", c->folder[0], name);
	(void)snprintf(to, sizeof to, "%s/%s", c->folder[1], name);
	if (process_run(argv, said, sizeof said, &why) != R_GOOD)
		load_die("%s", why.text);
}

/* From here on the database is ours, and two boards serve it. */
static void
begin_two_boards(struct crash *c)
{
	load_board_stop(&c->boards[0]);
	c->database = pg_cluster(DATABASE);
	c->address[0] = cluster_address(c->database, DB_ROLE_BOARD, DATABASE_NAME);
	c->address[1] = cluster_address(c->database, DB_ROLE_READER, DATABASE_NAME);
	if (c->address[0] == NULL || c->address[1] == NULL)
		load_die("out of memory");
	if (mkdir(c->folder[1], 0700) != 0)
		load_die("%s: %s", c->folder[1], strerror(errno));
	copy_file(c, "board.key");
	copy_file(c, "board.mark");
	renew_proxy(c);
	c->boards[1].db = c->address[0];
	start_board(c, 0);
	start_board(c, 1);
	atomic_store(&c->clients.board_count, 2);
}

static void
end_all(struct crash *c)
{
	struct why why;

	if (c->proxy != NULL)
		pg_proxy_end(c->proxy);
	if (cluster_stop(c->database, &why) != R_GOOD)
		load_die("%s", why.text);
	cluster_free(c->database);
	free(c->address[0]);
	free(c->address[1]);
	load_election_free(&c->election);
}

/* ---- the control ---- */

static void
alter_system(const struct crash *c, const char *how)
{
	const char *answer = pg_sql(c->database, DB_ROLE_SUPER, "ALTER SYSTEM %s", how);

	if (answer[0] == '!' ||
	    pg_sql(c->database, DB_ROLE_SUPER, "SELECT pg_reload_conf()")[0] == '!')
		load_die("ALTER SYSTEM %s: %s", how, answer);
}

static bool
is_off(void *ctx)
{
	const struct crash *c = ctx;

	return strcmp(pg_sql(c->database, DB_ROLE_SUPER, "SHOW synchronous_commit"), "off") == 0;
}

/* The board must not serve what has gone back. */
static bool
is_refused(const struct crash *c)
{
	const char *const argv[] = { c->tabellad, "--data", c->folder[1], "--db", c->address[0],
		"--name", LOAD_BOARD_NAME, "--listen", "127.0.0.1:0", NULL };
	struct why why;
	char said[1024];

	if (process_run(argv, said, sizeof said, &why) != R_GOOD &&
	    strstr(said, "ROLLBACK") != NULL)
		return true;
	printf("a board was not refused a database that has gone back: %s\n", said);
	return false;
}

static void
vote_in_control(struct crash_clients *c)
{
	const size_t before = atomic_load(&c->acknowledged);

	crash_clients_allow(c, c->next + CONTROL_BALLOTS);
	crash_clients_wait(c, before + CONTROL_BALLOTS);
}

/* Board 1 checked its connections when it made them; now the setting changes under them, and the
 * database is killed right after an acknowledgement, until it has lost something: what its
 * processes had not yet handed to the kernel, which may be nothing. Nothing else is under way
 * then: entries that were lost before they were acknowledged would also end the control, since
 * the board's mark knows of them. */
static size_t
run_control(struct crash *c, bool *good)
{
	struct crash_clients clients = { .boards = &c->boards[1],
		.board_count = 1,
		.election = &c->election,
		.next = c->cycle * options.ballots };
	size_t acknowledged, lost = 0, tries;
	uint64_t size;

	load_board_stop(&c->boards[0]);
	crash_clients_start(&clients, c->control_log);
	for (tries = 1;; tries++) {
		vote_in_control(&clients); /* now it has all its connections */
		alter_system(c, "SET synchronous_commit = off");
		if (!pg_wait(is_off, c))
			load_die("synchronous_commit stays on");
		vote_in_control(&clients);
		pg_kill(DATABASE);
		kill_board(c, 1);
		start_database(c);
		alter_system(c, "RESET synchronous_commit");
		size = strtoull(pg_sql(c->database, DB_ROLE_SUPER, "SELECT size FROM tabella.head"),
		    NULL, 10);
		lost = crash_beyond(c->control_log, size, &acknowledged);
		if (lost > 0 || tries == CONTROL_TRIES)
			break;
		start_board(c, 1);
	}
	crash_clients_end(&clients);
	printf("control: %zu acknowledged with synchronous_commit = off, %zu of them lost when the "
	       "database was killed for the %zu. time\n",
	    tries * CONTROL_BALLOTS, lost, tries);
	*good = lost > 0 && is_refused(c);
	return lost;
}

/* ---- the whole ---- */

static void
begin(struct crash *c)
{
	size_t i;

	if (rng_system(&c->rng) != R_GOOD)
		load_die("no random numbers");
	copy_program(c->tabellad, options.tabellad, "tabellad");
	copy_program(c->tabella, options.tabella, "tabella");
	(void)snprintf(c->log, sizeof c->log, "%s/acknowledged", pg_folder());
	(void)snprintf(c->control_log, sizeof c->control_log, "%s/control", pg_folder());
	for (i = 0; i < 2; i++)
		(void)snprintf(c->folder[i], sizeof c->folder[i], "%s/board%zu", pg_folder(), i);
	load_organiser(&c->organiser);
	start_board(c, 0);
	load_election_make(&c->election, &c->boards[0],
	    options.cycles * options.ballots + 2 * CONTROL_TRIES * CONTROL_BALLOTS, 0);
	c->clients.boards = c->boards;
	c->clients.board_count = 1;
	c->clients.election = &c->election;
	crash_clients_start(&c->clients, c->log);
}

static int
body(void)
{
	static struct crash c;
	struct crash_verdict v;
	size_t control;
	bool good, seen;
	double begun;

	begin(&c);
	begun = load_now();
	run_cycles(&c, one_board, COUNT(one_board), options.cycles / 2);
	begin_two_boards(&c);
	run_cycles(&c, two_boards, COUNT(two_boards), options.cycles);
	crash_clients_end(&c.clients);
	printf("%zu cycles in %.0f s; answers that did not come %zu, answers 503 %zu\n", c.cycle,
	    load_now() - begun, atomic_load(&c.clients.broken), atomic_load(&c.clients.busy));
	crash_compare(&v, c.log, &c.boards[0], &c.election, SAMPLE);
	good = check_database(&c) && verify_board(&c);
	printf("receipts that do not hold %zu, ballots that nobody was told of %zu, chain %s\n",
	    v.dishonoured, v.strangers, good ? "valid" : "NOT VALID");
	control = run_control(&c, &seen);
	good = good && check_database(&c) && seen && v.dishonoured == 0 && v.strangers == 0 &&
	    v.lost == 0 && v.doubled == 0 && v.acknowledged == options.cycles * options.ballots;
	end_all(&c);
	printf("acknowledged %zu, lost %zu, doubled %zu, control lost %zu\n", v.acknowledged,
	    v.lost, v.doubled, control);
	return good ? 0 : 1;
}

static int
read_options(int argc, char **argv)
{
	static const struct option names[] = { { "cycles", required_argument, NULL, 'c' },
		{ "ballots", required_argument, NULL, 'n' },
		{ "board", required_argument, NULL, 'b' },
		{ "client", required_argument, NULL, 'v' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	const char *tabellad = "server/tabellad", *tabella = "client/tabella";
	int c;

	while ((c = getopt_long(argc, argv, "h", names, NULL)) != -1)
		switch (c) {
		case 'c': options.cycles = strtoul(optarg, NULL, 10); break;
		case 'n': options.ballots = strtoul(optarg, NULL, 10); break;
		case 'b': tabellad = optarg; break;
		case 'v': tabella = optarg; break;
		case 'h': (void)fputs(help, stdout); exit(0);
		default: (void)fputs(help, stderr); return 2;
		}
	if (optind < argc || options.cycles == 0 || options.ballots < 2 * CRASH_CLIENTS) {
		(void)fprintf(stderr, "crash: at least 1 cycle of at least %d ballots\n%s",
		    2 * CRASH_CLIENTS, help);
		return 2;
	}
	options.tabellad = open(tabellad, O_RDONLY | O_CLOEXEC);
	options.tabella = open(tabella, O_RDONLY | O_CLOEXEC);
	if (options.tabellad < 0 || options.tabella < 0)
		load_die("%s: %s", options.tabellad < 0 ? tabellad : tabella, strerror(errno));
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
