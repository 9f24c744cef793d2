/*
 * test_rng: the stream, what is drawn from it, and what happens without a source of
 * randomness. Linked with --wrap=getrandom, so that the source can be made to fail.
 */
#include <check.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "crypto/mem.h"
#include "crypto/rng.h"

/* ---- the operating system's source, as the cases want it ---- */

static struct {
	int calls;
	int interrupted; /* this many calls fail with EINTR first */
	int error;       /* then each call fails with this errno */
	size_t at_most;  /* bytes a call; 0: as many as are asked for */
} source;

ssize_t __real_getrandom(void *buf, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *buf, size_t n, unsigned flags);

ssize_t
__wrap_getrandom(void *buf, size_t n, unsigned flags)
{
	source.calls++;
	if (source.interrupted > 0) {
		source.interrupted--;
		errno = EINTR;
		return -1;
	}
	if (source.error != 0) {
		errno = source.error;
		return -1;
	}
	if (source.at_most > 0 && n > source.at_most)
		n = source.at_most;
	return __real_getrandom(buf, n, flags);
}

START_TEST(system_streams_differ)
{
	uint8_t a[64], b[64];
	struct rng rng;

	ck_assert_int_eq(rng_system(&rng), R_GOOD);
	ck_assert_int_eq(source.calls, 1);
	rng_fill(&rng, a, sizeof a);
	ck_assert_int_eq(rng_system(&rng), R_GOOD);
	rng_fill(&rng, b, sizeof b);
	ck_assert_mem_ne(a, b, sizeof a);
}
END_TEST

START_TEST(system_asks_again)
{
	const uint8_t zeros[32] = { 0 };
	struct rng rng;
	int i;

	source.interrupted = 3;
	source.at_most = 5;
	memset(&rng, 0, sizeof rng);
	ck_assert_int_eq(rng_system(&rng), R_GOOD);
	ck_assert_int_eq(source.calls, 3 + 7);
	/* every piece of the key has been filled */
	for (i = 0; i < 28; i++)
		ck_assert_mem_ne(rng.key + i, zeros, 5);
}
END_TEST

START_TEST(system_fails)
{
	static const int errors[] = { ENOSYS, EIO, EPERM, EAGAIN };
	struct rng rng, zero;

	memset(&rng, 0xaa, sizeof rng);
	memset(&zero, 0, sizeof zero);
	source.error = errors[_i];
	ck_assert_int_eq(rng_system(&rng), R_NO_RANDOM);
	ck_assert_mem_eq(&rng, &zero, sizeof rng);
	ck_assert_int_eq(mem_init(), R_NO_RANDOM);
}
END_TEST

/* ---- the stream ---- */

/* ChaCha20 from its description. */
static uint32_t
rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static void
quarter(uint32_t x[16], int a, int b, int c, int d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

static void
slow_block(uint8_t out[64], const uint8_t key[32], uint64_t counter)
{
	uint32_t in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }, x[16];
	int i;

	for (i = 0; i < 8; i++)
		in[4 + i] = (uint32_t)key[4 * i] | (uint32_t)key[4 * i + 1] << 8 |
		    (uint32_t)key[4 * i + 2] << 16 | (uint32_t)key[4 * i + 3] << 24;
	in[12] = (uint32_t)counter;
	in[13] = (uint32_t)(counter >> 32);
	memcpy(x, in, sizeof x);
	for (i = 0; i < 10; i++) {
		quarter(x, 0, 4, 8, 12);
		quarter(x, 1, 5, 9, 13);
		quarter(x, 2, 6, 10, 14);
		quarter(x, 3, 7, 11, 15);
		quarter(x, 0, 5, 10, 15);
		quarter(x, 1, 6, 11, 12);
		quarter(x, 2, 7, 8, 13);
		quarter(x, 3, 4, 9, 14);
	}
	for (i = 0; i < 64; i++)
		out[i] = (uint8_t)((x[i / 4] + in[i / 4]) >> (8 * (i % 4)));
}

/* RFC 8439 A.1, 1 and 2, whose nonce and counter are zero but for the lowest word and
 * so the same in both variants. */
