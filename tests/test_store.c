/*
 * test_store: appending and reading on a real PostgreSQL; what the database itself
 * refuses to every role; databases that are refused. Faults are in test_store_faults,
 * blobs in test_store_blob.
 */
#include <check.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"
#include "server/roles.h"
#include "server/store_inner.h"
#include "server/store_schema.h"
#include "server/stretch.h"
#include "tests/pg.h"
#include "tests/store_board.h"
#include "tests/suite.h"

static struct why why;
static struct cluster *cluster; /* shared: each case has its own election */
static struct store *store;

static void
start_cluster(void)
{
	cluster = pg_cluster("shared");
}

static void
stop_cluster(void)
{
	ck_assert_msg(cluster_stop(cluster, &why) == R_GOOD, "%s", why.text);
	cluster_free(cluster);
}

static void
connect_store(void)
{
	store = pg_store(cluster);
}

static void
disconnect_store(void)
{
	store_free(store);
}

/* ---- appending and reading ---- */

START_TEST(an_election_is_made_once)
{
	struct store_election a, b, c;
	struct store_head head;
	struct digest id;

	sha256(&id, "made once", 9);
	ck_assert_int_eq(store_election_find(store, &a, &id, &why), R_NOT_FOUND);
	ck_assert_int_eq(store_election_make(store, &a, &id, &why), R_GOOD);
	ck_assert_int_eq(store_election_make(store, &b, &id, &why), R_GOOD);
	ck_assert_int_eq(store_election_find(store, &c, &id, &why), R_GOOD);
	ck_assert_int_eq(a.key, b.key);
	ck_assert_int_eq(a.key, c.key);
	ck_assert_int_eq(store_head(store, &head, a, &why), R_GOOD);
	ck_assert_uint_eq(head.size, 0);
	ck_assert(digest_is_zero(&head.hash));
	ck_assert_uint_eq(head.frontier.n + head.note.n + head.time, 0);
	store_head_free(&head);
	a.key = 1 << 30;
	ck_assert_int_eq(store_head(store, &head, a, &why), R_NOT_FOUND);
}
END_TEST

static enum result
count_elections(void *ctx, struct store_election election, const struct digest *id)
{
	struct {
		struct digest want;
		int32_t key;
		int n, stop;
	} *c = ctx;

	if (digest_equal(&c->want, id))
		c->key = election.key;
	return ++c->n == c->stop ? R_CANCELLED : R_GOOD;
}

START_TEST(elections_are_listed)
{
	struct {
		struct digest want;
		int32_t key;
		int n, stop;
	} c = { .stop = -1 };
	struct store_election a, b;
	struct digest id;

	sha256(&id, "list a", 6);
	sha256(&c.want, "list b", 6);
	ck_assert_int_eq(store_election_make(store, &a, &id, &why), R_GOOD);
	ck_assert_int_eq(store_election_make(store, &b, &c.want, &why), R_GOOD);
	ck_assert_int_eq(store_elections(store, count_elections, &c, &why), R_GOOD);
	ck_assert_int_ge(c.n, 2);
	ck_assert_int_eq(c.key, b.key);
	c.n = 0;
	c.stop = 1;
	ck_assert_int_eq(store_elections(store, count_elections, &c, &why), R_CANCELLED);
	ck_assert_int_eq(c.n, 1);
}
END_TEST

START_TEST(what_is_appended_is_read_back)
{
	static const size_t sizes[] = { 1, 2, 300, 1, 512, 7 };
	uint64_t total = 0;
	struct toy t;
	size_t i;

	toy_start(&t, store, "read back", 1);
	ck_assert_uint_eq(toy_check(&t), 0);
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		toy_make(&t, sizes[i]);
		ck_assert_msg(toy_append(&t, &why) == R_GOOD, "%s", why.text);
		total += sizes[i];
		ck_assert_uint_eq(t.head.size, total);
		ck_assert(digest_equal(&t.head.hash, &t.after.hash));
		ck_assert_uint_eq(t.head.time, t.after.time);
		ck_assert(slice_equal(t.head.frontier, t.after.frontier));
		/* What stood before is signed for, the new entries are not yet. */
		ck_assert_uint_eq(t.head.signed_size, total - sizes[i]);
		if (i > 0)
			ck_assert(slice_equal(t.head.note, t.after.note));
	}
	ck_assert_uint_eq(toy_check(&t), total);
	toy_end(&t);
}
END_TEST

