/*
 * tabellad --check: everything that the database holds. The rule book has read the lines, with
 * their proofs and blobs; here follows what the store keeps beside them: hashes, records and
 * trackers by which entries are found, the tree's leaves and tiles, batches with the
 * heads that were signed, and whether what is named is kept.
 */
#include <stdlib.h>
#include <string.h>

#include "server/board.h"
#include "server/store_blob.h"

struct looking {
	const struct hosted *h;
	struct store *store;
	struct merkle_frontier tree;
	struct merkle_edge edge;
	struct store_batch batch; /* that the next entry is in; count 0: none */
	struct why *why;
};

static enum result
damaged(const struct looking *l, const char *what, uint64_t at)
{
	return why_set(l->why, R_CHAIN_BROKEN,
	    "%s of entry %llu in the database is not what follows from the entries: it was changed "
	    "behind the board's back, or the disk is broken",
	    what, (unsigned long long)at);
}

/* ---- tiles ---- */

static enum result
check_tile(void *arg, unsigned level, uint64_t number, const struct digest *nodes)
{
	const struct looking *l = arg;
	struct digest *stored = malloc(MERKLE_TILE_BYTES);
	enum result r = R_NO_MEMORY;

	if (stored != NULL)
		r = store_tile(l->store, stored, l->h->key, level, number, MERKLE_TILE, l->why);
	if (r == R_NOT_FOUND || (r == R_GOOD && memcmp(stored, nodes, MERKLE_TILE_BYTES) != 0))
		r = damaged(l, "the tile", l->tree.size);
	free(stored);
	return r;
}

/* What makes up no whole tile yet. */
static enum result
check_edge(const struct looking *l)
{
	struct digest *stored = malloc(MERKLE_TILE_BYTES);
	enum result r = stored == NULL ? R_NO_MEMORY : R_GOOD;
	unsigned level;

	for (level = 0; r == R_GOOD && l->edge.size >> 8 * level > 0; level++) {
		const uint64_t nodes = l->edge.size >> 8 * level;
		const unsigned width = (unsigned)(nodes % MERKLE_TILE);

		if (width == 0)
			continue;
		r = store_tile(l->store, stored, l->h->key, level, nodes / MERKLE_TILE, width,
		    l->why);
		if (r == R_NOT_FOUND ||
		    (r == R_GOOD &&
			memcmp(stored, l->edge.level[level], width * sizeof *stored) != 0))
			r = damaged(l, "the last tile", l->tree.size);
	}
	free(stored);
	return r;
}

/* ---- batches and heads ---- */

/* Before an entry: the batch that it begins. */
static enum result
begin_batch(struct looking *l)
{
	uint8_t bytes[MERKLE_FRONTIER_MAX];
	enum result r;

	if (l->batch.count > 0 || l->tree.size >= l->h->signed_frontier.size)
		return R_GOOD;
	r = store_batch(l->store, &l->batch, l->h->key, l->tree.size, l->why);
	if (r == R_NOT_FOUND ||
	    (r == R_GOOD &&
		(l->batch.first != l->tree.size ||
		    !slice_equal(l->batch.frontier_before, frontier_nodes(bytes, &l->tree)))))
		r = damaged(l, "the batch", l->tree.size);
	return r;
}

static enum result
end_batch(struct looking *l)
{
	enum result r;

	if (l->batch.count == 0 || l->tree.size < l->batch.first + l->batch.count)
		return R_GOOD;
	r = hosted_judge_note(l->h, &l->tree, l->batch.note, l->why);
	store_batch_free(&l->batch);
	return r;
}

/* ---- entries ---- */

static enum result
blob_is_kept(void *arg, const struct digest *id)
{
	const struct looking *l = arg;
	struct store_blob blob;
	enum result r = store_blob_find(l->store, &blob, l->h->key, id, l->why);

	if (r == R_NOT_FOUND || (r == R_GOOD && !blob.named))
		r = damaged(l, "a blob", l->tree.size);
	return r;
}

