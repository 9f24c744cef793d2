/*
 * What everybody computes of a key generation from the bytes on the board.
 */
#include "crypto/keygen.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "crypto/elgamal.h"
#include "crypto/keygen_parts.h"
#include "crypto/schnorr.h"

/* ---- the statement ---- */

size_t
keygen_key_bytes(const struct group *g)
{
	return group_element_bytes(g);
}

size_t
keygen_proof_bytes(const struct group *g)
{
	return schnorr_proof_bytes(g, 1);
}

size_t
keygen_box_bytes(const struct group *g)
{
	return group_scalar_bytes(g) + crypto_aead_chacha20poly1305_IETF_ABYTES;
}

size_t
keygen_share_bytes(const struct group *g)
{
	return keygen_key_bytes(g) + keygen_box_bytes(g);
}

size_t
keygen_secret_bytes(const struct group *g)
{
	return group_scalar_bytes(g);
}

size_t
keygen_place(const struct keygen_attempt *a, uint32_t trustee)
{
	size_t i;

	for (i = 0; i < a->count && a->participants[i] != trustee; i++)
		continue;
	assert(i < a->count);
	return i;
}

/* Begin a transcript about trustee i in this attempt. */
static void
start(struct transcript *t, const char *label, const struct keygen_attempt *a, uint32_t i)
{
	transcript_start(t, label, group_name(a->group), a->election);
	transcript_u64(t, a->attempt);
	transcript_u64(t, i);
}

/* Finish with the first half of the hash. */
static void
finish(struct transcript *t, uint8_t out[32])
{
	uint8_t hash[64];

	transcript_finish(t, hash);
	memcpy(out, hash, 32);
	sodium_memzero(hash, sizeof hash);
}

void
keygen_hash_commit(struct digest *commit, const struct keygen_attempt *a, uint32_t i,
    struct slice A)
{
	struct transcript t;

	/* (G2) */
	start(&t, "tabella/1 keygen commit", a, i);
	elgamal_list_enter(&t, A, a->threshold, 1);
	finish(&t, commit->b);
}

void
keygen_receive_statement(struct transcript *P, const struct keygen_attempt *a, uint32_t i,
    const struct digest *commit)
{
	start(P, "tabella/1 keygen receive", a, i);
	transcript_bytes(P, commit->b, sizeof commit->b);
}

void
keygen_constant_statement(struct transcript *P, const struct keygen_attempt *a, uint32_t i,
    struct slice A, const struct keygen_commit *commits)
{
	struct sha256 hash;
	struct digest digest;
	size_t j;

	start(P, "tabella/1 keygen constant", a, i);
	elgamal_list_enter(P, A, a->threshold, 1);
	sha256_start(&hash);
	for (j = 0; j < a->count; j++)
		sha256_add(&hash, commits[j].receive.p, commits[j].receive.n);
	sha256_finish(&hash, &digest);
	transcript_list(P, &digest, a->count, 1);
}

void
keygen_box_key(uint8_t key[32], const struct keygen_attempt *a, uint32_t i, uint32_t j,
    const uint8_t *E, const uint8_t *R, const struct gvec *point)
{
	const size_t size = group_element_bytes(a->group);
	struct transcript t;
	uint8_t bytes[GROUP_ENCODING_MAX];

	/* (G4) */
	start(&t, "tabella/1 keygen share", a, i);
	transcript_u64(&t, j);
	transcript_bytes(&t, E, size);
	transcript_bytes(&t, R, size);
	gvec_encode(bytes, size, point, NULL);
	transcript_bytes(&t, bytes, size);
	sodium_memzero(bytes, sizeof bytes);
	finish(&t, key);
}

/* ---- what was posted ---- */

/* Verify that the prover knows the logarithm of the one element at X. */
static enum result
check_knowledge(const struct keygen_attempt *a, const struct transcript *P, struct slice X,
    struct slice proof)
{
	struct gvec *element = NULL;
	enum result r;

