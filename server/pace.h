/*
 * pace: how often one roll line may write. Each line has PACE_BURST records at once and
 * one more every PACE_SECONDS; only records that were stored count, so nobody can use up
 * somebody else's by claiming to be them.
 *
 * Bounded memory: of very many lines that write at the same time the one that has spent
 * least is forgotten. Any thread.
 */
#ifndef SERVER_PACE_H
#define SERVER_PACE_H

#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

#define PACE_BURST 60
#define PACE_SECONDS 5

struct pace;

/* R_NO_MEMORY, R_NO_RANDOM. */
enum result pace_new(struct pace **out);
void pace_free(struct pace *p);

/* Milliseconds of a clock that does not run backwards, for the `now` of the others. */
uint64_t pace_now(void);

/* Return 0 if this credential of that election may write now, else the seconds until
 * it may. */
unsigned pace_wait(struct pace *p, const struct digest *election, struct slice credential,
    uint64_t now);
/* A record of it was stored. */
void pace_spend(struct pace *p, const struct digest *election, struct slice credential,
    uint64_t now);

#endif
