// SPDX-License-Identifier: GPL-2.0-only
/*
 * faultnth: make the first, the second, ... place of an operation fail, as long as
 * there is another place that can
 *
 * Usage: faultnth [TRIES [PROC]]
 *
 * Operations are the call, if the kernel has it, and open, read, pread and lseek
 * of both files below PROC, a proc mount, by default /proc. Below another
 * than that, the caches of names and inodes are emptied before each. Each must succeed or
 * return ENOMEM or EFAULT. After a failure the same operation is repeated on the
 * same descriptor and must return the same bytes as without the failure. A whole
 * read must neither lose nor double a byte.
 *
 * The files must stand still, except for this process's own row. Reads are compared
 * only if they did.
 *
 * Prints a line for each operation: its name, the number of faults injected, how
 * often it returned ENOMEM, EFAULT and success, how often the bytes were compared,
 * and how often the result was wrong.
 */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "pids.h"
#include "tamalloc.h"

#define SIZE		(1 << 20)
#define NTH_MAX		5000
#define CALL_SIZE	(5 * 4096 - 1)

static char paths[2][256];

static char whole[SIZE], later[SIZE], part[SIZE];
static size_t length;
static int nth_fd, caches_fd;
static bool forget;

struct tally {
	int injected, enomem, efault, nevertheless, compared, wrong;
};

static struct tally tally;

static void wrong(const char *what, int nth)
{
	if (tally.wrong++ < 10)
		fprintf(stderr, "fault number %d: %s\n", nth, what);
}

/* Make the @nth place that can fail do so; 0 for none. */
static void arm(int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	/* The rest of an earlier number may hit this write; then it is 0. */
	while (write(nth_fd, text, len) != len)
		if (errno != EFAULT && errno != ENOMEM)
			err(1, "fail-nth");
}

/* Was there such a place? If not, the fault may hit this read. */
static bool injected(void)
{
	char text[16] = "";
	bool hit;

	hit = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;
	arm(0);
	return hit;
}

/* After an operation: @result below 0 is a failure with @error. */
static bool judge(int nth, long result, int error)
{
	if (!injected()) {
		if (result < 0)
			wrong("it failed by itself", nth);
		return false;
	}
	tally.injected++;
	if (result >= 0)
		tally.nevertheless++;
	else if (error == ENOMEM)
		tally.enomem++;
	else if (error == EFAULT)
		tally.efault++;
	else
		wrong(strerror(error), nth);
	return true;
}

static long address_space(void)
{
	char text[128];

	text[read_file("/proc/self/statm", text, sizeof(text) - 1, sizeof(text))] = '\0';
	return atol(text);
}

static bool call(int nth, const char *path)
{
	long before = address_space(), ret;
	int error;
	bool hit;

	(void)path;
	arm(nth);
	ret = syscall(__NR_tamalloc, CALL_SIZE);
	error = errno;
	hit = judge(nth, ret, error);
	if (ret == -1 && address_space() != before)
		wrong("it failed and the address space is not as it was", nth);
	if (ret != -1) {
		if (address_space() != before + 5)
			wrong("it succeeded and reserved another size", nth);
		if (munmap((void *)ret, CALL_SIZE))
			err(1, "munmap");
	}
	return hit;
}

static int open_plain(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	/* What has been looked up once would allocate nothing. */
	if (forget && pwrite(caches_fd, "2", 1, 0) != 1)
		err(1, "drop_caches");
	return fd;
}

/* Take the whole file; later, still() says whether it is unchanged. */
static void look(const char *path)
{
	length = read_file(path, whole, SIZE, 65536);
}

static bool still(const char *path)
{
	if (read_file(path, later, SIZE, 65536) != length ||
	    memcmp(whole, later, length))
		return false;
	tally.compared++;
	return true;
}

static bool do_open(int nth, const char *path)
{
	int fd, error;
	bool hit;

	arm(nth);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	error = errno;
	hit = judge(nth, fd, error);
	if (fd >= 0)
		close(fd);
	return hit;
}

/*
 * A whole read in pieces of @piece bytes, the one at @when with a fault. The next
 * read must return the bytes that the failed one did not.
 */
static bool reading(int nth, const char *path, size_t piece, int when)
{
	bool hit = false, armed;
	size_t len = 0;
	int fd, i, error;
	ssize_t n;

	look(path);
	fd = open_plain(path);
	for (i = 0; ; i++) {
		armed = i == when;
		if (armed)
			arm(nth);
		n = read(fd, part + len, piece);
		error = errno;
		if (armed)
			hit = judge(nth, n, error);
		if (n < 0 && armed)
			continue;
		if (n < 0)
			err(1, "a read without a fault");
		if (!n)
			break;
		len += n;
	}
	close(fd);
	if (i < when)
		errx(1, "%s is read in fewer pieces", path);
	if (!still(path))
		return true;	/* once more */
	if (len != length || memcmp(part, whole, length))
		wrong("a retried read lost, doubled or changed bytes", nth);
	return hit;
}

