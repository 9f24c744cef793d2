/*
 * tally: what a trustee does for an election, duty by duty: key generation, ready, mix,
 * decrypt. What is posted goes through the journal first.
 */
#ifndef CLIENT_TALLY_H
#define CLIENT_TALLY_H

#include "client/journal.h"
#include "client/workspace.h"
#include "crypto/par.h"

struct tally {
	struct workspace *w;
	struct journal *journal;
	uint32_t number; /* of this trustee */
	struct sign_public public;
	struct sign_key key;
	struct secret passphrase; /* seals the secrets of key generation */
	struct effort effort;
};

/* Fulfil one duty: compute, keep, upload, post. A record that the board or the rule
 * book has refused in the meantime comes back as that reason: look at the board again. */
enum result tally_do(struct tally *t, const struct duty *duty, struct why *why);

/* tally_keygen.c */
enum result tally_keygen(struct tally *t, const struct duty *duty, struct why *why);
/* The share x_i of the finished key: svec_free. */
enum result tally_share(struct tally *t, struct svec **x, struct why *why);
/* Journal a record under a duty's name, send it, follow the board. */
enum result tally_post(struct tally *t, const char *duty, enum record_type type,
    union record_body *body, struct why *why);

#endif
