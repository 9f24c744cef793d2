/*
 * test_store_faults: connections that break at each place around a COMMIT, servers that
 * are killed under load, disks that are full, standbys that do not answer. What was
 * acknowledged is there, once; what was not is found out.
 */
#include <check.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "server/roles.h"
#include "server/store.h"
#include "tests/pg.h"
#include "tests/pg_proxy.h"
#include "tests/store_board.h"
#include "tests/suite.h"

static struct why why;
static struct cluster *cluster;

static void
start_cluster(void)
{
	cluster = pg_cluster("faults");
}

static void
stop_cluster(void)
{
	ck_assert_msg(cluster_stop(cluster, &why) == R_GOOD, "%s", why.text);
	cluster_free(cluster);
}

static bool
sql_is_true(void *ctx)
{
	return strcmp(pg_sql(cluster, DB_ROLE_SUPER, "%s", (const char *)ctx), "t") == 0;
}

static void
await_sql(const char *condition)
{
	char sql[400];

	(void)snprintf(sql, sizeof sql, "SELECT %s", condition);
	ck_assert_msg(pg_wait(sql_is_true, sql), "%s", condition);
}

/* ---- something that appends or settles in a thread of its own ---- */

struct job {
	struct toy *toy;
	bool settle;
	enum result r;
	pthread_t thread;
};

static void *
do_job(void *ctx)
{
	struct job *j = ctx;
	struct toy *t = j->toy;

	j->r = j->settle ? toy_settle(t, NULL)
			 : store_commit(t->store, t->election, &t->addition, t->sign, NULL);
	return NULL;
}

static void
begin_job(struct toy *t, bool settle, struct job *j)
{
	j->toy = t;
	j->settle = settle;
	ck_assert_int_eq(pthread_create(&j->thread, NULL, do_job, j), 0);
}

static enum result
end_job(struct job *j)
{
	ck_assert_int_eq(pthread_join(j->thread, NULL), 0);
	return j->r;
}

/* ---- cut connections ---- */

static struct pg_proxy *proxy;
static struct store *through, *direct;
static struct toy toy, other;

static void
begin_proxy(const char *name)
{
	struct store_options o = { 0 };

	proxy = pg_proxy_start(cluster, name);
	o.address = pg_proxy_address(proxy);
	ck_assert_msg(store_open(&through, &o, &why) == R_GOOD, "%s", why.text);
	direct = pg_store(cluster);
	toy_start(&toy, through, name, 1);
	toy_start(&other, direct, name, 2);
	toy_persist(&toy, 3);
}

static void
end_proxy(uint64_t size)
{
	ck_assert_uint_eq(toy_check(&other), size);
	toy_end(&toy);
	toy_end(&other);
	store_free(through);
	store_free(direct);
	pg_proxy_end(proxy);
}

static void
append_cut(enum pg_cut cut)
{
	toy_make(&toy, 4);
	pg_proxy_cut(proxy, cut);
	memset(&why, 0, sizeof why);
	ck_assert_int_eq(toy_append(&toy, &why), R_NOT_CONFIRMED);
	ck_assert_int_eq(why.reason, R_NOT_CONFIRMED);
	ck_assert_str_ne(why.text, "");
}

START_TEST(cut_before_the_commit)
{
	begin_proxy("before");
	append_cut(CUT_BEFORE);
	ck_assert_int_eq(toy_settle(&toy, &why), R_NOT_FOUND);
	ck_assert_int_eq(toy_settle(&toy, &why), R_NOT_FOUND);
	ck_assert_msg(toy_append(&toy, &why) == R_GOOD, "%s", why.text);
	end_proxy(7);
}
END_TEST

