// SPDX-License-Identifier: GPL-2.0-only
/*
 * tamalloc(): reserve zeroed memory that costs no page until it is touched
 *
 * The call is a private anonymous read/write mmap() with one argument. It goes
 * through vm_mmap_anon() and so through everything that mmap() goes through: LSM
 * hooks, resource limits, overcommit accounting, userfaultfd, killable waiting.
 *
 * The mapping has VM_NOHUGEPAGE, or a touch could commit and clear 2 MiB, and
 * VM_TAMALLOC, by which a fault may fill it ahead (ahead.c).
 */

#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/percpu.h>
#include <linux/syscalls.h>
#include <linux/sysfs.h>
#include <linux/u64_stats_sync.h>
#include <uapi/linux/tamalloc.h>
#include <asm/unistd.h>
#include "../internal.h"
#include "ahead.h"

/* MIPS counts from a base, and has one for each ABI; so does the old ABI of ARM. */
#if defined(__NR_tamalloc) && !defined(CONFIG_MIPS) && \
	(!defined(CONFIG_ARM) || defined(CONFIG_AEABI))
static_assert(__NR_tamalloc == TAMALLOC_SYSCALL_NR);
#endif

#ifdef CONFIG_SYSFS
enum tamalloc_stat {
	TAMALLOC_CALLS,
	TAMALLOC_FAILURES,
	TAMALLOC_RESERVED_BYTES,
	TAMALLOC_AHEAD_FAULTS,
	TAMALLOC_AHEAD_PAGES,
	NR_TAMALLOC_STATS
};

/*
 * One set of counters per CPU, so that callers on different CPUs share no
 * cache line. Only the call and faults write them, with preemption off.
 */
struct tamalloc_stats {
	u64_stats_t stat[NR_TAMALLOC_STATS];
	struct u64_stats_sync syncp;
};

static DEFINE_PER_CPU(struct tamalloc_stats, tamalloc_stats);

static void tamalloc_count(unsigned long ret, size_t size)
{
	struct tamalloc_stats *stats = get_cpu_ptr(&tamalloc_stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->stat[TAMALLOC_CALLS]);
	if (IS_ERR_VALUE(ret))
		u64_stats_inc(&stats->stat[TAMALLOC_FAILURES]);
	else
		u64_stats_add(&stats->stat[TAMALLOC_RESERVED_BYTES],
			      PAGE_ALIGN(size));
	u64_stats_update_end(&stats->syncp);

	put_cpu_ptr(&tamalloc_stats);
}

#ifdef CONFIG_TAMALLOC_AHEAD
/* A fault brought @pages pages along. */
void tamalloc_count_ahead(unsigned int pages)
{
	struct tamalloc_stats *stats = get_cpu_ptr(&tamalloc_stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->stat[TAMALLOC_AHEAD_FAULTS]);
	u64_stats_add(&stats->stat[TAMALLOC_AHEAD_PAGES], pages);
	u64_stats_update_end(&stats->syncp);

	put_cpu_ptr(&tamalloc_stats);
}
#endif
#else
/* Nobody could read the counters. */
static inline void tamalloc_count(unsigned long ret, size_t size)
{
}
#endif

/*
 * tamalloc(2) system call.
 *
 * Reserve @size bytes, rounded up to whole pages, of zeroed memory.
 *
 *  size: how much to reserve, in bytes.
 *
 * The call allocates no page and takes no page fault. A page is allocated, and
 * zeroed, when it is first accessed, or shortly before (ahead.c); under
 * mlockall(MCL_FUTURE) that is at once, as for mmap(). munmap() frees the memory.
 *
 * return values:
 *  the page-aligned address of the new mapping, or
 *  -EINVAL:
 *   size is 0 or larger than TASK_SIZE of the calling task.
 *  -ENOMEM:
 *   no room in the address space, or RLIMIT_AS, RLIMIT_DATA, the overcommit
 *   policy or vm.max_map_count forbids it.
 *  -EAGAIN:
 *   mlockall(MCL_FUTURE) is in force and RLIMIT_MEMLOCK would be exceeded.
 *  -EINTR:
 *   a fatal signal came while waiting for the address-space lock.
 *
 * After an error the address space is as it was.
 */
SYSCALL_DEFINE1(tamalloc, size_t, size)
{
	unsigned long ret = -EINVAL;

	if (size && size <= TASK_SIZE)
		ret = vm_mmap_anon(size, PROT_READ | PROT_WRITE,
				   VM_TAMALLOC | VM_NOHUGEPAGE);

	tamalloc_count(ret, size);

	return ret;
}

#ifdef CONFIG_SYSFS
/* The sum of a counter over all CPUs */
static u64 tamalloc_stat_sum(enum tamalloc_stat stat)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct tamalloc_stats *stats =
			per_cpu_ptr(&tamalloc_stats, cpu);
		unsigned int start;
		u64 val;

		do {
			start = u64_stats_fetch_begin(&stats->syncp);
			val = u64_stats_read(&stats->stat[stat]);
		} while (u64_stats_fetch_retry(&stats->syncp, start));

		sum += val;
	}

	return sum;
}

static ssize_t abi_version_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", TAMALLOC_ABI_VERSION);
}

static struct kobj_attribute abi_version_attr = __ATTR_RO(abi_version);

static ssize_t calls_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%llu\n", tamalloc_stat_sum(TAMALLOC_CALLS));
}

static struct kobj_attribute calls_attr = __ATTR_RO(calls);

static ssize_t failures_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%llu\n", tamalloc_stat_sum(TAMALLOC_FAILURES));
}

static struct kobj_attribute failures_attr = __ATTR_RO(failures);

static ssize_t reserved_bytes_show(struct kobject *kobj,
				   struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  tamalloc_stat_sum(TAMALLOC_RESERVED_BYTES));
}

static struct kobj_attribute reserved_bytes_attr = __ATTR_RO(reserved_bytes);

#ifdef CONFIG_TAMALLOC_AHEAD
static ssize_t ahead_faults_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  tamalloc_stat_sum(TAMALLOC_AHEAD_FAULTS));
}

static struct kobj_attribute ahead_faults_attr = __ATTR_RO(ahead_faults);

static ssize_t ahead_pages_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  tamalloc_stat_sum(TAMALLOC_AHEAD_PAGES));
}

static struct kobj_attribute ahead_pages_attr = __ATTR_RO(ahead_pages);
#endif

static struct attribute *tamalloc_attrs[] = {
	&abi_version_attr.attr,
	&calls_attr.attr,
	&failures_attr.attr,
	&reserved_bytes_attr.attr,
#ifdef CONFIG_TAMALLOC_AHEAD
	&tamalloc_ahead_kb_attr.attr,
	&ahead_faults_attr.attr,
	&ahead_pages_attr.attr,
#endif
	NULL
};

static const struct attribute_group tamalloc_attr_group = {
	.name = "tamalloc",
	.attrs = tamalloc_attrs,
};

static int __init tamalloc_sysfs_init(void)
{
	int cpu, err;

	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(&tamalloc_stats, cpu)->syncp);

	err = sysfs_create_group(mm_kobj, &tamalloc_attr_group);
	if (err)
		pr_err("tamalloc: no counters in sysfs: %d\n", err);

	return err;
}
subsys_initcall(tamalloc_sysfs_init);
#endif /* CONFIG_SYSFS */
