/*
 * test_http: request heads are read in one way or not at all.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/http.h"
#include "tests/suite.h"

/* A head in memory of exactly its size, so that a sanitizer sees one byte too many. */
struct text {
	char *bytes;
	struct http_head head;
};

/* Scan and read; return 0, INCOMPLETE for an incomplete head, or the status of
 * the refusal. The caller frees text->bytes. */
#define INCOMPLETE (-1)
static int
feed(struct text *text, const char *bytes, size_t len, size_t cut, const char **why)
{
	struct http_scan scan = { 0 };
	char *first = malloc(cut > 0 ? cut : 1), *all = malloc(len > 0 ? len : 1);
	int status;

	ck_assert(first != NULL && all != NULL);
	memcpy(first, bytes, cut);
	memcpy(all, bytes, len);
	text->bytes = all;
	status = http_scan(&scan, why, first, cut);
	if (status == HTTP_MORE)
		status = http_scan(&scan, why, all, len);
	free(first);
	if (status == HTTP_MORE)
		return INCOMPLETE;
	if (status != HTTP_WHOLE)
		return status;
	text->bytes = malloc(scan.seen);
	memcpy(text->bytes, all, scan.seen);
	free(all);
	status = http_read(&text->head, text->bytes, scan.seen);
	*why = text->head.why;
	return status;
}

static int
status_of(const char *bytes, size_t len)
{
	const char *why = NULL;
	struct text text;
	int status = feed(&text, bytes, len, len, &why);

	if (status > 0)
		ck_assert_ptr_nonnull(why);
	free(text.bytes);
	return status;
}

/* A GET with these header lines after a good Host. */
static int
status_with(const char *lines)
{
	char bytes[1024];
	int n = snprintf(bytes, sizeof bytes, "GET /a HTTP/1.1\r\nHost: h\r\n%s\r\n", lines);

	return status_of(bytes, (size_t)n);
}

static int
status_of_post(const char *lines)
{
	char bytes[1024];
	int n = snprintf(bytes, sizeof bytes, "POST /a HTTP/1.1\r\nHost: h\r\n%s\r\n", lines);

	return status_of(bytes, (size_t)n);
}

static int
status_of_line(const char *line)
{
	char bytes[1024];
	int n = snprintf(bytes, sizeof bytes, "%s\r\nHost: h\r\n\r\n", line);

	return status_of(bytes, (size_t)n);
}

/* Read a head that must be good; free text.bytes. */
static struct text
good(const char *bytes)
{
	const char *why = NULL;
	struct text text;

	ck_assert_msg(feed(&text, bytes, strlen(bytes), 0, &why) == 0, "%s: %s", bytes, why);
	return text;
}

static const char post[] = "POST /v1/elections/%61bc/records?after=12&x=a%20b/c HTTP/1.1\r\n"
			   "Host: board.example:8080\r\n"
			   "content-LENGTH:  17 \t\r\n"
			   "Content-Type: application/json\r\n"
			   "Expect: 100-Continue\r\n"
			   "Connection: foo, Close\r\n"
			   "X-Empty:\r\n"
			   "\r\n";

START_TEST(a_good_head_is_read)
{
	struct text t = good(post);
	uint64_t after;

	ck_assert_int_eq((int)t.head.method, HTTP_POST);
	ck_assert(t.head.close);
	ck_assert(t.head.expects_continue);
	ck_assert_uint_eq(t.head.body, 17);
	ck_assert_uint_eq(t.head.segments, 4);
	ck_assert_str_eq(t.head.segment[0], "v1");
	ck_assert_str_eq(t.head.segment[1], "elections");
	ck_assert_str_eq(t.head.segment[2], "abc");
	ck_assert_str_eq(t.head.segment[3], "records");
	ck_assert_uint_eq(t.head.params, 2);
	ck_assert(http_number(&after, http_param(&t.head, "after"), 100));
	ck_assert_uint_eq(after, 12);
	ck_assert_str_eq(http_param(&t.head, "x"), "a b/c");
	ck_assert_ptr_null(http_param(&t.head, "y"));
	ck_assert_str_eq(http_header(&t.head, "content-type"), "application/json");
	ck_assert_str_eq(http_header(&t.head, "content-length"), "17");
	ck_assert_str_eq(http_header(&t.head, "x-empty"), "");
	ck_assert_ptr_null(http_header(&t.head, "x-none"));
	free(t.bytes);
}
END_TEST

