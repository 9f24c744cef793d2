/*
 * modp8_parts: what crypto/modp8_pow.c and crypto/modp8_multi.c share.
 */
#ifndef CRYPTO_MODP8_PARTS_H
#define CRYPTO_MODP8_PARTS_H

#include <sodium.h>
#include <string.h>

#include "crypto/modp8.h"
#include "crypto/modp_path.h"

/* Loops over lanes, bits and entries stay in registers only if they are unrolled. */
#ifdef __clang__
#define MODP8_UNROLL _Pragma("clang loop unroll(full)")
#else
#define MODP8_UNROLL _Pragma("GCC unroll 20")
#endif

/* Windows of a variable base, and the widest that modp8_choose knows. */
#define MODP8_WINDOW 5
#define MODP8_ENTRIES (1u << MODP8_WINDOW)

static inline size_t
modp8_parts(size_t n, size_t size)
{
	return (n + size - 1) / size;
}

static inline void
modp8_copy(const struct modp8 *x, __m512i *out, const __m512i *a)
{
	memcpy(out, a, x->limbs * sizeof *out);
}

/* Eight numbers of `v` from the i-th on; past the n-th the last one again. */
static inline void
modp8_point_at(const mp_limb_t *from[8], struct modp_inputs v, size_t i, size_t n)
{
	size_t k;

	for (k = 0; k < 8; k++)
		from[k] = modp_input(v, i + k < n ? i + k : n - 1);
}

static inline void
modp8_point_out(mp_limb_t *to[8], mp_limb_t *out, size_t limbs, size_t i, size_t n)
{
	size_t k;

	for (k = 0; k < 8; k++)
		to[k] = i + k < n ? out + (i + k) * limbs : NULL;
}

/* Set *digits to those of eight exponents at one place. */
static inline void
modp8_digits_at(__m512i *digits, const mp_limb_t *const e[8], size_t limbs, size_t at,
    unsigned width)
{
	_Alignas(64) uint64_t d[8];
	size_t k;

	for (k = 0; k < 8; k++)
		d[k] = modp_digit(e[k], limbs, at, width);
	*digits = _mm512_load_si512(d);
	sodium_memzero(d, sizeof d);
}

/* Limb i of out = that limb of the entry of its own that each of the eight asks for:
 * table[i * entries + d] for digit d. All are read. */
static inline __attribute__((always_inline)) void
modp8_choose(__m512i *out, const __m512i *table, size_t limbs, __m512i digits, int width)
{
	__mmask8 bit[MODP8_WINDOW];
	__m512i v[MODP8_ENTRIES / 2];
	size_t i;
	int k, d;

	MODP8_UNROLL
	for (k = 0; k < width; k++)
		bit[k] = _mm512_test_epi64_mask(digits, _mm512_set1_epi64(1ll << k));
	for (i = 0; i < limbs; i++, table += 1 << width) {
		MODP8_UNROLL
		for (d = 0; d < 1 << (width - 1); d++)
			v[d] = _mm512_mask_mov_epi64(table[2 * d], bit[0], table[2 * d + 1]);
		MODP8_UNROLL
		for (k = 1; k < width; k++) {
			MODP8_UNROLL
			for (d = 0; d < 1 << (MODP8_WINDOW - 2); d++)
				if (d < 1 << (width - 1 - k))
					v[d] =
					    _mm512_mask_mov_epi64(v[2 * d], bit[k], v[2 * d + 1]);
		}
		out[i] = v[0];
	}
}

/* Make that table: the powers 0 to `entries` - 1 of base. */
static inline void
modp8_make_choice(struct modp8 *x, __m512i *table, const __m512i *base, size_t entries)
{
	__m512i power[MODP8_LIMBS_MAX];
	size_t d, i;

	modp8_spread(x, power, x->one);
	for (d = 0; d < entries; d++) {
		if (d == 1)
			modp8_copy(x, power, base);
		else if (d > 1)
			modp8_mul(x, power, power, base);
		for (i = 0; i < x->limbs; i++)
			table[i * entries + d] = power[i];
	}
	sodium_memzero(power, sizeof power);
}

static inline void
modp8_square_often(struct modp8 *x, __m512i *a, size_t n)
{
	for (; n > 0; n--)
		modp8_sqr(x, a, a);
}

/* crypto/modp8_multi.c: as struct modp_path says. */
enum result modp8_straus(mp_limb_t *out, const struct modp *m, struct modp_inputs base,
    struct modp_inputs e, size_t n, size_t bits);
enum result modp8_buckets(mp_limb_t *out, const struct modp *m, struct modp_inputs base,
    struct modp_inputs e, size_t n, size_t bits, int is_public);

#endif
