/*
 * test_listen: a real listener on loopback, asked by raw sockets, well and badly.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/connection.h"
#include "server/listen.h"
#include "tests/suite.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define PATIENCE 60000 /* ms, for what must happen */

/* ---- the application under test ---- */

struct app {
	struct listen *listen;
	pthread_t worker;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct {
		struct request *request;
		struct pattern *pattern; /* NULL: echo the body */
	} queue[4096];                   /* for the worker */
	size_t queued;
	struct request *held[4096]; /* until somebody lets them go */
	size_t holding;
	bool stop;
	atomic_uint_fast64_t value; /* that long polls wait for */
	atomic_uint streams;        /* that were begun */
	atomic_uint done;           /* that were done with */
	atomic_uint woken[4];       /* by cause */
	bool park_forever;
};

/* A streamed body: byte i is i * 7. */
struct pattern {
	struct app *app;
	uint64_t at, fail_at;
	bool elsewhere; /* fill it in the worker */
	uint8_t *buffer;
	size_t max;
};

static void
pattern_fill(struct pattern *p, struct request *r)
{
	size_t i;

	for (i = 0; i < p->max; i++)
		p->buffer[i] = (uint8_t)((p->at + i) * 7);
	p->at += p->max;
	request_filled(r, p->fail_at != 0 && p->at > p->fail_at ? 0 : p->max);
}

static void
app_queue(struct app *app, struct request *r, struct pattern *p)
{
	pthread_mutex_lock(&app->lock);
	app->queue[app->queued].request = r;
	app->queue[app->queued++].pattern = p;
	pthread_cond_broadcast(&app->changed);
	pthread_mutex_unlock(&app->lock);
}

static void
pattern_pull(void *ctx, struct request *r, uint8_t *buffer, size_t max)
{
	struct pattern *p = ctx;

	p->buffer = buffer;
	/* Not always all that is asked for. */
	p->max = max > 1000 ? max - (size_t)(p->at % 1000) : max;
	if (!p->elsewhere) {
		pattern_fill(p, r);
		return;
	}
	app_queue(p->app, r, p);
}

static void
pattern_done(void *ctx)
{
	struct pattern *p = ctx;

	atomic_fetch_add(&p->app->done, 1);
	free(p);
}

static void
reply_text(struct request *r, int status, const char *text)
{
	struct reply reply = { .status = status, .type = REPLY_TEXT, .body = text };

	reply.body_len = strlen(text);
	request_reply(r, &reply);
}

static uint64_t
param(struct request *r, const char *name)
{
	const char *text = http_param(request_head(r), name);
	uint64_t value = 0;

	if (text != NULL)
		(void)http_number(&value, text, UINT64_MAX);
	return value;
}

static void
reply_pattern(struct app *app, struct request *r, bool elsewhere)
{
	struct pattern *p = calloc(1, sizeof *p);
	struct reply reply = {
		.status = 200,
		.type = REPLY_BYTES,
		.stream = { pattern_pull, pattern_done, p },
		.stream_len = param(r, "bytes"),
	};

	ck_assert_ptr_nonnull(p);
	p->app = app;
	p->elsewhere = elsewhere;
	p->fail_at = param(r, "fail");
	atomic_fetch_add(&app->streams, 1);
	request_reply(r, &reply);
}

static void
reply_copied(struct request *r)
{
	size_t i, n = (size_t)param(r, "bytes");
	uint8_t *bytes = malloc(n + 1);
	struct reply reply = { .status = 200, .type = REPLY_BYTES, .body = bytes, .body_len = n };

	ck_assert_ptr_nonnull(bytes);
	for (i = 0; i < n; i++)
		bytes[i] = (uint8_t)(i * 7);
	request_reply(r, &reply);
	free(bytes);
}

static bool
is(struct request *r, const char *name)
{
	const struct http_head *head = request_head(r);

	return head->segments > 0 && strcmp(head->segment[0], name) == 0;
}

static void
reply_echo(struct request *r)
{
	struct reply reply = { .status = 200, .type = REPLY_BYTES };

	reply.body = request_body(r, &reply.body_len);
	request_reply(r, &reply);
}

static void *
app_work(void *ctx)
{
	struct app *app = ctx;
	struct request *r;
	struct pattern *p;

	pthread_mutex_lock(&app->lock);
	for (;;) {
		while (app->queued == 0 && !app->stop)
			pthread_cond_wait(&app->changed, &app->lock);
		if (app->queued == 0)
			break;
		r = app->queue[--app->queued].request;
		p = app->queue[app->queued].pattern;
		pthread_mutex_unlock(&app->lock);
		if (p != NULL)
			pattern_fill(p, r);
		else
			reply_echo(r);
		pthread_mutex_lock(&app->lock);
	}
	pthread_mutex_unlock(&app->lock);
	return NULL;
}

static enum result
on_head(void *ctx, const struct http_head *head, struct listen_verdict *v)
{
	const char *first = head->segments > 0 ? head->segment[0] : "";

	(void)ctx;
	if (strcmp(first, "missing") == 0)
		return why_set(&v->why, R_NOT_FOUND, "nothing at '%s'", first);
	if (strcmp(first, "hello") == 0 && head->method != HTTP_GET && head->method != HTTP_HEAD) {
		v->status = 405;
		v->allow = "GET, HEAD";
		return why_set(&v->why, R_BAD_REQUEST, "only GET and HEAD");
	}
	if (strcmp(first, "small") == 0)
		v->body_max = 1000;
	if (strcmp(first, "echo") == 0 || strcmp(first, "async") == 0 || strcmp(first, "hold") == 0)
		v->body_max = (uint64_t)8 << 20;
	return R_GOOD;
}

static void
poll_value(struct app *app, struct request *r)
{
	char text[32];

	if (app->park_forever || atomic_load(&app->value) <= param(r, "after")) {
		request_park(r, param(r, "topic"), (unsigned)param(r, "wait"));
		return;
	}
	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)atomic_load(&app->value));
	reply_text(r, 200, text);
}

static void
on_request(void *ctx, struct request *r)
{
	struct app *app = ctx;

	if (is(r, "hello")) {
		reply_text(r, 200, "hello");
	} else if (is(r, "async")) {
		app_queue(app, r, NULL);
	} else if (is(r, "hold")) {
		pthread_mutex_lock(&app->lock);
		app->held[app->holding++] = r;
		pthread_cond_broadcast(&app->changed);
		pthread_mutex_unlock(&app->lock);
	} else if (is(r, "poll")) {
		poll_value(app, r);
	} else if (is(r, "stream")) {
		reply_pattern(app, r, false);
	} else if (is(r, "elsewhere")) {
		reply_pattern(app, r, true);
	} else if (is(r, "copied")) {
		reply_copied(r);
	} else if (is(r, "fail")) {
		request_fail(r, R_STATE, "not now");
	} else {
		reply_echo(r);
	}
}

static void
on_wake(void *ctx, struct request *r, enum listen_wake cause)
{
	static const char *const texts[] = { "topic", "deadline", "gone", "stop" };
	struct app *app = ctx;

	atomic_fetch_add(&app->woken[cause], 1);
	if (app->park_forever || cause == LISTEN_TOPIC)
		poll_value(app, r);
	else
		reply_text(r, 200, texts[cause]);
}

/* ---- the fixture ---- */

