/*
 * lanes_table: many points made ready to be added, and powers of one element from a table. A
 * part of the code that crypto/lanes_field.h describes.
 */
#ifndef CRYPTO_LANES_TABLE_H
#define CRYPTO_LANES_TABLE_H

#include "crypto/lanes_powers.h"

#ifdef VFE_LANES

#include "crypto/mem.h"

/* ---- points with z = 1 ---- */

/* Groups that share two inversions. */
#define AFFINE_GROUPS 64

static __attribute__((noinline)) void
affine_one(struct ed_affine *out, unsigned lanes, const struct vpoint *p, vfe z_inv)
{
	const vfe x = vfe_mul(p->x, z_inv), y = vfe_mul(p->y, z_inv);
	struct vaffine a = { vfe_add(y, x), vfe_sub(y, x),
		vfe_mul(vfe_mul(x, y), vfe_splat(&fe_2d)) };
	uint64_t *row[L];
	unsigned i;

	for (i = 0; i < L; i++)
		row[i] = out[i < lanes ? i : 0].sum.v;
	vfe_store(row, lanes, &a.sum, 3);
}

static void
affine_some(struct ed_affine *out, const struct ed *p, size_t n)
{
	vfe before[AFFINE_GROUPS], all[2] = { vfe_splat(&fe_one), vfe_splat(&fe_one) };
	const uint64_t *row[L];
	struct vpoint v;
	size_t at, k;
	unsigned i;

	for (at = 0, k = 0; at < n; at += L, k++) {
		for (i = 0; i < L; i++)
			row[i] = p[at + i < n ? at + i : at].z.v;
		vfe_load(&v.z, 1, row);
		before[k] = all[k & 1];
		all[k & 1] = vfe_mul(all[k & 1], v.z);
	}
	invert2(all, all);
	while (k-- > 0) {
		at = k * L;
		/* the padding repeats the first of the group, as above: the z must be the same */
		for (i = 0; i < L; i++)
			row[i] = p[at + i < n ? at + i : at].x.v;
		vfe_load(&v.x, 4, row);
		affine_one(out + at, lanes_left(n, at), &v, vfe_mul(all[k & 1], before[k]));
		all[k & 1] = vfe_mul(all[k & 1], v.z);
	}
}

/* Make n points ready to be added. */
static void
affine_many(struct ed_affine *out, const struct ed *p, size_t n)
{
	size_t at, now;

	for (at = 0; at < n; at += now) {
		now = n - at < AFFINE_GROUPS * L ? n - at : AFFINE_GROUPS * L;
		affine_some(out + at, p + at, now);
	}
}

/* ---- powers of one element ----
 *
 * An odd e below 2^254 is the sum of s_j 2^j for j < N, all s_j 1 or -1, where s_j is 1 if
 * bit j of (e + 2^N - 1) / 2 = (e - 1) / 2 + 2^(N - 1) is set. So its windows are odd digits
 * without a carry and without a zero: of w bits with the value b, 2b - (2^w - 1). An even e
 * becomes odd by adding q, which changes nothing for an element. */

#define ROWS ((253 + VTABLE_BITS) / VTABLE_BITS)

struct lanes_table {
	/* row[i] holds 2^(w i) times 1, 3, 5, ... */
	struct vtable_row row[ROWS];
};

/* q */
static const uint64_t order[4] = { 0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000 };

/* w = (e - 1) / 2 + 2^(N - 1) for e, or e + q if that is even. */
static void
odd_exponents(vnumber w[5])
{
	const vnumber even = (w[0] & 1) - 1; /* all ones or zero */
	vnumber carry = { 0 }, add, sum;
	unsigned i;

	for (i = 0; i < 4; i++) {
		add = even & order[i];
		sum = w[i] + add;
		/* a carry out of it: the highest bit of the majority of a, b, not sum */
		add = ((w[i] & add) | ((w[i] | add) & ~(sum + carry))) >> 63;
		w[i] = sum + carry;
		carry = add;
	}
	for (i = 0; i < 4; i++)
		w[i] = w[i] >> 1 | (i < 3 ? w[i + 1] << 63 : (vnumber){ 0 });
	w[(ROWS * VTABLE_BITS - 1) / 64] |= (uint64_t)1 << (ROWS * VTABLE_BITS - 1) % 64;
}

/* out = the entry for window i */
VFE_INLINE void
table_entry(struct vaffine *out, const struct vtable_row *row, const vnumber w[5], unsigned i)
{
	const vnumber b = window(w, i * VTABLE_BITS, VTABLE_BITS), zero = { 0 };
	const vnumber positive = b >> (VTABLE_BITS - 1);

	vtable_get(&out->sum, row, (b ^ (positive - 1)) & (VTABLE_ENTRIES - 1));
	vneg_if(&out->sum, &out->difference, &out->t2d, vnumber_equal(positive, zero));
}

