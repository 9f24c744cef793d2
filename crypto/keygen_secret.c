/*
 * A trustee's own side of a key generation: its secrets, what it posts, and the
 * share it ends up with.
 */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "crypto/keygen.h"
#include "crypto/keygen_parts.h"
#include "crypto/mem.h"
#include "crypto/schnorr.h"

struct keygen_secret {
	const struct group *group;
	uint32_t self;      /* i */
	struct svec *a;     /* a_i0..a_i,t-1 */
	struct svec *a_0;   /* a view of the first */
	struct svec *rho;   /* 1 */
	struct svec *e;     /* e_ij for the participants j */
	uint8_t nonces[32]; /* the seed for the nonces of both proofs */
};

void
keygen_secret_free(struct keygen_secret *secret)
{
	if (secret == NULL)
		return;
	svec_free(secret->a_0);
	svec_free(secret->a);
	svec_free(secret->rho);
	svec_free(secret->e);
	mem_free(secret);
}

/* Key the stream with the seed and the place it is used at, so that a seed that is
 * used twice by mistake does not give two attempts the same secrets. */
static void
start_stream(struct rng *rng, const struct keygen_attempt *a, uint32_t self, const uint8_t seed[32])
{
	struct transcript t;
	uint8_t hash[64];

	transcript_start(&t, "tabella/1 keygen secrets", group_name(a->group), a->election);
	transcript_u64(&t, a->attempt);
	transcript_u64(&t, self);
	transcript_bytes(&t, seed, 32);
	transcript_finish(&t, hash);
	rng_seeded(rng, hash);
	sodium_memzero(hash, sizeof hash);
}

enum result
keygen_secret_new(struct keygen_secret **out, const struct keygen_attempt *a, uint32_t self,
    const uint8_t seed[32])
{
	struct keygen_secret *secret;
	struct rng rng = { .used = 0 };
	enum result r = R_NO_MEMORY;

	assert(a->threshold > 0 && a->threshold <= a->count);
	keygen_place(a, self);
	*out = NULL;
	secret = mem_new(1, sizeof *secret);
	if (secret == NULL)
		goto out;
	secret->group = a->group;
	secret->self = self;
	if ((r = svec_new(&secret->a, a->group, a->threshold)) != R_GOOD ||
	    (r = svec_slice(&secret->a_0, secret->a, 0, 1)) != R_GOOD ||
	    (r = svec_new(&secret->rho, a->group, 1)) != R_GOOD ||
	    (r = svec_new(&secret->e, a->group, a->count)) != R_GOOD)
		goto out;
	start_stream(&rng, a, self, seed);
	if ((r = svec_random(secret->a, &rng)) != R_GOOD ||
	    (r = svec_random(secret->rho, &rng)) != R_GOOD ||
	    (r = svec_random(secret->e, &rng)) != R_GOOD)
		goto out;
	rng_fill(&rng, secret->nonces, sizeof secret->nonces);
	*out = secret;
	secret = NULL;
out:
	rng_wipe(&rng);
	keygen_secret_free(secret);
	return r;
}

/* *power = g^x, and its encodings at bytes, one every `stride`. */
static enum result
publish(uint8_t *bytes, size_t stride, struct gvec **power, const struct svec *x)
{
	const struct group *group = svec_group(x);
	struct gvec *g = NULL;
	enum result r;

	if ((r = gvec_new(&g, group, 1)) != R_GOOD ||
	    (r = gvec_new(power, group, svec_len(x))) != R_GOOD)
		goto out;
	gvec_set_generator(g);
	r = gvec_pow_fixed(*power, g, x, NULL);
	if (r == R_GOOD)
		r = gvec_encode(bytes, stride, *power, NULL);
out:
	gvec_free(g);
	return r;
}

/* Prove knowledge of x, the logarithm of X. */
static enum result
prove(uint8_t *proof, const struct keygen_secret *secret, const struct transcript *P,
    const struct gvec *X, const struct svec *x)
{
	struct rng rng;
	enum result r;

	rng_seeded(&rng, secret->nonces);
	r = schnorr_prove(proof, P, X, x, &rng);
	rng_wipe(&rng);
	return r;
}

/* ---- commit ---- */

enum result
keygen_make_commit(struct digest *commit, uint8_t *receive, uint8_t *proof,
    const struct keygen_attempt *a, const struct keygen_secret *secret)
{
	const size_t size = group_element_bytes(a->group), bytes = a->threshold * size;
	struct gvec *A = NULL, *R = NULL;
	struct transcript P;
	uint8_t *A_bytes;
	enum result r;

	A_bytes = mem_new(1, bytes);
	if (A_bytes == NULL)
		return R_NO_MEMORY;
	/* (G1) */
	if ((r = publish(A_bytes, size, &A, secret->a)) != R_GOOD ||
	    (r = publish(receive, size, &R, secret->rho)) != R_GOOD)
		goto out;
	keygen_hash_commit(commit, a, secret->self, (struct slice){ A_bytes, bytes });
	keygen_receive_statement(&P, a, secret->self, commit);
	r = prove(proof, secret, &P, R, secret->rho);
out:
	mem_free(A_bytes);
	gvec_free(A);
	gvec_free(R);
	return r;
}

/* ---- deal ---- */

