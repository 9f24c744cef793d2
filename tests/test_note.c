/*
 * test_note: signed notes and checkpoints: a published note, round trips, and every
 * change of a byte refused.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/checkpoint.h"
#include "crypto/note.h"
#include "tests/suite.h"

#define NAME "board.example/acme"
#define ORIGIN NAME "/00ff"
#define TIME 1700000000

static struct sign_key secret, secret2;
static struct checkpoint_board board, other;
static struct note_key witness;

static void
set_up(void)
{
	uint8_t seed[32] = { 7 };
	struct sign_public public;

	sign_key_from_seed(&public, &secret, seed);
	ck_assert_int_eq(checkpoint_board_set(&board, NAME, &public), R_GOOD);
	seed[0] = 8;
	sign_key_from_seed(&public, &secret2, seed);
	ck_assert_int_eq(checkpoint_board_set(&other, NAME, &public), R_GOOD);
	ck_assert_int_eq(note_key_set(&witness, "witness.example", NOTE_COSIGNATURE, &public),
	    R_GOOD);
}

/* The example of the documentation of Go's package golang.org/x/mod/sumdb/note. */
START_TEST(a_published_note)
{
	static const char text[] = "If you think cryptography is the answer to your problem,\n"
				   "then you don't know what your problem is.\n";
	static const char line[] = "\xe2\x80\x94 PeterNeumann "
				   "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSN"
				   "XgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
	uint8_t blob[33], id[4];
	struct buffer note = { 0 }, again = { 0 };
	struct sign_public public;
	struct note_key key;
	struct sign_key neumann;
	struct note parsed;

	ck_assert_int_eq(base64_decode(blob, 33,
			     slice_of("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")),
	    R_GOOD);
	ck_assert_int_eq(blob[0], NOTE_ED25519);
	memcpy(public.b, blob + 1, 32);
	ck_assert_int_eq(note_key_set(&key, "PeterNeumann", NOTE_ED25519, &public), R_GOOD);
	ck_assert_int_eq(hex_decode(id, 4, slice_of("c74f20a3")), R_GOOD);
	ck_assert_mem_eq(key.id, id, 4);

	buffer_add_string(&note, text);
	buffer_add_string(&note, "\n");
	buffer_add_string(&note, line);
	ck_assert_int_eq(note_parse(&parsed, buffer_slice(&note)), R_GOOD);
	ck_assert_uint_eq(parsed.lines, 1);
	ck_assert(slice_equal(parsed.text, slice_of(text)));
	ck_assert_int_eq(note_check(&parsed, &key, NULL), R_GOOD);
	ck_assert_int_eq(note_check(&parsed, &board.sign, NULL), R_NOT_FOUND);

	/* With its secret key we write the same bytes. */
	ck_assert_int_eq(base64_decode(blob, 33,
			     slice_of("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")),
	    R_GOOD);
	sign_key_from_seed(&public, &neumann, blob + 1);
	ck_assert_mem_eq(public.b, key.public.b, 32);
	note_begin(&again, slice_of(text));
	note_sign(&again, slice_of(text), &key, &neumann, 0);
	ck_assert(slice_equal(buffer_slice(&again), buffer_slice(&note)));
	buffer_free(&note);
	buffer_free(&again);
}
END_TEST

static void
make(struct buffer *out, uint64_t size)
{
	struct checkpoint head = { .origin = slice_of(ORIGIN), .size = size, .time = TIME };

	memset(head.root.b, 0xfb, 32);
	buffer_clear(out);
	ck_assert_int_eq(checkpoint_sign(out, &head, &board, &secret), R_GOOD);
}

