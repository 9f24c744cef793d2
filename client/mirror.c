#include "client/mirror.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/entry.h"
#include "ballots/receipt.h"
#include "ballots/ticket.h"
#include "crypto/base64.h"

#define BLOB_MOST ((uint64_t)1 << 36)
#define PAGE_LINES 4096

static enum result
new_rules(struct mirror *m)
{
	enum result r;

	merkle_tree_free(m->tree);
	m->tree = NULL;
	rules_free(m->rules);
	m->rules = NULL;
	r = merkle_tree_new(&m->tree);
	return r == R_GOOD ? rules_new(&m->rules, &m->election, RULES_VERIFY) : r;
}

/* Lines on their way from the folder to the rule book. */
struct page {
	struct buffer bytes;
	size_t start[PAGE_LINES + 1];
	size_t n;
};

static enum result
add_line(void *arg, uint64_t seq, struct slice line)
{
	struct page *page = arg;

	(void)seq;
	page->start[page->n++] = page->bytes.n;
	buffer_add(&page->bytes, line.p, line.n);
	buffer_add(&page->bytes, "\n", 1);
	page->start[page->n] = page->bytes.n;
	return buffer_result(&page->bytes);
}

/* Judge the lines of a page; *done is how many were taken. */
static enum result
judge(struct mirror *m, const struct page *page, size_t *done, const struct effort *effort,
    struct why *why)
{
	struct slice *lines = calloc(page->n > 0 ? page->n : 1, sizeof *lines);
	struct digest leaf;
	enum result r;
	size_t i;

	*done = 0;
	if (lines == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < page->n; i++) {
		lines[i].p = page->bytes.p + page->start[i];
		lines[i].n = page->start[i + 1] - page->start[i] - 1;
	}
	r = rules_entries(m->rules, lines, page->n, folder_source(m->folder), effort, done, why);
	for (i = 0; i < *done; i++) {
		merkle_leaf(&leaf, lines[i].p, lines[i].n);
		if (merkle_tree_append(m->tree, &leaf) != R_GOOD)
			r = R_NO_MEMORY;
	}
	free(lines);
	return r;
}

/* Judge what the folder holds from entry `seq` on. */
static enum result
replay(struct mirror *m, const struct effort *effort, struct why *why)
{
	struct page *page = calloc(1, sizeof *page);
	uint64_t seq = 0, to;
	enum result r = page == NULL ? R_NO_MEMORY : R_GOOD;
	size_t done;

	while (r == R_GOOD && seq < folder_size(m->folder)) {
		to = folder_size(m->folder) - seq < PAGE_LINES ? folder_size(m->folder)
							       : seq + PAGE_LINES;
		page->n = 0;
		buffer_clear(&page->bytes);
		r = folder_source(m->folder)->entries(folder_source(m->folder)->ctx, seq, to,
		    add_line, page);
		if (r == R_GOOD)
			r = judge(m, page, &done, effort, why);
		seq = to;
	}
	if (page != NULL)
		buffer_free(&page->bytes);
	free(page);
	return r;
}

enum result
mirror_open(struct mirror *m, const char *dir, struct board *board, const struct digest *election,
    const struct effort *effort, struct why *why)
{
	enum result r;

	memset(m, 0, sizeof *m);
	m->board = board;
	m->election = *election;
	m->dir = strdup(dir);
	m->evidence_dir = m->dir;
	r = m->dir == NULL ? R_NO_MEMORY : folder_open(&m->folder, dir, FOLDER_KEEP, why);
	if (r == R_GOOD)
		r = new_rules(m);
	if (r == R_GOOD)
		r = replay(m, effort, why);
	if (r != R_GOOD && r != R_CANCELLED && result_exit(r) == 1 && m->folder != NULL) {
		r = folder_truncate(m->folder, 0, why);
		if (r == R_GOOD)
			r = new_rules(m);
	}
	if (r != R_GOOD)
		mirror_close(m);
	return r;
}

void
mirror_close(struct mirror *m)
{
	rules_free(m->rules);
	merkle_tree_free(m->tree);
	folder_close(m->folder);
	free(m->dir);
	memset(m, 0, sizeof *m);
}

const struct frozen *
mirror_now(const struct mirror *m)
{
	return rules_now(m->rules);
}

