// SPDX-License-Identifier: GPL-2.0-only
/*
 * callfolio: memory that was filled from front to back, and what programs and the
 * kernel do to it
 *
 *   callfolio WHAT WAY
 *
 * Memory of tamalloc() then consists of large folios, that of mmap() of base
 * pages; a program must not see the difference. Each page carries a stamp in its
 * first and last eight bytes, and all between has to be 0. Whatever is done, the
 * content has to be as a plain array says that is kept beside the memory; a line
 * per step says so, with what the step answered, and by how much ANON_KB differs
 * from what the page tables hold. Last, everything is unmapped, and RssAnon and
 * VmSwap have to be what they were.
 *
 * The status is 77 if this kernel lacks what WHAT needs.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <sys/ioctl.h>
#include <sys/swap.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <linux/userfaultfd.h>

#include "../pids.h"
#include "ways.h"

/* Newer than the libc's header */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

/* Filling ahead is for x86-64, which has one size of page. */
#undef PAGE
#define PAGE		4096UL
#define PAGES		1024UL
#define WORDS		(PAGE / sizeof(uint64_t))
#define EXIT_LACKS	77

static const struct way *way;
static uint64_t (*area)[WORDS];
static uint64_t expected[PAGES];	/* the stamp of each page, 0 if it was not written */
static bool mapped[PAGES];
static uint64_t next_stamp = 1;

static void set_ends(uint64_t *page, uint64_t stamp)
{
	page[0] = stamp;
	page[WORDS - 1] = stamp;
}

static void write_page(size_t i)
{
	expected[i] = next_stamp++;
	set_ends(area[i], expected[i]);
}

static void fill(size_t start, size_t n)
{
	for (; n; n--)
		write_page(start++);
}

static void expect(size_t start, size_t n, uint64_t stamp)
{
	for (; n; n--)
		expected[start++] = stamp;
}

/* A page that is not there yet is left so: a read would map the zero page. */
static bool readable(size_t i)
{
	unsigned char vec;

	if (!mapped[i] || expected[i])
		return mapped[i];
	if (mincore(area[i], PAGE, &vec))
		err(1, "mincore");
	return vec & 1;
}

static long first_wrong(void)
{
	size_t i, k;

	for (i = 0; i < PAGES; i++) {
		if (!readable(i))
			continue;
		for (k = 0; k < WORDS; k++)
			if (area[i][k] != (k && k != WORDS - 1 ? 0 : expected[i]))
				return (long)i;
	}
	return -1;
}

/* ANON_KB, which a counter says, less the anonymous pages that smaps finds mapped */
static long miscounted(void)
{
	static char smaps[1 << 17], rows[1 << 17];
	struct row row = { .field[F_PID] = 0 };
	const char *p;
	long mapped_kb = 0;

	/* No page of its own is new in between. */
	memset(smaps, 0, sizeof(smaps));
	memset(rows, 0, sizeof(rows));
	read_file("/proc/self/smaps", smaps, sizeof(smaps) - 1, sizeof(smaps));
	read_file("/proc/tamalloc/pids", rows, sizeof(rows) - 1, sizeof(rows));
	for (p = smaps; (p = strstr(p, "\nAnonymous:")); )
		mapped_kb += strtol(p += strlen("\nAnonymous:"), NULL, 10);
	for (p = skip_header(rows); p && *p && row.field[F_PID] != getpid(); )
		p = parse_row(p, &row);
	if (!p || row.field[F_PID] != getpid())
		errx(1, "no row of this process");
	return row.field[F_ANON] - mapped_kb;
}

static void say(const char *step, long result)
{
	long wrong = first_wrong(), kb = miscounted();
	int tries;

	/* The kernel may have moved a page meanwhile. */
	for (tries = 0; kb && tries < 3; tries++)
		kb = miscounted();
	if (kb)
		printf("counted, and not mapped: %ld kB; ", kb);
	if (wrong >= 0)
		printf("%s: page %ld: expected stamp %llu, actual %llu\n", step, wrong,
		       (unsigned long long)expected[wrong],
		       (unsigned long long)area[wrong][0]);
	else if (result < 0)
		printf("%s: %s, content as expected\n", step, strerrorname_np(errno));
	else
		printf("%s: %ld, content as expected\n", step, result);
}

