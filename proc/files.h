/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _PROC_TAMALLOC_FILES_H
#define _PROC_TAMALLOC_FILES_H

/* The two files below /proc/tamalloc; init.c makes their entries */

#include <linux/proc_fs.h>

extern const struct proc_ops tamalloc_pids_proc_ops;
extern const struct proc_ops tamalloc_summary_proc_ops;

#endif /* _PROC_TAMALLOC_FILES_H */
