/*
 * ballot: make a voter's records: encrypt choices, then cast or audit.
 *
 * A draft is a ballot without its proof. It is shown by its tracker, then either
 * cast (the proof is made only then) or audited (its randomness is disclosed to the
 * voter and the draft is burnt). Either ends the draft.
 * Source: docs/protocol.md, sections 4, 5.1, 10.7.
 */
#ifndef BALLOTS_BALLOT_H
#define BALLOTS_BALLOT_H

#include <stddef.h>
#include <stdint.h>

#include "ballots/choice.h"
#include "ballots/item.h"
#include "ballots/record.h"
#include "crypto/buffer.h"
#include "crypto/group.h"
#include "crypto/rng.h"
#include "crypto/transcript.h"

/* What a voter's record is bound to. The caller owns what it points to. */
struct ballot_place {
	const struct group *group;
	const struct digest *election;
	const struct digest *open; /* open hash */
	struct slice y;            /* the election key, encoded */
	uint64_t line;
	struct slice X;            /* the credential of the line, encoded */
	const struct digest *prev; /* record hash of the line's last record, or zeros */
};

/* P of the proof of a ballot, and of any other voter's record (section 5.1). The body is
 * that of the record. Prover and verifier both call them. */
void ballot_transcript(struct transcript *p, const struct ballot_place *place, struct slice body);
void ballot_other_transcript(struct transcript *p, const struct ballot_place *place,
    struct slice body);

/* The answer to one item. */
struct ballot_answer {
	const struct item *item;
	const struct digest *hash; /* item hash */
	const struct choice *choice;
};

struct ballot_draft;

/* Encrypt the answers (item ids strictly increasing). All randomness comes from `rng`. Free,
 * and wipe, with ballot_draft_free. R_BAD_INPUT, R_NO_MEMORY. */
enum result ballot_draft_new(struct ballot_draft **out, const struct ballot_place *place,
    const struct ballot_answer *answers, size_t n, struct rng *rng, struct why *why);
void ballot_draft_free(struct ballot_draft *draft);

/* The bytes of the body, and its tracker; valid as long as the draft. */
struct slice ballot_draft_body(const struct ballot_draft *draft);
const struct digest *ballot_draft_tracker(const struct ballot_draft *draft);
/* The randomness r of every ciphertext in order, encoded scalar after scalar: for
 * the audit file only. A draft that has been audited is never cast, and of one that has been
 * cast there are none (no bytes): they would open the vote to whoever sees them. */
struct slice ballot_draft_audit(struct ballot_draft *draft);

/* Prove with the credential's secret x (length 1) and add the record to `out`.
 * R_CHALLENGED if the draft was audited. */
enum result ballot_draft_cast(struct buffer *out, struct ballot_draft *draft, const struct svec *x,
    struct rng *rng, struct why *why);

/* Add the record that makes a tracker uncastable, proved with x. */
enum result ballot_challenge(struct buffer *out, const struct ballot_place *place,
    const struct digest *tracker, const struct svec *x, struct rng *rng, struct why *why);

/* Judge an audit, by the disclosed randomness `r` alone (what ballot_draft_audit gave). The body
 * must be for place->election and place->open and answer the n items, which have item and
 * hash set; choices[i] becomes what its ciphertexts hold. place->X, line and prev are not
 * looked at. R_BAD_ENCODING, R_NON_CANONICAL ... for bytes that do not decode, R_BAD_PROOF
 * if the randomness is not that of the ciphertexts, R_BAD_CHOICE if they hold no choice,
 * R_WRONG_ELECTION. */
enum result ballot_audit(struct choice *choices, const struct ballot_answer *items, size_t n,
    const struct ballot_place *place, struct slice body, struct slice r, struct why *why);

#endif
