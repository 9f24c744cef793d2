#include "client/board.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "crypto/base64.h"

/* A receipt, an error, a page of entries: far below this. Blobs go to files. */
#define ANSWER_MOST ((size_t)64 << 20)
#define CHUNK ((size_t)4 << 20)
#define PATIENCE_MS 30000

struct board {
	CURL *curl;
	char *url;
	int (*stop)(void *ctx);
	void *stop_ctx;
};

/* One request: what is sent, and where the answer goes. */
struct exchange {
	const char *method; /* GET, POST, PUT */
	char path[512];
	struct slice body;     /* of POST and PUT */
	unsigned wait_seconds; /* how long the board may think, beyond the usual */
	/* the answer */
	long status;
	struct buffer answer;
	FILE *file; /* if not NULL, the body of a 200 goes here instead */
	struct sha256 *hash;
	uint64_t received, most;
	CURL *curl;
	struct board *board;
	long retry_after;
};

enum result
board_open(struct board **out, const char *url, struct why *why)
{
	struct board *b;
	size_t n = strlen(url);

	*out = NULL;
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return why_set(why, R_BAD_INPUT,
		    "the board's address is not a URL: %s\nGive it as http://host:port", url);
	while (n > 0 && url[n - 1] == '/')
		n--;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return why_set(why, R_NO_MEMORY, "libcurl could not be started");
	b = calloc(1, sizeof *b);
	if (b == NULL)
		return R_NO_MEMORY;
	b->url = strndup(url, n);
	b->curl = curl_easy_init();
	if (b->url == NULL || b->curl == NULL) {
		board_close(b);
		return R_NO_MEMORY;
	}
	*out = b;
	return R_GOOD;
}

void
board_close(struct board *b)
{
	if (b == NULL)
		return;
	curl_easy_cleanup(b->curl);
	free(b->url);
	free(b);
}

const char *
board_url(const struct board *b)
{
	return b->url;
}

void
board_stop_when(struct board *b, int (*stop)(void *ctx), void *ctx)
{
	b->stop = stop;
	b->stop_ctx = ctx;
}

