// SPDX-License-Identifier: GPL-2.0-only
/* The rows of /proc/tamalloc/pids as a table */

#include "rows.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Longer than any line can be: 64 columns of 20 digits and a name */
#define BUFFER_SIZE 65536
/* Read at once: each page of it costs as much as five rows. */
#define READ_SIZE 16384

struct chunk {
	struct chunk *next;
	size_t used, size;
	char bytes[] __attribute__((aligned(8)));
};

static void *pool_alloc(struct pool *pool, size_t size)
{
	struct chunk *chunk = pool->chunk;

	size = (size + 7) & ~(size_t)7;
	if (!chunk || chunk->size - chunk->used < size) {
		size_t room = size > 4000 ? size : 4000;

		chunk = grow(NULL, sizeof(*chunk) + room, 1);
		*chunk = (struct chunk){ .next = pool->chunk, .size = room };
		pool->chunk = chunk;
	}
	chunk->used += size;
	return chunk->bytes + chunk->used - size;
}

static void pool_clear(struct pool *pool)
{
	struct chunk *next;

	for (struct chunk *chunk = pool->chunk; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(pool->slot);
	*pool = (struct pool){ 0 };
}

/* The bytes that a token stands for; false for a token that pids cannot have */
static bool unescape(const char *token, size_t len, char *out, uint32_t *out_len)
{
	char *start = out;
	size_t i = 0;

	while (i < len) {
		unsigned char c = token[i++];

		if (c < 0x21 || c > 0x7e)
			return false;
		if (c == '\\') {
			if (len - i < 3 || (token[i] & ~3) != '0' || (token[i + 1] & ~7) != '0' ||
			    (token[i + 2] & ~7) != '0')
				return false;
			c = (token[i] & 3) << 6 | (token[i + 1] & 7) << 3 | (token[i + 2] & 7);
			i += 3;
		}
		*out++ = c;
	}
	/* An empty name is written as the byte that no name has. */
	*out_len = len == 4 && !*start ? 0 : out - start;
	return true;
}

/* Whether text_show() would show these bytes as they are */
static bool is_simple(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\')
			return false;
	return true;
}

static struct name *new_name(struct pool *pool, const char *token, size_t len, uint32_t hash)
{
	bool plain = !memchr(token, '\\', len);
	struct name *name = pool_alloc(pool, sizeof(*name) + (plain ? 1 : 2) * (len + 1));

	*name = (struct name){ .hash = hash, .token_len = len, .len = len, .plain = plain };
	memcpy(name->text, token, len);
	name->bad = !unescape(token, len, name->text, &name->len);
	if (name->bad) {
		memcpy(name->text, token, len);
		name->len = len;
	}
	name->text[name->len] = '\0';
	name->simple = is_simple(name->text, name->len);
	if (!plain) {
		memcpy(name->text + name->len + 1, token, len);
		name->text[name->len + 1 + len] = '\0';
	}
	return name;
}

static bool is_token(const struct name *name, const char *token, size_t len)
{
	return name->token_len == len && !memcmp(name_token(name), token, len);
}

const struct name *pool_name(struct pool *pool, const char *token, size_t len)
{
	uint64_t hash = hash_seed();
	size_t at;

	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ (unsigned char)token[i]) * 0x100000001b3;
		hash ^= hash >> 32;
	}
	if (2 * pool->count >= pool->size) {
		size_t size = pool->size ? 2 * pool->size : 256;
		struct name **slot = calloc(size, sizeof(*slot));

		if (!slot)
			die("out of memory");
		for (size_t i = 0; i < pool->size; i++) {
			if (!pool->slot[i])
				continue;
			at = pool->slot[i]->hash & (size - 1);
			while (slot[at])
				at = (at + 1) & (size - 1);
			slot[at] = pool->slot[i];
		}
		free(pool->slot);
		pool->slot = slot;
		pool->size = size;
	}
	for (at = hash & (pool->size - 1); pool->slot[at]; at = (at + 1) & (pool->size - 1)) {
		struct name *name = pool->slot[at];

		if (name->hash == (uint32_t)hash && is_token(name, token, len))
			return pool->last = name;
	}
	pool->count++;
	pool->slot[at] = new_name(pool, token, len, hash);
	return pool->last = pool->slot[at];
}

/*
 * The name that was asked for last, if its token is at @p again; NULL if not. One that is
 * bad may have NULs, at which strncmp() stops.
 */
static const struct name *pool_again(const struct pool *pool, const char *p)
{
	const struct name *last = pool->last;

	if (!last || last->bad || strncmp(p, name_token(last), last->token_len) ||
	    (p[last->token_len] != ' ' && p[last->token_len] != '\n'))
		return NULL;
	return last;
}

