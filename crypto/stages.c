#include "crypto/stages.h"

#include <stddef.h>

static int
report(void *ctx, uint64_t done, uint64_t total)
{
	const struct stages *s = ctx;
	double part = total > 0 ? (double)done / (double)total : 1;

	return s->outer->progress(s->outer->ctx, s->before + (uint64_t)(part * (double)s->weight),
	    s->total);
}

void
stages_start(struct stages *s, const struct effort *outer, uint64_t total)
{
	s->outer = outer;
	s->before = s->weight = 0;
	s->total = total;
	if (outer == NULL)
		return;
	s->inner.threads = outer->threads;
	s->inner.progress = outer->progress != NULL ? report : NULL;
	s->inner.ctx = s;
}

const struct effort *
stages_next(struct stages *s, uint64_t weight)
{
	if (s->outer == NULL)
		return NULL;
	s->before += s->weight;
	s->weight = weight;
	return &s->inner;
}
