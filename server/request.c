#include "server/request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/connection.h"

struct request *
request_new(struct listen *l, const void *head, size_t len)
{
	struct request *r = calloc(1, sizeof *r + len);

	if (r == NULL)
		return NULL;
	r->listen = l;
	if (len > 0)
		memcpy(r->bytes, head, len);
	atomic_fetch_add(&l->requests, 1);
	return r;
}

static void
uncharge(struct request *r, size_t n)
{
	atomic_fetch_sub(&r->listen->buffered, n);
	r->charged -= n;
}

void
request_drop_body(struct request *r)
{
	free(r->body);
	r->body = NULL;
	uncharge(r, r->body_room);
	r->body_room = 0;
}

void
request_free(struct request *r)
{
	struct listen *l;

	if (r == NULL)
		return;
	l = r->listen;
	if (r->stream.done != NULL)
		r->stream.done(r->stream.ctx);
	request_drop_body(r);
	uncharge(r, r->charged);
	free(r->out);
	if (r->piece != NULL)
		l->streams--;
	free(r->piece);
	free(r);
	atomic_fetch_sub(&l->requests, 1);
}

/* A body gets memory as it arrives, not as it was announced: an announcement costs its
 * sender nothing. */
size_t
request_grow(struct request *r)
{
	size_t total = (size_t)r->head.body, room = r->body_room;
	uint8_t *body;

	if (r->body_len < room)
		return room - r->body_len;
	room = room == 0 ? 4096 : 2 * room;
	if (room > total)
		room = total;
	if (!listen_charge(r->listen, r, room - r->body_room, total > REQUEST_LARGE))
		return 0;
	body = realloc(r->body, room);
	if (body == NULL) {
		uncharge(r, room - r->body_room);
		return 0;
	}
	r->body = body;
	r->body_room = room;
	return room - r->body_len;
}

/* Is this the loop, inside a function of the application that was called for this very
 * request? Then there is no need to send it by mail. */
static bool
in_callback(const struct request *r)
{
	return pthread_equal(pthread_self(), r->listen->loop) && r->in_callback;
}

static void
give_back(struct request *r)
{
	if (in_callback(r))
		r->back = true;
	else
		listen_post(r->listen, r);
}

void
request_compose_error(struct request *r, int status, enum result reason, const char *text,
    const char *allow, unsigned seconds)
{
	char body[REPLY_ERROR_MAX];
	struct reply reply = {
		.status = status,
		.type = REPLY_JSON,
		.allow = allow,
		.retry_after = status != 503 && status != 429 ? 0
		    : seconds > 0                             ? seconds
							      : 1,
		.body = body,
		.body_len = reply_error(body, reason, text),
	};

	request_compose(r, &reply);
}

void
request_compose(struct request *r, const struct reply *reply)
{
	char head[REPLY_HEAD_MAX];
	size_t head_len = reply_head(head, reply);
	size_t len = head_len + (reply->stream.pull == NULL ? reply->body_len : 0);
	bool reads = r->head.method == HTTP_GET || r->head.method == HTTP_HEAD;

	/* These have no body, and its bytes would be taken for the next answer. */
	assert((reply->status != 204 && reply->status != 304) ||
	    (reply->stream.pull == NULL && reply->body_len == 0));
	if (reply->stream.pull != NULL) {
		r->stream = reply->stream;
		r->stream_left = reply->stream_len;
	}
	/* A refusal is always said: it is small. So is what answers a write; and 503 in its
	 * place would say that nothing was stored. */
	if (reply->status < 400 && reads &&
	    !listen_charge(r->listen, r, len, len > REQUEST_LARGE)) {
		request_compose_busy(r);
		return;
	}
	/* Without memory there is no answer, and the loop closes the connection. */
	r->out = malloc(len);
	if (r->out == NULL)
		return;
	memcpy(r->out, head, head_len);
	if (len > head_len)
		memcpy(r->out + head_len, reply->body, len - head_len);
	r->out_head = head_len;
	r->out_len = len;
}

void
request_compose_busy(struct request *r)
{
	free(r->out);
	r->out = NULL;
	r->stream_left = 0;
	request_compose_error(r, 503, R_BUSY, "too many answers are being sent", NULL, 0);
}

const struct http_head *
request_head(const struct request *r)
{
	return &r->head;
}

bool
request_peer(const struct request *r, uint64_t *peer)
{
	*peer = r->connection != NULL ? r->connection->peer : 0;
	return r->connection != NULL && r->connection->counted;
}

const uint8_t *
request_body(const struct request *r, size_t *len)
{
	*len = r->body_len;
	return r->body;
}

void
request_reply(struct request *r, const struct reply *reply)
{
	assert(r->away && r->out == NULL);
	request_compose(r, reply);
	give_back(r);
}

void
request_fail(struct request *r, enum result reason, const char *text)
{
	assert(r->away && r->out == NULL && reason != R_GOOD);
	request_compose_error(r, reply_status(reason), reason, text, NULL, 0);
	give_back(r);
}

void
request_fail_later(struct request *r, enum result reason, const char *text, unsigned seconds)
{
	assert(r->away && r->out == NULL);
	request_compose_error(r, reply_status(reason), reason, text, NULL, seconds);
	give_back(r);
}

void
request_filled(struct request *r, size_t n)
{
	if (n > REPLY_PIECE || n > r->stream_left)
		abort();
	r->filled = n;
	give_back(r);
}

void
request_park(struct request *r, uint64_t topic, unsigned ms)
{
	assert(in_callback(r) && !r->back);
	r->topic = topic;
	r->park_ms = ms;
	r->parked = true;
}
