// SPDX-License-Identifier: GPL-2.0-only
/*
 * tamprove: prove that tamalloc() is lazy
 *
 * The witness is the process's own row in /proc/tamalloc/pids, read before the
 * call, after it, after reading every byte and after writing one quarter.
 */

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients.h"
#include "tamalloc.h"

#define EXIT_MISSING	3

#define PIDS		"/proc/tamalloc/pids"

#define DEFAULT_MIB	"256"
/* Slack for the process itself: its stack, its code, its buffers */
#define SLACK_KB	64
/* Room for thousands of rows: growing the buffer would show in RESERVED_KB. */
#define PIDS_SIZE	((size_t)1 << 20)

#define NO_MIN		LLONG_MIN
#define NO_MAX		LLONG_MAX

static const char help[] =
	"Usage: tamprove [MIB]\n"
	"Reserve MIB mebibytes (default " DEFAULT_MIB ") with tamalloc, read all of them, write\n"
	"one quarter, and show from " PIDS " the cost of each step.\n"
	"\n"
	"  -h, --help     print this and exit\n"
	"  -V, --version  print the version and exit\n"
	"\n"
	"MINFLT counts the minor page faults since the first line. Below the table\n"
	"is one line per check, with a slack of 64 kB for the program itself. The\n"
	"checks hold at any setting of transparent huge pages and of ahead_kb: memory\n"
	"that is read before it is written is never filled ahead.\n"
	"\n"
	"Exit status: 0 all checks held, 1 a check failed, 2 wrong usage, 3 the kernel\n"
	"has no tamalloc or no " PIDS ".\n";

enum moment { BEFORE, CALLED, READ, WRITTEN, MOMENTS };

static const char * const moment_names[MOMENTS] = {
	[BEFORE] = "before the call",
	[CALLED] = "after the call",
	[READ] = "after reading all",
	[WRITTEN] = "after writing 1/4",
};

enum column { RESERVED, COMMITTED, RSS, ANON, COLUMNS };

static const char * const column_names[COLUMNS] = {
	[RESERVED] = "RESERVED_KB",
	[COMMITTED] = "COMMITTED_KB",
	[RSS] = "RSS_KB",
	[ANON] = "ANON_KB",
};

struct sample {
	unsigned long kb[COLUMNS];
	long faults;
};

/* The field number @n, from 0, of a line; NULL if the line has fewer */
static const char *nth_field(const char *line, size_t n)
{
	line += strspn(line, " ");
	while (n--) {
		line += strcspn(line, "\n ");
		line += strspn(line, " ");
	}

	return *line && *line != '\n' ? line : NULL;
}

static size_t find_column(const char *header, const char *name)
{
	size_t len = strlen(name);
	const char *field;
	size_t n;

	for (n = 0; (field = nth_field(header, n)); n++)
		if (strcspn(field, "\n ") == len && !strncmp(field, name, len))
			return n;

	errx(EXIT_FAILURE, PIDS " has no column %s", name);
}

static unsigned long number_at(const char *row, size_t column)
{
	const char *field = nth_field(row, column);
	unsigned long value;
	char *end;

	if (field) {
		value = strtoul(field, &end, 10);
		if (end != field && (*end == ' ' || *end == '\n'))
			return value;
	}

	errx(EXIT_FAILURE, PIDS " has a row without a number in column %zu: %.*s",
	     column + 1, (int)strcspn(row, "\n"), row);
}

static const char *find_row(const char *table, unsigned long pid)
{
	size_t column = find_column(table, "PID");
	const char *row = table;

	while ((row = strchr(row, '\n')) && *++row)
		if (number_at(row, column) == pid)
			return row;

	errx(EXIT_FAILURE, PIDS " has no row for process %lu", pid);
}

/* Not getpid(): /proc may be that of an outer pid namespace. */
static unsigned long pid_in_proc(void)
{
	char link[32];
	ssize_t len = readlink("/proc/self", link, sizeof(link) - 1);

	if (len < 0)
		err(EXIT_FAILURE, "/proc/self");
	link[len] = '\0';

	return strtoul(link, NULL, 10);
}

static struct sample take_sample(struct textfile *pids, unsigned long pid)
{
	struct sample sample = { .faults = minor_faults() };
	const char *table = textfile_read(pids);
	const char *row = find_row(table, pid);
	size_t i;

	for (i = 0; i < COLUMNS; i++)
		sample.kb[i] = number_at(row, find_column(table, column_names[i]));

	return sample;
}

/*
 * Make the steps of the proof and sample each. It takes all samples before it
 * prints anything, so that printing does not show in them.
 * Returns first_nonzero() of the memory.
 */
static size_t run(struct textfile *pids, unsigned long pid, size_t size,
		  size_t quarter, struct sample samples[MOMENTS])
{
	size_t nonzero;
	void *mem;

	samples[BEFORE] = take_sample(pids, pid);

	mem = reserve_or_exit(size);
	samples[CALLED] = take_sample(pids, pid);

	nonzero = first_nonzero(mem, size);
	samples[READ] = take_sample(pids, pid);

	memset(mem, 0xa5, quarter);
	samples[WRITTEN] = take_sample(pids, pid);

	if (tamfree(mem, size))
		err(EXIT_FAILURE, "tamfree");

	return nonzero;
}

