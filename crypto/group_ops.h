/*
 * group_ops: what a group's implementation provides, and what a vector is inside.
 * For group*.c, svec.c and the implementations only; everybody else includes
 * crypto/group.h.
 *
 * group*.c and svec.c have checked groups and lengths before they call an
 * operation, have cut long vectors into ranges for the threads, and have seen to
 * it that an input of length 1 does not overlap the output of a longer one.
 */
#ifndef CRYPTO_GROUP_OPS_H
#define CRYPTO_GROUP_OPS_H

#include "crypto/group.h"

/* n elements of group_ops' own form, element_store bytes each. */
struct gvec {
	const struct group *group;
	size_t n;
	unsigned char *at; /* the first */
	void *owned;       /* the memory to free; NULL in a view */
};

/* n scalars, scalar_store bytes each. All zero bytes are the scalar 0. */
struct svec {
	const struct group *group;
	size_t n;
	unsigned char *at;
	void *owned;
};

/* Room for one element or scalar of any group, for temporaries on the stack. */
#define GROUP_STORE_MAX 512

struct group_ops {
	/* Elements. Where `equal` is NULL, each value has exactly one form in memory, so
	 * that equal elements are equal bytes. */
	void (*set_identity)(struct gvec *out);
	void (*set_generator)(struct gvec *out);
	/* On refusal *bad is the index. */
	enum result (*decode)(struct gvec *out, const uint8_t *bytes, size_t stride,
	    enum decode which, size_t *bad);
	/* May be NULL: gvec_decode_each. */
	void (*decode_each)(struct gvec *out, enum result *verdicts, const uint8_t *bytes,
	    size_t stride, enum decode which);
	void (*encode)(uint8_t *bytes, size_t stride, const struct gvec *v);
	/* May be NULL: gvec_encode_squares. */
	void (*encode_squares)(uint8_t *bytes, size_t stride, const struct gvec *v);
	/* b has the length of the others or 1. */
	void (*mul)(struct gvec *out, const struct gvec *a, const struct gvec *b);
	void (*div)(struct gvec *out, const struct gvec *a, const struct gvec *b);
	/* May be NULL: out, of length 1, is the product of all of v. */
	void (*mul_all)(struct gvec *out, const struct gvec *v);
	/* base and e have out's length or 1 each. */
	enum result (*pow)(struct gvec *out, const struct gvec *base, const struct svec *e);
	enum result (*pow_vartime)(struct gvec *out, const struct gvec *base, const struct svec *e);
	/* May be NULL: return 1 if the elements at a and b are equal, else 0. */
	int (*equal)(const unsigned char *a, const unsigned char *b);
	/* May be NULL, then so is pow_table: powers of one public base with a table. *table is
	 * the table for n powers, *owned what mem_free has to free in the end; both stay NULL
	 * if n powers are faster without. */
	enum result (*table)(const void **table, void **owned, const struct gvec *base, size_t n);
	void (*pow_table)(struct gvec *out, const void *table, const struct svec *e);
	/* May be NULL: gvec_commit for tables x and y, which is NULL if there is no f; v and
	 * out may be NULL. */
	enum result (*commit)(uint8_t *bytes, size_t stride, struct gvec *out, const struct gvec *v,
	    const void *x, const struct svec *e, const void *y, const struct svec *f);
	/* May be NULL: the product of all base[i]^e[i] at once. The one with secret exponents is
	 * given no more than multipow_grain of them at a time, if that is not 0. */
	size_t multipow_grain;
	enum result (*multipow)(struct gvec *out, const struct gvec *base, const struct svec *e);
	enum result (
	    *multipow_vartime)(struct gvec *out, const struct gvec *base, const struct svec *e);
	void (*generators)(struct gvec *out, const char *label, uint64_t first);
	void (*embed)(struct gvec *out, const uint8_t *blocks);
	enum result (*extract)(uint8_t *blocks, const struct gvec *v, size_t *bad);
	/* May be NULL: gvec_extract_each. */
	enum result (*extract_each)(uint8_t *blocks, uint8_t *valid, const struct gvec *v);

	/* Scalars. One form in memory each, too. */
	enum result (*read)(struct svec *out, const uint8_t *bytes, size_t stride, size_t *bad);
	void (*write)(uint8_t *bytes, size_t stride, const struct svec *v);
	void (*from_u64)(struct svec *v, size_t i, uint64_t x);
	void (*from_wide)(struct svec *v, size_t i, const uint8_t *wide);
	/* May be NULL: the same for all of a vector, whose wide integers stand one after the
	 * other. */
	void (*from_wides)(struct svec *out, const uint8_t *wide);
	void (*from_128)(struct svec *out, const uint8_t *bytes);
	void (*from_hash)(struct svec *v, size_t i, const uint8_t hash[64]);
	void (*add)(struct svec *out, const struct svec *a, const struct svec *b);
	/* Here a may have length 1, too. */
	void (*sub)(struct svec *out, const struct svec *a, const struct svec *b);
	void (*mul_scalars)(struct svec *out, const struct svec *a, const struct svec *b);
	/* May be NULL: svec_muladd and what runs along a vector, faster than one at a time. */
	void (*muladd)(struct svec *out, const struct svec *a, const struct svec *b,
	    const struct svec *c);
	void (*sum)(struct svec *out, const struct svec *v);
	void (*product)(struct svec *out, const struct svec *v);
	void (*inner)(struct svec *out, const struct svec *a, const struct svec *b);
	void (*chain)(struct svec *out, const struct svec *first, const struct svec *a,
	    const struct svec *b);
	/* out = 1 / a, both of length 1, a not zero. */
	void (*invert)(struct svec *out, const struct svec *a);
};

struct group {
	const char *name;
	size_t element_bytes, scalar_bytes, wide_bytes; /* of the encodings */
	size_t element_store, scalar_store;             /* of the form in memory */
	size_t grain; /* so many powers are about a millisecond's work */
	const struct group_ops *ops;
};

extern const struct group ristretto255;

/* Return a view of n elements from `from` on. It is not to be freed. */
struct gvec gvec_part(const struct gvec *v, size_t from, size_t n);
/* Return b; or, if b is one element that an operation on the longer `out` might
 * overwrite before its last use, a copy of it in room. */
struct gvec gvec_steady(const struct gvec *b, const struct gvec *out, unsigned char *room);
/* Return how many of n elements a thread takes at a time for what is cheaper than a power. */
size_t group_light_grain(const struct effort *effort, const struct group *g, size_t n);

/* Abort unless `fine`, which only a bug of ours can make 0. It may come from secrets:
 * that it is 1 tells nothing about them, and tests/ct.supp says so. */
void group_must(int fine);

/* out[i] = W(label, first + i, 0, 0) of protocol.md 2.2, for i < n: what most generators of
 * ristretto255 are made from. Several at a time. */
void generator_hashes(uint8_t *out, const struct group *g, const char *label, uint64_t first,
    size_t n);
/* W(label, index, ctr, k) of protocol.md 2.2. */
void generator_hash(uint8_t out[64], const struct group *g, const char *label, uint64_t index,
    uint64_t ctr, uint64_t k);

#endif
