/* Hashes, a KiB at a time beside libsodium's. */
#include <sodium.h>
#include <stdlib.h>

#include "crypto/hash.h"
#include "tests/bench/bench.h"

#define KIB ((size_t)1024)

static void
make(struct bench *b)
{
	b->data = bench_memory(b->n, KIB);
	rng_fill(&b->rng, b->data, b->n * KIB);
}

static void
end(struct bench *b)
{
	free(b->data);
}

static void
run_sha256(struct bench *b)
{
	struct digest out;

	sha256(&out, b->data, b->n * KIB);
}

static void
run_sha512(struct bench *b)
{
	uint8_t out[64];

	sha512(out, b->data, b->n * KIB);
}

static void
sodium_sha256(void *ctx)
{
	const struct bench *b = ctx;
	uint8_t out[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(out, b->data, b->n * KIB);
}

static void
sodium_sha512(void *ctx)
{
	const struct bench *b = ctx;
	uint8_t out[crypto_hash_sha512_BYTES];

	(void)crypto_hash_sha512(out, b->data, b->n * KIB);
}

static double
other_sha256(struct bench *b)
{
	return bench_quickest(sodium_sha256, b) * 1e6 / (double)b->n;
}

static double
other_sha512(struct bench *b)
{
	return bench_quickest(sodium_sha512, b) * 1e6 / (double)b->n;
}

const struct row rows_hash[] = {
	{ .name = "sha256", SIZES_HASH, make, run_sha256, end, .other = other_sha256 },
	{ .name = "sha512", SIZES_HASH, make, run_sha512, end, .other = other_sha512 },
	{ .name = NULL },
};
