/*
 * test_mutants: every field of every record of a small election changed in every way that
 * spoil.h knows, the record signed or proved anew by its author, the rest of the board chained
 * and signed anew by the author, the organiser and the board together (forge.h). A verifier who
 * expects the election's id refuses every one of them.
 *
 * Each mutant also goes to the rule book as a board takes it, record by record, by a fresh and by an
 * old snapshot: the same reason must come out.
 *
 * With TABELLA_MUTANTS set to a folder, an archive of the first mutant that a check refuses for a
 * reason is left there as FOLDER/CHECK-REASON, for other verifiers, and the honest one as
 * FOLDER/honest.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/mem.h"
#include "tests/must.h"
#include "tests/suite.h"
#include "tests/trial.h"

static struct small *s;
static struct forge *f;
static struct trial *trials;

static unsigned total, here, later, archive, survived, disagreements, by_old;

static void
make(void)
{
	if (mem_init() != R_GOOD)
		abort();
	s = small_new(3);
	f = forge_new(s);
	trials = trials_new();
}

static void
unmake(void)
{
	trials_free(trials);
	forge_free(f);
	small_free(s);
}

/* ---- as a board does it ---- */

/* Judge a record as the next one, prepared by a snapshot. *stale is set if another
 * snapshot may say something else. */
static struct said
post(struct slice bytes, struct frozen *snapshot, const struct rules_place *place, int *stale)
{
	struct record *record;
	struct check *check = NULL;
	struct why why = { .reason = R_GOOD };
	enum record_type type;
	struct said said;
	enum result r = record_parse(&record, &type, bytes, &why);

	if (r != R_GOOD)
		rules_name_check(&why, type, r);
	else {
		r = rules_prepare(&check, snapshot, record, &why);
		*stale = r != R_GOOD;
		if (r != R_GOOD)
			record_free(record);
	}
	if (r == R_GOOD) {
		checks_run(&check, 1, &s->b->source, NULL);
		r = rules_admit(f->rules, check, place, &why);
		*stale = r == R_BUSY;
		if (r == R_GOOD)
			rules_undo(f->rules);
		check_free(check);
	}
	said.reason = r;
	memcpy(said.check, why.check, sizeof said.check);
	return said;
}

/* What is wrong with the line has another name where there is only a record. */
static int
same(struct said said, const struct verdict *v)
{
	return said.reason == v->reason &&
	    (strcmp(said.check, v->check) == 0 || strcmp(v->check, "V004") == 0);
}

/* Post the record by the snapshot of now, and by an older one. */
static void
post_twice(struct said *now, struct said *old, struct trial *m, struct slice record, size_t k,
    const struct forgery *y)
{
	const size_t back = 1 + (m->node + m->way) % 9;
	const struct rules_place place = { .seq = k, .time = y->time, .hash = y->prev };
	int stale = 0;

	*now = *old = post(record, f->snapshot[k], &place, &stale);
	if (k <= back)
		return;
	stale = 0;
	*old = post(record, f->snapshot[k - back], &place, &stale);
	m->by_old = !stale;
	/* What an old snapshot refuses early is asked again, as a client would. */
	if (stale)
		*old = *now;
}

/* ---- one mutant ---- */

/* The record at hand, and another of its type to take values from. */
struct subject {
	size_t k;
	struct tree tree, sibling;
};

/* Write the mutated record: its body signed anew, or the whole as it is if something beside the
 * body was changed. Returns the name of the way, or NULL if it makes no difference. */
static const char *
spoil_record(struct buffer *out, const struct subject *u, const struct trial *m)
{
	const struct tree *t = &u->tree;
	const struct node *body = tree_find(t, "body"), *by = tree_find(t, "by"),
			  *node = &t->node[m->node];
	struct buffer text = { 0 };
	const char *name = spoil(&text, t, node, m->way, u->sibling.n == 0 ? NULL : &u->sibling);

	buffer_clear(out);
	if (name != NULL && node->from >= body->from && node->to <= body->to && node != body) {
		const struct slice bytes = { text.p + body->from,
			body->to - body->from + text.n - t->text.n };

		forge_sign(f, out, u->k, bytes, tree_bytes(t, by),
		    tree_bytes(t, &t->node[by->next]));
	} else
		buffer_add(out, text.p, text.n);
	buffer_free(&text);
	return name == NULL || slice_equal(buffer_slice(out), t->text) ? NULL : name;
}

