#include "server/meter.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static const uint64_t step_us[METER_STEPS] = { 1000, 2500, 5000, 10000, 25000, 50000, 100000,
	250000, 500000, 1000000, 2500000, 5000000, 10000000 };
static const char *const step_text[METER_STEPS] = { "0.001", "0.0025", "0.005", "0.01", "0.025",
	"0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10" };

void
meter_add(struct meter *m, enum meter_count what, uint64_t n)
{
	atomic_fetch_add_explicit(&m->count[what], n, memory_order_relaxed);
}

void
meter_refused(struct meter *m, enum result reason)
{
	atomic_fetch_add_explicit(&m->refused[reason], 1, memory_order_relaxed);
}

uint64_t
meter_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void
meter_time(struct meter_times *times, uint64_t since)
{
	uint64_t us = meter_now() - since;
	size_t i;

	for (i = 0; i < METER_STEPS && us > step_us[i]; i++)
		;
	atomic_fetch_add_explicit(&times->count[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&times->sum_us, us, memory_order_relaxed);
}

/* ---- text ---- */

static void __attribute__((format(printf, 2, 3))) add(struct buffer *out, const char *format, ...)
{
	char line[400];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	buffer_add_string(out, line);
}

void
meter_write_head(struct buffer *out, const char *name, const char *type, const char *help)
{
	add(out, "# HELP tabella_%s %s\n# TYPE tabella_%s %s\n", name, help, name, type);
}

void
meter_write_value(struct buffer *out, const char *name, const char *type, const char *help,
    uint64_t value)
{
	meter_write_head(out, name, type, help);
	add(out, "tabella_%s %" PRIu64 "\n", name, value);
}

void
meter_write_labelled(struct buffer *out, const char *name, const char *label, const char *is,
    uint64_t value)
{
	add(out, "tabella_%s{%s=\"%s\"} %" PRIu64 "\n", name, label, is, value);
}

static void
write_times(struct buffer *out, const char *name, const char *help, const struct meter_times *t)
{
	uint64_t n = 0, sum = atomic_load(&t->sum_us);
	size_t i;

	meter_write_head(out, name, "histogram", help);
	for (i = 0; i < METER_STEPS; i++) {
		n += atomic_load(&t->count[i]);
		add(out, "tabella_%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, step_text[i], n);
	}
	n += atomic_load(&t->count[i]);
	add(out, "tabella_%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, n);
	add(out, "tabella_%s_sum %" PRIu64 ".%06" PRIu64 "\ntabella_%s_count %" PRIu64 "\n", name,
	    sum / 1000000, sum % 1000000, name, n);
}

void
meter_write(struct buffer *out, const struct meter *m)
{
#define METER_NAME(name, text, help) { text, help },
	static const struct {
		const char *name, *help;
	} counts[] = { METER_LIST(METER_NAME) };
#undef METER_NAME
	uint64_t n;
	unsigned i;

	for (i = 0; i < METER_COUNTS; i++)
		meter_write_value(out, counts[i].name, "counter", counts[i].help,
		    atomic_load(&m->count[i]));
	meter_write_head(out, "records_refused_total", "counter",
	    "Records that were answered with an error, by its reason.");
	for (i = R_GOOD + 1; i < RESULT_COUNT; i++)
		if ((n = atomic_load(&m->refused[i])) > 0)
			meter_write_labelled(out, "records_refused_total", "reason",
			    result_name((enum result)i), n);
	write_times(out, "commit_seconds", "From the first statement of a batch to its COMMIT.",
	    &m->commit);
	write_times(out, "sign_seconds", "From there to the COMMIT of the signed head.", &m->sign);
	write_times(out, "record_seconds", "From a whole request to its receipt.", &m->record);
}
