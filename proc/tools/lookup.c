// SPDX-License-Identifier: GPL-2.0-only
/* What is not in the rows: names of users, paths of cgroups, files of processes */

#include "lookup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

const char *proc_path = "/proc";

/* Values are struct name, in the pool. */
static struct map users, paths;
static struct pool pool;

static uint64_t keep(const char *s)
{
	return (uintptr_t)pool_raw(&pool, s, strlen(s));
}

static uint64_t decimal(const char *prefix, uint64_t id)
{
	char s[FIGURE_MAX];

	snprintf(s, sizeof(s), "%s%" PRIu64, prefix, id);
	return keep(s);
}

/* The thread's: ids that it is to look up, and that it has looked up */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	int news;
	bool started;
	size_t asked, answered, known, room;
	struct { uint64_t uid; char *name; } *user;
} background = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .wanted = PTHREAD_COND_INITIALIZER, .news = -1,
};

static void *answer_users(void *unused)
{
	struct passwd *user;
	uint64_t uid;
	char *name;

	(void)unused;
	pthread_mutex_lock(&background.lock);
	for (;;) {
		while (background.answered == background.asked)
			pthread_cond_wait(&background.wanted, &background.lock);
		uid = background.user[background.answered].uid;
		pthread_mutex_unlock(&background.lock);
		user = uid < UINT32_MAX ? getpwuid(uid) : NULL;
		name = user ? strdup(user->pw_name) : NULL;
		pthread_mutex_lock(&background.lock);
		background.user[background.answered++].name = name;
		if (name)
			eventfd_write(background.news, 1);
	}
	return NULL;
}

int users_in_background(void)
{
	pthread_t thread;

	background.news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (background.news >= 0)
		background.started = !pthread_create(&thread, NULL, answer_users, NULL);
	return background.started ? background.news : -1;
}

/* Take over what the thread has found */
static void take_news(void)
{
	pthread_mutex_lock(&background.lock);
	for (; background.known < background.answered; background.known++) {
		char *name = background.user[background.known].name;

		if (name)
			*map_at(&users, background.user[background.known].uid) = keep(name);
		free(name);
	}
	pthread_mutex_unlock(&background.lock);
}

static void ask_thread(uint64_t uid)
{
	pthread_mutex_lock(&background.lock);
	if (background.asked == background.room) {
		background.room = 2 * background.room + 64;
		background.user = grow(background.user, background.room, sizeof(*background.user));
	}
	background.user[background.asked++].uid = uid;
	pthread_cond_signal(&background.wanted);
	pthread_mutex_unlock(&background.lock);
}

const struct name *user_name(uint64_t uid)
{
	struct passwd *user = NULL;
	eventfd_t news;
	uint64_t *name;

	if (background.started && !eventfd_read(background.news, &news))
		take_news();
	name = map_find(&users, uid);
	if (!name) {
		if (background.started)
			ask_thread(uid);
		else if (uid < UINT32_MAX)
			user = getpwuid(uid);
		name = map_at(&users, uid);
		*name = user ? keep(user->pw_name) : decimal("", uid);
	}
	return cell_name(*name);
}

/*
 * The directory of a process, -1 if it has ended. A descriptor stays with the
 * process: nothing can be read by it of a later one with the same id.
 */