START_TEST(a_batch_covers_its_entries)
{
	struct store_batch b;
	struct toy t;
	uint64_t seq;

	toy_start(&t, store, "batches", 1);
	toy_persist(&t, 3);
	toy_persist(&t, 2);
	/* The second signature covers what two transactions have appended since the first. */
	toy_make(&t, 3);
	t.sign = NULL;
	ck_assert_int_eq(toy_append(&t, &why), R_GOOD);
	ck_assert_uint_eq(t.head.signed_size, 3);
	ck_assert_int_eq(store_batch(store, &b, t.election, 3, &why), R_NOT_FOUND);
	toy_sign(&t);
	ck_assert_uint_eq(t.head.signed_size, 8);
	for (seq = 0; seq < 8; seq++) {
		ck_assert_int_eq(store_batch(store, &b, t.election, seq, &why), R_GOOD);
		ck_assert_uint_eq(b.first, seq < 3 ? 0 : 3);
		ck_assert_uint_eq(b.count, seq < 3 ? 3 : 5);
		ck_assert_uint_eq(b.frontier_before.n, seq < 3 ? 0 : 64);
		ck_assert(
		    slice_equal(b.note, slice_of(seq < 3 ? "note of 3 by 1" : "note of 8 by 1")));
		store_batch_free(&b);
	}
	ck_assert_int_eq(store_batch(store, &b, t.election, 8, &why), R_NOT_FOUND);
	ck_assert_int_eq(store_batch(store, &b, t.election, UINT64_MAX, &why), R_NOT_FOUND);
	toy_end(&t);
}
END_TEST

/* Two that sign for the same entries: one does. */
START_TEST(a_head_is_signed_once)
{
	struct store *second = pg_store(cluster);
	struct toy a, b;

	toy_start(&a, store, "signed once", 1);
	toy_persist(&a, 300);
	toy_start(&b, second, "signed once", 2);
	toy_make(&a, 1);
	toy_make(&b, 1);
	ck_assert_int_eq(store_commit(store, a.election, NULL, a.sign, &why), R_GOOD);
	ck_assert_int_eq(store_commit(second, b.election, NULL, b.sign, &why), R_CONFLICT);
	ck_assert_int_eq(toy_settle(&b, &why), R_CONFLICT);
	ck_assert_int_eq(store_settle(store, a.election, NULL, a.sign, &why), R_GOOD);
	/* With entries, too; and then nothing of it is stored. */
	ck_assert_int_eq(toy_append(&b, &why), R_CONFLICT);
	toy_catch_up(&b);
	ck_assert_uint_eq(b.head.size, 300);
	ck_assert_uint_eq(b.head.signed_size, 300);
	ck_assert_uint_eq(toy_check(&a), 300);
	toy_end(&a);
	toy_end(&b);
	store_free(second);
}
END_TEST

START_TEST(entries_are_found_by_record_and_tracker)
{
	struct digest records[41];
	uint64_t seqs[41], seq;
	struct toy t, other;
	size_t i;

	toy_start(&t, store, "find", 1);
	toy_start(&other, store, "find elsewhere", 1);
	toy_make(&t, 40);
	ck_assert_int_eq(toy_append(&t, &why), R_GOOD);
	for (i = 0; i < 40; i++)
		records[40 - i] = t.entries[i].record;
	sha256(&records[0], "nobody", 6);
	ck_assert_int_eq(store_find_records(store, seqs, t.election, records, 41, &why), R_GOOD);
	ck_assert_uint_eq(seqs[0], STORE_NONE);
	for (i = 0; i < 40; i++)
		ck_assert_uint_eq(seqs[40 - i], i);
	ck_assert_int_eq(store_find_records(store, seqs, other.election, records, 41, &why),
	    R_GOOD);
	for (i = 0; i < 41; i++)
		ck_assert_uint_eq(seqs[i], STORE_NONE);
	ck_assert_int_eq(store_find_records(store, seqs, t.election, records, 0, &why), R_GOOD);
	for (i = 0; i < 40; i++) {
		enum result r =
		    store_find_tracker(store, &seq, t.election, &t.entries[i].tracker, &why);

		ck_assert_int_eq(r, t.entries[i].has_tracker ? R_GOOD : R_NOT_FOUND);
		if (r == R_GOOD)
			ck_assert_uint_eq(seq, i);
		ck_assert_int_eq(store_find_tracker(store, &seq, other.election,
				     &t.entries[i].tracker, &why),
		    R_NOT_FOUND);
	}
	toy_end(&t);
	toy_end(&other);
}
END_TEST

static enum result
stop_at_five(void *ctx, uint64_t seq, struct slice line)
{
	uint64_t *next = ctx;

	(void)line;
	ck_assert_uint_eq(seq, (*next)++);
	return seq == 5 ? R_CANCELLED : R_GOOD;
}

