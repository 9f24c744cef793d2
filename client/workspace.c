#include "client/workspace.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/file.h"
#include "client/keys.h"
#include "client/terminal.h"
#include "crypto/base64.h"

#define CONFIG_MOST ((size_t)65536)

static enum result
keep_string(char **slot, const char *value)
{
	char *copy;

	if (value == NULL)
		return R_GOOD;
	copy = strdup(value);
	if (copy == NULL)
		return R_NO_MEMORY;
	free(*slot);
	*slot = copy;
	return R_GOOD;
}

static enum result
set_election_text(struct workspace *w, const char *text, struct why *why)
{
	if (text == NULL)
		return R_GOOD;
	if (hex_decode(w->election.b, sizeof w->election.b, slice_of(text)) != R_GOOD)
		return why_set(why, R_BAD_INPUT,
		    "an election id is 64 hexadecimal digits in lower case, not \"%s\"", text);
	w->has_election = 1;
	return R_GOOD;
}

/* Read DIR/workspace.json if it is there. */
static enum result
read_config(struct workspace *w, struct why *why)
{
	char *path = workspace_path(w, "workspace.json");
	const char *board = NULL, *ca = NULL, *election = NULL, *key = NULL;
	struct buffer text = { 0 };
	json_t *root = NULL;
	enum result r = R_NO_MEMORY;

	if (path == NULL)
		return r;
	r = R_GOOD;
	if (!file_exists(path))
		goto out;
	r = file_read(&text, path, CONFIG_MOST, why);
	if (r != R_GOOD)
		goto out;
	root = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (root == NULL ||
	    json_unpack(root, "{s?s,s?s,s?s,s?s}", "board", &board, "ca", &ca, "election",
		&election, "key", &key) != 0) {
		r = why_set(why, R_BAD_INPUT,
		    "%s is damaged\nGive --board, --ca, --election and --key anew after removing "
		    "it",
		    path);
		goto out;
	}
	r = keep_string(&w->board_url, board);
	if (r == R_GOOD)
		r = keep_string(&w->ca_path, ca);
	if (r == R_GOOD)
		r = keep_string(&w->key_path, key);
	if (r == R_GOOD)
		r = set_election_text(w, election, why);
out:
	json_decref(root);
	buffer_free(&text);
	free(path);
	return r;
}

static enum result
write_config(const struct workspace *w, struct why *why)
{
	char *path = workspace_path(w, "workspace.json"), hex[65], *text = NULL;
	json_t *root = json_object();
	enum result r = R_NO_MEMORY;

	if (path == NULL || root == NULL)
		goto out;
	(void)hex_encode(hex, w->election.b, sizeof w->election.b);
	if (w->board_url != NULL)
		(void)json_object_set_new(root, "board", json_string(w->board_url));
	if (w->ca_path != NULL)
		(void)json_object_set_new(root, "ca", json_string(w->ca_path));
	if (w->has_election)
		(void)json_object_set_new(root, "election", json_string(hex));
	if (w->key_path != NULL)
		(void)json_object_set_new(root, "key", json_string(w->key_path));
	text = json_dumps(root, JSON_INDENT(2) | JSON_SORT_KEYS);
	if (text != NULL)
		r = file_write(path, slice_of(text), 0600, why);
out:
	free(text);
	json_decref(root);
	free(path);
	return r;
}

/* Keep a path so that it holds from anywhere. */
static enum result
keep_path(char **slot, const char *path)
{
	char *absolute = path != NULL ? realpath(path, NULL) : NULL;
	enum result r = keep_string(slot, absolute != NULL ? absolute : path);

	free(absolute);
	return r;
}

/* Another election or board in a folder that has one already is a mistake. */
static enum result
merge(struct workspace *w, const struct workspace_options *o, struct why *why)
{
	struct digest before = w->election;
	int had = w->has_election;
	enum result r = set_election_text(w, o->election, why);

	if (r == R_GOOD && had && !digest_equal(&before, &w->election))
		r = why_set(why, R_WRONG_ELECTION,
		    "%s belongs to another election\nUse another --dir for this one", w->dir);
	if (r == R_GOOD)
		r = keep_string(&w->board_url, o->board);
	if (r == R_GOOD)
		r = keep_path(&w->ca_path, o->ca);
	if (r == R_GOOD && w->ca_path != NULL && w->ca_path[0] == '\0') {
		free(w->ca_path);
		w->ca_path = NULL;
	}
	if (r == R_GOOD)
		r = keep_path(&w->key_path, o->key);
	w->passphrase_file = o->passphrase_file;
	return r;
}

