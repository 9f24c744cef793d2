/*
 * test_sheet: the two real sheets line by line, the forms a sheet may take, a named
 * error with its line for each slip, round trips, and hostile bytes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/sheet.h"
#include "crypto/rng.h"
#include "tests/must.h"
#include "tests/suite.h"

static enum result
read_bytes(struct sheet **out, const char *bytes, size_t len, struct why *why)
{
	/* fmemopen takes no empty buffer */
	FILE *in = len > 0 ? fmemopen((void *)(uintptr_t)bytes, len, "r") : tmpfile();
	enum result r;

	ck_assert_ptr_nonnull(in);
	*out = NULL;
	r = sheet_read(out, in, why);
	fclose(in);
	return r;
}

static struct sheet *
read_text(const char *text)
{
	struct sheet *sheet = NULL;
	struct why why;

	if (read_bytes(&sheet, text, strlen(text), &why) != R_GOOD)
		ck_abort_msg("%s\nin\n%s", why.text, text);
	return sheet;
}

static FILE *
open_example(const char *name)
{
	const char *top = getenv("TOP_SRCDIR");
	char path[4096];
	FILE *in;

	snprintf(path, sizeof path, "%s/ballots/examples/%s", top != NULL ? top : ".", name);
	in = fopen(path, "r");
	ck_assert_msg(in != NULL, "cannot open %s", path);
	return in;
}

static void
assert_choice(const struct sheet *sheet, size_t i, const char *expected)
{
	struct choice choice;
	char text[CHOICE_TEXT_BYTES];

	sheet_choice(&choice, sheet, i);
	must(choice_check(CHOICE_RANKING, sheet->options, choice.bytes,
		 30 * choice_blocks(CHOICE_RANKING, sheet->options)) == R_GOOD);
	choice_print(text, &choice);
	ck_assert_str_eq(text, expected);
}

/* ---- the real sheets ---- */

/* Do the two characters and the two ranks stand in the same order? */
static int
same_order(char a, char b, uint8_t x, uint8_t y)
{
	if (a == '-' || b == '-')
		return (a == '-') == (x == 0) && (b == '-') == (y == 0);
	return (a < b) == (x < y) && (a == b) == (x == y);
}

static void
real_sheet(const char *file, size_t ballots, unsigned options, const char *const *names)
{
	struct sheet *sheet = NULL;
	struct choice choice;
	struct why why;
	FILE *in = open_example(file);
	char line[512];
	size_t n = 0;
	unsigned i, j;

	ck_assert_msg(sheet_read(&sheet, in, &why) == R_GOOD, "%s", why.text);
	ck_assert_uint_eq(sheet->options, options);
	ck_assert_uint_eq(sheet->ballots, ballots);
	for (i = 0; i < options; i++)
		ck_assert_str_eq(sheet->name[i], names[i]);
	rewind(in);
	while (fgets(line, sizeof line, in) != NULL) {
		if (strncmp(line, "V: ", 3) != 0)
			continue;
		sheet_choice(&choice, sheet, n++);
		must(choice_check(CHOICE_RANKING, options, choice.bytes, 30) == R_GOOD);
		for (i = 0; i < options; i++)
			for (j = 0; j < options; j++)
				must(same_order(line[3 + i], line[3 + j], choice.bytes[i],
				    choice.bytes[j]));
	}
	ck_assert_uint_eq(n, ballots);
	fclose(in);
	sheet_free(sheet);
}

START_TEST(leader_2013)
{
	static const char *const names[] = { "Gergely Nagy", "Moray Allan", "Lucas Nussbaum",
		"None Of The Above" };

	real_sheet("leader-2013.txt", 390, 4, names);
}
END_TEST

START_TEST(resolution_2014)
{
	static const char *const names[] = {
		"Packages may not (in general) require a specific init system",
		"Support for other init systems is recommended, but not mandatory",
		"Packages may require specific init systems if maintainers decide",
		"General Resolution is not required",
		"Further Discussion",
	};

	real_sheet("resolution-2014.txt", 483, 5, names);
}
END_TEST

/* ---- forms ---- */

