/*
 * The way of a head: committed, then the high-water mark, then signed, then the signature
 * committed, and only then shown. So nothing is ever signed for that could still be lost.
 */
#include <string.h>
#include <time.h>

#include "ballots/head.h"
#include "server/board.h"

#define PAUSE_MS 50

enum result
board_commit(struct board *b, struct store *store, struct hosted *h, const struct store_addition *a,
    const struct store_signing *g, struct why *why)
{
	enum result r = store_commit(store, h->key, a, g, why);

	while (r == R_NOT_CONFIRMED) {
		log_event(b->config.log, LOG_STORE, "a commit was not confirmed; looking it up");
		do {
			r = store_settle(store, h->key, a, g, why);
			if (r == R_NO_DATABASE) {
				board_away(b);
				(void)nanosleep(&(struct timespec){ .tv_nsec =
									PAUSE_MS * 1000000L },
				    NULL);
			}
		} while (r == R_NO_DATABASE && !atomic_load(&b->stopping));
		/* Still not known: nobody is told that it was stored. */
		if (r == R_NO_DATABASE)
			return R_NOT_CONFIRMED;
		board_back(b);
		if (r == R_NOT_FOUND)
			r = store_commit(store, h->key, a, g, why);
	}
	return r;
}

/* ---- signing ---- */

/* The mark, then the signature. */
static enum result
make_note(struct board *b, struct hosted *h, uint64_t time, struct buffer *note, struct why *why)
{
	struct buffer origin = { 0 };
	struct checkpoint head = { .size = h->frontier.size, .time = time / 1000 };
	struct mark_head mark = { .size = h->frontier.size };
	const struct head_signers signers = frozen_signers(rules_now(h->rules));
	const struct sign_public *public = head_signer(&signers, head.size);
	const struct sign_key *key = board_key(b, public);
	struct checkpoint_board signer;
	enum result r;

	if (key == NULL)
		return why_set(why, R_WRONG_KEY,
		    "this board does not have the key that signs for the election now");

	head_origin(&origin, b->name, &h->id);
	merkle_frontier_root(&h->frontier, &head.root);
	mark.root = head.root;
	head.origin = buffer_slice(&origin);
	r = buffer_result(&origin);
	if (r == R_GOOD)
		r = mark_raise(b->mark, &h->id, &mark, why);
	if (r == R_GOOD)
		r = checkpoint_board_set(&signer, b->name, public);
	if (r == R_GOOD)
		r = checkpoint_sign(note, &head, &signer, key);
	buffer_free(&origin);
	return r == R_NO_MEMORY ? why_set(why, r, "out of memory") : r;
}

static enum result
sign_once(struct board *b, struct store *store, struct hosted *h, struct why *why)
{
	uint8_t nodes_before[MERKLE_FRONTIER_MAX], nodes_after[MERKLE_FRONTIER_MAX];
	struct store_head before = { 0 }, after = { 0 };
	const struct store_signing signing = { &before, &after };
	struct buffer note = { 0 };
	struct entry next;
	enum result r;

	rules_next(h->rules, &next);
	before.signed_size = h->signed_frontier.size;
	before.signed_time = h->signed_time;
	before.signed_frontier = frontier_nodes(nodes_before, &h->signed_frontier);
	after.signed_size = h->frontier.size;
	after.signed_time = next.time; /* that of the last entry: the same for every board */
	after.signed_frontier = frontier_nodes(nodes_after, &h->frontier);
	r = make_note(b, h, after.signed_time, &note, why);
	after.note = buffer_slice(&note);
	if (r == R_GOOD)
		r = board_commit(b, store, h, NULL, &signing, why);
	if (r == R_GOOD) {
		h->signed_frontier = h->frontier;
		h->signed_time = after.signed_time;
		r = hosted_publish(h, after.note);
	}
	buffer_free(&note);
	return r;
}

#define TRIES 16

enum result
board_sign(struct board *b, struct store *store, struct hosted *h, bool *own, struct why *why)
{
	enum result r = R_GOOD;
	int tries;

	*own = true;
	for (tries = 0; tries < TRIES && h->signed_frontier.size < h->frontier.size; tries++) {
		r = sign_once(b, store, h, why);
		if (r == R_CONFLICT) {
			*own = false;
			r = board_load_more(b, store, h, why);
		}
		if (r != R_GOOD)
			break;
	}
	if (r == R_ROLLBACK) {
		h->lost = true;
		log_event(b->config.log, LOG_SECURITY, "ROLLBACK: %s", why->text);
	}
	return r;
}
