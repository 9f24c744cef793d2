/*
 * rules_parts: what the files of the rule book share. For frozen*.c, rules*.c and
 * checks*.c only.
 *
 * The state of an election stands in two places. Everything but the roll lines is
 * `struct frozen`, never changed once another thread may see it: a record that
 * changes something makes a new one that shares what stayed the same. So a snapshot costs a
 * reference and undoing means going back to the old pointer. What belongs to single lines
 * changes in place, with a journal of the bytes that were there before.
 */
#ifndef BALLOTS_RULES_PARTS_H
#define BALLOTS_RULES_PARTS_H

#include <stdatomic.h>

#include "ballots/rules.h"

#define LINE_RECORDS_MAX 4096 /* records of one roll line */

/* ---- shared pieces: immutable once shared, and counted; `refs` is the first member ---- */

/* A record that the state goes on pointing into. */
struct held {
	atomic_uint refs;
	struct record *record;
};
struct held *held_new(struct record *record); /* takes the record; NULL: it stays the caller's */
struct held *held_ref(struct held *held);
void held_unref(struct held *held);

/* A copy of what a trustee posted in this attempt; the shares of a deal are sorted into E
 * and C. */
struct post {
	atomic_uint refs;
	struct keygen_commit commit; /* or */
	struct keygen_deal deal;
	uint8_t *bytes; /* that they point to */
};
struct post *post_ref(struct post *post);
void post_unref(struct post *post);

/* The keys that follow from all deals of an attempt. */
struct keys {
	atomic_uint refs;
	uint8_t *y_bytes;
	size_t y_len;
	struct gvec *y;
	struct gvec *X;                              /* of the participants */
	struct gvec *share[DEFINITION_TRUSTEES_MAX]; /* views: share[i - 1], NULL for others */
};
struct keys *keys_ref(struct keys *keys);
void keys_unref(struct keys *keys);

struct keygen_state {
	atomic_uint refs;
	enum keygen_step step;
	uint64_t attempt;
	size_t count;
	uint32_t participants[DEFINITION_TRUSTEES_MAX];
	uint64_t excluded, posted; /* sets of trustees */
	/* In the order of the participants; NULL or empty until posted. */
	struct post *commit[DEFINITION_TRUSTEES_MAX];
	struct post *deal[DEFINITION_TRUSTEES_MAX];
	struct keygen_commit commits[DEFINITION_TRUSTEES_MAX];
	struct keygen_deal deals[DEFINITION_TRUSTEES_MAX];
	struct keys *keys;        /* from KEYGEN_CONFIRM on */
	struct digest transcript; /* then, too */
};
struct keygen_state *keygen_state_first(const struct definition *d);
/* Forget all posts and keys, of a state that nobody else sees. */
void keygen_state_clear(struct keygen_state *k);

/* The last ballot of each line on one item: 1 + its index among the marks, or 0. The owner
 * writes while the item is open; from its `closing` on it stays as it is. */
struct votes {
	atomic_uint refs;
	uint64_t n;
	uint32_t last[];
};
struct votes *votes_new(uint64_t lines);

struct decryption {
	uint32_t trustee;
	struct digest factors;
	uint64_t seq;
};

struct item_data {
	atomic_uint refs;
	struct held *record;
	struct digest hash;
	size_t width;
	enum item_state state;
	struct votes *votes; /* from OPEN on */
	uint64_t closing_seq, close_seq;
	struct digest close;
	uint64_t counted;
	uint64_t ready, mixed, decrypted, faults; /* sets of trustees */
	size_t mixes;
	int has_list;
	struct digest input, list; /* the input list; the list to mix or decrypt next */
	size_t decryptions;
	struct decryption decryption[DEFINITION_TRUSTEES_MAX]; /* in board order */
	uint64_t result_seq;
	struct digest result;
};
struct item_data *item_data_new(void);

/* ---- the store: what only grows ---- */

/* One ballot or challenge of a roll line. */
struct mark {
	struct digest tracker;
	uint64_t seq;
	uint32_t older;      /* 1 + index of the line's mark before, or 0 */
	uint32_t challenged; /* 1: a `challenged` record, 0: a ballot */
};

/* Entry hashes and marks by number. Written by the owner at its end only; others read what
 * was settled when they got their snapshot, which never moves. */
