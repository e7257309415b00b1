// SPDX-License-Identifier: GPL-2.0-only
/*
 * callahead: which pages come along when memory is touched
 *
 *   callahead touch WAY[,WORD...] PAGES OP...
 *       Do the OPs on fresh memory, then print: pages that OPs wrote to, pages
 *       committed (Rss in smaps), minor faults. WORDs are done to the memory
 *       first: random, normal, hugepage, nohugepage, onfault, uffd, moved (by
 *       mremap), split (in the middle; the halves are not alike); or to the
 *       process: thpdisable, forked (its child does the OPs).
 *       An OP is KIND:START:COUNT[:STEP], in pages; KIND is w (write), r (read),
 *       d (MADV_DONTNEED), f (MADV_FREE), c (MADV_COLD); STEP may be negative.
 *       "age" clears all accessed bits; "sh:COMMAND" runs a command, as whose parent
 *       this process is PPID.
 *   callahead each WAY PAGES
 *       The same for the OPs of each line of standard input.
 *   callahead random SEED COUNT AHEAD_KB
 *       Do COUNT patterns made up from SEED, and after each ask mincore() about
 *       every page, getrusage() and the counters of the call. All must be as the
 *       rule has it (docs/design.md), for a kernel whose ahead_kb is AHEAD_KB.
 *   callahead flags WAY
 *       Which of "ta" and "nh" are in VmFlags of smaps.
 *   callahead turns PAGES
 *       Two threads fill one mapping, one page each in turns; print as touch.
 *
 * The model below is written from the rule, not from the kernel's code: it has
 * an array where the kernel has page tables, and tries each size where the
 * kernel counts.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "uffd.h"
#include "ways.h"

#define TABLE		512UL	/* pages of a page table */
#define MAX_PAGES	4096UL
#define COUNTERS	"/sys/kernel/mm/tamalloc/"

static char *area;
static size_t pages;

/* The model: state of each page, and what it expects of the counters */
enum state { NONE, ZERO, OLD, YOUNG };
static enum state model[MAX_PAGES];
static size_t largest;		/* block, in pages; 0: filling ahead is off */
static long model_faults, model_ahead_faults, model_ahead_pages;

static size_t number_of(size_t i)
{
	return (uintptr_t)area / PAGE + i;
}

static bool block_fits(size_t i, size_t n)
{
	size_t k;

	if (number_of(i) % n || number_of(i) % TABLE < n || i < n || i + n > pages)
		return false;
	for (k = 0; k < n; k++)
		if (model[i - n + k] != YOUNG || model[i + k] != NONE)
			return false;
	return true;
}

static bool comes_old(size_t i, bool last)
{
	size_t place = number_of(i) % 16;

	return last || place == 2 || place == 5 || place == 10 || place == 13;
}

static void model_write(size_t i)
{
	size_t n, k;

	model_faults += model[i] == NONE || model[i] == ZERO;
	for (n = largest; model[i] == NONE && n >= 4; n /= 2) {
		if (!block_fits(i, n))
			continue;
		for (k = 0; k < n; k++)
			model[i + k] = comes_old(i + k, k == n - 1) ? OLD : YOUNG;
		model_ahead_faults++;
		model_ahead_pages += (long)n - 1;
	}
	model[i] = YOUNG;
}

static void model_read(size_t i)
{
	model_faults += model[i] == NONE;
	if (model[i] == NONE)
		model[i] = ZERO;
	else if (model[i] == OLD)
		model[i] = YOUNG;
}

static bool written[MAX_PAGES];

static void write_page(size_t i)
{
	((volatile char *)area)[i * PAGE + 1] = 1;
	written[i] = true;
	model_write(i);
}

static unsigned char read_page(size_t i)
{
	model_read(i);
	return ((volatile unsigned char *)area)[i * PAGE];
}

static void drop(size_t i, size_t n)
{
	size_t k;

	if (madvise(area + i * PAGE, n * PAGE, MADV_DONTNEED))
		err(1, "MADV_DONTNEED");
	for (k = i; k < i + n; k++)
		model[k] = NONE;
}

static long counter(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), COUNTERS "%s", name);
	/* A kernel that cannot fill ahead has no such file. */
	return access(path, F_OK) ? 0 : strtol(slurp(path), NULL, 10);
}

/* What follows KEY: in the entry of the memory in smaps */
static const char *smaps_line(const char *key)
{
	const char *text = slurp("/proc/self/smaps");
	char start[32];
	size_t len = strlen(key);

	snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)area);
	text = strstr(text, start);
	while (text && (strncmp(text, key, len) || text[len] != ':')) {
		text = strchr(text, '\n');
		text += !!text;
	}
	if (!text)
		errx(1, "smaps has no mapping at %p", (void *)area);
	return text + len + 1;
}

