// SPDX-License-Identifier: GPL-2.0-only
/* tamstat: views as tables, CSV and JSON */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "tamstat.h"

/* What is written at once */
#define OUT_SIZE 65536

static struct text out;

void print_flush(void)
{
	if (!text_write(&out, STDOUT_FILENO))
		die("cannot write: %s", strerror(errno));
}

static bool is_text(const struct column *column)
{
	return column->kind >= NAME && column->kind != TEXT;
}

/* The title of a column, shorter where people read it, and its length */
static void set_title(struct item *item, const struct table *table)
{
	static const struct { const char *name, *title; } shorter[] = {
		{ "COMMITTED_PCT", "PCT" }, { "OOM_SCORE", "OOM" }, { "OOM_SCORE_ADJ", "ADJ" },
		{ "PROCESSES", "PROCS" },
	};
	bool whole = options.kb || options.form != FORM_TABLE;
	size_t len;

	item->title = column_name(table, item->column);
	for (size_t i = 0; !whole && i < sizeof(shorter) / sizeof(*shorter); i++)
		if (item->column->kind != TEXT && !strcmp(item->title, shorter[i].name))
			item->title = shorter[i].title;
	len = strlen(item->title);
	/* Each size has its unit. */
	if (!whole && len > 3 && !strcmp(item->title + len - 3, "_KB"))
		len -= 3;
	item->title_len = len;
}

/*
 * A figure as people read it, or as in the file, from the place returned to @end;
 * NULL if the cell holds text
 */
static char *figure_text(char *end, const struct column *column, const uint64_t *cell, bool human)
{
	enum kind kind = column->kind == GROWTH ? column->of : column->kind;
	uint64_t value = cell[column->cell];
	char sign = 0;

	if (kind == TEXT) {
		/* A column that is not known: a size if it looks like one. */
		const char *token = name_token(cell_name(value));
		const char *unit = strrchr(column->name, '_');

		return human && unit && !strcmp(unit, "_KB") &&
			parse_u64(token, strlen(token), &value) ? figure_human(end, value) : NULL;
	}
	if (is_text(column))
		return NULL;

	if (cell[0] & column->missing) {
		*--end = '-';
		return end;
	}
	if (column->kind == GROWTH) {
		sign = cell[0] & FLAG_FELL ? '-' : value && options.form == FORM_TABLE ? '+' : 0;
	} else if (kind == SIGNED && (int64_t)value < 0) {
		sign = '-';
		value = -value;
	}
	if (kind == PERCENT)
		end = figure_hundredths(end, value);
	else if (kind == SIZE && human)
		end = figure_human(end, value);
	else
		end = figure_u64(end, value);
	if (sign)
		*--end = sign;
	return end;
}

static size_t show_name(struct text *text, const struct name *name, enum show how)
{
	if (!name->simple)
		return text_show(text, name->text, name->len, how);
	text_add(text, name->text, name->len);
	return name->len;
}

/* Text as it is shown; returns its width on a terminal */
static size_t show_text(struct text *text, const struct column *column, const uint64_t *cell,
			enum show how)
{
	char digits[FIGURE_MAX], *end = digits + sizeof(digits);
	uint64_t value = cell[column->cell];
	const char *s;

	switch (column->kind) {
	case USER:
		if (!options.numeric)
			return show_name(text, user_name(value), how);
		s = figure_u64(end, value);
		text_add(text, s, end - s);
		return end - s;
	case CGROUP_PATH:
		return show_name(text, cgroup_path(value), how);
	case NAME:
		if (cell_name(value)->len || how != SHOW_TABLE)
			return show_name(text, cell_name(value), how);
		text_str(text, "\\000");
		return 4;
	case ARGS:
		/* 0 for those that are not on the screen. */
		if (value)
			return show_name(text, cell_name(value), how);
		text_str(text, "-");
		return 1;
	default:
		s = name_token(cell_name(value));
		/* It has backslashes, and they are text here. */
		if (how != SHOW_TABLE || column->kind == TEXT)
			return text_show(text, s, strlen(s), how);
		text_str(text, s);
		return strlen(s);
	}
}

