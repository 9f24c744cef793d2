#include "ballots/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ballots/record.h"
#include "ballots/whole.h"
#include "crypto/base64.h"

/* A line is a record and the entry around it. */
#define LINE_MOST ((uint64_t)RECORD_BYTES_MAX + 1024)
#define STRETCH ((size_t)1 << 20)

struct folder {
	char *path;
	int fd; /* entries.ndjson */
	enum folder_mode mode;
	uint64_t *end; /* offset behind each line, line end included */
	uint64_t size, room;
	struct source source;
};

static enum result
refused(struct why *why, const struct folder *f, const char *name, const char *what)
{
	int e = errno;

	if (e == ENOENT)
		return why_set(why, R_MISSING_FILE, "%s/%s is not there", f->path, name);
	if (e == ENOMEM)
		return R_NO_MEMORY;
	return why_set(why, R_NO_DISK, "%s/%s cannot be %s: %s", f->path, name, what, strerror(e));
}

static enum result
add_end(struct folder *f, uint64_t end)
{
	uint64_t *more, room;

	if (f->size == f->room) {
		room = f->room == 0 ? 1024 : f->room * 2;
		more = reallocarray(f->end, (size_t)room, sizeof *more);
		if (more == NULL)
			return R_NO_MEMORY;
		f->end = more;
		f->room = room;
	}
	f->end[f->size++] = end;
	return R_GOOD;
}

static uint64_t
bytes_used(const struct folder *f)
{
	return f->size == 0 ? 0 : f->end[f->size - 1];
}

/* Find the lines in a stretch of bytes that begins at offset `at`. */
static enum result
find_lines(struct folder *f, const uint8_t *bytes, size_t n, uint64_t at, struct why *why)
{
	const uint8_t *p = bytes, *line_end;
	enum result r;

	while ((line_end = memchr(p, '\n', n - (size_t)(p - bytes))) != NULL) {
		p = line_end + 1;
		r = add_end(f, at + (uint64_t)(p - bytes));
		if (r != R_GOOD)
			return r;
	}
	if (at + n - bytes_used(f) > LINE_MOST)
		return why_set(why, R_TOO_LARGE, "%s/entries.ndjson: line %" PRIu64 " is too long",
		    f->path, f->size);
	return R_GOOD;
}

