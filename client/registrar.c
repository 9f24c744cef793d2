/*
 * tabella registrar: issues credential codes, attests keys that voters made themselves,
 * and approves the roll after comparing it with its own files.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "client/command.h"
#include "client/credential.h"
#include "client/desk.h"
#include "client/keys.h"
#include "client/register.h"
#include "client/request.h"
#include "client/rollfile.h"
#include "crypto/base64.h"
#include "crypto/code.h"
#include "crypto/par.h"

#define KIND "registrar"

static int
run_key(const struct command *self, int argc, char **argv)
{
	return keys_command(self, KIND, argc, argv);
}

/* ---- codes ---- */

/* One person's code on its way to a key: each thread works on its own range. */
struct issue {
	const struct group *group;
	const struct digest *election;
	unsigned part;
	struct roll_line *lines;
	struct code *codes;
	uint8_t (*seeds)[32]; /* of the proofs */
	struct arena *arenas; /* one a line: arenas are for one thread */
};

static enum result
issue_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	struct issue *issue = ctx;
	struct buffer identity = { 0 };
	struct svec *x = NULL;
	struct rng rng;
	enum result r = svec_new(&x, issue->group, 1);
	size_t i;

	for (i = from; r == R_GOOD && i < to; i++) {
		struct roll_line *line = &issue->lines[i];

		*bad = i;
		line->parts = arena_alloc(&issue->arenas[i], sizeof *line->parts);
		if (line->parts == NULL) {
			r = R_NO_MEMORY;
			break;
		}
		line->part_count = 1;
		buffer_clear(&identity);
		roll_identity(&identity, line);
		rng_seeded(&rng, issue->seeds[i]);
		r = credential_from_code(x, &issue->codes[i], issue->election, issue->part);
		if (r == R_GOOD)
			r = credential_part(line->parts, &issue->arenas[i], x, issue->election,
			    issue->part, buffer_slice(&identity), &rng);
		rng_wipe(&rng);
	}
	svec_free(x);
	buffer_free(&identity);
	return r;
}

