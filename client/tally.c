#include "client/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/dleq.h"
#include "crypto/rng.h"
#include "crypto/shuffle.h"

enum result
tally_post(struct tally *t, const char *duty, enum record_type type, union record_body *body,
    struct why *why)
{
	struct buffer record = { 0 };
	enum result r;

	mirror_fill(&t->w->mirror, type, body, &t->key);
	r = record_sign(&record, type, body, &t->key, why);
	if (r == R_GOOD && duty != NULL)
		r = journal_record(t->journal, duty, buffer_slice(&record), why);
	if (r == R_GOOD)
		r = mirror_send(&t->w->mirror, buffer_slice(&record), NULL, why);
	buffer_free(&record);
	return r;
}

static enum result
ready(struct tally *t, const struct item_status *item, struct why *why)
{
	union record_body body = { 0 };
	struct list list = { 0 };
	char duty[64];
	enum result r = frozen_list(mirror_now(&t->w->mirror), item->item->id,
	    mirror_source(&t->w->mirror), &list, why);

	(void)snprintf(duty, sizeof duty, "ready/%" PRIu64, item->item->id);
	if (r == R_GOOD)
		r = journal_commit(t->journal, duty, &list.digest, why);
	if (r == R_GOOD) {
		body.ready.close = *item->close;
		body.ready.item = item->item->id;
		body.ready.list = list.digest;
		r = tally_post(t, duty, RECORD_READY, &body, why);
	}
	list_release(&list);
	return r;
}

/* Upload again what a kept record names; the board takes up where it was. */
static enum result
upload_kept(struct tally *t, const struct digest *id, struct why *why)
{
	struct blob blob = { 0 };
	struct digest name;
	enum result r = source_blob(mirror_source(&t->w->mirror), id, &blob);

	if (r != R_GOOD)
		return r;
	r = mirror_upload(&t->w->mirror, blob.bytes, &name, &t->key, why);
	blob_release(&blob);
	return r;
}

struct upload_all {
	struct tally *t;
	struct why *why;
};

static enum result
upload_one(void *arg, const struct digest *id)
{
	struct upload_all *u = arg;

	return upload_kept(u->t, id, u->why);
}

/* Send a kept record again, with its blobs, for as long as it is not on the board. If others of ours have
 * come in between it is signed anew for its new place, with the same content: there are never two
 * outputs for one list. R_NOT_FOUND: nothing was kept, or not yet its blobs: then it never
 * left. */
static enum result
resume(struct tally *t, const char *duty, const struct digest *close, struct why *why)
{
	const struct digest *prev = frozen_prev(mirror_now(&t->w->mirror), ROLE_TRUSTEE, t->number);
	struct upload_all u = { t, why };
	struct record *record = NULL;
	union record_body body;
	struct slice kept;
	enum result r = journal_find(t->journal, duty, &kept);

	if (r == R_GOOD)
		r = record_parse(&record, NULL, kept, why);
	if (r != R_GOOD)
		return r;
	body = record->of;
	if (!digest_equal(record->type == RECORD_MIX ? &body.mix.close : &body.decrypt.close,
		close)) {
		r = why_set(why, R_EQUIVOCATION,
		    "for %s this trustee has signed for another close: the board has shown two "
		    "histories\nNothing was signed. Keep this folder and tell the other trustees",
		    duty);
		goto out;
	}
	r = record_blobs(record, upload_one, &u);
	if (r == R_MISSING_BLOB || r == R_BAD_BLOB)
		r = R_NOT_FOUND;
	if (r == R_GOOD)
		r = digest_equal(&record->prev, prev)
		    ? mirror_send(&t->w->mirror, kept, NULL, why)
		    : tally_post(t, duty, record->type, &body, why);
out:
	record_free(record);
	return r;
}

static enum result
mix_list(struct tally *t, const struct duty *duty, const struct item_status *item,
    const struct list *list, const char *name, struct why *why)
{
	const struct frozen *f = mirror_now(&t->w->mirror);
	const struct group *g = frozen_definition(f)->group;
	struct shuffle_statement s = { .group = g,
		.close = item->close,
		.item = duty->item,
		.ordinal = duty->ordinal,
		.trustee = t->number,
		.y = frozen_key(f),
		.rows = (size_t)list->rows,
		.width = list->width,
		.input = list->bytes };
	size_t output_n = shuffle_output_bytes(g, s.rows, s.width);
	size_t proof_n = shuffle_proof_bytes(g, s.rows, s.width);
	uint8_t *output = malloc(output_n), *proof = malloc(proof_n);
	union record_body body = { 0 };
	struct rng rng;
	enum result r = output == NULL || proof == NULL ? R_NO_MEMORY : rng_system(&rng);

	if (r == R_GOOD) {
		r = shuffle_mix(&s, output, proof, &rng, &t->effort);
		rng_wipe(&rng);
	}
	if (r == R_GOOD) {
		body.mix.close = *item->close;
		body.mix.input = list->digest;
		body.mix.item = duty->item;
		body.mix.ordinal = duty->ordinal;
		r = mirror_upload(&t->w->mirror, (struct slice){ output, output_n },
		    &body.mix.output, &t->key, why);
	}
	if (r == R_GOOD)
		r = mirror_upload(&t->w->mirror, (struct slice){ proof, proof_n }, &body.mix.proof,
		    &t->key, why);
	if (r == R_GOOD)
		r = tally_post(t, name, RECORD_MIX, &body, why);
	free(output);
	free(proof);
	return r;
}

