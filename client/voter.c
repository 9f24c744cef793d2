#include "client/voter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/file.h"
#include "crypto/base64.h"
#include "crypto/mem.h"

#define SENT_MOST ((size_t)1 << 28)

/* Public key of the secret, encoded. */
static enum result
set_key(struct voter *v)
{
	const struct group *g = svec_group(v->x);
	struct gvec *base = NULL, *X = NULL;
	enum result r = gvec_new(&base, g, 1);

	v->X_len = group_element_bytes(g);
	v->X = malloc(v->X_len);
	if (r == R_GOOD)
		r = v->X == NULL ? R_NO_MEMORY : gvec_new(&X, g, 1);
	if (r == R_GOOD) {
		gvec_set_generator(base);
		r = gvec_pow_fixed(X, base, v->x, NULL);
	}
	if (r == R_GOOD)
		r = gvec_encode(v->X, v->X_len, X, NULL);
	gvec_free(base);
	gvec_free(X);
	return r;
}

/* ---- the journal of what was sent ---- */

/* A line of the journal is a record, or the note that the board has refused the one before it. */
#define REFUSED "{\"refused\":\""

struct sent {
	struct buffer text;
	struct slice last;      /* the last record of this line; empty: there is none */
	struct digest hash;     /* its hash */
	struct digest tracker;  /* its tracker, if it is a ballot */
	int is_ballot, refused; /* of the last one */
	int continued;          /* 1: the board's last record of this line is one of ours */
};

/* Call `each` for every record in the journal, or with NULL for a refusal and its hash. */
typedef void sent_each(void *ctx, const struct record *record, struct slice line,
    const struct digest *refused);

static enum result
each_sent(const struct workspace *w, struct buffer *text, sent_each *each, void *ctx,
    struct why *why)
{
	char *path = workspace_path(w, "sent.ndjson");
	enum result r = path == NULL ? R_NO_MEMORY : R_GOOD;
	size_t at = 0, prefix = sizeof REFUSED - 1;
	struct digest refused;
	const uint8_t *end;

	if (r == R_GOOD && file_exists(path))
		r = file_read(text, path, SENT_MOST, why);
	free(path);
	while (r == R_GOOD && at < text->n) {
		struct slice line = { text->p + at, 0 };
		struct record *record;

		end = memchr(line.p, '\n', text->n - at);
		if (end == NULL)
			break; /* torn: it was never sent */
		line.n = (size_t)(end - line.p);
		at += line.n + 1;
		if (line.n == prefix + 66 && memcmp(line.p, REFUSED, prefix) == 0 &&
		    hex_decode(refused.b, sizeof refused.b,
			(struct slice){ line.p + prefix, 64 }) == R_GOOD)
			each(ctx, NULL, line, &refused);
		else if (record_parse(&record, NULL, line, NULL) == R_GOOD) {
			if (digest_equal(&record->election, &w->election))
				each(ctx, record, line, NULL);
			record_free(record);
		} /* else torn by a crash and written over */
	}
	return r;
}

struct find_last {
	const struct voter *v;
	const struct digest *board;
	struct sent *sent;
};

static void
find_last(void *ctx, const struct record *record, struct slice line, const struct digest *refused)
{
	const struct find_last *f = ctx;
	struct sent *s = f->sent;

	if (record == NULL) {
		if (s->last.n > 0 && digest_equal(refused, &s->hash))
			s->refused = 1;
	} else if (slice_equal(record->by, (struct slice){ f->v->X, f->v->X_len })) {
		s->last = line;
		s->hash = record->hash;
		s->is_ballot = record->type == RECORD_BALLOT;
		s->tracker = record->tracker;
		s->refused = 0;
		s->continued |= digest_equal(&record->hash, f->board);
	}
}

