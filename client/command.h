/*
 * command: how the sub-commands of tabella are found, helped and given options.
 * A role (organiser, trustee, …) is a table of commands; main.c holds the roles.
 */
#ifndef CLIENT_COMMAND_H
#define CLIENT_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/result.h"

/* One sub-command. `usage` is its synopsis after the program's name, `help` what
 * --help prints below it: options, then a line "Example:" and an example. */
struct command {
	const char *name;
	const char *summary; /* one line for the list */
	const char *usage;
	const char *help;
	/* Called with argv[0] the command's name, --help dealt with already.
	 * Returns an exit code: 0, 1, 2 (usage) or 3. */
	int (*run)(const struct command *self, int argc, char **argv);
};

/* A role: commands below a word; ends with a NULL name. A role with a single
 * command of an empty name ("verify") is run as it stands; what follows in
 * its table are words that it also takes first ("verify ballot"). */
struct command_role {
	const char *name;
	const char *summary;
	const char *about; /* what --help of the role says first */
	const char *example;
	const struct command *commands;
};

extern const struct command_role role_organiser, role_registrar, role_vote, role_trustee,
    role_verify, role_watch;

/* What an option of a command is; the table ends with a NULL name. An option
 * without `value` and `values` is a flag: *flag becomes 1. */
struct option_spec {
	const char *name; /* without the dashes */
	const char **value;
	struct option_list *values; /* may be given several times */
	int *flag;
};

struct option_list {
	const char *item[64];
	size_t n;
};

/* Read the options (--name VALUE, --name=VALUE; "--" ends them) and leave the
 * operands in argv[0..return-1]. --dir, where a command has it, must be given. On a
 * mistake says which, prints the synopsis and returns -1: exit with 2. */
int command_options(const struct command *self, const struct option_spec *specs, int argc,
    char **argv);

/* Say that the command was called in a wrong way; returns 2. */
int command_usage(const struct command *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Read a number in decimal, nothing else around it. R_BAD_INPUT, with `what` in the
 * message. */
enum result command_number(uint64_t *out, const char *text, uint64_t min, uint64_t max,
    const char *what, struct why *why);

#endif