const struct name *pool_raw(struct pool *pool, const char *s, size_t len)
{
	struct name *name = pool_alloc(pool, sizeof(*name) + len + 1);

	*name = (struct name){ .len = len, .plain = true };
	memcpy(name->text, s, len);
	name->text[len] = '\0';
	name->simple = is_simple(s, len);
	return name;
}

void table_clear(struct table *table)
{
	for (unsigned int i = 0; i < table->columns; i++)
		free(table->column[i].name);
	pool_clear(&table->pool);
	free(table->merging);
	table->merging = NULL;
	table->columns = 0;
	/* Cell 0 has the flags. */
	table->used = 1;
	table->rows = 0;
	table->selected = 0;
}

void table_free(struct table *table)
{
	table_clear(table);
	free(table->cell);
	free(table->row);
	*table = (struct table){ 0 };
}

const struct column *table_column(const struct table *table, const char *name)
{
	for (unsigned int i = 0; i < table->columns; i++)
		/* The first character alone rules out most of them. */
		if (*table->column[i].name == *name && !strcmp(table->column[i].name, name))
			return table->column + i;
	return NULL;
}

unsigned int table_need(const struct table *table, const char *name, const char *path)
{
	const struct column *column = table_column(table, name);

	if (!column)
		die("%s has no column %s", path, name);
	return column->cell;
}

struct column *table_alias(struct table *table, const char *name, enum kind kind,
			   unsigned int cell)
{
	struct column *column = table->column + table->columns;

	/* What is derived never is too much: the header leaves room for it. */
	*column = (struct column){ .name = strdup(name), .kind = kind, .cell = cell };
	if (!column->name)
		die("out of memory");
	table->columns++;
	return column;
}

struct column *table_add(struct table *table, const char *name, enum kind kind)
{
	/* Rows that are there have a spare cell for it. */
	if (!table->rows)
		table->cells = table->used + 1 + table->spare;
	return table_alias(table, name, kind, table->used++);
}

uint64_t *table_add_row(struct table *table)
{
	if (table->room - table->rows * table->cells < table->cells) {
		table->room = 2 * table->room + 8 * MAX_COLUMNS;
		table->cell = grow(table->cell, table->room, sizeof(*table->cell));
	}
	return memset(table_row(table, table->rows++), 0, table->cells * sizeof(*table->cell));
}

void table_select_all(struct table *table)
{
	if (table->rows > UINT32_MAX)
		die("too many rows");
	if (table->row_room < table->rows) {
		table->row_room = table->rows;
		table->row = grow(table->row, table->row_room, sizeof(*table->row));
	}
	for (size_t i = 0; i < table->rows; i++)
		table->row[i] = i;
	table->selected = table->rows;
}

void table_compact(struct table *table)
{
	size_t size = table->cells * sizeof(*table->cell);

	for (size_t i = 0; i < table->selected; i++)
		if (table->row[i] != i)
			memcpy(table_row(table, i), table_row(table, table->row[i]), size);
	table->rows = table->selected;
	table_select_all(table);
}

void table_copy(struct table *to, const struct table *from)
{
	table_clear(to);
	for (unsigned int i = 0; i < from->columns; i++) {
		const struct column *column = from->column + i;
		struct column *new = table_alias(to, column->name, column->kind, column->cell);

		new->missing = column->missing;
		new->derived = column->derived;
	}
	to->used = from->used;
	to->cells = to->used + to->spare;
	for (size_t i = 0; i < from->selected; i++)
		memcpy(table_add_row(to), table_row(from, from->row[i]),
		       to->used * sizeof(*to->cell));
	table_select_all(to);
}

static enum kind kind_of(const char *name)
{
	static const struct { const char *name; enum kind kind; } known[] = {
		{ "PID", COUNT }, { "UID", COUNT }, { "STARTTIME", COUNT },
		{ "RESERVED_KB", SIZE }, { "COMMITTED_KB", SIZE }, { "COMMITTED_PCT", PERCENT },
		{ "RSS_KB", SIZE }, { "ANON_KB", SIZE }, { "FILE_KB", SIZE }, { "SHMEM_KB", SIZE },
		{ "SWAP_KB", SIZE }, { "HUGETLB_KB", SIZE }, { "PGTABLES_KB", SIZE },
		{ "OOM_SCORE", COUNT }, { "OOM_SCORE_ADJ", SIGNED }, { "PPID", COUNT },
		{ "CGROUP", COUNT }, { "NAME", NAME },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].name, name))
			return known[i].kind;
	return TEXT;
}

