/*
 * audit: the file that a voter's audit discloses, to be judged on another device: the body
 * of a ballot that was not cast, the randomness of its ciphertexts, the items in full, and
 * the choices as the voting device claims them. Never a key, nonce or seed.
 *
 *	{"X":b64,"body":string,"choices":[string],"election":hex,"group":string,"items":[string],
 *	 "line":n,"open":hex,"prev":hex,"r":b64,"version":1,"y":b64}
 *
 * body and items are the canonical bytes of the record bodies.
 */
#ifndef CLIENT_AUDIT_H
#define CLIENT_AUDIT_H

#include "ballots/arena.h"
#include "ballots/ballot.h"
#include "crypto/result.h"

/* Write the file; it must not exist. */
enum result audit_write(const char *path, const struct ballot_place *place,
    const struct ballot_answer *answers, size_t n, struct slice body, struct slice r,
    struct why *why);

/* What a file holds; everything in the arena. */
struct audit {
	struct ballot_place place;
	struct digest election, open, prev; /* what place points to */
	struct ballot_answer answers[ITEM_MAX];
	struct choice claimed[ITEM_MAX]; /* what answers point to */
	struct digest hashes[ITEM_MAX];
	size_t n;
	struct slice body;
	struct slice r;
	struct digest tracker;
};

/* Read a file: R_BAD_INPUT, R_UNKNOWN_GROUP, R_BAD_ITEM … Nothing of it is checked against
 * anything yet: ballot_audit does, and the caller compares election, open and y. */
enum result audit_read(struct audit *out, struct arena *arena, const char *path, struct why *why);

#endif
