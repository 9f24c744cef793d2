/*
 * lanes_straus: products of powers of a few elements. A part of the code that
 * crypto/lanes_field.h describes.
 */
#ifndef CRYPTO_LANES_STRAUS_H
#define CRYPTO_LANES_STRAUS_H

#include "crypto/lanes_powers.h"

#ifdef VFE_LANES

#include "crypto/mem.h"

/* One group of elements. */
struct straus {
	struct multiples m;
	vnumber w[5];
};

static enum result
straus(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride, size_t n, unsigned bits)
{
	const size_t groups = (n + L - 1) / L;
	struct straus *all;
	struct vtwice twice;
	struct vpoint v;
	struct vsum sum;
	unsigned i;
	size_t g;

	all = mem_new(groups, sizeof *all);
	if (all == NULL)
		return R_NO_MEMORY;
	for (g = 0; g < groups; g++) {
		const unsigned lanes = lanes_left(n, g * L);
		unsigned k;

		vpoint_load(&v, p + g * L, 1, lanes);
		multiples(&all[g].m, &v);
		exponents_load(all[g].w, e + g * L * stride, stride, lanes);
		/* nothing of what fills up the last group */
		for (k = 0; k < 4; k++)
			all[g].w[k] &= lanes_first(lanes);
	}
	vsum_identity(&sum);
	for (i = WINDOWS(bits); i-- > 0;) {
		if (i + 1 < WINDOWS(bits)) {
			vpoint_of_sum(&v, &sum);
			vtwice_from(&twice, &v);
			vtwice_double(&twice, WINDOW - 1);
			vsum_double(&sum, &twice);
		}
		for (g = 0; g < groups; g++)
			pick_add(&sum, &all[g].m, all[g].w, i);
	}
	across(out, &sum);
	mem_free(all);
	sodium_memzero(&sum, sizeof sum);
	sodium_memzero(&v, sizeof v);
	return R_GOOD;
}

#endif
#endif
