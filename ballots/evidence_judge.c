/* Judging evidence: it convicts, or it is not what it says it is. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/entry.h"
#include "ballots/evidence_parts.h"
#include "ballots/receipt.h"
#include "ballots/record.h"
#include "ballots/rules.h"
#include "crypto/base64.h"

/* One judgement. */
struct trial {
	struct evidence e;
	struct record *definition;
	struct head_signers signers;
	struct head_key keys[HEAD_KEYS_MAX];
	struct checkpoint head[2];
	struct digest *blob_ids;
	int lacks_blob; /* one was asked for that is not in the file; set by any thread */
	const struct effort *effort;
	struct evidence_verdict *verdict;
	struct why *why;
};

static enum result
no_evidence(struct trial *t, const char *what)
{
	return why_set(t->why, R_NO_EVIDENCE, "%s", what);
}

static void
accuse_board(struct trial *t)
{
	const struct party *board = &t->signers.definition->board;
	char key[BASE64URL_LEN(32) + 1];

	(void)base64url_encode(key, board->key.b, sizeof board->key.b);
	(void)snprintf(t->verdict->accused, sizeof t->verdict->accused,
	    "the board %s, or whoever has its key %s%s", board->name, key,
	    t->signers.later_count > 0 ? " or one that replaced it" : "");
}

/* Which fields each kind has; the others are empty. */
static enum result
check_shape(struct trial *t)
{
	static const struct {
		size_t heads;
		int nodes, receipt, entries;
	} shapes[] = { { 2, 0, 0, 0 }, { 2, 1, 0, 0 }, { 2, 0, 0, 0 }, { 1, 1, 1, 0 },
		{ 1, 0, 0, 1 } };
	const struct evidence *e = &t->e;

	if (e->head_count != shapes[e->kind].heads ||
	    (e->node_count > 0) != shapes[e->kind].nodes ||
	    e->has_receipt != shapes[e->kind].receipt ||
	    (e->entry_count > 0) != shapes[e->kind].entries ||
	    (e->kind != 4 && (e->blob_count > 0 || e->has_record)))
		return why_set(t->why, R_BAD_ENCODING,
		    "evidence of this kind has other fields than these");
	return R_GOOD;
}

/* The definition says whose the heads are: its hash is the election id, which stands in every head. */
static enum result
open_all(struct trial *t, const struct digest *election)
{
	enum result r = record_parse(&t->definition, NULL, t->e.definition, t->why);
	size_t i;

	if (r == R_GOOD && t->definition->type != RECORD_DEFINITION)
		r = why_set(t->why, R_BAD_ENCODING, "the definition is none");
	if (r == R_GOOD && record_check_signature(t->definition) != R_GOOD)
		r = why_set(t->why, R_BAD_SIGNATURE, "the definition's signature does not hold");
	if (r != R_GOOD)
		return r;
	t->verdict->election = t->definition->election;
	if (election != NULL && !digest_equal(election, &t->definition->election))
		return why_set(t->why, R_WRONG_ELECTION, "it is about another election");
	t->signers.definition = &t->definition->of.definition;
	t->signers.election = t->definition->election;
	t->signers.any_size = 1;
	r = evidence_keys(t->keys, t->e.keys, t->e.key_count, &t->signers, t->why);
	if (r != R_GOOD)
		return r;
	t->signers.later = t->keys;
	t->signers.later_count = t->e.key_count;
	for (i = 0; i < t->e.head_count; i++) {
		r = head_open(&t->head[i], slice_of(t->e.heads[i]), &t->signers);
		if (r == R_BAD_CHECKPOINT)
			return why_set(t->why, r,
			    "head %zu is not one that the board of this election has signed",
			    i + 1);
		if (r != R_GOOD)
			return r;
	}
	return R_GOOD;
}

/* ---- E1, E2, E3: two heads ---- */

static enum result
judge_same_size(struct trial *t)
{
	if (t->head[0].size != t->head[1].size || digest_equal(&t->head[0].root, &t->head[1].root))
		return no_evidence(t, "the two heads are not two histories of one length");
	accuse_board(t);
	(void)snprintf(t->verdict->what, sizeof t->verdict->what,
	    "It has signed two different histories of %" PRIu64
	    " entries, so it has shown different people different boards. A board that keeps to "
	    "the "
	    "rules signs one.",
	    t->head[0].size);
	return R_GOOD;
}

static enum result
judge_nodes(struct trial *t)
{
	struct digest first, root;

	if (t->head[0].size == 0 || t->head[0].size >= t->head[1].size ||
	    merkle_rebuild(&first, &root, t->head[0].size, t->head[1].size, t->e.nodes,
		t->e.node_count) != R_GOOD ||
	    !digest_equal(&root, &t->head[1].root))
		return no_evidence(t, "the nodes are not those of the longer head");
	if (digest_equal(&first, &t->head[0].root))
		return no_evidence(t, "the longer head continues the shorter one");
	accuse_board(t);
	(void)snprintf(t->verdict->what, sizeof t->verdict->what,
	    "It has signed a history of %" PRIu64 " entries, and one of %" PRIu64
	    " entries that does not begin with them: entries were exchanged, altered or left out "
	    "in "
	    "between. A board that keeps to the rules only appends.",
	    t->head[0].size, t->head[1].size);
	return R_GOOD;
}

