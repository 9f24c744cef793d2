/*
 * witnessed: the newest head with the witnesses' lines of each election, on disk, so that a board that was
 * started again shows what it had, whether its witnesses answer or not. What is lost is only asked for
 * again; what is read is judged by whoever reads it.
 *
 *	FOLDER/witnessed/<election>
 */
#ifndef SERVER_WITNESSED_H
#define SERVER_WITNESSED_H

#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

/* R_NO_DISK, R_NO_MEMORY. */
enum result witnessed_write(const char *folder, const struct digest *election, struct slice note);
/* Add what was written last. R_NOT_FOUND, R_TOO_LARGE, R_NO_DISK, R_NO_MEMORY. */
enum result witnessed_read(const char *folder, const struct digest *election, struct buffer *out);

#endif
