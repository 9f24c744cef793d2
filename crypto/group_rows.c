/*
 * Operations on vectors in which each row has a verdict of its own, in which all rows are
 * raised to the same public exponents, or of which squares are encoded.
 */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "crypto/group_ops.h"
#include "crypto/mem.h"

/* Elements that are decoded, and rows that are worked on, at a time: few enough to stay in
 * the cache, enough to fill all lanes. */
#define ROWS 256

/* ---- decoding what can be decoded ---- */

struct trial {
	struct gvec *out;
	enum result *verdicts;
	const uint8_t *bytes;
	size_t stride;
	enum decode which;
};

/* All at once; and if one is refused, one by one. */
static void
decode_plainly(struct gvec *out, enum result *verdicts, const uint8_t *bytes, size_t stride,
    enum decode which)
{
	const struct group_ops *ops = out->group->ops;
	struct gvec one;
	size_t i, bad;

	if (ops->decode(out, bytes, stride, which, &bad) == R_GOOD) {
		for (i = 0; i < out->n; i++)
			verdicts[i] = R_GOOD;
		return;
	}
	for (i = 0; i < out->n; i++) {
		one = gvec_part(out, i, 1);
		verdicts[i] = ops->decode(&one, bytes + i * stride, stride, which, &bad);
		if (verdicts[i] != R_GOOD)
			ops->set_identity(&one);
	}
}

static enum result
decode_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct trial *t = ctx;
	struct gvec out = gvec_part(t->out, from, to - from);
	const struct group_ops *ops = out.group->ops;
	const uint8_t *bytes = t->bytes + from * t->stride;

	(void)bad;
	if (ops->decode_each != NULL)
		ops->decode_each(&out, t->verdicts + from, bytes, t->stride, t->which);
	else
		decode_plainly(&out, t->verdicts + from, bytes, t->stride, t->which);
	return R_GOOD;
}

enum result
gvec_decode_each(struct gvec *out, enum result *verdicts, const uint8_t *bytes, size_t stride,
    enum decode which, const struct effort *effort)
{
	struct trial t = { out, verdicts, bytes, stride, which };

	assert(stride >= out->group->element_bytes);
	return par_ranges(effort, out->n, ROWS, decode_range, &t, NULL);
}

/* ---- encoding squares ---- */

struct squares {
	uint8_t *bytes;
	size_t stride;
	const struct gvec *v;
};

static enum result
squares_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct squares *s = ctx;
	const struct group_ops *ops = s->v->group->ops;
	struct gvec v = gvec_part(s->v, from, to - from), *square;
	uint8_t *bytes = s->bytes + from * s->stride;
	enum result r;

	(void)bad;
	if (ops->encode_squares != NULL) {
		ops->encode_squares(bytes, s->stride, &v);
		return R_GOOD;
	}
	r = gvec_new(&square, v.group, v.n);
	if (r != R_GOOD)
		return r;
	ops->mul(square, &v, &v);
	ops->encode(bytes, s->stride, square);
	gvec_free(square);
	return R_GOOD;
}

enum result
gvec_encode_squares(uint8_t *bytes, size_t stride, const struct gvec *v,
    const struct effort *effort)
{
	struct squares s = { bytes, stride, v };

	assert(stride >= v->group->element_bytes);
	return par_ranges(effort, v->n, ROWS, squares_range, &s, NULL);
}

/* ---- the same powers in every row ---- */

/* An exponent in non-adjacent form: digits of -1, 0 and 1, the lowest first. */
struct signed_bits {
	unsigned used; /* up to the highest that is not zero */
	int8_t digit[8 * GROUP_STORE_MAX + 1];
};

/* Encodings of scalars are lowest byte first in some groups and last in others; that of 1
 * tells. Turn them so that the lowest comes first. */
static void
lowest_first(uint8_t *bytes, const struct group *g)
{
	_Alignas(64) unsigned char room[GROUP_STORE_MAX] = { 0 };
	struct svec one = { g, 1, room, NULL };
	uint8_t unit[GROUP_ENCODING_MAX], swap;
	size_t i, n = g->scalar_bytes;

	g->ops->from_u64(&one, 0, 1);
	g->ops->write(unit, n, &one);
	for (i = 0; unit[0] != 1 && i < n / 2; i++) {
		swap = bytes[i];
		bytes[i] = bytes[n - 1 - i];
		bytes[n - 1 - i] = swap;
	}
}

static unsigned
bit_at(const uint8_t *bytes, size_t n, unsigned at)
{
	return at < 8 * n ? bytes[at / 8] >> (at % 8) & 1 : 0;
}

