/*
 * test_store_blob: uploads in every order, interrupted, repeated, wrong, too large,
 * expired; what may be dropped and what may not.
 */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/roles.h"
#include "server/store_blob.h"
#include "tests/pg.h"
#include "tests/store_board.h"
#include "tests/suite.h"

#define SIZE (2 * STORE_CHUNK + 1000) /* three chunks */

static struct why why;
static struct cluster *cluster;
static struct store *store;
static struct store_election election;
static struct digest election_id;
static uint8_t bytes[SIZE];
static struct store_ticket ticket;

static void
start_cluster(void)
{
	cluster = pg_cluster("blobs");
}

static void
stop_cluster(void)
{
	ck_assert_msg(cluster_stop(cluster, &why) == R_GOOD, "%s", why.text);
	cluster_free(cluster);
}

/* Each case gets an election and a blob of its own. */
static void
begin_case(const char *name)
{
	size_t i;

	store = pg_store(cluster);
	sha256(&election_id, name, strlen(name));
	ck_assert_int_eq(store_election_make(store, &election, &election_id, &why), R_GOOD);
	for (i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 4093) ^ election_id.b[i % 32];
	memset(&ticket, 0, sizeof ticket);
	sha256(&ticket.id, bytes, SIZE);
	sha256(&ticket.owner, "owner", 5);
	sha256(&ticket.token, name, strlen(name));
	ticket.size = SIZE;
	ticket.quota = SIZE;
}

static struct store_upload
begin_good(void)
{
	struct store_upload u;

	ck_assert_msg(store_blob_begin(store, &u, election, &ticket, &why) == R_GOOD, "%s",
	    why.text);
	ck_assert_uint_eq(u.size, ticket.size);
	return u;
}

static enum result
write_chunk(const struct store_upload *u, unsigned n)
{
	uint64_t at = (uint64_t)n * STORE_CHUNK, len = u->size - at;
	struct slice chunk = { bytes + at, len < STORE_CHUNK ? (size_t)len : STORE_CHUNK };

	return store_blob_write(store, u, at, chunk, &why);
}

static void
upload_whole(void)
{
	struct store_upload u = begin_good();
	unsigned n;

	for (n = 0; n < 3; n++)
		ck_assert_int_eq(write_chunk(&u, n), R_GOOD);
	ck_assert_msg(store_blob_finish(store, election, &u, &why) == R_GOOD, "%s", why.text);
}

static int
blobs_stored(void)
{
	return atoi(pg_sql(cluster, DB_ROLE_BOARD,
	    "SELECT count(*) FROM tabella.blob WHERE election = %d", (int)election.key));
}

static int
chunks_stored(void)
{
	return atoi(pg_sql(cluster, DB_ROLE_BOARD,
	    "SELECT count(*) FROM tabella.chunk JOIN tabella.blob ON blob = key WHERE election = "
	    "%d",
	    (int)election.key));
}

/* Append an entry that names blobs. */
static enum result
append_naming(const struct digest *ids, size_t n)
{
	static uint32_t author;
	struct toy t;
	enum result r;
	uint64_t before;

	toy_start(&t, store, "", author++);
	store_head_free(&t.head);
	t.election = election;
	toy_catch_up(&t);
	before = t.head.size;
	toy_make(&t, 1);
	t.addition.blobs = ids;
	t.addition.n_blobs = n;
	r = toy_append(&t, &why);
	toy_catch_up(&t);
	ck_assert_uint_eq(t.head.size, before + (r == R_GOOD));
	toy_end(&t);
	return r;
}

/* ---- uploading ---- */