START_TEST(checkpoints_come_back)
{
	static const uint64_t sizes[] = { 0, 1, 9, 10, 4096, CHECKPOINT_SIZE_MAX };
	struct buffer out = { 0 };
	struct checkpoint head;
	char text[300];
	size_t i;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		make(&out, sizes[i]);
		snprintf(text, sizeof text,
		    ORIGIN
		    "\n%llu\n+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=\n\n\xe2\x80\x94 " NAME
		    " ",
		    (unsigned long long)sizes[i]);
		ck_assert_mem_eq(out.p, text, strlen(text));
		ck_assert_int_eq(checkpoint_open(&head, buffer_slice(&out), slice_of(ORIGIN),
				     &board, NULL, 0),
		    R_GOOD);
		ck_assert_uint_eq(head.time, TIME);
		ck_assert_uint_eq(head.size, sizes[i]);
		ck_assert_int_eq(head.root.b[31], 0xfb);
		ck_assert(slice_equal(head.origin, slice_of(ORIGIN)));
		ck_assert_int_eq(checkpoint_open(&head, buffer_slice(&out), slice_of(ORIGIN "0"),
				     &board, NULL, 0),
		    R_BAD_CHECKPOINT);
		ck_assert_int_eq(checkpoint_open(&head, buffer_slice(&out), slice_of(ORIGIN),
				     &other, NULL, 0),
		    R_BAD_CHECKPOINT);
	}
	buffer_free(&out);
}
END_TEST

START_TEST(every_changed_byte_is_refused)
{
	struct buffer out = { 0 };
	struct checkpoint head;
	uint8_t *copy;
	size_t at, n;
	int c;

	make(&out, 4711);
	n = out.n;
	copy = malloc(n + 2);
	for (at = 0; at < n; at++)
		for (c = 0; c < 256; c++) {
			memcpy(copy, out.p, n);
			if (copy[at] == c)
				continue;
			copy[at] = (uint8_t)c;
			if (checkpoint_open(&head, (struct slice){ copy, n }, slice_of(ORIGIN),
				&board, NULL, 0) != R_BAD_CHECKPOINT)
				ck_abort_msg("byte %zu set to %d", at, c);
			memcpy(copy + at + 1, out.p + at, n - at);
			if (checkpoint_open(&head, (struct slice){ copy, n + 1 }, slice_of(ORIGIN),
				&board, NULL, 0) != R_BAD_CHECKPOINT)
				ck_abort_msg("%d put in before byte %zu", c, at);
		}
	for (at = 0; at < n; at++) {
		memcpy(copy, out.p, at);
		copy = realloc(copy, at + 1);
		ck_assert_int_eq(checkpoint_open(&head, (struct slice){ copy, at },
				     slice_of(ORIGIN), &board, NULL, 0),
		    R_BAD_CHECKPOINT);
		copy = realloc(copy, n + 2);
		memcpy(copy, out.p, n);
		memmove(copy + at, copy + at + 1, n - at - 1);
		ck_assert_int_eq(checkpoint_open(&head, (struct slice){ copy, n - 1 },
				     slice_of(ORIGIN), &board, NULL, 0),
		    R_BAD_CHECKPOINT);
	}
	memcpy(copy, out.p, n);
	copy[n] = '\n';
	ck_assert_int_eq(checkpoint_open(&head, (struct slice){ copy, n + 1 }, slice_of(ORIGIN),
			     &board, NULL, 0),
	    R_BAD_CHECKPOINT);
	free(copy);
	buffer_free(&out);
}
END_TEST

/* Add a line of the witness, or one that claims to be. */
static void
cosign(struct buffer *out, const struct note_key *key, const struct sign_key *with, uint64_t time)
{
	struct note note;

	ck_assert_int_eq(note_parse(&note, buffer_slice(out)), R_GOOD);
	note_sign(out, (struct slice){ out->p, note.text.n }, key, with, time);
	ck_assert_int_eq(buffer_result(out), R_GOOD);
}

static enum result
open_with(struct checkpoint *head, const struct buffer *out, const struct note_key *witnesses,
    size_t n)
{
	return checkpoint_open(head, buffer_slice(out), slice_of(ORIGIN), &board, witnesses, n);
}

