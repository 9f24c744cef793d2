#include "client/credential.h"

#include <sodium.h>

#include "ballots/arena.h"
#include "crypto/mem.h"
#include "crypto/schnorr.h"

enum result
credential_from_code(struct svec *x, const struct code *code, const struct digest *election,
    unsigned part)
{
	size_t n = group_wide_bytes(svec_group(x));
	uint8_t *wide = mem_new(n, 1);
	enum result r = wide == NULL ? R_NO_MEMORY : code_secret(wide, n, code, election, part);

	if (r == R_GOOD)
		svec_from_wide(x, 0, wide);
	mem_free(wide);
	return r;
}

enum result
credential_part(struct roll_part *out, struct arena *arena, const struct svec *x,
    const struct digest *election, unsigned part, struct slice identity, struct rng *rng)
{
	const struct group *g = svec_group(x);
	size_t key_bytes = group_element_bytes(g), proof_bytes = schnorr_proof_bytes(g, 1);
	uint8_t *key = arena_alloc(arena, key_bytes), *proof = arena_alloc(arena, proof_bytes);
	struct gvec *base = NULL, *X = NULL;
	struct transcript p;
	enum result r = key == NULL || proof == NULL ? R_NO_MEMORY : gvec_new(&base, g, 1);

	if (r == R_GOOD)
		r = gvec_new(&X, g, 1);
	if (r == R_GOOD) {
		gvec_set_generator(base);
		r = gvec_pow_fixed(X, base, x, NULL);
	}
	if (r == R_GOOD)
		r = gvec_encode(key, key_bytes, X, NULL);
	if (r == R_GOOD) {
		roll_part_transcript(&p, g, election, part, identity);
		r = schnorr_prove(proof, &p, X, x, rng);
	}
	out->key.p = key;
	out->key.n = key_bytes;
	out->proof.p = proof;
	out->proof.n = proof_bytes;
	gvec_free(base);
	gvec_free(X);
	return r;
}

enum result
credential_check(const struct roll_part *part, const struct group *g, const struct digest *election,
    unsigned number, struct slice identity)
{
	struct gvec *X = NULL;
	struct transcript p;
	enum result r = gvec_new(&X, g, 1);

	if (r == R_GOOD && part->key.n != group_element_bytes(g))
		r = R_NON_CANONICAL;
	if (r == R_GOOD)
		r = gvec_decode(X, part->key.p, part->key.n, DECODE_NO_IDENTITY, NULL, NULL);
	if (r == R_GOOD) {
		roll_part_transcript(&p, g, election, number, identity);
		r = schnorr_verify(&p, X, part->proof);
	}
	gvec_free(X);
	return r;
}