static enum result
check_columns(struct looking *l, uint64_t seq, const struct store_entry *e)
{
	struct record *record = NULL;
	struct digest hash;
	struct entry entry;
	enum result r;

	entry_hash(&hash, e->line);
	if (!digest_equal(&hash, &e->hash))
		return damaged(l, "the hash", seq);
	r = entry_read(&entry, e->line, l->why);
	if (r == R_GOOD)
		r = record_parse(&record, NULL, entry.record, l->why);
	if (r != R_GOOD)
		return r;
	if (!digest_equal(&record->hash, &e->record))
		r = damaged(l, "the record hash", seq);
	else if (e->has_tracker != (record->type == RECORD_BALLOT) ||
	    (e->has_tracker && !digest_equal(&record->tracker, &e->tracker)))
		r = damaged(l, "the tracker", seq);
	else
		r = record_blobs(record, blob_is_kept, l);
	record_free(record);
	return r;
}

static enum result
check_row(void *ctx, uint64_t seq, const struct store_entry *e)
{
	struct looking *l = ctx;
	struct digest leaf;
	enum result r = begin_batch(l);

	if (r == R_GOOD)
		r = check_columns(l, seq, e);
	if (r != R_GOOD)
		return r;
	merkle_leaf(&leaf, e->line.p, e->line.n);
	if (!digest_equal(&leaf, &e->leaf))
		return damaged(l, "the leaf", seq);
	merkle_frontier_append(&l->tree, &leaf);
	r = merkle_edge_append(&l->edge, &leaf, check_tile, l);
	return r == R_GOOD ? end_batch(l) : r;
}

static enum result
check_election(struct store *rows, struct store *store, const struct hosted *h, struct why *why)
{
	struct looking l = { .h = h, .store = store, .why = why };
	uint8_t nodes[MERKLE_FRONTIER_MAX], again[MERKLE_FRONTIER_MAX];
	enum result r = store_rows(rows, h->key, 0, h->frontier.size, check_row, &l, why);

	if (r == R_GOOD)
		r = check_edge(&l);
	if (r == R_GOOD &&
	    !slice_equal(frontier_nodes(nodes, &l.tree), frontier_nodes(again, &h->frontier)))
		r = damaged(&l, "the head", l.tree.size);
	store_batch_free(&l.batch);
	merkle_edge_free(&l.edge);
	return r;
}

/* Verify, and keep what was read for the caller. */
static enum result
check_all(struct board *b, board_each *each, void *ctx, struct why *why)
{
	struct store *store = NULL, *rows = NULL;
	struct hosted *h;
	enum result r = hosts_new(&b->hosts);
	size_t i;

	if (r == R_GOOD)
		r = store_open(&store, &b->config.store, why);
	if (r == R_GOOD)
		r = store_open(&rows, &b->config.store, why);
	if (r == R_GOOD)
		r = board_load(b, store, RULES_VERIFY, why);
	for (i = 0; r == R_GOOD && (h = hosts_at(b->hosts, i)) != NULL; i++) {
		r = check_election(rows, store, h, why);
		if (r == R_GOOD)
			each(ctx, &h->id, h->frontier.size);
	}
	store_free(rows);
	store_free(store);
	return r;
}

enum result
board_check(const struct store_options *options, const char *folder, board_each *each, void *ctx,
    struct why *why)
{
	struct board b = { .config = { .store = *options, .folder = folder } };
	enum result r = check_all(&b, each, ctx, why);

	hosts_free(b.hosts);
	return r;
}

enum result
board_make_mark(const struct store_options *options, const char *folder, board_each *each,
    void *ctx, struct why *why)
{
	struct board b = { .config = { .store = *options, .folder = folder } };
	struct mark *mark = NULL;
	struct mark_head top;
	struct hosted *h;
	enum result r = mark_open(&mark, folder, false, why);
	size_t i;

	if (r == R_GOOD)
		r = why_set(why, R_CONFLICT,
		    "there is a board.mark in %s: it says what this board has signed for", folder);
	else if (r == R_NOT_FOUND)
		r = check_all(&b, each, ctx, why);
	if (r == R_GOOD)
		r = mark_open(&mark, folder, true, why);
	for (i = 0; r == R_GOOD && (h = hosts_at(b.hosts, i)) != NULL; i++) {
		top.size = h->frontier.size;
		merkle_frontier_root(&h->frontier, &top.root);
		if (top.size > 0)
			r = mark_raise(mark, &h->id, &top, why);
	}
	mark_close(mark);
	hosts_free(b.hosts);
	return r;
}
