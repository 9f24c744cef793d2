/* test_receipt: receipts and tickets: what they say, and every way to spoil them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/receipt.h"
#include "ballots/ticket.h"
#include "crypto/checkpoint.h"
#include "crypto/merkle.h"
#include "tests/expect.h"
#include "tests/must.h"
#include "tests/suite.h"

/* A board with a head over all its entries. */
struct board {
	struct bottle *b;
	struct merkle_tree *tree;
	struct receipt_expect expect;
	struct buffer note;
};

/* Sign a head of the first `size` entries; root, name and key may be others. */
static void
sign_head(struct board *board, uint64_t size, const struct digest *root, const char *name,
    const struct bottle_role *signer)
{
	struct buffer origin = { 0 };
	struct checkpoint head = { .size = size };
	struct checkpoint_board key;

	head_origin(&origin, name, &board->expect.signers.election);
	head.origin = buffer_slice(&origin);
	if (root != NULL)
		head.root = *root;
	else
		merkle_tree_root(board->tree, &head.root, size);
	ck_assert_int_eq(checkpoint_board_set(&key, name, &signer->public), R_GOOD);
	buffer_clear(&board->note);
	ck_assert_int_eq(checkpoint_sign(&board->note, &head, &key, &signer->key), R_GOOD);
	buffer_add(&board->note, "", 1); /* a C string */
	buffer_free(&origin);
}

static void
board_new(struct board *board)
{
	static const struct bottle_plan plan = { .voters = 2 };
	struct digest leaf;
	size_t i;

	memset(board, 0, sizeof *board);
	board->b = bottle_new(&plan);
	bottle_to_voting(board->b, COUNT_PLURALITY, 2);
	bottle_vote(board->b, 0, 1, "1");
	bottle_vote(board->b, 1, 1, "2");
	ck_assert_int_eq(merkle_tree_new(&board->tree), R_GOOD);
	for (i = 0; i < board->b->line_count; i++) {
		merkle_leaf(&leaf, board->b->lines[i].p, board->b->lines[i].n);
		ck_assert_int_eq(merkle_tree_append(board->tree, &leaf), R_GOOD);
	}
	board->expect.signers = frozen_signers(rules_now(board->b->rules));
	sign_head(board, board->b->line_count, NULL, "board.example/1", &board->b->board);
}

static void
board_free(struct board *board)
{
	merkle_tree_free(board->tree);
	buffer_free(&board->note);
	bottle_free(board->b);
}

/* The receipt of entry `seq` under the board's head of `size`; its path is static. */
static void
receipt_of(struct board *board, struct receipt *r, uint64_t seq, uint64_t size)
{
	static struct digest path[MERKLE_PATH_MAX];
	const struct slice line = board->b->lines[seq];
	char *text = arena_alloc(&board->b->arena, line.n + 1);
	struct entry entry;

	memcpy(text, line.p, line.n);
	*r = (struct receipt){ .checkpoint = (const char *)board->note.p,
		.entry = text,
		.path = path };
	r->path_count = merkle_tree_inclusion(board->tree, path, seq, size);
	ck_assert_int_eq(entry_read(&entry, slice_of(text), NULL), R_GOOD);
	board->expect.record = entry.record;
}

static void
expect_receipt(struct board *board, const struct receipt *r, enum result reason, int line)
{
	struct why why = { .text = "" };
	const enum result have = receipt_verify(r, &board->expect, NULL, &why);

	ck_assert_msg(have == reason, "line %d: %s (%s), not %s", line, result_name(have), why.text,
	    result_name(reason));
}
#define EXPECT_RECEIPT(r, reason) expect_receipt(&board, r, reason, __LINE__)

