#include "tests/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
must_be(int good)
{
	if (!good) {
		(void)fputs("tree: this is not canonical\n", stderr);
		abort();
	}
}

static size_t
add(struct tree *t, enum node_kind kind, int parent, const char *name, int index)
{
	struct node *node;
	const char *above = parent < 0 ? "" : t->node[parent].path;
	char path[sizeof node->path];

	if (name != NULL)
		(void)snprintf(path, sizeof path, "%.60s%s%.30s", above,
		    above[0] == '\0' ? "" : ".", name);
	else if (index >= 0)
		(void)snprintf(path, sizeof path, "%.80s[%d]", above, index);
	else
		path[0] = '\0';
	t->node = reallocarray(t->node, t->n + 1, sizeof *t->node);
	must_be(t->node != NULL);
	node = &t->node[t->n];
	memset(node, 0, sizeof *node);
	node->kind = kind;
	node->parent = parent;
	node->next = -1;
	memcpy(node->path, path, sizeof path);
	return t->n++;
}

/* Return where the string that begins at `at` ends. */
static size_t
string_end(struct slice text, size_t at)
{
	for (at++; at < text.n && text.p[at] != '"'; at++)
		at += text.p[at] == '\\';
	must_be(at < text.n);
	return at + 1;
}

static size_t value(struct tree *t, size_t at, size_t item, int parent, const char *name,
    int index);

/* The members of an object or the elements of an array, from behind its bracket. */
static size_t
members(struct tree *t, size_t at, int self, char close)
{
	const struct slice text = t->text;
	char name[64];
	int index = 0, last = -1, child;
	size_t item, end;

	while (text.p[at] != (uint8_t)close) {
		if (index > 0)
			must_be(text.p[at++] == ',');
		item = at;
		name[0] = '\0';
		if (close == '}') {
			end = string_end(text, at);
			(void)snprintf(name, sizeof name, "%.*s", (int)(end - at - 2),
			    (const char *)text.p + at + 1);
			must_be(text.p[end] == ':');
			at = end + 1;
		}
		child = (int)t->n;
		at = value(t, at, item, self, close == '}' ? name : NULL, index++);
		if (last >= 0)
			t->node[last].next = child;
		last = child;
	}
	return at + 1;
}

static size_t
value(struct tree *t, size_t at, size_t item, int parent, const char *name, int index)
{
	const uint8_t c = t->text.p[at];
	const size_t self = add(t,
	    c == '{'       ? NODE_OBJECT
		: c == '[' ? NODE_ARRAY
		: c == '"' ? NODE_STRING
			   : NODE_NUMBER,
	    parent, name, index);
	size_t end = at;

	if (c == '{' || c == '[')
		end = members(t, at + 1, (int)self, c == '{' ? '}' : ']');
	else if (c == '"')
		end = string_end(t->text, at);
	else
		while (end < t->text.n && t->text.p[end] >= '0' && t->text.p[end] <= '9')
			end++;
	must_be(end > at);
	t->node[self].from = at;
	t->node[self].to = end;
	t->node[self].item = item;
	return end;
}

void
tree_read(struct tree *tree, struct slice text)
{
	*tree = (struct tree){ .text = text };
	must_be(text.n > 0 && value(tree, 0, 0, -1, NULL, -1) == text.n);
}

void
tree_free(struct tree *tree)
{
	free(tree->node);
	*tree = (struct tree){ .n = 0 };
}

const struct node *
tree_find(const struct tree *tree, const char *path)
{
	size_t i;

	for (i = 0; i < tree->n; i++)
		if (strcmp(tree->node[i].path, path) == 0)
			return &tree->node[i];
	return NULL;
}

struct slice
tree_bytes(const struct tree *tree, const struct node *node)
{
	return (struct slice){ tree->text.p + node->from, node->to - node->from };
}