START_TEST(ranges_end_where_they_should)
{
	uint64_t next = 2;
	struct toy t;

	toy_start(&t, store, "ranges", 1);
	toy_persist(&t, 600);
	ck_assert_int_eq(store_lines(store, t.election, 2, 100, stop_at_five, &next, &why),
	    R_CANCELLED);
	ck_assert_uint_eq(next, 6);
	next = 6;
	ck_assert_int_eq(store_lines(store, t.election, 6, 594, stop_at_five, &next, &why), R_GOOD);
	ck_assert_uint_eq(next, 600);
	next = 590;
	ck_assert_int_eq(store_lines(store, t.election, 590, 11, stop_at_five, &next, &why),
	    R_NOT_FOUND);
	ck_assert_uint_eq(next, 600);
	ck_assert_int_eq(store_lines(store, t.election, 600, 0, stop_at_five, &next, &why), R_GOOD);
	ck_assert_int_eq(store_lines(store, t.election, UINT64_MAX, 1, stop_at_five, &next, &why),
	    R_NOT_FOUND);
	ck_assert_int_eq(store_lines(store, t.election, 1, UINT64_MAX, stop_at_five, &next, &why),
	    R_NOT_FOUND);
	toy_end(&t);
}
END_TEST

/* Read from..to in stretches and compare with the leaves one by one. */
static uint64_t
read_stretches(struct toy *t, const struct store_options *o, uint64_t from, uint64_t to,
    enum result *r)
{
	const struct stretch *stretch;
	struct stretches *s;
	struct digest leaf;
	uint64_t n = 0;
	size_t i;

	ck_assert_int_eq(stretches_new(&s, t->store, o, t->election, from, to), R_GOOD);
	while ((*r = stretches_next(s, &stretch, &why)) == R_GOOD && stretch != NULL)
		for (i = 0; i < stretch->n; i++, n++) {
			merkle_leaf(&leaf, stretch->line[i].p, stretch->line[i].n);
			ck_assert(digest_equal(&leaf, &stretch->leaf[i]));
			ck_assert_ptr_nonnull(
			    memmem(stretch->line[i].p, stretch->line[i].n, "seq", 3));
		}
	stretches_free(s);
	return n;
}

START_TEST(long_boards_are_read_ahead)
{
	char *address = cluster_address(cluster, DB_ROLE_BOARD, DATABASE_NAME);
	const struct store_options good = { .address = address },
				   bad = { .address = "host=/nowhere", .retry_ms = 1 };
	const struct stretch *stretch;
	struct stretches *s;
	enum result r;
	struct toy t;
	int i;

	toy_start(&t, store, "stretches", 1);
	for (i = 0; i < 4; i++)
		toy_persist(&t, STORE_BATCH_MAX);
	toy_persist(&t, 7);
	ck_assert_uint_eq(read_stretches(&t, NULL, 0, t.head.size, &r), t.head.size);
	ck_assert_uint_eq(read_stretches(&t, &good, 0, t.head.size, &r), t.head.size);
	ck_assert_int_eq(r, R_GOOD);
	ck_assert_uint_eq(read_stretches(&t, &good, 3, t.head.size - 2, &r), t.head.size - 5);
	ck_assert_uint_eq(read_stretches(&t, &good, 5, 6, &r), 1);
	ck_assert_uint_eq(read_stretches(&t, &good, 5, 5, &r), 0);
	/* Beyond the end: first what there is. */
	ck_assert_uint_eq(read_stretches(&t, &good, 0, t.head.size + 1, &r), t.head.size);
	ck_assert_int_eq(r, R_NOT_FOUND);
	ck_assert_uint_eq(read_stretches(&t, NULL, 4000, t.head.size + 9, &r), t.head.size - 4000);
	ck_assert_int_eq(r, R_NOT_FOUND);
	ck_assert_uint_eq(read_stretches(&t, &bad, 0, t.head.size, &r), 0);
	ck_assert_int_eq(r, R_NO_DATABASE);
	/* Whoever loses interest early. */
	ck_assert_int_eq(stretches_new(&s, store, &good, t.election, 0, t.head.size), R_GOOD);
	ck_assert_int_eq(stretches_next(s, &stretch, &why), R_GOOD);
	ck_assert_ptr_nonnull(stretch);
	stretches_free(s);
	toy_end(&t);
	free(address);
}
END_TEST

START_TEST(a_large_line_and_an_empty_note)
{
	struct toy t;

	toy_start(&t, store, "large", 1);
	t.line_bytes = 3000000;
	toy_make(&t, 2);
	ck_assert_msg(toy_append(&t, &why) == R_GOOD, "%s", why.text);
	toy_make(&t, 1);
	t.after.note.n = 0;
	ck_assert_int_eq(store_commit(store, t.election, NULL, t.sign, &why), R_GOOD);
	ck_assert_uint_eq(toy_check(&t), 2);
	ck_assert_uint_eq(t.head.note.n, 0);
	toy_end(&t);
}
END_TEST

