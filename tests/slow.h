/*
 * slow: every group straight from its definition, with GMP's integers only, as the
 * reference for the real implementations: RFC 3526 for modp, RFC 9496 for
 * ristretto255, counting for the tiny groups. Works on encodings. Slow, variable
 * time, and shares no code with crypto/.
 */
#ifndef TESTS_SLOW_H
#define TESTS_SLOW_H

#include <gmp.h>
#include <stdint.h>

#include "crypto/group.h"

/* An element encoding of any group fits. */
#define SLOW_BYTES 512

/* Return every group in turn, the tiny ones first; NULL from SLOW_GROUPS on. */
#define SLOW_GROUPS 6
const struct group *slow_group(int i);

/* Set p to the safe prime of RFC 3526 of 2048, 3072 or 4096 bits, from its formula. */
void slow_rfc3526(mpz_t p, unsigned bits);

/* Set p to the prime that the numbers of an element's encoding are counted modulo, and
 * q to the order of the group. */
void slow_modulus(mpz_t p, const struct group *g);
void slow_order(mpz_t q, const struct group *g);

/* Numbers as the group encodes its scalars, n bytes. */
void slow_put(uint8_t *bytes, size_t n, const struct group *g, const mpz_t x);
void slow_get(mpz_t x, const uint8_t *bytes, size_t n, const struct group *g);

/* What a decoder has to answer. */
enum result slow_decode(const struct group *g, const uint8_t *bytes, enum decode which);

/* The inputs are valid encodings. out may be an input. */
void slow_identity(const struct group *g, uint8_t *out);
void slow_generator(const struct group *g, uint8_t *out);
void slow_mul(const struct group *g, uint8_t *out, const uint8_t *a, const uint8_t *b);
void slow_pow(const struct group *g, uint8_t *out, const uint8_t *base, const mpz_t e);

/* RFC 9496 4.3.4, the one-way map. */
void slow_ristretto_map(uint8_t out[32], const uint8_t in[64]);

#endif
