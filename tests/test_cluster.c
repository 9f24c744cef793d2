/*
 * test_cluster: the private PostgreSQL cluster: made, started, stopped, killed, found
 * again, and everything that must keep it from starting.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/cluster.h"
#include "server/roles.h"
#include "server/store_schema.h"
#include "tests/pg.h"
#include "tests/suite.h"

/* One folder for the cases that leave it as they found it: making one takes a second. */
#define SHARED "shared"

static struct why why;
static char path[4096];
/* What cluster_open said when the program still ran as root, if it did. */
static enum result as_root = R_NO_DATABASE;
static char as_root_text[512] = "setpriv";

static const char *
under(const char *name, const char *rest)
{
	(void)snprintf(path, sizeof path, "%s/%s%s", pg_folder(), name, rest);
	return path;
}

static enum result
try_open(struct cluster **c, const char *name)
{
	struct cluster_options o = { 0 };
	char folder[4096];

	(void)snprintf(folder, sizeof folder, "%s/%s", pg_folder(), name);
	o.folder = folder;
	memset(&why, 0, sizeof why);
	return cluster_open(c, &o, &why);
}

static struct cluster *
open_good(const char *name)
{
	struct cluster *c;

	ck_assert_msg(try_open(&c, name) == R_GOOD, "%s", why.text);
	ck_assert_int_gt(cluster_pid(c), 0);
	return c;
}

static void
stop_good(struct cluster *c)
{
	ck_assert_msg(cluster_stop(c, &why) == R_GOOD, "%s", why.text);
	ck_assert_int_eq(cluster_pid(c), 0);
	cluster_free(c);
}

static void
assert_refused(const char *name, enum result r, const char *text)
{
	struct cluster *c;

	ck_assert_int_eq(try_open(&c, name), r);
	ck_assert_ptr_null(c);
	ck_assert_msg(strstr(why.text, text) != NULL, "%s", why.text);
}

static void
write_text(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static bool
is_gone(void *ctx)
{
	const pid_t *pid = ctx;
	char name[64], state[256] = "";
	FILE *f;

	(void)waitpid(*pid, NULL, WNOHANG);
	(void)snprintf(name, sizeof name, "/proc/%d/stat", (int)*pid);
	f = fopen(name, "r");
	if (f == NULL)
		return true;
	if (fgets(state, sizeof state, f) == NULL)
		state[0] = '\0';
	fclose(f);
	return state[0] == '\0' || strstr(state, ") Z ") != NULL;
}

static void
kill_hard(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert(pg_wait(is_gone, &pid));
}

/* Let another process open the cluster and be killed; the server outlives it.
 * Returns the server's number. */
static pid_t
orphan(const char *name)
{
	int pipes[2], server = 0;
	struct cluster *c;
	pid_t pid;

	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		c = open_good(name);
		server = cluster_pid(c);
		if (write(pipes[1], &server, sizeof server) != sizeof server)
			_exit(1);
		for (;;)
			pause();
	}
	close(pipes[1]);
	ck_assert_int_eq(read(pipes[0], &server, sizeof server), sizeof server);
	close(pipes[0]);
	kill_hard(pid);
	ck_assert_int_gt(server, 0);
	ck_assert_int_eq(kill(server, 0), 0);
	return server;
}

/* ---- ordinary life ---- */

