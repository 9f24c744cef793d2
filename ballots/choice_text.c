/* choice_text: choices as people write them. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ballots/choice.h"

/* The text that is left to read, and where complaints go. */
struct reader {
	const char *at;
	unsigned options;
	struct why *why;
};

/* ASCII only, whatever the locale: the same text means the same everywhere. */
static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
skip_spaces(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\t')
		r->at++;
}

/* Show at most 40 bytes of foreign text, without what a terminal might obey. */
static void
quote(char out[44], const char *text, size_t len)
{
	size_t i, n = len > 40 ? 40 : len;

	for (i = 0; i < n; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	strcpy(out + n, len > 40 ? "..." : "");
}

static enum result
not_a_number(const struct reader *r, const char *example)
{
	char shown[44];

	if (*r->at == '\0')
		return why_set(r->why, R_BAD_CHOICE,
		    "the choice ends where an option number should be; write it like %s, or "
		    "'blank'",
		    example);
	quote(shown, r->at, strlen(r->at));
	return why_set(r->why, R_BAD_CHOICE,
	    "'%s' stands where an option number should; write the choice like %s, or 'blank'",
	    shown, example);
}

static enum result
read_option(struct reader *r, unsigned *option, const char *example)
{
	const char *start;
	unsigned value = 0;
	char shown[44];

	skip_spaces(r);
	start = r->at;
	if (!is_digit(*r->at))
		return not_a_number(r, example);
	for (; is_digit(*r->at); r->at++)
		if (value <= CHOICE_MAX_OPTIONS)
			value = value * 10 + (unsigned)(*r->at - '0');
	quote(shown, start, (size_t)(r->at - start));
	if (*start == '0' || value > r->options)
		return why_set(r->why, R_BAD_CHOICE,
		    "there is no option %s; the options are numbered 1 to %u", shown, r->options);
	*option = value;
	skip_spaces(r);
	return R_GOOD;
}

static enum result
read_end(const struct reader *r, const char *example)
{
	char shown[44];

	if (*r->at == '\0')
		return R_GOOD;
	quote(shown, r->at, strlen(r->at));
	return why_set(r->why, R_BAD_CHOICE,
	    "'%s' is left over; write the choice like %s, or 'blank'", shown, example);
}

static enum result
named_twice(const struct reader *r, unsigned option)
{
	return why_set(r->why, R_BAD_CHOICE, "option %u is named twice; name it once", option);
}

static enum result
parse_plurality(uint8_t *bytes, struct reader *r)
{
	unsigned option = 0;
	enum result res = read_option(r, &option, "3");

	if (res == R_GOOD)
		res = read_end(r, "3");
	bytes[0] = (uint8_t)option;
	return res;
}

static enum result
parse_approval(uint8_t *bytes, struct reader *r)
{
	static const char example[] = "1,3";
	unsigned option;
	enum result res;

	for (;;) {
		res = read_option(r, &option, example);
		if (res != R_GOOD)
			return res;
		uint8_t *byte = &bytes[(option - 1) / 8];
		uint8_t bit = (uint8_t)(1u << (option - 1) % 8);
		if (*byte & bit)
			return named_twice(r, option);
		*byte |= bit;
		if (*r->at != ',')
			return read_end(r, example);
		r->at++;
	}
}

static enum result
parse_order(uint8_t *bytes, struct reader *r)
{
	static const char example[] = "2>1=3";
	unsigned option, rank = 1;
	enum result res;

	for (;;) {
		res = read_option(r, &option, example);
		if (res != R_GOOD)
			return res;
		if (bytes[option - 1] != 0)
			return named_twice(r, option);
		bytes[option - 1] = (uint8_t)rank;
		if (*r->at == '>')
			rank++;
		else if (*r->at != '=')
			return read_end(r, example);
		r->at++;
	}
}

/* The rank a character stands for; -1 for a character that is none. */
static int
char_rank(char c)
{
	if (c == '-')
		return 0;
	if (c >= '1' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	return -1;
}

/* Close the gaps between the ranks, keeping their order. */
static void
close_gaps(uint8_t *ranks, unsigned options)
{
	uint8_t dense[256] = { 0 };
	unsigned i;
	uint8_t last = 0;

	for (i = 0; i < options; i++)
		dense[ranks[i]] = 1;
	dense[0] = 0;
	for (i = 1; i < 256; i++)
		if (dense[i])
			dense[i] = ++last;
	for (i = 0; i < options; i++)
		ranks[i] = dense[ranks[i]];
}

enum result
choice_parse_ranks(struct choice *out, unsigned options, const char *ranks, size_t len,
    struct why *why)
{
	struct choice choice = { .type = CHOICE_RANKING, .options = options };
	char shown[44];
	size_t i;

	assert(options >= CHOICE_MIN_OPTIONS && options <= CHOICE_MAX_OPTIONS);
	quote(shown, ranks, len);
	if (len != options)
		return why_set(why, R_BAD_CHOICE,
		    "'%s' has %zu rank characters for %u options; write one for each, '-' for "
		    "not ranked",
		    shown, len, options);
	for (i = 0; i < len; i++) {
		int rank = char_rank(ranks[i]);
		if (rank < 0)
			return why_set(why, R_BAD_CHOICE,
			    "character %zu of '%s' is no rank; write 1 to 9, A to Z for 10 to "
			    "35, or '-' for not ranked",
			    i + 1, shown);
		if ((unsigned)rank > options)
			return why_set(why, R_BAD_CHOICE,
			    "character %zu of '%s' is rank %d, but there are only %u options",
			    i + 1, shown, rank, options);
		choice.bytes[i] = (uint8_t)rank;
	}
	close_gaps(choice.bytes, options);
	*out = choice;
	return R_GOOD;
}

/* Tell "31-2" from "2>1=3" and from the single option of "2". A number with as
 * many digits as there are options is never an option number (2 digits: at least
 * 10 of 2 options), so the two forms cannot be taken for each other. */
static int
looks_like_ranks(const char *text, size_t len, unsigned options)
{
	size_t i;

	if (strcspn(text, ">= \t") < len)
		return 0;
	if (len == options || len > 3)
		return 1;
	for (i = 0; i < len; i++)
		if (!is_digit(text[i]))
			return char_rank(text[i]) >= 0;
	return 0;
}

static enum result
parse_ranking(struct choice *choice, struct reader *r)
{
	const char *text = r->at;
	size_t len = strlen(text);

	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (looks_like_ranks(text, len, r->options))
		return choice_parse_ranks(choice, r->options, text, len, r->why);
	return parse_order(choice->bytes, r);
}

static int
is_blank_word(const char *text)
{
	return strncasecmp(text, "blank", 5) == 0 && text[5 + strspn(text + 5, " \t")] == '\0';
}

enum result
choice_parse(struct choice *out, enum choice_type type, unsigned options, const char *text,
    struct why *why)
{
	struct choice choice = { .type = type, .options = options };
	struct reader reader = { text, options, why };
	enum result r = R_GOOD;

	assert(options >= CHOICE_MIN_OPTIONS && options <= CHOICE_MAX_OPTIONS);
	skip_spaces(&reader);
	if (!is_blank_word(reader.at)) {
		switch (type) {
		case CHOICE_PLURALITY: r = parse_plurality(choice.bytes, &reader); break;
		case CHOICE_APPROVAL: r = parse_approval(choice.bytes, &reader); break;
		default: r = parse_ranking(&choice, &reader); break;
		}
	}
	if (r == R_GOOD)
		*out = choice;
	return r;
}

static char *
print_option(char *at, const char *before, unsigned option)
{
	return at + sprintf(at, "%s%u", before, option);
}

static void
print_ranking(char *at, const struct choice *choice)
{
	const char *before = "";
	unsigned i, rank;

	for (rank = 1; rank <= choice->options; rank++) {
		for (i = 0; i < choice->options; i++) {
			if (choice->bytes[i] != rank)
				continue;
			at = print_option(at, before, i + 1);
			before = "=";
		}
		before = ">";
	}
}

void
choice_print(char out[CHOICE_TEXT_BYTES], const struct choice *choice)
{
	const char *before = "";
	char *at = out;
	unsigned i;

	if (choice_is_blank(choice)) {
		strcpy(out, "blank");
		return;
	}
	if (choice->type == CHOICE_RANKING) {
		print_ranking(out, choice);
		return;
	}
	for (i = 1; i <= choice->options; i++) {
		if (!choice_names(choice, i))
			continue;
		at = print_option(at, before, i);
		before = ",";
	}
}
