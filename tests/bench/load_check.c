/* Every receipt against the board. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ballots/receipt.h"
#include "crypto/base64.h"
#include "crypto/merkle.h"
#include "tests/bench/load.h"

#define PAGE 4096

static void
path_of(char out[200], const struct load_election *e, const char *what)
{
	char hex[65];

	(void)hex_encode(hex, e->id.b, sizeof e->id.b);
	(void)snprintf(out, 200, "/v1/elections/%s/%s", hex, what);
}

/* ---- the board's lines ---- */

struct slice
load_line(const struct load_lines *l, size_t i)
{
	return (struct slice){ l->bytes.p + l->start[i], l->start[i + 1] - l->start[i] - 1 };
}

static size_t
add_page(struct load_lines *l, const struct buffer *page)
{
	const uint8_t *p = page->p, *end = page->p + page->n, *newline;
	size_t n = 0;

	for (; p < end; p = newline + 1, n++) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (newline == NULL)
			load_die("a line of the board is cut off");
		if (l->n + 2 > l->room) {
			l->room = l->room * 2 + PAGE;
			l->start = reallocarray(l->start, l->room, sizeof *l->start);
			if (l->start == NULL)
				load_die("out of memory");
		}
		l->start[l->n++] = l->bytes.n;
		buffer_add(&l->bytes, p, (size_t)(newline + 1 - p));
		if (buffer_result(&l->bytes) != R_GOOD)
			load_die("out of memory");
		l->start[l->n] = l->bytes.n;
	}
	return n;
}

/* Read the first `size` entries, and what comes with the last page. */
static void
read_lines(struct load_lines *l, const struct load_board *b, const struct load_election *e,
    size_t size)
{
	struct buffer page = { 0 };
	char what[100], path[200];

	while (l->n < size) {
		(void)snprintf(what, sizeof what, "entries?from=%zu", l->n);
		path_of(path, e, what);
		if (load_ask(b, &page, NULL, "GET", path, (struct slice){ 0 }) != 200 ||
		    add_page(l, &page) == 0)
			load_die("the board does not give all entries that its head covers");
	}
	buffer_free(&page);
}

/* The time of an entry is never before that of the one before. */
static void
check_times(const struct load_lines *l)
{
	struct entry entry;
	uint64_t time = 0;
	size_t i;

	for (i = 0; i < l->n; i++, time = entry.time)
		if (entry_read(&entry, load_line(l, i), NULL) != R_GOOD || entry.time < time)
			load_die("entry %zu is older than the one before", i);
}

/* The head that the board shows must be that of its lines. */
static void
check_head(const struct load_lines *l, const struct buffer *note, size_t size)
{
	struct merkle_frontier f = { 0 };
	char base64[BASE64_LEN(32) + 1], expected[200];
	struct digest leaf, root;
	size_t i;

	for (i = 0; i < size; i++) {
		merkle_leaf(&leaf, load_line(l, i).p, load_line(l, i).n);
		merkle_frontier_append(&f, &leaf);
	}
	merkle_frontier_root(&f, &root);
	(void)base64_encode(base64, root.b, sizeof root.b);
	(void)snprintf(expected, sizeof expected, "\n%zu\n%s\n", size, base64);
	if (memmem(note->p, note->n, expected, strlen(expected)) == NULL)
		load_die("the board's head is not that of its %zu entries", size);
}

void
load_lines_read(struct load_lines *l, const struct load_board *b, const struct load_election *e)
{
	struct buffer note = { 0 };
	const char *second;
	char path[200];
	size_t size;

	memset(l, 0, sizeof *l);
	path_of(path, e, "checkpoint");
	if (load_ask(b, &note, NULL, "GET", path, (struct slice){ 0 }) != 200 ||
	    (second = memchr(note.p, '\n', note.n)) == NULL)
		load_die("the board shows no head");
	size = strtoul(second + 1, NULL, 10);
	read_lines(l, b, e, size);
	check_head(l, &note, size);
	check_times(l);
	buffer_free(&note);
}

void
load_lines_free(struct load_lines *l)
{
	free(l->start);
	buffer_free(&l->bytes);
	memset(l, 0, sizeof *l);
}

static void
check_receipt(struct load_lines *l, uint8_t *seen, const struct load_ballot *ballot,
    struct receipt_expect *expect, size_t number)
{
	struct slice bytes = { ballot->receipt, ballot->receipt_len }, line;
	struct receipt_facts facts;
	struct receipt receipt;
	struct why why = { 0 };
	enum result r;

