#include "server/cluster_make.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/buffer.h"
#include "server/process.h"
#include "server/roles.h"

#ifndef PG_BINDIR /* configure's pg_config --bindir */
#define PG_BINDIR ""
#endif

#define OLDEST_MAJOR 15

char *
cluster_quote(const char *s, char mark)
{
	char *quoted = malloc(2 * strlen(s) + 3), *p = quoted;

	if (quoted == NULL)
		return NULL;
	*p++ = '\'';
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			*p++ = *s == '\\' ? '\\' : mark;
		*p++ = *s;
	}
	*p++ = '\'';
	*p = '\0';
	return quoted;
}

/* ---- programs ---- */

/* Return the major version of the programs in a folder; 0 if there are none. */
static int
programs_version(const char *bindir)
{
	static const char before[] = "postgres (PostgreSQL) ";
	char initdb[4096], postgres[4096], said[256];
	const char *const argv[] = { postgres, "-V", NULL };
	int major;

	if (bindir[0] != '/')
		return 0;
	if (snprintf(initdb, sizeof initdb, "%s/initdb", bindir) >= (int)sizeof initdb ||
	    snprintf(postgres, sizeof postgres, "%s/postgres", bindir) >= (int)sizeof postgres)
		return 0;
	if (access(initdb, X_OK) != 0 || access(postgres, X_OK) != 0)
		return 0;
	if (process_run(argv, said, sizeof said, NULL) != R_GOOD)
		return 0;
	if (strncmp(said, before, sizeof before - 1) != 0)
		return 0;
	major = atoi(said + sizeof before - 1);
	return major > 0 ? major : 0;
}

/* Take over a candidate if it is better than what we have. */
static enum result
consider(char **best, int *best_major, const char *candidate, int major)
{
	int found = programs_version(candidate);
	char *copy;

	if (found < OLDEST_MAJOR || (major != 0 && found != major) || found <= *best_major)
		return R_GOOD;
	copy = strdup(candidate);
	if (copy == NULL)
		return R_NO_MEMORY;
	free(*best);
	*best = copy;
	*best_major = found;
	return R_GOOD;
}

enum result
cluster_find_programs(char **bindir, const char *wanted, int major, struct why *why)
{
	static const char *const places[] = { PG_BINDIR, "/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/usr/bin" };
	enum result r = R_GOOD;
	int best = 0;
	size_t i, j;

	*bindir = NULL;
	if (wanted != NULL)
		r = consider(bindir, &best, wanted, major);
	for (i = 0; wanted == NULL && r == R_GOOD && i < sizeof places / sizeof places[0]; i++) {
		glob_t found;

		if (places[i][0] == '\0' || glob(places[i], 0, NULL, &found) != 0)
			continue;
		for (j = 0; r == R_GOOD && j < found.gl_pathc; j++)
			r = consider(bindir, &best, found.gl_pathv[j], major);
		globfree(&found);
	}
	if (r != R_GOOD) {
		free(*bindir);
		*bindir = NULL;
		return why_set(why, r, "out of memory");
	}
	if (*bindir != NULL)
		return R_GOOD;
	if (wanted != NULL)
		return why_set(why, R_NO_DATABASE,
		    "no PostgreSQL %d%s in %s: it needs the programs initdb and postgres",
		    major != 0 ? major : OLDEST_MAJOR, major != 0 ? "" : " or newer", wanted);
	if (major != 0)
		return why_set(why, R_NO_DATABASE,
		    "the data was made by PostgreSQL %d, which is not installed: install the "
		    "package "
		    "postgresql-%d, or bring the data to the new version with pg_upgrade",
		    major, major);
	return why_set(why, R_NO_DATABASE,
	    "PostgreSQL %d or newer is not installed: install the package postgresql, or name "
	    "the folder of its programs in TABELLA_PG_BINDIR",
	    OLDEST_MAJOR);
}

/* ---- folders ---- */

enum result
cluster_data_version(int *major, const char *data, struct why *why)
{
	char path[4096];
	struct stat st;
	FILE *f;

	*major = 0;
	if (lstat(data, &st) != 0 && errno == ENOENT)
		return R_GOOD;
	if (snprintf(path, sizeof path, "%s/PG_VERSION", data) >= (int)sizeof path)
		return why_set(why, R_BAD_INPUT, "the path %s is too long", data);
	f = fopen(path, "re");
	if (f == NULL)
		return why_set(why, R_NO_DATABASE, "%s is not a data folder of PostgreSQL: %s: %s",
		    data, path, strerror(errno));
	if (fscanf(f, "%d", major) != 1 || *major < OLDEST_MAJOR) {
		fclose(f);
		return why_set(why, R_NO_DATABASE,
		    "%s: unknown version, PostgreSQL %d or newer is needed", path, OLDEST_MAJOR);
	}
	fclose(f);
	return R_GOOD;
}

