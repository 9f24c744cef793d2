/*
 * trip: a library for LD_PRELOAD that makes a program stumble at a chosen moment. TRIP says
 * how; calls are counted from 1:
 *
 *	kill:N[:TEXT]	the process dies by SIGKILL at the Nth call that changes the disk (write and
 *			pwrite to a regular file: half of the bytes have been written; fsync,
 *			rename, link, ftruncate: nothing has been done); with
 *			TEXT only calls count of which it is a part, in the form "fsync folder/file"
 *	full:N		from the Nth write on there is no room on the disk: half of the bytes of
 *			that one, none of the later ones
 *	random:N	the Nth and all further requests to getrandom for 32 bytes fail
 *	clock:N		the system's clock is N seconds off (N may be negative)
 *	clock:/FILE	the same, by the number that stands in the file at the moment
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum stumble { NEVER, KILL, FULL, RANDOM, CLOCK };

static struct {
	pthread_once_t once;
	enum stumble how;
	long at, calls;
	const char *text, *path;
} trip = { PTHREAD_ONCE_INIT, NEVER, 0, 0, NULL, NULL };

static void
read_how(void)
{
	const char *text = getenv("TRIP");

	if (text == NULL)
		return;
	trip.how = strncmp(text, "kill:", 5) == 0 ? KILL
	    : strncmp(text, "full:", 5) == 0      ? FULL
	    : strncmp(text, "random:", 7) == 0    ? RANDOM
	    : strncmp(text, "clock:", 6) == 0     ? CLOCK
						  : NEVER;
	trip.at = strtol(strchr(text, ':') + 1, NULL, 10);
	trip.path = strchr(text, ':')[1] == '/' ? strchr(text, ':') + 1 : NULL;
	trip.text = strchr(strchr(text, ':') + 1, ':');
}

/* Count a call of this kind: is it the one, or a later one? */
static int
now(enum stumble how)
{
	(void)pthread_once(&trip.once, read_how);
	return trip.how == how && __atomic_add_fetch(&trip.calls, 1, __ATOMIC_SEQ_CST) >= trip.at;
}

static void *
real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* Is this call the moment to die? */
static int
last(const char *call, int fd, const char *path)
{
	char link[64], target[512] = "", what[600];
	const char *slash;

	(void)pthread_once(&trip.once, read_how);
	if (trip.how != KILL)
		return 0;
	if (path == NULL) {
		(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		(void)!readlink(link, target, sizeof target - 1);
		path = target;
	}
	slash = strrchr(path, '/');
	while (slash != NULL && slash > path && slash[-1] != '/')
		slash--;
	(void)snprintf(what, sizeof what, "%s %s", call, slash != NULL ? slash : path);
	if ((trip.text != NULL && strstr(what, trip.text + 1) == NULL) || !now(KILL))
		return 0;
	(void)dprintf(STDERR_FILENO, "trip: %s\n", what);
	return 1;
}

/* How far the clock is off. */
static long
offset(void)
{
	char text[32] = "";
	int fd;

	(void)pthread_once(&trip.once, read_how);
	if (trip.how != CLOCK || trip.path == NULL)
		return trip.how == CLOCK ? trip.at : 0;
	fd = open(trip.path, O_RDONLY | O_CLOEXEC);
	(void)!read(fd, text, sizeof text - 1);
	(void)close(fd);
	return strtol(text, NULL, 10);
}

static void
die(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

static int
is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	ssize_t (*call)(int, const void *, size_t) =
	    (ssize_t(*)(int, const void *, size_t))real("write");

	if (!is_regular(fd))
		return call(fd, bytes, n);
	if (last("write", fd, NULL)) {
		(void)call(fd, bytes, n / 2);
		die();
	}
	if (now(FULL)) {
		if (trip.calls == trip.at && n > 1)
			return call(fd, bytes, n / 2);
		errno = ENOSPC;
		return -1;
	}
	return call(fd, bytes, n);
}

ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	ssize_t (*call)(int, const void *, size_t, off_t) =
	    (ssize_t(*)(int, const void *, size_t, off_t))real("pwrite");

	if (last("pwrite", fd, NULL)) {
		(void)call(fd, bytes, n / 2, at);
		die();
	}
	if (now(FULL)) {
		if (trip.calls == trip.at && n > 1)
			return call(fd, bytes, n / 2, at);
		errno = ENOSPC;
		return -1;
	}
	return call(fd, bytes, n, at);
}

int
fsync(int fd)
{
	if (last("fsync", fd, NULL))
		die();
	return ((int (*)(int))real("fsync"))(fd);
}

int
rename(const char *from, const char *to)
{
	if (last("rename", -1, to))
		die();
	return ((int (*)(const char *, const char *))real("rename"))(from, to);
}

int
link(const char *from, const char *to)
{
	if (last("link", -1, to))
		die();
	return ((int (*)(const char *, const char *))real("link"))(from, to);
}

int
ftruncate(int fd, off_t size)
{
	if (last("ftruncate", fd, NULL))
		die();
	return ((int (*)(int, off_t))real("ftruncate"))(fd, size);
}

ssize_t
getrandom(void *bytes, size_t n, unsigned flags)
{
	if (n == 32 && now(RANDOM)) {
		errno = EIO;
		return -1;
	}
	return ((ssize_t(*)(void *, size_t, unsigned))real("getrandom"))(bytes, n, flags);
}

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = ((int (*)(clockid_t, struct timespec *))real("clock_gettime"))(clock, t);

	if (r == 0 && clock == CLOCK_REALTIME)
		t->tv_sec += offset();
	return r;
}

time_t
time(time_t *out)
{
	const time_t t = ((time_t(*)(time_t *))real("time"))(NULL) + offset();

	if (out != NULL)
		*out = t;
	return t;
}
