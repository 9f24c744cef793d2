/*
 * mem: memory for secrets. What is freed is wiped first, also what GMP frees.
 */
#ifndef CRYPTO_MEM_H
#define CRYPTO_MEM_H

#include <stddef.h>

#include "crypto/result.h"

/* Make the libraries ready and GMP's frees wipe. Call it first thing in main,
 * before any thread and any number; calling it again does no harm.
 * R_NO_RANDOM: the system's random source failed; stop. */
enum result mem_init(void);

/* Return n times size bytes of zeros, aligned for any vector unit (64 bytes), or
 * NULL if there is not so much memory or the product overflows. n or size may
 * be 0. Free with mem_free. */
void *mem_new(size_t n, size_t size);

/* Wipe and free what mem_new returned; NULL is fine. */
void mem_free(void *p);

#endif
