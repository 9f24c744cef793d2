#include "crypto/edwards.h"

#include "crypto/mem.h"

const struct ed ed_identity = { { { 0 } }, { { 1 } }, { { 1 } }, { { 0 } } };

const struct ed ed_generator = {
	{ { 0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5 } },
	{ { 0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333, 0x6666666666666 } },
	{ { 1 } },
	{ { 0x68ab3a5b7dda3, 0x00eea2a5eadbb, 0x2af8df483c27e, 0x332b375274732, 0x67875f0fd78b7 } },
};

void
ed_cache(struct ed_cached *out, const struct ed *p)
{
	struct fe sum;

	fe_add(&sum, &p->y, &p->x);
	fe_sub(&out->difference, &p->y, &p->x);
	out->sum = sum;
	out->z = p->z;
	fe_mul(&out->t2d, &p->t, &fe_2d);
}

/* From the factors to the coordinates; all loose. */
static inline __attribute__((always_inline)) void
finish(struct ed *out, const struct fe *e, const struct fe *f, const struct fe *g,
    const struct fe *h)
{
	fe_mul(&out->x, e, f);
	fe_mul(&out->z, g, f);
	fe_mul(&out->y, g, h);
	fe_mul(&out->t, e, h);
}

/* The addition: a = (y1 - x1) minus, b = (y1 + x1) plus, c = t1 t2d, and d is twice z1 z2,
 * below 2^52 + 2^14; c is tight. A subtraction (negative is 1, not 0) swaps plus and minus,
 * which are parts[0] and parts[1], and negates c, which swaps f and g. */
static inline __attribute__((always_inline)) void
add(struct ed *out, const struct ed *p, const struct fe *const parts[2], const struct fe *t2d,
    const struct fe *d, unsigned negative)
{
	struct fe a, b, c, e, fg[2], h;

	fe_sub(&a, &p->y, &p->x);
	fe_add(&b, &p->y, &p->x);
	fe_mul(&a, &a, parts[1 - negative]);
	fe_mul(&b, &b, parts[negative]);
	fe_mul(&c, &p->t, t2d);
	fe_sub(&e, &b, &a);
	fe_add(&h, &b, &a);
	fe_sub(&fg[negative], d, &c); /* below 2^53 + 2^14 */
	fe_add(&fg[1 - negative], d, &c);
	finish(out, &e, &fg[0], &fg[1], &h);
}

static inline __attribute__((always_inline)) void
add_cached(struct ed *out, const struct ed *p, const struct ed_cached *q, unsigned negative)
{
	const struct fe *const parts[2] = { &q->sum, &q->difference };
	struct fe d;

	fe_mul(&d, &p->z, &q->z);
	fe_add(&d, &d, &d);
	add(out, p, parts, &q->t2d, &d, negative);
}

void
ed_add(struct ed *out, const struct ed *p, const struct ed_cached *q)
{
	add_cached(out, p, q, 0);
}

void
ed_sub(struct ed *out, const struct ed *p, const struct ed_cached *q)
{
	add_cached(out, p, q, 1);
}

static inline __attribute__((always_inline)) void
add_affine(struct ed *out, const struct ed *p, const struct ed_affine *q, unsigned negative)
{
	const struct fe *const parts[2] = { &q->sum, &q->difference };
	struct fe d;

	fe_add(&d, &p->z, &p->z);
	add(out, p, parts, &q->t2d, &d, negative);
}

void
ed_add_affine(struct ed *out, const struct ed *p, const struct ed_affine *q)
{
	add_affine(out, p, q, 0);
}

void
ed_add_affine_signed(struct ed *out, const struct ed *p, const struct ed_affine *q,
    unsigned negative)
{
	add_affine(out, p, q, negative);
}

/* The doubling, with the signs of all four factors turned round: the coordinates are
 * products of two. t is not needed by the next doubling. */
void
ed_double(struct ed *out, const struct ed *p, unsigned times)
{
	struct fe x = p->x, y = p->y, z = p->z, a, b, c, e, f, g, h;

	for (;;) {
		fe_square(&a, &x);
		fe_square(&b, &y);
		fe_square(&c, &z);
		fe_add(&c, &c, &c);
		fe_add(&h, &a, &b);
		fe_add(&e, &x, &y);
		fe_square(&e, &e);
		fe_sub(&e, &h, &e); /* below 2^53 + 2^14 */
		fe_sub(&g, &a, &b);
		fe_add(&f, &c, &g); /* below 5 * 2^51 + 2^15 */
		if (--times == 0)
			break;
		fe_mul(&x, &e, &f);
		fe_mul(&y, &g, &h);
		fe_mul(&z, &f, &g);
	}
	finish(out, &e, &f, &g, &h);
}

/* out = p with 1/z known. */
static void
affine(struct ed_affine *out, const struct ed *p, const struct fe *inverse)
{
	struct fe x, y;

	fe_mul(&x, &p->x, inverse);
	fe_mul(&y, &p->y, inverse);
	fe_add(&out->sum, &y, &x);
	fe_carry(&out->sum);
	fe_sub(&out->difference, &y, &x);
	fe_carry(&out->difference);
	fe_mul(&x, &x, &y);
	fe_mul(&out->t2d, &x, &fe_2d);
}

enum result
ed_affine_many(struct ed_affine *out, const struct ed *p, size_t n)
{
	struct fe *before, all = fe_one, inverse;
	size_t i;

	/* before[i] is the product of z up to i - 1; no z is ever zero. */
	before = mem_new(n, sizeof *before);
	if (before == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < n; i++) {
		before[i] = all;
		fe_mul(&all, &all, &p[i].z);
	}
	fe_invert(&all, &all);
	for (i = n; i-- > 0;) {
		fe_mul(&inverse, &all, &before[i]);
		fe_mul(&all, &all, &p[i].z);
		affine(&out[i], &p[i], &inverse);
	}
	mem_free(before);
	return R_GOOD;
}
