/* The clients of the crash harness, each a thread with one ballot at a time. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ballots/receipt.h"
#include "ballots/record.h"
#include "crypto/base64.h"
#include "tests/crash.h"

#define PATIENCE 120 /* seconds for one ballot */

static void
pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

/* The tracker of a record, as hexadecimal digits. */
static void
tracker_of(char hex[65], struct slice bytes)
{
	struct record *record;

	if (record_parse(&record, NULL, bytes, NULL) != R_GOOD)
		load_die("a prepared ballot cannot be read");
	(void)hex_encode(hex, record->tracker.b, sizeof record->tracker.b);
	record_free(record);
}

/* Write down an acknowledgement, in one piece; then it counts. */
static void
note_down(struct crash_clients *c, size_t number, struct slice receipt)
{
	struct buffer line = { 0 };
	struct receipt parsed;
	struct entry entry;
	char text[120], hex[65];

	if (receipt_read(&parsed, receipt, NULL) != R_GOOD ||
	    entry_read(&entry, slice_of(parsed.entry), NULL) != R_GOOD)
		load_die("the receipt of ballot %zu cannot be read", number);
	tracker_of(hex, c->election->ballots[number].record);
	(void)snprintf(text, sizeof text, "%zu %" PRIu64 " %s ", number, entry.seq, hex);
	receipt_free(&parsed);
	buffer_add_string(&line, text);
	buffer_add(&line, receipt.p, receipt.n);
	buffer_add_string(&line, "\n");
	if (buffer_result(&line) != R_GOOD || write(c->log, line.p, line.n) != (ssize_t)line.n)
		load_die("the log of acknowledgements: %s", strerror(errno));
	buffer_free(&line);
	atomic_fetch_add(&c->acknowledged, 1);
}

static void
note_slowest(struct crash_clients *c, unsigned ms)
{
	unsigned known = atomic_load(&c->slowest);

	while (ms > known && !atomic_compare_exchange_weak(&c->slowest, &known, ms))
		;
}

static void
post(struct crash_clients *c, size_t number, struct buffer *answer)
{
	const struct slice record = c->election->ballots[number].record;
	const double end = load_now() + PATIENCE;
	size_t which = number;
	double begun;
	int status;

	for (; !atomic_load(&c->ended); which++) {
		begun = load_now();
		status = load_try(&c->boards[which % atomic_load(&c->board_count)], answer, NULL,
		    "POST", c->path, record);
		if (status == 200) {
			note_down(c, number, buffer_slice(answer));
			return;
		}
		if (status != 0 && status != 503)
			load_die("ballot %zu: the board answers %d: %.*s", number, status,
			    (int)answer->n, (const char *)answer->p);
		atomic_fetch_add(status == 0 ? &c->broken : &c->busy, 1);
		if (status == 503)
			note_slowest(c, (unsigned)((load_now() - begun) * 1000));
		if (load_now() > end)
			load_die("ballot %zu is not acknowledged within %d s; the last answer was "
				 "%d %.*s",
			    number, PATIENCE, status, (int)answer->n, (const char *)answer->p);
		pause_ms(5);
	}
}

static bool
take(struct crash_clients *c, size_t *number)
{
	bool more;

	(void)pthread_mutex_lock(&c->lock);
	while (c->next == c->allowed && !atomic_load(&c->ended))
		(void)pthread_cond_wait(&c->changed, &c->lock);
	more = !atomic_load(&c->ended);
	*number = more ? c->next++ : 0;
	(void)pthread_mutex_unlock(&c->lock);
	return more;
}

static void *
run(void *arg)
{
	struct crash_clients *c = arg;
	struct buffer answer = { 0 };
	size_t number;

	while (take(c, &number)) {
		atomic_fetch_add(&c->under_way, 1);
		post(c, number, &answer);
		atomic_fetch_sub(&c->under_way, 1);
	}
	buffer_free(&answer);
	return NULL;
}

void
crash_clients_start(struct crash_clients *c, const char *log)
{
	char hex[65];
	size_t i;

	c->log = open(log, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (c->log < 0)
		load_die("%s: %s", log, strerror(errno));
	(void)hex_encode(hex, c->election->id.b, sizeof c->election->id.b);
	(void)snprintf(c->path, sizeof c->path, "/v1/elections/%s/records", hex);
	c->allowed = c->next;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->changed, NULL);
	for (i = 0; i < CRASH_CLIENTS; i++)
		if (pthread_create(&c->thread[i], NULL, run, c) != 0)
			load_die("no thread");
}

void
crash_clients_allow(struct crash_clients *c, size_t to)
{
	(void)pthread_mutex_lock(&c->lock);
	c->allowed = to;
	(void)pthread_cond_broadcast(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
}

void
crash_clients_wait(struct crash_clients *c, size_t acknowledged)
{
	const double end = load_now() + PATIENCE;

	while (atomic_load(&c->acknowledged) < acknowledged) {
		if (load_now() > end)
			load_die("%zu of %zu ballots are acknowledged, and no more",
			    atomic_load(&c->acknowledged), acknowledged);
		pause_ms(1);
	}
}

void
crash_clients_end(struct crash_clients *c)
{
	size_t i;

	(void)pthread_mutex_lock(&c->lock);
	atomic_store(&c->ended, true);
	(void)pthread_cond_broadcast(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
	for (i = 0; i < CRASH_CLIENTS; i++)
		(void)pthread_join(c->thread[i], NULL);
	(void)pthread_cond_destroy(&c->changed);
	(void)pthread_mutex_destroy(&c->lock);
	(void)close(c->log);
}