/* A field of a CSV file, quoted where it must be. */
static void
add_csv(struct buffer *out, const char *text)
{
	buffer_add_string(out, "\"");
	for (; *text != '\0'; text++)
		buffer_add(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
	buffer_add_string(out, "\"");
}

/* The secret file: who gets which code. */
static enum result
write_codes(const struct issue *issue, size_t n, const char *path, struct why *why)
{
	struct buffer text = { 0 };
	char code[CODE_TEXT];
	enum result r;
	size_t i;

	/* All room at once: a buffer that moves leaves its old contents behind. */
	(void)buffer_room(&text, n * 512 + 64);
	buffer_add_string(&text, "name,part,code\n");
	for (i = 0; i < n; i++) {
		code_print(code, &issue->codes[i]);
		add_csv(&text, issue->lines[i].name);
		buffer_add_string(&text, ",");
		buffer_add_u64(&text, issue->part);
		buffer_add_string(&text, ",");
		buffer_add_string(&text, code);
		buffer_add_string(&text, "\n");
	}
	sodium_memzero(code, sizeof code);
	r = buffer_result(&text);
	if (r == R_GOOD)
		r = file_write_new(path, buffer_slice(&text), 0600, why);
	if (text.p != NULL)
		sodium_memzero(text.p, text.room);
	buffer_free(&text);
	return r;
}

static enum result
write_lines(const struct roll_line *lines, size_t n, const struct digest *election, unsigned part,
    const char *path, struct why *why)
{
	json_t *root = rollfile_new(election);
	enum result r = root == NULL ? R_NO_MEMORY : R_GOOD;
	size_t i;

	for (i = 0; r == R_GOOD && i < n; i++)
		r = rollfile_add(root, &lines[i], part);
	if (r == R_GOOD)
		r = rollfile_write(root, path, why);
	json_decref(root);
	return r;
}

static enum result
draw(struct issue *issue, size_t n)
{
	struct rng rng;
	enum result r = rng_system(&rng);
	size_t i;

	for (i = 0; r == R_GOOD && i < n; i++) {
		code_draw(&issue->codes[i], &rng);
		rng_fill(&rng, issue->seeds[i], sizeof issue->seeds[i]);
	}
	rng_wipe(&rng);
	return r;
}

static enum result
issue_codes(struct desk *d, const char *register_path, unsigned part, const char *codes_path,
    const char *out_path, struct why *why)
{
	const struct definition *definition = frozen_definition(mirror_now(&d->w.mirror));
	struct issue issue = { .part = part, .election = &d->w.election };
	struct progress progress;
	struct effort effort = { .progress = progress_step, .ctx = &progress };
	size_t n = 0, i;
	enum result r = register_read(&issue.lines, &n, &d->arena, register_path, definition, why);

	if (r != R_GOOD)
		return r;
	issue.group = definition->group;
	issue.codes = sodium_allocarray(n, sizeof *issue.codes);
	issue.seeds = sodium_allocarray(n, sizeof *issue.seeds);
	issue.arenas = calloc(n, sizeof *issue.arenas);
	r = issue.codes == NULL || issue.seeds == NULL || issue.arenas == NULL ? R_NO_MEMORY
									       : R_GOOD;
	if (r == R_GOOD)
		r = draw(&issue, n);
	progress_start(&progress, "Making credentials");
	if (r == R_GOOD)
		r = par_ranges(&effort, n, 1, issue_range, &issue, NULL);
	progress_end(&progress);
	/* The codes first: a public file without its codes would be of no use. */
	if (r == R_GOOD)
		r = write_codes(&issue, n, codes_path, why);
	if (r == R_GOOD)
		r = write_lines(issue.lines, n, &d->w.election, part, out_path, why);
	if (r == R_GOOD)
		(void)printf("%zu codes are in %s: secret, one for each person, then destroy the "
			     "file\n"
			     "%s is for the organiser\n",
		    n, codes_path, out_path);
	for (i = 0; issue.arenas != NULL && i < n; i++)
		arena_free(&issue.arenas[i]);
	free(issue.arenas);
	sodium_free(issue.codes);
	sodium_free(issue.seeds);
	return r;
}

/* The part that this registrar makes: the only one, or as told. */
static enum result
choose_part(const struct desk *d, const char *text, unsigned *part, struct why *why)
{
	const struct definition *definition = frozen_definition(mirror_now(&d->w.mirror));
	uint64_t value = 1;
	enum result r = R_GOOD;

	if (text != NULL)
		r = command_number(&value, text, 1, definition->code_parts, "--part", why);
	else if (definition->code_parts > 1)
		r = why_set(why, R_BAD_INPUT,
		    "a credential of this election has %" PRIu64
		    " parts; say with --part which is yours",
		    definition->code_parts);
	*part = (unsigned)value;
	return r;
}

static int
run_codes(const struct command *self, int argc, char **argv)
{
	const char *codes = NULL, *out = NULL, *part_text = NULL;
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { "codes", &codes, NULL, NULL },
		{ "out", &out, NULL, NULL }, { "part", &part_text, NULL, NULL },
		{ NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct desk d;
	unsigned part;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n != 1 || codes == NULL || out == NULL)
		return command_usage(self, "a register, --codes and --out are needed");
	r = desk_open(&d, &o, NULL, DESK_VERIFY, &why);
	if (r == R_GOOD && (file_exists(codes) || file_exists(out)))
		r = why_set(&why, R_CONFLICT,
		    "%s exists already\nNothing was overwritten; choose another name",
		    file_exists(codes) ? codes : out);
	if (r == R_GOOD)
		r = choose_part(&d, part_text, &part, &why);
	if (r == R_GOOD)
		r = issue_codes(&d, argv[0], part, codes, out, &why);
	return desk_close(&d, r, &why);
}

/* ---- attest ---- */

/* The line of the register with this name that was not used yet. */
static struct roll_line *
find_person(struct roll_line *lines, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (lines[i].part_count == 0 && strcmp(lines[i].name, name) == 0)
			return &lines[i];
	return NULL;
}

static enum result
attest(struct desk *d, char **requests, size_t n, const char *register_path, const char *out,
    struct why *why)
{
	const struct definition *definition = frozen_definition(mirror_now(&d->w.mirror));
	struct roll_line *people, *person, *lines = calloc(n, sizeof *lines);
	size_t count = 0, i;
	enum result r = lines == NULL
	    ? R_NO_MEMORY
	    : register_read(&people, &count, &d->arena, register_path, definition, why);

	for (i = 0; r == R_GOOD && i < n; i++) {
		r = request_read(&lines[i], &d->arena, requests[i], &d->w.election, definition,
		    why);
		if (r != R_GOOD)
			break;
		person = find_person(people, count, lines[i].name);
		if (person == NULL) {
			r = why_set(why, R_NOT_ON_ROLL,
			    "%s: \"%s\" is not in %s, or has two requests here", requests[i],
			    lines[i].name, register_path);
			break;
		}
		person->part_count = lines[i].part_count;
		lines[i].holdings = person->holdings;
		lines[i].holding_count = person->holding_count;
		lines[i].kind = person->kind;
	}
	if (r == R_GOOD)
		r = write_lines(lines, n, &d->w.election, 1, out, why);
	if (r == R_GOOD)
		(void)printf("%zu keys attested; %s is for the organiser\n", n, out);
	free(lines);
	return r;
}

static int
run_attest(const struct command *self, int argc, char **argv)
{
	const char *register_path = NULL, *out = NULL;
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o),
		{ "register", &register_path, NULL, NULL }, { "out", &out, NULL, NULL },
		{ NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct desk d;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n == 0 || register_path == NULL || out == NULL)
		return command_usage(self, "request files, --register and --out are needed");
	r = desk_open(&d, &o, NULL, DESK_VERIFY, &why);
	if (r == R_GOOD)
		r = attest(&d, argv, (size_t)n, register_path, out, &why);
	return desk_close(&d, r, &why);
}