static const char *const same[] = {
	"Option 1: Ann\nOption 2: Bob\nOption 3: None of us\nV: 312\nV: -1-\n",
	/* as published, CRLF, hash columns, spaces at the ends */
	"\r\n\t\t Tally Sheet\r\n   The format is:\r\n       \"V: vote\tHash\"\r\n"
	"     Option 1---->: Ann \t\r\n   /  Option 2--->: Bob\r\n   |/  Option 3-->: None of "
	"us\r\n"
	"   ||/\r\nV: 312 \t\t006e3b70\r\nV: -1- \t\t0169ba2d\r\n",
	/* other widths, login and name in Latin-1, no end of the last line */
	"Option 1 ->:Ann\n|Option  2 -------------------------------- : \t Bob\n"
	"||/Option 3-:None of us\n\n\nV:312\tann\tAnn\nV: \t-1-\tbob\tB\xf6\x62",
	/* byte order mark, indented ballots, comments before, between and after */
	"\xef\xbb\xbfOption 1--: Ann\n# of the board\nOption 2-->: Bob\n-=-=-=-\n"
	"Option 3: None of us\n===\n  V: 312\n\n# V: 123\n\tV: -1-\nThe end, voted by 2\n",
	/* gaps between ranks */
	"Option names are short\nOption 1 is a person\n  V: an example\n"
	"Option 1: Ann\nOption 2: Bob\nOption 3: None of us\nV: 312\nV: -3-\n",
};

START_TEST(same_in_other_forms)
{
	struct sheet *sheet = read_text(same[_i]);

	ck_assert_uint_eq(sheet->options, 3);
	ck_assert_str_eq(sheet->name[0], "Ann");
	ck_assert_str_eq(sheet->name[1], "Bob");
	ck_assert_str_eq(sheet->name[2], "None of us");
	ck_assert_uint_eq(sheet->ballots, 2);
	assert_choice(sheet, 0, "2>3>1");
	assert_choice(sheet, 1, "2");
	sheet_free(sheet);
}
END_TEST

START_TEST(ranks_are_made_dense)
{
	struct sheet *sheet = read_text("Option 1: a\nOption 2: b\nOption 3: c\nOption 4: d\n"
					"V: 41-4\nV: ----\nV: 3333\nV: 2--4\n");

	ck_assert_mem_eq(sheet->ranks, "\2\1\0\2\0\0\0\0\1\1\1\1\1\0\0\2", 16);
	sheet_free(sheet);
}
END_TEST

START_TEST(no_ballots)
{
	struct sheet *sheet = read_text("Option 1: yes\nOption 2: no\n");

	ck_assert_uint_eq(sheet->ballots, 0);
	sheet_free(sheet);
}
END_TEST

START_TEST(names_in_other_letters)
{
	struct sheet *sheet =
	    read_text("Option 1: Zoë \xe2\x80\x94 Łukasz\nOption 2: 日本: 語 -->: x\nV: 21\n");

	ck_assert_str_eq(sheet->name[0], "Zoë — Łukasz");
	ck_assert_str_eq(sheet->name[1], "日本: 語 -->: x");
	sheet_free(sheet);
}
END_TEST

/* ---- slips ---- */

#define THREE "Option 1: a\nOption 2: b\nOption 3: c\n"
#define LONG_50 "12345678901234567890123456789012345678901234567890"
#define LONG_500 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50

