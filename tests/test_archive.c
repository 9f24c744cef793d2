/*
 * test_archive: an archive on disk: its set of files, its heads, every byte of its files
 * changed, and what is written or not written of it.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "crypto/mem.h"
#include "crypto/note.h"
#include "tests/must.h"
#include "tests/small.h"
#include "tests/suite.h"

static struct small *s;
static struct bottle *b;
static char *folder, *archive;
static struct digest election;
static struct why why;

static void
make(void)
{
	if (mem_init() != R_GOOD)
		abort();
	s = small_new(7);
	b = s->b;
	election = *frozen_election(rules_now(b->rules));
	folder = bottle_folder();
	archive = bottle_path(folder, "archive");
	bottle_archive(b, archive);
}

static void
unmake(void)
{
	bottle_remove(folder);
	free(archive);
	free(folder);
	small_free(s);
}

/* Verify, with the rule book of the honest board to save time unless `fresh`. */
static enum result
verify_as(const struct archive_expect *expect, int fresh)
{
	struct archive_expect e = *expect;
	struct archive_report report;
	enum result r;
	size_t i, failed = 0;

	if (!fresh)
		e.rules = b->rules;
	memset(&why, 0, sizeof why);
	r = archive_verify(&report, archive, &e, NULL, &why);
	for (i = 0; i < report.checks; i++)
		if (report.check[i].state == ARCHIVE_FAILED) {
			ck_assert_str_eq(report.check[i].id, why.check);
			failed++;
		}
	ck_assert_uint_eq(failed, r != R_GOOD);
	if (r != R_GOOD) {
		ck_assert_uint_eq(why.reason, r);
		ck_assert_str_ne(why.check, "");
		ck_assert_ptr_nonnull(strchr(why.text, '\n')); /* what to make of it */
	}
	archive_report_free(&report);
	return r;
}

static enum result
verify(void)
{
	const struct archive_expect expect = { .election = &election };

	return verify_as(&expect, 0);
}

#define EXPECT(result, id) \
	do { \
		ck_assert_str_eq(result_name(verify()), result_name(result)); \
		ck_assert_str_eq(why.check, id); \
	} while (0)

/* Path of a file of the archive; the caller frees it. */
static char *
file(const char *name)
{
	return bottle_path(archive, name);
}

/* The first blob that a record of this type names. */
static char *
blob_of(enum record_type type)
{
	char name[6 + HEX_LEN(32) + 1] = "blobs/";
	struct record *record;
	struct entry entry;
	const struct digest *id = NULL;
	size_t i;

	for (i = 0; i < b->line_count && id == NULL; i++) {
		ck_assert_uint_eq(entry_read(&entry, b->lines[i], NULL), R_GOOD);
		ck_assert_uint_eq(record_parse(&record, NULL, entry.record, NULL), R_GOOD);
		if (record->type == type) {
			id = type == RECORD_ROLL ? &record->of.roll.blob
			    : type == RECORD_MIX ? &record->of.mix.proof
						 : &record->of.decrypt.factors;
			(void)hex_encode(name + 6, id->b, 32);
		}
		record_free(record);
	}
	return file(name);
}

/* ---- what is there ---- */

START_TEST(good)
{
	const struct archive_expect expect = { .election = &election }, none = { .partial = 0 };

	ck_assert_uint_eq(verify_as(&expect, 1), R_GOOD);
	ck_assert_uint_eq(verify_as(&none, 1), R_GOOD);
	ck_assert_uint_eq(verify(), R_GOOD);
}
END_TEST

static const char *const four[] = { "README", "checkpoint", "entries.ndjson", "result.json" };

START_TEST(missing)
{
	char *path = file(four[_i]);

	ck_assert_int_eq(unlink(path), 0);
	EXPECT(R_MISSING_FILE, "V001");
	free(path);
}
END_TEST

START_TEST(nothing)
{
	char *good_archive = archive;

	archive = bottle_path(folder, "nothing");
	EXPECT(R_MISSING_FILE, "V001");
	ck_assert_int_eq(mkdir(archive, 0755), 0);
	EXPECT(R_MISSING_FILE, "V001");
	ck_assert_int_eq(rmdir(archive), 0);
	bottle_write_file(archive, slice_of(""));
	EXPECT(R_MISSING_FILE, "V001");
	free(archive);
	archive = good_archive;
}
END_TEST