struct store;
struct store *store_new(void);
struct store *store_ref(struct store *store);
void store_unref(struct store *store);
/* Make room for number `at`: R_NO_MEMORY. The owner only. */
enum result store_room_hash(struct store *store, uint64_t at);
enum result store_room_mark(struct store *store, uint64_t at);
/* Where number `at` stands; there must be room. */
struct digest *store_hash(const struct store *store, uint64_t at);
struct mark *store_mark(const struct store *store, uint64_t at);

/* ---- the snapshot ---- */

#define ROLES_MAX (2 + DEFINITION_REGISTRARS_MAX + DEFINITION_TRUSTEES_MAX)

struct frozen {
	atomic_uint refs;
	enum rules_mode mode;
	enum phase phase;
	struct store *store;
	struct held *definition;
	struct digest election;
	struct digest prev[ROLES_MAX]; /* by role_index */
	size_t item_count;
	struct item_data *item[ITEM_MAX]; /* item id at id - 1 */
	struct roll *roll;
	struct held *roll_record;
	uint64_t approved; /* set of registrars */
	struct keygen_state *keygen;
	struct digest open; /* PHASE_OPEN */
	uint64_t open_seq;
	struct head_key board_key[HEAD_KEYS_MAX]; /* what has replaced the definition's */
	size_t board_keys;
};
struct frozen *frozen_new(enum rules_mode mode);
struct frozen *frozen_clone(const struct frozen *f);

/* The number of the trustee or registrar that wrote a record. */
uint32_t frozen_author(const struct frozen *f, const struct record *record);
/* The place of a role in frozen.prev. */
size_t role_index(const struct frozen *f, enum role role, uint32_t number);
/* Return item `id`, or NULL. */
struct item_data *frozen_item_data(const struct frozen *f, uint64_t id);
/* Make `f`, which nobody else sees yet, have its own copy of item `id`, and return that;
 * NULL if there is no memory. */
struct item_data *frozen_own_item(struct frozen *f, uint64_t id);
struct keygen_state *frozen_own_keygen(struct frozen *f);
/* What keygen.h wants to know; it points into the state. */
struct keygen_attempt frozen_attempt(const struct frozen *f);
/* Return the index of a trustee among the participants, or their number. */
size_t keygen_index(const struct keygen_state *k, uint64_t trustee);

/* Sets of trustees or registrars, numbered from 1 to 64. */
static inline uint64_t
set_of(uint64_t number)
{
	return UINT64_C(1) << (number - 1);
}
static inline int
set_has(uint64_t set, uint64_t number)
{
	return number >= 1 && number <= 64 && (set & set_of(number)) != 0;
}
size_t set_count(uint64_t set);
/* The set of all participants. */
uint64_t keygen_set(const struct keygen_state *k);

/* May item `i` be decrypted at all: enough counted ballots? */
int item_is_opened(const struct frozen *f, const struct item_data *item);

/* ---- the lines, the owner's ---- */

struct line {
	struct digest prev; /* record hash of its last record */
	uint32_t mark;      /* 1 + index of its last mark, or 0 */
	uint32_t records;
};

/* Bytes as they were before a write. */
struct undo {
	void *at;
	uint8_t n;
	uint8_t old[sizeof(struct line)];
};

/* What a settle keeps and an undo goes back to. */
struct rules_mark {
	struct frozen *frozen;
	uint64_t entries, marks;
	uint64_t time;
	struct digest head;
};

struct rules {
	struct digest expected;
	int has_expected;
	struct rules_mark now, settled; /* settled.frozen is counted; so is now.frozen */
	struct line *lines;             /* roll_count of them; from PHASE_OPEN on */
	struct undo *journal;
	size_t journal_n, journal_room;
	struct why why; /* for callers that pass none */
};

/* ---- judging ---- */

/* A record at a place. `rules` is NULL when only a snapshot is at hand: then what belongs to
 * single lines and entries is not judged. */
struct judge {
	const struct frozen *f;
	const struct rules *rules;
	const struct record *record;
	const struct record *accused; /* the record in a fault, or NULL if it is none */
	enum role role;               /* of the author */
	uint32_t number;              /* its number in the role, from 1 */
	struct item_data *item;       /* that the record names, if it names one */
	int partly;                   /* something of step (4) could not be judged */
	struct why *why;
};

