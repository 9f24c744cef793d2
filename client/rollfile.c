#include "client/rollfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/file.h"
#include "client/written.h"
#include "crypto/base64.h"

static json_t *
json_bin(struct slice bytes)
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

json_t *
rollfile_new(const struct digest *election)
{
	char hex[65];

	(void)hex_encode(hex, election->b, sizeof election->b);
	return json_pack("{s:s,s:[]}", "election", hex, "lines");
}

enum result
rollfile_add(json_t *root, const struct roll_line *line, unsigned first_part)
{
	static const char *const kinds[] = { "own", "nominee", "treasury" };
	json_t *object = json_object(), *holdings = json_array(), *parts = json_array();
	struct slice commit = { line->commit.b, sizeof line->commit.b };
	size_t i;

	for (i = 0; i < line->holding_count; i++)
		(void)json_array_append_new(holdings, json_integer((json_int_t)line->holdings[i]));
	for (i = 0; i < line->part_count; i++)
		(void)json_array_append_new(parts,
		    json_pack("{s:o,s:I,s:o}", "key", json_bin(line->parts[i].key), "part",
			(json_int_t)(first_part + i), "proof", json_bin(line->parts[i].proof)));
	if (line->has_name)
		(void)json_object_set_new(object, "name", json_string(line->name));
	if (line->has_commit)
		(void)json_object_set_new(object, "commit", json_bin(commit));
	(void)json_object_set_new(object, "holdings", holdings);
	(void)json_object_set_new(object, "kind", json_string(kinds[line->kind]));
	(void)json_object_set_new(object, "parts", parts);
	return json_array_append_new(json_object_get(root, "lines"), object) == 0 ? R_GOOD
										  : R_NO_MEMORY;
}

enum result
rollfile_write(const json_t *root, const char *path, struct why *why)
{
	char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	enum result r =
	    text == NULL ? R_NO_MEMORY : file_write_new(path, slice_of(text), 0644, why);

	free(text);
	return r;
}

/* ---- reading ---- */

/* One part of one person in one file. */
struct piece {
	struct roll_line line; /* without parts */
	struct roll_part part;
	unsigned number;
	size_t order;      /* in which it was read */
	size_t occurrence; /* the how-many-th of this person with this part number */
};

struct pieces {
	struct piece *at;
	size_t n, room;
};

static struct slice
bin_of(struct arena *arena, const json_t *value, size_t most)
{
	struct slice out = { NULL, 0 }, text;
	uint8_t *bytes;
	size_t n;

	if (!json_is_string(value))
		return out;
	text = slice_of(json_string_value(value));
	if (base64url_size(&n, text.n) != R_GOOD || n == 0 || n > most)
		return out;
	bytes = arena_alloc(arena, n);
	if (bytes != NULL && base64url_decode(bytes, n, text) == R_GOOD) {
		out.p = bytes;
		out.n = n;
	}
	return out;
}

/* Read all but the parts. */
static int
read_person(struct roll_line *line, struct arena *arena, const json_t *object)
{
	const json_t *holdings = json_object_get(object, "holdings");
	const char *name = json_string_value(json_object_get(object, "name"));
	const char *kind = json_string_value(json_object_get(object, "kind"));
	struct slice commit = bin_of(arena, json_object_get(object, "commit"), 32);
	size_t i;

	if (!json_is_array(holdings) || kind == NULL)
		return 0;
	line->holding_count = json_array_size(holdings);
	line->holdings = arena_alloc(arena, line->holding_count * sizeof *line->holdings);
	if (line->holdings == NULL)
		return 0;
	for (i = 0; i < line->holding_count; i++) {
		const json_t *x = json_array_get(holdings, i);

		if (!json_is_integer(x) || json_integer_value(x) < 0)
			return 0;
		line->holdings[i] = (uint64_t)json_integer_value(x);
	}
	line->kind = strcmp(kind, "own") == 0 ? ROLL_OWN
	    : strcmp(kind, "nominee") == 0    ? ROLL_NOMINEE
					      : ROLL_TREASURY;
	if (name != NULL) {
		char *copy = arena_alloc(arena, strlen(name) + 1);

		if (copy == NULL)
			return 0;
		memcpy(copy, name, strlen(name) + 1);
		line->has_name = true;
		line->name = copy;
	}
	if (commit.n == 32) {
		line->has_commit = true;
		memcpy(line->commit.b, commit.p, 32);
	}
	return line->has_name != line->has_commit;
}

static int
add_piece(struct pieces *p, const struct piece *piece)
{
	struct piece *more;

	if (p->n == p->room) {
		more = reallocarray(p->at, p->room + p->room / 2 + 1024, sizeof *more);
		if (more == NULL)
			return 0;
		p->at = more;
		p->room += p->room / 2 + 1024;
	}
	p->at[p->n] = *piece;
	p->at[p->n].order = p->n;
	p->n++;
	return 1;
}

