/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of /proc/tamalloc/pids as a table */
#ifndef TAMALLOC_ROWS_H
#define TAMALLOC_ROWS_H

#include "text.h"

/* What a cell holds */
enum kind {
	COUNT,		/* a number */
	SIZE,		/* kB */
	SIGNED,		/* an int64_t */
	PERCENT,	/* hundredths of a percent */
	GROWTH,		/* the amount of a difference; FLAG_FELL gives the sign */
	NAME,		/* a struct name, shown as the bytes that it stands for */
	ESCAPED,	/* a struct name, shown as in the file */
	TEXT,		/* the same: of a column that is not known */
	USER,		/* a user id, shown as the user's name */
	CGROUP_PATH,	/* a cgroup id, shown as its path */
	ARGS,		/* a command line, in struct name */
};

/*
 * The names of columns that are not of the file begin with it, and no other: so a column
 * that a newer kernel adds is never taken for one of these. People see and write it only
 * where the file has a column of the same name.
 */
#define OWN ":"

/*
 * struct column - one of a table
 * @name: as in the header of pids, or OWN and a name
 * @kind: the kind of its figures
 * @of: of GROWTH, the kind of the figure that grew
 * @cell: where in each row; columns can share one, as UID and USER do
 * @missing: if this bit of the row's flags is set, it has no value
 * @derived: not of the file: only shown to those who ask for it
 */
struct column {
	char *name;
	enum kind kind, of;
	unsigned int cell, missing;
	bool derived;
};

/* What pids can have, and room for what is derived */
#define MAX_COLUMNS 64

/* Flags of a row, which are its cell 0 */
#define FLAG_NEW	1u	/* was not there before */
#define FLAG_FELL	2u	/* GROWTH is below 0 */
#define FLAG_NO_PSS	4u	/* smaps_rollup cannot be read */
#define FLAG_PSS	8u	/* PSS_KB and USS_KB are filled */
#define FLAG_NO_ARGS	16u	/* cmdline cannot be read, or the process has none */

/*
 * struct name - a token of the file, kept once for all rows that have it
 * @token_len: of the token itself
 * @len: of the bytes that it stands for, which are at @text, with a NUL behind
 * @plain: the token has no escapes, it is these bytes
 * @bad: the token is not in the form that pids writes; it stands for itself
 * @simple: printable ASCII, and nothing in it that any form has to escape
 */
struct name {
	uint32_t hash, token_len, len;
	bool plain, bad, simple;
	char text[];
};

/* The token, as a string */
static inline const char *name_token(const struct name *name)
{
	return name->plain ? name->text : name->text + name->len + 1;
}

/*
 * struct pool - names, each once
 * @last: the one that was looked up last
 */
struct pool {
	struct name **slot, *last;
	size_t count, size;
	struct chunk *chunk;
};

/* The one with this token; never fails */
const struct name *pool_name(struct pool *pool, const char *token, size_t len);

/* A name of these bytes, whatever they are, and not one of the others */
const struct name *pool_raw(struct pool *pool, const char *s, size_t len);

/*
 * struct table - rows of cells
 * @columns, @column: the columns of the cells
 * @used: cells that have columns, and cell 0
 * @spare: cells that each row has for columns that are added to rows; to be set before
 * @cells: how many a row has
 * @cell: all rows, one after the other
 * @rows: how many
 * @room: for how many cells there is memory
 * @pool: where the names of its cells are
 * @row, @selected: the rows that are wanted, in the order wanted
 * @derived: whether to have UNTOUCHED_KB, TOTAL_KB, ARGS, PSS_KB and USS_KB; to be set
 *	before
 * @merge: if set, called for each row that was read, which it may drop
 * @merging: of @merge, until the table is cleared
 */
struct table {
	unsigned int columns, used, spare, cells;
	struct column column[MAX_COLUMNS];
	uint64_t *cell;
	size_t rows, room;
	struct pool pool;
	uint32_t *row;
	size_t selected, row_room;
	bool derived;
	void (*merge)(struct table *table);
	struct merge *merging;
};

static inline uint64_t *table_row(const struct table *table, size_t row)
{
	return table->cell + row * table->cells;
}

static inline const struct name *cell_name(uint64_t cell)
{
	return (const struct name *)(uintptr_t)cell;
}

/*
 * table_read - read a file of the form of /proc/tamalloc/pids
 *
 * The columns are those of the file in its order, then some that are derived, with names
 * of OWN: USER, CGROUP_PATH and NAME_ESCAPED; for @derived, UNTOUCHED_KB, what RESERVED_KB
 * exceeds COMMITTED_KB by, TOTAL_KB, the sum of RSS_KB, SWAP_KB and HUGETLB_KB, and ARGS,
 * PSS_KB and USS_KB, which lookup.h fills. All rows are selected. What @table held before is
 * dropped, its memory used again. Ends the program by die() if the file cannot be
 * read to its end, or if a row or the header is not as proc_tamalloc(5) has it.
 */
void table_read(struct table *table, const char *path);
/* The same from a descriptor; @path is for messages */
void table_read_fd(struct table *table, int fd, const char *path);

/* Drops columns and rows; the memory of the rows is used again */
void table_clear(struct table *table);
/* Drops all */
void table_free(struct table *table);

/* The column of this name, or NULL */
const struct column *table_column(const struct table *table, const char *name);

/* Its cell, or die(): @path has no such column */
unsigned int table_need(const struct table *table, const char *name, const char *path);

/* Add a column in a cell of its own, or in one that another has already */
struct column *table_add(struct table *table, const char *name, enum kind kind);
struct column *table_alias(struct table *table, const char *name, enum kind kind,
			   unsigned int cell);

/* Add a row, all cells 0 */
uint64_t *table_add_row(struct table *table);

/* Select all rows, in their order */
void table_select_all(struct table *table);

/* Drop all rows of @table that are not selected; they are still in their order */
void table_compact(struct table *table);

/* Make @to the selected rows of @from, which has to stay: the names lie there */
void table_copy(struct table *to, const struct table *from);

/* struct summary - the lines of /proc/tamalloc/summary: "Key: figure unit" */
struct summary {
	struct text text;
	size_t count;
	struct {
		const char *key, *figure, *unit;
	} line[32];
};

/* Read it; die() if it cannot be read, is empty or of another form */
void summary_read(struct summary *summary, const char *path);

/* The figure of this key as in the file, or NULL */
const char *summary_figure(const struct summary *summary, const char *key);

#endif