static void layout_add(struct layout *layout, const struct column *column)
{
	struct item *item = layout->item + layout->count;

	if (!column || layout->count == MAX_COLUMNS)
		return;
	/* -o may name a column twice, which JSON cannot have. */
	for (unsigned int i = 0; i < layout->count; i++)
		if (layout->item[i].column == column &&
		    (!options.columns.count || options.form == FORM_JSON))
			return;
	item->column = column;
	set_title(item, layout->view->shown);
	item->text = is_text(column);
	item->width = item->title_len;
	layout->count++;
}

/* The columns that -o names, or those that go with the form */
static void choose(struct layout *layout)
{
	static const char * const usual[] = {
		"PID", OWN "USER", OWN "PROCESSES", OWN "WAS_KB", OWN "WAS", "RESERVED_KB",
		"COMMITTED_KB", "COMMITTED_PCT", "RSS_KB", "ANON_KB", "FILE_KB", "SHMEM_KB",
		"SWAP_KB", "HUGETLB_KB", "PGTABLES_KB", "OOM_SCORE",
	};
	const struct view *view = layout->view;
	const struct table *table = view->shown;
	const struct column *name = table_column(table, "NAME");
	const struct column *args = options.args ? table_column(table, OWN "ARGS") : NULL;

	if (options.columns.count) {
		for (size_t i = 0; i < options.columns.count; i++) {
			const char *word = options.columns.word[i];

			/* On the screen, a key may choose a view that lacks one. */
			layout_add(layout, view->keep && layout->columns ?
				   find_column(table, word) : need_column(table, word, ""));
		}
	} else if (options.form == FORM_TABLE) {
		for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
			layout_add(layout, table_column(table, usual[i]));
		/* What it is sorted by shows, whatever it is. */
		if (!is_text(view->sort))
			layout_add(layout, view->sort);
		layout_add(layout, find_column(table, OWN "GROWTH"));
		if (is_text(view->sort) && view->sort != name)
			layout_add(layout, view->sort);
		if (!name)
			layout_add(layout, table_column(table, OWN "CGROUP_PATH"));
		layout_add(layout, args ? args : name);
	} else {
		for (unsigned int i = 0; i < table->columns; i++) {
			if (!table->column[i].derived)
				layout_add(layout, table->column + i);
			if (!strcmp(table->column[i].name, "UID"))
				layout_add(layout, table_column(table, OWN "USER"));
		}
		layout_add(layout, table_column(table, OWN "NAME_ESCAPED"));
	}
}

/* Leave columns away until the rest fits; the least telling first */
static void fit(struct layout *layout)
{
	static const char * const least[] = {
		"HUGETLB_KB", "SHMEM_KB", "FILE_KB", "PGTABLES_KB", "ANON_KB", "COMMITTED_PCT",
		"OOM_SCORE", "SWAP_KB", OWN "WAS_KB", OWN "WAS", "RESERVED_KB", "COMMITTED_KB",
		OWN "USER", OWN "PROCESSES", "RSS_KB",
	};
	size_t total = 0;

	for (unsigned int i = 0; i < layout->count; i++) {
		const struct item *item = layout->item + i;

		/* Names of processes have 15 bytes; a path or a command line is longer. */
		total += 1 + (!item->last ? item->width : item->column->kind == NAME ? 15 : 30);
	}
	for (unsigned int i = 0; i < layout->count && total > layout->columns + 1; i++) {
		struct item *item = layout->item + i;
		size_t excess = total - layout->columns - 1;

		if (item->column->kind != USER || item->width <= 16)
			continue;
		if (excess > item->width - 16)
			excess = item->width - 16;
		item->width -= excess;
		total -= excess;
	}
	for (size_t i = 0; i < sizeof(least) / sizeof(*least) && total > layout->columns + 1; i++) {
		for (unsigned int j = 0; j < layout->count; j++) {
			struct item *item = layout->item + j;

			if (strcmp(item->column->name, least[i]) ||
			    item->column == layout->view->sort ||
			    (item->column->kind == USER && options.by == BY_USER))
				continue;
			total -= item->width + 1;
			layout->count--;
			memmove(item, item + 1, (layout->count - j) * sizeof(*item));
			break;
		}
	}
}

