/*
 * The interface of docs/api.md: which request is which, and its limits. Runs in the
 * loop thread, so whatever may block goes to the clerks (api_read.c, api_entries.c) or the queues.
 */
#include "server/api.h"

#include <stdlib.h>
#include <string.h>

#include "ballots/ticket.h"
#include "crypto/base64.h"
#include "server/clock.h"

#define WAIT_SECONDS_MAX 25

static const struct {
	enum route route;
	enum http_method method;
	size_t segments;           /* behind /v1 */
	const char *first, *third; /* /v1/first/{election}/third/{name} */
} routes[] = {
	{ ROUTE_BOARD, HTTP_GET, 1, "board", NULL },
	{ ROUTE_ELECTIONS, HTTP_GET, 1, "elections", NULL },
	{ ROUTE_FOUND, HTTP_POST, 1, "elections", NULL },
	{ ROUTE_CHECKPOINT, HTTP_GET, 3, "elections", "checkpoint" },
	{ ROUTE_WITNESSED, HTTP_GET, 3, "elections", "witnessed" },
	{ ROUTE_STAMPS, HTTP_GET, 3, "elections", "stamps" },
	{ ROUTE_STAMP, HTTP_GET, 4, "elections", "stamps" },
	{ ROUTE_STAMPED, HTTP_GET, 4, "elections", "stamped" },
	{ ROUTE_ENTRIES, HTTP_GET, 3, "elections", "entries" },
	{ ROUTE_POST, HTTP_POST, 3, "elections", "records" },
	{ ROUTE_RECORD, HTTP_GET, 4, "elections", "records" },
	{ ROUTE_TRACKER, HTTP_GET, 4, "elections", "trackers" },
	{ ROUTE_PROOF, HTTP_GET, 3, "elections", "proof" },
	{ ROUTE_CONSISTENCY, HTTP_GET, 3, "elections", "consistency" },
	{ ROUTE_TICKET, HTTP_POST, 3, "elections", "blobs" },
	{ ROUTE_CHUNK, HTTP_PUT, 4, "elections", "uploads" },
	{ ROUTE_BLOB, HTTP_GET, 4, "elections", "blobs" },
};
#define ROUTES (sizeof routes / sizeof *routes)

static int
path_fits(size_t i, const struct http_head *head)
{
	if (head->segments != routes[i].segments + 1 || strcmp(head->segment[0], "v1") != 0 ||
	    strcmp(head->segment[1], routes[i].first) != 0)
		return 0;
	return routes[i].third == NULL || strcmp(head->segment[3], routes[i].third) == 0;
}

/* Find the route and what it names. */
static enum result
find_route(struct board *b, const struct http_head *head, struct api_call *call,
    struct listen_verdict *v)
{
	enum http_method method = head->method == HTTP_HEAD ? HTTP_GET : head->method;
	struct digest id;
	size_t i, fits = ROUTES;

	memset(call, 0, sizeof *call);
	if (head->segments == 1 && method == HTTP_GET) {
		if (strcmp(head->segment[0], "healthz") == 0) {
			call->route = ROUTE_HEALTH;
			return R_GOOD;
		}
		if (strcmp(head->segment[0], "metrics") == 0) {
			call->route = ROUTE_METRICS;
			return R_GOOD;
		}
	}
	for (i = 0; i < ROUTES; i++) {
		if (!path_fits(i, head))
			continue;
		fits = i;
		if (routes[i].method == method)
			break;
	}
	if (i == ROUTES && fits < ROUTES) {
		v->status = 405;
		v->allow = routes[fits].method == HTTP_GET ? "GET, HEAD"
		    : routes[fits].method == HTTP_POST     ? "POST"
							   : "PUT";
		return why_set(&v->why, R_BAD_REQUEST, "this address does not take that method");
	}
	if (i == ROUTES)
		return why_set(&v->why, R_NOT_FOUND,
		    "there is no such address; docs/api.md lists them");
	call->route = routes[i].route;
	if (head->segments > 2) {
		if (hex_decode(id.b, sizeof id.b, slice_of(head->segment[2])) != R_GOOD)
			return why_set(&v->why, R_BAD_REQUEST,
			    "an election id is 64 hexadecimal digits in lower case");
		call->host = hosts_find(b->hosts, &id);
		if (call->host == NULL || hosted_size(call->host) == 0)
			return why_set(&v->why, R_NOT_FOUND,
			    "there is no election with this id here");
	}
	if (head->segments > 4 &&
	    hex_decode(call->name.b, sizeof call->name.b, slice_of(head->segment[4])) != R_GOOD)
		return why_set(&v->why, R_BAD_REQUEST,
		    "the last part of the address is 64 hexadecimal digits in lower case");
	return R_GOOD;
}

