#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ballots/entry.h"
#include "ballots/head.h"
#include "ballots/receipt.h"
#include "client/accuse.h"
#include "client/file.h"
#include "client/mirror.h"

#define CONTRADICTION "checkpoint.contradiction"
/* A board behind a load balancer may be a moment late. */
#define TRIES 10
#define PAUSE_US 100000

/* Read and verify a head of this board. */
static enum result
open_head(const struct mirror *m, struct checkpoint *head, struct slice note)
{
	const struct head_signers signers = frozen_signers(mirror_now(m));

	return head_open(head, note, &signers);
}

/* The same, if need be after reading what may have replaced the board's key. */
static enum result
open_new_head(struct mirror *m, struct checkpoint *head, struct slice note)
{
	enum result r = open_head(m, head, note);

	if (r == R_BAD_CHECKPOINT && mirror_sync(m, 0, NULL, NULL) == R_GOOD)
		r = open_head(m, head, note);
	return r;
}

/* Is that the head of the first entries of our copy? */
static int
agrees(const struct mirror *m, const struct checkpoint *head)
{
	struct digest root;

	merkle_tree_root(m->tree, &root, head->size);
	return digest_equal(&root, &head->root);
}

/* The last head that agreed: of how many entries it was, 0 if there is none. */
static enum result
read_kept(const struct mirror *m, uint64_t *size, struct why *why)
{
	char *path = file_path(m->dir, "checkpoint");
	struct buffer note = { 0 };
	struct checkpoint head;
	enum result r = R_GOOD;

	*size = 0;
	if (path == NULL)
		return R_NO_MEMORY;
	if (file_exists(path))
		r = file_read(&note, path, HEAD_BYTES_MAX, why);
	/* A damaged file is no witness of anything. */
	if (r == R_GOOD && note.n > 0 && open_head(m, &head, buffer_slice(&note)) == R_GOOD) {
		*size = head.size;
		if (head.size <= rules_size(m->rules) && !agrees(m, &head))
			r = why_set(why, R_EQUIVOCATION,
			    "the board has signed another history before\nKeep %s: the head in it "
			    "is the evidence. Tell the organiser and the trustees",
			    path);
	}
	buffer_free(&note);
	free(path);
	return r;
}

static enum result
keep(const struct mirror *m, const char *name, const struct buffer *note, struct why *why)
{
	char *path = file_path(m->dir, name);
	enum result r =
	    path == NULL ? R_NO_MEMORY : file_write(path, buffer_slice(note), 0644, why);

	free(path);
	return r;
}

/* The head contradicts what we have: keep it beside, and what it proves, and say so. */
static enum result
accuse(struct mirror *m, const struct buffer *note, enum result reason, uint64_t size,
    uint64_t before, struct why *why)
{
	struct why own;
	const char *advice;
	char *path;

	if (why == NULL)
		why = &own;
	advice = keep(m, CONTRADICTION, note, NULL) == R_GOOD
	    ? "Keep"
	    : "The head could not be written: make room in";
	accuse_of_head(m, buffer_slice(note), &path);
	if (reason == R_ROLLBACK)
		(void)why_set(why, reason,
		    "the board has signed a head of %" PRIu64 " entries, but it has shown %" PRIu64
		    " before\n%s %s and tell the organiser and the trustees",
		    size, before, advice, m->dir);
	else
		(void)why_set(why, reason,
		    "the head that the board has signed is not that of the %" PRIu64
		    " entries that it shows\n%s %s and tell the organiser and the trustees",
		    size, advice, m->dir);
	accuse_tell(why, path);
	return reason;
}

