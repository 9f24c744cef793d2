#include "tests/pg.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/process.h"
#include "server/roles.h"
#include "server/store_schema.h"

static char folder[200];
static pid_t worker;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

const char *
pg_folder(void)
{
	return folder;
}

bool
pg_wait(bool (*condition)(void *ctx), void *ctx)
{
	const struct timespec moment = { 0, 2000000 };
	struct timespec now;
	time_t end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + 120;
	while (!condition(ctx)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end)
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}

/* ---- who we are and where ---- */

static const struct passwd *
someone_else(void)
{
	const struct passwd *user = getpwnam("postgres");

	if (user == NULL) {
		puts("SKIP: there is no user postgres to run PostgreSQL as");
		exit(77);
	}
	return user;
}

static void
become(const struct passwd *user)
{
	if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
	    setuid(user->pw_uid) != 0)
		die("cannot become %s: %s", user->pw_name, strerror(errno));
}

static void
make_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(folder, sizeof folder, "%s/pg.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (strlen(folder) == sizeof folder - 1 || mkdtemp(folder) == NULL)
		die("cannot make a folder in %s: %s", tmp != NULL ? tmp : "/tmp", strerror(errno));
	if (geteuid() == 0 && chown(folder, someone_else()->pw_uid, someone_else()->pw_gid) != 0)
		die("%s: %s", folder, strerror(errno));
}

/* ---- the template ---- */

/* Run initdb for all the programs of one `make check`. */
static void
make_shared_template(char *path, size_t size)
{
	struct why why;
	pid_t pid;
	int status;

	(void)snprintf(path, size, "/var/tmp/tabella-pg.XXXXXX");
	if (mkdtemp(path) == NULL)
		die("%s: %s", path, strerror(errno));
	if (geteuid() == 0 && chown(path, someone_else()->pw_uid, someone_else()->pw_gid) != 0)
		die("%s: %s", path, strerror(errno));
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0)
			become(someone_else());
		if (cluster_template(path, NULL, &why) != R_GOOD)
			die("%s", why.text);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die("cannot make a template");
}

static void
choose_template(void)
{
	const char *build = getenv("TOP_BUILDDIR");
	char mark[4096], lock[4096], path[256] = "";
	FILE *f;
	int fd;

	if (getenv("TABELLA_PG_TEMPLATE") != NULL)
		return;
	if (build == NULL) { /* run by hand: made by the first cluster */
		(void)snprintf(path, sizeof path, "%s/template", folder);
		setenv("TABELLA_PG_TEMPLATE", path, 1);
		return;
	}
	(void)snprintf(mark, sizeof mark, "%s/tests/pg-template", build);
	(void)snprintf(lock, sizeof lock, "%s/tests/pg-template.lock", build);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		die("%s: %s", lock, strerror(errno));
	f = fopen(mark, "a+e");
	if (f == NULL)
		die("%s: %s", mark, strerror(errno));
	rewind(f);
	if (fscanf(f, "%255s", path) != 1) {
		make_shared_template(path, sizeof path);
		(void)fseek(f, 0, SEEK_END);
		fprintf(f, "%s\n", path);
	}
	fclose(f);
	close(fd);
	setenv("TABELLA_PG_TEMPLATE", path, 1);
}

/* ---- the end ---- */

static void
on_signal(int sig)
{
	kill(worker, sig);
}

static bool
ended(void *ctx)
{
	const pid_t *pid = ctx;

	(void)waitpid(*pid, NULL, WNOHANG);
	return kill(*pid, 0) != 0;
}

#define SERVERS_MAX 512

/* Is the process alive, and its working folder below this one? */
static bool
works_below(pid_t pid, const char *below)
{
	size_t len = strlen(below);
	char path[64], where[1024];
	ssize_t n;

	(void)snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
	n = readlink(path, where, sizeof where - 1);
	if (n <= 0)
		return false;
	where[n] = '\0';
	return strncmp(where, below, len) == 0 && where[len] == '/';
}

