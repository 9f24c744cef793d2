#include <gmp.h>
#include <math.h>
#include <sodium.h>
#include <string.h>

#include "tests/bench/bench.h"
#include "tests/bench/field.h"

/* Other processes make a run longer, never shorter: the shortest is the truth. */
double
bench_quickest(void (*f)(void *), void *ctx)
{
	double best = HUGE_VAL, begin = bench_clock(), from, spent;
	int run;

	for (run = 0; run < 25; run++) {
		from = bench_clock();
		f(ctx);
		spent = bench_clock() - from;
		if (spent < best)
			best = spent;
		if (run >= 2 && bench_clock() - begin > 0.05)
			break;
	}
	return best;
}

int
bench_is_curve(const struct group *g)
{
	return strcmp(group_name(g), "ristretto255") == 0;
}

/* ---- libsodium, one at a time ---- */

#define CALLS 4

struct sodium {
	uint8_t point[2][crypto_core_ristretto255_BYTES];
	uint8_t scalar[crypto_core_ristretto255_SCALARBYTES];
	uint8_t hash[crypto_core_ristretto255_HASHBYTES];
	uint8_t out[crypto_core_ristretto255_BYTES];
	int bad;
};

static void
single_base(void *ctx)
{
	struct sodium *s = ctx;
	int i;

	for (i = 0; i < CALLS; i++)
		s->bad |= crypto_scalarmult_ristretto255_base(s->out, s->scalar);
}

static void
single_power(void *ctx)
{
	struct sodium *s = ctx;
	int i;

	for (i = 0; i < CALLS; i++)
		s->bad |= crypto_scalarmult_ristretto255(s->out, s->scalar, s->point[0]);
}

static void
single_add(void *ctx)
{
	struct sodium *s = ctx;
	int i;

	for (i = 0; i < CALLS; i++)
		s->bad |= crypto_core_ristretto255_add(s->out, s->point[0], s->point[1]);
}

static void
single_map(void *ctx)
{
	struct sodium *s = ctx;
	int i;

	for (i = 0; i < CALLS; i++)
		s->bad |= crypto_core_ristretto255_from_hash(s->out, s->hash);
}

static void
single_decode(void *ctx)
{
	struct sodium *s = ctx;
	int i;

	for (i = 0; i < CALLS; i++)
		s->bad |= crypto_core_ristretto255_is_valid_point(s->point[0]) != 1;
}

/* times * the time of one call, in microseconds; not measured if it is not needed. */
static double
price(double times, void (*f)(void *), void *ctx)
{
	return times > 0 ? times * bench_quickest(f, ctx) * 1e6 / CALLS : 0;
}

static double
curve_one_at_a_time(const struct work *w)
{
	struct sodium s = { .bad = 0 };
	double us;

	crypto_core_ristretto255_random(s.point[0]);
	crypto_core_ristretto255_random(s.point[1]);
	crypto_core_ristretto255_scalar_random(s.scalar);
	randombytes_buf(s.hash, sizeof s.hash);
	us = price(w->base, single_base, &s) +
	    price(w->power + w->challenge + w->small, single_power, &s) +
	    price(w->add, single_add, &s) + price(w->map, single_map, &s) +
	    price(w->decode, single_decode, &s);
	if (s.bad)
		bench_fail(EXIT_FAILURE, "libsodium refuses what it has made");
	return us;
}

/* ---- GMP, one at a time ---- */

struct big {
	mpz_t p, base, other, exponent, out;
	int answer;
};

static void
random_bits(mpz_t out, size_t bits)
{
	uint8_t bytes[GROUP_ENCODING_MAX];

	randombytes_buf(bytes, bits / 8);
	bytes[0] |= 0x80;
	mpz_import(out, bits / 8, 1, 1, 1, 0, bytes);
}

static void
big_init(struct big *b, const struct group *g)
{
	mp_limb_t p[FIELD_LIMBS_MAX];
	size_t n;

	mpz_inits(b->p, b->base, b->other, b->exponent, b->out, NULL);
	n = field_modulus(p, g);
	mpz_import(b->p, n, -1, sizeof *p, 0, 0, p);
	random_bits(b->base, group_element_bytes(g) * 8 - 8);
	random_bits(b->other, group_element_bytes(g) * 8 - 8);
	mpz_mul(b->base, b->base, b->base);
	mpz_mod(b->base, b->base, b->p);
}

static void
big_clear(struct big *b)
{
	mpz_clears(b->p, b->base, b->other, b->exponent, b->out, NULL);
}