START_TEST(chunks_in_any_order)
{
	static const unsigned orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
		{ 2, 0, 1 }, { 2, 1, 0 } };
	static const unsigned have[6][3] = { { 1, 2, 3 }, { 1, 1, 3 }, { 0, 2, 3 }, { 0, 0, 3 },
		{ 0, 1, 3 }, { 0, 0, 3 } };
	struct store_upload u, again;
	struct store_blob blob;
	static uint8_t read[SIZE];
	char name[20];
	unsigned i, j;

	for (i = 0; i < 6; i++) {
		(void)snprintf(name, sizeof name, "order %u", i);
		begin_case(name);
		u = begin_good();
		ck_assert_uint_eq(u.have, 0);
		for (j = 0; j < 3; j++) {
			ck_assert_int_eq(store_blob_finish(store, election, &u, &why), R_CONFLICT);
			ck_assert_int_eq(store_blob_find(store, &blob, election, &ticket.id, &why),
			    R_NOT_FOUND);
			ck_assert_int_eq(write_chunk(&u, orders[i][j]), R_GOOD);
			ck_assert_int_eq(store_blob_upload(store, &again, election, &ticket.token,
					     &why),
			    R_GOOD);
			ck_assert_uint_eq(again.key, u.key);
			ck_assert(!again.complete);
			ck_assert_uint_eq(again.have,
			    have[i][j] == 3 ? SIZE : (uint64_t)have[i][j] * STORE_CHUNK);
		}
		ck_assert_msg(store_blob_finish(store, election, &u, &why) == R_GOOD, "%s",
		    why.text);
		ck_assert_int_eq(store_blob_find(store, &blob, election, &ticket.id, &why), R_GOOD);
		ck_assert_uint_eq(blob.size, SIZE);
		ck_assert(!blob.named);
		ck_assert_int_eq(store_blob_read(store, read, &blob, 0, SIZE, &why), R_GOOD);
		ck_assert_int_eq(memcmp(read, bytes, SIZE), 0);
		store_free(store);
	}
}
END_TEST

START_TEST(an_upload_is_resumed_and_repeated)
{
	struct store_upload u, again;

	begin_case("resume");
	u = begin_good();
	ck_assert_int_eq(write_chunk(&u, 0), R_GOOD);
	/* Garbage now, the right bytes later: the last writing counts. */
	bytes[STORE_CHUNK] ^= 1;
	ck_assert_int_eq(write_chunk(&u, 1), R_GOOD);
	bytes[STORE_CHUNK] ^= 1;
	store_free(store);
	store = pg_store(cluster); /* the board was started again */
	again = begin_good();
	ck_assert_uint_eq(again.key, u.key);
	ck_assert_uint_eq(again.have, 2 * STORE_CHUNK);
	ck_assert_int_eq(write_chunk(&again, 2), R_GOOD);
	ck_assert_int_eq(write_chunk(&again, 1), R_GOOD);
	ck_assert_int_eq(write_chunk(&again, 1), R_GOOD);
	ck_assert_int_eq(chunks_stored(), 3);
	ck_assert_int_eq(store_blob_finish(store, election, &again, &why), R_GOOD);
	/* Everything may be said twice. */
	ck_assert_int_eq(store_blob_finish(store, election, &again, &why), R_GOOD);
	ck_assert_int_eq(store_blob_finish(store, election, &u, &why), R_GOOD);
	bytes[0] ^= 1;
	ck_assert_int_eq(write_chunk(&again, 0), R_GOOD); /* and changes nothing */
	bytes[0] ^= 1;
	again = begin_good();
	ck_assert(again.complete);
	ck_assert_uint_eq(again.have, SIZE);
	ck_assert_int_eq(store_blob_upload(store, &again, election, &ticket.token, &why), R_GOOD);
	ck_assert(again.complete);
	ck_assert_int_eq(blobs_stored(), 1);
	store_free(store);
}
END_TEST

