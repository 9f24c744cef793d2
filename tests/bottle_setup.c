/* Definition, items, roll, key generation, opening. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/schnorr.h"
#include "tests/bottle_parts.h"

void
bottle_take(struct bottle *b, enum record_type type, const union record_body *body, enum role role,
    unsigned number)
{
	bottle_must(b, bottle_post(b, type, body, role, number), record_type_name(type));
}

static struct party
party_of(const struct bottle_role *role)
{
	return (struct party){ .key = role->public, .name = role->name };
}

void
bottle_definition_body(struct bottle *b, union record_body *body)
{
	static const char *const classes[] = { "ordinary", "preferred", "golden", "founders" };
	struct definition *d = &body->definition;
	unsigned i;

	memset(body, 0, sizeof *body);
	d->board = party_of(&b->board);
	d->board.name = "board.example/1";
	d->class_count = b->plan.classes;
	d->classes = bottle_keep(b, sizeof classes);
	memcpy(d->classes, classes, sizeof classes);
	d->code_parts = b->plan.code_parts;
	d->group_name = b->plan.group;
	d->late_items = b->plan.late_items != 0;
	d->min_ballots = b->plan.min_ballots;
	d->mixers = b->plan.mixers;
	d->organiser = party_of(&b->organiser);
	d->registrar_quorum = b->plan.registrar_quorum;
	d->registrar_count = b->plan.registrars;
	d->registrars = bottle_keep(b, b->plan.registrars * sizeof *d->registrars);
	for (i = 0; i < b->plan.registrars; i++)
		d->registrars[i] = party_of(&b->registrars[i]);
	memset(d->salt.b, b->plan.seed + 1, sizeof d->salt.b);
	d->threshold = b->plan.threshold;
	d->title = "An election in a bottle";
	d->trustee_count = b->plan.trustees;
	d->trustees = bottle_keep(b, b->plan.trustees * sizeof *d->trustees);
	for (i = 0; i < b->plan.trustees; i++)
		d->trustees[i] = party_of(&b->trustees[i].role);
	d->witness_quorum = b->plan.witnesses > 0 ? b->plan.witnesses / 2 + 1 : 0;
	d->witness_count = b->plan.witnesses;
	d->witnesses = bottle_keep(b, (b->plan.witnesses + 1) * sizeof *d->witnesses);
	for (i = 0; i < b->plan.witnesses; i++)
		d->witnesses[i] = party_of(&b->witnesses[i]);
}

void
bottle_definition(struct bottle *b)
{
	union record_body body;

	bottle_definition_body(b, &body);
	bottle_take(b, RECORD_DEFINITION, &body, ROLE_ORGANISER, 1);
}

static struct digest
election_of(const struct bottle *b)
{
	return *frozen_election(rules_now(b->rules));
}

void
bottle_item_body(struct bottle *b, union record_body *body, enum count_method method,
    unsigned options)
{
	struct item *item = &body->item;
	char *name;
	unsigned i;

	memset(body, 0, sizeof *body);
	item->choice = count_choice_type(method);
	item->method = method;
	item->quorum = (struct count_ratio){ .num = 0, .den = 1 };
	item->election = election_of(b);
	item->id = frozen_items(rules_now(b->rules)) + 1;
	item->option_count = options;
	item->options = bottle_keep(b, options * sizeof *item->options);
	for (i = 0; i < options; i++) {
		name = bottle_keep(b, 32);
		(void)snprintf(name, 32, "option %u", i + 1);
		item->options[i] = name;
	}
	item->prev = bottle_prev(b, ROLE_ORGANISER, 1);
	item->text = "";
	item->title = "A question";
}

void
bottle_item(struct bottle *b, enum count_method method, unsigned options)
{
	union record_body body;

	bottle_item_body(b, &body, method, options);
	bottle_take(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1);
}

/* ---- roll ---- */

