/*
 * A trustee's part in key generation. All secrets of an attempt derive from a seed that is
 * drawn when the attempt begins and kept, sealed, in DIR/keygen-<attempt>.sealed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "client/keys.h"
#include "client/tally.h"
#include "crypto/keygen.h"
#include "crypto/mem.h"
#include "crypto/rng.h"

#define SEED_KIND "keygen-seed"

static enum result
read_seed(struct tally *t, const char *path, uint8_t seed[32], struct why *why)
{
	struct slice pass = { t->passphrase.p, t->passphrase.n };
	struct secret text = { 0 }, found = { 0 };
	enum result r = file_read_secret(&text, path, why);

	if (r == R_GOOD)
		r = keys_unseal(&found, (struct slice){ text.p, text.n }, SEED_KIND, pass, path,
		    why);
	if (r == R_GOOD && found.n != 32)
		r = why_set(why, R_KEY_CORRUPT, "%s is damaged", path);
	if (r == R_GOOD)
		memcpy(seed, found.p, 32);
	secret_free(&found);
	secret_free(&text);
	return r;
}

static enum result
make_seed(struct tally *t, const char *path, uint8_t seed[32], struct why *why)
{
	struct slice pass = { t->passphrase.p, t->passphrase.n }, secret = { seed, 32 };
	struct slice public = { t->public.b, sizeof t->public.b };
	struct buffer text = { 0 };
	struct rng rng;
	enum result r = rng_system(&rng);

	if (r != R_GOOD)
		return why_set(why, r, "the system's random source failed; nothing was sent");
	rng_fill(&rng, seed, 32);
	rng_wipe(&rng);
	r = keys_seal(&text, SEED_KIND, public, secret, pass, why);
	if (r == R_GOOD)
		r = file_write_new(path, buffer_slice(&text), 0600, why);
	if (text.p != NULL)
		sodium_memzero(text.p, text.room);
	buffer_free(&text);
	return r;
}

/* The secrets of an attempt; a seed is made only for the first record of it. */
static enum result
open_secret(struct tally *t, struct keygen_secret **out, const struct keygen_attempt *a,
    int may_make, struct why *why)
{
	uint8_t seed[32];
	char name[64], *path;
	enum result r;

	(void)snprintf(name, sizeof name, "keygen-%" PRIu64 ".sealed", a->attempt);
	path = workspace_path(t->w, name);
	if (path == NULL)
		return R_NO_MEMORY;
	if (file_exists(path))
		r = read_seed(t, path, seed, why);
	else if (may_make)
		r = make_seed(t, path, seed, why);
	else
		r = why_set(why, R_MISSING_FILE,
		    "%s is not there: this trustee's share of the key is lost\nPut back a copy of "
		    "the folder",
		    path);
	if (r == R_GOOD)
		r = keygen_secret_new(out, a, t->number, seed);
	sodium_memzero(seed, sizeof seed);
	free(path);
	return r;
}

static enum result
commit(struct tally *t, const struct keygen_status *k, struct why *why)
{
	const struct group *g = k->attempt.group;
	struct keygen_secret *secret = NULL;
	union record_body body = { 0 };
	uint8_t *receive = malloc(keygen_key_bytes(g)), *proof = malloc(keygen_proof_bytes(g));
	enum result r = receive == NULL || proof == NULL
	    ? R_NO_MEMORY
	    : open_secret(t, &secret, &k->attempt, 1, why);

	if (r == R_GOOD)
		r = keygen_make_commit(&body.keygen_commit.commit, receive, proof, &k->attempt,
		    secret);
	if (r == R_GOOD) {
		body.keygen_commit.attempt = k->attempt.attempt;
		body.keygen_commit.receive = (struct slice){ receive, keygen_key_bytes(g) };
		body.keygen_commit.proof = (struct slice){ proof, keygen_proof_bytes(g) };
		r = tally_post(t, NULL, RECORD_KEYGEN_COMMIT, &body, why);
	}
	keygen_secret_free(secret);
	free(receive);
	free(proof);
	return r;
}

