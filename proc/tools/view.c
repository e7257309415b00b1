// SPDX-License-Identifier: GPL-2.0-only
/* tamstat: select, order and compute the rows that are shown of a sample */

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "tamstat.h"

const char *column_name(const struct table *table, const struct column *column)
{
	const char *name = column->name;

	return *name == *OWN && !table_column(table, name + 1) ? name + 1 : name;
}

/* Every column, as one may write it */
static void list_columns(const struct table *table, struct text *list)
{
	for (unsigned int i = 0; i < table->columns; i++) {
		const char *name = column_name(table, table->column + i);

		if (table->column[i].kind == ESCAPED)
			continue;
		text_str(list, " ");
		for (; *name; name++)
			text_fill(list, tolower((unsigned char)*name), 1);
	}
}

/* The column whose name is these three, in any case */
static const struct column *named(const struct table *table, const char *prefix, const char *word,
				  const char *unit)
{
	size_t start = strlen(prefix), len = strlen(word);

	for (unsigned int i = 0; i < table->columns; i++) {
		const char *name = table->column[i].name;

		if (!strncmp(name, prefix, start) && !strncasecmp(name + start, word, len) &&
		    !strcmp(name + start + len, unit))
			return table->column + i;
	}
	return NULL;
}

const struct column *find_column(const struct table *table, const char *word)
{
	static const struct { const char *word, *name; } shorts[] = {
		{ "res", "RESERVED_KB" }, { "com", "COMMITTED_KB" }, { "pct", "COMMITTED_PCT" },
		{ "huge", "HUGETLB_KB" }, { "pgt", "PGTABLES_KB" }, { "oom", "OOM_SCORE" },
		{ "adj", "OOM_SCORE_ADJ" }, { "start", "STARTTIME" }, { "procs", OWN "PROCESSES" },
		{ "path", OWN "CGROUP_PATH" },
	};
	const struct column *column = named(table, "", word, "");

	if (!column)
		column = named(table, OWN, word, "");
	for (size_t i = 0; !column && i < sizeof(shorts) / sizeof(*shorts); i++)
		if (!strcasecmp(shorts[i].word, word))
			return table_column(table, shorts[i].name);
	if (!column)
		column = named(table, "", word, "_KB");
	return column ? column : named(table, OWN, word, "_KB");
}

const struct column *need_column(const struct table *table, const char *word, const char *what)
{
	const struct column *column = find_column(table, word);
	struct text list = { 0 };

	if (column)
		return column;
	list_columns(table, &list);
	die("there is no column \"%s\"%s; there are:%s", word, what, text_end(&list));
}

/* Whether -o or -s names the column @name */
static bool is_asked_for(const struct table *table, const char *name)
{
	const struct column *column = table_column(table, name);
	bool asked = options.sort && find_column(table, options.sort) == column;

	for (size_t i = 0; i < options.columns.count; i++)
		asked |= find_column(table, options.columns.word[i]) == column;
	return column && asked;
}

/* Read what is not in the file but sorted by, of all rows */
static void fill_sort(struct table *table, const struct column *column)
{
	if (column->kind == ARGS)
		table_read_args(table);
	else if (column->missing == FLAG_NO_PSS)
		table_read_pss(table);
	else if (column->kind == CGROUP_PATH && table_column(table, "PID"))
		cgroups_find(table);
}

/* Read what is not in the file but shown, of the rows that are */
static void fill(struct table *table)
{
	if (table_column(table, OWN "ARGS") && (options.args || is_asked_for(table, OWN "ARGS")))
		table_read_args(table);
	if (is_asked_for(table, OWN "PSS_KB") || is_asked_for(table, OWN "USS_KB"))
		table_read_pss(table);
	if (is_asked_for(table, OWN "CGROUP_PATH") && table_column(table, "PID"))
		cgroups_find(table);
}

/* What to sort by, to have the order of @column as it is shown */
static const struct column *sort_key(const struct table *table, const struct column *column)
{
	return column->kind == USER && options.numeric ? table_column(table, "UID") : column;
}

void view_make(struct view *view, struct table *sample, struct table *was)
{
	const char *word = options.sort ? options.sort : "RSS_KB";
	const struct column *column;
	struct table *now = sample;

	select_rows(sample);
	if (was)
		select_rows(was);
	if (options.by == BY_CGROUP) {
		if (!table_column(sample, "CGROUP"))
			die("--by cgroup needs the column CGROUP, which %s lacks",
			    options.pids_file);
		cgroups_find(sample);
	}
	if (options.by) {
		now = &view->sums;
		now->spare = VIEW_SPARE;
		table_group(now, sample, options.by);
	}
	if (was && options.by) {
		if (options.by == BY_CGROUP && !table_column(was, "CGROUP"))
			die("--by cgroup needs the column CGROUP, which the earlier figures lack");
		table_group(&view->was_sums, was, options.by);
		was = &view->was_sums;
	}
	if (view->keep && now == sample && (options.tree || was)) {
		now = &view->made;
		now->spare = VIEW_SPARE;
		table_copy(now, sample);
	}
	if (options.tree) {
		if (!table_column(now, "PPID"))
			die("--tree needs the column PPID, which %s lacks", options.pids_file);
		table_add(now, OWN "PROCESSES", COUNT);
	}
	column = need_column(now, word, " to sort by");
	if (options.tree) {
		fill_sort(now, column);
		table_tree(now, sort_key(now, column), options.reverse);
	} else if (was) {
		if (!is_figure(column))
			die("%s is not %s, so its growth cannot be shown", column_name(now, column),
			    column->missing ? "in the earlier figures" : "a figure");
		if (!table_column(was, column->name))
			die("%s has no column %s", options.since, column->name);
		table_diff(now, was, options.by, column);
		column = find_column(now, word);
	}
	view->shown = now;
	view->count = now->selected;
	if (options.total)
		table_total(&view->total, now);
	view->sort = table_column(now, column->name);
	if (was)
		column = find_column(now, OWN "GROWTH");
	if (!options.tree) {
		fill_sort(now, column);
		table_sort(now, sort_key(now, column), options.reverse, options.limit);
	} else if (now->selected > options.limit) {
		now->selected = options.limit;
	}
}

void view_fill(struct view *view, size_t first, size_t count)
{
	struct table *table = view->shown;
	size_t selected = table->selected;

	if (!count)
		return;
	table->row += first;
	table->selected = count;
	fill(table);
	table->row -= first;
	table->selected = selected;
}
