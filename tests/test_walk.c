/*
 * test_walk: canonical JSON. What the reader takes it writes back byte for byte;
 * every other form of the same values is refused.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "ballots/token.h"
#include "ballots/walk.h"
#include "tests/must.h"
#include "tests/suite.h"

/* ---- a record with one of everything ---- */

struct part {
	uint8_t key[5];
	uint32_t id;
};

struct row {
	uint64_t *cell;
	size_t cells;
};

struct sample {
	struct part *part;
	size_t parts;
	bool is_open;
	unsigned kind;
	bool has_note;
	const char *note;
	struct slice proof;
	struct slice record;
	struct row *row;
	size_t rows;
	uint64_t seq;
	uint64_t fixed[3];
	size_t fixed_n;
	unsigned which;
	struct slice body; /* raw */
};

static const char *const kinds[] = { "approval", "plurality", "ranking" };
static const char *const types[] = { "close", "open-item" };

static void
part_walk(struct walk *w, struct part *p)
{
	walk_object(w);
	walk_key(w, "id");
	walk_u32(w, &p->id, 1, 200);
	walk_key(w, "key");
	walk_bin(w, p->key, sizeof p->key);
	walk_end(w);
}

static void
row_walk(struct walk *w, struct row *r)
{
	size_t i;

	walk_array(w, &r->cell, &r->cells, sizeof *r->cell, 0, 5);
	while (walk_next(w, &i))
		walk_u53(w, &r->cell[i], 0, 9);
}

static void
sample_walk(struct walk *w, struct sample *s)
{
	static const char *const version[] = { "one" };
	size_t i, begin;
	unsigned one = 0;

	walk_object(w);
	walk_key(w, "body");
	begin = walk_raw_begin(w);
	walk_object(w);
	walk_variant(w, types, 2, &s->which, R_STATE);
	walk_object(w);
	walk_end(w);
	walk_end(w);
	walk_raw_end(w, begin, &s->body);
	walk_key(w, "fixed");
	walk_array(w, NULL, &s->fixed_n, 0, 0, 3);
	while (walk_next(w, &i))
		walk_u53(w, &s->fixed[i], 0, WALK_MAX_INTEGER);
	walk_key(w, "kind");
	walk_enum(w, kinds, 3, &s->kind);
	if (walk_option(w, "note", &s->has_note))
		walk_string(w, &s->note, 1, 40);
	walk_key(w, "open");
	walk_flag(w, &s->is_open);
	walk_key(w, "parts");
	walk_array(w, &s->part, &s->parts, sizeof *s->part, 2, 9);
	while (walk_next(w, &i))
		part_walk(w, &s->part[i]);
	walk_key(w, "proof");
	walk_bin_var(w, &s->proof, 0, 20);
	walk_key(w, "record");
	walk_value(w, &s->record, 60);
	walk_key(w, "rows");
	walk_array(w, &s->row, &s->rows, sizeof *s->row, 0, 6);
	while (walk_next(w, &i))
		row_walk(w, &s->row[i]);
	walk_key(w, "seq");
	walk_u53(w, &s->seq, 0, WALK_MAX_INTEGER);
	walk_key(w, "version");
	walk_enum(w, version, 1, &one);
	walk_end(w);
}

static const char whole[] =
    "{\"body\":{\"open-item\":{}},\"fixed\":[0,9007199254740991],\"kind\":\"plurality\","
    "\"note\":\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f/"
    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x97\xb3\",\"open\":1,"
    "\"parts\":[{\"id\":1,\"key\":\"AAECAwQ\"},{\"id\":200,\"key\":\"_____-8\"},{\"id\":37,\"key\":"
    "\"AAAAAAA\"}],"
    "\"proof\":\"Zm9vYmE\",\"record\":{\"a\":[1,{},\"\\n\"],\"b\":\"x\"},\"rows\":[[],[1,2,3,4,5],["
    "9]],\"seq\":4711,"
    "\"version\":\"one\"}";
static const char small[] =
    "{\"body\":{\"close\":{}},\"fixed\":[],\"kind\":\"approval\",\"open\":0,"
    "\"parts\":[{\"id\":1,\"key\":\"AAECAwQ\"},{\"id\":2,\"key\":\"AAECAwQ\"}],\"proof\":\"\","
    "\"record\":0,"
    "\"rows\":[],\"seq\":0,\"version\":\"one\"}";

/* Read `bytes`; if that is good, write it again and insist on the same bytes. */
static enum result
round_trip(struct slice bytes)
{
	struct sample s = { 0 };
	struct arena arena = { 0 };
	struct buffer out = { 0 };
	struct walk w;
	enum result r;
	const char *what;
	size_t n;

	walk_read(&w, &arena, bytes, 4096);
	sample_walk(&w, &s);
	r = walk_finish(&w);
	if (r == R_GOOD) {
		what = token_value(&n, bytes.p, bytes.p + bytes.n);
		must(what == NULL);
		must(n == bytes.n);
		walk_write(&w, &out, 4096);
		sample_walk(&w, &s);
		must(walk_finish(&w) == R_GOOD);
		must(slice_equal(buffer_slice(&out), bytes));
		buffer_free(&out);
	} else
		must(w.why.text[0] != '\0');
	arena_free(&arena);
	return r;
}

