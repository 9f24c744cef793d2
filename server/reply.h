/*
 * reply: what the board answers: statuses, headers, the error body, and the one place
 * that maps a result to an HTTP status (docs/api.md).
 */
#ifndef SERVER_REPLY_H
#define SERVER_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/result.h"

struct request;

#define REPLY_JSON "application/json"
#define REPLY_NDJSON "application/x-ndjson"
#define REPLY_TEXT "text/plain; charset=utf-8"
#define REPLY_BYTES "application/octet-stream"

/* For what never changes: a cache may keep it and need not ask again. */
#define REPLY_FOREVER "public, max-age=31536000, immutable"

#define REPLY_PIECE 65536    /* bytes that a stream is asked for at a time */
#define REPLY_HEAD_MAX 2048  /* bytes of all headers of an answer */
#define REPLY_ERROR_MAX 4096 /* bytes of an error body */

/* A body that is fetched piece by piece as the client takes it, so that its size does
 * not matter. Both functions run in the loop thread and must not block. */
struct reply_stream {
	/* Put the next bytes, at most `max`, into `buffer` and say so with
	 * request_filled, now or later, from any thread, once. Until then `buffer` and the
	 * request belong to the callee. */
	void (*pull)(void *ctx, struct request *request, uint8_t *buffer, size_t max);
	/* The stream is no longer needed, whether it came to its end or not: free ctx.
	 * Called exactly once, never while a pull is unanswered. May be NULL. */
	void (*done)(void *ctx);
	void *ctx;
};

/* An answer. Zeros and NULL where nothing is wanted. The strings are copied by
 * request_reply; they must hold no line ends. */
struct reply {
	int status;
	const char *type;     /* Content-Type; needed with a body */
	const char *etag;     /* with its quotes */
	const char *cache;    /* Cache-Control; NULL: no-store */
	const char *location; /* where to ask later (202) */
	const char *allow;    /* the methods that would do (405) */
	const char *more;     /* further header lines, each ended by CR LF */
	unsigned retry_after; /* seconds */
	/* Content-Range: with 206 bytes range_first to range_last of range_total are
	 * sent, with 416 none of range_total. */
	uint64_t range_first, range_last, range_total;
	/* The body: `body_len` bytes, copied; or, if stream.pull is set, exactly
	 * `stream_len` bytes from there. */
	const void *body;
	size_t body_len;
	struct reply_stream stream;
	uint64_t stream_len;
};

/* Return the HTTP status for a result: 200 for R_GOOD, 400 malformed or wrong content,
 * 403 no right, 404 not there, 409 it clashes with the state of the board, 413 too
 * large, 429 too often, 503 our own resources. */
int reply_status(enum result r);

/* Return the phrase of a status, "Not Found" for 404. */
const char *reply_phrase(int status);

/* Write the error body {"error":{"reason":NAME,"text":TEXT}} in canonical form and
 * return its length. A text of NULL or "" stands for the sentence of the result. */
size_t reply_error(char out[REPLY_ERROR_MAX], enum result r, const char *text);

/* Write the status line and the headers that `reply` asks for, with the length of its
 * body (none for 304), but neither Date, Connection nor the empty line, and return their
 * length. Aborts if they do not fit or hold a line end of their own: our own bug. */
size_t reply_head(char out[REPLY_HEAD_MAX], const struct reply *reply);

/* Write `text` as the inside of a JSON string in canonical form (RFC 8785), with
 * U+FFFD for what is not UTF-8, cut between two characters if it does not fit into `max`
 * bytes with a terminating zero. Return its length. */
size_t reply_quote(char *out, size_t max, const char *text);

#endif
