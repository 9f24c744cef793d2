/*
 * register: the people who may vote, as a spreadsheet: CSV with a header line. The
 * first column is the name; columns named after the definition's share classes (or
 * "shares" if there is one class) hold holdings, "kind" own, nominee or treasury;
 * other columns are not used.
 */
#ifndef CLIENT_REGISTER_H
#define CLIENT_REGISTER_H

#include "ballots/arena.h"
#include "ballots/definition.h"
#include "ballots/roll.h"
#include "crypto/result.h"

/* Read a register into lines without keys, in the order of the file; names in NFC.
 * R_BAD_INPUT and R_BAD_WEIGHT name the file and the row. */
enum result register_read(struct roll_line **lines, size_t *count, struct arena *arena,
    const char *path, const struct definition *d, struct why *why);

/* Set *out to the NFC form of a name, in the arena; R_BAD_INPUT if it is empty, too
 * long, not UTF-8 or has control characters. */
enum result register_name(const char **out, struct arena *arena, const char *text, size_t len,
    struct why *why);

#endif
