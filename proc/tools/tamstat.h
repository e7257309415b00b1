/* SPDX-License-Identifier: GPL-2.0-only */
/* tamstat: shared by its parts */
#ifndef TAMSTAT_H
#define TAMSTAT_H

#include <regex.h>
#include <stdio.h>

#include "group.h"
#include "lookup.h"

/* Between two looks of --watch */
#define LEAST_SECONDS 0.1

enum form { FORM_TABLE, FORM_CSV, FORM_JSON };

/* struct words - strings of options that may be given several times */
struct words {
	size_t count;
	const char **word;
};

/*
 * struct options - what the user wants to see
 * @pids, @users: these ids alone, unless empty
 * @patterns, @regexes: of names, one of which is enough
 * @filter: a part of the name, typed on the screen
 * @columns: to show, none for those that go with the form
 * @args: the command line instead of the name
 * @seconds, @diff: between two rounds of --watch, and of --diff, which is below 0
 *	if it is not given
 * @pids_file, @summary_file: the files of the kernel
 */
struct options {
	enum form form;
	enum by by;
	bool kb, numeric, reverse, total, tree, fold_case, watch, summary, args;
	const char *sort, *since, *filter;
	size_t limit;
	double seconds, diff;
	struct map pids, users;
	struct words patterns, columns;
	regex_t *regex;
	size_t regexes;
	const char *pids_file, *summary_file;
};

extern struct options options;

/* select.c: which rows */
void check_pattern(const char *pattern);
void add_regex(const char *pattern);
void select_rows(struct table *table);

/*
 * struct view - the tables that are shown, made from one sample each time
 * @keep: the sample has to stay as it is
 * @made: growth or a tree that is made of a copy
 * @shown: one of these, or the sample
 * @total: one row
 * @sort: the column it is sorted by
 */
struct view {
	bool keep;
	struct table sums, was_sums, made, total;
	struct table *shown;
	const struct column *sort;
	size_t count;
};

/* What a sample that need not stay has to have of spare cells */
#define VIEW_SPARE 3
/* view.c: make the view of a sample. @was is an earlier sample, or NULL */
void view_make(struct view *view, struct table *sample, struct table *was);
/* Read what is shown and not in the file, for so many rows from @first on */
void view_fill(struct view *view, size_t first, size_t count);
/* A column's name as people see it: without OWN, unless the file has one of that name */
const char *column_name(const struct table *table, const struct column *column);
/* The column of the name or short name @word, or NULL; those of the file come first */
const struct column *find_column(const struct table *table, const char *word);
/* The same, or the program ends; @what is added to what it says */
const struct column *need_column(const struct table *table, const char *word, const char *what);

/*
 * struct layout - the columns of a view as they are shown
 * @columns: of the screen, 0 for any
 * @depth: cell of the depth in a tree
 * @at, @width: in columns of the screen
 */
struct layout {
	const struct view *view;
	unsigned int count, depth;
	struct item {
		const struct column *column;
		const char *title;
		size_t at, width;
		unsigned int title_len;
		bool text, last;
	} item[MAX_COLUMNS];
	size_t columns;
};

/* print.c. @columns is the width of the screen, 0 for any */
void layout_make(struct layout *layout, const struct view *view, size_t columns);
void layout_header(const struct layout *layout, struct text *line);
void layout_row(const struct layout *layout, const uint64_t *cell, struct text *line);
void layout_total(const struct layout *layout, struct text *line);
/* The whole view to standard output in the form that is wanted */
void print_view(struct view *view, size_t columns);
void print_summary(void);
/* A line of its own */
void print_line(const char *s);
/* Append what the summary says to two lines */
void summary_lines(const struct summary *summary, struct text *counts, struct text *sums);
/* What has been printed so far, written */
void print_flush(void);

/* screen.c: until the user ends it */
void screen_run(void);
/* Leave the screen, if there is one, as it was */
void screen_end(void);

#endif
