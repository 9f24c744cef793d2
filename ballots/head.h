/*
 * head: the signed heads of an election's board: who may sign them, and who must have seen
 * them. The bytes are those of crypto/checkpoint.h. Source: docs/protocol.md, section 9.
 */
#ifndef BALLOTS_HEAD_H
#define BALLOTS_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "ballots/definition.h"
#include "crypto/buffer.h"
#include "crypto/checkpoint.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

/* The most bytes that a head can have. */
#define HEAD_BYTES_MAX 16384

/* How often a board's key can be replaced. */
#define HEAD_KEYS_MAX 16

/* A key that has replaced the one before: it signs the heads of more than `seq` entries. */
struct head_key {
	uint64_t seq; /* of the record */
	struct sign_public key;
};

/* Who signs: a view, nothing in it is owned. */
struct head_signers {
	const struct definition *definition;
	struct digest election;
	const struct head_key *later; /* in the order of seq */
	size_t later_count;
	/* 1: a head may be signed by any of these keys whatever its size (evidence, which does not
	 * know where the records stand). */
	int any_size;
};

/* Read a record that replaces the board's key (protocol.md 13.1), by itself: of this election and
 * signed by its organiser. out->seq is left 0. R_WRONG_ELECTION, R_NOT_ALLOWED, R_BAD_SIGNATURE, or
 * what record_parse says. */
enum result head_key_read(struct head_key *out, struct slice record,
    const struct head_signers *signers, struct why *why);

/* The key that signs the heads of this size. */
const struct sign_public *head_signer(const struct head_signers *signers, uint64_t size);

/* Add the origin of a board's heads: name, "/", election id in hexadecimal. */
void head_origin(struct buffer *out, const char *board_name, const struct digest *election);

/* Read and verify a head. head->origin is empty afterwards. R_BAD_CHECKPOINT, R_NO_MEMORY. */
enum result head_open(struct checkpoint *head, struct slice note,
    const struct head_signers *signers);

/* Have as many witnesses co-signed as the definition demands? R_GOOD or R_NO_QUORUM. */
enum result head_quorum(const struct checkpoint *head, const struct definition *definition,
    struct why *why);

/* Write the head anew with the cosignatures that are good among `lines` (signature lines, one after the
 * other; they may be of anybody) beside those that it has: into `out`, as checkpoint_open reads
 * it. *head is what it now says. R_BAD_CHECKPOINT if `note` itself does not hold. */
enum result head_join(struct buffer *out, struct checkpoint *head, struct slice note,
    struct slice lines, const struct head_signers *signers);

#endif
