/*
 * process: run another program. Its standard input is /dev/null; it inherits no
 * other descriptor, no blocked or ignored signal and almost no environment (PATH
 * and LC_ALL=C), so that nothing of the caller's surroundings leaks into it. It
 * runs in /, so paths in its arguments are absolute: the current folder may be
 * closed to us, which PostgreSQL's programs do not bear.
 *
 * R_NO_DISK: it could not be started.
 */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#include "crypto/result.h"

/* Start argv[0], an absolute path, with argv (ends with NULL) in a session of its own, so
 * that an interrupt typed at a terminal does not reach it; both output streams
 * go to the descriptor `out`, which stays the caller's. The caller reaps *pid. */
enum result process_start(pid_t *pid, const char *const argv[], int out, struct why *why);

/* Run a program to its end and keep the last size - 1 bytes of its output (both
 * streams) in `output` (size >= 16), NUL-terminated, without the trailing line ends.
 * R_NO_DISK also if it did not exit with 0; why->text then ends with the output. */
enum result process_run(const char *const argv[], char *output, size_t size, struct why *why);

#endif
