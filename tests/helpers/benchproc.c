// SPDX-License-Identifier: GPL-2.0-only
/*
 * benchproc: what it costs to learn the memory of all processes
 *
 *   benchproc COUNT METHOD...
 *
 * Starts processes that stand still until COUNT have an address space, then
 * uses each METHOD and prints a line: method, processes found, nanoseconds in
 * all, the same per process, system calls that read. In a guest on the
 * instruction clock a nanosecond is an instruction. Methods:
 *
 *   pids, summary          one descriptor kept open, pread() from 0, 1 MiB buffer
 *   pids_cat, summary_cat  open, read() of 128 KiB until the end, close
 *   four_files             stat, status, oom_score, oom_score_adj of every process,
 *                          openat() on a directory descriptor, one reused buffer
 *   statm                  statm of every process, likewise
 *
 * Each is done twice and the second time counts: the first one pays for the
 * caches, as an agent that reads every few seconds does once.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char buf[1 << 20];
static unsigned long reads;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Reads all of a file; the number of lines. */
static unsigned long read_all(int fd, size_t chunk)
{
	unsigned long lines = 0;
	off_t pos = 0;
	ssize_t n;

	for (;;) {
		n = chunk ? read(fd, buf, chunk) : pread(fd, buf, sizeof(buf), pos);
		if (n < 0)
			err(1, "read");
		reads++;
		if (!n)
			return lines;
		pos += n;
		/* An agent parses; here it only looks at the last byte. */
		lines += buf[n - 1] == '\n';
	}
}

static int kept[2] = { -1, -1 };
static const char * const paths[] = { "/proc/tamalloc/pids", "/proc/tamalloc/summary" };

static unsigned long kept_open(int which)
{
	if (kept[which] < 0)
		kept[which] = open(paths[which], O_RDONLY | O_CLOEXEC);
	if (kept[which] < 0)
		err(1, "%s", paths[which]);
	return read_all(kept[which], 0);
}

static unsigned long like_cat(int which)
{
	int fd = open(paths[which], O_RDONLY | O_CLOEXEC);
	unsigned long lines;

	if (fd < 0)
		err(1, "%s", paths[which]);
	lines = read_all(fd, 128 << 10);
	close(fd);
	return lines;
}

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

/* As tight as it can be made: no stdio, no path walks from the root. */
static unsigned long scan(const char * const *files, size_t count)
{
	static char dents[1 << 16];
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned long found = 0;
	long n, pos;

	if (proc < 0)
		err(1, "/proc");
	while ((n = syscall(SYS_getdents64, proc, dents, sizeof(dents))) > 0) {
		for (pos = 0; pos < n;) {
			struct linux_dirent64 *d = (void *)(dents + pos);
			size_t i, len;
			char path[64];
			int fd;

			pos += d->d_reclen;
			if (d->d_name[0] < '0' || d->d_name[0] > '9')
				continue;
			len = strlen(d->d_name);
			memcpy(path, d->d_name, len);
			path[len++] = '/';
			for (i = 0; i < count; i++) {
				memcpy(path + len, files[i], strlen(files[i]) + 1);
				fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
				if (fd < 0)
					break;
				if (read(fd, buf, sizeof(buf)) < 0)
					warn("%s", path);
				reads++;
				close(fd);
			}
			found += i == count;
		}
	}
	close(proc);
	return found;
}

static unsigned long measure(const char *method)
{
	static const char * const four[] = { "stat", "status", "oom_score", "oom_score_adj" };
	static const char * const statm[] = { "statm" };

	if (!strcmp(method, "pids"))
		return kept_open(0);
	if (!strcmp(method, "summary"))
		return kept_open(1);
	if (!strcmp(method, "pids_cat"))
		return like_cat(0);
	if (!strcmp(method, "summary_cat"))
		return like_cat(1);
	if (!strcmp(method, "four_files"))
		return scan(four, 4);
	if (!strcmp(method, "statm"))
		return scan(statm, 1);
	errx(2, "no such method: %s", method);
}

static unsigned long processes(void)
{
	FILE *f = fopen("/proc/tamalloc/summary", "re");
	unsigned long n = 0;

	if (!f || fscanf(f, "Processes: %lu", &n) != 1)
		errx(1, "no count of processes");
	fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	unsigned long want, have, i;

	if (argc < 3) {
		fputs("usage: benchproc COUNT METHOD...\n", stderr);
		return 2;
	}
	/* The big buffer is touched now, not while the clock runs. */
	memset(buf, 1, sizeof(buf));
	want = strtoul(argv[1], NULL, 10);
	have = processes();
	for (i = have; i < want; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork of process %lu", i);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	}
	/* Let each run once, so that nothing of theirs is left to do. */
	for (i = 0; i < 100; i++)
		usleep(1000);
	want = processes();

	for (argv += 2; *argv; argv++) {
		uint64_t start, cost;
		unsigned long before;

		measure(*argv);
		before = reads;
		start = now();
		measure(*argv);
		cost = now() - start;
		printf("%s %lu %llu %llu %lu\n", *argv, want, (unsigned long long)cost,
		       (unsigned long long)cost / want, reads - before);
		fflush(stdout);
	}
	return 0;
}
