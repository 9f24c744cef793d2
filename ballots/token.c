#include "ballots/token.h"

#include <string.h>

/* Return the end of the UTF-8 sequence at p (Unicode, table 3-7: no overlong
 * form, no surrogate, nothing above U+10FFFF), or NULL. */
static const uint8_t *
utf8_sequence(const uint8_t *p, const uint8_t *end)
{
	uint8_t lead = *p, low = 0x80, high = 0xbf;
	ptrdiff_t more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;

	if (lead < 0x80)
		return p + 1;
	if (lead < 0xc2 || lead > 0xf4 || end - p <= more)
		return NULL;
	if (lead == 0xe0)
		low = 0xa0;
	else if (lead == 0xed)
		high = 0x9f;
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return NULL;
	for (p += 2; more > 1; more--, p++)
		if ((*p & 0xc0) != 0x80)
			return NULL;
	return p;
}

/* The characters that have an escape of two characters, and its second one. */
static const char short_escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";

/* Return the character that the escape at p stands for and set *n to its length,
 * or return 0 if RFC 8785 would not write it so. */
static uint8_t
escape(size_t *n, const uint8_t *p, const uint8_t *end)
{
	static const char digits[] = "0123456789abcdef";
	const char *s, *digit;
	uint8_t c;

	if (end - p < 2)
		return 0;
	*n = 2;
	for (s = short_escapes; *s != '\0'; s += 2)
		if ((uint8_t)s[1] == p[1])
			return (uint8_t)s[0];
	*n = 6;
	if (end - p < 6 || memcmp(p, "\\u00", 4) != 0 || (p[4] != '0' && p[4] != '1'))
		return 0;
	digit = memchr(digits, p[5], 16);
	if (digit == NULL)
		return 0;
	c = (uint8_t)((p[4] - '0') * 16 + (digit - digits));
	for (s = short_escapes; *s != '\0'; s += 2)
		if ((uint8_t)s[0] == c)
			return 0;
	return c;
}

/* Return the first character from p on that is not plain in a string: a quote, a backslash, a
 * control character, or not ASCII. Nearly all of a ballot is plain. */
static const uint8_t *
skip_plain(const uint8_t *p, const uint8_t *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = 0x80 * ones;
	uint64_t x, quote, backslash, found;

	/* Eight at a time. x - n*ones borrows from the high bit of a byte below n that
	 * does not have it; bytes above the first such one may be taken for others, so that only
	 * whether there is any counts. */
	for (; end - p >= 8; p += 8) {
		memcpy(&x, p, sizeof x);
		quote = x ^ (ones * '"');
		backslash = x ^ (ones * '\\');
		found = x | ((x - ones * 0x20) & ~x) | ((quote - ones) & ~quote) |
		    ((backslash - ones) & ~backslash);
		if ((found & highs) != 0)
			break;
	}
	while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

const char *
token_string(struct slice *raw, size_t *n, const uint8_t *p, const uint8_t *end)
{
	size_t saved = 0, len;

	if (p == end || *p != '"')
		return "must be a string";
	raw->p = ++p;
	while ((p = skip_plain(p, end)) < end && *p != '"') {
		if (*p == '\\') {
			if (escape(&len, p, end) == 0)
				return "holds an escape that canonical JSON does not use";
			saved += len - 1;
			p += len;
		} else if (*p < 0x20)
			return "holds a control character that is not escaped";
		else if ((p = utf8_sequence(p, end)) == NULL)
			return "is not valid UTF-8";
	}
	if (p >= end)
		return "is a string that does not end";
	raw->n = (size_t)(p - raw->p);
	*n = raw->n - saved;
	return NULL;
}

void
token_unescape(char *out, struct slice raw)
{
	const uint8_t *p = raw.p, *end = raw.p + raw.n;
	size_t n;

	while (p < end) {
		if (*p == '\\') {
			*out++ = (char)escape(&n, p, end);
			p += n;
		} else
			*out++ = (char)*p++;
	}
	*out = '\0';
}

const char *
token_check_string(const char *string)
{
	const uint8_t *p = (const uint8_t *)string, *end = p + strlen(string);

	while (p < end)
		if ((p = utf8_sequence(p, end)) == NULL)
			return "is not valid UTF-8";
	return NULL;
}

void
token_write_string(struct buffer *out, const char *string)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *at = buffer_room(out, 6 * strlen(string) + 2);
	const char *s, *e;

	if (at == NULL)
		return;
	*at++ = '"';
	for (s = string; *s != '\0'; s++) {
		uint8_t c = (uint8_t)*s;

		if (c >= 0x20 && c != '"' && c != '\\') {
			*at++ = c;
			continue;
		}
		for (e = short_escapes; *e != '\0' && *e != *s; e += 2)
			;
		*at++ = '\\';
		if (*e != '\0')
			*at++ = (uint8_t)e[1];
		else {
			memcpy(at, "u00", 3);
			at[3] = (uint8_t)digits[c >> 4];
			at[4] = (uint8_t)digits[c & 15];
			at += 5;
		}
	}
	*at++ = '"';
	out->n = (size_t)(at - out->p);
}

