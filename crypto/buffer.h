/*
 * buffer: bytes that grow. Start from `struct buffer b = { 0 }`; one owner, freed
 * with buffer_free. Running out of memory is remembered, so that a caller adds
 * piece after piece and asks buffer_result once at the end.
 */
#ifndef CRYPTO_BUFFER_H
#define CRYPTO_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/result.h"
#include "crypto/slice.h"

struct buffer {
	uint8_t *p; /* n bytes; moves when the buffer grows */
	size_t n;
	size_t room;
	enum result error; /* R_GOOD, or R_NO_MEMORY from the first failure on */
};

/* Return where the next n bytes may be written, or NULL after R_NO_MEMORY. They
 * count only once the caller has added to b->n. */
uint8_t *buffer_room(struct buffer *b, size_t n);
void buffer_add(struct buffer *b, const void *bytes, size_t n);
void buffer_add_string(struct buffer *b, const char *string);
/* Add x in decimal, without leading zeros. */
void buffer_add_u64(struct buffer *b, uint64_t x);

/* R_GOOD, or R_NO_MEMORY if anything could not be added. */
enum result buffer_result(const struct buffer *b);
/* Return the contents; valid until the buffer grows or is freed. */
struct slice buffer_slice(const struct buffer *b);

/* Forget the contents and the error; keep the memory. */
void buffer_clear(struct buffer *b);
/* Free, and leave an empty buffer that may be used again. What the buffer gives
 * back, here or on growing, is not wiped: it is for public bytes. */
void buffer_free(struct buffer *b);

#endif
