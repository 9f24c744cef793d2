#include "crypto/transcript.h"

#include <string.h>

static void
put_u64(uint8_t out[8], uint64_t x)
{
	unsigned i;

	for (i = 0; i < 8; i++)
		out[i] = (uint8_t)(x >> (56 - 8 * i));
}

static void
field(struct transcript *t, char tag, const void *content, size_t n)
{
	uint8_t head[9];

	head[0] = (uint8_t)tag;
	put_u64(head + 1, n);
	sha512_add(&t->hash, head, sizeof head);
	sha512_add(&t->hash, content, n);
}

void
transcript_start_bare(struct transcript *t)
{
	sha512_start(&t->hash);
}

void
transcript_start(struct transcript *t, const char *label, const char *group,
    const struct digest *context)
{
	transcript_start_bare(t);
	transcript_string(t, label);
	transcript_string(t, group);
	transcript_bytes(t, context->b, sizeof context->b);
}

void
transcript_string(struct transcript *t, const char *string)
{
	field(t, 'S', string, strlen(string));
}

void
transcript_u64(struct transcript *t, uint64_t x)
{
	uint8_t content[8];

	put_u64(content, x);
	field(t, 'U', content, sizeof content);
}

void
transcript_bytes(struct transcript *t, const void *bytes, size_t n)
{
	field(t, 'B', bytes, n);
}

void
transcript_list(struct transcript *t, const struct digest *digest, uint64_t rows, uint64_t width)
{
	uint8_t content[48];

	memcpy(content, digest->b, 32);
	put_u64(content + 32, rows);
	put_u64(content + 40, width);
	field(t, 'L', content, sizeof content);
}

void
transcript_finish(struct transcript *t, uint8_t out[64])
{
	sha512_finish(&t->hash, out);
}
