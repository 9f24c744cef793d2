/*
 * test_canon: what people write becomes canonical bytes, or a message with the
 * line and the place.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/canon.h"
#include "tests/suite.h"

static struct why why;

/* Return the canonical form as a string, or NULL with `why` set. */
static const char *
canonical(const char *text)
{
	static struct buffer out;
	struct walk w;
	struct arena arena = { 0 };
	struct slice any;
	enum result r;

	buffer_clear(&out);
	buffer_add_string(&out, "kept");
	why.reason = R_GOOD;
	r = canon_json(&out, "file.json", slice_of(text), &why);
	ck_assert_int_eq(r, why.reason);
	if (r != R_GOOD) {
		ck_assert(slice_equal(buffer_slice(&out), slice_of("kept")));
		return NULL;
	}
	/* It is what a walk takes. */
	walk_read(&w, &arena, (struct slice){ out.p + 4, out.n - 4 }, CANON_MAX);
	walk_value(&w, &any, CANON_MAX);
	ck_assert_int_eq(walk_finish(&w), R_GOOD);
	arena_free(&arena);
	buffer_add(&out, "", 1);
	return (const char *)out.p + 4;
}

START_TEST(forms_that_people_write)
{
	static const char *const cases[][2] = {
		{ "{}", "{}" },
		{ " [ ] \n", "[]" },
		{ "{\"b\": 1,\r\n\t\"a\": [ {\"d\":\"x\" , \"c\" : 0} ]\n}\n",
		    "{\"a\":[{\"c\":0,\"d\":\"x\"}],\"b\":1}" },
		{ "{\"a_b\":1,\"a\":2,\"a-b\":3,\"B\":4,\"\":5}",
		    "{\"\":5,\"B\":4,\"a\":2,\"a-b\":3,\"a_b\":1}" },
		{ "{\"\\u0061\":\"\\u0041\\/\\u00e9\\ud83d\\uddf3\\u001f\\u0008\\u007f\"}",
		    "{\"a\":\"A/\xc3\xa9\xf0\x9f\x97\xb3\\u001f\\b\x7f\"}" },
		{ "[9007199254740991,0]", "[9007199254740991,0]" },
		{ "\xef\xbb\xbf{\"a\":1}", "{\"a\":1}" },
		{ "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]" },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_str_eq(canonical(cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST(what_is_refused_and_how)
{
	static const char *const cases[][2] = {
		{ "{\n \"a\": 1,\n \"b\": 2.0\n}",
		    "file.json line 3: b: must be a whole number, in digits alone" },
		{ "{\n \"z\": 1,\n\n \"a\": [0, 1,\n 1e2]\n}",
		    "file.json line 5: a[2]: must be a whole number, in digits alone" },
		{ "{\"a\":\n{\"b\":[\n{\"c\":\"]},{\\\"\"},\n{\"c\"\n:\ntrue}]}}",
		    "file.json line 6: a.b[1].c: is true: write 1" },
		{ "[\n[],\n{\"x\":{}},\nfalse]", "file.json line 4: [2]: is false: write 0" },
		{ "{\"a\":null}", "file.json line 1: a: is null: leave the key out" },
		{ "{\"a\":\n-1}", "file.json line 2: a: must not be negative" },
		{ "{\"a\":\n9007199254740992}",
		    "file.json line 2: a: is above the largest number, 9007199254740991" },
		{ "{\"a\":1,\n\"b\":{\"\xc3\xa9\":1}}",
		    "file.json line 2: b: has a key that is not plain ASCII: \"\xc3\xa9\"" },
		{ "{\"a\\\"b\":1}",
		    "file.json line 1: has a key that is not plain ASCII: \"a\"b\"" },
		{ "{\"a\\\\b\":1}",
		    "file.json line 1: has a key that is not plain ASCII: \"a\\b\"" },
		{ "{\"a\\nb\":1}",
		    "file.json line 1: has a key that is not plain ASCII: \"a\nb\"" },
		{ "{\"a\x7f\":1}",
		    "file.json line 1: has a key that is not plain ASCII: \"a\x7f\"" },
		{ "\n\xef\xbb\xbf{}", "file.json line 2: '[' or '{' expected near" },
		{ "{\"a\":1,\n\"a\":2}", "file.json line 2: duplicate object key" },
		{ "{\"a\":1,\n}", "file.json line 2: string or '}' expected" },
		{ "{\"a\":1}\n{}", "file.json line 2: end of file expected" },
		{ "", "file.json line 1: '[' or '{' expected near end of file" },
		{ "{\"a\":\"\\u0000\"}", "file.json line 1: \\u0000 is not allowed" },
		{ "{\"a\":\"\n\"}", "file.json line 1: unexpected newline" },
		{ "{\"a\":\"\xff\"}", "file.json line 1: unable to decode byte 0xff" },
		{ "{\"a\":123456789012345678901234567890}", "file.json line 1: too big integer" },
		{ "[[[[[[[[[[[[[[[[\n[]]]]]]]]]]]]]]]]]",
		    "file.json line 2: [0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]: is nested "
		    "too deep" },
		{ "17", "file.json line 1: '[' or '{' expected near '17'" },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_ptr_null(canonical(cases[i][0]));
		ck_assert_int_eq(why.reason, R_BAD_INPUT);
		if (strncmp(why.text, cases[i][1], strlen(cases[i][1])) != 0)
			ck_abort_msg("%s, not %s", why.text, cases[i][1]);
	}
}
END_TEST

START_TEST(what_the_walk_refuses_has_its_line)
{
	static const char text[] =
	    "{\n  \"title\": \"x\",\n  \"options\": [\n    \"yes\"\n  ]\n}\n";
	struct arena arena = { 0 };
	struct buffer out = { 0 };
	const char **options, *title;
	struct walk w;
	size_t i, n;

	ck_assert_int_eq(canon_json(&out, "item.json", slice_of(text), &why), R_GOOD);
	walk_read(&w, &arena, buffer_slice(&out), 1000);
	walk_object(&w);
	walk_key(&w, "options");
	walk_array(&w, &options, &n, sizeof *options, 2, 9);
	while (walk_next(&w, &i))
		walk_string(&w, &options[i], 1, 9);
	walk_key(&w, "title");
	walk_string(&w, &title, 1, 9);
	walk_end(&w);
	(void)walk_finish(&w);
	ck_assert_int_eq(canon_explain(&why, "item.json", slice_of(text), &w), R_BAD_ENCODING);
	ck_assert_str_eq(why.text, "item.json line 3: options: needs at least 2");
	arena_free(&arena);
	buffer_free(&out);
}
END_TEST

START_TEST(lines_of_places)
{
	static const char text[] =
	    "\n{\"a\" :\n[1,\n{\"b\\\"\":2,\"b\":\n\"}]\\\\\"\n,\"c\":[]}],\n\"d\":\n0}";
	static const struct {
		const char *path;
		size_t line;
	} cases[] = { { "", 2 }, { "a", 3 }, { "a[0]", 3 }, { "a[1]", 4 }, { "a[1].b", 5 },
		{ "a[1].c", 6 }, { "a[1].c[0]", 6 }, { "d", 8 }, { "e", 2 }, { "a[2]", 3 },
		{ "a[1].x.y", 4 }, { "d.x", 8 }, { "a[99999999999999999999]", 3 }, { "[0]", 2 },
		{ "a[1", 4 }, { "....", 2 }, { "]", 2 } };
	uint8_t *cut;
	size_t i, n;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_uint_eq(canon_line(slice_of(text), cases[i].path), cases[i].line);
		/* A text that is cut off anywhere leads nowhere but astray. */
		for (n = 0; n < sizeof text; n++) {
			cut = malloc(n + 1);
			memcpy(cut, text, n);
			cut = realloc(cut, n > 0 ? n : 1);
			ck_assert_uint_le(canon_line((struct slice){ cut, n }, cases[i].path), 10);
			free(cut);
		}
	}
}
END_TEST

START_TEST(a_text_without_end)
{
	struct buffer out = { 0 };
	char *text = malloc(CANON_MAX + 1);

	memset(text, ' ', CANON_MAX + 1);
	memcpy(text, "[]", 2);
	ck_assert_int_eq(canon_json(&out, "f", (struct slice){ (uint8_t *)text, CANON_MAX }, &why),
	    R_GOOD);
	ck_assert_int_eq(canon_json(&out, "f", (struct slice){ (uint8_t *)text, CANON_MAX + 1 },
			     &why),
	    R_TOO_LARGE);
	ck_assert(slice_equal(buffer_slice(&out), slice_of("[]")));
	memset(text, '[', CANON_MAX);
	ck_assert_int_eq(canon_json(&out, "f", (struct slice){ (uint8_t *)text, CANON_MAX }, &why),
	    R_BAD_INPUT);
	free(text);
	buffer_free(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("canon");
	TCase *tc = tcase_create("canon");

	tcase_add_test(tc, forms_that_people_write);
	tcase_add_test(tc, what_is_refused_and_how);
	tcase_add_test(tc, what_the_walk_refuses_has_its_line);
	tcase_add_test(tc, lines_of_places);
	tcase_add_test(tc, a_text_without_end);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