START_TEST(witnesses_are_seen)
{
	struct note_key two[2] = { witness, witness }, plain;
	struct buffer out = { 0 };
	struct checkpoint head;
	struct note note;
	uint64_t time;

	ck_assert_int_eq(note_key_set(&two[0], "another.example", NOTE_COSIGNATURE,
			     &witness.public),
	    R_GOOD);
	ck_assert_int_eq(note_key_set(&plain, "witness.example", NOTE_ED25519, &witness.public),
	    R_GOOD);
	make(&out, 5);
	ck_assert_int_eq(open_with(&head, &out, two, 2), R_GOOD);
	ck_assert_uint_eq(head.witnessed, 0);
	cosign(&out, &witness, &secret2, 1679315147);
	ck_assert_int_eq(note_parse(&note, buffer_slice(&out)), R_GOOD);
	ck_assert_uint_eq(note.lines, 3);
	ck_assert_int_eq(note_check(&note, &board.sign, NULL), R_GOOD);
	ck_assert_int_eq(note_check(&note, &witness, &time), R_GOOD);
	ck_assert_uint_eq(time, 1679315147);
	ck_assert_int_eq(note_check(&note, &plain, &time), R_NOT_FOUND);
	ck_assert_uint_eq(time, 0);
	ck_assert_int_eq(open_with(&head, &out, &witness, 1), R_GOOD);
	ck_assert_uint_eq(head.witnessed, 1);
	ck_assert_uint_eq(checkpoint_witnesses(&head), 1);
	ck_assert_uint_eq(head.time, TIME);
	ck_assert_int_eq(open_with(&head, &out, two, 2), R_GOOD);
	ck_assert_uint_eq(head.witnessed, 2);
	/* Nobody else's line, and no line twice, even with another signature. */
	ck_assert_int_eq(open_with(&head, &out, NULL, 0), R_BAD_CHECKPOINT);
	ck_assert_int_eq(open_with(&head, &out, two, 1), R_BAD_CHECKPOINT);
	cosign(&out, &witness, &secret, 1);
	ck_assert_int_eq(note_parse(&note, buffer_slice(&out)), R_BAD_ENCODING);

	/* In their order only. */
	make(&out, 5);
	cosign(&out, &two[0], &secret2, 1);
	cosign(&out, &two[1], &secret2, 2);
	ck_assert_int_eq(open_with(&head, &out, two, 2), R_GOOD);
	ck_assert_uint_eq(head.witnessed, 3);
	ck_assert_uint_eq(checkpoint_witnesses(&head), 2);
	make(&out, 5);
	cosign(&out, &two[1], &secret2, 1);
	cosign(&out, &two[0], &secret2, 2);
	ck_assert_int_eq(open_with(&head, &out, two, 2), R_BAD_CHECKPOINT);

	/* A line that claims to be of the witness but was made with another key, or as
	 * a plain signature. */
	make(&out, 5);
	cosign(&out, &witness, &secret, 1);
	ck_assert_int_eq(note_parse(&note, buffer_slice(&out)), R_GOOD);
	ck_assert_int_eq(note_check(&note, &witness, NULL), R_BAD_SIGNATURE);
	ck_assert_int_eq(open_with(&head, &out, &witness, 1), R_BAD_CHECKPOINT);
	make(&out, 5);
	cosign(&out, &plain, &secret2, 0);
	ck_assert_int_eq(open_with(&head, &out, &witness, 1), R_BAD_CHECKPOINT);
	buffer_free(&out);
}
END_TEST

/* Lines of the witness that are no cosignatures: too short, with a time beyond the last, with
 * another time than was signed. */
START_TEST(bad_cosignatures)
{
	uint8_t payload[4 + 8 + 64];
	char base64[BASE64_LEN(sizeof payload) + 1];
	struct buffer out = { 0 }, line = { 0 };
	struct note note;
	size_t i;

	make(&out, 5);
	cosign(&out, &witness, &secret2, 5);
	ck_assert_int_eq(note_parse(&note, buffer_slice(&out)), R_GOOD);
	ck_assert_int_eq(base64_decode(payload, sizeof payload, note.line[2].base64), R_GOOD);
	for (i = 0; i <= 10; i++) {
		make(&line, 5);
		buffer_add_string(&line, "\xe2\x80\x94 witness.example ");
		if (i < 8)
			payload[4 + i] ^= 0x80;
		base64_encode(base64, payload, sizeof payload - (i > 8 ? 1 : 0));
		if (i < 8)
			payload[4 + i] ^= 0x80;
		buffer_add_string(&line, base64);
		buffer_add_string(&line, "\n");
		ck_assert_int_eq(note_parse(&note, buffer_slice(&line)), R_GOOD);
		ck_assert_int_eq(note_check(&note, &witness, NULL),
		    i == 8 ? R_GOOD : R_BAD_SIGNATURE);
	}
	buffer_free(&out);
	buffer_free(&line);
}
END_TEST

