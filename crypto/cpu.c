#include "crypto/cpu.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[CPU_COUNT] = { "portable", "avx2", "ifma" };

static enum cpu chosen;
static enum result outcome;
static struct why complaint;
static pthread_once_t once = PTHREAD_ONCE_INIT;

const char *
cpu_name(enum cpu cpu)
{
	return names[cpu];
}

int
cpu_has(enum cpu cpu)
{
	switch (cpu) {
	case CPU_PORTABLE: return 1;
#if TABELLA_AVX2
	case CPU_AVX2: return __builtin_cpu_supports("avx2") != 0;
#endif
#if TABELLA_IFMA
	case CPU_IFMA:
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
		    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512ifma");
#endif
	default: return 0;
	}
}

static void
look(void)
{
	const char *want = getenv("TABELLA_CPU");
	enum cpu cpu;

	for (cpu = CPU_COUNT; cpu-- > 0;) {
		if (want != NULL && want[0] != '\0' && strcmp(want, names[cpu]) != 0)
			continue;
		if (cpu_has(cpu)) {
			chosen = cpu;
			return;
		}
		if (want != NULL && want[0] != '\0') {
			outcome = why_set(&complaint, R_BAD_INPUT,
			    "TABELLA_CPU is \"%s\", which this machine does not have; take another "
			    "or "
			    "none",
			    want);
			return;
		}
	}
	outcome = why_set(&complaint, R_BAD_INPUT,
	    "TABELLA_CPU is \"%.80s\"; it can be \"portable\", \"avx2\" or \"ifma\"", want);
}

enum result
cpu_choose(struct why *why)
{
	(void)pthread_once(&once, look);
	if (outcome != R_GOOD && why != NULL)
		*why = complaint;
	return outcome;
}

enum cpu
cpu_chosen(void)
{
	if (cpu_choose(NULL) != R_GOOD) {
		(void)fprintf(stderr, "%s\n", complaint.text);
		exit(2);
	}
	return chosen;
}
