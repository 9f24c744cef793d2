#include "server/http.h"

#include <string.h>

bool
http_number(uint64_t *out, const char *text, uint64_t max)
{
	uint64_t value = 0, digit;
	size_t i;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return false;
	for (i = 0; text[i] != '\0'; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		digit = (uint64_t)(text[i] - '0');
		if (value > max / 10 || value * 10 > max - digit)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

bool
http_none_match(const struct http_head *head, const char *etag)
{
	const char *list = http_header(head, "if-none-match");
	size_t n = strlen(etag), len;

	if (list == NULL)
		return false;
	if (strcmp(list, "*") == 0)
		return true;
	/* Our tags hold no comma, so one that does is cut to pieces that match nothing. */
	while (*list != '\0') {
		list += strspn(list, " \t,");
		len = strcspn(list, " \t,");
		if (len == n && memcmp(list, etag, n) == 0)
			return true;
		if (len == n + 2 && memcmp(list, "W/", 2) == 0 && memcmp(list + 2, etag, n) == 0)
			return true;
		list += len;
	}
	return false;
}

/* Read "a-b", "a-" or "-n". */
static enum http_range
range_spec(uint64_t *first, uint64_t *last, const char *spec, uint64_t total)
{
	const char *dash = strchr(spec, '-');
	char from[24];
	uint64_t a, b;

	if (dash == NULL || (size_t)(dash - spec) >= sizeof from)
		return HTTP_RANGE_BAD;
	if (dash == spec) {
		if (!http_number(&b, dash + 1, UINT64_MAX) || b == 0 || total == 0)
			return HTTP_RANGE_BAD;
		*first = b < total ? total - b : 0;
		*last = total - 1;
		return HTTP_RANGE_PART;
	}
	memcpy(from, spec, (size_t)(dash - spec));
	from[dash - spec] = '\0';
	if (!http_number(&a, from, UINT64_MAX))
		return HTTP_RANGE_BAD;
	b = UINT64_MAX;
	if (dash[1] != '\0' && (!http_number(&b, dash + 1, UINT64_MAX) || b < a))
		return HTTP_RANGE_BAD;
	if (a >= total)
		return HTTP_RANGE_BAD;
	*first = a;
	*last = b < total ? b : total - 1;
	return HTTP_RANGE_PART;
}

enum http_range
http_range(const struct http_head *head, uint64_t *first, uint64_t *last, const char *etag,
    uint64_t total)
{
	const char *range = http_header(head, "range");
	const char *condition = http_header(head, "if-range");

	if (range == NULL || head->method != HTTP_GET || strncmp(range, "bytes=", 6) != 0)
		return HTTP_RANGE_ALL;
	/* The client holds a part of something else: it wants all of this. */
	if (condition != NULL && (etag == NULL || strcmp(condition, etag) != 0))
		return HTTP_RANGE_ALL;
	return range_spec(first, last, range + 6, total);
}
