#include "ballots/walk.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- beginning, end, errors ---- */

static void
begin(struct walk *w, bool writing, size_t max)
{
	w->writing = writing;
	w->error = R_GOOD;
	w->max = max;
	w->depth = 0;
	w->why.reason = R_GOOD;
	w->why.text[0] = '\0';
	w->path[0] = '\0';
}

void
walk_read(struct walk *w, struct arena *arena, struct slice bytes, size_t max)
{
	begin(w, false, max);
	w->arena = arena;
	w->out = NULL;
	w->p = w->start = bytes.n > 0 ? bytes.p : (const uint8_t *)"";
	w->end = w->p + bytes.n;
	if (bytes.n > max)
		walk_fail(w, R_TOO_LARGE, "has %zu bytes, more than %zu", bytes.n, max);
}

void
walk_write(struct walk *w, struct buffer *out, size_t max)
{
	begin(w, true, max);
	w->arena = NULL;
	w->p = w->start = w->end = NULL;
	w->out = out;
	w->out_start = out->n;
}

/* Write the place of the walk into w->path: "items[2].options". */
static void
set_path(struct walk *w)
{
	size_t at = 0, room = sizeof w->path;
	unsigned i;
	int n;

	for (i = 0; i < w->depth && at < room; i++) {
		const struct walk_level *l = &w->level[i];

		if (l->is_array && l->started)
			n = snprintf(w->path + at, room - at, "[%zu]", l->index);
		else if (!l->is_array && l->key != NULL)
			n = snprintf(w->path + at, room - at, "%s%s", at > 0 ? "." : "", l->key);
		else
			n = 0;
		at += (size_t)n;
	}
}

void
walk_fail(struct walk *w, enum result reason, const char *format, ...)
{
	char text[256];
	va_list ap;

	if (w->error != R_GOOD)
		return;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	set_path(w);
	w->error = reason;
	(void)why_set(&w->why, reason, "%s%s%s", w->path, w->path[0] != '\0' ? ": " : "", text);
}

enum result
walk_finish(struct walk *w)
{
	assert(w->error != R_GOOD || w->depth == 0);
	if (!w->writing) {
		if (w->p != w->end)
			walk_fail(w, R_BAD_ENCODING, "is followed by something else");
		return w->error;
	}
	if (buffer_result(w->out) != R_GOOD)
		walk_fail(w, R_NO_MEMORY, "out of memory");
	else if (w->out->n - w->out_start > w->max)
		walk_fail(w, R_TOO_LARGE, "has more than %zu bytes", w->max);
	if (w->error != R_GOOD)
		w->out->n = w->out_start;
	return w->error;
}

/* ---- brackets, commas and keys ---- */

static void
put(struct walk *w, const char *text, size_t n)
{
	buffer_add(w->out, text, n);
}

/* Take one character if it comes next. */
static bool
take(struct walk *w, char c)
{
	if (w->p == w->end || *w->p != (uint8_t)c)
		return false;
	w->p++;
	return true;
}

static struct walk_level *
top(struct walk *w)
{
	assert(w->depth > 0);
	return &w->level[w->depth - 1];
}

/* Go into an object or array. Return NULL after an error. */
static struct walk_level *
enter(struct walk *w, bool is_array)
{
	struct walk_level *l;

	if (w->error != R_GOOD)
		return NULL;
	assert(w->depth < WALK_DEPTH);
	if (w->writing)
		put(w, is_array ? "[" : "{", 1);
	else if (!take(w, is_array ? '[' : '{')) {
		walk_fail(w, R_BAD_ENCODING, is_array ? "must be a list" : "must be an object");
		return NULL;
	}
	l = &w->level[w->depth++];
	l->is_array = is_array;
	l->started = false;
	l->key = NULL;
	l->index = 0;
	return l;
}

void
walk_object(struct walk *w)
{
	(void)enter(w, false);
}

/* Set *key to the key that comes next, if there is a plain one. */
static bool
peek_key(struct walk *w, struct slice *key)
{
	const uint8_t *p = w->p;
	size_t n;

	if (top(w)->started) {
		if (p == w->end || *p != ',')
			return false;
		p++;
	}
	if (token_string(key, &n, p, w->end) != NULL || key->n > 60 ||
	    !token_is_plain((const char *)key->p, key->n))
		return false;
	p = key->p + key->n + 1;
	return p < w->end && *p == ':';
}

void
walk_end(struct walk *w)
{
	struct slice key;

	if (w->error != R_GOOD)
		return;
	assert(!top(w)->is_array);
	if (w->writing)
		put(w, "}", 1);
	else if (!take(w, '}')) {
		top(w)->key = NULL;
		if (peek_key(w, &key))
			walk_fail(w, R_BAD_ENCODING, "has a key \"%.*s\" that does not belong here",
			    (int)key.n, key.p);
		else
			walk_fail(w, R_BAD_ENCODING, "does not end where it should");
		return;
	}
	w->depth--;
}

