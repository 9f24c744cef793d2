/*
 * The vectors of encryption, proofs, decryption and shuffle. Every challenge is computed a
 * second time here, from the specification and the bytes of the proof.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/dleq.h"
#include "crypto/elgamal.h"
#include "crypto/schnorr.h"
#include "crypto/shuffle_parts.h"
#include "tests/vectors.h"

static const struct digest context = { "a hash of 32 bytes as a context" };

/* ---- encryption ---- */

/* The bytes of a list of random messages under y; the parts go into the case. */
static uint8_t *
make_list(struct vec *v, const struct gvec *y, size_t rows, size_t width, struct rng *rng)
{
	const struct group *g = gvec_group(y);
	uint8_t *bytes = vec_bytes(elgamal_list_bytes(g, rows, width));
	struct elgamal_list *list;
	size_t k;

	vec_must(elgamal_list_new(&list, g, rows, width));
	for (k = 0; k < width; k++) {
		struct svec *e = vec_draw(g, rows, rng), *r = vec_draw(g, rows, rng);
		struct gvec *m = vec_powers(e);

		vec_must(elgamal_encrypt(list->a[k], list->b[k], y, m, r, NULL));
		if (v != NULL) {
			vec_open(v, NULL, '{');
			vec_number(v, "column", k + 1);
			vec_elements(v, "m", m);
			vec_scalars(v, "r", r);
			vec_elements(v, "a", list->a[k]);
			vec_elements(v, "b", list->b[k]);
			vec_close(v, '}');
		}
		svec_free(e);
		svec_free(r);
		gvec_free(m);
	}
	vec_must(elgamal_list_encode(bytes, list, NULL));
	elgamal_list_free(list);
	return bytes;
}

void
vec_elgamal(struct vec *v, const struct group *g)
{
	const size_t rows = 2, width = 2, bytes = elgamal_list_bytes(g, rows, width);
	struct svec *x, *r;
	struct gvec *y;
	struct elgamal_list *list;
	struct digest digest;
	struct rng rng;
	uint8_t *p;

	vec_rng(&rng, "elgamal", g);
	x = vec_draw(g, 1, &rng);
	y = vec_powers(x);
	vec_open(v, NULL, '{');
	vec_string(v, "group", group_name(g));
	vec_scalar(v, "x", x);
	vec_element(v, "y", y);
	vec_open(v, "columns", '[');
	p = make_list(v, y, rows, width, &rng);
	vec_close(v, ']');
	vec_number(v, "rows", rows);
	vec_number(v, "width", width);
	vec_encodings(v, "list", g, p, 2 * rows * width);
	sha256(&digest, p, bytes);
	vec_hex(v, "list_sha256", digest.b, sizeof digest.b);

	vec_must(
	    elgamal_list_decode(&list, g, rows, width, (struct slice){ p, bytes }, NULL, NULL));
	r = vec_draw(g, rows, &rng);
	vec_must(elgamal_reencrypt(list->a[0], list->b[0], y, list->a[0], list->b[0], r, NULL));
	vec_open(v, "reencrypted_column_1", '{');
	vec_scalars(v, "r'", r);
	vec_elements(v, "a'", list->a[0]);
	vec_elements(v, "b'", list->b[0]);
	vec_close(v, '}');
	vec_close(v, '}');
	elgamal_list_free(list);
	free(p);
	svec_free(x);
	svec_free(r);
	gvec_free(y);
}

/* ---- nonces, worked out from a proof ---- */

/* s - c * x */
static struct svec *
nonces(const struct svec *s, const struct svec *c, const struct svec *x)
{
	struct svec *w;

	vec_must(svec_new(&w, svec_group(s), svec_len(s)));
	svec_mul(w, x, c);
	svec_sub(w, s, w);
	return w;
}

static void
write_value(struct vec *v, const char *name, const struct transcript *P)
{
	struct transcript t = *P;
	uint8_t value[64];

	transcript_finish(&t, value);
	vec_hex(v, name, value, sizeof value);
}

/* The challenge of a transcript, and write both. */
static void
finish_challenge(struct vec *v, struct svec *c, struct transcript *t)
{
	uint8_t value[64];

	transcript_finish(t, value);
	vec_hex(v, "challenge_hash", value, sizeof value);
	svec_from_hash(c, 0, value);
	vec_scalar(v, "c", c);
}

static void
enter_elements(struct transcript *t, const struct group *g, const uint8_t *bytes, size_t n)
{
	elgamal_list_enter(t, (struct slice){ bytes, n * group_element_bytes(g) }, n, 1);
}

/* ---- knowledge ---- */

