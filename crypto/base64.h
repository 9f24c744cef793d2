/*
 * base64: bytes as text and back. Every decoder takes exactly what its encoder
 * writes: unpadded base64url (RFC 4648 section 5) for records, padded base64
 * (section 4) for signed notes, lower-case hexadecimal for people and file names.
 * Spare bits must be zero; white space, line ends, missing or extra padding and the other
 * alphabet are refused.
 *
 * The time depends on the data (table look-ups): for public values and sealed
 * secrets.
 */
#ifndef CRYPTO_BASE64_H
#define CRYPTO_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/result.h"
#include "crypto/slice.h"

/* Characters for n bytes, the terminating NUL not counted. */
#define BASE64URL_LEN(n) ((n) / 3 * 4 + ((n) % 3 * 4 + 2) / 3)
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)
#define HEX_LEN(n) (2 * (n))

/* Write the text and a NUL (BASE64URL_LEN(n) + 1 characters in all) and return its
 * length without the NUL. */
size_t base64url_encode(char *out, const uint8_t *bytes, size_t n);
size_t base64_encode(char *out, const uint8_t *bytes, size_t n);
size_t hex_encode(char *out, const uint8_t *bytes, size_t n);

/* Set *n to the bytes that a text of len characters stands for; R_BAD_ENCODING if
 * there is no such length. For base64 the padding decides, so it reads the text. */
enum result base64url_size(size_t *n, size_t len);
enum result base64_size(size_t *n, struct slice text);

/* Decode to exactly n bytes; R_BAD_ENCODING for any text but the one that the
 * encoder writes for n bytes. On refusal `out` is undefined. */
enum result base64url_decode(uint8_t *out, size_t n, struct slice text);
enum result base64_decode(uint8_t *out, size_t n, struct slice text);
enum result hex_decode(uint8_t *out, size_t n, struct slice text);

#endif
