// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/tamalloc/pids: a row per process, what it reserved and committed
 */

#include <linux/array_size.h>
#include <linux/cache.h>
#include <linux/cred.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time_namespace.h>
#include <linux/uidgid.h>
#include <linux/uio.h>

#include "walk.h"

/* What a row shows beside the memory of the process. */
struct tamalloc_row {
	struct tamalloc_walk walk;
	kuid_t kuid;
	uid_t uid;			/* kuid, as the reader knows it */
	u64 boot_offset;		/* of the reader's time namespace, in ns */
	u64 start_time;			/* clock ticks since boot */
	short oom_score_adj;
};

/*
 * A column before NAME, preceded by a space. At least four digits wide; a wider
 * number widens its row.
 */
struct tamalloc_column {
	const char *name;
	unsigned int width;
};

enum {
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

static const struct tamalloc_column columns[NR_COLUMNS] = {
	[COL_PID]		= { "PID", 7 },
	[COL_UID]		= { "UID", 6 },
	[COL_STARTTIME]		= { "STARTTIME", 9 },
	[COL_RESERVED]		= { "RESERVED_KB", 11 },
	[COL_COMMITTED]		= { "COMMITTED_KB", 12 },
	[COL_COMMITTED_PCT]	= { "COMMITTED_PCT", 10 },	/* and ".dd" */
	[COL_RSS]		= { "RSS_KB", 9 },
	[COL_ANON]		= { "ANON_KB", 9 },
	[COL_FILE]		= { "FILE_KB", 9 },
	[COL_SHMEM]		= { "SHMEM_KB", 9 },
	[COL_SWAP]		= { "SWAP_KB", 9 },
	[COL_HUGETLB]		= { "HUGETLB_KB", 10 },
	[COL_PGTABLES]		= { "PGTABLES_KB", 11 },
	[COL_OOM_SCORE]		= { "OOM_SCORE", 9 },
	[COL_OOM_SCORE_ADJ]	= { "OOM_SCORE_ADJ", 13 },
};

/* The longest number, 2^64 - 1 */
#define DIGITS_MAX	20
/* The longest name: every byte escaped, none for the final NUL */
#define NAME_MAX_LEN	(4 * (TASK_COMM_LEN - 1))
/* The longest row: spaces, numbers, two decimals, name, newline */
#define ROW_MAX		(NR_COLUMNS * (1 + DIGITS_MAX) + 3 +		\
			 1 + NAME_MAX_LEN + 1)

static char header[ROW_MAX] __ro_after_init;
static size_t header_len __ro_after_init;

/* Two digits each: "00" to "99", and " 0" to "99" for where a number begins */
static char digit_pairs[100][2] __ro_after_init;
static char first_pairs[100][2] __ro_after_init;

/* The bytes that NAME shows as they are */
static bool plain[256] __ro_after_init;

/* Once, as it would cost a small read as much as several rows. */
void __init tamalloc_pids_init(void)
{
	size_t len = 0;
	int i;

	for (i = 0; i < NR_COLUMNS; i++)
		len += scnprintf(header + len, sizeof(header) - len, " %*s",
				 columns[i].width, columns[i].name);
	len += scnprintf(header + len, sizeof(header) - len, " NAME\n");
	header_len = len;

	for (i = 0; i < 100; i++) {
		digit_pairs[i][0] = '0' + i / 10;
		digit_pairs[i][1] = '0' + i % 10;
		first_pairs[i][0] = i < 10 ? ' ' : digit_pairs[i][0];
		first_pairs[i][1] = digit_pairs[i][1];
	}

	for (i = ' ' + 1; i < 0x7f; i++)
		plain[i] = i != '\\';
}

/*
 * Rows are formatted by the functions below and not by seq_put_decimal_ull():
 * 14 numbers a row are most of what a row costs. docs/benchmarks.md has the
 * figures. They write to where the caller has made sure that ROW_MAX bytes fit,
 * and return the end of what they wrote.
 */

/* The first number with one digit more than the index, up to ten digits */
static const u32 powers_of_ten[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
};

