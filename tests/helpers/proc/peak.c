// SPDX-License-Identifier: GPL-2.0-only
/*
 * peak: does the peak of a process go down while it maps, touches and drops?
 *
 * Usage: peak --pids|--status|--both [--threads N] READINGS
 *
 * Takes READINGS of its own COMMITTED_KB in /proc/tamalloc/pids, of its VmHWM
 * in /proc/self/status, or of the latter after a read of the former, while it
 * grows and shrinks. Prints how often a reading was below the one before it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "pids.h"

static char buf[1 << 20];
static atomic_bool done;

/* Sizes that leave the approximate counters behind by different amounts. */
static void *grow(unsigned int *seed, size_t *size)
{
	size_t i;
	char *p;

	*seed = *seed * 1103515245 + 12345;
	*size = ((*seed >> 16) % 200 + 1) << 12;
	p = mmap(NULL, *size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < *size; i += 4096)
		p[i] = 1;
	return p;
}

static void shrink(unsigned int seed, void *p, size_t size)
{
	if (seed & 0x10000 && madvise(p, size, MADV_DONTNEED))
		err(1, "madvise");
	if (munmap(p, size))
		err(1, "munmap");
}

static void *churn(void *arg)
{
	unsigned int seed = (unsigned int)(unsigned long)arg;
	size_t size;
	void *p;

	while (!done) {
		p = grow(&seed, &size);
		shrink(seed, p, size);
	}
	return NULL;
}

static long long from_pids(int fd)
{
	struct row row;
	const char *p;
	size_t len;

	lseek(fd, 0, SEEK_SET);
	len = read_all(fd, buf, sizeof(buf) - 1, sizeof(buf) - 1);
	buf[len] = '\0';
	for (p = skip_header(buf); p && *p; ) {
		p = parse_row(p, &row);
		if (p && row.field[F_PID] == getpid())
			return row.field[F_COMMITTED];
	}
	errx(1, "no row of its own");
}

static long long from_status(int fd)
{
	ssize_t len = pread(fd, buf, sizeof(buf) - 1, 0);
	const char *p;

	if (len < 0)
		err(1, "status");
	buf[len] = '\0';
	p = strstr(buf, "VmHWM:");
	if (!p)
		errx(1, "no VmHWM");
	return strtoll(p + 6, NULL, 10);
}

int main(int argc, char **argv)
{
	bool pids, status;
	long threads = 0, readings, falls = 0, i;
	long long last = 0, now;
	unsigned int seed = 1;
	int pids_fd, status_fd;
	pthread_t thread[16];
	size_t size;
	void *p;

	if (argc < 3)
		errx(2, "usage: peak --pids|--status|--both [--threads N] READINGS");
	pids = strcmp(argv[1], "--status");
	status = strcmp(argv[1], "--pids");
	if (argc == 5 && !strcmp(argv[2], "--threads"))
		threads = atol(argv[3]);
	readings = atol(argv[argc - 1]);
	memset(buf, 1, sizeof(buf));
	pids_fd = open("/proc/tamalloc/pids", O_RDONLY | O_CLOEXEC);
	status_fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (pids_fd < 0 || status_fd < 0)
		err(1, "open");
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, churn, (void *)(i + 7)))
			errx(1, "pthread_create");
	for (i = 0; i < readings; ) {
		p = grow(&seed, &size);
		/* At the peak, and after it. */
		for (int at = 0; at < 2 && i < readings; at++, i++) {
			now = pids ? from_pids(pids_fd) : 0;
			if (status)
				now = from_status(status_fd);
			if (now < last)
				falls++;
			last = now;
			if (!at)
				shrink(seed, p, size);
		}
	}
	done = true;
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("%ld readings, %ld falls\n", readings, falls);
	return 0;
}
