/* tabella verify evidence: whom does a file convict, and of what? */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "ballots/evidence.h"
#include "client/file.h"
#include "client/terminal.h"
#include "client/verify_words.h"
#include "crypto/base64.h"

static void
print_verdict(const struct evidence_verdict *v, int trusted_id)
{
	char hex[65];

	(void)hex_encode(hex, v->election.b, sizeof v->election.b);
	(void)printf("CONVICTED (%s): %s\n\n%s\n\nelection %s%s\n", v->kind, v->accused, v->what,
	    hex, trusted_id ? " (as expected)" : "");
	(void)puts(
	    "\nNobody without the key of the convicted could have made this file. Give it to "
	    "everybody.");
	if (!trusted_id)
		(void)fprintf(stderr,
		    "\nWARNING: no --election ID was given. Compare the election id above with one "
		    "from a source that you trust.\n");
}

static void
print_json(const struct evidence_verdict *v, enum result r, const struct why *why)
{
	char hex[65], *text;
	json_t *root;

	(void)hex_encode(hex, v->election.b, sizeof v->election.b);
	root = json_pack("{s:b,s:s,s:s,s:s,s:s,s:s,s:s}", "convicts", r == R_GOOD, "kind", v->kind,
	    "election", hex, "accused", v->accused, "what", v->what, "reason", result_name(r),
	    "text", r == R_GOOD ? "" : why->text);
	text = root != NULL ? json_dumps(root, JSON_SORT_KEYS | JSON_INDENT(2)) : NULL;
	(void)puts(text != NULL ? text : "{}");
	free(text);
	json_decref(root);
}

int
verify_evidence(const struct command *self, int argc, char **argv)
{
	const char *election = NULL;
	int json = 0;
	struct option_spec options[] = { { "election", &election, NULL, NULL },
		{ "json", NULL, NULL, &json }, { NULL, NULL, NULL, NULL } };
	struct evidence_verdict verdict = { .kind = "" };
	struct progress progress;
	struct effort effort = { .progress = progress_step, .ctx = &progress };
	struct why why = { 0 };
	struct digest id;
	struct slice bytes = { NULL, 0 };
	enum result r;
	int n = command_options(self, options, argc, argv);

	if (n < 0)
		return 2;
	if (n != 1)
		return command_usage(self, "one file is needed");
	if (election != NULL && verify_election(&id, self, election) != 0)
		return 2;
	r = file_map(&bytes, argv[0], &why);
	progress_start(&progress, "Judging");
	if (r == R_GOOD)
		r = evidence_judge(&verdict, bytes, election != NULL ? &id : NULL, &effort, &why);
	progress_end(&progress);
	file_unmap(bytes);
	if (json)
		print_json(&verdict, r, &why);
	else if (r == R_GOOD)
		print_verdict(&verdict, election != NULL);
	else if (result_exit(r) == 1)
		(void)puts("NOT CONVICTED: this file proves nothing against anybody.");
	return r == R_GOOD ? 0 : terminal_refuse(r, &why);
}
