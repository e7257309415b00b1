// SPDX-License-Identifier: GPL-2.0-only
/*
 * stretch: how long a reader keeps others waiting, by the instruction clock
 *
 * Usage: stretch [-u UID] trace FILE TRACING [all]
 *        stretch [-u UID] lag FILE
 *        stretch [-u UID] kill FILE TRIALS
 *
 * Opens and reads FILE as UID (root). A directory is listed. With "all" the program
 * reads nothing and sends a signal 0 to every process; the kernel visits them all
 * with preemption off. For a guest with one processor.
 *
 * trace: read FILE once with the tracer on that is set up in TRACING. Its events, if
 * any, are those of this process alone, or with "all" those of every processor.
 * Prints the time and the bytes of the read, and its own PID.
 *
 * lag: how late a process of high priority wakes up while another reads FILE without
 * end, and while another makes no system call. Prints for each how often it woke up,
 * the median and the longest delay.
 *
 * kill: kill a reader of FILE, TRIALS times, evenly spread over a read. Prints the
 * time of a whole read, how many of the readers were in the middle of one, and
 * the median and the longest time from the signal to the end of the reader.
 *
 * All times in ns.
 */
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "pids.h"

#define PIECE		65536
#define MAX_TIMES	20000

static const char usage[] =
	"usage: stretch [-u UID] trace FILE TRACING [all]|lag FILE|kill FILE TRIALS";

static char buf[PIECE];
static long long times[MAX_TIMES];
static int nr_times;
static unsigned int uid;
static const char *file;

/* Shared with the reader */
static struct shared {
	atomic_bool reading;
	atomic_long reads;
	atomic_llong whole;
} *shared;

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void become(void)
{
	if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
		    setresuid(uid, uid, uid)))
		err(1, "cannot become %u", uid);
}

static int open_file(void)
{
	int fd = open(strcmp(file, "all") ? file : "/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", file);
	return fd;
}

static size_t read_whole(int fd)
{
	size_t len = 0;
	ssize_t n;

	if (!strcmp(file, "all")) {
		if (kill(-1, 0))
			err(1, "kill(-1, 0)");
		return 0;
	}
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		len += n;
	if (n < 0 && errno == EISDIR)
		while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
			len += n;
	if (n < 0)
		err(1, "%s", file);
	return len;
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return x < y ? -1 : x > y;
}

static void sort_times(void)
{
	if (!nr_times)
		errx(1, "nothing was measured");
	qsort(times, nr_times, sizeof(times[0]), compare);
}

static void put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(1, "cannot write '%s' to a file of the tracer", text);
}

static int open_below(const char *dir, const char *name)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void trace(const char *tracing, bool everybody)
{
	int on = open_below(tracing, "tracing_on");
	int pids = open_below(tracing, "set_event_pid");
	long long start, time;
	char pid[16];
	size_t len;
	int fd;

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (!everybody)
		put(pids, pid);
	become();
	fd = open_file();
	/* A first read brings in all memory that it needs. */
	read_whole(fd);
	put(on, "1");
	start = now();
	len = read_whole(fd);
	time = now() - start;
	put(on, "0");
	printf("read %lld %zu %s\n", time, len, pid);
}

static pid_t start_reader(bool reads)
{
	volatile unsigned long spins = 0;
	long long start;
	pid_t pid = fork();
	int fd;

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	become();
	for (fd = open_file(); !reads;)
		spins++;
	read_whole(fd);
	for (;;) {
		start = now();
		shared->reading = true;
		read_whole(fd);
		shared->reading = false;
		shared->whole = now() - start;
		shared->reads++;
	}
}

static void end_reader(pid_t pid)
{
	int status;

	if (kill(pid, SIGKILL))
		err(1, "kill");
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		errx(1, "the reader ended by itself");
}

/* So many whole reads; for @pid, which reads nothing, as long. */
static void lag_beside(const char *what, pid_t pid, long long end)
{
	/* A prime, so that each part of a read is met */
	const long long period = 99991;
	long long due = now(), late;
	struct timespec ts;
	long reads = shared->reads;

	nr_times = 0;
	while (nr_times < MAX_TIMES && (end ? due < end : shared->reads < reads + 3)) {
		due += period;
		ts.tv_sec = due / 1000000000;
		ts.tv_nsec = due % 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		late = now() - due;
		times[nr_times++] = late;
		while (due < now())
			due += period;
	}
	end_reader(pid);
	sort_times();
	printf("%s %d %lld %lld\n", what, nr_times, times[nr_times / 2],
	       times[nr_times - 1]);
}

static void lag(void)
{
	struct sched_param param = { .sched_priority = 50 };
	pid_t pid;

	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		err(1, "mlockall");
	memset(times, 1, sizeof(times));
	pid = start_reader(true);
	while (!shared->reads)
		usleep(1000);
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		err(1, "SCHED_FIFO");
	lag_beside("reading", pid, 0);
	pid = start_reader(false);
	lag_beside("spinning", pid, now() + 500000000);
}

static void kill_readers(int trials)
{
	long long start, wait;
	struct timespec ts;
	int inside = 0, i;
	long reads;
	pid_t pid;

	for (i = 0; i < trials && i < MAX_TIMES; i++) {
		reads = shared->reads;
		pid = start_reader(true);
		while (shared->reads == reads)
			usleep(100);
		/* The reader is now at the beginning of a read, or close to it. */
		wait = shared->whole * (i + 1) / (trials + 1);
		ts.tv_sec = wait / 1000000000;
		ts.tv_nsec = wait % 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
		inside += shared->reading;
		start = now();
		end_reader(pid);
		times[nr_times++] = now() - start;
	}
	sort_times();
	printf("whole %lld\ninside %d of %d\nmedian %lld\nlongest %lld\n",
	       (long long)shared->whole, inside, trials, times[nr_times / 2],
	       times[nr_times - 1]);
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "-u")) {
		uid = atoi(argv[2]);
		argv += 2;
		argc -= 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	memset(shared, 0, sizeof(*shared));
	memset(buf, 1, sizeof(buf));
	if (argc > 2)
		file = argv[2];
	if (argc == 4 && !strcmp(argv[1], "trace"))
		trace(argv[3], false);
	else if (argc == 5 && !strcmp(argv[1], "trace") && !strcmp(argv[4], "all"))
		trace(argv[3], true);
	else if (argc == 3 && !strcmp(argv[1], "lag"))
		lag();
	else if (argc == 4 && !strcmp(argv[1], "kill"))
		kill_readers(atoi(argv[3]));
	else
		errx(2, "%s", usage);
	return 0;
}
