/*
 * group: a cyclic group of prime order q with generator g, as an interface
 * over opaque vectors.
 *
 * `gvec` is a vector of group elements, `svec` a vector of scalars modulo q.
 * No function takes an array of structs, so that an implementation may keep
 * many lanes side by side and never transposes. A vector made by *_slice is a
 * view: it shares the storage of its parent, which must outlive it.
 *
 * Past *_decode every value is valid: elements are members of the group in
 * their one canonical encoding, scalars are below q. There is no other way from
 * bytes to an element.
 *
 * Operations on secret scalars run in constant time. Those whose name ends in
 * _vartime do not and must only see public values.
 *
 * Lengths are counted in elements unless a name says bytes. Unless a function
 * says otherwise, all vectors handed to it belong to the same group, output and
 * inputs have the same length (a mismatch is our own bug and aborts), and an
 * output may be the same vector as an input or the same slice of one; it may not
 * overlap an input at another place, save that an input of length 1 may lie
 * anywhere.
 *
 * Results: R_GOOD, R_NO_MEMORY, R_CANCELLED (with an effort that cancels: crypto/par.h),
 * and what is named at a function. After any but R_GOOD the outputs are undefined.
 * Source: docs/protocol.md, section 2.
 */
#ifndef CRYPTO_GROUP_H
#define CRYPTO_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/par.h"
#include "crypto/result.h"
#include "crypto/rng.h"

struct group;
struct gvec;
struct svec;

/* Return the compiled-in group of that name ("ristretto255", "modp2048",
 * "modp3072", "modp4096"), or NULL. The result lives for ever. */
const struct group *group_by_name(const char *name);
/* Return the name; it enters transcripts. */
const char *group_name(const struct group *g);

/* Bytes of one encoded element, of one encoded scalar. */
size_t group_element_bytes(const struct group *g);
size_t group_scalar_bytes(const struct group *g);
/* No encoding of any group is longer: room for one on the stack. */
#define GROUP_ENCODING_MAX 512
/* Bytes that are reduced modulo q to draw or hash one scalar without bias: at
 * least 128 bits more than q has. */
size_t group_wide_bytes(const struct group *g);
/* So many powers are about a millisecond's work: for choosing ranges. */
size_t group_grain(const struct group *g);

/* ---- vectors of elements ---- */

/* Make a vector of n identities (n may be 0). Free with gvec_free, which wipes. */
enum result gvec_new(struct gvec **out, const struct group *g, size_t n);
/* Make a view of n elements from `from` on. Free with gvec_free. */
enum result gvec_slice(struct gvec **out, struct gvec *parent, size_t from, size_t n);
void gvec_free(struct gvec *v);
size_t gvec_len(const struct gvec *v);
const struct group *gvec_group(const struct gvec *v);

/* Which elements a decoder lets through. */
enum decode { DECODE_NO_IDENTITY, DECODE_ANY };

/* Decode out's length elements; the i-th stands at bytes + i * stride
 * (stride >= group_element_bytes). On refusal *bad (may be NULL) is the index of
 * the first refused one and out is undefined.
 * R_NON_CANONICAL, R_NOT_IN_GROUP, R_BAD_ELEMENT (the identity, unless
 * DECODE_ANY). Variable time: encodings are public. */
enum result gvec_decode(struct gvec *out, const uint8_t *bytes, size_t stride, enum decode which,
    size_t *bad, const struct effort *effort);
/* The same with a verdict for each: verdicts[i] is R_GOOD or why the i-th was refused; out[i] is
 * then the identity. Itself R_GOOD or R_CANCELLED. */
enum result gvec_decode_each(struct gvec *out, enum result *verdicts, const uint8_t *bytes,
    size_t stride, enum decode which, const struct effort *effort);
/* Encode; the i-th goes to bytes + i * stride. Constant time. */
enum result gvec_encode(uint8_t *bytes, size_t stride, const struct gvec *v,
    const struct effort *effort);

/* The same for the squares of v: where it matters not whether an element or its square is
 * encoded, that is much cheaper for many. Constant time. */
enum result gvec_encode_squares(uint8_t *bytes, size_t stride, const struct gvec *v,
    const struct effort *effort);

