/*
 * Answers to posted records: receipts and refusals.
 */
#include <stdlib.h>
#include <string.h>

#include "ballots/receipt.h"
#include "server/board.h"
#include "server/clock.h"

static void
reply_receipt(struct request *request, struct slice bytes)
{
	struct reply reply = { .status = 200,
		.type = REPLY_JSON,
		.body = bytes.p,
		.body_len = bytes.n };

	request_reply(request, &reply);
}

/* Write the receipt of entry `seq` under the signed head of the whole tree. */
static enum result
compose(const struct merkle_tree *tree, uint64_t seq, struct slice line, struct slice note,
    struct buffer *out)
{
	struct digest path[MERKLE_PATH_MAX];
	struct receipt receipt = { 0 };
	char *line_text = strndup((const char *)line.p, line.n);
	char *note_text = strndup((const char *)note.p, note.n);
	enum result r = R_NO_MEMORY;

	if (line_text != NULL && note_text != NULL) {
		receipt.checkpoint = note_text;
		receipt.entry = line_text;
		receipt.path = path;
		receipt.path_count = merkle_tree_inclusion(tree, path, seq, merkle_tree_size(tree));
		r = receipt_write(out, &receipt);
	}
	free(line_text);
	free(note_text);
	return r;
}

/* The good end of a job: it is at the expense of its address no longer. */
static void
discharge(struct board *b, const struct job *job)
{
	if (job->charged)
		pace_return(b->addresses, NULL, pace_address(&job->peer));
}

void
answer_stored(struct board *b, struct job *job, uint64_t seq, struct slice line,
    const struct merkle_tree *tree, struct slice note)
{
	const struct record *record = check_record(job->check);
	struct buffer out = { 0 };
	enum result r;

	if (record_is_voters(record->type))
		pace_spend(b->lines, &job->host->id, record->by, clock_now());
	discharge(b, job);
	if (job->docketed)
		docket_close(b->docket, &job->host->id, &job->hash, R_GOOD, &job->why);
	if (job->request != NULL) {
		r = compose(tree, seq, line, note, &out);
		if (r == R_GOOD)
			reply_receipt(job->request, buffer_slice(&out));
		else
			request_fail(job->request, r, NULL);
	}
	meter_time(&b->meter.record, job->begun);
	buffer_free(&out);
	job_free(job);
}

static enum result
keep_line(void *ctx, uint64_t seq, struct slice line)
{
	struct buffer *out = ctx;

	(void)seq;
	buffer_add(out, line.p, line.n);
	return buffer_result(out);
}

static enum result
add_leaf(void *ctx, uint64_t seq, const struct digest *leaf)
{
	(void)seq;
	return merkle_tree_append(ctx, leaf);
}

/* A receipt follows from its batch's row and the leaves of the batch. */
enum result
answer_receipt(struct hosted *host, struct store *store, uint64_t seq, struct buffer *out,
    struct why *why)
{
	struct store_batch batch = { 0 };
	struct merkle_tree *tree = NULL;
	struct merkle_frontier before;
	struct buffer line = { 0 };
	enum result r = store_batch(store, &batch, host->key, seq, why);

	if (r == R_NOT_FOUND) {
		r = why_set(why, R_BUSY, "the entry has just been stored; ask again");
		goto out;
	}
	if (r == R_GOOD && frontier_of_nodes(&before, batch.first, batch.frontier_before) != R_GOOD)
		r = why_set(why, R_NO_DATABASE, "a batch in the database is damaged");
	if (r == R_GOOD)
		r = merkle_tree_new_at(&tree, &before);
	if (r == R_GOOD)
		r = store_leaves(store, host->key, batch.first, batch.count, add_leaf, tree, why);
	if (r == R_GOOD)
		r = store_lines(store, host->key, seq, 1, keep_line, &line, why);
	if (r == R_GOOD)
		r = compose(tree, seq, buffer_slice(&line), batch.note, out);
out:
	merkle_tree_free(tree);
	store_batch_free(&batch);
	buffer_free(&line);
	return r;
}

