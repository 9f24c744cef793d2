#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ballots/receipt.h"
#include "ballots/ticket.h"
#include "crypto/base64.h"
#include "tests/bench/load.h"
#include "tests/bottle.h"

#define CHUNK ((size_t)4 << 20)
#define VERIFY_SECONDS 120
#define MAKERS_MAX 16

static const struct bottle_plan plan = { .trustees = 2, .registrars = 1, .voters = 1 };

void
load_organiser(struct sign_public *out)
{
	struct bottle *b = bottle_new(&plan);

	*out = b->organiser.public;
	bottle_free(b);
}

/* ---- the board behind the bottle ---- */

struct upstream {
	const struct load_board *board;
	struct buffer answer, head;
	size_t blobs;   /* uploaded so far */
	double pending; /* seconds for which records were verified behind an answer 202 */
};

/* The text between `before` and the next quote. */
static void
cut_out(char *out, size_t size, const struct buffer *json, const char *before)
{
	const char *p = memmem(json->p, json->n, before, strlen(before)), *end = NULL;

	if (p != NULL) {
		p += strlen(before);
		end = memchr(p, '"', json->n - (size_t)((const uint8_t *)p - json->p));
	}
	if (end == NULL || (size_t)(end - p) >= size)
		load_die("the board's answer has no %s", before);
	memcpy(out, p, (size_t)(end - p));
	out[end - p] = '\0';
}

static void
must_be_taken(const struct upstream *u, int status, const char *what)
{
	if (status != 200)
		load_die("%s: the board answers %d: %.*s", what, status, (int)u->answer.n,
		    (const char *)u->answer.p);
}

static void
upload(struct upstream *u, const struct bottle *b, const char *election, const struct digest *id)
{
	const struct bottle_blob *blob = &b->blobs[u->blobs];
	struct buffer ticket = { 0 };
	char path[300], token[65];
	struct slice piece;
	size_t at;

	if (ticket_make(&ticket, id, &blob->id, blob->bytes.n, &b->organiser.key) != R_GOOD)
		load_die("a ticket cannot be made");
	(void)snprintf(path, sizeof path, "/v1/elections/%s/blobs", election);
	must_be_taken(u, load_ask(u->board, &u->answer, NULL, "POST", path, buffer_slice(&ticket)),
	    "ticket");
	cut_out(token, sizeof token, &u->answer, "\"upload\":\"");
	for (at = 0; at < blob->bytes.n; at += piece.n) {
		piece.p = blob->bytes.p + at;
		piece.n = blob->bytes.n - at < CHUNK ? blob->bytes.n - at : CHUNK;
		(void)snprintf(path, sizeof path, "/v1/elections/%s/uploads/%s?at=%zu", election,
		    token, at);
		must_be_taken(u, load_ask(u->board, &u->answer, NULL, "PUT", path, piece),
		    "upload");
	}
	buffer_free(&ticket);
}

/* Ask for the receipt of a record that is being verified until it is there. */
static int
wait_for_receipt(struct upstream *u)
{
	const struct timespec moment = { 0, 20000000 };
	const char *location = strstr((const char *)u->head.p, "Location: ");
	double begun = load_now(), end = begun + VERIFY_SECONDS;
	char path[300];
	int status;

	if (location == NULL || sscanf(location, "Location: %299s", path) != 1)
		load_die("an answer 202 without an address");
	do {
		(void)nanosleep(&moment, NULL);
		status = load_ask(u->board, &u->answer, NULL, "GET", path, (struct slice){ 0 });
	} while (status == 202 && load_now() < end);
	u->pending += load_now() - begun;
	return status;
}

/* The board takes the record first; its time is ours. */
static enum result
forward(void *ctx, struct bottle *b, struct slice record)
{
	const struct digest *id = frozen_election(rules_now(b->rules));
	struct upstream *u = ctx;
	struct receipt receipt;
	struct entry entry;
	char path[200] = "/v1/elections", hex[65];
	int status;

	if (b->line_count > 0) {
		(void)hex_encode(hex, id->b, sizeof id->b);
		(void)snprintf(path, sizeof path, "/v1/elections/%s/records", hex);
		for (; u->blobs < b->blob_count; u->blobs++)
			upload(u, b, hex, id);
	}
	status = load_ask(u->board, &u->answer, &u->head, "POST", path, record);
	if (status == 202)
		status = wait_for_receipt(u);
	must_be_taken(u, status, "record");
	if (receipt_read(&receipt, buffer_slice(&u->answer), NULL) != R_GOOD ||
	    entry_read(&entry, slice_of(receipt.entry), NULL) != R_GOOD)
		load_die("the board's receipt cannot be read");
	b->clock = entry.time;
	receipt_free(&receipt);
	return R_GOOD;
}

