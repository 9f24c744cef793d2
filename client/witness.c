#include "client/witness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ballots/head.h"
#include "client/file.h"
#include "crypto/base64.h"
#include "crypto/merkle.h"
#include "crypto/note.h"

#define PLAIN "text/plain; charset=utf-8"
#define PROOF_LINES_MAX 63

struct witness {
	struct witness_options o;
	struct note_key key;
	pthread_mutex_t lock;
	struct frozen *frozen;
	struct buffer origin;
	struct buffer last; /* empty: none yet */
	struct checkpoint head;
	uint64_t time; /* of our cosignature on it */
	int stopped;
};

static uint64_t
system_clock(void *ctx)
{
	(void)ctx;
	return (uint64_t)time(NULL);
}

/* ---- state ---- */

/* When the board has signed it, if it still has the same key. */
static void
read_board_time(struct witness *w, const struct note *note)
{
	const struct head_signers signers = frozen_signers(w->frozen);
	struct checkpoint_board board;

	if (checkpoint_board_set(&board, signers.definition->board.name,
		head_signer(&signers, w->head.size)) == R_GOOD)
		(void)note_check(note, &board.cosign, &w->head.time);
}

/* Read the head that we have co-signed last: it must be of this board, with our good line. */
static enum result
read_state(struct witness *w, struct why *why)
{
	struct note note;
	enum result r;

	if (!file_exists(w->o.path))
		return R_GOOD;
	r = file_read(&w->last, w->o.path, HEAD_BYTES_MAX, why);
	if (r != R_GOOD)
		return r;
	if (note_parse(&note, buffer_slice(&w->last)) != R_GOOD ||
	    checkpoint_read(&w->head, note.text) != R_GOOD ||
	    !slice_equal(w->head.origin, buffer_slice(&w->origin)) ||
	    note_check(&note, &w->key, &w->time) != R_GOOD)
		return why_set(why, R_CONFLICT,
		    "%s is not a head of this board that %s has co-signed\nA witness that has lost "
		    "what it signed must not go on under the same key",
		    w->o.path, w->o.name);
	w->head.origin = (struct slice){ NULL, 0 };
	read_board_time(w, &note);
	return R_GOOD;
}

enum result
witness_new(struct witness **out, const struct witness_options *options, struct frozen *frozen,
    struct why *why)
{
	struct witness *w = calloc(1, sizeof *w);
	enum result r;

	*out = NULL;
	if (w == NULL)
		return R_NO_MEMORY;
	w->o = *options;
	if (w->o.clock == NULL)
		w->o.clock = system_clock;
	(void)pthread_mutex_init(&w->lock, NULL);
	w->frozen = frozen_ref(frozen);
	merkle_root(&w->head.root, NULL, 0);
	head_origin(&w->origin, frozen_definition(frozen)->board.name, frozen_election(frozen));
	r = buffer_result(&w->origin);
	if (r == R_GOOD)
		r = note_key_set(&w->key, w->o.name, NOTE_COSIGNATURE, &w->o.public);
	if (r == R_BAD_INPUT)
		(void)why_set(why, r, "\"%s\" cannot be the name of a witness", w->o.name);
	if (r == R_GOOD)
		r = read_state(w, why);
	if (r == R_GOOD)
		*out = w;
	else
		witness_free(w);
	return r;
}

