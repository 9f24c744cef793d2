/* What lies in an archive: names, the fixed files, the hashes of blobs, signed heads. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ballots/archive_parts.h"
#include "ballots/receipt.h"
#include "crypto/base64.h"
#include "crypto/note.h"

/* The four that are always there, ascending. */
static const char *const fixed[] = { "README", "checkpoint", "entries.ndjson", "result.json" };
#define FIXED (sizeof fixed / sizeof *fixed)

static enum result
cannot(struct why *why, const char *path, const char *name)
{
	int e = errno;

	return why_set(why, e == ENOMEM ? R_NO_MEMORY : R_NO_DISK, "%s/%s cannot be read: %s", path,
	    name, strerror(e));
}

/* ---- listing ---- */

/* Names in a folder, ascending. */
struct names {
	char **name;
	size_t n, room;
};

static void
names_free(struct names *names)
{
	while (names->n > 0)
		free(names->name[--names->n]);
	free(names->name);
}

static enum result
names_add(struct names *names, const char *name)
{
	char **more;

	if (names->n == names->room) {
		more = reallocarray(names->name, names->room * 2 + 16, sizeof *more);
		if (more == NULL)
			return R_NO_MEMORY;
		names->name = more;
		names->room = names->room * 2 + 16;
	}
	names->name[names->n] = strdup(name);
	return names->name[names->n++] == NULL ? R_NO_MEMORY : R_GOOD;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Read the names in the folder behind `fd`, which it takes. */
static enum result
names_read(struct names *names, int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	enum result r = R_GOOD;

	if (dir == NULL) {
		(void)close(fd);
		return R_NO_DISK;
	}
	for (;;) {
		errno = 0;
		e = readdir(dir);
		if (e == NULL)
			break;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = names_add(names, e->d_name);
		if (r != R_GOOD)
			break;
	}
	if (r == R_GOOD && errno != 0)
		r = R_NO_DISK;
	(void)closedir(dir);
	if (r == R_GOOD && names->n > 0)
		qsort(names->name, names->n, sizeof *names->name, by_name);
	return r;
}

static int
names_has(const struct names *names, const char *name)
{
	return names->n > 0 &&
	    bsearch(&name, names->name, names->n, sizeof *names->name, by_name) != NULL;
}

static enum result
missing(struct why *why, const char *path, const char *name)
{
	return archive_name(why, "V001",
	    why_set(why, R_MISSING_FILE, "%s/%s is not there", path, name));
}

static enum result
extra(struct why *why, const char *path, const char *name, const char *what)
{
	return archive_name(why, "V002", why_set(why, R_EXTRA_FILE, "%s/%s %s", path, name, what));
}

static int
is_fixed(const char *name)
{
	size_t i;

	for (i = 0; i < FIXED; i++)
		if (strcmp(name, fixed[i]) == 0)
			return 1;
	return 0;
}

/* The names and kinds of what lies at the top. */
static enum result
judge_top(struct archive_files *files, const struct names *names, int dir, const char *path,
    struct why *why)
{
	struct stat st;
	size_t i;

	for (i = 0; i < FIXED; i++)
		if (!names_has(names, fixed[i]))
			return missing(why, path, fixed[i]);
	for (i = 0; i < names->n; i++) {
		const char *name = names->name[i];
		int is_blobs = strcmp(name, "blobs") == 0;

		if (!is_blobs && !is_fixed(name))
			return extra(why, path, name, "does not belong to an archive");
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			return cannot(why, path, name);
		if (is_blobs ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
			return extra(why, path, name,
			    is_blobs ? "is not a folder" : "is not a regular file");
		if (strcmp(name, "entries.ndjson") == 0)
			files->entries_bytes = (uint64_t)st.st_size;
	}
	return R_GOOD;
}

static enum result
add_blob(struct archive_files *files, const struct digest *id, uint64_t bytes)
{
	struct archive_blob *more;

	if (files->blobs == files->room) {
		more = reallocarray(files->blob, files->room * 2 + 16, sizeof *more);
		if (more == NULL)
			return R_NO_MEMORY;
		files->blob = more;
		files->room = files->room * 2 + 16;
	}
	files->blob[files->blobs++] = (struct archive_blob){ .id = *id, .bytes = bytes };
	files->blob_bytes += bytes;
	return R_GOOD;
}

/* The files in blobs/; their names are in ascending order, and so are what they stand for. */
static enum result
list_blobs(struct archive_files *files, int dir, const char *path, struct why *why)
{
	struct names names = { 0 };
	int fd = openat(dir, "blobs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct digest id;
	struct stat st;
	enum result r;
	size_t i;

	if (fd < 0)
		return cannot(why, path, "blobs");
	r = names_read(&names, dup(fd));
	if (r != R_GOOD)
		(void)(r == R_NO_MEMORY ? why_set(why, r, "out of memory for a list of files")
					: cannot(why, path, "blobs"));
	for (i = 0; i < names.n && r == R_GOOD; i++) {
		if (hex_decode(id.b, sizeof id.b, slice_of(names.name[i])) != R_GOOD)
			r = extra(why, path, names.name[i],
			    "(in blobs) does not belong to an archive");
		else if (fstatat(fd, names.name[i], &st, AT_SYMLINK_NOFOLLOW) != 0)
			r = cannot(why, path, names.name[i]);
		else if (!S_ISREG(st.st_mode))
			r = extra(why, path, names.name[i], "(in blobs) is not a regular file");
		else if (add_blob(files, &id, (uint64_t)st.st_size) != R_GOOD)
			r = why_set(why, R_NO_MEMORY, "out of memory for a list of blobs");
	}
	names_free(&names);
	(void)close(fd);
	return r;
}

enum result
archive_files_list(struct archive_files *files, const char *path, struct why *why)
{
	struct names names = { 0 };
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum result r;

	*files = (struct archive_files){ 0 };
	if (dir < 0 && (errno == ENOENT || errno == ENOTDIR))
		return archive_name(why, "V001",
		    why_set(why, R_MISSING_FILE, "%s: there is no such folder", path));
	if (dir < 0)
		return cannot(why, path, "");
	r = names_read(&names, dup(dir));
	if (r == R_NO_MEMORY)
		(void)why_set(why, r, "out of memory for a list of files");
	else if (r != R_GOOD)
		r = cannot(why, path, "");
	if (r == R_GOOD)
		r = judge_top(files, &names, dir, path, why);
	if (r == R_GOOD && names_has(&names, "blobs"))
		r = list_blobs(files, dir, path, why);
	names_free(&names);
	(void)close(dir);
	return r;
}

void
archive_files_free(struct archive_files *files)
{
	free(files->blob);
	*files = (struct archive_files){ 0 };
}

static int
by_id(const void *a, const void *b)
{
	const struct archive_blob *blob = b;

	return digest_compare(a, &blob->id);
}

struct archive_blob *
archive_files_find(const struct archive_files *files, const struct digest *id)
{
	if (files->blobs == 0)
		return NULL;
	return bsearch(id, files->blob, files->blobs, sizeof *files->blob, by_id);
}

/* ---- contents ---- */

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

enum result
archive_map(struct blob *out, const char *path, const char *name, uint64_t most, struct why *why)
{
	struct mapping *m = NULL;
	enum result r = R_GOOD;
	struct stat st;
	int dir, fd;

	*out = (struct blob){ 0 };
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return cannot(why, path, "");
	/* Not blocking: what was a file a moment ago might be a pipe now. */
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	errno = fd < 0 ? errno : EINVAL;
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		r = cannot(why, path, name);
		goto out;
	}
	if ((uint64_t)st.st_size > most) {
		r = why_set(why, R_TOO_LARGE, "%s/%s has %lld bytes", path, name,
		    (long long)st.st_size);
		goto out;
	}
	if (st.st_size == 0)
		goto out;
	m = malloc(sizeof *m);
	if (m == NULL) {
		r = why_set(why, R_NO_MEMORY, "out of memory for %s", name);
		goto out;
	}
	m->n = (size_t)st.st_size;
	m->p = mmap(NULL, m->n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (m->p == MAP_FAILED) {
		r = cannot(why, path, name);
		free(m);
		goto out;
	}
	*out = (struct blob){ .bytes = { m->p, m->n }, .release = unmap, .owner = m };
out:
	if (fd >= 0)
		(void)close(fd);
	(void)close(dir);
	return r;
}

enum result
archive_check_readme(const char *path, struct why *why)
{
	struct blob text;
	enum result r = archive_map(&text, path, "README", NOTE_BYTES_MAX, why);

	if (r == R_GOOD && !slice_equal(text.bytes, slice_of(archive_readme)))
		r = R_TOO_LARGE;
	if (r == R_TOO_LARGE)
		r = archive_name(why, "V003",
		    why_set(why, R_BAD_ENCODING, "%s/README is not the text that it must be",
			path));
	blob_release(&text);
	return r;
}

struct hashing {
	const struct archive_files *files;
	const char *path;
};

static enum result
hash_blobs(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct hashing *h = ctx;
	char name[sizeof "blobs/" + HEX_LEN(32)] = "blobs/";
	struct digest id;
	struct blob blob;
	enum result r = R_GOOD;
	size_t i;

	for (i = from; i < to && r == R_GOOD; i++) {
		(void)hex_encode(name + strlen("blobs/"), h->files->blob[i].id.b, 32);
		r = archive_map(&blob, h->path, name, UINT64_MAX, NULL);
		if (r == R_GOOD) {
			sha256(&id, blob.bytes.p, blob.bytes.n);
			if (!digest_equal(&id, &h->files->blob[i].id))
				r = R_BAD_BLOB;
		}
		blob_release(&blob);
		*bad = i;
	}
	return r;
}

enum result
archive_check_blobs(const struct archive_files *files, const char *path,
    const struct effort *effort, struct why *why)
{
	struct hashing h = { files, path };
	char name[HEX_LEN(32) + 1];
	size_t bad = 0;
	enum result r = par_ranges(effort, files->blobs, 1, hash_blobs, &h, &bad);

	if (r == R_GOOD)
		return r;
	if (r == R_CANCELLED)
		return why_set(why, r, "stopped on request");
	(void)hex_encode(name, files->blob[bad].id.b, 32);
	if (r == R_BAD_BLOB)
		return archive_name(why, "V911",
		    why_set(why, r, "%s/blobs/%s has another hash than its name", path, name));
	return why_set(why, r, "%s/blobs/%s: %s", path, name, result_text(r));
}

/* ---- heads ---- */

enum result
archive_head_open(struct checkpoint *head, struct slice note, const struct frozen *frozen)
{
	const struct head_signers signers = frozen_signers(frozen);

	return head_open(head, note, &signers);
}