const struct source *
mirror_source(const struct mirror *m)
{
	return folder_source(m->folder);
}

/* ---- fetching ---- */

struct fetch {
	struct mirror *m;
	struct why *why;
};

static enum result
fetch_blob(void *arg, const struct digest *id)
{
	struct fetch *f = arg;
	enum result r;
	char *path;

	if (folder_has_blob(f->m->folder, id))
		return R_GOOD;
	path = folder_blob_path(f->m->folder, id);
	if (path == NULL)
		return R_NO_MEMORY;
	r = board_download(f->m->board, &f->m->election, id, path, BLOB_MOST, f->why);
	if (r == R_NOT_FOUND)
		r = why_set(f->why, R_MISSING_BLOB,
		    "the board does not give out a blob that a record on it names");
	free(path);
	return r;
}

/* Fetch the blobs that a line names. A line that does not read is left to the rule
 * book, which names what is wrong with it. */
static enum result
fetch_blobs(struct mirror *m, struct slice line, struct why *why)
{
	struct fetch f = { m, why };
	struct record *record;
	struct entry entry;
	enum result r;

	if (entry_read(&entry, line, NULL) != R_GOOD ||
	    record_parse(&record, NULL, entry.record, NULL) != R_GOOD)
		return R_GOOD;
	r = record_blobs(record, fetch_blob, &f);
	record_free(record);
	return r;
}

/* Take in one answer of the board: *taken lines. */
static enum result
take(struct mirror *m, struct page *page, const struct effort *effort, size_t *taken,
    struct why *why)
{
	struct slice good;
	enum result r = R_GOOD;
	const uint8_t *end;
	size_t i, at = 0;

	*taken = 0;
	for (page->n = 0; at < page->bytes.n && page->n < PAGE_LINES; page->n++) {
		end = memchr(page->bytes.p + at, '\n', page->bytes.n - at);
		if (end == NULL)
			break; /* the board cut the answer short: the rest comes next time */
		page->start[page->n] = at;
		at = (size_t)(end - page->bytes.p) + 1;
		page->start[page->n + 1] = at;
	}
	for (i = 0; r == R_GOOD && i < page->n; i++) {
		struct slice line = { page->bytes.p + page->start[i],
			page->start[i + 1] - page->start[i] - 1 };

		r = fetch_blobs(m, line, why);
	}
	/* Into the folder first: a record may rest on ballots of the same answer. */
	good.p = page->bytes.p;
	good.n = page->n > 0 ? page->start[page->n] : 0;
	if (r == R_GOOD)
		r = folder_append(m->folder, good, why);
	if (r == R_GOOD) {
		r = judge(m, page, taken, effort, why);
		if (r == R_CHAIN_BROKEN && *taken == 0 && rules_size(m->rules) > 0)
			r = why_set(why, R_EQUIVOCATION,
			    "entry %" PRIu64 " does not continue those that the board showed "
			    "before\nKeep %s and tell "
			    "the organiser and the trustees",
			    rules_size(m->rules), m->dir);
		/* A copy that cannot be cut back is found out when it is opened again. */
		if (r != R_GOOD)
			(void)folder_truncate(m->folder, rules_size(m->rules), NULL);
		if (r != R_GOOD && result_exit(r) == 1)
			mirror_accuse(m, r,
			    (struct slice){ page->bytes.p + page->start[*taken],
				page->bytes.n - page->start[*taken] },
			    why);
	}
	return r;
}

enum result
mirror_sync(struct mirror *m, unsigned wait, const struct effort *effort, struct why *why)
{
	struct page *page = calloc(1, sizeof *page);
	size_t taken = 1;
	enum result r = page == NULL ? R_NO_MEMORY : R_GOOD;

	while (r == R_GOOD && taken > 0) {
		r = board_entries(m->board, &page->bytes, &m->election, rules_size(m->rules), wait,
		    why);
		if (r == R_GOOD)
			r = take(m, page, effort, &taken, why);
		wait = 0;
	}
	if (page != NULL)
		buffer_free(&page->bytes);
	free(page);
	return r;
}

/* ---- posting ---- */

