#include "server/store_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/dbconn.h"
#include "server/roles.h"

/* ---- tables ---- */

static const struct statement version_read = { "version_read",
	"SELECT coalesce(max(version), 0) FROM tabella.schema_version" };

static enum result
read_version(struct dbconn *c, int32_t *version, struct why *why)
{
	PGresult *rows;
	enum result r = dbconn_do(c, &rows, &version_read, NULL, why);

	if (r == R_GOOD)
		*version = row_i32(rows, 0, 0);
	PQclear(rows);
	return r;
}

/* Within a transaction: go from whatever is there to our version. */
static enum result
bring_up_to_date(struct dbconn *c, struct why *why)
{
	char note[120];
	int32_t version;
	enum result r;

	/* The lock keeps a second caller out; it is released with the transaction. */
	r = dbconn_script(c,
	    "SELECT pg_advisory_xact_lock(1413562956);"
	    "CREATE SCHEMA IF NOT EXISTS tabella;"
	    "CREATE TABLE IF NOT EXISTS tabella.schema_version ("
	    " version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now())",
	    why);
	if (r == R_GOOD)
		r = read_version(c, &version, why);
	if (r != R_GOOD)
		return r;
	if (version > STORE_SCHEMA_VERSION)
		return why_set(why, R_NO_DATABASE,
		    "the database has tables of version %d, this program knows %d: install a newer "
		    "one",
		    (int)version, STORE_SCHEMA_VERSION);
	for (; r == R_GOOD && version < STORE_SCHEMA_VERSION; version++) {
		r = dbconn_script(c, store_schema_sql[version], why);
		(void)snprintf(note, sizeof note,
		    "INSERT INTO tabella.schema_version (version) VALUES (%d)", (int)version + 1);
		if (r == R_GOOD)
			r = dbconn_script(c, note, why);
	}
	return r;
}

enum result
store_schema_make(const char *address, struct why *why)
{
	const struct dbconn_options options = { .address = address, .owner = true };
	struct dbconn *c;
	enum result r;

	r = dbconn_new(&c, &options, why);
	if (r != R_GOOD)
		return r;
	r = dbconn_begin(c, why);
	if (r == R_GOOD) {
		r = bring_up_to_date(c, why);
		if (r == R_GOOD)
			r = dbconn_commit(c, why);
		else
			dbconn_rollback(c);
	}
	dbconn_free(c);
	return r;
}

/* ---- a private cluster ---- */

static const char make_roles[] = "DO $$ DECLARE name text; BEGIN"
				 " FOREACH name IN ARRAY ARRAY['" DB_ROLE_OWNER "', '" DB_ROLE_BOARD
				 "', '" DB_ROLE_READER "'] LOOP"
				 "  IF to_regrole(name) IS NULL THEN"
				 "   EXECUTE format('CREATE ROLE %I LOGIN', name);"
				 "  END IF;"
				 " END LOOP;"
				 "END $$";
static const struct statement database_find = { "database_find",
	"SELECT FROM pg_catalog.pg_database WHERE datname = '" DATABASE_NAME "'" };
static const char make_database[] = "CREATE DATABASE " DATABASE_NAME " OWNER " DB_ROLE_OWNER
				    " TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'";
static const char close_database[] =
    "REVOKE ALL ON DATABASE " DATABASE_NAME " FROM PUBLIC;"
    "GRANT CONNECT ON DATABASE " DATABASE_NAME " TO " DB_ROLE_BOARD ", " DB_ROLE_READER;

static enum result
make_roles_and_database(const char *address, struct why *why)
{
	const struct dbconn_options options = { .address = address, .owner = true };
	struct dbconn *c;
	PGresult *rows;
	enum result r;
	bool there = false;

	r = dbconn_new(&c, &options, why);
	if (r != R_GOOD)
		return r;
	r = dbconn_script(c, make_roles, why);
	if (r == R_GOOD) {
		r = dbconn_do(c, &rows, &database_find, NULL, why);
		there = r == R_GOOD && PQntuples(rows) > 0;
		PQclear(rows);
	}
	if (r == R_GOOD && !there)
		r = dbconn_script(c, make_database, why);
	if (r == R_GOOD)
		r = dbconn_script(c, close_database, why);
	dbconn_free(c);
	return r;
}

enum result
store_schema_prepare(const struct cluster *c, struct why *why)
{
	char *super = cluster_address(c, DB_ROLE_SUPER, "postgres");
	char *owner = cluster_address(c, DB_ROLE_OWNER, DATABASE_NAME);
	enum result r;

	if (super == NULL || owner == NULL)
		r = why_set(why, R_NO_MEMORY, "out of memory");
	else
		r = make_roles_and_database(super, why);
	if (r == R_GOOD)
		r = store_schema_make(owner, why);
	free(super);
	free(owner);
	return r;
}
