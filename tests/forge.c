#include "tests/forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/schnorr.h"
#include "tests/tree.h"

static void
must_be(int good, const char *what)
{
	if (!good) {
		(void)fprintf(stderr, "forge: %s\n", what);
		abort();
	}
}

/* ---- the honest board ---- */

struct forge *
forge_new(struct small *s)
{
	struct forge *f = calloc(1, sizeof *f);
	const struct bottle *b = s->b;
	struct entry entry;
	size_t i;

	must_be(f != NULL, "memory");
	f->s = s;
	f->n = b->line_count;
	f->record = calloc(f->n, sizeof *f->record);
	f->record_hash = calloc(f->n, sizeof *f->record_hash);
	f->entry_hash = calloc(f->n, sizeof *f->entry_hash);
	f->time = calloc(f->n, sizeof *f->time);
	f->snapshot = calloc(f->n + 1, sizeof *f->snapshot);
	must_be(f->record != NULL && f->record_hash != NULL && f->entry_hash != NULL &&
		f->time != NULL && f->snapshot != NULL,
	    "memory");
	for (i = 0; i < f->n; i++) {
		must_be(entry_read(&entry, b->lines[i], NULL) == R_GOOD, "entry");
		f->record[i] = entry.record;
		f->time[i] = entry.time;
		sha256(&f->record_hash[i], entry.record.p, entry.record.n);
		entry_hash(&f->entry_hash[i], b->lines[i]);
	}
	must_be(rules_new(&f->rules, frozen_election(rules_now(b->rules)), RULES_VERIFY) == R_GOOD,
	    "rules");
	f->snapshot[0] = rules_frozen(f->rules);
	return f;
}

void
forge_free(struct forge *f)
{
	size_t i;

	for (i = 0; i <= f->n; i++)
		frozen_unref(f->snapshot[i]);
	rules_free(f->rules);
	free(f->record);
	free(f->record_hash);
	free(f->entry_hash);
	free(f->time);
	free(f->snapshot);
	free(f);
}

void
forge_go(struct forge *f, size_t k)
{
	struct bottle *b = f->s->b;
	size_t i;

	for (i = rules_size(f->rules); i < k; i++) {
		must_be(rules_entry(f->rules, b->lines[i], &b->source, NULL, NULL) == R_GOOD,
		    "an honest entry is refused");
		f->snapshot[i + 1] = rules_frozen(f->rules);
	}
	must_be(rules_size(f->rules) == k, "the way back is closed");
}

/* ---- signing ---- */

static void
add_b64(struct buffer *out, const uint8_t *bytes, size_t n)
{
	char *text = malloc(BASE64URL_LEN(n) + 1);

	must_be(text != NULL, "memory");
	(void)base64url_encode(text, bytes, n);
	buffer_add_string(out, text);
	free(text);
}

/* The elements that a voter's proof is about: X, and the a of every ciphertext; NULL if they do not
 * decode or are not as many as the secrets. */
static struct gvec *
statement(const struct bottle *b, const struct record *record, const struct small_secret *secret,
    struct slice X)
{
	const size_t element = group_element_bytes(b->group), n = svec_len(secret->secret);
	uint8_t *bytes = calloc(n, element);
	struct gvec *v = NULL;
	size_t at = 0, i, k;

	must_be(bytes != NULL && gvec_new(&v, b->group, n) == R_GOOD, "memory");
	memcpy(bytes + at++ * element, X.p, element);
	for (i = 0; record->type == RECORD_BALLOT && i < record->of.ballot.answer_count; i++) {
		const struct slice cts = record->of.ballot.answers[i].cts;

		for (k = 0; k + 2 * element <= cts.n; k += 2 * element, at++)
			if (at < n)
				memcpy(bytes + at * element, cts.p + k, element);
	}
	if (at != n || gvec_decode(v, bytes, element, DECODE_NO_IDENTITY, NULL, NULL) != R_GOOD) {
		gvec_free(v);
		v = NULL;
	}
	free(bytes);
	return v;
}

