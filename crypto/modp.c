#include "crypto/modp.h"

/* GMP does what it likes with a number that is too long for its place. */
#undef NDEBUG
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/mem.h"
#include "crypto/modp_path.h"
#if TABELLA_IFMA
#include "crypto/cpu.h"
#endif

/* Scratch for one product or reduction; GMP 6.2 asks for 4 * MODP_LIMBS_MAX + 4. */
#define SCRATCH (8 * MODP_LIMBS_MAX + 64)

/* Limbs of a number before it is reduced: a product, or `wide` bytes. */
#define LONG_MAX_LIMBS (2 * MODP_LIMBS_MAX)

/* Secret exponents in one product of powers: buckets gain from more. */
#define MULTIPOW_GRAIN 4096

/* Elements that share one inversion. */
#define BATCH 16

/* The counter of an embedded block has 16 bits. */
#define COUNTER_BITS 16
#define COUNTERS (1u << COUNTER_BITS)
#define EMBEDDED_BYTES (GROUP_BLOCK_BYTES + COUNTER_BITS / 8)

static const struct modp *
modp_of(const struct group *g)
{
	return (const struct modp *)(const void *)g;
}

static mp_limb_t *
element(const struct gvec *v, size_t i)
{
	const size_t at = v->n == 1 ? 0 : i * v->group->element_store;

	return (mp_limb_t *)(void *)(v->at + at);
}

static mp_limb_t *
scalar(const struct svec *v, size_t i)
{
	const size_t at = v->n == 1 ? 0 : i * v->group->scalar_store;

	return (mp_limb_t *)(void *)(v->at + at);
}

/* Return the fastest way to powers that this group and the machine have. */
static const struct modp_path *
path_of(const struct modp *m)
{
#if TABELLA_IFMA
	if (cpu_chosen() == CPU_IFMA && modp_ifma_fits(m))
		return &modp_ifma;
#endif
	(void)m;
	return &modp_gmp;
}

static struct modp_inputs
elements(const struct gvec *v)
{
	struct modp_inputs all = { element(v, 0), v->n == 1 ? 0 : modp_of(v->group)->limbs };

	return all;
}

static struct modp_inputs
scalars(const struct svec *v)
{
	struct modp_inputs all = { scalar(v, 0), v->n == 1 ? 0 : modp_of(v->group)->limbs };

	return all;
}

/* ---- numbers ---- */

static void
load(mp_limb_t *out, size_t limbs, const uint8_t *bytes, size_t n)
{
	size_t i;

	assert(n <= 8 * limbs);
	mpn_zero(out, (mp_size_t)limbs);
	for (i = 0; i < n; i++)
		out[i / 8] |= (mp_limb_t)bytes[n - 1 - i] << (8 * (i % 8));
}

static void
store(uint8_t *bytes, size_t n, const mp_limb_t *x)
{
	size_t i;

	for (i = 0; i < n; i++)
		bytes[n - 1 - i] = (uint8_t)(x[i / 8] >> (8 * (i % 8)));
}

/* Set x, of n >= limbs limbs, to x mod m in constant time. */
static void
reduce(mp_limb_t *x, size_t n, const mp_limb_t *m, size_t limbs)
{
	mp_limb_t scratch[SCRATCH];

	assert(mpn_sec_div_r_itch((mp_size_t)n, (mp_size_t)limbs) <= SCRATCH);
	mpn_sec_div_r(x, (mp_size_t)n, m, (mp_size_t)limbs, scratch);
	sodium_memzero(scratch, sizeof scratch);
}

/* out = a * b mod m in constant time. */
static void
mul_mod(mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b, const mp_limb_t *m, size_t limbs)
{
	mp_limb_t product[LONG_MAX_LIMBS], scratch[SCRATCH];
	const mp_size_t n = (mp_size_t)limbs;

	assert(mpn_sec_mul_itch(n, n) <= SCRATCH);
	mpn_sec_mul(product, a, n, b, n, scratch);
	reduce(product, 2 * limbs, m, limbs);
	mpn_copyi(out, product, n);
	sodium_memzero(product, 16 * limbs);
}

