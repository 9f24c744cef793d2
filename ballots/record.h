/*
 * record: what people post on the board: a body, who wrote it, and a signature,
 * or for voters a proof. Reading and writing only; whether a record may stand
 * where it stands is for the rule book (ballots/rules.h).
 * Source: docs/protocol.md, section 10.
 */
#ifndef BALLOTS_RECORD_H
#define BALLOTS_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "ballots/arena.h"
#include "ballots/body.h"
#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/sign.h"
#include "crypto/slice.h"

/* The numbers are those of the check list: V12x are the checks of a ballot. */
enum record_type {
	RECORD_UNKNOWN,
	RECORD_DEFINITION,
	RECORD_ITEM,
	RECORD_ROLL,
	RECORD_APPROVE,
	RECORD_KEYGEN_COMMIT,
	RECORD_KEYGEN_DEAL,
	RECORD_KEYGEN_CONFIRM,
	RECORD_KEYGEN_COMPLAIN,
	RECORD_KEYGEN_SKIP,
	RECORD_OPEN,
	RECORD_OPEN_ITEM,
	RECORD_BALLOT,
	RECORD_CHALLENGED,
	RECORD_CLOSING,
	RECORD_CLOSE,
	RECORD_READY,
	RECORD_MIX,
	RECORD_DECRYPT,
	RECORD_FAULT,
	RECORD_RESULT,
	RECORD_BOARD_KEY,
	RECORD_TYPES
};

/* The largest size limit of any record with the largest group and items. */
#define RECORD_BYTES_MAX (UINT32_C(16) << 20)

union record_body {
	struct definition definition;
	struct item item;
	struct body_roll roll;
	struct body_approve approve;
	struct body_keygen_commit keygen_commit;
	struct body_keygen_deal keygen_deal;
	struct body_keygen_confirm keygen_confirm;
	struct body_keygen_complain keygen_complain;
	struct body_keygen_skip keygen_skip;
	struct body_open open;
	struct body_open_item open_item;
	struct body_ballot ballot;
	struct body_challenged challenged;
	struct body_closing closing;
	struct body_close close;
	struct body_ready ready;
	struct body_mix mix;
	struct body_decrypt decrypt;
	struct body_fault fault;
	struct body_result result;
	struct body_board_key board_key;
};

/* A record that was read. It never changes after record_parse, so any number of
 * threads may look at it. */
struct record {
	enum record_type type;
	struct slice bytes;        /* the whole record */
	struct slice body;         /* the bytes of {"<type>":{...}} */
	struct digest hash;        /* the record hash */
	struct digest tracker;     /* of a ballot: TH("tabella/1 tracker", body) */
	struct slice by;           /* 32 bytes, or a voter's credential X */
	struct sign_public signer; /* what `by` holds but for voters */
	struct signature sig;      /* not of voters */
	struct slice proof;        /* of voters */
	struct digest election;    /* the field; a definition: the id it has */
	struct digest prev;        /* the field; a definition: zero */
	union record_body of;      /* the fields */
	struct arena arena;        /* owns all of the above */
};

/* Return "keygen-commit" for RECORD_KEYGEN_COMMIT. */
const char *record_type_name(enum record_type type);
/* Return 1 if voters write it, with a proof in place of a signature. */
int record_is_voters(enum record_type type);

/* Read a record. The bytes are copied. On refusal *out is NULL; *type (may be NULL) is its
 * type as far as that could be read. R_BAD_ENCODING; R_STATE for a type that does not
 * exist; R_UNKNOWN_GROUP, R_BAD_DEFINITION, R_BAD_ITEM. Size limits other than
 * RECORD_BYTES_MAX (R_TOO_LARGE) are not looked at. Free with record_free. */
enum result record_parse(struct record **out, enum record_type *type, struct slice bytes,
    struct why *why);
/* Read a body alone: the fields that come from the author are empty. Same results. */
enum result record_parse_body(struct record **out, struct slice body, struct why *why);
void record_free(struct record *record);

/* Add the canonical bytes of a body, {"<type>":{...}}. What a reader would refuse
 * is refused here with the same reasons. Fields that record_parse sets by itself
 * (group) are not read. */
enum result record_write_body(struct buffer *out, enum record_type type,
    const union record_body *body, struct why *why);

/* Add a whole record of the organiser, a registrar, a trustee or the board: write
 * the body and sign it. */
enum result record_sign(struct buffer *out, enum record_type type, const union record_body *body,
    const struct sign_key *key, struct why *why);

/* Add a voter's record out of its body's bytes, the credential X and the proof
 * (ballots/ballot.h makes it). */
enum result record_write_voter(struct buffer *out, struct slice body, struct slice by,
    struct slice proof, struct why *why);

/* R_GOOD or R_BAD_SIGNATURE; R_NO_MEMORY. For a record that carries a signature. */
enum result record_check_signature(const struct record *record);

/* The tracker of a ballot: TH("tabella/1 tracker", body). */
void record_tracker(struct digest *tracker, struct slice body);
/* Room for a tracker as people see it, "abcd efgh ..." with its NUL. */
#define RECORD_TRACKER_TEXT 40
void record_tracker_print(char out[RECORD_TRACKER_TEXT], const struct digest *tracker);

/* Return the most bytes that a record of this type may have (section 10.11). `widths`
 * holds the widths of all `count` items of the board; a ballot's limit grows with them.
 * Before there is a definition, d is NULL: the limit of a definition. */
size_t record_limit(enum record_type type, const struct definition *d, const size_t *widths,
    size_t count);

/* Call `each` with the name of every blob that a record names, an entry's own or the one in a
 * `fault`: the roll's, a mix's output and proof, a decryption's factors. */
typedef enum result blob_each(void *arg, const struct digest *id);
/* R_GOOD, what `each` returned, or the reason why the record in a `fault` is none. */
enum result record_blobs(const struct record *record, blob_each *each, void *arg);

#endif