/* out[i] = g, the generator, for all i. */
void gvec_set_generator(struct gvec *out);
void gvec_set_identity(struct gvec *out);
/* dst[dst_at + i] = src[src_at + i] for i < n; the two may overlap. */
void gvec_copy(struct gvec *dst, size_t dst_at, const struct gvec *src, size_t src_at, size_t n);
/* out[i] = v[index[i]]; out and v differ; any index pattern. The memory access
 * pattern follows the index: see docs/security.md on the shuffling machine. */
void gvec_gather(struct gvec *out, const struct gvec *v, const uint32_t *index);
/* Return the first index at which a and b differ, or their length if none does.
 * Compared as group elements. Variable time. */
size_t gvec_differ_vartime(const struct gvec *a, const struct gvec *b);
/* Return 1 if v[i] is the identity, else 0. Variable time. */
int gvec_is_identity_vartime(const struct gvec *v, size_t i);

/* out[i] = a[i] * b[i]; b may have length 1 and is then used for every i.
 * Constant time, as are gvec_div and gvec_product. */
void gvec_mul(struct gvec *out, const struct gvec *a, const struct gvec *b);
/* out[i] = a[i] / b[i]; b may have length 1. */
void gvec_div(struct gvec *out, const struct gvec *a, const struct gvec *b);
/* out (length 1) = product of all elements of v; the identity if v is empty. */
void gvec_product(struct gvec *out, const struct gvec *v);

/* out[i] = base^e[i], base of length 1. Constant time in e. With base equal to
 * g a compiled-in table is used where there is one. */
enum result gvec_pow_fixed(struct gvec *out, const struct gvec *base, const struct svec *e,
    const struct effort *effort);
/* A base made ready for many powers. */
struct gbase;
/* Make base (length 1, it is copied) ready for about n powers. Free with gbase_free. */
enum result gbase_new(struct gbase **out, const struct gvec *base, size_t n);
void gbase_free(struct gbase *b);
/* As gvec_pow_fixed. */
enum result gvec_pow_base(struct gvec *out, const struct gbase *base, const struct svec *e,
    const struct effort *effort);
/* The i-th of bytes, at bytes + i * stride, = the encoding of v[i] * x^e[i] * y^f[i]; v may be
 * NULL, and so may y with f. So an encoding may cost much less than by gvec_encode. If out is
 * not NULL, the elements go there; it may be v. Constant time. */
enum result gvec_commit(uint8_t *bytes, size_t stride, struct gvec *out, const struct gvec *v,
    const struct gbase *x, const struct svec *e, const struct gbase *y, const struct svec *f,
    const struct effort *effort);
/* out[i] = base[i]^e[i]; e may have length 1 and is then used for every i.
 * Constant time in e. */
enum result gvec_pow(struct gvec *out, const struct gvec *base, const struct svec *e,
    const struct effort *effort);
/* The same for public exponents. */
enum result gvec_pow_vartime(struct gvec *out, const struct gvec *base, const struct svec *e,
    const struct effort *effort);
/* out[i] = the product of v[j][i]^e[j] over the vectors v[j], as many as e has scalars: public
 * exponents that all rows share. What is short, or has a short negative, costs less. out is
 * none of the v. */
enum result gvec_rowpow_vartime(struct gvec *out, const struct gvec *const *v, const struct svec *e,
    const struct effort *effort);
/* out (length 1) = product of base[i]^e[i]; the identity if empty. Public
 * exponents only; short exponents cost less. */
enum result gvec_multipow_vartime(struct gvec *out, const struct gvec *base, const struct svec *e,
    const struct effort *effort);
/* The same for secret exponents: no branch depends on them. With few bases it is in constant
 * time; with many (a hundred or so) the memory access pattern follows the digits of the
 * exponents, as that of gvec_gather does its index: see docs/security.md on the shuffling
 * machine. */
enum result gvec_multipow(struct gvec *out, const struct gvec *base, const struct svec *e,
    const struct effort *effort);

/* out[i] = H(label, first + i), independent generators nobody knows a relation
 * of, never the identity: protocol.md "Generators". */
enum result gvec_generators(struct gvec *out, const char *label, uint64_t first,
    const struct effort *effort);

