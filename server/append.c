/*
 * The thread that appends: sole owner of every election's rule book. A batch is what has
 * gathered while the last one was committed; its entries are judged and written one
 * after the other, signed for, committed in one transaction, and only then answered.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/board.h"

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
	struct merkle_frontier before;
	struct job *refused;
	struct buffer note;
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
	struct merkle_frontier before = h->frontier;
	struct rules_place place;
	struct entry entry;
	struct slice line;
	size_t start = a->lines.n, blobs = a->blob_count;
	uint64_t now = clock_ms();
	enum result r;

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
		r = hosted_grow(h, &e->leaf);
	}
	if (r != R_GOOD)
		goto refuse;
	place.seq = entry.seq;
	place.time = entry.time;
	place.hash = e->hash;
	r = rules_admit(h->rules, job->check, &place, &job->why);
	if (r != R_GOOD) {
		hosted_shrink(h, &before);
		goto refuse;
	}
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

/* Sign the head that the batch makes; `time` is that of its last entry, in milliseconds. */
static enum result
sign_head(struct batch *a, uint64_t time)
{
	const struct board *b = a->board;
	struct checkpoint head = { .size = a->host->frontier.size, .time = time / 1000 };
	struct buffer origin = { 0 };
	enum result r;

	merkle_frontier_root(&a->host->frontier, &head.root);
	head_origin(&origin, b->name, &a->host->id);
	r = buffer_result(&origin);
	head.origin = buffer_slice(&origin);
	buffer_clear(&a->note);
	if (r == R_GOOD)
		r = checkpoint_sign(&a->note, &head, &b->signer, &b->config.key);
	buffer_free(&origin);
	return r;
}

/* The nodes alone, as the store keeps them. */
static struct slice
frontier_nodes(uint8_t bytes[MERKLE_FRONTIER_MAX], const struct merkle_frontier *f)
{
	size_t n = merkle_frontier_encode(bytes, f);

	return (struct slice){ bytes + 8, n - 8 };
}

/* Store the batch. R_GOOD: it is committed, and `note` is what was signed for it. */
static enum result
store_batch_of(struct batch *a, struct store *store, uint64_t time_before, uint64_t time,
    struct why *why)
{
	uint8_t nodes_before[MERKLE_FRONTIER_MAX], nodes_after[MERKLE_FRONTIER_MAX];
	struct store_head before = { 0 }, after = { 0 };
	struct store_addition addition = { 0 };
	struct store_batch stored;
	enum result r;
	size_t i;

	before.size = a->before.size;
	if (before.size > 0)
		(void)rules_entry_hash(a->host->rules, before.size - 1, &before.hash);
	before.time = time_before;
	before.frontier = frontier_nodes(nodes_before, &a->before);
	after.size = a->host->frontier.size;
	after.hash = *rules_head(a->host->rules);
	after.time = time;
	after.frontier = frontier_nodes(nodes_after, &a->host->frontier);
	after.note = buffer_slice(&a->note);
	for (i = 0; i < a->n; i++) {
		a->entries[i].line.p = a->lines.p + a->start[i];
		a->entries[i].line.n = (i + 1 < a->n ? a->start[i + 1] : a->lines.n) - a->start[i];
	}
	addition.before = &before;
	addition.entries = a->entries;
	addition.n = a->n;
	addition.blobs = a->blobs;
	addition.n_blobs = a->blob_count;
	addition.after = &after;
	r = store_append(store, a->host->key, &addition, why);
	while (r == R_NOT_CONFIRMED) {
		log_event(a->board->config.log, LOG_STORE,
		    "a commit was not confirmed; looking it up");
		do
			r = store_settle(store, a->host->key, &addition, why);
		while (r == R_NO_DATABASE && !atomic_load(&a->board->stopping));
		/* Still not known: nobody is told that it was stored. */
		if (r == R_NO_DATABASE)
			return R_NOT_CONFIRMED;
		if (r == R_NOT_FOUND)
			r = store_append(store, a->host->key, &addition, why);
		else if (r == R_GOOD) {
			/* Somebody else may have signed for the very same entries. */
			r = store_batch(store, &stored, a->host->key, before.size, why);
			if (r == R_GOOD) {
				buffer_clear(&a->note);
				buffer_add(&a->note, stored.note.p, stored.note.n);
				store_batch_free(&stored);
				r = buffer_result(&a->note);
			}
		}
	}
	return r;
}

