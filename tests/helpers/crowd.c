// SPDX-License-Identifier: GPL-2.0-only
/*
 * crowd: start many processes that stand still
 *
 * Usage: crowd NUMBER [FILE]
 *
 * Forks a process that forks NUMBER more, which touch different amounts of
 * memory and then only wait. When all stand, writes their PIDs to FILE, prints
 * the PID of the one that leads them, and exits. SIGTERM to that one ends them
 * all, and itself when all are gone.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Touched by the children, each as many pages as makes it differ. */
volatile char pages[8][4096];

static pid_t *pids;
static int number;

static void start(int i, int ready)
{
	pids[i] = fork();
	if (pids[i] < 0)
		err(1, "fork number %d", i);
	if (pids[i])
		return;
	for (int page = 0; page < i % 8; page++)
		pages[page][0] = 1;
	if (write(ready, "", 1) != 1)
		_exit(1);
	close(ready);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int up[2], ready[2], i;
	sigset_t set;
	char byte;
	FILE *f;

	if (argc < 2)
		errx(2, "usage: crowd NUMBER [FILE]");
	number = atoi(argv[1]);
	if (pipe(up) || pipe(ready))
		err(1, "pipe");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		break;
	default:
		close(up[1]);
		/* The PID, once all stand. */
		if (read(up[0], &i, sizeof(i)) != sizeof(i))
			return 1;
		printf("%d\n", i);
		return 0;
	}

	setsid();
	/* Hold nothing open that a shell waits for. */
	if (!freopen("/dev/null", "r+", stdin) || dup2(0, 1) < 0)
		err(1, "/dev/null");
	dup2(ready[1], 200);
	dup2(ready[0], 201);
	dup2(up[1], 202);
	close_range(3, 199, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pids = mmap(NULL, (number + 1) * sizeof(*pids), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pids == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < number; i++)
		start(i, 200);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < number; i++)
		if (read(201, &byte, 1) != 1)
			errx(1, "a process did not start");
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
	for (i = 0; i < number; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < number; i++)
		waitpid(pids[i], NULL, 0);
	return 0;
}