static bool do_read(int nth, const char *path)
{
	return reading(nth, path, 65536, 0);
}

static bool do_read_small(int nth, const char *path)
{
	return reading(nth, path, 100, 0);
}

static bool do_read_on(int nth, const char *path)
{
	return reading(nth, path, 100, 2);
}

static bool positioned(int nth, const char *path, off_t at, bool seek)
{
	size_t left;
	bool hit;
	ssize_t n;
	int fd, error;

	look(path);
	fd = open_plain(path);
	arm(nth);
	n = seek ? lseek(fd, at, SEEK_SET) : pread(fd, part, 200, at);
	error = errno;
	hit = judge(nth, n, error);
	/* Repeat it, whether it failed or not; then read the file. */
	if (seek) {
		if (n >= 0 && n != at)
			wrong("it went elsewhere", nth);
		if (n < 0)
			n = lseek(fd, at, SEEK_SET);
		if (n != at)
			err(1, "lseek without a fault");
		n = read(fd, part, 200);
	} else if (n < 0) {
		n = pread(fd, part, 200, at);
	}
	close(fd);
	if (n < 0)
		err(1, "a read without a fault");
	if (!still(path))
		return true;
	left = length - at;
	if (n == 0 || (size_t)n > left || memcmp(part, whole + at, n))
		wrong("a read at a place gave other bytes", nth);
	return hit;
}

static bool do_pread_begin(int nth, const char *path)
{
	return positioned(nth, path, 0, false);
}

static bool do_pread(int nth, const char *path)
{
	return positioned(nth, path, 170, false);
}

static bool do_lseek(int nth, const char *path)
{
	return positioned(nth, path, 170, true);
}

static const struct {
	const char *name;
	bool (*once)(int nth, const char *path);
	int nr_paths;
} operations[] = {
	{ "call",		call,		1 },
	{ "open",		do_open,	2 },
	{ "read",		do_read,	2 },
	{ "read_small",		do_read_small,	2 },
	{ "read_on",		do_read_on,	2 },
	{ "pread_begin",	do_pread_begin,	2 },
	{ "pread",		do_pread,	2 },
	{ "lseek",		do_lseek,	2 },
};

int main(int argc, char **argv)
{
	int p, nth, try, tries = argc > 1 ? atoi(argv[1]) : 1;
	bool hit;
	size_t i;

	const char *proc = argc > 2 ? argv[2] : "/proc";

	if (argc > 3 || tries < 1)
		errx(1, "usage: faultnth [TRIES [PROC]]");
	snprintf(paths[0], sizeof(paths[0]), "%s/tamalloc/pids", proc);
	snprintf(paths[1], sizeof(paths[1]), "%s/tamalloc/summary", proc);

	/* Touch it all now, so that this process's own row stands still. */
	memset(whole, 1, sizeof(whole));
	memset(later, 1, sizeof(later));
	memset(part, 1, sizeof(part));
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		err(1, "fail-nth");

	forget = strcmp(proc, "/proc");
	caches_fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (forget && caches_fd < 0)
		err(1, "drop_caches");

	/* The module comes without the call. */
	i = syscall(__NR_tamalloc, 0) == -1 && errno == ENOSYS;
	for (; i < sizeof(operations) / sizeof(operations[0]); i++) {
		for (p = 0; p < operations[i].nr_paths; p++) {
			memset(&tally, 0, sizeof(tally));
			/*
			 * The number of free objects of an allocator varies, and
			 * with it the number of places before a certain one. So
			 * try each number several times.
			 */
			for (nth = 1, hit = true; hit; nth++) {
				if (nth > NTH_MAX)
					errx(1, "%s: no end of faults", operations[i].name);
				for (try = 0, hit = false; try < tries; try++)
					hit |= operations[i].once(nth, paths[p]);
			}
			printf("%s%s injected %d enomem %d efault %d success %d ",
			       operations[i].name,
			       operations[i].nr_paths == 1 ? "" :
			       p ? "_summary" : "_pids",
			       tally.injected, tally.enomem, tally.efault,
			       tally.nevertheless);
			printf("compared %d wrong %d\n", tally.compared, tally.wrong);
		}
	}
	return 0;
}
