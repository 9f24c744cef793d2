/* The lists of an item: what is mixed and what is decrypted. docs/protocol.md section 7. */
#include <stdlib.h>
#include <string.h>

#include "ballots/rules_parts.h"
#include "crypto/elgamal.h"

void
list_release(struct list *list)
{
	blob_release(&list->blob);
	*list = (struct list){ 0 };
}

/* What the collecting of the rows knows. */
struct rows {
	uint64_t item;
	size_t row_bytes;
	uint8_t *bytes;
};

/* Put the ciphertexts of one ballot into its row. */
static enum result
got_ballot(void *arg, const struct source_want *want, struct slice bytes)
{
	struct rows *rows = arg;
	struct record *record;
	const struct body_ballot *b;
	enum result r;
	size_t i;

	r = record_parse(&record, NULL, bytes, NULL);
	if (r != R_GOOD)
		return r;
	b = &record->of.ballot;
	r = R_CHAIN_BROKEN; /* the entry's hash was right: cannot be */
	for (i = 0; record->type == RECORD_BALLOT && i < b->answer_count; i++)
		if (b->answers[i].id == rows->item && b->answers[i].cts.n == rows->row_bytes) {
			memcpy(rows->bytes + want->tag * rows->row_bytes, b->answers[i].cts.p,
			    rows->row_bytes);
			r = R_GOOD;
		}
	record_free(record);
	return r;
}

static int
by_seq(const void *a, const void *b)
{
	uint64_t x = ((const struct source_want *)a)->seq, y = ((const struct source_want *)b)->seq;

	return (x > y) - (x < y);
}

/* Which entries hold the counted ballots, in the order of the entries. */
static struct source_want *
wanted(const struct frozen *f, const struct item_data *item)
{
	struct source_want *wants = malloc((size_t)item->counted * sizeof *wants);
	const struct mark *mark;
	uint64_t line, row = 0;

	if (wants == NULL)
		return NULL;
	for (line = 0; line < item->votes->n; line++)
		if (item->votes->last[line] != 0) {
			mark = store_mark(f->store, item->votes->last[line] - 1);
			wants[row].seq = mark->seq;
			wants[row].hash = *store_hash(f->store, mark->seq);
			wants[row].tag = row;
			row++;
		}
	qsort(wants, (size_t)row, sizeof *wants, by_seq);
	return wants;
}

static enum result
find_closed(const struct item_data **out, const struct frozen *f, uint64_t id, struct why *why)
{
	*out = frozen_item_data(f, id);
	if (*out == NULL)
		return why_set(why, R_UNKNOWN_ITEM, "there is no item %llu",
		    (unsigned long long)id);
	if ((*out)->state < ITEM_CLOSED)
		return why_set(why, R_STATE, "item %llu is not closed yet", (unsigned long long)id);
	return R_GOOD;
}

enum result
frozen_list(const struct frozen *f, uint64_t id, const struct source *source, struct list *out,
    struct why *why)
{
	struct source_want *wants = NULL;
	const struct item_data *item;
	struct rows rows = { .item = id };
	enum result r;

	*out = (struct list){ 0 };
	r = find_closed(&item, f, id, why);
	if (r != R_GOOD)
		return r;
	out->rows = item->counted;
	out->width = item->width;
	if (item->counted > 0) {
		out->bytes.n = elgamal_list_bytes(frozen_definition(f)->group,
		    (size_t)item->counted, item->width);
		rows.row_bytes = out->bytes.n / (size_t)item->counted;
		out->bytes.p = rows.bytes = out->bytes.n == 0 ? NULL : malloc(out->bytes.n);
		out->blob =
		    (struct blob){ .bytes = out->bytes, .release = free, .owner = rows.bytes };
		wants = wanted(f, item);
		if (rows.bytes == NULL || wants == NULL)
			r = R_NO_MEMORY;
		else
			r = source_fetch(source, wants, item->counted, got_ballot, &rows);
		free(wants);
	}
	if (r != R_GOOD) {
		list_release(out);
		return why_set(why, r, "the ballots on item %llu: %s", (unsigned long long)id,
		    result_text(r));
	}
	sha256(&out->digest, out->bytes.p, out->bytes.n);
	return R_GOOD;
}

enum result
frozen_current_list(const struct frozen *f, uint64_t id, const struct source *source,
    struct list *out, struct why *why)
{
	const struct item_data *item;
	enum result r;

	*out = (struct list){ 0 };
	r = find_closed(&item, f, id, why);
	if (r != R_GOOD)
		return r;
	if (item->mixes == 0)
		return frozen_list(f, id, source, out, why);
	r = source_blob(source, &item->list, &out->blob);
	if (r != R_GOOD)
		return why_set(why, r, "the list of mix %zu: %s", item->mixes, result_text(r));
	out->bytes = out->blob.bytes;
	out->rows = item->counted;
	out->width = item->width;
	out->digest = item->list;
	return R_GOOD;
}
