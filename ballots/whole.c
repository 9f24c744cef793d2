#include "ballots/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum result
failed(void)
{
	return errno == ENOMEM ? R_NO_MEMORY : errno == EEXIST ? R_CONFLICT : R_NO_DISK;
}

enum result
whole_put(int fd, struct slice bytes)
{
	ssize_t n;

	while (bytes.n > 0) {
		n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return R_NO_DISK;
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return R_GOOD;
}

/* Write, flush and close; errno is that of the first failure. */
static enum result
finish(int fd, struct slice bytes)
{
	int bad = whole_put(fd, bytes) != R_GOOD || fsync(fd) != 0;
	int e = errno;

	if (close(fd) == 0 && !bad)
		return R_GOOD;
	if (bad)
		errno = e;
	return R_NO_DISK;
}

enum result
whole_make(int dir, const char *name, struct slice bytes, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	return fd < 0 ? failed() : finish(fd, bytes);
}

enum result
whole_keep_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
	enum result r = R_GOOD;
	int fd;

	if (dir == NULL)
		return R_NO_MEMORY;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return failed();
	if (fsync(fd) != 0)
		r = R_NO_DISK;
	(void)close(fd);
	return r;
}

enum result
whole_write(const char *path, struct slice bytes, mode_t mode, enum whole_name name)
{
	char *partial;
	enum result r;
	int fd, e;

	if (asprintf(&partial, "%s.XXXXXX", path) < 0)
		return R_NO_MEMORY;
	fd = mkostemp(partial, O_CLOEXEC);
	if (fd < 0) {
		r = failed();
		free(partial);
		return r;
	}
	if (fchmod(fd, mode) != 0) {
		(void)close(fd);
		r = R_NO_DISK;
	} else
		r = finish(fd, bytes);
	if (r == R_GOOD && (name == WHOLE_NEW ? link(partial, path) : rename(partial, path)) != 0)
		r = failed();
	if (r == R_GOOD)
		r = whole_keep_name(path);
	e = errno;
	if (r != R_GOOD || name == WHOLE_NEW)
		(void)unlink(partial);
	free(partial);
	errno = e;
	return r;
}

enum result
whole_read(struct buffer *out, const char *path, size_t most)
{
	enum result r = R_GOOD;
	uint8_t *room;
	ssize_t got = 1;
	size_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? R_NOT_FOUND : R_NO_DISK;
	room = buffer_room(out, most + 1);
	if (room == NULL)
		r = R_NO_MEMORY;
	while (r == R_GOOD && got > 0 && n <= most) {
		got = read(fd, room + n, most + 1 - n);
		if (got > 0)
			n += (size_t)got;
		else if (got < 0 && errno != EINTR)
			r = R_NO_DISK;
		else if (got < 0)
			got = 1;
	}
	if (r == R_GOOD && n > most)
		r = R_TOO_LARGE;
	if (r == R_GOOD)
		out->n += n;
	(void)close(fd);
	return r;
}
