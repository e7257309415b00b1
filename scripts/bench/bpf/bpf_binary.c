// SPDX-License-Identifier: GPL-2.0-only
/*
 * A BPF task iterator that writes the columns of /proc/tamalloc/pids as records
 * (struct record), except the OOM score
 */
#include "types.h"

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int bpf_binary(struct bpf_iter__task *ctx)
{
	const struct task_struct *task = ctx->task;
	struct record r = {};

	if (!fill(&r, task))
		return 0;
	bpf_probe_read_kernel(r.name, sizeof(r.name), task->comm);
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}
