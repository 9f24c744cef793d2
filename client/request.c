#include "client/request.h"

#include <jansson.h>

#include "client/credential.h"
#include "client/rollfile.h"

enum result
request_write(const char *path, const struct roll_line *line, const struct digest *election,
    struct why *why)
{
	json_t *root = rollfile_new(election);
	enum result r = root == NULL ? R_NO_MEMORY : rollfile_add(root, line, 1);

	if (r == R_GOOD)
		r = rollfile_write(root, path, why);
	json_decref(root);
	return r;
}

enum result
request_read(struct roll_line *line, struct arena *arena, const char *path,
    const struct digest *election, const struct definition *d, struct why *why)
{
	char *files[] = { (char *)(uintptr_t)path };
	struct buffer identity = { 0 };
	struct roll_line *lines;
	size_t n = 0, i;
	enum result r = rollfile_merge(&lines, &n, arena, files, 1, election, d, why);

	if (r == R_GOOD && (n != 1 || !lines[0].has_name))
		r = why_set(why, R_BAD_INPUT, "%s is not the request of one person", path);
	if (r != R_GOOD)
		return r;
	*line = lines[0];
	line->holdings = NULL;
	line->holding_count = 0;
	line->kind = ROLL_OWN;
	roll_identity(&identity, line);
	r = buffer_result(&identity);
	for (i = 0; r == R_GOOD && i < line->part_count; i++) {
		r = credential_check(&line->parts[i], d->group, election, (unsigned)i + 1,
		    buffer_slice(&identity));
		if (r != R_GOOD)
			(void)why_set(why, r, "%s: the proof of key %zu does not hold: %s", path,
			    i + 1, result_text(r));
	}
	buffer_free(&identity);
	return r;
}
