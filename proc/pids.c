// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/tamalloc/pids: a row per process, what it reserved and committed
 */

#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string_helpers.h>
#include <linux/time_namespace.h>
#include <linux/uidgid.h>

#include "walk.h"

/*
 * One row, copied when the walk arrives at the process. show() only prints it:
 * it runs again for the same row when the buffer was too small.
 */
struct tamalloc_row {
	struct tamalloc_walk walk;
	uid_t uid;
	u64 start_time;			/* clock ticks since boot */
	unsigned long oom_score;
	short oom_score_adj;
	char comm[TASK_COMM_LEN];
};

enum tamalloc_column {
	COL_PID,
	COL_UID,
	COL_STARTTIME,
	COL_RESERVED,
	COL_COMMITTED,
	COL_COMMITTED_PCT,
	COL_RSS,
	COL_ANON,
	COL_FILE,
	COL_SHMEM,
	COL_SWAP,
	COL_HUGETLB,
	COL_PGTABLES,
	COL_OOM_SCORE,
	COL_OOM_SCORE_ADJ,
	NR_COLUMNS
};

/* The columns before NAME, in order. Each is preceded by a space. */
static const struct {
	const char *name;
	unsigned int width;
} tamalloc_columns[NR_COLUMNS] = {
	[COL_PID]		= { "PID",		 7 },
	[COL_UID]		= { "UID",		 5 },
	[COL_STARTTIME]		= { "STARTTIME",	10 },
	[COL_RESERVED]		= { "RESERVED_KB",	12 },
	[COL_COMMITTED]		= { "COMMITTED_KB",	12 },
	[COL_COMMITTED_PCT]	= { "COMMITTED_PCT",	13 },
	[COL_RSS]		= { "RSS_KB",		10 },
	[COL_ANON]		= { "ANON_KB",		10 },
	[COL_FILE]		= { "FILE_KB",		10 },
	[COL_SHMEM]		= { "SHMEM_KB",		10 },
	[COL_SWAP]		= { "SWAP_KB",		10 },
	[COL_HUGETLB]		= { "HUGETLB_KB",	10 },
	[COL_PGTABLES]		= { "PGTABLES_KB",	11 },
	[COL_OOM_SCORE]		= { "OOM_SCORE",	 9 },
	[COL_OOM_SCORE_ADJ]	= { "OOM_SCORE_ADJ",	13 },
};

static void show_header(struct seq_file *m)
{
	int i;

	for (i = 0; i < NR_COLUMNS; i++)
		seq_printf(m, " %*s", tamalloc_columns[i].width,
			   tamalloc_columns[i].name);
	seq_puts(m, " NAME\n");
}

static void show_num(struct seq_file *m, enum tamalloc_column col, u64 num)
{
	seq_put_decimal_ull_width(m, " ", num, tamalloc_columns[col].width);
}

static void show_pages(struct seq_file *m, enum tamalloc_column col,
		       unsigned long pages)
{
	show_num(m, col, (u64)pages << (PAGE_SHIFT - 10));
}

/*
 * The name as one token of printable ASCII. A process can call itself anything,
 * nothing included, and must not be able to forge a field or a line.
 */
static void show_name(struct seq_file *m, const char *comm)
{
	seq_putc(m, ' ');
	if (*comm)
		seq_escape_mem(m, comm, strlen(comm),
			       ESCAPE_OCTAL | ESCAPE_NAP | ESCAPE_APPEND,
			       " \\");
	else
		seq_puts(m, "\\000");
	seq_putc(m, '\n');
}

static int tamalloc_pids_show(struct seq_file *m, void *v)
{
	const struct tamalloc_row *row = v;
	const struct tamalloc_usage *usage = &row->walk.usage;

	if (v == SEQ_START_TOKEN) {
		show_header(m);
		return 0;
	}

	show_num(m, COL_PID, row->walk.iter.tgid);
	show_num(m, COL_UID, row->uid);
	show_num(m, COL_STARTTIME, row->start_time);
	show_pages(m, COL_RESERVED, usage->reserved);
	show_pages(m, COL_COMMITTED, usage->committed);
	tamalloc_put_pct(m, " ", usage->committed, usage->reserved,
			 tamalloc_columns[COL_COMMITTED_PCT].width);
	show_pages(m, COL_RSS, tamalloc_rss(usage));
	show_pages(m, COL_ANON, usage->anon);
	show_pages(m, COL_FILE, usage->file);
	show_pages(m, COL_SHMEM, usage->shmem);
	show_pages(m, COL_SWAP, usage->swap);
	show_pages(m, COL_HUGETLB, usage->hugetlb);
	show_num(m, COL_PGTABLES, usage->pgtables >> 10);
	show_num(m, COL_OOM_SCORE, row->oom_score);
	seq_printf(m, " %*d", tamalloc_columns[COL_OOM_SCORE_ADJ].width,
		   row->oom_score_adj);
	show_name(m, row->comm);

	return 0;
}

/* Go to the next process and copy what its row needs beside its memory. */
static void *tamalloc_pids_find(struct seq_file *m, loff_t *pos)
{
	struct tamalloc_row *row = m->private;
	struct task_struct *task;
	int ret;

	ret = tamalloc_walk_next(&row->walk);
	if (ret <= 0)
		return ERR_PTR(ret);

	task = row->walk.iter.task;
	row->uid = from_kuid_munged(seq_user_ns(m), task_euid(task));
	row->start_time =
		nsec_to_clock_t(timens_add_boottime_ns(task->start_boottime));
	row->oom_score = proc_task_oom_score(task);
	row->oom_score_adj = READ_ONCE(task->signal->oom_score_adj);
	get_task_comm(row->comm, task);

	*pos = row->walk.iter.tgid;
	return row;
}

/* Position 0 is the header; any other is the lowest id that may come next. */
static void *tamalloc_pids_start(struct seq_file *m, loff_t *pos)
{
	struct tamalloc_row *row = m->private;

	tamalloc_walk_begin(&row->walk, m->file, *pos);
	if (!*pos)
		return SEQ_START_TOKEN;

	return tamalloc_pids_find(m, pos);
}

static void *tamalloc_pids_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct tamalloc_row *row = m->private;

	row->walk.iter.tgid = ++*pos;

	return tamalloc_pids_find(m, pos);
}

static void tamalloc_pids_stop(struct seq_file *m, void *v)
{
	struct tamalloc_row *row = m->private;

	tamalloc_walk_end(&row->walk);
}

static const struct seq_operations tamalloc_pids_seq_ops = {
	.start	= tamalloc_pids_start,
	.next	= tamalloc_pids_next,
	.stop	= tamalloc_pids_stop,
	.show	= tamalloc_pids_show,
};

static int tamalloc_pids_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &tamalloc_pids_seq_ops,
				sizeof(struct tamalloc_row));
}

const struct proc_ops tamalloc_pids_proc_ops = {
	.proc_flags	= PROC_ENTRY_PERMANENT,
	.proc_open	= tamalloc_pids_open,
	.proc_read_iter	= seq_read_iter,
	.proc_lseek	= seq_lseek,
	.proc_release	= seq_release_private,
};