static __attribute__((noinline)) void
table_add(struct vsum *sum, const struct vtable_row *row, const vnumber w[5], unsigned i)
{
	struct vfactors a;
	struct vaffine q;

	table_entry(&q, row, w, i);
	vadd_affine(&a, sum, &q);
	vsum_of(sum, &a);
}

static __attribute__((noinline)) void
table_add_end(struct vpoint *out, const struct vsum *sum, const struct vtable_row *row,
    const vnumber w[5])
{
	struct vfactors a;
	struct vaffine q;

	table_entry(&q, row, w, ROWS - 1);
	vadd_affine(&a, sum, &q);
	vpoint_of(out, &a);
}

/* So many groups go through a row while it is in the first-level cache. */
#define TABLE_GROUPS 8

struct table_group {
	struct vsum sum;
	vnumber w[5];
};

static void
lanes_table_pow(struct ed *out, const struct lanes_table *table, const uint8_t *e, size_t e_stride,
    const struct ed *and, size_t n)
{
	struct table_group group[TABLE_GROUPS];
	size_t at, from, g, groups;
	struct vpoint v;
	unsigned i;

	for (from = 0; from < n; from += groups * L) {
		groups = (n - from + L - 1) / L;
		groups = groups < TABLE_GROUPS ? groups : TABLE_GROUPS;
		for (g = 0, at = from; g < groups; g++, at += L) {
			vsum_identity(&group[g].sum);
			if (and != NULL) {
				vpoint_load(&v, and+at, 1, lanes_left(n, at));
				vsum_from(&group[g].sum, &v);
			}
			exponents_load(group[g].w, e + at * e_stride, e_stride, lanes_left(n, at));
			odd_exponents(group[g].w);
		}
		for (i = 0; i < ROWS - 1; i++)
			for (g = 0; g < groups; g++)
				table_add(&group[g].sum, &table->row[i], group[g].w, i);
		for (g = 0, at = from; g < groups; g++, at += L) {
			table_add_end(&v, &group[g].sum, &table->row[i], group[g].w);
			vpoint_store(out + at, lanes_left(n, at), &v);
		}
	}
	sodium_memzero(group, sizeof group);
	sodium_memzero(&v, sizeof v);
}

/* out[k + VTABLE_ENTRIES i] = (2k + 1) p[i] for L points p. */
static void
odd_multiples(struct ed *out, const struct ed *p, unsigned lanes)
{
	struct vpoint v, twice;
	struct vcached step;
	uint64_t *row[L];
	struct vsum sum;
	unsigned k, i;

	vpoint_load(&v, p, 1, lanes);
	twice = v;
	vpoint_double(&twice, 1);
	vcached_from(&step, &twice);
	for (k = 0; k < VTABLE_ENTRIES; k++) {
		for (i = 0; i < L; i++)
			row[i] = out[(i < lanes ? i : 0) * VTABLE_ENTRIES + k].x.v;
		vfe_store(row, lanes, &v.x, 4);
		vsum_from(&sum, &v);
		vpoint_add(&v, &sum, &step);
	}
}

static enum result
lanes_table(struct lanes_table **out, const struct ed *p)
{
	struct ed_affine *affine = NULL;
	struct ed first[ROWS], *all = NULL;
	enum result r = R_NO_MEMORY;
	struct fe entry[3];
	unsigned i, k;

	*out = mem_new(1, sizeof **out);
	all = mem_new(ROWS * VTABLE_ENTRIES, sizeof *all);
	affine = mem_new(ROWS * VTABLE_ENTRIES, sizeof *affine);
	if (*out == NULL || all == NULL || affine == NULL)
		goto out;
	first[0] = *p;
	for (i = 1; i < ROWS; i++)
		ed_double(&first[i], &first[i - 1], VTABLE_BITS);
	for (i = 0; i < ROWS; i += L)
		odd_multiples(all + i * VTABLE_ENTRIES, first + i, lanes_left(ROWS, i));
	affine_many(affine, all, ROWS * VTABLE_ENTRIES);
	for (i = 0; i < ROWS * VTABLE_ENTRIES; i++) {
		k = i % VTABLE_ENTRIES;
		entry[0] = affine[i].sum;
		entry[1] = affine[i].difference;
		entry[2] = affine[i].t2d;
		vtable_put(&(*out)->row[i / VTABLE_ENTRIES], k, entry);
	}
	r = R_GOOD;
out:
	if (r != R_GOOD) {
		mem_free(*out);
		*out = NULL;
	}
	mem_free(all);
	mem_free(affine);
	return r;
}

#endif
#endif
