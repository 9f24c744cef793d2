/*
 * OpenSSL's plain SHA256_* and SHA512_* functions rather than EVP: their state is flat memory,
 * so that hashing can neither fail nor allocate and a hash in progress can be
 * copied, and on the 65 bytes of a tree node they take 90 ns where EVP_Digest takes
 * 300 (112 with a context and a fetched method kept by hand). They run the same code with the
 * processor's instructions. OpenSSL 3 calls them deprecated, not removed; should
 * they go, this file is the only one that has to change.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hash.h"

#include <string.h>

#include <openssl/sha.h>
#include <sodium.h>

#include "crypto/sha512_lanes.h"

/* Every member of SHA256_CTX is an unsigned int, as is ours. */
_Static_assert(sizeof(SHA256_CTX) == sizeof(struct sha256), "the size of OpenSSL's state");
_Static_assert(sizeof(SHA_LONG) == sizeof(uint32_t), "the words of OpenSSL's state");
/* Of SHA512_CTX 64-bit numbers, 128 bytes and two ints. */
_Static_assert(sizeof(SHA512_CTX) == sizeof(struct sha512), "the size of OpenSSL's state");
_Static_assert(_Alignof(SHA512_CTX) <= _Alignof(struct sha512), "its alignment");

void
sha256_start(struct sha256 *s)
{
	(void)SHA256_Init((SHA256_CTX *)s->opaque);
}

void
sha256_add(struct sha256 *s, const void *data, size_t len)
{
	if (len > 0)
		(void)SHA256_Update((SHA256_CTX *)s->opaque, data, len);
}

void
sha256_finish(struct sha256 *s, struct digest *out)
{
	(void)SHA256_Final(out->b, (SHA256_CTX *)s->opaque);
	sodium_memzero(s, sizeof *s);
}

void
sha256(struct digest *out, const void *data, size_t len)
{
	struct sha256 s;

	sha256_start(&s);
	sha256_add(&s, data, len);
	sha256_finish(&s, out);
}

void
sha512_start(struct sha512 *s)
{
	(void)SHA512_Init((SHA512_CTX *)(void *)s);
}

void
sha512_add(struct sha512 *s, const void *data, size_t len)
{
	if (len > 0)
		(void)SHA512_Update((SHA512_CTX *)(void *)s, data, len);
}

void
sha512_finish(struct sha512 *s, uint8_t out[64])
{
	(void)SHA512_Final(out, (SHA512_CTX *)(void *)s);
	sodium_memzero(s, sizeof *s);
}

void
sha512(uint8_t out[64], const void *data, size_t len)
{
	struct sha512 s;

	sha512_start(&s);
	sha512_add(&s, data, len);
	sha512_finish(&s, out);
}

void
sha512_many(uint8_t *out, const uint8_t *data, size_t len, size_t n)
{
	size_t i = 0;

	while (n - i >= 8 && sha512_eight(out + 64 * i, data + len * i, len))
		i += 8;
	for (; i < n; i++)
		sha512(out + 64 * i, data + len * i, len);
}

void
hash_tagged_start(struct sha256 *s, const char *label)
{
	sha256_start(s);
	sha256_add(s, label, strlen(label) + 1);
}

void
hash_tagged(struct digest *out, const char *label, const void *data, size_t len)
{
	struct sha256 s;

	hash_tagged_start(&s, label);
	sha256_add(&s, data, len);
	sha256_finish(&s, out);
}

int
digest_compare(const struct digest *a, const struct digest *b)
{
	return memcmp(a->b, b->b, sizeof a->b);
}

int
digest_equal(const struct digest *a, const struct digest *b)
{
	return digest_compare(a, b) == 0;
}

int
digest_is_zero(const struct digest *d)
{
	static const struct digest zero = { { 0 } };

	return digest_equal(d, &zero);
}
