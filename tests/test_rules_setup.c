/* test_rules_setup: what is refused before voting: definition, items, roll, opening. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "ballots/walk.h"
#include "crypto/base64.h"
#include "crypto/merkle.h"
#include "tests/expect.h"
#include "tests/suite.h"

/* ---- definition ---- */

START_TEST(definitions)
{
	static const struct bottle_plan plan = { .voters = 1 };
	struct bottle *b = bottle_new(&plan);
	union record_body body;
	struct party *keys[4];
	struct sign_public before;
	size_t i;

	bottle_definition_body(b, &body);
	EXPECT_BODY(b, RECORD_DEFINITION, &body, ROLE_ORGANISER, 1, R_GOOD);
	EXPECT_BODY(b, RECORD_DEFINITION, &body, ROLE_TRUSTEE, 1, R_NOT_ALLOWED);
	/* Keys that no signature could be checked with: not on the curve, of small order. */
	keys[0] = &body.definition.board;
	keys[1] = &body.definition.registrars[1];
	keys[2] = &body.definition.trustees[0];
	keys[3] = &body.definition.trustees[2];
	for (i = 0; i < 4; i++) {
		before = keys[i]->key;
		memset(keys[i]->key.b, 0xff, sizeof keys[i]->key.b);
		EXPECT_BODY(b, RECORD_DEFINITION, &body, ROLE_ORGANISER, 1, R_NON_CANONICAL);
		memset(keys[i]->key.b, 0, sizeof keys[i]->key.b);
		keys[i]->key.b[0] = 1;
		EXPECT_BODY(b, RECORD_DEFINITION, &body, ROLE_ORGANISER, 1, R_NON_CANONICAL);
		keys[i]->key = before;
	}
	bottle_free(b);
}
END_TEST

/* The id is what was announced, or nothing is taken. */
START_TEST(expected_election)
{
	static const struct bottle_plan plan = { .voters = 1 };
	struct bottle *b = bottle_new(&plan);
	struct digest id;
	struct why why;

	bottle_definition(b);
	id = *frozen_election(rules_now(b->rules));
	rules_free(b->rules);
	ck_assert_int_eq(rules_new(&b->rules, &id, RULES_VERIFY), R_GOOD);
	ck_assert_int_eq(rules_entry(b->rules, b->lines[0], &b->source, NULL, &why), R_GOOD);
	rules_free(b->rules);
	id.b[31] ^= 1;
	ck_assert_int_eq(rules_new(&b->rules, &id, RULES_VERIFY), R_GOOD);
	ck_assert_int_eq(rules_entry(b->rules, b->lines[0], &b->source, NULL, &why),
	    R_WRONG_ELECTION);
	ck_assert_str_eq(why.check, "V910");
	ck_assert_uint_eq(rules_size(b->rules), 0);
	/* before anything is said about the record */
	{
		struct buffer line = { 0 };
		struct entry entry;

		ck_assert_int_eq(entry_read(&entry, b->lines[0], NULL), R_GOOD);
		entry.record = slice_of("{}");
		ck_assert_int_eq(entry_write(&line, &entry), R_GOOD);
		ck_assert_int_eq(rules_entry(b->rules, buffer_slice(&line), &b->source, NULL, &why),
		    R_WRONG_ELECTION);
		ck_assert_str_eq(why.check, "V910");
		buffer_free(&line);
	}
	/* also where no entry is read: on the way into a board */
	b->line_count = 0;
	{
		union record_body body;

		bottle_definition_body(b, &body);
		EXPECT_BODY(b, RECORD_DEFINITION, &body, ROLE_ORGANISER, 1, R_WRONG_ELECTION);
		ck_assert_str_eq(b->why.check, "V910");
	}
	bottle_free(b);
}
END_TEST

/* ---- items ---- */

