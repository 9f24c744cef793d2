/*
 * store_schema: the tables of a board and who may do what with them: made once, and
 * brought up to date by later versions. It runs as the owner; the board itself
 * (store.h) neither needs nor should have such rights.
 *
 * R_NO_DATABASE: unreachable or refused; `why` (may be NULL) says which right is
 * missing or what else is wrong.
 */
#ifndef SERVER_STORE_SCHEMA_H
#define SERVER_STORE_SCHEMA_H

#include "crypto/result.h"
#include "server/cluster.h"

/* The version this program reads and writes. */
#define STORE_SCHEMA_VERSION 2

/* Make the tables, or bring them up to STORE_SCHEMA_VERSION, in the database of a libpq
 * connection string. Its user becomes the owner and needs the right to create a
 * schema there, and to create roles unless tabella_board and tabella_reader exist.
 * Nothing happens if all is up to date; several callers at once wait for each
 * other. R_NO_DATABASE also if a newer program has made them. */
enum result store_schema_make(const char *address, struct why *why);

/* In a private cluster: make the roles, the database and the tables. */
enum result store_schema_prepare(const struct cluster *c, struct why *why);

/* The SQL of each version; generated from schema_<version>.sql. */
extern const char *const store_schema_sql[STORE_SCHEMA_VERSION];

#endif