START_TEST(empty_files)
{
	const char *const check[] = { "V003", "V008", "V004", "V912" };
	const enum result reason[] = { R_BAD_ENCODING, R_BAD_CHECKPOINT, R_BAD_ENCODING,
		R_RESULT_MISMATCH };
	char *path = file(four[_i]);

	bottle_write_file(path, slice_of(""));
	EXPECT(reason[_i], check[_i]);
	free(path);
}
END_TEST

START_TEST(strangers)
{
	static const char *const names[] = { "LICENSE", ".hidden", "entries.ndjson~", "blobs/note",
		"blobs/00000000000000000000000000000000000000000000000000000000000000AA",
		"blobs/00000000000000000000000000000000000000000000000000000000000000aa0" };
	char *path = file(names[_i]);

	bottle_write_file(path, slice_of("x"));
	EXPECT(R_EXTRA_FILE, "V002");
	free(path);
}
END_TEST

/* A blob that is what its name says, but that nothing names. */
START_TEST(unnamed_blob)
{
	char name[6 + HEX_LEN(32) + 1] = "blobs/", *path;
	struct digest id;

	sha256(&id, "x", 1);
	(void)hex_encode(name + 6, id.b, 32);
	path = file(name);
	bottle_write_file(path, slice_of("x"));
	EXPECT(R_EXTRA_FILE, "V002");
	free(path);
}
END_TEST

START_TEST(links_and_the_like)
{
	char *path = file(four[_i]), *away = bottle_path(folder, "away"), *blob;

	ck_assert_int_eq(rename(path, away), 0);
	ck_assert_int_eq(symlink(away, path), 0);
	EXPECT(R_EXTRA_FILE, "V002");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	EXPECT(R_EXTRA_FILE, "V002");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	EXPECT(R_EXTRA_FILE, "V002");
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(rename(away, path), 0);
	ck_assert_uint_eq(verify(), R_GOOD);

	blob = blob_of(RECORD_MIX);
	ck_assert_int_eq(rename(blob, away), 0);
	ck_assert_int_eq(symlink(away, blob), 0);
	EXPECT(R_EXTRA_FILE, "V002");
	ck_assert_int_eq(unlink(blob), 0);
	ck_assert_int_eq(mkdir(blob, 0755), 0);
	EXPECT(R_EXTRA_FILE, "V002");
	free(blob);
	free(path);
	free(away);
}
END_TEST

START_TEST(blobs_are_a_folder)
{
	char *blobs = file("blobs"), *away = bottle_path(folder, "blobs-away");

	ck_assert_int_eq(rename(blobs, away), 0);
	ck_assert_int_eq(symlink(away, blobs), 0);
	EXPECT(R_EXTRA_FILE, "V002");
	ck_assert_int_eq(unlink(blobs), 0);
	bottle_write_file(blobs, slice_of(""));
	EXPECT(R_EXTRA_FILE, "V002");
	ck_assert_int_eq(unlink(blobs), 0);
	free(blobs);
	free(away);
}
END_TEST

/* The record that names it says what is missing; where it was verified before, V001 does. */
START_TEST(missing_blobs)
{
	static const enum record_type types[] = { RECORD_ROLL, RECORD_MIX, RECORD_DECRYPT };
	static const char *const checks[] = { "V035", "V175", "V185" };
	const struct archive_expect expect = { .election = &election };
	char *path = blob_of(types[_i]);

	ck_assert_int_eq(unlink(path), 0);
	ck_assert_uint_eq(verify_as(&expect, 1), R_MISSING_BLOB);
	/* the proof in the fault is not the one in the mix */
	ck_assert_str_eq(why.check, checks[_i]);
	EXPECT(R_MISSING_FILE, "V001");
	free(path);
}
END_TEST

/* ---- what is expected ---- */

