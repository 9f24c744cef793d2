/*
 * test_shuffle: mixes of all shapes hold, keep the plaintexts and move them; whatever is changed in
 * statement, list or proof, they no longer hold. Every check is asked of both verifiers.
 */
#include <string.h>

#include "crypto/shuffle.h"
#include "crypto/shuffle_parts.h"
#include "tests/mix_kit.h"
#include "tests/suite.h"

/* ---- true statements ---- */

/* Row i of the output holds what row psi(i) of the input held, under new ciphertexts. */
static void
check_mix(struct mix *m)
{
	const size_t row = m->width * m->element;
	uint8_t *before = mix_kit_decrypt(m, m->st.input);
	uint8_t *after = mix_kit_decrypt(m, m->st.output);
	size_t i, j;

	good(mix_kit_verify(m));
	for (i = 0; i < m->rows; i++) {
		ck_assert_mem_eq(after + i * row, before + m->secrets->psi[i] * row, row);
		for (j = 0; j < 2 * m->width; j++)
			ck_assert_mem_ne(m->output + (2 * m->width * i + j) * m->element,
			    m->input + (2 * m->width * m->secrets->psi[i] + j) * m->element,
			    m->element);
	}
	free(before);
	free(after);
}

START_TEST(all_shapes)
{
	static const size_t rows[] = { 1, 2, 3, 20 };
	size_t i, width;

	for (i = 0; i < 4; i++)
		for (width = 1; width <= 5; width++) {
			struct mix m;

			mix_kit_make(&m, kit_group(0), rows[i], width, (uint8_t)width);
			ck_assert_uint_eq(m.proof_bytes,
			    (3 * rows[i] + 3 + 2 * width) * 32 + (2 * rows[i] + 3 + width) * 32);
			ck_assert_uint_eq(m.proof_bytes, m.at.end);
			check_mix(&m);
			mix_kit_free(&m);
		}
}
END_TEST

START_TEST(modp_groups)
{
	size_t rows;

	for (rows = 1; rows <= (_i == 1 ? 3 : 2); rows++) {
		struct mix m;

		mix_kit_make(&m, kit_group(_i), rows, _i == 1 ? 2 : 1, 7);
		check_mix(&m);
		mix_kit_free(&m);
	}
}
END_TEST

/* As a mixer does it: three in a row, each with its own randomness. */
START_TEST(three_mixers)
{
	const struct group *g = kit_group(0);
	const size_t row = 2 * 32;
	struct mix m;
	uint8_t *lists[3], *first, *last;
	struct rng rng;
	size_t i, j, moved = 0;

	mix_kit_make(&m, g, 20, 2, 1);
	first = mix_kit_decrypt(&m, m.st.input);
	for (i = 0; i < 3; i++) {
		lists[i] = malloc(m.list_bytes);
		m.st.ordinal = i + 1;
		m.st.trustee = 3 - i;
		good(rng_system(&rng));
		good(shuffle_mix(&m.st, lists[i], m.proof, &rng, NULL));
		ck_assert_ptr_eq(m.st.output.p, lists[i]);
		good(mix_kit_verify(&m));
		m.st.input = m.st.output;
	}
	last = mix_kit_decrypt(&m, m.st.input);
	for (i = 0; i < 20; i++) {
		for (j = 0; j < 20; j++)
			if (memcmp(first + i * row, last + j * row, row) == 0)
				break;
		ck_assert_uint_lt(j, 20);
		moved += i != j;
	}
	ck_assert_uint_gt(moved, 0);
	for (i = 0; i < 3; i++)
		free(lists[i]);
	free(first);
	free(last);
	mix_kit_free(&m);
}
END_TEST

/* Mix; return the place the first row went to, and the first nonce commitment. */
static void
mix_once(struct mix *m, const uint8_t seed[32], uint8_t *output, uint8_t t[32])
{
	struct rng rng;

	rng_seeded(&rng, seed);
	good(shuffle_mix(&m->st, output, m->proof, &rng, NULL));
	memcpy(t, m->proof + m->at.t, 32);
}

