// SPDX-License-Identifier: GPL-2.0-only
/*
 * benchproc: the cost of learning the memory of all processes
 *
 *   benchproc [-r ROUNDS] COUNT METHOD...
 *
 * Starts processes that stand still until COUNT have an address space, then
 * uses each METHOD and prints a line: method, processes found, nanoseconds in
 * all, the same per process, system calls that read. In a guest on the
 * instruction clock a nanosecond is an instruction. Methods:
 *
 *   pids, summary          one descriptor kept open, pread() from 0, 1 MiB buffer
 *   pids_cat, summary_cat  open, read() of 128 KiB until the end, close
 *   four_files             stat, status, oom_score, oom_score_adj of every process,
 *                          openat() on a directory descriptor, one reused buffer
 *   statm                  statm of every process, likewise
 *   COMMAND ...            words separated by blanks: a program from its start to its
 *                          end, with its output discarded; its reads cannot be
 *                          counted from here and are given as 0
 *   ps                     ps -eo pid,vsz,rss,comm, likewise
 *   bpf_text, bpf_binary   BPF iterators pinned as /sys/fs/bpf/METHOD: open,
 *                          read() with a 1 MiB buffer until the end, close; such
 *                          a descriptor has no way back to its beginning
 *   loop                   a loop of 1,000 instructions per process, to see what
 *                          the clock counts
 *
 * Each method runs once before it is measured. That pays for the caches, as an agent
 * that reads every few seconds does once. A short method then runs five times and
 * the median counts, so that a tick of the timer does not show. The cost of reading
 * the clock is subtracted.
 *
 * -r: for a clock that counts time. All methods take turns, ROUNDS times; a
 * line holds the medians, and at its end the median of the ratios of this method
 * to the first one, each within one round, and the quartiles of these.
 *
 * A call of personality() before and after the first that counts marks it for a
 * debugger.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOON	20000000

static char buf[1 << 20];
static unsigned long reads;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Reads all of a file. Returns the number of lines. */
static unsigned long read_all(int fd, size_t chunk)
{
	unsigned long lines = 0;
	off_t pos = 0;
	ssize_t n;

	for (;;) {
		n = chunk ? read(fd, buf, chunk) : pread(fd, buf, sizeof(buf), pos);
		if (n < 0)
			err(1, "read");
		reads++;
		if (!n)
			return lines;
		pos += n;
		/* An agent parses; here it only looks at the last byte. */
		lines += buf[n - 1] == '\n';
	}
}

static int kept[2] = { -1, -1 };
static const char * const paths[] = { "/proc/tamalloc/pids", "/proc/tamalloc/summary" };

static unsigned long kept_open(int which)
{
	if (kept[which] < 0)
		kept[which] = open(paths[which], O_RDONLY | O_CLOEXEC);
	if (kept[which] < 0)
		err(1, "%s", paths[which]);
	return read_all(kept[which], 0);
}

static unsigned long like_cat(const char *path, size_t chunk)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned long lines;

	if (fd < 0)
		err(1, "%s", path);
	lines = read_all(fd, chunk);
	close(fd);
	return lines;
}

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

/* As tight as possible: no stdio, no path walks from the root. */
static unsigned long scan(const char * const *files, size_t count)
{
	static char dents[1 << 16];
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned long found = 0;
	long n, pos;

	if (proc < 0)
		err(1, "/proc");
	while ((n = syscall(SYS_getdents64, proc, dents, sizeof(dents))) > 0) {
		for (pos = 0; pos < n;) {
			struct linux_dirent64 *d = (void *)(dents + pos);
			size_t i, len;
			char path[64];
			int fd;

			pos += d->d_reclen;
			if (d->d_name[0] < '0' || d->d_name[0] > '9')
				continue;
			len = strlen(d->d_name);
			memcpy(path, d->d_name, len);
			path[len++] = '/';
			for (i = 0; i < count; i++) {
				memcpy(path + len, files[i], strlen(files[i]) + 1);
				fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
				if (fd < 0)
					break;
				if (read(fd, buf, sizeof(buf)) < 0)
					warn("%s", path);
				reads++;
				close(fd);
			}
			found += i == count;
		}
	}
	close(proc);
	return found;
}

static unsigned long like_shell(const char *command)
{
	static char * const env[] = { "LANG=C", NULL };
	posix_spawn_file_actions_t actions;
	char line[256], *words[32], *next;
	size_t i = 0;
	int status;
	pid_t pid;

	if (snprintf(line, sizeof(line), "%s", command) >= (int)sizeof(line))
		errx(2, "too long: %s", command);
	words[0] = strtok_r(line, " ", &next);
	while (words[i] && i < sizeof(words) / sizeof(*words) - 1)
		words[++i] = strtok_r(NULL, " ", &next);
	if (!words[0] || words[i])
		errx(2, "no words, or too many: %s", command);
	if (posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) ||
	    posix_spawnp(&pid, words[0], &actions, NULL, words, env))
		err(1, "%s", words[0]);
	posix_spawn_file_actions_destroy(&actions);
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "%s failed", words[0]);
	return 0;
}

/* The clock's control: two instructions a turn */
static void loop(unsigned long turns)
{
#ifdef __x86_64__
	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (turns) : : "cc");
