#include "ballots/sheet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

/* A file being read: the line at hand and where it stands. */
struct reader {
	struct sheet *sheet;
	struct why *why;
	size_t capacity; /* ballots there is room for */
	size_t number;   /* of the line, from 1 */
	size_t len;
	char line[SHEET_MAX_LINE + 1]; /* without its end, with a final zero */
};

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *
skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* ---- options ---- */

/* Return the number of an option line, "Option 1--->: name" or "Option 1: name"
 * with or without the lines drawn in front; NULL for a line that is none, even if
 * it speaks of an option. */
static const char *
after_option(const char *line)
{
	const char *number, *end, *at = line + strspn(line, " \t|/\\");

	if (strncmp(at, "Option", 6) != 0 || !is_blank(at[6]))
		return NULL;
	number = skip_blanks(at + 6);
	end = skip_blanks(number + strspn(number, "0123456789"));
	return end > number && (*end == '-' || *end == ':') ? number : NULL;
}

static enum result
check_name(const struct reader *r, const char *name, size_t len)
{
	size_t i;

	if (len == 0)
		return why_set(r->why, R_BAD_INPUT,
		    "line %zu: option %u has no name; write it after the colon", r->number,
		    r->sheet->options + 1);
	if (len > SHEET_MAX_NAME)
		return why_set(r->why, R_BAD_INPUT,
		    "line %zu: the name of option %u has %zu bytes; shorten it to %d", r->number,
		    r->sheet->options + 1, len, SHEET_MAX_NAME);
	if (u8_check((const uint8_t *)name, len) != NULL)
		return why_set(r->why, R_BAD_INPUT,
		    "line %zu: the name of option %u is not UTF-8; convert the file (iconv)",
		    r->number, r->sheet->options + 1);
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];
		/* 0xc2 0x80..0x9f are the control characters above ASCII */
		if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)name[i + 1] < 0xa0))
			return why_set(r->why, R_BAD_INPUT,
			    "line %zu: the name of option %u holds a control character; remove it",
			    r->number, r->sheet->options + 1);
	}
	return R_GOOD;
}

static enum result
check_new(const struct reader *r, const char *name, size_t len)
{
	const struct sheet *sheet = r->sheet;
	unsigned i;

	for (i = 0; i < sheet->options; i++)
		if (strlen(sheet->name[i]) == len && memcmp(sheet->name[i], name, len) == 0)
			return why_set(r->why, R_BAD_INPUT,
			    "line %zu: option %u has the same name as option %u; give each its own",
			    r->number, sheet->options + 1, i + 1);
	return R_GOOD;
}

static enum result
check_number(const struct reader *r, unsigned number)
{
	unsigned expected = r->sheet->options + 1;

	if (r->sheet->ballots > 0)
		return why_set(r->why, R_BAD_INPUT,
		    "line %zu: an option after the first ballot; put the options before the "
		    "ballots, and one sheet in a file",
		    r->number);
	if (number == 0 || number < expected)
		return why_set(r->why, R_BAD_INPUT,
		    "line %zu: option %u %s; number the options 1, 2, 3 in order", r->number,
		    number, number == 0 ? "is no option number" : "is there already");
	if (number > CHOICE_MAX_OPTIONS)
		return why_set(r->why, R_BAD_INPUT, "line %zu: there may be at most %d options",
		    r->number, CHOICE_MAX_OPTIONS);
	if (number > expected)
		return why_set(r->why, R_BAD_INPUT,
		    "line %zu: option %u is missing before option %u; number the options 1, 2, "
		    "3 in order",
		    r->number, expected, number);
	return R_GOOD;
}

/* Read an option line from its number on. */
static enum result
read_option(struct reader *r, const char *at)
{
	struct sheet *sheet = r->sheet;
	unsigned number = 0;
	size_t len;
	enum result res;

	for (; is_digit(*at); at++)
		if (number <= CHOICE_MAX_OPTIONS)
			number = number * 10 + (unsigned)(*at - '0');
	at = skip_blanks(at);
	at += strspn(at, "-");
	if (*at == '>')
		at++;
	at = skip_blanks(at);
	if (*at != ':')
		return why_set(r->why, R_BAD_INPUT,
		    "line %zu: an option line without its name; write it like 'Option 1--->: name'",
		    r->number);
	at = skip_blanks(at + 1);
	len = r->len - (size_t)(at - r->line);
	while (len > 0 && is_blank(at[len - 1]))
		len--;
	res = check_number(r, number);
	if (res == R_GOOD)
		res = check_name(r, at, len);
	if (res == R_GOOD)
		res = check_new(r, at, len);
	if (res != R_GOOD)
		return res;
	sheet->name[sheet->options] = strndup(at, len);
	if (sheet->name[sheet->options] == NULL)
		return why_set(r->why, R_NO_MEMORY, "out of memory for the tally sheet");
	sheet->options++;
	return R_GOOD;
}

/* ---- ballots ---- */

static enum result
make_room(struct reader *r)
{
	struct sheet *sheet = r->sheet;
	size_t capacity = r->capacity == 0 ? 1024 : r->capacity * 2;
	uint8_t *ranks;

	if (sheet->ballots < r->capacity)
		return R_GOOD;
	ranks = reallocarray(sheet->ranks, capacity, sheet->options);
	if (ranks == NULL)
		return why_set(r->why, R_NO_MEMORY, "out of memory for %zu ballots", capacity);
	sheet->ranks = ranks;
	r->capacity = capacity;
	return R_GOOD;
}

