#include "server/listen.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sodium.h>

#include "server/connection.h"

#define WAKES_AT_ONCE 256    /* parked requests woken before the loop looks elsewhere */
#define DESCRIPTORS_KEPT 512 /* for the database, segments being sent and ourselves */

/* ---- limits ---- */

unsigned
listen_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur < INT_MAX ? (unsigned)limit.rlim_cur : INT_MAX;
}

static void
fill_defaults(struct listen_config *config)
{
	struct rlimit limit;
	rlim_t room = 16384;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < room + DESCRIPTORS_KEPT)
		room = limit.rlim_cur > 2 * DESCRIPTORS_KEPT ? limit.rlim_cur - DESCRIPTORS_KEPT
							     : limit.rlim_cur / 2;
#define DEFAULT(field, value) config->field = config->field != 0 ? config->field : (value)
	DEFAULT(connections_max, (unsigned)room);
	DEFAULT(per_address_max, 256);
	DEFAULT(streams_max, 256);
	DEFAULT(buffer_max, (size_t)128 << 20);
	DEFAULT(idle_ms, 30000);
	DEFAULT(request_ms, 15000);
	DEFAULT(body_rate, 16384);
	DEFAULT(write_ms, 20000);
	DEFAULT(linger_ms, 2000);
#undef DEFAULT
}

bool
listen_charge(struct listen *l, struct request *r, size_t n, bool large)
{
	size_t max = large ? l->config.buffer_max / 4 * 3 : l->config.buffer_max;
	size_t now = atomic_load(&l->buffered);

	do {
		if (n > max || now > max - n)
			return false;
	} while (!atomic_compare_exchange_weak(&l->buffered, &now, now + n));
	r->charged += n;
	return true;
}

/* ---- mail from other threads ---- */

void
listen_kick(struct listen *l)
{
	uint64_t one = 1;
	ssize_t wrote = write(l->mail_fd, &one, sizeof one);

	/* It can only fail when the counter is full, and then the loop is awake. */
	(void)wrote;
}

void
listen_post(struct listen *l, struct request *r)
{
	bool first;

	r->next = NULL;
	pthread_mutex_lock(&l->mail_lock);
	first = l->mail_first == NULL;
	*l->mail_end = r;
	l->mail_end = &r->next;
	pthread_mutex_unlock(&l->mail_lock);
	if (first)
		listen_kick(l);
}

static struct request *
take_mail(struct listen *l)
{
	struct request *mail;

	pthread_mutex_lock(&l->mail_lock);
	mail = l->mail_first;
	l->mail_first = NULL;
	l->mail_end = &l->mail_first;
	pthread_mutex_unlock(&l->mail_lock);
	return mail;
}

static void
deliver_mail(struct listen *l)
{
	struct request *r, *next;

	for (r = take_mail(l); r != NULL; r = next) {
		next = r->next;
		if (r->connection != NULL)
			connection_resume(r->connection);
		else
			request_free(r);
	}
}

