#include "tests/spoil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"

#define CHUNK 32 /* an element or scalar of ristretto255, a digest */

/* The order of ristretto255 and the prime below it, little-endian. */
static const uint8_t order[CHUNK] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c,
	0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10 };
static const uint8_t prime[CHUNK] = { 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f };

/* a + b, or a - b, modulo 2^256. */
static void
plus(uint8_t out[CHUNK], const uint8_t *a, const uint8_t *b)
{
	unsigned carry = 0, i;

	for (i = 0; i < CHUNK; i++) {
		carry += (unsigned)a[i] + b[i];
		out[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

static void
minus(uint8_t out[CHUNK], const uint8_t *a, const uint8_t *b)
{
	unsigned borrow = 0, i;

	for (i = 0; i < CHUNK; i++) {
		unsigned d = 256U + a[i] - b[i] - borrow;

		out[i] = (uint8_t)d;
		borrow = d < 256;
	}
}

/* ---- binaries ---- */

/* The bytes of a string that is base64url of 32 bytes or more; NULL if it is not. */
static uint8_t *
binary(const struct tree *t, const struct node *node, size_t *n)
{
	const struct slice text = { t->text.p + node->from + 1, node->to - node->from - 2 };
	uint8_t *bytes;

	if (node->kind != NODE_STRING || base64url_size(n, text.n) != R_GOOD || *n < CHUNK)
		return NULL;
	bytes = malloc(*n + 2 * CHUNK);
	if (bytes == NULL)
		abort();
	memset(bytes, 0, *n + 2 * CHUNK);
	if (base64url_decode(bytes, *n, text) == R_GOOD)
		return bytes;
	free(bytes);
	return NULL;
}

enum {
	LOW_BIT,
	MIDDLE_BIT,
	TOP_BIT,
	ZERO,
	ONE,
	PLUS_ORDER,
	MINUS_SCALAR,
	MINUS_ELEMENT,
	SWAP,
	DOUBLE,
	CHUNK_WAYS
};
static const char *const chunk_names[] = { "low bit", "middle bit", "top bit", "zero", "one",
	"+ order", "negated scalar", "negated element", "swapped with the next",
	"copied from the next" };

static const char *
spoil_chunk(uint8_t *bytes, size_t n, size_t chunk, size_t way)
{
	uint8_t *at = bytes + chunk * CHUNK, *next = at + CHUNK, kept[CHUNK];
	const int has_next = (chunk + 2) * CHUNK <= n;

	switch (way) {
	case LOW_BIT: at[0] ^= 1; break;
	case MIDDLE_BIT: at[16] ^= 0x10; break;
	case TOP_BIT: at[CHUNK - 1] ^= 0x80; break;
	case ZERO: memset(at, 0, CHUNK); break;
	case ONE:
		memset(at, 0, CHUNK);
		at[0] = 1;
		break;
	case PLUS_ORDER: plus(at, at, order); break;
	case MINUS_SCALAR: minus(at, order, at); break;
	case MINUS_ELEMENT: minus(at, prime, at); break;
	case SWAP:
	case DOUBLE:
		if (!has_next)
			return NULL;
		memcpy(kept, at, CHUNK);
		memcpy(at, next, CHUNK);
		if (way == SWAP)
			memcpy(next, kept, CHUNK);
		break;
	default: abort();
	}
	return chunk_names[way];
}

enum { SHORTER, SHORTER_CHUNK, LONGER, LONGER_CHUNK, NOTHING, ALL_ZERO, BINARY_WAYS };
static const char *const binary_names[] = { "a byte shorter", "32 bytes shorter", "a byte longer",
	"32 bytes longer", "empty", "all zero" };

static const char *
spoil_binary(uint8_t *bytes, size_t *n, size_t way)
{
	switch (way) {
	case SHORTER: *n -= 1; break;
	case SHORTER_CHUNK: *n -= CHUNK; break;
	case LONGER: *n += 1; break;
	case LONGER_CHUNK:
		memcpy(bytes + *n, bytes + *n - CHUNK, CHUNK);
		*n += CHUNK;
		break;
	case NOTHING: *n = 0; break;
	case ALL_ZERO: memset(bytes, 0, *n); break;
	default: abort();
	}
	return binary_names[way];
}

/* ---- other values, written instead of this one ---- */

static const char *const texts[] = { "\"\"", "\"x\"", "0", "\"\\u0041\"" };
static const char *const numbers[] = { "0", "1", "2", "9007199254740991", "9007199254740992", "-1",
	"1.0", "01", "1e0", "\"1\"", "null", "true" };
#define TEXTS (sizeof texts / sizeof *texts)
#define NUMBERS (sizeof numbers / sizeof *numbers)

/* ---- ways that any value has ---- */

enum { DELETE, DUPLICATE, EXCHANGE, SIBLING, STRANGE_KEY, EMPTY, SPACE, COMMON_WAYS };
static const char *const common_names[] = { "deleted", "doubled", "exchanged with the next",
	"from a sibling", "with an unknown key", "emptied", "with a space" };

/* Out: text[0..from), middle, text[to..). */
static void
splice(struct buffer *out, struct slice text, size_t from, size_t to, struct slice middle)
{
	buffer_add(out, text.p, from);
	buffer_add(out, middle.p, middle.n);
	buffer_add(out, text.p + to, text.n - to);
}

static int
spoil_list(struct buffer *out, const struct tree *t, const struct node *node, size_t way)
{
	const struct slice text = t->text;
	const struct node *next = node->next < 0 ? NULL : &t->node[node->next];
	struct slice item = { text.p + node->item, node->to - node->item };
	const int first = text.p[node->item - 1] == '{' || text.p[node->item - 1] == '[';

	if (way == DELETE) {
		if (next != NULL)
			splice(out, text, node->item, next->item, (struct slice){ text.p, 0 });
		else
			splice(out, text, node->item - (first ? 0 : 1), node->to,
			    (struct slice){ text.p, 0 });
		return 1;
	}
	if (way == DUPLICATE) {
		buffer_add(out, text.p, node->to);
		buffer_add_string(out, ",");
		buffer_add(out, item.p, item.n);
		buffer_add(out, text.p + node->to, text.n - node->to);
		return 1;
	}
	if (next == NULL)
		return 0;
	buffer_add(out, text.p, node->item);
	buffer_add(out, text.p + next->item, next->to - next->item);
	buffer_add_string(out, ",");
	buffer_add(out, item.p, item.n);
	buffer_add(out, text.p + next->to, text.n - next->to);
	return 1;
}

static int
spoil_common(struct buffer *out, const struct tree *t, const struct node *node, size_t way,
    const struct tree *sibling)
{
	const struct node *twin;

	switch (way) {
	case DELETE:
	case DUPLICATE:
	case EXCHANGE: return node->parent >= 0 && spoil_list(out, t, node, way);
	case SIBLING:
		twin = sibling == NULL ? NULL : tree_find(sibling, node->path);
		if (twin == NULL)
			return 0;
		splice(out, t->text, node->from, node->to, tree_bytes(sibling, twin));
		return 1;
	case STRANGE_KEY:
		if (node->kind != NODE_OBJECT)
			return 0;
		splice(out, t->text, node->to - 1, node->to - 1, slice_of(",\"~\":0"));
		return 1;
	case EMPTY:
		if (node->kind != NODE_OBJECT && node->kind != NODE_ARRAY)
			return 0;
		splice(out, t->text, node->from + 1, node->to - 1, slice_of(""));
		return 1;
	case SPACE: splice(out, t->text, node->from, node->from, slice_of(" ")); return 1;
	default: abort();
	}
}

/* ---- all ---- */

static size_t
kind_ways(const struct tree *t, const struct node *node)
{
	uint8_t *bytes;
	size_t n;

	if (node->kind == NODE_NUMBER)
		return NUMBERS + 2; /* and one more, one less */
	if (node->kind != NODE_STRING)
		return 0;
	bytes = binary(t, node, &n);
	if (bytes == NULL)
		return TEXTS;
	free(bytes);
	return n / CHUNK * CHUNK_WAYS + BINARY_WAYS;
}

size_t
spoil_ways(const struct tree *tree, const struct node *node)
{
	return COMMON_WAYS + kind_ways(tree, node);
}

static const char *
spoil_string(struct buffer *out, const struct tree *t, const struct node *node, uint8_t *bytes,
    size_t n, size_t way)
{
	const char *name = way < n / CHUNK * CHUNK_WAYS
	    ? spoil_chunk(bytes, n, way / CHUNK_WAYS, way % CHUNK_WAYS)
	    : spoil_binary(bytes, &n, way - n / CHUNK * CHUNK_WAYS);
	char *text;

	if (name == NULL)
		return NULL;
	text = malloc(BASE64URL_LEN(n) + 1);
	if (text == NULL)
		abort();
	(void)base64url_encode(text, bytes, n);
	splice(out, t->text, node->from + 1, node->to - 1, slice_of(text));
	free(text);
	return name;
}

static const char *
spoil_number(struct buffer *out, const struct tree *t, const struct node *node, size_t way)
{
	char text[24];
	uint64_t x;

	if (way < NUMBERS)
		splice(out, t->text, node->from, node->to, slice_of(numbers[way]));
	else {
		if (!slice_decimal(&x, tree_bytes(t, node), UINT64_MAX - 1))
			abort();
		(void)snprintf(text, sizeof text, "%llu",
		    (unsigned long long)(way == NUMBERS ? x + 1 : x - 1));
		splice(out, t->text, node->from, node->to, slice_of(text));
	}
	return way < NUMBERS ? numbers[way] : way == NUMBERS ? "one more" : "one less";
}

const char *
spoil(struct buffer *out, const struct tree *tree, const struct node *node, size_t way,
    const struct tree *sibling)
{
	const char *name = NULL;
	uint8_t *bytes = NULL;
	size_t n;

	buffer_clear(out);
	if (way < COMMON_WAYS)
		name = spoil_common(out, tree, node, way, sibling) ? common_names[way] : NULL;
	else if (node->kind == NODE_NUMBER)
		name = spoil_number(out, tree, node, way - COMMON_WAYS);
	else if ((bytes = binary(tree, node, &n)) != NULL)
		name = spoil_string(out, tree, node, bytes, n, way - COMMON_WAYS);
	else {
		name = texts[way - COMMON_WAYS];
		splice(out, tree->text, node->from, node->to, slice_of(name));
	}
	free(bytes);
	return name == NULL || slice_equal(buffer_slice(out), tree->text) ? NULL : name;
}
