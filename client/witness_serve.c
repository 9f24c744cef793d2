/*
 * The HTTP of a witness: GNU libmicrohttpd, one thread, few and short connections.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "client/witness.h"

#define CONNECTIONS_MOST 256u
#define CONNECTIONS_OF_ONE 64u
#define SECONDS_IDLE 15u
#define MEMORY_OF_ONE ((size_t)16384)

struct witness_server {
	struct MHD_Daemon *daemon;
	struct witness *witness;
};

/* A request's body on its way. */
struct intake {
	struct buffer body;
	int too_large;
};

static enum MHD_Result
reply(struct MHD_Connection *c, unsigned status, const char *type, struct slice body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(body.n,
	    (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result done = MHD_NO;

	if (response == NULL)
		return MHD_NO;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES)
		done = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	return done;
}

static enum MHD_Result
reply_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	return reply(c, status, "text/plain; charset=utf-8", slice_of(text));
}

static enum MHD_Result
reply_last(struct MHD_Connection *c, struct witness *w)
{
	struct buffer note = { 0 };
	enum MHD_Result done;

	if (witness_last(w, &note) != R_GOOD)
		done = reply_text(c, 503, "out of memory\n");
	else if (note.n == 0)
		done = reply_text(c, 404, "nothing has been co-signed yet\n");
	else
		done = reply(c, 200, "text/plain; charset=utf-8", buffer_slice(&note));
	buffer_free(&note);
	return done;
}

static enum MHD_Result
reply_add(struct MHD_Connection *c, struct witness *w, struct slice request)
{
	struct witness_answer answer = { .status = 503, .type = "text/plain" };
	enum MHD_Result done;

	witness_add(w, &answer, request);
	done = buffer_result(&answer.body) == R_GOOD
	    ? reply(c, answer.status, answer.type, buffer_slice(&answer.body))
	    : MHD_NO;
	buffer_free(&answer.body);
	return done;
}

/* Called once with the head of a request, then with each piece of its body, then for the answer. */
static enum MHD_Result
on_request(void *ctx, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *data, size_t *data_len, void **state)
{
	struct witness_server *s = ctx;
	struct intake *in = *state;
	const int is_add = strcmp(url, "/add-checkpoint") == 0;

	(void)version;
	if (in == NULL) {
		*state = calloc(1, sizeof *in);
		return *state != NULL ? MHD_YES : MHD_NO;
	}
	if (*data_len > 0) {
		if (in->body.n + *data_len > WITNESS_REQUEST_MAX)
			in->too_large = 1;
		else
			buffer_add(&in->body, data, *data_len);
		*data_len = 0;
		return MHD_YES;
	}
	if (in->too_large)
		return reply_text(c, 413, "the request is too large\n");
	if (buffer_result(&in->body) != R_GOOD)
		return reply_text(c, 503, "out of memory\n");
	if (is_add && strcmp(method, "POST") == 0)
		return reply_add(c, s->witness, buffer_slice(&in->body));
	if (strcmp(url, "/checkpoint") == 0 && strcmp(method, "GET") == 0)
		return reply_last(c, s->witness);
	return reply_text(c, is_add ? 405 : 404,
	    "a witness answers POST /add-checkpoint and GET /checkpoint\n");
}

static void
on_end(void *ctx, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode how)
{
	struct intake *in = *state;

	(void)ctx, (void)c, (void)how;
	if (in != NULL)
		buffer_free(&in->body);
	free(in);
	*state = NULL;
}

/* HOST:PORT with a numeric host; an IPv6 address in brackets. */
static int
read_address(struct sockaddr_storage *out, const char *text)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	const char *colon = strrchr(text, ':');
	char host[64], *end;
	unsigned long port;
	size_t n;

	memset(out, 0, sizeof *out);
	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return 0;
	port = strtoul(colon + 1, &end, 10);
	n = (size_t)(colon - text);
	if (*end != '\0' || port > 65535 || n >= sizeof host)
		return 0;
	memcpy(host, text, n);
	host[n] = '\0';
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1;
	}
	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &four->sin_addr) == 1;
}

enum result
witness_serve(struct witness_server **out, struct witness *w, const char *listen,
    char address[WITNESS_ADDRESS_LEN], struct why *why)
{
	struct witness_server *s = calloc(1, sizeof *s);
	const union MHD_DaemonInfo *info;
	struct sockaddr_storage at;
	const char *colon;

	*out = NULL;
	if (s == NULL)
		return R_NO_MEMORY;
	s->witness = w;
	if (!read_address(&at, listen)) {
		free(s);
		return why_set(why, R_BAD_INPUT,
		    "--listen is a numeric address and a port, such as 127.0.0.1:8420, not %s",
		    listen);
	}
	s->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
		(at.ss_family == AF_INET6 ? (unsigned)MHD_USE_IPv6 : 0u),
	    0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
	    MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MOST, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    CONNECTIONS_OF_ONE, MHD_OPTION_CONNECTION_TIMEOUT, SECONDS_IDLE,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_OF_ONE, MHD_OPTION_NOTIFY_COMPLETED, on_end,
	    NULL, MHD_OPTION_END);
	if (s->daemon == NULL) {
		free(s);
		return why_set(why, R_NO_MEMORY, "%s cannot be listened on: %s", listen,
		    strerror(errno));
	}
	info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
	colon = strrchr(listen, ':');
	(void)snprintf(address, WITNESS_ADDRESS_LEN, "%.*s:%u", (int)(colon - listen), listen,
	    info != NULL ? (unsigned)info->port : 0);
	*out = s;
	return R_GOOD;
}

void
witness_server_stop(struct witness_server *s)
{
	if (s == NULL)
		return;
	MHD_stop_daemon(s->daemon);
	free(s);
}
