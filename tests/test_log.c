/*
 * test_log: lines are whole, in form, and bounded in number.
 */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/log.h"
#include "tests/suite.h"

static char text[1 << 16];

/* Read what was logged. */
static size_t
read_log(int fd)
{
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	size_t lines = 0;
	char *at;

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	for (at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	return lines;
}

START_TEST(one_line_per_event)
{
	int fd = memfd_create("log", 0);
	struct log *log;
	char *end;

	ck_assert_int_eq((int)log_new(&log, fd), R_GOOD);
	log_event(log, LOG_CAP, "say \"%s\"\nand %d", "hello", 5);
	ck_assert_uint_eq(read_log(fd), 1);
	ck_assert_ptr_eq(strstr(text,
			     "{\"event\":\"cap\",\"level\":\"warn\",\"text\":\"say "
			     "\\\"hello\\\"\\nand 5\","
			     "\"time\":\"20"),
	    text);
	end = strstr(text, "Z\"}\n");
	ck_assert_ptr_nonnull(end);
	ck_assert(end[4] == '\0');
	/* Nobody listens: nothing happens. */
	log_event(NULL, LOG_CAP, "nothing");
	log_free(NULL);
	log_free(log);
	ck_assert_uint_eq(read_log(fd), 1);
	close(fd);
}
END_TEST

static void *
chatter(void *ctx)
{
	int i;

	for (i = 0; i < 1000; i++)
		log_event(ctx, LOG_REQUEST, "number %d", i);
	return NULL;
}

START_TEST(a_flood_is_bounded)
{
	int fd = memfd_create("log", 0);
	pthread_t thread[4];
	struct log *log;
	size_t i, lines;
	char *last;

	ck_assert_int_eq((int)log_new(&log, fd), R_GOOD);
	for (i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, chatter, log);
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	lines = read_log(fd);
	/* One period, or two if the clock has turned meanwhile. */
	ck_assert(lines == LOG_BURST || lines == 2 * LOG_BURST);
	/* Other kinds have their own measure. */
	log_event(log, LOG_STORE, "trouble");
	ck_assert_uint_eq(read_log(fd), lines + 1);
	ck_assert_ptr_nonnull(strstr(text, "\"event\":\"store\""));
	/* What was left out is counted. */
	log_free(log);
	ck_assert_uint_eq(read_log(fd), lines + 2);
	last = strstr(text, "\"suppressed\":");
	ck_assert_ptr_nonnull(last);
	if (lines == LOG_BURST)
		ck_assert_int_eq(atoi(last + 13), 4000 - LOG_BURST);
	close(fd);
}
END_TEST

START_TEST(lines_are_cut_to_size)
{
	int fd = memfd_create("log", 0);
	char many[4000];
	struct log *log;

	memset(many, '\x02', sizeof many);
	many[sizeof many - 1] = '\0';
	ck_assert_int_eq((int)log_new(&log, fd), R_GOOD);
	log_event(log, LOG_MEMORY, "%s", many);
	log_free(log);
	ck_assert_uint_eq(read_log(fd), 1);
	ck_assert_uint_lt(strlen(text), 1024);
	ck_assert_ptr_nonnull(strstr(text, "Z\"}\n"));
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");

	tcase_add_test(tc, one_line_per_event);
	tcase_add_test(tc, a_flood_is_bounded);
	tcase_add_test(tc, lines_are_cut_to_size);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
