#include "crypto/sha512_lanes.h"

#include <string.h>

#include <sodium.h>

#if TABELLA_IFMA

#include "crypto/cpu.h"

#define LANES 8
#define BLOCK 128

/* One word of each message. */
typedef uint64_t words __attribute__((vector_size(8 * LANES)));

/* The first 64 bits of the fractional parts of the square roots of the first 8 primes, */
static const uint64_t initial[8] = {
	0x6a09e667f3bcc908,
	0xbb67ae8584caa73b,
	0x3c6ef372fe94f82b,
	0xa54ff53a5f1d36f1,
	0x510e527fade682d1,
	0x9b05688c2b3e6c1f,
	0x1f83d9abfb41bd6b,
	0x5be0cd19137e2179,
};

/* and of the cube roots of the first 80. */
static const uint64_t constants[80] = {
	0x428a2f98d728ae22,
	0x7137449123ef65cd,
	0xb5c0fbcfec4d3b2f,
	0xe9b5dba58189dbbc,
	0x3956c25bf348b538,
	0x59f111f1b605d019,
	0x923f82a4af194f9b,
	0xab1c5ed5da6d8118,
	0xd807aa98a3030242,
	0x12835b0145706fbe,
	0x243185be4ee4b28c,
	0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f,
	0x80deb1fe3b1696b1,
	0x9bdc06a725c71235,
	0xc19bf174cf692694,
	0xe49b69c19ef14ad2,
	0xefbe4786384f25e3,
	0x0fc19dc68b8cd5b5,
	0x240ca1cc77ac9c65,
	0x2de92c6f592b0275,
	0x4a7484aa6ea6e483,
	0x5cb0a9dcbd41fbd4,
	0x76f988da831153b5,
	0x983e5152ee66dfab,
	0xa831c66d2db43210,
	0xb00327c898fb213f,
	0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2,
	0xd5a79147930aa725,
	0x06ca6351e003826f,
	0x142929670a0e6e70,
	0x27b70a8546d22ffc,
	0x2e1b21385c26c926,
	0x4d2c6dfc5ac42aed,
	0x53380d139d95b3df,
	0x650a73548baf63de,
	0x766a0abb3c77b2a8,
	0x81c2c92e47edaee6,
	0x92722c851482353b,
	0xa2bfe8a14cf10364,
	0xa81a664bbc423001,
	0xc24b8b70d0f89791,
	0xc76c51a30654be30,
	0xd192e819d6ef5218,
	0xd69906245565a910,
	0xf40e35855771202a,
	0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8,
	0x1e376c085141ab53,
	0x2748774cdf8eeb99,
	0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63,
	0x4ed8aa4ae3418acb,
	0x5b9cca4f7763e373,
	0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc,
	0x78a5636f43172f60,
	0x84c87814a1f0ab72,
	0x8cc702081a6439ec,
	0x90befffa23631e28,
	0xa4506cebde82bde9,
	0xbef9a3f7b2c67915,
	0xc67178f2e372532b,
	0xca273eceea26619c,
	0xd186b8c721c0c207,
	0xeada7dd6cde0eb1e,
	0xf57d4f7fee6ed178,
	0x06f067aa72176fba,
	0x0a637dc5a2c898a6,
	0x113f9804bef90dae,
	0x1b710b35131c471b,
	0x28db77f523047d84,
	0x32caab7b40c72493,
	0x3c9ebe0a15c9bebc,
	0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6,
	0x597f299cfc657e2a,
	0x5fcb6fab3ad6faec,
	0x6c44198c4a475817,
};

/* The functions of FIPS 180-4, 4.1.3. */
#define ROTATE(x, n) ((x) >> (n) | (x) << (64 - (n)))
#define BIG_SIGMA_0(x) (ROTATE(x, 28) ^ ROTATE(x, 34) ^ ROTATE(x, 39))
#define BIG_SIGMA_1(x) (ROTATE(x, 14) ^ ROTATE(x, 18) ^ ROTATE(x, 41))
#define SMALL_SIGMA_0(x) (ROTATE(x, 1) ^ ROTATE(x, 8) ^ (x) >> 7)
#define SMALL_SIGMA_1(x) (ROTATE(x, 19) ^ ROTATE(x, 61) ^ (x) >> 6)
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))

/* The message's next word, in the place of the one sixteen before. */
#define NEXT(w, t) \
	((w)[(t) % 16] += SMALL_SIGMA_1((w)[((t) + 14) % 16]) + (w)[((t) + 9) % 16] + \
		SMALL_SIGMA_0((w)[((t) + 1) % 16]))

