/*
 * test_forgeries: what a board can do to a small election around the records: other ids, hashes,
 * numbers and times; entries left out, doubled, exchanged. All is chained and signed anew by
 * the board, the organiser, and the author of the entry at hand together (forge.h).
 *
 * A verifier who expects the election's id cannot refuse another history that is as good as
 * the honest one, because nobody but the attackers has signed anything that rests on it. Here
 * that is exactly
 *
 *   the times of the entries behind the last `close`, whose hash the trustees sign, and
 *   which of two trustees came first to say `ready`, or to decrypt, behind it.
 *
 * Each of these is refused with a head from outside (EQUIVOCATION); all else by a named check. With
 * TABELLA_MUTANTS archives are left as by test_mutants.
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
static unsigned total, survived;

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

/* Nothing but what a head from outside finds out; all else by a named check. */
static void
expect_end(const struct trial *m, int survives, size_t k, const char *what)
{
	if ((m->end == TRIAL_SURVIVED) != survives)
		ck_abort_msg("entry %zu, %s: %s %s, entry %d", k, what,
		    result_name(m->verdict.reason), m->verdict.check, m->verdict.at);
	if (survives) {
		must(m->with_head.reason == R_EQUIVOCATION);
		must(strcmp(m->with_head.check, "V914") == 0);
	} else
		must(m->verdict.check[0] == 'V');
	total++;
	survived += (unsigned)survives;
}

/* ---- lines ---- */

/* The line at hand, and another. */
struct subject {
	size_t k;
	struct tree tree, sibling;
};

/* Write the spoilt line; *time is the one that it carries, if it is one. Returns the name of the
 * way, or NULL. */
static const char *
spoil_line(struct buffer *line, uint64_t *time, const struct subject *u, const struct trial *m)
{
	struct entry entry;
	const char *name = spoil(line, &u->tree, &u->tree.node[m->node], m->way, &u->sibling);

	*time = f->time[u->k];
	if (name != NULL && entry_read(&entry, buffer_slice(line), NULL) == R_GOOD)
		*time = entry.time;
	return name;
}

static int
judge_line(void *arg, struct trial *m)
{
	const struct subject *u = arg;
	struct buffer line = { 0 };
	struct forgery y;
	uint64_t time;
	int moved = 0;

	m->end = TRIAL_SKIPPED;
	if (spoil_line(&line, &time, u, m) == NULL)
		goto out;
	m->end = TRIAL_REFUSED;
	forgery_start(f, &y, u->k, u->k);
	forgery_add_line(f, &y, u->k, buffer_slice(&line), time);
	m->verdict = forgery_judge(f, &y, 0);
	if (m->verdict.reason == R_GOOD) {
		moved = 1;
		trial_rest(m, f, &y, u->k + 1);
	}
	forgery_free(&y);
out:
	buffer_free(&line);
	return moved;
}

/* Is it to survive? Only another time does, behind the last close, that is not below the one before
 * it. */
static void
count_line(const struct trial *m, const struct subject *u)
{
	struct buffer line = { 0 };
	struct forgery y;
	struct entry entry;
	uint64_t time;
	const char *name = spoil_line(&line, &time, u, m);
	int survives = 0;
	size_t i;

	if (name == NULL)
		goto out;
	if (strcmp(u->tree.node[m->node].path, "time") == 0 && u->k > trial_last_close(f) &&
	    entry_read(&entry, buffer_slice(&line), NULL) == R_GOOD)
		survives = entry.time >= f->time[u->k - 1];
	expect_end(m, survives, u->k, name);
	if (trial_keeps()) {
		forgery_start(f, &y, u->k, u->k);
		forgery_add_line(f, &y, u->k, buffer_slice(&line), time);
		for (i = u->k + 1; i < f->n; i++)
			forgery_take(f, &y, i);
		trial_keep(f, &y, &m->verdict);
		forgery_free(&y);
	}
out:
	buffer_free(&line);
}

