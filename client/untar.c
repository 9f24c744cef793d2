#include "client/untar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 65536

struct unpacking {
	const char *tar;
	struct archive *in;
	int dir, blobs;   /* the folder, and blobs/ in it once there is one */
	char common[256]; /* the folder that all names have in common, with its slash */
	int named;        /* `common` is set, empty or not */
	uint64_t left;    /* bytes that may still be written */
	int (*stop)(void *ctx);
	void *ctx;
	struct why *why;
};

static enum result
refuse(const struct unpacking *u, enum result r, const char *check, const char *name,
    const char *what)
{
	(void)why_set(u->why, r, "%s: %.200s %s", u->tar, name, what);
	if (u->why != NULL)
		memcpy(u->why->check, check, sizeof "V001");
	return r;
}

static enum result
extra(const struct unpacking *u, const char *name, const char *what)
{
	return refuse(u, R_EXTRA_FILE, "V002", name, what);
}

static enum result
cannot(const struct unpacking *u, const char *name)
{
	int e = errno;

	return why_set(u->why, e == ENOMEM ? R_NO_MEMORY : R_NO_DISK,
	    "%.200s cannot be taken out of %s: %s", name, u->tar, strerror(e));
}

static int
is_top(const char *name)
{
	return strcmp(name, "README") == 0 || strcmp(name, "checkpoint") == 0 ||
	    strcmp(name, "entries.ndjson") == 0 || strcmp(name, "result.json") == 0 ||
	    strcmp(name, "blobs") == 0 || strncmp(name, "blobs/", 6) == 0;
}

/* Take off what all names have in common: "./", a folder, nothing. The first name decides. Return
 * NULL for a name that has it not. */
static const char *
strip(struct unpacking *u, const char *name)
{
	const char *slash;
	size_t n;

	while (strncmp(name, "./", 2) == 0)
		name += 2;
	if (!u->named) {
		slash = strchr(name, '/');
		n = slash == NULL || is_top(name) ? 0 : (size_t)(slash - name) + 1;
		if (n >= sizeof u->common)
			return NULL;
		memcpy(u->common, name, n);
		u->common[n] = '\0';
		u->named = name[0] != '\0';
	}
	n = strlen(u->common);
	return strncmp(name, u->common, n) == 0 ? name + n : NULL;
}

/* Is it 64 hexadecimal digits in lower case? */
static int
is_blob(const char *name)
{
	return strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64;
}

static enum result
make_blobs(struct unpacking *u)
{
	if (u->blobs >= 0)
		return R_GOOD;
	if (mkdirat(u->dir, "blobs", 0755) != 0)
		return cannot(u, "blobs");
	u->blobs = openat(u->dir, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return u->blobs < 0 ? cannot(u, "blobs") : R_GOOD;
}

static enum result
damaged(const struct unpacking *u)
{
	const char *what = archive_error_string(u->in);

	if (archive_errno(u->in) == ENOMEM)
		return why_set(u->why, R_NO_MEMORY, "out of memory for %s", u->tar);
	return refuse(u, R_MISSING_FILE, "V001",
	    "is neither a folder nor a whole uncompressed tar:", what == NULL ? "" : what);
}

static enum result
copy(struct unpacking *u, int fd, const char *name)
{
	uint8_t block[BLOCK];
	la_ssize_t n;

	while ((n = archive_read_data(u->in, block, sizeof block)) > 0) {
		const uint8_t *p = block;
		ssize_t put;

		if (u->stop != NULL && u->stop(u->ctx) != 0)
			return why_set(u->why, R_CANCELLED, "stopped on request");
		if ((uint64_t)n > u->left)
			return extra(u, name, "is larger than the tar that holds it");
		u->left -= (uint64_t)n;
		for (; n > 0; p += put, n -= put) {
			put = write(fd, p, (size_t)n);
			if (put < 0 && errno == EINTR)
				put = 0;
			else if (put < 0)
				return cannot(u, name);
		}
	}
	return n < 0 ? damaged(u) : R_GOOD;
}

static enum result
take_file(struct unpacking *u, const char *name)
{
	const char *base = name;
	int dir = u->dir, fd;
	enum result r = R_GOOD;

	if (strncmp(name, "blobs/", 6) == 0) {
		base = name + 6;
		if (!is_blob(base))
			return extra(u, name, "does not belong to an archive");
		r = make_blobs(u);
		dir = u->blobs;
	} else if (!is_top(name) || strcmp(name, "blobs") == 0)
		return extra(u, name, "does not belong to an archive");
	if (r != R_GOOD)
		return r;
	fd = openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return extra(u, name, "comes twice");
	if (fd < 0)
		return cannot(u, name);
	r = copy(u, fd, name);
	if (close(fd) != 0 && r == R_GOOD)
		r = cannot(u, name);
	return r;
}

static enum result
take_entry(struct unpacking *u, struct archive_entry *e)
{
	const char *full = archive_entry_pathname(e), *name;
	const mode_t kind = archive_entry_filetype(e);

	if (full == NULL)
		return extra(u, "?", "is not a name");
	name = strip(u, full);
	if (name == NULL)
		return extra(u, full, "lies outside the archive's folder");
	if (archive_entry_hardlink(e) != NULL || archive_entry_sparse_count(e) > 0)
		return extra(u, full, "is not a plain file");
	if (kind == AE_IFREG)
		return take_file(u, name);
	if (kind != AE_IFDIR)
		return extra(u, full, "is neither a file nor a folder");
	if (strcmp(name, "blobs") == 0 || strcmp(name, "blobs/") == 0)
		return make_blobs(u);
	return name[0] == '\0' ? R_GOOD : extra(u, full, "does not belong to an archive");
}

static enum result
take_all(struct unpacking *u)
{
	struct archive_entry *e;
	enum result r = R_GOOD;
	int got;

	while (r == R_GOOD && (got = archive_read_next_header(u->in, &e)) != ARCHIVE_EOF) {
		if (got != ARCHIVE_OK)
			return damaged(u);
		r = take_entry(u, e);
	}
	return r;
}

enum result
untar(const char *tar, const char *dir, int (*stop)(void *ctx), void *ctx, struct why *why)
{
	struct unpacking u = { .tar = tar, .blobs = -1, .stop = stop, .ctx = ctx, .why = why };
	enum result r = R_NO_MEMORY;
	struct stat st;

	u.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (u.dir < 0)
		return cannot(&u, dir);
	u.in = archive_read_new();
	/* Tar and nothing else: no filters, no other formats. */
	if (u.in == NULL || archive_read_support_format_tar(u.in) != ARCHIVE_OK)
		goto out;
	if (stat(tar, &st) != 0) {
		r = cannot(&u, tar);
		goto out;
	}
	if (archive_read_open_filename(u.in, tar, BLOCK) != ARCHIVE_OK) {
		r = damaged(&u);
		goto out;
	}
	u.left = (uint64_t)st.st_size;
	r = take_all(&u);
out:
	if (u.in != NULL)
		(void)archive_read_free(u.in);
	if (u.blobs >= 0)
		(void)close(u.blobs);
	(void)close(u.dir);
	return r;
}
