// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/tamalloc/summary: the sums over the rows of /proc/tamalloc/pids
 */

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "walk.h"

/*
 * The address spaces that several processes may share and that are already
 * counted. Each entry holds an mmgrab() reference: it keeps the mm_struct from
 * being reused for a later process, which would then look already counted. It
 * does not keep the address space itself.
 *
 * Nothing is allocated before the first such address space is met. From then on
 * each process is looked up, as the sharing may have ended since. There can be as
 * many entries as processes, so the table is made for the ids that are in use
 * then: of these, four share a list at most, on average.
 */
#define SHARED_BITS_MIN	8
#define SHARED_BITS_MAX	20

struct shared_mm {
	struct hlist_node node;
	struct mm_struct *mm;
};

struct tamalloc_totals {
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
	struct hlist_head *shared;
	unsigned int shared_bits;
};

static bool shared_mm_seen(const struct tamalloc_totals *totals,
			   const struct mm_struct *mm)
{
	struct shared_mm *entry;
	struct hlist_head *list;

	if (!totals->shared)
		return false;

	list = &totals->shared[hash_ptr(mm, totals->shared_bits)];
	hlist_for_each_entry(entry, list, node) {
		if (entry->mm == mm)
			return true;
	}

	return false;
}

static void shared_mm_init(struct tamalloc_totals *totals,
			   const struct pid_namespace *ns)
{
	/* Changes under pidmap_lock; a guess at a size needs none. */
	unsigned int ids = data_race(ns->pid_allocated) & ~PIDNS_ADDING;
	unsigned long i;

	totals->shared_bits = clamp(ilog2(ids / 4 | 1) + 1, SHARED_BITS_MIN,
				    SHARED_BITS_MAX);
	totals->shared = kvmalloc_array(1UL << totals->shared_bits,
					sizeof(*totals->shared),
					GFP_KERNEL_ACCOUNT);
	if (!totals->shared)
		return;

	/* Not by kvcalloc(), which would clear MB without a pause. */
	for (i = 0; i < 1UL << totals->shared_bits; i++) {
		INIT_HLIST_HEAD(&totals->shared[i]);
		if (i % 1024 == 0)
			cond_resched();
	}
}

/* Takes over the caller's reference to @mm. */
static int shared_mm_note(struct tamalloc_totals *totals,
			  const struct pid_namespace *ns, struct mm_struct *mm)
{
	struct shared_mm *entry = NULL;

	if (!totals->shared)
		shared_mm_init(totals, ns);
	if (totals->shared)
		entry = kmalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry) {
		mmdrop(mm);
		return -ENOMEM;
	}

	entry->mm = mm;
	hlist_add_head(&entry->node,
		       &totals->shared[hash_ptr(mm, totals->shared_bits)]);

	return 0;
}

static void shared_mm_free(struct tamalloc_totals *totals)
{
	struct shared_mm *entry;
	struct hlist_node *tmp;
	unsigned long i;

	if (!totals->shared)
		return;

	for (i = 0; i < 1UL << totals->shared_bits; i++) {
		hlist_for_each_entry_safe(entry, tmp, &totals->shared[i], node) {
			mmdrop(entry->mm);
			kfree(entry);
		}
		cond_resched();
	}
	kvfree(totals->shared);
}

static int tamalloc_sum(struct tamalloc_totals *totals,
			const struct file *file)
{
	struct tamalloc_walk walk = { .for_sums = true };
	const struct tamalloc_usage *usage = &walk.usage;
	int ret;

	tamalloc_walk_begin(&walk, file, 1);
	while ((ret = tamalloc_walk_next(&walk)) > 0) {
		totals->processes++;

		if (shared_mm_seen(totals, walk.mm)) {
			/* Not the last reference: its entry holds one. */
			if (walk.maybe_shared)
				mmdrop(walk.mm);
			continue;
		}
		if (walk.maybe_shared) {
			tamalloc_walk_pause(&walk);
			ret = shared_mm_note(totals, walk.ns, walk.mm);
			tamalloc_walk_resume(&walk);
			if (ret < 0)
				break;
		}

		totals->address_spaces++;
		totals->reserved += usage->reserved;
		totals->committed += usage->committed;
		totals->anon += usage->anon;
		totals->file += usage->file;
		totals->shmem += usage->shmem;
		totals->swap += usage->swap;
		totals->hugetlb += usage->hugetlb;
		totals->pgtables += usage->pgtables;
	}
	tamalloc_walk_end(&walk);

	return ret;
}

static void show_kb(struct seq_file *m, const char *key, u64 kb)
{
	seq_put_decimal_ull_width(m, key, kb, 12);
	seq_puts(m, " kB\n");
}

static void show_pages(struct seq_file *m, const char *key, u64 pages)
{
	show_kb(m, key, pages << (PAGE_SHIFT - 10));
}

static int tamalloc_summary_show(struct seq_file *m, void *v)
{
	struct tamalloc_totals totals = {};
	u32 decimals;
	u64 pct;
	int ret;

	ret = tamalloc_sum(&totals, m->file);
	shared_mm_free(&totals);
	if (ret < 0)
		return ret;

	seq_put_decimal_ull_width(m, "Processes:       ", totals.processes, 12);
	seq_put_decimal_ull_width(m, "\nAddressSpaces:   ",
				  totals.address_spaces, 12);
	show_pages(m, "\nTotalReserved:   ", totals.reserved);
	show_pages(m, "TotalCommitted:  ", totals.committed);
	pct = div_u64_rem(tamalloc_pct(totals.committed, totals.reserved), 100,
			  &decimals);
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

static int tamalloc_summary_open(struct inode *inode, struct file *file)
{
	return single_open(file, tamalloc_summary_show, NULL);
}

const struct proc_ops tamalloc_summary_proc_ops = {
	.proc_flags	= PROC_ENTRY_PERMANENT,
	.proc_open	= tamalloc_summary_open,
	.proc_read_iter	= seq_read_iter,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};
