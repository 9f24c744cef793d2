/*
 * organiser_parts: the commands of `tabella organiser` that stand in files of their own. Each is a `run` of
 * command.h.
 */
#ifndef CLIENT_ORGANISER_PARTS_H
#define CLIENT_ORGANISER_PARTS_H

#include "client/command.h"

#define KIND "organiser"
#define FILE_MOST ((size_t)16 << 20)

/* organiser_define.c: found an election. */
int organiser_define(const struct command *self, int argc, char **argv);

/* organiser_phases.c: open it, open and close its items, sign their results. */
int organiser_open(const struct command *self, int argc, char **argv);
int organiser_open_item(const struct command *self, int argc, char **argv);
int organiser_close(const struct command *self, int argc, char **argv);
int organiser_result(const struct command *self, int argc, char **argv);

#endif
