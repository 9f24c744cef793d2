#include "crypto/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RESULT_NAME(name, text) #name,
#define RESULT_TEXT(name, text) text,
static const char *const names[] = { RESULT_LIST(RESULT_NAME) };
static const char *const texts[] = { RESULT_LIST(RESULT_TEXT) };

const char *
result_name(enum result r)
{
	return r < RESULT_COUNT ? names[r] : "UNKNOWN";
}

const char *
result_text(enum result r)
{
	return r < RESULT_COUNT ? texts[r] : "unknown result";
}

enum result
result_by_name(const char *name)
{
	unsigned i;

	for (i = 0; i < RESULT_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return (enum result)i;
	return RESULT_COUNT;
}

int
result_exit(enum result r)
{
	if (r == R_GOOD)
		return 0;
	return r >= R_NO_MEMORY ? 3 : 1;
}

enum result
why_set(struct why *why, enum result r, const char *format, ...)
{
	va_list ap;

	if (why == NULL)
		return r;
	why->reason = r;
	why->check[0] = '\0';
	va_start(ap, format);
	(void)vsnprintf(why->text, sizeof why->text, format, ap);
	va_end(ap);
	return r;
}
