/*
 * test_reply: statuses, headers and the error body.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "server/reply.h"
#include "tests/suite.h"

START_TEST(every_result_has_a_status)
{
	int i, status;

	ck_assert_int_eq(reply_status(R_GOOD), 200);
	for (i = R_GOOD + 1; i < RESULT_COUNT; i++) {
		status = reply_status((enum result)i);
		/* Ours to be sorry for, or theirs. */
		if (i == R_TOO_MANY_REFUSED)
			ck_assert_int_eq(status, 429);
		else if (i >= R_NO_MEMORY || i == R_ROLLBACK)
			ck_assert_int_eq(status, 503);
		else
			ck_assert(status >= 400 && status < 500);
		ck_assert_str_ne(reply_phrase(status), "Other");
	}
	ck_assert_int_eq(reply_status(R_BAD_ENCODING), 400);
	ck_assert_int_eq(reply_status(R_BAD_PROOF), 400);
	ck_assert_int_eq(reply_status(R_WRONG_ELECTION), 400);
	ck_assert_int_eq(reply_status(R_BAD_REQUEST), 400);
	ck_assert_int_eq(reply_status(R_FORBIDDEN), 403);
	ck_assert_int_eq(reply_status(R_BAD_SIGNATURE), 403);
	ck_assert_int_eq(reply_status(R_NOT_ALLOWED), 403);
	ck_assert_int_eq(reply_status(R_NOT_ON_ROLL), 403);
	ck_assert_int_eq(reply_status(R_NOT_FOUND), 404);
	ck_assert_int_eq(reply_status(R_MISSING_BLOB), 404);
	ck_assert_int_eq(reply_status(R_STATE), 409);
	ck_assert_int_eq(reply_status(R_BAD_PREV), 409);
	ck_assert_int_eq(reply_status(R_CLOSED), 409);
	ck_assert_int_eq(reply_status(R_CHALLENGED), 409);
	ck_assert_int_eq(reply_status(R_INPUT_LIST), 409);
	ck_assert_int_eq(reply_status(R_CONFLICT), 409);
	ck_assert_int_eq(reply_status(R_TOO_LARGE), 413);
	ck_assert_int_eq(reply_status(R_BUSY), 503);
	ck_assert_int_eq(reply_status(R_NO_DATABASE), 503);
	ck_assert_str_eq(reply_phrase(404), "Not Found");
	ck_assert_str_eq(reply_phrase(418), "Other");
}
END_TEST

static const char *
quoted(const char *text, size_t max)
{
	static char out[256];
	size_t n;

	memset(out, '#', sizeof out);
	n = reply_quote(out, max, text);
	ck_assert_uint_lt(n, max);
	ck_assert_uint_eq(strlen(out), n);
	ck_assert(out[max] == '#');
	return out;
}

START_TEST(strings_are_quoted_canonically)
{
	ck_assert_str_eq(quoted("plain /<>'", 100), "plain /<>'");
	ck_assert_str_eq(quoted("\" \\", 100), "\\\" \\\\");
	ck_assert_str_eq(quoted("\b\t\n\f\r", 100), "\\b\\t\\n\\f\\r");
	ck_assert_str_eq(quoted("\x01\x1f\x7f", 100), "\\u0001\\u001f\x7f");
	ck_assert_str_eq(quoted("gr\xc3\xbc\xc3\x9f \xf0\x9f\x97\xb3", 100),
	    "gr\xc3\xbc\xc3\x9f \xf0\x9f\x97\xb3");
	/* What is not UTF-8: stray, overlong, a surrogate, cut off. */
	ck_assert_str_eq(quoted("a\xff-b", 100), "a\xef\xbf\xbd-b");
	ck_assert_ptr_null(strstr(quoted("\xc0\xaf", 100), "\xc0"));
	ck_assert_ptr_null(strstr(quoted("\xed\xa0\x80", 100), "\xed\xa0"));
	ck_assert_str_eq(quoted("x\xc3", 100), "x\xef\xbf\xbd");
	/* Cut between characters, never inside one. */
	ck_assert_str_eq(quoted("abc", 4), "abc");
	ck_assert_str_eq(quoted("abcd", 4), "abc");
	ck_assert_str_eq(quoted("ab\xc3\xbc", 4), "ab");
	ck_assert_str_eq(quoted("ab\"", 4), "ab");
	ck_assert_str_eq(quoted("ab\x01", 8), "ab");
	ck_assert_str_eq(quoted("", 1), "");
	ck_assert_str_eq(quoted("a", 1), "");
}
END_TEST

