/*
 * tabella trustee: takes part in key generation, says when it is ready, mixes, decrypts.
 * `run` does it all by itself and may be stopped and started at any moment.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/command.h"
#include "client/keys.h"
#include "client/status.h"
#include "client/tally.h"
#include "client/terminal.h"

#define KIND "trustee"
#define WAIT_SECONDS 20
#define DUTIES_MAX 512
#define PATIENCE_DEFAULT 30

static int
run_key(const struct command *self, int argc, char **argv)
{
	return keys_command(self, KIND, argc, argv);
}

/* When a duty was first seen: how long others have been given the precedence, and what the witnesses
 * must have co-signed before we act on it. */
struct seen {
	struct duty duty;
	uint64_t since_ms;
	uint64_t entries; /* that the board had then */
};

struct run {
	struct workspace w;
	struct tally tally;
	struct seen seen[DUTIES_MAX];
	size_t seen_count;
	uint64_t patience_ms;
	int until_done;
	int waits; /* 1: for the witnesses; that was said */
	struct progress progress;
};

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
say(const char *what, const struct duty *duty)
{
	char text[32];
	time_t now = time(NULL);
	struct tm tm;

	(void)strftime(text, sizeof text, "%H:%M:%S", localtime_r(&now, &tm));
	(void)printf("%s %s %s", text, what, duty_name(duty->kind));
	if (duty->item > 0)
		(void)printf(" item %" PRIu64, duty->item);
	else if (duty->attempt > 0)
		(void)printf(" attempt %" PRIu64, duty->attempt);
	(void)puts("");
	(void)fflush(stdout);
}

static int
same_duty(const struct duty *a, const struct duty *b)
{
	return a->kind == b->kind && a->attempt == b->attempt && a->item == b->item &&
	    a->ordinal == b->ordinal;
}

/* How many others with lower numbers could do this instead: one mixes at a time, and of
 * those who can decrypt the threshold is enough. */
static uint64_t
others_ahead(const struct run *run, const struct duty *duty)
{
	const struct frozen *f = mirror_now(&run->w.mirror);
	struct item_status item;
	uint64_t missing;

	if (duty->kind == DUTY_MIX)
		return duty->before;
	if (duty->kind != DUTY_DECRYPT || frozen_item(f, duty->item, &item) != R_GOOD)
		return 0;
	missing = frozen_definition(f)->threshold - (uint64_t)__builtin_popcountll(item.decrypted);
	return duty->before < missing ? 0 : duty->before - missing + 1;
}

/* Those with lower numbers go first; each of them is waited for with patience. */
static uint64_t
wait_for_turn(struct run *run, const struct duty *duties, size_t n, size_t i)
{
	struct seen now[DUTIES_MAX] = { 0 };
	uint64_t due, ahead;
	size_t k, m;

	/* Keep the times of the duties that still stand. */
	for (k = 0; k < n; k++) {
		now[k].duty = duties[k];
		now[k].since_ms = now_ms();
		now[k].entries = rules_size(run->w.mirror.rules);
		for (m = 0; m < run->seen_count; m++)
			if (same_duty(&run->seen[m].duty, &duties[k])) {
				now[k].since_ms = run->seen[m].since_ms;
				now[k].entries = run->seen[m].entries;
			}
	}
	memcpy(run->seen, now, n * sizeof *now);
	run->seen_count = n;
	ahead = others_ahead(run, &duties[i]);
	if (ahead == 0)
		return 0;
	due = run->seen[i].since_ms + run->patience_ms * ahead;
	return due > now_ms() ? due - now_ms() : 0;
}

/* Nothing is said, mixed or opened on a history that the witnesses have not co-signed. */
static int
lacks_witnesses(struct run *run, size_t i)
{
	const struct mirror *m = &run->w.mirror;
	const int lacks = frozen_definition(mirror_now(m))->witness_count > 0 &&
	    (run->seen[i].duty.kind == DUTY_READY || run->seen[i].duty.kind == DUTY_MIX ||
		run->seen[i].duty.kind == DUTY_DECRYPT) &&
	    m->witnessed < run->seen[i].entries;

	if (lacks && !run->waits)
		(void)fprintf(stderr,
		    "NO_QUORUM: the witnesses have co-signed %" PRIu64
		    " entries and not yet %" PRIu64 "; waiting for them\n",
		    m->witnessed, run->seen[i].entries);
	run->waits = lacks;
	return lacks;
}