static enum result
index_lines(struct folder *f, struct why *why)
{
	uint8_t *bytes = malloc(STRETCH);
	enum result r = R_GOOD;
	uint64_t at = 0;
	ssize_t n;

	if (bytes == NULL)
		return R_NO_MEMORY;
	for (;;) {
		n = pread(f->fd, bytes, STRETCH, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		r = find_lines(f, bytes, (size_t)n, at, why);
		if (r != R_GOOD)
			break;
		at += (uint64_t)n;
	}
	if (n < 0)
		r = refused(why, f, "entries.ndjson", "read");
	free(bytes);
	if (r != R_GOOD || at == bytes_used(f))
		return r;
	if (f->mode == FOLDER_READ)
		return why_set(why, R_BAD_ENCODING, "%s/entries.ndjson: the last line has no end",
		    f->path);
	if (ftruncate(f->fd, (off_t)bytes_used(f)) != 0)
		return refused(why, f, "entries.ndjson", "cut");
	return R_GOOD;
}

static enum result
read_at(const struct folder *f, uint8_t *bytes, size_t n, uint64_t at)
{
	ssize_t got;

	while (n > 0) {
		got = pread(f->fd, bytes, n, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return R_NO_DISK;
		bytes += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return R_GOOD;
}

/* Whole lines are read in stretches of about a megabyte. */
static enum result
source_entries(void *ctx, uint64_t from, uint64_t to, source_each *each, void *arg)
{
	const struct folder *f = ctx;
	uint8_t *bytes = NULL;
	size_t room = 0;
	enum result r = R_GOOD;

	if (from > to || to > f->size)
		return R_MISSING_ENTRY;
	while (r == R_GOOD && from < to) {
		uint64_t begin = from == 0 ? 0 : f->end[from - 1], last = from + 1, i;
		size_t n;

		while (last < to && f->end[last] - begin <= STRETCH)
			last++;
		n = (size_t)(f->end[last - 1] - begin);
		if (n > room) {
			free(bytes);
			room = n;
			bytes = malloc(room);
			if (bytes == NULL)
				return R_NO_MEMORY;
		}
		r = read_at(f, bytes, n, begin);
		for (i = from; r == R_GOOD && i < last; i++) {
			uint64_t at = i == 0 ? 0 : f->end[i - 1];
			struct slice line = { bytes + (at - begin), (size_t)(f->end[i] - at) - 1 };

			r = each(arg, i, line);
		}
		from = last;
	}
	free(bytes);
	return r;
}

struct mapping {
	void *p;
	size_t n;
};

static void
unmap(void *owner)
{
	struct mapping *m = owner;

	(void)munmap(m->p, m->n);
	free(m);
}

static enum result
source_blob_open(void *ctx, const struct digest *id, struct blob *out)
{
	const struct folder *f = ctx;
	char *path = folder_blob_path(f, id);
	struct mapping *m = NULL;
	enum result r = R_NO_DISK;
	struct stat st;
	int fd;

	memset(out, 0, sizeof *out);
	if (path == NULL)
		return R_NO_MEMORY;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? R_MISSING_BLOB : R_NO_DISK;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		goto out;
	r = R_GOOD;
	if (st.st_size == 0)
		goto out;
	r = R_NO_MEMORY;
	m = malloc(sizeof *m);
	if (m == NULL)
		goto out;
	m->n = (size_t)st.st_size;
	m->p = mmap(NULL, m->n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (m->p == MAP_FAILED) {
		free(m);
		goto out;
	}
	out->bytes.p = m->p;
	out->bytes.n = m->n;
	out->release = unmap;
	out->owner = m;
	r = R_GOOD;
out:
	(void)close(fd);
	return r;
}

static enum result
open_entries(struct folder *f, struct why *why)
{
	char *path = NULL;
	int flags = f->mode == FOLDER_READ ? O_RDONLY : O_RDWR | O_CREAT;

	if (f->mode == FOLDER_KEEP) {
		if (mkdir(f->path, 0755) != 0 && errno != EEXIST)
			return refused(why, f, "", "made");
		if (asprintf(&path, "%s/blobs", f->path) < 0)
			return R_NO_MEMORY;
		if (mkdir(path, 0755) != 0 && errno != EEXIST) {
			free(path);
			return refused(why, f, "blobs", "made");
		}
		free(path);
	}
	if (asprintf(&path, "%s/entries.ndjson", f->path) < 0)
		return R_NO_MEMORY;
	f->fd = open(path, flags | O_CLOEXEC, 0644);
	free(path);
	return f->fd < 0 ? refused(why, f, "entries.ndjson", "opened") : R_GOOD;
}

enum result
folder_open(struct folder **out, const char *path, enum folder_mode mode, struct why *why)
{
	struct folder *f = calloc(1, sizeof *f);
	enum result r = R_NO_MEMORY;

	*out = NULL;
	if (f == NULL)
		return r;
	f->fd = -1;
	f->mode = mode;
	f->path = strdup(path);
	f->source.ctx = f;
	f->source.entries = source_entries;
	f->source.blob = source_blob_open;
	if (f->path != NULL)
		r = open_entries(f, why);
	if (r == R_GOOD)
		r = index_lines(f, why);
	if (r != R_GOOD) {
		folder_close(f);
		return r;
	}
	*out = f;
	return R_GOOD;
}

void
folder_close(struct folder *f)
{
	if (f == NULL)
		return;
	if (f->fd >= 0)
		(void)close(f->fd);
	free(f->end);
	free(f->path);
	free(f);
}

uint64_t
folder_size(const struct folder *f)
{
	return f->size;
}

const struct source *
folder_source(const struct folder *f)
{
	return &f->source;
}

static enum result
write_at(const struct folder *f, struct slice bytes, uint64_t at, struct why *why)
{
	ssize_t n;

	while (bytes.n > 0) {
		n = pwrite(f->fd, bytes.p, bytes.n, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refused(why, f, "entries.ndjson", "written");
		bytes.p += n;
		bytes.n -= (size_t)n;
		at += (uint64_t)n;
	}
	return R_GOOD;
}

enum result
folder_append(struct folder *f, struct slice lines, struct why *why)
{
	uint64_t before = f->size, at = bytes_used(f);
	enum result r = write_at(f, lines, at, why);

	if (r == R_GOOD && lines.n > 0)
		r = find_lines(f, lines.p, lines.n, at, why);
	if (r == R_GOOD && bytes_used(f) != at + lines.n)
		r = why_set(why, R_BAD_ENCODING, "a line without an end cannot be kept");
	if (r != R_GOOD) {
		f->size = before;
		(void)!ftruncate(f->fd, (off_t)at);
	}
	return r;
}

enum result
folder_truncate(struct folder *f, uint64_t size, struct why *why)
{
	uint64_t at = size == 0 ? 0 : f->end[size - 1];

	if (ftruncate(f->fd, (off_t)at) != 0)
		return refused(why, f, "entries.ndjson", "cut");
	f->size = size;
	return R_GOOD;
}

char *
folder_blob_path(const struct folder *f, const struct digest *id)
{
	char hex[65], *path;

	(void)hex_encode(hex, id->b, sizeof id->b);
	return asprintf(&path, "%s/blobs/%s", f->path, hex) < 0 ? NULL : path;
}

int
folder_has_blob(const struct folder *f, const struct digest *id)
{
	char *path = folder_blob_path(f, id);
	struct stat st;
	int there = path != NULL && stat(path, &st) == 0 && S_ISREG(st.st_mode);

	free(path);
	return there;
}

enum result
folder_add_blob(struct folder *f, struct slice bytes, struct digest *id, struct why *why)
{
	enum result r;
	char *path;

	sha256(id, bytes.p, bytes.n);
	path = folder_blob_path(f, id);
	if (path == NULL)
		return R_NO_MEMORY;
	r = whole_write(path, bytes, 0644, WHOLE_REPLACE);
	free(path);
	return r == R_GOOD || r == R_NO_MEMORY ? r : refused(why, f, "blobs", "written");
}
