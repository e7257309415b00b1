// SPDX-License-Identifier: GPL-2.0-only
/*
 * churn: read pids while processes come and go as fast as they can
 *
 * Usage: churn [--failing|--unaware] SECONDS
 *        churn --made NUMBER
 *        churn --check FILE PID...
 *
 * Four programs fork, exec, vfork and exit. Three readers read with buffers of
 * 1, 7, 512 and 4096 bytes and 1 MiB in turn. In each read, every row must
 * parse, the PIDs must ascend, and every process that lived throughout must
 * appear once, with its start time. Wrong rows go to standard error. The numbers
 * of reads with each buffer, of rows, of processes made, and of wrong rows go to
 * standard output.
 *
 * With --made, ends when NUMBER processes were made and each buffer had three reads, so
 * that as much is tested on a slow machine.
 *
 * With --failing, faults are injected into makers and readers
 * (/proc/self/make-it-fail). Their operations may then fail, but only with ENOMEM
 * and EFAULT. Readers then continue on the same descriptor, and also call
 * tamalloc, pread and lseek. The program also prints how often each operation was
 * done and returned each of these errors. With --unaware, faults are injected but
 * not allowed, so that the first ends the program.
 *
 * With --check, FILE is judged in the same way, for the given processes.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "fault.h"
#include "pids.h"
#include "tamalloc.h"

#define NR_STANDING	40
#define NR_CHURNERS	4
#define NR_READERS	3
#define NR_LIVING	(NR_STANDING + NR_CHURNERS + NR_READERS + 1)

static const size_t pieces[] = { 1, 7, 512, 4096, 1 << 20 };
#define NR_PIECES	((int)(sizeof(pieces) / sizeof(pieces[0])))

/* Operations that may fail, and how often they did */
enum { OP_OPEN, OP_READ, OP_PREAD, OP_LSEEK, OP_CALL, NR_OPS };

enum { PIDS, SUMMARY, NR_FILES };

static const char *const op_names[] = { "open", "read", "pread", "lseek", "call" };

static const char *const file_names[] = { "pids", "summary" };
static const char *const paths[] = { "/proc/tamalloc/pids", "/proc/tamalloc/summary" };

/* Whether faults are injected, and whether operations may fail */
static bool injected, failing;

static struct shared {
	struct {
		atomic_long times, enomem, efault;
	} ops[NR_OPS][NR_FILES];	/* the call's in the first */
	atomic_long reads[NR_PIECES];
	atomic_long summaries;
	atomic_long rows;
	atomic_long made;
	atomic_long faults;
	atomic_bool done;
	atomic_int finished;	/* readers */
	int nr_living;
	struct {
		pid_t pid;
		long long start;
	} living[NR_LIVING];
} *shared;

static char buf[8 << 20];

static void fault(const char *what, long long pid, size_t piece)
{
	if (shared->faults++ < 20)
		fprintf(stderr, "%s: PID %lld, buffer of %zu bytes\n", what,
			pid, piece);
}

static void check(size_t piece)
{
	int seen[NR_LIVING] = {};
	long long last = 0, pid;
	struct row row;
	const char *p = skip_header(buf);
	int i;

	if (!p) {
		fault("expected a header", 0, piece);
		return;
	}
	while (*p) {
		p = parse_row(p, &row);
		if (!p) {
			fault("expected a row that parses, after", last, piece);
			return;
		}
		shared->rows++;
		pid = row.field[F_PID];
		if (pid <= last)
			fault("expected a larger PID", pid, piece);
		last = pid;
		for (i = 0; i < shared->nr_living; i++) {
			if (shared->living[i].pid != pid)
				continue;
			seen[i]++;
			if (shared->living[i].start != row.field[F_STARTTIME])
				fault("expected another STARTTIME", pid, piece);
		}
	}
	for (i = 0; i < shared->nr_living; i++) {
		if (!seen[i])
			fault("expected a row, actual none", shared->living[i].pid, piece);
		if (seen[i] > 1)
			fault("expected one row, actual more", shared->living[i].pid, piece);
	}
}

static const char *op_name(int op, int file)
{
	static char name[32];

	if (op == OP_CALL)
		return op_names[op];
	snprintf(name, sizeof(name), "%s_%s", op_names[op], file_names[file]);
	return name;
}

