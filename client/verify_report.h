/*
 * verify_report: what a verification found, for people and as JSON.
 */
#ifndef CLIENT_VERIFY_REPORT_H
#define CLIENT_VERIFY_REPORT_H

#include "ballots/archive.h"

/* How it was asked and how it ended. */
struct verify_answer {
	const struct archive_report *report;
	enum result result;
	const struct why *why; /* of a result that is not R_GOOD */
	int trusted_id;        /* 1: the election id came from outside */
	int partial;
	const char *saved; /* where the archive lies now, or NULL */
};

/* Print the checks, the result, who would have had to act together, and the verdict, to standard
 * output. */
void verify_print(const struct verify_answer *answer);
/* Print one JSON object. */
void verify_print_json(const struct verify_answer *answer);

/* Say on standard error that the election id was not known from outside. */
void verify_warn(const struct archive_report *report, const char *where);

#endif