static enum result
keep_line(const struct voter *v, struct slice text, struct why *why)
{
	char *path = workspace_path(v->w, "sent.ndjson");
	struct buffer line = { 0 };
	enum result r = path == NULL ? R_NO_MEMORY : R_GOOD;

	buffer_add(&line, "\n", 1); /* ends a torn line of an earlier crash */
	buffer_add(&line, text.p, text.n);
	buffer_add(&line, "\n", 1);
	if (r == R_GOOD)
		r = buffer_result(&line);
	if (r == R_GOOD)
		r = file_append(path, buffer_slice(&line), 0600, why);
	buffer_free(&line);
	free(path);
	return r;
}

static enum result
keep_refused(const struct voter *v, struct slice record)
{
	char line[sizeof REFUSED + 66];
	struct digest hash;
	size_t n = sizeof REFUSED - 1;

	sha256(&hash, record.p, record.n);
	memcpy(line, REFUSED, n);
	(void)hex_encode(line + n, hash.b, sizeof hash.b);
	memcpy(line + n + 64, "\"}", 3);
	return keep_line(v, slice_of(line), NULL);
}

/* ---- receipts ---- */

#define RECEIPT_MOST ((size_t)64 << 20)

static char *
receipt_path(const struct voter *v, const struct digest *tracker)
{
	char *dir = workspace_path(v->w, "receipts"), name[80], *path;

	(void)hex_encode(name, tracker->b, 20);
	(void)snprintf(name + 40, sizeof name - 40, ".json");
	path = dir == NULL ? NULL : file_path(dir, name);
	free(dir);
	return path;
}

static enum result
keep_receipt(const struct voter *v, const struct digest *tracker, struct slice receipt,
    struct why *why)
{
	char *dir = workspace_path(v->w, "receipts"), *path = receipt_path(v, tracker);
	enum result r = dir == NULL || path == NULL ? R_NO_MEMORY : file_make_dir(dir, 0700, why);

	if (r == R_GOOD)
		r = file_write(path, receipt, 0600, why);
	free(path);
	free(dir);
	return r;
}

/* Post a record that has been kept, check the receipt and keep that. *refused: the board has
 * said no. */
static enum result
deliver(struct voter *v, struct slice record, const struct digest *tracker, int *refused,
    struct why *why)
{
	struct buffer receipt = { 0 };
	enum result r = board_post(v->w->board, &receipt, &v->w->election, record, why);

	*refused = r != R_GOOD && result_exit(r) == 1;
	/* It must not be sent again by itself when the board might take it. */
	if (*refused)
		(void)keep_refused(v, record);
	if (r == R_GOOD)
		r = mirror_check_receipt(&v->w->mirror, buffer_slice(&receipt), record, why);
	if (r == R_GOOD && tracker != NULL)
		r = keep_receipt(v, tracker, buffer_slice(&receipt), why);
	buffer_free(&receipt);
	return r;
}

/* ---- opening ---- */

/* Has the last record that was sent been answered? A ballot that was has its receipt. */
static int
answered(const struct voter *v, const struct sent *sent, const struct digest *board)
{
	char *path;
	int there;

	if (sent->refused || sent->last.n == 0)
		return 1;
	if (!sent->is_ballot)
		return digest_equal(&sent->hash, board);
	path = receipt_path(v, &sent->tracker);
	there = path != NULL && file_exists(path);
	free(path);
	return there;
}

