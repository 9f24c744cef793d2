#include "crypto/group.h"

/* A vector of the wrong length must never get past this file. */
#undef NDEBUG
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/group_ops.h"
#include "crypto/mem.h"
#include "crypto/modp.h"

/* What a thread takes at a time, in grains (crypto/group_ops.h), of what is cheaper than a
 * power. */
#define LIGHT 32

const struct group *
group_by_name(const char *name)
{
	const struct group *const groups[] = { &ristretto255, &modp2048.group, &modp3072.group,
		&modp4096.group };
	size_t i;

	for (i = 0; i < sizeof groups / sizeof groups[0]; i++)
		if (strcmp(groups[i]->name, name) == 0)
			return groups[i];
	return NULL;
}

const char *
group_name(const struct group *g)
{
	return g->name;
}

size_t
group_element_bytes(const struct group *g)
{
	return g->element_bytes;
}

size_t
group_scalar_bytes(const struct group *g)
{
	return g->scalar_bytes;
}

size_t
group_wide_bytes(const struct group *g)
{
	return g->wide_bytes;
}

size_t
group_grain(const struct group *g)
{
	return g->grain;
}

size_t
group_light_grain(const struct effort *effort, const struct group *g, size_t n)
{
	return par_grain(effort, n, LIGHT * g->grain);
}

void
group_must(int fine)
{
	if (!fine)
		abort();
}

/* ---- making vectors ---- */

enum result
gvec_new(struct gvec **out, const struct group *g, size_t n)
{
	struct gvec *v;

	*out = NULL;
	v = mem_new(1, sizeof *v);
	if (v == NULL)
		return R_NO_MEMORY;
	v->group = g;
	v->n = n;
	v->owned = mem_new(n, g->element_store);
	if (v->owned == NULL) {
		mem_free(v);
		return R_NO_MEMORY;
	}
	v->at = v->owned;
	g->ops->set_identity(v);
	*out = v;
	return R_GOOD;
}

struct gvec
gvec_part(const struct gvec *v, size_t from, size_t n)
{
	struct gvec view = { v->group, n, v->at + from * v->group->element_store, NULL };

	return view;
}

enum result
gvec_slice(struct gvec **out, struct gvec *parent, size_t from, size_t n)
{
	assert(from <= parent->n && n <= parent->n - from);
	*out = mem_new(1, sizeof **out);
	if (*out == NULL)
		return R_NO_MEMORY;
	**out = gvec_part(parent, from, n);
	return R_GOOD;
}

void
gvec_free(struct gvec *v)
{
	if (v == NULL)
		return;
	mem_free(v->owned);
	mem_free(v);
}

size_t
gvec_len(const struct gvec *v)
{
	return v->n;
}

const struct group *
gvec_group(const struct gvec *v)
{
	return v->group;
}

/* ---- bytes ---- */

struct coding {
	struct gvec *out;
	const struct gvec *v;
	const uint8_t *from;
	uint8_t *to;
	size_t stride;
	enum decode which;
};

static enum result
decode_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct coding *c = ctx;
	struct gvec out = gvec_part(c->out, from, to - from);
	enum result r;

	r = out.group->ops->decode(&out, c->from + from * c->stride, c->stride, c->which, bad);
	if (r != R_GOOD)
		*bad += from;
	return r;
}

enum result
gvec_decode(struct gvec *out, const uint8_t *bytes, size_t stride, enum decode which, size_t *bad,
    const struct effort *effort)
{
	struct coding c = { .out = out, .from = bytes, .stride = stride, .which = which };

	assert(stride >= out->group->element_bytes);
	return par_ranges(effort, out->n, group_light_grain(effort, out->group, out->n),
	    decode_range, &c, bad);
}

static enum result
encode_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct coding *c = ctx;
	struct gvec v = gvec_part(c->v, from, to - from);

	(void)bad;
	v.group->ops->encode(c->to + from * c->stride, c->stride, &v);
	return R_GOOD;
}

enum result
gvec_encode(uint8_t *bytes, size_t stride, const struct gvec *v, const struct effort *effort)
{
	struct coding c = { .to = bytes, .v = v, .stride = stride };

	assert(stride >= v->group->element_bytes);
	return par_ranges(effort, v->n, group_light_grain(effort, v->group, v->n), encode_range, &c,
	    NULL);
}

/* ---- moving and comparing ---- */

void
gvec_set_generator(struct gvec *out)
{
	out->group->ops->set_generator(out);
}

