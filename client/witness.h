/*
 * witness: what co-signs the heads of one board: C2SP tlog-witness. It keeps the last head that it
 * has co-signed, on disk before the answer leaves, and never co-signs one that does not
 * continue it. docs/protocol.md, section 9.2. Any thread may ask.
 */
#ifndef CLIENT_WITNESS_H
#define CLIENT_WITNESS_H

#include <stdint.h>

#include "ballots/frozen.h"
#include "crypto/buffer.h"
#include "crypto/result.h"
#include "crypto/sign.h"

/* The largest request: a proof and a head. */
#define WITNESS_REQUEST_MAX 32768

struct witness;

struct witness_options {
	const char *name; /* of the key, as in the definition */
	struct sign_public public;
	const struct sign_key *key; /* both stay the caller's and must outlive it */
	const char *path; /* of the head that was co-signed last; made when there is one */
	/* The clock, in seconds since 1970; NULL: the system's. */
	uint64_t (*clock)(void *ctx);
	/* Two heads of the board, each with its signatures, that an honest board has not both signed:
	 * the last one that was co-signed, and another. `path` may say how they differ (n digests, as the
	 * consistency proof that came with the other). NULL: nobody is told. */
	void (*accuse)(void *ctx, struct slice last, struct slice other, const struct digest *path,
	    size_t n);
	void *ctx;
};

/* Take up the state in `path`. `frozen` has a definition; its board is the one that is witnessed.
 * R_CONFLICT: the state is of another board or key. Free with witness_free. */
enum result witness_new(struct witness **out, const struct witness_options *options,
    struct frozen *frozen, struct why *why);
void witness_free(struct witness *w);

/* Follow the board: its signing key may have changed. */
void witness_follow(struct witness *w, struct frozen *frozen);
/* Co-sign nothing any more: the board was found to cheat. */
void witness_stop(struct witness *w);

/* The answer to a request. */
struct witness_answer {
	unsigned status;  /* of HTTP */
	const char *type; /* Content-Type */
	struct buffer body;
};
/* Answer the body of an add-checkpoint. Free answer->body. */
void witness_add(struct witness *w, struct witness_answer *answer, struct slice request);
/* The last head that was co-signed, with our line; empty: none yet. */
enum result witness_last(struct witness *w, struct buffer *out);

/* ---- witness_serve.c ---- */

struct witness_server;

/* Serve it on HOST:PORT (numeric; port 0 takes any): POST /add-checkpoint, and GET /checkpoint for
 * witness_last. *address is "host:port". R_BAD_INPUT, R_NO_MEMORY (it cannot be listened there). */
#define WITNESS_ADDRESS_LEN 80
enum result witness_serve(struct witness_server **out, struct witness *w, const char *listen,
    char address[WITNESS_ADDRESS_LEN], struct why *why);
void witness_server_stop(struct witness_server *s);

#endif
