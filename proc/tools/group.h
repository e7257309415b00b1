/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables made of tables: sums, growth, trees; and their order */
#ifndef TAMALLOC_GROUP_H
#define TAMALLOC_GROUP_H

#include "rows.h"

enum by { BY_PROCESS, BY_NAME, BY_USER, BY_CGROUP };

/*
 * Each makes @to of the selected rows of @from, and selects all of its rows. What
 * @to held before is dropped. Names of @to may lie in @from: it has to stay.
 */

/*
 * table_group - one row for all of a name, user or cgroup
 *
 * PROCESSES is their number; sizes are sums, 2^64-1 if that is too small;
 * COMMITTED_PCT is that of the sums; OOM_SCORE is the highest. For BY_CGROUP,
 * cgroups_find() comes before.
 */
void table_group(struct table *to, const struct table *from, enum by by);

/*
 * table_tree - children below their parents, with the sums of each subtree
 *
 * Like table_group(), but a row for each process, with DEPTH. A process whose
 * parent is not selected is a root. Siblings are sorted by @column of @from, which
 * has to have PPID.
 */
void table_tree(struct table *to, const struct table *from, const char *column, bool reverse);

/*
 * table_diff - rows whose figure in @column is not what it was
 *
 * Both tables have the columns of a file, or both are of table_group(). WAS is
 * missing for what was not there, which has grown by all it is.
 */
void table_diff(struct table *to, const struct table *was, const struct table *now,
		enum by by, const struct column *column);

/* Whether a column is a figure that can grow */
bool is_figure(const struct column *column);

/* A row of sums over the selected rows; of a tree, over its roots */
void table_total(struct table *to, const struct table *from);

/*
 * table_sort - put the selected rows in order, and keep the first @limit
 *
 * Figures descending, text ascending; in a column of both, figures first. Equal
 * ones stay in their order. @reverse turns all but that round.
 */
void table_sort(struct table *table, const struct column *column, bool reverse, size_t limit);

#endif