/* Draw the parts of a voter's credential and prove that they are known. */
static void
make_voter(struct bottle *b, unsigned number)
{
	const size_t element = group_element_bytes(b->group), parts = b->plan.code_parts;
	struct bottle_voter *v = &b->voters[number];
	struct digest election = election_of(b);
	struct roll_line line = { .has_name = true, .name = v->name };
	struct gvec *g = NULL, *key = NULL, *one = NULL;
	struct buffer identity = { 0 };
	struct svec *secret = NULL, *x = NULL;
	struct transcript p;
	uint8_t *bytes;
	size_t i;

	(void)snprintf(v->name, sizeof v->name, "voter %u", number);
	roll_identity(&identity, &line);
	v->parts = bottle_keep(b, parts * sizeof *v->parts);
	v->X = bottle_keep(b, element);
	bottle_must(b, svec_new(&secret, b->group, parts), "scalars");
	bottle_must(b, svec_new(&v->x, b->group, 1), "scalar");
	bottle_must(b, svec_random(secret, &b->rng), "random");
	bottle_must(b, gvec_new(&g, b->group, 1), "element");
	bottle_must(b, gvec_new(&key, b->group, parts), "elements");
	gvec_set_generator(g);
	bottle_must(b, gvec_pow_fixed(key, g, secret, NULL), "power");
	for (i = 0; i < parts; i++) {
		bottle_must(b, gvec_slice(&one, key, i, 1), "slice");
		bottle_must(b, svec_slice(&x, secret, i, 1), "slice");
		bytes = bottle_keep(b, element);
		bottle_must(b, gvec_encode(bytes, element, one, NULL), "encode");
		v->parts[i].key = (struct slice){ bytes, element };
		v->parts[i].proof.n = schnorr_proof_bytes(b->group, 1);
		bytes = bottle_keep(b, v->parts[i].proof.n);
		v->parts[i].proof.p = bytes;
		roll_part_transcript(&p, b->group, &election, i + 1, buffer_slice(&identity));
		bottle_must(b, schnorr_prove(bytes, &p, one, x, &b->rng), "proof");
		gvec_free(one);
		svec_free(x);
		one = NULL;
		x = NULL;
	}
	svec_sum(v->x, secret);
	bottle_must(b, gvec_pow_fixed(g, g, v->x, NULL), "power");
	bottle_must(b, gvec_encode(v->X, element, g, NULL), "encode");
	gvec_free(g);
	gvec_free(key);
	svec_free(secret);
	buffer_free(&identity);
}

void
bottle_roll_body(struct bottle *b, union record_body *body)
{
	const size_t element = group_element_bytes(b->group);
	struct roll_line *lines;
	struct buffer blob = { 0 };
	unsigned i, j;

	if (b->voters == NULL) {
		b->voters = bottle_keep(b, b->plan.voters * sizeof *b->voters);
		for (i = 0; i < b->plan.voters; i++)
			make_voter(b, i);
	}
	memset(body, 0, sizeof *body);
	lines = bottle_keep(b, b->plan.voters * sizeof *lines);
	for (i = 0; i < b->plan.voters; i++) {
		lines[i].has_name = true;
		lines[i].name = b->voters[i].name;
		lines[i].key = (struct slice){ b->voters[i].X, element };
		lines[i].parts = b->voters[i].parts;
		lines[i].part_count = b->plan.code_parts;
		lines[i].holding_count = b->plan.classes;
		lines[i].holdings = bottle_keep(b, b->plan.classes * sizeof *lines[i].holdings);
		for (j = 0; j < b->plan.classes; j++)
			lines[i].holdings[j] = i + j + 1;
	}
	bottle_must(b,
	    roll_build(&blob, &body->roll, &b->arena, lines, b->plan.voters,
		frozen_definition(rules_now(b->rules)), &b->why),
	    "roll");
	body->roll.election = election_of(b);
	body->roll.prev = bottle_prev(b, ROLE_ORGANISER, 1);
	body->roll.blob = bottle_blob(b, buffer_slice(&blob));
	buffer_free(&blob);
}

void
bottle_roll(struct bottle *b)
{
	const size_t element = group_element_bytes(b->group);
	union record_body body;
	unsigned i;

	bottle_roll_body(b, &body);
	bottle_take(b, RECORD_ROLL, &body, ROLE_ORGANISER, 1);
	for (i = 0; i < b->plan.voters; i++)
		bottle_must(b,
		    roll_find(frozen_roll(rules_now(b->rules)),
			(struct slice){ b->voters[i].X, element }, &b->voters[i].line),
		    "line");
}

void
bottle_approve_body(struct bottle *b, union record_body *body, unsigned registrar)
{
	const struct digest *roll = frozen_roll_record(rules_now(b->rules));

	memset(body, 0, sizeof *body);
	body->approve.election = election_of(b);
	body->approve.prev = bottle_prev(b, ROLE_REGISTRAR, registrar);
	if (roll != NULL)
		body->approve.record = *roll;
}

void
bottle_approve(struct bottle *b)
{
	union record_body body;
	unsigned i;

	for (i = 1; i <= b->plan.registrar_quorum; i++) {
		bottle_approve_body(b, &body, i);
		bottle_take(b, RECORD_APPROVE, &body, ROLE_REGISTRAR, i);
	}
}

