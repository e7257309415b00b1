/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables made of tables: sums, growth, trees; and their order */
#ifndef TAMALLOC_GROUP_H
#define TAMALLOC_GROUP_H

#include "rows.h"

enum by { BY_PROCESS, BY_NAME, BY_USER, BY_CGROUP };

/*
 * table_group - one row for all of a name, user or cgroup
 *
 * Makes @to of the selected rows of @from, and selects all of its rows. What @to held
 * before is dropped. Its names may lie in @from, which has to stay. PROCESSES is their
 * number; sizes are sums, 2^64-1 if that is too small; COMMITTED_PCT is that of the
 * sums; OOM_SCORE is the highest. For BY_CGROUP, cgroups_find() comes before.
 */
void table_group(struct table *to, const struct table *from, enum by by);

/*
 * table_merge - make one row of neighbours of one name, user and cgroup
 *
 * To be the @merge of a table that is only read to be grouped, with a spare cell.
 * Workers come one after the other, so that mostly few rows are kept.
 */
void table_merge(struct table *table);

/*
 * table_tree - children below their parents, with the sums of each subtree
 *
 * The selected rows stay, with the sums of table_group() and DEPTH. A process whose
 * parent is not selected is a root. Siblings are sorted by @column. @table has to have
 * PPID, PROCESSES, which is filled, and a spare cell.
 */
void table_tree(struct table *table, const struct column *column, bool reverse);

/*
 * table_diff - rows whose figure in @column is not what it was
 *
 * The selected rows of which that is so stay in @now, with WAS and GROWTH. WAS is
 * missing for what was not there, which has grown by all it is. Both tables have the
 * columns of a file, or both are of table_group(); @now has to have three spare cells.
 */
void table_diff(struct table *now, const struct table *was, enum by by,
		const struct column *column);

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