START_TEST(cut_after_the_commit)
{
	struct store_batch b;

	begin_proxy("after");
	append_cut(CUT_AFTER);
	ck_assert_msg(toy_settle(&toy, &why) == R_GOOD, "%s", why.text);
	ck_assert_int_eq(store_batch(through, &b, toy.election, 2, &why), R_GOOD);
	ck_assert(slice_equal(b.note, toy.after.note));
	store_batch_free(&b);
	ck_assert_int_eq(store_batch(through, &b, toy.election, 5, &why), R_NOT_FOUND);
	/* Trying again without asking is refused. */
	ck_assert_int_eq(toy_append(&toy, &why), R_CONFLICT);
	end_proxy(7);
}
END_TEST

/* The server is still at it when we ask: the answer waits for it. */
START_TEST(cut_off_while_the_commit_is_under_way)
{
	struct job j;

	begin_proxy("hold");
	append_cut(CUT_HOLD);
	begin_job(&toy, true, &j);
	await_sql("count(*) > 0 FROM pg_locks WHERE NOT granted");
	pg_proxy_release(proxy);
	ck_assert_int_eq(end_job(&j), R_GOOD);
	end_proxy(7);
}
END_TEST

START_TEST(cut_and_somebody_else_was_faster)
{
	begin_proxy("faster");
	append_cut(CUT_BEFORE);
	toy_persist(&other, 2);
	ck_assert_int_eq(toy_settle(&toy, &why), R_CONFLICT);
	toy_persist(&toy, 4);
	end_proxy(9);
}
END_TEST

START_TEST(cut_and_somebody_else_went_on)
{
	begin_proxy("went-on");
	append_cut(CUT_AFTER);
	toy_persist(&other, 2);
	ck_assert_int_eq(toy_settle(&toy, &why), R_GOOD);
	end_proxy(9);
}
END_TEST

/* ---- ended sessions ---- */

static const char waiting[] = "count(*) = 1 FROM pg_stat_activity WHERE usename = '" DB_ROLE_BOARD
			      "' AND wait_event_type = 'Lock'";

/* Hold a lock that stops an append between its entries and its batch row. */
static PGconn *
hold_batches(void)
{
	char *address = cluster_address(cluster, DB_ROLE_OWNER, DATABASE_NAME);
	PGconn *pg = PQconnectdb(address);
	PGresult *res = PQexec(pg, "BEGIN; LOCK TABLE tabella.batch IN SHARE MODE");

	ck_assert_msg(PQresultStatus(res) == PGRES_COMMAND_OK, "%s", PQerrorMessage(pg));
	PQclear(res);
	free(address);
	return pg;
}

START_TEST(a_session_ended_within_the_transaction)
{
	struct store *s = pg_store(cluster);
	struct job j;
	PGconn *holder;

	toy_start(&toy, s, "terminated", 1);
	toy_persist(&toy, 2);
	toy_persist(&toy, 1); /* signs, so all statements are prepared */
	toy_make(&toy, 4);
	holder = hold_batches();
	begin_job(&toy, false, &j);
	await_sql(waiting);
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER,
			     "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
			     " WHERE usename = '%s' AND wait_event_type = 'Lock'",
			     DB_ROLE_BOARD),
	    "t");
	ck_assert_int_eq(end_job(&j), R_NOT_CONFIRMED);
	PQfinish(holder);
	ck_assert_int_eq(toy_settle(&toy, &why), R_NOT_FOUND);
	ck_assert_msg(toy_append(&toy, &why) == R_GOOD, "%s", why.text);
	ck_assert_uint_eq(toy_check(&toy), 7);
	toy_end(&toy);
	store_free(s);
}
END_TEST

START_TEST(a_statement_that_takes_too_long)
{
	struct store_options o = { .statement_ms = 200 };
	char *address = cluster_address(cluster, DB_ROLE_BOARD, DATABASE_NAME);
	struct store *s;
	PGconn *holder;

	o.address = address;
	ck_assert_msg(store_open(&s, &o, &why) == R_GOOD, "%s", why.text);
	free(address);
	toy_start(&toy, s, "slow", 1);
	toy_persist(&toy, 2);
	toy_persist(&toy, 1); /* signs, so all statements are prepared */
	toy_make(&toy, 4);
	holder = hold_batches();
	/* Refused by the server, so the outcome is known; the head's lock is free again. */
	ck_assert_int_eq(toy_append(&toy, &why), R_NO_DATABASE);
	ck_assert_msg(strstr(why.text, "57014") != NULL, "%s", why.text);
	PQfinish(holder);
	ck_assert_msg(toy_append(&toy, &why) == R_GOOD, "%s", why.text);
	ck_assert_uint_eq(toy_check(&toy), 7);
	toy_end(&toy);
	store_free(s);
}
END_TEST