/* One round; the variables change their names instead of their places. */
#define ROUND(a, b, c, d, e, f, g, h, k, word) \
	do { \
		h += BIG_SIGMA_1(e) + CHOOSE(e, f, g) + (k) + (word); \
		d += h; \
		h += BIG_SIGMA_0(a) + MAJORITY(a, b, c); \
	} while (0)

#define EIGHT_ROUNDS(s, k, WORD, t) \
	do { \
		ROUND(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], (k)[(t) + 0], WORD(t + 0)); \
		ROUND(s[7], s[0], s[1], s[2], s[3], s[4], s[5], s[6], (k)[(t) + 1], WORD(t + 1)); \
		ROUND(s[6], s[7], s[0], s[1], s[2], s[3], s[4], s[5], (k)[(t) + 2], WORD(t + 2)); \
		ROUND(s[5], s[6], s[7], s[0], s[1], s[2], s[3], s[4], (k)[(t) + 3], WORD(t + 3)); \
		ROUND(s[4], s[5], s[6], s[7], s[0], s[1], s[2], s[3], (k)[(t) + 4], WORD(t + 4)); \
		ROUND(s[3], s[4], s[5], s[6], s[7], s[0], s[1], s[2], (k)[(t) + 5], WORD(t + 5)); \
		ROUND(s[2], s[3], s[4], s[5], s[6], s[7], s[0], s[1], (k)[(t) + 6], WORD(t + 6)); \
		ROUND(s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[0], (k)[(t) + 7], WORD(t + 7)); \
	} while (0)

#define FIRST_WORD(t) w[t]
#define NEXT_WORD(t) NEXT(w, t)

/* Hash one block of each message into the state. */
__attribute__((target("avx512f"))) static void
compress(words state[8], const words block[16])
{
	words s[8], w[16];
	unsigned t;

	memcpy(s, state, sizeof s);
	memcpy(w, block, sizeof w);
	EIGHT_ROUNDS(s, constants, FIRST_WORD, 0);
	EIGHT_ROUNDS(s, constants, FIRST_WORD, 8);
	for (t = 16; t < 80; t += 16) {
		EIGHT_ROUNDS(s, constants + t, NEXT_WORD, 0);
		EIGHT_ROUNDS(s, constants + t, NEXT_WORD, 8);
	}
	for (t = 0; t < 8; t++)
		state[t] += s[t];
}

/* Make the block that stands `at` bytes into the padded message. */
static void
pad(uint8_t block[BLOCK], const uint8_t *message, size_t len, size_t at)
{
	const size_t rest = at < len ? len - at : 0;
	unsigned i;

	if (rest >= BLOCK) {
		memcpy(block, message + at, BLOCK);
		return;
	}
	memset(block, 0, BLOCK);
	if (rest > 0)
		memcpy(block, message + at, rest);
	if (at <= len)
		block[rest] = 0x80;
	if (rest + 17 <= BLOCK)
		for (i = 0; i < 8; i++)
			block[BLOCK - 8 + i] = (uint8_t)((uint64_t)len * 8 >> (56 - 8 * i));
}

/* Word t of the block of a lane. */
static inline uint64_t
read_word(const uint8_t *block, unsigned t)
{
	uint64_t x;

	memcpy(&x, block + 8 * (size_t)t, sizeof x);
	return __builtin_bswap64(x);
}

__attribute__((target("avx512f"))) int
sha512_eight(uint8_t *out, const uint8_t *data, size_t len)
{
	uint8_t blocks[LANES][BLOCK];
	words state[8], w[16];
	unsigned lane, t;
	uint64_t x;
	size_t at;

	if (cpu_chosen() < CPU_IFMA)
		return 0;
	for (t = 0; t < 8; t++)
		state[t] = initial[t] - (words){ 0 };
	for (at = 0; at < len + 17; at += BLOCK) {
		for (lane = 0; lane < LANES; lane++) {
			pad(blocks[lane], data + lane * len, len, at);
			for (t = 0; t < 16; t++)
				w[t][lane] = read_word(blocks[lane], t);
		}
		compress(state, w);
	}
	for (lane = 0; lane < LANES; lane++)
		for (t = 0; t < 8; t++) {
			x = __builtin_bswap64(state[t][lane]);
			memcpy(out + 64 * lane + 8 * t, &x, sizeof x);
		}
	sodium_memzero(blocks, sizeof blocks);
	sodium_memzero(w, sizeof w);
	sodium_memzero(state, sizeof state);
	return 1;
}

#else

int
sha512_eight(uint8_t *out, const uint8_t *data, size_t len)
{
	(void)out;
	(void)data;
	(void)len;
	return 0;
}

#endif