static void advise(const char *name, size_t start, size_t n, int advice)
{
	say(name, madvise(area[start], n * PAGE, advice));
}

/* Whether a file of the system takes @value: it is there and knows it. */
static bool set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : write(fd, value, strlen(value));

	if (fd >= 0)
		close(fd);
	return len == (ssize_t)strlen(value);
}

static void need(bool have, const char *what)
{
	if (have)
		return;
	printf("this kernel has no %s\n", what);
	exit(EXIT_LACKS);
}

static void get(size_t filled)
{
	area = (void *)ask_or_exit(way, PAGES * PAGE);
	memset(mapped, true, sizeof(mapped));
	fill(0, filled);
	say("filled", 0);
}

static void do_advice(void)
{
	get(PAGES);
	expect(10, 5, 0);
	advise("DONTNEED", 10, 5, MADV_DONTNEED);
	expect(512, 512, 0);
	advise("DONTNEED of half", 512, 512, MADV_DONTNEED);
	fill(512, 300);
	say("filled again", 0);
	advise("COLD", 100, 77, MADV_COLD);
	advise("NORMAL", 0, PAGES, MADV_NORMAL);
	advise("RANDOM", 0, PAGES, MADV_RANDOM);
	fill(900, 100);
	say("filled at RANDOM", 0);
	advise("POPULATE_READ", 0, PAGES, MADV_POPULATE_READ);
	advise("POPULATE_WRITE", 0, PAGES, MADV_POPULATE_WRITE);
	expect(0, PAGES, 0);
	advise("DONTNEED of all", 0, PAGES, MADV_DONTNEED);
	advise("NORMAL", 0, PAGES, MADV_NORMAL);
	advise("POPULATE_WRITE", 0, 700, MADV_POPULATE_WRITE);
	fill(0, PAGES);
	say("filled", 0);
	/* What it freed may read as either; it is written before it is read. */
	say("FREE", madvise(area[33], 100 * PAGE, MADV_FREE));
	fill(33, 100);
	say("written after FREE", 0);
}

static void do_huge(void)
{
	get(PAGES);
	/* Neither khugepaged nor COLLAPSE touches what is VM_NOHUGEPAGE. */
	say("NOHUGEPAGE", madvise(area, PAGES * PAGE, MADV_NOHUGEPAGE));
	advise("COLLAPSE", 0, PAGES, MADV_COLLAPSE);
	say("HUGEPAGE", madvise(area, PAGES * PAGE, MADV_HUGEPAGE));
	advise("COLLAPSE", 0, PAGES, MADV_COLLAPSE);
	fill(20, 100);
	say("filled", 0);
	expect(0, PAGES, 0);
	advise("DONTNEED", 0, PAGES, MADV_DONTNEED);
	fill(0, 600);
	say("filled", 0);
	advise("NOHUGEPAGE", 0, PAGES, MADV_NOHUGEPAGE);
	expect(3, PAGES - 3, 0);
	advise("DONTNEED", 3, PAGES - 3, MADV_DONTNEED);
	fill(0, PAGES);
	say("filled", 0);
}

static void do_mprotect(void)
{
	get(300);
	say("read-only", mprotect(area[101], 50 * PAGE, PROT_READ));
	memset(&mapped[200], false, 7);
	say("none", mprotect(area[200], 7 * PAGE, PROT_NONE));
	memset(&mapped[200], true, 7);
	if (mprotect(area[101], 106 * PAGE, RW))
		err(1, "mprotect");
	say("again", 0);
	fill(90, 500);
	say("filled", 0);
}