START_TEST(methods_and_versions)
{
	struct text t;

	ck_assert_int_eq(status_of_line("GET / HTTP/1.1"), 0);
	ck_assert_int_eq(status_of_line("HEAD / HTTP/1.1"), 0);
	ck_assert_int_eq(status_of_line("POST / HTTP/1.1"), 411);
	ck_assert_int_eq(status_of_line("PUT / HTTP/1.1"), 411);
	ck_assert_int_eq(status_of_line("DELETE / HTTP/1.1"), 501);
	ck_assert_int_eq(status_of_line("OPTIONS * HTTP/1.1"), 501);
	ck_assert_int_eq(status_of_line("get / HTTP/1.1"), 501);
	ck_assert_int_eq(status_of_line("GETX / HTTP/1.1"), 501);
	ck_assert_int_eq(status_of_line("G(T / HTTP/1.1"), 400);
	ck_assert_int_eq(status_of_line(" / HTTP/1.1"), 400);
	ck_assert_int_eq(status_of_line("GET  / HTTP/1.1"), 400);
	ck_assert_int_eq(status_of_line("GET / HTTP/1.1 "), 400);
	ck_assert_int_eq(status_of_line(" GET / HTTP/1.1"), 400);
	ck_assert_int_eq(status_of_line("GET\t/\tHTTP/1.1"), 400);
	ck_assert_int_eq(status_of_line("GET /"), 400);
	ck_assert_int_eq(status_of_line("GET"), 400);
	ck_assert_int_eq(status_of_line(""), 400);
	ck_assert_int_eq(status_of_line("GET / HTTP/1.2"), 505);
	ck_assert_int_eq(status_of_line("GET / HTTP/2.0"), 505);
	ck_assert_int_eq(status_of_line("GET / HTTP/0.9"), 505);
	ck_assert_int_eq(status_of_line("GET / http/1.1"), 400);
	ck_assert_int_eq(status_of_line("GET / HTTP/1.10"), 400);
	ck_assert_int_eq(status_of_line("GET / HTTP/1,1"), 400);
	ck_assert_int_eq(status_of_line("GET / HTTP/"), 400);
	ck_assert_int_eq(status_of_line("GET / FTP/1.1"), 400);

	t = good("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(!t.head.close);
	free(t.bytes);
	t = good(
	    "GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n");
	ck_assert(t.head.close);
	ck_assert(!t.head.expects_continue);
	free(t.bytes);
	t = good("GET / HTTP/1.1\r\nHost: h\r\nConnection: closed, not-close\r\n\r\n");
	ck_assert(!t.head.close);
	free(t.bytes);
	t = good("GET / HTTP/1.1\r\nHost: h\r\nConnection: a\r\nConnection: ,b ,close\r\n\r\n");
	ck_assert(t.head.close);
	free(t.bytes);
}
END_TEST

START_TEST(targets)
{
	static const char *const refused[] = { "http://h/a", "h:80", "*", "a", "", "//", "//a",
		"/a//b", "/a/", "/.", "/..", "/a/./b", "/a/../b", "/%2e%2e/b", "/%2E", "/a%2fb",
		"/a%2Fb", "/a%00b", "/a%0ab", "/a%0d%0ab", "/a%7f", "/a%80", "/%c3%a4", "/\xc3\xa4",
		"/a%", "/a%4", "/a%4g", "/a%g4", "/a%%41", "/a#b", "/a\\b", "/a\"b", "/a<b", "/a>b",
		"/a[b]", "/a^b", "/a`b", "/a{b}", "/a|b", "/a?", "/a?x", "/a?x&y=1", "/a?=1",
		"/a?x=1&", "/a?&x=1", "/a?x=1&&y=2", "/a?x=1&x=1", "/a?x=1&x=2", "/a?%78=1",
		"/a?x y=1", "/a?x=#", "/a?x=%", "/a?x=%0a", "/a?x=\xc3\xa4", "/a?x=1?x=2&x=3",
		"/a?x[]=1", "/a?x=y=z=\"", "/a?x=%00", "/a?x=/%", "/a?x=1#y",
		"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
		"/?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1" };
	char line[256];
	struct text t;
	size_t i;

	for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		(void)snprintf(line, sizeof line, "GET %s HTTP/1.1", refused[i]);
		ck_assert_msg(status_of_line(line) == 400, "%s", line);
	}
	t = good("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(t.head.segments, 0);
	free(t.bytes);
	t = good("GET /?a=1 HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(t.head.segments, 0);
	ck_assert_str_eq(http_param(&t.head, "a"), "1");
	free(t.bytes);
	t = good("GET /a.b/...?a=&b-_2=x=y+z&c=%2f%26%3d%25%7E HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(t.head.segments, 2);
	ck_assert_str_eq(t.head.segment[0], "a.b");
	ck_assert_str_eq(t.head.segment[1], "...");
	ck_assert_str_eq(http_param(&t.head, "a"), "");
	ck_assert_str_eq(http_param(&t.head, "b-_2"), "x=y+z");
	ck_assert_str_eq(http_param(&t.head, "c"), "/&=%~");
	free(t.bytes);
	t = good("GET /1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&"
		 "i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1 HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(t.head.segments, HTTP_SEGMENTS_MAX);
	ck_assert_uint_eq(t.head.params, HTTP_PARAMS_MAX);
	free(t.bytes);
}
END_TEST

START_TEST(hosts)
{
	ck_assert_int_eq(status_of("GET / HTTP/1.1\r\n\r\n", 18), 400);
	ck_assert_int_eq(status_of("GET / HTTP/1.0\r\n\r\n", 18), 400);
	ck_assert_int_eq(status_of("GET / HTTP/1.1\r\nHost:\r\n\r\n", 25), 400);
	ck_assert_int_eq(status_with("Host: h\r\n"), 400);
	ck_assert_int_eq(status_with("hOST: other\r\n"), 400);
	ck_assert_int_eq(status_of_line("GET / HTTP/1.1\r\nHost: a b"), 400);
	ck_assert_int_eq(status_of_line("GET / HTTP/1.1\r\nX: 1"), 0);
	ck_assert_int_eq(status_of("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 29), 400);
	ck_assert_int_eq(status_of("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 29), 400);
	ck_assert_int_eq(status_of("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 29), 400);
	ck_assert_int_eq(status_of("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 34), 0);
}
END_TEST

/* Every way we know to make two programs disagree about where a body ends. */
START_TEST(smuggling)
{
	static const struct {
		int status;
		const char *lines;
	} probes[] = {
		{ 0, "Content-Length: 5\r\n" },
		{ 0, "Content-Length: 0\r\n" },
		{ 0, "Content-Length:5\r\n" },
		{ 0, "Content-Length:\t 5 \t\r\n" },
		{ 411, "" },
		{ 411, "X-Content-Length: 5\r\n" },
		{ 400, "Content-Length: 5\r\nContent-Length: 5\r\n" },
		{ 400, "Content-Length: 5\r\nContent-Length: 6\r\n" },
		{ 400, "Content-Length: 5\r\nCONTENT-LENGTH: 5\r\n" },
		{ 400, "Content-Length: 5, 5\r\n" },
		{ 400, "Content-Length: 5,6\r\n" },
		{ 400, "Content-Length: +5\r\n" },
		{ 400, "Content-Length: -5\r\n" },
		{ 400, "Content-Length: -0\r\n" },
		{ 400, "Content-Length: 0x5\r\n" },
		{ 400, "Content-Length: 05\r\n" },
		{ 400, "Content-Length: 00\r\n" },
		{ 400, "Content-Length: 5a\r\n" },
		{ 400, "Content-Length: 5 5\r\n" },
		{ 400, "Content-Length: 5.0\r\n" },
		{ 400, "Content-Length: 5e0\r\n" },
		{ 400, "Content-Length: 1_0\r\n" },
		{ 400, "Content-Length: \"5\"\r\n" },
		{ 400, "Content-Length: five\r\n" },
		{ 400, "Content-Length:\r\n" },
		{ 400, "Content-Length: \r\n" },
		{ 400, "Content-Length : 5\r\n" },
		{ 400, "Content-Length\t: 5\r\n" },
		{ 400, " Content-Length: 5\r\n" },
		{ 400, "\tContent-Length: 5\r\n" },
		{ 400, "Content-Length: 5\r\n 6\r\n" },
		{ 400, "Content-Length:\r\n 5\r\n" },
		{ 400, "X: y\r\n\tContent-Length: 5\r\n" },
		{ 400, "Content-Length: 5\nX: y\r\n" },
		{ 400, "X: y\nContent-Length: 5\r\n" },
		{ 400, "X: y\rContent-Length: 5\r\n" },
		{ 400, "Content-Length: 5\r\r\n" },
		{ 400, "Content-Length: 5\v\r\n" },
		{ 400, "Content-Length: \f5\r\n" },
		{ 400, "Content-Length: \xc2\xa0\r\n" },
		{ 400, "Content-Length: \xd9\xa5\r\n" }, /* an Arabic five */
		{ 400, "Content-Length: 5\x7f\r\n" },
		{ 400, "Content\xc2\xadLength: 5\r\n" },
		{ 400, "Content-Length\r\n" },
		{ 400, "Content-Length 5\r\n" },
		{ 400, ": 5\r\n" },
		{ 400, "Content-Length;: 5\r\n" },
		{ 400, "Content-Length: 5\r\nContent-Length: 5 \r\n" },
		{ 501, "Transfer-Encoding: chunked\r\n" },
		{ 501, "transfer-encoding: identity\r\n" },
		{ 501, "Transfer-Encoding:\r\n" },
		{ 501, "Transfer-Encoding: xchunked\r\n" },
		{ 501, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" },
		{ 400, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" },
		{ 400, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" },
		{ 400, "Content-Length: 5\r\nTRANSFER-ENCODING: identity\r\n" },
		{ 400, "Transfer-Encoding : chunked\r\n" },
		{ 400, "X: y\r\n Transfer-Encoding: chunked\r\n" },
	};
	size_t i;

	for (i = 0; i < sizeof probes / sizeof probes[0]; i++)
		ck_assert_msg(status_of_post(probes[i].lines) == probes[i].status, "%s: %d",
		    probes[i].lines, status_of_post(probes[i].lines));
	ck_assert_int_eq(status_with("Content-Length: 0\r\n"), 0);
	ck_assert_int_eq(status_with("Content-Length: 5\r\n"), 400);
	ck_assert_int_eq(status_with("Transfer-Encoding: chunked\r\n"), 501);
	ck_assert_int_eq(status_with("Expect: 200-ok\r\n"), 417);
	ck_assert_int_eq(status_with("Expect:\r\n"), 417);
	ck_assert_int_eq(status_with("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 400);
	ck_assert_int_eq(status_with("Range: bytes=0-1\r\nRange: bytes=0-1\r\n"), 400);
	ck_assert_int_eq(status_with("X: 1\r\nX: 1\r\n"), 0);
}
END_TEST

START_TEST(no_byte_but_printable_ascii)
{
	char bytes[] = "GET /a HTTP/1.1\r\nHost: h\r\nX: a?b\r\n\r\n";
	char *at = strchr(bytes, '?');
	int c, expected;

	for (c = 0; c < 256; c++) {
		*at = (char)c;
		expected = (c >= 0x20 && c <= 0x7e) || c == '\t' ? 0 : 400;
		ck_assert_msg(status_of(bytes, sizeof bytes - 1) == expected, "byte %d", c);
	}
	/* In a name: a token only. */
	*at = '?';
	at = strchr(bytes, 'X');
	for (c = 0; c < 256; c++) {
		*at = (char)c;
		expected = c != 0 &&
			strchr("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz",
			    c) != NULL
		    ? 0
		    : 400;
		ck_assert_msg(status_of(bytes, sizeof bytes - 1) == expected, "name byte %d", c);
	}
}
END_TEST

/* A head of exactly n bytes, by a header of the right length. */
static void
sized(char *out, size_t n)
{
	int start = snprintf(out, n, "GET / HTTP/1.1\r\nHost: h\r\nX: ");

	memset(out + start, 'x', n - (size_t)start - 4);
	memcpy(out + n - 4, "\r\n\r\n", 4);
}

START_TEST(sizes)
{
	static char bytes[3 << 20];
	char many[4096] = "";
	int i;

	sized(bytes, HTTP_HEAD_MAX);
	ck_assert_int_eq(status_of(bytes, HTTP_HEAD_MAX), 0);
	ck_assert_int_eq(status_of(bytes, HTTP_HEAD_MAX - 1), INCOMPLETE);
	sized(bytes, HTTP_HEAD_MAX + 1);
	ck_assert_int_eq(status_of(bytes, HTTP_HEAD_MAX + 1), 431);
	ck_assert_int_eq(status_of(bytes, HTTP_HEAD_MAX), 431);
	ck_assert_int_eq(status_of(bytes, HTTP_HEAD_MAX - 1), INCOMPLETE);
	sized(bytes, sizeof bytes);
	ck_assert_int_eq(status_of(bytes, sizeof bytes), 431);
	memset(bytes, 'a', sizeof bytes);
	ck_assert_int_eq(status_of(bytes, sizeof bytes), 431);

	for (i = 0; i < HTTP_HEADERS_MAX - 1; i++)
		strcat(many, "X: y\r\n");
	ck_assert_int_eq(status_of_line("GET / HTTP/1.1"), 0);
	ck_assert_int_eq(status_with(many), 0);
	strcat(many, "X: y\r\n");
	ck_assert_int_eq(status_with(many), 431);

	ck_assert_int_eq(status_of("", 0), INCOMPLETE);
	ck_assert_int_eq(status_of("\r\n", 2), 400);
	ck_assert_int_eq(status_of("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 30), 400);
	ck_assert_int_eq(status_of("\n", 1), 400);
	ck_assert_int_eq(status_of("\0", 1), 400);
	/* A TLS client on the wrong port is told at its first byte. */
	ck_assert_int_eq(status_of("\x16\x03\x01", 3), 400);
	ck_assert_int_eq(status_of_post("Content-Length: 18446744073709551615\r\n"), 0);
	ck_assert_int_eq(status_of_post("Content-Length: 99999999999999999999999999\r\n"), 0);
}
END_TEST

START_TEST(a_length_beyond_64_bits_is_the_largest)
{
	struct text t = good("POST / HTTP/1.1\r\nHost: h\r\n"
			     "Content-Length: 18446744073709551616\r\n\r\n");

	ck_assert_uint_eq(t.head.body, UINT64_MAX);
	free(t.bytes);
}
END_TEST

/* Half a head, which http_scan would not have let through. */
START_TEST(reading_does_not_run_past_the_end)
{
	struct http_head head;
	char *bytes = malloc(24);

	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, "GET / HTTP/1.1\r\nHost: hh", 24);
	ck_assert_int_eq(http_read(&head, bytes, 24), 400);
	ck_assert_ptr_nonnull(strstr(head.why, "empty line"));
	free(bytes);
}
END_TEST

/* However the bytes arrive, the answer is the same. */
static void
same_for_every_cut(const char *bytes, size_t len)
{
	const char *why = NULL, *expected_why = NULL;
	struct text text;
	int status, expected = feed(&text, bytes, len, len, &expected_why);
	size_t cut;

	free(text.bytes);
	for (cut = 0; cut < len; cut++) {
		status = feed(&text, bytes, len, cut, &why);
		free(text.bytes);
		ck_assert_int_eq(status, expected);
		if (expected > 0)
			ck_assert_str_eq(why, expected_why);
	}
}

START_TEST(every_cut)
{
	static const char *const heads[] = {
		post,
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
		"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
		"GET / HTTP/1.1\rHost: h\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\n\r\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX: \x80\r\n\r\n",
		"\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\n",
	};
	struct http_scan scan = { 0 };
	const char *why;
	size_t i;

	for (i = 0; i < sizeof heads / sizeof heads[0]; i++)
		same_for_every_cut(heads[i], strlen(heads[i]));
	same_for_every_cut("GET / HTTP/1.1\r\nHost: \0h\r\n\r\n", 29);
	/* Byte by byte; what follows the head is not looked at. */
	for (i = 1; i < sizeof post - 1; i++)
		ck_assert_int_eq(http_scan(&scan, &why, post, i), HTTP_MORE);
	ck_assert_int_eq(http_scan(&scan, &why, post, sizeof post - 1), HTTP_WHOLE);
	ck_assert_uint_eq(scan.seen, sizeof post - 1);
	memset(&scan, 0, sizeof scan);
	ck_assert_int_eq(http_scan(&scan, &why, "G\r\n\r\n\0\0\n", 8), HTTP_WHOLE);
	ck_assert_uint_eq(scan.seen, 5);
}
END_TEST

/* What was read is again in one form: nothing in it has an outlaw byte, and the parts
 * stand in the bytes. */
static void
sane(const struct text *t, size_t len)
{
	const char *s;
	size_t i;

	for (i = 0; i < t->head.segments; i++) {
		ck_assert_uint_gt(strlen(t->head.segment[i]), 0);
		for (s = t->head.segment[i]; *s != '\0'; s++)
			ck_assert(*s >= 0x20 && *s <= 0x7e && *s != '/');
		ck_assert(t->head.segment[i] > t->bytes && s < t->bytes + len);
	}
	for (i = 0; i < t->head.params; i++)
		for (s = t->head.param[i].value; *s != '\0'; s++)
			ck_assert(*s >= 0x20 && *s <= 0x7e);
	for (i = 0; i < t->head.headers; i++)
		for (s = t->head.header[i].value; *s != '\0'; s++)
			ck_assert(*s == '\t' || (*s >= 0x20 && *s <= 0x7e));
	ck_assert_ptr_nonnull(http_header(&t->head, "host"));
	ck_assert_ptr_null(http_header(&t->head, "transfer-encoding"));
	if (t->head.body > 0)
		ck_assert_ptr_nonnull(http_header(&t->head, "content-length"));
}

/* A small generator with a fixed seed: a failure can be repeated. */
static uint32_t
next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Change, drop, double or swap in something that matters to the reader. */
static size_t
mutate(char *bytes, size_t len, size_t max, uint32_t *state)
{
	static const char *const bits[] = { "\r\n", "\n", "\r", " ", "\t", ":", "%", "%2f", "%00",
		"?", "&", "=", "/", "\r\n ", "\r\nHost: x\r\n", "\r\nContent-Length: 5\r\n",
		"\r\nTransfer-Encoding: chunked\r\n", "+", "0x", "\r\n\r\n", "HTTP/1.1", "..",
		"," };
	const char *bit = bits[next(state) % (sizeof bits / sizeof bits[0])];
	size_t at = next(state) % (len + 1), n;

	switch (next(state) % 4) {
	case 0:
		if (at < len)
			bytes[at] = (char)next(state);
		return len;
	case 1:
		n = next(state) % (len - at + 1) % 8;
		memmove(bytes + at, bytes + at + n, len - at - n);
		return len - n;
	case 2:
		n = strlen(bit);
		if (len + n > max)
			return len;
		memmove(bytes + at + n, bytes + at, len - at);
		memcpy(bytes + at, bit, n);
		return len + n;
	default:
		n = next(state) % (len - at + 1) % 32;
		if (len + n > max)
			return len;
		memmove(bytes + at + n, bytes + at, len - at);
		return len + n;
	}
}

START_TEST(mutations)
{
	uint32_t state = 0x7ab311a;
	size_t len, good_ones = 0;
	const char *why, *again;
	char bytes[1024];
	struct text t;
	int round, i, n, status, other;

	for (round = 0; round < 30000; round++) {
		len = sizeof post - 1;
		memcpy(bytes, post, len);
		n = (int)(next(&state) % 6);
		for (i = 0; i < n; i++)
			len = mutate(bytes, len, sizeof bytes, &state);
		status = feed(&t, bytes, len, len, &why);
		if (status == 0) {
			sane(&t, len);
			good_ones++;
		}
		free(t.bytes);
		ck_assert(status == INCOMPLETE || status == 0 || status == 400 || status == 411 ||
		    status == 417 || status == 431 || status == 501 || status == 505);
		other = feed(&t, bytes, len, next(&state) % (len + 1), &again);
		free(t.bytes);
		ck_assert_int_eq(other, status);
	}
	ck_assert_uint_gt(good_ones, 500);
}
END_TEST

START_TEST(numbers)
{
	uint64_t n = 99;

	ck_assert(http_number(&n, "0", 10) && n == 0);
	ck_assert(http_number(&n, "10", 10) && n == 10);
	ck_assert(!http_number(&n, "11", 10) && n == 10);
	ck_assert(!http_number(&n, "100", 10));
	ck_assert(http_number(&n, "18446744073709551615", UINT64_MAX) && n == UINT64_MAX);
	ck_assert(!http_number(&n, "18446744073709551616", UINT64_MAX));
	ck_assert(!http_number(&n, "18446744073709551620", UINT64_MAX));
	ck_assert(!http_number(&n, "99999999999999999999", UINT64_MAX));
	ck_assert(!http_number(&n, "", 10));
	ck_assert(!http_number(&n, "01", 10));
	ck_assert(!http_number(&n, "+1", 10));
	ck_assert(!http_number(&n, "-1", 10));
	ck_assert(!http_number(&n, " 1", 10));
	ck_assert(!http_number(&n, "1 ", 10));
	ck_assert(!http_number(&n, "0x1", 10));
}
END_TEST

static struct text
with(const char *method, const char *lines)
{
	char bytes[512];

	(void)snprintf(bytes, sizeof bytes, "%s / HTTP/1.1\r\nHost: h\r\n%s\r\n", method, lines);
	return good(bytes);
}

static bool
none_match(const char *lines)
{
	struct text t = with("GET", lines);
	bool answer = http_none_match(&t.head, "\"abc\"");

	free(t.bytes);
	return answer;
}

START_TEST(tags)
{
	ck_assert(!none_match(""));
	ck_assert(none_match("If-None-Match: \"abc\"\r\n"));
	ck_assert(none_match("If-None-Match: W/\"abc\"\r\n"));
	ck_assert(none_match("If-None-Match: *\r\n"));
	ck_assert(none_match("If-None-Match: \"x\", \"abc\" ,\"y\"\r\n"));
	ck_assert(!none_match("If-None-Match: \"abcd\"\r\n"));
	ck_assert(!none_match("If-None-Match: abc\r\n"));
	ck_assert(!none_match("If-None-Match: \"ab\"\r\n"));
	ck_assert(!none_match("If-None-Match:\r\n"));
	ck_assert(!none_match("If-None-Match: , ,\r\n"));
}
END_TEST

/* Return the range as "first-last", or the word for none. */
static const char *
range(const char *lines, uint64_t total)
{
	static char out[64];
	uint64_t first = 0, last = 0;
	struct text t = with("GET", lines);
	enum http_range kind = http_range(&t.head, &first, &last, "\"abc\"", total);

	free(t.bytes);
	if (kind != HTTP_RANGE_PART)
		return kind == HTTP_RANGE_ALL ? "all" : "bad";
	(void)snprintf(out, sizeof out, "%llu-%llu", (unsigned long long)first,
	    (unsigned long long)last);
	return out;
}

START_TEST(ranges)
{
	static const struct {
		const char *lines, *expected;
		uint64_t total;
	} cases[] = {
		{ "", "all", 10 },
		{ "Range: bytes=0-0\r\n", "0-0", 10 },
		{ "Range: bytes=0-9\r\n", "0-9", 10 },
		{ "Range: bytes=2-5\r\n", "2-5", 10 },
		{ "Range: bytes=2-\r\n", "2-9", 10 },
		{ "Range: bytes=2-100\r\n", "2-9", 10 },
		{ "Range: bytes=2-18446744073709551615\r\n", "2-9", 10 },
		{ "Range: bytes=-3\r\n", "7-9", 10 },
		{ "Range: bytes=-30\r\n", "0-9", 10 },
		{ "Range: bytes=9-\r\n", "9-9", 10 },
		{ "Range: bytes=10-\r\n", "bad", 10 },
		{ "Range: bytes=-0\r\n", "bad", 10 },
		{ "Range: bytes=-1\r\n", "bad", 0 },
		{ "Range: bytes=0-\r\n", "bad", 0 },
		{ "Range: bytes=5-2\r\n", "bad", 10 },
		{ "Range: bytes=0-1,3-4\r\n", "bad", 10 },
		{ "Range: bytes=\r\n", "bad", 10 },
		{ "Range: bytes=-\r\n", "bad", 10 },
		{ "Range: bytes=a-b\r\n", "bad", 10 },
		{ "Range: bytes=1-b\r\n", "bad", 10 },
		{ "Range: bytes=+1-2\r\n", "bad", 10 },
		{ "Range: bytes= 1-2\r\n", "bad", 10 },
		{ "Range: bytes=1 -2\r\n", "bad", 10 },
		{ "Range: bytes=01-2\r\n", "bad", 10 },
		{ "Range: bytes=99999999999999999999999999999-\r\n", "bad", 10 },
		{ "Range: rows=1-2\r\n", "all", 10 },
		{ "Range: bytes=2-5\r\nIf-Range: \"abc\"\r\n", "2-5", 10 },
		{ "Range: bytes=2-5\r\nIf-Range: \"other\"\r\n", "all", 10 },
		{ "Range: bytes=2-5\r\nIf-Range: W/\"abc\"\r\n", "all", 10 },
	};
	struct text t = with("HEAD", "Range: bytes=2-5\r\n");
	uint64_t first, last;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(strcmp(range(cases[i].lines, cases[i].total), cases[i].expected) == 0,
		    "%s", cases[i].lines);
	ck_assert_int_eq((int)http_range(&t.head, &first, &last, NULL, 10), HTTP_RANGE_ALL);
	free(t.bytes);
	t = with("GET", "Range: bytes=2-5\r\nIf-Range: \"abc\"\r\n");
	ck_assert_int_eq((int)http_range(&t.head, &first, &last, NULL, 10), HTTP_RANGE_ALL);
	free(t.bytes);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http");
	TCase *tc = tcase_create("heads");

	tcase_add_test(tc, a_good_head_is_read);
	tcase_add_test(tc, methods_and_versions);
	tcase_add_test(tc, targets);
	tcase_add_test(tc, hosts);
	tcase_add_test(tc, smuggling);
	tcase_add_test(tc, no_byte_but_printable_ascii);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, a_length_beyond_64_bits_is_the_largest);
	tcase_add_test(tc, reading_does_not_run_past_the_end);
	tcase_add_test(tc, every_cut);
	tcase_add_test(tc, mutations);
	suite_add_tcase(suite, tc);
	tc = tcase_create("fields");
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, tags);
	tcase_add_test(tc, ranges);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
