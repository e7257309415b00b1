// SPDX-License-Identifier: GPL-2.0-only
/*
 * callwith: memory of tamalloc() together with other calls
 *
 *   callwith WHAT WAY     do WHAT with memory that WAY gave
 *
 * Prints one line per finding. The test knows the expected lines. With another WAY
 * the same lines show the behaviour of mmap(), or the difference with shared memory.
 */
#include <dirent.h>
#include <elf.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fuse.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "uffd.h"
#include "ways.h"

static const struct way *way;

static int wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	return status;
}

static void print_end(const char *what, int status)
{
	if (WIFSIGNALED(status))
		printf("%s: killed by SIG%s\n", what, sigabbrev_np(WTERMSIG(status)));
	else
		printf("%s: exit %d\n", what, WEXITSTATUS(status));
}

static pid_t fork_or_exit(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	return pid;
}

/* How a process ends that accesses @p */
static void print_access(const char *what, volatile char *p, bool write)
{
	pid_t pid = fork_or_exit();

	if (!pid) {
		if (write)
			*p = 1;
		else
			(void)*p;
		_exit(0);
	}
	print_end(what, wait_for(pid));
}

/* Bytes of @p that are not @value */
static size_t others(const char *p, size_t size, char value)
{
	size_t i, n = 0;

	for (i = 0; i < size; i++)
		n += p[i] != value;
	return n;
}

static void send_byte(int fd)
{
	if (write(fd, "", 1) != 1)
		err(1, "pipe");
}

static void get_byte(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		err(1, "pipe");
}

static void do_fork(void)
{
	char *p = ask_or_exit(way, 4 * PAGE);
	int to[2], from[2];
	pid_t pid;

	if (pipe(to) || pipe(from))
		err(1, "pipe");
	p[0] = 'A';
	p[PAGE] = 'A';
	pid = fork_or_exit();
	if (!pid) {
		printf("child reads: %c %c %d\n", p[0], p[PAGE], p[2 * PAGE]);
		fflush(stdout);
		p[0] = 'B';
		p[2 * PAGE] = 'B';
		send_byte(from[1]);
		/* Now the parent writes. */
		get_byte(to[0]);
		printf("child reads after the parent wrote: %c %c %c %d\n",
		       p[0], p[PAGE], p[2 * PAGE], p[3 * PAGE]);
		fflush(stdout);
		_exit(0);
	}
	get_byte(from[0]);
	printf("parent reads after the child wrote: %c %c %d\n",
	       p[0], p[PAGE], p[2 * PAGE]);
	fflush(stdout);
	p[PAGE] = 'C';
	p[3 * PAGE] = 'C';
	send_byte(to[1]);
	print_end("child", wait_for(pid));
	printf("parent reads at last: %c %c %d %c\n",
	       p[0], p[PAGE], p[2 * PAGE], p[3 * PAGE]);
}

static void do_vfork(void)
{
	static char *volatile p;
	pid_t pid;

	fflush(stdout);
	pid = vfork();
	if (pid < 0)
		err(1, "vfork");
	if (!pid) {
		/* The address space is the parent's. */
		p = (char *)way->ask(2 * PAGE);
		if (!p)
			_exit(1);
		p[0] = 'V';
		_exit(0);
	}
	print_end("child", wait_for(pid));
	printf("parent reads: %c %d\n", p[0], p[PAGE]);
	p[PAGE] = 'P';
	printf("parent wrote: %c\n", p[PAGE]);
}

static void do_part(void)
{
	long before = status_kb("VmSize");
	char *p = ask_or_exit(way, 8 * PAGE);

	memset(p, 'x', 8 * PAGE);
	if (munmap(p + 2 * PAGE, 3 * PAGE))
		err(1, "munmap");
	printf("VmSize: +%ld kB\n", status_kb("VmSize") - before);
	printf("wrong bytes before: %zu\n", others(p, 2 * PAGE, 'x'));
	printf("wrong bytes behind: %zu\n", others(p + 5 * PAGE, 3 * PAGE, 'x'));
	print_access("last page before", p + 2 * PAGE - 1, true);
	print_access("first page freed", p + 2 * PAGE, false);
	print_access("last page freed", p + 5 * PAGE - 1, true);
	print_access("first page behind", p + 5 * PAGE, true);
	/* The range includes the hole, which is no error for munmap(). */
	if (munmap(p, 8 * PAGE))
		err(1, "munmap");
	printf("VmSize at last: +%ld kB\n", status_kb("VmSize") - before);
}

