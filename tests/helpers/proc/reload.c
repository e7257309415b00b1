// SPDX-License-Identifier: GPL-2.0-only
/*
 * reload: unload the module in the middle of a read and load it again, many times
 *
 * Usage: reload FILE NUMBER
 *
 * FILE is the module, uncompressed. A thread reads both files all the time, in pieces. Each
 * load must be read before it is unloaded, and each file at least once. On a kernel that
 * checks everything, starting a program for each load and read takes longer than these.
 *
 * Prints a line at each hundredth load.
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAIT_US		100
#define TRIES_MAX	(600 * (1000000 / WAIT_US))

/* Pieces of both files, and of summary alone */
static atomic_long reads, of_summary;

static void *read_all(void *arg)
{
	static const char *const names[] = { "/proc/tamalloc/pids", "/proc/tamalloc/summary" };
	char piece[100];
	int fd, i;

	for (i = 0; ; i ^= 1) {
		fd = open(names[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		while (read(fd, piece, sizeof(piece)) > 0) {
			reads++;
			of_summary += i;
		}
		close(fd);
	}

	return arg;
}

int main(int argc, char **argv)
{
	int fd, i, number, tries;
	pthread_t thread;
	long enough;

	number = argc == 3 ? atoi(argv[2]) : 0;
	if (number < 1)
		errx(2, "usage: reload FILE NUMBER");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	setlinebuf(stdout);
	if (pthread_create(&thread, NULL, read_all, NULL))
		errx(1, "pthread_create");

	for (i = 1; i <= number; i++) {
		/* After one to thirty pieces: in another place each time. */
		enough = reads + 1 + i % 30;
		for (tries = 0; reads < enough; tries++) {
			if (tries == TRIES_MAX)
				errx(1, "load %d: nobody could read it", i);
			usleep(WAIT_US);
		}
		if (syscall(SYS_delete_module, "tamalloc", O_NONBLOCK))
			err(1, "load %d: delete_module", i);
		if (!access("/proc/tamalloc", F_OK))
			errx(1, "load %d: unloaded, and there is /proc/tamalloc", i);
		if (syscall(SYS_finit_module, fd, "", 0))
			err(1, "load %d: finit_module", i);
		if (i % 100 == 0)
			printf("# %d of %d, %ld reads\n", i, number, atomic_load(&reads));
	}
	if (!of_summary || of_summary == reads)
		errx(1, "%ld of %ld reads were of summary", atomic_load(&of_summary),
		     atomic_load(&reads));

	return 0;
}
