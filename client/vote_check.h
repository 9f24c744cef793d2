/*
 * vote_check: do the ballots that a voter has receipts for still stand where the board
 * signed that they do, and which of them counts?
 */
#ifndef CLIENT_VOTE_CHECK_H
#define CLIENT_VOTE_CHECK_H

#include "client/command.h"

/* The command "vote check". */
int vote_check_command(const struct command *self, int argc, char **argv);

#endif