/* Every byte at every place of strings of every length up to a few words. */
START_TEST(any_byte_in_a_string)
{
	uint8_t text[40];
	struct slice raw;
	const char *what;
	size_t n, len, at;
	unsigned c;

	for (n = 1; n <= 27; n++)
		for (at = 0; at < n; at++)
			for (c = 0; c < 256; c++) {
				memset(text, 'x', sizeof text);
				text[0] = text[1 + n] = '"';
				text[1 + at] = (uint8_t)c;
				what = token_string(&raw, &len, text, text + n + 2);
				/* No escape begins with x, no sequence goes on with it. */
				must((what == NULL) == (c >= 0x20 && c < 0x80 && c != '\\'));
				if (what == NULL)
					must(len == (c == '"' ? at : n) && raw.n == len);
				if (c >= 0xc2 && c <= 0xdf && at + 1 < n) {
					text[2 + at] = 0x80;
					what = token_string(&raw, &len, text, text + n + 2);
					must(what == NULL && len == n);
				}
			}
}
END_TEST

START_TEST(a_record_comes_back_byte_for_byte)
{
	struct sample s = { 0 };
	struct arena arena = { 0 };
	struct walk w;

	ck_assert_int_eq(round_trip(slice_of(whole)), R_GOOD);
	ck_assert_int_eq(round_trip(slice_of(small)), R_GOOD);

	walk_read(&w, &arena, slice_of(whole), sizeof whole - 1);
	sample_walk(&w, &s);
	ck_assert_int_eq(walk_finish(&w), R_GOOD);
	ck_assert_uint_eq(s.which, 1);
	ck_assert(slice_equal(s.body, slice_of("{\"open-item\":{}}")));
	ck_assert_uint_eq(s.fixed_n, 2);
	ck_assert_uint_eq(s.fixed[1], 9007199254740991);
	ck_assert_uint_eq(s.kind, 1);
	ck_assert(s.has_note && s.is_open);
	ck_assert_str_eq(s.note,
	    "a\"\\\b\f\n\r\t\x01\x1f\x7f/\xc3\xa9\xe2\x82\xac\xf0\x9f\x97\xb3");
	ck_assert_uint_eq(s.parts, 3);
	ck_assert_uint_eq(s.part[1].id, 200);
	ck_assert_mem_eq(s.part[1].key, "\xff\xff\xff\xff\xef", 5);
	ck_assert(slice_equal(s.proof, slice_of("fooba")));
	ck_assert(slice_equal(s.record, slice_of("{\"a\":[1,{},\"\\n\"],\"b\":\"x\"}")));
	ck_assert_uint_eq(s.rows, 3);
	ck_assert_uint_eq(s.row[1].cells, 5);
	ck_assert_uint_eq(s.row[1].cell[4], 5);
	ck_assert_uint_eq(s.row[2].cell[0], 9);
	ck_assert_uint_eq(s.seq, 4711);
	arena_free(&arena);

	walk_read(&w, &arena, slice_of(whole), sizeof whole - 2);
	sample_walk(&w, &s);
	ck_assert_int_eq(walk_finish(&w), R_TOO_LARGE);
	arena_free(&arena);
}
END_TEST

START_TEST(every_cut_is_refused)
{
	uint8_t *exact;
	size_t n;

	for (n = 0; n < sizeof whole - 1; n++) {
		/* On the heap in its exact size, so that a sanitizer sees any step beyond. */
		exact = malloc(n + 1);
		memcpy(exact, whole, n);
		exact = realloc(exact, n > 0 ? n : 1);
		ck_assert_int_eq(round_trip((struct slice){ exact, n }), R_BAD_ENCODING);
		free(exact);
	}
	ck_assert_int_eq(round_trip((struct slice){ NULL, 0 }), R_BAD_ENCODING);
}
END_TEST

START_TEST(every_changed_byte_is_refused_or_another_value)
{
	char text[sizeof whole];
	unsigned taken = 0, refused = 0;
	size_t at;
	int c;

	for (at = 0; at < sizeof whole - 1; at++)
		for (c = 0; c < 256; c++) {
			memcpy(text, whole, sizeof whole);
			if (text[at] == (char)c)
				continue;
			text[at] = (char)c;
			if (round_trip((struct slice){ (uint8_t *)text, sizeof whole - 1 }) ==
			    R_GOOD)
				taken++;
			else
				refused++;
		}
	ck_assert_uint_gt(taken, 500);
	ck_assert_uint_gt(refused, 20 * taken);
}
END_TEST

/* May a character be added before whole[at] as part of a string? */
static bool
in_free_text(size_t at)
{
	const char *p = whole + at;

	return (p >= strstr(whole, "a\\\"") && p <= strstr(whole, "\",\"open\"")) ||
	    (p > strstr(whole, "{\"a\"") && p < strstr(whole, ",\"rows\""));
}

