/*
 * Eight numbers side by side, in limbs of 52 bits, the lowest first: limb k of all of them in
 * one register. q = 2^252 + C as in crypto/scalar.c; here numbers are folded at 2^260, where
 * the limbs end: 2^260 = -D modulo q with D = 2^8 C < 2^133.
 */
#include "crypto/scalar_ifma.h"

#if TABELLA_IFMA

#include <immintrin.h>

#include "crypto/cpu.h"
#include "crypto/scalar.h"

#define LANES 8
#define LIMBS 5

#define IFMA __attribute__((target("avx512f,avx512dq,avx512vl,avx512ifma")))
#define INLINE static inline __attribute__((always_inline)) IFMA

/* Limbs stay in registers only if their loops are unrolled: gcc must be told, clang must not. */
#ifdef __clang__
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 10")
#endif

typedef __m512i lanes;

INLINE lanes
all(uint64_t x)
{
	return _mm512_set1_epi64((long long)x);
}

/* ---- in and out ---- */

/* w[k] = word k of each of eight numbers of 32 bytes; the lanes are in the order
 * 0 2 1 3 4 6 5 7, which store takes back. */
INLINE void
load(lanes w[4], const uint8_t *at, size_t step)
{
	const lanes even = _mm512_setr_epi64(0, 1, 4, 5, 8, 9, 12, 13);
	const lanes odd = _mm512_setr_epi64(2, 3, 6, 7, 10, 11, 14, 15);
	lanes pair[4], low[2], high[2];
	unsigned i;

	UNROLL
	for (i = 0; i < 4; i++) {
		const void *one = at + 2 * i * step, *two = at + (2 * i + 1) * step;

		pair[i] = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256(one)),
		    _mm256_loadu_si256(two), 1);
	}
	UNROLL
	for (i = 0; i < 2; i++) {
		low[i] = _mm512_unpacklo_epi64(pair[2 * i], pair[2 * i + 1]);
		high[i] = _mm512_unpackhi_epi64(pair[2 * i], pair[2 * i + 1]);
	}
	w[0] = _mm512_permutex2var_epi64(low[0], even, low[1]);
	w[1] = _mm512_permutex2var_epi64(high[0], even, high[1]);
	w[2] = _mm512_permutex2var_epi64(low[0], odd, low[1]);
	w[3] = _mm512_permutex2var_epi64(high[0], odd, high[1]);
}

INLINE void
store(uint8_t *at, const lanes w[4])
{
	const lanes first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
	const lanes last = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
	const lanes low[2] = { _mm512_permutex2var_epi64(w[0], first, w[2]),
		_mm512_permutex2var_epi64(w[0], last, w[2]) };
	const lanes high[2] = { _mm512_permutex2var_epi64(w[1], first, w[3]),
		_mm512_permutex2var_epi64(w[1], last, w[3]) };
	unsigned i;

	UNROLL
	for (i = 0; i < 2; i++) {
		_mm512_storeu_si512(at + 128 * i, _mm512_unpacklo_epi64(low[i], high[i]));
		_mm512_storeu_si512(at + 128 * i + 64, _mm512_unpackhi_epi64(low[i], high[i]));
	}
}

/* The limb whose bits begin in `word` at `bit`, and end in the next one. */
#define LIMB(word, next, bit) \
	_mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(word, bit), \
			     _mm512_slli_epi64(next, 64 - (bit))), \
	    all(LOW))

#define LOW (((uint64_t)1 << 52) - 1)

/* The limbs of numbers below 2^256. */
INLINE void
split(lanes x[LIMBS], const lanes w[4])
{
	x[0] = _mm512_and_si512(w[0], all(LOW));
	x[1] = LIMB(w[0], w[1], 52);
	x[2] = LIMB(w[1], w[2], 40);
	x[3] = LIMB(w[2], w[3], 28);
	x[4] = _mm512_srli_epi64(w[3], 16);
}

/* And of numbers below 2^512. */
INLINE void
split_wide(lanes x[2 * LIMBS], const lanes w[8])
{
	split(x, w);
	x[4] = LIMB(w[3], w[4], 16);
	x[5] = _mm512_and_si512(_mm512_srli_epi64(w[4], 4), all(LOW));
	x[6] = LIMB(w[4], w[5], 56);
	x[7] = LIMB(w[5], w[6], 44);
	x[8] = LIMB(w[6], w[7], 32);
	x[9] = _mm512_srli_epi64(w[7], 20);
}

/* The words of numbers below 2^256 whose limbs are below 2^52. */
INLINE void
join(lanes w[4], const lanes x[LIMBS])
{
	w[0] = _mm512_or_si512(x[0], _mm512_slli_epi64(x[1], 52));
	w[1] = _mm512_or_si512(_mm512_srli_epi64(x[1], 12), _mm512_slli_epi64(x[2], 40));
	w[2] = _mm512_or_si512(_mm512_srli_epi64(x[2], 24), _mm512_slli_epi64(x[3], 28));
	w[3] = _mm512_or_si512(_mm512_srli_epi64(x[3], 36), _mm512_slli_epi64(x[4], 16));
}

/* ---- arithmetic ---- */

/* Bring all limbs but the last between 0 and 2^52; they may be negative. */
INLINE void
carry(lanes *x, unsigned n)
{
	unsigned i;

	UNROLL
	for (i = 0; i + 1 < n; i++) {
		x[i + 1] = _mm512_add_epi64(x[i + 1], _mm512_srai_epi64(x[i], 52));
		x[i] = _mm512_and_si512(x[i], all(LOW));
	}
}