/* How wide a cell is in a table; @text is room for it */
static size_t cell_width(struct text *text, const struct column *column, const uint64_t *cell)
{
	char digits[FIGURE_MAX], *end = digits + sizeof(digits);
	char *s = figure_text(end, column, cell, !options.kb);

	text->len = 0;
	return s ? (size_t)(end - s) : show_text(text, column, cell, SHOW_TABLE);
}

static void widen(struct item *item, size_t width)
{
	if (width > item->width)
		item->width = width;
}

void layout_make(struct layout *layout, const struct view *view, size_t columns)
{
	const struct table *table = view->shown;
	struct text text = { 0 };
	size_t at = 0;

	*layout = (struct layout){ .view = view, .columns = columns };
	if (table_column(table, OWN "DEPTH"))
		layout->depth = table_column(table, OWN "DEPTH")->cell;
	choose(layout);
	if (options.form != FORM_TABLE)
		return;
	for (unsigned int i = 0; i < layout->count; i++) {
		struct item *item = layout->item + i;
		const struct column *column = item->column, *total;
		bool plain = column->kind <= SIZE || column->kind == PERCENT;
		uint64_t most = 0;

		item->last = item->text && i == layout->count - 1;
		/* People read sizes in four characters. */
		if (column->kind == SIZE && !options.kb)
			widen(item, 4);
		if (item->last || (column->kind == SIZE && !options.kb))
			continue;
		if (options.total && item->text)
			widen(item, strlen("total"));
		for (size_t row = 0; row < table->selected; row++) {
			const uint64_t *cell = table_row(table, table->row[row]);

			/* Of plain figures, the largest is the longest. */
			if (!plain)
				widen(item, cell_width(&text, column, cell));
			else if (cell[column->cell] > most)
				most = cell[column->cell];
		}
		if (plain)
			widen(item, cell_width(&text,
					       &(struct column){ .kind = column->kind, .cell = 1 },
					       (uint64_t[]){ 0, most }));
		total = options.total ? table_column(&view->total, column->name) : NULL;
		if (total)
			widen(item, cell_width(&text, total, table_row(&view->total, 0)));
	}
	free(text.s);
	if (columns && !options.columns.count)
		fit(layout);
	for (unsigned int i = 0; i < layout->count; i++) {
		layout->item[i].at = at;
		at += layout->item[i].width + 1;
	}
}

/* Text that was appended from @start on, @width wide, into its column */
static void pad(const struct layout *layout, const struct item *item, struct text *line,
		size_t start, size_t width)
{
	size_t room = item->width;

	if (item->last)
		room = layout->columns > item->at ? layout->columns - item->at : SIZE_MAX;
	if (width > room)
		text_cut(line, start, room, item->column->kind == CGROUP_PATH);
	else if (!item->last)
		text_fill(line, ' ', room - width);
}

/*
 * A figure into its column, which layout_make() has made as wide as the widest;
 * false if it is text.
 */
static bool put_figure(struct text *line, const struct item *item, const struct column *column,
		       const uint64_t *cell)
{
	char *start = text_room(line, item->width), *end = start + item->width, *s;

	if (column->kind == SIZE && !options.kb && !(cell[0] & column->missing))
		s = figure_human(end, cell[column->cell]);
	else
		s = figure_text(end, column, cell, !options.kb);
	if (!s)
		return false;
	while (s > start)
		*--s = ' ';
	line->len += item->width;
	return true;
}

/* In a tree; returns the width. Beyond some depth it would be nothing but blanks. */
static size_t indent(const struct layout *layout, const uint64_t *cell, struct text *line)
{
	uint64_t depth = layout->depth ? cell[layout->depth] : 0;
	size_t blanks = depth > 40 ? 80 : 2 * depth;

	if (!depth)
		return 0;
	text_fill(line, ' ', blanks - 2);
	text_str(line, "`-");
	return blanks;
}

