/*
 * test_ristretto: the test vectors of RFC 9496, appendix A; and the group beside libsodium,
 * on random inputs and at the edges.
 */
#include <check.h>
#include <gmp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/group.h"
#include "crypto/ristretto_point.h"
#include "crypto/rng.h"
#include "tests/judge.h"
#include "tests/slow.h"
#include "tests/suite.h"

static void
unhex(uint8_t *out, size_t n, const char *hex)
{
	size_t got;

	ck_assert_int_eq(sodium_hex2bin(out, n, hex, strlen(hex), NULL, &got, NULL), 0);
	ck_assert_uint_eq(got, n);
}

/* A.1: the multiples 0..15 of the generator. */
static const char *const multiples[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
	"6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
	"94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
	"da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
	"e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e",
	"f64746d3c92b13050ed8d80236a7f0007c3b3f962f5ba793d19a601ebb1df403",
	"44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d",
	"903293d8f2287ebe10e2374dc1a53e0bc887e592699f02d077d5263cdd55601c",
	"02622ace8f7303a31cafc63f8fc48fdc16e1c8c8d234b2f0d6685282a9076031",
	"20706fd788b2720a1ed2a5dad4952b01f413bcf0e7564de8cdc816689e2db95f",
	"bce83f8ba5dd2fa572864c24ba1810f9522bc6004afe95877ac73241cafdab42",
	"e4549ee16b9aa03099ca208c67adafcafa4c3f3e4e5303de6026e3ca8ff84460",
	"aa52e000df2e16f55fb1032fc33bc42742dad6bd5a8fc0be0167436c5948501f",
	"46376b80f409b29dc2b5f6f0c52591990896e5716f41477cd30085ab7f10301e",
	"e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e",
};

START_TEST(multiples_of_the_generator)
{
	const struct group *g = group_by_name("ristretto255");
	uint8_t want[32], have[32], sum[32], base[32];
	struct gvec *v, *one;
	struct svec *e;
	mpz_t k;

	mpz_init_set_ui(k, (unsigned long)_i);
	unhex(want, sizeof want, multiples[_i]);
	ck_assert_int_eq(judge(g, want), _i == 0 ? R_BAD_ELEMENT : R_GOOD);
	ck_assert_int_eq(gvec_new(&v, g, 1), R_GOOD);
	ck_assert_int_eq(gvec_new(&one, g, 1), R_GOOD);
	ck_assert_int_eq(svec_new(&e, g, 1), R_GOOD);
	gvec_set_generator(one);
	svec_set_u64(e, 0, (uint64_t)_i);
	ck_assert_int_eq(gvec_pow(v, one, e, NULL), R_GOOD);
	ck_assert_int_eq(gvec_encode(have, sizeof have, v, NULL), R_GOOD);
	ck_assert_mem_eq(have, want, sizeof want);
	slow_generator(g, base);
	slow_pow(g, sum, base, k);
	ck_assert_mem_eq(sum, want, sizeof want);
	gvec_free(v);
	gvec_free(one);
	svec_free(e);
	mpz_clear(k);
}
END_TEST

/* A.2: what a decoder must refuse. */
static const struct {
	const char *hex;
	enum result why;
} refused[] = {
	/* not canonical */
	{ "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", R_NON_CANONICAL },
	{ "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", R_NON_CANONICAL },
	{ "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", R_NON_CANONICAL },
	{ "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", R_NON_CANONICAL },
	/* negative */
	{ "0100000000000000000000000000000000000000000000000000000000000000", R_NON_CANONICAL },
	{ "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", R_NON_CANONICAL },
	{ "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20", R_NON_CANONICAL },
	{ "c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562", R_NON_CANONICAL },
	{ "c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78", R_NON_CANONICAL },
	{ "47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24", R_NON_CANONICAL },
	{ "f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72", R_NON_CANONICAL },
	{ "87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309", R_NON_CANONICAL },
	/* x^2 is no square */
	{ "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371", R_NOT_IN_GROUP },
	{ "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f", R_NOT_IN_GROUP },
	{ "de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b", R_NOT_IN_GROUP },
	{ "bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042", R_NOT_IN_GROUP },
	{ "2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08", R_NOT_IN_GROUP },
	{ "f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22", R_NOT_IN_GROUP },
	{ "8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731", R_NOT_IN_GROUP },
	{ "2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b", R_NOT_IN_GROUP },
	/* xy is negative */
	{ "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e", R_NOT_IN_GROUP },
	{ "a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220", R_NOT_IN_GROUP },
	{ "d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e", R_NOT_IN_GROUP },
	{ "8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32", R_NOT_IN_GROUP },
	{ "32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b", R_NOT_IN_GROUP },
	{ "227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165", R_NOT_IN_GROUP },
	{ "5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e", R_NOT_IN_GROUP },
	{ "445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b", R_NOT_IN_GROUP },
	/* s = -1, for which y = 0 */
	{ "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", R_NOT_IN_GROUP },
};