START_TEST(limits_of_a_batch)
{
	struct toy t;

	toy_start(&t, store, "limits", 1);
	toy_make(&t, STORE_BATCH_MAX + 1);
	ck_assert_int_eq(toy_append(&t, &why), R_TOO_LARGE);
	t.line_bytes = STORE_BATCH_BYTES / 2 + 1;
	toy_make(&t, 2);
	ck_assert_int_eq(toy_append(&t, &why), R_TOO_LARGE);
	t.line_bytes = 200;
	toy_make(&t, STORE_BATCH_MAX);
	ck_assert_msg(toy_append(&t, &why) == R_GOOD, "%s", why.text);
	ck_assert_uint_eq(toy_check(&t), STORE_BATCH_MAX);
	toy_end(&t);
}
END_TEST

/* ---- two at once ---- */

START_TEST(only_one_of_two_moves_the_head)
{
	struct store *second = pg_store(cluster);
	struct toy a, b;

	toy_start(&a, store, "conflict", 1);
	toy_start(&b, second, "conflict", 2);
	toy_make(&a, 2);
	toy_make(&b, 3);
	ck_assert_int_eq(toy_append(&a, &why), R_GOOD);
	ck_assert_int_eq(toy_append(&b, &why), R_CONFLICT);
	ck_assert_int_eq(toy_append(&b, &why), R_CONFLICT);
	/* The same connection goes on after a refusal. */
	toy_catch_up(&b);
	toy_make(&b, 3);
	ck_assert_msg(toy_append(&b, &why) == R_GOOD, "%s", why.text);
	ck_assert_uint_eq(toy_check(&a), 5);

	/* Each part of the believed head counts. */
	toy_make(&a, 1);
	a.head.time++;
	ck_assert_int_eq(toy_append(&a, &why), R_CONFLICT);
	a.head.time--;
	a.head.hash.b[31] ^= 1;
	ck_assert_int_eq(toy_append(&a, &why), R_CONFLICT);
	a.head.hash.b[31] ^= 1;
	a.head.size--;
	a.after.size--;
	ck_assert_int_eq(toy_append(&a, &why), R_CONFLICT);
	ck_assert_uint_eq(toy_check(&a), 5);
	toy_end(&a);
	toy_end(&b);
	store_free(second);
}
END_TEST

#define ROUNDS 60

static void *
append_rounds(void *ctx)
{
	struct toy *t = ctx;
	int i;

	for (i = 0; i < ROUNDS; i++)
		toy_persist(t, 1 + (size_t)i % 4);
	return NULL;
}

START_TEST(two_boards_keep_one_chain)
{
	pthread_t threads[2];
	struct store *stores[2] = { store, pg_store(cluster) };
	struct toy t[2];
	uint32_t i;

	for (i = 0; i < 2; i++) {
		toy_start(&t[i], stores[i], "two boards", i);
		ck_assert_int_eq(pthread_create(&threads[i], NULL, append_rounds, &t[i]), 0);
	}
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(toy_check(&t[0]), 2 * (ROUNDS / 4) * (1 + 2 + 3 + 4));
	toy_end(&t[0]);
	toy_end(&t[1]);
	store_free(stores[1]);
}
END_TEST

/* ---- what the database refuses ---- */

START_TEST(nothing_stands_twice)
{
	struct store_entry *e;
	struct store_head before;
	struct digest first;
	struct toy t;
	int what;

	toy_start(&t, store, "twice", 1);
	toy_make(&t, 3);
	first = t.entries[2].record;
	ck_assert_int_eq(toy_append(&t, &why), R_GOOD);
	for (what = 0; what < 4; what++) {
		toy_make(&t, 3);
		e = &t.entries[1];
		if (what == 0)
			e->record = first;
		else if (what == 1)
			e->record = t.entries[0].record;
		else if (what == 2)
			e->hash = t.entries[0].hash;
		else
			t.entries[0].tracker = t.entries[1].tracker,
			t.entries[0].has_tracker = e->has_tracker = true;
		before = t.head;
		ck_assert_int_eq(toy_append(&t, &why), R_NO_DATABASE);
		ck_assert_msg(strstr(why.text, "23505") != NULL, "%s", why.text);
		ck_assert_msg(strstr(why.text,
				  what < 2        ? "entry_record"
				      : what == 2 ? "entry_hash"
						  : "entry_tracker") != NULL,
		    "%s", why.text);
		toy_catch_up(&t);
		ck_assert_uint_eq(t.head.size, before.size);
	}
	ck_assert_uint_eq(toy_check(&t), 3);
	/* The same record in another election is another matter. */
	toy_end(&t);
	toy_start(&t, store, "twice, elsewhere", 1);
	t.serial = 0;
	toy_persist(&t, 3);
	toy_end(&t);
}
END_TEST

