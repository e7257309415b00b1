// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/tamalloc/pids: one row, from the process to the text
 */

#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/swap.h>
#include <linux/time_namespace.h>
#include <linux/uidgid.h>

#include <asm/barrier.h>

#include "arith.h"
#include "compat.h"
#include "row.h"

/*
 * A row as far as NAME: each column with the space before it. A number that is
 * too wide widens its row. Wide enough for almost all numbers and no wider: to
 * copy a byte to the reader can cost as much as to format it.
 */
struct row_layout {
	char pid[1 + 7];
	char uid[1 + 6];
	char starttime[1 + 10];
	char reserved[1 + 11];
	char committed[1 + 12];
	char committed_pct[1 + 13];
	char rss[1 + 8];
	char anon[1 + 8];
	char file[1 + 8];
	char shmem[1 + 8];
	char swap[1 + 8];
	char hugetlb[1 + 10];
	char pgtables[1 + 11];
	char oom_score[1 + 9];
	char oom_score_adj[1 + 13];
	char ppid[1 + 7];
	char cgroup[1 + 7];
};

static const struct row_layout header = {
	.pid		= "     PID",
	.uid		= "    UID",
	.starttime	= "  STARTTIME",
	.reserved	= " RESERVED_KB",
	.committed	= " COMMITTED_KB",
	.committed_pct	= " COMMITTED_PCT",
	.rss		= "   RSS_KB",
	.anon		= "  ANON_KB",
	.file		= "  FILE_KB",
	.shmem		= " SHMEM_KB",
	.swap		= "  SWAP_KB",
	.hugetlb	= " HUGETLB_KB",
	.pgtables	= " PGTABLES_KB",
	.oom_score	= " OOM_SCORE",
	.oom_score_adj	= " OOM_SCORE_ADJ",
	.ppid		= "    PPID",
	.cgroup		= "  CGROUP",
};

static const char header_name[] = " NAME\n";

/* The longest number, 2^64 - 1 */
#define DIGITS_MAX	20
/* The longest name: every byte escaped, none for the final NUL */
#define NAME_MAX_LEN	(4 * (TASK_COMM_LEN - 1))

/* Every number as wide as can be, with its space; decimals, name, newline */
static_assert(17 * (1 + DIGITS_MAX) + 3 + 1 + NAME_MAX_LEN + 1 <
	      TAMALLOC_ROW_MAX);
static_assert(sizeof(header) + sizeof(header_name) <= TAMALLOC_ROW_MAX);

/*
 * Rows are formatted by the functions below and not by seq_put_decimal_ull():
 * 17 numbers a row are most of what a row costs. docs/benchmarks.md has the
 * figures. They write to where the caller has made sure that there is room.
 */

/* Two digits each, from "00" and " 0" on; as decpair in lib/vsprintf.c */
#define PAIRS_FROM_TEN				\
	"10111213141516171819"			\
	"20212223242526272829"			\
	"30313233343536373839"			\
	"40414243444546474849"			\
	"50515253545556575859"			\
	"60616263646566676869"			\
	"70717273747576777879"			\
	"80818283848586878889"			\
	"90919293949596979899"

static const char digit_pairs[] = "00010203040506070809" PAIRS_FROM_TEN;
static const char first_pairs[] = " 0 1 2 3 4 5 6 7 8 9" PAIRS_FROM_TEN;

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

static __always_inline size_t high_pair(u64 pairs)
{
	return pairs >> 32;
}

static __always_inline size_t low_pair(u64 pairs)
{
	return (u64)(u32)pairs * 100 >> 32;
}

static __always_inline void put_pair(char *p, const char *pairs, size_t index)
{
	memcpy(p, pairs + 2 * index, 2);
}

/* Digits that end at @end, where there are spaces now */
static __always_inline void put_short(char *end, u32 num)
{
	u64 pairs;

	if (num < 100) {
		put_pair(end - 2, first_pairs, num);
		return;
	}

	pairs = split_pairs(num);
	put_pair(end - 4, first_pairs, high_pair(pairs));
	put_pair(end - 2, digit_pairs, low_pair(pairs));
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
		put_pair(end, digit_pairs, high_pair(pairs));
		put_pair(end + 2, digit_pairs, low_pair(pairs));
		num = rest;
	} while (num >= 10000);

	put_short(end, num);
}

/* The same for a number too large for put_long() or too wide for its column */
static noinline char *put_wide(char *row, size_t end, unsigned int width,
			       u64 num)
{
	row += scnprintf(row + end - width, DIGITS_MAX + 1, "%*llu", width,
			 num) - width;
	/* What follows moves to the right. */
	memset(row + end, ' ', sizeof(struct row_layout) - end);

	return row;
}

/*
 * Put @num into the column that ends at @end. Returns where the row would begin
 * if no number was too wide: from there, the layout holds for what follows.
 * Inline, so that the compiler knows the column's end and width.
 */
