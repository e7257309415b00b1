// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-call: the cost of tamalloc() beside that of mmap() and calloc(), a line
 * per figure: "NAME VALUE UNIT"
 *
 * Meant for the instruction clock (scripts/vm/run --icount), where a nanosecond
 * is an instruction. Each figure of a call is the median of single calls, without
 * the cost of reading the clock. Each call is undone before the next, so that all
 * find the same address space. The ways take turns. Then each way touches memory
 * for the first time, page by page. All of this is done with transparent huge pages
 * never and always used; "thp_on" in the name of a figure means always.
 *
 * Last, it fills memory by each means that the kernel has to save faults: "dense",
 * all of it from front to back, and "sparse", one page in eight in random order. A
 * figure is per page that the program touched, clearing included. "bench-call fill"
 * does only this.
 */
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>

#include "ways.h"

#define ROUNDS		101
#define TOUCHED		(8UL << 20)

struct figure {
	long long ns[ROUNDS];
	long faults;
};

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return x < y ? -1 : x > y;
}

static long long median(long long *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

static uintptr_t ask_nothing(uint64_t size)
{
	return size;
}

static void give_nothing(uintptr_t p, size_t size)
{
	(void)p;
	(void)size;
}

static void give_map(uintptr_t p, size_t size)
{
	if (munmap((void *)p, size))
		err(1, "munmap");
}

static uintptr_t ask_calloc(uint64_t size)
{
	return (uintptr_t)calloc(1, size);
}

static void give_calloc(uintptr_t p, size_t size)
{
	(void)size;
	free((void *)p);
}

enum { NOTHING, MMAP, TAMALLOC, CALLOC, NR_CALLS };

static const struct {
	const char *name;
	uintptr_t (*ask)(uint64_t size);
	void (*give)(uintptr_t p, size_t size);
} calls[NR_CALLS] = {
	[NOTHING]  = { "nothing", ask_nothing, give_nothing },
	[MMAP]     = { "mmap", way_mmap, give_map },
	[TAMALLOC] = { "tamalloc", way_tamalloc, give_map },
	[CALLOC]   = { "calloc", ask_calloc, give_calloc },
};

static void measure_calls(const char *size_name, size_t size, const char *suffix)
{
	static struct figure figures[NR_CALLS];
	long long cost[NR_CALLS];
	int i, call;

	/* The first rounds pay for one-time costs. */
	for (i = 0; i < 2 * ROUNDS; i++) {
		for (call = 0; call < NR_CALLS; call++) {
			struct figure *f = &figures[call];
			long faults = minor_faults();
			long long ns = now_ns();
			uintptr_t p = calls[call].ask(size);

			f->ns[i % ROUNDS] = now_ns() - ns;
			/* Otherwise the compiler may drop memory that is never used. */
			asm volatile("" : : "r" (p) : "memory");
			if (!p)
				err(1, "%s of %zu bytes", calls[call].name, size);
			if (i == ROUNDS)
				f->faults = 0;
			f->faults += minor_faults() - faults;
			calls[call].give(p, size);
		}
	}
	for (call = 0; call < NR_CALLS; call++) {
		cost[call] = median(figures[call].ns);
		if (call == NOTHING)
			continue;
		cost[call] -= cost[NOTHING];
		printf("call.%s.%s%s %lld instructions\n", calls[call].name, size_name, suffix,
		       cost[call]);
		printf("call.%s.%s%s.faults %.2f faults\n", calls[call].name, size_name, suffix,
		       (double)figures[call].faults / ROUNDS);
	}
	printf("call.tamalloc_to_mmap.%s%s %.2f percent\n", size_name, suffix,
	       100.0 * (double)cost[TAMALLOC] / (double)cost[MMAP]);
}

/* Without a suffix: a warm-up for the next time */
static void measure_touch(int call, const char *suffix)
{
	volatile char *p = (volatile char *)calls[call].ask(TOUCHED);
	long faults = minor_faults();
	long long ns = now_ns();
	size_t i;

	if (!p)
		err(1, "%s of %zu bytes", calls[call].name, TOUCHED);
	for (i = 0; i < TOUCHED; i += PAGE)
		p[i] = 1;
	ns = now_ns() - ns;
	faults = minor_faults() - faults;
	calls[call].give((uintptr_t)p, TOUCHED);
	if (!suffix)
		return;
	printf("touch.%s%s %.0f instructions/page\n", calls[call].name, suffix,
	       (double)ns / (TOUCHED / PAGE));
	printf("touch.%s%s.faults %ld faults/8MiB\n", calls[call].name, suffix, faults);
}

static void write_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		err(1, "%s", path);
	close(fd);
}

#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define FOLIOS		THP "hugepages-"
#define AHEAD_KB	"/sys/kernel/mm/tamalloc/ahead_kb"

/* Anonymous folios of several sizes, since Linux 6.8; without them, it cannot fill ahead. */
static bool has_folios, has_ahead;

