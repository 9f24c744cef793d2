/*
 * pace: how often somebody may do something: a burst at once, and one more every step. The board
 * keeps two of them:
 *
 *	lines		records of one roll line that were stored. Only stored ones count, so nobody
 *			can use up somebody else's by claiming to be them.
 *	addresses	records from one address that were verified for nothing: refused for what they
 *			say, or stored before. Each that is verified counts from the start, and is given
 *			back when it is stored, or fails for want of our own resources. The burst is larger than the number of connections that one address may
 *			have, so however many honest people sit behind one, none of them is held back.
 *
 * Bounded memory: of very many who do it at the same time the one that has spent least is
 * forgotten. Any thread.
 */
#ifndef SERVER_PACE_H
#define SERVER_PACE_H

#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

struct pace_rule {
	unsigned burst, step_ms;
};

#define PACE_LINE_BURST 60
#define PACE_LINE_MS 5000
#define PACE_ADDRESS_BURST 300
#define PACE_ADDRESS_MS 50

struct pace;

/* R_NO_MEMORY, R_NO_RANDOM. */
enum result pace_new(struct pace **out, struct pace_rule rule);
void pace_free(struct pace *p);

/* An address (request_peer) as a name. */
static inline struct slice
pace_address(const uint64_t *peer)
{
	return (struct slice){ (const uint8_t *)peer, sizeof *peer };
}

/* Return 0 if this name may go on now (clock_now), else the seconds until it may. `space`
 * and `name` are an election and a credential; or NULL and an address. */
unsigned pace_wait(struct pace *p, const struct digest *space, struct slice name, uint64_t now);
/* It has done it once more. */
void pace_spend(struct pace *p, const struct digest *space, struct slice name, uint64_t now);
/* What was spent shall not count. */
void pace_return(struct pace *p, const struct digest *space, struct slice name);

#endif
