/*
 * rogue: a trustee that does not keep the rules. It works in the folder of a trustee
 * (tabella trustee run, not running now) with its key, follows the board and posts one
 * record, honest or spoilt:
 *
 *	rogue FOLDER commit|deal|confirm	honest
 *	rogue FOLDER deal-bad PEER		the share for PEER does not open
 *	rogue FOLDER complain DEALER
 *	rogue FOLDER ready ITEM
 *	rogue FOLDER mix ITEM | mix-bad ITEM	a proof with a bit changed
 *	rogue FOLDER mix-noop ITEM		the output is the input
 *	rogue FOLDER decrypt ITEM | decrypt-bad ITEM
 *						the first factor is another element
 *
 * Prints the reason that comes back; exits with 0 if that is GOOD, else 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/keys.h"
#include "client/tally.h"
#include "client/terminal.h"
#include "crypto/dleq.h"
#include "crypto/elgamal.h"
#include "crypto/keygen.h"
#include "crypto/mem.h"
#include "crypto/rng.h"
#include "crypto/shuffle.h"

struct rogue {
	struct workspace w;
	struct tally tally;
	struct why why;
	uint64_t number; /* the last argument */
	int bad;
};

static enum result
upload(struct rogue *x, const uint8_t *bytes, size_t n, struct digest *id)
{
	return mirror_upload(&x->w.mirror, (struct slice){ bytes, n }, id, &x->tally.key, &x->why);
}

static enum result
post(struct rogue *x, enum record_type type, union record_body *body)
{
	return mirror_post(&x->w.mirror, type, body, &x->tally.key, &x->why);
}

/* The seed of the attempt as tally_keygen.c keeps it. */
static enum result
open_secret(struct rogue *x, struct keygen_secret **out, const struct keygen_attempt *a)
{
	struct secret text = { 0 }, seed = { 0 };
	char name[64], *path;
	enum result r;

	(void)snprintf(name, sizeof name, "keygen-%u.sealed", (unsigned)a->attempt);
	path = workspace_path(&x->w, name);
	r = file_read_secret(&text, path, &x->why);
	if (r == R_GOOD)
		r = keys_unseal(&seed, (struct slice){ text.p, text.n }, "keygen-seed",
		    (struct slice){ NULL, 0 }, path, &x->why);
	if (r == R_GOOD)
		r = keygen_secret_new(out, a, x->tally.number, seed.p);
	secret_free(&seed);
	secret_free(&text);
	free(path);
	return r;
}

static enum result
honest_keygen(struct rogue *x, enum duty_kind kind)
{
	struct duty duty = { .kind = kind };

	return tally_keygen(&x->tally, &duty, &x->why);
}

static enum result
do_commit(struct rogue *x)
{
	return honest_keygen(x, DUTY_KEYGEN_COMMIT);
}

static enum result
do_confirm(struct rogue *x)
{
	return honest_keygen(x, DUTY_KEYGEN_CONFIRM);
}

static enum result
do_deal(struct rogue *x)
{
	union record_body body = { 0 };
	struct keygen_secret *secret = NULL;
	uint8_t A[4096], proof[2048], shares[65536];
	struct keygen_commit commits[DEFINITION_TRUSTEES_MAX];
	struct keygen_status k;
	size_t key, share, i, own = 0;
	enum result r;

	if (!x->bad)
		return honest_keygen(x, DUTY_KEYGEN_DEAL);
	r = frozen_keygen(mirror_now(&x->w.mirror), &k);
	if (r == R_GOOD)
		r = open_secret(x, &secret, &k.attempt);
	/* Too early, somebody's commit may be missing: our own stands in for it. */
	for (i = 0; r == R_GOOD && i < k.attempt.count; i++)
		if (k.attempt.participants[i] == x->tally.number)
			own = i;
	for (i = 0; r == R_GOOD && i < k.attempt.count; i++)
		commits[i] = k.commits[k.commits[i].receive.n > 0 ? i : own];
	if (r == R_GOOD)
		r = keygen_make_deal(A, proof, shares, &k.attempt, commits, secret);
	keygen_secret_free(secret);
	if (r != R_GOOD)
		return r;
	key = keygen_key_bytes(k.attempt.group);
	share = keygen_share_bytes(k.attempt.group);
	for (i = 0; i < k.attempt.count; i++)
		if (k.attempt.participants[i] == x->number)
			shares[(i + 1) * share - 1] ^= 1;
	body.keygen_deal.attempt = k.attempt.attempt;
	body.keygen_deal.commitments = (struct slice){ A, k.attempt.threshold * key };
	body.keygen_deal.proof = (struct slice){ proof, keygen_proof_bytes(k.attempt.group) };
	body.keygen_deal.shares = (struct slice){ shares, k.attempt.count * share };
	return post(x, RECORD_KEYGEN_DEAL, &body);
}

