/* Voting and tallying. */
#include <stdlib.h>
#include <string.h>

#include "crypto/dleq.h"
#include "crypto/elgamal.h"
#include "crypto/shuffle.h"
#include "tests/bottle_parts.h"

static const struct frozen *
now(const struct bottle *b)
{
	return rules_now(b->rules);
}

static struct item_status
item_of(struct bottle *b, uint64_t id)
{
	struct item_status s;

	bottle_must(b, frozen_item(now(b), id, &s), "item");
	return s;
}

/* ---- voters ---- */

struct ballot_place
bottle_place(struct bottle *b, unsigned voter, struct digest *prev)
{
	const struct bottle_voter *v = &b->voters[voter];
	static const struct digest unopened;

	(void)rules_line_prev(b->rules, v->line, prev);
	return (struct ballot_place){ .group = b->group,
		.election = frozen_election(now(b)),
		.open = frozen_open(now(b)) == NULL ? &unopened : frozen_open(now(b)),
		.y = frozen_key_bytes(now(b)),
		.line = v->line,
		.X = { v->X, group_element_bytes(b->group) },
		.prev = prev };
}

struct ballot_draft *
bottle_draft(struct bottle *b, unsigned voter, const struct bottle_answer *answers, size_t n)
{
	struct ballot_answer *out = bottle_keep(b, n * sizeof *out);
	struct choice *choices = bottle_keep(b, n * sizeof *choices);
	struct ballot_draft *draft;
	struct item_status s;
	struct digest prev;
	struct ballot_place place = bottle_place(b, voter, &prev);
	size_t i;

	for (i = 0; i < n; i++) {
		s = item_of(b, answers[i].item);
		bottle_must(b,
		    choice_parse(&choices[i], (enum choice_type)s.item->choice,
			(unsigned)s.item->option_count, answers[i].choice, &b->why),
		    answers[i].choice);
		out[i] =
		    (struct ballot_answer){ .item = s.item, .hash = s.hash, .choice = &choices[i] };
	}
	bottle_must(b, ballot_draft_new(&draft, &place, out, n, &b->rng, &b->why), "ballot");
	return draft;
}

void
bottle_ballot(struct bottle *b, struct buffer *out, unsigned voter,
    const struct bottle_answer *answers, size_t n)
{
	struct ballot_draft *draft = bottle_draft(b, voter, answers, n);

	bottle_must(b, ballot_draft_cast(out, draft, b->voters[voter].x, &b->rng, &b->why),
	    "ballot");
	ballot_draft_free(draft);
}

void
bottle_challenged(struct bottle *b, struct buffer *out, unsigned voter,
    const struct digest *tracker)
{
	struct digest prev;
	struct ballot_place place = bottle_place(b, voter, &prev);

	bottle_must(b, ballot_challenge(out, &place, tracker, b->voters[voter].x, &b->rng, &b->why),
	    "challenge");
}

void
bottle_vote(struct bottle *b, unsigned voter, uint64_t item, const char *choice)
{
	const struct bottle_answer answer = { item, choice };
	struct buffer record = { 0 };

	bottle_ballot(b, &record, voter, &answer, 1);
	bottle_must(b, bottle_append(b, buffer_slice(&record)), "ballot");
	buffer_free(&record);
}

/* ---- closing ---- */

void
bottle_closing_body(struct bottle *b, union record_body *body, uint64_t item)
{
	memset(body, 0, sizeof *body);
	body->closing.election = *frozen_election(now(b));
	body->closing.item = item;
	body->closing.prev = bottle_prev(b, ROLE_ORGANISER, 1);
}

/* The last entry, as `upto` names it. */
static struct body_upto
last_entry(struct bottle *b)
{
	return (struct body_upto){ .hash = *rules_head(b->rules), .seq = rules_size(b->rules) - 1 };
}

void
bottle_close_body(struct bottle *b, union record_body *body, uint64_t item)
{
	memset(body, 0, sizeof *body);
	body->close.election = *frozen_election(now(b));
	body->close.item = item;
	body->close.prev = bottle_prev(b, ROLE_ORGANISER, 1);
	body->close.upto = last_entry(b);
}

void
bottle_close(struct bottle *b, uint64_t item)
{
	union record_body body;

	bottle_closing_body(b, &body, item);
	bottle_take(b, RECORD_CLOSING, &body, ROLE_ORGANISER, 1);
	bottle_close_body(b, &body, item);
	bottle_take(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1);
}

/* ---- tally ---- */

void
bottle_ready_body(struct bottle *b, union record_body *body, unsigned trustee, uint64_t item)
{
	struct item_status s = item_of(b, item);
	struct list list = { 0 };

	memset(body, 0, sizeof *body);
	if (s.close != NULL) {
		bottle_must(b, frozen_list(now(b), item, &b->source, &list, &b->why), "list");
		body->ready.close = *s.close;
	}
	body->ready.election = *frozen_election(now(b));
	body->ready.item = item;
	body->ready.list = list.digest;
	body->ready.prev = bottle_prev(b, ROLE_TRUSTEE, trustee);
	list_release(&list);
}

