/*
 * What the interface needs the database for: receipts, blobs, uploads; entries are in
 * api_entries.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/ticket.h"
#include "crypto/base64.h"
#include "server/api.h"
#include "server/download.h"

/* Hand an inquiry (copied) to the clerks. */
void
api_inquire(const struct inquiry *inquiry, void (*run)(struct errand *, struct store *))
{
	struct inquiry *q = malloc(sizeof *q);

	if (q == NULL) {
		request_fail(inquiry->request, R_NO_MEMORY, NULL);
		return;
	}
	*q = *inquiry;
	q->errand.run = run;
	if (clerks_send(q->board->clerks, &q->errand) != R_GOOD) {
		request_fail(q->request, R_BUSY, NULL);
		free(q);
	}
}

static void
fail(struct inquiry *q, enum result r, const struct why *why)
{
	request_fail(q->request, r, why->text);
}

/* ---- health ---- */

static void
run_health(struct errand *errand, struct store *store)
{
	struct inquiry *q = (struct inquiry *)errand;
	struct why why = { 0 };
	enum result r = store != NULL ? store_check(store, &why) : R_NO_DATABASE;
	const struct hosted *h;
	size_t i;

	for (i = 0; r == R_GOOD && (h = hosts_at(q->board->hosts, i)) != NULL; i++)
		if (atomic_load(&h->lost))
			r = why_set(&why, R_UNSAFE_DATABASE,
			    "an election is lost to this board: its database is not the one it "
			    "was");
	if (r == R_GOOD)
		api_reply(q->request, REPLY_TEXT, slice_of("ok\n"));
	else
		fail(q, r, &why);
	free(q);
}

void
api_send_health(struct board *b, struct request *request)
{
	struct inquiry q = { .board = b, .request = request };

	api_inquire(&q, run_health);
}

/* ---- receipts ---- */

static void
run_receipt(struct errand *errand, struct store *store)
{
	struct inquiry *q = (struct inquiry *)errand;
	struct store_election key = q->call.host->key;
	struct buffer out = { 0 };
	struct why why = { 0 };
	uint64_t seq = STORE_NONE;
	enum result r = R_NO_DATABASE;

	if (store != NULL && q->call.route == ROUTE_RECORD)
		r = store_find_records(store, &seq, key, &q->call.name, 1, &why);
	else if (store != NULL)
		r = store_find_tracker(store, &seq, key, &q->call.name, &why);
	if (r == R_NOT_FOUND || (r == R_GOOD && seq == STORE_NONE))
		r = why_set(&why, R_NOT_FOUND, "the board holds no such record");
	if (r == R_GOOD)
		r = answer_receipt(q->call.host, store, seq, &out, &why);
	if (r == R_GOOD)
		api_reply(q->request, REPLY_JSON, buffer_slice(&out));
	else
		fail(q, r, &why);
	buffer_free(&out);
	free(q);
}

/* ---- heads ---- */

static void
run_checkpoint(struct errand *errand, struct store *store)
{
	struct inquiry *q = (struct inquiry *)errand;
	struct buffer note = { 0 };
	struct why why = { 0 };
	bool news;
	enum result r = R_NO_DATABASE;

	if (store != NULL)
		r = board_refresh(q->board, store, q->call.host, &news, &why);
	if (r == R_GOOD)
		r = hosted_note(q->call.host, &note);
	if (r == R_GOOD)
		api_reply(q->request, REPLY_TEXT, buffer_slice(&note));
	else
		fail(q, r, &why);
	buffer_free(&note);
	free(q);
}

/* ---- the tree ---- */

static void
reply_path(struct request *request, const struct digest *path, size_t n)
{
	char text[BASE64URL_LEN(32) + 1];
	struct buffer out = { 0 };
	size_t i;

	buffer_add_string(&out, "{\"path\":[");
	for (i = 0; i < n; i++) {
		(void)base64url_encode(text, path[i].b, sizeof path[i].b);
		buffer_add_string(&out, i > 0 ? ",\"" : "\"");
		buffer_add_string(&out, text);
		buffer_add_string(&out, "\"");
	}
	buffer_add_string(&out, "]}");
	if (buffer_result(&out) == R_GOOD)
		api_reply(request, REPLY_JSON, buffer_slice(&out));
	else
		request_fail(request, R_NO_MEMORY, NULL);
	buffer_free(&out);
}

/* Only of what is signed for. */
static enum result
prove(const struct inquiry *q, struct store *store, struct digest path[MERKLE_PATH_MAX], size_t *n,
    struct why *why)
{
	const struct http_head *head = request_head(q->request);
	const int inclusion = q->call.route == ROUTE_PROOF;
	const char *a = http_param(head, inclusion ? "seq" : "from"),
		   *b = http_param(head, inclusion ? "size" : "to");
	uint64_t first, size;
	bool news;
	enum result r = R_GOOD;

