// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/tamalloc/summary: the sums over the rows of /proc/tamalloc/pids
 */

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <asm/barrier.h>

#include "arith.h"
#include "compat.h"
#include "files.h"
#include "walk.h"

/*
 * The address spaces that several processes may share and that are already
 * counted. Each entry holds an mmgrab() reference: it keeps the mm_struct from
 * being reused for a later process, which would then look already counted. It
 * does not keep the address space itself.
 *
 * Nothing is allocated before the walk meets the first such address space. From
 * then on each process is looked up, because the sharing may have ended since.
 * There can be as many entries as processes, so the table is sized for at most
 * four ids in use per bucket on average.
 */
#define SHARED_BITS_MIN	8
#define SHARED_BITS_MAX	20

struct shared_mm {
	struct hlist_node node;
	struct mm_struct *mm;
};

struct shared_mms {
	struct hlist_head *buckets;
	unsigned int bits;
};

struct totals {
	u64 processes;
	u64 address_spaces;
	u64 reserved;		/* pages, as the following */
	u64 committed;
	u64 anon;
	u64 file;
	u64 shmem;
	u64 swap;
	u64 hugetlb;
	u64 pgtables;		/* bytes */
};

/*
 * May processes other than @thread's share @mm now? Called with @thread locked.
 *
 * mm_users counts the tasks that use @mm, and also short-lived references;
 * signal->live counts at most the threads among them, and these leave it first.
 * If they are equal, no other process has @mm. live is read on both sides,
 * because a thread can be made meanwhile.
 *
 * MMF_MULTIPROCESS stays set once a process was cloned with CLONE_VM. It is set
 * after the child can be found, and not at all by CLONE_VFORK: then the counts
 * decide.
 *
 * What is shared only after one of the processes was visited counts twice: for
 * as long as a vfork() lasts, or if a clone(CLONE_VM) comes in the middle of a
 * read.
 */
static bool mm_maybe_shared(const struct task_struct *thread,
			    const struct mm_struct *mm)
{
	int live, users;

	if (mm_flags_test(MMF_MULTIPROCESS, mm))
		return true;

	live = atomic_read(&thread->signal->live);
	/*
	 * Pairs with the locks that copy_process() takes between copy_mm() and
	 * atomic_inc() of live.
	 */
	smp_rmb();
	users = atomic_read(&mm->mm_users);
	/* Pairs with atomic_dec_and_test() of live in do_exit(), before exit_mm(). */
	smp_rmb();

	return users != live || users != atomic_read(&thread->signal->live);
}

static struct hlist_head *shared_bucket(const struct shared_mms *shared,
					const struct mm_struct *mm)
{
	return &shared->buckets[hash_ptr(mm, shared->bits)];
}

static noinline bool shared_find(const struct shared_mms *shared,
				 const struct mm_struct *mm)
{
	struct shared_mm *entry;

	hlist_for_each_entry(entry, shared_bucket(shared, mm), node) {
		if (entry->mm == mm)
			return true;
	}

	return false;
}

static bool shared_seen(const struct shared_mms *shared,
			const struct mm_struct *mm)
{
	return unlikely(shared->buckets) && shared_find(shared, mm);
}

/* In a memory cgroup at its limit, fail: nobody is killed for a read. */
#define GFP_SHARED	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static void shared_init(struct shared_mms *shared,
			const struct pid_namespace *ns)
{
	/* Changes under pidmap_lock; a guess at a size needs none. */
	unsigned int ids = data_race(ns->pid_allocated) & ~PIDNS_ADDING;
	unsigned long i;

	shared->bits = clamp(ilog2(ids / 4 | 1) + 1, SHARED_BITS_MIN,
			     SHARED_BITS_MAX);
	shared->buckets = kvmalloc_array(1UL << shared->bits,
					 sizeof(*shared->buckets), GFP_SHARED);
	if (!shared->buckets)
		return;

	/* Not by kvcalloc(), which would clear MB without a pause. */
	for (i = 0; i < 1UL << shared->bits; i++) {
		INIT_HLIST_HEAD(&shared->buckets[i]);
		if (i % 1024 == 0)
			cond_resched();
	}
}

/*
 * Sleep for an entry, and lose the ids that @walk looked up. Drops the caller's
 * reference to @mm if there is no memory.
 */
static struct shared_mm *shared_alloc(struct shared_mms *shared,
				      struct tamalloc_walk *walk,
				      struct mm_struct *mm) __must_hold(RCU)
{
	struct shared_mm *entry = NULL;

	tamalloc_walk_pause(walk);
	if (!shared->buckets)
		shared_init(shared, walk->ns);
	if (shared->buckets)
		entry = kmalloc(sizeof(*entry), GFP_SHARED);
	if (!entry)
		mmdrop(mm);
	tamalloc_walk_resume(walk);

