// SPDX-License-Identifier: GPL-2.0-only
/* Tables made of tables: sums, growth, trees */

#include "group.h"

#include <stdlib.h>

#include "lookup.h"

#define NONE UINT32_MAX

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), end_len = strlen(end);

	return len >= end_len && !strcmp(s + len - end_len, end);
}

bool is_figure(const struct column *column)
{
	static const char * const ids[] = {
		"PID", "PPID", "UID", "STARTTIME", "CGROUP", OWN "DEPTH",
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		if (!strcmp(column->name, ids[i]))
			return false;
	return !column->missing && (column->kind <= PERCENT || column->kind == TEXT);
}

/* Whether a cell of a column that is not known has a figure, then in @value */
static bool has_figure(uint64_t cell, uint64_t *value)
{
	const char *token = name_token(cell_name(cell));

	return parse_u64(token, strlen(token), value);
}

/* The figure of a cell; 0 if it has none */
static uint64_t figure(const struct column *column, const uint64_t *cell)
{
	uint64_t value = cell[column->cell];

	if (column->kind == TEXT && !has_figure(value, &value))
		return 0;
	return value;
}

/*
 * struct sums - columns that are added up
 * @cell, @to: cells that are added up, and where to
 * @text, @text_to: columns that are not known, and where their figures go
 * @processes, @reserved, @committed, @percent: cells of the sums, 0 without
 * @oom, @oom_from: cells, of which the highest is kept
 */
struct sums {
	unsigned int count, texts, processes, reserved, committed, percent, oom, oom_from;
	unsigned int cell[MAX_COLUMNS], to[MAX_COLUMNS], text_to[MAX_COLUMNS];
	const struct column *text[MAX_COLUMNS];
};

static unsigned int cell_of(const struct table *table, const char *name)
{
	const struct column *column = table_column(table, name);

	return column ? column->cell : 0;
}

/* Sizes of @from that @to has, too; the figures of processes, of which it has sums */
static void sums_init(struct sums *sums, const struct table *from, const struct table *to)
{
	*sums = (struct sums){
		.processes = cell_of(to, OWN "PROCESSES"), .reserved = cell_of(to, "RESERVED_KB"),
		.committed = cell_of(to, "COMMITTED_KB"), .percent = cell_of(to, "COMMITTED_PCT"),
		.oom = cell_of(to, "OOM_SCORE"), .oom_from = cell_of(from, "OOM_SCORE"),
	};
	for (unsigned int i = 0; i < from->columns; i++) {
		const struct column *column = from->column + i, *sum;

		if (!ends_with(column->name, "_KB") || column->missing)
			continue;
		sum = table_column(to, column->name);
		if (!sum || sum->kind != SIZE)
			continue;
		if (column->kind == TEXT) {
			sums->text[sums->texts] = column;
			sums->text_to[sums->texts++] = sum->cell;
		} else {
			sums->cell[sums->count] = column->cell;
			sums->to[sums->count++] = sum->cell;
		}
	}
}

/* Figures of columns that this program does not know */
static void sums_add_texts(const struct sums *sums, uint64_t *to, const uint64_t *from)
{
	for (unsigned int i = 0; i < sums->texts; i++) {
		uint64_t *sum = to + sums->text_to[i];

		*sum = sum_of(*sum, figure(sums->text[i], from));
	}
}

static void sums_add(const struct sums *sums, uint64_t *to, const uint64_t *from,
		     uint64_t processes)
{
	to[sums->processes] += processes;
	for (unsigned int i = 0; i < sums->count; i++) {
		uint64_t *sum = to + sums->to[i];

		if (__builtin_add_overflow(*sum, from[sums->cell[i]], sum))
			*sum = UINT64_MAX;
	}
	sums_add_texts(sums, to, from);
	if (sums->oom && sums->oom_from && from[sums->oom_from] > to[sums->oom])
		to[sums->oom] = from[sums->oom_from];
}

static void sums_end(const struct sums *sums, uint64_t *to)
{
	unsigned __int128 share;

	if (!sums->percent || !sums->reserved)
		return;
	share = (unsigned __int128)to[sums->committed] * 10000;
	share = to[sums->reserved] ? share / to[sums->reserved] : 0;
	to[sums->percent] = share > UINT64_MAX ? UINT64_MAX : (uint64_t)share;
}

/* Columns of sums over rows of @from */
static void add_sum_columns(struct table *to, const struct table *from)
{
	table_add(to, OWN "PROCESSES", COUNT);
	for (unsigned int i = 0; i < from->columns; i++) {
		const struct column *column = from->column + i;

		if (ends_with(column->name, "_KB") && *column->name != *OWN)
			table_add(to, column->name, SIZE);
	}
	table_add(to, "COMMITTED_PCT", PERCENT);
	table_add(to, "OOM_SCORE", COUNT);
	table_add(to, OWN "UNTOUCHED_KB", SIZE)->derived = true;
	table_add(to, OWN "TOTAL_KB", SIZE)->derived = true;
}

/* struct merge - cells that rows have to have in common, and what becomes of the others */
struct merge {
	unsigned int name, uid, cgroup;
	struct sums sums;
};

void table_merge(struct table *table)
{
	uint64_t *last = table_row(table, table->rows - 1), *before = last - table->cells;
	struct merge *merge = table->merging;

	if (!merge) {
		merge = grow(NULL, 1, sizeof(*merge));
		table->merging = merge;
		table_add(table, OWN "PROCESSES", COUNT);
		merge->name = cell_of(table, "NAME");
		merge->uid = cell_of(table, "UID");
		/* Without cgroups, cell 0 is as good: it has no flags yet. */
		merge->cgroup = cell_of(table, "CGROUP");
		sums_init(&merge->sums, table, table);
	}
	last[merge->sums.processes] = 1;
	if (table->rows > 1 && last[merge->name] == before[merge->name] &&
	    last[merge->uid] == before[merge->uid] &&
	    last[merge->cgroup] == before[merge->cgroup]) {
		sums_add(&merge->sums, before, last, 1);
		table->rows--;
	}
}

void table_group(struct table *to, const struct table *from, enum by by)
{
	static const char * const keys[] = {
		[BY_NAME] = "NAME", [BY_USER] = "UID", [BY_CGROUP] = "CGROUP",
	};
	unsigned int key = table_column(from, keys[by])->cell, first = 0;
	struct map groups = { 0 }, paths = { 0 };
	unsigned int merged = cell_of(from, OWN "PROCESSES");
	uint64_t last = 0, group = 0;
	struct sums sums;

	table_clear(to);
	if (by == BY_USER) {
		first = table_add(to, "UID", COUNT)->cell;
		table_alias(to, OWN "USER", USER, first);
	}
	add_sum_columns(to, from);
	if (by == BY_NAME) {
		first = table_add(to, "NAME", NAME)->cell;
		table_alias(to, OWN "NAME_ESCAPED", ESCAPED, first);
	}
	if (by == BY_CGROUP)
		first = table_add(to, OWN "CGROUP_PATH", CGROUP_PATH)->cell;
	sums_init(&sums, from, to);
	for (size_t i = 0; i < from->selected; i++) {
		const uint64_t *cell = table_row(from, from->row[i]);
		uint64_t *found, *same = NULL;

		/* Mostly it is the same as of the row before. */
		if (!i || cell[key] != last) {
			last = cell[key];
			found = map_at(&groups, last);
			/* Two ids can have one path, one after the other. */
			if (*found == MAP_NONE && by == BY_CGROUP) {
				const struct name *path = cgroup_path(last);

				path = pool_name(&to->pool, path->text, path->len);
				same = map_at(&paths, (uintptr_t)path);
				*found = *same;
			}
			if (*found == MAP_NONE) {
				*found = to->rows;
				table_add_row(to)[first] = last;
				if (same)
					*same = *found;
			}
			group = *found;
		}
		sums_add(&sums, table_row(to, group), cell, merged ? cell[merged] : 1);
	}
	for (size_t i = 0; i < to->rows; i++)
		sums_end(&sums, table_row(to, i));
	map_clear(&groups);
	map_clear(&paths);
	table_select_all(to);
}

void table_total(struct table *to, const struct table *from)
{
	unsigned int depth = cell_of(from, OWN "DEPTH"), growth = 0;
	unsigned int processes = cell_of(from, OWN "PROCESSES");
	__int128 grown = 0;
	struct sums sums;
	uint64_t *sum;

	table_clear(to);
	for (unsigned int i = 0; i < from->columns; i++) {
		const struct column *column = from->column + i;

		if (column->kind == GROWTH) {
			growth = column->cell;
			table_add(to, column->name, GROWTH)->of = column->of;
		}
	}
	add_sum_columns(to, from);
	sums_init(&sums, from, to);
	sum = table_add_row(to);
	for (size_t i = 0; i < from->selected; i++) {
		const uint64_t *cell = table_row(from, from->row[i]);

		if (!depth || !cell[depth])
			sums_add(&sums, sum, cell, processes ? cell[processes] : 1);
		else
			sums_add_texts(&sums, sum, cell);	/* Not all are figures: no sums. */
		if (growth && cell[0] & FLAG_FELL)
			grown -= cell[growth];
		else if (growth)
			grown += cell[growth];
	}
	sums_end(&sums, sum);
	if (growth) {
		sum[0] |= grown < 0 ? FLAG_FELL : 0;
		grown = grown < 0 ? -grown : grown;
		/* The first that was added. */
		sum[1] = grown > UINT64_MAX ? UINT64_MAX : grown;
	}
	table_select_all(to);
}

/*
 * Each row's place among its selected parents, @count for a root. Walking up from
 * any row ends at a root: whatever a file says, there is no circle.
 */
static void find_parents(const struct table *table, uint32_t *parent)
{
	unsigned int pid = cell_of(table, "PID"), ppid = cell_of(table, "PPID");
	unsigned int start = cell_of(table, "STARTTIME");
	uint32_t count = table->rows, *seen = grow(NULL, count + 1, sizeof(*seen));
	struct map rows = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		*map_at(&rows, table_row(table, i)[pid]) = i;
		seen[i] = NONE;
	}
	for (uint32_t i = 0; i < count; i++) {
		const uint64_t *cell = table_row(table, i), *found = map_find(&rows, cell[ppid]);

		/* One that started later is not the parent: it only has its id. */
		parent[i] = found && *found != i && table_row(table, *found)[start] <= cell[start] ?
			*found : count;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = i;

		while (at != count && seen[at] == NONE) {
			seen[at] = i;
			at = parent[at];
		}
		/* Only a circle leads back to where this walk was. */
		if (at != count && seen[at] == i)
			parent[at] = count;
	}
	free(seen);
	map_clear(&rows);
}

