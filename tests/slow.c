#include "tests/slow.h"

#include <stdlib.h>
#include <string.h>

#include "tests/tiny.h"

const struct group *
slow_group(int i)
{
	switch (i) {
	case 0: return tiny_group(11);
	case 1: return tiny_group(23);
	case 2: return group_by_name("ristretto255");
	case 3: return group_by_name("modp2048");
	case 4: return group_by_name("modp3072");
	case 5: return group_by_name("modp4096");
	default: return NULL;
	}
}

/* ---- numbers ---- */

static int
little_endian(const struct group *g)
{
	return strcmp(group_name(g), "ristretto255") == 0;
}

void
slow_put(uint8_t *bytes, size_t n, const struct group *g, const mpz_t x)
{
	size_t i;
	mpz_t t;

	mpz_init_set(t, x);
	for (i = 0; i < n; i++) {
		bytes[little_endian(g) ? i : n - 1 - i] = (uint8_t)(mpz_get_ui(t) & 0xff);
		mpz_fdiv_q_2exp(t, t, 8);
	}
	mpz_clear(t);
}

void
slow_get(mpz_t x, const uint8_t *bytes, size_t n, const struct group *g)
{
	mpz_import(x, n, little_endian(g) ? -1 : 1, 1, 1, 0, bytes);
}

/* x = floor(2^bits / n's arc cotangent): Machin's series. */
static void
arccot(mpz_t x, unsigned long n, unsigned long bits)
{
	mpz_t power, term;
	unsigned long k;

	mpz_inits(power, term, NULL);
	mpz_setbit(power, bits);
	mpz_fdiv_q_ui(power, power, n);
	mpz_set(x, power);
	for (k = 3; mpz_sgn(power) != 0; k += 2) {
		mpz_fdiv_q_ui(power, power, n * n);
		mpz_fdiv_q_ui(term, power, k);
		if (k % 4 == 3)
			mpz_sub(x, x, term);
		else
			mpz_add(x, x, term);
	}
	mpz_clears(power, term, NULL);
}

/* x = floor(2^bits * pi) */
static void
pi(mpz_t x, unsigned long bits)
{
	const unsigned long guard = 64;
	mpz_t t;

	mpz_init(t);
	arccot(x, 5, bits + guard);
	arccot(t, 239, bits + guard);
	mpz_mul_ui(x, x, 4);
	mpz_sub(x, x, t);
	mpz_mul_ui(x, x, 4);
	mpz_fdiv_q_2exp(x, x, guard);
	mpz_clear(t);
}

void
slow_rfc3526(mpz_t p, unsigned bits)
{
	const unsigned long c = bits == 2048 ? 124476 : bits == 3072 ? 1690314 : 240904;
	mpz_t t;

	mpz_init(t);
	pi(p, bits - 130);
	mpz_add_ui(p, p, c);
	mpz_mul_2exp(p, p, 64);
	mpz_setbit(t, bits);
	mpz_add(p, p, t);
	mpz_set_ui(t, 0);
	mpz_setbit(t, bits - 64);
	mpz_sub(p, p, t);
	mpz_sub_ui(p, p, 1);
	mpz_clear(t);
}

/* Series take their time, and tests ask for their sums often. */
static void
remembered(mpz_t p, unsigned bits)
{
	static mpz_t known[3];
	const unsigned i = bits / 1024 - 2;

	if (mpz_sgn(known[i]) == 0) {
		mpz_init(known[i]);
		slow_rfc3526(known[i], bits);
	}
	mpz_set(p, known[i]);
}

void
slow_modulus(mpz_t p, const struct group *g)
{
	const char *name = group_name(g);

	if (strcmp(name, "tiny11") == 0)
		mpz_set_ui(p, 23);
	else if (strcmp(name, "tiny23") == 0)
		mpz_set_ui(p, 47);
	else if (strncmp(name, "modp", 4) == 0)
		remembered(p, (unsigned)atoi(name + 4));
	else
		mpz_set_str(p,
		    "7fffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffffed",
		    16);
}

