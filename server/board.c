#include "server/board.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "server/store_blob.h"

#define BALLOTS_WAITING 8192 /* about a second of them */
#define BALLOTS_BYTES ((size_t)64 << 20)
#define APPEND_WAITING 2048
#define APPEND_BYTES ((size_t)32 << 20)
#define LONGS_WAITING 256
#define LONGS_BYTES ((size_t)64 << 20)
#define MAPPED_FROM (16u << 20) /* bytes of a blob */
#define CLERKS 3
#define RETRY_MS 1000 /* for connecting, once it runs: nobody is kept waiting for long */
#define ERRANDS_WAITING 8192
#define STOP_MS 10000
#define UNNAMED_SECONDS 86400 /* what nothing names is dropped after a day */

/* ---- the database as a source ---- */

struct line_call {
	source_each *each;
	void *arg;
};

static enum result
pass_line(void *ctx, uint64_t seq, struct slice line)
{
	const struct line_call *call = ctx;

	return call->each(call->arg, seq, line);
}

static enum result
source_entries(void *ctx, uint64_t from, uint64_t to, source_each *each, void *arg)
{
	const struct board_source *s = ctx;
	struct line_call call = { each, arg };
	enum result r =
	    store_lines(s->store, s->host->key, from, to - from, pass_line, &call, NULL);

	return r == R_NOT_FOUND ? R_MISSING_ENTRY : r;
}

/* A blob lies in a file that nobody else sees, below the board's folder, and is mapped: the
 * kernel keeps as much of it in memory as there is room for, and what has been read is let
 * go. */
struct mapped {
	uint8_t *bytes;
	size_t n;
};

static void
unmap(void *owner)
{
	struct mapped *m = owner;

	(void)munmap(m->bytes, m->n);
	free(m);
}

static void
let_go(void *owner, size_t n)
{
	const struct mapped *m = owner;
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)madvise(m->bytes, n / page * page, MADV_DONTNEED);
}

static enum result
copy_blob(int fd, struct store *store, const struct store_blob *blob)
{
	uint8_t *piece = malloc(STORE_CHUNK);
	enum result r = piece == NULL ? R_NO_MEMORY : R_GOOD;
	uint64_t at;
	size_t n;

	for (at = 0; r == R_GOOD && at < blob->size; at += n) {
		n = blob->size - at < STORE_CHUNK ? (size_t)(blob->size - at) : STORE_CHUNK;
		r = store_blob_read(store, piece, blob, at, n, NULL);
		if (r == R_GOOD && write(fd, piece, n) != (ssize_t)n)
			r = R_NO_DISK;
	}
	free(piece);
	return r == R_NOT_FOUND ? R_MISSING_BLOB : r;
}

