/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _PROC_TAMALLOC_COMPAT_H
#define _PROC_TAMALLOC_COMPAT_H

/*
 * What differs between kernels, and between the built-in files and the module
 *
 * Built in, the files call what procfs and mm have for their own use. A module
 * can only call what is exported. For the rest, this header has copies: each is
 * named after the function that it mirrors and has the prefix compat_. All were
 * compared with Linux 6.1.192, 6.12.118 and 7.3.4. tests/guest/proc compares
 * them with the kernel by their results.
 */

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/percpu_counter.h>
#include <linux/swap.h>
#include <linux/version.h>

struct super_block;
struct task_struct;
struct tamalloc_walk;

/* Since 6.12, it is in include/linux. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

/* Since 6.18, mm->flags is a bitmap of a type of its own. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define mm_flags_test(flag, mm)	test_bit(flag, &(mm)->flags)
#endif

#ifndef MODULE

#include "../internal.h"

/* What the module has to know of a walk, and does at its steps: see module.c. */
struct tamalloc_asked {
};

static inline void tamalloc_ask_begin(struct tamalloc_walk *walk,
				      struct super_block *sb)
{
}

static inline int tamalloc_ask(struct tamalloc_walk *walk)
{
	return 0;
}

static inline void tamalloc_ask_end(struct tamalloc_walk *walk)
{
}

#define tamalloc_asked_held(walk)	false

/* May the reader see the process that @walk stands at? */
#define tamalloc_may_see(walk)						\
	proc_has_pid_permissions((walk)->fs_info, (walk)->leader,	\
				 HIDEPID_NO_ACCESS)

static inline int tamalloc_swap_refresh(void)
{
	return 0;
}

static inline bool tamalloc_unloading(void)
{
	return false;
}

#else /* MODULE */

#include <linux/bits.h>
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/namei.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/radix-tree.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/time64.h>

/**
 * struct tamalloc_asked - what procfs said about the processes looked up
 * @root: root of the proc mount that is read
 * @held: how many of the walk's pids there is a reference to: all or none
 * @visible: a bit for each of the walk's pids
 */
struct tamalloc_asked {
	struct dentry *root;
	unsigned int held;
	unsigned long visible;
};

void tamalloc_ask_begin(struct tamalloc_walk *walk, struct super_block *sb);
int tamalloc_ask(struct tamalloc_walk *walk);
void tamalloc_ask_end(struct tamalloc_walk *walk);

#define tamalloc_asked_held(walk)	((walk)->asked.held > 0)
#define tamalloc_may_see(walk)						\
	((walk)->asked.visible & BIT((walk)->pos - 1))

int tamalloc_swap_refresh(void);
bool tamalloc_unloading(void);

/* Since 6.3, the ids of a mount come as a struct mnt_idmap. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define compat_idmap	(&init_user_ns)
#else
#define compat_idmap	(&nop_mnt_idmap)
#endif

/* Since 6.16, its name is a struct qstr. */
static inline struct dentry *
compat_lookup_one_unlocked(const char *name, struct dentry *base)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
	return lookup_one_unlocked(compat_idmap, name, base, strlen(name));
#else
	return lookup_one_unlocked(compat_idmap, &QSTR(name), base);
#endif
}

/* total_swap_pages of mm/swapfile.c, as tamalloc_swap_refresh() found it */
extern unsigned long compat_total_swap_pages;
/* Without CONFIG_SWAP, it is a macro. */
#undef total_swap_pages
#define total_swap_pages	READ_ONCE(compat_total_swap_pages)

/* find_ge_pids() and idr_gang_lookup() of kernel-patches; the base of this idr is 0 */
static inline unsigned int compat_find_ge_pids(int nr, struct pid_namespace *ns,
					       struct pid **pids,
					       unsigned int max_pids)
{
	return radix_tree_gang_lookup(&ns->idr.idr_rt, (void **)pids, nr,
				      max_pids);
}

#define find_ge_pids	compat_find_ge_pids

/* find_lock_task_mm() of mm/oom_kill.c; the caller holds rcu_read_lock(). */
static inline struct task_struct *compat_find_lock_task_mm(struct task_struct *p)
{
	struct task_struct *t;

	for_each_thread(p, t) {
		task_lock(t);
		if (likely(t->mm))
			return t;
		task_unlock(t);
	}

	return NULL;
}

#define find_lock_task_mm	compat_find_lock_task_mm

/* The part of oom_badness() of mm/oom_kill.c that does not depend on memory */
static inline long compat_oom_badness_adj(struct task_struct *p,
					  unsigned long totalpages)
{
	long adj = READ_ONCE(p->signal->oom_score_adj);

	if (is_global_init(p) || (p->flags & PF_KTHREAD) ||
	    adj == OOM_SCORE_ADJ_MIN || mm_flags_test(MMF_OOM_SKIP, p->mm) ||
	    in_vfork(p))
		return LONG_MIN;

	return adj * (long)(totalpages / 1000);
}

#define oom_badness_adj	compat_oom_badness_adj