START_TEST(good_receipts)
{
	struct board board;
	struct receipt r, again;
	struct receipt_facts facts;
	struct buffer bytes = { 0 }, twice = { 0 };
	struct digest hash;
	uint64_t seq, size;

	board_new(&board);
	for (size = 1; size <= board.b->line_count; size += 3) {
		sign_head(&board, size, NULL, "board.example/1", &board.b->board);
		for (seq = 0; seq < size; seq++) {
			receipt_of(&board, &r, seq, size);
			buffer_clear(&bytes);
			must(receipt_write(&bytes, &r) == R_GOOD);
			must(receipt_read(&again, buffer_slice(&bytes), NULL) == R_GOOD);
			buffer_clear(&twice);
			must(receipt_write(&twice, &again) == R_GOOD);
			must(slice_equal(buffer_slice(&bytes), buffer_slice(&twice)));
			must(receipt_verify(&again, &board.expect, &facts, NULL) == R_GOOD);
			entry_hash(&hash, board.b->lines[seq]);
			must(facts.seq == seq && facts.head.size == size);
			must(digest_equal(&facts.hash, &hash));
			receipt_free(&again);
		}
	}
	buffer_free(&bytes);
	buffer_free(&twice);
	board_free(&board);
}
END_TEST

START_TEST(bad_receipts)
{
	struct board board;
	struct receipt r, bad;
	struct digest wrong = { { 1 } };
	struct slice own;
	uint64_t last, i;

	board_new(&board);
	last = board.b->line_count - 1;
	receipt_of(&board, &r, last, last + 1);
	EXPECT_RECEIPT(&r, R_GOOD);
	/* for somebody else's record, and for another one of mine */
	own = board.expect.record;
	receipt_of(&board, &r, last - 1, last + 1);
	board.expect.record = own;
	EXPECT_RECEIPT(&r, R_RECEIPT_NOT_MINE);
	receipt_of(&board, &r, last, last + 1);
	/* the entry is not there: another root, a shorter board, a spoilt path */
	sign_head(&board, last + 1, &wrong, "board.example/1", &board.b->board);
	r.checkpoint = (const char *)board.note.p;
	EXPECT_RECEIPT(&r, R_MISSING_ENTRY);
	sign_head(&board, last, NULL, "board.example/1", &board.b->board);
	r.checkpoint = (const char *)board.note.p;
	EXPECT_RECEIPT(&r, R_MISSING_ENTRY);
	sign_head(&board, last + 1, NULL, "board.example/1", &board.b->board);
	r.checkpoint = (const char *)board.note.p;
	EXPECT_RECEIPT(&r, R_GOOD);
	for (i = 0; i < r.path_count; i++) {
		r.path[i].b[0] ^= 1;
		EXPECT_RECEIPT(&r, R_MISSING_ENTRY);
		r.path[i].b[0] ^= 1;
	}
	bad = r;
	bad.path_count--;
	EXPECT_RECEIPT(&bad, R_MISSING_ENTRY);
	/* a head of somebody else, or of another board or election */
	sign_head(&board, last + 1, NULL, "board.example/1", &board.b->organiser);
	r.checkpoint = (const char *)board.note.p;
	EXPECT_RECEIPT(&r, R_BAD_CHECKPOINT);
	sign_head(&board, last + 1, NULL, "board.example/2", &board.b->board);
	r.checkpoint = (const char *)board.note.p;
	EXPECT_RECEIPT(&r, R_BAD_CHECKPOINT);
	sign_head(&board, last + 1, NULL, "board.example/1", &board.b->board);
	r.checkpoint = (const char *)board.note.p;
	board.expect.signers.election.b[0] ^= 1;
	EXPECT_RECEIPT(&r, R_BAD_CHECKPOINT);
	board.expect.signers.election.b[0] ^= 1;
	r.checkpoint = "";
	EXPECT_RECEIPT(&r, R_BAD_CHECKPOINT);
	/* no entry at all */
	r.entry = "{}";
	EXPECT_RECEIPT(&r, R_BAD_ENCODING);
	board_free(&board);
}
END_TEST

