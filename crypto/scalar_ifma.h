/*
 * scalar_ifma: arrays of crypto/scalar.h eight scalars at a time, with the 52-bit products of
 * AVX-512 IFMA. For crypto/scalar.c and its tests.
 *
 * Both return how many of the n they have done, from the first on, a multiple of eight: none
 * where this was not built or TABELLA_CPU (crypto/cpu.h) asks for another path. The result
 * is the same scalar, in the same bytes, as that of the functions of crypto/scalar.h.
 */
#ifndef CRYPTO_SCALAR_IFMA_H
#define CRYPTO_SCALAR_IFMA_H

#include <stddef.h>
#include <stdint.h>

/* As scalar_reduce_many. */
size_t scalar_ifma_reduce(uint8_t *out, const uint8_t *wide, size_t n);
/* As scalar_muladd_many. */
size_t scalar_ifma_muladd(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t b_step,
    const uint8_t *c, size_t n);

#endif
