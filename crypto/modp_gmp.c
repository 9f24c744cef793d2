/* Powers modulo p through GMP's low-level functions. */
#include <sodium.h>
#include <string.h>

#include "crypto/mem.h"
#include "crypto/modp_mont.h"
#include "crypto/modp_path.h"

/* A table for so few powers costs more than it saves. */
#define TABLE_PAYS 4

/* Windows of a fixed base; a wider one would cost more to search than it saves. */
#define TABLE_WIDTH_MAX 6

/* Straus's windows, and so many bases share the squarings: what their tables take stays in
 * the second-level cache. */
#define STRAUS_WIDTH 4
#define STRAUS_ENTRIES (1u << STRAUS_WIDTH)
#define STRAUS_BASES 64

#define BUCKET_WIDTH_MAX 12

static size_t
parts(size_t n, size_t size)
{
	return (n + size - 1) / size;
}

/* ---- one at a time ---- */

static void
multiply(mp_limb_t *out, const mp_limb_t *modulus, size_t limbs, struct modp_inputs a,
    struct modp_inputs b, size_t n)
{
	mp_limb_t product[2 * MODP_LIMBS_MAX], scratch[MONT_SCRATCH];
	const mp_size_t k = (mp_size_t)limbs;
	size_t i;

	/* The division is as quick as two of Montgomery's reductions would be. */
	for (i = 0; i < n; i++) {
		mpn_sec_mul(product, modp_input(a, i), k, modp_input(b, i), k, scratch);
		mpn_sec_div_r(product, 2 * k, modulus, k, scratch);
		mpn_copyi(out + i * limbs, product, k);
	}
	sodium_memzero(product, sizeof product);
	sodium_memzero(scratch, sizeof scratch);
}

static enum result
power(mp_limb_t *out, const struct modp *m, struct modp_inputs base, struct modp_inputs e, size_t n,
    size_t bits)
{
	const mp_size_t limbs = (mp_size_t)m->limbs;
	mp_limb_t x[MODP_LIMBS_MAX], *scratch;
	size_t i;

	scratch = mem_new((size_t)mpn_sec_powm_itch(limbs, bits, limbs), sizeof *scratch);
	if (scratch == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < n; i++) {
		mpn_sec_powm(x, modp_input(base, i), limbs, modp_input(e, i), bits, m->p, limbs,
		    scratch);
		mpn_copyi(out + i * m->limbs, x, limbs);
	}
	sodium_memzero(x, sizeof x);
	mem_free(scratch);
	return R_GOOD;
}

/* ---- a fixed base ---- */

/* entry[d] of window k, limbs each, is base^(d * 2^(width * k)). */
struct table {
	unsigned width;
	size_t windows;
	mp_limb_t entry[];
};

/* Products to make a table and take n powers by it; a look-up is a hundredth of a product
 * an entry. */
static size_t
table_cost(size_t bits, unsigned width, size_t n)
{
	const size_t entries = (size_t)1 << width;

	return parts(bits, width) * (entries + n + n * entries / 100);
}

static unsigned
table_width(size_t bits, size_t n)
{
	unsigned width, best = 1;

	for (width = 2; width <= TABLE_WIDTH_MAX; width++)
		if (table_cost(bits, width, n) < table_cost(bits, best, n))
			best = width;
	return best;
}

