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

void
toy_catch_up(struct toy *t)
{
	enum result r;

	store_head_free(&t->head);
	do
		r = store_head(t->store, &t->head, t->election, &why);
	while (r == R_NO_DATABASE);
	must_say(r == R_GOOD);
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
	free(t->entries);
	free(t->bytes);
}

/* One line: {"prev":hex,"seq":n,...} filled up to its size. */
static void
make_line(struct toy *t, struct store_entry *e, uint8_t *p, uint64_t seq, const struct digest *prev)
{
	char hex[65], who[80], start[200];
	struct sha256 hash;
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
	sha256_start(&hash);
	sha256_add(&hash, "", 1);
	sha256_add(&hash, p, t->line_bytes);
	sha256_finish(&hash, &e->leaf);
	hash_tagged(&e->record, "record", who, strlen(who));
	hash_tagged(&e->tracker, "tracker", who, strlen(who));
	e->has_tracker = t->serial % 3 == 0;
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
	hash_tagged((struct digest *)t->frontier, "frontier", prev->b, 32);
	(void)snprintf(t->note, sizeof t->note, "note of %llu by %u",
	    (unsigned long long)(t->head.size + n), t->author);
	t->after.size = t->head.size + n;
	t->after.hash = *prev;
	t->after.time = t->head.time + 1;
	t->after.frontier = (struct slice){ t->frontier, 32 };
	t->after.note = slice_of(t->note);
	memset(&t->addition, 0, sizeof t->addition);
	t->addition.before = &t->head;
	t->addition.entries = t->entries;
	t->addition.n = n;
	t->addition.after = &t->after;
}

enum result
toy_append(struct toy *t, struct why *w)
{
	enum result r = store_append(t->store, t->election, &t->addition, w);

	if (r == R_GOOD)
		toy_catch_up(t);
	return r;
}

uint64_t
toy_persist(struct toy *t, size_t n)
{
	enum result r = R_CONFLICT;
	uint64_t first;
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (r == R_CONFLICT) {
			toy_catch_up(t);
			toy_make(t, n);
		}
		r = store_append(t->store, t->election, &t->addition, &why);
		if (r == R_NOT_CONFIRMED)
			do
				r = store_settle(t->store, t->election, &t->addition, &why);
			while (r == R_NO_DATABASE);
		if (r == R_GOOD)
			break;
		/* not stored: somebody was first, or the server was away */
		must_say(r == R_CONFLICT || r == R_NOT_FOUND || r == R_NO_DATABASE);
	}
	must_say(r == R_GOOD);
	first = t->addition.before->size;
	toy_catch_up(t);
	return first;
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
	struct sha256 hash;

	must(seq == reading->seq++);
	hex_encode(hex, reading->last.b, 32);
	(void)snprintf(want, sizeof want, "{\"prev\":\"%s\",\"seq\":%llu,", hex,
	    (unsigned long long)seq);
	must(line.n > strlen(want));
	must(memcmp(line.p, want, strlen(want)) == 0);
	sha256(&reading->last, line.p, line.n);
	sha256_start(&hash);
	sha256_add(&hash, "", 1);
	sha256_add(&hash, line.p, line.n);
	sha256_finish(&hash, &reading->leaves[seq]);
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
		must(b.frontier_before.n == (seq == 0 ? 0 : 32));
		if (seq + b.count == t->head.size)
			must(slice_equal(b.note, t->head.note));
		next = b.first + b.count;
		store_batch_free(&b);
	}
	must(seq == t->head.size);
}

uint64_t
toy_check(struct toy *t)
{
	struct reading reading = { 0 };

	toy_catch_up(t);
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
	free(reading.leaves);
	return t->head.size;
}
