/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _PROC_TAMALLOC_WALK_H
#define _PROC_TAMALLOC_WALK_H

#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>

#include "../internal.h"

struct mm_struct;

/**
 * struct tamalloc_usage - the memory of one process
 * @reserved: size of the address space (VmSize), in pages
 * @committed: the most it ever had resident (VmHWM), in pages
 * @anon: resident anonymous memory (RssAnon), in pages
 * @file: resident file mappings (RssFile), in pages
 * @shmem: resident shared memory (RssShmem), in pages
 * @swap: swap entries (VmSwap), in pages
 * @hugetlb: hugetlb memory (HugetlbPages), in base pages
 * @pgtables: page tables (VmPTE), in bytes
 */
struct tamalloc_usage {
	unsigned long reserved;
	unsigned long committed;
	unsigned long anon;
	unsigned long file;
	unsigned long shmem;
	unsigned long swap;
	unsigned long hugetlb;
	unsigned long pgtables;
};

/**
 * struct tamalloc_walk - a walk over the processes that a reader may see
 * @grab_shared: take a reference to @mm where @maybe_shared; set it before the
 *	first step
 * @iter: the process it stands at: its id in @ns, and a reference to its leader
 * @usage: the memory of that process
 * @comm: its name
 * @mm: its address space. Without @maybe_shared only good for comparing.
 * @maybe_shared: other processes may share @mm. The caller takes over an mmgrab()
 *	reference to it.
 * @ns: pid namespace of the proc mount that is read
 * @fs_info: options of that mount
 * @saved_cred: credentials of the task that reads, while those of the task that
 *	opened the file are in force
 */
struct tamalloc_walk {
	bool grab_shared;
	struct tgid_iter iter;
	struct tamalloc_usage usage;
	char comm[TASK_COMM_LEN];
	struct mm_struct *mm;
	bool maybe_shared;
	struct pid_namespace *ns;
	struct proc_fs_info *fs_info;
	const struct cred *saved_cred;
};

void tamalloc_walk_begin(struct tamalloc_walk *walk, const struct file *file,
			 unsigned int tgid);
int tamalloc_walk_next(struct tamalloc_walk *walk);
void tamalloc_walk_end(struct tamalloc_walk *walk);
static inline unsigned long tamalloc_rss(const struct tamalloc_usage *usage)
{
	return usage->anon + usage->file + usage->shmem;
}

/* Hundredths of a percent of @reserved that are @committed, truncated */
static inline u64 tamalloc_pct(u64 committed, u64 reserved)
{
	return reserved ? div64_u64(committed * 10000, reserved) : 0;
}

void tamalloc_pids_init(void);

extern const struct proc_ops tamalloc_pids_proc_ops;
extern const struct proc_ops tamalloc_summary_proc_ops;

#endif /* _PROC_TAMALLOC_WALK_H */
