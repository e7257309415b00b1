// SPDX-License-Identifier: GPL-2.0-only
/* tamalloc-textfile: figures of /proc/tamalloc for Prometheus; see tamalloc-textfile(1) */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "group.h"
#include "lookup.h"

static const char help[] =
	"Usage: tamalloc-textfile [OPTION...] [FILE]\n"
	"Write the figures of /proc/tamalloc/summary, those of /proc/tamalloc/pids summed\n"
	"by process name, user and cgroup, and the counters of the system call in the text\n"
	"format of Prometheus: to FILE, replaced in one step, or to standard output.\n"
	"\n"
	"  -n, --names N    the N names that committed most (20), the others as one\n"
	"      --users N    the same for users (20)\n"
	"      --cgroups N  the same for cgroups (20)\n"
	"  -p, --pids       each process on its own, too: a series per process and figure\n"
	"      --proc DIR   where procfs is mounted (/proc)\n"
	"      --sys DIR    where sysfs is mounted (/sys)\n"
	"  -h, --help       show this\n"
	"  -V, --version    show the version\n"
	"\n"
	"Status: 0 written; 1 error, FILE is as it was; 2 this kernel has no such files.\n";

/* Each size: of a metric, in pids, in summary, and what it is */
static const struct {
	const char *metric, *column, *key, *help;
} sizes[] = {
	{ "reserved", "RESERVED_KB", "TotalReserved", "Address space reserved" },
	{ "committed", "COMMITTED_KB", "TotalCommitted",
	  "Most memory ever resident, each address space at its own peak" },
	{ "rss", "RSS_KB", "TotalRss", "Resident memory" },
	{ "anon", "ANON_KB", "TotalAnon", "Resident anonymous memory" },
	{ "file", "FILE_KB", "TotalFile", "Resident pages of files" },
	{ "shmem", "SHMEM_KB", "TotalShmem", "Resident shared memory and pages of tmpfs" },
	{ "swap", "SWAP_KB", "TotalSwap", "Memory in swap" },
	{ "hugetlb", "HUGETLB_KB", "TotalHugetlb",
	  "Huge pages of hugetlbfs, not part of the resident memory" },
	{ "page_tables", "PGTABLES_KB", "TotalPageTables", "Page tables" },
};

#define SIZES (sizeof(sizes) / sizeof(*sizes))

/* What the rows are summed by, and how many of each are shown */
static struct {
	enum by by;
	const char *what;
	uint64_t shown;
} groups[] = {
	{ BY_NAME, "name", 20 }, { BY_USER, "user", 20 }, { BY_CGROUP, "cgroup", 20 },
};

static const char *sys = "/sys";
static int status = 1;
/* All that is written, once all is read */
static struct text out;

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain("tamalloc-textfile: error: ", format, args);
	va_end(args);
	exit(status);
}

/* "tamalloc_" and the parts, until the next call */
static const char *metric_name(const char *first, const char *second, const char *third)
{
	static struct text name;

	name.len = 0;
	text_str(&name, "tamalloc_");
	text_str(&name, first);
	text_str(&name, second);
	text_str(&name, third);
	return text_end(&name);
}

/* @rest: of the help text */
static void family(const char *name, const char *type, const char *help_text, const char *rest)
{
	text_str(&out, "# HELP ");
	text_str(&out, name);
	text_str(&out, " ");
	text_str(&out, help_text);
	text_str(&out, rest);
	text_str(&out, "\n# TYPE ");
	text_str(&out, name);
	text_str(&out, " ");
	text_str(&out, type);
	text_str(&out, "\n");
}

/* A metric without labels */
static void metric(const char *name, const char *type, const char *help_text, const char *value)
{
	family(name, type, help_text, "");
	text_format(&out, "%s %s\n", name, value);
}

static void add_u64(uint64_t value)
{
	char *end = text_room(&out, FIGURE_MAX) + FIGURE_MAX, *start = figure_u64(end, value);

	memmove(out.s + out.len, start, end - start);
	out.len += end - start;
}

/* @kb in bytes: up to 74 bits */
static void add_bytes(uint64_t kb)
{
	/* 10^19 bytes, the largest power of ten that fits. */
	const uint64_t part = 10000000000000000000u >> 10;

	if (kb < part)
		add_u64(kb << 10);
	else
		text_format(&out, "%" PRIu64 "%019" PRIu64, kb / part, (kb % part) << 10);
}

/* Hundredths of a percent as a ratio, without loss of digits */
static void add_ratio(uint64_t hundredths)
{
	text_format(&out, "%" PRIu64 ".%04" PRIu64, hundredths / 10000, hundredths % 10000);
}

