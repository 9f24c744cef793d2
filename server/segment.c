#include "server/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ballots/entry.h"
#include "crypto/base64.h"

#define KNOWN 64 /* segments that stay open: a descriptor and 16 KiB each */
#define SEGMENT_BYTES_MAX ((off_t)UINT32_MAX)

struct segment {
	atomic_uint holders;
	struct digest election;
	uint64_t number;
	int fd;
	uint32_t offset[SEGMENT_LINES + 1];
};

struct segments {
	char *folder;
	struct log *log;
	struct meter *meter;
	pthread_mutex_t lock;
	struct segment *known[KNOWN]; /* checked ones; by number */
};

enum result
segments_new(struct segments **out, const char *folder, struct log *log, struct meter *meter)
{
	struct segments *s = calloc(1, sizeof *s);

	*out = NULL;
	if (s == NULL || (s->folder = strdup(folder)) == NULL) {
		free(s);
		return R_NO_MEMORY;
	}
	s->log = log;
	s->meter = meter;
	(void)pthread_mutex_init(&s->lock, NULL);
	*out = s;
	return R_GOOD;
}

void
segments_free(struct segments *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < KNOWN; i++)
		segment_put(s->known[i]);
	(void)pthread_mutex_destroy(&s->lock);
	free(s->folder);
	free(s);
}

void
segment_put(struct segment *g)
{
	if (g == NULL || atomic_fetch_sub(&g->holders, 1) > 1)
		return;
	if (g->fd >= 0)
		(void)close(g->fd);
	free(g);
}

size_t
segment_offset(const struct segment *g, size_t i)
{
	return g->offset[i];
}

enum result
segment_read(const struct segment *g, uint8_t *out, size_t offset, size_t n)
{
	ssize_t got;

	for (; n > 0; out += got, offset += (size_t)got, n -= (size_t)got) {
		got = pread(g->fd, out, n, (off_t)offset);
		if (got <= 0)
			return R_NO_DISK;
	}
	return R_GOOD;
}

/* ---- the ones that are known ---- */

/* Several elections share the places; the newest of them stays. */
static struct segment **
place(struct segments *s, const struct digest *election, uint64_t number)
{
	return &s->known[(number + election->b[0]) % KNOWN];
}

static struct segment *
find(struct segments *s, const struct digest *election, uint64_t number)
{
	struct segment *g;

	(void)pthread_mutex_lock(&s->lock);
	g = *place(s, election, number);
	if (g != NULL && g->number == number && digest_equal(&g->election, election))
		atomic_fetch_add(&g->holders, 1);
	else
		g = NULL;
	(void)pthread_mutex_unlock(&s->lock);
	return g;
}

static void
keep(struct segments *s, struct segment *g)
{
	struct segment **at = place(s, &g->election, g->number), *old;

	atomic_fetch_add(&g->holders, 1);
	(void)pthread_mutex_lock(&s->lock);
	old = *at;
	*at = g;
	(void)pthread_mutex_unlock(&s->lock);
	segment_put(old);
}

/* ---- opening ---- */

struct compare {
	struct slice line;
	bool same;
};

static enum result
compare_line(void *ctx, uint64_t seq, struct slice line)
{
	struct compare *c = ctx;

	(void)seq;
	c->same = line.n == c->line.n && memcmp(line.p, c->line.p, line.n) == 0;
	return R_GOOD;
}

/* Do the bytes hold the entries that they should, and is the last one the database's? All
 * before it follow from the hashes. R_BAD_ENCODING if not. */
static enum result
check(struct segment *g, const uint8_t *bytes, size_t n, struct store *store,
    struct store_election key, struct why *why)
{
	const uint64_t first = g->number * SEGMENT_LINES;
	const uint8_t *p = bytes, *end = bytes + n, *newline;
	struct compare compare = { .same = false };
	struct digest before;
	struct entry entry;
	enum result r;
	size_t i;

	for (i = 0; i < SEGMENT_LINES; i++, p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (newline == NULL)
			return R_BAD_ENCODING;
		compare.line = (struct slice){ p, (size_t)(newline - p) };
		if (entry_read(&entry, compare.line, NULL) != R_GOOD || entry.seq != first + i ||
		    (i > 0 && !digest_equal(&entry.prev, &before)))
			return R_BAD_ENCODING;
		entry_hash(&before, compare.line);
		g->offset[i] = (uint32_t)(p - bytes);
	}
	g->offset[i] = (uint32_t)(p - bytes);
	if (p != end)
		return R_BAD_ENCODING;
	r = store_lines(store, key, first + SEGMENT_LINES - 1, 1, compare_line, &compare, why);
	return r == R_GOOD && !compare.same ? R_BAD_ENCODING : r;
}

/* Open the file and check it. R_NOT_FOUND, R_BAD_ENCODING. */
static enum result
open_checked(struct segment *g, const char *path, struct store *store, struct store_election key,
    struct why *why)
{
	uint8_t *bytes = NULL;
	enum result r;
	struct stat st;

