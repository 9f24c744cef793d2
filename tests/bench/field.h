/*
 * field: the numbers modulo p below a group, as the path of this process computes with them: a
 * few at a time that fit into a near cache. Independent products, since what counts is how
 * many there are in a second and not how long one takes.
 */
#ifndef TESTS_BENCH_FIELD_H
#define TESTS_BENCH_FIELD_H

#include <gmp.h>

#include "crypto/group.h"
#include "crypto/rng.h"

/* How many numbers there are. */
#define FIELD_NUMBERS 80

struct field;

/* Random numbers. Free with field_free. */
struct field *field_new(const struct group *g, struct rng *rng);
void field_free(struct field *f);

/* Do it to each number, once. `invert`, of ristretto255 only, inverts one by one, or as many as
 * the path has lanes. */
void field_mul(struct field *f);
void field_square(struct field *f);
void field_invert(struct field *f);

/* Write the modulus of a modp group; return its limbs. */
#define FIELD_LIMBS_MAX (GROUP_ENCODING_MAX / sizeof(mp_limb_t))
size_t field_modulus(mp_limb_t p[FIELD_LIMBS_MAX], const struct group *g);

#endif
