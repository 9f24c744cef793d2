/*
 * rules: the rule book. It follows one board entry by entry and decides whether a record
 * is valid at its place. The board runs it before it accepts, the trustee before it mixes
 * or decrypts, the observer when it verifies: this code and no other decides.
 *
 * A record goes through three steps:
 *
 * 	record_parse	bytes to fields, no state			any thread
 * 	rules_prepare	what can be said early, from a snapshot		any thread
 * 	checks_run	signatures, proofs, blobs: heavy, pure		any thread
 * 	rules_admit	judge at its place and apply			the owner
 *
 * The owner of a `struct rules` is one thread at a time. rules_admit judges everything
 * cheap anew, in the order of docs/protocol.md section 11, before it looks at the verdict
 * of checks_run, so a record that was prepared long ago is never accepted wrongly and
 * everybody names the same reason. If what was checked no longer fits the state, it
 * returns R_BUSY: prepare and run again.
 *
 * Refusals fill `why` with the reason, a text and the check of section 14 ("V124"). Any
 * `why` may be NULL. Source: docs/protocol.md, sections 10, 11 and 14.
 */
#ifndef BALLOTS_RULES_H
#define BALLOTS_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "ballots/entry.h"
#include "ballots/frozen.h"
#include "ballots/record.h"
#include "ballots/source.h"
#include "crypto/par.h"
#include "crypto/result.h"

struct rules;
struct check;

enum rules_mode {
	RULES_VERIFY,
	/* Follow a board that was verified before, from the own database or the own
	 * signed notes only: signatures and proofs are not checked, blobs are read only for
	 * what the state needs (the keys of the roll). */
	RULES_REPLAY
};

/* Make the state of an empty board. `expected` is the election id from outside, or
 * NULL to trust the first entry. */
enum result rules_new(struct rules **out, const struct digest *expected, enum rules_mode mode);
void rules_free(struct rules *rules);
/* Verify everything from here on, after a replay. Before any snapshot was handed out, with all
 * entries settled. */
void rules_verify_from_now_on(struct rules *rules);

/* ---- judging a record ---- */

/* Return the state after the last settle; the caller owes a frozen_unref. */
struct frozen *rules_frozen(const struct rules *rules);

/* Judge a record as far as a snapshot allows, without blobs, group arithmetic and what
 * belongs to single roll lines. On R_GOOD *out owns the record; free with check_free. On
 * refusal *out is NULL and the record stays the caller's. */
enum result rules_prepare(struct check **out, const struct frozen *frozen, struct record *record,
    struct why *why);

/* What checking it costs: for the choice of a queue. */
enum check_cost {
	CHECK_SIGNATURE, /* a signature and little else */
	CHECK_BALLOT,    /* a voter's proof: many are cheaper together */
	CHECK_LONG       /* grows with the number of voters: rolls, lists, mixes, results */
};
enum check_cost check_cost(const struct check *check);
const struct record *check_record(const struct check *check);
void check_free(struct check *check);

/* Check n prepared records: encodings, signatures, blobs, proofs, sections (6) to (9) of the
 * order of judgement. Each check keeps its verdict. A check may be run again, e.g.
 * after a resource ran out. The checks may come from different snapshots of one
 * election. */
void checks_run(struct check *const checks[], size_t n, const struct source *source,
    const struct effort *effort);
/* The verdict: R_GOOD, a refusal, or a resource. R_BUSY before checks_run. */
enum result check_verdict(const struct check *check, struct why *why);

/* Is this a verdict on a mix or a decryption that makes its author guilty, wherever it stands
 * (protocol.md 10.9)? What depends on the judge's own blobs is not. */
int rules_is_fault(enum result verdict);

/* Judge a prepared record once more before its check is run, with all that rules_admit judges by
 * itself: what belongs to its roll line, too. The owner only. A board calls it to do no
 * heavy work for nothing. */
enum result rules_look(const struct rules *rules, const struct check *check, struct why *why);

/* Where a record is to stand. */
struct rules_place {
	uint64_t seq;
	uint64_t time;
	struct digest hash; /* the entry hash */
};

/* Judge a checked record as the next entry of the board and apply it. O(1), but
 * for the rare records that allocate (open, open-item). The check may be freed
 * afterwards. On anything but R_GOOD nothing has changed. R_BAD_SEQUENCE, R_BAD_TIME
 * if the place is not the next one. R_BUSY: run the check again against a new snapshot. */
enum result rules_admit(struct rules *rules, struct check *check, const struct rules_place *place,
    struct why *why);

/* Keep what was admitted since the last settle: after COMMIT. */
void rules_settle(struct rules *rules);
/* Go back to the last settle: after a COMMIT that failed. */
void rules_undo(struct rules *rules);

/* Set what the next entry must carry: election, prev, seq, and the lowest time it
 * may have. `record` is left empty. On an empty board election is zero: it is
 * the id of the definition to come. */
void rules_next(const struct rules *rules, struct entry *next);

/* ---- following a board ---- */

/* Take n lines (without line ends) as the next entries: form, seq, prev, time, election
 * (V004 to V007, V910), then prepare, run, admit and settle. Runs of ballots are verified
 * together. *done (may be NULL) is how many were taken; on refusal lines[*done] is the one
 * that was refused, and those before it are settled. */
enum result rules_entries(struct rules *rules, const struct slice *lines, size_t n,
    const struct source *source, const struct effort *effort, size_t *done, struct why *why);
/* The same for one line. */
enum result rules_entry(struct rules *rules, struct slice line, const struct source *source,
    const struct effort *effort, struct why *why);

/* Judge whether everything is there at the end (V913): R_GOOD or R_MISSING_RECORD. */
enum result rules_complete(const struct rules *rules, struct why *why);

/* ---- asking; owner thread ---- */

/* Number of entries; the entry hash of the last one (zeros on an empty board). */
uint64_t rules_size(const struct rules *rules);
const struct digest *rules_head(const struct rules *rules);
/* The entry hash of entry seq: R_GOOD or R_MISSING_ENTRY. */
enum result rules_entry_hash(const struct rules *rules, uint64_t seq, struct digest *hash);
/* The current state, settled or not; valid until the next call that changes it. */
const struct frozen *rules_now(const struct rules *rules);

/* What the next record of a roll line must carry as prev. */
enum result rules_line_prev(const struct rules *rules, uint64_t line, struct digest *prev);

/* The last ballot of a line on an item. R_NOT_FOUND if there is none. */
struct last_ballot {
	struct digest tracker;
	uint64_t seq;
};
enum result rules_last_ballot(const struct rules *rules, uint64_t line, uint64_t item,
    struct last_ballot *out);

/* ---- checks ---- */

/* Set why->check to the check of section 14 that fails with this reason on a
 * record of this type: "V125". */
void rules_name_check(struct why *why, enum record_type type, enum result reason);

#endif
