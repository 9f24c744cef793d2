/* Writing an archive: into a folder beside the place where it is to be, then renamed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ballots/archive_parts.h"
#include "ballots/entry.h"
#include "ballots/whole.h"
#include "crypto/base64.h"
#include "crypto/merkle.h"

#define WRITE_BUFFER ((size_t)1 << 20)

const char archive_readme[] =
    "This is the complete public record of an election held with Tabella, protocol version 1.\n"
    "\n"
    "  entries.ndjson  the bulletin board: one entry a line, each with the hash of the one before\n"
    "  checkpoint      the size and root of the board, signed by the board and its witnesses\n"
    "  blobs/          the roll, the mixed lists, proofs and decryption factors, by SHA-256\n"
    "  result.json     the result, as it follows from the record\n"
    "\n"
    "To verify it: tabella verify FOLDER --election ID, with the election id from a source that "
    "you "
    "trust.\n";

struct writer {
	const char *path; /* where it is to be */
	char *folder;     /* where it grows */
	int dir, blobs;   /* its descriptors */
	const struct rules *rules;
	const struct source *source;
	const struct effort *effort;
	struct merkle_frontier tree;
	FILE *out; /* entries.ndjson */
	struct digest *made;
	size_t made_n, made_room; /* blobs that stand there */
	struct why *why;
};

static enum result
cannot(const struct writer *w, const char *name)
{
	int e = errno;

	return why_set(w->why, e == ENOMEM ? R_NO_MEMORY : R_NO_DISK, "%s/%s cannot be written: %s",
	    w->path, name, strerror(e));
}

/* ---- files ---- */

static enum result
write_file(const struct writer *w, int dir, const char *name, struct slice bytes)
{
	return whole_make(dir, name, bytes, 0644) == R_GOOD ? R_GOOD : cannot(w, name);
}

/* ---- entries and their blobs ---- */

static enum result
copy_blob(void *arg, const struct digest *id)
{
	struct writer *w = arg;
	char name[HEX_LEN(32) + 1];
	struct digest *more;
	struct blob blob;
	enum result r;

	(void)hex_encode(name, id->b, sizeof id->b);
	if (faccessat(w->blobs, name, F_OK, 0) == 0)
		return R_GOOD;
	if (w->made_n == w->made_room) {
		more = reallocarray(w->made, w->made_room * 2 + 16, sizeof *more);
		if (more == NULL)
			return why_set(w->why, R_NO_MEMORY, "out of memory for a list of blobs");
		w->made = more;
		w->made_room = w->made_room * 2 + 16;
	}
	r = source_blob(w->source, id, &blob);
	if (r != R_GOOD)
		return why_set(w->why, r, "blob %s: %s", name, result_text(r));
	r = write_file(w, w->blobs, name, blob.bytes);
	blob_release(&blob);
	w->made[w->made_n++] = *id;
	return r;
}

/* Copy what the record of a line names; ballots, most of all lines, name nothing. */
static enum result
copy_blobs(struct writer *w, struct slice line)
{
	struct record *record;
	struct entry entry;
	enum result r = entry_read(&entry, line, w->why);

	if (r != R_GOOD)
		return r;
	r = record_parse(&record, NULL, entry.record, w->why);
	if (r != R_GOOD)
		return r;
	r = record_blobs(record, copy_blob, w);
	record_free(record);
	return r;
}

static enum result
copy_line(void *arg, uint64_t seq, struct slice line)
{
	struct writer *w = arg;
	struct digest hash, judged, leaf;

	if (w->effort != NULL && w->effort->progress != NULL && seq % 64 == 0 &&
	    w->effort->progress(w->effort->ctx, seq, rules_size(w->rules)) != 0)
		return why_set(w->why, R_CANCELLED, "stopped on request");
	entry_hash(&hash, line);
	if (rules_entry_hash(w->rules, seq, &judged) != R_GOOD || !digest_equal(&hash, &judged))
		return why_set(w->why, R_CHAIN_BROKEN,
		    "entry %llu is not the one that was verified", (unsigned long long)seq);
	merkle_leaf(&leaf, line.p, line.n);
	merkle_frontier_append(&w->tree, &leaf);
	if (fwrite(line.p, 1, line.n, w->out) != line.n || putc('\n', w->out) == EOF)
		return cannot(w, "entries.ndjson");
	return copy_blobs(w, line);
}

static enum result
write_entries(struct writer *w)
{
	int fd = openat(w->dir, "entries.ndjson",
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644),
	    bad;
	enum result r;

	if (fd < 0)
		return cannot(w, "entries.ndjson");
	w->out = fdopen(fd, "w");
	if (w->out == NULL) {
		(void)close(fd);
		return cannot(w, "entries.ndjson");
	}
	(void)setvbuf(w->out, NULL, _IOFBF, WRITE_BUFFER);
	r = w->source->entries(w->source->ctx, 0, rules_size(w->rules), copy_line, w);
	if (r == R_MISSING_ENTRY)
		(void)why_set(w->why, r, "the source does not have all entries");
	bad = fflush(w->out) != 0 || fsync(fd) != 0;
	bad |= fclose(w->out) != 0;
	w->out = NULL;
	return r == R_GOOD && bad ? cannot(w, "entries.ndjson") : r;
}

