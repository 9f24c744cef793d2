/*
 * sign: Ed25519 signatures (RFC 8032) by libsodium, docs/protocol.md section 5.2.
 *
 * What libsodium 1.0.18 refuses, and so do we: S not below the group order; a
 * public key that is not canonically encoded, not on the curve or of small order;
 * R of small order. The equation is the cofactorless one with R compared as bytes,
 * so a signature that another strict cofactorless verifier takes is taken here.
 * Keys with a torsion part are refused by sign_public_check alone.
 *
 * Signing is in constant time in the key. Verifying is not: all is public.
 */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/result.h"
#include "crypto/slice.h"

#define SIGN_SEED_BYTES 32

struct sign_public {
	uint8_t b[32];
};

/* Wipe it with sign_key_wipe on every path out. */
struct sign_key {
	uint8_t b[64]; /* seed, then public key */
};

struct signature {
	uint8_t b[64];
};

/* Make the key pair that belongs to a seed of 32 uniform bytes. */
void sign_key_from_seed(struct sign_public *public, struct sign_key *key,
    const uint8_t seed[SIGN_SEED_BYTES]);
void sign_key_wipe(struct sign_key *key);

/* Check a public key before it is named in a definition: canonical, on the
 * curve, in the prime-order subgroup, not the identity. R_NON_CANONICAL for any that is not. */
enum result sign_public_check(const struct sign_public *public);

/* Sign label || 0x00 || message. R_NO_MEMORY for long messages. */
enum result sign_make(struct signature *out, const struct sign_key *key, const char *label,
    struct slice message);
/* R_GOOD, R_BAD_SIGNATURE; R_NO_MEMORY for long messages. */
enum result sign_check(const struct sign_public *public, const char *label, struct slice message,
    const struct signature *signature);

/* The same without a label, for formats fixed elsewhere (signed notes). Such a
 * message must not hold a NUL byte, lest it pass for a labelled one. */
void sign_make_raw(struct signature *out, const struct sign_key *key, struct slice message);
enum result sign_check_raw(const struct sign_public *public, struct slice message,
    const struct signature *signature);

#endif
