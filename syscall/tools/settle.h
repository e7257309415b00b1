/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SETTLE_H
#define SETTLE_H

#include <stdbool.h>
#include <sys/mman.h>

/*
 * Make the resident-set counters of this process exact, as far as the calling thread
 * changed them. Before Linux 6.2, a thread keeps the pages of its last 64 faults to
 * itself, and adds them when it drops a page. On later kernels this changes nothing.
 */
static inline void settle_counters(void)
{
	/* x86-64 and arm64 have no larger pages. */
	static char page[1 << 16] __attribute__((aligned(1 << 16)));
	static bool touched;

	/* Without a page table, there is nothing to drop. */
	if (!touched)
		*(volatile char *)page = 1;
	touched = true;
	madvise(page, sizeof(page), MADV_DONTNEED);
}

#endif /* SETTLE_H */
