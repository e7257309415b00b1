// SPDX-License-Identifier: GPL-2.0-only
/*
 * openas: open a file as one user and pass it to a program of root
 *
 * Usage: openas UID FILE PROGRAM [ARGUMENT...]
 *
 * Opens FILE with UID and its group as the only effective ids. Root then executes
 * PROGRAM with FILE as standard input.
 */
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd, id;

	if (argc < 4)
		errx(2, "usage: openas UID FILE PROGRAM [ARGUMENT...]");
	id = atoi(argv[1]);
	if (setgroups(0, NULL) || setegid(id) || seteuid(id))
		err(1, "cannot become %d", id);
	fd = open(argv[2], O_RDONLY);
	if (fd < 0)
		err(1, "%s", argv[2]);
	if (seteuid(0) || setegid(0))
		err(1, "cannot become root again");
	if (dup2(fd, 0) < 0)
		err(1, "dup2");
	if (fd)
		close(fd);
	execvp(argv[3], argv + 3);
	err(1, "%s", argv[3]);
}
