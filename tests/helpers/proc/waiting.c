// SPDX-License-Identifier: GPL-2.0-only
/*
 * waiting: read into a page that is not there yet
 *
 * Usage: waiting FILE
 *
 * userfaultfd handles the page of the buffer: the copy to it waits until another
 * thread provides the page. Prints whether the read waited, and whether it then
 * returned the same bytes as a read into an ordinary buffer.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "page.h"
#include "pids.h"
#include "uffd.h"

static int uffd;
static bool waited;
static char zero[PAGE_MOST], plain[1 << 20];

static void *provide(void *page)
{
	struct uffdio_copy copy = {
		.dst = (unsigned long)page,
		.src = (unsigned long)zero,
		.len = PAGE,
	};

	uffd_wait(uffd);
	waited = true;
	if (ioctl(uffd, UFFDIO_COPY, &copy))
		err(1, "UFFDIO_COPY");
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	size_t len;
	ssize_t n;
	char *page;
	int fd;

	if (argc != 2)
		errx(2, "usage: waiting FILE");
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		err(1, "mmap");
	uffd = uffd_register(page, PAGE, UFFDIO_REGISTER_MODE_MISSING);
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	memset(plain, 1, sizeof(plain));
	if (pthread_create(&thread, NULL, provide, page))
		errx(1, "pthread_create");
	n = read(fd, page, 300);
	if (n != 300)
		err(1, "expected 300 bytes, actual %zd", n);
	pthread_join(thread, NULL);
	/* The rows below the first two lines change with this program. */
	len = pread(fd, plain, sizeof(plain), 0);
	n = strcspn(plain, "\n") + 1;
	printf("%s, then read %s\n", waited ? "waited" : "did not wait",
	       len >= 300 && !memcmp(plain, page, n < 300 ? n : 300) ?
	       "the same" : "something else");
	return 0;
}
