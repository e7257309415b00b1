/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the client programs of tamalloc() */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <stddef.h>

#define EXIT_USAGE	2

/* The build defines it: the version in docs/changes.md */
#ifndef TAMALLOC_VERSION
#define TAMALLOC_VERSION	"unknown"
#endif

#define MIB_SHIFT		20
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/*
 * @text as a plain decimal number from @min to @max. Anything else is a usage
 * error: prints one line that names @what, and exits.
 */
unsigned long parse_number(const char *what, const char *text,
			   unsigned long min, unsigned long max);

/* The same for a number of MiB from @min up; returns bytes. */
size_t parse_mib(const char *what, const char *text, unsigned long min);

/* A text for a tamalloc() that left @error in errno */
const char *tamalloc_error(int error);

/* tamalloc(); if it fails, prints one line that says why, and exits with EXIT_FAILURE */
void *reserve_or_exit(size_t size);

size_t page_size(void);

/* Access one byte of every page; reading returns all bytes read or'ed. */
unsigned char read_pages(const void *mem, size_t size);
void write_pages(void *mem, size_t size);

/* Read every byte: the offset of the first that is not 0, or @size. */
size_t first_nonzero(const void *mem, size_t size);

/* Minor page faults of this process so far */
long minor_faults(void);

/*
 * Answer the option @opt, 'h' by @help and 'V' by the version. Returns the exit
 * status, EXIT_USAGE for any other.
 */
int answer_option(int opt, const char *help);

/*
 * For a program whose only argument is MIB, @mib by default: its bytes. Answers
 * the options as answer_option() does, and then exits.
 */
size_t only_mib(int argc, char **argv, const char *help, const char *mib);

/* Exit with EXIT_FAILURE if standard output failed to take all the output. */
void flush_stdout(void);

/* A text file about this process, read repeatedly through one descriptor */
struct textfile {
	const char *path;
	int fd;
	size_t size;
	char *text;
};

/*
 * @size is the expected length of the text. Returns -1 and sets errno if the file
 * cannot be opened.
 */
int textfile_open(struct textfile *file, const char *path, size_t size);

/* The whole text as it is now, with exact counters; valid until the next call for this file */
const char *textfile_read(struct textfile *file);

void textfile_close(struct textfile *file);

/* /proc/PID/status of the calling process: not to be shared across fork() */
void status_open(struct textfile *status);

/* The value of a "Key:   value kB" line in the text of textfile_read() */
unsigned long status_kb(const char *text, const char *key);

#endif /* CLIENTS_H */
