/* Powers modulo p, eight at a time: lanes are different powers, different bases, or different
 * windows of the exponents. */
#include "crypto/modp8.h"

#include <sodium.h>
#include <string.h>

#include "crypto/mem.h"
#include "crypto/modp_path.h"

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 20")
#endif

#define INLINE static inline __attribute__((always_inline))

/* Fewer products are not worth the way to limbs of 52 bits and back. */
#define MUL_PAYS 6

/* Windows of a variable base. */
#define WINDOW 5
#define ENTRIES (1u << WINDOW)

/* Windows of a fixed base: narrower ones would not fill two registers, for which look_up asks;
 * wider ones cost more to search than they save. */
#define TABLE_WIDTH_MIN 4
#define TABLE_WIDTH_MAX 7

/* A table for so few powers costs more than it saves. */
#define TABLE_PAYS 9

/* Eights of powers that go through the table together, a window at a time. */
#define TABLE_BLOCK 8

/* Straus's windows, and so many eights of bases share the squarings: what their tables take
 * stays near the second-level cache. */
#define STRAUS_WIDTH 4
#define STRAUS_ENTRIES (1u << STRAUS_WIDTH)
#define STRAUS_BLOCK 16

#define BUCKET_WIDTH_MAX 11

typedef __m512i vec;

static size_t
parts(size_t n, size_t size)
{
	return (n + size - 1) / size;
}

int
modp_ifma_fits(const struct modp *m)
{
	return modp8_limbs(m->limbs) <= MODP8_LIMBS_MAX && (m->p[0] & MODP8_MASK) == MODP8_MASK &&
	    (m->q[0] & MODP8_MASK) == MODP8_MASK;
}

static void
copy(const struct modp8 *x, vec *out, const vec *a)
{
	memcpy(out, a, x->limbs * sizeof *out);
}

/* Eight numbers of `v` from the i-th on; past the n-th the last one again. */
static void
point_at(const mp_limb_t *from[8], struct modp_inputs v, size_t i, size_t n)
{
	size_t k;

	for (k = 0; k < 8; k++)
		from[k] = modp_input(v, i + k < n ? i + k : n - 1);
}

static void
point_out(mp_limb_t *to[8], mp_limb_t *out, size_t limbs, size_t i, size_t n)
{
	size_t k;

	for (k = 0; k < 8; k++)
		to[k] = i + k < n ? out + (i + k) * limbs : NULL;
}

/* The digits of eight exponents at one place. */
static vec
digits_at(const mp_limb_t *const e[8], size_t limbs, size_t at, unsigned width)
{
	_Alignas(64) uint64_t d[8];
	vec digits;
	size_t k;

	for (k = 0; k < 8; k++)
		d[k] = modp_digit(e[k], limbs, at, width);
	digits = _mm512_load_si512(d);
	sodium_memzero(d, sizeof d);
	return digits;
}

/* Limb i of out = that limb of the entry of its own that each of the eight asks for:
 * table[i * entries + d] for digit d. All are read. */
INLINE void
choose(vec *out, const vec *table, size_t limbs, vec digits, int width)
{
	__mmask8 bit[WINDOW];
	vec v[ENTRIES / 2];
	size_t i;
	int k, d;

	UNROLL
	for (k = 0; k < width; k++)
		bit[k] = _mm512_test_epi64_mask(digits, _mm512_set1_epi64(1ll << k));
	for (i = 0; i < limbs; i++, table += 1 << width) {
		UNROLL
		for (d = 0; d < 1 << (width - 1); d++)
			v[d] = _mm512_mask_mov_epi64(table[2 * d], bit[0], table[2 * d + 1]);
		UNROLL
		for (k = 1; k < width; k++) {
			UNROLL
			for (d = 0; d < 1 << (WINDOW - 2); d++)
				if (d < 1 << (width - 1 - k))
					v[d] =
					    _mm512_mask_mov_epi64(v[2 * d], bit[k], v[2 * d + 1]);
		}
		out[i] = v[0];
	}
}

/* Make that table: the powers 0 to `entries` - 1 of base. */
static void
make_choice(struct modp8 *x, vec *table, const vec *base, size_t entries)
{
	vec power[MODP8_LIMBS_MAX];
	size_t d, i;

	modp8_spread(x, power, x->one);
	for (d = 0; d < entries; d++) {
		if (d == 1)
			copy(x, power, base);
		else if (d > 1)
			modp8_mul(x, power, power, base);
		for (i = 0; i < x->limbs; i++)
			table[i * entries + d] = power[i];
	}
	sodium_memzero(power, sizeof power);
}

