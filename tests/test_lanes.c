/*
 * test_lanes: every path of crypto/lanes.h that this machine has, beside the portable one and
 * libsodium; and the vector fields beside crypto/fe51.h. With TABELLA_LONG=n in the
 * environment the random ones go on until n elements have been compared in all.
 */
#include <check.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/lanes.h"
#include "crypto/mem.h"
#include "crypto/ristretto_point.h"
#include "crypto/rng.h"
#include "tests/suite.h"
#include "tests/vfield.h"

static const struct lanes *const slow = &lanes_portable;

/* The paths of this machine; the first one is the portable one. */
static enum cpu present[CPU_COUNT];
static int paths;

static void
find_paths(void)
{
	enum cpu cpu;

	for (cpu = CPU_PORTABLE; cpu < CPU_COUNT; cpu++)
		if (cpu_has(cpu))
			present[paths++] = cpu;
		else
			suite_skip("the path %s: this machine does not have it, or it was not "
				   "built",
			    cpu_name(cpu));
}

static const struct lanes *
path(int i)
{
	return lanes_for(present[i]);
}

static unsigned long
asked(unsigned long usual)
{
	const char *s = getenv("TABELLA_LONG");

	return s != NULL ? strtoul(s, NULL, 10) : usual;
}

/* ---- the fields ---- */

/* Of every path but the portable one. */
static const struct vfield *
field(int i)
{
#if TABELLA_AVX2
	if (present[i] == CPU_AVX2)
		return &vfield_avx2;
#endif
#if TABELLA_IFMA
	if (present[i] == CPU_IFMA)
		return &vfield_ifma;
#endif
	ck_abort_msg("no field for the path %s", cpu_name(present[i]));
}

/* Limbs at the edges, by chance, or anything. */
static void
draw_number(struct fe *a, uint64_t bound, struct rng *rng)
{
	const uint64_t edges[] = { 0, 1, 18, 19, FE_MASK - 19, FE_MASK - 18, FE_MASK - 1, FE_MASK,
		FE_MASK + 1, bound - 1, ((uint64_t)1 << 26) - 1, (uint64_t)1 << 26,
		FE_MASK - (((uint64_t)1 << 26) - 1) };
	const uint32_t n = sizeof edges / sizeof edges[0];
	unsigned k;

	rng_fill(rng, (uint8_t *)a, sizeof *a);
	for (k = 0; k < 5; k++)
		if (rng_below(rng, 3) != 0)
			a->v[k] = edges[rng_below(rng, n)];
		else
			a->v[k] %= bound;
}

typedef void vfield_op(struct fe *out, const struct fe *a, const struct fe *b);

static void
same_numbers(const struct vfield *f, vfield_op *op, const struct fe *a, const struct fe *b,
    const struct fe want[VFIELD_MOST])
{
	uint8_t w[FE_BYTES], h[FE_BYTES];
	struct fe have[VFIELD_MOST];
	unsigned i, k;

	op(have, a, b);
	for (i = 0; i < VFIELD_MOST; i++) {
		/* assertions only where they fail: they cost more than what is tested */
		for (k = 0; k < 5; k++)
			if (have[i].v[k] >= f->bound)
				ck_abort_msg("limb %u", k);
		fe_to_bytes(w, &want[i]);
		fe_to_bytes(h, &have[i]);
		if (memcmp(w, h, FE_BYTES) != 0)
			ck_assert_mem_eq(h, w, FE_BYTES);
	}
}