/* Refusals that only mean that the board has moved on since we looked. */
static int
board_moved(enum result r)
{
	switch (r) {
	case R_STATE:
	case R_BAD_PREV:
	case R_INPUT_LIST:
	case R_MIX_TRUSTEE:
	case R_CONFLICT: return 1;
	default: return 0;
	}
}

static int
all_done(const struct frozen *f)
{
	struct item_status item;
	uint64_t id;

	if (frozen_phase(f) != PHASE_OPEN || frozen_items(f) == 0)
		return 0;
	for (id = 1; id <= frozen_items(f); id++)
		if (frozen_item(f, id, &item) != R_GOOD || item.state != ITEM_DONE)
			return 0;
	return 1;
}

/* Do what is due. *wait_ms is how long to look at the board before asking again. */
static enum result
step(struct run *run, unsigned *wait_s, struct why *why)
{
	const struct frozen *f = mirror_now(&run->w.mirror);
	struct duty duties[DUTIES_MAX];
	size_t n = frozen_duties(f, run->tally.number, duties, DUTIES_MAX), i;
	uint64_t wait, least = WAIT_SECONDS * 1000;
	enum result r;

	n = n < DUTIES_MAX ? n : DUTIES_MAX;
	for (i = 0; i < n; i++) {
		wait = wait_for_turn(run, duties, n, i);
		if (wait > 0) {
			least = wait < least ? wait : least;
			continue;
		}
		if (lacks_witnesses(run, i)) {
			least = 500;
			continue;
		}
		say("doing:", &duties[i]);
		progress_start(&run->progress, duty_name(duties[i].kind));
		r = tally_do(&run->tally, &duties[i], why);
		progress_end(&run->progress);
		if (r == R_GOOD)
			say("done: ", &duties[i]);
		else if (board_moved(r)) {
			(void)fprintf(stderr, "the board has moved on (%s); looking again\n",
			    result_name(r));
			r = R_GOOD;
			*wait_s = 1;
			return r;
		}
		*wait_s = 0;
		return r;
	}
	*wait_s = (unsigned)((least + 999) / 1000);
	return R_GOOD;
}

/* Find our number; before the definition is on the board there is none. */
static enum result
find_number(struct run *run, struct why *why)
{
	struct slice key = { run->tally.public.b, sizeof run->tally.public.b };
	uint32_t number;

	if (frozen_role(mirror_now(&run->w.mirror), key, &number) != ROLE_TRUSTEE)
		return why_set(why, R_NOT_ALLOWED,
		    "this key is not that of a trustee of this election\nCompare it with the "
		    "definition: tabella trustee key printed it");
	run->tally.number = number;
	return R_GOOD;
}

static enum result
follow(struct run *run, struct why *why)
{
	unsigned wait_s = 0;
	int silent = 0;
	enum result r = R_GOOD;

	while (!terminal_interrupted(NULL)) {
		/* Wait for news, then compare all that there is with a signed head before acting on it. */
		r = wait_s > 0 ? mirror_sync(&run->w.mirror, wait_s, &run->tally.effort, why)
			       : R_GOOD;
		if (r == R_GOOD)
			r = workspace_mirror(&run->w, &run->tally.effort, why);
		if (r == R_GOOD && run->tally.number == 0)
			r = find_number(run, why);
		if (r == R_GOOD && run->until_done && all_done(mirror_now(&run->w.mirror)))
			return R_GOOD;
		if (r == R_GOOD)
			r = step(run, &wait_s, why);
		if (board_is_away(r)) {
			if (!silent)
				(void)fprintf(stderr, "%s: %s\ntrying again until it is back\n",
				    result_name(r), why->text);
			silent = 1;
			(void)usleep(500000);
			continue;
		}
		silent = 0;
		if (r != R_GOOD)
			return r;
	}
	return R_GOOD;
}

