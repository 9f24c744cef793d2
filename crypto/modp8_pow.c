/* Products and powers modulo p, eight at a time: lanes are different powers, and in making a
 * table different windows of the exponents. */
#include "crypto/mem.h"
#include "crypto/modp8_parts.h"

/* Fewer products are not worth the way to limbs of 52 bits and back. */
#define MUL_PAYS 6

/* Windows of a fixed base: narrower ones would not fill two registers, for which look_up asks;
 * wider ones cost more to search than they save. */
#define TABLE_WIDTH_MIN 4
#define TABLE_WIDTH_MAX 7

/* A table for so few powers costs more than it saves. */
#define TABLE_PAYS 9

/* Eights of powers that go through the table together, a window at a time. */
#define TABLE_BLOCK 8

typedef __m512i vec;

int
modp_ifma_fits(const struct modp *m)
{
	return modp8_limbs(m->limbs) <= MODP8_LIMBS_MAX && (m->p[0] & MODP8_MASK) == MODP8_MASK &&
	    (m->q[0] & MODP8_MASK) == MODP8_MASK;
}

/* ---- eight at a time ---- */

static void
multiply(mp_limb_t *out, const mp_limb_t *modulus, size_t limbs, struct modp_inputs a,
    struct modp_inputs b, size_t n)
{
	vec left[MODP8_LIMBS_MAX], right[MODP8_LIMBS_MAX];
	const mp_limb_t *from[8];
	mp_limb_t *to[8];
	struct modp8 x;
	size_t i;

	if (n < MUL_PAYS) {
		modp_gmp.mul(out, modulus, limbs, a, b, n);
		return;
	}
	modp8_start(&x, modulus, limbs);
	for (i = 0; i < n; i += 8) {
		if (i == 0 || b.step != 0) {
			modp8_point_at(from, b, i, n);
			modp8_in(&x, right, from);
		}
		modp8_point_at(from, a, i, n);
		modp8_load(&x, left, from);
		modp8_mul(&x, left, left, right);
		modp8_point_out(to, out, limbs, i, n);
		modp8_store(&x, to, left);
	}
	modp8_end(&x);
	sodium_memzero(left, sizeof left);
	sodium_memzero(right, sizeof right);
}

/* a = a^e. */
static void
power_of_eight(struct modp8 *x, vec *a, const mp_limb_t *const e[8], size_t bits, vec *table)
{
	vec factor[MODP8_LIMBS_MAX], digits;
	size_t k;

	modp8_make_choice(x, table, a, MODP8_ENTRIES);
	modp8_spread(x, a, x->one);
	for (k = modp8_parts(bits, MODP8_WINDOW); k-- > 0;) {
		modp8_square_often(x, a, MODP8_WINDOW);
		modp8_digits_at(&digits, e, x->natural, k * MODP8_WINDOW, MODP8_WINDOW);
		modp8_choose(factor, table, x->limbs, digits, MODP8_WINDOW);
		modp8_mul(x, a, a, factor);
	}
	sodium_memzero(factor, sizeof factor);
}

static enum result
power(mp_limb_t *out, const struct modp *m, struct modp_inputs base, struct modp_inputs e, size_t n,
    size_t bits)
{
	const mp_limb_t *from[8], *exponent[8];
	vec a[MODP8_LIMBS_MAX], *table;
	mp_limb_t *to[8];
	struct modp8 x;
	size_t i;

	/* One takes as long as eight. */
	if (n < 2)
		return modp_gmp.pow(out, m, base, e, n, bits);
	table = mem_new(MODP8_LIMBS_MAX * MODP8_ENTRIES, sizeof *table);
	if (table == NULL)
		return R_NO_MEMORY;
	modp8_start(&x, m->p, m->limbs);
	for (i = 0; i < n; i += 8) {
		modp8_point_at(from, base, i, n);
		modp8_point_at(exponent, e, i, n);
		modp8_in(&x, a, from);
		power_of_eight(&x, a, exponent, bits, table);
		modp8_point_out(to, out, m->limbs, i, n);
		modp8_out(&x, to, a);
	}
	modp8_end(&x);
	sodium_memzero(a, sizeof a);
	mem_free(table);
	return R_GOOD;
}