/*
 * struct place - where the figures of a column are, if they are right below its title
 * @width: from the end of the title before to the end of this one; 0 if figures of this
 *	kind or width are not read at once
 * @head: of the first eight bytes, which have to be blanks
 * @tail: of the last eight bytes, which are of this column
 * @seen, @value: the figure of the row before, which many rows repeat
 */
struct place {
	uint64_t head, tail, seen, value;
	size_t width;
};

/* This byte, eight times */
#define EACH(byte)	(0x0101010101010101u * (byte))

/*
 * struct reader - one reading of a file
 * @place: of each column
 * @columns: those of the file; their cells are 1, 2 and so on
 * @untouched, @reserved, @committed: cells
 * @parts, @part: cells that add up to the cell @total
 */
struct reader {
	struct table *table;
	const char *path;
	unsigned int columns, parts, part[3];
	unsigned int reserved, committed, untouched, total;
	struct place place[MAX_COLUMNS];
};

/* @width as in struct place; the first column has no blank before it */
static struct place place_of(enum kind kind, size_t width, bool first)
{
	struct place place = { .width = width };

	if (kind > PERCENT || width > 16)
		return (struct place){ 0 };
	if (width > 8)
		place.head = UINT64_MAX >> (128 - 8 * width);
	else if (!first)
		place.head = 0xff;
	place.tail = width > 8 ? UINT64_MAX : UINT64_MAX << (64 - 8 * width);
	return place;
}

/* Add a column to those of the file, with a cell of its own if @cell is 0 */
static unsigned int derive(struct table *table, const char *name, enum kind kind,
			   unsigned int cell, unsigned int missing)
{
	struct column *column = cell ? table_alias(table, name, kind, cell) :
		table_add(table, name, kind);

	column->derived = true;
	column->missing = missing;
	return column->cell;
}

static void parse_header(struct reader *reader, char *line, size_t len)
{
	static const char * const need[] = {
		"PID", "UID", "STARTTIME", "RESERVED_KB", "COMMITTED_KB", "OOM_SCORE", "NAME",
	};
	static const char * const parts[] = { "RSS_KB", "SWAP_KB", "HUGETLB_KB" };
	struct table *table = reader->table;
	const struct column *column;
	char *next, *word, *end = line;

	if (strlen(line) != len)
		die("%s does not start with the names of columns", reader->path);
	for (word = strtok_r(line, " ", &next); word; word = strtok_r(NULL, " ", &next)) {
		for (const char *c = word; *c; c++)
			if (*c < 0x21 || *c > 0x7e || strchr("\"\\," OWN, *c))
				die("%s does not start with the names of columns", reader->path);
		if (table_column(table, word))
			die("%s has the column %s twice", reader->path, word);
		if (table->columns == MAX_COLUMNS - 16)
			die("%s has more than %d columns", reader->path, MAX_COLUMNS - 16);
		column = table_add(table, word, kind_of(word));
		len = word + strlen(word) - end;
		reader->place[table->columns - 1] = place_of(column->kind, len, end == line);
		end += len;
	}
	reader->columns = table->columns;
	for (size_t i = 0; i < sizeof(need) / sizeof(*need); i++)
		table_need(table, need[i], reader->path);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		column = table_column(table, parts[i]);
		if (column)
			reader->part[reader->parts++] = column->cell;
	}
	reader->reserved = table_column(table, "RESERVED_KB")->cell;
	reader->committed = table_column(table, "COMMITTED_KB")->cell;
	if (table->derived) {
		reader->untouched = derive(table, OWN "UNTOUCHED_KB", SIZE, 0, 0);
		reader->total = derive(table, OWN "TOTAL_KB", SIZE, 0, 0);
	}
	derive(table, OWN "USER", USER, table_column(table, "UID")->cell, 0);
	column = table_column(table, "CGROUP");
	if (column)
		derive(table, OWN "CGROUP_PATH", CGROUP_PATH, column->cell, 0);
	derive(table, OWN "NAME_ESCAPED", ESCAPED, table_column(table, "NAME")->cell, 0);
	if (!table->derived)
		return;
	derive(table, OWN "ARGS", ARGS, 0, FLAG_NO_ARGS);
	derive(table, OWN "PSS_KB", SIZE, 0, FLAG_NO_PSS);
	derive(table, OWN "USS_KB", SIZE, 0, FLAG_NO_PSS);
}

