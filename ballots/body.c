#include "ballots/body.h"

#include "ballots/record.h"
#include "ballots/walk.h"

/* Bytes whose right length the rule book knows; the record's own limit bounds them. */
static void
bytes_walk(struct walk *w, const char *key, struct slice *bytes)
{
	walk_key(w, key);
	walk_bin_var(w, bytes, 0, RECORD_BYTES_MAX);
}

static void
digest_walk(struct walk *w, const char *key, struct digest *d)
{
	walk_key(w, key);
	walk_digest(w, d);
}

static void
number_walk(struct walk *w, const char *key, uint64_t *x, uint64_t min, uint64_t max)
{
	walk_key(w, key);
	walk_u53(w, x, min, max);
}

static void
upto_walk(struct walk *w, struct body_upto *upto)
{
	walk_key(w, "upto");
	walk_object(w);
	digest_walk(w, "hash", &upto->hash);
	number_walk(w, "seq", &upto->seq, 0, WALK_MAX_INTEGER);
	walk_end(w);
}

void
body_roll_walk(struct walk *w, struct body_roll *b)
{
	size_t i;

	walk_object(w);
	digest_walk(w, "blob", &b->blob);
	number_walk(w, "bytes", &b->bytes, 1, BODY_ROLL_BYTES_MAX);
	number_walk(w, "count", &b->count, 1, BODY_ROLL_LINES_MAX);
	digest_walk(w, "election", &b->election);
	digest_walk(w, "prev", &b->prev);
	digest_walk(w, "root", &b->root);
	walk_key(w, "sums");
	walk_array(w, &b->sums, &b->sum_count, sizeof *b->sums, 0, DEFINITION_CLASSES_MAX);
	while (walk_next(w, &i))
		walk_u53(w, &b->sums[i], 0, DEFINITION_WEIGHT_LIMIT - 1);
	walk_end(w);
}

void
body_approve_walk(struct walk *w, struct body_approve *b)
{
	walk_object(w);
	digest_walk(w, "election", &b->election);
	digest_walk(w, "prev", &b->prev);
	digest_walk(w, "record", &b->record);
	walk_end(w);
}

void
body_keygen_commit_walk(struct walk *w, struct body_keygen_commit *b)
{
	walk_object(w);
	number_walk(w, "attempt", &b->attempt, 1, BODY_ATTEMPT_MAX);
	digest_walk(w, "commit", &b->commit);
	digest_walk(w, "election", &b->election);
	digest_walk(w, "prev", &b->prev);
	bytes_walk(w, "proof", &b->proof);
	bytes_walk(w, "receive", &b->receive);
	walk_end(w);
}

void
body_keygen_deal_walk(struct walk *w, struct body_keygen_deal *b)
{
	walk_object(w);
	number_walk(w, "attempt", &b->attempt, 1, BODY_ATTEMPT_MAX);
	bytes_walk(w, "commitments", &b->commitments);
	digest_walk(w, "election", &b->election);
	digest_walk(w, "prev", &b->prev);
	bytes_walk(w, "proof", &b->proof);
	bytes_walk(w, "shares", &b->shares);
	walk_end(w);
}

void
body_keygen_confirm_walk(struct walk *w, struct body_keygen_confirm *b)
{
	walk_object(w);
	number_walk(w, "attempt", &b->attempt, 1, BODY_ATTEMPT_MAX);
	digest_walk(w, "election", &b->election);
	digest_walk(w, "prev", &b->prev);
	digest_walk(w, "transcript", &b->transcript);
	walk_end(w);
}

void
body_keygen_complain_walk(struct walk *w, struct body_keygen_complain *b)
{
	walk_object(w);
	number_walk(w, "attempt", &b->attempt, 1, BODY_ATTEMPT_MAX);
	number_walk(w, "dealer", &b->dealer, 1, DEFINITION_TRUSTEES_MAX);
	digest_walk(w, "election", &b->election);
	digest_walk(w, "prev", &b->prev);
	bytes_walk(w, "rho", &b->rho);
	walk_end(w);
}

void
body_keygen_skip_walk(struct walk *w, struct body_keygen_skip *b)
{
	walk_object(w);
	number_walk(w, "attempt", &b->attempt, 1, BODY_ATTEMPT_MAX);
	digest_walk(w, "election", &b->election);
	digest_walk(w, "prev", &b->prev);
	number_walk(w, "trustee", &b->trustee, 1, DEFINITION_TRUSTEES_MAX);
	walk_end(w);
}

void
body_open_walk(struct walk *w, struct body_open *b)
{
	walk_object(w);
	number_walk(w, "attempt", &b->attempt, 1, BODY_ATTEMPT_MAX);
	digest_walk(w, "election", &b->election);
	bytes_walk(w, "key", &b->key);
	digest_walk(w, "prev", &b->prev);
	digest_walk(w, "roll", &b->roll);
	walk_end(w);
}

