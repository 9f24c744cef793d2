#include "server/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>

#include "server/clock.h"

/* ---- the timer ---- */

static void
arm(struct connection *c, uint64_t now)
{
	uint64_t ms = c->due > now ? c->due - now : 0;
	struct timeval wait = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	c->armed = c->due;
	(void)evtimer_add(&c->timer, &wait);
}

/* Set the time by which the present state must have ended, `ms` after `since`. A later
 * time than the one armed costs nothing: the timer looks again when it fires. */
void
connection_due_since(struct connection *c, uint64_t since, uint64_t ms)
{
	c->due = since + ms;
	if (c->armed == 0 || c->due < c->armed)
		arm(c, clock_now());
}

void
connection_due(struct connection *c, uint64_t ms)
{
	connection_due_since(c, clock_now(), ms);
}

void
connection_no_due(struct connection *c)
{
	c->due = 0;
}

/* ---- idle connections ---- */

void
connection_enter_idle(struct connection *c)
{
	if (!c->idle)
		TAILQ_INSERT_TAIL(&c->listen->idle, c, of_idle);
	c->idle = true;
}

void
connection_leave_idle(struct connection *c)
{
	if (c->idle)
		TAILQ_REMOVE(&c->listen->idle, c, of_idle);
	c->idle = false;
}

/* ---- events ---- */

/* Go on from state to state until something must be waited for. */
static void
run(struct connection *c)
{
	enum step step = STEP_AGAIN;

	while (step == STEP_AGAIN)
		switch (c->state) {
		case CONNECTION_HEAD: step = connection_read_head(c); break;
		case CONNECTION_BODY: step = connection_read_body(c); break;
		case CONNECTION_SEND: step = connection_send(c); break;
		case CONNECTION_FLUSH: step = connection_flush(c); break;
		case CONNECTION_LINGER: step = connection_linger(c); break;
		case CONNECTION_APP:
		case CONNECTION_PARKED: step = STEP_WAIT; break;
		}
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct connection *c = ctx;

	(void)bev;
	if (c->state == CONNECTION_HEAD || c->state == CONNECTION_BODY ||
	    c->state == CONNECTION_LINGER)
		run(c);
}

static void
on_written(struct bufferevent *bev, void *ctx)
{
	struct connection *c = ctx;

	(void)bev;
	if (c->state == CONNECTION_SEND || c->state == CONNECTION_FLUSH)
		run(c);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct connection *c = ctx;

	(void)bev;
	if (what == BEV_EVENT_CONNECTED)
		return; /* the handshake is done */
	c->eof = true;
	if ((what & BEV_EVENT_ERROR) != 0 || c->state == CONNECTION_PARKED)
		connection_close(c);
	else if (c->state != CONNECTION_SEND && c->state != CONNECTION_FLUSH)
		run(c);
}

/* The state has lasted too long. */
static void
expired(struct connection *c)
{
	enum step step;

	switch (c->state) {
	case CONNECTION_HEAD:
	case CONNECTION_BODY:
		if (c->idle)
			break;
		atomic_fetch_add(&c->listen->cut, 1);
		if (c->request == NULL)
			c->request = request_new(c->listen, "", 0);
		if (c->request == NULL)
			break;
		c->request->connection = c;
		step = connection_break(c, 408, "the request took too long");
		if (step == STEP_GONE)
			return;
		/* It has had its time. */
		c->linger = false;
		run(c);
		return;
	case CONNECTION_PARKED: connection_wake(c, LISTEN_DEADLINE); return;
	case CONNECTION_SEND:
	case CONNECTION_FLUSH:
		atomic_fetch_add(&c->listen->cut, 1);
		connection_cut(c);
		return;
	case CONNECTION_APP:
	case CONNECTION_LINGER: break;
	}
	connection_close(c);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct connection *c = ctx;
	uint64_t now = clock_now();

	(void)fd;
	(void)what;
	c->armed = 0;
	if (c->due == 0)
		return;
	if (now < c->due)
		arm(c, now);
	else
		expired(c);
}

void
connection_resume(struct connection *c)
{
	enum step step;

	c->request->away = false;
	step = c->state == CONNECTION_APP ? connection_answer(c) : connection_take_piece(c);
	if (step == STEP_AGAIN)
		run(c);
}

void
connection_wake(struct connection *c, enum listen_wake cause)
{
	struct listen *l = c->listen;

	LIST_REMOVE(c, of_parked);
	c->state = CONNECTION_APP;
	connection_no_due(c);
	connection_ask(c->request);
	l->app.on_wake(l->app.ctx, c->request, cause);
	if (connection_settle(c) == STEP_AGAIN)
		run(c);
}

