/*
 * code: credential codes, docs/protocol.md section 10.4: what a voter gets on paper
 * and types. 23 random symbols of an alphabet of 31 (113.9 bits) and a check symbol,
 * printed XXXX-XXXX-XXXX-XXXX-XXXX-XXXX.
 *
 * With the symbols' values v_1..v_24 in 0..30 the check is
 *	1·v_1 + 2·v_2 + ... + 23·v_23 - v_24 = 0 modulo 31.
 * 31 is prime and the 24 weights differ and are not zero, so every single wrong
 * symbol and every swap of two different symbols, wherever they stand, is caught.
 *
 * A code is a secret: wipe it. Its symbols are looked up in a table of two cache
 * lines, on the voter's own machine; nothing else depends on them.
 */
#ifndef CRYPTO_CODE_H
#define CRYPTO_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/rng.h"
#include "crypto/slice.h"

#define CODE_DATA 23
#define CODE_SYMBOLS 24
/* Room for a printed code with its NUL. */
#define CODE_TEXT 30

/* A code whose check symbol fits. */
struct code {
	char symbol[CODE_SYMBOLS]; /* upper case, no dashes, no NUL */
};

/* Draw a code, uniform over all. */
void code_draw(struct code *code, struct rng *rng);
/* Print it in groups of four. */
void code_print(char out[CODE_TEXT], const struct code *code);
/* Read what was typed: either case, with spaces and dashes anywhere. R_BAD_CODE: another
 * character, another length, or the check symbol does not fit; `code` is wiped then. */
enum result code_read(struct code *code, struct slice text);
void code_wipe(struct code *code);

/* Make the secret of part `part` (1..255) of a credential: Argon2id (2 passes, 64
 * MiB) over the 23 data symbols, salted with the election and the part. `n` is
 * group_wide_bytes; svec_from_wide makes the scalar. R_NO_MEMORY. */
enum result code_secret(uint8_t *wide, size_t n, const struct code *code,
    const struct digest *election, unsigned part);

#endif