/* ---- key generation ---- */

static struct keygen_status
status_of(struct bottle *b)
{
	struct keygen_status s;

	bottle_must(b, frozen_keygen(rules_now(b->rules), &s), "keygen");
	return s;
}

/* The secrets of a trustee in the current attempt. Its seed is its number and the attempt. */
static struct keygen_secret *
secret_of(struct bottle *b, unsigned trustee)
{
	struct keygen_status s = status_of(b);
	struct bottle_trustee *t = &b->trustees[trustee - 1];
	struct keygen_secret *secret;

	memset(t->seed, (int)trustee, sizeof t->seed);
	t->seed[0] = (uint8_t)s.attempt.attempt;
	t->seed[1] = b->plan.seed;
	bottle_must(b, keygen_secret_new(&secret, &s.attempt, trustee, t->seed), "secret");
	return secret;
}

void
bottle_commit_body(struct bottle *b, union record_body *body, unsigned trustee)
{
	struct keygen_status s = status_of(b);
	struct keygen_secret *secret = secret_of(b, trustee);
	struct body_keygen_commit *c = &body->keygen_commit;
	uint8_t *receive = bottle_keep(b, keygen_key_bytes(b->group));
	uint8_t *proof = bottle_keep(b, keygen_proof_bytes(b->group));

	memset(body, 0, sizeof *body);
	bottle_must(b, keygen_make_commit(&c->commit, receive, proof, &s.attempt, secret),
	    "commit");
	c->attempt = s.attempt.attempt;
	c->election = election_of(b);
	c->prev = bottle_prev(b, ROLE_TRUSTEE, trustee);
	c->receive = (struct slice){ receive, keygen_key_bytes(b->group) };
	c->proof = (struct slice){ proof, keygen_proof_bytes(b->group) };
	keygen_secret_free(secret);
}

void
bottle_deal_body(struct bottle *b, union record_body *body, unsigned trustee)
{
	struct keygen_status s = status_of(b);
	struct keygen_secret *secret = secret_of(b, trustee);
	const size_t element = keygen_key_bytes(b->group);
	const size_t bytes = s.attempt.count * keygen_share_bytes(b->group);
	uint8_t *A = bottle_keep(b, s.attempt.threshold * element);
	uint8_t *proof = bottle_keep(b, keygen_proof_bytes(b->group));
	uint8_t *shares = bottle_keep(b, bytes);
	struct body_keygen_deal *d = &body->keygen_deal;

	memset(body, 0, sizeof *body);
	bottle_must(b, keygen_make_deal(A, proof, shares, &s.attempt, s.commits, secret), "deal");
	d->attempt = s.attempt.attempt;
	d->commitments = (struct slice){ A, s.attempt.threshold * element };
	d->election = election_of(b);
	d->prev = bottle_prev(b, ROLE_TRUSTEE, trustee);
	d->proof = (struct slice){ proof, keygen_proof_bytes(b->group) };
	d->shares = (struct slice){ shares, bytes };
	keygen_secret_free(secret);
}

void
bottle_confirm_body(struct bottle *b, union record_body *body, unsigned trustee)
{
	struct keygen_status s = status_of(b);

	memset(body, 0, sizeof *body);
	body->keygen_confirm.attempt = s.attempt.attempt;
	body->keygen_confirm.election = election_of(b);
	body->keygen_confirm.prev = bottle_prev(b, ROLE_TRUSTEE, trustee);
	if (s.transcript != NULL)
		body->keygen_confirm.transcript = *s.transcript;
}

void
bottle_complain_body(struct bottle *b, union record_body *body, unsigned trustee, unsigned dealer)
{
	struct keygen_status s = status_of(b);
	struct keygen_secret *secret = secret_of(b, trustee);
	uint8_t *rho = bottle_keep(b, keygen_secret_bytes(b->group));

	memset(body, 0, sizeof *body);
	keygen_complaint(rho, secret);
	body->keygen_complain.attempt = s.attempt.attempt;
	body->keygen_complain.dealer = dealer;
	body->keygen_complain.election = election_of(b);
	body->keygen_complain.prev = bottle_prev(b, ROLE_TRUSTEE, trustee);
	body->keygen_complain.rho = (struct slice){ rho, keygen_secret_bytes(b->group) };
	keygen_secret_free(secret);
}

void
bottle_skip_body(struct bottle *b, union record_body *body, unsigned trustee)
{
	memset(body, 0, sizeof *body);
	body->keygen_skip.attempt = status_of(b).attempt.attempt;
	body->keygen_skip.election = election_of(b);
	body->keygen_skip.prev = bottle_prev(b, ROLE_ORGANISER, 1);
	body->keygen_skip.trustee = trustee;
}

