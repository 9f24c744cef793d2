/*
 * mark: the high-water mark: of each election the highest head that this board has agreed to
 * sign, in a file beside its key, on disk before the signature is made. A database that holds
 * less, or something else, has been rolled back or exchanged: signing for it would make a
 * second history.
 *
 *	FOLDER/board.mark  mode 0600; two slots an election, written in turn, each with
 *	                   a number that grows and a check sum
 *
 * Any thread; calls wait for each other and for the disk.
 */
#ifndef SERVER_MARK_H
#define SERVER_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/result.h"

struct mark;

struct mark_head {
	uint64_t size;      /* entries */
	struct digest root; /* of the tree over them */
};

/* Read the file in `folder`, or, if there is none and `may_make`, make an empty one, else
 * R_NOT_FOUND; one process at a time: R_CONFLICT. R_KEY_CORRUPT: it is damaged;
 * R_KEY_PERMISSIONS, R_NO_DISK, R_NO_MEMORY. */
enum result mark_open(struct mark **out, const char *folder, bool may_make, struct why *why);
void mark_close(struct mark *m);

/* The mark of an election, or R_NOT_FOUND. */
enum result mark_find(struct mark *m, struct mark_head *out, const struct digest *election);

/* Raise the mark, and return when that is on disk. R_GOOD also if it stands there already.
 * R_ROLLBACK: it is higher, or of that size with another root: nothing may be signed.
 * R_NO_DISK, R_NO_MEMORY: nothing may be signed now. */
enum result mark_raise(struct mark *m, const struct digest *election, const struct mark_head *head,
    struct why *why);

/* Call `each` for every election that has a mark until it returns something else than R_GOOD,
 * which is then returned. */
enum result mark_each(struct mark *m,
    enum result (*each)(void *ctx, const struct digest *election, const struct mark_head *head),
    void *ctx);

#endif