/* ---- refusals ---- */

struct second_look {
	struct errand errand;
	struct board *board;
	struct job *job;
};

static void
refuse_at_last(struct board *b, struct job *job)
{
	meter_refused(&b->meter, job->verdict);
	if (result_exit(job->verdict) == 3)
		discharge(b, job);
	if (job->docketed)
		docket_close(b->docket, &job->host->id, &job->hash, job->verdict, &job->why);
	if (job->request != NULL && job->wait > 0)
		request_fail_later(job->request, R_BUSY, job->why.text, job->wait);
	else if (job->request != NULL)
		request_fail(job->request, job->verdict, job->why.text);
	job_free(job);
}

/* Could a record that was refused when the board was shorter stand on it now? Another board on the
 * same database may have appended what it follows on. */
static bool
is_stale(struct board *b, struct store *store, const struct job *job)
{
	struct why why;
	bool news;

	if (!b->config.shared || job->rounds > 0 || job->verdict == R_BAD_PROOF ||
	    job->verdict == R_BAD_SIGNATURE)
		return false;
	return board_refresh(b, store, job->host, &news, &why) == R_GOOD &&
	    hosted_size(job->host) > job->seen;
}

static void
reply_stored(struct board *b, struct job *job, struct slice receipt)
{
	meter_add(&b->meter, METER_AGAIN, 1);
	if (job->docketed)
		docket_close(b->docket, &job->host->id, &job->hash, R_GOOD, &job->why);
	if (job->request != NULL)
		reply_receipt(job->request, receipt);
	job_free(job);
}

/* Was the record stored before? Then it is answered as it was answered then. */
static void
look_again(struct errand *errand, struct store *store)
{
	struct second_look *look = (struct second_look *)errand;
	struct board *b = look->board;
	struct job *job = look->job;
	struct buffer out = { 0 };
	struct why why = { 0 };
	uint64_t seq = STORE_NONE;
	enum result r = R_NO_DATABASE;

	if (store != NULL && !atomic_load(&b->away))
		r = store_find_records(store, &seq, job->host->key, &job->hash, 1, &why);
	if (r == R_GOOD && seq == STORE_NONE && job->has_tracker &&
	    store_find_tracker(store, &seq, job->host->key, &job->tracker, &why) != R_GOOD)
		seq = STORE_NONE;
	if (r == R_GOOD && seq != STORE_NONE)
		r = answer_receipt(job->host, store, seq, &out, &why);
	if (r != R_GOOD) {
		job->verdict = r;
		job->why = why;
		refuse_at_last(b, job);
	} else if (seq != STORE_NONE)
		reply_stored(b, job, buffer_slice(&out));
	else if (is_stale(b, store, job)) {
		job_again(job);
		board_take(b, job);
	} else
		refuse_at_last(b, job);
	buffer_free(&out);
	free(look);
}

/* Verdicts that a stored record could get when it is posted once more. */
static int
may_be_stored(const struct job *job)
{
	if (job->wait > 0)
		return 1;
	return hosted_size(job->host) > 0 && result_exit(job->verdict) == 1 &&
	    job->verdict != R_BAD_ENCODING && job->verdict != R_TOO_LARGE;
}

void
answer_from_store(struct board *b, struct job *job)
{
	struct second_look *look = calloc(1, sizeof *look);

	if (look == NULL) {
		job->verdict = R_NO_MEMORY;
		refuse_at_last(b, job);
		return;
	}
	look->errand.run = look_again;
	look->board = b;
	look->job = job;
	if (clerks_send(b->clerks, &look->errand) != R_GOOD) {
		free(look);
		job->verdict = R_BUSY;
		job->why.text[0] = '\0';
		refuse_at_last(b, job);
	}
}

void
answer_refused(struct board *b, struct job *job)
{
	if (board_accuse_again(b, job))
		job_free(job);
	else if (may_be_stored(job))
		answer_from_store(b, job);
	else
		refuse_at_last(b, job);
}