START_TEST(every_line)
{
	static const char *const paths[] = { "election", "prev", "seq", "time" };
	size_t k, i, way, n;

	for (k = 0; k < f->n; k++) {
		struct subject u = { .k = k };

		forge_go(f, k);
		tree_read(&u.tree, s->b->lines[k]);
		tree_read(&u.sibling, s->b->lines[k + 1 < f->n ? k + 1 : 0]);
		for (n = i = 0; i < 4; i++) {
			const struct node *node = tree_find(&u.tree, paths[i]);

			for (way = 0; way < spoil_ways(&u.tree, node); way++)
				trials[n++] =
				    (struct trial){ .node = (unsigned)(node - u.tree.node),
					    .way = (unsigned)way };
		}
		trials_run(trials, n, judge_line, &u);
		for (i = 0; i < n; i++)
			count_line(&trials[i], &u);
		tree_free(&u.tree);
		tree_free(&u.sibling);
	}
	(void)printf("%u spoilt lines, %u of them for a head from outside to find\n", total,
	    survived);
	(void)fflush(stdout);
	ck_assert_uint_gt(survived, 0);
}
END_TEST

/* ---- moves ---- */

/* Put the entries `first` (n of them) in the place of those from k to `rest`. */
struct move {
	size_t k, first[2], n, rest;
};

static void
forge_move(struct forgery *y, const struct move *move)
{
	size_t i;

	forgery_start(f, y, move->k, move->k);
	if (move->n == 0)
		forgery_drop(f, y, move->k);
	for (i = 0; i < move->n; i++)
		forgery_take(f, y, move->first[i]);
	for (i = move->rest; i < f->n; i++)
		forgery_take(f, y, i);
}

static int
judge_move(void *arg, struct trial *m)
{
	const struct move *move = arg;
	struct forgery y;

	forge_move(&y, move);
	m->verdict = forgery_judge(f, &y, 0);
	m->end = TRIAL_REFUSED;
	if (m->verdict.reason == R_GOOD)
		m->verdict = forgery_archive(f, &y, 0);
	if (m->verdict.reason == R_GOOD) {
		m->end = TRIAL_SURVIVED;
		m->with_head = forgery_archive(f, &y, 1);
	}
	forgery_free(&y);
	return 1;
}

static void
try_move(const struct move *move, int survives, const char *what)
{
	struct move copy = *move;
	struct forgery y;

	trials[0] = (struct trial){ .node = 0 };
	trials_run(trials, 1, judge_move, &copy);
	expect_end(&trials[0], survives, move->k, what);
	if (trial_keeps()) {
		forge_move(&y, move);
		trial_keep(f, &y, &trials[0].verdict);
		forgery_free(&y);
	}
}

/* Does entry k begin as a record of this type? */
static int
is(size_t k, const char *type)
{
	const size_t n = strlen(type);

	return f->record[k].n > 10 + n && memcmp(f->record[k].p + 10, type, n) == 0;
}

START_TEST(every_move)
{
	size_t k;

	for (k = 0; k < f->n; k++) {
		forge_go(f, k);
		try_move(&(struct move){ k, { 0 }, 0, k + 1 }, 0, "left out");
		try_move(&(struct move){ k, { k, k }, 2, k + 1 }, 0, "doubled");
		if (k + 1 < f->n)
			try_move(&(struct move){ k, { k + 1, k }, 2, k + 2 },
			    k > trial_last_close(f) &&
				((is(k, "ready") && is(k + 1, "ready")) ||
				    (is(k, "decrypt") && is(k + 1, "decrypt"))),
			    "exchanged with the next");
	}
	(void)printf("%u moves, %u of them for a head from outside to find\n", total, survived);
	(void)fflush(stdout);
	ck_assert_uint_eq(survived, 3);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("forgeries");
	TCase *t = tcase_create("forgeries");

	tcase_add_checked_fixture(t, make, unmake);
	tcase_set_timeout(t, 600);
	tcase_add_test(t, every_line);
	tcase_add_test(t, every_move);
	suite_add_tcase(suite, t);
	return suite;
}

int
main(void)
{
	return suite_main(suite());
}