static void
write_schnorr(struct vec *v, const struct group *g, size_t n, struct rng *rng)
{
	const size_t size = group_element_bytes(g), bytes = schnorr_proof_bytes(g, n);
	struct svec *x = vec_draw(g, n, rng), *c, *s, *w;
	struct gvec *X = vec_powers(x), *T, *again;
	uint8_t *proof = vec_bytes(bytes), *X_bytes = vec_bytes(n * size);
	struct transcript P, t;

	transcript_start(&P, "tabella/1 test", group_name(g), &context);
	transcript_u64(&P, n);
	vec_must(schnorr_prove(proof, &P, X, x, rng));
	vec_must(schnorr_verify(&P, X, (struct slice){ proof, bytes }));

	vec_must(svec_new(&c, g, 1));
	vec_must(svec_new(&s, g, n));
	vec_must(gvec_new(&T, g, n));
	vec_must(gvec_encode(X_bytes, size, X, NULL));
	vec_must(gvec_decode(T, proof, size, DECODE_NO_IDENTITY, NULL, NULL));
	vec_must(svec_decode(s, proof + n * size, group_scalar_bytes(g), NULL));

	vec_open(v, NULL, '{');
	vec_string(v, "group", group_name(g));
	vec_number(v, "n", n);
	vec_string(v, "label", "tabella/1 test");
	vec_hex(v, "context", context.b, sizeof context.b);
	write_value(v, "P", &P);
	vec_scalars(v, "x", x);
	vec_elements(v, "X", X);
	t = P;
	enter_elements(&t, g, X_bytes, n);
	enter_elements(&t, g, proof, n);
	finish_challenge(v, c, &t);
	w = nonces(s, c, x);
	again = vec_powers(w);
	vec_check(gvec_differ_vartime(again, T) == n, "T");
	vec_scalars(v, "w", w);
	vec_elements(v, "T", T);
	vec_scalars(v, "s", s);
	vec_hex(v, "proof", proof, bytes);
	vec_close(v, '}');
	svec_free(x);
	svec_free(c);
	svec_free(s);
	svec_free(w);
	gvec_free(X);
	gvec_free(T);
	gvec_free(again);
	free(proof);
	free(X_bytes);
}

void
vec_schnorr(struct vec *v, const struct group *g)
{
	struct rng rng;

	vec_rng(&rng, "schnorr", g);
	write_schnorr(v, g, 1, &rng);
	write_schnorr(v, g, 3, &rng);
}

/* ---- shares ---- */

void
vec_lagrange(struct vec *v, const struct group *g)
{
	static const uint32_t sets[][4] = { { 1 }, { 1, 2 }, { 1, 3 }, { 3, 1 }, { 2, 3 },
		{ 1, 2, 3 }, { 2, 5, 7, 300 } };
	static const size_t sizes[] = { 1, 2, 2, 2, 2, 3, 4 };
	struct svec *lambda;
	size_t i, j;

	vec_open(v, NULL, '{');
	vec_string(v, "group", group_name(g));
	vec_open(v, "sets", '[');
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		vec_must(svec_new(&lambda, g, sizes[i]));
		vec_must(dleq_lagrange(lambda, sets[i], sizes[i]));
		vec_open(v, NULL, '{');
		vec_open(v, "trustees", '[');
		for (j = 0; j < sizes[i]; j++)
			vec_number(v, NULL, sets[i][j]);
		vec_close(v, ']');
		vec_scalars(v, "lambda", lambda);
		vec_close(v, '}');
		svec_free(lambda);
	}
	vec_close(v, ']');
	vec_close(v, '}');
}

/* ---- decryption ---- */

