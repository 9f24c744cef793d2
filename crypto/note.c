#include "crypto/note.h"

#include <string.h>

#include "crypto/base64.h"
#include "crypto/hash.h"

#define DASH "\xe2\x80\x94 " /* U+2014, space */
#define DASH_LEN 4

int
note_is_name(struct slice name)
{
	size_t i;

	if (name.n == 0 || name.n > NOTE_NAME_MAX)
		return 0;
	for (i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~' || name.p[i] == '+')
			return 0;
	return 1;
}

enum result
note_key_set(struct note_key *key, const char *name, const struct sign_public *public)
{
	struct digest digest;
	struct sha256 s;
	uint8_t algorithm = NOTE_ED25519;

	if (!note_is_name(slice_of(name)))
		return R_BAD_INPUT;
	sha256_start(&s);
	sha256_add(&s, name, strlen(name));
	sha256_add(&s, "\n", 1);
	sha256_add(&s, &algorithm, 1);
	sha256_add(&s, public->b, sizeof public->b);
	sha256_finish(&s, &digest);
	key->name = name;
	key->algorithm = NOTE_ED25519;
	key->public = *public;
	memcpy(key->id, digest.b, sizeof key->id);
	return R_GOOD;
}

/* ---- reading ---- */

/* Return the length of the text with its line feed, the text being followed by the last
 * empty line; 0 if there is none. */
static size_t
text_length(struct slice bytes)
{
	size_t i;

	for (i = bytes.n; i >= 2; i--)
		if (bytes.p[i - 1] == '\n' && bytes.p[i - 2] == '\n')
			return i - 1;
	return 0;
}

static int
is_plain_text(struct slice text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		if (text.p[i] != '\n' && (text.p[i] < ' ' || text.p[i] > '~'))
			return 0;
	return 1;
}

/* Take one signature line, without its line feed. */
static enum result
parse_line(struct note_line *line, struct slice bytes)
{
	uint8_t decoded[NOTE_BYTES_MAX / 4 * 3]; /* no line is longer than a note */
	const uint8_t *space;
	size_t n;

	if (bytes.n < DASH_LEN || memcmp(bytes.p, DASH, DASH_LEN) != 0)
		return R_BAD_ENCODING;
	bytes.p += DASH_LEN;
	bytes.n -= DASH_LEN;
	space = memchr(bytes.p, ' ', bytes.n);
	if (space == NULL)
		return R_BAD_ENCODING;
	line->name.p = bytes.p;
	line->name.n = (size_t)(space - bytes.p);
	line->base64.p = space + 1;
	line->base64.n = bytes.n - line->name.n - 1;
	if (!note_is_name(line->name) || base64_size(&n, line->base64) != R_GOOD ||
	    n <= sizeof line->id || base64_decode(decoded, n, line->base64) != R_GOOD)
		return R_BAD_ENCODING;
	memcpy(line->id, decoded, sizeof line->id);
	return R_GOOD;
}

static int
is_known(const struct note *note, const struct note_line *line)
{
	size_t i;

	for (i = 0; i < note->lines; i++)
		if (slice_equal(note->line[i].name, line->name) &&
		    memcmp(note->line[i].id, line->id, sizeof line->id) == 0)
			return 1;
	return 0;
}

enum result
note_parse(struct note *note, struct slice bytes)
{
	struct note_line line;
	const uint8_t *at, *end, *feed;

	note->lines = 0;
	if (bytes.n > NOTE_BYTES_MAX)
		return R_TOO_LARGE;
	note->text.p = bytes.p;
	note->text.n = text_length(bytes);
	if (note->text.n < 2 || !is_plain_text(note->text) || bytes.p[bytes.n - 1] != '\n')
		return R_BAD_ENCODING;
	at = bytes.p + note->text.n + 1;
	end = bytes.p + bytes.n;
	for (; at < end; at = feed + 1) {
		feed = memchr(at, '\n', (size_t)(end - at));
		if (parse_line(&line, (struct slice){ at, (size_t)(feed - at) }) != R_GOOD ||
		    is_known(note, &line))
			return R_BAD_ENCODING;
		if (note->lines == NOTE_LINES_MAX)
			return R_TOO_LARGE;
		note->line[note->lines++] = line;
	}
	return note->lines > 0 ? R_GOOD : R_BAD_ENCODING;
}

static int
is_of(const struct note_line *line, const struct note_key *key)
{
	return slice_equal(line->name, slice_of(key->name)) &&
	    memcmp(line->id, key->id, sizeof key->id) == 0;
}

static enum result
check_line(const struct note *note, const struct note_line *line, const struct note_key *key)
{
	uint8_t decoded[4 + 64];
	struct signature signature;

	if (base64_decode(decoded, sizeof decoded, line->base64) != R_GOOD)
		return R_BAD_SIGNATURE;
	memcpy(signature.b, decoded + 4, sizeof signature.b);
	return sign_check_raw(&key->public, note->text, &signature);
}

enum result
note_check(const struct note *note, const struct note_key *key)
{
	size_t i;

	for (i = 0; i < note->lines; i++)
		if (is_of(&note->line[i], key))
			return check_line(note, &note->line[i], key);
	return R_NOT_FOUND;
}

size_t
note_stranger(const struct note *note, const struct note_key keys[], size_t n)
{
	size_t i, k;

	for (i = 0; i < note->lines; i++) {
		for (k = 0; k < n && !is_of(&note->line[i], &keys[k]); k++)
			;
		if (k == n)
			break;
	}
	return i;
}

/* ---- writing ---- */

void
note_begin(struct buffer *out, struct slice text)
{
	buffer_add(out, text.p, text.n);
	buffer_add(out, "\n", 1);
}

void
note_sign(struct buffer *out, struct slice text, const struct note_key *key,
    const struct sign_key *secret)
{
	struct signature signature;
	uint8_t payload[4 + 64];
	char base64[BASE64_LEN(sizeof payload) + 1];

	sign_make_raw(&signature, secret, text);
	memcpy(payload, key->id, 4);
	memcpy(payload + 4, signature.b, 64);
	base64_encode(base64, payload, sizeof payload);
	buffer_add_string(out, DASH);
	buffer_add_string(out, key->name);
	buffer_add_string(out, " ");
	buffer_add_string(out, base64);
	buffer_add_string(out, "\n");
}
