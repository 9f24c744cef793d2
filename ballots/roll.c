#include "ballots/roll.h"

#include <stdlib.h>
#include <string.h>

#include "ballots/arena.h"
#include "ballots/roll_parts.h"
#include "ballots/walk.h"

#define PART_BYTES_MAX 4096 /* more than the proof of the largest group */
#define LINE_BYTES_MAX 65536

static const char *const kinds[] = { "own", "nominee", "treasury" };

/* ---- one line ---- */

void
roll_line_walk(struct walk *w, struct roll_line *line)
{
	size_t i;

	walk_object(w);
	if (walk_option(w, "commit", &line->has_commit))
		walk_digest(w, &line->commit);
	walk_key(w, "holdings");
	walk_array(w, &line->holdings, &line->holding_count, sizeof *line->holdings, 0,
	    DEFINITION_CLASSES_MAX);
	while (walk_next(w, &i))
		walk_u53_or(w, &line->holdings[i], 0, DEFINITION_WEIGHT_LIMIT - 1, R_BAD_WEIGHT);
	walk_key(w, "key");
	walk_bin_var(w, &line->key, 0, PART_BYTES_MAX);
	walk_key(w, "kind");
	walk_enum(w, kinds, sizeof kinds / sizeof *kinds, &line->kind);
	if (walk_option(w, "name", &line->has_name))
		walk_string(w, &line->name, 1, 200);
	walk_key(w, "parts");
	walk_array(w, &line->parts, &line->part_count, sizeof *line->parts, 0,
	    DEFINITION_CODE_PARTS_MAX);
	while (walk_next(w, &i)) {
		walk_object(w);
		walk_key(w, "key");
		walk_bin_var(w, &line->parts[i].key, 0, PART_BYTES_MAX);
		walk_key(w, "proof");
		walk_bin_var(w, &line->parts[i].proof, 0, PART_BYTES_MAX);
		walk_end(w);
	}
	walk_end(w);
}

/* What the definition says about holdings, kind and name of a line. */
static enum result
line_check(const struct roll_line *line, const struct definition *d, struct why *why)
{
	int any = 0;
	size_t i;

	if (line->has_commit == line->has_name)
		return why_set(why, R_BAD_ENCODING,
		    "a line must have a name or a commitment to it, and not both");
	if (d->class_count == 0 && line->kind != ROLL_OWN)
		return why_set(why, R_BAD_ENCODING,
		    "kind must be \"own\" where there are no share classes");
	if (line->holding_count != d->class_count)
		return why_set(why, R_BAD_WEIGHT, "%zu holdings for %zu share classes",
		    line->holding_count, d->class_count);
	for (i = 0; i < line->holding_count; i++)
		any |= line->holdings[i] > 0;
	if (d->class_count > 0 && !any)
		return why_set(why, R_BAD_WEIGHT, "holdings are all 0: the line holds nothing");
	return R_GOOD;
}

enum result
roll_line_read(struct roll_line *line, struct arena *arena, struct slice bytes,
    const struct definition *d, struct why *why)
{
	struct walk w;

	*line = (struct roll_line){ 0 };
	walk_read(&w, arena, bytes, LINE_BYTES_MAX);
	roll_line_walk(&w, line);
	if (walk_finish(&w) != R_GOOD)
		return why_set(why, w.error, "%s", w.why.text);
	return line_check(line, d, why);
}

void
roll_identity(struct buffer *out, const struct roll_line *line)
{
	if (line->has_name) {
		buffer_add_string(out, "name:");
		buffer_add_string(out, line->name);
	} else {
		buffer_add_string(out, "commit:");
		buffer_add(out, line->commit.b, sizeof line->commit.b);
	}
}

void
roll_part_transcript(struct transcript *p, const struct group *group, const struct digest *election,
    uint64_t part, struct slice identity)
{
	transcript_start(p, "tabella/1 credential", group_name(group), election);
	transcript_u64(p, part);
	transcript_bytes(p, identity.p, identity.n);
}

