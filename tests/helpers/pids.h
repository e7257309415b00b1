/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading /proc/tamalloc from C: whole files with any size of read, strict
 * rows. Nothing here allocates, so the reader's own figures stand still.
 */
#ifndef TESTS_PIDS_H
#define TESTS_PIDS_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	F_PID, F_UID, F_STARTTIME, F_RESERVED, F_COMMITTED, F_PCT, F_RSS,
	F_ANON, F_FILE, F_SHMEM, F_SWAP, F_HUGETLB, F_PGTABLES, F_SCORE, F_ADJ,
	F_PPID, F_CGROUP, NR_FIELDS
};

struct row {
	long long field[NR_FIELDS];	/* F_PCT in hundredths */
	char name[64];
};

/* Read from @fd to its end in pieces of @piece. Returns the number of bytes. */
static inline size_t read_all(int fd, char *buf, size_t size, size_t piece)
{
	size_t len = 0;
	ssize_t n;

	for (;;) {
		if (len == size)
			errx(1, "more than %zu bytes", size);
		n = read(fd, buf + len, piece < size - len ? piece : size - len);
		if (n < 0)
			err(1, "read");
		if (!n)
			return len;
		len += n;
	}
}

static inline size_t read_file(const char *path, char *buf, size_t size,
			       size_t piece)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len;

	if (fd < 0)
		err(1, "%s", path);
	len = read_all(fd, buf, size, piece);
	close(fd);
	return len;
}

/* A decimal number after at least one space; NULL if it is missing. */
static inline const char *parse_num(const char *p, long long *num, bool sign)
{
	const char *digits;
	bool minus = false;

	if (*p != ' ')
		return NULL;
	while (*p == ' ')
		p++;
	if (sign && *p == '-') {
		minus = true;
		p++;
	}
	*num = 0;
	for (digits = p; *p >= '0' && *p <= '9'; p++)
		*num = *num * 10 + (*p - '0');
	if (minus)
		*num = -*num;
	return p == digits || p - digits > 15 ? NULL : p;
}

/* Parse the row at @p strictly. Returns its end after the newline, or NULL. */
static inline const char *parse_row(const char *p, struct row *row)
{
	const char *name;
	int i;

	for (i = 0; i < NR_FIELDS; i++) {
		p = parse_num(p, &row->field[i], i == F_ADJ);
		if (!p)
			return NULL;
		if (i != F_PCT)
			continue;
		if (p[0] != '.' || p[1] < '0' || p[1] > '9' || p[2] < '0' ||
		    p[2] > '9')
			return NULL;
		row->field[i] = row->field[i] * 100 + (p[1] - '0') * 10 +
				(p[2] - '0');
		p += 3;
	}
	if (*p++ != ' ')
		return NULL;
	for (name = p; *p > 0x20 && *p < 0x7f; p++)
		;
	if (p == name || *p != '\n' || p - name >= (int)sizeof(row->name))
		return NULL;
	memcpy(row->name, name, p - name);
	row->name[p - name] = '\0';
	return p + 1;
}

/* The byte after the header line; NULL if the line is no header. */
static inline const char *skip_header(const char *p)
{
	while (*p == ' ')
		p++;
	if (strncmp(p, "PID ", 4))
		return NULL;
	p = strchr(p, '\n');
	return p && !strncmp(p - 5, " NAME", 5) ? p + 1 : NULL;
}

#endif
