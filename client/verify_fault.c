/* tabella verify fault: evidence against the author of a record that a `fault` on the board names. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/accuse.h"
#include "client/mirror.h"
#include "client/scratch.h"
#include "client/terminal.h"
#include "client/verify_words.h"

/* Follow the board to its end, then write what convicts. */
static enum result
write_evidence(struct question *q, uint64_t seq, char **path, struct why *why)
{
	struct progress progress;
	const struct effort effort = { .progress = progress_step, .ctx = &progress };
	struct mirror mirror = { .board = NULL };
	char *folder = NULL;
	enum result r = question_open(q, why);

	if (r == R_GOOD && !q->has_election)
		r = board_only_election(q->board, &q->election, why);
	if (r == R_GOOD)
		r = scratch_make(&folder, why);
	progress_start(&progress, "Verifying the board");
	if (r == R_GOOD)
		r = mirror_open(&mirror, folder, q->board, &q->election, &effort, why);
	if (r == R_GOOD) {
		mirror.evidence_dir = "."; /* the copy does not stay */
		r = mirror_sync(&mirror, 0, &effort, why);
	}
	if (r == R_GOOD)
		r = accuse_of_fault(&mirror, seq, path, why);
	progress_end(&progress);
	mirror_close(&mirror);
	scratch_remove(folder);
	return r;
}

int
verify_fault(const struct command *self, int argc, char **argv)
{
	struct question q = { .file = NULL };
	struct why why = { 0 };
	char *path = NULL;
	uint64_t seq;
	enum result r;

	if (question_read(&q, self, argc, argv) != 0)
		return 2;
	if (q.url == NULL)
		return command_usage(self, "--board is needed");
	r = command_number(&seq, q.file, 1, UINT64_MAX - 1, "an entry", &why);
	if (r == R_GOOD)
		r = write_evidence(&q, seq, &path, &why);
	if (r == R_GOOD)
		(void)printf("Evidence for everybody: %s (tabella verify evidence)\n", path);
	free(path);
	question_free(&q);
	return r == R_GOOD ? 0 : terminal_refuse(r, &why);
}
