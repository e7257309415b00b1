// SPDX-License-Identifier: GPL-2.0-only
/* Text that grows, figures and names as text, and hash tables */

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>
#include <wchar.h>

bool show_utf8;

void complain(const char *who, const char *format, va_list args)
{
	char message[4096];

	vsnprintf(message, sizeof(message), format, args);
	for (char *c = message; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	fprintf(stderr, "%s%s\n", who, message);
}

const char *refused_option(int what, char **argv, const char *letters)
{
	static char shown[3] = "-";
	const char *word = argv[optind - 1];

	/* Behind a letter in the middle of a word, that word is still to come. */
	if (what == ':' ? !strncmp(word, "--", 2) :
			  !optopt || optopt > UCHAR_MAX || strchr(letters, optopt))
		return word;
	shown[1] = optopt > 0 ? optopt : '?';
	return shown;
}

void *grow(void *old, size_t count, size_t size)
{
	void *new = reallocarray(old, count, size);

	if (!new)
		die("out of memory");
	return new;
}

void text_more(struct text *text, size_t more)
{
	text->size = 2 * text->size + more + 64;
	text->s = grow(text->s, text->size, 1);
}

void text_back(struct text *text)
{
	do {
		text->len -= text->len > 0;
	} while (text->len && (text->s[text->len] & 0xc0) == 0x80);
}

void text_format(struct text *text, const char *format, ...)
{
	va_list args;
	size_t len;

	/* It mostly fits. */
	text_room(text, 128);
	va_start(args, format);
	len = vsnprintf(text->s + text->len, text->size - text->len, format, args);
	va_end(args);
	if (len >= text->size - text->len) {
		text_room(text, len + 1);
		va_start(args, format);
		vsnprintf(text->s + text->len, len + 1, format, args);
		va_end(args);
	}
	text->len += len;
}

char *text_end(struct text *text)
{
	*text_room(text, 1) = '\0';
	return text->s;
}

char *path_join(const char *dir, const char *file)
{
	struct text path = { 0 };

	text_format(&path, "%s/%s", dir, file);
	return text_end(&path);
}

bool file_read(struct text *text, int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_CLOEXEC), error;
	ssize_t got;

	if (fd < 0)
		return false;
	do {
		got = read(fd, text_room(text, 4096), 4096);
		if (got > 0)
			text->len += got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	error = errno;
	close(fd);
	errno = error;
	return !got;
}

bool text_write(struct text *text, int fd)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t put = write(fd, text->s + done, text->len - done);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0)
			done += put;
	}
	text->len = 0;
	return true;
}

char *figure_u64(char *end, uint64_t value)
{
	do {
		*--end = '0' + value % 10;
		value /= 10;
	} while (value);
	return end;
}

char *figure_hundredths(char *end, uint64_t value)
{
	*--end = '0' + value % 10;
	*--end = '0' + value / 10 % 10;
	*--end = '.';
	return figure_u64(end, value / 100);
}

char *figure_human(char *end, uint64_t kb)
{
	const char *unit = "KMGTPEZ";
	uint64_t whole = kb, tenths = 0;

	if (!kb) {
		*--end = '0';
		return end;
	}
	if (kb >= 1000) {
		unsigned int shift = 0;

		/* Rounded, 999.5 of a unit take four digits: the next unit. */
		do {
			shift += 10;
			unit++;
			whole = (kb >> shift) + (kb >> (shift - 1) & 1);
		} while (whole >= 1000);
		/* No more than 10 bits above the point are left: no overflow. */
		if (whole <= 10)
			tenths = ((kb >> (shift - 10)) * 10 + 512) >> 10;
	}
	*--end = *unit;
	if (!tenths || tenths >= 100)
		return figure_u64(end, whole);
	*--end = '0' + tenths % 10;
	*--end = '.';
	*--end = '0' + tenths / 10;
	return end;
}

bool parse_u64(const char *s, size_t len, uint64_t *value)
{
	uint64_t sum = 0;

	if (!len)
		return false;
	for (; len; len--, s++) {
		unsigned int digit = (unsigned char)*s - '0';

		if (digit > 9 || __builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, digit, &sum))
			return false;
	}
	*value = sum;
	return true;
}

/* Bytes of the character of UTF-8 at @s, its code point in @point; 0 if none */
static size_t utf8(const unsigned char *s, size_t len, uint32_t *point)
{
	/* The smallest code point of each length: no overlong forms. */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;

	if (!size || size > len)
		return 0;
	*point = *s & (0x7f >> size);
	for (size_t i = 1; i < size; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (s[i] & 0x3f);
	}
	if (*point < least[size] || *point > 0x10ffff || (*point >= 0xd800 && *point < 0xe000))
		return 0;
	return size;
}

/* Columns of a character on a terminal; -1 for one that could do harm there */
static int columns_of(uint32_t point)
{
	/* Invisible, or turning the direction of what follows. */
	static const uint32_t harmful[][2] = {
		{ 0x80, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x180e, 0x180e },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffd }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(harmful) / sizeof(*harmful); i++)
		if (point >= harmful[i][0] && point <= harmful[i][1])
			return -1;
	return wcwidth(point);
}

static void add_octal(struct text *text, unsigned char c, enum show how)
{
	char out[] = { '\\', '\\', '0' + (c >> 6), '0' + (c >> 3 & 7), '0' + (c & 7) };
	/* A label escapes the backslash itself. */
	size_t skip = how != SHOW_LABEL;

	text_add(text, out + skip, sizeof(out) - skip);
}

