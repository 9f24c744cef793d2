/*
 * definition: what an election is: its roles, group, thresholds and rules. The
 * hash of its body is the election's id.
 *
 * A definition that was read lives in the arena of its record. One that is to be
 * written is filled by hand; nothing in it is freed here.
 * Source: docs/protocol.md, section 10.1.
 */
#ifndef BALLOTS_DEFINITION_H
#define BALLOTS_DEFINITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/group.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/sign.h"
#include "crypto/slice.h"

#define DEFINITION_CLASSES_MAX 16
#define DEFINITION_CODE_PARTS_MAX 8
#define DEFINITION_REGISTRARS_MAX 32
#define DEFINITION_TRUSTEES_MAX 64
#define DEFINITION_WITNESSES_MAX 32
/* Holdings and their sums stay below it; min_ballots goes up to it. */
#define DEFINITION_WEIGHT_LIMIT (UINT64_C(1) << 44)

struct walk;

struct party {
	struct sign_public key;
	const char *name;
};

struct definition {
	struct party board;
	const char **classes; /* names of share classes; none: one person, one vote */
	size_t class_count;
	uint64_t code_parts;
	const char *group_name;
	bool late_items; /* may items be added after opening */
	uint64_t min_ballots;
	uint64_t mixers;
	struct party organiser;
	uint64_t registrar_quorum;
	struct party *registrars;
	size_t registrar_count;
	struct digest salt;
	uint64_t threshold;
	const char *title;
	struct party *trustees; /* trustee i of the protocol is trustees[i - 1] */
	size_t trustee_count;
	uint64_t
	    witness_quorum; /* how many of the witnesses must co-sign a head; 0: there are none */
	struct party *witnesses;
	size_t witness_count;
	const struct group *group; /* that of group_name; set by definition_check */
};

/* Read or write the inner object of the body. */
void definition_walk(struct walk *w, struct definition *d);

/* Check the bounds between fields and set d->group: R_UNKNOWN_GROUP, then R_BAD_DEFINITION.
 * What a walk refuses by itself is not looked at again: call it after one. */
enum result definition_check(struct definition *d, struct why *why);

/* The election id: TH("tabella/1 election", body), body being {"definition":{...}}. */
void definition_id(struct digest *id, struct slice body);

/* Return 1 if anybody in the definition has this key, else 0. */
int definition_has_key(const struct definition *d, const struct sign_public *key);

/* Return how many trustees must be ready before a mix when `participants` take part
 * in the key: ceil((n' + t) / 2). */
uint64_t definition_ready_quorum(const struct definition *d, uint64_t participants);

#endif
