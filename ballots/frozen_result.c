/* The result of an item: combine the decryption factors, read the choices, count them.
 * docs/protocol.md sections 8 and 12. */
#include <stdlib.h>
#include <string.h>

#include "ballots/outcome.h"
#include "ballots/rules_parts.h"
#include "ballots/walk.h"
#include "crypto/dleq.h"

/* ---- plaintexts ---- */

/* Set blocks and valid to what the item's last list holds, by the first t sets of factors. */
static enum result
decrypt(uint8_t *blocks, uint8_t *valid, const struct frozen *f, const struct item_data *item,
    uint64_t id, const struct source *source, const struct effort *effort, struct why *why)
{
	const size_t t = (size_t)frozen_definition(f)->threshold;
	struct blob blob[DEFINITION_TRUSTEES_MAX] = { { .owner = NULL } };
	struct dleq_share share[DEFINITION_TRUSTEES_MAX];
	struct list list = { 0 };
	enum result r;
	size_t i;

	r = frozen_current_list(f, id, source, &list, why);
	if (r != R_GOOD)
		return r;
	for (i = 0; i < t && r == R_GOOD; i++) {
		r = source_blob(source, &item->decryption[i].factors, &blob[i]);
		share[i].trustee = item->decryption[i].trustee;
		share[i].factors = blob[i].bytes;
	}
	if (r == R_GOOD)
		r = dleq_open(blocks, valid, frozen_definition(f)->group, list.bytes,
		    (size_t)item->counted, item->width, share, t, effort);
	for (i = 0; i < t; i++)
		blob_release(&blob[i]);
	list_release(&list);
	if (r != R_GOOD)
		return why_set(why, r, "the decryption of item %llu: %s", (unsigned long long)id,
		    result_text(r));
	return R_GOOD;
}

/* The choices of an item, those that are valid in front. */
struct choices {
	size_t size;   /* bytes of a choice */
	size_t stride; /* from one to the next */
	uint8_t *bytes;
	size_t n;
	uint64_t invalid;
};

/* Decrypt, and sort out what is no choice. */
static enum result
read_choices(struct choices *c, const struct frozen *f, const struct item_data *item,
    const struct source *source, const struct effort *effort, struct why *why)
{
	const struct item *text = &item->record->record->of.item;
	const size_t rows = (size_t)item->counted, width = item->width;
	uint8_t *valid = calloc(rows, width);
	enum result r = R_NO_MEMORY;
	size_t i;

	c->stride = width * GROUP_BLOCK_BYTES;
	c->bytes = calloc(rows, c->stride);
	if (c->bytes != NULL && valid != NULL)
		r = decrypt(c->bytes, valid, f, item, text->id, source, effort, why);
	for (i = 0; i < rows && r == R_GOOD; i++) {
		if (memchr(valid + i * width, 0, width) != NULL ||
		    choice_check((enum choice_type)text->choice, (unsigned)text->option_count,
			c->bytes + i * c->stride, c->stride) != R_GOOD) {
			c->invalid++;
			continue;
		}
		memmove(c->bytes + c->n * c->stride, c->bytes + i * c->stride, c->stride);
		c->n++;
	}
	free(valid);
	return r;
}

/* ---- tally ---- */

static int
by_bytes(const void *a, const void *b, void *stride)
{
	return memcmp(a, b, *(size_t *)stride);
}

/* Sort the choices and put the distinct ones into the tally; count each. */
static enum result
tally(struct outcome *o, struct arena *arena, struct choices *c, struct count *count,
    const struct item *item)
{
	struct choice choice;
	size_t i, same;
	enum result r = R_GOOD;

	if (c->n > 0)
		qsort_r(c->bytes, c->n, c->stride, by_bytes, &c->stride);
	o->tally = arena_alloc(arena, (c->n + 1) * sizeof *o->tally);
	if (o->tally == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < c->n && r == R_GOOD; i += same) {
		const uint8_t *at = c->bytes + i * c->stride;

		for (same = 1; i + same < c->n; same++)
			if (memcmp(at, at + same * c->stride, c->stride) != 0)
				break;
		o->tally[o->tally_n].bytes.p = at;
		o->tally[o->tally_n].bytes.n = c->size;
		o->tally[o->tally_n++].count = same;
		r = choice_read(&choice, (enum choice_type)item->choice,
		    (unsigned)item->option_count, at, c->stride);
		if (r == R_GOOD)
			r = count_add(count, &choice, same);
	}
	return r == R_GOOD ? count_add_invalid(count, c->invalid) : r;
}

