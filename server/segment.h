/*
 * segment: sealed stretches of a board. Every SEGMENT_LINES entries, once they are signed
 * for, can be had as a file with the lines as they are served, so that reading them costs
 * the database nothing.
 *
 * The files are a copy: the database stays the truth. They are made when they are first
 * asked for, checked against the database when they are first opened (each line's hash is in
 * the next, the last one is compared), made anew if anything is wrong with them, and may
 * be removed at any time.
 *
 * Everything here may block on disk and database. Any thread.
 */
#ifndef SERVER_SEGMENT_H
#define SERVER_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/result.h"
#include "server/log.h"
#include "server/meter.h"
#include "server/store.h"

#define SEGMENT_LINES 4096

struct segments;
struct segment;

/* Keep the files in `folder` (copied), which is made when it is needed. R_NO_MEMORY. */
enum result segments_new(struct segments **out, const char *folder, struct log *log,
    struct meter *meter);
void segments_free(struct segments *s);

/* Get segment `number` of an election, entries number * SEGMENT_LINES and on, which must all
 * be signed for; give it back with segment_put. R_NO_DISK, R_NO_MEMORY, or what the store
 * returns. */
enum result segment_get(struct segments *s, struct segment **out, const struct digest *election,
    struct store_election key, uint64_t number, struct store *store, struct why *why);
void segment_put(struct segment *g);

/* Where in the file line `i` begins, line end included in the one before; i may be
 * SEGMENT_LINES. */
size_t segment_offset(const struct segment *g, size_t i);
/* Read n bytes from there on, all of them. R_NO_DISK. */
enum result segment_read(const struct segment *g, uint8_t *out, size_t offset, size_t n);

#endif
