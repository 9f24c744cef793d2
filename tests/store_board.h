/*
 * store_board: a toy board for the tests of the store: lines that are chained by their
 * hashes, with a real tree over them, but without records and signatures: the note of a
 * head names its size and its author. A toy appends as a board does: with new entries it
 * commits the signature over those that stand and are not signed for yet.
 */
#ifndef TESTS_STORE_BOARD_H
#define TESTS_STORE_BOARD_H

#include <libpq-fe.h>

#include "server/store.h"

struct toy {
	struct store *store;
	struct store_election election;
	struct store_head head; /* as last seen; its memory is ours */
	uint32_t author;        /* of the lines, so that two boards differ */
	uint64_t serial;        /* of the next line */
	size_t line_bytes;
	struct merkle_frontier tree; /* over the entries as last seen, and its edge */
	struct merkle_edge edge;
	/* the transaction made last */
	struct store_head after;
	struct store_addition addition;
	struct store_signing signing, *sign; /* sign: NULL if nothing is to be signed for */
	struct store_entry *entries;
	struct store_tile *tiles;
	uint8_t *bytes;
	size_t room;
	uint8_t frontier[MERKLE_FRONTIER_MAX];
	char note[64];
};

/* Start on an election that does not exist yet (or does: with the same `name`). */
void toy_start(struct toy *t, struct store *s, const char *name, uint32_t author);
void toy_end(struct toy *t);

/* Make a batch of n lines for the head as last seen. Every third line has a tracker. */
void toy_make(struct toy *t, size_t n);
/* Append it, without further ado. */
enum result toy_append(struct toy *t, struct why *why);
/* Find out what became of it. */
enum result toy_settle(struct toy *t, struct why *why);
/* Make and append n lines, whatever it takes: settle, catch up, try again. Returns the
 * seq of the first. */
uint64_t toy_persist(struct toy *t, size_t n);
/* Sign for what stands, if there is anything; whatever it takes. */
void toy_sign(struct toy *t);
/* Write a board of n lines into tables of version 1, as one batch, on a connection of the
 * owner. */
void toy_make_old(PGconn *pg, const char *name, size_t n);
/* Read the head again, and the tree on to it. */
void toy_catch_up(struct toy *t);

/* Read the whole board: aborts unless it is one chain that ends in its head, with
 * batches and tiles that fit. Signs for what is not signed for yet. Returns the number of
 * entries. */
uint64_t toy_check(struct toy *t);

#endif
