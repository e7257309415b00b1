// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/tamalloc/pids: a row per process, what it reserved and committed
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "compat.h"
#include "files.h"
#include "row.h"
#include "walk.h"

struct pids_iter {
	struct tamalloc_walk walk;
	struct tamalloc_row row;
};

static_assert(TAMALLOC_ROW_MAX < PAGE_SIZE);

static int pids_show(struct seq_file *m, void *v)
{
	size_t len;
	char *buf;

	if (seq_get_buf(m, &buf) < TAMALLOC_ROW_MAX) {
		/* Too small a rest: this row opens the next buffer. */
		seq_commit(m, -1);
		return 0;
	}

	if (v == SEQ_START_TOKEN)
		len = tamalloc_row_header(buf);
	else
		len = tamalloc_row_format(buf, v);
	seq_commit(m, len);

	return 0;
}

static void *pids_find(struct seq_file *m, loff_t *pos)
{
	struct pids_iter *iter = m->private;
	int ret;

	while ((ret = tamalloc_walk_next(&iter->walk)) > 0) {
		if (tamalloc_row_sample(&iter->row, &iter->walk)) {
			*pos = iter->walk.tgid;
			return &iter->row;
		}
	}

	return ERR_PTR(ret);
}

/* Position 0 is the header; any other is the lowest id that may come next. */
static void *pids_start(struct seq_file *m, loff_t *pos) __acquires(RCU)
{
	struct pids_iter *iter = m->private;

	tamalloc_walk_begin(&iter->walk, m->file, *pos);
	tamalloc_row_init(&iter->row, seq_user_ns(m));
	if (!*pos)
		return SEQ_START_TOKEN;

	return pids_find(m, pos);
}

static void *pids_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;

	return pids_find(m, pos);
}

static void pids_stop(struct seq_file *m, void *v) __releases(RCU)
{
	struct pids_iter *iter = m->private;

	tamalloc_walk_end(&iter->walk);
}

static const struct seq_operations pids_seq_ops = {
	.start	= pids_start,
	.next	= pids_next,
	.stop	= pids_stop,
	.show	= pids_show,
};

/*
 * seq_file starts with a buffer of one page, and a read() fills it once, after
 * what an earlier one left there. Give one that asks for more a larger buffer,
 * so that an agent with a large one needs few calls, and take it back when the
 * call is over: a descriptor may stay open for days between two reads.
 *
 * If there is no memory for it, a page will do: nobody is killed for it.
 */
#define PIDS_BUF_MAX	SZ_64K

static void pids_buf_grow(struct seq_file *m, size_t size)
{
	char *buf;

	/* Not while it holds what an earlier read() had no room for */
	if (size <= PAGE_SIZE || size <= m->size || m->count)
		return;

	buf = kmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN);
	if (!buf)
		return;

	kvfree(m->buf);
	m->buf = buf;
	m->size = size;
}

static void pids_buf_shrink(struct seq_file *m)
{
	if (m->size <= PAGE_SIZE || m->count)
		return;

	kvfree(m->buf);
	m->buf = NULL;
	m->size = 0;
}

static ssize_t pids_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct seq_file *m = iocb->ki_filp->private_data;
	ssize_t ret;

	ret = tamalloc_swap_refresh();
	if (ret)
		return ret;

	mutex_lock(&m->lock);
	pids_buf_grow(m, min_t(size_t, iov_iter_count(to), PIDS_BUF_MAX));
	mutex_unlock(&m->lock);

	ret = seq_read_iter(iocb, to);

	mutex_lock(&m->lock);
	pids_buf_shrink(m);
	mutex_unlock(&m->lock);

	return ret;
}

/* It formats the rows up to @offset, and the next read returns the rest of one. */
static loff_t pids_lseek(struct file *file, loff_t offset, int whence)
{
	int ret = tamalloc_swap_refresh();

	return ret ? ret : seq_lseek(file, offset, whence);
}

static int pids_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &pids_seq_ops, sizeof(struct pids_iter));
}

const struct proc_ops tamalloc_pids_proc_ops = {
	.proc_flags	= PROC_ENTRY_PERMANENT,
	.proc_open	= pids_open,
	.proc_read_iter	= pids_read_iter,
	.proc_lseek	= pids_lseek,
	.proc_release	= seq_release_private,
};