/* Prove a voter's body: 1, or 0 if there is nothing to prove it with. */
static int
prove(const struct forge *f, struct buffer *out, const struct small_secret *secret,
    struct slice body)
{
	struct bottle *b = f->s->b;
	const struct bottle_voter *voter = &b->voters[secret->number];
	struct record *record = NULL;
	struct gvec *X = NULL;
	struct transcript p;
	struct ballot_place place = { .group = b->group,
		.election = frozen_election(rules_now(b->rules)),
		.y = frozen_key_bytes(rules_now(b->rules)),
		.X = { voter->X, group_element_bytes(b->group) } };
	uint8_t *proof;
	int done = 0;

	if (record_parse_body(&record, body, NULL) != R_GOOD)
		return 0;
	place.prev = &record->prev;
	if (record->type == RECORD_BALLOT) {
		place.line = record->of.ballot.line;
		place.open = &record->of.ballot.open;
		ballot_transcript(&p, &place, body);
	} else if (record->type == RECORD_CHALLENGED) {
		place.line = record->of.challenged.line;
		place.open = &record->of.challenged.open;
		ballot_other_transcript(&p, &place, body);
	} else
		goto out;
	X = statement(b, record, secret, place.X);
	if (X == NULL)
		goto out;
	proof = malloc(schnorr_proof_bytes(b->group, gvec_len(X)));
	must_be(proof != NULL && schnorr_prove(proof, &p, X, secret->secret, &b->rng) == R_GOOD,
	    "proof");
	add_b64(out, proof, schnorr_proof_bytes(b->group, gvec_len(X)));
	free(proof);
	done = 1;
out:
	gvec_free(X);
	record_free(record);
	return done;
}

void
forge_sign(const struct forge *f, struct buffer *out, size_t who, struct slice body,
    struct slice by, struct slice old)
{
	const struct small_secret *secret = &f->s->secrets[who];
	struct signature sig;

	buffer_add_string(out, "{\"body\":");
	buffer_add(out, body.p, body.n);
	buffer_add_string(out, ",\"by\":");
	buffer_add(out, by.p, by.n);
	if (secret->role == ROLE_VOTER) {
		buffer_add_string(out, ",\"proof\":\"");
		if (!prove(f, out, secret, body))
			buffer_add(out, old.p + 1, old.n - 2);
	} else {
		const struct bottle_role *role = bottle_role(f->s->b, secret->role, secret->number);

		must_be(sign_make(&sig, &role->key, "tabella/1 record", body) == R_GOOD, "sign");
		buffer_add_string(out, ",\"sig\":\"");
		add_b64(out, sig.b, sizeof sig.b);
	}
	buffer_add_string(out, "\"}");
	must_be(buffer_result(out) == R_GOOD, "memory");
}

/* ---- a new board ---- */

static void
text_of(char text[44], const struct digest *d)
{
	(void)base64url_encode(text, d->b, sizeof d->b);
}

static void
add_change(struct forgery *y, const struct digest *from, const struct digest *to)
{
	if (digest_equal(from, to))
		return;
	y->change = reallocarray(y->change, y->changes + 1, sizeof *y->change);
	must_be(y->change != NULL, "memory");
	text_of(y->change[y->changes].from, from);
	text_of(y->change[y->changes].to, to);
	y->changes++;
}

void
forgery_start(const struct forge *f, struct forgery *y, size_t k, size_t who)
{
	*y = (struct forgery){ .k = k, .who = who, .time = k == 0 ? 0 : f->time[k - 1] };
	if (k > 0)
		y->prev = f->entry_hash[k - 1];
	y->room = f->n - k + 8;
	y->line = calloc(y->room, sizeof *y->line);
	must_be(y->line != NULL, "memory");
}

void
forgery_free(struct forgery *y)
{
	arena_free(&y->arena);
	free(y->line);
	free(y->change);
}

void
forgery_add_line(const struct forge *f, struct forgery *y, size_t old, struct slice line,
    uint64_t time)
{
	uint8_t *copy = arena_alloc(&y->arena, line.n);

	must_be(copy != NULL && y->n < y->room, "memory");
	memcpy(copy, line.p, line.n);
	y->line[y->n++] = (struct slice){ copy, line.n };
	y->time = time > y->time ? time : y->time;
	entry_hash(&y->prev, line);
	if (old != SIZE_MAX)
		add_change(y, &f->entry_hash[old], &y->prev);
}

