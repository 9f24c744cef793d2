/*
 * vote_secret: where a voter's secret comes from: codes that are typed or stand in a
 * private file, or a key that the voter made (vote key).
 */
#ifndef CLIENT_VOTE_SECRET_H
#define CLIENT_VOTE_SECRET_H

#include "client/command.h"
#include "client/workspace.h"
#include "crypto/group.h"

struct vote_secret_options {
	const char *code_file, *credential, *passphrase_file;
};
#define VOTE_SECRET_SPECS(o) \
	{ "code-file", &(o).code_file, NULL, NULL }, \
	{ \
		"credential", &(o).credential, NULL, NULL \
	}
#define VOTE_SECRET_HELP \
	"  --code-file FILE        the credential code, one part a line, in a private file;\n" \
	"                          without it you are asked for it\n" \
	"  --credential FILE       the key that \"vote key\" made, instead of a " \
	"code" WORKSPACE_HELP_PASSPHRASE

/* Before anything else happens: are the codes in the file well typed? R_BAD_CODE, or what reading
 * the file refuses. R_GOOD if there is no such file among the options. */
enum result vote_secret_check(const struct vote_secret_options *o, struct why *why);

/* Set *x (length 1) to the secret: the sum of its parts. The mirror is open. svec_free. */
enum result vote_secret(struct svec **x, struct workspace *w, const struct vote_secret_options *o,
    struct why *why);

/* Add the secrets of the codes in `text`, one part a line, into x (length 1). */
enum result vote_secret_codes(struct svec *x, struct slice text, uint64_t parts,
    const struct digest *election, struct why *why);

/* The command "vote key". */
int vote_key_command(const struct command *self, int argc, char **argv);

#endif
