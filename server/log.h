/*
 * log: one JSON object per line and event, to a descriptor (standard error):
 * {"event":"cap","level":"warn","text":"…","time":"2025-01-31T12:00:00Z"}
 *
 * Lines are about the board, never about who talks to it: no peer address, credential,
 * tracker or record goes in here. Each kind of event may write LOG_BURST lines in LOG_PERIOD
 * seconds; what goes beyond is counted and the count stands in the next line of that kind
 * as "suppressed". So a flood of anything cannot fill a disk.
 *
 * Safe to call from any thread. A line that cannot be written is lost.
 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include "crypto/result.h"

#define LOG_BURST 10
#define LOG_PERIOD 10 /* seconds */

/* Kind, name in the line, level. */
#define LOG_LIST(X) \
	X(START, "start", "info") \
	X(STOP, "stop", "info") \
	X(REQUEST, "request", "info")         /* a request that broke the rules of HTTP */ \
	X(CAP, "cap", "warn")                 /* a connection or request too many */ \
	X(DESCRIPTORS, "descriptors", "warn") /* none left, or accept failed otherwise */ \
	X(STREAM, "stream", "error")          /* the body of an answer could not be fetched */ \
	X(MEMORY, "memory", "error") \
	X(STORE, "store", "error")       /* database, disk */ \
	X(ELECTION, "election", "info")  /* one was added, opened, closed */ \
	X(WITNESS, "witness", "warn")    /* one is away, or does not co-sign */ \
	X(SECURITY, "security", "error") /* rolled back, key trouble */

#define LOG_ENUM(kind, name, level) LOG_##kind,
enum log_kind { LOG_LIST(LOG_ENUM) LOG_KINDS };
#undef LOG_ENUM

struct log;

/* Make a log that writes to `fd`, which stays the caller's. R_NO_MEMORY. */
enum result log_new(struct log **out, int fd);

/* Free it, after a last line for each kind that had lines suppressed. */
void log_free(struct log *log);

/* Write one line. `log` may be NULL: then nothing is written. */
void log_event(struct log *log, enum log_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