static const struct {
	const char *text;
	const char *message; /* begins with this */
} slips[] = {
	{ "", "the tally sheet has no options; list them before the ballots" },
	{ "\n\n", "the tally sheet has no options" },
	{ "The format is\n  V: vote\n", "the tally sheet has no options" },
	{ "Option 1: a\n", "the tally sheet has only one option" },
	{ "V: 123\n" THREE, "line 1: a ballot, but no options before it" },
	{ "Option 1: a\nV: 1\n", "line 2: a ballot, but only one option before it" },
	{ THREE "V: 12\n", "line 4: '12' has 2 rank characters for 3 options" },
	{ THREE "V: 123\nV: 1234\n", "line 5: '1234' has 4 rank characters for 3 options" },
	{ THREE "V:\n", "line 4: '' has 0 rank characters for 3 options" },
	{ THREE "V: \t \n", "line 4: '' has 0 rank characters" },
	{ THREE "V: 1 2 3\n", "line 4: '1' has 1 rank characters" },
	{ THREE "V: 1,2,3\n", "line 4: '1,2,3' has 5 rank characters" },
	{ THREE "V: 120\n", "line 4: character 3 of '120' is no rank; write 1 to 9" },
	{ THREE "V: 1_2\n", "line 4: character 2 of '1_2' is no rank" },
	{ THREE "V: 124\n", "line 4: character 3 of '124' is rank 4, but there are only 3" },
	{ THREE "V: 12z\n", "line 4: character 3 of '12z' is rank 35" },
	{ THREE "V: 12\xc3\xa9\n", "line 4: '12?\?' has 4 rank characters" },
	{ THREE "V: 123\rV: 123\n", "line 4: '123?V:' has 6 rank characters" },
	{ THREE "V 123\n", "line 4: this looks like a ballot without its 'V:'" },
	{ THREE "v: 123\n", "line 4: this looks like a ballot" },
	{ THREE "V; 123\n", "line 4: this looks like a ballot" },
	{ THREE "V\n", "line 4: this looks like a ballot" },
	{ THREE "V: 123\n\n 31- abcdef\n", "line 6: this looks like a ballot" },
	{ THREE "V: 123\n1-2", "line 5: this looks like a ballot" },
	{ "Option 1: a\nOption 3: c\n", "line 2: option 2 is missing before option 3" },
	{ "\nOption 2: b\n", "line 2: option 1 is missing before option 2" },
	{ "Option 1: a\nOption 2: b\nOption 2: c\n", "line 3: option 2 is there already" },
	{ "Option 1: a\nOption 2: b\nOption 1: c\n", "line 3: option 1 is there already" },
	{ "Option 0: a\n", "line 1: option 0 is no option number" },
	{ "Option 99999999999: a\n", "line 1: there may be at most 250 options" },
	{ "Option 251: a\n", "line 1: there may be at most 250 options" },
	{ THREE "V: 123\nOption 4: d\n", "line 5: an option after the first ballot" },
	{ THREE "V: 123\n" THREE, "line 5: an option after the first ballot" },
	{ "Option 1: a\nOption 2---> b\n", "line 2: an option line without its name" },
	{ "Option 1--\n", "line 1: an option line without its name" },
	{ "Option 1: a\nOption 2:  \t\n", "line 2: option 2 has no name" },
	{ "Option 1: a\nOption 2: \xff\n", "line 2: the name of option 2 is not UTF-8" },
	{ "Option 1: \xc0\xaf\n", "line 1: the name of option 1 is not UTF-8" },
	{ "Option 1: \xed\xa0\x80\n", "line 1: the name of option 1 is not UTF-8" },
	{ "Option 1: a\x1b[2J\n", "line 1: the name of option 1 holds a control character" },
	{ "Option 1: a\tb\n", "line 1: the name of option 1 holds a control character" },
	{ "Option 1: a\rOption 2: b\n", "line 1: the name of option 1 holds a control character" },
	{ "Option 1: \xc2\x9b\n", "line 1: the name of option 1 holds a control character" },
	{ "Option 1: \x7f\n", "line 1: the name of option 1 holds a control character" },
	{ "Option 1: a\nOption 2: a \n", "line 2: option 2 has the same name as option 1" },
	{ "Option 1: " LONG_500 "x\n", "line 1: the name of option 1 has 501 bytes" },
	{ "#" LONG_500 LONG_500 LONG_500 LONG_500 LONG_500 LONG_500 LONG_500 LONG_500 LONG_500 "\n",
	    "line 1 is longer than 4096 bytes" },
};