/* Rows in an order in which each comes right before its children */
static void depth_first(struct table *table, const uint32_t *parent, unsigned int depth)
{
	uint32_t count = table->rows, at, level = 0, out = 0;
	uint32_t *first = grow(NULL, count + 1, sizeof(*first));
	uint32_t *next = grow(NULL, count + 1, sizeof(*next));

	memset(first, 0xff, (count + 1) * sizeof(*first));
	for (uint32_t i = count; i-- > 0; ) {
		at = table->row[i];
		next[at] = first[parent[at]];
		first[parent[at]] = at;
	}
	for (at = first[count]; at != NONE; ) {
		table->row[out++] = at;
		table_row(table, at)[depth] = level;
		if (first[at] != NONE) {
			at = first[at];
			level++;
			continue;
		}
		while (next[at] == NONE && parent[at] != count) {
			at = parent[at];
			level--;
		}
		at = next[at];
	}
	free(first);
	free(next);
}

/* Sizes in columns that this program does not know become figures, to have sums, too. */
static void read_sizes(struct table *table)
{
	for (unsigned int i = 0; i < table->columns; i++) {
		struct column *column = table->column + i;
		uint64_t value;
		size_t row = 0;

		if (column->kind != TEXT || !ends_with(column->name, "_KB"))
			continue;
		while (row < table->rows && has_figure(table_row(table, row)[column->cell], &value))
			row++;
		if (row < table->rows)
			continue;
		for (row = 0; row < table->rows; row++) {
			uint64_t *cell = table_row(table, row);

			cell[column->cell] = figure(column, cell);
		}
		column->kind = SIZE;
	}
}