static int
run_run(const struct command *self, int argc, char **argv)
{
	const char *patience = NULL;
	struct workspace_options o = { 0 };
	struct run *run = calloc(1, sizeof *run);
	int until_done = 0, n;
	struct option_spec options[] = { WORKSPACE_SPECS(o), { "patience", &patience, NULL, NULL },
		{ "until-done", NULL, NULL, &until_done }, { NULL, NULL, NULL, NULL } };
	uint64_t seconds = PATIENCE_DEFAULT;
	struct why why = { 0 };
	char *path = NULL;
	enum result r;

	if (run == NULL)
		return terminal_refuse(R_NO_MEMORY, NULL);
	n = command_options(self, options, argc, argv);
	if (n != 0) {
		free(run);
		return n < 0 ? 2 : command_usage(self, "there is a word too many: %s", argv[0]);
	}
	r = patience == NULL ? R_GOOD
			     : command_number(&seconds, patience, 0, 86400, "--patience", &why);
	run->until_done = until_done;
	run->patience_ms = seconds * 1000;
	run->tally.w = &run->w;
	run->tally.effort.progress = progress_step;
	run->tally.effort.ctx = &run->progress;
	if (r == R_GOOD)
		r = workspace_open(&run->w, &o, &why);
	if (r == R_GOOD)
		r = workspace_board(&run->w, &why);
	if (r == R_GOOD)
		r = workspace_key(&run->w, KIND, &run->tally.public, &run->tally.key,
		    &run->tally.passphrase, &why);
	if (r == R_GOOD) {
		path = workspace_path(&run->w, "journal");
		r = path == NULL ? R_NO_MEMORY : journal_open(&run->tally.journal, path, &why);
		free(path);
	}
	if (r == R_GOOD)
		r = follow(run, &why);
	if (r == R_CANCELLED && terminal_interrupted(NULL))
		r = R_GOOD;
	journal_close(run->tally.journal);
	secret_free(&run->tally.passphrase);
	sign_key_wipe(&run->tally.key);
	workspace_close(&run->w);
	free(run);
	return r == R_GOOD ? 0 : terminal_refuse(r, &why);
}

static int
run_status(const struct command *self, int argc, char **argv)
{
	return status_command(self, argc, argv);
}

static const struct command commands[] = { { "key", "make a signing key",
					       "trustee key --out FILE [OPTION]...",
					       KEYS_HELP(KIND), run_key },
	{ "run", "do everything that is expected, unattended",
	    "trustee run --dir DIR --board URL --election ID --key FILE [OPTION]...",
	    "Follows the board, verifies every entry, and does this trustee's part: key\n"
	    "generation, saying that it is ready, mixing, decryption. It may be stopped and\n"
	    "started again at any moment; what it has signed is kept in DIR before it is sent.\n"
	    "It stops with an error if the board shows something invalid, and keeps trying if\n"
	    "the board cannot be reached. Back up DIR once the key is made.\n\n" WORKSPACE_HELP
	    "\n  --patience SECONDS      how long to wait for each trustee that goes before (30)\n"
	    "  --until-done            exit when all items have their results\n\n"
	    "Example:\n  tabella trustee run --dir t1 --board http://127.0.0.1:8410 \\\n"
	    "      --election ID --key trustee1.key",
	    run_run },
	{ "status", "what has happened and who owes what", "trustee status --dir DIR [--json]",
	    "Shows how far the election is and what is expected of whom. Works beside a running\n"
	    "\"trustee run\" in the same DIR.\n\n" WORKSPACE_HELP_PLACE
	    "\n  --json                  as JSON\n\nExample:\n  tabella trustee status --dir t1",
	    run_status },
	{ NULL, NULL, NULL, NULL, NULL } };

const struct command_role role_trustee = { "trustee", "make the key, mix, decrypt",
	"Takes part in key generation, mixes and decrypts.",
	"  tabella trustee run --dir t1 --board http://127.0.0.1:8410 --election ID --key "
	"trustee1.key",
	commands };
