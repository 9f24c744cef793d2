/*
 * test_segment: a board with more entries than one segment holds. Whatever happens to the
 * files, the board gives the same bytes: every line is held against the receipts and the
 * signed head.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "server/segment.h"
#include "tests/bench/load.h"
#include "tests/must.h"
#include "tests/pg.h"

#define VOTERS 4200

static int program;
static struct load_board board;
static struct load_election election;
static char hex[65], folder[300], file[500];

static void
start(void)
{
	struct sign_public organiser;

	load_organiser(&organiser);
	load_board_start(&board, program, folder, &organiser, 0);
}

static void
restart(void)
{
	load_board_stop(&board);
	start();
}

/* Ask for entries; the status. */
static int
entries(struct buffer *out, struct buffer *head, const char *query)
{
	char path[300];

	(void)snprintf(path, sizeof path, "/v1/elections/%s/entries?%s", hex, query);
	return load_try(&board, out, head, "GET", path, (struct slice){ 0 });
}

static size_t
count_lines(const struct buffer *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->n; i++)
		n += b->p[i] == '\n';
	return n;
}

/* Everything is as it must be, whatever the files are. */
static void
check_all(void)
{
	struct load_verdict v;

	load_check(&v, &board, &election);
	ck_assert_uint_eq(v.receipts, VOTERS);
	ck_assert_uint_gt(v.entries, SEGMENT_LINES);
}

static long
file_size(void)
{
	struct stat st;

	return stat(file, &st) == 0 ? (long)st.st_size : -1;
}

static bool
log_says(const char *text)
{
	char path[400], line[2000];
	bool found = false;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s.log", folder);
	f = fopen(path, "re");
	must(f != NULL);
	while (!found && fgets(line, sizeof line, f) != NULL)
		found = strstr(line, text) != NULL;
	(void)fclose(f);
	return found;
}

/* ---- cases, one after the other on the same board ---- */

START_TEST(a_segment_is_made_when_it_is_asked_for)
{
	struct buffer whole = { 0 };

	ck_assert_int_eq(file_size(), -1);
	ck_assert_int_eq(entries(&whole, NULL, "from=0&count=5000"), 400);
	ck_assert_int_eq(entries(&whole, NULL, "from=0"), 200);
	ck_assert_uint_eq(count_lines(&whole), SEGMENT_LINES);
	ck_assert_int_eq(file_size(), (long)whole.n);
	check_all();
	buffer_free(&whole);
}
END_TEST

START_TEST(pages_and_their_names)
{
	static const struct {
		const char *query;
		size_t lines;
		bool final;
	} pages[] = { { "from=0&count=1", 1, true }, { "from=17&count=100", 100, true },
		{ "from=4000", 96, true }, { "from=4095&count=4096", 1, true },
		{ "from=4096&count=50", 50, true }, { "from=4096", 116, false },
		{ "from=4211", 1, false }, { "from=4212", 0, false } };
	struct buffer whole = { 0 }, page = { 0 }, head = { 0 }, rest = { 0 };
	char path[400], etag[120];
	const char *field;
	size_t i, from;

	must(entries(&whole, NULL, "from=0") == 200);
	must(entries(&rest, NULL, "from=4096") == 200);
	buffer_add(&whole, rest.p, rest.n);
	for (i = 0; i < sizeof pages / sizeof *pages; i++) {
		ck_assert_int_eq(entries(&page, &head, pages[i].query), 200);
		ck_assert_msg(count_lines(&page) == pages[i].lines, "%s: %zu lines", pages[i].query,
		    count_lines(&page));
		ck_assert_msg((strstr((const char *)head.p, "immutable") != NULL) == pages[i].final,
		    "%s", pages[i].query);
		from = strtoul(pages[i].query + 5, NULL, 10);
		if (pages[i].lines == 0)
			continue;
		/* The same bytes as in the whole. */
		field = (const char *)whole.p;
		for (; from > 0; from--)
			field = (const char *)memchr(field, '\n', whole.n) + 1;
		ck_assert_int_eq(memcmp(field, page.p, page.n), 0);
		field = strstr((const char *)head.p, "ETag: ");
		must(field != NULL && sscanf(field, "ETag: %119s", etag) == 1);
		(void)snprintf(path, sizeof path,
		    "/v1/elections/%s/entries?%s HTTP/1.1\r\nIf-None-Match: %s\r\nX-Rest:", hex,
		    pages[i].query, etag);
		ck_assert_int_eq(load_try(&board, &page, NULL, "GET", path, (struct slice){ 0 }),
		    304);
	}
	buffer_free(&whole);
	buffer_free(&page);
	buffer_free(&head);
	buffer_free(&rest);
}
END_TEST

