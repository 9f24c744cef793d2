/*
 * bench: the parts of `make bench`. README.md says what each row measures.
 *
 * A row is measured in a process of its own (job.c), so that the processor path is chosen
 * afresh and the peak of memory is the row's. The program that starts them prints the
 * table (bench.c). For tests/bench only; a failure ends the program.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "crypto/group.h"
#include "crypto/par.h"
#include "crypto/result.h"
#include "crypto/rng.h"

/* ---- failure.c ---- */

/* End the program unless r is R_GOOD. */
void bench_must(enum result r, const char *what);
/* End the program with a message and the status. */
void bench_fail(int status, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));
/* n * size bytes of zeros, or the end of the program. */
void *bench_memory(size_t n, size_t size);

/* Seconds on a clock that only goes forward. */
double bench_clock(void);

/* ---- the work of a row, counted ---- */

/* What one item costs who calls a library for one operation at a time. */
struct work {
	double base;      /* powers of g */
	double power;     /* powers of any element */
	double challenge; /* powers whose exponent is a challenge */
	double small;     /* powers whose exponent has 128 bits */
	double add;       /* products of two elements */
	double map;       /* hashes to an element */
	double decode;    /* membership, asked for by itself */
	double member;    /* membership of what libsodium's operations decode anyhow; modp only */
};

/* The least that the arithmetic of an item can be: field operations, and for modp also
 * Jacobi symbols. Fractions come from work that many items share. */
struct least {
	double mul, square, jacobi;
};

/* ---- rows ---- */

/* A row at work. */
struct bench {
	const struct group *group;
	size_t n, width;
	struct effort effort;
	/* As many threads as there are processors: for what is not measured. */
	struct effort all;
	struct rng rng;
	void *data; /* the row's own */
};

/* Which sizes a row is measured at. */
enum sizes {
	SIZES_FIELD,  /* 1,000; the items are numbers */
	SIZES_ALONE,  /* powers, whose cost does not depend on n: not the largest n */
	SIZES_ALL,    /* every n */
	SIZES_MIX,    /* every n; by one thread and by two */
	SIZES_BALLOT, /* few: a voter makes them one at a time */
	SIZES_BATCH,  /* 64 and 4,096 */
	SIZES_HASH    /* no group; an item is a KiB */
};

struct row {
	const char *name;
	enum sizes sizes;
	/* Get ready; do all n items once; clean up. make and end may be NULL. */
	void (*make)(struct bench *b);
	void (*run)(struct bench *b);
	void (*end)(struct bench *b);
	/* Per item; either may be NULL. */
	struct work (*work)(const struct bench *b);
	struct least (*least)(const struct bench *b);
	/* Microseconds an item that the comparison takes, where `work` cannot say it; or NULL. */
	double (*other)(struct bench *b);
	/* 1 if the row is there for this group; NULL: for all. */
	int (*there)(const struct group *g);
};

extern const struct row rows_field[], rows_group[], rows_ballot[], rows_mix[], rows_hash[];

/* ---- primitives.c: what the ratios and bounds are made of ---- */

/* 1 if g is ristretto255, 0 if it is modp. */
int bench_is_curve(const struct group *g);
/* Microseconds that the work takes one operation at a time, on one core: libsodium for
 * ristretto255, GMP's mpz_powm for modp. Measured now. */
double bench_one_at_a_time(const struct group *g, const struct work *w);
/* Microseconds that the operations take, eight (or whatever the path has) side by side on one
 * core. Measured now, on the path of this process. */
double bench_least(const struct group *g, const struct least *l);
/* The least time in seconds that f(ctx) takes, over some short runs. */
double bench_quickest(void (*f)(void *ctx), void *ctx);

/* ---- least.c: operation counts, per element ---- */

struct least least_times(double times, struct least l);
struct least least_sum(struct least a, struct least b);
/* Constant-time powers: of a base with a table, of any base. */
struct least least_pow_fixed(const struct group *g);
struct least least_pow(const struct group *g);
struct least least_pow_vartime(const struct group *g);
/* One of n elements in a product of powers with exponents of so many bits. */
struct least least_multipow(const struct group *g, size_t n, unsigned bits);
/* One of n: decode; encode what is at hand as a square; encode anything; hash to the group;
 * a product of two. */
struct least least_decode(const struct group *g);
struct least least_encode_double(const struct group *g, size_t n);
struct least least_encode(const struct group *g);
struct least least_map(const struct group *g);
struct least least_mul(const struct group *g);
/* Bits of the group's order. */
unsigned least_order_bits(const struct group *g);
#define SMALL_BITS 128

/* ---- paths.c ---- */

/* The processor path that this process computes with. */
const char *bench_path(void);
/* Set names to the paths that this machine has, slowest first; return how many. */
#define BENCH_PATHS 3
size_t bench_paths(const char *names[BENCH_PATHS]);

/* ---- election.c: keys and lists ---- */

/* Random elements g^r; random scalars. The caller frees them. */
struct gvec *bench_elements(struct bench *b, size_t n);
struct svec *bench_scalars(struct bench *b, size_t n);
/* n elements that hold different blocks, as choices do. */
struct gvec *bench_choices(struct bench *b, size_t n);
/* Write the bytes of a list under y, with all processors: each row holds elements drawn from
 * `choices`, with counts[i] how often the i-th; or random elements if that is NULL. */
void bench_list(struct bench *b, uint8_t *bytes, const struct gvec *y, struct gvec *choices,
    uint64_t *counts);
/* Whatever the number of voters, they choose among so few: an item has not many options. */
#define CHOICES 16

#endif