static inline long compat_oom_badness_locked(struct task_struct *p,
					     unsigned long totalpages)
{
	long points = compat_oom_badness_adj(p, totalpages);

	if (points == LONG_MIN)
		return LONG_MIN;

	return points + get_mm_rss(p->mm) + get_mm_counter(p->mm, MM_SWAPENTS) +
	       mm_pgtables_bytes(p->mm) / PAGE_SIZE;
}

#define oom_badness_locked	compat_oom_badness_locked

/* What proc_oom_score() of fs/proc/base.c makes of it */
static inline unsigned long compat_proc_oom_points(long badness,
						   unsigned long totalpages)
{
	if (badness == LONG_MIN)
		return 0;

	return (1000 + badness * 1000 / (long)totalpages) * 2 / 3;
}

#define proc_oom_points	compat_proc_oom_points

/* nsec_to_clock_t() of kernel/time/time.c, where USER_HZ is 100 */
static inline u64 compat_nsec_to_clock_t(u64 x)
{
	static_assert(NSEC_PER_SEC % USER_HZ == 0);

	return div_u64(x, NSEC_PER_SEC / USER_HZ);
}

#define nsec_to_clock_t	compat_nsec_to_clock_t

/* seq_put_decimal_ull_width() of fs/seq_file.c */
static inline void compat_seq_put_decimal_ull_width(struct seq_file *m,
						    const char *delimiter,
						    unsigned long long num,
						    unsigned int width)
{
	seq_printf(m, "%s%*llu", delimiter, width, num);
}

#define seq_put_decimal_ull_width	compat_seq_put_decimal_ull_width

/*
 * percpu_counter_sum_many() of kernel-patches, of four counters. Since 6.6, those
 * of an mm come from one percpu_counter_init_many(), and so lie beside each other.
 */
#if defined(CONFIG_SMP) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
static inline void compat_percpu_counter_sum_four(struct percpu_counter *fbc,
						  s64 *sums)
{
	unsigned long flags;
	int cpu, i;

	local_irq_save(flags);
	raw_spin_lock(&fbc[0].lock);
	raw_spin_lock_nested(&fbc[1].lock, 1);
	raw_spin_lock_nested(&fbc[2].lock, 2);
	raw_spin_lock_nested(&fbc[3].lock, 3);

	for (i = 0; i < 4; i++)
		sums[i] = fbc[i].count;
	for_each_cpu_or(cpu, cpu_online_mask, cpu_dying_mask) {
		const s32 *counts = per_cpu_ptr(fbc[0].counters, cpu);

		for (i = 0; i < 4; i++) {
			/* Changes under no lock, as in __percpu_counter_sum() */
			sums[i] += data_race(READ_ONCE(counts[i]));
		}
	}

	for (i = 3; i >= 0; i--)
		raw_spin_unlock(&fbc[i].lock);
	local_irq_restore(flags);
}
#endif

#endif /* MODULE */

/*
 * The resident-set counters of @mm, in pages, as exact as the kernel has them.
 * Before 6.2, f1a7941243c1 ("mm: convert mm's rss stats into percpu_counter"),
 * these are atomic longs, without a few pages per task that are not yet added.
 */
static inline void tamalloc_mm_counters(struct mm_struct *mm, s64 *sums)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	int i;

	for (i = 0; i < NR_MM_COUNTERS; i++)
		sums[i] = get_mm_counter(mm, i);
#elif !defined(MODULE)
	percpu_counter_sum_many(mm->rss_stat, sums, NR_MM_COUNTERS);
#elif defined(CONFIG_SMP) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	static_assert(NR_MM_COUNTERS == 4);
	compat_percpu_counter_sum_four(mm->rss_stat, sums);
#else
	int i;

	for (i = 0; i < NR_MM_COUNTERS; i++)
		sums[i] = percpu_counter_sum(&mm->rss_stat[i]);
#endif
}

/*
 * /proc/PID/oom_score in two steps: tamalloc_oom_begin() with @thread locked, then
 * tamalloc_oom_end() with the memory that was sampled. In 7.x oom_badness() sums
 * exactly, as the sample does; before, it leaves out what single CPUs have not yet
 * added, and nothing is left for the second step.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
static inline long tamalloc_oom_begin(struct task_struct *thread,
				      unsigned long totalpages)
{
	return proc_oom_points(oom_badness_locked(thread, totalpages),
			       totalpages);
}

static inline long tamalloc_oom_end(long begun, unsigned long pages,
				    unsigned long totalpages)
{
	return begun;
}
#else
static inline long tamalloc_oom_begin(struct task_struct *thread,
				      unsigned long totalpages)
{
	return oom_badness_adj(thread, totalpages);
}

static inline long tamalloc_oom_end(long begun, unsigned long pages,
				    unsigned long totalpages)
{
	if (begun != LONG_MIN)
		begun += pages;

	return proc_oom_points(begun, totalpages);
}
#endif

#endif /* _PROC_TAMALLOC_COMPAT_H */