/* ---- the rest ---- */

static enum result
check_head(const struct writer *w, struct slice checkpoint)
{
	struct checkpoint head;
	struct digest root;
	enum result r = archive_head_open(&head, checkpoint, rules_now(w->rules));

	if (r == R_NO_MEMORY)
		return why_set(w->why, r, "out of memory");
	merkle_frontier_root(&w->tree, &root);
	if (r != R_GOOD)
		return why_set(w->why, r,
		    "the checkpoint is not a head that this board has signed");
	if (head_quorum(&head, frozen_definition(rules_now(w->rules)), w->why) != R_GOOD)
		return R_NO_QUORUM;
	if (head.size != w->tree.size || !digest_equal(&head.root, &root))
		return why_set(w->why, R_BAD_CHECKPOINT,
		    "the checkpoint is of %llu entries, the board has %llu, or its root is another",
		    (unsigned long long)head.size, (unsigned long long)w->tree.size);
	return R_GOOD;
}

static enum result
write_all_files(struct writer *w, struct slice checkpoint)
{
	struct buffer json = { 0 };
	enum result r;

	if ((r = write_entries(w)) != R_GOOD || (r = check_head(w, checkpoint)) != R_GOOD ||
	    (r = frozen_results(rules_now(w->rules), w->source, &json, w->effort, w->why)) !=
		R_GOOD ||
	    (r = write_file(w, w->dir, "result.json", buffer_slice(&json))) != R_GOOD ||
	    (r = write_file(w, w->dir, "checkpoint", checkpoint)) != R_GOOD)
		goto out;
	r = write_file(w, w->dir, "README", slice_of(archive_readme));
out:
	buffer_free(&json);
	return r;
}

/* Make the folder to grow in, with its blobs. */
static enum result
start(struct writer *w)
{
	size_t n = strlen(w->path);

	while (n > 1 && w->path[n - 1] == '/')
		n--;
	if (asprintf(&w->folder, "%.*s.XXXXXX", (int)n, w->path) < 0) {
		w->folder = NULL;
		return why_set(w->why, R_NO_MEMORY, "out of memory for a path");
	}
	if (mkdtemp(w->folder) == NULL) {
		free(w->folder);
		w->folder = NULL;
		return cannot(w, "");
	}
	w->dir = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dir < 0 || mkdirat(w->dir, "blobs", 0755) != 0)
		return cannot(w, "blobs");
	w->blobs = openat(w->dir, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->blobs < 0 ? cannot(w, "blobs") : R_GOOD;
}

/* Give the folder its name. An archive that stands there is never replaced. */
static enum result
publish(struct writer *w)
{
	struct stat st;

	if (fchmod(w->dir, 0755) != 0 || fsync(w->blobs) != 0 || fsync(w->dir) != 0)
		return cannot(w, "");
	if (renameat2(AT_FDCWD, w->folder, AT_FDCWD, w->path, RENAME_NOREPLACE) == 0)
		return R_GOOD;
	/* Not every file system can do that; a plain rename may fill an empty folder. */
	if (errno == EINVAL && lstat(w->path, &st) != 0 && errno == ENOENT &&
	    rename(w->folder, w->path) == 0)
		return R_GOOD;
	if (errno == EEXIST || errno == ENOTEMPTY || errno == EINVAL)
		return why_set(w->why, R_CONFLICT, "%s is there already", w->path);
	return cannot(w, "");
}

/* Take away what was begun: only files that were made here. */
static void
discard(struct writer *w)
{
	static const char *const names[] = { "entries.ndjson", "result.json", "checkpoint",
		"README" };
	char name[HEX_LEN(32) + 1];
	size_t i;

	for (i = 0; w->blobs >= 0 && i < w->made_n; i++) {
		(void)hex_encode(name, w->made[i].b, sizeof w->made[i].b);
		(void)unlinkat(w->blobs, name, 0);
	}
	for (i = 0; w->dir >= 0 && i < sizeof names / sizeof *names; i++)
		(void)unlinkat(w->dir, names[i], 0);
	if (w->dir >= 0)
		(void)unlinkat(w->dir, "blobs", AT_REMOVEDIR);
	if (w->folder != NULL)
		(void)rmdir(w->folder);
}

enum result
archive_write(const char *path, const struct rules *rules, const struct source *source,
    struct slice checkpoint, const struct effort *effort, struct why *why)
{
	struct writer w = { .path = path,
		.dir = -1,
		.blobs = -1,
		.rules = rules,
		.source = source,
		.effort = effort,
		.why = why };
	struct stat st;
	enum result r;

	if (rules_size(rules) == 0)
		return why_set(why, R_STATE, "an empty board has no archive");
	if (lstat(path, &st) == 0)
		return why_set(why, R_CONFLICT, "%s is there already", path);
	if ((r = start(&w)) == R_GOOD && (r = write_all_files(&w, checkpoint)) == R_GOOD)
		r = publish(&w);
	if (r != R_GOOD)
		discard(&w);
	if (w.blobs >= 0)
		(void)close(w.blobs);
	if (w.dir >= 0)
		(void)close(w.dir);
	free(w.made);
	free(w.folder);
	return r;
}
