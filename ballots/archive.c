/* Verifying an archive: the check list in its order. */
#include "ballots/archive.h"

#include <stdlib.h>
#include <string.h>

#include "ballots/archive_parts.h"
#include "crypto/base64.h"
#include "crypto/note.h"

/* ---- heads ---- */

/* V008, V009, V915. */
static enum result
check_checkpoint(struct verifier *v)
{
	struct checkpoint head;
	struct blob note;
	enum result r = archive_map(&note, v->path, "checkpoint", HEAD_BYTES_MAX, v->why);

	if (r == R_GOOD)
		r = archive_head_open(&head, note.bytes, v->report->frozen);
	blob_release(&note);
	if (r == R_NO_MEMORY)
		return why_set(v->why, r, "out of memory for the checkpoint");
	if (r == R_BAD_CHECKPOINT || r == R_TOO_LARGE)
		return archive_name(v->why, "V008",
		    why_set(v->why, R_BAD_CHECKPOINT,
			"the checkpoint is not a head that the board signed for this election"));
	if (r != R_GOOD)
		return r;
	archive_passed(v->report, "V008", 1);
	if (head.size != v->tree.size || !digest_equal(&head.root, &v->report->root))
		return archive_name(v->why, "V009",
		    why_set(v->why, R_BAD_CHECKPOINT,
			"the checkpoint is of %llu entries, the archive has %llu%s",
			(unsigned long long)head.size, (unsigned long long)v->tree.size,
			head.size == v->tree.size ? ", and the root is another" : ""));
	archive_passed(v->report, "V009", 1);
	r = head_quorum(&head, frozen_definition(v->report->frozen), v->why);
	if (r != R_GOOD)
		return archive_name(v->why, "V915", r);
	archive_passed(v->report, "V915", 1);
	return R_GOOD;
}

/* Read the size that the head from outside claims, to keep our root at that size. */
static void
read_head(struct verifier *v)
{
	struct checkpoint head;
	struct note note;

	v->head_size = UINT64_MAX;
	if (v->expect->head.n > 0 && note_parse(&note, v->expect->head) == R_GOOD &&
	    checkpoint_read(&head, note.text) == R_GOOD)
		v->head_size = head.size;
}

/* V914. */
static enum result
check_head(struct verifier *v)
{
	struct checkpoint head;
	enum result r;

	if (v->expect->head.n == 0)
		return R_GOOD;
	r = archive_head_open(&head, v->expect->head, v->report->frozen);
	if (r == R_NO_MEMORY)
		return why_set(v->why, r, "out of memory for the head from outside");
	if (r != R_GOOD)
		return archive_name(v->why, "V914",
		    why_set(v->why, r,
			"the head from outside is not one that this board signed for this "
			"election"));
	if (head.size > v->tree.size)
		return archive_name(v->why, "V914",
		    why_set(v->why, R_ROLLBACK,
			"the archive has %llu entries; the board has signed %llu",
			(unsigned long long)v->tree.size, (unsigned long long)head.size));
	if (!digest_equal(&head.root, &v->head_root))
		return archive_name(v->why, "V914",
		    why_set(v->why, R_EQUIVOCATION,
			"the first %llu entries are others than those of the head from outside",
			(unsigned long long)head.size));
	archive_passed(v->report, "V914", 1);
	return R_GOOD;
}

/* ---- blobs, results, the end ---- */

/* V001, V002: the blobs that are named and those that are there are the same. */
static enum result
check_blob_names(struct verifier *v)
{
	char name[HEX_LEN(32) + 1];
	size_t i;

	if (v->is_missing) {
		(void)hex_encode(name, v->missing.b, 32);
		return archive_name(v->why, "V001",
		    why_set(v->why, R_MISSING_FILE,
			"%s/blobs/%s is not there, but a record names it", v->path, name));
	}
	archive_passed(v->report, "V001", v->report->blobs);
	for (i = 0; i < v->files.blobs; i++)
		if (!v->files.blob[i].named) {
			(void)hex_encode(name, v->files.blob[i].id.b, 32);
			return archive_name(v->why, "V002",
			    why_set(v->why, R_EXTRA_FILE, "%s/blobs/%s: no record names it",
				v->path, name));
		}
	archive_passed(v->report, "V002", 4 + v->files.blobs);
	return R_GOOD;
}

/* V912. */
static enum result
check_result(struct verifier *v)
{
	struct blob json;
	enum result r;

	if (v->expect->partial)
		return archive_compute_results(v->report, folder_source(v->folder),
		    stages_next(&v->stages, 1), v->why);
	r = archive_map(&json, v->path, "result.json", UINT64_MAX, v->why);
	if (r != R_GOOD)
		return r;
	r = archive_check_result(v->report, json.bytes, v->why);
	blob_release(&json);
	if (r == R_RESULT_MISMATCH)
		return archive_name(v->why, "V912", r);
	if (r == R_GOOD)
		archive_passed(v->report, "V912", 1);
	return r;
}