void
gvec_set_identity(struct gvec *out)
{
	out->group->ops->set_identity(out);
}

void
gvec_copy(struct gvec *dst, size_t dst_at, const struct gvec *src, size_t src_at, size_t n)
{
	const size_t store = dst->group->element_store;

	assert(dst->group == src->group);
	assert(dst_at <= dst->n && n <= dst->n - dst_at);
	assert(src_at <= src->n && n <= src->n - src_at);
	memmove(dst->at + dst_at * store, src->at + src_at * store, n * store);
}

void
gvec_gather(struct gvec *out, const struct gvec *v, const uint32_t *index)
{
	const size_t store = out->group->element_store;
	size_t i;

	assert(out->group == v->group);
	for (i = 0; i < out->n; i++) {
		assert(index[i] < v->n);
		memcpy(out->at + i * store, v->at + index[i] * store, store);
	}
}

static int
equal_vartime(const struct group *g, const unsigned char *a, const unsigned char *b)
{
	if (g->ops->equal != NULL)
		return g->ops->equal(a, b);
	return memcmp(a, b, g->element_store) == 0;
}

size_t
gvec_differ_vartime(const struct gvec *a, const struct gvec *b)
{
	const size_t store = a->group->element_store;
	size_t i;

	assert(a->group == b->group && a->n == b->n);
	for (i = 0; i < a->n; i++)
		if (!equal_vartime(a->group, a->at + i * store, b->at + i * store))
			break;
	return i;
}

int
gvec_is_identity_vartime(const struct gvec *v, size_t i)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX];
	struct gvec identity = { v->group, 1, room, NULL };

	assert(i < v->n);
	v->group->ops->set_identity(&identity);
	return equal_vartime(v->group, v->at + i * v->group->element_store, room);
}

/* ---- the group operation ---- */

struct gvec
gvec_steady(const struct gvec *b, const struct gvec *out, unsigned char *room)
{
	struct gvec copy = { b->group, 1, room, NULL };

	if (b->n != 1 || out->n == 1)
		return *b;
	gvec_copy(&copy, 0, b, 0, 1);
	return copy;
}

void
gvec_mul(struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX];
	struct gvec factor = gvec_steady(b, out, room);

	assert(out->group == a->group && out->group == b->group);
	assert(a->n == out->n && (b->n == out->n || b->n == 1));
	out->group->ops->mul(out, a, &factor);
	sodium_memzero(room, sizeof room);
}

void
gvec_div(struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX];
	struct gvec divisor = gvec_steady(b, out, room);

	assert(out->group == a->group && out->group == b->group);
	assert(a->n == out->n && (b->n == out->n || b->n == 1));
	out->group->ops->div(out, a, &divisor);
	sodium_memzero(room, sizeof room);
}

void
gvec_product(struct gvec *out, const struct gvec *v)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX];
	struct gvec sum = { v->group, 1, room, NULL }, next;
	size_t i;

	assert(out->group == v->group && out->n == 1);
	if (v->group->ops->mul_all != NULL) {
		v->group->ops->mul_all(out, v);
		return;
	}
	v->group->ops->set_identity(&sum);
	for (i = 0; i < v->n; i++) {
		next = gvec_part(v, i, 1);
		if (i == 0)
			gvec_copy(&sum, 0, &next, 0, 1);
		else
			v->group->ops->mul(&sum, &sum, &next);
	}
	gvec_copy(out, 0, &sum, 0, 1);
	sodium_memzero(room, sizeof room);
}

/* ---- elements from bytes ---- */

struct generators {
	struct gvec *out;
	const char *label;
	uint64_t first;
};

static enum result
generators_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct generators *job = ctx;
	struct gvec out = gvec_part(job->out, from, to - from);

	(void)bad;
	out.group->ops->generators(&out, job->label, job->first + from);
	return R_GOOD;
}

enum result
gvec_generators(struct gvec *out, const char *label, uint64_t first, const struct effort *effort)
{
	struct generators job = { out, label, first };

	return par_ranges(effort, out->n, group_light_grain(effort, out->group, out->n),
	    generators_range, &job, NULL);
}

enum result
gvec_embed(struct gvec *out, const uint8_t *blocks)
{
	out->group->ops->embed(out, blocks);
	return R_GOOD;
}

enum result
gvec_extract(uint8_t *blocks, const struct gvec *v, size_t *bad)
{
	size_t at;

	return v->group->ops->extract(blocks, v, bad != NULL ? bad : &at);
}
