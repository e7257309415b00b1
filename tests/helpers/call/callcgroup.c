// SPDX-License-Identifier: GPL-2.0-only
/*
 * callcgroup WAY MIB TOUCH: reserve MIB mebibytes, write to the first TOUCH of
 * them, and print the kB that the cgroup "limits" is charged: before the call,
 * after the call, and after the write.
 */
#include "ways.h"

#define CURRENT	"/sys/fs/cgroup/limits/memory.current"

static long current_kb(void)
{
	return strtol(slurp(CURRENT), NULL, 10) >> 10;
}

int main(int argc, char **argv)
{
	long before, called;
	size_t i, touch;
	char *p;

	if (argc != 4) {
		fputs("usage: callcgroup WAY MIB TOUCH\n", stderr);
		return 2;
	}
	touch = strtoul(argv[3], NULL, 10) << 20;
	current_kb();
	before = current_kb();
	p = ask_or_exit(find_way(argv[1]), strtoul(argv[2], NULL, 10) << 20);
	called = current_kb();
	for (i = 0; i < touch; i += PAGE)
		p[i] = 1;
	printf("%ld %ld %ld\n", before, called, current_kb());
	return 0;
}
