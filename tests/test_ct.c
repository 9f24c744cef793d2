/*
 * test_ct: the group operations that claim to run in constant time, watched by valgrind
 * (tests/ct_kit.h); the cases that must be found show that it would see a leak.
 */
#include <stdlib.h>

#include "crypto/group.h"
#include "crypto/group_ops.h"
#include "crypto/rng.h"
#include "crypto/scalar.h"
#include "tests/ct_kit.h"

static const uint8_t seed[32] = "test_ct";

static struct svec *
scalars(const struct group *g, size_t n, struct rng *rng)
{
	struct svec *v;

	ct_fine(svec_new(&v, g, n));
	ct_fine(svec_random(v, rng));
	return v;
}

static struct svec *
secret_scalars(const struct group *g, size_t n, struct rng *rng)
{
	struct svec *v = scalars(g, n, rng);

	ct_secret_scalars(v);
	return v;
}

static struct gvec *
elements(const struct group *g, size_t n, const char *label)
{
	struct gvec *v;

	ct_fine(gvec_new(&v, g, n));
	ct_fine(gvec_generators(v, label, 0, NULL));
	return v;
}

static struct gvec *
secret_elements(const struct group *g, size_t n, const char *label)
{
	struct gvec *v = elements(g, n, label);

	ct_secret_elements(v);
	return v;
}

/* ---- the cases ---- */

/* Powers with secret exponents; where they are cheap, 0 and 1 among them. */
static void
case_powers(const struct group *g)
{
	const size_t n = group_element_bytes(g) > 32 ? 1 : 3;
	struct gvec *base = elements(g, n, "base"), *out = elements(g, n, "out"), *one, *first;
	struct svec *e;
	struct rng rng;

	rng_seeded(&rng, seed);
	e = scalars(g, n, &rng);
	if (n == 3) {
		svec_set_u64(e, 1, 0);
		svec_set_u64(e, 2, 1);
	}
	ct_secret_scalars(e);
	ct_fine(gvec_slice(&one, base, 0, 1));
	ct_fine(gvec_slice(&first, out, 0, 1));
	ct_fine(gvec_pow(out, base, e, NULL));
	ct_fine(gvec_pow_fixed(out, one, e, NULL));
	ct_fine(gvec_multipow(first, base, e, NULL));
	gvec_set_generator(one);
	ct_fine(gvec_pow_fixed(out, one, e, NULL));
	gvec_free(one);
	gvec_free(first);
	gvec_free(base);
	gvec_free(out);
	svec_free(e);
}

/* Enough powers for a table, and enough bases for a product of powers at once. */
static void
case_many_powers(const struct group *g)
{
	const size_t N = group_element_bytes(g) > 32 ? 9 : 48;
	struct gvec *base = elements(g, N, "base"), *out = elements(g, N, "out"), *first;
	struct svec *e;
	struct rng rng;

	rng_seeded(&rng, seed);
	e = scalars(g, N, &rng);
	svec_set_u64(e, 1, 0);
	svec_set_u64(e, 2, 1);
	ct_secret_scalars(e);
	ct_fine(gvec_slice(&first, base, 0, 1));
	ct_fine(gvec_pow_fixed(out, first, e, NULL));
	ct_fine(gvec_multipow(first, base, e, NULL));
	gvec_free(first);
	gvec_free(base);
	gvec_free(out);
	svec_free(e);
}

/* Commitments: from tables, alone and with a factor. */
static void
case_commit(const struct group *g)
{
	enum { N = 9 };
	static uint8_t bytes[N * 32];
	struct gvec *base = elements(g, 2, "base"), *v = secret_elements(g, N, "v"), *out, *one;
	struct gbase *x, *y;
	struct svec *e, *f;
	struct rng rng;

	rng_seeded(&rng, seed);
	e = secret_scalars(g, N, &rng);
	f = secret_scalars(g, N, &rng);
	ct_fine(gvec_new(&out, g, N));
	ct_fine(gvec_slice(&one, base, 0, 1));
	ct_fine(gbase_new(&x, one, 1000));
	gvec_free(one);
	ct_fine(gvec_slice(&one, base, 1, 1));
	ct_fine(gbase_new(&y, one, 1000));
	ct_fine(gvec_commit(bytes, 32, NULL, NULL, x, e, NULL, NULL, NULL));
	ct_fine(gvec_commit(bytes, 32, out, NULL, x, e, y, f, NULL));
	ct_fine(gvec_commit(bytes, 32, out, v, x, e, y, f, NULL));
	gvec_free(base);
	gvec_free(v);
	gvec_free(out);
	gvec_free(one);
	gbase_free(x);
	gbase_free(y);
	svec_free(e);
	svec_free(f);
}