const char *
token_integer(uint64_t *value, size_t *len, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *start = p;
	uint64_t v = 0;

	/* 2^53-1 has 16 digits: 17 of them cannot overflow v. */
	for (; p < end && *p >= '0' && *p <= '9' && p - start < 17; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	if (p == start)
		return "must be a whole number, not negative";
	if (v > TOKEN_MAX_INTEGER)
		return "is above the largest number, 9007199254740991";
	if (*start == '0' && p - start > 1)
		return "is a number with a leading zero";
	if (p < end && *p != ',' && *p != ']' && *p != '}')
		return "is not a whole number in digits alone";
	*value = v;
	*len = (size_t)(p - start);
	return NULL;
}

int
token_is_plain(const char *key, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (key[i] < 0x20 || key[i] > 0x7e || key[i] == '"' || key[i] == '\\')
			return 0;
	return 1;
}

/* What token_value is inside of: an object and its last key, or an array. */
struct level {
	uint8_t close;
	struct slice key;
};

/* Move *p over `"key":`, which must sort after the last key. `first`: there is none. */
static const char *
next_key(const uint8_t **p, struct level *level, int first, const uint8_t *end)
{
	struct slice key;
	const char *what;
	size_t n, shorter;
	int order;

	what = token_string(&key, &n, *p, end);
	if (what != NULL)
		return "has a key that is no string";
	if (!token_is_plain((const char *)key.p, key.n))
		return "has a key that is not plain";
	if (!first) {
		shorter = key.n < level->key.n ? key.n : level->key.n;
		order = memcmp(level->key.p, key.p, shorter);
		if (order > 0 || (order == 0 && level->key.n >= key.n))
			return "has keys that are not in order";
	}
	level->key = key;
	*p = key.p + key.n + 1;
	if (*p == end || **p != ':')
		return "has a key without a value";
	(*p)++;
	return NULL;
}

/* Move *p over the start of a value: a whole string or integer, or the bracket that
 * opens one more level, and the first key of an object. */
static const char *
open_value(const uint8_t **p, struct level *level, unsigned *depth, const uint8_t *end)
{
	struct slice raw;
	const char *what;
	uint64_t value;
	size_t n;

	if (*p < end && (**p == '{' || **p == '[')) {
		if (*depth == TOKEN_DEPTH)
			return "is nested too deep";
		level[*depth].close = **p == '{' ? '}' : ']';
		(*depth)++;
		(*p)++;
		return NULL;
	}
	if (*p < end && **p == '"') {
		what = token_string(&raw, &n, *p, end);
		if (what == NULL)
			*p = raw.p + raw.n + 1;
		return what;
	}
	what = token_integer(&value, &n, *p, end);
	if (what == NULL)
		*p += n;
	return what;
}

const char *
token_value(size_t *len, const uint8_t *p, const uint8_t *end)
{
	struct level level[TOKEN_DEPTH];
	const uint8_t *start = p;
	unsigned depth = 0, before;
	const char *what;
	int first;

	do {
		before = depth;
		what = open_value(&p, level, &depth, end);
		if (what != NULL)
			return what;
		first = depth > before;
		/* Close what ends here. A bracket just opened may close at once. */
		while (depth > 0 && p < end && *p == level[depth - 1].close) {
			p++;
			depth--;
			first = 0;
		}
		if (depth == 0)
			break;
		if (!first) {
			if (p == end || *p != ',')
				return "does not go on with a comma or an end";
			p++;
		}
		if (level[depth - 1].close == '}')
			what = next_key(&p, &level[depth - 1], first, end);
	} while (what == NULL);
	*len = (size_t)(p - start);
	return what;
}
