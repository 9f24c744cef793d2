/*
 * test_choice: the byte form of every choice that is one, refusal of every other
 * byte string (exhaustive for few options), and text in both directions.
 */
#include <check.h>
#include <string.h>

#include "ballots/choice.h"
#include "crypto/rng.h"
#include "tests/must.h"
#include "tests/suite.h"

static const enum choice_type all_types[] = { CHOICE_PLURALITY, CHOICE_APPROVAL, CHOICE_RANKING };

START_TEST(sizes)
{
	unsigned n;

	for (n = CHOICE_MIN_OPTIONS; n <= CHOICE_MAX_OPTIONS; n++) {
		ck_assert_uint_eq(choice_bytes(CHOICE_PLURALITY, n), 1);
		ck_assert_uint_eq(choice_blocks(CHOICE_PLURALITY, n), 1);
		ck_assert_uint_eq(choice_bytes(CHOICE_APPROVAL, n), n / 8 + (n % 8 > 0));
		ck_assert_uint_eq(choice_bytes(CHOICE_RANKING, n), n);
	}
	ck_assert_uint_eq(choice_blocks(CHOICE_APPROVAL, 240), 1);
	ck_assert_uint_eq(choice_blocks(CHOICE_APPROVAL, 241), 2);
	ck_assert_uint_eq(choice_blocks(CHOICE_RANKING, 30), 1);
	ck_assert_uint_eq(choice_blocks(CHOICE_RANKING, 31), 2);
	ck_assert_uint_eq(choice_blocks(CHOICE_RANKING, 250), CHOICE_MAX_BLOCKS);
	ck_assert_uint_eq(CHOICE_MAX_BYTES, 270);
}
END_TEST

START_TEST(plurality_bytes)
{
	static const unsigned sizes[] = { 2, 3, 249, 250 };
	uint8_t bytes[30] = { 0 };
	unsigned i, b;

	for (i = 0; i < 4; i++) {
		for (b = 0; b < 256; b++) {
			bytes[0] = (uint8_t)b;
			must(choice_check(CHOICE_PLURALITY, sizes[i], bytes, 30) ==
			    (b <= sizes[i] ? R_GOOD : R_BAD_CHOICE));
		}
	}
}
END_TEST

START_TEST(approval_bytes)
{
	uint8_t bytes[30] = { 0 };
	unsigned n, b;

	for (n = 2; n <= 16; n++) {
		for (b = 0; b < 65536; b++) {
			bytes[0] = (uint8_t)b;
			bytes[1] = (uint8_t)(b >> 8);
			must(choice_check(CHOICE_APPROVAL, n, bytes, 30) ==
			    (b >> n == 0 ? R_GOOD : R_BAD_CHOICE));
		}
	}
}
END_TEST

/* Said another way than choice.c does: no gap below any rank. */
static int
is_dense(const uint8_t *ranks, unsigned n)
{
	unsigned i, j, below;

	for (i = 0; i < n; i++) {
		below = 0;
		for (j = 0; j < n; j++)
			below |= ranks[j] == ranks[i] - 1;
		if (ranks[i] > 1 && !below)
			return 0;
	}
	return 1;
}

/* Every string over ranks 0..n+1 of n options; of them `expected` are choices. */
static void
enumerate_rankings(unsigned n, unsigned expected)
{
	char text[CHOICE_TEXT_BYTES];
	uint8_t bytes[30];
	struct choice choice, back;
	unsigned good = 0, total = 1, v, i, code;

	for (i = 0; i < n; i++)
		total *= n + 2;
	for (v = 0; v < total; v++) {
		memset(bytes, 0, sizeof bytes);
		for (i = 0, code = v; i < n; i++, code /= n + 2)
			bytes[i] = (uint8_t)(code % (n + 2));
		if (!is_dense(bytes, n)) {
			must(choice_read(&choice, CHOICE_RANKING, n, bytes, 30) == R_BAD_CHOICE);
			continue;
		}
		good++;
		must(choice_read(&choice, CHOICE_RANKING, n, bytes, 30) == R_GOOD);
		choice_print(text, &choice);
		must(choice_parse(&back, CHOICE_RANKING, n, text, NULL) == R_GOOD);
		must(memcmp(&back, &choice, sizeof back) == 0);
	}
	ck_assert_uint_eq(good, expected);
}