/* The counted ballots by line. */
static enum result
counted(struct outcome *o, struct arena *arena, const struct frozen *f,
    const struct item_data *item)
{
	const struct mark *mark;
	uint64_t line;

	o->counted = arena_alloc(arena, (size_t)item->counted * sizeof *o->counted);
	if (o->counted == NULL)
		return R_NO_MEMORY;
	for (line = 0; line < item->votes->n; line++)
		if (item->votes->last[line] != 0) {
			mark = store_mark(f->store, item->votes->last[line] - 1);
			o->counted[o->counted_n].line = line;
			o->counted[o->counted_n++].tracker = mark->tracker;
		}
	return R_GOOD;
}

/* ---- the object ---- */

/* Decrypt, read and tally; or nothing at all for an item that is not opened. */
static enum result
open_item(struct outcome *o, struct arena *arena, struct choices *c, struct count *count,
    const struct frozen *f, const struct item_data *item, const struct source *source,
    const struct effort *effort, struct why *why)
{
	const struct item *text = &item->record->record->of.item;
	enum result r;

	if (!item_is_opened(f, item))
		return R_GOOD;
	c->size = item_choice_bytes(text);
	r = read_choices(c, f, item, source, effort, why);
	return r == R_GOOD ? tally(o, arena, c, count, text) : r;
}

static enum result
find_finished(const struct item_data **out, const struct frozen *f, uint64_t id, struct why *why)
{
	const struct item_data *item = frozen_item_data(f, id);

	*out = item;
	if (item == NULL)
		return why_set(why, R_UNKNOWN_ITEM, "there is no item %llu",
		    (unsigned long long)id);
	if (item->state < ITEM_CLOSED)
		return why_set(why, R_STATE, "item %llu is not closed yet", (unsigned long long)id);
	if (item_is_opened(f, item) && item->decryptions < frozen_definition(f)->threshold)
		return why_set(why, R_BELOW_THRESHOLD, "item %llu: %zu trustees have decrypted",
		    (unsigned long long)id, item->decryptions);
	return R_GOOD;
}

enum result
frozen_result(const struct frozen *f, uint64_t id, const struct source *source, struct buffer *out,
    const struct effort *effort, struct why *why)
{
	struct count_outcome *result = NULL;
	struct choices choices = { 0 };
	const struct item_data *item;
	struct count_rules rules;
	struct outcome o = { 0 };
	struct arena arena = { 0 };
	struct count *count = NULL;
	struct why inner = { 0 };
	enum result r;

	r = find_finished(&item, f, id, why);
	if (r != R_GOOD)
		return r;
	o.opened = item->counted == 0 || item_is_opened(f, item);
	item_rules(&rules, &item->record->record->of.item);
	if ((r = count_new(&count, &rules, &inner)) != R_GOOD ||
	    (r = open_item(&o, &arena, &choices, count, f, item, source, effort, &inner)) !=
		R_GOOD ||
	    (r = count_finish(&result, count, roll_count(f->roll), &inner)) != R_GOOD ||
	    (r = counted(&o, &arena, f, item)) != R_GOOD ||
	    (r = outcome_fill(&o, &arena, &item->record->record->of.item, result)) != R_GOOD)
		goto out;
	r = outcome_write(out, &o);
out:
	if (r != R_GOOD)
		(void)why_set(why, r, "the result of item %llu: %.300s", (unsigned long long)id,
		    inner.reason == r ? inner.text : result_text(r));
	count_outcome_free(result);
	count_free(count);
	free(choices.bytes);
	arena_free(&arena);
	return r;
}

enum result
frozen_results(const struct frozen *f, const struct source *source, struct buffer *out,
    const struct effort *effort, struct why *why)
{
	struct buffer object = { 0 };
	struct digest election = f->election;
	struct slice raw;
	struct walk w;
	size_t i, done = 0, at;
	uint64_t ids[ITEM_MAX], version = 1;
	enum result r = R_GOOD;

	for (i = 0; i < f->item_count; i++)
		if (f->item[i]->state == ITEM_DONE)
			ids[done++] = i + 1;
	walk_write(&w, out, OUTCOME_BYTES_MAX);
	walk_object(&w);
	walk_key(&w, "election");
	walk_digest(&w, &election);
	walk_key(&w, "items");
	walk_array(&w, NULL, &done, 0, 0, ITEM_MAX);
	while (r == R_GOOD && walk_next(&w, &at)) {
		buffer_clear(&object);
		r = frozen_result(f, ids[at], source, &object, effort, why);
		if (r != R_GOOD)
			walk_fail(&w, r, "%s", result_text(r));
		raw = buffer_slice(&object);
		walk_value(&w, &raw, OUTCOME_BYTES_MAX);
	}
	walk_key(&w, "version");
	walk_u53(&w, &version, 1, 1);
	walk_end(&w);
	buffer_free(&object);
	if (walk_finish(&w) != R_GOOD && r == R_GOOD)
		return why_set(why, w.error, "result.json: %s", w.why.text);
	return w.error;
}
