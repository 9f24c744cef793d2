/*
 * accuse: files of evidence (ballots/evidence.h) out of what a follower of a board has kept.
 * Each is judged before it is kept. What convicts nobody is not kept.
 */
#ifndef CLIENT_ACCUSE_H
#define CLIENT_ACCUSE_H

#include "ballots/evidence.h"
#include "client/mirror.h"
#include "crypto/buffer.h"
#include "crypto/result.h"
#include "crypto/slice.h"

/* All of these write evidence-E<n>.json (to m->evidence_dir) and set *path to it (to be
 * freed), or to NULL: what was seen convicts nobody, or the board does not give what is needed.
 * Resources are no reason to hide the contradiction: then *path is NULL too. */

/* The board shows a head that contradicts the last one that agreed with our copy. */
void accuse_of_head(struct mirror *m, struct slice head, char **path);
/* The board shows `lines` after our copy (with line ends), and the rule book refuses one of them. */
void accuse_of_lines(struct mirror *m, struct slice lines, char **path);
/* A receipt whose entry is not at its place in our copy. */
void accuse_of_receipt(struct mirror *m, struct slice receipt, char **path);

/* Two heads, and the nodes that show how they differ, written to a path; 1 if they convict. `definition`
 * is the record. */
int accuse_of_two(const char *path, struct slice definition, struct slice a, struct slice b,
    const struct digest *nodes, size_t n);

/* The same for who has no mirror: of the board are known its definition and keys, the head that it
 * shows (shown->head[0], of `size` entries) and the tree over its entries up to there (NULL: they are not those of
 * the head). Writes to `dir`. */
void accuse_of_promise(const char *dir, const struct evidence_case *shown, uint64_t size,
    const struct merkle_tree *tree, struct slice receipt, char **path);

/* Entry `seq` of our copy is a `fault`: write the evidence against the author of the record in it. The
 * board is asked for the head over just the entries before, which it signed when it had no more.
 * R_STATE: it is no fault; R_NOT_FOUND: the board had no such head. */
enum result accuse_of_fault(struct mirror *m, uint64_t seq, char **path, struct why *why);

/* Add to the text of `why` where the evidence is, or that there is none; frees path. */
void accuse_tell(struct why *why, char *path);

#endif
