// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compare /proc/tamalloc/pids and summary with /proc/PID/status of a process
 * that stands still.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest.h"
#include "../kselftest_harness.h"

#define PIDS	"/proc/tamalloc/pids"
#define SUMMARY	"/proc/tamalloc/summary"

/* Columns that equal a line of status; both have sizes in kB */
static const struct {
	const char *column;
	const char *key;
} sources[] = {
	{ "PID", "Pid:" },
	{ "RESERVED_KB", "VmSize:" },
	{ "COMMITTED_KB", "VmHWM:" },
	{ "RSS_KB", "VmRSS:" },
	{ "ANON_KB", "RssAnon:" },
	{ "FILE_KB", "RssFile:" },
	{ "SHMEM_KB", "RssShmem:" },
	{ "SWAP_KB", "VmSwap:" },
	{ "PGTABLES_KB", "VmPTE:" },
	{ "PPID", "PPid:" },
};

/* All of a file, in reads of @step bytes. The caller frees it. */
static char *read_all(int fd, size_t step)
{
	size_t len = 0, size = 0;
	char *text = NULL;
	ssize_t got;

	do {
		if (size - len < step + 1) {
			size = 2 * size + step + 1;
			text = realloc(text, size);
			if (!text)
				abort();
		}
		got = read(fd, text + len, step);
		if (got > 0)
			len += got;
	} while (got > 0);

	text[len] = '\0';
	if (got < 0) {
		free(text);
		return NULL;
	}

	return text;
}

static char *read_file(const char *path, size_t step)
{
	int fd = open(path, O_RDONLY);
	char *text;

	if (fd < 0)
		return NULL;
	text = read_all(fd, step);
	close(fd);

	return text;
}

/* The number after @key at the start of a line, or -1 */
static long long value_of(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *line;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len))
			return atoll(line + len);
	}

	return -1;
}

/* The index of the field @name in the header, from 0, or -1 */
static int column_of(const char *text, const char *name)
{
	size_t len = strcspn(text, "\n");
	char *copy = strndup(text, len), *rest = copy, *word;
	int at = -1, i = 0;

	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		if (!strcmp(word, name))
			at = i;
		i++;
	}
	free(copy);

	return at;
}

static size_t token_len(const char *s)
{
	size_t len = 0;

	while (s[len] && s[len] != ' ' && s[len] != '\n')
		len++;

	return len;
}

/* Field @at of the line, or -1 */
static long long field(const char *line, int at)
{
	for (; at >= 0; at--) {
		line += strspn(line, " ");
		if (!at)
			return atoll(line);
		line += token_len(line);
	}

	return -1;
}

/* The number of rows of @pid; @row is the last of them. */
static int rows_of(const char *text, pid_t pid, const char **row)
{
	const char *line = text;
	int n = 0;

	while ((line = strchr(line, '\n')) && *++line) {
		if (field(line, 0) == pid) {
			*row = line;
			n++;
		}
	}

	return n;
}

FIXTURE(proc_tamalloc)
{
	pid_t pid;
};

/* A child with memory of its own, which it touches no more */
FIXTURE_SETUP(proc_tamalloc)
{
	const size_t size = 4 << 20;
	int ready[2];
	char byte;

	if (access(PIDS, F_OK) && errno == ENOENT)
		SKIP(return, "the kernel has no " PIDS);

	ASSERT_EQ(0, pipe(ready));
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		char *area = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (area == MAP_FAILED)
			_exit(1);
		memset(area, 1, size);
		/* The peak stays above the resident size. */
		munmap(area, size / 2);
		prctl(PR_SET_NAME, "a \\b");
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	close(ready[0]);
}

FIXTURE_TEARDOWN(proc_tamalloc)
{
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		waitpid(self->pid, NULL, 0);
	}
}

