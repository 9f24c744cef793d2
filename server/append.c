/*
 * The thread that appends: sole owner of every election's rule book. A batch is what has
 * gathered while the last one was committed; its entries are judged and written one
 * after the other, committed in one transaction, then signed for (signing.c), and only then
 * answered.
 *
 * The signature has a transaction of its own, although one could take it together with the
 * entries of the next batch: the receipts of a batch would then wait until those entries are
 * written too, which takes about four times as long as the commit that it would save.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/board.h"
#include "server/clock.h"

#define BATCH 512

struct batch {
	struct board *board;
	struct hosted *host;
	struct buffer lines;
	struct store_entry entries[BATCH];
	size_t start[BATCH]; /* where each line begins in `lines`, which may move */
	struct job *jobs[BATCH];
	size_t n;
	struct digest *blobs;
	size_t blob_count, blob_room;
	uint64_t time_before;
	struct merkle_frontier before; /* the tree before the batch */
	struct merkle_edge edge;
	struct store_tile *tiles; /* that it completes */
	size_t tile_count, tile_room;
	struct job *refused;
	struct job *rest; /* jobs that did not fit in */
};

static uint64_t
clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static enum result
add_blob(void *arg, const struct digest *id)
{
	struct batch *a = arg;
	struct digest *more;

	if (a->blob_count == a->blob_room) {
		more = reallocarray(a->blobs, a->blob_room + 16, sizeof *more);
		if (more == NULL)
			return R_NO_MEMORY;
		a->blobs = more;
		a->blob_room += 16;
	}
	a->blobs[a->blob_count++] = *id;
	return R_GOOD;
}

static void
refuse(struct batch *a, struct job *job)
{
	job->next = a->refused;
	a->refused = job;
}

/* Write the entry of a job, judge it at its place and add it to the batch. */
static enum result
admit(struct batch *a, struct job *job)
{
	struct hosted *h = a->host;
	struct store_entry *e = &a->entries[a->n];
	struct rules_place place;
	struct entry entry;
	struct slice line;
	size_t start = a->lines.n, blobs = a->blob_count;
	uint64_t now = clock_ms();
	enum result r;

	if (h->lost)
		return job->verdict = why_set(&job->why, R_UNSAFE_DATABASE,
			   "the board's database is not the one it was: nothing is taken in");
	/* Bad content, unless something else is wrong that comes first. */
	if (job->verdict != R_GOOD) {
		struct why look = { 0 };

		r = rules_look(h->rules, job->check, &look);
		if (r != R_GOOD) {
			job->verdict = r;
			job->why = look;
		}
		return job->verdict;
	}
	rules_next(h->rules, &entry);
	entry.election = h->id;
	entry.record = check_record(job->check)->bytes;
	if (entry.time < now)
		entry.time = now;
	r = entry_write(&a->lines, &entry);
	if (r == R_GOOD)
		r = record_blobs(check_record(job->check), add_blob, a);
	if (r == R_GOOD) {
		line.p = a->lines.p + start;
		line.n = a->lines.n - start;
		entry_hash(&e->hash, line);
		merkle_leaf(&e->leaf, line.p, line.n);
	}
	if (r != R_GOOD)
		goto refuse;
	place.seq = entry.seq;
	place.time = entry.time;
	place.hash = e->hash;
	r = rules_admit(h->rules, job->check, &place, &job->why);
	if (r != R_GOOD)
		goto refuse;
	e->record = job->hash;
	e->has_tracker = job->has_tracker;
	e->tracker = job->tracker;
	a->start[a->n] = start;
	a->jobs[a->n++] = job;
	return R_GOOD;
refuse:
	a->lines.n = start;
	a->blob_count = blobs;
	job->verdict = r;
	return r;
}

/* ---- the tree ---- */

static enum result
keep_tile(void *arg, unsigned level, uint64_t number, const struct digest *nodes)
{
	struct batch *a = arg;
	struct store_tile *more, *t;

	if (a->tile_count == a->tile_room) {
		more = reallocarray(a->tiles, a->tile_room + 4, sizeof *more);
		if (more == NULL)
			return R_NO_MEMORY;
		a->tiles = more;
		a->tile_room += 4;
	}
	t = &a->tiles[a->tile_count++];
	t->level = level;
	t->number = number;
	memcpy(t->node, nodes, sizeof t->node);
	merkle_tile_node(&t->root, nodes, 8, 0);
	return R_GOOD;
}

/* Grow the tree by the batch; go_back undoes it. */
static enum result
grow(struct batch *a)
{
	struct hosted *h = a->host;
	enum result r;
	size_t i;

	a->tile_count = 0;
	a->before = h->frontier;
	r = merkle_edge_copy(&a->edge, &h->edge);
	for (i = 0; r == R_GOOD && i < a->n; i++) {
		merkle_frontier_append(&h->frontier, &a->entries[i].leaf);
		r = merkle_edge_append(&h->edge, &a->entries[i].leaf, keep_tile, a);
	}
	return r;
}