/* The block of a choice: 30 bytes in one element and back (protocol.md
 * "Embedding"). embed: out has n elements, blocks has n * 30 bytes. The time
 * depends on how many counters a block needs, which only the voter's own machine
 * sees.
 * extract: R_BAD_CHOICE with *bad (may be NULL) the index of the first element
 * that is no block; the caller decides what that means. Variable time: what is
 * extracted is about to be published.
 * Not for the tiny test groups, which have no room for a block. */
#define GROUP_BLOCK_BYTES 30
enum result gvec_embed(struct gvec *out, const uint8_t *blocks);
enum result gvec_extract(uint8_t *blocks, const struct gvec *v, size_t *bad);

/* As gvec_extract, with a verdict for each: valid[i] is 1, or 0 where v[i] is no block; its bytes
 * are then zeros. Itself R_GOOD, R_NO_MEMORY, R_CANCELLED. */
enum result gvec_extract_each(uint8_t *blocks, uint8_t *valid, const struct gvec *v,
    const struct effort *effort);

/* ---- vectors of scalars: constant time throughout, wiped when freed ---- */

/* Make a vector of n zeros. */
enum result svec_new(struct svec **out, const struct group *g, size_t n);
enum result svec_slice(struct svec **out, struct svec *parent, size_t from, size_t n);
void svec_free(struct svec *v);
size_t svec_len(const struct svec *v);
const struct group *svec_group(const struct svec *v);

/* Decode; the i-th stands at bytes + i * stride (stride >= group_scalar_bytes).
 * R_NON_CANONICAL for anything not below q, with *bad (may be NULL) the index of
 * the first. */
enum result svec_decode(struct svec *out, const uint8_t *bytes, size_t stride, size_t *bad);
void svec_encode(uint8_t *bytes, size_t stride, const struct svec *v);

/* v[i] = x; in the tiny test groups it is reduced modulo q. */
void svec_set_u64(struct svec *v, size_t i, uint64_t x);
/* As gvec_copy and gvec_gather. */
void svec_copy(struct svec *dst, size_t dst_at, const struct svec *src, size_t src_at, size_t n);
void svec_gather(struct svec *out, const struct svec *v, const uint32_t *index);
/* Draw uniform scalars: group_wide_bytes of the stream each, in order. */
enum result svec_random(struct svec *out, struct rng *rng);
/* v[i] = the wide integer of group_wide_bytes modulo q: ristretto255: little-endian;
 * modp: big-endian. */
void svec_from_wide(struct svec *v, size_t i, const uint8_t *wide);
/* out[i] = the 128-bit little-endian integer at bytes + 16 * i. In the tiny test
 * groups it is reduced modulo q. */
void svec_from_128(struct svec *out, const uint8_t *bytes);
/* v[i] = challenge from a 64-byte hash: ristretto255: all 512 bits, little-endian,
 * modulo q; modp: the first 32 bytes, big-endian (modulo q in the tiny test groups);
 * protocol.md "Challenges". */
void svec_from_hash(struct svec *v, size_t i, const uint8_t hash[64]);

/* Element by element; b may have length 1 and is then used for every i. */
void svec_add(struct svec *out, const struct svec *a, const struct svec *b);
void svec_sub(struct svec *out, const struct svec *a, const struct svec *b);
void svec_mul(struct svec *out, const struct svec *a, const struct svec *b);
/* out[i] = a[i] * b[i] + c[i] */
void svec_muladd(struct svec *out, const struct svec *a, const struct svec *b,
    const struct svec *c);
void svec_neg(struct svec *out, const struct svec *a);
/* out[i] = 1 / a[i]; a zero is our own bug and aborts. */
void svec_invert(struct svec *out, const struct svec *a);
/* Length-1 outputs. The sum and inner product of nothing is 0, the product 1. */
void svec_sum(struct svec *out, const struct svec *v);
void svec_product(struct svec *out, const struct svec *v);
void svec_inner(struct svec *out, const struct svec *a, const struct svec *b);
/* out[i] = a[i] + b[i] * out[i-1], with out[-1] = first (length 1). */
void svec_chain(struct svec *out, const struct svec *first, const struct svec *a,
    const struct svec *b);
/* Return 1 if v[i] is zero, else 0. */
int svec_is_zero(const struct svec *v, size_t i);
size_t svec_differ_vartime(const struct svec *a, const struct svec *b);

#endif