/* So many bases that they are sorted by the digits of their exponents: their addresses and
 * those of the buckets follow the digits (crypto/lanes.h, docs/security.md), which ct.supp
 * lets pass; no branch does, which is what is watched here. */
static void
case_buckets(const struct group *g)
{
	enum { N = 300 };
	struct gvec *base = elements(g, N, "base"), *out = elements(g, 1, "out");
	struct svec *e;
	struct rng rng;

	rng_seeded(&rng, seed);
	e = scalars(g, N, &rng);
	svec_set_u64(e, 1, 0);
	svec_set_u64(e, 2, 1);
	ct_secret_scalars(e);
	ct_fine(gvec_multipow(out, base, e, NULL));
	gvec_free(base);
	gvec_free(out);
	svec_free(e);
}

/* The group operation on secret elements. */
static void
case_elements(const struct group *g)
{
	enum { N = 18 };
	struct gvec *a = secret_elements(g, N, "a"), *b = secret_elements(g, N, "b"), *one;
	static uint8_t bytes[N * GROUP_STORE_MAX];

	ct_fine(gvec_slice(&one, b, 0, 1));
	gvec_mul(a, a, b);
	gvec_mul(a, a, one);
	gvec_div(a, a, b);
	gvec_div(a, a, one);
	gvec_product(one, a);
	ct_fine(gvec_encode(bytes, GROUP_STORE_MAX, a, NULL));
	gvec_free(one);
	gvec_free(a);
	gvec_free(b);
}

static void
case_scalars(const struct group *g)
{
	enum { N = 18 };
	struct svec *a, *b, *one;
	static uint8_t bytes[N * GROUP_STORE_MAX];
	uint8_t hash[64] = { 1, 2, 3 };
	uint64_t small = 5;
	struct rng rng;
	int zero;

	rng_seeded(&rng, seed);
	a = secret_scalars(g, N, &rng);
	b = secret_scalars(g, N, &rng);
	ct_fine(svec_slice(&one, b, 0, 1));
	svec_add(a, a, b);
	svec_add(a, a, one);
	svec_sub(a, a, b);
	svec_mul(a, a, b);
	svec_muladd(a, a, b, a);
	svec_muladd(a, a, one, b);
	svec_neg(a, a);
	svec_invert(a, a);
	svec_sum(one, a);
	svec_product(one, a);
	svec_inner(one, a, b);
	svec_chain(a, one, a, b);
	svec_encode(bytes, GROUP_STORE_MAX, a);
	zero = svec_is_zero(a, 3);
	ct_secret(&small, sizeof small);
	svec_set_u64(a, 0, small);
	ct_secret(hash, sizeof hash);
	svec_from_hash(a, 1, hash);
	ct_secret(bytes, sizeof bytes);
	svec_from_wide(a, 2, bytes);
	svec_from_128(a, bytes);
	/* the test itself may look at the answer */
	ct_public(&zero, sizeof zero);
	if (zero)
		exit(2);
	svec_free(one);
	svec_free(a);
	svec_free(b);
}

/* The arithmetic of ristretto255's scalars that vectors do not offer. */
static void
case_scalar(const struct group *g)
{
	uint8_t s[SCALAR_BYTES], wide[SCALAR_WIDE] = { 1, 2, 3 };
	int canonical;

	(void)g;
	ct_secret(wide, sizeof wide);
	scalar_reduce(s, wide);
	scalar_half(s, s);
	scalar_invert(s, s);
	canonical = scalar_canonical(s);
	ct_public(&canonical, sizeof canonical);
	if (!canonical)
		exit(2);
}

