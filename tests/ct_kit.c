#include "tests/ct_kit.h"

#include <assert.h>
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

#include "crypto/cpu.h"
#include "crypto/group_ops.h"
#include "crypto/mem.h"

/* The exit code of a case in which valgrind found something. */
#define FOUND 99

/* What is run; set before the first case. */
static const struct ct_case *cases;

void
ct_fine(enum result r)
{
	if (r != R_GOOD) {
		fprintf(stderr, "%s\n", result_name(r));
		exit(2);
	}
}

void
ct_secret(const void *p, size_t n)
{
	VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}

void
ct_public(const void *p, size_t n)
{
	VALGRIND_MAKE_MEM_DEFINED(p, n);
}

void
ct_secret_scalars(const struct svec *v)
{
	ct_secret(v->at, v->n * v->group->scalar_store);
}

void
ct_secret_elements(const struct gvec *v)
{
	ct_secret(v->at, v->n * v->group->element_store);
}

/* The number of no case: the program ends at once. */
#define NOTHING (-1)

/* The paths that memcheck can run; it knows no AVX-512 (docs/security.md). */
static const enum cpu paths[] = { CPU_PORTABLE, CPU_AVX2 };

#define PATHS (sizeof paths / sizeof paths[0])

/* A case on a path. */
static struct run {
	int number; /* of the case */
	enum cpu cpu;
} runs[100];

/* Run a case under valgrind on a path and return its exit code, or -1. */
static int
watched(int i, enum cpu cpu)
{
	const char *top = getenv("TOP_SRCDIR");
	char self[4096], suppressions[4200], exit_code[40], number[12];
	ssize_t n;
	pid_t child;
	int status;

	n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n <= 0)
		return -1;
	self[n] = '\0';
	(void)snprintf(suppressions, sizeof suppressions, "--suppressions=%s/tests/ct.supp",
	    top != NULL ? top : ".");
	(void)snprintf(exit_code, sizeof exit_code, "--error-exitcode=%d", FOUND);
	(void)snprintf(number, sizeof number, "%d", i);
	child = fork();
	if (child < 0)
		return -1;
	if (child == 0) {
		(void)setenv("TABELLA_CPU", cpu_name(cpu), 1);
		/* what must be found need not be read */
		execlp("valgrind", "valgrind", "-q", exit_code,
		    i == NOTHING ? "--num-callers=20" : suppressions,
		    i == NOTHING || cases[i].found ? "--log-file=/dev/null" : "--num-callers=20",
		    self, number, (char *)NULL);
		_exit(127);
	}
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

START_TEST(constant_time)
{
	const struct run *run = &runs[_i];
	const struct ct_case *c = &cases[run->number];

	ck_assert_msg(watched(run->number, run->cpu) == (c->found ? FOUND : 0), "%s of %s, %s",
	    c->name, c->group, cpu_name(run->cpu));
}
END_TEST

/* List the n cases on the paths that they have; return how many that makes. */
static int
list_runs(int n)
{
	int i, count = 0;
	size_t k;

	for (k = 0; k < PATHS; k++) {
		if (!cpu_has(paths[k])) {
			printf("SKIP: %s: this machine does not have it\n0 passed, 0 failed, "
			       "1 skipped\n",
			    cpu_name(paths[k]));
			continue;
		}
		/* The other groups have no path of their own that memcheck can run. */
		for (i = 0; i < n; i++)
			if (paths[k] == CPU_PORTABLE ||
			    strcmp(cases[i].group, "ristretto255") == 0) {
				assert((size_t)count < sizeof runs / sizeof runs[0]);
				runs[count++] = (struct run){ i, paths[k] };
			}
	}
	(void)fflush(stdout);
	return count;
}

static int
skip(const char *why)
{
	printf("SKIP: %s\n", why);
	return 77;
}

int
ct_main(int argc, char **argv, const char *name, const struct ct_case *list, int n)
{
	SRunner *runner;
	Suite *suite;
	TCase *tc;
	int failed;

	cases = list;
	if (mem_init() != R_GOOD)
		return EXIT_FAILURE;
	if (argc == 2) {
		const int i = atoi(argv[1]);

		if (i == NOTHING)
			return EXIT_SUCCESS;
		cases[i].run(group_by_name(cases[i].group));
		return EXIT_SUCCESS;
	}
	if (SANITIZED)
		return skip("valgrind cannot run a program with sanitizers");
	if (!HEADER || system("valgrind --version >/dev/null 2>&1") != 0)
		return skip("constant time is not checked: install the Debian package valgrind");
	/* Valgrind 3.19 gives up on the debugging information of clang 14. */
	if (watched(NOTHING, CPU_PORTABLE) != 0)
		return skip("constant time is not checked: valgrind cannot read this program; "
			    "build it with gcc, or with -gdwarf-4");
	suite = suite_create(name);
	tc = tcase_create(name);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, constant_time, 0, list_runs(n));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