static enum result
on_head(void *ctx, const struct http_head *head, struct listen_verdict *v)
{
	struct board *b = ctx;
	struct api_call call;
	enum result r = find_route(b, head, &call, v);

	if (r != R_GOOD)
		return r;
	switch (call.route) {
	case ROUTE_FOUND: v->body_max = record_limit(RECORD_DEFINITION, NULL, NULL, 0); break;
	case ROUTE_POST: v->body_max = hosted_record_limit(call.host); break;
	case ROUTE_TICKET: v->body_max = TICKET_BYTES_MAX; break;
	case ROUTE_CHUNK: v->body_max = STORE_CHUNK; break;
	default: break;
	}
	return R_GOOD;
}

/* ---- answers that need no database ---- */

void
api_reply(struct request *request, const char *type, struct slice body)
{
	struct reply reply = { .status = 200, .type = type, .body = body.p, .body_len = body.n };

	request_reply(request, &reply);
}

static void
reply_buffer(struct request *request, const char *type, struct buffer *body)
{
	if (buffer_result(body) == R_GOOD)
		api_reply(request, type, buffer_slice(body));
	else
		request_fail(request, R_NO_MEMORY, NULL);
	buffer_free(body);
}

static void
add_quoted(struct buffer *out, const char *text)
{
	size_t room = strlen(text) * 6 + 8;
	uint8_t *p;

	buffer_add_string(out, "\"");
	p = buffer_room(out, room);
	if (p != NULL)
		out->n += reply_quote((char *)p, room, text);
	buffer_add_string(out, "\"");
}

static void
reply_board(struct board *b, struct request *request)
{
	char key[BASE64URL_LEN(32) + 1];
	struct buffer out = { 0 };

	(void)base64url_encode(key, board_public(b)->b, sizeof board_public(b)->b);
	buffer_add_string(&out, "{\"key\":\"");
	buffer_add_string(&out, key);
	buffer_add_string(&out, "\",\"name\":");
	add_quoted(&out, b->name);
	buffer_add_string(&out, ",\"version\":1}");
	reply_buffer(request, REPLY_JSON, &out);
}

static void
reply_elections(struct board *b, struct request *request)
{
	struct buffer out = { 0 };
	const struct definition *d;
	struct frozen *frozen;
	struct hosted *h;
	char hex[65];
	size_t i, n = 0;

	buffer_add_string(&out, "{\"elections\":[");
	for (i = 0; (h = hosts_at(b->hosts, i)) != NULL; i++) {
		frozen = hosted_frozen(h);
		d = frozen_definition(frozen);
		if (d != NULL) {
			(void)hex_encode(hex, h->id.b, sizeof h->id.b);
			buffer_add_string(&out, n++ > 0 ? ",{\"id\":\"" : "{\"id\":\"");
			buffer_add_string(&out, hex);
			buffer_add_string(&out, "\",\"size\":");
			buffer_add_u64(&out, hosted_size(h));
			buffer_add_string(&out, ",\"title\":");
			add_quoted(&out, d->title);
			buffer_add_string(&out, "}");
		}
		frozen_unref(frozen);
	}
	buffer_add_string(&out, "]}");
	reply_buffer(request, REPLY_JSON, &out);
}

