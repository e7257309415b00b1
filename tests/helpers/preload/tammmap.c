// SPDX-License-Identifier: GPL-2.0-only
/*
 * tammmap.so: with LD_PRELOAD, the private anonymous mappings of a program are made
 * by tamalloc()
 *
 * So tests of mmap() that others wrote become tests of the call. An address, another
 * protection and MAP_POPULATE are honoured by further calls. All else goes to mmap():
 * other flags, and PROT_NONE, by which programs only reserve addresses.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tamalloc.h"

#define RW	(PROT_READ | PROT_WRITE)
#define HOW	(MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_POPULATE)

static void *plain_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return (void *)syscall(SYS_mmap, addr, length, prot, flags, fd, offset);
}

static void *failed(void *p, size_t length)
{
	int error = errno;

	if (p)
		munmap(p, length);
	errno = error;
	return MAP_FAILED;
}

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	void *p, *place = NULL;

	if ((flags & ~HOW) != (MAP_PRIVATE | MAP_ANONYMOUS) || prot == PROT_NONE)
		return plain_mmap(addr, length, prot, flags, fd, offset);
	/* mmap() takes the place first, so that the call does not: mremap() needs two. */
	if (addr) {
		place = plain_mmap(addr, length, PROT_NONE, flags & ~MAP_POPULATE, -1, 0);
		if (place == MAP_FAILED)
			return MAP_FAILED;
	}
	p = tamalloc(length);
	if (!p) {
		/* The call tells a size that no address space could hold from a full one. */
		if (length && errno == EINVAL)
			errno = ENOMEM;
		return failed(place, length);
	}
	if (place) {
		if (mremap(p, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, place) != place) {
			failed(place, length);
			return failed(p, length);
		}
		p = place;
	}
	if (prot != RW && mprotect(p, length, prot))
		return failed(p, length);
	/* As with mmap(), it is no error if that does not succeed. */
	if (flags & MAP_POPULATE)
		madvise(p, length, prot & PROT_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
	return p;
}

void *mmap64(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return mmap(addr, length, prot, flags, fd, offset);
}