START_TEST(every_insertion_and_deletion)
{
	char text[sizeof whole + 1];
	size_t at, n = sizeof whole - 1;
	enum result r;
	int c;

	for (at = 0; at <= n; at++)
		for (c = 0; c < 256; c++) {
			memcpy(text, whole, at);
			text[at] = (char)c;
			memcpy(text + at + 1, whole + at, n - at);
			r = round_trip((struct slice){ (uint8_t *)text, n + 1 });
			if ((c == ' ' || c == '\t' || c == '\n' || c == '\r') && !in_free_text(at))
				must(r != R_GOOD);
		}
	for (at = 0; at < n; at++) {
		memcpy(text, whole, at);
		memcpy(text + at, whole + at + 1, n - at - 1);
		(void)round_trip((struct slice){ (uint8_t *)text, n - 1 });
	}
}
END_TEST

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Pieces that a hostile writer would try. */
static const char *const pieces[] = { "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "\n", "0", "-",
	".", "1e3", "-0", "00", "9007199254740992", "null", "true", "\\u0041", "\\/", "\\u001F",
	"\\u0000", "\xef\xbb\xbf", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\"a\":1,",
	",\"z\":1", "{}", "[]", "=", "A", "\x7f", "\\ud83d\\udc00", "[[[[[[[[[[[[[[[[[[",
	"\"id\":1,", ",\"seq\":1" };

static size_t
mutate(uint8_t *out, const char *from, size_t n, uint64_t *state)
{
	uint64_t x = next_random(state);
	size_t at = (size_t)(x >> 8) % n, len = (size_t)(x >> 40) % 12, more;
	const char *piece = pieces[(x >> 32) % (sizeof pieces / sizeof pieces[0])];

	if (len > n - at)
		len = n - at;
	memcpy(out, from, at);
	switch (x % 4) {
	case 0: /* replace by a piece */
		more = strlen(piece);
		memcpy(out + at, piece, more);
		break;
	case 1: /* cut out */ more = 0; break;
	case 2: /* say twice */
		memcpy(out + at, from + at, len);
		memcpy(out + at + len, from + at, len);
		more = 2 * len;
		break;
	default: /* insert a piece */
		more = strlen(piece);
		memcpy(out + at, piece, more);
		len = 0;
		break;
	}
	memcpy(out + at + more, from + at + len, n - at - len);
	return n - len + more;
}

START_TEST(random_mutations)
{
	uint8_t once[512], twice[600];
	unsigned taken = 0, i;
	uint64_t state = 20130;
	size_t n;

	for (i = 0; i < 400000; i++) {
		n = mutate(once, i % 2 ? whole : small, i % 2 ? sizeof whole - 1 : sizeof small - 1,
		    &state);
		taken += round_trip((struct slice){ once, n }) == R_GOOD;
		n = mutate(twice, (const char *)once, n, &state);
		taken += round_trip((struct slice){ twice, n }) == R_GOOD;
	}
	ck_assert_uint_gt(taken, 1000);
}
END_TEST

/* ---- one value at a time ---- */

enum kind { NUMBER, TEXT, BYTES, ANY };

static enum result
read_one(enum kind kind, struct slice bytes, const char **text)
{
	static char copy[600];
	struct arena arena = { 0 };
	const char *s = "";
	uint64_t x = 0;
	struct slice v = { 0 };
	struct walk w;

	walk_read(&w, &arena, bytes, 5000000);
	if (kind == NUMBER)
		walk_u53(&w, &x, 0, WALK_MAX_INTEGER);
	else if (kind == TEXT)
		walk_string(&w, &s, 0, 500);
	else if (kind == BYTES)
		walk_bin_var(&w, &v, 0, 500);
	else
		walk_value(&w, &v, 5000000);
	(void)walk_finish(&w);
	snprintf(copy, sizeof copy, "%s", w.error == R_GOOD ? s : w.why.text);
	if (text != NULL)
		*text = copy;
	arena_free(&arena);
	return w.error;
}

START_TEST(numbers_have_one_form)
{
	static const char *const good[] = { "0", "1", "10", "9007199254740991",
		"9007199254740990" };
	static const char *const bad[] = { "", "-0", "-1", "+1", "00", "01", "0x1", "1.0", "1.",
		".5", "1e3", "1E3", "0e0", "9007199254740992", "9007199254740993",
		"90071992547409910", "18446744073709551616", "18446744073709551617",
		"340282366920938463463374607431768211457", " 1", "1 ", "1\n", "\"1\"", "null",
		"true", "Infinity", "NaN", "1,", "1]", "\xef\xbb\xbf\x31" };
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		ck_assert_int_eq(read_one(NUMBER, slice_of(good[i]), NULL), R_GOOD);
		ck_assert_int_eq(read_one(ANY, slice_of(good[i]), NULL), R_GOOD);
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(read_one(NUMBER, slice_of(bad[i]), NULL), R_BAD_ENCODING);
		if (bad[i][0] != '"')
			ck_assert_int_eq(read_one(ANY, slice_of(bad[i]), NULL), R_BAD_ENCODING);
	}
	ck_assert_int_eq(read_one(NUMBER, (struct slice){ (const uint8_t *)"1\0", 2 }, NULL),
	    R_BAD_ENCODING);
}
END_TEST