/* The board's own lines are both there, in their order, and of one key. */
START_TEST(the_boards_two_lines)
{
	const struct note_key *order[][2] = { { &board.sign, &board.cosign },
		{ &board.cosign, &board.sign }, { &board.sign, NULL }, { &board.cosign, NULL } };
	struct checkpoint head = { .origin = slice_of(ORIGIN), .size = 1 };
	struct buffer text = { 0 }, out = { 0 };
	size_t i, k;

	checkpoint_write(&text, &head);
	for (i = 0; i < sizeof order / sizeof *order; i++) {
		buffer_clear(&out);
		note_begin(&out, buffer_slice(&text));
		for (k = 0; k < 2 && order[i][k] != NULL; k++)
			note_sign(&out, buffer_slice(&text), order[i][k], &secret, 7);
		ck_assert_int_eq(open_with(&head, &out, NULL, 0),
		    i == 0 ? R_GOOD : R_BAD_CHECKPOINT);
	}
	buffer_free(&text);
	buffer_free(&out);
}
END_TEST

START_TEST(other_forms_of_notes)
{
#define D "\xe2\x80\x94 "
	static const char *const good[] = {
		"a\n\n" D "n AAAAAAA=\n",
		"a\n\nb\n\n" D "n AAAAAAA=\n" D "m AAAAAAA=\n" D "n BAAAAAA=\n",
	};
	static const char *const bad[] = { "", "\n", "\n\n", "a", "a\n", "a\n\n", "a\n\n\n",
		"a\n" D "n AAAAAAA=\n", "\n\n" D "n AAAAAAA=\n",
		"a\n\n" D "n AAAAAAA=", "a\n\n" D "n AAAAAAA=\n\n", "a\n\n" D "n AAAAAAA= \n",
		"a\n\n" D "n  AAAAAAA=\n", "a\n\n" D " AAAAAAA=\n", "a\n\n" D "n\n",
		"a\n\n" D "n \n", "a\n\n" D "n+m AAAAAAA=\n", "a\n\n" D "n AAAAAAA\n",
		"a\n\n" D "n AAAAAAB=\n", "a\n\n" D "n AAAAAA==\n", "a\n\n- n AAAAAAA=\n",
		"a\n\nn AAAAAAA=\n", "a\n\n" D "n AAAAAAA=\r\n", "a\r\n\n" D "n AAAAAAA=\n",
		"a\tb\n\n" D "n AAAAAAA=\n", "\xc3\xa9\n\n" D "n AAAAAAA=\n",
		"a\n\n" D "\xc3\xa9 AAAAAAA=\n", "a\n\n" D "n AAAAAAA=\n" D "n AAAAAAE=\n",
		"a\n\n" D "n AAAAAAA=\nb\n" };
	struct buffer out = { 0 };
	struct note note;
	char line[40];
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_int_eq(note_parse(&note, slice_of(good[i])), R_GOOD);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(note_parse(&note, slice_of(bad[i])), R_BAD_ENCODING);
	ck_assert_int_eq(note_parse(&note,
			     (struct slice){ (const uint8_t *)"a\0\n\n" D "n AAAAAAA=\n", 18 }),
	    R_BAD_ENCODING);

	note_begin(&out, slice_of("a\n"));
	for (i = 0; i < NOTE_LINES_MAX; i++) {
		snprintf(line, sizeof line, D "n%zu AAAAAAA=\n", i);
		buffer_add_string(&out, line);
	}
	ck_assert_int_eq(note_parse(&note, buffer_slice(&out)), R_GOOD);
	ck_assert_uint_eq(note.lines, NOTE_LINES_MAX);
	buffer_add_string(&out, D "x AAAAAAA=\n");
	ck_assert_int_eq(note_parse(&note, buffer_slice(&out)), R_TOO_LARGE);

	/* One line, and a text that makes it as long as it may be, or longer. */
	buffer_clear(&out);
	while (out.n < NOTE_BYTES_MAX - 17)
		buffer_add_string(&out, "a");
	buffer_add_string(&out, "\n\n" D "n AAAAAAA=\n");
	ck_assert_uint_eq(out.n, NOTE_BYTES_MAX);
	ck_assert_int_eq(note_parse(&note, buffer_slice(&out)), R_GOOD);
	buffer_clear(&out);
	while (out.n < NOTE_BYTES_MAX - 16)
		buffer_add_string(&out, "a");
	buffer_add_string(&out, "\n\n" D "n AAAAAAA=\n");
	ck_assert_int_eq(note_parse(&note, buffer_slice(&out)), R_TOO_LARGE);
	buffer_free(&out);
}
END_TEST