static enum result
mix(struct tally *t, const struct duty *duty, const struct item_status *item, struct why *why)
{
	struct list list = { 0 };
	char name[64];
	enum result r;

	(void)snprintf(name, sizeof name, "mix/%" PRIu64 "/%" PRIu64, duty->item, duty->ordinal);
	r = frozen_current_list(mirror_now(&t->w->mirror), duty->item, mirror_source(&t->w->mirror),
	    &list, why);
	/* The list first, then anything that is made of it: never two lists for one item. */
	if (r == R_GOOD)
		r = journal_commit(t->journal, name, &list.digest, why);
	if (r == R_GOOD) {
		r = resume(t, name, item->close, why);
		if (r == R_NOT_FOUND)
			r = mix_list(t, duty, item, &list, name, why);
	}
	list_release(&list);
	return r;
}

static enum result
decrypt_list(struct tally *t, const struct item_status *item, const struct list *list,
    const char *name, struct why *why)
{
	const struct frozen *f = mirror_now(&t->w->mirror);
	const struct group *g = frozen_definition(f)->group;
	struct dleq_statement s = { .group = g,
		.close = item->close,
		.item = item->item->id,
		.trustee = t->number,
		.X = frozen_share(f, t->number),
		.rows = (size_t)list->rows,
		.width = list->width,
		.list = list->bytes };
	size_t factors_n = dleq_factors_bytes(g, s.rows, s.width), proof_n = dleq_proof_bytes(g);
	uint8_t *factors = malloc(factors_n), *proof = malloc(proof_n);
	union record_body body = { 0 };
	struct svec *x = NULL;
	struct rng rng;
	enum result r = factors == NULL || proof == NULL ? R_NO_MEMORY : tally_share(t, &x, why);

	if (r == R_GOOD)
		r = dleq_factors(factors, &s, x, &t->effort);
	if (r == R_GOOD)
		r = rng_system(&rng);
	if (r == R_GOOD) {
		s.factors = (struct slice){ factors, factors_n };
		r = dleq_prove(proof, &s, x, &rng, &t->effort);
		rng_wipe(&rng);
	}
	svec_free(x);
	if (r == R_GOOD) {
		body.decrypt.close = *item->close;
		body.decrypt.item = item->item->id;
		body.decrypt.list = list->digest;
		body.decrypt.proof = (struct slice){ proof, proof_n };
		r = mirror_upload(&t->w->mirror, s.factors, &body.decrypt.factors, &t->key, why);
	}
	if (r == R_GOOD)
		r = tally_post(t, name, RECORD_DECRYPT, &body, why);
	free(factors);
	free(proof);
	return r;
}

static enum result
decrypt(struct tally *t, const struct duty *duty, const struct item_status *item, struct why *why)
{
	struct list list = { 0 };
	char name[64];
	enum result r;

	(void)snprintf(name, sizeof name, "decrypt/%" PRIu64, duty->item);
	r = frozen_current_list(mirror_now(&t->w->mirror), duty->item, mirror_source(&t->w->mirror),
	    &list, why);
	if (r == R_GOOD)
		r = journal_commit(t->journal, name, &list.digest, why);
	if (r == R_GOOD) {
		r = resume(t, name, item->close, why);
		if (r == R_NOT_FOUND)
			r = decrypt_list(t, item, &list, name, why);
	}
	list_release(&list);
	return r;
}

enum result
tally_do(struct tally *t, const struct duty *duty, struct why *why)
{
	struct item_status item;
	enum result r;

	switch (duty->kind) {
	case DUTY_KEYGEN_COMMIT:
	case DUTY_KEYGEN_DEAL:
	case DUTY_KEYGEN_CONFIRM: return tally_keygen(t, duty, why);
	default: break;
	}
	r = frozen_item(mirror_now(&t->w->mirror), duty->item, &item);
	if (r != R_GOOD)
		return r;
	switch (duty->kind) {
	case DUTY_READY: return ready(t, &item, why);
	case DUTY_MIX: return mix(t, duty, &item, why);
	case DUTY_DECRYPT: return decrypt(t, duty, &item, why);
	default: return R_STATE;
	}
}
