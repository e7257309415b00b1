// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/tamalloc: the walk over the processes that both files share
 *
 * The walk goes by id, not along a list, so that it can stop anywhere and be
 * resumed by id. It looks up a few ids at once under RCU and stays in that
 * section until it has been to all of them: RCU keeps each process in place
 * while it is looked at, and no reference is taken and dropped. Between two such
 * sections, and so after at most TAMALLOC_WALK_BATCH processes, it yields.
 */

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/hugetlb.h>
#include <linux/idr.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/percpu.h>
#include <linux/percpu_counter.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/radix-tree.h>
#include <linux/rcupdate.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/swap.h>

#include <asm/barrier.h>

#include "walk.h"

/**
 * tamalloc_walk_begin() - start a walk
 * @walk: the walk
 * @file: the open file that is read
 * @from: lowest id to look at
 *
 * Visibility is decided with the credentials of the task that opened @file, as
 * for /proc/PID/status, where they are checked at open: whoever is handed the
 * descriptor sees what the opener could see. Must be paired with
 * tamalloc_walk_end() in the same task, which must not sleep until then.
 */
void tamalloc_walk_begin(struct tamalloc_walk *walk, const struct file *file,
			 unsigned int from) __acquires(RCU)
{
	struct super_block *sb = file_inode(file)->i_sb;

	walk->tgid = from - 1;
	walk->ns = proc_pid_ns(sb);
	walk->fs_info = proc_sb_info(sb);
	walk->saved_cred = override_creds(file->f_cred);
	tamalloc_walk_resume(walk);
}

/**
 * tamalloc_walk_end() - end a walk
 * @walk: the walk
 */
void tamalloc_walk_end(struct tamalloc_walk *walk) __releases(RCU)
{
	tamalloc_walk_pause(walk);
	revert_creds(walk->saved_cred);
}

/**
 * tamalloc_walk_pause() - let the caller sleep in the middle of a walk
 * @walk: the walk
 */
void tamalloc_walk_pause(struct tamalloc_walk *walk) __releases(RCU)
{
	walk->task = NULL;
	rcu_read_unlock();
}

/**
 * tamalloc_walk_resume() - go on after tamalloc_walk_pause()
 * @walk: the walk
 */
void tamalloc_walk_resume(struct tamalloc_walk *walk) __acquires(RCU)
{
	rcu_read_lock();
	/* What was looked up may be gone. */
	walk->pos = 0;
	walk->found = 0;
}

/*
 * May processes other than @task's share @mm now? Called with @task locked.
 *
 * mm_users counts the tasks that use @mm, and short-lived references besides;
 * signal->live counts at most the threads among them, and these leave it first.
 * If they are equal, no other process has @mm, unless a thread was made between
 * the two reads. MMF_MULTIPROCESS stays set once a process was cloned with
 * CLONE_VM; CLONE_VFORK does not set it, and the counts decide.
 */
static bool tamalloc_maybe_shared(struct task_struct *task,
				  struct mm_struct *mm)
{
	int users;

	if (test_bit(MMF_MULTIPROCESS, &mm->flags))
		return true;

	users = atomic_read(&mm->mm_users);
	/* Pairs with atomic_dec_and_test() of live in do_exit(), before exit_mm(). */
	smp_rmb();

	return users != atomic_read(&task->signal->live);
}

#ifdef CONFIG_SMP
static s64 rss_of_cpu(const struct mm_struct *mm, int member, int cpu)
{
	/* Changes under no lock, as in percpu_counter_sum() */
	return data_race(*per_cpu_ptr(mm->rss_stat[member].counters, cpu));
}
#endif

/*
 * The exact resident-set counters of @mm, in pages.
 *
 * What get_mm_counter_sum() does for each, but in one pass over the CPUs, as
 * finding the next CPU is most of its cost. So all four locks are held at once.
 * Nothing else nests them, and they are always taken in this order.
 */
