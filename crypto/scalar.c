/*
 * Numbers are arrays of 64-bit limbs, the lowest first. q = 2^252 + C and C < 2^125, so
 *
 *	2^252 = -C and 2^504 = C^2 modulo q:
 *
 * what stands above bit 252 is folded down by products with C until the number fits.
 */
#include "crypto/scalar.h"

#include <string.h>

#include <sodium.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "crypto/scalar_ifma.h"

#define LIMBS (SCALAR_BYTES / 8)
/* Of a number's highest limb: what is below 2^252, what is below 2^504. */
#define BELOW_252 (((uint64_t)1 << 60) - 1)
#define BELOW_504 (((uint64_t)1 << 56) - 1)

/* A number below 2^505 and so many products of scalars add up to less than 2^512. */
#define LAZY 64

__extension__ typedef unsigned __int128 wide;
typedef unsigned char carry; /* 0 or 1 */

static const uint64_t order[LIMBS] = { 0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0,
	(uint64_t)1 << 60 };
static const uint64_t C[2] = { 0x5812631a5cf5d3ed, 0x14def9dea2f79cd6 };
/* Below 2^249. */
static const uint64_t C_squared[LIMBS] = { 0xe2edf685ab128969, 0x680392762298a31d,
	0x3dceec73d217f5be, 0x01b399411b7c309a };

/* ---- limbs ---- */

static inline __attribute__((always_inline)) uint64_t
load_limb(const uint8_t *b)
{
	return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
	    (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
	    (uint64_t)b[7] << 56;
}

static inline __attribute__((always_inline)) void
load(uint64_t x[LIMBS], const uint8_t s[SCALAR_BYTES])
{
	x[0] = load_limb(s);
	x[1] = load_limb(s + 8);
	x[2] = load_limb(s + 16);
	x[3] = load_limb(s + 24);
}

static inline __attribute__((always_inline)) void
store_limb(uint8_t *b, uint64_t x)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(b, &x, sizeof x); /* one instruction with every compiler */
#else
	unsigned i;

	for (i = 0; i < 8; i++)
		b[i] = (uint8_t)(x >> (8 * i));
#endif
}

static inline __attribute__((always_inline)) void
store(uint8_t s[SCALAR_BYTES], const uint64_t x[LIMBS])
{
	store_limb(s, x[0]);
	store_limb(s + 8, x[1]);
	store_limb(s + 16, x[2]);
	store_limb(s + 24, x[3]);
}

/* All ones if bit is 1, zero if it is 0; the compiler must not make a branch of it. */
static inline uint64_t
mask_of(uint64_t bit)
{
	uint64_t mask = (uint64_t)0 - bit;

	__asm__("" : "+r"(mask));
	return mask;
}

/* Return the lower limb of a + b + *carry; *carry, 0 or 1, becomes the upper. */
static inline __attribute__((always_inline)) uint64_t
plus(carry *c, uint64_t a, uint64_t b)
{
#ifdef __x86_64__
	unsigned long long sum;

	*c = _addcarry_u64(*c, a, b, &sum);
	return sum;
#else
	const wide t = (wide)a + b + *c;

	*c = (carry)(t >> 64);
	return (uint64_t)t;
#endif
}

/* Return the lower limb of a - b - *borrow. */
static inline __attribute__((always_inline)) uint64_t
minus(carry *borrow, uint64_t a, uint64_t b)
{
#ifdef __x86_64__
	unsigned long long difference;

	*borrow = _subborrow_u64(*borrow, a, b, &difference);
	return difference;
#else
	const wide t = (wide)a - b - *borrow;

	*borrow = (carry)((t >> 64) & 1);
	return (uint64_t)t;
#endif
}

/* x += y over four limbs; return the carry. */
static inline __attribute__((always_inline)) uint64_t
add_4(uint64_t *x, const uint64_t *y)
{
	carry c = 0;

	x[0] = plus(&c, x[0], y[0]);
	x[1] = plus(&c, x[1], y[1]);
	x[2] = plus(&c, x[2], y[2]);
	x[3] = plus(&c, x[3], y[3]);
	return c;
}

