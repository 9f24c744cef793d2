#include "crypto/checkpoint.h"

#include <assert.h>
#include <string.h>

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

/* Take the next line, without its line feed. */
static int
next_line(struct slice *line, struct slice *rest)
{
	const uint8_t *feed = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;

	if (feed == NULL)
		return 0;
	line->p = rest->p;
	line->n = (size_t)(feed - rest->p);
	rest->p = feed + 1;
	rest->n -= line->n + 1;
	return 1;
}

static enum result
read_size(uint64_t *size, struct slice line)
{
	uint64_t x = 0;
	size_t i;

	if (line.n == 0 || line.n > 16 || (line.p[0] == '0' && line.n > 1))
		return R_BAD_ENCODING;
	for (i = 0; i < line.n; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return R_BAD_ENCODING;
		x = 10 * x + (uint64_t)(line.p[i] - '0');
	}
	*size = x;
	return x <= CHECKPOINT_SIZE_MAX ? R_GOOD : R_BAD_ENCODING;
}

enum result
checkpoint_read(struct checkpoint *head, struct slice text)
{
	struct slice line;

	if (!next_line(&head->origin, &text) || !note_is_name(head->origin))
		return R_BAD_ENCODING;
	if (!next_line(&line, &text) || read_size(&head->size, line) != R_GOOD)
		return R_BAD_ENCODING;
	if (!next_line(&line, &text) || base64_decode(head->root.b, 32, line) != R_GOOD)
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