START_TEST(another_election)
{
	struct digest other = election;
	const struct archive_expect expect = { .election = &other };

	other.b[31] ^= 1;
	ck_assert_uint_eq(verify_as(&expect, 1), R_WRONG_ELECTION);
	ck_assert_str_eq(why.check, "V910");
	ck_assert_uint_eq(verify_as(&expect, 0), R_WRONG_ELECTION);
	ck_assert_str_eq(why.check, "V910");
}
END_TEST

static void
verify_head(struct slice head, enum result wanted)
{
	const struct archive_expect expect = { .election = &election, .head = head };

	ck_assert_str_eq(result_name(verify_as(&expect, 0)), result_name(wanted));
	if (wanted != R_GOOD)
		ck_assert_str_eq(why.check, "V914");
	ck_assert_str_eq(result_name(verify_as(&expect, 1)), result_name(wanted));
}

START_TEST(heads_from_outside)
{
	struct slice *lines = calloc(b->line_count + 1, sizeof *lines);
	struct buffer head = { 0 };
	size_t i;

	memcpy(lines, b->lines, b->line_count * sizeof *lines);
	lines[b->line_count] = slice_of("{}");
	for (i = 0; i <= b->line_count; i += i == 0 ? 1 : b->line_count / 3) {
		buffer_clear(&head);
		bottle_checkpoint(b, &head, lines, i);
		verify_head(buffer_slice(&head), R_GOOD);
	}
	buffer_clear(&head);
	bottle_checkpoint(b, &head, lines, b->line_count);
	verify_head(buffer_slice(&head), R_GOOD);
	/* of a longer board */
	buffer_clear(&head);
	bottle_checkpoint(b, &head, lines, b->line_count + 1);
	verify_head(buffer_slice(&head), R_ROLLBACK);
	/* of another history */
	lines[3] = slice_of("{}");
	for (i = 4; i <= b->line_count; i += b->line_count - 4) {
		buffer_clear(&head);
		bottle_checkpoint(b, &head, lines, i);
		verify_head(buffer_slice(&head), R_EQUIVOCATION);
	}
	/* not a head of this board */
	head.p[head.n - 5] ^= 1;
	verify_head(buffer_slice(&head), R_BAD_CHECKPOINT);
	verify_head(slice_of("x"), R_BAD_CHECKPOINT);
	buffer_free(&head);
	free(lines);
}
END_TEST

/* The checkpoint in the archive itself. */
START_TEST(heads_inside)
{
	struct small *other = small_new(8);
	struct buffer head = { 0 };
	char *path = file("checkpoint");

	bottle_checkpoint(b, &head, b->lines, b->line_count - 1);
	bottle_write_file(path, buffer_slice(&head));
	EXPECT(R_BAD_CHECKPOINT, "V009");
	buffer_clear(&head);
	bottle_checkpoint(b, &head, other->b->lines, b->line_count);
	bottle_write_file(path, buffer_slice(&head));
	EXPECT(R_BAD_CHECKPOINT, "V009");
	buffer_clear(&head);
	bottle_checkpoint(other->b, &head, b->lines, b->line_count);
	bottle_write_file(path, buffer_slice(&head));
	EXPECT(R_BAD_CHECKPOINT, "V008");
	/* a second signature line, even a good one of somebody */
	buffer_clear(&head);
	bottle_checkpoint(b, &head, b->lines, b->line_count);
	buffer_add_string(&head, "\xe2\x80\x94 else AAAAAAAA\n");
	bottle_write_file(path, buffer_slice(&head));
	EXPECT(R_BAD_CHECKPOINT, "V008");
	/* extension lines */
	buffer_clear(&head);
	bottle_checkpoint(b, &head, b->lines, b->line_count);
	buffer_add_string(&head, "\n");
	bottle_write_file(path, buffer_slice(&head));
	EXPECT(R_BAD_CHECKPOINT, "V008");
	buffer_free(&head);
	small_free(other);
	free(path);
}
END_TEST