/* Statements that would rewrite history; %d is the election. */
static const char *const rewrites[] = {
	"UPDATE tabella.entry SET line = 'x' WHERE election = %d",
	"UPDATE tabella.entry SET election = election WHERE false AND election = %d",
	"DELETE FROM tabella.entry WHERE election = %d AND seq = 2",
	"INSERT INTO tabella.entry SELECT * FROM tabella.entry WHERE election = %d"
	" ON CONFLICT (election, seq) DO UPDATE SET line = 'x'",
	"MERGE INTO tabella.entry e USING (SELECT %d AS k) s ON e.election = s.k"
	" WHEN MATCHED THEN DELETE",
	"TRUNCATE tabella.entry -- %d",
	"UPDATE tabella.batch SET note = 'x' WHERE election = %d",
	"DELETE FROM tabella.batch WHERE election = %d",
	"TRUNCATE tabella.batch -- %d",
	"UPDATE tabella.tile SET root = root WHERE election = %d",
	"DELETE FROM tabella.tile WHERE election = %d",
	"TRUNCATE tabella.tile -- %d",
	"DELETE FROM tabella.head WHERE election = %d",
	"TRUNCATE tabella.head -- %d",
	"UPDATE tabella.election SET id = decode(repeat('11', 32), 'hex') WHERE key = %d",
	"DELETE FROM tabella.election WHERE key = %d",
	"TRUNCATE tabella.election CASCADE -- %d",
	"TRUNCATE tabella.blob CASCADE -- %d",
	"TRUNCATE tabella.chunk -- %d",
};

/* What the board's role may touch in principle, but not like that. */
static const char *const abuses[] = {
	"UPDATE tabella.head SET size = size - 1 WHERE election = %d",
	"UPDATE tabella.head SET size = size + 1 WHERE election = %d",
	"UPDATE tabella.head SET time = time - 1 WHERE election = %d",
	"UPDATE tabella.head SET hash = decode(repeat('11', 32), 'hex') WHERE election = %d",
	"UPDATE tabella.head SET frontier = '' WHERE election = %d",
	"UPDATE tabella.head SET signed_size = signed_size - 1 WHERE election = %d",
	"UPDATE tabella.head SET signed_size = size WHERE election = %d",
	"UPDATE tabella.head SET signed_time = signed_time - 1 WHERE election = %d",
	"UPDATE tabella.head SET signed_frontier = '' WHERE election = %d",
	"WITH n AS (INSERT INTO tabella.election (id) VALUES (sha256('%d')) RETURNING key)"
	" INSERT INTO tabella.head SELECT key, 1, decode(repeat('00', 32), 'hex'), 0, '', '', 0, "
	"0, ''"
	" FROM n",
	"WITH n AS (INSERT INTO tabella.election (id) VALUES (sha256('%d')) RETURNING key)"
	" INSERT INTO tabella.head SELECT key, 0, decode(repeat('00', 32), 'hex'), 0, '', '', 1, "
	"0, ''"
	" FROM n",
};

START_TEST(nobody_rewrites_history)
{
	static const char *const as_replica =
	    "SET session_replication_role = replica; SET ROLE %s; ";
	char prefix[100], sql[400];
	const char *got;
	struct toy t;
	size_t i;

	toy_start(&t, store, "history", 1);
	toy_persist(&t, 3);
	toy_persist(&t, 2);
	(void)snprintf(prefix, sizeof prefix, as_replica, DB_ROLE_OWNER);
	for (i = 0; i < sizeof rewrites / sizeof rewrites[0]; i++) {
		got = pg_sql(cluster, DB_ROLE_BOARD, rewrites[i], (int)t.election.key);
		ck_assert_msg(strcmp(got, "!42501") == 0, "board: %s: %s", rewrites[i], got);
		got = pg_sql(cluster, DB_ROLE_READER, rewrites[i], (int)t.election.key);
		ck_assert_msg(strcmp(got, "!42501") == 0, "reader: %s: %s", rewrites[i], got);
		got = pg_sql(cluster, DB_ROLE_OWNER, rewrites[i], (int)t.election.key);
		ck_assert_msg(strcmp(got, "!TB000") == 0, "owner: %s: %s", rewrites[i], got);
		(void)snprintf(sql, sizeof sql, "%s%s", prefix, rewrites[i]);
		got = pg_sql(cluster, DB_ROLE_SUPER, sql, (int)t.election.key);
		ck_assert_msg(strcmp(got, "!TB000") == 0, "replica: %s: %s", rewrites[i], got);
	}
	for (i = 0; i < sizeof abuses / sizeof abuses[0]; i++) {
		got = pg_sql(cluster, DB_ROLE_BOARD, abuses[i], (int)t.election.key);
		ck_assert_msg(strcmp(got, "!TB000") == 0, "board: %s: %s", abuses[i], got);
		(void)snprintf(sql, sizeof sql, "%s%s", prefix, abuses[i]);
		got = pg_sql(cluster, DB_ROLE_SUPER, sql, (int)t.election.key);
		ck_assert_msg(strcmp(got, "!TB000") == 0, "replica: %s: %s", abuses[i], got);
	}
	ck_assert_uint_eq(toy_check(&t), 5);
	toy_end(&t);
}
END_TEST

