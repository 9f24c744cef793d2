/*
 * tabella watch: follows a board and verifies it entry by entry as it grows, and remembers what it has
 * seen, so that the board cannot show anything else later. With --witness it co-signs what it
 * has seen: for everybody who does not watch.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ballots/entry.h"
#include "client/accuse.h"
#include "client/command.h"
#include "client/keys.h"
#include "client/status.h"
#include "client/terminal.h"
#include "client/witness.h"
#include "client/workspace.h"

#define KIND "witness"
#define WAIT_SECONDS 20
#define PAUSE_US 500000
#define LISTEN_DEFAULT "127.0.0.1:8420"

struct watch {
	struct workspace w;
	struct progress progress;
	struct effort effort;
	int once, until_done, is_witness;
	const char *name, *listen, *address_file;
	struct sign_public public;
	struct sign_key key;
	char *state;              /* path of what the witness has co-signed */
	char *evidence;           /* path of what it finds */
	struct buffer definition; /* the record */
	struct witness *witness;
	struct witness_server *server;
	uint64_t told; /* entries that were reported */
};

static int
run_key(const struct command *self, int argc, char **argv)
{
	return keys_command(self, KIND, argc, argv);
}

/* ---- the witness ---- */

static enum result
write_address(const struct watch *x, const char *address, struct why *why)
{
	struct buffer line = { 0 };
	enum result r;

	buffer_add_string(&line, "http://");
	buffer_add_string(&line, address);
	buffer_add_string(&line, "\n");
	r = buffer_result(&line);
	if (r == R_GOOD)
		r = file_write(x->address_file, buffer_slice(&line), 0644, why);
	buffer_free(&line);
	return r;
}

/* The board has shown us a head that contradicts the one that we have co-signed. */
static void
accuse(void *ctx, struct slice last, struct slice other, const struct digest *path, size_t n)
{
	struct watch *x = ctx;

	if (file_exists(x->evidence))
		return;
	if (accuse_of_two(x->evidence, buffer_slice(&x->definition), last, other, path, n)) {
		(void)fprintf(stderr,
		    "EQUIVOCATION: the board has signed a head that contradicts the one that was "
		    "co-signed\nEvidence for everybody: %s (tabella verify evidence)\n",
		    x->evidence);
		(void)fflush(stderr);
	}
}

static enum result
take_definition(void *arg, uint64_t seq, struct slice line)
{
	struct watch *x = arg;
	struct entry entry;
	enum result r = entry_read(&entry, line, NULL);

	(void)seq;
	if (r == R_GOOD)
		buffer_add(&x->definition, entry.record.p, entry.record.n);
	return r == R_GOOD ? buffer_result(&x->definition) : r;
}

/* Begin to answer, once the definition says whose heads these are. */
static enum result
serve(struct watch *x, struct why *why)
{
	struct witness_options o = { .name = x->name,
		.public = x->public,
		.key = &x->key,
		.path = x->state,
		.accuse = accuse,
		.ctx = x };
	const struct source *source = mirror_source(&x->w.mirror);
	struct frozen *frozen = rules_frozen(x->w.mirror.rules);
	char address[WITNESS_ADDRESS_LEN];
	enum result r = source->entries(source->ctx, 0, 1, take_definition, x);

	if (r == R_GOOD)
		r = witness_new(&x->witness, &o, frozen, why);
	frozen_unref(frozen);
	if (r == R_GOOD)
		r = witness_serve(&x->server, x->witness, x->listen, address, why);
	if (r == R_GOOD) {
		(void)printf("witness %s listens on http://%s\n", x->name, address);
		(void)fflush(stdout);
	}
	if (r == R_GOOD && x->address_file != NULL)
		r = write_address(x, address, why);
	return r;
}

/* ---- following ---- */

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

static void
tell(struct watch *x)
{
	const uint64_t size = rules_size(x->w.mirror.rules);

	if (size == x->told)
		return;
	x->told = size;
	(void)printf("%" PRIu64 " entries, all valid; phase %s\n", size,
	    phase_name(frozen_phase(mirror_now(&x->w.mirror))));
	(void)fflush(stdout);
}

static enum result
look(struct watch *x, struct why *why)
{
	enum result r = workspace_mirror(&x->w, &x->effort, why);

	if (r != R_GOOD)
		return r;
	tell(x);
	if (x->is_witness && x->witness == NULL &&
	    frozen_definition(mirror_now(&x->w.mirror)) != NULL)
		r = serve(x, why);
	if (r == R_GOOD && x->witness != NULL) {
		struct frozen *frozen = rules_frozen(x->w.mirror.rules);

		witness_follow(x->witness, frozen);
		frozen_unref(frozen);
	}
	return r;
}

static enum result
follow(struct watch *x, struct why *why)
{
	enum result r = R_GOOD;
	int silent = 0;

	while (!terminal_interrupted(NULL)) {
		r = look(x, why);
		if (r == R_GOOD &&
		    (x->once || (x->until_done && all_done(mirror_now(&x->w.mirror)))))
			return R_GOOD;
		if (r == R_GOOD)
			r = mirror_sync(&x->w.mirror, WAIT_SECONDS, &x->effort, why);
		if (board_is_away(r) && !x->once) {
			if (!silent)
				(void)fprintf(stderr, "%s: %s\ntrying again until it is back\n",
				    result_name(r), why->text);
			silent = 1;
			(void)usleep(PAUSE_US);
			continue;
		}
		silent = 0;
		if (r != R_GOOD)
			return r;
	}
	return R_GOOD;
}