START_TEST(strings_have_one_form)
{
	static const struct {
		const char *token, *value;
	} good[] = {
		{ "\"\"", "" },
		{ "\"/\"", "/" },
		{ "\"\\\"\\\\\"", "\"\\" },
		{ "\"\\b\\t\\n\\f\\r\"", "\b\t\n\f\r" },
		{ "\"\\u0001\\u000b\\u000e\\u001f\"", "\x01\x0b\x0e\x1f" },
		{ "\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\"",
		    "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf" },
		{ "\"\xed\x9f\xbf\xee\x80\x80\"", "\xed\x9f\xbf\xee\x80\x80" },
		{ "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
		/* a byte order mark inside of a string is a character */
		{ "\"\xef\xbb\xbf\"", "\xef\xbb\xbf" },
	};
	static const char *const bad[] = { "", "\"", "\"a", "a", "'a'", "\"a\"b", "\"a\" ",
		" \"a\"", "\"\\\"", "\"\\u0000\"", "\"\\u0041\"", "\"\\u00e9\"", "\"\\u001F\"",
		"\"\\u001\"", "\"\\u\"", "\"\\U0001\"", "\"\\u0008\"", "\"\\u0009\"", "\"\\u000a\"",
		"\"\\u000c\"", "\"\\u000d\"", "\"\\u0022\"", "\"\\u005c\"", "\"\\u0020\"",
		"\"\\u007f\"", "\"\\u0101\"", "\"\\ud83d\\udc00\"", "\"\\/\"", "\"\\a\"", "\"\\v\"",
		"\"\\x01\"", "\"\\0\"", "\"\\'\"", "\"\n\"", "\"\t\"", "\"\x01\"", "\"\x1f\"",
		"\"\x80\"", "\"\xbf\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xc2\"", "\"\xc2\x7f\"",
		"\"\xc2\xc0\"", "\"\xe0\x80\x80\"", "\"\xe0\x9f\xbf\"", "\"\xe1\x80\"",
		"\"\xe1\x80\x7f\"", "\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"", "\"\xf0\x80\x80\x80\"",
		"\"\xf0\x8f\xbf\xbf\"", "\"\xf1\x80\x80\"", "\"\xf4\x90\x80\x80\"",
		"\"\xf5\x80\x80\x80\"", "\"\xff\"", "\"\xfe\"", "\xef\xbb\xbf\"a\"", "null", "1" };
	const char *text;
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		ck_assert_int_eq(read_one(TEXT, slice_of(good[i].token), &text), R_GOOD);
		ck_assert_str_eq(text, good[i].value);
		ck_assert_int_eq(read_one(ANY, slice_of(good[i].token), NULL), R_GOOD);
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(read_one(TEXT, slice_of(bad[i]), NULL), R_BAD_ENCODING);
		if (strcmp(bad[i], "1") != 0)
			ck_assert_int_eq(read_one(ANY, slice_of(bad[i]), NULL), R_BAD_ENCODING);
	}
	/* A zero byte inside. */
	ck_assert_int_eq(read_one(TEXT, (struct slice){ (const uint8_t *)"\"a\0b\"", 5 }, NULL),
	    R_BAD_ENCODING);
}
END_TEST

