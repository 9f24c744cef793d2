/*
 * scalar: numbers modulo q = 2^252 + 27742317777372353535851937790883648493, the order of
 * ristretto255, in portable C.
 *
 * A scalar is 32 bytes, little-endian and below q: the same bytes in memory, in files and
 * on the wire. Every function takes such scalars (but for scalar_reduce and
 * scalar_canonical, whose input may be anything) and gives such scalars; an output may be
 * an input. Arrays hold scalars one after the other; an output array may be one of the
 * input arrays, but not begin in the middle of one.
 *
 * Everything runs in constant time: it depends on lengths alone.
 */
#ifndef CRYPTO_SCALAR_H
#define CRYPTO_SCALAR_H

#include <stddef.h>
#include <stdint.h>

#define SCALAR_BYTES 32
#define SCALAR_WIDE 64

/* out = the 64-byte little-endian number modulo q. */
void scalar_reduce(uint8_t out[SCALAR_BYTES], const uint8_t wide[SCALAR_WIDE]);
/* Return 1 if the number is below q, else 0. */
int scalar_canonical(const uint8_t s[SCALAR_BYTES]);

void scalar_add(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES],
    const uint8_t b[SCALAR_BYTES]);
void scalar_sub(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES],
    const uint8_t b[SCALAR_BYTES]);
void scalar_mul(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES],
    const uint8_t b[SCALAR_BYTES]);
/* out = a * b + c */
void scalar_muladd(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES],
    const uint8_t b[SCALAR_BYTES], const uint8_t c[SCALAR_BYTES]);
/* out = a / 2 */
void scalar_half(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES]);
/* out = 1 / a, and 0 for 0. As long as 300 products: see svec_invert for many. */
void scalar_invert(uint8_t out[SCALAR_BYTES], const uint8_t a[SCALAR_BYTES]);

/* The same for each of n, several at a time where the processor can. b_step is SCALAR_BYTES,
 * or 0 for a factor that is used for all and does not lie in out; c may be NULL, then it is
 * products alone. */
void scalar_reduce_many(uint8_t *out, const uint8_t *wide, size_t n);
void scalar_muladd_many(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t b_step,
    const uint8_t *c, size_t n);

/* out = the sum, the product, the inner product: of nothing 0, 1, 0. Here out is one
 * scalar, and cheaper than single operations would be. */
void scalar_sum(uint8_t out[SCALAR_BYTES], const uint8_t *v, size_t n);
void scalar_product(uint8_t out[SCALAR_BYTES], const uint8_t *v, size_t n);
void scalar_inner(uint8_t out[SCALAR_BYTES], const uint8_t *a, const uint8_t *b, size_t n);
/* out[i] = a[i] + b[i] * out[i-1] for i < n, with out[-1] = first. first may lie in out. */
void scalar_chain(uint8_t *out, const uint8_t first[SCALAR_BYTES], const uint8_t *a,
    const uint8_t *b, size_t n);

#endif
