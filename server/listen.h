/*
 * listen: the board's ear. Accepts connections, reads requests within limits, hands
 * them to the application and sends its answers. One thread runs the loop (libevent
 * bufferevents); the application's on_* functions run in that thread and must not block.
 *
 * What is bounded: connections in all and per address; the head (http.h); the body, by
 * what the application says once it has seen the head and before a byte of the body is
 * kept; the bytes of bodies and answers held at once; the answers streamed at once; the
 * time for a request from its first byte to its last, for a piece of an answer, and
 * between requests. One request per connection is in hand at a time; what a client
 * sends ahead waits in a small input buffer and then in the kernel.
 *
 * When there are too many connections, or no descriptors, the connection that has been
 * idle longest makes room for the new one; if none is idle, the new one gets 503.
 *
 * A client that shuts down its sending side still gets the answer to what it has asked,
 * but a parked request counts as given up.
 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/result.h"
#include "server/http.h"
#include "server/log.h"
#include "server/request.h"
#include "server/tls.h"

struct listen;

/* What the application says of a head. */
struct listen_verdict {
	uint64_t body_max; /* bytes of body it would take; 0: none */
	/* Only for a refusal: */
	int status;        /* if not the one of the result, as 405 */
	const char *allow; /* with 405: the methods that would do */
	struct why why;    /* what is wrong; the reason itself is the returned result */
};

enum listen_wake {
	LISTEN_TOPIC,    /* listen_wake was called for the topic, or for one that shares its
			  * place in a table: look again, and park again if need be */
	LISTEN_DEADLINE, /* the time of request_park is over */
	LISTEN_GONE,     /* the client has left: any answer will do */
	LISTEN_STOP,     /* the board stops: answer now */
};

/* The application. All functions run in the loop thread and must not block. */
struct listen_app {
	void *ctx;
	/* A head was read; nothing of the body is kept yet. R_GOOD: read a body of at most
	 * v->body_max bytes. Else: refuse. *v comes zeroed. NULL: every
	 * request is taken, none may have a body. */
	enum result (*on_head)(void *ctx, const struct http_head *head, struct listen_verdict *v);
	/* A whole request is there. */
	void (*on_request)(void *ctx, struct request *r);
	/* A parked request comes back; after LISTEN_GONE and LISTEN_STOP it cannot be
	 * parked again (it is then answered with 503). Needed only by who parks. */
	void (*on_wake)(void *ctx, struct request *r, enum listen_wake cause);
};

/* Zeros stand for the value in parentheses. */
struct listen_config {
	/* Numeric addresses with port, "127.0.0.1:8080", "[::1]:0"; port 0: any. A
	 * wildcard "[::]" is IPv6 only; "0.0.0.0" goes beside it. */
	const char *const *addresses;
	size_t addresses_len;
	/* The same for addresses where only TLS is spoken, with this certificate, which must
	 * outlive the listener. */
	const char *const *tls_addresses;
	size_t tls_addresses_len;
	struct tls *tls;
	unsigned connections_max; /* (16384, or fewer if descriptors are short) */
	/* Connections from one IPv4 address or IPv6 /64 (256: a whole company can sit
	 * behind one address). Loopback is not counted unless cap_loopback says so: what
	 * comes from there is a reverse proxy, which speaks for everybody and has caps of
	 * its own. A proxy on another machine needs UINT_MAX here. */
	unsigned per_address_max;
	bool cap_loopback;    /* tabellad --count-loopback */
	unsigned streams_max; /* answers streamed at once (256), two pieces of memory each */
	size_t buffer_max;    /* bytes of bodies and answers held at once (128 MiB) */
	unsigned idle_ms;     /* between requests (30 s) */
	unsigned request_ms;  /* from a request's first byte to its last (15 s), … */
	unsigned body_rate;   /* … plus a second for each so many bytes of body (16384) */
	unsigned write_ms;    /* until the client has taken a piece of 64 KiB (20 s) */
	unsigned linger_ms;   /* for the client to read a refusal (2 s) */
	struct log *log;      /* NULL: silent; must outlive the listener */
};

/* Since the start, but `open`. */
struct listen_counts {
	uint64_t open;     /* connections now */
	uint64_t accepted; /* connections */
	uint64_t shed;     /* connections refused or closed while idle, over a cap */
	uint64_t cut;      /* connections closed for a deadline */
	uint64_t refused;  /* requests refused before the application had them */
	uint64_t requests; /* handed to the application */
	uint64_t buffered; /* bytes of bodies and answers held now */
};

#define LISTEN_ADDRESSES_MAX 8
#define LISTEN_ADDRESS_LEN 64

/* Raise the soft limit of open files to the hard one; return it. Once, before listen_new,
 * which looks at it. */
unsigned listen_raise_descriptors(void);

/* Bind the addresses. R_BAD_INPUT for an address that is none, R_CONFLICT for one that
 * cannot be had, R_NO_MEMORY, R_NO_DISK (no descriptors), R_NO_RANDOM; *why says which.
 * *config and *app are copied, and the strings of addresses are not used afterwards. */
enum result listen_new(struct listen **out, const struct listen_config *config,
    const struct listen_app *app, struct why *why);

/* Write the i-th address (those with TLS come after the others) with the port that was
 * really bound; false if there are not as many. */
bool listen_address(const struct listen *l, char out[LISTEN_ADDRESS_LEN], size_t i);
/* Is it one with TLS? */
bool listen_is_tls(const struct listen *l, size_t i);

/* Start the loop thread, which takes no signals. R_NO_MEMORY. */
enum result listen_start(struct listen *l);

/* Give back the requests parked on `topic` (any number; say, one per election).
 * Cheap, never fails. Any thread. */
void listen_wake(struct listen *l, uint64_t topic);

/* Stop: accept no more, close what is idle, wake what is parked, and let what is in
 * hand finish for at most `ms`; then close everything and end the loop thread. After
 * the return no on_* function runs. Requests that the application still holds stay valid.
 * Any thread but the loop's, once. */
void listen_stop(struct listen *l, unsigned ms);

/* Free everything. Before: listen_stop if it was started, and an answer to every
 * request (so stop the workers between the two); a missing one is our own bug and
 * aborts. */
void listen_free(struct listen *l);

/* Any thread. */
void listen_count(const struct listen *l, struct listen_counts *out);

#endif
