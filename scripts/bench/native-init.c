// SPDX-License-Identifier: GPL-2.0-only
/*
 * native-init: PID 1 of the kernel that "make bench-native" runs as a process. Reads
 * both files among many processes and writes what a read took, in ns per process, to
 * /output:
 *
 *	native-init PROCESSES READS
 *
 *	pids 812.4
 *	summary 301.9
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#define BUFFER	65536

/* Also after an error: a first process that exits is a panic. */
static _Noreturn void end(void)
{
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static _Noreturn void fail(const char *what)
{
	printf("error: %s: %s\n", what, strerror(errno));
	end();
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static unsigned long count_from(const char *text, const char *name)
{
	char *rest;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &rest, 10);
	if (errno || *rest || !n || n > 1000000) {
		errno = EINVAL;
		fail(name);
	}
	return n;
}

/* A process that touches some memory, says so, and waits for ever */
static void stand(unsigned long number, int ready)
{
	size_t size = (number % 16 + 1) * 4096;
	char *memory;

	switch (fork()) {
	case -1:
		fail("fork");
	case 0:
		memory = malloc(size);
		if (!memory)
			_exit(1);
		memset(memory, 1, size);
		if (write(ready, "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
}

/* Read the file from its start to its end. */
static void read_once(int fd, char *buffer)
{
	ssize_t got;

	if (lseek(fd, 0, SEEK_SET))
		fail("lseek");
	while ((got = read(fd, buffer, BUFFER)) > 0)
		;
	if (got)
		fail("read");
}

static unsigned long rows_of(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned long lines = 0;
	int c;

	if (!file)
		fail(path);
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines - 1;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void measure(const char *name, unsigned long rows, unsigned long reads, char *buffer)
{
	uint64_t *took = calloc(reads, sizeof(*took)), start;
	char path[64];
	unsigned long i;
	int fd;

	snprintf(path, sizeof(path), "/proc/tamalloc/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || !took)
		fail(path);
	read_once(fd, buffer);
	for (i = 0; i < reads; i++) {
		start = now_ns();
		read_once(fd, buffer);
		took[i] = now_ns() - start;
	}
	close(fd);
	qsort(took, reads, sizeof(*took), by_value);
	printf("%s %.1f\n", name, (double)took[reads / 2] / rows);
	free(took);
}

int main(int argc, char **argv)
{
	unsigned long processes, reads, rows, i;
	char *buffer = malloc(BUFFER);
	int ready[2];
	char byte;

	if (getpid() != 1 || argc != 3 || !buffer) {
		fputs("Usage: native-init PROCESSES READS, as PID 1\n", stderr);
		return 2;
	}
	/* There is no console. */
	if (!freopen("/output", "w", stdout))
		end();
	processes = count_from(argv[1], "PROCESSES");
	reads = count_from(argv[2], "READS");
	if (mount("proc", "/proc", "proc", 0, NULL))
		fail("mount /proc");
	if (pipe(ready))
		fail("pipe");
	for (i = 1; i < processes; i++)
		stand(i, ready[1]);
	for (i = 1; i < processes; i++)
		if (read(ready[0], &byte, 1) != 1)
			fail("read");
	rows = rows_of("/proc/tamalloc/pids");
	if (rows != processes) {
		printf("error: %lu rows of %lu processes\n", rows, processes);
		end();
	}
	measure("pids", rows, reads, buffer);
	measure("summary", rows, reads, buffer);
	end();
}
