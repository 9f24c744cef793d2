/*
 * test_dleq: decryption factors and their proof hold, whatever is changed no longer does, and any
 * t of n trustees find the same plaintexts. In the tiny group, a false statement has an
 * answer to one challenge at most.
 */
#include <string.h>

#include "crypto/dleq.h"
#include "tests/proof_kit.h"
#include "tests/suite.h"
#include "tests/tiny.h"

static const uint8_t seed[32] = "test_dleq";

/* A list, the factors of one trustee, and its proof. */
struct sample {
	struct dleq_statement st;
	struct digest close;
	struct svec *x;
	struct gvec *X, *y;
	uint8_t *list, *factors, *proof;
	size_t list_bytes, factors_bytes, proof_bytes;
};

static void
remake(struct sample *s)
{
	struct rng rng;

	rng_seeded(&rng, seed);
	good(dleq_factors(s->factors, &s->st, s->x, NULL));
	good(dleq_prove(s->proof, &s->st, s->x, &rng, NULL));
}

static void
sample_make(struct sample *s, const struct group *g, size_t rows, size_t width)
{
	struct slice list;
	struct rng rng;

	rng_seeded(&rng, seed);
	s->x = kit_scalars(g, 1, &rng);
	s->X = kit_powers(s->x);
	s->y = kit_elements(g, 1, &rng);
	rng_fill(&rng, s->close.b, sizeof s->close.b);
	list = kit_list(s->y, rows, width, NULL, &rng);
	s->list = (uint8_t *)(uintptr_t)list.p;
	s->list_bytes = list.n;
	s->factors_bytes = dleq_factors_bytes(g, rows, width);
	s->factors = malloc(s->factors_bytes + 1);
	s->proof_bytes = dleq_proof_bytes(g);
	s->proof = malloc(s->proof_bytes + 1);
	s->st = (struct dleq_statement){ .group = g,
		.close = &s->close,
		.item = 3,
		.trustee = 2,
		.X = s->X,
		.rows = rows,
		.width = width,
		.list = list,
		.factors = { s->factors, s->factors_bytes } };
	remake(s);
}

static void
sample_free(struct sample *s)
{
	svec_free(s->x);
	gvec_free(s->X);
	gvec_free(s->y);
	free(s->list);
	free(s->factors);
	free(s->proof);
}

static enum result
verify(void *ctx)
{
	const struct sample *s = ctx;

	return dleq_verify(&s->st, (struct slice){ s->proof, s->proof_bytes }, NULL);
}

START_TEST(true_statements)
{
	static const size_t shapes[][2] = { { 1, 1 }, { 1, 4 }, { 2, 1 }, { 5, 3 } };
	size_t i, j;

	for (i = 0; i < (_i < 2 ? 4 : 2); i++) {
		struct sample s;
		struct elgamal_list *list;
		struct gvec *d;
		const struct group *g = kit_group(_i);

		sample_make(&s, g, shapes[i][0], shapes[i][1]);
		good(verify(&s));
		/* d_j = a_j^x in the list's order. */
		good(elgamal_list_decode(&list, g, shapes[i][0], shapes[i][1], s.st.list, NULL,
		    NULL));
		for (j = 0; j < shapes[i][0] * shapes[i][1]; j++) {
			struct gvec *a;
			uint8_t *bytes;

			good(gvec_slice(&a, list->a[j % shapes[i][1]], j / shapes[i][1], 1));
			good(gvec_new(&d, g, 1));
			good(gvec_pow(d, a, s.x, NULL));
			bytes = kit_encode(d);
			ck_assert_mem_eq(bytes, s.factors + j * group_element_bytes(g),
			    group_element_bytes(g));
			free(bytes);
			gvec_free(a);
			gvec_free(d);
		}
		elgamal_list_free(list);
		sample_free(&s);
	}
}
END_TEST

START_TEST(every_field)
{
	const struct group *g = kit_group(_i);
	const size_t size = group_element_bytes(g);
	struct sample s;
	size_t i;

	sample_make(&s, g, 2, 2);
	kit_spoil_element(g, s.proof, R_BAD_DECRYPTION, verify, &s);
	kit_spoil_element(g, s.proof + size, R_BAD_DECRYPTION, verify, &s);
	kit_spoil_scalar(g, s.proof + 2 * size, R_BAD_DECRYPTION, verify, &s);
	for (i = 0; i < s.factors_bytes; i += size)
		kit_spoil_element(g, s.factors + i, R_BAD_DECRYPTION, verify, &s);
	/* Of the list: the a; and the b, which are in the hash alone. */
	for (i = 0; i < s.list_bytes; i += 2 * size) {
		kit_spoil_element(g, s.list + i, R_BAD_DECRYPTION, verify, &s);
		kit_next_element(g, s.list + i + size);
		ck_result(verify(&s), R_BAD_DECRYPTION);
		remake(&s);
		good(verify(&s));
	}
	sample_free(&s);
}
END_TEST