void table_tree(struct table *table, const struct column *column, bool reverse)
{
	unsigned int processes = cell_of(table, OWN "PROCESSES");
	unsigned int depth = table_add(table, OWN "DEPTH", COUNT)->cell;
	uint32_t *parent;
	struct sums sums;

	table_compact(table);
	read_sizes(table);
	for (size_t i = 0; i < table->rows; i++)
		table_row(table, i)[processes] = 1;
	parent = grow(NULL, table->rows + 1, sizeof(*parent));
	find_parents(table, parent);
	depth_first(table, parent, depth);
	sums_init(&sums, table, table);
	for (size_t i = table->rows; i-- > 0; ) {
		uint64_t *cell = table_row(table, table->row[i]);

		/* Its children, which come behind it, are in it by now. */
		if (parent[table->row[i]] != table->rows)
			sums_add(&sums, table_row(table, parent[table->row[i]]), cell,
				 cell[processes]);
		sums_end(&sums, cell);
	}
	table_select_all(table);
	table_sort(table, column, reverse, table->rows);
	depth_first(table, parent, depth);
	free(parent);
}

/* What tells the rows of one table from each other, and finds them in another */
static uint64_t identity(struct table *table, const struct column *column, const uint64_t *cell)
{
	const char *s;

	if (column->kind == COUNT)
		return cell[column->cell];
	s = column->kind == NAME ? name_token(cell_name(cell[column->cell])) :
		cgroup_path(cell[column->cell])->text;
	return (uintptr_t)pool_name(&table->pool, s, strlen(s));
}

