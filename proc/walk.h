/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _PROC_TAMALLOC_WALK_H
#define _PROC_TAMALLOC_WALK_H

#include <linux/compiler_types.h>
#include <linux/mm_types_task.h>
#include <linux/types.h>

#include "compat.h"

struct cred;
struct file;
struct mm_struct;
struct pid;
struct pid_namespace;
struct proc_fs_info;
struct task_struct;

/**
 * struct tamalloc_usage - the memory of one process
 * @reserved: size of the address space (VmSize), in pages
 * @committed: peak resident size (VmHWM), in pages
 * @rss: resident size (VmRSS), the sum of the following three, in pages
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
	unsigned long rss;
	unsigned long anon;
	unsigned long file;
	unsigned long shmem;
	unsigned long swap;
	unsigned long hugetlb;
	unsigned long pgtables;
};

/* How many ids are looked up at once, and so for how long RCU is held at most */
#define TAMALLOC_WALK_BATCH	32

/**
 * struct tamalloc_walk - a walk over the processes that a reader may see
 * @tgid: id in @ns of the process it stands at; before the first, one less than
 *	where to begin
 * @leader: the leader of that process, until the next step. It may be dead.
 * @thread: a thread of that process that has an address space. Locked when
 *	tamalloc_walk_next() returns, until tamalloc_walk_sample().
 * @mm: the address space of @thread, good until the next step
 * @ns: pid namespace of the proc mount that is read
 */
struct tamalloc_walk {
	unsigned int tgid;
	struct task_struct *leader;
	struct task_struct *thread;
	struct mm_struct *mm;
	struct pid_namespace *ns;
	/* private: */
	struct proc_fs_info *fs_info;
	const struct cred *saved_cred;
	unsigned int pos;	/* the first of pids[] not yet looked at */
	unsigned int found;	/* how many pids[] there are */
	unsigned int grabbed;	/* how many mms[] there are */
	struct tamalloc_asked asked;
	struct pid *pids[TAMALLOC_WALK_BATCH];
	struct mm_struct *mms[TAMALLOC_WALK_BATCH];
	s64 sums[NR_MM_COUNTERS];	/* of mm->rss_stat */
};

void tamalloc_walk_begin(struct tamalloc_walk *walk, const struct file *file,
			 unsigned int from) __acquires(RCU);
int tamalloc_walk_next(struct tamalloc_walk *walk);
bool tamalloc_walk_sample(struct tamalloc_walk *walk,
			  struct tamalloc_usage *usage);
void tamalloc_walk_pause(struct tamalloc_walk *walk) __releases(RCU);
void tamalloc_walk_resume(struct tamalloc_walk *walk) __acquires(RCU);
void tamalloc_walk_end(struct tamalloc_walk *walk) __releases(RCU);

#endif /* _PROC_TAMALLOC_WALK_H */
