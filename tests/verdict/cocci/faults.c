// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults that coccinelle must find. "scripts/check cocci" appends this file to a
 * copy of each kernel file of the project. If no report about a copy has the words
 * after "expect:", the check is blind, and fails. This file is never compiled.
 */

/* expect: kzalloc should be used for p, instead of kmalloc/memset */
static void *fault_zeroed(void)
{
	void *p;

	p = kmalloc(64, GFP_KERNEL);
	if (!p)
		return NULL;
	memset(p, 0, 64);
	return p;
}

static DEFINE_SPINLOCK(fault_lock);

/* expect: preceding lock on line */
static int fault_locked(int x)
{
	spin_lock(&fault_lock);
	if (x)
		return -EINVAL;
	spin_unlock(&fault_lock);
	return 0;
}

/* expect: reference preceded by free on line */
static int fault_freed(struct kobject *p)
{
	kfree(p);
	return p->state_initialized;
}

/* expect: Unsigned expression compared with zero: n < 0 */
static int fault_unsigned(void)
{
	unsigned int n = fault_locked(1);

	if (n < 0)
		return -1;
	return n;
}

/* expect: k is NULL but dereferenced. */
static int fault_null(struct kobject *k)
{
	if (!k)
		return k->state_initialized;
	return 0;
}
