/* The clients: many connections in one thread, each with one ballot at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "tests/bench/load.h"

#define EVENTS 256
#define ANSWER_MAX 16384
#define PATIENCE 60 /* seconds without any answer */
#define RETRY 0.1   /* seconds until a ballot that met 503 is sent again */

struct client {
	int fd;
	struct load_ballot *ballot; /* NULL: idle */
	size_t head_len, sent;
	bool waits_to_write;
	size_t got;
	struct client *next; /* idle ones */
	char head[256];
	char answer[ANSWER_MAX];
};

struct drive {
	struct load_run *run;
	const struct load_board *board;
	const struct load_election *election;
	int poll;
	char prefix[200]; /* of each request */
	struct client *clients, *idle;
	size_t from, next, to;      /* ballots that have not been sent yet */
	struct load_ballot **again; /* those that met 503: a ring, the oldest first */
	size_t again_first, again_count;
	size_t done;
	double begun, last;
};

static void
watch(struct drive *d, struct client *c, int op, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	if (epoll_ctl(d->poll, op, c->fd, &event) != 0)
		load_die("epoll: %s", strerror(errno));
}

static void
connect_client(struct drive *d, struct client *c)
{
	c->fd = load_connect(d->board);
	(void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
	c->ballot = NULL;
	c->waits_to_write = false;
	watch(d, c, EPOLL_CTL_ADD, EPOLLIN);
}

static void
give_back(struct drive *d, struct client *c)
{
	c->ballot = NULL;
	c->next = d->idle;
	d->idle = c;
}

static void
send_again(struct drive *d, struct load_ballot *ballot)
{
	size_t n = d->to - d->from;

	ballot->latency = load_now() + RETRY;
	d->again[(d->again_first + d->again_count++) % n] = ballot;
}

/* The connection broke: its ballot is sent again on another one. */
static void
lose(struct drive *d, struct client *c)
{
	struct load_ballot *ballot = c->ballot;

	d->run->lost++;
	if (ballot == NULL) {
		struct client **p;

		for (p = &d->idle; *p != c; p = &(*p)->next)
			;
		*p = c->next;
	}
	(void)close(c->fd);
	connect_client(d, c);
	if (ballot != NULL)
		send_again(d, ballot);
	give_back(d, c);
}

static void
push(struct drive *d, struct client *c)
{
	struct iovec parts[2];
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	size_t total = c->head_len + c->ballot->record.n, skip;
	ssize_t n;

	while (c->sent < total) {
		skip = c->sent < c->head_len ? c->sent : c->head_len;
		parts[0] = (struct iovec){ c->head + skip, c->head_len - skip };
		skip = c->sent - skip;
		parts[1] = (struct iovec){ (void *)(uintptr_t)(c->ballot->record.p + skip),
			c->ballot->record.n - skip };
		n = sendmsg(c->fd, &message, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			if (!c->waits_to_write)
				watch(d, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
			c->waits_to_write = true;
			return;
		}
		if (n < 0) {
			lose(d, c);
			return;
		}
		c->sent += (size_t)n;
	}
	if (c->waits_to_write)
		watch(d, c, EPOLL_CTL_MOD, EPOLLIN);
	c->waits_to_write = false;
}

static void
begin(struct drive *d, struct load_ballot *ballot)
{
	struct client *c = d->idle;

	d->idle = c->next;
	c->ballot = ballot;
	c->sent = c->got = 0;
	c->head_len =
	    (size_t)snprintf(c->head, sizeof c->head, "%s%zu\r\n\r\n", d->prefix, ballot->record.n);
	push(d, c);
}

static void
refused(struct drive *d, int status, const char *body, size_t n)
{
	if (d->run->refused++ == 0)
		(void)snprintf(d->run->first, sizeof d->run->first, "%d %.*s", status, (int)n,
		    body);
}

/* Is the whole answer there? Then its ballot is done, one way or the other. */
static void
look(struct drive *d, struct client *c)
{
	char *end = memmem(c->answer, c->got, "\r\n\r\n", 4), *field;
	struct load_ballot *ballot = c->ballot;
	size_t head, body = 0;
	int status;

	if (end == NULL)
		return;
	head = (size_t)(end + 4 - c->answer);
	field = memmem(c->answer, head, "Content-Length: ", 16);
	if (field != NULL)
		body = strtoul(field + 16, NULL, 10);
	if (sscanf(c->answer, "HTTP/1.1 %3d ", &status) != 1 || body > ANSWER_MAX - head)
		load_die("an answer that cannot be read");
	if (c->got < head + body)
		return;
	d->last = load_now();
	if (status == 503) {
		d->run->busy++;
		send_again(d, ballot);
	} else {
		ballot->latency = d->last - ballot->due;
		d->done++;
		if (status == 200) {
			ballot->receipt = malloc(body);
			if (ballot->receipt == NULL)
				load_die("out of memory");
			memcpy(ballot->receipt, end + 4, body);
			ballot->receipt_len = body;
			d->run->acknowledged++;
		} else
			refused(d, status, end + 4, body);
	}
	give_back(d, c);
}

static void
pull(struct drive *d, struct client *c)
{
	ssize_t n;

	n = recv(c->fd, c->answer + c->got, ANSWER_MAX - c->got, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || c->ballot == NULL) {
		lose(d, c);
		return;
	}
	c->got += (size_t)n;
	look(d, c);
}

/* Send what is due as far as there are idle connections. Returns the seconds until the next
 * is due, at most `most`. */
static double
send_due(struct drive *d, double most)
{
	size_t n = d->to - d->from;
	double now = load_now();
	struct load_ballot *b;

	while (d->idle != NULL && d->again_count > 0) {
		b = d->again[d->again_first];
		if (b->latency > now) {
			most = b->latency - now < most ? b->latency - now : most;
			break;
		}
		d->again_first = (d->again_first + 1) % n;
		d->again_count--;
		begin(d, b);
	}
	while (d->idle != NULL && d->next < d->to) {
		b = &d->election->ballots[d->next];
		b->due =
		    d->run->rate > 0 ? d->begun + (double)(d->next - d->from) / d->run->rate : now;
		if (b->due > now)
			return b->due - now < most ? b->due - now : most;
		d->next++;
		begin(d, b);
	}
	return most;
}

static void
serve(struct drive *d)
{
	struct epoll_event events[EVENTS];
	struct timespec pause;
	double wait;
	int n, i;

	while (d->done < d->to - d->from) {
		wait = send_due(d, 1);
		pause =
		    (struct timespec){ (time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9) };
		n = epoll_pwait2(d->poll, events, EVENTS, &pause, NULL);
		for (i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;

			if ((events[i].events & EPOLLOUT) != 0 && c->ballot != NULL)
				push(d, c);
			if ((events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
				pull(d, c);
		}
		if (load_now() > d->last + PATIENCE)
			load_die("no answer for %d seconds; %zu of %zu ballots are done", PATIENCE,
			    d->done, d->to - d->from);
	}
}

void
load_drive(struct load_run *run, const struct load_board *b, struct load_election *e, size_t from,
    size_t to)
{
	struct drive d = { .run = run,
		.board = b,
		.election = e,
		.from = from,
		.next = from,
		.to = to };
	char hex[65];
	size_t i;

	(void)hex_encode(hex, e->id.b, sizeof e->id.b);
	(void)snprintf(d.prefix, sizeof d.prefix,
	    "POST /v1/elections/%s/records HTTP/1.1\r\nHost: board\r\nContent-Length: ", hex);
	run->acknowledged = run->busy = run->refused = run->lost = 0;
	d.poll = epoll_create1(EPOLL_CLOEXEC);
	d.clients = calloc(run->connections, sizeof *d.clients);
	d.again = calloc(to - from + 1, sizeof *d.again);
	if (d.poll < 0 || d.clients == NULL || d.again == NULL)
		load_die("out of memory");
	for (i = 0; i < run->connections; i++) {
		connect_client(&d, &d.clients[i]);
		give_back(&d, &d.clients[i]);
	}
	d.begun = d.last = load_now();
	serve(&d);
	run->seconds = d.last - d.begun;
	for (i = 0; i < run->connections; i++)
		(void)close(d.clients[i].fd);
	(void)close(d.poll);
	free(d.clients);
	free(d.again);
}
