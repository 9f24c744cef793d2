#include "crypto/sign.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

/* label || 0x00 || message in one piece, as Ed25519 reads a message twice. Most
 * records fit in `near`. */
struct labelled {
	uint8_t near[2048];
	uint8_t *far;
	struct slice all;
};

static enum result
labelled_make(struct labelled *l, const char *label, struct slice message)
{
	size_t head = strlen(label) + 1;
	uint8_t *p = l->near;

	l->far = NULL;
	if (message.n > sizeof l->near - head) {
		l->far = p = malloc(head + message.n);
		if (p == NULL)
			return R_NO_MEMORY;
	}
	memcpy(p, label, head);
	if (message.n > 0)
		memcpy(p + head, message.p, message.n);
	l->all.p = p;
	l->all.n = head + message.n;
	return R_GOOD;
}

void
sign_key_from_seed(struct sign_public *public, struct sign_key *key,
    const uint8_t seed[SIGN_SEED_BYTES])
{
	(void)crypto_sign_seed_keypair(public->b, key->b, seed);
}

void
sign_key_wipe(struct sign_key *key)
{
	sodium_memzero(key, sizeof *key);
}

enum result
sign_public_check(const struct sign_public *public)
{
	return crypto_core_ed25519_is_valid_point(public->b) ? R_GOOD : R_NON_CANONICAL;
}

void
sign_make_raw(struct signature *out, const struct sign_key *key, struct slice message)
{
	(void)crypto_sign_detached(out->b, NULL, message.p, message.n, key->b);
}

enum result
sign_check_raw(const struct sign_public *public, struct slice message,
    const struct signature *signature)
{
	if (crypto_sign_verify_detached(signature->b, message.p, message.n, public->b) != 0)
		return R_BAD_SIGNATURE;
	return R_GOOD;
}

enum result
sign_make(struct signature *out, const struct sign_key *key, const char *label,
    struct slice message)
{
	struct labelled l;
	enum result r = labelled_make(&l, label, message);

	if (r != R_GOOD)
		return r;
	sign_make_raw(out, key, l.all);
	free(l.far);
	return R_GOOD;
}

enum result
sign_check(const struct sign_public *public, const char *label, struct slice message,
    const struct signature *signature)
{
	struct labelled l;
	enum result r = labelled_make(&l, label, message);

	if (r != R_GOOD)
		return r;
	r = sign_check_raw(public, l.all, signature);
	free(l.far);
	return r;
}
