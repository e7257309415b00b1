// SPDX-License-Identifier: GPL-2.0-only
/*
 * differences: compare rows of pids with the kernel's own files
 *
 * Usage: differences FILE PID...
 *
 * For each of these processes, prints every field in which its row in FILE, a copy of
 * pids, differs from what the kernel shows in /proc/PID and /sys/fs/cgroup. The
 * processes must stand still. A program and no script, because there may be 10,000.
 */
#include <sys/stat.h>

#include "pids.h"

#define MAX_COLUMNS	32
/* The kernel's PID_MAX_LIMIT */
#define MAX_PIDS	(1 << 22)

/* Columns that equal a line of /proc/PID/status */
static const struct {
	const char *column, *line;
} in_status[] = {
	{ "RESERVED_KB", "VmSize" }, { "COMMITTED_KB", "VmHWM" }, { "RSS_KB", "VmRSS" },
	{ "ANON_KB", "RssAnon" }, { "FILE_KB", "RssFile" }, { "SHMEM_KB", "RssShmem" },
	{ "SWAP_KB", "VmSwap" }, { "HUGETLB_KB", "HugetlbPages" }, { "PGTABLES_KB", "VmPTE" },
	{ "PPID", "PPid" },
};

static char file[32 << 20];
static char *columns[MAX_COLUMNS];
static int nr_columns;
static const char *rows[MAX_PIDS];	/* by process id */

/* The words of a line, which this cuts up. Returns their number. */
static int split(char *line, char **words)
{
	int n = 0;

	for (line = strtok(line, " "); line && n < MAX_COLUMNS; line = strtok(NULL, " "))
		words[n++] = line;
	return n;
}

/* What /proc/PID/@name holds, without a last newline; nothing if it is missing. */
static const char *slurp(const char *pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t len = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, text, size - 1);
		close(fd);
	}
	if (len > 0 && text[len - 1] == '\n')
		len--;
	text[len > 0 ? len : 0] = '\0';
	return text;
}

/* Word @n of a line of status; 0 for a kind of memory that was never used. */
static const char *status_of(const char *status, const char *line, int n)
{
	static char word[32];
	const char *p;
	size_t len;

	for (p = status; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		len = strlen(line);
		if (strncmp(p, line, len) || p[len] != ':')
			continue;
		for (p += len + 1; ; p += strcspn(p, " \t\n")) {
			p += strspn(p, " \t");
			if (!--n)
				break;
		}
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(p, " \t\n"), p);
		return word;
	}
	return "0";
}

/* Field @n of stat, counted from the last parenthesis, because the name may hold any. */
static const char *stat_of(char *stat, int n)
{
	char *words[MAX_COLUMNS], *end = strrchr(stat, ')');

	return end && split(end + 1, words) > n - 3 ? words[n - 3] : "";
}

/* The inode number of the directory that /proc/PID/cgroup names; 0 without cgroups. */
static const char *inode_of(char *text)
{
	static char inode[32], path[4096];
	const char *p = strncmp(text, "0::", 3) ? strstr(text, "\n0::") : text;
	struct stat st;

	if (access("/proc/self/cgroup", F_OK))
		return "0";
	if (p)
		p = strchr(p, '/');
	snprintf(path, sizeof(path), "/sys/fs/cgroup%.*s", p ? (int)strcspn(p, "\n") : 1,
		 p ? p : "/");
	if (stat(path, &st))
		return "no directory";
	snprintf(inode, sizeof(inode), "%lu", (unsigned long)st.st_ino);
	return inode;
}

static void check(const char *pid, char **fields, const char *column, const char *expected)
{
	const char *actual = "no column";
	int i;

	for (i = 0; i < nr_columns; i++)
		if (!strcmp(columns[i], column))
			actual = fields[i] ?: "no field";
	if (strcmp(actual, expected))
		printf("PID %s %s: expected %s, actual %s\n", pid, column, expected, actual);
}

static void compare(const char *pid, const char *row, size_t len)
{
	char *fields[MAX_COLUMNS] = {}, line[1024], status[4096], text[4096], pct[32];
	long long size, peak;
	size_t i;

	snprintf(line, sizeof(line), "%.*s", (int)len, row);
	split(line, fields);
	slurp(pid, "status", status, sizeof(status));
	check(pid, fields, "UID", status_of(status, "Uid", 2));
	for (i = 0; i < sizeof(in_status) / sizeof(in_status[0]); i++)
		check(pid, fields, in_status[i].column, status_of(status, in_status[i].line, 1));
	size = atoll(status_of(status, "VmSize", 1));
	peak = atoll(status_of(status, "VmHWM", 1));
	size = size ? peak * 10000 / size : 0;
	snprintf(pct, sizeof(pct), "%lld.%02lld", size / 100, size % 100);
	check(pid, fields, "COMMITTED_PCT", pct);
	slurp(pid, "stat", text, sizeof(text));
	check(pid, fields, "STARTTIME", stat_of(text, 22));
	check(pid, fields, "OOM_SCORE", slurp(pid, "oom_score", text, sizeof(text)));
	check(pid, fields, "OOM_SCORE_ADJ", slurp(pid, "oom_score_adj", text, sizeof(text)));
	slurp(pid, "cgroup", text, sizeof(text));
	check(pid, fields, "CGROUP", inode_of(text));
	check(pid, fields, "NAME", slurp(pid, "comm", text, sizeof(text)));
}

int main(int argc, char **argv)
{
	const char *row;
	char *end;
	int i, pid;

	if (argc < 3)
		errx(2, "usage: differences FILE PID...");
	read_file(argv[1], file, sizeof(file) - 1, 1 << 20);
	end = strchr(file, '\n');
	if (!end)
		errx(1, "%s: no header", argv[1]);
	for (row = end + 1; *row; row += row[0] == '\n') {
		pid = atoi(row);
		if (pid > 0 && pid < MAX_PIDS)
			rows[pid] = row;
		row += strcspn(row, "\n");
	}
	*end = '\0';
	nr_columns = split(file, columns);
	for (i = 2; i < argc; i++) {
		pid = atoi(argv[i]);
		row = pid > 0 && pid < MAX_PIDS ? rows[pid] : NULL;
		if (row)
			compare(argv[i], row, strcspn(row, "\n"));
		else
			printf("PID %s: expected a row, actual none\n", argv[i]);
	}
	return 0;
}
