// SPDX-License-Identifier: GPL-2.0-only
/*
 * callcase: one way of asking for memory, under one limit, for several sizes
 *
 * Each size is tried in a process of its own. A line per size goes to standard
 * output. Its numbers are differences in kB, except MAPS, the number of mappings:
 *
 *   SIZE ok   VMSIZE MAPS COMMITTED LOCKED VMSIZE_FREED COMMITTED_FREED PLACE
 *   SIZE ERRNO VMSIZE MAPS COMMITTED LOCKED
 *
 * The first four show the change that the call made, the next two the change that
 * remains after munmap(). PLACE is "low" for an address below 4 GiB, else "high".
 */
#include <getopt.h>
#include <stdbool.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ways.h"

#ifndef ADDR_LIMIT_3GB
#define ADDR_LIMIT_3GB	0x8000000
#endif

static const struct option options[] = {
	{ "way", required_argument, NULL, 'w' },
	{ "as", required_argument, NULL, 'a' },
	{ "data", required_argument, NULL, 'd' },
	{ "memlock", required_argument, NULL, 'm' },
	{ "lock-future", no_argument, NULL, 'l' },
	{ "lock-onfault", no_argument, NULL, 'o' },
	{ "unprivileged", no_argument, NULL, 'u' },
	{ "maps-left", required_argument, NULL, 'f' },
	{ "3gb", no_argument, NULL, '3' },
	{ }
};

static const char usage[] =
"Usage: callcase --way WAY [OPTION...] SIZE...\n"
"  --as KB, --data KB   the limit allows so much more than there is now\n"
"  --memlock KB         RLIMIT_MEMLOCK\n"
"  --lock-future        mlockall(MCL_FUTURE)\n"
"  --lock-onfault       mlockall(MCL_FUTURE | MCL_ONFAULT)\n"
"  --unprivileged       as uid 1000, without capabilities\n"
"  --maps-left N        N more mappings until vm.max_map_count is exceeded\n"
"  --3gb                personality ADDR_LIMIT_3GB\n";

static const struct way *way = &ways[0];
static long as_kb = -1, data_kb = -1, memlock_kb = -1, maps_left = -1;
static int lock;
static bool unprivileged, limit_3gb;

static void limit(int resource, const char *name, rlim_t bytes)
{
	struct rlimit r = { bytes, bytes };

	if (setrlimit(resource, &r))
		err(1, "%s", name);
}

/*
 * Map so much that @left more mappings can be made. Shared ones never merge.
 * The kernel refuses only if there are more mappings than the limit. The line
 * [vsyscall] of maps is no mapping.
 */
static void fill_maps(long left)
{
	long max = strtol(slurp("/proc/sys/vm/max_map_count"), NULL, 10);
	long count = map_count() - !!strstr(slurp("/proc/self/maps"), "[vsyscall]");

	for (; count < max + 1 - left; count++)
		if (!way_shared(PAGE))
			err(1, "mapping number %ld", count + 1);
}

static void set_scene(void)
{
	if (memlock_kb >= 0)
		limit(RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK", (rlim_t)memlock_kb << 10);
	if (unprivileged) {
		if (setgid(1000) || setuid(1000))
			err(1, "setuid");
		if (prctl(PR_SET_DUMPABLE, 1))
			err(1, "PR_SET_DUMPABLE");
	}
	if (limit_3gb && personality(ADDR_LIMIT_3GB) == -1)
		err(1, "personality");
	if (maps_left >= 0)
		fill_maps(maps_left);
	if (lock && mlockall(lock))
		err(1, "mlockall");
	if (as_kb >= 0)
		limit(RLIMIT_AS, "RLIMIT_AS",
		      (rlim_t)(status_kb("VmSize") + as_kb) << 10);
	if (data_kb >= 0)
		limit(RLIMIT_DATA, "RLIMIT_DATA",
		      (rlim_t)(status_kb("VmData") + data_kb) << 10);
}

/* For the test that compares the man page with the errors that tests saw */
static void write_down(const char *name)
{
	int fd = open("/tmp/errnos-seen", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		err(1, "/tmp/errnos-seen");
	/* Later runs are not root. Only the owner can change the mode. */
	if (fchmod(fd, 0666) && errno != EPERM)
		err(1, "/tmp/errnos-seen");
	dprintf(fd, "%s\n", name);
	close(fd);
}

static void try(const char *text)
{
	uint64_t size = strtoull(text, NULL, 0);
	long vmsize, maps, committed, locked;
	uintptr_t p;
	int error;

	set_scene();
	vmsize = status_kb("VmSize");
	maps = map_count();
	locked = status_kb("VmLck");
	committed = committed_kb();

	errno = 0;
	p = way->ask(size);
	error = errno;

	printf("%s %s %ld %ld %ld %ld", text, p ? "ok" : strerrorname_np(error),
	       status_kb("VmSize") - vmsize, map_count() - maps,
	       committed_kb() - committed, status_kb("VmLck") - locked);
	if (!p && way->ask == way_tamalloc)
		write_down(strerrorname_np(error));
	if (p) {
		/* int 0x80 takes only the lower half of the argument as the size. */
		if (!strncmp(way->name, "int80", 5))
			size = (uint32_t)size;
		if (p % PAGE)
			errx(1, "the address %#zx is not page-aligned", (size_t)p);
		if (munmap((void *)p, (size_t)size))
			err(1, "munmap");
		printf(" %ld %ld %s", status_kb("VmSize") - vmsize,
		       committed_kb() - committed,
		       (uint64_t)p >> 32 ? "high" : "low");
	}
	putchar('\n');
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static char buf[4096];
	int opt, status;

	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'w':
			way = find_way(optarg);
			break;
		case 'a':
			as_kb = strtol(optarg, NULL, 10);
			break;
		case 'd':
			data_kb = strtol(optarg, NULL, 10);
			break;
		case 'm':
			memlock_kb = strtol(optarg, NULL, 10);
			break;
		case 'l':
			lock = MCL_FUTURE;
			break;
		case 'o':
			lock = MCL_FUTURE | MCL_ONFAULT;
			break;
		case 'u':
			unprivileged = true;
			break;
		case 'f':
			maps_left = strtol(optarg, NULL, 10);
			break;
		case '3':
			limit_3gb = true;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind == argc) {
		fputs(usage, stderr);
		return 2;
	}

	for (; optind < argc; optind++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid) {
			try(argv[optind]);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			errx(1, "size %s: ended with status %#x", argv[optind], status);
	}
	return 0;
}
