#include "server/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <openssl/rand.h>
#include <openssl/ts.h>

#include "ballots/head.h"
#include "ballots/whole.h"
#include "crypto/base64.h"
#include "server/clock.h"

#define LOOK_MS 500
#define BACK_OFF_MS 500 /* after a failure; doubled up to */
#define BACK_OFF_MOST_MS 10000
#define ANSWER_MOST 65536
#define CONNECT_MS 5000L
#define TOTAL_MS 20000L

struct stamp {
	struct digest election;
	char of[24];
	uint64_t size;
	struct digest name; /* SHA-256 of the head */
	struct buffer head, response;
	struct stamp *next;
};

struct stamps {
	struct hosts *hosts;
	struct log *log;
	const char *folder, *url;
	CURL *curl;
	uint64_t not_before_ms, back_off_ms;
	bool silent;
	pthread_t thread;
	bool runs;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stop;
	struct stamp *first, **last;
};

/* ---- files ---- */

static enum result
path_of(char out[4096], const struct stamps *s, const struct stamp *stamp, const char *end)
{
	char hex[65];

	(void)hex_encode(hex, stamp->election.b, sizeof stamp->election.b);
	return snprintf(out, 4096, "%s/stamps/%s/%s%s", s->folder, hex, stamp->of, end) < 4096
	    ? R_GOOD
	    : R_NO_DISK;
}

/* The head goes first: a response without it would mean nothing. */
static enum result
keep(const struct stamps *s, const struct stamp *stamp)
{
	char path[4096], *slash;
	enum result r = path_of(path, s, stamp, ".checkpoint");

	if (r != R_GOOD)
		return r;
	slash = strrchr(path, '/');
	*slash = '\0';
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return R_NO_DISK;
	*slash = '/';
	r = whole_write(path, buffer_slice(&stamp->head), 0644, WHOLE_REPLACE);
	if (r == R_GOOD)
		r = path_of(path, s, stamp, ".tsr");
	return r == R_GOOD ? whole_write(path, buffer_slice(&stamp->response), 0644, WHOLE_REPLACE)
			   : r;
}

static enum result
find_kept(const struct stamps *s, struct stamp *stamp)
{
	char path[4096];
	enum result r = path_of(path, s, stamp, ".checkpoint");

	if (r == R_GOOD)
		r = whole_read(&stamp->head, path, ANSWER_MOST);
	if (r == R_GOOD)
		r = path_of(path, s, stamp, ".tsr");
	if (r == R_GOOD)
		r = whole_read(&stamp->response, path, ANSWER_MOST);
	return r;
}

/* ---- the authority ---- */

static size_t
take_body(char *data, size_t size, size_t count, void *ctx)
{
	struct buffer *body = ctx;

	if (body->n + size * count > ANSWER_MOST)
		return 0;
	buffer_add(body, data, size * count);
	return size * count;
}

static int
watch(void *ctx, curl_off_t dt, curl_off_t dn, curl_off_t ut, curl_off_t un)
{
	struct stamps *s = ctx;
	bool stop;

	(void)dt, (void)dn, (void)ut, (void)un;
	(void)pthread_mutex_lock(&s->lock);
	stop = s->stop;
	(void)pthread_mutex_unlock(&s->lock);
	return stop;
}

static enum result
post(struct stamps *s, const uint8_t *query, int n, struct buffer *answer)
{
	struct curl_slist *headers =
	    curl_slist_append(NULL, "Content-Type: application/timestamp-query");
	enum result r = R_NOT_FOUND;
	long status = 0;

	curl_easy_reset(s->curl);
	headers = curl_slist_append(headers, "Expect:");
	curl_easy_setopt(s->curl, CURLOPT_URL, s->url);
	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, TOTAL_MS);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(s->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(s->curl, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(s->curl, CURLOPT_XFERINFODATA, s);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, (const void *)query);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE, (long)n);
	if (curl_easy_perform(s->curl) == CURLE_OK &&
	    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
	    status == 200)
		r = buffer_result(answer);
	curl_slist_free_all(headers);
	return r;
}

