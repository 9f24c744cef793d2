/*
 * download: a stretch of a blob or of a segment as the body of an answer, read by the
 * clerks piece by piece as the client takes it.
 */
#ifndef SERVER_DOWNLOAD_H
#define SERVER_DOWNLOAD_H

#include <stdint.h>

#include "server/clerk.h"
#include "server/reply.h"
#include "server/segment.h"
#include "server/store_blob.h"

/* Make bytes first..end of a blob, or of a segment (taken over, also on failure), the body of
 * `reply`. R_NO_MEMORY. */
enum result download_blob(struct reply *reply, struct clerks *clerks, const struct store_blob *blob,
    uint64_t first, uint64_t end);
enum result download_segment(struct reply *reply, struct clerks *clerks, struct segment *segment,
    uint64_t first, uint64_t end);

#endif
