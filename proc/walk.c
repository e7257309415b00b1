// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/tamalloc: the walk over the processes that both files share
 *
 * The walk goes by id, not along a list: a step finds the next thread group at
 * or above an id under RCU, takes a reference to its leader and leaves RCU. So
 * a walk can stop anywhere and be resumed by id, and nothing is held while a
 * row is formatted or a reader sleeps.
 */

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/hugetlb.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/percpu.h>
#include <linux/percpu_counter.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>

#include "walk.h"

/**
 * tamalloc_walk_begin() - start a walk
 * @walk: the walk
 * @file: the open file that is read
 * @tgid: lowest id to look at
 *
 * Visibility is decided with the credentials of the task that opened @file, as
 * for /proc/PID/status, where they are checked at open: whoever is handed the
 * descriptor sees what the opener could see. Must be paired with
 * tamalloc_walk_end() in the same task.
 */
void tamalloc_walk_begin(struct tamalloc_walk *walk, const struct file *file,
			 unsigned int tgid)
{
	struct super_block *sb = file_inode(file)->i_sb;

	walk->iter.tgid = tgid;
	walk->iter.task = NULL;
	walk->ns = proc_pid_ns(sb);
	walk->fs_info = proc_sb_info(sb);
	walk->saved_cred = override_creds(file->f_cred);
}

/**
 * tamalloc_walk_end() - end a walk
 * @walk: the walk
 */
void tamalloc_walk_end(struct tamalloc_walk *walk)
{
	revert_creds(walk->saved_cred);
	if (walk->iter.task)
		put_task_struct(walk->iter.task);
	walk->iter.task = NULL;
}

/*
 * May processes other than @task's share @mm now? Called with @task locked.
 *
 * mm_users counts the tasks that use @mm, and short-lived references besides.
 * signal->live never exceeds the number of threads of this process that use
 * @mm, as a thread leaves that count before it lets go of its address space.
 * So if the two are equal, no user is left for another process. MMF_MULTIPROCESS
 * stays set once a process was cloned with CLONE_VM.
 */
static bool tamalloc_maybe_shared(struct task_struct *task,
				  struct mm_struct *mm)
{
	return test_bit(MMF_MULTIPROCESS, &mm->flags) ||
	       atomic_read(&mm->mm_users) != atomic_read(&task->signal->live);
}

/*
 * The exact resident-set counters of @mm, in pages.
 *
 * What get_mm_counter_sum() does for each, but in one pass over the CPUs, as
 * finding the next CPU is most of its cost. So all four locks are held at once.
 * Nothing else nests them, and they are always taken in this order.
 */
static void tamalloc_sum_rss(struct mm_struct *mm, unsigned long *rss)
{
#ifdef CONFIG_SMP
	s64 sum[NR_MM_COUNTERS];
	unsigned long flags;
	int cpu, i;

	static_assert(NR_MM_COUNTERS == 4);

	local_irq_save(flags);
	raw_spin_lock(&mm->rss_stat[0].lock);
	raw_spin_lock_nested(&mm->rss_stat[1].lock, 1);
	raw_spin_lock_nested(&mm->rss_stat[2].lock, 2);
	raw_spin_lock_nested(&mm->rss_stat[3].lock, 3);

	for (i = 0; i < NR_MM_COUNTERS; i++)
		sum[i] = mm->rss_stat[i].count;
	for_each_cpu_or(cpu, cpu_online_mask, cpu_dying_mask)
		for (i = 0; i < NR_MM_COUNTERS; i++)
			/* Changes under no lock, as in percpu_counter_sum() */
			sum[i] += data_race(*per_cpu_ptr(mm->rss_stat[i].counters, cpu));

	raw_spin_unlock(&mm->rss_stat[3].lock);
	raw_spin_unlock(&mm->rss_stat[2].lock);
	raw_spin_unlock(&mm->rss_stat[1].lock);
	raw_spin_unlock(&mm->rss_stat[0].lock);
	local_irq_restore(flags);

	for (i = 0; i < NR_MM_COUNTERS; i++)
		rss[i] = max_t(s64, sum[i], 0);
#else
	int i;

	for (i = 0; i < NR_MM_COUNTERS; i++)
		rss[i] = get_mm_counter_sum(mm, i);
#endif
}

