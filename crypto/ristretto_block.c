/*
 * An element is a block if no smaller counter than its own gives one. Of the smaller
 * counters of a row there are three on average; all of many rows are tried in one go.
 */
#include "crypto/ristretto_block.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/ristretto_point.h"

#define BYTES RISTRETTO_BYTES

/* Candidates that are decoded at a time, and of one row before the others have their turn:
 * three in four rows need no more. */
#define MANY 256
#define TURN 4

/* The encodings of some rows, and the counters of each that are still to be tried. */
struct search {
	const uint8_t *s; /* BYTES each */
	uint8_t *valid;
	unsigned *next; /* the smallest counter that was not tried */
	size_t n;
	/* what is being tried */
	uint8_t candidate[MANY * BYTES];
	size_t row[MANY];
	enum result verdict[MANY];
	struct gvec *unused;
};

static unsigned
counter_of(const uint8_t s[BYTES])
{
	return (unsigned)s[0] >> 1 | (unsigned)s[BYTES - 1] << 7;
}

/* Collect candidates from row *at on; returns how many. *at is where to go on. */
static size_t
collect(struct search *x, size_t *at)
{
	size_t n = 0, k;

	for (; *at < x->n && n + TURN <= MANY; (*at)++) {
		const uint8_t *s = x->s + *at * BYTES;

		for (k = 0; k < TURN && x->valid[*at] && x->next[*at] < counter_of(s); k++, n++) {
			uint8_t *c = x->candidate + n * BYTES;
			unsigned ctr = x->next[*at]++;

			memcpy(c, s, BYTES);
			c[0] = (uint8_t)((ctr & 0x7f) << 1);
			c[BYTES - 1] = (uint8_t)(ctr >> 7);
			x->row[n] = *at;
		}
	}
	return n;
}

/* One turn of every row. *tried counts the candidates. */
static enum result
turn(struct search *x, size_t *tried)
{
	struct gvec *out;
	size_t at = 0, n, i;
	enum result r;

	*tried = 0;
	while ((n = collect(x, &at)) > 0) {
		r = gvec_slice(&out, x->unused, 0, n);
		if (r != R_GOOD)
			return r;
		r = gvec_decode_each(out, x->verdict, x->candidate, BYTES, DECODE_NO_IDENTITY,
		    NULL);
		gvec_free(out);
		if (r != R_GOOD)
			return r;
		for (i = 0; i < n; i++)
			if (x->verdict[i] == R_GOOD)
				x->valid[x->row[i]] = 0;
		*tried += n;
	}
	return R_GOOD;
}

enum result
ristretto_extract_each(uint8_t *blocks, uint8_t *valid, const struct gvec *v)
{
	static const uint8_t identity[BYTES]; /* encodes as zeros */
	const size_t n = gvec_len(v);
	struct search *x = calloc(1, sizeof *x);
	unsigned *next = calloc(n + 1, sizeof *next);
	uint8_t *s = calloc(n + 1, BYTES);
	size_t i, tried;
	enum result r = R_NO_MEMORY;

	if (x == NULL || next == NULL || s == NULL)
		goto out;
	x->s = s;
	x->valid = valid;
	x->next = next;
	x->n = n;
	if ((r = gvec_new(&x->unused, gvec_group(v), MANY)) != R_GOOD ||
	    (r = gvec_encode(s, BYTES, v, NULL)) != R_GOOD)
		goto out;
	for (i = 0; i < n; i++)
		valid[i] = memcmp(s + i * BYTES, identity, BYTES) != 0;
	do
		r = turn(x, &tried);
	while (r == R_GOOD && tried > 0);
	for (i = 0; i < n && r == R_GOOD; i++)
		if (valid[i])
			memcpy(blocks + i * GROUP_BLOCK_BYTES, s + i * BYTES + 1,
			    GROUP_BLOCK_BYTES);
		else
			memset(blocks + i * GROUP_BLOCK_BYTES, 0, GROUP_BLOCK_BYTES);
out:
	if (x != NULL)
		gvec_free(x->unused);
	free(x);
	free(next);
	free(s);
	return r;
}
