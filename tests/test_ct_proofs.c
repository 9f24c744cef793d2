/*
 * test_ct_proofs: encryption, proving, decryption factors and key generation do not
 * branch on secrets nor use them as addresses. Where a case makes something public, a comment
 * says why that is safe; nothing inside crypto/ does so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/dleq.h"
#include "crypto/elgamal.h"
#include "crypto/keygen.h"
#include "crypto/schnorr.h"
#include "crypto/shuffle_parts.h"
#include "tests/ct_kit.h"

static const uint8_t seed[32] = "test_ct_proofs";
static const struct digest context = { "an election" };

static struct svec *
secret_scalars(const struct group *g, size_t n, struct rng *rng)
{
	struct svec *v;

	ct_fine(svec_new(&v, g, n));
	ct_fine(svec_random(v, rng));
	ct_secret_scalars(v);
	return v;
}

static struct gvec *
elements(const struct group *g, size_t n, const char *label)
{
	struct gvec *v;

	ct_fine(gvec_new(&v, g, n));
	ct_fine(gvec_generators(v, label, 0, NULL));
	return v;
}

/* Random lists of generators: nobody has to be able to decrypt them. */
static uint8_t *
list_bytes(const struct group *g, size_t rows, size_t width)
{
	struct gvec *v = elements(g, 2 * rows * width, "list");
	uint8_t *bytes = malloc(elgamal_list_bytes(g, rows, width));

	ct_fine(gvec_encode(bytes, group_element_bytes(g), v, NULL));
	gvec_free(v);
	return bytes;
}

/* The message and its randomness are secret; so are the ciphertexts until they are sent. */
static void
case_encrypt(const struct group *g)
{
	struct gvec *y = elements(g, 1, "y"), *m = elements(g, 3, "m");
	struct gvec *a = elements(g, 3, "a"), *b = elements(g, 3, "b");
	struct elgamal_list list = { g, 3, 1, &a, &b };
	uint8_t *bytes = malloc(elgamal_list_bytes(g, 3, 1));
	struct svec *r;
	struct rng rng;

	rng_seeded(&rng, seed);
	r = secret_scalars(g, 3, &rng);
	ct_secret_elements(m);
	ct_fine(elgamal_encrypt(a, b, y, m, r, NULL));
	ct_fine(elgamal_reencrypt(a, b, y, a, b, r, NULL));
	ct_fine(elgamal_list_encode(bytes, &list, NULL));
	free(bytes);
	gvec_free(y);
	gvec_free(m);
	gvec_free(a);
	gvec_free(b);
	svec_free(r);
}

/* A credential's key and a ballot's randomness; and the stream of the nonces. */
static void
case_schnorr(const struct group *g)
{
	struct gvec *X = elements(g, 3, "X");
	uint8_t *proof = malloc(schnorr_proof_bytes(g, 3));
	struct transcript P;
	struct svec *x;
	struct rng rng;

	rng_seeded(&rng, seed);
	x = secret_scalars(g, 3, &rng);
	ct_secret(rng.key, sizeof rng.key);
	transcript_start(&P, "label", group_name(g), &context);
	ct_fine(schnorr_prove(proof, &P, X, x, &rng));
	free(proof);
	gvec_free(X);
	svec_free(x);
}

/* A trustee's share of the election key. */
static void
case_decrypt(const struct group *g)
{
	struct gvec *X = elements(g, 1, "X");
	uint8_t *list = list_bytes(g, 2, 2);
	uint8_t *factors = malloc(dleq_factors_bytes(g, 2, 2));
	uint8_t *proof = malloc(dleq_proof_bytes(g));
	struct dleq_statement s = { g, &context, 1, 2, X, 2, 2,
		{ list, elgamal_list_bytes(g, 2, 2) }, { factors, dleq_factors_bytes(g, 2, 2) } };
	struct svec *x;
	struct rng rng;

	rng_seeded(&rng, seed);
	x = secret_scalars(g, 1, &rng);
	ct_secret(rng.key, sizeof rng.key);
	ct_fine(dleq_factors(factors, &s, x, NULL));
	/* The factors are what the trustee posts. */
	ct_public(factors, s.factors.n);
	ct_fine(dleq_prove(proof, &s, x, &rng, NULL));
	free(list);
	free(factors);
	free(proof);
	gvec_free(X);
	svec_free(x);
}

/* A mixer's proof: all secrets but the permutation itself, which the memory access follows. The
 * output is public: it is posted. That it is made in constant time, too, is case_encrypt's. */
static void
shuffle(const struct group *g, size_t rows, size_t width)
{
	struct gvec *y = elements(g, 1, "y");
	uint8_t *input = list_bytes(g, rows, width);
	uint8_t *output = malloc(shuffle_output_bytes(g, rows, width));
	uint8_t *proof = malloc(shuffle_proof_bytes(g, rows, width));
	struct shuffle_statement s = { .group = g,
		.close = &context,
		.item = 1,
		.ordinal = 1,
		.trustee = 1,
		.y = y,
		.rows = rows,
		.width = width,
		.input = { input, elgamal_list_bytes(g, rows, width) } };
	struct shuffle_secrets *x;
	struct rng rng;
	size_t k;

	rng_seeded(&rng, seed);
	ct_fine(shuffle_secrets_new(&x, g, rows, width, &rng));
	ct_fine(shuffle_mix_with(&s, output, proof, x, NULL));
	for (k = 0; k < width; k++)
		ct_secret_scalars(x->rprime[k]);
	ct_secret_scalars(x->r);
	ct_secret_scalars(x->rhat);
	ct_secret_scalars(x->w);
	ct_secret_scalars(x->what);
	ct_secret_scalars(x->wprime);
	ct_fine(shuffle_prove_with(&s, proof, x, NULL));
	shuffle_secrets_free(x);
	free(input);
	free(output);
	free(proof);
	gvec_free(y);
}

