// SPDX-License-Identifier: GPL-2.0-only
/*
 * stand: start processes that stand still, for the tests to measure
 *
 * Forks a process that enters the state that the options describe and then only
 * waits. When it has reached the state, prints its PID and exits; so $(stand ...) in
 * a shell returns when the process is ready. Kill it when done.
 */
#include <errno.h>
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "page.h"
#include "tamalloc.h"
#include "tools/settle.h"

/* What a page table maps */
#define TABLE	(PAGE / sizeof(uint64_t) * PAGE)

static const struct option options[] = {
	{ "anon", required_argument, NULL, 'a' },
	{ "behind", no_argument, NULL, 'b' },
	{ "clone-vm", required_argument, NULL, 'v' },
	{ "comm-hex", required_argument, NULL, 'c' },
	{ "drop", required_argument, NULL, 'd' },
	{ "file", required_argument, NULL, 'f' },
	{ "hugetlb", required_argument, NULL, 'g' },
	{ "leader-exits", no_argument, NULL, 'l' },
	{ "nondumpable", no_argument, NULL, 'n' },
	{ "oom-adj", required_argument, NULL, 'o' },
	{ "reserve", required_argument, NULL, 'r' },
	{ "shmem", required_argument, NULL, 's' },
	{ "sparse", required_argument, NULL, 'p' },
	{ "swap", required_argument, NULL, 'w' },
	{ "tamalloc", required_argument, NULL, 'T' },
	{ "threads", required_argument, NULL, 't' },
	{ "vfork", no_argument, NULL, 'k' },
	{ "zombie", no_argument, NULL, 'z' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static const char usage[] =
"Usage: stand [OPTION...]\n"
"Start a process that stands still, print its PID.\n"
"  --anon KB        touch KB of anonymous memory\n"
"  --behind         do not add the last faults to the counters (before Linux 6.2)\n"
"  --clone-vm N     N more processes that share its address space\n"
"  --comm-hex HEX   name itself these bytes\n"
"  --drop KB        touch KB of anonymous memory and give it back\n"
"  --file PATH      map a file and read all of it\n"
"  --hugetlb KB     touch KB of huge pages of 2 MiB\n"
"  --leader-exits   the main thread exits, another stays\n"
"  --nondumpable    not dumpable\n"
"  --oom-adj N      set oom_score_adj\n"
"  --reserve KB     map KB and touch nothing\n"
"  --shmem KB       touch KB of shared memory\n"
"  --sparse N       touch N pages, each in a page table of its own\n"
"  --swap KB        touch KB of anonymous memory and ask to swap it out\n"
"  --tamalloc KB    reserve KB with tamalloc, touch nothing\n"
"  --threads N      N more threads\n"
"  --vfork          a vfork child that stands too\n"
"  --zombie         a child that has ended and is not waited for\n";

static unsigned long number(const char *arg)
{
	char *end;
	unsigned long val;

	errno = 0;
	val = strtoul(arg, &end, 10);
	if (errno || end == arg || *end)
		errx(2, "not a number: %s", arg);
	return val;
}

static void *map(size_t size, int flags)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap of %zu bytes", size);
	return p;
}

static void *touched(size_t size, int flags)
{
	char *p = map(size, flags);
	size_t i;

	for (i = 0; i < size; i += PAGE)
		p[i] = 1;
	return p;
}

static void map_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	volatile char sink;
	off_t size, i;
	char *p;

	if (fd < 0)
		err(1, "%s", path);
	size = lseek(fd, 0, SEEK_END);
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		err(1, "mmap of %s", path);
	close(fd);
	for (i = 0; i < size; i += (off_t)PAGE)
		sink = p[i];
	(void)sink;
}

static void set_comm(const char *hex)
{
	char name[16] = "";
	size_t i, n = strlen(hex) / 2;

	for (i = 0; i < n && i < sizeof(name) - 1; i++) {
		unsigned int byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			errx(2, "not hexadecimal: %s", hex);
		name[i] = (char)byte;
	}
	if (prctl(PR_SET_NAME, name))
		err(1, "PR_SET_NAME");
}

static void set_oom_adj(const char *adj)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, adj, strlen(adj)) < 0)
		err(1, "oom_score_adj");
	close(fd);
}

static void stand_still(void)
{
	for (;;)
		pause();
}

static int stand_clone(void *arg)
{
	(void)arg;
	stand_still();
	return 0;
}