/* out = 1 / a mod m in constant time, a != 0. */
static void
invert_mod(mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *m, size_t limbs)
{
	mp_limb_t copy[MODP_LIMBS_MAX], scratch[SCRATCH];
	const mp_size_t n = (mp_size_t)limbs;

	assert(mpn_sec_invert_itch(n) <= SCRATCH);
	mpn_copyi(copy, a, n);
	group_must(
	    mpn_sec_invert(out, copy, m, n, 2 * GMP_NUMB_BITS * (mp_bitcnt_t)limbs, scratch));
	sodium_memzero(copy, sizeof copy);
	sodium_memzero(scratch, sizeof scratch);
}

/* Set x to a number of n big-endian bytes modulo q, in constant time. */
static void
load_mod_order(mp_limb_t *x, const struct modp *m, const uint8_t *bytes, size_t n)
{
	mp_limb_t number[LONG_MAX_LIMBS];
	size_t limbs = (n + 7) / 8;

	if (limbs < m->limbs)
		limbs = m->limbs;
	assert(limbs <= LONG_MAX_LIMBS);
	load(number, limbs, bytes, n);
	reduce(number, limbs, m->q, m->limbs);
	mpn_copyi(x, number, (mp_size_t)m->limbs);
	sodium_memzero(number, sizeof number);
}

/* ---- elements ---- */

static void
set_small(struct gvec *out, mp_limb_t x)
{
	size_t i;

	memset(out->at, 0, out->n * out->group->element_store);
	for (i = 0; i < out->n; i++)
		element(out, i)[0] = x;
}

static void
set_identity(struct gvec *out)
{
	set_small(out, 1);
}

static void
set_generator(struct gvec *out)
{
	set_small(out, modp_of(out->group)->generator);
}

static int
is_small(const struct modp *m, const mp_limb_t *x, mp_limb_t small)
{
	return x[0] == small && (m->limbs == 1 || mpn_zero_p(x + 1, (mp_size_t)m->limbs - 1));
}

/* Return 1 if 0 < x < p is a quadratic residue. Variable time. */
static int
is_member(const struct modp *m, const mp_limb_t *x)
{
	mpz_t a, p;

	return mpz_jacobi(mpz_roinit_n(a, x, (mp_size_t)m->limbs),
		   mpz_roinit_n(p, m->p, (mp_size_t)m->limbs)) == 1;
}

static enum result
decode_one(const struct modp *m, mp_limb_t *x, const uint8_t *bytes, enum decode which)
{
	load(x, m->limbs, bytes, m->group.element_bytes);
	if (is_small(m, x, 0) || mpn_cmp(x, m->p, (mp_size_t)m->limbs) >= 0)
		return R_NON_CANONICAL;
	if (!is_member(m, x))
		return R_NOT_IN_GROUP;
	if (which != DECODE_ANY && is_small(m, x, 1))
		return R_BAD_ELEMENT;
	return R_GOOD;
}

static enum result
decode(struct gvec *out, const uint8_t *bytes, size_t stride, enum decode which, size_t *bad)
{
	const struct modp *m = modp_of(out->group);
	enum result r;
	size_t i;

	for (i = 0; i < out->n; i++) {
		r = decode_one(m, element(out, i), bytes + i * stride, which);
		if (r != R_GOOD) {
			*bad = i;
			return r;
		}
	}
	return R_GOOD;
}

static void
encode(uint8_t *bytes, size_t stride, const struct gvec *v)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		store(bytes + i * stride, v->group->element_bytes, element(v, i));
}

static void
mul(struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	const struct modp *m = modp_of(out->group);

	path_of(m)->mul(element(out, 0), m->p, m->limbs, elements(a), elements(b), out->n);
}

/* Divide at most BATCH elements by as many at the price of one inversion:
 * 1/b_i = (b_1 … b_i-1) * 1/(b_1 … b_i). */
static void
divide_batch(const struct modp *m, struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	mp_limb_t product[BATCH][MODP_LIMBS_MAX], inverse[MODP_LIMBS_MAX], t[MODP_LIMBS_MAX];
	const mp_size_t n = (mp_size_t)m->limbs;
	size_t i;

	/* product[i] = b[0] … b[i] */
	mpn_copyi(product[0], element(b, 0), n);
	for (i = 1; i < b->n; i++)
		mul_mod(product[i], product[i - 1], element(b, i), m->p, m->limbs);
	invert_mod(inverse, product[b->n - 1], m->p, m->limbs);
	for (i = b->n; i-- > 0;) {
		if (i > 0)
			mul_mod(t, inverse, product[i - 1], m->p, m->limbs);
		else
			mpn_copyi(t, inverse, n);
		/* Before out[i], which may be b[i], is written. */
		mul_mod(inverse, inverse, element(b, i), m->p, m->limbs);
		mul_mod(element(out, i), element(a, i), t, m->p, m->limbs);
	}
	sodium_memzero(product, sizeof product);
	sodium_memzero(inverse, sizeof inverse);
	sodium_memzero(t, sizeof t);
}