/* Open the own shares of all deals. */
static void
take_share(struct bottle *b, unsigned trustee)
{
	struct keygen_status s = status_of(b);
	struct keygen_secret *secret = secret_of(b, trustee);
	struct bottle_trustee *t = &b->trustees[trustee - 1];

	svec_free(t->share);
	t->share = NULL;
	bottle_must(b, svec_new(&t->share, b->group, 1), "share");
	bottle_must(b, keygen_share(t->share, NULL, &s.attempt, s.commits, s.deals, secret),
	    "share");
	keygen_secret_free(secret);
}

void
bottle_keygen(struct bottle *b)
{
	struct keygen_status s = status_of(b);
	union record_body body;
	unsigned trustee = 0;
	size_t i;

	while (s.step < KEYGEN_DONE) {
		for (i = 0; i < s.attempt.count; i++) {
			trustee = s.attempt.participants[i];
			if ((s.posted >> (trustee - 1) & 1) == 0)
				break;
		}
		switch (s.step) {
		case KEYGEN_COMMIT:
			bottle_commit_body(b, &body, trustee);
			bottle_take(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, trustee);
			break;
		case KEYGEN_DEAL:
			bottle_deal_body(b, &body, trustee);
			bottle_take(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, trustee);
			break;
		default:
			take_share(b, trustee);
			bottle_confirm_body(b, &body, trustee);
			bottle_take(b, RECORD_KEYGEN_CONFIRM, &body, ROLE_TRUSTEE, trustee);
		}
		s = status_of(b);
	}
	for (i = 0; s.step == KEYGEN_DONE && i < s.attempt.count; i++)
		if (b->trustees[s.attempt.participants[i] - 1].share == NULL)
			take_share(b, s.attempt.participants[i]);
}

/* ---- opening ---- */

void
bottle_open_body(struct bottle *b, union record_body *body)
{
	const struct digest *roll = frozen_roll_record(rules_now(b->rules));

	memset(body, 0, sizeof *body);
	body->open.attempt = status_of(b).attempt.attempt;
	body->open.election = election_of(b);
	body->open.key = frozen_key_bytes(rules_now(b->rules));
	body->open.prev = bottle_prev(b, ROLE_ORGANISER, 1);
	if (roll != NULL)
		body->open.roll = *roll;
}

void
bottle_open(struct bottle *b)
{
	union record_body body;

	bottle_open_body(b, &body);
	bottle_take(b, RECORD_OPEN, &body, ROLE_ORGANISER, 1);
}

void
bottle_open_item_body(struct bottle *b, union record_body *body, uint64_t item)
{
	struct item_status s;

	memset(body, 0, sizeof *body);
	body->open_item.election = election_of(b);
	body->open_item.item = item;
	body->open_item.prev = bottle_prev(b, ROLE_ORGANISER, 1);
	if (frozen_item(rules_now(b->rules), item, &s) == R_GOOD)
		body->open_item.hash = *s.hash;
}

void
bottle_open_item(struct bottle *b, uint64_t item)
{
	union record_body body;

	bottle_open_item_body(b, &body, item);
	bottle_take(b, RECORD_OPEN_ITEM, &body, ROLE_ORGANISER, 1);
}

void
bottle_to_voting(struct bottle *b, enum count_method method, unsigned options)
{
	bottle_definition(b);
	bottle_item(b, method, options);
	bottle_roll(b);
	bottle_approve(b);
	bottle_keygen(b);
	bottle_open(b);
	bottle_open_item(b, 1);
}

/* ---- the board's key ---- */

static void
new_board(struct bottle_role *role)
{
	uint8_t seed[SIGN_SEED_BYTES];

	memset(seed, 0x42, sizeof seed);
	sign_key_from_seed(&role->public, &role->key, seed);
}

void
bottle_board_key_body(struct bottle *b, union record_body *body)
{
	struct bottle_role role;

	new_board(&role);
	memset(body, 0, sizeof *body);
	body->board_key.election = election_of(b);
	body->board_key.key = role.public;
	body->board_key.prev = bottle_prev(b, ROLE_ORGANISER, 1);
}

void
bottle_replace_board(struct bottle *b)
{
	union record_body body;

	bottle_board_key_body(b, &body);
	bottle_take(b, RECORD_BOARD_KEY, &body, ROLE_ORGANISER, 1);
	b->old_board = b->board;
	new_board(&b->board);
}