	r = gvec_new(&element, a->group, 1);
	if (r != R_GOOD)
		goto out;
	r = gvec_decode(element, X.p, group_element_bytes(a->group), DECODE_NO_IDENTITY, NULL,
	    NULL);
	if (r != R_GOOD)
		goto out;
	r = schnorr_verify(P, element, proof);
out:
	gvec_free(element);
	return r;
}

enum result
keygen_check_commit(const struct keygen_attempt *a, uint32_t trustee, const struct keygen_commit *c)
{
	struct transcript P;

	keygen_place(a, trustee);
	if (c->receive.n != keygen_key_bytes(a->group))
		return R_BAD_ENCODING;
	keygen_receive_statement(&P, a, trustee, &c->commit);
	return check_knowledge(a, &P, c->receive, c->proof);
}

/* Are these n elements, none the identity? One stands every `stride` bytes. */
static enum result
check_elements(const struct group *g, const uint8_t *bytes, size_t stride, size_t n)
{
	struct gvec *v = NULL;
	enum result r;

	r = gvec_new(&v, g, n);
	if (r == R_GOOD)
		r = gvec_decode(v, bytes, stride, DECODE_NO_IDENTITY, NULL, NULL);
	gvec_free(v);
	return r;
}

enum result
keygen_check_deal(const struct keygen_attempt *a, const struct keygen_commit *commits,
    uint32_t dealer, const struct keygen_deal *d)
{
	const size_t place = keygen_place(a, dealer), size = group_element_bytes(a->group);
	const size_t share = keygen_share_bytes(a->group);
	struct transcript P;
	struct digest commit;
	enum result r;

	if (d->A.n != a->threshold * size || d->shares.n != a->count * share)
		return R_BAD_ENCODING;
	if ((r = check_elements(a->group, d->A.p, size, a->threshold)) != R_GOOD ||
	    (r = check_elements(a->group, d->shares.p, share, a->count)) != R_GOOD)
		return r;
	keygen_hash_commit(&commit, a, dealer, d->A);
	if (!digest_equal(&commit, &commits[place].commit))
		return R_BAD_SHARE;
	keygen_constant_statement(&P, a, dealer, d->A, commits);
	return check_knowledge(a, &P, (struct slice){ d->A.p, group_element_bytes(a->group) },
	    d->proof);
}

/* ---- the keys ---- */

enum result
keygen_powers(struct svec *powers, uint32_t j)
{
	const size_t t = svec_len(powers);
	struct svec *one = NULL, *base = NULL, *zero = NULL;
	enum result r;
	size_t m;

	if ((r = svec_new(&one, svec_group(powers), t)) != R_GOOD ||
	    (r = svec_new(&base, svec_group(powers), t)) != R_GOOD ||
	    (r = svec_new(&zero, svec_group(powers), 1)) != R_GOOD)
		goto out;
	for (m = 0; m < t; m++)
		svec_set_u64(base, m, j);
	svec_set_u64(one, 0, 1);
	/* powers[0] = 1 + j * 0, powers[m] = 0 + j * powers[m-1] */
	svec_chain(powers, zero, one, base);
out:
	svec_free(one);
	svec_free(base);
	svec_free(zero);
	return r;
}

/* out = prod_m A_m^(j^m) */
static enum result
evaluate(struct gvec *out, const struct gvec *A, uint32_t j)
{
	struct svec *powers = NULL;
	enum result r;

	r = svec_new(&powers, gvec_group(A), gvec_len(A));
	if (r != R_GOOD)
		goto out;
	r = keygen_powers(powers, j);
	if (r != R_GOOD)
		goto out;
	r = gvec_multipow_vartime(out, A, powers, NULL);
out:
	svec_free(powers);
	return r;
}

static enum result
read_commitments(struct gvec *A, const struct keygen_deal *deal)
{
	const size_t size = group_element_bytes(gvec_group(A));

	if (deal->A.n != gvec_len(A) * size)
		return R_BAD_ENCODING;
	return gvec_decode(A, deal->A.p, size, DECODE_NO_IDENTITY, NULL, NULL);
}

