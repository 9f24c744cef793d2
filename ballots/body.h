/*
 * body: what stands in a record, one struct and one walk a type; definition and
 * item have modules of their own.
 *
 * Bytes whose length depends on the group (elements, scalars, proofs) are slices
 * of any length here: whether it is the right one is for the rule book, which
 * knows the group. Source: docs/protocol.md, sections 10.3 to 10.9.
 */
#ifndef BALLOTS_BODY_H
#define BALLOTS_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "ballots/definition.h"
#include "ballots/item.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "crypto/slice.h"

#define BODY_ATTEMPT_MAX 64
#define BODY_ORDINAL_MAX 64
#define BODY_ROLL_LINES_MAX (UINT64_C(1) << 24)
#define BODY_ROLL_BYTES_MAX (UINT64_C(1) << 32)

struct walk;

/* An entry of the board by its hash and number: "upto". */
struct body_upto {
	struct digest hash;
	uint64_t seq;
};

struct body_roll {
	struct digest blob;
	uint64_t bytes;
	uint64_t count;
	struct digest election, prev, root;
	uint64_t *sums; /* one a class */
	size_t sum_count;
};

struct body_approve {
	struct digest election, prev;
	struct digest record; /* the record hash of the roll */
};

struct body_keygen_commit {
	uint64_t attempt;
	struct digest commit, election, prev;
	struct slice proof, receive;
};

struct body_keygen_deal {
	uint64_t attempt;
	struct slice commitments; /* A_i0..A_i,t-1 */
	struct digest election, prev;
	struct slice proof;
	struct slice shares; /* E_i1 C_i1 E_i2 C_i2 ... */
};

struct body_keygen_confirm {
	uint64_t attempt;
	struct digest election, prev, transcript;
};

struct body_keygen_complain {
	uint64_t attempt;
	uint64_t dealer;
	struct digest election, prev;
	struct slice rho;
};

struct body_keygen_skip {
	uint64_t attempt;
	struct digest election, prev;
	uint64_t trustee;
};

struct body_open {
	uint64_t attempt;
	struct digest election;
	struct slice key; /* y */
	struct digest prev;
	struct digest roll; /* record hash */
};

struct body_open_item {
	struct digest election;
	struct digest hash; /* item hash */
	uint64_t item;
	struct digest prev;
};

struct body_answer {
	struct slice cts;   /* a b a b ... */
	struct digest hash; /* item hash */
	uint64_t id;
};

struct body_ballot {
	struct body_answer *answers; /* ids strictly increasing */
	size_t answer_count;
	struct digest election;
	uint64_t line;
	struct digest open; /* open hash */
	struct digest prev;
};

struct body_challenged {
	struct digest election;
	uint64_t line;
	struct digest open, prev, tracker;
};

struct body_closing {
	struct digest election;
	uint64_t item;
	struct digest prev;
};

struct body_close {
	struct digest election;
	uint64_t item;
	struct digest prev;
	struct body_upto upto;
};

struct body_ready {
	struct digest close; /* close hash */
	struct digest election;
	uint64_t item;
	struct digest list; /* SHA-256 of the input list */
	struct digest prev;
};

struct body_mix {
	struct digest close, election;
	struct digest input; /* SHA-256 of the list that is mixed */
	uint64_t item;
	uint64_t ordinal;
	struct digest output; /* blob */
	struct digest prev;
	struct digest proof; /* blob */
};

struct body_decrypt {
	struct digest close, election;
	struct digest factors; /* blob */
	uint64_t item;
	struct digest list; /* SHA-256 of the list that is decrypted */
	struct digest prev;
	struct slice proof;
};

struct body_fault {
	struct digest election, prev;
	struct slice record; /* the whole accused record; points into the record's bytes */
};

struct body_result {
	struct digest election;
	uint64_t item;
	struct digest prev;
	struct digest result; /* TH("tabella/1 result", result object) */
	struct body_upto upto;
};

struct body_board_key {
	struct digest election;
	struct sign_public key; /* the board's from now on */
	struct digest prev;
};

/* Each reads or writes the inner object of its body. */
void body_roll_walk(struct walk *w, struct body_roll *b);
void body_approve_walk(struct walk *w, struct body_approve *b);
void body_keygen_commit_walk(struct walk *w, struct body_keygen_commit *b);
void body_keygen_deal_walk(struct walk *w, struct body_keygen_deal *b);
void body_keygen_confirm_walk(struct walk *w, struct body_keygen_confirm *b);
void body_keygen_complain_walk(struct walk *w, struct body_keygen_complain *b);
void body_keygen_skip_walk(struct walk *w, struct body_keygen_skip *b);
void body_open_walk(struct walk *w, struct body_open *b);
void body_open_item_walk(struct walk *w, struct body_open_item *b);
void body_ballot_walk(struct walk *w, struct body_ballot *b);
void body_challenged_walk(struct walk *w, struct body_challenged *b);
void body_closing_walk(struct walk *w, struct body_closing *b);
void body_close_walk(struct walk *w, struct body_close *b);
void body_ready_walk(struct walk *w, struct body_ready *b);
void body_mix_walk(struct walk *w, struct body_mix *b);
void body_decrypt_walk(struct walk *w, struct body_decrypt *b);
void body_fault_walk(struct walk *w, struct body_fault *b);
void body_result_walk(struct walk *w, struct body_result *b);
void body_board_key_walk(struct walk *w, struct body_board_key *b);

/* TH("tabella/1 result", object): what a result record signs. */
void body_result_hash(struct digest *hash, struct slice object);

#endif
