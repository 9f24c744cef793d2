/* test_audit: the audit file of a voter, and what tabella verify ballot says to it. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/audit.h"
#include "client/command.h"
#include "crypto/base64.h"
#include "crypto/mem.h"
#include "tests/attack_kit.h"
#include "tests/suite.h"

static struct bottle *b;
static char *folder, *archive, *file;
static char id[HEX_LEN(32) + 1];

/* Encrypt as voter 0 under the key y (NULL: that of the election) and write what an audit
 * discloses, claiming `claimed`. */
static void
audit_under(const struct slice *y, const char *choice, const char *claimed)
{
	const char *const made[] = { choice, "31>2" }, *const said[] = { claimed, "31>2" };
	struct ballot_draft *draft;
	struct ballot_answer answers[2];
	struct item_status s[2];
	struct choice choices[4];
	struct digest prev;
	struct ballot_place place = bottle_place(b, 0, &prev);
	unsigned i;

	if (y != NULL)
		place.y = *y;
	for (i = 0; i < 4; i++) {
		bottle_must(b, frozen_item(rules_now(b->rules), i / 2 + 1, &s[i / 2]), "item");
		bottle_must(b,
		    choice_parse(&choices[i], (enum choice_type)s[i / 2].item->choice,
			(unsigned)s[i / 2].item->option_count,
			i % 2 == 0 ? made[i / 2] : said[i / 2], &b->why),
		    "choice");
		answers[i / 2] =
		    (struct ballot_answer){ s[i / 2].item, s[i / 2].hash, &choices[i / 2 * 2] };
	}
	bottle_must(b, ballot_draft_new(&draft, &place, answers, 2, &b->rng, &b->why), "ballot");
	for (i = 0; i < 2; i++)
		answers[i].choice = &choices[2 * i + 1];
	bottle_must(b,
	    audit_write(file, &place, answers, 2, ballot_draft_body(draft),
		ballot_draft_audit(draft), &b->why),
	    "audit");
	ballot_draft_free(draft);
}

static void
audit(const char *choice, const char *claimed)
{
	audit_under(NULL, choice, claimed);
}

/* An open election with two items. */
static struct bottle *
open_election(uint8_t seed)
{
	const struct bottle_plan plan = { .seed = seed };
	struct bottle *made = bottle_new(&plan);

	bottle_definition(made);
	bottle_item(made, COUNT_PLURALITY, 3);
	bottle_item(made, COUNT_CONDORCET, 31);
	bottle_roll(made);
	bottle_approve(made);
	bottle_keygen(made);
	bottle_open(made);
	return made;
}

static void
make(void)
{
	if (mem_init() != R_GOOD)
		abort();
	b = open_election(4);
	folder = bottle_folder();
	archive = bottle_path(folder, "archive");
	file = bottle_path(folder, "audit.json");
	bottle_archive(b, archive);
	(void)hex_encode(id, frozen_election(rules_now(b->rules))->b, 32);
}

static void
unmake(void)
{
	bottle_remove(folder);
	free(folder);
	free(archive);
	free(file);
	bottle_free(b);
}

/* Run tabella verify ballot; what it prints goes to `out`. */
static int
verify(struct buffer *out, int argc, char **argv)
{
	const struct command *c = role_verify.commands;
	char *log = bottle_path(folder, "log");
	int saved[2], fd, code, i;

	while (strcmp(c->name, "ballot") != 0)
		c++;
	fd = open(log, O_RDWR | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	(void)fflush(NULL);
	for (i = 0; i < 2; i++) {
		saved[i] = dup(i + 1);
		ck_assert_int_eq(dup2(fd, i + 1), i + 1);
	}
	code = c->run(c, argc, argv);
	(void)fflush(NULL);
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(dup2(saved[i], i + 1), i + 1);
		(void)close(saved[i]);
	}
	(void)close(fd);
	bottle_read_file(out, log);
	buffer_add(out, "", 1);
	free(log);
	return code;
}

static void
expect(int code, const char *text, const char *option, const char *value)
{
	char name[] = "ballot";
	char *argv[] = { name, file, (char *)(uintptr_t)option, (char *)(uintptr_t)value, NULL };
	struct buffer out = { 0 };
	int got = verify(&out, option == NULL ? 2 : 4, argv);

	if (got != code || strstr((const char *)out.p, text) == NULL)
		ck_abort_msg("exit %d, not %d, or no \"%s\": %s", got, code, text,
		    (const char *)out.p);
	buffer_free(&out);
}

/* Replace text in the file. */
static void
change(const char *from, const char *to)
{
	struct buffer text = { 0 }, other = { 0 };

	bottle_read_file(&text, file);
	attack_replace(&other, buffer_slice(&text), from, to);
	bottle_write_file(file, buffer_slice(&other));
	buffer_free(&text);
	buffer_free(&other);
}

