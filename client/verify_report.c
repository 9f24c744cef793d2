#include "client/verify_report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <unistr.h>

#include "client/terminal.h"
#include "crypto/base64.h"

static const char *
state_text(enum archive_state state)
{
	switch (state) {
	case ARCHIVE_GOOD: return "OK";
	case ARCHIVE_FAILED: return "FAILED";
	case ARCHIVE_NOT_ASKED: return "not asked";
	case ARCHIVE_NOT_REACHED: return "not reached";
	}
	return "";
}

static const struct definition *
definition_of(const struct archive_report *report)
{
	return report->frozen == NULL ? NULL : frozen_definition(report->frozen);
}

/* ---- for people ---- */

static void
print_text(const char *text)
{
	terminal_print_text(text, strlen(text), 0);
}

static void
print_time(uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[32];

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		(void)snprintf(text, sizeof text, "%" PRIu64 " ms", ms);
	(void)fputs(text, stdout);
}

static void
print_election(const struct verify_answer *a)
{
	const struct archive_report *report = a->report;
	const struct definition *d = definition_of(report);
	char hex[HEX_LEN(32) + 1], root[BASE64_LEN(32) + 1];

	if (d == NULL)
		return;
	(void)hex_encode(hex, frozen_election(report->frozen)->b, 32);
	(void)base64_encode(root, report->root.b, 32);
	(void)printf("Election   ");
	print_text(d->title);
	(void)printf("\n  id       %s%s\n  board    ", hex,
	    a->trusted_id ? " (as expected)" : " (NOT compared with anything)");
	print_text(d->board.name);
	(void)printf("\n  entries  %" PRIu64 ", from ", report->entries);
	print_time(report->first_time);
	(void)printf(" to ");
	print_time(report->last_time);
	(void)printf(" by the board's clock\n  root     %s\n", root);
}

/* The checks of one type of record on one line; returns how many they are. */
static size_t
print_group(const struct archive_report *report, size_t from)
{
	const struct archive_check *c = &report->check[from];
	enum archive_state state = c->state;
	char families[64] = "", ids[16];
	size_t i;

	for (i = from; i < report->checks && report->check[i].type == c->type; i++) {
		if (report->check[i].state == ARCHIVE_FAILED)
			state = ARCHIVE_FAILED;
		(void)snprintf(families + strlen(families), sizeof families - strlen(families),
		    "%s%s", i > from ? ", " : "", report->check[i].what);
	}
	(void)snprintf(ids, sizeof ids, "%s-%s", c->id, report->check[i - 1].id + 3);
	(void)printf("  %-7s %-16s %-51s %9" PRIu64 "  %s\n", ids, record_type_name(c->type),
	    families, c->count, state_text(state));
	return i - from;
}

static void
print_checks(const struct archive_report *report)
{
	size_t i = 0;

	(void)printf("\nChecks (docs/protocol.md, section 14)\n");
	while (i < report->checks)
		if (report->check[i].type != RECORD_UNKNOWN)
			i += print_group(report, i);
		else {
			(void)printf("  %-7s %-68s %9" PRIu64 "  %s\n", report->check[i].id,
			    report->check[i].what, report->check[i].count,
			    state_text(report->check[i].state));
			i++;
		}
}

static void
print_item(const struct verify_answer *a, uint64_t id)
{
	struct item_status s;

	(void)frozen_item(a->report->frozen, id, &s);
	(void)printf("\nItem %" PRIu64 ": ", id);
	print_text(s.item->title);
	(void)putchar('\n');
	if (a->report->outcome[id - 1] != NULL)
		count_print(stdout, a->report->outcome[id - 1], s.item->options);
	else if (s.state == ITEM_DONE && s.counted > 0)
		(void)printf("  %" PRIu64 " ballots were counted, fewer than %" PRIu64
			     ": they were not opened\n",
		    s.counted, definition_of(a->report)->min_ballots);
	else if (s.state == ITEM_DONE)
		(void)printf("  the result was not reached\n");
	else
		(void)printf("  no result yet: it is %s\n", item_state_name(s.state));
}

static void
print_results(const struct verify_answer *a)
{
	uint64_t id;

	if (a->report->frozen == NULL)
		return;
	for (id = 1; id <= frozen_items(a->report->frozen); id++)
		print_item(a, id);
}

static void
print_promises(const struct archive_report *report)
{
	size_t i;

	if (report->promises == 0)
		return;
	(void)printf("\nWho would have to act together to break each promise\n");
	for (i = 0; i < report->promises; i++)
		(void)printf("  %s:\n      %s\n", report->promise[i].what, report->promise[i].who);
}

void
verify_print(const struct verify_answer *a)
{
	const struct archive_report *report = a->report;

	print_election(a);
	print_checks(report);
	if (a->result == R_GOOD) {
		print_results(a);
		print_promises(report);
		(void)printf("\nVERIFIED: %zu checks on %" PRIu64 " entries and %" PRIu64
			     " blobs hold.%s\n",
		    archive_report_count(report, ARCHIVE_GOOD), report->entries, report->blobs,
		    a->partial ? " The election still runs: its results may be incomplete." : "");
	} else if (result_exit(a->result) == 1)
		(void)printf("\nNOT VERIFIED: check %s failed (%s).\n", a->why->check,
		    result_name(a->result));
	else
		(void)printf("\nNOT FINISHED (%s): this says nothing about the election.\n",
		    result_name(a->result));
	if (a->saved != NULL)
		(void)printf("The archive lies in %s\n", a->saved);
}