static int
judge(void *arg, struct trial *m)
{
	const struct subject *u = arg;
	struct buffer record = { 0 };
	struct said now = { R_GOOD, "" }, old = { R_GOOD, "" };
	struct forgery y;
	int moved = 0;

	m->end = TRIAL_SKIPPED;
	if (spoil_record(&record, u, m) == NULL)
		goto out;
	m->end = TRIAL_REFUSED;
	forgery_start(f, &y, u->k, u->k);
	forgery_add(f, &y, u->k, buffer_slice(&record), f->time[u->k]);
	if (u->k > 0)
		post_twice(&now, &old, m, buffer_slice(&record), u->k, &y);
	m->verdict = forgery_judge(f, &y, 0);
	if (u->k > 0) {
		m->differs = !same(now, &m->verdict) || !same(old, &m->verdict);
		m->by_board = same(now, &m->verdict) ? old : now;
	}
	if (m->verdict.reason == R_GOOD) {
		moved = 1;
		trial_rest(m, f, &y, u->k + 1);
	}
	forgery_free(&y);
out:
	buffer_free(&record);
	return moved;
}

/* ---- all mutants of a record ---- */

/* Another record of the same type. */
static struct slice
sibling_of(size_t k)
{
	const struct slice mine = f->record[k];
	/* {"body":{"type" */
	const size_t n = (size_t)((const uint8_t *)memchr(mine.p + 9, ':', mine.n - 9) - mine.p);
	size_t i;

	for (i = (k + 1) % f->n; i != k; i = (i + 1) % f->n)
		if (f->record[i].n > n && memcmp(f->record[i].p, mine.p, n) == 0)
			return f->record[i];
	return (struct slice){ NULL, 0 };
}

/* Make a mutant again, the whole board, and leave it. */
static void
keep(const struct trial *m, const struct subject *u)
{
	struct buffer record = { 0 };
	struct forgery y;
	size_t i;

	if (!trial_keeps())
		return;
	(void)spoil_record(&record, u, m);
	forgery_start(f, &y, u->k, u->k);
	forgery_add(f, &y, u->k, buffer_slice(&record), f->time[u->k]);
	for (i = u->k + 1; i < f->n; i++)
		forgery_take(f, &y, i);
	trial_keep(f, &y, &m->verdict);
	forgery_free(&y);
	buffer_free(&record);
}

static void
count(const struct trial *m, const struct subject *u)
{
	const char *path = u->tree.node[m->node].path;

	if (m->end == TRIAL_SKIPPED)
		return;
	total++;
	by_old += (unsigned)m->by_old;
	if (m->differs) {
		disagreements++;
		(void)printf("entry %zu %s way %u: %s %s, but by a board %s %s\n", u->k, path,
		    m->way, result_name(m->verdict.reason), m->verdict.check,
		    result_name(m->by_board.reason), m->by_board.check);
	}
	if (m->end == TRIAL_SURVIVED) {
		survived++;
		(void)printf("entry %zu %s way %u survives; with a head %s\n", u->k, path, m->way,
		    result_name(m->with_head.reason));
		return;
	}
	must(m->verdict.check[0] == 'V');
	keep(m, u);
	here += m->verdict.at == (int)u->k;
	later += m->verdict.at > (int)u->k;
	archive += m->verdict.at < 0;
}

static void
spoil_entry(size_t k)
{
	struct subject u = { .k = k };
	struct slice sibling = sibling_of(k);
	size_t n = 0, i, way;

	tree_read(&u.tree, f->record[k]);
	if (sibling.p != NULL)
		tree_read(&u.sibling, sibling);
	for (i = 1; i < u.tree.n; i++)
		for (way = 0; way < spoil_ways(&u.tree, &u.tree.node[i]); way++) {
			must(n < TRIALS_MAX - 1);
			trials[n++] = (struct trial){ .node = (unsigned)i, .way = (unsigned)way };
		}
	trials_run(trials, n, judge, &u);
	for (i = 0; i < n; i++)
		count(&trials[i], &u);
	tree_free(&u.tree);
	tree_free(&u.sibling);
}

START_TEST(every_field)
{
	char *path;
	size_t k;

	if (trial_keeps()) {
		path = bottle_path(getenv("TABELLA_MUTANTS"), "honest");
		bottle_archive(s->b, path);
		free(path);
	}
	for (k = 0; k < f->n; k++) {
		forge_go(f, k);
		spoil_entry(k);
	}
	(void)
	    printf("%zu entries, %u mutants: %u refused at the spoilt record, %u later, %u by the "
		   "archive, %u left; %u times an older snapshot decided\n",
		f->n, total, here, later, archive, survived, by_old);
	(void)fflush(stdout);
	ck_assert_uint_eq(survived, 0);
	ck_assert_uint_eq(disagreements, 0);
	ck_assert_uint_gt(by_old, total / 10);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("mutants");
	TCase *t = tcase_create("mutants");

	tcase_add_checked_fixture(t, make, unmake);
	tcase_set_timeout(t, 600);
	tcase_add_test(t, every_field);
	suite_add_tcase(suite, t);
	return suite;
}

int
main(void)
{
	return suite_main(suite());
}