/* Read a ballot line from behind its "V:" on. */
static enum result
read_ballot(struct reader *r, const char *at)
{
	struct sheet *sheet = r->sheet;
	struct choice choice;
	struct why why;
	enum result res;

	if (sheet->options < CHOICE_MIN_OPTIONS)
		return why_set(r->why, R_BAD_INPUT,
		    "line %zu: a ballot, but %s before it; list the options first, like "
		    "'Option 1--->: name'",
		    r->number, sheet->options == 0 ? "no options" : "only one option");
	at = skip_blanks(at);
	/* A zero byte ends the ranks here and makes their number wrong. */
	if (choice_parse_ranks(&choice, sheet->options, at, strcspn(at, " \t"), &why) != R_GOOD)
		return why_set(r->why, R_BAD_INPUT, "line %zu: %.400s", r->number, why.text);
	res = make_room(r);
	if (res != R_GOOD)
		return res;
	memcpy(sheet->ranks + sheet->ballots * sheet->options, choice.bytes, sheet->options);
	sheet->ballots++;
	return R_GOOD;
}

/* Would this line, after the options, be a ballot but for a slip? Either a V with
 * something else than a colon and no word, or bare ranks. */
static int
resembles_ballot(const struct reader *r, const char *at)
{
	struct choice choice;
	size_t len = strcspn(at, " \t");

	if (r->sheet->options < CHOICE_MIN_OPTIONS)
		return 0;
	if (*at == 'V' || *at == 'v')
		return !is_letter(at[1]);
	/* A line drawn with dashes would be a blank ballot: what tells them apart is a rank. */
	return strcspn(at, "123456789") < len &&
	    choice_parse_ranks(&choice, r->sheet->options, at, len, NULL) == R_GOOD;
}

static enum result
read_line(struct reader *r)
{
	const char *at = skip_blanks(r->line);
	const char *option = after_option(r->line);

	if (option != NULL)
		return read_option(r, option);
	/* Before the options an indented "V:" belongs to the explanation. */
	if (at[0] == 'V' && at[1] == ':' && (r->sheet->options > 0 || at == r->line))
		return read_ballot(r, at + 2);
	if (resembles_ballot(r, at))
		return why_set(r->why, R_BAD_INPUT,
		    "line %zu: this looks like a ballot without its 'V:'; begin it with 'V: ', "
		    "or with '#' if it is none",
		    r->number);
	return R_GOOD;
}

/* ---- the file ---- */

/* Read the next line without its end. *more is 0 at the end of the file. */
static enum result
next_line(struct reader *r, FILE *in, int *more)
{
	int c;

	r->len = 0;
	r->number++;
	while ((c = getc_unlocked(in)) != EOF && c != '\n') {
		if (r->len == SHEET_MAX_LINE)
			return why_set(r->why, R_BAD_INPUT,
			    "line %zu is longer than %d bytes; is this a tally sheet?", r->number,
			    SHEET_MAX_LINE);
		r->line[r->len++] = (char)c;
	}
	if (ferror(in))
		return why_set(r->why, R_NO_DISK, "the tally sheet could not be read");
	if (r->len > 0 && r->line[r->len - 1] == '\r')
		r->len--;
	r->line[r->len] = '\0';
	*more = c != EOF || r->len > 0;
	return R_GOOD;
}

static void
skip_byte_order_mark(struct reader *r)
{
	if (r->number == 1 && strncmp(r->line, "\xef\xbb\xbf", 3) == 0) {
		r->len -= 3;
		memmove(r->line, r->line + 3, r->len + 1);
	}
}

static enum result
read_lines(struct reader *r, FILE *in)
{
	enum result res;
	int more = 1;

	for (;;) {
		res = next_line(r, in, &more);
		if (res != R_GOOD || !more)
			break;
		skip_byte_order_mark(r);
		res = read_line(r);
		if (res != R_GOOD)
			break;
	}
	if (res == R_GOOD && r->sheet->options < CHOICE_MIN_OPTIONS)
		res = why_set(r->why, R_BAD_INPUT,
		    "the tally sheet has %s; list them before the ballots, like "
		    "'Option 1--->: name'",
		    r->sheet->options == 0 ? "no options" : "only one option");
	return res;
}

enum result
sheet_read(struct sheet **out, FILE *in, struct why *why)
{
	struct sheet *sheet = calloc(1, sizeof *sheet);
	struct reader reader = { .sheet = sheet, .why = why };
	enum result r;

	if (sheet == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory for the tally sheet");
	r = read_lines(&reader, in);
	if (r != R_GOOD) {
		sheet_free(sheet);
		return r;
	}
	*out = sheet;
	return R_GOOD;
}

void
sheet_free(struct sheet *sheet)
{
	unsigned i;

	if (sheet == NULL)
		return;
	for (i = 0; i < sheet->options; i++)
		free(sheet->name[i]);
	free(sheet->ranks);
	free(sheet);
}

void
sheet_choice(struct choice *out, const struct sheet *sheet, size_t i)
{
	assert(i < sheet->ballots);
	memset(out, 0, sizeof *out);
	out->type = CHOICE_RANKING;
	out->options = sheet->options;
	memcpy(out->bytes, sheet->ranks + i * sheet->options, sheet->options);
}
