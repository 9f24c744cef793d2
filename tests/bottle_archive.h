/*
 * bottle_archive: a bottle's board as an archive on disk, honest or spoilt.
 */
#ifndef TESTS_BOTTLE_ARCHIVE_H
#define TESTS_BOTTLE_ARCHIVE_H

#include "ballots/archive.h"
#include "tests/bottle.h"

/* Add a head over these lines, signed by the bottle's board for its election and by a quorum of
 * its witnesses. */
void bottle_checkpoint(struct bottle *b, struct buffer *out, const struct slice *lines, size_t n);
/* Add the cosignature of a witness, numbered from 1. (bottle_checkpoint adds those of a quorum.) */
void bottle_cosign(struct bottle *b, struct buffer *head, unsigned number, uint64_t time);

/* Write the bottle's archive with archive_write. It must succeed. */
void bottle_archive(struct bottle *b, const char *path);

/* Files as somebody likes them, right or wrong. NULL bytes leave a file out. */
struct bottle_files {
	const struct slice *lines;
	size_t line_count;
	struct slice checkpoint, result;
};

/* Write a folder with these files, README, and the blobs of the bottle that these lines name
 * as far as they can be read (`all` 0), or all that are not hidden. */
void bottle_write(struct bottle *b, const char *path, const struct bottle_files *files, int all);

/* Make a fresh folder for a test: its path is freed by the caller, who removes it with
 * bottle_remove. In $TMPDIR, or /tmp. */
char *bottle_folder(void);
/* Remove a folder and what is in it. */
void bottle_remove(const char *path);
/* Join with a slash; the caller frees it. */
char *bottle_path(const char *folder, const char *name);
/* Read or write a whole file; the program stops if that fails. */
void bottle_read_file(struct buffer *out, const char *path);
void bottle_write_file(const char *path, struct slice bytes);

#endif