START_TEST(starts_and_stops_and_keeps)
{
	struct cluster *c = open_good("life");
	pid_t pid = cluster_pid(c);
	struct stat st;

	ck_assert_msg(store_schema_prepare(c, &why) == R_GOOD, "%s", why.text);
	ck_assert_str_eq(pg_sql(c, DB_ROLE_OWNER, "CREATE TABLE t AS SELECT 7 AS x"), "");
	ck_assert_int_eq(cluster_ensure(c, &why), R_GOOD);
	ck_assert_int_eq(cluster_pid(c), pid);
	stop_good(c);
	ck_assert(pg_wait(is_gone, &pid));
	ck_assert_int_eq(stat(under("life", ""), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);

	c = open_good("life");
	ck_assert_int_ne(cluster_pid(c), pid);
	ck_assert_str_eq(pg_sql(c, DB_ROLE_OWNER, "SELECT x FROM t"), "7");
	ck_assert_msg(store_schema_prepare(c, &why) == R_GOOD, "%s", why.text);
	stop_good(c);
}
END_TEST

START_TEST(is_set_up_safely)
{
	static const char *const want[][2] = { { "listen_addresses", "" }, { "fsync", "on" },
		{ "full_page_writes", "on" }, { "synchronous_commit", "on" },
		{ "data_checksums", "on" }, { "unix_socket_permissions", "0700" },
		{ "server_encoding", "UTF8" }, { "logging_collector", "off" } };
	struct cluster *c = pg_cluster(SHARED);
	size_t i;

	for (i = 0; i < sizeof want / sizeof want[0]; i++)
		ck_assert_str_eq(pg_sql(c, DB_ROLE_BOARD, "SHOW %s", want[i][0]), want[i][1]);
	/* Nobody else's name opens the door. */
	ck_assert_str_eq(pg_sql(c, DB_ROLE_SUPER,
			     "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'peer'"),
	    "0");
	ck_assert_str_eq(pg_sql(c, DB_ROLE_SUPER,
			     "SELECT rolsuper FROM pg_roles WHERE rolname = '%s'", DB_ROLE_OWNER),
	    "f");
	stop_good(c);
}
END_TEST

START_TEST(one_process_at_a_time)
{
	struct cluster *c = open_good(SHARED);
	char text[64];

	(void)snprintf(text, sizeof text, "process %d", (int)getpid());
	assert_refused(SHARED, R_CONFLICT, text);
	stop_good(c);
	c = open_good(SHARED);
	stop_good(c);
}
END_TEST

START_TEST(a_stopped_server_is_not_revived)
{
	struct cluster *c = open_good(SHARED);

	ck_assert_int_eq(cluster_stop(c, &why), R_GOOD);
	ck_assert_int_eq(cluster_ensure(c, &why), R_CANCELLED);
	ck_assert_int_eq(cluster_stop(c, &why), R_GOOD);
	ck_assert_int_eq(cluster_pid(c), 0);
	cluster_free(c);
}
END_TEST

START_TEST(the_environment_does_not_leak_in)
{
	struct store_options o = { 0 };
	struct cluster *c;
	struct store *s;
	char *address;

	setenv("PGPORT", "1", 1);
	setenv("PGHOST", "/nowhere", 1);
	setenv("PGUSER", "nobody", 1);
	setenv("PGOPTIONS", "-c synchronous_commit=off", 1);
	setenv("PGDATA", "/nowhere", 1);
	c = pg_cluster(SHARED);
	address = cluster_address(c, DB_ROLE_BOARD, DATABASE_NAME);
	o.address = address;
	ck_assert_msg(store_open(&s, &o, &why) == R_GOOD, "%s", why.text);
	store_free(s);
	free(address);
	stop_good(c);
}
END_TEST

/* ---- killed ---- */

struct killed {
	struct cluster *cluster;
	struct store *store;
};

static bool
is_back(void *ctx)
{
	const struct killed *k = ctx;

	ck_assert_msg(store_check(k->store, &why) == R_GOOD, "%s", why.text);
	return cluster_pid(k->cluster) != 0;
}

START_TEST(a_killed_server_is_started_again)
{
	struct cluster *c = pg_cluster(SHARED);
	struct store *s = pg_store(c);
	struct killed k = { c, s };
	pid_t pid = cluster_pid(c);

	ck_assert_str_eq(pg_sql(c, DB_ROLE_OWNER, "CREATE TABLE t AS SELECT 7 AS x"), "");
	kill_hard(pid);
	/* The store finds out by itself, once its session has noticed that its server is gone. */
	ck_assert(pg_wait(is_back, &k));
	ck_assert_int_ne(cluster_pid(c), pid);
	ck_assert_str_eq(pg_sql(c, DB_ROLE_OWNER, "SELECT x FROM t"), "7");
	store_free(s);
	stop_good(c);
}
END_TEST

START_TEST(an_orphan_is_adopted)
{
	pid_t server = orphan(SHARED);
	struct cluster *c = open_good(SHARED);

	ck_assert_int_eq(cluster_pid(c), server);
	ck_assert_int_eq(cluster_ensure(c, &why), R_GOOD);
	stop_good(c);
	ck_assert(pg_wait(is_gone, &server));
}
END_TEST

START_TEST(an_adopted_server_is_started_again)
{
	pid_t server = orphan(SHARED);
	struct cluster *c = open_good(SHARED);

	kill_hard(server);
	ck_assert_int_eq(cluster_ensure(c, &why), R_GOOD);
	ck_assert_int_ne(cluster_pid(c), server);
	stop_good(c);
}
END_TEST

START_TEST(an_orphan_with_another_configuration_is_restarted)
{
	pid_t server = orphan(SHARED);
	struct cluster *c;
	FILE *f = fopen(under(SHARED, "/data/postgresql.conf"), "a");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_gt(fprintf(f, "fsync = off\n"), 0);
	ck_assert_int_eq(fclose(f), 0);
	c = pg_cluster(SHARED);
	ck_assert(pg_wait(is_gone, &server));
	ck_assert_int_ne(cluster_pid(c), server);
	ck_assert_str_eq(pg_sql(c, DB_ROLE_SUPER, "SHOW fsync"), "on");
	stop_good(c);
}
END_TEST

START_TEST(both_killed)
{
	pid_t server = orphan(SHARED);
	struct cluster *c;

	kill_hard(server);
	c = open_good(SHARED);
	stop_good(c);
}
END_TEST

START_TEST(a_stale_pidfile_may_name_a_living_stranger)
{
	pid_t server = orphan(SHARED), stranger;
	char name[4096], text[4096], rest[4000] = "";
	struct cluster *c;
	FILE *f;

	kill_hard(server);
	(void)snprintf(name, sizeof name, "%s", under(SHARED, "/data/postmaster.pid"));
	f = fopen(name, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(rest, sizeof rest, f));
	rest[fread(rest, 1, sizeof rest - 1, f)] = '\0';
	fclose(f);
	stranger = fork();
	if (stranger == 0)
		for (;;)
			pause();
	(void)snprintf(text, sizeof text, "%d\n%s", (int)stranger, rest);
	write_text(name, text);
	c = open_good(SHARED);
	ck_assert_int_ne(cluster_pid(c), stranger);
	stop_good(c);
	ck_assert_int_eq(kill(stranger, 0), 0);
	kill_hard(stranger);
}
END_TEST

START_TEST(an_interrupted_initdb_is_forgotten)
{
	struct cluster *c;

	ck_assert_int_eq(mkdir(under("interrupted", ""), 0700), 0);
	ck_assert_int_eq(mkdir(under("interrupted", "/data.new"), 0700), 0);
	write_text(under("interrupted", "/data.new/PG_VERSION"), "15\n");
	c = open_good("interrupted");
	ck_assert_int_ne(access(under("interrupted", "/data.new"), F_OK), 0);
	stop_good(c);
}
END_TEST

START_TEST(a_damaged_cluster_says_so)
{
	struct cluster *c = open_good("damaged");

	stop_good(c);
	ck_assert_int_eq(unlink(under("damaged", "/data/global/pg_control")), 0);
	assert_refused("damaged", R_NO_DATABASE, "PostgreSQL did not start");
	ck_assert_ptr_nonnull(strstr(why.text, "postgres.log"));
}
END_TEST

/* ---- where ---- */

/* Make a folder whose path is at least `len` long; its name below pg_folder() goes to `name`. */
static void
deep_folder(char *name, size_t size, const char *top, size_t len)
{
	(void)snprintf(name, size, "%s", top);
	ck_assert_int_eq(mkdir(under(name, ""), 0700), 0);
	while (strlen(under(name, "")) < len) {
		(void)strncat(name, "/a-folder-with-a-long-name", size - strlen(name) - 1);
		ck_assert_int_eq(mkdir(under(name, ""), 0700), 0);
	}
}

START_TEST(long_paths_and_odd_names)
{
	static const char *const tops[] = { "long", "comma,quote'back\\slash \"x\"" };
	const char *host;
	struct cluster *c;
	char name[1024], *address, socket[300];
	struct stat st;
	size_t i;

	for (i = 0; i < 2; i++) {
		deep_folder(name, sizeof name, tops[i], i == 0 ? 130 : 1);
		c = pg_cluster(name);
		address = cluster_address(c, DB_ROLE_BOARD, DATABASE_NAME);
		host = strstr(address, "'/tmp/tabella-");
		ck_assert_ptr_nonnull(host);
		(void)snprintf(socket, sizeof socket, "%.*s", (int)strcspn(host + 1, "'"),
		    host + 1);
		ck_assert_int_eq(lstat(socket, &st), 0);
		ck_assert_int_eq(st.st_mode & 0777, 0700);
		ck_assert_str_eq(pg_sql(c, DB_ROLE_BOARD, "SELECT 1"), "1");
		free(address);
		stop_good(c);
		ck_assert_int_ne(lstat(socket, &st), 0);
	}
}
END_TEST

/* FOLDER/socket/.s.PGSQL.5432 may have 107 bytes. */
START_TEST(the_longest_path_that_fits)
{
	size_t len = 107 - strlen("/socket/.s.PGSQL.5432") - strlen(pg_folder()) - 1;
	char name[200], *address;
	struct cluster *c;
	size_t more;

	for (more = 0; more < 2; more++) {
		memset(name, 'x', len + more);
		name[len + more] = '\0';
		c = pg_cluster(name);
		address = cluster_address(c, DB_ROLE_BOARD, DATABASE_NAME);
		ck_assert_int_eq(strstr(address, "'/tmp/tabella-") != NULL, more == 1);
		ck_assert_str_eq(pg_sql(c, DB_ROLE_BOARD, "SELECT 1"), "1");
		free(address);
		stop_good(c);
	}
}
END_TEST

START_TEST(folders_that_are_not_ours_alone)
{
	ck_assert_int_eq(mkdir(under("open", ""), 0755), 0);
	assert_refused("open", R_NO_DATABASE, "chmod 700");
	ck_assert_int_eq(mkdir(under("target", ""), 0700), 0);
	ck_assert_int_eq(symlink(pg_folder(), under("link", "")), 0);
	assert_refused("link", R_NO_DATABASE, "is not a folder");
	write_text(under("file", ""), "");
	assert_refused("file", R_NO_DATABASE, "is not a folder");
	assert_refused("no/parent", R_NO_DISK, "cannot make the folder");
}
END_TEST

START_TEST(programs_that_are_not_there)
{
	struct cluster_options o = { .bindir = "/nowhere" };
	struct cluster *c;
	char folder[4096];

	(void)snprintf(folder, sizeof folder, "%s/programs", pg_folder());
	o.folder = folder;
	ck_assert_int_eq(cluster_open(&c, &o, &why), R_NO_DATABASE);
	ck_assert_msg(strstr(why.text, "/nowhere") != NULL, "%s", why.text);
	setenv("TABELLA_PG_BINDIR", "/nowhere/else", 1);
	assert_refused("programs", R_NO_DATABASE, "/nowhere/else");
	setenv("TABELLA_PG_BINDIR", "", 1);

	ck_assert_int_eq(mkdir(under("programs", "/data"), 0700), 0);
	assert_refused("programs", R_NO_DATABASE, "not a data folder");
	write_text(under("programs", "/data/PG_VERSION"), "9.6\n");
	assert_refused("programs", R_NO_DATABASE, "unknown version");
	write_text(under("programs", "/data/PG_VERSION"), "94\n");
	assert_refused("programs", R_NO_DATABASE, "postgresql-94");
}
END_TEST

/* As when root starts us from a folder of its own. */
START_TEST(a_current_folder_that_is_closed_to_us)
{
	struct cluster *c;

	ck_assert_int_eq(mkdir(under("closed", ""), 0700), 0);
	ck_assert_int_eq(mkdir(under("closed", "/inner"), 0700), 0);
	ck_assert_int_eq(chdir(under("closed", "/inner")), 0);
	ck_assert_int_eq(chmod(under("closed", ""), 0), 0);
	c = open_good("elsewhere");
	stop_good(c);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(chmod(under("closed", ""), 0700), 0);
}
END_TEST

START_TEST(a_template_is_ours_and_shut_down)
{
	struct cluster *c = open_good("source");

	setenv("TABELLA_PG_TEMPLATE", cluster_data(c), 1);
	assert_refused("copy", R_NO_DATABASE, "was not shut down");
	stop_good(c);
	c = open_good("copy");
	stop_good(c);
	ck_assert_int_eq(chmod(under("source", "/data"), 0777), 0);
	assert_refused("copy2", R_NO_DATABASE, "open to other users");
}
END_TEST

START_TEST(without_a_template_initdb_runs)
{
	struct cluster *c;

	unsetenv("TABELLA_PG_TEMPLATE");
	c = pg_cluster("initdb");
	ck_assert_str_eq(pg_sql(c, DB_ROLE_BOARD, "SHOW data_checksums"), "on");
	ck_assert_str_eq(pg_sql(c, DB_ROLE_BOARD, "SHOW lc_collate"), "C");
	stop_good(c);
}
END_TEST

START_TEST(root_is_refused)
{
	ck_assert_int_eq(as_root, R_NO_DATABASE);
	ck_assert_msg(strstr(as_root_text, "setpriv") != NULL, "%s", as_root_text);
}
END_TEST

static int
body(void)
{
	Suite *suite = suite_create("cluster");
	TCase *life = tcase_create("life"), *killed = tcase_create("killed");
	TCase *where = tcase_create("where");

	tcase_add_test(life, starts_and_stops_and_keeps);
	tcase_add_test(life, is_set_up_safely);
	tcase_add_test(life, one_process_at_a_time);
	tcase_add_test(life, a_stopped_server_is_not_revived);
	tcase_add_test(life, the_environment_does_not_leak_in);
	tcase_add_test(killed, a_killed_server_is_started_again);
	tcase_add_test(killed, an_orphan_is_adopted);
	tcase_add_test(killed, an_adopted_server_is_started_again);
	tcase_add_test(killed, an_orphan_with_another_configuration_is_restarted);
	tcase_add_test(killed, both_killed);
	tcase_add_test(killed, a_stale_pidfile_may_name_a_living_stranger);
	tcase_add_test(killed, an_interrupted_initdb_is_forgotten);
	tcase_add_test(killed, a_damaged_cluster_says_so);
	tcase_add_test(where, long_paths_and_odd_names);
	tcase_add_test(where, the_longest_path_that_fits);
	tcase_add_test(where, folders_that_are_not_ours_alone);
	tcase_add_test(where, programs_that_are_not_there);
	tcase_add_test(where, a_current_folder_that_is_closed_to_us);
	tcase_add_test(where, a_template_is_ours_and_shut_down);
	tcase_add_test(where, without_a_template_initdb_runs);
	if (as_root_text[0] != '\0')
		tcase_add_test(where, root_is_refused);
	suite_add_tcase(suite, life);
	suite_add_tcase(suite, killed);
	suite_add_tcase(suite, where);
	return suite_main(suite);
}

int
main(void)
{
	const struct cluster_options o = { .folder = "/nowhere/at/all" };
	struct cluster *c;

	as_root_text[0] = '\0';
	if (geteuid() == 0) {
		as_root = cluster_open(&c, &o, &why);
		(void)snprintf(as_root_text, sizeof as_root_text, "%s", why.text);
	}
	return pg_main(body);
}
