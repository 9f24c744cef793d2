/*
 * terminal: how the client speaks with people. Plain lines: questions on the
 * terminal (or standard input when it is none), answers checked by the caller,
 * progress bars only on a terminal, refusals in one form.
 */
#ifndef CLIENT_TERMINAL_H
#define CLIENT_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

#include "client/file.h"
#include "crypto/result.h"

/* Print a refusal to standard error: the program, the reason's name, the text's
 * first line, then its further lines indented. Returns the exit code. */
int terminal_refuse(enum result r, const struct why *why);

/* Ask a question and read one line without its end into answer (at most size - 1
 * bytes). Control characters are refused and asked for again, at most five times.
 * R_BAD_INPUT at the end of input. */
enum result terminal_ask(char *answer, size_t size, const char *question, struct why *why);

/* The same without echo, for passphrases and codes. On a terminal the echo comes
 * back whatever happens, Ctrl-C included. */
enum result terminal_ask_secret(struct secret *answer, const char *question, struct why *why);

/* A yes-or-no question; anything but yes or y is no. */
enum result terminal_confirm(int *yes, const char *question, struct why *why);

/* A progress bar for work longer than a second; silent where standard error is
 * no terminal. Fits struct effort's callback: (ctx, done, total). */
struct progress {
	const char *what;
	uint64_t started_ms;
	uint64_t shown_ms;
	int shown;
};
void progress_start(struct progress *p, const char *what);
int progress_step(void *progress, uint64_t done, uint64_t total);
void progress_end(struct progress *p);

/* Print text as a QR code in half blocks, if standard output is a terminal wide
 * enough for it; otherwise nothing. */
void terminal_qr(const char *text);

/* Print untrusted text: control characters and bad UTF-8 as '?', so that a title or
 * a name cannot steer the terminal. Line ends stay if `lines` is not 0. */
void terminal_print_text(const char *text, size_t len, int lines);

/* After this, the first SIGINT or SIGTERM sets terminal_interrupted; a second one
 * ends the program. */
void terminal_catch_interrupts(void);
int terminal_interrupted(void *unused);

#endif
