/*
 * connection: one client's connection, and what listen.c, connection.c and request.c
 * know of each other. Not for the application. Everything here belongs to the loop
 * thread, except what is said to be shared.
 */
#ifndef SERVER_CONNECTION_H
#define SERVER_CONNECTION_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>

#include "server/listen.h"

enum connection_state {
	CONNECTION_HEAD,   /* idle, or reads a head */
	CONNECTION_BODY,   /* reads a body */
	CONNECTION_APP,    /* the application has the request */
	CONNECTION_PARKED, /* the request waits in a table of the listener */
	CONNECTION_SEND,   /* an answer is being put into the output buffer */
	CONNECTION_FLUSH,  /* all of it is there */
	CONNECTION_LINGER, /* nothing more will be answered; the client may read in peace */
};

/* One timer serves all states, since a connection waits for one thing at a time. */
struct connection {
	struct listen *listen;
	struct bufferevent *bev;
	enum connection_state state;
	struct event timer;
	uint64_t due;   /* when the state must have ended, in ms; 0: no matter when */
	uint64_t armed; /* when the timer fires; never later than due; 0: it does not */
	uint64_t begun; /* when the first byte of the request was seen */
	struct http_scan scan;
	struct request *request; /* NULL in HEAD and LINGER */
	bool tls;
	bool eof;       /* the client sends no more */
	bool close;     /* after this answer */
	bool linger;    /* before closing: it may still be sending */
	size_t drained; /* bytes thrown away while lingering */
	bool idle;      /* stands in listen->idle */
	bool counted;   /* stands in listen->peers */
	uint64_t peer;
	LIST_ENTRY(connection) of_all;
	TAILQ_ENTRY(connection) of_idle;
	LIST_ENTRY(connection) of_parked;
	LIST_ENTRY(connection) of_peers;
};

LIST_HEAD(connection_list, connection);
TAILQ_HEAD(connection_queue, connection);

/* Who may touch a request: the loop thread, or, between on_request and request_reply and
 * between pull and request_filled, the application, from whatever thread. Handing back
 * goes through listen->mail unless it happens inside the callback itself. */
struct request {
	struct listen *listen;
	struct connection *connection; /* NULL when it is gone; loop thread only */
	struct request *next;          /* in the mail */
	bool in_callback;              /* loop thread only: the application was just called */
	bool back;                     /* it has answered (filled) within the callback */
	bool parked;                   /* it has parked it within the callback */
	bool away;                     /* the application has it, or the mail */
	uint64_t topic;
	unsigned park_ms;
	uint64_t parked_since; /* 0: it was not parked yet */
	uint8_t *body;
	size_t body_len, body_room; /* bytes there, bytes allocated */
	size_t charged;             /* bytes of listen->buffered held by this request */
	char *out;                  /* head and copied body of the answer, or NULL */
	size_t out_head, out_len, out_sent;
	struct reply_stream stream;
	uint64_t stream_left;
	uint8_t *piece;
	size_t filled; /* bytes in the piece */
	struct http_head head;
	char bytes[]; /* of the head */
};

#define LISTEN_PEERS 16384 /* buckets */
#define LISTEN_TOPICS 64   /* one bit each in `wakes` */

struct listen {
	struct listen_config config;
	struct listen_app app;
	struct event_base *base;
	struct evconnlistener *socket[LISTEN_ADDRESSES_MAX];
	size_t sockets, plain; /* so many, and so many of them without TLS, which come first */
	char address[LISTEN_ADDRESSES_MAX][LISTEN_ADDRESS_LEN];
	int spare;             /* a descriptor to give up when there are no others, or -1 */
	struct event *resume;  /* accept again */
	struct event *mail;    /* somebody wrote to mail_fd */
	struct event *timeout; /* of stopping */
	bool stopping;
	pthread_t thread;
	bool started;
	pthread_t loop;     /* the same thread, as set by itself */
	unsigned streams;   /* being sent */
	time_t date_second; /* of the Date header */
	char date[48];
	uint8_t peer_key[16];

	struct connection_list all;
	struct connection_queue idle; /* longest idle first */
	struct connection_list parked[LISTEN_TOPICS];
	struct connection_list woken;
	struct connection_list *peers; /* LISTEN_PEERS lists, by hash of the address */

	/* shared */
	int mail_fd;
	pthread_mutex_t mail_lock;
	struct request *mail_first, **mail_end;
	atomic_uint_fast64_t wakes; /* topics to wake */
	atomic_uint stop_ms;        /* 0: go on */
	atomic_size_t buffered;
	atomic_size_t requests; /* that exist */
	atomic_uint_fast64_t open, accepted, shed, cut, refused, handed;
};