#define REFUSED ((int)(sizeof refused / sizeof refused[0]))

START_TEST(refused_encodings)
{
	uint8_t bytes[32];

	unhex(bytes, sizeof bytes, refused[_i].hex);
	ck_assert_int_eq(judge(group_by_name("ristretto255"), bytes), refused[_i].why);
}
END_TEST

/* A.3: elements from uniform bytes; the last four differ in masked and unreduced
 * bits only. */
static const struct {
	const char *in, *out;
} mapped[] = {
	{ "5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1"
	  "4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6",
	    "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46" },
	{ "f116b34b8f17ceb56e8732a60d913dd10cce47a6d53bee9204be8b44f6678b27"
	  "0102a56902e2488c46120e9276cfe54638286b9e4b3cdb470b542d46c2068d38",
	    "f26e5b6f7d362d2d2a94c5d0e7602cb4773c95a2e5c31a64f133189fa76ed61b" },
	{ "8422e1bbdaab52938b81fd602effb6f89110e1e57208ad12d9ad767e2e25510c"
	  "27140775f9337088b982d83d7fcf0b2fa1edffe51952cbe7365e95c86eaf325c",
	    "006ccd2a9e6867e6a2c5cea83d3302cc9de128dd2a9a57dd8ee7b9d7ffe02826" },
	{ "ac22415129b61427bf464e17baee8db65940c233b98afce8d17c57beeb7876c2"
	  "150d15af1cb1fb824bbd14955f2b57d08d388aab431a391cfc33d5bafb5dbbaf",
	    "f8f0c87cf237953c5890aec3998169005dae3eca1fbb04548c635953c817f92a" },
	{ "165d697a1ef3d5cf3c38565beefcf88c0f282b8e7dbd28544c483432f1cec767"
	  "5debea8ebb4e5fe7d6f6e5db15f15587ac4d4d4a1de7191e0c1ca6664abcc413",
	    "ae81e7dedf20a497e10c304a765c1767a42d6e06029758d2d7e8ef7cc4c41179" },
	{ "a836e6c9a9ca9f1e8d486273ad56a78c70cf18f0ce10abb1c7172ddd605d7fd2"
	  "979854f47ae1ccf204a33102095b4200e5befc0465accc263175485f0e17ea5c",
	    "e2705652ff9f5e44d3e841bf1c251cf7dddb77d140870d1ab2ed64f1a9ce8628" },
	{ "2cdc11eaeb95daf01189417cdddbf95952993aa9cb9c640eb5058d09702c7462"
	  "2c9965a697a3b345ec24ee56335b556e677b30e6f90ac77d781064f866a3c982",
	    "80bd07262511cdde4863f8a7434cef696750681cb9510eea557088f76d9e5065" },
	{ "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	  "1200000000000000000000000000000000000000000000000000000000000000",
	    "304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f" },
	{ "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
	  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	    "304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f" },
	{ "0000000000000000000000000000000000000000000000000000000000000080"
	  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	    "304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f" },
	{ "0000000000000000000000000000000000000000000000000000000000000000"
	  "1200000000000000000000000000000000000000000000000000000000000080",
	    "304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f" },
};

#define MAPPED ((int)(sizeof mapped / sizeof mapped[0]))

/* The group's own map, libsodium's and the reference must agree with the RFC. */
START_TEST(map)
{
	uint8_t in[64], want[32], have[32];
	struct ed point;

	unhex(in, sizeof in, mapped[_i].in);
	unhex(want, sizeof want, mapped[_i].out);
	slow_ristretto_map(have, in);
	ck_assert_mem_eq(have, want, sizeof want);
	ck_assert_int_eq(crypto_core_ristretto255_from_hash(have, in), 0);
	ck_assert_mem_eq(have, want, sizeof want);
	ristretto_map(&point, in);
	ristretto_encode(have, &point);
	ck_assert_mem_eq(have, want, sizeof want);
	ristretto_map_many(&point, in, 1);
	ristretto_encode(have, &point);
	ck_assert_mem_eq(have, want, sizeof want);
}
END_TEST

