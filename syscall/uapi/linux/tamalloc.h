/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef _UAPI_LINUX_TAMALLOC_H
#define _UAPI_LINUX_TAMALLOC_H

/*
 * Version of everything that the tamalloc call promises to user space. A
 * kernel shows the version it keeps in /sys/kernel/mm/tamalloc/abi_version.
 */
#define TAMALLOC_ABI_VERSION	1

/*
 * The number of the call on every architecture that has it. On x32 the
 * program adds __X32_SYSCALL_BIT, as for every call.
 */
#define TAMALLOC_SYSCALL_NR	554

#endif /* _UAPI_LINUX_TAMALLOC_H */