static enum result
read_line(struct pieces *p, struct arena *arena, const json_t *object, const char *path, size_t i,
    struct why *why)
{
	const json_t *parts = json_object_get(object, "parts"), *part;
	struct piece piece;
	json_int_t number;
	size_t k;

	memset(&piece, 0, sizeof piece);
	if (!read_person(&piece.line, arena, object) || !json_is_array(parts))
		return why_set(why, R_BAD_INPUT,
		    "%s: lines[%zu] is not as tabella registrar writes it", path, i);
	for (k = 0; k < json_array_size(parts); k++) {
		part = json_array_get(parts, k);
		number = json_integer_value(json_object_get(part, "part"));
		piece.part.key = bin_of(arena, json_object_get(part, "key"), 512);
		piece.part.proof = bin_of(arena, json_object_get(part, "proof"), 1024);
		if (number < 1 || number > DEFINITION_CODE_PARTS_MAX || piece.part.key.n == 0 ||
		    piece.part.proof.n == 0)
			return why_set(why, R_BAD_INPUT,
			    "%s: lines[%zu].parts[%zu] is not as tabella registrar writes it", path,
			    i, k);
		piece.number = (unsigned)number;
		if (!add_piece(p, &piece))
			return R_NO_MEMORY;
	}
	return R_GOOD;
}

static enum result
read_file(struct pieces *p, struct arena *arena, const char *path, const struct digest *election,
    struct why *why)
{
	const json_t *lines;
	struct digest id;
	const char *hex;
	json_t *root;
	size_t i;
	enum result r = written_load(&root, path, why);

	if (r != R_GOOD)
		return r;
	lines = json_object_get(root, "lines");
	hex = json_string_value(json_object_get(root, "election"));
	if (hex == NULL || !json_is_array(lines) ||
	    hex_decode(id.b, sizeof id.b, slice_of(hex)) != R_GOOD)
		r = why_set(why, R_BAD_INPUT, "%s is not a file of a registrar", path);
	else if (!digest_equal(&id, election))
		r = why_set(why, R_WRONG_ELECTION, "%s is for another election", path);
	for (i = 0; r == R_GOOD && i < json_array_size(lines); i++)
		r = read_line(p, arena, json_array_get(lines, i), path, i, why);
	json_decref(root);
	return r;
}

/* ---- merging ---- */

static int
compare_person(const struct roll_line *a, const struct roll_line *b)
{
	if (a->has_name != b->has_name)
		return a->has_name ? -1 : 1;
	if (a->has_name)
		return strcmp(a->name, b->name);
	return memcmp(a->commit.b, b->commit.b, sizeof a->commit.b);
}

static int
by_person_part(const void *x, const void *y)
{
	const struct piece *a = x, *b = y;
	int c = compare_person(&a->line, &b->line);

	if (c == 0 && a->number != b->number)
		c = a->number < b->number ? -1 : 1;
	if (c == 0)
		c = a->order < b->order ? -1 : a->order > b->order;
	return c;
}

static int
by_person_occurrence(const void *x, const void *y)
{
	const struct piece *a = x, *b = y;
	int c = compare_person(&a->line, &b->line);

	if (c == 0 && a->occurrence != b->occurrence)
		c = a->occurrence < b->occurrence ? -1 : 1;
	if (c == 0 && a->number != b->number)
		c = a->number < b->number ? -1 : 1;
	return c;
}

static void
number_occurrences(struct pieces *p)
{
	size_t i;

	if (p->n == 0)
		return;
	qsort(p->at, p->n, sizeof *p->at, by_person_part);
	for (i = 1; i < p->n; i++)
		if (compare_person(&p->at[i].line, &p->at[i - 1].line) == 0 &&
		    p->at[i].number == p->at[i - 1].number)
			p->at[i].occurrence = p->at[i - 1].occurrence + 1;
	qsort(p->at, p->n, sizeof *p->at, by_person_occurrence);
}

static int
same_holdings(const struct roll_line *a, const struct roll_line *b)
{
	return a->kind == b->kind && a->holding_count == b->holding_count &&
	    (a->holding_count == 0 ||
		memcmp(a->holdings, b->holdings, a->holding_count * sizeof *a->holdings) == 0);
}

static const char *
person(const struct roll_line *line)
{
	return line->has_name ? line->name : "a person with a hidden name";
}

