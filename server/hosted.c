#include "server/hosted.h"

#include <stdlib.h>
#include <string.h>

enum result
hosted_new(struct hosted **out, const struct digest *id, uint64_t topic)
{
	struct hosted *h = calloc(1, sizeof *h);
	enum result r = R_NO_MEMORY;

	*out = NULL;
	if (h == NULL)
		return r;
	if (pthread_rwlock_init(&h->lock, NULL) != 0) {
		free(h);
		return r;
	}
	h->id = *id;
	h->topic = topic;
	r = merkle_tree_new(&h->tree);
	if (r == R_GOOD)
		r = rules_new(&h->rules, id, RULES_VERIFY);
	if (r == R_GOOD)
		r = hosted_publish(h, 0, (struct slice){ NULL, 0 });
	if (r != R_GOOD) {
		hosted_free(h);
		return r;
	}
	*out = h;
	return R_GOOD;
}

void
hosted_free(struct hosted *h)
{
	if (h == NULL)
		return;
	frozen_unref(h->frozen);
	rules_free(h->rules);
	merkle_tree_free(h->tree);
	buffer_free(&h->note);
	(void)pthread_rwlock_destroy(&h->lock);
	free(h);
}

/* ---- reading a stored election ---- */

#define LOAD_LINES 1024

struct load {
	struct hosted *h;
	const struct source *source;
	const struct effort *effort;
	struct why *why;
	struct buffer bytes;
	size_t start[LOAD_LINES + 1];
	size_t n;
};

static enum result
flush_lines(struct load *l)
{
	struct slice lines[LOAD_LINES];
	enum result r;
	size_t i;

	for (i = 0; i < l->n; i++) {
		lines[i].p = l->bytes.p + l->start[i];
		lines[i].n = l->start[i + 1] - l->start[i];
	}
	r = rules_entries(l->h->rules, lines, l->n, l->source, l->effort, NULL, l->why);
	l->n = 0;
	buffer_clear(&l->bytes);
	return r;
}

static enum result
load_line(void *ctx, uint64_t seq, struct slice line)
{
	struct load *l = ctx;
	struct digest leaf;
	enum result r;

	(void)seq;
	merkle_leaf(&leaf, line.p, line.n);
	r = hosted_grow(l->h, &leaf);
	if (r != R_GOOD)
		return r;
	l->start[l->n++] = l->bytes.n;
	buffer_add(&l->bytes, line.p, line.n);
	l->start[l->n] = l->bytes.n;
	r = buffer_result(&l->bytes);
	return r == R_GOOD && l->n == LOAD_LINES ? flush_lines(l) : r;
}

enum result
hosted_load(struct hosted *h, struct store *store, const struct source *source,
    enum rules_mode mode, const struct effort *effort, struct why *why)
{
	struct load *l = calloc(1, sizeof *l);
	struct store_head head = { 0 };
	struct rules *rules = NULL;
	enum result r = R_NO_MEMORY;

	if (l == NULL)
		return r;
	l->h = h;
	l->source = source;
	l->effort = effort;
	l->why = why;
	if (hosted_size(h) == 0) {
		r = rules_new(&rules, &h->id, mode);
		if (r != R_GOOD)
			goto out;
		rules_free(h->rules);
		h->rules = rules;
	}
	r = store_head(store, &head, h->key, why);
	if (r == R_GOOD && head.size > rules_size(h->rules))
		r = store_lines(store, h->key, rules_size(h->rules),
		    head.size - rules_size(h->rules), load_line, l, why);
	if (r == R_GOOD && l->n > 0)
		r = flush_lines(l);
	if (r == R_GOOD && !digest_equal(rules_head(h->rules), &head.hash))
		r = why_set(why, R_CHAIN_BROKEN,
		    "the head in the database is not that of the entries in it\nRun tabellad "
		    "--check");
	if (r == R_GOOD)
		rules_verify_from_now_on(h->rules);
	if (r == R_GOOD)
		r = hosted_publish(h, head.time, head.note);
out:
	store_head_free(&head);
	buffer_free(&l->bytes);
	free(l);
	return r;
}

/* ---- what everybody may ask ---- */

struct frozen *
hosted_frozen(struct hosted *h)
{
	struct frozen *f;

	(void)pthread_rwlock_rdlock(&h->lock);
	f = frozen_ref(h->frozen);
	(void)pthread_rwlock_unlock(&h->lock);
	return f;
}

uint64_t
hosted_size(struct hosted *h)
{
	uint64_t size;

	(void)pthread_rwlock_rdlock(&h->lock);
	size = h->size;
	(void)pthread_rwlock_unlock(&h->lock);
	return size;
}

size_t
hosted_record_limit(struct hosted *h)
{
	size_t limit;

	(void)pthread_rwlock_rdlock(&h->lock);
	limit = h->record_limit;
	(void)pthread_rwlock_unlock(&h->lock);
	return limit;
}

enum result
hosted_note(struct hosted *h, struct buffer *out)
{
	(void)pthread_rwlock_rdlock(&h->lock);
	buffer_add(out, h->note.p, h->note.n);
	(void)pthread_rwlock_unlock(&h->lock);
	return buffer_result(out);
}

