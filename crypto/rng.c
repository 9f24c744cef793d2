#include "crypto/rng.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/random.h>

#define BLOCK 64

static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

static void
start(struct rng *rng)
{
	rng->block = 0;
	rng->used = BLOCK;
	sodium_memzero(rng->left, sizeof rng->left);
}

/* Make n whole blocks of the stream. */
static void
blocks(struct rng *rng, uint8_t *out, size_t n)
{
	memset(out, 0, n * BLOCK);
	crypto_stream_chacha20_xor_ic(out, out, n * BLOCK, nonce, rng->block, rng->key);
	rng->block += n;
}

enum result
rng_system(struct rng *rng)
{
	size_t have = 0;
	ssize_t n;

	/* getrandom itself and not libsodium, which aborts when it fails: the caller
	 * has a journal to close and a person to tell. */
	while (have < sizeof rng->key) {
		n = getrandom(rng->key + have, sizeof rng->key - have, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rng_wipe(rng);
			return R_NO_RANDOM;
		}
		have += (size_t)n;
	}
	start(rng);
	return R_GOOD;
}

void
rng_seeded(struct rng *rng, const uint8_t seed[32])
{
	memcpy(rng->key, seed, sizeof rng->key);
	start(rng);
}

static void
absorb(crypto_hash_sha512_state *state, const void *bytes, size_t n)
{
	uint8_t length[8];
	unsigned i;

	for (i = 0; i < sizeof length; i++)
		length[i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
	crypto_hash_sha512_update(state, length, sizeof length);
	if (n > 0)
		crypto_hash_sha512_update(state, bytes, n);
}

void
rng_hedged(struct rng *out, struct rng *from, const char *label, const uint8_t *secret,
    size_t secret_len, const uint8_t *statement, size_t statement_len)
{
	crypto_hash_sha512_state state;
	uint8_t fresh[32], hash[crypto_hash_sha512_BYTES];

	rng_fill(from, fresh, sizeof fresh);
	crypto_hash_sha512_init(&state);
	absorb(&state, label, strlen(label));
	absorb(&state, secret, secret_len);
	absorb(&state, statement, statement_len);
	absorb(&state, fresh, sizeof fresh);
	crypto_hash_sha512_final(&state, hash);
	rng_seeded(out, hash);
	sodium_memzero(&state, sizeof state);
	sodium_memzero(fresh, sizeof fresh);
	sodium_memzero(hash, sizeof hash);
}

void
rng_fill(struct rng *rng, uint8_t *out, size_t n)
{
	size_t take;

	if (n == 0)
		return;
	take = BLOCK - rng->used < n ? BLOCK - rng->used : n;
	memcpy(out, rng->left + rng->used, take);
	/* What has been given away must not be found here later. */
	sodium_memzero(rng->left + rng->used, take);
	rng->used += take;
	out += take;
	n -= take;

	blocks(rng, out, n / BLOCK);
	out += n / BLOCK * BLOCK;
	n %= BLOCK;

	if (n > 0) {
		blocks(rng, rng->left, 1);
		memcpy(out, rng->left, n);
		sodium_memzero(rng->left, n);
		rng->used = n;
	}
}

uint32_t
rng_below(struct rng *rng, uint32_t bound)
{
	const uint64_t limit = (UINT64_C(1) << 32) / bound * bound;
	uint8_t bytes[4];
	uint32_t x;

	do {
		rng_fill(rng, bytes, sizeof bytes);
		x = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		    (uint32_t)bytes[3] << 24;
	} while (x >= limit);
	sodium_memzero(bytes, sizeof bytes);
	return x % bound;
}

void
rng_wipe(struct rng *rng)
{
	sodium_memzero(rng, sizeof *rng);
}
