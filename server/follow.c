/*
 * Following the database: any number of tabellad may serve one, and each learns here what the
 * others have done. One query, twenty times a second, also finds out that the database has gone
 * back, as a standby does that was promoted without what had been confirmed.
 */
#include <inttypes.h>
#include <time.h>

#include "crypto/base64.h"
#include "server/board.h"

struct follow {
	struct board *board;
	struct hosted *stale[64]; /* to be read on, or signed for */
	size_t n;
};

static void
lose(struct board *b, struct hosted *h, const char *what)
{
	char hex[65];

	h->lost = true;
	(void)hex_encode(hex, h->id.b, sizeof h->id.b);
	log_event(b->config.log, LOG_SECURITY,
	    "election %s: %s: nothing is taken in for it any more", hex, what);
}

static enum result
compare(void *ctx, struct store_election key, const struct digest *id, const struct store_place *at)
{
	struct follow *f = ctx;
	struct hosted *h;
	enum result r = hosts_get(f->board->hosts, &h, id);
	struct digest known;

	if (r != R_GOOD || h->lost)
		return R_GOOD;
	/* Others read it: it is written once. */
	if (h->key.key != key.key)
		h->key = key;
	known = *rules_head(h->rules);
	if (at->size < h->frontier.size ||
	    (at->size == h->frontier.size && !digest_equal(&at->hash, &known)) ||
	    at->signed_size < h->signed_frontier.size)
		lose(f->board, h, "ROLLBACK: the database no longer holds what it had confirmed");
	else if ((at->size > h->frontier.size || at->signed_size != h->signed_frontier.size ||
		     at->signed_size < at->size) &&
	    f->n < sizeof f->stale / sizeof *f->stale)
		f->stale[f->n++] = h;
	return R_GOOD;
}

void
board_follow(struct board *b, struct store *store)
{
	struct follow f = { .board = b };
	struct why why = { 0 };
	uint64_t before;
	enum result r;
	bool own;
	size_t i;

	r = store_places(store, compare, &f, &why);
	if (r != R_GOOD) {
		if (r == R_NO_DATABASE)
			board_away(b);
		return;
	}
	board_back(b);
	for (i = 0; i < f.n; i++) {
		struct hosted *h = f.stale[i];

		before = h->signed_frontier.size;
		/* Whoever has appended signs, unless it has gone meanwhile. */
		if (board_load_more(b, store, h, &why) == R_GOOD &&
		    h->unsigned_at == h->frontier.size)
			(void)board_sign(b, store, h, &own, &why);
		h->unsigned_at = h->frontier.size;
		if (h->signed_frontier.size != before)
			listen_wake(b->listen, h->topic);
	}
}

#define REFRESH_NAPS 400
#define REFRESH_NAP_MS 5

enum result
board_refresh(struct board *b, struct store *store, struct hosted *h, bool *news, struct why *why)
{
	struct store_head head;
	uint64_t size;
	enum result r;
	int naps;

	*news = false;
	if (!b->config.shared)
		return R_GOOD;
	r = store_head(store, &head, h->key, why);
	size = head.signed_size;
	store_head_free(&head);
	for (naps = 0; r == R_GOOD && hosted_size(h) < size; naps++) {
		*news = true;
		if (naps == REFRESH_NAPS || atomic_load(&h->lost))
			return why_set(why, R_BUSY,
			    "another board on this database is ahead; ask again");
		(void)nanosleep(&(struct timespec){ .tv_nsec = REFRESH_NAP_MS * 1000000L }, NULL);
	}
	return r;
}
