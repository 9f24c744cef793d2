/*
 * The verifier of a shuffle. It reads the lists and the proof in ranges of rows, each of which a
 * thread decodes, adds to the one equation (crypto/shuffle_combine.h) and forgets, so that memory
 * holds two scalars a row and little else.
 */
#include "crypto/mem.h"
#include "crypto/shuffle_combine.h"
#include "crypto/stages.h"

/* One verification under way. */
struct verifier {
	const struct shuffle_statement *s;
	struct slice proof;
	size_t grain; /* rows of a range */
	struct shuffle_claim head;
	struct svec *c, *u;
	struct gvec *last; /* chat_N */
	struct combination *equation;
};

/* Read the element before row `from` of the chain. */
static enum result
link_before(struct gvec *out, const struct verifier *v, size_t from)
{
	const size_t size = group_element_bytes(v->s->group);

	if (from == 0) {
		gvec_copy(out, 0, v->head.h, 0, 1);
		return R_GOOD;
	}
	return gvec_decode(out, v->proof.p + shuffle_layout(v->s).chat + (from - 1) * size, size,
	    DECODE_NO_IDENTITY, NULL, NULL);
}

static enum result
verify_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	struct verifier *v = ctx;
	struct shuffle_claim p = { .rows = 0 };
	struct gvec *before = NULL;
	enum result r;

	(void)bad;
	if ((r = gvec_new(&before, v->s->group, 1)) != R_GOOD ||
	    (r = link_before(before, v, from)) != R_GOOD ||
	    (r = shuffle_read_rows(&p, v->s, v->proof.p, from, to - from, NULL)) != R_GOOD ||
	    (r = svec_slice(&p.u, v->u, from, to - from)) != R_GOOD)
		goto out;
	r = combination_rows(v->equation, &p, from, from / v->grain, before, NULL);
	if (to == v->s->rows)
		gvec_copy(v->last, 0, p.chat, p.rows - 1, 1);
out:
	shuffle_claim_free(&p);
	gvec_free(before);
	return r;
}

static enum result
verify_rows(struct verifier *v, const struct effort *effort)
{
	const size_t N = v->s->rows;
	struct stages stages;
	struct rng rng;
	enum result r;

	stages_start(&stages, effort, 20);
	v->grain = shuffle_grain(v->s, effort);
	if ((r = svec_new(&v->c, v->s->group, 1)) != R_GOOD ||
	    (r = svec_new(&v->u, v->s->group, N)) != R_GOOD ||
	    (r = gvec_new(&v->last, v->s->group, 1)) != R_GOOD ||
	    (r = shuffle_challenges(v->u, v->c, v->s, v->proof.p, stages_next(&stages, 1))) !=
		R_GOOD ||
	    (r = rng_system(&rng)) != R_GOOD)
		return r;
	r = combination_new(&v->equation, v->c, N, v->s->width, par_count(N, v->grain), &rng);
	rng_wipe(&rng);
	if (r == R_GOOD)
		r = shuffle_read_head(&v->head, v->s, v->proof.p);
	if (r == R_GOOD)
		r = par_ranges(stages_next(&stages, 19), N, v->grain, verify_range, v, NULL);
	if (r != R_GOOD)
		return r < R_NO_MEMORY ? shuffle_refusal(v->s, v->proof.p, r) : r;
	return combination_end(v->equation, &v->head, v->u, v->last);
}

enum result
shuffle_verify(const struct shuffle_statement *s, struct slice proof, const struct effort *effort)
{
	struct verifier v = { .s = s, .proof = proof };
	enum result r;

	r = shuffle_check_proof(s, proof);
	if (r == R_GOOD)
		r = verify_rows(&v, effort);
	shuffle_claim_free(&v.head);
	svec_free(v.c);
	svec_free(v.u);
	gvec_free(v.last);
	combination_free(v.equation);
	return r;
}

enum result
shuffle_verify_slow(const struct shuffle_statement *s, struct slice proof,
    const struct effort *effort)
{
	struct shuffle_claim p;
	struct svec *c = NULL;
	enum result r;

	r = svec_new(&c, s->group, 1);
	if (r != R_GOOD)
		return r;
	r = shuffle_claim_read(&p, c, s, proof, effort);
	if (r == R_GOOD)
		r = shuffle_equations(&p, c);
	shuffle_claim_free(&p);
	svec_free(c);
	return r;
}
