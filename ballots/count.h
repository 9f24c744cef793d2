/*
 * count: from valid choices and the item's rules to the outcome.
 *
 * Methods: plurality and approval (most ballots wins), condorcet (rankings,
 * counted as appendix A.6 of the Debian constitution does, in the wording in
 * force from 2003 to 2015: quorum and majority against the default option,
 * pairwise defeats, Schwartz set, weakest defeats dropped until no defeat is left
 * in it). Integers only, every comparison exact; the order in which ballots are
 * added does not matter.
 *
 * Numbers: options count from 1; arrays indexed by option hold option i at i-1.
 * V(A,B) is the number of ballots that rank A above B; a ranked option stands
 * above every option that is not ranked.
 *
 * Source: docs/protocol.md, section "Counting".
 */
#ifndef BALLOTS_COUNT_H
#define BALLOTS_COUNT_H

#include <stdint.h>
#include <stdio.h>

#include "ballots/choice.h"
#include "crypto/result.h"

/* Most ballots, invalid ones included, and most people on the roll. With terms of
 * ratios up to COUNT_MAX_TERM, every product below fits in 128 bits. */
#define COUNT_MAX_BALLOTS ((UINT64_C(1) << 44) - 1)
#define COUNT_MAX_TERM 1000000

enum count_method { COUNT_PLURALITY, COUNT_APPROVAL, COUNT_CONDORCET, COUNT_METHODS };

/* How many must take part; with Q = quorum_ratio. */
enum count_quorum {
	COUNT_QUORUM_NONE, /* Q is 0/1 */
	/* valid * den >= num * eligible; else nobody wins, and with condorcet every
	 * option but the default one is dropped */
	COUNT_QUORUM_TURNOUT,
	/* condorcet with a default option D: an option A other than D stays only if
	 * V(A,D) >= num/den * sqrt(eligible), that is V^2 * den^2 >= num^2 * eligible */
	COUNT_QUORUM_SQRT,
	COUNT_QUORUMS
};

/* Of what an option needs more than num/den. */
enum count_majority {
	COUNT_MAJORITY_NONE,
	COUNT_MAJORITY_VALID, /* plurality, approval: of the valid ballots, blank ones included */
	COUNT_MAJORITY_ROLL,  /* plurality, approval: of the people on the roll */
	/* condorcet with a default option D: an option A other than D stays only if
	 * V(A,D) * den > num * V(D,A), by a ratio of its own */
	COUNT_MAJORITY_DEFAULT,
	COUNT_MAJORITIES
};

/* What happens when several options come out equal. */
enum count_tie {
	COUNT_TIE_NONE,  /* all of them are winners: a tie */
	COUNT_TIE_FIRST, /* the one with the lowest number wins */
	COUNT_TIES
};

struct count_ratio {
	uint32_t num, den; /* 0..COUNT_MAX_TERM, 1..COUNT_MAX_TERM */
};

/* The rules of one item, field for field its `count`. */
struct count_rules {
	enum count_method method;
	unsigned options;        /* 2..250 */
	unsigned default_option; /* condorcet: 1..options; 0: none */
	enum count_quorum quorum;
	struct count_ratio quorum_ratio;
	enum count_majority majority;
	unsigned majority_ratios; /* how many: none 0, valid and roll 1, default one per option */
	struct count_ratio majority_ratio[CHOICE_MAX_OPTIONS]; /* that of D itself has no effect */
	enum count_tie tie;
};

/* The names as item records spell them: "plurality", "approval", "condorcet";
 * "none", "turnout", "sqrt"; "none", "valid", "roll", "default"; "none", "first". */
extern const char *const count_method_names[COUNT_METHODS];
extern const char *const count_quorum_names[COUNT_QUORUMS];
extern const char *const count_majority_names[COUNT_MAJORITIES];
extern const char *const count_tie_names[COUNT_TIES];