/* An entry that carries another election's id, in a tree of this board. */
START_TEST(foreign_entry)
{
	struct board board;
	struct receipt r;
	struct entry entry;
	struct buffer line = { 0 };
	struct digest leaf, root;

	board_new(&board);
	ck_assert_int_eq(entry_read(&entry, board.b->lines[0], NULL), R_GOOD);
	board.expect.record = entry.record;
	entry.election.b[0] ^= 1;
	ck_assert_int_eq(entry_write(&line, &entry), R_GOOD);
	merkle_leaf(&leaf, line.p, line.n);
	merkle_root(&root, &leaf, 1);
	sign_head(&board, 1, &root, "board.example/1", &board.b->board);
	buffer_add(&line, "", 1);
	r = (struct receipt){ .checkpoint = (const char *)board.note.p,
		.entry = (const char *)line.p };
	EXPECT_RECEIPT(&r, R_WRONG_ELECTION);
	buffer_free(&line);
	board_free(&board);
}
END_TEST

START_TEST(forms_of_receipts)
{
	struct board board;
	struct receipt r, again;
	struct buffer bytes = { 0 };
	size_t i;

	board_new(&board);
	receipt_of(&board, &r, 3, board.b->line_count);
	ck_assert_int_eq(receipt_write(&bytes, &r), R_GOOD);
	for (i = 0; i < bytes.n; i++)
		must(receipt_read(&again, (struct slice){ bytes.p, i }, NULL) == R_BAD_ENCODING);
	buffer_add_string(&bytes, "\n");
	ck_assert_int_eq(receipt_read(&again, buffer_slice(&bytes), NULL), R_BAD_ENCODING);
	ck_assert_int_eq(receipt_read(&again,
			     slice_of("{\"checkpoint\":\"\",\"entry\":\"x\",\"path\":[]}"), NULL),
	    R_BAD_ENCODING);
	ck_assert_int_eq(receipt_read(&again,
			     slice_of("{\"checkpoint\":\"x\",\"entry\":\"x\",\"path\":[]}"), NULL),
	    R_GOOD);
	receipt_free(&again);
	receipt_free(&again);
	buffer_free(&bytes);
	board_free(&board);
}
END_TEST

/* ---- tickets ---- */

START_TEST(tickets)
{
	const struct digest election = { { 1 } }, blob = { { 2 } };
	struct sign_public public;
	struct sign_key key;
	uint8_t seed[SIGN_SEED_BYTES] = { 5 };
	struct buffer bytes = { 0 };
	struct ticket t;
	uint8_t *changed;
	size_t i;
	enum result r;

	sign_key_from_seed(&public, &key, seed);
	ck_assert_int_eq(ticket_make(&bytes, &election, &blob, UINT64_C(1) << 40, &key), R_GOOD);
	ck_assert_int_eq(ticket_read(&t, buffer_slice(&bytes), NULL), R_GOOD);
	ck_assert_mem_eq(t.by.b, public.b, 32);
	ck_assert(digest_equal(&t.blob, &blob) && digest_equal(&t.election, &election));
	ck_assert_uint_eq(t.bytes, UINT64_C(1) << 40);
	/* Every byte matters. */
	changed = malloc(bytes.n + 1);
	ck_assert_ptr_nonnull(changed);
	for (i = 0; i < bytes.n; i++) {
		memcpy(changed, bytes.p, bytes.n);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		r = ticket_read(&t, (struct slice){ changed, bytes.n }, NULL);
		must(r == R_BAD_ENCODING || r == R_BAD_SIGNATURE);
		must(ticket_read(&t, (struct slice){ bytes.p, i }, NULL) == R_BAD_ENCODING);
	}
	memcpy(changed, bytes.p, bytes.n);
	changed[bytes.n] = ' ';
	ck_assert_int_eq(ticket_read(&t, (struct slice){ changed, bytes.n + 1 }, NULL),
	    R_BAD_ENCODING);
	free(changed);
	changed = calloc(1, TICKET_BYTES_MAX + 1);
	ck_assert_ptr_nonnull(changed);
	ck_assert_int_eq(ticket_read(&t, (struct slice){ changed, TICKET_BYTES_MAX + 1 }, NULL),
	    R_TOO_LARGE);
	free(changed);
	buffer_free(&bytes);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("receipt");
	TCase *tc = tcase_create("receipt");

	tcase_add_test(tc, good_receipts);
	tcase_add_test(tc, bad_receipts);
	tcase_add_test(tc, foreign_entry);
	tcase_add_test(tc, forms_of_receipts);
	tcase_add_test(tc, tickets);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
