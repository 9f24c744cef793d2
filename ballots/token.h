/*
 * token: the smallest pieces of canonical JSON (docs/protocol.md section 9; RFC
 * 8785 restricted to objects, arrays, strings and integers 0..2^53-1). A token is
 * taken in the one form in which it would be written and in no other. The walk
 * (ballots/walk.h) is built from these; nothing else should need them.
 *
 * The scanners return NULL when the bytes from p on begin with such a token, else
 * what is wrong, as words that follow the name of a field ("is not valid UTF-8").
 */
#ifndef BALLOTS_TOKEN_H
#define BALLOTS_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/buffer.h"
#include "crypto/slice.h"

#define TOKEN_MAX_INTEGER ((UINT64_C(1) << 53) - 1)
/* How deep objects and arrays may be nested. */
#define TOKEN_DEPTH 16

/* A string: *raw is what stands between the quotes, *n its length once the escapes
 * are undone. U+0000 is refused, so that every string is a C string. */
const char *token_string(struct slice *raw, size_t *n, const uint8_t *p, const uint8_t *end);
/* Undo the escapes of what token_string took: n bytes and a NUL go to out. */
void token_unescape(char *out, struct slice raw);
/* Check that a C string can be written as a token. */
const char *token_check_string(const char *string);
/* Write a string that token_check_string takes, with its quotes. */
void token_write_string(struct buffer *out, const char *string);

/* An integer, `len` characters long. What follows it must end a value. */
const char *token_integer(uint64_t *value, size_t *len, const uint8_t *p, const uint8_t *end);

/* Any one value, `len` characters long, without looking at what it means: keys
 * sorted and plain (printable ASCII without quote and backslash), no deeper than
 * TOKEN_DEPTH. */
const char *token_value(size_t *len, const uint8_t *p, const uint8_t *end);

/* Return 1 if the n characters may stand in a key. */
int token_is_plain(const char *key, size_t n);

#endif
