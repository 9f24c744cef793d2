/*
 * board: a client of one bulletin board over HTTP(S), by libcurl: docs/api.md.
 * What it brings back is not trusted here: mirror and receipt check it.
 *
 * A board that cannot be reached, or answers 503 or 429, is asked again with growing pauses
 * for half a minute (R_NO_BOARD, R_BUSY, R_TOO_MANY_REFUSED). One with a certificate that is expired,
 * for another name or of an authority that is not trusted is sent nothing and not
 * asked again: R_BAD_CERTIFICATE, which accuses nobody. A refusal comes back
 * as the reason that the board names, with its text in `why`.
 * One struct board belongs to one thread.
 */
#ifndef CLIENT_BOARD_H
#define CLIENT_BOARD_H

#include "ballots/source.h"
#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "crypto/result.h"
#include "crypto/sign.h"
#include "crypto/slice.h"

struct board;

/* Prepare a client; nothing is sent yet. `url` is http://host:port or https://…
 * without a path. `ca` names a file of certificates (PEM), the only authorities that are
 * trusted for this board; NULL: those that the system trusts. R_BAD_INPUT for anything else,
 * and for `ca` without https. Free with board_close. */
enum result board_open(struct board **out, const char *url, const char *ca, struct why *why);
void board_close(struct board *b);
const char *board_url(const struct board *b);

/* Is this what a board says, or lacks, that may be well again later? Whoever runs unattended tries again. */
int board_is_away(enum result r);

/* Ask `stop` before each wait and now and then during a transfer; a non-zero answer
 * ends the request with R_CANCELLED. */
void board_stop_when(struct board *b, int (*stop)(void *ctx), void *ctx);

/* GET /v1/board: the board's key and name (at most 100 characters and NUL). */
enum result board_identity(struct board *b, struct sign_public *key, char name[101],
    struct why *why);

/* GET /v1/elections: the id of the only election there; R_BAD_INPUT if there is not
 * exactly one. Whoever uses it trusts the board for the id, and says so. */
enum result board_only_election(struct board *b, struct digest *id, struct why *why);

/* POST a definition; POST a record of `election`. *receipt holds the receipt's
 * bytes. Waits while the board verifies (202). Posting the same record again is
 * harmless: the same receipt comes back. */
enum result board_create(struct board *b, struct buffer *receipt, struct slice definition,
    struct why *why);
enum result board_post(struct board *b, struct buffer *receipt, const struct digest *election,
    struct slice record, struct why *why);

/* The lines from number `from` on, at most 4096, each with its line end; waits up
 * to `wait` seconds (most 25) for the first. Fewer or none may come. */
enum result board_entries(struct board *b, struct buffer *lines, const struct digest *election,
    uint64_t from, unsigned wait, struct why *why);
/* The receipt of a record that is there. R_NOT_FOUND. */
enum result board_receipt(struct board *b, struct buffer *receipt, const struct digest *election,
    const struct digest *record, struct why *why);

/* Give each line from number *at on, without its line end, as long as the board has some and *at
 * is below `end`; *at is then the number after the last. What `each` refuses ends it. */
enum result board_lines(struct board *b, const struct digest *election, uint64_t *at, uint64_t end,
    source_each *each, void *arg, struct why *why);
/* The signed head. */
enum result board_checkpoint(struct board *b, struct buffer *note, const struct digest *election,
    struct why *why);
/* The newest head that the definition's quorum of witnesses has co-signed; without witnesses the signed
 * head. R_NOT_FOUND: there is none yet. */
enum result board_witnessed(struct board *b, struct buffer *note, const struct digest *election,
    struct why *why);
/* The n digests that show how the head of `to` entries continues that of `from`: for
 * merkle_check_consistency. */
enum result board_consistency(struct board *b, struct digest path[MERKLE_PATH_MAX], size_t *n,
    const struct digest *election, uint64_t from, uint64_t to, struct why *why);

/* Upload a blob on a ticket, resuming what an earlier attempt left there. */
enum result board_upload(struct board *b, const struct digest *election, struct slice ticket,
    struct slice blob, struct why *why);
/* Download a blob to `path`: whole and with that hash, or not at all
 * (R_BAD_BLOB, R_NOT_FOUND, R_NO_DISK, R_TOO_LARGE above `most` bytes). */
enum result board_download(struct board *b, const struct digest *election,
    const struct digest *name, const char *path, uint64_t most, struct why *why);

#endif