/* x[0..na+nb-1] += a * b. The factors' limbs are below 2^52. A column gets at most ten numbers
 * below 2^52, so what was below 2^52 stays below 2^56. */
INLINE void
add_product(lanes *x, const lanes *a, unsigned na, const lanes *b, unsigned nb)
{
	unsigned i, j;

	UNROLL
	for (i = 0; i < na; i++) {
		UNROLL
		for (j = 0; j < nb; j++) {
			x[i + j] = _mm512_madd52lo_epu64(x[i + j], a[i], b[j]);
			x[i + j + 1] = _mm512_madd52hi_epu64(x[i + j + 1], a[i], b[j]);
		}
	}
}

/*
 * Make x[0..4] the number x modulo q, for x < 2^512 with limbs below 2^56.
 *
 *	x = x_0 + 2^260 x_1		x_0 < 2^260, x_1 < 2^252
 *	D x_1 = y_0 + 2^260 y_1		y_0 < 2^260, y_1 < 2^125, for D x_1 < 2^385
 *	x = x_0 - y_0 + D y_1		D y_1 < 2^258: five limbs, the sixth stays zero
 *
 * With 2^8 q = 2^260 + D more this is positive and below 2^262. Of that, r = r_0 + 2^252 t
 * with t < 2^10, and r = r_0 - C t lies between -2^135 and 2^252: if it is negative, adding
 * q brings it between 0 and q; if it is not, it is below q as it stands.
 */
INLINE void
reduce(lanes x[2 * LIMBS])
{
	const lanes C[3] = { all(0x2631a5cf5d3ed), all(0xdea2f79cd6581), all(0x14def9) };
	const lanes D[3] = { all(0x31a5cf5d3ed00), all(0xa2f79cd658126), all(0x14def9de) };
	lanes y[LIMBS + 3], z[LIMBS + 1], t, negative;
	unsigned i;

	carry(x, 2 * LIMBS);
	UNROLL
	for (i = 0; i < LIMBS + 3; i++)
		y[i] = _mm512_setzero_si512();
	add_product(y, x + LIMBS, LIMBS, D, 3);
	carry(y, LIMBS + 3);
	UNROLL
	for (i = 0; i < LIMBS; i++)
		z[i] = _mm512_sub_epi64(x[i], y[i]);
	z[LIMBS] = _mm512_setzero_si512();
	UNROLL
	for (i = 0; i < 3; i++)
		z[i] = _mm512_add_epi64(z[i], D[i]);
	z[4] = _mm512_add_epi64(z[4], all((uint64_t)1 << 52));
	add_product(z, y + LIMBS, 3, D, 3);
	carry(z, LIMBS);

	t = _mm512_srli_epi64(z[4], 44);
	z[4] = _mm512_and_si512(z[4], all(((uint64_t)1 << 44) - 1));
	UNROLL
	for (i = 0; i < 4; i++)
		y[i] = _mm512_setzero_si512();
	add_product(y, &t, 1, C, 3);
	UNROLL
	for (i = 0; i < 4; i++)
		z[i] = _mm512_sub_epi64(z[i], y[i]);
	carry(z, LIMBS);

	negative = _mm512_srai_epi64(z[4], 63);
	UNROLL
	for (i = 0; i < 3; i++)
		z[i] = _mm512_add_epi64(z[i], _mm512_and_si512(C[i], negative));
	z[4] = _mm512_add_epi64(z[4], _mm512_and_si512(all((uint64_t)1 << 44), negative));
	carry(z, LIMBS);
	UNROLL
	for (i = 0; i < LIMBS; i++)
		x[i] = z[i];
}

/* ---- arrays ---- */

IFMA size_t
scalar_ifma_reduce(uint8_t *out, const uint8_t *wide, size_t n)
{
	lanes w[8], x[2 * LIMBS];
	size_t i;

	if (cpu_chosen() < CPU_IFMA)
		return 0;
	for (i = 0; i + LANES <= n; i += LANES) {
		load(w, wide + i * SCALAR_WIDE, SCALAR_WIDE);
		load(w + 4, wide + i * SCALAR_WIDE + 32, SCALAR_WIDE);
		split_wide(x, w);
		reduce(x);
		join(w, x);
		store(out + i * SCALAR_BYTES, w);
	}
	return i;
}

IFMA size_t
scalar_ifma_muladd(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t b_step,
    const uint8_t *c, size_t n)
{
	lanes w[4], x[LIMBS], y[LIMBS], sum[2 * LIMBS];
	size_t i;
	unsigned k;

	if (cpu_chosen() < CPU_IFMA)
		return 0;
	for (i = 0; i + LANES <= n; i += LANES) {
		load(w, a + i * SCALAR_BYTES, SCALAR_BYTES);
		split(x, w);
		load(w, b + i * b_step, b_step);
		split(y, w);
		UNROLL
		for (k = 0; k < 2 * LIMBS; k++)
			sum[k] = _mm512_setzero_si512();
		if (c != NULL) {
			load(w, c + i * SCALAR_BYTES, SCALAR_BYTES);
			split(sum, w);
		}
		add_product(sum, x, LIMBS, y, LIMBS);
		reduce(sum);
		join(w, sum);
		store(out + i * SCALAR_BYTES, w);
	}
	return i;
}

#else

size_t
scalar_ifma_reduce(uint8_t *out, const uint8_t *wide, size_t n)
{
	(void)out;
	(void)wide;
	(void)n;
	return 0;
}

size_t
scalar_ifma_muladd(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t b_step,
    const uint8_t *c, size_t n)
{
	(void)out;
	(void)a;
	(void)b;
	(void)b_step;
	(void)c;
	(void)n;
	return 0;
}

#endif
