#include "ballots/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/walk.h"

#define BY_MAX 1024 /* more than the largest element */

/* names[type - 1]; the order is that of enum record_type. */
static const char *const names[RECORD_TYPES - 1] = {
	"definition",
	"item",
	"roll",
	"approve",
	"keygen-commit",
	"keygen-deal",
	"keygen-confirm",
	"keygen-complain",
	"keygen-skip",
	"open",
	"open-item",
	"ballot",
	"challenged",
	"closing",
	"close",
	"ready",
	"mix",
	"decrypt",
	"fault",
	"result",
	"board-key",
};

/* Where each body has the two fields that all but the definition share. */
#define COMMON(name) \
	{ \
		offsetof(union record_body, name.election), offsetof(union record_body, name.prev) \
	}
static const struct {
	size_t election, prev;
} common[RECORD_TYPES] = {
	[RECORD_ITEM] = COMMON(item),
	[RECORD_ROLL] = COMMON(roll),
	[RECORD_APPROVE] = COMMON(approve),
	[RECORD_KEYGEN_COMMIT] = COMMON(keygen_commit),
	[RECORD_KEYGEN_DEAL] = COMMON(keygen_deal),
	[RECORD_KEYGEN_CONFIRM] = COMMON(keygen_confirm),
	[RECORD_KEYGEN_COMPLAIN] = COMMON(keygen_complain),
	[RECORD_KEYGEN_SKIP] = COMMON(keygen_skip),
	[RECORD_OPEN] = COMMON(open),
	[RECORD_OPEN_ITEM] = COMMON(open_item),
	[RECORD_BALLOT] = COMMON(ballot),
	[RECORD_CHALLENGED] = COMMON(challenged),
	[RECORD_CLOSING] = COMMON(closing),
	[RECORD_CLOSE] = COMMON(close),
	[RECORD_READY] = COMMON(ready),
	[RECORD_MIX] = COMMON(mix),
	[RECORD_DECRYPT] = COMMON(decrypt),
	[RECORD_FAULT] = COMMON(fault),
	[RECORD_RESULT] = COMMON(result),
	[RECORD_BOARD_KEY] = COMMON(board_key),
};

const char *
record_type_name(enum record_type type)
{
	return type > RECORD_UNKNOWN && type < RECORD_TYPES ? names[type - 1] : "unknown";
}

int
record_is_voters(enum record_type type)
{
	return type == RECORD_BALLOT || type == RECORD_CHALLENGED;
}

/* ---- the walk ---- */

static void
fields_walk(struct walk *w, enum record_type type, union record_body *b)
{
	switch (type) {
	case RECORD_DEFINITION: definition_walk(w, &b->definition); break;
	case RECORD_ITEM: item_walk(w, &b->item); break;
	case RECORD_ROLL: body_roll_walk(w, &b->roll); break;
	case RECORD_APPROVE: body_approve_walk(w, &b->approve); break;
	case RECORD_KEYGEN_COMMIT: body_keygen_commit_walk(w, &b->keygen_commit); break;
	case RECORD_KEYGEN_DEAL: body_keygen_deal_walk(w, &b->keygen_deal); break;
	case RECORD_KEYGEN_CONFIRM: body_keygen_confirm_walk(w, &b->keygen_confirm); break;
	case RECORD_KEYGEN_COMPLAIN: body_keygen_complain_walk(w, &b->keygen_complain); break;
	case RECORD_KEYGEN_SKIP: body_keygen_skip_walk(w, &b->keygen_skip); break;
	case RECORD_OPEN: body_open_walk(w, &b->open); break;
	case RECORD_OPEN_ITEM: body_open_item_walk(w, &b->open_item); break;
	case RECORD_BALLOT: body_ballot_walk(w, &b->ballot); break;
	case RECORD_CHALLENGED: body_challenged_walk(w, &b->challenged); break;
	case RECORD_CLOSING: body_closing_walk(w, &b->closing); break;
	case RECORD_CLOSE: body_close_walk(w, &b->close); break;
	case RECORD_READY: body_ready_walk(w, &b->ready); break;
	case RECORD_MIX: body_mix_walk(w, &b->mix); break;
	case RECORD_DECRYPT: body_decrypt_walk(w, &b->decrypt); break;
	case RECORD_FAULT: body_fault_walk(w, &b->fault); break;
	case RECORD_RESULT: body_result_walk(w, &b->result); break;
	case RECORD_BOARD_KEY: body_board_key_walk(w, &b->board_key); break;
	case RECORD_UNKNOWN:
	case RECORD_TYPES: abort();
	}
}

