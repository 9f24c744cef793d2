/* What is checked of ready, mix, decrypt, fault and result beyond their place: blobs and
 * proofs. Pure: any thread. */
#include "ballots/rules_parts.h"
#include "crypto/dleq.h"
#include "crypto/shuffle.h"

/* The item that a prepared record names; it exists. */
static const struct item_data *
item_of(const struct check *c, uint64_t id)
{
	return frozen_item_data(c->frozen, id);
}

/* (8) Open a blob that must have `bytes` bytes. */
static enum result
open_blob(struct blob *blob, const struct source *source, const struct digest *id, size_t bytes,
    const char *what, struct why *why)
{
	enum result r = source_blob(source, id, blob);

	if (r != R_GOOD)
		return why_set(why, r, "%s: %s", what, result_text(r));
	if (blob->bytes.n == bytes)
		return R_GOOD;
	r = why_set(why, R_BAD_WIDTH, "%s: it has %zu bytes; there must be %zu", what,
	    blob->bytes.n, bytes);
	blob_release(blob);
	return r;
}

/* (9) The list that the trustee has derived is the one that follows from the board. */
enum result
tally_run_ready(struct check *c, const struct source *source, const struct effort *effort,
    struct why *why)
{
	const struct body_ready *b = &c->record->of.ready;
	const struct item_data *item = item_of(c, b->item);
	struct list list = { 0 };
	struct digest digest;
	enum result r;

	(void)effort;
	if (c->frozen->mode == RULES_REPLAY)
		return R_GOOD;
	if (item->has_list)
		digest = item->input;
	else {
		r = frozen_list(c->frozen, b->item, source, &list, why);
		if (r != R_GOOD)
			return r;
		digest = list.digest;
		list_release(&list);
	}
	if (!digest_equal(&digest, &b->list))
		return why_set(why, R_INPUT_LIST,
		    "its list is not the one that follows from the board");
	return R_GOOD;
}

/* (7) The output differs from the input; (8) the blobs; (9) the shuffle. */
enum result
tally_run_mix(struct check *c, const struct source *source, const struct effort *effort,
    struct why *why)
{
	const struct body_mix *b = &c->record->of.mix;
	const struct item_data *item = item_of(c, b->item);
	const struct group *g = frozen_definition(c->frozen)->group;
	const size_t rows = (size_t)item->counted;
	struct blob output = { 0 }, proof = { 0 };
	struct list input = { 0 };
	enum result r;

	if (c->frozen->mode == RULES_REPLAY)
		return R_GOOD;
	if (digest_equal(&b->input, &b->output))
		return why_set(why, R_NOOP_MIX, "the mix returned its input unchanged");
	if ((r = frozen_current_list(c->frozen, b->item, source, &input, why)) != R_GOOD ||
	    (r = open_blob(&output, source, &b->output, shuffle_output_bytes(g, rows, item->width),
		 "output", why)) != R_GOOD ||
	    (r = open_blob(&proof, source, &b->proof, shuffle_proof_bytes(g, rows, item->width),
		 "proof", why)) != R_GOOD)
		goto out;
	const struct shuffle_statement s = { .group = g,
		.close = &item->close,
		.item = b->item,
		.ordinal = b->ordinal,
		.trustee = frozen_author(c->frozen, c->record),
		.y = frozen_key(c->frozen),
		.rows = rows,
		.width = item->width,
		.input = input.bytes,
		.output = output.bytes };
	r = shuffle_verify(&s, proof.bytes, effort);
	if (r != R_GOOD)
		(void)why_set(why, r, "the mix of trustee %llu: %s", (unsigned long long)s.trustee,
		    result_text(r));
out:
	list_release(&input);
	blob_release(&output);
	blob_release(&proof);
	return r;
}

/* (7) The proof decodes; (8) the factors are there; (9) they are right. */
enum result
tally_run_decrypt(struct check *c, const struct source *source, const struct effort *effort,
    struct why *why)
{
	const struct body_decrypt *b = &c->record->of.decrypt;
	const struct item_data *item = item_of(c, b->item);
	const struct group *g = frozen_definition(c->frozen)->group;
	const size_t rows = (size_t)item->counted;
	struct blob factors = { 0 };
	struct list list = { 0 };
	enum result r;