START_TEST(slips_are_named)
{
	struct sheet *sheet = NULL;
	struct why why = { .text = "" };
	const char *text = slips[_i].text;

	ck_assert_int_eq(read_bytes(&sheet, text, strlen(text), &why), R_BAD_INPUT);
	ck_assert_ptr_null(sheet);
	ck_assert_int_eq(why.reason, R_BAD_INPUT);
	ck_assert_msg(strncmp(why.text, slips[_i].message, strlen(slips[_i].message)) == 0,
	    "'%s' for\n%s", why.text, text);
	ck_assert_int_eq(read_bytes(&sheet, text, strlen(text), NULL), R_BAD_INPUT);
}
END_TEST

START_TEST(zero_bytes)
{
	static const char in_name[] = "Option 1: a\0b\nOption 2: c\n";
	static const char in_ranks[] = THREE "V: 12\0003\n";
	static const char after_ranks[] = THREE "V: 123 \0 x\n";
	static const char utf16[] = "O\0p\0t\0i\0o\0n\0 \0001\0:\0 \0a\0\n\0";
	struct sheet *sheet = NULL;

	ck_assert_int_eq(read_bytes(&sheet, in_name, sizeof in_name - 1, NULL), R_BAD_INPUT);
	ck_assert_int_eq(read_bytes(&sheet, in_ranks, sizeof in_ranks - 1, NULL), R_BAD_INPUT);
	ck_assert_int_eq(read_bytes(&sheet, utf16, sizeof utf16 - 1, NULL), R_BAD_INPUT);
	ck_assert_int_eq(read_bytes(&sheet, after_ranks, sizeof after_ranks - 1, NULL), R_GOOD);
	ck_assert_uint_eq(sheet->ballots, 1);
	sheet_free(sheet);
}
END_TEST

START_TEST(limits)
{
	struct sheet *sheet;
	char *text = NULL, name[SHEET_MAX_NAME + 1];
	size_t len;
	unsigned i;
	FILE *out = open_memstream(&text, &len);

	memset(name, 'n', SHEET_MAX_NAME);
	name[SHEET_MAX_NAME] = '\0';
	fprintf(out, "Option 1: %s\n", name);
	for (i = 2; i <= 250; i++)
		fprintf(out, "Option %u-->: option %u\n", i, i);
	fprintf(out, "V: %0250d\n", 1);
	fclose(out);
	/* '0' is no rank: make them '-' */
	for (i = 0; i < 249; i++)
		text[len - 3 - i] = '-';
	sheet = read_text(text);
	ck_assert_uint_eq(sheet->options, 250);
	ck_assert_uint_eq(strlen(sheet->name[0]), SHEET_MAX_NAME);
	assert_choice(sheet, 0, "250");
	sheet_free(sheet);
	free(text);
}
END_TEST

/* A folder opens like a file and cannot be read. */
START_TEST(unreadable)
{
	struct sheet *sheet = NULL;
	struct why why;
	FILE *in = fopen("/", "r");

	ck_assert_ptr_nonnull(in);
	ck_assert_int_eq(sheet_read(&sheet, in, &why), R_NO_DISK);
	ck_assert_ptr_null(sheet);
	fclose(in);
}
END_TEST

/* ---- writing ---- */

static const char rank_chars[] = "-123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
#define MAX_RANK 35

static void
write_repeated(FILE *out, char c, unsigned times)
{
	while (times-- > 0)
		putc(c, out);
}

static int
digits(unsigned number)
{
	return number < 10 ? 1 : number < 100 ? 2 : 3;
}

/* Draw the lines from each option's name down to its column of the ballots. */
static void
write_options(FILE *out, const struct sheet *sheet)
{
	unsigned i, n = sheet->options;

	for (i = 1; i <= n; i++) {
		fputs("   ", out);
		write_repeated(out, '|', i > 1 ? i - 2 : 0);
		fprintf(out, "%s  Option %u", i > 1 ? "/" : "", i);
		write_repeated(out, '-', n - i + 2 + (unsigned)(digits(n) - digits(i)));
		fprintf(out, ">: %s\n", sheet->name[i - 1]);
	}
	fputs("   ", out);
	write_repeated(out, '|', n - 1);
	fputs("/\n", out);
}

