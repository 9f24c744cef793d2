/*
 * test_evidence: files of evidence: each kind convicts whoever has signed what it holds, and
 * nobody once a byte of it is changed; nothing that an honest board signs makes one.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/evidence.h"
#include "ballots/receipt.h"
#include "crypto/mem.h"
#include "tests/bottle_archive.h"
#include "tests/must.h"
#include "tests/suite.h"

#define ITEM 1

static struct bottle *b;
static struct merkle_tree *tree;

static void
set_up(void)
{
	static const struct bottle_plan plan = { .voters = 3, .witnesses = 3, .late_items = 1 };
	struct digest leaf;
	size_t i;

	must(mem_init() == R_GOOD);
	b = bottle_new(&plan);
	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 2);
	bottle_roll(b);
	bottle_approve(b);
	bottle_keygen(b);
	bottle_open(b);
	bottle_open_item(b, ITEM);
	for (i = 0; i < 3; i++)
		bottle_vote(b, (unsigned)i, ITEM, i == 0 ? "1" : "2");
	must(merkle_tree_new(&tree) == R_GOOD);
	for (i = 0; i < b->line_count; i++) {
		merkle_leaf(&leaf, b->lines[i].p, b->lines[i].n);
		must(merkle_tree_append(tree, &leaf) == R_GOOD);
	}
}

static void
tear_down(void)
{
	merkle_tree_free(tree);
	bottle_free(b);
}

/* ---- what the board signs ---- */

/* The head of `size` entries with this root, as the board signs it at that time. */
static struct slice
head_of(uint64_t size, const struct digest *root, uint64_t time)
{
	struct checkpoint head = { .size = size, .root = *root, .time = time };
	struct buffer origin = { 0 }, note = { 0 };
	struct checkpoint_board key;
	uint8_t *copy;

	head_origin(&origin, "board.example/1", frozen_election(rules_now(b->rules)));
	head.origin = buffer_slice(&origin);
	must(checkpoint_board_set(&key, "board.example/1", &b->board.public) == R_GOOD);
	must(checkpoint_sign(&note, &head, &key, &b->board.key) == R_GOOD);
	copy = arena_alloc(&b->arena, note.n + 1);
	memcpy(copy, note.p, note.n);
	copy[note.n] = '\0';
	buffer_free(&origin);
	buffer_free(&note);
	return (struct slice){ copy, strlen((const char *)copy) };
}

static struct slice
honest_head(uint64_t size, uint64_t time)
{
	struct digest root;

	merkle_tree_root(tree, &root, size);
	return head_of(size, &root, time);
}

/* Another history: ours with another entry number `at`. */
static struct merkle_tree *
other_tree(uint64_t at)
{
	struct merkle_tree *t;
	struct digest leaf;
	uint64_t i;

	must(merkle_tree_new(&t) == R_GOOD);
	for (i = 0; i < b->line_count; i++) {
		leaf = *merkle_tree_leaf(tree, i);
		leaf.b[0] ^= i == at;
		must(merkle_tree_append(t, &leaf) == R_GOOD);
	}
	return t;
}

static struct slice
other_head(const struct merkle_tree *t, uint64_t size, uint64_t time)
{
	struct digest root;

	merkle_tree_root(t, &root, size);
	return head_of(size, &root, time);
}

static size_t
nodes_of(struct digest *nodes, const struct merkle_tree *t, uint64_t first, uint64_t size)
{
	size_t n = 0;

	if ((first & (first - 1)) == 0)
		merkle_tree_root(t, &nodes[n++], first);
	return n + merkle_tree_consistency(t, nodes + n, first, size);
}

static struct slice
definition(void)
{
	struct entry entry;

	must(entry_read(&entry, b->lines[0], NULL) == R_GOOD);
	return entry.record;
}

/* ---- judging ---- */

static enum result
judge(const struct buffer *file, struct evidence_verdict *v)
{
	return evidence_judge(v, buffer_slice(file), frozen_election(rules_now(b->rules)), NULL,
	    NULL);
}