enum result
cluster_own_folder(const char *path, struct why *why)
{
	struct stat st;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return why_set(why, R_NO_DISK, "cannot make the folder %s: %s", path,
		    strerror(errno));
	if (lstat(path, &st) != 0)
		return why_set(why, R_NO_DISK, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return why_set(why, R_NO_DATABASE, "%s is not a folder", path);
	if (st.st_uid != geteuid())
		return why_set(why, R_NO_DATABASE,
		    "%s belongs to user %u, not to %u who runs this program", path,
		    (unsigned)st.st_uid, (unsigned)geteuid());
	if ((st.st_mode & 077) != 0)
		return why_set(why, R_NO_DATABASE,
		    "%s is open to other users (mode %04o): run chmod 700 on it", path,
		    (unsigned)st.st_mode & 07777);
	return R_GOOD;
}

static enum result
sync_folder_of(const char *path, struct why *why)
{
	char parent[4096];
	char *slash;
	int fd, bad;

	if (snprintf(parent, sizeof parent, "%s", path) >= (int)sizeof parent)
		return why_set(why, R_BAD_INPUT, "the path %s is too long", path);
	slash = strrchr(parent, '/');
	if (slash == NULL)
		return why_set(why, R_BAD_INPUT, "%s is not an absolute path", path);
	slash[slash == parent] = '\0';
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bad = fd < 0 || fsync(fd) != 0;
	if (bad)
		(void)why_set(why, R_NO_DISK, "cannot sync %s: %s", parent, strerror(errno));
	if (fd >= 0)
		close(fd);
	return bad ? R_NO_DISK : R_GOOD;
}

/* ---- a data folder ---- */

static enum result
run_initdb(const char *folder, const char *bindir, struct why *why)
{
	char initdb[4096], said[2048];
	const char *const argv[] = { initdb, "-D", folder, "-U", DB_ROLE_SUPER, "--auth-local=peer",
		"--auth-host=reject", "--data-checksums", "--encoding=UTF8", "--locale=C",
		"--no-instructions", NULL };

	(void)snprintf(initdb, sizeof initdb, "%s/initdb", bindir);
	return process_run(argv, said, sizeof said, why);
}

/* Bring a folder with all it holds to the disk: the whole file system, in one go. */
static enum result
sync_tree(const char *folder, struct why *why)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool bad = fd < 0 || syncfs(fd) != 0;

	if (bad)
		(void)why_set(why, R_NO_DISK, "cannot sync %s: %s", folder, strerror(errno));
	if (fd >= 0)
		close(fd);
	return bad ? R_NO_DISK : R_GOOD;
}

static enum result
copy_template(const char *folder, const char *bindir, const char *template, struct why *why)
{
	const char *const copy[] = { "/bin/cp", "-a", "--", template, folder, NULL };
	char said[1024], pidfile[4096];
	struct stat st;
	enum result r;

	if (lstat(template, &st) != 0) {
		r = cluster_make_data(template, bindir, NULL, why);
		if (r != R_GOOD)
			return r;
	}
	/* Whoever could write there could run programs as us. */
	r = cluster_own_folder(template, why);
	if (r != R_GOOD)
		return r;
	if (snprintf(pidfile, sizeof pidfile, "%s/postmaster.pid", template) >= (int)sizeof pidfile)
		return why_set(why, R_BAD_INPUT, "the path %s is too long", template);
	if (access(pidfile, F_OK) == 0)
		return why_set(why, R_NO_DATABASE, "the template %s was not shut down: %s exists",
		    template, pidfile);
	r = process_run(copy, said, sizeof said, why);
	return r == R_GOOD ? sync_tree(folder, why) : r;
}

enum result
cluster_make_data(const char *data, const char *bindir, const char *template, struct why *why)
{
	char unfinished[4096], said[1024];
	const char *const clear[] = { "/bin/rm", "-rf", "--", unfinished, NULL };
	enum result r;

	if (data[0] != '/' || (template != NULL && template[0] != '/'))
		return why_set(why, R_BAD_INPUT, "%s must be an absolute path",
		    data[0] != '/' ? data : template);
	if (snprintf(unfinished, sizeof unfinished, "%s.new", data) >= (int)sizeof unfinished)
		return why_set(why, R_BAD_INPUT, "the path %s is too long", data);
	r = process_run(clear, said, sizeof said, why);
	if (r == R_GOOD && template != NULL)
		r = copy_template(unfinished, bindir, template, why);
	else if (r == R_GOOD)
		r = run_initdb(unfinished, bindir, why);
	if (r != R_GOOD)
		return r;
	if (rename(unfinished, data) != 0)
		return why_set(why, R_NO_DISK, "cannot rename %s: %s", unfinished, strerror(errno));
	return sync_folder_of(data, why);
}

/* ---- configuration ---- */

/* What differs from PostgreSQL's defaults, or must not depend on them. Errors are
 * logged without the statement and its values: they name voters. */
