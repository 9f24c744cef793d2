/*
 * test_rules_table: every cell of the state machine: each type of record, at each stage of
 * an election, by each kind of author, is taken or refused with the named reason.
 */
#include <check.h>
#include <string.h>

#include "tests/bottle.h"
#include "tests/suite.h"

enum stage {
	EMPTY,
	DEFINED, /* definition only */
	COMMITS, /* item and roll; key generation at its first step */
	DEALS,
	CONFIRMS,
	KEY_DONE, /* and approved */
	OPENED,   /* the item is new */
	VOTING,
	CLOSING,
	CLOSED,
	READY, /* a quorum */
	MIXED,
	DECRYPTED, /* by t */
	DONE,
	STAGES
};

#define G R_GOOD
#define S R_STATE
#define FROZEN R_ROLL_FROZEN
#define NOROLL R_NOT_ON_ROLL
#define LATE R_LATE_BALLOT
#define FAULT R_BAD_FAULT
#define BELOW R_BELOW_THRESHOLD

/* What the right author is told about the best record of that type that can be made at the stage.
 * The definition allows late items. */
static const enum result expected[RECORD_TYPES][STAGES] = {
	/* EMPTY DEFINED COMMITS DEALS CONFIRMS KEY_DONE
	 * OPENED VOTING CLOSING CLOSED READY MIXED DECRYPTED DONE */
	[RECORD_DEFINITION] = { G, S, S, S, S, S, S, S, S, S, S, S, S, S },
	[RECORD_ITEM] = { S, G, G, G, G, G, G, G, G, G, G, G, G, G },
	[RECORD_ROLL] = { S, G, G, G, G, G, FROZEN, FROZEN, FROZEN, FROZEN, FROZEN, FROZEN, FROZEN,
	    FROZEN },
	[RECORD_APPROVE] = { S, S, G, G, G, G, FROZEN, FROZEN, FROZEN, FROZEN, FROZEN, FROZEN,
	    FROZEN, FROZEN },
	[RECORD_KEYGEN_COMMIT] = { S, G, G, S, S, S, S, S, S, S, S, S, S, S },
	[RECORD_KEYGEN_DEAL] = { S, S, S, G, S, S, S, S, S, S, S, S, S, S },
	[RECORD_KEYGEN_CONFIRM] = { S, S, S, S, G, S, S, S, S, S, S, S, S, S },
	[RECORD_KEYGEN_COMPLAIN] = { S, S, S, S, G, S, S, S, S, S, S, S, S, S },
	[RECORD_KEYGEN_SKIP] = { S, G, G, G, G, S, S, S, S, S, S, S, S, S },
	[RECORD_OPEN] = { S, S, S, S, S, G, S, S, S, S, S, S, S, S },
	[RECORD_OPEN_ITEM] = { S, S, S, S, S, S, G, S, S, S, S, S, S, S },
	[RECORD_BALLOT] = { S, NOROLL, S, S, S, S, R_CLOSED, G, LATE, LATE, LATE, LATE, LATE,
	    LATE },
	[RECORD_CHALLENGED] = { S, NOROLL, S, S, S, S, G, G, G, G, G, G, G, G },
	[RECORD_CLOSING] = { S, S, S, S, S, S, S, G, S, S, S, S, S, S },
	[RECORD_CLOSE] = { S, S, S, S, S, S, S, S, G, S, S, S, S, S },
	[RECORD_READY] = { S, S, S, S, S, S, S, S, S, G, G, G, G, S },
	[RECORD_MIX] = { S, S, S, S, S, S, S, S, S, R_NO_QUORUM, G, S, S, S },
	[RECORD_DECRYPT] = { S, S, S, S, S, S, S, S, S, R_MIX_MISSING, R_MIX_MISSING, G, G, S },
	[RECORD_FAULT] = { S, S, S, S, S, S, FAULT, FAULT, FAULT, FAULT, G, G, G, FAULT },
	[RECORD_RESULT] = { S, S, S, S, S, S, S, S, S, BELOW, BELOW, BELOW, G, S },
	[RECORD_BOARD_KEY] = { S, G, G, G, G, G, G, G, G, G, G, G, G, G },
};

/* Four trustees, of whom three must be ready: there is always one who has not done its part. */
static const struct bottle_plan plan = { .registrars = 3,
	.registrar_quorum = 2,
	.trustees = 4,
	.late_items = 1,
	.voters = 3 };

