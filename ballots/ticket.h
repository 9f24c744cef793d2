/*
 * ticket: the right to upload one blob, signed by a role of the election.
 * Source: docs/protocol.md, section 13.
 */
#ifndef BALLOTS_TICKET_H
#define BALLOTS_TICKET_H

#include <stdint.h>

#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/sign.h"
#include "crypto/slice.h"

#define TICKET_BYTES_MAX 1024 /* of the ticket itself */

struct ticket {
	struct sign_public by;
	struct signature sig;
	struct digest blob;
	uint64_t bytes;
	struct digest election;
};

/* Read a ticket and check its signature: R_BAD_ENCODING, R_TOO_LARGE, R_BAD_SIGNATURE.
 * Whether the signer has a role in the election is for the caller (frozen_role). */
enum result ticket_read(struct ticket *out, struct slice bytes, struct why *why);

/* Add a ticket for a blob, signed by `key`. */
enum result ticket_make(struct buffer *out, const struct digest *election,
    const struct digest *blob, uint64_t bytes, const struct sign_key *key);

#endif
