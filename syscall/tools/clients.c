// SPDX-License-Identifier: GPL-2.0-only
/* Shared by the client programs of tamalloc() */

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clients.h"
#include "settle.h"
#include "tamalloc.h"

unsigned long parse_number(const char *what, const char *text,
			   unsigned long min, unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);

	/* strtoul() also accepts leading blanks and a sign. */
	if (!isdigit((unsigned char)text[0]) || *end || errno ||
	    value < min || value > max)
		errx(EXIT_USAGE, "%s must be a number from %lu to %lu, not '%s'",
		     what, min, max, text);

	return value;
}

size_t parse_mib(const char *what, const char *text, unsigned long min)
{
	return parse_number(what, text, min, SIZE_MAX >> MIB_SHIFT) << MIB_SHIFT;
}

const char *tamalloc_error(int error)
{
	if (error == ENOSYS)
		return "this kernel has no tamalloc (CONFIG_TAMALLOC); boot the patched kernel";

	return strerror(error);
}

void *reserve_or_exit(size_t size)
{
	void *mem = tamalloc(size);

	if (!mem)
		errx(EXIT_FAILURE, "cannot reserve %zu kB: %s", size >> 10,
		     tamalloc_error(errno));

	return mem;
}

size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

unsigned char read_pages(const void *mem, size_t size)
{
	const unsigned char *bytes = mem;
	size_t step = page_size();
	unsigned char seen = 0;
	size_t i;

	for (i = 0; i < size; i += step)
		seen |= bytes[i];

	return seen;
}

void write_pages(void *mem, size_t size)
{
	unsigned char *bytes = mem;
	size_t step = page_size();
	size_t i;

	for (i = 0; i < size; i += step)
		bytes[i] = 1;
}

size_t first_nonzero(const void *mem, size_t size)
{
	const unsigned char *bytes = mem;
	size_t i = 0;

	/* Fast: if the first byte is 0 and each equals the next, all are 0. */
	if (size && !bytes[0] && !memcmp(bytes, bytes + 1, size - 1))
		return size;

	while (i < size && !bytes[i])
		i++;

	return i;
}

long minor_faults(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		err(EXIT_FAILURE, "getrusage");

	return usage.ru_minflt;
}

int answer_option(int opt, const char *help)
{
	switch (opt) {
	case 'h':
		fputs(help, stdout);
		break;
	case 'V':
		printf("%s (tamalloc) %s\n", program_invocation_short_name,
		       TAMALLOC_VERSION);
		break;
	default:
		return EXIT_USAGE;
	}
	flush_stdout();

	return EXIT_SUCCESS;
}

size_t only_mib(int argc, char **argv, const char *help, const char *mib)
{
	static const struct option options[] = {
		{ "help",    no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int opt = getopt_long(argc, argv, "hV", options, NULL);

	if (opt != -1)
		exit(answer_option(opt, help));
	if (argc - optind > 1)
		errx(EXIT_USAGE, "one argument, MIB, is enough; see --help");

	return parse_mib("MIB", optind < argc ? argv[optind] : mib, 1);
}

void flush_stdout(void)
{
	if (fflush(stdout) || ferror(stdout))
		err(EXIT_FAILURE, "standard output");
}

int textfile_open(struct textfile *file, const char *path, size_t size)
{
	file->path = path;
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return -1;

	file->size = size + 1;
	file->text = malloc(file->size);
	if (!file->text)
		err(EXIT_FAILURE, "%s", path);

	return 0;
}

const char *textfile_read(struct textfile *file)
{
	size_t len = 0;
	ssize_t got;

	settle_counters();

	for (;;) {
		/* Keep one byte for the end of the string. */
		if (len + 1 == file->size) {
			file->size *= 2;
			file->text = realloc(file->text, file->size);
			if (!file->text)
				err(EXIT_FAILURE, "%s", file->path);
		}

		got = pread(file->fd, file->text + len, file->size - len - 1,
			    (off_t)len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err(EXIT_FAILURE, "%s", file->path);
		if (!got)
			break;
		len += (size_t)got;
	}

	file->text[len] = '\0';

	return file->text;
}

void textfile_close(struct textfile *file)
{
	free(file->text);
	close(file->fd);
}

void status_open(struct textfile *status)
{
	if (textfile_open(status, "/proc/self/status", 4096))
		err(EXIT_FAILURE, "/proc/self/status");
}

unsigned long status_kb(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *line = text;

	while (line) {
		if (!strncmp(line, key, len) && line[len] == ':')
			return strtoul(line + len + 1, NULL, 10);

		line = strchr(line, '\n');
		if (line)
			line++;
	}

	errx(EXIT_FAILURE, "/proc/self/status has no line %s", key);
}