static uint64_t amount(const char *value, const char *path, const char *key)
{
	uint64_t amount;

	if (!value || !parse_u64(value, strlen(value), &amount))
		die("%s has no %s", path, key);
	return amount;
}

static void add_summary(const char *path)
{
	static struct summary summary;
	const char *percent;
	uint64_t sum[SIZES], processes, spaces, share, part;

	summary_read(&summary, path);
	for (size_t i = 0; i < SIZES; i++)
		sum[i] = amount(summary_figure(&summary, sizes[i].key), path, sizes[i].key);
	processes = amount(summary_figure(&summary, "Processes"), path, "Processes");
	spaces = amount(summary_figure(&summary, "AddressSpaces"), path, "AddressSpaces");
	percent = summary_figure(&summary, "CommittedPct");
	if (!percent || !strchr(percent, '.') ||
	    !parse_u64(percent, strcspn(percent, "."), &share) ||
	    !parse_u64(strchr(percent, '.') + 1, 2, &part) ||
	    __builtin_mul_overflow(share, 100, &share) ||
	    __builtin_add_overflow(share, part, &share))
		die("%s has no CommittedPct", path);

	family("tamalloc_processes", "gauge", "Processes with an address space.", "");
	text_format(&out, "tamalloc_processes %" PRIu64 "\n", processes);
	family("tamalloc_address_spaces", "gauge", "Distinct address spaces of these processes.",
	       "");
	text_format(&out, "tamalloc_address_spaces %" PRIu64 "\n", spaces);
	for (size_t i = 0; i < SIZES; i++) {
		const char *name = metric_name("", sizes[i].metric, "_bytes");

		family(name, "gauge", sizes[i].help,
		       ", of all processes; a shared address space counts once.");
		text_str(&out, name);
		text_str(&out, " ");
		add_bytes(sum[i]);
		text_str(&out, "\n");
	}
	family("tamalloc_committed_ratio", "gauge",
	       "Committed by reserved memory of all processes.", "");
	text_str(&out, "tamalloc_committed_ratio ");
	add_ratio(share);
	text_str(&out, "\n");
}

/* The labels of one row of sums */
static void add_labels(enum by by, const struct table *table, const uint64_t *cell)
{
	const struct name *name;
	uint64_t uid;

	switch (by) {
	case BY_USER:
		uid = cell[table_column(table, "UID")->cell];
		name = user_name(uid);
		text_format(&out, "uid=\"%" PRIu64 "\",user=\"", uid);
		break;
	case BY_CGROUP:
		name = cgroup_path(cell[table_column(table, OWN "CGROUP_PATH")->cell]);
		text_str(&out, "cgroup=\"");
		break;
	default:
		name = cell_name(cell[table_column(table, "NAME")->cell]);
		text_str(&out, "name=\"");
	}
	if (name->len)
		text_show(&out, name->text, name->len, SHOW_LABEL);
	else
		text_str(&out, "\\\\000");
	text_str(&out, "\"");
}

/*
 * struct series - one line of each family
 * @labels: where they are in the text of all labels, with their brackets
 */
struct series {
	size_t labels, len;
	const struct table *table;
	const uint64_t *cell;
};

/* A family with its help text and its lines */
static void add_series(const char *name, const char *help_text, const char *rest,
		       const struct series *series, size_t count, const struct text *labels,
		       const char *column, void (*add)(uint64_t))
{
	size_t len = strlen(name);
	unsigned int cell = 0;

	family(name, "gauge", help_text, rest);
	for (size_t i = 0; i < count; i++) {
		if (!i || series[i].table != series[i - 1].table)
			cell = table_column(series[i].table, column)->cell;
		text_add(&out, name, len);
		text_add(&out, labels->s + series[i].labels, series[i].len);
		add(series[i].cell[cell]);
		text_fill(&out, '\n', 1);
	}
}

/* What was appended to out from @start on becomes labels of a series */
static void take_labels(struct series *series, struct text *labels, size_t start)
{
	text_str(&out, "} ");
	series->labels = labels->len;
	series->len = out.len - start;
	text_add(labels, out.s + start, series->len);
	out.len = start;
}

