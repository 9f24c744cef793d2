/*
 * field: the numbers modulo 2^255 - 19 as the path of this process computes with them, a
 * few at a time that fit into the nearest cache. Independent products, since what counts is
 * how many there are in a second and not how long one takes.
 */
#ifndef TESTS_BENCH_FIELD_H
#define TESTS_BENCH_FIELD_H

#include "crypto/rng.h"

/* How many numbers there are. */
#define FIELD_NUMBERS 80

struct field;

/* Random numbers. Free with field_free. */
struct field *field_new(struct rng *rng);
void field_free(struct field *f);

/* Do it to each number, once; `invert` one by one, or as many as the path has lanes. */
void field_mul(struct field *f);
void field_square(struct field *f);
void field_invert(struct field *f);

#endif