START_TEST(known_stream)
{
	static const char *const hex =
	    "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
	    "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
	    "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
	    "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f";
	uint8_t want[128], have[128], slow[128];
	const uint8_t zeros[32] = { 0 };
	struct rng rng;
	size_t got;

	ck_assert_int_eq(sodium_hex2bin(want, sizeof want, hex, 256, NULL, &got, NULL), 0);
	rng_seeded(&rng, zeros);
	rng_fill(&rng, have, sizeof have);
	ck_assert_mem_eq(have, want, sizeof want);
	slow_block(slow, zeros, 0);
	slow_block(slow + 64, zeros, 1);
	ck_assert_mem_eq(slow, want, sizeof want);
}
END_TEST

/* However it is cut up, it is one stream. */
START_TEST(pieces)
{
	enum { ALL = 64 * 300 };
	static const size_t sizes[] = { 1, 0, 63, 64, 65, 7, 128, 127, 129, 1, 1, 200, 0, 1000 };
	static uint8_t want[ALL], have[ALL];
	uint8_t key[32];
	struct rng rng;
	size_t at, n, i;

	memset(key, 0x42, sizeof key);
	for (i = 0; i < ALL / 64; i++)
		slow_block(want + 64 * i, key, i);
	rng_seeded(&rng, key);
	for (at = 0, i = 0; at < ALL; at += n, i++) {
		n = sizes[i % (sizeof sizes / sizeof sizes[0])];
		if (n > ALL - at)
			n = ALL - at;
		rng_fill(&rng, have + at, n);
	}
	ck_assert_mem_eq(have, want, ALL);
	rng_fill(&rng, NULL, 0);
}
END_TEST

/* Long reads go another way than short ones. */
START_TEST(long_pieces)
{
	enum { ALL = 64 * 5000 };
	static const size_t sizes[] = { 64 * 7, 64 * 8, 3, 64 * 9 + 5, 20000, 64 * 8 - 1, 61,
		64 * 16, 100000, 64 * 100 };
	static uint8_t want[ALL], have[ALL];
	uint8_t key[32];
	struct rng rng;
	size_t at, n, i;

	memset(key, 0x24, sizeof key);
	for (i = 0; i < ALL / 64; i++)
		slow_block(want + 64 * i, key, i);
	rng_seeded(&rng, key);
	for (at = 0, i = 0; at < ALL; at += n, i++) {
		n = sizes[i % (sizeof sizes / sizeof sizes[0])];
		if (n > ALL - at)
			n = ALL - at;
		rng_fill(&rng, have + at, n);
	}
	ck_assert_mem_eq(have, want, ALL);
	rng_seeded(&rng, key);
	rng_fill(&rng, have, ALL);
	ck_assert_mem_eq(have, want, ALL);
}
END_TEST

/* Long reads around the place where the lower half of the counter is full. */
START_TEST(long_counter)
{
	enum { BLOCKS = 100 };
	static uint8_t want[64 * BLOCKS], have[64 * BLOCKS];
	const uint64_t places[] = { UINT32_MAX - BLOCKS, UINT32_MAX - BLOCKS + 1,
		UINT32_MAX - BLOCKS + 2, UINT32_MAX - 20, UINT32_MAX, (uint64_t)UINT32_MAX + 1,
		UINT64_C(0x123456789abcdef0) };
	uint8_t key[32] = "key";
	struct rng rng;
	size_t i;

	rng_seeded(&rng, key);
	for (i = 0; i < BLOCKS; i++)
		slow_block(want + 64 * i, key, places[_i] + i);
	rng.block = places[_i];
	rng_fill(&rng, have, sizeof have);
	ck_assert_mem_eq(have, want, sizeof have);
	ck_assert_uint_eq(rng.block, places[_i] + BLOCKS);
}
END_TEST

/* The counter has 64 bits. */
START_TEST(counter_is_long)
{
	const uint64_t last = UINT32_MAX;
	uint8_t want[128], have[128], key[32] = "key";
	struct rng rng;

	rng_seeded(&rng, key);
	rng.block = last;
	slow_block(want, key, last);
	slow_block(want + 64, key, last + 1);
	rng_fill(&rng, have, 128);
	ck_assert_mem_eq(have, want, 128);
	rng.block = last;
	rng_fill(&rng, have, 70);
	rng_fill(&rng, have + 70, 58);
	ck_assert_mem_eq(have, want, 128);
}
END_TEST

