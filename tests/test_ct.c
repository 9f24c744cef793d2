/*
 * test_ct: what claims to run in constant time, watched by valgrind's memcheck. A
 * case marks its secrets as undefined memory; memcheck then complains about every
 * branch and every address that depends on them. The program runs itself under
 * valgrind with the name of a case; the cases that must be found show that it would
 * see a leak.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define HEADER 1
#else
#define HEADER 0
#define VALGRIND_MAKE_MEM_UNDEFINED(p, n) ((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#include "crypto/group.h"
#include "crypto/group_ops.h"
#include "crypto/mem.h"
#include "crypto/rng.h"

/* The exit code of a case in which valgrind found something. */
#define FOUND 99

static const uint8_t seed[32] = "test_ct";

static void
fine(enum result r)
{
	if (r != R_GOOD) {
		fprintf(stderr, "%s\n", result_name(r));
		exit(2);
	}
}

static struct svec *
scalars(const struct group *g, size_t n, struct rng *rng)
{
	struct svec *v;

	fine(svec_new(&v, g, n));
	fine(svec_random(v, rng));
	return v;
}

static void
poison_scalars(struct svec *v)
{
	VALGRIND_MAKE_MEM_UNDEFINED(v->at, v->n * v->group->scalar_store);
}

static struct svec *
secret_scalars(const struct group *g, size_t n, struct rng *rng)
{
	struct svec *v = scalars(g, n, rng);

	poison_scalars(v);
	return v;
}

static struct gvec *
elements(const struct group *g, size_t n, const char *label)
{
	struct gvec *v;

	fine(gvec_new(&v, g, n));
	fine(gvec_generators(v, label, 0, NULL));
	return v;
}

static struct gvec *
secret_elements(const struct group *g, size_t n, const char *label)
{
	struct gvec *v = elements(g, n, label);

	VALGRIND_MAKE_MEM_UNDEFINED(v->at, n * g->element_store);
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
	poison_scalars(e);
	fine(gvec_slice(&one, base, 0, 1));
	fine(gvec_slice(&first, out, 0, 1));
	fine(gvec_pow(out, base, e, NULL));
	fine(gvec_pow_fixed(out, one, e, NULL));
	fine(gvec_multipow(first, base, e, NULL));
	gvec_set_generator(one);
	fine(gvec_pow_fixed(out, one, e, NULL));
	gvec_free(one);
	gvec_free(first);
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

	fine(gvec_slice(&one, b, 0, 1));
	gvec_mul(a, a, b);
	gvec_mul(a, a, one);
	gvec_div(a, a, b);
	gvec_div(a, a, one);
	gvec_product(one, a);
	fine(gvec_encode(bytes, GROUP_STORE_MAX, a, NULL));
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
	fine(svec_slice(&one, b, 0, 1));
	svec_add(a, a, b);
	svec_add(a, a, one);
	svec_sub(a, a, b);
	svec_mul(a, a, b);
	svec_neg(a, a);
	svec_invert(a, a);
	svec_sum(one, a);
	svec_product(one, a);
	svec_inner(one, a, b);
	svec_chain(a, one, a, b);
	svec_encode(bytes, GROUP_STORE_MAX, a);
	zero = svec_is_zero(a, 3);
	VALGRIND_MAKE_MEM_UNDEFINED(&small, sizeof small);
	svec_set_u64(a, 0, small);
	VALGRIND_MAKE_MEM_UNDEFINED(hash, sizeof hash);
	svec_from_hash(a, 1, hash);
	VALGRIND_MAKE_MEM_UNDEFINED(bytes, sizeof bytes);
	svec_from_wide(a, 2, bytes);
	svec_from_128(a, bytes);
	/* the test itself may look at the answer */
	VALGRIND_MAKE_MEM_DEFINED(&zero, sizeof zero);
	if (zero)
		exit(2);
	svec_free(one);
	svec_free(a);
	svec_free(b);
}