static enum result
map_blob(const struct board_source *s, const struct store_blob *blob, struct blob *out)
{
	struct mapped *m = calloc(1, sizeof *m);
	int fd = open(s->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	enum result r = m == NULL ? R_NO_MEMORY : fd < 0 ? R_NO_DISK : R_GOOD;

	if (r == R_GOOD)
		r = copy_blob(fd, s->store, blob);
	if (r == R_GOOD) {
		m->n = (size_t)blob->size;
		m->bytes = mmap(NULL, m->n, PROT_READ, MAP_SHARED, fd, 0);
		if (m->bytes == MAP_FAILED)
			r = R_NO_MEMORY;
	}
	if (fd >= 0)
		(void)close(fd);
	if (r != R_GOOD) {
		free(m);
		return r;
	}
	*out = (struct blob){ .bytes = { m->bytes, m->n },
		.release = unmap,
		.passed = let_go,
		.owner = m };
	return R_GOOD;
}

static enum result
source_blob_read(void *ctx, const struct digest *id, struct blob *out)
{
	const struct board_source *s = ctx;
	struct store_blob blob;
	uint8_t *bytes;
	enum result r;

	memset(out, 0, sizeof *out);
	r = store_blob_find(s->store, &blob, s->host->key, id, NULL);
	if (r != R_GOOD)
		return r == R_NOT_FOUND ? R_MISSING_BLOB : r;
	if (blob.size > MAPPED_FROM)
		return map_blob(s, &blob, out);
	bytes = malloc(blob.size > 0 ? (size_t)blob.size : 1);
	if (bytes == NULL)
		return R_NO_MEMORY;
	r = store_blob_read(s->store, bytes, &blob, 0, (size_t)blob.size, NULL);
	if (r != R_GOOD) {
		free(bytes);
		return r == R_NOT_FOUND ? R_MISSING_BLOB : r;
	}
	out->bytes.p = bytes;
	out->bytes.n = (size_t)blob.size;
	out->release = free;
	out->owner = bytes;
	return R_GOOD;
}

void
board_source_set(struct board_source *s, const struct board *b, struct store *store,
    struct hosted *host)
{
	s->folder = b->config.folder;
	s->store = store;
	s->host = host;
	s->source.ctx = s;
	s->source.entries = source_entries;
	s->source.blob = source_blob_read;
}

/* ---- start ---- */

struct load {
	struct board *board;
	struct why *why;
};

static enum result
add_election(void *ctx, struct store_election key, const struct digest *id)
{
	struct load *l = ctx;
	struct hosted *h;
	enum result r = hosts_get(l->board->hosts, &h, id);

	if (r == R_GOOD)
		h->key = key;
	return r;
}

/* How this board reads what is stored. */
static void
set_reading(struct hosted_reading *reading, struct board *b, struct board_source *source,
    enum rules_mode mode, const struct effort *effort)
{
	*reading = (struct hosted_reading){ .store = source->store,
		.options = &b->config.store,
		.source = &source->source,
		.mode = mode,
		.effort = effort,
		.mark = b->mark };
}

/* A board that has signed for something has a mark. */
static enum result
needs_mark(const struct board *b, const struct hosted *h, struct why *why)
{
	const struct head_signers signers = frozen_signers(rules_now(h->rules));
	char hex[65];

	if (h->signed_frontier.size == 0 ||
	    board_key(b, head_signer(&signers, h->signed_frontier.size)) == NULL)
		return R_GOOD;
	(void)hex_encode(hex, h->id.b, sizeof h->id.b);
	return why_set(why, R_ROLLBACK,
	    "%s/board.mark is missing, but this board's key has signed for election %s: nobody "
	    "knows whether the database still holds all that it signed for"
	    "\nPut board.mark back, or copy it with board.key from a board on the same database. "
	    "If "
	    "it is gone for good, compare this database's heads with those that others keep, then: "
	    "tabellad --make-mark",
	    b->config.folder, hex);
}

/* The mark, once it is known that there may be a new one. */
static enum result
make_mark(struct board *b, struct why *why)
{
	struct hosted *h;
	enum result r = R_GOOD;
	size_t i;

	if (b->mark != NULL)
		return R_GOOD;
	for (i = 0; r == R_GOOD && (h = hosts_at(b->hosts, i)) != NULL; i++)
		r = needs_mark(b, h, why);
	return r == R_GOOD ? mark_open(&b->mark, b->config.folder, true, why) : r;
}

/* An election that this board has signed for must be in the database. */
static enum result
must_be_here(void *ctx, const struct digest *election, const struct mark_head *head)
{
	struct load *l = ctx;
	const struct hosted *h = hosts_find(l->board->hosts, election);
	char hex[65];

	if (h != NULL && h->frontier.size >= head->size)
		return R_GOOD;
	(void)hex_encode(hex, election->b, sizeof election->b);
	return why_set(l->why, R_ROLLBACK,
	    "the database does not hold election %s, of which this board has signed for %llu "
	    "entries"
	    "\nGive the board the database that it had",
	    hex, (unsigned long long)head->size);
}

enum result
board_load(struct board *b, struct store *store, enum rules_mode mode, struct why *why)
{
	struct load l = { b, why };
	enum result r = store_elections(store, add_election, &l, why);
	struct hosted_reading reading;
	struct effort effort = { 0 };
	struct board_source s;
	struct hosted *h;
	size_t i;

	for (i = 0; r == R_GOOD && (h = hosts_at(b->hosts, i)) != NULL; i++) {
		board_source_set(&s, b, store, h);
		set_reading(&reading, b, &s, mode, &effort);
		r = hosted_load(h, &reading, why);
	}
	return r;
}

enum result
board_load_more(struct board *b, struct store *store, struct hosted *h, struct why *why)
{
	struct effort effort = { .threads = 1 };
	struct hosted_reading reading;
	struct board_source s;
	enum result r;

	board_source_set(&s, b, store, h);
	set_reading(&reading, b, &s, RULES_VERIFY, &effort);
	r = hosted_load(h, &reading, why);
	if (r != R_GOOD && result_exit(r) != 3) {
		h->lost = true;
		log_event(b->config.log, LOG_SECURITY,
		    "what stands in the database cannot be followed, nothing is taken in for this "
		    "election any more: %s: %s",
		    result_name(r), why->text);
	} else if (r != R_GOOD && r != R_NO_DATABASE)
		log_event(b->config.log, LOG_STORE,
		    "what another board has appended cannot be read yet: %s", result_text(r));
	return r;
}

const struct sign_key *
board_key(const struct board *b, const struct sign_public *public)
{
	size_t i;

	for (i = 0; i < b->config.key_count; i++)
		if (memcmp(b->config.publics[i].b, public->b, sizeof public->b) == 0)
			return &b->config.keys[i];
	return NULL;
}

const struct sign_public *
board_public(const struct board *b)
{
	return &b->config.publics[b->config.key_count - 1];
}

static enum result
set_name(struct board *b, const struct board_config *config, struct why *why)
{
	struct checkpoint_board signer;
	enum result r;

	if (strlen(config->name) > NOTE_NAME_MAX)
		return why_set(why, R_BAD_INPUT, "the board's name is too long");
	memcpy(b->name, config->name, strlen(config->name) + 1);
	r = checkpoint_board_set(&signer, b->name, &config->publics[0]);
	if (r != R_GOOD)
		return why_set(why, r, "\"%s\" cannot be the name of a board", config->name);
	return R_GOOD;
}

/* What the board serves must be its own. */
static enum result
must_be_ours(struct board *b, const struct hosted *h, struct why *why)
{
	const struct head_signers signers = frozen_signers(rules_now(h->rules));
	const struct definition *d = signers.definition;
	char hex[65];

	if (d == NULL ||
	    (strcmp(d->board.name, b->name) == 0 &&
		board_key(b, head_signer(&signers, UINT64_MAX)) != NULL))
		return R_GOOD;
	/* Its key is lost; the next one is there for the organiser to name. */
	if (strcmp(d->board.name, b->name) == 0 && b->config.key_count > 1) {
		log_event(b->config.log, LOG_SECURITY,
		    "an election's key is not here: it can be read, and its key be replaced");
		b->orphans = true;
		return R_GOOD;
	}
	(void)hex_encode(hex, h->id.b, sizeof h->id.b);
	return why_set(why, R_WRONG_KEY,
	    "the database holds election %s of the board \"%s\", which has another key or name "
	    "than "
	    "this one\nGive the board its own board.key, --name and database",
	    hex, d->board.name);
}

static enum result
make_segments(struct board *b)
{
	char *folder;
	enum result r;

	if (asprintf(&folder, "%s/segments", b->config.folder) < 0)
		return R_NO_MEMORY;
	r = segments_new(&b->segments, folder, b->config.log, &b->meter);
	free(folder);
	return r;
}

static enum result
make_parts(struct board *b)
{
	enum result r = hosts_new(&b->hosts);

	if (r == R_GOOD)
		r = docket_new(&b->docket);
	if (r == R_GOOD)
		r = queue_new(&b->ballots, BALLOTS_WAITING, BALLOTS_BYTES);
	if (r == R_GOOD)
		r = queue_new(&b->longs, LONGS_WAITING, LONGS_BYTES);
	if (r == R_GOOD)
		r = queue_new(&b->append, APPEND_WAITING, APPEND_BYTES);
	if (r == R_GOOD)
		r = pace_new(&b->lines, (struct pace_rule){ PACE_LINE_BURST, PACE_LINE_MS });
	if (r == R_GOOD)
		r = pace_new(&b->addresses,
		    (struct pace_rule){ PACE_ADDRESS_BURST, PACE_ADDRESS_MS });
	if (r == R_GOOD)
		r = make_segments(b);
	return r;
}

static enum result
start_threads(struct board *b)
{
	if (pthread_create(&b->ballot_thread, NULL, verify_ballots, b) != 0)
		return R_NO_MEMORY;
	b->threads++;
	if (pthread_create(&b->long_thread, NULL, verify_longs, b) != 0)
		return R_NO_MEMORY;
	b->threads++;
	if (pthread_create(&b->append_thread, NULL, append_records, b) != 0)
		return R_NO_MEMORY;
	b->threads++;
	return R_GOOD;
}

enum result
board_start(struct board *b, const struct board_config *config, struct why *why)
{
	struct listen_app app = api_app;
	struct load l = { b, why };
	struct store *store = NULL;
	struct hosted *h;
	enum result r;
	size_t i;

	memset(b, 0, sizeof *b);
	b->config = *config;
	r = set_name(b, config, why);
	b->config.name = b->name;
	if (r == R_GOOD)
		r = make_parts(b);
	if (r == R_GOOD)
		r = mark_open(&b->mark, config->folder, false, why);
	if (r == R_GOOD || r == R_NOT_FOUND)
		r = store_open(&store, &config->store, why);
	if (r == R_GOOD)
		r = board_load(b, store, RULES_REPLAY, why);
	for (i = 0; r == R_GOOD && (h = hosts_at(b->hosts, i)) != NULL; i++)
		r = must_be_ours(b, h, why);
	if (r == R_GOOD)
		r = make_mark(b, why);
	if (r == R_GOOD)
		r = mark_each(b->mark, must_be_here, &l);
	if (r == R_GOOD)
		r = witnesses_new(&b->witnesses, b->hosts, config->folder, config->witnesses,
		    config->witness_count, config->log, &config->store, why);
	if (r == R_GOOD)
		r = witnesses_first(b->witnesses, why);
	/* Another board on this database may have gone on in the meantime. */
	if (r == R_ROLLBACK && b->witnesses != NULL &&
	    board_load(b, store, RULES_REPLAY, NULL) == R_GOOD)
		r = witnesses_first(b->witnesses, why);
	store_free(store);
	b->config.store.retry_ms = RETRY_MS;
	if (r == R_GOOD)
		r = clerks_new(&b->clerks, CLERKS, ERRANDS_WAITING, &b->config.store);
	app.ctx = b;
	if (r == R_GOOD)
		r = listen_new(&b->listen, &config->listen, &app, why);
	if (r == R_GOOD)
		r = start_threads(b);
	if (r == R_GOOD)
		r = witnesses_start(b->witnesses);
	if (r == R_GOOD && config->time_stamps != NULL)
		r = stamps_new(&b->stamps, b->hosts, b->config.folder, config->time_stamps,
		    config->log, why);
	if (r == R_GOOD && b->stamps != NULL)
		r = stamps_start(b->stamps);
	if (r == R_GOOD)
		r = listen_start(b->listen);
	if (r != R_GOOD)
		board_stop(b);
	return r;
}

void
board_stop(struct board *b)
{
	size_t i;

	if (b->listen != NULL)
		listen_stop(b->listen, STOP_MS);
	atomic_store(&b->stopping, true);
	/* Verifiers feed the append thread, so they end first. */
	if (b->threads > 0) {
		queue_close(b->ballots);
		(void)pthread_join(b->ballot_thread, NULL);
	}
	if (b->threads > 1) {
		queue_close(b->longs);
		(void)pthread_join(b->long_thread, NULL);
	}
	if (b->threads > 2) {
		queue_close(b->append);
		(void)pthread_join(b->append_thread, NULL);
	}
	witnesses_free(b->witnesses);
	stamps_free(b->stamps);
	if (b->clerks != NULL)
		clerks_stop(b->clerks);
	listen_free(b->listen);
	clerks_free(b->clerks);
	queue_free(b->ballots);
	queue_free(b->longs);
	queue_free(b->append);
	docket_free(b->docket);
	pace_free(b->lines);
	pace_free(b->addresses);
	segments_free(b->segments);
	hosts_free(b->hosts);
	mark_close(b->mark);
	for (i = 0; i < BOARD_KEYS_MAX; i++)
		sign_key_wipe(&b->config.keys[i]);
	memset(b, 0, sizeof *b);
}

void
board_tidy(struct board *b)
{
	struct store *store = NULL;
	struct why why = { 0 };
	uint64_t dropped = 0;
	enum result r = store_open(&store, &b->config.store, &why);

	if (r == R_GOOD)
		r = store_blob_expire(store, &dropped, UNNAMED_SECONDS, &why);
	store_free(store);
	if (r != R_GOOD)
		log_event(b->config.log, LOG_STORE, "old uploads could not be dropped: %s",
		    why.text);
	else if (dropped > 0)
		log_event(b->config.log, LOG_ELECTION, "%llu uploads that nothing names dropped",
		    (unsigned long long)dropped);
}