/* Is this one character of n bytes, by its bits? */
static bool
is_character(const uint8_t *u, unsigned n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 },
			     mask[] = { 0, 0, 0xe0, 0xf0, 0xf8 };
	uint32_t c = u[0] & (uint32_t)(0xff & ~mask[n]);
	unsigned i;

	if ((u[0] & mask[n]) != lead[n])
		return false;
	for (i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (u[i] & 63);
	}
	return c >= least[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

static void
compare_utf8(const uint8_t *u, unsigned n)
{
	bool expected = is_character(u, n);
	/* A shorter character followed by others is fine as well. */
	bool split = !expected && n == 3 && is_character(u, 2) && u[2] < 0x80;

	must(u[n] == '\0');
	if (token_check_string((const char *)u) == NULL)
		must(expected || split);
	else
		must(!expected && !split);
}

START_TEST(utf8_agrees_with_code_points)
{
	uint8_t u[5] = { 0 };
	uint32_t x;

	for (x = 0x8001; x <= 0xffff; x++) {
		u[0] = (uint8_t)(x >> 8);
		u[1] = (uint8_t)x;
		if (u[1] != 0)
			compare_utf8(u, 2);
	}
	for (x = 0xc00000; x <= 0xffffff; x++) {
		u[0] = (uint8_t)(x >> 16);
		u[1] = (uint8_t)(x >> 8);
		u[2] = (uint8_t)x;
		if (u[1] >= 0x80 && u[2] != 0)
			compare_utf8(u, 3);
	}
	/* Four bytes: all leads and second bytes, the edges of the others. */
	for (x = 0; x < 16 * 128 * 64; x++) {
		static const uint8_t edge[8] = { 0x7f, 0x80, 0x81, 0xbe, 0xbf, 0xc0, 0xc2, 0xff };

		u[0] = (uint8_t)(0xf0 | x >> 13);
		u[1] = (uint8_t)(0x80 | (x >> 6 & 127));
		u[2] = edge[x >> 3 & 7];
		u[3] = edge[x & 7];
		compare_utf8(u, 4);
	}
}
END_TEST

START_TEST(binaries_have_one_form)
{
	static const char *const good[] = { "\"\"", "\"Zg\"", "\"Zm8\"", "\"Zm9v\"", "\"-_-_\"" };
	static const char *const bad[] = { "", "\"", "\"Z\"", "\"Zh\"", "\"Zm9\"", "\"Zg==\"",
		"\"Zm9v", "Zm9v", "\"+/+/\"", "\"Zm\\u0039v\"", "\"Zm9v \"", "\"Zm 9v\"",
		"\"Zm\n9v\"", "\"Zm9v\"\"", "'Zm9v'", "0", "[]" };
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_int_eq(read_one(BYTES, slice_of(good[i]), NULL), R_GOOD);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(read_one(BYTES, slice_of(bad[i]), NULL), R_BAD_ENCODING);
}
END_TEST

START_TEST(any_value_in_canonical_form)
{
	static const char *const good[] = { "{}", "[]", "{\"a\":0}", "{\"\":0}",
		"{\"a\":1,\"aa\":2,\"b\":3}", "{\"A\":1,\"_\":2,\"a\":3}", "[{},{}]", "[[],[]]",
		"{\"a\":{},\"b\":[]}", "[\"\\u0001\",0,[{\"k\":[]}]]",
		"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]" };
	static const char *const bad[] = { "{", "}", "[", "]", "[,]", "[1,]", "[,1]", "[1,,2]",
		"[1 ,2]", "[1]]", "{\"a\":}", "{\"a\"}", "{\"a\",\"b\"}", "{\"a\":1,}",
		"{,\"a\":1}", "{\"a\":1,\"a\":2}", "{\"b\":1,\"a\":2}", "{\"aa\":1,\"a\":2}",
		"{\"a\":1\"b\":2}", "{\"a\":1]", "[1}", "{a:1}", "{1:1}", "{\"a\" :1}",
		"{\"\\u0061\":1}", "{\"\\n\":1}", "{\"\\\"\":1}", "{\"\\\\\":1}",
		"{\"\xc3\xa9\":1}", "{\"a\x7f\":1}", "{\"a\":null}", "[true]", "[false]", "[-1]",
		"[0.5]", "[1e9]", "[01]", "[1;2]", "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]" };
	static char deep[4000000];
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_int_eq(read_one(ANY, slice_of(good[i]), NULL), R_GOOD);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(read_one(ANY, slice_of(bad[i]), NULL), R_BAD_ENCODING);
	memset(deep, '[', sizeof deep);
	ck_assert_int_eq(read_one(ANY, (struct slice){ (uint8_t *)deep, sizeof deep }, NULL),
	    R_BAD_ENCODING);
}
END_TEST

/* Write a random value of objects, arrays, strings and numbers to `at`; keys are
 * mostly in order. Return its end. */
static char *
random_value(char *at, unsigned depth, uint64_t *state)
{
	static const char *const scalars[] = { "0", "7", "10", "\"\"", "\"x\"", "\"\\n\"" };
	uint64_t x = next_random(state);
	unsigned i, n = (unsigned)(x >> 8) % 4, key = 0;
	bool object = x >> 16 & 1;

	if (depth == 0 || x % 4 == 0)
		return stpcpy(at, scalars[(x >> 8) % 6]);
	*at++ = object ? '{' : '[';
	for (i = 0; i < n; i++) {
		if (i > 0)
			*at++ = ',';
		if (object) {
			key = next_random(state) % 16 == 0 ? 0 : key + 1;
			at += sprintf(at, "\"%c\":", 'a' + (int)key);
		}
		at = random_value(at, depth - 1, state);
	}
	*at++ = object ? '}' : ']';
	*at = '\0';
	return at;
}

/* jansson, compact and sorted, writes the same bytes. */
START_TEST(jansson_agrees_on_canonical_values)
{
	static const char letters[] = "{}[],:\"012xy\\ ";
	char text[1000], *dumped;
	unsigned i, taken = 0, refused = 0;
	uint64_t state = 7, x;
	const char *what;
	json_t *value;
	size_t n, len;
	bool mine, same;

	for (i = 0; i < 150000; i++) {
		n = (size_t)(random_value(text, 3, &state) - text);
		x = next_random(&state);
		if (x % 2)
			text[(x >> 32) % n] = letters[(x >> 8) % (sizeof letters - 1)];
		what = token_value(&len, (uint8_t *)text, (uint8_t *)text + n);
		mine = what == NULL && len == n;
		value = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
		dumped = value == NULL
		    ? NULL
		    : json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
		same = dumped != NULL && strlen(dumped) == n && memcmp(dumped, text, n) == 0;
		/* A backslash may stand in a key, where we take none. */
		if (strchr(text, '\\') == NULL || mine)
			must(mine == same);
		mine ? taken++ : refused++;
		free(dumped);
		json_decref(value);
	}
	ck_assert_uint_gt(taken, 10000);
	ck_assert_uint_gt(refused, 10000);
}
END_TEST

/* ---- errors and their places ---- */

static const char *
error_of(const char *text, enum result *r)
{
	static struct walk w;
	struct sample s = { 0 };
	struct arena arena = { 0 };

	walk_read(&w, &arena, slice_of(text), 4096);
	sample_walk(&w, &s);
	*r = walk_finish(&w);
	arena_free(&arena);
	return w.why.text;
}

/* Return `small` with `old` replaced by `new`. */
static const char *
edited(const char *old, const char *new)
{
	static char text[600];
	const char *at = strstr(small, old);

	ck_assert_ptr_nonnull(at);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - small), small, new, at + strlen(old));
	return text;
}