static void do_mremap(void)
{
	void *new, *old = area;
	uint64_t (*target)[WORDS];

	get(700);
	/* One page off: the aligned blocks are no longer aligned. */
	target = (void *)ask_or_exit(find_way("mmap"), (2 * PAGES + 1) * PAGE);
	munmap(target, (2 * PAGES + 1) * PAGE);
	new = mremap(area, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 1);
	if (new == MAP_FAILED)
		err(1, "mremap");
	area = new;
	say("moved by a page", 0);
	fill(700, 200);
	say("filled on", 0);
	old = area;
	new = mremap(area[64], 100 * PAGE, 100 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	if (new == MAP_FAILED)
		err(1, "mremap");
	if (memcmp((char *)new + 5 * PAGE, &expected[69], sizeof(expected[0])))
		puts("what was moved away has another content");
	expect(64, 100, 0);
	say("a part moved away, its place left", 0);
	munmap(new, 100 * PAGE);
	fill(60, 100);
	say("filled there", 0);
	new = mremap(area, PAGES * PAGE, PAGES / 2 * PAGE, 0);
	memset(&mapped[PAGES / 2], false, PAGES / 2 * sizeof(mapped[0]));
	if (new != old)
		errx(1, "mremap to half the size moved it");
	say("smaller", 0);
	new = mremap(area, PAGES / 2 * PAGE, PAGES * PAGE, MREMAP_MAYMOVE);
	if (new == MAP_FAILED)
		err(1, "mremap");
	area = new;
	expect(PAGES / 2, PAGES / 2, 0);
	memset(mapped, true, sizeof(mapped));
	say("larger", 0);
	fill(0, PAGES);
	say("filled", 0);
}

static void do_munmap(void)
{
	size_t i;

	get(PAGES);
	for (i = 5; i < PAGES; i += 64) {
		if (munmap(area[i], 9 * PAGE))
			err(1, "munmap");
		memset(&mapped[i], false, 9 * sizeof(mapped[0]));
	}
	say("parts unmapped", 0);
}

static void do_fork(void)
{
	int status;
	pid_t pid;

	get(PAGES - 100);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		/* Copies a part of a folio, and fills on where its parent stopped. */
		fill(3, 7);
		fill(500, 1);
		fill(PAGES - 100, 100);
		expect(40, 100, 0);
		advise("child: DONTNEED", 40, 100, MADV_DONTNEED);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say("parent, after its child", status);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		say("second child", 0);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	fill(10, 40);
	fill(PAGES - 100, 100);
	say("parent, written", status);
}

/* A file on tmpfs cannot be swapped to, so the disk of the guest is. */
static void do_swap(void)
{
	int round;

	get(PAGES);
	need(status_kb("VmSwap") == 0 && strchr(slurp("/proc/swaps"), '/'), "swap");
	for (round = 0; round < 2; round++) {
		say("PAGEOUT", madvise(area, PAGES * PAGE, MADV_PAGEOUT));
		say("PAGEOUT of a part", madvise(area[7], 50 * PAGE, MADV_PAGEOUT));
		fill(100, 31);
		say("written", 0);
		if (madvise(area, PAGES * PAGE, MADV_PAGEOUT))
			err(1, "MADV_PAGEOUT");
		if (!status_kb("VmSwap"))
			errx(1, "nothing was swapped out");
		expect(200, 100, 0);
		advise("DONTNEED of what is in swap", 200, 100, MADV_DONTNEED);
		fill(195, 110);
		say("filled", 0);
	}
}

/* In a memory cgroup that holds less than the memory */
static void do_limit(void)
{
	int round;

	get(0);
	for (round = 0; round < 4; round++) {
		fill(0, PAGES);
		say("filled", 0);
		if (!status_kb("VmSwap"))
			errx(1, "nothing was swapped out");
		expect(0, PAGES, 0);
		advise("DONTNEED", 0, PAGES, MADV_DONTNEED);
	}
}

static void do_mlock(void)
{
	get(200);
	say("mlock", mlock(area, PAGES * PAGE));
	printf("locked %ld kB\n", status_kb("VmLck"));
	fill(100, 500);
	say("munlock of a part", munlock(area[50], 333 * PAGE));
	say("munlock", munlock(area, PAGES * PAGE));
	expect(0, PAGES, 0);
	advise("DONTNEED", 0, PAGES, MADV_DONTNEED);
	say("mlock2", mlock2(area, PAGES * PAGE, MLOCK_ONFAULT));
	fill(0, PAGES);
	say("filled", 0);
}

/* Two calls side by side are one mapping: it is filled across the seam. */
static void do_merge(void)
{
	char *first, *second;

	way = find_way(way->name);
	first = ask_or_exit(way, PAGES / 2 * PAGE);
	second = ask_or_exit(way, PAGES / 2 * PAGE);
	if (first - second != (long)(PAGES / 2 * PAGE))
		errx(1, "the two are not side by side");
	area = (void *)second;
	memset(mapped, true, sizeof(mapped));
	fill(0, PAGES);
	say("filled", 0);
	expect(500, 24, 0);
	advise("DONTNEED across the seam", 500, 24, MADV_DONTNEED);
	fill(490, 200);
	say("filled", 0);
}

static void do_writev(void)
{
	static uint64_t page[WORDS];
	struct iovec local = { page, sizeof(page) }, remote = { .iov_len = PAGE };
	size_t i;

	get(0);
	for (i = 0; i < PAGES; i++) {
		expected[i] = next_stamp++;
		set_ends(page, expected[i]);
		remote.iov_base = area[i];
		if (process_vm_writev(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)PAGE)
			err(1, "process_vm_writev");
	}
	say("process_vm_writev", 0);
}

/* The disk is read past the page cache, into memory that is not there yet. */
static void do_direct(void)
{
	int fd = open("/dev/vda", O_RDWR | O_CLOEXEC | O_DIRECT);
	char *source;
	size_t i;

	need(fd >= 0 && !strstr(slurp("/proc/swaps"), "/dev/vda"), "disk of its own");
	source = ask_or_exit(find_way("mmap"), PAGES * PAGE);
	area = (void *)source;
	memset(mapped, true, sizeof(mapped));
	fill(0, PAGES);
	if (pwrite(fd, source, PAGES * PAGE, 0) != (ssize_t)(PAGES * PAGE))
		err(1, "/dev/vda");
	munmap(source, PAGES * PAGE);
	area = (void *)ask_or_exit(way, PAGES * PAGE);
	for (i = 0; i < PAGES; i += 2)
		if (pread(fd, area[i], 2 * PAGE, (off_t)(i * PAGE)) != (ssize_t)(2 * PAGE))
			err(1, "/dev/vda");
	close(fd);
	say("O_DIRECT", 0);
}

/* Registered after the fill: from then on each page is asked for by itself. */
static void do_uffd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	static uint64_t page[WORDS];
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	size_t i;

	get(600);
	reg.range.start = (uintptr_t)area;
	reg.range.len = PAGES * PAGE;
	need(fd >= 0 && !ioctl(fd, UFFDIO_API, &api), "userfaultfd");
	say("registered", ioctl(fd, UFFDIO_REGISTER, &reg));
	expect(100, PAGES - 100, 0);
	if (madvise(area[100], (PAGES - 100) * PAGE, MADV_DONTNEED))
		err(1, "MADV_DONTNEED");
	for (i = 100; i < PAGES; i++) {
		struct uffdio_copy copy = {
			.dst = (uintptr_t)area[i], .src = (uintptr_t)page, .len = PAGE,
		};

		expected[i] = next_stamp++;
		set_ends(page, expected[i]);
		/* EEXIST, if a neighbour had brought it along */
		if (ioctl(fd, UFFDIO_COPY, &copy))
			err(1, "UFFDIO_COPY of page %zu", i);
	}
	say("copied page by page", 0);
	close(fd);
}

