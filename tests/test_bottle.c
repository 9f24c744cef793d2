/*
 * test_bottle: a whole election in memory, from the definition to a verified archive:
 * every type of record and of item, a key generation that fails twice, a trustee at fault.
 *
 * With TABELLA_BOTTLE set to a folder that does not exist, the archive is left there; beside it, in
 * a folder with .heads at the end, signed heads: of the first half, of a longer board, and
 * of another history of the same length.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ballots/outcome.h"
#include "ballots/sheet.h"
#include "crypto/mem.h"
#include "tests/bottle_archive.h"
#include "tests/suite.h"

#define VOTERS 12
#define LAST_ITEM 8

static struct bottle *b;
static char *folder, *archive;
static struct digest audited; /* the tracker of a ballot that was challenged */

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the election ---- */

static void
take(enum record_type type, const union record_body *body, enum role role, unsigned number)
{
	bottle_must(b, bottle_post(b, type, body, role, number), record_type_name(type));
}

/* Debian's rules: the last option is the default, its quorum, a simple majority over it. */
static void
add_debian_item(unsigned options)
{
	union record_body body;
	struct item *item = &body.item;
	size_t i;

	bottle_item_body(b, &body, COUNT_CONDORCET, options);
	item->default_option = options;
	item->quorum_kind = COUNT_QUORUM_SQRT;
	item->quorum = (struct count_ratio){ .num = 3, .den = 2 };
	item->majority_base = COUNT_MAJORITY_DEFAULT;
	item->majority_count = options;
	item->majority = calloc(options, sizeof *item->majority);
	ck_assert_ptr_nonnull(item->majority);
	for (i = 0; i < options; i++)
		item->majority[i] = (struct count_ratio){ .num = 1, .den = 1 };
	take(RECORD_ITEM, &body, ROLE_ORGANISER, 1);
	free(item->majority);
}

static void
set_up(void)
{
	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 3);
	bottle_item(b, COUNT_APPROVAL, 9);
	add_debian_item(4);
	bottle_item(b, COUNT_CONDORCET, 35); /* two ciphertexts a row */
	bottle_item(b, COUNT_PLURALITY, 2);  /* no ballots */
	bottle_item(b, COUNT_PLURALITY, 2);  /* one */
	bottle_item(b, COUNT_APPROVAL, 2);   /* two */
	bottle_roll(b);
	bottle_approve(b);
	bottle_roll(b); /* a new one: approved anew */
	bottle_approve(b);
}

/* Attempt 1: trustee 5 deals trustee 2 a wrong share. Attempt 2: trustee 4 is silent. */
static void
make_key(void)
{
	union record_body body;
	unsigned i;

	for (i = 1; i <= 5; i++) {
		bottle_commit_body(b, &body, i);
		take(RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, i);
	}
	for (i = 1; i <= 5; i++) {
		bottle_deal_body(b, &body, i);
		if (i == 5) {
			size_t one = body.keygen_deal.shares.n / 5;
			uint8_t *shares = arena_alloc(&b->arena, 5 * one);

			ck_assert_ptr_nonnull(shares);
			memcpy(shares, body.keygen_deal.shares.p, 5 * one);
			shares[2 * one - 1] ^= 1;
			body.keygen_deal.shares.p = shares;
		}
		take(RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, i);
	}
	bottle_complain_body(b, &body, 2, 5);
	take(RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 2);
	for (i = 1; i <= 3; i++) {
		bottle_commit_body(b, &body, i);
		take(RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, i);
	}
	bottle_skip_body(b, &body, 4);
	take(RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1);
	bottle_keygen(b);
}

