#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "tests/bench/load.h"

#define START_SECONDS 120

void
load_die(const char *format, ...)
{
	va_list ap;

	(void)fflush(stdout);
	(void)fputs("load: ", stderr);
	va_start(ap, format);
	(void)vfprintf(stderr, format, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(1);
}

double
load_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Wait until the board has written its address. */
static uint16_t
wait_for_address(pid_t pid, const char *path)
{
	const struct timespec moment = { 0, 5000000 };
	double end = load_now() + START_SECONDS;
	unsigned port;
	FILE *f;

	while (load_now() < end) {
		f = fopen(path, "re");
		if (f != NULL && fscanf(f, "http://127.0.0.1:%u", &port) == 1) {
			(void)fclose(f);
			return (uint16_t)port;
		}
		if (f != NULL)
			(void)fclose(f);
		if (waitpid(pid, NULL, WNOHANG) == pid)
			load_die("the board has ended; its log is beside its folder");
		(void)nanosleep(&moment, NULL);
	}
	load_die("the board does not start");
}

void
load_board_start(struct load_board *b, int program, const char *folder,
    const struct sign_public *organiser, unsigned descriptors)
{
	struct rlimit limit = { descriptors, descriptors };

	char key[BASE64URL_LEN(32) + 1], path[400], log[400], address[32];
	int fd;

	(void)base64url_encode(key, organiser->b, sizeof organiser->b);
	(void)snprintf(path, sizeof path, "%s.address", folder);
	(void)snprintf(log, sizeof log, "%s.log", folder);
	(void)snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)b->port);
	(void)unlink(path);
	b->pid = fork();
	if (b->pid < 0)
		load_die("fork: %s", strerror(errno));
	if (b->pid == 0) {
		const char *argv[16] = { "tabellad", "--data", folder, "--listen", address,
			"--name", LOAD_BOARD_NAME, "--organiser", key, "--address-file", path };
		size_t n = 11;

		if (b->count_loopback)
			argv[n++] = "--count-loopback";
		if (b->db != NULL) {
			argv[n++] = "--db";
			argv[n++] = b->db;
		}

		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (descriptors > 0)
			(void)setrlimit(RLIMIT_NOFILE, &limit);
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
			_exit(126);
		(void)fexecve(program, (char *const *)(uintptr_t)argv, environ);
		_exit(127);
	}
	b->port = wait_for_address(b->pid, path);
}

void
load_board_stop(struct load_board *b)
{
	int status = 0;

	if (b->pid <= 0)
		return;
	(void)kill(b->pid, SIGTERM);
	if (waitpid(b->pid, &status, 0) != b->pid || status != 0)
		load_die("the board ended with status %d", status);
	b->pid = 0;
}

static int
try_connect(const struct load_board *b)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(b->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(b->from) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd >= 0 && b->from != 0 &&
	    (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) != 0 ||
		bind(fd, (const struct sockaddr *)&from, sizeof from) != 0))
		load_die("cannot connect from another loopback address: %s", strerror(errno));
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
		(void)close(fd);
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

int
load_connect(const struct load_board *b)
{
	int fd = try_connect(b);

	if (fd < 0)
		load_die("cannot connect to the board: %s", strerror(errno));
	return fd;
}

/* Send it all; a board that closes on the way may still have said why. */
static void
send_all(int fd, struct slice bytes)
{
	ssize_t n;

	for (; bytes.n > 0; bytes.p += n, bytes.n -= (size_t)n) {
		n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n <= 0)
			return;
	}
}

static void
send_request(int fd, const char *method, const char *path, struct slice body)
{
	struct buffer request = { 0 };

	buffer_add_string(&request, method);
	buffer_add_string(&request, " ");
	buffer_add_string(&request, path);
	buffer_add_string(&request, " HTTP/1.1\r\nHost: board\r\nConnection: close\r\n");
	if (strcmp(method, "GET") != 0) {
		buffer_add_string(&request, "Content-Length: ");
		buffer_add_u64(&request, body.n);
		buffer_add_string(&request, "\r\n");
	}
	buffer_add_string(&request, "\r\n");
	buffer_add(&request, body.p, body.n);
	if (buffer_result(&request) != R_GOOD)
		load_die("out of memory");
	send_all(fd, buffer_slice(&request));
	buffer_free(&request);
}

static void
read_to_end(int fd, struct buffer *out)
{
	uint8_t *room;
	ssize_t n;

	buffer_clear(out);
	for (;;) {
		room = buffer_room(out, (size_t)1 << 18);
		if (room == NULL)
			load_die("out of memory");
		n = recv(fd, room, (size_t)1 << 18, 0);
		if (n <= 0)
			return;
		out->n += (size_t)n;
	}
}

int
load_try(const struct load_board *b, struct buffer *out, struct buffer *head, const char *method,
    const char *path, struct slice body)
{
	int fd = try_connect(b), status;
	const char *field;
	size_t length = 0;
	uint8_t *end;

	buffer_clear(out);
	if (fd < 0)
		return 0;
	send_request(fd, method, path, body);
	read_to_end(fd, out);
	(void)close(fd);
	end = out->n == 0 ? NULL : memmem(out->p, out->n, "\r\n\r\n", 4);
	if (end == NULL || sscanf((const char *)out->p, "HTTP/1.1 %3d ", &status) != 1)
		return 0;
	end += 4;
	field = memmem(out->p, (size_t)(end - out->p), "Content-Length: ", 16);
	if (field != NULL)
		length = strtoul(field + 16, NULL, 10);
	if (head != NULL) {
		buffer_clear(head);
		buffer_add(head, out->p, (size_t)(end - out->p));
		buffer_add(head, "", 1);
	}
	out->n -= (size_t)(end - out->p);
	memmove(out->p, end, out->n);
	return out->n == length ? status : 0;
}

int
load_ask(const struct load_board *b, struct buffer *out, struct buffer *head, const char *method,
    const char *path, struct slice body)
{
	int status = load_try(b, out, head, method, path, body);

	if (status == 0)
		load_die("%s %s: no answer", method, path);
	return status;
}
