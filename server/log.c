#include "server/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "server/reply.h"

struct bucket {
	time_t since; /* monotonic second in which the period began */
	unsigned lines;
	uint64_t suppressed;
};

struct log {
	int fd;
	pthread_mutex_t lock; /* over the buckets, and so that lines do not mix */
	struct bucket bucket[LOG_KINDS];
};

#define LOG_NAME(kind, name, level) name,
#define LOG_LEVEL(kind, name, level) level,
static const char *const names[] = { LOG_LIST(LOG_NAME) };
static const char *const levels[] = { LOG_LIST(LOG_LEVEL) };

enum result
log_new(struct log **out, int fd)
{
	struct log *log = calloc(1, sizeof *log);

	*out = log;
	if (log == NULL)
		return R_NO_MEMORY;
	log->fd = fd;
	pthread_mutex_init(&log->lock, NULL);
	return R_GOOD;
}

/* Write a line; the caller holds the lock. */
static void
put(struct log *log, enum log_kind kind, const char *text)
{
	struct bucket *bucket = &log->bucket[kind];
	char quoted[768], suppressed[48] = "", when[32], line[1024];
	struct timespec now;
	struct tm utc;
	ssize_t wrote;
	int n;

	reply_quote(quoted, sizeof quoted, text);
	if (bucket->suppressed > 0)
		(void)snprintf(suppressed, sizeof suppressed, "\"suppressed\":%llu,",
		    (unsigned long long)bucket->suppressed);
	bucket->suppressed = 0;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
	n = snprintf(line, sizeof line,
	    "{\"event\":\"%s\",\"level\":\"%s\",%s\"text\":\"%s\",\"time\":\"%s\"}\n", names[kind],
	    levels[kind], suppressed, quoted, when);
	/* Whom could we tell that the log is gone? */
	wrote = write(log->fd, line, (size_t)n);
	(void)wrote;
}

void
log_event(struct log *log, enum log_kind kind, const char *format, ...)
{
	struct bucket *bucket;
	struct timespec now;
	char text[512];
	va_list ap;

	if (log == NULL)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&log->lock);
	bucket = &log->bucket[kind];
	if (bucket->lines == 0 || now.tv_sec - bucket->since >= LOG_PERIOD) {
		bucket->since = now.tv_sec;
		bucket->lines = 0;
	}
	if (bucket->lines == LOG_BURST) {
		bucket->suppressed++;
	} else {
		bucket->lines++;
		va_start(ap, format);
		(void)vsnprintf(text, sizeof text, format, ap);
		va_end(ap);
		put(log, kind, text);
	}
	pthread_mutex_unlock(&log->lock);
}

void
log_free(struct log *log)
{
	int kind;

	if (log == NULL)
		return;
	for (kind = 0; kind < LOG_KINDS; kind++)
		if (log->bucket[kind].suppressed > 0)
			put(log, (enum log_kind)kind, "further events of this kind");
	pthread_mutex_destroy(&log->lock);
	free(log);
}