START_TEST(ranking_bytes)
{
	/* the number of weak orders of k options, summed over the subsets ranked */
	enumerate_rankings(2, 1 + 2 * 1 + 3);
	enumerate_rankings(3, 1 + 3 * 1 + 3 * 3 + 13);
	enumerate_rankings(4, 1 + 4 * 1 + 6 * 3 + 4 * 13 + 75);
	enumerate_rankings(5, 1 + 5 * 1 + 10 * 3 + 10 * 13 + 5 * 75 + 541);
}
END_TEST

START_TEST(ranks_above_the_options)
{
	uint8_t bytes[CHOICE_MAX_BYTES] = { 0 };
	unsigned i;

	for (i = 0; i < 250; i++)
		bytes[i] = (uint8_t)(250 - i);
	ck_assert_int_eq(choice_check(CHOICE_RANKING, 250, bytes, 270), R_GOOD);
	for (i = 251; i < 256; i++) {
		bytes[0] = (uint8_t)i;
		ck_assert_int_eq(choice_check(CHOICE_RANKING, 250, bytes, 270), R_BAD_CHOICE);
	}
}
END_TEST

START_TEST(padding_and_lengths)
{
	static const unsigned sizes[] = { 2, 7, 8, 9, 29, 30, 31, 241, 250 };
	uint8_t bytes[CHOICE_MAX_BYTES + 1] = { 0 };
	struct choice choice, before;
	size_t len, i;
	unsigned t, s;

	memset(&before, 0x5a, sizeof before);
	for (t = 0; t < CHOICE_TYPES; t++) {
		for (s = 0; s < sizeof sizes / sizeof *sizes; s++) {
			enum choice_type type = all_types[t];
			size_t full = 30 * choice_blocks(type, sizes[s]);
			for (len = 0; len <= CHOICE_MAX_BYTES + 1; len++)
				must(choice_check(type, sizes[s], bytes, len) ==
				    (len == full ? R_GOOD : R_BAD_CHOICE));
			for (i = choice_bytes(type, sizes[s]); i < full; i++) {
				choice = before;
				bytes[i] = (uint8_t)(i % 2 ? 1 : 0x80);
				must(choice_read(&choice, type, sizes[s], bytes, full) ==
				    R_BAD_CHOICE);
				must(memcmp(&choice, &before, sizeof before) == 0);
				bytes[i] = 0;
			}
		}
	}
}
END_TEST

START_TEST(what_a_choice_says)
{
	struct choice c;
	unsigned i;

	ck_assert_int_eq(choice_parse(&c, CHOICE_PLURALITY, 9, "7", NULL), R_GOOD);
	for (i = 1; i <= 9; i++)
		ck_assert_int_eq(choice_names(&c, i), i == 7);
	ck_assert_int_eq(choice_is_blank(&c), 0);

	ck_assert_int_eq(choice_parse(&c, CHOICE_APPROVAL, 17, "17,1,8,9", NULL), R_GOOD);
	for (i = 1; i <= 17; i++)
		ck_assert_int_eq(choice_names(&c, i), i == 1 || i == 8 || i == 9 || i == 17);
	ck_assert_uint_eq(c.bytes[0], 0x81);
	ck_assert_uint_eq(c.bytes[1], 0x01);
	ck_assert_uint_eq(c.bytes[2], 0x01);

	ck_assert_int_eq(choice_parse(&c, CHOICE_RANKING, 4, "4>1=2", NULL), R_GOOD);
	for (i = 1; i <= 4; i++)
		ck_assert_int_eq(choice_names(&c, i), i != 3);
	ck_assert_mem_eq(c.bytes, "\2\2\0\1", 4);
	for (i = 0; i < CHOICE_TYPES; i++) {
		ck_assert_int_eq(choice_parse(&c, all_types[i], 4, "blank", NULL), R_GOOD);
		ck_assert_int_eq(choice_is_blank(&c), 1);
	}
}
END_TEST

struct text {
	enum choice_type type;
	unsigned options;
	const char *typed;
	const char *printed; /* NULL: refused */
	const char *message; /* of a refusal: holds this */
};

