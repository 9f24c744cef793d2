#include "server/cluster_inner.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "crypto/hash.h"
#include "server/cluster_make.h"
#include "server/process.h"
#include "server/roles.h"

char *
cluster_join(const char *folder, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* ---- the folder ---- */

static enum result
take_lock(struct cluster *c, struct why *why)
{
	char *path = cluster_join(c->folder, "lock"), holder[24] = "";
	enum result r = R_GOOD;
	ssize_t n;

	if (path == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	c->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->lock < 0) {
		r = why_set(why, R_NO_DISK, "cannot open %s: %s", path, strerror(errno));
	} else if (flock(c->lock, LOCK_EX | LOCK_NB) != 0) {
		n = read(c->lock, holder, sizeof holder - 1);
		holder[n > 0 ? n : 0] = '\0';
		holder[strcspn(holder, "\n")] = '\0';
		r = why_set(why, R_CONFLICT,
		    "the database folder %s is in use by another program (process %s)", c->folder,
		    holder);
	} else if (ftruncate(c->lock, 0) != 0 || dprintf(c->lock, "%d\n", (int)getpid()) < 0) {
		r = why_set(why, R_NO_DISK, "cannot write %s: %s", path, strerror(errno));
	}
	free(path);
	return r;
}

/* A socket's address has 108 bytes, and libpq takes a comma for the next host. */
static bool
fits_socket(const char *folder)
{
	const char *p;

	for (p = folder; *p != '\0'; p++)
		if (strchr(",'\"\\", *p) != NULL || iscntrl((unsigned char)*p))
			return false;
	/* the slash between them included; sizeof counts the NUL */
	return strlen(folder) + 1 + sizeof SOCKET_NAME <= sizeof((struct sockaddr_un *)0)->sun_path;
}

static enum result
choose_socket(struct cluster *c, struct why *why)
{
	struct digest name;
	char hex[17];

	c->socket = cluster_join(c->folder, "socket");
	if (c->socket == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	if (!fits_socket(c->socket)) {
		sha256(&name, c->folder, strlen(c->folder));
		hex_encode(hex, name.b, 8);
		free(c->socket);
		if (asprintf(&c->socket, "/tmp/tabella-%s", hex) < 0) {
			c->socket = NULL;
			return why_set(why, R_NO_MEMORY, "out of memory");
		}
	}
	return cluster_own_folder(c->socket, why);
}

static enum result
choose_folder(struct cluster *c, const char *folder, struct why *why)
{
	enum result r;

	if (folder[0] == '\0' || strlen(folder) > 3000)
		return why_set(why, R_BAD_INPUT, "the database folder needs a (shorter) path");
	r = cluster_own_folder(folder, why);
	if (r != R_GOOD)
		return r;
	c->folder = realpath(folder, NULL);
	if (c->folder == NULL)
		return why_set(why, R_NO_DISK, "%s: %s", folder, strerror(errno));
	c->data = cluster_join(c->folder, "data");
	c->log = cluster_join(c->folder, "postgres.log");
	if (c->data == NULL || c->log == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	return R_GOOD;
}

static enum result
refuse_root(struct why *why)
{
	if (geteuid() != 0)
		return R_GOOD;
	return why_set(why, R_NO_DATABASE,
	    "PostgreSQL refuses to run as root: start this program as another user, for example "
	    "with setpriv --reuid=postgres --regid=postgres --init-groups");
}

static const char *
or_environment(const char *option, const char *variable)
{
	const char *value = option != NULL ? option : getenv(variable);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Find the programs of the version that made the data folder; the newest if there is none. */
static enum result
find_programs(struct cluster *c, const char *bindir, int *major, struct why *why)
{
	enum result r = cluster_data_version(major, c->data, why);

	if (r == R_GOOD)
		r = cluster_find_programs(&c->bindir, or_environment(bindir, "TABELLA_PG_BINDIR"),
		    *major, why);
	return r;
}

/* Make or check everything on disk. *changed: a running server has to be restarted. */
static enum result
prepare(struct cluster *c, const struct cluster_options *o, bool *changed, struct why *why)
{
	enum result r;
	int major = 0;

	r = choose_folder(c, o->folder, why);
	if (r == R_GOOD)
		r = take_lock(c, why);
	if (r == R_GOOD)
		r = find_programs(c, o->bindir, &major, why);
	if (r == R_GOOD && major == 0)
		r = cluster_make_data(c->data, c->bindir,
		    or_environment(o->template, "TABELLA_PG_TEMPLATE"), why);
	if (r == R_GOOD)
		r = choose_socket(c, why);
	if (r == R_GOOD)
		r = cluster_configure(c->data, c->socket, changed, why);
	return r;
}

/* ---- the door ---- */

static enum result
new_cluster(struct cluster **out, struct why *why)
{
	struct cluster *c;
	enum result r = refuse_root(why);

	*out = NULL;
	if (r != R_GOOD)
		return r;
	c = calloc(1, sizeof *c);
	if (c == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	c->lock = -1;
	(void)pthread_mutex_init(&c->mutex, NULL);
	*out = c;
	return R_GOOD;
}

enum result
cluster_open(struct cluster **out, const struct cluster_options *o, struct why *why)
{
	struct cluster *c;
	bool changed;
	enum result r = new_cluster(&c, why);

	*out = NULL;
	if (r != R_GOOD)
		return r;
	c->start_seconds = o->start_seconds != 0 ? o->start_seconds : 120;
	c->stop_seconds = o->stop_seconds != 0 ? o->stop_seconds : 60;
	r = prepare(c, o, &changed, why);
	if (r == R_GOOD)
		r = cluster_bring_up(c, changed, why);
	if (r != R_GOOD) {
		cluster_free(c);
		return r;
	}
	*out = c;
	return R_GOOD;
}

enum result
cluster_visit(struct cluster **out, const char *folder, struct why *why)
{
	struct cluster *c;
	int major = 0;
	enum result r = new_cluster(&c, why);

	*out = NULL;
	if (r != R_GOOD)
		return r;
	c->stopped = true; /* not ours to start */
	r = choose_folder(c, folder, why);
	if (r == R_GOOD)
		r = find_programs(c, NULL, &major, why);
	if (r == R_GOOD)
		r = choose_socket(c, why);
	if (r != R_GOOD) {
		cluster_free(c);
		return r;
	}
	*out = c;
	return R_GOOD;
}

enum result
cluster_ensure(void *cluster, struct why *why)
{
	struct cluster *c = cluster;
	enum result r;

	pthread_mutex_lock(&c->mutex);
	if (c->stopped)
		r = why_set(why, R_CANCELLED, "the database has been stopped");
	else
		r = cluster_bring_up(c, false, why);
	pthread_mutex_unlock(&c->mutex);
	return r;
}

enum result
cluster_stop(struct cluster *c, struct why *why)
{
	enum result r;

	pthread_mutex_lock(&c->mutex);
	c->stopped = true;
	r = cluster_bring_down(c, why);
	/* One in /tmp is not left behind. */
	if (r == R_GOOD && strncmp(c->socket, c->folder, strlen(c->folder)) != 0)
		(void)rmdir(c->socket);
	pthread_mutex_unlock(&c->mutex);
	return r;
}

void
cluster_free(struct cluster *c)
{
	if (c == NULL)
		return;
	if (c->lock >= 0)
		close(c->lock);
	pthread_mutex_destroy(&c->mutex);
	free(c->folder);
	free(c->data);
	free(c->socket);
	free(c->log);
	free(c->bindir);
	free(c);
}

char *
cluster_address(const struct cluster *c, const char *role, const char *database)
{
	char *socket = cluster_quote(c->socket, '\\');
	char *user = cluster_quote(role, '\\');
	char *name = cluster_quote(database, '\\');
	char *address = NULL;

	/* options='' keeps PGOPTIONS of the environment out. */
	if (socket == NULL || user == NULL || name == NULL ||
	    asprintf(&address, "host=%s port=5432 user=%s dbname=%s options=''", socket, user,
		name) < 0)
		address = NULL;
	free(socket);
	free(user);
	free(name);
	return address;
}

enum result
cluster_backup(const struct cluster *c, const char *to, struct why *why)
{
	char *backup = cluster_join(c->bindir, "pg_basebackup");
	char *verify = cluster_join(c->bindir, "pg_verifybackup");
	char *address = cluster_address(c, DB_ROLE_SUPER, "replication");
	const char *const copy[] = { backup, "-d", address, "-D", to, "-X", "stream", "-c", "fast",
		"--manifest-checksums=SHA256", NULL };
	const char *const look[] = { verify, "-q", to, NULL };
	char said[1024];
	enum result r = R_NO_MEMORY;

	if (backup != NULL && verify != NULL && address != NULL)
		r = process_run(copy, said, sizeof said, why);
	if (r == R_GOOD)
		r = process_run(look, said, sizeof said, why);
	free(backup);
	free(verify);
	free(address);
	return r;
}

int
cluster_pid(struct cluster *c)
{
	pid_t pid;

	pthread_mutex_lock(&c->mutex);
	pid = cluster_look(c);
	pthread_mutex_unlock(&c->mutex);
	return (int)pid;
}

const char *
cluster_data(const struct cluster *c)
{
	return c->data;
}

enum result
cluster_template(const char *path, const char *bindir, struct why *why)
{
	char *programs;
	enum result r;

	r = refuse_root(why);
	if (r == R_GOOD)
		r = cluster_find_programs(&programs, or_environment(bindir, "TABELLA_PG_BINDIR"), 0,
		    why);
	if (r != R_GOOD)
		return r;
	r = cluster_make_data(path, programs, NULL, why);
	free(programs);
	return r;
}
