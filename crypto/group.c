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

/* What a thread takes at a time, in grains (crypto/group_ops.h): of what is cheaper than a
 * power; and of a product of powers, where many at once cost less each, the least and the
 * most. */
#define LIGHT 32
#define MULTI_LEAST 64
#define MULTI_MOST 4096

/* Elements of what is cheaper than a power that a thread takes at a time. */
static size_t
light_grain(const struct effort *effort, const struct group *g, size_t n)
{
	return par_grain(effort, n, LIGHT * g->grain);
}

/* The same for a product of n powers; most is a limit, 0 for none. */
static size_t
multi_grain(const struct effort *effort, const struct group *g, size_t n, size_t most)
{
	const size_t grain = par_grain(effort, n, most > 0 ? most : MULTI_MOST * g->grain);

	return grain < MULTI_LEAST * g->grain ? MULTI_LEAST * g->grain : grain;
}

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

/* Return a view of n elements from `from` on. */
static struct gvec
part(const struct gvec *v, size_t from, size_t n)
{
	struct gvec view = { v->group, n, v->at + from * v->group->element_store, NULL };

	return view;
}

/* The same for an input that may have length 1 and is then used for every item. */
static struct gvec
part_or_one(const struct gvec *v, size_t from, size_t n)
{
	return v->n == 1 ? *v : part(v, from, n);
}

static struct svec
exponents(const struct svec *e, size_t from, size_t n)
{
	struct svec view = { e->group, n, e->at + from * e->group->scalar_store, NULL };

	return e->n == 1 ? *e : view;
}

enum result
gvec_slice(struct gvec **out, struct gvec *parent, size_t from, size_t n)
{
	assert(from <= parent->n && n <= parent->n - from);
	*out = mem_new(1, sizeof **out);
	if (*out == NULL)
		return R_NO_MEMORY;
	**out = part(parent, from, n);
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
	struct gvec out = part(c->out, from, to - from);
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
	return par_ranges(effort, out->n, light_grain(effort, out->group, out->n), decode_range, &c,
	    bad);
}

static enum result
encode_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct coding *c = ctx;
	struct gvec v = part(c->v, from, to - from);

	(void)bad;
	v.group->ops->encode(c->to + from * c->stride, c->stride, &v);
	return R_GOOD;
}

enum result
gvec_encode(uint8_t *bytes, size_t stride, const struct gvec *v, const struct effort *effort)
{
	struct coding c = { .to = bytes, .v = v, .stride = stride };

	assert(stride >= v->group->element_bytes);
	return par_ranges(effort, v->n, light_grain(effort, v->group, v->n), encode_range, &c,
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

/* Return b; or, if b is one element that an operation on the longer `out` might
 * overwrite before its last use, a copy of it in room. */
static struct gvec
steady(const struct gvec *b, const struct gvec *out, unsigned char *room)
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
	struct gvec factor = steady(b, out, room);

	assert(out->group == a->group && out->group == b->group);
	assert(a->n == out->n && (b->n == out->n || b->n == 1));
	out->group->ops->mul(out, a, &factor);
	sodium_memzero(room, sizeof room);
}

void
gvec_div(struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX];
	struct gvec divisor = steady(b, out, room);

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
		next = part(v, i, 1);
		if (i == 0)
			gvec_copy(&sum, 0, &next, 0, 1);
		else
			v->group->ops->mul(&sum, &sum, &next);
	}
	gvec_copy(out, 0, &sum, 0, 1);
	sodium_memzero(room, sizeof room);
}

/* ---- powers ---- */

struct powers {
	struct gvec *out;
	const struct gvec *base;
	const struct svec *e;
	enum result (*pow)(struct gvec *out, const struct gvec *base, const struct svec *e);
};

static enum result
pow_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct powers *p = ctx;
	struct gvec out = part(p->out, from, to - from);
	struct gvec base = part_or_one(p->base, from, to - from);
	struct svec e = exponents(p->e, from, to - from);

	(void)bad;
	return p->pow(&out, &base, &e);
}

static enum result
powers(const struct powers *p, const struct effort *effort)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX];
	struct gvec base = steady(p->base, p->out, room);
	struct powers job = { p->out, &base, p->e, p->pow };
	const struct group *g = p->out->group;

	assert(g == base.group && g == p->e->group);
	return par_ranges(effort, p->out->n, g->grain, pow_range, &job, NULL);
}

struct gbase {
	const struct group *group;
	struct gvec *base;
	const void *table; /* NULL: powers are as fast without */
	void *owned;
};

