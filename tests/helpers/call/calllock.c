// SPDX-License-Identifier: GPL-2.0-only
/*
 * calllock WAY KB: how many kB does a call make resident, without mlockall(),
 * under MCL_FUTURE, and under MCL_FUTURE with MCL_ONFAULT? A line each.
 */
#include "ways.h"

static void print_growth(const char *name, const struct way *way, size_t size)
{
	long before;

	status_kb("RssAnon");
	before = status_kb("RssAnon");
	ask_or_exit(way, size);
	printf("%s %ld\n", name, status_kb("RssAnon") - before);
}

int main(int argc, char **argv)
{
	const struct way *way;
	static char buf[4096];
	size_t size;

	if (argc != 3) {
		fputs("usage: calllock WAY KB\n", stderr);
		return 2;
	}
	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
	memset(buf, 0, sizeof(buf));
	way = find_way(argv[1]);
	size = strtoul(argv[2], NULL, 10) << 10;

	print_growth("plain", way, size);
	if (mlockall(MCL_FUTURE))
		err(1, "mlockall");
	print_growth("future", way, size);
	if (mlockall(MCL_FUTURE | MCL_ONFAULT))
		err(1, "mlockall");
	print_growth("onfault", way, size);
	return 0;
}
