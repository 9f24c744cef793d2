/*
 * test_mutants: every field of every record of a small election changed in every way that
 * spoil.h knows, the record signed or proved anew by its author, the rest of the board chained
 * and signed anew by the author, the organiser and the board together (forge.h).
 *
 * A verifier that expects the election's id refuses every one of them. What it cannot refuse
 * is another history that is as good as the honest one, because nobody but the attackers has
 * signed anything that rests on it. Here that is exactly
 *
 *   the times of the entries behind the last `close`, whose hash the trustees sign, and
 *   which of two trustees came first to say `ready`, or to decrypt, behind it.
 *
 * Each of these is refused with a head from outside (EQUIVOCATION): with one, no mutant is left.
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
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/mem.h"
#include "tests/forge.h"
#include "tests/must.h"
#include "tests/spoil.h"

/* Most mutants of one record. */
#define MUTANTS_MAX 8192

/* What a board says of a record. */
struct said {
	enum result reason;
	char check[8];
};

/* A mutant of the record at hand, and what became of it. */
struct mutant {
	unsigned node, way;
	enum { SKIPPED, REFUSED, SURVIVED } end;
	struct verdict verdict;   /* expected id only */
	struct verdict with_head; /* of a survivor */
	int by_old;               /* an old snapshot was good enough to decide by */
	int differs;              /* a board says another reason: */
	struct said by_board;
};

static struct small *s;
static struct forge *f;
static struct mutant *mutants; /* shared with the processes that judge them */

static unsigned total, refused_here, refused_later, refused_archive, survived, disagreements,
    by_old;

static void
make(void)
{
	if (mem_init() != R_GOOD)
		abort();
	s = small_new(3);
	f = forge_new(s);
	mutants = mmap(NULL, MUTANTS_MAX * sizeof *mutants, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mutants == MAP_FAILED)
		abort();
}

static void
unmake(void)
{
	forge_free(f);
	small_free(s);
	(void)munmap(mutants, MUTANTS_MAX * sizeof *mutants);
}

/* ---- leaving archives for others ---- */

