#include "tests/bench/table.h"

#include <math.h>

void
table_head(FILE *out)
{
	(void)fprintf(out, "%-16s %-12s %-8s %3s %8s %4s %10s %10s %10s %8s %9s %7s %6s %8s\n",
	    "row", "group", "cpu", "thr", "n", "runs", "min us", "median", "max", "ratio", "bound",
	    "x bound", "speed", "peak MiB");
}

/* A number with about four digits, or a dash. */
static void
cell(FILE *out, int width, double x)
{
	if (isnan(x))
		(void)fprintf(out, " %*s", width, "-");
	else
		(void)fprintf(out, " %*.*f", width, x < 10 ? 4 : x < 1000 ? 2 : 0, x);
}

static void
factor(FILE *out, int width, double x)
{
	if (isnan(x))
		(void)fprintf(out, " %*s", width, "-");
	else
		(void)fprintf(out, " %*.*f", width, x < 100 ? 2 : 0, x);
}

void
table_row(FILE *out, const struct figures *f)
{
	(void)fprintf(out, "%-16s %-12s %-8s %3d %8zu %4u", f->name, f->group, f->cpu, f->threads,
	    f->n, f->runs);
	cell(out, 10, f->min);
	cell(out, 10, f->median);
	cell(out, 10, f->max);
	factor(out, 8, f->ratio);
	cell(out, 9, f->bound);
	factor(out, 7, f->min / f->bound);
	factor(out, 6, f->speedup);
	(void)fprintf(out, " %8.1f\n", (double)f->peak_kib / 1024);
	(void)fflush(out);
}

static void
number(FILE *out, const char *name, double x)
{
	if (isnan(x))
		(void)fprintf(out, ",\"%s\":null", name);
	else
		(void)fprintf(out, ",\"%s\":%.6g", name, x);
}

void
table_json(FILE *out, const struct figures *f)
{
	(void)fprintf(out,
	    "{\"name\":\"%s\",\"group\":\"%s\",\"cpu\":\"%s\",\"threads\":%d,\"n\":%zu,"
	    "\"width\":%zu,\"runs\":%u",
	    f->name, f->group, f->cpu, f->threads, f->n, f->width, f->runs);
	number(out, "min", f->min);
	number(out, "median", f->median);
	number(out, "max", f->max);
	number(out, "ratio", f->ratio);
	number(out, "bound", f->bound);
	number(out, "speedup", f->speedup);
	(void)fprintf(out, ",\"peak_kib\":%ld}\n", f->peak_kib);
	(void)fflush(out);
}
