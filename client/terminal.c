#include "client/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <qrencode.h>
#include <sodium.h>
#include <unistr.h>

#define SECRET_LINE 1024

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int signal_number)
{
	if (interrupted)
		_exit(128 + signal_number);
	interrupted = 1;
}

void
terminal_catch_interrupts(void)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
}

int
terminal_interrupted(void *unused)
{
	(void)unused;
	return interrupted;
}

int
terminal_refuse(enum result r, const struct why *why)
{
	const char *text = why != NULL && why->text[0] != '\0' ? why->text : result_text(r);

	(void)fflush(stdout);
	(void)fprintf(stderr, "tabella: %s: ", result_name(r));
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '\n')
			(void)fputs("\n  ", stderr);
		else
			(void)fputc(c < 0x20 || c == 0x7f ? '?' : c, stderr);
	}
	(void)fputc('\n', stderr);
	return result_exit(r);
}

/* Read one line from standard input byte by byte, so that nothing is taken that a
 * later question should get. Over-long lines are read to their end and refused. */
static enum result
read_line(char *line, size_t size, size_t *len, struct why *why)
{
	size_t n = 0;
	int too_long = 0;
	ssize_t got;
	char c;

	for (;;) {
		got = read(STDIN_FILENO, &c, 1);
		if (got < 0 && errno == EINTR && !interrupted)
			continue;
		if (got < 0 && interrupted)
			return why_set(why, R_CANCELLED, "stopped on request; nothing was sent");
		if (got < 0)
			return why_set(why, R_NO_DISK, "standard input cannot be read: %s",
			    strerror(errno));
		if (got == 0 && n == 0)
			return why_set(why, R_BAD_INPUT,
			    "the input ended where an answer was expected");
		if (got == 0 || c == '\n')
			break;
		if (n + 1 < size)
			line[n++] = c;
		else
			too_long = 1;
	}
	if (n > 0 && line[n - 1] == '\r')
		n--;
	line[n] = '\0';
	*len = n;
	return too_long ? R_TOO_LARGE : R_GOOD;
}

static int
printable(const char *line, size_t n)
{
	size_t i;

	if (u8_check((const uint8_t *)line, n) != NULL)
		return 0;
	for (i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			return 0;
	return 1;
}

enum result
terminal_ask(char *answer, size_t size, const char *question, struct why *why)
{
	enum result r;
	size_t n;
	int tries;

	for (tries = 0; tries < 5; tries++) {
		(void)printf("%s ", question);
		(void)fflush(stdout);
		r = read_line(answer, size, &n, why);
		if (r == R_GOOD && printable(answer, n))
			return R_GOOD;
		if (r != R_GOOD && r != R_TOO_LARGE)
			return r;
		(void)printf("That line is %s. Please type it again.\n",
		    r == R_TOO_LARGE ? "too long" : "not plain text");
	}
	return why_set(why, R_BAD_INPUT, "no usable answer to: %s", question);
}

enum result
terminal_ask_secret(struct secret *answer, const char *question, struct why *why)
{
	struct termios before, quiet;
	int is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
	enum result r;

	answer->n = 0;
	answer->p = sodium_malloc(SECRET_LINE);
	if (answer->p == NULL)
		return R_NO_MEMORY;
	(void)fprintf(stderr, "%s ", question);
	(void)fflush(stderr);
	if (is_terminal) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	r = read_line((char *)answer->p, SECRET_LINE, &answer->n, why);
	if (is_terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		(void)fputc('\n', stderr);
	}
	if (r == R_TOO_LARGE)
		(void)why_set(why, r, "that secret is too long");
	if (r != R_GOOD)
		secret_free(answer);
	return r;
}

enum result
terminal_confirm(int *yes, const char *question, struct why *why)
{
	char answer[16];
	enum result r = terminal_ask(answer, sizeof answer, question, why);

	*yes = r == R_GOOD && (strcasecmp(answer, "yes") == 0 || strcasecmp(answer, "y") == 0);
	return r;
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void
progress_start(struct progress *p, const char *what)
{
	p->what = what;
	p->started_ms = now_ms();
	p->shown_ms = 0;
	p->shown = 0;
}

int
progress_step(void *progress, uint64_t done, uint64_t total)
{
	struct progress *p = progress;
	uint64_t now = now_ms();
	unsigned filled, i;

	if (!isatty(STDERR_FILENO) || now < p->started_ms + 1000 || now < p->shown_ms + 100 ||
	    total == 0)
		return interrupted;
	p->shown_ms = now;
	p->shown = 1;
	if (done > total)
		done = total;
	filled = (unsigned)((double)done / (double)total * 30.0);
	(void)fprintf(stderr, "\r%-32.32s [", p->what);
	for (i = 0; i < 30; i++)
		(void)fputc(i < filled ? '#' : '.', stderr);
	(void)fprintf(stderr, "] %3u %%", (unsigned)((double)done / (double)total * 100.0));
	(void)fflush(stderr);
	return interrupted;
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		(void)fprintf(stderr, "\r%70s\r", "");
	p->shown = 0;
}

void
terminal_qr(const char *text)
{
	struct winsize size;
	QRcode *code;
	int x, y;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return;
	code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	if (code == NULL)
		return;
	if (code->width + 4 <= size.ws_col) {
		/* Two rows of modules a line, dark on light whatever the terminal's colours. */
		for (y = -2; y < code->width + 2; y += 2) {
			(void)fputs("\033[30;47m", stdout);
			for (x = -2; x < code->width + 2; x++) {
				int in = x >= 0 && x < code->width;
				int top = in && y >= 0 && y < code->width &&
				    (code->data[y * code->width + x] & 1);
				int low = in && y + 1 >= 0 && y + 1 < code->width &&
				    (code->data[(y + 1) * code->width + x] & 1);

				(void)fputs(top ? (low ? "\u2588" : "\u2580")
						: (low ? "\u2584" : " "),
				    stdout);
			}
			(void)fputs("\033[0m\n", stdout);
		}
	}
	QRcode_free(code);
}

/* A code point that may be shown: no control, no bidirectional override. */
static int
showable(ucs4_t c)
{
	return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !(c >= 0x202a && c <= 0x202e) &&
	    !(c >= 0x2066 && c <= 0x2069) && c != 0x200e && c != 0x200f && c != 0x2028 &&
	    c != 0x2029;
}

void
terminal_print_text(const char *text, size_t len, int lines)
{
	const uint8_t *p = (const uint8_t *)text;
	ucs4_t c;
	int n;

	while (len > 0) {
		n = u8_mbtoucr(&c, p, len);
		if (n <= 0) {
			n = 1;
			(void)putchar('?');
		} else if (lines && c == '\n')
			(void)putchar('\n');
		else if (showable(c))
			(void)fwrite(p, 1, (size_t)n, stdout);
		else
			(void)putchar('?');
		p += n;
		len -= (size_t)n;
	}
}
