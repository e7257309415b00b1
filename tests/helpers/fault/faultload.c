// SPDX-License-Identifier: GPL-2.0-only
/*
 * faultload: load the module with the first, the second, ... place failing that
 * can, until there are no more of them
 *
 * Usage: faultload FILE
 *
 * FILE is the module, uncompressed. Each load must succeed or give ENOMEM or EFAULT. After
 * a failure there is no /proc/tamalloc; after a success there is, and the module
 * is unloaded again.
 *
 * Prints how many faults were injected, how often a load failed and how often it
 * succeeded nevertheless.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NTH_MAX	20000

int main(int argc, char **argv)
{
	int nth_fd, fd, nth, injected = 0, failed = 0;
	char text[16];
	long ret;

	if (argc != 2)
		errx(2, "usage: faultload FILE");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		err(1, "fail-nth");

	for (nth = 1; ; nth++) {
		int error, left, len = snprintf(text, sizeof(text), "%d", nth);

		if (nth > NTH_MAX)
			errx(1, "no end of faults");
		if (write(nth_fd, text, len) != len)
			err(1, "fail-nth");
		ret = syscall(SYS_finit_module, fd, "", 0);
		error = errno;

		/* What is left of the number; 0 if the fault was injected. */
		memset(text, 0, sizeof(text));
		if (pread(nth_fd, text, sizeof(text) - 1, 0) <= 0)
			text[0] = '0';
		left = atoi(text);
		while (write(nth_fd, "0", 1) != 1)
			if (errno != EFAULT && errno != ENOMEM)
				err(1, "fail-nth");

		injected += left == 0;
		if (ret) {
			failed++;
			if (left)
				errx(1, "fault %d: it failed by itself: %s", nth,
				     strerror(error));
			/* The module's arguments are copied from the program. */
			if (error != ENOMEM && error != EFAULT)
				errx(1, "fault %d: %s", nth, strerror(error));
			if (!access("/proc/tamalloc", F_OK))
				errx(1, "fault %d: it failed and left /proc/tamalloc", nth);
			continue;
		}
		if (access("/proc/tamalloc/pids", R_OK) ||
		    access("/proc/tamalloc/summary", R_OK))
			errx(1, "fault %d: it succeeded without its files", nth);
		if (syscall(SYS_delete_module, "tamalloc", O_NONBLOCK))
			err(1, "fault %d: delete_module", nth);
		if (left)
			break;
	}
	printf("injected %d failed %d success %d\n", injected, failed, injected - failed);

	return 0;
}
