/*
 * edwards: points of the curve -x^2 + y^2 = 1 + d x^2 y^2 over fe51, that of Ed25519, in
 * extended coordinates. The formulas are those of Hisil, Wong, Carter and Dawson, "Twisted
 * Edwards Curves Revisited" (2008), sections 3.1 and 3.3; with this a and d they are
 * complete: no input is an exception.
 *
 * Constant time except where a name ends in _vartime, and see ed_multi. An output may be an input.
 * Exponents ("scalars") are 32 bytes, least first, below 2^253.
 */
#ifndef CRYPTO_EDWARDS_H
#define CRYPTO_EDWARDS_H

#include <stddef.h>

#include "crypto/fe51.h"
#include "crypto/result.h"

#define ED_SCALAR_BYTES 32

/* The point (x/z, y/z), and t = xy/z. All tight. */
struct ed {
	struct fe x, y, z, t;
};

/* A point made ready to be added: y + x, y - x, z, 2dt. The first two are loose, the
 * others tight. */
struct ed_cached {
	struct fe sum, difference, z, t2d;
};

/* The same with z = 1. All tight, but t2d may be wide. */
struct ed_affine {
	struct fe sum, difference, t2d;
	uint64_t padding; /* two cache lines */
};

extern const struct ed ed_identity;
/* The base point of Ed25519, ristretto255's generator. */
extern const struct ed ed_generator;

void ed_cache(struct ed_cached *out, const struct ed *p);
/* out = p + q, p - q */
void ed_add(struct ed *out, const struct ed *p, const struct ed_cached *q);
void ed_sub(struct ed *out, const struct ed *p, const struct ed_cached *q);
void ed_add_affine(struct ed *out, const struct ed *p, const struct ed_affine *q);
/* out = p + q, or p - q if negative is 1 (else 0). There is no branch, but which memory is read
 * when depends on `negative`. */
void ed_add_affine_signed(struct ed *out, const struct ed *p, const struct ed_affine *q,
    unsigned negative);

/* out = 2^times p; times > 0. */
void ed_double(struct ed *out, const struct ed *p, unsigned times);

/* Make n points ready, with one inversion for all. R_NO_MEMORY. */
enum result ed_affine_many(struct ed_affine *out, const struct ed *p, size_t n);

/* ---- powers: crypto/edwards_pow.c ---- */

/* out = e p */
void ed_pow(struct ed *out, const struct ed *p, const uint8_t e[ED_SCALAR_BYTES]);

/* The multiples of one point that make its powers fast. About as much work as six of
 * ed_pow, and 77 KiB. */
struct ed_table;
/* R_NO_MEMORY. Free with mem_free. */
enum result ed_table_new(struct ed_table **out, const struct ed *p);
/* out = e times the table's point, plus `and` */
void ed_table_pow(struct ed *out, const struct ed_table *table, const uint8_t e[ED_SCALAR_BYTES],
    const struct ed *and);

/* out = the sum of e[i] p[i] for i < n; the i-th exponent stands at e + i * stride (all
 * are the first if that is 0). R_NO_MEMORY.
 * From ED_MANY points on no branch depends on the exponents, but which memory is read and
 * written does: each point goes to a bucket for each of its exponent's digits. Then it takes
 * 0.2 KiB for each point, before 3 KiB. */
#define ED_MANY 112
enum result ed_multi(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride, size_t n);
/* The same in constant time, however many they are: for ed_multi. */
enum result ed_multi_few(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride,
    size_t n);
/* The same for public exponents; short ones cost less. crypto/edwards_multi.c */
enum result ed_multi_vartime(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride,
    size_t n);

#endif