void
slow_order(mpz_t q, const struct group *g)
{
	slow_modulus(q, g);
	if (little_endian(g)) {
		/* RFC 9496 section 4 */
		mpz_set_str(q, "27742317777372353535851937790883648493", 10);
		mpz_setbit(q, 252);
	} else {
		mpz_sub_ui(q, q, 1);
		mpz_fdiv_q_2exp(q, q, 1);
	}
}

/* ---- ristretto255, in the letters of RFC 9496 section 4 ---- */

struct curve {
	mpz_t p, d, sqrt_m1, sqrt_ad_minus_one, invsqrt_a_minus_d;
};

struct point {
	mpz_t x, y, z, t;
};

static void
curve_init(struct curve *c)
{
	mpz_t t;

	mpz_inits(c->p, c->d, c->sqrt_m1, c->sqrt_ad_minus_one, c->invsqrt_a_minus_d, t, NULL);
	mpz_setbit(c->p, 255);
	mpz_sub_ui(c->p, c->p, 19);
	/* d = -121665 / 121666 */
	mpz_set_ui(t, 121666);
	mpz_invert(t, t, c->p);
	mpz_mul_si(c->d, t, -121665);
	mpz_mod(c->d, c->d, c->p);
	mpz_set_str(c->sqrt_m1,
	    "1968116137670750595680707930498854201544606651592389016274402107312382978"
	    "4752",
	    10);
	mpz_set_str(c->sqrt_ad_minus_one,
	    "2506306895338462347411141415870215270124453150249265646007921048261043075"
	    "0235",
	    10);
	mpz_set_str(c->invsqrt_a_minus_d,
	    "5446930700890931692099581386874514160539359729292745692120531289631172101"
	    "7578",
	    10);
	mpz_clear(t);
}

static void
curve_clear(struct curve *c)
{
	mpz_clears(c->p, c->d, c->sqrt_m1, c->sqrt_ad_minus_one, c->invsqrt_a_minus_d, NULL);
}

static void
point_init(struct point *a)
{
	mpz_init_set_ui(a->x, 0);
	mpz_init_set_ui(a->y, 1);
	mpz_init_set_ui(a->z, 1);
	mpz_init_set_ui(a->t, 0);
}

static void
point_clear(struct point *a)
{
	mpz_clears(a->x, a->y, a->z, a->t, NULL);
}

static void
times(const struct curve *c, mpz_t out, const mpz_t a, const mpz_t b)
{
	mpz_mul(out, a, b);
	mpz_mod(out, out, c->p);
}

static void
plus(const struct curve *c, mpz_t out, const mpz_t a, const mpz_t b)
{
	mpz_add(out, a, b);
	mpz_mod(out, out, c->p);
}

static void
minus(const struct curve *c, mpz_t out, const mpz_t a, const mpz_t b)
{
	mpz_sub(out, a, b);
	mpz_mod(out, out, c->p);
}

static int
negative(const mpz_t a)
{
	return mpz_odd_p(a);
}

static void
absolute(const struct curve *c, mpz_t a)
{
	if (negative(a))
		mpz_sub(a, c->p, a);
}

/* SQRT_RATIO_M1: r = |sqrt(u/v)| or |sqrt(i*u/v)|; return whether u/v is a square. */
static int
sqrt_ratio(const struct curve *c, mpz_t r, const mpz_t u, const mpz_t v)
{
	mpz_t root, check, e, t;
	int square, flipped;

	mpz_inits(root, check, e, t, NULL);
	mpz_powm_ui(t, v, 7, c->p);
	times(c, t, t, u);
	mpz_sub_ui(e, c->p, 5);
	mpz_fdiv_q_2exp(e, e, 3);
	mpz_powm(root, t, e, c->p);
	mpz_powm_ui(t, v, 3, c->p);
	times(c, root, root, t);
	times(c, root, root, u);

	times(c, check, root, root);
	times(c, check, check, v);
	mpz_mod(t, u, c->p);
	square = mpz_cmp(check, t) == 0;
	mpz_neg(t, u);
	mpz_mod(t, t, c->p);
	flipped = mpz_cmp(check, t) == 0;
	square |= flipped;
	times(c, t, t, c->sqrt_m1);
	if (flipped || mpz_cmp(check, t) == 0)
		times(c, root, root, c->sqrt_m1);
	absolute(c, root);
	mpz_set(r, root);
	mpz_clears(root, check, e, t, NULL);
	return square;
}