static struct gvec
part(const struct gvec *v, size_t from, size_t n)
{
	struct gvec view = { v->group, n, v->at + from * v->group->element_store, NULL };

	return view;
}

static void
divide(struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	const struct modp *m = modp_of(out->group);
	_Alignas(64) unsigned char room[GROUP_STORE_MAX];
	struct gvec one = { out->group, 1, room, NULL };
	struct gvec to, from, by;
	size_t i, n;

	if (b->n == 1) {
		invert_mod(element(&one, 0), element(b, 0), m->p, m->limbs);
		mul(out, a, &one);
		sodium_memzero(room, sizeof room);
		return;
	}
	for (i = 0; i < out->n; i += n) {
		n = out->n - i < BATCH ? out->n - i : BATCH;
		to = part(out, i, n);
		from = part(a, i, n);
		by = part(b, i, n);
		divide_batch(m, &to, &from, &by);
	}
}

/* ---- powers ---- */

static enum result
power(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	const struct modp *m = modp_of(out->group);

	return path_of(m)->pow(element(out, 0), m, elements(base), scalars(e), out->n,
	    m->order_bits);
}

/* Return how many bits the longest of public exponents has. */
static size_t
longest_vartime(const struct svec *e)
{
	const size_t limbs = modp_of(e->group)->limbs;
	mp_limb_t all[MODP_LIMBS_MAX] = { 0 };
	size_t i;

	for (i = 0; i < e->n; i++)
		mpn_ior_n(all, all, scalar(e, i), (mp_size_t)limbs);
	for (i = limbs; i-- > 0;)
		if (all[i] != 0)
			return 64 * i + 64 - (size_t)__builtin_clzl(all[i]);
	return 0;
}

static void
one_power_vartime(mp_limb_t *out, const struct modp *m, const mp_limb_t *base, const mp_limb_t *e)
{
	const mp_size_t n = (mp_size_t)m->limbs;
	mpz_t x, b, k, p;
	mp_size_t have;

	mpz_init(x);
	mpz_powm(x, mpz_roinit_n(b, base, n), mpz_roinit_n(k, e, n), mpz_roinit_n(p, m->p, n));
	have = (mp_size_t)mpz_size(x);
	mpn_zero(out, n);
	mpn_copyi(out, mpz_limbs_read(x), have);
	mpz_clear(x);
}

static enum result
power_vartime(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	const struct modp *m = modp_of(out->group);
	const struct modp_path *path = path_of(m);
	const size_t bits = longest_vartime(e);
	size_t i;

	if (path != &modp_gmp && out->n > 1 && bits > 0)
		return path->pow(element(out, 0), m, elements(base), scalars(e), out->n, bits);
	for (i = 0; i < out->n; i++)
		one_power_vartime(element(out, i), m, element(base, i), scalar(e, i));
	return R_GOOD;
}

static enum result
table(const void **out, void **owned, const struct gvec *base, size_t n)
{
	const struct modp *m = modp_of(base->group);
	enum result r;

	r = path_of(m)->table(owned, m, element(base, 0), n);
	*out = *owned;
	return r;
}

static void
power_table(struct gvec *out, const void *of_base, const struct svec *e)
{
	const struct modp *m = modp_of(out->group);

	path_of(m)->table_pow(element(out, 0), m, of_base, scalars(e), out->n);
}

static enum result
multipow(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	const struct modp *m = modp_of(out->group);
	const struct modp_path *path = path_of(m);

	if (base->n == 1)
		return power(out, base, e);
	if (base->n < path->many)
		return path->straus(element(out, 0), m, elements(base), scalars(e), base->n,
		    m->order_bits);
	return path->buckets(element(out, 0), m, elements(base), scalars(e), base->n, m->order_bits,
	    0);
}

