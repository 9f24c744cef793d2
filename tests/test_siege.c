/*
 * test_siege: a real tabellad beset by connections that do nothing, or little, or what
 * they must not. All the while an honest ballot is acknowledged within five seconds, and
 * the board neither swells nor floods its log.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ballots/receipt.h"
#include "crypto/base64.h"
#include "server/pace.h"
#include "tests/bench/load.h"
#include "tests/must.h"
#include "tests/pg.h"

#define IDLE 10000
#define HONEST_SECONDS 5
#define FLOOD_SECONDS 120 /* in which 200 forged ballots have been refused */
#define LOG_BYTES_MAX 200000
#define CHAIN (PACE_LINE_BURST + 1)
/* Voters of the election; MANY of them sit behind one address. */
#define VOTERS (MANY + MIXED + 60)
#define MANY (PACE_ADDRESS_BURST + 100)
/* Ballots while another election is mixed, and how many voters that one has. */
#define MIXED 200
#define MIX_VOTERS 64
#define MIX_UPLOAD ((size_t)32 << 20)

static int program;
static struct load_board board;
static struct load_election election;
static size_t voted =
    MANY + MIXED; /* ballots of the election that were used; MANY are for a company */
static char records_path[200], log_path[400];

/* ---- honest people ---- */

/* Post a record until it is acknowledged; 503 and closed connections are tried again, and 429 if
 * `patient`. */
static double
post_from(const struct load_board *at, struct slice record, bool patient)
{
	const struct timespec moment = { 0, 50000000 };
	const struct definition signer = { .board = { .key = election.board,
					       .name = LOAD_BOARD_NAME } };
	struct receipt_expect expect = { .signers = { .definition = &signer,
					     .election = election.id },
		.record = record };
	struct buffer answer = { 0 };
	double begun = load_now(), seconds;
	struct receipt receipt;
	int status;

	for (;;) {
		status = load_try(at, &answer, NULL, "POST", records_path, record);
		seconds = load_now() - begun;
		if (status == 200)
			break;
		ck_assert_msg(status == 503 || status == 0 || (patient && status == 429),
		    "the board answers %d: %.*s", status, (int)answer.n, (const char *)answer.p);
		ck_assert_msg(seconds < 60, "an honest ballot is not stored");
		(void)nanosleep(&moment, NULL);
	}
	ck_assert_int_eq(receipt_read(&receipt, buffer_slice(&answer), NULL), R_GOOD);
	ck_assert_int_eq(receipt_verify(&receipt, &expect, NULL, NULL), R_GOOD);
	receipt_free(&receipt);
	buffer_free(&answer);
	return seconds;
}

static double
post_until_stored(struct slice record)
{
	return post_from(&board, record, false);
}

/* Several of them, one after the other. */
static void
honest_votes(const char *during)
{
	double seconds, worst = 0;
	int i;

	for (i = 0; i < 5; i++) {
		must(voted < election.n);
		seconds = post_until_stored(election.ballots[voted++].record);
		worst = seconds > worst ? seconds : worst;
	}
	printf("%s: the slowest of five honest ballots took %.0f ms\n", during, worst * 1000);
	ck_assert_msg(worst < HONEST_SECONDS, "%s: an honest ballot took %.1f s", during, worst);
}

/* ---- the board's health ---- */

static size_t
resident_kb(void)
{
	char path[64], line[256];
	unsigned long kb = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)board.pid);
	f = fopen(path, "re");
	must(f != NULL);
	while (fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "VmRSS: %lu", &kb) == 1)
			break;
	(void)fclose(f);
	must(kb > 0);
	return kb;
}

static void
begin_siege(unsigned descriptors)
{
	char folder[300], hex[65];
	struct sign_public organiser;

	(void)snprintf(folder, sizeof folder, "%s/board", pg_folder());
	(void)snprintf(log_path, sizeof log_path, "%s.log", folder);
	load_organiser(&organiser);
	load_board_stop(&board); /* of a case that failed */
	load_board_start(&board, program, folder, &organiser, descriptors);
	if (election.n == 0)
		load_election_make(&election, &board, VOTERS, CHAIN);
	(void)hex_encode(hex, election.id.b, sizeof election.id.b);
	(void)snprintf(records_path, sizeof records_path, "/v1/elections/%s/records", hex);
}

static void
end_siege(void)
{
	struct stat st;

	load_board_stop(&board);
	must(stat(log_path, &st) == 0);
	ck_assert_msg(st.st_size < LOG_BYTES_MAX, "the log has %lld bytes", (long long)st.st_size);
}

