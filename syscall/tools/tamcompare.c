// SPDX-License-Identifier: GPL-2.0-only
/* tamcompare: the costs of malloc, calloc, mmap and tamalloc, side by side */

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clients.h"
#include "tamalloc.h"

#define DEFAULT_MIB	"64"
/* One page in so much is touched by who touches memory here and there. */
#define SPARSE_STEP	((size_t)2 << 20)
/* Large enough that malloc() maps it and does not take it from the heap */
#define WARMUP_SIZE	((size_t)1 << 20)

static const char help[] =
	"Usage: tamcompare [MIB]\n"
	"Allocate MIB mebibytes (default " DEFAULT_MIB ") with malloc, calloc, mmap and tamalloc,\n"
	"read every page, then write every page, and print the cost of each phase.\n"
	"Then fill fresh memory of the same size from front to back, and write a few\n"
	"pages of another.\n"
	"\n"
	"  -h, --help     print this and exit\n"
	"  -V, --version  print the version and exit\n"
	"\n"
	"CALL_NS is the time of one call, in nanoseconds. The FAULTS columns count\n"
	"the minor page faults of each phase by itself. The RSS_KB columns show how\n"
	"much more is resident at the end of the phase than before the call.\n"
	"FILL_FAULTS/MIB is the page faults for each MiB that is written from front to\n"
	"back; SPARSE_RSS_KB is how much becomes resident by writing a single page in\n"
	"each 2 MiB.\n"
	"\n"
	"Each allocator is measured in a process of its own, after a small\n"
	"allocation that warms it up. The memory of calloc, mmap and tamalloc is\n"
	"guaranteed to be zero. That of malloc is not: it may hold what the program\n"
	"freed earlier.\n"
	"\n"
	"Exit status: 0 done, 1 an allocator failed, 2 wrong usage.\n";

struct phase {
	long faults;
	long rss_kb;
};

struct result {
	int error;
	unsigned char seen;	/* the bytes read, so that the compiler keeps the reads */
	long long ns;
	struct phase call, read, write, fill, sparse;
};

static void *call_calloc(size_t size)
{
	return calloc(1, size);
}

static void *call_mmap(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

static const struct allocator {
	const char *name;
	void *(*call)(size_t size);
} allocators[] = {
	{ "malloc", malloc },
	{ "calloc", call_calloc },
	{ "mmap", call_mmap },
	{ "tamalloc", tamalloc },
};

static long long now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now))
		err(EXIT_FAILURE, "clock_gettime");

	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long rss_kb(struct textfile *status)
{
	return (long)status_kb(textfile_read(status), "VmRSS");
}

/* Fresh memory of which one page in each @step bytes is written; 0, or an errno */
static int measure_writes(const struct allocator *allocator, size_t size, size_t step,
			  struct textfile *status, struct phase *phase)
{
	long before_kb, faults;
	unsigned char *mem;
	size_t i;

	mem = allocator->call(size);
	if (!mem)
		return errno;

	before_kb = rss_kb(status);
	faults = minor_faults();
	for (i = 0; i < size; i += step)
		mem[i] = 1;
	phase->faults = minor_faults() - faults;
	phase->rss_kb = rss_kb(status) - before_kb;

	return 0;
}

/* Keep the memory: a free would change the next malloc(). */
static struct result measure(const struct allocator *allocator, size_t size,
			     struct textfile *status)
{
	long before_kb = rss_kb(status);
	struct result result = { 0 };
	long faults;
	void *mem;

	faults = minor_faults();
	result.ns = now_ns();
	mem = allocator->call(size);
	if (!mem) {
		result.error = errno;
		return result;
	}
	result.ns = now_ns() - result.ns;
	result.call.faults = minor_faults() - faults;
	result.call.rss_kb = rss_kb(status) - before_kb;

	faults = minor_faults();
	result.seen = read_pages(mem, size);
	result.read.faults = minor_faults() - faults;
	result.read.rss_kb = rss_kb(status) - before_kb;

	faults = minor_faults();
	write_pages(mem, size);
	result.write.faults = minor_faults() - faults;
	result.write.rss_kb = rss_kb(status) - before_kb;

	result.error = measure_writes(allocator, size, page_size(), status, &result.fill);
	if (!result.error)
		result.error = measure_writes(allocator, size, SPARSE_STEP, status,
					      &result.sparse);

	return result;
}

static void measure_and_send(const struct allocator *allocator, size_t size, int fd)
{
	struct textfile status;
	struct result result;

	status_open(&status);

	/* The first round takes the faults that every new process takes. */
	result = measure(allocator, WARMUP_SIZE, &status);
	if (!result.error)
		result = measure(allocator, size, &status);

	/* Less than PIPE_BUF, so all or nothing */
	if (write(fd, &result, sizeof(result)) != sizeof(result))
		err(EXIT_FAILURE, "pipe");
}

/* Returns 0, or -1 if the measuring process did not reach its end. */
static int measure_in_child(const struct allocator *allocator, size_t size,
			    struct result *result)
{
	int fds[2], status;
	ssize_t got;
	pid_t pid;

	if (pipe(fds))
		err(EXIT_FAILURE, "pipe");

	pid = fork();
	if (pid < 0)
		err(EXIT_FAILURE, "fork");

	if (!pid) {
		close(fds[0]);
		measure_and_send(allocator, size, fds[1]);
		_exit(EXIT_SUCCESS);
	}

	close(fds[1]);
	do
		got = read(fds[0], result, sizeof(*result));
	while (got < 0 && errno == EINTR);
	close(fds[0]);

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err(EXIT_FAILURE, "waitpid");

	if (got == (ssize_t)sizeof(*result))
		return 0;

	if (WIFSIGNALED(status))
		warnx("%s: killed by signal %d (%s)", allocator->name,
		      WTERMSIG(status), strsignal(WTERMSIG(status)));

	return -1;
}

static int compare(const struct allocator *allocator, size_t size)
{
	struct result r;

	if (measure_in_child(allocator, size, &r))
		return -1;

	if (r.error) {
		warnx("%s: %s", allocator->name, tamalloc_error(r.error));
		return -1;
	}

	printf("%-9s %10lld %11ld %11ld %11ld %11ld %12ld %12ld %15.1f %13ld\n",
	       allocator->name, r.ns, r.call.faults, r.call.rss_kb,
	       r.read.faults, r.read.rss_kb, r.write.faults, r.write.rss_kb,
	       (double)r.fill.faults / (double)(size >> MIB_SHIFT), r.sparse.rss_kb);
	flush_stdout();

	return 0;
}

int main(int argc, char **argv)
{
	int ret = EXIT_SUCCESS;
	size_t size, i;

	size = only_mib(argc, argv, help, DEFAULT_MIB);

	printf("%-9s %10s %11s %11s %11s %11s %12s %12s %15s %13s\n", "ALLOCATOR",
	       "CALL_NS", "CALL_FAULTS", "CALL_RSS_KB", "READ_FAULTS", "READ_RSS_KB",
	       "WRITE_FAULTS", "WRITE_RSS_KB", "FILL_FAULTS/MIB", "SPARSE_RSS_KB");
	/* Otherwise the child could print the buffer a second time. */
	flush_stdout();

	for (i = 0; i < ARRAY_SIZE(allocators); i++)
		if (compare(&allocators[i], size))
			ret = EXIT_FAILURE;

	return ret;
}