/* What (D1) to (D8) compute on the way to a proof. */
static void
write_dleq_parts(struct vec *v, const struct dleq_statement *st, const struct svec *x,
    const uint8_t *proof)
{
	const struct group *g = st->group;
	const size_t size = group_element_bytes(g), M = st->rows * st->width;
	struct svec *delta, *c, *s, *w;
	struct gvec *a, *d, *A, *D, *T;
	struct transcript P, t;
	uint8_t one[GROUP_ENCODING_MAX], value[64], *random = vec_bytes(16 * M);
	struct rng prg;

	vec_must(svec_new(&delta, g, M));
	vec_must(svec_new(&c, g, 1));
	vec_must(svec_new(&s, g, 1));
	vec_must(gvec_new(&a, g, M));
	vec_must(gvec_new(&d, g, M));
	vec_must(gvec_new(&A, g, 1));
	vec_must(gvec_new(&D, g, 1));
	vec_must(gvec_new(&T, g, 2));

	transcript_start(&P, "tabella/1 decrypt", group_name(g), st->close);
	transcript_u64(&P, st->item);
	transcript_u64(&P, 0);
	transcript_u64(&P, st->trustee);
	vec_must(gvec_encode(one, size, st->X, NULL));
	transcript_bytes(&P, one, size);
	elgamal_list_enter(&P, st->list, st->rows, st->width);
	transcript_u64(&P, M);
	elgamal_list_enter(&P, st->factors, st->rows, st->width);
	write_value(v, "P", &P);

	t = P;
	transcript_string(&t, "delta");
	transcript_finish(&t, value);
	rng_seeded(&prg, value);
	rng_fill(&prg, random, 16 * M);
	svec_from_128(delta, random);
	vec_scalars(v, "delta", delta);
	vec_must(gvec_decode(a, st->list.p, 2 * size, DECODE_NO_IDENTITY, NULL, NULL));
	vec_must(gvec_decode(d, st->factors.p, size, DECODE_NO_IDENTITY, NULL, NULL));
	vec_must(gvec_multipow_vartime(A, a, delta, NULL));
	vec_must(gvec_multipow_vartime(D, d, delta, NULL));
	vec_element(v, "A", A);
	vec_element(v, "D", D);

	t = P;
	transcript_string(&t, "challenge");
	vec_must(gvec_encode(one, size, A, NULL));
	transcript_bytes(&t, one, size);
	vec_must(gvec_encode(one, size, D, NULL));
	transcript_bytes(&t, one, size);
	transcript_bytes(&t, proof, size);
	transcript_bytes(&t, proof + size, size);
	finish_challenge(v, c, &t);
	vec_must(svec_decode(s, proof + 2 * size, group_scalar_bytes(g), NULL));
	w = nonces(s, c, x);
	vec_scalar(v, "w", w);
	vec_must(gvec_decode(T, proof, size, DECODE_NO_IDENTITY, NULL, NULL));
	vec_elements(v, "T", T);
	vec_scalar(v, "s", s);
	vec_hex(v, "proof", proof, dleq_proof_bytes(g));

	svec_free(delta);
	svec_free(c);
	svec_free(s);
	svec_free(w);
	gvec_free(a);
	gvec_free(d);
	gvec_free(A);
	gvec_free(D);
	gvec_free(T);
	free(random);
}

/* One trustee's factors, its share being f(i) = a_0 + a_1 * i. */
static uint8_t *
write_share(struct vec *v, struct dleq_statement *st, const struct svec *a, uint32_t i,
    struct rng *rng)
{
	const struct group *g = st->group;
	uint8_t *factors = vec_bytes(dleq_factors_bytes(g, st->rows, st->width));
	uint8_t *proof = vec_bytes(dleq_proof_bytes(g));
	struct svec *x, *powers;
	struct gvec *X;

	vec_must(svec_new(&x, g, 1));
	vec_must(svec_new(&powers, g, 2));
	svec_set_u64(powers, 0, 1);
	svec_set_u64(powers, 1, i);
	svec_inner(x, a, powers);
	X = vec_powers(x);
	vec_must(dleq_factors(factors, st, x, NULL));
	st->trustee = i;
	st->X = X;
	st->factors = (struct slice){ factors, dleq_factors_bytes(g, st->rows, st->width) };
	vec_must(dleq_prove(proof, st, x, rng, NULL));
	vec_must(dleq_verify(st, (struct slice){ proof, dleq_proof_bytes(g) }, NULL));

	vec_open(v, NULL, '{');
	vec_number(v, "trustee", i);
	vec_scalar(v, "x", x);
	vec_element(v, "X", X);
	vec_encodings(v, "d", g, factors, st->rows * st->width);
	write_dleq_parts(v, st, x, proof);
	vec_close(v, '}');
	svec_free(x);
	svec_free(powers);
	gvec_free(X);
	free(proof);
	return factors;
}

