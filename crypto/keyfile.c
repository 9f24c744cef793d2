#include "crypto/keyfile.h"

#include <string.h>

#include <sodium.h>

#include "crypto/base64.h"
#include "crypto/hash.h"
#include "crypto/mem.h"

#define SALT_BYTES 16
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define UNLOCKED_LABEL "tabella/1 key file"

_Static_assert(crypto_pwhash_argon2id_SALTBYTES == SALT_BYTES, "Argon2id's salt");

const struct keyfile_cost keyfile_cost_default = { 3, 262144 };

/* The key and nonce that seal one file. */
struct seal {
	uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
};

static int
cost_is_sane(const struct keyfile_cost *cost)
{
	return cost->passes >= 1 && cost->passes <= KEYFILE_PASSES_MAX &&
	    cost->kib >= KEYFILE_KIB_MIN && cost->kib <= KEYFILE_KIB_MAX;
}

static enum result
derive(struct seal *seal, const uint8_t salt[SALT_BYTES], int locked, struct slice passphrase,
    const struct keyfile_cost *cost)
{
	uint8_t input[sizeof UNLOCKED_LABEL + SALT_BYTES], hash[64], *bytes = (uint8_t *)seal;

	if (locked) {
		if (crypto_pwhash(bytes, sizeof *seal, (const char *)passphrase.p, passphrase.n,
			salt, cost->passes, cost->kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
			return R_NO_MEMORY;
		return R_GOOD;
	}
	memcpy(input, UNLOCKED_LABEL, sizeof UNLOCKED_LABEL);
	memcpy(input + sizeof UNLOCKED_LABEL, salt, SALT_BYTES);
	sha512(hash, input, sizeof input);
	memcpy(bytes, hash, sizeof *seal);
	sodium_memzero(hash, sizeof hash);
	return R_GOOD;
}

static int
is_kind(struct slice kind)
{
	size_t i;

	if (kind.n == 0 || kind.n > KEYFILE_KIND_MAX)
		return 0;
	for (i = 0; i < kind.n; i++)
		if (!((kind.p[i] >= 'a' && kind.p[i] <= 'z') ||
			(kind.p[i] >= '0' && kind.p[i] <= '9') || kind.p[i] == '-'))
			return 0;
	return 1;
}

/* ---- writing ---- */

static void
add_base64url(struct buffer *out, struct slice bytes)
{
	uint8_t *at = buffer_room(out, BASE64URL_LEN(bytes.n) + 1);

	if (at != NULL)
		out->n += base64url_encode((char *)at, bytes.p, bytes.n);
}

/* Add everything that stands before the sealed bytes. */
static void
add_head(struct buffer *out, const char *kind, struct slice public, const struct keyfile_cost *cost,
    const uint8_t salt[SALT_BYTES])
{
	buffer_add_string(out, "tabella key 1\nkind ");
	buffer_add_string(out, kind);
	buffer_add_string(out, "\npublic ");
	add_base64url(out, public);
	if (cost == NULL)
		buffer_add_string(out, "\nlock none");
	else {
		buffer_add_string(out, "\nlock passphrase ");
		buffer_add_u64(out, cost->passes);
		buffer_add_string(out, " ");
		buffer_add_u64(out, cost->kib);
	}
	buffer_add_string(out, "\nsalt ");
	add_base64url(out, (struct slice){ salt, SALT_BYTES });
	buffer_add_string(out, "\nsealed ");
}

enum result
keyfile_seal(struct buffer *out, const char *kind, struct slice public, struct slice secret,
    struct slice passphrase, const struct keyfile_cost *cost, struct rng *rng)
{
	int locked = passphrase.p != NULL;
	size_t before = out->n, sealed_len = secret.n + TAG_BYTES;
	uint8_t salt[SALT_BYTES], *sealed = NULL;
	struct seal seal;
	enum result r;

	if (!is_kind(slice_of(kind)) || public.n > KEYFILE_PUBLIC_MAX || secret.n == 0 ||
	    secret.n > KEYFILE_SECRET_MAX || (locked && (passphrase.n == 0 || !cost_is_sane(cost))))
		return R_BAD_INPUT;
	rng_fill(rng, salt, sizeof salt);
	r = derive(&seal, salt, locked, passphrase, cost);
	if (r != R_GOOD)
		goto out;
	sealed = mem_new(sealed_len, 1);
	if (sealed == NULL) {
		r = R_NO_MEMORY;
		goto out;
	}
	add_head(out, kind, public, locked ? cost : NULL, salt);
	if (buffer_result(out) == R_GOOD) {
		(void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, secret.p, secret.n,
		    out->p + before, out->n - before, NULL, seal.nonce, seal.key);
		add_base64url(out, (struct slice){ sealed, sealed_len });
	}
	buffer_add_string(out, "\n");
	r = buffer_result(out);
out:
	if (r != R_GOOD)
		out->n = before;
	mem_free(sealed);
	sodium_memzero(&seal, sizeof seal);
	return r;
}

/* ---- reading ---- */

/* The text taken apart; slices point into it. */
struct parts {
	struct keyfile_cost cost;
	uint8_t salt[SALT_BYTES];
	struct slice head;   /* up to and with "sealed " */
	struct slice sealed; /* base64url */
	size_t sealed_len;
};

/* Take a line that begins with `name`; *value is the rest of it. */
static int
take_line(struct slice *value, struct slice *rest, const char *name)
{
	size_t n = strlen(name);

	if (!slice_line(value, rest) || value->n < n || memcmp(value->p, name, n) != 0)
		return 0;
	value->p += n;
	value->n -= n;
	return 1;
}

/* Take `none`, or `passphrase passes kib`. */
static int
parse_lock(int *locked, struct keyfile_cost *cost, struct slice value)
{
	static const char name[] = "passphrase ";
	const size_t n = sizeof name - 1;
	const uint8_t *space;
	struct slice passes, kib;

	*locked = !slice_equal(value, slice_of("none"));
	if (!*locked)
		return 1;
	if (value.n < n || memcmp(value.p, name, n) != 0)
		return 0;
	passes.p = value.p + n;
	space = memchr(passes.p, ' ', value.n - n);
	if (space == NULL)
		return 0;
	passes.n = (size_t)(space - passes.p);
	kib.p = space + 1;
	kib.n = value.n - n - passes.n - 1;
	return slice_decimal(&cost->passes, passes, KEYFILE_PASSES_MAX) &&
	    slice_decimal(&cost->kib, kib, KEYFILE_KIB_MAX) && cost_is_sane(cost);
}

static enum result
parse(struct keyfile *out, struct parts *parts, struct slice text)
{
	struct slice rest = text, value;

	if (!take_line(&value, &rest, "tabella key 1") || value.n != 0)
		return R_KEY_CORRUPT;
	if (!take_line(&value, &rest, "kind ") || !is_kind(value))
		return R_KEY_CORRUPT;
	memcpy(out->kind, value.p, value.n);
	out->kind[value.n] = '\0';
	if (!take_line(&value, &rest, "public ") ||
	    base64url_size(&out->public_len, value.n) != R_GOOD ||
	    out->public_len > KEYFILE_PUBLIC_MAX ||
	    base64url_decode(out->public, out->public_len, value) != R_GOOD)
		return R_KEY_CORRUPT;
	if (!take_line(&value, &rest, "lock ") || !parse_lock(&out->locked, &parts->cost, value))
		return R_KEY_CORRUPT;
	if (!take_line(&value, &rest, "salt ") ||
	    base64url_decode(parts->salt, SALT_BYTES, value) != R_GOOD)
		return R_KEY_CORRUPT;
	if (!take_line(&parts->sealed, &rest, "sealed ") || rest.n != 0 ||
	    base64url_size(&parts->sealed_len, parts->sealed.n) != R_GOOD ||
	    parts->sealed_len <= TAG_BYTES || parts->sealed_len > KEYFILE_SECRET_MAX + TAG_BYTES)
		return R_KEY_CORRUPT;
	parts->head.p = text.p;
	parts->head.n = (size_t)(parts->sealed.p - text.p);
	return R_GOOD;
}

enum result
keyfile_read(struct keyfile *out, struct slice text)
{
	struct parts parts;

	return parse(out, &parts, text);
}

enum result
keyfile_open(struct keyfile *out, uint8_t **secret, size_t *secret_len, struct slice text,
    struct slice passphrase)
{
	uint8_t *sealed = NULL, *opened = NULL;
	struct parts parts;
	struct seal seal;
	enum result r;

	*secret = NULL;
	*secret_len = 0;
	r = parse(out, &parts, text);
	if (r != R_GOOD)
		return r;
	if (out->locked && passphrase.n == 0)
		return R_KEY_CORRUPT;
	r = derive(&seal, parts.salt, out->locked, passphrase, &parts.cost);
	if (r != R_GOOD)
		goto out;
	sealed = mem_new(parts.sealed_len, 1);
	opened = mem_new(parts.sealed_len - TAG_BYTES, 1);
	if (sealed == NULL || opened == NULL) {
		r = R_NO_MEMORY;
		goto out;
	}
	r = R_KEY_CORRUPT;
	if (base64url_decode(sealed, parts.sealed_len, parts.sealed) != R_GOOD ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(opened, NULL, NULL, sealed, parts.sealed_len,
		parts.head.p, parts.head.n, seal.nonce, seal.key) != 0)
		goto out;
	*secret = opened;
	*secret_len = parts.sealed_len - TAG_BYTES;
	opened = NULL;
	r = R_GOOD;
out:
	mem_free(sealed);
	mem_free(opened);
	sodium_memzero(&seal, sizeof seal);
	return r;
}