START_TEST(fields)
{
	const uint8_t seed[32] = "test_lanes field";
	const struct vfield *f = field(_i);
	const unsigned long total = asked(4000);
	struct fe a[VFIELD_MOST], b[VFIELD_MOST], want[8][VFIELD_MOST], t;
	unsigned long done;
	struct rng rng;
	unsigned i;

	rng_seeded(&rng, seed);
	for (done = 0; done < total; done += VFIELD_MOST) {
		for (i = 0; i < VFIELD_MOST; i++) {
			draw_number(&a[i], f->bound, &rng);
			draw_number(&b[i], f->bound, &rng);
			fe_mul(&want[0][i], &a[i], &b[i]);
			fe_square(&want[1][i], &a[i]);
			fe_add(&want[2][i], &a[i], &b[i]);
			fe_sub(&want[3][i], &a[i], &b[i]);
			fe_neg(&want[4][i], &want[0][i]);
			fe_square(&t, &b[i]);
			fe_add(&want[5][i], &want[0][i], &want[0][i]);
			fe_add(&want[5][i], &want[5][i], &want[1][i]);
			fe_sub(&want[5][i], &want[5][i], &t);
			want[7][i] = a[i];
		}
		same_numbers(f, f->mul, a, b, want[0]);
		same_numbers(f, f->square, a, b, want[1]);
		same_numbers(f, f->add, a, b, want[2]);
		same_numbers(f, f->sub, a, b, want[3]);
		same_numbers(f, f->mul_neg, a, b, want[4]);
		same_numbers(f, f->sums, a, b, want[5]);
		same_numbers(f, f->canonical, a, b, want[7]);
		if (done / VFIELD_MOST % 64 != 0)
			continue;
		for (i = 0; i < VFIELD_MOST; i++)
			fe_invert(&want[6][i], &a[i]);
		same_numbers(f, f->invert, a, b, want[6]);
	}
}
END_TEST

/* What vfe_canonical leaves is the one form there is. */
START_TEST(canonical)
{
	const struct vfield *f = field(_i);
	struct fe a[VFIELD_MOST], have[VFIELD_MOST], want;
	uint8_t bytes[FE_BYTES];
	int by, i, k;

	for (by = -64; by < 64; by += VFIELD_MOST) {
		for (i = 0; i < VFIELD_MOST; i++) {
			for (k = 0; k < 5; k++)
				a[i].v[k] = FE_MASK;
			/* p + by + i, by way of a limb that is too large */
			a[i].v[0] = FE_MASK - 18 + (uint64_t)(by + i);
		}
		f->canonical(have, a, a);
		for (i = 0; i < VFIELD_MOST; i++) {
			fe_to_bytes(bytes, &a[i]);
			fe_from_bytes(&want, bytes);
			for (k = 0; k < 5; k++)
				ck_assert_uint_eq(have[i].v[k], want.v[k]);
		}
	}
}
END_TEST

/* ---- elements and exponents ---- */

/* The largest array that the tests below use. */
#define MOST 1100

/* Every limb as fe51.h promises to those who get the point. */
static void
tight(const struct ed *p, size_t n)
{
	const struct fe *part;
	unsigned k, l;
	size_t i;

	for (i = 0; i < n; i++)
		for (k = 0; k < 4; k++) {
			part = k == 0 ? &p[i].x : k == 1 ? &p[i].y : k == 2 ? &p[i].z : &p[i].t;
			for (l = 0; l < 5; l++)
				if (part->v[l] >= ((uint64_t)1 << 51) + ((uint64_t)1 << 13))
					ck_abort_msg("element %zu, number %u, limb %u", i, k, l);
		}
}

/* Not only the same element: points must be on the curve, with x y = z t. */
static void
same(const struct ed *have, const struct ed *want, size_t n)
{
	struct fe l, r, t;
	size_t i;

	tight(have, n);
	for (i = 0; i < n; i++) {
		if (!ristretto_equal(&have[i], &want[i]))
			ck_abort_msg("element %zu of %zu differs", i, n);
		fe_mul(&l, &have[i].x, &have[i].y);
		fe_mul(&r, &have[i].z, &have[i].t);
		if (!fe_equal(&l, &r))
			ck_abort_msg("x y is not z t");
		/* y^2 - x^2 = z^2 + d t^2 */
		fe_square(&l, &have[i].y);
		fe_square(&t, &have[i].x);
		fe_sub(&l, &l, &t);
		fe_square(&r, &have[i].z);
		fe_square(&t, &have[i].t);
		fe_mul(&t, &t, &fe_d);
		fe_add(&r, &r, &t);
		fe_carry(&l);
		fe_carry(&r);
		if (!fe_equal(&l, &r))
			ck_abort_msg("not on the curve");
	}
}

