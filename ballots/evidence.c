/* The file, and how it is made. */
#include <stdlib.h>
#include <string.h>

#include "ballots/entry.h"
#include "ballots/evidence_parts.h"
#include "ballots/record.h"
#include "ballots/walk.h"
#include "crypto/note.h"

#define BLOBS_MAX ((size_t)1 << 20)

static void
evidence_walk(struct walk *w, struct evidence *e)
{
	static const char *const kinds[] = { "E1", "E2", "E3", "E4", "E5" };
	size_t i;

	walk_object(w);
	walk_key(w, "blobs");
	walk_array(w, &e->blobs, &e->blob_count, sizeof *e->blobs, 0, BLOBS_MAX);
	while (walk_next(w, &i))
		walk_bin_var(w, &e->blobs[i], 0, EVIDENCE_BYTES_MAX);
	walk_key(w, "definition");
	walk_value(w, &e->definition, RECORD_BYTES_MAX);
	walk_key(w, "entries");
	walk_array(w, &e->entries, &e->entry_count, sizeof *e->entries, 0, EVIDENCE_ENTRIES_MAX);
	while (walk_next(w, &i))
		walk_string(w, &e->entries[i], 1, (size_t)2 * RECORD_BYTES_MAX);
	walk_key(w, "heads");
	walk_array(w, &e->heads, &e->head_count, sizeof *e->heads, 1, 2);
	while (walk_next(w, &i))
		walk_string(w, &e->heads[i], 1, HEAD_BYTES_MAX);
	walk_key(w, "keys");
	walk_array(w, &e->keys, &e->key_count, sizeof *e->keys, 0, HEAD_KEYS_MAX);
	while (walk_next(w, &i))
		walk_value(w, &e->keys[i], RECORD_BYTES_MAX);
	walk_key(w, "kind");
	walk_enum(w, kinds, sizeof kinds / sizeof *kinds, &e->kind);
	walk_key(w, "nodes");
	walk_array(w, &e->nodes, &e->node_count, sizeof *e->nodes, 0, MERKLE_PATH_MAX + 1);
	while (walk_next(w, &i))
		walk_digest(w, &e->nodes[i]);
	if (walk_option(w, "receipt", &e->has_receipt))
		walk_value(w, &e->receipt, (size_t)4 * RECORD_BYTES_MAX);
	if (walk_option(w, "record", &e->has_record))
		walk_value(w, &e->record, RECORD_BYTES_MAX);
	walk_end(w);
}

enum result
evidence_read(struct evidence *out, struct slice bytes, struct why *why)
{
	struct walk w;

	*out = (struct evidence){ .kind = 0 };
	walk_read(&w, &out->arena, bytes, EVIDENCE_BYTES_MAX);
	evidence_walk(&w, out);
	if (walk_finish(&w) == R_GOOD)
		return R_GOOD;
	arena_free(&out->arena);
	return why_set(why, w.error, "the evidence: %s", w.why.text);
}

enum result
evidence_write(struct buffer *out, const struct evidence *e)
{
	struct evidence copy = *e;
	struct walk w;

	walk_write(&w, out, EVIDENCE_BYTES_MAX);
	evidence_walk(&w, &copy);
	return walk_finish(&w);
}

enum result
evidence_keys(struct head_key out[HEAD_KEYS_MAX], const struct slice *records, size_t n,
    const struct head_signers *signers, struct why *why)
{
	enum result r = R_GOOD;
	size_t i;

	for (i = 0; r == R_GOOD && i < n; i++)
		r = head_key_read(&out[i], records[i], signers, why);
	return r;
}

/* ---- heads ---- */

/* A case while it is written. */
struct writing {
	struct evidence e;
	struct record *definition;
	struct head_signers signers;
	struct head_key keys[HEAD_KEYS_MAX];
	const char *heads[2];
	struct checkpoint head[2];
	struct buffer text[2];
};

static void
writing_free(struct writing *w)
{
	record_free(w->definition);
	buffer_free(&w->text[0]);
	buffer_free(&w->text[1]);
	free(w->e.entries);
	free(w->e.blobs);
}