/* What was given away is not kept. */
START_TEST(forgets)
{
	uint8_t out[40], key[32] = "key";
	struct rng rng, zero;
	size_t i;

	rng_seeded(&rng, key);
	rng_fill(&rng, out, sizeof out);
	for (i = 0; i < sizeof out; i++)
		ck_assert_uint_eq(rng.left[i], 0);
	rng_wipe(&rng);
	memset(&zero, 0, sizeof zero);
	ck_assert_mem_eq(&rng, &zero, sizeof rng);
}
END_TEST

/* ---- hedged streams ---- */

static void
framed(crypto_hash_sha512_state *state, const void *bytes, size_t n)
{
	const uint8_t length[8] = { 0, 0, 0, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n };

	crypto_hash_sha512_update(state, length, 8);
	crypto_hash_sha512_update(state, bytes, n);
}

START_TEST(hedged)
{
	uint8_t secret[32] = "secret", statement[300] = "statement", seed[32] = "seed";
	uint8_t fresh[32], key[64], want[100], have[100];
	crypto_hash_sha512_state state;
	struct rng from, rng, again;

	rng_seeded(&from, seed);
	rng_hedged(&rng, &from, "label", secret, sizeof secret, statement, sizeof statement);
	rng_fill(&rng, have, sizeof have);

	rng_seeded(&again, seed);
	rng_fill(&again, fresh, sizeof fresh);
	crypto_hash_sha512_init(&state);
	framed(&state, "label", 5);
	framed(&state, secret, sizeof secret);
	framed(&state, statement, sizeof statement);
	framed(&state, fresh, sizeof fresh);
	crypto_hash_sha512_final(&state, key);
	rng_seeded(&rng, key);
	rng_fill(&rng, want, sizeof want);
	ck_assert_mem_eq(have, want, sizeof want);

	/* 32 bytes of the source are used up, no more */
	rng_fill(&from, have, sizeof have);
	rng_fill(&again, want, sizeof want);
	ck_assert_mem_eq(have, want, sizeof want);
}
END_TEST

/* Even with the same randomness, anything else that differs makes another stream;
 * and a byte may not move from one field to the next. */
START_TEST(hedged_streams_differ)
{
	static const struct {
		const char *label;
		const char *secret;
		const char *statement;
		const char *seed;
	} cases[] = {
		{ "label", "secret", "statement", "0123456789abcdef0123456789abcdef" },
		{ "lbel", "secret", "statement", "0123456789abcdef0123456789abcdef" },
		{ "label", "secre", "statement", "0123456789abcdef0123456789abcdef" },
		{ "label", "secret", "statemen", "0123456789abcdef0123456789abcdef" },
		{ "label", "secret", "statement", "1123456789abcdef0123456789abcdef" },
		{ "labels", "ecret", "statement", "0123456789abcdef0123456789abcdef" },
		{ "label", "secrets", "tatement", "0123456789abcdef0123456789abcdef" },
		{ "label", "", "secretstatement", "0123456789abcdef0123456789abcdef" },
		{ "label", "secretstatement", "", "0123456789abcdef0123456789abcdef" },
	};
	enum { N = sizeof cases / sizeof cases[0] };
	uint8_t out[N][32];
	struct rng from, rng;
	size_t i, j;

	for (i = 0; i < N; i++) {
		rng_seeded(&from, (const uint8_t *)cases[i].seed);
		rng_hedged(&rng, &from, cases[i].label, (const uint8_t *)cases[i].secret,
		    strlen(cases[i].secret), (const uint8_t *)cases[i].statement,
		    strlen(cases[i].statement));
		rng_fill(&rng, out[i], sizeof out[i]);
		for (j = 0; j < i; j++)
			ck_assert_mem_ne(out[i], out[j], sizeof out[i]);
	}
}
END_TEST

/* ---- integers ---- */

START_TEST(below)
{
	static const uint32_t bounds[] = { 1, 2, 3, 10, 1000, 0x7fffffff, 0x80000000, 0x80000001,
		0xc0000000, 0xfffffffe, 0xffffffff };
	const uint32_t bound = bounds[_i];
	const uint64_t limit = (UINT64_C(1) << 32) - (UINT64_C(1) << 32) % bound;
	uint8_t b[4], key[32] = "below";
	struct rng rng, slow;
	uint64_t x;
	int i;

	rng_seeded(&rng, key);
	rng_seeded(&slow, key);
	for (i = 0; i < 2000; i++) {
		do {
			rng_fill(&slow, b, sizeof b);
			x = b[0] + 256u * (b[1] + 256u * (b[2] + 256u * (uint64_t)b[3]));
		} while (x >= limit);
		ck_assert_uint_eq(rng_below(&rng, bound), x % bound);
	}
}
END_TEST

