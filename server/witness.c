#include "server/witness.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "ballots/head.h"
#include "crypto/base64.h"
#include "server/clock.h"
#include "server/witnessed.h"

#define LOOK_MS 50      /* between two looks at the heads */
#define KEEP_MS 1000    /* between two writes of co-signed heads */
#define ROUND_MS 2000   /* how long a head waits for its quorum */
#define BACK_OFF_MS 500 /* after a failure; doubled up to */
#define BACK_OFF_MOST_MS 10000
#define ANSWER_MOST 16384
#define CONNECT_MS 3000L
#define TOTAL_MS 10000L
#define CORRECTIONS_MOST 40 /* in a row, of what it has co-signed last */

/* One election's heads on their way. */
struct round {
	uint64_t size, since_ms; /* the head that is shown to the witnesses; 0: none yet */
	struct buffer note;      /* with the lines that have come */
	uint64_t witnessed;      /* whose they are: bit i for witness i of the definition */
	uint64_t beyond;         /* who has co-signed a longer one and so cannot co-sign this one */
	struct buffer full;      /* the newest one with the quorum; empty: none yet */
	uint64_t full_size, kept_size, kept_ms; /* of it; and of the one on disk */
};

/* What a witness has co-signed of an election. */
struct known {
	uint64_t size;        /* the last head, as far as we know */
	unsigned corrections; /* how often it has named another size since it co-signed last */
};

/* One witness. */
struct asker {
	struct witnesses *all;
	struct witness_address address;
	CURL *curl;
	struct store *store;           /* for the tree; NULL: not connected */
	struct known known[HOSTS_MAX]; /* by topic */
	uint64_t not_before_ms;
	unsigned back_off_ms;
	bool silent; /* the failure that goes on has been logged */
	pthread_t thread;
	bool runs;
};

struct witnesses {
	struct hosts *hosts;
	const char *folder;
	struct log *log;
	const struct store_options *store;
	struct asker *asker[CHECKPOINT_WITNESSES_MAX];
	size_t n;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stop;
	struct round *round[HOSTS_MAX]; /* by topic */
};

/* ---- HTTP ---- */

struct answer {
	long status; /* 0: none came */
	struct buffer body;
};

static size_t
take_body(char *data, size_t size, size_t count, void *ctx)
{
	struct answer *a = ctx;

	if (a->body.n + size * count > ANSWER_MOST)
		return 0;
	buffer_add(&a->body, data, size * count);
	return size * count;
}

static int
watch(void *ctx, curl_off_t dt, curl_off_t dn, curl_off_t ut, curl_off_t un)
{
	struct witnesses *w = ctx;
	bool stop;

	(void)dt, (void)dn, (void)ut, (void)un;
	(void)pthread_mutex_lock(&w->lock);
	stop = w->stop;
	(void)pthread_mutex_unlock(&w->lock);
	return stop;
}

