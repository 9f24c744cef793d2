/*
 * whole: files that are there whole or not at all, on disk when the call returns.
 *
 * Results: R_GOOD, R_NO_MEMORY, R_NO_DISK, and R_CONFLICT where said; errno says more, so that the
 * caller can.
 */
#ifndef BALLOTS_WHOLE_H
#define BALLOTS_WHOLE_H

#include <sys/types.h>

#include "crypto/buffer.h"
#include "crypto/result.h"
#include "crypto/slice.h"

/* Write all of the bytes to a descriptor; nothing is flushed. */
enum result whole_put(int fd, struct slice bytes);

/* Make a file of that name in the folder `dir`, with the permission bits `mode` less the umask. For folders
 * that are themselves given their name at the end. R_CONFLICT: it is there. */
enum result whole_make(int dir, const char *name, struct slice bytes, mode_t mode);

enum whole_name {
	WHOLE_REPLACE, /* what stands there */
	WHOLE_NEW,     /* R_CONFLICT if something does */
};

/* Write a file with the permission bits `mode`: beside its place, then it gets its name. */
enum result whole_write(const char *path, struct slice bytes, mode_t mode, enum whole_name name);

/* Add the whole of a file. R_NOT_FOUND; R_TOO_LARGE above `most` bytes. */
enum result whole_read(struct buffer *out, const char *path, size_t most);

/* Flush the folder that holds `path`, so that a new name survives a crash. */
enum result whole_keep_name(const char *path);

#endif
