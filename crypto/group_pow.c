/* Powers: of one base, element by element, encoded at once, and products of many. */
#include "crypto/group.h"

/* A vector of the wrong length must never get past this file. */
#undef NDEBUG
#include <assert.h>

#include "crypto/group_ops.h"
#include "crypto/mem.h"

/* What a thread takes at a time, in grains (crypto/group_ops.h), of a product of powers, where
 * many at once cost less each: the least and the most. */
#define MULTI_LEAST 64
#define MULTI_MOST 4096

/* Return a view, as gvec_part, of an input that may have length 1 and is then used for every item. */
static struct gvec
part_or_one(const struct gvec *v, size_t from, size_t n)
{
	return v->n == 1 ? *v : gvec_part(v, from, n);
}

static struct svec
exponents(const struct svec *e, size_t from, size_t n)
{
	struct svec view = { e->group, n, e->at + from * e->group->scalar_store, NULL };

	return e->n == 1 ? *e : view;
}

/* ---- element by element ---- */

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
	struct gvec out = gvec_part(p->out, from, to - from);
	struct gvec base = part_or_one(p->base, from, to - from);
	struct svec e = exponents(p->e, from, to - from);

	(void)bad;
	return p->pow(&out, &base, &e);
}

static enum result
powers(const struct powers *p, const struct effort *effort)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX];
	struct gvec base = gvec_steady(p->base, p->out, room);
	struct powers job = { p->out, &base, p->e, p->pow };
	const struct group *g = p->out->group;

	assert(g == base.group && g == p->e->group);
	return par_ranges(effort, p->out->n, g->grain, pow_range, &job, NULL);
}

/* ---- powers of one base ---- */

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
	struct gvec out = gvec_part(p->out, from, to - from);
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
	    base->table == NULL ? g->grain : group_light_grain(effort, g, out->n), pow_base_range,
	    &job, NULL);
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

/* ---- encoded at once ---- */

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
		out = gvec_part(c->out, from, n);
	if (c->v != NULL)
		v = gvec_part(c->v, from, n);
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
	return par_ranges(effort, e->n, group_light_grain(effort, g, e->n), commit_range, &c, NULL);
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

/* ---- products of powers ---- */

/* Of how many of n powers a thread makes a product; most is a limit, 0 for none. */
static size_t
multi_grain(const struct effort *effort, const struct group *g, size_t n, size_t most)
{
	const size_t grain = par_grain(effort, n, most > 0 ? most : MULTI_MOST * g->grain);

	return grain < MULTI_LEAST * g->grain ? MULTI_LEAST * g->grain : grain;
}

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
	struct gvec base = gvec_part(p->base, from, to - from);
	struct svec e = exponents(p->e, from, to - from);
	struct gvec product = gvec_part(p->partial, from / p->grain, 1);
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
