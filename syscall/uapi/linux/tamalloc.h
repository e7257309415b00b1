/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef _UAPI_LINUX_TAMALLOC_H
#define _UAPI_LINUX_TAMALLOC_H

/*
 * Version of everything that the tamalloc call promises to user space. A
 * kernel shows the version it keeps in /sys/kernel/mm/tamalloc/abi_version.
 */
#define TAMALLOC_ABI_VERSION	1

/*
 * The number of the call on every architecture but Alpha, which lacks it. As
 * for every call, a program on x32 adds __X32_SYSCALL_BIT, and one on MIPS the
 * base of its ABI: 4000, 5000 or 6000.
 */
#define TAMALLOC_SYSCALL_NR	554

#endif /* _UAPI_LINUX_TAMALLOC_H */
