/*
 * test_rules_threads: the rule book as a board uses it: threads prepare and check records
 * against snapshots while the owner admits, settles and undoes.
 */
#include <check.h>
#include <pthread.h>
#include <string.h>

#include "tests/expect.h"
#include "tests/must.h"
#include "tests/suite.h"

#define VOTERS 60
#define WORKERS 3

/* The records go round: to be checked, checked, admitted. */
struct floor {
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct bottle *b;
	struct frozen *frozen; /* the one to prepare with */
	struct buffer record[VOTERS];
	unsigned next; /* the next record to be checked */
	struct check *checked[VOTERS];
	unsigned checked_n;
	int over;
};

/* Take a record, check it against the snapshot of the moment, put it down. */
static void *
work(void *arg)
{
	struct floor *f = arg;
	struct frozen *frozen;
	struct record *record;
	struct check *check;
	unsigned i;

	for (;;) {
		(void)pthread_mutex_lock(&f->lock);
		i = f->next < VOTERS ? f->next++ : VOTERS;
		frozen = frozen_ref(f->frozen);
		(void)pthread_mutex_unlock(&f->lock);
		if (i == VOTERS) {
			frozen_unref(frozen);
			return NULL;
		}
		must(record_parse(&record, NULL, buffer_slice(&f->record[i]), NULL) == R_GOOD);
		must(rules_prepare(&check, frozen, record, NULL) == R_GOOD);
		checks_run(&check, 1, &f->b->source, NULL);
		must(check_verdict(check, NULL) == R_GOOD);
		frozen_unref(frozen);
		(void)pthread_mutex_lock(&f->lock);
		f->checked[f->checked_n++] = check;
		(void)pthread_cond_signal(&f->news);
		(void)pthread_mutex_unlock(&f->lock);
	}
}

/* Compute the list of a closed item over and over, from whatever snapshot there is. */
static void *
derive(void *arg)
{
	struct floor *f = arg;
	struct digest first = { { 0 } };
	struct frozen *frozen;
	struct list list;
	int over = 0, n = 0;

	while (!over || n < 3) {
		(void)pthread_mutex_lock(&f->lock);
		frozen = frozen_ref(f->frozen);
		over = f->over;
		(void)pthread_mutex_unlock(&f->lock);
		must(frozen_list(frozen, 1, &f->b->source, &list, NULL) == R_GOOD);
		must(n == 0 || digest_equal(&first, &list.digest));
		first = list.digest;
		list_release(&list);
		frozen_unref(frozen);
		n++;
	}
	return NULL;
}

static void
publish(struct floor *f)
{
	struct frozen *now = rules_frozen(f->b->rules), *before;

	(void)pthread_mutex_lock(&f->lock);
	before = f->frozen;
	f->frozen = now;
	(void)pthread_mutex_unlock(&f->lock);
	frozen_unref(before);
}

/* Admit a check as the next entry, without settling and without a source that knows of it. */
static void
admit(struct floor *f, struct check *check)
{
	struct rules_place place = { .seq = rules_size(f->b->rules), .time = f->b->clock };
	struct why why = { .text = "" };

	place.hash.b[0] = (uint8_t)place.seq;
	must(rules_look(f->b->rules, check, &why) == R_GOOD);
	if (rules_admit(f->b->rules, check, &place, &why) != R_GOOD)
		ck_abort_msg("%s", why.text);
}