static void
go_on(struct bottle *b, enum stage to)
{
	union record_body body;
	unsigned i;

	switch (to) {
	case DEFINED: bottle_definition(b); break;
	case COMMITS:
		bottle_item(b, COUNT_PLURALITY, 2);
		bottle_roll(b);
		bottle_approve(b);
		break;
	case DEALS:
		for (i = 1; i <= plan.trustees; i++) {
			bottle_commit_body(b, &body, i);
			bottle_must(b, bottle_post(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, i),
			    "commit");
		}
		break;
	case CONFIRMS:
		for (i = 1; i <= plan.trustees; i++) {
			bottle_deal_body(b, &body, i);
			bottle_must(b, bottle_post(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, i),
			    "deal");
		}
		break;
	case KEY_DONE: bottle_keygen(b); break;
	case OPENED: bottle_open(b); break;
	case VOTING:
		bottle_open_item(b, 1);
		bottle_vote(b, 0, 1, "1");
		break;
	case CLOSING:
		bottle_vote(b, 1, 1, "2");
		bottle_closing_body(b, &body, 1);
		bottle_must(b, bottle_post(b, RECORD_CLOSING, &body, ROLE_ORGANISER, 1), "closing");
		break;
	case CLOSED:
		bottle_close_body(b, &body, 1);
		bottle_must(b, bottle_post(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1), "close");
		break;
	case READY: bottle_ready(b, 1); break;
	case MIXED: bottle_mix(b, 1); break;
	case DECRYPTED: bottle_decrypt(b, 1); break;
	case DONE: bottle_result(b, 1); break;
	case EMPTY:
	case STAGES: break;
	}
}

/* ---- the best record of a type at a stage ---- */

/* Which member of its role is to write: one who may. */
static unsigned
writer(enum record_type type, enum stage stage)
{
	switch (type) {
	case RECORD_APPROVE: return 3;
	case RECORD_READY: return stage < READY ? 1 : 4;
	case RECORD_MIX: return stage < MIXED ? 2 : 3;
	case RECORD_DECRYPT: return stage < DECRYPTED ? 1 : 3;
	default: return 1;
	}
}

/* The fields that every body has, and something in the others. */
static void
plain_body(struct bottle *b, enum record_type type, union record_body *body, enum role role,
    unsigned number)
{
	const struct digest *election = frozen_election(rules_now(b->rules));
	const struct digest zero = { { 0 } }, e = election == NULL ? zero : *election;
	const struct digest p = election == NULL ? zero : bottle_prev(b, role, number);

	memset(body, 0, sizeof *body);
	switch (type) {
	case RECORD_ROLL:
		body->roll = (struct body_roll){ .bytes = 1, .count = 1, .election = e, .prev = p };
		break;
	case RECORD_ITEM: body->item.election = e; break;
	case RECORD_KEYGEN_COMMIT:
		body->keygen_commit =
		    (struct body_keygen_commit){ .attempt = 1, .election = e, .prev = p };
		break;
	case RECORD_KEYGEN_DEAL:
		body->keygen_deal =
		    (struct body_keygen_deal){ .attempt = 1, .election = e, .prev = p };
		break;
	case RECORD_KEYGEN_COMPLAIN:
		body->keygen_complain = (struct body_keygen_complain){ .attempt = 1,
			.dealer = 2,
			.election = e,
			.prev = p };
		break;
	case RECORD_KEYGEN_CONFIRM:
		body->keygen_confirm =
		    (struct body_keygen_confirm){ .attempt = 1, .election = e, .prev = p };
		break;
	case RECORD_KEYGEN_SKIP:
		body->keygen_skip = (struct body_keygen_skip){ .attempt = 1,
			.election = e,
			.prev = p,
			.trustee = 1 };
		break;
	case RECORD_OPEN:
		body->open = (struct body_open){ .attempt = 1, .election = e, .prev = p };
		break;
	case RECORD_APPROVE:
		body->approve = (struct body_approve){ .election = e, .prev = p };
		break;
	case RECORD_OPEN_ITEM:
		body->open_item = (struct body_open_item){ .election = e, .item = 1, .prev = p };
		break;
	case RECORD_CLOSING:
		body->closing = (struct body_closing){ .election = e, .item = 1, .prev = p };
		break;
	case RECORD_CLOSE:
		body->close = (struct body_close){ .election = e, .item = 1, .prev = p };
		break;
	case RECORD_READY:
		body->ready = (struct body_ready){ .election = e, .item = 1, .prev = p };
		break;
	case RECORD_MIX:
		body->mix = (struct body_mix){ .election = e, .item = 1, .ordinal = 1, .prev = p };
		break;
	case RECORD_DECRYPT:
		body->decrypt = (struct body_decrypt){ .election = e, .item = 1, .prev = p };
		break;
	case RECORD_FAULT:
		body->fault =
		    (struct body_fault){ .election = e, .prev = p, .record = slice_of("{}") };
		break;
	case RECORD_RESULT:
		body->result = (struct body_result){ .election = e, .item = 1, .prev = p };
		break;
	case RECORD_BOARD_KEY:
		body->board_key = (struct body_board_key){ .election = e, .prev = p };
		break;
	default: ck_abort_msg("no body for it");
	}
}

