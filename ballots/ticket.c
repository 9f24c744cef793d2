#include "ballots/ticket.h"

#include <string.h>

#include "ballots/walk.h"

#define LABEL "tabella/1 ticket"

static void
inner_walk(struct walk *w, struct ticket *t)
{
	walk_object(w);
	walk_key(w, "blob");
	walk_digest(w, &t->blob);
	walk_key(w, "bytes");
	walk_u53(w, &t->bytes, 0, WALK_MAX_INTEGER);
	walk_key(w, "election");
	walk_digest(w, &t->election);
	walk_end(w);
}

/* `inner` is what the signature covers. */
static void
ticket_walk(struct walk *w, struct ticket *t, struct slice *inner)
{
	size_t begin;

	walk_object(w);
	walk_key(w, "by");
	walk_bin(w, t->by.b, sizeof t->by.b);
	walk_key(w, "sig");
	walk_bin(w, t->sig.b, sizeof t->sig.b);
	walk_key(w, "ticket");
	begin = walk_raw_begin(w);
	inner_walk(w, t);
	walk_raw_end(w, begin, inner);
	walk_end(w);
}

enum result
ticket_read(struct ticket *out, struct slice bytes, struct why *why)
{
	struct arena none = { 0 }; /* nothing in a ticket is allocated */
	struct slice inner = { 0 };
	struct walk w;
	enum result r;

	*out = (struct ticket){ 0 };
	walk_read(&w, &none, bytes, TICKET_BYTES_MAX);
	ticket_walk(&w, out, &inner);
	r = walk_finish(&w);
	arena_free(&none);
	if (r != R_GOOD)
		return why_set(why, r, "a ticket: %s", w.why.text);
	r = sign_check(&out->by, LABEL, inner, &out->sig);
	if (r != R_GOOD)
		return why_set(why, r, "a ticket: %s", result_text(r));
	return R_GOOD;
}

enum result
ticket_make(struct buffer *out, const struct digest *election, const struct digest *blob,
    uint64_t bytes, const struct sign_key *key)
{
	struct ticket t = { .blob = *blob, .bytes = bytes, .election = *election };
	struct buffer inner = { 0 };
	struct slice signed_part;
	struct walk w;
	enum result r;

	memcpy(t.by.b, key->b + SIGN_SEED_BYTES, sizeof t.by.b);
	walk_write(&w, &inner, TICKET_BYTES_MAX);
	inner_walk(&w, &t);
	r = walk_finish(&w);
	if (r == R_GOOD)
		r = sign_make(&t.sig, key, LABEL, buffer_slice(&inner));
	buffer_free(&inner);
	if (r != R_GOOD)
		return r;
	walk_write(&w, out, TICKET_BYTES_MAX);
	ticket_walk(&w, &t, &signed_part);
	return walk_finish(&w);
}