START_TEST(other_forms_of_checkpoints)
{
#define ROOT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	static const char *const good[] = { "o\n0\n" ROOT "\n", "o\n9007199254740991\n" ROOT "\n" };
	static const char *const bad[] = { "", "o\n0\n", "o\n0\n" ROOT, "o\n0\n" ROOT "\n\n",
		"o\n0\n" ROOT "\nextension\n", "\n0\n" ROOT "\n", "o o\n0\n" ROOT "\n",
		"o+\n0\n" ROOT "\n", "o\n\n" ROOT "\n", "o\n00\n" ROOT "\n", "o\n01\n" ROOT "\n",
		"o\n+1\n" ROOT "\n", "o\n-1\n" ROOT "\n", "o\n 1\n" ROOT "\n", "o\n1 \n" ROOT "\n",
		"o\n0x1\n" ROOT "\n", "o\n1e3\n" ROOT "\n", "o\n9007199254740992\n" ROOT "\n",
		"o\n18446744073709551617\n" ROOT "\n", "o\n0\n " ROOT "\n",
		"o\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		"o\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
		"o\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n", "o\r\n0\n" ROOT "\n",
		"o\n0\r\n" ROOT "\n" };
	struct checkpoint head;
	struct buffer out = { 0 };
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		ck_assert_int_eq(checkpoint_read(&head, slice_of(good[i])), R_GOOD);
		buffer_clear(&out);
		checkpoint_write(&out, &head);
		ck_assert(slice_equal(buffer_slice(&out), slice_of(good[i])));
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(checkpoint_read(&head, slice_of(bad[i])), R_BAD_ENCODING);
	ck_assert_int_eq(checkpoint_read(&head, (struct slice){ NULL, 0 }), R_BAD_ENCODING);
	buffer_free(&out);
}
END_TEST

START_TEST(names)
{
	static const char *const bad[] = { "", "a b", "a+b", "a\n", "\x7f", "\xc3\xa9", "a\tb" };
	char name[NOTE_NAME_MAX + 2];
	struct note_key key;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(note_key_set(&key, bad[i], NOTE_ED25519, &witness.public),
		    R_BAD_INPUT);
	memset(name, 'a', sizeof name);
	name[NOTE_NAME_MAX] = '\0';
	ck_assert_int_eq(note_key_set(&key, name, NOTE_ED25519, &witness.public), R_GOOD);
	name[NOTE_NAME_MAX] = 'a';
	name[NOTE_NAME_MAX + 1] = '\0';
	ck_assert_int_eq(note_key_set(&key, name, NOTE_ED25519, &witness.public), R_BAD_INPUT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("note");
	TCase *tc = tcase_create("note");

	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, a_published_note);
	tcase_add_test(tc, checkpoints_come_back);
	tcase_add_test(tc, every_changed_byte_is_refused);
	tcase_add_test(tc, witnesses_are_seen);
	tcase_add_test(tc, bad_cosignatures);
	tcase_add_test(tc, the_boards_two_lines);
	tcase_add_test(tc, other_forms_of_notes);
	tcase_add_test(tc, other_forms_of_checkpoints);
	tcase_add_test(tc, names);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
