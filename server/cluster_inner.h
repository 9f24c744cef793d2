/*
 * cluster_inner: what cluster.c and cluster_run.c share.
 */
#ifndef SERVER_CLUSTER_INNER_H
#define SERVER_CLUSTER_INNER_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "server/cluster.h"

#define SOCKET_NAME ".s.PGSQL.5432"

struct cluster {
	char *folder; /* absolute, without symbolic links */
	char *data;
	char *socket;
	char *log;
	char *bindir;
	int lock;
	unsigned start_seconds;
	unsigned stop_seconds;
	pthread_mutex_t mutex; /* guards what follows, and who starts and stops */
	pid_t child;           /* the server if we started it and have not reaped it, or 0 */
	bool stopped;          /* on request: it is not to be started again */
};

/* Return a malloc'd "folder/name", or NULL. */
char *cluster_join(const char *folder, const char *name);

/* The server's process number, 0 if there is none. The mutex is held, as for all below. */
pid_t cluster_look(struct cluster *c);

/* Start the server if it is gone and wait until it is ready; one that runs but does not
 * fit is stopped first. With `fresh` none that ran before fits: it was started
 * with another configuration. */
enum result cluster_bring_up(struct cluster *c, bool fresh, struct why *why);

/* Stop the server and wait until it is gone. */
enum result cluster_bring_down(struct cluster *c, struct why *why);

#endif
