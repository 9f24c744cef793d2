/* Compiled with the flags that crypto/lanes_avx2.c has. */
#include "crypto/fe_avx2.h"

#include "tests/vfield_lanes.h"

const struct vfield vfield_avx2 = VFIELD(((uint64_t)1 << 51) + ((uint64_t)1 << 17));