/* Nonces: a secret key of a stream, all the way to a commitment. */
static void
case_stream(const struct group *g)
{
	struct gvec *base = elements(g, 1, "base"), *out = elements(g, 2, "out");
	uint8_t secret[32] = "secret", statement[32] = "statement";
	struct rng rng, nonces;
	struct svec *w, *many;

	rng_seeded(&rng, seed);
	ct_secret(rng.key, sizeof rng.key);
	ct_secret(secret, sizeof secret);
	rng_hedged(&nonces, &rng, "label", secret, sizeof secret, statement, sizeof statement);
	ct_fine(svec_new(&w, g, 2));
	ct_fine(svec_random(w, &nonces));
	/* enough for the cipher of long reads, and for two of them */
	ct_fine(svec_new(&many, g, 300));
	ct_fine(svec_random(many, &nonces));
	svec_free(many);
	ct_fine(gvec_pow_fixed(out, base, w, NULL));
	rng_wipe(&nonces);
	rng_wipe(&rng);
	svec_free(w);
	gvec_free(base);
	gvec_free(out);
}

/* Must be found: a branch on a secret. */
static void
case_compares(const struct group *g)
{
	struct svec *a, *b;
	struct rng rng;

	rng_seeded(&rng, seed);
	a = secret_scalars(g, 2, &rng);
	b = scalars(g, 2, &rng);
	if (svec_differ_vartime(a, b) == 1)
		exit(2);
	svec_free(a);
	svec_free(b);
}

/* Must be found: an address made from a secret. */
static void
case_looks_up(const struct group *g)
{
	uint32_t index[2] = { 1, 0 };
	struct svec *a, *b;
	struct rng rng;

	rng_seeded(&rng, seed);
	a = scalars(g, 2, &rng);
	b = scalars(g, 2, &rng);
	ct_secret(index, sizeof index);
	svec_gather(a, b, index);
	svec_free(a);
	svec_free(b);
}

/* Must be found for modp: GMP's ordinary power. */
static void
case_vartime(const struct group *g)
{
	struct gvec *base = elements(g, 1, "base");
	struct svec *e;
	struct rng rng;

	rng_seeded(&rng, seed);
	e = secret_scalars(g, 1, &rng);
	ct_fine(gvec_pow_vartime(base, base, e, NULL));
	gvec_free(base);
	svec_free(e);
}

static const struct ct_case cases[] = {
	{ "powers", case_powers, "ristretto255", 0 },
	{ "many_powers", case_many_powers, "ristretto255", 0 },
	{ "commit", case_commit, "ristretto255", 0 },
	{ "buckets", case_buckets, "ristretto255", 0 },
	{ "elements", case_elements, "ristretto255", 0 },
	{ "scalars", case_scalars, "ristretto255", 0 },
	{ "scalar", case_scalar, "ristretto255", 0 },
	{ "stream", case_stream, "ristretto255", 0 },
	{ "powers", case_powers, "modp2048", 0 },
	{ "many_powers", case_many_powers, "modp2048", 0 },
	{ "elements", case_elements, "modp2048", 0 },
	{ "scalars", case_scalars, "modp2048", 0 },
	{ "stream", case_stream, "modp2048", 0 },
	{ "powers", case_powers, "modp3072", 0 },
	{ "elements", case_elements, "modp3072", 0 },
	{ "scalars", case_scalars, "modp3072", 0 },
	{ "powers", case_powers, "modp4096", 0 },
	{ "many_powers", case_many_powers, "modp4096", 0 },
	{ "elements", case_elements, "modp4096", 0 },
	{ "scalars", case_scalars, "modp4096", 0 },
	{ "compares", case_compares, "ristretto255", 1 },
	{ "compares", case_compares, "modp2048", 1 },
	{ "looks_up", case_looks_up, "ristretto255", 1 },
	{ "vartime", case_vartime, "modp2048", 1 },
};

int
main(int argc, char **argv)
{
	return ct_main(argc, argv, "ct", cases, (int)(sizeof cases / sizeof cases[0]));
}
