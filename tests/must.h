/*
 * must: an assertion for loops. The ck_assert family reports to the parent process
 * each time it holds, which is too slow where hundreds of thousands are asked.
 */
#ifndef TESTS_MUST_H
#define TESTS_MUST_H

#include <check.h>

#define must(condition) \
	do { \
		if (!(condition)) \
			ck_abort_msg("%s", #condition); \
	} while (0)

#endif
