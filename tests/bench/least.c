/* Operation counts. Each is derived in README.md, under the same heading. */
#include <math.h>

#include "tests/bench/bench.h"

/* The widest windows for secret digits: a wider one saves less than it costs to read all of
 * its entries. */
#define CURVE_SECRET_WINDOW 7
#define MODP_SECRET_WINDOW 6

/* The widest windows of a product of powers: its buckets no longer fit into a cache. */
#define BUCKET_WINDOW 16

/* Field operations of the curve: doubling (a product less where no addition follows), addition
 * of a point with z = 1, of any. */
#define DOUBLE_MUL 3
#define DOUBLE_SQUARE 4
#define MIXED_MUL 7
#define ADD_MUL 8

struct least
least_times(double times, struct least l)
{
	return (struct least){ times * l.mul, times * l.square, times * l.jacobi };
}

struct least
least_sum(struct least a, struct least b)
{
	return (struct least){ a.mul + b.mul, a.square + b.square, a.jacobi + b.jacobi };
}

unsigned
least_order_bits(const struct group *g)
{
	/* p = 2q + 1 has all the bits of its encoding */
	return bench_is_curve(g) ? 253 : (unsigned)group_element_bytes(g) * 8 - 1;
}

static double
windows(unsigned bits, unsigned k)
{
	return ceil((double)bits / k);
}

/* To choose a window width: squarings are about four fifths of a product. */
static double
weight(struct least l)
{
	return l.mul + 0.8 * l.square;
}

static struct least
lighter(struct least a, struct least b)
{
	return weight(a) <= weight(b) ? a : b;
}

struct least
least_pow_fixed(const struct group *g)
{
	const unsigned bits = least_order_bits(g);

	if (bench_is_curve(g))
		return (
		    struct least){ .mul = (windows(bits, CURVE_SECRET_WINDOW) - 1) * MIXED_MUL };
	return (struct least){ .mul = windows(bits, MODP_SECRET_WINDOW) - 1 };
}

/* Windows of k bits over one base; the table is made for it alone. */
static struct least
pow_windows(const struct group *g, unsigned k)
{
	const unsigned bits = least_order_bits(g);
	const double additions = windows(bits, k) - 1;

	if (bench_is_curve(g))
		return (struct least){
			/* signed digits: half a table; a doubling before an addition has a
			 * product more */
			.mul = bits * DOUBLE_MUL + additions * (ADD_MUL + 1) +
			    (exp2(k - 1) - 1) * ADD_MUL,
			.square = bits * DOUBLE_SQUARE,
		};
	return (struct least){ .mul = additions + exp2(k) - 2, .square = bits };
}

struct least
least_pow(const struct group *g)
{
	const unsigned most = bench_is_curve(g) ? CURVE_SECRET_WINDOW : MODP_SECRET_WINDOW;
	struct least best = pow_windows(g, 1);
	unsigned k;

	for (k = 2; k <= most; k++)
		best = lighter(best, pow_windows(g, k));
	return best;
}

/* Sliding windows: an addition every k + 1 bits, odd multiples only. */
static struct least
pow_sliding(const struct group *g, unsigned k)
{
	const unsigned bits = least_order_bits(g);
	const double additions = bits / (k + 1.0);

	if (bench_is_curve(g))
		return (struct least){
			.mul = bits * DOUBLE_MUL + additions * (ADD_MUL + 1) +
			    (exp2(k - 2) - 1) * ADD_MUL + DOUBLE_MUL,
			.square = bits * DOUBLE_SQUARE + DOUBLE_SQUARE,
		};
	return (struct least){ .mul = additions + exp2(k - 1) - 1, .square = bits + 1.0 };
}

struct least
least_pow_vartime(const struct group *g)
{
	struct least best = pow_sliding(g, 2);
	unsigned k;

	for (k = 3; k <= 10; k++)
		best = lighter(best, pow_sliding(g, k));
	return best;
}

/* Buckets for digits of c bits (Pippenger): each element is added once a digit; summing the
 * buckets takes two additions each; the doublings are done once for all. */
static struct least
multipow_buckets(const struct group *g, double n, unsigned bits, unsigned c)
{
	/* signed digits carry once more */
	const double digits = windows(bits + (bench_is_curve(g) ? 1 : 0), c);

	if (bench_is_curve(g))
		return (struct least){
			.mul = digits * MIXED_MUL +
			    (digits * 2 * exp2(c - 1) * ADD_MUL + bits * DOUBLE_MUL) / n,
			.square = bits * DOUBLE_SQUARE / n,
		};
	return (struct least){ .mul = digits + digits * 2 * exp2(c) / n, .square = bits / n };
}

/* A table for each element (Straus), with sliding windows of k bits; doublings once for all. */
static struct least
multipow_tables(const struct group *g, double n, unsigned bits, unsigned k)
{
	const double additions = bits / (k + 1.0);

	if (bench_is_curve(g))
		return (struct least){
			.mul = additions * ADD_MUL + (exp2(k - 2) - 1) * ADD_MUL + DOUBLE_MUL +
			    bits * DOUBLE_MUL / n,
			.square = DOUBLE_SQUARE + bits * DOUBLE_SQUARE / n,
		};
	return (struct least){ .mul = additions + exp2(k - 1) - 1, .square = 1 + bits / n };
}

struct least
least_multipow(const struct group *g, size_t n, unsigned bits)
{
	struct least best = multipow_tables(g, (double)n, bits, 2);
	unsigned k;

	for (k = 3; k <= 8; k++)
		best = lighter(best, multipow_tables(g, (double)n, bits, k));
	for (k = 1; k <= BUCKET_WINDOW; k++)
		best = lighter(best, multipow_buckets(g, (double)n, bits, k));
	return best;
}

struct least
least_decode(const struct group *g)
{
	if (bench_is_curve(g))
		return (struct least){ .mul = 24, .square = 258 };
	return (struct least){ .jacobi = 1 };
}

struct least
least_encode_double(const struct group *g, size_t n)
{
	if (bench_is_curve(g))
		return (
		    struct least){ .mul = 17 + 11.0 / (double)n, .square = 4 + 254.0 / (double)n };
	return least_encode(g);
}

struct least
least_encode(const struct group *g)
{
	if (bench_is_curve(g))
		return (struct least){ .mul = 28, .square = 256 };
	/* out of Montgomery's form */
	return (struct least){ .mul = 1 };
}

struct least
least_map(const struct group *g)
{
	if (bench_is_curve(g))
		return (struct least){ .mul = 71, .square = 514 };
	return (struct least){ .square = 1 };
}

struct least
least_mul(const struct group *g)
{
	return (struct least){ .mul = bench_is_curve(g) ? ADD_MUL : 1 };
}