/* The batch is not stored. */
static void
go_back(struct batch *a)
{
	struct hosted *h = a->host;
	struct merkle_edge grown = h->edge;

	rules_undo(h->rules);
	if (h->frontier.size != a->before.size) {
		h->frontier = a->before;
		h->edge = a->edge;
		a->edge = grown;
	}
}

/* The tree from what was signed for last to the end of the batch, for its receipts; NULL if
 * they are to be made from the database. */
static struct merkle_tree *
tree_of(const struct batch *a)
{
	struct merkle_tree *tree;
	enum result r;
	size_t i;

	if (a->host->signed_frontier.size != a->before.size ||
	    merkle_tree_new_at(&tree, &a->before) != R_GOOD)
		return NULL;
	for (i = 0, r = R_GOOD; r == R_GOOD && i < a->n; i++)
		r = merkle_tree_append(tree, &a->entries[i].leaf);
	if (r == R_GOOD)
		return tree;
	merkle_tree_free(tree);
	return NULL;
}

/* ---- committing ---- */

/* Commit the entries of the batch. */
static enum result
commit_entries(struct batch *a, struct store *store, struct why *why)
{
	uint8_t nodes_before[MERKLE_FRONTIER_MAX], nodes_after[MERKLE_FRONTIER_MAX];
	struct store_head before = { 0 }, after = { 0 };
	struct store_addition addition = { 0 };
	struct hosted *h = a->host;
	struct entry next;
	size_t i;

	rules_next(h->rules, &next);
	before.size = a->before.size;
	if (before.size > 0)
		(void)rules_entry_hash(h->rules, before.size - 1, &before.hash);
	before.time = a->time_before;
	before.frontier = frontier_nodes(nodes_before, &a->before);
	after.size = h->frontier.size;
	after.hash = *rules_head(h->rules);
	after.time = next.time;
	after.frontier = frontier_nodes(nodes_after, &h->frontier);
	for (i = 0; i < a->n; i++) {
		a->entries[i].line.p = a->lines.p + a->start[i];
		a->entries[i].line.n = (i + 1 < a->n ? a->start[i + 1] : a->lines.n) - a->start[i];
	}
	addition.before = &before;
	addition.entries = a->entries;
	addition.n = a->n;
	addition.tiles = a->tiles;
	addition.n_tiles = a->tile_count;
	addition.blobs = a->blobs;
	addition.n_blobs = a->blob_count;
	addition.after = &after;
	return board_commit(a->board, store, h, &addition, NULL, why);
}

/* R_CONFLICT: somebody else has appended; read what is new, then the jobs are judged again. */
static enum result
commit_batch(struct batch *a, struct store *store, struct why *why)
{
	struct why later = { 0 };
	enum result r = R_GOOD;

	if (a->before.size == 0)
		r = store_election_make(store, &a->host->key, &a->host->id, why);
	if (r == R_GOOD)
		r = commit_entries(a, store, why);
	if (r == R_GOOD) {
		rules_settle(a->host->rules);
		return r;
	}
	go_back(a);
	if (r != R_CONFLICT)
		log_event(a->board->config.log, LOG_STORE, "%zu records were not stored: %s", a->n,
		    why->text);
	else if (board_load_more(a->board, store, a->host, &later) == R_GOOD)
		listen_wake(a->board->listen, a->host->topic);
	return r;
}

/* Tell them that they are not stored, or ask them in again. */
static void
refuse_batch(struct batch *a, enum result r, const struct why *why)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		struct job *job = a->jobs[i];

		if (r == R_CONFLICT) {
			job_again(job);
			board_take(a->board, job);
		} else {
			job->verdict = r;
			job->why = *why;
			answer_refused(a->board, job);
		}
	}
}

/* Sign for what is committed and hand out the receipts. */
static void
sign_batch(struct batch *a, struct store *store)
{
	struct merkle_tree *tree = tree_of(a);
	struct buffer note = { 0 };
	struct why why = { 0 };
	uint64_t begun = meter_now();
	bool own;
	enum result r = board_sign(a->board, store, a->host, &own, &why);
	size_t i;

	meter_time(&a->board->meter.sign, begun);
	if (r == R_GOOD)
		r = hosted_note(a->host, &note);
	if (r != R_GOOD)
		log_event(a->board->config.log, LOG_STORE,
		    "%zu records could not be signed for: %s", a->n, why.text);
	for (i = 0; i < a->n; i++)
		if (r == R_GOOD && own && tree != NULL)
			answer_stored(a->board, a->jobs[i], a->before.size + i, a->entries[i].line,
			    tree, buffer_slice(&note));
		else {
			a->jobs[i]->verdict = R_NOT_CONFIRMED;
			answer_from_store(a->board, a->jobs[i]);
		}
	merkle_tree_free(tree);
	buffer_free(&note);
	listen_wake(a->board->listen, a->host->topic);
}

