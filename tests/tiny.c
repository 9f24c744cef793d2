#include "tests/tiny.h"

#include <stdlib.h>

#include "crypto/modp.h"

static const mp_limb_t eleven[] = { 11 };
static const mp_limb_t twenty_three[] = { 23 };
static const mp_limb_t forty_seven[] = { 47 };

static const struct modp tiny11 = {
	.group = MODP_GROUP("tiny11", 1, 1, 1024),
	.limbs = 1,
	.order_bits = 4,
	.p = twenty_three,
	.q = eleven,
	.generator = 2,
};

static const struct modp tiny23 = {
	.group = MODP_GROUP("tiny23", 1, 1, 1024),
	.limbs = 1,
	.order_bits = 5,
	.p = forty_seven,
	.q = twenty_three,
	.generator = 2,
};

const struct group *
tiny_group(unsigned order)
{
	switch (order) {
	case 11: return &tiny11.group;
	case 23: return &tiny23.group;
	default: abort();
	}
}