/* It convicts the board; no longer with any bit of it changed (of one byte in `step`), or cut short. */
static void
convicts(const struct buffer *file, const char *kind, const char *who, size_t step)
{
	const struct digest none = { { 0 } };
	struct evidence_verdict v;
	struct why why = { .text = "" };
	uint8_t *copy = malloc(file->n);
	enum result r = evidence_judge(&v, buffer_slice(file), frozen_election(rules_now(b->rules)),
	    NULL, &why);
	size_t i;

	ck_assert_msg(r == R_GOOD, "%s: %s %s", kind, result_name(r), why.text);
	ck_assert_str_eq(v.kind, kind);
	ck_assert_msg(strstr(v.accused, who) != NULL, "%s", v.accused);
	ck_assert_uint_gt(strlen(v.what), 40);
	must(evidence_judge(&v, buffer_slice(file), &none, NULL, NULL) == R_WRONG_ELECTION);
	must(evidence_judge(&v, buffer_slice(file), NULL, NULL, NULL) == R_GOOD);
	must(copy != NULL);
	for (i = 0; i < file->n; i += step) {
		memcpy(copy, file->p, file->n);
		copy[i] ^= (uint8_t)(1u << i % 7);
		r = evidence_judge(&v, (struct slice){ copy, file->n },
		    frozen_election(rules_now(b->rules)), NULL, NULL);
		ck_assert_msg(result_exit(r) == 1, "%s: byte %zu changed: %s", kind, i,
		    result_name(r));
	}
	must(evidence_judge(&v, (struct slice){ file->p, file->n - 1 }, NULL, NULL, NULL) ==
	    R_BAD_ENCODING);
	free(copy);
}

static void
no_case(const struct evidence_case *c)
{
	struct buffer file = { 0 };

	must(evidence_of_heads(&file, c, NULL) == R_NO_EVIDENCE);
	ck_assert_uint_eq(file.n, 0);
	buffer_free(&file);
}

/* ---- two heads ---- */

START_TEST(e1_two_histories_of_one_length)
{
	struct merkle_tree *other = other_tree(7);
	const uint64_t n = b->line_count;
	struct evidence_case c = { .definition = definition() };
	struct buffer file = { 0 };

	c.head[0] = honest_head(n, 10);
	c.head[1] = other_head(other, n, 10);
	must(evidence_of_heads(&file, &c, NULL) == R_GOOD);
	convicts(&file, "E1", "board.example/1", 1);
	/* The same head, and one that was signed again later, convict nobody. */
	c.head[1] = c.head[0];
	no_case(&c);
	c.head[1] = honest_head(n, 11);
	no_case(&c);
	/* A head that the board has not signed is no evidence. */
	c.head[1] = honest_head(n, 10);
	((uint8_t *)(uintptr_t)c.head[1].p)[c.head[1].n - 6] ^= 1;
	must(evidence_of_heads(&file, &c, NULL) == R_BAD_CHECKPOINT);
	merkle_tree_free(other);
	buffer_free(&file);
}
END_TEST

START_TEST(e2_a_history_that_was_rewritten)
{
	struct merkle_tree *other = other_tree(2);
	const uint64_t n = b->line_count;
	struct digest nodes[MERKLE_PATH_MAX + 1];
	struct evidence_case c = { .definition = definition(), .nodes = nodes };
	struct buffer file = { 0 };
	uint64_t first;

	for (first = 3; first < n; first++) {
		c.head[0] = honest_head(first, 5);
		c.head[1] = other_head(other, n, 9);
		c.n = nodes_of(nodes, other, first, n);
		buffer_clear(&file);
		must(evidence_of_heads(&file, &c, NULL) == R_GOOD);
		convicts(&file, "E2", "board.example/1", first == 4 || first == 7 ? 1 : 101);
		/* Nor do nodes of our history help. */
		c.n = nodes_of(nodes, tree, first, n);
		no_case(&c);
	}
	/* Before the change both are one. */
	c.head[0] = honest_head(2, 5);
	c.n = nodes_of(nodes, other, 2, n);
	no_case(&c);
	merkle_tree_free(other);
	buffer_free(&file);
}
END_TEST

START_TEST(e3_a_board_that_went_back)
{
	struct evidence_case c = { .definition = definition() };
	struct buffer file = { 0 };

	c.head[0] = honest_head(9, 100);
	c.head[1] = honest_head(8, 101);
	must(evidence_of_heads(&file, &c, NULL) == R_GOOD);
	convicts(&file, "E3", "board.example/1", 1);
	c.head[1] = honest_head(8, 100); /* within one second */
	no_case(&c);
	c.head[1] = honest_head(8, 99);
	no_case(&c);
	buffer_free(&file);
}
END_TEST

/* ---- a receipt ---- */

static void
receipt_for(struct buffer *out, uint64_t seq, uint64_t size)
{
	struct digest path[MERKLE_PATH_MAX];
	struct receipt receipt = { .path = path };
	char *line = arena_alloc(&b->arena, b->lines[seq].n + 1);

	memcpy(line, b->lines[seq].p, b->lines[seq].n);
	line[b->lines[seq].n] = '\0';
	receipt.entry = line;
	receipt.checkpoint = (const char *)honest_head(size, 50).p;
	receipt.path_count = merkle_tree_inclusion(tree, path, seq, size);
	must(receipt_write(out, &receipt) == R_GOOD);
}