/* The first ballots of a real election (Debian's leader, 2013) go on item 3. */
static void
cast_debian(void)
{
	char *path = bottle_path(getenv("TOP_SRCDIR") == NULL ? "." : getenv("TOP_SRCDIR"),
	    "ballots/examples/leader-2013.txt");
	FILE *in = fopen(path, "r");
	char text[CHOICE_TEXT_BYTES];
	struct sheet *sheet = NULL;
	struct choice choice;
	unsigned i;

	ck_assert_msg(in != NULL, "%s", path);
	bottle_must(b, sheet_read(&sheet, in, &b->why), path);
	ck_assert_uint_eq(sheet->options, 4);
	for (i = 0; i < VOTERS; i++) {
		sheet_choice(&choice, sheet, i);
		choice_print(text, &choice);
		bottle_vote(b, i, 3, text);
	}
	sheet_free(sheet);
	(void)fclose(in);
	free(path);
}

/* An audit: the draft is burnt, the voter says so on the board and votes anew. */
static void
challenge(unsigned voter)
{
	const struct bottle_answer answer = { 1, "3" };
	struct ballot_draft *draft = bottle_draft(b, voter, &answer, 1);
	struct buffer record = { 0 };

	audited = *ballot_draft_tracker(draft);
	ck_assert_uint_gt(ballot_draft_audit(draft).n, 0);
	bottle_challenged(b, &record, voter, &audited);
	bottle_must(b, bottle_append(b, buffer_slice(&record)), "challenged");
	buffer_free(&record);
	ballot_draft_free(draft);
}

static void
cast(unsigned voter, const struct bottle_answer *answers, size_t n)
{
	struct buffer record = { 0 };

	bottle_ballot(b, &record, voter, answers, n);
	bottle_must(b, bottle_append(b, buffer_slice(&record)), "ballot");
	buffer_free(&record);
}

static void
vote(void)
{
	const struct bottle_answer several[] = { { 1, "1" }, { 2, "1,9" }, { 4, "35>1=2" } };
	unsigned i;

	for (i = 1; i <= 7; i++)
		bottle_open_item(b, i);
	bottle_item(b, COUNT_PLURALITY, 2); /* a motion from the floor: item 8 */
	bottle_open_item(b, LAST_ITEM);
	cast(0, several, 3);
	bottle_vote(b, 1, 1, "2");
	bottle_vote(b, 2, 1, "blank");
	bottle_vote(b, 3, 1, "1");
	challenge(4);
	bottle_vote(b, 4, 1, "2");
	bottle_vote(b, 0, 1, "2"); /* again: items 2 and 4 stay */
	bottle_vote(b, 5, 2, "2,9");
	bottle_vote(b, 6, 2, "blank");
	bottle_vote(b, 7, 4, "1>2>35");
	bottle_vote(b, 8, 4, "blank");
	cast_debian();
	bottle_vote(b, 9, 6, "2");
	bottle_vote(b, 9, 7, "1");
	bottle_vote(b, 10, 7, "1,2");
	bottle_vote(b, 11, LAST_ITEM, "1");
}

/* Trustee 1 mixes item 1 with a bad proof; the board says so and others go on. */
static void
fault(void)
{
	struct buffer record = { 0 };
	union record_body body;
	struct bottle_blob *proof;
	uint8_t *bytes;

	bottle_ready(b, 1);
	bottle_mix_body(b, &body, 1, 1);
	proof = bottle_find_blob(b, &body.mix.proof);
	bytes = arena_alloc(&b->arena, proof->bytes.n);
	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, proof->bytes.p, proof->bytes.n);
	memset(bytes + proof->bytes.n - 32, 0, 32); /* the last response */
	body.mix.proof = bottle_blob(b, (struct slice){ bytes, proof->bytes.n });
	bottle_sign(b, &record, RECORD_MIX, &body, ROLE_TRUSTEE, 1);
	ck_assert_uint_eq(bottle_append(b, buffer_slice(&record)), R_BAD_SHUFFLE);
	bottle_fault_body(b, &body, buffer_slice(&record));
	take(RECORD_FAULT, &body, ROLE_BOARD, 1);
	buffer_free(&record);
}