static void do_mremap(void)
{
	long before = status_kb("VmSize");
	char *p = ask_or_exit(way, 4 * PAGE), *q;

	memset(p, 'x', 4 * PAGE);
	q = mremap(p, 4 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	if (q == MAP_FAILED)
		err(1, "mremap");
	printf("larger: +%ld kB, wrong bytes %zu\n", status_kb("VmSize") - before,
	       others(q, 4 * PAGE, 'x'));
	printf("new bytes that are not 0: %zu\n", others(q + 4 * PAGE, 12 * PAGE, 0));
	p = mremap(q, 16 * PAGE, 2 * PAGE, 0);
	if (p == MAP_FAILED)
		err(1, "mremap");
	printf("smaller: +%ld kB, wrong bytes %zu, %s\n",
	       status_kb("VmSize") - before, others(p, 2 * PAGE, 'x'),
	       p == q ? "in place" : "moved");
	print_access("behind the end", p + 2 * PAGE, false);
}

static void do_mprotect(void)
{
	char *p = ask_or_exit(way, 4 * PAGE);

	p[0] = 'x';
	print_access("write", p, true);
	if (mprotect(p, 2 * PAGE, PROT_READ))
		err(1, "mprotect");
	print_access("read-only: read", p, false);
	print_access("read-only: write", p, true);
	print_access("read-only: write to an untouched page", p + PAGE, true);
	print_access("the rest: write", p + 2 * PAGE, true);
	if (mprotect(p, 2 * PAGE, PROT_NONE))
		err(1, "mprotect");
	print_access("none: read", p, false);
	if (mprotect(p, 2 * PAGE, RW))
		err(1, "mprotect");
	print_access("again: write", p, true);
	printf("content: %c\n", p[0]);
}

static void do_dontneed(void)
{
	char *p = ask_or_exit(way, 256 * PAGE);
	long before = status_kb("RssAnon");

	memset(p, 'x', 256 * PAGE);
	printf("written: +%ld kB\n", status_kb("RssAnon") - before);
	if (madvise(p, 256 * PAGE, MADV_DONTNEED))
		err(1, "madvise");
	printf("not needed: +%ld kB\n", status_kb("RssAnon") - before);
	printf("bytes that are not 0: %zu\n", others(p, 256 * PAGE, 0));
	printf("read: +%ld kB\n", status_kb("RssAnon") - before);
}

/* The lines of smaps about the mapping that holds @p, without its address */
static void print_mapping(const char *p)
{
	const char *line = slurp("/proc/self/smaps");
	static char flags[256];
	bool in = false;

	for (; line && *line; line = strchr(line, '\n'), line += !!line) {
		unsigned long start, end;
		char rest[128] = "";

		if (sscanf(line, "%lx-%lx %127[^\n]", &start, &end, rest) == 3) {
			in = (uintptr_t)p >= start && (uintptr_t)p < end;
			if (in)
				printf("maps: %s\n", rest);
		} else if (in && sscanf(line, "VmFlags: %255[^\n]", flags) == 1) {
			printf("VmFlags: %s\n", flags);
		}
	}
}

static void do_maps(void)
{
	print_mapping(ask_or_exit(way, 4 * PAGE));
}

static void do_readexec(void)
{
	if (personality(READ_IMPLIES_EXEC) == -1)
		err(1, "personality");
	print_mapping(ask_or_exit(way, 4 * PAGE));
}

static volatile char *fault_at;

static void *touch(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)*fault_at;
}

static void print_fault(int fd, char *p, size_t page, bool copy)
{
	static char source[PAGE_MOST] __attribute__((aligned(PAGE_MOST)));
	struct uffd_msg msg;
	pthread_t thread;
	void *seen;

	fault_at = p + page * PAGE + 5;
	memset(source, 0x77, PAGE);
	if (pthread_create(&thread, NULL, touch, NULL))
		errx(1, "pthread_create");
	msg = uffd_wait(fd);
	printf("event %#x for page %zu\n", msg.event,
	       (size_t)(msg.arg.pagefault.address - (uintptr_t)p) / PAGE);
	if (copy) {
		struct uffdio_copy c = {
			.dst = (uintptr_t)p + page * PAGE,
			.src = (uintptr_t)source, .len = PAGE,
		};

		if (ioctl(fd, UFFDIO_COPY, &c))
			err(1, "UFFDIO_COPY");
	} else {
		struct uffdio_zeropage z = {
			.range = { (uintptr_t)p + page * PAGE, PAGE },
		};

		if (ioctl(fd, UFFDIO_ZEROPAGE, &z))
			err(1, "UFFDIO_ZEROPAGE");
	}
	pthread_join(thread, &seen);
	printf("read: %#lx\n", (unsigned long)(intptr_t)seen);
}

static void do_uffd(void)
{
	char *p = ask_or_exit(way, 4 * PAGE);
	int fd;

	printf("not registered: %d\n", p[0]);
	fd = uffd_register(p, 4 * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	print_fault(fd, p, 1, true);
	print_fault(fd, p, 3, false);
}

static void do_seccomp_strict(void)
{
	pid_t pid = fork_or_exit();

	if (!pid) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
			_exit(2);
		way->ask(PAGE);
		/* _exit() is exit_group(), which strict mode forbids. */
		syscall(SYS_exit, 0);
	}
	print_end("strict", wait_for(pid));
}