START_TEST(the_board_cannot_take_the_locks_off)
{
	static const char *const tries[] = {
		"SET session_replication_role = replica",
		"ALTER TABLE tabella.entry DISABLE TRIGGER stays",
		"ALTER TABLE tabella.entry DISABLE TRIGGER ALL",
		"DROP TABLE tabella.entry",
		"DROP TRIGGER stays ON tabella.entry",
		"CREATE OR REPLACE FUNCTION tabella.refuse() RETURNS trigger LANGUAGE plpgsql AS "
		"'BEGIN END'",
		"CREATE TABLE tabella.t (x int)",
		"SET ROLE " DB_ROLE_OWNER,
		"INSERT INTO tabella.schema_version VALUES (99)",
		"COPY tabella.entry TO PROGRAM 'cat'",
	};
	size_t i;

	for (i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		const char *got = pg_sql(cluster, DB_ROLE_BOARD, "%s", tries[i]);

		ck_assert_msg(strcmp(got, "!42501") == 0, "%s: %s", tries[i], got);
	}
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_READER,
			     "INSERT INTO tabella.election (id) VALUES ('')"),
	    "!42501");
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_READER, "SELECT count(*) >= 0 FROM tabella.entry"),
	    "t");
}
END_TEST

START_TEST(a_reader_reads)
{
	struct store_options o = { .read_only = true };
	char *address = cluster_address(cluster, DB_ROLE_READER, DATABASE_NAME);
	struct store *reader;
	struct toy t, r;

	toy_start(&t, store, "reader", 1);
	toy_persist(&t, 10);
	toy_sign(&t);
	o.address = address;
	ck_assert_msg(store_open(&reader, &o, &why) == R_GOOD, "%s", why.text);
	toy_start(&r, reader, "reader", 2);
	ck_assert_uint_eq(toy_check(&r), 10);
	toy_make(&r, 1);
	ck_assert_int_eq(toy_append(&r, &why), R_NO_DATABASE);
	ck_assert_msg(strstr(why.text, "42501") != NULL, "%s", why.text);
	ck_assert_uint_eq(toy_check(&r), 10);
	toy_end(&r);
	toy_end(&t);
	store_free(reader);
	free(address);
}
END_TEST

/* ---- databases that are refused ---- */

static enum result
try_store(const struct cluster *c, const char *role, const char *database)
{
	struct store_options o = { .retry_ms = 1 };
	char *address = cluster_address(c, role, database);
	struct store *s;
	enum result r;

	o.address = address;
	memset(&why, 0, sizeof why);
	r = store_open(&s, &o, &why);
	store_free(s);
	free(address);
	return r;
}

static bool
setting_is(void *ctx)
{
	const char *const *want = ctx;

	return strcmp(pg_sql(cluster, DB_ROLE_BOARD, "SHOW %s", want[0]), want[1]) == 0;
}

static void
set(const char *name, const char *value)
{
	const char *want[] = { name, strcmp(value, "''") == 0 ? "" : value };

	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER, "ALTER SYSTEM SET %s = %s", name, value),
	    "");
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER, "SELECT pg_reload_conf()"), "t");
	ck_assert(pg_wait(setting_is, want));
}

static bool
is_unsafe(void *ctx)
{
	return store_check(ctx, &why) == R_UNSAFE_DATABASE;
}

static bool
is_asked_again(void *ctx)
{
	struct store *s = ctx;
	int before;

	ck_assert_int_eq(store_check(s, &why), R_GOOD);
	before = dbconn_backend(s->db);
	ck_assert_int_eq(store_check(s, &why), R_GOOD);
	return dbconn_backend(s->db) == before;
}

/* Who asks all the time is not given a new connection each time. */
START_TEST(a_check_soon_after_another_is_cheap)
{
	struct store *s = pg_store(cluster);

	ck_assert(pg_wait(is_asked_again, s));
	store_free(s);
}
END_TEST

START_TEST(an_unsafe_database_is_refused)
{
	static const char *const names[] = { "fsync", "full_page_writes", "synchronous_commit" };
	struct store *early;
	size_t i;

	early = pg_store(cluster);
	for (i = 0; i < 3; i++) {
		set(names[i], "off");
		ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, DATABASE_NAME),
		    R_UNSAFE_DATABASE);
		ck_assert_msg(strstr(why.text, names[i]) != NULL, "%s", why.text);
		ck_assert_int_eq(result_exit(R_UNSAFE_DATABASE), 3);
		/* One that was opened before notices when asked, within a second, and stays closed. */
		ck_assert(pg_wait(is_unsafe, early));
		ck_assert_int_eq(store_elections(early, NULL, NULL, &why), R_UNSAFE_DATABASE);
		set(names[i], "on");
		ck_assert_int_eq(store_check(early, &why), R_GOOD);
	}
	/* Also for this role alone. */
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER,
			     "ALTER ROLE " DB_ROLE_BOARD " SET synchronous_commit = off"),
	    "");
	ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, DATABASE_NAME), R_UNSAFE_DATABASE);
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER,
			     "ALTER ROLE " DB_ROLE_BOARD " RESET synchronous_commit"),
	    "");
	/* With a standby, local is too little; without, it is all there is. */
	set("synchronous_commit", "local");
	ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, DATABASE_NAME), R_GOOD);
	set("synchronous_standby_names", "elsewhere");
	ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, DATABASE_NAME), R_UNSAFE_DATABASE);
	set("synchronous_standby_names", "''");
	set("synchronous_commit", "on");
	ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, DATABASE_NAME), R_GOOD);
	store_free(early);
}
END_TEST