static __always_inline char *put_num(char *row, size_t end, unsigned int width,
				     u64 num)
{
	const u32 limit = width < ARRAY_SIZE(powers_of_ten) ?
			  powers_of_ten[width] : U32_MAX;

	if (num < 10000)
		put_short(row + end, num);
	else if (num < limit)
		put_long(row + end, num);
	else
		row = put_wide(row, end, width, num);

	return row;
}

/* Put @num into the column below @head, a member of the header. */
static __always_inline char *put_below(char *row, const char *head, size_t size,
				       u64 num)
{
	/* As wide as the column, with a space before it */
	BUILD_BUG_ON(head[0] != ' ');
	BUILD_BUG_ON(head[size - 1] <= ' ');

	return put_num(row, head + size - (const char *)&header, size - 1, num);
}

/* The same for a number that mostly is 0 */
static __always_inline char *put_rare(char *row, const char *head, size_t size,
				      u64 num)
{
	if (num)
		return put_below(row, head, size, num);

	row[head + size - (const char *)&header - 1] = '0';
	return row;
}

static __always_inline u64 kb(unsigned long pages)
{
	return (u64)pages << (PAGE_SHIFT - 10);
}

#define put(row, head, num)		put_below(row, head, sizeof(head), num)
#define put_mostly_0(row, head, num)	put_rare(row, head, sizeof(head), num)

/* At most four digits: its column has room for the sign. */
static char *put_oom_score_adj(char *row, short adj)
{
	char *p;

	row = put_mostly_0(row, header.oom_score_adj, abs(adj));
	if (adj < 0) {
		p = row + offsetofend(struct row_layout, oom_score_adj);
		while (p[-1] != ' ')
			p--;
		p[-1] = '-';
	}

	return row;
}

static char *put_pct(char *row, unsigned long committed, unsigned long reserved)
{
	const size_t point = offsetofend(struct row_layout, committed_pct) - 3;
	const size_t width = sizeof(header.committed_pct) - 1 - 3;
	u64 share = tamalloc_share(committed, reserved);
	u32 decimals;

	if (share < 10000) {
		u64 pairs = split_pairs(share);

		put_pair(row + point - 2, first_pairs, high_pair(pairs));
		decimals = low_pair(pairs);
	} else {
		/* All and more: an address space can shrink below its peak. */
		share = div_u64_rem(share, 100, &decimals);
		row = put_num(row, point, width, share);
	}
	row[point] = '.';
	put_pair(row + point + 1, digit_pairs, decimals);

	return row;
}

/*
 * The bytes of @word that NAME does not show as they are: not in '!' to '~', or
 * a backslash. The top bit is set of the lowest such byte, and of no lower one.
 */
static __always_inline u64 odd_bytes(u64 word)
{
	const u64 ones = ~0ULL / 0xff;
	u64 below = word - ones * '!';
	u64 above = word | (word + ones);
	u64 backslash = (word ^ ones * '\\') - ones;

	return (below | above | backslash) & ones << 7;
}

/*
 * The name as one token of printable ASCII. A process can call itself anything,
 * nothing included, and must not be able to forge a field or a line.
 */
static char *put_name(char *p, const char *comm)
{
	u64 odd = odd_bytes(get_unaligned_le64(comm));
	size_t len = 0;

	static_assert(TASK_COMM_LEN == 2 * sizeof(u64));

	*p++ = ' ';
	memcpy(p, comm, TASK_COMM_LEN);
	if (!odd) {
		/* The NUL at the end is odd. */
		odd = odd_bytes(get_unaligned_le64(comm + sizeof(u64)));
		len = sizeof(u64);
	}
	len += __ffs64(odd) / 8;
	if (unlikely(!len || comm[len]))
		len = string_escape_mem(comm, strlen(comm) ?: 1, p,
					NAME_MAX_LEN,
					ESCAPE_OCTAL | ESCAPE_NAP | ESCAPE_APPEND,
					" \\");
	p[len] = '\n';

	return p + len + 1;
}

/**
 * tamalloc_row_format() - the text of a row
 * @buf: where to put it, with room for TAMALLOC_ROW_MAX bytes
 * @row: the row
 *
 * Return: the length of the text, which ends with a newline and not with a NUL.
 */
size_t tamalloc_row_format(char *buf, const struct tamalloc_row *row)
{
	const struct tamalloc_usage *usage = &row->usage;
	char *p = buf;

	memset(p, ' ', sizeof(struct row_layout));
	p = put(p, header.pid, row->pid);
	p = put(p, header.uid, row->uid);
	p = put(p, header.starttime, row->start_time);
	p = put(p, header.reserved, kb(usage->reserved));
	p = put(p, header.committed, kb(usage->committed));
	p = put_pct(p, usage->committed, usage->reserved);
	p = put(p, header.rss, kb(usage->rss));
	p = put(p, header.anon, kb(usage->anon));
	p = put(p, header.file, kb(usage->file));
	p = put_mostly_0(p, header.shmem, kb(usage->shmem));
	p = put_mostly_0(p, header.swap, kb(usage->swap));
	p = put_mostly_0(p, header.hugetlb, kb(usage->hugetlb));
	p = put(p, header.pgtables, usage->pgtables >> 10);
	p = put(p, header.oom_score, row->oom_score);
	p = put_oom_score_adj(p, row->oom_score_adj);
	p = put(p, header.ppid, row->ppid);
	p = put(p, header.cgroup, row->cgroup);
	p = put_name(p + sizeof(struct row_layout), row->comm);

	return p - buf;
}