START_TEST(e4_a_receipt_that_is_not_honoured)
{
	const uint64_t n = b->line_count, seq = n - 3;
	struct merkle_tree *other = other_tree(seq);
	struct digest nodes[MERKLE_PATH_MAX + 1];
	struct evidence_case c = { .definition = definition(), .nodes = nodes };
	struct buffer receipt = { 0 }, file = { 0 };
	struct evidence_verdict v;

	receipt_for(&receipt, seq, n - 1);
	c.head[0] = other_head(other, n, 60);
	nodes[0] = *merkle_tree_leaf(other, seq);
	c.n = 1 + merkle_tree_inclusion(other, nodes + 1, seq, n);
	must(evidence_of_receipt(&file, &c, buffer_slice(&receipt), NULL) == R_GOOD);
	convicts(&file, "E4", "board.example/1", 1);
	/* A receipt that is honoured; a leaf that is not at that place. */
	c.head[0] = honest_head(n, 60);
	buffer_clear(&file);
	must(evidence_of_receipt(&file, &c, buffer_slice(&receipt), NULL) == R_GOOD);
	must(judge(&file, &v) == R_NO_EVIDENCE);
	nodes[0] = *merkle_tree_leaf(tree, seq);
	c.n = 1 + merkle_tree_inclusion(tree, nodes + 1, seq, n);
	buffer_clear(&file);
	must(evidence_of_receipt(&file, &c, buffer_slice(&receipt), NULL) == R_GOOD);
	must(judge(&file, &v) == R_NO_EVIDENCE);
	nodes[0] = *merkle_tree_leaf(tree, seq + 1);
	c.n = 1 + merkle_tree_inclusion(tree, nodes + 1, seq + 1, n);
	buffer_clear(&file);
	must(evidence_of_receipt(&file, &c, buffer_slice(&receipt), NULL) == R_GOOD);
	must(judge(&file, &v) == R_NO_EVIDENCE);
	merkle_tree_free(other);
	buffer_free(&receipt);
	buffer_free(&file);
}
END_TEST

/* ---- entries ---- */

static void
entries_file(struct buffer *file, const struct slice *lines, size_t n, struct slice record)
{
	const struct evidence_case c = { .definition = definition() };
	struct evidence_case with = c;
	struct buffer head = { 0 };
	struct slice *before = b->lines;
	const size_t count = b->line_count;

	bottle_checkpoint(b, &head, lines, n);
	with.head[0] = buffer_slice(&head);
	b->lines = (struct slice *)(uintptr_t)lines;
	b->line_count = n;
	buffer_clear(file);
	must(evidence_of_entries(file, &with, n, &b->source, record, NULL) == R_GOOD);
	b->lines = before;
	b->line_count = count;
	buffer_free(&head);
}

START_TEST(e5_an_invalid_entry)
{
	const size_t n = b->line_count;
	struct slice *lines = calloc(n + 1, sizeof *lines);
	const struct bottle_answer answer = { ITEM, "1" };
	struct buffer record = { 0 }, line = { 0 }, file = { 0 };
	struct evidence_verdict v;
	const struct slice none = { NULL, 0 };
	size_t i;

	must(lines != NULL);
	memcpy(lines, b->lines, n * sizeof *lines);
	entries_file(&file, lines, n, none);
	must(judge(&file, &v) == R_NO_EVIDENCE);
	/* A ballot whose proof was altered. */
	bottle_ballot(b, &record, 1, &answer, 1);
	for (i = record.n - 4; i > 0 && record.p[i] != '"'; i--)
		;
	record.p[record.n - 20] = record.p[record.n - 20] == 'A' ? 'B' : 'A';
	bottle_line(b, &line, buffer_slice(&record));
	lines[n] = buffer_slice(&line);
	entries_file(&file, lines, n + 1, none);
	convicts(&file, "E5", "board.example/1", 1999);
	/* The same, without a blob: whoever wrote this has left it out. */
	for (i = 0; i < b->blob_count; i++)
		b->blobs[i].hidden = 1;
	entries_file(&file, lines, n + 1, none);
	must(judge(&file, &v) == R_NO_EVIDENCE);
	free(lines);
	buffer_free(&record);
	buffer_free(&line);
	buffer_free(&file);
}
END_TEST