START_TEST(items)
{
	static const struct bottle_plan plan = { .voters = 1 };
	struct bottle *b = bottle_new(&plan);
	union record_body body;
	struct item_status status;
	uint64_t i;

	bottle_definition(b);
	bottle_item_body(b, &body, COUNT_PLURALITY, 2);
	EXPECT_BODY(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1, R_GOOD);
	for (i = 2; i <= ITEM_MAX; i += 99) {
		body.item.id = i;
		EXPECT_BODY(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1, R_STATE);
	}
	bottle_item(b, COUNT_PLURALITY, 2);
	body.item.prev = bottle_prev(b, ROLE_ORGANISER, 1);
	body.item.id = 1;
	EXPECT_BODY(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1, R_STATE);
	body.item.id = 2;
	EXPECT_BODY(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1, R_GOOD);
	body.item.election.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1, R_WRONG_ELECTION);
	body.item.election.b[0] ^= 1;
	body.item.prev.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1, R_BAD_PREV);
	body.item.prev = (struct digest){ { 0 } };
	EXPECT_BODY(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1, R_BAD_PREV);

	ck_assert_uint_eq(frozen_items(rules_now(b->rules)), 1);
	ck_assert_int_eq(frozen_item(rules_now(b->rules), 1, &status), R_GOOD);
	ck_assert_int_eq(status.state, ITEM_NEW);
	ck_assert_uint_eq(status.width, 1);
	ck_assert_int_eq(frozen_item(rules_now(b->rules), 2, &status), R_UNKNOWN_ITEM);
	ck_assert_int_eq(frozen_item(rules_now(b->rules), 0, &status), R_UNKNOWN_ITEM);
	bottle_free(b);
}
END_TEST

/* A record that is well-formed and larger than its limit. Control characters take six bytes. */
START_TEST(large_items)
{
	static const struct bottle_plan plan = { .voters = 1 };
	static char text[20001], option[250][501];
	struct bottle *b = bottle_new(&plan);
	union record_body body;
	size_t i;

	bottle_definition(b);
	bottle_item_body(b, &body, COUNT_PLURALITY, 250);
	memset(text, 1, sizeof text - 1);
	for (i = 0; i < 250; i++) {
		memset(option[i], 1, 500);
		(void)snprintf(option[i] + 494, 7, "%06zu", i);
		body.item.options[i] = option[i];
	}
	body.item.text = text;
	EXPECT_BODY(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1, R_TOO_LARGE);
	ck_assert_str_eq(b->why.check, "V021");
	bottle_free(b);
}
END_TEST

/* ---- roll ---- */

/* A roll of one's own making: the lines of a good one, and what is said when they are others. */
struct roll_kit {
	struct bottle *b;
	union record_body body;
	struct slice line[3]; /* with their ends */
};

static void
kit_start(struct roll_kit *k, const struct bottle_plan *plan)
{
	struct slice blob;
	const uint8_t *end;
	size_t i;

	k->b = bottle_new(plan);
	bottle_definition(k->b);
	bottle_roll_body(k->b, &k->body);
	EXPECT_BODY(k->b, RECORD_ROLL, &k->body, ROLE_ORGANISER, 1, R_GOOD);
	blob = bottle_find_blob(k->b, &k->body.roll.blob)->bytes;
	for (i = 0; i < 3; i++) {
		end = memchr(blob.p, '\n', blob.n);
		ck_assert_ptr_nonnull(end);
		k->line[i] = (struct slice){ blob.p, (size_t)(end - blob.p) + 1 };
		blob.n -= k->line[i].n;
		blob.p = end + 1;
	}
	ck_assert_uint_eq(blob.n, 0);
}

/* The verdict on a roll of these pieces; root, bytes and count are made to fit the blob where the
 * pieces are lines. */
static void
expect_roll(struct roll_kit *k, const struct slice *piece, size_t n, enum result reason, int line)
{
	const struct body_roll before = k->body.roll;
	struct buffer blob = { 0 }, record = { 0 };
	struct merkle_frontier tree = { 0 };
	struct digest leaf;
	size_t i;
	enum result have;

	for (i = 0; i < n; i++) {
		buffer_add(&blob, piece[i].p, piece[i].n);
		merkle_leaf(&leaf, piece[i].p, piece[i].n - 1);
		merkle_frontier_append(&tree, &leaf);
	}
	k->body.roll.blob = bottle_blob(k->b, buffer_slice(&blob));
	k->body.roll.bytes = blob.n;
	k->body.roll.count = n;
	merkle_frontier_root(&tree, &k->body.roll.root);
	bottle_sign(k->b, &record, RECORD_ROLL, &k->body, ROLE_ORGANISER, 1);
	have = bottle_try(k->b, buffer_slice(&record));
	ck_assert_msg(have == reason, "line %d: %s (%s), not %s", line, result_name(have),
	    k->b->why.text, result_name(reason));
	k->body.roll = before;
	buffer_free(&blob);
	buffer_free(&record);
}
#define EXPECT_ROLL(k, piece, n, reason) expect_roll(k, piece, n, reason, __LINE__)

/* Line `i` with `from` replaced by `to`; the caller frees `out`. */
static struct slice
edited(struct buffer *out, struct slice line, const char *from, const char *to)
{
	const uint8_t *at = memmem(line.p, line.n, from, strlen(from));
	const size_t before = at == NULL ? 0 : (size_t)(at - line.p);

	ck_assert_msg(at != NULL, "%s is not in the line", from);
	buffer_clear(out);
	buffer_add(out, line.p, before);
	buffer_add_string(out, to);
	buffer_add(out, at + strlen(from), line.n - before - strlen(from));
	return buffer_slice(out);
}

