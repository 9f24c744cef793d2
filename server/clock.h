/*
 * clock: how much time has passed, for deadlines and pauses. Not the time of day.
 */
#ifndef SERVER_CLOCK_H
#define SERVER_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that never jumps, since some moment of no meaning. Any thread. */
uint64_t clock_now(void);

#endif
