#include "server/cluster.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "crypto/hash.h"
#include "server/cluster_make.h"
#include "server/process.h"

#define SOCKET_NAME ".s.PGSQL.5432"
#define LOG_MAX (16 * 1024 * 1024) /* bytes; then it is set aside at the next start */
#define NAP_MS 5

struct cluster {
	char *folder; /* absolute, without symbolic links */
	char *data;
	char *socket;
	char *log;
	char *bindir;
	int lock;
	unsigned start_seconds;
	unsigned stop_seconds;
	pthread_mutex_t mutex; /* guards what follows, and who starts and stops */
	pid_t child;           /* the server if we started it and have not reaped it, or 0 */
	bool stopped;          /* on request: it is not to be started again */
};

/* What /proc and postmaster.pid say about the server. */
enum sight {
	GONE,
	COMING, /* starting or recovering */
	READY,
	GOING, /* shutting down */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
nap(void)
{
	const struct timespec t = { 0, NAP_MS * 1000000L };

	nanosleep(&t, NULL);
}

/* Return a malloc'd "folder/name", or NULL. */
static char *
join(const char *folder, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* ---- looking at the server ---- */

/* Is that process at work in our data folder? PostgreSQL's processes stay there, and
 * no two processes share a number at one time, so this cannot hit a stranger. */
static bool
works_here(const struct cluster *c, const char *pid)
{
	char path[64], where[4096], name[32];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%s/cwd", pid);
	n = readlink(path, where, sizeof where - 1);
	if (n <= 0)
		return false;
	where[n] = '\0';
	if (strcmp(where, c->data) != 0)
		return false;
	(void)snprintf(path, sizeof path, "/proc/%s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, name, sizeof name - 1);
	close(fd);
	return n == 9 && memcmp(name, "postgres\n", 9) == 0;
}

/* The lines of postmaster.pid that we need. */
struct pidfile {
	pid_t pid;
	char socket[256];
	char status[16];
};

/* Return whether there is a postmaster.pid with at least a process number. */
static bool
read_pidfile(const struct cluster *c, struct pidfile *file)
{
	char *path = join(c->data, "postmaster.pid"), line[4096];
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	int i;

	memset(file, 0, sizeof *file);
	free(path);
	if (f == NULL)
		return false;
	for (i = 1; i <= 8 && fgets(line, sizeof line, f) != NULL; i++) {
		line[strcspn(line, "\n")] = '\0';
		if (i == 1)
			file->pid = (pid_t)strtol(line, NULL, 10);
		else if (i == 5)
			(void)snprintf(file->socket, sizeof file->socket, "%.255s", line);
		else if (i == 8)
			(void)snprintf(file->status, sizeof file->status, "%.15s", line);
	}
	fclose(f);
	return file->pid > 0;
}

static void
reap(struct cluster *c)
{
	if (c->child > 0 && waitpid(c->child, NULL, WNOHANG) != 0)
		c->child = 0;
}

static enum sight
look(struct cluster *c, struct pidfile *file)
{
	char pid[24];

	reap(c);
	if (read_pidfile(c, file)) {
		(void)snprintf(pid, sizeof pid, "%d", (int)file->pid);
		if (works_here(c, pid)) {
			if (strncmp(file->status, "ready", 5) == 0)
				return READY;
			if (strncmp(file->status, "stopping", 8) == 0)
				return GOING;
			return COMING;
		}
	}
	file->pid = c->child;
	return c->child > 0 ? COMING : GONE;
}

/* Do something with each process at work in the data folder; return their number. */
static int
survivors(const struct cluster *c, int sig)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int n = 0;

	if (proc == NULL)
		return 0;
	while ((entry = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]) || !works_here(c, entry->d_name))
			continue;
		n++;
		if (sig != 0)
			kill((pid_t)strtol(entry->d_name, NULL, 10), sig);
	}
	closedir(proc);
	return n;
}

/* ---- starting ---- */

/* After the server was killed its sessions notice and go by themselves, and PostgreSQL
 * does not start before they have. One that is deep in a query may take long; it
 * can do no harm any more, and recovery does not need it. */
