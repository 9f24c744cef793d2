/*
 * scratch: a temporary folder that goes away with what is in it. In $TMPDIR, or in /var/tmp:
 * what lies there may be large, and /tmp often lies in memory.
 */
#ifndef CLIENT_SCRATCH_H
#define CLIENT_SCRATCH_H

#include "crypto/result.h"

/* Make a fresh folder that only we can enter; *path is ended with scratch_remove. R_NO_DISK,
 * R_NO_MEMORY. */
enum result scratch_make(char **path, struct why *why);
/* Remove the folder and all in it (links are not followed), and free the path. NULL is fine. */
void scratch_remove(char *path);
/* The same for any folder of ours; the path stays the caller's. */
void scratch_clear(const char *path);

#endif
