#include "crypto/lanes.h"

const struct lanes *
lanes_for(enum cpu cpu)
{
	switch (cpu) {
#if TABELLA_AVX2
	case CPU_AVX2: return &lanes_avx2;
#endif
#if TABELLA_IFMA
	case CPU_IFMA: return &lanes_ifma;
#endif
	default: return &lanes_portable;
	}
}

const struct lanes *
lanes_chosen(void)
{
	return lanes_for(cpu_chosen());
}
