/* Snapshots: the counted pieces they are made of. */
#include "ballots/frozen.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/rules_parts.h"

static void
ref(atomic_uint *refs)
{
	atomic_fetch_add(refs, 1);
}

/* Return 1 if that was the last holder. */
static int
unref(atomic_uint *refs)
{
	return atomic_fetch_sub(refs, 1) == 1;
}

/* Copy a counted piece but for the count it begins with, which others may be changing, and
 * give the copy one holder. */
static void
copy_piece(void *copy, const void *from, size_t size)
{
	memcpy((char *)copy + sizeof(atomic_uint), (const char *)from + sizeof(atomic_uint),
	    size - sizeof(atomic_uint));
	atomic_init((atomic_uint *)copy, 1);
}

struct held *
held_new(struct record *record)
{
	struct held *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	atomic_init(&h->refs, 1);
	h->record = record;
	return h;
}

struct held *
held_ref(struct held *held)
{
	if (held != NULL)
		ref(&held->refs);
	return held;
}

void
held_unref(struct held *held)
{
	if (held == NULL || !unref(&held->refs))
		return;
	record_free(held->record);
	free(held);
}

struct post *
post_ref(struct post *post)
{
	if (post != NULL)
		ref(&post->refs);
	return post;
}

void
post_unref(struct post *post)
{
	if (post == NULL || !unref(&post->refs))
		return;
	free(post->bytes);
	free(post);
}

struct keys *
keys_ref(struct keys *keys)
{
	if (keys != NULL)
		ref(&keys->refs);
	return keys;
}

void
keys_unref(struct keys *keys)
{
	size_t i;

	if (keys == NULL || !unref(&keys->refs))
		return;
	for (i = 0; i < DEFINITION_TRUSTEES_MAX; i++)
		gvec_free(keys->share[i]);
	gvec_free(keys->X);
	gvec_free(keys->y);
	free(keys->y_bytes);
	free(keys);
}

/* ---- key generation ---- */

struct keygen_state *
keygen_state_first(const struct definition *d)
{
	struct keygen_state *k = calloc(1, sizeof *k);
	size_t i;

	if (k == NULL)
		return NULL;
	atomic_init(&k->refs, 1);
	k->attempt = 1;
	k->count = d->trustee_count;
	for (i = 0; i < k->count; i++)
		k->participants[i] = (uint32_t)i + 1;
	return k;
}

static struct keygen_state *
keygen_state_clone(const struct keygen_state *k)
{
	struct keygen_state *copy = malloc(sizeof *copy);
	size_t i;

	if (copy == NULL)
		return NULL;
	copy_piece(copy, k, sizeof *k);
	for (i = 0; i < k->count; i++) {
		(void)post_ref(copy->commit[i]);
		(void)post_ref(copy->deal[i]);
	}
	(void)keys_ref(copy->keys);
	return copy;
}

void
keygen_state_clear(struct keygen_state *k)
{
	size_t i;

	for (i = 0; i < k->count; i++) {
		post_unref(k->commit[i]);
		post_unref(k->deal[i]);
		k->commit[i] = k->deal[i] = NULL;
		k->commits[i] = (struct keygen_commit){ 0 };
		k->deals[i] = (struct keygen_deal){ 0 };
	}
	keys_unref(k->keys);
	k->keys = NULL;
	k->posted = 0;
}

static struct keygen_state *
keygen_state_ref(struct keygen_state *k)
{
	if (k != NULL)
		ref(&k->refs);
	return k;
}

static void
keygen_state_unref(struct keygen_state *k)
{
	if (k == NULL || !unref(&k->refs))
		return;
	keygen_state_clear(k);
	free(k);
}

size_t
keygen_index(const struct keygen_state *k, uint64_t trustee)
{
	size_t i;

	for (i = 0; i < k->count && k->participants[i] != trustee; i++)
		continue;
	return i;
}