static enum result
judge_times(struct trial *t)
{
	if (t->head[0].size >= t->head[1].size || t->head[0].time <= t->head[1].time)
		return no_evidence(t, "the shorter head was not signed later than the longer one");
	accuse_board(t);
	(void)snprintf(t->verdict->what, sizeof t->verdict->what,
	    "At time %" PRIu64 " (seconds since 1970) it signed that it held %" PRIu64
	    " entries, and later, at %" PRIu64 ", that it held no more than %" PRIu64
	    ". It has gone back to an older state and lost entries. A board that keeps to the "
	    "rules "
	    "signs no shorter history later, whatever its clock does.",
	    t->head[1].time, t->head[1].size, t->head[0].time, t->head[0].size);
	return R_GOOD;
}

/* ---- E4: a receipt ---- */

static enum result
judge_receipt(struct trial *t)
{
	struct receipt receipt;
	struct receipt_expect expect = { .signers = t->signers };
	struct receipt_facts facts;
	struct digest leaf;
	struct entry entry;
	enum result r = receipt_read(&receipt, t->e.receipt, t->why);

	if (r != R_GOOD)
		return r;
	r = entry_read(&entry, slice_of(receipt.entry), t->why);
	if (r == R_GOOD) {
		expect.record = entry.record;
		r = receipt_verify(&receipt, &expect, &facts, t->why);
	}
	if (r != R_GOOD)
		goto out;
	merkle_leaf(&leaf, receipt.entry, strlen(receipt.entry));
	if (facts.seq >= t->head[0].size ||
	    merkle_check_inclusion(&t->head[0].root, t->head[0].size, &t->e.nodes[0], facts.seq,
		t->e.nodes + 1, t->e.node_count - 1) != R_GOOD)
		r = no_evidence(t, "the head does not hold that leaf at the receipt's place");
	else if (digest_equal(&leaf, &t->e.nodes[0]))
		r = no_evidence(t, "the receipt is honoured: its entry is at its place");
	if (r != R_GOOD)
		goto out;
	accuse_board(t);
	(void)snprintf(t->verdict->what, sizeof t->verdict->what,
	    "It has signed a receipt for entry %" PRIu64 ", and a head of %" PRIu64
	    " entries in which something else stands at that place. What was acknowledged was "
	    "taken "
	    "out or exchanged.",
	    facts.seq, t->head[0].size);
out:
	receipt_free(&receipt);
	return r;
}

/* ---- E5: entries ---- */

static enum result
give_entries(void *ctx, uint64_t from, uint64_t to, source_each *each, void *arg)
{
	const struct trial *t = ctx;
	enum result r = R_GOOD;

	for (; r == R_GOOD && from < to; from++)
		r = from < t->e.entry_count ? each(arg, from, slice_of(t->e.entries[from]))
					    : R_MISSING_ENTRY;
	return r;
}

static enum result
give_blob(void *ctx, const struct digest *id, struct blob *out)
{
	struct trial *t = ctx;
	size_t i;

	memset(out, 0, sizeof *out);
	for (i = 0; i < t->e.blob_count; i++)
		if (digest_equal(&t->blob_ids[i], id)) {
			out->bytes = t->e.blobs[i];
			return R_GOOD;
		}
	__atomic_store_n(&t->lacks_blob, 1, __ATOMIC_RELAXED);
	return R_MISSING_BLOB;
}

/* The head is over just these entries, so the board has signed for each of them and no others. */
static enum result
check_entries(struct trial *t)
{
	struct merkle_frontier tree = { .size = 0 };
	struct digest leaf, root;
	size_t i;

	for (i = 0; i < t->e.entry_count; i++) {
		merkle_leaf(&leaf, t->e.entries[i], strlen(t->e.entries[i]));
		merkle_frontier_append(&tree, &leaf);
	}
	merkle_frontier_root(&tree, &root);
	if (t->head[0].size != tree.size || !digest_equal(&t->head[0].root, &root))
		return no_evidence(t, "the head is not that of these entries");
	t->blob_ids = calloc(t->e.blob_count + 1, sizeof *t->blob_ids);
	if (t->blob_ids == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < t->e.blob_count; i++)
		sha256(&t->blob_ids[i], t->e.blobs[i].p, t->e.blobs[i].n);
	return R_GOOD;
}

/* Does the rule book take all the entries? *bad is the first that it refuses. */
static enum result
replay(struct trial *t, struct rules *rules, const struct source *source, size_t *bad,
    struct why *why)
{
	struct slice *lines = calloc(t->e.entry_count, sizeof *lines);
	enum result r;
	size_t i;

	if (lines == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < t->e.entry_count; i++)
		lines[i] = slice_of(t->e.entries[i]);
	r = rules_entries(rules, lines, t->e.entry_count, source, t->effort, bad, why);
	free(lines);
	return r;
}