TEST_F(proc_tamalloc, header)
{
	char *text = read_file(PIDS, 65536);
	const char *line;
	int columns;

	ASSERT_NE(NULL, text);
	columns = column_of(text, "NAME") + 1;
	EXPECT_EQ(0, column_of(text, "PID"));
	EXPECT_LT(0, columns);
	/* NAME is the last field of every row. */
	for (line = text; *line; line += strcspn(line, "\n") + 1) {
		int n = 0, at = 0;

		while (line[at] != '\n') {
			at += strspn(line + at, " ");
			at += token_len(line + at);
			n++;
		}
		EXPECT_EQ(columns, n);
	}
	free(text);
}

TEST_F(proc_tamalloc, row_equals_status)
{
	char path[64], *text, *status;
	const char *row, *name;
	size_t i;

	snprintf(path, sizeof(path), "/proc/%d/status", self->pid);
	status = read_file(path, 65536);
	text = read_file(PIDS, 65536);
	ASSERT_NE(NULL, status);
	ASSERT_NE(NULL, text);
	ASSERT_EQ(1, rows_of(text, self->pid, &row));

	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		int at = column_of(text, sources[i].column);

		ASSERT_LE(0, at) {
			TH_LOG("there is no column %s", sources[i].column);
		}
		EXPECT_EQ(value_of(status, sources[i].key), field(row, at)) {
			TH_LOG("%s is not %s", sources[i].column, sources[i].key);
		}
	}
	/* Control: the peak and the present size differ. */
	EXPECT_LT(field(row, column_of(text, "RSS_KB")),
		  field(row, column_of(text, "COMMITTED_KB")));

	/* A name is one token. */
	name = row + strcspn(row, "\n") - strlen(" a\\040\\134b");
	EXPECT_EQ(0, strncmp(name, " a\\040\\134b\n", strlen(" a\\040\\134b\n")));
	free(status);
	free(text);
}

TEST_F(proc_tamalloc, small_reads)
{
	const char *row, *row1;
	char *text, *text1;

	text = read_file(PIDS, 65536);
	text1 = read_file(PIDS, 7);
	ASSERT_NE(NULL, text);
	ASSERT_NE(NULL, text1);
	ASSERT_EQ(1, rows_of(text, self->pid, &row));
	ASSERT_EQ(1, rows_of(text1, self->pid, &row1));
	EXPECT_EQ(0, strncmp(row, row1, strcspn(row, "\n") + 1));
	free(text);
	free(text1);
}

TEST_F(proc_tamalloc, offset_0_looks_again)
{
	int fd = open(PIDS, O_RDONLY);
	const char *row;
	char *text;

	ASSERT_LE(0, fd);
	text = read_all(fd, 65536);
	ASSERT_NE(NULL, text);
	EXPECT_EQ(1, rows_of(text, self->pid, &row));
	free(text);

	kill(self->pid, SIGKILL);
	ASSERT_EQ(self->pid, waitpid(self->pid, NULL, 0));
	self->pid = 0;
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	text = read_all(fd, 65536);
	ASSERT_NE(NULL, text);
	EXPECT_EQ(0, rows_of(text, self->pid, &row));
	free(text);
	close(fd);
}

TEST_F(proc_tamalloc, summary)
{
	long long total, reserved;
	const char *row;
	char *text, *rows;

	text = read_file(SUMMARY, 65536);
	rows = read_file(PIDS, 65536);
	ASSERT_NE(NULL, text);
	ASSERT_NE(NULL, rows);
	ASSERT_EQ(1, rows_of(rows, self->pid, &row));
	reserved = field(row, column_of(rows, "RESERVED_KB"));
	total = value_of(text, "TotalReserved:");
	/* The child, and this process */
	EXPECT_LE(2, value_of(text, "Processes:"));
	EXPECT_LE(value_of(text, "AddressSpaces:"), value_of(text, "Processes:"));
	EXPECT_LT(reserved, total);
	EXPECT_LE(value_of(text, "TotalRss:"), value_of(text, "TotalCommitted:"));
	free(text);
	free(rows);
}

TEST_HARNESS_MAIN
