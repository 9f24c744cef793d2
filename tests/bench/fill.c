/*
 * fill: put the ballots that `load --keep` has prepared on the board that it has prepared, straight
 * into the database, as a board does but without HTTP and verification: a large board in
 * a minute, to measure how long starting takes and how much memory is needed then.
 *
 *	tests/bench/load --voters 1000000 --keep DIR
 *	tests/bench/fill DIR/board DIR/ballots
 *	server/tabellad --data DIR/board --name board.example/1
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/entry.h"
#include "ballots/head.h"
#include "ballots/record.h"
#include "crypto/mem.h"
#include "server/boardkey.h"
#include "server/cluster.h"
#include "server/hosted.h"
#include "server/mark.h"
#include "server/roles.h"
#include "server/store_schema.h"
#include "tests/bench/load.h"

static struct why why;

static void
need(enum result r, const char *what)
{
	if (r != R_GOOD)
		load_die("%s: %s: %s", what, result_name(r), why.text);
}

struct fill {
	struct store *store;
	struct store_election key;
	struct digest id;
	struct sign_public public;
	struct sign_key secret;
	struct checkpoint_board signer;
	struct merkle_frontier tree;
	struct merkle_edge edge;
	struct store_head head;
	struct store_entry entries[STORE_BATCH_MAX];
	struct store_tile *tiles;
	size_t n_tiles;
	struct buffer lines;
	size_t start[STORE_BATCH_MAX + 1];
};

static enum result
grow(void *ctx, uint64_t seq, const struct digest *leaf)
{
	struct fill *f = ctx;

	(void)seq;
	merkle_frontier_append(&f->tree, leaf);
	return merkle_edge_append(&f->edge, leaf, NULL, NULL);
}

static enum result
keep_tile(void *ctx, unsigned level, uint64_t number, const struct digest *nodes)
{
	struct fill *f = ctx;
	struct store_tile *t;

	f->tiles = reallocarray(f->tiles, f->n_tiles + 1, sizeof *f->tiles);
	if (f->tiles == NULL)
		return R_NO_MEMORY;
	t = &f->tiles[f->n_tiles++];
	t->level = level;
	t->number = number;
	memcpy(t->node, nodes, sizeof t->node);
	merkle_tile_node(&t->root, nodes, 8, 0);
	return R_GOOD;
}

/* Entry number i of the batch. */
static void
make_entry(struct fill *f, size_t i, struct slice bytes, const struct digest *prev)
{
	struct store_entry *e = &f->entries[i];
	struct record *record;
	struct entry entry = { .election = f->id,
		.prev = *prev,
		.record = bytes,
		.seq = f->head.size + i,
		.time = f->head.time };
	struct slice line;

	need(record_parse(&record, NULL, bytes, &why), "ballot");
	e->record = record->hash;
	e->tracker = record->tracker;
	e->has_tracker = true;
	record_free(record);
	f->start[i] = f->lines.n;
	need(entry_write(&f->lines, &entry), "entry");
	line.p = f->lines.p + f->start[i];
	line.n = f->lines.n - f->start[i];
	entry_hash(&e->hash, line);
	merkle_leaf(&e->leaf, line.p, line.n);
	merkle_frontier_append(&f->tree, &e->leaf);
	need(merkle_edge_append(&f->edge, &e->leaf, keep_tile, f), "tree");
}

static void
sign(const struct fill *f, struct store_head *after, struct buffer *note)
{
	struct checkpoint head = { .size = f->tree.size, .time = after->signed_time / 1000 };
	struct buffer origin = { 0 };

	head_origin(&origin, f->signer.sign.name, &f->id);
	head.origin = buffer_slice(&origin);
	merkle_frontier_root(&f->tree, &head.root);
	buffer_clear(note);
	need(checkpoint_sign(note, &head, &f->signer, &f->secret), "note");
	after->note = buffer_slice(note);
	buffer_free(&origin);
}

