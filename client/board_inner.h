/*
 * board_inner: what the files of board.h share: one request and its answer.
 */
#ifndef CLIENT_BOARD_INNER_H
#define CLIENT_BOARD_INNER_H

#include <curl/curl.h>
#include <stdio.h>

#include "client/board.h"

struct board {
	CURL *curl;
	char *url;
	char *ca; /* path of the authority's certificates; NULL: those that the system trusts */
	int (*stop)(void *ctx);
	void *stop_ctx;
};

/* One request: what is sent, and where the answer goes. */
struct exchange {
	const char *method; /* GET, POST, PUT */
	char path[512];
	struct slice body;     /* of POST and PUT */
	unsigned wait_seconds; /* how long the board may think, beyond the usual */
	/* the answer */
	long status;
	struct buffer answer;
	FILE *file; /* if not NULL, the body of a 200 goes here instead */
	struct sha256 *hash;
	uint64_t received, most;
	CURL *curl;
	struct board *board;
	long retry_after;
};

/* Set x->path to an address below that of the election. */
void board_path(struct exchange *x, const struct digest *election, const char *rest);

/* Send, and again while the board cannot be reached or is short of something. R_GOOD: a whole answer
 * came, whatever its status; it is in x->answer, which the caller frees. */
enum result board_send(struct board *b, struct exchange *x, struct why *why);
/* The reason that the body of an answer other than 200 names. */
enum result board_refusal(const struct board *b, const struct exchange *x, struct why *why);
/* One request whose answer is 200 and a body, put into *body (may be NULL). */
enum result board_ask(struct board *b, struct exchange *x, struct buffer *body, struct why *why);
/* Wait; R_CANCELLED as soon as the board is to stop. */
enum result board_pause(const struct board *b, uint64_t ms);

#endif
