/* SPDX-License-Identifier: MIT */
/*
 * tamalloc(): reserve zeroed memory that costs no page until it is touched
 *
 * The memory is a private anonymous read/write mapping. Reserving it allocates
 * nothing; each page becomes real, and zero, at its first access, at any setting of
 * huge pages, or shortly before if a program fills the memory from front to back.
 * The call is meant for large areas of which a program uses a part: every call
 * makes a mapping of its own, in whole pages.
 *
 *	char *area = tamalloc((size_t)1 << 30);
 *
 *	if (!area)
 *		err(1, "tamalloc");
 *	...
 *	tamfree(area, (size_t)1 << 30);
 *
 * A kernel without the call (one built without CONFIG_TAMALLOC) returns ENOSYS.
 * tamalloc(0) reserves nothing and always fails: with EINVAL if the kernel has
 * the call, and with ENOSYS if it does not.
 *
 * The installed header also defines TAMALLOC_VERSION, the release as a string.
 */
#ifndef TAMALLOC_H
#define TAMALLOC_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * On other architectures than x86 and ARM the number may belong to another call,
 * as on Alpha. There it is used only if the kernel's own headers define it.
 */
#ifndef __NR_tamalloc
#if defined(__x86_64__) && defined(__ILP32__)
#define __NR_tamalloc	(__X32_SYSCALL_BIT + 554)
#elif defined(__x86_64__) || defined(__i386__) || defined(__aarch64__) || \
	defined(__arm__)
#define __NR_tamalloc	554
#endif
#endif

/* Strictly standard C (-std=c99) hides this prototype; C++ always has it. */
#if !defined(__cplusplus) && !defined(_DEFAULT_SOURCE) && \
	!defined(_BSD_SOURCE) && !defined(_GNU_SOURCE)
long syscall(long number, ...);
#endif

/**
 * tamalloc - reserve zeroed memory
 * @size: how much, in bytes; the kernel rounds it up to whole pages
 *
 * Every byte reads 0 until it is written. The memory belongs to the caller
 * until tamfree(), execve() or the end of the process, whichever comes first;
 * a child made by fork() has its own copy (copy-on-write). free() and realloc()
 * must not be used on it; munmap(), mremap(), mprotect() and madvise() may be.
 *
 * The kernel finds a page at its first access, not here. If the system
 * overcommits, an access can lead to the OOM killer although the call succeeded.
 *
 * Return: the page-aligned address, or NULL with errno set. After a failure the
 * address space is as it was before.
 *
 *  EINVAL  @size is 0 or larger than the address space of the process
 *  ENOMEM  no room in the address space, or RLIMIT_AS, RLIMIT_DATA, the
 *          overcommit policy or vm.max_map_count forbids it
 *  EAGAIN  mlockall(MCL_FUTURE) is in force and RLIMIT_MEMLOCK would be exceeded
 *  EINTR   a fatal signal arrived while the call waited for the lock of the
 *          address space (it kills the process, so a program does not see this)
 *  ENOSYS  the kernel has no tamalloc
 */
static inline void *tamalloc(size_t size)
{
#ifdef __NR_tamalloc
	/*
	 * The kernel takes a full register. On x32 a size_t is half of one, and
	 * only the wider type defines the other half.
	 */
#if defined(__x86_64__) && defined(__ILP32__)
	long ret = syscall(__NR_tamalloc, (uint64_t)size);
#else
	long ret = syscall(__NR_tamalloc, size);
#endif

	/*
	 * Only -1 is a failure: an address in the upper half of a 32-bit address
	 * space is a negative long too, but being page-aligned it is never -1.
	 */
	return ret == -1 ? NULL : (void *)ret;
#else
	(void)size;
	errno = ENOSYS;
	return NULL;
#endif
}

/**
 * tamfree - free memory reserved with tamalloc()
 * @addr: the address that tamalloc() returned, or NULL
 * @size: the size that was passed to tamalloc(), in bytes
 *
 * The caller must remember the size. The memory is freed at once; any later
 * access to it is SIGSEGV. This is munmap(), so a part that consists of whole
 * pages can also be freed. With NULL it does nothing, as free() does.
 *
 * Return: 0, or -1 with errno set; the memory is then still mapped.
 *
 *  EINVAL  @addr is not page-aligned, @size is 0, or the range leaves the
 *          address space
 *  ENOMEM  freeing a part would make more mappings than vm.max_map_count
 */
static inline int tamfree(void *addr, size_t size)
{
	/* munmap(NULL, size) would unmap whatever is mapped at low addresses. */
	return addr ? munmap(addr, size) : 0;
}

#endif /* TAMALLOC_H */
