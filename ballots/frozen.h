/*
 * frozen: the state of an election after some entry, all but what belongs to the
 * single roll lines: definition, items, roll, keys, phase, mixes. Immutable and counted,
 * so that any thread may read it without locks; rules_frozen makes one.
 *
 * What accessors return lives as long as the snapshot, unless they say otherwise.
 */
#ifndef BALLOTS_FROZEN_H
#define BALLOTS_FROZEN_H

#include <stddef.h>
#include <stdint.h>

#include "ballots/definition.h"
#include "ballots/head.h"
#include "ballots/item.h"
#include "ballots/record.h"
#include "ballots/roll.h"
#include "ballots/source.h"
#include "crypto/buffer.h"
#include "crypto/group.h"
#include "crypto/hash.h"
#include "crypto/keygen.h"
#include "crypto/result.h"

struct frozen;

/* Any thread. frozen_ref returns its argument; NULL is fine for both. */
struct frozen *frozen_ref(const struct frozen *frozen);
void frozen_unref(struct frozen *frozen);

/* ---- definition, items, roll ---- */

enum phase { PHASE_EMPTY, PHASE_SETUP, PHASE_OPEN };
const char *phase_name(enum phase phase);

enum phase frozen_phase(const struct frozen *f);
/* NULL in PHASE_EMPTY. */
const struct definition *frozen_definition(const struct frozen *f);
const struct digest *frozen_election(const struct frozen *f);

/* The last roll on the board, or NULL; its record hash; how many registrars have
 * approved it. */
const struct roll *frozen_roll(const struct frozen *f);
const struct digest *frozen_roll_record(const struct frozen *f);
const struct body_roll *frozen_roll_body(const struct frozen *f);
uint64_t frozen_approvals(const struct frozen *f);

enum item_state { ITEM_NEW, ITEM_OPEN, ITEM_CLOSING, ITEM_CLOSED, ITEM_DONE };
const char *item_state_name(enum item_state state);

/* An item and how far it is. A set of trustees is a bit set: trustee i is bit i - 1. */
struct item_status {
	const struct item *item;
	const struct digest *hash; /* item hash */
	size_t width;
	enum item_state state;
	/* From CLOSED on: */
	uint64_t close_seq;
	const struct digest *close; /* close hash */
	uint64_t counted;           /* N */
	int opened;                 /* 1: N is enough for ready, mix, decrypt */
	uint64_t ready;             /* who has posted ready */
	size_t ready_needed;
	const struct digest *list; /* of the list to mix or decrypt next; NULL: not yet known */
	uint64_t mixed;            /* who has mixed */
	size_t mixes;              /* how many of definition.mixers */
	uint64_t decrypted;        /* who has decrypted */
	uint64_t faults;           /* who was found at fault */
	/* DONE: */
	uint64_t result_seq;
	const struct digest *result; /* TH("tabella/1 result", object) */
};

/* Number of items; they have the ids 1..n. */
size_t frozen_items(const struct frozen *f);
/* R_GOOD or R_UNKNOWN_ITEM. */
enum result frozen_item(const struct frozen *f, uint64_t id, struct item_status *out);

/* ---- keys ---- */

enum keygen_step { KEYGEN_COMMIT, KEYGEN_DEAL, KEYGEN_CONFIRM, KEYGEN_DONE, KEYGEN_FAILED };

/* Key generation on the board. The arrays have `count` entries in the order of participants;
 * what a participant has not posted yet is empty. */
struct keygen_status {
	enum keygen_step step;
	struct keygen_attempt attempt; /* group, election, attempt, threshold, participants */
	uint64_t excluded;             /* bit set of trustees at fault in earlier attempts */
	uint64_t posted;               /* who has posted the record of this step */
	const struct keygen_commit *commits;
	const struct keygen_deal *deals;
	const struct digest *transcript; /* (G10), from KEYGEN_CONFIRM on, else NULL */
};
/* R_GOOD; R_STATE without a definition. */
enum result frozen_keygen(const struct frozen *f, struct keygen_status *out);

