/*
 * note: signed notes (C2SP signed-note): a short text, an empty line, signature lines
 *
 *	— name base64(id || signature)
 *
 * where id is the first 4 bytes of SHA-256(name || 0x0a || algorithm || key). One form
 * only: printable ASCII (the format would allow other Unicode), every line ended
 * by a line feed, base64 with its padding, no key twice.
 *
 * A note is public; nothing here runs in constant time but signing itself.
 */
#ifndef CRYPTO_NOTE_H
#define CRYPTO_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/buffer.h"
#include "crypto/result.h"
#include "crypto/sign.h"
#include "crypto/slice.h"

#define NOTE_BYTES_MAX 65536
#define NOTE_LINES_MAX 64
#define NOTE_NAME_MAX 250
#define NOTE_TIME_MAX ((uint64_t)INT64_MAX)

/* The algorithm's byte in the id. It also decides what a signature is made of and which bytes
 * are signed. NOTE_ED25519: 64 bytes over the text. NOTE_COSIGNATURE (C2SP tlog-cosignature,
 * cosignature/v1): eight bytes of time, big-endian, in seconds since 1970, and 64 bytes over
 *
 *	cosignature/v1
 *	time <time in decimal>
 *
 * and the text. */
enum note_algorithm { NOTE_ED25519 = 0x01, NOTE_COSIGNATURE = 0x04 };

/* Who signs. */
struct note_key {
	const char *name; /* not copied */
	enum note_algorithm algorithm;
	struct sign_public public;
	uint8_t id[4];
};

/* Set a key. R_BAD_INPUT unless the name is 1..NOTE_NAME_MAX printable ASCII characters without
 * space or plus sign. */
enum result note_key_set(struct note_key *key, const char *name, enum note_algorithm algorithm,
    const struct sign_public *public);
/* Return 1 if the bytes may be the name of a key, else 0. */
int note_is_name(struct slice name);

/* ---- reading ---- */

struct note_line {
	struct slice name;
	uint8_t id[4];
	struct slice base64; /* id and signature as they stand in the line */
};

/* Views into the bytes that were parsed. */
struct note {
	struct slice text; /* with its last line feed: what is signed */
	size_t lines;
	struct note_line line[NOTE_LINES_MAX];
};

/* Take a note apart; no signature is checked. R_BAD_ENCODING, R_TOO_LARGE. */
enum result note_parse(struct note *note, struct slice bytes);
/* Does the note carry a good signature of this key? R_GOOD; R_NOT_FOUND: none at all;
 * R_BAD_SIGNATURE. *time (may be NULL) is that of a good cosignature, else 0. */
enum result note_check(const struct note *note, const struct note_key *key, uint64_t *time);
/* Return 1 if the line is of this key, whether it holds or not, else 0. */
int note_line_is_of(const struct note_line *line, const struct note_key *key);

/* ---- writing: note_begin, then note_sign for each signature ---- */

/* Add the text (ending in a line feed) and the empty line. */
void note_begin(struct buffer *out, struct slice text);
/* Add the signature line of a key over the text; `time` goes into a cosignature, a plain signature
 * has none. At most NOTE_TIME_MAX. */
void note_sign(struct buffer *out, struct slice text, const struct note_key *key,
    const struct sign_key *secret, uint64_t time);
/* Add the line that another note has of this key, as it stands. R_NOT_FOUND. */
enum result note_copy(struct buffer *out, const struct note *from, const struct note_key *key);

#endif
