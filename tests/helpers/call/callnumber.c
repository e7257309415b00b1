// SPDX-License-Identifier: GPL-2.0-only
/* callnumber N: make system call N with 0 as its only argument, print the errno */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long ret;

	if (argc != 2) {
		fputs("usage: callnumber N\n", stderr);
		return 2;
	}
	ret = syscall(strtol(argv[1], NULL, 0), 0L);
	puts(ret == -1 ? strerrorname_np(errno) : "ok");
	return 0;
}