/* Key of a line: the product of its parts. */
static enum result
set_key(struct roll_line *line, struct arena *arena, const struct group *g, struct why *why)
{
	struct gvec *part = NULL, *product = NULL;
	size_t size = group_element_bytes(g), i;
	uint8_t *bytes = arena_alloc(arena, size);
	enum result r = bytes == NULL ? R_NO_MEMORY : gvec_new(&part, g, 1);

	if (r == R_GOOD)
		r = gvec_new(&product, g, 1);
	for (i = 0; r == R_GOOD && i < line->part_count; i++) {
		if (line->parts[i].key.n != size)
			r = R_NON_CANONICAL;
		else
			r = gvec_decode(part, line->parts[i].key.p, size, DECODE_NO_IDENTITY, NULL,
			    NULL);
		if (r == R_GOOD)
			gvec_mul(product, product, part);
		else
			(void)why_set(why, r, "the key of %s, part %zu: %s", person(line), i + 1,
			    result_text(r));
	}
	if (r == R_GOOD)
		r = gvec_encode(bytes, size, product, NULL);
	line->key.p = bytes;
	line->key.n = size;
	gvec_free(part);
	gvec_free(product);
	return r;
}

/* Make one line out of the pieces from `i` on that belong to one person. */
static enum result
join(struct roll_line *line, struct arena *arena, const struct pieces *p, size_t i,
    const struct definition *d, struct why *why)
{
	size_t k;

	*line = p->at[i].line;
	line->part_count = (size_t)d->code_parts;
	line->parts = arena_alloc(arena, line->part_count * sizeof *line->parts);
	if (line->parts == NULL)
		return R_NO_MEMORY;
	for (k = 0; k < line->part_count; k++) {
		const struct piece *piece = i + k < p->n ? &p->at[i + k] : NULL;

		if (piece == NULL || compare_person(&piece->line, line) != 0 ||
		    piece->number != k + 1 || piece->occurrence != p->at[i].occurrence)
			return why_set(why, R_BAD_ROLL,
			    "part %zu of the credential of %s is missing\nGive the files of all "
			    "registrars, for the same people",
			    k + 1, person(line));
		if (!same_holdings(&piece->line, line))
			return why_set(why, R_BAD_ROLL,
			    "the registrars' files differ in the holdings of %s", person(line));
		line->parts[k] = piece->part;
	}
	return set_key(line, arena, d->group, why);
}

static enum result
read_files(struct pieces *p, struct arena *arena, char *const files[], size_t n,
    const struct digest *election, struct why *why)
{
	enum result r = R_GOOD;
	size_t i;

	for (i = 0; r == R_GOOD && i < n; i++)
		r = read_file(p, arena, files[i], election, why);
	if (r == R_GOOD && p->n == 0)
		r = why_set(why, R_BAD_ROLL, "the files hold nobody");
	return r;
}

enum result
rollfile_merge(struct roll_line **lines, size_t *count, struct arena *arena, char *const files[],
    size_t n, const struct digest *election, const struct definition *d, struct why *why)
{
	struct pieces p = { 0 };
	size_t i, parts = (size_t)d->code_parts;
	enum result r = read_files(&p, arena, files, n, election, why);

	*count = 0;
	if (r == R_GOOD) {
		number_occurrences(&p);
		if (p.n % parts != 0)
			r = why_set(why, R_BAD_ROLL,
			    "the files hold %zu parts of credentials, which do not make whole "
			    "lines of %zu",
			    p.n, parts);
	}
	if (r == R_GOOD) {
		*lines = arena_alloc(arena, p.n / parts * sizeof **lines);
		r = *lines == NULL ? R_NO_MEMORY : R_GOOD;
	}
	for (i = 0; r == R_GOOD && i < p.n; i += parts)
		r = join(&(*lines)[(*count)++], arena, &p, i, d, why);
	free(p.at);
	return r;
}

enum result
rollfile_part(struct roll_line **lines, size_t *count, struct arena *arena, char *const files[],
    size_t n, const struct digest *election, unsigned part, struct why *why)
{
	struct pieces p = { 0 };
	size_t i;
	enum result r = read_files(&p, arena, files, n, election, why);

	*count = 0;
	if (r == R_GOOD) {
		*lines = arena_alloc(arena, p.n * sizeof **lines);
		r = *lines == NULL ? R_NO_MEMORY : R_GOOD;
	}
	for (i = 0; r == R_GOOD && i < p.n; i++) {
		struct roll_line *line = &(*lines)[*count];

		if (p.at[i].number != part)
			continue;
		*line = p.at[i].line;
		line->parts = arena_alloc(arena, sizeof *line->parts);
		if (line->parts == NULL) {
			r = R_NO_MEMORY;
			break;
		}
		line->parts[0] = p.at[i].part;
		line->part_count = 1;
		(*count)++;
	}
	free(p.at);
	return r;
}