START_TEST(small_and_empty_blobs)
{
	static const size_t sizes[] = { 0, 1, STORE_CHUNK - 1, STORE_CHUNK, STORE_CHUNK + 1 };
	static uint8_t read[SIZE];
	struct store_upload u;
	struct store_blob blob;
	size_t i;
	unsigned n;

	begin_case("sizes");
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		ticket.size = sizes[i];
		ticket.quota = 4 * SIZE;
		ticket.token.b[0] = (uint8_t)i;
		sha256(&ticket.id, bytes, sizes[i]);
		u = begin_good();
		ck_assert_uint_eq(u.have, 0);
		for (n = 0; n * (uint64_t)STORE_CHUNK < sizes[i]; n++)
			ck_assert_int_eq(write_chunk(&u, n), R_GOOD);
		ck_assert_int_eq(chunks_stored() >= (int)n, 1);
		ck_assert_msg(store_blob_finish(store, election, &u, &why) == R_GOOD, "%s",
		    why.text);
		ck_assert_int_eq(store_blob_find(store, &blob, election, &ticket.id, &why), R_GOOD);
		ck_assert_uint_eq(blob.size, sizes[i]);
		ck_assert_int_eq(store_blob_read(store, read, &blob, 0, sizes[i], &why), R_GOOD);
		ck_assert_int_eq(memcmp(read, bytes, sizes[i]), 0);
	}
	store_free(store);
}
END_TEST

START_TEST(ranges_are_whole_or_refused)
{
	static const struct {
		uint64_t at;
		size_t len;
	} good[] = { { 0, 0 }, { 0, 1 }, { SIZE, 0 }, { STORE_CHUNK - 1, 2 },
		{ STORE_CHUNK, STORE_CHUNK }, { 5, SIZE - 10 },
		{ STORE_CHUNK - 3, STORE_CHUNK + 6 }, { SIZE - 1, 1 } };
	static const struct {
		uint64_t at;
		size_t len;
	} bad[] = { { 0, SIZE + 1 }, { SIZE, 1 }, { SIZE + 1, 0 }, { UINT64_MAX, 2 },
		{ 1, SIZE_MAX } };
	static uint8_t read[SIZE];
	struct store_blob blob;
	size_t i;

	begin_case("ranges");
	upload_whole();
	ck_assert_int_eq(store_blob_find(store, &blob, election, &ticket.id, &why), R_GOOD);
	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		memset(read, 0, sizeof read);
		ck_assert_int_eq(store_blob_read(store, read, &blob, good[i].at, good[i].len, &why),
		    R_GOOD);
		ck_assert_int_eq(memcmp(read, bytes + good[i].at, good[i].len), 0);
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(store_blob_read(store, read, &blob, bad[i].at, bad[i].len, &why),
		    R_BAD_REQUEST);
	store_free(store);
}
END_TEST

START_TEST(chunks_that_do_not_fit)
{
	struct store_upload u;

	begin_case("borders");
	u = begin_good();
	ck_assert_int_eq(store_blob_write(store, &u, 1, (struct slice){ bytes, STORE_CHUNK }, &why),
	    R_BAD_REQUEST);
	ck_assert_int_eq(store_blob_write(store, &u, 0, (struct slice){ bytes, STORE_CHUNK - 1 },
			     &why),
	    R_BAD_REQUEST);
	ck_assert_int_eq(store_blob_write(store, &u, 0, (struct slice){ bytes, STORE_CHUNK + 1 },
			     &why),
	    R_BAD_REQUEST);
	ck_assert_int_eq(store_blob_write(store, &u, 0, (struct slice){ bytes, 0 }, &why),
	    R_BAD_REQUEST);
	ck_assert_int_eq(store_blob_write(store, &u, 2 * STORE_CHUNK, (struct slice){ bytes, 1001 },
			     &why),
	    R_BAD_REQUEST);
	ck_assert_int_eq(store_blob_write(store, &u, 2 * STORE_CHUNK, (struct slice){ bytes, 999 },
			     &why),
	    R_BAD_REQUEST);
	ck_assert_int_eq(store_blob_write(store, &u, 3 * (uint64_t)STORE_CHUNK,
			     (struct slice){ bytes, 1 }, &why),
	    R_BAD_REQUEST);
	ck_assert_int_eq(store_blob_write(store, &u, UINT64_C(1) << 62, (struct slice){ bytes, 1 },
			     &why),
	    R_BAD_REQUEST);
	ck_assert_int_eq(chunks_stored(), 0);
	store_free(store);
}
END_TEST