/* A sheet as the Debian project publishes them. */
static char *
write_text(const struct sheet *sheet)
{
	size_t i, len, cells = sheet->ballots * sheet->options;
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	fputs("Tally sheet\n\n", out);
	write_options(out, sheet);
	for (i = 0; i < cells; i++) {
		must(sheet->ranks[i] <= MAX_RANK);
		if (i % sheet->options == 0)
			fputs("V: ", out);
		putc(rank_chars[sheet->ranks[i]], out);
		if (i % sheet->options == sheet->options - 1)
			putc('\n', out);
	}
	must(fclose(out) == 0);
	return text;
}

static void
assert_same(const struct sheet *a, const struct sheet *b)
{
	unsigned i;

	must(a->options == b->options && a->ballots == b->ballots);
	for (i = 0; i < a->options; i++)
		must(strcmp(a->name[i], b->name[i]) == 0);
	must(a->ballots == 0 || memcmp(a->ranks, b->ranks, a->ballots * a->options) == 0);
}

START_TEST(written_as_published)
{
	struct sheet *sheet = read_text("Option 1: Ann\nOption 2: Bob\nOption 3: Cy\nV: 31-\n");
	char *text = write_text(sheet);

	ck_assert_ptr_nonnull(strstr(text,
	    "\n"
	    "     Option 1---->: Ann\n"
	    "   /  Option 2--->: Bob\n"
	    "   |/  Option 3-->: Cy\n"
	    "   ||/\n"
	    "V: 21-\n"));
	free(text);
	sheet_free(sheet);
}
END_TEST

/* Make a sheet of n options with random ballots; ranks fit the characters. */
static struct sheet *
draw_sheet(struct rng *rng, unsigned n)
{
	struct sheet *sheet = calloc(1, sizeof *sheet);
	char ranks[CHOICE_MAX_OPTIONS], name[64];
	struct choice choice;
	unsigned i, most = n < MAX_RANK ? n : MAX_RANK;
	size_t b;

	must(sheet != NULL);
	for (; sheet->options < n; sheet->options++) {
		snprintf(name, sizeof name, "Option %u: ->%s %u", rng_below(rng, 99),
		    rng_below(rng, 2) ? "é" : "V: 123", sheet->options);
		sheet->name[sheet->options] = strdup(name);
	}
	sheet->ballots = rng_below(rng, 9);
	sheet->ranks = malloc(sheet->ballots * n + 1);
	must(sheet->ranks != NULL);
	for (b = 0; b < sheet->ballots; b++) {
		for (i = 0; i < n; i++)
			ranks[i] = rank_chars[rng_below(rng, most + 1)];
		must(choice_parse_ranks(&choice, n, ranks, n, NULL) == R_GOOD);
		memcpy(sheet->ranks + b * n, choice.bytes, n);
	}
	return sheet;
}

START_TEST(round_trips)
{
	struct rng rng;
	struct sheet *sheet, *back;
	char *text;
	unsigned i;

	rng_seeded(&rng, (const uint8_t[32]){ 1 });
	for (i = 0; i < 2000; i++) {
		sheet = draw_sheet(&rng, 2 + rng_below(&rng, i % 10 ? 15 : 249));
		text = write_text(sheet);
		back = read_text(text);
		assert_same(sheet, back);
		free(text);
		sheet_free(sheet);
		sheet_free(back);
	}
}
END_TEST

START_TEST(real_round_trip)
{
	FILE *in = open_example("leader-2013.txt");
	struct sheet *sheet = NULL, *back;
	char *text;

	ck_assert_int_eq(sheet_read(&sheet, in, NULL), R_GOOD);
	fclose(in);
	text = write_text(sheet);
	back = read_text(text);
	assert_same(sheet, back);
	free(text);
	sheet_free(sheet);
	sheet_free(back);
}
END_TEST

/* ---- hostile bytes ---- */

