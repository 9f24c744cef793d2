#include "ballots/entry.h"

#include "ballots/record.h"
#include "ballots/walk.h"

/* Room for the fields around a record. */
#define ENTRY_BYTES_MAX (RECORD_BYTES_MAX + 1024)

static void
entry_walk(struct walk *w, struct entry *e)
{
	walk_object(w);
	walk_key(w, "election");
	walk_digest(w, &e->election);
	walk_key(w, "prev");
	walk_digest(w, &e->prev);
	walk_key(w, "record");
	walk_value(w, &e->record, RECORD_BYTES_MAX);
	walk_key(w, "seq");
	walk_u53(w, &e->seq, 0, WALK_MAX_INTEGER);
	walk_key(w, "time");
	walk_u53(w, &e->time, 0, WALK_MAX_INTEGER);
	walk_end(w);
}

enum result
entry_read(struct entry *out, struct slice line, struct why *why)
{
	struct arena none = { 0 }; /* nothing in an entry is allocated */
	struct walk w;
	enum result r;

	*out = (struct entry){ 0 };
	walk_read(&w, &none, line, ENTRY_BYTES_MAX);
	entry_walk(&w, out);
	r = walk_finish(&w);
	arena_free(&none);
	if (r != R_GOOD)
		return why_set(why, r, "an entry: %s", w.why.text);
	return R_GOOD;
}

enum result
entry_write(struct buffer *out, const struct entry *entry)
{
	struct entry copy = *entry;
	struct walk w;

	walk_write(&w, out, ENTRY_BYTES_MAX);
	entry_walk(&w, &copy);
	return walk_finish(&w);
}

void
entry_hash(struct digest *hash, struct slice line)
{
	sha256(hash, line.p, line.n);
}