/* Columns of -o may be too much for the screen. A figure that is cut must show it. */
static void clip(const struct layout *layout, struct text *line)
{
	if (layout->columns)
		text_cut(line, 0, layout->columns, false);
}

void layout_header(const struct layout *layout, struct text *line)
{
	line->len = 0;
	for (unsigned int i = 0; i < layout->count; i++) {
		const struct item *item = layout->item + i;
		size_t len = item->title_len, start;

		if (i)
			text_fill(line, ' ', 1);
		start = line->len;
		if (!item->text && len < item->width)
			text_fill(line, ' ', item->width - len);
		text_add(line, item->title, len);
		if (item->text)
			pad(layout, item, line, start, len);
	}
	clip(layout, line);
}

void layout_row(const struct layout *layout, const uint64_t *cell, struct text *line)
{
	line->len = 0;
	for (unsigned int i = 0; i < layout->count; i++) {
		const struct item *item = layout->item + i;
		const struct column *column = item->column;
		size_t start, width;

		if (i)
			text_fill(line, ' ', 1);
		if (!item->text && put_figure(line, item, column, cell))
			continue;
		start = line->len;
		width = item->last ? indent(layout, cell, line) : 0;
		width += show_text(line, column, cell, SHOW_TABLE);
		if (item->text) {
			pad(layout, item, line, start, width);
		} else if (width < item->width) {
			/* Not known, and most likely numbers: to the right. */
			text_room(line, item->width);
			memmove(line->s + start + item->width - width, line->s + start,
				line->len - start);
			memset(line->s + start, ' ', item->width - width);
			line->len += item->width - width;
		}
	}
	clip(layout, line);
}

void layout_total(const struct layout *layout, struct text *line)
{
	const struct table *total = &layout->view->total;
	bool labelled = layout->count && layout->item[layout->count - 1].last;

	line->len = 0;
	for (unsigned int i = 0; i < layout->count; i++) {
		const struct item *item = layout->item + i;
		const struct column *column = table_column(total, item->column->name);
		size_t start;

		if (i)
			text_fill(line, ' ', 1);
		start = line->len;
		if (column) {
			put_figure(line, item, column, table_row(total, 0));
		} else if (item->last) {
			text_format(line, "(total of %zu)", layout->view->count);
			pad(layout, item, line, start, line->len - start);
		} else if (item->text && !labelled) {
			labelled = true;
			text_str(line, "total");
			pad(layout, item, line, start, line->len - start);
		} else {
			text_fill(line, ' ', item->width);
		}
	}
	clip(layout, line);
}

static void print_table(struct view *view, size_t columns)
{
	struct layout layout;
	struct text line = { 0 };

	layout_make(&layout, view, columns);
	for (size_t i = 0; i <= view->shown->selected + options.total; i++) {
		if (!i)
			layout_header(&layout, &line);
		else if (i <= view->shown->selected)
			layout_row(&layout, table_row(view->shown, view->shown->row[i - 1]), &line);
		else
			layout_total(&layout, &line);
		text_add(&out, line.s, line.len);
		text_fill(&out, '\n', 1);
		if (out.len > OUT_SIZE)
			print_flush();
	}
	free(line.s);
}

/* A number as JSON has it, which is one in CSV, too */
static bool is_number(const char *s)
{
	size_t digits;

	s += *s == '-';
	digits = strspn(s, "0123456789");
	if (!digits || (*s == '0' && digits > 1))
		return false;
	s += digits;
	if (*s == '.') {
		digits = strspn(++s, "0123456789");
		s += digits;
	}
	return digits && !*s;
}

static void print_value(const struct column *column, const uint64_t *cell)
{
	bool json = options.form == FORM_JSON;
	char digits[FIGURE_MAX], *end = digits + sizeof(digits), *s;

	if (cell[0] & column->missing) {
		text_str(&out, json ? "null" : "");
	} else if (column->kind == TEXT && is_number(name_token(cell_name(cell[column->cell])))) {
		text_str(&out, name_token(cell_name(cell[column->cell])));
	} else if (is_text(column) || column->kind == TEXT) {
		text_fill(&out, '"', 1);
		show_text(&out, column, cell, json ? SHOW_JSON : SHOW_CSV);
		text_fill(&out, '"', 1);
	} else {
		s = figure_text(end, column, cell, false);
		text_add(&out, s, end - s);
	}
}

