/*
 * test_cosign: the witness without its HTTP: which heads it co-signs, what it keeps, and that
 * neither a restart nor its clock makes it co-sign two histories.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ballots/head.h"
#include "client/witness.h"
#include "crypto/base64.h"
#include "crypto/mem.h"
#include "crypto/merkle.h"
#include "crypto/note.h"
#include "tests/bottle_archive.h"
#include "tests/must.h"
#include "tests/suite.h"

static struct bottle *b;
static struct frozen *frozen;
static struct merkle_tree *tree;
static struct witness *w;
static struct witness_options options;
static char *folder, *path;
static uint64_t now;
static unsigned accused;

static uint64_t
told(void *ctx)
{
	(void)ctx;
	return now;
}

static void
accuse(void *ctx, struct slice last, struct slice other, const struct digest *nodes, size_t n)
{
	(void)ctx, (void)nodes, (void)n;
	ck_assert_uint_gt(last.n, 0);
	ck_assert_uint_gt(other.n, 0);
	accused++;
}

static enum result
restart(void)
{
	witness_free(w);
	return witness_new(&w, &options, frozen, NULL);
}

static void
set_up(void)
{
	static const struct bottle_plan plan = { .voters = 2, .witnesses = 1, .late_items = 1 };
	struct digest leaf;
	size_t i;

	must(mem_init() == R_GOOD);
	b = bottle_new(&plan);
	bottle_definition(b);
	for (i = 0; i < 9; i++)
		bottle_item(b, COUNT_PLURALITY, 2);
	frozen = rules_frozen(b->rules);
	must(merkle_tree_new(&tree) == R_GOOD);
	for (i = 0; i < b->line_count; i++) {
		merkle_leaf(&leaf, b->lines[i].p, b->lines[i].n);
		must(merkle_tree_append(tree, &leaf) == R_GOOD);
	}
	folder = bottle_folder();
	path = bottle_path(folder, "cosigned");
	options = (struct witness_options){ .name = b->witnesses[0].name,
		.public = b->witnesses[0].public,
		.key = &b->witnesses[0].key,
		.path = path,
		.clock = told,
		.accuse = accuse };
	now = 1000;
	accused = 0;
	w = NULL;
	must(restart() == R_GOOD);
}

static void
tear_down(void)
{
	witness_free(w);
	frozen_unref(frozen);
	merkle_tree_free(tree);
	bottle_free(b);
	bottle_remove(folder);
	free(folder);
	free(path);
}

/* A request of the board: its head of `size` entries, of this or another history. */
static unsigned
add(uint64_t old, uint64_t size, int other, uint64_t time, uint64_t *signed_at)
{
	struct digest root, nodes[MERKLE_PATH_MAX];
	struct checkpoint head = { .size = size, .time = time };
	struct witness_answer answer = { .status = 0 };
	struct buffer request = { 0 }, origin = { 0 }, note = { 0 };
	struct checkpoint_board board;
	struct note_key key;
	struct note parsed;
	char base64[BASE64_LEN(32) + 1];
	size_t n, i;

	merkle_tree_root(tree, &root, size);
	root.b[0] ^= other != 0;
	head.root = root;
	head_origin(&origin, "board.example/1", frozen_election(frozen));
	head.origin = buffer_slice(&origin);
	must(checkpoint_board_set(&board, "board.example/1", &b->board.public) == R_GOOD);
	must(checkpoint_sign(&note, &head, &board, &b->board.key) == R_GOOD);
	n = old <= size ? merkle_tree_consistency(tree, nodes, old, size) : 0;
	buffer_add_string(&request, "old ");
	buffer_add_u64(&request, old);
	buffer_add_string(&request, "\n");
	for (i = 0; i < n; i++) {
		(void)base64_encode(base64, nodes[i].b, 32);
		buffer_add_string(&request, base64);
		buffer_add_string(&request, "\n");
	}
	buffer_add_string(&request, "\n");
	buffer_add(&request, note.p, note.n);
	witness_add(w, &answer, buffer_slice(&request));
	if (answer.status == 200) {
		buffer_add(&note, answer.body.p, answer.body.n);
		must(note_parse(&parsed, buffer_slice(&note)) == R_GOOD);
		must(note_key_set(&key, options.name, NOTE_COSIGNATURE, &options.public) == R_GOOD);
		must(note_check(&parsed, &key, signed_at) == R_GOOD);
	}
	buffer_free(&request);
	buffer_free(&origin);
	buffer_free(&note);
	buffer_free(&answer.body);
	return answer.status;
}