static const struct text texts[] = {
	{ CHOICE_PLURALITY, 3, "3", "3", NULL },
	{ CHOICE_PLURALITY, 250, "  250\t ", "250", NULL },
	{ CHOICE_PLURALITY, 3, "blank", "blank", NULL },
	{ CHOICE_PLURALITY, 3, " BLANK ", "blank", NULL },
	{ CHOICE_PLURALITY, 3, "4", NULL, "there is no option 4; the options are numbered 1 to 3" },
	{ CHOICE_PLURALITY, 3, "0", NULL, "there is no option 0" },
	{ CHOICE_PLURALITY, 3, "03", NULL, "there is no option 03" },
	{ CHOICE_PLURALITY, 250, "4294967299", NULL, "there is no option 4294967299" },
	{ CHOICE_PLURALITY, 3, "", NULL, "ends where an option number" },
	{ CHOICE_PLURALITY, 3, "  ", NULL, "ends where an option number" },
	{ CHOICE_PLURALITY, 3, "-1", NULL, "'-1' stands where an option number should" },
	{ CHOICE_PLURALITY, 3, "+1", NULL, "stands where" },
	{ CHOICE_PLURALITY, 3, "1,2", NULL, "',2' is left over" },
	{ CHOICE_PLURALITY, 3, "1 2", NULL, "'2' is left over" },
	{ CHOICE_PLURALITY, 3, "1.0", NULL, "left over" },
	{ CHOICE_PLURALITY, 3, "blanket", NULL, "'blanket' stands where" },
	{ CHOICE_PLURALITY, 3, "\x1b[2J", NULL, "'?[2J' stands where" },
	{ CHOICE_PLURALITY, 3, "\n1", NULL, "'?1' stands where" },
	{ CHOICE_APPROVAL, 4, "1,3,4", "1,3,4", NULL },
	{ CHOICE_APPROVAL, 4, " 4 , 1 ,3 ", "1,3,4", NULL },
	{ CHOICE_APPROVAL, 4, "2", "2", NULL },
	{ CHOICE_APPROVAL, 4, "blank", "blank", NULL },
	{ CHOICE_APPROVAL, 4, "1,1", NULL, "option 1 is named twice" },
	{ CHOICE_APPROVAL, 4, "1,", NULL, "ends where an option number" },
	{ CHOICE_APPROVAL, 4, ",1", NULL, "stands where" },
	{ CHOICE_APPROVAL, 4, "1,,2", NULL, "stands where" },
	{ CHOICE_APPROVAL, 4, "1 2", NULL, "left over" },
	{ CHOICE_APPROVAL, 4, "1>2", NULL, "left over" },
	{ CHOICE_APPROVAL, 4, "5", NULL, "there is no option 5" },
	{ CHOICE_APPROVAL, 4, "1,blank", NULL, "'blank' stands where" },
	{ CHOICE_RANKING, 4, "2>1=3>4", "2>1=3>4", NULL },
	{ CHOICE_RANKING, 4, " 2 > 3 = 1 ", "2>1=3", NULL },
	{ CHOICE_RANKING, 4, "2", "2", NULL },
	{ CHOICE_RANKING, 4, "1=2=3=4", "1=2=3=4", NULL },
	{ CHOICE_RANKING, 4, "31-2", "2>4>1", NULL },
	{ CHOICE_RANKING, 4, "41-3", "2>4>1", NULL },
	{ CHOICE_RANKING, 4, " 2222 ", "1=2=3=4", NULL },
	{ CHOICE_RANKING, 4, "----", "blank", NULL },
	{ CHOICE_RANKING, 4, "blank", "blank", NULL },
	{ CHOICE_RANKING, 2, "12", "1>2", NULL },
	{ CHOICE_RANKING, 2, "2-", "1", NULL },
	{ CHOICE_RANKING, 2, "2", "2", NULL },
	{ CHOICE_RANKING, 3, "1=2", "1=2", NULL },
	{ CHOICE_RANKING, 3, "112", "1=2>3", NULL },
	{ CHOICE_RANKING, 12, "12", "12", NULL },
	{ CHOICE_RANKING, 12, "12>1", "12>1", NULL },
	{ CHOICE_RANKING, 12, "123456789ABC", "1>2>3>4>5>6>7>8>9>10>11>12", NULL },
	{ CHOICE_RANKING, 12, "cba987654321", "12>11>10>9>8>7>6>5>4>3>2>1", NULL },
	{ CHOICE_RANKING, 200, "200", "200", NULL },
	{ CHOICE_RANKING, 4, "2>", NULL, "ends where an option number" },
	{ CHOICE_RANKING, 4, ">2", NULL, "stands where" },
	{ CHOICE_RANKING, 4, "2>>3", NULL, "stands where" },
	{ CHOICE_RANKING, 4, "2>3>2", NULL, "option 2 is named twice" },
	{ CHOICE_RANKING, 4, "2=2", NULL, "option 2 is named twice" },
	{ CHOICE_RANKING, 4, "2>5", NULL, "there is no option 5" },
	{ CHOICE_RANKING, 4, "2,3", NULL, "left over" },
	{ CHOICE_RANKING, 4, "", NULL, "ends where an option number" },
	{ CHOICE_RANKING, 4, "31-", NULL, "3 rank characters for 4 options" },
	{ CHOICE_RANKING, 4, "31-2-", NULL, "5 rank characters for 4 options" },
	{ CHOICE_RANKING, 4, "3152", NULL,
	    "character 3 of '3152' is rank 5, but there are only 4" },
	{ CHOICE_RANKING, 4, "31a2", NULL, "is rank 10" },
	{ CHOICE_RANKING, 4, "3102", NULL, "character 3 of '3102' is no rank" },
	{ CHOICE_RANKING, 4, "31_2", NULL, "character 3 of '31_2' is no rank" },
	{ CHOICE_RANKING, 4, "31\x80\x32", NULL, "character 3 of '31?2' is no rank" },
};