static void
accuse_trustee(struct trial *t, const struct record *record, const struct why *found)
{
	const struct definition *d = t->signers.definition;
	char key[BASE64URL_LEN(32) + 1] = "";
	const char *name = "";
	size_t i;

	for (i = 0; i < d->trustee_count; i++)
		if (slice_equal(record->by,
			(struct slice){ d->trustees[i].key.b, sizeof d->trustees[i].key.b })) {
			name = d->trustees[i].name;
			(void)base64url_encode(key, d->trustees[i].key.b, 32);
		}
	(void)snprintf(t->verdict->accused, sizeof t->verdict->accused,
	    "the trustee %.300s, or whoever has the key %s", name, key);
	(void)snprintf(t->verdict->what, sizeof t->verdict->what,
	    "It has signed a %s that does not hold (%s): the ballots would have been exchanged or "
	    "opened wrongly. What its program computes is always right.",
	    record_type_name(record->type), result_name(found->reason));
}

/* The record is not on the board: its author is accused. */
static enum result
judge_record(struct trial *t, struct rules *rules, const struct source *source)
{
	struct frozen *frozen = rules_frozen(rules);
	struct record *record = NULL;
	struct check *check = NULL;
	struct why found = { .text = "" };
	struct check *checks[1];
	enum result r = record_parse(&record, NULL, t->e.record, t->why);

	if (r != R_GOOD)
		goto out;
	if (record->type != RECORD_MIX && record->type != RECORD_DECRYPT) {
		r = no_evidence(t, "only a mix or a decryption can convict its author by itself");
		goto out;
	}
	r = rules_prepare(&check, frozen, record, t->why);
	if (r == R_GOOD)
		r = rules_look(rules, check, t->why);
	if (r != R_GOOD) {
		r = result_exit(r) == 1
		    ? no_evidence(t, "the record does not belong at this place of the board")
		    : r;
		goto out;
	}
	checks[0] = check;
	checks_run(checks, 1, source, t->effort);
	r = check_verdict(check, &found);
	if (r == R_GOOD)
		r = no_evidence(t, "the record is in order");
	else if (t->lacks_blob)
		r = no_evidence(t, "a blob is missing in the file");
	else if (rules_is_fault(r)) {
		accuse_trustee(t, check_record(check), &found);
		r = R_GOOD;
	} else if (result_exit(r) == 1)
		r = no_evidence(t, found.text);
out:
	if (check != NULL)
		check_free(check);
	else
		record_free(record);
	frozen_unref(frozen);
	return r;
}

static enum result
judge_entries(struct trial *t)
{
	const struct source source = { t, give_entries, give_blob };
	struct rules *rules = NULL;
	struct why found = { .text = "" };
	size_t bad = 0;
	enum result r = check_entries(t);

	if (r == R_GOOD)
		r = rules_new(&rules, &t->signers.election, RULES_VERIFY);
	if (r != R_GOOD)
		return r;
	r = replay(t, rules, &source, &bad, &found);
	if (t->e.has_record && r == R_GOOD)
		r = judge_record(t, rules, &source);
	else if (r == R_GOOD)
		r = no_evidence(t, "all entries are in order");
	/* What is refused for want of a blob may be refused because of who wrote the file. */
	else if (t->e.has_record || t->lacks_blob)
		r = why_set(t->why, result_exit(r) == 1 ? R_NO_EVIDENCE : r,
		    "entry %zu cannot be judged: %.300s", bad, found.text);
	else if (result_exit(r) == 1) {
		accuse_board(t);
		(void)snprintf(t->verdict->what, sizeof t->verdict->what,
		    "It has signed for entry %zu, which breaks the rules (%s %s: %.300s). A board "
		    "that "
		    "keeps to the rules does not take in such a record.",
		    bad, found.check, result_name(found.reason), found.text);
		r = R_GOOD;
	} else
		*t->why = found;
	rules_free(rules);
	return r;
}

enum result
evidence_judge(struct evidence_verdict *verdict, struct slice bytes, const struct digest *election,
    const struct effort *effort, struct why *why)
{
	static enum result (*const judges[])(struct trial *) = { judge_same_size, judge_nodes,
		judge_times, judge_receipt, judge_entries };
	struct why own = { .text = "" };
	struct trial t = { .effort = effort, .verdict = verdict, .why = why != NULL ? why : &own };
	enum result r;

	memset(verdict, 0, sizeof *verdict);
	r = evidence_read(&t.e, bytes, t.why);
	if (r != R_GOOD)
		return r;
	(void)snprintf(verdict->kind, sizeof verdict->kind, "E%u", (t.e.kind + 1) % 10);
	r = check_shape(&t);
	if (r == R_GOOD)
		r = open_all(&t, election);
	if (r == R_GOOD)
		r = judges[t.e.kind](&t);
	record_free(t.definition);
	free(t.blob_ids);
	arena_free(&t.e.arena);
	return r;
}
