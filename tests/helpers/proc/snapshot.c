// SPDX-License-Identifier: GPL-2.0-only
/*
 * snapshot: copy pids and summary, read one right after the other
 *
 * Usage: snapshot DIR [MOUNT]
 *
 * Its memory is in place before it reads. So on a system that stands still both files
 * have the same figures, including its own. They go to DIR/pids and DIR/summary.
 */
#include "pids.h"

static char pids[32 << 20], summary[65536], path[4096];

static void put(const char *dir, const char *name, const char *buf, size_t len)
{
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, buf, len) != (ssize_t)len)
		err(1, "%s", path);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *mount = argc > 2 ? argv[2] : "/proc";
	size_t pids_len, summary_len;
	int pids_fd, summary_fd;

	if (argc < 2)
		errx(2, "usage: snapshot DIR [MOUNT]");
	memset(pids, 1, sizeof(pids));
	memset(summary, 1, sizeof(summary));
	snprintf(path, sizeof(path), "%s/tamalloc/pids", mount);
	pids_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pids_fd < 0)
		err(1, "%s", path);
	snprintf(path, sizeof(path), "%s/tamalloc/summary", mount);
	summary_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (summary_fd < 0)
		err(1, "%s", path);
	/* A first read maps all the code that it needs. */
	read_all(pids_fd, pids, sizeof(pids), 65536);
	lseek(pids_fd, 0, SEEK_SET);

	pids_len = read_all(pids_fd, pids, sizeof(pids), 65536);
	summary_len = read_all(summary_fd, summary, sizeof(summary), 65536);
	put(argv[1], "pids", pids, pids_len);
	put(argv[1], "summary", summary, summary_len);
	return 0;
}