enum result
gbase_new(struct gbase **out, const struct gvec *base, size_t n)
{
	enum result r = R_NO_MEMORY;
	struct gbase *b;

	assert(base->n == 1);
	*out = NULL;
	b = mem_new(1, sizeof *b);
	if (b == NULL)
		goto out;
	b->group = base->group;
	r = gvec_new(&b->base, base->group, 1);
	if (r != R_GOOD)
		goto out;
	gvec_copy(b->base, 0, base, 0, 1);
	if (b->group->ops->table != NULL)
		r = b->group->ops->table(&b->table, &b->owned, b->base, n);
	if (r != R_GOOD)
		goto out;
	*out = b;
	b = NULL;
out:
	gbase_free(b);
	return r;
}

void
gbase_free(struct gbase *b)
{
	if (b == NULL)
		return;
	gvec_free(b->base);
	mem_free(b->owned);
	mem_free(b);
}

/* Powers of a base that is ready, here for one range. */
static enum result
pow_ready(struct gvec *out, const struct gbase *base, const struct svec *e)
{
	const struct group_ops *ops = out->group->ops;

	if (base->table == NULL)
		return ops->pow(out, base->base, e);
	ops->pow_table(out, base->table, e);
	return R_GOOD;
}

struct base_powers {
	struct gvec *out;
	const struct gbase *base;
	const struct svec *e;
};

static enum result
pow_base_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct base_powers *p = ctx;
	struct gvec out = part(p->out, from, to - from);
	struct svec e = exponents(p->e, from, to - from);

	(void)bad;
	return pow_ready(&out, p->base, &e);
}

enum result
gvec_pow_base(struct gvec *out, const struct gbase *base, const struct svec *e,
    const struct effort *effort)
{
	struct base_powers job = { out, base, e };
	const struct group *g = out->group;

	assert(e->n == out->n && base->group == g && e->group == g);
	return par_ranges(effort, out->n,
	    base->table == NULL ? g->grain : light_grain(effort, g, out->n), pow_base_range, &job,
	    NULL);
}

enum result
gvec_pow_fixed(struct gvec *out, const struct gvec *base, const struct svec *e,
    const struct effort *effort)
{
	struct gbase *ready = NULL;
	enum result r;

	r = gbase_new(&ready, base, out->n);
	if (r == R_GOOD)
		r = gvec_pow_base(out, ready, e, effort);
	gbase_free(ready);
	return r;
}

struct commitments {
	uint8_t *bytes;
	size_t stride;
	struct gvec *out;
	const struct gvec *v;
	const struct gbase *x, *y;
	const struct svec *e, *f;
};

/* One range, by the operations that every group has. */
static enum result
commit_plainly(uint8_t *bytes, size_t stride, struct gvec *out, const struct gvec *v,
    const struct gbase *x, const struct svec *e, const struct gbase *y, const struct svec *f)
{
	const struct group_ops *ops = e->group->ops;
	struct gvec *product = NULL, *power = NULL;
	enum result r;

	if ((r = gvec_new(&product, e->group, e->n)) != R_GOOD ||
	    (r = gvec_new(&power, e->group, e->n)) != R_GOOD ||
	    (r = pow_ready(product, x, e)) != R_GOOD)
		goto out;
	if (y != NULL) {
		r = pow_ready(power, y, f);
		if (r != R_GOOD)
			goto out;
		ops->mul(product, product, power);
	}
	if (v != NULL)
		ops->mul(product, product, v);
	ops->encode(bytes, stride, product);
	if (out != NULL)
		gvec_copy(out, 0, product, 0, e->n);
out:
	gvec_free(product);
	gvec_free(power);
	return r;
}

static enum result
commit_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct commitments *c = ctx;
	const struct group_ops *ops = c->e->group->ops;
	const size_t n = to - from;
	struct svec e = exponents(c->e, from, n), f;
	struct gvec out, v;
	uint8_t *bytes = c->bytes + from * c->stride;

	(void)bad;
	if (c->out != NULL)
		out = part(c->out, from, n);
	if (c->v != NULL)
		v = part(c->v, from, n);
	if (c->y != NULL)
		f = exponents(c->f, from, n);
	if (ops->commit == NULL || c->x->table == NULL || (c->y != NULL && c->y->table == NULL))
		return commit_plainly(bytes, c->stride, c->out != NULL ? &out : NULL,
		    c->v != NULL ? &v : NULL, c->x, &e, c->y, c->y != NULL ? &f : NULL);
	return ops->commit(bytes, c->stride, c->out != NULL ? &out : NULL, c->v != NULL ? &v : NULL,
	    c->x->table, &e, c->y != NULL ? c->y->table : NULL, c->y != NULL ? &f : NULL);
}

