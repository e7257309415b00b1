// SPDX-License-Identifier: GPL-2.0-only
/*
 * midexec: a process that stands in the middle of an exec
 *
 * Usage: midexec FIFO
 *
 * A thread that is not the main one executes sleep(1). For that the
 * kernel kills the main thread, which a tracer stops on its way out. So the exec
 * waits. Prints the PID of that process, waits until FIFO is opened for writing,
 * lets the exec continue, and ends. The process then waits in its new program.
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int go_fd;

static void *exec_thread(void *arg)
{
	char byte;

	(void)arg;
	if (read(go_fd, &byte, 1) != 1)
		_exit(1);
	execlp("sleep", "sleep", "infinity", NULL);
	_exit(1);
}

int main(int argc, char **argv)
{
	int go[2], up[2], status, fd;
	pthread_t thread;
	char byte;
	pid_t pid;

	if (argc != 2)
		errx(2, "usage: midexec FIFO");
	if (pipe2(go, O_CLOEXEC) || pipe2(up, O_CLOEXEC))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		setsid();
		go_fd = go[0];
		fd = open("/dev/null", O_RDWR);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		close_range(3, go_fd - 1, 0);
		if (pthread_create(&thread, NULL, exec_thread, NULL) ||
		    write(up[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(up[0], &byte, 1) != 1)
		errx(1, "the process did not start");
	/* The main thread alone is traced. */
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT))
		err(1, "PTRACE_SEIZE");
	if (write(go[1], "", 1) != 1)
		err(1, "write");
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status) ||
	    status >> 8 != (SIGTRAP | PTRACE_EVENT_EXIT << 8))
		errx(1, "the main thread did not stop at its exit: %#x", status);
	printf("%d\n", pid);
	fflush(stdout);

	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		err(1, "%s", argv[1]);
	close(fd);
	if (ptrace(PTRACE_CONT, pid, NULL, NULL))
		err(1, "PTRACE_CONT");
	return 0;
}