static pthread_barrier_t turn;

static void *fill_odd(void *arg)
{
	size_t i;

	(void)arg;
	for (i = 1; i < PAGES; i += 2) {
		pthread_barrier_wait(&turn);
		set_ends(area[i], expected[i]);
	}
	return NULL;
}

static void do_turns(void)
{
	pthread_t thread;
	size_t i;

	get(0);
	for (i = 0; i < PAGES; i++)
		expected[i] = next_stamp++;
	pthread_barrier_init(&turn, NULL, 2);
	if (pthread_create(&thread, NULL, fill_odd, NULL))
		errx(1, "pthread_create");
	for (i = 0; i < PAGES; i += 2) {
		pthread_barrier_wait(&turn);
		set_ends(area[i], expected[i]);
	}
	pthread_join(thread, NULL);
	say("filled by two in turns", 0);
}

static void do_compact(void)
{
	get(PAGES);
	need(set("/proc/sys/vm/compact_memory", "1"), "compaction");
	say("compacted", 0);
	fill(100, 100);
	say("written", 0);
}

/* On which nodes the pages are: a bit for each */
static unsigned long nodes_of(void)
{
	static void *where[PAGES];
	static int status[PAGES];
	unsigned long nodes = 0;
	size_t i;

	for (i = 0; i < PAGES; i++)
		where[i] = area[i];
	if (syscall(SYS_move_pages, 0, PAGES, where, NULL, status, 0))
		err(1, "move_pages");
	for (i = 0; i < PAGES; i++)
		if (status[i] >= 0)
			nodes |= 1UL << status[i];
	return nodes;
}

