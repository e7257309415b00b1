// SPDX-License-Identifier: GPL-2.0-only
/*
 * look: the processes that this reader sees on a proc mount, and could see there
 *
 * Usage: look MOUNT LAST
 *
 * Prints four lines: "rows" and the PIDs of MOUNT/tamalloc/pids; "open" and the
 * PIDs up to LAST whose MOUNT/PID/status it can open and of which any thread
 * has an address space; "counts", the key Processes, the number of rows; and
 * "sums", pairs of a total of the summary and the sum of the rows.
 */
#include <dirent.h>

#include "pids.h"

static char buf[32 << 20], text[65536], path[4096];

/* Length of the text of a file below MOUNT, or -1. */
static ssize_t get(const char *mount, const char *rest)
{
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", mount, rest);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n >= 0)
		text[n] = '\0';
	return n;
}

static bool has_memory(const char *mount, int pid)
{
	char dir_path[4096], rest[512];
	bool found = false;
	struct dirent *entry;
	DIR *dir;

	snprintf(dir_path, sizeof(dir_path), "%s/%d/task", mount, pid);
	dir = opendir(dir_path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		snprintf(rest, sizeof(rest), "%d/task/%s/status", pid,
			 entry->d_name);
		found = get(mount, rest) > 0 && strstr(text, "\nVmSize:");
	}
	closedir(dir);
	return found;
}

static long long total(const char *key)
{
	const char *p = strstr(text, key);

	return p ? strtoll(p + strlen(key), NULL, 10) : -1;
}

int main(int argc, char **argv)
{
	static const struct { const char *key; int field; } totals[] = {
		{ "TotalReserved:", F_RESERVED }, { "TotalCommitted:", F_COMMITTED },
		{ "TotalRss:", F_RSS }, { "TotalAnon:", F_ANON },
		{ "TotalFile:", F_FILE }, { "TotalShmem:", F_SHMEM },
		{ "TotalSwap:", F_SWAP }, { "TotalHugetlb:", F_HUGETLB },
	};
	long long sum[NR_FIELDS] = {};
	char rest[64];
	const char *mount, *p;
	size_t len, rows = 0;
	struct row row;
	int i, pid, fd;

	if (argc != 3)
		errx(2, "usage: look MOUNT LAST");
	mount = argv[1];
	memset(text, 1, sizeof(text));
	printf("rows");
	snprintf(path, sizeof(path), "%s/tamalloc/pids", mount);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	len = read_all(fd, buf, sizeof(buf) - 1, 65536);
	if (get(mount, "tamalloc/summary") < 0)
		err(1, "%s", path);
	/* Read both without a pause, with memory in place for some more rows. */
	memset(buf + len, 1, sizeof(buf) - len < sizeof(text) ? sizeof(buf) - len : sizeof(text));
	lseek(fd, 0, SEEK_SET);
	len = read_all(fd, buf, sizeof(buf) - 1, 65536);
	get(mount, "tamalloc/summary");
	buf[len] = '\0';
	p = skip_header(buf);
	if (!p)
		errx(1, "no header");
	while (*p) {
		p = parse_row(p, &row);
		if (!p)
			errx(1, "a row does not parse");
		printf(" %lld", row.field[F_PID]);
		rows++;
		for (i = 0; i < NR_FIELDS; i++)
			sum[i] += row.field[i];
	}
	printf("\ncounts %lld %zu\nsums", total("Processes:"), rows);
	for (i = 0; i < (int)(sizeof(totals) / sizeof(totals[0])); i++)
		printf(" %lld %lld", total(totals[i].key),
		       sum[totals[i].field]);
	printf("\nopen");
	for (pid = 1; pid <= atoi(argv[2]) || pid <= getpid(); pid++) {
		snprintf(rest, sizeof(rest), "%d/status", pid);
		if (get(mount, rest) <= 0)
			continue;
		/* A thread can also be looked up by its id. */
		p = strstr(text, "\nTgid:");
		if (!p || atoi(p + 6) != pid)
			continue;
		if (strstr(text, "\nVmSize:") || has_memory(mount, pid))
			printf(" %d", pid);
	}
	putchar('\n');
	return 0;
}
