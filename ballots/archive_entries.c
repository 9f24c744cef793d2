/* The entries of an archive: pages of lines through the rule book. */
#include <stdlib.h>
#include <string.h>

#include "ballots/archive_parts.h"
#include "ballots/entry.h"
#include "crypto/base64.h"

#define PAGE_BYTES ((size_t)64 << 20)

/* Take lines until the page is full. */
static enum result
add_line(void *arg, uint64_t seq, struct slice line)
{
	struct page *page = arg;

	(void)seq;
	if (page->n > 0 && page->bytes.n + line.n > PAGE_BYTES)
		return R_BUSY; /* the rest goes on the next page */
	page->start[page->n++] = page->bytes.n;
	buffer_add(&page->bytes, line.p, line.n);
	page->start[page->n] = page->bytes.n;
	return buffer_result(&page->bytes);
}

static enum result
read_page(struct verifier *v, uint64_t seq)
{
	const struct source *source = folder_source(v->folder);
	const uint64_t left = folder_size(v->folder) - seq;
	struct page *page = &v->page;
	enum result r;
	size_t i;

	page->n = 0;
	buffer_clear(&page->bytes);
	r = source->entries(source->ctx, seq, seq + (left < ARCHIVE_PAGE ? left : ARCHIVE_PAGE),
	    add_line, page);
	if (r == R_BUSY && page->n > 0)
		r = R_GOOD;
	if (r != R_GOOD)
		return why_set(v->why, r, "%s/entries.ndjson: %s", v->path, result_text(r));
	for (i = 0; i < page->n; i++) {
		page->line[i].p = page->bytes.p + page->start[i];
		page->line[i].n = page->start[i + 1] - page->start[i];
	}
	return R_GOOD;
}

/* What type of record a line holds, by the letters at the place where a valid line has them.
 * Of a line that was judged it is certain; before that it is a guess. */
static enum record_type
type_of(struct slice line)
{
	static const size_t at =
	    sizeof "{\"election\":\"\",\"prev\":\"\",\"record\":{\"body\":{\"" - 1 +
	    2 * BASE64URL_LEN(32);
	const uint8_t *name = line.p + at, *end;
	unsigned type;

	if (line.n <= at || (end = memchr(name, '"', line.n - at)) == NULL)
		return RECORD_UNKNOWN;
	for (type = RECORD_UNKNOWN + 1; type < RECORD_TYPES; type++)
		if (slice_equal((struct slice){ name, (size_t)(end - name) },
			slice_of(record_type_name((enum record_type)type))))
			return (enum record_type)type;
	return RECORD_UNKNOWN;
}

/* Is it a record whose verification grows with the number of voters? */
static int
is_long(enum record_type type)
{
	return type == RECORD_ROLL || (type >= RECORD_READY && type <= RECORD_RESULT);
}

/* Does it name blobs? */
static int
has_blobs(enum record_type type)
{
	return type == RECORD_ROLL || type == RECORD_MIX || type == RECORD_DECRYPT ||
	    type == RECORD_FAULT;
}

/* Call `each` for the blobs that a line names. */
static enum result
each_blob(struct slice line, blob_each *each, void *arg)
{
	struct record *record;
	struct entry entry;
	enum result r;

	if ((r = entry_read(&entry, line, NULL)) != R_GOOD ||
	    (r = record_parse(&record, NULL, entry.record, NULL)) != R_GOOD)
		return r;
	r = record_blobs(record, each, arg);
	record_free(record);
	return r;
}

static enum result
mark_blob(void *arg, const struct digest *id)
{
	struct verifier *v = arg;
	struct archive_blob *blob = archive_files_find(&v->files, id);

	if (blob != NULL) {
		v->report->blobs += blob->named == 0;
		blob->named = 1;
	} else if (!v->is_missing) {
		v->is_missing = 1;
		v->missing = *id;
	}
	return R_GOOD;
}

static void
note_root(struct verifier *v)
{
	if (v->tree.size == v->head_size)
		merkle_frontier_root(&v->tree, &v->head_root);
}

/* The time of a valid line: the number that it ends with. */
static uint64_t
time_of(struct slice line)
{
	size_t at = line.n - 1;
	uint64_t time = 0;

	while (at > 0 && line.p[at - 1] != ':')
		at--;
	(void)slice_decimal(&time, (struct slice){ line.p + at, line.n - 1 - at }, UINT64_MAX);
	return time;
}

/* Count lines that are valid, and mark what they name. */
static enum result
take_note(struct verifier *v, const struct slice *lines, size_t n)
{
	struct digest leaf;
	enum result r = R_GOOD;
	size_t i;

	for (i = 0; i < n && r == R_GOOD; i++) {
		const enum record_type type = type_of(lines[i]);

		archive_took(v->report, type);
		merkle_leaf(&leaf, lines[i].p, lines[i].n);
		merkle_frontier_append(&v->tree, &leaf);
		note_root(v);
		if (has_blobs(type))
			r = each_blob(lines[i], mark_blob, v);
	}
	if (n > 0 && v->report->entries == 0)
		v->report->first_time = time_of(lines[0]);
	if (n > 0)
		v->report->last_time = time_of(lines[n - 1]);
	v->report->entries += i;
	return r == R_GOOD ? r : why_set(v->why, r, "%s", result_text(r));
}