static unsigned
length(const uint8_t *bytes, size_t n)
{
	unsigned bits = 8 * (unsigned)n;

	while (bits > 0 && bit_at(bytes, n, bits - 1) == 0)
		bits--;
	return bits;
}

/* Write e[i], or its negative if that is shorter, in signed bits. */
static void
recode(struct signed_bits *out, const struct svec *e, size_t i)
{
	const struct group *g = e->group;
	struct svec plus = { g, 1, e->at + i * g->scalar_store, NULL };
	_Alignas(64) unsigned char room[2 * GROUP_STORE_MAX] = { 0 };
	struct svec zero = { g, 1, room, NULL }, minus = { g, 1, room + GROUP_STORE_MAX, NULL };
	uint8_t bytes[2][GROUP_ENCODING_MAX];
	unsigned bits[2], negative, at, here, carry = 0;

	g->ops->sub(&minus, &zero, &plus);
	g->ops->write(bytes[0], g->scalar_bytes, &plus);
	g->ops->write(bytes[1], g->scalar_bytes, &minus);
	for (at = 0; at < 2; at++) {
		lowest_first(bytes[at], g);
		bits[at] = length(bytes[at], g->scalar_bytes);
	}
	negative = bits[1] < bits[0];
	out->used = 0;
	for (at = 0; at <= bits[negative]; at++) {
		here = bit_at(bytes[negative], g->scalar_bytes, at) + carry;
		carry = (here + bit_at(bytes[negative], g->scalar_bytes, at + 1)) >> 1;
		/* here - 2 carry */
		out->digit[at] = (int8_t)((int)here - 2 * (int)carry);
		if (out->digit[at] == 0)
			continue;
		out->used = at + 1;
		if (negative)
			out->digit[at] = (int8_t)-out->digit[at];
	}
}

struct rows {
	struct gvec *out;
	const struct gvec *const *v;
	const struct signed_bits *e;
	size_t k;
	unsigned used;
};

static enum result
rowpow_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct rows *rows = ctx;
	struct gvec out = gvec_part(rows->out, from, to - from), v;
	const struct group_ops *ops = out.group->ops;
	unsigned at;
	size_t j;

	(void)bad;
	ops->set_identity(&out);
	for (at = rows->used; at-- > 0;) {
		if (at + 1 < rows->used)
			ops->mul(&out, &out, &out);
		for (j = 0; j < rows->k; j++) {
			v = gvec_part(rows->v[j], from, to - from);
			if (at >= rows->e[j].used || rows->e[j].digit[at] == 0)
				continue;
			if (rows->e[j].digit[at] > 0)
				ops->mul(&out, &out, &v);
			else
				ops->div(&out, &out, &v);
		}
	}
	return R_GOOD;
}

enum result
gvec_rowpow_vartime(struct gvec *out, const struct gvec *const *v, const struct svec *e,
    const struct effort *effort)
{
	struct rows rows = { .out = out, .v = v, .k = e->n };
	struct signed_bits *bits;
	enum result r;
	size_t j;

	assert(out->group == e->group);
	bits = mem_new(e->n, sizeof *bits);
	if (bits == NULL)
		return R_NO_MEMORY;
	for (j = 0; j < e->n; j++) {
		assert(v[j]->group == out->group && v[j]->n == out->n && v[j]->at != out->at);
		recode(&bits[j], e, j);
		rows.used = bits[j].used > rows.used ? bits[j].used : rows.used;
	}
	rows.e = bits;
	r = par_ranges(effort, out->n, ROWS, rowpow_range, &rows, NULL);
	mem_free(bits);
	return r;
}

/* ---- reading the blocks that can be read ---- */

struct reading {
	uint8_t *blocks, *valid;
	const struct gvec *v;
};

static enum result
extract_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct reading *x = ctx;
	struct gvec v = gvec_part(x->v, from, to - from), one;
	const struct group_ops *ops = v.group->ops;
	uint8_t *blocks = x->blocks + from * GROUP_BLOCK_BYTES, *valid = x->valid + from;
	size_t i;

	if (ops->extract_each != NULL)
		return ops->extract_each(blocks, valid, &v);
	for (i = 0; i < v.n; i++) {
		one = gvec_part(&v, i, 1);
		valid[i] = ops->extract(blocks + i * GROUP_BLOCK_BYTES, &one, bad) == R_GOOD;
		if (!valid[i])
			memset(blocks + i * GROUP_BLOCK_BYTES, 0, GROUP_BLOCK_BYTES);
	}
	return R_GOOD;
}

enum result
gvec_extract_each(uint8_t *blocks, uint8_t *valid, const struct gvec *v,
    const struct effort *effort)
{
	struct reading x = { blocks, valid, v };

	return par_ranges(effort, v->n, ROWS, extract_range, &x, NULL);
}