static void *stand_thread(void *arg)
{
	(void)arg;
	stand_still();
	return NULL;
}

static int ready_fd;
static bool leader_exits;
static bool behind;

static void ready(void)
{
	if (!behind)
		settle_counters();
	if (write(ready_fd, "", 1) != 1)
		_exit(1);
	close(ready_fd);
}

/* When the main thread is a zombie, report that all is set up. */
static void *report_leader(void *arg)
{
	(void)arg;
	for (;;) {
		FILE *f = fopen("/proc/self/stat", "re");
		char buf[512], *end;

		if (f && fgets(buf, sizeof(buf), f)) {
			end = strrchr(buf, ')');
			if (end && end[2] == 'Z') {
				fclose(f);
				break;
			}
		}
		if (f)
			fclose(f);
		sched_yield();
	}
	ready();
	stand_still();
	return NULL;
}

static void make_zombie(void)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid)
		_exit(0);
	if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT))
		err(1, "waitid");
}

static void set_up(int argc, char **argv)
{
	size_t size;
	char *p;
	int opt, i;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'a':
			touched(number(optarg) << 10, MAP_PRIVATE);
			break;
		case 'b':
			behind = true;
			break;
		case 'c':
			set_comm(optarg);
			break;
		case 'd':
			size = number(optarg) << 10;
			if (munmap(touched(size, MAP_PRIVATE), size))
				err(1, "munmap");
			break;
		case 'f':
			map_file(optarg);
			break;
		case 'g':
			/* Not of the default size, which is 512 MiB with pages of 64 KiB */
			touched(number(optarg) << 10,
				MAP_PRIVATE | MAP_HUGETLB | 21 << MAP_HUGE_SHIFT);
			break;
		case 'l':
			leader_exits = true;
			break;
		case 'n':
			if (prctl(PR_SET_DUMPABLE, 0))
				err(1, "PR_SET_DUMPABLE");
			break;
		case 'o':
			set_oom_adj(optarg);
			break;
		case 'r':
			map(number(optarg) << 10, MAP_PRIVATE | MAP_NORESERVE);
			break;
		case 's':
			touched(number(optarg) << 10, MAP_SHARED);
			break;
		case 'p':
			size = number(optarg) * TABLE;
			p = map(size, MAP_PRIVATE | MAP_NORESERVE);
			madvise(p, size, MADV_NOHUGEPAGE);
			for (; size; size -= TABLE, p += TABLE)
				*p = 1;
			break;
		case 'w':
			size = number(optarg) << 10;
			p = touched(size, MAP_PRIVATE);
			if (madvise(p, size, MADV_PAGEOUT))
				err(1, "MADV_PAGEOUT");
			break;
		case 'T':
			if (!tamalloc(number(optarg) << 10))
				err(1, "tamalloc");
			break;
		case 't':
			for (i = number(optarg); i > 0; i--) {
				pthread_t thread;

				if (pthread_create(&thread, NULL, stand_thread, NULL))
					errx(1, "pthread_create");
			}
			break;
		case 'v':
			for (i = number(optarg); i > 0; i--) {
				char *stack = map(16384, MAP_PRIVATE);

				if (clone(stand_clone, stack + 16384,
					  CLONE_VM | SIGCHLD, NULL) < 0)
					err(1, "clone");
			}
			break;
		case 'k':
			/* The parent waits in vfork() for as long as the child lives. */
			ready();
			if (vfork() == 0)
				stand_still();
			err(1, "vfork");
		case 'z':
			make_zombie();
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	int ends[2], status;
	char byte;
	pid_t pid;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	if (pipe(ends))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) == 1) {
			printf("%d\n", pid);
			return 0;
		}
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
			return WEXITSTATUS(status);
		return 1;
	}

	/* Hold nothing open that a shell waits for. */
	ready_fd = fcntl(ends[1], F_DUPFD_CLOEXEC, 200);
	setsid();
	close(0);
	open("/dev/null", O_RDWR);
	dup2(0, 1);
	close_range(3, 199, 0);

	set_up(argc, argv);
	/* No more errors to print. */
	dup2(0, 2);
	if (leader_exits) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, report_leader, NULL))
			errx(1, "pthread_create");
		/* Ends this thread alone, without the C library's rundown. */
		syscall(SYS_exit, 0);
	}
	ready();
	stand_still();
	return 0;
}
