#include "tests/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void
must_be(int good, const char *what)
{
	if (!good) {
		(void)fprintf(stderr, "trial: %s\n", what);
		abort();
	}
}

struct trial *
trials_new(void)
{
	void *p = mmap(NULL, TRIALS_MAX * sizeof(struct trial), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must_be(p != MAP_FAILED, "memory");
	return p;
}

void
trials_free(struct trial *trials)
{
	(void)munmap(trials, TRIALS_MAX * sizeof *trials);
}

void
trials_run(struct trial *trials, size_t n, trial_judge *judge, void *arg)
{
	unsigned *next = &trials[TRIALS_MAX - 1].node; /* shared, too */
	int status;
	pid_t pid;

	must_be(n < TRIALS_MAX, "too many");
	for (*next = 0; *next < n;) {
		(void)fflush(NULL);
		pid = fork();
		must_be(pid >= 0, "fork");
		if (pid == 0) {
			while (*next < n)
				if (judge(arg, &trials[(*next)++]))
					break;
			_exit(0);
		}
		must_be(waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
			WEXITSTATUS(status) == 0,
		    "a process that judged has failed");
	}
}

void
trial_rest(struct trial *trial, struct forge *f, struct forgery *y, size_t from)
{
	const size_t taken = y->n;

	for (; from < f->n; from++)
		forgery_take(f, y, from);
	trial->end = TRIAL_REFUSED;
	trial->verdict = forgery_judge(f, y, taken);
	if (trial->verdict.reason == R_GOOD)
		trial->verdict = forgery_archive(f, y, 0);
	if (trial->verdict.reason == R_GOOD) {
		trial->end = TRIAL_SURVIVED;
		trial->with_head = forgery_archive(f, y, 1);
	}
}

int
trial_keeps(void)
{
	return getenv("TABELLA_MUTANTS") != NULL;
}

void
trial_keep(struct forge *f, const struct forgery *y, const struct verdict *v)
{
	char name[64], *path;

	(void)snprintf(name, sizeof name, "%s-%s", v->reason == R_GOOD ? "none" : v->check,
	    result_name(v->reason));
	path = bottle_path(getenv("TABELLA_MUTANTS"), name);
	if (access(path, F_OK) != 0)
		forgery_write(f, y, path);
	free(path);
}

size_t
trial_last_close(const struct forge *f)
{
	static const char begin[] = "{\"body\":{\"close\":";
	size_t i = f->n;

	while (i-- > 0)
		if (f->record[i].n > sizeof begin &&
		    memcmp(f->record[i].p, begin, sizeof begin - 1) == 0)
			return i;
	must_be(0, "no close");
	return 0;
}
