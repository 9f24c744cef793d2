#include "tests/store_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"
#include "tests/must.h"

static _Thread_local struct why why;

/* As must, with what the store said. */
#define must_say(condition) \
	do { \
		if (!(condition)) \
			ck_abort_msg("%s: %s", #condition, why.text); \
	} while (0)

static enum result
grow(void *ctx, uint64_t seq, const struct digest *leaf)
{
	struct toy *t = ctx;

	must(seq == t->tree.size);
	merkle_frontier_append(&t->tree, leaf);
	must(merkle_edge_append(&t->edge, leaf, NULL, NULL) == R_GOOD);
	return R_GOOD;
}

void
toy_catch_up(struct toy *t)
{
	uint8_t bytes[MERKLE_FRONTIER_MAX];
	size_t n;
	enum result r;

	store_head_free(&t->head);
	do
		r = store_head(t->store, &t->head, t->election, &why);
	while (r == R_NO_DATABASE);
	must_say(r == R_GOOD);
	do
		r = store_leaves(t->store, t->election, t->tree.size, t->head.size - t->tree.size,
		    grow, t, &why);
	while (r == R_NO_DATABASE);
	must_say(r == R_GOOD);
	n = merkle_frontier_encode(bytes, &t->tree);
	must(slice_equal(t->head.frontier, (struct slice){ bytes + 8, n - 8 }));
}

void
toy_start(struct toy *t, struct store *s, const char *name, uint32_t author)
{
	struct digest id;

	memset(t, 0, sizeof *t);
	sha256(&id, name, strlen(name));
	t->store = s;
	t->author = author;
	t->line_bytes = 200;
	must_say(store_election_make(s, &t->election, &id, &why) == R_GOOD);
	toy_catch_up(t);
}

void
toy_end(struct toy *t)
{
	store_head_free(&t->head);
	merkle_edge_free(&t->edge);
	free(t->entries);
	free(t->tiles);
	free(t->bytes);
}

/* One line: {"prev":hex,"seq":n,...} filled up to its size. */
static void
make_line(struct toy *t, struct store_entry *e, uint8_t *p, uint64_t seq, const struct digest *prev)
{
	char hex[65], who[80], start[200];
	size_t n;

	hex_encode(hex, prev->b, 32);
	(void)snprintf(who, sizeof who, "%u/%llu", t->author, (unsigned long long)t->serial++);
	n = (size_t)snprintf(start, sizeof start,
	    "{\"prev\":\"%s\",\"seq\":%llu,\"election\":%d,\"who\":\"%s\",\"fill\":\"", hex,
	    (unsigned long long)seq, (int)t->election.key, who);
	must(n + 2 < t->line_bytes);
	memset(p, 'x', t->line_bytes);
	memcpy(p, start, n);
	memcpy(p + t->line_bytes - 2, "\"}", 2);
	e->line = (struct slice){ p, t->line_bytes };
	sha256(&e->hash, p, t->line_bytes);
	merkle_leaf(&e->leaf, p, t->line_bytes);
	hash_tagged(&e->record, "record", who, strlen(who));
	hash_tagged(&e->tracker, "tracker", who, strlen(who));
	e->has_tracker = t->serial % 3 == 0;
}

static enum result
keep_tile(void *ctx, unsigned level, uint64_t number, const struct digest *nodes)
{
	struct toy *t = ctx;
	struct store_tile *tile;

	t->tiles = reallocarray(t->tiles, t->addition.n_tiles + 1, sizeof *t->tiles);
	must(t->tiles != NULL);
	tile = &t->tiles[t->addition.n_tiles++];
	tile->level = level;
	tile->number = number;
	memcpy(tile->node, nodes, sizeof tile->node);
	merkle_tile_node(&tile->root, nodes, 8, 0);
	return R_GOOD;
}

/* What the new entries make of the tree. */
static void
make_tree(struct toy *t)
{
	struct merkle_frontier tree = t->tree;
	struct merkle_edge edge = { 0 };
	size_t i, n;

	must(merkle_edge_copy(&edge, &t->edge) == R_GOOD);
	for (i = 0; i < t->addition.n; i++) {
		merkle_frontier_append(&tree, &t->entries[i].leaf);
		must(merkle_edge_append(&edge, &t->entries[i].leaf, keep_tile, t) == R_GOOD);
	}
	merkle_edge_free(&edge);
	n = merkle_frontier_encode(t->frontier, &tree);
	t->after.frontier = (struct slice){ t->frontier + 8, n - 8 };
	t->addition.tiles = t->tiles;
}

/* Sign for what stands. */
static void
make_signing(struct toy *t)
{
	(void)snprintf(t->note, sizeof t->note, "note of %llu by %u",
	    (unsigned long long)t->head.size, t->author);
	t->after.signed_size = t->head.size;
	t->after.signed_time = t->head.signed_time + 1;
	t->after.signed_frontier = t->head.frontier;
	t->after.note = slice_of(t->note);
	t->signing.before = &t->head;
	t->signing.after = &t->after;
	t->sign = t->head.signed_size < t->head.size ? &t->signing : NULL;
}

void
toy_make(struct toy *t, size_t n)
{
	const struct digest *prev = &t->head.hash;
	size_t i;

	if (t->room < n * t->line_bytes) {
		t->room = n * t->line_bytes;
		free(t->bytes);
		t->bytes = malloc(t->room);
	}
	free(t->entries);
	t->entries = calloc(n, sizeof *t->entries);
	must(t->bytes != NULL && t->entries != NULL);
	for (i = 0; i < n; i++) {
		make_line(t, &t->entries[i], t->bytes + i * t->line_bytes, t->head.size + i, prev);
		prev = &t->entries[i].hash;
	}
	t->after.size = t->head.size + n;
	t->after.hash = *prev;
	t->after.time = t->head.time + 1;
	memset(&t->addition, 0, sizeof t->addition);
	t->addition.before = &t->head;
	t->addition.entries = t->entries;
	t->addition.n = n;
	t->addition.after = &t->after;
	make_tree(t);
	make_signing(t);
}

enum result
toy_append(struct toy *t, struct why *w)
{
	enum result r = store_commit(t->store, t->election, &t->addition, t->sign, w);

	if (r == R_GOOD)
		toy_catch_up(t);
	return r;
}

enum result
toy_settle(struct toy *t, struct why *w)
{
	return store_settle(t->store, t->election, &t->addition, t->sign, w);
}

/* Commit what `make` makes, whatever it takes: settle, catch up, try again. */
static void
persist(struct toy *t, void make(struct toy *, size_t), size_t n)
{
	const struct store_addition *a;
	enum result r = R_CONFLICT;
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (r == R_CONFLICT) {
			toy_catch_up(t);
			make(t, n);
		}
		a = n > 0 ? &t->addition : NULL;
		if (a == NULL && t->sign == NULL)
			return;
		r = store_commit(t->store, t->election, a, t->sign, &why);
		if (r == R_NOT_CONFIRMED)
			do
				r = store_settle(t->store, t->election, a, t->sign, &why);
			while (r == R_NO_DATABASE);
		if (r == R_GOOD)
			break;
		/* not stored: somebody was first, or the server was away */
		must_say(r == R_CONFLICT || r == R_NOT_FOUND || r == R_NO_DATABASE);
	}
	must_say(r == R_GOOD);
}

