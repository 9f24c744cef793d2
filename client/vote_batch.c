#include "client/vote_batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>
#include <sodium.h>

#include "ballots/sheet.h"
#include "client/desk.h"
#include "client/vote_secret.h"
#include "client/voter.h"
#include "crypto/mem.h"
#include "crypto/par.h"
#include "crypto/rng.h"

/* How long to wait for the witnesses of the board. */
#define WITNESS_WAIT_MS 30000

#define FILE_MOST ((size_t)1 << 28)

/* One row: the codes and choices as text; later the finished record. */
struct row {
	char *codes;    /* parts separated by line ends */
	char **choices; /* one an open item */
	size_t fields;
	struct buffer record;
	struct digest tracker;
};

struct batch {
	struct workspace *w;
	const struct frozen *frozen;
	const struct definition *d;
	struct item_status items[ITEM_MAX]; /* the open ones */
	size_t item_count;
	struct row *rows;
	size_t n, room;
	struct row row;  /* being read */
	int header_seen; /* of a file of codes */
	size_t wanted;   /* ballots of the sheet */
	enum result r;
	struct why *why;
};

/* ---- reading ---- */

static void
take_field(void *bytes, size_t len, void *ctx)
{
	struct batch *b = ctx;
	char *text = strndup(bytes != NULL ? bytes : "", len), *joined;
	size_t at = b->row.fields++;

	if (b->r != R_GOOD || text == NULL) {
		free(text);
		b->r = b->r == R_GOOD ? R_NO_MEMORY : b->r;
		return;
	}
	if (at < b->d->code_parts) {
		if (asprintf(&joined, "%s%s\n", b->row.codes != NULL ? b->row.codes : "", text) < 0)
			b->r = R_NO_MEMORY;
		else {
			if (b->row.codes != NULL)
				sodium_memzero(b->row.codes, strlen(b->row.codes));
			free(b->row.codes);
			b->row.codes = joined;
		}
		sodium_memzero(text, len);
		free(text);
	} else if (at - b->d->code_parts < b->item_count) {
		if (b->row.choices == NULL)
			b->row.choices = calloc(b->item_count, sizeof *b->row.choices);
		if (b->row.choices == NULL) {
			free(text);
			b->r = R_NO_MEMORY;
		} else
			b->row.choices[at - b->d->code_parts] = text;
	} else
		free(text);
}

static void
end_row(int c, void *ctx)
{
	struct batch *b = ctx;
	struct row *more;

	(void)c;
	if (b->r != R_GOOD)
		return;
	if (b->row.fields != b->d->code_parts + b->item_count) {
		b->r = why_set(b->why, R_BAD_INPUT,
		    "row %zu has %zu columns; %" PRIu64
		    " for the code and %zu for the open items are needed",
		    b->n + 1, b->row.fields, b->d->code_parts, b->item_count);
		return;
	}
	if (b->n == b->room) {
		b->room = b->room * 2 + 256;
		more = reallocarray(b->rows, b->room, sizeof *more);
		if (more == NULL) {
			b->r = R_NO_MEMORY;
			return;
		}
		b->rows = more;
	}
	b->rows[b->n++] = b->row;
	memset(&b->row, 0, sizeof b->row);
}

typedef void take_csv_field(void *bytes, size_t len, void *ctx);
typedef void end_csv_row(int c, void *ctx);

static enum result
read_csv(struct batch *b, const char *path, take_csv_field *take_field, end_csv_row *end_row)
{
	struct secret text = { 0 };
	struct csv_parser parser;
	enum result r = file_read_secret_sized(&text, path, FILE_MOST, b->why);

	if (r != R_GOOD)
		return r;
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		r = R_NO_MEMORY;
	else {
		if (csv_parse(&parser, text.p, text.n, take_field, end_row, b) != text.n ||
		    csv_fini(&parser, take_field, end_row, b) != 0)
			r = why_set(b->why, R_BAD_INPUT,
			    "%s row %zu: a quotation mark is in the wrong place", path, b->n + 1);
		csv_free(&parser);
	}
	secret_free(&text);
	return r != R_GOOD ? r : b->r;
}

static enum result
read_rows(struct batch *b, const char *path)
{
	return read_csv(b, path, take_field, end_row);
}

/* ---- the codes of a registrar and the ballots of a tally sheet ---- */

/* A row of the registrar's file: name, part, code. */
static void
take_code_field(void *bytes, size_t len, void *ctx)
{
	struct batch *b = ctx;

	if (b->r == R_GOOD && ++b->row.fields == 3) {
		free(b->row.codes);
		b->row.codes = strndup(bytes != NULL ? bytes : "", len);
		if (b->row.codes == NULL)
			b->r = R_NO_MEMORY;
	}
}