/* The head with the board's two lines alone. */
static enum result
take_head(struct writing *w, size_t i, struct slice bytes)
{
	const struct definition *d = w->signers.definition;
	struct checkpoint_board board;
	struct note note;
	enum result r = note_parse(&note, bytes), found = R_NOT_FOUND;
	size_t k;

	if (r != R_GOOD)
		return r;
	note_begin(&w->text[i], note.text);
	for (k = 0; found == R_NOT_FOUND && k <= w->signers.later_count; k++)
		if (checkpoint_board_set(&board, d->board.name,
			k == 0 ? &d->board.key : &w->keys[k - 1].key) == R_GOOD)
			found = note_copy(&w->text[i], &note, &board.sign);
	r = found;
	if (r == R_GOOD)
		r = note_copy(&w->text[i], &note, &board.cosign);
	if (r == R_GOOD)
		r = head_open(&w->head[i], buffer_slice(&w->text[i]), &w->signers);
	buffer_add(&w->text[i], "", 1); /* a C string */
	w->heads[i] = (const char *)w->text[i].p;
	return r == R_GOOD ? buffer_result(&w->text[i]) : r;
}

static enum result
start(struct writing *w, const struct evidence_case *c, size_t heads, struct why *why)
{
	enum result r;
	size_t i;

	memset(w, 0, sizeof *w);
	r = record_parse(&w->definition, NULL, c->definition, why);
	if (r == R_GOOD && w->definition->type != RECORD_DEFINITION)
		r = why_set(why, R_BAD_ENCODING, "the definition is none");
	if (r != R_GOOD)
		return r;
	w->signers.definition = &w->definition->of.definition;
	w->signers.election = w->definition->election;
	w->signers.any_size = 1;
	if (c->n_keys > HEAD_KEYS_MAX)
		return why_set(why, R_TOO_LARGE, "too many keys");
	r = evidence_keys(w->keys, c->keys, c->n_keys, &w->signers, why);
	w->signers.later = w->keys;
	w->signers.later_count = c->n_keys;
	w->e.keys = (struct slice *)(uintptr_t)c->keys;
	w->e.key_count = c->n_keys;
	for (i = 0; r == R_GOOD && i < heads; i++)
		r = take_head(w, i, c->head[i]);
	if (r != R_GOOD && result_exit(r) == 1 && r != R_BAD_SIGNATURE)
		r = why_set(why, R_BAD_CHECKPOINT, "a head is not one that the board has signed");
	w->e.definition = c->definition;
	w->e.heads = w->heads;
	w->e.head_count = heads;
	return r;
}

/* ---- the cases ---- */

enum result
evidence_of_heads(struct buffer *out, const struct evidence_case *c, struct why *why)
{
	struct digest first, root;
	struct writing w;
	struct checkpoint head;
	const char *text;
	enum result r = start(&w, c, 2, why);

	if (r != R_GOOD)
		goto out;
	if (w.head[0].size > w.head[1].size) {
		head = w.head[0];
		text = w.heads[0];
		w.head[0] = w.head[1];
		w.heads[0] = w.heads[1];
		w.head[1] = head;
		w.heads[1] = text;
	}
	if (w.head[0].size == w.head[1].size && !digest_equal(&w.head[0].root, &w.head[1].root))
		w.e.kind = 0;
	else if (w.head[0].size < w.head[1].size && w.head[0].time > w.head[1].time)
		w.e.kind = 2;
	else if (w.head[0].size < w.head[1].size && w.head[0].size > 0 && c->n > 0 &&
	    merkle_rebuild(&first, &root, w.head[0].size, w.head[1].size, c->nodes, c->n) ==
		R_GOOD &&
	    digest_equal(&root, &w.head[1].root) && !digest_equal(&first, &w.head[0].root)) {
		w.e.kind = 1;
		w.e.nodes = (struct digest *)(uintptr_t)c->nodes;
		w.e.node_count = c->n;
	} else
		r = why_set(why, R_NO_EVIDENCE, "the two heads do not contradict each other");
	if (r == R_GOOD)
		r = evidence_write(out, &w.e);
out:
	writing_free(&w);
	return r;
}