START_TEST(a_database_without_its_locks_is_refused)
{
	static const char *const locks[][2] = { { "entry", "stays" }, { "tile", "stays" },
		{ "head", "forward" }, { "chunk", "stays_row" } };
	static const char *const ways[] = { "DISABLE TRIGGER", "ENABLE TRIGGER",
		"ENABLE REPLICA TRIGGER" };
	char *latin = cluster_address(cluster, DB_ROLE_SUPER, "latin");
	size_t i, k;

	for (i = 0; i < 4; i++)
		for (k = 0; k < 3; k++) {
			ck_assert_str_eq(pg_sql(cluster, DB_ROLE_OWNER,
					     "ALTER TABLE tabella.%s %s %s", locks[i][0], ways[k],
					     locks[i][1]),
			    "");
			ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, DATABASE_NAME),
			    R_UNSAFE_DATABASE);
			ck_assert_msg(strstr(why.text, locks[i][0]) != NULL &&
				strstr(why.text, locks[i][1]) != NULL,
			    "%s", why.text);
			ck_assert_str_eq(pg_sql(cluster, DB_ROLE_OWNER,
					     "ALTER TABLE tabella.%s ENABLE ALWAYS TRIGGER %s",
					     locks[i][0], locks[i][1]),
			    "");
		}
	ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, DATABASE_NAME), R_GOOD);
	/* Whoever could take the locks off is no user for a board. */
	ck_assert_int_eq(try_store(cluster, DB_ROLE_OWNER, DATABASE_NAME), R_UNSAFE_DATABASE);
	ck_assert_int_eq(try_store(cluster, DB_ROLE_SUPER, DATABASE_NAME), R_UNSAFE_DATABASE);
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER,
			     "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE "
			     "'C'"),
	    "");
	ck_assert_msg(store_schema_make(latin, &why) == R_GOOD, "%s", why.text);
	ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, "latin"), R_UNSAFE_DATABASE);
	ck_assert_msg(strstr(why.text, "UTF8") != NULL, "%s", why.text);
	free(latin);
}
END_TEST

/* Tables of version 1 with two full tiles and more become those of today. */
START_TEST(old_tables_are_brought_up_to_date)
{
	char *super = cluster_address(cluster, DB_ROLE_SUPER, "old");
	char *board = cluster_address(cluster, DB_ROLE_BOARD, "old");
	const struct store_options o = { .address = board };
	struct store *s;
	struct toy t;
	PGconn *pg;
	PGresult *res;

	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER, "CREATE DATABASE old"), "");
	pg = PQconnectdb(super);
	res = PQexec(pg,
	    "CREATE SCHEMA tabella; CREATE TABLE tabella.schema_version ("
	    " version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now());"
	    "INSERT INTO tabella.schema_version VALUES (1)");
	ck_assert_msg(PQresultStatus(res) == PGRES_COMMAND_OK, "%s", PQerrorMessage(pg));
	PQclear(res);
	res = PQexec(pg, store_schema_sql[0]);
	ck_assert_msg(PQresultStatus(res) == PGRES_COMMAND_OK, "%s", PQerrorMessage(pg));
	PQclear(res);
	toy_make_old(pg, "old", 66000);
	PQfinish(pg);

	ck_assert_msg(store_schema_make(super, &why) == R_GOOD, "%s", why.text);
	ck_assert_msg(store_open(&s, &o, &why) == R_GOOD, "%s", why.text);
	toy_start(&t, s, "old", 1);
	ck_assert_uint_eq(t.head.size, 66000);
	ck_assert_uint_eq(t.head.signed_size, 66000);
	ck_assert_uint_eq(toy_check(&t), 66000);
	toy_persist(&t, 600);
	ck_assert_uint_eq(toy_check(&t), 66600);
	toy_end(&t);
	store_free(s);
	free(super);
	free(board);
}
END_TEST

