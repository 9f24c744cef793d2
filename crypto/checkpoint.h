/*
 * checkpoint: the head of a board (C2SP tlog-checkpoint), three lines of a signed
 * note: origin, number of entries in decimal, root hash in base64. No extension lines.
 * Source: docs/protocol.md section 9.
 */
#ifndef CRYPTO_CHECKPOINT_H
#define CRYPTO_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/note.h"
#include "crypto/result.h"
#include "crypto/sign.h"
#include "crypto/slice.h"

/* No board has more entries. */
#define CHECKPOINT_SIZE_MAX ((UINT64_C(1) << 53) - 1)

struct checkpoint {
	struct slice origin; /* a name as note_is_name has it; not owned */
	uint64_t size;
	struct digest root;
};

/* Add the three lines. */
void checkpoint_write(struct buffer *out, const struct checkpoint *head);
/* Read them in their one form; origin points into the text. R_BAD_ENCODING. */
enum result checkpoint_read(struct checkpoint *head, struct slice text);

/* Add the whole note, signed by the board. R_NO_MEMORY; then out is as it was. */
enum result checkpoint_sign(struct buffer *out, const struct checkpoint *head,
    const struct note_key *board, const struct sign_key *secret);
/* Read and verify a whole note: this origin, signed by the board's key, and no line of
 * anybody else. R_BAD_CHECKPOINT. */
enum result checkpoint_open(struct checkpoint *head, struct slice bytes, struct slice origin,
    const struct note_key *board);

#endif
