/*
 * test_result: every outcome has a name and a sentence of its own.
 */
#include <check.h>
#include <string.h>

#include "crypto/result.h"
#include "tests/suite.h"

START_TEST(names_lead_back)
{
	int i, j;

	for (i = 0; i < RESULT_COUNT; i++) {
		const char *name = result_name((enum result)i);

		ck_assert_int_eq((int)result_by_name(name), i);
		ck_assert_uint_gt(strlen(result_text((enum result)i)), 0);
		for (j = 0; j < i; j++)
			ck_assert_str_ne(result_text((enum result)i), result_text((enum result)j));
	}
}
END_TEST

START_TEST(strangers_are_unknown)
{
	ck_assert_int_eq((int)result_by_name("GOODNESS"), RESULT_COUNT);
	ck_assert_int_eq((int)result_by_name("good"), RESULT_COUNT);
	ck_assert_int_eq((int)result_by_name(""), RESULT_COUNT);
	ck_assert_str_eq(result_name(RESULT_COUNT), "UNKNOWN");
}
END_TEST

START_TEST(families_set_the_exit_code)
{
	ck_assert_int_eq(result_exit(R_GOOD), 0);
	ck_assert_int_eq(result_exit(R_BAD_ENCODING), 1);
	ck_assert_int_eq(result_exit((enum result)(R_NO_MEMORY - 1)), 1);
	ck_assert_int_eq(result_exit(R_NO_MEMORY), 3);
	ck_assert_int_eq(result_exit((enum result)(RESULT_COUNT - 1)), 3);
}
END_TEST

START_TEST(a_reason_that_is_too_long_is_cut)
{
	struct why why;

	ck_assert_int_eq((int)why_set(NULL, R_STATE, "nobody asks"), R_STATE);
	ck_assert_int_eq((int)why_set(&why, R_CLOSED, "item %d: %s", 3, "closed"), R_CLOSED);
	ck_assert_int_eq((int)why.reason, R_CLOSED);
	ck_assert_str_eq(why.text, "item 3: closed");

	why_set(&why, R_STATE, "%1000d", 7);
	ck_assert_uint_eq(strlen(why.text), sizeof why.text - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("result");
	TCase *tc = tcase_create("result");

	tcase_add_test(tc, names_lead_back);
	tcase_add_test(tc, strangers_are_unknown);
	tcase_add_test(tc, families_set_the_exit_code);
	tcase_add_test(tc, a_reason_that_is_too_long_is_cut);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
