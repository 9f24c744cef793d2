#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "server/connection.h"

#define BACKLOG 4096 /* the kernel may allow fewer */
#define PAUSE_MS 100 /* of accepting, if it fails and nothing helps */

/* Return what counts as one peer: an IPv4 address (mapped ones too), or the first half
 * of an IPv6 address, since whoever has one has all 2^64 of them. False for loopback. */
static bool
peer_of(uint64_t *out, const struct sockaddr *from)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)from;
	const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)from;
	uint32_t address = 0;

	if (from->sa_family == AF_INET) {
		address = ntohl(four->sin_addr.s_addr);
	} else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		memcpy(&address, six->sin6_addr.s6_addr + 12, sizeof address);
		address = ntohl(address);
	} else {
		memcpy(out, six->sin6_addr.s6_addr, sizeof *out);
		return !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	}
	*out = address;
	return address >> 24 != 127;
}

bool
listen_admit_peer(struct listen *l, struct connection *c, const struct sockaddr *from)
{
	struct connection_list *list;
	struct connection *other;
	unsigned n = 0;
	uint64_t hash;

	if (!peer_of(&c->peer, from) && !l->config.cap_loopback)
		return true;
	/* Keyed, so that nobody can choose addresses that fall into one list. */
	crypto_shorthash((uint8_t *)&hash, (const uint8_t *)&c->peer, sizeof c->peer, l->peer_key);
	list = &l->peers[hash % LISTEN_PEERS];
	for (other = LIST_FIRST(list); other != NULL; other = LIST_NEXT(other, of_peers))
		n += other->peer == c->peer;
	if (n >= l->config.per_address_max)
		return false;
	LIST_INSERT_HEAD(list, c, of_peers);
	c->counted = true;
	return true;
}

bool
listen_evict(struct listen *l)
{
	struct connection *c = TAILQ_FIRST(&l->idle);

	if (c == NULL)
		return false;
	atomic_fetch_add(&l->shed, 1);
	connection_cut(c);
	return true;
}

static void
on_accept(struct evconnlistener *socket, evutil_socket_t fd, struct sockaddr *from, int len,
    void *ctx)
{
	struct listen *l = ctx;
	size_t i;

	(void)len;
	for (i = 0; i < l->sockets && l->socket[i] != socket; i++)
		;
	connection_new(l, fd, from, listen_is_tls(l, i));
}

/* The listening socket stays readable while a client waits to be accepted, so an error
 * that is only returned from would come back at once, for ever. Either a descriptor is
 * found, or we look away for a moment. */
static void
on_accept_error(struct evconnlistener *socket, void *ctx)
{
	struct timeval pause = { 0, PAUSE_MS * 1000 };
	struct listen *l = ctx;
	int error = errno, fd = -1;
	char text[64];
	size_t i;

	log_event(l->config.log, LOG_DESCRIPTORS, "accept: %s",
	    strerror_r(error, text, sizeof text));
	if (error == EMFILE || error == ENFILE) {
		if (listen_evict(l))
			return;
		if (l->spare >= 0) {
			(void)close(l->spare);
			fd = accept(evconnlistener_get_fd(socket), NULL, NULL);
			if (fd >= 0)
				(void)close(fd);
			l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
		}
		if (fd >= 0) {
			atomic_fetch_add(&l->shed, 1);
			return;
		}
	}
	for (i = 0; i < l->sockets; i++)
		(void)evconnlistener_disable(l->socket[i]);
	(void)event_add(l->resume, &pause);
}

void
listen_resume(evutil_socket_t fd, short what, void *ctx)
{
	struct listen *l = ctx;
	size_t i;

	(void)fd;
	(void)what;
	if (l->spare < 0)
		l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	for (i = 0; i < l->sockets; i++)
		(void)evconnlistener_enable(l->socket[i]);
}

/* Read "127.0.0.1:80" or "[::1]:80"; return the length of the socket address, or 0. */
static int
read_address(struct sockaddr_storage *out, const char *address)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	const char *colon = strrchr(address, ':');
	char host[INET6_ADDRSTRLEN + 2];
	uint64_t port;
	size_t n;

	memset(out, 0, sizeof *out);
	if (colon == NULL || !http_number(&port, colon + 1, UINT16_MAX))
		return 0;
	n = (size_t)(colon - address);
	if (n < 2 || n >= sizeof host)
		return 0;
	memcpy(host, address, n);
	host[n] = '\0';
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1 ? sizeof *six : 0;
	}
	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &four->sin_addr) == 1 ? sizeof *four : 0;
}

/* Keep the address with the port that was really bound. */
static void
keep_address(struct listen *l, struct evconnlistener *socket)
{
	struct sockaddr_storage where;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&where;
	struct sockaddr_in *four = (struct sockaddr_in *)&where;
	char *out = l->address[l->sockets], text[INET6_ADDRSTRLEN];
	socklen_t len = sizeof where;

	(void)getsockname(evconnlistener_get_fd(socket), (struct sockaddr *)&where, &len);
	if (where.ss_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
		(void)snprintf(out, LISTEN_ADDRESS_LEN, "[%s]:%u", text, ntohs(six->sin6_port));
	} else {
		(void)inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
		(void)snprintf(out, LISTEN_ADDRESS_LEN, "%s:%u", text, ntohs(four->sin_port));
	}
}

enum result
listen_bind(struct listen *l, const char *address, struct why *why)
{
	struct evconnlistener *socket;
	struct sockaddr_storage where;
	int len = read_address(&where, address), error;
	unsigned flags =
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE | LEV_OPT_DISABLED;
	char text[64];

	if (l->sockets == LISTEN_ADDRESSES_MAX)
		return why_set(why, R_BAD_INPUT, "more than %d addresses", LISTEN_ADDRESSES_MAX);
	if (len == 0)
		return why_set(why, R_BAD_INPUT,
		    "'%s' is no address: write 127.0.0.1:8080 or [::1]:8080", address);
	if (where.ss_family == AF_INET6)
		flags |= LEV_OPT_BIND_IPV6ONLY;
	socket = evconnlistener_new_bind(l->base, on_accept, l, flags, BACKLOG,
	    (struct sockaddr *)&where, len);
	if (socket == NULL) {
		error = errno;
		return why_set(why, error == EMFILE || error == ENFILE ? R_NO_DISK : R_CONFLICT,
		    "cannot listen on %s: %s", address, strerror_r(error, text, sizeof text));
	}
	evconnlistener_set_error_cb(socket, on_accept_error);
	l->socket[l->sockets] = socket;
	keep_address(l, socket);
	l->sockets++;
	return R_GOOD;
}

bool
listen_address(const struct listen *l, char out[LISTEN_ADDRESS_LEN], size_t i)
{
	if (i >= l->sockets)
		return false;
	memcpy(out, l->address[i], LISTEN_ADDRESS_LEN);
	return true;
}

bool
listen_is_tls(const struct listen *l, size_t i)
{
	return i >= l->plain;
}
