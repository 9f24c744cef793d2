/*
 * vote_batch: many ballots at once, for rehearsals, tests and benchmarks.
 */
#ifndef CLIENT_VOTE_BATCH_H
#define CLIENT_VOTE_BATCH_H

#include "client/command.h"

int vote_batch_command(const struct command *self, int argc, char **argv);

#endif