/* In this order: on Linux 6.1, pages can be cheaper once there were huge pages. */
static const struct {
	const char *name;
	int call;
	const char *thp, *thp_64k, *thp_2m, *ahead_kb;
	bool populate;
} fills[] = {
	{ "populate", MMAP, "never", "never", "inherit", "64", true },
	{ "mthp", MMAP, "always", "inherit", "never", "64", false },
	{ "thp", MMAP, "always", "never", "inherit", "64", false },
	{ "mmap", MMAP, "never", "never", "inherit", "64", false },
	{ "tamalloc", TAMALLOC, "madvise", "never", "inherit", "64", false },
	{ "tamalloc_always", TAMALLOC, "always", "never", "inherit", "64", false },
	{ "tamalloc_1024", TAMALLOC, "madvise", "never", "inherit", "1024", false },
	{ "tamalloc_0", TAMALLOC, "madvise", "never", "inherit", "0", false },
};

#define FILLED_PAGES	(TOUCHED / PAGE)
#define FILLED_MOST	(TOUCHED / 4096)

/* The pages of a pattern in the order of their touches; the same in every run */
static size_t make_pattern(bool dense, size_t *order)
{
	size_t i, k, other, n = FILLED_PAGES;
	uint32_t random = 1;

	for (i = 0; i < n; i++)
		order[i] = i;
	if (dense)
		return n;
	for (i = n - 1; i; i--) {
		random = random * 1664525 + 1013904223;
		k = (random >> 8) % (i + 1);
		other = order[i];
		order[i] = order[k];
		order[k] = other;
	}
	return n / 8;
}

/* The cheapest round counts: the first pay for caches, and others meet a timer. */
static void measure_fill(size_t fill, const char *suffix)
{
	static unsigned char incore[FILLED_MOST];
	static size_t order[FILLED_MOST];
	bool dense = !strcmp(suffix, "dense");
	size_t i, n = make_pattern(dense, order), committed = 0;
	long long ns, least = 0;
	long faults = 0;
	int round;

	for (round = 0; round < 11; round++) {
		volatile char *p = (volatile char *)calls[fills[fill].call].ask(TOUCHED);

		if (!p)
			err(1, "%s", fills[fill].name);
		faults = minor_faults();
		ns = now_ns();
		if (fills[fill].populate && madvise((void *)p, TOUCHED, MADV_POPULATE_WRITE))
			err(1, "MADV_POPULATE_WRITE");
		for (i = 0; i < n; i++)
			p[order[i] * PAGE] = 1;
		ns = now_ns() - ns;
		if (!round || ns < least)
			least = ns;
		faults = minor_faults() - faults;
		if (mincore((void *)p, TOUCHED, incore))
			err(1, "mincore");
		for (i = committed = 0; i < FILLED_PAGES; i++)
			committed += incore[i] & 1;
		give_map((uintptr_t)p, TOUCHED);
	}
	printf("fill.%s.%s %.0f instructions/page\n", suffix, fills[fill].name,
	       (double)least / (double)n);
	printf("fill.%s.%s.faults %ld faults\n", suffix, fills[fill].name, faults);
	printf("fill.%s.%s.committed %.2f times\n", suffix, fills[fill].name,
	       (double)committed / (double)n);
}

static const struct {
	const char *name;
	size_t size;
} sizes[] = {
	{ "4KiB", 4096 }, { "1MiB", 1UL << 20 }, { "1GiB", 1UL << 30 },
};

static void touch_all(size_t n, const char *suffix)
{
	int call;

	(void)n;
	measure_touch(MMAP, NULL);
	for (call = MMAP; call < NR_CALLS; call++)
		measure_touch(call, suffix);
}

static void call_all(size_t n, const char *suffix)
{
	measure_calls(sizes[n].name, sizes[n].size, suffix);
}

/* In a process of its own, because free() changes how calloc() chooses later. */
static void in_child(void (*measure)(size_t n, const char *suffix), size_t n, const char *suffix)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		measure(n, suffix);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "a child failed");
}

/* Returns false if this kernel lacks what @fill sets. */
static bool set_up_fill(size_t fill)
{
	if (!has_ahead && strcmp(fills[fill].ahead_kb, "64"))
		return false;
	if (!has_folios && strcmp(fills[fill].thp_64k, "never"))
		return false;

	write_setting(THP "enabled", fills[fill].thp);
	if (has_folios) {
		write_setting(FOLIOS "64kB/enabled", fills[fill].thp_64k);
		write_setting(FOLIOS "2048kB/enabled", fills[fill].thp_2m);
	}
	if (has_ahead)
		write_setting(AHEAD_KB, fills[fill].ahead_kb);
	return true;
}

int main(int argc, char **argv)
{
	bool only_fill = argc == 2 && !strcmp(argv[1], "fill");
	size_t n;
	int on;

	has_folios = !access(FOLIOS "64kB", F_OK);
	has_ahead = !access(AHEAD_KB, F_OK);
	for (on = 0; on <= 1 && !only_fill; on++) {
		const char *suffix = on ? ".thp_on" : "";

		write_setting(THP "enabled", on ? "always" : "never");
		in_child(touch_all, 0, suffix);
		for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++)
			in_child(call_all, n, suffix);
	}
	for (n = 0; n < sizeof(fills) / sizeof(fills[0]); n++) {
		if (!set_up_fill(n))
			continue;
		in_child(measure_fill, n, "dense");
		in_child(measure_fill, n, "sparse");
	}
	write_setting(THP "enabled", "madvise");
	if (has_folios)
		write_setting(FOLIOS "2048kB/enabled", "inherit");
	if (has_ahead)
		write_setting(AHEAD_KB, "64");
	return 0;
}