/* Write the lines of a note in another order, numbered from 1; 0 ends. */
static void
reorder(const char *path, const struct note *note, const unsigned *order)
{
	struct buffer out = { 0 };

	note_begin(&out, note->text);
	for (; *order > 0; order++) {
		const struct note_line *line = &note->line[*order - 1];

		buffer_add_string(&out, "\xe2\x80\x94 ");
		buffer_add(&out, line->name.p, line->name.n);
		buffer_add_string(&out, " ");
		buffer_add(&out, line->base64.p, line->base64.n);
		buffer_add_string(&out, "\n");
	}
	bottle_write_file(path, buffer_slice(&out));
	buffer_free(&out);
}

/* The three witnesses, two of whom are a quorum. */
START_TEST(witnesses)
{
	static const struct {
		const char *check;
		unsigned order[8];
		enum result reason;
	} cases[] = { { "", { 1, 2, 3, 4, 5 }, R_GOOD }, { "", { 1, 2, 3, 4 }, R_GOOD },
		{ "", { 1, 2, 3, 5 }, R_GOOD }, { "", { 1, 2, 4, 5 }, R_GOOD },
		{ "V915", { 1, 2, 3 }, R_NO_QUORUM }, { "V915", { 1, 2, 5 }, R_NO_QUORUM },
		{ "V915", { 1, 2 }, R_NO_QUORUM }, { "V008", { 1 }, R_BAD_CHECKPOINT },
		{ "V008", { 1, 3, 4 }, R_BAD_CHECKPOINT },
		{ "V008", { 2, 1, 3, 4 }, R_BAD_CHECKPOINT },
		{ "V008", { 2, 3, 4 }, R_BAD_CHECKPOINT },
		{ "V008", { 1, 2, 4, 3 }, R_BAD_CHECKPOINT },
		{ "V008", { 1, 3, 2, 4 }, R_BAD_CHECKPOINT },
		{ "V008", { 1, 2, 3, 4, 4 }, R_BAD_CHECKPOINT } };
	struct buffer head = { 0 }, later = { 0 };
	char *path = file("checkpoint");
	struct note note, before;
	size_t i;

	bottle_checkpoint(b, &head, b->lines, b->line_count);
	bottle_cosign(b, &head, 3, 1);
	ck_assert_int_eq(note_parse(&note, buffer_slice(&head)), R_GOOD);
	ck_assert_uint_eq(note.lines, 5);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		reorder(path, &note, cases[i].order);
		if (cases[i].reason == R_GOOD)
			ck_assert_int_eq(verify(), R_GOOD);
		else
			EXPECT(cases[i].reason, cases[i].check);
	}
	/* A witness's line over another head. */
	bottle_checkpoint(b, &later, b->lines, b->line_count - 1);
	ck_assert_int_eq(note_parse(&before, buffer_slice(&later)), R_GOOD);
	note.line[3] = before.line[3];
	reorder(path, &note, (const unsigned[]){ 1, 2, 3, 4, 0 });
	EXPECT(R_BAD_CHECKPOINT, "V008");
	buffer_free(&head);
	buffer_free(&later);
	free(path);
}
END_TEST

/* The election still runs: no result yet, one item of two. */
START_TEST(partial)
{
	const struct archive_expect whole = { .election = &election };
	const struct archive_expect running = { .election = &election, .partial = 1 };
	size_t keep[] = { 1, 20, 50, b->line_count - 1 };
	struct buffer note = { 0 };
	struct rules *rules;
	char *good_archive = archive;
	enum result r;
	size_t i;

	for (i = 0; i < sizeof keep / sizeof *keep; i++) {
		archive = bottle_path(folder, "running");
		ck_assert_uint_eq(rules_new(&rules, NULL, RULES_VERIFY), R_GOOD);
		ck_assert_uint_eq(rules_entries(rules, b->lines, keep[i], &b->source, NULL, NULL,
				      NULL),
		    R_GOOD);
		buffer_clear(&note);
		bottle_checkpoint(b, &note, b->lines, keep[i]);
		r = archive_write(archive, rules, &b->source, buffer_slice(&note), NULL, &why);
		ck_assert_msg(r == R_GOOD, "%s", why.text);
		ck_assert_uint_eq(verify_as(&running, 1), R_GOOD);
		ck_assert_uint_eq(verify_as(&whole, 1), R_MISSING_RECORD);
		ck_assert_str_eq(why.check, "V913");
		rules_free(rules);
		bottle_remove(archive);
		free(archive);
	}
	buffer_free(&note);
	archive = good_archive;
}
END_TEST

