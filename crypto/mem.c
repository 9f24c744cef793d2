#include "crypto/mem.h"

#include <errno.h>
#include <gmp.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define ALIGN 64

/* What stands before each block; mem_free finds it at the block's address minus
 * ALIGN. */
struct head {
	void *start;  /* what calloc returned */
	size_t bytes; /* of the block */
};

_Static_assert(sizeof(struct head) <= ALIGN, "the head fits before the block");

void *
mem_new(size_t n, size_t size)
{
	struct head *head;
	char *start, *block;
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > PTRDIFF_MAX - 2 * ALIGN)
		return NULL;
	start = calloc(1, bytes + 2 * ALIGN);
	if (start == NULL)
		return NULL;
	block = start + 2 * ALIGN - (uintptr_t)start % ALIGN;
	head = (struct head *)(void *)(block - ALIGN);
	head->start = start;
	head->bytes = bytes;
	return block;
}

void
mem_free(void *p)
{
	struct head *head;
	void *start;

	if (p == NULL)
		return;
	head = (struct head *)(void *)((char *)p - ALIGN);
	start = head->start;
	sodium_memzero(p, head->bytes);
	free(start);
}

/* GMP cannot be told that memory ran out. Its numbers here have a few hundred
 * bytes: when they no longer fit, nothing else does, and no caller could go on.
 * The exit code is the one of "our own resources". */
static void *
gmp_new(size_t bytes)
{
	void *p = malloc(bytes);

	if (p == NULL) {
		(void)fputs("out of memory\n", stderr);
		_exit(result_exit(R_NO_MEMORY));
	}
	return p;
}

static void
gmp_free(void *p, size_t bytes)
{
	sodium_memzero(p, bytes);
	free(p);
}

static void *
gmp_resize(void *old, size_t old_bytes, size_t bytes)
{
	void *p = gmp_new(bytes);

	memcpy(p, old, old_bytes < bytes ? old_bytes : bytes);
	gmp_free(old, old_bytes);
	return p;
}

enum result
mem_init(void)
{
	unsigned char byte;
	ssize_t n;

	/* libsodium aborts when it finds no random source; look before it does. */
	do
		n = getrandom(&byte, sizeof byte, 0);
	while (n < 0 && errno == EINTR);
	if (n != sizeof byte || sodium_init() < 0)
		return R_NO_RANDOM;
	mp_set_memory_functions(gmp_new, gmp_resize, gmp_free);
	return R_GOOD;
}