static size_t
find_servers(pid_t pids[SERVERS_MAX], const char *below)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;
	pid_t pid;

	while (proc != NULL && n < SERVERS_MAX && (entry = readdir(proc)) != NULL) {
		pid = (pid_t)atoi(entry->d_name);
		if (pid > 0 && pid != getpid() && works_below(pid, below))
			pids[n++] = pid;
	}
	if (proc != NULL)
		closedir(proc);
	return n;
}

/* End what still runs in the folder. */
static void
end_servers(void)
{
	pid_t pids[SERVERS_MAX];
	size_t i, n = find_servers(pids, folder);

	for (i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		(void)pg_wait(ended, &pids[i]);
	}
}

struct killed {
	pid_t pid;
	char below[256];
};

static bool
is_gone(void *ctx)
{
	const struct killed *k = ctx;

	return !works_below(k->pid, k->below);
}

void
pg_kill(const char *name)
{
	pid_t pids[SERVERS_MAX];
	struct killed k;
	size_t i, n;

	(void)snprintf(k.below, sizeof k.below, "%s/%s", folder, name);
	n = find_servers(pids, k.below);
	for (i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < n; i++) {
		k.pid = pids[i];
		if (!pg_wait(is_gone, &k))
			die("process %d in %s does not end", (int)k.pid, k.below);
	}
}

static void
remove_folder(void)
{
	const char *const argv[] = { "/bin/rm", "-rf", "--", folder, NULL };
	char said[512];

	if (getenv("KEEP") == NULL && process_run(argv, said, sizeof said, NULL) != R_GOOD)
		fprintf(stderr, "%s\n", said);
}

int
pg_main(int (*body)(void))
{
	int status = 0;

	make_folder();
	choose_template();
	worker = fork();
	if (worker < 0)
		die("fork: %s", strerror(errno));
	if (worker == 0) {
		if (geteuid() == 0)
			become(someone_else());
		if (chdir("/") != 0)
			die("chdir: %s", strerror(errno));
		exit(body());
	}
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	while (waitpid(worker, &status, 0) < 0 && errno == EINTR)
		;
	end_servers();
	remove_folder();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- a cluster and its database ---- */

struct cluster *
pg_cluster(const char *name)
{
	struct cluster_options o = { 0 };
	struct cluster *c;
	struct why why;
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	o.folder = path;
	if (cluster_open(&c, &o, &why) != R_GOOD || store_schema_prepare(c, &why) != R_GOOD)
		die("%s", why.text);
	return c;
}

struct store *
pg_store(struct cluster *c)
{
	struct store_options o = { .revive = cluster_ensure, .ctx = c };
	char *address = cluster_address(c, DB_ROLE_BOARD, DATABASE_NAME);
	struct store *s;
	struct why why;

	o.address = address;
	if (address == NULL || store_open(&s, &o, &why) != R_GOOD)
		die("%s", address == NULL ? "out of memory" : why.text);
	free(address);
	return s;
}

static void
say_nothing(void *ctx, const PGresult *notice)
{
	(void)ctx;
	(void)notice;
}

const char *
pg_sql(const struct cluster *c, const char *role, const char *format, ...)
{
	static char answers[3][256];
	static int turn;
	char *answer = answers[turn++ % 3], *address, *sql;
	ExecStatusType status;
	const char *state;
	PGresult *res;
	PGconn *pg;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&sql, format, ap) < 0)
		die("out of memory");
	va_end(ap);
	address = cluster_address(c, role, DATABASE_NAME);
	pg = PQconnectdb(address);
	if (PQstatus(pg) != CONNECTION_OK)
		die("%s", PQerrorMessage(pg));
	answer[0] = '\0';
	PQsetNoticeReceiver(pg, say_nothing, NULL);
	if (!PQsendQuery(pg, sql))
		die("%s", PQerrorMessage(pg));
	while ((res = PQgetResult(pg)) != NULL) {
		status = PQresultStatus(res);
		if (status == PGRES_TUPLES_OK && PQntuples(res) > 0 && PQnfields(res) > 0)
			(void)snprintf(answer, 256, "%s", PQgetvalue(res, 0, 0));
		state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
		if (status == PGRES_FATAL_ERROR)
			(void)snprintf(answer, 256, "!%s", state != NULL ? state : "lost");
		PQclear(res);
	}
	PQfinish(pg);
	free(address);
	free(sql);
	return answer;
}
