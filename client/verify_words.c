#include "client/verify_words.h"

#include <inttypes.h>

#include "client/terminal.h"

int
question_read(struct question *q, const struct command *self, int argc, char **argv)
{
	struct option_spec options[] = { { "archive", &q->archive, NULL, NULL },
		{ "board", &q->url, NULL, NULL }, { "ca", &q->ca, NULL, NULL },
		{ "election", &q->election_text, NULL, NULL }, { NULL, NULL, NULL, NULL } };
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n != 1)
		return command_usage(self, "one file is needed");
	if (q->archive != NULL && q->url != NULL)
		return command_usage(self, "--archive and --board do not go together");
	if (q->ca != NULL && q->url == NULL)
		return command_usage(self, "--ca goes with --board");
	q->file = argv[0];
	q->has_election = q->election_text != NULL;
	return q->has_election ? verify_election(&q->election, self, q->election_text) : 0;
}

void
question_free(struct question *q)
{
	folder_close(q->folder);
	board_close(q->board);
}

enum result
question_open(struct question *q, struct why *why)
{
	enum result r;

	if (q->archive != NULL)
		return folder_open(&q->folder, q->archive, FOLDER_READ, why);
	r = board_open(&q->board, q->url, q->ca, why);
	if (r == R_GOOD)
		board_stop_when(q->board, terminal_interrupted, NULL);
	return r;
}

static enum result
keep_line(void *arg, uint64_t seq, struct slice line)
{
	struct buffer *out = arg;

	(void)seq;
	buffer_clear(out);
	buffer_add(out, line.p, line.n);
	return buffer_result(out);
}

enum result
question_line(struct question *q, struct buffer *out, const struct digest *election, uint64_t seq,
    struct why *why)
{
	struct slice rest, line;
	enum result r;

	if (q->folder != NULL) {
		const struct source *source = folder_source(q->folder);

		r = source->entries(source->ctx, seq, seq + 1, keep_line, out);
	} else {
		r = board_entries(q->board, out, election, seq, 0, why);
		if (r != R_GOOD)
			return r;
		rest = buffer_slice(out);
		if (!slice_line(&line, &rest))
			r = R_MISSING_ENTRY;
		else
			out->n = line.n;
	}
	if (r == R_GOOD)
		return r;
	return why_set(why, r, "the %s has no entry %" PRIu64,
	    q->folder != NULL ? "archive" : "board", seq);
}
