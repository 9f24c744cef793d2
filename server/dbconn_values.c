#include "server/dbconn.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- parameters ---- */

static void
put_be(char *out, uint64_t x, int bytes)
{
	int i;

	for (i = bytes - 1; i >= 0; i--, x >>= 8)
		out[i] = (char)(x & 255);
}

/* A number is kept in p->number and only pointed at when it is sent, so that a
 * struct params may be copied. */
static void
params_number(struct params *p, uint64_t x, int bytes)
{
	assert(p->n < PARAMS_MAX);
	put_be(p->number[p->n], x, bytes);
	p->value[p->n] = NULL;
	p->len[p->n++] = bytes;
}

void
params_i32(struct params *p, int32_t x)
{
	params_number(p, (uint32_t)x, 4);
}

void
params_u64(struct params *p, uint64_t x)
{
	assert(x <= INT64_MAX);
	params_number(p, x, 8);
}

void
params_bytes(struct params *p, struct slice s)
{
	assert(p->n < PARAMS_MAX && s.n <= INT32_MAX);
	p->value[p->n] = s.p != NULL ? (const char *)s.p : "";
	p->len[p->n++] = (int)s.n;
}

void
params_digest(struct params *p, const struct digest *d)
{
	params_bytes(p, (struct slice){ d->b, sizeof d->b });
}

#define OID_BYTEA 17

static void
array_number(struct buffer *b, uint32_t x)
{
	uint8_t *room = buffer_room(b, 4);

	if (room == NULL)
		return;
	put_be((char *)room, x, 4);
	b->n += 4;
}

void
array_start(struct buffer *b, uint32_t n, bool nulls)
{
	buffer_clear(b);
	array_number(b, n > 0 ? 1 : 0); /* dimensions */
	array_number(b, nulls ? 1 : 0);
	array_number(b, OID_BYTEA);
	if (n > 0) {
		array_number(b, n);
		array_number(b, 1); /* the first index */
	}
}

void
array_add(struct buffer *b, struct slice s)
{
	assert(s.n <= INT32_MAX);
	array_number(b, s.p == NULL ? UINT32_MAX : (uint32_t)s.n);
	if (s.p != NULL)
		buffer_add(b, s.p, s.n);
}

/* ---- results ---- */

static uint64_t
get_be(const char *p, int bytes)
{
	uint64_t x = 0;
	int i;

	for (i = 0; i < bytes; i++)
		x = x << 8 | (uint8_t)p[i];
	return x;
}

int32_t
row_i32(const PGresult *rows, int row, int column)
{
	assert(PQgetlength(rows, row, column) == 4);
	return (int32_t)(uint32_t)get_be(PQgetvalue(rows, row, column), 4);
}

uint64_t
row_u64(const PGresult *rows, int row, int column)
{
	assert(PQgetlength(rows, row, column) == 8);
	return get_be(PQgetvalue(rows, row, column), 8);
}

bool
row_bool(const PGresult *rows, int row, int column)
{
	assert(PQgetlength(rows, row, column) == 1);
	return PQgetvalue(rows, row, column)[0] != 0;
}

struct slice
row_bytes(const PGresult *rows, int row, int column)
{
	struct slice s = { (const uint8_t *)PQgetvalue(rows, row, column),
		(size_t)PQgetlength(rows, row, column) };

	return s;
}

enum result
row_digest(struct digest *out, const PGresult *rows, int row, int column)
{
	struct slice s = row_bytes(rows, row, column);

	if (s.n != sizeof out->b)
		return R_NO_DATABASE;
	memcpy(out->b, s.p, s.n);
	return R_GOOD;
}

uint64_t
rows_changed(PGresult *rows)
{
	return strtoull(PQcmdTuples(rows), NULL, 10);
}
