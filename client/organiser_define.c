/* tabella organiser define: an election is founded, once, whatever comes in between. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/command.h"
#include "client/desk.h"
#include "client/organiser_parts.h"
#include "client/written.h"
#include "crypto/base64.h"
#include "crypto/rng.h"

/* Fill in what the file leaves out, and what it cannot know. */
static enum result
complete_definition(json_t *root, struct desk *d, struct why *why)
{
	char text[BASE64URL_LEN(32) + 1], name[101];
	struct sign_public board;
	uint8_t salt[32];
	struct rng rng;
	json_t *organiser;
	enum result r = board_identity(d->w.board, &board, name, why);

	if (r == R_GOOD)
		r = rng_system(&rng);
	if (r != R_GOOD)
		return r;
	rng_fill(&rng, salt, sizeof salt);
	rng_wipe(&rng);
	(void)base64url_encode(text, board.b, sizeof board.b);
	(void)json_object_set_new(root, "board", json_pack("{s:s,s:s}", "key", text, "name", name));
	(void)base64url_encode(text, salt, sizeof salt);
	(void)json_object_set_new(root, "salt", json_string(text));
	(void)json_object_set_new(root, "version", json_integer(1));
	(void)base64url_encode(text, d->public.b, sizeof d->public.b);
	organiser = json_object_get(root, "organiser");
	if (json_is_string(organiser))
		(void)json_object_set_new(root, "organiser",
		    json_pack("{s:s,s:O}", "key", text, "name", organiser));
	else
		(void)json_object_set_new(root, "organiser",
		    json_pack("{s:s,s:s}", "key", text, "name", "organiser"));
	written_default(root, "classes", json_array());
	written_default(root, "code_parts", json_integer(1));
	written_default(root, "group", json_string("ristretto255"));
	written_default(root, "late_items", json_integer(0));
	written_default(root, "min_ballots", json_integer(1));
	written_default(root, "registrar_quorum",
	    json_integer((json_int_t)json_array_size(json_object_get(root, "registrars"))));
	written_default(root, "witnesses", json_array());
	written_default(root, "witness_quorum",
	    json_integer((json_int_t)(json_array_size(json_object_get(root, "witnesses")) / 2 +
		(json_array_size(json_object_get(root, "witnesses")) > 0))));
	if (json_object_get(root, "threshold") != NULL)
		written_default(root, "mixers", json_incref(json_object_get(root, "threshold")));
	return R_GOOD;
}

/* The definition is kept from before it leaves until it is on the board: an interrupted call can be
 * made again. */
#define KEPT "definition.record"

static enum result
post_definition(struct desk *d, struct slice record, struct why *why)
{
	struct buffer receipt = { 0 };
	char *path = workspace_path(&d->w, KEPT), hex[65];
	enum result r =
	    path == NULL ? R_NO_MEMORY : board_create(d->w.board, &receipt, record, why);
	struct why ignored;

	if (r != R_GOOD && result_exit(r) == 1) {
		(void)unlink(path);
		(void)workspace_forget_election(&d->w, &ignored);
	}
	if (r == R_GOOD)
		r = workspace_mirror(&d->w, &d->effort, why);
	if (r == R_GOOD) {
		(void)unlink(path);
		(void)hex_encode(hex, d->w.election.b, sizeof d->w.election.b);
		(void)printf("%s\n", hex);
	}
	free(path);
	buffer_free(&receipt);
	return r;
}

static enum result
define(struct desk *d, const char *path, struct why *why)
{
	struct buffer record = { 0 };
	union record_body body = { 0 };
	struct record *parsed = NULL;
	struct arena arena = { 0 };
	json_t *root = NULL;
	char *kept = workspace_path(&d->w, KEPT);
	enum result r = kept == NULL ? R_NO_MEMORY : written_load(&root, path, why);

	if (r == R_GOOD)
		r = complete_definition(root, d, why);
	if (r == R_GOOD)
		r = written_definition(&body.definition, &arena, root, path, why);
	if (r == R_GOOD)
		r = record_sign(&record, RECORD_DEFINITION, &body, &d->key, why);
	if (r == R_GOOD)
		r = record_parse(&parsed, NULL, buffer_slice(&record), why);
	if (r == R_GOOD)
		r = file_write(kept, buffer_slice(&record), 0600, why);
	if (r == R_GOOD)
		r = workspace_set_election(&d->w, &parsed->election, why);
	if (r == R_GOOD)
		r = post_definition(d, buffer_slice(&record), why);
	record_free(parsed);
	arena_free(&arena);
	json_decref(root);
	buffer_free(&record);
	free(kept);
	return r;
}

/* The folder has an election: one whose founding was interrupted is founded now. */
static enum result
define_again(struct desk *d, struct why *why)
{
	char *kept = workspace_path(&d->w, KEPT);
	struct record *parsed = NULL;
	struct buffer record = { 0 };
	enum result r = R_NO_MEMORY;

	if (kept != NULL && !file_exists(kept))
		r = why_set(why, R_CONFLICT,
		    "%s holds an election already\nUse another --dir for a new one", d->w.dir);
	else if (kept != NULL)
		r = file_read(&record, kept, FILE_MOST, why);
	if (r == R_GOOD)
		r = record_parse(&parsed, NULL, buffer_slice(&record), why);
	if (r == R_GOOD && !digest_equal(&parsed->election, &d->w.election))
		r = why_set(why, R_WRONG_ELECTION, "%s is of another election", kept);
	if (r == R_GOOD) {
		(void)fprintf(stderr,
		    "Founding the election of an earlier call that was interrupted; the file given "
		    "now is not read.\n");
		r = post_definition(d, buffer_slice(&record), why);
	}
	record_free(parsed);
	buffer_free(&record);
	free(kept);
	return r;
}

int
organiser_define(const struct command *self, int argc, char **argv)
{
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n != 1)
		return command_usage(self, "one definition file is needed");
	r = desk_open(&d, &o, KIND, DESK_CONTACT, &why);
	if (r == R_GOOD)
		r = d.w.has_election ? define_again(&d, &why) : define(&d, argv[0], &why);
	return desk_close(&d, r, &why);
}
