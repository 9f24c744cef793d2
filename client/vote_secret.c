#include "client/vote_secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "client/credential.h"
#include "client/keys.h"
#include "client/register.h"
#include "client/request.h"
#include "client/terminal.h"
#include "crypto/base64.h"
#include "crypto/code.h"
#include "crypto/mem.h"

#define CREDENTIAL_KIND "voter"
#define CODE_TRIES 5

/* ---- codes ---- */

static enum result
add_code(struct svec *x, const struct code *code, const struct digest *election, unsigned part)
{
	struct svec *one = NULL;
	enum result r = svec_new(&one, svec_group(x), 1);

	if (r == R_GOOD)
		r = credential_from_code(one, code, election, part);
	if (r == R_GOOD)
		svec_add(x, x, one);
	svec_free(one);
	return r;
}

static enum result
read_code(struct code *code, struct slice text, struct why *why)
{
	enum result r = code_read(code, text);

	return r == R_GOOD ? r
			   : why_set(why, r,
				 "the code is mistyped: it has 24 letters and digits, and they do "
				 "not fit together\n"
				 "Nothing was sent; look again and retype it");
}

/* Take the next line that is not empty off the text; 0 if there is none. */
static int
next_line(struct slice *text, struct slice *line)
{
	const uint8_t *end;

	while (text->n > 0) {
		*line = *text;
		end = memchr(text->p, '\n', text->n);
		if (end != NULL)
			line->n = (size_t)(end - text->p);
		text->p += end != NULL ? line->n + 1 : line->n;
		text->n -= end != NULL ? line->n + 1 : line->n;
		if (line->n > 0 && line->p[line->n - 1] == '\r')
			line->n--;
		if (line->n > 0)
			return 1;
	}
	return 0;
}

enum result
vote_secret_codes(struct svec *x, struct slice text, uint64_t parts, const struct digest *election,
    struct why *why)
{
	struct slice line;
	struct code code;
	unsigned part = 0;
	enum result r = R_GOOD;

	while (r == R_GOOD && next_line(&text, &line)) {
		if (++part > parts)
			return why_set(why, R_BAD_CODE,
			    "there are more code parts than the %" PRIu64 " of this election",
			    parts);
		r = read_code(&code, line, why);
		if (r == R_GOOD)
			r = add_code(x, &code, election, part);
		code_wipe(&code);
	}
	if (r == R_GOOD && part < parts)
		r = why_set(why, R_BAD_CODE, "only %u of %" PRIu64 " parts of the code are there",
		    part, parts);
	return r;
}

static enum result
ask_codes(struct svec *x, uint64_t parts, const struct digest *election, struct why *why)
{
	struct secret answer;
	struct code code;
	char question[64];
	unsigned part;
	enum result r = R_GOOD;
	int tries;

	for (part = 1; r == R_GOOD && part <= parts; part++) {
		if (parts == 1)
			(void)snprintf(question, sizeof question, "Your code:");
		else
			(void)snprintf(question, sizeof question,
			    "Part %u of %" PRIu64 " of your code:", part, parts);
		r = R_BAD_CODE;
		for (tries = 0; r == R_BAD_CODE && tries < CODE_TRIES; tries++) {
			r = terminal_ask_secret(&answer, question, why);
			if (r != R_GOOD)
				break;
			r = read_code(&code, (struct slice){ answer.p, answer.n }, why);
			secret_free(&answer);
			if (r == R_BAD_CODE)
				(void)fprintf(stderr,
				    "That code is mistyped. Please type it again.\n");
		}
		if (r == R_GOOD)
			r = add_code(x, &code, election, part);
		code_wipe(&code);
	}
	return r;
}

enum result
vote_secret_check(const struct vote_secret_options *o, struct why *why)
{
	struct secret text = { 0 };
	struct slice rest, line;
	struct code code;
	int none = 1;
	enum result r;

	if (o->code_file == NULL || o->credential != NULL)
		return R_GOOD;
	r = file_read_secret(&text, o->code_file, why);
	rest = (struct slice){ text.p, text.n };
	while (r == R_GOOD && next_line(&rest, &line)) {
		r = read_code(&code, line, why);
		none = 0;
	}
	if (r == R_GOOD && none)
		r = why_set(why, R_BAD_CODE, "%s is empty\nNothing was sent", o->code_file);
	code_wipe(&code);
	secret_free(&text);
	return r;
}

/* ---- keys of the voter's own ---- */

/* A credential file holds the secrets of all parts one after the other. */
static enum result
open_credential(struct svec *x, const char *path, const char *passphrase_file, struct why *why)
{
	struct secret text = { 0 }, passphrase = { 0 }, found = { 0 };
	const struct group *g = svec_group(x);
	size_t size = group_scalar_bytes(g), i;
	struct svec *one = NULL;
	struct slice bytes;
	enum result r = file_read_secret(&text, path, why);

	bytes = (struct slice){ text.p, text.n };
	if (r == R_GOOD && !keys_is_unlocked(bytes))
		r = keys_passphrase(&passphrase, passphrase_file, 0, why);
	if (r == R_GOOD)
		r = keys_unseal(&found, bytes, CREDENTIAL_KIND,
		    (struct slice){ passphrase.p, passphrase.n }, path, why);
	if (r == R_GOOD && (found.n == 0 || found.n % size != 0))
		r = why_set(why, R_KEY_CORRUPT, "%s is not a credential for this election's group",
		    path);
	if (r == R_GOOD)
		r = svec_new(&one, g, 1);
	for (i = 0; r == R_GOOD && i < found.n; i += size) {
		r = svec_decode(one, found.p + i, size, NULL);
		if (r == R_GOOD)
			svec_add(x, x, one);
		else
			r = why_set(why, R_KEY_CORRUPT, "%s is damaged", path);
	}
	svec_free(one);
	secret_free(&found);
	secret_free(&passphrase);
	secret_free(&text);
	return r;
}