void
vec_dleq(struct vec *v, const struct group *g)
{
	const size_t rows = 2, width = 2;
	struct dleq_statement st = { .group = g,
		.close = &context,
		.item = 7,
		.rows = rows,
		.width = width };
	struct dleq_share shares[2];
	struct svec *a, *a_0, *lambda;
	struct gvec *y, *m;
	struct elgamal_list *list;
	struct rng rng;
	uint8_t *bytes;
	size_t i;

	vec_rng(&rng, "dleq", g);
	a = vec_draw(g, 2, &rng);
	vec_must(svec_slice(&a_0, a, 0, 1));
	y = vec_powers(a_0);
	bytes = make_list(NULL, y, rows, width, &rng);
	st.list = (struct slice){ bytes, elgamal_list_bytes(g, rows, width) };
	vec_must(elgamal_list_decode(&list, g, rows, width, st.list, NULL, NULL));
	vec_open(v, NULL, '{');
	vec_string(v, "group", group_name(g));
	vec_hex(v, "close", context.b, sizeof context.b);
	vec_number(v, "item", st.item);
	vec_number(v, "rows", rows);
	vec_number(v, "width", width);
	vec_element(v, "y", y);
	vec_encodings(v, "list", g, bytes, 2 * rows * width);
	vec_open(v, "shares", '[');
	for (i = 0; i < 2; i++) {
		shares[i].trustee = i == 0 ? 3 : 1;
		shares[i].factors.p = write_share(v, &st, a, shares[i].trustee, &rng);
		shares[i].factors.n = dleq_factors_bytes(g, rows, width);
	}
	vec_close(v, ']');
	vec_must(svec_new(&lambda, g, 2));
	vec_must(dleq_lagrange(lambda, (const uint32_t[2]){ 3, 1 }, 2));
	vec_scalars(v, "lambda", lambda);
	vec_must(gvec_new(&m, g, rows * width));
	vec_must(dleq_combine(m, list, shares, 2, NULL));
	vec_elements(v, "m", m);
	vec_close(v, '}');
	for (i = 0; i < 2; i++)
		free((void *)(uintptr_t)shares[i].factors.p);
	free(bytes);
	elgamal_list_free(list);
	svec_free(a_0);
	svec_free(a);
	svec_free(lambda);
	gvec_free(y);
	gvec_free(m);
}

/* ---- shuffle ---- */

/* What the mixer draws. */
static void
write_secrets(struct vec *v, const struct shuffle_secrets *x)
{
	size_t i;

	vec_open(v, "secrets", '{');
	vec_open(v, "psi", '[');
	for (i = 0; i < x->rows; i++)
		vec_number(v, NULL, x->psi[i] + 1);
	vec_close(v, ']');
	vec_open(v, "r'", '[');
	for (i = 0; i < x->width; i++)
		vec_scalars(v, NULL, x->rprime[i]);
	vec_close(v, ']');
	vec_scalars(v, "r", x->r);
	vec_scalars(v, "rhat", x->rhat);
	vec_scalars(v, "w", x->w);
	vec_scalars(v, "what", x->what);
	vec_scalars(v, "w'", x->wprime);
	vec_close(v, '}');
}

/* u', R and U of (S3) and (S5), worked out one after the other. */
static void
write_chain(struct vec *v, const struct shuffle_secrets *x, const struct svec *u)
{
	const struct group *g = svec_group(u);
	struct svec *uprime, *R, *U, *ui, *ri, *one_R, *one_U;
	size_t i;

	vec_must(svec_new(&uprime, g, x->rows));
	vec_must(svec_new(&R, g, x->rows));
	vec_must(svec_new(&U, g, x->rows));
	vec_must(svec_new(&ui, g, 1));
	vec_must(svec_new(&ri, g, 1));
	vec_must(svec_new(&one_R, g, 1));
	vec_must(svec_new(&one_U, g, 1));
	svec_set_u64(one_U, 0, 1);
	for (i = 0; i < x->rows; i++) {
		svec_copy(uprime, i, u, x->psi[i], 1);
		svec_copy(ui, 0, uprime, i, 1);
		svec_copy(ri, 0, x->rhat, i, 1);
		svec_mul(one_R, one_R, ui);
		svec_add(one_R, one_R, ri);
		svec_mul(one_U, one_U, ui);
		svec_copy(R, i, one_R, 0, 1);
		svec_copy(U, i, one_U, 0, 1);
	}
	vec_scalars(v, "u'", uprime);
	vec_scalars(v, "R", R);
	vec_scalars(v, "U", U);
	svec_free(uprime);
	svec_free(R);
	svec_free(U);
	svec_free(ui);
	svec_free(ri);
	svec_free(one_R);
	svec_free(one_U);
}

