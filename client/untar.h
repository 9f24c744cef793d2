/*
 * untar: an archive that came as an uncompressed tar, laid out in a folder of our own.
 *
 * Nothing of a tar is trusted. Names other than those of an archive, links, devices and names
 * that come twice are refused, so nothing is ever written outside the folder; no more bytes
 * are written than the tar itself has. What was laid out is then verified as any folder is.
 */
#ifndef CLIENT_UNTAR_H
#define CLIENT_UNTAR_H

#include "crypto/result.h"

/* Lay out the tar in the empty folder `dir`. Names may stand behind "./" or behind one folder's
 * name that all have in common. Check V001 or V002 with R_MISSING_FILE (not a tar, or a damaged
 * one) or R_EXTRA_FILE; R_NO_DISK, R_NO_MEMORY, R_CANCELLED. */
enum result untar(const char *tar, const char *dir, int (*stop)(void *ctx), void *ctx,
    struct why *why);

#endif
