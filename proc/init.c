// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/tamalloc: the directory and its entries
 */

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/proc_fs.h>

#include "files.h"

static int __init proc_tamalloc_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("tamalloc", NULL);

	if (!dir ||
	    !proc_create("pids", 0444, dir, &tamalloc_pids_proc_ops) ||
	    !proc_create("summary", 0444, dir, &tamalloc_summary_proc_ops))
		return -ENOMEM;	/* a permanent entry is never removed */

	return 0;
}
fs_initcall(proc_tamalloc_init);