/* Compare the encodings of two keys. */
static int
key_compare(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

enum result
roll_key_follows(struct slice before, struct slice key, struct why *why)
{
	int c = key_compare(before, key);

	if (c == 0)
		return why_set(why, R_DUPLICATE_KEY, "its key is that of the line before");
	if (c > 0)
		return why_set(why, R_BAD_ROLL, "its key is below that of the line before");
	return R_GOOD;
}

struct slice
roll_blob_line(struct slice blob, uint64_t line)
{
	const uint8_t *p = blob.p, *end = blob.p + blob.n, *stop;

	for (; p < end; p = stop + 1) {
		stop = memchr(p, '\n', (size_t)(end - p));
		if (stop == NULL)
			break;
		if (line-- == 0)
			return (struct slice){ p, (size_t)(stop - p) };
	}
	return (struct slice){ NULL, 0 };
}

/* ---- sums over lines, for writer and reader ---- */

enum result
roll_sums_add(struct roll_sums *s, const struct roll_line *line, struct slice bytes,
    struct why *why)
{
	struct digest leaf;
	size_t i;

	for (i = 0; i < s->n; i++) {
		s->total[i] += line->holdings[i]; /* both below 2^44 */
		if (s->total[i] >= DEFINITION_WEIGHT_LIMIT)
			return why_set(why, R_BAD_ROLL,
			    "the holdings of class %zu add up to 2^44 or more", i + 1);
	}
	merkle_leaf(&leaf, bytes.p, bytes.n);
	merkle_frontier_append(&s->tree, &leaf);
	return R_GOOD;
}

/* ---- writing ---- */

static int
line_order(const void *a, const void *b)
{
	return key_compare(((const struct roll_line *)a)->key, ((const struct roll_line *)b)->key);
}

/* Add one line to the blob and the sums. */
static enum result
build_line(struct buffer *blob, struct roll_sums *sums, struct roll_line *line,
    const struct definition *d, struct why *why)
{
	struct slice bytes;
	struct walk w;
	size_t begin = blob->n;
	enum result r = line_check(line, d, why);

	if (r != R_GOOD)
		return r;
	if (line->part_count != d->code_parts)
		return why_set(why, R_BAD_ROLL, "%zu parts where the definition has %llu",
		    line->part_count, (unsigned long long)d->code_parts);
	walk_write(&w, blob, LINE_BYTES_MAX);
	roll_line_walk(&w, line);
	if (walk_finish(&w) != R_GOOD)
		return why_set(why, w.error, "%s", w.why.text);
	bytes.p = blob->p + begin;
	bytes.n = blob->n - begin;
	r = roll_sums_add(sums, line, bytes, why);
	buffer_add_string(blob, "\n");
	return r;
}

/* Put the number of the line before the text. */
static enum result
at_line(struct why *why, enum result r, uint64_t line)
{
	char text[sizeof why->text - 40];

	if (why == NULL || r == R_GOOD)
		return r;
	(void)strncpy(text, why->text, sizeof text - 1);
	text[sizeof text - 1] = '\0';
	return why_set(why, r, "line %llu of the roll: %s", (unsigned long long)line, text);
}

enum result
roll_build(struct buffer *blob, struct body_roll *body, struct arena *arena,
    struct roll_line *lines, size_t n, const struct definition *d, struct why *why)
{
	struct roll_sums sums = { .n = d->class_count };
	enum result r;
	size_t i;

	if (n == 0 || n > BODY_ROLL_LINES_MAX)
		return why_set(why, R_BAD_ROLL, "a roll has 1 to 2^24 lines, not %zu", n);
	body->sum_count = sums.n;
	body->sums = arena_alloc(arena, sizeof sums.total);
	if (body->sums == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory for a roll");
	qsort(lines, n, sizeof *lines, line_order);
	for (i = 0; i < n; i++) {
		r = i > 0 ? roll_key_follows(lines[i - 1].key, lines[i].key, why) : R_GOOD;
		if (r == R_GOOD)
			r = build_line(blob, &sums, &lines[i], d, why);
		if (r != R_GOOD)
			return at_line(why, r, i);
	}
	if (buffer_result(blob) != R_GOOD)
		return why_set(why, R_NO_MEMORY, "out of memory for a roll");
	sha256(&body->blob, blob->p, blob->n);
	body->bytes = blob->n;
	body->count = n;
	merkle_frontier_root(&sums.tree, &body->root);
	memcpy(body->sums, sums.total, sizeof sums.total);
	return R_GOOD;
}