/* ---- idle connections, and slow ones ---- */

static unsigned
our_descriptors(void)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur > 1000000 ? 1000000 : (unsigned)limit.rlim_cur;
}

struct slow {
	int fd[200];
	size_t n;
	atomic_bool stop;
	pthread_t thread;
};

/* A byte of a head now and then, on each. */
static void *
send_slowly(void *arg)
{
	static const char head[] = "POST /v1/elections HTTP/1.1\r\nHost: board\r\nX-Slow: aaaaaaaa";
	const struct timespec moment = { 0, 50000000 };
	struct slow *s = arg;
	size_t i, at = 0;

	for (; !atomic_load(&s->stop); at++) {
		for (i = 0; i < s->n; i++)
			(void)send(s->fd[i], head + at % (sizeof head - 1), 1,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)nanosleep(&moment, NULL);
	}
	return NULL;
}

START_TEST(ten_thousand_idle_and_slow_senders)
{
	unsigned most = our_descriptors(), n = most > IDLE + 1000 ? IDLE : most - 1000, i;
	int *fd = calloc(n, sizeof *fd);
	size_t before, after;
	struct slow slow = { 0 };

	begin_siege(0);
	honest_votes("before the siege");
	before = resident_kb();
	for (i = 0; i < n; i++)
		fd[i] = load_connect(&board);
	for (; slow.n < sizeof slow.fd / sizeof *slow.fd; slow.n++)
		slow.fd[slow.n] = load_connect(&board);
	must(pthread_create(&slow.thread, NULL, send_slowly, &slow) == 0);
	honest_votes("with idle connections and slow senders");
	after = resident_kb();
	printf("%u idle connections: the board has %zu MB, before it had %zu MB\n", n, after / 1024,
	    before / 1024);
	ck_assert_msg(after < before + 100 * 1024, "the board has grown by %zu KB", after - before);
	atomic_store(&slow.stop, true);
	must(pthread_join(slow.thread, NULL) == 0);
	for (i = 0; i < n; i++)
		(void)close(fd[i]);
	for (i = 0; i < slow.n; i++)
		(void)close(slow.fd[i]);
	free(fd);
	end_siege();
}
END_TEST

/* The board has hardly any descriptors, and all are asked for. */
START_TEST(descriptors_are_short)
{
	int fd[600];
	size_t i;

	begin_siege(120);
	for (i = 0; i < 600; i++)
		fd[i] = load_connect(&board);
	honest_votes("with all descriptors asked for");
	for (i = 0; i < 600; i++)
		(void)close(fd[i]);
	honest_votes("after that");
	end_siege();
}
END_TEST

/* ---- what must not be said ---- */

struct probe {
	const char *text;
	size_t n;
};

#define PROBE(text) \
	{ \
		text, sizeof(text) - 1 \
	}
#define SECOND "GET /healthz HTTP/1.1\r\nHost: board\r\n\r\n"

static const struct probe probes[] = {
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\nContent-Length: "
	      "2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\nContent-Length: "
	      "40\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nContent-Length: 2, 2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nContent-Length: +2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nContent-Length: 0x2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nContent-Length: -1\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nContent-Length: 02\r\n\r\n{}" SECOND),
	PROBE(
	    "POST %R HTTP/1.1\r\nHost: b\r\nContent-Length: 99999999999999999999\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nContent-Length: 1000000000000\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nContent-Length : 2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nContent-Length\t: 2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\n Content-Length: 2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nX: y\r\n Content-Length: 2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND),
	PROBE(
	    "POST %R HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "0\r\n\r\n" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: identity\r\n\r\n" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nTransfer-Encoding:\x0b"
	      "chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" SECOND),
	PROBE("POST %R HTTP/1.1\nHost: b\nContent-Length: 2\n\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\nContent-Length: 2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\rContent-Length: 2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\0\r\nContent-Length: 2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nHost: b\r\nHost: c\r\nContent-Length: 2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}" SECOND),
	PROBE("POST %R HTTP/2.0\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}" SECOND),
	PROBE("POST  %R HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}" SECOND),
	PROBE("POST http://b%R HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}" SECOND),
	PROBE("GET /healthz HTTP/1.1\r\nHost: b\r\nContent-Length: 40\r\n\r\n" SECOND),
	PROBE("GET /v1/../healthz HTTP/1.1\r\nHost: b\r\n\r\n" SECOND),
	PROBE("GET /v1/%2e%2e/healthz HTTP/1.1\r\nHost: b\r\n\r\n" SECOND),
	PROBE("CONNECT b:80 HTTP/1.1\r\nHost: b\r\n\r\n" SECOND),
	PROBE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not for this port\r\n\r\n" SECOND),
	PROBE("\r\n\r\n\r\n\r\n" SECOND),
};

