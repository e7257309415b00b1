/* SPDX-License-Identifier: GPL-2.0-only */
/* What is not in the rows: names of users, paths of cgroups, files of processes */
#ifndef TAMALLOC_LOOKUP_H
#define TAMALLOC_LOOKUP_H

#include "rows.h"

/* Where procfs is mounted; to be set before the others are called */
extern const char *proc_path;

/*
 * user_name - the name of a user id, or the id as digits if it has none
 *
 * The system is asked once for each id. It stays valid.
 */
const struct name *user_name(uint64_t uid);

/*
 * users_in_background - let user_name() answer at once
 *
 * A thread asks the system; until it knows, the id is the name. Returns a
 * descriptor that can be read once there is a new name, or -1 if there can be no
 * thread, and user_name() waits as ever.
 */
int users_in_background(void);

/*
 * cgroups_find - find the paths of the cgroups of the selected rows
 *
 * Each id that is not known is looked up in /proc/PID/cgroup of a process that has
 * it. To be called before cgroup_path(), on a table that has the column CGROUP_PATH.
 */
void cgroups_find(const struct table *table);

/* The path of a cgroup, "#ID" if it is not known. It stays valid. */
const struct name *cgroup_path(uint64_t id);

/*
 * table_read_args, table_read_pss - fill the columns ARGS, or PSS_KB and USS_KB
 *
 * These columns must be there. Only selected rows are filled, each once. A row
 * whose process cannot be read, or has ended, has FLAG_NO_ARGS or FLAG_NO_PSS; a
 * process that has the id of one that ended is never taken for it.
 */
void table_read_args(struct table *table);
void table_read_pss(struct table *table);

#endif