START_TEST(an_idle_session_may_die)
{
	struct store *s = pg_store(cluster);

	toy_start(&toy, s, "idle", 1);
	toy_persist(&toy, 3);
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER,
			     "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
			     " WHERE usename = '%s' AND pid <> pg_backend_pid()",
			     DB_ROLE_BOARD),
	    "t");
	/* A read does not even notice. */
	ck_assert_uint_eq(toy_check(&toy), 3);
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER,
			     "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
			     " WHERE usename = '%s' AND pid <> pg_backend_pid()",
			     DB_ROLE_BOARD),
	    "t");
	/* A write may have to ask. */
	toy_persist(&toy, 2);
	ck_assert_uint_eq(toy_check(&toy), 5);
	toy_end(&toy);
	store_free(s);
}
END_TEST

START_TEST(a_server_that_is_away)
{
	struct store_options o = { .address = "host=/nowhere port=5432 dbname=x user=y",
		.retry_ms = 300 };
	struct timespec from, to;
	struct store *s;

	clock_gettime(CLOCK_MONOTONIC, &from);
	ck_assert_int_eq(store_open(&s, &o, &why), R_NO_DATABASE);
	clock_gettime(CLOCK_MONOTONIC, &to);
	ck_assert_ptr_null(s);
	ck_assert_msg(strstr(why.text, "/nowhere") != NULL, "%s", why.text);
	ck_assert_int_le(to.tv_sec - from.tv_sec, 9); /* not the 10 s of other boards */
}
END_TEST

/* ---- a standby that does not answer ---- */

static const char replicating[] =
    "count(*) = 1 FROM pg_stat_activity WHERE usename = '" DB_ROLE_BOARD
    "' AND wait_event = 'SyncRep'";

static void
want_standby(const char *name)
{
	char condition[200];

	/* not written to the log, so not held up itself */
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER,
			     "ALTER SYSTEM SET synchronous_standby_names = '%s'", name),
	    "");
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER, "SELECT pg_reload_conf()"), "t");
	(void)snprintf(condition, sizeof condition,
	    "current_setting('synchronous_standby_names') = '%s'", name);
	await_sql(condition);
}

static void
give_up_waiting(void)
{
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER,
			     "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
			     " WHERE usename = '%s' AND wait_event = 'SyncRep'",
			     DB_ROLE_BOARD),
	    "t");
}

/* A COMMIT whose wait for the standby was cancelled answers COMMIT, with a warning. It
 * is no acknowledgement, and finding the rows on the primary is none either. */
START_TEST(a_commit_without_its_standby)
{
	struct store *s = pg_store(cluster);
	struct job j;

	toy_start(&toy, s, "standby", 1);
	toy_persist(&toy, 3);
	toy_make(&toy, 4);
	want_standby("elsewhere");
	begin_job(&toy, false, &j);
	await_sql(replicating);
	give_up_waiting();
	ck_assert_int_eq(end_job(&j), R_NOT_CONFIRMED);
	begin_job(&toy, true, &j);
	await_sql(replicating);
	give_up_waiting();
	ck_assert_int_eq(end_job(&j), R_NO_DATABASE);
	want_standby("");
	ck_assert_int_eq(toy_settle(&toy, &why), R_GOOD);
	ck_assert_uint_eq(toy_check(&toy), 7);
	toy_end(&toy);
	store_free(s);
}
END_TEST

/* ---- full disks ---- */

/* A file that may not grow is to PostgreSQL what a full disk is: a write that fails.
 * Limiting the session's process works in every container and ends when we say. */
