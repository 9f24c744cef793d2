/*
 * desk: what nearly every command works on: the workspace, the board verified up to now,
 * perhaps a signing key, and a progress bar.
 */
#ifndef CLIENT_DESK_H
#define CLIENT_DESK_H

#include "ballots/arena.h"
#include "client/terminal.h"
#include "client/workspace.h"
#include "crypto/par.h"

struct desk {
	struct workspace w;
	struct sign_public public;
	struct sign_key key;
	struct progress progress;
	struct effort effort; /* all processors, with the progress bar */
	struct arena arena;   /* for whatever lives as long */
};

enum desk_board {
	DESK_CONTACT, /* only the connection: before there is an election */
	DESK_VERIFY,  /* follow the board and judge all of it */
	DESK_TRUST    /* the same; without --election take the board's only one, and warn */
};

/* Open the workspace, the key of this kind (NULL: none), and the board. On failure too,
 * end with desk_close. A struct of zeros may be closed. */
enum result desk_open(struct desk *d, const struct workspace_options *o, const char *kind,
    enum desk_board board, struct why *why);

/* Close everything; print the refusal, if it is one; return the exit code. */
int desk_close(struct desk *d, enum result r, const struct why *why);

#endif
