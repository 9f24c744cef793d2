#include "crypto/buffer.h"

#include <stdlib.h>
#include <string.h>

uint8_t *
buffer_room(struct buffer *b, size_t n)
{
	size_t room = b->room < 128 ? 128 : b->room;
	uint8_t *p;

	if (b->error != R_GOOD)
		return NULL;
	if (b->p != NULL && n <= b->room - b->n)
		return b->p + b->n;
	if (n > SIZE_MAX / 4 || b->n > SIZE_MAX / 4) {
		b->error = R_NO_MEMORY;
		return NULL;
	}
	while (room - b->n < n)
		room *= 2;
	p = realloc(b->p, room);
	if (p == NULL) {
		b->error = R_NO_MEMORY;
		return NULL;
	}
	b->p = p;
	b->room = room;
	return b->p + b->n;
}

void
buffer_add(struct buffer *b, const void *bytes, size_t n)
{
	uint8_t *p = buffer_room(b, n);

	if (p == NULL || n == 0)
		return;
	memcpy(p, bytes, n);
	b->n += n;
}

void
buffer_add_string(struct buffer *b, const char *string)
{
	buffer_add(b, string, strlen(string));
}

void
buffer_add_u64(struct buffer *b, uint64_t x)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + x % 10);
		x /= 10;
	} while (x > 0);
	buffer_add(b, digits + at, sizeof digits - at);
}

enum result
buffer_result(const struct buffer *b)
{
	return b->error;
}

struct slice
buffer_slice(const struct buffer *b)
{
	struct slice s = { b->p, b->n };

	return s;
}

void
buffer_clear(struct buffer *b)
{
	b->n = 0;
	b->error = R_GOOD;
}

void
buffer_free(struct buffer *b)
{
	static const struct buffer empty = { 0 };

	free(b->p);
	*b = empty;
}
