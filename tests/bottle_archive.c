#include "tests/bottle_archive.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ballots/receipt.h"
#include "crypto/base64.h"
#include "crypto/checkpoint.h"
#include "crypto/merkle.h"
#include "crypto/note.h"

static void
stop_unless(int good, const char *what, const char *path)
{
	if (good)
		return;
	perror(path);
	(void)fprintf(stderr, "bottle: %s %s\n", what, path);
	abort();
}

/* ---- files ---- */

char *
bottle_path(const char *folder, const char *name)
{
	char *path;

	stop_unless(asprintf(&path, "%s/%s", folder, name) > 0, "join", name);
	return path;
}

char *
bottle_folder(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = bottle_path(tmp == NULL ? "/tmp" : tmp, "bottle.XXXXXX");

	stop_unless(mkdtemp(path) != NULL, "make", path);
	return path;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void
bottle_remove(const char *path)
{
	stop_unless(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, "remove", path);
}

void
bottle_read_file(struct buffer *out, const char *path)
{
	FILE *f = fopen(path, "r");
	uint8_t piece[65536];
	size_t n;

	stop_unless(f != NULL, "read", path);
	buffer_clear(out);
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		buffer_add(out, piece, n);
	stop_unless(ferror(f) == 0 && buffer_result(out) == R_GOOD, "read", path);
	(void)fclose(f);
}

void
bottle_write_file(const char *path, struct slice bytes)
{
	FILE *f = fopen(path, "w");

	stop_unless(f != NULL, "write", path);
	stop_unless(fwrite(bytes.p, 1, bytes.n, f) == bytes.n && fclose(f) == 0, "write", path);
}

/* ---- heads ---- */

void
bottle_cosign(struct bottle *b, struct buffer *head, unsigned number, uint64_t time)
{
	const struct bottle_role *witness = &b->witnesses[number - 1];
	struct note_key key;
	struct note note;

	bottle_must(b, note_key_set(&key, witness->name, NOTE_COSIGNATURE, &witness->public),
	    "key");
	bottle_must(b, note_parse(&note, buffer_slice(head)), "head");
	note_sign(head, (struct slice){ head->p, note.text.n }, &key, &witness->key, time);
	bottle_must(b, buffer_result(head), "cosignature");
}

void
bottle_checkpoint(struct bottle *b, struct buffer *out, const struct slice *lines, size_t n)
{
	const struct head_signers signers = frozen_signers(rules_now(b->rules));
	const struct definition *d = signers.definition;
	const struct bottle_role *board =
	    memcmp(head_signer(&signers, n), &b->old_board.public, sizeof b->old_board.public) == 0
	    ? &b->old_board
	    : &b->board;
	struct merkle_frontier tree = { .size = 0 };
	struct checkpoint head;
	struct buffer origin = { 0 };
	struct checkpoint_board key;
	struct entry last;
	struct digest leaf;
	size_t i;

	for (i = 0; i < n; i++) {
		merkle_leaf(&leaf, lines[i].p, lines[i].n);
		merkle_frontier_append(&tree, &leaf);
	}
	head_origin(&origin, d->board.name, frozen_election(rules_now(b->rules)));
	head.origin = buffer_slice(&origin);
	head.size = n;
	merkle_frontier_root(&tree, &head.root);
	/* Lines that are none have no time. */
	head.time = n > 0 && entry_read(&last, lines[n - 1], NULL) == R_GOOD ? last.time / 1000 : 0;
	bottle_must(b, checkpoint_board_set(&key, d->board.name, &board->public), "key");
	bottle_must(b, checkpoint_sign(out, &head, &key, &board->key), "checkpoint");
	for (i = 0; i < d->witness_quorum; i++)
		bottle_cosign(b, out, (unsigned)i + 1, head.time + 1);
	buffer_free(&origin);
}

/* ---- archives ---- */

void
bottle_archive(struct bottle *b, const char *path)
{
	struct buffer note = { 0 };

	bottle_checkpoint(b, &note, b->lines, b->line_count);
	bottle_must(b,
	    archive_write(path, b->rules, &b->source, buffer_slice(&note), NULL, &b->why),
	    "archive");
	buffer_free(&note);
}

struct writing {
	struct bottle *b;
	const char *folder;
};

static enum result
write_blob(void *arg, const struct digest *id)
{
	const struct writing *w = arg;
	const struct bottle_blob *blob = bottle_find_blob(w->b, id);
	char name[HEX_LEN(32) + 1], *path;

	if (blob == NULL || blob->hidden)
		return R_GOOD;
	(void)hex_encode(name, id->b, 32);
	path = bottle_path(w->folder, name);
	bottle_write_file(path, blob->bytes);
	free(path);
	return R_GOOD;
}

static void
write_blobs_of(const struct writing *w, struct slice line)
{
	struct record *record = NULL;
	struct entry entry;

	if (entry_read(&entry, line, NULL) == R_GOOD &&
	    record_parse(&record, NULL, entry.record, NULL) == R_GOOD)
		(void)record_blobs(record, write_blob, (void *)(uintptr_t)w);
	record_free(record);
}

static void
write_named(const char *folder, const char *name, struct slice bytes)
{
	char *path;

	if (bytes.p == NULL)
		return;
	path = bottle_path(folder, name);
	bottle_write_file(path, bytes);
	free(path);
}

void
bottle_write(struct bottle *b, const char *path, const struct bottle_files *files, int all)
{
	struct buffer text = { 0 };
	char *blobs = bottle_path(path, "blobs");
	struct writing w = { b, blobs };
	size_t i;

	stop_unless(mkdir(path, 0755) == 0 && mkdir(blobs, 0755) == 0, "make", path);
	for (i = 0; i < files->line_count; i++) {
		buffer_add(&text, files->lines[i].p, files->lines[i].n);
		buffer_add(&text, "\n", 1);
		if (!all)
			write_blobs_of(&w, files->lines[i]);
	}
	for (i = 0; all && i < b->blob_count; i++)
		(void)write_blob(&w, &b->blobs[i].id);
	bottle_must(b, buffer_result(&text), "memory");
	if (files->lines != NULL)
		write_named(path, "entries.ndjson",
		    text.p == NULL ? slice_of("") : buffer_slice(&text));
	write_named(path, "README", slice_of(archive_readme));
	write_named(path, "checkpoint", files->checkpoint);
	write_named(path, "result.json", files->result);
	buffer_free(&text);
	free(blobs);
}