START_TEST(roll_records)
{
	static const struct bottle_plan plan = { .voters = 3, .classes = 2 };
	static uint64_t three[3];
	struct roll_kit k;
	struct body_roll *r = &k.body.roll;
	struct bottle_blob *blob;

	kit_start(&k, &plan);
	r->root.b[5] ^= 1;
	EXPECT_BODY(k.b, RECORD_ROLL, &k.body, ROLE_ORGANISER, 1, R_BAD_ROLL);
	r->root.b[5] ^= 1;
	r->sums[1]++;
	EXPECT_BODY(k.b, RECORD_ROLL, &k.body, ROLE_ORGANISER, 1, R_BAD_ROLL);
	r->sums[1]--;
	r->sum_count = 1;
	EXPECT_BODY(k.b, RECORD_ROLL, &k.body, ROLE_ORGANISER, 1, R_BAD_ROLL);
	r->sum_count = 3;
	r->sums = three;
	EXPECT_BODY(k.b, RECORD_ROLL, &k.body, ROLE_ORGANISER, 1, R_BAD_ROLL);
	bottle_roll_body(k.b, &k.body);
	r->count = 2;
	EXPECT_BODY(k.b, RECORD_ROLL, &k.body, ROLE_ORGANISER, 1, R_BAD_ROLL);
	r->count = 4;
	EXPECT_BODY(k.b, RECORD_ROLL, &k.body, ROLE_ORGANISER, 1, R_BAD_ROLL);
	r->count = 3;
	r->bytes++;
	EXPECT_BODY(k.b, RECORD_ROLL, &k.body, ROLE_ORGANISER, 1, R_BAD_BLOB);
	r->bytes--;
	blob = bottle_find_blob(k.b, &r->blob);
	blob->bytes.n--;
	EXPECT_BODY(k.b, RECORD_ROLL, &k.body, ROLE_ORGANISER, 1, R_BAD_BLOB);
	blob->bytes.n++;
	blob->hidden = 1;
	EXPECT_BODY(k.b, RECORD_ROLL, &k.body, ROLE_ORGANISER, 1, R_MISSING_BLOB);
	ck_assert_str_eq(k.b->why.check, "V035");
	blob->hidden = 0;
	EXPECT_BODY(k.b, RECORD_ROLL, &k.body, ROLE_ORGANISER, 1, R_GOOD);
	bottle_free(k.b);
}
END_TEST

START_TEST(roll_lines)
{
	static const struct bottle_plan plan = { .voters = 3, .classes = 1 };
	static const struct {
		const char *from, *to;
		enum result reason;
	} cases[] = {
		{ "\"name\":", "\"nome\":", R_BAD_ENCODING },
		{ "{\"holdings\"",
		    "{\"commit\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"holdings\"",
		    R_BAD_ENCODING },
		{ "\"kind\":\"own\"", "\"kind\":\"owner\"", R_BAD_ENCODING },
		{ "\"kind\":\"own\"", "\"kind\":\"own\" ", R_BAD_ENCODING },
		{ "\"parts\":[{", "\"parts\":[],\"q\":[{", R_BAD_ENCODING },
		{ "\"holdings\":[", "\"holdings\":[1,", R_BAD_WEIGHT },
		{ "\"holdings\":[", "\"holdings\":[-", R_BAD_WEIGHT },
		{ "\"holdings\":[", "\"holdings\":[0", R_BAD_WEIGHT },
		{ "\"holdings\":[", "\"holdings\":[18446744073709551616", R_BAD_WEIGHT },
		{ "\"holdings\":[", "\"holdings\":[1759218604450", R_BAD_WEIGHT },
		{ "\"holdings\":[", "\"holdings\":[\"007\",", R_BAD_WEIGHT },
		{ "\n", "", R_BAD_ENCODING },
		{ "}\n", "},\n", R_BAD_ENCODING },
		{ "}\n", "}\r\n", R_BAD_ENCODING },
		{ "}\n", "}\n\n", R_BAD_ROLL },
	};
	struct roll_kit k;
	struct buffer out = { 0 };
	struct slice piece[4];
	size_t i;

	kit_start(&k, &plan);
	memcpy(piece, k.line, sizeof k.line);
	EXPECT_ROLL(&k, piece, 3, R_GOOD);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		piece[2] = edited(&out, k.line[2], cases[i].from, cases[i].to);
		EXPECT_ROLL(&k, piece, 3, cases[i].reason);
	}
	/* nothing held: the digit that stands there, to 0 */
	for (i = 0; i < 3; i++) {
		char from[32];

		(void)snprintf(from, sizeof from, "\"holdings\":[%zu]", i + 1);
		if (memmem(k.line[2].p, k.line[2].n, from, strlen(from)) != NULL)
			piece[2] = edited(&out, k.line[2], from, "\"holdings\":[0]");
	}
	EXPECT_ROLL(&k, piece, 3, R_BAD_WEIGHT);
	/* order, double and missing lines */
	piece[0] = k.line[1];
	piece[1] = k.line[0];
	piece[2] = k.line[2];
	EXPECT_ROLL(&k, piece, 3, R_BAD_ROLL);
	piece[0] = k.line[0];
	EXPECT_ROLL(&k, piece, 3, R_DUPLICATE_KEY);
	piece[1] = k.line[1];
	piece[3] = k.line[2];
	EXPECT_ROLL(&k, piece, 4, R_DUPLICATE_KEY);
	EXPECT_ROLL(&k, piece, 2, R_BAD_ROLL); /* the sums */
	buffer_free(&out);
	bottle_free(k.b);
}
END_TEST

