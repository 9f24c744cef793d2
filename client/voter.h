/*
 * voter: one roll line and its secret, ready to write records: finds the line, keeps what
 * was sent, chains each record onto the last one, and notices records that somebody else
 * wrote with the same credential.
 *
 *	DIR/sent.ndjson		every record of this voter, before it is sent; and which were refused
 *	DIR/receipts/<tracker>.json
 */
#ifndef CLIENT_VOTER_H
#define CLIENT_VOTER_H

#include "ballots/ballot.h"
#include "client/workspace.h"
#include "crypto/group.h"

struct voter {
	struct workspace *w;
	uint64_t line;
	struct svec *x; /* length 1 */
	uint8_t *X;     /* encoded */
	size_t X_len;
	struct digest prev; /* what the next record continues */
	int foreign;        /* 1: the line holds records that are not in our journal */
};

/* Find the line of the secret x (taken over) on the open election's roll and make out how its
 * chain goes on; a kept record that the board does not hold yet is sent first.
 * R_STATE: the election is not open; R_NOT_ON_ROLL. Free, and wipe, with voter_close. */
enum result voter_open(struct voter *v, struct workspace *w, struct svec *x, struct why *why);
void voter_close(struct voter *v);

/* Set what records are bound to; points into v and the mirror's present state. */
void voter_place(const struct voter *v, struct ballot_place *place);

/* The name of the line, or a note that it is hidden; in the arena. */
enum result voter_name(const struct voter *v, const char **name, struct arena *arena,
    struct why *why);

/* The credential is on no line: is a line there with this name (NFC)? R_KEY_NOT_MINE: the roll
 * gives it another key; R_NOT_ON_ROLL. */
enum result voter_not_on_roll(const struct workspace *w, const char *name, struct why *why);
/* Is the line one with this name? R_KEY_NOT_MINE. */
enum result voter_check_name(const struct voter *v, const char *name, struct why *why);

/* Keep a record, send it, check the receipt; then the chain goes on from it. With
 * `tracker` the receipt is kept under it. */
enum result voter_send(struct voter *v, struct slice record, const struct digest *tracker,
    struct why *why);

/* Wait up to `wait_ms` until the witnesses have co-signed a head over the ballot with this tracker, and keep
 * the receipt under that head. R_NO_QUORUM: not yet; the receipt is as it was. */
enum result voter_confirm(struct voter *v, const struct digest *tracker, unsigned wait_ms,
    struct why *why);

/* The trackers of all ballots of this election that were sent from the folder; free *out. */
enum result voter_own_trackers(const struct workspace *w, struct digest **out, size_t *n,
    struct why *why);

#endif