void
bottle_mix_body(struct bottle *b, union record_body *body, unsigned trustee, uint64_t item)
{
	struct item_status s = item_of(b, item);
	struct list input = { 0 };
	uint8_t *output, *proof;
	struct shuffle_statement statement = { .group = b->group,
		.close = s.close,
		.item = item,
		.ordinal = s.mixes + 1,
		.trustee = trustee,
		.y = frozen_key(now(b)),
		.rows = (size_t)s.counted,
		.width = s.width };
	size_t output_n = shuffle_output_bytes(b->group, (size_t)s.counted, s.width);
	size_t proof_n = shuffle_proof_bytes(b->group, (size_t)s.counted, s.width);

	bottle_must(b, frozen_current_list(now(b), item, &b->source, &input, &b->why), "list");
	output = bottle_keep(b, output_n);
	proof = bottle_keep(b, proof_n);
	statement.input = input.bytes;
	bottle_must(b, shuffle_mix(&statement, output, proof, &b->rng, NULL), "mix");
	memset(body, 0, sizeof *body);
	body->mix.close = *s.close;
	body->mix.election = *frozen_election(now(b));
	body->mix.input = input.digest;
	body->mix.item = item;
	body->mix.ordinal = s.mixes + 1;
	body->mix.output = bottle_blob(b, (struct slice){ output, output_n });
	body->mix.prev = bottle_prev(b, ROLE_TRUSTEE, trustee);
	body->mix.proof = bottle_blob(b, (struct slice){ proof, proof_n });
	list_release(&input);
}

void
bottle_decrypt_body(struct bottle *b, union record_body *body, unsigned trustee, uint64_t item)
{
	struct item_status s = item_of(b, item);
	const size_t n = dleq_factors_bytes(b->group, (size_t)s.counted, s.width);
	uint8_t *factors = bottle_keep(b, n);
	uint8_t *proof = bottle_keep(b, dleq_proof_bytes(b->group));
	struct list list = { 0 };
	struct dleq_statement statement = { .group = b->group,
		.close = s.close,
		.item = item,
		.trustee = trustee,
		.X = frozen_share(now(b), trustee),
		.rows = (size_t)s.counted,
		.width = s.width,
		.factors = { factors, n } };
	const struct svec *x = b->trustees[trustee - 1].share;

	bottle_must(b, frozen_current_list(now(b), item, &b->source, &list, &b->why), "list");
	statement.list = list.bytes;
	bottle_must(b, dleq_factors(factors, &statement, x, NULL), "factors");
	bottle_must(b, dleq_prove(proof, &statement, x, &b->rng, NULL), "proof");
	memset(body, 0, sizeof *body);
	body->decrypt.close = *s.close;
	body->decrypt.election = *frozen_election(now(b));
	body->decrypt.factors = bottle_blob(b, (struct slice){ factors, n });
	body->decrypt.item = item;
	body->decrypt.list = list.digest;
	body->decrypt.prev = bottle_prev(b, ROLE_TRUSTEE, trustee);
	body->decrypt.proof = (struct slice){ proof, dleq_proof_bytes(b->group) };
	list_release(&list);
}

void
bottle_fault_body(struct bottle *b, union record_body *body, struct slice record)
{
	memset(body, 0, sizeof *body);
	body->fault.election = *frozen_election(now(b));
	body->fault.prev = bottle_prev(b, ROLE_BOARD, 1);
	body->fault.record = record;
}

void
bottle_result_body(struct bottle *b, union record_body *body, uint64_t item)
{
	struct buffer object = { 0 };

	memset(body, 0, sizeof *body);
	body->result.election = *frozen_election(now(b));
	body->result.item = item;
	body->result.prev = bottle_prev(b, ROLE_ORGANISER, 1);
	body->result.upto = last_entry(b);
	if (frozen_result(now(b), item, &b->source, &object, NULL, &b->why) == R_GOOD)
		body_result_hash(&body->result.result, buffer_slice(&object));
	buffer_free(&object);
}

/* Post what the board expects of this kind, trustee after trustee, until nobody owes it. */
static void
do_duties(struct bottle *b, uint64_t item, enum duty_kind kind)
{
	static const enum record_type types[] = { [DUTY_READY] = RECORD_READY,
		[DUTY_MIX] = RECORD_MIX,
		[DUTY_DECRYPT] = RECORD_DECRYPT };
	union record_body body;
	struct duty duty[ITEM_MAX + 1];
	size_t i, n;
	unsigned trustee;

	for (trustee = 1; trustee <= b->plan.trustees; trustee++) {
		n = frozen_duties(now(b), trustee, duty, ITEM_MAX + 1);
		for (i = 0; i < n; i++)
			if (duty[i].kind == kind && duty[i].item == item)
				break;
		if (i == n)
			continue;
		if (kind == DUTY_READY)
			bottle_ready_body(b, &body, trustee, item);
		else if (kind == DUTY_MIX)
			bottle_mix_body(b, &body, trustee, item);
		else
			bottle_decrypt_body(b, &body, trustee, item);
		bottle_take(b, types[kind], &body, ROLE_TRUSTEE, trustee);
	}
}

void
bottle_ready(struct bottle *b, uint64_t item)
{
	do_duties(b, item, DUTY_READY);
}

void
bottle_mix(struct bottle *b, uint64_t item)
{
	do_duties(b, item, DUTY_MIX);
}

void
bottle_decrypt(struct bottle *b, uint64_t item)
{
	do_duties(b, item, DUTY_DECRYPT);
}

void
bottle_result(struct bottle *b, uint64_t item)
{
	union record_body body;

	bottle_result_body(b, &body, item);
	bottle_take(b, RECORD_RESULT, &body, ROLE_ORGANISER, 1);
}

void
bottle_finish(struct bottle *b, uint64_t item)
{
	bottle_close(b, item);
	bottle_ready(b, item);
	bottle_mix(b, item);
	bottle_decrypt(b, item);
	bottle_result(b, item);
}