static void
tally(void)
{
	unsigned i;

	bottle_close(b, 1);
	fault();
	bottle_mix(b, 1);
	bottle_decrypt(b, 1);
	bottle_result(b, 1);
	for (i = 2; i <= LAST_ITEM; i++)
		bottle_finish(b, i);
}

static void
write_head(const char *folder, const char *name, const struct slice *lines, size_t n)
{
	char *path = bottle_path(folder, name);
	struct buffer note = { 0 };

	bottle_checkpoint(b, &note, lines, n);
	bottle_write_file(path, buffer_slice(&note));
	buffer_free(&note);
	free(path);
}

/* Leave the archive, and heads, for other programs. */
static void
leave(const char *path)
{
	struct slice *lines = calloc(b->line_count + 1, sizeof *lines);
	char *heads;

	ck_assert(asprintf(&heads, "%s.heads", path) > 0 && lines != NULL);
	bottle_archive(b, path);
	ck_assert_int_eq(mkdir(heads, 0755), 0);
	memcpy(lines, b->lines, b->line_count * sizeof *lines);
	lines[b->line_count] = slice_of("{}");
	write_head(heads, "half", lines, b->line_count / 2);
	write_head(heads, "more", lines, b->line_count + 1);
	lines[b->line_count / 3] = slice_of("{}");
	write_head(heads, "fork", lines, b->line_count);
	free(heads);
	free(lines);
}

static void
make(void)
{
	const struct bottle_plan plan = { .trustees = 5,
		.voters = VOTERS,
		.code_parts = 2,
		.late_items = 1,
		.witnesses = 5 };
	double start = now(), end;

	if (mem_init() != R_GOOD)
		abort();
	b = bottle_new(&plan);
	set_up();
	make_key();
	bottle_open(b);
	bottle_replace_board(b);
	vote();
	tally();
	end = now();
	(void)printf("%zu entries and %zu blobs made and judged in %.2f s\n", b->line_count,
	    b->blob_count, end - start);
	folder = bottle_folder();
	archive = bottle_path(folder, "archive");
	bottle_archive(b, archive);
	if (getenv("TABELLA_BOTTLE") != NULL)
		leave(getenv("TABELLA_BOTTLE"));
	(void)fflush(stdout);
}

static void
unmake(void)
{
	bottle_remove(folder);
	free(archive);
	free(folder);
	bottle_free(b);
}

/* ---- the board ---- */

START_TEST(every_type_of_record_is_there)
{
	unsigned seen[RECORD_TYPES] = { 0 }, type;
	struct record *record;
	struct entry entry;
	size_t i;

	for (i = 0; i < b->line_count; i++) {
		ck_assert_uint_eq(entry_read(&entry, b->lines[i], NULL), R_GOOD);
		ck_assert_uint_eq(record_parse(&record, NULL, entry.record, NULL), R_GOOD);
		seen[record->type]++;
		record_free(record);
	}
	for (type = RECORD_UNKNOWN + 1; type < RECORD_TYPES; type++)
		ck_assert_msg(seen[type] > 0, "%s", record_type_name((enum record_type)type));
	ck_assert_uint_eq(rules_complete(b->rules, NULL), R_GOOD);
}
END_TEST

START_TEST(the_key_came_in_the_third_attempt)
{
	struct keygen_status s;

	ck_assert_uint_eq(frozen_keygen(rules_now(b->rules), &s), R_GOOD);
	ck_assert_uint_eq(s.step, KEYGEN_DONE);
	ck_assert_uint_eq(s.attempt.attempt, 3);
	ck_assert_uint_eq(s.excluded, 1U << 4 | 1U << 3);
	ck_assert_uint_eq(s.attempt.count, 3);
}
END_TEST

START_TEST(the_culprit_is_named)
{
	struct item_status s;

	ck_assert_uint_eq(frozen_item(rules_now(b->rules), 1, &s), R_GOOD);
	ck_assert_uint_eq(s.faults, 1);
	ck_assert_uint_eq(s.mixed, 1U << 1 | 1U << 2);
}
END_TEST

