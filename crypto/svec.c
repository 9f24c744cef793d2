#include "crypto/group.h"

/* A vector of the wrong length must never get past this file. */
#undef NDEBUG
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "crypto/group_ops.h"
#include "crypto/mem.h"

/* Scalars that share one inversion. */
#define BATCH 16

/* How much of a stream is read at a time: enough for the vectorised cipher to pay. */
#define STREAM 16384

/* ---- making vectors ---- */

enum result
svec_new(struct svec **out, const struct group *g, size_t n)
{
	struct svec *v;

	*out = NULL;
	v = mem_new(1, sizeof *v);
	if (v == NULL)
		return R_NO_MEMORY;
	v->group = g;
	v->n = n;
	v->owned = mem_new(n, g->scalar_store);
	if (v->owned == NULL) {
		mem_free(v);
		return R_NO_MEMORY;
	}
	v->at = v->owned;
	*out = v;
	return R_GOOD;
}

static struct svec
part(const struct svec *v, size_t from, size_t n)
{
	struct svec view = { v->group, n, v->at + from * v->group->scalar_store, NULL };

	return view;
}

enum result
svec_slice(struct svec **out, struct svec *parent, size_t from, size_t n)
{
	assert(from <= parent->n && n <= parent->n - from);
	*out = mem_new(1, sizeof **out);
	if (*out == NULL)
		return R_NO_MEMORY;
	**out = part(parent, from, n);
	return R_GOOD;
}

void
svec_free(struct svec *v)
{
	if (v == NULL)
		return;
	mem_free(v->owned);
	mem_free(v);
}

size_t
svec_len(const struct svec *v)
{
	return v->n;
}

const struct group *
svec_group(const struct svec *v)
{
	return v->group;
}

/* ---- bytes and numbers ---- */

enum result
svec_decode(struct svec *out, const uint8_t *bytes, size_t stride, size_t *bad)
{
	size_t at;

	assert(stride >= out->group->scalar_bytes);
	return out->group->ops->read(out, bytes, stride, bad != NULL ? bad : &at);
}

void
svec_encode(uint8_t *bytes, size_t stride, const struct svec *v)
{
	assert(stride >= v->group->scalar_bytes);
	v->group->ops->write(bytes, stride, v);
}

void
svec_set_u64(struct svec *v, size_t i, uint64_t x)
{
	assert(i < v->n);
	v->group->ops->from_u64(v, i, x);
}

/* v = the wide integers modulo q. */
static void
from_wides(struct svec *v, const uint8_t *wide)
{
	const struct group *g = v->group;
	size_t i;

	if (g->ops->from_wides != NULL) {
		g->ops->from_wides(v, wide);
		return;
	}
	for (i = 0; i < v->n; i++)
		g->ops->from_wide(v, i, wide + i * g->wide_bytes);
}

enum result
svec_random(struct svec *out, struct rng *rng)
{
	const size_t size = out->group->wide_bytes, most = STREAM / size;
	uint8_t wide[STREAM];
	struct svec to;
	size_t i, n;

	for (i = 0; i < out->n; i += n) {
		n = out->n - i < most ? out->n - i : most;
		rng_fill(rng, wide, n * size);
		to = part(out, i, n);
		from_wides(&to, wide);
	}
	sodium_memzero(wide, (out->n < most ? out->n : most) * size);
	return R_GOOD;
}

void
svec_from_wide(struct svec *v, size_t i, const uint8_t *wide)
{
	assert(i < v->n);
	v->group->ops->from_wide(v, i, wide);
}

void
svec_from_128(struct svec *out, const uint8_t *bytes)
{
	out->group->ops->from_128(out, bytes);
}

void
svec_from_hash(struct svec *v, size_t i, const uint8_t hash[64])
{
	assert(i < v->n);
	v->group->ops->from_hash(v, i, hash);
}

/* ---- moving and comparing ---- */

void
svec_copy(struct svec *dst, size_t dst_at, const struct svec *src, size_t src_at, size_t n)
{
	const size_t store = dst->group->scalar_store;

	assert(dst->group == src->group);
	assert(dst_at <= dst->n && n <= dst->n - dst_at);
	assert(src_at <= src->n && n <= src->n - src_at);
	memmove(dst->at + dst_at * store, src->at + src_at * store, n * store);
}

