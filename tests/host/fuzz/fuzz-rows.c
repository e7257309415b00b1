// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer on the code that reads /proc/tamalloc/pids and uses its rows:
 * see scripts/suites/fuzz. Whatever a file holds, it is either refused or shown.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tamstat.h"

struct options options = { .limit = SIZE_MAX, .numeric = true, .total = true };

static jmp_buf refused;

void die(const char *format, ...)
{
	(void)format;
	longjmp(refused, 1);
}

void screen_end(void)
{
}

/* Not by what asks the system: that takes long, and is not what is tested. */
static void show(struct view *view, struct table *sample, struct table *was)
{
	static struct table copy = { .spare = VIEW_SPARE };
	static const char * const sorts[] = { "rss", "name", "oom_score_adj", "total", "pct" };

	options.tree = !was && options.by == BY_PROCESS && table_column(sample, "PPID");
	for (volatile size_t i = 0; i < sizeof(sorts) / sizeof(*sorts); i++) {
		options.sort = sorts[i];
		options.form = i % 3;
		options.total = options.form == FORM_TABLE;
		options.reverse = !options.reverse;
		/* A view may be made of the sample itself. */
		view->keep = i & 1;
		table_select_all(sample);
		table_copy(&copy, sample);
		if (!setjmp(refused)) {
			view_make(view, view->keep ? sample : &copy, was);
			print_view(view, i * 17);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct table sample = { .derived = true }, was = { .derived = true }, merged = { .spare = 1, .merge = table_merge };
	static struct view view;
	static int fd = -1, null = -1;

	if (fd < 0) {
		fd = memfd_create("pids", 0);
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDOUT_FILENO);
		proc_path = "/nonexistent";
		show_utf8 = true;
	}
	if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	if (setjmp(refused))
		return 0;
	table_read_fd(&sample, fd, "pids");
	table_read_fd(&was, fd, "pids");
	table_read_fd(&merged, fd, "pids");
	/* So that something grew. */
	was.rows /= 2;
	for (enum by by = BY_PROCESS; by <= BY_USER; by++) {
		options.by = by;
		show(&view, &sample, NULL);
		show(&view, &sample, &was);
	}
	return 0;
}
