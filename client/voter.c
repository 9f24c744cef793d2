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

struct sent {
	struct buffer text;
	struct slice last;  /* the last record of this line */
	struct digest hash; /* its hash; zeros without one */
	size_t count;       /* records of this line */
};

/* Read the records of this line. A torn last line was never sent. */
static enum result
read_sent(const struct voter *v, struct sent *s, struct why *why)
{
	struct slice X = { v->X, v->X_len };
	char *path = workspace_path(v->w, "sent.ndjson");
	const uint8_t *end;
	size_t at = 0;
	enum result r = path == NULL ? R_NO_MEMORY : R_GOOD;

	memset(s, 0, sizeof *s);
	if (r == R_GOOD && file_exists(path))
		r = file_read(&s->text, path, SENT_MOST, why);
	free(path);
	while (r == R_GOOD && at < s->text.n) {
		struct slice line = { s->text.p + at, 0 };
		struct record *record;

		end = memchr(line.p, '\n', s->text.n - at);
		if (end == NULL)
			break;
		line.n = (size_t)(end - line.p);
		at += line.n + 1;
		if (record_parse(&record, NULL, line, NULL) != R_GOOD)
			continue; /* torn in the middle by a crash and written over */
		if (slice_equal(record->by, X) &&
		    digest_equal(&record->election, &v->w->election)) {
			s->last = line;
			s->hash = record->hash;
			s->count++;
		}
		record_free(record);
	}
	return r;
}

static enum result
keep_sent(const struct voter *v, struct slice record, struct why *why)
{
	char *path = workspace_path(v->w, "sent.ndjson");
	struct buffer line = { 0 };
	enum result r = path == NULL ? R_NO_MEMORY : R_GOOD;

	buffer_add(&line, "\n", 1); /* ends a torn line of an earlier crash */
	buffer_add(&line, record.p, record.n);
	buffer_add(&line, "\n", 1);
	if (r == R_GOOD)
		r = buffer_result(&line);
	if (r == R_GOOD)
		r = file_append(path, buffer_slice(&line), 0600, why);
	buffer_free(&line);
	free(path);
	return r;
}

/* ---- opening ---- */

/* Where the chain of the line stands on the board and in our journal. */
static enum result
find_prev(struct voter *v, struct why *why)
{
	struct sent sent;
	struct digest board;
	enum result r = read_sent(v, &sent, why);

	if (r == R_GOOD)
		r = rules_line_prev(v->w->mirror.rules, v->line, &board);
	if (r == R_GOOD && sent.count > 0 && !digest_equal(&sent.hash, &board)) {
		/* Kept, but did it arrive? Sending it again is harmless. */
		r = mirror_send(&v->w->mirror, sent.last, NULL, why);
		if (r == R_BAD_PREV || r == R_STATE || r == R_CLOSED || r == R_LATE_BALLOT ||
		    r == R_CHALLENGED)
			r = R_GOOD; /* it did not and no longer can */
		if (r == R_GOOD)
			r = rules_line_prev(v->w->mirror.rules, v->line, &board);
	}
	if (r == R_GOOD) {
		v->prev = board;
		v->foreign =
		    sent.count == 0 ? !digest_is_zero(&board) : !digest_equal(&sent.hash, &board);
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

/* ---- sending ---- */

static enum result
keep_receipt(const struct voter *v, const struct digest *tracker, struct slice receipt,
    struct why *why)
{
	char *dir = workspace_path(v->w, "receipts"), name[80], *path = NULL;
	enum result r = dir == NULL ? R_NO_MEMORY : file_make_dir(dir, 0700, why);

	(void)hex_encode(name, tracker->b, 20);
	(void)snprintf(name + 40, sizeof name - 40, ".json");
	if (r == R_GOOD) {
		path = file_path(dir, name);
		r = path == NULL ? R_NO_MEMORY : file_write(path, receipt, 0600, why);
	}
	free(path);
	free(dir);
	return r;
}

enum result
voter_send(struct voter *v, struct slice record, const struct digest *tracker, struct why *why)
{
	struct buffer receipt = { 0 };
	enum result r = keep_sent(v, record, why);

	if (r == R_GOOD)
		r = board_post(v->w->board, &receipt, &v->w->election, record, why);
	if (r == R_GOOD)
		r = mirror_check_receipt(&v->w->mirror, buffer_slice(&receipt), record, why);
	if (r == R_GOOD && tracker != NULL)
		r = keep_receipt(v, tracker, buffer_slice(&receipt), why);
	if (r == R_GOOD)
		sha256(&v->prev, record.p, record.n);
	buffer_free(&receipt);
	return r;
}