/* The points of order 1, 2, 4, 4: each is the identity as an element. */
static void
torsion(struct ed *p, unsigned i)
{
	*p = ed_identity;
	if (i == 1) {
		fe_neg(&p->y, &p->y);
	} else if (i >= 2) {
		p->x = fe_i;
		p->y = fe_zero;
		if (i == 3)
			fe_neg(&p->x, &p->x);
	}
}

/* Any point of an element: another of its class, with any z. */
static void
disguise(struct ed *p, struct rng *rng)
{
	uint8_t bytes[FE_BYTES];
	struct ed_cached add;
	struct ed other;
	struct fe z;

	torsion(&other, rng_below(rng, 4));
	ed_cache(&add, &other);
	ed_add(p, p, &add);
	rng_fill(rng, bytes, sizeof bytes);
	fe_from_bytes(&z, bytes);
	if (rng_below(rng, 4) == 0)
		z = fe_one;
	fe_mul(&p->x, &p->x, &z);
	fe_mul(&p->y, &p->y, &z);
	fe_mul(&p->t, &p->t, &z);
	fe_mul(&p->z, &p->z, &z);
}

static void
draw_elements(struct ed *p, size_t n, struct rng *rng)
{
	uint8_t wide[64];
	size_t i;

	for (i = 0; i < n; i++) {
		rng_fill(rng, wide, sizeof wide);
		ristretto_map(&p[i], wide);
		switch (rng_below(rng, 12)) {
		case 0: p[i] = ed_identity; break;
		case 1: p[i] = ed_generator; break;
		case 2: p[i] = i > 0 ? p[i - 1] : p[i]; break;
		default: break;
		}
		disguise(&p[i], rng);
	}
}

/* 0, 1, q - 1, powers of two and their neighbours, runs of ones, short ones, and any. */
static void
draw_exponents(uint8_t *e, size_t stride, size_t n, unsigned bits, struct rng *rng)
{
	static const uint8_t minus_one[32] = { 0xec, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6,
		0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0x10 };
	uint8_t wide[64], *x;
	uint32_t from, to;
	size_t i;

	for (i = 0; i < n; i++) {
		x = e + i * stride;
		rng_fill(rng, wide, sizeof wide);
		crypto_core_ristretto255_scalar_reduce(x, wide);
		switch (rng_below(rng, 8)) {
		case 0: memset(x, 0, 32); break;
		case 1:
			memcpy(x, minus_one, 32);
			x[0] = (uint8_t)(x[0] - rng_below(rng, 3));
			break;
		case 2: /* ones from one bit to another */
			memset(x, 0, 32);
			from = rng_below(rng, 252);
			to = from + rng_below(rng, 253 - from);
			for (; from < to; from++)
				x[from / 8] = (uint8_t)(x[from / 8] | 1u << from % 8);
			break;
		case 3: memset(x + 16, 0, 16); break;
		case 4: memset(x + 1, 0, 31); break;
		default: break;
		}
		for (from = bits; from < 256; from++)
			x[from / 8] = (uint8_t)(x[from / 8] & ~(1u << from % 8));
	}
}

/* ---- operations ---- */

struct arena {
	struct ed a[MOST], b[MOST], have[MOST], want[MOST];
	uint8_t e[MOST * 40], s[MOST * 40], t[MOST * 40], wide[MOST * 64];
	enum result have_verdict[MOST], want_verdict[MOST];
};