START_TEST(error_bodies)
{
	char out[REPLY_ERROR_MAX], text[3000];
	size_t n;

	n = reply_error(out, R_BAD_ENCODING, "at \"x\"\n");
	ck_assert_str_eq(out,
	    "{\"error\":{\"reason\":\"BAD_ENCODING\",\"text\":\"at \\\"x\\\"\\n\"}}");
	ck_assert_uint_eq(n, strlen(out));
	reply_error(out, R_BUSY, NULL);
	ck_assert_str_eq(out,
	    "{\"error\":{\"reason\":\"BUSY\",\"text\":\"too much is waiting already\"}}");
	reply_error(out, R_BUSY, "");
	ck_assert_ptr_nonnull(strstr(out, "too much"));
	/* However long and wild the text, the body stays whole. */
	memset(text, '\x01', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	n = reply_error(out, R_BAD_ENCODING, text);
	ck_assert_uint_lt(n, sizeof out);
	ck_assert_str_eq(out + n - 9, "\\u0001\"}}");
}
END_TEST

START_TEST(heads)
{
	struct reply reply = { .status = 200, .type = REPLY_JSON, .body = "{}", .body_len = 2 };
	char out[REPLY_HEAD_MAX];
	size_t n;

	n = reply_head(out, &reply);
	out[n] = '\0';
	ck_assert_str_eq(out,
	    "HTTP/1.1 200 OK\r\n"
	    "Content-Length: 2\r\n"
	    "Content-Type: application/json\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Cache-Control: no-store\r\n");
	reply = (struct reply){ .status = 206,
		.type = REPLY_BYTES,
		.etag = "\"abc\"",
		.cache = REPLY_FOREVER,
		.range_first = 5,
		.range_last = 9,
		.range_total = 20,
		.body = "12345",
		.body_len = 5,
		.more = "X-A: b\r\nX-C: d\r\n" };
	n = reply_head(out, &reply);
	out[n] = '\0';
	ck_assert_str_eq(out,
	    "HTTP/1.1 206 Partial Content\r\n"
	    "Content-Length: 5\r\n"
	    "Content-Type: application/octet-stream\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Cache-Control: public, max-age=31536000, immutable\r\n"
	    "ETag: \"abc\"\r\n"
	    "Content-Range: bytes 5-9/20\r\n"
	    "X-A: b\r\n"
	    "X-C: d\r\n");
	reply = (struct reply){ .status = 416, .range_total = 20 };
	n = reply_head(out, &reply);
	out[n] = '\0';
	ck_assert_ptr_nonnull(strstr(out, "Content-Range: bytes */20\r\n"));
	ck_assert_ptr_nonnull(strstr(out, "Content-Length: 0\r\n"));
	reply = (struct reply){ .status = 304, .etag = "\"abc\"" };
	n = reply_head(out, &reply);
	out[n] = '\0';
	ck_assert_ptr_null(strstr(out, "Content-Length"));
	reply = (struct reply){ .status = 202, .location = "/v1/x", .retry_after = 7 };
	n = reply_head(out, &reply);
	out[n] = '\0';
	ck_assert_ptr_nonnull(strstr(out, "Location: /v1/x\r\nRetry-After: 7\r\n"));
}
END_TEST

START_TEST(no_header_brings_another_along)
{
	struct reply reply = { .status = 202, .location = "/x\r\nSet-Cookie: a=b" };
	char out[REPLY_HEAD_MAX];

	reply_head(out, &reply);
}
END_TEST

START_TEST(no_endless_head)
{
	char text[REPLY_HEAD_MAX], out[REPLY_HEAD_MAX];
	struct reply reply = { .status = 202, .location = text };

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	reply_head(out, &reply);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("reply");
	TCase *tc = tcase_create("reply");

	tcase_add_test(tc, every_result_has_a_status);
	tcase_add_test(tc, strings_are_quoted_canonically);
	tcase_add_test(tc, error_bodies);
	tcase_add_test(tc, heads);
	tcase_add_test_raise_signal(tc, no_header_brings_another_along, SIGABRT);
	tcase_add_test_raise_signal(tc, no_endless_head, SIGABRT);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
