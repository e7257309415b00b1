/* SPDX-License-Identifier: GPL-2.0-only */
/* The size of a page in bytes, and the largest that there is, for arrays */
#ifndef TESTS_PAGE_H
#define TESTS_PAGE_H

#if defined(__aarch64__) || defined(__arm__)
/* arm64 has 4, 16 or 64 KiB. */
#include <stddef.h>
#include <unistd.h>

#define PAGE		((size_t)sysconf(_SC_PAGESIZE))
#define PAGE_MOST	65536UL
#else
#define PAGE		4096UL
#define PAGE_MOST	PAGE
#endif

#endif /* TESTS_PAGE_H */
