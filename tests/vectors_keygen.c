/*
 * The vectors of key generation: one attempt of three trustees with threshold 2. What the trustees
 * draw is worked out here from their seeds a second time, and compared with what they post.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/keygen.h"
#include "crypto/keygen_parts.h"
#include "crypto/schnorr.h"
#include "tests/vectors.h"

#define N 3
#define T 2

struct party {
	uint8_t seed[32];
	struct keygen_secret *secret;
	struct svec *a, *rho, *e;
	uint8_t *receive, *receive_proof, *A, *proof, *shares;
};

/* Draw what keygen_secret_new draws. */
static void
draw_secrets(struct party *p, const struct keygen_attempt *a, uint32_t i)
{
	struct transcript t;
	struct rng rng;
	uint8_t hash[64];

	transcript_start(&t, "tabella/1 keygen secrets", group_name(a->group), a->election);
	transcript_u64(&t, a->attempt);
	transcript_u64(&t, i);
	transcript_bytes(&t, p->seed, sizeof p->seed);
	transcript_finish(&t, hash);
	rng_seeded(&rng, hash);
	p->a = vec_draw(a->group, T, &rng);
	p->rho = vec_draw(a->group, 1, &rng);
	p->e = vec_draw(a->group, N, &rng);
}

/* Are these the powers of e? */
static void
check_powers(const struct svec *e, const uint8_t *bytes, const char *what)
{
	const size_t n = svec_len(e) * group_element_bytes(svec_group(e));
	struct gvec *v = vec_powers(e);
	uint8_t *expect = vec_bytes(n);

	vec_must(gvec_encode(expect, group_element_bytes(svec_group(e)), v, NULL));
	vec_check(memcmp(expect, bytes, n) == 0, what);
	free(expect);
	gvec_free(v);
}

static void
write_commit(struct vec *v, struct party *p, struct keygen_commit *c,
    const struct keygen_attempt *a, uint32_t i)
{
	const struct group *g = a->group;
	struct transcript P;

	draw_secrets(p, a, i);
	vec_must(keygen_secret_new(&p->secret, a, i, p->seed));
	p->receive = vec_bytes(keygen_key_bytes(g));
	p->receive_proof = vec_bytes(keygen_proof_bytes(g));
	vec_must(keygen_make_commit(&c->commit, p->receive, p->receive_proof, a, p->secret));
	c->receive = (struct slice){ p->receive, keygen_key_bytes(g) };
	c->proof = (struct slice){ p->receive_proof, keygen_proof_bytes(g) };
	vec_must(keygen_check_commit(a, i, c));
	check_powers(p->rho, p->receive, "R");

	vec_open(v, NULL, '{');
	vec_number(v, "i", i);
	vec_hex(v, "seed", p->seed, sizeof p->seed);
	vec_scalars(v, "a", p->a);
	vec_scalar(v, "rho", p->rho);
	vec_scalars(v, "e", p->e);
	vec_hex(v, "R", p->receive, c->receive.n);
	vec_hex(v, "commit", c->commit.b, sizeof c->commit.b);
	keygen_receive_statement(&P, a, i, &c->commit);
	{
		uint8_t value[64];

		transcript_finish(&P, value);
		vec_hex(v, "receive_P", value, sizeof value);
	}
	vec_hex(v, "receive_proof", p->receive_proof, c->proof.n);
	vec_close(v, '}');
}

/* The box of dealer i for j: the point, the key, the share in it. */
static void
write_box(struct vec *v, const struct party *dealer, uint32_t i, const struct party *receiver,
    size_t at, const struct keygen_attempt *a, const struct keygen_commit *commits,
    const struct keygen_deal *deal)
{
	const struct group *g = a->group;
	const size_t size = group_element_bytes(g);
	const uint8_t *E = dealer->shares + at * keygen_share_bytes(g);
	struct gvec *point;
	struct svec *e, *share;
	uint8_t key[32];

	vec_must(gvec_new(&point, g, 1));
	vec_must(svec_new(&e, g, 1));
	vec_must(svec_new(&share, g, 1));
	svec_copy(e, 0, dealer->e, at, 1);
	check_powers(e, E, "E");
	vec_must(gvec_decode(point, receiver->receive, size, DECODE_NO_IDENTITY, NULL, NULL));
	vec_must(gvec_pow(point, point, e, NULL));
	keygen_box_key(key, a, i, a->participants[at], E, receiver->receive, point);
	vec_must(keygen_open(share, a, commits, i, deal, a->participants[at], receiver->rho));
	vec_open(v, NULL, '{');
	vec_number(v, "j", a->participants[at]);
	vec_hex(v, "E", E, size);
	vec_element(v, "R^e", point);
	vec_hex(v, "key", key, sizeof key);
	vec_scalar(v, "f(j)", share);
	vec_hex(v, "C", E + size, keygen_box_bytes(g));
	vec_close(v, '}');
	gvec_free(point);
	svec_free(e);
	svec_free(share);
}

