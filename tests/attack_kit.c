#include "tests/attack_kit.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/schnorr.h"

/* ---- everybody refuses ---- */

/* The entry that would put these bytes next, whether they are canonical or not. */
static void
raw_line(struct bottle *b, struct buffer *line, struct slice record)
{
	char election[BASE64URL_LEN(32) + 1], prev[BASE64URL_LEN(32) + 1];
	struct record *definition = NULL;
	struct entry next;

	rules_next(b->rules, &next);
	if (next.seq == 0 && record_parse(&definition, NULL, record, NULL) == R_GOOD)
		next.election = definition->election;
	record_free(definition);
	(void)base64url_encode(election, next.election.b, 32);
	(void)base64url_encode(prev, next.prev.b, 32);
	buffer_add_string(line, "{\"election\":\"");
	buffer_add_string(line, election);
	buffer_add_string(line, "\",\"prev\":\"");
	buffer_add_string(line, prev);
	buffer_add_string(line, "\",\"record\":");
	buffer_add(line, record.p, record.n);
	buffer_add_string(line, ",\"seq\":");
	buffer_add_u64(line, next.seq);
	buffer_add_string(line, ",\"time\":");
	buffer_add_u64(line, b->clock);
	buffer_add_string(line, "}");
	bottle_must(b, buffer_result(line), "memory");
}

static void
expect(const char *who, enum result r, const struct why *why, const char *check, enum result reason)
{
	if (r != reason || strcmp(why->check, check) != 0)
		ck_abort_msg("%s: %s %s (%s), not %s %s", who, why->check, result_name(r),
		    why->text, check, result_name(reason));
}

/* As a board takes it. The line's own faults are not for it to see. */
static void
post(struct bottle *b, struct slice bytes, const char *check, enum result reason)
{
	struct frozen *frozen = rules_frozen(b->rules);
	struct check *c = NULL;
	struct record *record;
	enum record_type type;
	struct rules_place place = { .seq = rules_size(b->rules), .time = b->clock };
	struct why why = { .reason = R_GOOD };
	enum result r = record_parse(&record, &type, bytes, &why);

	if (r != R_GOOD)
		rules_name_check(&why, type, r);
	else {
		r = rules_prepare(&c, frozen, record, &why);
		if (r != R_GOOD)
			record_free(record);
	}
	if (r == R_GOOD) {
		checks_run(&c, 1, &b->source, NULL);
		r = rules_admit(b->rules, c, &place, &why);
		if (r == R_GOOD)
			rules_undo(b->rules);
		check_free(c);
	}
	frozen_unref(frozen);
	expect("as a board", r, &why, strcmp(check, "V004") == 0 ? why.check : check, reason);
}

/* In an archive: the board's entries, this one last. */
static void
publish(struct bottle *b, const struct slice *lines, size_t n, const char *check,
    enum result reason)
{
	char *folder = bottle_folder(), *path = bottle_path(folder, "archive");
	struct bottle_files files = { .lines = lines, .line_count = n, .result = slice_of("{}") };
	struct archive_expect wanted = { .partial = 1 };
	struct archive_report report;
	struct buffer note = { 0 };
	struct why why = { .reason = R_GOOD };
	enum result r;

	if (frozen_election(rules_now(b->rules)) != NULL) {
		wanted.election = frozen_election(rules_now(b->rules));
		bottle_checkpoint(b, &note, lines, n);
	}
	files.checkpoint = note.n > 0 ? buffer_slice(&note) : slice_of("none");
	bottle_write(b, path, &files, 0);
	r = archive_verify(&report, path, &wanted, NULL, &why);
	expect("in an archive", r, &why, check, reason);
	ck_assert_uint_eq(archive_report_count(&report, ARCHIVE_FAILED), 1);
	archive_report_free(&report);
	bottle_remove(folder);
	buffer_free(&note);
	free(path);
	free(folder);
}

void
attack(struct bottle *b, struct slice record, const char *check, enum result reason)
{
	struct buffer line = { 0 };
	struct slice *lines = calloc(b->line_count + 1, sizeof *lines);
	struct why why = { .reason = R_GOOD };
	uint64_t size = rules_size(b->rules);
	enum result r;

	ck_assert_ptr_nonnull(lines);
	raw_line(b, &line, record);
	r = rules_entry(b->rules, buffer_slice(&line), &b->source, NULL, &why);
	expect("as an entry", r, &why, check, reason);
	ck_assert_uint_eq(rules_size(b->rules), size);
	post(b, record, check, reason);
	if (b->line_count > 0)
		memcpy(lines, b->lines, b->line_count * sizeof *lines);
	lines[b->line_count] = buffer_slice(&line);
	publish(b, lines, b->line_count + 1, check, reason);
	free(lines);
	buffer_free(&line);
}