	return entry;
}

/* Note the address space that @walk stands at. */
static noinline int shared_note(struct shared_mms *shared, struct tamalloc_walk *walk)
{
	struct mm_struct *mm = walk->mm;
	struct shared_mm *entry = NULL;

	mmgrab(mm);
	if (shared->buckets)
		entry = kmalloc(sizeof(*entry),
				GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!entry)
		entry = shared_alloc(shared, walk, mm);
	if (!entry)
		return -ENOMEM;

	entry->mm = mm;
	hlist_add_head(&entry->node, shared_bucket(shared, mm));

	return 0;
}

static void shared_free(struct shared_mms *shared)
{
	struct shared_mm *entry;
	struct hlist_node *tmp;
	unsigned long i;

	if (!shared->buckets)
		return;

	for (i = 0; i < 1UL << shared->bits; i++) {
		hlist_for_each_entry_safe(entry, tmp, &shared->buckets[i], node) {
			mmdrop(entry->mm);
			kfree(entry);
		}
		cond_resched();
	}
	kvfree(shared->buckets);
}

/*
 * Address space costs nothing, and a peak may be long past. Memory that is resident
 * or swapped out takes an entry of eight bytes in a page table, for 2^18 pages at
 * most: there is not enough memory for page tables of a sum that does not fit.
 */
static void totals_add(struct totals *totals,
		       const struct tamalloc_usage *usage)
{
	totals->reserved = tamalloc_add(totals->reserved, usage->reserved);
	totals->committed = tamalloc_add(totals->committed, usage->committed);
	totals->anon += usage->anon;
	totals->file += usage->file;
	totals->shmem += usage->shmem;
	totals->swap += usage->swap;
	totals->hugetlb += usage->hugetlb;
	totals->pgtables += usage->pgtables;
}

static int summary_collect(struct totals *totals, const struct file *file)
{
	struct shared_mms shared = {};
	struct tamalloc_usage usage;
	struct tamalloc_walk walk;
	int ret;

	tamalloc_walk_begin(&walk, file, 1);
	while ((ret = tamalloc_walk_next(&walk)) > 0) {
		bool maybe_shared = mm_maybe_shared(walk.thread, walk.mm);

		if (!tamalloc_walk_sample(&walk, &usage))
			continue;

		totals->processes++;
		if (shared_seen(&shared, walk.mm))
			continue;
		if (maybe_shared) {
			ret = shared_note(&shared, &walk);
			if (ret < 0)
				break;
		}

		totals->address_spaces++;
		totals_add(totals, &usage);
	}
	tamalloc_walk_end(&walk);
	shared_free(&shared);

	return ret;
}

static void show_kb(struct seq_file *m, const char *key, u64 kb)
{
	seq_put_decimal_ull_width(m, key, kb, 12);
	seq_puts(m, " kB\n");
}

static void show_pages(struct seq_file *m, const char *key, u64 pages)
{
	show_kb(m, key, tamalloc_mul(pages, PAGE_SIZE / 1024));
}

static int summary_show(struct seq_file *m, void *v)
{
	struct totals totals = {};
	u32 decimals;
	u64 pct;
	int ret;

	ret = summary_collect(&totals, m->file);
	if (ret < 0)
		return ret;

	seq_put_decimal_ull_width(m, "Processes:       ", totals.processes, 12);
	seq_put_decimal_ull_width(m, "\nAddressSpaces:   ",
				  totals.address_spaces, 12);
	show_pages(m, "\nTotalReserved:   ", totals.reserved);
	show_pages(m, "TotalCommitted:  ", totals.committed);
	pct = div_u64_rem(tamalloc_share(totals.committed, totals.reserved),
			  100, &decimals);
	seq_put_decimal_ull_width(m, "CommittedPct:    ", pct, 9);
	seq_printf(m, ".%02u %%\n", decimals);
	show_pages(m, "TotalRss:        ",
		   totals.anon + totals.file + totals.shmem);
	show_pages(m, "TotalAnon:       ", totals.anon);
	show_pages(m, "TotalFile:       ", totals.file);
	show_pages(m, "TotalShmem:      ", totals.shmem);
	show_pages(m, "TotalSwap:       ", totals.swap);
	show_pages(m, "TotalHugetlb:    ", totals.hugetlb);
	show_kb(m, "TotalPageTables: ", totals.pgtables >> 10);

	return 0;
}

static int summary_open(struct inode *inode, struct file *file)
{
	return single_open(file, summary_show, NULL);
}

const struct proc_ops tamalloc_summary_proc_ops = {
	.proc_flags	= PROC_ENTRY_PERMANENT,
	.proc_open	= summary_open,
	.proc_read_iter	= seq_read_iter,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};
