/*
 * suite: what the main functions of test programs share.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/mem.h"

/* Run a suite, as loudly as CK_VERBOSITY says. Returns the exit status. */
static inline int
suite_main(Suite *suite)
{
	SRunner *runner;
	int failed;

	if (mem_init() != R_GOOD)
		return EXIT_FAILURE;
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Add a test that takes the number of a group, for those from `from` up to before `to`: into `tc`, and
 * from `first` on, where the modp groups begin, into `modp`, of the tag "modp". */
#define suite_groups(tc, modp, test, from, first, to) \
	do { \
		tcase_add_loop_test(tc, test, from, first); \
		tcase_add_loop_test(modp, test, first, to); \
	} while (0)

/* Say that a part is left out, and why; driver.sh counts it. */
static inline void __attribute__((format(printf, 1, 2))) suite_skip(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)fputs("SKIP: ", stdout);
	(void)vprintf(format, ap);
	(void)puts("\n0 passed, 0 failed, 1 skipped");
	(void)fflush(stdout); /* before libcheck forks */
	va_end(ap);
}

#endif
