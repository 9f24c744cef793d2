/*
 * cluster_make: what a private cluster consists of before it runs: programs, data folder,
 * configuration. For cluster.c only.
 */
#ifndef SERVER_CLUSTER_MAKE_H
#define SERVER_CLUSTER_MAKE_H

#include <stdbool.h>

#include "crypto/result.h"

/* Set *bindir (free()) to a folder with PostgreSQL's programs of the major version
 * `major`, or the newest from 15 on if it is 0. `wanted` (may be NULL) is the only
 * place to look if given. */
enum result cluster_find_programs(char **bindir, const char *wanted, int major, struct why *why);

/* Set *major to the version that made a data folder, 0 if there is no such folder. */
enum result cluster_data_version(int *major, const char *data, struct why *why);

/* Make the folder with mode 0700, or check that it is a folder, ours, and closed to
 * others. */
enum result cluster_own_folder(const char *path, struct why *why);

/* Make a data folder at `data`, by copying `template` or else with initdb. It appears
 * under its name only when it is complete and on disk; what an interrupted attempt
 * left is removed. */
enum result cluster_make_data(const char *data, const char *bindir, const char *template,
    struct why *why);

/* Write our configuration into a data folder. *changed: it was not there already. */
enum result cluster_configure(const char *data, const char *socket, bool *changed, struct why *why);

/* Return a copy of s in single quotes for postgresql.conf or a libpq connection
 * string (mark is what goes before a quote or backslash: '\'' or '\\'); NULL when out of memory. */
char *cluster_quote(const char *s, char mark);

#endif