static void do_numa(void)
{
	unsigned long both = 3, node[] = { 1, 2 };
	static void *where[PAGES / 3];
	static int target[PAGES / 3], status[PAGES / 3];
	size_t i;

	need(!access("/sys/devices/system/node/node1", F_OK), "second NUMA node");
	get(PAGES);
	for (i = 0; i < 4; i++) {
		if (syscall(SYS_migrate_pages, 0, 64UL, &both, &node[i % 2]) < 0)
			err(1, "migrate_pages");
		if (nodes_of() != node[i % 2])
			errx(1, "expected pages on nodes %#lx, actual %#lx", node[i % 2],
			     nodes_of());
		fill(200 * i, 100);
	}
	/* Every third page away from its folio, to node 0 */
	for (i = 0; i < PAGES / 3; i++)
		where[i] = area[3 * i];
	say("move_pages", syscall(SYS_move_pages, 0, PAGES / 3, where, target, status, 2));
	fill(0, PAGES);
	say("written", 0);
}

static long numa_hints(void)
{
	return strtol(strstr(slurp("/proc/vmstat"), "numa_hint_faults") + 17, NULL, 10);
}

static void *idle(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/*
 * Pages that are here are made PROT_NONE by and by, to see who accesses them. Of a process
 * with one thread, the kernel leaves out the pages of its own node. It scans after so much
 * processor time of the process, so this does not sleep.
 */
static void do_numahint(void)
{
	long hints = numa_hints();
	time_t end = time(NULL) + 120;
	pthread_t thread;

	errno = pthread_create(&thread, NULL, idle, NULL);
	if (errno)
		err(1, "pthread_create");
	get(PAGES / 2);
	while (numa_hints() <= hints + 100) {
		if (time(NULL) > end)
			errx(1, "expected more than 100 hints in 120 s, actual %ld",
			     numa_hints() - hints);
		fill(0, PAGES / 2);
	}
	fill(PAGES / 2, PAGES / 2);
	say("filled on", 0);
}

static void do_ksm(void)
{
	int round;

	need(set("/sys/kernel/mm/ksm/run", "1"), "KSM");
	set("/sys/kernel/mm/ksm/sleep_millisecs", "0");
	set("/sys/kernel/mm/ksm/pages_to_scan", "10000");
	get(PAGES);
	/* All alike, so that they merge. */
	for (round = 0; round < (int)PAGES; round++) {
		expected[round] = 7;
		set_ends(area[round], expected[round]);
	}
	say("MERGEABLE", madvise(area, PAGES * PAGE, MADV_MERGEABLE));
	for (round = 0; round < 600 &&
	     !strtol(slurp("/sys/kernel/mm/ksm/pages_shared"), NULL, 10); round++)
		usleep(100000);
	if (round == 600)
		errx(1, "KSM merged no page in 60 s");
	say("merged", 0);
	fill(30, 300);
	say("written", 0);
	say("UNMERGEABLE", madvise(area, PAGES * PAGE, MADV_UNMERGEABLE));
	set("/sys/kernel/mm/ksm/run", "0");
}

static sigjmp_buf touched;
static volatile bool touching;
static void *volatile bus_address;

static void on_bus_error(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	bus_address = info->si_addr;
	if (touching)
		siglongjmp(touched, 1);
}

static void do_poison(void)
{
	struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };

	get(PAGES);
	sigaction(SIGBUS, &action, NULL);
	need(!madvise(area[100], PAGE, MADV_SOFT_OFFLINE), "memory failure");
	say("SOFT_OFFLINE", 0);
	mapped[200] = false;
	say("HWPOISON", madvise(area[200], PAGE, MADV_HWPOISON));
	/* The process has had a SIGBUS if the page was no part of a large folio. */
	bus_address = NULL;
	touching = true;
	if (!sigsetjmp(touched, 1))
		*(volatile uint64_t *)area[200] = 0;
	touching = false;
	printf("SIGBUS: %s\n", bus_address == area[200] ? "this page" :
	       bus_address ? "another address" : "none");
	fill(190, 10);
	fill(201, 100);
	say("written around it", 0);
	if (munmap(area[200], PAGE))
		err(1, "munmap");
}

