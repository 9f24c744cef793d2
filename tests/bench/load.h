/*
 * load: what the parts of the load tool share, and tests/test_siege.c and tests/crash.c with them. load.c says what the tool does;
 * load_board.c runs a tabellad and talks to it, load_election.c brings an election to the
 * point where people vote and prepares their ballots, load_drive.c posts them,
 * load_check.c holds the receipts against the board.
 *
 * Whatever fails ends the program with a line that says what.
 */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "crypto/slice.h"

#define LOAD_BOARD_NAME "board.example/1" /* the one that a bottle's definition has */

void load_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Seconds of the monotonic clock. */
double load_now(void);

/* ---- load_board.c ---- */

struct load_board {
	const char *db; /* libpq address of its database, or NULL: a private one */
	uint16_t port;  /* on loopback */
	pid_t pid;
	bool count_loopback; /* start it so that limits for an address hold here too */
	uint32_t from;       /* the loopback address that we connect from; 0: any */
};

/* Start tabellad (an open descriptor of the program) in `folder`, which is made if need
 * be; on b->port, or if that is 0 one of its own choice, which is kept there; with at most so
 * many descriptors (0: as many as we may have). Its messages go to folder.log. */
void load_board_start(struct load_board *b, int program, const char *folder,
    const struct sign_public *organiser, unsigned descriptors);
void load_board_stop(struct load_board *b);

/* Connect to the board. */
int load_connect(const struct load_board *b);
/* Ask on a connection of its own and wait for the answer; `out` (cleared first) gets the
 * body, `head` too if it is not NULL. Returns the status, 0 if there was no whole answer or
 * nobody listens. */
int load_try(const struct load_board *b, struct buffer *out, struct buffer *head,
    const char *method, const char *path, struct slice body);
/* The same; there must be an answer. */
int load_ask(const struct load_board *b, struct buffer *out, struct buffer *head,
    const char *method, const char *path, struct slice body);

/* ---- load_election.c ---- */

struct load_ballot {
	struct slice record;
	uint8_t *receipt; /* as the board sent it; NULL: not acknowledged */
	size_t receipt_len;
	double due;     /* when it was to be sent */
	double latency; /* seconds from then to the whole receipt */
};

struct load_election {
	struct digest id;
	struct sign_public organiser, board;
	struct load_ballot *ballots; /* n, one for each voter; then the chain */
	size_t n;
	size_t chain;        /* ballots of one more voter, each continuing the one before */
	struct buffer bytes; /* what the records point into */
};

/* The key that founds the election; known before there is a board. */
void load_organiser(struct sign_public *out);
/* Found an election on the board and bring it to the vote; prepare a ballot for each of n
 * voters, with as many processes as are useful, and `chain` ballots for one more. */
void load_election_make(struct load_election *e, const struct load_board *b, size_t n,
    size_t chain);
/* Another election on the board, in that group, voted and closed: ready to be mixed. Then mix and decrypt it,
 * uploading what that takes, and a blob of `more` bytes beside it. Returns for how many seconds the board
 * verified behind an answer 202. */
struct load_mix;
struct load_mix *load_mix_prepare(const struct load_board *b, const char *group, unsigned voters);
double load_mix_run(struct load_mix *m, size_t more);
void load_mix_free(struct load_mix *m);

/* Keep it in a file, and read it back. */
void load_election_write(const struct load_election *e, const char *path);
void load_election_read(struct load_election *e, const char *path);
void load_election_free(struct load_election *e);

/* ---- load_drive.c ---- */

struct load_run {
	size_t connections;
	double rate; /* ballots a second; 0: as fast as the answers come */
	/* Set by load_drive: */
	double seconds; /* from the first request to the last answer */
	size_t acknowledged;
	size_t busy;     /* answers 503; the ballot is sent again */
	size_t refused;  /* other answers than 200 */
	size_t lost;     /* connections that broke */
	char first[200]; /* what the first refusal said */
};

/* Post these ballots. Latencies count from the moment a ballot was due, so that a board
 * that stalls is charged for all that it keeps waiting. */
void load_drive(struct load_run *run, const struct load_board *b, struct load_election *e,
    size_t from, size_t to);

/* ---- load_check.c ---- */

/* The board's entries. */
struct load_lines {
	struct buffer bytes;
	size_t *start; /* n + 1 */
	size_t n, room;
};

/* Read all that the board's head covers, and compare that head with the one of its lines. */
void load_lines_read(struct load_lines *l, const struct load_board *b,
    const struct load_election *e);
struct slice load_line(const struct load_lines *l, size_t i);
void load_lines_free(struct load_lines *l);

struct load_verdict {
	size_t receipts, entries;
	double read_rate; /* bytes a second of entries, as they were read for this */
};

/* Read the whole board, recompute its head, and hold every receipt against it: signature,
 * inclusion, the entry's bytes at its place, each ballot once. */
void load_check(struct load_verdict *v, const struct load_board *b, const struct load_election *e);
/* Bytes a second, reading all entries again and again on two connections for `seconds`. */
double load_read_rate(const struct load_board *b, const struct load_election *e, double seconds);

#endif