/* The rows of @what that committed most, and the others as one */
static void add_group(const struct table *pids, enum by by, const char *what, uint64_t most)
{
	struct table table = { 0 }, others = { 0 };
	struct text labels = { 0 };
	struct series *series;
	size_t count, distinct, start = out.len;
	char plural[32], first[16], of_that[24], summed[64];
	const char *name;

	table_group(&table, pids, by);
	distinct = table.selected;
	table_sort(&table, table_column(&table, "COMMITTED_KB"), false, SIZE_MAX);
	count = distinct < most ? distinct : most;
	series = grow(NULL, count + 1, sizeof(*series));
	for (size_t i = 0; i < count; i++) {
		series[i].table = &table;
		series[i].cell = table_row(&table, table.row[i]);
		text_str(&out, "{");
		add_labels(by, &table, series[i].cell);
		take_labels(series + i, &labels, start);
	}
	if (count < distinct) {
		table.row += count;
		table.selected -= count;
		table_total(&others, &table);
		table.row -= count;
		series[count].table = &others;
		series[count].cell = table_row(&others, 0);
		/* No name is that long, no user has blanks, and each path starts with a slash. */
		text_format(&out, "{%s%s=\"(all other %ss)\"",
			    by == BY_USER ? "uid=\"\"," : "", what, what);
		take_labels(series + count++, &labels, start);
	}

	snprintf(plural, sizeof(plural), "%ss of processes.", what);
	name = metric_name(what, "s", "");
	family(name, "gauge", "Distinct ", plural);
	text_format(&out, "%s %zu\n", name, distinct);
	if (count) {
		snprintf(first, sizeof(first), "%s_", what);
		snprintf(of_that, sizeof(of_that), " of that %s.", what);
		snprintf(summed, sizeof(summed), ", summed over the processes%s", of_that);
		add_series(metric_name(first, "processes", ""), "Processes", of_that, series, count,
			   &labels, OWN "PROCESSES", add_u64);
		for (size_t i = 0; i < SIZES; i++)
			add_series(metric_name(first, sizes[i].metric, "_bytes"), sizes[i].help,
				   summed, series, count, &labels, sizes[i].column, add_bytes);
		add_series(metric_name(first, "oom_score_max", ""),
			   "Highest OOM score of a process", of_that, series, count, &labels,
			   "OOM_SCORE", add_u64);
	}
	free(series);
	free(labels.s);
	table_free(&table);
	table_free(&others);
}

static void add_signed(uint64_t value)
{
	text_format(&out, "%" PRId64, (int64_t)value);
}

static uint64_t boot_time;

/* Ticks since boot as seconds since 1970 */
static void add_time(uint64_t ticks)
{
	uint64_t per_second = sysconf(_SC_CLK_TCK);

	text_format(&out, "%" PRIu64 ".%02" PRIu64, boot_time + ticks / per_second,
		    ticks % per_second * 100 / per_second);
}

static uint64_t read_boot_time(void)
{
	struct text text = { 0 };
	char *path = path_join(proc_path, "stat"), *line;
	uint64_t value;

	if (!file_read(&text, AT_FDCWD, path))
		die("cannot read %s: %s", path, strerror(errno));
	line = strstr(text_end(&text), "\nbtime ");
	if (!line || !parse_u64(line + 7, strcspn(line + 7, "\n"), &value))
		die("%s has no btime", path);
	free(text.s);
	free(path);
	return value;
}

static void add_processes(const struct table *pids)
{
	static const struct {
		const char *metric, *column, *help;
		void (*add)(uint64_t value);
	} figures[] = {
		{ "committed_ratio", "COMMITTED_PCT",
		  "Committed by reserved memory of the process.", add_ratio },
		{ "oom_score", "OOM_SCORE", "OOM score of the process.", add_u64 },
		{ "oom_score_adj", "OOM_SCORE_ADJ", "OOM score adjustment of the process.",
		  add_signed },
		{ "start_time_seconds", "STARTTIME",
		  "Start of the process, in seconds since 1970.", add_time },
	};
	struct series *series = grow(NULL, pids->rows + 1, sizeof(*series));
	unsigned int pid = table_column(pids, "PID")->cell, uid = table_column(pids, "UID")->cell;
	struct text labels = { 0 };

	boot_time = read_boot_time();
	for (size_t i = 0; i < pids->rows; i++) {
		size_t start = out.len;

		series[i].table = pids;
		series[i].cell = table_row(pids, i);
		text_format(&out, "{pid=\"%" PRIu64 "\",uid=\"%" PRIu64 "\",", series[i].cell[pid],
			    series[i].cell[uid]);
		add_labels(BY_NAME, pids, series[i].cell);
		take_labels(series + i, &labels, start);
	}
	for (size_t i = 0; pids->rows && i < SIZES; i++)
		add_series(metric_name("process_", sizes[i].metric, "_bytes"), sizes[i].help,
			   ", of the process.", series, pids->rows, &labels, sizes[i].column,
			   add_bytes);
	for (size_t i = 0; pids->rows && i < sizeof(figures) / sizeof(*figures); i++)
		add_series(metric_name("process_", figures[i].metric, ""), figures[i].help, "",
			   series, pids->rows, &labels, figures[i].column, figures[i].add);
	free(series);
	free(labels.s);
}

