/*
 * item: a question, its options, and how its ballots are counted.
 *
 * An item that was read lives in the arena of its record. One that is to be
 * written is filled by hand; nothing in it is freed here.
 * Source: docs/protocol.md, section 10.2.
 */
#ifndef BALLOTS_ITEM_H
#define BALLOTS_ITEM_H

#include <stddef.h>
#include <stdint.h>

#include "ballots/choice.h"
#include "ballots/count.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

#define ITEM_MAX 200 /* items of an election, numbered from 1 */

struct walk;

/* Words of the fields, in the order of their names in item.c. */
enum item_base { ITEM_BASE_NONE, ITEM_BASE_VALID, ITEM_BASE_ROLL, ITEM_BASE_DEFAULT };
enum item_quorum { ITEM_QUORUM_NONE, ITEM_QUORUM_TURNOUT, ITEM_QUORUM_SQRT };
enum item_tie { ITEM_TIE_NONE, ITEM_TIE_FIRST };

struct ratio {
	uint64_t den, num;
};

struct item {
	unsigned choice;         /* enum choice_type */
	uint64_t default_option; /* 0: none */
	struct ratio *majority;  /* none, one, or one an option: see majority_base */
	size_t majority_count;
	unsigned majority_base; /* enum item_base */
	unsigned method;        /* enum count_method */
	struct ratio quorum;
	unsigned quorum_kind; /* enum item_quorum */
	unsigned tie;         /* enum item_tie */
	struct digest election;
	uint64_t id; /* 1..ITEM_MAX */
	const char **options;
	size_t option_count;
	struct digest prev;
	const char *text; /* may be empty */
	const char *title;
};

/* Read or write the inner object of the body. */
void item_walk(struct walk *w, struct item *item);

/* Check the bounds between fields: R_BAD_ITEM. Call it after a walk. */
enum result item_check(const struct item *item, struct why *why);

/* Set *rules to how a checked item is counted. */
void item_rules(struct count_rules *rules, const struct item *item);

/* Return w, the number of ciphertexts of one answer, and the bytes of a choice
 * without padding. */
size_t item_width(const struct item *item);
size_t item_choice_bytes(const struct item *item);

/* The item hash: TH("tabella/1 item", body), body being {"item":{...}}. */
void item_hash(struct digest *hash, struct slice body);

#endif