/* A filter that answers call 554 with E2BIG, which no other code here uses */
static void do_seccomp_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 554, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | E2BIG),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };
	uintptr_t p;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		err(1, "seccomp");
	errno = 0;
	p = way->ask(PAGE);
	printf("filter: %s\n", p ? "ok" : strerrorname_np(errno));
}

/* Dump the core of a process and find its memory there. */
static void do_core(void)
{
	static const struct rlimit no_limit = { RLIM_INFINITY, RLIM_INFINITY };
	char **shared = (char **)way_shared(PAGE), path[64];
	const Elf64_Phdr *ph;
	const Elf64_Ehdr *eh;
	struct stat st;
	int fd, i, status;
	const char *core, *found = NULL;
	size_t at;
	pid_t pid = fork_or_exit();

	if (!pid) {
		if (setrlimit(RLIMIT_CORE, &no_limit))
			err(1, "RLIMIT_CORE");
		*shared = ask_or_exit(way, 8 * PAGE);
		memset(*shared + 2 * PAGE, 0xc3, PAGE);
		(void)*(volatile char *)(*shared + 5 * PAGE);
		abort();
	}
	status = wait_for(pid);
	printf("core dumped: %s\n", WCOREDUMP(status) ? "yes" : "no");

	/* The name that the test sets in /proc/sys/kernel/core_pattern */
	snprintf(path, sizeof(path), "/tmp/core.%d", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	core = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (core == MAP_FAILED)
		err(1, "%s", path);
	unlink(path);
	eh = (const void *)core;
	ph = (const void *)(core + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++) {
		at = (uintptr_t)*shared - ph[i].p_vaddr;
		if (ph[i].p_type == PT_LOAD && (uintptr_t)*shared >= ph[i].p_vaddr &&
		    at + 8 * PAGE <= ph[i].p_filesz)
			found = core + ph[i].p_offset + at;
	}
	if (!found)
		errx(1, "the core holds no segment with these 8 pages");
	printf("bytes written that differ: %zu\n",
	       others(found + 2 * PAGE, PAGE, (char)0xc3));
	printf("other bytes that are not 0: %zu\n",
	       others(found, 2 * PAGE, 0) + others(found + 3 * PAGE, 5 * PAGE, 0));
}

/*
 * A file system in user space with one file, "f", whose one page arrives only
 * when another process writes to @go. Writes to @asked when the page is requested.
 */
static void fuse_reply(int fd, uint64_t unique, int error, const void *data, size_t size)
{
	struct fuse_out_header head = {
		.len = (uint32_t)(sizeof(head) + size), .error = error, .unique = unique,
	};
	struct iovec vec[2] = {
		{ &head, sizeof(head) }, { (void *)(uintptr_t)data, size },
	};

	/* The request may have been cancelled meanwhile: no error. */
	if (writev(fd, vec, 2) < 0 && errno != ENOENT)
		_exit(3);
}

static void fuse_serve(int fd, int asked, int go)
{
	static char request[1 << 17] __attribute__((aligned(8)));
	static char page[PAGE_MOST];
	const struct fuse_in_header *in = (const void *)request;
	struct fuse_attr dir = { .ino = 1, .mode = S_IFDIR | 0755, .nlink = 2 };
	struct fuse_attr file = {
		.ino = 2, .mode = S_IFREG | 0444, .nlink = 1, .size = PAGE, .blocks = 8,
	};

	while (read(fd, request, sizeof(request)) > 0) {
		struct fuse_init_out init = {
			.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
			.max_write = PAGE,
		};
		struct fuse_entry_out entry = {
			.nodeid = 2, .entry_valid = 3600, .attr_valid = 3600, .attr = file,
		};
		struct fuse_attr_out attr = {
			.attr_valid = 3600, .attr = in->nodeid == 1 ? dir : file,
		};
		struct fuse_open_out opened = { 0 };

		switch (in->opcode) {
		case FUSE_INIT:
			fuse_reply(fd, in->unique, 0, &init, sizeof(init));
			break;
		case FUSE_LOOKUP:
			fuse_reply(fd, in->unique, 0, &entry, sizeof(entry));
			break;
		case FUSE_GETATTR:
			fuse_reply(fd, in->unique, 0, &attr, sizeof(attr));
			break;
		case FUSE_OPEN:
			fuse_reply(fd, in->unique, 0, &opened, sizeof(opened));
			break;
		case FUSE_READ:
			send_byte(asked);
			get_byte(go);
			fuse_reply(fd, in->unique, 0, page, PAGE);
			break;
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
		case FUSE_INTERRUPT:
			break;
		default:
			fuse_reply(fd, in->unique, -ENOSYS, NULL, 0);
		}
	}
	_exit(0);
}

static void pause_ms(long ms)
{
	struct timespec t = { 0, ms * 1000000 };

	nanosleep(&t, NULL);
}

/* Does the kernel report that @pid sleeps in a call, killable? */
static bool waits_for_lock(pid_t pid)
{
	char path[64];
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	end = strrchr(slurp(path), ')');
	if (!end || end[2] != 'D')
		return false;
	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	/* The number of the call, or "running" */
	return atoi(slurp(path)) == (!strcmp(way->name, "mmap") ? SYS_mmap : 554);
}

/*
 * A process waits for the lock of its address space, and is killed. Another process
 * holds the lock, because it reads a page of it through /proc/PID/mem. That page
 * comes from a file system whose server does not answer.
 */
static void do_killed(void)
{
	int asked[2], go[2], begin[2], told[2], fd, i, status;
	char dir[] = "/tmp/fuse.XXXXXX", path[64];
	pid_t server, waiter, reader, got = 0;
	char *volatile *shared = (char *volatile *)way_shared(PAGE);

	if (pipe(asked) || pipe(go) || pipe(begin) || pipe(told) || !mkdtemp(dir))
		err(1, "pipe or directory");
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "/dev/fuse");
	snprintf(path, sizeof(path), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (mount("fuse", dir, "fuse", MS_NOSUID | MS_NODEV, path))
		err(1, "mount");
	server = fork_or_exit();
	if (!server)
		fuse_serve(fd, asked[1], go[0]);
	close(fd);

	waiter = fork_or_exit();
	if (!waiter) {
		snprintf(path, sizeof(path), "%s/f", dir);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		*shared = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
		if (fd < 0 || *shared == MAP_FAILED)
			err(1, "%s", path);
		/* Otherwise the exit would close it, and wait for the server too. */
		close(fd);
		send_byte(told[1]);
		get_byte(begin[0]);
		_exit(way->ask(PAGE) ? 0 : 1);
	}
	get_byte(told[0]);

	reader = fork_or_exit();
	if (!reader) {
		char byte;

		snprintf(path, sizeof(path), "/proc/%d/mem", waiter);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		_exit(fd < 0 || pread(fd, &byte, 1, (off_t)(uintptr_t)*shared) != 1);
	}
	/* The reader holds the lock now. */
	get_byte(asked[0]);
	send_byte(begin[1]);
	for (i = 0; i < 1200 && !waits_for_lock(waiter); i++)
		pause_ms(50);
	printf("waits in the call: %s\n", waits_for_lock(waiter) ? "yes" : "no");

	kill(waiter, SIGKILL);
	for (i = 0; i < 600 && !got; i++) {
		got = waitpid(waiter, &status, WNOHANG);
		if (!got)
			pause_ms(50);
	}
	if (got == waiter)
		print_end("waiter", status);
	else
		printf("waiter: still there\n");
	/* The process ended, so it cannot have taken the lock. */
	printf("lock still held: %s\n", waitpid(reader, &status, WNOHANG) ? "no" : "yes");

	send_byte(go[1]);
	print_end("reader", wait_for(reader));
	if (!got)
		print_end("waiter at last", wait_for(waiter));
	umount2(dir, MNT_DETACH);
	kill(server, SIGKILL);
	wait_for(server);
	rmdir(dir);
}

static const struct what {
	const char *name;
	void (*run)(void);
} what[] = {
	{ "core", do_core },
	{ "dontneed", do_dontneed },
	{ "fork", do_fork },
	{ "killed", do_killed },
	{ "maps", do_maps },
	{ "mprotect", do_mprotect },
	{ "mremap", do_mremap },
	{ "part", do_part },
	{ "readexec", do_readexec },
	{ "seccomp-filter", do_seccomp_filter },
	{ "seccomp-strict", do_seccomp_strict },
	{ "uffd", do_uffd },
	{ "vfork", do_vfork },
};

int main(int argc, char **argv)
{
	static char buf[4096];
	size_t i;

	/* Touch all memory now that measuring and printing need. */
	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
	memset(buf, 0, sizeof(buf));
	status_kb("VmSize");

	for (i = 0; argc == 3 && i < sizeof(what) / sizeof(what[0]); i++) {
		if (strcmp(argv[1], what[i].name))
			continue;
		way = find_way(argv[2]);
		what[i].run();
		fflush(stdout);
		return 0;
	}
	fputs("usage: callwith WHAT WAY, with WHAT one of:", stderr);
	for (i = 0; i < sizeof(what) / sizeof(what[0]); i++)
		fprintf(stderr, " %s", what[i].name);
	fputc('\n', stderr);
	return 2;
}
