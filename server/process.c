#include "server/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL };

enum result
process_start(pid_t *pid, const char *const argv[], int out, struct why *why)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawn_file_actions_init(&files) != 0)
		return why_set(why, R_NO_MEMORY, "out of memory");
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return why_set(why, R_NO_MEMORY, "out of memory");
	}
	error = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&files, out, 1);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&files, out, 2);
	if (error == 0)
		error = posix_spawn_file_actions_addclosefrom_np(&files, 3);
	if (error == 0)
		error = posix_spawn_file_actions_addchdir_np(&files, "/");
	if (error == 0)
		error = posix_spawnattr_setsigmask(&attr, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(&attr, &all);
	if (error == 0)
		error = posix_spawnattr_setflags(&attr,
		    POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (error == 0)
		error = posix_spawn(pid, argv[0], &files, &attr, (char *const *)(uintptr_t)argv,
		    environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (error != 0)
		return why_set(why, R_NO_DISK, "cannot start %s: %s", argv[0], strerror(error));
	return R_GOOD;
}

/* Read until the writer has gone; when full, forget the older half. */
static void
read_tail(int fd, char *output, size_t size)
{
	size_t used = 0;
	ssize_t got;

	for (;;) {
		if (used == size - 1) {
			memmove(output, output + used / 2, used - used / 2);
			used -= used / 2;
		}
		got = read(fd, output + used, size - 1 - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	while (used > 0 && (output[used - 1] == '\n' || output[used - 1] == '\r'))
		used--;
	output[used] = '\0';
}

enum result
process_run(const char *const argv[], char *output, size_t size, struct why *why)
{
	enum result r;
	int pipes[2], status;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return why_set(why, R_NO_DISK, "cannot make a pipe: %s", strerror(errno));
	r = process_start(&pid, argv, pipes[1], why);
	close(pipes[1]);
	if (r != R_GOOD) {
		close(pipes[0]);
		return r;
	}
	read_tail(pipes[0], output, size);
	close(pipes[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return why_set(why, R_NO_DISK, "cannot wait for %s: %s", argv[0],
			    strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return R_GOOD;
	if (WIFEXITED(status))
		return why_set(why, R_NO_DISK, "%s exited with %d: %s", argv[0],
		    WEXITSTATUS(status), output);
	return why_set(why, R_NO_DISK, "%s was ended by signal %d: %s", argv[0], WTERMSIG(status),
	    output);
}