/* share = f_i(j) */
static enum result
evaluate(struct svec *share, const struct keygen_secret *secret, uint32_t j)
{
	struct svec *powers = NULL;
	enum result r;

	r = svec_new(&powers, secret->group, svec_len(secret->a));
	if (r != R_GOOD)
		return r;
	r = keygen_powers(powers, j);
	if (r == R_GOOD)
		svec_inner(share, secret->a, powers); /* (G1) */
	svec_free(powers);
	return r;
}

/* C = the share f_i(j), sealed with key. */
static enum result
seal_share(uint8_t *C, const struct keygen_secret *secret, uint32_t j, const uint8_t key[32])
{
	static const uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES];
	const size_t size = group_scalar_bytes(secret->group);
	struct svec *share = NULL;
	uint8_t plain[GROUP_ENCODING_MAX];
	enum result r;

	r = svec_new(&share, secret->group, 1);
	if (r != R_GOOD)
		return r;
	r = evaluate(share, secret, j);
	if (r == R_GOOD) {
		/* (G5): the nonce may be constant, for the key is used once. */
		svec_encode(plain, size, share);
		crypto_aead_chacha20poly1305_ietf_encrypt(C, NULL, plain, size, NULL, 0, NULL,
		    nonce, key);
		sodium_memzero(plain, sizeof plain);
	}
	svec_free(share);
	return r;
}

/* Seal the share of the participant at place j behind its E_ij. */
static enum result
deal_to(uint8_t *share, const struct keygen_attempt *a, size_t j,
    const struct keygen_commit *commits, const struct keygen_secret *secret)
{
	const size_t size = group_element_bytes(a->group);
	struct gvec *point = NULL;
	struct svec *e = NULL;
	uint8_t key[32];
	enum result r;

	assert(commits[j].receive.n == size);
	if ((r = gvec_new(&point, a->group, 1)) != R_GOOD ||
	    (r = svec_new(&e, a->group, 1)) != R_GOOD ||
	    (r = gvec_decode(point, commits[j].receive.p, size, DECODE_NO_IDENTITY, NULL, NULL)) !=
		R_GOOD)
		goto out;
	svec_copy(e, 0, secret->e, j, 1);
	r = gvec_pow(point, point, e, NULL);
	if (r != R_GOOD)
		goto out;
	keygen_box_key(key, a, secret->self, a->participants[j], share, commits[j].receive.p,
	    point);
	r = seal_share(share + size, secret, a->participants[j], key);
	sodium_memzero(key, sizeof key);
out:
	gvec_free(point);
	svec_free(e);
	return r;
}

/* The commitments and the proof for the constant term. */
static enum result
deal_commitments(uint8_t *A, uint8_t *proof, const struct keygen_attempt *a,
    const struct keygen_commit *commits, const struct keygen_secret *secret)
{
	struct gvec *power = NULL, *first = NULL;
	struct transcript P;
	enum result r;

	if ((r = publish(A, group_element_bytes(a->group), &power, secret->a)) != R_GOOD ||
	    (r = gvec_slice(&first, power, 0, 1)) != R_GOOD)
		goto out;
	keygen_constant_statement(&P, a, secret->self,
	    (struct slice){ A, a->threshold * group_element_bytes(a->group) }, commits);
	r = prove(proof, secret, &P, first, secret->a_0);
out:
	gvec_free(first);
	gvec_free(power);
	return r;
}

enum result
keygen_make_deal(uint8_t *A, uint8_t *proof, uint8_t *shares, const struct keygen_attempt *a,
    const struct keygen_commit *commits, const struct keygen_secret *secret)
{
	const size_t bytes = keygen_share_bytes(a->group);
	struct gvec *power = NULL;
	enum result r;
	size_t j;

	if ((r = deal_commitments(A, proof, a, commits, secret)) != R_GOOD ||
	    (r = publish(shares, bytes, &power, secret->e)) != R_GOOD) /* (G3) */
		goto out;
	for (j = 0; j < a->count && r == R_GOOD; j++)
		r = deal_to(shares + j * bytes, a, j, commits, secret);
out:
	gvec_free(power);
	return r;
}

/* ---- confirm or complain ---- */

enum result
keygen_share(struct svec *x, uint32_t *dealer, const struct keygen_attempt *a,
    const struct keygen_commit *commits, const struct keygen_deal *deals,
    const struct keygen_secret *secret)
{
	struct svec *share = NULL, *sum = NULL;
	enum result r;
	size_t i;

	if ((r = svec_new(&share, a->group, 1)) != R_GOOD ||
	    (r = svec_new(&sum, a->group, 1)) != R_GOOD)
		goto out;
	for (i = 0; i < a->count; i++) {
		r = keygen_open(share, a, commits, a->participants[i], &deals[i], secret->self,
		    secret->rho);
		if (r != R_GOOD) {
			if (dealer != NULL)
				*dealer = a->participants[i];
			goto out;
		}
		svec_add(sum, sum, share); /* (G9) */
	}
	svec_copy(x, 0, sum, 0, 1);
out:
	svec_free(share);
	svec_free(sum);
	return r;
}

void
keygen_complaint(uint8_t *rho, const struct keygen_secret *secret)
{
	svec_encode(rho, group_scalar_bytes(secret->group), secret->rho);
}