/* A file of the call, which may be absent, as the call may be */
static void add_counter(const char *file, const char *name, const char *type, const char *help_text)
{
	struct text text = { 0 };
	char *path = path_join(sys, file), *value;
	uint64_t number;

	if (!file_read(&text, AT_FDCWD, path)) {
		if (errno != ENOENT)
			die("cannot read %s: %s", path, strerror(errno));
	} else {
		value = text_end(&text);
		value[strcspn(value, "\n")] = '\0';
		if (!parse_u64(value, strlen(value), &number))
			die("%s holds \"%.40s\", no number", path, value);
		metric(name, type, help_text, value);
	}
	free(text.s);
	free(path);
}

static void collect(bool processes)
{
	static const char * const files[] = { "tamalloc/summary", "tamalloc/pids" };
	struct timespec start, end;
	struct table pids = { 0 };
	char *path[2];

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (size_t i = 0; i < 2; i++) {
		path[i] = path_join(proc_path, files[i]);
		if (access(path[i], F_OK) && errno == ENOENT) {
			status = 2;
			die(NO_FILE, path[i]);
		}
	}
	add_summary(path[0]);
	if (!processes)
		pids.merge = table_merge;
	pids.spare = 1;
	table_read(&pids, path[1]);
	for (size_t i = 0; i < SIZES; i++)
		table_need(&pids, sizes[i].column, path[1]);
	table_need(&pids, "COMMITTED_PCT", path[1]);
	table_need(&pids, "OOM_SCORE_ADJ", path[1]);
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		if (groups[i].by == BY_CGROUP) {
			/* Older kernels do not tell. */
			if (!table_column(&pids, "CGROUP"))
				continue;
			cgroups_find(&pids);
		}
		add_group(&pids, groups[i].by, groups[i].what, groups[i].shown);
	}
	if (processes)
		add_processes(&pids);
	add_counter("kernel/mm/tamalloc/calls", "tamalloc_calls_total", "counter",
		    "Calls of tamalloc(), failed ones included.");
	add_counter("kernel/mm/tamalloc/failures", "tamalloc_call_failures_total", "counter",
		    "Calls of tamalloc() that failed.");
	add_counter("kernel/mm/tamalloc/reserved_bytes", "tamalloc_call_reserved_bytes_total",
		    "counter", "Bytes that calls of tamalloc() reserved.");
	add_counter("kernel/mm/tamalloc/abi_version", "tamalloc_abi_version", "gauge",
		    "Version of the interface of tamalloc().");
	family("tamalloc_build_info", "gauge", "Always 1; the version of tamalloc-textfile.", "");
	text_str(&out, "tamalloc_build_info{version=\"" TAMALLOC_VERSION "\"} 1\n");
	clock_gettime(CLOCK_MONOTONIC, &end);
	family("tamalloc_textfile_duration_seconds", "gauge",
	       "How long it took to collect these figures.", "");
	text_format(&out, "tamalloc_textfile_duration_seconds %.6f\n",
		    (double)(end.tv_sec - start.tv_sec) +
		    (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	table_free(&pids);
	free(path[0]);
	free(path[1]);
}

/* The directory of @file, which has to be writable there; @name is the rest */
static int open_directory(const char *file, const char **name)
{
	const char *slash = strrchr(file, '/');
	char *dir = slash ? strndup(file, slash - file + 1) : strdup("./");
	struct stat st;
	int fd;

	*name = slash ? slash + 1 : file;
	if (!dir)
		die("out of memory");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		die("there is no directory %s; node_exporter's is %s in Debian", dir,
		    "/var/lib/prometheus/node-exporter");
	if (!stat(file, &st) && S_ISDIR(st.st_mode))
		die("%s is a directory; name a file in it, such as %s/tamalloc.prom", file, file);
	/* For root, /dev/null and /dev/stdout can be replaced like anything else. */
	if (!fstatat(fd, *name, &st, AT_SYMLINK_NOFOLLOW) && !S_ISREG(st.st_mode))
		die("%s is no regular file, and would be replaced by one", file);
	free(dir);
	return fd;
}

/* As open_temporary() makes it: nobody else can open it, or a lock would stop all runs. */
static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && st->st_mode == (S_IFREG | 0600) && st->st_nlink == 1;
}

