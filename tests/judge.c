#include "tests/judge.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/slow.h"

enum result
judge_one(const struct group *g, const uint8_t *bytes, enum decode which)
{
	uint8_t again[SLOW_BYTES];
	struct gvec *v;
	enum result r;

	ck_assert_int_eq(gvec_new(&v, g, 1), R_GOOD);
	r = gvec_decode(v, bytes, group_element_bytes(g), which, NULL, NULL);
	if (r == R_GOOD) {
		ck_assert_int_eq(gvec_encode(again, sizeof again, v, NULL), R_GOOD);
		ck_assert_mem_eq(again, bytes, group_element_bytes(g));
	}
	gvec_free(v);
	return r;
}

enum result
judge(const struct group *g, const uint8_t *bytes)
{
	ck_assert_int_eq(judge_one(g, bytes, DECODE_ANY), slow_decode(g, bytes, DECODE_ANY));
	ck_assert_int_eq(judge_one(g, bytes, DECODE_NO_IDENTITY),
	    slow_decode(g, bytes, DECODE_NO_IDENTITY));
	return judge_one(g, bytes, DECODE_NO_IDENTITY);
}
