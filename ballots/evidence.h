/*
 * evidence: a file that convicts: what somebody has signed that nobody who keeps to the
 * protocol signs. It is self-contained and judged offline. docs/protocol.md, section 13.1.
 *
 *	E1	two heads of one size with different roots		the board
 *	E2	two heads, the longer of which does not continue the shorter
 *	E3	a longer head, and a shorter one that was signed later
 *	E4	a receipt, and a later head with something else at its place
 *	E5	a signed record that is invalid at its place: the board, which has signed for it, or,
 *		if it is not on the board, its author
 */
#ifndef BALLOTS_EVIDENCE_H
#define BALLOTS_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "ballots/head.h"
#include "ballots/source.h"
#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "crypto/par.h"
#include "crypto/result.h"
#include "crypto/slice.h"

#define EVIDENCE_BYTES_MAX ((size_t)1 << 30)
#define EVIDENCE_ENTRIES_MAX ((size_t)1 << 24)

/* ---- judging ---- */

struct evidence_verdict {
	char kind[3]; /* "E1"; "" if the file could not be read */
	struct digest election;
	char accused[640]; /* who is convicted */
	char what[1024];   /* of what, in words for people */
};

/* Judge a file. With `election` (may be NULL) it must be about that one. R_GOOD: it convicts.
 * R_NO_EVIDENCE: everything in it may come from people who keep to the protocol; R_BAD_ENCODING,
 * R_BAD_CHECKPOINT (a head that the board has not signed), R_MISSING_BLOB and other reasons: it
 * is not what it says it is. Resources. */
enum result evidence_judge(struct evidence_verdict *verdict, struct slice bytes,
    const struct digest *election, const struct effort *effort, struct why *why);

/* ---- writing: `out` gets the bytes; judge them before you accuse anybody ---- */

/* The heads (bytes of checkpoints) may carry lines of anybody: those of strangers are left out.
 * `definition` is the record of entry 0. */
struct evidence_case {
	struct slice definition;
	const struct slice *keys; /* records that have replaced the board's key, all of them */
	size_t n_keys;
	struct slice head[2];
	const struct digest *nodes;
	size_t n;
};

/* Two heads that contradict each other: finds out how, in whatever order they are. `nodes`: for E2
 * the consistency proof of the shorter in the longer, with the first node even if the
 * shorter is a full tree (merkle_rebuild). R_NO_EVIDENCE: they do not, as far as that shows. */
enum result evidence_of_heads(struct buffer *out, const struct evidence_case *c, struct why *why);
/* A receipt that was not honoured: head[0] is later, nodes[0] the leaf at its place, then its inclusion
 * path. */
enum result evidence_of_receipt(struct buffer *out, const struct evidence_case *c,
    struct slice receipt, struct why *why);
/* An invalid record on the board: head[0] is over just the `size` entries of the source, one of
 * which is invalid. With `record` (else empty): the entries are good, but this record is not. */
enum result evidence_of_entries(struct buffer *out, const struct evidence_case *c, uint64_t size,
    const struct source *source, struct slice record, struct why *why);

#endif