START_TEST(below_is_even)
{
	unsigned count[7] = { 0 }, i;
	uint8_t key[32] = "even";
	struct rng rng;

	rng_seeded(&rng, key);
	for (i = 0; i < 70000; i++)
		count[rng_below(&rng, 7)]++;
	/* 10000 each, give or take six standard deviations of 93 */
	for (i = 0; i < 7; i++) {
		ck_assert_uint_gt(count[i], 9440);
		ck_assert_uint_lt(count[i], 10560);
	}
}
END_TEST

/* A permutation is one number after the other, and takes no more of the stream. The
 * longest has about ten numbers that are refused. */
START_TEST(permutations)
{
	static const uint32_t sizes[] = { 0, 1, 2, 3, 10, 1023, 1024, 1025, 1026, 5000, 300000 };
	const uint32_t n = sizes[_i];
	uint32_t *have, *want, i, j, swap;
	uint8_t key[32] = "key", a[8], b[8];
	struct rng rng, other;

	have = calloc(n + 1, sizeof *have);
	want = calloc(n + 1, sizeof *want);
	ck_assert_ptr_nonnull(have);
	ck_assert_ptr_nonnull(want);
	rng_seeded(&rng, key);
	rng_seeded(&other, key);
	for (i = 0; i < n; i++)
		want[i] = i;
	for (i = n; i > 1; i--) {
		j = rng_below(&other, i);
		swap = want[i - 1];
		want[i - 1] = want[j];
		want[j] = swap;
	}
	rng_permutation(&rng, have, n);
	ck_assert_mem_eq(have, want, (n + 1) * sizeof *have);
	rng_fill(&rng, a, sizeof a);
	rng_fill(&other, b, sizeof b);
	ck_assert_mem_eq(a, b, sizeof a);
	/* the stream is not where it would be without refusals */
	if (n == 300000)
		ck_assert_uint_gt(64 * other.block - 64 + other.used, 4 * (uint64_t)(n - 1) + 8);
	free(have);
	free(want);
}
END_TEST

/* Every permutation of four, equally often: 24000 / 24 each, give or take six standard
 * deviations of 31. */
START_TEST(permutations_are_even)
{
	unsigned count[256] = { 0 }, seen = 0, i;
	uint8_t key[32] = "key";
	struct rng rng;
	uint32_t p[4];

	rng_seeded(&rng, key);
	for (i = 0; i < 24000; i++) {
		rng_permutation(&rng, p, 4);
		count[p[0] << 6 | p[1] << 4 | p[2] << 2 | p[3]]++;
	}
	for (i = 0; i < 256; i++) {
		if (count[i] == 0)
			continue;
		seen++;
		ck_assert_uint_gt(count[i], 814);
		ck_assert_uint_lt(count[i], 1186);
	}
	ck_assert_uint_eq(seen, 24);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rng");
	TCase *tc = tcase_create("rng");
	SRunner *runner;
	int failed;

	if (mem_init() != R_GOOD)
		return EXIT_FAILURE;
	source.calls = 0;
	tcase_add_test(tc, system_streams_differ);
	tcase_add_test(tc, system_asks_again);
	tcase_add_loop_test(tc, system_fails, 0, 4);
	tcase_add_test(tc, known_stream);
	tcase_add_test(tc, pieces);
	tcase_add_test(tc, counter_is_long);
	tcase_add_test(tc, long_pieces);
	tcase_add_loop_test(tc, long_counter, 0, 7);
	tcase_add_test(tc, forgets);
	tcase_add_test(tc, hedged);
	tcase_add_test(tc, hedged_streams_differ);
	tcase_add_loop_test(tc, below, 0, 11);
	tcase_add_test(tc, below_is_even);
	tcase_add_loop_test(tc, permutations, 0, 11);
	tcase_add_test(tc, permutations_are_even);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
