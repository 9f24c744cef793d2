/*
 * expect: what the rule book must say about a record, for the tests of the rule book.
 */
#ifndef TESTS_EXPECT_H
#define TESTS_EXPECT_H

#include <check.h>

#include "tests/bottle.h"

/* The verdict on a record: `reason`, without effect on the bottle. */
#define EXPECT(b, record, reason) expect_at(b, record, reason, __FILE__, __LINE__)
/* The verdict on a body, signed by a role. */
#define EXPECT_BODY(b, type, body, role, number, reason) \
	expect_body_at(b, type, body, role, number, reason, __FILE__, __LINE__)

static inline void
expect_at(struct bottle *b, struct slice record, enum result want, const char *file, int line)
{
	const enum result have = bottle_try(b, record);

	ck_assert_msg(have == want, "%s:%d: %s %s (%s), not %s", file, line, result_name(have),
	    b->why.check, b->why.text, result_name(want));
	if (have != R_GOOD)
		ck_assert_msg(strlen(b->why.check) == 4 && b->why.reason == have,
		    "%s:%d: no check is named", file, line);
}

static inline void
expect_body_at(struct bottle *b, enum record_type type, const union record_body *body,
    enum role role, unsigned number, enum result want, const char *file, int line)
{
	struct buffer record = { 0 };

	bottle_sign(b, &record, type, body, role, number);
	expect_at(b, buffer_slice(&record), want, file, line);
	buffer_free(&record);
}

#endif
