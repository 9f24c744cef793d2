#include "server/hosted.h"

#include <stdlib.h>
#include <string.h>

#include "ballots/head.h"
#include "server/stretch.h"

/* ---- frontiers ---- */

struct slice
frontier_nodes(uint8_t bytes[MERKLE_FRONTIER_MAX], const struct merkle_frontier *f)
{
	size_t n = merkle_frontier_encode(bytes, f);

	return (struct slice){ bytes + 8, n - 8 };
}

enum result
frontier_of_nodes(struct merkle_frontier *f, uint64_t size, struct slice nodes)
{
	uint8_t bytes[MERKLE_FRONTIER_MAX];
	int i;

	if (nodes.n > sizeof bytes - 8)
		return R_BAD_ENCODING;
	for (i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(size >> (56 - 8 * i));
	memcpy(bytes + 8, nodes.p, nodes.n);
	return merkle_frontier_decode(f, (struct slice){ bytes, nodes.n + 8 });
}

/* ---- life ---- */

static void
hosted_free(struct hosted *h)
{
	if (h == NULL)
		return;
	frozen_unref(h->frozen);
	rules_free(h->rules);
	merkle_edge_free(&h->edge);
	buffer_free(&h->note);
	(void)pthread_rwlock_destroy(&h->lock);
	free(h);
}

/* Make an election with an empty board. */
static enum result
hosted_new(struct hosted **out, const struct digest *id, uint64_t topic)
{
	struct hosted *h = calloc(1, sizeof *h);
	enum result r;

	*out = NULL;
	if (h == NULL)
		return R_NO_MEMORY;
	if (pthread_rwlock_init(&h->lock, NULL) != 0) {
		free(h);
		return R_NO_MEMORY;
	}
	h->id = *id;
	h->topic = topic;
	r = rules_new(&h->rules, id, RULES_VERIFY);
	if (r == R_GOOD)
		r = hosted_publish(h, (struct slice){ NULL, 0 });
	if (r != R_GOOD) {
		hosted_free(h);
		return r;
	}
	*out = h;
	return R_GOOD;
}

/* ---- reading a stored election ---- */

struct load {
	struct hosted *h;
	const struct hosted_reading *reading;
	struct why *why;
	struct mark_head mark; /* size 0: none */
};

/* Is the tree that was read the one that the board has signed for when it was of this size? */
static enum result
meets_mark(const struct load *l)
{
	struct digest root;

	merkle_frontier_root(&l->h->frontier, &root);
	if (digest_equal(&root, &l->mark.root))
		return R_GOOD;
	return why_set(l->why, R_ROLLBACK,
	    "the database holds other entries than this board has signed for among the first "
	    "%llu: it is another database, or an older one that went on\nGive the board the "
	    "database that it had",
	    (unsigned long long)l->mark.size);
}

/* Take lines through the rule book and into the tree. What the rule book has taken when it stops is
 * settled, so the tree goes along: the next reading begins there. */
static enum result
load_stretch(struct load *l, const struct stretch *stretch)
{
	struct hosted *h = l->h;
	enum result r, grown = R_GOOD;
	size_t done, i;

	r = rules_entries(h->rules, stretch->line, stretch->n, l->reading->source,
	    l->reading->effort, &done, l->why);
	for (i = 0; grown == R_GOOD && i < done; i++) {
		grown = merkle_edge_append(&h->edge, &stretch->leaf[i], NULL, NULL);
		if (grown != R_GOOD)
			break;
		merkle_frontier_append(&h->frontier, &stretch->leaf[i]);
		if (h->frontier.size == l->mark.size)
			grown = meets_mark(l);
	}
	return grown != R_GOOD ? grown : r;
}

/* Read on to entry `to`. */
static enum result
load_lines(struct load *l, uint64_t to)
{
	const struct hosted_reading *reading = l->reading;
	uint64_t from = l->h->frontier.size;
	const struct stretch *stretch = NULL;
	struct stretches *s = NULL;
	enum result r = R_GOOD;

	if (from < to)
		r = stretches_new(&s, reading->store, reading->options, l->h->key, from, to);
	if (s == NULL)
		return r;
	do {
		r = stretches_next(s, &stretch, l->why);
		if (r == R_GOOD && stretch != NULL)
			r = load_stretch(l, stretch);
	} while (r == R_GOOD && stretch != NULL);
	stretches_free(s);
	return r;
}

static enum result
foreign_head(struct why *why, uint64_t size)
{
	return why_set(why, R_BAD_CHECKPOINT,
	    "the head in the database is not one that the board has signed over the first %llu "
	    "entries in it: it was changed behind the board's back, or the disk is broken",
	    (unsigned long long)size);
}

enum result
hosted_judge_note(const struct hosted *h, const struct merkle_frontier *tree, struct slice note,
    struct why *why)
{
	const struct frozen *f = rules_now(h->rules);
	struct head_signers signers;
	struct checkpoint head;
	struct digest root;
	enum result r = R_BAD_CHECKPOINT;

	merkle_frontier_root(tree, &root);
	if (frozen_definition(f) != NULL) {
		signers = frozen_signers(f);
		r = head_open(&head, note, &signers);
		if (r == R_GOOD && (head.size != tree->size || !digest_equal(&head.root, &root)))
			r = R_BAD_CHECKPOINT;
	}
	return r == R_BAD_CHECKPOINT ? foreign_head(why, tree->size) : r;
}

/* Does the database hold less than it must, by the mark and by what was read before? */
static enum result
judge_size(const struct load *l, const struct store_head *head)
{
	uint64_t known = l->h->frontier.size;

	if (l->mark.size > known)
		known = l->mark.size;
	if (head->size < known)
		return why_set(l->why, R_ROLLBACK,
		    "the database holds %llu entries, this board has signed for %llu\nIt is an "
		    "older "
		    "copy: give the board the database that it had",
		    (unsigned long long)head->size, (unsigned long long)known);
	if (head->signed_size < l->h->signed_frontier.size)
		return why_set(l->why, R_ROLLBACK,
		    "the database holds a signature over %llu entries, it held one over %llu\nIt "
		    "is an older copy: give the board the database that it had",
		    (unsigned long long)head->signed_size,
		    (unsigned long long)l->h->signed_frontier.size);
	return R_GOOD;
}

/* Are the entries that were read already those of this shorter tree, and more? */
static enum result
continues(const struct load *l, const struct merkle_frontier *tree)
{
	const struct merkle_frontier *all = &l->h->frontier;
	struct digest path[MERKLE_PATH_MAX], first, root;
	enum result r;
	size_t n;

	merkle_frontier_root(tree, &first);
	merkle_frontier_root(all, &root);
	r = store_consistency(l->reading->store, path, &n, l->h->key, tree->size, all->size,
	    l->why);
	if (r == R_GOOD)
		r = merkle_check_consistency(&first, tree->size, &root, all->size, path, n);
	return r == R_BAD_PROOF ? foreign_head(l->why, tree->size) : r;
}

/* Read on to what is signed for, unless that is behind what was read already: another tabellad may
 * have signed for a part of it. Then judge the signature. */
static enum result
load_signed(struct load *l, const struct store_head *head)
{
	struct hosted *h = l->h;
	struct merkle_frontier tree = h->signed_frontier;
	enum result r = R_GOOD;

	if (head->signed_size >= h->frontier.size) {
		r = load_lines(l, head->signed_size);
		tree = h->frontier;
	} else if (head->signed_size > tree.size) {
		r = frontier_of_nodes(&tree, head->signed_size, head->signed_frontier);
		r = r == R_GOOD ? continues(l, &tree) : foreign_head(l->why, head->signed_size);
	}
	if (r == R_GOOD && tree.size > 0)
		r = hosted_judge_note(h, &tree, head->note, l->why);
	if (r == R_GOOD)
		h->signed_frontier = tree;
	return r;
}

static enum result
load_head(struct load *l, const struct store_head *head)
{
	struct hosted *h = l->h;
	bool first = h->signed_frontier.size == 0;
	enum result r = judge_size(l, head);

	if (r == R_GOOD)
		r = load_signed(l, head);
	/* Nobody has vouched for what is not signed for. */
	if (r == R_GOOD && first)
		rules_verify_from_now_on(h->rules);
	if (r == R_GOOD)
		r = load_lines(l, head->size);
	if (r == R_GOOD && !digest_equal(rules_head(h->rules), &head->hash))
		r = why_set(l->why, R_CHAIN_BROKEN,
		    "the head in the database is not that of the entries in it\nRun tabellad "
		    "--check");
	if (r != R_GOOD)
		return r;
	h->signed_time = head->signed_time;
	return hosted_publish(h, head->note);
}

enum result
hosted_load(struct hosted *h, const struct hosted_reading *reading, struct why *why)
{
	struct load *l = calloc(1, sizeof *l);
	struct store_head head = { 0 };
	struct rules *rules = NULL;
	enum result r = R_GOOD;

	if (l == NULL)
		return R_NO_MEMORY;
	l->h = h;
	l->reading = reading;
	l->why = why;
	if (reading->mark != NULL)
		(void)mark_find(reading->mark, &l->mark, &h->id);
	if (h->frontier.size == 0) {
		r = rules_new(&rules, &h->id, reading->mode);
		if (r == R_GOOD) {
			rules_free(h->rules);
			h->rules = rules;
		}
	}
	if (r == R_GOOD)
		r = store_head(reading->store, &head, h->key, why);
	if (r == R_GOOD)
		r = load_head(l, &head);
	store_head_free(&head);
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

/* ---- publishing ---- */

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
hosted_publish(struct hosted *h, struct slice note)
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
	h->size = h->signed_frontier.size;
	h->record_limit = limit;
	buffer_clear(&h->note);
	buffer_add(&h->note, note.p, note.n);
	r = buffer_result(&h->note);
	(void)pthread_rwlock_unlock(&h->lock);
	frozen_unref(old);
	return r;
}

/* ---- the table ---- */

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