/* Committed pages, by the kernel's walk over the page tables: not the zero page */
static long committed(void)
{
	return strtol(smaps_line("Rss"), NULL, 10) / (long)(PAGE >> 10);
}

/* As aging by the kernel does, but of this process alone, and at once */
static void clear_accessed_bits(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1", 1) != 1)
		err(1, "clear_refs");
	close(fd);
}

static void do_op(const char *op)
{
	long start, count, step = 1, i;
	char kind;

	if (!strcmp(op, "age")) {
		clear_accessed_bits();
		return;
	}
	if (!strncmp(op, "sh:", 3)) {
		/* It does not fork, and so makes no page copy-on-write. */
		if (system(op + 3))
			errx(1, "'%s' failed", op);
		return;
	}
	if (sscanf(op, "%c:%ld:%ld:%ld", &kind, &start, &count, &step) < 3)
		errx(2, "'%s' is no KIND:START:COUNT[:STEP]", op);
	if (start < 0 || count < 1 || start + (count - 1) * step < 0 ||
	    start >= (long)pages || start + (count - 1) * step >= (long)pages)
		errx(2, "'%s' leaves the memory", op);
	for (i = start; count; i += step, count--) {
		char *p = area + (size_t)i * PAGE;

		if (kind == 'w')
			write_page((size_t)i);
		else if (kind == 'r' && *(volatile char *)p)
			errx(1, "page %ld does not read 0", i);
		else if (kind == 'd')
			drop((size_t)i, 1);
		else if (strchr("fc", kind) &&
			 madvise(p, PAGE, kind == 'f' ? MADV_FREE : MADV_COLD))
			err(1, "madvise");
	}
}

/* To a place whose pages have the same places in their page tables */
static void move_area(void)
{
	char *p = ask_or_exit(find_way("mmap"), (pages + 2 * TABLE) * PAGE), *to;

	to = (char *)(((uintptr_t)p + 2 * TABLE * PAGE - 1) & -(TABLE * PAGE));
	to += (uintptr_t)area % (TABLE * PAGE);
	munmap(p, (pages + 2 * TABLE) * PAGE);
	area = mremap(area, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (area == MAP_FAILED)
		err(1, "mremap");
}

static void go_on_in_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid)
		return;
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "the child failed");
	exit(0);
}

static void do_word(const char *word)
{
	static const struct {
		const char *name;
		int advice;
	} advices[] = {
		{ "random", MADV_RANDOM }, { "normal", MADV_NORMAL },
		{ "hugepage", MADV_HUGEPAGE }, { "nohugepage", MADV_NOHUGEPAGE },
	};
	size_t i;

	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (strcmp(word, advices[i].name))
			continue;
		if (madvise(area, pages * PAGE, advices[i].advice))
			err(1, "%s", word);
		return;
	}
	if (!strcmp(word, "onfault")) {
		if (mlock2(area, pages * PAGE, MLOCK_ONFAULT))
			err(1, "mlock2");
	} else if (!strcmp(word, "uffd")) {
		uffd_register(area, pages * PAGE, UFFDIO_REGISTER_MODE_WP);
	} else if (!strcmp(word, "moved")) {
		move_area();
	} else if (!strcmp(word, "split")) {
		if (madvise(area + pages / 2 * PAGE, pages / 2 * PAGE, MADV_DONTFORK))
			err(1, "MADV_DONTFORK");
	} else if (!strcmp(word, "forked")) {
		go_on_in_child();
	} else if (!strcmp(word, "thpdisable")) {
		if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
			err(1, "PR_SET_THP_DISABLE");
	} else {
		errx(2, "there is no word '%s'", word);
	}
}

/*
 * @n pages, the first at @place of its page table. More is asked for, and what lies
 * around is given back, so that the mapping ends where the memory does.
 */
static void get_area(const char *way, size_t place, size_t n)
{
	char *p, *end;

	if (n < 1 || n > MAX_PAGES)
		errx(2, "1 to %lu pages", MAX_PAGES);
	p = ask_or_exit(find_way(way), (n + 3 * TABLE) * PAGE);
	end = p + (n + 3 * TABLE) * PAGE;
	area = (char *)(((uintptr_t)p + 2 * TABLE * PAGE - 1) & -(TABLE * PAGE)) + place * PAGE;
	munmap(p, (size_t)(area - p));
	munmap(area + n * PAGE, (size_t)(end - (area + n * PAGE)));
	pages = n;
}

static int report(long faults)
{
	size_t i, n = 0;

	for (i = 0; i < pages; i++)
		n += written[i];
	printf("%zu %ld %ld\n", n, committed(), faults);
	return 0;
}

static int touch(char **ops)
{
	long faults;

	/* What an operation touches of this program is touched now. */
	committed();
	memset(model, 0, sizeof(model));
	memset(written, 0, sizeof(written));
	minor_faults();
	faults = minor_faults();
	for (; *ops; ops++)
		do_op(*ops);
	return report(minor_faults() - faults);
}