/* Keys, parts and proofs in a roll without classes. */
START_TEST(roll_keys)
{
	struct bottle_plan plan = { .voters = 3 };
	struct roll_kit k, other;
	struct buffer out = { 0 }, twice = { 0 };
	struct roll_line line;
	struct arena arena = { 0 };
	struct slice piece[3];
	char from[128], to[128], part[128], text[64];
	struct why why;

	kit_start(&k, &plan);
	memcpy(piece, k.line, sizeof piece);
	ck_assert_int_eq(roll_line_read(&line, &arena,
			     (struct slice){ k.line[2].p, k.line[2].n - 1 },
			     frozen_definition(rules_now(k.b->rules)), &why),
	    R_GOOD);
	piece[2] = edited(&out, k.line[2], "\"kind\":\"own\"", "\"kind\":\"nominee\"");
	EXPECT_ROLL(&k, piece, 3, R_BAD_ENCODING);
	piece[2] = edited(&out, k.line[2], "\"holdings\":[]", "\"holdings\":[1]");
	EXPECT_ROLL(&k, piece, 3, R_BAD_WEIGHT);
	/* somebody else's proof for one's own key; the own proof for another name */
	piece[2] = edited(&out, k.line[2], "\"name\":\"voter ", "\"name\":\"Voter ");
	EXPECT_ROLL(&k, piece, 3, R_BAD_PROOF);
	ck_assert_str_eq(k.b->why.check, "V036");
	/* a part's key that is not the line's */
	(void)base64url_encode(text, line.key.p, line.key.n);
	(void)snprintf(part, sizeof part, "[{\"key\":\"%s\"", text);
	ck_assert_int_eq(roll_line_read(&line, &arena,
			     (struct slice){ k.line[1].p, k.line[1].n - 1 },
			     frozen_definition(rules_now(k.b->rules)), &why),
	    R_GOOD);
	(void)base64url_encode(text, line.key.p, line.key.n);
	(void)snprintf(to, sizeof to, "[{\"key\":\"%s\"", text);
	piece[2] = edited(&out, k.line[2], part, to);
	EXPECT_ROLL(&k, piece, 3, R_BAD_ROLL);
	/* keys that are none: of another length, not canonical, the identity */
	piece[2] = edited(&out, k.line[2], part, "[{\"key\":\"AAAA\"");
	EXPECT_ROLL(&k, piece, 3, R_NON_CANONICAL);
	piece[2] = edited(&out, k.line[2], part,
	    "[{\"key\":\"_____________________________________________\"");
	EXPECT_ROLL(&k, piece, 3, R_BAD_ENCODING);
	piece[2] = edited(&out, k.line[2], part,
	    "[{\"key\":\"__________________________________________8\"");
	EXPECT_ROLL(&k, piece, 3, R_NON_CANONICAL);
	piece[2] = edited(&out, k.line[2], part,
	    "[{\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"");
	EXPECT_ROLL(&k, piece, 3, R_BAD_ELEMENT);
	/* The identity sorts first; as a whole key it is refused all the same. */
	ck_assert_int_eq(roll_line_read(&line, &arena,
			     (struct slice){ k.line[0].p, k.line[0].n - 1 },
			     frozen_definition(rules_now(k.b->rules)), &why),
	    R_GOOD);
	(void)base64url_encode(text, line.key.p, line.key.n);
	(void)snprintf(from, sizeof from, ",\"key\":\"%s\"", text);
	piece[2] = k.line[2];
	piece[0] = edited(&out, k.line[0], from,
	    ",\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"");
	EXPECT_ROLL(&k, piece, 3, R_BAD_ELEMENT);
	piece[0] = edited(&out, k.line[0], from, ",\"key\":\"AAAA\"");
	EXPECT_ROLL(&k, piece, 3, R_NON_CANONICAL);
	/* The first line at fault is the one that is named, whatever is wrong with later ones. */
	piece[0] = edited(&out, k.line[0], "\"name\":\"voter ", "\"name\":\"Voter ");
	piece[2] = edited(&twice, k.line[2], part,
	    "[{\"key\":\"__________________________________________8\"");
	EXPECT_ROLL(&k, piece, 3, R_BAD_PROOF);
	ck_assert_ptr_nonnull(strstr(k.b->why.text, "line 0 "));
	bottle_free(k.b);

	/* several parts: all of them, in their order, each proved for its number */
	plan.code_parts = 2;
	kit_start(&other, &plan);
	memcpy(piece, other.line, sizeof piece);
	EXPECT_ROLL(&other, piece, 3, R_GOOD);
	ck_assert_int_eq(roll_line_read(&line, &arena,
			     (struct slice){ other.line[1].p, other.line[1].n - 1 },
			     frozen_definition(rules_now(other.b->rules)), &why),
	    R_GOOD);
	ck_assert_uint_eq(line.part_count, 2);
	line.part_count = 1;
	{
		struct walk w;

		buffer_clear(&out);
		walk_write(&w, &out, 65536);
		roll_line_walk(&w, &line);
		ck_assert_int_eq(walk_finish(&w), R_GOOD);
		buffer_add_string(&out, "\n");
		piece[1] = buffer_slice(&out);
		EXPECT_ROLL(&other, piece, 3, R_BAD_ROLL);
		line.part_count = 2;
		struct roll_part first = line.parts[0];

		line.parts[0] = line.parts[1];
		line.parts[1] = first;
		buffer_clear(&out);
		walk_write(&w, &out, 65536);
		roll_line_walk(&w, &line);
		ck_assert_int_eq(walk_finish(&w), R_GOOD);
		buffer_add_string(&out, "\n");
		piece[1] = buffer_slice(&out);
		EXPECT_ROLL(&other, piece, 3, R_BAD_PROOF);
	}
	arena_free(&arena);
	buffer_free(&out);
	buffer_free(&twice);
	bottle_free(other.b);
}
END_TEST

/* More lines than are verified at a time; one bad proof among them is found and named. */
START_TEST(long_roll)
{
	static const struct bottle_plan plan = { .voters = 1100 };
	struct bottle *b = bottle_new(&plan);
	union record_body body;
	struct roll_part *parts;
	uint8_t *proof;
	uint64_t line;
	char text[64];

	bottle_definition(b);
	bottle_roll(b);
	ck_assert_uint_eq(roll_count(frozen_roll(rules_now(b->rules))), 1100);
	for (line = 0; line < 1100; line += 7)
		ck_assert_uint_lt(b->voters[line].line,
		    roll_count(frozen_roll(rules_now(b->rules))));
	parts = b->voters[500].parts;
	proof = arena_alloc(&b->arena, parts[0].proof.n);
	memcpy(proof, parts[0].proof.p, parts[0].proof.n);
	proof[40] ^= 1;
	parts[0].proof.p = proof;
	bottle_roll_body(b, &body);
	EXPECT_BODY(b, RECORD_ROLL, &body, ROLE_ORGANISER, 1, R_BAD_PROOF);
	(void)snprintf(text, sizeof text, "line %llu ", (unsigned long long)b->voters[500].line);
	ck_assert_msg(strstr(b->why.text, text) != NULL, "%s: %s", text, b->why.text);
	bottle_free(b);
}
END_TEST

/* What roll_build itself refuses, and finding lines. */
START_TEST(building)
{
	static const struct bottle_plan plan = { .voters = 2 };
	struct bottle *b = bottle_new(&plan);
	const struct definition *d;
	struct roll_line lines[2] = { { .has_name = true, .name = "a" },
		{ .has_name = true, .name = "b" } };
	struct buffer blob = { 0 };
	struct body_roll body = { 0 };
	struct arena arena = { 0 };
	uint64_t line;
	const struct roll *roll;
	size_t i;

	bottle_definition(b);
	bottle_roll(b);
	d = frozen_definition(rules_now(b->rules));
	roll = frozen_roll(rules_now(b->rules));
	for (i = 0; i < 2; i++) {
		lines[i].key = roll_key(roll, 0);
		lines[i].parts = b->voters[0].parts;
		lines[i].part_count = 1;
	}
	ck_assert_int_eq(roll_build(&blob, &body, &arena, lines, 2, d, NULL), R_DUPLICATE_KEY);
	ck_assert_int_eq(roll_build(&blob, &body, &arena, lines, 0, d, NULL), R_BAD_ROLL);
	lines[1].key = roll_key(roll, 1);
	lines[1].part_count = 0;
	buffer_clear(&blob);
	ck_assert_int_eq(roll_build(&blob, &body, &arena, lines, 2, d, NULL), R_BAD_ROLL);
	lines[1].part_count = 1;
	lines[0].has_commit = true;
	buffer_clear(&blob);
	ck_assert_int_eq(roll_build(&blob, &body, &arena, lines, 2, d, NULL), R_BAD_ENCODING);
	lines[0].has_name = false;
	buffer_clear(&blob);
	ck_assert_int_eq(roll_build(&blob, &body, &arena, lines, 2, d, NULL), R_GOOD);
	ck_assert(roll_blob_line(buffer_slice(&blob), 1).n > 0);
	ck_assert_uint_eq(roll_blob_line(buffer_slice(&blob), 2).n, 0);

	ck_assert_int_eq(roll_find(roll, roll_key(roll, 1), &line), R_GOOD);
	ck_assert_uint_eq(line, 1);
	ck_assert_int_eq(roll_find(roll, (struct slice){ blob.p, 32 }, &line), R_NOT_ON_ROLL);
	/* part of a key is no key */
	ck_assert_int_eq(roll_find(roll, (struct slice){ roll_key(roll, 1).p, 31 }, &line),
	    R_NOT_ON_ROLL);
	ck_assert_int_eq(roll_find(roll, (struct slice){ roll_key(roll, 0).p, 33 }, &line),
	    R_NOT_ON_ROLL);
	buffer_free(&blob);
	arena_free(&arena);
	bottle_free(b);
}
END_TEST

/* Holdings may not add up to 2^44, let alone round to a small sum. */
START_TEST(large_holdings)
{
	static const struct bottle_plan plan = { .voters = 3, .classes = 1 };
	static uint64_t holdings[3] = { 1, (UINT64_C(1) << 44) - 2, 1 };
	struct roll_kit k;
	struct roll_line lines[3] = { { .has_name = true } };
	struct buffer blob = { 0 };
	struct body_roll body = { 0 };
	struct arena arena = { 0 };
	const struct definition *d;
	struct slice piece[3];
	struct why why;
	char name[202];
	size_t i;

	kit_start(&k, &plan);
	d = frozen_definition(rules_now(k.b->rules));
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(roll_line_read(&lines[i], &arena,
				     (struct slice){ k.line[i].p, k.line[i].n - 1 }, d, &why),
		    R_GOOD);
		lines[i].holdings = &holdings[i];
	}
	ck_assert_int_eq(roll_build(&blob, &body, &arena, lines, 3, d, &why), R_BAD_ROLL);
	for (i = 0; i < 3; i++)
		piece[i] = (struct slice){ roll_blob_line(buffer_slice(&blob), i).p,
			roll_blob_line(buffer_slice(&blob), i).n + 1 };
	EXPECT_ROLL(&k, piece, 3, R_BAD_ROLL);
	ck_assert_ptr_nonnull(strstr(k.b->why.text, "2^44"));
	holdings[1]--;
	buffer_clear(&blob);
	ck_assert_int_eq(roll_build(&blob, &body, &arena, lines, 3, d, &why), R_GOOD);
	ck_assert_uint_eq(body.sums[0], (UINT64_C(1) << 44) - 1);
	/* a name that no reader takes */
	memset(name, 'x', 201);
	name[201] = '\0';
	lines[0].name = name;
	buffer_clear(&blob);
	ck_assert_int_eq(roll_build(&blob, &body, &arena, lines, 3, d, &why), R_BAD_ENCODING);
	ck_assert_ptr_nonnull(strstr(why.text, "line 0 "));
	arena_free(&arena);
	buffer_free(&blob);
	bottle_free(k.b);
}
END_TEST

/* ---- approval and opening ---- */

START_TEST(approving_and_opening)
{
	static const struct bottle_plan plan = { .voters = 2,
		.registrars = 3,
		.registrar_quorum = 2 };
	struct bottle *b = bottle_new(&plan);
	union record_body body, open;
	uint8_t key[32];

	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 2);
	bottle_approve_body(b, &body, 1);
	EXPECT_BODY(b, RECORD_APPROVE, &body, ROLE_REGISTRAR, 1, R_STATE);
	bottle_roll(b);
	bottle_approve_body(b, &body, 1);
	body.approve.record.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_APPROVE, &body, ROLE_REGISTRAR, 1, R_STATE);
	bottle_approve(b);
	bottle_approve_body(b, &body, 2);
	EXPECT_BODY(b, RECORD_APPROVE, &body, ROLE_REGISTRAR, 2, R_STATE);
	ck_assert_uint_eq(frozen_approvals(rules_now(b->rules)), 2);

	bottle_open_body(b, &open);
	EXPECT_BODY(b, RECORD_OPEN, &open, ROLE_ORGANISER, 1, R_STATE);
	bottle_keygen(b);
	bottle_open_body(b, &open);
	EXPECT_BODY(b, RECORD_OPEN, &open, ROLE_ORGANISER, 1, R_GOOD);
	open.open.attempt = 2;
	EXPECT_BODY(b, RECORD_OPEN, &open, ROLE_ORGANISER, 1, R_WRONG_KEY);
	open.open.attempt = 1;
	memcpy(key, open.open.key.p, sizeof key);
	key[0] ^= 1;
	open.open.key.p = key;
	EXPECT_BODY(b, RECORD_OPEN, &open, ROLE_ORGANISER, 1, R_WRONG_KEY);
	open.open.key.n = 31;
	EXPECT_BODY(b, RECORD_OPEN, &open, ROLE_ORGANISER, 1, R_WRONG_KEY);
	bottle_open_body(b, &open);
	open.open.roll.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_OPEN, &open, ROLE_ORGANISER, 1, R_BAD_ROLL);

	/* A new roll is approved by nobody yet. */
	bottle_roll(b);
	ck_assert_uint_eq(frozen_approvals(rules_now(b->rules)), 0);
	bottle_open_body(b, &open);
	EXPECT_BODY(b, RECORD_OPEN, &open, ROLE_ORGANISER, 1, R_NOT_APPROVED);
	bottle_approve_body(b, &body, 3);
	ck_assert_int_eq(bottle_post(b, RECORD_APPROVE, &body, ROLE_REGISTRAR, 3), R_GOOD);
	bottle_open_body(b, &open);
	EXPECT_BODY(b, RECORD_OPEN, &open, ROLE_ORGANISER, 1, R_NOT_APPROVED);
	bottle_approve_body(b, &body, 1);
	ck_assert_int_eq(bottle_post(b, RECORD_APPROVE, &body, ROLE_REGISTRAR, 1), R_GOOD);
	ck_assert_ptr_null(frozen_open(rules_now(b->rules)));
	bottle_open(b);
	ck_assert(digest_equal(frozen_open(rules_now(b->rules)), rules_head(b->rules)));
	bottle_open_item_body(b, &body, 1);
	body.open_item.hash.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_OPEN_ITEM, &body, ROLE_ORGANISER, 1, R_INPUT_LIST);
	body.open_item.item = 2;
	EXPECT_BODY(b, RECORD_OPEN_ITEM, &body, ROLE_ORGANISER, 1, R_UNKNOWN_ITEM);
	bottle_free(b);
}
END_TEST

