#include "crypto/modp8.h"

#undef NDEBUG
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "crypto/modp_mont.h"

/* The loops over a block stay in registers only if they are unrolled. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 20")
#endif

#define INLINE static inline __attribute__((always_inline))

#define BLOCK MODP8_BLOCK

typedef __m512i vec;

INLINE vec
spread(uint64_t limb)
{
	return _mm512_set1_epi64((long long)limb);
}

INLINE vec
limb_of(vec column)
{
	return _mm512_and_si512(column, spread(MODP8_MASK));
}

INLINE vec
carry_of(vec column)
{
	return _mm512_srli_epi64(column, MODP8_BITS);
}

/* ---- products ---- */

/* One step of a block: add limb * b to columns c[0] and on. c[0] is done and returned, the
 * others move down by one. */
INLINE vec
step(vec c[BLOCK + 1], vec limb, const vec b[BLOCK])
{
	vec done;
	int k;

	UNROLL
	for (k = 0; k < BLOCK; k++)
		c[k] = _mm512_madd52lo_epu64(c[k], limb, b[k]);
	done = c[0];
	UNROLL
	for (k = 0; k < BLOCK; k++)
		c[k] = _mm512_madd52hi_epu64(c[k + 1], limb, b[k]);
	return done;
}

/* t[0] to t[n + BLOCK - 1] += a * b, of n and of BLOCK limbs. */
INLINE void
block(vec *t, const vec *a, size_t n, const vec *b)
{
	vec c[BLOCK + 1], factor[BLOCK];
	size_t j;
	int k;

	UNROLL
	for (k = 0; k < BLOCK; k++) {
		c[k] = t[k];
		factor[k] = b[k];
	}
	for (j = 0; j < n; j++) {
		c[BLOCK] = t[j + BLOCK];
		t[j] = step(c, a[j], factor);
	}
	UNROLL
	for (k = 0; k < BLOCK; k++)
		t[n + (size_t)k] = c[k];
}

/* The same, a row times b. The last column there may be is t[n + BLOCK - 1]. */
INLINE void
block_row(vec *t, const uint64_t *a, size_t n, const vec b[BLOCK])
{
	vec c[BLOCK + 1];
	size_t j;
	int k;

	UNROLL
	for (k = 0; k < BLOCK; k++)
		c[k] = t[k];
	for (j = 0; j < n; j++) {
		c[BLOCK] = t[j + BLOCK];
		t[j] = step(c, spread(a[j]), b);
	}
	UNROLL
	for (k = 0; k < BLOCK; k++)
		t[n + (size_t)k] = c[k];
}

/* t = a * b. */
static void
product(vec *t, const vec *a, const vec *b, size_t n)
{
	size_t i;

	for (i = 0; i < 2 * n; i++)
		t[i] = _mm512_setzero_si512();
	for (i = 0; i < n; i += BLOCK)
		block(t + i, a, n, b + i);
}

/* t[0] to t[2 BLOCK - 1] += the products of different limbs of one block, once each. */
INLINE void
corner(vec *t, const vec *a)
{
	vec c[2 * BLOCK], limb;
	int i, j;

	UNROLL
	for (i = 0; i < 2 * BLOCK; i++)
		c[i] = t[i];
	UNROLL
	for (i = 0; i < BLOCK; i++) {
		limb = a[i];
		UNROLL
		for (j = 0; j < BLOCK; j++) {
			if (j <= i)
				continue;
			c[i + j] = _mm512_madd52lo_epu64(c[i + j], limb, a[j]);
			c[i + j + 1] = _mm512_madd52hi_epu64(c[i + j + 1], limb, a[j]);
		}
	}
	UNROLL
	for (i = 0; i < 2 * BLOCK; i++)
		t[i] = c[i];
}

/* t = a^2: the products of different limbs twice, the squares once. */
static void
square(vec *t, const vec *a, size_t n)
{
	size_t i;

	for (i = 0; i < 2 * n; i++)
		t[i] = _mm512_setzero_si512();
	for (i = 0; i < n; i += BLOCK) {
		corner(t + 2 * i, a + i);
		if (i + BLOCK < n)
			block(t + 2 * i + BLOCK, a + i + BLOCK, n - i - BLOCK, a + i);
	}
	for (i = 0; i < n; i++) {
		t[2 * i] = _mm512_madd52lo_epu64(_mm512_slli_epi64(t[2 * i], 1), a[i], a[i]);
		t[2 * i + 1] =
		    _mm512_madd52hi_epu64(_mm512_slli_epi64(t[2 * i + 1], 1), a[i], a[i]);
	}
}