static void
write_queues(struct board *b, struct buffer *out)
{
	static const char *const names[] = { "ballots", "longs", "append" };
	struct queue *const queues[] = { b->ballots, b->longs, b->append };
	size_t jobs[3], bytes[3], i;

	for (i = 0; i < 3; i++)
		queue_count(queues[i], &jobs[i], &bytes[i]);
	meter_write_head(out, "queue_records", "gauge", "Records that wait, by what for.");
	for (i = 0; i < 3; i++)
		meter_write_labelled(out, "queue_records", "queue", names[i], jobs[i]);
	meter_write_head(out, "queue_bytes", "gauge", "Their bytes.");
	for (i = 0; i < 3; i++)
		meter_write_labelled(out, "queue_bytes", "queue", names[i], bytes[i]);
	meter_write_value(out, "errands", "gauge", "Reads and uploads that wait.",
	    clerks_waiting(b->clerks));
}

static void
reply_metrics(struct board *b, struct request *request)
{
	struct buffer out = { 0 };
	struct listen_counts n;
	uint64_t entries = 0;
	struct hosted *h;
	size_t i;

	listen_count(b->listen, &n);
	for (i = 0; (h = hosts_at(b->hosts, i)) != NULL; i++)
		entries += hosted_size(h);
	meter_write_head(&out, "build_info", "gauge", "The program's version.");
	meter_write_labelled(&out, "build_info", "version", PACKAGE_VERSION, 1);
	meter_write_value(&out, "elections", "gauge", "Elections on this board.", i);
	meter_write_value(&out, "entries", "gauge", "Entries of all elections.", entries);
	meter_write_value(&out, "connections", "gauge", "Open connections.", n.open);
	meter_write_value(&out, "connections_total", "counter", "Connections accepted.",
	    n.accepted);
	meter_write_value(&out, "connections_shed_total", "counter",
	    "Connections refused or closed while idle, over a cap.", n.shed);
	meter_write_value(&out, "connections_cut_total", "counter",
	    "Connections closed for a deadline.", n.cut);
	meter_write_value(&out, "requests_total", "counter", "Requests that were answered.",
	    n.requests);
	meter_write_value(&out, "requests_refused_total", "counter",
	    "Requests that broke the rules of HTTP or of their address.", n.refused);
	meter_write_value(&out, "buffered_bytes", "gauge", "Bytes of bodies and answers held now.",
	    n.buffered);
	write_queues(b, &out);
	meter_write(&out, &b->meter);
	reply_buffer(request, "text/plain; version=0.0.4; charset=utf-8", &out);
}

static void
reply_witnessed(struct board *b, struct hosted *host, struct request *request)
{
	struct buffer out = { 0 };
	enum result r = witnesses_note(b->witnesses, host, &out);

	if (r == R_GOOD)
		reply_buffer(request, REPLY_TEXT, &out);
	else {
		buffer_free(&out);
		request_fail(request, r,
		    r == R_NOT_FOUND ? "no head has been co-signed by enough witnesses yet" : NULL);
	}
}

static void
reply_stamps(struct board *b, struct hosted *host, struct request *request)
{
	struct buffer out = { 0 };

	(void)stamps_list(b->stamps, host, &out);
	reply_buffer(request, REPLY_JSON, &out);
}

static void
reply_stamp(struct board *b, const struct api_call *call, struct request *request, int head)
{
	struct buffer out = { 0 };
	enum result r = stamps_get(b->stamps, call->host, &call->name, head, &out);

	if (r == R_GOOD)
		reply_buffer(request, head ? REPLY_TEXT : "application/timestamp-reply", &out);
	else {
		buffer_free(&out);
		request_fail(request, r, r == R_NOT_FOUND ? "there is no such time stamp" : NULL);
	}
}

/* ---- posting ---- */

