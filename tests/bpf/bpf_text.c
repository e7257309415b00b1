// SPDX-License-Identifier: GPL-2.0-only
/*
 * A BPF task iterator that prints the columns of /proc/tamalloc/pids, but the
 * OOM score, as text
 */
#include "types.h"

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int bpf_text(struct bpf_iter__task *ctx)
{
	const struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	struct record r;
	__u64 pct, rss;

	if (!fill(&r, task))
		return 0;
	rss = r.anon + r.file + r.shmem;
	pct = r.reserved ? r.committed * 10000 / r.reserved : 0;

	/* One call takes twelve numbers at most. */
	BPF_SEQ_PRINTF(seq, " %7u %6u %9llu %11llu %12llu %10llu.%02llu %9llu %9llu %9llu %9llu",
		       r.pid, r.uid, r.start_time, r.reserved, r.committed, pct / 100, pct % 100,
		       rss, r.anon, r.file, r.shmem);
	BPF_SEQ_PRINTF(seq, " %9llu %10llu %11llu %13d %s\n",
		       r.swap, r.hugetlb, r.pgtables, r.oom_score_adj, task->comm);
	return 0;
}