/* x += y over eight limbs. */
static inline __attribute__((always_inline)) void
add_8(uint64_t *x, const uint64_t *y)
{
	carry c = 0;

	x[0] = plus(&c, x[0], y[0]);
	x[1] = plus(&c, x[1], y[1]);
	x[2] = plus(&c, x[2], y[2]);
	x[3] = plus(&c, x[3], y[3]);
	x[4] = plus(&c, x[4], y[4]);
	x[5] = plus(&c, x[5], y[5]);
	x[6] = plus(&c, x[6], y[6]);
	x[7] = plus(&c, x[7], y[7]);
}

/* x -= y over four limbs; return the borrow. */
static inline __attribute__((always_inline)) uint64_t
sub_4(uint64_t *x, const uint64_t *y)
{
	carry b = 0;

	x[0] = minus(&b, x[0], y[0]);
	x[1] = minus(&b, x[1], y[1]);
	x[2] = minus(&b, x[2], y[2]);
	x[3] = minus(&b, x[3], y[3]);
	return b;
}

/* Return the lower limb of a * b + more + *c; *c becomes the upper. The sum is at most
 * (2^64 - 1)^2 + 2 * (2^64 - 1) = 2^128 - 1. */
static inline __attribute__((always_inline)) uint64_t
step(uint64_t *c, uint64_t a, uint64_t b, uint64_t more)
{
	const wide t = (wide)a * b + more + *c;

	*c = (uint64_t)(t >> 64);
	return (uint64_t)t;
}

/* x[0..4] = x[0..3] + a * b[0..3] */
static inline __attribute__((always_inline)) void
row_4(uint64_t *x, uint64_t a, const uint64_t *b)
{
	uint64_t c = 0;

	x[0] = step(&c, a, b[0], x[0]);
	x[1] = step(&c, a, b[1], x[1]);
	x[2] = step(&c, a, b[2], x[2]);
	x[3] = step(&c, a, b[3], x[3]);
	x[4] = c;
}

/* x[0..2] = x[0..1] + a * b[0..1] */
static inline __attribute__((always_inline)) void
row_2(uint64_t *x, uint64_t a, const uint64_t *b)
{
	uint64_t c = 0;

	x[0] = step(&c, a, b[0], x[0]);
	x[1] = step(&c, a, b[1], x[1]);
	x[2] = c;
}

/* x = a * b */
static inline __attribute__((always_inline)) void
mul_4x4(uint64_t x[8], const uint64_t a[4], const uint64_t b[4])
{
	x[0] = x[1] = x[2] = x[3] = 0;
	row_4(x, a[0], b);
	row_4(x + 1, a[1], b);
	row_4(x + 2, a[2], b);
	row_4(x + 3, a[3], b);
}

/* ---- modulo q ---- */

/* x += q if bit is 1. */
static inline __attribute__((always_inline)) void
add_order_if(uint64_t x[LIMBS], uint64_t bit)
{
	const uint64_t mask = mask_of(bit);
	carry c = 0;

	x[0] = plus(&c, x[0], order[0] & mask);
	x[1] = plus(&c, x[1], order[1] & mask);
	x[2] = plus(&c, x[2], 0);
	x[3] += (order[3] & mask) + c;
}

/* x -= q if x is not below q, for x < 2q. */
static inline __attribute__((always_inline)) void
finish(uint64_t x[LIMBS])
{
	add_order_if(x, sub_4(x, order));
}

/*
 * out = x modulo q, for x < 2^505; this includes a product of scalars and a scalar more.
 *
 *	x = x_0 + 2^252 x_1		x_0 < 2^252, x_1 < 2^253
 *	C x_1 = y_0 + 2^252 y_1		y_0 < 2^252, y_1 < 2^126, for C x_1 < 2^378
 *	x = x_0 - y_0 + C y_1		C y_1 < 2^251
 *
 * This lies above -2^252 and below 2^252 + 2^251. If it is negative, adding q brings it
 * between 0 and q; if it is not, it is below 2q as it stands.
 */