uint64_t
toy_persist(struct toy *t, size_t n)
{
	uint64_t first;

	persist(t, toy_make, n);
	first = t->addition.before->size;
	toy_catch_up(t);
	return first;
}

static void
make_only_signing(struct toy *t, size_t n)
{
	(void)n;
	make_signing(t);
}

void
toy_sign(struct toy *t)
{
	persist(t, make_only_signing, 0);
	toy_catch_up(t);
}

/* ---- tables of version 1 ---- */

static void
old_sql(PGconn *pg, const char *sql)
{
	PGresult *res = PQexec(pg, sql);

	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		ck_abort_msg("%s", PQerrorMessage(pg));
	PQclear(res);
}

static const char *
hex_of(const void *p, size_t n)
{
	static char text[4][4200];
	static int which;

	which = (which + 1) % 4;
	must(2 * n < sizeof text[0]);
	hex_encode(text[which], p, n);
	return text[which];
}

/* Many lines in a statement: a round trip for each would take longer than all the rest. */
static void
insert_old(PGconn *pg, const struct toy *t, size_t from, size_t to)
{
	const struct store_entry *e;
	char *sql = NULL;
	size_t size, i;
	FILE *f = open_memstream(&sql, &size);

	must(f != NULL);
	(void)fputs("INSERT INTO tabella.entry VALUES", f);
	for (i = from; i < to; i++) {
		e = &t->entries[i];
		(void)fprintf(f, "%s (1, %zu, '\\x%s', '\\x%s', '\\x%s', NULL,",
		    i > from ? "," : "", i, hex_of(e->hash.b, 32), hex_of(e->leaf.b, 32),
		    hex_of(e->record.b, 32));
		(void)fprintf(f, " '\\x%s')", hex_of(e->line.p, e->line.n));
	}
	must(fclose(f) == 0);
	old_sql(pg, sql);
	free(sql);
}

