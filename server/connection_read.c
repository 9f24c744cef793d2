#include "server/connection.h"

#include <string.h>

#include <event2/buffer.h>

#include "server/clock.h"

/* The application gets the request. */
void
connection_ask(struct request *r)
{
	r->away = true;
	r->back = false;
	r->in_callback = true;
}

/* Has the application given the request back within the callback? */
enum step
connection_settle(struct connection *c)
{
	struct request *r = c->request;

	r->in_callback = false;
	if (r->back) {
		r->away = false;
		return connection_answer(c);
	}
	if (!r->parked)
		return STEP_WAIT;
	r->parked = false;
	r->away = false;
	if (c->listen->stopping) {
		request_compose_error(r, 503, R_BUSY, "the board is stopping", NULL, 0);
		return connection_answer(c);
	}
	c->state = CONNECTION_PARKED;
	LIST_INSERT_HEAD(&c->listen->parked[listen_topic(r->topic)], c, of_parked);
	/* Woken for nothing and parked again, it waits no longer than it was to at first. */
	if (r->parked_since == 0)
		r->parked_since = clock_now();
	connection_due_since(c, r->parked_since, r->park_ms);
	return STEP_WAIT;
}

static enum step
ask_application(struct connection *c)
{
	struct listen *l = c->listen;

	c->state = CONNECTION_APP;
	connection_no_due(c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, CONNECTION_INPUT);
	atomic_fetch_add(&l->handed, 1);
	connection_ask(c->request);
	l->app.on_request(l->app.ctx, c->request);
	return connection_settle(c);
}

enum step
connection_read_body(struct connection *c)
{
	struct request *r = c->request;
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t left, room;
	int n;

	while ((left = (size_t)r->head.body - r->body_len) > 0) {
		if (evbuffer_get_length(in) == 0 && c->eof) {
			connection_close(c);
			return STEP_GONE;
		}
		if (evbuffer_get_length(in) == 0)
			return STEP_WAIT;
		room = request_grow(r);
		if (room == 0) {
			return connection_break(c, 503, "too much is being uploaded");
		}
		n = evbuffer_remove(in, r->body + r->body_len, left < room ? left : room);
		r->body_len += (size_t)n;
	}
	return ask_application(c);
}

/* A head has been read: does the application want it? */
static enum step
judge_head(struct connection *c)
{
	struct listen *l = c->listen;
	struct request *r = c->request;
	struct listen_verdict verdict = { 0 };
	enum result result = R_GOOD;

	if (l->app.on_head != NULL)
		result = l->app.on_head(l->app.ctx, &r->head, &verdict);
	if (result != R_GOOD) {
		if (r->head.body > 0)
			c->close = c->linger = true;
		return connection_refuse(c,
		    verdict.status != 0 ? verdict.status : reply_status(result), result,
		    verdict.why.text, verdict.allow);
	}
	if (r->head.body > verdict.body_max || r->head.body > SIZE_MAX / 2)
		return connection_break(c, 413, "the body is larger than may be here");
	c->state = CONNECTION_BODY;
	connection_due_since(c, c->begun,
	    l->config.request_ms + r->head.body / l->config.body_rate * 1000);
	if (r->head.body > CONNECTION_INPUT) {
		bufferevent_setwatermark(c->bev, EV_READ, 0, CONNECTION_INPUT_BODY);
		bufferevent_set_max_single_read(c->bev, CONNECTION_INPUT_BODY);
	}
	if (r->head.expects_continue && r->head.body > 0 &&
	    evbuffer_get_length(bufferevent_get_input(c->bev)) == 0)
		(void)evbuffer_add_printf(bufferevent_get_output(c->bev),
		    "HTTP/1.1 100 Continue\r\n\r\n");
	return STEP_AGAIN;
}

enum step
connection_read_head(struct connection *c)
{
	struct listen *l = c->listen;
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t len = evbuffer_get_length(in);
	const uint8_t *bytes;
	const char *why = "";
	int status;

	if (len == 0) {
		if (c->eof || l->stopping) {
			connection_close(c);
			return STEP_GONE;
		}
		connection_enter_idle(c);
		connection_due(c, l->config.idle_ms);
		return STEP_WAIT;
	}
	if (c->scan.seen == 0) {
		connection_leave_idle(c);
		c->begun = clock_now();
		connection_due_since(c, c->begun, l->config.request_ms);
	}
	len = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX;
	bytes = evbuffer_pullup(in, (ev_ssize_t)len);
	status = bytes == NULL ? 503 : http_scan(&c->scan, &why, bytes, len);
	if (status == HTTP_MORE && !c->eof)
		return STEP_WAIT;
	if (bytes != NULL && status != HTTP_MORE)
		c->request = request_new(l, bytes, status == HTTP_WHOLE ? c->scan.seen : 0);
	if (c->request == NULL) {
		connection_close(c);
		return STEP_GONE;
	}
	c->request->connection = c;
	len = c->scan.seen;
	memset(&c->scan, 0, sizeof c->scan);
	if (status != HTTP_WHOLE)
		return connection_break(c, status, why);
	(void)evbuffer_drain(in, len);
	status = http_read(&c->request->head, c->request->bytes, len);
	if (status != 0)
		return connection_break(c, status, c->request->head.why);
	return judge_head(c);
}
