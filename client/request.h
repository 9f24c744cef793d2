/*
 * request: what a voter who makes the own key sends to a registrar: name, public keys and
 * their proofs of possession. Public.
 */
#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H

#include "ballots/arena.h"
#include "ballots/definition.h"
#include "ballots/roll.h"
#include "crypto/result.h"

/* Write a request: a roll file (rollfile.h) with one line without holdings. */
enum result request_write(const char *path, const struct roll_line *line,
    const struct digest *election, struct why *why);

/* Read one and check every proof in it. Holdings and kind are not those of the file: they
 * are left empty. R_BAD_INPUT, R_WRONG_ELECTION, R_BAD_PROOF and what decoding refuses. */
enum result request_read(struct roll_line *line, struct arena *arena, const char *path,
    const struct digest *election, const struct definition *d, struct why *why);

#endif