/* No roll at all: no voters, and no opening. */
START_TEST(no_roll)
{
	static const struct bottle_plan plan = { .voters = 2 };
	struct bottle *b = bottle_new(&plan);
	union record_body open;

	bottle_definition(b);
	bottle_keygen(b);
	bottle_open_body(b, &open);
	EXPECT_BODY(b, RECORD_OPEN, &open, ROLE_ORGANISER, 1, R_BAD_ROLL);
	bottle_free(b);
}
END_TEST

/* ---- the board's key ---- */

/* Who signs heads of a size, and what must be refused. */
START_TEST(board_keys)
{
	struct bottle *b = bottle_new(&(struct bottle_plan){ .seed = 9 });
	struct head_signers signers;
	struct bottle_role first;
	union record_body body;
	unsigned i;

	bottle_definition(b);
	first = b->board;
	bottle_board_key_body(b, &body);
	body.board_key.key = b->board.public; /* the one that it has */
	EXPECT_BODY(b, RECORD_BOARD_KEY, &body, ROLE_ORGANISER, 1, R_DUPLICATE_KEY);
	body.board_key.key = b->trustees[1].role.public;
	EXPECT_BODY(b, RECORD_BOARD_KEY, &body, ROLE_ORGANISER, 1, R_DUPLICATE_KEY);
	memset(body.board_key.key.b, 0, sizeof body.board_key.key.b); /* of small order */
	EXPECT_BODY(b, RECORD_BOARD_KEY, &body, ROLE_ORGANISER, 1, R_NON_CANONICAL);
	bottle_board_key_body(b, &body);
	body.board_key.prev.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_BOARD_KEY, &body, ROLE_ORGANISER, 1, R_BAD_PREV);
	bottle_board_key_body(b, &body);
	EXPECT_BODY(b, RECORD_BOARD_KEY, &body, ROLE_BOARD, 1, R_NOT_ALLOWED);
	bottle_replace_board(b); /* entry 1 */
	signers = frozen_signers(rules_now(b->rules));
	for (i = 0; i <= 3; i++)
		ck_assert_mem_eq(head_signer(&signers, i)->b,
		    i < 2 ? first.public.b : b->board.public.b, 32);
	/* Neither the old one nor this one once more. */
	bottle_board_key_body(b, &body);
	EXPECT_BODY(b, RECORD_BOARD_KEY, &body, ROLE_ORGANISER, 1, R_DUPLICATE_KEY);
	body.board_key.key = first.public;
	EXPECT_BODY(b, RECORD_BOARD_KEY, &body, ROLE_ORGANISER, 1, R_DUPLICATE_KEY);
	/* Sixteen times is enough. */
	for (i = 1; i < HEAD_KEYS_MAX; i++) {
		uint8_t seed[SIGN_SEED_BYTES] = { (uint8_t)i };
		struct sign_key key;

		bottle_board_key_body(b, &body);
		sign_key_from_seed(&body.board_key.key, &key, seed);
		EXPECT_BODY(b, RECORD_BOARD_KEY, &body, ROLE_ORGANISER, 1, R_GOOD);
		bottle_must(b, bottle_post(b, RECORD_BOARD_KEY, &body, ROLE_ORGANISER, 1), "key");
	}
	bottle_board_key_body(b, &body);
	EXPECT_BODY(b, RECORD_BOARD_KEY, &body, ROLE_ORGANISER, 1, R_STATE);
	bottle_free(b);
}
END_TEST

