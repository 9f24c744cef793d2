#include "crypto/cpu.h"
#include "tests/bench/bench.h"

_Static_assert(BENCH_PATHS == CPU_COUNT, "as many as there are in crypto/cpu.h");

const char *
bench_path(void)
{
	return cpu_name(cpu_chosen());
}

size_t
bench_paths(const char *names[BENCH_PATHS])
{
	size_t n = 0;
	int cpu;

	for (cpu = 0; cpu < CPU_COUNT; cpu++)
		if (cpu_has((enum cpu)cpu))
			names[n++] = cpu_name((enum cpu)cpu);
	return n;
}
