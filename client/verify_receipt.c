/* tabella verify receipt: the board's word, and whether it has kept it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/entry.h"
#include "ballots/receipt.h"
#include "ballots/record.h"
#include "client/accuse.h"
#include "client/file.h"
#include "client/terminal.h"
#include "client/verify_words.h"
#include "crypto/merkle.h"
#include "crypto/note.h"

#define RECEIPT_MOST ((size_t)64 << 20)
#define KEEP "Keep the receipt and tell the organiser and the trustees"

/* The board's key as the election id vouches for it: entry 0 is the definition that has this
 * id. The caller frees the record. */
static enum result
find_definition(struct question *q, struct record **out, const struct digest *election,
    struct why *why)
{
	struct buffer line = { 0 };
	struct entry entry;
	enum result r = question_line(q, &line, election, 0, why);

	*out = NULL;
	if (r == R_GOOD)
		r = entry_read(&entry, buffer_slice(&line), why);
	if (r == R_GOOD)
		r = record_parse(out, NULL, entry.record, why);
	if (r == R_GOOD &&
	    ((*out)->type != RECORD_DEFINITION || !digest_equal(&(*out)->election, election)))
		r = why_set(why, R_WRONG_ELECTION, "this is not the election of the receipt");
	buffer_free(&line);
	return r;
}

/* The keys that have replaced the board's: needed only when a head is not signed by the first. */
struct key_search {
	struct head_signers *signers;
	struct head_key keys[HEAD_KEYS_MAX];
};

static enum result
look_for_key(void *arg, uint64_t seq, struct slice line)
{
	struct key_search *s = arg;
	struct entry entry;
	enum result r;

	if (s->signers->later_count == HEAD_KEYS_MAX ||
	    memmem(line.p, line.n, "{\"board-key\":", 13) == NULL ||
	    entry_read(&entry, line, NULL) != R_GOOD)
		return R_GOOD;
	r = head_key_read(&s->keys[s->signers->later_count], entry.record, s->signers, NULL);
	/* What is none is for those who judge the whole board. */
	if (r != R_GOOD)
		return result_exit(r) == 3 ? r : R_GOOD;
	s->keys[s->signers->later_count++].seq = seq;
	return R_GOOD;
}

/* Give the lines up to `end`, or as many as there are. */
static enum result
all_lines(struct question *q, const struct digest *election, uint64_t end, source_each *each,
    void *arg, struct why *why)
{
	const struct source *source = q->folder != NULL ? folder_source(q->folder) : NULL;
	uint64_t seq = 0;

	if (source == NULL)
		return board_lines(q->board, election, &seq, end, each, arg, why);
	end = end < folder_size(q->folder) ? end : folder_size(q->folder);
	return source->entries(source->ctx, 0, end, each, arg);
}

static enum result
find_keys(struct question *q, struct key_search *s, struct why *why)
{
	return all_lines(q, &s->signers->election, UINT64_MAX, look_for_key, s, why);
}

struct rooting {
	struct merkle_frontier tree;
	uint64_t size; /* at which the root is wanted */
	struct digest root;
};

static enum result
add_leaf(void *arg, uint64_t seq, struct slice line)
{
	struct rooting *rooting = arg;
	struct digest leaf;

	(void)seq;
	merkle_leaf(&leaf, line.p, line.n);
	merkle_frontier_append(&rooting->tree, &leaf);
	if (rooting->tree.size == rooting->size)
		merkle_frontier_root(&rooting->tree, &rooting->root);
	return R_GOOD;
}

/* The head in the receipt must be one of the archive's own. */
static enum result
compare_archive(struct question *q, const struct receipt_facts *facts, struct why *why)
{
	const struct source *source = folder_source(q->folder);
	struct rooting rooting = { .size = facts->head.size };
	enum result r;

	if (facts->head.size > folder_size(q->folder)) {
		(void)printf("The archive is older than the receipt: it ends after %" PRIu64
			     " of %" PRIu64 " entries.\n",
		    folder_size(q->folder), facts->head.size);
		return R_GOOD;
	}
	r = source->entries(source->ctx, 0, facts->head.size, add_leaf, &rooting);
	if (r != R_GOOD)
		return why_set(why, r, "the archive cannot be read: %s", result_text(r));
	if (!digest_equal(&rooting.root, &facts->head.root))
		return why_set(why, R_EQUIVOCATION,
		    "the archive is another history than the one that the board signed in the "
		    "receipt\n" KEEP);
	return R_GOOD;
}

