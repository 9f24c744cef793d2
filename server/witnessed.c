#include "server/witnessed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ballots/head.h"
#include "ballots/whole.h"
#include "crypto/base64.h"

static char *
path_of(const char *folder, const struct digest *election)
{
	char hex[65], *path;

	(void)hex_encode(hex, election->b, sizeof election->b);
	return asprintf(&path, "%s/witnessed/%s", folder, hex) < 0 ? NULL : path;
}

static enum result
make_folder(const char *folder)
{
	enum result r = R_GOOD;
	char *path;

	if (asprintf(&path, "%s/witnessed", folder) < 0)
		return R_NO_MEMORY;
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		r = R_NO_DISK;
	free(path);
	return r;
}

enum result
witnessed_write(const char *folder, const struct digest *election, struct slice note)
{
	char *path = path_of(folder, election);
	enum result r = path == NULL ? R_NO_MEMORY : make_folder(folder);

	if (r == R_GOOD)
		r = whole_write(path, note, 0644, WHOLE_REPLACE);
	free(path);
	return r;
}

enum result
witnessed_read(const char *folder, const struct digest *election, struct buffer *out)
{
	char *path = path_of(folder, election);
	enum result r = path == NULL ? R_NO_MEMORY : whole_read(out, path, HEAD_BYTES_MAX);

	free(path);
	return r;
}