void
attack_body(struct bottle *b, enum record_type type, const union record_body *body, enum role role,
    unsigned number, const char *check, enum result reason)
{
	struct buffer record = { 0 };

	bottle_sign(b, &record, type, body, role, number);
	attack(b, buffer_slice(&record), check, reason);
	buffer_free(&record);
}

void
attack_lines(struct bottle *b, const struct slice *lines, size_t n, const char *check,
    enum result reason)
{
	publish(b, lines, n, check, reason);
}

/* ---- ballots in parts ---- */

void
ballot_parts_new(struct ballot_parts *p, struct bottle *b, unsigned voter,
    const struct bottle_answer *answers, size_t n)
{
	const size_t scalar = group_scalar_bytes(b->group), element = group_element_bytes(b->group);
	struct ballot_draft *draft = bottle_draft(b, voter, answers, n);
	struct slice r = ballot_draft_audit(draft);
	struct svec *part = NULL;
	struct gvec *g = NULL, *one = NULL;
	size_t i, k, cts = r.n / scalar, at = 1;

	p->place = bottle_place(b, voter, &p->prev);
	bottle_must(b, record_parse_body(&p->body, ballot_draft_body(draft), &b->why), "body");
	bottle_must(b, svec_new(&p->secret, b->group, 1 + cts), "secret");
	svec_copy(p->secret, 0, b->voters[voter].x, 0, 1);
	bottle_must(b, svec_slice(&part, p->secret, 1, cts), "secret");
	bottle_must(b, svec_decode(part, r.p, scalar, NULL), "secret");
	bottle_must(b, gvec_new(&p->X, b->group, 1 + cts), "X");
	bottle_must(b, gvec_new(&g, b->group, 1), "X");
	bottle_must(b, gvec_decode(g, p->place.X.p, element, DECODE_NO_IDENTITY, NULL, NULL), "X");
	gvec_copy(p->X, 0, g, 0, 1);
	for (i = 0; i < p->body->of.ballot.answer_count; i++) {
		struct slice *c = &p->body->of.ballot.answers[i].cts;

		c->p = attack_copy(b, *c);
		for (k = 0; k < c->n; k += 2 * element, at++) {
			bottle_must(b, gvec_slice(&one, p->X, at, 1), "a");
			bottle_must(b,
			    gvec_decode(one, c->p + k, element, DECODE_NO_IDENTITY, NULL, NULL),
			    "a");
			gvec_free(one);
		}
	}
	gvec_free(g);
	svec_free(part);
	ballot_draft_free(draft);
}

void
ballot_parts_free(struct ballot_parts *p)
{
	record_free(p->body);
	svec_free(p->secret);
	gvec_free(p->X);
}

void
ballot_parts_body(const struct ballot_parts *p, struct buffer *body)
{
	ck_assert_uint_eq(record_write_body(body, RECORD_BALLOT, &p->body->of, NULL), R_GOOD);
}

void
ballot_parts_cast(struct ballot_parts *p, struct bottle *b, struct buffer *out)
{
	struct slice proof = { NULL, schnorr_proof_bytes(b->group, gvec_len(p->X)) };
	uint8_t *bytes = calloc(1, proof.n);
	struct buffer body = { 0 };
	struct transcript t;

	ck_assert_ptr_nonnull(bytes);
	ballot_parts_body(p, &body);
	ballot_transcript(&t, &p->place, buffer_slice(&body));
	bottle_must(b, schnorr_prove(bytes, &t, p->X, p->secret, &b->rng), "proof");
	proof.p = bytes;
	bottle_must(b, record_write_voter(out, buffer_slice(&body), p->place.X, proof, &b->why),
	    "ballot");
	buffer_free(&body);
	free(bytes);
}

/* ---- bytes ---- */

uint8_t *
attack_copy(struct bottle *b, struct slice bytes)
{
	uint8_t *copy = arena_alloc(&b->arena, bytes.n + 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes.p, bytes.n);
	return copy;
}

void
attack_replace(struct buffer *out, struct slice record, const char *from, const char *to)
{
	const uint8_t *at = memmem(record.p, record.n, from, strlen(from));
	size_t before;

	ck_assert_msg(at != NULL, "%s", from);
	before = (size_t)(at - record.p);
	buffer_add(out, record.p, before);
	buffer_add_string(out, to);
	buffer_add(out, at + strlen(from), record.n - before - strlen(from));
	ck_assert_uint_eq(buffer_result(out), R_GOOD);
}