/* The leniency of libsodium 1.0.18 that must not come through. */
START_TEST(top_bit)
{
	const struct group *g = group_by_name("ristretto255");
	uint8_t bytes[32];
	int i;

	for (i = 0; i < 16; i++) {
		unhex(bytes, sizeof bytes, multiples[i]);
		bytes[31] |= 0x80;
		ck_assert_int_eq(judge(g, bytes), R_NON_CANONICAL);
	}
}
END_TEST

/* ---- beside libsodium ---- */

/* How many of each; beyond these, `make check` would notice the time. */
#define RANDOM 300

/* What libsodium says of an encoding; strictly, as it ignores the top bit. */
static int
sodium_takes(const uint8_t s[32])
{
	const uint8_t zero[32] = { 0 };
	uint8_t again[32];

	return crypto_core_ristretto255_add(again, s, zero) == 0 && memcmp(again, s, 32) == 0;
}

/* Decode with both and with the definition; encode again. */
static void
decodes_alike(const uint8_t s[32])
{
	const struct group *g = group_by_name("ristretto255");
	uint8_t again[32];
	enum result r;
	struct ed p;

	r = ristretto_decode(&p, s);
	ck_assert_int_eq(r == R_GOOD, sodium_takes(s));
	ck_assert_int_eq(r, slow_decode(g, s, DECODE_ANY));
	if (r == R_GOOD) {
		ristretto_encode(again, &p);
		ck_assert_mem_eq(again, s, 32);
	}
}

/* Add a small number, of either sign, to a little-endian one. */
static void
shift(uint8_t s[32], int by)
{
	int i, x = by;

	for (i = 0; i < 32; i++) {
		x += s[i];
		s[i] = (uint8_t)(x & 0xff);
		x = (x - (x & 0xff)) / 256;
	}
}

/* Around 0, p, 2^255, the limbs' borders, the roots of -1 and of the curve's constants, the
 * generator's multiples. */
START_TEST(edge_encodings)
{
	static const char *const at[] = {
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"0000000000000800000000000000000000000000000000000000000000000000",
		"0000000000000000000000004000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000002000000000000000000000000",
		"0000000000000000000000000000000000000000000000000010000000000000",
		"ffffffffffff070000000000000000000000000000000000f0ffffffffffff7f",
		/* sqrt(-1), d */
		"b0a00e4a271beec478e42fad0618432fa7d7fb3d99004d2b0bdfc14f8024832b",
		"a3785913ca4deb75abd841414d0a700098e879777940c78c73fe6f2bee6c0352",
	};
	uint8_t s[32];
	size_t i;
	int by;

	for (i = 0; i < 16 + sizeof at / sizeof at[0]; i++)
		for (by = -40; by <= 40; by++) {
			unhex(s, sizeof s, i < 16 ? multiples[i] : at[i - 16]);
			shift(s, by);
			decodes_alike(s);
			s[31] ^= 0x80;
			decodes_alike(s);
		}
}
END_TEST

START_TEST(random_encodings)
{
	const uint8_t seed[32] = "test_ristretto decode";
	uint8_t s[32], wide[64], want[32], have[32];
	struct rng rng;
	struct ed p;
	int i;

	rng_seeded(&rng, seed);
	for (i = 0; i < RANDOM; i++) {
		rng_fill(&rng, s, sizeof s);
		s[0] &= 0xfe;
		s[31] &= 0x7f;
		decodes_alike(s);
		rng_fill(&rng, wide, sizeof wide);
		ristretto_map(&p, wide);
		ristretto_encode(have, &p);
		ck_assert_int_eq(crypto_core_ristretto255_from_hash(want, wide), 0);
		ck_assert_mem_eq(have, want, sizeof want);
		decodes_alike(have);
	}
}
END_TEST