static enum result
deal(struct tally *t, const struct keygen_status *k, struct why *why)
{
	const struct keygen_attempt *a = &k->attempt;
	size_t key = keygen_key_bytes(a->group), box = keygen_box_bytes(a->group);
	struct keygen_secret *secret = NULL;
	union record_body body = { 0 };
	uint8_t *A = malloc(a->threshold * key), *proof = malloc(keygen_proof_bytes(a->group));
	uint8_t *shares = malloc(a->count * (key + box));
	enum result r = A == NULL || proof == NULL || shares == NULL
	    ? R_NO_MEMORY
	    : open_secret(t, &secret, a, 0, why);

	if (r == R_GOOD)
		r = keygen_make_deal(A, proof, shares, a, k->commits, secret);
	if (r == R_GOOD) {
		body.keygen_deal.attempt = a->attempt;
		body.keygen_deal.commitments = (struct slice){ A, a->threshold * key };
		body.keygen_deal.proof = (struct slice){ proof, keygen_proof_bytes(a->group) };
		body.keygen_deal.shares = (struct slice){ shares, a->count * (key + box) };
		r = tally_post(t, NULL, RECORD_KEYGEN_DEAL, &body, why);
	}
	keygen_secret_free(secret);
	free(A);
	free(proof);
	free(shares);
	return r;
}

static enum result
complain(struct tally *t, const struct keygen_status *k, const struct keygen_secret *secret,
    uint32_t dealer, struct why *why)
{
	size_t n = keygen_secret_bytes(k->attempt.group);
	union record_body body = { 0 };
	uint8_t *rho = mem_new(n, 1);
	enum result r = R_NO_MEMORY;

	if (rho != NULL) {
		(void)fprintf(stderr, "trustee %" PRIu32 " has dealt a wrong share: complaining\n",
		    dealer);
		keygen_complaint(rho, secret);
		body.keygen_complain.attempt = k->attempt.attempt;
		body.keygen_complain.dealer = dealer;
		body.keygen_complain.rho = (struct slice){ rho, n };
		r = tally_post(t, NULL, RECORD_KEYGEN_COMPLAIN, &body, why);
	}
	mem_free(rho);
	return r;
}

static enum result
confirm(struct tally *t, const struct keygen_status *k, struct why *why)
{
	struct keygen_secret *secret = NULL;
	union record_body body = { 0 };
	struct svec *x = NULL;
	uint32_t dealer = 0;
	enum result r = open_secret(t, &secret, &k->attempt, 0, why);

	if (r == R_GOOD)
		r = svec_new(&x, k->attempt.group, 1);
	if (r == R_GOOD)
		r = keygen_share(x, &dealer, &k->attempt, k->commits, k->deals, secret);
	if (r == R_BAD_SHARE)
		r = complain(t, k, secret, dealer, why);
	else if (r == R_GOOD) {
		body.keygen_confirm.attempt = k->attempt.attempt;
		body.keygen_confirm.transcript = *k->transcript;
		r = tally_post(t, NULL, RECORD_KEYGEN_CONFIRM, &body, why);
	}
	svec_free(x);
	keygen_secret_free(secret);
	return r;
}

enum result
tally_keygen(struct tally *t, const struct duty *duty, struct why *why)
{
	struct keygen_status k;
	enum result r = frozen_keygen(mirror_now(&t->w->mirror), &k);

	if (r != R_GOOD)
		return r;
	switch (duty->kind) {
	case DUTY_KEYGEN_COMMIT: return commit(t, &k, why);
	case DUTY_KEYGEN_DEAL: return deal(t, &k, why);
	case DUTY_KEYGEN_CONFIRM: return confirm(t, &k, why);
	default: return R_STATE;
	}
}

enum result
tally_share(struct tally *t, struct svec **x, struct why *why)
{
	struct keygen_secret *secret = NULL;
	struct keygen_status k;
	enum result r = frozen_keygen(mirror_now(&t->w->mirror), &k);

	*x = NULL;
	if (r == R_GOOD)
		r = open_secret(t, &secret, &k.attempt, 0, why);
	if (r == R_GOOD)
		r = svec_new(x, k.attempt.group, 1);
	if (r == R_GOOD)
		r = keygen_share(*x, NULL, &k.attempt, k.commits, k.deals, secret);
	keygen_secret_free(secret);
	if (r != R_GOOD) {
		svec_free(*x);
		*x = NULL;
	}
	return r;
}