static void
end_code_row(int c, void *ctx)
{
	struct batch *b = ctx;

	if (b->r == R_GOOD && b->row.fields != 3)
		b->r = why_set(b->why, R_BAD_INPUT,
		    "the file of codes has rows of name, part and code");
	/* The first row is the header; of the others as many as there are ballots. */
	if (b->r != R_GOOD || !b->header_seen || b->n == b->wanted) {
		b->header_seen = 1;
		free(b->row.codes);
		memset(&b->row, 0, sizeof b->row);
		return;
	}
	b->row.fields = (size_t)b->d->code_parts + b->item_count;
	end_row(c, ctx);
}

static enum result
set_choices(struct batch *b, const struct sheet *sheet)
{
	char text[CHOICE_TEXT_BYTES];
	struct choice choice;
	size_t i;

	for (i = 0; i < b->n; i++) {
		sheet_choice(&choice, sheet, i);
		choice_print(text, &choice);
		b->rows[i].choices = calloc(1, sizeof *b->rows[i].choices);
		if (b->rows[i].choices == NULL || (b->rows[i].choices[0] = strdup(text)) == NULL)
			return R_NO_MEMORY;
	}
	return R_GOOD;
}

static enum result
read_sheet(struct batch *b, const char *sheet_path, const char *codes_path)
{
	struct sheet *sheet = NULL;
	FILE *in;
	enum result r;

	if (b->d->code_parts != 1 || b->item_count != 1 ||
	    b->items[0].item->choice != CHOICE_RANKING)
		return why_set(b->why, R_BAD_INPUT,
		    "--sheet is for elections with one-part codes in which one ranking is open");
	in = fopen(sheet_path, "r");
	if (in == NULL)
		return why_set(b->why, R_MISSING_FILE, "%s cannot be read", sheet_path);
	r = sheet_read(&sheet, in, b->why);
	(void)fclose(in);
	if (r != R_GOOD)
		return r;
	b->wanted = sheet->ballots;
	if (sheet->options != b->items[0].item->option_count)
		r = why_set(b->why, R_BAD_INPUT, "%s has %u options, the item %zu", sheet_path,
		    sheet->options, b->items[0].item->option_count);
	if (r == R_GOOD)
		r = read_csv(b, codes_path, take_code_field, end_code_row);
	if (r == R_GOOD && b->n < b->wanted)
		r = why_set(b->why, R_BAD_INPUT, "%s has %zu ballots, but there are only %zu codes",
		    sheet_path, b->wanted, b->n);
	if (r == R_GOOD)
		r = set_choices(b, sheet);
	sheet_free(sheet);
	return r;
}

/* ---- making the records, on all processors ---- */

static enum result
make_record(const struct batch *b, struct row *row, struct svec *x, struct why *why)
{
	struct choice choices[ITEM_MAX];
	struct ballot_answer answers[ITEM_MAX];
	struct ballot_draft *draft = NULL;
	struct ballot_place place;
	struct digest prev;
	struct gvec *base = NULL, *X = NULL;
	uint8_t key[512];
	struct rng rng;
	size_t i, n = 0;
	enum result r = R_GOOD;

	for (i = 0; r == R_GOOD && i < b->item_count; i++) {
		const struct item *item = b->items[i].item;

		if (row->choices[i][0] == '\0')
			continue;
		r = choice_parse(&choices[n], (enum choice_type)item->choice,
		    (unsigned)item->option_count, row->choices[i], why);
		answers[n].item = item;
		answers[n].hash = b->items[i].hash;
		answers[n].choice = &choices[n];
		n++;
	}
	if (r == R_GOOD)
		r = vote_secret_codes(x, slice_of(row->codes), b->d->code_parts, &b->w->election,
		    why);
	if (r == R_GOOD)
		r = gvec_new(&base, b->d->group, 1);
	if (r == R_GOOD)
		r = gvec_new(&X, b->d->group, 1);
	if (r == R_GOOD) {
		gvec_set_generator(base);
		r = gvec_pow_fixed(X, base, x, NULL);
	}
	place.X = (struct slice){ key, group_element_bytes(b->d->group) };
	if (r == R_GOOD)
		r = gvec_encode(key, place.X.n, X, NULL);
	if (r == R_GOOD)
		r = roll_find(frozen_roll(b->frozen), place.X, &place.line);
	if (r == R_GOOD)
		r = rules_line_prev(b->w->mirror.rules, place.line, &prev);
	if (r == R_GOOD)
		r = rng_system(&rng);
	if (r == R_GOOD) {
		place.group = b->d->group;
		place.election = &b->w->election;
		place.open = frozen_open(b->frozen);
		place.y = frozen_key_bytes(b->frozen);
		place.prev = &prev;
		r = ballot_draft_new(&draft, &place, answers, n, &rng, why);
		if (r == R_GOOD) {
			row->tracker = *ballot_draft_tracker(draft);
			r = ballot_draft_cast(&row->record, draft, x, &rng, why);
		}
		rng_wipe(&rng);
	}
	ballot_draft_free(draft);
	gvec_free(base);
	gvec_free(X);
	return r;
}

