// SPDX-License-Identifier: GPL-2.0-only
/*
 * soakread: read pids and summary while others put the system under load
 *
 * Usage: soakread [--no-call] [MOUNT]
 *        soakread --check pids|summary FILE
 *
 * Until SIGTERM, one process reads MOUNT/tamalloc/pids (/proc) as an agent does,
 * one reads summary, one reads pids in pieces of many sizes, and one reserves
 * memory by tamalloc(), checks that it is zero, and frees it. The program judges
 * every read: header, columns, characters, order, sums, and one row for each of
 * these processes, which live throughout. With --no-call, for a kernel without
 * tamalloc(), the last of these processes does not exist. Faults go to standard
 * error. Once a minute and at the end it prints the numbers of its reads. The last
 * lines are the percentiles of the time of a whole read, in microseconds, and the
 * number of faults. The times cover the reads from SIGUSR1 to SIGUSR2, so that the
 * caller can exclude reads before and after the load; without the signals, all reads.
 *
 * With --check, a copy is judged in the same way; the status is the result.
 */
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "pids.h"
#include "tamalloc.h"

enum { PIDS, SUMMARY, PIECES, CALLS, NR_WORKERS };
static int nr_workers = NR_WORKERS;

static const char *const names[NR_WORKERS] = {
	"pids", "summary", "pids in pieces", "tamalloc()"
};

/* Buckets no wider than 1/32 of their value */
#define SUB_BITS	5
#define NR_BUCKETS	((64 - SUB_BITS + 1) << SUB_BITS)

/* A longer read hangs, on any kernel and under any load. */
#define STUCK_SECONDS	180

static struct shared {
	atomic_bool go;
	atomic_bool done;
	atomic_bool untimed;
	atomic_int finished;
	atomic_long faults;
	pid_t living[NR_WORKERS + 1];
	int nr_living;
	struct worker {
		atomic_long reads;
		atomic_long rows;
		long long longest;
		unsigned int bucket[NR_BUCKETS];
	} worker[NR_WORKERS];
} *shared;

static char buf[32 << 20];

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void fault(const char *what, const char *text, size_t len)
{
	if (shared->faults++ < 20)
		fprintf(stderr, "soakread: expected %s, actual: %.*s\n", what,
			(int)(len < 300 ? len : 300), text);
}

static void fault_line(const char *what, const char *line)
{
	fault(what, line, strcspn(line, "\n"));
}

static const char *const columns[] = {
	"PID", "UID", "STARTTIME", "RESERVED_KB", "COMMITTED_KB", "COMMITTED_PCT",
	"RSS_KB", "ANON_KB", "FILE_KB", "SHMEM_KB", "SWAP_KB", "HUGETLB_KB",
	"PGTABLES_KB", "OOM_SCORE", "OOM_SCORE_ADJ", "PPID", "CGROUP", "NAME",
};

/* The byte after the header; NULL if it has other columns. */
static const char *check_header(const char *p)
{
	size_t i, len;

	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		if (*p++ != ' ')
			return NULL;
		while (*p == ' ')
			p++;
		len = strlen(columns[i]);
		if (strncmp(p, columns[i], len))
			return NULL;
		p += len;
	}
	return *p == '\n' ? p + 1 : NULL;
}

static bool pct_is(long long pct, long long committed, long long reserved)
{
	return pct == (reserved ? committed * 10000 / reserved : 0);
}

static const char *row_fault(const struct row *row)
{
	const long long *f = row->field;

	if (f[F_RSS] != f[F_ANON] + f[F_FILE] + f[F_SHMEM])
		return "RSS to be the sum of ANON, FILE and SHMEM";
	if (f[F_COMMITTED] < f[F_RSS])
		return "COMMITTED not to be below RSS";
	if (!pct_is(f[F_PCT], f[F_COMMITTED], f[F_RESERVED]))
		return "another COMMITTED_PCT";
	if (f[F_ADJ] < -1000 || f[F_ADJ] > 1000)
		return "OOM_SCORE_ADJ from -1000 to 1000";
	if (f[F_PID] < 1 || f[F_PID] > 4194304 || f[F_UID] > UINT_MAX)
		return "a PID and a UID";
	if (f[F_PPID] > 4194304 || f[F_PPID] == f[F_PID])
		return "the PPID of another process";
	return NULL;
}

/* The number of rows of the @len bytes in buf. */
static long check_pids(size_t len)
{
	int seen[NR_WORKERS + 1] = {};
	const char *p, *line, *what;
	long long last = 0;
	struct row row;
	long rows = 0;
	size_t i;

	buf[len] = '\0';
	for (i = 0; i < len; i++) {
		if (buf[i] != '\n' && (buf[i] < 0x20 || buf[i] > 0x7e)) {
			fault("printable ASCII", buf + i, len - i);
			break;
		}
	}
	p = check_header(buf);
	if (!p) {
		fault_line("the header", buf);
		return 0;
	}
	for (; *p; rows++) {
		line = p;
		p = parse_row(p, &row);
		if (!p) {
			fault_line("a row that parses", line);
			return rows;
		}
		what = row_fault(&row);
		if (what)
			fault_line(what, line);
		if (row.field[F_PID] <= last)
			fault_line("a larger PID than before", line);
		last = row.field[F_PID];
		for (i = 0; i < (size_t)shared->nr_living; i++)
			seen[i] += row.field[F_PID] == shared->living[i];
	}
	for (i = 0; i < (size_t)shared->nr_living; i++)
		if (seen[i] != 1)
			fault(seen[i] ? "one row of a process" : "a row of a process",
			      seen[i] ? "more" : "none", 4);
	return rows;
}