START_TEST(an_audited_ballot_is_dead)
{
	struct last_ballot last;

	ck_assert_uint_eq(rules_last_ballot(b->rules, b->voters[4].line, 1, &last), R_GOOD);
	ck_assert(!digest_equal(&last.tracker, &audited));
}
END_TEST

/* ---- results ---- */

static void
result_of(struct outcome *o, struct arena *arena, uint64_t item)
{
	struct buffer object = { 0 };

	bottle_must(b, frozen_result(rules_now(b->rules), item, &b->source, &object, NULL, &b->why),
	    "result");
	bottle_must(b, outcome_read(o, arena, buffer_slice(&object), &b->why), "result");
	buffer_free(&object);
}

static void
expect_votes(const struct outcome *o, const uint64_t *votes, size_t n)
{
	size_t i;

	ck_assert_uint_eq(o->votes_n, n);
	for (i = 0; i < n; i++)
		ck_assert_uint_eq(o->votes[i], votes[i]);
}

START_TEST(plurality)
{
	struct outcome o = { 0 };
	struct arena arena = { 0 };

	result_of(&o, &arena, 1);
	expect_votes(&o, (const uint64_t[]){ 1, 3, 0 }, 3);
	ck_assert_uint_eq(o.valid, 5);
	ck_assert_uint_eq(o.blank, 1);
	ck_assert_uint_eq(o.invalid, 0);
	ck_assert_uint_eq(o.eligible, VOTERS);
	ck_assert_uint_eq(o.winners_n, 1);
	ck_assert_uint_eq(o.winners[0], 2);
	ck_assert_uint_eq(o.counted_n, 5);
	arena_free(&arena);
}
END_TEST

START_TEST(approval)
{
	struct outcome o = { 0 };
	struct arena arena = { 0 };

	result_of(&o, &arena, 2);
	expect_votes(&o, (const uint64_t[]){ 1, 1, 0, 0, 0, 0, 0, 0, 2 }, 9);
	ck_assert_uint_eq(o.valid, 3);
	ck_assert_uint_eq(o.winners[0], 9);
	arena_free(&arena);
}
END_TEST

/* The same real ballots, counted without any encryption. */
START_TEST(condorcet)
{
	char *path = bottle_path(getenv("TOP_SRCDIR") == NULL ? "." : getenv("TOP_SRCDIR"),
	    "ballots/examples/leader-2013.txt");
	FILE *in = fopen(path, "r");
	uint64_t pairs[4][4] = { { 0 } };
	struct outcome o = { 0 };
	struct arena arena = { 0 };
	struct sheet *sheet;
	unsigned v, i, j;

	ck_assert_ptr_nonnull(in);
	ck_assert_uint_eq(sheet_read(&sheet, in, NULL), R_GOOD);
	for (v = 0; v < VOTERS; v++)
		for (i = 0; i < 4; i++)
			for (j = 0; j < 4; j++) {
				unsigned a = sheet->ranks[v * 4 + i], c = sheet->ranks[v * 4 + j];

				pairs[i][j] += a != 0 && (c == 0 || a < c);
			}
	result_of(&o, &arena, 3);
	ck_assert_uint_eq(o.valid, VOTERS);
	ck_assert_uint_eq(o.pairwise_n, 4);
	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++)
			if (i != j)
				ck_assert_uint_eq(o.pairwise[i].against[j], pairs[i][j]);
	arena_free(&arena);
	sheet_free(sheet);
	(void)fclose(in);
	free(path);
}
END_TEST

