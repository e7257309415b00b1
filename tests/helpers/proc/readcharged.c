// SPDX-License-Identifier: GPL-2.0-only
/*
 * readcharged: the charge of a reader to its memory cgroup
 *
 * Usage: readcharged idle FILE COUNT
 *        readcharged full FILE
 *
 * idle: read all of FILE through COUNT descriptors with a buffer of 64 KiB, keep them
 * open, and print by how many kB the charge of the cgroup has grown.
 *
 * full: use memory until less than 32 KiB are left below the limit of the cgroup,
 * then read all of FILE with such a buffer. Prints how many bytes there were.
 */
#include <sys/mman.h>

#include "pids.h"

#define PIECE	(64 << 10)

static char buf[4 << 20];

static long long value_of(const char *name)
{
	static char path[512];
	char text[32], line[256], *end;
	size_t len;

	len = read_file("/proc/self/cgroup", line, sizeof(line) - 1, sizeof(line));
	line[len] = '\0';
	end = strchr(line, '\n');
	if (strncmp(line, "0::", 3) || !end)
		errx(1, "in no cgroup: %s", line);
	*end = '\0';
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", line + 3, name);
	text[read_file(path, text, sizeof(text) - 1, sizeof(text))] = '\0';
	return strtoll(text, NULL, 10);
}

static int open_it(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void idle(const char *path, int count)
{
	int *fds = calloc(count, sizeof(*fds));
	long long before;
	int i;

	for (i = 0; i < count; i++)
		fds[i] = open_it(path);
	value_of("memory.current");
	before = value_of("memory.current");
	for (i = 0; i < count; i++)
		read_all(fds[i], buf, sizeof(buf), PIECE);
	printf("%lld\n", (value_of("memory.current") - before) / 1024);
	/* Until here the compiler must not think that they are of no use. */
	for (i = 0; i < count; i++)
		close(fds[i]);
	free(fds);
}

static void full(const char *path)
{
	const size_t size = 64 << 20;
	long long limit = value_of("memory.max");
	int fd = open_it(path);
	size_t at;
	char *p;

	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	for (at = 0; limit - value_of("memory.current") >= 32 << 10; at += 4096) {
		if (at == size)
			errx(1, "the limit of %lld bytes was not reached", limit);
		p[at] = 1;
	}
	printf("%zu\n", read_all(fd, buf, sizeof(buf), PIECE));
}

int main(int argc, char **argv)
{
	memset(buf, 1, sizeof(buf));
	if (argc == 4 && !strcmp(argv[1], "idle"))
		idle(argv[2], atoi(argv[3]));
	else if (argc == 3 && !strcmp(argv[1], "full"))
		full(argv[2]);
	else
		errx(2, "usage: readcharged idle FILE COUNT, or readcharged full FILE");
	return 0;
}
