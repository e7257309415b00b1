// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/tamalloc as a module, for a kernel that was built without it
 *
 * In the kernel itself, the files call has_pid_permissions() and read
 * total_swap_pages. A module can reach neither, so this file asks procfs.
 */

#include <linux/bits.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uidgid.h>

#include "compat.h"
#include "files.h"
#include "walk.h"

#undef pr_fmt
#define pr_fmt(fmt)	"tamalloc: " fmt

/*
 * Who sees what
 *
 * proc_pid_permission() in fs/proc/base.c decides, and only the inode of
 * /proc/PID leads to it. Looking that up sleeps and fills the dentry cache. So
 * skip the look-up if the answer is yes for every reader, or cannot be yes.
 */

/* What has_pid_permissions() decides without looking at the process */
static bool all_visible(const struct proc_fs_info *fs_info)
{
	enum proc_hidepid hide_pid = READ_ONCE(fs_info->hide_pid);

	if (hide_pid == HIDEPID_NOT_PTRACEABLE)
		return false;

	return hide_pid < HIDEPID_NO_ACCESS || in_group_p(fs_info->pid_gid);
}

/*
 * Without one of these, __ptrace_may_access() in kernel/ptrace.c denies. With
 * one, it also checks the address space and asks the security modules.
 */
static bool ptrace_possible(struct task_struct *task)
{
	const struct cred *cred = current_cred();
	const struct cred *tcred = __task_cred(task);

	if (same_thread_group(task, current))
		return true;
	if (uid_eq(cred->fsuid, tcred->euid) &&
	    uid_eq(cred->fsuid, tcred->suid) &&
	    uid_eq(cred->fsuid, tcred->uid) &&
	    gid_eq(cred->fsgid, tcred->egid) &&
	    gid_eq(cred->fsgid, tcred->sgid) &&
	    gid_eq(cred->fsgid, tcred->gid))
		return true;

	return ns_capable_noaudit(tcred->user_ns, CAP_SYS_PTRACE);
}

/*
 * Search permission for /proc/PID, which opening /proc/PID/status needs. The
 * walk checks afterwards that the id still belongs to the same process. Sets
 * @found if there is a /proc/PID, whose answer it then is.
 */
static int search_permission(struct dentry *root, unsigned int nr, bool *found)
{
	struct dentry *dentry;
	struct inode *inode;
	char name[12];
	int ret = -ENOENT;

	*found = false;
	snprintf(name, sizeof(name), "%u", nr);
	dentry = compat_lookup_one_unlocked(name, root);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);

	inode = d_inode(dentry);
	if (inode) {
		*found = true;
		ret = inode->i_op->permission(compat_idmap, inode, MAY_EXEC);
	}
	dput(dentry);

	return ret;
}

static bool is_alive(struct pid *pid)
{
	bool alive;

	rcu_read_lock();
	alive = pid_task(pid, PIDTYPE_TGID);
	rcu_read_unlock();

	return alive;
}

/* Whether procfs has memory for an inode, without which it finds no process */
static bool inode_possible(struct super_block *sb)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return false;
	iput(inode);

	return true;
}

/*
 * What procfs answers about the process of @pid. That there is no /proc/PID of a
 * process which lives is an answer only under hidepid=4, and only if it was not
 * for want of memory. Or another of its threads became the leader meanwhile. So
 * ask twice.
 */
static int ask_procfs(struct dentry *root, struct pid *pid, unsigned int nr,
		      const struct proc_fs_info *fs_info)
{
	bool found;
	int tries, ret;

	for (tries = 0; tries < 2; tries++) {
		ret = search_permission(root, nr, &found);
		if (ret != (found ? -ESRCH : -ENOENT) || !is_alive(pid))
			return ret;
		if (!found && !inode_possible(root->d_sb))
			return -ENOMEM;
	}

	if (found)
		return -EAGAIN;
	if (READ_ONCE(fs_info->hide_pid) == HIDEPID_NOT_PTRACEABLE)
		return -ENOENT;
	return -ENOMEM;
}

/* Whether @err says that a process is hidden or gone, not that asking failed */
static bool is_hidden(int err)
{
	return err == -EPERM || err == -EACCES || err == -ENOENT ||
	       err == -ESRCH;
}

/**
 * tamalloc_ask_begin() - start a walk
 * @walk: the walk
 * @sb: of the proc mount that is read
 */
void tamalloc_ask_begin(struct tamalloc_walk *walk, struct super_block *sb)
{
	walk->asked.root = sb->s_root;
	walk->asked.held = 0;
}

/**
 * tamalloc_ask() - find out which of the processes looked up are visible
 * @walk: the walk, with the credentials of the opener in force
 *
 * If procfs has to be asked, RCU is left and entered again meanwhile. A
 * reference to each of the walk's pids is then held until tamalloc_ask_end().
 *
 * Return: 0, or what made asking fail.
 */
int tamalloc_ask(struct tamalloc_walk *walk) __must_hold(RCU)
{
	struct tamalloc_asked *asked = &walk->asked;
	unsigned long ask = 0;
	unsigned int i;
	int ret = 0;

	static_assert(TAMALLOC_WALK_BATCH <= BITS_PER_LONG);

	if (all_visible(walk->fs_info)) {
		asked->visible = ~0UL;
		return 0;
	}

	asked->visible = 0;
	for (i = 0; i < walk->found; i++) {
		struct task_struct *task = pid_task(walk->pids[i], PIDTYPE_TGID);

		if (task && !(READ_ONCE(task->flags) & PF_KTHREAD) &&
		    ptrace_possible(task))
			ask |= BIT(i);
	}
	if (!ask)
		return 0;

	for (i = 0; i < walk->found; i++)
		get_pid(walk->pids[i]);
	asked->held = walk->found;
	rcu_read_unlock();

	for_each_set_bit(i, &ask, walk->found) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		ret = ask_procfs(asked->root, walk->pids[i],
				 pid_nr_ns(walk->pids[i], walk->ns),
				 walk->fs_info);
		if (!ret)
			asked->visible |= BIT(i);
		else if (!is_hidden(ret))
			break;
		ret = 0;
		cond_resched();
	}

	rcu_read_lock();
	return ret;
}