/* @line, as far as a message has room for it, and safe */
static char *quoted(const char *line)
{
	static struct text text;

	text.len = 0;
	text_show(&text, line, strcspn(line, "\n"), SHOW_TABLE);
	text_cut(&text, 0, 100, false);
	return text_end(&text);
}

/* Eight bytes of a line, the first as the lowest */
static uint64_t eight_at(const char *p)
{
	uint64_t eight;

	memcpy(&eight, p, sizeof(eight));
	return le64toh(eight);
}

/* Over blanks */
static const char *skip_blanks(const char *p)
{
	for (;; p += 8) {
		uint64_t eight = eight_at(p) ^ EACH(' ');

		if (eight)
			return p + __builtin_ctzll(eight) / 8;
	}
}

/*
 * A figure of up to eight bytes right below its title into place->value: all digits of a
 * number at once, or anything that the row before had, too. False for anything else,
 * which can be a figure still.
 */
static inline bool parse_aligned(struct place *place, const char *p)
{
	uint64_t head = (eight_at(p) ^ EACH(' ')) & place->head;
	uint64_t tail = (eight_at(p + place->width - 8) ^ EACH(' ')) & place->tail, digits;

	if (head || !tail || p[place->width] != ' ')
		return false;
	if (tail == place->seen)
		return true;
	/* From the first that is no blank on, all are digits. */
	digits = tail ^ EACH('0' ^ ' ') << (__builtin_ctzll(tail) & ~7);
	if ((digits | (digits + EACH(6))) & EACH(0xf0))
		return false;
	/* Two digits become a number, two of these, and two of these. */
	digits = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ff;
	digits = (digits * 100 + (digits >> 16)) & 0x0000ffff0000ffff;
	place->value = (digits * 10000 + (digits >> 32)) & 0xffffffff;
	place->seen = tail;
	return true;
}

/* What is special about a SIGNED and a PERCENT, behind the digits at *@p */
static bool parse_special(enum kind kind, bool negative, const char **p, uint64_t *value)
{
	unsigned int tenths, hundredths;

	if (kind == SIGNED) {
		*value = negative ? -*value : *value;
		return (int64_t)*value < 0 ? negative : !negative || !*value;
	}
	if (**p != '.')
		return false;
	tenths = (unsigned char)(*p)[1] - '0';
	hundredths = (unsigned char)(*p)[2] - '0';
	if (tenths > 9 || hundredths > 9)
		return false;
	*p += 3;
	return !__builtin_mul_overflow(*value, 100, value) &&
		!__builtin_add_overflow(*value, 10 * tenths + hundredths, value);
}

/*
 * One row, up to its newline, behind which it returns. Most of the time of all is
 * spent here.
 */
static const char *parse_row(struct reader *reader, const char *line)
{
	struct table *table = reader->table;
	uint64_t *start = table_add_row(table), *cell = start, value;
	const struct column *column = table->column;
	struct place *place = reader->place;
	const char *p = line, *token, *field;
	const struct name *name;
	unsigned int digit;

	for (unsigned int left = reader->columns; left; left--, column++, place++) {
		bool negative = false;

		if (parse_aligned(place, p)) {
			p += place->width;
			*++cell = place->value;
			continue;
		}
		field = p;
		p = skip_blanks(p);
		token = p;
		if (column->kind <= PERCENT) {
			if (column->kind == SIGNED && *p == '-') {
				negative = true;
				p = ++token;
			}
			value = (unsigned char)*p - '0';
			if (value > 9)
				goto wrong;
			while ((digit = (unsigned char)*++p - '0') <= 9)
				value = value * 10 + digit;
			/* 19 digits fit without a look. */
			if (p - token > 19 && !parse_u64(token, p - token, &value))
				goto wrong;
			if (column->kind > SIZE &&
			    !parse_special(column->kind, negative, &p, &value))
				goto wrong;
			if (column->kind == PERCENT && p - token <= 8 &&
			    p - field == (ptrdiff_t)place->width) {
				place->seen = (eight_at(p - 8) ^ EACH(' ')) & place->tail;
				place->value = value;
			}
		} else {
			name = pool_again(&table->pool, token);
			if (!name) {
				while (*p != ' ' && *p != '\n')
					p++;
				if (p == token)
					goto wrong;
				name = pool_name(&table->pool, token, p - token);
			}
			p = token + name->token_len;
			if (name->bad && column->kind == NAME)
				goto wrong;
			value = (uintptr_t)name;
		}
		if (*p != ' ' && *p != '\n')
			goto wrong;
		*++cell = value;
	}
	p = skip_blanks(p);
	if (*p != '\n')
		goto misfit;
	if (reader->untouched && start[reader->reserved] > start[reader->committed])
		start[reader->untouched] = start[reader->reserved] - start[reader->committed];
	for (unsigned int i = 0; reader->total && i < reader->parts; i++)
		start[reader->total] = sum_of(start[reader->total], start[reader->part[i]]);
	if (table->merge)
		table->merge(table);
	return p + 1;
wrong:
	if (*token != '\n')
		die("%s has a row with a wrong %s: %s", reader->path, column->name,
		    quoted(line));
misfit:
	die("%s has a row that does not fit its header: %s", reader->path, quoted(line));
}

