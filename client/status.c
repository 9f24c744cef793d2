#include "client/status.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/desk.h"
#include "crypto/base64.h"

#define DUTIES_MAX 512

static const char *
keygen_text(enum keygen_step step)
{
	switch (step) {
	case KEYGEN_COMMIT: return "commit";
	case KEYGEN_DEAL: return "deal";
	case KEYGEN_CONFIRM: return "confirm";
	case KEYGEN_DONE: return "done";
	case KEYGEN_FAILED: return "failed";
	}
	return "";
}

static void
print_duties(const struct frozen *f, uint32_t trustee)
{
	const struct definition *d = frozen_definition(f);
	struct duty duties[DUTIES_MAX];
	size_t n = frozen_duties(f, trustee, duties, DUTIES_MAX), i;

	(void)printf("  trustee %" PRIu32 " (", trustee);
	terminal_print_text(d->trustees[trustee - 1].name, strlen(d->trustees[trustee - 1].name),
	    0);
	(void)printf("): %s", n == 0 ? "nothing" : "");
	for (i = 0; i < n && i < DUTIES_MAX; i++) {
		(void)printf("%s%s", i > 0 ? ", " : "", duty_name(duties[i].kind));
		if (duties[i].kind == DUTY_READY || duties[i].kind == DUTY_MIX ||
		    duties[i].kind == DUTY_DECRYPT)
			(void)printf(" item %" PRIu64, duties[i].item);
		if (!duties[i].needed)
			(void)printf(" (enough others could)");
	}
	(void)puts("");
}

void
status_print(const struct frozen *f, uint64_t entries)
{
	const struct definition *d = frozen_definition(f);
	struct keygen_status keygen;
	struct item_status item;
	char hex[65];
	uint64_t id;
	uint32_t i;

	if (d == NULL) {
		(void)puts("The board holds no definition yet.");
		return;
	}
	(void)hex_encode(hex, frozen_election(f)->b, 32);
	terminal_print_text(d->title, strlen(d->title), 0);
	(void)printf("\nelection %s, %" PRIu64 " entries, phase %s\n", hex, entries,
	    phase_name(frozen_phase(f)));
	if (frozen_roll(f) == NULL)
		(void)puts("roll: none yet (tabella organiser roll)");
	else
		(void)printf("roll: %" PRIu64 " lines, approved by %" PRIu64 " of %" PRIu64
			     " registrars\n",
		    roll_count(frozen_roll(f)), frozen_approvals(f), d->registrar_quorum);
	if (frozen_keygen(f, &keygen) == R_GOOD)
		(void)printf("key: %s, attempt %" PRIu64 ", %zu trustees, any %" PRIu64
			     " of them decrypt\n",
		    keygen_text(keygen.step), keygen.attempt.attempt, keygen.attempt.count,
		    d->threshold);
	for (id = 1; id <= frozen_items(f) && frozen_item(f, id, &item) == R_GOOD; id++) {
		(void)printf("item %" PRIu64 ": ", id);
		terminal_print_text(item.item->title, strlen(item.item->title), 0);
		(void)printf(": %s", item_state_name(item.state));
		if (item.state >= ITEM_CLOSED)
			(void)printf(", %" PRIu64 " ballots, ready %d of %zu, mixes %zu of %" PRIu64
				     ", decryptions %d of %" PRIu64,
			    item.counted, __builtin_popcountll(item.ready), item.ready_needed,
			    item.mixes, d->mixers, __builtin_popcountll(item.decrypted),
			    d->threshold);
		(void)puts("");
	}
	(void)puts("expected of");
	for (i = 1; i <= d->trustee_count; i++)
		print_duties(f, i);
}

static json_t *
duties_json(const struct frozen *f, uint32_t trustee)
{
	struct duty duties[DUTIES_MAX];
	size_t n = frozen_duties(f, trustee, duties, DUTIES_MAX), i;
	json_t *list = json_array();

	for (i = 0; i < n && i < DUTIES_MAX; i++)
		(void)json_array_append_new(list,
		    json_pack("{s:s,s:I,s:b}", "duty", duty_name(duties[i].kind), "item",
			(json_int_t)duties[i].item, "needed", duties[i].needed));
	return list;
}

void
status_print_json(const struct frozen *f, uint64_t entries)
{
	const struct definition *d = frozen_definition(f);
	json_t *root = json_object(), *items = json_array(), *trustees = json_array();
	struct keygen_status keygen;
	struct item_status item;
	char hex[65], *text;
	uint64_t id;
	uint32_t i;

	(void)json_object_set_new(root, "entries", json_integer((json_int_t)entries));
	(void)json_object_set_new(root, "phase", json_string(phase_name(frozen_phase(f))));
	if (d != NULL) {
		(void)hex_encode(hex, frozen_election(f)->b, 32);
		(void)json_object_set_new(root, "election", json_string(hex));
		(void)json_object_set_new(root, "title", json_string(d->title));
		(void)json_object_set_new(root, "approvals",
		    json_integer((json_int_t)frozen_approvals(f)));
		(void)json_object_set_new(root, "approvals_needed",
		    json_integer((json_int_t)d->registrar_quorum));
		(void)json_object_set_new(root, "roll",
		    json_integer(
			frozen_roll(f) != NULL ? (json_int_t)roll_count(frozen_roll(f)) : 0));
	}
	if (frozen_keygen(f, &keygen) == R_GOOD) {
		(void)json_object_set_new(root, "key", json_string(keygen_text(keygen.step)));
		(void)json_object_set_new(root, "attempt",
		    json_integer((json_int_t)keygen.attempt.attempt));
	}
	for (id = 1; id <= frozen_items(f) && frozen_item(f, id, &item) == R_GOOD; id++)
		(void)json_array_append_new(items,
		    json_pack("{s:I,s:s,s:s,s:I,s:I,s:I,s:I}", "id", (json_int_t)id, "title",
			item.item->title, "state", item_state_name(item.state), "ballots",
			(json_int_t)item.counted, "ready",
			(json_int_t)__builtin_popcountll(item.ready), "mixes",
			(json_int_t)item.mixes, "decryptions",
			(json_int_t)__builtin_popcountll(item.decrypted)));
	for (i = 1; d != NULL && i <= d->trustee_count; i++)
		(void)json_array_append_new(trustees,
		    json_pack("{s:i,s:o}", "trustee", (int)i, "duties", duties_json(f, i)));
	(void)json_object_set_new(root, "items", items);
	(void)json_object_set_new(root, "trustees", trustees);
	text = json_dumps(root, JSON_SORT_KEYS | JSON_INDENT(2));
	(void)puts(text != NULL ? text : "{}");
	free(text);
	json_decref(root);
}

int
status_command(const struct command *self, int argc, char **argv)
{
	struct workspace_options o = { .reader = 1 };
	int as_json = 0;
	struct option_spec options[] = { WORKSPACE_SPECS(o), { "json", NULL, NULL, &as_json },
		{ NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n > 0)
		return command_usage(self, "there is a word too many: %s", argv[0]);
	r = desk_open(&d, &o, NULL, DESK_VERIFY, &why);
	if (r == R_GOOD && as_json)
		status_print_json(mirror_now(&d.w.mirror), rules_size(d.w.mirror.rules));
	else if (r == R_GOOD)
		status_print(mirror_now(&d.w.mirror), rules_size(d.w.mirror.rules));
	return desk_close(&d, r, &why);
}
