/*
 * verify_words: what `tabella verify` also takes: `verify receipt` (is the record of this receipt
 * where the board said?), `verify ballot` (does this encrypted ballot hold what the
 * voting device claims?), `verify fault` (evidence against a trustee whom the board has accused) and
 * `verify evidence` (whom does this file convict?).
 */
#ifndef CLIENT_VERIFY_WORDS_H
#define CLIENT_VERIFY_WORDS_H

#include "ballots/folder.h"
#include "client/board.h"
#include "client/command.h"
#include "crypto/hash.h"

int verify_receipt(const struct command *self, int argc, char **argv);
int verify_fault(const struct command *self, int argc, char **argv);
int verify_evidence(const struct command *self, int argc, char **argv);
int verify_ballot(const struct command *self, int argc, char **argv);

/* Read an election id of 64 hexadecimal digits: 0, or 2 after a message. */
int verify_election(struct digest *id, const struct command *self, const char *text);

/* ---- what both words have in common ---- */

/* A file, and the archive or the board that it is held against. */
struct question {
	const char *file, *archive, *url, *ca, *election_text;
	struct digest election;
	int has_election;
	struct board *board; /* after question_open, one of the two */
	struct folder *folder;
};

/* Read the options and the one operand: 0, or 2 after a message. */
int question_read(struct question *q, const struct command *self, int argc, char **argv);
/* Make the archive or the board ready to be asked. */
enum result question_open(struct question *q, struct why *why);
/* Set `out` to entry number seq. R_MISSING_ENTRY. */
enum result question_line(struct question *q, struct buffer *out, const struct digest *election,
    uint64_t seq, struct why *why);
void question_free(struct question *q);

#endif
