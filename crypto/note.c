#include "crypto/note.h"

#include <assert.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/hash.h"

#define DASH "\xe2\x80\x94 " /* U+2014, space */
#define DASH_LEN 4
#define TIME_LEN 8
#define SIGNATURE_LEN 64

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
note_key_set(struct note_key *key, const char *name, enum note_algorithm algorithm,
    const struct sign_public *public)
{
	const uint8_t byte = (uint8_t)algorithm;
	struct digest digest;
	struct sha256 s;

	if (!note_is_name(slice_of(name)))
		return R_BAD_INPUT;
	sha256_start(&s);
	sha256_add(&s, name, strlen(name));
	sha256_add(&s, "\n", 1);
	sha256_add(&s, &byte, 1);
	sha256_add(&s, public->b, sizeof public->b);
	sha256_finish(&s, &digest);
	key->name = name;
	key->algorithm = algorithm;
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

int
note_line_is_of(const struct note_line *line, const struct note_key *key)
{
	return slice_equal(line->name, slice_of(key->name)) &&
	    memcmp(line->id, key->id, sizeof key->id) == 0;
}

/* Add the bytes that a cosignature is over. */
static void
add_cosigned(struct buffer *out, struct slice text, uint64_t time)
{
	buffer_add_string(out, "cosignature/v1\ntime ");
	buffer_add_u64(out, time);
	buffer_add_string(out, "\n");
	buffer_add(out, text.p, text.n);
}

static enum result
check_cosignature(const struct note *note, const struct sign_public *public,
    const uint8_t payload[TIME_LEN + SIGNATURE_LEN], uint64_t *time)
{
	struct buffer message = { 0 };
	struct signature signature;
	uint64_t t = 0;
	enum result r;
	size_t i;

	for (i = 0; i < TIME_LEN; i++)
		t = t << 8 | payload[i];
	if (t > NOTE_TIME_MAX)
		return R_BAD_SIGNATURE;
	memcpy(signature.b, payload + TIME_LEN, SIGNATURE_LEN);
	add_cosigned(&message, note->text, t);
	r = buffer_result(&message);
	if (r == R_GOOD)
		r = sign_check_raw(public, buffer_slice(&message), &signature);
	buffer_free(&message);
	if (r == R_GOOD && time != NULL)
		*time = t;
	return r;
}

static enum result
check_line(const struct note *note, const struct note_line *line, const struct note_key *key,
    uint64_t *time)
{
	uint8_t decoded[sizeof line->id + TIME_LEN + SIGNATURE_LEN];
	const size_t n =
	    key->algorithm == NOTE_COSIGNATURE ? sizeof decoded : sizeof decoded - TIME_LEN;
	struct signature signature;

	if (base64_decode(decoded, n, line->base64) != R_GOOD)
		return R_BAD_SIGNATURE;
	if (key->algorithm == NOTE_COSIGNATURE)
		return check_cosignature(note, &key->public, decoded + sizeof line->id, time);
	memcpy(signature.b, decoded + sizeof line->id, sizeof signature.b);
	return sign_check_raw(&key->public, note->text, &signature);
}

enum result
note_check(const struct note *note, const struct note_key *key, uint64_t *time)
{
	size_t i;

	if (time != NULL)
		*time = 0;
	for (i = 0; i < note->lines; i++)
		if (note_line_is_of(&note->line[i], key))
			return check_line(note, &note->line[i], key, time);
	return R_NOT_FOUND;
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
    const struct sign_key *secret, uint64_t time)
{
	uint8_t payload[sizeof key->id + TIME_LEN + SIGNATURE_LEN];
	char base64[BASE64_LEN(sizeof payload) + 1];
	struct buffer message = { 0 };
	struct signature signature;
	size_t n = sizeof key->id;
	int shift;

	memcpy(payload, key->id, n);
	if (key->algorithm == NOTE_COSIGNATURE) {
		assert(time <= NOTE_TIME_MAX);
		for (shift = 56; shift >= 0; shift -= 8)
			payload[n++] = (uint8_t)(time >> shift);
		add_cosigned(&message, text, time);
	} else
		buffer_add(&message, text.p, text.n);
	if (buffer_result(&message) != R_GOOD) {
		out->error = buffer_result(&message);
		goto out;
	}
	sign_make_raw(&signature, secret, buffer_slice(&message));
	memcpy(payload + n, signature.b, SIGNATURE_LEN);
	(void)base64_encode(base64, payload, n + SIGNATURE_LEN);
	buffer_add_string(out, DASH);
	buffer_add_string(out, key->name);
	buffer_add_string(out, " ");
	buffer_add_string(out, base64);
	buffer_add_string(out, "\n");
out:
	buffer_free(&message);
}

enum result
note_copy(struct buffer *out, const struct note *from, const struct note_key *key)
{
	const struct note_line *line = from->line;

	for (; line < from->line + from->lines; line++)
		if (note_line_is_of(line, key)) {
			buffer_add_string(out, DASH);
			buffer_add(out, line->name.p, line->name.n);
			buffer_add_string(out, " ");
			buffer_add(out, line->base64.p, line->base64.n);
			buffer_add_string(out, "\n");
			return buffer_result(out);
		}
	return R_NOT_FOUND;
}