/* The challenges, from the specification. */
static void
write_challenges(struct vec *v, const struct shuffle_statement *s, const struct shuffle_layout *at,
    const uint8_t *proof, const struct shuffle_secrets *x, const struct shuffle_claim *p,
    const struct svec *c)
{
	const struct group *g = s->group;
	const size_t size = group_element_bytes(g);
	struct transcript P, t;
	uint8_t y[GROUP_ENCODING_MAX], value[64], *random = vec_bytes(16 * s->rows);
	struct svec *u, *again;
	struct rng prg;

	vec_must(svec_new(&u, g, s->rows));
	vec_must(svec_new(&again, g, 1));
	vec_must(gvec_encode(y, size, s->y, NULL));
	transcript_start(&P, "tabella/1 shuffle", group_name(g), s->close);
	transcript_u64(&P, s->item);
	transcript_u64(&P, s->ordinal);
	transcript_u64(&P, s->trustee);
	transcript_bytes(&P, y, size);
	transcript_u64(&P, s->rows);
	transcript_u64(&P, s->width);
	elgamal_list_enter(&P, s->input, s->rows, s->width);
	elgamal_list_enter(&P, s->output, s->rows, s->width);
	enter_elements(&P, g, proof + at->c, s->rows);
	write_value(v, "P", &P);

	t = P;
	transcript_string(&t, "u");
	transcript_finish(&t, value);
	rng_seeded(&prg, value);
	rng_fill(&prg, random, 16 * s->rows);
	svec_from_128(u, random);
	vec_check(svec_differ_vartime(u, p->u) == s->rows, "u");
	vec_scalars(v, "u", u);
	write_chain(v, x, u);

	t = P;
	transcript_string(&t, "challenge");
	enter_elements(&t, g, proof + at->chat, s->rows);
	enter_elements(&t, g, proof + at->t, 3 + 2 * s->width);
	enter_elements(&t, g, proof + at->that, s->rows);
	finish_challenge(v, again, &t);
	vec_check(svec_differ_vartime(again, c) == 1, "c");
	svec_free(u);
	svec_free(again);
	free(random);
}

static void
write_shuffle(struct vec *v, const struct group *g, size_t rows, size_t width)
{
	struct shuffle_statement s = { .group = g,
		.close = &context,
		.item = 7,
		.ordinal = 2,
		.trustee = 3,
		.rows = rows,
		.width = width };
	const size_t proof_bytes = shuffle_proof_bytes(g, rows, width);
	uint8_t *input, *output = vec_bytes(shuffle_output_bytes(g, rows, width));
	uint8_t *proof = vec_bytes(proof_bytes);
	struct shuffle_layout at;
	struct shuffle_secrets *x;
	struct shuffle_claim p;
	struct svec *key, *c;
	struct gvec *y;
	struct rng rng;
	char name[40];

	(void)snprintf(name, sizeof name, "shuffle %zu %zu", rows, width);
	vec_rng(&rng, name, g);
	key = vec_draw(g, 1, &rng);
	y = vec_powers(key);
	s.y = y;
	input = make_list(NULL, y, rows, width, &rng);
	s.input = (struct slice){ input, elgamal_list_bytes(g, rows, width) };
	at = shuffle_layout(&s);
	vec_must(shuffle_secrets_new(&x, g, rows, width, &rng));
	vec_must(shuffle_mix_with(&s, output, proof, x, NULL));
	vec_must(shuffle_verify(&s, (struct slice){ proof, proof_bytes }, NULL));
	vec_must(svec_new(&c, g, 1));
	vec_must(shuffle_claim_read(&p, c, &s, (struct slice){ proof, proof_bytes }, NULL));

	vec_open(v, NULL, '{');
	vec_string(v, "group", group_name(g));
	vec_hex(v, "close", context.b, sizeof context.b);
	vec_number(v, "item", s.item);
	vec_number(v, "ordinal", s.ordinal);
	vec_number(v, "trustee", s.trustee);
	vec_element(v, "y", y);
	vec_number(v, "N", rows);
	vec_number(v, "w", width);
	write_secrets(v, x);
	vec_encodings(v, "input", g, input, 2 * rows * width);
	vec_encodings(v, "output", g, output, 2 * rows * width);
	vec_elements(v, "c_i", p.c);
	write_challenges(v, &s, &at, proof, x, &p, c);
	vec_elements(v, "chat", p.chat);
	vec_elements(v, "t", p.t);
	vec_elements(v, "that", p.that);
	vec_scalars(v, "s", p.s);
	vec_scalars(v, "shat", p.shat);
	vec_scalars(v, "s'", p.sprime);
	vec_hex(v, "proof", proof, proof_bytes);
	vec_close(v, '}');
	shuffle_claim_free(&p);
	shuffle_secrets_free(x);
	svec_free(key);
	svec_free(c);
	gvec_free(y);
	free(input);
	free(output);
	free(proof);
}

void
vec_shuffle(struct vec *v, const struct group *g)
{
	size_t rows, width;

	for (rows = 1; rows <= 3; rows++)
		for (width = 1; width <= 2; width++)
			write_shuffle(v, g, rows, width);
}