/* 4.3.1: the point with a canonical encoding, or why there is none. */
static enum result
point_decode(const struct curve *c, struct point *out, const uint8_t bytes[32])
{
	mpz_t s, u1, u2, v, inv, one;
	enum result r = R_NON_CANONICAL;
	int square;

	mpz_inits(s, u1, u2, v, inv, one, NULL);
	mpz_import(s, 32, -1, 1, 1, 0, bytes);
	if (mpz_cmp(s, c->p) >= 0 || negative(s))
		goto out;
	mpz_set_ui(one, 1);
	times(c, v, s, s);
	minus(c, u1, one, v);
	plus(c, u2, one, v);
	times(c, v, u1, u1);
	times(c, v, v, c->d);
	mpz_neg(v, v);
	times(c, inv, u2, u2);
	minus(c, v, v, inv);
	times(c, inv, inv, v);
	square = sqrt_ratio(c, inv, one, inv);
	/* x = |2 s den_x|, y = u1 den_y */
	times(c, out->x, inv, u2);
	times(c, out->y, inv, out->x);
	times(c, out->y, out->y, v);
	times(c, out->y, out->y, u1);
	times(c, out->x, out->x, s);
	plus(c, out->x, out->x, out->x);
	absolute(c, out->x);
	mpz_set_ui(out->z, 1);
	times(c, out->t, out->x, out->y);
	r = !square || negative(out->t) || mpz_sgn(out->y) == 0 ? R_NOT_IN_GROUP : R_GOOD;
out:
	mpz_clears(s, u1, u2, v, inv, one, NULL);
	return r;
}

/* 4.3.2 */
static void
point_encode(const struct curve *c, uint8_t bytes[32], const struct point *a)
{
	mpz_t u1, u2, inv, den1, den2, z_inv, x, y, t;

	mpz_inits(u1, u2, inv, den1, den2, z_inv, x, y, t, NULL);
	plus(c, u1, a->z, a->y);
	minus(c, t, a->z, a->y);
	times(c, u1, u1, t);
	times(c, u2, a->x, a->y);
	times(c, t, u2, u2);
	times(c, t, t, u1);
	mpz_set_ui(inv, 1);
	(void)sqrt_ratio(c, inv, inv, t);
	times(c, den1, inv, u1);
	times(c, den2, inv, u2);
	times(c, z_inv, den1, den2);
	times(c, z_inv, z_inv, a->t);
	mpz_set(x, a->x);
	mpz_set(y, a->y);
	times(c, t, a->t, z_inv);
	if (negative(t)) {
		times(c, x, a->y, c->sqrt_m1);
		times(c, y, a->x, c->sqrt_m1);
		times(c, den2, den1, c->invsqrt_a_minus_d);
	}
	times(c, t, x, z_inv);
	if (negative(t))
		mpz_neg(y, y);
	minus(c, t, a->z, y);
	times(c, t, t, den2);
	absolute(c, t);
	memset(bytes, 0, 32);
	mpz_export(bytes, NULL, -1, 1, 1, 0, t);
	mpz_clears(u1, u2, inv, den1, den2, z_inv, x, y, t, NULL);
}

