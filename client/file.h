/*
 * file: files of the client: read whole, written whole or not at all. Secrets
 * come from files that nobody else can read, and are wiped.
 *
 * Messages in `why` name the path. R_NO_DISK: the system refused;
 * R_MISSING_FILE: it is not there.
 */
#ifndef CLIENT_FILE_H
#define CLIENT_FILE_H

#include <sys/types.h>

#include "crypto/buffer.h"
#include "crypto/result.h"
#include "crypto/slice.h"

/* A secret in memory: locked where the system allows, wiped when freed. */
struct secret {
	uint8_t *p;
	size_t n;
};
void secret_free(struct secret *s);

/* Read the whole file; R_TOO_LARGE above `most` bytes. "-" is standard input. */
enum result file_read(struct buffer *out, const char *path, size_t most, struct why *why);

/* Read a secret: a regular file (no link) that belongs to us and is closed to group and
 * others, else R_KEY_PERMISSIONS. At most 64 KiB, or `most` bytes. */
enum result file_read_secret(struct secret *out, const char *path, struct why *why);
enum result file_read_secret_sized(struct secret *out, const char *path, size_t most,
    struct why *why);

/* Write the whole file with these permission bits: to a new file beside it,
 * flushed to the disk, then renamed over it. */
enum result file_write(const char *path, struct slice bytes, mode_t mode, struct why *why);
/* The same, but R_CONFLICT if the file exists already: for keys and codes, which nothing may
 * overwrite. */
enum result file_write_new(const char *path, struct slice bytes, mode_t mode, struct why *why);

/* Append and flush to the disk before returning; creates the file. A crash leaves
 * either the whole addition or a torn tail, which the reader of the file must
 * recognise. */
enum result file_append(const char *path, struct slice bytes, mode_t mode, struct why *why);

/* Make a directory, its parents too; no error if it exists. */
enum result file_make_dir(const char *path, mode_t mode, struct why *why);

/* 1 if there is something at that path, else 0. */
int file_exists(const char *path);

/* Map a file for reading. Empty files give {NULL, 0}. Unmap with file_unmap. */
enum result file_map(struct slice *out, const char *path, struct why *why);
void file_unmap(struct slice bytes);

/* Take an exclusive lock on `path` (made if missing) until file_unlock or the end
 * of the process; R_CONFLICT if another process holds it. */
enum result file_lock(int *fd, const char *path, struct why *why);
void file_unlock(int fd);

/* Join with "/": an allocated string, or NULL without memory. */
char *file_path(const char *dir, const char *name);

#endif