/* x = e + 4-torsion: every point of a class is the same element and encodes alike. */
START_TEST(classes)
{
	const uint8_t seed[32] = "test_ristretto torsion";
	/* (0, -1), (i, 0), (-i, 0): orders 2, 4, 4 */
	struct ed torsion[3] = { { { { 0 } }, { { 1 } }, { { 1 } }, { { 0 } } },
		{ fe_i, { { 0 } }, { { 1 } }, { { 0 } } },
		{ fe_i, { { 0 } }, { { 1 } }, { { 0 } } } };
	uint8_t wide[64], want[32], have[32];
	struct ed p, q, other;
	struct ed_cached add;
	struct rng rng;
	int i, k;

	fe_neg(&torsion[0].y, &torsion[0].y);
	fe_neg(&torsion[2].x, &torsion[2].x);
	rng_seeded(&rng, seed);
	for (i = 0; i < 20; i++) {
		rng_fill(&rng, wide, sizeof wide);
		ristretto_map(&other, wide);
		p = i == 0 ? ed_identity : i == 1 ? ed_generator : other;
		ristretto_encode(want, &p);
		for (k = 0; k < 3; k++) {
			ed_cache(&add, &torsion[k]);
			ed_add(&q, &p, &add);
			ck_assert(ristretto_equal(&p, &q));
			ristretto_encode(have, &q);
			ck_assert_mem_eq(have, want, sizeof want);
		}
		ed_cache(&add, &ed_generator);
		ed_add(&q, &p, &add);
		ck_assert(!ristretto_equal(&p, &q));
		ed_sub(&q, &q, &add);
		ck_assert(ristretto_equal(&p, &q));
	}
}
END_TEST

/* An element to be added to 2p, by every way that it may come, and all that it may be to 2p. */
static void
summand(struct ed *v, const struct ed *p, const uint8_t wide[64], int i)
{
	uint8_t s[32] = { 0 };
	struct ed_cached add;
	struct ed q;

	ristretto_map_many(v, wide, 1);
	ed_double(&q, p, 1);
	switch (i % 6) {
	case 0: return;
	case 1: /* no coordinates that tell anything */
		ed_cache(&add, &ed_generator);
		ed_add(v, v, &add);
		return;
	case 2: ristretto_encode(s, v); break;
	case 3: break; /* the identity */
	case 4: ristretto_encode(s, &q); break;
	case 5:
		ed_cache(&add, &q);
		ed_sub(&q, &ed_identity, &add);
		ristretto_encode(s, &q);
		break;
	}
	ck_assert_int_eq(ristretto_decode(v, s), R_GOOD);
}

/* Encoded by their factors and as points; maps of many and of one. */
START_TEST(sums_and_doubles)
{
	enum { N = 2 * 64 + 7, STRIDE = 40 };
	static const uint8_t seed[32] = "test_ristretto sums";
	static uint8_t wide[2 * N * 64], have[N * STRIDE], want[N * STRIDE];
	static struct ed p[2 * N], v[N];
	struct ed_cached add;
	struct ed q;
	struct rng rng;
	int i;

	rng_seeded(&rng, seed);
	rng_fill(&rng, wide, sizeof wide);
	ristretto_map_many(p, wide, 2 * N);
	for (i = 0; i < 2 * N; i++) {
		ristretto_map(&q, wide + 64 * i);
		ck_assert(ristretto_equal(&p[i], &q));
	}
	for (i = 0; i < N; i++) {
		if (i % 7 == 0)
			p[i] = ed_identity;
		summand(&v[i], &p[i], wide + (N + i) * 64, i);
		ed_double(&q, &p[i], 1);
		ed_cache(&add, &v[i]);
		ed_add(&q, &q, &add);
		ristretto_encode(want + i * STRIDE, &q);
	}
	for (i = 0; i <= N; i += 1 + i % 63) {
		memset(have, 0, sizeof have);
		ristretto_encode_add_double(have, STRIDE, v, p, (size_t)i);
		ck_assert_mem_eq(have, want, (size_t)(i * STRIDE));
	}
	ristretto_encode_add_double(have, STRIDE, v, p, N);
	ck_assert_mem_eq(have, want, sizeof want);
}
END_TEST

/* Exponents: 0, 1, 2, 15 to 17, q - 1, q - 2, one long run of ones, single digits at the
 * borders of windows; then random ones. */
