/*
 * test_merkle: published roots, every proof of every tree of up to 130 leaves
 * against the definitions of RFC 6962, and what must be refused of each.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/merkle.h"
#include "tests/must.h"
#include "tests/suite.h"

#define MOST 130

static struct digest leaves[MOST];
static struct digest roots[MOST + 1];
static struct merkle_tree *tree;

static void
set_up(void)
{
	uint32_t i;

	ck_assert_int_eq(merkle_tree_new(&tree), R_GOOD);
	for (i = 0; i < MOST; i++) {
		merkle_leaf(&leaves[i], &i, sizeof i);
		ck_assert_int_eq(merkle_tree_append(tree, &leaves[i]), R_GOOD);
	}
	for (i = 0; i <= MOST; i++)
		merkle_tree_root(tree, &roots[i], i);
}

static void
tear_down(void)
{
	merkle_tree_free(tree);
}

/* The definitions of RFC 6962 section 2.1, word by word. */

static size_t
split_of(size_t n)
{
	size_t k = 1;

	while (2 * k < n)
		k *= 2;
	return k;
}

static void
mth(struct digest *out, const struct digest *d, size_t n)
{
	struct digest left, right;
	size_t k;

	if (n == 0) {
		sha256(out, "", 0);
	} else if (n == 1) {
		*out = d[0];
	} else {
		k = split_of(n);
		mth(&left, d, k);
		mth(&right, d + k, n - k);
		merkle_node(out, &left, &right);
	}
}

static size_t
path_of(struct digest *path, size_t m, const struct digest *d, size_t n)
{
	size_t k = split_of(n), len;

	if (n == 1)
		return 0;
	if (m < k) {
		len = path_of(path, m, d, k);
		mth(&path[len], d + k, n - k);
	} else {
		len = path_of(path, m - k, d + k, n - k);
		mth(&path[len], d, k);
	}
	return len + 1;
}

static size_t
subproof(struct digest *path, size_t m, const struct digest *d, size_t n, int whole)
{
	size_t k, len;

	if (m == n) {
		if (!whole)
			mth(&path[0], d, n);
		return whole ? 0 : 1;
	}
	k = split_of(n);
	if (m <= k) {
		len = subproof(path, m, d, k, whole);
		mth(&path[len], d + k, n - k);
	} else {
		len = subproof(path, m - k, d + k, n - k, 0);
		mth(&path[len], d, k);
	}
	return len + 1;
}

/* The test data of the certificate transparency projects. */
START_TEST(published_roots)
{
	static const char *const inputs[] = { "", "00", "10", "2021", "3031", "40414243",
		"5051525354555657", "606162636465666768696a6b6c6d6e6f" };
	static const char *const expected[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};
	struct digest leaf[8] = { 0 }, root;
	uint8_t input[16];
	char text[65];
	size_t i, n;

	for (n = 0; n <= 8; n++) {
		for (i = 0; i < n; i++) {
			struct slice hex = slice_of(inputs[i]);

			ck_assert_int_eq(hex_decode(input, hex.n / 2, hex), R_GOOD);
			merkle_leaf(&leaf[i], input, hex.n / 2);
		}
		merkle_root(&root, leaf, n);
		hex_encode(text, root.b, 32);
		ck_assert_str_eq(text, expected[n]);
	}
}
END_TEST

START_TEST(roots_agree_with_the_definition)
{
	struct merkle_frontier f = { 0 }, back;
	uint8_t bytes[MERKLE_FRONTIER_MAX], again[MERKLE_FRONTIER_MAX];
	struct digest expected, got;
	size_t n, len;

	for (n = 0; n <= MOST; n++) {
		mth(&expected, leaves, n);
		must(digest_equal(&expected, &roots[n]));
		merkle_root(&got, leaves, n);
		must(digest_equal(&expected, &got));
		merkle_frontier_root(&f, &got);
		must(digest_equal(&expected, &got));

		len = merkle_frontier_encode(bytes, &f);
		must(merkle_frontier_decode(&back, (struct slice){ bytes, len }) == R_GOOD);
		must(back.size == n);
		must(merkle_frontier_encode(again, &back) == len && memcmp(bytes, again, len) == 0);
		must(merkle_frontier_decode(&back, (struct slice){ bytes, len - 1 }) ==
		    R_BAD_ENCODING);
		must(merkle_frontier_decode(&back, (struct slice){ bytes, len + 1 }) ==
		    R_BAD_ENCODING);
		must(merkle_frontier_decode(&back, (struct slice){ bytes, len + 32 }) ==
		    R_BAD_ENCODING);
		if (n < MOST)
			merkle_frontier_append(&f, &leaves[n]);
	}
}
END_TEST

