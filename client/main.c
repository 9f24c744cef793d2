/*
 * tabella: one program for everybody but the board.
 */
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/terminal.h"
#include "crypto/cpu.h"
#include "crypto/mem.h"

static const struct command_role *const roles[] = { &role_organiser, &role_registrar, &role_vote,
	&role_trustee, &role_verify, &role_watch };
#define ROLES (sizeof roles / sizeof *roles)

static void
print_help(void)
{
	size_t i;

	(void)puts(
	    "Usage: tabella COMMAND [OPTION]...\n\n"
	    "Verifiable online voting. Secrets are read from files or asked for, never from\n"
	    "the command line. Exit codes: 0 good; 1 refused, or the content is wrong;\n"
	    "2 usage; 3 could not finish for want of memory, disk or a board.\n\n"
	    "Commands:");
	for (i = 0; i < ROLES; i++)
		(void)printf("  %-10s %s\n", roles[i]->name, roles[i]->summary);
	(void)puts("\nExample:\n  tabella verify demo/archive\n\n"
		   "Each command has --help and a manual page, for instance tabella-vote(1).");
}

static void
print_role_help(const struct command_role *role)
{
	const struct command *c;

	(void)printf("Usage: tabella %s COMMAND [OPTION]...\n\n%s\n\nCommands:\n", role->name,
	    role->about);
	for (c = role->commands; c->name != NULL; c++)
		(void)printf("  %-10s %s\n", c->name, c->summary);
	(void)printf("\nExample:\n%s\n", role->example);
}

static void
print_command_help(const struct command_role *role, const struct command *command)
{
	const struct command *c;

	(void)printf("Usage: tabella %s\n\n%s\n", command->usage, command->help);
	if (command->name[0] != '\0' || command[1].name == NULL)
		return;
	(void)printf("\nCommands:\n");
	for (c = command + 1; c->name != NULL; c++)
		(void)printf("  %-10s %s\n", c->name, c->summary);
	(void)printf("\nExample:\n%s\n", role->example);
}

static int
wants_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return 1;
	return 0;
}

static int
run_role(const struct command_role *role, int argc, char **argv)
{
	const struct command *c, *whole = NULL;

	if (role->commands[0].name[0] == '\0')
		whole = role->commands;
	for (c = role->commands; argc > 1 && c->name != NULL; c++)
		if (c != whole && strcmp(c->name, argv[1]) == 0) {
			if (wants_help(argc - 1, argv + 1)) {
				print_command_help(role, c);
				return 0;
			}
			return c->run(c, argc - 1, argv + 1);
		}
	if (whole != NULL) {
		if (wants_help(argc, argv)) {
			print_command_help(role, whole);
			return 0;
		}
		return whole->run(whole, argc, argv);
	}
	if (argc < 2 || wants_help(2, argv)) {
		print_role_help(role);
		return argc < 2 ? 2 : 0;
	}
	(void)fprintf(stderr, "tabella: %s has no command \"%s\"\nTry: tabella %s --help\n",
	    role->name, argv[1], role->name);
	return 2;
}

int
main(int argc, char **argv)
{
	struct why why = { 0 };
	enum result r = mem_init();
	size_t i;

	if (r != R_GOOD)
		return terminal_refuse(r, &why);
	if (cpu_choose(&why) != R_GOOD) {
		(void)fprintf(stderr, "tabella: %s\n", why.text);
		return 2;
	}
	terminal_catch_interrupts();
	if (argc < 2) {
		print_help();
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_help();
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("tabella " PACKAGE_VERSION " (protocol version 1)");
		return 0;
	}
	for (i = 0; i < ROLES; i++)
		if (strcmp(roles[i]->name, argv[1]) == 0)
			return run_role(roles[i], argc - 1, argv + 1);
	(void)fprintf(stderr, "tabella: there is no command \"%s\"\nTry: tabella --help\n",
	    argv[1]);
	return 2;
}
