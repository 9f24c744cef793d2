#include "crypto/schnorr.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "crypto/elgamal.h"
#include "crypto/mem.h"
#include "crypto/schnorr_parts.h"

/* ---- the statement ---- */

size_t
schnorr_proof_bytes(const struct group *g, size_t n)
{
	return n * (group_element_bytes(g) + group_scalar_bytes(g));
}

/* Encode X, which is what enters the hash. Free with free. */
static enum result
encode_statement(uint8_t **out, const struct gvec *X)
{
	const size_t size = group_element_bytes(gvec_group(X));
	enum result r;

	*out = malloc(gvec_len(X) * size);
	if (*out == NULL)
		return R_NO_MEMORY;
	r = gvec_encode(*out, size, X, NULL);
	if (r != R_GOOD) {
		free(*out);
		*out = NULL;
	}
	return r;
}

/* ---- the challenge ---- */

/* (K2) */
void
schnorr_challenge(struct svec *c, size_t at, const struct transcript *p, const uint8_t *X,
    const uint8_t *T, size_t n)
{
	const size_t bytes = n * group_element_bytes(svec_group(c));
	struct transcript t = *p;
	uint8_t hash[64];

	elgamal_list_enter(&t, (struct slice){ X, bytes }, n, 1);
	elgamal_list_enter(&t, (struct slice){ T, bytes }, n, 1);
	transcript_finish(&t, hash);
	svec_from_hash(c, at, hash);
}

/* ---- prove ---- */

/* Start the stream of the nonces. It depends on the secrets and on the statement, so that
 * two statements never share a nonce even if `rng` repeats itself. */
static enum result
start_nonces(struct rng *nonces, struct rng *rng, const struct transcript *p, const uint8_t *X,
    size_t X_bytes, const struct svec *x)
{
	const size_t size = group_scalar_bytes(svec_group(x));
	const size_t n = svec_len(x);
	struct transcript t = *p;
	uint8_t hash[64], *secret;

	secret = mem_new(n, size);
	if (secret == NULL)
		return R_NO_MEMORY;
	svec_encode(secret, size, x);
	elgamal_list_enter(&t, (struct slice){ X, X_bytes }, n, 1);
	transcript_finish(&t, hash);
	rng_hedged(nonces, rng, "tabella/1 schnorr nonces", secret, n * size, hash, sizeof hash);
	mem_free(secret);
	return R_GOOD;
}

enum result
schnorr_prove(uint8_t *proof, const struct transcript *p, const struct gvec *X,
    const struct svec *x, struct rng *rng)
{
	const struct group *group = gvec_group(X);
	const size_t size = group_element_bytes(group), n = gvec_len(X);
	struct rng nonces = { 0 };
	struct gvec *g = NULL, *T = NULL;
	struct svec *w = NULL, *c = NULL, *s = NULL;
	uint8_t *X_bytes = NULL;
	enum result r;

	assert(n > 0 && svec_len(x) == n);
	if ((r = gvec_new(&g, group, 1)) != R_GOOD || (r = gvec_new(&T, group, n)) != R_GOOD ||
	    (r = svec_new(&w, group, n)) != R_GOOD || (r = svec_new(&c, group, 1)) != R_GOOD ||
	    (r = svec_new(&s, group, n)) != R_GOOD || (r = encode_statement(&X_bytes, X)) != R_GOOD)
		goto out;
	r = start_nonces(&nonces, rng, p, X_bytes, n * size, x);
	if (r != R_GOOD)
		goto out;
	r = svec_random(w, &nonces);
	if (r != R_GOOD)
		goto out;
	gvec_set_generator(g);
	r = gvec_pow_fixed(T, g, w, NULL); /* (K1) */
	if (r != R_GOOD)
		goto out;
	r = gvec_encode(proof, size, T, NULL);
	if (r != R_GOOD)
		goto out;
	schnorr_challenge(c, 0, p, X_bytes, proof, n);
	/* (K3) */
	svec_mul(s, x, c);
	svec_add(s, s, w);
	svec_encode(proof + n * size, group_scalar_bytes(group), s);
out:
	rng_wipe(&nonces);
	free(X_bytes);
	gvec_free(g);
	gvec_free(T);
	svec_free(w);
	svec_free(c);
	svec_free(s);
	return r;
}

/* ---- the equations ---- */

enum result
schnorr_equations(const struct gvec *X, const struct gvec *T, const struct svec *c,
    const struct svec *s)
{
	struct gvec *g = NULL, *left = NULL, *right = NULL;
	const size_t n = gvec_len(X);
	enum result r;

	if ((r = gvec_new(&g, gvec_group(X), 1)) != R_GOOD ||
	    (r = gvec_new(&left, gvec_group(X), n)) != R_GOOD ||
	    (r = gvec_new(&right, gvec_group(X), n)) != R_GOOD)
		goto out;
	/* (K4) */
	gvec_set_generator(g);
	r = gvec_pow_fixed(left, g, s, NULL);
	if (r != R_GOOD)
		goto out;
	r = gvec_pow_vartime(right, X, c, NULL);
	if (r != R_GOOD)
		goto out;
	gvec_mul(right, T, right);
	r = gvec_differ_vartime(left, right) == n ? R_GOOD : R_BAD_PROOF;
out:
	gvec_free(g);
	gvec_free(left);
	gvec_free(right);
	return r;
}

/* ---- verify ---- */

enum result
schnorr_verify(const struct transcript *p, const struct gvec *X, struct slice proof)
{
	const struct group *group = gvec_group(X);
	const size_t size = group_element_bytes(group), n = gvec_len(X);
	struct gvec *T = NULL;
	struct svec *c = NULL, *s = NULL;
	uint8_t *X_bytes = NULL;
	enum result r;
	size_t i;

	assert(n > 0);
	for (i = 0; i < n; i++)
		if (gvec_is_identity_vartime(X, i))
			return R_BAD_ELEMENT;
	if (proof.n != schnorr_proof_bytes(group, n))
		return R_BAD_ENCODING;
	if ((r = gvec_new(&T, group, n)) != R_GOOD || (r = svec_new(&c, group, 1)) != R_GOOD ||
	    (r = svec_new(&s, group, n)) != R_GOOD ||
	    (r = gvec_decode(T, proof.p, size, DECODE_NO_IDENTITY, NULL, NULL)) != R_GOOD ||
	    (r = svec_decode(s, proof.p + n * size, group_scalar_bytes(group), NULL)) != R_GOOD ||
	    (r = encode_statement(&X_bytes, X)) != R_GOOD)
		goto out;
	schnorr_challenge(c, 0, p, X_bytes, proof.p, n);
	r = schnorr_equations(X, T, c, s);
out:
	free(X_bytes);
	gvec_free(T);
	svec_free(c);
	svec_free(s);
	return r;
}
