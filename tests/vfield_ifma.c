/* Compiled with the flags that crypto/lanes_ifma.c has. */
#include "crypto/fe_ifma.h"

#include "tests/vfield_lanes.h"

const struct vfield vfield_ifma = VFIELD(((uint64_t)1 << 51) + ((uint64_t)1 << 17));