/*
 * Sample the process that @walk stands at. Returns false if it has no address
 * space: a kernel thread (it may borrow one), a zombie, or a process about to
 * be one.
 *
 * No reference to the address space is taken: dropping it could be the last
 * one, and this reader would tear the address space down. task_lock() of a
 * thread that still has its mm keeps it in place.
 */
static bool tamalloc_sample(struct tamalloc_walk *walk)
{
	struct tamalloc_usage *usage = &walk->usage;
	unsigned long rss[NR_MM_COUNTERS];
	struct task_struct *task;
	struct mm_struct *mm;

	if (READ_ONCE(walk->iter.task->flags) & PF_KTHREAD)
		return false;

	task = find_lock_task_mm(walk->iter.task);
	if (!task)
		return false;
	/* find_lock_task_mm() does not tell sparse that it returns locked. */
	__acquire(&task->alloc_lock);
	mm = task->mm;

	/*
	 * The kernel brings the stored peak up to date when the resident set is
	 * about to shrink, and from approximate counters. So the present size
	 * may exceed it, see task_mem(), and would be forgotten in part. Raise
	 * it to what is about to be shown: a peak must not fall afterwards.
	 */
	tamalloc_sum_rss(mm, rss);
	usage->anon = rss[MM_ANONPAGES];
	usage->file = rss[MM_FILEPAGES];
	usage->shmem = rss[MM_SHMEMPAGES];
	usage->swap = rss[MM_SWAPENTS];
	raise_hiwater_rss(mm, tamalloc_rss(usage));
	usage->committed = max(tamalloc_rss(usage), READ_ONCE(mm->hiwater_rss));
	usage->reserved = READ_ONCE(mm->total_vm);
#ifdef CONFIG_HUGETLB_PAGE
	usage->hugetlb = atomic_long_read(&mm->hugetlb_usage);
#endif
	usage->pgtables = mm_pgtables_bytes(mm);

	walk->mm = mm;
	walk->maybe_shared = walk->grab_shared && tamalloc_maybe_shared(task, mm);
	if (walk->maybe_shared)
		mmgrab(mm);

	/* task_lock() guards the name; the leader's, where this is the leader. */
	if (task == walk->iter.task)
		memcpy(walk->comm, task->comm, TASK_COMM_LEN);

	task_unlock(task);

	if (task != walk->iter.task)
		get_task_comm(walk->comm, walk->iter.task);

	return true;
}

/**
 * tamalloc_walk_next() - go to the next process
 * @walk: the walk
 *
 * Find the first process with an id of at least @walk->iter.tgid that the
 * reader may see and that has an address space, and sample it.
 *
 * Return: 1 if there is one, 0 if there is none, -EINTR if a fatal signal is
 * pending.
 */
int tamalloc_walk_next(struct tamalloc_walk *walk)
{
	for (;; walk->iter.tgid++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();

		walk->iter = next_tgid(walk->ns, walk->iter);
		if (!walk->iter.task)
			return 0;

		if (has_pid_permissions(walk->fs_info, walk->iter.task,
					HIDEPID_NO_ACCESS) &&
		    tamalloc_sample(walk))
			return 1;
	}
}

static int __init proc_tamalloc_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("tamalloc", NULL);

	tamalloc_pids_init();
	if (!dir ||
	    !proc_create("pids", 0444, dir, &tamalloc_pids_proc_ops) ||
	    !proc_create("summary", 0444, dir, &tamalloc_summary_proc_ops))
		return -ENOMEM;	/* a permanent entry is never removed */

	return 0;
}
fs_initcall(proc_tamalloc_init);
