/* The values of a walk: numbers, strings, binaries, and bytes as they stand. */
#include <assert.h>
#include <string.h>

#include "ballots/walk.h"
#include "crypto/base64.h"

/* ---- numbers ---- */

void
walk_u53_or(struct walk *w, uint64_t *v, uint64_t min, uint64_t max, enum result reason)
{
	const char *what = NULL;
	uint64_t x = 0;
	size_t n = 0;

	if (w->error != R_GOOD)
		return;
	assert(max <= TOKEN_MAX_INTEGER);
	if (w->writing)
		x = *v;
	else
		what = token_integer(&x, &n, w->p, w->end);
	if (what != NULL)
		walk_fail(w, reason, "%s", what);
	else if (x < min || x > max)
		walk_fail(w, reason, "must be from %llu to %llu", (unsigned long long)min,
		    (unsigned long long)max);
	else if (w->writing)
		buffer_add_u64(w->out, x);
	else {
		*v = x;
		w->p += n;
	}
}

void
walk_u53(struct walk *w, uint64_t *v, uint64_t min, uint64_t max)
{
	walk_u53_or(w, v, min, max, R_BAD_ENCODING);
}

void
walk_u32(struct walk *w, uint32_t *v, uint32_t min, uint32_t max)
{
	uint64_t x = *v;

	walk_u53(w, &x, min, max);
	if (w->error == R_GOOD)
		*v = (uint32_t)x;
}

void
walk_flag(struct walk *w, bool *v)
{
	uint64_t x = *v;

	walk_u53(w, &x, 0, 1);
	if (w->error == R_GOOD)
		*v = x != 0;
}

/* ---- strings ---- */

/* Return n + 1 bytes from the arena, or NULL after R_NO_MEMORY. */
static void *
room_for(struct walk *w, size_t n)
{
	void *p = arena_alloc(w->arena, n + 1);

	if (p == NULL)
		walk_fail(w, R_NO_MEMORY, "out of memory");
	return p;
}

static bool
fits(struct walk *w, size_t n, size_t min, size_t max)
{
	if (n >= min && n <= max)
		return true;
	if (n < min)
		walk_fail(w, R_BAD_ENCODING, n == 0 ? "is empty" : "has %zu bytes, fewer than %zu",
		    n, min);
	else
		walk_fail(w, R_BAD_ENCODING, "has %zu bytes, more than %zu", n, max);
	return false;
}

void
walk_string(struct walk *w, const char **s, size_t min, size_t max)
{
	const char *what;
	struct slice raw;
	size_t n;
	char *p;

	if (w->error != R_GOOD)
		return;
	what = w->writing ? token_check_string(*s) : token_string(&raw, &n, w->p, w->end);
	if (what != NULL) {
		walk_fail(w, R_BAD_ENCODING, "%s", what);
		return;
	}
	if (!fits(w, w->writing ? strlen(*s) : n, min, max))
		return;
	if (w->writing) {
		token_write_string(w->out, *s);
		return;
	}
	p = room_for(w, n);
	if (p == NULL)
		return;
	token_unescape(p, raw);
	*s = p;
	w->p = raw.p + raw.n + 1;
}

void
walk_enum(struct walk *w, const char *const names[], unsigned n, unsigned *which)
{
	const char *what;
	struct slice raw;
	size_t len;
	unsigned i;

	if (w->error != R_GOOD)
		return;
	if (w->writing) {
		assert(*which < n);
		token_write_string(w->out, names[*which]);
		return;
	}
	what = token_string(&raw, &len, w->p, w->end);
	if (what != NULL) {
		walk_fail(w, R_BAD_ENCODING, "%s", what);
		return;
	}
	for (i = 0; i < n; i++)
		if (slice_equal(raw, slice_of(names[i]))) {
			*which = i;
			w->p = raw.p + raw.n + 1;
			return;
		}
	walk_fail(w, R_BAD_ENCODING,
	    n == 1 ? "must be \"%s\"" : "must be \"%s\" or another known word", names[0]);
}

/* ---- binaries ---- */

static void
write_bin(struct walk *w, const uint8_t *bytes, size_t n)
{
	uint8_t *at = buffer_room(w->out, BASE64URL_LEN(n) + 3);

	if (at == NULL)
		return;
	*at = '"';
	(void)base64url_encode((char *)at + 1, bytes, n);
	at[BASE64URL_LEN(n) + 1] = '"';
	w->out->n += BASE64URL_LEN(n) + 2;
}

/* Take `"text"` of n bytes. */
static void
read_bin(struct walk *w, uint8_t *bytes, size_t n)
{
	struct slice text = { w->p + 1, BASE64URL_LEN(n) };

	if ((size_t)(w->end - w->p) < text.n + 2 || *w->p != '"' || text.p[text.n] != '"' ||
	    base64url_decode(bytes, n, text) != R_GOOD)
		walk_fail(w, R_BAD_ENCODING, "must be %zu bytes in base64url", n);
	else
		w->p += text.n + 2;
}

void
walk_bin(struct walk *w, uint8_t *bytes, size_t n)
{
	if (w->error != R_GOOD)
		return;
	if (w->writing)
		write_bin(w, bytes, n);
	else
		read_bin(w, bytes, n);
}

void
walk_digest(struct walk *w, struct digest *d)
{
	walk_bin(w, d->b, sizeof d->b);
}

void
walk_bin_var(struct walk *w, struct slice *bytes, size_t min, size_t max)
{
	const uint8_t *quote;
	uint8_t *p;
	size_t n;

	if (w->error != R_GOOD)
		return;
	if (w->writing) {
		if (fits(w, bytes->n, min, max))
			write_bin(w, bytes->p, bytes->n);
		return;
	}
	quote = w->p < w->end && *w->p == '"' ? memchr(w->p + 1, '"', (size_t)(w->end - w->p) - 1)
					      : NULL;
	if (quote == NULL || base64url_size(&n, (size_t)(quote - w->p) - 1) != R_GOOD) {
		walk_fail(w, R_BAD_ENCODING, "must be bytes in base64url");
		return;
	}
	if (!fits(w, n, min, max))
		return;
	p = room_for(w, n);
	if (p == NULL)
		return;
	read_bin(w, p, n);
	bytes->p = p;
	bytes->n = n;
}

/* ---- bytes as they stand ---- */

size_t
walk_raw_begin(const struct walk *w)
{
	return w->writing ? w->out->n : (size_t)(w->p - w->start);
}

void
walk_raw_end(const struct walk *w, size_t begin, struct slice *raw)
{
	if (w->error != R_GOOD || (w->writing && buffer_result(w->out) != R_GOOD))
		return;
	raw->p = (w->writing ? w->out->p : w->start) + begin;
	raw->n = walk_raw_begin(w) - begin;
}

void
walk_value(struct walk *w, struct slice *raw, size_t max)
{
	const uint8_t *p, *end;
	const char *what;
	size_t n;

	if (w->error != R_GOOD)
		return;
	p = w->writing ? raw->p : w->p;
	end = !w->writing ? w->end : raw->n > 0 ? p + raw->n : p;
	what = token_value(&n, p, end);
	if (what == NULL && w->writing && n != raw->n)
		what = "is followed by something else";
	if (what != NULL)
		walk_fail(w, R_BAD_ENCODING, "%s", what);
	else if (n > max)
		walk_fail(w, R_TOO_LARGE, "has %zu bytes, more than %zu", n, max);
	else if (w->writing)
		buffer_add(w->out, p, n);
	else {
		raw->p = p;
		raw->n = n;
		w->p += n;
	}
}