static __int128 signed_figure(const struct column *column, const uint64_t *cell)
{
	uint64_t value = figure(column, cell);

	return column->kind == SIGNED ? (__int128)(int64_t)value : (__int128)value;
}

/* The columns of a difference: those of @table that tell whose it is, and the figures */
static void diff_columns(struct table *table, struct column column, unsigned int was,
			 unsigned int growth)
{
	static const char * const kept[] = {
		"PID", "UID", OWN "USER", "STARTTIME", OWN "PROCESSES", NULL, OWN "CGROUP_PATH",
		OWN "ARGS", OWN "PSS_KB", OWN "USS_KB", "NAME", OWN "NAME_ESCAPED",
	};
	struct column old[MAX_COLUMNS];
	unsigned int columns = table->columns;
	bool is_size = ends_with(column.name, "_KB");

	memcpy(old, table->column, columns * sizeof(*old));
	table->columns = 0;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		if (!kept[i]) {
			table_alias(table, is_size ? OWN "WAS_KB" : OWN "WAS", column.kind,
				    was)->missing = FLAG_NEW;
			table_alias(table, column.name, column.kind, column.cell);
			table_alias(table, is_size ? OWN "GROWTH_KB" : OWN "GROWTH", GROWTH,
				    growth)->of = column.kind;
		}
		for (unsigned int j = 0; kept[i] && j < columns; j++) {
			/* The figure itself has its place already. */
			if (!old[j].name || strcmp(old[j].name, kept[i]) ||
			    !strcmp(old[j].name, column.name))
				continue;
			table->column[table->columns++] = old[j];
			old[j].name = NULL;
		}
	}
	for (unsigned int i = 0; i < columns; i++)
		free(old[i].name);
}

void table_diff(struct table *now, const struct table *was, enum by by,
		const struct column *column)
{
	static const char * const keys[] = {
		[BY_PROCESS] = "PID", [BY_NAME] = "NAME", [BY_USER] = "UID",
		[BY_CGROUP] = OWN "CGROUP_PATH",
	};
	const struct column *was_key = table_column(was, keys[by]);
	const struct column *key = table_column(now, keys[by]);
	const struct column *was_column = table_column(was, column->name);
	unsigned int was_start = cell_of(was, "STARTTIME"), start = cell_of(now, "STARTTIME");
	unsigned int first = now->used;
	struct column figures = *column;
	struct map old_rows = { 0 };
	size_t kept = 0;

	if (figures.kind == TEXT)
		figures.kind = ends_with(figures.name, "_KB") ? SIZE : COUNT;
	figures.cell = first + 1;
	for (size_t i = 0; was_column && i < was->selected; i++) {
		uint32_t row = was->row[i];

		*map_at(&old_rows, identity(now, was_key, table_row(was, row))) = row;
	}
	for (size_t i = 0; i < now->selected; i++) {
		uint64_t *cell = table_row(now, now->row[i]), *old = NULL;
		const uint64_t *row = map_find(&old_rows, identity(now, key, cell));
		__int128 before = 0, after = signed_figure(column, cell);

		if (row)
			old = table_row(was, *row);
		/* A later process with the id of one that ended is another. */
		if (old && by == BY_PROCESS && old[was_start] != cell[start])
			old = NULL;
		if (old)
			before = signed_figure(was_column, old);
		if (before == after)
			continue;
		cell[0] &= ~(uint64_t)(FLAG_NEW | FLAG_FELL);
		cell[0] |= (old ? 0 : FLAG_NEW) | (after < before ? FLAG_FELL : 0);
		cell[first] = before;
		cell[first + 1] = after;
		cell[first + 2] = after < before ? before - after : after - before;
		now->row[kept++] = now->row[i];
	}
	map_clear(&old_rows);
	now->selected = kept;
	diff_columns(now, figures, first, first + 2);
	now->used += 3;
	table_compact(now);
}