/* The election key y (length 1) and its encoding; from KEYGEN_CONFIRM on, else NULL
 * and empty. It is final from KEYGEN_DONE on. */
const struct gvec *frozen_key(const struct frozen *f);
struct slice frozen_key_bytes(const struct frozen *f);
/* The public share X_i (length 1) of a trustee of the key; NULL for others. */
const struct gvec *frozen_share(const struct frozen *f, uint32_t trustee);
/* The open hash: NULL before opening. */
const struct digest *frozen_open(const struct frozen *f);
/* The number of that entry; 0 before opening. */
uint64_t frozen_open_seq(const struct frozen *f);

/* ---- roles ---- */

enum role { ROLE_NONE, ROLE_ORGANISER, ROLE_REGISTRAR, ROLE_TRUSTEE, ROLE_BOARD, ROLE_VOTER };
const char *role_name(enum role role);

/* Find a key of the definition: its role and its number in it (registrars and
 * trustees from 1). */
enum role frozen_role(const struct frozen *f, struct slice key, uint32_t *number);
/* The record hash of the last record of a role's key, or zeros. */
const struct digest *frozen_prev(const struct frozen *f, enum role role, uint32_t number);

/* Who signs the board's heads; there is a definition. Valid as long as the state. */
struct head_signers frozen_signers(const struct frozen *f);

/* ---- what is to be done ---- */

enum duty_kind {
	DUTY_KEYGEN_COMMIT,
	DUTY_KEYGEN_DEAL,
	DUTY_KEYGEN_CONFIRM, /* or complain */
	DUTY_READY,
	DUTY_MIX,
	DUTY_DECRYPT,
};
const char *duty_name(enum duty_kind kind);

struct duty {
	enum duty_kind kind;
	uint64_t attempt; /* key generation */
	uint64_t item;    /* the others */
	uint64_t ordinal; /* mix: of the next one */
	uint32_t turn;    /* mix: whose turn it is by number; anybody listed may go ahead */
	uint32_t before;  /* mix, decrypt: how many with a lower number have the same duty */
	/* mix, decrypt: 0 when enough others could do it. Key generation and ready: 1. */
	int needed;
};

/* Set out[0..max) to what the board expects of a trustee now, in the order of items,
 * and return how many duties there are (it may be more than max). Records that are
 * lawful but no longer needed are no duty. */
size_t frozen_duties(const struct frozen *f, uint32_t trustee, struct duty *out, size_t max);

/* ---- lists and results: heavy, any thread ---- */

/* Bytes of a list with what one must know of them. */
struct list {
	struct slice bytes;
	uint64_t rows;
	size_t width;
	struct digest digest; /* SHA-256 of the bytes */
	struct blob blob;     /* what holds the bytes */
};
/* Leaves zeros, which may be released again. */
void list_release(struct list *list);

/* Compute the input list of an item that is CLOSED or DONE (section 7) from the ballots on
 * the board. Rows 0: no bytes. R_UNKNOWN_ITEM, R_STATE; R_MISSING_ENTRY, R_CHAIN_BROKEN if
 * the source does not give the board's entries; resources. Give back with list_release. */
enum result frozen_list(const struct frozen *f, uint64_t item, const struct source *source,
    struct list *out, struct why *why);
/* The list that the item's next mix takes or that is to be decrypted: the input list, or the
 * blob of the last mix. As frozen_list, and R_MISSING_BLOB, R_BAD_BLOB. */
enum result frozen_current_list(const struct frozen *f, uint64_t item, const struct source *source,
    struct list *out, struct why *why);

/* Compute the result object of an item (section 12.4) and add its canonical bytes. The
 * item is CLOSED with enough decryptions, or DONE. R_UNKNOWN_ITEM, R_STATE,
 * R_BELOW_THRESHOLD, and as frozen_current_list. */
enum result frozen_result(const struct frozen *f, uint64_t item, const struct source *source,
    struct buffer *out, const struct effort *effort, struct why *why);
/* Add result.json: the result objects of all items that are DONE. */
enum result frozen_results(const struct frozen *f, const struct source *source, struct buffer *out,
    const struct effort *effort, struct why *why);

#endif