static int do_touch(char *way, size_t n, char **ops)
{
	char *word = strtok(way, ",");

	get_area(word, 0, n);
	while ((word = strtok(NULL, ",")))
		do_word(word);
	return touch(ops);
}

static int do_each(const char *way, size_t n)
{
	static char line[8192];
	static char *ops[1024];
	size_t i;

	while (fgets(line, sizeof(line), stdin)) {
		if (!strchr(line, '\n'))
			errx(2, "a line is too long");
		ops[0] = strtok(line, "\n ");
		for (i = 0; ops[i]; i++) {
			if (i == sizeof(ops) / sizeof(ops[0]) - 1)
				errx(2, "too many operations");
			ops[i + 1] = strtok(NULL, "\n ");
		}
		get_area(way, 0, n);
		touch(ops);
		munmap(area, pages * PAGE);
	}
	return 0;
}

static int do_flags(const char *way)
{
	const char *line, *end;
	int found = 0;

	get_area(way, 0, 1);
	line = smaps_line("VmFlags");
	end = strchr(line, '\n');
	if (memmem(line, (size_t)(end - line), " ta ", 4))
		found = printf("ta");
	if (memmem(line, (size_t)(end - line), " nh ", 4))
		printf("%snh", found ? " " : "");
	puts("");
	return 0;
}

static pthread_barrier_t turn;

static void *fill_odd(void *arg)
{
	size_t i;

	(void)arg;
	for (i = 1; i < pages; i += 2) {
		pthread_barrier_wait(&turn);
		area[i * PAGE] = 1;
	}
	return NULL;
}

/* Each writes its page when both are there, so that both fault at once. */
static int do_turns(size_t n)
{
	pthread_t thread;
	size_t i;

	get_area("tamalloc", 0, n & ~1UL);
	pthread_barrier_init(&turn, NULL, 2);
	if (pthread_create(&thread, NULL, fill_odd, NULL))
		errx(1, "pthread_create");
	for (i = 0; i < pages; i += 2) {
		pthread_barrier_wait(&turn);
		area[i * PAGE] = 1;
	}
	pthread_join(thread, NULL);
	memset(written, 0, sizeof(written));
	memset(written, 1, pages);
	return report(0);
}

static uint64_t seed;

/* xorshift64*: the same numbers in every run */
static size_t below(size_t n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (size_t)((seed * 2685821657736338717ULL) >> 33) % n;
}

/* A stretch of the memory */
struct stretch {
	size_t start, end;
};

static struct stretch any_stretch(void)
{
	size_t a = below(pages), b = below(pages);

	return (struct stretch){ a < b ? a : b, (a < b ? b : a) + 1 };
}

static void write_run(struct stretch s)
{
	for (; s.start < s.end; s.start++)
		write_page(s.start);
}

static void write_stride(size_t step, struct stretch s)
{
	for (; s.start < s.end; s.start += step)
		write_page(s.start);
}

/* As long as the ramp, or longer, or not at all */
static struct stretch dense_start(struct stretch s)
{
	size_t n = below(3) * below(80);

	write_run((struct stretch){ s.start, s.start + n < s.end ? s.start + n : s.end });
	s.start = s.start + n < s.end ? s.start + n : s.end;
	return s;
}

static void do_run(void)
{
	write_run(any_stretch());
}

static void do_stride(void)
{
	size_t step = 2 + below(63);

	write_stride(step, dense_start(any_stretch()));
}

static void do_64k(void)
{
	write_stride(16, dense_start(any_stretch()));
}

static void do_pairs(void)
{
	size_t edge = 4UL << below(6), i;
	struct stretch s = dense_start(any_stretch());

	for (i = s.start / edge * edge + edge; i < s.end; i += edge) {
		write_page(i - 1);
		write_page(i);
	}
}

static void do_headers(void)
{
	size_t record = 2 + below(32), i, k;
	bool trailer = below(2), read = below(2);
	struct stretch s = dense_start(any_stretch());

	for (i = s.start; i + record <= s.end; i += record) {
		write_page(i);
		for (k = 1; read && k < record; k++)
			read_page(i + k);
		if (trailer)
			write_page(i + record - 1);
	}
}

static void do_holes(void)
{
	struct stretch s = any_stretch();
	size_t n = 1 + below(20), i, length;

	write_run(s);
	while (n--) {
		i = below(pages);
		length = 1 + below(40);
		drop(i, i + length < pages ? length : pages - i);
		if (below(2))
			write_page(i);
	}
	if (below(2))
		write_run(s);
}

static void do_backwards(void)
{
	struct stretch s = dense_start(any_stretch());

	while (s.end > s.start)
		write_page(--s.end);
}

