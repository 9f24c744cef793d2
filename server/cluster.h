/*
 * cluster: a private PostgreSQL server in a folder of our own, made, started, watched
 * and stopped by tabellad, so that nobody has to administer a database.
 *
 *   FOLDER/lock          held while a struct cluster exists: one process at a time
 *   FOLDER/data/         PostgreSQL's data folder, with our configuration in it
 *   FOLDER/socket/       its Unix socket (when the path is too long for a socket:
 *                        /tmp/tabella-<hash of the path>/, our own, mode 0700)
 *   FOLDER/postgres.log  what PostgreSQL says; set aside as postgres.log.1 at 16 MiB
 *
 * It listens on that Unix socket only, never on TCP. FOLDER has mode 0700, and PostgreSQL
 * asks the kernel who connects (peer): only the user who runs the cluster may, as any
 * of the roles of roles.h, without a password.
 *
 * The server outlives us when we are killed. The next cluster_open on the folder
 * adopts it if it is healthy and has the configuration that we would give it, and
 * stops and restarts it otherwise. A server that was itself killed is started again
 * and recovers from its log.
 *
 * PostgreSQL refuses to run as root, so cluster_open does: start the calling program as
 * another user. It needs Linux (/proc) to tell its own server from a stranger that
 * happens to have the same process number.
 *
 * Unless a function says otherwise: R_NO_DATABASE for what keeps the server from running,
 * R_NO_DISK, R_NO_MEMORY; `why` (may be NULL) says what and what to do.
 */
#ifndef SERVER_CLUSTER_H
#define SERVER_CLUSTER_H

#include "crypto/result.h"

struct cluster;

struct cluster_options {
	const char *folder; /* made, mode 0700, if missing; its parent must exist */

	/* Where PostgreSQL's programs are, version 15 or newer. NULL: $TABELLA_PG_BINDIR, or
	 * else the newest of what configure found and /usr/lib/postgresql; for a
	 * data folder that exists, the version that made it. */
	const char *bindir;

	/* A data folder to copy instead of running initdb, which takes seconds: an absolute
	 * path. Ours, not running, mode 0700. It is made first if it is missing (not two callers at once).
	 * NULL: $TABELLA_PG_TEMPLATE, or else none. Tests use it. */
	const char *template;

	unsigned start_seconds; /* until the server is ready, recovery included; 0: 120 */
	unsigned stop_seconds;  /* until it is gone; 0: 60 */
};

/* Have the server of o->folder running and ready, making it first if there is none.
 * R_CONFLICT: another process holds the folder. Free with cluster_free. */
enum result cluster_open(struct cluster **out, const struct cluster_options *o, struct why *why);

/* Use the server of a folder that another process holds, as it runs: it is neither made, nor
 * started, nor stopped, nor configured. For cluster_address and cluster_backup. */
enum result cluster_visit(struct cluster **out, const char *folder, struct why *why);

/* Copy the server's data, while it runs, to the folder `to`, an absolute path, which must not
 * exist: a data folder as it was at the end of the copying. Every file of it is read again
 * and compared with its check sum. */
enum result cluster_backup(const struct cluster *c, const char *to, struct why *why);

/* Make sure that the server is running and ready: start it again if it is gone, wait
 * for it while it recovers. Cheap when all is well (a file is read). May be called
 * from any thread, also as store_options.revive with the cluster as ctx.
 * R_CANCELLED after cluster_stop. */
enum result cluster_ensure(void *cluster, struct why *why);

/* Stop the server (fast shutdown: sessions are ended, open transactions rolled back)
 * and wait until it is gone. R_GOOD if it was not running. */
enum result cluster_stop(struct cluster *c, struct why *why);

/* Let go of the folder. A server that was not stopped keeps running. */
void cluster_free(struct cluster *c);

/* Return a libpq connection string for one of the roles of roles.h and a database, or
 * NULL when out of memory. Free with free(). */
char *cluster_address(const struct cluster *c, const char *role, const char *database);

/* ---- doors for tests: tabellad does not call these ---- */

/* The server's process number, 0 if it is not running. */
int cluster_pid(struct cluster *c);
/* FOLDER/data, absolute; lives as long as the cluster. */
const char *cluster_data(const struct cluster *c);
/* Make a data folder at `path`, absolute, which must not exist, to be used as a template. */
enum result cluster_template(const char *path, const char *bindir, struct why *why);

#endif