void
svec_gather(struct svec *out, const struct svec *v, const uint32_t *index)
{
	const size_t store = out->group->scalar_store;
	size_t i;

	assert(out->group == v->group);
	for (i = 0; i < out->n; i++) {
		assert(index[i] < v->n);
		memcpy(out->at + i * store, v->at + index[i] * store, store);
	}
}

int
svec_is_zero(const struct svec *v, size_t i)
{
	assert(i < v->n);
	return sodium_is_zero(v->at + i * v->group->scalar_store, v->group->scalar_store);
}

size_t
svec_differ_vartime(const struct svec *a, const struct svec *b)
{
	const size_t store = a->group->scalar_store;
	size_t i;

	assert(a->group == b->group && a->n == b->n);
	for (i = 0; i < a->n; i++)
		if (memcmp(a->at + i * store, b->at + i * store, store) != 0)
			break;
	return i;
}

/* ---- arithmetic, element by element ---- */

typedef void operation(struct svec *out, const struct svec *a, const struct svec *b);

static void
apply(operation *f, struct svec *out, const struct svec *a, const struct svec *b)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX];
	struct svec one = { b->group, 1, room, NULL };

	assert(out->group == a->group && out->group == b->group);
	assert(a->n == out->n && (b->n == out->n || b->n == 1));
	if (b->n == out->n) {
		f(out, a, b);
		return;
	}
	/* b may lie inside out, which would change it half-way. */
	svec_copy(&one, 0, b, 0, 1);
	f(out, a, &one);
	sodium_memzero(room, sizeof room);
}

void
svec_add(struct svec *out, const struct svec *a, const struct svec *b)
{
	apply(out->group->ops->add, out, a, b);
}

void
svec_sub(struct svec *out, const struct svec *a, const struct svec *b)
{
	apply(out->group->ops->sub, out, a, b);
}

void
svec_mul(struct svec *out, const struct svec *a, const struct svec *b)
{
	apply(out->group->ops->mul_scalars, out, a, b);
}

void
svec_muladd(struct svec *out, const struct svec *a, const struct svec *b, const struct svec *c)
{
	_Alignas(64) unsigned char room[2 * GROUP_STORE_MAX];
	const struct group_ops *ops = out->group->ops;
	struct svec one = { b->group, 1, room, NULL }, factor, left, right, to;
	struct svec product = { b->group, 1, room + GROUP_STORE_MAX, NULL };
	size_t i;

	assert(out->group == a->group && out->group == b->group && out->group == c->group);
	assert(a->n == out->n && c->n == out->n && (b->n == out->n || b->n == 1));
	if (b->n == 1)
		svec_copy(&one, 0, b, 0, 1); /* b may lie inside out */
	if (ops->muladd != NULL) {
		ops->muladd(out, a, b->n == 1 ? &one : b, c);
		goto out;
	}
	for (i = 0; i < out->n; i++) {
		factor = b->n == 1 ? one : part(b, i, 1);
		left = part(a, i, 1);
		right = part(c, i, 1);
		to = part(out, i, 1);
		ops->mul_scalars(&product, &left, &factor);
		ops->add(&to, &product, &right);
	}
out:
	sodium_memzero(room, sizeof room);
}

void
svec_neg(struct svec *out, const struct svec *a)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX] = { 0 };
	const struct svec zero = { out->group, 1, room, NULL };

	assert(out->group == a->group && out->n == a->n);
	out->group->ops->sub(out, &zero, a);
}

/* Invert at most BATCH scalars at the price of one inversion and three products
 * each (Montgomery's trick): 1/a_i = (a_1 … a_i-1) * 1/(a_1 … a_i). */
