// SPDX-License-Identifier: GPL-2.0-only
/*
 * unchanged: does a process differ for having been looked at?
 *
 * Usage: unchanged FILE ROUNDS
 *
 * Resets its peak, grows by some pages, and shrinks; then the same again, but at
 * its largest, another process reads all of FILE. Compares VmHWM, ru_maxrss and
 * smaps_rollup after the two. Prints how many rounds there were, and how many
 * differed.
 *
 * The pages are too few for the kernel to notice the peak by itself: they stay in
 * the share of one CPU, so what was read exactly would show.
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "page.h"
#include "pids.h"

#define PAGES_MAX	8

struct figures {
	long long hwm;
	long maxrss;
	char smaps[4096];
};

static char buf[1 << 20];
static int ask[2], answer[2];

static int open_or_exit(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void pass(int fd, char byte)
{
	if (write(fd, &byte, 1) != 1)
		err(1, "write");
}

static char await(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		exit(0);
	return byte;
}

static void reader(const char *path)
{
	int fd = open_or_exit(path, O_RDONLY);

	close(ask[1]);
	for (;;) {
		if (await(ask[0]) == 'r') {
			lseek(fd, 0, SEEK_SET);
			read_all(fd, buf, sizeof(buf), sizeof(buf));
		}
		pass(answer[1], '.');
	}
}

static void grow_and_shrink(int pages, char what, struct figures *figures)
{
	static int refs = -1, status = -1, smaps = -1;
	struct rusage usage;
	const char *hwm;
	ssize_t len;
	char *p;
	int i;

	if (refs < 0) {
		refs = open_or_exit("/proc/self/clear_refs", O_WRONLY);
		status = open_or_exit("/proc/self/status", O_RDONLY);
		smaps = open_or_exit("/proc/self/smaps_rollup", O_RDONLY);
	}
	if (write(refs, "5", 1) != 1)
		err(1, "clear_refs");
	p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < pages; i++)
		p[i * PAGE] = 1;
	pass(ask[1], what);
	await(answer[0]);
	munmap(p, pages * PAGE);

	len = pread(status, buf, sizeof(buf) - 1, 0);
	if (len < 0)
		err(1, "status");
	buf[len] = '\0';
	hwm = strstr(buf, "VmHWM:");
	if (!hwm || getrusage(RUSAGE_SELF, &usage))
		errx(1, "no VmHWM or no ru_maxrss");
	figures->hwm = strtoll(hwm + 6, NULL, 10);
	figures->maxrss = usage.ru_maxrss;
	len = pread(smaps, figures->smaps, sizeof(figures->smaps) - 1, 0);
	if (len < 0)
		err(1, "smaps_rollup");
	figures->smaps[len] = '\0';
}

int main(int argc, char **argv)
{
	static struct figures without, with;
	int rounds, differ = 0, i;
	cpu_set_t cpus;
	pid_t pid;

	if (argc != 3)
		errx(2, "usage: unchanged FILE ROUNDS");
	rounds = atoi(argv[2]);
	memset(buf, 1, sizeof(buf));
	memset(&without, 1, sizeof(without));
	memset(&with, 1, sizeof(with));
	if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid)
		reader(argv[1]);
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		err(1, "sched_setaffinity");
	/*
	 * Until all that is used is present and the share of the CPU has settled. A
	 * read as well: after it, the reader no longer shares the pages of its buffer.
	 */
	for (i = 0; i < 4; i++) {
		grow_and_shrink(PAGES_MAX, '-', &without);
		grow_and_shrink(PAGES_MAX, 'r', &with);
	}

	for (i = 0; i < rounds; i++) {
		int pages = 1 + i % PAGES_MAX;

		grow_and_shrink(pages, '-', &without);
		grow_and_shrink(pages, 'r', &with);
		if (with.hwm == without.hwm && with.maxrss == without.maxrss &&
		    !strcmp(with.smaps, without.smaps))
			continue;
		if (!differ++)
			fprintf(stderr,
				"%d pages: expected VmHWM %lld and ru_maxrss %ld, actual %lld and %ld\n",
				pages, without.hwm, without.maxrss, with.hwm, with.maxrss);
	}
	close(ask[1]);
	waitpid(pid, NULL, 0);
	printf("%d rounds, %d differ\n", rounds, differ);
	return 0;
}