START_TEST(a_wrong_hash_returns_the_space)
{
	struct store_upload u;
	unsigned n;

	begin_case("wrong");
	u = begin_good();
	bytes[SIZE - 1] ^= 0x80;
	for (n = 0; n < 3; n++)
		ck_assert_int_eq(write_chunk(&u, n), R_GOOD);
	ck_assert_int_eq(store_blob_finish(store, election, &u, &why), R_BAD_BLOB);
	ck_assert_int_eq(blobs_stored() + chunks_stored(), 0);
	ck_assert_int_eq(write_chunk(&u, 0), R_NOT_FOUND);
	ck_assert_int_eq(store_blob_finish(store, election, &u, &why), R_NOT_FOUND);
	ck_assert_int_eq(store_blob_upload(store, &u, election, &ticket.token, &why), R_NOT_FOUND);
	/* The quota is free again. */
	bytes[SIZE - 1] ^= 0x80;
	upload_whole();
	store_free(store);
}
END_TEST

START_TEST(quotas_are_per_owner)
{
	struct store_ticket first, more;
	struct store_upload u;

	begin_case("quota");
	first = ticket;
	(void)begin_good();
	more = ticket;
	more.token.b[0] ^= 1;
	more.id.b[0] ^= 1;
	more.size = 1;
	ck_assert_int_eq(store_blob_begin(store, &u, election, &more, &why), R_TOO_LARGE);
	ck_assert_msg(strstr(why.text, "quota") != NULL, "%s", why.text);
	more.quota = SIZE + 1;
	ck_assert_int_eq(store_blob_begin(store, &u, election, &more, &why), R_GOOD);
	more.token.b[0] ^= 2;
	more.id.b[0] ^= 2;
	ck_assert_int_eq(store_blob_begin(store, &u, election, &more, &why), R_TOO_LARGE);
	more.owner.b[0] ^= 1;
	ck_assert_int_eq(store_blob_begin(store, &u, election, &more, &why), R_GOOD);
	more.size = STORE_BLOB_MAX + 1;
	more.quota = UINT64_MAX;
	more.token.b[0] ^= 4;
	ck_assert_int_eq(store_blob_begin(store, &u, election, &more, &why), R_TOO_LARGE);
	/* A token stands for one blob, one size, one owner. */
	more = first;
	more.quota = UINT64_MAX;
	more.id.b[5] ^= 1;
	ck_assert_int_eq(store_blob_begin(store, &u, election, &more, &why), R_CONFLICT);
	more = first;
	more.size--;
	ck_assert_int_eq(store_blob_begin(store, &u, election, &more, &why), R_CONFLICT);
	more = first;
	more.owner.b[5] ^= 1;
	ck_assert_int_eq(store_blob_begin(store, &u, election, &more, &why), R_CONFLICT);
	store_free(store);
}
END_TEST

static void *
begin_one(void *ctx)
{
	struct store_ticket *t = ctx;
	struct store *s = pg_store(cluster);
	struct store_upload u;
	enum result r = store_blob_begin(s, &u, election, t, NULL);

	t->quota = r;
	store_free(s);
	return NULL;
}

