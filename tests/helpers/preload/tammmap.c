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

/* Puts the memory where mmap() would have put it. Returns NULL on failure. */
static void *move(void *p, void *addr, size_t length, int flags)
{
	void *place = plain_mmap(addr, length, PROT_NONE, flags & ~MAP_POPULATE, -1, 0);
	int error;

	if (place != MAP_FAILED &&
	    mremap(p, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place)
		return place;
	error = errno;
	munmap(p, length);
	errno = error;
	return NULL;
}

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	void *p;

	if ((flags & ~HOW) != (MAP_PRIVATE | MAP_ANONYMOUS) || prot == PROT_NONE)
		return plain_mmap(addr, length, prot, flags, fd, offset);
	p = tamalloc(length);
	if (!p) {
		/* The call tells a size that no address space could hold from a full one. */
		if (length && errno == EINVAL)
			errno = ENOMEM;
		return MAP_FAILED;
	}
	if (addr) {
		p = move(p, addr, length, flags);
		if (!p)
			return MAP_FAILED;
	}
	if (prot != RW && mprotect(p, length, prot)) {
		munmap(p, length);
		return MAP_FAILED;
	}
	/* As with mmap(), it is no error if that does not succeed. */
	if (flags & MAP_POPULATE)
		madvise(p, length, prot & PROT_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
	return p;
}

void *mmap64(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return mmap(addr, length, prot, flags, fd, offset);
}
