#include "ballots/head.h"

#include <string.h>

#include "ballots/record.h"
#include "crypto/base64.h"
#include "crypto/note.h"

void
head_origin(struct buffer *out, const char *board_name, const struct digest *election)
{
	char hex[HEX_LEN(sizeof election->b) + 1];

	(void)hex_encode(hex, election->b, sizeof election->b);
	buffer_add_string(out, board_name);
	buffer_add_string(out, "/");
	buffer_add_string(out, hex);
}

enum result
head_key_read(struct head_key *out, struct slice bytes, const struct head_signers *signers,
    struct why *why)
{
	const struct sign_public *organiser = &signers->definition->organiser.key;
	struct record *record;
	enum result r = record_parse(&record, NULL, bytes, why);

	*out = (struct head_key){ 0 };
	if (r != R_GOOD)
		return r;
	if (record->type != RECORD_BOARD_KEY)
		r = why_set(why, R_BAD_ENCODING, "a record of another type among the keys");
	else if (!digest_equal(&record->election, &signers->election))
		r = why_set(why, R_WRONG_ELECTION, "a key of another election");
	else if (memcmp(record->signer.b, organiser->b, sizeof organiser->b) != 0)
		r = why_set(why, R_NOT_ALLOWED, "a key that the organiser has not signed");
	else
		r = record_check_signature(record);
	if (r == R_GOOD)
		out->key = record->of.board_key.key;
	record_free(record);
	return r;
}

/* Set the keys of the definition's witnesses: definition->witness_count of them. */
static enum result
witness_keys(struct note_key keys[CHECKPOINT_WITNESSES_MAX], const struct definition *definition)
{
	enum result r = R_GOOD;
	size_t i;

	for (i = 0; r == R_GOOD && i < definition->witness_count; i++)
		r = note_key_set(&keys[i], definition->witnesses[i].name, NOTE_COSIGNATURE,
		    &definition->witnesses[i].key);
	return r;
}

const struct sign_public *
head_signer(const struct head_signers *signers, uint64_t size)
{
	const struct sign_public *key = &signers->definition->board.key;
	size_t i;

	for (i = 0; i < signers->later_count; i++)
		if (signers->later[i].seq < size)
			key = &signers->later[i].key;
	return key;
}

/* Try one key of the board. */
static enum result
open_with(struct checkpoint *head, struct slice note, const struct head_signers *signers,
    const struct sign_public *key)
{
	const struct definition *d = signers->definition;
	struct note_key witnesses[CHECKPOINT_WITNESSES_MAX];
	struct checkpoint_board board;
	struct buffer origin = { 0 };
	enum result r;

	head_origin(&origin, d->board.name, &signers->election);
	r = buffer_result(&origin);
	if (r == R_GOOD)
		r = checkpoint_board_set(&board, d->board.name, key);
	if (r == R_GOOD)
		r = witness_keys(witnesses, d);
	if (r == R_GOOD)
		r = checkpoint_open(head, note, buffer_slice(&origin), &board, witnesses,
		    d->witness_count);
	buffer_free(&origin);
	return r;
}

enum result
head_open(struct checkpoint *head, struct slice note, const struct head_signers *signers)
{
	enum result r = R_BAD_CHECKPOINT;
	struct note parsed;
	size_t i;

	if (note.n <= HEAD_BYTES_MAX && note_parse(&parsed, note) == R_GOOD &&
	    checkpoint_read(head, parsed.text) == R_GOOD)
		r = open_with(head, note, signers,
		    signers->any_size ? &signers->definition->board.key
				      : head_signer(signers, head->size));
	for (i = 0; r == R_BAD_CHECKPOINT && signers->any_size && i < signers->later_count; i++)
		r = open_with(head, note, signers, &signers->later[i].key);
	head->origin = (struct slice){ NULL, 0 };
	return r == R_GOOD || r == R_NO_MEMORY ? r : R_BAD_CHECKPOINT;
}

enum result
head_quorum(const struct checkpoint *head, const struct definition *definition, struct why *why)
{
	const unsigned have = checkpoint_witnesses(head);

	if (have >= definition->witness_quorum)
		return R_GOOD;
	return why_set(why, R_NO_QUORUM,
	    "%u of %zu witnesses have co-signed the board's head of %llu entries; it takes %llu",
	    have, definition->witness_count, (unsigned long long)head->size,
	    (unsigned long long)definition->witness_quorum);
}

/* ---- joining ---- */

/* The length of the text, the empty line and the board's two lines. */
static size_t
own_length(const struct note *note)
{
	const struct slice last = note->line[1].base64;

	return (size_t)(last.p + last.n - note->text.p) + 1;
}

enum result
head_join(struct buffer *out, struct checkpoint *head, struct slice note, struct slice lines,
    const struct head_signers *signers)
{
	struct note_key keys[CHECKPOINT_WITNESSES_MAX];
	struct buffer other = { 0 };
	struct note have, more;
	enum result r = head_open(head, note, signers);
	size_t i, before = out->n;
	int joined;

	if (r == R_GOOD)
		r = witness_keys(keys, signers->definition);
	if (r == R_GOOD)
		r = note_parse(&have, note);
	if (r != R_GOOD)
		return r;
	note_begin(&other, have.text);
	buffer_add(&other, lines.p, lines.n);
	joined =
	    buffer_result(&other) == R_GOOD && note_parse(&more, buffer_slice(&other)) == R_GOOD;
	buffer_add(out, note.p, own_length(&have));
	for (i = 0; i < signers->definition->witness_count; i++) {
		/* The newer one first: its time says more. */
		if (joined && note_check(&more, &keys[i], NULL) == R_GOOD)
			(void)note_copy(out, &more, &keys[i]);
		else if (note_copy(out, &have, &keys[i]) != R_GOOD)
			continue;
		head->witnessed |= UINT64_C(1) << i;
	}
	buffer_free(&other);
	r = buffer_result(out);
	if (r != R_GOOD)
		out->n = before;
	return r;
}
