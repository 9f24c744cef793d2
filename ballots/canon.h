/*
 * canon: JSON as people write it (definitions, items) into the canonical bytes
 * that a walk reads. Keys may come in any order, with any white space; a
 * byte order mark at the start is passed over. The values must be such as canonical JSON has:
 * objects, arrays, strings, whole numbers 0..2^53-1.
 *
 * Messages name the line and the place: "item.json line 12: options[2]: must be a
 * string, a whole number, a list or an object".
 */
#ifndef BALLOTS_CANON_H
#define BALLOTS_CANON_H

#include <stddef.h>

#include "ballots/walk.h"
#include "crypto/buffer.h"
#include "crypto/result.h"
#include "crypto/slice.h"

/* No text that a person wrote is larger. */
#define CANON_MAX ((size_t)16 << 20)

/* Add the canonical form of the object or array in `text` to out. `name` is what
 * messages call the text (a file's name). R_BAD_INPUT, R_TOO_LARGE, R_NO_MEMORY; then
 * `out` is as it was. */
enum result canon_json(struct buffer *out, const char *name, struct slice text, struct why *why);

/* Return the line, from 1, on which the value at a walk's path ("options[2]") begins
 * in the text, or the innermost value around it that is there. */
size_t canon_line(struct slice text, const char *path);

/* Say what a walk over the canonical bytes of `text` has refused, with the line. Returns
 * its error. */
enum result canon_explain(struct why *why, const char *name, struct slice text,
    const struct walk *w);

#endif
