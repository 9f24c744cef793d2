/*
 * keyfile: a secret key as a short text, sealed with a passphrase or, explicitly,
 * without one. Reading and writing files is the caller's.
 *
 *	tabella key 1
 *	kind trustee
 *	public <base64url>
 *	lock passphrase <passes> <KiB>		or: lock none
 *	salt <16 bytes, base64url>
 *	sealed <base64url>
 *
 * 56 bytes are made from the passphrase with Argon2id 1.3 (one lane) over the salt, or
 * without one as the first of SHA-512("tabella/1 key file" || 0x00 || salt): key
 * (32) and nonce (24) of the XChaCha20-Poly1305 that seals the secret, with all that stands before
 * the sealed bytes as associated data. The salt is fresh each time, so no key is
 * used twice. There is one text for what it holds; any changed byte is refused.
 *
 * What a file says of itself is only as good as its passphrase: whoever
 * can write it can replace it whole. Compare the public key with the one expected.
 */
#ifndef CRYPTO_KEYFILE_H
#define CRYPTO_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/buffer.h"
#include "crypto/result.h"
#include "crypto/rng.h"
#include "crypto/slice.h"

#define KEYFILE_KIND_MAX 32
#define KEYFILE_PUBLIC_MAX 512
#define KEYFILE_SECRET_MAX 65536

/* What a guess at the passphrase costs. */
struct keyfile_cost {
	uint64_t passes; /* 1..KEYFILE_PASSES_MAX */
	uint64_t kib;    /* KEYFILE_KIB_MIN..KEYFILE_KIB_MAX, memory */
};

/* A file cannot ask for more than 1 GiB and some ten seconds. */
#define KEYFILE_PASSES_MAX 16
#define KEYFILE_KIB_MIN 8
#define KEYFILE_KIB_MAX 1048576

/* Half a second and 256 MiB: libsodium's "moderate". */
extern const struct keyfile_cost keyfile_cost_default;

/* What can be read without the passphrase. It is not to be trusted before
 * keyfile_open was good. */
struct keyfile {
	char kind[KEYFILE_KIND_MAX + 1];
	uint8_t public[KEYFILE_PUBLIC_MAX];
	size_t public_len;
	int locked; /* 1: needs a passphrase */
};

/* Add the text of a key file. `kind` is 1..32 of a-z, 0-9 and dash; the secret has at
 * least one byte. With passphrase.p NULL it is not locked and `cost` is not looked at.
 * R_BAD_INPUT: an empty passphrase, or another argument out of its bounds; R_NO_MEMORY. */
enum result keyfile_seal(struct buffer *out, const char *kind, struct slice public,
    struct slice secret, struct slice passphrase, const struct keyfile_cost *cost, struct rng *rng);

/* Read what stands outside: R_GOOD, R_KEY_CORRUPT. */
enum result keyfile_read(struct keyfile *out, struct slice text);

/* Open it. *secret is freed, and wiped, with mem_free. `passphrase` is not looked at if
 * the file is not locked. R_KEY_CORRUPT: damaged, or the wrong passphrase, none
 * included; R_NO_MEMORY. On refusal *secret is NULL. */
enum result keyfile_open(struct keyfile *out, uint8_t **secret, size_t *secret_len,
    struct slice text, struct slice passphrase);

#endif