	if (c->frozen->mode == RULES_REPLAY)
		return R_GOOD;
	if ((r = decode_form(g, b->proof, 2, 1)) != R_GOOD)
		return why_set(why, r, "proof: %s", result_text(r));
	if ((r = open_blob(&factors, source, &b->factors, dleq_factors_bytes(g, rows, item->width),
		 "factors", why)) != R_GOOD ||
	    (r = frozen_current_list(c->frozen, b->item, source, &list, why)) != R_GOOD)
		goto out;
	const struct dleq_statement s = { .group = g,
		.close = &item->close,
		.item = b->item,
		.trustee = frozen_author(c->frozen, c->record),
		.X = frozen_share(c->frozen, frozen_author(c->frozen, c->record)),
		.rows = rows,
		.width = item->width,
		.list = list.bytes,
		.factors = factors.bytes };
	r = dleq_verify(&s, b->proof, effort);
	if (r != R_GOOD)
		(void)why_set(why, r, "the factors of trustee %llu: %s",
		    (unsigned long long)s.trustee, result_text(r));
out:
	list_release(&list);
	blob_release(&factors);
	return r;
}

int
rules_is_fault(enum result reason)
{
	switch (reason) {
	case R_NON_CANONICAL:
	case R_NOT_IN_GROUP:
	case R_BAD_ELEMENT:
	case R_BAD_WIDTH:
	case R_BAD_ENCODING:
	case R_BAD_SHUFFLE:
	case R_NOOP_MIX:
	case R_BAD_DECRYPTION: return 1;
	default: return 0;
	}
}

/* Is a blob there, as it is named? */
static enum result
have_blob(void *arg, const struct digest *id)
{
	struct blob blob;
	enum result r = source_blob(arg, id, &blob);

	blob_release(&blob);
	return r;
}

/* (9) All that the accused record names is there, lest the archive lack it; it carries its
 * author's signature, and its content is bad. */
enum result
tally_run_fault(struct check *c, const struct source *source, const struct effort *effort,
    struct why *why)
{
	struct check accused = { .record = c->accused, .frozen = c->frozen };
	struct why reason = { .text = "its content is good" };
	enum result r;

	if (c->frozen->mode == RULES_REPLAY)
		return R_GOOD;
	r = record_blobs(c->accused, have_blob, (void *)(uintptr_t)source);
	if (r != R_GOOD)
		return why_set(why, r < R_NO_MEMORY ? R_BAD_FAULT : r,
		    "a blob that the accused record names: %s", result_text(r));
	r = record_check_signature(c->accused);
	if (r == R_BAD_SIGNATURE)
		return why_set(why, R_BAD_FAULT, "the accused record is not signed by its author");
	if (r == R_GOOD)
		r = rules_table[c->accused->type].run(&accused, source, effort, &reason);
	if (rules_is_fault(r))
		return R_GOOD;
	if (r >= R_NO_MEMORY)
		return why_set(why, r, "%s", reason.text);
	return why_set(why, R_BAD_FAULT, "the accused record is not at fault: %.300s", reason.text);
}

/* (9) The result is the one that follows. */
enum result
tally_run_result(struct check *c, const struct source *source, const struct effort *effort,
    struct why *why)
{
	const struct body_result *b = &c->record->of.result;
	struct buffer object = { 0 };
	struct digest hash;
	enum result r;

	if (c->frozen->mode == RULES_REPLAY)
		return R_GOOD;
	r = frozen_result(c->frozen, b->item, source, &object, effort, why);
	if (r == R_GOOD) {
		body_result_hash(&hash, buffer_slice(&object));
		if (!digest_equal(&hash, &b->result))
			r = why_set(why, R_RESULT_MISMATCH,
			    "the result of item %llu is not the one that follows from the board",
			    (unsigned long long)b->item);
	}
	buffer_free(&object);
	return r;
}