/* ---- a fixed base ---- */

/* limb[(k * limbs + i) << width | d] is limb i of base^(d * 2^(width * k)). */
struct table {
	unsigned width;
	size_t windows, limbs;
	_Alignas(64) uint64_t limb[];
};

/* Products of eights to make a table and take n powers by it; a look-up is, measured, about a
 * fiftieth of a product for sixteen entries. */
static size_t
table_cost(size_t bits, unsigned width, size_t n)
{
	const size_t entries = (size_t)1 << width, windows = modp8_parts(bits, width);
	const size_t eights = modp8_parts(n, 8);

	return modp8_parts(windows, 8) * entries + windows * (eights + eights * entries / 800);
}

static unsigned
table_width(size_t bits, size_t n)
{
	unsigned width, best = TABLE_WIDTH_MIN;

	for (width = best + 1; width <= TABLE_WIDTH_MAX; width++)
		if (table_cost(bits, width, n) < table_cost(bits, best, n))
			best = width;
	return best;
}

/* Enter the powers d to d + 7 of the bases of eight windows, from the k-th on. */
static void
enter(const struct modp8 *x, struct table *t, size_t k, size_t d, vec (*power)[MODP8_LIMBS_MAX])
{
	vec v[8];
	size_t i, j;

	for (i = 0; i < x->limbs; i++) {
		for (j = 0; j < 8; j++)
			v[j] = power[j][i];
		modp8_transpose(v);
		for (j = 0; j < 8 && k + j < t->windows; j++)
			_mm512_store_si512(t->limb + ((((k + j) * x->limbs + i) << t->width) + d),
			    v[j]);
	}
}

/* Eight windows, from the k-th on; base is base^(2^(width * k)) and moves on. */
static void
table_windows(struct modp8 *x, struct table *t, size_t k, vec *base)
{
	vec power[8][MODP8_LIMBS_MAX], first[MODP8_LIMBS_MAX];
	size_t i, d, j;

	modp8_spread(x, first, x->one);
	for (j = 0; j < 8; j++) {
		for (i = 0; i < x->limbs; i++)
			first[i] = _mm512_mask_mov_epi64(first[i], (__mmask8)(1u << j), base[i]);
		modp8_square_often(x, base, t->width);
	}
	modp8_spread(x, power[0], x->one);
	for (d = 0; d < (size_t)1 << t->width; d += 8) {
		if (d > 0)
			modp8_mul(x, power[0], power[7], first);
		for (j = 1; j < 8; j++)
			modp8_mul(x, power[j], power[j - 1], first);
		enter(x, t, k, d, power);
	}
}

static enum result
table_new(void **out, const struct modp *m, const mp_limb_t *base, size_t n)
{
	const struct modp_inputs one = { base, 0 };
	const unsigned width = table_width(m->order_bits, n);
	const size_t windows = modp8_parts(m->order_bits, width), limbs = modp8_limbs(m->limbs);
	const mp_limb_t *from[8];
	vec power[MODP8_LIMBS_MAX];
	struct modp8 x;
	struct table *t;
	size_t k;

	*out = NULL;
	if (n < TABLE_PAYS)
		return R_GOOD;
	t = mem_new(1, sizeof *t + ((windows * limbs) << width) * sizeof *t->limb);
	if (t == NULL)
		return R_NO_MEMORY;
	t->width = width;
	t->windows = windows;
	t->limbs = limbs;
	modp8_start(&x, m->p, m->limbs);
	modp8_point_at(from, one, 0, 1);
	modp8_in(&x, power, from);
	for (k = 0; k < windows; k += 8)
		table_windows(&x, t, k, power);
	modp8_end(&x);
	*out = t;
	return R_GOOD;
}