static void
send_request(struct asker *a, struct answer *answer, const struct buffer *body)
{
	struct curl_slist *headers = NULL;
	char url[1024];

	(void)snprintf(url, sizeof url, "%s/add-checkpoint", a->address.url);
	buffer_clear(&answer->body);
	answer->status = 0;
	curl_easy_reset(a->curl);
	headers = curl_slist_append(headers, "Expect:");
	headers = curl_slist_append(headers, "Content-Type: text/plain");
	curl_easy_setopt(a->curl, CURLOPT_URL, url);
	curl_easy_setopt(a->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(a->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(a->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(a->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(a->curl, CURLOPT_TIMEOUT_MS, TOTAL_MS);
	curl_easy_setopt(a->curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(a->curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(a->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(a->curl, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(a->curl, CURLOPT_XFERINFODATA, a->all);
	curl_easy_setopt(a->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS, (const void *)body->p);
	curl_easy_setopt(a->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->n);
	if (curl_easy_perform(a->curl) == CURLE_OK)
		(void)curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	curl_slist_free_all(headers);
}

/* Show a head to the witness, with the proof that it continues the first `old` entries. */
static enum result
show(struct asker *a, struct answer *answer, struct hosted *host, uint64_t old, uint64_t size,
    struct slice note)
{
	struct digest path[MERKLE_PATH_MAX];
	char base64[BASE64_LEN(32) + 1];
	struct buffer body = { 0 };
	size_t n = 0, i;
	enum result r = R_GOOD;

	if (old > 0 && old < size && a->store == NULL)
		r = store_open(&a->store, a->all->store, NULL);
	if (r == R_GOOD && old > 0 && old < size)
		r = store_consistency(a->store, path, &n, host->key, old, size, NULL);
	buffer_add_string(&body, "old ");
	buffer_add_u64(&body, old);
	buffer_add_string(&body, "\n");
	for (i = 0; i < n; i++) {
		(void)base64_encode(base64, path[i].b, sizeof path[i].b);
		buffer_add_string(&body, base64);
		buffer_add_string(&body, "\n");
	}
	buffer_add_string(&body, "\n");
	buffer_add(&body, note.p, note.n);
	if (r == R_GOOD)
		r = buffer_result(&body);
	if (r == R_GOOD)
		send_request(a, answer, &body);
	buffer_free(&body);
	return r;
}

/* The size in the body of a 409. */
static bool
read_size(uint64_t *size, const struct answer *answer)
{
	struct slice text = buffer_slice(&answer->body), line;

	return slice_line(&line, &text) && text.n == 0 &&
	    slice_decimal(size, line, CHECKPOINT_SIZE_MAX);
}

/* ---- rounds ---- */

/* Under the lock: the election's round, or NULL. */
static struct round *
round_of(struct witnesses *w, const struct hosted *host)
{
	if (w->round[host->topic] == NULL)
		w->round[host->topic] = calloc(1, sizeof(struct round));
	return w->round[host->topic];
}

/* Are these witnesses enough? */
static bool
enough(uint64_t witnessed, const struct definition *d)
{
	const struct checkpoint head = { .witnessed = witnessed };

	return head_quorum(&head, d, NULL) == R_GOOD;
}

/* Under the lock: go on to the newest head if this one has its quorum, can no longer have it, or has
 * waited long enough. One witness alone cannot take it from the others. */
static void
choose_head(struct round *round, struct hosted *host, const struct head_signers *signers)
{
	const struct definition *d = signers->definition;
	const uint64_t all = (UINT64_C(1) << d->witness_count) - 1;
	struct buffer newest = { 0 };
	struct checkpoint head;

	if (hosted_size(host) <= round->size)
		return;
	if (round->size > 0 && clock_now() - round->since_ms < ROUND_MS &&
	    !enough(round->witnessed, d) && enough(all & ~round->beyond, d))
		return;
	if (hosted_note(host, &newest) == R_GOOD && newest.n > 0 &&
	    head_open(&head, buffer_slice(&newest), signers) == R_GOOD && head.size > round->size) {
		buffer_free(&round->note);
		round->note = newest;
		round->size = head.size;
		round->since_ms = clock_now();
		round->witnessed = head.witnessed;
		round->beyond = 0;
		return;
	}
	buffer_free(&newest);
}

/* Join the lines that came to the head of `size` entries; 1 if one of the witness was among them. */
static int
join_lines(struct witnesses *w, struct hosted *host, const struct head_signers *signers,
    size_t number, uint64_t size, struct slice lines)
{
	struct checkpoint head = { .witnessed = 0 };
	struct buffer joined = { 0 };
	struct round *round;
	int good = 0;

	(void)pthread_mutex_lock(&w->lock);
	round = round_of(w, host);
	if (round == NULL || round->size != size)
		good = 1; /* the round is over */
	else if (head_join(&joined, &head, buffer_slice(&round->note), lines, signers) == R_GOOD) {
		good = (int)(head.witnessed >> number & 1);
		buffer_free(&round->note);
		round->note = joined;
		round->witnessed = head.witnessed;
		joined = (struct buffer){ 0 };
		if (enough(head.witnessed, signers->definition)) {
			buffer_clear(&round->full);
			buffer_add(&round->full, round->note.p, round->note.n);
			round->full_size = size;
		}
	}
	(void)pthread_mutex_unlock(&w->lock);
	buffer_free(&joined);
	return good;
}

/* A witness has co-signed more than the head of `size` entries. */
static void
note_beyond(struct witnesses *w, const struct hosted *host, size_t number, uint64_t size)
{
	struct round *round;

	(void)pthread_mutex_lock(&w->lock);
	round = round_of(w, host);
	if (round != NULL && round->size == size)
		round->beyond |= UINT64_C(1) << number;
	(void)pthread_mutex_unlock(&w->lock);
}

/* ---- one witness ---- */

static void
failed(struct asker *a, const char *what, long status)
{
	if (!a->silent)
		log_event(a->all->log, LOG_WITNESS, "witness %s: %s (status %ld)", a->address.name,
		    what, status);
	a->silent = true;
	a->back_off_ms = a->back_off_ms == 0        ? BACK_OFF_MS
	    : a->back_off_ms * 2 > BACK_OFF_MOST_MS ? BACK_OFF_MOST_MS
						    : a->back_off_ms * 2;
	a->not_before_ms = clock_now() + a->back_off_ms;
}

/* Which number it has among the election's witnesses; the count if none. */
static size_t
number_of(const struct asker *a, const struct definition *d)
{
	size_t i;

	for (i = 0; i < d->witness_count; i++)
		if (strcmp(d->witnesses[i].name, a->address.name) == 0)
			break;
	return i;
}

/* The witness names another size than we thought it has co-signed; 1 if it is worth asking again at
 * once, -1 if it is not to be believed. */
static int
correct(struct asker *a, struct hosted *host, size_t number, uint64_t size, uint64_t other)
{
	struct known *known = &a->known[host->topic];

	if (other == known->size || known->corrections++ == CORRECTIONS_MOST)
		return -1;
	if (other > size)
		note_beyond(a->all, host, number, size);
	/* Another board on this database may have shown it what this one has yet to read. */
	if (other > hosted_size(host)) {
		a->not_before_ms = clock_now() + LOOK_MS;
		return 0;
	}
	known->size = other;
	return 1;
}

/* Take in what the witness says; 1 if it is worth asking again at once. */
static int
take_answer(struct asker *a, const struct answer *answer, struct hosted *host,
    const struct head_signers *signers, size_t number, uint64_t size)
{
	struct known *known = &a->known[host->topic];
	uint64_t other = known->size;
	int again = -1;

	if (answer->status == 200 &&
	    join_lines(a->all, host, signers, number, size, buffer_slice(&answer->body))) {
		*known = (struct known){ .size = size };
		a->back_off_ms = 0;
		a->silent = false;
		return 1;
	}
	if (answer->status == 409 && read_size(&other, answer))
		again = correct(a, host, number, size, other);
	if (again >= 0)
		return again;
	known->corrections = 0;
	failed(a,
	    answer->status == 0         ? "cannot be reached"
		: answer->status == 200 ? "its line does not hold"
		: answer->status == 409 && other != known->size
		? "names heads that it cannot have co-signed"
		: answer->status == 409 ? "has co-signed another history of this board"
		: answer->status == 422 ? "does not take the consistency proof"
		: answer->status == 404 ? "does not know this board"
		: answer->status == 403 ? "does not take the board's signature"
					: "refuses",
	    answer->status);
	return 0;
}

/* Show it what it has not seen of this election: 1 if there was something. */
static int
look(struct asker *a, struct hosted *host)
{
	struct frozen *frozen = hosted_frozen(host);
	const struct head_signers signers = frozen_signers(frozen);
	const uint64_t known = a->known[host->topic].size;
	struct answer answer = { .status = 0 };
	struct buffer note = { 0 };
	struct round *round;
	uint64_t size = 0;
	size_t number = 0;
	int again = 0;

	if (signers.definition == NULL ||
	    (number = number_of(a, signers.definition)) == signers.definition->witness_count)
		goto out;
	(void)pthread_mutex_lock(&a->all->lock);
	round = round_of(a->all, host);
	if (round != NULL) {
		choose_head(round, host, &signers);
		if (round->size > 0 && round->size >= known &&
		    (round->witnessed >> number & 1) == 0) {
			size = round->size;
			buffer_add(&note, round->note.p, round->note.n);
		}
	}
	(void)pthread_mutex_unlock(&a->all->lock);
	if (size > 0 && buffer_result(&note) == R_GOOD &&
	    show(a, &answer, host, known, size, buffer_slice(&note)) == R_GOOD)
		again = take_answer(a, &answer, host, &signers, number, size);
out:
	buffer_free(&answer.body);
	buffer_free(&note);
	frozen_unref(frozen);
	return again;
}

/* Sleep for a moment; 1: it is time to end. */
static int
rest(struct witnesses *w, unsigned ms)
{
	struct timespec until;
	int stop;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&w->lock);
	if (!w->stop && ms > 0)
		(void)pthread_cond_clockwait(&w->stopped, &w->lock, CLOCK_MONOTONIC, &until);
	stop = w->stop;
	(void)pthread_mutex_unlock(&w->lock);
	return stop;
}

/* ---- on disk ---- */

/* Keep what is newer than what is on disk; at most once in a while, since each time costs the disk two
 * flushes, or `now`. */
static void
keep_heads(struct witnesses *w, bool now)
{
	struct buffer note = { 0 };
	struct hosted *host;
	struct round *round;
	uint64_t size;
	size_t i;

	for (i = 0; (host = hosts_at(w->hosts, i)) != NULL; i++) {
		buffer_clear(&note);
		(void)pthread_mutex_lock(&w->lock);
		round = w->round[host->topic];
		size = round != NULL ? round->full_size : 0;
		if (size > 0 && size > round->kept_size &&
		    (now || clock_now() - round->kept_ms >= KEEP_MS)) {
			buffer_add(&note, round->full.p, round->full.n);
			round->kept_size = size;
			round->kept_ms = clock_now();
		}
		(void)pthread_mutex_unlock(&w->lock);
		if (note.n > 0 && buffer_result(&note) == R_GOOD &&
		    witnessed_write(w->folder, &host->id, buffer_slice(&note)) != R_GOOD)
			log_event(w->log, LOG_WITNESS,
			    "a head with the lines of its witnesses could not be kept in %s",
			    w->folder);
	}
	buffer_free(&note);
}

/* Take up what this board had when it ended, if it holds. */
static enum result
take_up(struct witnesses *w, struct hosted *host)
{
	struct frozen *frozen = hosted_frozen(host);
	const struct head_signers signers = frozen_signers(frozen);
	struct buffer note = { 0 };
	struct checkpoint head;
	struct round *round;
	enum result r = R_GOOD;

	if (signers.definition == NULL || signers.definition->witness_count == 0)
		goto out;
	r = witnessed_read(w->folder, &host->id, &note);
	(void)pthread_mutex_lock(&w->lock);
	if (r == R_GOOD && head_open(&head, buffer_slice(&note), &signers) == R_GOOD &&
	    head_quorum(&head, signers.definition, NULL) == R_GOOD &&
	    head.size <= hosted_size(host) && (round = round_of(w, host)) != NULL) {
		buffer_add(&round->full, note.p, note.n);
		round->full_size = round->kept_size = round->size = head.size;
		round->note = note;
		round->witnessed = head.witnessed;
		note = (struct buffer){ 0 };
		r = buffer_result(&round->full);
	}
	(void)pthread_mutex_unlock(&w->lock);
	/* What cannot be read is asked for again. */
	r = r == R_NO_MEMORY ? r : R_GOOD;
out:
	buffer_free(&note);
	frozen_unref(frozen);
	return r;
}

static void *
ask_on(void *arg)
{
	struct asker *a = arg;
	struct hosted *host;
	int busy = 0;
	size_t i;

	while (!rest(a->all, busy ? 0 : LOOK_MS)) {
		busy = 0;
		for (i = 0;
		     clock_now() >= a->not_before_ms && (host = hosts_at(a->all->hosts, i)) != NULL;
		     i++)
			busy |= look(a, host);
		keep_heads(a->all, false);
	}
	return NULL;
}

/* ---- before anything is signed ---- */

static enum result
compare(struct asker *a, struct hosted *host, struct why *why)
{
	struct frozen *frozen = hosted_frozen(host);
	const struct head_signers signers = frozen_signers(frozen);
	struct answer answer = { .status = 0 };
	struct buffer note = { 0 };
	struct checkpoint head;
	uint64_t size;
	enum result r = R_GOOD;

	if (signers.definition == NULL ||
	    number_of(a, signers.definition) == signers.definition->witness_count)
		goto out;
	r = hosted_note(host, &note);
	if (r == R_GOOD && note.n == 0)
		goto out; /* nothing is signed for yet, so there is nothing to compare */
	if (r == R_GOOD)
		r = head_open(&head, buffer_slice(&note), &signers);
	if (r == R_GOOD)
		r = show(a, &answer, host, head.size, head.size, buffer_slice(&note));
	if (r == R_GOOD && answer.status == 0)
		log_event(a->all->log, LOG_WITNESS,
		    "witness %s could not be asked whether the database is up to date",
		    a->address.name);
	if (r != R_GOOD || answer.status != 409 || !read_size(&size, &answer))
		goto out;
	if (size > head.size)
		r = why_set(why, R_ROLLBACK,
		    "the witness %s has co-signed %" PRIu64
		    " entries of this board; the database holds %" PRIu64
		    "\nThe database is an older one. Put back the newest; signing on would be a "
		    "second history",
		    a->address.name, size, head.size);
	else if (size == head.size)
		r = why_set(why, R_EQUIVOCATION,
		    "the witness %s has co-signed another board of %" PRIu64
		    " entries\nThis is not the database that this board has signed for",
		    a->address.name, size);
out:
	buffer_free(&answer.body);
	buffer_free(&note);
	frozen_unref(frozen);
	return r;
}

enum result
witnesses_first(struct witnesses *w, struct why *why)
{
	struct hosted *host;
	enum result r = R_GOOD;
	size_t i, k;

	for (k = 0; r == R_GOOD && k < w->n; k++)
		for (i = 0; r == R_GOOD && (host = hosts_at(w->hosts, i)) != NULL; i++)
			r = compare(w->asker[k], host, why);
	return r;
}

/* ---- all of them ---- */

static enum result
add_asker(struct witnesses *w, const struct witness_address *address, struct why *why)
{
	struct asker *a;

	if (w->n == CHECKPOINT_WITNESSES_MAX)
		return why_set(why, R_BAD_INPUT, "there are more than %d witnesses",
		    CHECKPOINT_WITNESSES_MAX);
	if ((strncmp(address->url, "http://", 7) != 0 &&
		strncmp(address->url, "https://", 8) != 0) ||
	    strlen(address->url) > 1000)
		return why_set(why, R_BAD_INPUT, "the address of witness %s is no URL: %s",
		    address->name, address->url);
	a = calloc(1, sizeof *a);
	if (a == NULL)
		return R_NO_MEMORY;
	w->asker[w->n++] = a;
	a->all = w;
	a->address = *address;
	a->curl = curl_easy_init();
	return a->curl == NULL ? R_NO_MEMORY : R_GOOD;
}

enum result
witnesses_new(struct witnesses **out, struct hosts *hosts, const char *folder,
    const struct witness_address addresses[], size_t n, struct log *log,
    const struct store_options *store, struct why *why)
{
	struct witnesses *w = calloc(1, sizeof *w);
	enum result r = R_GOOD;
	size_t i;

	*out = NULL;
	if (w == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		free(w);
		return R_NO_MEMORY;
	}
	w->hosts = hosts;
	w->folder = folder;
	w->log = log;
	w->store = store;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->stopped, NULL);
	for (i = 0; r == R_GOOD && i < n; i++)
		r = add_asker(w, &addresses[i], why);
	if (r == R_GOOD)
		*out = w;
	else
		witnesses_free(w);
	return r;
}

enum result
witnesses_start(struct witnesses *w)
{
	struct hosted *host;
	enum result r = R_GOOD;
	size_t i;

	for (i = 0; r == R_GOOD && (host = hosts_at(w->hosts, i)) != NULL; i++)
		r = take_up(w, host);
	if (r != R_GOOD)
		return r;
	for (i = 0; i < w->n; i++) {
		if (pthread_create(&w->asker[i]->thread, NULL, ask_on, w->asker[i]) != 0)
			return R_NO_MEMORY;
		w->asker[i]->runs = true;
	}
	return R_GOOD;
}

void
witnesses_free(struct witnesses *w)
{
	size_t i;

	if (w == NULL)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->stop = true;
	(void)pthread_cond_broadcast(&w->stopped);
	(void)pthread_mutex_unlock(&w->lock);
	for (i = 0; i < w->n; i++)
		if (w->asker[i]->runs)
			(void)pthread_join(w->asker[i]->thread, NULL);
	keep_heads(w, true);
	for (i = 0; i < w->n; i++) {
		curl_easy_cleanup(w->asker[i]->curl);
		store_free(w->asker[i]->store);
		free(w->asker[i]);
	}
	for (i = 0; i < HOSTS_MAX; i++)
		if (w->round[i] != NULL) {
			buffer_free(&w->round[i]->note);
			buffer_free(&w->round[i]->full);
			free(w->round[i]);
		}
	(void)pthread_cond_destroy(&w->stopped);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

enum result
witnesses_note(struct witnesses *w, struct hosted *host, struct buffer *out)
{
	struct frozen *frozen = hosted_frozen(host);
	const struct definition *d = frozen_definition(frozen);
	struct round *round;
	size_t before = out->n;

	if (d == NULL || d->witness_count == 0)
		(void)hosted_note(host, out);
	else {
		(void)pthread_mutex_lock(&w->lock);
		round = round_of(w, host);
		if (round != NULL)
			buffer_add(out, round->full.p, round->full.n);
		(void)pthread_mutex_unlock(&w->lock);
	}
	frozen_unref(frozen);
	if (buffer_result(out) != R_GOOD)
		return buffer_result(out);
	return out->n > before ? R_GOOD : R_NOT_FOUND;
}