START_TEST(frontiers_of_any_size_in_one_form)
{
	uint8_t bytes[MERKLE_FRONTIER_MAX];
	struct merkle_frontier f, back;
	size_t len;

	memset(&f, 0x5a, sizeof f);
	f.size = UINT64_MAX;
	len = merkle_frontier_encode(bytes, &f);
	ck_assert_uint_eq(len, MERKLE_FRONTIER_MAX);
	ck_assert_int_eq(merkle_frontier_decode(&back, (struct slice){ bytes, len }), R_GOOD);
	ck_assert_uint_eq(back.size, UINT64_MAX);
	ck_assert_int_eq(merkle_frontier_decode(&back, (struct slice){ NULL, 0 }), R_BAD_ENCODING);
	ck_assert_int_eq(merkle_frontier_decode(&back, (struct slice){ bytes, 7 }), R_BAD_ENCODING);
	/* The highest bit first. */
	memset(bytes, 0, 8);
	bytes[7] = 5;
	memset(bytes + 8, 4, 32);
	memset(bytes + 40, 1, 32);
	ck_assert_int_eq(merkle_frontier_decode(&back, (struct slice){ bytes, 72 }), R_GOOD);
	ck_assert(back.node[2].b[0] == 4 && back.node[0].b[31] == 1);
}
END_TEST

/* A proof with one bit flipped in each of its digests, or in all bits of small
 * trees; one digest fewer, more, or two swapped. */
static void
refuse_changed(enum result (*check)(const struct digest *path, size_t n, const size_t at[2]),
    struct digest *path, size_t n, const size_t at[2], size_t step)
{
	struct digest swap;
	size_t bit, i;

	for (bit = n * 7 % step; bit < 256 * n; bit += step) {
		path[bit / 256].b[bit % 256 / 8] ^= (uint8_t)(1 << bit % 8);
		must(check(path, n, at) == R_BAD_PROOF);
		path[bit / 256].b[bit % 256 / 8] ^= (uint8_t)(1 << bit % 8);
	}
	if (n > 0)
		must(check(path, n - 1, at) == R_BAD_PROOF &&
		    check(path + 1, n - 1, at) == R_BAD_PROOF);
	path[n] = leaves[3];
	must(check(path, n + 1, at) == R_BAD_PROOF);
	for (i = 1; i < n; i++) {
		swap = path[i];
		path[i] = path[i - 1];
		path[i - 1] = swap;
		must(check(path, n, at) == R_BAD_PROOF);
		path[i - 1] = path[i];
		path[i] = swap;
	}
}

static enum result
check_inclusion(const struct digest *path, size_t n, const size_t at[2])
{
	return merkle_check_inclusion(&roots[at[1]], at[1], &leaves[at[0]], at[0], path, n);
}

START_TEST(every_inclusion)
{
	struct digest path[MERKLE_PATH_MAX + 1], expected[MERKLE_PATH_MAX];
	size_t i, n, len, other;

	for (n = 1; n <= MOST; n++)
		for (i = 0; i < n; i++) {
			const size_t at[2] = { i, n };

			len = merkle_tree_inclusion(tree, path, i, n);
			must(len == path_of(expected, i, leaves, n));
			must(memcmp(path, expected, len * sizeof *path) == 0);
			must(check_inclusion(path, len, at) == R_GOOD);
			refuse_changed(check_inclusion, path, len, at, n <= 17 ? 1 : 251);
			must(merkle_check_inclusion(&roots[n], n, &leaves[(i + 1) % MOST], i, path,
				 len) == R_BAD_PROOF);
			must(merkle_check_inclusion(&roots[n - 1], n, &leaves[i], i, path, len) ==
			    R_BAD_PROOF);
			for (other = 0; other <= n + 1; other++)
				if (other != i)
					must(merkle_check_inclusion(&roots[n], n, &leaves[i], other,
						 path, len) == R_BAD_PROOF);
		}
	must(merkle_check_inclusion(&roots[0], 0, &leaves[0], 0, NULL, 0) == R_BAD_PROOF);
	must(merkle_check_inclusion(&roots[1], UINT64_MAX, &leaves[0], 0, NULL, 0) == R_BAD_PROOF);
}
END_TEST

static enum result
check_consistency(const struct digest *path, size_t n, const size_t at[2])
{
	return merkle_check_consistency(&roots[at[0]], at[0], &roots[at[1]], at[1], path, n);
}