static struct arena *
arena_new(void)
{
	struct arena *x = mem_new(1, sizeof *x);

	ck_assert_ptr_nonnull(x);
	return x;
}

static void
encodings(const struct lanes *fast, struct arena *x, size_t n, size_t stride)
{
	size_t i;

	memset(x->s, 0x55, sizeof x->s);
	memset(x->t, 0x55, sizeof x->t);
	fast->encode(x->s, stride, x->a, n);
	slow->encode(x->t, stride, x->a, n);
	ck_assert_mem_eq(x->s, x->t, sizeof x->s);
	fast->decode(x->have, x->have_verdict, x->s, stride, n);
	for (i = 0; i < n; i++)
		if (x->have_verdict[i] != R_GOOD)
			ck_assert_int_eq(x->have_verdict[i], R_GOOD);
	same(x->have, x->a, n);
	fast->encode_double(x->s, stride, x->a, n);
	slow->encode_double(x->t, stride, x->a, n);
	ck_assert_mem_eq(x->s, x->t, sizeof x->s);
}

static void
sums(const struct lanes *fast, struct arena *x, size_t n)
{
	size_t step;

	for (step = 0; step < 2; step++) {
		slow->add(x->want, x->a, x->b, step, n);
		fast->add(x->have, x->a, x->b, step, n);
		same(x->have, x->want, n);
		slow->sub(x->want, x->a, x->b, step, n);
		fast->sub(x->have, x->a, x->b, step, n);
		same(x->have, x->want, n);
	}
	/* what is there already, as output */
	slow->add(x->want, x->a, x->b, 1, n);
	memcpy(x->have, x->b, n * sizeof x->b[0]);
	fast->add(x->have, x->a, x->have, 1, n);
	same(x->have, x->want, n);
	slow->twice(x->want, x->a, n);
	memcpy(x->have, x->a, n * sizeof x->a[0]);
	fast->twice(x->have, x->have, n);
	same(x->have, x->want, n);
	slow->sum(x->want, x->a, n);
	fast->sum(x->have, x->a, n);
	same(x->have, x->want, 1);
	if (n > 0) {
		memcpy(x->have, x->a, n * sizeof x->a[0]);
		fast->sum(&x->have[n - 1], x->have, n);
		same(&x->have[n - 1], x->want, 1);
	}
}

static void
powers(const struct lanes *fast, struct arena *x, size_t n, size_t stride)
{
	struct lanes_table *slow_table, *fast_table;
	size_t step, e_stride;

	for (step = 0; step < 2; step++)
		for (e_stride = 0; e_stride <= stride; e_stride += stride) {
			slow->pow(x->want, x->a, step, x->e, e_stride, n);
			fast->pow(x->have, x->a, step, x->e, e_stride, n);
			same(x->have, x->want, n);
		}
	ck_assert_int_eq(slow->table(&slow_table, &x->a[0]), R_GOOD);
	ck_assert_int_eq(fast->table(&fast_table, &x->a[0]), R_GOOD);
	for (e_stride = 0; e_stride <= stride; e_stride += stride) {
		slow->table_pow(x->want, slow_table, x->e, e_stride, NULL, n);
		fast->table_pow(x->have, fast_table, x->e, e_stride, NULL, n);
		same(x->have, x->want, n);
		slow->table_pow(x->want, slow_table, x->e, e_stride, x->b, n);
		memcpy(x->have, x->b, n * sizeof x->b[0]);
		fast->table_pow(x->have, fast_table, x->e, e_stride, x->have, n);
		same(x->have, x->want, n);
	}
	mem_free(slow_table);
	mem_free(fast_table);
}

static void
products(const struct lanes *fast, struct arena *x, size_t n, size_t stride)
{
	ck_assert_int_eq(slow->multi_vartime(x->want, x->a, x->e, stride, n), R_GOOD);
	ck_assert_int_eq(fast->multi_vartime(x->have, x->a, x->e, stride, n), R_GOOD);
	same(x->have, x->want, 1);
	ck_assert_int_eq(fast->multi(x->have, x->a, x->e, stride, n), R_GOOD);
	same(x->have, x->want, 1);
}

