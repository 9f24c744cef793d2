#include "tests/proof_kit.h"

#include <gmp.h>
#include <string.h>

#include "tests/slow.h"

void
kit_result(const char *call, enum result have, enum result want, const char *file, int line)
{
	if (have != want)
		ck_abort_msg("%s:%d: %s is %s, not %s", file, line, call, result_name(have),
		    result_name(want));
}

/* ---- values ---- */

const struct group *
kit_group(int i)
{
	static const char *const names[KIT_GROUPS] = { "ristretto255", "modp2048", "modp3072",
		"modp4096" };

	return group_by_name(names[i]);
}

struct svec *
kit_scalars(const struct group *g, size_t n, struct rng *rng)
{
	struct svec *v;

	good(svec_new(&v, g, n));
	good(svec_random(v, rng));
	return v;
}

struct gvec *
kit_powers(const struct svec *e)
{
	struct gvec *g, *v;

	good(gvec_new(&g, svec_group(e), 1));
	good(gvec_new(&v, svec_group(e), svec_len(e)));
	gvec_set_generator(g);
	good(gvec_pow_fixed(v, g, e, NULL));
	gvec_free(g);
	return v;
}

struct gvec *
kit_elements(const struct group *g, size_t n, struct rng *rng)
{
	struct svec *e = kit_scalars(g, n, rng);
	struct gvec *v = kit_powers(e);

	svec_free(e);
	return v;
}

struct svec *
kit_scalar(const struct group *g, uint64_t x)
{
	struct svec *v;

	good(svec_new(&v, g, 1));
	svec_set_u64(v, 0, x);
	return v;
}

struct gvec *
kit_element(const struct group *g, unsigned value)
{
	const uint8_t byte = (uint8_t)value;
	struct gvec *v;

	good(gvec_new(&v, g, 1));
	good(gvec_decode(v, &byte, 1, DECODE_ANY, NULL, NULL));
	return v;
}

uint8_t *
kit_encode(const struct gvec *v)
{
	const size_t size = group_element_bytes(gvec_group(v));
	uint8_t *bytes = malloc(gvec_len(v) * size + 1);

	ck_assert_ptr_nonnull(bytes);
	good(gvec_encode(bytes, size, v, NULL));
	return bytes;
}

struct slice
kit_list(const struct gvec *y, size_t rows, size_t width, struct gvec **messages, struct rng *rng)
{
	const struct group *g = gvec_group(y);
	struct elgamal_list *list;
	struct gvec *all, *m;
	struct svec *r;
	uint8_t *bytes = malloc(elgamal_list_bytes(g, rows, width));
	size_t i, k;

	ck_assert_ptr_nonnull(bytes);
	good(elgamal_list_new(&list, g, rows, width));
	good(gvec_new(&all, g, rows * width));
	for (k = 0; k < width; k++) {
		m = kit_elements(g, rows, rng);
		r = kit_scalars(g, rows, rng);
		good(elgamal_encrypt(list->a[k], list->b[k], y, m, r, NULL));
		for (i = 0; i < rows; i++)
			gvec_copy(all, i * width + k, m, i, 1);
		gvec_free(m);
		svec_free(r);
	}
	good(elgamal_list_encode(bytes, list, NULL));
	elgamal_list_free(list);
	if (messages != NULL)
		*messages = all;
	else
		gvec_free(all);
	return (struct slice){ bytes, elgamal_list_bytes(g, rows, width) };
}

/* ---- spoiling ---- */

void
kit_next_element(const struct group *g, uint8_t *bytes)
{
	const size_t size = group_element_bytes(g);
	struct gvec *v, *one;

	good(gvec_new(&v, g, 1));
	good(gvec_new(&one, g, 1));
	gvec_set_generator(one);
	good(gvec_decode(v, bytes, size, DECODE_ANY, NULL, NULL));
	gvec_mul(v, v, one);
	good(gvec_encode(bytes, size, v, NULL));
	gvec_free(v);
	gvec_free(one);
}

void
kit_next_scalar(const struct group *g, uint8_t *bytes)
{
	const size_t size = group_scalar_bytes(g);
	struct svec *v, *one = kit_scalar(g, 1);

	good(svec_new(&v, g, 1));
	good(svec_decode(v, bytes, size, NULL));
	svec_add(v, v, one);
	svec_encode(bytes, size, v);
	svec_free(v);
	svec_free(one);
}

void
kit_identity(const struct group *g, uint8_t *bytes)
{
	struct gvec *v;

	good(gvec_new(&v, g, 1));
	good(gvec_encode(bytes, group_element_bytes(g), v, NULL));
	gvec_free(v);
}

void
kit_add_order(const struct group *g, uint8_t *bytes)
{
	const size_t size = group_scalar_bytes(g);
	mpz_t x, q;

	mpz_inits(x, q, NULL);
	slow_order(q, g);
	slow_get(x, bytes, size, g);
	mpz_add(x, x, q);
	slow_put(bytes, size, g, x);
	mpz_clears(x, q, NULL);
}

/* Change bytes until they are a canonical number but no member of the group. */
static void
leave_group(const struct group *g, uint8_t *bytes)
{
	const size_t size = group_element_bytes(g);
	mpz_t x;

	mpz_init(x);
	slow_get(x, bytes, size, g);
	do {
		/* Ristretto's numbers are even. */
		mpz_add_ui(x, x, 2);
		slow_put(bytes, size, g, x);
	} while (slow_decode(g, bytes, DECODE_NO_IDENTITY) != R_NOT_IN_GROUP);
	mpz_clear(x);
}

void
kit_spoil_element(const struct group *g, uint8_t *field, enum result wrong, kit_verify *verify,
    void *ctx)
{
	const size_t size = group_element_bytes(g);
	uint8_t saved[GROUP_ENCODING_MAX];

	memcpy(saved, field, size);
	kit_next_element(g, field);
	ck_result(verify(ctx), wrong);
	kit_identity(g, field);
	ck_result(verify(ctx), R_BAD_ELEMENT);
	memset(field, 0xff, size);
	ck_result(verify(ctx), R_NON_CANONICAL);
	memcpy(field, saved, size);
	leave_group(g, field);
	ck_result(verify(ctx), R_NOT_IN_GROUP);
	memcpy(field, saved, size);
}

void
kit_spoil_scalar(const struct group *g, uint8_t *field, enum result wrong, kit_verify *verify,
    void *ctx)
{
	const size_t size = group_scalar_bytes(g);
	uint8_t saved[GROUP_ENCODING_MAX];

	memcpy(saved, field, size);
	kit_next_scalar(g, field);
	ck_result(verify(ctx), wrong);
	memset(field, 0, size);
	ck_result(verify(ctx), wrong);
	memcpy(field, saved, size);
	kit_add_order(g, field);
	ck_result(verify(ctx), R_NON_CANONICAL);
	memset(field, 0xff, size);
	ck_result(verify(ctx), R_NON_CANONICAL);
	memcpy(field, saved, size);
}