/* Where the chain of the line stands on the board and in our journal. */
static enum result
find_prev(struct voter *v, struct why *why)
{
	struct sent sent = { 0 };
	struct digest board;
	struct find_last f = { v, &board, &sent };
	char text[RECORD_TRACKER_TEXT];
	enum result r = rules_line_prev(v->w->mirror.rules, v->line, &board);
	int refused = 0;

	if (r == R_GOOD)
		r = each_sent(v->w, &sent.text, find_last, &f, why);
	if (r == R_GOOD && !answered(v, &sent, &board)) {
		/* Kept, but did it arrive? Sending it again is harmless. */
		r = deliver(v, sent.last, sent.is_ballot ? &sent.tracker : NULL, &refused, why);
		if (r == R_GOOD) {
			board = sent.hash;
			sent.continued = 1;
			r = mirror_sync(&v->w->mirror, 0, NULL, why);
		}
		if (r == R_GOOD && sent.is_ballot) {
			record_tracker_print(text, &sent.tracker);
			(void)fprintf(stderr,
			    "The ballot that was sent last time without an answer is on the "
			    "board:\n  tracker  %s\n",
			    text);
		}
		if (refused)
			r = R_GOOD; /* it did not arrive and no longer can */
		if (r == R_GOOD)
			r = rules_line_prev(v->w->mirror.rules, v->line, &board);
	}
	if (r == R_GOOD) {
		v->prev = board;
		v->foreign = !sent.continued && !digest_is_zero(&board);
	}
	buffer_free(&sent.text);
	return r;
}

enum result
voter_open(struct voter *v, struct workspace *w, struct svec *x, struct why *why)
{
	const struct frozen *f = mirror_now(&w->mirror);
	enum result r;

	memset(v, 0, sizeof *v);
	v->w = w;
	v->x = x;
	if (frozen_phase(f) != PHASE_OPEN) {
		r = why_set(why, R_STATE, "the election is not open yet\nTry again when it is");
		goto out;
	}
	r = set_key(v);
	if (r != R_GOOD)
		goto out;
	r = roll_find(frozen_roll(f), (struct slice){ v->X, v->X_len }, &v->line);
	if (r == R_NOT_ON_ROLL)
		(void)why_set(why, r,
		    "this credential is not on the roll of this election\nIs it the code for this "
		    "election, and the whole of it? Otherwise ask your registrar");
	if (r == R_GOOD)
		r = find_prev(v, why);
out:
	if (r != R_GOOD)
		voter_close(v);
	return r;
}

void
voter_close(struct voter *v)
{
	svec_free(v->x);
	free(v->X);
	memset(v, 0, sizeof *v);
}

void
voter_place(const struct voter *v, struct ballot_place *place)
{
	const struct frozen *f = mirror_now(&v->w->mirror);

	place->group = frozen_definition(f)->group;
	place->election = &v->w->election;
	place->open = frozen_open(f);
	place->y = frozen_key_bytes(f);
	place->line = v->line;
	place->X = (struct slice){ v->X, v->X_len };
	place->prev = &v->prev;
}

enum result
voter_name(const struct voter *v, const char **name, struct arena *arena, struct why *why)
{
	const struct frozen *f = mirror_now(&v->w->mirror);
	struct roll_line line = { 0 };
	struct blob blob = { 0 };
	enum result r =
	    source_blob(mirror_source(&v->w->mirror), &frozen_roll_body(f)->blob, &blob);

	if (r == R_GOOD)
		r = roll_line_read(&line, arena, roll_blob_line(blob.bytes, v->line),
		    frozen_definition(f), why);
	if (r == R_GOOD)
		*name = line.has_name ? line.name : "(a name that the roll does not show)";
	blob_release(&blob);
	return r;
}

/* ---- whose line it is ---- */

/* Look for a name on the roll. */
static enum result
find_name(const struct workspace *w, const char *name, int *found, struct why *why)
{
	const struct frozen *f = mirror_now(&w->mirror);
	struct blob blob = { 0 };
	enum result r = source_blob(mirror_source(&w->mirror), &frozen_roll_body(f)->blob, &blob);
	struct slice rest = blob.bytes;

	*found = 0;
	while (r == R_GOOD && rest.n > 0 && !*found) {
		const uint8_t *end = memchr(rest.p, '\n', rest.n);
		struct slice text = { rest.p, end != NULL ? (size_t)(end - rest.p) : rest.n };
		struct arena arena = { 0 };
		struct roll_line line = { 0 };

		r = roll_line_read(&line, &arena, text, frozen_definition(f), why);
		*found = r == R_GOOD && line.has_name && strcmp(line.name, name) == 0;
		arena_free(&arena);
		rest.p += text.n;
		rest.n -= text.n;
		if (rest.n > 0) {
			rest.p++;
			rest.n--;
		}
	}
	blob_release(&blob);
	return r;
}

