/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _PROC_TAMALLOC_WALK_H
#define _PROC_TAMALLOC_WALK_H

#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>

#include "../internal.h"

struct mm_struct;
struct pid;
struct pid_namespace;
struct task_struct;

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

/* How many ids are looked up at once, and so how long RCU is held */
#define TAMALLOC_WALK_BATCH	32

/**
 * struct tamalloc_walk - a walk over the processes that a reader may see
 * @for_sums: take @maybe_shared and not @comm and @oom_score; set it before the
 *	first step
 * @tgid: id in @ns of the process it stands at; before the first, one less than
 *	where to begin
 * @task: the leader of that process, until the next step
 * @usage: the memory of that process
 * @oom_score: as /proc/PID/oom_score shows it
 * @comm: its name
 * @mm: its address space. Without @maybe_shared only good for comparing.
 * @maybe_shared: other processes may share @mm. The caller takes over an mmgrab()
 *	reference to it.
 * @ns: pid namespace of the proc mount that is read
 * @fs_info: options of that mount
 * @saved_cred: credentials of the task that reads, while those of the task that
 *	opened the file are in force
 * @pos: the first of @pids that was not yet looked at
 * @found: how many there are
 * @pids: ids that were looked up, good until RCU is left
 */
struct tamalloc_walk {
	bool for_sums;
	unsigned int tgid;
	struct task_struct *task;
	struct tamalloc_usage usage;
	unsigned long oom_score;
	char comm[TASK_COMM_LEN];
	struct mm_struct *mm;
	bool maybe_shared;
	/* private: */
	struct pid_namespace *ns;
	struct proc_fs_info *fs_info;
	const struct cred *saved_cred;
	unsigned int pos;
	unsigned int found;
	struct pid *pids[TAMALLOC_WALK_BATCH];
};

void tamalloc_walk_begin(struct tamalloc_walk *walk, const struct file *file,
			 unsigned int from) __acquires(RCU);
int tamalloc_walk_next(struct tamalloc_walk *walk);
void tamalloc_walk_pause(struct tamalloc_walk *walk) __releases(RCU);
void tamalloc_walk_resume(struct tamalloc_walk *walk) __acquires(RCU);
void tamalloc_walk_end(struct tamalloc_walk *walk) __releases(RCU);

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
