/*
 * stamp: RFC 3161 time stamps. Of each election the head that first covers its opening, each item's
 * close and each result is stamped by the authority that the board is configured with, by a thread of
 * its own; what it answers is kept in FOLDER/stamps/<election>/ and shown to everybody who asks.
 *
 *	open.checkpoint, close-<item>.checkpoint, result-<item>.checkpoint	what is stamped
 *	open.tsr, ...								the authority's response
 *
 * A stamp is verified with the stock `openssl ts -verify`; the board itself checks only that it is for
 * these bytes and this request.
 */
#ifndef SERVER_STAMP_H
#define SERVER_STAMP_H

#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "server/hosted.h"
#include "server/log.h"

struct stamps;

/* `url` of the authority; the arguments must outlive it. R_BAD_INPUT: no URL; R_NO_DISK. Free with
 * stamps_free. */
enum result stamps_new(struct stamps **out, struct hosts *hosts, const char *folder,
    const char *url, struct log *log, struct why *why);
void stamps_free(struct stamps *s); /* stops the thread first; NULL is fine */
enum result stamps_start(struct stamps *s);

/* Any thread; s may be NULL. Add {"stamps":[{"head":hex,"of":"close-1","size":n},...]}. */
enum result stamps_list(struct stamps *s, const struct hosted *host, struct buffer *out);
/* Add the response (`head` 0) or the head that it is about, by the SHA-256 of the head. R_NOT_FOUND. */
enum result stamps_get(struct stamps *s, const struct hosted *host, const struct digest *name,
    int head, struct buffer *out);

#endif