START_TEST(errors_name_their_place)
{
	static const struct {
		const char *old, *new, *text;
		enum result r;
	} cases[] = {
		{ "{\"body\"", "{\"bodies\"", "has a key \"bodies\" where \"body\" must come next",
		    R_BAD_ENCODING },
		{ "{\"body\":{\"close\":{}},", "{",
		    "has a key \"fixed\" where \"body\" must come next", R_BAD_ENCODING },
		/* What is not plain, or too long, is not repeated to a terminal. */
		{ "{\"body\"", "{\"\xc3\xa9\"", "lacks the key \"body\"", R_BAD_ENCODING },
		{ "{\"body\"", "{\"\\u001b\"", "lacks the key \"body\"", R_BAD_ENCODING },
		{ "{\"body\"", "{\"1234567890123456789012345678901234567890123456789012345678901\"",
		    "lacks the key \"body\"", R_BAD_ENCODING },
		{ "\"close\"", "\"vote\"", "body: there is no \"vote\"", R_STATE },
		{ "\"close\":{}", "", "body: lacks a key", R_BAD_ENCODING },
		{ "\"close\":{}", "\"close\":{\"x\":1}",
		    "body.close: has a key \"x\" that does not belong here", R_BAD_ENCODING },
		{ "\"close\":{}", "\"close\":{},\"open-item\":{}",
		    "body: has a key \"open-item\" that does not belong here", R_BAD_ENCODING },
		{ "\"id\":2", "\"id\":0", "parts[1].id: must be from 1 to 200", R_BAD_ENCODING },
		{ "\"id\":2", "\"id\":201", "parts[1].id: must be from 1 to 200", R_BAD_ENCODING },
		{ "\"id\":2", "\"id\":2.0", "parts[1].id: is not a whole number in digits alone",
		    R_BAD_ENCODING },
		{ "\"id\":2", "\"id\":02", "parts[1].id: is a number with a leading zero",
		    R_BAD_ENCODING },
		{ "\"id\":2", "\"id\":null", "parts[1].id: must be a whole number, not negative",
		    R_BAD_ENCODING },
		{ "\"id\":2,", "", "parts[1]: has a key \"key\" where \"id\" must come next",
		    R_BAD_ENCODING },
		{ "\"id\":2,", "\"id\":2,\"id\":2,",
		    "parts[1]: has a key \"id\" where \"key\" must come next", R_BAD_ENCODING },
		{ ",{\"id\":2,\"key\":\"AAECAwQ\"}", "", "parts: needs at least 2",
		    R_BAD_ENCODING },
		{ ",{\"id\":2", ",,{\"id\":2", "parts[1]: must be an object", R_BAD_ENCODING },
		{ "[],\"kind\"", "[1,2,3,4],\"kind\"", "fixed: has more than 3", R_BAD_ENCODING },
		{ "[],\"kind\"", "{},\"kind\"", "fixed: must be a list", R_BAD_ENCODING },
		{ "[],\"kind\"", "[1 ],\"kind\"", "fixed[0]: is not a whole number in digits alone",
		    R_BAD_ENCODING },
		{ "\"approval\"", "\"approva1\"",
		    "kind: must be \"approval\" or another known word", R_BAD_ENCODING },
		{ "\"open\":0", "\"open\":2", "open: must be from 0 to 1", R_BAD_ENCODING },
		{ "\"open\":0", "\"open\":false", "open: must be a whole number, not negative",
		    R_BAD_ENCODING },
		{ "\"open\":0", "\"note\":\"\",\"open\":0", "note: is empty", R_BAD_ENCODING },
		{ "\"open\":0", "\"open\":0,\"note\":\"x\"",
		    "has a key \"note\" where \"parts\" must come next", R_BAD_ENCODING },
		{ "\"rows\":[]", "\"rows\":[[1],[2,3,10]]", "rows[1][2]: must be from 0 to 9",
		    R_BAD_ENCODING },
		{ "\"proof\":\"\"", "\"proof\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
		    "proof: has 21 bytes, more than 20", R_BAD_ENCODING },
		{ "\"record\":0", "\"record\":{\"b\":1,\"a\":2}",
		    "record: has keys that are not in order", R_BAD_ENCODING },
		{ "\"one\"", "\"two\"", "version: must be \"one\"", R_BAD_ENCODING },
		{ "\"one\"}", "\"one\"", "does not end where it should", R_BAD_ENCODING },
		{ "\"one\"}", "\"one\"}}", "is followed by something else", R_BAD_ENCODING },
		{ "\"one\"}", "\"one\"}\n", "is followed by something else", R_BAD_ENCODING },
		{ "{\"body\"", "\xef\xbb\xbf{\"body\"", "must be an object", R_BAD_ENCODING },
	};
	enum result r;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_str_eq(error_of(edited(cases[i].old, cases[i].new), &r), cases[i].text);
		ck_assert_int_eq(r, cases[i].r);
	}
}
END_TEST

