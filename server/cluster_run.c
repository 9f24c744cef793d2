#include "server/cluster_inner.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/clock.h"
#include "server/process.h"

#define LOG_MAX (16 * 1024 * 1024) /* bytes; then it is set aside at the next start */
#define NAP_MS 5

/* What /proc and postmaster.pid say about the server. */
enum sight {
	GONE,
	COMING, /* starting or recovering */
	READY,
	GOING, /* shutting down */
};

static void
nap(void)
{
	const struct timespec t = { 0, NAP_MS * 1000000L };

	nanosleep(&t, NULL);
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
	char *path = cluster_join(c->data, "postmaster.pid"), line[4096];
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

pid_t
cluster_look(struct cluster *c)
{
	struct pidfile file;

	return look(c, &file) == GONE ? 0 : file.pid;
}

/* ---- starting ---- */

/* After the server was killed its sessions notice and go by themselves, and PostgreSQL
 * does not start before they have. One that is deep in a query may take long; it
 * can do no harm any more, and recovery does not need it. */
static enum result
await_survivors(const struct cluster *c, struct why *why)
{
	uint64_t patience = clock_now() + 5000, limit = patience + 5000;
	int n;

	while ((n = survivors(c, 0)) > 0) {
		if (clock_now() > limit)
			return why_set(why, R_NO_DATABASE,
			    "%d processes of the previous PostgreSQL in %s do not end", n, c->data);
		if (clock_now() > patience)
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
	char *path = cluster_join(folder, name);
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
		old = cluster_join(c->folder, "postgres.log.1");
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

enum result
cluster_bring_down(struct cluster *c, struct why *why)
{
	uint64_t deadline = clock_now() + (uint64_t)c->stop_seconds * 1000;
	struct pidfile file;
	bool told = false;

	while (look(c, &file) != GONE) {
		if (!told && file.pid > 0)
			told = kill(file.pid, SIGINT) == 0;
		if (clock_now() > deadline)
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

enum result
cluster_bring_up(struct cluster *c, bool fresh, struct why *why)
{
	uint64_t deadline = clock_now() + (uint64_t)c->start_seconds * 1000;
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
			r = cluster_bring_down(c, why);
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
		if (clock_now() > deadline)
			return why_set(why, R_NO_DATABASE,
			    "PostgreSQL (process %d) is not ready after %u seconds; it may still "
			    "be "
			    "recovering: see %s, and try again",
			    (int)file.pid, c->start_seconds, c->log);
		nap();
	}
}
