/* Compiled with the flags that crypto/lanes_ifma.c has. */
#include "crypto/fe_ifma.h"

#include "tests/bench/field_lanes.h"

const struct field_path field_ifma = {
	.make = numbers_new,
	.mul = numbers_mul,
	.square = numbers_square,
	.invert = numbers_invert,
};