/* out = a + b on -x^2 + y^2 = 1 + d x^2 y^2; the formulas are complete. */
static void
point_add(const struct curve *c, struct point *out, const struct point *a, const struct point *b)
{
	mpz_t aa, bb, cc, dd, t;

	mpz_inits(aa, bb, cc, dd, t, NULL);
	times(c, aa, a->x, b->y);
	times(c, t, a->y, b->x);
	plus(c, aa, aa, t); /* x1 y2 + y1 x2 */
	times(c, bb, a->y, b->y);
	times(c, t, a->x, b->x);
	plus(c, bb, bb, t); /* y1 y2 + x1 x2 */
	times(c, cc, a->t, b->t);
	times(c, cc, cc, c->d); /* d t1 t2 */
	times(c, dd, a->z, b->z);
	plus(c, t, dd, cc);
	minus(c, dd, dd, cc);
	times(c, out->x, aa, dd);
	times(c, out->y, bb, t);
	times(c, out->z, t, dd);
	times(c, out->t, aa, bb);
	mpz_clears(aa, bb, cc, dd, t, NULL);
}

/* 4.3.4: MAP */
static void
point_map(const struct curve *c, struct point *out, const uint8_t bytes[32])
{
	mpz_t t, r, u, v, s, n, k;
	int square;

	mpz_inits(t, r, u, v, s, n, k, NULL);
	mpz_import(t, 32, -1, 1, 1, 0, bytes);
	mpz_clrbit(t, 255);
	mpz_mod(t, t, c->p);
	times(c, r, t, t);
	times(c, r, r, c->sqrt_m1);
	/* u = (r + 1) (1 - d^2) */
	times(c, k, c->d, c->d);
	mpz_ui_sub(k, 1, k);
	mpz_add_ui(u, r, 1);
	times(c, u, u, k);
	/* v = (-1 - r d) (r + d) */
	times(c, v, r, c->d);
	mpz_add_ui(v, v, 1);
	mpz_neg(v, v);
	plus(c, k, r, c->d);
	times(c, v, v, k);
	square = sqrt_ratio(c, s, u, v);
	if (!square) {
		times(c, s, s, t);
		absolute(c, s);
		mpz_neg(s, s);
	}
	/* n = c (r - 1) (d - 1)^2 - v, where c is -1 or r */
	mpz_sub_ui(n, r, 1);
	mpz_sub_ui(k, c->d, 1);
	times(c, n, n, k);
	times(c, n, n, k);
	if (square)
		mpz_neg(n, n);
	else
		times(c, n, n, r);
	minus(c, n, n, v);
	/* w0 = 2 s v, w1 = n sqrt(ad - 1), w2 = 1 - s^2, w3 = 1 + s^2 */
	times(c, v, v, s);
	plus(c, v, v, v);
	times(c, n, n, c->sqrt_ad_minus_one);
	times(c, s, s, s);
	mpz_ui_sub(k, 1, s);
	mpz_add_ui(s, s, 1);
	times(c, out->x, v, s);
	times(c, out->y, k, n);
	times(c, out->z, n, s);
	times(c, out->t, v, k);
	mpz_clears(t, r, u, v, s, n, k, NULL);
}

void
slow_ristretto_map(uint8_t out[32], const uint8_t in[64])
{
	struct curve c;
	struct point a, b;

	curve_init(&c);
	point_init(&a);
	point_init(&b);
	point_map(&c, &a, in);
	point_map(&c, &b, in + 32);
	point_add(&c, &a, &a, &b);
	point_encode(&c, out, &a);
	point_clear(&a);
	point_clear(&b);
	curve_clear(&c);
}

static void
ristretto_mul(uint8_t *out, const uint8_t *left, const uint8_t *right)
{
	struct curve c;
	struct point a, b;

	curve_init(&c);
	point_init(&a);
	point_init(&b);
	(void)point_decode(&c, &a, left);
	(void)point_decode(&c, &b, right);
	point_add(&c, &a, &a, &b);
	point_encode(&c, out, &a);
	point_clear(&a);
	point_clear(&b);
	curve_clear(&c);
}