/* sum[m] = prod_i A_im, the commitments to the sum of all polynomials. */
static enum result
add_commitments(struct gvec *sum, const struct keygen_attempt *a, const struct keygen_deal *deals)
{
	struct gvec *A = NULL;
	enum result r;
	size_t i;

	r = gvec_new(&A, a->group, a->threshold);
	for (i = 0; i < a->count && r == R_GOOD; i++) {
		r = read_commitments(A, &deals[i]);
		if (r == R_GOOD)
			gvec_mul(sum, sum, A);
	}
	gvec_free(A);
	return r;
}

enum result
keygen_keys(struct gvec *y, struct gvec *X, const struct keygen_attempt *a,
    const struct keygen_deal *deals)
{
	struct gvec *sum = NULL, *X_j = NULL;
	enum result r;
	size_t j;

	assert(gvec_len(y) == 1 && gvec_len(X) == a->count);
	if ((r = gvec_new(&sum, a->group, a->threshold)) != R_GOOD ||
	    (r = gvec_new(&X_j, a->group, 1)) != R_GOOD ||
	    (r = add_commitments(sum, a, deals)) != R_GOOD)
		goto out;
	gvec_copy(y, 0, sum, 0, 1); /* (G7) */
	r = gvec_is_identity_vartime(y, 0) ? R_BAD_ELEMENT : R_GOOD;
	for (j = 0; j < a->count && r == R_GOOD; j++) {
		r = evaluate(X_j, sum, a->participants[j]); /* (G8) */
		if (r != R_GOOD)
			break;
		gvec_copy(X, j, X_j, 0, 1);
		if (gvec_is_identity_vartime(X, j))
			r = R_BAD_ELEMENT;
	}
out:
	gvec_free(sum);
	gvec_free(X_j);
	return r;
}

enum result
keygen_transcript(struct digest *transcript, const struct keygen_attempt *a,
    const struct digest *last, const struct gvec *y, const struct gvec *X)
{
	const size_t size = group_element_bytes(a->group);
	struct transcript t;
	struct sha256 hash;
	struct digest digest;
	struct gvec *X_j = NULL;
	uint8_t bytes[GROUP_ENCODING_MAX];
	enum result r;
	size_t j;

	assert(gvec_len(y) == 1 && gvec_len(X) == a->count);
	r = gvec_new(&X_j, a->group, 1);
	if (r != R_GOOD)
		return r;
	/* (G10) */
	transcript_start(&t, "tabella/1 keygen transcript", group_name(a->group), a->election);
	transcript_u64(&t, a->attempt);
	transcript_bytes(&t, last->b, sizeof last->b);
	gvec_encode(bytes, size, y, NULL);
	transcript_bytes(&t, bytes, size);
	sha256_start(&hash);
	for (j = 0; j < a->count; j++) {
		gvec_copy(X_j, 0, X, j, 1);
		gvec_encode(bytes, size, X_j, NULL);
		sha256_add(&hash, bytes, size);
	}
	sha256_finish(&hash, &digest);
	transcript_list(&t, &digest, a->count, 1);
	finish(&t, transcript->b);
	gvec_free(X_j);
	return R_GOOD;
}

/* ---- shares ---- */

/* (G6): does the share of j fit the dealer's commitments? */
static enum result
check_share(const struct keygen_attempt *a, const struct keygen_deal *deal, uint32_t j,
    const struct svec *share)
{
	struct gvec *A = NULL, *left = NULL, *right = NULL;
	enum result r;

	if ((r = gvec_new(&A, a->group, a->threshold)) != R_GOOD ||
	    (r = gvec_new(&left, a->group, 1)) != R_GOOD ||
	    (r = gvec_new(&right, a->group, 1)) != R_GOOD ||
	    (r = read_commitments(A, deal)) != R_GOOD || (r = evaluate(right, A, j)) != R_GOOD)
		goto out;
	gvec_set_generator(left);
	r = gvec_pow_fixed(left, left, share, NULL);
	if (r != R_GOOD)
		goto out;
	/* What is compared is public: the one side by now, the other if it is equal. */
	r = gvec_differ_vartime(left, right) == 1 ? R_GOOD : R_BAD_SHARE;
out:
	gvec_free(A);
	gvec_free(left);
	gvec_free(right);
	return r;
}