/* A rule book that knows some of the entries, or others, or too many. */
START_TEST(going_on)
{
	struct archive_expect expect = { .election = &election };
	struct slice *lines = calloc(b->line_count, sizeof *lines);
	struct archive_report report;
	struct small *other;
	enum result r;
	size_t known;

	for (known = 0; known < b->line_count; known += 13) {
		ck_assert_uint_eq(rules_new(&expect.rules, &election, RULES_VERIFY), R_GOOD);
		ck_assert_uint_eq(rules_entries(expect.rules, b->lines, known, &b->source, NULL,
				      NULL, NULL),
		    R_GOOD);
		r = archive_verify(&report, archive, &expect, NULL, &why);
		ck_assert_msg(r == R_GOOD, "%s", why.text);
		ck_assert_uint_eq(report.entries, b->line_count);
		ck_assert_uint_eq(rules_size(expect.rules), b->line_count);
		archive_report_free(&report);
		rules_free(expect.rules);
	}
	other = small_new(9);
	expect.rules = other->b->rules;
	ck_assert_uint_eq(archive_verify(&report, archive, &expect, NULL, &why), R_CHAIN_BROKEN);
	archive_report_free(&report);
	small_free(other);
	free(lines);
}
END_TEST

START_TEST(shorter_than_known)
{
	const struct archive_expect running = { .election = &election, .partial = 1 };
	struct bottle_files files = { .lines = b->lines, .line_count = b->line_count - 2 };
	struct buffer note = { 0 };

	free(archive);
	archive = bottle_path(folder, "short");
	bottle_checkpoint(b, &note, b->lines, files.line_count);
	files.checkpoint = buffer_slice(&note);
	files.result = slice_of("{}");
	bottle_write(b, archive, &files, 0);
	ck_assert_uint_eq(verify_as(&running, 1), R_GOOD);
	ck_assert_uint_eq(verify_as(&running, 0), R_ROLLBACK);
	buffer_free(&note);
}
END_TEST

/* ---- result.json ---- */

START_TEST(other_results)
{
	static const char *const from[] = { "\"items\":[{", "\"version\":1", ",\"version\":1}",
		"\"opened\":1", "\"version\":1}" };
	static const char *const to[] = { "\"items\":[ {", "\"version\":2", "}", "\"opened\":0",
		"\"version\":1}\n" };
	char *path = file("result.json"), *at;
	struct buffer json = { 0 }, other = { 0 };

	bottle_read_file(&json, path);
	at = memmem(json.p, json.n, from[_i], strlen(from[_i]));
	ck_assert_ptr_nonnull(at);
	buffer_add(&other, json.p, (size_t)((uint8_t *)at - json.p));
	buffer_add_string(&other, to[_i]);
	buffer_add(&other, at + strlen(from[_i]),
	    json.n - strlen(from[_i]) - (size_t)((uint8_t *)at - json.p));
	bottle_write_file(path, buffer_slice(&other));
	EXPECT(R_RESULT_MISMATCH, "V912");
	buffer_free(&json);
	buffer_free(&other);
	free(path);
}
END_TEST

START_TEST(items_of_the_result)
{
	struct buffer json = { 0 }, first = { 0 }, second = { 0 };
	static const char *const shapes[] = { "", "1", "2", "2,1", "1,1,2", "1,2,2" };
	char id[BASE64URL_LEN(32) + 1], *path = file("result.json");
	const char *c;
	size_t i;

	(void)base64url_encode(id, election.b, 32);
	bottle_must(b, frozen_result(rules_now(b->rules), 1, &b->source, &first, NULL, NULL), "1");
	bottle_must(b, frozen_result(rules_now(b->rules), 2, &b->source, &second, NULL, NULL), "2");
	for (i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		buffer_clear(&json);
		buffer_add_string(&json, "{\"election\":\"");
		buffer_add_string(&json, id);
		buffer_add_string(&json, "\",\"items\":[");
		for (c = shapes[i]; *c != '\0'; c++) {
			const struct buffer *object = *c == '1' ? &first : &second;

			if (*c == ',')
				buffer_add_string(&json, ",");
			else
				buffer_add(&json, object->p, object->n);
		}
		buffer_add_string(&json, "],\"version\":1}");
		bottle_write_file(path, buffer_slice(&json));
		EXPECT(R_RESULT_MISMATCH, "V912");
	}
	buffer_free(&json);
	buffer_free(&first);
	buffer_free(&second);
	free(path);
}
END_TEST