void
toy_make_old(PGconn *pg, const char *name, size_t n)
{
	struct toy t = { .election = { 1 }, .line_bytes = 200 };
	struct digest id;
	char sql[5000];
	size_t i;

	sha256(&id, name, strlen(name));
	(void)snprintf(sql, sizeof sql,
	    "BEGIN; INSERT INTO tabella.election (id) VALUES ('\\x%s'); INSERT INTO tabella.head"
	    " VALUES (1, 0, decode(repeat('00', 32), 'hex'), 0, '', '')",
	    hex_of(id.b, sizeof id.b));
	old_sql(pg, sql);
	toy_make(&t, n);
	for (i = 0; i < n; i += 500)
		insert_old(pg, &t, i, i + 500 < n ? i + 500 : n);
	(void)snprintf(sql, sizeof sql,
	    "INSERT INTO tabella.batch VALUES (1, 0, %zu, '', 'old note'); UPDATE tabella.head SET"
	    " size = %zu, hash = '\\x%s', time = 1, frontier = '\\x%s', note = 'old note'; COMMIT",
	    n, n, hex_of(t.after.hash.b, 32), hex_of(t.after.frontier.p, t.after.frontier.n));
	old_sql(pg, sql);
	toy_end(&t);
}

/* ---- reading it all ---- */

struct reading {
	struct digest last;
	uint64_t seq;
	struct digest *leaves;
};

static enum result
read_line(void *ctx, uint64_t seq, struct slice line)
{
	struct reading *reading = ctx;
	char hex[65], want[120];

	must(seq == reading->seq++);
	hex_encode(hex, reading->last.b, 32);
	(void)snprintf(want, sizeof want, "{\"prev\":\"%s\",\"seq\":%llu,", hex,
	    (unsigned long long)seq);
	must(line.n > strlen(want));
	must(memcmp(line.p, want, strlen(want)) == 0);
	sha256(&reading->last, line.p, line.n);
	merkle_leaf(&reading->leaves[seq], line.p, line.n);
	return R_GOOD;
}

static enum result
read_leaf(void *ctx, uint64_t seq, const struct digest *leaf)
{
	struct reading *reading = ctx;

	must(seq == reading->seq++);
	must(digest_equal(leaf, &reading->leaves[seq]));
	return R_GOOD;
}

static void
check_batches(struct toy *t)
{
	struct store_batch b;
	uint64_t seq, next;

	for (seq = 0; seq < t->head.size; seq = next) {
		must(store_batch(t->store, &b, t->election, seq, &why) == R_GOOD);
		must(b.first == seq);
		must(b.count > 0);
		must(b.frontier_before.n == 32 * (size_t)__builtin_popcountll(seq));
		if (seq + b.count == t->head.size)
			must(slice_equal(b.note, t->head.note));
		next = b.first + b.count;
		store_batch_free(&b);
	}
	must(seq == t->head.size);
}

/* Is the tree that the tiles give the one over the lines? */
static void
check_tree(struct toy *t, const struct digest *leaves)
{
	struct digest root, again, path[MERKLE_PATH_MAX];
	uint64_t size = t->head.size, i, step = size / 7 + 1;
	size_t n;

	merkle_root(&root, leaves, size);
	for (i = 0; i < size; i += step) {
		must_say(store_inclusion(t->store, path, &n, t->election, i, size, &why) == R_GOOD);
		must(merkle_check_inclusion(&root, size, &leaves[i], i, path, n) == R_GOOD);
		merkle_root(&again, leaves, i);
		must_say(
		    store_consistency(t->store, path, &n, t->election, i, size, &why) == R_GOOD);
		must(merkle_check_consistency(&again, i, &root, size, path, n) == R_GOOD);
	}
	if (size > 0)
		must(store_inclusion(t->store, path, &n, t->election, 0, size + 1, &why) ==
		    R_NOT_FOUND);
}

uint64_t
toy_check(struct toy *t)
{
	struct reading reading = { 0 };

	toy_sign(t);
	reading.leaves = calloc(t->head.size + 1, sizeof *reading.leaves);
	must(reading.leaves != NULL);
	must_say(store_lines(t->store, t->election, 0, t->head.size, read_line, &reading, &why) ==
	    R_GOOD);
	must(digest_equal(&reading.last, &t->head.hash));
	reading.seq = 0;
	must_say(store_leaves(t->store, t->election, 0, t->head.size, read_leaf, &reading, &why) ==
	    R_GOOD);
	must(store_lines(t->store, t->election, t->head.size, 1, read_line, &reading, &why) ==
	    R_NOT_FOUND);
	check_batches(t);
	check_tree(t, reading.leaves);
	free(reading.leaves);
	return t->head.size;
}
