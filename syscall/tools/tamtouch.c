// SPDX-License-Identifier: GPL-2.0-only
/* tamtouch: reserve memory, touch it step by step, and show what it costs */

#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients.h"

static const char help[] =
	"Usage: tamtouch [-s STEPS] [-p PERCENT] [-r|-w] MIB\n"
	"Reserve MIB mebibytes with tamalloc, touch a share of them step by step,\n"
	"and print the touched memory beside the committed memory.\n"
	"\n"
	"  -s, --steps=STEPS      number of steps (default 10)\n"
	"  -p, --percent=PERCENT  share of the memory to touch (default 100)\n"
	"  -r, --read             read every byte, and check that it is 0\n"
	"  -w, --write            write to every page (default)\n"
	"  -h, --help             print this and exit\n"
	"  -V, --version          print the version and exit\n"
	"\n"
	"Step 0 is before the first touch. COMMITTED_KB is the growth of RssAnon since\n"
	"before the call. It exceeds TOUCHED_KB by what the kernel filled ahead; reads\n"
	"commit nothing. MINFLT counts the minor page faults since\n"
	"before the call; the other columns are from /proc/self/status.\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static const struct option options[] = {
	{ "steps",   required_argument, NULL, 's' },
	{ "percent", required_argument, NULL, 'p' },
	{ "read",    no_argument,       NULL, 'r' },
	{ "write",   no_argument,       NULL, 'w' },
	{ "help",    no_argument,       NULL, 'h' },
	{ "version", no_argument,       NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static void print_step(struct textfile *status, unsigned long step, size_t size,
		       size_t touched, unsigned long before_kb, long faults)
{
	const char *text = textfile_read(status);
	unsigned long anon_kb = status_kb(text, "RssAnon");

	printf("%4lu %12zu %10zu %12ld %10lu %10lu %10lu %8ld\n", step, size >> 10,
	       touched >> 10, (long)(anon_kb - before_kb), status_kb(text, "VmSize"),
	       status_kb(text, "VmRSS"), anon_kb, faults);
	flush_stdout();
}

static void check_zero(const char *mem, size_t start, size_t end)
{
	size_t bad = start + first_nonzero(mem + start, end - start);

	if (bad < end)
		errx(EXIT_FAILURE, "byte %zu reads 0x%02x, not 0", bad,
		     (unsigned int)(unsigned char)mem[bad]);
}

static void touch_in_steps(size_t size, size_t pages, unsigned long steps,
			   bool write)
{
	size_t page = page_size();
	struct textfile status;
	unsigned long step;
	size_t touched = 0;
	long faults, call_faults;
	unsigned long before_kb;
	char *mem;

	/* The figures leave out the cost of the first print. */
	status_open(&status);
	textfile_read(&status);
	printf("%4s %12s %10s %12s %10s %10s %10s %8s\n", "STEP", "REQUESTED_KB",
	       "TOUCHED_KB", "COMMITTED_KB", "VMSIZE_KB", "VMRSS_KB",
	       "RSSANON_KB", "MINFLT");
	flush_stdout();
	before_kb = status_kb(textfile_read(&status), "RssAnon");

	faults = minor_faults();
	mem = reserve_or_exit(size);
	call_faults = minor_faults() - faults;

	faults = minor_faults() - call_faults;
	print_step(&status, 0, size, touched, before_kb, call_faults);

	for (step = 1; step <= steps; step++) {
		size_t end = (size_t)((unsigned long long)pages * step / steps) * page;

		if (write)
			write_pages(mem + touched, end - touched);
		else
			check_zero(mem, touched, end);

		touched = end;
		print_step(&status, step, size, touched, before_kb,
			   minor_faults() - faults);
	}
}

int main(int argc, char **argv)
{
	unsigned long percent = 100;
	unsigned long steps = 10;
	bool write = true;
	size_t size, pages;
	int opt;

	while ((opt = getopt_long(argc, argv, "s:p:rwhV", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			steps = parse_number("STEPS", optarg, 1, 1000000);
			break;
		case 'p':
			percent = parse_number("PERCENT", optarg, 0, 100);
			break;
		case 'r':
			write = false;
			break;
		case 'w':
			write = true;
			break;
		default:
			return answer_option(opt, help);
		}
	}

	if (argc - optind != 1)
		errx(EXIT_USAGE, "one argument, MIB, is needed; see --help");

	size = parse_mib("MIB", argv[optind], 1);
	pages = (size_t)((unsigned long long)(size / page_size()) * percent / 100);

	touch_in_steps(size, pages, steps, write);

	return EXIT_SUCCESS;
}
