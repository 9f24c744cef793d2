#include "crypto/checkpoint.h"

#include <assert.h>

#include "crypto/base64.h"

void
checkpoint_write(struct buffer *out, const struct checkpoint *head)
{
	char root[BASE64_LEN(32) + 1];

	base64_encode(root, head->root.b, 32);
	buffer_add(out, head->origin.p, head->origin.n);
	buffer_add_string(out, "\n");
	buffer_add_u64(out, head->size);
	buffer_add_string(out, "\n");
	buffer_add_string(out, root);
	buffer_add_string(out, "\n");
}

enum result
checkpoint_read(struct checkpoint *head, struct slice text)
{
	struct slice line;

	head->time = 0;
	head->witnessed = 0;
	if (!slice_line(&head->origin, &text) || !note_is_name(head->origin))
		return R_BAD_ENCODING;
	if (!slice_line(&line, &text) || !slice_decimal(&head->size, line, CHECKPOINT_SIZE_MAX))
		return R_BAD_ENCODING;
	if (!slice_line(&line, &text) || base64_decode(head->root.b, 32, line) != R_GOOD)
		return R_BAD_ENCODING;
	return text.n == 0 ? R_GOOD : R_BAD_ENCODING;
}

enum result
checkpoint_board_set(struct checkpoint_board *board, const char *name,
    const struct sign_public *public)
{
	enum result r = note_key_set(&board->sign, name, NOTE_ED25519, public);

	return r == R_GOOD ? note_key_set(&board->cosign, name, NOTE_COSIGNATURE, public) : r;
}

enum result
checkpoint_sign(struct buffer *out, const struct checkpoint *head,
    const struct checkpoint_board *board, const struct sign_key *secret)
{
	struct buffer text = { 0 };
	size_t before = out->n;
	enum result r;

	assert(note_is_name(head->origin) && head->size <= CHECKPOINT_SIZE_MAX);
	checkpoint_write(&text, head);
	note_begin(out, buffer_slice(&text));
	note_sign(out, buffer_slice(&text), &board->sign, secret, 0);
	note_sign(out, buffer_slice(&text), &board->cosign, secret, head->time);
	r = buffer_result(&text) != R_GOOD ? buffer_result(&text) : buffer_result(out);
	if (r != R_GOOD)
		out->n = before;
	buffer_free(&text);
	return r;
}

/* The lines after the board's two: of witnesses, in their order. */
static enum result
open_witnesses(struct checkpoint *head, const struct note *note, const struct note_key witnesses[],
    size_t n)
{
	size_t line = 2, i;

	for (i = 0; i < n && line < note->lines; i++)
		if (note_line_is_of(&note->line[line], &witnesses[i])) {
			if (note_check(note, &witnesses[i], NULL) != R_GOOD)
				return R_BAD_CHECKPOINT;
			head->witnessed |= UINT64_C(1) << i;
			line++;
		}
	return line == note->lines ? R_GOOD : R_BAD_CHECKPOINT;
}

enum result
checkpoint_open(struct checkpoint *head, struct slice bytes, struct slice origin,
    const struct checkpoint_board *board, const struct note_key witnesses[], size_t n)
{
	struct note note;
	uint64_t time;

	if (note_parse(&note, bytes) != R_GOOD || note.lines < 2 ||
	    !note_line_is_of(&note.line[0], &board->sign) ||
	    !note_line_is_of(&note.line[1], &board->cosign) ||
	    note_check(&note, &board->sign, NULL) != R_GOOD ||
	    note_check(&note, &board->cosign, &time) != R_GOOD ||
	    checkpoint_read(head, note.text) != R_GOOD ||
	    (origin.n > 0 && !slice_equal(head->origin, origin)))
		return R_BAD_CHECKPOINT;
	head->time = time;
	return open_witnesses(head, &note, witnesses, n);
}

unsigned
checkpoint_witnesses(const struct checkpoint *head)
{
	uint64_t bits = head->witnessed;
	unsigned n = 0;

	for (; bits != 0; bits &= bits - 1)
		n++;
	return n;
}
