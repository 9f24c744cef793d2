/* The roll as everybody checks it, and what is kept of it. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/arena.h"
#include "ballots/roll_parts.h"
#include "crypto/schnorr.h"
#include "crypto/stages.h"

#define CHUNK 1024 /* lines whose proofs are verified together */

struct roll {
	atomic_uint refs;
	uint64_t count;
	size_t element;
	uint8_t *keys; /* count encodings, ascending */
};

struct roll *
roll_ref(const struct roll *roll)
{
	/* The count of holders is no part of what the roll says. */
	struct roll *r = (struct roll *)(uintptr_t)roll;

	if (r != NULL)
		atomic_fetch_add(&r->refs, 1);
	return r;
}

void
roll_unref(struct roll *roll)
{
	if (roll == NULL || atomic_fetch_sub(&roll->refs, 1) != 1)
		return;
	free(roll->keys);
	free(roll);
}

uint64_t
roll_count(const struct roll *roll)
{
	return roll->count;
}

struct slice
roll_key(const struct roll *roll, uint64_t line)
{
	return (struct slice){ roll->keys + (size_t)line * roll->element, roll->element };
}

enum result
roll_find(const struct roll *roll, struct slice key, uint64_t *line)
{
	uint64_t low = 0, high = roll->count, middle;
	int c;

	if (key.n != roll->element)
		return R_NOT_ON_ROLL;
	while (low < high) {
		middle = low + (high - low) / 2;
		c = memcmp(key.p, roll_key(roll, middle).p, key.n);
		if (c == 0) {
			*line = middle;
			return R_GOOD;
		}
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return R_NOT_ON_ROLL;
}

static struct roll *
roll_new(uint64_t count, size_t element)
{
	struct roll *roll = calloc(1, sizeof *roll);

	if (roll == NULL)
		return NULL;
	atomic_init(&roll->refs, 1);
	roll->count = count;
	roll->element = element;
	roll->keys = calloc((size_t)count, element);
	if (roll->keys == NULL) {
		free(roll);
		return NULL;
	}
	return roll;
}

/* ---- going through the lines ---- */

struct reader {
	const struct definition *d;
	const struct digest *election;
	const struct blob *blob;
	struct slice rest; /* of the blob */
	uint64_t at;       /* the number of the next line */
	struct why why;    /* about the line at hand */
};

/* Take the next line without its end. */
static enum result
take_line(struct reader *in, struct slice *line)
{
	const uint8_t *stop = memchr(in->rest.p, '\n', in->rest.n);

	if (stop == NULL)
		return why_set(&in->why, R_BAD_ENCODING, "it has no line end");
	line->p = in->rest.p;
	line->n = (size_t)(stop - in->rest.p);
	in->rest.p += line->n + 1;
	in->rest.n -= line->n + 1;
	if (++in->at % CHUNK == 0)
		blob_passed(in->blob, in->blob->bytes.n - in->rest.n);
	return R_GOOD;
}

/* ---- first: each line by itself, and what they add up to ---- */

static enum result
read_line(struct roll *roll, struct reader *in, struct arena *arena, struct roll_sums *sums)
{
	struct roll_line line;
	struct slice bytes;
	enum result r;

	if ((r = take_line(in, &bytes)) != R_GOOD ||
	    (r = roll_line_read(&line, arena, bytes, in->d, &in->why)) != R_GOOD)
		return r;
	if (line.key.n != roll->element)
		return why_set(&in->why, R_NON_CANONICAL, "its key has the wrong length");
	if (in->at > 1 &&
	    (r = roll_key_follows(roll_key(roll, in->at - 2), line.key, &in->why)) != R_GOOD)
		return r;
	if (line.part_count != in->d->code_parts)
		return why_set(&in->why, R_BAD_ROLL, "it has %zu parts of a key, not %llu",
		    line.part_count, (unsigned long long)in->d->code_parts);
	memcpy(roll->keys + (in->at - 1) * roll->element, line.key.p, line.key.n);
	return roll_sums_add(sums, &line, bytes, &in->why);
}

static enum result
read_lines(struct roll *roll, struct reader *in, const struct body_roll *body)
{
	struct roll_sums sums = { .n = in->d->class_count };
	struct digest root;
	enum result r = R_GOOD;
	size_t i;

	while (in->rest.n > 0) {
		struct arena arena = { 0 };

		if (in->at == body->count)
			return why_set(&in->why, R_BAD_ROLL, "the record counts %llu lines only",
			    (unsigned long long)body->count);
		r = read_line(roll, in, &arena, &sums);
		arena_free(&arena);
		if (r != R_GOOD)
			return r;
	}
	if (in->at != body->count)
		return why_set(&in->why, R_BAD_ROLL, "it is the last one; the record counts %llu",
		    (unsigned long long)body->count);
	merkle_frontier_root(&sums.tree, &root);
	if (!digest_equal(&root, &body->root))
		return why_set(&in->why, R_BAD_ROLL, "the root of the lines is another");
	for (i = 0; i < sums.n; i++)
		if (sums.total[i] != body->sums[i])
			return why_set(&in->why, R_BAD_ROLL,
			    "the holdings of class \"%s\" add up to %llu", in->d->classes[i],
			    (unsigned long long)sums.total[i]);
	return R_GOOD;
}

/* ---- second: the keys and the proofs of possession, many lines at a time ---- */

struct chunk {
	uint64_t first; /* number of the first line */
	size_t n, parts;
	struct roll_line *lines;
	uint8_t *bytes;        /* CHUNK encodings: the keys, or one part of each */
	enum result *verdicts; /* of these */
	enum result *decoded;  /* of each line: R_GOOD or the first refusal */
	struct gvec *keys;     /* CHUNK, as the products are */
	struct gvec *part, *product;
	struct schnorr_claim *claims; /* CHUNK * parts, line by line */
};

static enum result
chunk_read(struct chunk *c, struct reader *in, struct arena *arena)
{
	struct slice bytes;
	enum result r;

	c->first = in->at;
	for (c->n = 0; c->n < CHUNK && in->rest.n > 0; c->n++)
		if ((r = take_line(in, &bytes)) != R_GOOD ||
		    (r = roll_line_read(&c->lines[c->n], arena, bytes, in->d, &in->why)) != R_GOOD)
			return r;
	return R_GOOD;
}

/* out[i] = the key of line i (k = 0) or its part k; a refusal goes to the line. */
static enum result
decode_keys(struct chunk *c, struct gvec *out, size_t k, const struct effort *effort)
{
	const size_t element = group_element_bytes(gvec_group(out));
	struct slice key;
	enum result r;
	size_t i;

	for (i = 0; i < c->n; i++) {
		key = k == 0 ? c->lines[i].key : c->lines[i].parts[k - 1].key;
		/* Zeros are refused, too; but the length is what is wrong. */
		memset(c->bytes + i * element, 0, element);
		if (key.n == element)
			memcpy(c->bytes + i * element, key.p, element);
	}
	r = gvec_decode_each(out, c->verdicts, c->bytes, element, DECODE_NO_IDENTITY, effort);
	for (i = 0; i < c->n && r == R_GOOD; i++) {
		key = k == 0 ? c->lines[i].key : c->lines[i].parts[k - 1].key;
		if (c->decoded[i] == R_GOOD)
			c->decoded[i] = key.n == element ? c->verdicts[i] : R_NON_CANONICAL;
	}
	return r;
}

/* Decode all keys and parts and multiply. Sets the first line of which something is no element,
 * and the first whose key is not the product of its parts; or n. */
static enum result
decode_lines(struct chunk *c, size_t *no_element, size_t *other, const struct effort *effort)
{
	struct gvec *keys = NULL, *part = NULL, *product = NULL;
	enum result r;
	size_t k;

	if ((r = gvec_slice(&keys, c->keys, 0, c->n)) != R_GOOD ||
	    (r = gvec_slice(&part, c->part, 0, c->n)) != R_GOOD ||
	    (r = gvec_slice(&product, c->product, 0, c->n)) != R_GOOD)
		goto out;
	for (k = 0; k < c->n; k++)
		c->decoded[k] = R_GOOD;
	r = decode_keys(c, keys, 0, effort);
	gvec_set_identity(product);
	for (k = 1; k <= c->parts && r == R_GOOD; k++) {
		r = decode_keys(c, part, k, effort);
		gvec_mul(product, product, part);
	}
	if (r != R_GOOD)
		goto out;
	*other = gvec_differ_vartime(product, keys);
	for (*no_element = 0; *no_element < c->n; (*no_element)++)
		if (c->decoded[*no_element] != R_GOOD)
			break;
out:
	gvec_free(keys);
	gvec_free(part);
	gvec_free(product);
	return r;
}

/* Verify the proofs of the first n lines; the first line with a bad one goes to *line, its
 * reason is returned. */
static enum result
verify_parts(struct chunk *c, const struct reader *in, size_t n, size_t *line, struct rng *rng,
    const struct effort *effort)
{
	struct buffer identity = { 0 };
	enum result r = R_GOOD;
	size_t i, k, at = 0;

	for (i = 0; i < n && r == R_GOOD; i++) {
		buffer_clear(&identity);
		roll_identity(&identity, &c->lines[i]);
		r = buffer_result(&identity);
		for (k = 0; k < c->parts && r == R_GOOD; k++, at++) {
			const struct roll_part *part = &c->lines[i].parts[k];

			c->claims[at] = (struct schnorr_claim){ .X = part->key.p,
				.n = 1,
				.proof = part->proof };
			roll_part_transcript(&c->claims[at].p, in->d->group, in->election, k + 1,
			    buffer_slice(&identity));
		}
	}
	buffer_free(&identity);
	if (r == R_GOOD)
		r = schnorr_verify_batch(c->claims, at, in->d->group, rng, effort);
	if (r == R_GOOD || r >= R_NO_MEMORY)
		return r;
	for (i = 0; c->claims[i].verdict == R_GOOD; i++)
		continue;
	*line = i / c->parts;
	return r;
}

/* Judge a chunk, line by line: keys and parts decode, the product, the proofs. */
static enum result
chunk_verify(struct chunk *c, struct reader *in, struct rng *rng, const struct effort *effort)
{
	size_t no_element, other, n, bad;
	enum result r;

	r = decode_lines(c, &no_element, &other, effort);
	if (r != R_GOOD)
		return r;
	bad = n = other < no_element ? other : no_element;
	r = n == 0 ? R_GOOD : verify_parts(c, in, n, &bad, rng, effort);
	if (r >= R_NO_MEMORY)
		return r;
	if (r != R_GOOD) {
		in->at = c->first + bad + 1;
		return why_set(&in->why, r, "the proof of a part of its key does not hold");
	}
	in->at = c->first + n + 1;
	if (n < no_element)
		return why_set(&in->why, R_BAD_ROLL, "its key is not the product of its parts");
	if (n < c->n)
		return why_set(&in->why, c->decoded[n], "its key or a part of it is no element");
	in->at = c->first + c->n;
	return R_GOOD;
}

static void
chunk_free(struct chunk *c)
{
	free(c->lines);
	free(c->bytes);
	free(c->verdicts);
	free(c->decoded);
	gvec_free(c->keys);
	gvec_free(c->part);
	gvec_free(c->product);
	free(c->claims);
}

static enum result
chunk_new(struct chunk *c, const struct definition *d)
{
	enum result r;

	*c = (struct chunk){ .parts = (size_t)d->code_parts };
	c->lines = calloc(CHUNK, sizeof *c->lines);
	c->bytes = calloc(CHUNK, group_element_bytes(d->group));
	c->verdicts = calloc(CHUNK, sizeof *c->verdicts);
	c->decoded = calloc(CHUNK, sizeof *c->decoded);
	c->claims = calloc(CHUNK * c->parts, sizeof *c->claims);
	if (c->lines == NULL || c->bytes == NULL || c->verdicts == NULL || c->decoded == NULL ||
	    c->claims == NULL)
		return R_NO_MEMORY;
	if ((r = gvec_new(&c->keys, d->group, CHUNK)) == R_GOOD &&
	    (r = gvec_new(&c->part, d->group, CHUNK)) == R_GOOD)
		r = gvec_new(&c->product, d->group, CHUNK);
	return r;
}

static enum result
verify_lines(struct reader *in, const struct body_roll *body, const struct effort *effort)
{
	struct stages stages;
	struct chunk c;
	struct rng rng = { 0 };
	enum result r;

	stages_start(&stages, effort, body->count);
	r = chunk_new(&c, in->d);
	if (r == R_GOOD)
		r = rng_system(&rng);
	while (r == R_GOOD && in->rest.n > 0) {
		struct arena arena = { 0 };

		r = chunk_read(&c, in, &arena);
		if (r == R_GOOD)
			r = chunk_verify(&c, in, &rng, stages_next(&stages, c.n));
		arena_free(&arena);
	}
	rng_wipe(&rng);
	chunk_free(&c);
	return r;
}

enum result
roll_read(struct roll **out, const struct definition *d, const struct digest *election,
    const struct body_roll *body, const struct blob *blob, enum roll_depth depth,
    const struct effort *effort, struct why *why)
{
	struct reader in = { .d = d, .election = election, .blob = blob, .rest = blob->bytes };
	struct roll *roll;
	enum result r;

	*out = NULL;
	if (blob->bytes.n != body->bytes)
		return why_set(why, R_BAD_BLOB, "the roll has %zu bytes, its record says %llu",
		    blob->bytes.n, (unsigned long long)body->bytes);
	roll = roll_new(body->count, group_element_bytes(d->group));
	if (roll == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory for a roll");
	r = read_lines(roll, &in, body);
	if (r == R_GOOD && depth == ROLL_CHECK_ALL) {
		in.rest = blob->bytes;
		in.at = 0;
		r = verify_lines(&in, body, effort);
	}
	if (r != R_GOOD) {
		roll_unref(roll);
		return why_set(why, r, "line %llu of the roll: %s",
		    (unsigned long long)(in.at > 0 ? in.at - 1 : 0),
		    in.why.reason == r ? in.why.text : result_text(r));
	}
	*out = roll;
	return R_GOOD;
}
