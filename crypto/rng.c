#include "crypto/rng.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "crypto/hash.h"

#define BLOCK 64

/* OpenSSL's cipher is seven times as fast as libsodium's, but setting it up takes as long as
 * this many blocks; and no call of it may take more than an int of bytes. */
#define BLOCKS_PAY 8
#define BLOCKS_MAX ((size_t)1 << 20)

/* Numbers of a permutation that are drawn at a time. */
#define DRAW 1024

static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

static void
start(struct rng *rng)
{
	rng->block = 0;
	rng->used = BLOCK;
	sodium_memzero(rng->left, sizeof rng->left);
}

/* Add n blocks of the stream, from the block `first` on, to out. Return 1, or 0 with out as it
 * was if OpenSSL lacks the cipher or the memory. */
static int
add_blocks(uint8_t *out, size_t n, const uint8_t key[32], uint64_t first)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t start_at[16] = { 0 };
	int done, fine = 0;
	unsigned i;

	/* OpenSSL counts 32 bits: let no call go beyond. */
	if (n > UINT64_C(0x100000000) - (first & 0xffffffff))
		return 0;
	for (i = 0; i < 8; i++)
		start_at[i] = (uint8_t)(first >> (8 * i));
	ctx = EVP_CIPHER_CTX_new();
	if (ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_chacha20(), NULL, key, start_at) == 1)
		fine = EVP_EncryptUpdate(ctx, out, &done, out, (int)(n * BLOCK)) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return fine;
}

/* Make n whole blocks of the stream. */
static void
blocks(struct rng *rng, uint8_t *out, size_t n)
{
	size_t take;

	memset(out, 0, n * BLOCK);
	for (; n > 0; n -= take, out += take * BLOCK) {
		take = n < BLOCKS_MAX ? n : BLOCKS_MAX;
		if (take < BLOCKS_PAY || !add_blocks(out, take, rng->key, rng->block))
			crypto_stream_chacha20_xor_ic(out, out, take * BLOCK, nonce, rng->block,
			    rng->key);
		rng->block += take;
	}
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
absorb(struct sha512 *hash, const void *bytes, size_t n)
{
	uint8_t length[8];
	unsigned i;

	for (i = 0; i < sizeof length; i++)
		length[i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
	sha512_add(hash, length, sizeof length);
	sha512_add(hash, bytes, n);
}

void
rng_hedged(struct rng *out, struct rng *from, const char *label, const uint8_t *secret,
    size_t secret_len, const uint8_t *statement, size_t statement_len)
{
	struct sha512 hash;
	uint8_t fresh[32], key[64];

	rng_fill(from, fresh, sizeof fresh);
	sha512_start(&hash);
	absorb(&hash, label, strlen(label));
	absorb(&hash, secret, secret_len);
	absorb(&hash, statement, statement_len);
	absorb(&hash, fresh, sizeof fresh);
	sha512_finish(&hash, key);
	rng_seeded(out, key);
	sodium_memzero(fresh, sizeof fresh);
	sodium_memzero(key, sizeof key);
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

/* Set *x, uniform below 2^32, to its remainder by bound; return 0 if it is among those at the
 * top that would make small remainders likelier: those from the last multiple of bound on. */
static int
fits(uint32_t *x, uint32_t bound)
{
	const uint32_t remainder = *x % bound;
	const uint64_t end = (uint64_t)(*x - remainder) + bound;

	*x = remainder;
	return end <= UINT64_C(1) << 32;
}

static uint32_t
read_u32(const uint8_t b[4])
{
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint32_t
rng_below(struct rng *rng, uint32_t bound)
{
	uint8_t bytes[4];
	uint32_t x;

	do {
		rng_fill(rng, bytes, sizeof bytes);
		x = read_u32(bytes);
	} while (!fits(&x, bound));
	sodium_memzero(bytes, sizeof bytes);
	return x;
}

void
rng_permutation(struct rng *rng, uint32_t *out, uint32_t n)
{
	uint8_t bytes[4 * DRAW];
	uint32_t i, k, j, swap, have = 0;

	for (i = 0; i < n; i++)
		out[i] = i;
	/* Every number from n down to 2 takes at least one draw: no more is read. */
	for (i = n, k = 0; i > 1; k++) {
		if (k == have) {
			have = i - 1 < DRAW ? i - 1 : DRAW;
			rng_fill(rng, bytes, 4 * (size_t)have);
			k = 0;
		}
		j = read_u32(bytes + 4 * (size_t)k);
		if (!fits(&j, i))
			continue;
		i--;
		swap = out[i];
		out[i] = out[j];
		out[j] = swap;
	}
	sodium_memzero(bytes, sizeof bytes);
}

void
rng_wipe(struct rng *rng)
{
	sodium_memzero(rng, sizeof *rng);
}