static void
spoil(long at, const char *with)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	must(fd >= 0);
	must(pwrite(fd, with, 1, at) == 1);
	(void)close(fd);
}

START_TEST(damaged_files_are_made_anew)
{
	long size = file_size();

	must(size > 0);
	/* A byte of a record, of the last line, a line end; too short, too long, empty. */
	spoil(size / 2, "~");
	restart();
	check_all();
	ck_assert(log_says("is damaged; it is made anew"));
	spoil(size - 3, "~");
	restart();
	check_all();
	spoil(size - 1, " ");
	restart();
	check_all();
	must(truncate(file, size - 1) == 0);
	restart();
	check_all();
	must(truncate(file, size + 1) == 0);
	restart();
	check_all();
	must(truncate(file, 0) == 0);
	restart();
	check_all();
	ck_assert_int_eq(file_size(), size);
}
END_TEST

START_TEST(files_may_go)
{
	long size = file_size();

	/* While the board runs it has them open; after a start they are made again. */
	must(unlink(file) == 0);
	check_all();
	restart();
	check_all();
	ck_assert_int_eq(file_size(), size);
}
END_TEST

/* Where no file can be made the database serves. */
START_TEST(without_files)
{
	char path[400];

	must(unlink(file) == 0);
	(void)snprintf(path, sizeof path, "%s/segments/%s", folder, hex);
	must(rmdir(path) == 0);
	must(symlink("/nowhere", path) == 0);
	restart();
	check_all();
	ck_assert(log_says("no segment: "));
	must(unlink(path) == 0);
	check_all();
	ck_assert_int_gt(file_size(), 0);
}
END_TEST

static void
prepare(void)
{
	struct load_run run = { .connections = 64 };

	(void)snprintf(folder, sizeof folder, "%s/board", pg_folder());
	start();
	load_election_make(&election, &board, VOTERS, 0);
	load_drive(&run, &board, &election, 0, VOTERS);
	ck_assert_uint_eq(run.acknowledged, VOTERS);
	(void)hex_encode(hex, election.id.b, sizeof election.id.b);
	(void)snprintf(file, sizeof file, "%s/segments/%s/00000000.ndjson", folder, hex);
}

static void
finish(void)
{
	load_board_stop(&board);
	load_election_free(&election);
}

static int
body(void)
{
	Suite *suite = suite_create("segment");
	TCase *tc = tcase_create("segment");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_unchecked_fixture(tc, prepare, finish);
	tcase_add_test(tc, a_segment_is_made_when_it_is_asked_for);
	tcase_add_test(tc, pages_and_their_names);
	tcase_add_test(tc, damaged_files_are_made_anew);
	tcase_add_test(tc, files_may_go);
	tcase_add_test(tc, without_files);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(void)
{
	const char *build = getenv("TOP_BUILDDIR");
	char path[4096];

	(void)snprintf(path, sizeof path, "%s/server/tabellad", build != NULL ? build : ".");
	program = open(path, O_RDONLY | O_CLOEXEC);
	if (program < 0)
		load_die("%s: %s", path, strerror(errno));
	return pg_main(body);
}
