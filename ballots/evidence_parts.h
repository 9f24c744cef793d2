/* What evidence.c and evidence_judge.c share: the file as it is read and written. */
#ifndef BALLOTS_EVIDENCE_PARTS_H
#define BALLOTS_EVIDENCE_PARTS_H

#include <stdbool.h>

#include "ballots/arena.h"
#include "ballots/evidence.h"

struct evidence {
	struct slice *blobs;
	size_t blob_count;
	struct slice definition; /* a record */
	const char **entries;
	size_t entry_count;
	const char **heads;
	size_t head_count;
	struct slice *keys;
	size_t key_count;
	unsigned kind; /* 0: E1 */
	struct digest *nodes;
	size_t node_count;
	bool has_receipt, has_record;
	struct slice receipt, record;
	struct arena arena; /* of one that was read */
};

enum result evidence_read(struct evidence *out, struct slice bytes, struct why *why);
enum result evidence_write(struct buffer *out, const struct evidence *e);

/* Read the records that have replaced the board's key; R_BAD_ENCODING, R_BAD_SIGNATURE, R_NOT_ALLOWED,
 * R_WRONG_ELECTION. */
enum result evidence_keys(struct head_key out[HEAD_KEYS_MAX], const struct slice *records, size_t n,
    const struct head_signers *signers, struct why *why);

#endif
