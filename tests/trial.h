/*
 * trial: many forgeries judged one after the other, in processes of their own, since a rule
 * book that has taken a record does not go back.
 */
#ifndef TESTS_TRIAL_H
#define TESTS_TRIAL_H

#include "tests/forge.h"
#include "tests/spoil.h"

/* What a board says of a record. */
struct said {
	enum result reason;
	char check[8];
};

/* One forgery, and what became of it. */
struct trial {
	unsigned node, way; /* of spoil.h */
	enum { TRIAL_SKIPPED, TRIAL_REFUSED, TRIAL_SURVIVED } end;
	struct verdict verdict;   /* with the expected election id */
	struct verdict with_head; /* of a survivor: with the honest head, too */
	int by_old;               /* an old snapshot was good enough to decide by */
	int differs;              /* a board says another reason: */
	struct said by_board;
};

#define TRIALS_MAX 8192

/* Room for that many, shared with the processes that judge them. Never NULL. */
struct trial *trials_new(void);
void trials_free(struct trial *trials);

/* Judge a trial; returns 1 if the rule book has moved, so that this process is used up. */
typedef int trial_judge(void *arg, struct trial *trial);
/* Let processes judge the first n, in turn. */
void trials_run(struct trial *trials, size_t n, trial_judge *judge, void *arg);

/* The first line has been taken: take over the honest entries from number `from` on, judge them,
 * then the archive, then that with a head. */
void trial_rest(struct trial *trial, struct forge *f, struct forgery *y, size_t from);

/* 1 if archives are to be left: TABELLA_MUTANTS names a folder. */
int trial_keeps(void);
/* If so: unless there is one for this check and reason already, leave the archive there as
 * CHECK-REASON. */
void trial_keep(struct forge *f, const struct forgery *y, const struct verdict *v);

/* The last entry on which the signature of somebody honest rests: the `close` of the last item, whose
 * hash the trustees have signed. */
size_t trial_last_close(const struct forge *f);

#endif