/* A mix or decryption whose proof is bad, signed by its author: what a fault accuses. */
static void
bad_record(struct bottle *b, struct buffer *out, enum stage stage)
{
	union record_body body;
	uint8_t *proof;

	if (stage == READY) {
		bottle_mix_body(b, &body, 1, 1);
		body.mix.proof = body.mix.output; /* of the wrong length */
		bottle_sign(b, out, RECORD_MIX, &body, ROLE_TRUSTEE, 1);
	} else {
		bottle_decrypt_body(b, &body, 4, 1);
		proof = arena_alloc(&b->arena, body.decrypt.proof.n);
		memcpy(proof, body.decrypt.proof.p, body.decrypt.proof.n);
		memset(proof, 0, 32); /* the identity for a commitment */
		body.decrypt.proof.p = proof;
		bottle_sign(b, out, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 4);
	}
}

/* Make a body that is right if one can be right at this stage. */
static void
best_body(struct bottle *b, enum record_type type, enum stage stage, union record_body *body,
    struct buffer *accused)
{
	const unsigned n = writer(type, stage);
	const int setup = stage > EMPTY && stage < OPENED;

	if (type == RECORD_DEFINITION)
		bottle_definition_body(b, body);
	else if (type == RECORD_ITEM && stage > EMPTY)
		bottle_item_body(b, body, COUNT_APPROVAL, 3);
	else if (type == RECORD_ITEM) {
		/* Before there is a board: its fields do not matter, its form does. */
		static const char *options[] = { "a", "b" };

		memset(body, 0, sizeof *body);
		body->item = (struct item){ .choice = CHOICE_PLURALITY,
			.method = COUNT_PLURALITY,
			.quorum = { .num = 0, .den = 1 },
			.id = 1,
			.options = options,
			.option_count = 2,
			.text = "",
			.title = "x" };
	} else if (type == RECORD_ROLL && setup)
		bottle_roll_body(b, body);
	else if (type == RECORD_APPROVE && setup && stage > DEFINED)
		bottle_approve_body(b, body, n);
	else if (type == RECORD_KEYGEN_COMMIT && setup && stage <= COMMITS)
		bottle_commit_body(b, body, n);
	else if (type == RECORD_KEYGEN_DEAL && stage == DEALS)
		bottle_deal_body(b, body, n);
	else if (type == RECORD_KEYGEN_CONFIRM && stage == CONFIRMS)
		bottle_confirm_body(b, body, n);
	else if (type == RECORD_KEYGEN_COMPLAIN && stage == CONFIRMS)
		bottle_complain_body(b, body, n, 2);
	else if (type == RECORD_OPEN && stage == KEY_DONE)
		bottle_open_body(b, body);
	else if (type == RECORD_OPEN_ITEM && stage >= OPENED)
		bottle_open_item_body(b, body, 1);
	else if (type == RECORD_CLOSE && stage >= CLOSING)
		bottle_close_body(b, body, 1);
	else if (type == RECORD_READY && stage >= CLOSED)
		bottle_ready_body(b, body, n, 1);
	else if (type == RECORD_MIX && stage >= CLOSED)
		bottle_mix_body(b, body, n, 1);
	else if (type == RECORD_DECRYPT && stage >= CLOSED)
		bottle_decrypt_body(b, body, n, 1);
	else if (type == RECORD_FAULT && stage >= READY && stage < DONE) {
		bad_record(b, accused, stage);
		bottle_fault_body(b, body, buffer_slice(accused));
	} else if (type == RECORD_RESULT && stage >= CLOSED)
		bottle_result_body(b, body, 1);
	else if (type == RECORD_BOARD_KEY && stage > EMPTY)
		bottle_board_key_body(b, body);
	else
		plain_body(b, type, body,
		    type == RECORD_FAULT         ? ROLE_BOARD
			: type == RECORD_APPROVE ? ROLE_REGISTRAR
			: (type >= RECORD_KEYGEN_COMMIT && type <= RECORD_KEYGEN_COMPLAIN) ||
			    (type >= RECORD_READY && type <= RECORD_DECRYPT)
			? ROLE_TRUSTEE
			: ROLE_ORGANISER,
		    n);
}

