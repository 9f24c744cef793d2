#include "client/written.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/canon.h"
#include "ballots/sheet.h"
#include "client/file.h"
#include "crypto/base64.h"

enum result
written_load(json_t **root, const char *path, struct why *why)
{
	struct buffer text = { 0 };
	json_error_t problem;
	enum result r = file_read(&text, path, CANON_MAX, why);

	*root = NULL;
	if (r == R_GOOD) {
		*root = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &problem);
		if (*root == NULL)
			r = why_set(why, R_BAD_INPUT, "%s line %d: %s", path, problem.line,
			    problem.text);
		else if (!json_is_object(*root)) {
			json_decref(*root);
			*root = NULL;
			r = why_set(why, R_BAD_INPUT, "%s: must be one object, { ... }", path);
		}
	}
	buffer_free(&text);
	return r;
}

void
written_default(json_t *root, const char *name, json_t *value)
{
	if (json_object_get(root, name) == NULL)
		(void)json_object_set_new(root, name, value);
	else
		json_decref(value);
}

/* Canonical bytes of an object of which this program has filled in the rest. */
static enum result
canonical(struct buffer *out, json_t *root, const char *path, struct why *why)
{
	char *text = json_dumps(root, JSON_COMPACT);
	enum result r = text == NULL ? R_NO_MEMORY : canon_json(out, path, slice_of(text), why);

	free(text);
	return r;
}

enum result
written_definition(struct definition *d, struct arena *arena, json_t *root, const char *path,
    struct why *why)
{
	struct buffer bytes = { 0 };
	struct walk w;
	enum result r = canonical(&bytes, root, path, why);

	if (r == R_GOOD) {
		walk_read(&w, arena, buffer_slice(&bytes), CANON_MAX);
		definition_walk(&w, d);
		r = walk_finish(&w);
		if (r != R_GOOD)
			(void)why_set(why, r, "%s: %s", path, w.why.text);
	}
	if (r == R_GOOD)
		r = definition_check(d, why);
	buffer_free(&bytes);
	return r;
}

/* ---- items ---- */

/* "2/3" or {"num","den"} as {"den","num"}. NULL if it is neither. */
static json_t *
fraction(const json_t *value)
{
	const char *text = json_string_value(value);
	unsigned long num, den;
	char *end;

	if (json_is_object(value))
		return json_deep_copy(value);
	if (text == NULL || text[0] < '0' || text[0] > '9')
		return NULL;
	num = strtoul(text, &end, 10);
	if (*end++ != '/' || *end < '0' || *end > '9')
		return NULL;
	den = strtoul(end, &end, 10);
	return *end == '\0' ? json_pack("{s:I,s:I}", "den", (json_int_t)den, "num", (json_int_t)num)
			    : NULL;
}

/* Majorities as an array of {"den","num"}; NULL if one is no fraction. */
static json_t *
fractions(const json_t *value)
{
	json_t *list = json_array(), *one;
	size_t i;

	if (!json_is_array(value)) {
		one = fraction(value);
		if (one != NULL)
			(void)json_array_append_new(list, one);
	} else
		for (i = 0; i < json_array_size(value); i++) {
			one = fraction(json_array_get(value, i));
			if (one == NULL)
				break;
			(void)json_array_append_new(list, one);
		}
	if (json_array_size(list) == (json_is_array(value) ? json_array_size(value) : 1))
		return list;
	json_decref(list);
	return NULL;
}

/* Move a field of the file into `count`. */
static void
move(json_t *root, json_t *count, const char *name)
{
	json_t *value = json_object_get(root, name);

	if (value != NULL && json_object_get(count, name) == NULL)
		(void)json_object_set(count, name, value);
	(void)json_object_del(root, name);
}

static enum result
complete_count(json_t *root, json_t *count, const char *path, struct why *why)
{
	static const char *const names[] = { "default", "majority", "majority_base", "method",
		"quorum", "tie" };
	const char *choice = json_string_value(json_object_get(root, "choice"));
	json_t *majority;
	size_t i, options = json_array_size(json_object_get(root, "options"));
	int ranking = choice != NULL && strcmp(choice, "ranking") == 0;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		move(root, count, names[i]);
	written_default(count, "default", json_integer(0));
	written_default(count, "method",
	    json_string(ranking      ? "condorcet"
		    : choice != NULL ? choice
				     : ""));
	written_default(count, "tie", json_string("none"));
	written_default(count, "quorum",
	    json_pack("{s:i,s:s,s:i}", "den", 1, "kind", "none", "num", 0));
	majority = json_object_get(count, "majority");
	if (majority != NULL) {
		majority = fractions(majority);
		if (majority == NULL)
			return why_set(why, R_BAD_INPUT,
			    "%s: majority: must be a fraction such as \"1/2\", or a list of them",
			    path);
		(void)json_object_set_new(count, "majority", majority);
		written_default(count, "majority_base", json_string(ranking ? "default" : "valid"));
		return R_GOOD;
	}
	majority = json_array();
	if (ranking && json_integer_value(json_object_get(count, "default")) > 0) {
		/* Debian's rule: more prefer the option to the default than the reverse. */
		for (i = 0; i < options; i++)
			(void)json_array_append_new(majority,
			    json_pack("{s:i,s:i}", "den", 1, "num", 1));
		written_default(count, "majority_base", json_string("default"));
	} else
		written_default(count, "majority_base", json_string("none"));
	(void)json_object_set_new(count, "majority", majority);
	return R_GOOD;
}