/* The same stream gives the same mix, but only for the same statement. */
START_TEST(secrets_are_hedged)
{
	static const uint8_t seed[32] = "hedged";
	struct mix m;
	struct gvec *other_key;
	uint8_t *first, *other, t[32], t2[32];
	int i;

	mix_kit_make(&m, kit_group(0), 3, 1, 1);
	first = malloc(m.list_bytes);
	other = malloc(m.list_bytes);
	good(gvec_new(&other_key, m.g, 1));
	gvec_set_generator(other_key);
	mix_once(&m, seed, first, t);
	mix_once(&m, seed, other, t2);
	ck_assert_mem_eq(first, other, m.list_bytes);
	ck_assert_mem_eq(t, t2, 32);
	for (i = 0; i < 6; i++) {
		struct shuffle_statement st = m.st;

		if (i == 0)
			m.close.b[0] ^= 1;
		else if (i == 1)
			m.st.item++;
		else if (i == 2)
			m.st.ordinal++;
		else if (i == 3)
			m.st.trustee++;
		else if (i == 4)
			m.st.y = other_key;
		else
			kit_next_element(m.g, m.input);
		mix_once(&m, seed, other, t2);
		good(mix_kit_verify(&m));
		ck_assert_mem_ne(t, t2, 32);
		ck_assert_mem_ne(first, other, 32);
		if (i == 0)
			m.close.b[0] ^= 1;
		m.st = st;
	}
	gvec_free(other_key);
	free(first);
	free(other);
	mix_kit_free(&m);
}
END_TEST

/* All six orders of three rows come up equally often: in 6000 draws each 1000 times, give or take
 * five standard deviations. */
START_TEST(permutations_are_uniform)
{
	static const uint8_t seed[32] = "permutations";
	const struct group *g = kit_group(0);
	struct shuffle_secrets *x;
	unsigned count[27] = { 0 }, i;
	struct rng rng;

	rng_seeded(&rng, seed);
	for (i = 0; i < 6000; i++) {
		good(shuffle_secrets_new(&x, g, 3, 1, &rng));
		count[x->psi[0] * 9 + x->psi[1] * 3 + x->psi[2]]++;
		shuffle_secrets_free(x);
	}
	for (i = 0; i < 27; i++) {
		unsigned a = i / 9, b = i / 3 % 3, c = i % 3;

		if (a != b && b != c && a != c)
			ck_assert(count[i] > 1000 - 145 && count[i] < 1000 + 145);
		else
			ck_assert_uint_eq(count[i], 0);
	}
}
END_TEST

/* ---- what must be refused ---- */

START_TEST(no_rows_or_width)
{
	static const uint8_t seed[32] = "none";
	const struct group *g = kit_group(0);
	struct mix m;
	struct shuffle_statement st;
	struct rng rng;
	int i;

	ck_assert_uint_eq(shuffle_proof_bytes(g, 0, 1), 0);
	ck_assert_uint_eq(shuffle_proof_bytes(g, 1, 0), 0);
	ck_assert_uint_eq(shuffle_proof_bytes(g, (size_t)SHUFFLE_ROWS_MAX + 1, 1), 0);
	ck_assert_uint_eq(shuffle_proof_bytes(g, SIZE_MAX, 1), 0);
	ck_assert_uint_eq(shuffle_proof_bytes(g, 1, SIZE_MAX), 0);
	ck_assert_uint_ne(shuffle_proof_bytes(g, SHUFFLE_ROWS_MAX, 1), 0);
	ck_assert_uint_eq(shuffle_output_bytes(g, 0, 1), 0);

	rng_seeded(&rng, seed);
	mix_kit_make(&m, g, 2, 2, 1);
	st = m.st;
	for (i = 0; i < 6; i++) {
		m.st = st;
		if (i == 0)
			m.st.rows = 0;
		else if (i == 1)
			m.st.width = 0;
		else if (i == 2)
			m.st.rows = m.st.input.n = m.st.output.n = 0;
		else if (i == 3)
			m.st.input.n--;
		else if (i == 4)
			m.st.rows = 3;
		else
			m.st.width = SIZE_MAX;
		ck_result(mix_kit_verify(&m), R_BAD_WIDTH);
		ck_result(shuffle_mix(&m.st, m.output, m.proof, &rng, NULL), R_BAD_WIDTH);
		ck_assert_ptr_null(m.st.output.p);
	}
	m.st = st;
	m.st.output.n--;
	ck_result(mix_kit_verify(&m), R_BAD_WIDTH);
	m.st.output = (struct slice){ NULL, 0 };
	ck_result(mix_kit_verify(&m), R_BAD_WIDTH);
	m.proof_bytes--; /* a missing list is said before a bad proof */
	ck_result(mix_kit_verify(&m), R_BAD_WIDTH);
	mix_kit_free(&m);
}
END_TEST

