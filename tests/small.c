#include "tests/small.h"

#include <stdlib.h>
#include <string.h>

/* Remember who wrote the entries that have come since. */
static void
note(struct small *s, size_t from)
{
	struct bottle *b = s->b;
	struct record *record;
	struct entry entry;
	uint32_t number;
	size_t i;

	s->secrets = reallocarray(s->secrets, b->line_count, sizeof *s->secrets);
	if (s->secrets == NULL)
		abort();
	for (i = from; i < b->line_count; i++) {
		bottle_must(b, entry_read(&entry, b->lines[i], &b->why), "entry");
		bottle_must(b, record_parse(&record, NULL, entry.record, &b->why), "record");
		s->secrets[i].secret = NULL;
		s->secrets[i].role = frozen_role(rules_now(b->rules), record->by, &number);
		s->secrets[i].number = number;
		record_free(record);
	}
}

/* The record that was appended last is this voter's, with this secret. */
static void
note_voter(struct small *s, unsigned voter, struct svec *secret)
{
	struct small_secret *last;

	note(s, s->b->line_count - 1);
	last = &s->secrets[s->b->line_count - 1];
	*last = (struct small_secret){ ROLE_VOTER, voter, secret };
}

/* Cast, and keep what the proof was made of. */
static void
vote(struct small *s, unsigned voter, const struct bottle_answer *answers, size_t n)
{
	struct bottle *b = s->b;
	struct ballot_draft *draft = bottle_draft(b, voter, answers, n);
	const size_t scalar = group_scalar_bytes(b->group);
	struct svec *secret, *part;
	struct buffer record = { 0 };
	struct slice r;

	bottle_must(b, ballot_draft_cast(&record, draft, b->voters[voter].x, &b->rng, &b->why),
	    "ballot");
	r = ballot_draft_audit(draft);
	bottle_must(b, svec_new(&secret, b->group, 1 + r.n / scalar), "secret");
	svec_copy(secret, 0, b->voters[voter].x, 0, 1);
	bottle_must(b, svec_slice(&part, secret, 1, r.n / scalar), "secret");
	bottle_must(b, svec_decode(part, r.p, scalar, NULL), "secret");
	svec_free(part);
	bottle_must(b, bottle_append(b, buffer_slice(&record)), "ballot");
	note_voter(s, voter, secret);
	buffer_free(&record);
	ballot_draft_free(draft);
}

/* Burn a draft of voter 2. */
static void
challenge(struct small *s)
{
	const struct bottle_answer answer = { 1, "3" };
	struct bottle *b = s->b;
	struct ballot_draft *draft = bottle_draft(b, 2, &answer, 1);
	struct buffer record = { 0 };
	struct svec *secret;

	bottle_challenged(b, &record, 2, ballot_draft_tracker(draft));
	bottle_must(b, bottle_append(b, buffer_slice(&record)), "challenged");
	bottle_must(b, svec_new(&secret, b->group, 1), "secret");
	svec_copy(secret, 0, b->voters[2].x, 0, 1);
	note_voter(s, 2, secret);
	buffer_free(&record);
	ballot_draft_free(draft);
}

static void
take(struct bottle *b, enum record_type type, const union record_body *body, enum role role,
    unsigned number)
{
	bottle_must(b, bottle_post(b, type, body, role, number), record_type_name(type));
}

/* Trustee 5 deals trustee 1 a wrong share; trustee 4 never commits in the second attempt. */
static void
make_key(struct bottle *b)
{
	union record_body body;
	uint8_t *shares;
	unsigned i;

	for (i = 1; i <= 5; i++) {
		bottle_commit_body(b, &body, i);
		take(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, i);
	}
	for (i = 1; i <= 5; i++) {
		bottle_deal_body(b, &body, i);
		shares = arena_alloc(&b->arena, body.keygen_deal.shares.n);
		memcpy(shares, body.keygen_deal.shares.p, body.keygen_deal.shares.n);
		shares[40] ^= i == 5;
		body.keygen_deal.shares.p = shares;
		take(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, i);
	}
	bottle_complain_body(b, &body, 1, 5);
	take(b, RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 1);
	for (i = 1; i <= 3; i++) {
		bottle_commit_body(b, &body, i);
		take(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, i);
	}
	bottle_skip_body(b, &body, 4);
	take(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1);
	bottle_keygen(b);
}

/* Trustee 1 mixes item 1 with a proof that does not hold; the board says so. */
static void
fault(struct bottle *b)
{
	struct buffer record = { 0 };
	union record_body body;
	struct slice proof;
	uint8_t *bytes;

	bottle_mix_body(b, &body, 1, 1);
	proof = bottle_find_blob(b, &body.mix.proof)->bytes;
	bytes = arena_alloc(&b->arena, proof.n);
	memcpy(bytes, proof.p, proof.n);
	memset(bytes + proof.n - 32, 0, 32);
	body.mix.proof = bottle_blob(b, (struct slice){ bytes, proof.n });
	bottle_sign(b, &record, RECORD_MIX, &body, ROLE_TRUSTEE, 1);
	bottle_fault_body(b, &body, buffer_slice(&record));
	take(b, RECORD_FAULT, &body, ROLE_BOARD, 1);
	buffer_free(&record);
}

struct small *
small_new(uint8_t seed)
{
	const struct bottle_plan plan = { .trustees = 5, .witnesses = 3, .seed = seed };
	const struct bottle_answer both[] = { { 1, "1" }, { 2, "2>1" } }, one[] = { { 1, "2" } },
				   again[] = { { 1, "3" } }, other[] = { { 2, "31" } };
	struct small *s = calloc(1, sizeof *s);
	struct bottle *b;
	size_t from;

	if (s == NULL)
		abort();
	b = s->b = bottle_new(&plan);
	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 3);
	bottle_item(b, COUNT_CONDORCET, 31);
	bottle_roll(b);
	bottle_approve(b);
	make_key(b);
	bottle_open(b);
	bottle_replace_board(b);
	bottle_open_item(b, 1);
	bottle_open_item(b, 2);
	note(s, 0);
	vote(s, 0, both, 2);
	vote(s, 1, one, 1);
	challenge(s);
	vote(s, 2, one, 1);
	vote(s, 1, again, 1);
	vote(s, 2, other, 1);
	from = b->line_count;
	bottle_close(b, 1);
	bottle_ready(b, 1);
	fault(b);
	bottle_mix(b, 1);
	bottle_decrypt(b, 1);
	bottle_result(b, 1);
	bottle_finish(b, 2);
	note(s, from);
	return s;
}

void
small_free(struct small *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->b->line_count; i++)
		svec_free(s->secrets[i].secret);
	free(s->secrets);
	bottle_free(s->b);
	free(s);
}
