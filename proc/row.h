/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _PROC_TAMALLOC_ROW_H
#define _PROC_TAMALLOC_ROW_H

#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "walk.h"

struct user_namespace;

/**
 * struct tamalloc_row - what a row of /proc/tamalloc/pids shows
 * @usage: the memory of the process
 * @pid: its id
 * @ppid: the id of its parent, 0 if that has none in the pid namespace
 * @uid: its effective user id, as the reader knows it
 * @start_time: when it started, in clock ticks since boot
 * @oom_score: as /proc/PID/oom_score shows it
 * @oom_score_adj: as /proc/PID/oom_score_adj shows it
 * @cgroup: inode number of the cgroup of its leader, in the unified hierarchy
 * @comm: its name
 */
struct tamalloc_row {
	struct tamalloc_usage usage;
	unsigned int pid;
	unsigned int ppid;
	uid_t uid;
	u64 start_time;
	long oom_score;
	short oom_score_adj;
	u64 cgroup;
	char comm[TASK_COMM_LEN];
	/* private: */
	struct user_namespace *user_ns;	/* of the reader */
	u64 boot_offset;	/* of the reader's time namespace, in ns */
	kuid_t kuid;		/* what uid was mapped from */
};

/* Room for the longest row, and for the header: no more is ever written. */
#define TAMALLOC_ROW_MAX	512

void tamalloc_row_init(struct tamalloc_row *row, struct user_namespace *user_ns);
bool tamalloc_row_sample(struct tamalloc_row *row, struct tamalloc_walk *walk);
size_t tamalloc_row_format(char *buf, const struct tamalloc_row *row);
size_t tamalloc_row_header(char *buf);

#endif /* _PROC_TAMALLOC_ROW_H */
