/*
 * attack_kit: a record that must be refused, and whoever could take it: the rule book that
 * follows a board, a board that takes records one by one, and a verifier who finds the
 * record in an archive that is otherwise in order, chained and signed by its board.
 */
#ifndef TESTS_ATTACK_KIT_H
#define TESTS_ATTACK_KIT_H

#include "tests/bottle_archive.h"

/* Put the record up as the next entry: everybody refuses it, by this check and reason. Whatever the
 * bytes are. The bottle stays as it was. */
void attack(struct bottle *b, struct slice record, const char *check, enum result reason);
/* The same for a body, signed by this role. */
void attack_body(struct bottle *b, enum record_type type, const union record_body *body,
    enum role role, unsigned number, const char *check, enum result reason);
/* The same for lines of a whole board. */
void attack_lines(struct bottle *b, const struct slice *lines, size_t n, const char *check,
    enum result reason);

/* A ballot in its parts, to be put together otherwise. */
struct ballot_parts {
	struct record *body; /* what was encrypted; its answers may be changed in place */
	struct svec *secret; /* x, then r of every ciphertext */
	struct gvec *X;      /* the credential, then every a: what the proof is about */
	struct ballot_place place;
	struct digest prev; /* that place points to */
};
void ballot_parts_new(struct ballot_parts *p, struct bottle *b, unsigned voter,
    const struct bottle_answer *answers, size_t n);
void ballot_parts_free(struct ballot_parts *p);
/* Write the body again, prove it with p->X and p->secret, whether they fit or not, and make the
 * record. The caller frees `out`. */
void ballot_parts_cast(struct ballot_parts *p, struct bottle *b, struct buffer *out);
/* Only the body; only the record around a body and a proof. */
void ballot_parts_body(const struct ballot_parts *p, struct buffer *body);

/* A copy in the bottle's arena that may be changed. */
uint8_t *attack_copy(struct bottle *b, struct slice bytes);
/* Replace the first `from` in a record by `to`; the caller frees `out`. */
void attack_replace(struct buffer *out, struct slice record, const char *from, const char *to);

#endif
