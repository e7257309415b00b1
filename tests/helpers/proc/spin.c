// SPDX-License-Identifier: GPL-2.0-only
/*
 * spin: read files of /proc without end, or be a process to read about
 *
 * Usage: spin FILE...       read them in turn until killed
 *        spin --mortal N    start N processes one after the other, which touch
 *                           some memory and exit
 *        spin --hold PID    hold the address space of PID until it has ended,
 *                           so that this process has to tear it down
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "page.h"
#include "pids.h"
#include "uffd.h"

static char buf[1 << 20];

static int mortal(int number)
{
	static char memory[64 * PAGE_MOST];
	volatile char *pages = memory;
	pid_t pid;
	int i;

	while (number--) {
		pid = fork();
		if (pid < 0)
			err(1, "fork");
		if (!pid) {
			for (i = 0; i < 64; i++)
				pages[i * PAGE] = 1;
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}

static int uffd;
static pid_t held;

/* When the copy to the page waits, kill; then let the copy continue. */
static void *kill_held(void *page)
{
	struct uffdio_zeropage range = {
		.range = { (unsigned long)page, PAGE },
	};

	uffd_wait(uffd);
	if (kill(held, SIGKILL))
		err(1, "kill");
	while (!kill(held, 0))
		usleep(10000);
	if (ioctl(uffd, UFFDIO_ZEROPAGE, &range))
		err(1, "UFFDIO_ZEROPAGE");
	return NULL;
}

/*
 * mem takes a reference to the address space for as long as a read lasts, and
 * the copy to the reader's page is part of that.
 */
static int hold(pid_t pid)
{
	unsigned long at;
	pthread_t thread;
	char path[64];
	void *page;
	int fd;

	held = pid;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		err(1, "mmap");
	uffd = uffd_register(page, PAGE, UFFDIO_REGISTER_MODE_MISSING);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	buf[read_file(path, buf, sizeof(buf) - 1, PAGE)] = '\0';
	at = strtoul(buf, NULL, 16);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	if (pthread_create(&thread, NULL, kill_held, page))
		errx(1, "pthread_create");
	if (pread(fd, page, 100, at) != 100)
		err(1, "%s at %#lx", path, at);
	pthread_join(thread, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	int fds[8], i, n = 0;

	if (argc == 3 && !strcmp(argv[1], "--mortal"))
		return mortal(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "--hold"))
		return hold(atoi(argv[2]));
	for (i = 1; i < argc && n < 8; i++) {
		fds[n] = open(argv[i], O_RDONLY | O_CLOEXEC);
		if (fds[n++] < 0)
			err(1, "%s", argv[i]);
	}
	if (!n)
		errx(2, "usage: spin FILE...");
	for (i = 0; ; i = (i + 1) % n) {
		lseek(fds[i], 0, SEEK_SET);
		read_all(fds[i], buf, sizeof(buf), 65536);
	}
}