static int open_process(uint64_t pid, uint64_t start_time)
{
	static struct text stat;
	uint64_t value;
	char path[4096], *field;
	int dir;

	if (snprintf(path, sizeof(path), "%s/%" PRIu64, proc_path, pid) >= (int)sizeof(path))
		return -1;
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -1;
	stat.len = 0;
	/* The name, the second field, can have brackets and spaces in it. */
	field = file_read(&stat, dir, "stat") ? strrchr(text_end(&stat), ')') : NULL;
	for (unsigned int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	if (field && parse_u64(field + 1, strcspn(field + 1, " "), &value) && value == start_time)
		return dir;
	close(dir);
	return -1;
}

/* A file of a process, in a string that is valid until the next call; or NULL */
static char *read_process(uint64_t pid, uint64_t start_time, const char *file, size_t *len)
{
	static struct text text;
	int dir = open_process(pid, start_time);
	bool done;

	if (dir < 0)
		return NULL;
	text.len = 0;
	done = file_read(&text, dir, file);
	close(dir);
	*len = text.len;
	return done ? text_end(&text) : NULL;
}

void cgroups_find(const struct table *table)
{
	unsigned int pid = table_column(table, "PID")->cell;
	unsigned int start = table_column(table, "STARTTIME")->cell;
	unsigned int cgroup = table_column(table, OWN "CGROUP_PATH")->cell;
	struct map tries = { 0 };
	uint64_t found = 0;

	for (size_t i = 0; i < table->selected; i++) {
		const uint64_t *cell = table_row(table, table->row[i]);
		char *file, *path;
		uint64_t *try;
		size_t len;

		/* 0 is not the id of any. */
		if (cell[cgroup] == found)
			continue;
		if (map_find(&paths, cell[cgroup])) {
			found = cell[cgroup];
			continue;
		}
		/* Some processes can have ended; of a copy, all of them. */
		try = map_at(&tries, cell[cgroup]);
		*try = *try == MAP_NONE ? 1 : *try + 1;
		if (*try > 8)
			continue;
		file = read_process(cell[pid], cell[start], "cgroup", &len);
		/* The line of the unified hierarchy; missing if only v1 is in use */
		path = file ? strstr(file, "0::/") : NULL;
		while (path && path != file && path[-1] != '\n')
			path = strstr(path + 1, "0::/");
		if (path)
			path[strcspn(path, "\n")] = '\0';
		if (file && (path || cell[cgroup] == 1))
			*map_at(&paths, cell[cgroup]) = keep(path ? path + 3 : "/");
	}
	map_clear(&tries);
}

const struct name *cgroup_path(uint64_t id)
{
	/* Not in paths: a later process may tell. */
	static struct map unknown;
	uint64_t *path = map_find(&paths, id);

	if (!path) {
		path = map_at(&unknown, id);
		if (*path == MAP_NONE)
			*path = decimal("#", id);
	}
	return cell_name(*path);
}

void table_read_args(struct table *table)
{
	unsigned int pid = table_column(table, "PID")->cell;
	unsigned int start = table_column(table, "STARTTIME")->cell;
	unsigned int args = table_column(table, OWN "ARGS")->cell;

	for (size_t i = 0; i < table->selected; i++) {
		uint64_t *cell = table_row(table, table->row[i]);
		char *line;
		size_t len;

		if (cell[args] || cell[0] & FLAG_NO_ARGS)
			continue;
		line = read_process(cell[pid], cell[start], "cmdline", &len);
		while (line && len && !line[len - 1])
			len--;
		if (!line || !len) {
			cell[0] |= FLAG_NO_ARGS;
			continue;
		}
		for (size_t j = 0; j < len; j++)
			if (!line[j])
				line[j] = ' ';
		cell[args] = (uintptr_t)pool_raw(&table->pool, line, len);
	}
}

void table_read_pss(struct table *table)
{
	unsigned int pid = table_column(table, "PID")->cell;
	unsigned int start = table_column(table, "STARTTIME")->cell;
	unsigned int pss = table_column(table, OWN "PSS_KB")->cell;
	unsigned int uss = table_column(table, OWN "USS_KB")->cell;

	for (size_t i = 0; i < table->selected; i++) {
		uint64_t *cell = table_row(table, table->row[i]);
		char *line, *next;
		size_t len;

		if (cell[0] & (FLAG_PSS | FLAG_NO_PSS))
			continue;
		line = read_process(cell[pid], cell[start], "smaps_rollup", &len);
		cell[0] |= line && len ? FLAG_PSS : FLAG_NO_PSS;
		for (; line && *line; line = next) {
			uint64_t kb;

			next = line + strcspn(line, "\n");
			next += *next == '\n';
			if (sscanf(line, "%*[^:]: %" SCNu64 " kB", &kb) != 1)
				continue;
			if (!strncmp(line, "Pss:", 4))
				cell[pss] = kb;
			else if (!strncmp(line, "Private_", 8))
				cell[uss] = sum_of(cell[uss], kb);
		}
	}
}