enum result
hosted_inclusion(struct hosted *h, struct digest path[MERKLE_PATH_MAX], size_t *n, uint64_t index,
    uint64_t size)
{
	enum result r = R_NOT_FOUND;

	(void)pthread_rwlock_rdlock(&h->lock);
	if (index < size && size <= h->size) {
		*n = merkle_tree_inclusion(h->tree, path, index, size);
		r = R_GOOD;
	}
	(void)pthread_rwlock_unlock(&h->lock);
	return r;
}

enum result
hosted_consistency(struct hosted *h, struct digest path[MERKLE_PATH_MAX], size_t *n, uint64_t first,
    uint64_t size)
{
	enum result r = R_NOT_FOUND;

	(void)pthread_rwlock_rdlock(&h->lock);
	if (first <= size && size <= h->size) {
		*n = merkle_tree_consistency(h->tree, path, first, size);
		r = R_GOOD;
	}
	(void)pthread_rwlock_unlock(&h->lock);
	return r;
}

/* ---- the append thread ---- */

enum result
hosted_grow(struct hosted *h, const struct digest *leaf)
{
	enum result r;

	(void)pthread_rwlock_wrlock(&h->lock);
	r = merkle_tree_append(h->tree, leaf);
	(void)pthread_rwlock_unlock(&h->lock);
	if (r == R_GOOD)
		merkle_frontier_append(&h->frontier, leaf);
	return r;
}

void
hosted_shrink(struct hosted *h, const struct merkle_frontier *before)
{
	h->frontier = *before;
	(void)pthread_rwlock_wrlock(&h->lock);
	merkle_tree_truncate(h->tree, before->size);
	(void)pthread_rwlock_unlock(&h->lock);
}

/* The most bytes a record may have in this state, whatever its type. */
static enum result
limit_of(const struct frozen *f, size_t *out)
{
	size_t n = frozen_items(f), i, limit;
	size_t *widths = calloc(n > 0 ? n : 1, sizeof *widths);
	struct item_status status;
	unsigned type;

	if (widths == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < n; i++)
		if (frozen_item(f, i + 1, &status) == R_GOOD)
			widths[i] = status.width;
	*out = 0;
	for (type = RECORD_DEFINITION; type < RECORD_TYPES; type++) {
		limit = record_limit((enum record_type)type, frozen_definition(f), widths, n);
		*out = limit > *out ? limit : *out;
	}
	free(widths);
	return R_GOOD;
}

enum result
hosted_publish(struct hosted *h, uint64_t time, struct slice note)
{
	struct frozen *old, *frozen = rules_frozen(h->rules);
	enum result r;
	size_t limit;

	r = limit_of(frozen, &limit);
	if (r != R_GOOD) {
		frozen_unref(frozen);
		return r;
	}
	(void)pthread_rwlock_wrlock(&h->lock);
	old = h->frozen;
	h->frozen = frozen;
	h->size = rules_size(h->rules);
	h->time = time;
	h->record_limit = limit;
	buffer_clear(&h->note);
	buffer_add(&h->note, note.p, note.n);
	r = buffer_result(&h->note);
	(void)pthread_rwlock_unlock(&h->lock);
	frozen_unref(old);
	return r;
}

/* ---- the table ---- */

#define HOSTS_MAX 4096

struct hosts {
	pthread_mutex_t lock;
	struct hosted *at[HOSTS_MAX];
	size_t n;
};

enum result
hosts_new(struct hosts **out)
{
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return R_NO_MEMORY;
	(void)pthread_mutex_init(&(*out)->lock, NULL);
	return R_GOOD;
}

void
hosts_free(struct hosts *hosts)
{
	size_t i;

	if (hosts == NULL)
		return;
	for (i = 0; i < hosts->n; i++)
		hosted_free(hosts->at[i]);
	(void)pthread_mutex_destroy(&hosts->lock);
	free(hosts);
}

static struct hosted *
find_locked(const struct hosts *hosts, const struct digest *id)
{
	size_t i;

	for (i = 0; i < hosts->n; i++)
		if (digest_equal(&hosts->at[i]->id, id))
			return hosts->at[i];
	return NULL;
}

struct hosted *
hosts_find(struct hosts *hosts, const struct digest *id)
{
	struct hosted *h;

	(void)pthread_mutex_lock(&hosts->lock);
	h = find_locked(hosts, id);
	(void)pthread_mutex_unlock(&hosts->lock);
	return h;
}

enum result
hosts_get(struct hosts *hosts, struct hosted **out, const struct digest *id)
{
	enum result r = R_GOOD;

	(void)pthread_mutex_lock(&hosts->lock);
	*out = find_locked(hosts, id);
	if (*out == NULL && hosts->n == HOSTS_MAX)
		r = R_BUSY;
	else if (*out == NULL) {
		r = hosted_new(out, id, hosts->n);
		if (r == R_GOOD)
			hosts->at[hosts->n++] = *out;
	}
	(void)pthread_mutex_unlock(&hosts->lock);
	return r;
}

struct hosted *
hosts_at(struct hosts *hosts, size_t i)
{
	struct hosted *h;

	(void)pthread_mutex_lock(&hosts->lock);
	h = i < hosts->n ? hosts->at[i] : NULL;
	(void)pthread_mutex_unlock(&hosts->lock);
	return h;
}

struct hosted *
hosts_topic(struct hosts *hosts, uint64_t topic)
{
	return hosts_at(hosts, (size_t)topic);
}