/* Note @result of an operation on @file. Returns whether to repeat it. */
static bool again(int op, int file, long result)
{
	shared->ops[op][file].times++;
	if (result != -1)
		return false;
	if (failing && errno == ENOMEM) {
		shared->ops[op][file].enomem++;
	} else if (failing && errno == EFAULT) {
		shared->ops[op][file].efault++;
	} else {
		/* In one write, because other processes may print too. */
		dprintf(STDERR_FILENO, "churn: %s: %s\n", op_name(op, file),
			strerror(errno));
		exit(1);
	}
	return true;
}

static int open_it(int file)
{
	int fd;

	do
		fd = open(paths[file], O_RDONLY | O_CLOEXEC);
	while (again(OP_OPEN, file, fd));
	return fd;
}

static ssize_t read_it(int file, int fd, char *to, size_t size)
{
	ssize_t n;

	do
		n = read(fd, to, size);
	while (again(OP_READ, file, n));
	return n;
}

/* To the end, in pieces; a failed read is repeated on the same descriptor. */
static size_t read_pids(int fd, size_t piece)
{
	size_t len = 0;
	ssize_t n;

	do {
		if (len == sizeof(buf) - 1)
			errx(1, "more than %zu bytes", len);
		n = sizeof(buf) - 1 - len;
		n = read_it(PIDS, fd, buf + len, (size_t)n < piece ? (size_t)n : piece);
		len += n;
	} while (n);
	buf[len] = '\0';
	return len;
}

/* Read and go elsewhere in @file of @len bytes, until each succeeds. */
static void elsewhere(int file, size_t len)
{
	char part[300];
	ssize_t n;
	off_t at;
	int fd;

	/* Each on a descriptor of its own, which has no buffer yet. */
	fd = open_it(file);
	do
		n = pread(fd, part, sizeof(part), len / 2);
	while (again(OP_PREAD, file, n));
	close(fd);
	fd = open_it(file);
	do
		at = lseek(fd, len / 2, SEEK_SET);
	while (again(OP_LSEEK, file, at));
	close(fd);
	if (at != (off_t)len / 2)
		fault("expected to be elsewhere than at", at, 0);
}

static void call(void)
{
	void *p;

	do
		p = tamalloc(10000);
	while (again(OP_CALL, 0, p ? 0 : -1));
	/* This may need memory, too. */
	while (tamfree(p, 10000))
		if (errno != ENOMEM)
			err(1, "tamfree");
}

static void check_summary(void)
{
	char text[4096];
	ssize_t len;
	int fd = open_it(SUMMARY);
	const char *p;

	len = read_it(SUMMARY, fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0) {
		fault("expected a summary", 0, sizeof(text));
		return;
	}
	text[len] = '\0';
	p = strstr(text, "Processes:");
	if (!p || atoi(p + 10) < shared->nr_living)
		fault("expected more Processes than", p ? atoi(p + 10) : -1,
		      sizeof(text));
	shared->summaries++;
	if (failing)
		elsewhere(SUMMARY, len);
}

static void reader(int which)
{
	int turn = which;

	while (!shared->done) {
		size_t piece = pieces[turn++ % NR_PIECES];
		int fd = open_it(PIDS);
		size_t len = read_pids(fd, piece);

		check(piece);
		if (failing) {
			elsewhere(PIDS, len);
			call();
		}
		close(fd);
		shared->reads[(turn - 1) % NR_PIECES]++;
		check_summary();
	}
	shared->finished++;
}

static char *exit_args[] = { "churn", "--exit", NULL };

static void *exec_thread(void *arg)
{
	execv("/proc/self/exe", exit_args);
	return arg;
}

static void churner(int which)
{
	pthread_t thread;
	pid_t pid;

	while (!shared->done) {
		switch (which) {
		case 0:		/* fork, exit */
			pid = fork();
			break;
		case 1:		/* vfork, exec */
			pid = vfork();
			if (!pid)
				execv("/proc/self/exe", exit_args);
			break;
		case 2:		/* fork, vfork, exit */
			pid = fork();
			if (!pid && vfork() == 0)
				_exit(0);
			break;
		default:	/* fork, exec from a thread */
			pid = fork();
			if (!pid) {
				/*
				 * A fault may keep the kernel from reporting
				 * that the thread has ended.
				 */
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				alarm(5);
				if (!pthread_create(&thread, NULL, exec_thread, NULL))
					pthread_join(thread, NULL);
			}
		}
		if (!pid)
			_exit(0);
		if (pid < 0 && failing)
			continue;
		if (pid < 0)
			err(1, "fork");
		shared->made++;
		waitpid(pid, NULL, 0);
	}
}

