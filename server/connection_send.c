#include "server/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <event2/buffer.h>

/* What a refused client may go on sending before the connection is closed on it: a
 * whole chunk of a blob, so that it gets to read the refusal. */
#define LINGER_MAX ((size_t)5 << 20)

static const char *
date(struct listen *l)
{
	/* strftime would ask the locale for the names. */
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	time_t now = time(NULL);
	struct tm t;

	if (now != l->date_second) {
		l->date_second = now;
		gmtime_r(&now, &t);
		(void)snprintf(l->date, sizeof l->date, "%s, %02d %s %d %02d:%02d:%02d GMT",
		    days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour,
		    t.tm_min, t.tm_sec);
	}
	return l->date;
}

/* A streamed answer needs a place among the streams and memory for a piece. */
static bool
begin_stream(struct request *r)
{
	struct listen *l = r->listen;

	if (l->streams == l->config.streams_max)
		return false;
	r->piece = malloc(REPLY_PIECE);
	if (r->piece == NULL)
		return false;
	l->streams++;
	return true;
}

/* The request has its answer: put its head into the output. */
enum step
connection_answer(struct connection *c)
{
	struct request *r = c->request;
	struct listen *l = c->listen;
	struct evbuffer *out = bufferevent_get_output(c->bev);

	request_drop_body(r);
	if (r->head.method == HTTP_HEAD) {
		r->out_len = r->out_head;
		r->stream_left = 0;
	}
	if (r->out != NULL && r->stream_left > 0 && !begin_stream(r))
		request_compose_busy(r);
	if (r->head.close || l->stopping)
		c->close = true;
	/* What the client has sent ahead will not be read. */
	if (c->close && evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
		c->linger = true;
	if (r->out == NULL || evbuffer_add(out, r->out, r->out_head) != 0 ||
	    evbuffer_add_printf(out, "Date: %s\r\n%s\r\n", date(l),
		c->close ? "Connection: close\r\n" : "") < 0) {
		log_event(l->config.log, LOG_MEMORY, "no memory for an answer");
		connection_cut(c);
		return STEP_GONE;
	}
	r->out_sent = r->out_head;
	c->state = CONNECTION_SEND;
	bufferevent_setwatermark(c->bev, EV_WRITE, REPLY_PIECE, 0);
	connection_due(c, l->config.write_ms);
	return STEP_AGAIN;
}

/* Ask for the next piece. Return true if it is there, false if it will come later. */
static bool
pull(struct connection *c)
{
	struct request *r = c->request;
	size_t max = r->stream_left < REPLY_PIECE ? (size_t)r->stream_left : REPLY_PIECE;

	connection_ask(r);
	r->stream.pull(r->stream.ctx, r, r->piece, max);
	r->in_callback = false;
	if (r->back)
		r->away = false;
	return r->back;
}

/* A piece has come. */
enum step
connection_take_piece(struct connection *c)
{
	struct request *r = c->request;

	if (r->filled == 0 ||
	    evbuffer_add(bufferevent_get_output(c->bev), r->piece, r->filled) != 0) {
		log_event(c->listen->config.log, LOG_STREAM,
		    "the body of an answer ended %llu bytes early",
		    (unsigned long long)r->stream_left);
		connection_cut(c);
		return STEP_GONE;
	}
	r->stream_left -= r->filled;
	connection_due(c, c->listen->config.write_ms);
	return STEP_AGAIN;
}

/* Keep the output between one and two pieces full until the whole answer is there. */
enum step
connection_send(struct connection *c)
{
	struct request *r = c->request;
	struct evbuffer *out = bufferevent_get_output(c->bev);
	size_t n = r->out_len - r->out_sent;

	if (evbuffer_get_length(out) > REPLY_PIECE)
		return STEP_WAIT;
	if (n > 0) {
		n = n < REPLY_PIECE ? n : REPLY_PIECE;
		if (evbuffer_add(out, r->out + r->out_sent, n) != 0) {
			connection_cut(c);
			return STEP_GONE;
		}
		r->out_sent += n;
		connection_due(c, c->listen->config.write_ms);
		return STEP_AGAIN;
	}
	if (r->stream_left > 0) {
		if (!r->away && pull(c))
			return connection_take_piece(c);
		/* Late is the application then, not the client. */
		if (evbuffer_get_length(out) == 0)
			connection_no_due(c);
		return STEP_WAIT;
	}
	c->state = CONNECTION_FLUSH;
	bufferevent_setwatermark(c->bev, EV_WRITE, 0, 0);
	return evbuffer_get_length(out) == 0 ? STEP_AGAIN : STEP_WAIT;
}

/* Closing a socket with unread input makes the kernel send a reset, which may overtake
 * our refusal. So stop sending, and read on for a moment without looking. */
static enum step
begin_linger(struct connection *c)
{
	c->state = CONNECTION_LINGER;
	connection_say_end(c);
	connection_due(c, c->listen->config.linger_ms);
	/* Nobody misses it if room is needed. */
	TAILQ_INSERT_HEAD(&c->listen->idle, c, of_idle);
	c->idle = true;
	return STEP_AGAIN;
}

enum step
connection_linger(struct connection *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);

	c->drained += evbuffer_get_length(in);
	(void)evbuffer_drain(in, evbuffer_get_length(in));
	if (!c->eof && c->drained <= LINGER_MAX)
		return STEP_WAIT;
	connection_close(c);
	return STEP_GONE;
}

/* The answer has left. */
enum step
connection_flush(struct connection *c)
{
	if (evbuffer_get_length(bufferevent_get_output(c->bev)) > 0)
		return STEP_WAIT;
	request_free(c->request);
	c->request = NULL;
	if (c->close && c->linger && !c->eof)
		return begin_linger(c);
	if (c->close) {
		connection_close(c);
		return STEP_GONE;
	}
	c->state = CONNECTION_HEAD;
	return STEP_AGAIN;
}

enum step
connection_refuse(struct connection *c, int status, enum result reason, const char *text,
    const char *allow)
{
	atomic_fetch_add(&c->listen->refused, 1);
	request_compose_error(c->request, status, reason, text, allow, 0);
	return connection_answer(c);
}

enum step
connection_break(struct connection *c, int status, const char *text)
{
	enum result reason = R_BAD_REQUEST;

	if (status == 413 || status == 431)
		reason = R_TOO_LARGE;
	if (status == 503)
		reason = R_BUSY;
	log_event(c->listen->config.log, LOG_REQUEST, "%d: %s", status, text);
	c->close = true;
	c->linger = true;
	return connection_refuse(c, status, reason, text, NULL);
}