START_TEST(every_byte_of_the_proof)
{
	struct sample s;
	size_t i;

	sample_make(&s, kit_group(0), 2, 1);
	for (i = 0; i < 8 * s.proof_bytes; i++) {
		s.proof[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_ne((int)verify(&s), R_GOOD);
		s.proof[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (i = 0; i < 8 * s.factors_bytes; i++) {
		s.factors[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_ne((int)verify(&s), R_GOOD);
		s.factors[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	good(verify(&s));
	sample_free(&s);
}
END_TEST

START_TEST(other_statements)
{
	struct sample s;
	struct dleq_statement st;
	struct gvec *one;
	const struct group *g = kit_group(_i);

	sample_make(&s, g, 3, 2);
	st = s.st;
	s.close.b[31] ^= 1;
	ck_result(verify(&s), R_BAD_DECRYPTION);
	s.close.b[31] ^= 1;
	s.st.item++;
	ck_result(verify(&s), R_BAD_DECRYPTION);
	s.st = st;
	s.st.trustee++; /* the same factors under two names */
	ck_result(verify(&s), R_BAD_DECRYPTION);
	s.st = st;
	s.st.rows = 2; /* the same bytes in another shape */
	s.st.width = 3;
	ck_result(verify(&s), R_BAD_DECRYPTION);
	s.st.rows = 6;
	s.st.width = 1;
	ck_result(verify(&s), R_BAD_DECRYPTION);
	s.st = st;
	good(gvec_new(&one, g, 1));
	s.st.X = one;
	ck_result(verify(&s), R_BAD_ELEMENT);
	gvec_set_generator(one);
	ck_result(verify(&s), R_BAD_DECRYPTION);
	s.st.X = s.y;
	ck_result(verify(&s), R_BAD_DECRYPTION);
	s.st = st;
	good(verify(&s));
	gvec_free(one);
	sample_free(&s);
}
END_TEST

START_TEST(wrong_lengths)
{
	struct sample s;
	struct dleq_statement st;
	size_t n;

	sample_make(&s, kit_group(0), 2, 2);
	st = s.st;
	for (n = 0; n <= s.list_bytes + 1; n++) {
		s.st.list.n = n;
		ck_result(verify(&s), n == s.list_bytes ? R_GOOD : R_BAD_WIDTH);
	}
	s.st = st;
	for (n = 0; n < s.factors_bytes + 1; n++) {
		s.st.factors.n = n;
		ck_result(verify(&s), n == s.factors_bytes ? R_GOOD : R_BAD_WIDTH);
	}
	s.st = st;
	s.st.rows = 0;
	ck_result(verify(&s), R_BAD_WIDTH);
	s.st.list.n = s.st.factors.n = 0;
	ck_result(verify(&s), R_BAD_WIDTH);
	s.st = st;
	s.st.width = SIZE_MAX;
	ck_result(verify(&s), R_BAD_WIDTH);
	s.st = st;
	n = s.proof_bytes;
	for (s.proof_bytes = 0; s.proof_bytes < n; s.proof_bytes++)
		ck_result(verify(&s), R_BAD_ENCODING);
	s.proof_bytes++;
	ck_result(verify(&s), R_BAD_ENCODING);
	s.proof_bytes = n;
	good(verify(&s));
	sample_free(&s);
}
END_TEST

/* factors that are wrong, and a proof made by the real prover for them. */
START_TEST(wrong_factors_cannot_be_proved)
{
	const struct group *g = kit_group(_i);
	const size_t size = group_element_bytes(g);
	struct sample s;
	struct rng rng;
	uint8_t *saved;
	size_t i;

	sample_make(&s, g, 4, 1);
	rng_seeded(&rng, seed);
	saved = malloc(s.factors_bytes);
	memcpy(saved, s.factors, s.factors_bytes);

	/* One of them wrong. */
	for (i = 0; i < 4; i++) {
		kit_next_element(g, s.factors + i * size);
		good(dleq_prove(s.proof, &s.st, s.x, &rng, NULL));
		ck_result(verify(&s), R_BAD_DECRYPTION);
		memcpy(s.factors, saved, s.factors_bytes);
	}
	/* Two exchanged: the plain products A and D would not notice. */
	memcpy(s.factors, saved + size, size);
	memcpy(s.factors + size, saved, size);
	good(dleq_prove(s.proof, &s.st, s.x, &rng, NULL));
	ck_result(verify(&s), R_BAD_DECRYPTION);
	memcpy(s.factors, saved, s.factors_bytes);
	/* Another x altogether. */
	svec_add(s.x, s.x, s.x);
	remake(&s);
	ck_result(verify(&s), R_BAD_DECRYPTION);
	free(saved);
	sample_free(&s);
}
END_TEST

/* ---- weak challenges ---- */

/* P of the statement; without the factors if `weak`. */
static void
start_transcript(struct transcript *P, const struct dleq_statement *st, int weak)
{
	uint8_t *X = kit_encode(st->X);

	transcript_start(P, "tabella/1 decrypt", group_name(st->group), st->close);
	transcript_u64(P, st->item);
	transcript_u64(P, 0);
	transcript_u64(P, st->trustee);
	transcript_bytes(P, X, group_element_bytes(st->group));
	elgamal_list_enter(P, st->list, st->rows, st->width);
	transcript_u64(P, st->rows * st->width);
	if (!weak)
		elgamal_list_enter(P, st->factors, st->rows, st->width);
	free(X);
}

/* The deltas that P gives for a list of two ciphertexts. */
static struct svec *
two_deltas(const struct dleq_statement *st, const struct transcript *P)
{
	struct transcript t = *P;
	uint8_t hash[64], bytes[32];
	struct svec *delta;
	struct rng rng;

	transcript_string(&t, "delta");
	transcript_finish(&t, hash);
	rng_seeded(&rng, hash);
	rng_fill(&rng, bytes, sizeof bytes);
	good(svec_new(&delta, st->group, 2));
	svec_from_128(delta, bytes);
	return delta;
}

/* If the factors were not in P, the deltas would be known before them, and two errors could be
 * made to cancel: d_1 * g^delta_2 and d_2 / g^delta_1. The real prover proves it; nobody
 * believes it. */
START_TEST(factors_made_for_known_deltas)
{
	const struct group *g = kit_group(_i);
	const size_t size = group_element_bytes(g);
	struct sample s;
	struct transcript P;
	struct svec *delta, *one;
	struct gvec *d, *first, *error;
	struct rng rng;
	size_t i;

	sample_make(&s, g, 2, 1);
	start_transcript(&P, &s.st, 1);
	delta = two_deltas(&s.st, &P);
	good(gvec_new(&d, g, 2));
	good(gvec_decode(d, s.factors, size, DECODE_NO_IDENTITY, NULL, NULL));
	for (i = 0; i < 2; i++) {
		good(svec_slice(&one, delta, 1 - i, 1));
		error = kit_powers(one);
		good(gvec_slice(&first, d, i, 1));
		if (i == 0)
			gvec_mul(first, first, error);
		else
			gvec_div(first, first, error);
		svec_free(one);
		gvec_free(error);
		gvec_free(first);
	}
	good(gvec_encode(s.factors, size, d, NULL));
	rng_seeded(&rng, seed);
	good(dleq_prove(s.proof, &s.st, s.x, &rng, NULL));
	ck_result(verify(&s), R_BAD_DECRYPTION);
	svec_free(delta);
	gvec_free(d);
	sample_free(&s);
}
END_TEST

/* A forger at work on a list of two ciphertexts: bases g and A, powers X and D. */
struct forger {
	struct sample s;
	struct transcript P; /* as far as the challenge has been hashed */
	struct gvec *base[2], *power[2];
	struct svec *c, *answer;
};

/* T_i = base^e, into the proof and into the challenge. */
static void
fix_commitment(struct forger *f, int i, const struct svec *e)
{
	struct gvec *T;

	good(gvec_new(&T, f->s.st.group, 1));
	good(gvec_pow(T, f->base[i], e, NULL));
	good(gvec_encode(f->s.proof + 32 * i, 32, T, NULL));
	transcript_bytes(&f->P, f->s.proof + 32 * i, 32);
	gvec_free(T);
}

/* T_i = base^s / power^c, into the proof alone. */
static void
solve_commitment(struct forger *f, int i)
{
	struct gvec *T, *right;

	good(gvec_new(&T, f->s.st.group, 1));
	good(gvec_new(&right, f->s.st.group, 1));
	good(gvec_pow(T, f->base[i], f->answer, NULL));
	good(gvec_pow(right, f->power[i], f->c, NULL));
	gvec_div(T, T, right);
	good(gvec_encode(f->s.proof + 32 * i, 32, T, NULL));
	gvec_free(T);
	gvec_free(right);
}

static void
forger_make(struct forger *f, const struct svec *x)
{
	const struct group *g = kit_group(0);
	struct svec *delta, *keep;
	struct gvec *v;
	uint8_t one[32];
	int i;

	/* Factors made with x, which is not the share behind X. */
	sample_make(&f->s, g, 2, 1);
	keep = f->s.x;
	f->s.x = (struct svec *)(uintptr_t)x;
	remake(&f->s);
	f->s.x = keep;
	ck_result(verify(&f->s), R_BAD_DECRYPTION);

	f->c = kit_scalar(g, 0);
	f->answer = kit_scalar(g, 77);
	start_transcript(&f->P, &f->s.st, 0);
	delta = two_deltas(&f->s.st, &f->P);
	transcript_string(&f->P, "challenge");
	for (i = 0; i < 2; i++) {
		good(gvec_new(&f->base[i], g, 1));
		good(gvec_new(&f->power[i], g, 1));
	}
	good(gvec_new(&v, g, 2));
	good(gvec_decode(v, f->s.list, 64, DECODE_NO_IDENTITY, NULL, NULL));
	good(gvec_multipow_vartime(f->base[1], v, delta, NULL));
	good(gvec_decode(v, f->s.factors, 32, DECODE_NO_IDENTITY, NULL, NULL));
	good(gvec_multipow_vartime(f->power[1], v, delta, NULL));
	gvec_set_generator(f->base[0]);
	gvec_copy(f->power[0], 0, f->s.X, 0, 1);
	good(gvec_encode(one, 32, f->base[1], NULL));
	transcript_bytes(&f->P, one, 32);
	good(gvec_encode(one, 32, f->power[1], NULL));
	transcript_bytes(&f->P, one, 32);
	gvec_free(v);
	svec_free(delta);
}

static void
forger_free(struct forger *f)
{
	int i;

	for (i = 0; i < 2; i++) {
		gvec_free(f->base[i]);
		gvec_free(f->power[i]);
	}
	svec_free(f->c);
	svec_free(f->answer);
	sample_free(&f->s);
}

/* If T_1 or T_2 or both were not in the challenge, they could be made to fit it, with factors that
 * were made from another share. */
START_TEST(commitments_made_for_a_known_challenge)
{
	struct forger f;
	struct svec *other = kit_scalar(kit_group(0), 4711), *cx;
	struct gvec *T[2];
	uint8_t hash[64];
	int i;

	forger_make(&f, other);
	if (_i == 1) /* T_1 is left out: the answer is one to (D8) */
		fix_commitment(&f, 1, f.answer);
	if (_i == 2) /* T_2 is left out: the answer is one to (D7) */
		fix_commitment(&f, 0, f.answer);
	transcript_finish(&f.P, hash);
	svec_from_hash(f.c, 0, hash);
	if (_i > 0) {
		cx = kit_scalar(kit_group(0), 0);
		svec_mul(cx, f.c, _i == 1 ? other : f.s.x);
		svec_add(f.answer, f.answer, cx);
		svec_free(cx);
	}
	if (_i != 2)
		solve_commitment(&f, 0);
	if (_i != 1)
		solve_commitment(&f, 1);
	svec_encode(f.s.proof + 64, 32, f.answer);

	/* The equations hold for that challenge; the verifier has another. */
	for (i = 0; i < 2; i++) {
		good(gvec_new(&T[i], f.s.st.group, 1));
		good(gvec_decode(T[i], f.s.proof + 32 * i, 32, DECODE_NO_IDENTITY, NULL, NULL));
	}
	good(dleq_equations(f.s.X, f.base[1], f.power[1], T[0], T[1], f.c, f.answer));
	ck_result(verify(&f.s), R_BAD_DECRYPTION);
	gvec_free(T[0]);
	gvec_free(T[1]);
	svec_free(other);
	forger_free(&f);
}
END_TEST

/* ---- nonces ---- */

START_TEST(nonces_are_hedged)
{
	const struct group *g = kit_group(0);
	const size_t size = group_element_bytes(g);
	struct sample s;
	uint8_t *first;

	sample_make(&s, g, 2, 1);
	first = malloc(s.proof_bytes);
	memcpy(first, s.proof, s.proof_bytes);
	remake(&s);
	ck_assert_mem_eq(first, s.proof, s.proof_bytes);
	s.st.item++;
	remake(&s);
	ck_assert_mem_ne(first, s.proof, size);
	good(verify(&s));
	free(first);
	sample_free(&s);
}
END_TEST

/* ---- shares ---- */

/* f(j) for a polynomial with these coefficients. */
static struct svec *
polynomial(const struct svec *a, uint32_t j)
{
	const struct group *g = svec_group(a);
	struct svec *f = kit_scalar(g, 0), *z = kit_scalar(g, j), *term = kit_scalar(g, 0);
	size_t m;

	for (m = svec_len(a); m-- > 0;) {
		svec_mul(f, f, z);
		svec_copy(term, 0, a, m, 1);
		svec_add(f, f, term);
	}
	svec_free(z);
	svec_free(term);
	return f;
}

/* Try all sets of t of n trustees, also in falling order. */
static void
all_sets(const struct group *g, unsigned n, unsigned t, size_t rows, size_t width)
{
	struct rng rng;
	struct svec *a, *a_0, *x;
	struct gvec *y, *messages, *found;
	struct dleq_statement st = { .group = g, .rows = rows, .width = width };
	struct slice bytes;
	struct elgamal_list *list;
	struct dleq_share shares[8], chosen[8];
	uint8_t *factors[8];
	unsigned set, i;
	size_t M = rows * width, have;

	rng_seeded(&rng, seed);
	a = kit_scalars(g, t, &rng);
	good(svec_slice(&a_0, a, 0, 1));
	y = kit_powers(a_0);
	bytes = st.list = kit_list(y, rows, width, &messages, &rng);
	good(elgamal_list_decode(&list, g, rows, width, bytes, NULL, NULL));
	good(gvec_new(&found, g, M));
	for (i = 0; i < n; i++) {
		x = polynomial(a, i + 1);
		factors[i] = malloc(dleq_factors_bytes(g, rows, width));
		good(dleq_factors(factors[i], &st, x, NULL));
		shares[i] = (struct dleq_share){ i + 1,
			{ factors[i], dleq_factors_bytes(g, rows, width) } };
		svec_free(x);
	}
	for (set = 0; set < 1u << n; set++) {
		have = 0;
		for (i = 0; i < n; i++)
			if (set >> i & 1)
				chosen[have++] = shares[set & 1 ? i : n - 1 - i];
		if (have == 0 || have > t)
			continue;
		good(dleq_combine(found, list, chosen, have, NULL));
		if (have == t)
			ck_assert_uint_eq(gvec_differ_vartime(found, messages), M);
		else
			ck_assert_uint_lt(gvec_differ_vartime(found, messages), M);
	}
	for (i = 0; i < n; i++)
		free(factors[i]);
	free((void *)(uintptr_t)bytes.p);
	elgamal_list_free(list);
	gvec_free(y);
	gvec_free(messages);
	gvec_free(found);
	svec_free(a_0);
	svec_free(a);
}

START_TEST(any_t_trustees)
{
	all_sets(kit_group(_i), 1, 1, 1, 1);
	all_sets(kit_group(_i), 3, 2, 3, 2);
	if (_i == 0) {
		all_sets(kit_group(_i), 5, 3, 2, 3);
		all_sets(kit_group(_i), 4, 4, 1, 1);
		all_sets(kit_group(_i), 4, 1, 1, 1);
	}
}
END_TEST

START_TEST(combine_refuses)
{
	const struct group *g = kit_group(0);
	struct sample s;
	struct elgamal_list *list;
	struct dleq_share share;
	struct gvec *m;

	sample_make(&s, g, 2, 2);
	good(elgamal_list_decode(&list, g, 2, 2, s.st.list, NULL, NULL));
	good(gvec_new(&m, g, 4));
	share = (struct dleq_share){ 1, s.st.factors };
	good(dleq_combine(m, list, &share, 1, NULL));
	share.factors.n--;
	ck_result(dleq_combine(m, list, &share, 1, NULL), R_BAD_WIDTH);
	share.factors.n++;
	kit_identity(g, s.factors + 3 * group_element_bytes(g));
	ck_result(dleq_combine(m, list, &share, 1, NULL), R_BAD_ELEMENT);
	memset(s.factors, 0xff, 32);
	ck_result(dleq_combine(m, list, &share, 1, NULL), R_NON_CANONICAL);
	gvec_free(m);
	elgamal_list_free(list);
	sample_free(&s);
}
END_TEST

/* A message that is g^0 comes out as the identity: it is no block, and no error. */
START_TEST(a_message_may_be_the_identity)
{
	const struct group *g = kit_group(0);
	struct rng rng;
	struct svec *x, *r;
	struct gvec *y, *m;
	struct elgamal_list *list;
	uint8_t factors[32], bytes[64];
	struct dleq_share share = { 1, { factors, 32 } };
	struct dleq_statement st = { .group = g, .rows = 1, .width = 1, .list = { bytes, 64 } };

	rng_seeded(&rng, seed);
	x = kit_scalars(g, 1, &rng);
	y = kit_powers(x);
	r = kit_scalars(g, 1, &rng);
	good(gvec_new(&m, g, 1));
	good(elgamal_list_new(&list, g, 1, 1));
	good(elgamal_encrypt(list->a[0], list->b[0], y, m, r, NULL));
	good(elgamal_list_encode(bytes, list, NULL));
	good(dleq_factors(factors, &st, x, NULL));
	gvec_set_generator(m);
	good(dleq_combine(m, list, &share, 1, NULL));
	ck_assert_int_eq(gvec_is_identity_vartime(m, 0), 1);
	elgamal_list_free(list);
	gvec_free(y);
	gvec_free(m);
	svec_free(x);
	svec_free(r);
}
END_TEST

/* (D10): the coefficients of every set recover f(0). */
START_TEST(lagrange)
{
	static const uint32_t sets[][4] = { { 1, 2, 3, 4 }, { 7, 3, 200, 11 }, { 4, 3, 2, 1 },
		{ 4000000000u, 1, 2, 4294967295u } };
	const struct group *g = kit_group(_i);
	struct rng rng;
	struct svec *a, *a_0, *lambda, *f, *sum, *part;
	size_t i, j;

	rng_seeded(&rng, seed);
	a = kit_scalars(g, 4, &rng);
	good(svec_slice(&a_0, a, 0, 1));
	good(svec_new(&lambda, g, 4));
	good(svec_new(&part, g, 1));
	for (i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		good(dleq_lagrange(lambda, sets[i], 4));
		sum = kit_scalar(g, 0);
		for (j = 0; j < 4; j++) {
			f = polynomial(a, sets[i][j]);
			svec_copy(part, 0, lambda, j, 1);
			svec_mul(f, f, part);
			svec_add(sum, sum, f);
			svec_free(f);
		}
		ck_assert_uint_eq(svec_differ_vartime(sum, a_0), 1);
		svec_free(sum);
	}
	svec_free(lambda);
	svec_free(part);
	svec_free(a_0);
	svec_free(a);
}
END_TEST

/* The fractions of integers are the coefficients; and they are short. */
START_TEST(lagrange_in_integers)
{
	static const uint32_t sets[][4] = { { 1, 2, 3, 4 }, { 2, 4, 6, 8 }, { 7, 3, 200, 11 },
		{ 4, 3, 2, 1 }, { 1, 3, 4, 64 }, { 4000000000u, 1, 2, 4294967295u } };
	/* The first two: 4, -6, 4, -1; a common denominator of 1. */
	static const uint64_t first[] = { 4, 6, 4, 1 };
	const struct group *g = kit_group(_i);
	struct svec *lambda, *top, *bottom, *one = kit_scalar(g, 1), *x;
	size_t i, j, n;

	for (n = 1; n <= 4; n++)
		for (i = 0; i < sizeof sets / sizeof sets[0]; i++) {
			good(svec_new(&lambda, g, n));
			good(svec_new(&top, g, n));
			good(svec_new(&bottom, g, 1));
			good(dleq_lagrange(lambda, sets[i], n));
			good(dleq_lagrange_whole(top, bottom, sets[i], n));
			for (j = 0; n == 4 && i < 2 && j < 4; j++) {
				x = kit_scalar(g, first[j]);
				if (j % 2 == 1)
					svec_neg(x, x);
				svec_copy(lambda, j, x, 0, 1);
				svec_free(x);
				ck_assert_uint_eq(svec_differ_vartime(bottom, one), 1);
			}
			svec_mul(lambda, lambda, bottom);
			ck_assert_uint_eq(svec_differ_vartime(lambda, top), n);
			svec_free(lambda);
			svec_free(top);
			svec_free(bottom);
		}
	svec_free(one);
}
END_TEST

/* ---- opening ---- */

/* Write a list of rows * width: blocks, many of them twice; every seventh no block, every ninth
 * the identity. */
static struct slice
list_of_blocks(const struct gvec *y, size_t rows, size_t width, struct rng *rng)
{
	const struct group *g = gvec_group(y);
	const size_t M = rows * width, size = group_element_bytes(g);
	uint8_t *blocks = calloc(M, GROUP_BLOCK_BYTES), *bytes = malloc(2 * M * size);
	struct gvec *m, *other = kit_elements(g, M, rng), *one, *a;
	struct svec *r = kit_scalars(g, M, rng);
	size_t i;

	for (i = 0; i < M; i++) {
		blocks[i * GROUP_BLOCK_BYTES] = (uint8_t)(i % 5 == 0 ? i : i % 3);
		blocks[i * GROUP_BLOCK_BYTES + 29] = (uint8_t)(i / 256);
	}
	good(gvec_new(&m, g, M));
	good(gvec_new(&a, g, M));
	good(gvec_new(&one, g, 1));
	good(gvec_embed(m, blocks));
	for (i = 0; i < M; i++) {
		if (i % 7 == 3)
			gvec_copy(m, i, other, i, 1);
		if (i % 9 == 4)
			gvec_copy(m, i, one, 0, 1);
	}
	good(elgamal_encrypt(a, m, y, m, r, NULL));
	good(gvec_encode(bytes, 2 * size, a, NULL));
	good(gvec_encode(bytes + size, 2 * size, m, NULL));
	free(blocks);
	gvec_free(m);
	gvec_free(a);
	gvec_free(one);
	gvec_free(other);
	svec_free(r);
	return (struct slice){ bytes, 2 * M * size };
}

/* dleq_open gives what dleq_combine and gvec_extract give, for every set of t of n. */
static void
opens_as_it_combines(const struct group *g, unsigned n, unsigned t, size_t rows, size_t width,
    const struct effort *effort)
{
	const size_t M = rows * width, bytes = dleq_factors_bytes(g, rows, width);
	uint8_t *blocks = malloc(M * GROUP_BLOCK_BYTES), *want = malloc(M * GROUP_BLOCK_BYTES);
	uint8_t *valid = malloc(M), *want_valid = malloc(M), *factors[8];
	struct dleq_statement st = { .group = g, .rows = rows, .width = width };
	struct dleq_share shares[8], chosen[8];
	struct elgamal_list *list;
	struct svec *a, *a_0, *x;
	struct gvec *y, *m;
	struct rng rng;
	unsigned set, i, have;

	rng_seeded(&rng, seed);
	a = kit_scalars(g, t, &rng);
	good(svec_slice(&a_0, a, 0, 1));
	y = kit_powers(a_0);
	st.list = list_of_blocks(y, rows, width, &rng);
	good(elgamal_list_decode(&list, g, rows, width, st.list, NULL, NULL));
	good(gvec_new(&m, g, M));
	for (i = 0; i < n; i++) {
		x = polynomial(a, i + 1);
		factors[i] = malloc(bytes);
		good(dleq_factors(factors[i], &st, x, effort));
		shares[i] = (struct dleq_share){ i + 1, { factors[i], bytes } };
		svec_free(x);
	}
	for (set = 0; set < 1u << n; set++) {
		for (i = have = 0; i < n; i++)
			if (set >> i & 1)
				chosen[have++] = shares[set & 1 ? i : n - 1 - i];
		if (have != t)
			continue;
		good(dleq_combine(m, list, chosen, t, NULL));
		good(gvec_extract_each(want, want_valid, m, NULL));
		memset(blocks, 1, M * GROUP_BLOCK_BYTES);
		memset(valid, 2, M);
		good(dleq_open(blocks, valid, g, st.list, rows, width, chosen, t, effort));
		ck_assert_mem_eq(valid, want_valid, M);
		ck_assert_mem_eq(blocks, want, M * GROUP_BLOCK_BYTES);
		ck_assert_ptr_null(memchr(valid, 2, M));
		ck_assert_ptr_nonnull(memchr(valid, 1, M));
	}
	for (i = 0; i < n; i++)
		free(factors[i]);
	free((void *)(uintptr_t)st.list.p);
	free(blocks);
	free(want);
	free(valid);
	free(want_valid);
	elgamal_list_free(list);
	gvec_free(y);
	gvec_free(m);
	svec_free(a_0);
	svec_free(a);
}

START_TEST(opens)
{
	const struct effort two = { .threads = 2 };
	const struct group *g = kit_group(_i);

	opens_as_it_combines(g, 1, 1, 1, 1, NULL);
	opens_as_it_combines(g, 3, 2, _i == 0 ? 40 : 5, 2, NULL);
	if (_i > 0)
		return;
	opens_as_it_combines(g, 5, 3, 30, 1, &two);
	opens_as_it_combines(g, 4, 4, 2, 3, NULL);
	/* Longer than what is in memory at a time. */
	opens_as_it_combines(g, 2, 2, 2100, 1, NULL);
}
END_TEST

START_TEST(open_refuses)
{
	const struct group *g = kit_group(0);
	const size_t size = group_element_bytes(g);
	uint8_t blocks[4 * GROUP_BLOCK_BYTES], valid[4];
	struct dleq_share share;
	struct sample s;

	sample_make(&s, g, 2, 2);
	share = (struct dleq_share){ 1, s.st.factors };
	good(dleq_open(blocks, valid, g, s.st.list, 2, 2, &share, 1, NULL));
	ck_result(dleq_open(blocks, valid, g, s.st.list, 2, 1, &share, 1, NULL), R_BAD_WIDTH);
	ck_result(dleq_open(blocks, valid, g, (struct slice){ NULL, 0 }, 0, 2, &share, 1, NULL),
	    R_BAD_WIDTH);
	share.factors.n--;
	ck_result(dleq_open(blocks, valid, g, s.st.list, 2, 2, &share, 1, NULL), R_BAD_WIDTH);
	share.factors.n++;
	kit_identity(g, s.factors + 3 * size);
	ck_result(dleq_open(blocks, valid, g, s.st.list, 2, 2, &share, 1, NULL), R_BAD_ELEMENT);
	memset(s.factors, 0xff, size);
	ck_result(dleq_open(blocks, valid, g, s.st.list, 2, 2, &share, 1, NULL), R_NON_CANONICAL);
	remake(&s);
	memset(s.list + size, 0xff, size);
	ck_result(dleq_open(blocks, valid, g, s.st.list, 2, 2, &share, 1, NULL), R_NON_CANONICAL);
	sample_free(&s);
}
END_TEST

/* A list that does not decode is refused by those who work on it. */
START_TEST(bad_lists_are_not_decrypted)
{
	const struct group *g = kit_group(0);
	struct sample s;
	struct rng rng;

	rng_seeded(&rng, seed);
	sample_make(&s, g, 2, 2);
	s.st.rows = 3;
	ck_result(dleq_factors(s.factors, &s.st, s.x, NULL), R_BAD_WIDTH);
	ck_result(dleq_prove(s.proof, &s.st, s.x, &rng, NULL), R_BAD_WIDTH);
	s.st.rows = 2;
	kit_identity(g, s.list + 2 * group_element_bytes(g));
	ck_result(dleq_factors(s.factors, &s.st, s.x, NULL), R_BAD_ELEMENT);
	ck_result(dleq_prove(s.proof, &s.st, s.x, &rng, NULL), R_BAD_ELEMENT);
	sample_free(&s);
}
END_TEST

/* ---- the tiny group ---- */

/* Count the challenges that have an answer, for A = g^k, X = g^x, D = g^d and the commitments
 * g^w1, g^w2. */
static unsigned
answered(const struct group *g, unsigned k, unsigned x, unsigned d, unsigned w1, unsigned w2)
{
	struct svec *e[5] = { kit_scalar(g, k), kit_scalar(g, x), kit_scalar(g, d),
		kit_scalar(g, w1), kit_scalar(g, w2) };
	struct gvec *v[5];
	unsigned i, c, s, count = 0;

	for (i = 0; i < 5; i++)
		v[i] = kit_powers(e[i]);
	for (c = 0; c < 11; c++) {
		struct svec *sc = kit_scalar(g, c);
		unsigned accepted = 0;

		for (s = 0; s < 11; s++) {
			struct svec *ss = kit_scalar(g, s);
			enum result r = dleq_equations(v[1], v[0], v[2], v[3], v[4], sc, ss);

			ck_assert(r == R_GOOD || r == R_BAD_DECRYPTION);
			accepted += r == R_GOOD;
			svec_free(ss);
		}
		ck_assert_uint_le(accepted, 1);
		count += accepted;
		svec_free(sc);
	}
	for (i = 0; i < 5; i++) {
		svec_free(e[i]);
		gvec_free(v[i]);
	}
	return count;
}

/* All false statements D != A^x with A = g^k, all commitments: at most one challenge of the 11. And
 * the true ones: all, if the commitments are honest. One k a run. */
START_TEST(one_challenge_at_most)
{
	const struct group *g = tiny_group(11);
	const unsigned k = (unsigned)_i;
	unsigned x, d, w1, w2, count;

	for (x = 0; x < 11; x += 3)
		for (d = 0; d < 11; d++)
			for (w1 = 0; w1 < 11; w1 += 5)
				for (w2 = 0; w2 < 11; w2++) {
					count = answered(g, k, x, d, w1, w2);
					if (d != k * x % 11)
						ck_assert_uint_le(count, 1);
					else
						ck_assert_uint_eq(count,
						    w2 == k * w1 % 11 ? 11 : 0);
				}
}
END_TEST

START_TEST(tiny_proofs)
{
	const struct group *g = tiny_group(23);
	unsigned good = 0, refused = 0, i;
	struct sample s;
	struct rng rng;
	enum result r;

	rng_seeded(&rng, seed);
	for (i = 0; good < 100; i++) {
		uint8_t bytes[6], factors[3], proof[3];
		static const struct digest close = { "close" };

		ck_assert_uint_lt(i, 1000);
		s.x = kit_scalars(g, 1, &rng);
		s.X = kit_powers(s.x);
		s.y = kit_elements(g, 6, &rng);
		good(gvec_encode(bytes, 1, s.y, NULL));
		s.st = (struct dleq_statement){ g, &close, 1, 1, s.X, 3, 1, { bytes, 6 },
			{ factors, 3 } };
		r = dleq_factors(factors, &s.st, s.x, NULL);
		if (r == R_GOOD)
			r = dleq_prove(proof, &s.st, s.x, &rng, NULL);
		if (r == R_GOOD)
			r = dleq_verify(&s.st, (struct slice){ proof, 3 }, NULL);
		/* The identity turns up; nothing else goes wrong. */
		if (r == R_GOOD)
			good++;
		else
			ck_result(r, R_BAD_ELEMENT);
		refused += r != R_GOOD;
		svec_free(s.x);
		gvec_free(s.X);
		gvec_free(s.y);
	}
	ck_assert_uint_gt(refused, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dleq");
	TCase *tc = tcase_create("dleq"), *modp = tcase_create("dleq_modp"),
	      *tiny = tcase_create("dleq_tiny");

	suite_groups(tc, modp, true_statements, 0, 1, KIT_GROUPS);
	suite_groups(tc, modp, every_field, 0, 1, 2);
	tcase_add_test(tc, every_byte_of_the_proof);
	suite_groups(tc, modp, other_statements, 0, 1, 2);
	tcase_add_test(tc, wrong_lengths);
	suite_groups(tc, modp, wrong_factors_cannot_be_proved, 0, 1, 2);
	suite_groups(tc, modp, factors_made_for_known_deltas, 0, 1, 2);
	tcase_add_loop_test(tc, commitments_made_for_a_known_challenge, 0, 3);
	tcase_add_test(tc, nonces_are_hedged);
	suite_groups(tc, modp, any_t_trustees, 0, 1, 2);
	tcase_add_test(tc, combine_refuses);
	tcase_add_test(tc, a_message_may_be_the_identity);
	suite_groups(tc, modp, lagrange, 0, 1, KIT_GROUPS);
	suite_groups(tc, modp, lagrange_in_integers, 0, 1, 2);
	suite_groups(tc, modp, opens, 0, 1, 2);
	tcase_add_test(tc, open_refuses);
	tcase_add_test(tc, bad_lists_are_not_decrypted);
	tcase_add_loop_test(tiny, one_challenge_at_most, 0, 11);
	tcase_add_test(tiny, tiny_proofs);
	tcase_set_tags(modp, "modp");
	tcase_set_tags(tiny, "tiny");
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, modp);
	suite_add_tcase(suite, tiny);
	return suite_main(suite);
}