static void
write_deal(struct vec *v, struct party *parties, size_t at, struct keygen_deal *d,
    const struct keygen_attempt *a, const struct keygen_commit *commits)
{
	const struct group *g = a->group;
	struct party *p = &parties[at];
	const uint32_t i = a->participants[at];
	struct transcript P;
	uint8_t value[64];
	size_t j;

	p->A = vec_bytes(T * keygen_key_bytes(g));
	p->proof = vec_bytes(keygen_proof_bytes(g));
	p->shares = vec_bytes(N * keygen_share_bytes(g));
	vec_must(keygen_make_deal(p->A, p->proof, p->shares, a, commits, p->secret));
	d->A = (struct slice){ p->A, T * keygen_key_bytes(g) };
	d->proof = (struct slice){ p->proof, keygen_proof_bytes(g) };
	d->shares = (struct slice){ p->shares, N * keygen_share_bytes(g) };
	vec_must(keygen_check_deal(a, commits, i, d));
	check_powers(p->a, p->A, "A");

	vec_open(v, NULL, '{');
	vec_number(v, "i", i);
	vec_encodings(v, "A", g, p->A, T);
	keygen_constant_statement(&P, a, i, d->A, commits);
	transcript_finish(&P, value);
	vec_hex(v, "constant_P", value, sizeof value);
	vec_hex(v, "constant_proof", p->proof, d->proof.n);
	vec_open(v, "boxes", '[');
	for (j = 0; j < N; j++)
		write_box(v, p, i, &parties[j], j, a, commits, d);
	vec_close(v, ']');
	vec_close(v, '}');
}

static void
write_keys(struct vec *v, const struct party *parties, const struct keygen_deal *deals,
    const struct keygen_attempt *a, const struct keygen_commit *commits)
{
	struct gvec *y, *X;
	struct svec *x;
	struct digest last, transcript;
	size_t i;

	vec_must(gvec_new(&y, a->group, 1));
	vec_must(gvec_new(&X, a->group, N));
	vec_must(svec_new(&x, a->group, 1));
	vec_must(keygen_keys(y, X, a, deals));
	vec_element(v, "y", y);
	vec_elements(v, "X", X);
	memset(last.b, 0x1a, sizeof last.b);
	vec_hex(v, "last", last.b, sizeof last.b);
	vec_must(keygen_transcript(&transcript, a, &last, y, X));
	vec_hex(v, "transcript", transcript.b, sizeof transcript.b);
	vec_open(v, "x", '[');
	for (i = 0; i < N; i++) {
		vec_must(keygen_share(x, NULL, a, commits, deals, parties[i].secret));
		vec_scalar(v, NULL, x);
	}
	vec_close(v, ']');
	gvec_free(y);
	gvec_free(X);
	svec_free(x);
}

void
vec_keygen(struct vec *v, const struct group *g)
{
	/* Trustee 2 has been excluded in the attempt before. */
	static const uint32_t participants[N] = { 1, 3, 4 };
	struct digest election = { "the election id, 32 bytes of it" };
	const struct keygen_attempt a = { g, &election, 2, T, N, participants };
	struct party parties[N];
	struct keygen_commit commits[N];
	struct keygen_deal deals[N];
	struct rng rng;
	size_t i;

	vec_rng(&rng, "keygen", g);
	vec_open(v, NULL, '{');
	vec_string(v, "group", group_name(g));
	vec_hex(v, "election", election.b, sizeof election.b);
	vec_number(v, "attempt", a.attempt);
	vec_number(v, "t", T);
	vec_open(v, "participants", '[');
	for (i = 0; i < N; i++)
		vec_number(v, NULL, participants[i]);
	vec_close(v, ']');
	vec_open(v, "commits", '[');
	for (i = 0; i < N; i++) {
		rng_fill(&rng, parties[i].seed, sizeof parties[i].seed);
		write_commit(v, &parties[i], &commits[i], &a, participants[i]);
	}
	vec_close(v, ']');
	vec_open(v, "deals", '[');
	for (i = 0; i < N; i++)
		write_deal(v, parties, i, &deals[i], &a, commits);
	vec_close(v, ']');
	write_keys(v, parties, deals, &a, commits);
	vec_close(v, '}');
	for (i = 0; i < N; i++) {
		keygen_secret_free(parties[i].secret);
		svec_free(parties[i].a);
		svec_free(parties[i].rho);
		svec_free(parties[i].e);
		free(parties[i].receive);
		free(parties[i].receive_proof);
		free(parties[i].A);
		free(parties[i].proof);
		free(parties[i].shares);
	}
}