START_TEST(one_history)
{
	uint64_t at = 0;

	ck_assert_uint_eq(add(1, 5, 0, 1, &at), 409); /* it has none yet */
	ck_assert_uint_eq(add(0, 0, 1, 1, &at), 422); /* not the root of nothing */
	ck_assert_uint_eq(add(0, 5, 0, 1, &at), 200);
	ck_assert_uint_eq(at, 1000);
	ck_assert_uint_eq(add(5, 8, 0, 2, &at), 200);
	ck_assert_uint_eq(add(8, 8, 0, 2, &at), 200);
	/* Behind, beside, or above. */
	ck_assert_uint_eq(add(5, 8, 0, 2, &at), 409);
	ck_assert_uint_eq(add(8, 5, 0, 2, &at), 400);
	ck_assert_uint_eq(add(5, 5, 0, 2, &at), 409);
	ck_assert_uint_eq(accused, 0);
	ck_assert_uint_eq(add(8, 8, 1, 2, &at), 409);
	ck_assert_uint_eq(add(8, 10, 1, 2, &at), 422);
	ck_assert_uint_eq(accused, 2);
	/* Shorter, and signed later. */
	ck_assert_uint_eq(add(5, 5, 0, 3, &at), 409);
	ck_assert_uint_eq(accused, 3);
	ck_assert_uint_eq(add(8, 10, 0, 3, &at), 200);
}
END_TEST

START_TEST(restarts_and_clocks)
{
	struct buffer kept = { 0 }, bytes = { 0 };
	uint64_t at = 0;
	size_t i;

	ck_assert_uint_eq(add(0, 5, 0, 1, &at), 200);
	must(restart() == R_GOOD);
	must(witness_last(w, &kept) == R_GOOD);
	ck_assert_uint_gt(kept.n, 0);
	ck_assert_uint_eq(add(0, 5, 1, 1, &at), 409);
	ck_assert_uint_eq(add(5, 5, 1, 1, &at), 409);
	ck_assert_uint_eq(add(5, 6, 1, 1, &at), 422);
	/* The clock goes back: the time of what it signs does not. */
	now = 10;
	ck_assert_uint_eq(add(5, 7, 0, 1, &at), 200);
	ck_assert_uint_eq(at, 1000);
	must(restart() == R_GOOD);
	ck_assert_uint_eq(add(7, 8, 0, 1, &at), 200);
	ck_assert_uint_eq(at, 1000);
	/* What it has kept was changed, is another's, or of another board: it does not go on. */
	bottle_read_file(&bytes, path);
	for (i = 0; i < bytes.n; i += 13) {
		bytes.p[i] ^= 1;
		bottle_write_file(path, buffer_slice(&bytes));
		bytes.p[i] ^= 1;
		/* A changed line of the board alone is for the board to worry about. */
		if (restart() == R_GOOD) {
			ck_assert_uint_eq(add(8, 9, 1, 1, &at), 422);
			ck_assert_uint_eq(add(8, 8, 1, 1, &at), 409);
			witness_free(w);
		}
		w = NULL;
	}
	bottle_write_file(path, slice_of(""));
	must(restart() == R_CONFLICT);
	w = NULL;
	bottle_write_file(path, buffer_slice(&bytes));
	options.public = b->organiser.public;
	must(restart() == R_CONFLICT);
	w = NULL;
	options.public = b->witnesses[0].public;
	must(restart() == R_GOOD);
	buffer_free(&kept);
	buffer_free(&bytes);
}
END_TEST

/* What cannot be kept is not co-signed. */
START_TEST(a_disk_that_does_not_keep)
{
	uint64_t at = 0;

	ck_assert_uint_eq(add(0, 5, 0, 1, &at), 200);
	options.path = "/nonexistent/folder/cosigned";
	must(restart() == R_GOOD);
	ck_assert_uint_eq(add(0, 5, 0, 1, &at), 503);
	options.path = path;
	must(restart() == R_GOOD);
	ck_assert_uint_eq(add(5, 6, 0, 1, &at), 200);
}
END_TEST

START_TEST(a_board_that_cheats)
{
	uint64_t at = 0;

	ck_assert_uint_eq(add(0, 5, 0, 1, &at), 200);
	witness_stop(w);
	ck_assert_uint_eq(add(5, 6, 0, 1, &at), 403);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cosign");
	TCase *tc = tcase_create("cosign");

	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, one_history);
	tcase_add_test(tc, restarts_and_clocks);
	tcase_add_test(tc, a_disk_that_does_not_keep);
	tcase_add_test(tc, a_board_that_cheats);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
