// SPDX-License-Identifier: GPL-2.0-only
/*
 * crowd: start many processes that stand still
 *
 * Usage: crowd NUMBER [FILE [SHARE]]
 *
 * Forks a process that forks NUMBER more, which touch different amounts of
 * memory and then only wait. With SHARE, so many processes share each address space
 * (CLONE_VM), which takes far less memory. When all wait, writes their PIDs to FILE,
 * prints the PID of their leader, and exits. SIGTERM to the leader ends them all, and
 * then the leader.
 */
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "page.h"

/* The children touch it, each a different number of pages. */
volatile char pages[8 * PAGE_MOST];

static pid_t *pids;
static int number, share = 1;

#define READY_FD	200
/* Processes that start or end at the same time */
#define AHEAD		16
/* Enough for a loop over a system call */
#define STACK		2048

/* Bare system calls, because others may use the data of the same C library. */
static int stand(void *arg)
{
	pid_t pid = syscall(SYS_getpid);

	(void)arg;
	if (syscall(SYS_write, READY_FD, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	for (;;)
		syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

static void start(int i, int size)
{
	pid_t pid = fork();
	char *stacks;

	if (pid < 0)
		err(1, "fork number %d", i);
	if (pid)
		return;
	for (int page = 0; page < i % 8; page++)
		pages[page * PAGE] = 1;
	if (size > 1) {
		stacks = mmap(NULL, (size - 1) * STACK, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (stacks == MAP_FAILED)
			err(1, "mmap");
		/* All are children of the leader. */
		while (--size > 0)
			if (clone(stand, stacks + size * STACK,
				  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_PARENT |
				  SIGCHLD, NULL) < 0)
				err(1, "clone number %d", i);
	}
	stand(NULL);
}

int main(int argc, char **argv)
{
	int up[2], ready[2], i, started, killed, size;
	sigset_t set;
	FILE *f;

	if (argc < 2)
		errx(2, "usage: crowd NUMBER [FILE [SHARE]]");
	number = atoi(argv[1]);
	if (argc > 3)
		share = atoi(argv[3]);
	if (pipe(up) || pipe(ready))
		err(1, "pipe");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		break;
	default:
		close(up[1]);
		/* The PID, when all wait. */
		if (read(up[0], &i, sizeof(i)) != sizeof(i))
			return 1;
		printf("%d\n", i);
		return 0;
	}

	setsid();
	/* Hold nothing open that a shell waits for. */
	if (!freopen("/dev/null", "r+", stdin) || dup2(0, 1) < 0)
		err(1, "/dev/null");
	dup2(ready[1], READY_FD);
	dup2(ready[0], 201);
	dup2(up[1], 202);
	close_range(3, 199, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pids = mmap(NULL, (number + 1) * sizeof(*pids), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pids == MAP_FAILED)
		err(1, "mmap");
	/* Some ahead, so that the leader does not wait for each of them in turn. */
	for (i = 0, started = 0; i < number; i++) {
		while (started < number && started < i + AHEAD) {
			size = number - started < share ? number - started : share;
			start(started, size);
			started += size;
		}
		if (read(201, &pids[i], sizeof(*pids)) != sizeof(*pids))
			errx(1, "a process did not start");
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (argc > 2) {
		f = fopen(argv[2], "w");
		if (!f)
			err(1, "%s", argv[2]);
		for (i = 0; i < number; i++)
			fprintf(f, "%d\n", pids[i]);
		fclose(f);
	}
	i = getpid();
	if (write(202, &i, sizeof(i)) != sizeof(i))
		return 1;
	close_range(200, 202, 0);
	dup2(0, 2);

	sigwaitinfo(&set, NULL);
	/*
	 * Few at once, from the oldest on: when the owner of a shared address space ends,
	 * the kernel searches all its siblings for another in this order.
	 */
	for (i = 0, killed = 0; i < number; i++) {
		while (killed < number && killed < i + AHEAD)
			kill(pids[killed++], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return 0;
}