/* The board cheats. A witness stays up and tells everybody so. */
static void
alarm_all(struct watch *x, enum result r, const struct why *why)
{
	if (x->witness == NULL || result_exit(r) != 1)
		return;
	witness_stop(x->witness);
	(void)fprintf(stderr, "%s: %s\nThis witness co-signs no more heads of this board.\n",
	    result_name(r), why->text);
	while (!x->once && !terminal_interrupted(NULL))
		(void)usleep(PAUSE_US);
}

static enum result
start(struct watch *x, const struct workspace_options *o, struct why *why)
{
	enum result r = workspace_open(&x->w, o, why);

	if (r == R_GOOD && x->is_witness)
		r = workspace_key(&x->w, KIND, &x->public, &x->key, NULL, why);
	if (r == R_GOOD && x->is_witness) {
		x->state = workspace_path(&x->w, "cosigned");
		x->evidence = workspace_path(&x->w, "evidence-heads.json");
		r = x->state == NULL || x->evidence == NULL ? R_NO_MEMORY : R_GOOD;
	}
	if (r == R_GOOD)
		r = workspace_choose_election(&x->w, why);
	if (r == R_GOOD)
		r = workspace_board(&x->w, why);
	return r;
}

static int
run_watch(const struct command *self, int argc, char **argv)
{
	struct workspace_options o = { 0 };
	struct watch x = { .name = NULL };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { "once", NULL, NULL, &x.once },
		{ "until-done", NULL, NULL, &x.until_done },
		{ "witness", NULL, NULL, &x.is_witness }, { "name", &x.name, NULL, NULL },
		{ "listen", &x.listen, NULL, NULL },
		{ "address-file", &x.address_file, NULL, NULL }, { NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n > 0)
		return command_usage(self, "there is a word too many: %s", argv[0]);
	if (x.is_witness && x.name == NULL)
		return command_usage(self, "--witness needs --name, as the definition has it");
	if (!x.is_witness &&
	    (x.name != NULL || x.listen != NULL || x.address_file != NULL || o.key != NULL))
		return command_usage(self,
		    "--name, --key, --listen and --address-file go with --witness");
	if (x.listen == NULL)
		x.listen = LISTEN_DEFAULT;
	x.effort.progress = progress_step;
	x.effort.ctx = &x.progress;
	progress_start(&x.progress, "Verifying the board");
	r = start(&x, &o, &why);
	if (r == R_GOOD)
		r = follow(&x, &why);
	progress_end(&x.progress);
	if (r == R_CANCELLED && terminal_interrupted(NULL))
		r = R_GOOD;
	alarm_all(&x, r, &why);
	witness_server_stop(x.server);
	witness_free(x.witness);
	sign_key_wipe(&x.key);
	free(x.state);
	free(x.evidence);
	buffer_free(&x.definition);
	workspace_close(&x.w);
	return r == R_GOOD ? 0 : terminal_refuse(r, &why);
}

static const struct command commands[] = {
	{ "", "follow a board and remember what it has shown",
	    "watch --dir DIR --board URL --election ID [--witness --name NAME --key FILE] "
	    "[OPTION]...",
	    "Verifies every entry as it comes and compares the board's signed heads with all that "
	    "it\n"
	    "showed before. It ends with exit code 1 when the board shows something invalid or "
	    "another\n"
	    "history. With --witness it co-signs the board's heads over C2SP tlog-witness:\n"
	    "POST /add-checkpoint; GET /checkpoint shows the last one.\n\n" WORKSPACE_HELP_PLACE
	    "\n  --once                  look once, then exit\n"
	    "  --until-done            exit when all items have their results\n"
	    "  --witness               co-sign heads\n"
	    "  --name NAME             the witness's name, as the definition has it\n"
	    "  --key FILE              its key (tabella watch key; its path is kept in "
	    "DIR)" WORKSPACE_HELP_PASSPHRASE
	    "\n  --listen HOST:PORT      where to answer (" LISTEN_DEFAULT "); port 0 takes any\n"
	    "  --address-file FILE     write the witness's URL there once it listens\n\n"
	    "Example:\n"
	    "  tabella watch --dir w --board http://127.0.0.1:8410 --election ID \\\n"
	    "      --witness --name witness.example/w1 --key witness.key",
	    run_watch },
	{ "key", "make a witness's key", "watch key --out FILE [OPTION]...",
	    "Makes a signing key and prints its public part, which goes into the definition.\n\n"
	    "  --out FILE              where the key goes; it must not exist\n"
	    "  --passphrase-file FILE  take the passphrase from the first line of a private file;\n"
	    "                          without it, it is asked for\n"
	    "  --no-passphrase         do not lock the key: whoever reads the file has it\n\n"
	    "Example:\n  tabella watch key --out witness.key",
	    run_key },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct command_role role_watch = { "watch", "follow a board; be its witness",
	"Follows a board, and co-signs its heads.",
	"  tabella watch --dir w --board http://127.0.0.1:8410 --election ID", commands };
