#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/board_inner.h"
#include "crypto/base64.h"

enum result
board_open(struct board **out, const char *url, const char *ca, struct why *why)
{
	struct board *b;
	size_t n = strlen(url);

	*out = NULL;
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return why_set(why, R_BAD_INPUT,
		    "the board's address is not a URL: %s\nGive it as http://host:port", url);
	if (ca != NULL && strncmp(url, "https://", 8) != 0)
		return why_set(why, R_BAD_INPUT,
		    "--ca names an authority for certificates, and %s has none\nGive the board's "
		    "https:// address",
		    url);
	if (ca != NULL && access(ca, R_OK) != 0)
		return why_set(why, R_BAD_INPUT, "the certificates of --ca cannot be read: %s: %s",
		    ca, strerror(errno));
	while (n > 0 && url[n - 1] == '/')
		n--;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return why_set(why, R_NO_MEMORY, "libcurl could not be started");
	b = calloc(1, sizeof *b);
	if (b == NULL)
		return R_NO_MEMORY;
	b->url = strndup(url, n);
	b->ca = ca != NULL ? strdup(ca) : NULL;
	b->curl = curl_easy_init();
	if (b->url == NULL || b->curl == NULL || (ca != NULL && b->ca == NULL)) {
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
	free(b->ca);
	free(b);
}

const char *
board_url(const struct board *b)
{
	return b->url;
}

int
board_is_away(enum result r)
{
	return r == R_NO_BOARD || r == R_BUSY || r == R_TOO_MANY_REFUSED || r == R_NO_DATABASE ||
	    r == R_BAD_CERTIFICATE;
}

void
board_stop_when(struct board *b, int (*stop)(void *ctx), void *ctx)
{
	b->stop = stop;
	b->stop_ctx = ctx;
}

enum result
board_identity(struct board *b, struct sign_public *key, char name[101], struct why *why)
{
	struct exchange x = { .method = "GET", .path = "/v1/board" };
	struct buffer body = { 0 };
	const char *key_text = NULL, *name_text = NULL;
	json_t *root = NULL;
	enum result r = board_ask(b, &x, &body, why);

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
	enum result r = board_ask(b, &x, &body, why);

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
	board_path(&x, election, rest);
	for (;;) {
		r = board_send(b, &x, why);
		if (r != R_GOOD || x.status != 202)
			break;
		r = board_pause(b, wait);
		if (r != R_GOOD)
			break;
		wait = wait < 1000 ? wait * 2 : wait;
	}
	if (r == R_GOOD && x.status != 200)
		r = board_refusal(b, &x, why);
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

	return board_ask(b, &x, receipt, why);
}

enum result
board_post(struct board *b, struct buffer *receipt, const struct digest *election,
    struct slice record, struct why *why)
{
	struct exchange x = { .method = "POST", .body = record, .wait_seconds = 60 };
	struct digest hash;
	enum result r;

	board_path(&x, election, "records");
	sha256(&hash, record.p, record.n);
	r = board_send(b, &x, why);
	if (r == R_GOOD && x.status == 202) {
		buffer_free(&x.answer);
		return await(b, receipt, election, &hash, why);
	}
	if (r == R_GOOD && x.status != 200)
		r = board_refusal(b, &x, why);
	if (r == R_GOOD) {
		buffer_clear(receipt);
		buffer_add(receipt, x.answer.p, x.answer.n);
		r = buffer_result(receipt);
	}
	buffer_free(&x.answer);
	return r;
}

enum result
board_receipt(struct board *b, struct buffer *receipt, const struct digest *election,
    const struct digest *record, struct why *why)
{
	struct exchange x = { .method = "GET" };
	char rest[80] = "records/";

	(void)hex_encode(rest + 8, record->b, sizeof record->b);
	board_path(&x, election, rest);
	return board_ask(b, &x, receipt, why);
}

enum result
board_entries(struct board *b, struct buffer *lines, const struct digest *election, uint64_t from,
    unsigned wait, struct why *why)
{
	struct exchange x = { .method = "GET", .wait_seconds = wait };
	char rest[80];

	(void)snprintf(rest, sizeof rest, "entries?from=%" PRIu64 "&wait=%u", from, wait);
	board_path(&x, election, rest);
	return board_ask(b, &x, lines, why);
}

enum result
board_checkpoint(struct board *b, struct buffer *note, const struct digest *election,
    struct why *why)
{
	struct exchange x = { .method = "GET" };

	board_path(&x, election, "checkpoint");
	return board_ask(b, &x, note, why);
}

enum result
board_witnessed(struct board *b, struct buffer *note, const struct digest *election,
    struct why *why)
{
	struct exchange x = { .method = "GET" };

	board_path(&x, election, "witnessed");
	return board_ask(b, &x, note, why);
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
	board_path(&x, election, rest);
	r = board_ask(b, &x, &body, why);
	if (r == R_GOOD && !read_path(path, n, &body))
		r = why_set(why, R_BAD_ENCODING,
		    "the board %s gave a proof of its history that makes no sense", b->url);
	buffer_free(&body);
	return r;
}
