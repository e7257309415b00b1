// SPDX-License-Identifier: GPL-2.0-only
/*
 * sharing: an address space whose sharing ends while summary is read
 *
 * Usage: sharing TRIALS FILLERS
 *
 * In each trial two processes share an address space of 1 GiB. One has an id below,
 * one an id above those of FILLERS others. The lower one is killed at some moment of
 * a read of summary. Prints a line per trial: how often that GiB is in TotalReserved.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "pids.h"

#define GIB_KB	(1LL << 20)

static char stack[1 << 16];

static long long total_reserved(void)
{
	char text[4096];
	const char *at;

	text[read_file("/proc/tamalloc/summary", text, sizeof(text) - 1, 4096)] = '\0';
	at = strstr(text, "TotalReserved:");
	if (!at)
		errx(1, "no TotalReserved");
	return atoll(at + strlen("TotalReserved:"));
}

static int stand(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

/* Waits for a byte, shares its address space with a new process, reports it. */
static void first(int in, int out)
{
	pid_t pid;
	char byte;

	if (mmap(NULL, GIB_KB << 10, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		err(1, "mmap");
	if (write(out, "", 1) != 1 || read(in, &byte, 1) != 1)
		exit(1);
	pid = clone(stand, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	if (pid < 0 || write(out, &pid, sizeof(pid)) != sizeof(pid))
		exit(1);
	stand(NULL);
}

static pid_t fork_or_exit(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	return pid;
}

static void trial(int number, int fillers, pid_t *filler)
{
	volatile long long *result = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int to[2], from[2], i;
	long long base;
	pid_t a, b, reader;
	char byte;

	if (pipe(to) || pipe(from))
		err(1, "pipe");
	a = fork_or_exit();
	if (!a)
		first(to[0], from[1]);
	if (read(from[0], &byte, 1) != 1)
		errx(1, "the first process failed");
	for (i = 0; i < fillers; i++) {
		filler[i] = fork_or_exit();
		if (!filler[i])
			stand(NULL);
	}
	if (write(to[1], "", 1) != 1 || read(from[0], &b, sizeof(b)) != sizeof(b))
		errx(1, "the second process failed");
	base = total_reserved() - GIB_KB;

	reader = fork_or_exit();
	if (!reader) {
		result[0] = 1;
		result[1] = total_reserved();
		exit(0);
	}
	while (!result[0])
		sched_yield();
	/* Each time a little later. */
	for (i = 0; i < number * 20000; i++)
		__asm__ volatile("");
	kill(a, SIGKILL);
	waitpid(reader, NULL, 0);
	printf("%lld\n", (result[1] - base + GIB_KB / 2) / GIB_KB);

	kill(b, SIGKILL);
	for (i = 0; i < fillers; i++)
		kill(filler[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	munmap((void *)result, 4096);
	close(to[0]);
	close(to[1]);
	close(from[0]);
	close(from[1]);
}

int main(int argc, char **argv)
{
	int trials, fillers, i;
	pid_t *filler;

	if (argc != 3) {
		fputs("usage: sharing TRIALS FILLERS\n", stderr);
		return 2;
	}
	trials = atoi(argv[1]);
	fillers = atoi(argv[2]);
	filler = calloc(fillers, sizeof(*filler));
	if (!filler)
		err(1, "calloc");
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < trials; i++)
		trial(i, fillers, filler);
	return 0;
}