static size_t show_ascii(struct text *text, unsigned char c, enum show how)
{
	bool control = c < ' ' || c == 0x7f;

	if (how == SHOW_CSV) {
		text_fill(text, c, c == '"' ? 2 : 1);
	} else if (how == SHOW_JSON && control) {
		text_format(text, "\\u%04x", c);
	} else if (how == SHOW_JSON || (how == SHOW_LABEL && c == '"')) {
		text_add(text, (char[]){ '\\', c }, 2);
	} else if (!control && c != '\\') {
		text_fill(text, c, 1);
	} else {
		add_octal(text, c, how);
		return 4;
	}
	return 1;
}

size_t text_show(struct text *text, const char *s, size_t len, enum show how)
{
	const unsigned char *in = (const unsigned char *)s, *end = in + len;
	size_t columns = 0, size;
	uint32_t point = 0;

	while (in < end) {
		const unsigned char *from = in;
		int width;

		while (in < end && *in >= ' ' && *in < 0x7f && *in != '"' && *in != '\\')
			in++;
		text_add(text, (const char *)from, in - from);
		columns += in - from;
		if (in == end)
			break;
		if (*in < 0x80) {
			columns += show_ascii(text, *in++, how);
			continue;
		}
		size = utf8(in, end - in, &point);
		width = 1;
		if (size && how == SHOW_TABLE)
			width = show_utf8 ? columns_of(point) : -1;
		if (size && width >= 0 && (how != SHOW_LABEL || point >= 0xa0)) {
			text_add(text, (const char *)in, size);
			columns += width;
			in += size;
		} else if (how == SHOW_CSV || how == SHOW_JSON) {
			text_str(text, "\357\277\275");
			in++;
		} else {
			add_octal(text, *in++, how);
			columns += 4;
		}
	}
	return columns;
}

/* How many bytes of @s, which text_show() made, take at most @room columns */
static size_t reach(const char *s, size_t len, size_t room, size_t *columns)
{
	const unsigned char *in = (const unsigned char *)s;
	size_t i = 0, size;

	for (*columns = 0; i < len; i += size) {
		uint32_t point = in[i];
		int width;

		size = point < 0x80 ? 1 : utf8(in + i, len - i, &point);
		width = size > 1 ? wcwidth(point) : 1;
		if (width > 0 && *columns + width > room)
			break;
		*columns += width > 0 ? width : 0;
		size += !size;
	}
	return i;
}

void text_clip(struct text *text, size_t room)
{
	size_t columns;

	text->len = reach(text->s, text->len, room, &columns);
}

void text_cut(struct text *text, size_t start, size_t room, bool middle)
{
	char *s = text->s + start;
	size_t len = text->len - start, columns, kept, head, tail, skip;

	if (len <= room || reach(s, len, room, &columns) == len)
		return;
	if (!room) {
		text->len = start;
	} else if (!middle || room < 8) {
		text->len = start + reach(s, len, room - 1, &columns);
		text_fill(text, '+', 1);
	} else {
		/* The end tells more: two thirds of the room are for it. */
		head = reach(s, len, (room - 3) / 3, &kept);
		reach(s, len, SIZE_MAX, &columns);
		skip = columns - (room - 3 - kept);
		tail = reach(s, len, skip, &columns);
		/* A character of two columns may lie across. */
		if (columns < skip)
			tail = reach(s, len, skip + 1, &columns);
		memcpy(s + head, "...", 3);
		memmove(s + head + 3, s + tail, len - tail);
		text->len = start + head + 3 + len - tail;
	}
}

uint64_t hash_seed(void)
{
	static uint64_t seed;

	if (!seed) {
		memcpy(&seed, (void *)getauxval(AT_RANDOM), sizeof(seed));
		seed |= 1;
	}
	return seed;
}

static struct slot *slot_of(const struct map *map, uint64_t key)
{
	/* Multiplied by a random odd number, the high bits are the best. */
	uint64_t hash = (key ^ key >> 32) * hash_seed();
	size_t at = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15 >> 32 & (map->size - 1);

	while (map->slot[at].value != MAP_NONE && map->slot[at].key != key)
		at = (at + 1) & (map->size - 1);
	return map->slot + at;
}

uint64_t *map_find(const struct map *map, uint64_t key)
{
	struct slot *slot = map->size ? slot_of(map, key) : NULL;

	return slot && slot->value != MAP_NONE ? &slot->value : NULL;
}

uint64_t *map_at(struct map *map, uint64_t key)
{
	struct slot *slot;

	if (2 * map->count >= map->size) {
		struct map new = { .size = map->size ? 2 * map->size : 64 };

		new.slot = grow(NULL, new.size, sizeof(*new.slot));
		memset(new.slot, 0xff, new.size * sizeof(*new.slot));
		for (size_t i = 0; i < map->size; i++)
			if (map->slot[i].value != MAP_NONE)
				*slot_of(&new, map->slot[i].key) = map->slot[i];
		new.count = map->count;
		free(map->slot);
		*map = new;
	}
	slot = slot_of(map, key);
	if (slot->value == MAP_NONE) {
		/* The caller gives it a value, or it stays empty. */
		slot->key = key;
		map->count++;
	}
	return &slot->value;
}

void map_clear(struct map *map)
{
	free(map->slot);
	*map = (struct map){ 0 };
}
