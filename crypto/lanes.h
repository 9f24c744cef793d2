/*
 * lanes: ristretto255 on arrays, in as many ways as there are kinds of processors. All give
 * the same elements; their points may be different ones of the same class, which is why
 * these are operations on elements (crypto/ristretto_point.h) and not on points.
 *
 * Elements are arrays of struct ed, scalars 32 bytes each, least first, below the group's
 * order q; `stride` is the distance in bytes from one scalar (or encoding) to the next, a
 * `step` the distance in elements from one input to the next, 0 for one that is used for
 * all. n may be 0. An output may be an input of the same step, never part of one that is
 * used for all.
 *
 * Constant time except where a name says vartime, and see `multi`.
 */
#ifndef CRYPTO_LANES_H
#define CRYPTO_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/cpu.h"
#include "crypto/edwards.h"
#include "crypto/result.h"

/* The multiples of one element that make its powers fast. */
struct lanes_table;

struct lanes {
	/* RFC 9496, 4.3.1, with a verdict for each: R_GOOD (of the identity, too),
	 * R_NON_CANONICAL, R_NOT_IN_GROUP, and then out[i] is any point. Variable time. */
	void (*decode)(struct ed *out, enum result *verdicts, const uint8_t *bytes, size_t stride,
	    size_t n);
	/* RFC 9496, 4.3.2 */
	void (*encode)(uint8_t *bytes, size_t stride, const struct ed *p, size_t n);
	/* Encode 2 p[i], at a tenth of the price, with one inversion for many. What it leaves
	 * on the stack tells what the encodings tell. */
	void (*encode_double)(uint8_t *bytes, size_t stride, const struct ed *p, size_t n);
	/* The same for v[i] + 2 p[i], where the v[i] come from `decode` or `map`; NULL if that is no
	 * faster than to add and encode. */
	void (*encode_add_double)(uint8_t *bytes, size_t stride, const struct ed *v,
	    const struct ed *p, size_t n);
	/* RFC 9496, 4.3.4, from 64 bytes each */
	void (*map)(struct ed *out, const uint8_t *uniform, size_t n);

	/* out[i] = a[i] + b[i * b_step], a[i] - b[i * b_step], 2 a[i] */
	void (
	    *add)(struct ed *out, const struct ed *a, const struct ed *b, size_t b_step, size_t n);
	void (
	    *sub)(struct ed *out, const struct ed *a, const struct ed *b, size_t b_step, size_t n);
	void (*twice)(struct ed *out, const struct ed *a, size_t n);
	/* *out = the sum of all; it may be one of them */
	void (*sum)(struct ed *out, const struct ed *p, size_t n);

	/* out[i] = e_i p[i * p_step] */
	void (*pow)(struct ed *out, const struct ed *p, size_t p_step, const uint8_t *e,
	    size_t e_stride, size_t n);
	/* Powers of one element. The table pays from table_pays powers on. R_NO_MEMORY; free
	 * the table with mem_free. */
	size_t table_pays;
	enum result (*table)(struct lanes_table **out, const struct ed *p);
	/* out[i] = e_i times the table's element, plus and[i * 1] if `and` is not NULL */
	void (*table_pow)(struct ed *out, const struct lanes_table *table, const uint8_t *e,
	    size_t e_stride, const struct ed *and, size_t n);

	/* *out = the sum of e_i p[i]. R_NO_MEMORY.
	 * With many elements `multi` sorts the elements by the digits of their
	 * exponents and adds them up in that order: no branch depends on an exponent, but which
	 * memory is read and written when does. multi_vartime is faster where exponents are
	 * short or zero. */
	enum result (*multi)(struct ed *out, const struct ed *p, const uint8_t *e, size_t e_stride,
	    size_t n);
	enum result (*multi_vartime)(struct ed *out, const struct ed *p, const uint8_t *e,
	    size_t e_stride, size_t n);
};

extern const struct lanes lanes_portable;
#if TABELLA_AVX2
extern const struct lanes lanes_avx2;
#endif
#if TABELLA_IFMA
extern const struct lanes lanes_ifma;
#endif

/* Return the operations for the processor that was chosen (crypto/cpu.h), or for `cpu`,
 * which must be there. */
const struct lanes *lanes_chosen(void);
const struct lanes *lanes_for(enum cpu cpu);

#endif