/* Somebody else has appended: read what is new, then judge the batch's jobs again. */
static void
catch_up(struct batch *a, struct store *store)
{
	struct effort effort = { .threads = 1 };
	struct board_source source;
	struct why why = { 0 };
	enum result r;

	board_source_set(&source, store, a->host);
	r = hosted_load(a->host, store, &source.source, RULES_VERIFY, &effort, &why);
	if (r != R_GOOD)
		log_event(a->board->config.log, LOG_STORE,
		    "cannot follow what another board wrote: %s", why.text);
	else
		listen_wake(a->board->listen, a->host->topic);
}

static void
answer_batch(struct batch *a, struct store *store, enum result r, const struct why *why)
{
	struct board *b = a->board;
	uint64_t first = a->before.size, size = first + a->n;
	size_t i;

	for (i = 0; i < a->n; i++) {
		struct job *job = a->jobs[i];

		if (r == R_GOOD)
			answer_stored(b, job, first + i, a->entries[i].line, size,
			    buffer_slice(&a->note));
		else if (r == R_CONFLICT) {
			job_again(job);
			board_take(b, job);
		} else {
			job->verdict = r;
			job->why = *why;
			answer_refused(b, job);
		}
	}
	(void)store;
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
	struct job *rest = NULL, **end = &rest, *job;
	struct why why = { 0 };
	uint64_t time_before, time, begun;
	struct entry next;
	enum result r = R_GOOD;

	a->host = list->host;
	a->before = a->host->frontier;
	a->n = 0;
	a->blob_count = 0;
	a->refused = NULL;
	buffer_clear(&a->lines);
	rules_next(a->host->rules, &next);
	time_before = next.time;
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
		rules_next(a->host->rules, &next);
		time = next.time;
		r = sign_head(a, time);
		if (r == R_GOOD && a->before.size == 0)
			r = store_election_make(store, &a->host->key, &a->host->id, &why);
		begun = meter_now();
		if (r == R_GOOD)
			r = store_batch_of(a, store, time_before, time, &why);
		count_batch(a, r, begun);
		if (r == R_GOOD) {
			rules_settle(a->host->rules);
			if (hosted_publish(a->host, time, buffer_slice(&a->note)) != R_GOOD)
				log_event(a->board->config.log, LOG_MEMORY,
				    "a new head could not be published");
		} else {
			rules_undo(a->host->rules);
			hosted_shrink(a->host, &a->before);
			log_event(a->board->config.log, LOG_STORE,
			    "%zu records were not stored: %s", a->n, why.text);
			if (r == R_CONFLICT)
				catch_up(a, store);
		}
		answer_batch(a, store, r, &why);
		if (r == R_GOOD)
			listen_wake(a->board->listen, a->host->topic);
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
	return rest;
}

void *
append_records(void *arg)
{
	struct board *b = arg;
	struct batch *a = calloc(1, sizeof *a);
	struct store *store = NULL;
	struct job *list, *job;
	struct why why;

	(void)pthread_setname_np(pthread_self(), "append");
	if (a != NULL)
		a->board = b;
	while ((list = queue_take(b->append, BATCH)) != NULL) {
		memset(&why, 0, sizeof why);
		if (a == NULL ||
		    (store == NULL && store_open(&store, &b->config.store, &why) != R_GOOD)) {
			while ((job = list) != NULL) {
				list = job->next;
				job->verdict = R_NO_DATABASE;
				job->why = why;
				answer_refused(b, job);
			}
			continue;
		}
		while (list != NULL)
			list = run_batch(a, store, list);
	}
	store_free(store);
	if (a != NULL) {
		buffer_free(&a->lines);
		buffer_free(&a->note);
		free(a->blobs);
	}
	free(a);
	return NULL;
}