	expect->record = ballot->record;
	r = receipt_read(&receipt, bytes, &why);
	if (r == R_GOOD)
		r = receipt_verify(&receipt, expect, &facts, &why);
	if (r != R_GOOD)
		load_die("receipt of ballot %zu: %s: %s", number, result_name(r), why.text);
	if (facts.seq >= l->n || facts.head.size > l->n)
		load_die("ballot %zu was acknowledged and is not on the board", number);
	line = load_line(l, (size_t)facts.seq);
	if (line.n != strlen(receipt.entry) || memcmp(line.p, receipt.entry, line.n) != 0)
		load_die("entry %llu is not that of the receipt", (unsigned long long)facts.seq);
	if (seen[facts.seq]++ != 0)
		load_die("two ballots have the receipt of entry %llu",
		    (unsigned long long)facts.seq);
	receipt_free(&receipt);
}

void
load_check(struct load_verdict *v, const struct load_board *b, const struct load_election *e)
{
	const struct definition signer = { .board = { .key = e->board, .name = LOAD_BOARD_NAME } };
	struct receipt_expect expect = { .signers = { .definition = &signer, .election = e->id } };
	struct load_lines l;
	double begun = load_now();
	uint8_t *seen;
	size_t i;

	memset(v, 0, sizeof *v);
	load_lines_read(&l, b, e);
	v->read_rate = (double)l.bytes.n / (load_now() - begun);
	v->entries = l.n;
	seen = calloc(l.n + 1, 1);
	if (seen == NULL)
		load_die("out of memory");
	for (i = 0; i < e->n; i++)
		if (e->ballots[i].receipt != NULL) {
			check_receipt(&l, seen, &e->ballots[i], &expect, i);
			v->receipts++;
		}
	free(seen);
	load_lines_free(&l);
}

/* ---- how fast the board gives them ---- */

struct reader {
	const struct load_board *board;
	const struct load_election *election;
	double until;
	size_t bytes;
	pthread_t thread;
};

/* Ask for page after page on one connection; only count what comes. */
static void *
read_on(void *arg)
{
	struct reader *r = arg;
	size_t room = (size_t)1 << 20, from = 0, left, got, head;
	char what[100], path[200], *answer = malloc(room), *end;
	int fd = load_connect(r->board);
	ssize_t n;

	while (answer != NULL && load_now() < r->until) {
		(void)snprintf(what, sizeof what, "entries?from=%zu&count=%d", from, PAGE);
		path_of(path, r->election, what);
		if (dprintf(fd, "GET %s HTTP/1.1\r\nHost: board\r\n\r\n", path) < 0)
			load_die("the board does not take a request: %s", strerror(errno));
		for (got = 0, end = NULL; end == NULL; got += (size_t)n) {
			n = recv(fd, answer + got, room - got, 0);
			if (n <= 0)
				load_die("the board does not answer");
			end = memmem(answer, got + (size_t)n, "\r\n\r\n", 4);
		}
		head = (size_t)(end + 4 - answer);
		end = memmem(answer, head, "Content-Length: ", 16);
		if (memcmp(answer, "HTTP/1.1 200", 12) != 0 || end == NULL)
			load_die("the board answers %.12s", answer);
		left = strtoul(end + 16, NULL, 10);
		from = left == 0 ? 0 : from + PAGE;
		r->bytes += left;
		for (left -= got - head; left > 0; left -= (size_t)n) {
			n = recv(fd, answer, room < left ? room : left, 0);
			if (n <= 0)
				load_die("the board stops within a page");
		}
	}
	free(answer);
	(void)close(fd);
	return NULL;
}

double
load_read_rate(const struct load_board *b, const struct load_election *e, double seconds)
{
	struct reader r[2];
	double begun = load_now();
	size_t i;

	for (i = 0; i < 2; i++) {
		r[i] = (struct reader){ .board = b, .election = e, .until = begun + seconds };
		if (pthread_create(&r[i].thread, NULL, read_on, &r[i]) != 0)
			load_die("no thread");
	}
	for (i = 0; i < 2; i++)
		(void)pthread_join(r[i].thread, NULL);
	return (double)(r[0].bytes + r[1].bytes) / (load_now() - begun);
}
