/* SPDX-License-Identifier: GPL-2.0-only */
/* Text that grows, figures and names as text, and hash tables */
#ifndef TAMALLOC_TEXT_H
#define TAMALLOC_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef TAMALLOC_VERSION
#define TAMALLOC_VERSION	"unknown"	/* by hand; "make" knows it */
#endif

/* What helps where a file of /proc/tamalloc is missing */
#define NO_FILE	"there is no %s; load the module (modprobe tamalloc), " \
		"boot a kernel with CONFIG_PROC_TAMALLOC, or mount /proc without subset=pid"

/* Each program has its own: one line on standard error, then it ends */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Its message: @who and the rest as one line, whatever was typed */
void complain(const char *who, const char *format, va_list args);

/*
 * The option that getopt_long() did not take, for a message. @what is what it returned,
 * @letters are the short options.
 */
const char *refused_option(int what, char **argv, const char *letters);

/* realloc() of @count elements, which never fails; cannot be called with 0 */
void *grow(void *old, size_t count, size_t size);

/*
 * struct text - bytes that grow at the end
 * @s: the bytes; no NUL at the end unless text_end() put it there
 */
struct text {
	char *s;
	size_t len, size;
};

void text_more(struct text *text, size_t more);

/* The last character off; of UTF-8, all its bytes */
void text_back(struct text *text);

/* Room for @more bytes at the end, where the caller may write */
static inline char *text_room(struct text *text, size_t more)
{
	if (text->size - text->len < more)
		text_more(text, more);
	return text->s + text->len;
}

static inline void text_add(struct text *text, const char *s, size_t len)
{
	if (len)
		memcpy(text_room(text, len), s, len);
	text->len += len;
}

static inline void text_str(struct text *text, const char *s)
{
	text_add(text, s, strlen(s));
}

static inline void text_fill(struct text *text, char c, size_t len)
{
	char *s = text_room(text, len);

	/* Mostly one or a few: no call. */
	for (size_t i = 0; i < len; i++)
		s[i] = c;
	text->len += len;
}

void text_format(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The bytes as a string */
char *text_end(struct text *text);

/* DIR/FILE, to be freed */
char *path_join(const char *dir, const char *file);

/*
 * file_read - append a whole file; for small ones
 *
 * @at is a directory as for openat(). Returns false with errno set if the file
 * cannot be opened or read.
 */
bool file_read(struct text *text, int at, const char *path);

/* Write all of @text and empty it; false with errno set if that fails */
bool text_write(struct text *text, int fd);

/* Longest text of a figure: sign, 20 digits, point, unit */
#define FIGURE_MAX 32

/* These write backwards from @end and return the start */
char *figure_u64(char *end, uint64_t value);
/* @value hundredths, with two decimals */
char *figure_hundredths(char *end, uint64_t value);
/* @kb kB in at most four characters, as 9.8T; units are 1024 of the one before */
char *figure_human(char *end, uint64_t kb);

/* a + b and a * b, or 2^64-1 if that does not fit */
static inline uint64_t sum_of(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

/*
 * parse_u64 - a number in decimal and nothing else
 *
 * Returns false for an empty string, any other character, and from 2^64 on.
 */
bool parse_u64(const char *s, size_t len, uint64_t *value);

/*
 * How bytes that somebody else chose are shown:
 *
 * SHOW_TABLE	safe on a terminal: control characters, the backslash, and bytes that
 *		are not UTF-8 (or not ASCII, in another locale) as \ooo
 * SHOW_CSV	inside of double quotes; bytes that are not UTF-8 as U+FFFD
 * SHOW_JSON	a string without its quotes; bytes that are not UTF-8 as U+FFFD
 * SHOW_LABEL	the value of a label of Prometheus: any byte that is not part of a
 *		printable character as \ooo, so that no two become one
 */
enum show { SHOW_TABLE, SHOW_CSV, SHOW_JSON, SHOW_LABEL };

/* Append @len bytes at @s; returns how many columns of a terminal they take */
size_t text_show(struct text *text, const char *s, size_t len, enum show how);

/*
 * Cut what text_show() appended from @start on to @room columns; "+" at the end
 * tells of it, in the middle "..." with @middle.
 */
void text_cut(struct text *text, size_t start, size_t room, bool middle);

/* Leave away what is beyond @room columns */
void text_clip(struct text *text, size_t room);

/* Whether the terminal takes UTF-8; set by the program */
extern bool show_utf8;

/* struct map - from 64 bits to 64 bits, other than MAP_NONE */
#define MAP_NONE UINT64_MAX
struct map {
	struct slot {
		uint64_t key, value;
	} *slot;
	size_t count, size;
};

/* The value of @key, MAP_NONE if there was none; valid until the next call */
uint64_t *map_at(struct map *map, uint64_t key);
/* The same without adding it: NULL if the map does not have it */
uint64_t *map_find(const struct map *map, uint64_t key);
void map_clear(struct map *map);

/* Differs from run to run, so nobody can choose names that collide */
uint64_t hash_seed(void);

#endif
