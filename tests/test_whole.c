/*
 * test_whole: files that are written whole or not at all: what stands there afterwards, what is left
 * beside it, what is refused.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ballots/whole.h"
#include "tests/suite.h"

static char folder[32], path[64];
static int dir = -1;

static void
set_up(void)
{
	(void)snprintf(folder, sizeof folder, "whole.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/file", folder);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
}

static void
tear_down(void)
{
	(void)unlink(path);
	(void)close(dir);
	ck_assert_int_eq(rmdir(folder), 0); /* nothing was left beside it */
}

/* The file holds just this. */
static void
holds(const char *text)
{
	struct buffer bytes = { 0 };

	ck_assert_int_eq(whole_read(&bytes, path, 1000), R_GOOD);
	ck_assert(slice_equal(buffer_slice(&bytes), slice_of(text)));
	buffer_free(&bytes);
}

static unsigned
mode(void)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(it_replaces)
{
	ck_assert_int_eq(whole_write(path, slice_of("one"), 0600, WHOLE_REPLACE), R_GOOD);
	holds("one");
	ck_assert_uint_eq(mode(), 0600);
	ck_assert_int_eq(whole_write(path, slice_of("another"), 0644, WHOLE_REPLACE), R_GOOD);
	holds("another");
	ck_assert_uint_eq(mode(), 0644);
	ck_assert_int_eq(whole_write(path, slice_of(""), 0644, WHOLE_REPLACE), R_GOOD);
	holds("");
}
END_TEST

START_TEST(new_ones_replace_nothing)
{
	ck_assert_int_eq(whole_write(path, slice_of("one"), 0600, WHOLE_NEW), R_GOOD);
	ck_assert_int_eq(whole_write(path, slice_of("two"), 0600, WHOLE_NEW), R_CONFLICT);
	ck_assert_int_eq(whole_make(dir, "file", slice_of("three"), 0600), R_CONFLICT);
	holds("one");
	(void)unlink(path);
	ck_assert_int_eq(whole_make(dir, "file", slice_of("three"), 0600), R_GOOD);
	holds("three");
	(void)unlink(path);
	/* A link that leads nowhere is something that stands there. */
	ck_assert_int_eq(symlink("nowhere", path), 0);
	ck_assert_int_eq(whole_write(path, slice_of("two"), 0600, WHOLE_NEW), R_CONFLICT);
	ck_assert_int_eq(whole_make(dir, "file", slice_of("two"), 0600), R_CONFLICT);
}
END_TEST

START_TEST(what_cannot_be_written)
{
	char absent[80];

	(void)snprintf(absent, sizeof absent, "%s/absent/file", folder);
	errno = 0;
	ck_assert_int_eq(whole_write(absent, slice_of("x"), 0600, WHOLE_REPLACE), R_NO_DISK);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(whole_keep_name(absent), R_NO_DISK);
	ck_assert_int_eq(whole_put(-1, slice_of("x")), R_NO_DISK);
	ck_assert_int_eq(errno, EBADF);
	/* A folder is in the way: the file is taken away again, and the reason is told. */
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(whole_write(path, slice_of("x"), 0600, WHOLE_REPLACE), R_NO_DISK);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(reading)
{
	struct buffer bytes = { 0 };

	ck_assert_int_eq(whole_read(&bytes, path, 1000), R_NOT_FOUND);
	ck_assert_int_eq(whole_write(path, slice_of("12345"), 0600, WHOLE_REPLACE), R_GOOD);
	ck_assert_int_eq(whole_read(&bytes, path, 4), R_TOO_LARGE);
	ck_assert_uint_eq(bytes.n, 0);
	ck_assert_int_eq(whole_read(&bytes, path, 5), R_GOOD);
	ck_assert_int_eq(whole_read(&bytes, path, 5), R_GOOD); /* it adds */
	ck_assert(slice_equal(buffer_slice(&bytes), slice_of("1234512345")));
	ck_assert_int_eq(whole_read(&bytes, folder, 1000), R_NO_DISK);
	buffer_free(&bytes);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("whole");
	TCase *tc = tcase_create("whole");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, it_replaces);
	tcase_add_test(tc, new_ones_replace_nothing);
	tcase_add_test(tc, what_cannot_be_written);
	tcase_add_test(tc, reading);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