/* Send bytes, then read all that comes until the board closes. Returns the status of the
 * first answer, 0 if there was none, and whether there was a second. */
static int
probe(const char *bytes, size_t n, int *second)
{
	char answer[16384], *end;
	struct pollfd p = { .fd = load_connect(&board), .events = POLLIN };
	size_t got = 0;
	ssize_t came;
	int status = 0;

	(void)send(p.fd, bytes, n, MSG_NOSIGNAL);
	while (got < sizeof answer - 1 && poll(&p, 1, 10000) == 1 &&
	    (came = recv(p.fd, answer + got, sizeof answer - 1 - got, 0)) > 0)
		got += (size_t)came;
	(void)close(p.fd);
	answer[got] = '\0';
	(void)sscanf(answer, "HTTP/1.1 %3d", &status);
	end = strstr(answer, "\r\n\r\n");
	*second = end != NULL && strstr(end, "HTTP/1.1 ") != NULL;
	return status;
}

START_TEST(malformed_and_smuggling_requests)
{
	static const char long_head[] = "GET /healthz HTTP/1.1\r\nHost: b\r\nX: ";
	char text[1024];
	const char *mark;
	size_t i, n, head;
	int status, second;
	char *big;

	begin_siege(0);
	for (i = 0; i < sizeof probes / sizeof *probes; i++) {
		/* The path in place of %R; the bytes may hold zeros. */
		mark = memmem(probes[i].text, probes[i].n, "%R", 2);
		n = probes[i].n;
		if (mark == NULL)
			memcpy(text, probes[i].text, n);
		else {
			head = (size_t)(mark - probes[i].text);
			memcpy(text, probes[i].text, head);
			memcpy(text + head, records_path, strlen(records_path));
			memcpy(text + head + strlen(records_path), mark + 2, n - head - 2);
			n += strlen(records_path) - 2;
		}
		status = probe(text, n, &second);
		ck_assert_msg(status >= 400 && status != 404 && !second,
		    "probe %zu is answered %d%s", i, status, second ? " and once more" : "");
	}
	big = malloc((size_t)3 << 20);
	must(big != NULL);
	memset(big, 'a', (size_t)3 << 20);
	memcpy(big, long_head, sizeof long_head - 1);
	status = probe(big, (size_t)3 << 20, &second);
	ck_assert_msg((status == 431 || status == 0) && !second, "3 MB of head: %d", status);
	free(big);
	honest_votes("after malformed requests");
	end_siege();
}
END_TEST

/* ---- ballots that are none ---- */

struct forger {
	struct load_board at;
	struct slice good; /* the ballot that is forged */
	atomic_bool stop;
	atomic_size_t refused, busy, held, again, other;
	atomic_uint wait; /* what the last Retry-After said */
};

/* Somebody's ballot with a wrong proof, as fast as the board answers. If the ballot stands on the board, it answers
 * with its receipt. */
static void *
forge(void *arg)
{
	struct forger *f = arg;
	const struct slice good = f->good;
	struct buffer answer = { 0 }, head = { 0 };
	struct slice bad;
	uint8_t *copy = malloc(good.n);
	const char *field;
	unsigned wait;
	int status;

	must(copy != NULL);
	memcpy(copy, good.p, good.n);
	/* Within the last response. */
	copy[good.n - 20] = copy[good.n - 20] == 'A' ? 'B' : 'A';
	bad = (struct slice){ copy, good.n };
	while (!atomic_load(&f->stop)) {
		status = load_try(&f->at, &answer, &head, "POST", records_path, bad);
		atomic_fetch_add(status == 400 ? &f->refused
			: status == 503        ? &f->busy
			: status == 429        ? &f->held
			: status == 200        ? &f->again
					       : &f->other,
		    1);
		if (status != 429)
			continue;
		field = strstr((const char *)head.p, "Retry-After: ");
		must(field != NULL && sscanf(field, "Retry-After: %u", &wait) == 1);
		must(memmem(answer.p, answer.n, "\"TOO_MANY_REFUSED\"", 18) != NULL);
		atomic_store(&f->wait, wait);
	}
	free(copy);
	buffer_free(&answer);
	buffer_free(&head);
	return NULL;
}

