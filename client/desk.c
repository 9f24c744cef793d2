#include "client/desk.h"

#include <string.h>

enum result
desk_open(struct desk *d, const struct workspace_options *o, const char *kind,
    enum desk_board board, struct why *why)
{
	enum result r;

	memset(d, 0, sizeof *d);
	progress_start(&d->progress, "Verifying the board");
	d->effort.progress = progress_step;
	d->effort.ctx = &d->progress;
	r = workspace_open(&d->w, o, why);
	if (r == R_GOOD && kind != NULL)
		r = workspace_key(&d->w, kind, &d->public, &d->key, NULL, why);
	if (r == R_GOOD && board == DESK_TRUST)
		r = workspace_choose_election(&d->w, why);
	if (r == R_GOOD)
		r = board == DESK_CONTACT ? workspace_board(&d->w, why)
					  : workspace_mirror(&d->w, &d->effort, why);
	progress_end(&d->progress);
	return r;
}

int
desk_close(struct desk *d, enum result r, const struct why *why)
{
	sign_key_wipe(&d->key);
	arena_free(&d->arena);
	workspace_close(&d->w);
	return r == R_GOOD ? 0 : terminal_refuse(r, why);
}
