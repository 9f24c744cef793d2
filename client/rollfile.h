/*
 * rollfile: what registrars hand to the organiser: a public JSON file with one entry for
 * each person, name or commitment, holdings, and one or more parts of the credential with
 * their proofs of possession. With credentials in several parts there are several
 * files, which are merged person by person.
 *
 *	{"election":hex,"lines":[{"holdings":[],"kind":"own","name":"…",
 *	    "parts":[{"key":b64,"part":1,"proof":b64}]}]}
 */
#ifndef CLIENT_ROLLFILE_H
#define CLIENT_ROLLFILE_H

#include <jansson.h>

#include "ballots/arena.h"
#include "ballots/definition.h"
#include "ballots/roll.h"
#include "crypto/result.h"

/* Start the file for an election; add a line with one part; write it. */
json_t *rollfile_new(const struct digest *election);
enum result rollfile_add(json_t *root, const struct roll_line *line, unsigned first_part);
enum result rollfile_write(const json_t *root, const char *path, struct why *why);

/* Read n files and put the parts of each person together, into an arena. Lines of
 * different files belong together if they have the same name (the k-th with the k-th
 * of that name) or commitment; their holdings and kind must agree. `key` of each line is the
 * product of its parts. R_BAD_INPUT, R_BAD_ROLL (a part missing or given twice). */
enum result rollfile_merge(struct roll_line **lines, size_t *count, struct arena *arena,
    char *const files[], size_t n, const struct digest *election, const struct definition *d,
    struct why *why);

/* The same for the lines of one part only: to compare a roll with one's own file. */
enum result rollfile_part(struct roll_line **lines, size_t *count, struct arena *arena,
    char *const files[], size_t n, const struct digest *election, unsigned part, struct why *why);

#endif