/* {"<type>":{...}} */
static void
body_walk(struct walk *w, enum record_type *type, union record_body *body)
{
	unsigned which = w->writing ? (unsigned)*type - 1 : 0;

	walk_object(w);
	walk_variant(w, names, RECORD_TYPES - 1, &which, R_STATE);
	if (walk_good(w)) {
		*type = (enum record_type)(which + 1);
		fields_walk(w, *type, body);
	}
	walk_end(w);
}

/* What follows the body: by, and sig or proof. */
static void
author_walk(struct walk *w, struct record *r)
{
	walk_key(w, "by");
	if (record_is_voters(r->type)) {
		walk_bin_var(w, &r->by, 0, BY_MAX);
		walk_key(w, "proof");
		walk_bin_var(w, &r->proof, 0, RECORD_BYTES_MAX);
	} else {
		walk_bin(w, r->signer.b, sizeof r->signer.b);
		walk_key(w, "sig");
		walk_bin(w, r->sig.b, sizeof r->sig.b);
	}
	walk_end(w);
}

/* ---- reading ---- */

/* Set what follows from the bytes of a record whose fields have been read. */
static void
derive(struct record *r)
{
	const uint8_t *of = (const uint8_t *)&r->of;

	sha256(&r->hash, r->bytes.p, r->bytes.n);
	if (!record_is_voters(r->type)) {
		r->by.p = r->signer.b;
		r->by.n = sizeof r->signer.b;
	}
	if (r->type == RECORD_BALLOT)
		record_tracker(&r->tracker, r->body);
	if (r->type == RECORD_DEFINITION) {
		definition_id(&r->election, r->body);
		return;
	}
	memcpy(&r->election, of + common[r->type].election, sizeof r->election);
	memcpy(&r->prev, of + common[r->type].prev, sizeof r->prev);
}

/* The bounds between fields. */
static enum result
bounds(struct record *r, struct why *why)
{
	switch (r->type) {
	case RECORD_DEFINITION: return definition_check(&r->of.definition, why);
	case RECORD_ITEM: return item_check(&r->of.item, why);
	default: return R_GOOD;
	}
}

/* Read the whole record, or a body alone. */
static enum result
read_all(struct record *r, int whole, struct why *why)
{
	struct walk w;
	size_t begin;

	walk_read(&w, &r->arena, r->bytes, RECORD_BYTES_MAX);
	if (whole) {
		walk_object(&w);
		walk_key(&w, "body");
	}
	begin = walk_raw_begin(&w);
	body_walk(&w, &r->type, &r->of);
	walk_raw_end(&w, begin, &r->body);
	if (whole)
		author_walk(&w, r);
	if (walk_finish(&w) != R_GOOD)
		return why_set(why, w.error, "%s record: %s",
		    r->type == RECORD_UNKNOWN ? "a" : record_type_name(r->type), w.why.text);
	return bounds(r, why);
}

