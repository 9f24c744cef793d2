#include "client/journal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/file.h"
#include "crypto/base64.h"

#define JOURNAL_MOST ((size_t)1 << 30)

struct journal {
	char *path;
	json_t *lists, *records; /* by duty */
};

/* Take one line in; lines of another form are ours from a later version: refuse. */
static enum result
take(struct journal *j, const char *line, size_t n, struct why *why)
{
	json_t *root = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	const char *duty = json_string_value(json_object_get(root, "duty"));
	json_t *list = json_object_get(root, "list"), *record = json_object_get(root, "record");
	enum result r = R_GOOD;

	if (duty != NULL && json_is_string(list))
		(void)json_object_set(j->lists, duty, list);
	else if (duty != NULL && json_is_string(record))
		(void)json_object_set(j->records, duty, record);
	else
		r = why_set(why, R_KEY_CORRUPT,
		    "%s is damaged\nPut back a copy of it before going on", j->path);
	json_decref(root);
	return r;
}

static enum result
read_lines(struct journal *j, struct why *why)
{
	struct buffer text = { 0 };
	enum result r = file_read(&text, j->path, JOURNAL_MOST, why);
	size_t at = 0;
	const uint8_t *end;

	while (r == R_GOOD && at < text.n) {
		end = memchr(text.p + at, '\n', text.n - at);
		if (end == NULL)
			break;
		r = take(j, (const char *)text.p + at, (size_t)(end - text.p) - at, why);
		at = (size_t)(end - text.p) + 1;
	}
	/* A torn line was never acted upon. */
	if (r == R_GOOD && at < text.n && truncate(j->path, (off_t)at) != 0)
		r = why_set(why, R_NO_DISK, "%s cannot be mended", j->path);
	buffer_free(&text);
	return r;
}

enum result
journal_open(struct journal **out, const char *path, struct why *why)
{
	struct journal *j = calloc(1, sizeof *j);
	enum result r = R_NO_MEMORY;

	*out = NULL;
	if (j == NULL)
		return r;
	j->path = strdup(path);
	j->lists = json_object();
	j->records = json_object();
	if (j->path != NULL && j->lists != NULL && j->records != NULL)
		r = file_exists(path) ? read_lines(j, why) : R_GOOD;
	if (r != R_GOOD) {
		journal_close(j);
		return r;
	}
	*out = j;
	return R_GOOD;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	json_decref(j->lists);
	json_decref(j->records);
	free(j->path);
	free(j);
}

/* Write a line, then remember it. */
static enum result
add(struct journal *j, json_t *map, const char *duty, const char *field, json_t *value,
    struct why *why)
{
	json_t *root = json_pack("{s:s,s:O}", "duty", duty, field, value);
	char *text = root == NULL ? NULL : json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	struct buffer line = { 0 };
	enum result r = R_NO_MEMORY;

	if (text != NULL) {
		buffer_add_string(&line, text);
		buffer_add_string(&line, "\n");
		r = buffer_result(&line);
	}
	if (r == R_GOOD)
		r = file_append(j->path, buffer_slice(&line), 0600, why);
	if (r == R_GOOD && json_object_set(map, duty, value) != 0)
		r = R_NO_MEMORY;
	buffer_free(&line);
	free(text);
	json_decref(root);
	return r;
}

enum result
journal_commit(struct journal *j, const char *duty, const struct digest *list, struct why *why)
{
	const char *before = json_string_value(json_object_get(j->lists, duty));
	json_t *value;
	char hex[65];
	enum result r;

	(void)hex_encode(hex, list->b, sizeof list->b);
	if (before != NULL && strcmp(before, hex) == 0)
		return R_GOOD;
	if (before != NULL)
		return why_set(why, R_EQUIVOCATION,
		    "for %s this trustee has committed to another list: the board has shown two "
		    "histories\n"
		    "Nothing was signed. Keep this folder and tell the other trustees",
		    duty);
	value = json_string(hex);
	r = value == NULL ? R_NO_MEMORY : add(j, j->lists, duty, "list", value, why);
	json_decref(value);
	return r;
}

enum result
journal_record(struct journal *j, const char *duty, struct slice record, struct why *why)
{
	json_t *value = json_stringn((const char *)record.p, record.n);
	enum result r =
	    value == NULL ? R_NO_MEMORY : add(j, j->records, duty, "record", value, why);

	json_decref(value);
	return r;
}

enum result
journal_find(const struct journal *j, const char *duty, struct slice *record)
{
	const json_t *value = json_object_get(j->records, duty);

	if (value == NULL)
		return R_NOT_FOUND;
	record->p = (const uint8_t *)json_string_value(value);
	record->n = json_string_length(value);
	return R_GOOD;
}
