/*
 * vectors: the writer of docs/vectors. Values go out in the order in which they are
 * given, so that the same program always writes the same bytes.
 */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "crypto/group.h"
#include "crypto/result.h"
#include "crypto/rng.h"
#include "crypto/slice.h"
#include "crypto/transcript.h"

/* A JSON file under way. */
struct vec {
	FILE *file;
	int depth;
	int first; /* nothing has been written at this depth yet */
};

/* A name is NULL inside an array. */
void vec_open(struct vec *v, const char *name, char bracket);
void vec_close(struct vec *v, char bracket);
void vec_string(struct vec *v, const char *name, const char *string);
void vec_number(struct vec *v, const char *name, uint64_t x);
void vec_hex(struct vec *v, const char *name, const void *bytes, size_t n);
/* The encodings of a vector, an array; or of its one element. */
void vec_elements(struct vec *v, const char *name, const struct gvec *e);
void vec_element(struct vec *v, const char *name, const struct gvec *e);
void vec_scalars(struct vec *v, const char *name, const struct svec *s);
void vec_scalar(struct vec *v, const char *name, const struct svec *s);
/* A list or vector given by its bytes: an array of n elements. */
void vec_encodings(struct vec *v, const char *name, const struct group *g, const uint8_t *bytes,
    size_t n);

/* End the program, for a generator has nobody to report to. */
void vec_must(enum result r);
void vec_check(int condition, const char *what);

/* A stream from a name. */
void vec_rng(struct rng *rng, const char *name, const struct group *g);
struct svec *vec_draw(const struct group *g, size_t n, struct rng *rng);
/* g^e */
struct gvec *vec_powers(const struct svec *e);
/* Allocate, or end the program. */
uint8_t *vec_bytes(size_t n);

/* The two groups that vectors are given for, and what each file holds of them. */
typedef void vec_writer(struct vec *v, const struct group *g);
vec_writer vec_reduction, vec_generators, vec_embedding, vec_decoding;
vec_writer vec_elgamal, vec_schnorr, vec_lagrange, vec_dleq, vec_shuffle, vec_keygen;
/* And what does not depend on the group. */
vec_writer vec_tagged, vec_stream, vec_transcript, vec_checkpoint;

#endif
