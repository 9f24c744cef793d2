/*
 * test_hosted: an election as a board reads it from the database: again after an error on the
 * way, behind another board on the same database, and never with a head that does not hold.
 */
#include "server/hosted.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/entry.h"
#include "ballots/record.h"
#include "server/witness.h"
#include "tests/bottle_archive.h"
#include "tests/pg.h"
#include "tests/suite.h"

static struct cluster *cluster;
static struct store *store;
static struct why why;

/* ---- a board in the database ---- */

struct stored {
	struct bottle *b;
	struct slice *lines; /* the bottle's, or others that were put in their place */
	struct store_election key;
	struct hosts *hosts;
	struct hosted *h;
	/* The source: as many of the blobs it is asked for are not to be had, for this reason. */
	struct source source;
	unsigned failures;
	enum result reason;
};

#define must_be(want, call) \
	do { \
		enum result r_ = (call); \
		ck_assert_msg(r_ == (want), "%s: %s: %s", #call, result_name(r_), why.text); \
	} while (0)

static enum result
some_blob(void *ctx, const struct digest *id, struct blob *out)
{
	struct stored *s = ctx;

	if (s->failures > 0) {
		s->failures--;
		return s->reason;
	}
	return s->b->source.blob(s->b->source.ctx, id, out);
}

static enum result
some_entries(void *ctx, uint64_t from, uint64_t to, source_each *each, void *arg)
{
	struct stored *s = ctx;

	return s->b->source.entries(s->b->source.ctx, from, to, each, arg);
}

/* An election with its first vote to come, and nothing of it in the database. */
static void
begin(struct stored *s, uint8_t seed)
{
	const struct bottle_plan plan = { .witnesses = 1, .seed = seed };
	const struct digest *id;

	memset(s, 0, sizeof *s);
	s->b = bottle_new(&plan);
	bottle_to_voting(s->b, COUNT_PLURALITY, 2);
	s->lines = s->b->lines;
	s->source = (struct source){ .ctx = s, .entries = some_entries, .blob = some_blob };
	id = frozen_election(rules_now(s->b->rules));
	store = pg_store(cluster);
	must_be(R_GOOD, store_election_make(store, &s->key, id, &why));
	must_be(R_GOOD, hosts_new(&s->hosts));
	must_be(R_GOOD, hosts_get(s->hosts, &s->h, id));
	s->h->key = s->key;
}

static void
end(struct stored *s)
{
	hosts_free(s->hosts);
	bottle_free(s->b);
	store_free(store);
}

static void
frontier_over(struct merkle_frontier *tree, const struct slice *lines, size_t n)
{
	struct digest leaf;
	size_t i;

	memset(tree, 0, sizeof *tree);
	for (i = 0; i < n; i++) {
		merkle_leaf(&leaf, lines[i].p, lines[i].n);
		merkle_frontier_append(tree, &leaf);
	}
}

/* Append lines until there are n. */
static void
append(struct stored *s, size_t n)
{
	uint8_t bytes[MERKLE_FRONTIER_MAX];
	struct store_head before, after;
	struct merkle_frontier tree;
	struct store_entry *entries = calloc(n, sizeof *entries);
	struct store_addition a = { .before = &before, .entries = entries, .after = &after };
	struct record *record;
	struct entry entry = { 0 };
	size_t i;

	ck_assert_ptr_nonnull(entries);
	must_be(R_GOOD, store_head(store, &before, s->key, &why));
	for (i = before.size; i < n; i++) {
		struct store_entry *e = &entries[a.n++];

		e->line = s->lines[i];
		entry_hash(&e->hash, e->line);
		merkle_leaf(&e->leaf, e->line.p, e->line.n);
		must_be(R_GOOD, entry_read(&entry, e->line, &why));
		must_be(R_GOOD, record_parse(&record, NULL, entry.record, &why));
		e->record = record->hash;
		record_free(record);
	}
	after = before;
	after.size = n;
	after.hash = entries[a.n - 1].hash;
	after.time = entry.time;
	frontier_over(&tree, s->lines, n);
	after.frontier = frontier_nodes(bytes, &tree);
	must_be(R_GOOD, store_commit(store, s->key, &a, NULL, &why));
	store_head_free(&before);
	free(entries);
}

/* Store a signature over n lines, and the frontier of some; honest if both are the board's. */
static void
sign(struct stored *s, size_t n, const struct slice *lines, const struct slice *frontier_lines)
{
	uint8_t bytes[MERKLE_FRONTIER_MAX];
	struct store_head before, after;
	const struct store_signing g = { &before, &after };
	struct merkle_frontier tree;
	struct buffer note = { 0 };

	must_be(R_GOOD, store_head(store, &before, s->key, &why));
	after = before;
	bottle_checkpoint(s->b, &note, lines, n);
	frontier_over(&tree, frontier_lines, n);
	after.signed_size = n;
	after.signed_time = s->b->clock;
	after.signed_frontier = frontier_nodes(bytes, &tree);
	after.note = buffer_slice(&note);
	must_be(R_GOOD, store_commit(store, s->key, NULL, &g, &why));
	store_head_free(&before);
	buffer_free(&note);
}

static enum result
load(struct stored *s)
{
	const struct effort effort = { .threads = 1 };
	const struct hosted_reading reading = { .store = store,
		.source = &s->source,
		.mode = RULES_VERIFY,
		.effort = &effort };

	memset(&why, 0, sizeof why);
	return hosted_load(s->h, &reading, &why);
}

/* ---- tests ---- */

START_TEST(it_goes_on_after_an_error)
{
	static const enum result reasons[] = { R_NO_DATABASE, R_NO_MEMORY, R_NO_DISK };
	struct merkle_frontier tree;
	struct digest root, again;
	struct stored s;

	begin(&s, (uint8_t)_i);
	append(&s, s.b->line_count);
	sign(&s, s.b->line_count, s.lines, s.lines);
	s.reason = reasons[_i];
	s.failures = 1;
	ck_assert_int_eq(load(&s), s.reason);
	/* Something was taken before that, and the tree knows. */
	ck_assert_uint_gt(rules_size(s.h->rules), 0);
	ck_assert_uint_lt(rules_size(s.h->rules), s.b->line_count);
	ck_assert_uint_eq(s.h->frontier.size, rules_size(s.h->rules));
	ck_assert_uint_eq(s.h->edge.size, s.h->frontier.size);
	ck_assert_uint_eq(hosted_size(s.h), 0);
	must_be(R_GOOD, load(&s));
	ck_assert_uint_eq(hosted_size(s.h), s.b->line_count);
	frontier_over(&tree, s.lines, s.b->line_count);
	merkle_frontier_root(&tree, &root);
	merkle_frontier_root(&s.h->frontier, &again);
	ck_assert(digest_equal(&root, &again));
	end(&s);
}
END_TEST

/* Another board has signed for a part of what this one has read. */
START_TEST(a_head_over_less_than_was_read)
{
	struct slice *others;
	struct buffer note = { 0 };
	struct stored s;
	size_t n, i;

	begin(&s, 10);
	n = s.b->line_count;
	ck_assert_uint_gt(n, 8);
	append(&s, n);
	must_be(R_GOOD, load(&s));
	ck_assert_uint_eq(s.h->frontier.size, n);
	ck_assert_uint_eq(hosted_size(s.h), 0);
	sign(&s, 2, s.lines, s.lines);
	must_be(R_GOOD, load(&s));
	ck_assert_uint_eq(hosted_size(s.h), 2);
	/* Again: there is nothing new. */
	must_be(R_GOOD, load(&s));
	ck_assert_uint_eq(hosted_size(s.h), 2);

	others = calloc(n, sizeof *others);
	ck_assert_ptr_nonnull(others);
	for (i = 0; i < n; i++)
		others[i] = s.lines[n - 1 - i];
	sign(&s, 3, others, s.lines);
	must_be(R_BAD_CHECKPOINT, load(&s));
	sign(&s, 4, s.lines, others);
	must_be(R_BAD_CHECKPOINT, load(&s));
	sign(&s, 5, others, others);
	must_be(R_BAD_CHECKPOINT, load(&s));
	ck_assert_uint_eq(hosted_size(s.h), 2);
	ck_assert_uint_eq(s.h->signed_frontier.size, 2);
	sign(&s, 7, s.lines, s.lines);
	must_be(R_GOOD, load(&s));
	ck_assert_uint_eq(hosted_size(s.h), 7);
	must_be(R_GOOD, hosted_note(s.h, &note));
	ck_assert_uint_gt(note.n, 0);
	buffer_free(&note);
	sign(&s, n, others, others);
	must_be(R_BAD_CHECKPOINT, load(&s));
	ck_assert_uint_eq(hosted_size(s.h), 7);
	free(others);
	end(&s);
}
END_TEST

/* A board that was ended before its first signature asks its witnesses, and has nothing to show. */
START_TEST(nothing_is_signed_for_yet)
{
	struct store_options options = { .address = "" };
	struct witness_address address = { .url = "http://127.0.0.1:1" };
	struct witnesses *witnesses;
	struct buffer note = { 0 };
	struct stored s;

	begin(&s, 20);
	append(&s, 1);
	must_be(R_GOOD, load(&s));
	must_be(R_GOOD, hosted_note(s.h, &note));
	ck_assert_uint_eq(note.n, 0);
	buffer_free(&note);
	address.name = frozen_definition(rules_now(s.h->rules))->witnesses[0].name;
	must_be(R_GOOD,
	    witnesses_new(&witnesses, s.hosts, pg_folder(), &address, 1, NULL, &options, &why));
	must_be(R_GOOD, witnesses_first(witnesses, &why));
	witnesses_free(witnesses);
	end(&s);
}
END_TEST

/* ---- all of them ---- */

static void
start_cluster(void)
{
	cluster = pg_cluster("hosted");
}

static void
stop_cluster(void)
{
	ck_assert_msg(cluster_stop(cluster, &why) == R_GOOD, "%s", why.text);
	cluster_free(cluster);
}

static int
body(void)
{
	Suite *suite = suite_create("hosted");
	TCase *tc = tcase_create("hosted");

	tcase_add_unchecked_fixture(tc, start_cluster, stop_cluster);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, it_goes_on_after_an_error, 0, 3);
	tcase_add_test(tc, a_head_over_less_than_was_read);
	tcase_add_test(tc, nothing_is_signed_for_yet);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}

int
main(void)
{
	return pg_main(body);
}