START_TEST(what_people_type)
{
	const struct text *t = &texts[_i];
	char text[CHOICE_TEXT_BYTES];
	struct choice choice, before;
	struct why why;
	enum result r;

	memset(&before, 0x5a, sizeof before);
	choice = before;
	why_set(&why, R_GOOD, "nothing");
	r = choice_parse(&choice, t->type, t->options, t->typed, &why);
	ck_assert_int_eq(choice_parse(&choice, t->type, t->options, t->typed, NULL), r);
	if (t->printed == NULL) {
		ck_assert_int_eq(r, R_BAD_CHOICE);
		ck_assert_int_eq(why.reason, R_BAD_CHOICE);
		ck_assert_msg(strstr(why.text, t->message) != NULL, "%s", why.text);
		ck_assert_mem_eq(&choice, &before, sizeof before);
		return;
	}
	ck_assert_msg(r == R_GOOD, "%s: %s", t->typed, why.text);
	ck_assert_str_eq(why.text, "nothing");
	choice_print(text, &choice);
	ck_assert_str_eq(text, t->printed);
}
END_TEST

START_TEST(rank_characters)
{
	unsigned rank;
	char ranks[40], text[CHOICE_TEXT_BYTES];
	struct choice choice;

	/* one option at each rank there is a character for, four not ranked */
	for (rank = 1; rank <= 35; rank++)
		ranks[35 - rank] = (char)(rank < 10 ? '0' + rank : 'A' + rank - 10);
	memcpy(ranks + 35, "----", 5);
	ck_assert_int_eq(choice_parse_ranks(&choice, 39, ranks, 39, NULL), R_GOOD);
	choice_print(text, &choice);
	ck_assert_str_eq(text,
	    "35>34>33>32>31>30>29>28>27>26>25>24>23>22>21>20>19>18>17>16>15>14>13>12>11>10>9>8>7>"
	    "6>5>4>3>2>1");
	/* the length counts, not a final zero */
	ck_assert_int_eq(choice_parse_ranks(&choice, 3, "3123", 3, NULL), R_GOOD);
	ck_assert_mem_eq(choice.bytes, "\3\1\2\0", 4);
	ck_assert_int_eq(choice_parse_ranks(&choice, 3, "3\0002", 3, NULL), R_BAD_CHOICE);
	ck_assert_int_eq(choice_parse_ranks(&choice, 3, "", 0, NULL), R_BAD_CHOICE);
}
END_TEST

/* Draw a valid choice straight into its bytes. */
static void
draw_choice(struct choice *c, struct rng *d, enum choice_type type, unsigned n)
{
	unsigned i, ranks, last = 0;

	memset(c, 0, sizeof *c);
	c->type = type;
	c->options = n;
	if (type == CHOICE_PLURALITY) {
		c->bytes[0] = (uint8_t)rng_below(d, n + 1);
	} else if (type == CHOICE_APPROVAL) {
		for (i = 0; i < n; i++)
			c->bytes[i / 8] |= (uint8_t)(rng_below(d, 2) << i % 8);
	} else {
		/* each option joins a rank there is or opens the next one */
		ranks = 1 + rng_below(d, n);
		for (i = 0; i < n; i++) {
			unsigned rank = rng_below(d, (last < ranks ? last + 1 : ranks) + 1);
			if (rank > last)
				last = rank;
			c->bytes[i] = (uint8_t)rank;
		}
	}
}

