#include "client/command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
command_usage(const struct command *self, const char *format, ...)
{
	va_list ap;

	(void)fputs("tabella: ", stderr);
	va_start(ap, format);
	(void)vfprintf(stderr, format, ap);
	va_end(ap);
	(void)fprintf(stderr, "\nUsage: tabella %s\nTry --help for more.\n", self->usage);
	return 2;
}

static const struct option_spec *
find(const struct option_spec *specs, const char *name, size_t len)
{
	for (; specs->name != NULL; specs++)
		if (strlen(specs->name) == len && strncmp(specs->name, name, len) == 0)
			return specs;
	return NULL;
}

int
command_options(const struct command *self, const struct option_spec *specs, int argc, char **argv)
{
	int i, operands = 0, ended = 0;

	for (i = 1; i < argc; i++) {
		char *arg = argv[i], *equals;
		const char *value;
		const struct option_spec *spec;

		if (ended || strncmp(arg, "--", 2) != 0) {
			argv[operands++] = arg;
			continue;
		}
		if (arg[2] == '\0') {
			ended = 1;
			continue;
		}
		equals = strchr(arg, '=');
		spec = find(specs, arg + 2,
		    equals != NULL ? (size_t)(equals - arg) - 2 : strlen(arg + 2));
		if (spec == NULL) {
			(void)command_usage(self, "there is no option %s", arg);
			return -1;
		}
		if (spec->value == NULL && spec->values == NULL) {
			if (equals != NULL) {
				(void)command_usage(self, "--%s takes no value", spec->name);
				return -1;
			}
			*spec->flag = 1;
			continue;
		}
		value = equals != NULL ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
		if (value == NULL) {
			(void)command_usage(self, "--%s needs a value", spec->name);
			return -1;
		}
		if (spec->values != NULL) {
			if (spec->values->n ==
			    sizeof spec->values->item / sizeof *spec->values->item) {
				(void)command_usage(self, "--%s is given too often", spec->name);
				return -1;
			}
			spec->values->item[spec->values->n++] = value;
		} else if (*spec->value != NULL) {
			(void)command_usage(self, "--%s is given twice", spec->name);
			return -1;
		} else
			*spec->value = value;
	}
	for (; specs->name != NULL; specs++)
		if (strcmp(specs->name, "dir") == 0 && *specs->value == NULL) {
			(void)command_usage(self,
			    "--dir is missing: the folder that keeps what is needed later");
			return -1;
		}
	return operands;
}

enum result
command_number(uint64_t *out, const char *text, uint64_t min, uint64_t max, const char *what,
    struct why *why)
{
	uint64_t x = 0;
	const char *p;

	for (p = text; *p >= '0' && *p <= '9' && p - text < 19; p++)
		x = x * 10 + (uint64_t)(*p - '0');
	if (p == text || *p != '\0' || x < min || x > max)
		return why_set(why, R_BAD_INPUT,
		    "%s is a number from %" PRIu64 " to %" PRIu64 ", not \"%s\"", what, min, max,
		    text);
	*out = x;
	return R_GOOD;
}