static enum role
right_role(enum record_type type)
{
	switch (type) {
	case RECORD_APPROVE: return ROLE_REGISTRAR;
	case RECORD_FAULT: return ROLE_BOARD;
	case RECORD_KEYGEN_COMMIT:
	case RECORD_KEYGEN_DEAL:
	case RECORD_KEYGEN_CONFIRM:
	case RECORD_KEYGEN_COMPLAIN:
	case RECORD_READY:
	case RECORD_MIX:
	case RECORD_DECRYPT: return ROLE_TRUSTEE;
	default: return ROLE_ORGANISER;
	}
}

/* ---- the cells ---- */

static void
expect(struct bottle *b, struct slice record, enum result want, enum record_type type,
    enum stage stage, const char *author)
{
	const enum result have = bottle_try(b, record);
	char start[4];

	ck_assert_msg(have == want, "%s at stage %d by %s: %s (%s), not %s", record_type_name(type),
	    stage, author, result_name(have), b->why.text, result_name(want));
	if (have == R_GOOD)
		return;
	/* The check has the number of the type. */
	(void)snprintf(start, sizeof start, "V%02d", type);
	ck_assert_msg(b->why.reason == have && strncmp(b->why.check, start, 3) == 0 &&
		strlen(b->why.check) == 4 && b->why.text[0] != '\0',
	    "%s: %s %s", start, b->why.check, b->why.text);
}

/* A record of an Ed25519 author: by the right one, and by everybody else. */
static void
signed_cells(struct bottle *b, enum record_type type, enum stage stage)
{
	static const enum role roles[] = { ROLE_ORGANISER, ROLE_REGISTRAR, ROLE_TRUSTEE,
		ROLE_BOARD };
	const enum result wrong =
	    type == RECORD_DEFINITION || stage != EMPTY ? R_NOT_ALLOWED : R_STATE;
	struct sign_public public;
	struct sign_key stranger;
	uint8_t seed[SIGN_SEED_BYTES] = { 77 };
	struct buffer record = { 0 }, accused = { 0 };
	union record_body body;
	size_t i;

	best_body(b, type, stage, &body, &accused);
	for (i = 0; i < sizeof roles / sizeof *roles; i++) {
		const int right = roles[i] == right_role(type);

		buffer_clear(&record);
		bottle_sign(b, &record, type, &body, roles[i], right ? writer(type, stage) : 1);
		expect(b, buffer_slice(&record), right ? expected[type][stage] : wrong, type, stage,
		    role_name(roles[i]));
	}
	sign_key_from_seed(&public, &stranger, seed);
	buffer_clear(&record);
	ck_assert_int_eq(record_sign(&record, type, &body, &stranger, NULL), R_GOOD);
	expect(b, buffer_slice(&record), wrong, type, stage, "a stranger");
	buffer_free(&record);
	buffer_free(&accused);
}

/* A ballot or challenge before there is a key: it need not be provable to be refused. */
static void
unprovable(struct bottle *b, enum record_type type, enum stage stage)
{
	static const uint8_t zeros[64];
	struct body_answer answer = { .cts = { zeros, 64 }, .id = 1 };
	const struct digest *election = frozen_election(rules_now(b->rules));
	struct slice by = { zeros, 32 };
	struct buffer body = { 0 }, record = { 0 };
	union record_body fields;

	memset(&fields, 0, sizeof fields);
	if (type == RECORD_BALLOT)
		fields.ballot = (struct body_ballot){ .answers = &answer, .answer_count = 1 };
	if (election != NULL && type == RECORD_BALLOT)
		fields.ballot.election = *election;
	if (election != NULL && type == RECORD_CHALLENGED)
		fields.challenged.election = *election;
	if (stage > DEFINED)
		by = roll_key(frozen_roll(rules_now(b->rules)), 0);
	ck_assert_int_eq(record_write_body(&body, type, &fields, NULL), R_GOOD);
	ck_assert_int_eq(record_write_voter(&record, buffer_slice(&body), by,
			     (struct slice){ zeros, 64 }, NULL),
	    R_GOOD);
	expect(b, buffer_slice(&record), expected[type][stage], type, stage, "a voter");
	buffer_free(&body);
	buffer_free(&record);
}