void
forgery_add(const struct forge *f, struct forgery *y, size_t old, struct slice record,
    uint64_t time)
{
	const struct digest *election = frozen_election(rules_now(f->s->b->rules));
	struct buffer line = { 0 };
	struct digest hash;

	buffer_add_string(&line, "{\"election\":\"");
	add_b64(&line, election->b, 32);
	buffer_add_string(&line, "\",\"prev\":\"");
	add_b64(&line, y->prev.b, 32);
	buffer_add_string(&line, "\",\"record\":");
	buffer_add(&line, record.p, record.n);
	buffer_add_string(&line, ",\"seq\":");
	buffer_add_u64(&line, y->k + y->n);
	buffer_add_string(&line, ",\"time\":");
	buffer_add_u64(&line, time > y->time ? time : y->time);
	buffer_add_string(&line, "}");
	must_be(buffer_result(&line) == R_GOOD, "memory");
	forgery_add_line(f, y, old, buffer_slice(&line), time);
	if (old != SIZE_MAX) {
		sha256(&hash, record.p, record.n);
		add_change(y, &f->record_hash[old], &hash);
	}
	buffer_free(&line);
}

/* Does the author of entry i take part? The organiser and the board always do. */
static int
is_attacker(const struct forge *f, const struct forgery *y, size_t i)
{
	const struct small_secret *a = &f->s->secrets[i], *b = &f->s->secrets[y->who];

	return a->role == ROLE_ORGANISER || a->role == ROLE_BOARD ||
	    (a->role == b->role && a->number == b->number);
}

/* Put the new hashes in place of the old ones; returns 1 if there were any. */
static int
replace(const struct forgery *y, struct buffer *text)
{
	int found = 0;
	size_t at, i;

	for (at = 0; at + 45 <= text->n; at++) {
		if (text->p[at] != '"' || text->p[at + 44] != '"')
			continue;
		for (i = y->changes; i > 0; i--)
			if (memcmp(text->p + at + 1, y->change[i - 1].from, 43) == 0) {
				memcpy(text->p + at + 1, y->change[i - 1].to, 43);
				found = 1;
				break;
			}
		at += 43;
	}
	return found;
}

/* Let `upto` name the last entry so far. */
static void
point(const struct forgery *y, struct buffer *body)
{
	static const char *const paths[] = { "close.upto.hash", "result.upto.hash" };
	const struct node *hash = NULL;
	struct buffer text = { 0 };
	struct tree tree;
	char digits[44];
	size_t i;

	tree_read(&tree, buffer_slice(body));
	for (i = 0; i < 2 && hash == NULL; i++)
		hash = tree_find(&tree, paths[i]);
	if (hash != NULL) {
		text_of(digits, &y->prev);
		buffer_add(&text, body->p, hash->from + 1);
		buffer_add_string(&text, digits);
		buffer_add_string(&text, "\",\"seq\":");
		buffer_add_u64(&text, y->k + y->n - 1);
		buffer_add(&text, body->p + tree.node[hash->next].to,
		    body->n - tree.node[hash->next].to);
		buffer_clear(body);
		buffer_add(body, text.p, text.n);
		must_be(buffer_result(body) == R_GOOD && buffer_result(&text) == R_GOOD, "memory");
	}
	tree_free(&tree);
	buffer_free(&text);
}

void
forgery_take(const struct forge *f, struct forgery *y, size_t i)
{
	struct buffer text = { 0 }, record = { 0 };
	const struct node *body, *by;
	struct tree tree;

	tree_read(&tree, f->record[i]);
	body = tree_find(&tree, "body");
	by = tree_find(&tree, "by");
	buffer_add(&text, f->record[i].p + body->from, body->to - body->from);
	must_be(buffer_result(&text) == R_GOOD, "memory");
	if (is_attacker(f, y, i) && replace(y, &text)) {
		point(y, &text);
		forge_sign(f, &record, i, buffer_slice(&text), tree_bytes(&tree, by),
		    tree_bytes(&tree, &tree.node[by->next]));
		forgery_add(f, y, i, buffer_slice(&record), f->time[i]);
	} else
		forgery_add(f, y, i, f->record[i], f->time[i]);
	tree_free(&tree);
	buffer_free(&text);
	buffer_free(&record);
}