/* A request for the SHA-256 of the bytes, with a nonce, for the authority's certificate too. */
static TS_REQ *
make_request(const struct digest *digest)
{
	TS_REQ *request = TS_REQ_new();
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	ASN1_INTEGER *nonce = ASN1_INTEGER_new();
	uint64_t random = 0;
	bool good = request != NULL && imprint != NULL && algorithm != NULL && nonce != NULL &&
	    RAND_bytes((unsigned char *)&random, sizeof random) == 1;

	if (good) {
		X509_ALGOR_set_md(algorithm, EVP_sha256());
		good = TS_REQ_set_version(request, 1) == 1 &&
		    TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
		    TS_MSG_IMPRINT_set_msg(imprint, (unsigned char *)(uintptr_t)digest->b,
			sizeof digest->b) == 1 &&
		    TS_REQ_set_msg_imprint(request, imprint) == 1 &&
		    ASN1_INTEGER_set_uint64(nonce, random >> 1) == 1 &&
		    TS_REQ_set_nonce(request, nonce) == 1 && TS_REQ_set_cert_req(request, 1) == 1;
	}
	ASN1_INTEGER_free(nonce);
	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	if (!good) {
		TS_REQ_free(request);
		return NULL;
	}
	return request;
}

/* Is the response granted, whole, and for this request? Who has signed it is for those to judge who
 * rely on it. */
static bool
is_response(TS_REQ *request, const struct buffer *bytes)
{
	const unsigned char *at = bytes->p;
	TS_RESP *response = d2i_TS_RESP(NULL, &at, (long)bytes->n);
	TS_VERIFY_CTX *ctx = TS_REQ_to_TS_VERIFY_CTX(request, NULL);
	bool good = response != NULL && ctx != NULL && at == bytes->p + bytes->n;

	if (good) {
		(void)TS_VERIFY_CTX_set_flags(ctx, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_NONCE);
		good = TS_RESP_verify_response(ctx, response) == 1;
	}
	TS_VERIFY_CTX_free(ctx);
	TS_RESP_free(response);
	return good;
}

static enum result
ask(struct stamps *s, struct stamp *stamp)
{
	unsigned char *query = NULL;
	TS_REQ *request;
	enum result r = R_NO_MEMORY;
	int n;

	request = make_request(&stamp->name);
	n = request != NULL ? i2d_TS_REQ(request, &query) : -1;
	if (n > 0)
		r = post(s, query, n, &stamp->response);
	if (r == R_GOOD && !is_response(request, &stamp->response))
		r = R_BAD_SIGNATURE;
	OPENSSL_free(query);
	TS_REQ_free(request);
	return r;
}

/* ---- what is to be stamped ---- */

static void
stamp_free(struct stamp *stamp)
{
	buffer_free(&stamp->head);
	buffer_free(&stamp->response);
	free(stamp);
}

static bool
is_known(struct stamps *s, const struct hosted *host, const char *of)
{
	const struct stamp *i;

	(void)pthread_mutex_lock(&s->lock);
	for (i = s->first; i != NULL; i = i->next)
		if (digest_equal(&i->election, &host->id) && strcmp(i->of, of) == 0)
			break;
	(void)pthread_mutex_unlock(&s->lock);
	return i != NULL;
}

/* The newest head, if it covers the entry. */
static enum result
take_head(struct stamp *stamp, struct hosted *host, uint64_t seq)
{
	enum result r = hosted_note(host, &stamp->head);
	struct checkpoint head;
	struct note note;

	if (r == R_GOOD)
		r = note_parse(&note, buffer_slice(&stamp->head));
	if (r == R_GOOD)
		r = checkpoint_read(&head, note.text);
	if (r != R_GOOD)
		return r;
	return head.size > seq ? R_GOOD : R_BUSY;
}