unsigned
listen_topic(uint64_t topic)
{
	/* 2^64 divided by the golden ratio spreads numbers that are close. */
	return (unsigned)(topic * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

void
listen_wake(struct listen *l, uint64_t topic)
{
	uint64_t bit = UINT64_C(1) << listen_topic(topic);

	if ((atomic_fetch_or(&l->wakes, bit) & bit) == 0)
		listen_kick(l);
}

static void
wake_all(struct listen *l, enum listen_wake cause, unsigned most)
{
	struct connection *c;

	while (most-- > 0 && (c = LIST_FIRST(&l->woken)) != NULL)
		connection_wake(c, cause);
	if (!LIST_EMPTY(&l->woken))
		listen_kick(l);
}

/* Move the parked requests of these topics to `woken`. They may be parked again at once,
 * so they are not woken from the list they would return to. */
static void
collect(struct listen *l, uint64_t topics)
{
	struct connection *c;
	unsigned i;

	for (i = 0; i < LISTEN_TOPICS; i++)
		while ((topics >> i & 1) != 0 && (c = LIST_FIRST(&l->parked[i])) != NULL) {
			LIST_REMOVE(c, of_parked);
			LIST_INSERT_HEAD(&l->woken, c, of_parked);
		}
}

/* ---- stopping ---- */

static void
begin_stop(struct listen *l, unsigned ms)
{
	struct timeval wait = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };
	size_t i;

	l->stopping = true;
	(void)event_del(l->resume);
	for (i = 0; i < l->sockets; i++) {
		evconnlistener_free(l->socket[i]);
		l->socket[i] = NULL;
	}
	while (!TAILQ_EMPTY(&l->idle))
		connection_close(TAILQ_FIRST(&l->idle));
	collect(l, UINT64_MAX);
	wake_all(l, LISTEN_STOP, UINT_MAX);
	(void)event_add(l->timeout, &wait);
	if (atomic_load(&l->open) == 0)
		(void)event_base_loopbreak(l->base);
}

static void
on_timeout(evutil_socket_t fd, short what, void *ctx)
{
	struct listen *l = ctx;

	(void)fd;
	(void)what;
	while (!LIST_EMPTY(&l->all))
		connection_cut(LIST_FIRST(&l->all));
}

static void
on_mail(evutil_socket_t fd, short what, void *ctx)
{
	struct listen *l = ctx;
	uint64_t count;
	ssize_t got;
	unsigned ms;

	(void)what;
	got = read(fd, &count, sizeof count);
	(void)got;
	deliver_mail(l);
	collect(l, atomic_exchange(&l->wakes, 0));
	wake_all(l, LISTEN_TOPIC, WAKES_AT_ONCE);
	ms = atomic_exchange(&l->stop_ms, 0);
	if (ms != 0 && !l->stopping)
		begin_stop(l, ms);
}

/* ---- the loop ---- */

static void *
loop(void *ctx)
{
	struct listen *l = ctx;
	size_t i;

	l->loop = pthread_self();
	(void)pthread_setname_np(l->loop, "listen");
	for (i = 0; i < l->sockets; i++)
		(void)evconnlistener_enable(l->socket[i]);
	(void)event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
	/* libevent closes the socket of a freed bufferevent in the next round. */
	(void)event_base_loop(l->base, EVLOOP_NONBLOCK);
	return NULL;
}

enum result
listen_start(struct listen *l)
{
	sigset_t all, before;
	int error;

	/* Signals are for the thread that waits for them; SIGPIPE, from writing to a client
	 * that has left, for none. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&l->thread, NULL, loop, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		return R_NO_MEMORY;
	l->started = true;
	return R_GOOD;
}

void
listen_stop(struct listen *l, unsigned ms)
{
	atomic_store(&l->stop_ms, ms != 0 ? ms : 1);
	listen_kick(l);
	pthread_join(l->thread, NULL);
	l->started = false;
}

static enum result
make_base(struct listen *l)
{
	struct event_config *config = event_config_new();

	if (config == NULL)
		return R_NO_MEMORY;
	/* Only the loop's thread touches the base. No descriptor of ours is ever
	 * duplicated, which is what makes the changelist safe. */
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	l->base = event_base_new_with_config(config);
	event_config_free(config);
	if (l->base == NULL)
		return R_NO_MEMORY;
	l->mail = event_new(l->base, l->mail_fd, EV_READ | EV_PERSIST, on_mail, l);
	l->resume = evtimer_new(l->base, listen_resume, l);
	l->timeout = evtimer_new(l->base, on_timeout, l);
	if (l->mail == NULL || l->resume == NULL || l->timeout == NULL ||
	    event_add(l->mail, NULL) != 0)
		return R_NO_MEMORY;
	return R_GOOD;
}

enum result
listen_new(struct listen **out, const struct listen_config *config, const struct listen_app *app,
    struct why *why)
{
	struct listen *l = calloc(1, sizeof *l);
	enum result r = R_NO_MEMORY;
	size_t i;

	*out = NULL;
	if (l == NULL)
		return why_set(why, R_NO_MEMORY, "no memory for the listener");
	if (sodium_init() < 0) {
		free(l);
		return why_set(why, R_NO_RANDOM, "the system's random source failed");
	}
	l->config = *config;
	l->app = *app;
	fill_defaults(&l->config);
	TAILQ_INIT(&l->idle);
	pthread_mutex_init(&l->mail_lock, NULL);
	l->mail_end = &l->mail_first;
	l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	l->mail_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	l->peers = calloc(LISTEN_PEERS, sizeof *l->peers);
	if (l->spare < 0 || l->mail_fd < 0) {
		r = why_set(why, R_NO_DISK, "no descriptors for the listener");
		goto out;
	}
	if (l->peers == NULL || make_base(l) != R_GOOD) {
		r = why_set(why, R_NO_MEMORY, "no memory for the listener");
		goto out;
	}
	crypto_shorthash_keygen(l->peer_key);
	for (r = R_GOOD, i = 0; r == R_GOOD && i < config->addresses_len; i++)
		r = listen_bind(l, config->addresses[i], why);
	l->plain = l->sockets;
	for (i = 0; r == R_GOOD && i < config->tls_addresses_len; i++)
		r = listen_bind(l, config->tls_addresses[i], why);
	l->config.addresses = l->config.tls_addresses = NULL;
out:
	if (r == R_GOOD)
		*out = l;
	else
		listen_free(l);
	return r;
}

void
listen_free(struct listen *l)
{
	size_t i;

	if (l == NULL)
		return;
	assert(!l->started);
	if (l->mail_fd >= 0 && l->mail_end != NULL)
		deliver_mail(l);
	/* A request that is still out there would come back to freed memory. */
	assert(atomic_load(&l->requests) == 0);
	for (i = 0; i < l->sockets; i++)
		if (l->socket[i] != NULL)
			evconnlistener_free(l->socket[i]);
	if (l->mail != NULL)
		event_free(l->mail);
	if (l->resume != NULL)
		event_free(l->resume);
	if (l->timeout != NULL)
		event_free(l->timeout);
	if (l->base != NULL)
		event_base_free(l->base);
	if (l->mail_fd >= 0)
		(void)close(l->mail_fd);
	if (l->spare >= 0)
		(void)close(l->spare);
	pthread_mutex_destroy(&l->mail_lock);
	free(l->peers);
	free(l);
}

void
listen_count(const struct listen *l, struct listen_counts *out)
{
	out->open = atomic_load(&l->open);
	out->accepted = atomic_load(&l->accepted);
	out->shed = atomic_load(&l->shed);
	out->cut = atomic_load(&l->cut);
	out->refused = atomic_load(&l->refused);
	out->requests = atomic_load(&l->handed);
	out->buffered = atomic_load(&l->buffered);
}