START_TEST(the_tables_must_be_there_and_of_our_version)
{
	char *address = cluster_address(cluster, DB_ROLE_SUPER, "other");

	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER, "CREATE DATABASE other"), "");
	ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, "other"), R_NO_DATABASE);
	ck_assert_msg(strstr(why.text, "--make-tables") != NULL, "%s", why.text);
	ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, "missing"), R_NO_DATABASE);
	ck_assert_msg(strstr(why.text, "missing") != NULL, "%s", why.text);

	ck_assert_msg(store_schema_make(address, &why) == R_GOOD, "%s", why.text);
	ck_assert_msg(store_schema_make(address, &why) == R_GOOD, "%s", why.text);
	ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, "other"), R_GOOD);
	free(address);

	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_OWNER,
			     "INSERT INTO tabella.schema_version VALUES (%d)",
			     STORE_SCHEMA_VERSION + 1),
	    "");
	ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, DATABASE_NAME), R_NO_DATABASE);
	ck_assert_msg(strstr(why.text, "newer") != NULL, "%s", why.text);
	ck_assert_int_eq(store_schema_prepare(cluster, &why), R_NO_DATABASE);
	ck_assert_msg(strstr(why.text, "newer") != NULL, "%s", why.text);
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_OWNER,
			     "DELETE FROM tabella.schema_version WHERE version > %d",
			     STORE_SCHEMA_VERSION),
	    "");
	ck_assert_int_eq(try_store(cluster, DB_ROLE_BOARD, DATABASE_NAME), R_GOOD);
}
END_TEST

START_TEST(a_role_without_rights_is_told_which)
{
	char *owner = cluster_address(cluster, DB_ROLE_OWNER, "third");

	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER,
			     "CREATE DATABASE third OWNER " DB_ROLE_BOARD),
	    "");
	/* The owner role may not create anything there. */
	ck_assert_int_eq(store_schema_make(owner, &why), R_NO_DATABASE);
	ck_assert_msg(strstr(why.text, "42501") != NULL, "%s", why.text);
	free(owner);
	/* Rights on nothing. */
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_OWNER,
			     "REVOKE USAGE ON SCHEMA tabella FROM " DB_ROLE_READER),
	    "");
	ck_assert_int_eq(try_store(cluster, DB_ROLE_READER, DATABASE_NAME), R_NO_DATABASE);
	ck_assert_msg(strstr(why.text, "GRANT tabella_board") != NULL, "%s", why.text);
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_OWNER,
			     "GRANT USAGE ON SCHEMA tabella TO " DB_ROLE_READER),
	    "");
}
END_TEST

static void *
make_schema(void *ctx)
{
	static struct why whys[4];
	struct why *w = &whys[*(int *)ctx];
	char *address = cluster_address(cluster, DB_ROLE_SUPER, "fourth");

	*(int *)ctx = store_schema_make(address, w) == R_GOOD;
	free(address);
	return NULL;
}

START_TEST(several_make_the_tables_at_once)
{
	pthread_t threads[4];
	int done[4], i;

	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_SUPER, "CREATE DATABASE fourth"), "");
	for (i = 0; i < 4; i++) {
		done[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, make_schema, &done[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		ck_assert_int_eq(done[i], 1);
	}
}
END_TEST

static int
body(void)
{
	Suite *suite = suite_create("store");
	TCase *tc = tcase_create("store"), *refused = tcase_create("refused");

	tcase_add_unchecked_fixture(tc, start_cluster, stop_cluster);
	tcase_add_checked_fixture(tc, connect_store, disconnect_store);
	tcase_add_test(tc, an_election_is_made_once);
	tcase_add_test(tc, elections_are_listed);
	tcase_add_test(tc, what_is_appended_is_read_back);
	tcase_add_test(tc, a_batch_covers_its_entries);
	tcase_add_test(tc, a_head_is_signed_once);
	tcase_add_test(tc, entries_are_found_by_record_and_tracker);
	tcase_add_test(tc, ranges_end_where_they_should);
	tcase_add_test(tc, long_boards_are_read_ahead);
	tcase_add_test(tc, a_large_line_and_an_empty_note);
	tcase_add_test(tc, limits_of_a_batch);
	tcase_add_test(tc, only_one_of_two_moves_the_head);
	tcase_add_test(tc, two_boards_keep_one_chain);
	tcase_add_test(tc, nothing_stands_twice);
	tcase_add_test(tc, nobody_rewrites_history);
	tcase_add_test(tc, the_board_cannot_take_the_locks_off);
	tcase_add_test(tc, a_reader_reads);
	tcase_add_unchecked_fixture(refused, start_cluster, stop_cluster);
	tcase_add_test(refused, a_check_soon_after_another_is_cheap);
	tcase_add_test(refused, an_unsafe_database_is_refused);
	tcase_add_test(refused, a_database_without_its_locks_is_refused);
	tcase_add_test(refused, old_tables_are_brought_up_to_date);
	tcase_add_test(refused, the_tables_must_be_there_and_of_our_version);
	tcase_add_test(refused, a_role_without_rights_is_told_which);
	tcase_add_test(refused, several_make_the_tables_at_once);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, refused);
	return suite_main(suite);
}

int
main(void)
{
	return pg_main(body);
}