START_TEST(a_flood_of_forged_ballots)
{
	struct forger f = { 0 };
	pthread_t thread[64];
	double begun;
	size_t i;

	begin_siege(0);
	f.at = board;
	f.good = election.ballots[election.n - 1].record;
	begun = load_now();
	for (i = 0; i < 64; i++)
		must(pthread_create(&thread[i], NULL, forge, &f) == 0);
	while (atomic_load(&f.refused) < 200 &&
	    atomic_load(&f.other) + atomic_load(&f.held) + atomic_load(&f.again) == 0 &&
	    load_now() - begun < FLOOD_SECONDS)
		(void)nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	honest_votes("among forged ballots");
	atomic_store(&f.stop, true);
	for (i = 0; i < 64; i++)
		must(pthread_join(thread[i], NULL) == 0);
	printf("forged ballots: %zu refused, %zu met 503\n", atomic_load(&f.refused),
	    atomic_load(&f.busy));
	ck_assert_uint_eq(atomic_load(&f.other) + atomic_load(&f.held) + atomic_load(&f.again), 0);
	ck_assert_uint_ge(atomic_load(&f.refused), 200);
	/* It was not that voter who wrote them: the real one is taken. */
	(void)post_until_stored(election.ballots[election.n - 1].record);
	end_siege();
}
END_TEST

/* ---- the same from one address, which others use too ---- */

struct company {
	struct load_board at;
	atomic_size_t next;
};

/* Honest people behind one address: none of them is ever held back. */
static void *
vote_for_company(void *arg)
{
	struct company *c = arg;
	size_t i;

	while ((i = atomic_fetch_add(&c->next, 1)) < MANY)
		(void)post_from(&c->at, election.ballots[i].record, false);
	return NULL;
}

/* Flood from 64 connections of one address until so many were not looked at. */
static void
flood(struct forger *f, uint32_t from, struct slice good, size_t held, bool with_honest)
{
	const struct timespec moment = { 0, 1000000 };
	pthread_t thread[64];
	double begun = load_now(), seconds;
	size_t i, verified;

	memset(f, 0, sizeof *f);
	f->at = board;
	f->at.from = from;
	f->good = good;
	for (i = 0; i < 64; i++)
		must(pthread_create(&thread[i], NULL, forge, f) == 0);
	while (atomic_load(&f->held) == 0 && load_now() - begun < 60)
		(void)nanosleep(&moment, NULL);
	if (with_honest)
		honest_votes("while one address floods");
	while (atomic_load(&f->held) < held && load_now() - begun < 60)
		(void)nanosleep(&moment, NULL);
	atomic_store(&f->stop, true);
	for (i = 0; i < 64; i++)
		must(pthread_join(thread[i], NULL) == 0);
	seconds = load_now() - begun;
	verified = atomic_load(&f->refused) + atomic_load(&f->again);
	printf("a flood from one address for %.1f s: %zu verified, %zu not looked at\n", seconds,
	    verified, atomic_load(&f->held));
	ck_assert_uint_eq(atomic_load(&f->other), 0);
	ck_assert_uint_ge(atomic_load(&f->held), held);
	ck_assert_uint_ge(verified, PACE_ADDRESS_BURST);
	ck_assert_msg((double)verified < PACE_ADDRESS_BURST + 1 + seconds * 1000 / PACE_ADDRESS_MS,
	    "%zu were verified in %.1f s", verified, seconds);
	ck_assert_uint_eq(atomic_load(&f->wait), 1);
}

START_TEST(a_flood_from_one_address)
{
	struct forger f;
	struct company c = { 0 };
	pthread_t thread[8];
	double begun, seconds;
	size_t i;

	board.count_loopback = true;
	begin_siege(0);
	c.at = board;
	c.at.from = INADDR_LOOPBACK + 2;
	begun = load_now();
	for (i = 0; i < 8; i++)
		must(pthread_create(&thread[i], NULL, vote_for_company, &c) == 0);
	for (i = 0; i < 8; i++)
		must(pthread_join(thread[i], NULL) == 0);
	printf("%d honest ballots from one address: %.1f s\n", MANY, load_now() - begun);

	flood(&f, INADDR_LOOPBACK + 1, election.ballots[election.n - 2].record, 5000, true);
	ck_assert_uint_eq(atomic_load(&f.again), 0);
	/* An honest voter behind that address is held up, and not shut out. */
	seconds = post_from(&f.at, election.ballots[voted++].record, true);
	ck_assert_msg(seconds < HONEST_SECONDS, "behind the same address: %.1f s", seconds);
	/* What stands on the board is no cheaper to verify again. */
	flood(&f, INADDR_LOOPBACK + 3, election.ballots[0].record, 1, false);
	ck_assert_uint_eq(atomic_load(&f.refused), 0);
	end_siege();
	board.count_loopback = false;
}
END_TEST