/*
 * The file @name in @dir, empty and locked by this run alone; -1 with an error. A run that
 * was killed may have left it, and anybody may have made it.
 */
static int open_temporary(int dir, const char *name)
{
	const int flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
	struct stat mine, there, strange = { .st_ino = 0 };
	int fd;

	for (;;) {
		bool exists = !fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW);

		if (exists && !is_ours(&there)) {
			/*
			 * One that a run is about to rename is so for an instant. The next may
			 * have its number, but not its time.
			 */
			if (there.st_ino != strange.st_ino ||
			    there.st_ctim.tv_sec != strange.st_ctim.tv_sec ||
			    there.st_ctim.tv_nsec != strange.st_ctim.tv_nsec)
				sleep(1);
			else if (unlinkat(dir, name, 0) && errno != ENOENT)
				return -1;
			strange = there;
			continue;
		}
		fd = openat(dir, name, exists ? flags : flags | O_CREAT | O_EXCL, 0600);
		if (fd < 0 && errno != (exists ? ENOENT : EEXIST))
			return -1;
		if (fd < 0)
			continue;
		/* Where the file system has no locks, it goes without. */
		while (flock(fd, LOCK_EX) && errno == EINTR)
			;
		/* The run that had the lock may have renamed it. */
		if (!fstat(fd, &mine) && !fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) &&
		    there.st_ino == mine.st_ino && there.st_dev == mine.st_dev)
			break;
		close(fd);
	}
	if (ftruncate(fd, 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Replace @file in one step. */
static void replace(int dir, const char *name, const char *file)
{
	struct text temporary = { 0 };
	const char *new;
	int fd, error;

	/* Not *.prom, which the collector would read. */
	text_format(&temporary, ".%s.tmp", name);
	new = text_end(&temporary);
	umask(0);
	fd = open_temporary(dir, new);
	error = fd < 0 || !text_write(&out, fd) ? errno : 0;
	/* A late error of the file system comes with close(); the lock must stay until the end. */
	if (!error && close(dup(fd)))
		error = errno;
	if (!error && (fchmod(fd, 0644) || renameat(dir, new, dir, name)))
		error = errno;
	if (error) {
		if (fd >= 0)
			unlinkat(dir, new, 0);
		die("cannot write %s beside %s, which is as it was: %s", new, file,
		    strerror(error));
	}
	close(fd);
	free(temporary.s);
}

static void set_count(size_t group, const char *word)
{
	if (!parse_u64(word, strlen(word), &groups[group].shown) || groups[group].shown > 999999)
		die("'%s' is no number of %ss; see --help", word, groups[group].what);
}

int main(int argc, char **argv)
{
	enum { USERS = 256, CGROUPS, PROC, SYS };
	static const struct option options[] = {
		{ "cgroups", required_argument, NULL, CGROUPS },
		{ "help",    no_argument,       NULL, 'h' },
		{ "names",   required_argument, NULL, 'n' },
		{ "pids",    no_argument,       NULL, 'p' },
		{ "proc",    required_argument, NULL, PROC },
		{ "sys",     required_argument, NULL, SYS },
		{ "users",   required_argument, NULL, USERS },
		{ "version", no_argument,       NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	static const char letters[] = "+:hn:pV";
	const char *file = NULL, *name = NULL;
	bool processes = false;
	int option, dir = -1;

	while ((option = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		switch (option) {
		case 'h':
			text_str(&out, help);
			break;
		case 'V':
			text_str(&out, "tamalloc-textfile (tamalloc) " TAMALLOC_VERSION "\n");
			break;
		case 'n':
			set_count(0, optarg);
			break;
		case USERS:
			set_count(1, optarg);
			break;
		case CGROUPS:
			set_count(2, optarg);
			break;
		case 'p':
			processes = true;
			break;
		case PROC:
			proc_path = optarg;
			break;
		case SYS:
			sys = optarg;
			break;
		case ':':
			die("%s needs a value; see --help", refused_option(option, argv, letters));
		default:
			die("unknown option %s; see --help",
			    refused_option(option, argv, letters));
		}
	}
	if (argc - optind > 1)
		die("there is one FILE at most, after the options; see --help");
	if (optind < argc && !out.len) {
		file = argv[optind];
		if (!*file)
			die("FILE is empty; see --help");
		dir = open_directory(file, &name);
	}
	if (!out.len)
		collect(processes);
	if (file)
		replace(dir, name, file);
	else if (!text_write(&out, STDOUT_FILENO))
		die("cannot write: %s", strerror(errno));
	return 0;
}
