/*
 * judge: a decoder and the definition (tests/slow.h) asked about the same bytes.
 */
#ifndef TESTS_JUDGE_H
#define TESTS_JUDGE_H

#include <stdint.h>

#include "crypto/group.h"

/* Decode one element and return the verdict; fail the test unless an element that is
 * let through encodes to the same bytes. */
enum result judge_one(const struct group *g, const uint8_t *bytes, enum decode which);

/* Decode with DECODE_ANY and DECODE_NO_IDENTITY, fail the test unless both verdicts are
 * those of the definition, and return the second. */
enum result judge(const struct group *g, const uint8_t *bytes);

#endif
