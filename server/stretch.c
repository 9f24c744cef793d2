#include "server/stretch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "crypto/buffer.h"
#include "crypto/merkle.h"

#define MANY (2 * STRETCH_LINES)
#define RING 4

/* A stretch with the memory that its lines lie in. */
struct filled {
	struct stretch stretch;
	struct buffer bytes;
	size_t start[STRETCH_LINES + 1];
};

struct stretches {
	struct store *store;
	struct store_election key;
	uint64_t next, to; /* to be read */
	struct filled *ring[RING];
	enum result r; /* what ended the reading, after the stretches that there are */
	struct why why;
	/* With a thread: */
	bool threaded;
	pthread_t thread;
	struct store_options options;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t written, taken; /* stretches; the one taken last is still in use */
	bool stop, ended;
};

static enum result
add_line(void *ctx, uint64_t seq, struct slice line)
{
	struct filled *f = ctx;

	(void)seq;
	merkle_leaf(&f->stretch.leaf[f->stretch.n], line.p, line.n);
	f->start[f->stretch.n++] = f->bytes.n;
	buffer_add(&f->bytes, line.p, line.n);
	f->start[f->stretch.n] = f->bytes.n;
	return buffer_result(&f->bytes);
}

/* Read the next stretch. */
static enum result
fill(struct stretches *s, struct filled *f, struct store *store)
{
	uint64_t n = s->to - s->next < STRETCH_LINES ? s->to - s->next : STRETCH_LINES;
	enum result r;
	size_t i;

	f->stretch.n = 0;
	f->start[0] = 0;
	buffer_clear(&f->bytes);
	r = store_lines(store, s->key, s->next, n, add_line, f, &s->why);
	for (i = 0; i < f->stretch.n; i++) {
		f->stretch.line[i].p = f->bytes.p + f->start[i];
		f->stretch.line[i].n = f->start[i + 1] - f->start[i];
	}
	s->next += f->stretch.n;
	return r;
}

/* ---- reading ahead ---- */

static void *
read_ahead(void *arg)
{
	struct stretches *s = arg;
	struct store *store = NULL;
	struct filled *f;
	enum result r = store_open(&store, &s->options, &s->why);

	(void)pthread_setname_np(pthread_self(), "read ahead");
	(void)pthread_mutex_lock(&s->lock);
	while (r == R_GOOD && s->next < s->to && !s->stop) {
		/* The caller still uses the one that it took last. */
		if (s->written - s->taken >= RING - 1) {
			(void)pthread_cond_wait(&s->changed, &s->lock);
			continue;
		}
		f = s->ring[s->written % RING];
		(void)pthread_mutex_unlock(&s->lock);
		r = fill(s, f, store);
		(void)pthread_mutex_lock(&s->lock);
		s->written += f->stretch.n > 0;
		(void)pthread_cond_broadcast(&s->changed);
	}
	s->r = r;
	s->ended = true;
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
	store_free(store);
	return NULL;
}

/* Wait for the next stretch of the thread; NULL at the end. */
static const struct filled *
take(struct stretches *s)
{
	const struct filled *f = NULL;

	(void)pthread_mutex_lock(&s->lock);
	while (s->written == s->taken && !s->ended)
		(void)pthread_cond_wait(&s->changed, &s->lock);
	if (s->written > s->taken)
		f = s->ring[s->taken++ % RING];
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
	return f;
}

/* ---- life ---- */

static enum result
make_ring(struct stretches *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		s->ring[i] = calloc(1, sizeof *s->ring[i]);
		if (s->ring[i] == NULL)
			return R_NO_MEMORY;
	}
	return R_GOOD;
}

enum result
stretches_new(struct stretches **out, struct store *store, const struct store_options *options,
    struct store_election key, uint64_t from, uint64_t to)
{
	struct stretches *s = calloc(1, sizeof *s);
	enum result r;

	*out = NULL;
	if (s == NULL)
		return R_NO_MEMORY;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->changed, NULL);
	s->store = store;
	s->key = key;
	s->next = from;
	s->to = to;
	s->threaded = options != NULL && to - from > MANY;
	r = make_ring(s, s->threaded ? RING : 1);
	if (r == R_GOOD && s->threaded) {
		s->options = *options;
		if (pthread_create(&s->thread, NULL, read_ahead, s) != 0) {
			s->threaded = false;
			r = R_NO_MEMORY;
		}
	}
	if (r != R_GOOD) {
		stretches_free(s);
		return r;
	}
	*out = s;
	return R_GOOD;
}

enum result
stretches_next(struct stretches *s, const struct stretch **out, struct why *why)
{
	const struct filled *f = NULL;

	*out = NULL;
	if (s->threaded)
		f = take(s);
	else if (s->r == R_GOOD && s->next < s->to) {
		s->r = fill(s, s->ring[0], s->store);
		f = s->ring[0]->stretch.n > 0 ? s->ring[0] : NULL;
	}
	if (f != NULL) {
		*out = &f->stretch;
		return R_GOOD;
	}
	if (s->r != R_GOOD && why != NULL)
		*why = s->why;
	return s->r;
}

void
stretches_free(struct stretches *s)
{
	size_t i;

	if (s == NULL)
		return;
	if (s->threaded) {
		(void)pthread_mutex_lock(&s->lock);
		s->stop = true;
		(void)pthread_cond_broadcast(&s->changed);
		(void)pthread_mutex_unlock(&s->lock);
		(void)pthread_join(s->thread, NULL);
	}
	for (i = 0; i < RING && s->ring[i] != NULL; i++) {
		buffer_free(&s->ring[i]->bytes);
		free(s->ring[i]);
	}
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
