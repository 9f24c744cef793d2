#include "client/register.h"

#include <stdlib.h>
#include <string.h>

#include <csv.h>
#include <uninorm.h>
#include <unistr.h>

#include "client/file.h"

#define REGISTER_MOST ((size_t)1 << 30)
#define NAME_MOST 200
#define COLUMNS_MOST 64

enum column { COLUMN_OTHER, COLUMN_NAME, COLUMN_KIND, COLUMN_CLASS };

struct reader {
	const char *path;
	const struct definition *d;
	struct arena *arena;
	struct why *why;
	enum result r;
	size_t row, column;
	enum column what[COLUMNS_MOST];
	size_t class[COLUMNS_MOST];
	size_t columns;
	struct roll_line line;
	struct roll_line *lines;
	size_t n, room;
};

enum result
register_name(const char **out, struct arena *arena, const char *text, size_t len, struct why *why)
{
	uint8_t *nfc;
	size_t n = 0, i;
	char *copy;

	if (u8_check((const uint8_t *)text, len) != NULL)
		return why_set(why, R_BAD_INPUT, "a name is not UTF-8 text");
	nfc = u8_normalize(UNINORM_NFC, (const uint8_t *)text, len, NULL, &n);
	if (nfc == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < n; i++)
		if (nfc[i] < 0x20 || nfc[i] == 0x7f)
			break;
	if (i < n || n == 0 || n > NAME_MOST) {
		free(nfc);
		return why_set(why, R_BAD_INPUT,
		    n == 0      ? "a name is empty"
			: i < n ? "a name holds a control character"
				: "a name is longer than 200 bytes");
	}
	copy = arena_alloc(arena, n + 1);
	if (copy != NULL)
		memcpy(copy, nfc, n);
	free(nfc);
	*out = copy;
	return copy == NULL ? R_NO_MEMORY : R_GOOD;
}

static void
fail(struct reader *x, enum result r, const char *what)
{
	if (x->r == R_GOOD)
		x->r = why_set(x->why, r, "%s row %zu, column %zu: %s", x->path, x->row + 1,
		    x->column + 1, what);
}

static void
take_header(struct reader *x, const char *text, size_t len)
{
	size_t i;

	if (x->column >= COLUMNS_MOST) {
		fail(x, R_BAD_INPUT, "there are too many columns");
		return;
	}
	x->what[x->column] = COLUMN_OTHER;
	if (x->column == 0)
		x->what[0] = COLUMN_NAME;
	else if (len == 4 && strncasecmp(text, "kind", 4) == 0)
		x->what[x->column] = COLUMN_KIND;
	else if (x->d->class_count == 1 && len == 6 && strncasecmp(text, "shares", 6) == 0) {
		x->what[x->column] = COLUMN_CLASS;
		x->class[x->column] = 0;
	} else
		for (i = 0; i < x->d->class_count; i++)
			if (strlen(x->d->classes[i]) == len &&
			    strncmp(x->d->classes[i], text, len) == 0) {
				x->what[x->column] = COLUMN_CLASS;
				x->class[x->column] = i;
			}
}

static void
take_holding(struct reader *x, const char *text, size_t len)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < len && text[i] >= '0' && text[i] <= '9' && v < DEFINITION_WEIGHT_LIMIT; i++)
		v = v * 10 + (uint64_t)(text[i] - '0');
	if (i < len || len == 0 || v >= DEFINITION_WEIGHT_LIMIT || (len > 1 && text[0] == '0'))
		fail(x, R_BAD_WEIGHT,
		    "a holding is a whole number below 2^44, without sign or separators");
	else
		x->line.holdings[x->class[x->column]] = v;
}

static void
take_field(void *bytes, size_t len, void *ctx)
{
	struct reader *x = ctx;
	const char *text = bytes != NULL ? bytes : "";
	enum result r;

	if (x->r != R_GOOD)
		return;
	if (x->row == 0 && x->column == 0 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (x->row == 0)
		take_header(x, text, len);
	else if (x->column >= x->columns)
		fail(x, R_BAD_INPUT, "this row has more columns than the header");
	else
		switch (x->what[x->column]) {
		case COLUMN_OTHER: break;
		case COLUMN_NAME:
			r = register_name(&x->line.name, x->arena, text, len, x->why);
			x->line.has_name = true;
			if (r != R_GOOD) {
				char what[sizeof x->why->text];

				memcpy(what, x->why->text, sizeof what);
				fail(x, r, what);
			}
			break;
		case COLUMN_KIND:
			if (len == 3 && memcmp(text, "own", 3) == 0)
				x->line.kind = ROLL_OWN;
			else if (len == 7 && memcmp(text, "nominee", 7) == 0)
				x->line.kind = ROLL_NOMINEE;
			else if (len == 8 && memcmp(text, "treasury", 8) == 0)
				x->line.kind = ROLL_TREASURY;
			else
				fail(x, R_BAD_INPUT, "kind is own, nominee or treasury");
			break;
		case COLUMN_CLASS: take_holding(x, text, len); break;
		}
	x->column++;
}

static void
start_row(struct reader *x)
{
	memset(&x->line, 0, sizeof x->line);
	x->line.holding_count = x->d->class_count;
	x->line.holdings =
	    arena_alloc(x->arena, (x->line.holding_count + 1) * sizeof *x->line.holdings);
	if (x->line.holdings == NULL)
		x->r = R_NO_MEMORY;
}

static void
end_row(int c, void *ctx)
{
	struct reader *x = ctx;
	struct roll_line *more;

	(void)c;
	if (x->r != R_GOOD)
		return;
	if (x->row == 0)
		x->columns = x->column;
	else if (x->column < x->columns)
		fail(x, R_BAD_INPUT, "this row has fewer columns than the header");
	else {
		if (x->n == x->room) {
			more = arena_grow(x->arena, x->lines, x->room * sizeof *more,
			    (x->room * 2 + 256) * sizeof *more);
			if (more == NULL) {
				x->r = R_NO_MEMORY;
				return;
			}
			x->lines = more;
			x->room = x->room * 2 + 256;
		}
		x->lines[x->n++] = x->line;
	}
	x->row++;
	x->column = 0;
	if (x->r == R_GOOD)
		start_row(x);
}

enum result
register_read(struct roll_line **lines, size_t *count, struct arena *arena, const char *path,
    const struct definition *d, struct why *why)
{
	struct reader x = { .path = path, .d = d, .arena = arena, .why = why };
	struct buffer text = { 0 };
	struct csv_parser parser;

	x.r = file_read(&text, path, REGISTER_MOST, why);
	if (x.r != R_GOOD) {
		buffer_free(&text);
		return x.r;
	}
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		buffer_free(&text);
		return R_NO_MEMORY;
	}
	start_row(&x);
	if (csv_parse(&parser, text.p, text.n, take_field, end_row, &x) != text.n ||
	    csv_fini(&parser, take_field, end_row, &x) != 0)
		fail(&x, R_BAD_INPUT, "a quotation mark is in the wrong place");
	csv_free(&parser);
	buffer_free(&text);
	if (x.r == R_GOOD && x.n == 0)
		x.r = why_set(why, R_BAD_INPUT,
		    "%s holds nobody\nThe first row is the header, each further row a person",
		    path);
	*lines = x.lines;
	*count = x.n;
	return x.r;
}
