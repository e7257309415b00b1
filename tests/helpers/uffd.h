/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory whose page faults the program itself handles */
#ifndef TESTS_UFFD_H
#define TESTS_UFFD_H

#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The descriptor of a userfaultfd for the memory, @mode as in UFFDIO_REGISTER_MODE_MISSING */
static inline int uffd_register(void *mem, size_t size, __u64 mode)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)mem, size },
		.mode = mode,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		err(1, "userfaultfd");
	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "UFFDIO_REGISTER");
	return uffd;
}

/* Wait for a fault. If none comes, the alarm ends the program. */
static inline struct uffd_msg uffd_wait(int uffd)
{
	struct uffd_msg msg;

	alarm(60);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg) ||
	    msg.event != UFFD_EVENT_PAGEFAULT)
		errx(1, "nobody waits for a page");
	return msg;
}

#endif /* TESTS_UFFD_H */
