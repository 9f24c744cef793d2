/* pace: how often one roll line may write. */
#include <stdlib.h>
#include <string.h>

#include "server/pace.h"
#include "tests/must.h"

static const struct digest election = { { 1 } }, another = { { 2 } };

static struct slice
voter(uint64_t number)
{
	static uint8_t bytes[4][32];
	static unsigned turn;
	uint8_t *b = bytes[turn++ % 4];

	memset(b, 0, 32);
	memcpy(b, &number, sizeof number);
	return (struct slice){ b, 32 };
}

static struct pace *
fresh(void)
{
	struct pace *p;

	must(pace_new(&p) == R_GOOD);
	return p;
}

START_TEST(a_burst_and_then_one_at_a_time)
{
	struct pace *p = fresh();
	uint64_t now = 5000000;
	unsigned i;

	for (i = 0; i < PACE_BURST; i++) {
		must(pace_wait(p, &election, voter(1), now) == 0);
		pace_spend(p, &election, voter(1), now);
	}
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now), PACE_SECONDS);
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now + 1), PACE_SECONDS);
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now + PACE_SECONDS * 1000 - 1), 1);
	now += PACE_SECONDS * 1000;
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now), 0);
	pace_spend(p, &election, voter(1), now);
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now), PACE_SECONDS);
	/* Long afterwards all is forgotten, and not more than all. */
	now += (uint64_t)100 * PACE_BURST * PACE_SECONDS * 1000;
	for (i = 0; i < PACE_BURST; i++) {
		must(pace_wait(p, &election, voter(1), now) == 0);
		pace_spend(p, &election, voter(1), now);
	}
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now), PACE_SECONDS);
	pace_free(p);
}
END_TEST

START_TEST(others_are_not_touched)
{
	struct pace *p = fresh();
	unsigned i;

	for (i = 0; i < PACE_BURST; i++)
		pace_spend(p, &election, voter(1), 1000);
	ck_assert_uint_ne(pace_wait(p, &election, voter(1), 1000), 0);
	ck_assert_uint_eq(pace_wait(p, &election, voter(2), 1000), 0);
	ck_assert_uint_eq(pace_wait(p, &another, voter(1), 1000), 0);
	pace_free(p);
}
END_TEST

/* Asking costs nobody anything, and of many that write the one that has written most is
 * not the one that is forgotten. */
START_TEST(a_crowd_does_not_wash_away_who_writes_too_much)
{
	struct pace *p = fresh();
	uint64_t i;

	for (i = 0; i < PACE_BURST; i++)
		pace_spend(p, &election, voter(1), 1000);
	for (i = 2; i < 500000; i++) {
		must(pace_wait(p, &election, voter(i), 1000) == 0);
		pace_spend(p, &election, voter(i), 1000);
	}
	ck_assert_uint_ne(pace_wait(p, &election, voter(1), 1000), 0);
	pace_free(p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pace");
	TCase *c = tcase_create("pace");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, c);
	tcase_add_test(c, a_burst_and_then_one_at_a_time);
	tcase_add_test(c, others_are_not_touched);
	tcase_add_test(c, a_crowd_does_not_wash_away_who_writes_too_much);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
