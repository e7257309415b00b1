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
	uid_t uid;
	u64 start_time;			/* clock ticks since boot */
	unsigned long oom_score;
	short oom_score_adj;
};

/* A column before NAME, preceded by a space. A wider number widens its row. */
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
}

/*
 * Rows are formatted by the functions below and not by seq_put_decimal_ull():
 * 14 numbers a row are most of what a row costs. docs/benchmarks.md has the
 * figures. They write to where the caller has made sure that ROW_MAX bytes fit,
 * and return the end of what they wrote.
 */

static const char digit_pairs[100][2] = {
	"00", "01", "02", "03", "04", "05", "06", "07", "08", "09",
	"10", "11", "12", "13", "14", "15", "16", "17", "18", "19",
	"20", "21", "22", "23", "24", "25", "26", "27", "28", "29",
	"30", "31", "32", "33", "34", "35", "36", "37", "38", "39",
	"40", "41", "42", "43", "44", "45", "46", "47", "48", "49",
	"50", "51", "52", "53", "54", "55", "56", "57", "58", "59",
	"60", "61", "62", "63", "64", "65", "66", "67", "68", "69",
	"70", "71", "72", "73", "74", "75", "76", "77", "78", "79",
	"80", "81", "82", "83", "84", "85", "86", "87", "88", "89",
	"90", "91", "92", "93", "94", "95", "96", "97", "98", "99",
};

/* The first number with one digit more than the index, up to ten digits */
static const u32 powers_of_ten[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
};

static char *put_pair(char *end, unsigned int pair)
{
	return memcpy(end - 2, digit_pairs[pair], 2);
}

/* Digits that end at @end; returns their beginning. */
static char *put_digits(char *end, u32 num)
{
	for (; num >= 100; num /= 100)
		end = put_pair(end, num % 100);
	if (num >= 10)
		return put_pair(end, num);
	*--end = '0' + num;

	return end;
}

/* Inline, as all about the column is then known to the compiler. */
static __always_inline char *put_num(char *p, int col, u64 num)
{
	const unsigned int width = columns[col].width;
	const u32 limit = width < ARRAY_SIZE(powers_of_ten) ?
			  powers_of_ten[width] : U32_MAX;

	*p++ = ' ';
	if (unlikely(num >= limit))	/* too wide, or too large for put_digits() */
		return p + num_to_str(p, DIGITS_MAX, num, width);

	memset(p, ' ', width);
	p += width;
	put_digits(p, num);

	return p;
}

static __always_inline char *put_pages(char *p, int col, unsigned long pages)
{
	return put_num(p, col, (u64)pages << (PAGE_SHIFT - 10));
}

/* At most four digits: its column has room for the sign. */
static char *put_oom_score_adj(char *p, short adj)
{
	char *begin;

	*p++ = ' ';
	memset(p, ' ', columns[COL_OOM_SCORE_ADJ].width);
	p += columns[COL_OOM_SCORE_ADJ].width;
	begin = put_digits(p, abs(adj));
	if (adj < 0)
		*--begin = '-';

	return p;
}

/* The share of @reserved that is @committed, in percent with two decimals */
static char *put_pct(char *p, unsigned long committed, unsigned long reserved)
{
	u32 decimals;
	u64 pct = div_u64_rem(tamalloc_pct(committed, reserved), 100, &decimals);

	p = put_num(p, COL_COMMITTED_PCT, pct);
	*p++ = '.';
	*p++ = '0' + decimals / 10;
	*p++ = '0' + decimals % 10;

	return p;
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
		if (*c > ' ' && *c < 0x7f && *c != '\\') {
			*p++ = *c;
		} else {
			*p++ = '\\';
			*p++ = '0' + (*c >> 6);
			*p++ = '0' + (*c >> 3 & 7);
			*p++ = '0' + (*c & 7);
		}
	} while (*++c);
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

	p = put_num(buf, COL_PID, row->walk.iter.tgid);
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
	p = put_num(p, COL_OOM_SCORE, row->oom_score);
	p = put_oom_score_adj(p, row->oom_score_adj);
	p = put_name(p, row->walk.comm);
	seq_commit(m, p - buf);

	static_assert(ROW_MAX < PAGE_SIZE);
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

/*
 * seq_file starts with a buffer of one page, and a read() returns at most what
 * is in its buffer. Give a reader that asks for more a larger one, so that an
 * agent with a large buffer needs few calls. If there is no memory for it, a
 * page will do.
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