/*
 * A number below 10,000 as a pair and a fraction, in 32 bits each, that holds
 * the second pair: times 100 it gives that. 42949673 / 2^32 is a hundredth and
 * too large by less than one in 10^9.
 */
static __always_inline u64 split_pairs(u32 num)
{
	return (u64)num * 42949673;
}

static __always_inline u32 high_pair(u64 pairs)
{
	return pairs >> 32;
}

static __always_inline u32 low_pair(u64 pairs)
{
	return (u64)(u32)pairs * 100 >> 32;
}

/* Digits that end at @end, where there are spaces now */
static __always_inline void put_short(char *end, u32 num)
{
	u64 pairs;

	if (num < 100) {
		memcpy(end - 2, first_pairs[num], 2);
		return;
	}

	pairs = split_pairs(num);
	memcpy(end - 4, first_pairs[high_pair(pairs)], 2);
	memcpy(end - 2, digit_pairs[low_pair(pairs)], 2);
}

/* The same for 10,000 and above */
static noinline void put_long(char *end, u32 num)
{
	u64 pairs;
	u32 rest;

	do {
		rest = num / 10000;
		pairs = split_pairs(num - rest * 10000);
		end -= 4;
		memcpy(end, digit_pairs[high_pair(pairs)], 2);
		memcpy(end + 2, digit_pairs[low_pair(pairs)], 2);
		num = rest;
	} while (num >= 10000);

	put_short(end, num);
}

/* Inline, as all about the column is then known to the compiler. */
static __always_inline char *put_num(char *p, int col, u64 num)
{
	const unsigned int width = columns[col].width;
	const u32 limit = width < ARRAY_SIZE(powers_of_ten) ?
			  powers_of_ten[width] : U32_MAX;
	char *end = p + 1 + width;

	memset(p, ' ', 1 + width);
	if (num < 10000)
		put_short(end, num);
	else if (num < limit)
		put_long(end, num);
	else	/* too wide, or too large for put_long() */
		end = p + 1 + num_to_str(p + 1, DIGITS_MAX, num, width);

	return end;
}

static __always_inline char *put_pages(char *p, int col, unsigned long pages)
{
	return put_num(p, col, (u64)pages << (PAGE_SHIFT - 10));
}

/* At most four digits: its column has room for the sign. */
static char *put_oom_score_adj(char *p, short adj)
{
	char *end = put_num(p, COL_OOM_SCORE_ADJ, abs(adj));

	if (adj < 0) {
		for (p = end; p[-1] != ' '; p--)
			;
		p[-1] = '-';
	}

	return end;
}

/* The share of @reserved that is @committed, in percent with two decimals */
static char *put_pct(char *p, unsigned long committed, unsigned long reserved)
{
	u32 decimals;
	u64 pct = div_u64_rem(tamalloc_pct(committed, reserved), 100, &decimals);

	p = put_num(p, COL_COMMITTED_PCT, pct);
	*p++ = '.';
	memcpy(p, digit_pairs[decimals], 2);

	return p + 2;
}

/*
 * The name as one token of printable ASCII. A process can call itself anything,
 * nothing included, and must not be able to forge a field or a line.
 */
static char *put_name(char *p, const char *comm)
{
	const unsigned char *c = comm;

	*p++ = ' ';
	do {
		while (plain[*c])
			*p++ = *c++;
		if (!*c && c != (const unsigned char *)comm)
			break;
		*p++ = '\\';
		*p++ = '0' + (*c >> 6);
		*p++ = '0' + (*c >> 3 & 7);
		*p++ = '0' + (*c & 7);
	} while (*c++);
	*p++ = '\n';

	return p;
}

