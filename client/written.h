/*
 * written: what people write, definitions and items as ordinary JSON with most things
 * left out, made into what goes on the board.
 */
#ifndef CLIENT_WRITTEN_H
#define CLIENT_WRITTEN_H

#include <jansson.h>

#include "ballots/arena.h"
#include "ballots/definition.h"
#include "ballots/item.h"
#include "crypto/result.h"

/* Read a file with one JSON object; messages name file and line. json_decref it. */
enum result written_load(json_t **root, const char *path, struct why *why);

/* Set a field that is not there; takes over `value`. */
void written_default(json_t *root, const char *name, json_t *value);

/* An item out of a tally sheet (ballots/sheet.h), for written_item: its options, the last one the
 * default; counted as the Debian project counts: quorum 3/2 of the square root of the
 * roll, majorities 1:1 but for those given as "2=3:1". */
enum result written_sheet(json_t **root, const char *path, const char *title,
    const char *const majorities[], size_t n, struct why *why);

/* Read a complete definition out of `root` into an arena; refusals name the place in
 * the file. */
enum result written_definition(struct definition *d, struct arena *arena, json_t *root,
    const char *path, struct why *why);

/* The same for an item. Left out: text "", count as the choice type suggests (no quorum,
 * no majority, ties reported). The file may give the fields of `count` at the top
 * level, a quorum as {"kind","num","den"}, a majority as "1/2" or an array of such. */
enum result written_item(struct item *item, struct arena *arena, json_t *root,
    const struct digest *election, uint64_t id, const char *path, struct why *why);

#endif
