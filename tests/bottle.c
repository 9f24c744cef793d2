/* The board, the keys, signing. */
#include "tests/bottle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bottle_parts.h"

void
bottle_must(struct bottle *b, enum result r, const char *what)
{
	if (r == R_GOOD)
		return;
	(void)fprintf(stderr, "bottle: %s: %s %s: %s\n", what, result_name(r), b->why.check,
	    b->why.text);
	abort();
}

void *
bottle_keep(struct bottle *b, size_t n)
{
	void *p = arena_alloc(&b->arena, n);

	bottle_must(b, p == NULL ? R_NO_MEMORY : R_GOOD, "memory");
	return p;
}

/* ---- the source ---- */

static enum result
give_entries(void *ctx, uint64_t from, uint64_t to, source_each *each, void *arg)
{
	const struct bottle *b = ctx;
	enum result r = R_GOOD;

	for (; from < to && r == R_GOOD; from++) {
		if (from >= b->line_count)
			return R_MISSING_ENTRY;
		r = each(arg, from, b->lines[from]);
	}
	return r;
}

struct bottle_blob *
bottle_find_blob(struct bottle *b, const struct digest *id)
{
	size_t i;

	for (i = 0; i < b->blob_count; i++)
		if (digest_equal(&b->blobs[i].id, id))
			return &b->blobs[i];
	return NULL;
}

static enum result
give_blob(void *ctx, const struct digest *id, struct blob *out)
{
	const struct bottle_blob *blob = bottle_find_blob(ctx, id);

	if (blob == NULL || blob->hidden)
		return R_MISSING_BLOB;
	out->bytes = blob->bytes;
	return R_GOOD;
}

struct digest
bottle_blob(struct bottle *b, struct slice bytes)
{
	struct bottle_blob *blob;
	struct digest id;
	uint8_t *copy;

	sha256(&id, bytes.p, bytes.n);
	if (bottle_find_blob(b, &id) != NULL)
		return id;
	b->blobs = reallocarray(b->blobs, b->blob_count + 1, sizeof *b->blobs);
	bottle_must(b, b->blobs == NULL ? R_NO_MEMORY : R_GOOD, "memory");
	blob = &b->blobs[b->blob_count++];
	copy = bottle_keep(b, bytes.n);
	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	*blob = (struct bottle_blob){ .id = id, .bytes = { copy, bytes.n } };
	return id;
}

/* ---- the board ---- */

void
bottle_line(struct bottle *b, struct buffer *line, struct slice record)
{
	struct record *definition = NULL;
	struct entry entry;

	rules_next(b->rules, &entry);
	if (entry.seq == 0 && record_parse(&definition, NULL, record, NULL) == R_GOOD)
		entry.election = definition->election;
	record_free(definition);
	entry.record = record;
	entry.time = b->clock;
	bottle_must(b, entry_write(line, &entry), "entry");
}

static void
keep_line(struct bottle *b, struct slice line)
{
	uint8_t *copy = bottle_keep(b, line.n);

	memcpy(copy, line.p, line.n);
	b->lines = reallocarray(b->lines, b->line_count + 1, sizeof *b->lines);
	bottle_must(b, b->lines == NULL ? R_NO_MEMORY : R_GOOD, "memory");
	b->lines[b->line_count++] = (struct slice){ copy, line.n };
}

enum result
bottle_append(struct bottle *b, struct slice record)
{
	struct buffer line = { 0 };
	enum result r;

	b->why = (struct why){ .reason = R_GOOD };
	r = b->upstream != NULL ? b->upstream(b->upstream_ctx, b, record) : R_GOOD;
	if (r != R_GOOD)
		return r;
	bottle_line(b, &line, record);
	r = rules_entry(b->rules, buffer_slice(&line), &b->source, NULL, &b->why);
	if (r == R_GOOD) {
		keep_line(b, buffer_slice(&line));
		b->clock++;
	}
	buffer_free(&line);
	return r;
}

enum result
bottle_try(struct bottle *b, struct slice record)
{
	struct rules_place place = { .seq = b->line_count, .time = b->clock };
	struct frozen *frozen = rules_frozen(b->rules);
	struct buffer line = { 0 };
	struct record *parsed = NULL;
	struct check *check = NULL;
	enum record_type type;
	enum result r;

	b->why = (struct why){ .reason = R_GOOD };
	bottle_line(b, &line, record);
	entry_hash(&place.hash, buffer_slice(&line));
	r = record_parse(&parsed, &type, record, &b->why);
	if (r != R_GOOD)
		rules_name_check(&b->why, type, r);
	else {
		r = rules_prepare(&check, frozen, parsed, &b->why);
		if (r != R_GOOD)
			record_free(parsed);
	}
	if (r == R_GOOD) {
		checks_run(&check, 1, &b->source, NULL);
		r = rules_admit(b->rules, check, &place, &b->why);
		rules_undo(b->rules);
	}
	check_free(check);
	frozen_unref(frozen);
	buffer_free(&line);
	return r;
}