static int tamalloc_pids_show(struct seq_file *m, void *v)
{
	const struct tamalloc_row *row = v;
	const struct tamalloc_usage *usage = &row->walk.usage;
	char *buf, *p;

	if (v == SEQ_START_TOKEN) {
		seq_write(m, header, header_len);
		return 0;
	}

	if (seq_get_buf(m, &buf) < ROW_MAX) {
		/* Too small a rest: this row opens the next buffer. */
		seq_commit(m, -1);
		return 0;
	}

	p = put_num(buf, COL_PID, row->walk.tgid);
	p = put_num(p, COL_UID, row->uid);
	p = put_num(p, COL_STARTTIME, row->start_time);
	p = put_pages(p, COL_RESERVED, usage->reserved);
	p = put_pages(p, COL_COMMITTED, usage->committed);
	p = put_pct(p, usage->committed, usage->reserved);
	p = put_pages(p, COL_RSS, tamalloc_rss(usage));
	p = put_pages(p, COL_ANON, usage->anon);
	p = put_pages(p, COL_FILE, usage->file);
	p = put_pages(p, COL_SHMEM, usage->shmem);
	p = put_pages(p, COL_SWAP, usage->swap);
	p = put_pages(p, COL_HUGETLB, usage->hugetlb);
	p = put_num(p, COL_PGTABLES, usage->pgtables >> 10);
	p = put_num(p, COL_OOM_SCORE, row->walk.oom_score);
	p = put_oom_score_adj(p, row->oom_score_adj);
	p = put_name(p, row->walk.comm);
	seq_commit(m, p - buf);

	static_assert(ROW_MAX < PAGE_SIZE);
	return 0;
}

/* Neighbours mostly belong to the same user. */
static void tamalloc_row_set_uid(struct seq_file *m, struct tamalloc_row *row,
				 kuid_t kuid)
{
	if (uid_eq(row->kuid, kuid))
		return;

	row->kuid = kuid;
	row->uid = from_kuid_munged(seq_user_ns(m), kuid);
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

	task = row->walk.task;
	tamalloc_row_set_uid(m, row, task_euid(task));
	row->start_time = nsec_to_clock_t(task->start_boottime + row->boot_offset);
	/* Changes under oom_adj_mutex, which sleeps: right at some moment. */
	row->oom_score_adj = READ_ONCE(task->signal->oom_score_adj);

	*pos = row->walk.tgid;
	return row;
}

/* Position 0 is the header; any other is the lowest id that may come next. */
static void *tamalloc_pids_start(struct seq_file *m, loff_t *pos)
	__acquires(RCU)
{
	struct tamalloc_row *row = m->private;

	tamalloc_walk_begin(&row->walk, m->file, *pos);
	row->boot_offset = timens_add_boottime_ns(0);
	row->kuid = INVALID_UID;
	row->uid = from_kuid_munged(seq_user_ns(m), INVALID_UID);
	if (!*pos)
		return SEQ_START_TOKEN;

	return tamalloc_pids_find(m, pos);
}

static void *tamalloc_pids_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;

	return tamalloc_pids_find(m, pos);
}

static void tamalloc_pids_stop(struct seq_file *m, void *v)
	__releases(RCU)
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

/*
 * seq_file starts with a buffer of one page, and a read() fills it once, after
 * what an earlier one left there. Give one that asks for more a larger buffer,
 * so that an agent with a large one needs few calls. If there is no memory
 * for it, a page will do.
 */
#define PIDS_BUF_MAX	SZ_64K

static ssize_t tamalloc_pids_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct seq_file *m = iocb->ki_filp->private_data;
	size_t size = min_t(size_t, iov_iter_count(to), PIDS_BUF_MAX);

	mutex_lock(&m->lock);
	/* Not while it holds what an earlier read() had no room for */
	if (size > PAGE_SIZE && size > m->size && !m->count) {
		char *buf = kvmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);

		if (buf) {
			kvfree(m->buf);
			m->buf = buf;
			m->size = size;
		}
	}
	mutex_unlock(&m->lock);

	return seq_read_iter(iocb, to);
}

static int tamalloc_pids_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &tamalloc_pids_seq_ops,
				sizeof(struct tamalloc_row));
}

const struct proc_ops tamalloc_pids_proc_ops = {
	.proc_flags	= PROC_ENTRY_PERMANENT,
	.proc_open	= tamalloc_pids_open,
	.proc_read_iter	= tamalloc_pids_read_iter,
	.proc_lseek	= seq_lseek,
	.proc_release	= seq_release_private,
};
