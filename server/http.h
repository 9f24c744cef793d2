/*
 * http: a strict reader of HTTP/1.1 request heads (RFC 9112), over bytes, without
 * sockets.
 *
 * Strict means: what two programs could read in two ways is refused. A head is at
 * most HTTP_HEAD_MAX bytes of printable ASCII in lines that end with CR LF; lines are
 * never folded; there is exactly one Host; the target starts with a slash; a body is
 * announced by exactly one Content-Length in plain decimal digits and by nothing else.
 * Every refusal has a status and a sentence, and the connection must be closed after
 * it, because nobody knows where the next request would begin.
 *
 * HTTP/1.0 is read by the same rules (Host included), and its connection is closed
 * after the answer.
 *
 * Use: feed all bytes received so far to http_scan until it finds the end of the
 * head, copy the head, give the copy to http_read.
 */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 8192 /* bytes, from the request line to the empty line */
#define HTTP_HEADERS_MAX 64
#define HTTP_SEGMENTS_MAX 16
#define HTTP_PARAMS_MAX 16

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT };

struct http_pair {
	const char *name;
	const char *value;
};

/* A request head that has been read. All strings are terminated and stand in the
 * bytes given to http_read. */
struct http_head {
	enum http_method method;
	bool close;            /* the connection ends after the answer */
	bool expects_continue; /* waits for "100 Continue" before it sends the body */
	uint64_t body;         /* Content-Length; 0 without one */
	size_t segments;       /* "/a/b" has two, "/" none; percent-decoded */
	const char *segment[HTTP_SEGMENTS_MAX];
	size_t params; /* of the query, in order, no name twice; values percent-decoded */
	struct http_pair param[HTTP_PARAMS_MAX];
	size_t headers; /* in order; names as sent */
	struct http_pair header[HTTP_HEADERS_MAX];
	const char *why; /* after a refusal: what is wrong; a string that lives for ever */
};

/* How far http_scan has come; start with zeros. */
struct http_scan {
	size_t seen; /* bytes looked at */
	size_t line; /* bytes in the line that seen stands in, its CR included */
	bool cr;     /* the last one was CR */
};

#define HTTP_MORE 0  /* fine so far, the head is not complete */
#define HTTP_WHOLE 1 /* the head is the first scan->seen bytes */

/* Look for the end of the head in the `len` bytes received so far; each byte is
 * looked at once over all calls. Return HTTP_MORE, HTTP_WHOLE, or the status of a
 * refusal (400, 431) with *why set. The answer depends on the bytes only, never on
 * how they were cut into calls. */
int http_scan(struct http_scan *scan, const char **why, const void *bytes, size_t len);

/* Read a head that http_scan has found whole. `bytes` are changed and must live as
 * long as `head`. Return 0, or the status of a refusal (400, 411, 417, 431, 501, 505)
 * with head->why set; the rest of `head` is then undefined. */
int http_read(struct http_head *head, char *bytes, size_t len);

/* Return the value of a header (name in lower case), or NULL. Of the headers that may
 * appear more than once the first is returned. */
const char *http_header(const struct http_head *head, const char *name);

/* Return the decoded value of a query parameter, or NULL. */
const char *http_param(const struct http_head *head, const char *name);

/* Read a plain decimal number: digits, no sign, no leading zero, at most `max`.
 * Return false for anything else; *out is then unchanged. */
bool http_number(uint64_t *out, const char *text, uint64_t max);

/* Return true if If-None-Match names `etag` (with its quotes) or is "*": the answer
 * is then 304. Compared weakly (RFC 9110, 13.1.2). */
bool http_none_match(const struct http_head *head, const char *etag);

enum http_range {
	HTTP_RANGE_ALL,  /* none asked for: 200 and everything */
	HTTP_RANGE_PART, /* 206 and bytes *first to *last, both included */
	HTTP_RANGE_BAD,  /* 416: outside, malformed, or several ranges */
};

/* Tell which part of a resource of `total` bytes a GET asks for: "bytes=a-b",
 * "bytes=a-", "bytes=-n". With an If-Range that is not `etag` (quoted, strong; NULL if
 * there is none), or with a unit that is not bytes, all of it. */
enum http_range http_range(const struct http_head *head, uint64_t *first, uint64_t *last,
    const char *etag, uint64_t total);

#endif
