#include "client/accuse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/entry.h"
#include "ballots/evidence.h"
#include "ballots/receipt.h"
#include "client/file.h"
#include "crypto/note.h"

/* What a history is shown by. */
struct history {
	struct buffer definition; /* the record of entry 0 */
	struct buffer key[HEAD_KEYS_MAX];
	struct slice keys[HEAD_KEYS_MAX]; /* the records that have replaced the board's key */
	size_t n_keys;
	struct buffer kept;     /* the last head that agreed with our copy; empty: none */
	struct checkpoint head; /* that one */
};

static void
history_free(struct history *h)
{
	size_t i;

	for (i = 0; i < h->n_keys; i++)
		buffer_free(&h->key[i]);
	buffer_free(&h->definition);
	buffer_free(&h->kept);
}

static enum result
take_record(void *arg, uint64_t seq, struct slice line)
{
	struct buffer *out = arg;
	struct entry entry;
	enum result r = entry_read(&entry, line, NULL);

	(void)seq;
	if (r == R_GOOD)
		buffer_add(out, entry.record.p, entry.record.n);
	return r == R_GOOD ? buffer_result(out) : r;
}

static enum result
history_read(struct history *h, const struct mirror *m)
{
	const struct source *s = mirror_source(m);
	const struct head_signers signers = frozen_signers(mirror_now(m));
	char *path = file_path(m->dir, "checkpoint");
	enum result r = signers.definition == NULL || path == NULL ? R_NOT_FOUND : R_GOOD;

	memset(h, 0, sizeof *h);
	if (r == R_GOOD)
		r = s->entries(s->ctx, 0, 1, take_record, &h->definition);
	for (; r == R_GOOD && h->n_keys < signers.later_count; h->n_keys++) {
		const uint64_t seq = signers.later[h->n_keys].seq;

		r = s->entries(s->ctx, seq, seq + 1, take_record, &h->key[h->n_keys]);
		h->keys[h->n_keys] = buffer_slice(&h->key[h->n_keys]);
	}
	if (r == R_GOOD && file_exists(path))
		r = file_read(&h->kept, path, HEAD_BYTES_MAX, NULL);
	if (r == R_GOOD && h->kept.n > 0)
		r = head_open(&h->head, buffer_slice(&h->kept), &signers);
	free(path);
	return r;
}

/* Judge and keep. */
static char *
keep(const char *dir, struct slice bytes)
{
	struct evidence_verdict verdict;
	char name[40], *path;

	if (evidence_judge(&verdict, bytes, NULL, NULL, NULL) != R_GOOD)
		return NULL;
	(void)snprintf(name, sizeof name, "evidence-%s.json", verdict.kind);
	path = file_path(dir, name);
	if (path != NULL && file_write(path, bytes, 0644, NULL) != R_GOOD) {
		free(path);
		path = NULL;
	}
	return path;
}

/* The consistency proof with its first node, whatever the size. */
static size_t
whole_proof(struct digest nodes[MERKLE_PATH_MAX + 1], const struct merkle_tree *t, uint64_t first,
    uint64_t size)
{
	size_t n = 0;

	if ((first & (first - 1)) == 0)
		merkle_tree_root(t, &nodes[n++], first);
	return n + merkle_tree_consistency(t, nodes + n, first, size);
}

static enum result
add_leaf(void *arg, uint64_t seq, struct slice line)
{
	struct digest leaf;

	(void)seq;
	merkle_leaf(&leaf, line.p, line.n);
	return merkle_tree_append(arg, &leaf);
}

/* The tree over the lines that the board shows now up to the size of the head: NULL if it is not that
 * of the head. */
static struct merkle_tree *
fetch_tree(struct mirror *m, const struct checkpoint *head)
{
	struct merkle_tree *t = NULL;
	struct digest root = { 0 };
	uint64_t at = 0;
	enum result r = merkle_tree_new(&t);

	if (r == R_GOOD && head->size <= EVIDENCE_ENTRIES_MAX)
		r = board_lines(m->board, &m->election, &at, head->size, add_leaf, t, NULL);
	if (r == R_GOOD && at == head->size)
		merkle_tree_root(t, &root, head->size);
	if (r != R_GOOD || !digest_equal(&root, &head->root)) {
		merkle_tree_free(t);
		return NULL;
	}
	return t;
}