/* ---- every byte ---- */

/* Change one byte of a file, verify, change it back. */
static enum result
change(const char *path, struct buffer *bytes, size_t at, uint8_t bits, struct rules **rules,
    size_t *taken)
{
	const struct archive_expect expect = { .election = &election, .rules = *rules };
	struct archive_report report;
	FILE *f = fopen(path, "r+");
	enum result r;

	must(f != NULL && fseek(f, (long)at, SEEK_SET) == 0 && putc(bytes->p[at] ^ bits, f) != EOF);
	must(fflush(f) == 0);
	memset(&why, 0, sizeof why);
	r = archive_verify(&report, archive, &expect, NULL, &why);
	must(archive_report_count(&report, ARCHIVE_FAILED) == (r != R_GOOD));
	archive_report_free(&report);
	must(fseek(f, (long)at, SEEK_SET) == 0 && putc(bytes->p[at], f) != EOF && fclose(f) == 0);
	*taken = rules_size(*rules);
	return r;
}

static size_t changed;

/* Change every `step`-th byte of a file: each time the check `id` must fail. */
static void
change_all(const char *path, size_t step, const char *id)
{
	struct buffer bytes = { 0 };
	size_t i, taken;
	enum result r;

	bottle_read_file(&bytes, path);
	for (i = 0; i < bytes.n; i += step) {
		r = change(path, &bytes, i, (uint8_t)(1U << i % 8), &b->rules, &taken);
		if (r == R_GOOD || strcmp(why.check, id) != 0)
			ck_abort_msg("%s byte %zu: %s %s", path, i, result_name(r), why.check);
		changed++;
	}
	buffer_free(&bytes);
}

START_TEST(bytes_of_small_files)
{
	static const char *const checks[] = { "V003", "V008", "", "V912" };
	char *path = file(four[_i]);

	change_all(path, 1, checks[_i]);
	(void)printf("%s: %zu bytes changed\n", four[_i], changed);
	(void)fflush(stdout);
	free(path);
}
END_TEST

START_TEST(bytes_of_blobs)
{
	char *blobs = file("blobs"), *path;
	DIR *dir = opendir(blobs);
	struct dirent *e;

	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		path = bottle_path(blobs, e->d_name);
		change_all(path, 37, "V911");
		free(path);
	}
	(void)closedir(dir);
	(void)printf("blobs: %zu bytes changed\n", changed);
	(void)fflush(stdout);
	free(blobs);
}
END_TEST

/* Bytes of the entries: those before are known to the rule book, so that only the changed line
 * and what follows is judged. */
START_TEST(bytes_of_entries)
{
	char *path = file("entries.ndjson");
	struct buffer bytes = { 0 };
	struct rules *rules = NULL;
	size_t line, i, start = 0, n, taken = 0;
	enum result r;

	bottle_read_file(&bytes, path);
	for (line = 0; line < b->line_count; line++) {
		n = b->lines[line].n + 1;
		for (i = line % 29; i < n; i = i < n - 1 && i + 29 >= n ? n - 1 : i + 29) {
			if (rules == NULL || taken != line) {
				rules_free(rules);
				must(rules_new(&rules, &election, RULES_VERIFY) == R_GOOD);
				must(rules_entries(rules, b->lines, line, &b->source, NULL, NULL,
					 NULL) == R_GOOD);
			}
			r = change(path, &bytes, start + i, (uint8_t)(1U << (i + line) % 7), &rules,
			    &taken);
			if (r == R_GOOD || why.check[0] != 'V')
				ck_abort_msg("entry %zu byte %zu: %s %s", line, i, result_name(r),
				    why.check);
			changed++;
		}
		start += n;
	}
	(void)printf("entries: %zu bytes changed\n", changed);
	(void)fflush(stdout);
	rules_free(rules);
	buffer_free(&bytes);
	free(path);
}
END_TEST