START_TEST(an_honest_device)
{
	audit("2", "2");
	expect(0, "option 2: option 2", NULL, NULL);
	expect(0, "31>2", NULL, NULL);
	expect(0, "key and items were taken from the file itself", NULL, NULL);
	expect(0, "31>2", "--archive", archive);
	expect(0, "Tracker of this ballot", "--election", id);
}
END_TEST

START_TEST(another_choice)
{
	audit("2", "1");
	expect(1, "OTHER_CHOICE", NULL, NULL);
	expect(1, "option 2: option 2", "--archive", archive);
}
END_TEST

/* The file is what the device makes of it: what does not fit is found. */
START_TEST(spoilt_files)
{
	struct buffer whole = { 0 };
	static const struct {
		const char *from, *to, *reason;
	} spoils[] = {
		{ "\"version\":1", "\"version\":2", "BAD_INPUT" },
		{ "\"group\":\"ristretto255\"", "\"group\":\"modp2048\"", "tabella: " },
		{ "\"group\":\"ristretto255\"", "\"group\":\"none\"", "UNKNOWN_GROUP" },
		{ "\"choices\":[\"2\",", "\"choices\":[\"9\",", "BAD_CHOICE" },
		{ "\"choices\":[\"2\",", "\"choices\":[", "BAD_INPUT" },
		{ "\"r\":\"", "\"r\":\"AAAA", "tabella: " },
		{ "\"y\":\"", "\"y\":\"AAAA", "tabella: " },
		{ "\"X\":\"", "\"X\":\"!", "BAD_INPUT" },
		{ "\\\"title\\\":\\\"A", "\\\"title\\\":\\\"B", "WRONG_ELECTION" },
		{ "\"election\":\"", "\"election\":\"0", "BAD_INPUT" },
		{ "{", "", "tabella: " },
	};
	size_t i;

	audit("2", "2");
	bottle_read_file(&whole, file);
	for (i = 0; i < sizeof spoils / sizeof *spoils; i++) {
		bottle_write_file(file, buffer_slice(&whole));
		change(spoils[i].from, spoils[i].to);
		expect(1, spoils[i].reason, NULL, NULL);
	}
	buffer_free(&whole);
	ck_assert_int_eq(unlink(file), 0);
	expect(1, "MISSING_FILE", NULL, NULL);
}
END_TEST

/* Keys of another length than the group's must not be read as if they had it. */
START_TEST(short_keys)
{
	struct buffer text = { 0 };
	uint8_t *at;

	audit("2", "2");
	bottle_read_file(&text, file);
	at = memmem(text.p, text.n, "\"y\":\"", 5);
	ck_assert_ptr_nonnull(at);
	memmove(at + 5 + 4, at + 5 + 43, text.n - (size_t)(at + 5 + 43 - text.p));
	text.n -= 39;
	bottle_write_file(file, buffer_slice(&text));
	expect(1, "BAD_ENCODING", NULL, NULL);
	buffer_free(&text);
}
END_TEST

/* Another key than the election's: the audit by itself is right, the archive is not. */
START_TEST(another_key)
{
	struct bottle *other = open_election(5), *mine = b;
	struct slice key;
	char *path;

	b = other;
	audit("2", "2");
	b = mine;
	expect(0, "31>2", NULL, NULL);
	expect(1, "WRONG_ELECTION", "--archive", archive);
	expect(1, "WRONG_ELECTION", "--election", id);
	/* the right election, and a key that somebody else knows */
	ck_assert_int_eq(unlink(file), 0);
	key = frozen_key_bytes(rules_now(other->rules));
	audit_under(&key, "2", "2");
	expect(0, "31>2", "--election", id);
	expect(1, "WRONG_KEY", "--archive", archive);
	path = bottle_path(folder, "no such archive");
	expect(1, "MISSING_FILE", "--archive", path);
	free(path);
	bottle_free(other);
}
END_TEST

START_TEST(wrong_calls)
{
	audit("2", "2");
	expect(2, "64 digits", "--election", "abc");
	expect(2, "no option", "--fast", "x");
}
END_TEST

/* Nothing in the file but what it says: no secret of the voter. */
START_TEST(no_secrets)
{
	char secret[BASE64URL_LEN(32) + 1];
	struct buffer text = { 0 };
	uint8_t x[32];

	audit("2", "2");
	bottle_read_file(&text, file);
	svec_encode(x, 32, b->voters[0].x);
	(void)base64url_encode(secret, x, 32);
	ck_assert_ptr_null(memmem(text.p, text.n, secret, strlen(secret)));
	(void)hex_encode(secret, x, 16);
	ck_assert_ptr_null(memmem(text.p, text.n, secret, 32));
	buffer_free(&text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("audit");
	TCase *t = tcase_create("audit");

	tcase_add_checked_fixture(t, make, unmake);
	tcase_add_test(t, an_honest_device);
	tcase_add_test(t, another_choice);
	tcase_add_test(t, spoilt_files);
	tcase_add_test(t, short_keys);
	tcase_add_test(t, another_key);
	tcase_add_test(t, wrong_calls);
	tcase_add_test(t, no_secrets);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_main(suite());
}