void
accuse_of_head(struct mirror *m, struct slice note, char **path)
{
	const struct head_signers signers = frozen_signers(mirror_now(m));
	struct digest nodes[MERKLE_PATH_MAX + 1];
	struct evidence_case c = { .nodes = nodes };
	struct merkle_tree *other = NULL;
	struct buffer out = { 0 };
	struct checkpoint head;
	struct history h;
	enum result r = history_read(&h, m);

	*path = NULL;
	if (r == R_GOOD)
		r = head_open(&head, note, &signers);
	if (r != R_GOOD || h.kept.n == 0)
		goto out;
	/* The copy may have been damaged since, and be shorter than the head that it once agreed with. */
	if (head.size > 0 && head.size < h.head.size && h.head.size <= merkle_tree_size(m->tree))
		c.n = whole_proof(nodes, m->tree, head.size, h.head.size);
	else if (head.size > h.head.size && (other = fetch_tree(m, &head)) != NULL)
		c.n = whole_proof(nodes, other, h.head.size, head.size);
	c.definition = buffer_slice(&h.definition);
	c.keys = h.keys;
	c.n_keys = h.n_keys;
	c.head[0] = buffer_slice(&h.kept);
	c.head[1] = note;
	if (evidence_of_heads(&out, &c, NULL) == R_GOOD)
		*path = keep(m->evidence_dir, buffer_slice(&out));
out:
	merkle_tree_free(other);
	buffer_free(&out);
	history_free(&h);
}

int
accuse_of_two(const char *path, struct slice definition, struct slice a, struct slice b,
    const struct digest *nodes, size_t n)
{
	const struct evidence_case c = { .definition = definition,
		.head = { a, b },
		.nodes = nodes,
		.n = n };
	struct evidence_verdict verdict;
	struct buffer out = { 0 };
	enum result r = evidence_of_heads(&out, &c, NULL);

	if (r == R_GOOD)
		r = evidence_judge(&verdict, buffer_slice(&out), NULL, NULL, NULL);
	if (r == R_GOOD)
		r = file_write(path, buffer_slice(&out), 0644, NULL);
	buffer_free(&out);
	return r == R_GOOD;
}

/* The size of the head in a receipt; 0 if there is none. Whether it holds is judged with the evidence. */
static uint64_t
promised_size(const struct receipt *receipt)
{
	struct checkpoint head;
	struct note note;

	return note_parse(&note, slice_of(receipt->checkpoint)) == R_GOOD &&
		checkpoint_read(&head, note.text) == R_GOOD
	    ? head.size
	    : 0;
}

void
accuse_of_promise(const char *dir, const struct evidence_case *shown, uint64_t size,
    const struct merkle_tree *tree, struct slice bytes, char **path)
{
	struct digest nodes[MERKLE_PATH_MAX + 1];
	struct evidence_case c = *shown;
	struct receipt receipt = { 0 };
	struct buffer out = { 0 };
	struct entry entry;
	uint64_t promised;

	*path = NULL;
	if (receipt_read(&receipt, bytes, NULL) != R_GOOD ||
	    entry_read(&entry, slice_of(receipt.entry), NULL) != R_GOOD)
		goto out;
	c.nodes = nodes;
	if (tree != NULL && entry.seq < size) {
		nodes[0] = *merkle_tree_leaf(tree, entry.seq);
		c.n = 1 + merkle_tree_inclusion(tree, nodes + 1, entry.seq, size);
		if (evidence_of_receipt(&out, &c, bytes, NULL) == R_GOOD)
			*path = keep(dir, buffer_slice(&out));
	}
	if (*path != NULL)
		goto out;
	/* Its entry is there, or the board is shorter: is it another history, or signed later? */
	buffer_clear(&out);
	promised = promised_size(&receipt);
	c.head[1] = slice_of(receipt.checkpoint);
	c.n = tree != NULL && promised > 0 && promised < size
	    ? whole_proof(nodes, tree, promised, size)
	    : 0;
	if (evidence_of_heads(&out, &c, NULL) == R_GOOD)
		*path = keep(dir, buffer_slice(&out));
out:
	receipt_free(&receipt);
	buffer_free(&out);
}