/* A replacing key by itself, as those read it who do not judge the whole board. */
START_TEST(board_key_alone)
{
	struct bottle *b = bottle_new(&(struct bottle_plan){ .seed = 9 });
	struct head_signers signers;
	struct buffer record = { 0 };
	union record_body body;
	struct head_key key;
	size_t i;

	bottle_definition(b);
	signers = frozen_signers(rules_now(b->rules));
	bottle_board_key_body(b, &body);
	bottle_sign(b, &record, RECORD_BOARD_KEY, &body, ROLE_ORGANISER, 1);
	ck_assert_int_eq(head_key_read(&key, buffer_slice(&record), &signers, NULL), R_GOOD);
	ck_assert_mem_eq(key.key.b, body.board_key.key.b, sizeof key.key.b);
	signers.election.b[0] ^= 1;
	ck_assert_int_eq(head_key_read(&key, buffer_slice(&record), &signers, NULL),
	    R_WRONG_ELECTION);
	signers.election.b[0] ^= 1;
	for (i = 0; i < record.n; i++) {
		record.p[i] ^= 1;
		ck_assert_int_ne(head_key_read(&key, buffer_slice(&record), &signers, NULL),
		    R_GOOD);
		record.p[i] ^= 1;
	}
	buffer_clear(&record);
	bottle_sign(b, &record, RECORD_BOARD_KEY, &body, ROLE_TRUSTEE, 1);
	ck_assert_int_eq(head_key_read(&key, buffer_slice(&record), &signers, NULL), R_NOT_ALLOWED);
	buffer_clear(&record);
	bottle_item_body(b, &body, COUNT_PLURALITY, 2);
	bottle_sign(b, &record, RECORD_ITEM, &body, ROLE_ORGANISER, 1);
	ck_assert_int_eq(head_key_read(&key, buffer_slice(&record), &signers, NULL),
	    R_BAD_ENCODING);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules_setup");
	TCase *tc = tcase_create("rules_setup");

	tcase_add_test(tc, definitions);
	tcase_add_test(tc, expected_election);
	tcase_add_test(tc, items);
	tcase_add_test(tc, large_items);
	tcase_add_test(tc, roll_records);
	tcase_add_test(tc, roll_lines);
	tcase_add_test(tc, roll_keys);
	tcase_add_test(tc, long_roll);
	tcase_add_test(tc, building);
	tcase_add_test(tc, large_holdings);
	tcase_add_test(tc, approving_and_opening);
	tcase_add_test(tc, no_roll);
	tcase_add_test(tc, board_keys);
	tcase_add_test(tc, board_key_alone);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
