// SPDX-License-Identifier: GPL-2.0-only
/*
 * tamcall: the bare system call, for the tests
 *
 *   tamcall call SIZE...   call it; a line per size: "SIZE ok" with the page
 *                          offset of the address and the growth of VmSize in kB,
 *                          or "SIZE ERRNO" with the growth of VmSize
 *   tamcall lazy PAGES     a line per step (before, call, read, write): resident
 *                          kB, minor faults so far, pages that mincore() reports
 *   tamcall zero MIB       dirty MIB of memory, free it, reserve MIB, write a byte
 *                          per page; print how many other bytes are not zero, how
 *                          many pages had been dirty ones, of how many
 *
 * It does not use the header of the call, so that it can judge the header.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "page.h"
#include "tools/settle.h"

#define NR_TAMALLOC 554

static long status_kb(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	size_t len = strlen(key);
	char line[256];
	long kb = -1;

	settle_counters();
	if (!f)
		err(1, "/proc/self/status");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len) && line[len] == ':')
			kb = strtol(line + len + 1, NULL, 10);
	fclose(f);
	return kb;
}

static int do_call(char **sizes)
{
	for (; *sizes; sizes++) {
		size_t size = strtoull(*sizes, NULL, 0);
		long before = status_kb("VmSize"), ret;

		ret = syscall(NR_TAMALLOC, size);
		if (ret == -1 && errno)
			printf("%s %s %ld\n", *sizes, strerrorname_np(errno),
			       status_kb("VmSize") - before);
		else
			printf("%s ok %ld %ld\n", *sizes, ret & (long)(PAGE - 1),
			       status_kb("VmSize") - before);
		errno = 0;
	}
	return 0;
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static int do_lazy(size_t pages)
{
	static const char * const steps[] = { "before", "call", "read", "write" };
	unsigned char *vec = malloc(pages);
	volatile char *p = NULL;
	size_t step, i, resident;
	static char buf[4096];
	long fault, rss;

	/* Touch all memory now that this program itself needs. */
	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
	memset(buf, 0, sizeof(buf));
	memset(vec, 0, pages);
	status_kb("VmRSS");

	for (step = 0; step < 4; step++) {
		fault = faults();
		if (step == 1)
			p = (char *)syscall(NR_TAMALLOC, pages * PAGE);
		for (i = 0; step == 2 && i < pages; i++)
			if (p[i * PAGE])
				errx(1, "page %zu is not zero", i);
		for (i = 0; step == 3 && i < pages; i++)
			p[i * PAGE] = 1;
		fault = faults() - fault;
		resident = 0;
		if (p) {
			if (mincore((void *)p, pages * PAGE, vec))
				err(1, "mincore");
			for (i = 0; i < pages; i++)
				resident += vec[i] & 1;
		}
		rss = status_kb("RssAnon");
		printf("%s %ld %ld %zu\n", steps[step], rss, fault, resident);
	}
	return 0;
}

/* The page frame behind each page at @p; needs root. */
static void frames(const void *p, size_t pages, uint64_t *pfn)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t i, want = pages * sizeof(*pfn);

	if (fd < 0)
		err(1, "/proc/self/pagemap");
	if (pread(fd, pfn, want, (uintptr_t)p / PAGE * 8) != (ssize_t)want)
		err(1, "pagemap");
	close(fd);
	for (i = 0; i < pages; i++)
		pfn[i] &= (1ULL << 55) - 1;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int do_zero(size_t size)
{
	size_t i, pages = size / PAGE, bad = 0, recycled = 0;
	uint64_t *before = calloc(pages, sizeof(*before));
	uint64_t *after = calloc(pages, sizeof(*after));
	unsigned char *p;

	/* By the same call: the allocator hands out again what has the same order. */
	p = (unsigned char *)syscall(NR_TAMALLOC, size);
	if (p == (void *)-1)
		err(1, "tamalloc");
	memset(p, 0xa5, size);
	frames(p, pages, before);
	munmap(p, size);

	p = (unsigned char *)syscall(NR_TAMALLOC, size);
	if (p == (void *)-1)
		err(1, "tamalloc");
	/* A write to one byte of a page makes it real; the others must be zero. */
	for (i = 0; i < pages; i++)
		p[i * PAGE + i % PAGE] = 0x5a;
	frames(p, pages, after);
	for (i = 0; i < size; i++)
		bad += p[i] != (i % PAGE == i / PAGE % PAGE ? 0x5a : 0);

	qsort(before, pages, sizeof(*before), compare);
	for (i = 0; i < pages; i++)
		recycled += bsearch(&after[i], before, pages, sizeof(*before),
				    compare) != NULL;
	printf("%zu %zu %zu\n", bad, recycled, pages);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "call"))
		return do_call(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "lazy"))
		return do_lazy(strtoul(argv[2], NULL, 10));
	if (argc == 3 && !strcmp(argv[1], "zero"))
		return do_zero(strtoul(argv[2], NULL, 10) << 20);
	fputs("usage: tamcall call SIZE... | lazy PAGES | zero MIB\n", stderr);
	return 2;
}