static enum result
name_stamp(struct stamp *stamp)
{
	struct checkpoint head;
	struct note note;

	if (note_parse(&note, buffer_slice(&stamp->head)) != R_GOOD ||
	    checkpoint_read(&head, note.text) != R_GOOD)
		return R_BAD_CHECKPOINT;
	stamp->size = head.size;
	sha256(&stamp->name, stamp->head.p, stamp->head.n);
	return R_GOOD;
}

static void
give_up(struct stamps *s, const struct stamp *stamp, enum result r)
{
	if (!s->silent)
		log_event(s->log, LOG_WITNESS, "no time stamp of %s from %s: %s", stamp->of, s->url,
		    r == R_BAD_SIGNATURE   ? "the answer is not for this request, or not granted"
			: r == R_NOT_FOUND ? "it does not answer"
					   : result_text(r));
	s->silent = true;
	s->back_off_ms = s->back_off_ms == 0        ? BACK_OFF_MS
	    : s->back_off_ms * 2 > BACK_OFF_MOST_MS ? BACK_OFF_MOST_MS
						    : s->back_off_ms * 2;
	s->not_before_ms = clock_now() + s->back_off_ms;
}

/* Stamp an event of which the entry `seq` tells, unless that was done. */
static void
stamp_event(struct stamps *s, struct hosted *host, const char *of, uint64_t seq)
{
	struct stamp *stamp;
	enum result r;

	if (clock_now() < s->not_before_ms || is_known(s, host, of) ||
	    (stamp = calloc(1, sizeof *stamp)) == NULL)
		return;
	stamp->election = host->id;
	(void)snprintf(stamp->of, sizeof stamp->of, "%s", of);
	r = find_kept(s, stamp);
	if (r == R_GOOD)
		r = name_stamp(stamp);
	else if (r == R_NOT_FOUND) {
		buffer_clear(&stamp->head);
		buffer_clear(&stamp->response);
		r = take_head(stamp, host, seq);
		if (r == R_BUSY) { /* not signed for yet */
			stamp_free(stamp);
			return;
		}
		if (r == R_GOOD)
			r = name_stamp(stamp);
		if (r == R_GOOD)
			r = ask(s, stamp);
		if (r == R_GOOD)
			r = keep(s, stamp);
	}
	if (r != R_GOOD) {
		give_up(s, stamp, r);
		stamp_free(stamp);
		return;
	}
	s->silent = false;
	s->back_off_ms = 0;
	(void)pthread_mutex_lock(&s->lock);
	*s->last = stamp;
	s->last = &stamp->next;
	(void)pthread_mutex_unlock(&s->lock);
}

static void
look(struct stamps *s, struct hosted *host)
{
	struct frozen *frozen = hosted_frozen(host);
	struct item_status item;
	char of[24];
	uint64_t id;

	if (frozen_phase(frozen) == PHASE_OPEN)
		stamp_event(s, host, "open", frozen_open_seq(frozen));
	for (id = 1; id <= frozen_items(frozen); id++) {
		if (frozen_item(frozen, id, &item) != R_GOOD || item.state < ITEM_CLOSED)
			continue;
		(void)snprintf(of, sizeof of, "close-%" PRIu64, id);
		stamp_event(s, host, of, item.close_seq);
		if (item.state != ITEM_DONE)
			continue;
		(void)snprintf(of, sizeof of, "result-%" PRIu64, id);
		stamp_event(s, host, of, item.result_seq);
	}
	frozen_unref(frozen);
}

/* ---- the thread ---- */

/* Sleep for a moment; 1: it is time to end. */
static bool
rest(struct stamps *s)
{
	struct timespec until;
	bool stop;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&s->lock);
	if (!s->stop)
		(void)pthread_cond_clockwait(&s->stopped, &s->lock, CLOCK_MONOTONIC, &until);
	stop = s->stop;
	(void)pthread_mutex_unlock(&s->lock);
	return stop;
}