/* Take `,"name":` if it comes next, without the comma at the start of an object. */
static bool
take_key(struct walk *w, const char *name)
{
	size_t n = strlen(name), comma = top(w)->started;
	const uint8_t *p = w->p;

	if ((size_t)(w->end - p) < comma + n + 3 || (comma && *p != ','))
		return false;
	p += comma;
	if (p[0] != '"' || memcmp(p + 1, name, n) != 0 || p[n + 1] != '"' || p[n + 2] != ':')
		return false;
	w->p = p + n + 3;
	return true;
}

static void
put_key(struct walk *w, const char *name)
{
	if (top(w)->started)
		put(w, ",\"", 2);
	else
		put(w, "\"", 1);
	put(w, name, strlen(name));
	put(w, "\":", 2);
}

static void
at_key(struct walk *w, const char *name)
{
	top(w)->key = name;
	top(w)->started = true;
}

/* Our own description must name keys in order, or it would write what no reader takes. */
static void
assert_key(struct walk *w, const char *name)
{
	assert(!top(w)->is_array);
	assert(top(w)->key == NULL || strcmp(top(w)->key, name) < 0);
	assert(token_is_plain(name, strlen(name)));
}

void
walk_key(struct walk *w, const char *name)
{
	struct slice key;

	if (w->error != R_GOOD)
		return;
	assert_key(w, name);
	if (w->writing)
		put_key(w, name);
	else if (!take_key(w, name)) {
		top(w)->key = NULL;
		if (peek_key(w, &key) && !slice_equal(key, slice_of(name)))
			walk_fail(w, R_BAD_ENCODING,
			    "has a key \"%.*s\" where \"%s\" must come next", (int)key.n, key.p,
			    name);
		else
			walk_fail(w, R_BAD_ENCODING, "lacks the key \"%s\"", name);
		return;
	}
	at_key(w, name);
}

bool
walk_option(struct walk *w, const char *name, bool *present)
{
	if (w->error != R_GOOD)
		return false;
	assert_key(w, name);
	if (!w->writing)
		*present = take_key(w, name);
	else if (*present)
		put_key(w, name);
	if (*present)
		at_key(w, name);
	return *present;
}

void
walk_variant(struct walk *w, const char *const names[], unsigned n, unsigned *which,
    enum result unknown)
{
	struct slice key;
	unsigned i;

	if (w->error != R_GOOD)
		return;
	if (w->writing) {
		assert(*which < n);
		walk_key(w, names[*which]);
		return;
	}
	for (i = 0; i < n; i++)
		if (take_key(w, names[i])) {
			assert_key(w, names[i]);
			at_key(w, names[i]);
			*which = i;
			return;
		}
	if (peek_key(w, &key))
		walk_fail(w, unknown, "there is no \"%.*s\"", (int)key.n, key.p);
	else
		walk_fail(w, R_BAD_ENCODING, "lacks a key");
}

/* ---- arrays ---- */

void
walk_array(struct walk *w, void *items, size_t *count, size_t size, size_t min, size_t max)
{
	struct walk_level *l = enter(w, true);

	if (l == NULL)
		return;
	l->items = items;
	l->count = count;
	l->size = size;
	l->min = min;
	l->max = max;
	l->room = items == NULL ? max : 0;
	if (!w->writing)
		*count = 0;
}

/* Make room for one more element: the caller's pointer is read and set as bytes,
 * since its type is not known here. */
static bool
grow(struct walk *w, struct walk_level *l)
{
	size_t room = l->room == 0 ? 4 : 2 * l->room;
	void *old, *p;

	if (room > l->max)
		room = l->max;
	memcpy(&old, l->items, sizeof old);
	if (l->room == 0)
		old = NULL;
	p = room > SIZE_MAX / 2 / (l->size + 1)
	    ? NULL
	    : arena_grow(w->arena, old, l->room * l->size, room * l->size);
	if (p == NULL) {
		walk_fail(w, R_NO_MEMORY, "out of memory");
		return false;
	}
	memcpy(l->items, &p, sizeof p);
	l->room = room;
	return true;
}

/* Leave the array if it has as many elements as it must. */
static bool
leave(struct walk *w, struct walk_level *l)
{
	l->started = false;
	if (*l->count < l->min)
		walk_fail(w, R_BAD_ENCODING, "needs at least %zu", l->min);
	else if (*l->count > l->max)
		walk_fail(w, R_BAD_ENCODING, "has more than %zu", l->max);
	else
		w->depth--;
	return false;
}

bool
walk_next(struct walk *w, size_t *i)
{
	struct walk_level *l;
	bool more;

	if (w->error != R_GOOD)
		return false;
	l = top(w);
	assert(l->is_array);
	more = l->started;
	if (more)
		l->index++;
	if (w->writing) {
		if (l->index == *l->count) {
			put(w, "]", 1);
			return leave(w, l);
		}
		if (more)
			put(w, ",", 1);
	} else {
		if (take(w, ']'))
			return leave(w, l);
		if (more && !take(w, ',')) {
			l->started = false;
			walk_fail(w, R_BAD_ENCODING, "does not go on with a comma or an end");
			return false;
		}
		if (l->index == l->max) {
			l->started = false;
			walk_fail(w, R_BAD_ENCODING, "has more than %zu", l->max);
			return false;
		}
		if (l->index == l->room && !grow(w, l))
			return false;
		*l->count = l->index + 1;
	}
	l->started = true;
	*i = l->index;
	return true;
}