/* Files cut short or longer. */
START_TEST(lengths)
{
	static const char *const checks[] = { "V003", "V008", "V004", "V912" };
	char *path = file(four[_i]);
	struct buffer bytes = { 0 };

	bottle_read_file(&bytes, path);
	bottle_write_file(path, (struct slice){ bytes.p, bytes.n - 1 });
	ck_assert_uint_ne(verify(), R_GOOD);
	ck_assert_str_eq(why.check, checks[_i]);
	buffer_add_string(&bytes, "\n");
	bottle_write_file(path, buffer_slice(&bytes));
	{
		const struct archive_expect expect = { .election = &election };

		ck_assert_uint_ne(verify_as(&expect, 1), R_GOOD);
	}
	ck_assert_str_eq(why.check, checks[_i]);
	buffer_free(&bytes);
	free(path);
}
END_TEST

/* ---- writing ---- */

static size_t
files_in(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n - 2;
}

START_TEST(whole_or_not_at_all)
{
	struct buffer note = { 0 };
	struct rules *empty;
	struct digest id;
	char *path = bottle_path(folder, "new"), *slash = bottle_path(folder, "new/");
	size_t before = files_in(folder);

	bottle_checkpoint(b, &note, b->lines, b->line_count);
	/* what is there stays */
	ck_assert_uint_eq(archive_write(archive, b->rules, &b->source, buffer_slice(&note), NULL,
			      &why),
	    R_CONFLICT);
	ck_assert_uint_eq(archive_write(folder, b->rules, &b->source, buffer_slice(&note), NULL,
			      &why),
	    R_CONFLICT);
	/* where nothing can be written */
	ck_assert_uint_eq(archive_write("/proc/archive", b->rules, &b->source, buffer_slice(&note),
			      NULL, &why),
	    R_NO_DISK);
	/* another head */
	ck_assert_uint_eq(archive_write(path, b->rules, &b->source, slice_of("x"), NULL, &why),
	    R_BAD_CHECKPOINT);
	buffer_clear(&note);
	bottle_checkpoint(b, &note, b->lines, b->line_count - 1);
	ck_assert_uint_eq(archive_write(path, b->rules, &b->source, buffer_slice(&note), NULL,
			      &why),
	    R_BAD_CHECKPOINT);
	buffer_clear(&note);
	bottle_checkpoint(b, &note, b->lines, b->line_count);
	/* a source that does not give what was judged */
	b->blobs[0].hidden = 1;
	ck_assert_uint_eq(archive_write(path, b->rules, &b->source, buffer_slice(&note), NULL,
			      &why),
	    R_MISSING_BLOB);
	b->blobs[0].hidden = 0;
	id = b->blobs[0].id;
	b->blobs[0].bytes.n--;
	ck_assert_uint_eq(archive_write(path, b->rules, &b->source, buffer_slice(&note), NULL,
			      &why),
	    R_BAD_BLOB);
	b->blobs[0].bytes.n++;
	ck_assert(digest_equal(&id, &b->blobs[0].id));
	b->lines[9].n--;
	ck_assert_uint_eq(archive_write(path, b->rules, &b->source, buffer_slice(&note), NULL,
			      &why),
	    R_CHAIN_BROKEN);
	b->lines[9].n++;
	b->line_count--;
	ck_assert_uint_eq(archive_write(path, b->rules, &b->source, buffer_slice(&note), NULL,
			      &why),
	    R_MISSING_ENTRY);
	b->line_count++;
	ck_assert_uint_eq(rules_new(&empty, NULL, RULES_VERIFY), R_GOOD);
	ck_assert_uint_eq(archive_write(path, empty, &b->source, buffer_slice(&note), NULL, &why),
	    R_STATE);
	rules_free(empty);
	ck_assert_uint_eq(files_in(folder), before);
	/* and now a good one, its name given with a slash */
	ck_assert_uint_eq(archive_write(slash, b->rules, &b->source, buffer_slice(&note), NULL,
			      &why),
	    R_GOOD);
	ck_assert_uint_eq(files_in(folder), before + 1);
	buffer_free(&note);
	free(path);
	free(slash);
}
END_TEST

