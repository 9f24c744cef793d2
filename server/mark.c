#include "server/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A slot fills a sector, so that writing one cannot hurt the other. Numbers are big-endian. */
#define SLOT_BYTES 512
#define MAGIC "tabella mark 1\n"
#define AT_TURN 16
#define AT_ELECTION 24
#define AT_SIZE 56
#define AT_ROOT 64
#define AT_SUM 96 /* SHA-256 of what stands before */

/* The mark of one election, and where it stands: pair `at` of the file. */
struct line {
	struct digest election;
	struct mark_head head;
	uint64_t turn; /* of the newer slot: its parity says which one that is */
};

struct mark {
	pthread_mutex_t lock;
	int fd;
	char *path;
	struct line *lines;
	size_t n, room;
};

static enum result
disk_error(const struct mark *m, const char *what, struct why *why)
{
	return why_set(why, R_NO_DISK, "%s cannot be %s: %s", m->path, what, strerror(errno));
}

/* ---- slots ---- */

static void
put_u64(uint8_t *out, uint64_t x)
{
	int i;

	for (i = 7; i >= 0; i--, x >>= 8)
		out[i] = (uint8_t)x;
}

static uint64_t
get_u64(const uint8_t *p)
{
	uint64_t x = 0;
	int i;

	for (i = 0; i < 8; i++)
		x = x << 8 | p[i];
	return x;
}

static void
write_slot(uint8_t slot[SLOT_BYTES], const struct line *l)
{
	struct digest sum;

	memset(slot, 0, SLOT_BYTES);
	memcpy(slot, MAGIC, sizeof MAGIC - 1);
	put_u64(slot + AT_TURN, l->turn);
	memcpy(slot + AT_ELECTION, l->election.b, 32);
	put_u64(slot + AT_SIZE, l->head.size);
	memcpy(slot + AT_ROOT, l->head.root.b, 32);
	sha256(&sum, slot, AT_SUM);
	memcpy(slot + AT_SUM, sum.b, 32);
}

/* Return whether a slot is whole. */
static bool
read_slot(struct line *l, const uint8_t slot[SLOT_BYTES])
{
	struct digest sum;

	sha256(&sum, slot, AT_SUM);
	if (memcmp(slot, MAGIC, sizeof MAGIC - 1) != 0 || memcmp(slot + AT_SUM, sum.b, 32) != 0)
		return false;
	l->turn = get_u64(slot + AT_TURN);
	memcpy(l->election.b, slot + AT_ELECTION, 32);
	l->head.size = get_u64(slot + AT_SIZE);
	memcpy(l->head.root.b, slot + AT_ROOT, 32);
	return true;
}

/* ---- opening ---- */

static enum result
add_line(struct mark *m, const struct line *l)
{
	struct line *more;

	if (m->n == m->room) {
		more = reallocarray(m->lines, m->room + 64, sizeof *more);
		if (more == NULL)
			return R_NO_MEMORY;
		m->lines = more;
		m->room += 64;
	}
	m->lines[m->n++] = *l;
	return R_GOOD;
}

static enum result
read_lines(struct mark *m, struct why *why)
{
	uint8_t pair[2 * SLOT_BYTES];
	struct line a, b;
	enum result r = R_GOOD;
	bool has_a, has_b;
	ssize_t n;

	while (r == R_GOOD) {
		n = pread(m->fd, pair, sizeof pair, (off_t)(m->n * sizeof pair));
		if (n < 0)
			return disk_error(m, "read", why);
		if (n == 0)
			break;
		/* A pair that was being added when the power went was not signed for yet. */
		memset(pair + n, 0, sizeof pair - (size_t)n);
		has_a = read_slot(&a, pair);
		has_b = read_slot(&b, pair + SLOT_BYTES);
		if (!has_a && !has_b && n < (ssize_t)sizeof pair)
			break;
		if (!has_a && !has_b)
			return why_set(why, R_KEY_CORRUPT,
			    "%s is damaged: it is not known any more what this board has signed\n"
			    "Put back a copy of it, or compare the board's heads with those that "
			    "others keep, then remove it and make a new one: tabellad --make-mark",
			    m->path);
		r = add_line(m, has_b && (!has_a || b.turn > a.turn) ? &b : &a);
	}
	return r == R_GOOD ? r : why_set(why, r, "out of memory");
}

static enum result
open_file(struct mark *m, const char *folder, bool may_make, struct why *why)
{
	struct stat st;
	int dir;

	m->fd = open(m->path, O_RDWR | (may_make ? O_CREAT : 0) | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (m->fd < 0 && errno == ENOENT && !may_make)
		return why_set(why, R_NOT_FOUND, "there is no %s", m->path);
	if (m->fd < 0)
		return disk_error(m, "opened", why);
	if (fstat(m->fd, &st) != 0)
		return disk_error(m, "read", why);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return why_set(why, R_KEY_PERMISSIONS,
		    "%s must belong to the user who runs tabellad and be closed to others\nTry: "
		    "chmod 600 %s",
		    m->path, m->path);
	if (flock(m->fd, LOCK_EX | LOCK_NB) != 0)
		return why_set(why, R_CONFLICT,
		    "another tabellad serves from %s\nGive each its own --data", folder);
	/* The file's name, too, must outlive a power cut. */
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fsync(m->fd) != 0 || fsync(dir) != 0) {
		if (dir >= 0)
			(void)close(dir);
		return disk_error(m, "written", why);
	}
	(void)close(dir);
	return R_GOOD;
}

