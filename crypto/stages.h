/*
 * stages: one report of progress out of several heavy calls in a row. Weights say
 * how much work each call is; their unit is the caller's.
 */
#ifndef CRYPTO_STAGES_H
#define CRYPTO_STAGES_H

#include <stdint.h>

#include "crypto/group.h"

struct stages {
	const struct effort *outer; /* the effort that we were given; may be NULL */
	struct effort inner;        /* the one that the current call sees */
	uint64_t before;            /* the weight of the calls that are over */
	uint64_t weight;            /* of the current call */
	uint64_t total;             /* of all calls */
};

/* Begin. `outer` must live as long as the stages. */
void stages_start(struct stages *s, const struct effort *outer, uint64_t total);

/* Return the effort to hand to the next call, which is `weight` of the total.
 * It is valid until stages_next is called again. */
const struct effort *stages_next(struct stages *s, uint64_t weight);

#endif
