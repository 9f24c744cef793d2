/* ristretto255 on arrays with the code for one element: the reference for the others. */
#include <sodium.h>

#include "crypto/lanes.h"
#include "crypto/ristretto_point.h"

static void
decode(struct ed *out, enum result *verdicts, const uint8_t *bytes, size_t stride, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		verdicts[i] = ristretto_decode(&out[i], bytes + i * stride);
}

static void
encode(uint8_t *bytes, size_t stride, const struct ed *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		ristretto_encode(bytes + i * stride, &p[i]);
}

static void
add(struct ed *out, const struct ed *a, const struct ed *b, size_t b_step, size_t n)
{
	struct ed_cached cached;
	size_t i;

	for (i = 0; i < n; i++) {
		if (i == 0 || b_step != 0)
			ed_cache(&cached, &b[i * b_step]);
		ed_add(&out[i], &a[i], &cached);
	}
	sodium_memzero(&cached, sizeof cached);
}

static void
sub(struct ed *out, const struct ed *a, const struct ed *b, size_t b_step, size_t n)
{
	struct ed_cached cached;
	size_t i;

	for (i = 0; i < n; i++) {
		if (i == 0 || b_step != 0)
			ed_cache(&cached, &b[i * b_step]);
		ed_sub(&out[i], &a[i], &cached);
	}
	sodium_memzero(&cached, sizeof cached);
}

static void
twice(struct ed *out, const struct ed *a, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		ed_double(&out[i], &a[i], 1);
}

static void
sum(struct ed *out, const struct ed *p, size_t n)
{
	struct ed all = ed_identity;
	struct ed_cached next;
	size_t i;

	for (i = 0; i < n; i++) {
		ed_cache(&next, &p[i]);
		ed_add(&all, &all, &next);
	}
	*out = all;
	sodium_memzero(&all, sizeof all);
	sodium_memzero(&next, sizeof next);
}

static void
pow_each(struct ed *out, const struct ed *p, size_t p_step, const uint8_t *e, size_t e_stride,
    size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		ed_pow(&out[i], &p[i * p_step], e + i * e_stride);
}

/* struct lanes_table is this path's struct ed_table. */
static enum result
table(struct lanes_table **out, const struct ed *p)
{
	struct ed_table *own;
	enum result r;

	r = ed_table_new(&own, p);
	*out = (struct lanes_table *)own;
	return r;
}

static void
table_pow(struct ed *out, const struct lanes_table *table_of_p, const uint8_t *e, size_t e_stride,
    const struct ed *and, size_t n)
{
	const struct ed_table *own = (const struct ed_table *)table_of_p;
	size_t i;

	for (i = 0; i < n; i++)
		ed_table_pow(&out[i], own, e + i * e_stride, and != NULL ? &and[i] : &ed_identity);
}

const struct lanes lanes_portable = {
	.decode = decode,
	.encode = encode,
	.encode_double = ristretto_encode_double,
	.encode_add_double = ristretto_encode_add_double,
	.map = ristretto_map_many,
	.add = add,
	.sub = sub,
	.twice = twice,
	.sum = sum,
	.pow = pow_each,
	.table_pays = 8,
	.table = table,
	.table_pow = table_pow,
	.multi = ed_multi,
	.multi_vartime = ed_multi_vartime,
};
