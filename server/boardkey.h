/*
 * boardkey: the key that a board signs its heads with: a file in its data folder, made on
 * the first start, readable by nobody else.
 */
#ifndef SERVER_BOARDKEY_H
#define SERVER_BOARDKEY_H

#include "crypto/result.h"
#include "crypto/sign.h"

/* Read FOLDER/board.key, or make it. R_KEY_PERMISSIONS: a link, not ours, or open to
 * others; R_KEY_CORRUPT; R_NO_DISK; R_NO_RANDOM. Wipe with sign_key_wipe. */
enum result boardkey_open(struct sign_public *public, struct sign_key *key, const char *folder,
    struct why *why);
/* The same for FOLDER/board.next.key, which replaces it once organisers have said so: made only if
 * `may_make`, else R_NOT_FOUND. */
enum result boardkey_next(struct sign_public *public, struct sign_key *key, const char *folder,
    int may_make, struct why *why);

#endif