void
mirror_accuse(struct mirror *m, enum result reason, struct slice lines, struct why *why)
{
	struct buffer note = { 0 };
	char *path = NULL;

	if (why == NULL)
		return;
	if (reason != R_EQUIVOCATION)
		accuse_of_lines(m, lines, &path);
	else if (board_checkpoint(m->board, &note, &m->election, NULL) == R_GOOD) {
		(void)keep(m, CONTRADICTION, &note, NULL);
		accuse_of_head(m, buffer_slice(&note), &path);
	}
	/* A board that has taken in what it should not have: only worth a word if it convicts. */
	if (path != NULL || reason == R_EQUIVOCATION)
		accuse_tell(why, path);
	buffer_free(&note);
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Fetch the newest head that has the quorum, and hold it against our copy. */
static enum result
look_for_quorum(struct mirror *m, struct checkpoint *head, struct buffer *note,
    const struct effort *effort, struct why *why)
{
	enum result r = frozen_definition(mirror_now(m))->witness_count > 0
	    ? board_witnessed(m->board, note, &m->election, why)
	    : board_checkpoint(m->board, note, &m->election, why);

	if (r == R_NOT_FOUND)
		return why_set(why, R_NO_QUORUM,
		    "no head of this board has been co-signed by enough witnesses yet");
	if (r == R_GOOD && open_new_head(m, head, buffer_slice(note)) != R_GOOD)
		r = why_set(why, R_BAD_CHECKPOINT,
		    "the board's head with the lines of its witnesses does not hold");
	if (r == R_GOOD)
		r = head_quorum(head, frozen_definition(mirror_now(m)), why);
	if (r == R_GOOD && head->size > rules_size(m->rules))
		r = mirror_sync(m, 0, effort, why);
	if (r != R_GOOD)
		return r;
	if (head->size > rules_size(m->rules))
		return why_set(why, R_MISSING_ENTRY,
		    "the board has signed for %" PRIu64 " entries, but it shows only %" PRIu64,
		    head->size, rules_size(m->rules));
	if (!agrees(m, head))
		return accuse(m, note, R_EQUIVOCATION, head->size, 0, why);
	if (head->size > m->witnessed)
		m->witnessed = head->size;
	return R_GOOD;
}

enum result
mirror_confirm(struct mirror *m, const struct effort *effort, struct why *why)
{
	struct checkpoint head = { 0 };
	struct buffer note = { 0 };
	uint64_t kept, least;
	enum result r;
	int tries;

	if (frozen_definition(mirror_now(m)) == NULL)
		return R_GOOD;
	r = read_kept(m, &kept, why);
	least = kept > rules_size(m->rules) ? kept : rules_size(m->rules);
	for (tries = 0; r == R_GOOD && tries < TRIES; tries++) {
		r = board_checkpoint(m->board, &note, &m->election, why);
		if (r == R_GOOD) {
			r = open_new_head(m, &head, buffer_slice(&note));
			if (r != R_GOOD)
				r = why_set(why, r,
				    "the board's head is not signed by the key of the definition");
		}
		if (r == R_GOOD && head.size > rules_size(m->rules))
			r = mirror_sync(m, 0, effort, why);
		if (r != R_GOOD ||
		    (head.size <= rules_size(m->rules) &&
			(head.size >= least || !agrees(m, &head))))
			break;
		(void)usleep(PAUSE_US);
	}
	if (r == R_GOOD && head.size > rules_size(m->rules))
		r = why_set(why, R_MISSING_ENTRY,
		    "the board has signed for %" PRIu64 " entries, but it shows only %" PRIu64,
		    head.size, rules_size(m->rules));
	else if (r == R_GOOD && !agrees(m, &head))
		r = accuse(m, &note, R_EQUIVOCATION, head.size, 0, why);
	else if (r == R_GOOD && head.size < least)
		r = accuse(m, &note, R_ROLLBACK, head.size, least, why);
	else if (r == R_GOOD && head.size > kept)
		r = keep(m, "checkpoint", &note, why);
	if (r == R_GOOD && frozen_definition(mirror_now(m))->witness_count > 0)
		r = look_for_quorum(m, &head, &note, effort, why);
	else if (r == R_GOOD)
		m->witnessed = head.size;
	buffer_free(&note);
	return r == R_NO_QUORUM ? R_GOOD : r;
}

enum result
mirror_await_witnesses(struct mirror *m, uint64_t size, unsigned wait_ms, struct checkpoint *head,
    struct buffer *note, struct why *why)
{
	const uint64_t end = now_ms() + wait_ms;
	struct buffer own = { 0 };
	struct checkpoint any;
	enum result r;

	for (;;) {
		r = look_for_quorum(m, head != NULL ? head : &any, note != NULL ? note : &own, NULL,
		    why);
		if (r == R_GOOD && m->witnessed < size)
			r = why_set(why, R_NO_QUORUM,
			    "the board's witnesses have co-signed %" PRIu64
			    " entries so far, and not yet %" PRIu64,
			    m->witnessed, size);
		if (r != R_NO_QUORUM || now_ms() >= end)
			break;
		(void)usleep(PAUSE_US);
	}
	buffer_free(&own);
	return r;
}

enum result
mirror_check_place(struct mirror *m, struct slice receipt, const char *name,
    const struct entry *entry, struct slice line, struct why *why)
{
	struct digest hash, stored;
	char *path;

	entry_hash(&hash, line);
	if (rules_entry_hash(m->rules, entry->seq, &stored) == R_GOOD &&
	    digest_equal(&hash, &stored))
		return R_GOOD;
	accuse_of_receipt(m, receipt, &path);
	(void)why_set(why, R_MISSING_ENTRY,
	    "the board no longer holds entry %" PRIu64
	    " as it signed for it\nKeep %s: it is %s. Tell the organiser and the trustees",
	    entry->seq, name,
	    path != NULL ? "the evidence"
			 : "evidence as soon as the board has as many entries again");
	if (why != NULL && path != NULL)
		accuse_tell(why, path);
	else
		free(path);
	return R_MISSING_ENTRY;
}

enum result
mirror_witness_receipt(struct mirror *m, struct buffer *bytes, unsigned wait_ms, struct why *why)
{
	struct digest path[MERKLE_PATH_MAX];
	struct receipt receipt = { 0 }, better;
	struct buffer note = { 0 }, out = { 0 };
	struct checkpoint head;
	struct entry entry;
	enum result r = receipt_read(&receipt, buffer_slice(bytes), why);

	if (r == R_GOOD)
		r = entry_read(&entry, slice_of(receipt.entry), why);
	/* It has all that it takes already. */
	if (r == R_GOOD && open_head(m, &head, slice_of(receipt.checkpoint)) == R_GOOD &&
	    head_quorum(&head, frozen_definition(mirror_now(m)), NULL) == R_GOOD)
		goto out;
	if (r == R_GOOD)
		r = mirror_await_witnesses(m, entry.seq + 1, wait_ms, &head, &note, why);
	if (r == R_GOOD)
		r = mirror_check_place(m, buffer_slice(bytes), "the receipt", &entry,
		    slice_of(receipt.entry), why);
	if (r != R_GOOD)
		goto out;
	buffer_add(&note, "", 1); /* a C string */
	better = receipt;
	better.path = path;
	better.path_count = merkle_tree_inclusion(m->tree, path, entry.seq, head.size);
	better.checkpoint = (const char *)note.p;
	r = buffer_result(&note);
	if (r == R_GOOD)
		r = receipt_write(&out, &better);
	if (r == R_GOOD) {
		buffer_free(bytes);
		*bytes = out;
		out = (struct buffer){ 0 };
	}
out:
	receipt_free(&receipt);
	buffer_free(&note);
	buffer_free(&out);
	return r;
}
