/*
 * bottle: a whole election in memory, with real keys and proofs: for tests of the rule
 * book, archives, trustees and verifiers.
 *
 * A bottle plays everybody. It holds the keys of all roles, the board's lines and blobs (and
 * is the `source` of them) and a rule book that follows the board. Each step has two halves:
 * bottle_<step>_body fills a body that is right at this place, bottle_post signs and
 * appends it; a test changes the body in between. bottle_<step> does both and
 * fails the program if the record is refused.
 *
 * All randomness comes from a stream that the plan seeds, so a bottle is the same each time.
 * What the functions hand out belongs to the bottle and lives until bottle_free, unless
 * said otherwise.
 */
#ifndef TESTS_BOTTLE_H
#define TESTS_BOTTLE_H

#include <stddef.h>
#include <stdint.h>

#include "ballots/ballot.h"
#include "ballots/rules.h"
#include "crypto/buffer.h"
#include "crypto/rng.h"
#include "crypto/sign.h"

/* How large an election; zeros take the defaults in parentheses. */
struct bottle_plan {
	const char *group;         /* ("ristretto255") */
	unsigned registrars;       /* (2) */
	unsigned registrar_quorum; /* (all) */
	unsigned trustees;         /* (3) */
	unsigned threshold;        /* (2) */
	unsigned mixers;           /* (threshold) */
	unsigned code_parts;       /* (1) */
	unsigned classes;          /* (0) */
	uint64_t min_ballots;      /* (1) */
	unsigned late_items;       /* (0) */
	unsigned witnesses;        /* (0); their quorum is just over a half */
	unsigned voters;           /* (3) */
	uint8_t seed;
};

struct bottle_role {
	struct sign_public public;
	struct sign_key key;
	char name[32];
};

struct bottle_trustee {
	struct bottle_role role;
	uint8_t seed[32];   /* of its secrets in the current attempt */
	struct svec *share; /* x_i, once confirmed */
};

struct bottle_voter {
	char name[32];
	uint64_t line;  /* once the roll is on the board */
	struct svec *x; /* the credential's secret, length 1 */
	uint8_t *X;     /* its encoding */
	/* One of each part: key, proof. */
	struct roll_part *parts;
};

struct bottle_blob {
	struct digest id;
	struct slice bytes;
	int hidden; /* 1: the source says it is missing */
};

struct bottle {
	struct bottle_plan plan;
	const struct group *group;
	struct rng rng;
	struct rules *rules; /* follows the board */
	struct source source;
	uint64_t clock; /* the time of the next entry; each takes one more */
	/* If set, a real board stands behind the bottle: it gets each record first, and sets
	 * the clock to the time that it gave the entry. What it refuses is not appended. */
	enum result (*upstream)(void *ctx, struct bottle *b, struct slice record);
	void *upstream_ctx;

	struct bottle_role organiser, board;
	struct bottle_role old_board; /* before bottle_replace_board */
	struct bottle_role *registrars;
	struct bottle_trustee *trustees;
	struct bottle_role *witnesses;
	struct bottle_voter *voters;
	struct arena arena; /* bodies, and what else the test wants to keep */

	struct slice *lines; /* the board */
	size_t line_count;
	struct bottle_blob *blobs;
	size_t blob_count;

	struct why why; /* of the last refusal */
};

/* Make keys, no entries. Never NULL. */
struct bottle *bottle_new(const struct bottle_plan *plan);
void bottle_free(struct bottle *b);

/* Stop the program unless r is R_GOOD, with what `why` says. */
void bottle_must(struct bottle *b, enum result r, const char *what);

/* ---- the board ---- */

/* Make the entry line that would put this record next. The caller frees it. */
void bottle_line(struct bottle *b, struct buffer *line, struct slice record);
/* Append a record: R_GOOD, or the refusal of the rule book, with b->why. */
enum result bottle_append(struct bottle *b, struct slice record);
/* Say what bottle_append would, and take it back. */
enum result bottle_try(struct bottle *b, struct slice record);
/* Add a blob, or one that is there already. */
struct digest bottle_blob(struct bottle *b, struct slice bytes);
struct bottle_blob *bottle_find_blob(struct bottle *b, const struct digest *id);
/* Forget the last entries; the rule book follows the rest anew. */
void bottle_truncate(struct bottle *b, size_t lines);

/* ---- records ---- */

/* The key of a role; registrars and trustees are numbered from 1. */
const struct bottle_role *bottle_role(const struct bottle *b, enum role role, unsigned number);
/* What the next record of this role carries as prev. */
struct digest bottle_prev(const struct bottle *b, enum role role, unsigned number);

