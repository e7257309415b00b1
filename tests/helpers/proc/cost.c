// SPDX-License-Identifier: GPL-2.0-only
/*
 * cost: the cost of a read, by the instruction clock
 *
 * Usage: cost FILE FILE NUMBER...
 *
 * For each NUMBER, make as many processes and time a read of all of each FILE, without
 * the cost of reading the clock. Prints "read", the file, the number of processes, and
 * the time in ns. Then kill a reader of the last FILE in the middle of its read, ten
 * times. Prints "kill", the file, the time of a whole read, the longest time from the
 * kill to the reader's end, and the same for a process that only waits.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "pids.h"

#define FILES	2

static char buf[8 << 20];
static int standing;
static pid_t children[100000];

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int processes(void)
{
	char text[4096];

	text[read_file("/proc/tamalloc/summary", text, sizeof(text) - 1, 4096)] = '\0';
	return atoi(strchr(text, ':') + 1);
}

/* All children are alike. */
static void grow_to(int number)
{
	for (number -= processes(); number > 0; number--) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
		children[standing++] = pid;
	}
	/* Let each reach its pause(). */
	usleep(200000);
}

/* The cost of reading the clock, which is in every measurement */
static long long clock_cost(void)
{
	long long start = now();

	return now() - start;
}

static long long time_read(int fd)
{
	long long start, time, clock, best = 0;
	int i;

	clock = clock_cost();
	for (i = 0; i < 5; i++) {
		time = clock_cost();
		if (time < clock)
			clock = time;
	}

	for (i = 0; i < 5; i++) {
		lseek(fd, 0, SEEK_SET);
		start = now();
		read_all(fd, buf, sizeof(buf), 65536);
		time = now() - start;
		if (!best || time < best)
			best = time;
	}
	return best - clock;
}

/* The child reads @fd; with a negative one, it waits. */
static long long time_kill(int fd, long long wait)
{
	struct timespec ts = { .tv_nsec = wait };
	long long start;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		while (fd < 0)
			pause();
		lseek(fd, 0, SEEK_SET);
		for (;;)
			if (!read(fd, buf, sizeof(buf)))
				lseek(fd, 0, SEEK_SET);
	}
	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
	start = now();
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		errx(1, "the reader ended by itself");
	return now() - start;
}

int main(int argc, char **argv)
{
	long long whole, time, longest = 0, idle = 0;
	int fd[FILES], i, k;

	if (argc < FILES + 2)
		errx(2, "usage: cost FILE FILE NUMBER...");
	memset(buf, 1, sizeof(buf));
	for (k = 0; k < FILES; k++) {
		fd[k] = open(argv[1 + k], O_RDONLY | O_CLOEXEC);
		if (fd[k] < 0)
			err(1, "%s", argv[1 + k]);
	}

	for (i = FILES + 1; i < argc; i++) {
		grow_to(atoi(argv[i]));
		for (k = 0; k < FILES; k++) {
			time = time_read(fd[k]);
			printf("read %s %d %lld\n", argv[1 + k], processes(), time);
		}
	}
	k = FILES - 1;
	whole = time_read(fd[k]);
	/* At 10 to 55 percent of a read. */
	for (i = 0; i < 10; i++) {
		time = time_kill(fd[k], whole * (2 + i) / 20);
		if (time > longest)
			longest = time;
		time = time_kill(-1, whole / 2);
		if (time > idle)
			idle = time;
	}
	printf("kill %s %lld %lld %lld\n", argv[1 + k], whole, longest, idle);

	while (standing) {
		kill(children[--standing], SIGKILL);
		waitpid(children[standing], NULL, 0);
	}
	return 0;
}
