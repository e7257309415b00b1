// SPDX-License-Identifier: GPL-2.0-only
/* tamhold: hold memory reserved, for shell scripts */

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients.h"
#include "settle.h"

/* As in the shell */
#define EXIT_CANNOT_RUN	126
#define EXIT_NOT_FOUND	127
#define EXIT_SIGNAL	128

static const char help[] =
	"Usage: tamhold [-t MIB] [-z] MIB [COMMAND [ARGUMENT...]]\n"
	"Reserve MIB mebibytes with tamalloc and hold them until the end of standard\n"
	"input, SIGTERM or SIGINT; or, with COMMAND, while COMMAND runs.\n"
	"\n"
	"  -t, --touch=MIB  write to every page of the first MIB mebibytes (default 0)\n"
	"  -z, --zero       before writing, check that every byte there reads 0\n"
	"  -h, --help       print this and exit\n"
	"  -V, --version    print the version and exit\n"
	"\n"
	"When it holds the memory, it prints one line on standard output:\n"
	"  PID RESERVED_KB TOUCHED_KB\n"
	"The process that holds the memory is the parent of COMMAND ($PPID). It\n"
	"forwards a SIGTERM to COMMAND.\n"
	"\n"
	"In a script, the standard input of a background job is empty and ends at once.\n"
	"Give such a job an input that stays open (a fifo, a coprocess), or a COMMAND.\n"
	"A background job of an interactive shell holds the memory until you kill it,\n"
	"or bring it to the foreground and end the terminal's input.\n"
	"\n"
	"Exit status: 0 released, 1 failed, 2 wrong usage; with COMMAND its status, or\n"
	"126 if it cannot be run, 127 if it is not found, 128+N if signal N ended it.\n";

static const struct option options[] = {
	{ "touch", required_argument, NULL, 't' },
	{ "zero",  no_argument,       NULL, 'z' },
	{ "help",  no_argument,       NULL, 'h' },
	{ "version", no_argument,     NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static pid_t command_pid;

static void release(int sig)
{
	(void)sig;
	_exit(EXIT_SUCCESS);
}

static void pass_on(int sig)
{
	int saved = errno;

	kill(command_pid, sig);
	errno = saved;
}

static void handle(int sig, void (*handler)(int sig))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	if (sigaction(sig, &action, NULL))
		err(EXIT_FAILURE, "sigaction");
}

static void print_held(size_t size, size_t touched)
{
	printf("%ld %zu %zu\n", (long)getpid(), size >> 10, touched >> 10);
	flush_stdout();
}

static void wait_for_end_of_input(void)
{
	char buf[4096];
	ssize_t got;

	/*
	 * Without this, the terminal stops a background job that reads. With it, such
	 * a read fails with EIO, and the job may come to the foreground later.
	 */
	handle(SIGTTIN, SIG_IGN);
	for (;;) {
		got = read(STDIN_FILENO, buf, sizeof(buf));
		if (!got)
			return;
		if (got < 0 && errno == EIO && isatty(STDIN_FILENO))
			sleep(1);
		else if (got < 0 && errno != EINTR)
			err(EXIT_FAILURE, "standard input");
	}
}

/*
 * posix_spawn() and not fork(), because it copies no page tables and needs no
 * second commit charge for the held memory.
 */
static void start_command(char **command)
{
	posix_spawnattr_t attr;
	sigset_t term, old;
	int error;

	/* A SIGTERM waits until there is a command to forward it to. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &old);

	error = posix_spawnattr_init(&attr);
	if (!error)
		error = posix_spawnattr_setsigmask(&attr, &old);
	if (!error)
		error = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	if (!error)
		error = posix_spawnp(&command_pid, command[0], NULL, &attr,
				     command, environ);
	if (error)
		errx(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN,
		     "cannot run %s: %s", command[0], strerror(error));
	posix_spawnattr_destroy(&attr);

	/* The terminal sends its signals to the command directly. */
	handle(SIGINT, SIG_IGN);
	handle(SIGQUIT, SIG_IGN);
	handle(SIGTERM, pass_on);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static int wait_for_command(void)
{
	siginfo_t info;

	/* Reap it after removing the handler, which must not signal a reused pid. */
	while (waitid(P_PID, (id_t)command_pid, &info, WEXITED | WNOWAIT))
		if (errno != EINTR)
			err(EXIT_FAILURE, "waitid");
	handle(SIGTERM, SIG_IGN);
	waitpid(command_pid, NULL, 0);

	if (info.si_code == CLD_EXITED)
		return info.si_status;

	return EXIT_SIGNAL + info.si_status;
}

int main(int argc, char **argv)
{
	size_t size, touch = 0, bad;
	bool zero = false;
	char *mem;
	int opt;

	/* "+": options after COMMAND belong to COMMAND. */
	while ((opt = getopt_long(argc, argv, "+t:zhV", options, NULL)) != -1) {
		switch (opt) {
		case 't':
			touch = parse_mib("-t MIB", optarg, 0);
			break;
		case 'z':
			zero = true;
			break;
		default:
			return answer_option(opt, help);
		}
	}

	if (optind == argc)
		errx(EXIT_USAGE, "the argument MIB is needed; see --help");

	size = parse_mib("MIB", argv[optind++], 1);
	if (touch > size)
		errx(EXIT_USAGE, "cannot touch %zu MiB of %zu", touch >> 20, size >> 20);

	mem = reserve_or_exit(size);

	if (zero) {
		bad = first_nonzero(mem, touch);
		if (bad < touch)
			errx(EXIT_FAILURE, "byte %zu reads 0x%02x, not 0", bad,
			     (unsigned int)(unsigned char)mem[bad]);
	}
	write_pages(mem, touch);
	settle_counters();

	if (optind < argc) {
		print_held(size, touch);
		start_command(argv + optind);
		return wait_for_command();
	}

	/* Before printing the line: its reader may send a signal at once. */
	handle(SIGTERM, release);
	handle(SIGINT, release);
	print_held(size, touch);
	wait_for_end_of_input();

	return EXIT_SUCCESS;
}
