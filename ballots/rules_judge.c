/*
 * The state machine: who may write what, when; and the order in which a record is
 * judged. docs/protocol.md section 11.
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "ballots/rules_parts.h"

#define IN(phase) (1U << (phase))
#define ITEM(name) offsetof(union record_body, name.item)

const struct rule rules_table[RECORD_TYPES] = {
	[RECORD_DEFINITION] = { .author = ROLE_ORGANISER,
	    .phases = IN(PHASE_EMPTY),
	    .otherwise = R_STATE,
	    .run = setup_run_definition,
	    .apply = setup_apply_definition },
	[RECORD_ITEM] = { .author = ROLE_ORGANISER,
	    .phases = IN(PHASE_SETUP) | IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .place = setup_place_item,
	    .apply = setup_apply_item },
	[RECORD_ROLL] = { .author = ROLE_ORGANISER,
	    .phases = IN(PHASE_SETUP),
	    .otherwise = R_ROLL_FROZEN,
	    .cost = CHECK_LONG,
	    .place = setup_place_roll,
	    .run = setup_run_roll,
	    .apply = setup_apply_roll },
	[RECORD_APPROVE] = { .author = ROLE_REGISTRAR,
	    .phases = IN(PHASE_SETUP),
	    .otherwise = R_ROLL_FROZEN,
	    .place = setup_place_approve,
	    .apply = setup_apply_approve },
	[RECORD_KEYGEN_COMMIT] = { .author = ROLE_TRUSTEE,
	    .phases = IN(PHASE_SETUP),
	    .otherwise = R_STATE,
	    .place = keygen_place_commit,
	    .run = keygen_run_commit,
	    .apply = keygen_apply_commit },
	[RECORD_KEYGEN_DEAL] = { .author = ROLE_TRUSTEE,
	    .phases = IN(PHASE_SETUP),
	    .otherwise = R_STATE,
	    .place = keygen_place_deal,
	    .run = keygen_run_deal,
	    .apply = keygen_apply_deal },
	[RECORD_KEYGEN_CONFIRM] = { .author = ROLE_TRUSTEE,
	    .phases = IN(PHASE_SETUP),
	    .otherwise = R_STATE,
	    .place = keygen_place_confirm,
	    .apply = keygen_apply_confirm },
	[RECORD_KEYGEN_COMPLAIN] = { .author = ROLE_TRUSTEE,
	    .phases = IN(PHASE_SETUP),
	    .otherwise = R_STATE,
	    .place = keygen_place_complain,
	    .run = keygen_run_complain,
	    .apply = keygen_apply_complain },
	[RECORD_KEYGEN_SKIP] = { .author = ROLE_ORGANISER,
	    .phases = IN(PHASE_SETUP),
	    .otherwise = R_STATE,
	    .place = keygen_place_skip,
	    .apply = keygen_apply_skip },
	[RECORD_OPEN] = { .author = ROLE_ORGANISER,
	    .phases = IN(PHASE_SETUP),
	    .otherwise = R_STATE,
	    .place = setup_place_open,
	    .apply = setup_apply_open },
	[RECORD_OPEN_ITEM] = { .author = ROLE_ORGANISER,
	    .phases = IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .item = ITEM(open_item),
	    .from = ITEM_NEW,
	    .place = vote_place_open_item,
	    .apply = vote_apply_open_item },
	[RECORD_BALLOT] = { .author = ROLE_VOTER,
	    .phases = IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .cost = CHECK_BALLOT,
	    .place = vote_place_ballot,
	    .apply = vote_apply_voter },
	[RECORD_CHALLENGED] = { .author = ROLE_VOTER,
	    .phases = IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .cost = CHECK_BALLOT,
	    .place = vote_place_challenged,
	    .apply = vote_apply_voter },
	[RECORD_CLOSING] = { .author = ROLE_ORGANISER,
	    .phases = IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .item = ITEM(closing),
	    .from = ITEM_OPEN,
	    .apply = vote_apply_closing },
	[RECORD_CLOSE] = { .author = ROLE_ORGANISER,
	    .phases = IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .item = ITEM(close),
	    .from = ITEM_CLOSING,
	    .place = vote_place_close,
	    .apply = vote_apply_close },
	[RECORD_READY] = { .author = ROLE_TRUSTEE,
	    .phases = IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .item = ITEM(ready),
	    .from = ITEM_CLOSED,
	    .cost = CHECK_LONG,
	    .place = tally_place_ready,
	    .run = tally_run_ready,
	    .apply = tally_apply_ready },
	[RECORD_MIX] = { .author = ROLE_TRUSTEE,
	    .phases = IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .item = ITEM(mix),
	    .from = ITEM_CLOSED,
	    .cost = CHECK_LONG,
	    .place = tally_place_mix,
	    .run = tally_run_mix,
	    .apply = tally_apply_mix },
	[RECORD_DECRYPT] = { .author = ROLE_TRUSTEE,
	    .phases = IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .item = ITEM(decrypt),
	    .from = ITEM_CLOSED,
	    .cost = CHECK_LONG,
	    .place = tally_place_decrypt,
	    .run = tally_run_decrypt,
	    .apply = tally_apply_decrypt },
	[RECORD_FAULT] = { .author = ROLE_BOARD,
	    .phases = IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .cost = CHECK_LONG,
	    .place = tally_place_fault,
	    .run = tally_run_fault,
	    .apply = tally_apply_fault },
	[RECORD_RESULT] = { .author = ROLE_ORGANISER,
	    .phases = IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .item = ITEM(result),
	    .from = ITEM_CLOSED,
	    .cost = CHECK_LONG,
	    .place = tally_place_result,
	    .run = tally_run_result,
	    .apply = tally_apply_result },
	[RECORD_BOARD_KEY] = { .author = ROLE_ORGANISER,
	    .phases = IN(PHASE_SETUP) | IN(PHASE_OPEN),
	    .otherwise = R_STATE,
	    .place = setup_place_board_key,
	    .run = setup_run_board_key,
	    .apply = setup_apply_board_key },
};

/* (1) What of the form needs the definition: the size limit. */
static enum result
judge_size(const struct judge *j)
{
	size_t widths[ITEM_MAX], i, limit;

	for (i = 0; i < j->f->item_count; i++)
		widths[i] = j->f->item[i]->width;
	limit = record_limit(j->record->type, frozen_definition(j->f), widths, j->f->item_count);
	if (j->record->bytes.n > limit)
		return why_set(j->why, R_TOO_LARGE, "the %s has %zu bytes, more than %zu",
		    record_type_name(j->record->type), j->record->bytes.n, limit);
	return R_GOOD;
}

