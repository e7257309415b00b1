/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

/* Whether faults may hit this process and its future children */
static inline void may_fail(bool yes)
{
	int fd = open("/proc/self/make-it-fail", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, yes ? "1" : "0", 1) != 1)
		err(1, "make-it-fail");
	close(fd);
}

#endif
