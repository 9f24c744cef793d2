#include "server/http.h"

#include <string.h>

/* ctype.h and strcasecmp ask the locale; these do not. */
static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* tchar of RFC 9110, 5.6.2. */
static bool
is_token(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* pchar of RFC 3986 without percent: what a path segment may hold undecoded. */
static bool
is_pchar(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("-._~!$&'()*+,;=:@", c) != NULL);
}

static int
hex(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Is the text of n characters this word, in any case? */
static bool
same(const char *text, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (word[i] == '\0' || lower(text[i]) != lower(word[i]))
			return false;
	return word[n] == '\0';
}

static bool
is_word(const char *text, const char *word)
{
	return same(text, strlen(text), word);
}

int
http_scan(struct http_scan *scan, const char **why, const void *bytes, size_t len)
{
	const uint8_t *in = bytes;
	size_t end = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX;
	uint8_t c;

	while (scan->seen < end) {
		c = in[scan->seen++];
		if (scan->cr != (c == '\n')) {
			*why = scan->cr ? "a carriage return stands alone"
					: "a line feed stands alone";
			return 400;
		}
		if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c > 0x7e) {
			*why = "the head holds a byte that is not printable ASCII";
			return 400;
		}
		scan->cr = c == '\r';
		if (c == '\n') {
			if (scan->line == 1) /* its CR: an empty line */
				return HTTP_WHOLE;
			scan->line = 0;
		} else {
			scan->line++;
		}
	}
	if (end == HTTP_HEAD_MAX) {
		*why = "the request head is too large";
		return 431;
	}
	return HTTP_MORE;
}

static int
refuse(struct http_head *head, int status, const char *why)
{
	head->why = why;
	return status;
}

/* Decode %XX in place. What comes out is printable ASCII without the slash, which
 * would move the border between two segments after they were cut. Characters that may
 * stand in a segment or, if they are in `more`, may too. */
static bool
decode(char *text, const char *more)
{
	const char *in;
	char *out = text;
	int high, low, c;

	for (in = text; *in != '\0'; in++) {
		if (*in != '%') {
			if (!is_pchar(*in) && strchr(more, *in) == NULL)
				return false;
			*out++ = *in;
			continue;
		}
		high = hex(in[1]);
		low = high < 0 ? -1 : hex(in[2]);
		if (low < 0)
			return false;
		c = high * 16 + low;
		if (c < 0x20 || c > 0x7e || (c == '/' && strchr(more, c) == NULL))
			return false;
		*out++ = (char)c;
		in += 2;
	}
	*out = '\0';
	return true;
}