/* Limb i of out = limb i of the entry that each of the eight asks for:
 * table[i * entries + d] for digit d. All are read. */
static inline __attribute__((always_inline)) void
look_up(vec *out, const uint64_t *table, size_t limbs, vec digits, int width)
{
	const vec sixteenth = _mm512_srli_epi64(digits, 4);
	__mmask8 here[1 << (TABLE_WIDTH_MAX - 4)];
	vec found, other;
	size_t i;
	int d;

	MODP8_UNROLL
	for (d = 1; d < 1 << (width - 4); d++)
		here[d] = _mm512_cmpeq_epi64_mask(sixteenth, _mm512_set1_epi64(d));
	for (i = 0; i < limbs; i++, table += 1 << width) {
		/* its index is the digit's lowest four bits */
		found = _mm512_permutex2var_epi64(_mm512_load_si512(table), digits,
		    _mm512_load_si512(table + 8));
		MODP8_UNROLL
		for (d = 1; d < 1 << (width - 4); d++) {
			other = _mm512_permutex2var_epi64(_mm512_load_si512(table + 16 * d), digits,
			    _mm512_load_si512(table + 16 * d + 8));
			found = _mm512_mask_mov_epi64(found, here[d], other);
		}
		out[i] = found;
	}
}

static void
look_up_window(const struct table *t, vec *out, size_t k, vec digits)
{
	const uint64_t *window = t->limb + ((k * t->limbs) << t->width);

	switch (t->width) {
	case 4: look_up(out, window, t->limbs, digits, 4); break;
	case 5: look_up(out, window, t->limbs, digits, 5); break;
	case 6: look_up(out, window, t->limbs, digits, 6); break;
	default: look_up(out, window, t->limbs, digits, TABLE_WIDTH_MAX);
	}
}

/* At most TABLE_BLOCK eights of powers: a window of the table at a time for all of them, so
 * that it comes from far away once. */
static void
table_pow_block(struct modp8 *x, mp_limb_t *out, const struct table *t, struct modp_inputs e,
    size_t n)
{
	vec power[TABLE_BLOCK][MODP8_LIMBS_MAX], factor[MODP8_LIMBS_MAX], digits;
	const mp_limb_t *exponent[8];
	const size_t limbs = x->natural;
	mp_limb_t *to[8];
	size_t i, k;

	for (k = 0; k < t->windows; k++) {
		for (i = 0; i < n; i += 8) {
			modp8_point_at(exponent, e, i, n);
			modp8_digits_at(&digits, exponent, limbs, k * t->width, t->width);
			look_up_window(t, k > 0 ? factor : power[i / 8], k, digits);
			if (k > 0)
				modp8_mul(x, power[i / 8], power[i / 8], factor);
		}
	}
	for (i = 0; i < n; i += 8) {
		modp8_point_out(to, out, limbs, i, n);
		modp8_out(x, to, power[i / 8]);
	}
	sodium_memzero(power, sizeof power);
	sodium_memzero(factor, sizeof factor);
}

static void
table_pow(mp_limb_t *out, const struct modp *m, const void *table, struct modp_inputs e, size_t n)
{
	struct modp_inputs rest;
	struct modp8 x;
	size_t i, have;

	modp8_start(&x, m->p, m->limbs);
	for (i = 0; i < n; i += have) {
		have = n - i < 8 * TABLE_BLOCK ? n - i : 8 * TABLE_BLOCK;
		rest = (struct modp_inputs){ modp_input(e, i), e.step };
		table_pow_block(&x, out + i * m->limbs, table, rest, have);
	}
	modp8_end(&x);
}

const struct modp_path modp_ifma = {
	.mul = multiply,
	.pow = power,
	.table = table_new,
	.table_pow = table_pow,
	.straus = modp8_straus,
	.buckets = modp8_buckets,
	.many = 64,
};