void
verify_warn(const struct archive_report *report, const char *where)
{
	char hex[HEX_LEN(32) + 1] = "unknown";

	if (report->frozen != NULL && frozen_election(report->frozen) != NULL)
		(void)hex_encode(hex, frozen_election(report->frozen)->b, 32);
	(void)fflush(stdout);
	(void)fprintf(stderr,
	    "\n*** WARNING: no --election ID was given. The id was taken from the %s itself:\n"
	    "***   %s\n"
	    "*** So this says that AN election is in order, not that it is YOURS. Compare the id\n"
	    "*** with the one that the organiser published, or give it with --election.\n\n",
	    where, hex);
}

/* ---- for programs ---- */

static json_t *
json_digest(const struct digest *d)
{
	char hex[HEX_LEN(32) + 1];

	(void)hex_encode(hex, d->b, sizeof d->b);
	return json_string(hex);
}

static json_t *
json_checks(const struct archive_report *report)
{
	static const char *const states[] = { [ARCHIVE_NOT_REACHED] = "not reached",
		[ARCHIVE_NOT_ASKED] = "not asked",
		[ARCHIVE_GOOD] = "good",
		[ARCHIVE_FAILED] = "failed" };
	json_t *checks = json_array();
	size_t i;

	for (i = 0; i < report->checks; i++) {
		const struct archive_check *c = &report->check[i];
		json_t *check = json_pack("{s:s,s:I,s:s,s:s}", "id", c->id, "count",
		    (json_int_t)c->count, "state", states[c->state], "what", c->what);

		if (c->type != RECORD_UNKNOWN)
			(void)json_object_set_new(check, "record",
			    json_string(record_type_name(c->type)));
		(void)json_array_append_new(checks, check);
	}
	return checks;
}

static json_t *
json_outcome(const struct count_outcome *o)
{
	json_t *winners = json_array();
	unsigned i;

	for (i = 0; i < o->rules.options; i++)
		if (o->option[i].winner)
			(void)json_array_append_new(winners, json_integer((json_int_t)i + 1));
	return json_pack("{s:I,s:I,s:I,s:I,s:o}", "blank", (json_int_t)o->blank, "eligible",
	    (json_int_t)o->eligible, "invalid", (json_int_t)o->invalid, "valid",
	    (json_int_t)o->valid, "winners", winners);
}

static json_t *
json_items(const struct archive_report *report)
{
	json_t *items = json_array();
	struct item_status s;
	uint64_t id;

	for (id = 1; report->frozen != NULL && id <= frozen_items(report->frozen); id++) {
		json_t *item;

		(void)frozen_item(report->frozen, id, &s);
		item = json_pack("{s:I,s:s,s:s}", "id", (json_int_t)id, "state",
		    item_state_name(s.state), "title", s.item->title);
		if (report->outcome[id - 1] != NULL)
			(void)json_object_set_new(item, "outcome",
			    json_outcome(report->outcome[id - 1]));
		(void)json_array_append_new(items, item);
	}
	return items;
}

static json_t *
json_promises(const struct archive_report *report)
{
	json_t *promises = json_array();
	size_t i;

	for (i = 0; i < report->promises; i++)
		(void)json_array_append_new(promises,
		    json_pack("{s:s,s:s}", "broken_by", report->promise[i].who, "promise",
			report->promise[i].what));
	return promises;
}

void
verify_print_json(const struct verify_answer *a)
{
	const struct archive_report *report = a->report;
	const int code = result_exit(a->result);
	json_t *root = json_pack("{s:s,s:s,s:i,s:s,s:b,s:b,s:I,s:I,s:o,s:o,s:o}", "verdict",
	    code == 0       ? "verified"
		: code == 1 ? "refused"
			    : "unfinished",
	    "reason", result_name(a->result), "exit", code, "check",
	    a->result == R_GOOD ? "" : a->why->check, "election_expected", a->trusted_id, "partial",
	    a->partial, "entries", (json_int_t)report->entries, "blobs", (json_int_t)report->blobs,
	    "checks", json_checks(report), "items", json_items(report), "promises",
	    json_promises(report));

	if (a->result != R_GOOD)
		(void)json_object_set_new(root, "text",
		    json_string(
			u8_check((const uint8_t *)a->why->text, strlen(a->why->text)) == NULL
			    ? a->why->text
			    : result_text(a->result)));
	if (definition_of(report) != NULL) {
		(void)json_object_set_new(root, "election",
		    json_digest(frozen_election(report->frozen)));
		(void)json_object_set_new(root, "title", json_string(definition_of(report)->title));
		(void)json_object_set_new(root, "root", json_digest(&report->root));
	}
	if (a->saved != NULL)
		(void)json_object_set_new(root, "saved", json_string(a->saved));
	(void)json_dumpf(root, stdout, JSON_SORT_KEYS | JSON_INDENT(2));
	(void)putchar('\n');
	json_decref(root);
}
