/*
 * journal: what a trustee has committed itself to, on disk before it leaves. For each
 * duty ("decrypt/1") first the list it is about, then the whole signed record. After a
 * restart the same record is sent again, and another list for the same duty is refused.
 *
 * A file of lines, {"duty":…,"list":hex} or {"duty":…,"record":…}, each flushed to the disk
 * before the function returns; a torn last line is dropped.
 */
#ifndef CLIENT_JOURNAL_H
#define CLIENT_JOURNAL_H

#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/result.h"

struct journal;

enum result journal_open(struct journal **out, const char *path, struct why *why);
void journal_close(struct journal *j);

/* Commit to a list for a duty. R_GOOD also if it is the list of an earlier commitment;
 * R_EQUIVOCATION if that was another one: two histories of the board were shown. */
enum result journal_commit(struct journal *j, const char *duty, const struct digest *list,
    struct why *why);

/* Keep a record before it is sent. The newest one of a duty counts. */
enum result journal_record(struct journal *j, const char *duty, struct slice record,
    struct why *why);
/* Find it: R_GOOD and the bytes (valid until the next call), or R_NOT_FOUND. */
enum result journal_find(const struct journal *j, const char *duty, struct slice *record);

#endif