static void
append(struct fill *f, const struct load_ballot *ballots, size_t n)
{
	uint8_t bytes[MERKLE_FRONTIER_MAX];
	struct store_head after = f->head;
	struct store_addition addition = { .before = &f->head,
		.entries = f->entries,
		.n = n,
		.after = &after };
	const struct store_signing signing = { &f->head, &after };
	struct buffer note = { 0 };
	size_t i;

	buffer_clear(&f->lines);
	f->n_tiles = 0;
	for (i = 0; i < n; i++)
		make_entry(f, i, ballots[i].record,
		    i == 0 ? &f->head.hash : &f->entries[i - 1].hash);
	f->start[n] = f->lines.n;
	for (i = 0; i < n; i++)
		f->entries[i].line =
		    (struct slice){ f->lines.p + f->start[i], f->start[i + 1] - f->start[i] };
	after.size += n;
	after.hash = f->entries[n - 1].hash;
	after.frontier = frontier_nodes(bytes, &f->tree);
	after.signed_size = after.size;
	after.signed_time = after.time;
	after.signed_frontier = after.frontier;
	sign(f, &after, &note);
	addition.tiles = f->tiles;
	addition.n_tiles = f->n_tiles;
	need(store_commit(f->store, f->key, &addition, NULL, &why), "entries");
	need(store_commit(f->store, f->key, NULL, &signing, &why), "signature");
	store_head_free(&f->head);
	need(store_head(f->store, &f->head, f->key, &why), "head");
	buffer_free(&note);
}

static void
fill(struct fill *f, const char *folder, const struct load_election *e)
{
	struct mark_head top;
	struct mark *mark;
	size_t i, n;

	need(boardkey_open(&f->public, &f->secret, folder, &why), "key");
	need(checkpoint_board_set(&f->signer, LOAD_BOARD_NAME, &f->public), "key");
	f->id = e->id;
	need(store_election_find(f->store, &f->key, &e->id, &why), "election");
	need(store_head(f->store, &f->head, f->key, &why), "head");
	need(store_leaves(f->store, f->key, 0, f->head.size, grow, f, &why), "leaves");
	for (i = 0; i < e->n; i += n) {
		n = e->n - i < STORE_BATCH_MAX ? e->n - i : STORE_BATCH_MAX;
		append(f, e->ballots + i, n);
	}
	need(mark_open(&mark, folder, true, &why), "mark");
	top.size = f->tree.size;
	merkle_frontier_root(&f->tree, &top.root);
	need(mark_raise(mark, &f->id, &top, &why), "mark");
	mark_close(mark);
	(void)printf("%llu entries\n", (unsigned long long)f->head.size);
}

int
main(int argc, char **argv)
{
	struct cluster_options options = { 0 };
	struct store_options store = { 0 };
	struct fill *f = calloc(1, sizeof *f);
	struct load_election e;
	struct cluster *cluster;
	char *folder, *address;

	if (argc != 3 || f == NULL || mem_init() != R_GOOD) {
		(void)fputs("Usage: fill BOARD BALLOTS\n", stderr);
		return 2;
	}
	load_election_read(&e, argv[2]);
	if (asprintf(&folder, "%s/database", argv[1]) < 0)
		load_die("out of memory");
	options.folder = folder;
	need(cluster_open(&cluster, &options, &why), "database");
	need(store_schema_prepare(cluster, &why), "tables");
	address = cluster_address(cluster, DB_ROLE_BOARD, DATABASE_NAME);
	store.address = address;
	need(store_open(&f->store, &store, &why), "database");
	fill(f, argv[1], &e);
	store_free(f->store);
	need(cluster_stop(cluster, &why), "database");
	cluster_free(cluster);
	load_election_free(&e);
	store_head_free(&f->head);
	merkle_edge_free(&f->edge);
	buffer_free(&f->lines);
	sign_key_wipe(&f->secret);
	free(f->tiles);
	free(f);
	free(folder);
	free(address);
	return 0;
}
