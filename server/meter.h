/*
 * meter: what a board counts about itself, for /metrics. Numbers only: nothing that tells
 * one voter, address or record from another. Any thread, no locks.
 */
#ifndef SERVER_METER_H
#define SERVER_METER_H

#include <stdatomic.h>
#include <stdint.h>

#include "crypto/buffer.h"
#include "crypto/result.h"

/* Counters that only grow: the rest of the name behind tabella_, and what it says. */
#define METER_LIST(X) \
	X(VERIFIED, "records_verified_total", "Records whose proofs or signatures were checked.") \
	X(VERIFY_US, "verify_microseconds_total", "Time spent on checking them.") \
	X(STORED, "records_stored_total", "Records that were committed and acknowledged.") \
	X(AGAIN, "receipts_again_total", "Receipts given again for what was stored before.") \
	X(BATCHES, "batches_total", "Transactions that appended entries.") \
	X(CONFLICTS, "batches_overtaken_total", "Batches that another board's were before.") \
	X(UNSTORED, "batches_failed_total", "Batches that the database did not take.") \
	X(SEALED, "segments_made_total", "Segment files written.")

#define METER_ENUM(name, text, help) METER_##name,
enum meter_count { METER_LIST(METER_ENUM) METER_COUNTS };
#undef METER_ENUM

/* How long something took. */
#define METER_STEPS 13
struct meter_times {
	atomic_uint_fast64_t count[METER_STEPS + 1], sum_us;
};

struct meter {
	atomic_uint_fast64_t count[METER_COUNTS];
	atomic_uint_fast64_t refused[RESULT_COUNT]; /* answers to records, by reason */
	struct meter_times commit; /* of a batch: from the first statement to the COMMIT */
	struct meter_times sign;   /* then: from that COMMIT to the one of the head over it */
	struct meter_times record; /* from a whole request to its receipt */
};

void meter_add(struct meter *m, enum meter_count what, uint64_t n);
void meter_refused(struct meter *m, enum result reason);
/* Microseconds of the monotonic clock. */
uint64_t meter_now(void);
/* It took from `since` until now. */
void meter_time(struct meter_times *times, uint64_t since);

/* ---- the text format of Prometheus ---- */

/* Add one sample with its HELP and TYPE ("gauge" or "counter"); names without "tabella_". */
void meter_write_value(struct buffer *out, const char *name, const char *type, const char *help,
    uint64_t value);
/* HELP and TYPE alone, then samples with one label each. */
void meter_write_head(struct buffer *out, const char *name, const char *type, const char *help);
void meter_write_labelled(struct buffer *out, const char *name, const char *label, const char *is,
    uint64_t value);
/* All that is in the meter. */
void meter_write(struct buffer *out, const struct meter *m);

#endif
