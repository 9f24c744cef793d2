/*
 * request: one HTTP request in the hands of the application.
 *
 * The application gets a request in listen_app.on_request (or back in on_wake) and owes
 * it exactly one of
 *	request_reply or request_fail	now or later, from any thread, or
 *	request_park			inside on_request or on_wake only.
 * After that call the request is no longer the application's, until on_wake hands it
 * back. When the client goes away in the meantime, nothing changes: the request stays
 * valid until it is answered, and the answer goes nowhere.
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/result.h"
#include "server/http.h"
#include "server/reply.h"

struct request;

/* Return the head: method, path segments, query parameters, headers. It lives as long
 * as the request. */
const struct http_head *request_head(const struct request *r);

/* Set *peer to the address that it comes from, as a number for comparing. False if it is not one that limits
 * apply to (listen.h). Inside on_request only. */
bool request_peer(const struct request *r, uint64_t *peer);

/* Return the body, *len bytes, whole; NULL and 0 without one. It lives until the
 * request is answered. */
const uint8_t *request_body(const struct request *r, size_t *len);

/* Answer. Everything in `reply` is copied before the call returns; a stream is taken
 * over, and its `done` is called sooner or later. If too much waits to be sent already,
 * a GET gets 503 BUSY instead; the answer to a POST or PUT is always sent, and should
 * be small and not a stream. Any thread. */
void request_reply(struct request *r, const struct reply *reply);

/* Answer with the status of `reason` and the error body; text NULL: the sentence of the
 * result. Our own resources get Retry-After: 1. R_GOOD is our own bug and aborts. Any
 * thread. */
void request_fail(struct request *r, enum result reason, const char *text);

/* The same for BUSY and TOO_MANY_REFUSED, when it is known how many seconds the client should wait. */
void request_fail_later(struct request *r, enum result reason, const char *text, unsigned seconds);

/* Answer a reply_stream's pull: `n` bytes stand in the buffer. 0 means that the rest
 * cannot be had: the connection is cut, so that the client sees that the body is
 * incomplete. More than was asked for or than is left of stream_len is our own bug and aborts.
 * Any thread. */
void request_filled(struct request *r, size_t n);

/* Put the request aside until somebody calls listen_wake for `topic`, `ms` milliseconds
 * have passed, the client goes away or the board stops; on_wake gets it then.
 * Only inside on_request or on_wake; parked again in on_wake, it waits from the first time on. No
 * wake-up is lost if the condition is looked at
 * inside the same callback before parking, and whoever changes it calls listen_wake
 * afterwards. */
void request_park(struct request *r, uint64_t topic, unsigned ms);

#endif
