/*
 * roll: who may vote. The blob of lines, one a voter, as it is written by the
 * organiser and checked by everybody, and what is kept of it: the credentials.
 * Source: docs/protocol.md, sections 10.3 and 10.4.
 */
#ifndef BALLOTS_ROLL_H
#define BALLOTS_ROLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballots/body.h"
#include "ballots/definition.h"
#include "ballots/source.h"
#include "crypto/buffer.h"
#include "crypto/group.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"
#include "crypto/transcript.h"

struct arena;
struct walk;

enum roll_kind { ROLL_OWN, ROLL_NOMINEE, ROLL_TREASURY };

/* One part of a credential: a registrar's. */
struct roll_part {
	struct slice key;   /* an element */
	struct slice proof; /* that its owner knows the exponent (section 5.1) */
};

struct roll_line {
	bool has_commit;
	struct digest commit; /* TH("tabella/1 name", election || salt || name) */
	uint64_t *holdings;   /* one a class */
	size_t holding_count;
	struct slice key; /* X, the product of the parts' keys */
	unsigned kind;    /* enum roll_kind */
	bool has_name;
	const char *name;
	struct roll_part *parts;
	size_t part_count;
};

/* Read or write one line (without line end). */
void roll_line_walk(struct walk *w, struct roll_line *line);
/* Read one line into an arena and check its holdings and kind by the definition, and that
 * there is one of commit and name: R_BAD_ENCODING, R_BAD_WEIGHT, R_NO_MEMORY. */
enum result roll_line_read(struct roll_line *line, struct arena *arena, struct slice bytes,
    const struct definition *d, struct why *why);
/* Add the identity of a line: "name:..." or "commit:..." (section 10.4). */
void roll_identity(struct buffer *out, const struct roll_line *line);

/* P of the proof of possession of part `part` (from 1): schnorr_prove continues it. */
void roll_part_transcript(struct transcript *p, const struct group *group,
    const struct digest *election, uint64_t part, struct slice identity);

/* Sort the lines by key, add them to `blob` (empty before) and set blob, bytes,
 * count, root and sums of `body`; sums come from `arena`. What a reader would
 * refuse of the form is refused: R_BAD_ENCODING, R_BAD_WEIGHT, R_DUPLICATE_KEY,
 * R_BAD_ROLL (no line, too many parts, a sum too large). Proofs are not looked at. */
enum result roll_build(struct buffer *blob, struct body_roll *body, struct arena *arena,
    struct roll_line *lines, size_t n, const struct definition *d, struct why *why);

/* Return line number `line` (from 0) of a blob without its line end; empty if there is
 * none. Linear in the blob. */
struct slice roll_blob_line(struct slice blob, uint64_t line);

/* ---- the roll as the rule book keeps it ---- */

struct roll;

/* What roll_read looks at: everything, or only what is needed to go on from a
 * blob that was checked before. */
enum roll_depth { ROLL_CHECK_ALL, ROLL_KEYS_ONLY };

/* Check a blob against its record and keep the keys. R_BAD_ENCODING, R_BAD_WEIGHT,
 * R_NON_CANONICAL, R_NOT_IN_GROUP, R_BAD_ELEMENT, R_DUPLICATE_KEY, R_BAD_ROLL,
 * R_BAD_PROOF; R_NO_MEMORY, R_NO_RANDOM, R_CANCELLED. On refusal *out is NULL and `why`
 * names the line. The result is immutable and counted: roll_ref, roll_unref. */
enum result roll_read(struct roll **out, const struct definition *d, const struct digest *election,
    const struct body_roll *body, const struct blob *blob, enum roll_depth depth,
    const struct effort *effort, struct why *why);
struct roll *roll_ref(const struct roll *roll);
void roll_unref(struct roll *roll);

/* Number of lines. */
uint64_t roll_count(const struct roll *roll);
/* The credential of a line (below roll_count). */
struct slice roll_key(const struct roll *roll, uint64_t line);
/* Set *line to the line of a credential: R_GOOD or R_NOT_ON_ROLL. */
enum result roll_find(const struct roll *roll, struct slice key, uint64_t *line);

#endif