/* Say which entry was refused. */
static void
place_failure(const struct verifier *v, uint64_t seq, enum record_type type)
{
	struct why inner;

	if (v->why == NULL)
		return;
	inner = *v->why;
	(void)why_set(v->why, inner.reason, "entry %llu%s%s%s: %.440s", (unsigned long long)seq,
	    type == RECORD_UNKNOWN ? "" : " (",
	    type == RECORD_UNKNOWN ? "" : record_type_name(type), type == RECORD_UNKNOWN ? "" : ")",
	    inner.text);
	memcpy(v->why->check, inner.check, sizeof inner.check);
}

/* Lines that a rule book has verified before: are they the same? */
static enum result
compare(struct verifier *v, const struct slice *lines, size_t n)
{
	struct digest hash, judged;
	enum result r = R_GOOD;
	size_t i;

	for (i = 0; i < n && r == R_GOOD; i++) {
		entry_hash(&hash, lines[i]);
		(void)rules_entry_hash(v->rules, v->tree.size, &judged);
		if (!digest_equal(&hash, &judged))
			return archive_name(v->why, "V006",
			    why_set(v->why, R_CHAIN_BROKEN,
				"entry %llu is another than the one that was verified before",
				(unsigned long long)v->tree.size));
		r = take_note(v, &lines[i], 1);
	}
	return r;
}

static enum result
weigh_blob(void *arg, const struct digest *id)
{
	struct verifier *v = arg;
	const struct archive_blob *blob = archive_files_find(&v->files, id);

	v->weight += blob == NULL ? 0 : blob->bytes * VERIFIED;
	return R_GOOD;
}

/* How many of the lines are judged in one go: many short records, or one long. Sets their
 * weight. */
static size_t
stretch(struct verifier *v, const struct slice *lines, size_t n)
{
	size_t i;

	v->weight = 0;
	for (i = 0; i < n && (i == 0 || !is_long(type_of(lines[i]))); i++) {
		v->weight += lines[i].n * VERIFIED;
		if (is_long(type_of(lines[i]))) {
			(void)each_blob(lines[i], weigh_blob, v);
			return 1;
		}
	}
	return i;
}

static enum result
judge(struct verifier *v, const struct slice *lines, size_t n)
{
	const uint64_t seq = v->tree.size;
	const struct effort *effort = stages_next(&v->stages, v->weight);
	size_t done = 0;
	enum result r, noted;

	r = rules_entries(v->rules, lines, n, folder_source(v->folder), effort, &done, v->why);
	noted = take_note(v, lines, done);
	if (noted != R_GOOD)
		return noted;
	if (r != R_GOOD) {
		place_failure(v, seq + done, type_of(lines[done]));
		return r;
	}
	if (effort != NULL && effort->progress != NULL && effort->progress(effort->ctx, 1, 1) != 0)
		return why_set(v->why, R_CANCELLED, "stopped on request");
	return R_GOOD;
}

static enum result
judge_page(struct verifier *v)
{
	const uint64_t before = rules_size(v->rules);
	size_t i = 0, n;
	enum result r = R_GOOD;

	if (v->tree.size < before) {
		n = before - v->tree.size < v->page.n ? (size_t)(before - v->tree.size) : v->page.n;
		r = compare(v, v->page.line, n);
		i = n;
	}
	for (; i < v->page.n && r == R_GOOD; i += n) {
		n = stretch(v, v->page.line + i, v->page.n - i);
		r = judge(v, v->page.line + i, n);
	}
	return r;
}

/* What is checked of every line has held for all so far. */
static void
count_lines(struct verifier *v)
{
	static const char *const checks[] = { "V004", "V005", "V006", "V007", "V910" };
	size_t i;

	for (i = 0; i < sizeof checks / sizeof *checks; i++)
		archive_passed(v->report, checks[i], v->tree.size);
}

enum result
archive_check_entries(struct verifier *v)
{
	enum result r = R_GOOD;

	note_root(v);
	while (r == R_GOOD && v->tree.size < folder_size(v->folder)) {
		r = read_page(v, v->tree.size);
		if (r == R_GOOD)
			r = judge_page(v);
	}
	v->report->frozen = frozen_ref(rules_now(v->rules));
	merkle_frontier_root(&v->tree, &v->report->root);
	if (v->tree.size > 0)
		count_lines(v);
	if (r != R_GOOD)
		return r;
	if (v->tree.size < rules_size(v->rules))
		return archive_name(v->why, "V914",
		    why_set(v->why, R_ROLLBACK,
			"the archive has %llu entries; %llu were verified before",
			(unsigned long long)v->tree.size,
			(unsigned long long)rules_size(v->rules)));
	archive_took_all(v->report);
	return R_GOOD;
}