static inline __attribute__((always_inline)) void
reduce_505(uint64_t out[LIMBS], const uint64_t x[2 * LIMBS])
{
	const uint64_t x0[LIMBS] = { x[0], x[1], x[2], x[3] & BELOW_252 };
	const uint64_t x1[LIMBS] = { x[3] >> 60 | x[4] << 4, x[4] >> 60 | x[5] << 4,
		x[5] >> 60 | x[6] << 4, x[6] >> 60 | x[7] << 4 };
	uint64_t y[LIMBS + 2] = { 0 }, y1[2], z[LIMBS] = { 0 };

	row_2(y, x1[0], C);
	row_2(y + 1, x1[1], C);
	row_2(y + 2, x1[2], C);
	row_2(y + 3, x1[3], C);
	y1[0] = y[3] >> 60 | y[4] << 4;
	y1[1] = y[4] >> 60 | y[5] << 4;
	y[3] &= BELOW_252;
	row_2(z, y1[0], C);
	row_2(z + 1, y1[1], C);
	(void)add_4(z, x0);
	add_order_if(z, sub_4(z, y));
	finish(z);
	memcpy(out, z, sizeof z);
}

/* Make any number of 512 bits one below 2^505 without changing it modulo q: the eight
 * bits above 2^504, times C^2, are below 2^257. */
static inline void
fold_512(uint64_t x[2 * LIMBS])
{
	const uint64_t high = x[2 * LIMBS - 1] >> 56;
	uint64_t y[2 * LIMBS] = { 0 };

	x[2 * LIMBS - 1] &= BELOW_504;
	row_4(y, high, C_squared);
	add_8(x, y);
}

/* out = a * b */
static inline __attribute__((always_inline)) void
mul(uint64_t out[LIMBS], const uint64_t a[LIMBS], const uint64_t b[LIMBS])
{
	uint64_t x[2 * LIMBS];

	mul_4x4(x, a, b);
	reduce_505(out, x);
}

/* out = a * b + c */
static inline __attribute__((always_inline)) void
muladd(uint64_t out[LIMBS], const uint64_t a[LIMBS], const uint64_t b[LIMBS],
    const uint64_t c[LIMBS])
{
	const uint64_t more[2 * LIMBS] = { c[0], c[1], c[2], c[3] };
	uint64_t x[2 * LIMBS];

	mul_4x4(x, a, b);
	add_8(x, more);
	reduce_505(out, x);
}

/* ---- single scalars ---- */

void
scalar_reduce(uint8_t out[SCALAR_BYTES], const uint8_t wide_bytes[SCALAR_WIDE])
{
	uint64_t x[2 * LIMBS], r[LIMBS];

	load(x, wide_bytes);
	load(x + LIMBS, wide_bytes + SCALAR_BYTES);
	fold_512(x);
	reduce_505(r, x);
	store(out, r);
}

int
scalar_canonical(const uint8_t s[SCALAR_BYTES])
{
	uint64_t x[LIMBS];

	load(x, s);
	return (int)sub_4(x, order);
}

void
scalar_add(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES], const uint8_t b[SCALAR_BYTES])
{
	uint64_t x[LIMBS], y[LIMBS];

	load(x, a);
	load(y, b);
	(void)add_4(x, y);
	finish(x);
	store(out, x);
}

void
scalar_sub(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES], const uint8_t b[SCALAR_BYTES])
{
	uint64_t x[LIMBS], y[LIMBS];

	load(x, a);
	load(y, b);
	add_order_if(x, sub_4(x, y));
	store(out, x);
}

void
scalar_mul(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES], const uint8_t b[SCALAR_BYTES])
{
	uint64_t x[LIMBS], y[LIMBS];

	load(x, a);
	load(y, b);
	mul(x, x, y);
	store(out, x);
}

void
scalar_muladd(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES],
    const uint8_t b[SCALAR_BYTES], const uint8_t c[SCALAR_BYTES])
{
	uint64_t x[LIMBS], y[LIMBS], z[LIMBS];

	load(x, a);
	load(y, b);
	load(z, c);
	muladd(x, x, y, z);
	store(out, x);
}

