/* Whole ballots: one item, one ciphertext. */
#include <stdlib.h>

#include "ballots/ballot.h"
#include "ballots/rules.h"
#include "crypto/buffer.h"
#include "tests/bench/bench.h"
#include "tests/bottle.h"

struct ballots {
	struct bottle *bottle;
	struct frozen *frozen;
	struct buffer *bytes;  /* n records */
	struct check **checks; /* n, prepared */
};

/* An election of so many voters that is open for voting. */
static struct ballots *
open_election(struct bench *b, unsigned voters)
{
	const struct bottle_plan plan = { .group = group_name(b->group), .voters = voters };
	struct ballots *x = bench_memory(1, sizeof *x);

	x->bottle = bottle_new(&plan);
	bottle_to_voting(x->bottle, COUNT_PLURALITY, 3);
	x->frozen = rules_frozen(x->bottle->rules);
	b->data = x;
	return x;
}

static const struct bottle_answer answer = { 1, "2" };

static void
make_encrypt(struct bench *b)
{
	(void)open_election(b, 1);
}

/* As client/vote.c does it: draw, encrypt, prove, sign. */
static void
run_encrypt(struct bench *b)
{
	struct ballots *x = b->data;
	struct item_status item;
	struct choice choice;
	struct digest prev;
	const struct ballot_place place = bottle_place(x->bottle, 0, &prev);
	size_t i;

	bench_must(frozen_item(rules_now(x->bottle->rules), answer.item, &item), "item");
	for (i = 0; i < b->n; i++) {
		struct ballot_answer given = { item.item, item.hash, &choice };
		struct ballot_draft *draft;
		struct buffer record = { 0 };
		struct rng rng;

		bench_must(choice_parse(&choice, (enum choice_type)item.item->choice,
			       (unsigned)item.item->option_count, answer.choice, NULL),
		    "choice");
		bench_must(rng_system(&rng), "random bytes");
		bench_must(ballot_draft_new(&draft, &place, &given, 1, &rng, NULL), "draft");
		bench_must(ballot_draft_cast(&record, draft, x->bottle->voters[0].x, &rng, NULL),
		    "cast");
		rng_wipe(&rng);
		ballot_draft_free(draft);
		buffer_free(&record);
	}
}

static void
make_records(struct bench *b)
{
	struct ballots *x = open_election(b, (unsigned)b->n);
	size_t i;

	x->bytes = bench_memory(b->n, sizeof *x->bytes);
	x->checks = bench_memory(b->n, sizeof(struct check *));
	for (i = 0; i < b->n; i++)
		bottle_ballot(x->bottle, &x->bytes[i], (unsigned)i, &answer, 1);
}

/* Bytes to what can be checked. */
static void
run_read(struct bench *b)
{
	struct ballots *x = b->data;
	struct record *record;
	size_t i;

	for (i = 0; i < b->n; i++) {
		check_free(x->checks[i]);
		x->checks[i] = NULL;
		bench_must(record_parse(&record, NULL, buffer_slice(&x->bytes[i]), NULL), "parse");
		bench_must(rules_prepare(&x->checks[i], x->frozen, record, NULL), "prepare");
	}
}

static void
make_checks(struct bench *b)
{
	make_records(b);
	run_read(b);
}

static void
run_verify(struct bench *b)
{
	struct ballots *x = b->data;
	size_t i;

	checks_run(x->checks, b->n, &x->bottle->source, &b->effort);
	for (i = 0; i < b->n; i++)
		bench_must(check_verdict(x->checks[i], NULL), "ballot");
}

static void
end(struct bench *b)
{
	struct ballots *x = b->data;
	size_t i;

	for (i = 0; i < b->n && x->bytes != NULL; i++) {
		check_free(x->checks[i]);
		buffer_free(&x->bytes[i]);
	}
	free(x->bytes);
	free(x->checks);
	frozen_unref(x->frozen);
	bottle_free(x->bottle);
	free(x);
}

/* (E1), (K1) for the credential and each ciphertext. */
static struct work
work_encrypt(const struct bench *b)
{
	const double w = (double)b->width;

	return (struct work){ .base = w + 1 + w, .power = w, .add = w };
}

static struct least
least_encrypt(const struct bench *b)
{
	return least_times(3 * (double)b->width + 1,
	    least_sum(least_pow_fixed(b->group), least_encode_double(b->group, 3 * b->width + 1)));
}

/* (K4) for the credential and each ciphertext; the b are only decoded. */
static struct work
work_verify(const struct bench *b)
{
	const double w = (double)b->width;

	return (struct work){ .base = 1 + w,
		.challenge = 1 + w,
		.add = 1 + w,
		.decode = w,
		.member = 2 + 2 * w };
}

static struct least
least_verify(const struct bench *b)
{
	const struct group *g = b->group;
	const size_t equations = b->n * (1 + b->width);
	const unsigned challenge = bench_is_curve(g) ? least_order_bits(g) : 256 + SMALL_BITS;
	struct least l = least_sum(least_multipow(g, equations, challenge),
	    least_multipow(g, equations, SMALL_BITS));

	return least_sum(least_times(1 + (double)b->width, l),
	    least_times(2 + 3 * (double)b->width, least_decode(g)));
}

/* clang-format off */
const struct row rows_ballot[] = {
	{ "ballot-encrypt", SIZES_BALLOT, make_encrypt, run_encrypt, end, work_encrypt, least_encrypt, NULL, NULL },
	{ "ballot-read", SIZES_BATCH, make_records, run_read, end, NULL, NULL, NULL, NULL },
	{ "ballot-verify", SIZES_BATCH, make_checks, run_verify, end, work_verify, least_verify, NULL, NULL },
	{ .name = NULL },
};
/* clang-format on */
