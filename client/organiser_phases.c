/* tabella organiser open, open-item, close, result. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/desk.h"
#include "client/organiser_parts.h"

static enum result
post_open(struct desk *d, struct why *why)
{
	const struct frozen *f = mirror_now(&d->w.mirror);
	union record_body body = { 0 };
	struct keygen_status keygen;
	enum result r = frozen_keygen(f, &keygen);

	if (r == R_GOOD && keygen.step != KEYGEN_DONE)
		r = why_set(why, R_STATE,
		    "the trustees have not finished the key yet\nSee: tabella trustee status");
	if (r == R_GOOD && frozen_roll(f) == NULL)
		r = why_set(why, R_STATE,
		    "there is no roll yet\nPost it with: tabella organiser roll");
	if (r != R_GOOD)
		return r;
	body.open.attempt = keygen.attempt.attempt;
	body.open.key = frozen_key_bytes(f);
	body.open.roll = *frozen_roll_record(f);
	return mirror_post(&d->w.mirror, RECORD_OPEN, &body, &d->key, why);
}

static enum result
post_open_item(struct desk *d, uint64_t id, struct why *why)
{
	union record_body body = { 0 };
	struct item_status item;
	enum result r = frozen_item(mirror_now(&d->w.mirror), id, &item);

	if (r != R_GOOD)
		return why_set(why, r, "there is no item %" PRIu64, id);
	body.open_item.hash = *item.hash;
	body.open_item.item = id;
	r = mirror_post(&d->w.mirror, RECORD_OPEN_ITEM, &body, &d->key, why);
	if (r == R_GOOD)
		(void)printf("item %" PRIu64 " is open\n", id);
	return r;
}

/* The last entry we have seen: "upto". */
static void
set_upto(const struct desk *d, struct body_upto *upto)
{
	upto->seq = rules_size(d->w.mirror.rules) - 1;
	upto->hash = *rules_head(d->w.mirror.rules);
}

/* Post a record that names an entry it has seen; others may come in between. */
static enum result
post_close(struct desk *d, uint64_t id, struct why *why)
{
	union record_body body;
	struct item_status item;
	enum result r = frozen_item(mirror_now(&d->w.mirror), id, &item);

	if (r != R_GOOD)
		return why_set(why, r, "there is no item %" PRIu64, id);
	if (item.state == ITEM_OPEN) {
		memset(&body, 0, sizeof body);
		body.closing.item = id;
		r = mirror_post(&d->w.mirror, RECORD_CLOSING, &body, &d->key, why);
	}
	if (r != R_GOOD)
		return r;
	memset(&body, 0, sizeof body);
	body.close.item = id;
	set_upto(d, &body.close.upto);
	r = mirror_post(&d->w.mirror, RECORD_CLOSE, &body, &d->key, why);
	if (r == R_GOOD && frozen_item(mirror_now(&d->w.mirror), id, &item) == R_GOOD)
		(void)printf("item %" PRIu64 " is closed with %" PRIu64 " ballots\n", id,
		    item.counted);
	return r;
}

static enum result
post_result(struct desk *d, uint64_t id, struct why *why)
{
	union record_body body = { 0 };
	struct buffer object = { 0 };
	enum result r = frozen_result(mirror_now(&d->w.mirror), id, mirror_source(&d->w.mirror),
	    &object, &d->effort, why);

	if (r == R_GOOD) {
		body.result.item = id;
		body_result_hash(&body.result.result, buffer_slice(&object));
		set_upto(d, &body.result.upto);
		r = mirror_post(&d->w.mirror, RECORD_RESULT, &body, &d->key, why);
	}
	if (r == R_GOOD)
		(void)printf("the result of item %" PRIu64 " is on the board\n", id);
	buffer_free(&object);
	return r;
}

int
organiser_open(const struct command *self, int argc, char **argv)
{
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n > 0)
		return command_usage(self, "there is a word too many: %s", argv[0]);
	r = desk_open(&d, &o, KIND, DESK_VERIFY, &why);
	if (r == R_GOOD)
		r = post_open(&d, &why);
	if (r == R_GOOD)
		(void)puts(
		    "the election is open; open its items with: tabella organiser open-item");
	return desk_close(&d, r, &why);
}

/* Run `post` on the items that the operands name; "all" means those in `state`, or in
 * `other`. */
static int
for_items(const struct command *self, int argc, char **argv, enum item_state state,
    enum item_state other, enum result post(struct desk *, uint64_t, struct why *))
{
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct item_status item;
	struct desk d;
	uint64_t id;
	enum result r;
	int n = command_options(self, options, argc, argv), i, done = 0;

	if (n < 0)
		return 2;
	if (n == 0)
		return command_usage(self, "item numbers, or \"all\", are needed");
	r = desk_open(&d, &o, KIND, DESK_VERIFY, &why);
	if (r == R_GOOD && n == 1 && strcmp(argv[0], "all") == 0) {
		for (id = 1; r == R_GOOD && id <= frozen_items(mirror_now(&d.w.mirror)); id++) {
			r = frozen_item(mirror_now(&d.w.mirror), id, &item);
			if (r == R_GOOD && (item.state == state || item.state == other)) {
				r = post(&d, id, &why);
				done++;
			}
		}
		if (r == R_GOOD && done == 0)
			r = why_set(&why, R_STATE,
			    "there is no item for which this could be done now");
	} else
		for (i = 0; r == R_GOOD && i < n; i++) {
			r = command_number(&id, argv[i], 1, ITEM_MAX, "an item", &why);
			if (r == R_GOOD)
				r = post(&d, id, &why);
		}
	return desk_close(&d, r, &why);
}

int
organiser_open_item(const struct command *self, int argc, char **argv)
{
	return for_items(self, argc, argv, ITEM_NEW, ITEM_NEW, post_open_item);
}

int
organiser_close(const struct command *self, int argc, char **argv)
{
	return for_items(self, argc, argv, ITEM_OPEN, ITEM_CLOSING, post_close);
}

int
organiser_result(const struct command *self, int argc, char **argv)
{
	return for_items(self, argc, argv, ITEM_CLOSED, ITEM_CLOSED, post_result);
}