/* ---- approve ---- */

static int
by_key(const void *x, const void *y)
{
	const struct roll_line *a = x, *b = y;
	size_t n = a->parts[0].key.n < b->parts[0].key.n ? a->parts[0].key.n : b->parts[0].key.n;
	int c = memcmp(a->parts[0].key.p, b->parts[0].key.p, n);

	return c != 0                               ? c
	    : a->parts[0].key.n < b->parts[0].key.n ? -1
						    : a->parts[0].key.n > b->parts[0].key.n;
}

static int
same_person(const struct roll_line *a, const struct roll_line *b)
{
	if (a->kind != b->kind || a->has_name != b->has_name ||
	    a->holding_count != b->holding_count)
		return 0;
	if (a->has_name ? strcmp(a->name, b->name) != 0
			: memcmp(a->commit.b, b->commit.b, sizeof a->commit.b) != 0)
		return 0;
	return a->holding_count == 0 ||
	    memcmp(a->holdings, b->holdings, a->holding_count * sizeof *a->holdings) == 0;
}

/* Every line of the roll must carry our part of one of our people, each once. */
static enum result
compare(struct desk *d, struct roll_line *own, size_t n, unsigned part, struct why *why)
{
	const struct frozen *f = mirror_now(&d->w.mirror);
	const struct definition *definition = frozen_definition(f);
	struct arena arena = { 0 };
	struct blob blob = { 0 };
	struct slice rest;
	uint64_t line_number;
	enum result r = source_blob(mirror_source(&d->w.mirror), &frozen_roll_body(f)->blob, &blob);

	qsort(own, n, sizeof *own, by_key);
	rest = blob.bytes;
	for (line_number = 0; r == R_GOOD && rest.n > 0; line_number++) {
		const uint8_t *end = memchr(rest.p, '\n', rest.n);
		struct slice text = { rest.p, (size_t)(end - rest.p) };
		struct roll_line line = { 0 }, wanted, *mine;

		r = roll_line_read(&line, &arena, text, definition, why);
		if (r != R_GOOD)
			break;
		wanted = line;
		wanted.parts = &line.parts[part - 1];
		mine = bsearch(&wanted, own, n, sizeof *own, by_key);
		if (mine == NULL || mine->part_count == 0 || !same_person(mine, &line))
			r = why_set(why, R_BAD_ROLL,
			    "line %" PRIu64 " of the roll, %s, is not as in your file\nDo not "
			    "approve it; ask the organiser",
			    line_number, line.has_name ? line.name : "with a hidden name");
		else
			mine->part_count = 0;
		rest.p = end + 1;
		rest.n -= text.n + 1;
		arena_free(&arena);
	}
	if (r == R_GOOD && line_number != n)
		r = why_set(why, R_BAD_ROLL,
		    "the roll has %" PRIu64
		    " lines, your file %zu\nDo not approve it; ask the organiser",
		    line_number, n);
	arena_free(&arena);
	blob_release(&blob);
	return r;
}