static void print_samples(const struct sample samples[MOMENTS])
{
	size_t m, c;

	printf("%-17s", "MOMENT");
	for (c = 0; c < COLUMNS; c++)
		printf(" %12s", column_names[c]);
	printf(" %9s\n", "MINFLT");

	for (m = 0; m < MOMENTS; m++) {
		printf("%-17s", moment_names[m]);
		for (c = 0; c < COLUMNS; c++)
			printf(" %12lu", samples[m].kb[c]);
		printf(" %9ld\n", samples[m].faults - samples[BEFORE].faults);
	}
}

static void format_range(char *buf, size_t size, long long min, long long max)
{
	if (min == max)
		snprintf(buf, size, "exactly %lld", min);
	else if (min == NO_MIN)
		snprintf(buf, size, "at most %lld", max);
	else if (max == NO_MAX)
		snprintf(buf, size, "at least %lld", min);
	else
		snprintf(buf, size, "from %lld to %lld", min, max);
}

static bool check_kb(const char *what, enum moment moment, long long got,
		     long long min, long long max)
{
	bool held = got >= min && got <= max;
	char range[80];

	format_range(range, sizeof(range), min, max);
	if (held)
		printf("ok: %s, %s is %lld kB (%s kB)\n", moment_names[moment],
		       what, got, range);
	else
		printf("FAILED: %s, expected %s to be %s kB, got %lld kB\n",
		       moment_names[moment], what, range, got);

	return held;
}

static bool check_growth(const struct sample samples[MOMENTS], enum moment moment,
			 enum column column, long long min, long long max)
{
	long long got = (long long)samples[moment].kb[column] -
			(long long)samples[BEFORE].kb[column];
	char what[40];

	snprintf(what, sizeof(what), "growth of %s", column_names[column]);

	return check_kb(what, moment, got, min, max);
}

static bool check_zero(size_t nonzero, size_t size)
{
	if (nonzero == size)
		printf("ok: every one of %zu bytes reads 0\n", size);
	else
		printf("FAILED: expected every byte to read 0, got another value at byte %zu\n",
		       nonzero);

	return nonzero == size;
}

static bool check(const struct sample samples[MOMENTS], size_t nonzero,
		  size_t size, size_t quarter)
{
	long long page = (long long)page_size();
	long long size_kb = ((long long)size + page - 1) / page * page >> 10;
	long long min_kb = ((long long)quarter >> 10) - SLACK_KB;
	long long max_kb = ((long long)quarter >> 10) + SLACK_KB;
	bool held = true;

	held &= check_growth(samples, CALLED, RESERVED, size_kb, size_kb);
	held &= check_growth(samples, CALLED, RSS, NO_MIN, SLACK_KB);
	held &= check_growth(samples, CALLED, ANON, NO_MIN, SLACK_KB);

	/* A read maps the zero page, which no process is charged for. */
	held &= check_zero(nonzero, size);
	held &= check_growth(samples, READ, ANON, NO_MIN, SLACK_KB);

	held &= check_growth(samples, WRITTEN, ANON, min_kb, max_kb);
	held &= check_growth(samples, WRITTEN, RSS, min_kb, max_kb);

	/* A peak may already exceed RSS_KB, but is never below it. */
	held &= check_kb(column_names[COMMITTED], WRITTEN,
			 (long long)samples[WRITTEN].kb[COMMITTED],
			 (long long)samples[WRITTEN].kb[RSS], NO_MAX);

	return held;
}

static void open_or_exit(struct textfile *pids)
{
	bool missing = false;

	if (textfile_open(pids, PIDS, PIDS_SIZE)) {
		warn("cannot open " PIDS);
		missing = true;
	}

	/* Every kernel refuses size 0, but with ENOSYS only if the call is missing. */
	if (!tamalloc(0) && errno == ENOSYS) {
		warnx("%s", tamalloc_error(errno));
		missing = true;
	}

	if (missing)
		exit(EXIT_MISSING);
}

int main(int argc, char **argv)
{
	size_t size, quarter, nonzero, page = page_size();
	struct sample samples[MOMENTS];
	unsigned long pid;
	struct textfile pids;
	bool held;

	size = only_mib(argc, argv, help, DEFAULT_MIB);
	quarter = (size / 4 + page - 1) / page * page;

	open_or_exit(&pids);
	pid = pid_in_proc();

	/* A rehearsal with one page pays for the code and buffers that run() uses. */
	run(&pids, pid, page, page, samples);
	nonzero = run(&pids, pid, size, quarter, samples);

	print_samples(samples);
	held = check(samples, nonzero, size, quarter);
	flush_stdout();

	return held ? EXIT_SUCCESS : EXIT_FAILURE;
}
