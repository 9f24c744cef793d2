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

struct item {
	unsigned choice;         /* enum choice_type */
	unsigned default_option; /* 0: none */
	struct count_ratio *majority;
	size_t majority_count;  /* none, one, or one an option: see majority_base */
	unsigned majority_base; /* enum count_majority */
	unsigned method;        /* enum count_method */
	struct count_ratio quorum;
	unsigned quorum_kind; /* enum count_quorum */
	unsigned tie;         /* enum count_tie */
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

/* Set *rules to how the item is counted. */
void item_rules(struct count_rules *rules, const struct item *item);

/* Return w, the number of ciphertexts of one answer, and the bytes of a choice
 * without padding. */
size_t item_width(const struct item *item);
size_t item_choice_bytes(const struct item *item);

/* The item hash: TH("tabella/1 item", body), body being {"item":{...}}. */
void item_hash(struct digest *hash, struct slice body);

#endif