static enum result
make_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct batch *b = ctx;
	struct why why = { 0 };
	struct svec *x = NULL;
	enum result r = R_GOOD;
	size_t i;

	for (i = from; r == R_GOOD && i < to; i++) {
		*bad = i;
		r = svec_new(&x, b->d->group, 1);
		if (r == R_GOOD)
			r = make_record(b, &b->rows[i], x, &why);
		svec_free(x);
		x = NULL;
		if (r != R_GOOD)
			(void)fprintf(stderr, "row %zu: %s\n", i + 1,
			    why.text[0] != '\0' ? why.text : result_text(r));
	}
	return r;
}

/* ---- sending ---- */

static enum result
send_rows(struct batch *b, size_t *sent)
{
	struct buffer receipt = { 0 };
	struct progress progress;
	enum result r = R_GOOD;
	size_t i;

	progress_start(&progress, "Casting ballots");
	for (i = 0; r == R_GOOD && i < b->n; i++) {
		if (progress_step(&progress, i, b->n) != 0) {
			r = why_set(b->why, R_CANCELLED, "stopped on request after %zu ballots", i);
			break;
		}
		r = board_post(b->w->board, &receipt, &b->w->election,
		    buffer_slice(&b->rows[i].record), b->why);
		if (r == R_GOOD)
			r = mirror_check_receipt(&b->w->mirror, buffer_slice(&receipt),
			    buffer_slice(&b->rows[i].record), b->why);
		if (r == R_GOOD)
			(*sent)++;
	}
	progress_end(&progress);
	buffer_free(&receipt);
	return r;
}

static void
free_rows(struct batch *b)
{
	size_t i, k;

	for (i = 0; i < b->n; i++) {
		if (b->rows[i].codes != NULL)
			sodium_memzero(b->rows[i].codes, strlen(b->rows[i].codes));
		free(b->rows[i].codes);
		for (k = 0; b->rows[i].choices != NULL && k < b->item_count; k++)
			free(b->rows[i].choices[k]);
		free(b->rows[i].choices);
		buffer_free(&b->rows[i].record);
	}
	free(b->rows);
}

static enum result
run(struct workspace *w, const char *path, const char *sheet, struct why *why)
{
	struct batch b = { .w = w, .why = why, .r = R_GOOD };
	struct progress progress;
	struct effort effort = { .progress = progress_step, .ctx = &progress };
	size_t sent = 0;
	uint64_t id;
	enum result r = R_GOOD;

	b.frozen = mirror_now(&w->mirror);
	b.d = frozen_definition(b.frozen);
	for (id = 1; id <= frozen_items(b.frozen); id++)
		if (frozen_item(b.frozen, id, &b.items[b.item_count]) == R_GOOD &&
		    b.items[b.item_count].state == ITEM_OPEN)
			b.item_count++;
	if (b.item_count == 0)
		r = why_set(why, R_CLOSED, "no item is open for voting now");
	if (r == R_GOOD)
		r = sheet != NULL ? read_sheet(&b, sheet, path) : read_rows(&b, path);
	progress_start(&progress, "Encrypting ballots");
	if (r == R_GOOD)
		r = par_ranges(&effort, b.n, 1, make_range, &b, NULL);
	progress_end(&progress);
	if (r == R_GOOD)
		r = send_rows(&b, &sent);
	if (r == R_GOOD && sent > 0) {
		/* All at once: our copy holds them, and the witnesses have seen as much. */
		r = mirror_sync(&w->mirror, 0, &effort, why);
		if (r == R_GOOD)
			r = mirror_await_witnesses(&w->mirror, rules_size(w->mirror.rules),
			    WITNESS_WAIT_MS, NULL, NULL, why);
	}
	if (r == R_GOOD)
		(void)printf("%zu ballots cast, every receipt checked\n", sent);
	free_rows(&b);
	return r;
}

int
vote_batch_command(const struct command *self, int argc, char **argv)
{
	const char *sheet = NULL;
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { "sheet", &sheet, NULL, NULL },
		{ NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n != 1)
		return command_usage(self, "one file of codes and choices is needed");
	r = desk_open(&d, &o, NULL, DESK_TRUST, &why);
	if (r == R_GOOD)
		r = run(&d.w, argv[0], sheet, &why);
	return desk_close(&d, r, &why);
}
