/*
 * Pages of entries: from a segment file as soon as there can be one, else from the database.
 * A page never reaches beyond the segment that it begins in, so both give the same bytes.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"
#include "server/api.h"
#include "server/download.h"

/* Complete an answer whose page ends with a line of this hash. A page that is as long as was asked
 * for, or as it may be, never changes. Its name is that of its first line and the hash of its
 * last, which all those before it are chained to. Returns true if the client has it. */
static bool
name_page(struct inquiry *q, struct reply *reply, char etag[96], const struct digest *last,
    bool final)
{
	char hex[65];

	(void)hex_encode(hex, last->b, sizeof last->b);
	(void)snprintf(etag, 96, "\"%" PRIu64 "-%s\"", q->first, hex);
	reply->status = 200;
	reply->type = REPLY_NDJSON;
	reply->etag = etag;
	if (final)
		reply->cache = REPLY_FOREVER;
	if (!http_none_match(request_head(q->request), etag))
		return false;
	reply->status = 304;
	return true;
}

/* ---- from a segment ---- */

/* The hash of line i. */
static enum result
line_hash(const struct segment *g, size_t i, struct digest *out)
{
	size_t from = segment_offset(g, i), n = segment_offset(g, i + 1) - from - 1;
	uint8_t *line = malloc(n);
	enum result r = R_NO_MEMORY;

	if (line != NULL)
		r = segment_read(g, line, from, n);
	if (r == R_GOOD)
		entry_hash(out, (struct slice){ line, n });
	free(line);
	return r;
}

/* Owns the segment. */
static enum result
reply_segment(struct inquiry *q, struct segment *g)
{
	const size_t first = (size_t)(q->first % SEGMENT_LINES), start = segment_offset(g, first);
	size_t end = first + (size_t)q->count;
	struct reply reply = { 0 };
	struct digest last;
	char etag[96];
	enum result r;

	while (end > first + 1 && segment_offset(g, end) - start > API_PAGE_BYTES)
		end--;
	r = line_hash(g, end - 1, &last);
	if (r != R_GOOD) {
		segment_put(g);
		return r;
	}
	if (name_page(q, &reply, etag, &last, true))
		segment_put(g);
	else
		r = download_segment(&reply, q->board->clerks, g, start, segment_offset(g, end));
	if (r == R_GOOD)
		request_reply(q->request, &reply);
	return r;
}

/* ---- from the database ---- */

struct page {
	struct buffer lines;
	uint64_t n;
	struct digest last; /* hash of the last line */
	bool cut;           /* as long as a page may be */
};

static enum result
add_line(void *ctx, uint64_t seq, struct slice line)
{
	struct page *page = ctx;

	(void)seq;
	if (page->n > 0 && page->lines.n + line.n + 1 > API_PAGE_BYTES) {
		page->cut = true;
		return R_CANCELLED;
	}
	buffer_add(&page->lines, line.p, line.n);
	buffer_add(&page->lines, "\n", 1);
	entry_hash(&page->last, line);
	page->n++;
	return buffer_result(&page->lines);
}

static void
reply_lines(struct inquiry *q, struct store *store)
{
	struct page page = { 0 };
	struct reply reply = { 0 };
	struct why why = { 0 };
	char etag[96];
	enum result r;

	r = store_lines(store, q->call.host->key, q->first, q->count, add_line, &page, &why);
	if (r != R_GOOD && !page.cut)
		request_fail(q->request, r, why.text);
	else {
		if (!name_page(q, &reply, etag, &page.last, page.cut || page.n == q->wanted)) {
			reply.body = page.lines.p;
			reply.body_len = page.lines.n;
		}
		request_reply(q->request, &reply);
	}
	buffer_free(&page.lines);
}

static void
run_entries(struct errand *errand, struct store *store)
{
	struct inquiry *q = (struct inquiry *)errand;
	const struct hosted *host = q->call.host;
	uint64_t number = q->first / SEGMENT_LINES;
	struct segment *g = NULL;
	struct why why = { 0 };
	enum result r = R_NO_DISK;

	if (store == NULL)
		request_fail(q->request, R_NO_DATABASE, NULL);
	else {
		if ((number + 1) * SEGMENT_LINES <= q->size)
			r = segment_get(q->board->segments, &g, &host->id, host->key, number, store,
			    &why);
		if (r == R_GOOD)
			r = reply_segment(q, g);
		else if (why.text[0] != '\0')
			log_event(q->board->config.log, LOG_STORE, "no segment: %s", why.text);
		/* The files are only a copy. */
		if (r != R_GOOD)
			reply_lines(q, store);
	}
	free(q);
}

void
api_send_entries(struct board *b, struct hosted *host, struct request *request, uint64_t first,
    uint64_t wanted, uint64_t size)
{
	struct inquiry q = { .board = b,
		.request = request,
		.call = { .route = ROUTE_ENTRIES, .host = host },
		.first = first,
		.size = size };
	uint64_t room = SEGMENT_LINES - first % SEGMENT_LINES;

	q.wanted = wanted < room ? wanted : room;
	q.count = q.wanted < size - first ? q.wanted : size - first;
	api_inquire(&q, run_entries);
}