static void
reply_pending(struct request *request, const struct digest *election, const struct digest *record)
{
	char e[65], r[65], location[192];
	struct reply reply = { .status = 202, .type = REPLY_JSON, .location = location };
	static const char body[] = "{\"status\":\"verifying\"}";

	(void)hex_encode(e, election->b, sizeof election->b);
	(void)hex_encode(r, record->b, sizeof record->b);
	(void)snprintf(location, sizeof location, "/v1/elections/%s/records/%s", e, r);
	reply.body = body;
	reply.body_len = sizeof body - 1;
	request_reply(request, &reply);
}

/* A roll line that has written much must wait: before anything is computed for it. */
static void
hold_back(struct board *b, struct job *job)
{
	const struct record *record;

	if (job->verdict != R_GOOD)
		return;
	record = check_record(job->check);
	if (!record_is_voters(record->type))
		return;
	job->wait = pace_wait(b->lines, &job->host->id, record->by, clock_now());
	if (job->wait > 0)
		job->verdict = why_set(&job->why, R_BUSY,
		    "this roll line has written many records; it can send the next one in %u "
		    "seconds",
		    job->wait);
}

/* Too much that came from there was verified for nothing: nothing more is looked at until it has waited. */
static bool
turn_away(struct board *b, struct request *request, const uint64_t *peer)
{
	unsigned wait = pace_wait(b->addresses, NULL, pace_address(peer), clock_now());
	char text[160];

	if (wait == 0)
		return false;
	(void)snprintf(text, sizeof text,
	    "too many records that came from this address were refused; the next one can be sent "
	    "in %u seconds",
	    wait);
	meter_refused(&b->meter, R_TOO_MANY_REFUSED);
	request_fail_later(request, R_TOO_MANY_REFUSED, text, wait);
	return true;
}

/* A record that takes long is answered 202 at once. */
static void
take_record(struct board *b, struct hosted *host, struct request *request)
{
	struct slice bytes = { NULL, 0 };
	struct job *job;
	uint64_t peer;
	const bool counts = request_peer(request, &peer);
	enum result r;

	if (counts && turn_away(b, request, &peer))
		return;
	bytes.p = request_body(request, &bytes.n);
	if (job_new(&job, host, request, bytes) != R_GOOD) {
		request_fail(request, R_NO_MEMORY, NULL);
		return;
	}
	hold_back(b, job);
	if (job->verdict == R_GOOD && check_cost(job->check) == CHECK_LONG) {
		r = docket_open(b->docket, &host->id, &job->hash);
		if (r == R_BUSY) {
			request_fail(request, R_BUSY, NULL);
			job_free(job);
			return;
		}
		reply_pending(request, &host->id, &job->hash);
		job->request = NULL;
		if (r == R_CONFLICT) {
			job_free(job);
			return;
		}
		job->docketed = true;
	}
	/* What goes on to be verified is at the expense of its address until it comes to a good end. */
	if (job->verdict == R_GOOD && counts) {
		job->peer = peer;
		job->charged = true;
		pace_spend(b->addresses, NULL, pace_address(&peer), clock_now());
	}
	board_take(b, job);
}

static int
may_found(const struct board *b, struct slice by)
{
	size_t i;

	for (i = 0; i < b->config.organiser_count; i++)
		if (by.n == 32 && memcmp(b->config.organisers[i].b, by.p, 32) == 0)
			return 1;
	return 0;
}

static void
found_election(struct board *b, struct request *request)
{
	struct slice bytes = { NULL, 0 };
	struct record *record = NULL;
	struct why why = { 0 };
	struct hosted *host;
	enum result r;

	bytes.p = request_body(request, &bytes.n);
	r = record_parse(&record, NULL, bytes, &why);
	if (r == R_GOOD && record->type != RECORD_DEFINITION)
		r = why_set(&why, R_STATE, "an election begins with its definition");
	if (r == R_GOOD && !may_found(b, record->by))
		r = why_set(&why, R_FORBIDDEN,
		    "this key may not found elections here\nAsk who runs the board to add it "
		    "(tabellad --organiser)");
	if (r == R_GOOD &&
	    memcmp(record->of.definition.board.key.b, board_public(b)->b,
		sizeof board_public(b)->b) != 0)
		r = why_set(&why, R_WRONG_KEY,
		    "the definition names the key of another board\nGET /v1/board says which is "
		    "this one's");
	if (r == R_GOOD && strcmp(record->of.definition.board.name, b->name) != 0)
		r = why_set(&why, R_WRONG_KEY, "the definition names another board than \"%s\"",
		    b->name);
	if (r == R_GOOD)
		r = record_check_signature(record);
	if (r == R_GOOD)
		r = hosts_get(b->hosts, &host, &record->election);
	record_free(record);
	if (r != R_GOOD)
		request_fail(request, r, why.text);
	else
		take_record(b, host, request);
}