/* Find the digits q of one block, so that q * m clears the columns t[0] to t[BLOCK - 1], and
 * add to the next BLOCK what the low BLOCK limbs of m give there and what was carried.
 * The lowest limb of m is 2^52 - 1, and column + digit * (2^52 - 1), its lowest 52 bits the
 * digit, carries (column >> 52) + digit. */
INLINE void
digits(vec q[BLOCK], vec *t, const uint64_t *m)
{
	vec c[2 * BLOCK], limb;
	int r, k;

	UNROLL
	for (k = 0; k < 2 * BLOCK; k++)
		c[k] = t[k];
	UNROLL
	for (r = 0; r < BLOCK; r++) {
		q[r] = limb_of(c[r]);
		c[r + 1] = _mm512_add_epi64(c[r + 1], _mm512_add_epi64(q[r], carry_of(c[r])));
		UNROLL
		for (k = 1; k < BLOCK; k++) {
			if (r + k >= BLOCK)
				continue;
			limb = spread(m[k]);
			c[r + k] = _mm512_madd52lo_epu64(c[r + k], q[r], limb);
			c[r + k + 1] = _mm512_madd52hi_epu64(c[r + k + 1], q[r], limb);
		}
	}
	UNROLL
	for (k = 1; k < BLOCK; k++) {
		limb = spread(m[k]);
		UNROLL
		for (r = 0; r < BLOCK; r++) {
			if (r + k < BLOCK)
				continue;
			c[r + k] = _mm512_madd52lo_epu64(c[r + k], q[r], limb);
			c[r + k + 1] = _mm512_madd52hi_epu64(c[r + k + 1], q[r], limb);
		}
	}
	UNROLL
	for (k = BLOCK; k < 2 * BLOCK; k++)
		t[k] = c[k];
}

/* out = t / R. */
static void
reduce(vec *out, vec *t, const uint64_t *m, size_t n)
{
	vec q[BLOCK], carry = _mm512_setzero_si512(), sum;
	size_t i;

	for (i = 0; i < n; i += BLOCK) {
		digits(q, t + i, m);
		block_row(t + i + BLOCK, m + BLOCK, n - BLOCK, q);
	}
	for (i = 0; i < n; i++) {
		sum = _mm512_add_epi64(t[n + i], carry);
		out[i] = limb_of(sum);
		carry = carry_of(sum);
	}
}

void
modp8_mul(struct modp8 *x, vec *out, const vec *a, const vec *b)
{
	product(x->column, a, b, x->limbs);
	reduce(out, x->column, x->m, x->limbs);
}

void
modp8_sqr(struct modp8 *x, vec *out, const vec *a)
{
	square(x->column, a, x->limbs);
	reduce(out, x->column, x->m, x->limbs);
}

void
modp8_fold(struct modp8 *x, vec *a)
{
	vec other[MODP8_LIMBS_MAX];
	size_t i;

	for (i = 0; i < x->limbs; i++)
		other[i] = _mm512_shuffle_i64x2(a[i], a[i], 0x4e); /* 4 to 7, 0 to 3 */
	modp8_mul(x, a, a, other);
	for (i = 0; i < x->limbs; i++)
		other[i] = _mm512_shuffle_i64x2(a[i], a[i], 0xb1); /* pairs swapped */
	modp8_mul(x, a, a, other);
	for (i = 0; i < x->limbs; i++)
		other[i] = _mm512_permutex_epi64(a[i], 0xb1); /* neighbours swapped */
	modp8_mul(x, a, a, other);
	sodium_memzero(other, sizeof other);
}

/* ---- rows ---- */

void
modp8_gather(const struct modp8 *x, vec *out, uint64_t *const row[8])
{
	size_t i;
	vec r[8];
	int k;

	for (i = 0; i < x->row; i += 8) {
		UNROLL
		for (k = 0; k < 8; k++)
			r[k] = _mm512_load_si512(row[k] + i);
		modp8_transpose(r);
		UNROLL
		for (k = 0; k < 8; k++)
			out[i + (size_t)k] = r[k];
	}
}

void
modp8_scatter(const struct modp8 *x, uint64_t *const row[8], const vec *a)
{
	size_t i;
	vec r[8];
	int k;

	for (i = 0; i < x->row; i += 8) {
		UNROLL
		for (k = 0; k < 8; k++)
			r[k] = a[i + (size_t)k];
		modp8_transpose(r);
		UNROLL
		for (k = 0; k < 8; k++)
			_mm512_store_si512(row[k] + i, r[k]);
	}
}

void
modp8_spread(const struct modp8 *x, vec *out, const uint64_t *row)
{
	size_t i;

	for (i = 0; i < x->row; i++)
		out[i] = spread(row[i]);
}

/* ---- in and out ---- */