START_TEST(two_at_once_share_one_quota)
{
	struct store_ticket t[4];
	pthread_t threads[4];
	int i, good = 0;

	begin_case("race");
	for (i = 0; i < 4; i++) {
		t[i] = ticket;
		t[i].token.b[0] = t[i].id.b[0] = (uint8_t)i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, begin_one, &t[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		good += t[i].quota == R_GOOD;
		ck_assert(t[i].quota == R_GOOD || t[i].quota == R_TOO_LARGE);
	}
	ck_assert_int_eq(good, 1);
	store_free(store);
}
END_TEST

/* Two owners bring the same blob: one copy is kept, both are told it is there. */
START_TEST(the_same_blob_from_two_owners)
{
	struct store_upload u, v;
	struct store_blob blob;
	unsigned n;

	begin_case("same");
	u = begin_good();
	ticket.owner.b[0] ^= 1;
	ticket.token.b[0] ^= 1;
	v = begin_good();
	ck_assert_uint_ne(u.key, v.key);
	for (n = 0; n < 3; n++) {
		ck_assert_int_eq(write_chunk(&u, n), R_GOOD);
		ck_assert_int_eq(write_chunk(&v, n), R_GOOD);
	}
	ck_assert_int_eq(store_blob_finish(store, election, &u, &why), R_GOOD);
	ck_assert_int_eq(store_blob_finish(store, election, &v, &why), R_GOOD);
	ck_assert_int_eq(blobs_stored(), 1);
	ck_assert_int_eq(chunks_stored(), 3);
	ck_assert_int_eq(store_blob_finish(store, election, &v, &why), R_GOOD);
	ck_assert_int_eq(store_blob_find(store, &blob, election, &ticket.id, &why), R_GOOD);
	ck_assert_uint_eq(blob.key, u.key);
	store_free(store);
}
END_TEST

START_TEST(elections_do_not_share_blobs)
{
	struct store_election other;
	struct store_upload u;
	struct store_blob blob;

	begin_case("ours");
	upload_whole();
	election_id.b[0] ^= 1;
	ck_assert_int_eq(store_election_make(store, &other, &election_id, &why), R_GOOD);
	ck_assert_int_eq(store_blob_find(store, &blob, other, &ticket.id, &why), R_NOT_FOUND);
	ck_assert_int_eq(store_blob_upload(store, &u, other, &ticket.token, &why), R_NOT_FOUND);
	ck_assert_int_eq(store_blob_begin(store, &u, other, &ticket, &why), R_GOOD);
	ck_assert(!u.complete);
	store_free(store);
}
END_TEST

/* ---- keeping and dropping ---- */

START_TEST(a_named_blob_stays)
{
	struct store_blob blob;
	struct digest ids[2];
	uint64_t dropped;
	size_t i;
	static const char *const tries[] = {
		"DELETE FROM tabella.blob WHERE election = %d",
		"UPDATE tabella.blob SET named = false WHERE election = %d",
		"UPDATE tabella.blob SET complete = false, named = false WHERE election = %d",
		("UPDATE tabella.chunk SET data = 'x' FROM tabella.blob"
		 " WHERE key = blob AND election = %d"),
		"DELETE FROM tabella.chunk USING tabella.blob WHERE key = blob AND election = %d",
		"INSERT INTO tabella.chunk SELECT key, 9, 'x' FROM tabella.blob WHERE election = "
		"%d",
	};

	begin_case("named");
	/* What is not there cannot be named, and the entry is not stored either. */
	ids[0] = ids[1] = ticket.id;
	ck_assert_int_eq(append_naming(ids, 1), R_MISSING_BLOB);
	(void)begin_good();
	ck_assert_int_eq(append_naming(ids, 1), R_MISSING_BLOB);
	upload_whole();
	ids[1].b[0] ^= 1;
	ck_assert_int_eq(append_naming(ids, 2), R_MISSING_BLOB);
	ck_assert_msg(strstr(why.text, "is not there") != NULL, "%s", why.text);
	ck_assert_int_eq(store_blob_find(store, &blob, election, &ticket.id, &why), R_GOOD);
	ck_assert(!blob.named);
	ck_assert_int_eq(append_naming(ids, 1), R_GOOD);
	ids[1] = ids[0]; /* twice at once, and again */
	ck_assert_int_eq(append_naming(ids, 2), R_GOOD);
	ck_assert_int_eq(store_blob_find(store, &blob, election, &ticket.id, &why), R_GOOD);
	ck_assert(blob.named);
	ck_assert_int_eq(store_blob_expire(store, &dropped, 0, &why), R_GOOD);
	ck_assert_int_eq(blobs_stored(), 1);
	for (i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		char sql[400];

		ck_assert_msg(strcmp(pg_sql(cluster, DB_ROLE_BOARD, tries[i], (int)election.key),
				  "!TB000") == 0,
		    "%s", tries[i]);
		(void)snprintf(sql, sizeof sql,
		    "SET session_replication_role = replica; SET ROLE %s; %s", DB_ROLE_OWNER,
		    tries[i]);
		ck_assert_msg(strcmp(pg_sql(cluster, DB_ROLE_SUPER, sql, (int)election.key),
				  "!TB000") == 0,
		    "replica: %s", tries[i]);
	}
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_BOARD,
			     "UPDATE tabella.blob SET size = 1 WHERE election = %d",
			     (int)election.key),
	    "!42501");
	store_free(store);
}
END_TEST

