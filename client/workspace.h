/*
 * workspace: the folder of one role in one election: where its board is, which election,
 * which key; a mirror of the board; and what the role keeps for itself.
 *
 *	DIR/workspace.json	{"board":url,"ca":path,"election":hex,"key":path}
 *	DIR/mirror/		entries and blobs (mirror.h)
 *	DIR/lock		one process at a time; readers (status) have DIR/status/ and
 *	DIR/status.lock
 */
#ifndef CLIENT_WORKSPACE_H
#define CLIENT_WORKSPACE_H

#include "client/board.h"
#include "client/command.h"
#include "client/file.h"
#include "client/mirror.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/sign.h"

/* What the options of a command say; NULL: as it was before. */
struct workspace_options {
	const char *dir, *board, *ca, *election, *key, *passphrase_file;
	int reader; /* only looks: works beside a process that holds the lock, on a mirror of its own */
};
/* The rows of a command's option table; `o` is a struct workspace_options. */
#define WORKSPACE_SPECS(o) \
	{ "dir", &(o).dir, NULL, NULL }, { "board", &(o).board, NULL, NULL }, \
	    { "ca", &(o).ca, NULL, NULL }, { "election", &(o).election, NULL, NULL }, \
	    { "key", &(o).key, NULL, NULL }, \
	{ \
		"passphrase-file", &(o).passphrase_file, NULL, NULL \
	}
/* Their help: of a command that signs, and of one that needs no signing key. */
#define WORKSPACE_HELP_PLACE \
	"  --dir DIR               the folder that keeps what is needed from one call to the " \
	"next\n" \
	"  --board URL             the board, such as http://127.0.0.1:8410 (kept in DIR)\n" \
	"  --ca FILE               trust a certificate of the board only if it is of an " \
	"authority " \
	"in\n" \
	"                          FILE (PEM; its path is kept in DIR; \"\": what the system " \
	"trusts)\n" \
	"  --election ID           the election id, 64 hexadecimal digits, from a source that\n" \
	"                          you trust (kept in DIR)"
#define WORKSPACE_HELP_PASSPHRASE \
	"\n  --passphrase-file FILE  take its passphrase from the first line of a private file;\n" \
	"                          without it, it is asked for"
#define WORKSPACE_HELP \
	WORKSPACE_HELP_PLACE \
	"\n  --key FILE              your signing key (its path is kept in " \
	"DIR)" WORKSPACE_HELP_PASSPHRASE

struct workspace {
	char *dir, *board_url, *ca_path, *key_path;
	const char *passphrase_file;
	struct digest election;
	int has_election;
	int reader;
	int lock;
	struct board *board;
	struct mirror mirror;
	int mirrored;
};

/* Open the folder (made if missing), lock it, merge in the options and keep them. Nothing
 * is asked of the board yet. R_BAD_INPUT, R_CONFLICT (in use), R_NO_DISK. */
enum result workspace_open(struct workspace *w, const struct workspace_options *options,
    struct why *why);
void workspace_close(struct workspace *w);

/* Remember the election (organiser define). */
enum result workspace_set_election(struct workspace *w, const struct digest *election,
    struct why *why);
/* The election was not founded after all. */
enum result workspace_forget_election(struct workspace *w, struct why *why);

/* Without --election: take the only election of the board, and say loudly that the board was
 * trusted for it. */
enum result workspace_choose_election(struct workspace *w, struct why *why);

/* Make w->board ready; R_BAD_INPUT if no --board was ever given. */
enum result workspace_board(struct workspace *w, struct why *why);
/* Make w->mirror ready and up to date, and compare it with the board's signed head. */
enum result workspace_mirror(struct workspace *w, const struct effort *effort, struct why *why);

/* Open the signing key; it must be of the kind. Wipe with sign_key_wipe. `passphrase` as in
 * keys_open. */
enum result workspace_key(const struct workspace *w, const char *kind, struct sign_public *public,
    struct sign_key *key, struct secret *passphrase, struct why *why);

/* Path of something in the folder: an allocated string, or NULL. */
char *workspace_path(const struct workspace *w, const char *name);

#endif
