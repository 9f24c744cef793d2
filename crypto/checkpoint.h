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
	/* Not part of the three lines: */
	uint64_t time;      /* of the board's cosignature, in seconds since 1970 */
	uint64_t witnessed; /* who else has co-signed: bit i for witness i */
};

/* Add the three lines. */
void checkpoint_write(struct buffer *out, const struct checkpoint *head);
/* Read them in their one form; origin points into the text; time and witnessed become 0.
 * R_BAD_ENCODING. */
enum result checkpoint_read(struct checkpoint *head, struct slice text);

/* The two keys of a board, which are one: its signature says "this is my head", its cosignature
 * "at this time I had no longer one". */
struct checkpoint_board {
	struct note_key sign, cosign;
};

/* R_BAD_INPUT as of note_key_set. The name is not copied. */
enum result checkpoint_board_set(struct checkpoint_board *board, const char *name,
    const struct sign_public *public);

/* Add the whole note: signed and, as of head->time, co-signed by the board. R_NO_MEMORY; then
 * out is as it was. */
enum result checkpoint_sign(struct buffer *out, const struct checkpoint *head,
    const struct checkpoint_board *board, const struct sign_key *secret);

/* At most so many witnesses; their keys are of NOTE_COSIGNATURE. */
#define CHECKPOINT_WITNESSES_MAX 32

/* Read and verify a whole note: this origin (empty: any), the board's signature, its cosignature, then
 * good cosignatures of some of the witnesses, in their order, and no line of anybody else.
 * R_BAD_CHECKPOINT. */
enum result checkpoint_open(struct checkpoint *head, struct slice bytes, struct slice origin,
    const struct checkpoint_board *board, const struct note_key witnesses[], size_t n);
/* How many witnesses have co-signed. */
unsigned checkpoint_witnesses(const struct checkpoint *head);

#endif
