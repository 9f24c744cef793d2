/*
 * test_mark: the high-water mark only rises, survives what may happen to a file while it is
 * written, and is not believed when it is damaged.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/mark.h"
#include "tests/suite.h"

#define SLOT 512

static char folder[] = "mark.XXXXXX", file[64];
static struct why why;
static struct mark *mark;

static void
set_up(void)
{
	(void)snprintf(folder, sizeof folder, "mark.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(file, sizeof file, "%s/board.mark", folder);
	ck_assert_msg(mark_open(&mark, folder, true, &why) == R_GOOD, "%s", why.text);
}

static void
tear_down(void)
{
	mark_close(mark);
	(void)unlink(file);
	(void)rmdir(folder);
}

static void
again(void)
{
	mark_close(mark);
	mark = NULL;
	ck_assert_msg(mark_open(&mark, folder, true, &why) == R_GOOD, "%s", why.text);
}

static struct digest
id(int n)
{
	struct digest d;

	sha256(&d, &n, sizeof n);
	return d;
}

static enum result
raise_to(int election, uint64_t size, int root)
{
	const struct digest e = id(election);
	const struct mark_head head = { size, id(root) };

	return mark_raise(mark, &e, &head, &why);
}

static uint64_t
size_of(int election)
{
	const struct digest e = id(election);
	struct mark_head head;

	return mark_find(mark, &head, &e) == R_GOOD ? head.size : 0;
}

START_TEST(it_only_rises)
{
	ck_assert_uint_eq(size_of(1), 0);
	ck_assert_int_eq(raise_to(1, 5, 50), R_GOOD);
	ck_assert_int_eq(raise_to(1, 5, 50), R_GOOD);
	ck_assert_int_eq(raise_to(1, 5, 51), R_ROLLBACK);
	ck_assert_int_eq(raise_to(1, 4, 40), R_ROLLBACK);
	ck_assert_uint_eq(size_of(1), 5);
	again();
	ck_assert_int_eq(raise_to(1, 5, 51), R_ROLLBACK);
	ck_assert_int_eq(raise_to(1, 5, 50), R_GOOD);
	ck_assert_int_eq(raise_to(1, 6, 60), R_GOOD);
	ck_assert_int_eq(raise_to(1, 5, 50), R_ROLLBACK);
	ck_assert_int_eq(raise_to(2, 1, 10), R_GOOD);
}
END_TEST

static enum result
count(void *ctx, const struct digest *election, const struct mark_head *head)
{
	uint64_t *sum = ctx;

	(void)election;
	*sum += head->size;
	return *sum > 1000000 ? R_CANCELLED : R_GOOD;
}

START_TEST(many_elections)
{
	uint64_t sum = 0;
	int i;

	for (i = 1; i <= 200; i++) {
		ck_assert_int_eq(raise_to(i, (uint64_t)i, i), R_GOOD);
		if (i % 3 == 0)
			ck_assert_int_eq(raise_to(i / 3, (uint64_t)(i / 3) + 1000, i), R_GOOD);
	}
	again();
	for (i = 1; i <= 200; i++)
		ck_assert_uint_eq(size_of(i), (uint64_t)i + (i <= 66 ? 1000 : 0));
	ck_assert_int_eq(mark_each(mark, count, &sum), R_GOOD);
	ck_assert_uint_eq(sum, 200 * 201 / 2 + 66000);
	sum = 999999;
	ck_assert_int_eq(mark_each(mark, count, &sum), R_CANCELLED);
}
END_TEST

/* Change bytes of the file behind its back. */
static void
scribble(off_t at, size_t n)
{
	int fd = open(file, O_RDWR);
	uint8_t b;

	ck_assert_int_ge(fd, 0);
	for (; n > 0; n--, at++) {
		ck_assert_int_eq(pread(fd, &b, 1, at), 1);
		b ^= 1;
		ck_assert_int_eq(pwrite(fd, &b, 1, at), 1);
	}
	(void)close(fd);
}

/* The slot that is being written when the power goes is lost; the other one counts. */
START_TEST(a_torn_write)
{
	uint64_t size;
	int slot, newer = 0;

	for (slot = 0; slot < 2; slot++) {
		set_up();
		ck_assert_int_eq(raise_to(1, 5, 50), R_GOOD);
		ck_assert_int_eq(raise_to(1, 6, 60), R_GOOD);
		mark_close(mark);
		scribble(slot * SLOT + 60, 1);
		ck_assert_int_eq(mark_open(&mark, folder, true, &why), R_GOOD);
		size = size_of(1);
		ck_assert(size == 5 || size == 6);
		newer += size == 6;
		/* Both slots are good again after the next two. */
		ck_assert_int_eq(raise_to(1, 7, 70), R_GOOD);
		ck_assert_int_eq(raise_to(1, 8, 80), R_GOOD);
		mark_close(mark);
		scribble(slot * SLOT, 1);
		ck_assert_int_eq(mark_open(&mark, folder, true, &why), R_GOOD);
		ck_assert_uint_ge(size_of(1), 7);
		tear_down();
	}
	ck_assert_int_eq(newer, 1);
}
END_TEST

START_TEST(every_damage_is_seen)
{
	off_t at;

	ck_assert_int_eq(raise_to(1, 5, 50), R_GOOD);
	ck_assert_int_eq(raise_to(2, 9, 90), R_GOOD);
	mark_close(mark);
	mark = NULL;
	for (at = 0; at < 128; at += 5) {
		scribble(at, 1);
		scribble(SLOT + at, 1);
		ck_assert_int_eq(mark_open(&mark, folder, true, &why), R_KEY_CORRUPT);
		ck_assert_ptr_null(mark);
		scribble(at, 1);
		scribble(SLOT + at, 1);
	}
	again();
	ck_assert_uint_eq(size_of(1), 5);
	/* What was being added for the first time was not signed for yet. */
	mark_close(mark);
	ck_assert_int_eq(truncate(file, 2 * SLOT + 100), 0);
	ck_assert_int_eq(mark_open(&mark, folder, true, &why), R_GOOD);
	ck_assert_uint_eq(size_of(1), 5);
	ck_assert_uint_eq(size_of(2), 0);
	ck_assert_int_eq(raise_to(2, 3, 30), R_GOOD);
	again();
	ck_assert_uint_eq(size_of(2), 3);
}
END_TEST

START_TEST(one_at_a_time_and_for_nobody_else)
{
	struct mark *second;

	ck_assert_int_eq(mark_open(&second, folder, true, &why), R_CONFLICT);
	ck_assert_ptr_null(second);
	mark_close(mark);
	mark = NULL;
	ck_assert_int_eq(chmod(file, 0640), 0);
	ck_assert_int_eq(mark_open(&mark, folder, true, &why), R_KEY_PERMISSIONS);
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(mark_open(&mark, folder, false, &why), R_NOT_FOUND);
	ck_assert_int_eq(access(file, F_OK), -1);
	ck_assert_int_eq(symlink("/dev/null", file), 0);
	ck_assert_int_eq(mark_open(&mark, folder, true, &why), R_NO_DISK);
	ck_assert_int_eq(mark_open(&mark, "no such folder", true, &why), R_NO_DISK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mark");
	TCase *tc = tcase_create("mark"), *torn = tcase_create("torn");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, it_only_rises);
	tcase_add_test(tc, many_elections);
	tcase_add_test(tc, every_damage_is_seen);
	tcase_add_test(tc, one_at_a_time_and_for_nobody_else);
	tcase_add_test(torn, a_torn_write);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, torn);
	return suite_main(suite);
}