	if (a == NULL || b == NULL || !http_number(&first, a, INT64_MAX) ||
	    !http_number(&size, b, INT64_MAX))
		return why_set(why, R_BAD_REQUEST,
		    "two numbers are needed; docs/api.md says which");
	if (store == NULL)
		return R_NO_DATABASE;
	if (size > hosted_size(q->call.host))
		r = board_refresh(q->board, store, q->call.host, &news, why);
	if (r != R_GOOD)
		return r;
	if (size > hosted_size(q->call.host) || first > size || (inclusion && first == size))
		return why_set(why, R_NOT_FOUND, "the board has no entries of these numbers");
	return inclusion ? store_inclusion(store, path, n, q->call.host->key, first, size, why)
			 : store_consistency(store, path, n, q->call.host->key, first, size, why);
}

static void
run_path(struct errand *errand, struct store *store)
{
	struct inquiry *q = (struct inquiry *)errand;
	struct digest path[MERKLE_PATH_MAX];
	struct why why = { 0 };
	size_t n = 0;
	enum result r = prove(q, store, path, &n, &why);

	if (r == R_GOOD)
		reply_path(q->request, path, n);
	else
		fail(q, r, &why);
	free(q);
}

/* ---- uploads ---- */

/* All that one key may have lying here for one election: far above what its lists and
 * proofs need, far below what would fill a disk. */
static uint64_t
quota(const struct frozen *frozen)
{
	const struct definition *d = frozen_definition(frozen);
	const struct roll *roll = frozen_roll(frozen);
	uint64_t element = group_element_bytes(d->group), scalar = group_scalar_bytes(d->group);
	uint64_t most = UINT64_C(1) << 32, per_line = 0;
	struct item_status item;
	size_t i;

	for (i = 1; roll != NULL && i <= frozen_items(frozen); i++)
		if (frozen_item(frozen, i, &item) == R_GOOD)
			per_line += item.width * 3 * element + 3 * element + 2 * scalar;
	return roll == NULL ? most : most + 2 * per_line * roll_count(roll);
}

static void
reply_upload(struct inquiry *q, const struct digest *token, const struct store_upload *u)
{
	char blob[BASE64URL_LEN(32) + 1], hex[65], body[256];
	int n;

	(void)base64url_encode(blob, u->id.b, sizeof u->id.b);
	(void)hex_encode(hex, token->b, sizeof token->b);
	n = snprintf(body, sizeof body,
	    "{\"blob\":\"%s\",\"bytes\":%" PRIu64 ",\"have\":%" PRIu64 ",\"upload\":\"%s\"}", blob,
	    u->size, u->have, hex);
	api_reply(q->request, REPLY_JSON, (struct slice){ (const uint8_t *)body, (size_t)n });
}

static enum result
begin_upload(struct inquiry *q, struct store *store, struct store_upload *u, struct digest *token,
    struct why *why)
{
	struct frozen *frozen = hosted_frozen(q->call.host);
	struct store_ticket t = { 0 };
	struct slice body = { NULL, 0 }, by;
	struct ticket ticket;
	uint32_t number;
	enum role role;
	enum result r;

	body.p = request_body(q->request, &body.n);
	r = ticket_read(&ticket, body, why);
	if (r != R_GOOD)
		goto out;
	if (!digest_equal(&ticket.election, &q->call.host->id)) {
		r = why_set(why, R_WRONG_ELECTION, "the ticket is for another election");
		goto out;
	}
	by.p = ticket.by.b;
	by.n = sizeof ticket.by.b;
	role = frozen_role(frozen, by, &number);
	if (role != ROLE_ORGANISER && role != ROLE_REGISTRAR && role != ROLE_TRUSTEE) {
		r = why_set(why, R_FORBIDDEN,
		    "only the organiser, registrars and trustees may upload");
		goto out;
	}
	sha256(token, body.p, body.n);
	t.token = *token;
	memcpy(t.owner.b, ticket.by.b, sizeof t.owner.b);
	t.id = ticket.blob;
	t.size = ticket.bytes;
	t.quota = quota(frozen);
	r = store_blob_begin(store, u, q->call.host->key, &t, why);
	/* All chunks of an earlier try may be there without its end. */
	if (r == R_GOOD && !u->complete && u->have == u->size)
		r = store_blob_finish(store, q->call.host->key, u, why);
out:
	frozen_unref(frozen);
	return r;
}

