#include "server/clerk.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#define CLERKS_MAX 16

struct clerks {
	struct store_options options;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct errand *first, **last;
	size_t waiting, waiting_max;
	bool closed;
	size_t n;
	pthread_t thread[CLERKS_MAX];
};

static struct errand *
take(struct clerks *c)
{
	struct errand *e;

	(void)pthread_mutex_lock(&c->lock);
	while (c->first == NULL && !c->closed)
		(void)pthread_cond_wait(&c->filled, &c->lock);
	e = c->closed ? NULL : c->first;
	if (e != NULL) {
		c->first = e->next;
		if (c->first == NULL)
			c->last = &c->first;
		c->waiting--;
	}
	(void)pthread_mutex_unlock(&c->lock);
	return e;
}

static void *
work(void *arg)
{
	struct clerks *c = arg;
	struct store *store = NULL;
	struct errand *e;

	(void)pthread_setname_np(pthread_self(), "clerk");
	while ((e = take(c)) != NULL) {
		if (store == NULL)
			(void)store_open(&store, &c->options, NULL);
		e->run(e, store);
	}
	store_free(store);
	return NULL;
}

enum result
clerks_new(struct clerks **out, size_t n, size_t errands_max, const struct store_options *options)
{
	struct clerks *c = calloc(1, sizeof *c);

	*out = NULL;
	if (c == NULL)
		return R_NO_MEMORY;
	c->options = *options;
	c->waiting_max = errands_max;
	c->last = &c->first;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->filled, NULL);
	for (c->n = 0; c->n < n && c->n < CLERKS_MAX; c->n++)
		if (pthread_create(&c->thread[c->n], NULL, work, c) != 0) {
			clerks_stop(c);
			clerks_free(c);
			return R_NO_MEMORY;
		}
	*out = c;
	return R_GOOD;
}

enum result
clerks_send(struct clerks *c, struct errand *errand)
{
	enum result r = R_BUSY;

	(void)pthread_mutex_lock(&c->lock);
	if (!c->closed && c->waiting < c->waiting_max) {
		errand->next = NULL;
		*c->last = errand;
		c->last = &errand->next;
		c->waiting++;
		(void)pthread_cond_signal(&c->filled);
		r = R_GOOD;
	}
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}

size_t
clerks_waiting(struct clerks *c)
{
	size_t n;

	(void)pthread_mutex_lock(&c->lock);
	n = c->waiting;
	(void)pthread_mutex_unlock(&c->lock);
	return n;
}

void
clerks_stop(struct clerks *c)
{
	struct errand *e;
	size_t i;

	(void)pthread_mutex_lock(&c->lock);
	c->closed = true;
	(void)pthread_cond_broadcast(&c->filled);
	(void)pthread_mutex_unlock(&c->lock);
	for (i = 0; i < c->n; i++)
		(void)pthread_join(c->thread[i], NULL);
	c->n = 0;
	while ((e = c->first) != NULL) {
		c->first = e->next;
		e->run(e, NULL);
	}
	c->last = &c->first;
}

void
clerks_free(struct clerks *c)
{
	if (c == NULL)
		return;
	(void)pthread_mutex_destroy(&c->lock);
	(void)pthread_cond_destroy(&c->filled);
	free(c);
}
