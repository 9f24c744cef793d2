/*
 * test_mem: memory comes zeroed and aligned or not at all, and goes back wiped. Linked
 * with --wrap=free, so that each block can be looked at when it is freed, and with
 * --wrap=calloc, so that memory can run out.
 */
#include <check.h>
#include <gmp.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/group.h"
#include "crypto/group_ops.h"
#include "crypto/mem.h"
#include "tests/suite.h"

/* ---- what is freed ---- */

/* A secret byte that nobody else writes eight times in a row. */
#define SECRET 0xd3

static int leaks; /* blocks freed with a secret in them */

void __real_free(void *p);
void __wrap_free(void *p);

void
__wrap_free(void *p)
{
	const unsigned char *byte = p;
	size_t i, run = 0;

	for (i = 0; p != NULL && i < malloc_usable_size(p); i++) {
		run = byte[i] == SECRET ? run + 1 : 0;
		if (run == 8) {
			leaks++;
			break;
		}
	}
	__real_free(p);
}

/* The detector itself. */
START_TEST(finds_what_is_not_wiped)
{
	volatile unsigned char *p = malloc(100);
	size_t i;

	ck_assert(p != NULL);
	for (i = 0; i < 100; i++)
		p[i] = SECRET;
	free((void *)(uintptr_t)p);
	ck_assert_int_eq(leaks, 1);
}
END_TEST

START_TEST(wipes)
{
	static const size_t sizes[] = { 8, 9, 63, 64, 65, 1000, 100000 };
	size_t i;
	void *p;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		p = mem_new(1, sizes[i]);
		ck_assert_ptr_nonnull(p);
		memset(p, SECRET, sizes[i]);
		mem_free(p);
	}
	mem_free(NULL);
	ck_assert_int_eq(leaks, 0);
}
END_TEST

START_TEST(gmp_wipes)
{
	unsigned char bytes[400];
	mpz_t x;

	memset(bytes, SECRET, sizeof bytes);
	mpz_init(x);
	mpz_import(x, sizeof bytes, 1, 1, 1, 0, bytes);
	mpz_realloc2(x, 100000); /* moves */
	mpz_realloc2(x, 8 * sizeof bytes);
	mpz_clear(x);
	ck_assert_int_eq(leaks, 0);
}
END_TEST

START_TEST(vectors_wipe)
{
	const struct group *g = group_by_name("modp2048");
	unsigned char bytes[256];
	struct svec *s, *view;
	struct gvec *v;

	memset(bytes, SECRET, sizeof bytes);
	bytes[0] = 0;
	ck_assert_int_eq(svec_new(&s, g, 3), R_GOOD);
	ck_assert_int_eq(svec_slice(&view, s, 1, 1), R_GOOD);
	ck_assert_int_eq(svec_decode(view, bytes, sizeof bytes, NULL), R_GOOD);
	svec_free(view);
	ck_assert_int_eq(svec_is_zero(s, 1), 0);
	svec_free(s);
	ck_assert_int_eq(gvec_new(&v, g, 1), R_GOOD);
	/* one of two numbers in a row is a member, or its negative is: try some */
	while (gvec_decode(v, bytes, sizeof bytes, DECODE_ANY, NULL, NULL) != R_GOOD)
		bytes[255]++;
	gvec_free(v);
	ck_assert_int_eq(leaks, 0);
}
END_TEST

/* ---- what is given ---- */

START_TEST(zeroed_and_aligned)
{
	size_t i, k;

	for (i = 0; i < 300; i++) {
		unsigned char *p = mem_new(i, 3);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 64, 0);
		for (k = 0; k < 3 * i; k++)
			ck_assert_uint_eq(p[k], 0);
		memset(p, 0xff, 3 * i);
		mem_free(p);
	}
}
END_TEST

START_TEST(refuses)
{
	static const size_t sizes[][2] = {
		{ SIZE_MAX, 1 },
		{ 1, SIZE_MAX },
		{ SIZE_MAX, SIZE_MAX },
		{ SIZE_MAX / 2, 3 },
		{ (size_t)1 << 32, (size_t)1 << 32 },
		{ SIZE_MAX - 63, 1 },
		{ PTRDIFF_MAX, 1 },
		{ PTRDIFF_MAX - 127, 1 },
		{ (size_t)1 << 56, 1 },
	};

	ck_assert_ptr_null(mem_new(sizes[_i][0], sizes[_i][1]));
}
END_TEST

/* ---- when there is none ---- */

static int fail_from = -1; /* allocations fail from this one on; -1: none does */
static atomic_int allocated;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *
__wrap_calloc(size_t n, size_t size)
{
	if (fail_from >= 0 && atomic_fetch_add(&allocated, 1) >= fail_from)
		return NULL;
	return __real_calloc(n, size);
}

