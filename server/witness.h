/*
 * witness: the board's asking of its witnesses. A thread for each witness shows it the board's heads
 * over C2SP tlog-witness; what it co-signs is joined to the head, and the newest
 * head that has the definition's quorum is kept for everybody who asks.
 *
 * One head at a time is shown to all witnesses of an election, so that their lines come together on
 * it; the next is chosen once it has its quorum, or cannot have it any more since too many have
 * co-signed a longer one, or after a while. A definition names the witnesses and their keys, the
 * board's configuration says where they are.
 */
#ifndef SERVER_WITNESS_H
#define SERVER_WITNESS_H

#include <stddef.h>

#include "ballots/definition.h"
#include "crypto/buffer.h"
#include "crypto/result.h"
#include "server/hosted.h"
#include "server/log.h"
#include "server/store.h"

/* Where a witness is. */
struct witness_address {
	const char *name; /* in definitions */
	const char *url;  /* prefix of the C2SP interface; http or https */
};

struct witnesses;

/* `hosts`, `folder` (where co-signed heads are kept across restarts), `log`, the store's options and the addresses must outlive it. R_BAD_INPUT for an address that is none. Free
 * with witnesses_free. */
enum result witnesses_new(struct witnesses **out, struct hosts *hosts, const char *folder,
    const struct witness_address addresses[], size_t n, struct log *log,
    const struct store_options *store, struct why *why);
void witnesses_free(struct witnesses *w); /* stops them first; NULL is fine */

/* Before the board signs anything: do the witnesses know more than the database? R_GOOD, also if they
 * cannot be asked; R_ROLLBACK: one has co-signed a longer head; R_EQUIVOCATION: another of the
 * same length. */
enum result witnesses_first(struct witnesses *w, struct why *why);
/* Take up the co-signed heads that were kept, and start the threads. R_NO_MEMORY. */
enum result witnesses_start(struct witnesses *w);

/* Any thread: add the newest head with the quorum; without witnesses in the definition the newest
 * head. R_NOT_FOUND: there is none yet. */
enum result witnesses_note(struct witnesses *w, struct hosted *host, struct buffer *out);

#endif
