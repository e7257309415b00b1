// SPDX-License-Identifier: GPL-2.0-only
/*
 * calllazy: when does memory become real? Five witnesses.
 *
 *   calllazy steps STEP N WAY    touch N steps of STEP kB one by one, first all by
 *                                reading, then all by writing; or only by writing,
 *                                with WAY given as "WAY,write"
 *   calllazy free MIB WAY        by how many kB less memory is free after the
 *                                call, after reading and after writing all of it
 *
 * For steps, a line per phase (call, read, write). It shows how much the phase
 * changed RssAnon (kB), minor faults, the pages that mincore() reports, and the
 * pages that pagemap reports as present; then the number of different page frames;
 * then "even", or the first step whose change was not one Nth of the phase. The
 * memory is aligned to STEP. "WAY,huge" also calls madvise(MADV_HUGEPAGE).
 */
#include <malloc.h>
#include <stdbool.h>

#include "ways.h"

#define MAX_PAGES	32768UL
#define HEAP_SLACK	8192UL

static char *area;
static size_t pages;

struct sample {
	long rss;
	long faults;
	long incore;
	long present;
	long frames;
};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static struct sample take(void)
{
	static unsigned char vec[MAX_PAGES];
	static uint64_t map[MAX_PAGES];
	struct sample s = { .faults = minor_faults() };
	size_t i, n = 0;
	int fd;

	s.rss = status_kb("RssAnon");
	if (!area)
		return s;
	if (mincore(area, pages * PAGE, vec))
		err(1, "mincore");
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, map, pages * sizeof(*map),
			    (off_t)((uintptr_t)area / PAGE * sizeof(*map))) !=
	    (ssize_t)(pages * sizeof(*map)))
		err(1, "pagemap");
	close(fd);
	for (i = 0; i < pages; i++) {
		s.incore += vec[i] & 1;
		if (map[i] >> 63)
			map[n++] = map[i] & ((1ULL << 55) - 1);
	}
	s.present = (long)n;
	qsort(map, n, sizeof(*map), compare);
	for (i = 0; i < n; i++)
		s.frames += !i || map[i] != map[i - 1];
	return s;
}

static struct sample minus(struct sample a, struct sample b)
{
	a.rss -= b.rss;
	a.faults -= b.faults;
	a.incore -= b.incore;
	a.present -= b.present;
	a.frames -= b.frames;
	return a;
}

static void print(const char *phase, struct sample d, const char *even)
{
	printf("%s %ld %ld %ld %ld %ld %s\n", phase, d.rss, d.faults, d.incore,
	       d.present, d.frames, even);
}

static void do_phase(const char *phase, size_t step, size_t n, bool write)
{
	struct sample start = take(), last = start, now = start, d, first = { 0 };
	char even[160] = "even";
	volatile char *p;
	size_t i;

	/* No step includes the cost of taking a sample. */
	for (i = 0; i < n; i++) {
		long faults = minor_faults();

		p = area + i * step;
		if (write)
			*p = 1;
		else if (*p)
			errx(1, "step %zu does not read 0", i);
		faults = minor_faults() - faults;
		now = take();
		d = minus(now, last);
		d.faults = faults;
		start.faults += (now.faults - last.faults) - faults;
		/* Read pages share a frame, so these do not add up. */
		d.frames = 0;
		if (!i)
			first = d;
		else if (memcmp(&d, &first, sizeof(d)) && !strcmp(even, "even"))
			snprintf(even, sizeof(even), "step-%zu:%ld,%ld,%ld,%ld", i,
				 d.rss, d.faults, d.incore, d.present);
		last = now;
	}
	d = minus(now, start);
	d.frames = now.frames;
	print(phase, d, even);
}

static int do_steps(size_t step, size_t n, const struct way *way, bool read, bool huge)
{
	volatile uint64_t *buffer;
	struct sample before, now;
	long faults;
	size_t i;
	char *mem;

	pages = step * n / PAGE;
	if (pages > MAX_PAGES)
		errx(2, "at most %lu pages", MAX_PAGES);

	/* A rehearsal touches all memory that this program itself needs. */
	area = ask_or_exit(find_way("mmap"), pages * PAGE);
	memset(area, 1, pages * PAGE);
	take();
	munmap(area, pages * PAGE);
	/*
	 * qsort() touches more or less of its buffer, depending on the values.
	 * The place of the buffer in the heap depends on earlier allocations.
	 */
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	buffer = malloc((pages + HEAP_SLACK) * sizeof(*buffer));
	if (!buffer)
		err(1, "malloc");
	for (i = 0; i < pages + HEAP_SLACK; i++)
		buffer[i] = i;
	free((void *)buffer);
	area = NULL;

	before = take();
	faults = minor_faults();
	mem = ask_or_exit(way, pages * PAGE + step);
	faults = minor_faults() - faults;
	area = (char *)(((uintptr_t)mem + step - 1) & -step);
	if (huge && madvise(mem, pages * PAGE + step, MADV_HUGEPAGE))
		err(1, "MADV_HUGEPAGE");
	now = minus(take(), before);
	now.faults = faults;
	print("call", now, "even");
	if (read)
		do_phase("read", step, n, false);
	do_phase("write", step, n, true);
	return 0;
}

/*
 * The parts of MemFree, and the pages in per-CPU lists. The latter are also free,
 * can be some hundred MiB, and move in batches. So both are read from one file,
 * which the kernel prints under the lock that such a move takes.
 */
static long free_kb(void)
{
	static const char *const keys[] = { "  pages free ", " count:" };
	const char *text = slurp("/proc/zoneinfo"), *p;
	long n = 0;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		for (p = text; (p = strstr(p, keys[i])); )
			n += strtol(p += strlen(keys[i]), NULL, 10);
	return n * (long)(PAGE >> 10);
}

static int do_free(size_t size, const struct way *way)
{
	volatile char *p;
	unsigned char sum = 0;
	long before, now;
	size_t i;

	/*
	 * If huge pages are always used, the first read creates the system's huge
	 * zero page. This process then holds it.
	 */
	p = ask_or_exit(find_way("mmap"), size);
	for (i = 0; i < size; i += PAGE)
		sum |= p[i];
	munmap((void *)p, size);
	free_kb();
	before = free_kb();
	p = ask_or_exit(way, size);
	now = free_kb();
	printf("call %ld\n", before - now);
	before = now;
	for (i = 0; i < size; i += PAGE)
		sum |= p[i];
	now = free_kb();
	printf("read %ld\n", before - now);
	before = now;
	for (i = 0; i < size; i += PAGE)
		p[i] = 1;
	now = free_kb();
	printf("write %ld\n", before - now);
	return sum;
}

int main(int argc, char **argv)
{
	static char buf[4096], *word;
	bool read = true, huge = false;
	const struct way *way;

	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
	memset(buf, 0, sizeof(buf));
	if (argc < 4) {
		fputs("usage: calllazy steps STEP_KB N WAY | free MIB WAY\n", stderr);
		return 2;
	}
	way = find_way(strtok(argv[argc - 1], ","));
	while ((word = strtok(NULL, ","))) {
		read &= strcmp(word, "write") != 0;
		huge |= !strcmp(word, "huge");
	}
	if (argc == 5 && !strcmp(argv[1], "steps"))
		return do_steps(strtoul(argv[2], NULL, 10) << 10,
				strtoul(argv[3], NULL, 10), way, read, huge);
	if (argc == 4 && !strcmp(argv[1], "free"))
		return do_free(strtoul(argv[2], NULL, 10) << 20, way);
	return 2;
}