void
body_open_item_walk(struct walk *w, struct body_open_item *b)
{
	walk_object(w);
	digest_walk(w, "election", &b->election);
	digest_walk(w, "hash", &b->hash);
	number_walk(w, "item", &b->item, 1, ITEM_MAX);
	digest_walk(w, "prev", &b->prev);
	walk_end(w);
}

void
body_ballot_walk(struct walk *w, struct body_ballot *b)
{
	uint64_t last = 0;
	size_t i;

	walk_object(w);
	walk_key(w, "answers");
	walk_array(w, &b->answers, &b->answer_count, sizeof *b->answers, 1, ITEM_MAX);
	while (walk_next(w, &i)) {
		struct body_answer *a = &b->answers[i];

		walk_object(w);
		bytes_walk(w, "cts", &a->cts);
		digest_walk(w, "hash", &a->hash);
		number_walk(w, "id", &a->id, 1, ITEM_MAX);
		if (walk_good(w) && a->id <= last)
			walk_fail(w, R_BAD_ENCODING, "must be above the one before");
		last = a->id;
		walk_end(w);
	}
	digest_walk(w, "election", &b->election);
	number_walk(w, "line", &b->line, 0, WALK_MAX_INTEGER);
	digest_walk(w, "open", &b->open);
	digest_walk(w, "prev", &b->prev);
	walk_end(w);
}

void
body_challenged_walk(struct walk *w, struct body_challenged *b)
{
	walk_object(w);
	digest_walk(w, "election", &b->election);
	number_walk(w, "line", &b->line, 0, WALK_MAX_INTEGER);
	digest_walk(w, "open", &b->open);
	digest_walk(w, "prev", &b->prev);
	digest_walk(w, "tracker", &b->tracker);
	walk_end(w);
}

void
body_closing_walk(struct walk *w, struct body_closing *b)
{
	walk_object(w);
	digest_walk(w, "election", &b->election);
	number_walk(w, "item", &b->item, 1, ITEM_MAX);
	digest_walk(w, "prev", &b->prev);
	walk_end(w);
}

void
body_close_walk(struct walk *w, struct body_close *b)
{
	walk_object(w);
	digest_walk(w, "election", &b->election);
	number_walk(w, "item", &b->item, 1, ITEM_MAX);
	digest_walk(w, "prev", &b->prev);
	upto_walk(w, &b->upto);
	walk_end(w);
}

void
body_ready_walk(struct walk *w, struct body_ready *b)
{
	walk_object(w);
	digest_walk(w, "close", &b->close);
	digest_walk(w, "election", &b->election);
	number_walk(w, "item", &b->item, 1, ITEM_MAX);
	digest_walk(w, "list", &b->list);
	digest_walk(w, "prev", &b->prev);
	walk_end(w);
}

void
body_mix_walk(struct walk *w, struct body_mix *b)
{
	walk_object(w);
	digest_walk(w, "close", &b->close);
	digest_walk(w, "election", &b->election);
	digest_walk(w, "input", &b->input);
	number_walk(w, "item", &b->item, 1, ITEM_MAX);
	number_walk(w, "ordinal", &b->ordinal, 1, BODY_ORDINAL_MAX);
	digest_walk(w, "output", &b->output);
	digest_walk(w, "prev", &b->prev);
	digest_walk(w, "proof", &b->proof);
	walk_end(w);
}

void
body_decrypt_walk(struct walk *w, struct body_decrypt *b)
{
	walk_object(w);
	digest_walk(w, "close", &b->close);
	digest_walk(w, "election", &b->election);
	digest_walk(w, "factors", &b->factors);
	number_walk(w, "item", &b->item, 1, ITEM_MAX);
	digest_walk(w, "list", &b->list);
	digest_walk(w, "prev", &b->prev);
	bytes_walk(w, "proof", &b->proof);
	walk_end(w);
}

void
body_fault_walk(struct walk *w, struct body_fault *b)
{
	walk_object(w);
	digest_walk(w, "election", &b->election);
	digest_walk(w, "prev", &b->prev);
	walk_key(w, "record");
	walk_value(w, &b->record, RECORD_BYTES_MAX);
	if (walk_good(w) && b->record.p[0] != '{')
		walk_fail(w, R_BAD_ENCODING, "must be an object");
	walk_end(w);
}

void
body_result_walk(struct walk *w, struct body_result *b)
{
	walk_object(w);
	digest_walk(w, "election", &b->election);
	number_walk(w, "item", &b->item, 1, ITEM_MAX);
	digest_walk(w, "prev", &b->prev);
	digest_walk(w, "result", &b->result);
	upto_walk(w, &b->upto);
	walk_end(w);
}

void
body_board_key_walk(struct walk *w, struct body_board_key *b)
{
	walk_object(w);
	digest_walk(w, "election", &b->election);
	walk_key(w, "key");
	walk_bin(w, b->key.b, sizeof b->key.b);
	digest_walk(w, "prev", &b->prev);
	walk_end(w);
}

void
body_result_hash(struct digest *hash, struct slice object)
{
	hash_tagged(hash, "tabella/1 result", object.p, object.n);
}