/* Nonces: a secret key of a stream, all the way to a commitment. */
static void
case_stream(const struct group *g)
{
	struct gvec *base = elements(g, 1, "base"), *out = elements(g, 2, "out");
	uint8_t secret[32] = "secret", statement[32] = "statement";
	struct rng rng, nonces;
	struct svec *w;

	rng_seeded(&rng, seed);
	VALGRIND_MAKE_MEM_UNDEFINED(rng.key, sizeof rng.key);
	VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof secret);
	rng_hedged(&nonces, &rng, "label", secret, sizeof secret, statement, sizeof statement);
	fine(svec_new(&w, g, 2));
	fine(svec_random(w, &nonces));
	fine(gvec_pow_fixed(out, base, w, NULL));
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
	VALGRIND_MAKE_MEM_UNDEFINED(index, sizeof index);
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
	fine(gvec_pow_vartime(base, base, e, NULL));
	gvec_free(base);
	svec_free(e);
}

static const struct {
	const char *name;
	void (*run)(const struct group *g);
	const char *group;
	int found;
} cases[] = {
	{ "powers", case_powers, "ristretto255", 0 },
	{ "elements", case_elements, "ristretto255", 0 },
	{ "scalars", case_scalars, "ristretto255", 0 },
	{ "stream", case_stream, "ristretto255", 0 },
	{ "powers", case_powers, "modp2048", 0 },
	{ "elements", case_elements, "modp2048", 0 },
	{ "scalars", case_scalars, "modp2048", 0 },
	{ "stream", case_stream, "modp2048", 0 },
	{ "powers", case_powers, "modp3072", 0 },
	{ "elements", case_elements, "modp3072", 0 },
	{ "scalars", case_scalars, "modp3072", 0 },
	{ "powers", case_powers, "modp4096", 0 },
	{ "elements", case_elements, "modp4096", 0 },
	{ "scalars", case_scalars, "modp4096", 0 },
	{ "compares", case_compares, "ristretto255", 1 },
	{ "compares", case_compares, "modp2048", 1 },
	{ "looks_up", case_looks_up, "ristretto255", 1 },
	{ "vartime", case_vartime, "modp2048", 1 },
};

#define CASES ((int)(sizeof cases / sizeof cases[0]))

/* ---- running them ---- */

/* Run a case under valgrind and return its exit code. */
static int
watched(int i)
{
	const char *top = getenv("TOP_SRCDIR");
	char self[4096], suppressions[4200], exit_code[40], number[12];
	ssize_t n;
	pid_t child;
	int status;

	n = readlink("/proc/self/exe", self, sizeof self - 1);
	ck_assert_int_gt(n, 0);
	self[n] = '\0';
	ck_assert_uint_lt((size_t)snprintf(suppressions, sizeof suppressions,
			      "--suppressions=%s/tests/ct.supp", top != NULL ? top : "."),
	    sizeof suppressions);
	(void)snprintf(exit_code, sizeof exit_code, "--error-exitcode=%d", FOUND);
	(void)snprintf(number, sizeof number, "%d", i);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		/* what must be found need not be read */
		execlp("valgrind", "valgrind", "-q", suppressions, exit_code,
		    cases[i].found ? "--log-file=/dev/null" : "--num-callers=20", self, number,
		    (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status), "valgrind ended by a signal");
	return WEXITSTATUS(status);
}

START_TEST(constant_time)
{
	ck_assert_msg(watched(_i) == (cases[_i].found ? FOUND : 0), "%s of %s", cases[_i].name,
	    cases[_i].group);
}
END_TEST

static int
valgrind_is_here(void)
{
	return system("valgrind --version >/dev/null 2>&1") == 0;
}

static int
skip(const char *why)
{
	printf("SKIP: %s\n", why);
	return 77;
}

int
main(int argc, char **argv)
{
	SRunner *runner;
	Suite *suite;
	TCase *tc;
	int failed;

	if (mem_init() != R_GOOD)
		return EXIT_FAILURE;
	if (argc == 2) {
		const int i = atoi(argv[1]);

		cases[i].run(group_by_name(cases[i].group));
		return EXIT_SUCCESS;
	}
	if (SANITIZED)
		return skip("valgrind cannot run a program with sanitizers");
	if (!HEADER || !valgrind_is_here())
		return skip("constant time is not checked: install the Debian package valgrind");
	suite = suite_create("ct");
	tc = tcase_create("ct");
	tcase_add_loop_test(tc, constant_time, 0, CASES);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