static struct app app;
static struct log *logger;
static int log_fd; /* what the listener has logged */
static uint16_t port;

/* Make the listener; config may be NULL. */
static void
make(struct listen_config *config)
{
	static const char *const addresses[] = { "127.0.0.1:0" };
	struct listen_config plain = { 0 };
	struct listen_app callbacks = { &app, on_head, on_request, on_wake };
	char address[LISTEN_ADDRESS_LEN];
	struct why why;

	if (config == NULL)
		config = &plain;
	config->addresses = addresses;
	config->addresses_len = 1;
	log_fd = memfd_create("log", 0);
	ck_assert_int_ge(log_fd, 0);
	ck_assert_int_eq((int)log_new(&logger, log_fd), R_GOOD);
	config->log = logger;
	memset(&app, 0, sizeof app);
	pthread_mutex_init(&app.lock, NULL);
	pthread_cond_init(&app.changed, NULL);
	ck_assert_msg(listen_new(&app.listen, config, &callbacks, &why) == R_GOOD, "%s", why.text);
	listen_address(app.listen, address, 0);
	port = (uint16_t)atoi(strrchr(address, ':') + 1);
	ck_assert_uint_gt(port, 0);
}

static void
start(void)
{
	ck_assert_int_eq(pthread_create(&app.worker, NULL, app_work, &app), 0);
	ck_assert_int_eq((int)listen_start(app.listen), R_GOOD);
}

static void
begin(struct listen_config *config)
{
	make(config);
	start();
}

static struct listen_counts
counts(void)
{
	struct listen_counts c;

	listen_count(app.listen, &c);
	return c;
}

/* Answer everything that is held. */
static void
let_go(void)
{
	pthread_mutex_lock(&app.lock);
	while (app.holding > 0)
		reply_echo(app.held[--app.holding]);
	pthread_mutex_unlock(&app.lock);
}