enum result
mark_open(struct mark **out, const char *folder, bool may_make, struct why *why)
{
	struct mark *m = calloc(1, sizeof *m);
	enum result r = R_GOOD;

	*out = NULL;
	if (m == NULL || asprintf(&m->path, "%s/board.mark", folder) < 0) {
		free(m);
		return why_set(why, R_NO_MEMORY, "out of memory");
	}
	(void)pthread_mutex_init(&m->lock, NULL);
	r = open_file(m, folder, may_make, why);
	if (r == R_GOOD)
		r = read_lines(m, why);
	if (r != R_GOOD) {
		mark_close(m);
		return r;
	}
	*out = m;
	return R_GOOD;
}

void
mark_close(struct mark *m)
{
	if (m == NULL)
		return;
	if (m->fd >= 0)
		(void)close(m->fd);
	(void)pthread_mutex_destroy(&m->lock);
	free(m->lines);
	free(m->path);
	free(m);
}

/* ---- looking and raising ---- */

static struct line *
find(const struct mark *m, const struct digest *election)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (digest_equal(&m->lines[i].election, election))
			return &m->lines[i];
	return NULL;
}

enum result
mark_find(struct mark *m, struct mark_head *out, const struct digest *election)
{
	const struct line *l;

	(void)pthread_mutex_lock(&m->lock);
	l = find(m, election);
	if (l != NULL)
		*out = l->head;
	(void)pthread_mutex_unlock(&m->lock);
	return l != NULL ? R_GOOD : R_NOT_FOUND;
}

/* Write the next turn of pair `at`, over the older slot. */
static enum result
store_line(const struct mark *m, size_t at, const struct line *l, struct why *why)
{
	uint8_t slot[SLOT_BYTES];
	off_t where = (off_t)((2 * at + (l->turn & 1)) * SLOT_BYTES);
	ssize_t n;

	write_slot(slot, l);
	n = pwrite(m->fd, slot, sizeof slot, where);
	if (n >= 0 && n < (ssize_t)sizeof slot)
		errno = ENOSPC;
	if (n != (ssize_t)sizeof slot || fdatasync(m->fd) != 0)
		return disk_error(m, "written", why);
	return R_GOOD;
}

static enum result
judge(const struct line *l, const struct mark_head *head, struct why *why)
{
	if (head->size > l->head.size)
		return R_GOOD;
	if (head->size < l->head.size)
		return why_set(why, R_ROLLBACK,
		    "this board has signed for %llu entries; it must not sign for %llu",
		    (unsigned long long)l->head.size, (unsigned long long)head->size);
	if (!digest_equal(&head->root, &l->head.root))
		return why_set(why, R_ROLLBACK,
		    "this board has signed for other entries among the first %llu",
		    (unsigned long long)head->size);
	return R_GOOD;
}

enum result
mark_raise(struct mark *m, const struct digest *election, const struct mark_head *head,
    struct why *why)
{
	struct line next = { .election = *election, .head = *head }, *l;
	enum result r = R_GOOD;

	(void)pthread_mutex_lock(&m->lock);
	l = find(m, election);
	if (l != NULL)
		r = judge(l, head, why);
	if (r != R_GOOD || (l != NULL && l->head.size == head->size))
		goto out;
	if (l != NULL) {
		next.turn = l->turn + 1;
		r = store_line(m, (size_t)(l - m->lines), &next, why);
		if (r == R_GOOD)
			*l = next;
	} else {
		/* Both slots, so that the file grows by whole pairs. */
		next.turn = 1;
		r = store_line(m, m->n, &next, why);
		next.turn = 2;
		if (r == R_GOOD)
			r = store_line(m, m->n, &next, why);
		if (r == R_GOOD && (r = add_line(m, &next)) != R_GOOD)
			(void)why_set(why, r, "out of memory");
	}
out:
	(void)pthread_mutex_unlock(&m->lock);
	return r;
}

enum result
mark_each(struct mark *m,
    enum result (*each)(void *ctx, const struct digest *election, const struct mark_head *head),
    void *ctx)
{
	enum result r = R_GOOD;
	size_t i;

	(void)pthread_mutex_lock(&m->lock);
	for (i = 0; r == R_GOOD && i < m->n; i++)
		r = each(ctx, &m->lines[i].election, &m->lines[i].head);
	(void)pthread_mutex_unlock(&m->lock);
	return r;
}