START_TEST(text_round_trip)
{
	struct rng d;
	char text[CHOICE_TEXT_BYTES];
	struct choice choice, back;
	unsigned i;

	rng_seeded(&d, (const uint8_t[32]){ 1 });
	for (i = 0; i < 20000; i++) {
		enum choice_type type = all_types[rng_below(&d, 3)];
		unsigned n = 2 + rng_below(&d, 249);
		draw_choice(&choice, &d, type, n);
		must(choice_check(type, n, choice.bytes, 30 * choice_blocks(type, n)) == R_GOOD);
		choice_print(text, &choice);
		must(strlen(text) < sizeof text);
		must(choice_parse(&back, type, n, text, NULL) == R_GOOD);
		must(memcmp(&back, &choice, sizeof back) == 0);
	}
}
END_TEST

START_TEST(the_longest_text)
{
	char text[CHOICE_TEXT_BYTES];
	struct choice choice = { .type = CHOICE_RANKING, .options = 250 };
	unsigned i;

	for (i = 0; i < 250; i++)
		choice.bytes[i] = (uint8_t)(i + 1);
	choice_print(text, &choice);
	ck_assert_uint_eq(strlen(text), 9 + 90 * 2 + 151 * 3 + 249);
}
END_TEST

/* Whatever is typed, the answer is a valid choice or a reason. */
START_TEST(random_text)
{
	static const char likely[] = "0123456789->=, \t-Aazblank";
	struct rng d;
	char text[64];
	struct choice choice;
	struct why why;
	unsigned i, k, len, good = 0;

	rng_seeded(&d, (const uint8_t[32]){ 2 });
	for (i = 0; i < 300000; i++) {
		enum choice_type type = all_types[rng_below(&d, 3)];
		unsigned n = 2 + rng_below(&d, i % 2 ? 8 : 249);
		len = rng_below(&d, i % 3 ? 8 : sizeof text);
		for (k = 0; k < len; k++) {
			if (i % 4 == 0)
				text[k] = (char)rng_below(&d, 256);
			else
				text[k] = likely[rng_below(&d, sizeof likely - 1)];
		}
		text[len] = '\0';
		why.text[0] = '\0';
		if (choice_parse(&choice, type, n, text, &why) == R_GOOD) {
			good++;
			must(choice.type == type);
			must(choice.options == n);
			must(choice_check(type, n, choice.bytes, 30 * choice_blocks(type, n)) ==
			    R_GOOD);
		} else {
			must(why.reason == R_BAD_CHOICE);
			for (k = 0; why.text[k] != '\0'; k++)
				must(why.text[k] >= ' ' && why.text[k] <= '~');
			must(k > 0);
		}
	}
	ck_assert_uint_gt(good, 1000);
}
END_TEST

START_TEST(random_bytes)
{
	struct rng d;
	uint8_t bytes[CHOICE_MAX_BYTES];
	struct choice choice;
	unsigned i, k;

	rng_seeded(&d, (const uint8_t[32]){ 3 });
	for (i = 0; i < 100000; i++) {
		enum choice_type type = all_types[rng_below(&d, 3)];
		unsigned n = 2 + rng_below(&d, 249);
		size_t len = 30 * choice_blocks(type, n);
		draw_choice(&choice, &d, type, n);
		memcpy(bytes, choice.bytes, sizeof bytes);
		/* a few wrong bytes in a good choice get furthest */
		for (k = rng_below(&d, 3); k > 0; k--)
			bytes[rng_below(&d, (unsigned)len)] = (uint8_t)rng_below(&d, 256);
		if (choice_read(&choice, type, n, bytes, len) == R_GOOD) {
			char text[CHOICE_TEXT_BYTES];
			struct choice back;
			choice_print(text, &choice);
			must(choice_parse(&back, type, n, text, NULL) == R_GOOD);
			must(memcmp(back.bytes, bytes, len) == 0);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("choice");
	TCase *tc = tcase_create("choice");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, plurality_bytes);
	tcase_add_test(tc, approval_bytes);
	tcase_add_test(tc, ranking_bytes);
	tcase_add_test(tc, ranks_above_the_options);
	tcase_add_test(tc, padding_and_lengths);
	tcase_add_test(tc, what_a_choice_says);
	tcase_add_loop_test(tc, what_people_type, 0, sizeof texts / sizeof *texts);
	tcase_add_test(tc, rank_characters);
	tcase_add_test(tc, text_round_trip);
	tcase_add_test(tc, the_longest_text);
	tcase_add_test(tc, random_text);
	tcase_add_test(tc, random_bytes);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