static void
finish(void)
{
	listen_stop(app.listen, 5000);
	let_go();
	pthread_mutex_lock(&app.lock);
	app.stop = true;
	pthread_cond_broadcast(&app.changed);
	pthread_mutex_unlock(&app.lock);
	pthread_join(app.worker, NULL);
	listen_free(app.listen);
	log_free(logger);
	close(log_fd);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Wait until a condition holds. */
#define wait_for(condition) \
	do { \
		uint64_t limit_ = now_ms() + PATIENCE; \
		while (!(condition)) { \
			ck_assert_msg(now_ms() < limit_, "waited in vain for " #condition); \
			(void)poll(NULL, 0, 2); \
		} \
	} while (0)

static size_t
holding(void)
{
	size_t n;

	pthread_mutex_lock(&app.lock);
	n = app.holding;
	pthread_mutex_unlock(&app.lock);
	return n;
}

static size_t
resident(void)
{
	unsigned long pages = 0, all = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%lu %lu", &all, &pages), 2);
	(void)fclose(f);
	return (size_t)pages * 4096;
}

/* Memory may have grown by no more than this since `before`; sanitizers keep what was
 * freed for a while. */
static void
check_flat(size_t before)
{
	size_t now = resident(), more = SANITIZED ? (size_t)400 << 20 : (size_t)6 << 20;

	ck_assert_msg(now <= before + more, "grew from %zu to %zu", before, now);
}

/* ---- a client ---- */

static int
dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval patience = { PATIENCE / 1000, 0 };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

/* Send all; false if the other side has closed. */
static bool
put(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	ssize_t n;

	while (len > 0) {
		n = send(fd, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
put_text(int fd, const char *text)
{
	return put(fd, text, strlen(text));
}

static void __attribute__((format(printf, 2, 3))) ask(int fd, const char *format, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	ck_assert(put(fd, text, (size_t)n));
	ck_assert(put_text(fd, " HTTP/1.1\r\nHost: h\r\n\r\n"));
}

struct answer {
	int status; /* 0: the connection ended before a whole head */
	char head[4096];
	uint64_t length;
	bool whole; /* as many bytes came as were announced */
	size_t len; /* of what is kept of the body */
	uint8_t body[1 << 16];
	bool pattern; /* every byte i was i * 7 */
};

static bool
get_byte(int fd, char *c)
{
	return recv(fd, c, 1, 0) == 1;
}

static void
get_body(int fd, struct answer *a)
{
	static uint8_t buffer[1 << 16];
	uint64_t at = 0, left;
	ssize_t n, i;

	a->pattern = true;
	while (at < a->length) {
		left = a->length - at;
		n = recv(fd, buffer, left < sizeof buffer ? (size_t)left : sizeof buffer, 0);
		if (n <= 0)
			return;
		for (i = 0; i < n; i++) {
			a->pattern = a->pattern && buffer[i] == (uint8_t)((at + (uint64_t)i) * 7);
			if (a->len < sizeof a->body - 1)
				a->body[a->len++] = buffer[i];
		}
		at += (uint64_t)n;
	}
	a->body[a->len] = '\0';
	a->whole = true;
}

/* Read one answer; `no_body` after HEAD. */
static struct answer *
get(int fd, bool no_body)
{
	static struct answer a;
	const char *length;
	size_t n = 0;

	memset(&a, 0, sizeof a);
	while (n < sizeof a.head - 1 && get_byte(fd, &a.head[n])) {
		n++;
		if (n >= 4 && memcmp(a.head + n - 4, "\r\n\r\n", 4) == 0) {
			a.status = atoi(a.head + 9);
			break;
		}
	}
	if (a.status == 0)
		return &a;
	length = strstr(a.head, "\r\nContent-Length: ");
	a.length = length == NULL ? 0 : strtoull(length + 18, NULL, 10);
	if (!no_body)
		get_body(fd, &a);
	return &a;
}

/* The connection ends, without another byte. */
static bool
ended(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* An honest request on a new connection. */
static bool
serves(void)
{
	int fd = dial();
	struct answer *a;

	ask(fd, "GET /hello");
	a = get(fd, false);
	close(fd);
	return a->status == 200 && strcmp((char *)a->body, "hello") == 0;
}

/* ---- tests: one request after another ---- */

START_TEST(keep_alive)
{
	struct answer *a;
	int fd, i;

	begin(NULL);
	fd = dial();
	for (i = 0; i < 3; i++) {
		ask(fd, "GET /hello");
		a = get(fd, false);
		ck_assert_int_eq(a->status, 200);
		ck_assert_str_eq((char *)a->body, "hello");
		ck_assert_ptr_nonnull(strstr(a->head, "\r\nContent-Type: text/plain"));
		ck_assert_ptr_nonnull(strstr(a->head, "\r\nCache-Control: no-store\r\n"));
		ck_assert_ptr_nonnull(strstr(a->head, " GMT\r\n"));
		ck_assert_ptr_null(strstr(a->head, "Connection: close"));
	}
	ask(fd, "HEAD /hello");
	a = get(fd, true);
	ck_assert_int_eq(a->status, 200);
	ck_assert_uint_eq(a->length, 5);
	ask(fd, "HEAD /stream?bytes=1000000");
	a = get(fd, true);
	ck_assert_uint_eq(a->length, 1000000);
	wait_for(atomic_load(&app.done) == 1);
	put_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
	a = get(fd, false);
	ck_assert_str_eq((char *)a->body, "abc");
	put_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
	a = get(fd, false);
	ck_assert_int_eq(a->status, 200);
	ck_assert_uint_eq(a->length, 0);
	put_text(fd, "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	a = get(fd, false);
	ck_assert_ptr_nonnull(strstr(a->head, "Connection: close\r\n"));
	ck_assert(ended(fd));
	close(fd);
	fd = dial();
	put_text(fd, "GET /hello HTTP/1.0\r\nHost: h\r\n\r\n");
	ck_assert_int_eq(get(fd, false)->status, 200);
	ck_assert(ended(fd));
	close(fd);
	ck_assert_uint_eq(counts().accepted, 2);
	wait_for(counts().open == 0);
	finish();
}
END_TEST

/* Refusals that the application speaks, and those that leave the connection open. */
START_TEST(refusals)
{
	struct answer *a;
	int fd;

	begin(NULL);
	fd = dial();
	ask(fd, "GET /missing");
	a = get(fd, false);
	ck_assert_int_eq(a->status, 404);
	ck_assert_str_eq((char *)a->body,
	    "{\"error\":{\"reason\":\"NOT_FOUND\",\"text\":\"nothing at 'missing'\"}}");
	ask(fd, "GET /fail");
	a = get(fd, false);
	ck_assert_int_eq(a->status, 409);
	ck_assert_str_eq((char *)a->body,
	    "{\"error\":{\"reason\":\"STATE\",\"text\":\"not now\"}}");
	put_text(fd, "POST /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
	a = get(fd, false);
	ck_assert_int_eq(a->status, 405);
	ck_assert_ptr_nonnull(strstr(a->head, "\r\nAllow: GET, HEAD\r\n"));
	ask(fd, "GET /hello");
	ck_assert_int_eq(get(fd, false)->status, 200);
	/* With a body on its way the connection cannot go on. */
	put_text(fd, "POST /missing HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab");
	a = get(fd, false);
	ck_assert_int_eq(a->status, 404);
	ck_assert_ptr_nonnull(strstr(a->head, "Connection: close\r\n"));
	ck_assert(ended(fd));
	close(fd);
	fd = dial();
	put_text(fd, "POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
	a = get(fd, false);
	ck_assert_int_eq(a->status, 413);
	ck_assert(ended(fd));
	close(fd);
	ck_assert_uint_eq(counts().requests, 2);
	ck_assert_uint_eq(counts().refused, 4);
	finish();
}
END_TEST

START_TEST(continue_is_said_when_it_is_awaited)
{
	struct answer *a;
	int fd;

	begin(NULL);
	fd = dial();
	put_text(fd,
	    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
	    "Expect: 100-continue\r\n\r\n");
	a = get(fd, true);
	ck_assert_int_eq(a->status, 100);
	put_text(fd, "abc");
	a = get(fd, false);
	ck_assert_int_eq(a->status, 200);
	ck_assert_str_eq((char *)a->body, "abc");
	/* Who sends the body at once does not need it. */
	put_text(fd,
	    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
	    "Expect: 100-continue\r\n\r\nabc");
	ck_assert_int_eq(get(fd, false)->status, 200);
	/* Nor is a body asked for that would be refused. */
	put_text(fd,
	    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n"
	    "Expect: 100-continue\r\n\r\n");
	ck_assert_int_eq(get(fd, false)->status, 413);
	ck_assert(ended(fd));
	close(fd);
	finish();
}
END_TEST

/* What breaks the rules is answered by its status, and nothing after it is read. */
START_TEST(rule_breakers_are_closed)
{
	static const struct {
		int status;
		const char *bytes;
	} probes[] = {
		{ 400,
		    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
		    "Content-Length: 5\r\n\r\nabcde" },
		{ 400, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nabcde" },
		{ 400, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\nabcde" },
		{ 400, "POST /echo HTTP/1.1\nHost: h\nContent-Length: 5\n\nabcde" },
		{ 400, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length : 5\r\n\r\nabcde" },
		{ 400,
		    "POST /echo HTTP/1.1\r\nHost: h\r\nX: y\r\n Content-Length: 5\r\n\r\nabcde" },
		{ 400,
		    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
		{ 501,
		    "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\n0\r\n\r\n" },
		{ 400, "GET /hello HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n" },
		{ 400, "GET http://h/hello HTTP/1.1\r\nHost: h\r\n\r\n" },
		{ 400, "GET /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde" },
		{ 411, "POST /echo HTTP/1.1\r\nHost: h\r\n\r\n" },
		{ 417, "GET /hello HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n" },
		{ 501, "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n" },
		{ 505, "GET /hello HTTP/3.0\r\nHost: h\r\n\r\n" },
	};
	size_t i;
	int fd;

	begin(NULL);
	for (i = 0; i < sizeof probes / sizeof probes[0]; i++) {
		fd = dial();
		/* The smuggled request behind it must never be answered. */
		put_text(fd, probes[i].bytes);
		put_text(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
		ck_assert_msg(get(fd, false)->status == probes[i].status, "%s", probes[i].bytes);
		ck_assert_msg(ended(fd), "%s", probes[i].bytes);
		close(fd);
	}
	fd = dial();
	put(fd, "GET /hello HTTP/1.1\r\nHost: h\r\nX: \0\r\n\r\n", 38);
	ck_assert_int_eq(get(fd, false)->status, 400);
	ck_assert(ended(fd));
	close(fd);
	ck_assert_uint_eq(counts().requests, 0);
	ck_assert(serves());
	finish();
}
END_TEST

START_TEST(pipelining)
{
	char text[16384] = "";
	char expected[16];
	struct answer *a;
	int fd, i, round;

	begin(NULL);
	fd = dial();
	for (round = 0; round < 5; round++) {
		text[0] = '\0';
		for (i = 0; i < 50; i++)
			(void)snprintf(text + strlen(text), sizeof text - strlen(text),
			    "POST /%s HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n%02d",
			    i % 3 == 0 ? "async" : "echo", i);
		put_text(fd, text);
		for (i = 0; i < 50; i++) {
			a = get(fd, false);
			ck_assert_int_eq(a->status, 200);
			(void)snprintf(expected, sizeof expected, "%02d", i);
			ck_assert_str_eq((char *)a->body, expected);
		}
	}
	close(fd);
	finish();
}
END_TEST

/* While one request is in hand, what is sent ahead stays in the kernel. */
START_TEST(what_is_sent_ahead_is_bounded)
{
	static char many[1 << 20];
	size_t before, sent = 0;
	struct pollfd p;
	ssize_t n;
	int fd, i;

	begin(NULL);
	fd = dial();
	ask(fd, "GET /hold");
	wait_for(holding() == 1);
	before = resident();
	for (i = 0; (size_t)i + 36 < sizeof many; i += 35)
		memcpy(many + i, "GET /hello HTTP/1.1\r\nHost: hhh\r\n\r\n", 35);
	p = (struct pollfd){ .fd = fd, .events = POLLOUT };
	/* Until the kernel takes no more for a while. */
	while (sent < (size_t)64 << 20 && poll(&p, 1, 300) == 1) {
		n = send(fd, many, (size_t)i, MSG_DONTWAIT | MSG_NOSIGNAL);
		ck_assert_int_gt(n, 0);
		sent += (size_t)n;
	}
	ck_assert_uint_lt(sent, (size_t)64 << 20);
	check_flat(before);
	ck_assert_uint_eq(counts().requests, 1);
	let_go();
	ck_assert_int_eq(get(fd, false)->status, 200);
	ck_assert_int_eq(get(fd, false)->status, 200);
	ck_assert(serves());
	close(fd);
	finish();
}
END_TEST

START_TEST(bodies_of_all_sizes)
{
	static const size_t sizes[] = { 1, 4095, 4096, 4097, 16384, 65536, 65537, 1 << 20,
		8 << 20 };
	uint8_t *body = malloc(8 << 20);
	char head[128];
	struct answer *a;
	size_t i, j;
	int fd;

	begin(NULL);
	for (i = 0; i < (size_t)8 << 20; i++)
		body[i] = (uint8_t)(i * 7);
	fd = dial();
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (j = 0; j < 2; j++) {
			(void)snprintf(head, sizeof head,
			    "POST /%s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
			    j == 0 ? "echo" : "async", sizes[i]);
			put_text(fd, head);
			ck_assert(put(fd, body, sizes[i]));
			a = get(fd, false);
			ck_assert_int_eq(a->status, 200);
			ck_assert_uint_eq(a->length, sizes[i]);
			ck_assert(a->whole && a->pattern);
		}
	close(fd);
	wait_for(counts().open == 0);
	ck_assert_uint_eq(counts().buffered, 0);
	free(body);
	finish();
}
END_TEST

/* ---- tests: slow, large, gone ---- */

/* Send one byte after the other until the connection ends; return how long it took. */
static uint64_t
drip(int fd, const char *bytes, int *status)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t begun = now_ms();
	size_t at = 0;

	while (poll(&p, 1, 10) == 0) {
		ck_assert_uint_lt(now_ms() - begun, PATIENCE);
		if (!put(fd, bytes + at, 1))
			break;
		at += bytes[at + 1] != '\0';
	}
	*status = get(fd, false)->status;
	ck_assert(ended(fd));
	return now_ms() - begun;
}

START_TEST(slow_senders_are_cut_off)
{
	struct listen_config config = { .request_ms = 800 };
	uint64_t took;
	int fd, status;

	begin(&config);
	fd = dial();
	took = drip(fd, "GET /hello HTTP/1.1\r\nHost: h\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
	    &status);
	ck_assert_int_eq(status, 408);
	ck_assert_uint_ge(took, 790);
	ck_assert_uint_lt(took, 14000); /* not the 15 s of other boards */
	close(fd);
	/* The deadline is for head and body together. */
	fd = dial();
	put_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
	took = drip(fd, "body", &status);
	ck_assert_int_eq(status, 408);
	ck_assert_uint_ge(took, 750);
	ck_assert_uint_lt(took, 14000);
	close(fd);
	/* Having answered once is no excuse. */
	fd = dial();
	ask(fd, "GET /hello");
	ck_assert_int_eq(get(fd, false)->status, 200);
	took = drip(fd, "G", &status);
	ck_assert_int_eq(status, 408);
	ck_assert_uint_lt(took, 14000);
	close(fd);
	ck_assert_uint_eq(counts().cut, 3);
	ck_assert_uint_eq(counts().requests, 1);
	wait_for(counts().open == 0);
	finish();
}
END_TEST

START_TEST(idle_connections_end)
{
	struct listen_config config = { .idle_ms = 600 };
	uint64_t begun = now_ms();
	int silent, fd;

	begin(&config);
	silent = dial();
	fd = dial();
	ask(fd, "GET /hello");
	ck_assert_int_eq(get(fd, false)->status, 200);
	ck_assert(ended(silent));
	ck_assert(ended(fd));
	ck_assert_uint_ge(now_ms() - begun, 590);
	ck_assert_uint_lt(now_ms() - begun, 29000); /* not the 30 s of other boards */
	/* A request that is worked on is not idle. */
	close(fd);
	fd = dial();
	ask(fd, "GET /hold");
	ck_assert(ended(silent));
	wait_for(holding() == 1);
	close(silent);
	silent = dial();
	ck_assert(ended(silent));
	let_go();
	ck_assert_int_eq(get(fd, false)->status, 200);
	close(fd);
	close(silent);
	finish();
}
END_TEST

/* Send `len` bytes of x and read the answer, whichever comes first; then read to the end. */
static int
flood(int fd, size_t len)
{
	static char many[1 << 16];
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	ssize_t n;
	int status;

	memset(many, 'x', sizeof many);
	while (len > 0) {
		ck_assert_int_gt(poll(&p, 1, PATIENCE), 0);
		if ((p.revents & POLLIN) != 0)
			break;
		n = send(fd, many, len < sizeof many ? len : sizeof many,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			break;
		len -= (size_t)n;
	}
	status = get(fd, false)->status;
	return status;
}

START_TEST(large_heads_and_bodies_are_refused)
{
	char bytes[128];
	size_t before;
	int fd;

	begin(NULL);
	ck_assert(serves());
	before = resident();
	fd = dial();
	put_text(fd, "GET /hello HTTP/1.1\r\nHost: h\r\nX: ");
	ck_assert_int_eq(flood(fd, 3 << 20), 431);
	ck_assert(ended(fd));
	close(fd);
	/* All of it is sent before anybody reads, as simple clients do. */
	fd = dial();
	put_text(fd, "GET /hello HTTP/1.1\r\nHost: h\r\nX: ");
	{
		char *many = malloc(3 << 20);

		memset(many, 'x', 3 << 20);
		ck_assert(put(fd, many, 3 << 20));
		free(many);
	}
	ck_assert_int_eq(get(fd, false)->status, 431);
	ck_assert(ended(fd));
	close(fd);
	fd = dial();
	(void)snprintf(bytes, sizeof bytes,
	    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %u\r\n\r\n", 1u << 30);
	put_text(fd, bytes);
	ck_assert_int_eq(get(fd, false)->status, 413);
	ck_assert(ended(fd));
	close(fd);
	fd = dial();
	put_text(fd, bytes);
	ck_assert_int_eq(flood(fd, (size_t)1 << 30), 413);
	close(fd);
	fd = dial();
	put_text(fd,
	    "POST /echo HTTP/1.1\r\nHost: h\r\n"
	    "Content-Length: 99999999999999999999999\r\n\r\n");
	ck_assert_int_eq(get(fd, false)->status, 413);
	close(fd);
	ck_assert_uint_eq(counts().requests, 1);
	check_flat(before);
	finish();
}
END_TEST

/* Close in a way that the other side notices at once. */
static void
reset(int fd)
{
	struct linger none = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(fd);
}

START_TEST(clients_that_leave)
{
	static const char *const parts[] = { "G", "GET /hello HTTP/1.1\r\n",
		"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab",
		"GET /stream?bytes=100000000 HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /elsewhere?bytes=100000000 HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /poll?wait=100000 HTTP/1.1\r\nHost: h\r\n\r\n" };
	size_t i, j;
	int fd;

	begin(NULL);
	for (i = 0; i < sizeof parts / sizeof parts[0]; i++)
		for (j = 0; j < 20; j++) {
			fd = dial();
			put_text(fd, parts[i]);
			if (j % 2 == 0)
				close(fd);
			else
				reset(fd);
		}
	/* Those that were closed properly are all seen, sooner or later; of those that were
	 * reset some may never be. */
	wait_for(atomic_load(&app.streams) >= 20 && atomic_load(&app.woken[LISTEN_GONE]) >= 10);
	wait_for(counts().open == 0);
	wait_for(atomic_load(&app.done) == atomic_load(&app.streams));
	ck_assert_uint_ge(atomic_load(&app.woken[LISTEN_GONE]), 10);
	ck_assert_uint_le(atomic_load(&app.woken[LISTEN_GONE]), 20);
	/* While the application works on it: the request stays valid, its answer is lost. */
	for (j = 0; j < 20; j++) {
		fd = dial();
		put_text(fd, "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
		wait_for(holding() == j + 1);
		reset(fd);
	}
	wait_for(counts().open == 0);
	ck_assert_uint_gt(counts().buffered, 0);
	let_go();
	wait_for(counts().buffered == 0);
	ck_assert(serves());
	finish();
}
END_TEST

/* A client that has shut down its side still gets what it has asked for. */
START_TEST(half_closed)
{
	struct answer *a;
	int fd;

	begin(NULL);
	fd = dial();
	ask(fd, "GET /hello");
	put_text(fd, "POST /async HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
	ask(fd, "GET /stream?bytes=3000000");
	shutdown(fd, SHUT_WR);
	ck_assert_str_eq((char *)get(fd, false)->body, "hello");
	ck_assert_str_eq((char *)get(fd, false)->body, "ab");
	a = get(fd, false);
	ck_assert(a->whole && a->pattern);
	ck_assert(ended(fd));
	close(fd);
	fd = dial();
	ask(fd, "GET /hold");
	shutdown(fd, SHUT_WR);
	wait_for(holding() == 1);
	let_go();
	ck_assert_int_eq(get(fd, false)->status, 200);
	ck_assert(ended(fd));
	close(fd);
	/* But who waits for something to happen must keep the line open. */
	fd = dial();
	ask(fd, "GET /poll?wait=100000");
	shutdown(fd, SHUT_WR);
	ck_assert(ended(fd));
	wait_for(atomic_load(&app.woken[LISTEN_GONE]) == 1);
	close(fd);
	finish();
}
END_TEST

/* ---- tests: answers from elsewhere ---- */

static void *
many_requests(void *ctx)
{
	char text[128], expected[32];
	int fd = dial(), i, n = SANITIZED ? 50 : 200;
	size_t len;
	uintptr_t me = (uintptr_t)ctx;
	char head[512], c;

	for (i = 0; i < n; i++) {
		(void)snprintf(expected, sizeof expected, "%04u-%04d", (unsigned)me, i);
		(void)snprintf(text, sizeof text,
		    "POST /async HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n%s", expected);
		if (!put_text(fd, text))
			break;
		/* `get` has one buffer for all, so not that. */
		for (len = 0; len < sizeof head - 1 && get_byte(fd, &c);) {
			head[len++] = c;
			head[len] = '\0';
			if (len >= 13 && strstr(head, "\r\n\r\n") == head + len - 13)
				break;
		}
		if (len < 13 || strcmp(head + len - 9, expected) != 0)
			break;
	}
	close(fd);
	return (void *)(uintptr_t)(i == n);
}

START_TEST(answers_from_another_thread)
{
	pthread_t clients[16];
	void *good;
	size_t i;

	begin(NULL);
	for (i = 0; i < 16; i++)
		pthread_create(&clients[i], NULL, many_requests, (void *)(uintptr_t)i);
	for (i = 0; i < 16; i++) {
		pthread_join(clients[i], &good);
		ck_assert_ptr_nonnull(good);
	}
	ck_assert_uint_eq(counts().requests, 16 * (SANITIZED ? 50 : 200));
	finish();
}
END_TEST

START_TEST(parked_requests)
{
	uint64_t begun;
	int fd, other;

	begin(NULL);
	/* There at once. */
	atomic_store(&app.value, 5);
	fd = dial();
	ask(fd, "GET /poll?after=4&wait=100000");
	ck_assert_str_eq((char *)get(fd, false)->body, "5");
	/* At the deadline, on the same connection. */
	begun = now_ms();
	ask(fd, "GET /poll?after=5&wait=200");
	ck_assert_str_eq((char *)get(fd, false)->body, "deadline");
	ck_assert_uint_ge(now_ms() - begun, 190);
	ck_assert_uint_lt(now_ms() - begun, PATIENCE);
	/* At the deadline even if it is woken all the time, and parked again. */
	begun = now_ms();
	ask(fd, "GET /poll?after=5&topic=3&wait=200");
	while (atomic_load(&app.woken[LISTEN_DEADLINE]) < 2 && now_ms() - begun < PATIENCE)
		listen_wake(app.listen, 3);
	ck_assert_str_eq((char *)get(fd, false)->body, "deadline");
	ck_assert_uint_lt(now_ms() - begun, PATIENCE);
	/* When it happens: only who waits for it. */
	other = dial();
	ask(fd, "GET /poll?after=5&topic=1&wait=100000");
	ask(other, "GET /poll?after=6&topic=2&wait=100000");
	wait_for(counts().requests == 5);
	begun = atomic_load(&app.woken[LISTEN_TOPIC]);
	atomic_store(&app.value, 6);
	listen_wake(app.listen, 1);
	ck_assert_str_eq((char *)get(fd, false)->body, "6");
	/* Woken without reason, it waits on. */
	listen_wake(app.listen, 2);
	wait_for(atomic_load(&app.woken[LISTEN_TOPIC]) >= begun + 2);
	atomic_store(&app.value, 7);
	listen_wake(app.listen, 2);
	ck_assert_str_eq((char *)get(other, false)->body, "7");
	ck_assert_uint_eq(atomic_load(&app.woken[LISTEN_DEADLINE]), 2);
	close(fd);
	close(other);
	finish();
}
END_TEST

START_TEST(a_thousand_followers)
{
	int fd[1000], i;

	begin(NULL);
	for (i = 0; i < 1000; i++) {
		fd[i] = dial();
		ask(fd[i], "GET /poll?topic=%d&wait=100000", i % 2);
	}
	wait_for(counts().requests == 1000);
	atomic_store(&app.value, 1);
	listen_wake(app.listen, 0);
	listen_wake(app.listen, 1);
	for (i = 0; i < 1000; i++) {
		ck_assert_str_eq((char *)get(fd[i], false)->body, "1");
		close(fd[i]);
	}
	finish();
}
END_TEST

static void *
count_up(void *ctx)
{
	uint64_t i, n = (uint64_t)(uintptr_t)ctx;

	for (i = 1; i <= n; i++) {
		atomic_store(&app.value, i);
		listen_wake(app.listen, 77);
	}
	return NULL;
}

/* Whoever asks while it happens is told all the same. */
START_TEST(no_wake_up_is_lost)
{
	uint64_t value = 0, n = 20000;
	pthread_t counter;
	int fd;

	begin(NULL);
	fd = dial();
	ask(fd, "GET /poll?after=0&topic=77&wait=100000");
	pthread_create(&counter, NULL, count_up, (void *)(uintptr_t)n);
	while (value < n) {
		value = strtoull((char *)get(fd, false)->body, NULL, 10);
		ck_assert_uint_gt(value, 0);
		if (value < n)
			ask(fd, "GET /poll?after=%llu&topic=77&wait=100000",
			    (unsigned long long)value);
	}
	pthread_join(counter, NULL);
	ck_assert_uint_eq(atomic_load(&app.woken[LISTEN_DEADLINE]), 0);
	close(fd);
	finish();
}
END_TEST

/* ---- tests: large answers ---- */

START_TEST(large_answers)
{
	static const char *const ways[] = { "stream", "elsewhere", "copied" };
	static const uint64_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 1000000, 20000000 };
	struct answer *a;
	size_t i, j;
	int fd;

	begin(NULL);
	fd = dial();
	for (i = 0; i < 3; i++)
		for (j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
			ask(fd, "GET /%s?bytes=%llu", ways[i], (unsigned long long)sizes[j]);
			a = get(fd, false);
			ck_assert_int_eq(a->status, 200);
			ck_assert_uint_eq(a->length, sizes[j]);
			ck_assert(a->whole && a->pattern);
		}
	wait_for(atomic_load(&app.done) == 2 * sizeof sizes / sizeof sizes[0]);
	/* A body that cannot be had to its end must not look whole. */
	ask(fd, "GET /stream?bytes=1000000&fail=500000");
	a = get(fd, false);
	ck_assert_int_eq(a->status, 200);
	ck_assert(!a->whole);
	close(fd);
	ck_assert(serves());
	finish();
}
END_TEST

START_TEST(slow_readers_cost_little_and_are_cut_off)
{
	struct listen_config config = { .write_ms = 400 };
	struct answer *a;
	size_t before;
	int fd[3], i;

	begin(&config);
	ck_assert(serves());
	before = resident();
	for (i = 0; i < 3; i++) {
		fd[i] = dial();
		ask(fd[i], "GET /%s?bytes=1000000000", i == 0 ? "elsewhere" : "stream");
	}
	wait_for(counts().cut == 3);
	wait_for(atomic_load(&app.done) == 3);
	check_flat(before);
	for (i = 0; i < 3; i++) {
		a = get(fd[i], false);
		ck_assert(!a->whole);
		close(fd[i]);
	}
	ck_assert(serves());
	finish();
}
END_TEST

/* A reader that is slow but goes on gets everything, in little memory. */
START_TEST(steady_readers_are_served)
{
	struct listen_config config = { .write_ms = 2500 };
	static uint8_t buffer[20000];
	uint64_t at = 0, total = 100000000, begun = now_ms();
	size_t before;
	ssize_t n;
	int fd;

	begin(&config);
	ck_assert(serves());
	fd = dial();
	ask(fd, "GET /stream?bytes=%llu", (unsigned long long)total);
	before = resident();
	ck_assert_int_eq(get(fd, true)->status, 200);
	while (at < total) {
		n = recv(fd, buffer, sizeof buffer, 0);
		ck_assert_int_gt(n, 0);
		at += (uint64_t)n;
		/* At first ten times a second, for longer than write_ms. */
		if (now_ms() - begun < 4000)
			(void)poll(NULL, 0, 100);
		check_flat(before);
	}
	ck_assert_uint_eq(counts().cut, 0);
	close(fd);
	finish();
}
END_TEST

/* ---- tests: limits ---- */

START_TEST(streams_are_counted)
{
	struct listen_config config = { .streams_max = 1 };
	struct answer *a;
	int fd, other;

	begin(&config);
	fd = dial();
	ask(fd, "GET /stream?bytes=1000000000");
	wait_for(counts().requests == 1);
	other = dial();
	ask(other, "GET /stream?bytes=100000");
	a = get(other, false);
	ck_assert_int_eq(a->status, 503);
	ck_assert_ptr_nonnull(strstr(a->head, "\r\nRetry-After: 1\r\n"));
	ck_assert_ptr_nonnull(strstr((char *)a->body, "\"BUSY\""));
	wait_for(atomic_load(&app.done) == 1);
	reset(fd);
	wait_for(atomic_load(&app.done) == 2);
	ask(other, "GET /stream?bytes=100000");
	ck_assert(get(other, false)->whole);
	close(other);
	finish();
}
END_TEST

START_TEST(buffers_are_counted)
{
	struct listen_config config = { .buffer_max = 1 << 20 };
	uint8_t *body = calloc(1, 1 << 20);
	int fd[8], i, other;

	begin(&config);
	/* Large bodies may take three quarters … */
	for (i = 0; i < 3; i++) {
		fd[i] = dial();
		put_text(fd[i], "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 250000\r\n\r\n");
		put(fd[i], body, 250000);
		wait_for(holding() == (size_t)i + 1);
	}
	other = dial();
	put_text(other, "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 250000\r\n\r\n");
	put(other, body, 250000);
	ck_assert_int_eq(get(other, false)->status, 503);
	close(other);
	other = dial();
	ask(other, "GET /copied?bytes=250000");
	ck_assert_int_eq(get(other, false)->status, 503);
	/* … and leave the rest to small ones. */
	put_text(other, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n");
	put(other, body, 60000);
	ck_assert_int_eq(get(other, false)->status, 200);
	let_go();
	/* What was stored is said to be stored, however full it is. */
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(get(fd[i], false)->status, 200);
		close(fd[i]);
	}
	ask(other, "GET /copied?bytes=250000");
	ck_assert(get(other, false)->whole);
	close(other);
	wait_for(counts().open == 0);
	ck_assert_uint_eq(counts().buffered, 0);
	free(body);
	finish();
}
END_TEST

START_TEST(too_many_connections)
{
	struct listen_config config = { .connections_max = 8 };
	struct answer *a;
	int fd[9], i;

	begin(&config);
	for (i = 0; i < 8; i++) {
		fd[i] = dial();
		ask(fd[i], "GET /hello");
		ck_assert_int_eq(get(fd[i], false)->status, 200);
	}
	/* The first has been idle longest. */
	fd[8] = dial();
	ask(fd[8], "GET /hello");
	ck_assert_int_eq(get(fd[8], false)->status, 200);
	ck_assert(ended(fd[0]));
	ask(fd[1], "GET /hello");
	ck_assert_int_eq(get(fd[1], false)->status, 200);
	ck_assert_uint_eq(counts().shed, 1);
	close(fd[0]);
	/* With all of them at work, the new one has to come back later. */
	for (i = 1; i < 9; i++)
		ask(fd[i], "GET /hold");
	wait_for(holding() == 8);
	fd[0] = dial();
	a = get(fd[0], false);
	ck_assert_int_eq(a->status, 503);
	ck_assert_ptr_nonnull(strstr(a->head, "\r\nRetry-After: 1\r\n"));
	ck_assert(ended(fd[0]));
	let_go();
	for (i = 1; i < 9; i++)
		ck_assert_int_eq(get(fd[i], false)->status, 200);
	ck_assert(serves());
	for (i = 0; i < 9; i++)
		close(fd[i]);
	finish();
}
END_TEST

START_TEST(too_many_from_one_address)
{
	struct listen_config config = { .per_address_max = 4, .cap_loopback = true };
	int fd[5], i;

	begin(&config);
	for (i = 0; i < 4; i++) {
		fd[i] = dial();
		ask(fd[i], "GET /hello");
		ck_assert_int_eq(get(fd[i], false)->status, 200);
	}
	fd[4] = dial();
	ck_assert_int_eq(get(fd[4], false)->status, 503);
	ck_assert(ended(fd[4]));
	close(fd[4]);
	close(fd[0]);
	wait_for(counts().open == 3);
	fd[0] = dial();
	ask(fd[0], "GET /hello");
	ck_assert_int_eq(get(fd[0], false)->status, 200);
	for (i = 0; i < 4; i++)
		close(fd[i]);
	finish();
	/* A reverse proxy beside us speaks for everybody. */
	config.cap_loopback = false;
	begin(&config);
	for (i = 0; i < 5; i++) {
		fd[i] = dial();
		ask(fd[i], "GET /hello");
		ck_assert_int_eq(get(fd[i], false)->status, 200);
	}
	for (i = 0; i < 5; i++)
		close(fd[i]);
	finish();
}
END_TEST

/* May one more connection come from this address? */
static bool
admitted(const char *address)
{
	static struct connection c[32];
	static size_t used;
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };

	ck_assert_uint_lt(used, sizeof c / sizeof c[0]);
	if (inet_pton(AF_INET, address, &four.sin_addr) == 1)
		return listen_admit_peer(app.listen, &c[used++], (struct sockaddr *)&four);
	ck_assert_int_eq(inet_pton(AF_INET6, address, &six.sin6_addr), 1);
	return listen_admit_peer(app.listen, &c[used++], (struct sockaddr *)&six);
}

START_TEST(what_counts_as_one_address)
{
	struct listen_config config = { .per_address_max = 2 };
	int i;

	make(&config);
	ck_assert(admitted("192.0.2.1"));
	ck_assert(admitted("192.0.2.1"));
	ck_assert(!admitted("192.0.2.1"));
	ck_assert(!admitted("::ffff:192.0.2.1"));
	ck_assert(admitted("192.0.2.2"));
	/* Somebody with one IPv6 address has a whole network of them. */
	ck_assert(admitted("2001:db8:0:1::1"));
	ck_assert(admitted("2001:db8:0:1:ffff::2"));
	ck_assert(!admitted("2001:db8:0:1:5:6:7:8"));
	ck_assert(admitted("2001:db8:0:2::1"));
	for (i = 0; i < 3; i++) {
		ck_assert(admitted("127.0.0.1"));
		ck_assert(admitted("127.1.2.3"));
		ck_assert(admitted("::1"));
		ck_assert(admitted("::ffff:127.0.0.1"));
	}
	listen_free(app.listen);
	log_free(logger);
	close(log_fd);
}
END_TEST

static uint64_t
cpu_ms(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

static size_t
log_lines(void)
{
	static char text[1 << 20];
	ssize_t i, n = pread(log_fd, text, sizeof text, 0);
	size_t lines = 0;

	for (i = 0; i < n; i++)
		lines += text[i] == '\n';
	ck_assert_ptr_null(memmem(text, (size_t)(n > 0 ? n : 0), "127.0.0", 7));
	return lines;
}

/* Another process with descriptors of its own: tells by `up` how far it is and goes on
 * when it hears from `down`. Its exit status is the number of the step that failed. */
static int
hoard(int up, int down)
{
	int fd[200], i, honest;
	char c = 0;

	/* Silent connections, far more than the board has descriptors: an honest request
	 * is still served, at once. */
	for (i = 0; i < 200; i++)
		fd[i] = dial();
	for (i = 0; i < 10; i++)
		if (!serves())
			return 1;
	for (i = 0; i < 200; i++)
		close(fd[i]);
	/* Connections that are at work, until there is no descriptor for another. */
	for (i = 0; i < 100; i++) {
		fd[i] = dial();
		(void)put_text(fd[i], "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
	}
	honest = dial();
	(void)put_text(honest, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
	if (write(up, &c, 1) != 1 || read(down, &c, 1) != 1)
		return 2;
	for (i = 0; i < 100; i++)
		close(fd[i]);
	close(honest);
	if (write(up, &c, 1) != 1 || read(down, &c, 1) != 1)
		return 3;
	return serves() ? 0 : 4;
}

/* Run the listener with hardly any descriptors. */
static void
starve(bool spare)
{
	struct rlimit limit = { 64, 64 };
	int up[2], down[2], status;
	uint64_t before;
	pid_t child;
	char c = 0;

	make(NULL);
	ck_assert_int_eq(pipe(up), 0);
	ck_assert_int_eq(pipe(down), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		close(evconnlistener_get_fd(app.listen->socket[0]));
		_exit(hoard(up[1], down[0]));
	}
	close(up[1]);
	close(down[0]);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (!spare) {
		close(app.listen->spare);
		app.listen->spare = -1;
	}
	start();
	ck_assert_int_eq(read(up[0], &c, 1), 1);
	/* Now there is none left, and connections wait to be accepted. How busy does that
	 * keep the loop? */
	before = cpu_ms();
	(void)poll(NULL, 0, 1000);
	before = cpu_ms() - before;
	ck_assert_msg(before < 200, "%llu ms of 1000", (unsigned long long)before);
	ck_assert_uint_ge(holding(), 30);
	ck_assert_int_eq(write(down[1], &c, 1), 1);
	ck_assert_int_eq(read(up[0], &c, 1), 1);
	let_go();
	wait_for(counts().open < 5);
	ck_assert_int_eq(write(down[1], &c, 1), 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "step %d failed",
	    WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	ck_assert_uint_gt(log_lines(), 0);
	ck_assert_uint_le(log_lines(), (size_t)LOG_KINDS * LOG_BURST * 3);
	finish();
}

START_TEST(descriptors_used_up)
{
	starve(true);
}
END_TEST

START_TEST(descriptors_used_up_and_the_spare_one_too)
{
	starve(false);
}
END_TEST

START_TEST(descriptors_are_raised)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 100;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_uint_eq(listen_raise_descriptors(), limit.rlim_max);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_uint_eq(limit.rlim_cur, limit.rlim_max);
}
END_TEST

/* ---- tests: beginning and end ---- */

START_TEST(addresses)
{
	static const char *const bad[] = { "", "127.0.0.1", "localhost:0", "127.0.0.1:x",
		"127.0.0.1:65536", "[::1]", "1.2.3:0" };
	const char *two[] = { "127.0.0.1:0", "[::1]:0" };
	const char *again[1];
	struct listen_config config = { .addresses = two, .addresses_len = 2 };
	struct listen_app callbacks = { .on_request = on_request, .ctx = &app };
	char first[LISTEN_ADDRESS_LEN], second[LISTEN_ADDRESS_LEN];
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct listen *l, *other;
	struct why why;
	size_t i;
	int fd;

	config.addresses_len = 1;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		config.addresses = &bad[i];
		ck_assert_msg(listen_new(&l, &config, &callbacks, &why) == R_BAD_INPUT, "%s",
		    bad[i]);
		ck_assert_ptr_null(l);
		ck_assert_ptr_nonnull(strstr(why.text, "no address"));
	}
	config.addresses = two;
	config.addresses_len = 2;
	ck_assert_msg(listen_new(&l, &config, &callbacks, &why) == R_GOOD, "%s", why.text);
	listen_address(l, first, 0);
	listen_address(l, second, 1);
	ck_assert(strncmp(first, "127.0.0.1:", 10) == 0 && atoi(first + 10) > 0);
	ck_assert(strncmp(second, "[::1]:", 6) == 0 && atoi(second + 6) > 0);
	/* Taken is taken. */
	again[0] = first;
	config.addresses = again;
	config.addresses_len = 1;
	ck_assert_int_eq((int)listen_new(&other, &config, &callbacks, &why), R_CONFLICT);
	ck_assert_ptr_nonnull(strstr(why.text, first));
	ck_assert_int_eq((int)listen_start(l), R_GOOD);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	to.sin6_port = htons((uint16_t)atoi(second + 6));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	ask(fd, "GET /hello");
	ck_assert_int_eq(get(fd, false)->status, 200);
	close(fd);
	port = (uint16_t)atoi(first + 10);
	ck_assert(serves());
	/* Without on_head nobody may have a body. */
	fd = dial();
	put_text(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na");
	ck_assert_int_eq(get(fd, false)->status, 413);
	close(fd);
	listen_stop(l, 1000);
	listen_free(l);
	/* Never started is fine too. */
	config.addresses = two;
	ck_assert_int_eq((int)listen_new(&l, &config, &callbacks, &why), R_GOOD);
	listen_free(l);
	listen_free(NULL);
}
END_TEST

static void *
stop_it(void *ctx)
{
	listen_stop(app.listen, *(unsigned *)ctx);
	return NULL;
}

START_TEST(stopping_finishes_what_is_in_hand)
{
	unsigned ms = PATIENCE;
	int idle, held, parked, sending;
	struct answer *a;
	pthread_t stopper;

	begin(NULL);
	idle = dial();
	ask(idle, "GET /hello");
	ck_assert_int_eq(get(idle, false)->status, 200);
	held = dial();
	ask(held, "GET /hold");
	parked = dial();
	ask(parked, "GET /poll?wait=100000");
	sending = dial();
	put_text(sending, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
	wait_for(counts().requests == 3 && counts().buffered > 0);
	pthread_create(&stopper, NULL, stop_it, &ms);
	ck_assert(ended(idle));
	a = get(parked, false);
	ck_assert_str_eq((char *)a->body, "stop");
	ck_assert_ptr_nonnull(strstr(a->head, "Connection: close"));
	ck_assert(ended(parked));
	put_text(sending, "cd");
	ck_assert_str_eq((char *)get(sending, false)->body, "abcd");
	ck_assert(ended(sending));
	let_go();
	ck_assert_int_eq(get(held, false)->status, 200);
	ck_assert(ended(held));
	pthread_join(stopper, NULL);
	ck_assert_uint_eq(counts().open, 0);
	close(idle);
	close(held);
	close(parked);
	close(sending);
	/* finish() would stop it a second time. */
	pthread_mutex_lock(&app.lock);
	app.stop = true;
	pthread_cond_broadcast(&app.changed);
	pthread_mutex_unlock(&app.lock);
	pthread_join(app.worker, NULL);
	listen_free(app.listen);
	log_free(logger);
}
END_TEST

START_TEST(stopping_does_not_wait_for_ever)
{
	uint64_t begun = now_ms();
	unsigned ms = 300;
	int held, parked, slow;

	begin(NULL);
	app.park_forever = true;
	held = dial();
	ask(held, "GET /hold");
	parked = dial();
	ask(parked, "GET /poll?wait=100000");
	slow = dial();
	ask(slow, "GET /elsewhere?bytes=1000000000");
	wait_for(counts().requests == 3 && holding() == 1);
	stop_it(&ms);
	ck_assert_uint_ge(now_ms() - begun, 290);
	ck_assert_uint_lt(now_ms() - begun, PATIENCE);
	ck_assert_int_eq(get(parked, false)->status, 503);
	ck_assert(ended(held));
	/* An answer that comes too late is taken back all the same. */
	let_go();
	pthread_mutex_lock(&app.lock);
	app.stop = true;
	pthread_cond_broadcast(&app.changed);
	pthread_mutex_unlock(&app.lock);
	pthread_join(app.worker, NULL);
	listen_free(app.listen);
	ck_assert_uint_eq(atomic_load(&app.done), 1);
	log_free(logger);
	close(held);
	close(parked);
	close(slow);
}
END_TEST

/* Whatever is thrown at it, it goes on. */
START_TEST(noise)
{
	static const char *const bits[] = { "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n", "abcdefg", "\r\n",
		"\n", "\0", "GET ", "/stream?bytes=100000 ", "HTTP/1.1", ":",
		"Content-Length: 3\r\n", "Host: h\r\n", "\r\n\r\n", "\xff\xfe",
		"Transfer-Encoding: chunked\r\n",
		"GET /elsewhere?bytes=300000 HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /async HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
		"GET /poll?wait=5 HTTP/1.1\r\nHost: h\r\n\r\n" };
	uint32_t state = 0x5eed;
	int i, j, n, fd;
	const char *bit;
	char c[4096];

	begin(NULL);
	for (i = 0; i < (SANITIZED ? 300 : 1000); i++) {
		fd = dial();
		state = state * 1664525 + 1013904223;
		n = (int)(state >> 28);
		for (j = 0; j < n; j++) {
			state = state * 1664525 + 1013904223;
			bit = bits[(state >> 16) % (sizeof bits / sizeof bits[0])];
			if (!put(fd, bit, strlen(bit) + (*bit == '\0')))
				break;
			(void)recv(fd, c, sizeof c, MSG_DONTWAIT);
		}
		if (i % 3 == 0)
			reset(fd);
		else
			close(fd);
	}
	ck_assert(serves());
	wait_for(counts().open == 0);
	wait_for(counts().buffered == 0);
	finish();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("listen");
	TCase *tc;

	tc = tcase_create("requests");
	tcase_add_test(tc, keep_alive);
	tcase_add_test(tc, refusals);
	tcase_add_test(tc, continue_is_said_when_it_is_awaited);
	tcase_add_test(tc, rule_breakers_are_closed);
	tcase_add_test(tc, pipelining);
	tcase_add_test(tc, what_is_sent_ahead_is_bounded);
	tcase_add_test(tc, bodies_of_all_sizes);
	suite_add_tcase(suite, tc);
	tc = tcase_create("bad clients");
	tcase_add_test(tc, slow_senders_are_cut_off);
	tcase_add_test(tc, idle_connections_end);
	tcase_add_test(tc, large_heads_and_bodies_are_refused);
	tcase_add_test(tc, clients_that_leave);
	tcase_add_test(tc, half_closed);
	tcase_add_test(tc, noise);
	suite_add_tcase(suite, tc);
	tc = tcase_create("answers");
	tcase_add_test(tc, answers_from_another_thread);
	tcase_add_test(tc, parked_requests);
	tcase_add_test(tc, a_thousand_followers);
	tcase_add_test(tc, no_wake_up_is_lost);
	tcase_add_test(tc, large_answers);
	tcase_add_test(tc, slow_readers_cost_little_and_are_cut_off);
	tcase_add_test(tc, steady_readers_are_served);
	suite_add_tcase(suite, tc);
	tc = tcase_create("limits");
	tcase_add_test(tc, streams_are_counted);
	tcase_add_test(tc, buffers_are_counted);
	tcase_add_test(tc, too_many_connections);
	tcase_add_test(tc, too_many_from_one_address);
	tcase_add_test(tc, what_counts_as_one_address);
	tcase_add_test(tc, descriptors_used_up);
	tcase_add_test(tc, descriptors_used_up_and_the_spare_one_too);
	tcase_add_test(tc, descriptors_are_raised);
	suite_add_tcase(suite, tc);
	tc = tcase_create("beginning and end");
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, stopping_finishes_what_is_in_hand);
	tcase_add_test(tc, stopping_does_not_wait_for_ever);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
