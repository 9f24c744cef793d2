/*
 * receipt: the board's word that a record is on it: a signed head, the entry,
 * the inclusion proof. Source: docs/protocol.md, section 13.
 */
#ifndef BALLOTS_RECEIPT_H
#define BALLOTS_RECEIPT_H

#include <stddef.h>
#include <stdint.h>

#include "ballots/arena.h"
#include "ballots/entry.h"
#include "ballots/head.h"
#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

struct receipt {
	const char *checkpoint; /* the signed note */
	const char *entry;      /* the line */
	struct digest *path;    /* from the leaf up */
	size_t path_count;
	struct arena arena; /* owns all of a receipt that was read */
};

/* Read a receipt; R_BAD_ENCODING, R_TOO_LARGE. Free with receipt_free. */
enum result receipt_read(struct receipt *out, struct slice bytes, struct why *why);
void receipt_free(struct receipt *receipt);
/* Add a receipt. */
enum result receipt_write(struct buffer *out, const struct receipt *receipt);

/* What a receipt is judged by. */
struct receipt_expect {
	struct head_signers signers;
	struct slice record; /* the bytes that were sent */
};

/* What a receipt says, once it holds. */
struct receipt_facts {
	struct checkpoint head; /* the signed one */
	uint64_t seq;
	uint64_t time;
	struct digest hash; /* entry hash */
};

/* Judge a receipt. R_BAD_ENCODING (its entry is none), R_BAD_CHECKPOINT (the head is not
 * the board's or not of this election), R_MISSING_ENTRY (the entry is not in the head),
 * R_WRONG_ELECTION, R_RECEIPT_NOT_MINE (the entry holds another record). facts may be
 * NULL. */
enum result receipt_verify(const struct receipt *receipt, const struct receipt_expect *expect,
    struct receipt_facts *facts, struct why *why);

#endif