/**
 * tamalloc_ask_end() - give back what tamalloc_ask() held
 * @walk: the walk
 */
void tamalloc_ask_end(struct tamalloc_walk *walk)
{
	while (walk->asked.held)
		put_pid(walk->pids[--walk->asked.held]);
}

/*
 * total_swap_pages
 *
 * SwapTotal of /proc/meminfo, from a proc mount of this module's own. So the
 * scores equal /proc/PID/oom_score even if the reader has mounted something over
 * its /proc/meminfo, or a security module keeps the reader from it.
 */
unsigned long compat_total_swap_pages;

static struct vfsmount *proc_mnt;
static struct file *meminfo;

/* kernel_cred() of include/linux/cred.h, which 6.1 does not have */
static const struct cred *compat_kernel_cred(void)
{
	return rcu_dereference_raw(init_task.cred);
}

/* Reads and stores in one, so that no older value overwrites a newer one */
static DEFINE_MUTEX(swap_mutex);

/**
 * tamalloc_swap_refresh() - bring compat_total_swap_pages up to date
 *
 * Must not be called under the lock of a seq_file: it takes that of another.
 *
 * Return: 0, or what made it fail.
 */
int tamalloc_swap_refresh(void)
{
	static char text[1024];
	const struct cred *saved_cred;
	unsigned long kb;
	const char *line;
	loff_t pos = 0;
	ssize_t ret;

	if (mutex_lock_killable(&swap_mutex))
		return -EINTR;

	saved_cred = override_creds(compat_kernel_cred());
	ret = kernel_read(meminfo, text, sizeof(text) - 1, &pos);
	revert_creds(saved_cred);
	if (ret >= 0) {
		text[ret] = '\0';
		line = strstr(text, "\nSwapTotal:");
		if (line && sscanf(line, "\nSwapTotal: %lu kB", &kb) == 1) {
			WRITE_ONCE(compat_total_swap_pages,
				   kb >> (PAGE_SHIFT - 10));
			ret = 0;
		} else {
			ret = -EIO;
		}
	}

	mutex_unlock(&swap_mutex);
	return ret;
}

static int __init swap_init(void)
{
	struct path path = { .mnt = proc_mnt };
	const struct cred *saved_cred;

	path.dentry = compat_lookup_one_unlocked("meminfo", proc_mnt->mnt_root);
	if (IS_ERR(path.dentry))
		return PTR_ERR(path.dentry);

	/* A security module takes the file's label from who opens it. */
	saved_cred = override_creds(compat_kernel_cred());
	meminfo = dentry_open(&path, O_RDONLY, compat_kernel_cred());
	revert_creds(saved_cred);
	dput(path.dentry);

	return PTR_ERR_OR_ZERO(meminfo);
}

/*
 * Loading and unloading
 */
static struct proc_dir_entry *proc_dir;
static bool unloading;

/**
 * tamalloc_unloading() - whether the module is about to go
 *
 * Return: true if reads must end, because unloading waits for them.
 */
bool tamalloc_unloading(void)
{
	return READ_ONCE(unloading);
}

/*
 * Whether there is a /proc/tamalloc, wherever the loader's own mounts are.
 * proc_mkdir() would warn, and a warning can end the machine.
 */
static int __init check_absent(void)
{
	struct dentry *dentry;
	bool present;

	dentry = compat_lookup_one_unlocked("tamalloc", proc_mnt->mnt_root);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry) == -ENOENT ? 0 : PTR_ERR(dentry);

	present = d_is_positive(dentry);
	dput(dentry);
	if (!present)
		return 0;

	pr_err("there is a /proc/tamalloc already, so this kernel needs no module\n");
	/* modprobe takes EEXIST for "loaded already", and succeeds. */
	return -EBUSY;
}

static int __init tamalloc_init(void)
{
	struct file_system_type *proc = get_fs_type("proc");
	int ret;

	if (!proc)
		return -ENODEV;
	/* procfs is no module: get_fs_type() took no reference. */
	proc_mnt = kern_mount(proc);
	if (IS_ERR(proc_mnt))
		return PTR_ERR(proc_mnt);

	ret = check_absent();
	if (ret)
		goto unmount;
	ret = swap_init();
	if (ret)
		goto unmount;

	ret = -ENOMEM;
	proc_dir = proc_mkdir("tamalloc", NULL);
	if (!proc_dir ||
	    !proc_create("pids", 0444, proc_dir, &tamalloc_pids_proc_ops) ||
	    !proc_create("summary", 0444, proc_dir, &tamalloc_summary_proc_ops))
		goto remove;

	return 0;

remove:
	/* Somebody may have opened one that was made. */
	WRITE_ONCE(unloading, true);
	proc_remove(proc_dir);
	fput(meminfo);
unmount:
	kern_unmount(proc_mnt);
	return ret;
}
module_init(tamalloc_init);

static void __exit tamalloc_exit(void)
{
	WRITE_ONCE(unloading, true);
	/* Waits for reads in progress, and closes what is open. */
	proc_remove(proc_dir);
	fput(meminfo);
	kern_unmount(proc_mnt);
}
module_exit(tamalloc_exit);

MODULE_AUTHOR("The tamalloc authors <tamalloc@example.org>");
MODULE_DESCRIPTION("/proc/tamalloc: reserved and committed memory of all processes");
MODULE_LICENSE("GPL");