START_TEST(a_callers_own_error_has_a_place_and_stays)
{
	static const char text[] = "{\"a\":[5,6]}";
	struct arena arena = { 0 };
	size_t i, n, seen = 0;
	struct walk w;
	uint64_t *v;

	walk_read(&w, &arena, slice_of(text), 100);
	walk_object(&w);
	walk_key(&w, "a");
	walk_array(&w, &v, &n, sizeof *v, 0, 10);
	while (walk_next(&w, &i)) {
		walk_u53(&w, &v[i], 0, 10);
		seen++;
		if (v[i] == 6)
			walk_fail(&w, R_BAD_WEIGHT, "must not be %u", 6);
		ck_assert_int_eq(walk_good(&w), i == 0);
	}
	walk_end(&w);
	ck_assert_int_eq(walk_finish(&w), R_BAD_WEIGHT);
	ck_assert_uint_eq(seen, 2);
	ck_assert_str_eq(w.why.text, "a[1]: must not be 6");
	ck_assert_str_eq(w.path, "a[1]");
	walk_fail(&w, R_STATE, "too late");
	ck_assert_int_eq(walk_finish(&w), R_BAD_WEIGHT);
	arena_free(&arena);
}
END_TEST

/* Once there is an error nothing is touched and no loop goes on. */
START_TEST(after_an_error_nothing_happens)
{
	static const char *const broken[] = { "[0;1]", "[0 1]", "[0", "[0,1,2,3,4]", "[0}" };
	struct sample s, before;
	struct arena arena = { 0 };
	uint64_t *v = NULL;
	size_t i, k, n, rounds;
	struct walk w;

	memset(&s, 0x01, sizeof s);
	before = s;
	walk_read(&w, &arena, slice_of("x"), 10);
	sample_walk(&w, &s);
	ck_assert_int_eq(walk_finish(&w), R_BAD_ENCODING);
	ck_assert_mem_eq(&s, &before, sizeof s);
	ck_assert_ptr_null(arena.chunk);
	ck_assert_uint_eq(w.depth, 0);

	for (i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		walk_read(&w, &arena, slice_of(broken[i]), 100);
		walk_array(&w, &v, &n, sizeof *v, 0, 4);
		rounds = 0;
		while (walk_next(&w, &k)) {
			ck_assert(walk_good(&w));
			walk_u53(&w, &v[k], 0, 9);
			rounds++;
		}
		ck_assert_uint_eq(rounds, i == 3 ? 4 : 1);
		ck_assert_int_eq(walk_finish(&w), R_BAD_ENCODING);
	}
	arena_free(&arena);
}
END_TEST

START_TEST(what_is_too_long_is_not_handed_out)
{
	struct arena arena = { 0 };
	struct slice bytes = { 0 };
	const char *s = NULL;
	struct walk w;

	walk_read(&w, &arena, slice_of("\"abc\""), 100);
	walk_string(&w, &s, 0, 2);
	ck_assert_int_eq(walk_finish(&w), R_BAD_ENCODING);
	ck_assert_ptr_null(s);
	walk_read(&w, &arena, slice_of("\"abc\""), 100);
	walk_string(&w, &s, 4, 9);
	ck_assert_int_eq(walk_finish(&w), R_BAD_ENCODING);
	ck_assert_str_eq(w.why.text, "has 3 bytes, fewer than 4");
	ck_assert_ptr_null(s);
	walk_read(&w, &arena, slice_of("\"AAAA\""), 100);
	walk_bin_var(&w, &bytes, 0, 2);
	ck_assert_int_eq(walk_finish(&w), R_BAD_ENCODING);
	ck_assert_ptr_null(bytes.p);
	ck_assert_ptr_null(arena.chunk);
}
END_TEST

START_TEST(a_number_may_name_its_reason)
{
	static const char *const bad[] = { "0", "-1", "18446744073709551616", "007", "1.5", "\"7\"",
		"[]", "" };
	struct arena arena = { 0 };
	struct walk w;
	uint64_t v = 3;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		walk_read(&w, &arena, slice_of(bad[i]), 100);
		walk_u53_or(&w, &v, 1, 1000, R_BAD_WEIGHT);
		ck_assert_int_eq(walk_finish(&w), R_BAD_WEIGHT);
		ck_assert_uint_eq(v, 3);
	}
	arena_free(&arena);
}
END_TEST

