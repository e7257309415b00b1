// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/tamalloc: the walk over the processes that both files share
 *
 * The walk goes by id, not along a list, so that it can stop anywhere and be
 * resumed by id. It looks up a few ids at once under RCU and stays in that
 * section until it has been to all of them, or until the CPU is wanted: RCU
 * keeps each process in place while it is looked at, and no reference to it is
 * taken and dropped.
 */

#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/percpu_counter.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <asm/barrier.h>

#include "compat.h"
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
	walk->pos = 0;
	walk->found = 0;
	walk->grabbed = 0;
	walk->ns = proc_pid_ns(sb);
	walk->fs_info = proc_sb_info(sb);
	walk->saved_cred = override_creds(file->f_cred);
	tamalloc_ask_begin(walk, sb);
	tamalloc_walk_resume(walk);
}

/**
 * tamalloc_walk_end() - end a walk
 * @walk: the walk
 */
void tamalloc_walk_end(struct tamalloc_walk *walk) __releases(RCU)
{
	tamalloc_walk_pause(walk);
	tamalloc_ask_end(walk);
	revert_creds(walk->saved_cred);
}

/**
 * tamalloc_walk_pause() - let the caller sleep in the middle of a walk
 * @walk: the walk
 *
 * What the walk found is not good any longer: @walk->mm may be freed here, if
 * the walk held the last reference.
 */
void tamalloc_walk_pause(struct tamalloc_walk *walk) __releases(RCU)
{
	unsigned int i;

	rcu_read_unlock();
	for (i = 0; i < walk->grabbed; i++)
		mmdrop(walk->mms[i]);
	walk->grabbed = 0;
}

/**
 * tamalloc_walk_resume() - go on after tamalloc_walk_pause()
 * @walk: the walk
 */
void tamalloc_walk_resume(struct tamalloc_walk *walk) __acquires(RCU)
{
	/* Without a reference, what was looked up may be gone. */
	if (!tamalloc_asked_held(walk)) {
		walk->pos = 0;
		walk->found = 0;
	}
	rcu_read_lock();
}

/*
 * Yield, and look up the next ids unless some are left. Returns 1 if there are any,
 * 0 if there are none, and below 0 if it could not be found out who may see them.
 */
static int walk_refill(struct tamalloc_walk *walk) __must_hold(RCU)
{
	int ret;

	tamalloc_walk_pause(walk);
	cond_resched();
	if (walk->pos == walk->found)
		tamalloc_ask_end(walk);
	tamalloc_walk_resume(walk);
	if (walk->pos < walk->found)
		return 1;

	walk->pos = 0;
	walk->found = find_ge_pids(walk->tgid + 1, walk->ns, walk->pids,
				   TAMALLOC_WALK_BATCH);
	if (!walk->found)
		return 0;

	ret = tamalloc_ask(walk);
	return ret < 0 ? ret : 1;
}

/* Lock a thread that has an address space. Returns false if no thread has. */
static bool walk_lock_thread(struct tamalloc_walk *walk)
{
	struct task_struct *thread = walk->leader;

	/* Mostly it is the leader, and this is cheaper. */
	task_lock(thread);
	if (likely(thread->mm)) {
		/* Sparse cannot follow a lock to another function. */
		__release(&thread->alloc_lock);
	} else {
		task_unlock(thread);
		thread = find_lock_task_mm(thread);
		if (!thread)
			return false;
	}

	walk->thread = thread;
	walk->mm = thread->mm;
	return true;
}

/**
 * tamalloc_walk_next() - go to the next process
 * @walk: the walk
 *
 * Find the next process that the reader may see and that has an address space:
 * no kernel thread (it may borrow one), no zombie, no process about to be one.
 *
 * Leaves RCU and yields when the CPU is wanted, but not before it has been to
 * one more id: it gets on however often that is.
 *
 * Return: 1 if there is one. Then @walk->thread is locked, so that what is read
 * of it belongs together, and tamalloc_walk_sample() must be called. 0 at the
 * end of the walk, -EINTR if a fatal signal is pending, -EIO if the module is
 * about to go, or the error by which procfs did not say who may see a process.
 */