/* ---- ballots ---- */

static void
write_all(int fd, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	ssize_t wrote;

	for (; n > 0; p += wrote, n -= (size_t)wrote) {
		wrote = write(fd, p, n);
		if (wrote <= 0)
			load_die("cannot write ballots: %s", strerror(errno));
	}
}

/* Encrypt for voters from..to and write length and record of each. */
static void
make_ballots(struct bottle *b, int fd, unsigned from, unsigned to)
{
	static const char *const choices[] = { "1", "2", "3" };
	uint8_t seed[32] = { 1, (uint8_t)from, (uint8_t)(from >> 8), (uint8_t)(from >> 16) };
	struct buffer out = { 0 }, record = { 0 };
	uint32_t n;

	rng_seeded(&b->rng, seed);
	for (; from < to; from++) {
		buffer_clear(&record);
		bottle_ballot(b, &record, from, &(struct bottle_answer){ 1, choices[from % 3] }, 1);
		n = (uint32_t)record.n;
		buffer_add(&out, &n, sizeof n);
		buffer_add(&out, record.p, record.n);
	}
	if (buffer_result(&out) != R_GOOD)
		load_die("out of memory");
	write_all(fd, out.p, out.n);
	buffer_free(&out);
	buffer_free(&record);
}

/* Point the ballots at their records. */
static void
find_records(struct load_election *e)
{
	size_t at = 0, i;
	uint32_t n;

	e->ballots = calloc(e->n + e->chain, sizeof *e->ballots);
	if (e->ballots == NULL)
		load_die("out of memory");
	for (i = 0; i < e->n + e->chain; i++) {
		if (e->bytes.n - at < sizeof n)
			load_die("ballots are missing");
		memcpy(&n, e->bytes.p + at, sizeof n);
		at += sizeof n;
		if (e->bytes.n - at < n)
			load_die("a ballot is cut off");
		e->ballots[i].record = (struct slice){ e->bytes.p + at, n };
		at += n;
	}
}

static void
read_all(struct buffer *out, int fd)
{
	uint8_t *room;
	ssize_t n;

	for (;;) {
		room = buffer_room(out, (size_t)1 << 20);
		n = room != NULL ? read(fd, room, (size_t)1 << 20) : -1;
		if (n < 0)
			load_die("cannot read ballots: %s", strerror(errno));
		if (n == 0)
			return;
		out->n += (size_t)n;
	}
}

/* The work is shared out among processes, since a bottle is for one thread. */
static void
make_all_ballots(struct load_election *e, struct bottle *b)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned makers = cpus < 1 ? 1 : cpus > MAKERS_MAX ? MAKERS_MAX : (unsigned)cpus, k;
	unsigned n = (unsigned)e->n;
	FILE *file[MAKERS_MAX];
	pid_t pid[MAKERS_MAX];
	int status;

	for (k = 0; k < makers; k++) {
		file[k] = tmpfile();
		if (file[k] == NULL)
			load_die("no file for ballots: %s", strerror(errno));
		(void)fflush(NULL);
		pid[k] = fork();
		if (pid[k] < 0)
			load_die("fork: %s", strerror(errno));
		if (pid[k] == 0) {
			make_ballots(b, fileno(file[k]), n / makers * k,
			    k + 1 < makers ? n / makers * (k + 1) : n);
			_exit(0);
		}
	}
	for (k = 0; k < makers; k++) {
		if (waitpid(pid[k], &status, 0) != pid[k] || status != 0)
			load_die("ballots could not be made");
		(void)lseek(fileno(file[k]), 0, SEEK_SET);
		read_all(&e->bytes, fileno(file[k]));
		(void)fclose(file[k]);
	}
}

/* The voter after all others votes again and again; the bottle follows, the board does not
 * know of it yet. */
static void
make_chain(struct load_election *e, struct bottle *b)
{
	const struct bottle_answer answer = { 1, "1" };
	struct buffer record = { 0 };
	uint32_t n;
	size_t i;

	b->upstream = NULL;
	for (i = 0; i < e->chain; i++) {
		buffer_clear(&record);
		bottle_ballot(b, &record, (unsigned)e->n, &answer, 1);
		bottle_must(b, bottle_append(b, buffer_slice(&record)), "ballot");
		n = (uint32_t)record.n;
		buffer_add(&e->bytes, &n, sizeof n);
		buffer_add(&e->bytes, record.p, record.n);
	}
	buffer_free(&record);
}

