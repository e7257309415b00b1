// SPDX-License-Identifier: GPL-2.0-only
/*
 * A BPF task iterator that prints the columns of /proc/tamalloc/pids as text,
 * except the OOM score
 */
#include "types.h"

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int bpf_text(struct bpf_iter__task *ctx)
{
	const struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	/*
	 * On the stack and not in a map of constants: libbpf probes for these with
	 * a type of program that a kernel without networking does not have.
	 */
	char head[] = " %7u %6u %9llu %11llu %12llu %10llu.%02llu %9llu %9llu %9llu %9llu";
	char tail[] = " %9llu %10llu %11llu %13d %s\n";
	struct record r;
	__u64 pct, rss;

	if (!fill(&r, task))
		return 0;
	rss = r.anon + r.file + r.shmem;
	pct = r.reserved ? r.committed * 10000 / r.reserved : 0;

	/* One call takes twelve numbers at most. */
	__u64 first[] = {
		r.pid, r.uid, r.start_time, r.reserved, r.committed, pct / 100, pct % 100,
		rss, r.anon, r.file, r.shmem,
	};
	__u64 second[] = {
		r.swap, r.hugetlb, r.pgtables, (__u64)(__s64)r.oom_score_adj,
		(__u64)(unsigned long)task->comm,
	};

	bpf_seq_printf(seq, head, sizeof(head), first, sizeof(first));
	bpf_seq_printf(seq, tail, sizeof(tail), second, sizeof(second));
	return 0;
}
