// SPDX-License-Identifier: GPL-2.0-only
/*
 * faultpage: repeat an operation until it fails to get a page
 *
 * Usage: faultpage OPERATION TRIES
 *
 * OPERATION is call, or open_, read_, pread_ or lseek_ with pids or summary. The
 * caller sets up which pages fail. The faults hit only processes that are marked in
 * /proc/self/make-it-fail, as this one is.
 *
 * An operation needs a page only when an allocator has no object left. So the program
 * keeps what each try makes, until one returns ENOMEM; any other error ends it. The
 * same operation, repeated on the same descriptor without faults, must succeed.
 *
 * Prints the number of tries until ENOMEM, or "never".
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include "fault.h"
#include "pids.h"
#include "tamalloc.h"

#define CALL_SIZE	(2 * 4096)

static const char *path;
static int fd;

static long do_open(void)
{
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd;
}

static long do_read(void)
{
	static char text[65536];

	return read(fd, text, sizeof(text));
}

static long do_pread(void)
{
	char text[200];

	return pread(fd, text, sizeof(text), 170);
}

static long do_lseek(void)
{
	return lseek(fd, 170, SEEK_SET);
}

/* A part without access keeps it from merging with the next mapping. */
static long do_call(void)
{
	void *p = tamalloc(CALL_SIZE);

	if (!p)
		return -1;
	if (mprotect(p, CALL_SIZE / 2, PROT_NONE))
		err(1, "mprotect");
	return 0;
}

static const struct operation {
	const char *name;
	long (*once)(void);
	const char *path;
} operations[] = {
	{ "open_pids",		do_open,	"/proc/tamalloc/pids" },
	{ "open_summary",	do_open,	"/proc/tamalloc/summary" },
	{ "read_pids",		do_read,	"/proc/tamalloc/pids" },
	{ "read_summary",	do_read,	"/proc/tamalloc/summary" },
	{ "pread_pids",		do_pread,	"/proc/tamalloc/pids" },
	{ "pread_summary",	do_pread,	"/proc/tamalloc/summary" },
	{ "lseek_pids",		do_lseek,	"/proc/tamalloc/pids" },
	{ "lseek_summary",	do_lseek,	"/proc/tamalloc/summary" },
	{ "call",		do_call,	NULL },
};

static const struct operation *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(name, operations[i].name))
			return &operations[i];
	errx(2, "there is no operation %s", name);
}

int main(int argc, char **argv)
{
	int i, tries = argc == 3 ? atoi(argv[2]) : 0;
	struct rlimit limit;
	const struct operation *op;

	if (tries < 1)
		errx(2, "usage: faultpage OPERATION TRIES");
	op = find(argv[1]);
	path = op->path;
	/* Also close what is already open. */
	limit.rlim_cur = tries + 100;
	limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "setrlimit");
	may_fail(true);
	for (i = 1; i <= tries; i++) {
		if (op->once != do_open && path && do_open() < 0)
			err(1, "%s", path);
		if (op->once() >= 0)
			continue;
		if (errno != ENOMEM)
			err(1, "%s, try %d", op->name, i);
		may_fail(false);
		if (op->once() < 0)
			err(1, "%s, again without faults", op->name);
		printf("after %d\n", i);
		return 0;
	}
	puts("never");
	return 0;
}