#else
	asm volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r" (turns) : : "cc");
#endif
}

static unsigned long count;	/* of processes */

static unsigned long measure(const char *method)
{
	static const char * const four[] = { "stat", "status", "oom_score", "oom_score_adj" };
	static const char * const statm[] = { "statm" };

	if (!strcmp(method, "pids"))
		return kept_open(0);
	if (!strcmp(method, "summary"))
		return kept_open(1);
	if (!strcmp(method, "pids_cat"))
		return like_cat(paths[0], 128 << 10);
	if (!strcmp(method, "summary_cat"))
		return like_cat(paths[1], 128 << 10);
	if (!strcmp(method, "bpf_text"))
		return like_cat("/sys/fs/bpf/bpf_text", sizeof(buf));
	if (!strcmp(method, "bpf_binary"))
		return like_cat("/sys/fs/bpf/bpf_binary", sizeof(buf));
	if (!strcmp(method, "four_files"))
		return scan(four, 4);
	if (!strcmp(method, "statm"))
		return scan(statm, 1);
	if (!strcmp(method, "ps"))
		return like_shell("ps -eo pid,vsz,rss,comm");
	if (!strcmp(method, "loop")) {
		loop(count * 500);
		return 0;
	}
	return like_shell(method);
}

static unsigned long processes(void)
{
	FILE *f = fopen("/proc/tamalloc/summary", "re");
	unsigned long n = 0;

	if (!f || fscanf(f, "Processes: %lu", &n) != 1)
		errx(1, "no count of processes");
	fclose(f);
	return n;
}

struct sample {
	uint64_t cost;
	unsigned long reads;
};

/* The cost of reading the clock, the least of some attempts */
static uint64_t clock_cost(void)
{
	uint64_t least = UINT64_MAX;
	int i;

	for (i = 0; i < 100; i++) {
		uint64_t cost = now();

		cost = now() - cost;
		if (cost < least)
			least = cost;
	}
	return least;
}

static uint64_t clock_base;

static struct sample sample(const char *method)
{
	struct sample sample;

	reads = 0;
	sample.cost = now();
	measure(method);
	sample.cost = now() - sample.cost;
	sample.cost -= clock_base < sample.cost ? clock_base : sample.cost;
	sample.reads = reads;
	return sample;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* A quantile of an array, which it sorts. */
static double quantile(double *values, size_t n, double q)
{
	qsort(values, n, sizeof(*values), compare);
	return values[(size_t)((double)(n - 1) * q + 0.5)];
}

static void take_turns(char **methods, size_t n, size_t rounds)
{
	struct sample *samples = calloc(rounds * n, sizeof(*samples));
	double *values = calloc(rounds, sizeof(*values));
	size_t i, r;

	if (!samples || !values)
		err(1, "no memory");
	for (i = 0; i < n; i++)
		measure(methods[i]);
	for (r = 0; r < rounds; r++)
		for (i = 0; i < n; i++)
			samples[r * n + i] = sample(methods[i]);
	for (i = 0; i < n; i++) {
		double cost;

		for (r = 0; r < rounds; r++)
			values[r] = (double)samples[r * n + i].cost;
		cost = quantile(values, rounds, 0.5);
		printf("%s %lu %.0f %.0f %lu", methods[i], count, cost, cost / (double)count,
		       samples[i].reads);
		for (r = 0; r < rounds; r++)
			values[r] = (double)samples[r * n + i].cost / (double)samples[r * n].cost;
		printf(" %.3f", quantile(values, rounds, 0.5));
		printf(" %.3f", quantile(values, rounds, 0.25));
		printf(" %.3f\n", quantile(values, rounds, 0.75));
	}
}

int main(int argc, char **argv)
{
	unsigned long want, have, i;
	size_t rounds = 0;
	int opt;

	while ((opt = getopt(argc, argv, "r:")) == 'r')
		rounds = strtoul(optarg, NULL, 10);
	if (opt != -1 || argc - optind < 2) {
		fputs("usage: benchproc [-r ROUNDS] COUNT METHOD...\n", stderr);
		return 2;
	}
	argv += optind;
	/* Touch the big buffer now, not while the clock runs. */
	memset(buf, 1, sizeof(buf));
	want = strtoul(*argv++, NULL, 10);
	have = processes();
	for (i = have; i < want; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork of process %lu", i);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	}
	/* Run each once, so that one-time costs are paid. */
	for (i = 0; i < 100; i++)
		usleep(1000);
	count = processes();
	clock_base = clock_cost();

	if (rounds) {
		take_turns(argv, (size_t)(argc - optind - 1), rounds);
		return 0;
	}
	for (; *argv; argv++) {
		struct sample s;

		measure(*argv);
		personality(0xffffffff);
		s = sample(*argv);
		personality(0xffffffff);
		if (s.cost < SOON) {
			double costs[5] = { (double)s.cost };

			for (i = 1; i < 5; i++)
				costs[i] = (double)sample(*argv).cost;
			s.cost = (uint64_t)quantile(costs, 5, 0.5);
		}
		printf("%s %lu %llu %llu %lu\n", *argv, count, (unsigned long long)s.cost,
		       (unsigned long long)s.cost / count, s.reads);
		fflush(stdout);
	}
	return 0;
}