void
forgery_drop(const struct forge *f, struct forgery *y, size_t i)
{
	struct record *record;

	must_be(record_parse(&record, NULL, f->record[i], NULL) == R_GOOD, "record");
	add_change(y, &f->record_hash[i], &record->prev);
	record_free(record);
}

/* ---- judging ---- */

/* Let the bottle's source give the new board; returns the honest lines. */
static struct slice *
exchange(struct forge *f, const struct forgery *y)
{
	struct bottle *b = f->s->b;
	struct slice *honest = b->lines, *lines = calloc(y->k + y->n, sizeof *lines);
	size_t i;

	must_be(lines != NULL, "memory");
	for (i = 0; i < y->k + y->n; i++)
		lines[i] = i < y->k ? honest[i] : y->line[i - y->k];
	b->lines = lines;
	b->line_count = y->k + y->n;
	return honest;
}

static void
exchange_back(struct forge *f, struct slice *honest)
{
	free(f->s->b->lines);
	f->s->b->lines = honest;
	f->s->b->line_count = f->n;
}

struct verdict
forgery_judge(struct forge *f, const struct forgery *y, size_t from)
{
	struct slice *honest = exchange(f, y);
	struct verdict v = { .at = -1 };
	struct why why = { .reason = R_GOOD };
	size_t done = 0;

	v.reason = rules_entries(f->rules, y->line + from, y->n - from, &f->s->b->source, NULL,
	    &done, &why);
	memcpy(v.check, why.check, sizeof v.check);
	if (v.reason != R_GOOD)
		v.at = (int)(y->k + from + done);
	exchange_back(f, honest);
	return v;
}

void
forgery_write(struct forge *f, const struct forgery *y, const char *path)
{
	struct bottle *b = f->s->b;
	const int followed = rules_size(f->rules) == y->k + y->n;
	struct buffer note = { 0 }, result = { 0 };
	struct slice *honest = NULL;

	if (followed)
		honest = exchange(f, y);
	bottle_must(b,
	    frozen_results(rules_now(followed ? f->rules : b->rules), &b->source, &result, NULL,
		&b->why),
	    "result");
	if (!followed)
		honest = exchange(f, y);
	bottle_checkpoint(b, &note, b->lines, b->line_count);
	bottle_write(b, path,
	    &(struct bottle_files){ .lines = b->lines,
		.line_count = b->line_count,
		.checkpoint = buffer_slice(&note),
		.result = buffer_slice(&result) },
	    0);
	exchange_back(f, honest);
	buffer_free(&note);
	buffer_free(&result);
}

struct verdict
forge_verify(struct forge *f, const char *path, int head)
{
	struct bottle *b = f->s->b;
	struct verdict v = { .at = -1 };
	struct archive_expect expect = { .election = frozen_election(rules_now(b->rules)) };
	struct buffer honest = { 0 };
	struct archive_report report;
	struct why why = { .reason = R_GOOD };

	bottle_checkpoint(b, &honest, b->lines, b->line_count);
	if (head)
		expect.head = buffer_slice(&honest);
	v.reason = archive_verify(&report, path, &expect, NULL, &why);
	memcpy(v.check, why.check, sizeof v.check);
	archive_report_free(&report);
	buffer_free(&honest);
	return v;
}

struct verdict
forgery_archive(struct forge *f, const struct forgery *y, int head)
{
	char *folder = bottle_folder(), *path = bottle_path(folder, "forged");
	struct verdict v;

	forgery_write(f, y, path);
	v = forge_verify(f, path, head);
	bottle_remove(folder);
	free(path);
	free(folder);
	return v;
}
