#include "ballots/receipt.h"

#include <string.h>

#include "ballots/record.h"
#include "ballots/walk.h"
#include "crypto/merkle.h"
#include "crypto/note.h"

#define RECEIPT_BYTES_MAX (2 * RECORD_BYTES_MAX)

static void
receipt_walk(struct walk *w, struct receipt *r)
{
	size_t i;

	walk_object(w);
	walk_key(w, "checkpoint");
	walk_string(w, &r->checkpoint, 1, HEAD_BYTES_MAX);
	walk_key(w, "entry");
	walk_string(w, &r->entry, 1, RECEIPT_BYTES_MAX);
	walk_key(w, "path");
	walk_array(w, &r->path, &r->path_count, sizeof *r->path, 0, MERKLE_PATH_MAX);
	while (walk_next(w, &i))
		walk_digest(w, &r->path[i]);
	walk_end(w);
}

enum result
receipt_read(struct receipt *out, struct slice bytes, struct why *why)
{
	struct walk w;

	*out = (struct receipt){ 0 };
	walk_read(&w, &out->arena, bytes, RECEIPT_BYTES_MAX);
	receipt_walk(&w, out);
	if (walk_finish(&w) == R_GOOD)
		return R_GOOD;
	receipt_free(out);
	return why_set(why, w.error, "a receipt: %s", w.why.text);
}

void
receipt_free(struct receipt *receipt)
{
	arena_free(&receipt->arena);
	*receipt = (struct receipt){ 0 };
}

enum result
receipt_write(struct buffer *out, const struct receipt *receipt)
{
	struct receipt copy = *receipt;
	struct walk w;

	walk_write(&w, out, RECEIPT_BYTES_MAX);
	receipt_walk(&w, &copy);
	return walk_finish(&w);
}

enum result
receipt_verify(const struct receipt *receipt, const struct receipt_expect *expect,
    struct receipt_facts *facts, struct why *why)
{
	const struct slice line = slice_of(receipt->entry);
	struct checkpoint head;
	struct entry entry;
	struct digest leaf;
	enum result r;

	if ((r = entry_read(&entry, line, why)) != R_GOOD)
		return r;
	r = head_open(&head, slice_of(receipt->checkpoint), &expect->signers);
	if (r == R_NO_MEMORY)
		return why_set(why, r, "out of memory");
	if (r != R_GOOD)
		return why_set(why, R_BAD_CHECKPOINT,
		    "the head in the receipt is not one that this board signed for this election");
	merkle_leaf(&leaf, line.p, line.n);
	if (entry.seq >= head.size ||
	    merkle_check_inclusion(&head.root, head.size, &leaf, entry.seq, receipt->path,
		receipt->path_count) != R_GOOD)
		return why_set(why, R_MISSING_ENTRY,
		    "entry %llu is not in the head of %llu entries that the board signed",
		    (unsigned long long)entry.seq, (unsigned long long)head.size);
	if (!digest_equal(&entry.election, &expect->signers.election))
		return why_set(why, R_WRONG_ELECTION,
		    "the receipt is for an entry of another election");
	if (!slice_equal(entry.record, expect->record))
		return why_set(why, R_RECEIPT_NOT_MINE,
		    "entry %llu holds another record than the one that was sent",
		    (unsigned long long)entry.seq);
	if (facts != NULL) {
		*facts =
		    (struct receipt_facts){ .head = head, .seq = entry.seq, .time = entry.time };
		entry_hash(&facts->hash, line);
	}
	return R_GOOD;
}