/* ---- another election is mixed ---- */

struct meanwhile {
	atomic_bool stop;
	size_t n;
	double slowest;
	pthread_t thread;
};

static void *
vote_meanwhile(void *arg)
{
	const struct timespec moment = { 0, 10000000 };
	struct meanwhile *m = arg;
	double seconds;

	for (; !atomic_load(&m->stop) && m->n < MIXED; m->n++) {
		seconds = post_until_stored(election.ballots[MANY + m->n].record);
		m->slowest = seconds > m->slowest ? seconds : m->slowest;
		(void)nanosleep(&moment, NULL);
	}
	return NULL;
}

/* Mixes, decryptions and a large blob of one election are uploaded, and verified behind answers 202, while
 * people vote in another one. */
START_TEST(a_mix_beside_ballots)
{
	struct meanwhile m = { .n = 0 };
	struct load_mix *mix;
	double begun, pending;

	begin_siege(0);
	mix = load_mix_prepare(&board, "modp2048", MIX_VOTERS);
	begun = load_now();
	must(pthread_create(&m.thread, NULL, vote_meanwhile, &m) == 0);
	pending = load_mix_run(mix, MIX_UPLOAD);
	atomic_store(&m.stop, true);
	must(pthread_join(m.thread, NULL) == 0);
	printf("while mixes and decryptions of %d ballots came in for %.1f s, and were verified "
	       "for "
	       "%.1f s: the slowest of %zu ballots of another election took %.0f ms\n",
	    MIX_VOTERS, load_now() - begun, pending, m.n, m.slowest * 1000);
	ck_assert_msg(pending > 0, "nothing was verified behind an answer 202");
	ck_assert_uint_gt(m.n, 0);
	ck_assert_msg(m.slowest < HONEST_SECONDS, "a ballot took %.1f s", m.slowest);
	load_mix_free(mix);
	end_siege();
}
END_TEST

/* ---- one voter who does not stop ---- */

START_TEST(a_roll_line_that_writes_too_often)
{
	struct buffer answer = { 0 }, head = { 0 };
	const struct load_ballot *chain;
	double begun;
	unsigned i, wait = 0;
	const char *field;
	int status = 0;

	begin_siege(0);
	begun = load_now();
	chain = election.ballots + election.n;
	for (i = 0; i < CHAIN; i++) {
		status = load_ask(&board, &answer, &head, "POST", records_path, chain[i].record);
		if (status != 200)
			break;
	}
	/* On a slow machine the allowance grows on the way. */
	if (i == CHAIN) {
		ck_assert_msg(load_now() - begun > PACE_LINE_MS / 1000, "all %d were taken", CHAIN);
	} else {
		ck_assert_uint_ge(i, PACE_LINE_BURST);
		ck_assert_int_eq(status, 503);
		field = strstr((const char *)head.p, "Retry-After: ");
		must(field != NULL && sscanf(field, "Retry-After: %u", &wait) == 1);
		ck_assert_uint_ge(wait, 1);
		ck_assert_uint_le(wait, PACE_LINE_MS / 1000);
		/* What is stored has its receipt nevertheless. */
		status = load_ask(&board, &answer, NULL, "POST", records_path, chain[i - 1].record);
		ck_assert_int_eq(status, 200);
		ck_assert_int_lt((int)post_until_stored(chain[i].record), PACE_LINE_MS / 1000 + 20);
	}
	honest_votes("beside one who writes too often");
	buffer_free(&answer);
	buffer_free(&head);
	end_siege();
}
END_TEST

static int
body(void)
{
	Suite *suite = suite_create("siege");
	TCase *tc = tcase_create("siege");
	SRunner *runner;
	int failed;

	/* One board after the other, on one database. */
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, ten_thousand_idle_and_slow_senders);
	tcase_add_test(tc, descriptors_are_short);
	tcase_add_test(tc, malformed_and_smuggling_requests);
	tcase_add_test(tc, a_flood_of_forged_ballots);
	tcase_add_test(tc, a_flood_from_one_address);
	tcase_add_test(tc, a_mix_beside_ballots);
	tcase_add_test(tc, a_roll_line_that_writes_too_often);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (board.pid > 0)
		load_board_stop(&board);
	load_election_free(&election);
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
