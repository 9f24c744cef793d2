/*
 * cpu: which of the code paths written for particular processors is used. The best one that
 * this machine has, unless the environment variable TABELLA_CPU names another. It is looked
 * up once; the choice never changes while a program runs.
 */
#ifndef CRYPTO_CPU_H
#define CRYPTO_CPU_H

#include "crypto/result.h"

/* In ascending order. */
enum cpu { CPU_PORTABLE, CPU_AVX2, CPU_IFMA, CPU_COUNT };

/* "portable", "avx2", "ifma" */
const char *cpu_name(enum cpu cpu);

/* Return 1 if this program was built with that path and the machine can run it, else 0. */
int cpu_has(enum cpu cpu);

/* Look at TABELLA_CPU. Programs call it first, so that they can say what is wrong:
 * R_BAD_INPUT if it names no path, or one that this machine does not have. */
enum result cpu_choose(struct why *why);

/* Return the choice. A program that went on after a refusal ends here, with a message and
 * exit status 2: nothing is slower, or faster, than was asked for without anyone knowing. */
enum cpu cpu_chosen(void);

#endif