START_TEST(every_consistency)
{
	struct digest path[MERKLE_PATH_MAX + 1], expected[MERKLE_PATH_MAX];
	size_t m, n, len;

	for (n = 0; n <= MOST; n++)
		for (m = 0; m <= n; m++) {
			const size_t at[2] = { m, n };

			len = merkle_tree_consistency(tree, path, m, n);
			if (m > 0)
				must(len == subproof(expected, m, leaves, n, 1));
			else
				must(len == 0);
			must(memcmp(path, expected, len * sizeof *path) == 0);
			must(check_consistency(path, len, at) == R_GOOD);
			refuse_changed(check_consistency, path, len, at, n <= 17 ? 1 : 251);
			/* Other roots. */
			must(merkle_check_consistency(&roots[(m + 1) % MOST], m, &roots[n], n, path,
				 len) == R_BAD_PROOF);
			if (m > 0)
				must(merkle_check_consistency(&roots[m], m, &roots[(n + 1) % MOST],
					 n, path, len) == R_BAD_PROOF);
			if (m < n)
				must(merkle_check_consistency(&roots[n], n, &roots[m], m, path,
					 len) == R_BAD_PROOF);
		}
}
END_TEST

/* Claims that come out right if a bound is not looked at. */
START_TEST(claims_out_of_bounds)
{
	struct digest node, path[1] = { leaves[0] };
	size_t m, n;

	/* An inner node sold as a tree of one leaf, and what is below it as its leaf. */
	merkle_node(&node, &leaves[0], &leaves[1]);
	ck_assert_int_eq(merkle_check_inclusion(&node, 1, &leaves[1], 0, path, 1), R_BAD_PROOF);
	ck_assert_int_eq(merkle_check_inclusion(&node, 2, &leaves[1], 1, path, 1), R_GOOD);
	/* The first tree larger than the second. */
	ck_assert_int_eq(merkle_check_consistency(&node, 2, &node, 1, NULL, 0), R_BAD_PROOF);
	ck_assert_int_eq(merkle_check_consistency(&node, 3, &node, 2, NULL, 0), R_BAD_PROOF);
	/* No path where there must be one. */
	for (n = 2; n <= 20; n++)
		for (m = 1; m < n; m++)
			ck_assert_int_eq(merkle_check_consistency(&roots[m], m, &roots[n], n, NULL,
					     0),
			    R_BAD_PROOF);
}
END_TEST

/* A tree that begins with a frontier proves what came after it as the whole tree does. */
START_TEST(a_tree_that_begins_later)
{
	struct digest path[MERKLE_PATH_MAX], expected[MERKLE_PATH_MAX], root;
	struct merkle_frontier f = { 0 };
	struct merkle_tree *late;
	size_t from, n, i;

	for (from = 0; from <= MOST; merkle_frontier_append(&f, &leaves[from++])) {
		ck_assert_int_eq(merkle_tree_new_at(&late, &f), R_GOOD);
		for (n = from; n <= MOST; n++) {
			merkle_tree_root(late, &root, n);
			must(digest_equal(&root, &roots[n]));
			for (i = from; i < n; i++)
				must(merkle_tree_inclusion(late, path, i, n) ==
					merkle_tree_inclusion(tree, expected, i, n) &&
				    memcmp(path, expected,
					merkle_tree_inclusion(tree, expected, i, n) *
					    sizeof *path) == 0);
			if (n < MOST)
				must(merkle_tree_append(late, &leaves[n]) == R_GOOD);
		}
		merkle_tree_free(late);
		if (from == MOST)
			break;
	}
}
END_TEST

/* ---- tiles ---- */

#define MANY (3 * 65536 + 2 * 256 + 77)

/* All tiles of a large tree, as an edge gave them off, and its lower nodes. */
static struct {
	struct digest *row[3]; /* nodes of level 0, 8, 16 */
	size_t tiles[3];
	unsigned reads;
	struct merkle_tree *tree;
} large;

static enum result
keep_tile(void *arg, unsigned level, uint64_t number, const struct digest *nodes)
{
	struct digest root;

	(void)arg;
	must(level < 2 && number == large.tiles[level]);
	must(memcmp(nodes, large.row[level] + number * MERKLE_TILE, MERKLE_TILE_BYTES) == 0);
	merkle_tile_node(&root, nodes, 8, 0);
	large.row[level + 1][large.tiles[level]++] = root;
	return R_GOOD;
}

static enum result
read_tile(void *ctx, struct digest *nodes, unsigned level, uint64_t number, unsigned width)
{
	const uint64_t *size = ctx;

	must(level < 3 && width > 0 && width <= MERKLE_TILE);
	must(number * MERKLE_TILE + width <= *size >> 8 * level);
	memcpy(nodes, large.row[level] + number * MERKLE_TILE, width * sizeof *nodes);
	large.reads++;
	return R_GOOD;
}

