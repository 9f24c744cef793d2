/* Compiled with the flags that crypto/lanes_avx2.c has. */
#include "crypto/fe_avx2.h"

#include "tests/bench/field_lanes.h"

const struct field_path field_avx2 = {
	.make = numbers_new,
	.mul = numbers_mul,
	.square = numbers_square,
	.invert = numbers_invert,
};