/**
 * tamalloc_row_header() - the text of the header
 * @buf: where to put it, with room for TAMALLOC_ROW_MAX bytes
 *
 * Return: the length of the text
 */
size_t tamalloc_row_header(char *buf)
{
	memcpy(buf, &header, sizeof(header));
	memcpy(buf + sizeof(header), header_name, sizeof(header_name) - 1);

	return sizeof(header) + sizeof(header_name) - 1;
}

/**
 * tamalloc_row_init() - set up what all rows of a read have in common
 * @row: the row
 * @user_ns: the user namespace in which to show user ids
 */
void tamalloc_row_init(struct tamalloc_row *row, struct user_namespace *user_ns)
{
	row->user_ns = user_ns;
	row->boot_offset = timens_add_boottime_ns(0);
	row->kuid = INVALID_UID;
	row->uid = from_kuid_munged(user_ns, INVALID_UID);
}

/* Neighbours mostly belong to the same user. */
static void row_set_uid(struct tamalloc_row *row, kuid_t kuid)
{
	if (uid_eq(row->kuid, kuid))
		return;

	row->kuid = kuid;
	row->uid = from_kuid_munged(row->user_ns, kuid);
}

/*
 * All threads have the same parent; the leader may have been reaped. A parent
 * that is reaped meanwhile has no id any longer, but then there is another.
 */
static unsigned int row_ppid(const struct task_struct *thread,
			     struct pid_namespace *ns)
{
	struct task_struct *parent;
	unsigned int ppid;

	do {
		parent = rcu_dereference(thread->real_parent);
		/* NULL once it is reaped, which gives 0 */
		ppid = pid_nr_ns(READ_ONCE(parent->signal->pids[PIDTYPE_TGID]), ns);
		/* Pairs with tasklist_lock, under which both are changed. */
		smp_rmb();
	} while (unlikely(parent != rcu_access_pointer(thread->real_parent)));

	return ppid;
}

/* What the OOM score counts, in pages */
static unsigned long row_badness_pages(const struct tamalloc_usage *usage)
{
	return usage->rss + usage->swap + usage->pgtables / PAGE_SIZE;
}

#ifdef CONFIG_CGROUPS
/*
 * The number of the directory that the line "0::" of /proc/PID/cgroup names.
 * Where no controller and no mount uses the unified hierarchy, all are in its
 * root, 1.
 */
static u64 row_cgroup(struct task_struct *leader)
{
	return cgroup_ino(task_dfl_cgroup(leader));
}
#else
static u64 row_cgroup(struct task_struct *leader)
{
	return 0;
}
#endif

/**
 * tamalloc_row_sample() - sample the process that the walk found
 * @row: the row
 * @walk: the walk, after a successful tamalloc_walk_next()
 *
 * Return: false if the process has to be skipped for now, as
 * tamalloc_walk_sample() says.
 */
bool tamalloc_row_sample(struct tamalloc_row *row, struct tamalloc_walk *walk)
{
	struct task_struct *leader = walk->leader;
	struct task_struct *thread = walk->thread;
	/* Swap space can come and go meanwhile: one size for the whole score. */
	unsigned long totalpages = totalram_pages() + total_swap_pages;

	/* Near the name: a set-user-ID program may be executed any time. */
	row_set_uid(row, task_cred_xxx(leader, euid));
	row->ppid = row_ppid(thread, walk->ns);
	row->cgroup = row_cgroup(leader);
	row->oom_score = tamalloc_oom_begin(thread, totalpages);
	/* Changes under oom_adj_mutex, which sleeps: may be stale at once. */
	row->oom_score_adj = READ_ONCE(leader->signal->oom_score_adj);
	/*
	 * task_lock() guards the name; the leader's, if this is the leader. In 7.x
	 * nothing does: it can be torn, but the last byte is always NUL.
	 */
	if (thread == leader)
		memcpy(row->comm, leader->comm, TASK_COMM_LEN);

	if (!tamalloc_walk_sample(walk, &row->usage))
		return false;

	row->oom_score = tamalloc_oom_end(row->oom_score,
					  row_badness_pages(&row->usage),
					  totalpages);
	if (thread != leader)
		get_task_comm(row->comm, leader);
	row->pid = walk->tgid;
	row->start_time = nsec_to_clock_t(leader->start_boottime +
					  row->boot_offset);

	return true;
}