static enum result
do_complain(struct rogue *x)
{
	union record_body body = { 0 };
	struct keygen_secret *secret = NULL;
	struct keygen_status k;
	uint8_t rho[1024];
	enum result r = frozen_keygen(mirror_now(&x->w.mirror), &k);

	if (r == R_GOOD)
		r = open_secret(x, &secret, &k.attempt);
	if (r == R_GOOD) {
		keygen_complaint(rho, secret);
		body.keygen_complain.attempt = k.attempt.attempt;
		body.keygen_complain.dealer = x->number;
		body.keygen_complain.rho =
		    (struct slice){ rho, keygen_secret_bytes(k.attempt.group) };
		r = post(x, RECORD_KEYGEN_COMPLAIN, &body);
	}
	keygen_secret_free(secret);
	return r;
}

static enum result
do_ready(struct rogue *x)
{
	struct duty duty = { .kind = DUTY_READY, .item = x->number };

	return tally_do(&x->tally, &duty, &x->why);
}

enum mix_kind { MIX_GOOD, MIX_BAD, MIX_NOOP };

static enum result
mix(struct rogue *x, enum mix_kind kind)
{
	const struct frozen *f = mirror_now(&x->w.mirror);
	const struct group *g = frozen_definition(f)->group;
	union record_body body = { 0 };
	struct shuffle_statement s = { .group = g };
	struct item_status item;
	struct list list = { 0 };
	uint8_t *output = NULL, *proof = NULL;
	size_t output_n = 0, proof_n = 0;
	struct rng rng;
	enum result r = frozen_item(f, x->number, &item);

	if (r == R_GOOD)
		r = frozen_current_list(f, x->number, mirror_source(&x->w.mirror), &list, &x->why);
	if (r == R_GOOD)
		r = rng_system(&rng);
	if (r == R_GOOD) {
		s.close = item.close;
		s.item = x->number;
		s.ordinal = item.mixes + 1;
		s.trustee = x->tally.number;
		s.y = frozen_key(f);
		s.rows = (size_t)list.rows;
		s.width = list.width;
		s.input = list.bytes;
		output_n = shuffle_output_bytes(g, s.rows, s.width);
		proof_n = shuffle_proof_bytes(g, s.rows, s.width);
		output = malloc(output_n);
		proof = malloc(proof_n);
		r = output == NULL || proof == NULL ? R_NO_MEMORY
						    : shuffle_mix(&s, output, proof, &rng, NULL);
		rng_wipe(&rng);
	}
	if (r == R_GOOD && kind == MIX_BAD)
		proof[proof_n - 32] ^= 1; /* the low bits of the last response */
	if (r == R_GOOD && kind == MIX_NOOP)
		memcpy(output, list.bytes.p, output_n);
	if (r == R_GOOD)
		r = upload(x, output, output_n, &body.mix.output);
	if (r == R_GOOD)
		r = upload(x, proof, proof_n, &body.mix.proof);
	if (r == R_GOOD) {
		body.mix.close = *item.close;
		body.mix.input = list.digest;
		body.mix.item = x->number;
		body.mix.ordinal = s.ordinal;
		r = post(x, RECORD_MIX, &body);
	}
	list_release(&list);
	free(output);
	free(proof);
	return r;
}

static enum result
do_mix(struct rogue *x)
{
	return mix(x, x->bad ? MIX_BAD : MIX_GOOD);
}

static enum result
do_mix_noop(struct rogue *x)
{
	return mix(x, MIX_NOOP);
}