enum result
gvec_commit(uint8_t *bytes, size_t stride, struct gvec *out, const struct gvec *v,
    const struct gbase *x, const struct svec *e, const struct gbase *y, const struct svec *f,
    const struct effort *effort)
{
	struct commitments c = { bytes, stride, out, v, x, y, e, f };
	const struct group *g = e->group;

	assert(stride >= g->element_bytes && x->group == g);
	assert(out == NULL || (out->group == g && out->n == e->n));
	assert(v == NULL || (v->group == g && v->n == e->n));
	assert((y == NULL) == (f == NULL));
	assert(y == NULL || (y->group == g && f->group == g && f->n == e->n));
	return par_ranges(effort, e->n, light_grain(effort, g, e->n), commit_range, &c, NULL);
}

enum result
gvec_pow(struct gvec *out, const struct gvec *base, const struct svec *e,
    const struct effort *effort)
{
	const struct powers p = { out, base, e, out->group->ops->pow };

	assert(base->n == out->n && (e->n == out->n || e->n == 1));
	return powers(&p, effort);
}

enum result
gvec_pow_vartime(struct gvec *out, const struct gvec *base, const struct svec *e,
    const struct effort *effort)
{
	const struct powers p = { out, base, e, out->group->ops->pow_vartime };

	assert(base->n == out->n && (e->n == out->n || e->n == 1));
	return powers(&p, effort);
}

/* One product of many powers. */
struct multi {
	struct gvec *partial; /* one product a range */
	const struct gvec *base;
	const struct svec *e;
	enum result (*pow)(struct gvec *out, const struct gvec *base, const struct svec *e);
	/* all at once; if it is NULL, they are multiplied here */
	enum result (*multipow)(struct gvec *out, const struct gvec *base, const struct svec *e);
	size_t grain;
};

static enum result
multipow_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct multi *p = ctx;
	struct gvec base = part(p->base, from, to - from);
	struct svec e = exponents(p->e, from, to - from);
	struct gvec product = part(p->partial, from / p->grain, 1);
	struct gvec *each;
	enum result r;

	(void)bad;
	if (p->multipow != NULL)
		return p->multipow(&product, &base, &e);
	r = gvec_new(&each, base.group, to - from);
	if (r != R_GOOD)
		return r;
	r = p->pow(each, &base, &e);
	if (r == R_GOOD)
		gvec_product(&product, each);
	gvec_free(each);
	return r;
}

static enum result
multipow(struct gvec *out, struct multi *p, const struct effort *effort)
{
	const struct group *g = p->base->group;
	enum result r;

	assert(out->group == g && p->e->group == g);
	assert(out->n == 1 && p->e->n == p->base->n);
	p->grain = p->multipow == NULL ? g->grain : multi_grain(effort, g, p->base->n, p->grain);
	r = gvec_new(&p->partial, g, par_count(p->base->n, p->grain));
	if (r != R_GOOD)
		return r;
	r = par_ranges(effort, p->base->n, p->grain, multipow_range, p, NULL);
	if (r == R_GOOD)
		gvec_product(out, p->partial);
	gvec_free(p->partial);
	return r;
}

enum result
gvec_multipow_vartime(struct gvec *out, const struct gvec *base, const struct svec *e,
    const struct effort *effort)
{
	const struct group_ops *ops = out->group->ops;
	struct multi p = { NULL, base, e, ops->pow_vartime, ops->multipow_vartime, 0 };

	return multipow(out, &p, effort);
}

enum result
gvec_multipow(struct gvec *out, const struct gvec *base, const struct svec *e,
    const struct effort *effort)
{
	const struct group_ops *ops = out->group->ops;
	struct multi p = { NULL, base, e, ops->pow, ops->multipow, ops->multipow_grain };

	return multipow(out, &p, effort);
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
	struct gvec out = part(job->out, from, to - from);

	(void)bad;
	out.group->ops->generators(&out, job->label, job->first + from);
	return R_GOOD;
}

enum result
gvec_generators(struct gvec *out, const char *label, uint64_t first, const struct effort *effort)
{
	struct generators job = { out, label, first };

	return par_ranges(effort, out->n, light_grain(effort, out->group, out->n), generators_range,
	    &job, NULL);
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