static void
count_batch(const struct batch *a, enum result r, uint64_t begun)
{
	struct meter *m = &a->board->meter;

	if (r == R_GOOD) {
		meter_time(&m->commit, begun);
		meter_add(m, METER_BATCHES, 1);
		meter_add(m, METER_STORED, a->n);
	} else
		meter_add(m, r == R_CONFLICT ? METER_CONFLICTS : METER_UNSTORED, 1);
}

/* Take in as many jobs of one election as one batch holds; returns the rest. */
static struct job *
run_batch(struct batch *a, struct store *store, struct job *list)
{
	struct job **end = &a->rest, *job;
	struct why why = { 0 };
	uint64_t begun;
	struct entry next;
	enum result r;

	a->host = list->host;
	a->before = a->host->frontier;
	a->n = 0;
	a->blob_count = 0;
	a->refused = NULL;
	a->rest = NULL;
	buffer_clear(&a->lines);
	rules_next(a->host->rules, &next);
	a->time_before = next.time;
	while ((job = list) != NULL) {
		list = job->next;
		if (job->host != a->host || a->n == BATCH) {
			job->next = NULL;
			*end = job;
			end = &job->next;
		} else if (admit(a, job) != R_GOOD)
			refuse(a, job);
	}
	if (a->n > 0) {
		begun = meter_now();
		r = grow(a);
		if (r != R_GOOD)
			go_back(a);
		else
			r = commit_batch(a, store, &why);
		count_batch(a, r, begun);
		if (r == R_GOOD)
			sign_batch(a, store);
		else
			refuse_batch(a, r, &why);
	}
	/* Only now may a refused record be looked up: its twin may be in this batch. */
	while ((job = a->refused) != NULL) {
		a->refused = job->next;
		if (job->verdict == R_BUSY) {
			job_again(job);
			board_take(a->board, job);
		} else {
			board_accuse(a->board, job);
			answer_refused(a->board, job);
		}
	}
	a->n = 0;
	job = a->rest;
	a->rest = NULL;
	return job;
}

static void
refuse_all(struct board *b, struct job *list, const struct why *why)
{
	struct job *job;

	while ((job = list) != NULL) {
		list = job->next;
		job->verdict = R_NO_DATABASE;
		job->why = *why;
		answer_refused(b, job);
	}
}

/* Whoever has not been answered; the job goes on without. */
static void
let_go(struct job *job, enum result r, const char *text)
{
	if (job->request != NULL)
		request_fail(job->request, r, text);
	job->request = NULL;
}

void
board_away(struct board *b)
{
	static const struct why why = { .text = "the database cannot be reached; send it again" };
	struct batch *a = b->batch;
	struct job *job, *list;
	bool closed;
	size_t i;

	if (!atomic_exchange(&b->away, true))
		log_event(b->config.log, LOG_STORE, "the database is away");
	for (i = 0; i < a->n; i++)
		let_go(a->jobs[i], R_NOT_CONFIRMED,
		    "the database is away: whether this is stored is not known yet; send it again");
	for (job = a->refused; job != NULL; job = job->next)
		let_go(job, R_NO_DATABASE, why.text);
	refuse_all(b, a->rest, &why);
	a->rest = NULL;
	while ((list = queue_take_within(b->append, BATCH, 0, &closed)) != NULL)
		refuse_all(b, list, &why);
}

void
board_back(struct board *b)
{
	if (atomic_exchange(&b->away, false))
		log_event(b->config.log, LOG_STORE, "the database is back");
}

void *
append_records(void *arg)
{
	struct board *b = arg;
	struct batch *a = calloc(1, sizeof *a);
	struct store *store = NULL;
	struct job *list;
	struct why why;
	uint64_t followed = 0;
	bool closed;

	(void)pthread_setname_np(pthread_self(), "append");
	if (a != NULL)
		a->board = b;
	b->batch = a;
	for (;;) {
		list = queue_take_within(b->append, BATCH, BOARD_FOLLOW_MS, &closed);
		if (closed)
			break;
		memset(&why, 0, sizeof why);
		if (a == NULL ||
		    (store == NULL && store_open(&store, &b->config.store, &why) != R_GOOD)) {
			refuse_all(b, list, &why);
			continue;
		}
		while (list != NULL)
			list = run_batch(a, store, list);
		if (clock_now() - followed >= BOARD_FOLLOW_MS) {
			board_follow(b, store);
			followed = clock_now();
		}
	}
	store_free(store);
	if (a != NULL) {
		buffer_free(&a->lines);
		merkle_edge_free(&a->edge);
		free(a->tiles);
		free(a->blobs);
	}
	free(a);
	return NULL;
}
