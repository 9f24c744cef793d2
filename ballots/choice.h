/*
 * choice: what a voter answers to one item, as bytes and as text.
 *
 * A choice is a byte string of choice_bytes(type, n) bytes for n options
 * (2..250, numbered from 1), padded with zeros to choice_blocks(type, n) blocks
 * of 30 bytes, each of which becomes one ciphertext:
 *
 *   plurality  1 byte: 0 blank, k option k
 *   approval   ceil(n/8) bytes: option i is bit (i-1)%8, least significant first,
 *              of byte (i-1)/8; unused bits are zero
 *   ranking    n bytes: byte i-1 is the rank of option i, 1 the best, 0 not
 *              ranked; equal ranks are allowed, gaps are not: the ranks in use
 *              are exactly 1..R
 *
 * There is one way to write a choice and none to mark it. A blank choice is all
 * zeros in each type.
 *
 * A struct choice that a function here has filled is valid; nobody checks it
 * again. On a voter's machine it is a secret: its owner wipes it. Nothing here
 * allocates, and nothing here runs in constant time.
 *
 * Source: docs/protocol.md, section "Encryption and choices".
 */
#ifndef BALLOTS_CHOICE_H
#define BALLOTS_CHOICE_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/group.h"
#include "crypto/result.h"

#define CHOICE_MIN_OPTIONS 2
#define CHOICE_MAX_OPTIONS 250
#define CHOICE_MAX_BLOCKS ((CHOICE_MAX_OPTIONS + GROUP_BLOCK_BYTES - 1) / GROUP_BLOCK_BYTES)
#define CHOICE_MAX_BYTES (CHOICE_MAX_BLOCKS * GROUP_BLOCK_BYTES)
/* Room for the text of any choice with its final zero: 250 option numbers and
 * what stands between them. */
#define CHOICE_TEXT_BYTES 1024

enum choice_type { CHOICE_PLURALITY, CHOICE_APPROVAL, CHOICE_RANKING, CHOICE_TYPES };

struct choice {
	enum choice_type type;
	unsigned options;
	uint8_t bytes[CHOICE_MAX_BYTES]; /* choice_blocks * 30 in use, the rest zero */
};

/* The names as item records spell them: "plurality", "approval", "ranking". */
extern const char *const choice_type_names[CHOICE_TYPES];

/* Return how many bytes a choice among that many options has, and how many
 * 30-byte blocks it fills. */
size_t choice_bytes(enum choice_type type, unsigned options);
size_t choice_blocks(enum choice_type type, unsigned options);

/* Check the `len` bytes of decrypted blocks: R_BAD_CHOICE unless they are the
 * choice_blocks * 30 bytes of a choice in its one form, padding included. */
enum result choice_check(enum choice_type type, unsigned options, const uint8_t *bytes, size_t len);
/* The same, and keep them. `out` is untouched on refusal. */
enum result choice_read(struct choice *out, enum choice_type type, unsigned options,
    const uint8_t *bytes, size_t len);

/* Return 1 if the choice is blank, else 0. */
int choice_is_blank(const struct choice *choice);
/* Return 1 if the choice names the option (1..n): chosen, approved, ranked at
 * all. Else 0. */
int choice_names(const struct choice *choice, unsigned option);

/* Read what people type and write in files; spaces between the parts are free:
 *   "blank"     any type, in any case of letters
 *   plurality   "3"
 *   approval    "1,3,4"
 *   ranking     "2>1=3>4", the best first, options left out are not ranked; or
 *               the ranks as in a tally sheet, see choice_parse_ranks
 * R_BAD_CHOICE with what is wrong and what to type instead; `out` is then
 * untouched. `why` may be NULL. */
enum result choice_parse(struct choice *out, enum choice_type type, unsigned options,
    const char *text, struct why *why);

/* Read a ranking in the form of a tally sheet: one character per option, its
 * rank: 1..9, then A..Z for 10..35 in either case; '-' for not ranked. A rank may
 * not be above the number of options. Ranks need not be dense: "31-2" is read as
 * it is, "41-3" means the same. R_BAD_CHOICE as above. */
enum result choice_parse_ranks(struct choice *out, unsigned options, const char *ranks, size_t len,
    struct why *why);

/* Write the choice as text that choice_parse reads back: "3", "1,3,4",
 * "2>1=3>4", "blank". */
void choice_print(char out[CHOICE_TEXT_BYTES], const struct choice *choice);

#endif