enum result
workspace_open(struct workspace *w, const struct workspace_options *options, struct why *why)
{
	char *path = NULL;
	enum result r;

	memset(w, 0, sizeof *w);
	w->lock = -1;
	w->reader = options->reader;
	if (options->dir == NULL)
		return why_set(why, R_BAD_INPUT,
		    "--dir is missing\nIt names the folder that keeps what is needed later");
	r = keep_string(&w->dir, options->dir);
	if (r == R_GOOD)
		r = file_make_dir(w->dir, 0700, why);
	if (r == R_GOOD) {
		path = workspace_path(w, options->reader ? "status.lock" : "lock");
		r = path == NULL ? R_NO_MEMORY : file_lock(&w->lock, path, why);
		free(path);
	}
	if (r == R_GOOD)
		r = read_config(w, why);
	if (r == R_GOOD)
		r = merge(w, options, why);
	if (r == R_GOOD)
		r = write_config(w, why);
	if (r != R_GOOD)
		workspace_close(w);
	return r;
}

void
workspace_close(struct workspace *w)
{
	if (w->mirrored)
		mirror_close(&w->mirror);
	board_close(w->board);
	file_unlock(w->lock);
	free(w->dir);
	free(w->board_url);
	free(w->ca_path);
	free(w->key_path);
	memset(w, 0, sizeof *w);
	w->lock = -1;
}

enum result
workspace_set_election(struct workspace *w, const struct digest *election, struct why *why)
{
	if (w->has_election && !digest_equal(&w->election, election))
		return why_set(why, R_CONFLICT, "%s belongs to another election already", w->dir);
	w->election = *election;
	w->has_election = 1;
	return write_config(w, why);
}

enum result
workspace_choose_election(struct workspace *w, struct why *why)
{
	struct digest id;
	char hex[65];
	enum result r;

	if (w->has_election)
		return R_GOOD;
	r = workspace_board(w, why);
	if (r == R_GOOD)
		r = board_only_election(w->board, &id, why);
	if (r != R_GOOD)
		return r;
	(void)hex_encode(hex, id.b, sizeof id.b);
	(void)fprintf(stderr,
	    "\nWARNING: no --election was given, so this program has to TRUST THE BOARD for which\n"
	    "election this is. Compare the election id with what the organiser has sent you:\n"
	    "  %s\n\n",
	    hex);
	return workspace_set_election(w, &id, why);
}

enum result
workspace_forget_election(struct workspace *w, struct why *why)
{
	w->has_election = 0;
	return write_config(w, why);
}

enum result
workspace_board(struct workspace *w, struct why *why)
{
	enum result r;

	if (w->board != NULL)
		return R_GOOD;
	if (w->board_url == NULL)
		return why_set(why, R_BAD_INPUT, "--board is missing: the address of the board");
	r = board_open(&w->board, w->board_url, w->ca_path, why);
	if (r == R_GOOD)
		board_stop_when(w->board, terminal_interrupted, NULL);
	return r;
}

enum result
workspace_mirror(struct workspace *w, const struct effort *effort, struct why *why)
{
	char *path;
	enum result r = workspace_board(w, why);

	if (r != R_GOOD)
		return r;
	if (!w->mirrored) {
		if (!w->has_election)
			return why_set(why, R_BAD_INPUT,
			    "--election is missing: the election id, from a source other than the "
			    "board");
		path = workspace_path(w, w->reader ? "status" : "mirror");
		r = path == NULL
		    ? R_NO_MEMORY
		    : mirror_open(&w->mirror, path, w->board, &w->election, effort, why);
		free(path);
		if (r != R_GOOD)
			return r;
		w->mirrored = 1;
	}
	r = mirror_sync(&w->mirror, 0, effort, why);
	return r == R_GOOD ? mirror_confirm(&w->mirror, effort, why) : r;
}

enum result
workspace_key(const struct workspace *w, const char *kind, struct sign_public *public,
    struct sign_key *key, struct secret *passphrase, struct why *why)
{
	if (w->key_path == NULL)
		return why_set(why, R_BAD_INPUT,
		    "--key is missing: your key file (tabella %s key makes one)", kind);
	return keys_open(public, key, passphrase, w->key_path, kind, w->passphrase_file, why);
}

char *
workspace_path(const struct workspace *w, const char *name)
{
	return file_path(w->dir, name);
}