enum result
written_item(struct item *item, struct arena *arena, json_t *root, const struct digest *election,
    uint64_t id, const char *path, struct why *why)
{
	char zeros[BASE64URL_LEN(32) + 1], text[BASE64URL_LEN(32) + 1];
	struct digest none = { { 0 } };
	struct buffer bytes = { 0 };
	json_t *count = json_object_get(root, "count");
	struct walk w;
	enum result r;

	if (count == NULL) {
		count = json_object();
		(void)json_object_set_new(root, "count", count);
	}
	if (!json_is_object(count))
		return why_set(why, R_BAD_INPUT, "%s: count: must be an object, { ... }", path);
	r = complete_count(root, count, path, why);
	if (r != R_GOOD)
		return r;
	(void)base64url_encode(text, election->b, sizeof election->b);
	(void)base64url_encode(zeros, none.b, sizeof none.b);
	written_default(root, "text", json_string(""));
	(void)json_object_set_new(root, "election", json_string(text));
	(void)json_object_set_new(root, "prev", json_string(zeros));
	(void)json_object_set_new(root, "id", json_integer((json_int_t)id));
	r = canonical(&bytes, root, path, why);
	if (r == R_GOOD) {
		walk_read(&w, arena, buffer_slice(&bytes), CANON_MAX);
		item_walk(&w, item);
		r = walk_finish(&w);
		if (r != R_GOOD)
			(void)why_set(why, r, "%s: %s", path, w.why.text);
	}
	if (r == R_GOOD)
		r = item_check(item, why);
	buffer_free(&bytes);
	return r;
}

/* ---- items out of tally sheets ---- */

/* "2=3:1": option 2 needs more than three votes for each against. */
static enum result
set_majority(json_t *list, const char *text, struct why *why)
{
	unsigned long option, num, den;
	char *end, *rest;

	option = strtoul(text, &end, 10);
	if (end == text || *end != '=')
		goto bad;
	num = strtoul(end + 1, &rest, 10);
	if (rest == end + 1 || *rest != ':')
		goto bad;
	den = strtoul(rest + 1, &end, 10);
	if (end == rest + 1 || *end != '\0' || option < 1 || option > json_array_size(list) ||
	    den == 0)
		goto bad;
	(void)json_array_set_new(list, option - 1,
	    json_pack("{s:I,s:I}", "den", (json_int_t)den, "num", (json_int_t)num));
	return R_GOOD;
bad:
	return why_set(why, R_BAD_INPUT,
	    "a majority is OPTION=NUMBER:NUMBER, such as 2=3:1, with an option of the sheet; not "
	    "\"%s\"",
	    text);
}

enum result
written_sheet(json_t **root, const char *path, const char *title, const char *const majorities[],
    size_t n, struct why *why)
{
	json_t *options = json_array(), *majority = json_array();
	struct sheet *sheet = NULL;
	FILE *in = fopen(path, "r");
	enum result r = R_MISSING_FILE;
	size_t i;

	*root = NULL;
	if (in == NULL)
		(void)why_set(why, r, "%s cannot be read", path);
	else {
		r = sheet_read(&sheet, in, why);
		(void)fclose(in);
	}
	for (i = 0; r == R_GOOD && i < sheet->options; i++) {
		(void)json_array_append_new(options, json_string(sheet->name[i]));
		(void)json_array_append_new(majority, json_pack("{s:i,s:i}", "den", 1, "num", 1));
	}
	for (i = 0; r == R_GOOD && i < n; i++)
		r = set_majority(majority, majorities[i], why);
	if (r == R_GOOD)
		*root = json_pack("{s:s,s:s,s:O,s:i,s:O,s:{s:i,s:s,s:i}}", "title", title, "choice",
		    "ranking", "options", options, "default", (int)sheet->options, "majority",
		    majority, "quorum", "den", 2, "kind", "sqrt", "num", 3);
	if (r == R_GOOD && *root == NULL)
		r = R_NO_MEMORY;
	json_decref(options);
	json_decref(majority);
	sheet_free(sheet);
	return r;
}
