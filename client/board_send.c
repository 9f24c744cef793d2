/* board: one request, sent until an answer comes. */
#include <jansson.h>
#include <openssl/x509_vfy.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/board_inner.h"
#include "crypto/base64.h"

/* A receipt, an error, a page of entries: far below this. Blobs go to files. */
#define ANSWER_MOST ((size_t)64 << 20)
#define PATIENCE_MS 30000

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
enum result
board_pause(const struct board *b, uint64_t ms)
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

/* Why the board was not sent anything: what the certificate lacks, and what may be done. */
static enum result
distrust(const struct board *b, const char *problem, struct why *why)
{
	const char *advice;
	long verdict = X509_V_OK;

	(void)curl_easy_getinfo(b->curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
	switch (verdict) {
	/* libcurl compares the names before it asks for the verdict on the chain. */
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED:
		advice = "It is one for another name: compare the board's address";
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		advice = "Tell the people who run the board, unless the clock of this machine is "
			 "wrong";
		break;
	default:
		advice = b->ca == NULL
		    ? "If the board has an authority of its own, name its certificate with --ca "
		      "FILE"
		    : "It is not of an authority in the file that was given with --ca";
	}
	return why_set(why, R_BAD_CERTIFICATE,
	    "the board %s shows a certificate that is not to be trusted: %s\n%s\nSomebody else may "
	    "be answering; nothing was sent",
	    b->url, problem, advice);
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
	if (b->ca != NULL) {
		/* And no other: libcurl would look into the system's folder as well. */
		curl_easy_setopt(b->curl, CURLOPT_CAINFO, b->ca);
		curl_easy_setopt(b->curl, CURLOPT_CAPATH, NULL);
	}
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
	if (problem[0] == '\0')
		(void)snprintf(problem, sizeof problem, "%s", curl_easy_strerror(code));
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return distrust(b, problem, why);
	if (code == CURLE_SSL_CACERT_BADFILE)
		return why_set(why, R_BAD_INPUT, "%s holds no certificates in PEM: %s",
		    b->ca != NULL ? b->ca : "the system's list of authorities", problem);
	return why_set(why, R_NO_BOARD, "the board %s cannot be reached: %s", b->url, problem);
}

/* Send, and again while the board cannot be reached or is short of something. */
enum result
board_send(struct board *b, struct exchange *x, struct why *why)
{
	uint64_t end = now_ms() + PATIENCE_MS, wait = 100;
	enum result r, paused;

	for (;;) {
		r = send_once(b, x, why);
		if (r != R_NO_BOARD && (r != R_GOOD || (x->status < 500 && x->status != 429)))
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
		paused = board_pause(b,
		    (x->status == 503 || x->status == 429) && x->retry_after > 0 &&
			    x->retry_after < 5
			? (uint64_t)x->retry_after * 1000
			: wait);
		if (paused != R_GOOD)
			return why_set(why, paused, "stopped on request");
		wait = wait < 2000 ? wait * 2 : wait;
	}
}

/* What the body of an answer other than 200 says. */
enum result
board_refusal(const struct board *b, const struct exchange *x, struct why *why)
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
enum result
board_ask(struct board *b, struct exchange *x, struct buffer *body, struct why *why)
{
	enum result r = board_send(b, x, why);

	if (r == R_GOOD && x->status != 200)
		r = board_refusal(b, x, why);
	if (r == R_GOOD && body != NULL) {
		buffer_clear(body);
		buffer_add(body, x->answer.p, x->answer.n);
		r = buffer_result(body);
	}
	buffer_free(&x->answer);
	return r;
}

void
board_path(struct exchange *x, const struct digest *election, const char *rest)
{
	char hex[65];

	(void)hex_encode(hex, election->b, sizeof election->b);
	(void)snprintf(x->path, sizeof x->path, "/v1/elections/%s/%s", hex, rest);
}