static enum result
table_new(void **out, const struct modp *m, const mp_limb_t *base, size_t n)
{
	const unsigned width = table_width(m->order_bits, n);
	const size_t entries = (size_t)1 << width, windows = parts(m->order_bits, width);
	const size_t limbs = m->limbs;
	struct table *t;
	struct mont x;
	mp_limb_t *at;
	size_t d, k;

	*out = NULL;
	if (n < TABLE_PAYS)
		return R_GOOD;
	t = mem_new(1, sizeof *t + windows * entries * limbs * sizeof *t->entry);
	if (t == NULL)
		return R_NO_MEMORY;
	t->width = width;
	t->windows = windows;
	mont_start(&x, m->p, limbs);
	for (k = 0; k < windows; k++) {
		at = t->entry + k * entries * limbs;
		mpn_copyi(at, x.one, x.n);
		if (k == 0)
			mont_in(&x, at + limbs, base);
		else
			mont_mul(&x, at + limbs, at - limbs, at - (entries - 1) * limbs);
		for (d = 2; d < entries; d++)
			mont_mul(&x, at + d * limbs, at + (d - 1) * limbs, at + limbs);
	}
	mont_end(&x);
	*out = t;
	return R_GOOD;
}

static void
table_pow(mp_limb_t *out, const struct modp *m, const void *table, struct modp_inputs e, size_t n)
{
	const struct table *t = table;
	const size_t limbs = m->limbs, entries = (size_t)1 << t->width;
	mp_limb_t entry[MODP_LIMBS_MAX];
	const mp_limb_t *at;
	struct mont x;
	size_t i, k, d;

	mont_start(&x, m->p, limbs);
	for (i = 0; i < n; i++)
		mpn_copyi(out + i * limbs, x.one, x.n);
	/* A window of the table at a time, which then stays in the cache. */
	for (k = 0; k < t->windows; k++) {
		at = t->entry + k * entries * limbs;
		for (i = 0; i < n; i++) {
			d = modp_digit(modp_input(e, i), limbs, k * t->width, t->width);
			mpn_sec_tabselect(entry, at, x.n, (mp_size_t)entries, (mp_size_t)d);
			mont_mul(&x, out + i * limbs, out + i * limbs, entry);
		}
	}
	for (i = 0; i < n; i++)
		mont_out(&x, out + i * limbs, out + i * limbs);
	mont_end(&x);
	sodium_memzero(entry, sizeof entry);
}

/* ---- products of powers ---- */

/* Straus's method for at most STRAUS_BASES: sum = the product, in Montgomery's form.
 * table has room for STRAUS_ENTRIES numbers a base. */
static void
straus_block(struct mont *x, mp_limb_t *sum, mp_limb_t *table, const struct modp *m,
    struct modp_inputs base, struct modp_inputs e, size_t n, size_t bits)
{
	const size_t limbs = m->limbs;
	mp_limb_t entry[MODP_LIMBS_MAX], *at;
	size_t i, d, k;

	for (i = 0; i < n; i++) {
		at = table + i * STRAUS_ENTRIES * limbs;
		mpn_copyi(at, x->one, x->n);
		mont_in(x, at + limbs, modp_input(base, i));
		for (d = 2; d < STRAUS_ENTRIES; d++)
			mont_mul(x, at + d * limbs, at + (d - 1) * limbs, at + limbs);
	}
	mpn_copyi(sum, x->one, x->n);
	for (k = parts(bits, STRAUS_WIDTH); k-- > 0;) {
		for (i = 0; i < STRAUS_WIDTH; i++)
			mont_sqr(x, sum, sum);
		for (i = 0; i < n; i++) {
			d = modp_digit(modp_input(e, i), limbs, k * STRAUS_WIDTH, STRAUS_WIDTH);
			mpn_sec_tabselect(entry, table + i * STRAUS_ENTRIES * limbs, x->n,
			    STRAUS_ENTRIES, (mp_size_t)d);
			mont_mul(x, sum, sum, entry);
		}
	}
	sodium_memzero(entry, sizeof entry);
}