static void print_records(const struct view *view)
{
	bool json = options.form == FORM_JSON;
	struct layout layout;

	layout_make(&layout, view, 0);
	if (json)
		text_str(&out, "[");
	for (unsigned int i = 0; !json && i < layout.count; i++) {
		text_str(&out, i ? "," : "");
		text_str(&out, layout.item[i].title);
	}
	for (size_t row = 0; row < view->shown->selected; row++) {
		const uint64_t *cell = table_row(view->shown, view->shown->row[row]);

		text_str(&out, json ? row ? ",\n{" : "\n{" : "\n");
		for (unsigned int i = 0; i < layout.count; i++) {
			text_str(&out, i ? "," : "");
			if (json) {
				text_fill(&out, '"', 1);
				text_str(&out, layout.item[i].title);
				text_add(&out, "\":", 2);
			}
			print_value(layout.item[i].column, cell);
		}
		text_str(&out, json ? "}" : "");
		if (out.len > OUT_SIZE)
			print_flush();
	}
	text_str(&out, json ? "\n]\n" : "\n");
}

void print_view(struct view *view, size_t columns)
{
	view_fill(view, 0, view->shown->selected);
	if (options.form == FORM_TABLE)
		print_table(view, columns);
	else
		print_records(view);
}

void print_line(const char *s)
{
	text_str(&out, s);
	text_fill(&out, '\n', 1);
}

/* A figure of the summary that is a size, as people read it */
static const char *human(const char *kb)
{
	static char s[FIGURE_MAX];
	uint64_t value;

	return parse_u64(kb, strlen(kb), &value) ? figure_human(s + FIGURE_MAX - 1, value) : kb;
}

void print_summary(void)
{
	static struct summary summary;

	summary_read(&summary, options.summary_file);
	for (size_t i = 0; i < summary.count; i++) {
		const char *key = summary.line[i].key, *figure = summary.line[i].figure;
		const char *unit = summary.line[i].unit;

		if (options.form == FORM_JSON)
			text_format(&out, "%s\"%s\":%s", i ? "," : "{", key, figure);
		else if (options.form == FORM_CSV)
			text_format(&out, "%s%s", i ? "," : "", key);
		else if (!strcmp(unit, "kB") && !options.kb)
			text_format(&out, "%-16s %12s\n", key, human(figure));
		else
			text_format(&out, "%-16s %12s%s%s\n", key, figure, *unit ? " " : "", unit);
	}
	if (options.form == FORM_JSON)
		text_str(&out, "}\n");
	for (size_t i = 0; options.form == FORM_CSV && i < summary.count; i++)
		text_format(&out, "%s%s", i ? "," : "\n", summary.line[i].figure);
	if (options.form == FORM_CSV)
		text_str(&out, "\n");
}

static void add_sum(struct text *line, const struct summary *summary, const char *what,
		    const char *key)
{
	const char *kb = summary_figure(summary, key);

	if (kb)
		text_format(line, "%s %s%s", what, options.kb ? kb : human(kb),
			    options.kb ? " kB" : "");
}

void summary_lines(const struct summary *summary, struct text *counts, struct text *sums)
{
	const char *processes = summary_figure(summary, "Processes");
	const char *spaces = summary_figure(summary, "AddressSpaces");
	const char *percent = summary_figure(summary, "CommittedPct");

	text_format(counts, "%s processes, %s address spaces", processes ? processes : "?",
		    spaces ? spaces : "?");
	add_sum(sums, summary, "reserved", "TotalReserved");
	add_sum(sums, summary, ", committed", "TotalCommitted");
	if (percent)
		text_format(sums, " (%s %%)", percent);
	add_sum(sums, summary, ", rss", "TotalRss");
	add_sum(sums, summary, ", swap", "TotalSwap");
	add_sum(sums, summary, ", page tables", "TotalPageTables");
}
