#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ballots/head.h"
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

/* The head contradicts what we have: keep it beside, and say so. */
static enum result
accuse(const struct mirror *m, const struct buffer *note, enum result reason, uint64_t size,
    uint64_t before, struct why *why)
{
	if (keep(m, CONTRADICTION, note, NULL) != R_GOOD)
		return why_set(why, R_NO_DISK, "%s cannot be written", m->dir);
	if (reason == R_ROLLBACK)
		return why_set(why, reason,
		    "the board has signed a head of %" PRIu64 " entries, but it has shown %" PRIu64
		    " before\nKeep %s: the evidence is in it. Tell the organiser and the trustees",
		    size, before, m->dir);
	return why_set(why, reason,
	    "the head that the board has signed is not that of the %" PRIu64
	    " entries that it shows\nKeep %s: the evidence is in it. Tell the organiser and the "
	    "trustees",
	    size, m->dir);
}

void
mirror_keep_head(const struct mirror *m)
{
	struct buffer note = { 0 };

	if (board_checkpoint(m->board, &note, &m->election, NULL) == R_GOOD)
		(void)keep(m, CONTRADICTION, &note, NULL);
	buffer_free(&note);
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
			r = open_head(m, &head, buffer_slice(&note));
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
	buffer_free(&note);
	return r;
}