static enum result
straus(mp_limb_t *out, const struct modp *m, struct modp_inputs base, struct modp_inputs e,
    size_t n, size_t bits)
{
	const size_t most = n < STRAUS_BASES ? n : STRAUS_BASES;
	mp_limb_t product[MODP_LIMBS_MAX], sum[MODP_LIMBS_MAX], *table;
	struct modp_inputs bases, exponents;
	struct mont x;
	size_t i, have;

	table = mem_new(most * STRAUS_ENTRIES * m->limbs, sizeof *table);
	if (table == NULL)
		return R_NO_MEMORY;
	mont_start(&x, m->p, m->limbs);
	mpn_copyi(product, x.one, x.n);
	for (i = 0; i < n; i += have) {
		have = n - i < most ? n - i : most;
		bases = (struct modp_inputs){ modp_input(base, i), base.step };
		exponents = (struct modp_inputs){ modp_input(e, i), e.step };
		straus_block(&x, sum, table, m, bases, exponents, have, bits);
		mont_mul(&x, product, product, sum);
	}
	mont_out(&x, out, product);
	mont_end(&x);
	sodium_memzero(product, sizeof product);
	sodium_memzero(sum, sizeof sum);
	mem_free(table);
	return R_GOOD;
}

/* Products for Pippenger's method, with windows of that width. */
static size_t
bucket_cost(size_t bits, unsigned width, size_t n)
{
	return parts(bits, width) * (n + ((size_t)2 << width));
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
	struct mont x;
	void (*mul)(struct mont *x, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b);
	size_t limbs, n;
	unsigned width;
	const mp_limb_t *base; /* n, in Montgomery's form */
	struct modp_inputs e;
	mp_limb_t *bucket; /* 2^width */
	mp_limb_t *run;    /* 1 */
};

/* product *= the product of all bases to the power of their k-th digits. */
static void
bucket_window(struct pippenger *p, mp_limb_t *product, size_t k)
{
	const size_t limbs = p->limbs, buckets = (size_t)1 << p->width;
	mp_limb_t *bucket;
	size_t i, d;

	for (d = 0; d < buckets; d++)
		mpn_copyi(p->bucket + d * limbs, p->x.one, p->x.n);
	/* What has digit 0 goes to bucket 0, which nobody asks for. */
	for (i = 0; i < p->n; i++) {
		d = modp_digit(modp_input(p->e, i), limbs, k * p->width, p->width);
		bucket = p->bucket + d * limbs;
		p->mul(&p->x, bucket, bucket, p->base + i * limbs);
	}
	mpn_copyi(p->run, p->x.one, p->x.n);
	for (d = buckets; d-- > 1;) {
		p->mul(&p->x, p->run, p->run, p->bucket + d * limbs);
		p->mul(&p->x, product, product, p->run);
	}
}

static enum result
buckets(mp_limb_t *out, const struct modp *m, struct modp_inputs base, struct modp_inputs e,
    size_t n, size_t bits, int is_public)
{
	const size_t limbs = m->limbs;
	mp_limb_t product[MODP_LIMBS_MAX], *room;
	struct pippenger p = { .limbs = limbs, .n = n, .e = e };
	size_t i, k;

	p.width = bucket_width(bits, n);
	p.mul = is_public ? mont_mul_vartime : mont_mul;
	room = mem_new((n + 1 + ((size_t)1 << p.width)) * limbs, sizeof *room);
	if (room == NULL)
		return R_NO_MEMORY;
	mont_start(&p.x, m->p, limbs);
	for (i = 0; i < n; i++)
		mont_in(&p.x, room + i * limbs, modp_input(base, i));
	p.base = room;
	p.run = room + n * limbs;
	p.bucket = p.run + limbs;
	mpn_copyi(product, p.x.one, p.x.n);
	for (k = parts(bits, p.width); k-- > 0;) {
		for (i = 0; i < p.width; i++)
			mont_sqr(&p.x, product, product);
		bucket_window(&p, product, k);
	}
	mont_out(&p.x, out, product);
	mont_end(&p.x);
	sodium_memzero(product, sizeof product);
	mem_free(room);
	return R_GOOD;
}

const struct modp_path modp_gmp = {
	.mul = multiply,
	.pow = power,
	.table = table_new,
	.table_pow = table_pow,
	.straus = straus,
	.buckets = buckets,
	.many = 48,
};
