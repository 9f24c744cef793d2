/*
 * spoil: every way to change one value of a record: bits, zeros, other encodings of the same
 * number, a sibling's value, deletion, duplication, another order, more or less of it.
 */
#ifndef TESTS_SPOIL_H
#define TESTS_SPOIL_H

#include "crypto/buffer.h"
#include "tests/tree.h"

/* How many ways there are for a node. */
size_t spoil_ways(const struct tree *tree, const struct node *node);

/* Write the text with the node changed in way number `way`. `sibling` is another text of the
 * same form to take values from, or NULL. Return the name of the way, or NULL if it
 * makes no difference. */
const char *spoil(struct buffer *out, const struct tree *tree, const struct node *node, size_t way,
    const struct tree *sibling);

#endif