static enum result
parse(struct record **out, enum record_type *type, struct slice bytes, int whole, struct why *why)
{
	struct record *r;
	uint8_t *copy;
	enum result result;

	*out = NULL;
	if (type != NULL)
		*type = RECORD_UNKNOWN;
	if (bytes.n > RECORD_BYTES_MAX)
		return why_set(why, R_TOO_LARGE, "the record has %zu bytes, more than %zu", bytes.n,
		    (size_t)RECORD_BYTES_MAX);
	r = calloc(1, sizeof *r);
	if (r == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory for a record");
	copy = arena_alloc(&r->arena, bytes.n);
	if (copy == NULL) {
		result = why_set(why, R_NO_MEMORY, "out of memory for a record");
	} else {
		if (bytes.n > 0)
			memcpy(copy, bytes.p, bytes.n);
		r->bytes.p = copy;
		r->bytes.n = bytes.n;
		result = read_all(r, whole, why);
	}
	if (type != NULL)
		*type = r->type;
	if (result != R_GOOD) {
		record_free(r);
		return result;
	}
	derive(r);
	*out = r;
	return R_GOOD;
}

enum result
record_parse(struct record **out, enum record_type *type, struct slice bytes, struct why *why)
{
	return parse(out, type, bytes, 1, why);
}

enum result
record_parse_body(struct record **out, struct slice body, struct why *why)
{
	return parse(out, NULL, body, 0, why);
}

void
record_free(struct record *record)
{
	if (record == NULL)
		return;
	arena_free(&record->arena);
	free(record);
}

/* ---- writing ---- */

enum result
record_write_body(struct buffer *out, enum record_type type, const union record_body *body,
    struct why *why)
{
	/* A walk takes what it may change; here it changes nothing. */
	struct record r = { .type = type, .of = *body };
	enum result result = bounds(&r, why);
	struct walk w;

	if (result != R_GOOD)
		return result;
	walk_write(&w, out, RECORD_BYTES_MAX);
	body_walk(&w, &r.type, &r.of);
	if (walk_finish(&w) != R_GOOD)
		return why_set(why, w.error, "%s record: %s", record_type_name(type), w.why.text);
	return R_GOOD;
}

static enum result
write_all(struct buffer *out, struct slice body, struct record *r, struct why *why)
{
	struct walk w;

	walk_write(&w, out, RECORD_BYTES_MAX);
	walk_object(&w);
	walk_key(&w, "body");
	walk_value(&w, &body, RECORD_BYTES_MAX);
	author_walk(&w, r);
	if (walk_finish(&w) != R_GOOD)
		return why_set(why, w.error, "a record: %s", w.why.text);
	return R_GOOD;
}

enum result
record_sign(struct buffer *out, enum record_type type, const union record_body *body,
    const struct sign_key *key, struct why *why)
{
	struct record r = { .type = type };
	struct buffer bytes = { 0 };
	enum result result;

	assert(!record_is_voters(type));
	result = record_write_body(&bytes, type, body, why);
	if (result != R_GOOD)
		goto out;
	memcpy(r.signer.b, key->b + SIGN_SEED_BYTES, sizeof r.signer.b);
	result = sign_make(&r.sig, key, "tabella/1 record", buffer_slice(&bytes));
	if (result != R_GOOD) {
		(void)why_set(why, result, "out of memory for a signature");
		goto out;
	}
	result = write_all(out, buffer_slice(&bytes), &r, why);
out:
	buffer_free(&bytes);
	return result;
}

enum result
record_write_voter(struct buffer *out, struct slice body, struct slice by, struct slice proof,
    struct why *why)
{
	struct record r = { .type = RECORD_BALLOT, .by = by, .proof = proof };

	return write_all(out, body, &r, why);
}

/* ---- what a record says ---- */

enum result
record_check_signature(const struct record *record)
{
	return sign_check(&record->signer, "tabella/1 record", record->body, &record->sig);
}

void
record_tracker(struct digest *tracker, struct slice body)
{
	hash_tagged(tracker, "tabella/1 tracker", body.p, body.n);
}

void
record_tracker_print(char out[RECORD_TRACKER_TEXT], const struct digest *tracker)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned i, j, bit, value;
	char *p = out;

	for (i = 0; i < 32; i++) {
		if (i > 0 && i % 4 == 0)
			*p++ = ' ';
		for (value = 0, j = 0; j < 5; j++) {
			bit = 5 * i + j;
			value = value << 1 | (tracker->b[bit / 8] >> (7 - bit % 8) & 1U);
		}
		*p++ = letters[value];
	}
	*p = '\0';
}

size_t
record_limit(enum record_type type, const struct definition *d, const size_t *widths, size_t count)
{
	size_t element, scalar, limit = 8192, i;

	if (d == NULL || type == RECORD_DEFINITION || type == RECORD_ITEM)
		return 262144;
	if (type == RECORD_FAULT)
		return 65536;
	element = group_element_bytes(d->group);
	scalar = group_scalar_bytes(d->group);
	if (type == RECORD_KEYGEN_DEAL)
		limit += 2 * (d->threshold * element + d->trustee_count * (element + scalar + 16));
	if (type == RECORD_BALLOT)
		for (i = 0; i < count; i++)
			limit += 512 + 4 * widths[i] * element + 2 * widths[i] * (element + scalar);
	return limit;
}

enum result
record_blobs(const struct record *record, blob_each *each, void *arg)
{
	struct record *accused;
	enum result r;

	switch (record->type) {
	case RECORD_ROLL: return each(arg, &record->of.roll.blob);
	case RECORD_DECRYPT: return each(arg, &record->of.decrypt.factors);
	case RECORD_MIX:
		r = each(arg, &record->of.mix.output);
		return r == R_GOOD ? each(arg, &record->of.mix.proof) : r;
	case RECORD_FAULT:
		r = record_parse(&accused, NULL, record->of.fault.record, NULL);
		if (r == R_GOOD && accused->type != RECORD_FAULT)
			r = record_blobs(accused, each, arg);
		record_free(accused);
		return r;
	default: return R_GOOD;
	}
}