static const char settings[] = "# Written by tabellad at every start; changes are lost.\n"
			       "listen_addresses = ''\n"
			       "port = 5432\n"
			       "unix_socket_permissions = 0700\n"
			       "max_connections = 64\n"
			       "shared_buffers = 128MB\n"
			       "huge_pages = off\n"
			       "fsync = on\n"
			       "full_page_writes = on\n"
			       "synchronous_commit = on\n"
			       "recovery_init_sync_method = syncfs\n" /* not file by file */
			       "wal_level = replica\n"
			       "max_wal_senders = 4\n"
			       "min_wal_size = 80MB\n"
			       "max_wal_size = 2GB\n"
			       "checkpoint_timeout = 5min\n"
			       "checkpoint_completion_target = 0.9\n"
			       "max_parallel_workers_per_gather = 0\n"
			       "jit = off\n"
			       "datestyle = 'iso, ymd'\n"
			       "timezone = 'UTC'\n"
			       "lc_messages = 'C'\n"
			       "log_timezone = 'UTC'\n"
			       "log_destination = 'stderr'\n"
			       "logging_collector = off\n"
			       "log_line_prefix = '%m [%p] '\n"
			       "log_min_messages = warning\n"
			       "log_min_error_statement = panic\n"
			       "log_error_verbosity = terse\n"
			       "log_checkpoints = off\n"
			       "log_autovacuum_min_duration = -1\n";

static bool
file_holds(const char *path, struct slice text)
{
	FILE *f = fopen(path, "re");
	bool same = f != NULL;
	size_t i;

	for (i = 0; same && i < text.n; i++)
		same = getc(f) == text.p[i];
	same = same && getc(f) == EOF;
	if (f != NULL)
		fclose(f);
	return same;
}

static enum result
write_file(const char *data, const char *name, struct slice text, bool *changed, struct why *why)
{
	char path[4096], unfinished[4096];
	FILE *f;
	bool bad;

	if (snprintf(path, sizeof path, "%s/%s", data, name) >= (int)sizeof path ||
	    snprintf(unfinished, sizeof unfinished, "%s/%s.new", data, name) >=
		(int)sizeof unfinished)
		return why_set(why, R_BAD_INPUT, "the path %s is too long", data);
	if (file_holds(path, text))
		return R_GOOD;
	*changed = true;
	f = fopen(unfinished, "we");
	bad = f == NULL || fwrite(text.p, 1, text.n, f) != text.n || fflush(f) != 0 ||
	    fsync(fileno(f)) != 0;
	if (f != NULL)
		bad = fclose(f) != 0 || bad;
	if (bad || rename(unfinished, path) != 0)
		return why_set(why, R_NO_DISK, "cannot write %s: %s", path, strerror(errno));
	return R_GOOD;
}

static enum result
write_settings(const char *data, const char *socket, bool *changed, struct why *why)
{
	struct buffer text = { 0 };
	char *quoted = cluster_quote(socket, '\'');
	enum result r;

	buffer_add_string(&text, settings);
	buffer_add_string(&text, "unix_socket_directories = ");
	buffer_add_string(&text, quoted != NULL ? quoted : "");
	buffer_add_string(&text, "\n");
	r = quoted == NULL ? R_NO_MEMORY : buffer_result(&text);
	if (r == R_GOOD)
		r = write_file(data, "postgresql.conf", buffer_slice(&text), changed, why);
	else
		(void)why_set(why, r, "out of memory");
	free(quoted);
	buffer_free(&text);
	return r;
}

/* Who may connect: only our own system user, as any of our roles. */
static enum result
write_access(const char *data, bool *changed, struct why *why)
{
	static const char access[] = "# Written by tabellad at every start; changes are lost.\n"
				     "local all all peer map=tabella\n"
				     "local replication " DB_ROLE_SUPER " peer map=tabella\n";
	static const char *const roles[] = { DB_ROLE_SUPER, DB_ROLE_OWNER, DB_ROLE_BOARD,
		DB_ROLE_READER };
	struct buffer text = { 0 };
	const struct passwd *user;
	enum result r;
	size_t i;

	errno = 0;
	user = getpwuid(geteuid());
	if (user == NULL || strchr(user->pw_name, '"') != NULL)
		return why_set(why, R_NO_DATABASE,
		    "user number %u has no name in the system's list of users; PostgreSQL needs "
		    "one",
		    (unsigned)geteuid());
	buffer_add_string(&text, "# Written by tabellad at every start; changes are lost.\n");
	for (i = 0; i < sizeof roles / sizeof roles[0]; i++) {
		buffer_add_string(&text, "tabella \"");
		buffer_add_string(&text, user->pw_name);
		buffer_add_string(&text, "\" ");
		buffer_add_string(&text, roles[i]);
		buffer_add_string(&text, "\n");
	}
	r = buffer_result(&text);
	if (r == R_GOOD)
		r = write_file(data, "pg_ident.conf", buffer_slice(&text), changed, why);
	else
		(void)why_set(why, r, "out of memory");
	if (r == R_GOOD)
		r = write_file(data, "pg_hba.conf", slice_of(access), changed, why);
	buffer_free(&text);
	return r;
}

enum result
cluster_configure(const char *data, const char *socket, bool *changed, struct why *why)
{
	enum result r;

	*changed = false;
	r = write_settings(data, socket, changed, why);
	if (r == R_GOOD)
		r = write_access(data, changed, why);
	return r;
}
