/*
 * sheet: a tally sheet, ranked ballots in the text form that the Debian project
 * publishes.
 *
 *        Option 1---->: Gergely Nagy
 *      /  Option 2--->: Moray Allan
 *      |/  Option 3-->: None Of The Above
 *      ||/
 *   V: 312      006e3b70...
 *   V: -1-
 *
 * One "Option k" line per option, in order; the number of dashes, the '>' and
 * what is drawn in front are free. Then one "V:" line per ballot: one character
 * per option, its rank (see choice_parse_ranks: 1..9, A..Z for 10..35, '-' for
 * not ranked, none above the number of options); what follows the ranks after a
 * space or tab, a name or a hash, is ignored. Ranks are made dense. A sheet
 * without ballots is a sheet.
 *
 * Lines end in LF or CRLF; a UTF-8 byte order mark is skipped. Every other line is
 * a comment, unless it looks like a ballot that lacks its "V:" or like an option
 * in the wrong place: a ballot must not be lost for a typing error.
 */
#ifndef BALLOTS_SHEET_H
#define BALLOTS_SHEET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ballots/choice.h"
#include "crypto/result.h"

/* The longest line that is read, and the longest name of an option, in bytes. */
#define SHEET_MAX_LINE 4096
#define SHEET_MAX_NAME 500

struct sheet {
	unsigned options;               /* 2..250 */
	char *name[CHOICE_MAX_OPTIONS]; /* all different; UTF-8 without control characters */
	size_t ballots;
	uint8_t *ranks; /* `options` bytes per ballot, in the order of the file */
};

/* Read a sheet to the end of the stream. R_BAD_INPUT with the line's number, what
 * is wrong there and what to do; R_NO_DISK if reading failed; R_NO_MEMORY.
 * Free with sheet_free. */
enum result sheet_read(struct sheet **out, FILE *in, struct why *why);
void sheet_free(struct sheet *sheet);

/* Give ballot i (from 0) as a choice. */
void sheet_choice(struct choice *out, const struct sheet *sheet, size_t i);

#endif