static void do_softdirty(void)
{
	static uint64_t entries[PAGES];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t i, dirty = 0;

	get(PAGES);
	need(set("/proc/self/clear_refs", "4"), "soft-dirty bit");
	write_page(5);
	write_page(100);
	if (pread(fd, entries, sizeof(entries), (off_t)((uintptr_t)area / PAGE * 8)) !=
	    (ssize_t)sizeof(entries))
		err(1, "pagemap");
	for (i = 0; i < PAGES; i++)
		dirty += entries[i] >> 55 & 1;
	/* Without the bit, clear_refs takes the 4 all the same. */
	need(dirty, "soft-dirty bit");
	say("pages soft-dirty after two writes", (long)dirty);
	close(fd);
}

static const struct {
	const char *name;
	void (*run)(void);
} what[] = {
	{ "advice", do_advice }, { "huge", do_huge }, { "mprotect", do_mprotect },
	{ "mremap", do_mremap }, { "munmap", do_munmap }, { "fork", do_fork },
	{ "swap", do_swap }, { "mlock", do_mlock }, { "merge", do_merge },
	{ "writev", do_writev }, { "direct", do_direct }, { "uffd", do_uffd },
	{ "turns", do_turns }, { "compact", do_compact }, { "ksm", do_ksm },
	{ "poison", do_poison }, { "softdirty", do_softdirty },
	{ "limit", do_limit }, { "numa", do_numa }, { "numahint", do_numahint },
};

static void check_back(const char *key, long before)
{
	long now = status_kb(key);

	/* What the program itself touched for the first time is less than this. */
	printf("%s: %s\n", key, now - before < 128 && before - now < 128 ? "back" : "not back");
}

int main(int argc, char **argv)
{
	static char buf[8192];
	long rss, swap;
	size_t i, k;

	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
	memset(buf, 0, sizeof(buf));
	memset(expected, 0, sizeof(expected));
	for (i = 0; argc == 3 && i < sizeof(what) / sizeof(what[0]); i++) {
		if (strcmp(argv[1], what[i].name))
			continue;
		way = find_way(argv[2]);
		/* Its buffers are in memory before the first figure. */
		miscounted();
		rss = status_kb("RssAnon");
		swap = status_kb("VmSwap");
		what[i].run();
		for (k = 0; k < PAGES; k++)
			if (mapped[k])
				munmap(area[k], PAGE);
		check_back("RssAnon", rss);
		check_back("VmSwap", swap);
		return 0;
	}
	fputs("usage: callfolio WHAT WAY, with WHAT one of:", stderr);
	for (i = 0; i < sizeof(what) / sizeof(what[0]); i++)
		fprintf(stderr, " %s", what[i].name);
	fputc('\n', stderr);
	return 2;
}
