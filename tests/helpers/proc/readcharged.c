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
 * full: leave less than 64 KiB below the limit of the cgroup, then read all of FILE with
 * such a buffer. Prints how many bytes there were.
 */
#include "pids.h"

#define PIECE	(64 << 10)

static char buf[4 << 20];

/* The path of file NAME of the own cgroup */
static const char *path_of(const char *name)
{
	static char path[512];
	char line[256], *end;
	size_t len;

	len = read_file("/proc/self/cgroup", line, sizeof(line) - 1, sizeof(line));
	line[len] = '\0';
	end = strchr(line, '\n');
	if (strncmp(line, "0::", 3) || !end)
		errx(1, "in no cgroup: %s", line);
	*end = '\0';
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", line + 3, name);
	return path;
}

static long long value_of(const char *name)
{
	char text[32];

	text[read_file(path_of(name), text, sizeof(text) - 1, sizeof(text))] = '\0';
	return strtoll(text, NULL, 10);
}

static int open_it(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

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
		fds[i] = open_it(path, O_RDONLY);
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

static void set(int fd, const char *value)
{
	if (write(fd, value, strlen(value)) < 0)
		err(1, "cannot set a limit to %s", value);
}

static void full(const char *path)
{
	int fd = open_it(path, O_RDONLY);
	int current = open_it(path_of("memory.current"), O_RDONLY);
	int high = open_it(path_of("memory.high"), O_WRONLY);
	int max = open_it(path_of("memory.max"), O_WRONLY);
	char text[32] = "";

	/* So that the next one has its buffer, and nothing is charged from then on */
	pread(current, text, sizeof(text) - 1, 0);
	/* A processor charges 64 pages ahead; at the high limit it gives them back. */
	set(high, "0");
	set(high, "max");
	if (pread(current, text, sizeof(text) - 1, 0) <= 0)
		err(1, "memory.current");
	snprintf(text, sizeof(text), "%lld", strtoll(text, NULL, 10) + (48 << 10));
	set(max, text);
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