	g->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (g->fd < 0)
		return errno == ENOENT
		    ? R_NOT_FOUND
		    : why_set(why, R_NO_DISK, "%s cannot be read: %s", path, strerror(errno));
	if (fstat(g->fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0 ||
	    st.st_size > SEGMENT_BYTES_MAX)
		return R_BAD_ENCODING;
	bytes = malloc((size_t)st.st_size);
	if (bytes == NULL)
		return R_NO_MEMORY;
	g->offset[0] = 0;
	r = segment_read(g, bytes, 0, (size_t)st.st_size);
	if (r == R_GOOD)
		r = check(g, bytes, (size_t)st.st_size, store, key, why);
	free(bytes);
	return r;
}

/* ---- making ---- */

static enum result
write_line(void *ctx, uint64_t seq, struct slice line)
{
	FILE *f = ctx;

	(void)seq;
	return fwrite(line.p, 1, line.n, f) == line.n && fputc('\n', f) != EOF ? R_GOOD : R_NO_DISK;
}

/* Write the file from the database, whole or not at all. */
static enum result
make(const struct segment *g, const char *path, struct store *store, struct store_election key,
    struct why *why)
{
	char *partial = NULL;
	enum result r;
	FILE *f = NULL;
	int fd;

	if (asprintf(&partial, "%s.XXXXXX", path) < 0)
		return R_NO_MEMORY;
	fd = mkostemp(partial, O_CLOEXEC);
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (f == NULL) {
		r = why_set(why, R_NO_DISK, "%s cannot be made: %s", path, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
	} else {
		r = store_lines(store, key, g->number * SEGMENT_LINES, SEGMENT_LINES, write_line, f,
		    why);
		if (r == R_GOOD && (fflush(f) != 0 || fsync(fd) != 0))
			r = R_NO_DISK;
		if (fclose(f) != 0 && r == R_GOOD)
			r = R_NO_DISK;
		if (r == R_GOOD && rename(partial, path) != 0)
			r = R_NO_DISK;
		if (r == R_NO_DISK)
			(void)why_set(why, r, "%s cannot be written: %s", path, strerror(errno));
	}
	if (r != R_GOOD && fd >= 0)
		(void)unlink(partial);
	free(partial);
	return r;
}

static enum result
make_folder(const char *path, struct why *why)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return R_GOOD;
	return why_set(why, R_NO_DISK, "%s cannot be made: %s", path, strerror(errno));
}

/* The path of a segment; its folder is there afterwards. */
static enum result
path_of(const struct segments *s, char **path, const struct segment *g, struct why *why)
{
	char hex[65], *folder;
	enum result r;

	*path = NULL;
	(void)hex_encode(hex, g->election.b, sizeof g->election.b);
	if (asprintf(&folder, "%s/%s", s->folder, hex) < 0)
		return R_NO_MEMORY;
	r = make_folder(s->folder, why);
	if (r == R_GOOD)
		r = make_folder(folder, why);
	if (r == R_GOOD && asprintf(path, "%s/%08" PRIu64 ".ndjson", folder, g->number) < 0) {
		*path = NULL;
		r = R_NO_MEMORY;
	}
	free(folder);
	return r;
}

static enum result
open_or_make(struct segments *s, struct segment *g, struct store *store, struct store_election key,
    struct why *why)
{
	char *path;
	enum result r = path_of(s, &path, g, why);

	if (r == R_GOOD)
		r = open_checked(g, path, store, key, why);
	if (r == R_NOT_FOUND || r == R_BAD_ENCODING) {
		if (r == R_BAD_ENCODING)
			log_event(s->log, LOG_STORE, "%s is damaged; it is made anew", path);
		if (g->fd >= 0)
			(void)close(g->fd);
		g->fd = -1;
		r = make(g, path, store, key, why);
		if (r == R_GOOD) {
			meter_add(s->meter, METER_SEALED, 1);
			r = open_checked(g, path, store, key, why);
		}
		if (r == R_BAD_ENCODING || r == R_NOT_FOUND)
			r = why_set(why, R_NO_DISK, "%s is not what was written", path);
	}
	free(path);
	return r;
}

enum result
segment_get(struct segments *s, struct segment **out, const struct digest *election,
    struct store_election key, uint64_t number, struct store *store, struct why *why)
{
	struct segment *g = find(s, election, number);
	enum result r;

	*out = g;
	if (g != NULL)
		return R_GOOD;
	g = calloc(1, sizeof *g);
	if (g == NULL)
		return R_NO_MEMORY;
	atomic_init(&g->holders, 1);
	g->election = *election;
	g->number = number;
	g->fd = -1;
	r = open_or_make(s, g, store, key, why);
	if (r != R_GOOD) {
		segment_put(g);
		return r;
	}
	keep(s, g);
	*out = g;
	return R_GOOD;
}
