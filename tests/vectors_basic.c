/*
 * The vectors of hashing, streams, scalars, elements and blocks.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/checkpoint.h"
#include "crypto/group_ops.h"
#include "crypto/hash.h"
#include "tests/slow.h"
#include "tests/vectors.h"

void
vec_tagged(struct vec *v, const struct group *g)
{
	static const struct {
		const char *label, *data;
	} cases[] = { { "tabella/1 test", "" }, { "tabella/1 test", "abc" }, { "", "" },
		{ "t", "abella/1 testabc" } };
	struct digest digest;
	size_t i;

	(void)g;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		vec_open(v, NULL, '{');
		vec_string(v, "label", cases[i].label);
		vec_hex(v, "data", cases[i].data, strlen(cases[i].data));
		hash_tagged(&digest, cases[i].label, cases[i].data, strlen(cases[i].data));
		vec_hex(v, "TH", digest.b, sizeof digest.b);
		vec_close(v, '}');
	}
}

/* A head of `size` entries with the board's two lines, then those of the witnesses. */
static void
checkpoint_case(struct vec *v, uint64_t size, uint64_t time, unsigned witnesses)
{
	struct checkpoint head = { .origin = slice_of("board.example/vectors/00ff"),
		.size = size,
		.time = time };
	uint8_t seed[SIGN_SEED_BYTES];
	struct checkpoint_board board;
	struct sign_public public;
	struct sign_key secret;
	struct buffer note = { 0 }, text = { 0 };
	struct note_key key;
	char name[40];
	unsigned i;

	memset(seed, (int)size + 1, sizeof seed);
	memset(head.root.b, (int)size + 2, sizeof head.root.b);
	sign_key_from_seed(&public, &secret, seed);
	vec_must(checkpoint_board_set(&board, "board.example/vectors", &public));
	vec_must(checkpoint_sign(&note, &head, &board, &secret));
	checkpoint_write(&text, &head);
	vec_open(v, NULL, '{');
	vec_string(v, "name", "board.example/vectors");
	vec_hex(v, "seed", seed, sizeof seed);
	vec_hex(v, "key", public.b, sizeof public.b);
	vec_hex(v, "signature_id", board.sign.id, 4);
	vec_hex(v, "cosignature_id", board.cosign.id, 4);
	vec_string(v, "origin", "board.example/vectors/00ff");
	vec_number(v, "size", size);
	vec_hex(v, "root", head.root.b, sizeof head.root.b);
	vec_number(v, "time", time);
	vec_hex(v, "text", text.p, text.n);
	vec_open(v, "witnesses", '[');
	for (i = 1; i <= witnesses; i++) {
		memset(seed, 0xf0 + (int)i, sizeof seed);
		(void)snprintf(name, sizeof name, "witness.example/%u", i);
		sign_key_from_seed(&public, &secret, seed);
		vec_must(note_key_set(&key, name, NOTE_COSIGNATURE, &public));
		note_sign(&note, buffer_slice(&text), &key, &secret, time + i);
		vec_open(v, NULL, '{');
		vec_string(v, "name", name);
		vec_hex(v, "seed", seed, sizeof seed);
		vec_hex(v, "key", public.b, sizeof public.b);
		vec_number(v, "time", time + i);
		vec_close(v, '}');
	}
	vec_close(v, ']');
	vec_must(buffer_result(&note));
	vec_hex(v, "note", note.p, note.n);
	vec_close(v, '}');
	buffer_free(&note);
	buffer_free(&text);
}

void
vec_checkpoint(struct vec *v, const struct group *g)
{
	(void)g;
	checkpoint_case(v, 1, 0, 0);
	checkpoint_case(v, 47, 1700000000, 2);
}

/* A 128-bit integer, little-endian, in decimal. */
static void
decimal(struct vec *v, const uint8_t *bytes)
{
	char text[64];
	mpz_t x;

	mpz_init(x);
	mpz_import(x, 16, -1, 1, 0, 0, bytes);
	gmp_snprintf(text, sizeof text, "%Zd", x);
	vec_string(v, NULL, text);
	mpz_clear(x);
}

