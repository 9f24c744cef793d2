/*
 * test_rules_memory: memory runs out at every single allocation, one after the other, while
 * the rule book follows a whole election: it says so, nothing has changed, and going on
 * with more memory gives what it always gives.
 */
#include <check.h>
#include <string.h>

#include "tests/bottle.h"
#include "tests/must.h"
#include "tests/suite.h"

/* ---- allocations that fail on demand ---- */

static long left = -1; /* allocations that still succeed; below 0: all */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t n);

static int
may_go_on(void)
{
	if (left < 0)
		return 1;
	if (left == 0)
		return 0;
	left--;
	return 1;
}

void *
__wrap_malloc(size_t n)
{
	return may_go_on() ? __real_malloc(n) : NULL;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return may_go_on() ? __real_calloc(n, size) : NULL;
}

void *
__wrap_realloc(void *p, size_t n)
{
	return may_go_on() ? __real_realloc(p, n) : NULL;
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return may_go_on() ? __real_reallocarray(p, n, size) : NULL;
}

void *
__wrap_aligned_alloc(size_t alignment, size_t n)
{
	return may_go_on() ? __real_aligned_alloc(alignment, n) : NULL;
}

/* ---- following a board with little memory ---- */

/* Take a line with one allocation more each time, until it is enough. */
static void
take(struct bottle *b, struct rules *rules, struct slice line, long *most)
{
	const uint64_t size = rules_size(rules);
	const struct digest head = *rules_head(rules);
	const struct frozen *before = rules_now(rules);
	struct why why;
	enum result r;
	long n;

	for (n = 0;; n++) {
		why = (struct why){ .reason = R_GOOD };
		left = n;
		r = rules_entry(rules, line, &b->source, NULL, &why);
		left = -1;
		if (r == R_GOOD)
			break;
		if (r != R_NO_MEMORY)
			ck_abort_msg("entry %llu, allocation %ld: %s (%s)",
			    (unsigned long long)size, n, result_name(r), why.text);
		if (why.reason != R_NO_MEMORY || why.check[0] != 0)
			ck_abort_msg("entry %llu, allocation %ld: %d %s %s",
			    (unsigned long long)size, n, (int)why.reason, why.check, why.text);
		must(rules_size(rules) == size);
		must(digest_equal(rules_head(rules), &head));
		must(rules_now(rules) == before);
	}
	*most = n > *most ? n : *most;
	must(rules_size(rules) == size + 1);
}

static struct bottle *
election(int complaint)
{
	static const struct bottle_plan plan = { .voters = 2,
		.registrars = 1,
		.trustees = 3,
		.threshold = 1,
		.classes = 1 };
	struct bottle *b = bottle_new(&plan);
	struct buffer record = { 0 };
	union record_body body, fault;
	unsigned t;

	bottle_definition(b);
	bottle_item(b, COUNT_CONDORCET, 3);
	bottle_roll(b);
	bottle_approve(b);
	for (t = 1; complaint && t <= 3; t++) {
		bottle_commit_body(b, &body, t);
		bottle_must(b, bottle_post(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, t),
		    "commit");
	}
	for (t = 1; complaint && t <= 3; t++) {
		bottle_deal_body(b, &body, t);
		bottle_must(b, bottle_post(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, t), "deal");
	}
	if (complaint) {
		bottle_complain_body(b, &body, 1, 2);
		bottle_must(b, bottle_post(b, RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 1),
		    "complain");
	} else {
		bottle_skip_body(b, &body, 3);
		bottle_must(b, bottle_post(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1),
		    "skip");
	}
	bottle_keygen(b);
	bottle_open(b);
	bottle_open_item(b, 1);
	bottle_vote(b, 0, 1, "2>1");
	bottle_challenged(b, &record, 1, &(struct digest){ { 1 } });
	bottle_must(b, bottle_append(b, buffer_slice(&record)), "challenge");
	bottle_vote(b, 1, 1, "3");
	bottle_close(b, 1);
	bottle_ready(b, 1);
	bottle_mix_body(b, &body, 2, 1);
	body.mix.proof = body.mix.output;
	buffer_clear(&record);
	bottle_sign(b, &record, RECORD_MIX, &body, ROLE_TRUSTEE, 2);
	bottle_fault_body(b, &fault, buffer_slice(&record));
	bottle_must(b, bottle_post(b, RECORD_FAULT, &fault, ROLE_BOARD, 1), "fault");
	bottle_mix(b, 1);
	bottle_decrypt(b, 1);
	bottle_result(b, 1);
	buffer_free(&record);
	return b;
}