static void
prove_both(uint64_t first, uint64_t size)
{
	struct digest path[MERKLE_PATH_MAX], expected[MERKLE_PATH_MAX];
	const struct merkle_tiles tiles = { &size, read_tile };
	size_t n;

	large.reads = 0;
	must(merkle_tiles_inclusion(&tiles, path, &n, first, size) == R_GOOD);
	must(n == merkle_tree_inclusion(large.tree, expected, first, size));
	must(memcmp(path, expected, n * sizeof *path) == 0);
	must(large.reads <= 6); /* of each level that of the leaf and the last one */
	must(merkle_tiles_consistency(&tiles, path, &n, first, size) == R_GOOD);
	must(n == merkle_tree_consistency(large.tree, expected, first, size));
	must(memcmp(path, expected, n * sizeof *path) == 0);
}

static enum result
refuse_tile(void *arg, unsigned level, uint64_t number, const struct digest *nodes)
{
	(void)arg;
	(void)level;
	(void)number;
	(void)nodes;
	return R_CANCELLED;
}

static enum result
read_nothing(void *ctx, struct digest *nodes, unsigned level, uint64_t number, unsigned width)
{
	(void)ctx;
	(void)nodes;
	(void)level;
	(void)number;
	(void)width;
	return R_NO_DATABASE;
}

START_TEST(proofs_from_tiles)
{
	static const uint64_t at[] = { 1, 2, 3, 255, 256, 257, 511, 512, 65535, 65536, 65537,
		65536 + 255, 65536 + 256, 131072, 3 * 65536 - 1, 3 * 65536, 3 * 65536 + 511,
		3 * 65536 + 512, MANY };
	struct merkle_edge edge = { 0 }, copy = { 0 };
	const struct merkle_tiles broken = { NULL, read_nothing };
	struct digest path[MERKLE_PATH_MAX];
	uint64_t i, k, size;
	size_t n;

	for (i = 0; i < 3; i++)
		large.row[i] = calloc(((size_t)MANY >> 8 * i) + 1, sizeof *large.row[i]);
	ck_assert_int_eq(merkle_tree_new(&large.tree), R_GOOD);
	for (i = 0; i < MANY; i++) {
		merkle_leaf(&large.row[0][i], &i, sizeof i);
		ck_assert_int_eq(merkle_tree_append(large.tree, &large.row[0][i]), R_GOOD);
		/* Going back to a copy and on again changes nothing. */
		if (i % 4099 == 0) {
			ck_assert_int_eq(merkle_edge_copy(&copy, &edge), R_GOOD);
			for (k = 0; k < 300; k++)
				ck_assert_int_eq(merkle_edge_append(&edge, &large.row[0][0], NULL,
						     NULL),
				    R_GOOD);
			ck_assert_int_eq(merkle_edge_copy(&edge, &copy), R_GOOD);
		}
		ck_assert_int_eq(merkle_edge_append(&edge, &large.row[0][i], keep_tile, NULL),
		    R_GOOD);
	}
	ck_assert_uint_eq(large.tiles[0], MANY >> 8);
	ck_assert_uint_eq(large.tiles[1], MANY >> 16);
	for (i = 0; i < sizeof at / sizeof at[0]; i++)
		for (k = 0; k <= i; k++) {
			prove_both(at[k] - 1, at[i]);
			if (at[k] < at[i])
				prove_both(at[k], at[i]);
		}
	for (i = 0, size = 12345; i < 2000; i++) {
		size = (size * 6364136223846793005 + 1442695040888963407) >> 20;
		prove_both((size >> 20) % (size % MANY + 1), size % MANY + 1);
	}
	ck_assert_int_eq(merkle_tiles_inclusion(&broken, path, &n, 3, 1000), R_NO_DATABASE);
	ck_assert_int_eq(merkle_tiles_consistency(&broken, path, &n, 3, 1000), R_NO_DATABASE);
	for (i = edge.size % 256; i < 255; i++)
		ck_assert_int_eq(merkle_edge_append(&edge, &large.row[0][0], refuse_tile, NULL),
		    R_GOOD);
	ck_assert_int_eq(merkle_edge_append(&edge, &large.row[0][0], refuse_tile, NULL),
	    R_CANCELLED);
	merkle_edge_free(&edge);
	merkle_edge_free(&copy);
	merkle_tree_free(large.tree);
	for (i = 0; i < 3; i++)
		free(large.row[i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("merkle");
	TCase *tc = tcase_create("merkle");

	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, published_roots);
	tcase_add_test(tc, roots_agree_with_the_definition);
	tcase_add_test(tc, frontiers_of_any_size_in_one_form);
	tcase_add_test(tc, every_inclusion);
	tcase_add_test(tc, every_consistency);
	tcase_add_test(tc, claims_out_of_bounds);
	tcase_add_test(tc, a_tree_that_begins_later);
	tcase_add_test(tc, proofs_from_tiles);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
