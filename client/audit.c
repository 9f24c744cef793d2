#include "client/audit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/record.h"
#include "ballots/walk.h"
#include "client/file.h"
#include "client/written.h"
#include "crypto/base64.h"

static json_t *
json_b64(struct slice bytes)
{
	char *text = malloc(BASE64URL_LEN(bytes.n) + 1);
	json_t *value = NULL;

	if (text != NULL) {
		(void)base64url_encode(text, bytes.p, bytes.n);
		value = json_string(text);
	}
	free(text);
	return value;
}

static json_t *
json_hex(const struct digest *d)
{
	char hex[65];

	(void)hex_encode(hex, d->b, sizeof d->b);
	return json_string(hex);
}

/* The canonical bytes of an item's body. */
static json_t *
json_item(const struct item *item, struct why *why)
{
	union record_body body = { .item = *item };
	struct buffer bytes = { 0 };
	json_t *value = NULL;

	if (record_write_body(&bytes, RECORD_ITEM, &body, why) == R_GOOD)
		value = json_stringn((const char *)bytes.p, bytes.n);
	buffer_free(&bytes);
	return value;
}

enum result
audit_write(const char *path, const struct ballot_place *place, const struct ballot_answer *answers,
    size_t n, struct slice body, struct slice r, struct why *why)
{
	json_t *root = json_object(), *items = json_array(), *choices = json_array();
	char text[CHOICE_TEXT_BYTES], *out;
	enum result result;
	size_t i;

	for (i = 0; i < n; i++) {
		choice_print(text, answers[i].choice);
		(void)json_array_append_new(choices, json_string(text));
		(void)json_array_append_new(items, json_item(answers[i].item, why));
	}
	(void)json_object_set_new(root, "X", json_b64(place->X));
	(void)json_object_set_new(root, "body", json_stringn((const char *)body.p, body.n));
	(void)json_object_set_new(root, "choices", choices);
	(void)json_object_set_new(root, "election", json_hex(place->election));
	(void)json_object_set_new(root, "group", json_string(group_name(place->group)));
	(void)json_object_set_new(root, "items", items);
	(void)json_object_set_new(root, "line", json_integer((json_int_t)place->line));
	(void)json_object_set_new(root, "open", json_hex(place->open));
	(void)json_object_set_new(root, "prev", json_hex(place->prev));
	(void)json_object_set_new(root, "r", json_b64(r));
	(void)json_object_set_new(root, "version", json_integer(1));
	(void)json_object_set_new(root, "y", json_b64(place->y));
	out = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	result = out == NULL ? R_NO_MEMORY : file_write_new(path, slice_of(out), 0600, why);
	free(out);
	json_decref(root);
	return result;
}

/* ---- reading ---- */

static int
take_b64(struct slice *out, struct arena *arena, const json_t *root, const char *name)
{
	const char *text = json_string_value(json_object_get(root, name));
	uint8_t *bytes;
	size_t n;

	if (text == NULL || base64url_size(&n, strlen(text)) != R_GOOD)
		return 0;
	bytes = arena_alloc(arena, n + 1);
	if (bytes == NULL || base64url_decode(bytes, n, slice_of(text)) != R_GOOD)
		return 0;
	out->p = bytes;
	out->n = n;
	return 1;
}

static int
take_hex(struct digest *out, const json_t *root, const char *name)
{
	const char *text = json_string_value(json_object_get(root, name));

	return text != NULL && hex_decode(out->b, sizeof out->b, slice_of(text)) == R_GOOD;
}

static int
take_text(struct slice *out, struct arena *arena, const json_t *value)
{
	size_t n = json_string_length(value);
	uint8_t *copy = arena_alloc(arena, n + 1);

	if (!json_is_string(value) || copy == NULL)
		return 0;
	memcpy(copy, json_string_value(value), n);
	out->p = copy;
	out->n = n;
	return 1;
}

/* Read {"item":{…}} and take its hash. */
static enum result
take_item(struct audit *a, size_t i, struct arena *arena, const json_t *value,
    const json_t *claimed, struct why *why)
{
	struct item *item = arena_alloc(arena, sizeof *item);
	struct slice text;
	struct walk w;
	enum result r;

	if (item == NULL)
		return R_NO_MEMORY;
	if (!take_text(&text, arena, value) || json_string_value(claimed) == NULL)
		return why_set(why, R_BAD_INPUT, "items[%zu] or its choice is missing", i);
	item_hash(&a->hashes[i], text);
	walk_read(&w, arena, text, text.n);
	walk_object(&w);
	walk_key(&w, "item");
	item_walk(&w, item);
	walk_end(&w);
	r = walk_finish(&w);
	if (r != R_GOOD)
		return why_set(why, r, "items[%zu]: %s", i, w.why.text);
	r = item_check(item, why);
	if (r == R_GOOD)
		r = choice_parse(&a->claimed[i], (enum choice_type)item->choice,
		    (unsigned)item->option_count, json_string_value(claimed), why);
	a->answers[i].item = item;
	a->answers[i].hash = &a->hashes[i];
	a->answers[i].choice = &a->claimed[i];
	return r;
}

static enum result
take_all(struct audit *a, struct arena *arena, const json_t *root, struct why *why)
{
	const char *group = json_string_value(json_object_get(root, "group"));
	const json_t *items = json_object_get(root, "items"),
		     *choices = json_object_get(root, "choices");
	json_int_t line = json_integer_value(json_object_get(root, "line"));
	enum result r = R_GOOD;

	if (json_integer_value(json_object_get(root, "version")) != 1 || line < 0 ||
	    group == NULL || !take_b64(&a->place.X, arena, root, "X") ||
	    !take_b64(&a->place.y, arena, root, "y") || !take_b64(&a->r, arena, root, "r") ||
	    !take_hex(&a->election, root, "election") || !take_hex(&a->open, root, "open") ||
	    !take_hex(&a->prev, root, "prev") ||
	    !take_text(&a->body, arena, json_object_get(root, "body")))
		return why_set(why, R_BAD_INPUT, "this is not a whole audit file of tabella vote");
	a->place.group = group_by_name(group);
	if (a->place.group == NULL)
		return why_set(why, R_UNKNOWN_GROUP, "the audit names a group that does not exist");
	a->place.election = &a->election;
	a->place.open = &a->open;
	a->place.prev = &a->prev;
	a->place.line = (uint64_t)line;
	record_tracker(&a->tracker, a->body);
	if (json_array_size(items) == 0 || json_array_size(items) > ITEM_MAX ||
	    json_array_size(items) != json_array_size(choices))
		return why_set(why, R_BAD_INPUT, "the audit must hold an item for each choice");
	for (a->n = 0; r == R_GOOD && a->n < json_array_size(items); a->n++)
		r = take_item(a, a->n, arena, json_array_get(items, a->n),
		    json_array_get(choices, a->n), why);
	return r;
}

enum result
audit_read(struct audit *out, struct arena *arena, const char *path, struct why *why)
{
	json_t *root;
	enum result r = written_load(&root, path, why);

	memset(out, 0, sizeof *out);
	if (r == R_GOOD)
		r = take_all(out, arena, root, why);
	json_decref(root);
	return r;
}