/* Whole lines, the last of which ends right before @end */
static void parse_lines(struct reader *reader, char *p, const char *end)
{
	while (p < end) {
		char *word = (char *)skip_blanks(p);

		if (*word == '\n') {
			p = word + 1;
		} else if (reader->columns) {
			p = (char *)parse_row(reader, p);
		} else {
			char *newline = memchr(p, '\n', end - p);

			*newline = '\0';
			parse_header(reader, p, newline - p);
			p = newline + 1;
		}
	}
}

void table_read_fd(struct table *table, int fd, const char *path)
{
	/* A last newline, and before and behind what parse_aligned() can look at */
	static char bytes[8 + BUFFER_SIZE + 1 + 16];
	char *const buffer = bytes + 8;
	struct reader reader = { .table = table, .path = path };
	size_t len = 0;
	off_t offset = 0;
	char *end;

	table_clear(table);
	for (;;) {
		size_t room = len < BUFFER_SIZE - READ_SIZE ? READ_SIZE : BUFFER_SIZE - len;
		ssize_t got = pread(fd, buffer + len, room, offset);

		/* A pipe, as of <(...). */
		if (got < 0 && errno == ESPIPE)
			got = read(fd, buffer + len, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			die("cannot read %s: %s", path, strerror(errno));
		if (!got)
			break;
		offset += got;
		len += got;
		end = memrchr(buffer, '\n', len);
		if (end) {
			parse_lines(&reader, buffer, ++end);
			len -= end - buffer;
			memmove(buffer, end, len);
		}
		if (len == BUFFER_SIZE)
			die("%s has a line of more than %d bytes", path, BUFFER_SIZE);
	}
	/* A copy that a shell made lacks the last newline. */
	buffer[len++] = '\n';
	parse_lines(&reader, buffer, buffer + len);
	if (!reader.columns)
		die("%s is empty", path);
	table_select_all(table);
}

void table_read(struct table *table, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("cannot read %s: %s", path, strerror(errno));
	table_read_fd(table, fd, path);
	close(fd);
}

static bool is_key(const char *s)
{
	return s && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
		strlen(s);
}

/* Digits, and for a percentage a point and two more */
static bool is_amount(const char *s)
{
	const char *digits = "0123456789";
	size_t len = s ? strspn(s, digits) : 0;

	if (len > 1 && *s == '0')
		return false;
	if (!len || !s[len])
		return len;
	return s[len] == '.' && strspn(s + len + 1, digits) == 2 && !s[len + 3];
}

void summary_read(struct summary *summary, const char *path)
{
	char *line, *next_line, *next;

	summary->text.len = 0;
	summary->count = 0;
	if (!file_read(&summary->text, AT_FDCWD, path))
		die("cannot read %s: %s", path, strerror(errno));
	if (strlen(text_end(&summary->text)) != summary->text.len)
		die("%s is not a list of keys and figures", path);
	for (line = strtok_r(summary->text.s, "\n", &next_line); line;
	     line = strtok_r(NULL, "\n", &next_line)) {
		const char *key = strtok_r(line, ":", &next);
		const char *figure = strtok_r(NULL, " ", &next);
		const char *unit = strtok_r(NULL, " ", &next);

		for (size_t i = 0; key && i < summary->count; i++)
			if (!strcmp(summary->line[i].key, key))
				die("%s has the key %s twice", path, key);
		if (!is_key(key) || !is_amount(figure) ||
		    (unit && strcmp(unit, "%") && !is_key(unit)) ||
		    summary->count == sizeof(summary->line) / sizeof(*summary->line))
			die("%s is not a list of keys and figures", path);
		summary->line[summary->count].key = key;
		summary->line[summary->count].figure = figure;
		summary->line[summary->count++].unit = unit ? unit : "";
	}
	if (!summary->count)
		die("%s is empty", path);
}

const char *summary_figure(const struct summary *summary, const char *key)
{
	for (size_t i = 0; i < summary->count; i++)
		if (!strcmp(summary->line[i].key, key))
			return summary->line[i].figure;
	return NULL;
}