/* What a client may send ahead of its turn; a whole head must fit. */
#define CONNECTION_INPUT ((size_t)2 * HTTP_HEAD_MAX)
/* The same while a large body is read, for fewer system calls. */
#define CONNECTION_INPUT_BODY ((size_t)4 * CONNECTION_INPUT)

/* What to do after a step of a connection's life. */
enum step {
	STEP_WAIT,  /* something must happen first */
	STEP_AGAIN, /* the next state can be looked at at once */
	STEP_GONE,  /* the connection is freed */
};

/* ---- connection.c: the life of a connection ---- */

/* Take over an accepted socket. On failure (no memory, too many) it is closed. */
void connection_new(struct listen *l, evutil_socket_t fd, const struct sockaddr *from, bool tls);

/* Close and free; a request that the application holds stays behind. */
void connection_close(struct connection *c);

/* Tell the client that nothing more comes, as far as it can be said at once. */
void connection_say_end(struct connection *c);

/* Close and make the kernel forget what was not sent yet. */
void connection_cut(struct connection *c);

/* A parked request goes back to the application. */
void connection_wake(struct connection *c, enum listen_wake cause);

/* The application has given the request of this connection back. */
void connection_resume(struct connection *c);

/* Set the time by which the present state must have ended, `ms` after `since` or from
 * now on. A later time than the one armed costs nothing: the timer looks again when it
 * fires. */
void connection_due_since(struct connection *c, uint64_t since, uint64_t ms);
void connection_due(struct connection *c, uint64_t ms);
void connection_no_due(struct connection *c);

/* Stand in line for being closed when room is needed. */
void connection_enter_idle(struct connection *c);
void connection_leave_idle(struct connection *c);

/* ---- connection_read.c: from bytes to a request in the application's hands ---- */

enum step connection_read_head(struct connection *c);
enum step connection_read_body(struct connection *c);

/* Around a call of the application for this request: before it, and to see what it has
 * done with the request. */
void connection_ask(struct request *r);
enum step connection_settle(struct connection *c);

/* ---- connection_send.c: from an answer to bytes ---- */

/* The request has its answer: put its head into the output. */
enum step connection_answer(struct connection *c);

/* The piece that was asked for has come. */
enum step connection_take_piece(struct connection *c);

enum step connection_send(struct connection *c);
enum step connection_flush(struct connection *c);
enum step connection_linger(struct connection *c);

/* Answer with an error without asking the application. */
enum step connection_refuse(struct connection *c, int status, enum result reason, const char *text,
    const char *allow);

/* The same for what breaks the rules of HTTP. Where the next request would begin is then
 * unknown, or a matter of opinion, so nothing more is read. */
enum step connection_break(struct connection *c, int status, const char *text);

/* ---- listen_accept.c ---- */

/* Bind an address as listen_new does. */
enum result listen_bind(struct listen *l, const char *address, struct why *why);

/* Timer: accept again after a pause. */
void listen_resume(evutil_socket_t fd, short what, void *ctx);

/* Return false if this peer has enough connections; else count c among them. */
bool listen_admit_peer(struct listen *l, struct connection *c, const struct sockaddr *from);

/* Close the connection that has been idle longest; false if there is none. */
bool listen_evict(struct listen *l);

/* ---- listen.c ---- */

/* Reserve `n` bytes of the buffers for a request; false if there are not as many. What
 * is large may not take the last quarter, so that a flood of uploads leaves room for
 * ballots. Any thread. */
bool listen_charge(struct listen *l, struct request *r, size_t n, bool large);

/* Return the place of a topic in `parked` and `wakes`. */
unsigned listen_topic(uint64_t topic);

/* Something must be looked at by the loop. Any thread. */
void listen_kick(struct listen *l);

/* Give a request back to the loop. Any thread but, in a callback, the loop's own. */
void listen_post(struct listen *l, struct request *r);

/* ---- request.c ---- */

#define REQUEST_LARGE 65536 /* bytes of body or answer from which on they are large */

struct request *request_new(struct listen *l, const void *head, size_t len);
void request_free(struct request *r);

/* Free the body. */
void request_drop_body(struct request *r);

/* Make room for the next body bytes and return how many (at least 1), or 0 if the
 * buffers are full or there is no memory. */
size_t request_grow(struct request *r);

/* Set the answer without handing it over: the loop's own. Busy replaces an answer that
 * cannot be sent. */
void request_compose(struct request *r, const struct reply *reply);
void request_compose_error(struct request *r, int status, enum result reason, const char *text,
    const char *allow, unsigned seconds);
void request_compose_busy(struct request *r);

#endif
