#include "tests/bench/bench.h"

const char *
bench_path(void)
{
	return "portable";
}

size_t
bench_paths(const char *names[BENCH_PATHS])
{
	names[0] = "portable";
	return 1;
}