/* Cut "a/b/c", what follows the first slash, into segments. */
static int
read_path(struct http_head *head, char *path)
{
	char *segment;

	while (path != NULL && *path != '\0') {
		segment = strsep(&path, "/");
		if (head->segments == HTTP_SEGMENTS_MAX)
			return refuse(head, 400, "the path has too many segments");
		if (!decode(segment, ""))
			return refuse(head, 400, "the path holds a character it may not hold");
		if (*segment == '\0' || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
			return refuse(head, 400, "the path has an empty or a dot segment");
		head->segment[head->segments++] = segment;
		if (path != NULL && *path == '\0')
			return refuse(head, 400, "the path ends with a slash");
	}
	return 0;
}

/* Cut "a=1&b=2". There is one way to write a parameter: a name, "=", a value. */
static int
read_query(struct http_head *head, char *query)
{
	char *name, *value;
	size_t i;

	while (query != NULL) {
		name = strsep(&query, "&");
		value = strchr(name, '=');
		if (value == NULL || value == name)
			return refuse(head, 400, "a query parameter is not name=value");
		*value++ = '\0';
		for (i = 0; name[i] != '\0'; i++)
			if (!is_alnum(name[i]) && name[i] != '_' && name[i] != '-')
				return refuse(head, 400, "a query parameter has a bad name");
		if (!decode(value, "/?"))
			return refuse(head, 400, "a query parameter has a bad value");
		if (http_param(head, name) != NULL)
			return refuse(head, 400, "a query parameter stands twice");
		if (head->params == HTTP_PARAMS_MAX)
			return refuse(head, 400, "there are too many query parameters");
		head->param[head->params++] = (struct http_pair){ name, value };
	}
	return 0;
}

static int
read_method(struct http_head *head, const char *method)
{
	static const char *const names[] = { "GET", "HEAD", "POST", "PUT" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(method, names[i]) == 0) {
			head->method = (enum http_method)i;
			return 0;
		}
	for (i = 0; method[i] != '\0'; i++)
		if (!is_token(method[i]))
			return refuse(head, 400, "the method is not a token");
	return i == 0 ? refuse(head, 400, "the request has no method")
		      : refuse(head, 501, "the method is not GET, HEAD, POST or PUT");
}

/* HTTP/1.1 and HTTP/1.0 are ours; another number is a version, another text is not. */
static int
read_version(struct http_head *head, const char *version)
{
	if (strcmp(version, "HTTP/1.1") == 0)
		return 0;
	if (strcmp(version, "HTTP/1.0") == 0) {
		head->close = true;
		return 0;
	}
	if (strlen(version) == 8 && strncmp(version, "HTTP/", 5) == 0 && is_digit(version[5]) &&
	    version[6] == '.' && is_digit(version[7]))
		return refuse(head, 505, "the version is not HTTP/1.1");
	return refuse(head, 400, "the request line does not end with HTTP/1.1");
}

static int
read_request_line(struct http_head *head, char *line)
{
	char *method = strsep(&line, " ");
	char *target = strsep(&line, " ");
	int status;

	if (line == NULL)
		return refuse(head, 400, "the request line has no three parts");
	status = read_method(head, method);
	if (status == 0)
		status = read_version(head, line);
	if (status != 0)
		return status;
	if (*target != '/')
		return refuse(head, 400, "the target does not start with a slash");
	target++;
	status = read_path(head, strsep(&target, "?"));
	return status != 0 ? status : read_query(head, target);
}

static int
read_header(struct http_head *head, char *line)
{
	static const char *const once[] = { "host", "content-length", "content-type", "expect",
		"range", "if-range", "if-none-match" };
	char *value = strchr(line, ':'), *end;
	size_t i;

	if (*line == ' ' || *line == '\t')
		return refuse(head, 400, "a header line is folded");
	if (value == NULL || value == line)
		return refuse(head, 400, "a header line has no name");
	*value++ = '\0';
	for (i = 0; line[i] != '\0'; i++)
		if (!is_token(line[i]))
			return refuse(head, 400, "a header name holds a character it may not hold");
	value += strspn(value, " \t");
	for (end = value + strlen(value); end > value && (end[-1] == ' ' || end[-1] == '\t');)
		*--end = '\0';
	for (i = 0; i < sizeof once / sizeof once[0]; i++)
		if (is_word(line, once[i]) && http_header(head, once[i]) != NULL)
			return refuse(head, 400, "a header that may stand once stands twice");
	if (head->headers == HTTP_HEADERS_MAX)
		return refuse(head, 431, "there are too many headers");
	head->header[head->headers++] = (struct http_pair){ line, value };
	return 0;
}

/* Return true if the comma-separated list holds `word`, in any case. */
static bool
lists(const char *list, const char *word)
{
	size_t n, skip;

	while (*list != '\0') {
		list += strspn(list, " \t,");
		n = strcspn(list, ",");
		skip = n;
		while (n > 0 && (list[n - 1] == ' ' || list[n - 1] == '\t'))
			n--;
		if (same(list, n, word))
			return true;
		list += skip;
	}
	return false;
}

/* Where the body ends. Two answers to this question are what request smuggling lives
 * on, so there is exactly one way to say it. */
static int
read_framing(struct http_head *head)
{
	const char *length = http_header(head, "content-length");
	bool posts = head->method == HTTP_POST || head->method == HTTP_PUT;
	size_t digits;

	if (http_header(head, "transfer-encoding") != NULL)
		return length != NULL
		    ? refuse(head, 400, "Transfer-Encoding and Content-Length stand together")
		    : refuse(head, 501, "Transfer-Encoding is not supported");
	if (length == NULL)
		return posts ? refuse(head, 411, "Content-Length is missing") : 0;
	for (digits = 0; is_digit(length[digits]); digits++)
		;
	if (digits == 0 || length[digits] != '\0' || (digits > 1 && length[0] == '0'))
		return refuse(head, 400, "Content-Length is not a plain decimal number");
	/* Past 64 bits it is above every limit all the same. */
	if (!http_number(&head->body, length, UINT64_MAX))
		head->body = UINT64_MAX;
	if (head->body > 0 && !posts)
		return refuse(head, 400, "GET and HEAD have no body");
	return 0;
}

static int
read_meaning(struct http_head *head)
{
	const char *host = http_header(head, "host"), *expect = http_header(head, "expect");
	size_t i;

	if (host == NULL || *host == '\0')
		return refuse(head, 400, "Host is missing");
	for (i = 0; host[i] != '\0'; i++)
		if (!is_alnum(host[i]) && strchr("-._:[]", host[i]) == NULL)
			return refuse(head, 400, "Host holds a character it may not hold");
	if (expect != NULL && !is_word(expect, "100-continue"))
		return refuse(head, 417, "Expect is not 100-continue");
	/* So far `close` stands for HTTP/1.0, which does not know the interim answer. */
	head->expects_continue = expect != NULL && !head->close;
	for (i = 0; i < head->headers; i++)
		if (is_word(head->header[i].name, "connection") &&
		    lists(head->header[i].value, "close"))
			head->close = true;
	return read_framing(head);
}

int
http_read(struct http_head *head, char *bytes, size_t len)
{
	char *line = bytes, *end = bytes + len, *eol;
	int status = 0;

	memset(head, 0, sizeof *head);
	while (status == 0 && line < end) {
		eol = memchr(line, '\r', (size_t)(end - line));
		if (eol == NULL) /* http_scan was not asked */
			return refuse(head, 400, "the head does not end with an empty line");
		*eol = '\0';
		if (line == bytes)
			status = read_request_line(head, line);
		else if (eol != line)
			status = read_header(head, line);
		line = eol + 2;
	}
	return status != 0 ? status : read_meaning(head);
}

const char *
http_header(const struct http_head *head, const char *name)
{
	size_t i;

	for (i = 0; i < head->headers; i++)
		if (is_word(head->header[i].name, name))
			return head->header[i].value;
	return NULL;
}

const char *
http_param(const struct http_head *head, const char *name)
{
	size_t i;

	for (i = 0; i < head->params; i++)
		if (strcmp(head->param[i].name, name) == 0)
			return head->param[i].value;
	return NULL;
}