static void
ristretto_pow(uint8_t *out, const uint8_t *base, const mpz_t e)
{
	struct curve c;
	struct point a, sum;
	size_t i;

	curve_init(&c);
	point_init(&a);
	point_init(&sum);
	(void)point_decode(&c, &a, base);
	for (i = mpz_sizeinbase(e, 2); i-- > 0;) {
		point_add(&c, &sum, &sum, &sum);
		if (mpz_tstbit(e, i))
			point_add(&c, &sum, &sum, &a);
	}
	point_encode(&c, out, &sum);
	point_clear(&a);
	point_clear(&sum);
	curve_clear(&c);
}

static enum result
ristretto_decode(const uint8_t *bytes)
{
	struct curve c;
	struct point a;
	enum result r;

	curve_init(&c);
	point_init(&a);
	r = point_decode(&c, &a, bytes);
	point_clear(&a);
	curve_clear(&c);
	return r;
}

/* ---- all groups ---- */

void
slow_identity(const struct group *g, uint8_t *out)
{
	memset(out, 0, group_element_bytes(g));
	if (!little_endian(g))
		out[group_element_bytes(g) - 1] = 1;
}

void
slow_generator(const struct group *g, uint8_t *out)
{
	mpz_t x;

	mpz_init_set_ui(x, 2);
	if (little_endian(g))
		/* RFC 9496 A.1, the first multiple */
		mpz_set_str(x,
		    "762d8de04559a6b68ddd82a56a0be358"
		    "5f5100c561a984a8714ebc6a0aaef2e2",
		    16);
	slow_put(out, group_element_bytes(g), g, x);
	mpz_clear(x);
}

/* By the definition of a quadratic residue: x^q = 1. */
static enum result
modp_decode(const struct group *g, const uint8_t *bytes)
{
	enum result r = R_GOOD;
	mpz_t x, p, q;

	mpz_inits(x, p, q, NULL);
	slow_modulus(p, g);
	slow_order(q, g);
	slow_get(x, bytes, group_element_bytes(g), g);
	if (mpz_sgn(x) == 0 || mpz_cmp(x, p) >= 0) {
		r = R_NON_CANONICAL;
	} else {
		mpz_powm(x, x, q, p);
		if (mpz_cmp_ui(x, 1) != 0)
			r = R_NOT_IN_GROUP;
	}
	mpz_clears(x, p, q, NULL);
	return r;
}

enum result
slow_decode(const struct group *g, const uint8_t *bytes, enum decode which)
{
	uint8_t identity[SLOW_BYTES];
	enum result r;

	r = little_endian(g) ? ristretto_decode(bytes) : modp_decode(g, bytes);
	slow_identity(g, identity);
	if (r == R_GOOD && which == DECODE_NO_IDENTITY &&
	    memcmp(bytes, identity, group_element_bytes(g)) == 0)
		r = R_BAD_ELEMENT;
	return r;
}

void
slow_mul(const struct group *g, uint8_t *out, const uint8_t *a, const uint8_t *b)
{
	const size_t n = group_element_bytes(g);
	mpz_t x, y, p;

	if (little_endian(g)) {
		ristretto_mul(out, a, b);
		return;
	}
	mpz_inits(x, y, p, NULL);
	slow_modulus(p, g);
	slow_get(x, a, n, g);
	slow_get(y, b, n, g);
	mpz_mul(x, x, y);
	mpz_mod(x, x, p);
	slow_put(out, n, g, x);
	mpz_clears(x, y, p, NULL);
}

void
slow_pow(const struct group *g, uint8_t *out, const uint8_t *base, const mpz_t e)
{
	const size_t n = group_element_bytes(g);
	mpz_t x, p;

	if (little_endian(g)) {
		ristretto_pow(out, base, e);
		return;
	}
	mpz_inits(x, p, NULL);
	slow_modulus(p, g);
	slow_get(x, base, n, g);
	mpz_powm(x, x, e, p);
	slow_put(out, n, g, x);
	mpz_clears(x, p, NULL);
}