/* ---- following ---- */

/* Entries from N on, or park the request until there are some. */
static void
entries_or_park(struct board *b, struct hosted *host, struct request *request, int may_park)
{
	const struct http_head *head = request_head(request);
	const char *from = http_param(head, "from"), *count = http_param(head, "count"),
		   *wait = http_param(head, "wait");
	uint64_t first = 0, n = API_PAGE_LINES, seconds = 0, size;

	if ((from != NULL && !http_number(&first, from, INT64_MAX)) ||
	    (count != NULL && !http_number(&n, count, API_PAGE_LINES)) ||
	    (wait != NULL && !http_number(&seconds, wait, WAIT_SECONDS_MAX))) {
		request_fail(request, R_BAD_REQUEST,
		    "from, count (at most 4096) and wait (at most 25) are plain numbers");
		return;
	}
	size = hosted_size(host);
	if (first < size && n > 0)
		api_send_entries(b, host, request, first, n, size);
	else if (seconds > 0 && may_park)
		request_park(request, host->topic, (unsigned)seconds * 1000);
	else
		api_reply(request, REPLY_NDJSON, (struct slice){ NULL, 0 });
}

static void
on_request(void *ctx, struct request *request)
{
	struct board *b = ctx;
	struct listen_verdict v = { 0 };
	struct api_call call;
	enum result r = find_route(b, request_head(request), &call, &v);

	if (r != R_GOOD) {
		request_fail(request, r, v.why.text);
		return;
	}
	switch (call.route) {
	case ROUTE_HEALTH: api_send_health(b, request); return;
	case ROUTE_METRICS: reply_metrics(b, request); return;
	case ROUTE_BOARD: reply_board(b, request); return;
	case ROUTE_ELECTIONS: reply_elections(b, request); return;
	case ROUTE_FOUND: found_election(b, request); return;
	case ROUTE_WITNESSED: reply_witnessed(b, call.host, request); return;
	case ROUTE_STAMPS: reply_stamps(b, call.host, request); return;
	case ROUTE_STAMP: reply_stamp(b, &call, request, 0); return;
	case ROUTE_STAMPED: reply_stamp(b, &call, request, 1); return;
	case ROUTE_ENTRIES: entries_or_park(b, call.host, request, 1); return;
	case ROUTE_POST: take_record(b, call.host, request); return;
	case ROUTE_RECORD:
		switch (docket_look(b->docket, &call.host->id, &call.name, &v.why)) {
		case DOCKET_PENDING: reply_pending(request, &call.host->id, &call.name); return;
		case DOCKET_REFUSED: request_fail(request, v.why.reason, v.why.text); return;
		case DOCKET_NONE: break;
		}
		break;
	default: break;
	}
	api_send(b, request, &call);
}

static void
on_wake(void *ctx, struct request *request, enum listen_wake cause)
{
	struct board *b = ctx;
	struct listen_verdict v = { 0 };
	struct api_call call;

	/* The request was in order before it was parked; only its time may have come. */
	if (find_route(b, request_head(request), &call, &v) != R_GOOD)
		request_fail(request, R_NOT_FOUND, v.why.text);
	else
		entries_or_park(b, call.host, request, cause == LISTEN_TOPIC);
}

const struct listen_app api_app = { NULL, on_head, on_request, on_wake };