/* Lengths around every number of lanes, and around where the methods change. */
static const size_t lengths[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 31,
	32, 33, 63, 64, 65, 127, 128, 129 };

#define LENGTHS (sizeof lengths / sizeof lengths[0])

START_TEST(all_operations)
{
	const uint8_t seed[32] = "test_lanes operations";
	const struct lanes *fast = path(_i % paths);
	const size_t n = lengths[_i / paths];
	struct arena *x = arena_new();
	struct rng rng;

	rng_seeded(&rng, seed);
	draw_elements(x->a, n + 1, &rng);
	draw_elements(x->b, n + 1, &rng);
	encodings(fast, x, n, 32 + n % 3 * 4);
	sums(fast, x, n);
	draw_exponents(x->e, 32 + n % 2 * 8, n + 1, 256, &rng);
	powers(fast, x, n, 32 + n % 2 * 8);
	products(fast, x, n, 32 + n % 2 * 8);
	products(fast, x, n, 0);
	mem_free(x);
}
END_TEST

/* Products of many powers, exponents of every length, most of them alike or not at all. */
START_TEST(long_products)
{
	const uint8_t seed[32] = "test_lanes products";
	static const size_t sizes[] = { 255, 256, 257, 300, 511, 513, MOST };
	static const unsigned bits[] = { 256, 0, 1, 7, 8, 64, 127, 128, 129, 251 };
	const struct lanes *fast = path(_i);
	struct arena *x = arena_new();
	struct rng rng;
	size_t i, k;

	rng_seeded(&rng, seed);
	draw_elements(x->a, MOST, &rng);
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		for (k = 0; k < sizeof bits / sizeof bits[0]; k++) {
			if (sizes[i] > 300 && k % 3 != 0)
				continue;
			draw_exponents(x->e, 32, sizes[i], bits[k], &rng);
			products(fast, x, sizes[i], 32);
		}
		/* one exponent for all: one bucket, which goes through all lanes */
		draw_exponents(x->e, 32, 1, 256, &rng);
		products(fast, x, sizes[i], 0);
	}
	mem_free(x);
}
END_TEST

/* ---- strings ---- */

static void
same_verdicts(const struct lanes *fast, struct arena *x, size_t n, size_t stride)
{
	size_t i;

	slow->decode(x->want, x->want_verdict, x->s, stride, n);
	fast->decode(x->have, x->have_verdict, x->s, stride, n);
	for (i = 0; i < n; i++) {
		if (x->have_verdict[i] != x->want_verdict[i])
			ck_assert_int_eq(x->have_verdict[i], x->want_verdict[i]);
		if (x->want_verdict[i] == R_GOOD)
			same(&x->have[i], &x->want[i], 1);
	}
}

/* Add a small number, of either sign, to a little-endian one. */
static void
shift(uint8_t s[32], int by)
{
	int i, x = by;

	for (i = 0; i < 32; i++) {
		x += s[i];
		s[i] = (uint8_t)(x & 0xff);
		x = (x - (x & 0xff)) / 256;
	}
}

/* Around every bit, and so around the borders of limbs of any path, around p, 2p, 2^255;
 * multiples of the generator and what lies beside them. */