static void
exponent(uint8_t e[32], struct rng *rng, int i)
{
	static const uint8_t minus_one[32] = { 0xec, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6,
		0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0x10 };
	static const uint8_t small[] = { 0, 1, 2, 15, 16, 17, 31, 32, 33 };
	uint8_t wide[64];

	memset(e, 0, 32);
	if (i < 9) {
		e[0] = small[i];
	} else if (i < 14) {
		memcpy(e, minus_one, 32);
		shift(e, 9 - i);
	} else if (i == 14) {
		memset(e, 0xff, 31);
		e[31] = 0x0f;
	} else if (i < 15 + 51) {
		e[(i - 15) * 5 / 8] = (uint8_t)(1 << (i - 15) * 5 % 8);
	} else if (i < 15 + 51 + 20) { /* 128 bits */
		rng_fill(rng, e, 16);
	} else {
		rng_fill(rng, wide, sizeof wide);
		crypto_core_ristretto255_scalar_reduce(e, wide);
	}
}

/* libsodium's power; its answer of -1 is for the identity. */
static void
sodium_pow(uint8_t out[32], const uint8_t base[32], const uint8_t e[32])
{
	if (crypto_scalarmult_ristretto255(out, e, base) != 0)
		memset(out, 0, 32);
}

static void
encodes_to(const struct gvec *v, const uint8_t *want)
{
	const size_t n = gvec_len(v);
	uint8_t *have = malloc(32 * n);

	ck_assert_ptr_nonnull(have);
	ck_assert_int_eq(gvec_encode(have, 32, v, NULL), R_GOOD);
	ck_assert_mem_eq(have, want, 32 * n);
	free(have);
}

/* Every operation on n elements and as many exponents, the special ones among both; n goes
 * through the lengths at which the methods change. */
static void
operations(size_t n, const uint8_t seed[32])
{
	const struct group *g = group_by_name("ristretto255");
	uint8_t *a = malloc(32 * n), *b = malloc(32 * n), *e = malloc(32 * n),
		*want = malloc(32 * n);
	uint8_t sum[32] = { 0 }, wide[64];
	struct gvec *va, *vb, *out, *one, *base;
	struct svec *ve;
	struct rng rng;
	size_t i;

	ck_assert(a != NULL && b != NULL && e != NULL && want != NULL);
	ck_assert_int_eq(gvec_new(&va, g, n), R_GOOD);
	ck_assert_int_eq(gvec_new(&vb, g, n), R_GOOD);
	ck_assert_int_eq(gvec_new(&out, g, n), R_GOOD);
	ck_assert_int_eq(gvec_new(&one, g, 1), R_GOOD);
	ck_assert_int_eq(gvec_slice(&base, va, n - 1, 1), R_GOOD);
	ck_assert_int_eq(svec_new(&ve, g, n), R_GOOD);
	rng_seeded(&rng, seed);
	for (i = 0; i < n; i++) {
		rng_fill(&rng, wide, sizeof wide);
		ck_assert_int_eq(crypto_core_ristretto255_from_hash(a + 32 * i, wide), 0);
		rng_fill(&rng, wide, sizeof wide);
		ck_assert_int_eq(crypto_core_ristretto255_from_hash(b + 32 * i, wide), 0);
		if (i % 7 == 3)
			unhex(a + 32 * i, 32, multiples[i % 16]);
		if (i % 11 == 5)
			memcpy(b + 32 * i, a + 32 * i, 32);
		exponent(e + 32 * i, &rng, (int)i);
	}
	ck_assert_int_eq(gvec_decode(va, a, 32, DECODE_ANY, NULL, NULL), R_GOOD);
	ck_assert_int_eq(gvec_decode(vb, b, 32, DECODE_ANY, NULL, NULL), R_GOOD);
	ck_assert_int_eq(svec_decode(ve, e, 32, NULL), R_GOOD);

	for (i = 0; i < n; i++)
		crypto_core_ristretto255_add(want + 32 * i, a + 32 * i, b + 32 * i);
	gvec_mul(out, va, vb);
	encodes_to(out, want);
	for (i = 0; i < n; i++)
		crypto_core_ristretto255_sub(want + 32 * i, a + 32 * i, b + 32 * i);
	gvec_div(out, va, vb);
	encodes_to(out, want);
	for (i = 0; i < n; i++)
		sodium_pow(want + 32 * i, a + 32 * (n - 1), e + 32 * i);
	ck_assert_int_eq(gvec_pow_fixed(out, base, ve, NULL), R_GOOD);
	encodes_to(out, want);
	for (i = 0; i < n; i++)
		if (crypto_scalarmult_ristretto255_base(want + 32 * i, e + 32 * i) != 0)
			memset(want + 32 * i, 0, 32);
	gvec_set_generator(one);
	ck_assert_int_eq(gvec_pow_fixed(out, one, ve, NULL), R_GOOD);
	encodes_to(out, want);
	for (i = 0; i < n; i++) {
		sodium_pow(want + 32 * i, a + 32 * i, e + 32 * i);
		crypto_core_ristretto255_add(sum, sum, want + 32 * i);
	}
	ck_assert_int_eq(gvec_pow(out, va, ve, NULL), R_GOOD);
	encodes_to(out, want);
	ck_assert_int_eq(gvec_pow_vartime(out, va, ve, NULL), R_GOOD);
	encodes_to(out, want);
	gvec_product(one, out);
	encodes_to(one, sum);
	ck_assert_int_eq(gvec_multipow_vartime(one, va, ve, NULL), R_GOOD);
	encodes_to(one, sum);
	ck_assert_int_eq(gvec_multipow(one, va, ve, NULL), R_GOOD);
	encodes_to(one, sum);
	/* the same points with z other than 1 */
	gvec_mul(va, va, vb);
	gvec_div(va, va, vb);
	ck_assert_int_eq(gvec_multipow_vartime(one, va, ve, NULL), R_GOOD);
	encodes_to(one, sum);
	gvec_free(va);
	gvec_free(vb);
	gvec_free(out);
	gvec_free(one);
	gvec_free(base);
	svec_free(ve);
	free(a);
	free(b);
	free(e);
	free(want);
}