/* The board's head of now must continue the one in the receipt. */
static enum result
compare_board(struct question *q, struct key_search *search, const struct receipt_facts *facts,
    struct why *why)
{
	const struct head_signers *signers = search->signers;
	struct buffer note = { 0 };
	struct digest path[MERKLE_PATH_MAX];
	struct checkpoint head;
	enum result r;
	size_t n;

	r = board_checkpoint(q->board, &note, &signers->election, why);
	if (r != R_GOOD)
		goto out;
	r = head_open(&head, buffer_slice(&note), signers);
	if (r == R_BAD_CHECKPOINT && signers->later_count == 0 &&
	    (r = find_keys(q, search, why)) == R_GOOD)
		r = head_open(&head, buffer_slice(&note), signers);
	if (r != R_GOOD) {
		r = why_set(why, R_BAD_CHECKPOINT, "the board's head does not hold");
		goto out;
	}
	if (head.size < facts->head.size) {
		r = why_set(why, R_ROLLBACK,
		    "the board has signed %" PRIu64 " entries in the receipt and shows %" PRIu64
		    " now\n" KEEP,
		    facts->head.size, head.size);
		goto out;
	}
	r = board_consistency(q->board, path, &n, &signers->election, facts->head.size, head.size,
	    why);
	if (r == R_GOOD &&
	    merkle_check_consistency(&facts->head.root, facts->head.size, &head.root, head.size,
		path, n) != R_GOOD)
		r = why_set(why, R_EQUIVOCATION,
		    "the board shows another history than the one that it signed in the "
		    "receipt\n" KEEP);
out:
	buffer_free(&note);
	return r;
}

/* ---- a receipt that is not honoured ---- */

/* What is shown instead. */
struct shown {
	struct key_search search;
	struct merkle_tree *tree;
	struct buffer definition, key[HEAD_KEYS_MAX];
	struct slice keys[HEAD_KEYS_MAX];
	size_t n_keys;
};

static enum result
take_line(void *arg, uint64_t seq, struct slice line)
{
	struct shown *s = arg;
	struct digest leaf;
	struct entry entry;
	enum result r;

	merkle_leaf(&leaf, line.p, line.n);
	r = merkle_tree_append(s->tree, &leaf);
	if (r == R_GOOD)
		r = look_for_key(&s->search, seq, line);
	if (r != R_GOOD || entry_read(&entry, line, NULL) != R_GOOD)
		return r;
	if (seq == 0)
		buffer_add(&s->definition, entry.record.p, entry.record.n);
	if (s->search.signers->later_count > s->n_keys) {
		buffer_add(&s->key[s->n_keys], entry.record.p, entry.record.n);
		s->keys[s->n_keys] = buffer_slice(&s->key[s->n_keys]);
		s->n_keys++;
	}
	return R_GOOD;
}

/* The signed head that is shown. */
static enum result
shown_head(struct question *q, struct buffer *note, const struct digest *election)
{
	char *path;
	enum result r;

	if (q->folder == NULL)
		return board_checkpoint(q->board, note, election, NULL);
	path = file_path(q->archive, "checkpoint");
	r = path == NULL ? R_NO_MEMORY : file_read(note, path, HEAD_BYTES_MAX, NULL);
	free(path);
	return r;
}

/* Keep what convicts the board, in the folder where we are, and say so. */
static void
accuse(struct question *q, const struct head_signers *known, struct slice receipt, struct why *why)
{
	struct head_signers signers = { .definition = known->definition,
		.election = known->election };
	struct shown s = { .search = { .signers = &signers } };
	struct evidence_case c = { .n = 0 };
	struct checkpoint head;
	struct note note;
	struct buffer text = { 0 };
	struct digest root = { { 0 } };
	char *path = NULL;
	size_t i;

	signers.later = s.search.keys;
	if (shown_head(q, &text, &signers.election) == R_GOOD &&
	    note_parse(&note, buffer_slice(&text)) == R_GOOD &&
	    checkpoint_read(&head, note.text) == R_GOOD && head.size <= EVIDENCE_ENTRIES_MAX &&
	    merkle_tree_new(&s.tree) == R_GOOD &&
	    all_lines(q, &signers.election, head.size, take_line, &s, NULL) == R_GOOD &&
	    buffer_result(&s.definition) == R_GOOD) {
		if (merkle_tree_size(s.tree) == head.size)
			merkle_tree_root(s.tree, &root, head.size);
		c.definition = buffer_slice(&s.definition);
		c.keys = s.keys;
		c.n_keys = s.n_keys;
		c.head[0] = buffer_slice(&text);
		accuse_of_promise(".", &c, head.size,
		    digest_equal(&root, &head.root) ? s.tree : NULL, receipt, &path);
	}
	accuse_tell(why, path);
	merkle_tree_free(s.tree);
	buffer_free(&s.definition);
	for (i = 0; i < HEAD_KEYS_MAX; i++)
		buffer_free(&s.key[i]);
	buffer_free(&text);
}

