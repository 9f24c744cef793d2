/*
 * crash: what the parts of the crash harness share. crash.c kills boards and databases under
 * load; crash_clients.c posts the ballots and writes down what was acknowledged, outside of all
 * that is killed; crash_compare.c holds that against the board.
 */
#ifndef TESTS_CRASH_H
#define TESTS_CRASH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "tests/bench/load.h"

/* ---- crash_clients.c ---- */

#define CRASH_CLIENTS 32

/* Clients who post each ballot until it is acknowledged, to one board and then another. An
 * acknowledgement counts once it is in the log: a line with the ballot's number, its place, its
 * tracker, and the receipt as it came. */
struct crash_clients {
	const struct load_board *boards;
	atomic_uint board_count; /* of them that are tried */
	const struct load_election *election;
	int log;
	char path[200]; /* where records are posted */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next, allowed; /* ballots from `next` on that may be posted */
	atomic_bool ended;
	atomic_size_t acknowledged;
	atomic_size_t under_way;
	atomic_size_t broken; /* answers that did not come, or not whole */
	atomic_size_t busy;   /* answers 503 */
	atomic_uint slowest;  /* answer 503: milliseconds */
	pthread_t thread[CRASH_CLIENTS];
};

void crash_clients_start(struct crash_clients *c, const char *log);
/* Let ballots up to this number be posted. */
void crash_clients_allow(struct crash_clients *c, size_t to);
/* Wait until so many are acknowledged, all in all. */
void crash_clients_wait(struct crash_clients *c, size_t acknowledged);
/* What is not acknowledged yet is given up. */
void crash_clients_end(struct crash_clients *c);

/* ---- crash_compare.c ---- */

struct crash_verdict {
	size_t acknowledged; /* lines of the log */
	size_t lost;    /* of them, those that are not on the board, at their place, as they were */
	size_t doubled; /* records that are on the board more than once */
	size_t strangers;   /* ballots on the board that nobody was told of */
	size_t dishonoured; /* receipts that do not hold, or are not given again byte for byte */
};

/* Hold the log against the board: of every `sample`th ballot the receipt is asked for again. */
void crash_compare(struct crash_verdict *v, const char *log, const struct load_board *b,
    const struct load_election *e, size_t sample);
/* How many were acknowledged at a place from `size` on, which a board of that size has lost. */
size_t crash_beyond(const char *log, uint64_t size, size_t *acknowledged);

#endif