int tamalloc_walk_next(struct tamalloc_walk *walk)
{
	struct pid *pid;
	int ret;

	for (;;) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (tamalloc_unloading())
			return -EIO;
		if (walk->pos == walk->found || (need_resched() && walk->pos)) {
			ret = walk_refill(walk);
			if (ret <= 0)
				return ret;
		}

		/* pid_nr_ns(), as it was found in this very namespace */
		pid = walk->pids[walk->pos++];
		walk->tgid = pid->numbers[walk->ns->level].nr;
		walk->leader = pid_task(pid, PIDTYPE_TGID);
		/* Other ids are those of threads, groups and sessions. */
		if (!walk->leader || !tamalloc_may_see(walk))
			continue;

		/* Its other flags change under no lock; this one never does. */
		if (READ_ONCE(walk->leader->flags) & PF_KTHREAD)
			continue;

		if (walk_lock_thread(walk))
			return 1;
	}
}

/**
 * tamalloc_walk_sample() - sample the memory of the process that was found
 * @walk: the walk
 * @usage: where to put the sample
 *
 * Unlocks @walk->thread. Exec, exit and the OOM killer wait for that lock, so
 * the pass over the CPUs comes after it. Until the walk pauses, a reference
 * keeps the counters; it does not keep the address space, which this reader
 * would otherwise tear down if it was the last to drop it.
 *
 * total_vm changes under mmap_lock, for which a reader might wait long, and
 * hiwater_rss under no lock in common: each may be stale by the time it is
 * printed.
 *
 * Return: false if the address space was being torn down meanwhile. The sample
 * is worthless then. If that was an exec, the next step finds the process
 * again, with its new address space.
 */
bool tamalloc_walk_sample(struct tamalloc_walk *walk,
			  struct tamalloc_usage *usage)
{
	struct mm_struct *mm = walk->mm;
	s64 *sums = walk->sums;

	/* At most one for each of the ids that were looked up */
	mmgrab(mm);
	walk->mms[walk->grabbed++] = mm;
	/* Locked by walk_lock_thread() */
	__acquire(&walk->thread->alloc_lock);
	task_unlock(walk->thread);

	tamalloc_mm_counters(mm, sums);
	/*
	 * A page that one CPU gave and another took back may be seen as taken
	 * only: a sum may be below zero.
	 */
	usage->anon = max_t(s64, sums[MM_ANONPAGES], 0);
	usage->file = max_t(s64, sums[MM_FILEPAGES], 0);
	usage->shmem = max_t(s64, sums[MM_SHMEMPAGES], 0);
	usage->swap = max_t(s64, sums[MM_SWAPENTS], 0);
	usage->rss = usage->anon + usage->file + usage->shmem;
	/*
	 * The stored peak is brought up to date when the resident set is about
	 * to shrink. So the present size may exceed it, see task_mem().
	 */
	usage->committed = max(usage->rss, READ_ONCE(mm->hiwater_rss));
	usage->reserved = READ_ONCE(mm->total_vm);
#ifdef CONFIG_HUGETLB_PAGE
	usage->hugetlb = atomic_long_read(&mm->hugetlb_usage);
#else
	usage->hugetlb = 0;
#endif
	usage->pgtables = mm_pgtables_bytes(mm);

	/*
	 * Pairs with atomic_dec_and_test() of mm_users in mmput(): if anything
	 * above was read after the tearing down began, this reads 0.
	 */
	smp_rmb();
	if (likely(atomic_read(&mm->mm_users)))
		return true;

	/* The same id again, after a pause */
	walk->tgid--;
	walk->pos = walk->found;
	return false;
}