static enum result
approve(struct desk *d, char **files, size_t n, unsigned part, struct why *why)
{
	const struct frozen *f = mirror_now(&d->w.mirror);
	union record_body body = { 0 };
	struct sign_public public;
	struct sign_key key;
	struct roll_line *own;
	size_t count = 0;
	enum result r;

	if (frozen_roll(f) == NULL)
		return why_set(why, R_STATE, "there is no roll to approve yet");
	r = rollfile_part(&own, &count, &d->arena, files, n, &d->w.election, part, why);
	if (r == R_GOOD)
		r = compare(d, own, count, part, why);
	if (r == R_GOOD)
		r = workspace_key(&d->w, KIND, &public, &key, NULL, why);
	if (r != R_GOOD)
		return r;
	body.approve.record = *frozen_roll_record(f);
	r = mirror_post(&d->w.mirror, RECORD_APPROVE, &body, &key, why);
	sign_key_wipe(&key);
	if (r == R_GOOD)
		(void)printf("the roll of %zu lines is as in your files; approved (%" PRIu64
			     " of %" PRIu64 ")\n",
		    count, frozen_approvals(mirror_now(&d->w.mirror)),
		    frozen_definition(mirror_now(&d->w.mirror))->registrar_quorum);
	return r;
}

static int
run_approve(const struct command *self, int argc, char **argv)
{
	const char *part_text = NULL;
	struct workspace_options o = { 0 };
	struct option_spec options[] = { WORKSPACE_SPECS(o), { "part", &part_text, NULL, NULL },
		{ NULL, NULL, NULL, NULL } };
	struct why why = { 0 };
	struct desk d;
	unsigned part;
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n == 0)
		return command_usage(self,
		    "your own files (from codes, attest) are needed to compare with");
	r = desk_open(&d, &o, NULL, DESK_VERIFY, &why);
	if (r == R_GOOD)
		r = choose_part(&d, part_text, &part, &why);
	if (r == R_GOOD)
		r = approve(&d, argv, (size_t)n, part, &why);
	return desk_close(&d, r, &why);
}

static const struct command commands[] = { { "key", "make a signing key",
					       "registrar key --out FILE [OPTION]...",
					       KEYS_HELP(KIND), run_key },
	{ "codes", "issue credential codes",
	    "registrar codes --dir DIR --codes FILE --out FILE [--part N] REGISTER.csv",
	    "Makes a credential code for each person of a register (CSV, the first row names the\n"
	    "columns, the first column is the name). The codes go to a file that only you can\n"
	    "read; the public keys to a file for the organiser.\n\n" WORKSPACE_HELP_PLACE
	    "\n  --codes FILE            the secret codes: name, part, code\n"
	    "  --out FILE              the public keys\n"
	    "  --part N                which part of the credentials you make\n\n"
	    "Example:\n  tabella registrar codes --dir reg --board http://127.0.0.1:8410 \\\n"
	    "      --election ID --codes codes.csv --out part1.json members.csv",
	    run_codes },
	{ "attest", "attest keys that voters made",
	    "registrar attest --dir DIR --register FILE --out FILE REQUEST...",
	    "Checks the requests that voters have made with \"tabella vote key\", looks their "
	    "names\n"
	    "up in the register and writes the file for the organiser. That the person is who\n"
	    "it claims to be is for you to check.\n\n" WORKSPACE_HELP_PLACE
	    "\n  --register FILE         who may vote (CSV)\n  --out FILE              the public "
	    "keys\n\n"
	    "Example:\n  tabella registrar attest --dir reg --register members.csv --out own.json "
	    "ada.json",
	    run_attest },
	{ "approve", "compare the roll with your files and sign it",
	    "registrar approve --dir DIR [--part N] FILE...",
	    "Compares every line of the roll on the board with your own files (from codes and\n"
	    "attest) and signs it if all is the same: nobody added, nobody left out, no key\n"
	    "replaced.\n\n" WORKSPACE_HELP
	    "\n  --part N                which part of the credentials is yours\n\n"
	    "Example:\n  tabella registrar approve --dir reg --key registrar.key part1.json",
	    run_approve },
	{ NULL, NULL, NULL, NULL, NULL } };

const struct command_role role_registrar = { "registrar", "issue credentials, approve the roll",
	"Attests that a credential belongs to an eligible person, and approves the roll.",
	"  tabella registrar approve --dir reg --key registrar.key part1.json", commands };