static enum result
multipow_vartime(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	const struct modp *m = modp_of(out->group);
	const struct modp_path *path = path_of(m);
	const size_t bits = longest_vartime(e);

	if (bits == 0) {
		set_identity(out);
		return R_GOOD;
	}
	if (base->n == 1)
		return power_vartime(out, base, e);
	if (base->n < path->many)
		return path->straus(element(out, 0), m, elements(base), scalars(e), base->n, bits);
	return path->buckets(element(out, 0), m, elements(base), scalars(e), base->n, bits, 1);
}

/* ---- elements from bytes ---- */

/* Set x to the square of the candidate `ctr` for a generator. */
static void
candidate(const struct modp *m, mp_limb_t *x, const char *label, uint64_t index, uint64_t ctr)
{
	const size_t bytes = m->group.element_bytes + 16, limbs = (bytes + 7) / 8;
	uint8_t hash[8 * LONG_MAX_LIMBS];
	mp_limb_t number[LONG_MAX_LIMBS];
	size_t at;

	for (at = 0; at < bytes; at += 64)
		generator_hash(hash + at, &m->group, label, index, ctr, at / 64);
	load(number, limbs, hash, bytes);
	reduce(number, limbs, m->p, m->limbs);
	mul_mod(x, number, number, m->p, m->limbs);
}

static void
generators(struct gvec *out, const char *label, uint64_t first)
{
	const struct modp *m = modp_of(out->group);
	mp_limb_t *x;
	uint64_t ctr;
	size_t i;

	for (i = 0; i < out->n; i++) {
		x = element(out, i);
		ctr = 0;
		do
			candidate(m, x, label, first + i, ctr++);
		while (is_small(m, x, 0) || is_small(m, x, 1));
	}
}

static void
embed_one(const struct modp *m, mp_limb_t *x, const uint8_t *block)
{
	uint8_t bytes[EMBEDDED_BYTES] = { 0 };
	unsigned ctr;

	/* The tiny groups of the tests have no room. */
	assert(m->embeds);
	memcpy(bytes, block, GROUP_BLOCK_BYTES);
	load(x, m->limbs, bytes, sizeof bytes);
	for (ctr = 0; ctr < COUNTERS; ctr++, x[0]++)
		if (!is_small(m, x, 0) && !is_small(m, x, 1) && is_member(m, x))
			break;
	/* Every second number is a residue: 65536 in a row that are none do not exist. */
	if (ctr == COUNTERS)
		abort();
	sodium_memzero(bytes, sizeof bytes);
}

static void
embed(struct gvec *out, const uint8_t *blocks)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		embed_one(modp_of(out->group), element(out, i), blocks + i * GROUP_BLOCK_BYTES);
}

static enum result
extract(uint8_t *blocks, const struct gvec *v, size_t *bad)
{
	const struct modp *m = modp_of(v->group);
	const size_t low = EMBEDDED_BYTES / 8;
	uint8_t bytes[EMBEDDED_BYTES];
	mp_limb_t again[MODP_LIMBS_MAX];
	const mp_limb_t *x;
	size_t i;

	assert(m->embeds);
	for (i = 0; i < v->n; i++) {
		x = element(v, i);
		store(bytes, sizeof bytes, x);
		memcpy(blocks + i * GROUP_BLOCK_BYTES, bytes, GROUP_BLOCK_BYTES);
		embed_one(m, again, bytes);
		if (!mpn_zero_p(x + low, (mp_size_t)(m->limbs - low)) ||
		    mpn_cmp(x, again, (mp_size_t)low) != 0) {
			*bad = i;
			return R_BAD_CHOICE;
		}
	}
	return R_GOOD;
}

/* ---- scalars ---- */

static enum result
read_scalars(struct svec *out, const uint8_t *bytes, size_t stride, size_t *bad)
{
	const struct modp *m = modp_of(out->group);
	mp_limb_t t[MODP_LIMBS_MAX];
	mp_limb_t borrow = 1;
	size_t i;

	for (i = 0; i < out->n && borrow != 0; i++) {
		load(scalar(out, i), m->limbs, bytes + i * stride, m->group.scalar_bytes);
		/* Below q if the difference borrows; mpn_cmp would take a time that
		 * depends on the scalar. */
		borrow = mpn_sub_n(t, scalar(out, i), m->q, (mp_size_t)m->limbs);
		if (borrow == 0)
			*bad = i;
	}
	sodium_memzero(t, sizeof t);
	return borrow != 0 ? R_GOOD : R_NON_CANONICAL;
}