START_TEST(two_ciphertexts_a_row)
{
	struct outcome o = { 0 };
	struct item_status s;
	struct arena arena = { 0 };

	ck_assert_uint_eq(frozen_item(rules_now(b->rules), 4, &s), R_GOOD);
	ck_assert_uint_eq(s.width, 2);
	result_of(&o, &arena, 4);
	ck_assert_uint_eq(o.valid, 3);
	ck_assert_uint_eq(o.blank, 1);
	ck_assert_uint_eq(o.tally_n, 3);
	ck_assert_uint_eq(o.pairwise[34].against[0], 1);
	ck_assert_uint_eq(o.pairwise[0].against[1], 1);
	ck_assert_uint_eq(o.pairwise[0].against[2], 2);
	arena_free(&arena);
}
END_TEST

START_TEST(none_one_and_two_ballots)
{
	const uint64_t counted[] = { 0, 1, 2 };
	struct outcome o = { 0 };
	struct arena arena = { 0 };
	struct item_status s;
	unsigned i;

	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(frozen_item(rules_now(b->rules), 5 + i, &s), R_GOOD);
		ck_assert_uint_eq(s.counted, counted[i]);
		ck_assert_uint_eq(s.mixes, counted[i] == 0 ? 0 : 2);
		memset(&o, 0, sizeof o);
		result_of(&o, &arena, 5 + i);
		ck_assert_uint_eq(o.counted_n, counted[i]);
		ck_assert_uint_eq(o.valid, counted[i]);
		ck_assert(o.opened);
	}
	expect_votes(&o, (const uint64_t[]){ 2, 1 }, 2);
	arena_free(&arena);
}
END_TEST

/* ---- the archive ---- */

START_TEST(the_archive_verifies)
{
	const struct archive_expect expect = { .election = frozen_election(rules_now(b->rules)) };
	struct archive_report report;
	double start = now();
	enum result r = archive_verify(&report, archive, &expect, NULL, &b->why);
	uint64_t sum = 0;
	unsigned i;

	bottle_must(b, r, "archive");
	(void)printf("archive of %zu entries verified in %.2f s, %zu checks\n", b->line_count,
	    now() - start, report.checks);
	ck_assert_uint_eq(report.entries, b->line_count);
	ck_assert_uint_eq(archive_report_count(&report, ARCHIVE_FAILED), 0);
	ck_assert_uint_eq(archive_report_count(&report, ARCHIVE_NOT_REACHED), 0);
	ck_assert_uint_eq(archive_report_count(&report, ARCHIVE_NOT_ASKED), 1); /* V914 */
	for (i = 0; i < report.checks; i++)
		if (report.check[i].state == ARCHIVE_GOOD)
			ck_assert_msg(report.check[i].count > 0, "%s", report.check[i].id);
	for (i = 0; i < RECORD_TYPES; i++)
		sum += report.records[i];
	ck_assert_uint_eq(sum, report.entries);
	for (i = 0; i < LAST_ITEM; i++)
		ck_assert_ptr_nonnull(report.outcome[i]);
	ck_assert_uint_eq(report.outcome[0]->option[1].named, 3);
	ck_assert_uint_eq(report.outcome[0]->option[1].winner, 1);
	ck_assert_uint_eq(report.outcome[2]->valid, VOTERS);
	ck_assert_uint_eq(report.promises, ARCHIVE_PROMISES);
	ck_assert_str_eq(report.promise[0].who,
	    "any 2 of the 3 trustees together; or the voter's own device, for that voter");
	archive_report_free(&report);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bottle");
	TCase *t = tcase_create("election");

	tcase_add_unchecked_fixture(t, make, unmake);
	tcase_add_test(t, every_type_of_record_is_there);
	tcase_add_test(t, the_key_came_in_the_third_attempt);
	tcase_add_test(t, the_culprit_is_named);
	tcase_add_test(t, an_audited_ballot_is_dead);
	tcase_add_test(t, plurality);
	tcase_add_test(t, approval);
	tcase_add_test(t, condorcet);
	tcase_add_test(t, two_ciphertexts_a_row);
	tcase_add_test(t, none_one_and_two_ballots);
	tcase_add_test(t, the_archive_verifies);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_main(suite());
}