static size_t order[MAX_PAGES];

static void do_shuffled(void)
{
	size_t i, k, other;

	for (i = 0; i < pages; i++)
		order[i] = i;
	for (i = pages; i-- > 1; ) {
		k = below(i + 1);
		other = order[i];
		order[i] = order[k];
		order[k] = other;
	}
	for (i = 0; i < pages; i++)
		write_page(order[i]);
}

static void do_fronts(void)
{
	struct stretch s[8];
	size_t n = 2 + below(7), i, left;

	for (i = 0; i < n; i++)
		s[i] = any_stretch();
	do {
		for (i = left = 0; i < n; i++) {
			size_t burst = 1 + below(5);

			for (; burst && s[i].start < s[i].end; burst--)
				write_page(s[i].start++);
			left += s[i].end - s[i].start;
		}
	} while (left);
}

static void do_mixed(void)
{
	size_t n = below(2 * pages), i, length;

	while (n--) {
		i = below(pages);
		length = 1 + below(6);
		for (; length && i < pages; length--, i++)
			if (below(8))
				write_page(i);
			else if (below(4))
				read_page(i);
			else
				drop(i, 1);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} patterns[] = {
	{ "run", do_run }, { "stride", do_stride }, { "64k", do_64k },
	{ "pairs", do_pairs }, { "headers", do_headers }, { "holes", do_holes },
	{ "backwards", do_backwards }, { "shuffled", do_shuffled },
	{ "fronts", do_fronts }, { "mixed", do_mixed },
};

#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

/* Which pattern it was, for whoever has to repeat it */
static const char *about(size_t n)
{
	static char text[100];

	snprintf(text, sizeof(text), "pattern %zu (%s, %zu pages, first at %zu of its page table)",
		 n, patterns[n % PATTERNS].name, pages, number_of(0) % TABLE);
	return text;
}

static void same(size_t n, const char *what, long expected, long actual)
{
	if (expected != actual)
		errx(1, "%s: %s: expected %ld, actual %ld", about(n), what, expected, actual);
}

static int do_random(size_t count)
{
	static unsigned char vec[MAX_PAGES];
	long faults, ahead_faults, ahead_pages, brought = 0;
	size_t n, i;

	/* A page of these that is touched first in a pattern would count as a fault. */
	memset(vec, 1, sizeof(vec));
	memset(order, 1, sizeof(order));
	for (n = 0; n < count; n++) {
		get_area("tamalloc", below(TABLE), 1 + below(1200));
		memset(model, 0, sizeof(model));
		memset(written, 0, sizeof(written));
		model_faults = 0;
		model_ahead_faults = 0;
		model_ahead_pages = 0;
		ahead_faults = counter("ahead_faults");
		ahead_pages = counter("ahead_pages");
		faults = minor_faults();
		patterns[n % PATTERNS].run();
		faults = minor_faults() - faults;
		if (mincore(area, pages * PAGE, vec))
			err(1, "mincore");
		for (i = 0; i < pages; i++)
			if ((model[i] ? 1 : 0) != (vec[i] & 1))
				errx(1, "%s: page %zu: expected %s, actual %s", about(n), i,
				     model[i] ? "present" : "none",
				     vec[i] & 1 ? "present" : "none");
		same(n, "faults", model_faults, faults);
		same(n, "ahead_faults", model_ahead_faults,
		     counter("ahead_faults") - ahead_faults);
		same(n, "ahead_pages", model_ahead_pages,
		     counter("ahead_pages") - ahead_pages);
		brought += model_ahead_pages;
		munmap(area, pages * PAGE);
	}
	printf("%zu %ld\n", count, brought);
	return 0;
}

int main(int argc, char **argv)
{
	static char buf[4096];

	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
	memset(buf, 0, sizeof(buf));
	memset(model, 1, sizeof(model));
	memset(written, 1, sizeof(written));
	if (argc >= 5 && !strcmp(argv[1], "touch"))
		return do_touch(argv[2], strtoul(argv[3], NULL, 10), argv + 4);
	if (argc == 4 && !strcmp(argv[1], "each"))
		return do_each(argv[2], strtoul(argv[3], NULL, 10));
	if (argc == 5 && !strcmp(argv[1], "random")) {
		seed = strtoull(argv[2], NULL, 10) * 2 + 1;
		largest = strtoul(argv[4], NULL, 10) * 1024 / PAGE;
		return do_random(strtoul(argv[3], NULL, 10));
	}
	if (argc == 3 && !strcmp(argv[1], "flags"))
		return do_flags(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "turns"))
		return do_turns(strtoul(argv[2], NULL, 10));
	fputs("usage: callahead touch WAY PAGES OP... | each WAY PAGES |\n"
	      "       random SEED COUNT AHEAD_KB | flags WAY | turns PAGES\n", stderr);
	return 2;
}
