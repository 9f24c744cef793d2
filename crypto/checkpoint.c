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

	if (!slice_line(&head->origin, &text) || !note_is_name(head->origin))
		return R_BAD_ENCODING;
	if (!slice_line(&line, &text) || !slice_decimal(&head->size, line, CHECKPOINT_SIZE_MAX))
		return R_BAD_ENCODING;
	if (!slice_line(&line, &text) || base64_decode(head->root.b, 32, line) != R_GOOD)
		return R_BAD_ENCODING;
	return text.n == 0 ? R_GOOD : R_BAD_ENCODING;
}

enum result
checkpoint_sign(struct buffer *out, const struct checkpoint *head, const struct note_key *board,
    const struct sign_key *secret)
{
	struct buffer text = { 0 };
	size_t before = out->n;
	enum result r;

	assert(note_is_name(head->origin) && head->size <= CHECKPOINT_SIZE_MAX);
	checkpoint_write(&text, head);
	note_begin(out, buffer_slice(&text));
	note_sign(out, buffer_slice(&text), board, secret);
	r = buffer_result(&text) != R_GOOD ? buffer_result(&text) : buffer_result(out);
	if (r != R_GOOD)
		out->n = before;
	buffer_free(&text);
	return r;
}

enum result
checkpoint_open(struct checkpoint *head, struct slice bytes, struct slice origin,
    const struct note_key *board)
{
	struct note note;

	if (note_parse(&note, bytes) != R_GOOD || note_stranger(&note, board, 1) != note.lines ||
	    note_check(&note, board) != R_GOOD || checkpoint_read(head, note.text) != R_GOOD ||
	    !slice_equal(head->origin, origin))
		return R_BAD_CHECKPOINT;
	return R_GOOD;
}
