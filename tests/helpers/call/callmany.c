// SPDX-License-Identifier: GPL-2.0-only
/*
 * callmany: many threads that call tamalloc() at once
 *
 *   callmany storm N        N threads call once, all at the same time, and each
 *                           marks its 1 MiB. Prints the faults found, and by how
 *                           many kB VmSize grew.
 *   callmany hammer T N F   T threads: each reserves and frees a page N times and
 *                           asks for no memory F times. Prints unexpected results.
 */
#include <pthread.h>

#include "ways.h"

#define STORM_SIZE	(1UL << 20)
#define MAX_THREADS	10000

static pthread_barrier_t barrier;
static unsigned long good, bad;
static char *areas[MAX_THREADS];
static unsigned long wrong[MAX_THREADS];

static void *storm_thread(void *arg)
{
	char **area = arg;

	pthread_barrier_wait(&barrier);
	*area = tamalloc(STORM_SIZE);
	if (*area) {
		memcpy(*area, &area, sizeof(area));
		memcpy(*area + STORM_SIZE - sizeof(area), &area, sizeof(area));
	}
	/* Keep all memory until it has been counted. */
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void *hammer_thread(void *arg)
{
	unsigned long *misses = arg, i;
	void *p;

	pthread_barrier_wait(&barrier);
	for (i = 0; i < good; i++) {
		p = tamalloc(PAGE - i % 2);
		if (!p || tamfree(p, PAGE))
			(*misses)++;
		/* As evenly mixed as the numbers allow */
		if (i < bad && (tamalloc(0) || errno != EINVAL))
			(*misses)++;
	}
	for (; i < bad; i++)
		if (tamalloc(0) || errno != EINVAL)
			(*misses)++;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	return x < y ? -1 : x > y;
}

static void start(pthread_t *threads, size_t n, void *(*run)(void *), void *args, size_t size)
{
	pthread_attr_t attr;
	size_t i;

	pthread_attr_init(&attr);
	/* The least that arm64 accepts */
	if (pthread_attr_setstacksize(&attr, 131072))
		errx(1, "pthread_attr_setstacksize");
	pthread_barrier_init(&barrier, NULL, (unsigned int)n + 1);
	for (i = 0; i < n; i++)
		if (pthread_create(&threads[i], &attr, run, (char *)args + i * size))
			errx(1, "thread %zu could not be created", i);
}

static int do_storm(size_t n)
{
	static pthread_t threads[MAX_THREADS];
	size_t i, failed = 0, overlapping = 0, unmarked = 0;
	long before;

	start(threads, n, storm_thread, areas, sizeof(areas[0]));
	before = status_kb("VmSize");
	before = status_kb("VmSize");
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	before = status_kb("VmSize") - before;

	for (i = 0; i < n; i++) {
		char **area = &areas[i];

		failed += !*area;
		if (*area && (memcmp(*area, &area, sizeof(area)) ||
			      memcmp(*area + STORM_SIZE - sizeof(area), &area, sizeof(area))))
			unmarked++;
	}
	qsort(areas, n, sizeof(areas[0]), compare);
	for (i = 1; i < n; i++)
		overlapping += areas[i] && areas[i - 1] + STORM_SIZE > areas[i];
	printf("failed %zu overlapping %zu unmarked %zu VmSize +%ld kB\n",
	       failed, overlapping, unmarked, before);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int do_hammer(size_t n)
{
	static pthread_t threads[MAX_THREADS];
	unsigned long unexpected = 0;
	size_t i;

	start(threads, n, hammer_thread, wrong, sizeof(wrong[0]));
	pthread_barrier_wait(&barrier);
	for (i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		unexpected += wrong[i];
	}
	printf("unexpected %lu\n", unexpected);
	return 0;
}

int main(int argc, char **argv)
{
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (n < 1 || n > MAX_THREADS) {
		fputs("usage: callmany storm N | hammer T N F\n", stderr);
		return 2;
	}
	if (argc == 3 && !strcmp(argv[1], "storm"))
		return do_storm(n);
	if (argc == 5 && !strcmp(argv[1], "hammer")) {
		good = strtoul(argv[3], NULL, 10);
		bad = strtoul(argv[4], NULL, 10);
		return do_hammer(n);
	}
	return 2;
}