void
scalar_half(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES])
{
	uint64_t x[LIMBS];

	/* An odd number becomes even with q, and stays below 2q: its half is below q. */
	load(x, a);
	add_order_if(x, x[0] & 1);
	x[0] = x[0] >> 1 | x[1] << 63;
	x[1] = x[1] >> 1 | x[2] << 63;
	x[2] = x[2] >> 1 | x[3] << 63;
	x[3] >>= 1;
	store(out, x);
}

void
scalar_invert(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES])
{
	uint64_t power[16][LIMBS] = { { 1 } }, x[LIMBS] = { 1 };
	uint64_t e[LIMBS] = { order[0] - 2, order[1], order[2], order[3] };
	unsigned i, digit;

	/* a^(q-2), four bits at a time from the top; the exponent is public. */
	load(power[1], a);
	for (i = 2; i < 16; i++)
		mul(power[i], power[i - 1], power[1]);
	for (i = 64; i-- > 0;) {
		mul(x, x, x);
		mul(x, x, x);
		mul(x, x, x);
		mul(x, x, x);
		digit = e[i / 16] >> (4 * (i % 16)) & 15;
		if (digit != 0)
			mul(x, x, power[digit]);
	}
	store(out, x);
	sodium_memzero(power, sizeof power);
	sodium_memzero(x, sizeof x);
}

/* ---- arrays ---- */

void
scalar_reduce_many(uint8_t *out, const uint8_t *wide_bytes, size_t n)
{
	size_t i;

	for (i = scalar_ifma_reduce(out, wide_bytes, n); i < n; i++)
		scalar_reduce(out + i * SCALAR_BYTES, wide_bytes + i * SCALAR_WIDE);
}

void
scalar_muladd_many(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t b_step,
    const uint8_t *c, size_t n)
{
	size_t i, at;

	for (i = scalar_ifma_muladd(out, a, b, b_step, c, n); i < n; i++) {
		at = i * SCALAR_BYTES;
		if (c == NULL)
			scalar_mul(out + at, a + at, b + i * b_step);
		else
			scalar_muladd(out + at, a + at, b + i * b_step, c + at);
	}
}

void
scalar_sum(uint8_t out[SCALAR_BYTES], const uint8_t *v, size_t n)
{
	uint64_t x[2 * LIMBS] = { 0 }, next[LIMBS];
	size_t i;

	/* Fewer than 2^64 terms add up to less than 2^317. */
	for (i = 0; i < n; i++) {
		load(next, v + i * SCALAR_BYTES);
		x[LIMBS] += add_4(x, next);
	}
	reduce_505(next, x);
	store(out, next);
}

void
scalar_product(uint8_t out[SCALAR_BYTES], const uint8_t *v, size_t n)
{
	uint64_t x[LIMBS] = { 1 }, next[LIMBS];
	size_t i;

	for (i = 0; i < n; i++) {
		load(next, v + i * SCALAR_BYTES);
		mul(x, x, next);
	}
	store(out, x);
}

void
scalar_inner(uint8_t out[SCALAR_BYTES], const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t sum[2 * LIMBS] = { 0 }, x[LIMBS], y[LIMBS], product[2 * LIMBS];
	size_t i;

	for (i = 0; i < n; i++) {
		load(x, a + i * SCALAR_BYTES);
		load(y, b + i * SCALAR_BYTES);
		mul_4x4(product, x, y);
		add_8(sum, product);
		if (i % LAZY == LAZY - 1)
			fold_512(sum);
	}
	fold_512(sum);
	reduce_505(x, sum);
	store(out, x);
}

void
scalar_chain(uint8_t *out, const uint8_t first[SCALAR_BYTES], const uint8_t *a, const uint8_t *b,
    size_t n)
{
	uint64_t last[LIMBS], x[LIMBS], y[LIMBS];
	size_t i;

	load(last, first);
	for (i = 0; i < n; i++) {
		load(x, a + i * SCALAR_BYTES);
		load(y, b + i * SCALAR_BYTES);
		muladd(last, last, y, x);
		store(out + i * SCALAR_BYTES, last);
	}
}
