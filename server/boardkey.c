#include "server/boardkey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "ballots/whole.h"
#include "crypto/keyfile.h"
#include "crypto/mem.h"
#include "crypto/rng.h"

#define KIND "board"
#define FILE_MOST 4096

static enum result
refused(struct why *why, const char *path, const char *what)
{
	return why_set(why, R_NO_DISK, "%s cannot be %s: %s", path, what, strerror(errno));
}

/* Write a new key; never over an existing one. */
static enum result
make(const char *path, struct why *why)
{
	uint8_t seed[SIGN_SEED_BYTES];
	struct slice none = { NULL, 0 }, secret = { seed, sizeof seed }, public;
	struct buffer text = { 0 };
	struct sign_public pub;
	struct sign_key key;
	struct rng rng;
	enum result r = rng_system(&rng);

	if (r != R_GOOD)
		return r;
	rng_fill(&rng, seed, sizeof seed);
	sign_key_from_seed(&pub, &key, seed);
	public.p = pub.b;
	public.n = sizeof pub.b;
	r = keyfile_seal(&text, KIND, public, secret, none, NULL, &rng);
	if (r == R_GOOD && whole_write(path, buffer_slice(&text), 0600, WHOLE_NEW) != R_GOOD)
		r = refused(why, path, "written");
	if (text.p != NULL)
		sodium_memzero(text.p, text.n);
	buffer_free(&text);
	sodium_memzero(seed, sizeof seed);
	sign_key_wipe(&key);
	rng_wipe(&rng);
	return r;
}

/* Read the file's text into `bytes`, after checking that nobody else can. */
static enum result
read_private(const char *path, uint8_t bytes[FILE_MOST], size_t *n, struct why *why)
{
	struct stat st;
	enum result r = R_GOOD;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ELOOP)
		return why_set(why, R_KEY_PERMISSIONS, "%s is a symbolic link", path);
	if (fd < 0)
		return errno == ENOENT ? R_NOT_FOUND : refused(why, path, "read");
	got = -1;
	if (fstat(fd, &st) != 0)
		r = refused(why, path, "read");
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		r = why_set(why, R_KEY_PERMISSIONS,
		    "%s must belong to the user who runs tabellad and be closed to others\nTry: "
		    "chmod 600 %s",
		    path, path);
	else if ((got = read(fd, bytes, FILE_MOST)) < 0)
		r = refused(why, path, "read");
	*n = got > 0 ? (size_t)got : 0;
	(void)close(fd);
	return r;
}

static enum result
unseal(struct sign_public *public, struct sign_key *key, struct slice text)
{
	struct slice none = { NULL, 0 };
	struct keyfile file;
	uint8_t *seed = NULL;
	size_t n = 0;
	enum result r = keyfile_open(&file, &seed, &n, text, none);

	if (r == R_GOOD && (strcmp(file.kind, KIND) != 0 || n != SIGN_SEED_BYTES))
		r = R_KEY_CORRUPT;
	if (r == R_GOOD) {
		sign_key_from_seed(public, key, seed);
		if (file.public_len != sizeof public->b ||
		    memcmp(file.public, public->b, sizeof public->b) != 0)
			r = R_KEY_CORRUPT;
	}
	mem_free(seed);
	return r;
}

/* Read a key file of the folder, after making it if `may_make`. R_NOT_FOUND. */
static enum result
open_file(struct sign_public *public, struct sign_key *key, const char *folder, const char *name,
    int may_make, struct why *why)
{
	uint8_t bytes[FILE_MOST];
	char *path;
	size_t n;
	enum result r;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return R_NO_MEMORY;
	r = read_private(path, bytes, &n, why);
	if (r == R_NOT_FOUND && may_make) {
		r = make(path, why);
		if (r == R_GOOD)
			r = read_private(path, bytes, &n, why);
	}
	if (r == R_GOOD) {
		r = unseal(public, key, (struct slice){ bytes, n });
		if (r != R_GOOD)
			(void)why_set(why, r,
			    "%s is damaged\nPut back a copy of it: with another key this is "
			    "another board",
			    path);
	}
	sodium_memzero(bytes, sizeof bytes);
	free(path);
	return r;
}

enum result
boardkey_open(struct sign_public *public, struct sign_key *key, const char *folder, struct why *why)
{
	return open_file(public, key, folder, "board.key", 1, why);
}

enum result
boardkey_next(struct sign_public *public, struct sign_key *key, const char *folder, int may_make,
    struct why *why)
{
	return open_file(public, key, folder, "board.next.key", may_make, why);
}