void
bottle_truncate(struct bottle *b, size_t lines)
{
	rules_free(b->rules);
	bottle_must(b, rules_new(&b->rules, NULL, RULES_VERIFY), "rules");
	b->line_count = lines;
	bottle_must(b, rules_entries(b->rules, b->lines, lines, &b->source, NULL, NULL, &b->why),
	    "replay");
}

/* ---- keys ---- */

static void
make_role(struct bottle *b, struct bottle_role *role, const char *kind, unsigned number)
{
	uint8_t seed[SIGN_SEED_BYTES];

	rng_fill(&b->rng, seed, sizeof seed);
	sign_key_from_seed(&role->public, &role->key, seed);
	(void)snprintf(role->name, sizeof role->name, "%s %u", kind, number);
}

static void
set_defaults(struct bottle_plan *p)
{
	p->group = p->group == NULL ? "ristretto255" : p->group;
	p->registrars = p->registrars == 0 ? 2 : p->registrars;
	p->registrar_quorum = p->registrar_quorum == 0 ? p->registrars : p->registrar_quorum;
	p->trustees = p->trustees == 0 ? 3 : p->trustees;
	p->threshold = p->threshold == 0 ? 2 : p->threshold;
	p->mixers = p->mixers == 0 ? p->threshold : p->mixers;
	p->code_parts = p->code_parts == 0 ? 1 : p->code_parts;
	p->min_ballots = p->min_ballots == 0 ? 1 : p->min_ballots;
	p->voters = p->voters == 0 ? 3 : p->voters;
}

struct bottle *
bottle_new(const struct bottle_plan *plan)
{
	struct bottle *b = calloc(1, sizeof *b);
	uint8_t seed[32];
	unsigned i;

	if (b == NULL)
		abort();
	b->plan = *plan;
	set_defaults(&b->plan);
	memset(seed, b->plan.seed, sizeof seed);
	rng_seeded(&b->rng, seed);
	b->group = group_by_name(b->plan.group);
	b->clock = 1000;
	b->source = (struct source){ .ctx = b, .entries = give_entries, .blob = give_blob };
	bottle_must(b, rules_new(&b->rules, NULL, RULES_VERIFY), "rules");
	make_role(b, &b->organiser, "organiser", 1);
	make_role(b, &b->board, "board", 1);
	b->registrars = bottle_keep(b, b->plan.registrars * sizeof *b->registrars);
	for (i = 0; i < b->plan.registrars; i++)
		make_role(b, &b->registrars[i], "registrar", i + 1);
	b->trustees = bottle_keep(b, b->plan.trustees * sizeof *b->trustees);
	for (i = 0; i < b->plan.trustees; i++)
		make_role(b, &b->trustees[i].role, "trustee", i + 1);
	b->witnesses = bottle_keep(b, (b->plan.witnesses + 1) * sizeof *b->witnesses);
	for (i = 0; i < b->plan.witnesses; i++) {
		make_role(b, &b->witnesses[i], "witness", i + 1);
		(void)snprintf(b->witnesses[i].name, sizeof b->witnesses[i].name,
		    "witness.example/%u", i + 1);
	}
	return b;
}

void
bottle_free(struct bottle *b)
{
	unsigned i;

	if (b == NULL)
		return;
	for (i = 0; i < b->plan.trustees; i++)
		svec_free(b->trustees[i].share);
	for (i = 0; b->voters != NULL && i < b->plan.voters; i++)
		svec_free(b->voters[i].x);
	rules_free(b->rules);
	arena_free(&b->arena);
	free(b->lines);
	free(b->blobs);
	free(b);
}

/* ---- signing ---- */

const struct bottle_role *
bottle_role(const struct bottle *b, enum role role, unsigned number)
{
	switch (role) {
	case ROLE_REGISTRAR: return &b->registrars[number - 1];
	case ROLE_TRUSTEE: return &b->trustees[number - 1].role;
	case ROLE_BOARD: return &b->board;
	default: return &b->organiser;
	}
}

struct digest
bottle_prev(const struct bottle *b, enum role role, unsigned number)
{
	return *frozen_prev(rules_now(b->rules), role, number);
}

void
bottle_sign(struct bottle *b, struct buffer *out, enum record_type type,
    const union record_body *body, enum role role, unsigned number)
{
	bottle_must(b, record_sign(out, type, body, &bottle_role(b, role, number)->key, &b->why),
	    record_type_name(type));
}

enum result
bottle_post(struct bottle *b, enum record_type type, const union record_body *body, enum role role,
    unsigned number)
{
	struct buffer record = { 0 };
	enum result r;

	bottle_sign(b, &record, type, body, role, number);
	r = bottle_append(b, buffer_slice(&record));
	buffer_free(&record);
	return r;
}