struct check {
	struct held *held; /* owns the record */
	const struct record *record;
	struct record *accused;
	struct frozen *frozen;
	int ran;
	enum result verdict;
	struct why why;
	/* What the run found out, for applying. */
	struct roll *roll;
	struct post *post;
	struct keys *keys;
	uint32_t at_fault;
};

/* (4) What else must be so at this place. */
typedef enum result rule_place(struct judge *j);
/* (7) to (9) Encodings, blobs, proofs. */
typedef enum result rule_run(struct check *c, const struct source *source,
    const struct effort *effort, struct why *why);
/* Apply to `next`, a copy of the current snapshot, and to the lines. Until it returns R_GOOD,
 * nothing but what hangs on `next` alone has changed. */
typedef enum result rule_apply(struct rules *rules, struct check *c,
    const struct rules_place *place, struct frozen *next);

/* How a type of record is judged and applied: one row of the state machine. */
struct rule {
	enum role author;
	unsigned phases;       /* bit set of enum phase */
	enum result otherwise; /* the reason in another phase */
	size_t item;           /* offset of the item's number in union record_body, or 0 */
	int from;              /* the state that this item must be in */
	enum check_cost cost;
	rule_place *place; /* may be NULL */
	rule_run *run;     /* may be NULL */
	rule_apply *apply;
};
extern const struct rule rules_table[RECORD_TYPES];

/* Steps (1) to (5) of the order of judgement; sets j->role, number and item. */
enum result rules_judge(struct judge *j);
/* The same for the record in a fault, as if it stood at the fault's place. */
enum result rules_judge_accused(const struct judge *fault, struct why *why);

/* Is `upto` an entry from number `from` on, before this one, with its hash? R_INPUT_LIST. */
enum result judge_upto(struct judge *j, const struct body_upto *upto, uint64_t from);

/* The functions of the rows, by subject. */
rule_place setup_place_item, setup_place_roll, setup_place_approve, setup_place_open,
    setup_place_board_key;
rule_run setup_run_definition, setup_run_roll, setup_run_board_key;
rule_apply setup_apply_definition, setup_apply_item, setup_apply_roll, setup_apply_approve,
    setup_apply_open, setup_apply_board_key;

rule_place keygen_place_commit, keygen_place_deal, keygen_place_confirm, keygen_place_complain,
    keygen_place_skip;
rule_run keygen_run_commit, keygen_run_deal, keygen_run_complain;
rule_apply keygen_apply_commit, keygen_apply_deal, keygen_apply_confirm, keygen_apply_complain,
    keygen_apply_skip;

rule_place vote_place_open_item, vote_place_ballot, vote_place_challenged, vote_place_close;
rule_apply vote_apply_open_item, vote_apply_closing, vote_apply_close;
/* A voter's record changes lines only: `next` is NULL. */
rule_apply vote_apply_voter;

rule_place tally_place_ready, tally_place_mix, tally_place_decrypt, tally_place_fault,
    tally_place_result;
rule_run tally_run_ready, tally_run_mix, tally_run_decrypt, tally_run_fault, tally_run_result;
rule_apply tally_apply_ready, tally_apply_mix, tally_apply_decrypt, tally_apply_fault,
    tally_apply_result;

/* Verify the voters' records among the checks, together; skips the others. They may be of different
 * elections. */
void checks_run_voters(struct check *const checks[], size_t n, const struct effort *effort);
/* Verify one voter's record by itself: slower, and the same verdict and text. */
void checks_run_voter(struct check *c);

/* Decode `n` elements and then `s` scalars that stand in `bytes` and nothing else: the form of
 * a proof. R_BAD_ENCODING for another length, R_NON_CANONICAL, R_NOT_IN_GROUP, R_BAD_ELEMENT. */
enum result decode_form(const struct group *g, struct slice bytes, size_t n, size_t s);

/* ---- lines ---- */

/* Make room to keep n more writes: R_NO_MEMORY. */
enum result journal_room(struct rules *rules, size_t n);
/* Keep the n bytes at `at`, which are about to change; there must be room. */
void journal_keep(struct rules *rules, void *at, size_t n);
/* Go through the marks of a line, newest first: set *mark to the first with this tracker
 * and kind; R_NOT_FOUND. */
enum result line_find(const struct rules *rules, uint64_t line, const struct digest *tracker,
    int challenged, const struct mark **mark);

#endif