static void
keep(const struct forgery *y, const struct verdict *v)
{
	const char *folder = getenv("TABELLA_MUTANTS");
	char name[64], *path;

	if (folder == NULL)
		return;
	(void)snprintf(name, sizeof name, "%s-%s", v->reason == R_GOOD ? "none" : v->check,
	    result_name(v->reason));
	path = bottle_path(folder, name);
	if (access(path, F_OK) != 0)
		forgery_write(f, y, path);
	free(path);
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

static int
same(struct said said, const struct verdict *v)
{
	return said.reason == v->reason &&
	    (strcmp(said.check, v->check) == 0 || strcmp(v->check, "V004") == 0);
}

/* Does a board agree that gets the record by a snapshot of now, and by an older one? What is wrong
 * with the line has another name where there is only a record. */
static void
compare(struct mutant *m, const struct said *now, const struct said *old)
{
	m->differs = !same(*now, &m->verdict);
	m->differs |= !same(*old, &m->verdict);
	m->by_board = same(*now, &m->verdict) ? *old : *now;
}

/* ---- one mutant ---- */

/* Write the mutated record: its body signed anew, or the whole as it is if something beside the
 * body was changed. */
static const char *
spoil_record(struct buffer *out, const struct tree *t, const struct node *node, size_t way,
    const struct tree *sibling, size_t k)
{
	const struct node *body = tree_find(t, "body"), *by = tree_find(t, "by");
	struct buffer text = { 0 };
	const char *name = spoil(&text, t, node, way, sibling);

	buffer_clear(out);
	if (name != NULL && node->from >= body->from && node->to <= body->to && node != body) {
		const struct slice bytes = { text.p + body->from,
			body->to - body->from + text.n - t->text.n };

		forge_sign(f, out, k, bytes, tree_bytes(t, by), tree_bytes(t, &t->node[by->next]));
	} else
		buffer_add(out, text.p, text.n);
	buffer_free(&text);
	return name == NULL || slice_equal(buffer_slice(out), t->text) ? NULL : name;
}

/* The record has passed: go on with the others, then with the archive as a whole. */
static void
judge_rest(struct mutant *m, struct forgery *y)
{
	size_t i;

	for (i = y->k + 1; i < f->n; i++)
		forgery_take(f, y, i);
	m->verdict = forgery_judge(f, y, 1);
	if (m->verdict.reason == R_GOOD)
		m->verdict = forgery_archive(f, y, 0);
	if (m->verdict.reason == R_GOOD) {
		m->end = SURVIVED;
		m->with_head = forgery_archive(f, y, 1);
	}
}

/* Judge a mutant; returns 1 if the rule book has moved, so that this process is used up. */
static int
judge(struct mutant *m, const struct tree *t, const struct tree *sibling, size_t k)
{
	const size_t back = 1 + (m->node + m->way) % 9;
	struct buffer record = { 0 };
	struct said now = { R_GOOD, "" }, old = { R_GOOD, "" };
	struct rules_place place;
	struct forgery y;
	int moved = 0, stale = 0;

	m->end = SKIPPED;
	if (spoil_record(&record, t, &t->node[m->node], m->way, sibling, k) == NULL)
		goto out;
	m->end = REFUSED;
	forgery_start(f, &y, k, k);
	forgery_add(f, &y, k, buffer_slice(&record), f->time[k]);
	place = (struct rules_place){ .seq = k, .time = y.time, .hash = y.prev };
	if (k > 0)
		now = old = post(buffer_slice(&record), f->snapshot[k], &place, &stale);
	if (k > back) {
		old = post(buffer_slice(&record), f->snapshot[k - back], &place, &stale);
		m->by_old = !stale;
		/* What an old snapshot refuses early is asked again, as a client would. */
		if (stale)
			old = now;
	}
	m->verdict = forgery_judge(f, &y, 0);
	if (k > 0)
		compare(m, &now, &old);
	if (m->verdict.reason == R_GOOD) {
		moved = 1;
		judge_rest(m, &y);
	}
	forgery_free(&y);
out:
	buffer_free(&record);
	return moved;
}

/* ---- all mutants of a record ---- */

/* Another record of the same type, to take values from. */
static struct slice
sibling_of(size_t k, enum record_type type)
{
	struct record *record;
	size_t i;

	for (i = (k + 1) % f->n; i != k; i = (i + 1) % f->n) {
		enum record_type other = RECORD_UNKNOWN;

		must(record_parse(&record, &other, f->record[i], NULL) == R_GOOD);
		record_free(record);
		if (other == type)
			return f->record[i];
	}
	return (struct slice){ NULL, 0 };
}

/* Let processes judge mutants [from, n), one after the other, each until its rule book has
 * moved. */
static void
judge_all(size_t n, const struct tree *t, const struct tree *sibling, size_t k)
{
	unsigned *next = (unsigned *)&mutants[MUTANTS_MAX - 1];
	int status;
	pid_t pid;

	for (*next = 0; *next < n;) {
		pid = fork();
		must(pid >= 0);
		if (pid == 0) {
			while (*next < n)
				if (judge(&mutants[(*next)++], t, sibling, k))
					break;
			_exit(0);
		}
		must(waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
		    WEXITSTATUS(status) == 0);
	}
}

/* Make a mutant of entry k again, the whole board, and leave it. */
static void
keep_mutant(const struct mutant *m, const struct tree *t, const struct tree *sibling, size_t k)
{
	struct buffer record = { 0 };
	struct forgery y;
	size_t i;

	if (getenv("TABELLA_MUTANTS") == NULL)
		return;
	(void)spoil_record(&record, t, &t->node[m->node], m->way, sibling, k);
	forgery_start(f, &y, k, k);
	forgery_add(f, &y, k, buffer_slice(&record), f->time[k]);
	for (i = k + 1; i < f->n; i++)
		forgery_take(f, &y, i);
	keep(&y, &m->verdict);
	forgery_free(&y);
	buffer_free(&record);
}

static void
count(const struct mutant *m, const struct tree *t, const struct tree *sibling, size_t k,
    enum record_type type)
{
	struct buffer text = { 0 };
	const char *name = spoil(&text, t, &t->node[m->node], m->way, sibling);

	buffer_free(&text);
	if (m->end == SKIPPED)
		return;
	total++;
	by_old += (unsigned)m->by_old;
	if (m->differs) {
		disagreements++;
		(void)printf("entry %zu %s %s: %s %s, but by a board %s %s\n", k,
		    t->node[m->node].path, name, result_name(m->verdict.reason), m->verdict.check,
		    result_name(m->by_board.reason), m->by_board.check);
	}
	if (m->end == SURVIVED) {
		survived++;
		(void)printf("entry %zu (%s) %s %s: survives; with a head %s\n", k,
		    record_type_name(type), t->node[m->node].path, name,
		    result_name(m->with_head.reason));
		return;
	}
	must(m->verdict.check[0] == 'V');
	keep_mutant(m, t, sibling, k);
	if (m->verdict.at == (int)k)
		refused_here++;
	else if (m->verdict.at >= 0)
		refused_later++;
	else
		refused_archive++;
}

static void
spoil_entry(size_t k)
{
	struct slice twin;
	struct tree t, sibling = { .n = 0 };
	struct record *record;
	enum record_type type;
	size_t n = 0, i, way;

	must(record_parse(&record, &type, f->record[k], NULL) == R_GOOD);
	record_free(record);
	tree_read(&t, f->record[k]);
	twin = sibling_of(k, type);
	if (twin.p != NULL)
		tree_read(&sibling, twin);
	for (i = 1; i < t.n; i++)
		for (way = 0; way < spoil_ways(&t, &t.node[i]); way++) {
			must(n < MUTANTS_MAX - 1);
			mutants[n++] = (struct mutant){ .node = (unsigned)i, .way = (unsigned)way };
		}
	judge_all(n, &t, twin.p == NULL ? NULL : &sibling, k);
	for (i = 0; i < n; i++)
		count(&mutants[i], &t, twin.p == NULL ? NULL : &sibling, k, type);
	tree_free(&t);
	tree_free(&sibling);
}

/* The last entry on which the signature of somebody honest rests: the `close` of the last item, whose
 * hash the trustees have signed. */
static size_t
last_close(void)
{
	size_t i = f->n;

	while (i-- > 0)
		if (memmem(f->record[i].p, f->record[i].n, "{\"close\":", 9) ==
		    f->record[i].p + strlen("{\"body\":"))
			return i;
	abort();
}

static enum record_type
type_of(size_t k)
{
	struct record *record;
	enum record_type type;

	must(record_parse(&record, &type, f->record[k], NULL) == R_GOOD);
	record_free(record);
	return type;
}

START_TEST(every_field)
{
	size_t k;

	if (getenv("TABELLA_MUTANTS") != NULL) {
		char *path = bottle_path(getenv("TABELLA_MUTANTS"), "honest");

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
		f->n, total, refused_here, refused_later, refused_archive, survived, by_old);
	(void)fflush(stdout);
	ck_assert_uint_eq(survived, 0);
	ck_assert_uint_eq(disagreements, 0);
	ck_assert_uint_gt(by_old, total / 10);
}
END_TEST

/* ---- the line around a record; lines left out, doubled, exchanged ---- */

/* Judge a forgery in a process of its own: the archive where no entry is refused, and that
 * with a head where it is good. */
static void
judge_apart(struct mutant *m, struct forgery *y)
{
	int status;
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		m->verdict = forgery_judge(f, y, 0);
		m->end = REFUSED;
		if (m->verdict.reason == R_GOOD)
			m->verdict = forgery_archive(f, y, 0);
		if (m->verdict.reason == R_GOOD) {
			m->end = SURVIVED;
			m->with_head = forgery_archive(f, y, 1);
		}
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Nothing that a head from outside does not find out; else a named check. */
static void
expect_end(const struct mutant *m, int survives, size_t k, const char *what)
{
	if ((m->end == SURVIVED) != survives)
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

static void
spoil_line(size_t k, const struct node *node, const struct tree *t, const struct tree *sibling,
    size_t way)
{
	struct buffer line = { 0 };
	const char *name = spoil(&line, t, node, way, sibling);
	struct entry entry;
	struct forgery y;
	int survives = 0;
	size_t i;

	if (name == NULL)
		goto out;
	/* Another time that is a time, and not below that of the entry before. */
	if (strcmp(node->path, "time") == 0 && k > last_close() &&
	    entry_read(&entry, buffer_slice(&line), NULL) == R_GOOD)
		survives = entry.time >= f->time[k - 1];
	forgery_start(f, &y, k, k);
	forgery_add_line(f, &y, k, buffer_slice(&line), survives ? entry.time : f->time[k]);
	for (i = k + 1; i < f->n; i++)
		forgery_take(f, &y, i);
	judge_apart(&mutants[0], &y);
	expect_end(&mutants[0], survives, k, name);
	keep(&y, &mutants[0].verdict);
	forgery_free(&y);
out:
	buffer_free(&line);
}

START_TEST(every_line)
{
	static const char *const paths[] = { "election", "prev", "seq", "time" };
	struct tree t, sibling;
	size_t k, i, way;

	for (k = 0; k < f->n; k++) {
		forge_go(f, k);
		tree_read(&t, s->b->lines[k]);
		tree_read(&sibling, s->b->lines[k + 1 < f->n ? k + 1 : 0]);
		for (i = 0; i < 4; i++) {
			const struct node *node = tree_find(&t, paths[i]);

			for (way = 0; way < spoil_ways(&t, node); way++)
				spoil_line(k, node, &t, &sibling, way);
		}
		tree_free(&t);
		tree_free(&sibling);
	}
	(void)printf("%u spoilt lines, %u of them for a head from outside to find\n", total,
	    survived);
	(void)fflush(stdout);
	ck_assert_uint_gt(survived, 0);
}
END_TEST

/* Put the entries `first` (n of them) in the place of those from k to `rest`. */
static void
move(size_t k, const size_t *first, size_t n, size_t rest, int survives, const char *what)
{
	struct forgery y;
	size_t i;

	forgery_start(f, &y, k, k);
	if (n == 0)
		forgery_drop(f, &y, k);
	for (i = 0; i < n; i++)
		forgery_take(f, &y, first[i]);
	for (i = rest; i < f->n; i++)
		forgery_take(f, &y, i);
	judge_apart(&mutants[0], &y);
	expect_end(&mutants[0], survives, k, what);
	keep(&y, &mutants[0].verdict);
	forgery_free(&y);
}

START_TEST(every_move)
{
	size_t k;

	for (k = 0; k < f->n; k++) {
		const size_t twice[] = { k, k }, exchanged[] = { k + 1, k };

		forge_go(f, k);
		move(k, NULL, 0, k + 1, 0, "left out");
		move(k, twice, 2, k + 1, 0, "doubled");
		if (k + 1 < f->n)
			move(k, exchanged, 2, k + 2,
			    k > last_close() && type_of(k) == type_of(k + 1) &&
				(type_of(k) == RECORD_READY || type_of(k) == RECORD_DECRYPT),
			    "exchanged with the next");
	}
	(void)printf("%u moves, %u of them for a head from outside to find\n", total, survived);
	(void)fflush(stdout);
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
	tcase_add_test(t, every_line);
	tcase_add_test(t, every_move);
	suite_add_tcase(suite, t);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
