/*
 * ct_kit: run cases under valgrind's memcheck with secrets marked as undefined memory;
 * memcheck then complains about every branch and every address that depends on them.
 * A program made with it runs itself under valgrind with the number of a case, and cases of
 * ristretto255 once for each path (crypto/cpu.h) that valgrind can run.
 */
#ifndef TESTS_CT_KIT_H
#define TESTS_CT_KIT_H

#include <stddef.h>

#include "crypto/group.h"
#include "crypto/result.h"

struct ct_case {
	const char *name;
	void (*run)(const struct group *g);
	const char *group;
	int found; /* memcheck must find something: the case shows that it would see a leak */
};

/* The main function of such a test; `name` is the suite's. */
int ct_main(int argc, char **argv, const char *name, const struct ct_case *cases, int n);

/* End the program unless the result is R_GOOD. */
void ct_fine(enum result r);

/* Mark memory as secret, or as known to everybody. */
void ct_secret(const void *p, size_t n);
void ct_public(const void *p, size_t n);
/* The same for what is in a vector. */
void ct_secret_scalars(const struct svec *v);
void ct_secret_elements(const struct gvec *v);

#endif