static const size_t lengths[] = { 1, 2, 7, 8, 9, 64, 65, 111, 112, 113, 128, 129, RANDOM };

#define LENGTHS ((int)(sizeof lengths / sizeof lengths[0]))

START_TEST(operations_beside_libsodium)
{
	const uint8_t seed[32] = { 'o', 'p', 's', (uint8_t)_i };

	operations(lengths[_i], seed);
}
END_TEST

/* Products of powers of one length of exponent each, none, very short, of 128 bits
 * and a little longer. */
START_TEST(short_exponents)
{
	const struct group *g = group_by_name("ristretto255");
	const uint8_t seed[32] = "test_ristretto short";
	const size_t bytes[] = { 0, 1, 2, 8, 16, 17 };
	enum { N = 400 };
	uint8_t e[32] = { 0 };
	struct gvec *base, *each, *one, *two;
	struct svec *ve;
	struct rng rng;
	size_t i, k;

	ck_assert_int_eq(gvec_new(&base, g, N), R_GOOD);
	ck_assert_int_eq(gvec_new(&each, g, N), R_GOOD);
	ck_assert_int_eq(gvec_new(&one, g, 1), R_GOOD);
	ck_assert_int_eq(gvec_new(&two, g, 1), R_GOOD);
	ck_assert_int_eq(svec_new(&ve, g, N), R_GOOD);
	ck_assert_int_eq(gvec_generators(base, "test_ristretto", 0, NULL), R_GOOD);
	rng_seeded(&rng, seed);
	for (k = 0; k < sizeof bytes / sizeof bytes[0]; k++) {
		uint8_t all[N][32];

		for (i = 0; i < N; i++) {
			rng_fill(&rng, e, bytes[k]);
			memcpy(all[i], e, 32);
		}
		ck_assert_int_eq(svec_decode(ve, all[0], 32, NULL), R_GOOD);
		ck_assert_int_eq(gvec_pow(each, base, ve, NULL), R_GOOD);
		gvec_product(two, each);
		ck_assert_int_eq(gvec_multipow_vartime(one, base, ve, NULL), R_GOOD);
		ck_assert_uint_eq(gvec_differ_vartime(one, two), 1);
		ck_assert_int_eq(gvec_is_identity_vartime(one, 0), bytes[k] == 0);
	}
	gvec_free(base);
	gvec_free(each);
	gvec_free(one);
	gvec_free(two);
	svec_free(ve);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ristretto");
	TCase *tc = tcase_create("ristretto");

	tcase_add_loop_test(tc, multiples_of_the_generator, 0, 16);
	tcase_add_loop_test(tc, refused_encodings, 0, REFUSED);
	tcase_add_loop_test(tc, map, 0, MAPPED);
	tcase_add_test(tc, top_bit);
	tcase_add_test(tc, edge_encodings);
	tcase_add_test(tc, random_encodings);
	tcase_add_test(tc, classes);
	tcase_add_test(tc, sums_and_doubles);
	tcase_add_loop_test(tc, operations_beside_libsodium, 0, LENGTHS);
	tcase_add_test(tc, short_exponents);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