uint64_t
keygen_set(const struct keygen_state *k)
{
	uint64_t set = 0;
	size_t i;

	for (i = 0; i < k->count; i++)
		set |= set_of(k->participants[i]);
	return set;
}

size_t
set_count(uint64_t set)
{
	size_t n = 0;

	for (; set != 0; set &= set - 1)
		n++;
	return n;
}

/* ---- items ---- */

struct votes *
votes_new(uint64_t lines)
{
	struct votes *v = calloc(1, sizeof *v + (size_t)lines * sizeof v->last[0]);

	if (v == NULL)
		return NULL;
	atomic_init(&v->refs, 1);
	v->n = lines;
	return v;
}

static struct votes *
votes_ref(struct votes *votes)
{
	if (votes != NULL)
		ref(&votes->refs);
	return votes;
}

static void
votes_unref(struct votes *votes)
{
	if (votes != NULL && unref(&votes->refs))
		free(votes);
}

struct item_data *
item_data_new(void)
{
	struct item_data *item = calloc(1, sizeof *item);

	if (item != NULL)
		atomic_init(&item->refs, 1);
	return item;
}

static struct item_data *
item_data_clone(const struct item_data *item)
{
	struct item_data *copy = malloc(sizeof *copy);

	if (copy == NULL)
		return NULL;
	copy_piece(copy, item, sizeof *item);
	(void)held_ref(copy->record);
	(void)votes_ref(copy->votes);
	return copy;
}

static void
item_data_unref(struct item_data *item)
{
	if (item == NULL || !unref(&item->refs))
		return;
	held_unref(item->record);
	votes_unref(item->votes);
	free(item);
}

/* ---- snapshots ---- */

struct frozen *
frozen_new(enum rules_mode mode)
{
	struct frozen *f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	atomic_init(&f->refs, 1);
	f->mode = mode;
	f->store = store_new();
	if (f->store == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

struct frozen *
frozen_clone(const struct frozen *f)
{
	struct frozen *copy = malloc(sizeof *copy);
	size_t i;

	if (copy == NULL)
		return NULL;
	copy_piece(copy, f, sizeof *f);
	(void)store_ref(copy->store);
	(void)held_ref(copy->definition);
	(void)held_ref(copy->roll_record);
	(void)roll_ref(copy->roll);
	(void)keygen_state_ref(copy->keygen);
	for (i = 0; i < copy->item_count; i++)
		ref(&copy->item[i]->refs);
	return copy;
}

struct frozen *
frozen_ref(const struct frozen *frozen)
{
	/* The count of holders is no part of the state. */
	struct frozen *f = (struct frozen *)(uintptr_t)frozen;

	if (f != NULL)
		ref(&f->refs);
	return f;
}

void
frozen_unref(struct frozen *frozen)
{
	size_t i;

	if (frozen == NULL || !unref(&frozen->refs))
		return;
	for (i = 0; i < frozen->item_count; i++)
		item_data_unref(frozen->item[i]);
	keygen_state_unref(frozen->keygen);
	roll_unref(frozen->roll);
	held_unref(frozen->roll_record);
	held_unref(frozen->definition);
	store_unref(frozen->store);
	free(frozen);
}

struct item_data *
frozen_item_data(const struct frozen *f, uint64_t id)
{
	return id >= 1 && id <= f->item_count ? f->item[id - 1] : NULL;
}

struct item_data *
frozen_own_item(struct frozen *f, uint64_t id)
{
	struct item_data *copy;

	assert(id >= 1 && id <= f->item_count);
	copy = item_data_clone(f->item[id - 1]);
	if (copy == NULL)
		return NULL;
	item_data_unref(f->item[id - 1]);
	f->item[id - 1] = copy;
	return copy;
}

struct keygen_state *
frozen_own_keygen(struct frozen *f)
{
	struct keygen_state *copy = keygen_state_clone(f->keygen);

	if (copy == NULL)
		return NULL;
	keygen_state_unref(f->keygen);
	f->keygen = copy;
	return copy;
}