/* (3) A voter: the roll line that the record names must have the key that wrote it. */
static enum result
judge_voter(struct judge *j)
{
	const struct record *r = j->record;
	uint64_t line = r->type == RECORD_BALLOT ? r->of.ballot.line : r->of.challenged.line;

	if (j->f->roll == NULL)
		return why_set(j->why, R_NOT_ON_ROLL, "there is no roll yet");
	if (line >= roll_count(j->f->roll))
		return why_set(j->why, R_NOT_ON_ROLL,
		    "the roll has %llu lines, there is no line %llu",
		    (unsigned long long)roll_count(j->f->roll), (unsigned long long)line);
	if (!slice_equal(r->by, roll_key(j->f->roll, line)))
		return why_set(j->why, R_NOT_ON_ROLL, "line %llu of the roll has another key",
		    (unsigned long long)line);
	j->role = ROLE_VOTER;
	return R_GOOD;
}

/* (3) The author has the role that the table wants. */
static enum result
judge_author(struct judge *j)
{
	const struct record *r = j->record;
	enum role wanted = rules_table[r->type].author;

	if (wanted == ROLE_VOTER)
		return judge_voter(j);
	if (r->type == RECORD_DEFINITION) {
		/* It names its own author. */
		if (memcmp(r->signer.b, r->of.definition.organiser.key.b, sizeof r->signer.b) != 0)
			return why_set(j->why, R_NOT_ALLOWED,
			    "the definition is not written by the organiser that it names");
		j->role = ROLE_ORGANISER;
		return R_GOOD;
	}
	j->role = frozen_role(j->f, r->by, &j->number);
	if (j->role != wanted)
		return why_set(j->why, R_NOT_ALLOWED, "a %s is written by %s %s, not by %s",
		    record_type_name(r->type), wanted == ROLE_ORGANISER ? "the" : "a",
		    role_name(wanted), role_name(j->role));
	return R_GOOD;
}

/* (4) Phase and item by the table, then what its row adds. */
static enum result
judge_place(struct judge *j)
{
	const struct rule *rule = &rules_table[j->record->type];
	const char *name = record_type_name(j->record->type);
	uint64_t id;

	if ((rule->phases & IN(j->f->phase)) == 0)
		return why_set(j->why, rule->otherwise,
		    "a %s may not stand here: the election is %s", name, phase_name(j->f->phase));
	if (rule->item != 0) {
		memcpy(&id, (const uint8_t *)&j->record->of + rule->item, sizeof id);
		j->item = frozen_item_data(j->f, id);
		if (j->item == NULL)
			return why_set(j->why, R_UNKNOWN_ITEM, "there is no item %llu",
			    (unsigned long long)id);
		if ((int)j->item->state != rule->from)
			return why_set(j->why, R_STATE, "a %s may not stand here: item %llu is %s",
			    name, (unsigned long long)id, item_state_name(j->item->state));
	}
	return rule->place == NULL ? R_GOOD : rule->place(j);
}

