/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The members of the kernel's structures that the iterators read. Only the names
 * matter: loading a program corrects the offsets by the kernel's own types.
 */
#ifndef TYPES_H
#define TYPES_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define KERNEL_TYPE __attribute__((preserve_access_index))

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
} KERNEL_TYPE;

struct percpu_counter {
	__s64 count;
} KERNEL_TYPE;

struct atomic {
	long long counter;
} KERNEL_TYPE;

struct mm_struct {
	unsigned long total_vm;
	unsigned long hiwater_rss;
	/* MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES */
	struct percpu_counter rss_stat[4];
	struct atomic hugetlb_usage;
	struct atomic pgtables_bytes;
} KERNEL_TYPE;

struct kernel_uid {
	unsigned int val;
} KERNEL_TYPE;

struct cred {
	struct kernel_uid euid;
} KERNEL_TYPE;

struct signal_struct {
	short oom_score_adj;
} KERNEL_TYPE;

struct task_struct {
	int pid;
	int tgid;
	__u64 start_boottime;
	struct mm_struct *mm;
	const struct cred *cred;
	struct signal_struct *signal;
	char comm[16];
} KERNEL_TYPE;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} KERNEL_TYPE;

/*
 * The columns of /proc/tamalloc/pids that such a program can know. The counters are
 * not exact: it has no call that sums over the CPUs, so they are off by up to some
 * tens of pages per CPU. There is no OOM score, because the function that computes
 * it cannot be called. There are no visibility rules, and ids are those of the first
 * pid namespace.
 */
struct record {
	__u32 pid;
	__u32 uid;
	__u64 start_time;	/* clock ticks */
	__u64 reserved;		/* KiB, as the following */
	__u64 committed;
	__u64 anon;
	__u64 file;
	__u64 shmem;
	__u64 swap;
	__u64 hugetlb;
	__u64 pgtables;
	__s32 oom_score_adj;
	char name[16];
	__u32 reserved_for_later;
};

#define PAGES_TO_KB(pages) ((__u64)(pages) << 2)

static __always_inline __u64 counter(const struct percpu_counter *counter)
{
	__s64 count = counter->count;

	return count > 0 ? PAGES_TO_KB(count) : 0;
}

/* False if there is no row: threads, kernel threads, zombies. */
static __always_inline int fill(struct record *r, const struct task_struct *task)
{
	const struct mm_struct *mm;
	__u64 rss;

	if (!task || task->pid != task->tgid)
		return 0;
	mm = task->mm;
	if (!mm)
		return 0;

	r->pid = task->tgid;
	r->uid = task->cred->euid.val;
	r->start_time = task->start_boottime / 10000000;
	r->reserved = PAGES_TO_KB(mm->total_vm);
	r->committed = PAGES_TO_KB(mm->hiwater_rss);
	r->file = counter(&mm->rss_stat[0]);
	r->anon = counter(&mm->rss_stat[1]);
	r->swap = counter(&mm->rss_stat[2]);
	r->shmem = counter(&mm->rss_stat[3]);
	rss = r->anon + r->file + r->shmem;
	if (r->committed < rss)
		r->committed = rss;
	r->hugetlb = PAGES_TO_KB(mm->hugetlb_usage.counter);
	r->pgtables = mm->pgtables_bytes.counter >> 10;
	r->oom_score_adj = task->signal->oom_score_adj;
	return 1;
}

#endif /* TYPES_H */
