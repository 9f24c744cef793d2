/*
 * credential: a voter's secret keys, one a part, and the proofs that their owner has
 * them (docs/protocol.md 5.1 and 10.4).
 */
#ifndef CLIENT_CREDENTIAL_H
#define CLIENT_CREDENTIAL_H

#include "ballots/roll.h"
#include "crypto/code.h"
#include "crypto/group.h"
#include "crypto/rng.h"

/* Set x (length 1) to the secret of a code's part (from 1). Takes about a tenth of a
 * second and 64 MiB. */
enum result credential_from_code(struct svec *x, const struct code *code,
    const struct digest *election, unsigned part);

/* Write the public key g^x and its proof of possession into bytes of an arena. */
enum result credential_part(struct roll_part *out, struct arena *arena, const struct svec *x,
    const struct digest *election, unsigned part, struct slice identity, struct rng *rng);

/* Check a part's proof: R_GOOD, R_BAD_PROOF, R_NON_CANONICAL, R_NOT_IN_GROUP,
 * R_BAD_ELEMENT, R_BAD_ENCODING. */
enum result credential_check(const struct roll_part *part, const struct group *g,
    const struct digest *election, unsigned number, struct slice identity);

#endif