void
accuse_of_receipt(struct mirror *m, struct slice bytes, char **path)
{
	struct evidence_case shown = { .n = 0 };
	struct history h;

	*path = NULL;
	if (history_read(&h, m) == R_GOOD && h.kept.n > 0) {
		shown.definition = buffer_slice(&h.definition);
		shown.keys = h.keys;
		shown.n_keys = h.n_keys;
		shown.head[0] = buffer_slice(&h.kept);
		accuse_of_promise(m->evidence_dir, &shown, h.head.size,
		    h.head.size <= merkle_tree_size(m->tree) ? m->tree : NULL, bytes, path);
	}
	history_free(&h);
}

/* ---- entries that break the rules ---- */

/* Our copy, and behind it what the board shows. */
struct longer {
	struct mirror *m;
	struct buffer lines; /* whole ones */
	uint64_t size;       /* with these */
};

static enum result
longer_entries(void *ctx, uint64_t from, uint64_t to, source_each *each, void *arg)
{
	const struct longer *l = ctx;
	const struct source *s = mirror_source(l->m);
	const uint64_t have = rules_size(l->m->rules);
	const uint8_t *p = l->lines.p, *end = p + l->lines.n, *feed;
	enum result r = R_GOOD;
	uint64_t seq;

	if (from < have)
		r = s->entries(s->ctx, from, to < have ? to : have, each, arg);
	for (seq = have; r == R_GOOD && seq < to; seq++, p = feed + 1) {
		feed = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
		if (feed == NULL)
			return R_MISSING_ENTRY;
		if (seq >= from)
			r = each(arg, seq, (struct slice){ p, (size_t)(feed - p) });
	}
	return r;
}

static enum result
longer_blob(void *ctx, const struct digest *id, struct blob *out)
{
	const struct longer *l = ctx;
	const struct source *s = mirror_source(l->m);

	return s->blob(s->ctx, id, out);
}

static enum result
add_line(void *arg, uint64_t seq, struct slice line)
{
	struct longer *l = arg;

	(void)seq;
	if (line.n >= EVIDENCE_BYTES_MAX - l->lines.n)
		return R_TOO_LARGE;
	buffer_add(&l->lines, line.p, line.n);
	buffer_add(&l->lines, "\n", 1);
	return buffer_result(&l->lines);
}

/* Begin with the whole ones of these lines and get those that follow, up to `size`. */
static enum result
fetch_rest(struct longer *l, struct slice lines, uint64_t size)
{
	const uint8_t *p = lines.p, *end = lines.p + lines.n, *feed;
	enum result r = size <= EVIDENCE_ENTRIES_MAX ? R_GOOD : R_TOO_LARGE;

	l->size = rules_size(l->m->rules);
	for (; r == R_GOOD && l->size < size && p < end; p = feed + 1, l->size++) {
		feed = memchr(p, '\n', (size_t)(end - p));
		if (feed == NULL)
			break;
		r = add_line(l, l->size, (struct slice){ p, (size_t)(feed - p) });
	}
	if (r == R_GOOD)
		r = board_lines(l->m->board, &l->m->election, &l->size, size, add_line, l, NULL);
	return r == R_GOOD && l->size < size ? R_MISSING_ENTRY : r;
}