/* Count from 0 again. */
static void
fail_at(int k)
{
	fail_from = k;
	atomic_store(&allocated, 0);
}

static enum result
try_new_gvec(struct gvec *v, struct svec *e, const struct effort *effort)
{
	struct gvec *out;
	enum result r;

	(void)e;
	(void)effort;
	r = gvec_new(&out, gvec_group(v), 5);
	gvec_free(out);
	return r;
}

static enum result
try_new_svec(struct gvec *v, struct svec *e, const struct effort *effort)
{
	struct svec *out;
	enum result r;

	(void)v;
	(void)effort;
	r = svec_new(&out, svec_group(e), 5);
	svec_free(out);
	return r;
}

static enum result
try_slice_gvec(struct gvec *v, struct svec *e, const struct effort *effort)
{
	struct gvec *out;
	enum result r;

	(void)e;
	(void)effort;
	r = gvec_slice(&out, v, 0, 1);
	gvec_free(out);
	return r;
}

static enum result
try_slice_svec(struct gvec *v, struct svec *e, const struct effort *effort)
{
	struct svec *out;
	enum result r;

	(void)v;
	(void)effort;
	r = svec_slice(&out, e, 0, 1);
	svec_free(out);
	return r;
}

static enum result
try_pow(struct gvec *v, struct svec *e, const struct effort *effort)
{
	return gvec_pow(v, v, e, effort);
}

static enum result
try_multipow(struct gvec *v, struct svec *e, const struct effort *effort)
{
	struct gvec out = *v;

	out.n = 1;
	return gvec_multipow(&out, v, e, effort);
}

static enum result
try_multipow_vartime(struct gvec *v, struct svec *e, const struct effort *effort)
{
	struct gvec out = *v;

	out.n = 1;
	return gvec_multipow_vartime(&out, v, e, effort);
}

static const struct {
	enum result (*call)(struct gvec *v, struct svec *e, const struct effort *effort);
	int least; /* so many memory allocations it makes at least, on whatever path */
} tries[] = {
	{ try_new_gvec, 2 },
	{ try_new_svec, 2 },
	{ try_slice_gvec, 1 },
	{ try_slice_svec, 1 },
	{ try_pow, 0 },
	{ try_multipow, 2 },
	{ try_multipow_vartime, 2 },
};

#define TRIES ((int)(sizeof tries / sizeof tries[0]))

/* Let the first, the second, … allocation of a call fail: each time it says so, frees
 * what it had, and works when asked again. */
static void
run_out(const struct group *g, int least,
    enum result (*call)(struct gvec *v, struct svec *e, const struct effort *effort))
{
	const struct effort two = { .threads = 2 };
	struct gvec *v;
	struct svec *e;
	enum result r = R_NO_MEMORY;
	int k;

	ck_assert_int_eq(gvec_new(&v, g, 3), R_GOOD);
	ck_assert_int_eq(svec_new(&e, g, 3), R_GOOD);
	for (k = 0; r == R_NO_MEMORY; k++) {
		ck_assert_int_lt(k, 100);
		fail_at(k);
		r = call(v, e, NULL);
		/* the k-th, counted from 0, has failed or was not asked for */
		ck_assert_int_eq(r == R_NO_MEMORY, allocated > k);
		if (r == R_NO_MEMORY) {
			fail_at(k);
			ck_assert_int_eq(call(v, e, &two), R_NO_MEMORY);
		}
	}
	ck_assert_int_eq(r, R_GOOD);
	ck_assert_int_ge(allocated, least);
	fail_at(-1);
	ck_assert_int_eq(call(v, e, &two), R_GOOD);
	gvec_free(v);
	svec_free(e);
}

START_TEST(runs_out)
{
	run_out(group_by_name("ristretto255"), tries[_i].least, tries[_i].call);
	run_out(group_by_name("modp2048"), tries[_i].least, tries[_i].call);
}
END_TEST

START_TEST(init_again)
{
	ck_assert_int_eq(mem_init(), R_GOOD);
	ck_assert_int_eq(mem_init(), R_GOOD);
}
END_TEST

/* AddressSanitizer would end the program where malloc just says no. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

int
main(void)
{
	Suite *suite = suite_create("mem");
	TCase *tc = tcase_create("mem");

	tcase_add_test(tc, finds_what_is_not_wiped);
	tcase_add_test(tc, wipes);
	tcase_add_test(tc, gmp_wipes);
	tcase_add_test(tc, vectors_wipe);
	tcase_add_test(tc, zeroed_and_aligned);
	tcase_add_loop_test(tc, refuses, 0, 9);
	tcase_add_loop_test(tc, runs_out, 0, TRIES);
	tcase_add_test(tc, init_again);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