/* Return the type of the choices that the method counts. */
enum choice_type count_choice_type(enum count_method method);

/* Make the plainest rules: no default option, quorum or majority, ties reported. */
struct count_rules count_rules_plain(enum count_method method, unsigned options);
/* Check that rules make sense: R_BAD_ITEM with the contradiction. */
enum result count_rules_check(const struct count_rules *rules, struct why *why);

/* A count under way. */
struct count;

/* Start a count. The rules are checked and copied. R_BAD_ITEM, R_NO_MEMORY.
 * Free with count_free. */
enum result count_new(struct count **out, const struct count_rules *rules, struct why *why);
void count_free(struct count *count);
/* Add `times` ballots with this choice. A choice of another type or number of
 * options is our own bug and aborts. R_TOO_LARGE, the count unchanged, if there
 * would be more than COUNT_MAX_BALLOTS. */
enum result count_add(struct count *count, const struct choice *choice, uint64_t times);
/* Add ballots that hold no valid choice; they enter no sum and no base. */
enum result count_add_invalid(struct count *count, uint64_t times);

/* How the item ended. */
enum count_end {
	COUNT_WON,         /* one winner */
	COUNT_TIED,        /* several winners */
	COUNT_NO_QUORUM,   /* the turnout was missed: nobody wins */
	COUNT_NO_VOTES,    /* plurality, approval: no valid ballot names an option */
	COUNT_NO_MAJORITY, /* plurality, approval: no option that has a vote has its majority */
	COUNT_ENDS
};

struct count_option {
	uint64_t named;    /* valid ballots that choose it, approve it, rank it at all */
	uint8_t in_quorum; /* 1 unless the quorum speaks against it */
	uint8_t majority;  /* 1 unless it fails its majority */
	uint8_t standing;  /* both */
	uint8_t schwartz;  /* condorcet: in the Schwartz set before any defeat is dropped */
	uint8_t leading;   /* most votes of those standing; condorcet: in the last Schwartz set */
	uint8_t winner;    /* leading, and the tie rule is for it */
};

/* A pairwise defeat among options that stand. */
struct count_defeat {
	uint16_t winner, loser;
	uint32_t dropped; /* 0: it stands; k: dropped in the k-th round */
	uint64_t votes, against;
};

struct count_outcome {
	struct count_rules rules;
	enum count_end end;
	uint64_t eligible;
	uint64_t valid; /* blank ones included */
	uint64_t blank;
	uint64_t invalid;
	uint8_t quorum;   /* 0 if a turnout was missed, else 1 */
	unsigned winners; /* how many */
	unsigned rounds;  /* condorcet: in how many rounds defeats were dropped */
	struct count_option option[CHOICE_MAX_OPTIONS];
	/* condorcet: V(A,B) at [(A-1) * options + B-1], see count_pair; else NULL */
	uint64_t *pairwise;
	/* condorcet: the defeats, weakest first (fewest votes, then most against, then
	 * by option numbers); else NULL. */
	struct count_defeat *defeat;
	size_t defeats;
};

/* Apply the rules; the count can go on afterwards. `eligible` is the number of
 * people on the roll. R_BAD_INPUT if there are more ballots than people or more
 * people than COUNT_MAX_BALLOTS; R_NO_MEMORY. Free with count_outcome_free.
 * 250 options in any tangle of cycles take well under a second. */
enum result count_finish(struct count_outcome **out, const struct count *count, uint64_t eligible,
    struct why *why);
void count_outcome_free(struct count_outcome *outcome);

/* Return V(a,b) of a condorcet outcome. */
uint64_t count_pair(const struct count_outcome *outcome, unsigned a, unsigned b);

/* Print the outcome for people: names[i-1] is the name of option i (UTF-8; control
 * characters are shown as '?'). Errors stay with the stream: see ferror. */
void count_print(FILE *out, const struct count_outcome *outcome, const char *const names[]);

#endif