static void stand(int arg)
{
	(void)arg;
	for (;;)
		pause();
}

/* Its readers continue when the other end is closed. */
static int go[2];

static pid_t start(void (*work)(int), int arg)
{
	pid_t pid = fork();
	char c;

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* No polling: dozens of pollers leave no time to start the others. */
	close(go[1]);
	if (read(go[0], &c, 1))
		err(1, "pipe");
	close(go[0]);
	if (injected && work != stand)
		may_fail(true);
	work(arg);
	/* Others may still be reading, and expect this one to live. */
	for (;;)
		pause();
}

static void living(pid_t pid)
{
	char path[64], text[1024], *p;
	size_t len;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	len = read_file(path, text, sizeof(text) - 1, sizeof(text) - 1);
	text[len] = '\0';
	p = strrchr(text, ')');
	/* Field 3 follows the name. */
	for (i = 3; p && i <= 22; i++)
		p = strchr(p + 1, ' ');
	if (!p)
		errx(1, "%s: %s", path, text);
	shared->living[shared->nr_living].start = atoll(p);
	shared->living[shared->nr_living++].pid = pid;
}

static bool enough(long made)
{
	int i;

	for (i = 0; i < NR_PIECES; i++)
		if (shared->reads[i] < 3)
			return false;
	return shared->made >= made;
}

int main(int argc, char **argv)
{
	pid_t churners[NR_CHURNERS], readers[NR_READERS], standing[NR_STANDING];
	int i, op, file, status;
	bool counted;
	pid_t pid;
	struct timespec end;

	if (argc == 2 && !strcmp(argv[1], "--exit"))
		return 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	if (argc > 3 && !strcmp(argv[1], "--check")) {
		for (i = 3; i < argc; i++)
			living(atoi(argv[i]));
		buf[read_file(argv[2], buf, sizeof(buf) - 1, 4096)] = '\0';
		check(4096);
		printf("faults %ld\n", shared->faults);
		return 0;
	}
	if (argc == 3) {
		failing = !strcmp(argv[1], "--failing");
		injected = failing || !strcmp(argv[1], "--unaware");
	}
	counted = argc == 3 && !strcmp(argv[1], "--made");
	if (argc != 2 && !injected && !counted)
		errx(2, "usage: churn [--failing|--unaware] SECONDS | --made NUMBER");

	if (pipe2(go, O_CLOEXEC))
		err(1, "pipe");
	for (i = 0; i < NR_STANDING; i++)
		standing[i] = start(stand, 0);
	for (i = 0; i < NR_CHURNERS; i++)
		churners[i] = start(churner, i);
	for (i = 0; i < NR_READERS; i++)
		readers[i] = start(reader, i);
	for (i = 0; i < NR_STANDING; i++)
		living(standing[i]);
	for (i = 0; i < NR_CHURNERS; i++)
		living(churners[i]);
	for (i = 0; i < NR_READERS; i++)
		living(readers[i]);
	living(getpid());
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += atoi(argv[argc - 1]);
	close(go[1]);
	while (counted && !enough(atol(argv[2])))
		usleep(10000);
	while (!counted && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL))
		;
	shared->done = true;
	while (shared->finished < NR_READERS) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid)
			errx(1, "one of those who live throughout has died: PID %d, status %#x",
			     pid, status);
		usleep(10000);
	}
	for (i = 0; i < shared->nr_living - 1; i++) {
		kill(shared->living[i].pid, SIGKILL);
		waitpid(shared->living[i].pid, NULL, 0);
	}
	for (op = 0; failing && op < NR_OPS; op++)
		for (file = 0; file < (op == OP_CALL ? 1 : NR_FILES); file++)
			printf("%s %ld enomem %ld efault %ld\n", op_name(op, file),
			       shared->ops[op][file].times, shared->ops[op][file].enomem,
			       shared->ops[op][file].efault);
	printf("reads");
	for (i = 0; i < NR_PIECES; i++)
		printf(" %ld", shared->reads[i]);
	printf("\nsummaries %ld\nrows %ld\nmade %ld\nfaults %ld\n",
	       shared->summaries, shared->rows, shared->made, shared->faults);
	return 0;
}
