/*
 * folder: a copy of a board on disk: `entries.ndjson`, one entry a line, and
 * `blobs/<SHA-256 in hexadecimal>`. An archive holds one, and every client that
 * follows a board keeps one. What it gives is not trusted: the rule book checks it.
 *
 * One thread owns a folder; its source may be read from any thread while
 * the owner does not append.
 */
#ifndef BALLOTS_FOLDER_H
#define BALLOTS_FOLDER_H

#include <stdint.h>

#include "ballots/source.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

struct folder;

enum folder_mode {
	FOLDER_READ, /* as it stands: a torn last line is R_BAD_ENCODING (V004) */
	FOLDER_KEEP  /* ours to write: made if missing, a torn last line is cut off */
};

/* Open a folder and find its lines. R_MISSING_FILE (V001), R_BAD_ENCODING, R_TOO_LARGE (a
 * line beyond RECORD_BYTES_MAX), R_NO_DISK, R_NO_MEMORY. Free with folder_close. */
enum result folder_open(struct folder **out, const char *path, enum folder_mode mode,
    struct why *why);
void folder_close(struct folder *f);

/* Number of entries. */
uint64_t folder_size(const struct folder *f);
/* Where the rule book gets entries and blobs from; lives as long as the folder. */
const struct source *folder_source(const struct folder *f);

/* Append lines, each with its line end, to a folder that is ours. On failure
 * nothing counts as appended. */
enum result folder_append(struct folder *f, struct slice lines, struct why *why);
/* Forget all entries from number `size` on. */
enum result folder_truncate(struct folder *f, uint64_t size, struct why *why);

/* Path of a blob, whether it is there or not: an allocated string, or NULL. */
char *folder_blob_path(const struct folder *f, const struct digest *id);
/* 1 if the blob is there, else 0; its bytes are not looked at. */
int folder_has_blob(const struct folder *f, const struct digest *id);
/* Add a blob, whole or not at all; its name is computed. */
enum result folder_add_blob(struct folder *f, struct slice bytes, struct digest *id,
    struct why *why);

#endif
