/*
 * ristretto_point: ristretto255 (RFC 9496) over the curve points of crypto/edwards.h:
 * an element is a class of points, of which any stands for it.
 */
#ifndef CRYPTO_RISTRETTO_POINT_H
#define CRYPTO_RISTRETTO_POINT_H

#include "crypto/edwards.h"
#include "crypto/result.h"

#define RISTRETTO_BYTES 32

/* RFC 9496, 4.1: sqrt(a d - 1), 1 / sqrt(a - d), 1 - d^2, (d - 1)^2, where a = -1. Tight. */
struct ristretto_constants {
	struct fe sqrt_ad_minus_one, invsqrt_a_minus_d, one_minus_d_sq, d_minus_one_sq;
};

extern const struct ristretto_constants ristretto_constants;

/* RFC 9496, 4.3.1. R_NON_CANONICAL: no even number below p; R_NOT_IN_GROUP. The
 * coordinates of the result are such that ristretto_encode_add_double is fast. Variable time. */
enum result ristretto_decode(struct ed *out, const uint8_t s[RISTRETTO_BYTES]);

/* RFC 9496, 4.3.2. Constant time. */
void ristretto_encode(uint8_t s[RISTRETTO_BYTES], const struct ed *p);

/* Write the encodings of 2 p[i] for i < n, the i-th at bytes + i * stride, with one
 * inversion for many. Constant time; what it leaves on the stack tells what the encodings
 * tell. */
void ristretto_encode_double(uint8_t *bytes, size_t stride, const struct ed *p, size_t n);

/* The same for v[i] + 2 p[i]; nearly as fast if each v[i] comes from ristretto_decode or
 * ristretto_map_many, else a little slower than ristretto_encode. */
void ristretto_encode_add_double(uint8_t *bytes, size_t stride, const struct ed *v,
    const struct ed *p, size_t n);

/* Return 1 if a and b stand for the same element, else 0: RFC 9496, 4.3.3. Constant
 * time. */
unsigned ristretto_equal(const struct ed *a, const struct ed *b);

/* RFC 9496, 4.3.4: an element from 64 uniform bytes. Constant time. */
void ristretto_map(struct ed *out, const uint8_t uniform[2 * RISTRETTO_BYTES]);
/* The same for many public strings; the coordinates are like those of ristretto_decode. */
void ristretto_map_many(struct ed *out, const uint8_t *uniform, size_t n);

#endif
