/*
 * entry: one line of the board around one record.
 * Source: docs/protocol.md, section 9.
 */
#ifndef BALLOTS_ENTRY_H
#define BALLOTS_ENTRY_H

#include <stdint.h>

#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

struct entry {
	struct digest election;
	struct digest prev;  /* entry hash of the line before */
	struct slice record; /* the record's bytes as they stand in the line */
	uint64_t seq;
	uint64_t time; /* milliseconds since 1970-01-01 UTC */
};

/* Read a line (without line end); out->record points into it. R_BAD_ENCODING. The
 * record is canonical JSON afterwards, but not yet looked at. */
enum result entry_read(struct entry *out, struct slice line, struct why *why);

/* Add the line to `out`, without line end. */
enum result entry_write(struct buffer *out, const struct entry *entry);

/* The entry hash: SHA-256 of the line. */
void entry_hash(struct digest *hash, struct slice line);

#endif
