// SPDX-License-Identifier: GPL-2.0-only
/*
 * reading: ways to read pids and summary, on a system that stands still
 *
 * Usage: reading offsets|again|fault|threads|bounds
 *
 *   offsets   pread at every offset
 *   again     re-reading by lseek, by pread, by a new descriptor
 *   fault     into a buffer that faults, wholly or in part; then continue
 *   threads   four threads read one descriptor
 *   bounds    every size of buffer, with a guard behind it
 *
 * Prints how many reads were compared with the whole file, and how many differed.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "page.h"
#include "pids.h"

#define SIZE	(1 << 20)

static const char *const paths[] = {
	"/proc/tamalloc/pids", "/proc/tamalloc/summary"
};

static char whole[SIZE], part[4][SIZE];
static size_t length;
static atomic_long reads, differences;
/* Two pages, the second one without access. */
static char *edge;

static void compare(const char *what, const char *got, ssize_t n, size_t at,
		    ssize_t expected)
{
	reads++;
	if (n == expected && (n <= 0 || !memcmp(got, whole + at, n)))
		return;
	if (differences++ < 10)
		fprintf(stderr, "%s at %zu: expected %zd bytes, actual %zd%s\n",
			what, at, expected, n,
			n == expected ? ", and not the same" : "");
}

static void offsets(int fd)
{
	size_t at;
	ssize_t n;

	for (at = 0; at <= length; at++) {
		n = pread(fd, part[0], 100, at);
		compare("pread", part[0], n, at,
			length - at < 100 ? (ssize_t)(length - at) : 100);
	}
	compare("pread beyond the end", part[0],
		pread(fd, part[0], 100, length + 1000), length, 0);
}

static void again(int fd, const char *path)
{
	int i, other;

	for (i = 0; i < 20; i++) {
		lseek(fd, 0, SEEK_SET);
		compare("read again", part[0],
			read_all(fd, part[0], SIZE, 1000), 0, length);
		/* From the middle of another read. */
		lseek(fd, 0, SEEK_SET);
		if (read(fd, part[0], 700) < 0)
			err(1, "read");
		lseek(fd, 0, SEEK_SET);
		compare("read after a break", part[0],
			read_all(fd, part[0], SIZE, 4096), 0, length);
		other = open(path, O_RDONLY | O_CLOEXEC);
		compare("read by a new descriptor", part[0],
			read_all(other, part[0], SIZE, 65536), 0, length);
		close(other);
	}
}

static void faulting(int fd)
{
	size_t at = 0, room;
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	for (room = 0; ; room = (room + 37) % 500) {
		/* Not a byte fits. */
		errno = 0;
		n = read(fd, edge + PAGE, 300);
		if (at == length) {
			compare("read at the end", edge, n, at, 0);
			return;
		}
		compare("read into nothing", edge, n, at, -1);
		if (errno != EFAULT) {
			differences++;
			warn("expected EFAULT, actual");
		}
		/* Some bytes fit. They are the next ones, and no byte is lost. */
		n = read(fd, edge + PAGE - room, 500);
		if (n < 0 && errno == EFAULT && !room)
			n = 0;
		if (n < 0) {
			warn("expected up to %zu bytes, actual", room);
			differences++;
			return;
		}
		compare("read to the edge", edge + PAGE - room, n, at, n);
		at += n;
		if (n > (ssize_t)room)
			differences++;
		n = read(fd, part[0], 61);
		compare("read on", part[0], n, at,
			length - at < 61 ? (ssize_t)(length - at) : 61);
		at += n;
	}
}

static int thread_fd;
static atomic_size_t taken;

/* Each reader takes other bytes of the file, each from one place. */
static void *take(void *arg)
{
	char *mine = part[(long)arg];
	ssize_t n;

	while ((n = read(thread_fd, mine, 53)) > 0) {
		reads++;
		taken += n;
		if (!memmem(whole, length, mine, n)) {
			differences++;
			fprintf(stderr, "expected bytes of the file, actual: %.*s\n",
				(int)n, mine);
		}
	}
	return NULL;
}

static void *anywhere(void *arg)
{
	unsigned int seed = (long)arg, i;
	char *mine = part[(long)arg];

	for (i = 0; i < 300; i++) {
		size_t at, want = 400;

		seed = seed * 1103515245 + 12345;
		at = (seed >> 8) % length;
		compare("pread of a thread", mine, pread(thread_fd, mine, want, at),
			at, length - at < want ? length - at : want);
	}
	return NULL;
}

static void all(void *(*work)(void *))
{
	pthread_t thread[4];
	long i;

	for (i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, work, (void *)i))
			errx(1, "pthread_create");
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
}

static void bounds(int fd)
{
	size_t size, at;
	ssize_t n;
	char *to;

	for (size = 1; size <= 300; size += size < 20 ? 1 : 13) {
		lseek(fd, 0, SEEK_SET);
		for (at = 0; ; at += n) {
			/* A write behind the buffer faults; one before it shows. */
			to = edge + PAGE - size;
			memset(edge, 0x55, PAGE);
			n = read(fd, to, size);
			if (n <= 0)
				break;
			if (n > (ssize_t)size || to[-1] != 0x55 ||
			    (n < (ssize_t)size && to[n] != 0x55)) {
				differences++;
				fprintf(stderr, "expected nothing outside of %zd of %zu bytes\n",
					n, size);
			}
			compare("read", to, n, at, n);
		}
		compare("end", to, n, at, 0);
		if (at != length) {
			differences++;
			fprintf(stderr, "expected %zu bytes, actual %zu\n", length, at);
		}
	}
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 2)
		errx(2, "usage: reading offsets|again|fault|threads|bounds");
	memset(whole, 1, sizeof(whole));
	memset(part, 1, sizeof(part));
	edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (edge == MAP_FAILED || mprotect(edge + PAGE, PAGE, PROT_NONE))
		err(1, "mmap");
	memset(edge, 0x55, PAGE);
	for (i = 0; i < 2; i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		long before;

		if (fd < 0)
			err(1, "%s", paths[i]);
		/* A first read brings in all memory that this program needs. */
		thread_fd = fd;
		length = read_all(fd, whole, SIZE, 65536);
		all(take);
		all(anywhere);
		read_all(open(paths[i], O_RDONLY | O_CLOEXEC), part[0], SIZE, 4096);
		warnx("reading %s", paths[i]);
		reads = 0;
		differences = 0;

		lseek(fd, 0, SEEK_SET);
		length = read_all(fd, whole, SIZE, 65536);
		switch (argv[1][0]) {
		case 'o':
			offsets(fd);
			break;
		case 'a':
			again(fd, paths[i]);
			break;
		case 'f':
			faulting(fd);
			break;
		case 't':
			all(anywhere);
			lseek(fd, 0, SEEK_SET);
			before = differences;
			taken = 0;
			all(take);
			if (taken != length && before == differences) {
				differences++;
				fprintf(stderr, "expected %zu bytes, actual %zu\n",
					length, taken);
			}
			break;
		case 'b':
			bounds(fd);
			break;
		default:
			errx(2, "unknown: %s", argv[1]);
		}
		printf("%ld reads, %ld differences\n", reads, differences);
		close(fd);
	}
	return 0;
}