/* Let the board take the bottle's records first, and sign for them. */
static void
stand_behind(struct bottle *b, struct upstream *up)
{
	char key[64];

	must_be_taken(up,
	    load_ask(up->board, &up->answer, NULL, "GET", "/v1/board", (struct slice){ 0 }),
	    "board");
	cut_out(key, sizeof key, &up->answer, "\"key\":\"");
	if (base64url_decode(b->board.public.b, 32, slice_of(key)) != R_GOOD)
		load_die("the board's key is none: %s", key);
	b->upstream = forward;
	b->upstream_ctx = up;
}

void
load_election_make(struct load_election *e, const struct load_board *board, size_t n, size_t chain)
{
	struct upstream up = { .board = board };
	struct bottle_plan wanted = plan;
	struct bottle *b;

	memset(e, 0, sizeof *e);
	e->n = n;
	e->chain = chain;
	wanted.voters = (unsigned)n + (chain > 0);
	b = bottle_new(&wanted);
	stand_behind(b, &up);
	bottle_to_voting(b, COUNT_PLURALITY, 3);
	e->id = *frozen_election(rules_now(b->rules));
	e->organiser = b->organiser.public;
	e->board = b->board.public;
	make_all_ballots(e, b);
	make_chain(e, b);
	find_records(e);
	buffer_free(&up.answer);
	buffer_free(&up.head);
	bottle_free(b);
}

/* ---- one that is mixed ---- */

struct load_mix {
	struct bottle *bottle;
	struct upstream up;
};

struct load_mix *
load_mix_prepare(const struct load_board *board, const char *group, unsigned voters)
{
	static const char *const choices[] = { "1", "2", "3" };
	struct load_mix *m = calloc(1, sizeof *m);
	struct bottle_plan wanted = plan;
	unsigned i;

	if (m == NULL)
		load_die("out of memory");
	wanted.group = group;
	wanted.voters = voters;
	m->up.board = board;
	m->bottle = bottle_new(&wanted);
	stand_behind(m->bottle, &m->up);
	bottle_to_voting(m->bottle, COUNT_PLURALITY, 3);
	for (i = 0; i < voters; i++)
		bottle_vote(m->bottle, i, 1, choices[i % 3]);
	bottle_close(m->bottle, 1);
	bottle_ready(m->bottle, 1);
	return m;
}

double
load_mix_run(struct load_mix *m, size_t more)
{
	uint8_t *bytes = calloc(more, 1);

	if (bytes == NULL)
		load_die("out of memory");
	(void)bottle_blob(m->bottle, (struct slice){ bytes, more });
	free(bytes);
	m->up.pending = 0;
	bottle_mix(m->bottle, 1);
	bottle_decrypt(m->bottle, 1);
	return m->up.pending;
}

void
load_mix_free(struct load_mix *m)
{
	buffer_free(&m->up.answer);
	buffer_free(&m->up.head);
	bottle_free(m->bottle);
	free(m);
}

/* ---- keeping them ---- */

void
load_election_write(const struct load_election *e, const char *path)
{
	uint64_t n = e->n;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		load_die("%s: %s", path, strerror(errno));
	write_all(fd, &n, sizeof n);
	write_all(fd, &e->id, sizeof e->id);
	write_all(fd, &e->organiser, sizeof e->organiser);
	write_all(fd, &e->board, sizeof e->board);
	write_all(fd, e->bytes.p, e->bytes.n);
	(void)close(fd);
}

void
load_election_read(struct load_election *e, const char *path)
{
	size_t head = sizeof(uint64_t) + sizeof e->id + sizeof e->organiser + sizeof e->board;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const uint8_t *p;
	uint64_t n;

	memset(e, 0, sizeof *e);
	if (fd < 0)
		load_die("%s: %s", path, strerror(errno));
	read_all(&e->bytes, fd);
	(void)close(fd);
	if (e->bytes.n < head)
		load_die("%s is cut off", path);
	p = e->bytes.p;
	memcpy(&n, p, sizeof n);
	memcpy(&e->id, p += sizeof n, sizeof e->id);
	memcpy(&e->organiser, p += sizeof e->id, sizeof e->organiser);
	memcpy(&e->board, p += sizeof e->organiser, sizeof e->board);
	e->n = (size_t)n;
	e->bytes.n -= head;
	memmove(e->bytes.p, e->bytes.p + head, e->bytes.n);
	find_records(e);
}

void
load_election_free(struct load_election *e)
{
	size_t i;

	for (i = 0; e->ballots != NULL && i < e->n + e->chain; i++)
		free(e->ballots[i].receipt);
	free(e->ballots);
	buffer_free(&e->bytes);
	memset(e, 0, sizeof *e);
}
