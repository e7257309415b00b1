// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on demand: a name written to /sys/kernel/debug/tamalloc_seeds does
 * what the name says. They prove that the tests see such faults. For test
 * kernels only.
 */

#include <linux/debug_locks.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kmemleak.h>
#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

static noinline void tamalloc_seed_sleep_under_rcu(void)
{
	rcu_read_lock();
	/* As what may sleep does; msleep() itself does not. */
	might_sleep();
	msleep(20);
	rcu_read_unlock();
}

static noinline void tamalloc_seed_rcu_without_lock(void)
{
	struct task_struct *parent = rcu_dereference(current->real_parent);

	OPTIMIZER_HIDE_VAR(parent);
}

static DEFINE_MUTEX(seed_first);
static DEFINE_MUTEX(seed_second);

static noinline void tamalloc_seed_lock_inversion(void)
{
	mutex_lock(&seed_first);
	mutex_lock(&seed_second);
	mutex_unlock(&seed_second);
	mutex_unlock(&seed_first);

	mutex_lock(&seed_second);
	mutex_lock(&seed_first);
	mutex_unlock(&seed_first);
	mutex_unlock(&seed_second);
}

static noinline void tamalloc_seed_leak(void)
{
	int i;

	/* Several: a stale pointer on some stack may hide one. */
	for (i = 0; i < 10; i++) {
		void *lost = kmalloc(128, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(lost);
	}
}

static noinline void tamalloc_seed_out_of_bounds(void)
{
	size_t size = 40;
	char *p;

	OPTIMIZER_HIDE_VAR(size);
	p = kmalloc(size, GFP_KERNEL);
	if (!p)
		return;
	OPTIMIZER_HIDE_VAR(p);
	pr_info("tamalloc_seeds: a byte that is not ours: %d\n", READ_ONCE(p[size]));
	kfree(p);
}

static noinline void tamalloc_seed_bounds(void)
{
	static int array[4];
	unsigned int i = 4;

	OPTIMIZER_HIDE_VAR(i);
	pr_info("tamalloc_seeds: a member that is not there: %d\n", array[i]);
}

static noinline void tamalloc_seed_shift(void)
{
	unsigned int bits = 40;

	OPTIMIZER_HIDE_VAR(bits);
	pr_info("tamalloc_seeds: shifted too far: %d\n", 1 << bits);
}

static noinline void tamalloc_seed_list(void)
{
	LIST_HEAD(list);
	struct list_head entry;

	list_add(&entry, &list);
	list_add(&entry, &list);
}

/* A tree whose second limit lies below its first, and the tree's own check */
static noinline void tamalloc_seed_maple(void)
{
#ifdef CONFIG_DEBUG_MAPLE_TREE
	static DEFINE_MTREE(tree);
	struct maple_node *root;
	unsigned long i, pivot;

	for (i = 1; i < 8; i++)
		if (mtree_store(&tree, 10 * i, &tree, GFP_KERNEL))
			return;

	mtree_lock(&tree);
	root = (void *)((unsigned long)tree.ma_root & ~MAPLE_NODE_MASK);
	pivot = root->mr64.pivot[1];
	root->mr64.pivot[1] = 1;
	mt_validate(&tree);
	root->mr64.pivot[1] = pivot;
	mtree_unlock(&tree);
	mtree_destroy(&tree);
#endif
}

static void seed_timer_fn(struct timer_list *timer)
{
}

static noinline void tamalloc_seed_object(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, seed_timer_fn, 0);
	mod_timer(timer, jiffies + 100 * HZ);
	kfree(timer);
}

/* What a fault leaves behind whose words were lost */
static noinline void tamalloc_seed_taint(void)
{
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
}

static noinline void tamalloc_seed_lockdep_off(void)
{
	debug_locks_off();
}

static void seed_work_fn(struct work_struct *work)
{
}

static DECLARE_WORK(seed_work, seed_work_fn);

/*
 * No one else has this processor for 20 seconds. There is work for it, and a grace
 * period that waits for this reader.
 */
static noinline void tamalloc_seed_spin(void)
{
	unsigned long end, before;

	rcu_read_lock();
	before = get_state_synchronize_rcu();
	start_poll_synchronize_rcu();
	/* Until it has begun, which needs this processor for a moment */
	while (get_state_synchronize_rcu() == before)
		cpu_relax();

	preempt_disable();
	schedule_work(&seed_work);
	end = jiffies + 20 * HZ;
	while (time_before(jiffies, end))
		cpu_relax();
	preempt_enable();
	rcu_read_unlock();
}

static noinline void tamalloc_seed_hang(void)
{
	schedule_timeout_uninterruptible(20 * HZ);
}

static unsigned long seed_counter;

static noinline void tamalloc_seed_race(void)
{
	unsigned long end = jiffies + HZ;

	while (time_before(jiffies, end)) {
		seed_counter++;
		/*
		 * The barrier keeps each step apart: otherwise KCSAN itself warns
		 * if an interrupt arrives in between.
		 */
		smp_mb();
		cond_resched();
	}
}

/* Its name is not one of the patches' functions. */
static noinline void seed_race_elsewhere(void)
{
	unsigned long end = jiffies + HZ;

	while (time_before(jiffies, end)) {
		seed_counter++;
		/*
		 * The barrier keeps each step apart: otherwise KCSAN itself warns
		 * if an interrupt arrives in between.
		 */
		smp_mb();
		cond_resched();
	}
}

static const struct {
	const char *name;
	void (*sow)(void);
} seeds[] = {
	{ "sleep-under-rcu",	tamalloc_seed_sleep_under_rcu },
	{ "rcu-without-lock",	tamalloc_seed_rcu_without_lock },
	{ "lock-inversion",	tamalloc_seed_lock_inversion },
	{ "leak",		tamalloc_seed_leak },
	{ "out-of-bounds",	tamalloc_seed_out_of_bounds },
	{ "bounds",		tamalloc_seed_bounds },
	{ "shift",		tamalloc_seed_shift },
	{ "list",		tamalloc_seed_list },
	{ "object",		tamalloc_seed_object },
	{ "maple",		tamalloc_seed_maple },
	{ "taint",		tamalloc_seed_taint },
	{ "lockdep-off",	tamalloc_seed_lockdep_off },
	{ "spin",		tamalloc_seed_spin },
	{ "hang",		tamalloc_seed_hang },
	{ "race",		tamalloc_seed_race },
	{ "race-elsewhere",	seed_race_elsewhere },
};

static ssize_t seeds_write(struct file *file, const char __user *ubuf,
			   size_t count, loff_t *pos)
{
	char buf[32];
	int i;

	if (count >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, ubuf, count))
		return -EFAULT;
	buf[count] = '\0';

	for (i = 0; i < ARRAY_SIZE(seeds); i++) {
		if (sysfs_streq(buf, seeds[i].name)) {
			seeds[i].sow();
			return count;
		}
	}

	return -EINVAL;
}

static const struct file_operations seeds_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= seeds_write,
};

static int __init tamalloc_seeds_init(void)
{
	debugfs_create_file("tamalloc_seeds", 0200, NULL, NULL, &seeds_fops);

	return 0;
}
late_initcall(tamalloc_seeds_init);