START_TEST(edges)
{
	const struct lanes *fast = path(_i);
	struct arena *x = arena_new();
	struct ed p = ed_identity;
	struct ed_cached g;
	size_t n = 0;
	int i, by;

	ed_cache(&g, &ed_generator);
	for (i = 0; i < 256 + 3 + 32; i++) {
		for (by = -24; by <= 24; by++, n++) {
			uint8_t *s;

			if (n == MOST) {
				same_verdicts(fast, x, n, 32);
				n = 0;
			}
			s = x->s + 32 * n;
			memset(s, i >= 256 && i < 259 ? 0xff : 0, 32);
			if (i < 256)
				s[i / 8] = (uint8_t)(1 << i % 8);
			else if (i == 256) /* p */
				s[0] = 0xed, s[31] = 0x7f;
			else if (i == 257) /* 2p */
				s[0] = 0xda;
			else if (i >= 259)
				ristretto_encode(s, &p);
			shift(s, by);
		}
		ed_add(&p, &p, &g);
	}
	same_verdicts(fast, x, n, 32);
	mem_free(x);
}
END_TEST

/* ---- at random, as long as asked for ---- */

START_TEST(long_run)
{
	enum { N = 48 };
	const uint8_t seed[32] = "test_lanes long";
	const struct lanes *fast = path(_i);
	const unsigned long total = asked(4 * N);
	struct arena *x = arena_new();
	uint8_t want[32];
	unsigned long done;
	struct rng rng;
	size_t i;

	rng_seeded(&rng, seed);
	/* ten elements are compared for each of N */
	for (done = 0; done < total; done += 10 * N) {
		draw_elements(x->a, N, &rng);
		draw_elements(x->b, N, &rng);
		draw_exponents(x->e, 32, N, 256, &rng);
		encodings(fast, x, N, 32);
		for (i = 0; i < N; i++) {
			rng_fill(&rng, x->s + 32 * i, 32);
			x->s[32 * i] &= 0xfe;
			x->s[32 * i + 31] &= 0x7f;
		}
		same_verdicts(fast, x, N, 32);
		rng_fill(&rng, x->wide, N * 64);
		fast->map(x->have, x->wide, N);
		tight(x->have, N);
		fast->encode(x->s, 32, x->have, N);
		for (i = 0; i < N; i++) {
			ck_assert_int_eq(crypto_core_ristretto255_from_hash(want, x->wide + 64 * i),
			    0);
			if (memcmp(want, x->s + 32 * i, 32) != 0)
				ck_assert_mem_eq(x->s + 32 * i, want, 32);
		}
		sums(fast, x, N);
		products(fast, x, N, 32);
		if (done / (10 * N) % 8 == 0)
			powers(fast, x, N, 32);
	}
	mem_free(x);
}
END_TEST

/* libsodium's answers, where it is right. */
START_TEST(beside_libsodium)
{
	enum { N = 20 };
	const uint8_t seed[32] = "test_lanes sodium";
	const struct lanes *fast = path(_i);
	struct arena *x = arena_new();
	uint8_t want[32];
	struct rng rng;
	size_t i;

	rng_seeded(&rng, seed);
	draw_elements(x->a, N, &rng);
	draw_exponents(x->e, 32, N, 256, &rng);
	fast->encode(x->s, 32, x->a, N);
	fast->pow(x->have, x->a, 1, x->e, 32, N);
	fast->encode(x->t, 32, x->have, N);
	for (i = 0; i < N; i++) {
		if (crypto_scalarmult_ristretto255(want, x->e + 32 * i, x->s + 32 * i) != 0)
			memset(want, 0, 32); /* its answer for the identity */
		ck_assert_mem_eq(x->t + 32 * i, want, 32);
	}
	mem_free(x);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lanes");
	TCase *tc = tcase_create("lanes");

	find_paths();
	tcase_add_loop_test(tc, fields, 1, paths);
	tcase_add_loop_test(tc, canonical, 1, paths);
	tcase_add_loop_test(tc, all_operations, 0, (int)LENGTHS * paths);
	tcase_add_loop_test(tc, long_products, 0, paths);
	tcase_add_loop_test(tc, edges, 0, paths);
	tcase_add_loop_test(tc, beside_libsodium, 0, paths);
	tcase_add_loop_test(tc, long_run, 0, paths);
	tcase_set_timeout(tc, getenv("TABELLA_LONG") != NULL ? 0 : 300);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
