#include "tests/pg_proxy.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/roles.h"
#include "tests/pg.h"

#define CONNECTIONS_MAX 64

struct pg_proxy {
	char front[108]; /* where the store connects */
	char back[108];
	char address[400];
	int listener;
	int stop[2]; /* a pipe: readable when all is to end */
	atomic_int cut;
	atomic_bool released, was_cut;
	pthread_t acceptor;
	pthread_t threads[CONNECTIONS_MAX];
	int n;
};

/* One connection through the proxy. */
struct pair {
	struct pg_proxy *proxy;
	int client, server;
	enum pg_cut cut; /* what was begun on it */
};

static void __attribute__((noreturn)) die(const char *what)
{
	perror(what);
	abort();
}

static int
local_socket(const char *path, struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	if (fd < 0 ||
	    snprintf(a->sun_path, sizeof a->sun_path, "%s", path) >= (int)sizeof a->sun_path)
		die("socket");
	return fd;
}

static bool
send_all(int fd, const char *p, size_t n)
{
	ssize_t done;

	for (; n > 0; p += done, n -= (size_t)done) {
		done = send(fd, p, n, MSG_NOSIGNAL);
		if (done <= 0)
			return false;
	}
	return true;
}

static bool
may_go_on(void *ctx)
{
	return atomic_load(&((struct pg_proxy *)ctx)->released);
}

/* Pass on what the store says; at the COMMIT, do as told. Returns whether to go on. */
static bool
from_client(struct pair *pair)
{
	static const char bind[] = "\0commit"; /* no portal name, the statement's name */
	char buf[65536], *commit = NULL;
	ssize_t n = read(pair->client, buf, sizeof buf);
	size_t before;

	if (n <= 0)
		return false;
	if (pair->cut == CUT_NEVER && atomic_load(&pair->proxy->cut) != CUT_NEVER)
		commit = memmem(buf, (size_t)n, bind, sizeof bind);
	if (commit == NULL)
		return send_all(pair->server, buf, (size_t)n);
	pair->cut = (enum pg_cut)atomic_exchange(&pair->proxy->cut, CUT_NEVER);
	before = (size_t)(commit - buf) - 5; /* the message's type and length */
	if (!send_all(pair->server, buf, before))
		return false;
	if (pair->cut == CUT_BEFORE) {
		atomic_store(&pair->proxy->was_cut, true);
		return false;
	}
	if (pair->cut == CUT_HOLD) {
		shutdown(pair->client, SHUT_RDWR);
		if (!pg_wait(may_go_on, pair->proxy))
			die("the COMMIT was never released");
	}
	return send_all(pair->server, buf + before, (size_t)n - before);
}

static bool
from_server(struct pair *pair)
{
	char buf[65536];
	ssize_t n = read(pair->server, buf, sizeof buf);

	if (n <= 0)
		return false;
	/* On both cuts that let the COMMIT through, its answer ends the connection. */
	if (pair->cut != CUT_NEVER && memmem(buf, (size_t)n, "COMMIT", 7) != NULL) {
		atomic_store(&pair->proxy->was_cut, true);
		return false;
	}
	return pair->cut == CUT_HOLD || send_all(pair->client, buf, (size_t)n);
}

static void *
serve(void *ctx)
{
	struct pair pair = *(struct pair *)ctx;
	struct pollfd p[3] = { { .events = POLLIN }, { .events = POLLIN }, { .events = POLLIN } };

	free(ctx);
	p[0].fd = pair.client;
	p[1].fd = pair.server;
	p[2].fd = pair.proxy->stop[0];
	while (poll(p, 3, -1) > 0 && p[2].revents == 0) {
		if (p[1].revents != 0 && !from_server(&pair))
			break;
		if (p[0].revents != 0 && p[0].fd >= 0 && !from_client(&pair))
			break;
		if (pair.cut == CUT_HOLD)
			p[0].fd = -1; /* has been cut off; only the server's answer is left */
	}
	close(pair.client);
	close(pair.server);
	return NULL;
}

static void *
accept_all(void *ctx)
{
	struct pg_proxy *proxy = ctx;
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct sockaddr_un back;
	struct pair *pair;

	p[0].fd = proxy->listener;
	p[1].fd = proxy->stop[0];
	while (poll(p, 2, -1) > 0 && p[1].revents == 0) {
		pair = calloc(1, sizeof *pair);
		if (pair == NULL)
			die("calloc");
		pair->proxy = proxy;
		pair->client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
		pair->server = local_socket(proxy->back, &back);
		if (pair->client < 0)
			die("accept");
		if (connect(pair->server, (struct sockaddr *)&back, sizeof back) != 0) {
			close(pair->client);
			close(pair->server);
			free(pair);
			continue;
		}
		if (proxy->n == CONNECTIONS_MAX)
			die("too many connections");
		if (pthread_create(&proxy->threads[proxy->n++], NULL, serve, pair) != 0)
			die("pthread_create");
	}
	return NULL;
}

struct pg_proxy *
pg_proxy_start(const struct cluster *c, const char *name)
{
	struct pg_proxy *p = calloc(1, sizeof *p);
	char *real = cluster_address(c, DB_ROLE_BOARD, DATABASE_NAME), folder[90];
	struct sockaddr_un front;
	const char *host;

	if (p == NULL || real == NULL)
		die("calloc");
	host = strchr(real, '\'') + 1;
	(void)snprintf(folder, sizeof folder, "%s/%s", pg_folder(), name);
	(void)snprintf(p->front, sizeof p->front, "%s/.s.PGSQL.5432", folder);
	(void)snprintf(p->back, sizeof p->back, "%.*s/.s.PGSQL.5432", (int)strcspn(host, "'"),
	    host);
	(void)snprintf(p->address, sizeof p->address, "host=%s port=5432 user=%s dbname=%s", folder,
	    DB_ROLE_BOARD, DATABASE_NAME);
	free(real);
	p->listener = local_socket(p->front, &front);
	if (mkdir(folder, 0700) != 0 || pipe2(p->stop, O_CLOEXEC) != 0 ||
	    bind(p->listener, (struct sockaddr *)&front, sizeof front) != 0 ||
	    listen(p->listener, 16) != 0)
		die(folder);
	if (pthread_create(&p->acceptor, NULL, accept_all, p) != 0)
		die("pthread_create");
	return p;
}

void
pg_proxy_end(struct pg_proxy *p)
{
	int i;

	close(p->stop[1]);
	pthread_join(p->acceptor, NULL);
	for (i = 0; i < p->n; i++)
		pthread_join(p->threads[i], NULL);
	close(p->stop[0]);
	close(p->listener);
	free(p);
}

const char *
pg_proxy_address(const struct pg_proxy *p)
{
	return p->address;
}

void
pg_proxy_cut(struct pg_proxy *p, enum pg_cut cut)
{
	atomic_store(&p->released, false);
	atomic_store(&p->was_cut, false);
	atomic_store(&p->cut, (int)cut);
}

bool
pg_proxy_was_cut(struct pg_proxy *p)
{
	return atomic_load(&p->was_cut);
}

void
pg_proxy_release(struct pg_proxy *p)
{
	atomic_store(&p->released, true);
}
