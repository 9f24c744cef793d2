/* Products of powers modulo p: lanes are different bases, or different windows of the
 * exponents. */
#include "crypto/mem.h"
#include "crypto/modp8_parts.h"

/* Straus's windows, and so many eights of bases share the squarings: what their tables take
 * stays near the second-level cache. */
#define STRAUS_WIDTH 4
#define STRAUS_ENTRIES (1u << STRAUS_WIDTH)
#define STRAUS_BLOCK 16

#define BUCKET_WIDTH_MAX 11

typedef __m512i vec;

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
		modp8_point_at(from, base, i, n);
		modp8_in(x, factor, from);
		modp8_make_choice(x, tables + i / 8 * size, factor, STRAUS_ENTRIES);
		modp8_point_at(exponent[i / 8], e, i, n);
		for (j = n - i; j < 8; j++)
			exponent[i / 8][j] = zero;
	}
	modp8_spread(x, product, x->one);
	for (k = modp8_parts(bits, STRAUS_WIDTH); k-- > 0;) {
		modp8_square_often(x, product, STRAUS_WIDTH);
		for (i = 0; i < modp8_parts(n, 8); i++) {
			modp8_digits_at(&digits, exponent[i], x->natural, k * STRAUS_WIDTH,
			    STRAUS_WIDTH);
			modp8_choose(factor, tables + i * size, x->limbs, digits, STRAUS_WIDTH);
			modp8_mul(x, product, product, factor);
		}
	}
	modp8_mul(x, sum, sum, product);
	sodium_memzero(product, sizeof product);
	sodium_memzero(factor, sizeof factor);
}

enum result
modp8_straus(mp_limb_t *out, const struct modp *m, struct modp_inputs base, struct modp_inputs e,
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
	tables =
	    mem_new(modp8_parts(most, 8) * modp8_limbs(m->limbs) * STRAUS_ENTRIES, sizeof *tables);
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
	return modp8_parts(modp8_parts(bits, width), 8) * (n + ((size_t)2 << width));
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
		modp8_square_often(&p->x, product, p->width);
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
		modp8_point_at(from, base, i, p->n);
		modp8_in(&p->x, v, from);
		for (k = 0; k < 8; k++)
			row[k] = i + k < p->n ? p->base + (i + k) * p->x.row : p->x.rows[k];
		modp8_scatter(&p->x, row, v);
	}
}

enum result
modp8_buckets(mp_limb_t *out, const struct modp *m, struct modp_inputs base, struct modp_inputs e,
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
	for (k = modp8_parts(modp8_parts(bits, p.width), 8); k-- > 0;) {
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