static void
body_fields(enum record_type type, union record_body *body, struct digest **election,
    struct digest **prev)
{
	*election = NULL;
	*prev = NULL;
	switch (type) {
#define FIELDS(NAME, field) \
	case RECORD_##NAME: \
		*election = &body->field.election; \
		*prev = &body->field.prev; \
		return
		FIELDS(ITEM, item);
		FIELDS(ROLL, roll);
		FIELDS(APPROVE, approve);
		FIELDS(KEYGEN_COMMIT, keygen_commit);
		FIELDS(KEYGEN_DEAL, keygen_deal);
		FIELDS(KEYGEN_CONFIRM, keygen_confirm);
		FIELDS(KEYGEN_COMPLAIN, keygen_complain);
		FIELDS(KEYGEN_SKIP, keygen_skip);
		FIELDS(OPEN, open);
		FIELDS(OPEN_ITEM, open_item);
		FIELDS(CLOSING, closing);
		FIELDS(CLOSE, close);
		FIELDS(READY, ready);
		FIELDS(MIX, mix);
		FIELDS(DECRYPT, decrypt);
		FIELDS(FAULT, fault);
		FIELDS(RESULT, result);
		FIELDS(BOARD_KEY, board_key);
#undef FIELDS
	default: return; /* definitions have neither, voters' records are made in ballot.c */
	}
}

void
mirror_fill(const struct mirror *m, enum record_type type, union record_body *body,
    const struct sign_key *key)
{
	struct digest *election, *prev;
	struct slice public = { key->b + SIGN_SEED_BYTES, 32 };
	uint32_t number;
	enum role role = frozen_role(mirror_now(m), public, &number);

	body_fields(type, body, &election, &prev);
	if (election == NULL)
		return;
	*election = m->election;
	*prev = *frozen_prev(mirror_now(m), role, number);
}

static enum result
check_receipt(const struct mirror *m, struct slice bytes, struct slice record, struct why *why)
{
	struct receipt_expect expect = { .signers = frozen_signers(mirror_now(m)),
		.record = record };
	struct receipt receipt;
	enum result r;

	if (expect.signers.definition == NULL)
		return why_set(why, R_STATE, "the board holds no definition yet");
	r = receipt_read(&receipt, bytes, why);
	if (r == R_GOOD) {
		r = receipt_verify(&receipt, &expect, NULL, why);
		receipt_free(&receipt);
	}
	return r;
}

enum result
mirror_check_receipt(struct mirror *m, struct slice bytes, struct slice record, struct why *why)
{
	enum result r = check_receipt(m, bytes, record, why);

	/* The board's key may have been replaced by what we have not read yet. */
	if (r == R_BAD_CHECKPOINT && mirror_sync(m, 0, NULL, NULL) == R_GOOD)
		r = check_receipt(m, bytes, record, why);
	return r;
}

enum result
mirror_send(struct mirror *m, struct slice record, struct buffer *receipt, struct why *why)
{
	struct buffer own = { 0 };
	struct buffer *bytes = receipt != NULL ? receipt : &own;
	enum result r = board_post(m->board, bytes, &m->election, record, why);

	if (r == R_GOOD)
		r = mirror_check_receipt(m, buffer_slice(bytes), record, why);
	if (r == R_GOOD)
		r = mirror_sync(m, 0, NULL, why);
	buffer_free(&own);
	return r;
}

enum result
mirror_post(struct mirror *m, enum record_type type, union record_body *body,
    const struct sign_key *key, struct why *why)
{
	struct buffer record = { 0 };
	enum result r;

	mirror_fill(m, type, body, key);
	r = record_sign(&record, type, body, key, why);
	if (r == R_GOOD)
		r = mirror_send(m, buffer_slice(&record), NULL, why);
	buffer_free(&record);
	return r;
}

enum result
mirror_upload(struct mirror *m, struct slice blob, struct digest *id, const struct sign_key *key,
    struct why *why)
{
	struct buffer ticket = { 0 };
	enum result r = folder_add_blob(m->folder, blob, id, why);

	if (r == R_GOOD)
		r = ticket_make(&ticket, &m->election, id, blob.n, key);
	if (r == R_GOOD)
		r = board_upload(m->board, &m->election, buffer_slice(&ticket), blob, why);
	buffer_free(&ticket);
	return r;
}
