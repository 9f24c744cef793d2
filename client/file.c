#include "client/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "ballots/whole.h"

#define SECRET_MOST ((size_t)65536)

void
secret_free(struct secret *s)
{
	sodium_free(s->p);
	s->p = NULL;
	s->n = 0;
}

static enum result
refused(struct why *why, const char *path, const char *what)
{
	int e = errno;

	if (e == ENOENT)
		return why_set(why, R_MISSING_FILE, "%s is not there", path);
	return why_set(why, R_NO_DISK, "%s cannot be %s: %s", path, what, strerror(e));
}

static enum result
read_all(struct buffer *out, int fd, const char *path, size_t most, struct why *why)
{
	uint8_t *room;
	ssize_t n;

	for (;;) {
		room = buffer_room(out, 65536);
		if (room == NULL)
			return R_NO_MEMORY;
		n = read(fd, room, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refused(why, path, "read");
		if (n == 0)
			return R_GOOD;
		out->n += (size_t)n;
		if (out->n > most)
			return why_set(why, R_TOO_LARGE, "%s is larger than %zu bytes", path, most);
	}
}

enum result
file_read(struct buffer *out, const char *path, size_t most, struct why *why)
{
	int from_stdin = strcmp(path, "-") == 0;
	int fd = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum result r;

	buffer_clear(out);
	if (fd < 0)
		return refused(why, path, "read");
	r = read_all(out, fd, from_stdin ? "standard input" : path, most, why);
	if (!from_stdin)
		(void)close(fd);
	return r;
}

enum result
file_read_secret(struct secret *out, const char *path, struct why *why)
{
	return file_read_secret_sized(out, path, SECRET_MOST, why);
}

enum result
file_read_secret_sized(struct secret *out, const char *path, size_t most, struct why *why)
{
	struct stat st;
	enum result r = R_GOOD;
	size_t got = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	out->p = NULL;
	out->n = 0;
	if (fd < 0 && errno == ELOOP)
		return why_set(why, R_KEY_PERMISSIONS,
		    "%s is a symbolic link\nGive the path of the key file itself", path);
	if (fd < 0)
		return refused(why, path, "read");
	if (fstat(fd, &st) != 0) {
		r = refused(why, path, "read");
		goto out;
	}
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		r = why_set(why, R_KEY_PERMISSIONS,
		    "%s must be a file of your own that nobody else can read\nTry: chmod 600 %s",
		    path, path);
		goto out;
	}
	if ((size_t)st.st_size > most) {
		r = why_set(why, R_TOO_LARGE, "%s is too large for a secret", path);
		goto out;
	}
	out->p = sodium_malloc((size_t)st.st_size + 1);
	if (out->p == NULL) {
		r = R_NO_MEMORY;
		goto out;
	}
	while (got < (size_t)st.st_size) {
		n = read(fd, out->p + got, (size_t)st.st_size - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	if (got != (size_t)st.st_size) {
		r = refused(why, path, "read");
		secret_free(out);
		goto out;
	}
	out->n = got;
	out->p[got] = 0; /* so that text secrets can be read as strings */
out:
	(void)close(fd);
	return r;
}

/* Say what whole.h has met. */
static enum result
cannot_write(enum result r, const char *path, struct why *why)
{
	return r == R_NO_MEMORY ? why_set(why, r, "out of memory") : refused(why, path, "written");
}

enum result
file_write(const char *path, struct slice bytes, mode_t mode, struct why *why)
{
	enum result r = whole_write(path, bytes, mode, WHOLE_REPLACE);

	return r == R_GOOD ? r : cannot_write(r, path, why);
}

enum result
file_write_new(const char *path, struct slice bytes, mode_t mode, struct why *why)
{
	enum result r = whole_write(path, bytes, mode, WHOLE_NEW);

	if (r == R_CONFLICT)
		return why_set(why, r,
		    "%s exists already\nNothing was overwritten; choose another name", path);
	return r == R_GOOD ? r : cannot_write(r, path, why);
}

enum result
file_append(const char *path, struct slice bytes, mode_t mode, struct why *why)
{
	int is_new = !file_exists(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, mode);
	int bad;

	if (fd < 0)
		return refused(why, path, "written");
	bad = whole_put(fd, bytes) != R_GOOD || fsync(fd) != 0;
	bad |= close(fd) != 0;
	if (bad || (is_new && whole_keep_name(path) != R_GOOD))
		return refused(why, path, "written");
	return R_GOOD;
}

enum result
file_make_dir(const char *path, mode_t mode, struct why *why)
{
	char *copy = strdup(path);
	enum result r = R_GOOD;
	char *at;

	if (copy == NULL)
		return R_NO_MEMORY;
	for (at = copy + 1; r == R_GOOD; at++) {
		char was = *at;

		if (was != '/' && was != '\0')
			continue;
		*at = '\0';
		if (mkdir(copy, mode) != 0 && errno != EEXIST)
			r = refused(why, copy, "made");
		*at = was;
		if (was == '\0')
			break;
	}
	free(copy);
	return r;
}

int
file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

enum result
file_map(struct slice *out, const char *path, struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum result r = R_GOOD;
	struct stat st;
	void *p;

	out->p = NULL;
	out->n = 0;
	if (fd < 0)
		return refused(why, path, "read");
	if (fstat(fd, &st) != 0)
		r = refused(why, path, "read");
	else if (!S_ISREG(st.st_mode))
		r = why_set(why, R_NO_DISK, "%s is not a regular file", path);
	else if (st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			r = refused(why, path, "read");
		else {
			out->p = p;
			out->n = (size_t)st.st_size;
		}
	}
	(void)close(fd);
	return r;
}

void
file_unmap(struct slice bytes)
{
	if (bytes.n > 0)
		(void)munmap((void *)(uintptr_t)bytes.p, bytes.n);
}

enum result
file_lock(int *fd, const char *path, struct why *why)
{
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return refused(why, path, "written");
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return R_GOOD;
	(void)close(*fd);
	*fd = -1;
	return why_set(why, R_CONFLICT,
	    "%s is in use by another process\nWait for it, or stop it first", path);
}

void
file_unlock(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

char *
file_path(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}
