// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-call: the cost of tamalloc() beside that of mmap(), a line per figure:
 * "NAME VALUE UNIT"
 *
 * Meant for the instruction clock (scripts/guest --icount), where a nanosecond
 * is an instruction. Each figure is the median of single calls, each of which is
 * undone before the next, so that all find the same address space; what reading
 * the clock costs is subtracted. The two take turns.
 */
#include <time.h>

#include "ways.h"

#define ROUNDS	1001

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

static uintptr_t way_nothing(uint64_t size)
{
	return size;
}

static long long once(uintptr_t (*ask)(uint64_t size), size_t size)
{
	long long ns = now_ns();
	uintptr_t p = ask(size);

	ns = now_ns() - ns;
	if (!p)
		err(1, "%zu bytes", size);
	if (ask != way_nothing && munmap((void *)p, size))
		err(1, "munmap");
	return ns;
}

int main(void)
{
	static const struct {
		const char *name;
		size_t size;
	} sizes[] = {
		{ "4KiB", 4096 }, { "1MiB", 1UL << 20 }, { "1GiB", 1UL << 30 },
	};
	static long long clock[ROUNDS], map[ROUNDS], tam[ROUNDS];
	long long base, m, t;
	size_t i, n;

	for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
		/* The first rounds pay for what is needed once. */
		for (i = 0; i < 2 * ROUNDS; i++) {
			clock[i % ROUNDS] = once(way_nothing, sizes[n].size);
			map[i % ROUNDS] = once(way_mmap, sizes[n].size);
			tam[i % ROUNDS] = once(way_tamalloc, sizes[n].size);
		}
		base = median(clock);
		m = median(map) - base;
		t = median(tam) - base;
		printf("call.mmap.%s %lld instructions\n", sizes[n].name, m);
		printf("call.tamalloc.%s %lld instructions\n", sizes[n].name, t);
		printf("call.tamalloc_to_mmap.%s %.2f percent\n", sizes[n].name,
		       100.0 * (double)t / (double)m);
	}
	return 0;
}