/* A voter's record, then the same under another voter's key, and for a line there is not. */
static void
voter_cells(struct bottle *b, enum record_type type, enum stage stage)
{
	const struct bottle_answer answer = { 1, "1" };
	const struct digest tracker = { { 42 } };
	struct buffer record = { 0 };
	uint64_t line;

	if (stage < OPENED) {
		unprovable(b, type, stage);
		return;
	}
	if (type == RECORD_BALLOT)
		bottle_ballot(b, &record, 0, &answer, 1);
	else
		bottle_challenged(b, &record, 0, &tracker);
	expect(b, buffer_slice(&record), expected[type][stage], type, stage, "a voter");
	line = b->voters[0].line;
	b->voters[0].line = b->voters[1].line;
	buffer_clear(&record);
	if (type == RECORD_BALLOT)
		bottle_ballot(b, &record, 0, &answer, 1);
	else
		bottle_challenged(b, &record, 0, &tracker);
	expect(b, buffer_slice(&record), R_NOT_ON_ROLL, type, stage, "another voter");
	b->voters[0].line = plan.voters;
	buffer_clear(&record);
	if (type == RECORD_BALLOT)
		bottle_ballot(b, &record, 0, &answer, 1);
	else
		bottle_challenged(b, &record, 0, &tracker);
	expect(b, buffer_slice(&record), R_NOT_ON_ROLL, type, stage, "nobody on the roll");
	b->voters[0].line = line;
	buffer_free(&record);
}

START_TEST(every_cell)
{
	struct bottle *b = bottle_new(&plan);
	enum stage stage;
	int type;

	for (stage = EMPTY; stage < STAGES; stage++) {
		go_on(b, stage);
		for (type = 1; type < RECORD_TYPES; type++)
			if (record_is_voters((enum record_type)type))
				voter_cells(b, (enum record_type)type, stage);
			else
				signed_cells(b, (enum record_type)type, stage);
	}
	bottle_free(b);
}
END_TEST

/* Where the definition allows no late items. */
START_TEST(no_late_items)
{
	struct bottle_plan strict = plan;
	struct bottle *b;
	union record_body body;
	enum stage stage;

	strict.late_items = 0;
	b = bottle_new(&strict);
	for (stage = EMPTY; stage < STAGES; stage++) {
		go_on(b, stage);
		if (stage == EMPTY)
			continue;
		bottle_item_body(b, &body, COUNT_PLURALITY, 2);
		if (stage < OPENED)
			continue;
		ck_assert_int_eq(bottle_post(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1), R_STATE);
		ck_assert_str_eq(b->why.check, "V024");
	}
	bottle_free(b);
}
END_TEST

/* The names of checks: one family for each reason, V004 for what is no type. */
START_TEST(names_of_checks)
{
	static const struct {
		enum record_type type;
		enum result reason;
		const char *check;
	} cases[] = {
		{ RECORD_DEFINITION, R_BAD_DEFINITION, "V011" },
		{ RECORD_ITEM, R_BAD_ITEM, "V021" },
		{ RECORD_ROLL, R_BAD_WEIGHT, "V031" },
		{ RECORD_ROLL, R_DUPLICATE_KEY, "V035" },
		{ RECORD_KEYGEN_DEAL, R_BAD_SHARE, "V065" },
		{ RECORD_KEYGEN_SKIP, R_STATE, "V094" },
		{ RECORD_OPEN, R_NOT_APPROVED, "V104" },
		{ RECORD_BALLOT, R_BAD_PROOF, "V126" },
		{ RECORD_BALLOT, R_NOT_ON_ROLL, "V122" },
		{ RECORD_BALLOT, R_BAD_PREV, "V123" },
		{ RECORD_MIX, R_BAD_SHUFFLE, "V176" },
		{ RECORD_RESULT, R_RESULT_MISMATCH, "V205" },
		{ RECORD_UNKNOWN, R_STATE, "V004" },
		{ RECORD_BALLOT, R_NO_MEMORY, "" },
		{ RECORD_UNKNOWN, R_NO_MEMORY, "" },
	};
	struct why why;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		rules_name_check(&why, cases[i].type, cases[i].reason);
		ck_assert_str_eq(why.check, cases[i].check);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules_table");
	TCase *tc = tcase_create("rules_table");

	tcase_add_test(tc, every_cell);
	tcase_add_test(tc, no_late_items);
	tcase_add_test(tc, names_of_checks);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
