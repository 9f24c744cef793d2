#include "crypto/code.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#define SIZE 31 /* of the alphabet, a prime */
#define GROUP 4

static const char alphabet[] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";

_Static_assert(sizeof alphabet == SIZE + 1, "the alphabet");

/* Return the value of a symbol in either case, or SIZE. */
static unsigned
value_of(uint8_t c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (uint8_t)(c - 'a' + 'A');
	at = c == '\0' ? NULL : strchr(alphabet, c);
	return at == NULL ? SIZE : (unsigned)(at - alphabet);
}

/* Return the value that the check symbol must have: the weighted sum of the others. */
static unsigned
check_of(const struct code *code)
{
	unsigned i, sum = 0;

	for (i = 0; i < CODE_DATA; i++)
		sum += (i + 1) * value_of((uint8_t)code->symbol[i]);
	return sum % SIZE;
}

void
code_draw(struct code *code, struct rng *rng)
{
	unsigned i;

	for (i = 0; i < CODE_DATA; i++)
		code->symbol[i] = alphabet[rng_below(rng, SIZE)];
	code->symbol[CODE_DATA] = alphabet[check_of(code)];
}

void
code_print(char out[CODE_TEXT], const struct code *code)
{
	unsigned i;

	for (i = 0; i < CODE_SYMBOLS; i++) {
		if (i > 0 && i % GROUP == 0)
			*out++ = '-';
		*out++ = code->symbol[i];
	}
	*out = '\0';
}

enum result
code_read(struct code *code, struct slice text)
{
	unsigned n = 0, value;
	size_t i;

	for (i = 0; i < text.n; i++) {
		if (text.p[i] == ' ' || text.p[i] == '-')
			continue;
		value = value_of(text.p[i]);
		if (value == SIZE || n == CODE_SYMBOLS)
			goto bad;
		code->symbol[n++] = alphabet[value];
	}
	if (n == CODE_SYMBOLS && code->symbol[CODE_DATA] == alphabet[check_of(code)])
		return R_GOOD;
bad:
	code_wipe(code);
	return R_BAD_CODE;
}

void
code_wipe(struct code *code)
{
	sodium_memzero(code, sizeof *code);
}

enum result
code_secret(uint8_t *wide, size_t n, const struct code *code, const struct digest *election,
    unsigned part)
{
	struct digest salt;
	uint8_t input[33];

	assert(part >= 1 && part <= 255);
	memcpy(input, election->b, 32);
	input[32] = (uint8_t)part;
	hash_tagged(&salt, "tabella/1 code salt", input, sizeof input);
	if (crypto_pwhash(wide, n, code->symbol, CODE_DATA, salt.b, 2, (size_t)64 << 20,
		crypto_pwhash_ALG_ARGON2ID13) != 0)
		return R_NO_MEMORY;
	return R_GOOD;
}
