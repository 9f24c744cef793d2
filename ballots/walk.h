/*
 * walk: canonical JSON, read and written by one description of a record
 * (docs/protocol.md section 9). A record type is one function:
 *
 *	void
 *	answer_walk(struct walk *w, struct answer *a)
 *	{
 *		size_t i;
 *
 *		walk_object(w);
 *		walk_key(w, "choices");
 *		walk_array(w, &a->choice, &a->choices, sizeof *a->choice, 1, 200);
 *		while (walk_next(w, &i))
 *			walk_u53(w, &a->choice[i], 0, 250);
 *		walk_key(w, "hash");
 *		walk_bin(w, a->hash.b, 32);
 *		if (walk_option(w, "note", &a->has_note))
 *			walk_string(w, &a->note, 1, 200);
 *		walk_end(w);
 *	}
 *
 * Run over bytes with walk_read it fills the struct, with walk_write it writes what
 * the struct holds; walk_finish says how it went. The reader takes exactly what the
 * writer would write: if reading is R_GOOD, writing gives the same bytes, and the
 * other way round. Keys are named in their sorted order (asserted).
 *
 * The first error stays: from then on every function does nothing, and walk_next
 * and walk_option return false. `why` then tells the reason with its place
 * ("items[2].options: needs at least 2") and `path` the place alone. A struct that was
 * read into is half filled then: use nothing of it, free its arena.
 *
 * Memory. A reader copies strings, variable binaries and arrays into the
 * caller's arena, so what was read lives until arena_free and not longer; it does
 * not need the input any more. The one exception are slices of walk_raw_end and
 * walk_value, which point into the input. Give a struct of zeros to a reader.
 *
 * Input is read without recursion; depth is that of the description. Time and
 * memory are linear in the input, which is at most `max` bytes long. Nothing here
 * runs in constant time.
 */
#ifndef BALLOTS_WALK_H
#define BALLOTS_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballots/arena.h"
#include "ballots/token.h"
#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

#define WALK_DEPTH TOKEN_DEPTH
#define WALK_MAX_INTEGER TOKEN_MAX_INTEGER

/* One object or array that the walk is inside of. */
struct walk_level {
	bool is_array;
	bool started;    /* something stands in it already */
	const char *key; /* object: the key last walked, NULL: none */
	size_t index;    /* array: the element at hand, counted from 0 */
	size_t *count;
	void *items; /* address of the caller's pointer, or NULL */
	size_t size, room, min, max;
};

struct walk {
	bool writing;
	enum result error;              /* the first one, R_GOOD so far */
	const uint8_t *p, *start, *end; /* reading */
	struct arena *arena;
	struct buffer *out; /* writing, from out_start on */
	size_t out_start, max;
	unsigned depth;
	struct walk_level level[WALK_DEPTH];
	/* For the caller, after an error. */
	struct why why;
	char path[160]; /* empty: the record as a whole */
};

/* Begin to read a record of at most `max` bytes, else TOO_LARGE. */
void walk_read(struct walk *w, struct arena *arena, struct slice bytes, size_t max);
/* Begin to write one of at most `max` bytes, after what `out` holds already. */
void walk_write(struct walk *w, struct buffer *out, size_t max);
/* Finish: when reading, the input must end here. Returns the first error: BAD_ENCODING
 * for whatever is not in the canonical form or out of its range, TOO_LARGE,
 * NO_MEMORY, or what walk_fail was given. After an error of a writer `out` holds
 * what it held before. */
enum result walk_finish(struct walk *w);

/* Report an error of the caller's own at the place of the value just walked, unless
 * there is one already. The text goes after the path: "must differ". */
void walk_fail(struct walk *w, enum result reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Return true as long as there is no error: before looking at what was read. */
static inline bool
walk_good(const struct walk *w)
{
	return w->error == R_GOOD;
}

/* ---- objects ---- */

void walk_object(struct walk *w);
void walk_end(struct walk *w);
/* The next key is this one. `name` must stay in memory: it is part of the path. */
void walk_key(struct walk *w, const char *name);
/* The next key may be this one: reading sets *present, writing obeys it. Return
 * true if its value comes next. */
bool walk_option(struct walk *w, const char *name, bool *present);
/* The next key is one of `names`; *which is its index. Another key is `unknown`. */
void walk_variant(struct walk *w, const char *const names[], unsigned n, unsigned *which,
    enum result unknown);

/* ---- arrays ---- */

/* An array of min..max elements. Reading sets *count and puts the elements, each
 * `size` bytes of zeros before it is walked, into an array from the arena whose
 * address goes to the pointer at `items` (of type T **). It may move while it
 * grows, so take no address of an element before the array is through. With
 * items NULL the caller has its own room for max elements. Writing takes *count. */
void walk_array(struct walk *w, void *items, size_t *count, size_t size, size_t min, size_t max);
/* Go on to the next element: true, and its index in *i; or to the end of the array: false. */
bool walk_next(struct walk *w, size_t *i);

/* ---- values ---- */

/* A whole number of min..max; another one, or no such thing, is BAD_ENCODING, or
 * the reason given. */
void walk_u53(struct walk *w, uint64_t *v, uint64_t min, uint64_t max);
void walk_u53_or(struct walk *w, uint64_t *v, uint64_t min, uint64_t max, enum result reason);
void walk_u32(struct walk *w, uint32_t *v, uint32_t min, uint32_t max);
/* 0 or 1. */
void walk_flag(struct walk *w, bool *v);

/* A UTF-8 string of min..max bytes without U+0000. */
void walk_string(struct walk *w, const char **s, size_t min, size_t max);
/* One of the strings `names`; *which is its index. */
void walk_enum(struct walk *w, const char *const names[], unsigned n, unsigned *which);

/* n bytes of the caller's, as base64url. */
void walk_bin(struct walk *w, uint8_t *bytes, size_t n);
/* min..max bytes as base64url, from the arena. */
void walk_bin_var(struct walk *w, struct slice *bytes, size_t min, size_t max);
void walk_digest(struct walk *w, struct digest *d);

/* ---- bytes as they stand ---- */

/* Remember the bytes of the value that is walked between these two (after its
 * key): to hash a body or check its signature. When writing, *raw points into `out`
 * and holds until more is written. Without effect on *raw after an error. */
size_t walk_raw_begin(const struct walk *w);
void walk_raw_end(const struct walk *w, size_t begin, struct slice *raw);

/* Any one canonical value of at most max bytes, taken or written as it stands. */
void walk_value(struct walk *w, struct slice *raw, size_t max);

#endif