void
witness_free(struct witness *w)
{
	if (w == NULL)
		return;
	frozen_unref(w->frozen);
	buffer_free(&w->origin);
	buffer_free(&w->last);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

void
witness_follow(struct witness *w, struct frozen *frozen)
{
	(void)pthread_mutex_lock(&w->lock);
	frozen_unref(w->frozen);
	w->frozen = frozen_ref(frozen);
	(void)pthread_mutex_unlock(&w->lock);
}

void
witness_stop(struct witness *w)
{
	(void)pthread_mutex_lock(&w->lock);
	w->stopped = 1;
	(void)pthread_mutex_unlock(&w->lock);
}

enum result
witness_last(struct witness *w, struct buffer *out)
{
	(void)pthread_mutex_lock(&w->lock);
	buffer_add(out, w->last.p, w->last.n);
	(void)pthread_mutex_unlock(&w->lock);
	return buffer_result(out);
}

/* ---- requests ---- */

struct request {
	uint64_t old;
	struct digest path[PROOF_LINES_MAX];
	size_t n;
	struct slice note;
	struct note parsed;
	struct checkpoint head;
};

/* The lines before the head. */
static int
read_lines(struct request *q, struct slice rest)
{
	static const char word[] = "old ";
	struct slice line;

	if (!slice_line(&line, &rest) || line.n < sizeof word - 1 ||
	    memcmp(line.p, word, sizeof word - 1) != 0)
		return 0;
	line.p += sizeof word - 1;
	line.n -= sizeof word - 1;
	if (!slice_decimal(&q->old, line, CHECKPOINT_SIZE_MAX))
		return 0;
	for (q->n = 0; slice_line(&line, &rest); q->n++) {
		if (line.n == 0) {
			q->note = rest;
			return 1;
		}
		if (q->n == PROOF_LINES_MAX ||
		    base64_decode(q->path[q->n].b, sizeof q->path[q->n].b, line) != R_GOOD)
			return 0;
	}
	return 0;
}

static void
answer_text(struct witness_answer *answer, unsigned status, const char *text)
{
	answer->status = status;
	answer->type = PLAIN;
	buffer_clear(&answer->body);
	buffer_add_string(&answer->body, text);
	buffer_add_string(&answer->body, "\n");
}

static void
answer_size(struct witness_answer *answer, uint64_t size)
{
	answer->status = 409;
	answer->type = "text/x.tlog.size";
	buffer_clear(&answer->body);
	buffer_add_u64(&answer->body, size);
	buffer_add_string(&answer->body, "\n");
}

static void
accuse(const struct witness *w, const struct request *q)
{
	if (w->o.accuse != NULL && w->last.n > 0)
		w->o.accuse(w->o.ctx, buffer_slice(&w->last), q->note, q->path, q->n);
}

/* Is it a head of our board, signed by it? Cosignatures of strangers do not matter. */
static int
check_head(const struct witness *w, struct request *q, struct witness_answer *answer)
{
	const struct head_signers signers = frozen_signers(w->frozen);
	struct checkpoint_board board;

	if (note_parse(&q->parsed, q->note) != R_GOOD ||
	    checkpoint_read(&q->head, q->parsed.text) != R_GOOD) {
		answer_text(answer, 400, "this is not a request as C2SP tlog-witness has it");
		return 0;
	}
	if (!slice_equal(q->head.origin, buffer_slice(&w->origin))) {
		answer_text(answer, 404, "this witness does not know that origin");
		return 0;
	}
	if (checkpoint_board_set(&board, signers.definition->board.name,
		head_signer(&signers, q->head.size)) != R_GOOD ||
	    note_check(&q->parsed, &board.sign, NULL) != R_GOOD ||
	    note_check(&q->parsed, &board.cosign, &q->head.time) != R_GOOD) {
		answer_text(answer, 403, "the head is not signed by the board");
		return 0;
	}
	if (w->stopped) {
		answer_text(answer, 403,
		    "this board was found to cheat; the witness does not co-sign it any more");
		return 0;
	}
	if (q->old > q->head.size) {
		answer_text(answer, 400, "the old size is above the size of the head");
		return 0;
	}
	return 1;
}

/* Does it continue what we have co-signed? */
static int
check_history(const struct witness *w, const struct request *q, struct witness_answer *answer)
{
	if (q->head.size == w->head.size && w->last.n > 0 &&
	    !digest_equal(&q->head.root, &w->head.root)) {
		accuse(w, q);
		answer_size(answer, w->head.size);
		return 0;
	}
	if (q->old != w->head.size) {
		/* Shorter and later: the board has gone back. */
		if (q->head.size < w->head.size && q->head.time > w->head.time)
			accuse(w, q);
		answer_size(answer, w->head.size);
		return 0;
	}
	if (merkle_check_consistency(&w->head.root, w->head.size, &q->head.root, q->head.size,
		q->path, q->n) == R_GOOD)
		return 1;
	accuse(w, q);
	answer_text(answer, 422, "the consistency proof does not hold");
	return 0;
}

/* Keep the head with the board's lines and ours. */
static enum result
keep(struct witness *w, const struct request *q, const struct buffer *line, struct why *why)
{
	const struct head_signers signers = frozen_signers(w->frozen);
	struct checkpoint_board board;
	struct buffer kept = { 0 };
	enum result r;

	r = checkpoint_board_set(&board, signers.definition->board.name,
	    head_signer(&signers, q->head.size));
	note_begin(&kept, q->parsed.text);
	if (r == R_GOOD)
		r = note_copy(&kept, &q->parsed, &board.sign);
	if (r == R_GOOD)
		r = note_copy(&kept, &q->parsed, &board.cosign);
	buffer_add(&kept, line->p, line->n);
	if (r == R_GOOD)
		r = buffer_result(&kept);
	if (r == R_GOOD)
		r = file_write(w->o.path, buffer_slice(&kept), 0644, why);
	if (r == R_GOOD) {
		buffer_free(&w->last);
		w->last = kept;
	} else
		buffer_free(&kept);
	return r;
}

/* Co-sign, keep, and only then answer. */
static void
co_sign(struct witness *w, const struct request *q, struct witness_answer *answer)
{
	struct buffer line = { 0 };
	struct why why = { 0 };
	uint64_t now = w->o.clock(w->o.ctx);
	enum result r;

	if (now < w->time)
		now = w->time;
	note_sign(&line, q->parsed.text, &w->key, w->o.key, now);
	r = buffer_result(&line);
	if (r == R_GOOD)
		r = keep(w, q, &line, &why);
	if (r == R_GOOD) {
		w->head = q->head;
		w->head.origin = (struct slice){ NULL, 0 };
		w->time = now;
		answer->status = 200;
		answer->type = PLAIN;
		buffer_clear(&answer->body);
		buffer_add(&answer->body, line.p, line.n);
	} else {
		(void)fprintf(stderr, "a head could not be kept, so it was not co-signed: %s\n",
		    why.text[0] != '\0' ? why.text : result_text(r));
		answer_text(answer, 503, "the head could not be kept");
	}
	buffer_free(&line);
}

void
witness_add(struct witness *w, struct witness_answer *answer, struct slice request)
{
	struct request *q = calloc(1, sizeof *q);

	if (q == NULL)
		answer_text(answer, 503, "out of memory");
	else if (request.n > WITNESS_REQUEST_MAX || !read_lines(q, request))
		answer_text(answer, 400, "this is not a request as C2SP tlog-witness has it");
	else {
		(void)pthread_mutex_lock(&w->lock);
		if (check_head(w, q, answer) && check_history(w, q, answer))
			co_sign(w, q, answer);
		(void)pthread_mutex_unlock(&w->lock);
	}
	free(q);
}
