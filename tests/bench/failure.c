#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/bench.h"

void
bench_fail(int status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)fputs("bench: ", stderr);
	(void)vfprintf(stderr, format, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	exit(status);
}

void
bench_must(enum result r, const char *what)
{
	if (r != R_GOOD)
		bench_fail(EXIT_FAILURE, "%s: %s", what, result_text(r));
}

void *
bench_memory(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size);

	if (p == NULL)
		bench_fail(EXIT_FAILURE, "out of memory");
	return p;
}

double
bench_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
