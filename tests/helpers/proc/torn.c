// SPDX-License-Identifier: GPL-2.0-only
/*
 * torn: rows of processes that are in the middle of an exec
 *
 * Usage: torn PROCESSES READS
 *
 * Starts PROCESSES that use 512 pages and execute themselves, over and over, and reads
 * /proc/tamalloc/pids READS times. Such a process never has much less resident than
 * at its peak, but an address space that exec is tearing down has. Prints how many
 * rows there were, and how many were torn.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "page.h"
#include "pids.h"

#define SIZE	(512 * PAGE)
/* What the approximate counters can be wrong by, and more */
#define SLACK_KB	((long long)(128 * PAGE >> 10))

static char buf[1 << 20];

static void worker(void)
{
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	/* The kernel notes the peak when something is unmapped. */
	munmap(p + SIZE - PAGE, PAGE);
	execl("/proc/self/exe", "torn", "--worker", NULL);
	err(1, "exec");
}

int main(int argc, char **argv)
{
	long rows = 0, torn = 0, reads;
	int count, fd, i;

	if (argc == 2 && !strcmp(argv[1], "--worker"))
		worker();
	if (argc != 3)
		errx(2, "usage: torn PROCESSES READS");
	count = atoi(argv[1]);
	fd = open("/proc/tamalloc/pids", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "pids");
	for (i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			worker();
		}
	}
	for (reads = atol(argv[2]); reads; reads--) {
		struct row row;
		const char *p;
		size_t len;

		lseek(fd, 0, SEEK_SET);
		len = read_all(fd, buf, sizeof(buf) - 1, sizeof(buf) - 1);
		buf[len] = '\0';
		for (p = skip_header(buf); p && *p; ) {
			p = parse_row(p, &row);
			if (!p)
				errx(1, "a row that does not parse");
			if (row.field[F_PPID] != getpid())
				continue;
			rows++;
			if (row.field[F_COMMITTED] - row.field[F_RSS] <= SLACK_KB)
				continue;
			if (!torn++)
				fprintf(stderr, "PID %lld: peak %lld kB, resident %lld kB\n",
					row.field[F_PID], row.field[F_COMMITTED],
					row.field[F_RSS]);
		}
	}
	printf("%ld rows, %ld torn\n", rows, torn);
	return 0;
}