/* Write and sign a record as it is, with election and prev as the body has them. The caller
 * frees `out`. Stops the program if the body cannot be written. */
void bottle_sign(struct bottle *b, struct buffer *out, enum record_type type,
    const union record_body *body, enum role role, unsigned number);
/* The same, and append it. */
enum result bottle_post(struct bottle *b, enum record_type type, const union record_body *body,
    enum role role, unsigned number);

/* Fill the body that is right now; election and prev included. */
void bottle_definition_body(struct bottle *b, union record_body *body);
void bottle_item_body(struct bottle *b, union record_body *body, enum count_method method,
    unsigned options);
/* Builds the blob from the voters, too. */
void bottle_roll_body(struct bottle *b, union record_body *body);
void bottle_approve_body(struct bottle *b, union record_body *body, unsigned registrar);
void bottle_commit_body(struct bottle *b, union record_body *body, unsigned trustee);
void bottle_deal_body(struct bottle *b, union record_body *body, unsigned trustee);
void bottle_confirm_body(struct bottle *b, union record_body *body, unsigned trustee);
void bottle_complain_body(struct bottle *b, union record_body *body, unsigned trustee,
    unsigned dealer);
void bottle_skip_body(struct bottle *b, union record_body *body, unsigned trustee);
void bottle_open_body(struct bottle *b, union record_body *body);
void bottle_open_item_body(struct bottle *b, union record_body *body, uint64_t item);
void bottle_closing_body(struct bottle *b, union record_body *body, uint64_t item);
void bottle_close_body(struct bottle *b, union record_body *body, uint64_t item);
void bottle_ready_body(struct bottle *b, union record_body *body, unsigned trustee, uint64_t item);
void bottle_mix_body(struct bottle *b, union record_body *body, unsigned trustee, uint64_t item);
void bottle_decrypt_body(struct bottle *b, union record_body *body, unsigned trustee,
    uint64_t item);
/* Accuse with a record that somebody else signed. */
void bottle_fault_body(struct bottle *b, union record_body *body, struct slice record);
void bottle_result_body(struct bottle *b, union record_body *body, uint64_t item);
/* A new key for the board: always the same. */
void bottle_board_key_body(struct bottle *b, union record_body *body);

/* ---- voters ---- */

/* An answer as people type it. */
struct bottle_answer {
	uint64_t item;
	const char *choice; /* choice_parse */
};

/* What voter number `voter` (from 0) is bound to now. */
struct ballot_place bottle_place(struct bottle *b, unsigned voter, struct digest *prev);
/* Encrypt; the caller frees the draft. */
struct ballot_draft *bottle_draft(struct bottle *b, unsigned voter,
    const struct bottle_answer *answers, size_t n);
/* Write a ballot record without appending it. The caller frees `out`. */
void bottle_ballot(struct bottle *b, struct buffer *out, unsigned voter,
    const struct bottle_answer *answers, size_t n);
/* Write a record that challenges a tracker. */
void bottle_challenged(struct bottle *b, struct buffer *out, unsigned voter,
    const struct digest *tracker);

/* ---- whole steps; they must succeed ---- */

void bottle_definition(struct bottle *b);
void bottle_item(struct bottle *b, enum count_method method, unsigned options);
void bottle_roll(struct bottle *b);
void bottle_approve(struct bottle *b); /* as many registrars as the quorum */
void bottle_keygen(struct bottle *b);  /* what is left of the current attempt */
void bottle_open(struct bottle *b);
void bottle_open_item(struct bottle *b, uint64_t item);
void bottle_vote(struct bottle *b, unsigned voter, uint64_t item, const char *choice);
void bottle_close(struct bottle *b, uint64_t item);   /* closing and close */
void bottle_ready(struct bottle *b, uint64_t item);   /* as many trustees as are needed */
void bottle_mix(struct bottle *b, uint64_t item);     /* all mixes that are left */
void bottle_decrypt(struct bottle *b, uint64_t item); /* as many as are needed */
void bottle_result(struct bottle *b, uint64_t item);
void bottle_replace_board(struct bottle *b); /* once: b->board signs from here on */

/* Definition, one item of that method, roll, approvals, key, open, item opened. */
void bottle_to_voting(struct bottle *b, enum count_method method, unsigned options);
/* Close, tally and publish an item. */
void bottle_finish(struct bottle *b, uint64_t item);

#endif