START_TEST(crowd)
{
	static const struct bottle_plan plan = { .voters = VOTERS, .late_items = 1 };
	const struct bottle_answer answer = { 2, "1" };
	struct floor f = { .lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER };
	uint8_t seed[32] = { (uint8_t)_i };
	pthread_t workers[WORKERS], deriver;
	struct check *batch[8];
	union record_body body;
	struct last_ballot last;
	struct rng rng;
	unsigned i, n, done = 0;

	f.b = bottle_new(&plan);
	bottle_to_voting(f.b, COUNT_PLURALITY, 2);
	for (i = 0; i < 5; i++)
		bottle_vote(f.b, i, 1, "2");
	bottle_close(f.b, 1);
	bottle_item(f.b, COUNT_PLURALITY, 2);
	bottle_open_item(f.b, 2);
	for (i = 0; i < VOTERS; i++)
		bottle_ballot(f.b, &f.record[i], i, &answer, 1);
	publish(&f);
	rng_seeded(&rng, seed);
	for (i = 0; i < WORKERS; i++)
		must(pthread_create(&workers[i], NULL, work, &f) == 0);
	must(pthread_create(&deriver, NULL, derive, &f) == 0);

	while (done < VOTERS) {
		(void)pthread_mutex_lock(&f.lock);
		while (f.checked_n == 0)
			(void)pthread_cond_wait(&f.news, &f.lock);
		for (n = 0; n < 8 && f.checked_n > 0; n++)
			batch[n] = f.checked[--f.checked_n];
		(void)pthread_mutex_unlock(&f.lock);
		for (i = 0; i < n; i++)
			admit(&f, batch[i]);
		if (rng_below(&rng, 3) == 0) {
			/* The commit failed: once more. */
			rules_undo(f.b->rules);
			for (i = 0; i < n; i++)
				admit(&f, batch[i]);
		}
		rules_settle(f.b->rules);
		done += n;
		for (i = 0; i < n; i++)
			check_free(batch[i]);
		/* Now and then something else changes, too: a new snapshot for the workers. */
		if (rng_below(&rng, 3) == 0 && frozen_items(rules_now(f.b->rules)) < 20) {
			struct frozen *frozen = rules_frozen(f.b->rules);
			struct buffer record = { 0 };
			struct record *parsed;
			struct check *check;

			bottle_item_body(f.b, &body, COUNT_APPROVAL, 3);
			bottle_sign(f.b, &record, RECORD_ITEM, &body, ROLE_ORGANISER, 1);
			must(record_parse(&parsed, NULL, buffer_slice(&record), NULL) == R_GOOD);
			must(rules_prepare(&check, frozen, parsed, NULL) == R_GOOD);
			checks_run(&check, 1, &f.b->source, NULL);
			admit(&f, check);
			if (rng_below(&rng, 2) == 0)
				rules_settle(f.b->rules);
			else
				rules_undo(f.b->rules);
			check_free(check);
			frozen_unref(frozen);
			buffer_free(&record);
			publish(&f);
		}
	}
	(void)pthread_mutex_lock(&f.lock);
	f.over = 1;
	(void)pthread_mutex_unlock(&f.lock);
	for (i = 0; i < WORKERS; i++)
		(void)pthread_join(workers[i], NULL);
	(void)pthread_join(deriver, NULL);
	for (i = 0; i < VOTERS; i++)
		must(rules_last_ballot(f.b->rules, i, 2, &last) == R_GOOD);
	for (i = 0; i < VOTERS; i++)
		buffer_free(&f.record[i]);
	frozen_unref(f.frozen);
	bottle_free(f.b);
}
END_TEST

/* Heavy checks on several threads say what they say on one. */
START_TEST(efforts)
{
	static const struct bottle_plan plan = { .voters = 30 };
	const struct effort effort = { .threads = 4 };
	struct bottle *b = bottle_new(&plan);
	struct rules *rules;
	struct why why = { .text = "" };
	unsigned i;

	bottle_to_voting(b, COUNT_CONDORCET, 31);
	for (i = 0; i < 30; i++)
		bottle_vote(b, i, 1, "1>2=4");
	bottle_finish(b, 1);
	ck_assert_int_eq(rules_new(&rules, NULL, RULES_VERIFY), R_GOOD);
	ck_assert_int_eq(rules_entries(rules, b->lines, b->line_count, &b->source, &effort, NULL,
			     &why),
	    R_GOOD);
	ck_assert_int_eq(rules_complete(rules, NULL), R_GOOD);
	rules_free(rules);
	bottle_free(b);
}
END_TEST

/* Give up when told to, and go on later from where it was. */
static int
stop(void *ctx, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	return *(int *)ctx;
}

START_TEST(cancelling)
{
	static const struct bottle_plan plan = { .voters = 3 };
	int told = 1;
	const struct effort effort = { .threads = 1, .progress = stop, .ctx = &told };
	struct bottle *b = bottle_new(&plan);
	struct rules *rules;
	struct why why = { .text = "" };
	size_t done;

	bottle_to_voting(b, COUNT_PLURALITY, 2);
	bottle_vote(b, 0, 1, "1");
	bottle_finish(b, 1);
	ck_assert_int_eq(rules_new(&rules, NULL, RULES_VERIFY), R_GOOD);
	ck_assert_int_eq(rules_entries(rules, b->lines, b->line_count, &b->source, &effort, &done,
			     &why),
	    R_CANCELLED);
	ck_assert_str_eq(why.check, ""); /* nobody is accused */
	ck_assert_uint_eq(rules_size(rules), done);
	told = 0;
	ck_assert_int_eq(rules_entries(rules, b->lines + done, b->line_count - done, &b->source,
			     &effort, NULL, &why),
	    R_GOOD);
	ck_assert_int_eq(rules_complete(rules, NULL), R_GOOD);
	rules_free(rules);
	bottle_free(b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules_threads");
	TCase *tc = tcase_create("rules_threads");

	tcase_add_loop_test(tc, crowd, 0, 4);
	tcase_add_test(tc, efforts);
	tcase_add_test(tc, cancelling);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
