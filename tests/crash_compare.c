/* What was acknowledged against what the board holds. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/entry.h"
#include "ballots/receipt.h"
#include "ballots/record.h"
#include "crypto/base64.h"
#include "tests/crash.h"

/* ---- the log ---- */

struct ack {
	size_t number;
	uint64_t seq;
	char tracker[65];
	struct slice receipt;
};

struct log {
	FILE *file;
	char *line;
	size_t room;
};

static void
open_log(struct log *l, const char *path)
{
	memset(l, 0, sizeof *l);
	l->file = fopen(path, "re");
	if (l->file == NULL)
		load_die("the log of acknowledgements is gone");
}

static bool
next_ack(struct log *l, struct ack *a)
{
	ssize_t n = getline(&l->line, &l->room, l->file);
	int at;

	if (n < 0)
		return false;
	if (sscanf(l->line, "%zu %" SCNu64 " %64[0-9a-f] %n", &a->number, &a->seq, a->tracker,
		&at) != 3 ||
	    l->line[n - 1] != '\n')
		load_die("the log of acknowledgements cannot be read");
	a->receipt.p = (const uint8_t *)l->line + at;
	a->receipt.n = (size_t)(n - 1 - at);
	return true;
}

static void
close_log(struct log *l)
{
	(void)fclose(l->file);
	free(l->line);
}

size_t
crash_beyond(const char *path, uint64_t size, size_t *acknowledged)
{
	size_t lost = 0;
	struct ack ack;
	struct log log;

	*acknowledged = 0;
	open_log(&log, path);
	for (; next_ack(&log, &ack); ++*acknowledged)
		lost += ack.seq >= size;
	close_log(&log);
	return lost;
}

/* ---- the board ---- */

static int
compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct digest));
}

/* Count records that stand more than once, by hash and, ballots, by tracker. */
static size_t
count_doubles(const struct load_lines *l, size_t *ballots)
{
	struct digest *seen = calloc(2 * l->n + 1, sizeof *seen);
	struct record *record;
	struct entry entry;
	size_t i, n = 0, doubled = 0;

	if (seen == NULL)
		load_die("out of memory");
	*ballots = 0;
	for (i = 0; i < l->n; i++) {
		if (entry_read(&entry, load_line(l, i), NULL) != R_GOOD ||
		    record_parse(&record, NULL, entry.record, NULL) != R_GOOD)
			load_die("entry %zu cannot be read", i);
		seen[n++] = record->hash;
		if (record->type == RECORD_BALLOT) {
			seen[n++] = record->tracker;
			++*ballots;
		}
		record_free(record);
	}
	qsort(seen, n, sizeof *seen, compare_digests);
	for (i = 1; i < n; i++)
		doubled += digest_equal(&seen[i - 1], &seen[i]) ? 1 : 0;
	free(seen);
	return doubled;
}

struct comparing {
	struct crash_verdict *v;
	const struct load_lines *lines;
	const struct load_election *election;
	struct receipt_expect expect;
	uint8_t *seen; /* a place has one acknowledged ballot */
};

/* Is the ballot where its receipt says, byte for byte? */
static bool
stands(struct comparing *c, const struct ack *ack, const struct receipt *receipt)
{
	struct slice line;
	struct record *record;
	struct entry entry;
	char hex[65] = "";

	if (ack->seq >= c->lines->n || c->seen[ack->seq]++ != 0)
		return false;
	line = load_line(c->lines, (size_t)ack->seq);
	if (line.n != strlen(receipt->entry) || memcmp(line.p, receipt->entry, line.n) != 0)
		return false;
	if (entry_read(&entry, line, NULL) != R_GOOD ||
	    record_parse(&record, NULL, entry.record, NULL) != R_GOOD)
		return false;
	(void)hex_encode(hex, record->tracker.b, sizeof record->tracker.b);
	record_free(record);
	return strcmp(hex, ack->tracker) == 0;
}

static void
compare_one(struct comparing *c, const struct ack *ack)
{
	struct receipt_facts facts = { 0 };
	struct receipt receipt;

	if (ack->number >= c->election->n)
		load_die("the log names ballot %zu", ack->number);
	c->expect.record = c->election->ballots[ack->number].record;
	if (receipt_read(&receipt, ack->receipt, NULL) != R_GOOD) {
		c->v->dishonoured++;
		c->v->lost++;
		return;
	}
	if (receipt_verify(&receipt, &c->expect, &facts, NULL) != R_GOOD || facts.seq != ack->seq ||
	    facts.head.size > c->lines->n)
		c->v->dishonoured++;
	c->v->lost += !stands(c, ack, &receipt);
	receipt_free(&receipt);
}

/* Post the ballot once more: the same answer, byte for byte? */
static bool
is_given_again(const struct load_board *b, const struct load_election *e, const struct ack *ack,
    struct buffer *answer)
{
	char path[200], hex[65];

	(void)hex_encode(hex, e->id.b, sizeof e->id.b);
	(void)snprintf(path, sizeof path, "/v1/elections/%s/records", hex);
	return load_try(b, answer, NULL, "POST", path, e->ballots[ack->number].record) == 200 &&
	    slice_equal(buffer_slice(answer), ack->receipt);
}

void
crash_compare(struct crash_verdict *v, const char *path, const struct load_board *b,
    const struct load_election *e, size_t sample)
{
	const struct definition signer = { .board = { .key = e->board, .name = LOAD_BOARD_NAME } };
	struct comparing c = { .v = v,
		.election = e,
		.expect = { .signers = { .definition = &signer, .election = e->id } } };
	struct buffer answer = { 0 };
	struct load_lines lines;
	size_t ballots;
	struct ack ack;
	struct log log;

	memset(v, 0, sizeof *v);
	load_lines_read(&lines, b, e);
	c.lines = &lines;
	c.seen = calloc(lines.n + 1, 1);
	if (c.seen == NULL)
		load_die("out of memory");
	open_log(&log, path);
	for (; next_ack(&log, &ack); v->acknowledged++) {
		compare_one(&c, &ack);
		if (v->acknowledged % sample == 0 && !is_given_again(b, e, &ack, &answer))
			v->dishonoured++;
	}
	close_log(&log);
	v->doubled = count_doubles(&lines, &ballots);
	v->strangers = ballots > v->acknowledged ? ballots - v->acknowledged : 0;
	free(c.seen);
	load_lines_free(&lines);
	buffer_free(&answer);
}