enum {
	K_PROCESSES, K_SPACES, K_RESERVED, K_COMMITTED, K_PCT, K_RSS, K_ANON,
	K_FILE, K_SHMEM, K_SWAP, K_HUGETLB, K_PGTABLES, NR_KEYS
};

static const char *const keys[NR_KEYS] = {
	"Processes", "AddressSpaces", "TotalReserved", "TotalCommitted",
	"CommittedPct", "TotalRss", "TotalAnon", "TotalFile", "TotalShmem",
	"TotalSwap", "TotalHugetlb", "TotalPageTables",
};

static long check_summary(size_t len)
{
	long long value[NR_KEYS];
	const char *p = buf, *line, *unit;
	size_t length;
	int i;

	buf[len] = '\0';
	for (i = 0; i < NR_KEYS; i++) {
		line = p;
		length = strlen(keys[i]);
		if (strncmp(p, keys[i], length) || p[length] != ':') {
			fault_line(keys[i], line);
			return 0;
		}
		p = parse_num(p + length + 1, &value[i], false);
		unit = i <= K_SPACES ? "\n" : " kB\n";
		if (p && i == K_PCT) {
			unit = " %\n";
			if (p[0] == '.' && p[1] >= '0' && p[1] <= '9' &&
			    p[2] >= '0' && p[2] <= '9') {
				value[i] = value[i] * 100 + (p[1] - '0') * 10 + p[2] - '0';
				p += 3;
			}
		}
		if (!p || strncmp(p, unit, strlen(unit))) {
			fault_line("a number and its unit", line);
			return 0;
		}
		p += strlen(unit);
	}
	if (*p || p != buf + len)
		fault_line("no more keys", p);
	if (value[K_RSS] != value[K_ANON] + value[K_FILE] + value[K_SHMEM])
		fault("TotalRss to be the sum of its parts", buf, len);
	if (value[K_COMMITTED] < value[K_RSS])
		fault("TotalCommitted not to be below TotalRss", buf, len);
	if (!pct_is(value[K_PCT], value[K_COMMITTED], value[K_RESERVED]))
		fault("another CommittedPct", buf, len);
	if (value[K_PROCESSES] < value[K_SPACES] ||
	    value[K_SPACES] < shared->nr_living)
		fault("Processes, AddressSpaces and those who live throughout, falling",
		      buf, len);
	return value[K_PROCESSES];
}

static int bucket_of(unsigned long long ns)
{
	int exp;

	if (ns < 1 << SUB_BITS)
		return ns;
	exp = 63 - __builtin_clzll(ns);
	return ((exp - SUB_BITS + 1) << SUB_BITS) +
	       ((ns >> (exp - SUB_BITS)) & ((1 << SUB_BITS) - 1));
}

/* The largest value of a bucket */
static unsigned long long bucket_end(int bucket)
{
	int exp = bucket >> SUB_BITS;

	if (!exp)
		return bucket;
	bucket &= (1 << SUB_BITS) - 1;
	return ((1ULL << SUB_BITS) + bucket + 1) * (1ULL << (exp - 1)) - 1;
}

static void count(struct worker *me, long long ns)
{
	if (shared->untimed)
		return;
	me->bucket[bucket_of(ns)]++;
	if (ns > me->longest)
		me->longest = ns;
}

static void read_pids(struct worker *me, const char *path, bool in_pieces)
{
	static const size_t pieces[] = { 4096, 61, 513, 1 << 20, 300, 65537 };
	size_t piece = 65536, len;
	long long start = now();

	if (in_pieces)
		piece = pieces[me->reads % (sizeof(pieces) / sizeof(pieces[0]))];
	len = read_file(path, buf, sizeof(buf) - 1, piece);
	if (!in_pieces)
		count(me, now() - start);
	me->rows += check_pids(len);
}

static void read_summary(struct worker *me, const char *path)
{
	long long start = now();
	size_t len = read_file(path, buf, sizeof(buf) - 1, 4096);

	count(me, now() - start);
	me->rows += check_summary(len);
}

static void call(struct worker *me)
{
	/* From a page to 4 MiB, of which two pages become real. */
	size_t size = 4096UL << me->reads % 11;
	volatile char *p;

	p = tamalloc(size);
	if (!p) {
		/* Under load there may be no memory for a mapping. */
		if (errno != ENOMEM)
			fault("memory or ENOMEM", strerror(errno), 40);
		return;
	}
	if (p[0] || p[size - 1] || p[size / 2])
		fault("zeroed memory", "not zero", 8);
	p[0] = 1;
	p[size - 1] = 1;
	if (tamfree((void *)p, size))
		fault("that it is freed", strerror(errno), 40);
}

