#include "client/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/file.h"

enum result
scratch_make(char **path, struct why *why)
{
	const char *tmp = getenv("TMPDIR");
	char *made = file_path(tmp == NULL || tmp[0] == '\0' ? "/var/tmp" : tmp, "tabella.XXXXXX");

	*path = NULL;
	if (made == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory for a path");
	if (mkdtemp(made) == NULL) {
		(void)why_set(why, R_NO_DISK, "no temporary folder can be made: %s: %s", made,
		    strerror(errno));
		free(made);
		return R_NO_DISK;
	}
	*path = made;
	return R_GOOD;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	(void)remove(path);
	return 0;
}

void
scratch_clear(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
scratch_remove(char *path)
{
	if (path == NULL)
		return;
	scratch_clear(path);
	free(path);
}