static void
invert_batch(struct svec *out, const struct svec *a)
{
	_Alignas(64) unsigned char room[(BATCH + 2) * GROUP_STORE_MAX];
	struct svec all = { a->group, BATCH + 2, room, NULL };
	struct svec inverse = part(&all, BATCH, 1), next = part(&all, BATCH + 1, 1);
	struct svec before, to, from;
	const struct group_ops *ops = a->group->ops;
	size_t i;

	/* all[i] = a[0] … a[i] */
	svec_copy(&all, 0, a, 0, 1);
	for (i = 1; i < a->n; i++) {
		before = part(&all, i - 1, 1);
		from = part(a, i, 1);
		to = part(&all, i, 1);
		ops->mul_scalars(&to, &before, &from);
	}
	group_must(!svec_is_zero(&all, a->n - 1));
	before = part(&all, a->n - 1, 1);
	ops->invert(&inverse, &before);
	for (i = a->n; i-- > 0;) {
		from = part(a, i, 1);
		to = part(out, i, 1);
		ops->mul_scalars(&next, &inverse, &from);
		if (i > 0) {
			before = part(&all, i - 1, 1);
			ops->mul_scalars(&to, &inverse, &before);
		} else {
			svec_copy(&to, 0, &inverse, 0, 1);
		}
		svec_copy(&inverse, 0, &next, 0, 1);
	}
	sodium_memzero(room, sizeof room);
}

void
svec_invert(struct svec *out, const struct svec *a)
{
	struct svec to, from;
	size_t i, n;

	assert(out->group == a->group && out->n == a->n);
	for (i = 0; i < a->n; i += n) {
		n = a->n - i < BATCH ? a->n - i : BATCH;
		to = part(out, i, n);
		from = part(a, i, n);
		invert_batch(&to, &from);
	}
}

/* ---- arithmetic along a vector ---- */

void
svec_sum(struct svec *out, const struct svec *v)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX] = { 0 };
	struct svec sum = { v->group, 1, room, NULL }, next;
	size_t i;

	assert(out->group == v->group && out->n == 1);
	if (v->group->ops->sum != NULL) {
		v->group->ops->sum(out, v);
		return;
	}
	for (i = 0; i < v->n; i++) {
		next = part(v, i, 1);
		v->group->ops->add(&sum, &sum, &next);
	}
	svec_copy(out, 0, &sum, 0, 1);
	sodium_memzero(room, sizeof room);
}

void
svec_product(struct svec *out, const struct svec *v)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX];
	struct svec product = { v->group, 1, room, NULL }, next;
	size_t i;

	assert(out->group == v->group && out->n == 1);
	if (v->group->ops->product != NULL) {
		v->group->ops->product(out, v);
		return;
	}
	v->group->ops->from_u64(&product, 0, 1);
	for (i = 0; i < v->n; i++) {
		next = part(v, i, 1);
		v->group->ops->mul_scalars(&product, &product, &next);
	}
	svec_copy(out, 0, &product, 0, 1);
	sodium_memzero(room, sizeof room);
}

void
svec_inner(struct svec *out, const struct svec *a, const struct svec *b)
{
	_Alignas(64) unsigned char room[2 * GROUP_STORE_MAX] = { 0 };
	struct svec sum = { a->group, 1, room, NULL };
	struct svec product = { a->group, 1, room + GROUP_STORE_MAX, NULL }, left, right;
	size_t i;

	assert(out->group == a->group && out->group == b->group);
	assert(out->n == 1 && a->n == b->n);
	if (a->group->ops->inner != NULL) {
		a->group->ops->inner(out, a, b);
		return;
	}
	for (i = 0; i < a->n; i++) {
		left = part(a, i, 1);
		right = part(b, i, 1);
		a->group->ops->mul_scalars(&product, &left, &right);
		a->group->ops->add(&sum, &sum, &product);
	}
	svec_copy(out, 0, &sum, 0, 1);
	sodium_memzero(room, sizeof room);
}

void
svec_chain(struct svec *out, const struct svec *first, const struct svec *a, const struct svec *b)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX];
	struct svec last = { out->group, 1, room, NULL }, left, right;
	size_t i;

	assert(out->group == first->group && out->group == a->group && out->group == b->group);
	assert(first->n == 1 && a->n == out->n && b->n == out->n);
	if (out->group->ops->chain != NULL) {
		out->group->ops->chain(out, first, a, b);
		return;
	}
	svec_copy(&last, 0, first, 0, 1);
	for (i = 0; i < out->n; i++) {
		left = part(a, i, 1);
		right = part(b, i, 1);
		out->group->ops->mul_scalars(&last, &last, &right);
		out->group->ops->add(&last, &last, &left);
		svec_copy(out, i, &last, 0, 1);
	}
	sodium_memzero(room, sizeof room);
}