/* A struct that no reader would fill is not written either. */
START_TEST(the_writer_keeps_to_the_limits)
{
	struct part parts[10] = { 0 };
	struct sample good = { .part = parts, .parts = 2, .record = slice_of("0") }, s;
	struct buffer out = { 0 };
	struct walk w;
	unsigned i, k;

	for (i = 0; i < 14; i++) {
		s = good;
		for (k = 0; k < 10; k++)
			parts[k].id = k + 1;
		switch (i) {
		case 0: break;
		case 1: parts[1].id = 0; break;
		case 2: parts[1].id = 201; break;
		case 3: s.parts = 1; break;
		case 4: s.parts = 10; break;
		case 5: s.fixed_n = 1, s.fixed[0] = WALK_MAX_INTEGER + 1; break;
		case 6: s.has_note = true, s.note = ""; break;
		case 7: s.has_note = true, s.note = "\xff"; break;
		case 8:
			s.has_note = true, s.note = "12345678901234567890123456789012345678901";
			break;
		case 9: s.proof = slice_of("123456789012345678901"); break;
		case 10: s.record = slice_of("{ }"); break;
		case 11: s.record = slice_of("0,0"); break;
		case 12: s.record = slice_of(""); break;
		case 13:
			s.record = slice_of(
			    "\"123456789012345678901234567890123456789012345678901234567890\"");
			break;
		}
		buffer_clear(&out);
		buffer_add_string(&out, "before");
		walk_write(&w, &out, 4096);
		sample_walk(&w, &s);
		ck_assert_int_eq(walk_finish(&w),
		    i == 0        ? R_GOOD
			: i == 13 ? R_TOO_LARGE
				  : R_BAD_ENCODING);
		if (i > 0)
			ck_assert(slice_equal(buffer_slice(&out), slice_of("before")));
	}
	parts[1].id = 2;
	walk_write(&w, &out, 100);
	sample_walk(&w, &good);
	ck_assert_int_eq(walk_finish(&w), R_TOO_LARGE);
	ck_assert(slice_equal(buffer_slice(&out), slice_of("before")));
	out.error = R_NO_MEMORY;
	walk_write(&w, &out, 4096);
	sample_walk(&w, &good);
	ck_assert_int_eq(walk_finish(&w), R_NO_MEMORY);
	buffer_free(&out);
}
END_TEST

START_TEST(arenas)
{
	struct arena a = { 0 };
	unsigned char *p, *q;
	size_t i, n;

	p = arena_alloc(&a, 3);
	memset(p, 1, 3);
	q = arena_grow(&a, p, 3, 100);
	ck_assert_ptr_eq(p, q); /* the last one grows where it stands */
	ck_assert(q[2] == 1 && q[3] == 0 && q[99] == 0);
	q = arena_alloc(&a, 0);
	ck_assert_ptr_nonnull(q);
	q = arena_alloc(&a, 1);
	ck_assert_uint_eq((uintptr_t)q % _Alignof(max_align_t), 0);
	memset(p, 7, 100);
	q = arena_grow(&a, p, 100, 200);
	ck_assert_ptr_ne(p, q);
	ck_assert(q[0] == 7 && q[99] == 7 && q[100] == 0 && q[199] == 0);
	p = NULL;
	for (n = 1; n < 1000000; n *= 3) {
		p = arena_grow(&a, p, n == 1 ? 0 : n / 3, n);
		for (i = n == 1 ? 0 : n / 3; i < n; i++)
			ck_assert_uint_eq(p[i], 0);
		memset(p, 5, n);
	}
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
	ck_assert_ptr_null(arena_grow(&a, NULL, 0, SIZE_MAX));
	arena_free(&a);
	arena_free(&a);
	ck_assert_ptr_nonnull(arena_alloc(&a, 10));
	arena_free(&a);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("walk");
	TCase *tc = tcase_create("walk");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, any_byte_in_a_string);
	tcase_add_test(tc, a_record_comes_back_byte_for_byte);
	tcase_add_test(tc, every_cut_is_refused);
	tcase_add_test(tc, every_changed_byte_is_refused_or_another_value);
	tcase_add_test(tc, every_insertion_and_deletion);
	tcase_add_test(tc, random_mutations);
	tcase_add_test(tc, numbers_have_one_form);
	tcase_add_test(tc, strings_have_one_form);
	tcase_add_test(tc, utf8_agrees_with_code_points);
	tcase_add_test(tc, binaries_have_one_form);
	tcase_add_test(tc, any_value_in_canonical_form);
	tcase_add_test(tc, jansson_agrees_on_canonical_values);
	tcase_add_test(tc, errors_name_their_place);
	tcase_add_test(tc, a_callers_own_error_has_a_place_and_stays);
	tcase_add_test(tc, after_an_error_nothing_happens);
	tcase_add_test(tc, what_is_too_long_is_not_handed_out);
	tcase_add_test(tc, a_number_may_name_its_reason);
	tcase_add_test(tc, the_writer_keeps_to_the_limits);
	tcase_add_test(tc, arenas);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