static void *
stamp_on(void *arg)
{
	struct stamps *s = arg;
	struct hosted *host;
	size_t i;

	(void)pthread_setname_np(pthread_self(), "stamps");
	while (!rest(s))
		for (i = 0; (host = hosts_at(s->hosts, i)) != NULL; i++)
			look(s, host);
	return NULL;
}

enum result
stamps_new(struct stamps **out, struct hosts *hosts, const char *folder, const char *url,
    struct log *log, struct why *why)
{
	struct stamps *s;
	char path[4096];

	*out = NULL;
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return why_set(why, R_BAD_INPUT,
		    "the address of the time-stamp authority is no URL: %s", url);
	(void)snprintf(path, sizeof path, "%s/stamps", folder);
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return why_set(why, R_NO_DISK, "%s cannot be made: %s", path, strerror(errno));
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (s = calloc(1, sizeof *s)) == NULL)
		return R_NO_MEMORY;
	s->hosts = hosts;
	s->folder = folder;
	s->url = url;
	s->log = log;
	s->last = &s->first;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->stopped, NULL);
	s->curl = curl_easy_init();
	if (s->curl == NULL) {
		stamps_free(s);
		return R_NO_MEMORY;
	}
	*out = s;
	return R_GOOD;
}

enum result
stamps_start(struct stamps *s)
{
	if (pthread_create(&s->thread, NULL, stamp_on, s) != 0)
		return R_NO_MEMORY;
	s->runs = true;
	return R_GOOD;
}

void
stamps_free(struct stamps *s)
{
	struct stamp *stamp;

	if (s == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->stop = true;
	(void)pthread_cond_broadcast(&s->stopped);
	(void)pthread_mutex_unlock(&s->lock);
	if (s->runs)
		(void)pthread_join(s->thread, NULL);
	while ((stamp = s->first) != NULL) {
		s->first = stamp->next;
		stamp_free(stamp);
	}
	curl_easy_cleanup(s->curl);
	(void)pthread_cond_destroy(&s->stopped);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- showing them ---- */

enum result
stamps_list(struct stamps *s, const struct hosted *host, struct buffer *out)
{
	const struct stamp *i;
	char hex[65];
	size_t n = 0;

	buffer_add_string(out, "{\"stamps\":[");
	if (s != NULL) {
		(void)pthread_mutex_lock(&s->lock);
		for (i = s->first; i != NULL; i = i->next) {
			if (!digest_equal(&i->election, &host->id))
				continue;
			(void)hex_encode(hex, i->name.b, sizeof i->name.b);
			buffer_add_string(out, n++ > 0 ? ",{\"head\":\"" : "{\"head\":\"");
			buffer_add_string(out, hex);
			buffer_add_string(out, "\",\"of\":\"");
			buffer_add_string(out, i->of);
			buffer_add_string(out, "\",\"size\":");
			buffer_add_u64(out, i->size);
			buffer_add_string(out, "}");
		}
		(void)pthread_mutex_unlock(&s->lock);
	}
	buffer_add_string(out, "]}");
	return buffer_result(out);
}

enum result
stamps_get(struct stamps *s, const struct hosted *host, const struct digest *name, int head,
    struct buffer *out)
{
	const struct stamp *i;
	enum result r = R_NOT_FOUND;

	if (s == NULL)
		return r;
	(void)pthread_mutex_lock(&s->lock);
	for (i = s->first; i != NULL; i = i->next)
		if (digest_equal(&i->election, &host->id) && digest_equal(&i->name, name)) {
			const struct buffer *bytes = head ? &i->head : &i->response;

			buffer_add(out, bytes->p, bytes->n);
			r = buffer_result(out);
			break;
		}
	(void)pthread_mutex_unlock(&s->lock);
	return r;
}