START_TEST(e5_a_trustee)
{
	struct buffer record = { 0 }, file = { 0 };
	struct evidence_verdict v;
	struct bottle_blob *blob;
	union record_body body;
	struct digest id;
	uint8_t *proof;

	bottle_close(b, ITEM);
	bottle_ready(b, ITEM);
	bottle_mix_body(b, &body, 1, ITEM);
	bottle_sign(b, &record, RECORD_MIX, &body, ROLE_TRUSTEE, 1);
	entries_file(&file, b->lines, b->line_count, buffer_slice(&record));
	must(judge(&file, &v) == R_NO_EVIDENCE);
	/* The same with another proof. */
	blob = bottle_find_blob(b, &body.mix.proof);
	proof = arena_alloc(&b->arena, blob->bytes.n);
	memcpy(proof, blob->bytes.p, blob->bytes.n);
	memcpy(proof, proof + 32, 32); /* c_1 is c_2 */
	id = bottle_blob(b, (struct slice){ proof, blob->bytes.n });
	body.mix.proof = id;
	buffer_clear(&record);
	bottle_sign(b, &record, RECORD_MIX, &body, ROLE_TRUSTEE, 1);
	entries_file(&file, b->lines, b->line_count, buffer_slice(&record));
	convicts(&file, "E5", "trustee 1", 2999);
	/* Nobody else's signature makes it theirs. */
	buffer_clear(&record);
	bottle_sign(b, &record, RECORD_MIX, &body, ROLE_ORGANISER, 1);
	entries_file(&file, b->lines, b->line_count, buffer_slice(&record));
	must(judge(&file, &v) == R_NO_EVIDENCE);
	/* Nor does a record at the wrong place. */
	buffer_clear(&record);
	body.mix.ordinal = 2;
	bottle_sign(b, &record, RECORD_MIX, &body, ROLE_TRUSTEE, 1);
	entries_file(&file, b->lines, b->line_count, buffer_slice(&record));
	must(judge(&file, &v) == R_NO_EVIDENCE);
	/* Nor one whose blob is kept back. */
	buffer_clear(&record);
	body.mix.ordinal = 1;
	bottle_sign(b, &record, RECORD_MIX, &body, ROLE_TRUSTEE, 1);
	bottle_find_blob(b, &id)->hidden = 1;
	entries_file(&file, b->lines, b->line_count, buffer_slice(&record));
	must(judge(&file, &v) == R_NO_EVIDENCE);
	buffer_free(&record);
	buffer_free(&file);
}
END_TEST

/* ---- an honest board ---- */

/* Whatever two heads of one history, signed at times that never run back, in whatever order, with
 * whatever true nodes. */
START_TEST(an_honest_board)
{
	struct digest nodes[MERKLE_PATH_MAX + 1];
	struct evidence_case c = { .definition = definition(), .nodes = nodes };
	uint64_t i, k;

	for (i = 1; i <= b->line_count; i++)
		for (k = i; k <= b->line_count; k++) {
			c.head[0] = honest_head(i, i / 3);
			c.head[1] = honest_head(k, k / 3);
			c.n = i < k ? nodes_of(nodes, tree, i, k) : 0;
			no_case(&c);
		}
}
END_TEST

/* Fields that belong to another kind, or are missing. */
START_TEST(shapes)
{
	static const char *const changes[][2] = { { "\"kind\":\"E1\"", "\"kind\":\"E2\"" },
		{ "\"kind\":\"E1\"", "\"kind\":\"E4\"" }, { "\"kind\":\"E1\"", "\"kind\":\"E5\"" },
		{ "\"kind\":\"E1\"", "\"kind\":\"E6\"" }, { "\"blobs\":[]", "\"blobs\":[\"\"]" },
		{ "\"entries\":[]", "\"entries\":[\"x\"]" },
		{ "\"nodes\":[]", "\"nodes\":[\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]" },
		{ "\"nodes\":[]", "\"nodes\":[],\"record\":{}" },
		{ "\"nodes\":[]", "\"nodes\":[],\"receipt\":{}" } };
	struct merkle_tree *other = other_tree(7);
	struct evidence_case c = { .definition = definition() };
	struct buffer file = { 0 }, spoilt = { 0 };
	struct evidence_verdict v;
	const char *at;
	size_t i;

	c.head[0] = honest_head(9, 1);
	c.head[1] = other_head(other, 9, 1);
	must(evidence_of_heads(&file, &c, NULL) == R_GOOD);
	buffer_add(&file, "", 1);
	for (i = 0; i < sizeof changes / sizeof *changes; i++) {
		at = strstr((const char *)file.p, changes[i][0]);
		must(at != NULL);
		buffer_clear(&spoilt);
		buffer_add(&spoilt, file.p, (size_t)(at - (const char *)file.p));
		buffer_add_string(&spoilt, changes[i][1]);
		buffer_add_string(&spoilt, at + strlen(changes[i][0]));
		ck_assert_int_eq(judge(&spoilt, &v), R_BAD_ENCODING);
	}
	merkle_tree_free(other);
	buffer_free(&file);
	buffer_free(&spoilt);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("evidence");
	TCase *tc = tcase_create("evidence");

	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, e1_two_histories_of_one_length);
	tcase_add_test(tc, e2_a_history_that_was_rewritten);
	tcase_add_test(tc, e3_a_board_that_went_back);
	tcase_add_test(tc, e4_a_receipt_that_is_not_honoured);
	tcase_add_test(tc, e5_an_invalid_entry);
	tcase_add_test(tc, e5_a_trustee);
	tcase_add_test(tc, an_honest_board);
	tcase_add_test(tc, shapes);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
