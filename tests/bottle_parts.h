/* bottle_parts: what the files of the bottle share. For tests/bottle*.c only. */
#ifndef TESTS_BOTTLE_PARTS_H
#define TESTS_BOTTLE_PARTS_H

#include "tests/bottle.h"

/* n bytes of zeros that live as long as the bottle. */
void *bottle_keep(struct bottle *b, size_t n);
/* Post a body that must be taken. */
void bottle_take(struct bottle *b, enum record_type type, const union record_body *body,
    enum role role, unsigned number);

#endif