START_TEST(every_allocation)
{
	struct bottle *b = election(_i);
	struct rules *rules;
	long most = 0;
	size_t i;

	ck_assert_int_eq(rules_new(&rules, NULL, RULES_VERIFY), R_GOOD);
	for (i = 0; i < b->line_count; i++)
		take(b, rules, b->lines[i], &most);
	ck_assert_int_gt(most, 20);
	ck_assert_int_eq(rules_complete(rules, NULL), R_GOOD);
	rules_free(rules);
	for (i = 0; i < 10; i++) {
		left = (long)i;
		rules = NULL;
		if (rules_new(&rules, NULL, RULES_VERIFY) == R_GOOD)
			break;
		must(rules == NULL);
	}
	left = -1;
	ck_assert_uint_gt(i, 2);
	rules_free(rules);
	bottle_free(b);
}
END_TEST

/* What people and programs ask for: lists, results. */
START_TEST(questions)
{
	struct bottle *b = election(0);
	const struct frozen *f = rules_now(b->rules);
	struct buffer want = { 0 }, have = { 0 };
	struct list list, first;
	struct why why;
	enum result r;
	long n;

	ck_assert_int_eq(frozen_results(f, &b->source, &want, NULL, &why), R_GOOD);
	for (n = 0;; n++) {
		left = n;
		r = frozen_results(f, &b->source, &have, NULL, &why);
		left = -1;
		if (r == R_GOOD)
			break;
		must(r == R_NO_MEMORY);
		buffer_free(&have);
	}
	ck_assert_int_gt(n, 20);
	ck_assert(slice_equal(buffer_slice(&want), buffer_slice(&have)));
	ck_assert_int_eq(frozen_list(f, 1, &b->source, &first, &why), R_GOOD);
	for (n = 0;; n++) {
		left = n;
		r = frozen_list(f, 1, &b->source, &list, &why);
		left = -1;
		if (r == R_GOOD)
			break;
		must(r == R_NO_MEMORY && list.bytes.p == NULL);
	}
	ck_assert(digest_equal(&list.digest, &first.digest));
	list_release(&list);
	list_release(&first);
	buffer_free(&want);
	buffer_free(&have);
	bottle_free(b);
}
END_TEST

/* Voters: making a ballot needs memory, too. */
START_TEST(drafts)
{
	struct bottle *b = election(0);
	struct ballot_draft *draft = NULL;
	struct ballot_place place;
	struct ballot_answer answer;
	struct choice choice = { .type = CHOICE_RANKING, .options = 3 };
	struct item_status s;
	struct digest prev;
	struct buffer out = { 0 };
	struct slice none;
	struct why why;
	enum result r;
	long n;

	place = bottle_place(b, 0, &prev);
	ck_assert_int_eq(frozen_item(rules_now(b->rules), 1, &s), R_GOOD);
	answer = (struct ballot_answer){ .item = s.item, .hash = s.hash, .choice = &choice };
	for (n = 0;; n++) {
		left = n;
		r = ballot_draft_new(&draft, &place, &answer, 1, &b->rng, &why);
		left = -1;
		if (r == R_GOOD)
			break;
		must(r == R_NO_MEMORY && draft == NULL);
	}
	for (n = 0;; n++) {
		left = n;
		r = ballot_draft_cast(&out, draft, b->voters[0].x, &b->rng, &why);
		left = -1;
		if (r == R_GOOD)
			break;
		must(r == R_NO_MEMORY);
		buffer_free(&out);
	}
	ck_assert_uint_gt(out.n, 0);
	buffer_clear(&out);
	for (n = 0;; n++) {
		left = n;
		r = ballot_challenge(&out, &place, ballot_draft_tracker(draft), b->voters[0].x,
		    &b->rng, &why);
		left = -1;
		if (r == R_GOOD)
			break;
		must(r == R_NO_MEMORY);
		buffer_free(&out);
	}
	/* Another one, to be audited. */
	ballot_draft_free(draft);
	ck_assert_int_eq(ballot_draft_new(&draft, &place, &answer, 1, &b->rng, &why), R_GOOD);
	left = 0;
	none = ballot_draft_audit(draft);
	left = -1;
	ck_assert_uint_eq(none.n, 0);
	ck_assert_uint_gt(ballot_draft_audit(draft).n, 0);
	ballot_draft_free(draft);
	buffer_free(&out);
	bottle_free(b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules_memory");
	TCase *tc = tcase_create("rules_memory");

	tcase_add_loop_test(tc, every_allocation, 0, 2);
	tcase_add_test(tc, questions);
	tcase_add_test(tc, drafts);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