START_TEST(what_nothing_names_is_dropped)
{
	struct store_upload u;
	struct store_blob blob;
	uint64_t dropped;

	begin_case("dropped");
	ck_assert_int_eq(store_blob_expire(store, &dropped, 0, &why), R_GOOD);
	upload_whole();
	ck_assert_int_eq(store_blob_find(store, &blob, election, &ticket.id, &why), R_GOOD);
	ticket.token.b[0] ^= 1;
	ticket.id.b[0] ^= 1;
	ticket.quota *= 2;
	u = begin_good();
	ck_assert_int_eq(write_chunk(&u, 1), R_GOOD);
	ck_assert_int_eq(store_blob_expire(store, &dropped, 86400, &why), R_GOOD);
	ck_assert_uint_eq(dropped, 0);
	ck_assert_int_eq(blobs_stored(), 2);
	/* A day goes by for the upload, but not for the blob. */
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_BOARD,
			     "UPDATE tabella.blob SET made = made - interval '1 day' WHERE "
			     "election = %d"
			     " AND NOT complete",
			     (int)election.key),
	    "");
	ck_assert_int_eq(store_blob_expire(store, &dropped, 86400, &why), R_GOOD);
	ck_assert_uint_eq(dropped, 1);
	ck_assert_int_eq(write_chunk(&u, 0), R_NOT_FOUND);
	ck_assert_int_eq(chunks_stored(), 3);
	/* Asking for a complete blob again keeps it for another day. */
	ticket.token.b[0] ^= 1;
	ticket.id.b[0] ^= 1;
	ck_assert_str_eq(pg_sql(cluster, DB_ROLE_BOARD,
			     "UPDATE tabella.blob SET made = made - interval '1 day' WHERE "
			     "election = %d",
			     (int)election.key),
	    "");
	u = begin_good();
	ck_assert(u.complete);
	ck_assert_int_eq(store_blob_expire(store, &dropped, 86400, &why), R_GOOD);
	ck_assert_uint_eq(dropped, 0);
	ck_assert_int_eq(store_blob_expire(store, &dropped, 0, &why), R_GOOD);
	ck_assert_uint_eq(dropped, 1);
	ck_assert_int_eq(blobs_stored() + chunks_stored(), 0);
	ck_assert_int_eq(store_blob_read(store, bytes, &blob, 0, 1, &why), R_NOT_FOUND);
	store_free(store);
}
END_TEST

static int
body(void)
{
	Suite *suite = suite_create("store_blob");
	TCase *tc = tcase_create("store_blob");

	tcase_add_unchecked_fixture(tc, start_cluster, stop_cluster);
	tcase_add_test(tc, chunks_in_any_order);
	tcase_add_test(tc, an_upload_is_resumed_and_repeated);
	tcase_add_test(tc, small_and_empty_blobs);
	tcase_add_test(tc, ranges_are_whole_or_refused);
	tcase_add_test(tc, chunks_that_do_not_fit);
	tcase_add_test(tc, a_wrong_hash_returns_the_space);
	tcase_add_test(tc, quotas_are_per_owner);
	tcase_add_test(tc, two_at_once_share_one_quota);
	tcase_add_test(tc, the_same_blob_from_two_owners);
	tcase_add_test(tc, elections_do_not_share_blobs);
	tcase_add_test(tc, a_named_blob_stays);
	tcase_add_test(tc, what_nothing_names_is_dropped);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}

int
main(void)
{
	return pg_main(body);
}