size_t
modp8_limbs(size_t natural)
{
	const size_t bits = 64 * natural + 20;
	const size_t limbs = (bits + MODP8_BITS - 1) / MODP8_BITS;

	return (limbs + BLOCK - 1) / BLOCK * BLOCK;
}

/* A row from a number of limbs of 64 bits. */
static void
narrow(uint64_t *row, size_t n, const mp_limb_t *from, size_t natural)
{
	size_t i, at, shift;
	uint64_t limb;

	for (i = 0; i < n; i++) {
		at = i * MODP8_BITS / 64;
		shift = i * MODP8_BITS % 64;
		limb = at < natural ? from[at] >> shift : 0;
		if (shift > 64 - MODP8_BITS && at + 1 < natural)
			limb |= from[at + 1] << (64 - shift);
		row[i] = limb & MODP8_MASK;
	}
}

/* A number of `natural` limbs from a row. */
static void
widen(mp_limb_t *to, size_t natural, const uint64_t *row, size_t n)
{
	size_t i, at, shift;

	memset(to, 0, natural * sizeof *to);
	for (i = 0; i < n; i++) {
		at = i * MODP8_BITS / 64;
		shift = i * MODP8_BITS % 64;
		if (at < natural)
			to[at] |= row[i] << shift;
		if (shift > 64 - MODP8_BITS && at + 1 < natural)
			to[at + 1] |= row[i] >> (64 - shift);
	}
}

void
modp8_start(struct modp8 *x, const mp_limb_t *m, size_t natural)
{
	mp_limb_t power[MODP_LIMBS_MAX];
	uint64_t row[MODP8_LIMBS_MAX] = { 0 };

	assert(natural <= MODP_LIMBS_MAX && (m[0] & MODP8_MASK) == MODP8_MASK);
	x->modulus = m;
	x->natural = natural;
	x->limbs = modp8_limbs(natural);
	x->row = (x->limbs + 7) / 8 * 8;
	assert(x->row <= MODP8_LIMBS_MAX);
	memset(x->rows, 0, sizeof x->rows);
	memset(x->one, 0, sizeof x->one);
	narrow(x->m, MODP8_LIMBS_MAX, m, natural);
	mont_power_of_two(power, MODP8_BITS * x->limbs, m, natural);
	narrow(x->one, x->limbs, power, natural);
	mont_power_of_two(power, 2 * MODP8_BITS * x->limbs, m, natural);
	narrow(row, x->limbs, power, natural);
	modp8_spread(x, x->square, row);
}

void
modp8_end(struct modp8 *x)
{
	sodium_memzero(x, sizeof *x);
}

void
modp8_load(struct modp8 *x, vec *out, const mp_limb_t *const from[8])
{
	uint64_t *row[8];
	int k;

	for (k = 0; k < 8; k++) {
		row[k] = x->rows[k];
		narrow(row[k], x->row, from[k], x->natural);
	}
	modp8_gather(x, out, row);
}

/* to = a, which has one limb more, modulo m; a < 2m. */
static void
subtract(mp_limb_t *to, const mp_limb_t *a, const mp_limb_t *m, size_t natural)
{
	const mp_size_t n = (mp_size_t)natural;
	mp_limb_t borrow;

	borrow = mpn_sub_n(to, a, m, n);
	/* It is a itself if the highest limb has nothing to lend. */
	(void)mpn_cnd_add_n(borrow & ~a[natural] & 1, to, to, m, n);
}

void
modp8_store(struct modp8 *x, mp_limb_t *const to[8], const vec *a)
{
	mp_limb_t number[MODP_LIMBS_MAX + 1];
	uint64_t *row[8];
	int k;

	for (k = 0; k < 8; k++)
		row[k] = x->rows[k];
	modp8_scatter(x, row, a);
	for (k = 0; k < 8; k++) {
		if (to[k] == NULL)
			continue;
		widen(number, x->natural + 1, row[k], x->limbs);
		subtract(to[k], number, x->modulus, x->natural);
	}
	sodium_memzero(number, sizeof number);
}

void
modp8_in(struct modp8 *x, vec *out, const mp_limb_t *const from[8])
{
	modp8_load(x, out, from);
	modp8_mul(x, out, out, x->square);
}

void
modp8_out(struct modp8 *x, mp_limb_t *const to[8], const vec *a)
{
	const size_t n = x->limbs;
	vec out[MODP8_LIMBS_MAX];
	size_t i;

	for (i = 0; i < n; i++) {
		x->column[i] = a[i];
		x->column[n + i] = _mm512_setzero_si512();
	}
	reduce(out, x->column, x->m, n);
	modp8_store(x, to, out);
	sodium_memzero(out, sizeof out);
}
