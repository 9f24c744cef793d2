/*
 * proof_kit: what the tests of encryption, proofs and key generation share: keys and
 * lists from a seeded stream, and ways to spoil bytes. A failure inside fails the test.
 * What is returned by pointer is freed by the caller (gvec_free, svec_free, free).
 */
#ifndef TESTS_PROOF_KIT_H
#define TESTS_PROOF_KIT_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "crypto/elgamal.h"
#include "crypto/group.h"
#include "crypto/result.h"
#include "crypto/slice.h"

/* Fail unless the call returns that result; quicker than ck_assert, which talks to its parent
 * even when it holds. */
#define ck_result(call, want) kit_result(#call, (call), (want), __FILE__, __LINE__)
#define good(call) ck_result(call, R_GOOD)
void kit_result(const char *call, enum result have, enum result want, const char *file, int line);

/* ---- values ---- */

/* Return the groups that proofs are tested in, the quick ones first: ristretto255, modp2048,
 * modp3072, modp4096. */
#define KIT_GROUPS 4
const struct group *kit_group(int i);

/* n scalars from a stream; their powers of g; n random elements; one scalar x. */
struct svec *kit_scalars(const struct group *g, size_t n, struct rng *rng);
struct gvec *kit_powers(const struct svec *e);
struct gvec *kit_elements(const struct group *g, size_t n, struct rng *rng);
struct svec *kit_scalar(const struct group *g, uint64_t x);
/* The element with that value in a tiny group. */
struct gvec *kit_element(const struct group *g, unsigned value);
/* Encode. */
uint8_t *kit_encode(const struct gvec *v);

/* The bytes of a list of random messages under y; *messages (may be NULL), length rows * width, row
 * by row, is what was encrypted. */
struct slice kit_list(const struct gvec *y, size_t rows, size_t width, struct gvec **messages,
    struct rng *rng);

/* ---- spoiling ---- */

/* Multiply the encoded element by g, add 1 to the encoded scalar. */
void kit_next_element(const struct group *g, uint8_t *bytes);
void kit_next_scalar(const struct group *g, uint8_t *bytes);
/* The identity's encoding. */
void kit_identity(const struct group *g, uint8_t *bytes);
/* Add q to an encoded scalar, without reducing it. */
void kit_add_order(const struct group *g, uint8_t *bytes);

/* Ask about the bytes in `field` once for each way to spoil them, and expect a refusal each time:
 * an element's or scalar's neighbour `wrong`, the identity R_BAD_ELEMENT, a number out of
 * range R_NON_CANONICAL, a non-member R_NOT_IN_GROUP. Afterwards the bytes are as before. */
typedef enum result kit_verify(void *ctx);
void kit_spoil_element(const struct group *g, uint8_t *field, enum result wrong, kit_verify *verify,
    void *ctx);
void kit_spoil_scalar(const struct group *g, uint8_t *field, enum result wrong, kit_verify *verify,
    void *ctx);

#endif