static void work(int which, const char *mount)
{
	struct worker *me = &shared->worker[which];
	char path[4096];

	snprintf(path, sizeof(path), "%s/tamalloc/%s", mount,
		 which == SUMMARY ? "summary" : "pids");
	while (!shared->done) {
		switch (which) {
		case SUMMARY:
			read_summary(me, path);
			break;
		case CALLS:
			call(me);
			break;
		default:
			read_pids(me, path, which == PIECES);
		}
		me->reads++;
	}
	shared->finished++;
}

static void report(int seconds)
{
	int i;

	printf("%d s:", seconds);
	for (i = 0; i < nr_workers; i++)
		printf(" %s %ld,", names[i], shared->worker[i].reads);
	printf(" faults %ld\n", shared->faults);
	fflush(stdout);
}

static void percentiles(int which)
{
	static const struct { const char *name; double part; } marks[] = {
		{ "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p99.9", 0.999 },
	};
	struct worker *w = &shared->worker[which];
	unsigned long total = 0, sum;
	size_t i, b;

	for (b = 0; b < NR_BUCKETS; b++)
		total += w->bucket[b];
	printf("latency %s reads %lu", names[which], total);
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		unsigned long long end = 0;

		for (b = 0, sum = 0; b < NR_BUCKETS; b++) {
			sum += w->bucket[b];
			if (sum && sum >= marks[i].part * total) {
				end = bucket_end(b);
				break;
			}
		}
		if (end > (unsigned long long)w->longest)
			end = w->longest;
		printf(" %s %llu", marks[i].name, end / 1000);
	}
	printf(" max %lld us\n", w->longest / 1000);
}

/* An entry that a reader adds at this moment may stay. */
static void forget_times(void)
{
	int i;

	for (i = 0; i < nr_workers; i++) {
		memset(shared->worker[i].bucket, 0, sizeof(shared->worker[i].bucket));
		shared->worker[i].longest = 0;
	}
}

/* So that the OOM killer never chooses a reader; root may do this. */
static void never_killed(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "-1000", 5) != 5)
		warn("oom_score_adj");
	if (fd >= 0)
		close(fd);
}

static int check_copy(const char *kind, const char *path)
{
	size_t len = read_file(path, buf, sizeof(buf) - 1, 65536);

	if (!strcmp(kind, "pids"))
		check_pids(len);
	else
		check_summary(len);
	return shared->faults != 0;
}

int main(int argc, char **argv)
{
	const char *mount = "/proc";
	long last[NR_WORKERS] = {};
	int moved[NR_WORKERS] = {};
	int i, seconds = 0, reported = 0, status;
	struct timespec tick = { .tv_sec = 1 };
	long long start;
	sigset_t set;
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	if (argc == 4 && !strcmp(argv[1], "--check"))
		return check_copy(argv[2], argv[3]);
	if (argc > 1 && !strcmp(argv[1], "--no-call")) {
		nr_workers = CALLS;
		argv++;
		argc--;
	}
	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		errx(2, "usage: soakread [--no-call] [MOUNT], or --check pids|summary FILE");
	if (argc == 2)
		mount = argv[1];

	never_killed();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < nr_workers; i++) {
		pid = fork();
		if (pid < 0)
			err(1, "fork");
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (!shared->go)
				usleep(1000);
			work(i, mount);
			/* Others may still read, and expect this one to live. */
			for (;;)
				pause();
		}
		shared->living[shared->nr_living++] = pid;
	}
	shared->living[shared->nr_living++] = getpid();
	shared->go = true;
	start = now();
	/* After SIGTERM, until the last read is judged. */
	while (shared->finished < nr_workers) {
		status = sigtimedwait(&set, NULL, &tick);
		seconds = (now() - start) / 1000000000;
		if (status == SIGTERM)
			shared->done = true;
		if (status == SIGUSR1)
			forget_times();
		if (status == SIGUSR2)
			shared->untimed = true;
		if (status == SIGCHLD)
			errx(1, "one of the readers has died");
		for (i = 0; i < nr_workers; i++) {
			if (shared->worker[i].reads != last[i])
				moved[i] = seconds;
			last[i] = shared->worker[i].reads;
			if (!shared->finished && seconds - moved[i] >= STUCK_SECONDS)
				errx(1, "%s: the same read has taken %d s", names[i],
				     seconds - moved[i]);
		}
		if (seconds - reported >= 60) {
			reported = seconds;
			report(seconds);
		}
	}
	report(seconds);
	for (i = 0; i < nr_workers; i++)
		printf("%s %ld rows %ld\n", names[i], shared->worker[i].reads,
		       shared->worker[i].rows);
	percentiles(PIDS);
	percentiles(SUMMARY);
	printf("faults %ld\n", shared->faults);
	for (i = 0; i < nr_workers; i++) {
		kill(shared->living[i], SIGKILL);
		waitpid(shared->living[i], NULL, 0);
	}
	for (i = 0; i < nr_workers; i++)
		if (!shared->worker[i].reads)
			errx(1, "%s: not one was done", names[i]);
	return shared->faults != 0;
}