static void
limit_files(int pid, rlim_t bytes)
{
	struct rlimit limit;

	ck_assert_int_eq(prlimit(pid, RLIMIT_FSIZE, NULL, &limit), 0);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

static int
session(void)
{
	int pid = atoi(pg_sql(cluster, DB_ROLE_SUPER,
	    "SELECT min(pid) FROM pg_stat_activity WHERE usename = '%s'", DB_ROLE_BOARD));

	ck_assert_int_gt(pid, 0);
	return pid;
}

/* The tables cannot grow: the statement fails, the session lives. */
START_TEST(a_full_disk_under_the_tables)
{
	struct store *s = pg_store(cluster);
	enum result r = R_GOOD;
	uint64_t stored = 0;
	int pid, i;

	toy_start(&toy, s, "full", 1);
	toy.line_bytes = 1 << 20;
	toy_persist(&toy, 1);
	pid = session();
	limit_files(pid, 17 << 20); /* a segment of the log has 16 */
	for (stored = 1; stored < 100 && r == R_GOOD; stored += r == R_GOOD) {
		toy_make(&toy, 1);
		r = toy_append(&toy, &why);
	}
	ck_assert_int_eq(r, R_NO_DATABASE);
	ck_assert_int_eq(result_exit(r), 3);
	ck_assert_msg(strstr(why.text, "could not extend file") != NULL, "%s", why.text);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(toy_append(&toy, &why), R_NO_DATABASE);
	ck_assert_uint_eq(toy_check(&toy), stored);
	limit_files(pid, RLIM_INFINITY);
	toy_make(&toy, 1);
	ck_assert_msg(toy_append(&toy, &why) == R_GOOD, "%s", why.text);
	ck_assert_uint_eq(toy_check(&toy), stored + 1);
	ck_assert_int_eq(session(), pid);
	toy_end(&toy);
	store_free(s);
}
END_TEST

/* The log cannot grow: PostgreSQL panics and restarts, and the outcome is open. */
START_TEST(a_full_disk_under_the_log)
{
	struct store *s = pg_store(cluster);
	enum result r = R_GOOD;
	uint64_t stored = 0;
	int pid, i;

	toy_start(&toy, s, "full log", 1);
	/* The tables of this test stay small; the log goes through its segments. */
	pid = session();
	limit_files(pid, 15 << 20);
	for (i = 0; i < 1000 && r == R_GOOD; i++) {
		toy_make(&toy, 256);
		r = toy_append(&toy, &why);
		stored += r == R_GOOD ? 256 : 0;
	}
	ck_assert_msg(r == R_NOT_CONFIRMED, "%s after %llu", why.text, (unsigned long long)stored);
	do
		r = toy_settle(&toy, &why);
	while (r == R_NO_DATABASE);
	ck_assert_msg(r == R_GOOD || r == R_NOT_FOUND, "%s", why.text);
	stored += r == R_GOOD ? 256 : 0;
	ck_assert_uint_eq(toy_check(&toy), stored);
	toy_persist(&toy, 1);
	ck_assert_uint_eq(toy_check(&toy), stored + 1);
	toy_end(&toy);
	store_free(s);
}
END_TEST

/* ---- killed under load ---- */

#define KILLS 4
#define BOARDS 2
#define ROUNDS_MAX 100000

static atomic_uint acknowledged;
static atomic_bool enough;

/* A board that appends until there is enough, and what it has been told. */
struct board {
	struct cluster *cluster;
	struct toy toy;
	struct store *store;
	struct {
		uint64_t seq;
		struct digest leaf;
	} * told;
	size_t n;
	pthread_t thread;
};

static void *
keep_appending(void *ctx)
{
	struct board *b = ctx;
	size_t i, n, round;
	uint64_t first;

	for (round = 0; !atomic_load(&enough) && round < ROUNDS_MAX / 8; round++) {
		n = 1 + round % 7;
		first = toy_persist(&b->toy, n);
		for (i = 0; i < n; i++) {
			b->told[b->n].seq = first + i;
			b->told[b->n++].leaf = b->toy.entries[i].leaf;
		}
		atomic_fetch_add(&acknowledged, 1);
	}
	return NULL;
}

static bool
enough_acknowledged(void *ctx)
{
	return atomic_load(&acknowledged) >= *(unsigned *)ctx;
}

struct lookup {
	struct digest *leaves;
};

static enum result
keep_leaf(void *ctx, uint64_t seq, const struct digest *leaf)
{
	struct lookup *l = ctx;

	l->leaves[seq] = *leaf;
	return R_GOOD;
}

START_TEST(killed_under_load)
{
	struct cluster *c = pg_cluster("load");
	struct board boards[BOARDS];
	struct lookup l;
	uint64_t size, total = 0;
	unsigned want = 0, k;
	size_t i;

	for (k = 0; k < BOARDS; k++) {
		struct board *b = &boards[k];

		memset(b, 0, sizeof *b);
		b->told = calloc(ROUNDS_MAX, sizeof *b->told);
		ck_assert_ptr_nonnull(b->told);
		b->store = pg_store(c);
		toy_start(&b->toy, b->store, "load", k);
		ck_assert_int_eq(pthread_create(&b->thread, NULL, keep_appending, b), 0);
	}
	for (k = 0; k < KILLS; k++) {
		want = atomic_load(&acknowledged) + 100;
		ck_assert(pg_wait(enough_acknowledged, &want));
		ck_assert_int_eq(kill(cluster_pid(c), SIGKILL), 0);
	}
	want = atomic_load(&acknowledged) + 100;
	ck_assert(pg_wait(enough_acknowledged, &want));
	atomic_store(&enough, true);
	for (k = 0; k < BOARDS; k++)
		ck_assert_int_eq(pthread_join(boards[k].thread, NULL), 0);

	/* All acknowledged, each in its place, and nothing else: nothing lost or doubled. */
	size = toy_check(&boards[0].toy);
	l.leaves = calloc(size, sizeof *l.leaves);
	ck_assert_ptr_nonnull(l.leaves);
	ck_assert_int_eq(store_leaves(boards[0].store, boards[0].toy.election, 0, size, keep_leaf,
			     &l, &why),
	    R_GOOD);
	for (k = 0; k < BOARDS; k++) {
		for (i = 0; i < boards[k].n; i++) {
			ck_assert_uint_lt(boards[k].told[i].seq, size);
			ck_assert(digest_equal(&l.leaves[boards[k].told[i].seq],
			    &boards[k].told[i].leaf));
		}
		total += boards[k].n;
		toy_end(&boards[k].toy);
		store_free(boards[k].store);
		free(boards[k].told);
	}
	ck_assert_uint_eq(total, size);
	free(l.leaves);
	ck_assert_int_eq(cluster_stop(c, &why), R_GOOD);
	cluster_free(c);
}
END_TEST

static int
body(void)
{
	Suite *suite = suite_create("store_faults");
	TCase *tc = tcase_create("faults"), *load = tcase_create("load");

	tcase_add_unchecked_fixture(tc, start_cluster, stop_cluster);
	tcase_add_test(tc, cut_before_the_commit);
	tcase_add_test(tc, cut_after_the_commit);
	tcase_add_test(tc, cut_off_while_the_commit_is_under_way);
	tcase_add_test(tc, cut_and_somebody_else_was_faster);
	tcase_add_test(tc, cut_and_somebody_else_went_on);
	tcase_add_test(tc, a_session_ended_within_the_transaction);
	tcase_add_test(tc, a_statement_that_takes_too_long);
	tcase_add_test(tc, an_idle_session_may_die);
	tcase_add_test(tc, a_server_that_is_away);
	tcase_add_test(tc, a_commit_without_its_standby);
	tcase_add_test(tc, a_full_disk_under_the_tables);
	tcase_add_test(tc, a_full_disk_under_the_log);
	tcase_add_test(load, killed_under_load);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, load);
	return suite_main(suite);
}

int
main(void)
{
	return pg_main(body);
}