static void
run_ticket(struct errand *errand, struct store *store)
{
	struct inquiry *q = (struct inquiry *)errand;
	struct store_upload u = { 0 };
	struct digest token;
	struct why why = { 0 };
	enum result r = store != NULL ? begin_upload(q, store, &u, &token, &why) : R_NO_DATABASE;

	if (r == R_GOOD)
		reply_upload(q, &token, &u);
	else
		fail(q, r, &why);
	free(q);
}

static enum result
take_chunk(struct inquiry *q, struct store *store, struct store_upload *u, struct why *why)
{
	const char *text = http_param(request_head(q->request), "at");
	struct slice chunk = { NULL, 0 };
	uint64_t at;
	enum result r;

	if (text == NULL || !http_number(&at, text, INT64_MAX))
		return why_set(why, R_BAD_REQUEST, "at=OFFSET is missing or not a plain number");
	chunk.p = request_body(q->request, &chunk.n);
	r = store_blob_upload(store, u, q->call.host->key, &q->call.name, why);
	if (r == R_GOOD && !u->complete)
		r = store_blob_write(store, u, at, chunk, why);
	if (r == R_GOOD && !u->complete)
		r = store_blob_upload(store, u, q->call.host->key, &q->call.name, why);
	if (r == R_GOOD && !u->complete && u->have == u->size)
		r = store_blob_finish(store, q->call.host->key, u, why);
	return r;
}

static void
run_chunk(struct errand *errand, struct store *store)
{
	struct inquiry *q = (struct inquiry *)errand;
	struct store_upload u = { 0 };
	struct why why = { 0 };
	enum result r = store != NULL ? take_chunk(q, store, &u, &why) : R_NO_DATABASE;

	if (r == R_GOOD)
		reply_upload(q, &q->call.name, &u);
	else
		fail(q, r, &why);
	free(q);
}

/* ---- blobs ---- */

static void
reply_blob(struct inquiry *q, const struct store_blob *blob)
{
	const struct http_head *head = request_head(q->request);
	struct reply reply = { .status = 200, .type = REPLY_BYTES, .cache = REPLY_FOREVER };
	char hex[65], etag[68];
	uint64_t first = 0, last = blob->size - 1;

	(void)hex_encode(hex, q->call.name.b, sizeof q->call.name.b);
	(void)snprintf(etag, sizeof etag, "\"%s\"", hex);
	reply.etag = etag;
	if (http_none_match(head, etag)) {
		reply.status = 304;
		request_reply(q->request, &reply);
		return;
	}
	switch (http_range(head, &first, &last, etag, blob->size)) {
	case HTTP_RANGE_ALL: break;
	case HTTP_RANGE_PART:
		reply.status = 206;
		reply.range_first = first;
		reply.range_last = last;
		reply.range_total = blob->size;
		break;
	case HTTP_RANGE_BAD:
		reply.status = 416;
		reply.range_total = blob->size;
		request_reply(q->request, &reply);
		return;
	}
	if (reply.status == 200) {
		first = 0;
		last = blob->size - 1;
	}
	if (download_blob(&reply, q->board->clerks, blob, first, last + 1) != R_GOOD) {
		request_fail(q->request, R_NO_MEMORY, NULL);
		return;
	}
	request_reply(q->request, &reply);
}

static void
run_blob(struct errand *errand, struct store *store)
{
	struct inquiry *q = (struct inquiry *)errand;
	struct store_blob blob;
	struct why why = { 0 };
	enum result r = R_NO_DATABASE;

	if (store != NULL)
		r = store_blob_find(store, &blob, q->call.host->key, &q->call.name, &why);
	if (r == R_NOT_FOUND)
		(void)why_set(&why, r, "the board holds no such blob");
	if (r != R_GOOD)
		fail(q, r, &why);
	else if (blob.size == 0)
		api_reply(q->request, REPLY_BYTES, (struct slice){ NULL, 0 });
	else
		reply_blob(q, &blob);
	free(q);
}

void
api_send(struct board *b, struct request *request, const struct api_call *call)
{
	struct inquiry q = { .board = b, .request = request, .call = *call };

	switch (call->route) {
	case ROUTE_RECORD:
	case ROUTE_TRACKER: api_inquire(&q, run_receipt); return;
	case ROUTE_CHECKPOINT: api_inquire(&q, run_checkpoint); return;
	case ROUTE_PROOF:
	case ROUTE_CONSISTENCY: api_inquire(&q, run_path); return;
	case ROUTE_TICKET: api_inquire(&q, run_ticket); return;
	case ROUTE_CHUNK: api_inquire(&q, run_chunk); return;
	case ROUTE_BLOB: api_inquire(&q, run_blob); return;
	default: request_fail(request, R_NOT_FOUND, NULL); return;
	}
}
