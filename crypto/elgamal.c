#include "crypto/elgamal.h"

#include <stdlib.h>

#include "crypto/stages.h"

size_t
elgamal_list_bytes(const struct group *g, size_t rows, size_t width)
{
	size_t elements, bytes;

	if (__builtin_mul_overflow(rows, width, &elements) ||
	    __builtin_mul_overflow(elements, 2 * group_element_bytes(g), &bytes))
		return 0;
	return bytes;
}

enum result
elgamal_list_new(struct elgamal_list **out, const struct group *g, size_t rows, size_t width)
{
	struct elgamal_list *list;
	enum result r = R_NO_MEMORY;
	size_t k;

	list = calloc(1, sizeof *list);
	if (list == NULL)
		goto out;
	list->group = g;
	list->rows = rows;
	list->a = calloc(width, sizeof(struct gvec *));
	list->b = calloc(width, sizeof(struct gvec *));
	if (width > 0 && (list->a == NULL || list->b == NULL))
		goto out;
	list->width = width;
	for (k = 0; k < width; k++) {
		r = gvec_new(&list->a[k], g, rows);
		if (r != R_GOOD)
			goto out;
		r = gvec_new(&list->b[k], g, rows);
		if (r != R_GOOD)
			goto out;
	}
	*out = list;
	return R_GOOD;
out:
	elgamal_list_free(list);
	*out = NULL;
	return r;
}

void
elgamal_list_free(struct elgamal_list *list)
{
	size_t k;

	if (list == NULL)
		return;
	for (k = 0; k < list->width; k++) {
		gvec_free(list->a[k]);
		gvec_free(list->b[k]);
	}
	free(list->a);
	free(list->b);
	free(list);
}

enum result
elgamal_list_decode(struct elgamal_list **out, const struct group *g, size_t rows, size_t width,
    struct slice bytes, size_t *bad_row, const struct effort *effort)
{
	const size_t size = group_element_bytes(g);
	struct elgamal_list *list = NULL;
	struct stages stages;
	enum result r, refused = R_GOOD;
	size_t k, bad, first_bad = rows;

	*out = NULL;
	if (bytes.n == 0 || bytes.n != elgamal_list_bytes(g, rows, width))
		return R_BAD_WIDTH;
	r = elgamal_list_new(&list, g, rows, width);
	if (r != R_GOOD)
		return r;

	/* Column after column, the two parts of one as even and odd k. All of them, even after
	 * a refusal: the answer is the first bad row, whichever column it is in. */
	stages_start(&stages, effort, 2 * width);
	for (k = 0; k < 2 * width; k++) {
		r = gvec_decode(k % 2 == 0 ? list->a[k / 2] : list->b[k / 2], bytes.p + k * size,
		    2 * width * size, DECODE_NO_IDENTITY, &bad, stages_next(&stages, 1));
		if (r >= R_NO_MEMORY)
			goto out;
		if (r != R_GOOD && bad < first_bad) {
			first_bad = bad;
			refused = r;
		}
	}
	r = refused;
	if (r != R_GOOD) {
		if (bad_row != NULL)
			*bad_row = first_bad;
		goto out;
	}
	*out = list;
	list = NULL;
out:
	elgamal_list_free(list);
	return r;
}

enum result
elgamal_list_encode(uint8_t *bytes, const struct elgamal_list *list, const struct effort *effort)
{
	const size_t size = group_element_bytes(list->group);
	struct stages stages;
	enum result r;
	size_t k;

	stages_start(&stages, effort, 2 * list->width);
	for (k = 0; k < 2 * list->width; k++) {
		r = gvec_encode(bytes + k * size, 2 * list->width * size,
		    k % 2 == 0 ? list->a[k / 2] : list->b[k / 2], stages_next(&stages, 1));
		if (r != R_GOOD)
			return r;
	}
	return R_GOOD;
}

void
elgamal_list_enter(struct transcript *t, struct slice bytes, uint64_t rows, uint64_t width)
{
	struct digest digest;

	sha256(&digest, bytes.p, bytes.n);
	transcript_list(t, &digest, rows, width);
}

/* out[i] = in[i] * base^r[i] */
static enum result
blind(struct gvec *out, const struct gvec *in, const struct gvec *base, const struct svec *r,
    const struct effort *effort)
{
	struct gvec *power = NULL;
	enum result result;

	result = gvec_new(&power, gvec_group(in), gvec_len(in));
	if (result != R_GOOD)
		goto out;
	result = gvec_pow_fixed(power, base, r, effort);
	if (result != R_GOOD)
		goto out;
	gvec_mul(out, in, power);
out:
	gvec_free(power);
	return result;
}

enum result
elgamal_encrypt(struct gvec *a, struct gvec *b, const struct gvec *y, const struct gvec *m,
    const struct svec *r, const struct effort *effort)
{
	struct gvec *g = NULL;
	struct stages stages;
	enum result result;

	stages_start(&stages, effort, 2);
	result = gvec_new(&g, gvec_group(y), 1);
	if (result != R_GOOD)
		goto out;
	gvec_set_generator(g);
	/* (E1) */
	result = gvec_pow_fixed(a, g, r, stages_next(&stages, 1));
	if (result != R_GOOD)
		goto out;
	result = blind(b, m, y, r, stages_next(&stages, 1));
out:
	gvec_free(g);
	return result;
}

enum result
elgamal_reencrypt(struct gvec *a2, struct gvec *b2, const struct gvec *y, const struct gvec *a,
    const struct gvec *b, const struct svec *r, const struct effort *effort)
{
	struct gvec *g = NULL;
	struct stages stages;
	enum result result;

	stages_start(&stages, effort, 2);
	result = gvec_new(&g, gvec_group(y), 1);
	if (result != R_GOOD)
		goto out;
	gvec_set_generator(g);
	/* (E2) */
	result = blind(a2, a, g, r, stages_next(&stages, 1));
	if (result != R_GOOD)
		goto out;
	result = blind(b2, b, y, r, stages_next(&stages, 1));
out:
	gvec_free(g);
	return result;
}