static enum result
do_decrypt(struct rogue *x)
{
	const struct frozen *f = mirror_now(&x->w.mirror);
	const struct group *g = frozen_definition(f)->group;
	struct dleq_statement s = { .group = g, .item = x->number, .trustee = x->tally.number };
	union record_body body = { 0 };
	struct item_status item;
	struct list list = { 0 };
	uint8_t *factors = NULL, proof[2048];
	size_t n = 0, element = group_element_bytes(g);
	struct svec *share = NULL;
	struct rng rng;
	enum result r = frozen_item(f, x->number, &item);

	if (r == R_GOOD)
		r = frozen_current_list(f, x->number, mirror_source(&x->w.mirror), &list, &x->why);
	if (r == R_GOOD)
		r = tally_share(&x->tally, &share, &x->why);
	if (r == R_GOOD) {
		s.close = item.close;
		s.X = frozen_share(f, x->tally.number);
		s.rows = (size_t)list.rows;
		s.width = list.width;
		s.list = list.bytes;
		n = dleq_factors_bytes(g, s.rows, s.width);
		factors = malloc(n);
		r = factors == NULL ? R_NO_MEMORY : dleq_factors(factors, &s, share, NULL);
	}
	if (r == R_GOOD)
		r = rng_system(&rng);
	if (r == R_GOOD) {
		/* Another valid element in the first place: the a of the list itself. */
		if (x->bad)
			memcpy(factors, list.bytes.p, element);
		s.factors = (struct slice){ factors, n };
		r = dleq_prove(proof, &s, share, &rng, NULL);
		rng_wipe(&rng);
	}
	if (r == R_GOOD)
		r = upload(x, factors, n, &body.decrypt.factors);
	if (r == R_GOOD) {
		body.decrypt.close = *item.close;
		body.decrypt.item = x->number;
		body.decrypt.list = list.digest;
		body.decrypt.proof = (struct slice){ proof, dleq_proof_bytes(g) };
		r = post(x, RECORD_DECRYPT, &body);
	}
	svec_free(share);
	list_release(&list);
	free(factors);
	return r;
}

/* Open the folder as the trustee does. */
static enum result
start(struct rogue *x, const char *dir)
{
	struct workspace_options o = { .dir = dir };
	char *path;
	enum result r = workspace_open(&x->w, &o, &x->why);

	x->tally.w = &x->w;
	if (r == R_GOOD)
		r = workspace_mirror(&x->w, NULL, &x->why);
	if (r == R_GOOD)
		r = workspace_key(&x->w, "trustee", &x->tally.public, &x->tally.key,
		    &x->tally.passphrase, &x->why);
	if (r == R_GOOD) {
		path = workspace_path(&x->w, "journal");
		r = path == NULL ? R_NO_MEMORY : journal_open(&x->tally.journal, path, &x->why);
		free(path);
	}
	if (r == R_GOOD &&
	    frozen_role(mirror_now(&x->w.mirror),
		(struct slice){ x->tally.public.b, sizeof x->tally.public.b },
		&x->tally.number) != ROLE_TRUSTEE)
		r = R_NOT_ALLOWED;
	return r;
}

static void
stop(struct rogue *x)
{
	journal_close(x->tally.journal);
	secret_free(&x->tally.passphrase);
	sign_key_wipe(&x->tally.key);
	workspace_close(&x->w);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum result (*run)(struct rogue *x);
		int bad;
	} acts[] = { { "commit", do_commit, 0 }, { "deal", do_deal, 0 }, { "deal-bad", do_deal, 1 },
		{ "confirm", do_confirm, 0 }, { "complain", do_complain, 0 },
		{ "ready", do_ready, 0 }, { "mix", do_mix, 0 }, { "mix-bad", do_mix, 1 },
		{ "mix-noop", do_mix_noop, 0 }, { "decrypt", do_decrypt, 0 },
		{ "decrypt-bad", do_decrypt, 1 } };
	struct rogue x = { .number = argc > 3 ? strtoull(argv[3], NULL, 10) : 0 };
	enum result r = mem_init();
	size_t i;

	for (i = 0; i < sizeof acts / sizeof *acts; i++)
		if (argc >= 3 && strcmp(argv[2], acts[i].name) == 0)
			break;
	if (r != R_GOOD || i == sizeof acts / sizeof *acts) {
		(void)fprintf(stderr, "usage: rogue FOLDER ACT [NUMBER]\n");
		return 2;
	}
	x.bad = acts[i].bad;
	r = start(&x, argv[1]);
	if (r == R_GOOD)
		r = acts[i].run(&x);
	stop(&x);
	(void)printf("%s %s\n", result_name(r), x.why.text);
	return r != R_GOOD;
}