void
vec_stream(struct vec *v, const struct group *g)
{
	uint8_t keys[3][32], bytes[160];
	struct rng rng;
	size_t i, j;

	(void)g;
	memset(keys, 0, sizeof keys);
	for (i = 0; i < 32; i++)
		keys[1][i] = (uint8_t)i;
	memset(keys[2], 0xff, 32);
	for (i = 0; i < 3; i++) {
		vec_open(v, NULL, '{');
		vec_hex(v, "key", keys[i], 32);
		rng_seeded(&rng, keys[i]);
		rng_fill(&rng, bytes, sizeof bytes);
		vec_hex(v, "PRG", bytes, sizeof bytes);
		vec_open(v, "integers", '[');
		for (j = 0; j < sizeof bytes; j += 16)
			decimal(v, bytes + j);
		vec_close(v, ']');
		vec_close(v, '}');
	}
}

/* ---- transcripts ---- */

/* A transcript made twice: by the code, and as the bytes that the specification says. */
struct double_transcript {
	struct vec *v;
	struct transcript t;
	uint8_t bytes[2048];
	size_t n;
};

static void
field(struct double_transcript *d, char tag, const void *content, size_t n)
{
	uint8_t *p = d->bytes + d->n;
	size_t i;

	vec_check(d->n + 9 + n <= sizeof d->bytes, "room");
	p[0] = (uint8_t)tag;
	for (i = 0; i < 8; i++)
		p[1 + i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
	if (n > 0)
		memcpy(p + 9, content, n);
	d->n += 9 + n;
	vec_open(d->v, NULL, '{');
	vec_string(d->v, "tag", (char[2]){ tag, 0 });
	vec_hex(d->v, "content", content, n);
	vec_close(d->v, '}');
}

static void
field_u64(struct double_transcript *d, uint64_t x)
{
	uint8_t bytes[8];
	size_t i;

	for (i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(x >> (56 - 8 * i));
	field(d, 'U', bytes, 8);
	transcript_u64(&d->t, x);
}

static void
field_list(struct double_transcript *d, const void *bytes, size_t n, uint64_t rows, uint64_t width)
{
	struct digest digest;
	uint8_t content[48];
	size_t i;

	sha256(&digest, bytes, n);
	memcpy(content, digest.b, 32);
	for (i = 0; i < 8; i++) {
		content[32 + i] = (uint8_t)(rows >> (56 - 8 * i));
		content[40 + i] = (uint8_t)(width >> (56 - 8 * i));
	}
	field(d, 'L', content, sizeof content);
	transcript_list(&d->t, &digest, rows, width);
}

void
vec_transcript(struct vec *v, const struct group *g)
{
	struct double_transcript d = { .v = v };
	struct digest context;
	uint8_t value[64], expect[64];

	(void)g;
	memset(context.b, 0x11, sizeof context.b);
	vec_open(v, NULL, '{');
	vec_open(v, "fields", '[');
	field(&d, 'S', "tabella/1 test", 14);
	field(&d, 'S', "ristretto255", 12);
	field(&d, 'B', context.b, 32);
	transcript_start(&d.t, "tabella/1 test", "ristretto255", &context);
	field_u64(&d, 0);
	field_u64(&d, UINT64_C(0x0123456789abcdef));
	field(&d, 'B', "", 0);
	transcript_bytes(&d.t, "", 0);
	field(&d, 'S', "u", 1);
	transcript_string(&d.t, "u");
	field_list(&d, "abc", 3, 3, 1);
	vec_close(v, ']');
	vec_hex(v, "bytes", d.bytes, d.n);
	transcript_finish(&d.t, value);
	vec_hex(v, "value", value, sizeof value);
	sha512(expect, d.bytes, d.n);
	vec_check(memcmp(value, expect, 64) == 0, "transcript");
	vec_close(v, '}');
}

/* ---- scalars ---- */

void
vec_reduction(struct vec *v, const struct group *g)
{
	const size_t wide = group_wide_bytes(g);
	uint8_t *bytes = vec_bytes(wide), hash[64], small[16];
	struct svec *s;
	struct rng rng;
	mpz_t q, x;
	int i;

	vec_must(svec_new(&s, g, 1));
	mpz_inits(q, x, NULL);
	slow_order(q, g);
	vec_rng(&rng, "reduction", g);
	vec_open(v, NULL, '{');
	vec_string(v, "group", group_name(g));
	vec_open(v, "wide", '[');
	for (i = 0; i < 8; i++) {
		/* 0, 1, q-1, q, q+1, all ones, two random ones */
		if (i < 2)
			mpz_set_ui(x, (unsigned)i);
		else if (i < 5)
			mpz_set(x, q), i < 3 ? mpz_sub_ui(x, x, 1) : mpz_add_ui(x, x, i > 3);
		slow_put(bytes, wide, g, x);
		if (i == 5)
			memset(bytes, 0xff, wide);
		else if (i > 5)
			rng_fill(&rng, bytes, wide);
		vec_open(v, NULL, '{');
		vec_hex(v, "wide", bytes, wide);
		svec_from_wide(s, 0, bytes);
		vec_scalar(v, "scalar", s);
		vec_close(v, '}');
	}
	vec_close(v, ']');
	vec_open(v, "challenges", '[');
	for (i = 0; i < 3; i++) {
		memset(hash, i == 0 ? 0xff : 0, sizeof hash);
		if (i > 0)
			rng_fill(&rng, hash, sizeof hash);
		vec_open(v, NULL, '{');
		vec_hex(v, "hash", hash, sizeof hash);
		svec_from_hash(s, 0, hash);
		vec_scalar(v, "challenge", s);
		vec_close(v, '}');
	}
	vec_close(v, ']');
	vec_open(v, "integers", '[');
	for (i = 0; i < 2; i++) {
		rng_fill(&rng, small, sizeof small);
		vec_open(v, NULL, '{');
		vec_hex(v, "bytes", small, sizeof small);
		svec_from_128(s, small);
		vec_scalar(v, "scalar", s);
		vec_close(v, '}');
	}
	vec_close(v, ']');
	vec_close(v, '}');
	mpz_clears(q, x, NULL);
	svec_free(s);
	free(bytes);
}

/* ---- elements ---- */

static void
verdict(struct vec *v, struct gvec *e, const uint8_t *bytes, const char *what)
{
	const size_t size = group_element_bytes(gvec_group(e));
	enum result r = gvec_decode(e, bytes, size, DECODE_NO_IDENTITY, NULL, NULL);

	vec_check(r == slow_decode(gvec_group(e), bytes, DECODE_NO_IDENTITY), what);
	vec_open(v, NULL, '{');
	vec_string(v, "what", what);
	vec_hex(v, "bytes", bytes, size);
	vec_string(v, "verdict", result_name(r));
	vec_close(v, '}');
}

static void
scalar_verdict(struct vec *v, struct svec *s, const uint8_t *bytes, const char *what)
{
	const size_t size = group_scalar_bytes(svec_group(s));

	vec_open(v, NULL, '{');
	vec_string(v, "what", what);
	vec_hex(v, "bytes", bytes, size);
	vec_string(v, "verdict", result_name(svec_decode(s, bytes, size, NULL)));
	vec_close(v, '}');
}

void
vec_decoding(struct vec *v, const struct group *g)
{
	const size_t size = group_element_bytes(g);
	uint8_t bytes[GROUP_ENCODING_MAX];
	struct gvec *e;
	struct svec *s;
	mpz_t p, q, x;
	unsigned i;

	mpz_inits(p, q, x, NULL);
	slow_modulus(p, g);
	slow_order(q, g);
	vec_must(gvec_new(&e, g, 1));
	vec_must(svec_new(&s, g, 1));
	vec_open(v, NULL, '{');
	vec_string(v, "group", group_name(g));
	vec_open(v, "elements", '[');
	gvec_set_generator(e);
	vec_must(gvec_encode(bytes, size, e, NULL));
	verdict(v, e, bytes, "the generator");
	gvec_set_identity(e);
	vec_must(gvec_encode(bytes, size, e, NULL));
	verdict(v, e, bytes, "the identity");
	for (i = 0; i < 12; i++) {
		char what[40];

		(void)snprintf(what, sizeof what, "the number %u", i);
		mpz_set_ui(x, i);
		slow_put(bytes, size, g, x);
		verdict(v, e, bytes, what);
		(void)snprintf(what, sizeof what, "p - %u", i);
		mpz_sub(x, p, x);
		slow_put(bytes, size, g, x);
		verdict(v, e, bytes, what);
	}
	/* The generator's number plus p, where it fits. */
	gvec_set_generator(e);
	vec_must(gvec_encode(bytes, size, e, NULL));
	slow_get(x, bytes, size, g);
	mpz_add(x, x, p);
	if (mpz_sizeinbase(x, 2) <= 8 * size) {
		slow_put(bytes, size, g, x);
		verdict(v, e, bytes, "the generator plus p");
	}
	memset(bytes, 0xff, size);
	verdict(v, e, bytes, "all ones");
	vec_close(v, ']');
	vec_open(v, "scalars", '[');
	slow_put(bytes, size, g, q);
	scalar_verdict(v, s, bytes, "q");
	mpz_sub_ui(x, q, 1);
	slow_put(bytes, size, g, x);
	scalar_verdict(v, s, bytes, "q - 1");
	mpz_add_ui(x, q, 1);
	slow_put(bytes, size, g, x);
	scalar_verdict(v, s, bytes, "q + 1");
	memset(bytes, 0, size);
	scalar_verdict(v, s, bytes, "0");
	memset(bytes, 0xff, size);
	scalar_verdict(v, s, bytes, "all ones");
	vec_close(v, ']');
	vec_close(v, '}');
	gvec_free(e);
	svec_free(s);
	mpz_clears(p, q, x, NULL);
}

void
vec_generators(struct vec *v, const struct group *g)
{
	static const struct {
		const char *label;
		uint64_t index;
	} cases[] = { { "shuffle", 0 }, { "shuffle", 1 }, { "shuffle", 2 }, { "shuffle", 3 },
		{ "shuffle", 4294967296 }, { "another", 1 } };
	struct gvec *e;
	uint8_t hash[64];
	size_t i;

	vec_must(gvec_new(&e, g, 1));
	vec_open(v, NULL, '{');
	vec_string(v, "group", group_name(g));
	vec_open(v, "generators", '[');
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		vec_open(v, NULL, '{');
		vec_string(v, "label", cases[i].label);
		vec_number(v, "i", cases[i].index);
		generator_hash(hash, g, cases[i].label, cases[i].index, 0, 0);
		vec_hex(v, "W", hash, sizeof hash);
		vec_must(gvec_generators(e, cases[i].label, cases[i].index, NULL));
		vec_element(v, "H", e);
		vec_close(v, '}');
	}
	vec_close(v, ']');
	vec_close(v, '}');
	gvec_free(e);
}

/* ---- blocks ---- */

/* The counter in the encoding of a block. */
static unsigned
counter(const struct group *g, const uint8_t *bytes)
{
	const size_t size = group_element_bytes(g);

	if (size == 32)
		return bytes[0] / 2u + 128u * bytes[31];
	return bytes[size - 2] * 256u + bytes[size - 1];
}

void
vec_embedding(struct vec *v, const struct group *g)
{
	const size_t size = group_element_bytes(g);
	uint8_t block[GROUP_BLOCK_BYTES], bytes[GROUP_ENCODING_MAX];
	struct gvec *e;
	struct svec *s;
	struct rng rng;
	size_t i, bad;

	vec_rng(&rng, "embedding", g);
	vec_must(gvec_new(&e, g, 1));
	vec_open(v, NULL, '{');
	vec_string(v, "group", group_name(g));
	vec_open(v, "blocks", '[');
	for (i = 0; i < 8; i++) {
		memset(block, i == 1 ? 0xff : 0, sizeof block);
		if (i == 2)
			block[0] = 1;
		else if (i == 3)
			block[GROUP_BLOCK_BYTES - 1] = 1;
		else if (i > 3)
			rng_fill(&rng, block, sizeof block);
		vec_open(v, NULL, '{');
		vec_hex(v, "block", block, sizeof block);
		vec_must(gvec_embed(e, block));
		vec_must(gvec_encode(bytes, size, e, NULL));
		vec_number(v, "ctr", counter(g, bytes));
		vec_element(v, "element", e);
		vec_close(v, '}');
	}
	vec_close(v, ']');
	/* Elements that are no blocks. */
	vec_open(v, "refused", '[');
	for (i = 0; i < 4; i++) {
		s = vec_draw(g, 1, &rng);
		gvec_free(e);
		e = vec_powers(s);
		vec_check(gvec_extract(block, e, &bad) == R_BAD_CHOICE, "no block");
		vec_element(v, NULL, e);
		svec_free(s);
	}
	vec_close(v, ']');
	vec_close(v, '}');
	gvec_free(e);
}