/* V913. */
static enum result
check_complete(struct verifier *v)
{
	enum result r;

	if (v->expect->partial)
		return R_GOOD;
	r = rules_complete(v->rules, v->why);
	if (r == R_GOOD)
		archive_passed(v->report, "V913", frozen_items(v->report->frozen));
	return r;
}

/* The caller's progress: never backwards, although some records are gone through more than
 * once. */
static int
forward(void *ctx, uint64_t done, uint64_t total)
{
	struct verifier *v = ctx;

	if (done > v->most)
		v->most = done < total ? done : total;
	return v->outer->progress(v->outer->ctx, v->most, total);
}

/* V001 to V003, V911; then the lines. */
static enum result
check_files(struct verifier *v, const struct effort *effort)
{
	enum result r;

	if ((r = archive_files_list(&v->files, v->path, v->why)) != R_GOOD)
		return r;
	archive_passed(v->report, "V001", 4);
	if ((r = archive_check_readme(v->path, v->why)) != R_GOOD)
		return r;
	archive_passed(v->report, "V003", 1);
	if (effort != NULL) {
		v->outer = effort;
		v->effort = (struct effort){ .threads = effort->threads,
			.progress = effort->progress == NULL ? NULL : forward,
			.ctx = v };
	}
	stages_start(&v->stages, effort == NULL ? NULL : &v->effort,
	    v->files.blob_bytes + VERIFIED * (v->files.blob_bytes + v->files.entries_bytes));
	r = archive_check_blobs(&v->files, v->path, stages_next(&v->stages, v->files.blob_bytes),
	    v->why);
	if (r != R_GOOD)
		return r;
	archive_passed(v->report, "V911", v->files.blobs);
	r = folder_open(&v->folder, v->path, FOLDER_READ, v->why);
	if (r == R_GOOD && folder_size(v->folder) == 0)
		r = why_set(v->why, R_BAD_ENCODING, "%s/entries.ndjson is empty", v->path);
	return r < R_NO_MEMORY ? archive_name(v->why, "V004", r) : r;
}

/* The rule book: our own, or one that knows the first entries already. */
static enum result
take_rules(struct verifier *v)
{
	enum result r;

	v->rules = v->expect->rules;
	if (v->rules != NULL)
		return R_GOOD;
	r = rules_new(&v->rules, v->expect->election, RULES_VERIFY);
	return r == R_GOOD ? r : why_set(v->why, r, "out of memory");
}

/* V910, where the rule book was not told what to expect. */
static enum result
check_election(struct verifier *v)
{
	if (v->expect->election == NULL ||
	    digest_equal(v->expect->election, frozen_election(v->report->frozen)))
		return R_GOOD;
	return archive_name(v->why, "V910",
	    why_set(v->why, R_WRONG_ELECTION, "this is another election than the expected one"));
}

static enum result
verify(struct verifier *v, const struct effort *effort)
{
	enum result r;

	read_head(v);
	if ((r = check_files(v, effort)) != R_GOOD || (r = take_rules(v)) != R_GOOD ||
	    (r = archive_check_entries(v)) != R_GOOD || (r = check_election(v)) != R_GOOD ||
	    (r = check_checkpoint(v)) != R_GOOD || (r = check_head(v)) != R_GOOD ||
	    (r = check_blob_names(v)) != R_GOOD || (r = check_result(v)) != R_GOOD)
		return r;
	return check_complete(v);
}

enum result
archive_verify(struct archive_report *report, const char *path, const struct archive_expect *expect,
    const struct effort *effort, struct why *why)
{
	struct verifier *v = calloc(1, sizeof *v);
	struct why own = { .reason = R_GOOD };
	enum result r, promised = R_GOOD;

	archive_report_start(report, expect);
	if (v == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory for a verifier");
	v->path = path;
	v->expect = expect;
	v->report = report;
	v->why = &own;
	r = verify(v, effort);
	if (report->frozen != NULL)
		promised = archive_set_promises(report);
	if (r == R_GOOD)
		r = promised;
	if (own.reason != r)
		(void)why_set(&own, r, "%s", result_text(r));
	if (r != R_GOOD && r < R_NO_MEMORY)
		archive_conclude(report, &own);
	if (why != NULL && r != R_GOOD)
		*why = own;
	if (v->rules != expect->rules)
		rules_free(v->rules);
	buffer_free(&v->page.bytes);
	folder_close(v->folder);
	archive_files_free(&v->files);
	free(v);
	return r;
}
