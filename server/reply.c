#include "server/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistr.h>

int
reply_status(enum result r)
{
	switch (r) {
	case R_GOOD: return 200;

	case R_BAD_SIGNATURE:
	case R_NOT_ALLOWED:
	case R_NOT_ON_ROLL:
	case R_FORBIDDEN: return 403;

	case R_NOT_FOUND:
	case R_UNKNOWN_ITEM:
	case R_MISSING_RECORD:
	case R_MISSING_BLOB:
	case R_MISSING_FILE:
	case R_MISSING_ENTRY: return 404;

	/* The record may be good, but not here or not now. */
	case R_STATE:
	case R_BAD_PREV:
	case R_BAD_SEQUENCE:
	case R_CHAIN_BROKEN:
	case R_ROLL_FROZEN:
	case R_NOT_APPROVED:
	case R_CLOSED:
	case R_LATE_BALLOT:
	case R_CHALLENGED:
	case R_NO_QUORUM:
	case R_INPUT_LIST:
	case R_MIX_MISSING:
	case R_MIX_TRUSTEE:
	case R_NOT_MIXED:
	case R_MIN_BALLOTS:
	case R_BELOW_THRESHOLD:
	case R_LATE_RECORD:
	case R_FOREIGN_BALLOT:
	case R_EQUIVOCATION:
	case R_CONFLICT: return 409;

	case R_TOO_LARGE: return 413;

	case R_TOO_MANY_REFUSED: return 429;

	/* No service on a history that has gone back. */
	case R_ROLLBACK: return 503;

	default: return r >= R_NO_MEMORY ? 503 : 400;
	}
}

const char *
reply_phrase(int status)
{
	switch (status) {
	case 100: return "Continue";
	case 200: return "OK";
	case 201: return "Created";
	case 202: return "Accepted";
	case 204: return "No Content";
	case 206: return "Partial Content";
	case 304: return "Not Modified";
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 408: return "Request Timeout";
	case 409: return "Conflict";
	case 411: return "Length Required";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 415: return "Unsupported Media Type";
	case 416: return "Range Not Satisfiable";
	case 417: return "Expectation Failed";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 503: return "Service Unavailable";
	case 505: return "HTTP Version Not Supported";
	default: return "Other";
	}
}

/* Write one character the way RFC 8785 wants it; out has room for 6 bytes. */
static size_t
quote_one(char *out, const uint8_t *in, size_t len, ucs4_t c)
{
	static const char plain[] = "\b\t\n\f\r\"\\", letter[] = "btnfr\"\\";
	const char *escape;

	if (c == 0xfffd) {
		memcpy(out, "\xef\xbf\xbd", 3);
		return 3;
	}
	if (c < 0x80 && (escape = strchr(plain, (int)c)) != NULL) {
		out[0] = '\\';
		out[1] = letter[escape - plain];
		return 2;
	}
	if (c < 0x20)
		return (size_t)sprintf(out, "\\u%04x", (unsigned)c);
	memcpy(out, in, len);
	return len;
}

size_t
reply_quote(char *out, size_t max, const char *text)
{
	const uint8_t *in = (const uint8_t *)text;
	size_t left = strlen(text), at = 0, n, took;
	char one[8];
	ucs4_t c;

	while (left > 0) {
		took = (size_t)u8_mbtouc(&c, in, left);
		n = quote_one(one, in, took, c);
		if (at + n >= max)
			break;
		memcpy(out + at, one, n);
		at += n;
		in += took;
		left -= took;
	}
	out[at] = '\0';
	return at;
}

size_t
reply_error(char out[REPLY_ERROR_MAX], enum result r, const char *text)
{
	char quoted[REPLY_ERROR_MAX - 128];

	if (text == NULL || *text == '\0')
		text = result_text(r);
	reply_quote(quoted, sizeof quoted, text);
	return (size_t)snprintf(out, REPLY_ERROR_MAX,
	    "{\"error\":{\"reason\":\"%s\",\"text\":\"%s\"}}", result_name(r), quoted);
}

/* A head under construction. */
struct lines {
	char *out;
	size_t at;
};

static void __attribute__((format(printf, 2, 3)))
add_line(struct lines *lines, const char *format, ...)
{
	size_t room = REPLY_HEAD_MAX - lines->at;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(lines->out + lines->at, room, format, ap);
	va_end(ap);
	/* Our own bug: a header of ours that is endless, or that brings a line end along
	 * and so could end the head or forge another header. */
	if (n < 0 || (size_t)n + 2 >= room || strpbrk(lines->out + lines->at, "\r\n") != NULL)
		abort();
	lines->at += (size_t)n;
	memcpy(lines->out + lines->at, "\r\n", 2);
	lines->at += 2;
}

static void
add_range(struct lines *lines, const struct reply *reply)
{
	if (reply->status == 206)
		add_line(lines, "Content-Range: bytes %llu-%llu/%llu",
		    (unsigned long long)reply->range_first, (unsigned long long)reply->range_last,
		    (unsigned long long)reply->range_total);
	if (reply->status == 416)
		add_line(lines, "Content-Range: bytes */%llu",
		    (unsigned long long)reply->range_total);
}

size_t
reply_head(char out[REPLY_HEAD_MAX], const struct reply *reply)
{
	struct lines lines = { out, 0 };
	uint64_t length = reply->stream.pull != NULL ? reply->stream_len : reply->body_len;
	size_t more;

	add_line(&lines, "HTTP/1.1 %d %s", reply->status, reply_phrase(reply->status));
	if (reply->status != 304 && reply->status != 204)
		add_line(&lines, "Content-Length: %llu", (unsigned long long)length);
	if (reply->type != NULL) {
		add_line(&lines, "Content-Type: %s", reply->type);
		add_line(&lines, "X-Content-Type-Options: nosniff");
	}
	add_line(&lines, "Cache-Control: %s", reply->cache != NULL ? reply->cache : "no-store");
	if (reply->etag != NULL)
		add_line(&lines, "ETag: %s", reply->etag);
	if (reply->location != NULL)
		add_line(&lines, "Location: %s", reply->location);
	if (reply->allow != NULL)
		add_line(&lines, "Allow: %s", reply->allow);
	if (reply->retry_after != 0)
		add_line(&lines, "Retry-After: %u", reply->retry_after);
	add_range(&lines, reply);
	if (reply->more != NULL) {
		more = strlen(reply->more);
		if (lines.at + more >= REPLY_HEAD_MAX)
			abort();
		memcpy(out + lines.at, reply->more, more);
		lines.at += more;
	}
	return lines.at;
}