static void
case_shuffle(const struct group *g)
{
	shuffle(g, 3, 2);
}

static void
case_shuffle_small(const struct group *g)
{
	shuffle(g, 2, 1);
}

/* A whole attempt from secret seeds, up to one trustee's share. */
static void
keygen(const struct group *g, size_t n)
{
	static const uint32_t participants[2] = { 1, 2 };
	const struct keygen_attempt a = { g, &context, 1, n, n, participants };
	struct keygen_commit commits[2];
	struct keygen_deal deals[2];
	struct keygen_secret *secret[2];
	uint8_t seeds[2][32] = { "one", "two" };
	uint8_t *posted[2][5];
	const size_t bytes[5] = { keygen_key_bytes(g), keygen_proof_bytes(g),
		n * keygen_key_bytes(g), keygen_proof_bytes(g), n * keygen_share_bytes(g) };
	struct svec *x;
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < 5; j++)
			posted[i][j] = malloc(bytes[j]);
		ct_secret(seeds[i], 32);
		ct_fine(keygen_secret_new(&secret[i], &a, participants[i], seeds[i]));
		ct_fine(keygen_make_commit(&commits[i].commit, posted[i][0], posted[i][1], &a,
		    secret[i]));
		/* The commit is posted: a hash, the receiving key, a proof. */
		ct_public(&commits[i].commit, sizeof commits[i].commit);
		ct_public(posted[i][0], bytes[0]);
		ct_public(posted[i][1], bytes[1]);
		commits[i].receive = (struct slice){ posted[i][0], bytes[0] };
		commits[i].proof = (struct slice){ posted[i][1], bytes[1] };
	}
	for (i = 0; i < n; i++) {
		ct_fine(keygen_make_deal(posted[i][2], posted[i][3], posted[i][4], &a, commits,
		    secret[i]));
		/* The deal is posted: commitments, a proof, points and boxes. */
		for (j = 2; j < 5; j++)
			ct_public(posted[i][j], bytes[j]);
		deals[i] = (struct keygen_deal){ { posted[i][2], bytes[2] },
			{ posted[i][3], bytes[3] }, { posted[i][4], bytes[4] } };
	}
	ct_fine(svec_new(&x, g, 1));
	ct_fine(keygen_share(x, NULL, &a, commits, deals, secret[0]));
	for (i = 0; i < n; i++) {
		keygen_secret_free(secret[i]);
		for (j = 0; j < 5; j++)
			free(posted[i][j]);
	}
	svec_free(x);
}

static void
case_keygen(const struct group *g)
{
	keygen(g, 2);
}

static void
case_keygen_alone(const struct group *g)
{
	keygen(g, 1);
}

/* Must be found: a permutation is an address. */
static void
case_permutes(const struct group *g)
{
	struct gvec *y = elements(g, 1, "y");
	uint8_t *input = list_bytes(g, 3, 1);
	uint8_t *output = malloc(shuffle_output_bytes(g, 3, 1));
	uint8_t *proof = malloc(shuffle_proof_bytes(g, 3, 1));
	struct shuffle_statement s = { .group = g,
		.close = &context,
		.item = 1,
		.ordinal = 1,
		.trustee = 1,
		.y = y,
		.rows = 3,
		.width = 1,
		.input = { input, elgamal_list_bytes(g, 3, 1) } };
	struct shuffle_secrets *x;
	struct rng rng;

	rng_seeded(&rng, seed);
	ct_fine(shuffle_secrets_new(&x, g, 3, 1, &rng));
	ct_secret(x->psi, 3 * sizeof *x->psi);
	ct_fine(shuffle_mix_with(&s, output, proof, x, NULL));
	shuffle_secrets_free(x);
	free(input);
	free(output);
	free(proof);
	gvec_free(y);
}

/* Must be found: a verifier looks at what it verifies. */
static void
case_verifies(const struct group *g)
{
	struct gvec *X = elements(g, 1, "X");
	uint8_t *proof = calloc(1, schnorr_proof_bytes(g, 1));
	struct transcript P;

	transcript_start(&P, "label", group_name(g), &context);
	ct_fine(gvec_encode(proof, group_element_bytes(g), X, NULL));
	ct_secret(proof, schnorr_proof_bytes(g, 1));
	(void)schnorr_verify(&P, X, (struct slice){ proof, schnorr_proof_bytes(g, 1) });
	free(proof);
	gvec_free(X);
}

int
main(int argc, char **argv)
{
	static const struct ct_case cases[] = {
		{ "encrypt", case_encrypt, "ristretto255", 0 },
		{ "schnorr", case_schnorr, "ristretto255", 0 },
		{ "decrypt", case_decrypt, "ristretto255", 0 },
		{ "shuffle", case_shuffle, "ristretto255", 0 },
		{ "keygen", case_keygen, "ristretto255", 0 },
		{ "encrypt", case_encrypt, "modp2048", 0 },
		{ "schnorr", case_schnorr, "modp2048", 0 },
		{ "decrypt", case_decrypt, "modp2048", 0 },
		{ "shuffle", case_shuffle_small, "modp2048", 0 },
		{ "keygen", case_keygen_alone, "modp2048", 0 },
		{ "permutes", case_permutes, "ristretto255", 1 },
		{ "verifies", case_verifies, "ristretto255", 1 },
	};

	return ct_main(argc, argv, "ct_proofs", cases, (int)(sizeof cases / sizeof cases[0]));
}