enum result
evidence_of_receipt(struct buffer *out, const struct evidence_case *c, struct slice receipt,
    struct why *why)
{
	struct writing w;
	enum result r = start(&w, c, 1, why);

	w.e.kind = 3;
	w.e.nodes = (struct digest *)(uintptr_t)c->nodes;
	w.e.node_count = c->n;
	w.e.has_receipt = true;
	w.e.receipt = receipt;
	if (r == R_GOOD)
		r = evidence_write(out, &w.e);
	writing_free(&w);
	return r;
}

/* ---- entries and their blobs ---- */

struct gathering {
	struct writing *w;
	const struct source *source;
	struct arena arena;
	struct blob *held;
	struct digest *ids; /* of these */
	size_t n;
};

static enum result
add_blob(void *arg, const struct digest *id)
{
	struct gathering *g = arg;
	struct blob blob, *held;
	struct digest *ids;
	struct slice *more;
	enum result r;
	size_t i;

	for (i = 0; i < g->n; i++)
		if (digest_equal(&g->ids[i], id))
			return R_GOOD;
	r = source_blob(g->source, id, &blob);
	/* What the board does not give out is left out: it is no evidence. */
	if (r == R_MISSING_BLOB || r == R_BAD_BLOB)
		return R_GOOD;
	if (r != R_GOOD)
		return r;
	held = reallocarray(g->held, g->n + 1, sizeof *held);
	if (held != NULL)
		g->held = held;
	ids = held == NULL ? NULL : reallocarray(g->ids, g->n + 1, sizeof *ids);
	if (ids != NULL)
		g->ids = ids;
	more = ids == NULL ? NULL : reallocarray(g->w->e.blobs, g->n + 1, sizeof *more);
	if (more == NULL) {
		blob_release(&blob);
		return R_NO_MEMORY;
	}
	g->w->e.blobs = more;
	g->held[g->n] = blob;
	g->ids[g->n] = *id;
	more[g->n++] = blob.bytes;
	g->w->e.blob_count = g->n;
	return R_GOOD;
}

static enum result
add_blobs_of(struct gathering *g, struct slice bytes)
{
	struct record *record;
	enum result r;

	/* A record that does not read names nothing. */
	if (record_parse(&record, NULL, bytes, NULL) != R_GOOD)
		return R_GOOD;
	r = record_blobs(record, add_blob, g);
	record_free(record);
	return r;
}

static enum result
add_entry(void *arg, uint64_t seq, struct slice line)
{
	struct gathering *g = arg;
	struct entry entry;
	char *text = arena_alloc(&g->arena, line.n + 1);

	(void)seq;
	if (text == NULL)
		return R_NO_MEMORY;
	memcpy(text, line.p, line.n);
	text[line.n] = '\0';
	g->w->e.entries[g->w->e.entry_count++] = text;
	return entry_read(&entry, line, NULL) == R_GOOD ? add_blobs_of(g, entry.record) : R_GOOD;
}

enum result
evidence_of_entries(struct buffer *out, const struct evidence_case *c, uint64_t size,
    const struct source *source, struct slice record, struct why *why)
{
	struct writing w;
	struct gathering g = { .w = &w, .source = source };
	enum result r = start(&w, c, 1, why);
	size_t i;

	if (r == R_GOOD && size > EVIDENCE_ENTRIES_MAX)
		r = why_set(why, R_TOO_LARGE, "the board is too long for a file of evidence");
	if (r == R_GOOD) {
		w.e.entries = calloc((size_t)size + 1, sizeof *w.e.entries);
		r = w.e.entries == NULL ? R_NO_MEMORY
					: source->entries(source->ctx, 0, size, add_entry, &g);
	}
	if (r == R_GOOD && record.n > 0)
		r = add_blobs_of(&g, record);
	w.e.kind = 4;
	w.e.has_record = record.n > 0;
	w.e.record = record;
	if (r == R_GOOD)
		r = evidence_write(out, &w.e);
	for (i = 0; i < g.n; i++)
		blob_release(&g.held[i]);
	free(g.held);
	free(g.ids);
	arena_free(&g.arena);
	writing_free(&w);
	return r;
}