/* (5) The author's chain. That of a roll line is known to the owner only; and what may have failed
 * in step (4) must not be overtaken. */
static enum result
judge_prev(const struct judge *j)
{
	const struct record *r = j->record;
	struct digest prev;

	if (r->type == RECORD_DEFINITION || j->partly)
		return R_GOOD;
	if (j->role == ROLE_VOTER) {
		if (j->rules == NULL)
			return R_GOOD;
		(void)rules_line_prev(j->rules,
		    r->type == RECORD_BALLOT ? r->of.ballot.line : r->of.challenged.line, &prev);
	} else
		prev = *frozen_prev(j->f, j->role, j->number);
	if (!digest_equal(&prev, &r->prev))
		return why_set(j->why, R_BAD_PREV, "the %s does not name its author's %s",
		    record_type_name(r->type),
		    digest_is_zero(&prev) ? "first record by 32 zero bytes" : "last record");
	return R_GOOD;
}

enum result
rules_judge(struct judge *j)
{
	const struct record *r = j->record;
	enum result result = judge_size(j); /* (1) */

	if (result != R_GOOD)
		return result;
	if (r->type != RECORD_DEFINITION) {
		if (j->f->phase == PHASE_EMPTY)
			return why_set(j->why, R_STATE, "the first record must be a definition");
		if (!digest_equal(&r->election, &j->f->election)) /* (2) */
			return why_set(j->why, R_WRONG_ELECTION, "the %s is for another election",
			    record_type_name(r->type));
	}
	if ((result = judge_author(j)) == R_GOOD && /* (3) */
	    (result = judge_place(j)) == R_GOOD)    /* (4) */
		result = judge_prev(j);             /* (5) */
	return result;
}

enum result
rules_judge_accused(const struct judge *fault, struct why *why)
{
	struct judge j = { .f = fault->f,
		.rules = fault->rules,
		.record = fault->accused,
		.why = why };

	return rules_judge(&j);
}

/* ---- names of checks ---- */

/* The families of section 14. */
static char
family(enum result reason)
{
	switch (reason) {
	case R_BAD_ENCODING:
	case R_NON_CANONICAL:
	case R_NOT_IN_GROUP:
	case R_BAD_ELEMENT:
	case R_BAD_WIDTH:
	case R_TOO_LARGE:
	case R_UNKNOWN_GROUP:
	case R_BAD_DEFINITION:
	case R_BAD_ITEM:
	case R_BAD_WEIGHT: return '1';
	case R_BAD_SIGNATURE:
	case R_NOT_ALLOWED:
	case R_NOT_ON_ROLL: return '2';
	case R_WRONG_ELECTION:
	case R_BAD_PREV: return '3';
	case R_STATE:
	case R_CLOSED:
	case R_LATE_BALLOT:
	case R_CHALLENGED:
	case R_ROLL_FROZEN:
	case R_NOT_APPROVED:
	case R_UNKNOWN_ITEM:
	case R_MIX_TRUSTEE:
	case R_MIX_MISSING:
	case R_NO_QUORUM:
	case R_MIN_BALLOTS:
	case R_BELOW_THRESHOLD: return '4';
	case R_WRONG_KEY:
	case R_DUPLICATE_KEY:
	case R_BAD_ROLL:
	case R_INPUT_LIST:
	case R_NOT_MIXED:
	case R_NOOP_MIX:
	case R_RESULT_MISMATCH:
	case R_BAD_SHARE:
	case R_BAD_FAULT:
	case R_MISSING_BLOB:
	case R_BAD_BLOB: return '5';
	case R_BAD_PROOF:
	case R_BAD_SHUFFLE:
	case R_BAD_DECRYPTION: return '6';
	default: return '0'; /* a check of its own */
	}
}

void
rules_name_check(struct why *why, enum record_type type, enum result reason)
{
	char f = family(reason);

	if (why == NULL)
		return;
	if (reason >= R_NO_MEMORY) /* nobody is accused */
		why->check[0] = '\0';
	else if (type == RECORD_UNKNOWN)
		memcpy(why->check, "V004", sizeof "V004");
	else if (f == '0')
		why->check[0] = '\0';
	else {
		why->check[0] = 'V';
		why->check[1] = (char)('0' + type / 10);
		why->check[2] = (char)('0' + type % 10);
		why->check[3] = f;
		why->check[4] = '\0';
	}
}