static void
square_often(struct modp8 *x, vec *a, size_t n)
{
	for (; n > 0; n--)
		modp8_sqr(x, a, a);
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
			point_at(from, b, i, n);
			modp8_in(&x, right, from);
		}
		point_at(from, a, i, n);
		modp8_load(&x, left, from);
		modp8_mul(&x, left, left, right);
		point_out(to, out, limbs, i, n);
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
	vec factor[MODP8_LIMBS_MAX];
	size_t k;

	make_choice(x, table, a, ENTRIES);
	modp8_spread(x, a, x->one);
	for (k = parts(bits, WINDOW); k-- > 0;) {
		square_often(x, a, WINDOW);
		choose(factor, table, x->limbs, digits_at(e, x->natural, k * WINDOW, WINDOW),
		    WINDOW);
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
	table = mem_new(MODP8_LIMBS_MAX * ENTRIES, sizeof *table);
	if (table == NULL)
		return R_NO_MEMORY;
	modp8_start(&x, m->p, m->limbs);
	for (i = 0; i < n; i += 8) {
		point_at(from, base, i, n);
		point_at(exponent, e, i, n);
		modp8_in(&x, a, from);
		power_of_eight(&x, a, exponent, bits, table);
		point_out(to, out, m->limbs, i, n);
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
	const size_t entries = (size_t)1 << width, windows = parts(bits, width);
	const size_t eights = parts(n, 8);

	return parts(windows, 8) * entries + windows * (eights + eights * entries / 800);
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
		square_often(x, base, t->width);
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
	const size_t windows = parts(m->order_bits, width), limbs = modp8_limbs(m->limbs);
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
	point_at(from, one, 0, 1);
	modp8_in(&x, power, from);
	for (k = 0; k < windows; k += 8)
		table_windows(&x, t, k, power);
	modp8_end(&x);
	*out = t;
	return R_GOOD;
}

/* Limb i of out = limb i of the entry that each of the eight asks for:
 * table[i * entries + d] for digit d. All are read. */
INLINE void
look_up(vec *out, const uint64_t *table, size_t limbs, vec digits, int width)
{
	const vec sixteenth = _mm512_srli_epi64(digits, 4);
	__mmask8 here[1 << (TABLE_WIDTH_MAX - 4)];
	vec found, other;
	size_t i;
	int d;

	UNROLL
	for (d = 1; d < 1 << (width - 4); d++)
		here[d] = _mm512_cmpeq_epi64_mask(sixteenth, _mm512_set1_epi64(d));
	for (i = 0; i < limbs; i++, table += 1 << width) {
		/* its index is the digit's lowest four bits */
		found = _mm512_permutex2var_epi64(_mm512_load_si512(table), digits,
		    _mm512_load_si512(table + 8));
		UNROLL
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
			point_at(exponent, e, i, n);
			digits = digits_at(exponent, limbs, k * t->width, t->width);
			look_up_window(t, k > 0 ? factor : power[i / 8], k, digits);
			if (k > 0)
				modp8_mul(x, power[i / 8], power[i / 8], factor);
		}
	}
	for (i = 0; i < n; i += 8) {
		point_out(to, out, limbs, i, n);
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

/* ---- Straus: lanes are bases ---- */

/* sum *= the product of eight powers in each lane, of at most 8 * STRAUS_BLOCK bases in all.
 * tables has room for STRAUS_ENTRIES vectors an eight. */
static void
straus_block(struct modp8 *x, vec *sum, vec *tables, struct modp_inputs base, struct modp_inputs e,
    size_t n, size_t bits)
{
	static const mp_limb_t zero[MODP_LIMBS_MAX];
	const mp_limb_t *exponent[STRAUS_BLOCK][8];
	vec product[MODP8_LIMBS_MAX], factor[MODP8_LIMBS_MAX], digits;
	const size_t size = x->limbs * STRAUS_ENTRIES;
	const mp_limb_t *from[8];
	size_t i, j, k;

	for (i = 0; i < n; i += 8) {
		point_at(from, base, i, n);
		modp8_in(x, factor, from);
		make_choice(x, tables + i / 8 * size, factor, STRAUS_ENTRIES);
		point_at(exponent[i / 8], e, i, n);
		for (j = n - i; j < 8; j++)
			exponent[i / 8][j] = zero;
	}
	modp8_spread(x, product, x->one);
	for (k = parts(bits, STRAUS_WIDTH); k-- > 0;) {
		square_often(x, product, STRAUS_WIDTH);
		for (i = 0; i < parts(n, 8); i++) {
			digits = digits_at(exponent[i], x->natural, k * STRAUS_WIDTH, STRAUS_WIDTH);
			choose(factor, tables + i * size, x->limbs, digits, STRAUS_WIDTH);
			modp8_mul(x, product, product, factor);
		}
	}
	modp8_mul(x, sum, sum, product);
	sodium_memzero(product, sizeof product);
	sodium_memzero(factor, sizeof factor);
}

static enum result
straus(mp_limb_t *out, const struct modp *m, struct modp_inputs base, struct modp_inputs e,
    size_t n, size_t bits)
{
	const size_t most = n < 8 * STRAUS_BLOCK ? n : 8 * STRAUS_BLOCK;
	struct modp_inputs bases, exponents;
	mp_limb_t *to[8] = { out };
	vec sum[MODP8_LIMBS_MAX], *tables;
	struct modp8 x;
	size_t i, have;

	/* A lane takes as long as eight. */
	if (n < 3)
		return modp_gmp.straus(out, m, base, e, n, bits);
	tables = mem_new(parts(most, 8) * modp8_limbs(m->limbs) * STRAUS_ENTRIES, sizeof *tables);
	if (tables == NULL)
		return R_NO_MEMORY;
	modp8_start(&x, m->p, m->limbs);
	modp8_spread(&x, sum, x.one);
	for (i = 0; i < n; i += have) {
		have = n - i < most ? n - i : most;
		bases = (struct modp_inputs){ modp_input(base, i), base.step };
		exponents = (struct modp_inputs){ modp_input(e, i), e.step };
		straus_block(&x, sum, tables, bases, exponents, have, bits);
	}
	modp8_fold(&x, sum);
	modp8_out(&x, to, sum);
	modp8_end(&x);
	sodium_memzero(sum, sizeof sum);
	mem_free(tables);
	return R_GOOD;
}

/* ---- Pippenger: lanes are windows ---- */

/* Products of eights, with windows of that width. */
static size_t
bucket_cost(size_t bits, unsigned width, size_t n)
{
	return parts(parts(bits, width), 8) * (n + ((size_t)2 << width));
}

static unsigned
bucket_width(size_t bits, size_t n)
{
	unsigned width, best = 1;

	for (width = 2; width <= BUCKET_WIDTH_MAX; width++)
		if (bucket_cost(bits, width, n) < bucket_cost(bits, best, n))
			best = width;
	return best;
}

/* Pippenger's method under way. */
struct pippenger {
	struct modp8 x;
	size_t n;
	unsigned width;
	int is_public;
	struct modp_inputs e;
	uint64_t *base;   /* n rows */
	uint64_t *bucket; /* 8 times 2^width rows: first those of lane 0 */
};

static uint64_t *
bucket(const struct pippenger *p, size_t lane, size_t digit)
{
	return p->bucket + ((lane << p->width) + digit) * p->x.row;
}

/* The buckets of the i-th base in eight windows, of which k is the lowest. Return 0 if they are
 * those of digit 0 all. */
static size_t
find_buckets(const struct pippenger *p, uint64_t *row[8], size_t i, size_t k)
{
	const mp_limb_t *e = modp_input(p->e, i);
	size_t lane, digit, any = 0;

	for (lane = 0; lane < 8; lane++) {
		digit = modp_digit(e, p->x.natural, (k + lane) * p->width, p->width);
		row[lane] = bucket(p, lane, digit);
		any |= digit;
	}
	return any;
}

static void
prefetch(const struct pippenger *p, uint64_t *const row[8])
{
	size_t lane, i;

	for (lane = 0; lane < 8; lane++)
		for (i = 0; i < p->x.row; i += 8)
			_mm_prefetch((const char *)(row[lane] + i), _MM_HINT_T0);
}

/* Multiply all bases into the buckets of eight windows. */
static void
fill_buckets(struct pippenger *p, size_t k)
{
	vec content[MODP8_LIMBS_MAX], base[MODP8_LIMBS_MAX];
	uint64_t *row[8], *next[8];
	size_t i, any, any_next;

	for (i = 0; i < (size_t)8 << p->width; i++)
		memcpy(bucket(p, 0, i), p->x.one, p->x.row * sizeof *p->bucket);
	any_next = find_buckets(p, next, 0, k);
	for (i = 0; i < p->n; i++) {
		memcpy(row, next, sizeof row);
		any = any_next;
		if (i + 1 < p->n) {
			any_next = find_buckets(p, next, i + 1, k);
			prefetch(p, next);
		}
		/* Short exponents cost nothing where they are zero. */
		if (p->is_public && any == 0)
			continue;
		modp8_gather(&p->x, content, row);
		modp8_spread(&p->x, base, p->base + i * p->x.row);
		modp8_mul(&p->x, content, content, base);
		modp8_scatter(&p->x, row, content);
	}
	sodium_memzero(content, sizeof content);
}

/* sum = the product of all buckets to the power of their digits. */
static void
sum_buckets(struct pippenger *p, vec *sum)
{
	vec run[MODP8_LIMBS_MAX], content[MODP8_LIMBS_MAX];
	uint64_t *row[8];
	size_t lane, d;

	modp8_spread(&p->x, sum, p->x.one);
	modp8_spread(&p->x, run, p->x.one);
	for (d = (size_t)1 << p->width; d-- > 1;) {
		for (lane = 0; lane < 8; lane++)
			row[lane] = bucket(p, lane, d);
		modp8_gather(&p->x, content, row);
		modp8_mul(&p->x, run, run, content);
		modp8_mul(&p->x, sum, sum, run);
	}
	sodium_memzero(run, sizeof run);
	sodium_memzero(content, sizeof content);
}

/* product = product^(2^(8 width)) times the sums of eight windows to the power of their
 * places. */
static void
join_windows(struct pippenger *p, vec *product, const vec *sums)
{
	vec sum[MODP8_LIMBS_MAX];
	size_t lane, i;

	for (lane = 8; lane-- > 0;) {
		square_often(&p->x, product, p->width);
		for (i = 0; i < p->x.limbs; i++)
			sum[i] =
			    _mm512_permutexvar_epi64(_mm512_set1_epi64((long long)lane), sums[i]);
		modp8_mul(&p->x, product, product, sum);
	}
	sodium_memzero(sum, sizeof sum);
}

static void
load_bases(struct pippenger *p, struct modp_inputs base)
{
	uint64_t *row[8];
	const mp_limb_t *from[8];
	vec v[MODP8_LIMBS_MAX];
	size_t i, k;

	for (i = 0; i < p->n; i += 8) {
		point_at(from, base, i, p->n);
		modp8_in(&p->x, v, from);
		for (k = 0; k < 8; k++)
			row[k] = i + k < p->n ? p->base + (i + k) * p->x.row : p->x.rows[k];
		modp8_scatter(&p->x, row, v);
	}
}

static enum result
buckets(mp_limb_t *out, const struct modp *m, struct modp_inputs base, struct modp_inputs e,
    size_t n, size_t bits, int is_public)
{
	struct pippenger p = { .n = n, .e = e, .is_public = is_public };
	vec product[MODP8_LIMBS_MAX], sums[MODP8_LIMBS_MAX];
	mp_limb_t *to[8] = { out };
	enum result r = R_NO_MEMORY;
	size_t k;

	modp8_start(&p.x, m->p, m->limbs);
	p.width = bucket_width(bits, n);
	p.base = mem_new(n * p.x.row, sizeof *p.base);
	p.bucket = mem_new(((size_t)8 << p.width) * p.x.row, sizeof *p.bucket);
	if (p.base == NULL || p.bucket == NULL)
		goto out;
	load_bases(&p, base);
	modp8_spread(&p.x, product, p.x.one);
	for (k = parts(parts(bits, p.width), 8); k-- > 0;) {
		fill_buckets(&p, 8 * k);
		sum_buckets(&p, sums);
		join_windows(&p, product, sums);
	}
	modp8_out(&p.x, to, product);
	sodium_memzero(product, sizeof product);
	sodium_memzero(sums, sizeof sums);
	r = R_GOOD;
out:
	modp8_end(&p.x);
	mem_free(p.base);
	mem_free(p.bucket);
	return r;
}

const struct modp_path modp_ifma = {
	.mul = multiply,
	.pow = power,
	.table = table_new,
	.table_pow = table_pow,
	.straus = straus,
	.buckets = buckets,
	.many = 64,
};