static void tamalloc_sum_rss(struct mm_struct *mm, struct tamalloc_usage *usage)
{
#ifdef CONFIG_SMP
	s64 file, anon, swap, shmem;
	unsigned long flags;
	int cpu;

	static_assert(NR_MM_COUNTERS == 4);

	local_irq_save(flags);
	raw_spin_lock(&mm->rss_stat[0].lock);
	raw_spin_lock_nested(&mm->rss_stat[1].lock, 1);
	raw_spin_lock_nested(&mm->rss_stat[2].lock, 2);
	raw_spin_lock_nested(&mm->rss_stat[3].lock, 3);

	file = mm->rss_stat[MM_FILEPAGES].count;
	anon = mm->rss_stat[MM_ANONPAGES].count;
	swap = mm->rss_stat[MM_SWAPENTS].count;
	shmem = mm->rss_stat[MM_SHMEMPAGES].count;
	for_each_cpu_or(cpu, cpu_online_mask, cpu_dying_mask) {
		file += rss_of_cpu(mm, MM_FILEPAGES, cpu);
		anon += rss_of_cpu(mm, MM_ANONPAGES, cpu);
		swap += rss_of_cpu(mm, MM_SWAPENTS, cpu);
		shmem += rss_of_cpu(mm, MM_SHMEMPAGES, cpu);
	}

	raw_spin_unlock(&mm->rss_stat[3].lock);
	raw_spin_unlock(&mm->rss_stat[2].lock);
	raw_spin_unlock(&mm->rss_stat[1].lock);
	raw_spin_unlock(&mm->rss_stat[0].lock);
	local_irq_restore(flags);

	/*
	 * A page that one CPU gave and another took back may be seen as taken
	 * only: a sum may be below zero.
	 */
	usage->file = max_t(s64, file, 0);
	usage->anon = max_t(s64, anon, 0);
	usage->swap = max_t(s64, swap, 0);
	usage->shmem = max_t(s64, shmem, 0);
#else
	usage->file = percpu_counter_sum_positive(&mm->rss_stat[MM_FILEPAGES]);
	usage->anon = percpu_counter_sum_positive(&mm->rss_stat[MM_ANONPAGES]);
	usage->swap = percpu_counter_sum_positive(&mm->rss_stat[MM_SWAPENTS]);
	usage->shmem = percpu_counter_sum_positive(&mm->rss_stat[MM_SHMEMPAGES]);
#endif
}

/* As /proc/PID/oom_score shows it. Called with @task locked and having an mm. */
static unsigned long tamalloc_oom_score(struct task_struct *task)
{
	unsigned long totalpages = totalram_pages() + total_swap_pages;

	return proc_oom_points(oom_badness_locked(task, totalpages), totalpages);
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
	struct task_struct *task;
	struct mm_struct *mm;

	/* Its other flags change under no lock; this one never does. */
	if (READ_ONCE(walk->task->flags) & PF_KTHREAD)
		return false;

	task = find_lock_task_mm(walk->task);
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
	 *
	 * total_vm changes under mmap_lock, for which a reader might wait long,
	 * and hiwater_rss under no lock in common, by compare-and-exchange: each
	 * is right at some moment of the read.
	 */
	tamalloc_sum_rss(mm, usage);
	raise_hiwater_rss(mm, tamalloc_rss(usage));
	usage->committed = max(tamalloc_rss(usage), READ_ONCE(mm->hiwater_rss));
	usage->reserved = READ_ONCE(mm->total_vm);
#ifdef CONFIG_HUGETLB_PAGE
	usage->hugetlb = atomic_long_read(&mm->hugetlb_usage);
#endif
	usage->pgtables = mm_pgtables_bytes(mm);

	if (walk->for_sums) {
		walk->mm = mm;
		walk->maybe_shared = tamalloc_maybe_shared(task, mm);
		if (walk->maybe_shared)
			mmgrab(mm);
		task_unlock(task);
		return true;
	}

	walk->oom_score = tamalloc_oom_score(task);
	/* task_lock() guards the name; the leader's, where this is the leader. */
	if (task == walk->task)
		memcpy(walk->comm, task->comm, TASK_COMM_LEN);
	task_unlock(task);

	if (task != walk->task)
		get_task_comm(walk->comm, walk->task);

	return true;
}

/*
 * Look up the next ids. Returns false if there are none.
 *
 * By the tree below the idr of a pid namespace: find_ge_pid() would descend it
 * once per id, and cost as much as a third of what a sample does.
 */
static bool tamalloc_walk_look(struct tamalloc_walk *walk)
{
	tamalloc_walk_pause(walk);
	cond_resched();
	tamalloc_walk_resume(walk);
	walk->found = radix_tree_gang_lookup(&walk->ns->idr.idr_rt,
					     (void **)walk->pids, walk->tgid + 1,
					     TAMALLOC_WALK_BATCH);

	return walk->found;
}

/**
 * tamalloc_walk_next() - go to the next process
 * @walk: the walk
 *
 * Find the next process that the reader may see and that has an address space,
 * and sample it.
 *
 * Return: 1 if there is one, 0 if there is none, -EINTR if a fatal signal is
 * pending.
 */
int tamalloc_walk_next(struct tamalloc_walk *walk)
{
	struct pid *pid;

	for (;;) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (walk->pos == walk->found && !tamalloc_walk_look(walk))
			return 0;

		/* pid_nr_ns(), as it was found in this very namespace */
		pid = walk->pids[walk->pos++];
		walk->tgid = pid->numbers[walk->ns->level].nr;
		walk->task = pid_task(pid, PIDTYPE_TGID);
		/* Other ids are those of threads, groups and sessions. */
		if (walk->task &&
		    has_pid_permissions(walk->fs_info, walk->task,
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