START_TEST(every_field_of_the_proof)
{
	struct mix m;
	size_t at;

	mix_kit_make(&m, kit_group(_i), _i == 0 ? 3 : 2, _i == 0 ? 2 : 1, 1);
	for (at = 0; at < m.at.s; at += m.element)
		kit_spoil_element(m.g, m.proof + at, R_BAD_SHUFFLE, mix_kit_verify, &m);
	for (; at < m.at.end; at += m.scalar)
		kit_spoil_scalar(m.g, m.proof + at, R_BAD_SHUFFLE, mix_kit_verify, &m);
	good(mix_kit_verify(&m));
	mix_kit_free(&m);
}
END_TEST

START_TEST(every_bit_of_the_proof)
{
	struct mix m;
	const struct group *g = kit_group(0);
	size_t i;

	mix_kit_make(&m, g, 1, 1, 1);
	for (i = 0; i < 8 * m.proof_bytes; i++) {
		m.proof[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_ne((int)shuffle_verify(&m.st,
				     (struct slice){ m.proof, m.proof_bytes }, NULL),
		    R_GOOD);
		m.proof[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	good(mix_kit_verify(&m));
	mix_kit_free(&m);
}
END_TEST

START_TEST(wrong_lengths_of_the_proof)
{
	struct mix m;
	size_t n;

	mix_kit_make(&m, kit_group(0), 2, 1, 1);
	n = m.proof_bytes;
	m.proof[n] = 0;
	for (m.proof_bytes = 0; m.proof_bytes <= n + 1; m.proof_bytes++)
		ck_result(mix_kit_verify(&m), m.proof_bytes == n ? R_GOOD : R_BAD_ENCODING);
	ck_result(shuffle_verify(&m.st, (struct slice){ NULL, 0 }, NULL), R_BAD_ENCODING);
	mix_kit_free(&m);
}
END_TEST

START_TEST(every_element_of_the_lists)
{
	struct mix m;
	size_t at;

	mix_kit_make(&m, kit_group(_i), 2, 2, 1);
	for (at = 0; at < m.list_bytes; at += m.element) {
		kit_spoil_element(m.g, m.input + at, R_BAD_SHUFFLE, mix_kit_verify, &m);
		kit_spoil_element(m.g, m.output + at, R_BAD_SHUFFLE, mix_kit_verify, &m);
	}
	good(mix_kit_verify(&m));
	mix_kit_free(&m);
}
END_TEST

/* Two exchanged anywhere in the proof. */
START_TEST(exchanged_parts)
{
	struct mix m;
	uint8_t saved[4096], tmp[32];
	size_t i, j;

	mix_kit_make(&m, kit_group(0), 2, 1, 1);
	ck_assert_uint_le(m.proof_bytes, sizeof saved);
	memcpy(saved, m.proof, m.proof_bytes);
	for (i = 0; i < m.proof_bytes; i += 32)
		for (j = 0; j < i; j += 32) {
			memcpy(tmp, m.proof + i, 32);
			memcpy(m.proof + i, m.proof + j, 32);
			memcpy(m.proof + j, tmp, 32);
			ck_assert_int_ne((int)shuffle_verify(&m.st,
					     (struct slice){ m.proof, m.proof_bytes }, NULL),
			    R_GOOD);
			memcpy(m.proof, saved, m.proof_bytes);
		}
	good(mix_kit_verify(&m));
	mix_kit_free(&m);
}
END_TEST

/* a proof is good for one close, item, ordinal, trustee and key only. */
START_TEST(other_statements)
{
	struct mix m;
	struct shuffle_statement st;
	struct gvec *y;

	mix_kit_make(&m, kit_group(_i), 2, 2, 1);
	st = m.st;
	m.close.b[7] ^= 0x80;
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	m.close.b[7] ^= 0x80;
	m.st.item++;
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	m.st = st;
	m.st.ordinal++;
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	m.st = st;
	m.st.trustee++;
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	m.st = st;
	m.st.item = st.ordinal; /* exchanged */
	m.st.ordinal = st.item;
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	m.st = st;
	m.st.rows = 4;
	m.st.width = 1;
	ck_result(mix_kit_verify(&m), R_BAD_ENCODING);
	m.st = st;
	m.st.input = st.output;
	m.st.output = st.input;
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	m.st.output = st.output;
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	m.st = st;

	good(gvec_new(&y, m.g, 1));
	m.st.y = y;
	ck_result(mix_kit_verify(&m), R_BAD_ELEMENT);
	gvec_set_generator(y);
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	gvec_free(y);
	m.st = st;
	good(mix_kit_verify(&m));
	mix_kit_free(&m);
}
END_TEST

/* A proof made for another group is not even of the right length, or does not decode. */
START_TEST(the_proof_of_another_group)
{
	struct mix m, other;

	mix_kit_make(&m, kit_group(0), 2, 1, 1);
	mix_kit_make(&other, kit_group(1), 2, 1, 1);
	ck_result(shuffle_verify(&m.st, (struct slice){ other.proof, other.proof_bytes }, NULL),
	    R_BAD_ENCODING);
	mix_kit_free(&m);
	mix_kit_free(&other);
}
END_TEST

/* ---- lying mixers: they run the real prover on what is not a shuffle ---- */

/* Exchange two parts of a list. */
static void
exchange(uint8_t *a, uint8_t *b, size_t n)
{
	uint8_t tmp[2 * GROUP_ENCODING_MAX];

	memcpy(tmp, a, n);
	memcpy(a, b, n);
	memcpy(b, tmp, n);
}

/* What a mixer may try; returns 0 when there is no such lie. */
static int
lie(struct mix *m, int which)
{
	const size_t both = 2 * m->element;
	uint8_t *row0 = mix_kit_at(m, m->output, 0, 0, 0);
	uint8_t *row1 = mix_kit_at(m, m->output, 1, 0, 0);

	switch (which) {
	case 0: /* one ciphertext replaced: another message */
		kit_next_element(m->g, row0 + m->element);
		break;
	case 1: /* another key's share of it */ kit_next_element(m->g, row0); break;
	case 2: /* one doubled, one dropped */ memcpy(row1, row0, m->width * both); break;
	case 3: /* columns of two rows re-paired */ exchange(row0 + both, row1 + both, both); break;
	case 4: /* columns of one row exchanged */ exchange(row0, row0 + both, both); break;
	case 5: /* a and b exchanged */ exchange(row0, row0 + m->element, m->element); break;
	case 6: /* rows exchanged: a permutation, but not the one committed to */
		exchange(row0, row1, both);
		exchange(row0 + both, row1 + both, both);
		break;
	case 7: /* the input itself */ memcpy(m->output, m->input, m->list_bytes); break;
	case 8: /* what was added here is taken away there: products stay the same */
		kit_next_element(m->g, row0 + m->element);
		for (which = 0; which < 7; which++)
			kit_next_element(m->g, row1 + m->element);
		break;
	case 9: /* not a permutation at all, from the start */
		m->secrets->psi[0] = m->secrets->psi[1];
		good(shuffle_mix_with(&m->st, m->output, m->proof, m->secrets, NULL));
		break;
	case 10: /* all rows the same */
		memset(m->secrets->psi, 0, m->rows * sizeof *m->secrets->psi);
		good(shuffle_mix_with(&m->st, m->output, m->proof, m->secrets, NULL));
		break;
	default: return 0;
	}
	return 1;
}

START_TEST(lying_mixers)
{
	int which;

	for (which = 0;; which++) {
		struct mix m;

		mix_kit_make(&m, kit_group(_i), 3, 2, 1);
		good(mix_kit_verify(&m));
		if (!lie(&m, which)) {
			mix_kit_free(&m);
			break;
		}
		/* With the proof of before, and with a new one. */
		ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
		mix_kit_prove(&m);
		ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
		mix_kit_free(&m);
	}
	ck_assert_int_eq(which, 11);
}
END_TEST

/* ---- weak challenges ---- */

/* P of a mix, without the input or the output if these are NULL. */
static void
start_transcript(struct transcript *P, const struct mix *m, const struct slice *input,
    const struct slice *output)
{
	uint8_t *y = kit_encode(m->y);

	transcript_start(P, "tabella/1 shuffle", group_name(m->g), m->st.close);
	transcript_u64(P, m->st.item);
	transcript_u64(P, m->st.ordinal);
	transcript_u64(P, m->st.trustee);
	transcript_bytes(P, y, m->element);
	transcript_u64(P, m->rows);
	transcript_u64(P, m->width);
	if (input != NULL)
		elgamal_list_enter(P, *input, m->rows, m->width);
	if (output != NULL)
		elgamal_list_enter(P, *output, m->rows, m->width);
	elgamal_list_enter(P, (struct slice){ m->proof + m->at.c, m->rows * m->element }, m->rows,
	    1);
	free(y);
}

/* Multiply the encoded element by g^(+-e[i]). */
static void
shift_by(const struct group *g, uint8_t *bytes, const struct svec *e, size_t i, int sign)
{
	const size_t size = group_element_bytes(g);
	struct svec *one = kit_scalar(g, 0);
	struct gvec *v, *power;

	svec_copy(one, 0, e, i, 1);
	if (sign < 0)
		svec_neg(one, one);
	power = kit_powers(one);
	good(gvec_new(&v, g, 1));
	good(gvec_decode(v, bytes, size, DECODE_NO_IDENTITY, NULL, NULL));
	gvec_mul(v, v, power);
	good(gvec_encode(bytes, size, v, NULL));
	svec_free(one);
	gvec_free(v);
	gvec_free(power);
}

/* If the output (or the input) were not in P, the u would be known before it, and two messages
 * could be changed so that the weighted product stays the same: b_1 * g^u_2 and b_2 / g^u_1. */
START_TEST(lists_made_for_known_weights)
{
	struct mix m;
	struct transcript P;
	struct svec *u, *uprime;

	mix_kit_make(&m, kit_group(0), 2, 1, 1);
	good(svec_new(&u, m.g, 2));
	good(svec_new(&uprime, m.g, 2));
	start_transcript(&P, &m, _i == 0 ? &m.st.input : NULL, _i == 0 ? NULL : &m.st.output);
	good(shuffle_coefficients(u, &P));
	svec_gather(uprime, u, m.secrets->psi);
	if (_i == 0) {
		shift_by(m.g, mix_kit_at(&m, m.output, 0, 0, 1), uprime, 1, 1);
		shift_by(m.g, mix_kit_at(&m, m.output, 1, 0, 1), uprime, 0, -1);
	} else {
		shift_by(m.g, mix_kit_at(&m, m.input, 0, 0, 1), u, 1, 1);
		shift_by(m.g, mix_kit_at(&m, m.input, 1, 0, 1), u, 0, -1);
	}
	mix_kit_prove(&m);
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	svec_free(u);
	svec_free(uprime);
	mix_kit_free(&m);
}
END_TEST

/* t[at] = base^(+-s[s_at]) * prod v_i^s'_i / right^c; v may be NULL. right is used up. */
static void
solve(struct shuffle_claim *p, size_t at, const struct gvec *base, int sign, size_t s_at,
    const struct gvec *v, struct gvec *right, const struct svec *c)
{
	struct svec *s = kit_scalar(svec_group(c), 0);
	struct gvec *left;

	good(gvec_new(&left, svec_group(c), 1));
	svec_copy(s, 0, p->s, s_at, 1);
	if (sign < 0)
		svec_neg(s, s);
	good(gvec_pow_vartime(left, base, s, NULL));
	good(gvec_pow_vartime(right, right, c, NULL));
	gvec_div(left, left, right);
	if (v != NULL) {
		good(gvec_multipow_vartime(right, v, p->sprime, NULL));
		gvec_mul(left, left, right);
	}
	gvec_copy(p->t, at, left, 0, 1);
	svec_free(s);
	gvec_free(left);
	gvec_free(right);
}

/* prod v_i^u_i */
static struct gvec *
weigh(const struct gvec *v, const struct svec *u)
{
	struct gvec *out;

	good(gvec_new(&out, gvec_group(v), 1));
	good(gvec_multipow_vartime(out, v, u, NULL));
	return out;
}

/* Make all t fit the answers and the challenge, as (S12) to (S16) want them. */
static void
solve_all(struct shuffle_claim *p, const struct svec *c)
{
	const struct group *g = svec_group(c);
	struct gvec *right, *part;
	struct svec *u = kit_scalar(g, 0);

	good(gvec_new(&right, g, 1));
	good(gvec_new(&part, g, 1));
	gvec_product(right, p->c);
	gvec_product(part, p->h_i);
	gvec_div(right, right, part);
	solve(p, 0, p->g, 1, 0, NULL, right, c);
	good(gvec_new(&right, g, 1));
	svec_product(u, p->u);
	good(gvec_pow_vartime(part, p->h, u, NULL));
	gvec_copy(right, 0, p->chat, p->rows - 1, 1);
	gvec_div(right, right, part);
	solve(p, 1, p->g, 1, 1, NULL, right, c);
	solve(p, 2, p->g, 1, 2, p->h_i, weigh(p->c, p->u), c);
	solve(p, 3, p->g, -1, 3, p->out->a[0], weigh(p->in->a[0], p->u), c);
	solve(p, 4, p->y, -1, 3, p->out->b[0], weigh(p->in->b[0], p->u), c);
	gvec_free(part);
	svec_free(u);
}

/* If the t were not in the challenge, t_4a and t_4b could be made to fit it, whatever the output
 * is. The chain is as the honest prover has it. */
START_TEST(commitments_made_for_a_known_challenge)
{
	struct mix m;
	struct transcript P;
	struct shuffle_claim p;
	struct svec *c, *uprime;
	uint8_t hash[64], *t;

	mix_kit_make(&m, kit_group(0), 2, 1, 1);
	kit_next_element(m.g, mix_kit_at(&m, m.output, 0, 0, 1));
	mix_kit_prove(&m);
	c = kit_scalar(m.g, 0);
	good(shuffle_claim_read(&p, c, &m.st, (struct slice){ m.proof, m.proof_bytes }, NULL));
	ck_result(shuffle_equations(&p, c), R_BAD_SHUFFLE);

	start_transcript(&P, &m, &m.st.input, &m.st.output);
	transcript_string(&P, "challenge");
	elgamal_list_enter(&P, (struct slice){ m.proof + m.at.chat, 64 }, 2, 1);
	elgamal_list_enter(&P, (struct slice){ m.proof + m.at.that, 64 }, 2, 1);
	transcript_finish(&P, hash);
	svec_from_hash(c, 0, hash);

	good(svec_new(&uprime, m.g, 2));
	svec_gather(uprime, p.u, m.secrets->psi);
	svec_mul(p.sprime, uprime, c);
	svec_add(p.sprime, p.sprime, m.secrets->wprime);
	svec_mul(p.shat, m.secrets->rhat, c);
	svec_add(p.shat, p.shat, m.secrets->what);
	solve_all(&p, c);
	good(shuffle_equations(&p, c));

	t = kit_encode(p.t);
	memcpy(m.proof + m.at.t, t, 5 * 32);
	svec_encode(m.proof + m.at.shat, 32, p.shat);
	svec_encode(m.proof + m.at.sprime, 32, p.sprime);
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	free(t);
	shuffle_claim_free(&p);
	svec_free(c);
	svec_free(uprime);
	mix_kit_free(&m);
}
END_TEST

/* ---- what is true all the same ---- */

/* A list of one row has nothing to permute; its message is held all the same. */
START_TEST(lying_about_one_row)
{
	struct mix m;

	mix_kit_make(&m, kit_group(0), 1, 1, 1);
	kit_next_element(m.g, m.output + m.element);
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	mix_kit_prove(&m);
	ck_result(mix_kit_verify(&m), R_BAD_SHUFFLE);
	mix_kit_free(&m);
}
END_TEST

/* An output that equals its input is a true statement: nothing moved. The caller refuses it. */
START_TEST(no_change_is_a_true_statement)
{
	struct mix m;
	struct svec *zero;
	uint32_t i;
	size_t k;

	mix_kit_make(&m, kit_group(0), 3, 2, 1);
	for (i = 0; i < 3; i++)
		m.secrets->psi[i] = i;
	good(svec_new(&zero, m.g, 3));
	for (k = 0; k < 2; k++)
		svec_copy(m.secrets->rprime[k], 0, zero, 0, 3);
	good(shuffle_mix_with(&m.st, m.output, m.proof, m.secrets, NULL));
	ck_assert_mem_eq(m.output, m.input, m.list_bytes);
	good(mix_kit_verify(&m));
	svec_free(zero);
	mix_kit_free(&m);
}
END_TEST

START_TEST(mix_refuses_bad_inputs)
{
	static const uint8_t seed[32] = "bad";
	struct mix m;
	struct rng rng;

	rng_seeded(&rng, seed);
	mix_kit_make(&m, kit_group(0), 2, 1, 1);
	kit_identity(m.g, m.input);
	ck_result(shuffle_mix(&m.st, m.output, m.proof, &rng, NULL), R_BAD_ELEMENT);
	memset(m.input + m.element, 0xff, m.element);
	kit_next_element(m.g, m.input);
	ck_result(shuffle_mix(&m.st, m.output, m.proof, &rng, NULL), R_NON_CANONICAL);
	mix_kit_free(&m);
}
END_TEST

/* ---- ranges of rows ---- */

/* Rows are worked on in ranges, as many as the threads ask for: the bytes, the verdict and the
 * reason do not depend on them. */
START_TEST(ranges)
{
	const struct group *g = kit_group(0);
	size_t rows, width, spoilt;
	int threads;

	for (rows = 1; rows <= 9; rows++)
		for (width = 1; width <= 2; width++)
			for (threads = 2; threads <= 5; threads++) {
				const struct effort effort = { .threads = threads };
				struct mix m;
				struct slice proof;
				uint8_t *output, *bytes;

				mix_kit_make(&m, g, rows, width, (uint8_t)threads);
				proof = (struct slice){ m.proof, m.proof_bytes };
				output = malloc(m.list_bytes);
				bytes = malloc(m.proof_bytes);
				ck_assert(output != NULL && bytes != NULL);
				good(shuffle_mix_with(&m.st, output, bytes, m.secrets, &effort));
				ck_assert_mem_eq(output, m.output, m.list_bytes);
				ck_assert_mem_eq(bytes, m.proof, m.proof_bytes);
				good(shuffle_verify(&m.st, proof, &effort));
				/* another answer in each row of the chain */
				for (spoilt = 0; spoilt < rows; spoilt++) {
					uint8_t *at = m.proof + m.at.shat + spoilt * m.scalar;

					at[0] ^= 1;
					ck_result(shuffle_verify(&m.st, proof, &effort),
					    R_BAD_SHUFFLE);
					at[0] ^= 1;
				}
				free(output);
				free(bytes);
				mix_kit_free(&m);
			}
}
END_TEST

/* The last row of one part is refused for one reason and the first row of the next for another: the
 * part that stands first is named, whichever range and whichever thread finds it. */
START_TEST(the_first_refusal)
{
	const size_t rows = 9;
	struct mix m;
	struct slice proof;
	uint8_t *part[7];
	size_t i, size[7];
	int threads;

	mix_kit_make(&m, kit_group(0), rows, 1, 1);
	proof = (struct slice){ m.proof, m.proof_bytes };
	for (i = 0; i < 7; i++)
		size[i] = rows * m.element;
	part[0] = m.output;
	size[0] *= 2;
	part[1] = m.proof + m.at.c;
	part[2] = m.proof + m.at.chat;
	part[3] = m.proof + m.at.t;
	size[3] = 5 * m.element;
	part[4] = m.proof + m.at.that;
	part[5] = m.proof + m.at.shat;
	part[6] = m.proof + m.at.sprime;
	for (i = 0; i < 6; i++) {
		uint8_t *last = part[i] + size[i] - m.element, *next = part[i + 1];
		uint8_t kept[2][32];

		memcpy(kept[0], last, 32);
		memcpy(kept[1], next, 32);
		kit_identity(m.g, last);
		memset(next, 0xff, 32);
		if (i == 5) /* two scalars: one reason, whichever is named */
			memset(last, 0xff, 32);
		for (threads = 1; threads <= 4; threads++) {
			const struct effort effort = { .threads = threads };

			ck_result(shuffle_verify(&m.st, proof, &effort),
			    i == 5 ? R_NON_CANONICAL : R_BAD_ELEMENT);
			ck_result(shuffle_verify_slow(&m.st, proof, &effort),
			    i == 5 ? R_NON_CANONICAL : R_BAD_ELEMENT);
		}
		memcpy(last, kept[0], 32);
		memcpy(next, kept[1], 32);
	}
	good(mix_kit_verify(&m));
	mix_kit_free(&m);
}
END_TEST

/* ---- progress ---- */

struct watch {
	uint64_t last, total, calls, stop_at;
};

static int
watch(void *ctx, uint64_t done, uint64_t total)
{
	struct watch *w = ctx;

	ck_assert_uint_ge(done, w->last);
	ck_assert_uint_le(done, total);
	ck_assert(w->total == 0 || w->total == total);
	w->last = done;
	w->total = total;
	w->calls++;
	return w->calls == w->stop_at;
}

START_TEST(progress_and_cancelling)
{
	static const uint8_t seed[32] = "progress";
	struct watch w = { .last = 0 };
	const struct effort effort = { .threads = 1, .progress = watch, .ctx = &w };
	struct mix m;
	struct rng rng;
	uint64_t calls;

	rng_seeded(&rng, seed);
	mix_kit_make(&m, kit_group(0), 20, 2, 1);
	good(shuffle_mix(&m.st, m.output, m.proof, &rng, &effort));
	ck_assert_uint_gt(w.calls, 5);
	ck_assert_uint_eq(w.last, w.total);
	for (calls = w.calls; calls > 0; calls--) {
		w = (struct watch){ .stop_at = calls };
		ck_result(shuffle_mix(&m.st, m.output, m.proof, &rng, &effort), R_CANCELLED);
	}
	w = (struct watch){ .stop_at = 0 };
	good(shuffle_mix(&m.st, m.output, m.proof, &rng, &effort));

	w = (struct watch){ .stop_at = 0 };
	good(shuffle_verify(&m.st, (struct slice){ m.proof, m.proof_bytes }, &effort));
	ck_assert_uint_gt(w.calls, 5);
	ck_assert_uint_eq(w.last, w.total);
	for (calls = w.calls; calls > 0; calls--) {
		w = (struct watch){ .stop_at = calls };
		ck_result(shuffle_verify(&m.st, (struct slice){ m.proof, m.proof_bytes }, &effort),
		    R_CANCELLED);
	}
	mix_kit_free(&m);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("shuffle");
	TCase *tc = tcase_create("shuffle"), *modp = tcase_create("shuffle_modp");

	tcase_add_test(tc, all_shapes);
	tcase_add_loop_test(modp, modp_groups, 1, KIT_GROUPS);
	tcase_add_test(tc, three_mixers);
	tcase_add_test(tc, secrets_are_hedged);
	tcase_add_test(tc, permutations_are_uniform);
	tcase_add_test(tc, no_rows_or_width);
	suite_groups(tc, modp, every_field_of_the_proof, 0, 1, 2);
	tcase_add_test(tc, every_bit_of_the_proof);
	tcase_add_test(tc, wrong_lengths_of_the_proof);
	tcase_add_loop_test(tc, every_element_of_the_lists, 0, 1);
	tcase_add_test(tc, exchanged_parts);
	suite_groups(tc, modp, other_statements, 0, 1, 2);
	tcase_add_test(tc, the_proof_of_another_group);
	suite_groups(tc, modp, lying_mixers, 0, 1, 2);
	suite_groups(tc, modp, lists_made_for_known_weights, 0, 1, 2);
	tcase_add_test(tc, commitments_made_for_a_known_challenge);
	tcase_add_test(tc, lying_about_one_row);
	tcase_add_test(tc, no_change_is_a_true_statement);
	tcase_add_test(tc, mix_refuses_bad_inputs);
	tcase_add_test(tc, ranges);
	tcase_add_test(tc, the_first_refusal);
	tcase_add_test(tc, progress_and_cancelling);
	tcase_set_tags(modp, "modp");
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, modp);
	return suite_main(suite);
}
