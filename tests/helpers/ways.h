/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the helpers that judge tamalloc(): the ways to ask for memory, and the
 * files in which the kernel reports it. Nothing here allocates memory, so that
 * nothing of it shows in the figures.
 */
#ifndef WAYS_H
#define WAYS_H

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
#include "tamalloc.h"
#include "tools/settle.h"

#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)

/* All return the address, or 0 with errno set. */
static inline uintptr_t way_tamalloc(uint64_t size)
{
	return (uintptr_t)tamalloc((size_t)size);
}

static inline uintptr_t map_or_0(uint64_t size, int flags)
{
	void *p = mmap(NULL, (size_t)size, RW, flags, -1, 0);

	return p == MAP_FAILED ? 0 : (uintptr_t)p;
}

static inline uintptr_t way_mmap(uint64_t size)
{
	return map_or_0(size, ANON);
}

static inline uintptr_t way_shared(uint64_t size)
{
	return map_or_0(size, MAP_SHARED | MAP_ANONYMOUS);
}

static inline uintptr_t way_populate(uint64_t size)
{
	return map_or_0(size, ANON | MAP_POPULATE);
}

/* Like existing programs: no header, the bare number, a signed long */
static inline uintptr_t way_bare(uint64_t size)
{
	long ret = syscall(554, (size_t)size);

	return ret == -1 ? 0 : (uintptr_t)ret;
}

#if defined(__x86_64__) && !defined(__ILP32__)
static inline uintptr_t way_x32(uint64_t size)
{
	long ret = syscall(0x40000000 + 554, size);

	return ret == -1 ? 0 : (uintptr_t)ret;
}

static inline uintptr_t way_x32_mmap(uint64_t size)
{
	long ret = syscall(0x40000000 + SYS_mmap, NULL, size, RW, ANON, -1, 0);

	return ret == -1 ? 0 : (uintptr_t)ret;
}

static inline uintptr_t int80_result(uint64_t ret)
{
	int32_t error = (int32_t)ret;

	if (error < 0 && error > -4096) {
		errno = -error;
		return 0;
	}
	return ret;
}

/* By the i386 table. Passes the whole register, to see which part is used. */
static inline uintptr_t way_int80(uint64_t size)
{
	uint64_t ret;

	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "a" (554UL), "b" (size)
		     : "r8", "r9", "r10", "r11", "memory", "cc");
	return int80_result(ret);
}

static inline uintptr_t way_int80_mmap(uint64_t size)
{
	uint64_t ret;

	/* The sixth argument is in a register that cannot be named here. */
	asm volatile("lea -128(%%rsp), %%rsp\n\t"
		     "push %%rbp\n\t"
		     "xor %%ebp, %%ebp\n\t"
		     "int $0x80\n\t"
		     "pop %%rbp\n\t"
		     "lea 128(%%rsp), %%rsp"
		     : "=a" (ret)
		     : "a" (192UL), "b" (0UL), "c" (size), "d" ((long)RW),
		       "S" ((long)ANON), "D" (-1L)
		     : "r8", "r9", "r10", "r11", "memory", "cc");
	return int80_result(ret);
}
#endif

static const struct way {
	const char *name;
	uintptr_t (*ask)(uint64_t size);
} ways[] = {
	{ "tamalloc", way_tamalloc },
	{ "mmap", way_mmap },
	{ "shared", way_shared },
	{ "populate", way_populate },
	{ "bare", way_bare },
#if defined(__x86_64__) && !defined(__ILP32__)
	{ "x32", way_x32 },
	{ "x32-mmap", way_x32_mmap },
	{ "int80", way_int80 },
	{ "int80-mmap", way_int80_mmap },
#endif
};

static inline const struct way *find_way(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	errx(2, "there is no way '%s'", name);
}

static inline char *ask_or_exit(const struct way *way, size_t size)
{
	uintptr_t p = way->ask(size);

	if (!p)
		err(1, "%s of %zu bytes", way->name, size);
	return (char *)p;
}

/* A whole file of /proc, in memory that is resident anyway */
static inline const char *slurp(const char *path)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	while ((got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	if (got < 0)
		err(1, "%s", path);
	close(fd);
	text[len] = '\0';
	return text;
}

/* The number after "KEY:" in a file of /proc; 0 if there is no such line */
static inline long proc_kb(const char *path, const char *key)
{
	const char *line = slurp(path);
	size_t len = strlen(key);

	while (line) {
		if (!strncmp(line, key, len) && line[len] == ':')
			return strtol(line + len + 1, NULL, 10);
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return 0;
}

static inline long status_kb(const char *key)
{
	settle_counters();
	return proc_kb("/proc/self/status", key);
}

static inline long committed_kb(void)
{
	return proc_kb("/proc/meminfo", "Committed_AS");
}

static inline long map_count(void)
{
	const char *p = slurp("/proc/self/maps");
	long lines = 0;

	while ((p = strchr(p, '\n'))) {
		lines++;
		p++;
	}
	return lines;
}

static inline long minor_faults(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		err(1, "getrusage");
	return usage.ru_minflt;
}

#endif /* WAYS_H */