static enum result
await_survivors(const struct cluster *c, struct why *why)
{
	int64_t patience = now_ms() + 5000, limit = patience + 5000;
	int n;

	while ((n = survivors(c, 0)) > 0) {
		if (now_ms() > limit)
			return why_set(why, R_NO_DATABASE,
			    "%d processes of the previous PostgreSQL in %s do not end", n, c->data);
		if (now_ms() > patience)
			survivors(c, SIGKILL);
		nap();
	}
	return R_GOOD;
}

/* PostgreSQL takes any living process with the number in one of its lock files for the
 * old server, even a stranger or a dead one that nobody reaps. We hold the
 * folder's lock and have seen that no server works here. */
static enum result
clear_lock_file(const char *folder, const char *name, struct why *why)
{
	char *path = join(folder, name);
	enum result r = R_GOOD;
	int pid = 0;
	FILE *f;

	if (path == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	f = fopen(path, "re");
	if (f != NULL) {
		if (fscanf(f, "%d", &pid) != 1)
			pid = 0;
		fclose(f);
	}
	if (pid > 0 && (kill(pid, 0) == 0 || errno != ESRCH) && unlink(path) != 0)
		r = why_set(why, R_NO_DISK, "cannot remove %s: %s", path, strerror(errno));
	free(path);
	return r;
}

static enum result
start_server(struct cluster *c, struct why *why)
{
	char postgres[4096];
	const char *const argv[] = { postgres, "-D", c->data, NULL };
	struct stat st;
	enum result r;
	char *old;
	int log;

	r = await_survivors(c, why);
	if (r == R_GOOD)
		r = clear_lock_file(c->data, "postmaster.pid", why);
	if (r == R_GOOD)
		r = clear_lock_file(c->socket, SOCKET_NAME ".lock", why);
	if (r != R_GOOD)
		return r;
	if (stat(c->log, &st) == 0 && st.st_size > LOG_MAX) {
		old = join(c->folder, "postgres.log.1");
		if (old != NULL)
			(void)rename(c->log, old);
		free(old);
	}
	log = open(c->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log < 0)
		return why_set(why, R_NO_DISK, "cannot write %s: %s", c->log, strerror(errno));
	(void)snprintf(postgres, sizeof postgres, "%s/postgres", c->bindir);
	r = process_start(&c->child, argv, log, why);
	if (r != R_GOOD)
		c->child = 0;
	close(log);
	return r;
}

/* Copy the last line of the log that says why the server gave up. */
static void
last_words(const struct cluster *c, off_t from, char *words, size_t size)
{
	FILE *f = fopen(c->log, "re");
	char line[1024];
	const char *p;

	(void)snprintf(words, size, "see %s", c->log);
	if (f == NULL)
		return;
	if (fseeko(f, from, SEEK_SET) == 0)
		while (fgets(line, sizeof line, f) != NULL) {
			line[strcspn(line, "\n")] = '\0';
			p = strstr(line, "FATAL:");
			if (p == NULL)
				p = strstr(line, "PANIC:");
			if (p != NULL)
				(void)snprintf(words, size, "%s; see %s", p, c->log);
		}
	fclose(f);
}

/* Stop the server and wait until it is gone. The mutex is held. */
static enum result
stop_server(struct cluster *c, struct why *why)
{
	int64_t deadline = now_ms() + (int64_t)c->stop_seconds * 1000;
	struct pidfile file;
	bool told = false;

	while (look(c, &file) != GONE) {
		if (!told && file.pid > 0)
			told = kill(file.pid, SIGINT) == 0;
		if (now_ms() > deadline)
			return why_set(why, R_NO_DATABASE,
			    "PostgreSQL (process %d) did not stop within %u seconds: see %s",
			    (int)file.pid, c->stop_seconds, c->log);
		nap();
	}
	return R_GOOD;
}

/* May a server that was running before we came stay? With `fresh`, no: it started
 * with another configuration. */
static bool
fits(const struct cluster *c, const struct pidfile *file, bool fresh)
{
	return !fresh && (file->socket[0] == '\0' || strcmp(file->socket, c->socket) == 0);
}

/* Start the server if it is gone and wait until it is ready; one that runs but does not
 * fit is stopped first. The mutex is held. */
static enum result
bring_up(struct cluster *c, bool fresh, struct why *why)
{
	int64_t deadline = now_ms() + (int64_t)c->start_seconds * 1000;
	bool started = false;
	struct pidfile file;
	struct stat st;
	off_t log_from = 0;
	char words[300];
	enum result r;

	for (;;) {
		enum sight sight = look(c, &file);

		if (sight == READY && (started || fits(c, &file, fresh)))
			return R_GOOD;
		if (sight == GOING || (sight != GONE && !started && !fits(c, &file, fresh))) {
			r = stop_server(c, why);
			if (r != R_GOOD)
				return r;
			sight = GONE;
		}
		if (sight == GONE && started) {
			last_words(c, log_from, words, sizeof words);
			return why_set(why, R_NO_DATABASE, "PostgreSQL did not start: %s", words);
		}
		if (sight == GONE) {
			log_from = stat(c->log, &st) == 0 && st.st_size <= LOG_MAX ? st.st_size : 0;
			r = start_server(c, why);
			if (r != R_GOOD)
				return r;
			started = true;
		}
		if (now_ms() > deadline)
			return why_set(why, R_NO_DATABASE,
			    "PostgreSQL (process %d) is not ready after %u seconds; it may still "
			    "be "
			    "recovering: see %s, and try again",
			    (int)file.pid, c->start_seconds, c->log);
		nap();
	}
}

/* ---- the folder ---- */

static enum result
take_lock(struct cluster *c, struct why *why)
{
	char *path = join(c->folder, "lock"), holder[24] = "";
	enum result r = R_GOOD;
	ssize_t n;

	if (path == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	c->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->lock < 0) {
		r = why_set(why, R_NO_DISK, "cannot open %s: %s", path, strerror(errno));
	} else if (flock(c->lock, LOCK_EX | LOCK_NB) != 0) {
		n = read(c->lock, holder, sizeof holder - 1);
		holder[n > 0 ? n : 0] = '\0';
		holder[strcspn(holder, "\n")] = '\0';
		r = why_set(why, R_CONFLICT,
		    "the database folder %s is in use by another program (process %s)", c->folder,
		    holder);
	} else if (ftruncate(c->lock, 0) != 0 || dprintf(c->lock, "%d\n", (int)getpid()) < 0) {
		r = why_set(why, R_NO_DISK, "cannot write %s: %s", path, strerror(errno));
	}
	free(path);
	return r;
}

/* A socket's address has 108 bytes, and libpq takes a comma for the next host. */
static bool
fits_socket(const char *folder)
{
	const char *p;

	for (p = folder; *p != '\0'; p++)
		if (strchr(",'\"\\", *p) != NULL || iscntrl((unsigned char)*p))
			return false;
	/* the slash between them included; sizeof counts the NUL */
	return strlen(folder) + 1 + sizeof SOCKET_NAME <= sizeof((struct sockaddr_un *)0)->sun_path;
}

static enum result
choose_socket(struct cluster *c, struct why *why)
{
	struct digest name;
	char hex[17];

	c->socket = join(c->folder, "socket");
	if (c->socket == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	if (!fits_socket(c->socket)) {
		sha256(&name, c->folder, strlen(c->folder));
		hex_encode(hex, name.b, 8);
		free(c->socket);
		if (asprintf(&c->socket, "/tmp/tabella-%s", hex) < 0) {
			c->socket = NULL;
			return why_set(why, R_NO_MEMORY, "out of memory");
		}
	}
	return cluster_own_folder(c->socket, why);
}

static enum result
choose_folder(struct cluster *c, const char *folder, struct why *why)
{
	enum result r;

	if (folder[0] == '\0' || strlen(folder) > 3000)
		return why_set(why, R_BAD_INPUT, "the database folder needs a (shorter) path");
	r = cluster_own_folder(folder, why);
	if (r != R_GOOD)
		return r;
	c->folder = realpath(folder, NULL);
	if (c->folder == NULL)
		return why_set(why, R_NO_DISK, "%s: %s", folder, strerror(errno));
	c->data = join(c->folder, "data");
	c->log = join(c->folder, "postgres.log");
	if (c->data == NULL || c->log == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	return take_lock(c, why);
}

static enum result
refuse_root(struct why *why)
{
	if (geteuid() != 0)
		return R_GOOD;
	return why_set(why, R_NO_DATABASE,
	    "PostgreSQL refuses to run as root: start this program as another user, for example "
	    "with setpriv --reuid=postgres --regid=postgres --init-groups");
}

static const char *
or_environment(const char *option, const char *variable)
{
	const char *value = option != NULL ? option : getenv(variable);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Make or check everything on disk. *changed: a running server has to be restarted. */
static enum result
prepare(struct cluster *c, const struct cluster_options *o, bool *changed, struct why *why)
{
	enum result r;
	int major = 0;

	r = choose_folder(c, o->folder, why);
	if (r == R_GOOD)
		r = cluster_data_version(&major, c->data, why);
	if (r == R_GOOD)
		r = cluster_find_programs(&c->bindir,
		    or_environment(o->bindir, "TABELLA_PG_BINDIR"), major, why);
	if (r == R_GOOD && major == 0)
		r = cluster_make_data(c->data, c->bindir,
		    or_environment(o->template, "TABELLA_PG_TEMPLATE"), why);
	if (r == R_GOOD)
		r = choose_socket(c, why);
	if (r == R_GOOD)
		r = cluster_configure(c->data, c->socket, changed, why);
	return r;
}

/* ---- the door ---- */

enum result
cluster_open(struct cluster **out, const struct cluster_options *o, struct why *why)
{
	struct cluster *c;
	bool changed;
	enum result r;

	*out = NULL;
	r = refuse_root(why);
	if (r != R_GOOD)
		return r;
	c = calloc(1, sizeof *c);
	if (c == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	c->lock = -1;
	c->start_seconds = o->start_seconds != 0 ? o->start_seconds : 120;
	c->stop_seconds = o->stop_seconds != 0 ? o->stop_seconds : 60;
	(void)pthread_mutex_init(&c->mutex, NULL);
	r = prepare(c, o, &changed, why);
	if (r == R_GOOD)
		r = bring_up(c, changed, why);
	if (r != R_GOOD) {
		cluster_free(c);
		return r;
	}
	*out = c;
	return R_GOOD;
}

enum result
cluster_ensure(void *cluster, struct why *why)
{
	struct cluster *c = cluster;
	enum result r;

	pthread_mutex_lock(&c->mutex);
	if (c->stopped)
		r = why_set(why, R_CANCELLED, "the database has been stopped");
	else
		r = bring_up(c, false, why);
	pthread_mutex_unlock(&c->mutex);
	return r;
}

enum result
cluster_stop(struct cluster *c, struct why *why)
{
	enum result r;

	pthread_mutex_lock(&c->mutex);
	c->stopped = true;
	r = stop_server(c, why);
	/* One in /tmp is not left behind. */
	if (r == R_GOOD && strncmp(c->socket, c->folder, strlen(c->folder)) != 0)
		(void)rmdir(c->socket);
	pthread_mutex_unlock(&c->mutex);
	return r;
}

void
cluster_free(struct cluster *c)
{
	if (c == NULL)
		return;
	if (c->lock >= 0)
		close(c->lock);
	pthread_mutex_destroy(&c->mutex);
	free(c->folder);
	free(c->data);
	free(c->socket);
	free(c->log);
	free(c->bindir);
	free(c);
}

char *
cluster_address(const struct cluster *c, const char *role, const char *database)
{
	char *socket = cluster_quote(c->socket, '\\');
	char *user = cluster_quote(role, '\\');
	char *name = cluster_quote(database, '\\');
	char *address = NULL;

	/* options='' keeps PGOPTIONS of the environment out. */
	if (socket == NULL || user == NULL || name == NULL ||
	    asprintf(&address, "host=%s port=5432 user=%s dbname=%s options=''", socket, user,
		name) < 0)
		address = NULL;
	free(socket);
	free(user);
	free(name);
	return address;
}

int
cluster_pid(struct cluster *c)
{
	struct pidfile file;
	int pid;

	pthread_mutex_lock(&c->mutex);
	pid = look(c, &file) == GONE ? 0 : (int)file.pid;
	pthread_mutex_unlock(&c->mutex);
	return pid;
}

const char *
cluster_data(const struct cluster *c)
{
	return c->data;
}

enum result
cluster_template(const char *path, const char *bindir, struct why *why)
{
	char *programs;
	enum result r;

	r = refuse_root(why);
	if (r == R_GOOD)
		r = cluster_find_programs(&programs, or_environment(bindir, "TABELLA_PG_BINDIR"), 0,
		    why);
	if (r != R_GOOD)
		return r;
	r = cluster_make_data(path, programs, NULL, why);
	free(programs);
	return r;
}
