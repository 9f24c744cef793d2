/*
 * tree: canonical JSON taken apart into its values, for those who change one of them.
 */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include <stddef.h>

#include "crypto/slice.h"

enum node_kind { NODE_OBJECT, NODE_ARRAY, NODE_STRING, NODE_NUMBER };

/* A value; node 0 is the whole. */
struct node {
	enum node_kind kind;
	size_t from, to; /* the value's bytes */
	size_t item;     /* where its key begins, or the value in an array */
	int parent;      /* -1: none */
	int next;        /* the next value in the same object or array, -1: the last */
	char path[96];   /* "body.ballot.answers[0].cts" */
};

struct tree {
	struct slice text;
	struct node *node;
	size_t n;
};

/* Take apart text that is canonical; it must live on. Stops the program otherwise. */
void tree_read(struct tree *tree, struct slice text);
void tree_free(struct tree *tree);
/* The node with this path, or NULL. */
const struct node *tree_find(const struct tree *tree, const char *path);
/* The bytes of a node. */
struct slice tree_bytes(const struct tree *tree, const struct node *node);

#endif