static void
big_power(void *ctx)
{
	struct big *b = ctx;

	mpz_powm(b->out, b->base, b->exponent, b->p);
}

static void
big_mul(void *ctx)
{
	struct big *b = ctx;

	mpz_mul(b->out, b->base, b->other);
	mpz_mod(b->out, b->out, b->p);
}

static void
big_decode(void *ctx)
{
	struct big *b = ctx;

	b->answer = mpz_jacobi(b->base, b->p);
}

static double
big_price(struct big *b, double times, void (*f)(void *), size_t exponent_bits)
{
	if (times <= 0)
		return 0;
	if (exponent_bits > 0)
		random_bits(b->exponent, exponent_bits);
	return times * bench_quickest(f, b) * 1e6;
}

static double
modp_one_at_a_time(const struct group *g, const struct work *w)
{
	struct big b;
	double us;

	big_init(&b, g);
	/* A hash becomes an element by squaring. */
	us = big_price(&b, w->base + w->power, big_power, group_scalar_bytes(g) * 8) +
	    big_price(&b, w->challenge, big_power, 256) +
	    big_price(&b, w->small, big_power, SMALL_BITS) +
	    big_price(&b, w->add + w->map, big_mul, 0) +
	    big_price(&b, w->decode + w->member, big_decode, 0);
	big_clear(&b);
	return us;
}

double
bench_one_at_a_time(const struct group *g, const struct work *w)
{
	return bench_is_curve(g) ? curve_one_at_a_time(w) : modp_one_at_a_time(g, w);
}

/* ---- the field ---- */

/* As many numbers as a field has, so many times: long enough to time. */
#define ROUNDS 16

static void
rounds_mul(void *field)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		field_mul(field);
}

static void
rounds_square(void *field)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		field_square(field);
}

/* Seconds of one product and one squaring of the path. */
static void
measure_field(double *mul, double *square, const struct group *g)
{
	struct field *f;
	struct rng rng;

	bench_must(rng_system(&rng), "random bytes");
	f = field_new(g, &rng);
	*mul = bench_quickest(rounds_mul, f) / (FIELD_NUMBERS * ROUNDS);
	*square = bench_quickest(rounds_square, f) / (FIELD_NUMBERS * ROUNDS);
	field_free(f);
}

struct limbs {
	mp_limb_t a[FIELD_LIMBS_MAX], b[FIELD_LIMBS_MAX], out[2 * FIELD_LIMBS_MAX];
	mp_size_t n;
};

static void
limbs_mul(void *ctx)
{
	struct limbs *l = ctx;
	int i;

	for (i = 0; i < ROUNDS; i++)
		mpn_mul_n(l->out, l->a, l->b, l->n);
}

static void
limbs_square(void *ctx)
{
	struct limbs *l = ctx;
	int i;

	for (i = 0; i < ROUNDS; i++)
		mpn_sqr(l->out, l->a, l->n);
}

/* The same by GMP's own powers: a squaring is what it takes for one of those of base^(2^k), a
 * product differs from it before the reduction only. */
static void
measure_gmp(double *mul, double *square, struct big *b, const struct group *g)
{
	const size_t bits = group_scalar_bytes(g) * 8 - 8;
	struct limbs limbs = { .n = (mp_size_t)(group_element_bytes(g) / sizeof(mp_limb_t)) };

	randombytes_buf(limbs.a, sizeof limbs.a);
	randombytes_buf(limbs.b, sizeof limbs.b);
	mpz_set_ui(b->exponent, 1);
	mpz_mul_2exp(b->exponent, b->exponent, bits);
	*square = bench_quickest(big_power, b) / (double)bits;
	*mul = *square +
	    (bench_quickest(limbs_mul, &limbs) - bench_quickest(limbs_square, &limbs)) / ROUNDS;
}

double
bench_least(const struct group *g, const struct least *l)
{
	double mul, square, gmp_mul, gmp_square, jacobi = 0;
	struct big b;

	measure_field(&mul, &square, g);
	if (!bench_is_curve(g)) {
		big_init(&b, g);
		measure_gmp(&gmp_mul, &gmp_square, &b, g);
		mul = fmin(mul, gmp_mul);
		square = fmin(square, gmp_square);
		if (l->jacobi > 0)
			jacobi = bench_quickest(big_decode, &b);
		big_clear(&b);
	}
	return (l->mul * mul + l->square * square + l->jacobi * jacobi) * 1e6;
}