enum result
vote_secret(struct svec **x, struct workspace *w, const struct vote_secret_options *o,
    struct why *why)
{
	const struct definition *d = frozen_definition(mirror_now(&w->mirror));
	struct secret text = { 0 };
	enum result r = svec_new(x, d->group, 1);

	if (r != R_GOOD)
		return r;
	if (o->credential != NULL)
		r = open_credential(*x, o->credential, o->passphrase_file, why);
	else if (o->code_file != NULL) {
		r = file_read_secret(&text, o->code_file, why);
		if (r == R_GOOD)
			r = vote_secret_codes(*x, (struct slice){ text.p, text.n }, d->code_parts,
			    &w->election, why);
		secret_free(&text);
	} else
		r = ask_codes(*x, d->code_parts, &w->election, why);
	if (r != R_GOOD) {
		svec_free(*x);
		*x = NULL;
	}
	return r;
}

/* Draw the secrets of all parts, write the sealed file and the request. */
static enum result
make_credential(const struct workspace *w, const char *name, struct slice passphrase,
    const char *key_path, const char *request_path, struct why *why)
{
	const struct definition *d = frozen_definition(mirror_now(&w->mirror));
	size_t size = group_scalar_bytes(d->group), i;
	struct roll_line line = { .has_name = true, .kind = ROLL_OWN };
	struct buffer identity = { 0 }, sealed = { 0 };
	struct arena arena = { 0 };
	struct svec *x = NULL;
	uint8_t *secrets = mem_new((size_t)d->code_parts, size);
	struct rng rng;
	enum result r = secrets == NULL ? R_NO_MEMORY : rng_system(&rng);

	if (r == R_GOOD)
		r = register_name(&line.name, &arena, name, strlen(name), why);
	line.part_count = (size_t)d->code_parts;
	line.parts = arena_alloc(&arena, line.part_count * sizeof *line.parts);
	if (r == R_GOOD)
		r = line.parts == NULL ? R_NO_MEMORY : svec_new(&x, d->group, 1);
	if (r == R_GOOD) {
		roll_identity(&identity, &line);
		r = buffer_result(&identity);
	}
	for (i = 0; r == R_GOOD && i < line.part_count; i++) {
		r = svec_random(x, &rng);
		svec_encode(secrets + i * size, size, x);
		if (r == R_GOOD)
			r = credential_part(&line.parts[i], &arena, x, &w->election,
			    (unsigned)i + 1, buffer_slice(&identity), &rng);
	}
	if (r == R_GOOD)
		r = keys_seal(&sealed, CREDENTIAL_KIND, line.parts[0].key,
		    (struct slice){ secrets, line.part_count * size }, passphrase, why);
	if (r == R_GOOD)
		r = file_write_new(key_path, buffer_slice(&sealed), 0600, why);
	if (r == R_GOOD)
		r = request_write(request_path, &line, &w->election, why);
	if (sealed.p != NULL)
		sodium_memzero(sealed.p, sealed.room);
	buffer_free(&sealed);
	buffer_free(&identity);
	svec_free(x);
	mem_free(secrets);
	arena_free(&arena);
	rng_wipe(&rng);
	return r;
}

int
vote_key_command(const struct command *self, int argc, char **argv)
{
	const char *name = NULL;
	struct workspace_options o = { 0 };
	int unlocked = 0;
	struct option_spec options[] = { WORKSPACE_SPECS(o), { "name", &name, NULL, NULL },
		{ "no-passphrase", NULL, NULL, &unlocked }, { NULL, NULL, NULL, NULL } };
	struct secret passphrase = { 0 };
	struct workspace w;
	struct why why = { 0 };
	char *key_path = NULL, *request_path = NULL;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n > 0 || name == NULL)
		return command_usage(self,
		    name == NULL ? "--name is missing" : "there is a word too many");
	r = workspace_open(&w, &o, &why);
	if (r == R_GOOD)
		r = workspace_choose_election(&w, &why);
	if (r == R_GOOD)
		r = workspace_mirror(&w, NULL, &why);
	if (r == R_GOOD && !unlocked)
		r = keys_passphrase(&passphrase, o.passphrase_file, 1, &why);
	if (r == R_GOOD) {
		key_path = workspace_path(&w, "credential.key");
		request_path = workspace_path(&w, "request.json");
		r = key_path == NULL || request_path == NULL
		    ? R_NO_MEMORY
		    : make_credential(&w, name, (struct slice){ passphrase.p, passphrase.n },
			  key_path, request_path, &why);
	}
	if (r == R_GOOD)
		(void)
		    printf("%s is your secret key: keep it\n%s is the request for your registrar\n",
			key_path, request_path);
	free(key_path);
	free(request_path);
	secret_free(&passphrase);
	workspace_close(&w);
	return r == R_GOOD ? 0 : terminal_refuse(r, &why);
}
