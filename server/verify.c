/*
 * The threads that verify: one for ballots and other short records, in batches; one for
 * what takes long, one record at a time, so that a mix never delays a ballot.
 */
#include <stdlib.h>
#include <string.h>

#include "server/board.h"

#define BATCH 512
#define ROUNDS_MAX 3
#define ACCUSE_TIMES 64

/* What makes a mix or a decryption a fault of its author: its content is wrong. */
static int
is_fault(enum record_type type, enum result verdict)
{
	return (type == RECORD_MIX || type == RECORD_DECRYPT) && rules_is_fault(verdict);
}

/* Tell everybody who signed a bad mix or decryption, so that the others go on without
 * its author. Whether it is one is judged by the rule book, as of any record. */
static void
accuse(struct board *b, struct hosted *host, struct slice record, unsigned times)
{
	union record_body body = { 0 };
	struct buffer bytes = { 0 };
	struct frozen *frozen = hosted_frozen(host);
	const struct head_signers signers = frozen_signers(frozen);
	const struct sign_key *key = board_key(b, head_signer(&signers, UINT64_MAX));
	struct job *fault;

	body.fault.election = host->id;
	body.fault.prev = *frozen_prev(frozen, ROLE_BOARD, 1);
	body.fault.record = record;
	frozen_unref(frozen);
	if (key != NULL && record_sign(&bytes, RECORD_FAULT, &body, key, NULL) == R_GOOD &&
	    job_new(&fault, host, NULL, buffer_slice(&bytes)) == R_GOOD) {
		fault->accusing = times;
		board_take(b, fault);
	}
	buffer_free(&bytes);
}

int
board_accuse_again(struct board *b, const struct job *job)
{
	struct record *record;

	if (job->accusing == 0 || job->accusing == ACCUSE_TIMES || job->verdict != R_BAD_PREV ||
	    record_parse(&record, NULL, job->bytes, NULL) != R_GOOD)
		return 0;
	accuse(b, job->host, record->of.fault.record, job->accusing + 1);
	record_free(record);
	return 1;
}

void
board_accuse(struct board *b, const struct job *job)
{
	const struct record *record = check_record(job->check);

	if (!is_fault(record->type, job->verdict))
		return;
	log_event(b->config.log, LOG_ELECTION, "a %s was refused, its author is accused: %s",
	    record_type_name(record->type), result_name(job->verdict));
	accuse(b, job->host, record->bytes, 1);
}

/* What was verified goes to its place, good or bad: there the reason is found that comes first in the
 * order of judgement. What could not be verified for want of our own resources is answered. */
static void
conclude(struct board *b, struct job *job)
{
	job->verdict = check_verdict(job->check, &job->why);
	if (job->verdict != R_GOOD && result_exit(job->verdict) == 3)
		answer_refused(b, job);
	else
		(void)queue_put(b->append, job, QUEUE_WAIT);
}

/* Jobs of one election are run together. */
static void
run_jobs(struct board *b, struct store *store, struct job *list, const struct effort *effort)
{
	struct check *checks[BATCH];
	struct job *rest, **end, *mine, *job;
	struct board_source source;
	uint64_t begun;
	size_t n;

	while (list != NULL) {
		struct hosted *host = list->host;

		rest = NULL;
		end = &rest;
		mine = NULL;
		for (n = 0; (job = list) != NULL;) {
			list = job->next;
			if (job->host == host && n < BATCH) {
				checks[n++] = job->check;
				job->next = mine;
				mine = job;
			} else {
				job->next = NULL;
				*end = job;
				end = &job->next;
			}
		}
		board_source_set(&source, b, store, host);
		begun = meter_now();
		checks_run(checks, n, &source.source, effort);
		meter_add(&b->meter, METER_VERIFIED, n);
		meter_add(&b->meter, METER_VERIFY_US, meter_now() - begun);
		/* `mine` was stacked: turn it round, so that records keep their order. */
		for (list = NULL; (job = mine) != NULL;) {
			mine = job->next;
			job->next = list;
			list = job;
		}
		while ((job = list) != NULL) {
			list = job->next;
			conclude(b, job);
		}
		list = rest;
	}
}

static void
verify(struct board *b, struct queue *queue, size_t at_once)
{
	struct effort effort = { .threads = 1 };
	struct store *store = NULL;
	struct job *list, *job;
	struct why why;

	while ((list = queue_take(queue, at_once)) != NULL) {
		memset(&why, 0, sizeof why);
		if (store == NULL && store_open(&store, &b->config.store, &why) != R_GOOD) {
			while ((job = list) != NULL) {
				list = job->next;
				job->verdict = R_NO_DATABASE;
				job->why = why;
				answer_refused(b, job);
			}
			continue;
		}
		run_jobs(b, store, list, &effort);
	}
	store_free(store);
}

void *
verify_ballots(void *arg)
{
	struct board *b = arg;

	(void)pthread_setname_np(pthread_self(), "ballots");
	verify(b, b->ballots, BATCH);
	return NULL;
}

void *
verify_longs(void *arg)
{
	struct board *b = arg;

	(void)pthread_setname_np(pthread_self(), "longs");
	verify(b, b->longs, 1);
	return NULL;
}

/* Whatever is taken in must be signed for: with a key that this board has, and goes on having. */
static enum result
judge_keys(const struct board *b, struct job *job)
{
	const struct record *record = check_record(job->check);
	struct head_signers signers;
	struct frozen *frozen;
	int ours = 1;

	if (record->type == RECORD_BOARD_KEY)
		ours = board_key(b, &record->of.board_key.key) != NULL;
	else if (b->orphans) {
		frozen = hosted_frozen(job->host);
		signers = frozen_signers(frozen);
		ours = signers.definition == NULL ||
		    board_key(b, head_signer(&signers, UINT64_MAX)) != NULL;
		frozen_unref(frozen);
	}
	if (ours)
		return R_GOOD;
	return why_set(&job->why, R_WRONG_KEY,
	    "this board does not have the key that would sign for this\nIts next key is printed by "
	    "tabellad --new-board-key; the organiser names it with tabella organiser board-key");
}

void
board_take(struct board *b, struct job *job)
{
	enum queue_put how;
	struct queue *queue;
	int is_long;

	if (job->verdict == R_GOOD && job->rounds > ROUNDS_MAX) {
		job->verdict =
		    why_set(&job->why, R_BUSY, "the board is changing too fast; send it again");
	}
	if (job->verdict == R_GOOD && atomic_load(&b->away))
		job->verdict = why_set(&job->why, R_NO_DATABASE,
		    "the database cannot be reached; send it again");
	if (job->verdict == R_GOOD)
		job->verdict = judge_keys(b, job);
	if (job->verdict != R_GOOD) {
		answer_refused(b, job);
		return;
	}
	is_long = check_cost(job->check) == CHECK_LONG;
	queue = is_long ? b->longs : b->ballots;
	how = job->rounds > 0 || job->docketed || job->accusing > 0 ? QUEUE_FORCE : QUEUE_TRY;
	if (queue_put(queue, job, how) != R_GOOD) {
		job->verdict = why_set(&job->why, R_BUSY,
		    "too many records wait to be verified; send it again");
		answer_refused(b, job);
	}
}
