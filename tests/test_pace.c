/* pace: how often one roll line may write, and how much of one address may be verified for nothing. */
#include <string.h>

#include "server/pace.h"
#include "tests/must.h"
#include "tests/suite.h"

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
fresh(unsigned burst, unsigned step_ms)
{
	struct pace *p;

	must(pace_new(&p, (struct pace_rule){ burst, step_ms }) == R_GOOD);
	return p;
}

START_TEST(a_burst_and_then_one_at_a_time)
{
	struct pace *p = fresh(PACE_LINE_BURST, PACE_LINE_MS);
	uint64_t now = 5000000;
	unsigned i;

	for (i = 0; i < PACE_LINE_BURST; i++) {
		must(pace_wait(p, &election, voter(1), now) == 0);
		pace_spend(p, &election, voter(1), now);
	}
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now), PACE_LINE_MS / 1000);
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now + 1), PACE_LINE_MS / 1000);
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now + PACE_LINE_MS - 1), 1);
	now += PACE_LINE_MS;
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now), 0);
	pace_spend(p, &election, voter(1), now);
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now), PACE_LINE_MS / 1000);
	/* Long afterwards all is forgotten, and not more than all. */
	now += (uint64_t)100 * PACE_LINE_BURST * PACE_LINE_MS;
	for (i = 0; i < PACE_LINE_BURST; i++) {
		must(pace_wait(p, &election, voter(1), now) == 0);
		pace_spend(p, &election, voter(1), now);
	}
	ck_assert_uint_eq(pace_wait(p, &election, voter(1), now), PACE_LINE_MS / 1000);
	pace_free(p);
}
END_TEST

START_TEST(others_are_not_touched)
{
	struct pace *p = fresh(PACE_LINE_BURST, PACE_LINE_MS);
	unsigned i;

	for (i = 0; i < PACE_LINE_BURST; i++)
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
	struct pace *p = fresh(PACE_LINE_BURST, PACE_LINE_MS);
	uint64_t i;

	for (i = 0; i < PACE_LINE_BURST; i++)
		pace_spend(p, &election, voter(1), 1000);
	for (i = 2; i < 500000; i++) {
		must(pace_wait(p, &election, voter(i), 1000) == 0);
		pace_spend(p, &election, voter(i), 1000);
	}
	ck_assert_uint_ne(pace_wait(p, &election, voter(1), 1000), 0);
	pace_free(p);
}
END_TEST

/* Of an address: who spends and gets it back may go on for ever, with as many at once as it
 * may have connections; who does not is held back to the rate, and others are not. */
START_TEST(what_is_given_back_does_not_count)
{
	const uint64_t good = 0x0a000001, bad = 0x0a000002;
	struct pace *p = fresh(PACE_ADDRESS_BURST, PACE_ADDRESS_MS);
	uint64_t now = 5000000, through = 0;
	unsigned i, round;

	ck_assert_uint_gt(PACE_ADDRESS_BURST, 256); /* listen.h: per_address_max */
	for (round = 0; round < 100; round++) {
		for (i = 0; i < 256; i++) {
			must(pace_wait(p, NULL, pace_address(&good), now) == 0);
			pace_spend(p, NULL, pace_address(&good), now);
		}
		for (i = 0; i < 256; i++)
			pace_return(p, NULL, pace_address(&good));
	}
	/* A minute of as much as gets through. */
	for (; now < 5060000; now++)
		while (pace_wait(p, NULL, pace_address(&bad), now) == 0) {
			pace_spend(p, NULL, pace_address(&bad), now);
			through++;
		}
	ck_assert_uint_ge(through, PACE_ADDRESS_BURST + 60000 / PACE_ADDRESS_MS - 1);
	ck_assert_uint_le(through, PACE_ADDRESS_BURST + 60000 / PACE_ADDRESS_MS);
	ck_assert_uint_eq(pace_wait(p, NULL, pace_address(&bad), now - 1), 1);
	ck_assert_uint_eq(pace_wait(p, NULL, pace_address(&good), now), 0);
	/* Nothing to give back is nothing gained. */
	for (i = 0; i < 1000; i++)
		pace_return(p, NULL, pace_address(&good));
	for (i = 0; i < PACE_ADDRESS_BURST; i++)
		pace_spend(p, NULL, pace_address(&good), now);
	ck_assert_uint_eq(pace_wait(p, NULL, pace_address(&good), now), 1);
	pace_free(p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pace");
	TCase *c = tcase_create("pace");

	suite_add_tcase(s, c);
	tcase_add_test(c, a_burst_and_then_one_at_a_time);
	tcase_add_test(c, others_are_not_touched);
	tcase_add_test(c, a_crowd_does_not_wash_away_who_writes_too_much);
	tcase_add_test(c, what_is_given_back_does_not_count);
	return suite_main(s);
}
