/*
 * status: how far an election is and what is expected of whom, for people and as JSON.
 */
#ifndef CLIENT_STATUS_H
#define CLIENT_STATUS_H

#include "ballots/frozen.h"
#include "client/command.h"

/* Print it to standard output. */
void status_print(const struct frozen *f, uint64_t entries);
void status_print_json(const struct frozen *f, uint64_t entries);

/* The command "status" of a role: opens the workspace, follows the board, prints. */
int status_command(const struct command *self, int argc, char **argv);

#endif