static int
stopped(const struct board *b)
{
	return b->stop != NULL && b->stop(b->stop_ctx);
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Pause in short steps, so that a request to stop is heard. */
static enum result
pause_ms(const struct board *b, uint64_t ms)
{
	uint64_t end = now_ms() + ms;
	uint64_t now;

	while ((now = now_ms()) < end) {
		if (stopped(b))
			return R_CANCELLED;
		(void)usleep((useconds_t)(end - now < 100 ? end - now : 100) * 1000);
	}
	return stopped(b) ? R_CANCELLED : R_GOOD;
}

static size_t
take_body(char *data, size_t size, size_t count, void *ctx)
{
	struct exchange *x = ctx;
	size_t n = size * count;
	long status = 0;

	(void)curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	x->received += n;
	if (x->file != NULL && status == 200) {
		if (x->received > x->most)
			return 0;
		sha256_add(x->hash, data, n);
		return fwrite(data, 1, n, x->file);
	}
	if (x->answer.n + n > ANSWER_MOST)
		return 0;
	buffer_add(&x->answer, data, n);
	return n;
}

static int
watch(void *ctx, curl_off_t dt, curl_off_t dn, curl_off_t ut, curl_off_t un)
{
	const struct exchange *x = ctx;

	(void)dt, (void)dn, (void)ut, (void)un;
	return stopped(x->board);
}

/* Send once. R_GOOD means that a whole answer came, whatever its status. */
static enum result
send_once(struct board *b, struct exchange *x, struct why *why)
{
	char url[1024], problem[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	curl_off_t retry_after = 0;
	CURLcode code;

	if ((size_t)snprintf(url, sizeof url, "%s%s", b->url, x->path) >= sizeof url)
		return why_set(why, R_BAD_INPUT, "the board's address is too long: %s", b->url);
	x->curl = b->curl;
	x->board = b;
	buffer_clear(&x->answer);
	x->received = 0;
	curl_easy_reset(b->curl);
	/* An empty Expect keeps libcurl from waiting for 100-continue. */
	headers = curl_slist_append(headers, "Expect:");
	headers = curl_slist_append(headers, "Content-Type: application/octet-stream");
	curl_easy_setopt(b->curl, CURLOPT_URL, url);
	curl_easy_setopt(b->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(b->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(b->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(b->curl, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
	curl_easy_setopt(b->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(b->curl, CURLOPT_LOW_SPEED_TIME, 30L + (long)x->wait_seconds);
	curl_easy_setopt(b->curl, CURLOPT_ERRORBUFFER, problem);
	curl_easy_setopt(b->curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(b->curl, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(b->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(b->curl, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(b->curl, CURLOPT_XFERINFODATA, x);
	if (strcmp(x->method, "GET") != 0) {
		curl_easy_setopt(b->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(b->curl, CURLOPT_POSTFIELDS,
		    x->body.n > 0 ? (const void *)x->body.p : "");
		curl_easy_setopt(b->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.n);
		curl_easy_setopt(b->curl, CURLOPT_CUSTOMREQUEST, x->method);
	}
	code = curl_easy_perform(b->curl);
	curl_slist_free_all(headers);
	x->status = 0;
	x->retry_after = 0;
	if (code == CURLE_OK) {
		(void)curl_easy_getinfo(b->curl, CURLINFO_RESPONSE_CODE, &x->status);
		if (curl_easy_getinfo(b->curl, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK)
			x->retry_after = (long)retry_after;
		return buffer_result(&x->answer);
	}
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return why_set(why, R_CANCELLED, "stopped on request");
	if (code == CURLE_WRITE_ERROR)
		return why_set(why,
		    x->file != NULL && x->received <= x->most ? R_NO_DISK : R_TOO_LARGE,
		    "the board's answer to %s could not be taken in", x->path);
	return why_set(why, R_NO_BOARD, "the board %s cannot be reached: %s", b->url,
	    problem[0] != '\0' ? problem : curl_easy_strerror(code));
}

/* Send, and again while the board cannot be reached or is short of something. */
static enum result
send_patiently(struct board *b, struct exchange *x, struct why *why)
{
	uint64_t end = now_ms() + PATIENCE_MS, wait = 100;
	enum result r, paused;

	for (;;) {
		r = send_once(b, x, why);
		if (r != R_NO_BOARD && (r != R_GOOD || x->status < 500))
			return r;
		if (now_ms() + wait > end)
			return r;
		if (x->file != NULL) {
			rewind(x->file);
			if (ftruncate(fileno(x->file), 0) != 0)
				return why_set(why, R_NO_DISK,
				    "a temporary file cannot be emptied");
			sha256_start(x->hash);
		}
		paused = pause_ms(b,
		    x->status == 503 && x->retry_after > 0 && x->retry_after < 5
			? (uint64_t)x->retry_after * 1000
			: wait);
		if (paused != R_GOOD)
			return why_set(why, paused, "stopped on request");
		wait = wait < 2000 ? wait * 2 : wait;
	}
}

/* What the body of an answer other than 200 says. */
static enum result
refusal(const struct board *b, const struct exchange *x, struct why *why)
{
	/* 5xx without a reason is what a proxy says whose board is away. */
	enum result r = x->status >= 500 ? R_NO_BOARD
	    : x->status == 404           ? R_NOT_FOUND
					 : R_BAD_REQUEST;
	json_t *root = json_loadb((const char *)x->answer.p, x->answer.n, 0, NULL);
	const char *reason = NULL, *text = NULL;

	if (root != NULL &&
	    json_unpack(root, "{s:{s:s,s:s}}", "error", "reason", &reason, "text", &text) == 0 &&
	    result_by_name(reason) != RESULT_COUNT && result_by_name(reason) != R_GOOD)
		r = result_by_name(reason);
	(void)why_set(why, r, "%s",
	    text != NULL ? text : "the board refused without a reason that this program knows");
	if (text == NULL)
		(void)why_set(why, r, "the board %s answered %ld to %s", b->url, x->status,
		    x->path);
	json_decref(root);
	return r;
}

/* One request whose answer is 200 and a body, moved to *body (may be NULL). */
static enum result
ask(struct board *b, struct exchange *x, struct buffer *body, struct why *why)
{
	enum result r = send_patiently(b, x, why);

	if (r == R_GOOD && x->status != 200)
		r = refusal(b, x, why);
	if (r == R_GOOD && body != NULL) {
		buffer_clear(body);
		buffer_add(body, x->answer.p, x->answer.n);
		r = buffer_result(body);
	}
	buffer_free(&x->answer);
	return r;
}

static void
election_path(struct exchange *x, const struct digest *election, const char *rest)
{
	char hex[65];

	(void)hex_encode(hex, election->b, sizeof election->b);
	(void)snprintf(x->path, sizeof x->path, "/v1/elections/%s/%s", hex, rest);
}

enum result
board_identity(struct board *b, struct sign_public *key, char name[101], struct why *why)
{
	struct exchange x = { .method = "GET", .path = "/v1/board" };
	struct buffer body = { 0 };
	const char *key_text = NULL, *name_text = NULL;
	json_t *root = NULL;
	enum result r = ask(b, &x, &body, why);

	if (r != R_GOOD)
		goto out;
	root = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	if (root == NULL ||
	    json_unpack(root, "{s:s,s:s}", "key", &key_text, "name", &name_text) != 0 ||
	    strlen(name_text) > 100 ||
	    base64url_decode(key->b, sizeof key->b, slice_of(key_text)) != R_GOOD) {
		r = why_set(why, R_BAD_ENCODING,
		    "%s does not describe itself as a board\nIs this the address of a tabellad?",
		    b->url);
		goto out;
	}
	(void)snprintf(name, 101, "%s", name_text);
out:
	json_decref(root);
	buffer_free(&body);
	return r;
}

enum result
board_only_election(struct board *b, struct digest *id, struct why *why)
{
	struct exchange x = { .method = "GET", .path = "/v1/elections" };
	struct buffer body = { 0 };
	json_t *root = NULL, *list;
	const char *hex;
	enum result r = ask(b, &x, &body, why);

	if (r != R_GOOD)
		goto out;
	root = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	list = json_object_get(root, "elections");
	if (json_array_size(list) != 1) {
		r = why_set(why, R_BAD_INPUT,
		    "the board holds %zu elections\nSay which one you mean with --election ID",
		    json_array_size(list));
		goto out;
	}
	hex = json_string_value(json_object_get(json_array_get(list, 0), "id"));
	if (hex == NULL || hex_decode(id->b, sizeof id->b, slice_of(hex)) != R_GOOD)
		r = why_set(why, R_BAD_ENCODING, "the board %s gave an answer that makes no sense",
		    b->url);
out:
	json_decref(root);
	buffer_free(&body);
	return r;
}

/* Wait for the verdict on a record that the board is still verifying. */
static enum result
await(struct board *b, struct buffer *receipt, const struct digest *election,
    const struct digest *record, struct why *why)
{
	struct exchange x = { .method = "GET" };
	char rest[80] = "records/";
	uint64_t wait = 50;
	enum result r;

	(void)hex_encode(rest + 8, record->b, sizeof record->b);
	election_path(&x, election, rest);
	for (;;) {
		r = send_patiently(b, &x, why);
		if (r != R_GOOD || x.status != 202)
			break;
		r = pause_ms(b, wait);
		if (r != R_GOOD)
			break;
		wait = wait < 1000 ? wait * 2 : wait;
	}
	if (r == R_GOOD && x.status != 200)
		r = refusal(b, &x, why);
	if (r == R_GOOD) {
		buffer_clear(receipt);
		buffer_add(receipt, x.answer.p, x.answer.n);
		r = buffer_result(receipt);
	}
	buffer_free(&x.answer);
	return r;
}

enum result
board_create(struct board *b, struct buffer *receipt, struct slice definition, struct why *why)
{
	struct exchange x = { .method = "POST", .path = "/v1/elections", .body = definition };

	return ask(b, &x, receipt, why);
}

enum result
board_post(struct board *b, struct buffer *receipt, const struct digest *election,
    struct slice record, struct why *why)
{
	struct exchange x = { .method = "POST", .body = record, .wait_seconds = 60 };
	struct digest hash;
	enum result r;

	election_path(&x, election, "records");
	sha256(&hash, record.p, record.n);
	r = send_patiently(b, &x, why);
	if (r == R_GOOD && x.status == 202) {
		buffer_free(&x.answer);
		return await(b, receipt, election, &hash, why);
	}
	if (r == R_GOOD && x.status != 200)
		r = refusal(b, &x, why);
	if (r == R_GOOD) {
		buffer_clear(receipt);
		buffer_add(receipt, x.answer.p, x.answer.n);
		r = buffer_result(receipt);
	}
	buffer_free(&x.answer);
	return r;
}

enum result
board_entries(struct board *b, struct buffer *lines, const struct digest *election, uint64_t from,
    unsigned wait, struct why *why)
{
	struct exchange x = { .method = "GET", .wait_seconds = wait };
	char rest[80];

	(void)snprintf(rest, sizeof rest, "entries?from=%" PRIu64 "&wait=%u", from, wait);
	election_path(&x, election, rest);
	return ask(b, &x, lines, why);
}

enum result
board_checkpoint(struct board *b, struct buffer *note, const struct digest *election,
    struct why *why)
{
	struct exchange x = { .method = "GET" };

	election_path(&x, election, "checkpoint");
	return ask(b, &x, note, why);
}

enum result
board_witnessed(struct board *b, struct buffer *note, const struct digest *election,
    struct why *why)
{
	struct exchange x = { .method = "GET" };

	election_path(&x, election, "witnessed");
	return ask(b, &x, note, why);
}

/* Read {"path":[b64,...]}. */
static int
read_path(struct digest path[MERKLE_PATH_MAX], size_t *n, const struct buffer *body)
{
	json_t *root = json_loadb((const char *)body->p, body->n, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(root, "path");
	int good = json_is_array(list) && json_array_size(list) <= MERKLE_PATH_MAX;
	const char *text;

	for (*n = 0; good && *n < json_array_size(list); (*n)++) {
		text = json_string_value(json_array_get(list, *n));
		good = text != NULL &&
		    base64url_decode(path[*n].b, sizeof path[*n].b, slice_of(text)) == R_GOOD;
	}
	json_decref(root);
	return good;
}

enum result
board_consistency(struct board *b, struct digest path[MERKLE_PATH_MAX], size_t *n,
    const struct digest *election, uint64_t from, uint64_t to, struct why *why)
{
	struct exchange x = { .method = "GET" };
	struct buffer body = { 0 };
	char rest[80];
	enum result r;

	(void)snprintf(rest, sizeof rest, "consistency?from=%" PRIu64 "&to=%" PRIu64, from, to);
	election_path(&x, election, rest);
	r = ask(b, &x, &body, why);
	if (r == R_GOOD && !read_path(path, n, &body))
		r = why_set(why, R_BAD_ENCODING,
		    "the board %s gave a proof of its history that makes no sense", b->url);
	buffer_free(&body);
	return r;
}

/* What the board says of an upload: how much it has, and where the rest goes. */
struct upload {
	uint64_t have;
	char name[65];
};

static enum result
read_upload(const struct board *b, const struct buffer *body, uint64_t most, struct upload *u,
    struct why *why)
{
	json_t *root = json_loadb((const char *)body->p, body->n, JSON_REJECT_DUPLICATES, NULL);
	const char *name = NULL;
	uint8_t token[32];
	json_int_t have = -1;
	int bad = root == NULL ||
	    json_unpack(root, "{s:I,s:s}", "have", &have, "upload", &name) != 0 || have < 0 ||
	    (uint64_t)have > most || hex_decode(token, sizeof token, slice_of(name)) != R_GOOD;

	if (!bad) {
		u->have = (uint64_t)have;
		(void)hex_encode(u->name, token, sizeof token);
	}
	json_decref(root);
	if (bad)
		return why_set(why, R_BAD_ENCODING,
		    "the board %s gave an answer that makes no sense", b->url);
	return R_GOOD;
}

enum result
board_upload(struct board *b, const struct digest *election, struct slice ticket, struct slice blob,
    struct why *why)
{
	struct exchange x = { .method = "POST", .body = ticket };
	struct buffer body = { 0 };
	struct upload u = { 0 };
	uint64_t before;
	char rest[128];
	enum result r;

	election_path(&x, election, "blobs");
	r = ask(b, &x, &body, why);
	if (r == R_GOOD)
		r = read_upload(b, &body, blob.n, &u, why);
	while (r == R_GOOD && u.have < blob.n) {
		struct exchange put = { .method = "PUT", .wait_seconds = 60 };

		before = u.have;
		put.body.p = blob.p + u.have;
		put.body.n = blob.n - u.have < CHUNK ? (size_t)(blob.n - u.have) : CHUNK;
		(void)snprintf(rest, sizeof rest, "uploads/%s?at=%" PRIu64, u.name, u.have);
		election_path(&put, election, rest);
		r = ask(b, &put, &body, why);
		if (r == R_GOOD)
			r = read_upload(b, &body, blob.n, &u, why);
		if (r == R_GOOD && u.have <= before)
			r = why_set(why, R_BAD_ENCODING, "the board %s does not take in the blob",
			    b->url);
	}
	buffer_free(&body);
	return r;
}

enum result
board_download(struct board *b, const struct digest *election, const struct digest *name,
    const char *path, uint64_t most, struct why *why)
{
	struct exchange x = { .method = "GET", .most = most };
	struct sha256 hash;
	struct digest found;
	char hex[65], rest[80], *partial = NULL;
	enum result r;

	(void)hex_encode(hex, name->b, sizeof name->b);
	(void)snprintf(rest, sizeof rest, "blobs/%s", hex);
	election_path(&x, election, rest);
	if (asprintf(&partial, "%s.part.%ld", path, (long)getpid()) < 0)
		return R_NO_MEMORY;
	sha256_start(&hash);
	x.hash = &hash;
	x.file = fopen(partial, "wb");
	if (x.file == NULL) {
		r = why_set(why, R_NO_DISK, "%s cannot be written: %s", partial, strerror(errno));
		goto out;
	}
	r = ask(b, &x, NULL, why);
	if (fflush(x.file) != 0 || fsync(fileno(x.file)) != 0 || ferror(x.file)) {
		if (r == R_GOOD)
			r = why_set(why, R_NO_DISK, "%s cannot be written: %s", partial,
			    strerror(errno));
	}
	if (fclose(x.file) != 0 && r == R_GOOD)
		r = why_set(why, R_NO_DISK, "%s cannot be written: %s", partial, strerror(errno));
	if (r != R_GOOD)
		goto out;
	sha256_finish(&hash, &found);
	if (!digest_equal(&found, name))
		r = why_set(why, R_BAD_BLOB, "the board sent another blob than %s", hex);
	else if (rename(partial, path) != 0)
		r = why_set(why, R_NO_DISK, "%s cannot be written: %s", path, strerror(errno));
out:
	if (r != R_GOOD)
		(void)unlink(partial);
	free(partial);
	return r;
}