void
accuse_of_lines(struct mirror *m, struct slice lines, char **path)
{
	const struct head_signers signers = frozen_signers(mirror_now(m));
	struct longer l = { .m = m };
	const struct source source = { &l, longer_entries, longer_blob };
	struct evidence_case c = { .n = 0 };
	struct buffer note = { 0 }, out = { 0 };
	struct checkpoint head;
	struct history h;
	enum result r = history_read(&h, m);

	*path = NULL;
	if (r == R_GOOD)
		r = board_checkpoint(m->board, &note, &m->election, NULL);
	if (r == R_GOOD)
		r = head_open(&head, buffer_slice(&note), &signers);
	if (r == R_GOOD)
		r = fetch_rest(&l, lines, head.size);
	c.definition = buffer_slice(&h.definition);
	c.keys = h.keys;
	c.n_keys = h.n_keys;
	c.head[0] = buffer_slice(&note);
	if (r == R_GOOD)
		r = evidence_of_entries(&out, &c, head.size, &source, (struct slice){ NULL, 0 },
		    NULL);
	if (r == R_GOOD)
		*path = keep(m->evidence_dir, buffer_slice(&out));
	buffer_free(&note);
	buffer_free(&l.lines);
	buffer_free(&out);
	history_free(&h);
}

/* ---- the author of a record that the board has refused ---- */

/* The head over just the first `size` entries: that in the receipt of the last of them, if they ended a
 * batch. */
static enum result
head_of(struct mirror *m, uint64_t size, struct receipt *receipt, struct why *why)
{
	const struct source *s = mirror_source(m);
	struct buffer record = { 0 }, bytes = { 0 };
	struct digest hash;
	enum result r = s->entries(s->ctx, size - 1, size, take_record, &record);

	if (r == R_GOOD) {
		sha256(&hash, record.p, record.n);
		r = board_receipt(m->board, &bytes, &m->election, &hash, why);
	}
	if (r == R_GOOD)
		r = receipt_read(receipt, buffer_slice(&bytes), why);
	if (r == R_GOOD && promised_size(receipt) != size)
		r = why_set(why, R_NOT_FOUND,
		    "the board has signed no head over just the %" PRIu64
		    " entries before\nThe fault on the board has to do",
		    size);
	buffer_free(&record);
	buffer_free(&bytes);
	return r;
}

enum result
accuse_of_fault(struct mirror *m, uint64_t seq, char **path, struct why *why)
{
	const struct source *s = mirror_source(m);
	struct evidence_case c = { .n = 0 };
	struct buffer bytes = { 0 }, out = { 0 };
	struct record *fault = NULL;
	struct receipt receipt = { 0 };
	struct history h;
	enum result r = history_read(&h, m);

	*path = NULL;
	if (r == R_GOOD)
		r = s->entries(s->ctx, seq, seq + 1, take_record, &bytes);
	if (r == R_MISSING_ENTRY)
		r = why_set(why, r, "the board has no entry %" PRIu64, seq);
	if (r == R_GOOD)
		r = record_parse(&fault, NULL, buffer_slice(&bytes), why);
	if (r == R_GOOD && fault->type != RECORD_FAULT)
		r = why_set(why, R_STATE, "entry %" PRIu64 " is a %s and accuses nobody", seq,
		    record_type_name(fault->type));
	if (r == R_GOOD)
		r = head_of(m, seq, &receipt, why);
	if (r != R_GOOD)
		goto out;
	c.definition = buffer_slice(&h.definition);
	c.keys = h.keys;
	c.n_keys = h.n_keys;
	c.head[0] = slice_of(receipt.checkpoint);
	r = evidence_of_entries(&out, &c, seq, s, fault->of.fault.record, why);
	if (r == R_GOOD && (*path = keep(m->evidence_dir, buffer_slice(&out))) == NULL)
		r = why_set(why, R_NO_EVIDENCE,
		    "the record in the fault does not convict its author by itself");
out:
	record_free(fault);
	receipt_free(&receipt);
	buffer_free(&bytes);
	buffer_free(&out);
	history_free(&h);
	return r;
}

void
accuse_tell(struct why *why, char *path)
{
	const size_t n = strlen(why->text);

	if (path != NULL)
		(void)snprintf(why->text + n, sizeof why->text - n,
		    "\nEvidence for everybody: %s (tabella verify evidence)", path);
	else
		(void)snprintf(why->text + n, sizeof why->text - n,
		    "\nWhat it has signed does not convict it");
	free(path);
}
