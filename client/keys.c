#include "client/keys.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "client/terminal.h"
#include "crypto/base64.h"
#include "crypto/keyfile.h"
#include "crypto/mem.h"
#include "crypto/rng.h"

/* Cut a secret at its first line end. */
static void
first_line(struct secret *s)
{
	size_t n;

	for (n = 0; n < s->n && s->p[n] != '\n' && s->p[n] != '\r'; n++)
		;
	sodium_memzero(s->p + n, s->n - n);
	s->n = n;
}

enum result
keys_passphrase(struct secret *out, const char *path, int twice, struct why *why)
{
	struct secret again = { 0 };
	enum result r;

	if (path != NULL) {
		r = file_read_secret(out, path, why);
		if (r == R_GOOD)
			first_line(out);
	} else {
		r = terminal_ask_secret(out, "Passphrase:", why);
		if (r == R_GOOD && twice) {
			r = terminal_ask_secret(&again, "The same passphrase again:", why);
			if (r == R_GOOD &&
			    (again.n != out->n || sodium_memcmp(again.p, out->p, out->n) != 0))
				r = why_set(why, R_BAD_INPUT,
				    "the two passphrases differ\nNothing was made; try again");
			secret_free(&again);
		}
	}
	if (r == R_GOOD && out->n == 0)
		r = why_set(why, R_BAD_INPUT,
		    "the passphrase is empty\nUse --no-passphrase if the key is to stay unlocked");
	if (r != R_GOOD)
		secret_free(out);
	return r;
}

enum result
keys_seal(struct buffer *out, const char *kind, struct slice public, struct slice secret,
    struct slice passphrase, struct why *why)
{
	struct slice none = { NULL, 0 };
	struct rng rng;
	enum result r = rng_system(&rng);

	if (r == R_GOOD)
		r = keyfile_seal(out, kind, public, secret, passphrase.n > 0 ? passphrase : none,
		    &keyfile_cost_default, &rng);
	rng_wipe(&rng);
	return r == R_GOOD ? r
			   : why_set(why, r, "a %s could not be sealed: %s", kind, result_text(r));
}

enum result
keys_unseal(struct secret *out, struct slice text, const char *kind, struct slice passphrase,
    const char *path, struct why *why)
{
	struct keyfile file;
	uint8_t *secret = NULL;
	size_t n = 0;
	enum result r = keyfile_read(&file, text);

	out->p = NULL;
	out->n = 0;
	if (r == R_GOOD && strcmp(file.kind, kind) != 0)
		return why_set(why, R_KEY_CORRUPT, "%s holds a %s key, not a %s key", path,
		    file.kind, kind);
	if (r == R_GOOD)
		r = keyfile_open(&file, &secret, &n, text, passphrase);
	if (r == R_KEY_CORRUPT)
		return why_set(why, r, "%s is damaged, or the passphrase is wrong", path);
	if (r != R_GOOD)
		return why_set(why, r, "%s cannot be opened: %s", path, result_text(r));
	out->p = sodium_malloc(n + 1);
	if (out->p != NULL) {
		memcpy(out->p, secret, n);
		out->p[n] = 0;
		out->n = n;
	}
	mem_free(secret);
	return out->p == NULL ? R_NO_MEMORY : R_GOOD;
}

int
keys_is_unlocked(struct slice text)
{
	struct keyfile file;

	return keyfile_read(&file, text) == R_GOOD && !file.locked;
}

enum result
keys_make(struct sign_public *public, const char *path, const char *kind, struct slice passphrase,
    struct why *why)
{
	uint8_t seed[SIGN_SEED_BYTES];
	struct slice secret = { seed, sizeof seed }, pub;
	struct buffer text = { 0 };
	struct sign_key key;
	struct rng rng;
	enum result r = rng_system(&rng);

	if (r != R_GOOD)
		return why_set(why, r, "the system's random source failed; nothing was made");
	rng_fill(&rng, seed, sizeof seed);
	sign_key_from_seed(public, &key, seed);
	pub.p = public->b;
	pub.n = sizeof public->b;
	r = keys_seal(&text, kind, pub, secret, passphrase, why);
	if (r == R_GOOD)
		r = file_write_new(path, buffer_slice(&text), 0600, why);
	if (text.p != NULL)
		sodium_memzero(text.p, text.n);
	buffer_free(&text);
	sodium_memzero(seed, sizeof seed);
	sign_key_wipe(&key);
	rng_wipe(&rng);
	return r;
}

enum result
keys_open(struct sign_public *public, struct sign_key *key, struct secret *passphrase,
    const char *path, const char *kind, const char *passphrase_path, struct why *why)
{
	struct secret text = { 0 }, own = { 0 }, seed = { 0 };
	struct slice bytes, pass;
	struct keyfile file;
	enum result r = file_read_secret(&text, path, why);

	if (r != R_GOOD)
		return r;
	bytes.p = text.p;
	bytes.n = text.n;
	r = keyfile_read(&file, bytes);
	if (r != R_GOOD)
		(void)why_set(why, r, "%s is not a key file, or it is damaged", path);
	if (r == R_GOOD && file.locked)
		r = keys_passphrase(&own, passphrase_path, 0, why);
	pass.p = own.p;
	pass.n = own.n;
	if (r == R_GOOD)
		r = keys_unseal(&seed, bytes, kind, pass, path, why);
	if (r == R_GOOD && seed.n != SIGN_SEED_BYTES)
		r = why_set(why, R_KEY_CORRUPT, "%s does not hold a signing key", path);
	if (r == R_GOOD) {
		sign_key_from_seed(public, key, seed.p);
		if (file.public_len != sizeof public->b ||
		    memcmp(file.public, public->b, sizeof public->b) != 0)
			r = why_set(why, R_KEY_CORRUPT,
			    "%s: the public key is not that of the secret key", path);
	}
	secret_free(&seed);
	if (r == R_GOOD && passphrase != NULL) {
		*passphrase = own;
		own.p = NULL;
	}
	secret_free(&own);
	secret_free(&text);
	return r;
}

int
keys_command(const struct command *self, const char *kind, int argc, char **argv)
{
	const char *out = NULL, *passphrase_path = NULL;
	int unlocked = 0;
	struct option_spec options[] = { { "out", &out, NULL, NULL },
		{ "passphrase-file", &passphrase_path, NULL, NULL },
		{ "no-passphrase", NULL, NULL, &unlocked }, { NULL, NULL, NULL, NULL } };
	struct secret passphrase = { 0 };
	struct sign_public public;
	struct why why = { 0 };
	char text[BASE64URL_LEN(32) + 1];
	enum result r = R_GOOD;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n > 0 || out == NULL)
		return command_usage(self,
		    out == NULL ? "--out is missing" : "there is a word too many");
	if (unlocked && passphrase_path != NULL)
		return command_usage(self,
		    "--no-passphrase and --passphrase-file exclude each other");
	if (file_exists(out))
		r = why_set(&why, R_CONFLICT,
		    "%s exists already\nNothing was overwritten; choose another name", out);
	if (r == R_GOOD && !unlocked)
		r = keys_passphrase(&passphrase, passphrase_path, 1, &why);
	if (r == R_GOOD)
		r = keys_make(&public, out, kind, (struct slice){ passphrase.p, passphrase.n },
		    &why);
	secret_free(&passphrase);
	if (r != R_GOOD)
		return terminal_refuse(r, &why);
	(void)base64url_encode(text, public.b, sizeof public.b);
	(void)printf("%s\n", text);
	return 0;
}
