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
 */
#include <sys/wait.h>
#include <time.h>

#include "ways.h"

#define ROUNDS		101
#define TOUCHED		(8UL << 20)
#define THP_ENABLED	"/sys/kernel/mm/transparent_hugepage/enabled"

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

static void use_huge_pages(const char *when)
{
	int fd = open(THP_ENABLED, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, when, strlen(when)) < 0)
		err(1, THP_ENABLED);
	close(fd);
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

int main(void)
{
	size_t n;
	int on;

	for (on = 0; on <= 1; on++) {
		const char *suffix = on ? ".thp_on" : "";

		use_huge_pages(on ? "always" : "never");
		in_child(touch_all, 0, suffix);
		for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++)
			in_child(call_all, n, suffix);
	}
	use_huge_pages("madvise");
	return 0;
}