static int
watch(void *ctx, uint64_t done, uint64_t total)
{
	uint64_t *last = ctx;

	must(done <= total && done >= last[0]);
	must(last[1] == 0 || last[1] == total);
	last[0] = done;
	last[1] = total;
	return 0;
}

START_TEST(progress)
{
	uint64_t last[2] = { 0, 0 };
	const struct effort effort = { .threads = 2, .progress = watch, .ctx = last };
	const struct archive_expect expect = { .election = &election };
	struct archive_report report;

	ck_assert_uint_eq(archive_verify(&report, archive, &expect, &effort, &why), R_GOOD);
	ck_assert_uint_gt(last[0], last[1] / 10 * 9);
	archive_report_free(&report);
}
END_TEST

static int
stop(void *ctx, uint64_t done, uint64_t total)
{
	uint64_t *calls = ctx;

	must(done <= total);
	return (*calls)-- == 0;
}

START_TEST(stopped)
{
	uint64_t calls;
	const struct effort effort = { .threads = 1, .progress = stop, .ctx = &calls };
	const struct archive_expect expect = { .election = &election };
	struct archive_report report;
	struct buffer note = { 0 };
	char *path = bottle_path(folder, "stopped");
	size_t before = files_in(folder);

	for (calls = 0; calls < 40; calls += 7) {
		uint64_t kept = calls;

		ck_assert_uint_eq(archive_verify(&report, archive, &expect, &effort, &why),
		    R_CANCELLED);
		ck_assert_uint_eq(archive_report_count(&report, ARCHIVE_FAILED), 0);
		archive_report_free(&report);
		calls = kept;
	}
	bottle_checkpoint(b, &note, b->lines, b->line_count);
	calls = 0;
	ck_assert_uint_eq(archive_write(path, b->rules, &b->source, buffer_slice(&note), &effort,
			      &why),
	    R_CANCELLED);
	ck_assert_uint_eq(files_in(folder), before);
	buffer_free(&note);
	free(path);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("archive");
	TCase *t = tcase_create("archive");

	/* Each test spoils its own copy: made anew before it, in its own process. */
	tcase_add_checked_fixture(t, make, unmake);
	tcase_set_timeout(t, 300);
	tcase_add_test(t, good);
	tcase_add_loop_test(t, missing, 0, 4);
	tcase_add_test(t, nothing);
	tcase_add_loop_test(t, empty_files, 0, 4);
	tcase_add_loop_test(t, strangers, 0, 6);
	tcase_add_test(t, unnamed_blob);
	tcase_add_loop_test(t, links_and_the_like, 0, 4);
	tcase_add_test(t, blobs_are_a_folder);
	tcase_add_loop_test(t, missing_blobs, 0, 3);
	tcase_add_test(t, another_election);
	tcase_add_test(t, heads_from_outside);
	tcase_add_test(t, heads_inside);
	tcase_add_test(t, witnesses);
	tcase_add_test(t, partial);
	tcase_add_test(t, going_on);
	tcase_add_test(t, shorter_than_known);
	tcase_add_loop_test(t, other_results, 0, 5);
	tcase_add_test(t, items_of_the_result);
	tcase_add_loop_test(t, bytes_of_small_files, 0, 2);
	tcase_add_loop_test(t, bytes_of_small_files, 3, 4);
	tcase_add_test(t, bytes_of_blobs);
	tcase_add_test(t, bytes_of_entries);
	tcase_add_loop_test(t, lengths, 0, 4);
	tcase_add_test(t, whole_or_not_at_all);
	tcase_add_test(t, progress);
	tcase_add_test(t, stopped);
	suite_add_tcase(suite, t);
	return suite;
}

int
main(void)
{
	return suite_main(suite());
}