enum result
voter_not_on_roll(const struct workspace *w, const char *name, struct why *why)
{
	int found = 0;
	enum result r = find_name(w, name, &found, why);

	if (r != R_GOOD)
		return r;
	if (found)
		return why_set(why, R_KEY_NOT_MINE,
		    "the roll has a line for %s, but with another key than yours\nNothing was "
		    "sent. "
		    "Tell your registrar and the organiser: somebody else could vote in your name",
		    name);
	return why_set(why, R_NOT_ON_ROLL,
	    "neither this credential nor the name %s is on the roll of this election\nAsk your "
	    "registrar",
	    name);
}

enum result
voter_check_name(const struct voter *v, const char *name, struct why *why)
{
	struct arena arena = { 0 };
	const char *found = "";
	enum result r = voter_name(v, &found, &arena, why);

	if (r == R_GOOD && strcmp(found, name) != 0)
		r = why_set(why, R_KEY_NOT_MINE,
		    "this credential stands on the roll for %s, not for %s\nNothing was sent. Tell "
		    "your registrar and the organiser",
		    found, name);
	arena_free(&arena);
	return r;
}

/* ---- sending ---- */

enum result
voter_send(struct voter *v, struct slice record, const struct digest *tracker, struct why *why)
{
	struct why first = { 0 };
	int refused = 0;
	enum result r = keep_line(v, record, why);

	if (r != R_GOOD)
		return r;
	r = deliver(v, record, tracker, &refused, &first);
	if (r == R_GOOD)
		sha256(&v->prev, record.p, record.n);
	else if (refused || result_exit(r) == 1)
		*why = first;
	else
		r = why_set(why, r,
		    "%s\nIt is not known whether it was stored. It is kept in %s: run this command "
		    "again, which sends it first if the board does not have it",
		    first.text[0] != '\0' ? first.text : result_text(r), v->w->dir);
	return r;
}

enum result
voter_confirm(struct voter *v, const struct digest *tracker, unsigned wait_ms, struct why *why)
{
	struct buffer receipt = { 0 };
	char *path = receipt_path(v, tracker);
	enum result r = path == NULL ? R_NO_MEMORY : file_read(&receipt, path, RECEIPT_MOST, why);

	if (r == R_GOOD)
		r = mirror_witness_receipt(&v->w->mirror, &receipt, wait_ms, why);
	if (r == R_GOOD)
		r = file_write(path, buffer_slice(&receipt), 0600, why);
	free(path);
	buffer_free(&receipt);
	return r;
}

/* ---- own trackers ---- */

struct own {
	struct digest *trackers;
	size_t n, room;
	int failed;
};

static void
add_own(void *ctx, const struct record *record, struct slice line, const struct digest *refused)
{
	struct own *own = ctx;
	struct digest *more;

	(void)line, (void)refused;
	if (record == NULL || record->type != RECORD_BALLOT)
		return;
	if (own->n == own->room) {
		more = reallocarray(own->trackers, own->room * 2 + 16, sizeof *more);
		if (more == NULL) {
			own->failed = 1;
			return;
		}
		own->trackers = more;
		own->room = own->room * 2 + 16;
	}
	own->trackers[own->n++] = record->tracker;
}

enum result
voter_own_trackers(const struct workspace *w, struct digest **out, size_t *n, struct why *why)
{
	struct buffer text = { 0 };
	struct own own = { 0 };
	enum result r = each_sent(w, &text, add_own, &own, why);

	buffer_free(&text);
	if (r == R_GOOD && own.failed)
		r = R_NO_MEMORY;
	if (r != R_GOOD) {
		free(own.trackers);
		own.trackers = NULL;
		own.n = 0;
	}
	*out = own.trackers;
	*n = own.n;
	return r;
}
