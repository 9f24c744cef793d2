/*
 * The hashes that generators are made from: W of docs/protocol.md, 2.2.
 */
/* A label that is too long must never get past this file. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "crypto/group_ops.h"
#include "crypto/hash.h"

/* Room for what is hashed: 54 bytes of frames, 24 of numbers, and the strings. */
#define MESSAGE 256

/* Messages that are hashed side by side. */
#define BATCH 32

static void
put_u64(uint8_t out[8], uint64_t x)
{
	unsigned i;

	for (i = 0; i < 8; i++)
		out[i] = (uint8_t)(x >> (56 - 8 * i));
}

/* Append a field (tag, u64 length, content) of protocol.md 3.1. */
static void
field(uint8_t *message, size_t *len, char tag, const void *content, size_t n)
{
	assert(9 + n <= MESSAGE - *len);
	message[*len] = (uint8_t)tag;
	put_u64(message + *len + 1, n);
	memcpy(message + *len + 9, content, n);
	*len += 9 + n;
}

/* Write the message and return its length; *index_at is where its index stands. */
static size_t
compose(uint8_t message[MESSAGE], size_t *index_at, const struct group *g, const char *label,
    uint64_t index, uint64_t ctr, uint64_t k)
{
	const uint64_t numbers[3] = { index, ctr, k };
	uint8_t bytes[8];
	size_t len = 0;
	unsigned i;

	field(message, &len, 'S', "tabella/1 generator", strlen("tabella/1 generator"));
	field(message, &len, 'S', g->name, strlen(g->name));
	field(message, &len, 'S', label, strlen(label));
	*index_at = len + 9;
	for (i = 0; i < 3; i++) {
		put_u64(bytes, numbers[i]);
		field(message, &len, 'U', bytes, sizeof bytes);
	}
	return len;
}

void
generator_hash(uint8_t out[64], const struct group *g, const char *label, uint64_t index,
    uint64_t ctr, uint64_t k)
{
	uint8_t message[MESSAGE];
	size_t len, at;

	len = compose(message, &at, g, label, index, ctr, k);
	sha512(out, message, len);
}

void
generator_hashes(uint8_t *out, const struct group *g, const char *label, uint64_t first, size_t n)
{
	uint8_t message[MESSAGE], messages[BATCH * MESSAGE];
	size_t len, at, i, k, some;

	len = compose(message, &at, g, label, first, 0, 0);
	for (i = 0; i < BATCH && i < n; i++)
		memcpy(messages + i * len, message, len);
	for (i = 0; i < n; i += some) {
		some = n - i < BATCH ? n - i : BATCH;
		for (k = 0; k < some; k++)
			put_u64(messages + k * len + at, first + i + k);
		sha512_many(out + 64 * i, messages, len, some);
	}
}