/* Whatever the bytes, the answer is a sheet of valid choices or a named error. */
static int
try_bytes(const char *bytes, size_t len)
{
	struct sheet *sheet = NULL, *back;
	struct choice choice;
	struct why why = { .text = "" };
	char *text;
	size_t i;

	if (read_bytes(&sheet, bytes, len, &why) != R_GOOD) {
		must(why.reason == R_BAD_INPUT && sheet == NULL);
		must(strncmp(why.text, "line ", 5) == 0 ||
		    strncmp(why.text, "the tally sheet", 15) == 0);
		for (i = 0; why.text[i] != '\0'; i++)
			must(why.text[i] >= ' ' && why.text[i] <= '~');
		return 0;
	}
	must(sheet->options >= 2 && sheet->options <= 250);
	for (i = 0; i < sheet->ballots; i++) {
		sheet_choice(&choice, sheet, i);
		must(choice_check(CHOICE_RANKING, sheet->options, choice.bytes,
			 30 * choice_blocks(CHOICE_RANKING, sheet->options)) == R_GOOD);
	}
	text = write_text(sheet);
	back = read_text(text);
	assert_same(sheet, back);
	free(text);
	sheet_free(back);
	sheet_free(sheet);
	return 1;
}

START_TEST(random_bytes)
{
	static const char likely[] = "Option 123V:->: \n\r\t|/-ab#\xc3\xa9";
	struct rng rng;
	char bytes[400];
	unsigned i, k, len;

	rng_seeded(&rng, (const uint8_t[32]){ 3 });
	for (i = 0; i < 30000; i++) {
		len = rng_below(&rng, sizeof bytes);
		for (k = 0; k < len; k++)
			bytes[k] = i % 2 ? likely[rng_below(&rng, sizeof likely - 1)]
					 : (char)rng_below(&rng, 256);
		try_bytes(bytes, len);
	}
}
END_TEST

START_TEST(mutated_sheets)
{
	static const char whole[] =
	    "The format is \"V: vote\"\n     Option 1---->: Ann\n"
	    "   /  Option 2--->: Bob\n   |/  Option 3-->: Zo\xc3\xab\n   ||/\n"
	    "V: 312 \t00\r\nV: -1-\nV: 222\n# end\n";
	static const char spice[] = "\n\r\t\0 V:-1239aZ>|/#O\xff";
	struct rng rng;
	char bytes[2 * sizeof whole];
	unsigned i, k, good = 0;
	size_t len, at, n;

	rng_seeded(&rng, (const uint8_t[32]){ 4 });
	for (len = 0; len < sizeof whole; len++)
		good += (unsigned)try_bytes(whole, len);
	for (i = 0; i < 60000; i++) {
		len = sizeof whole - 1;
		memcpy(bytes, whole, len);
		for (k = 1 + rng_below(&rng, 3); k > 0; k--) {
			at = rng_below(&rng, (unsigned)len);
			n = rng_below(&rng, (unsigned)(len - at)) % 20;
			switch (rng_below(&rng, 4)) {
			case 0: bytes[at] = spice[rng_below(&rng, sizeof spice - 1)]; break;
			case 1: bytes[at] ^= (char)(1 << rng_below(&rng, 8)); break;
			case 2: /* a piece is lost */
				memmove(bytes + at, bytes + at + n, len - at - n);
				len -= n;
				break;
			default: /* a piece comes twice */
				if (len + n > sizeof bytes)
					break;
				memmove(bytes + at + n, bytes + at, len - at);
				len += n;
				break;
			}
		}
		good += (unsigned)try_bytes(bytes, len);
	}
	ck_assert_uint_gt(good, 5000);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sheet");
	TCase *tc = tcase_create("sheet");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, leader_2013);
	tcase_add_test(tc, resolution_2014);
	tcase_add_loop_test(tc, same_in_other_forms, 0, sizeof same / sizeof *same);
	tcase_add_test(tc, ranks_are_made_dense);
	tcase_add_test(tc, no_ballots);
	tcase_add_test(tc, names_in_other_letters);
	tcase_add_loop_test(tc, slips_are_named, 0, sizeof slips / sizeof *slips);
	tcase_add_test(tc, zero_bytes);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, unreadable);
	tcase_add_test(tc, written_as_published);
	tcase_add_test(tc, round_trips);
	tcase_add_test(tc, real_round_trip);
	tcase_add_test(tc, random_bytes);
	tcase_add_test(tc, mutated_sheets);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
