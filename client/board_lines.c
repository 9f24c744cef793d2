/* The lines of a board, page by page. */
#include <string.h>

#include "client/board.h"

/* As many as a board gives at once: docs/api.md. */
#define PAGE_LINES 4096

enum result
board_lines(struct board *b, const struct digest *election, uint64_t *at, uint64_t end,
    source_each *each, void *arg, struct why *why)
{
	struct buffer page = { 0 };
	const uint8_t *p, *feed;
	enum result r = R_GOOD;
	size_t n = 1;

	while (r == R_GOOD && n > 0 && *at < end) {
		r = board_entries(b, &page, election, *at, 0, why);
		p = page.p;
		for (n = 0; r == R_GOOD && n < PAGE_LINES && *at < end; n++) {
			const size_t left = (size_t)(page.p + page.n - p);

			/* What was cut short comes with the next page. */
			feed = left > 0 ? memchr(p, '\n', left) : NULL;
			if (feed == NULL)
				break;
			r = each(arg, *at, (struct slice){ p, (size_t)(feed - p) });
			if (r == R_GOOD)
				++*at;
			p = feed + 1;
		}
	}
	buffer_free(&page);
	return r;
}