/* ---- the command ---- */

static void
print_found(const struct receipt_facts *facts, struct slice record)
{
	struct record *parsed;
	char text[RECORD_TRACKER_TEXT];

	(void)printf("The record of this receipt is entry %" PRIu64 ", as the board has signed.\n",
	    facts->seq);
	if (record_parse(&parsed, NULL, record, NULL) != R_GOOD)
		return;
	(void)printf("  type     %s\n", record_type_name(parsed->type));
	if (parsed->type == RECORD_BALLOT) {
		record_tracker_print(text, &parsed->tracker);
		(void)printf("  tracker  %s\n  line     %" PRIu64 " of the roll\n", text,
		    parsed->of.ballot.line);
	}
	record_free(parsed);
}

/* A receipt that was read, against the archive or board. */
static enum result
judge_receipt(struct question *q, const struct receipt *receipt, struct slice bytes,
    struct why *why)
{
	struct record *definition = NULL;
	struct receipt_expect expect = { .record = { NULL, 0 } };
	struct key_search search = { .signers = NULL };
	struct receipt_facts facts;
	struct buffer line = { 0 };
	struct entry entry;
	enum result r;

	if ((r = entry_read(&entry, slice_of(receipt->entry), why)) != R_GOOD)
		return r;
	if (q->has_election && !digest_equal(&q->election, &entry.election))
		return why_set(why, R_WRONG_ELECTION, "the receipt is for another election");
	if ((r = question_open(q, why)) != R_GOOD ||
	    (r = find_definition(q, &definition, &entry.election, why)) != R_GOOD)
		goto out;
	expect.signers.definition = &definition->of.definition;
	expect.signers.election = entry.election;
	expect.record = entry.record;
	search.signers = &expect.signers;
	expect.signers.later = search.keys;
	r = receipt_verify(receipt, &expect, &facts, why);
	if (r == R_BAD_CHECKPOINT && (r = find_keys(q, &search, why)) == R_GOOD)
		r = receipt_verify(receipt, &expect, &facts, why);
	if (r != R_GOOD)
		goto out;
	/* From here on the board has promised it. */
	r = question_line(q, &line, &entry.election, facts.seq, why);
	if (r == R_GOOD && !slice_equal(buffer_slice(&line), slice_of(receipt->entry)))
		r = why_set(why, R_MISSING_ENTRY,
		    "entry %" PRIu64 " is another than the board has signed in the receipt\n" KEEP,
		    facts.seq);
	if (r == R_GOOD)
		r = q->folder != NULL ? compare_archive(q, &facts, why)
				      : compare_board(q, &search, &facts, why);
	if (r == R_GOOD)
		print_found(&facts, entry.record);
	else if (r == R_MISSING_ENTRY || r == R_EQUIVOCATION || r == R_ROLLBACK)
		accuse(q, &expect.signers, bytes, why);
out:
	record_free(definition);
	buffer_free(&line);
	return r;
}

int
verify_receipt(const struct command *self, int argc, char **argv)
{
	struct question q = { .file = NULL };
	struct receipt receipt = { .path_count = 0 };
	struct buffer bytes = { 0 };
	struct why why = { 0 };
	enum result r;

	if (question_read(&q, self, argc, argv) != 0)
		return 2;
	if (q.archive == NULL && q.url == NULL)
		return command_usage(self, "--archive or --board is needed");
	r = file_read(&bytes, q.file, RECEIPT_MOST, &why);
	if (r == R_GOOD)
		r = receipt_read(&receipt, buffer_slice(&bytes), &why);
	if (r == R_GOOD)
		r = judge_receipt(&q, &receipt, buffer_slice(&bytes), &why);
	receipt_free(&receipt);
	buffer_free(&bytes);
	question_free(&q);
	return r == R_GOOD ? 0 : terminal_refuse(r, &why);
}