/* ---- beginning and end ---- */

/* The one place where bytes become a bufferevent. The handshake counts as idling: it has
 * as long, and makes room for others. */
static struct bufferevent *
wrap(struct listen *l, evutil_socket_t fd, bool tls)
{
	struct bufferevent *bev;
	SSL *ssl;

	if (!tls)
		return bufferevent_socket_new(l->base, fd, BEV_OPT_CLOSE_ON_FREE);
	ssl = tls_accept(l->config.tls);
	if (ssl == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(l->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
	    BEV_OPT_CLOSE_ON_FREE);
	/* Lengths are announced, so an end without ceremony deceives nobody. */
	if (bev != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

void
connection_say_end(struct connection *c)
{
	SSL *ssl = c->tls ? bufferevent_openssl_get_ssl(c->bev) : NULL;

	if (ssl != NULL && SSL_is_init_finished(ssl)) {
		/* Do not wait for the client to say the same. */
		SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
		(void)SSL_shutdown(ssl);
	}
	ERR_clear_error();
	(void)shutdown(bufferevent_getfd(c->bev), SHUT_WR);
}

/* There is no room: say so if the kernel takes it at once, and close. */
static void
turn_away(struct listen *l, evutil_socket_t fd, bool tls, const char *why)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
				     "Content-Length: 0\r\n"
				     "Retry-After: 1\r\n"
				     "Connection: close\r\n"
				     "\r\n";

	atomic_fetch_add(&l->shed, 1);
	log_event(l->config.log, LOG_CAP, "%s", why);
	if (!tls)
		(void)send(fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)evutil_closesocket(fd);
}

void
connection_new(struct listen *l, evutil_socket_t fd, const struct sockaddr *from, bool tls)
{
	struct connection *c = calloc(1, sizeof *c);
	int one = 1, piece = REPLY_PIECE;

	atomic_fetch_add(&l->accepted, 1);
	if (c == NULL) {
		turn_away(l, fd, tls, "no memory for a connection");
		return;
	}
	/* First the cap of the address: one that has enough must not evict others. */
	if (!listen_admit_peer(l, c, from)) {
		turn_away(l, fd, tls, "too many connections from one address");
		free(c);
		return;
	}
	c->listen = l;
	c->tls = tls;
	if (atomic_load(&l->open) >= l->config.connections_max && !listen_evict(l))
		turn_away(l, fd, tls, "too many connections, none of them idle");
	else if ((c->bev = wrap(l, fd, tls)) == NULL)
		turn_away(l, fd, tls, "no memory for a connection");
	if (c->bev == NULL) {
		if (c->counted)
			LIST_REMOVE(c, of_peers);
		free(c);
		return;
	}
	(void)evtimer_assign(&c->timer, l->base, on_timer, c);
	LIST_INSERT_HEAD(&l->all, c, of_all);
	atomic_fetch_add(&l->open, 1);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	/* Otherwise the kernel may hold megabytes for a slow reader and tell us of room only
	 * when a third of them has gone, which can take longer than write_ms. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &piece, sizeof piece);
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, CONNECTION_INPUT);
	bufferevent_set_max_single_write(c->bev, (size_t)2 * REPLY_PIECE);
	c->state = CONNECTION_HEAD;
	connection_enter_idle(c);
	connection_due(c, l->config.idle_ms);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* What becomes of the request when its connection is gone. */
static void
orphan(struct connection *c, struct request *r)
{
	struct listen *l = c->listen;

	r->connection = NULL;
	if (c->state == CONNECTION_PARKED) {
		LIST_REMOVE(c, of_parked);
		connection_ask(r);
		l->app.on_wake(l->app.ctx, r, LISTEN_GONE);
		r->in_callback = false;
		r->away = !r->back && !r->parked;
	}
	if (!r->away)
		request_free(r);
}

void
connection_close(struct connection *c)
{
	struct listen *l = c->listen;

	connection_leave_idle(c);
	LIST_REMOVE(c, of_all);
	if (c->counted)
		LIST_REMOVE(c, of_peers);
	(void)evtimer_del(&c->timer);
	if (c->tls)
		connection_say_end(c);
	bufferevent_free(c->bev);
	if (c->request != NULL)
		orphan(c, c->request);
	free(c);
	if (atomic_fetch_sub(&l->open, 1) == 1 && l->stopping)
		(void)event_base_loopbreak(l->base);
}

void
connection_cut(struct connection *c)
{
	struct linger none = { 1, 0 };

	(void)setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &none, sizeof none);
	connection_close(c);
}
