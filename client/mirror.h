/*
 * mirror: a board as its follower sees it: a folder with a copy of its entries and
 * blobs, and the rule book that has judged every one of them. What the rule book
 * refuses is not kept. One owner thread.
 */
#ifndef CLIENT_MIRROR_H
#define CLIENT_MIRROR_H

#include <stdint.h>

#include "ballots/entry.h"
#include "ballots/folder.h"
#include "ballots/head.h"
#include "ballots/rules.h"
#include "client/board.h"
#include "crypto/merkle.h"
#include "crypto/par.h"

struct mirror {
	char *dir;
	const char *evidence_dir; /* where evidence goes: dir, or what the caller sets */
	struct board *board;
	struct folder *folder;
	struct rules *rules;
	struct merkle_tree *tree; /* over the entries */
	struct digest election;
	/* Entries that a head with the witnesses' quorum covers, as far as we have seen it; all of them if
	 * the definition has no witnesses. mirror_confirm sees to it. */
	uint64_t witnessed;
};

/* Open the copy in `dir` (made if missing) of the election with this id, from
 * outside the board, and judge what it holds. `board` stays the caller's. If the copy is
 * refused by the rule book it was damaged here: it is emptied, to be fetched anew. */
enum result mirror_open(struct mirror *m, const char *dir, struct board *board,
    const struct digest *election, const struct effort *effort, struct why *why);
void mirror_close(struct mirror *m);

/* Fetch and judge what is new on the board. Waits up to `wait` seconds (most 25) for
 * something to come; 0: takes all there is. A refusal means that the board has shown
 * something invalid; R_EQUIVOCATION: its entries do not continue those that it showed before. */
enum result mirror_sync(struct mirror *m, unsigned wait, const struct effort *effort,
    struct why *why);

/* Compare the copy with the head that the board signs now, and that with the last one that was
 * seen (kept in `dir`): R_BAD_CHECKPOINT, R_MISSING_ENTRY (it shows less than it signs for),
 * R_ROLLBACK, R_EQUIVOCATION; the head that contradicts is kept beside. After a sync. */
enum result mirror_confirm(struct mirror *m, const struct effort *effort, struct why *why);

/* Wait up to `wait_ms` until a head that has the witnesses' quorum and agrees with our copy covers
 * `size` entries; *note (may be NULL) gets it. R_NO_QUORUM; what mirror_confirm returns of a head
 * that contradicts. Without witnesses in the definition the board's own head is enough. */
enum result mirror_await_witnesses(struct mirror *m, uint64_t size, unsigned wait_ms,
    struct checkpoint *head, struct buffer *note, struct why *why);
/* Make a receipt that holds (mirror_check_receipt) into one under a head with the quorum. R_NO_QUORUM: it is
 * as it was; R_MISSING_ENTRY: the board holds something else at its place. */
enum result mirror_witness_receipt(struct mirror *m, struct buffer *receipt, unsigned wait_ms,
    struct why *why);

/* Is the line of a receipt (which people know as `name`) our copy's entry of that number?
 * R_MISSING_ENTRY, with evidence. */
enum result mirror_check_place(struct mirror *m, struct slice receipt, const char *name,
    const struct entry *entry, struct slice line, struct why *why);
/* The board shows `lines` after our copy, which were refused for that reason: keep what convicts it, and add
 * that to the text. */
void mirror_accuse(struct mirror *m, enum result reason, struct slice lines, struct why *why);

/* The state; valid until the next sync. */
const struct frozen *mirror_now(const struct mirror *m);
const struct source *mirror_source(const struct mirror *m);

/* Fill election and prev of a body of the author `by`, sign it, post it, check the receipt, and
 * sync until the record is seen. */
enum result mirror_post(struct mirror *m, enum record_type type, union record_body *body,
    const struct sign_key *key, struct why *why);
/* Post a finished record (of anybody), check the receipt and sync until it is
 * seen. The receipt's bytes go to *receipt (may be NULL). */
enum result mirror_send(struct mirror *m, struct slice record, struct buffer *receipt,
    struct why *why);
/* Check the receipt of a record against the definition that the rule book has accepted. */
enum result mirror_check_receipt(struct mirror *m, struct slice receipt, struct slice record,
    struct why *why);
/* Set election and prev in a body of the given role, as mirror_post does. */
void mirror_fill(const struct mirror *m, enum record_type type, union record_body *body,
    const struct sign_key *key);

/* Keep a blob in the folder and upload it on a ticket signed by `key`. */
enum result mirror_upload(struct mirror *m, struct slice blob, struct digest *id,
    const struct sign_key *key, struct why *why);

#endif