static void
write_scalars(uint8_t *bytes, size_t stride, const struct svec *v)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		store(bytes + i * stride, v->group->scalar_bytes, scalar(v, i));
}

static void
from_u64(struct svec *v, size_t i, uint64_t x)
{
	const struct modp *m = modp_of(v->group);
	mp_limb_t *s = scalar(v, i);

	mpn_zero(s, (mp_size_t)m->limbs);
	s[0] = x;
	reduce(s, m->limbs, m->q, m->limbs);
}

static void
from_wide(struct svec *v, size_t i, const uint8_t *wide)
{
	const struct modp *m = modp_of(v->group);

	load_mod_order(scalar(v, i), m, wide, m->group.wide_bytes);
}

static void
from_128(struct svec *out, const uint8_t *bytes)
{
	const struct modp *m = modp_of(out->group);
	uint8_t big[16];
	size_t i, k;

	for (i = 0; i < out->n; i++) {
		for (k = 0; k < sizeof big; k++)
			big[k] = bytes[16 * i + 15 - k];
		load_mod_order(scalar(out, i), m, big, sizeof big);
	}
	sodium_memzero(big, sizeof big);
}

static void
from_hash(struct svec *v, size_t i, const uint8_t hash[64])
{
	load_mod_order(scalar(v, i), modp_of(v->group), hash, 32);
}

static void
add(struct svec *out, const struct svec *a, const struct svec *b)
{
	const struct modp *m = modp_of(out->group);
	const mp_size_t n = (mp_size_t)m->limbs;
	mp_limb_t sum[MODP_LIMBS_MAX], less[MODP_LIMBS_MAX];
	mp_limb_t borrow;
	size_t i;

	/* 2q = p - 1 fits: no carry. */
	for (i = 0; i < out->n; i++) {
		(void)mpn_add_n(sum, scalar(a, i), scalar(b, i), n);
		borrow = mpn_sub_n(less, sum, m->q, n);
		(void)mpn_cnd_add_n(borrow, scalar(out, i), less, m->q, n);
	}
	sodium_memzero(sum, sizeof sum);
	sodium_memzero(less, sizeof less);
}

static void
sub(struct svec *out, const struct svec *a, const struct svec *b)
{
	const struct modp *m = modp_of(out->group);
	const mp_size_t n = (mp_size_t)m->limbs;
	mp_limb_t less[MODP_LIMBS_MAX];
	mp_limb_t borrow;
	size_t i;

	for (i = 0; i < out->n; i++) {
		borrow = mpn_sub_n(less, scalar(a, i), scalar(b, i), n);
		(void)mpn_cnd_add_n(borrow, scalar(out, i), less, m->q, n);
	}
	sodium_memzero(less, sizeof less);
}

static void
mul_scalars(struct svec *out, const struct svec *a, const struct svec *b)
{
	const struct modp *m = modp_of(out->group);

	path_of(m)->mul(scalar(out, 0), m->q, m->limbs, scalars(a), scalars(b), out->n);
}

static void
invert(struct svec *out, const struct svec *a)
{
	const struct modp *m = modp_of(out->group);

	invert_mod(scalar(out, 0), scalar(a, 0), m->q, m->limbs);
}

const struct group_ops modp_ops = {
	.set_identity = set_identity,
	.set_generator = set_generator,
	.decode = decode,
	.encode = encode,
	.mul = mul,
	.div = divide,
	.pow = power,
	.pow_vartime = power_vartime,
	.table = table,
	.pow_table = power_table,
	.multipow_grain = MULTIPOW_GRAIN,
	.multipow = multipow,
	.multipow_vartime = multipow_vartime,
	.generators = generators,
	.embed = embed,
	.extract = extract,
	.read = read_scalars,
	.write = write_scalars,
	.from_u64 = from_u64,
	.from_wide = from_wide,
	.from_128 = from_128,
	.from_hash = from_hash,
	.add = add,
	.sub = sub,
	.mul_scalars = mul_scalars,
	.invert = invert,
};
