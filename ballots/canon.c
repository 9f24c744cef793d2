#include "ballots/canon.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* ---- the writer: jansson's tree through the walk, keys sorted ---- */

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_value(struct walk *w, json_t *value);

static void
write_object(struct walk *w, json_t *object)
{
	size_t n = json_object_size(object), i = 0;
	const char **keys = malloc((n + 1) * sizeof *keys), *key;
	json_t *value;

	if (keys == NULL) {
		walk_fail(w, R_NO_MEMORY, "out of memory");
		return;
	}
	json_object_foreach(object, key, value) keys[i++] = key;
	qsort(keys, n, sizeof *keys, compare_keys);
	walk_object(w);
	for (i = 0; i < n && walk_good(w); i++) {
		if (!token_is_plain(keys[i], strlen(keys[i]))) {
			walk_fail(w, R_BAD_INPUT, "has a key that is not plain ASCII: \"%s\"",
			    keys[i]);
			break;
		}
		walk_key(w, keys[i]);
		write_value(w, json_object_get(object, keys[i]));
	}
	walk_end(w);
	free(keys);
}

static void
write_array(struct walk *w, json_t *array)
{
	size_t n = json_array_size(array), i;

	walk_array(w, NULL, &n, 0, 0, n);
	while (walk_next(w, &i))
		write_value(w, json_array_get(array, i));
}

static void
write_integer(struct walk *w, json_int_t x)
{
	uint64_t v = (uint64_t)x;

	if (x < 0)
		walk_fail(w, R_BAD_INPUT, "must not be negative");
	else if (v > WALK_MAX_INTEGER)
		walk_fail(w, R_BAD_INPUT, "is above the largest number, 9007199254740991");
	else
		walk_u53(w, &v, 0, WALK_MAX_INTEGER);
}

/* Recursion ends at WALK_DEPTH. */
static void
write_value(struct walk *w, json_t *value)
{
	const char *s;

	if (w->depth == WALK_DEPTH && (json_is_object(value) || json_is_array(value))) {
		walk_fail(w, R_BAD_INPUT, "is nested too deep");
		return;
	}
	switch (json_typeof(value)) {
	case JSON_OBJECT: write_object(w, value); break;
	case JSON_ARRAY: write_array(w, value); break;
	case JSON_STRING:
		s = json_string_value(value);
		walk_string(w, &s, 0, CANON_MAX);
		break;
	case JSON_INTEGER: write_integer(w, json_integer_value(value)); break;
	case JSON_REAL: walk_fail(w, R_BAD_INPUT, "must be a whole number, in digits alone"); break;
	case JSON_TRUE: walk_fail(w, R_BAD_INPUT, "is true: write 1"); break;
	case JSON_FALSE: walk_fail(w, R_BAD_INPUT, "is false: write 0"); break;
	case JSON_NULL: walk_fail(w, R_BAD_INPUT, "is null: leave the key out"); break;
	}
}

static struct slice
without_mark(struct slice text)
{
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) {
		text.p += 3;
		text.n -= 3;
	}
	return text;
}

enum result
canon_json(struct buffer *out, const char *name, struct slice text, struct why *why)
{
	struct slice plain = without_mark(text);
	json_error_t error;
	json_t *tree;
	struct walk w;

	if (text.n > CANON_MAX)
		return why_set(why, R_TOO_LARGE, "%s: has more than %zu bytes", name, CANON_MAX);
	tree = json_loadb(plain.n > 0 ? (const char *)plain.p : "", plain.n, JSON_REJECT_DUPLICATES,
	    &error);
	if (tree == NULL && json_error_code(&error) == json_error_out_of_memory)
		return why_set(why, R_NO_MEMORY, "out of memory");
	if (tree == NULL)
		return why_set(why, R_BAD_INPUT, "%s line %d: %s", name, error.line, error.text);
	walk_write(&w, out, 2 * CANON_MAX);
	write_value(&w, tree);
	(void)walk_finish(&w);
	json_decref(tree);
	return w.error == R_GOOD ? R_GOOD : canon_explain(why, name, text, &w);
}

/* ---- finding a value again in the text, which jansson has taken ---- */

static const uint8_t *
skip_space(const uint8_t *p, const uint8_t *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* Return the end of the string, bracket or word that begins at p, and the end of
 * the text if it does not end. */
static const uint8_t *
skip_value(const uint8_t *p, const uint8_t *end)
{
	bool quoted = false;
	size_t depth = 0;

	for (; p < end; p++) {
		if (quoted && *p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (*p == '{' || *p == '['))
			depth++;
		else if (!quoted && (*p == '}' || *p == ']')) {
			if (depth == 0)
				return p;
			depth--;
		} else if (!quoted && depth == 0 && (*p == ',' || *p == ':'))
			return p;
	}
	return p;
}

/* Return where the value with that key, or (key.p NULL) that index, begins in the
 * object or array at p; NULL if there is none. */
static const uint8_t *
find_member(const uint8_t *p, const uint8_t *end, struct slice key, size_t index)
{
	const uint8_t *from;
	struct slice found;
	size_t i;

	if (p == end || *p != (key.p != NULL ? '{' : '['))
		return NULL;
	for (i = 0; p < end && (*p == ',' || i == 0); i++) {
		p = from = skip_space(p + 1, end);
		if (key.p != NULL) {
			p = skip_value(p, end);
			/* The key's text, quotes and the space after it included. */
			found.p = from + 1;
			found.n = p - from >= 2 ? (size_t)(p - from) - 2 : 0;
			while (found.n > 0 && found.p[found.n] != '"')
				found.n--;
			if (p == end || *p != ':')
				return NULL;
			from = skip_space(p + 1, end);
			if (slice_equal(found, key))
				return from;
			p = from;
		} else if (i == index && p < end && *p != ']')
			return from;
		p = skip_value(p, end);
	}
	return NULL;
}

size_t
canon_line(struct slice text, const char *path)
{
	const uint8_t *start = text.n > 0 ? text.p : (const uint8_t *)"", *end = start + text.n;
	struct slice plain = without_mark((struct slice){ start, text.n });
	const uint8_t *at = skip_space(plain.p, end), *next = at, *p;
	size_t line = 1;
	char *tail;

	while (next != NULL && *path != '\0') {
		at = next;
		if (*path == '[') {
			size_t index = strtoul(path + 1, &tail, 10);

			next = find_member(at, end, (struct slice){ NULL, 0 }, index);
			path = *tail == ']' ? tail + 1 : tail;
		} else {
			struct slice key;

			path += *path == '.';
			key.p = (const uint8_t *)path;
			key.n = strcspn(path, ".[");
			next = find_member(at, end, key, 0);
			path += key.n;
		}
	}
	if (next != NULL)
		at = next;
	for (p = start; p < at; p++)
		line += *p == '\n';
	return line;
}

enum result
canon_explain(struct why *why, const char *name, struct slice text, const struct walk *w)
{
	if (w->error >= R_NO_MEMORY)
		return why_set(why, w->error, "%s", w->why.text);
	return why_set(why, w->error, "%s line %zu: %s", name, canon_line(text, w->path),
	    w->why.text);
}