/* (G5), the other way round: share from the box C. */
static enum result
open_box(struct svec *share, const uint8_t *C, const uint8_t key[32])
{
	static const uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES];
	const size_t size = group_scalar_bytes(svec_group(share));
	uint8_t plain[GROUP_ENCODING_MAX];
	enum result r = R_BAD_SHARE;

	if (crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, C,
		size + crypto_aead_chacha20poly1305_IETF_ABYTES, NULL, 0, nonce, key) == 0 &&
	    svec_decode(share, plain, size, NULL) == R_GOOD)
		r = R_GOOD;
	sodium_memzero(plain, sizeof plain);
	return r;
}

enum result
keygen_open(struct svec *share, const struct keygen_attempt *a, const struct keygen_commit *commits,
    uint32_t i, const struct keygen_deal *deal, uint32_t j, const struct svec *rho)
{
	const size_t size = group_element_bytes(a->group), at = keygen_place(a, j);
	const uint8_t *E = deal->shares.p + at * keygen_share_bytes(a->group);
	struct gvec *point = NULL;
	uint8_t key[32];
	enum result r;

	assert(deal->shares.n == a->count * keygen_share_bytes(a->group));
	r = gvec_new(&point, a->group, 1);
	if (r != R_GOOD)
		goto out;
	r = gvec_decode(point, E, size, DECODE_NO_IDENTITY, NULL, NULL);
	if (r != R_GOOD)
		goto out;
	r = gvec_pow(point, point, rho, NULL);
	if (r != R_GOOD)
		goto out;
	keygen_box_key(key, a, i, j, E, commits[at].receive.p, point);
	r = open_box(share, E + size, key);
	if (r == R_GOOD)
		r = check_share(a, deal, j, share);
out:
	sodium_memzero(key, sizeof key);
	gvec_free(point);
	return r;
}

/* Is g^rho the receiving key R? R_BAD_COMPLAINT if not. */
static enum result
check_rho(const struct keygen_attempt *a, struct slice R, const struct svec *rho)
{
	struct gvec *left = NULL, *right = NULL;
	enum result r;

	if ((r = gvec_new(&left, a->group, 1)) != R_GOOD ||
	    (r = gvec_new(&right, a->group, 1)) != R_GOOD ||
	    (r = gvec_decode(right, R.p, group_element_bytes(a->group), DECODE_NO_IDENTITY, NULL,
		 NULL)) != R_GOOD)
		goto out;
	gvec_set_generator(left);
	r = gvec_pow_fixed(left, left, rho, NULL);
	if (r != R_GOOD)
		goto out;
	r = gvec_differ_vartime(left, right) == 1 ? R_GOOD : R_BAD_COMPLAINT;
out:
	gvec_free(left);
	gvec_free(right);
	return r;
}

enum result
keygen_judge(uint32_t *at_fault, const struct keygen_attempt *a,
    const struct keygen_commit *commits, uint32_t complainer, struct slice rho, uint32_t dealer,
    const struct keygen_deal *deal)
{
	struct svec *scalar = NULL, *share = NULL;
	enum result r;

	assert(complainer != dealer);
	if (rho.n != keygen_secret_bytes(a->group))
		return R_BAD_ENCODING;
	if ((r = svec_new(&scalar, a->group, 1)) != R_GOOD ||
	    (r = svec_new(&share, a->group, 1)) != R_GOOD ||
	    (r = svec_decode(scalar, rho.p, rho.n, NULL)) != R_GOOD)
		goto out;
	/* (G11) */
	r = check_rho(a, commits[keygen_place(a, complainer)].receive, scalar);
	if (r == R_GOOD)
		r = keygen_open(share, a, commits, dealer, deal, complainer, scalar);
	if (r == R_GOOD || r == R_BAD_COMPLAINT) {
		*at_fault = complainer;
		r = R_GOOD;
	} else if (r == R_BAD_SHARE) {
		*at_fault = dealer;
		r = R_GOOD;
	}
out:
	svec_free(scalar);
	svec_free(share);
	return r;
}
