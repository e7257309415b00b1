// SPDX-License-Identifier: GPL-2.0-only
/* tamstat: which rows are wanted */

#include <ctype.h>
#include <fnmatch.h>
#include <locale.h>
#include <stdlib.h>
#include <strings.h>
#include <wctype.h>

#include "tamstat.h"

/* TASK_COMM_LEN without its NUL */
#define NAME_BYTES 15

/*
 * Where the set that opens at @p closes; NULL if it does not, and the bracket is
 * just a bracket.
 */
static const char *set_end(const char *p)
{
	p++;
	p += *p == '!' || *p == '^';
	p += *p == ']';
	for (; *p && *p != ']'; p++) {
		const char *end = p[0] == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;

		if (end) {
			char class[16] = "";

			if (end - p - 2 < (long)sizeof(class))
				memcpy(class, p + 2, end - p - 2);
			if (!wctype(class))
				die("there is no class of characters %.*s", (int)(end + 2 - p), p);
			p = end + 1;
		} else if (*p == '\\' && p[1]) {
			p++;
		}
	}
	return *p ? p : NULL;
}

/* Dies if no name can match */
void check_pattern(const char *pattern)
{
	size_t least = 0;

	for (const char *p = pattern; *p; p++) {
		const char *end = *p == '[' ? set_end(p) : NULL;

		least += *p != '*';
		if (end)
			p = end;
		else if (*p == '\\' && p[1])
			p++;
	}
	if (least > NAME_BYTES)
		die("-c: the kernel cuts names at %d bytes, so none matches '%s'; try '%.*s'",
		    NAME_BYTES, pattern, NAME_BYTES, pattern);
}

/* Characters are bytes, whatever the language; a name can have any. */
static locale_t bytes(void)
{
	static locale_t c;

	if (!c)
		c = newlocale(LC_ALL_MASK, "C", NULL);
	return c;
}

void add_regex(const char *pattern)
{
	char message[128];
	locale_t old = uselocale(bytes());
	int error;

	options.regex = grow(options.regex, options.regexes + 1, sizeof(*options.regex));
	error = regcomp(options.regex + options.regexes, pattern,
			REG_EXTENDED | REG_NOSUB | (options.fold_case ? REG_ICASE : 0));
	uselocale(old);
	if (error) {
		regerror(error, options.regex + options.regexes, message, sizeof(message));
		die("-e: '%s': %s", pattern, message);
	}
	options.regexes++;
}

static bool contains(const struct name *name, const char *part)
{
	size_t len = strlen(part);

	for (size_t i = 0; i + len <= name->len; i++)
		if (!strncasecmp(name->text + i, part, len))
			return true;
	return false;
}

static bool name_matches(const struct name *name)
{
	if (options.filter && !contains(name, options.filter))
		return false;
	for (size_t i = 0; i < options.patterns.count; i++)
		if (!fnmatch(options.patterns.word[i], name->text,
			     options.fold_case ? FNM_CASEFOLD : 0))
			return true;
	for (size_t i = 0; i < options.regexes; i++)
		if (!regexec(options.regex + i, name->text, 0, NULL, 0))
			return true;
	return !options.patterns.count && !options.regexes;
}

void select_rows(struct table *table)
{
	unsigned int pid = table_column(table, "PID")->cell;
	unsigned int uid = table_column(table, "UID")->cell;
	unsigned int name = table_column(table, "NAME")->cell;
	bool by_name = options.filter || options.patterns.count || options.regexes;
	/* Each name is looked at once. */
	struct map names = { 0 };
	locale_t old;
	size_t kept = 0;

	table_select_all(table);
	if (!by_name && !options.pids.count && !options.users.count)
		return;
	old = uselocale(bytes());
	for (size_t i = 0; i < table->rows; i++) {
		const uint64_t *cell = table_row(table, i);
		uint64_t *matches;

		if ((options.pids.count && !map_find(&options.pids, cell[pid])) ||
		    (options.users.count && !map_find(&options.users, cell[uid])))
			continue;
		if (by_name) {
			matches = map_at(&names, cell[name]);
			if (*matches == MAP_NONE)
				*matches = name_matches(cell_name(cell[name]));
			if (!*matches)
				continue;
		}
		table->row[kept++] = i;
	}
	table->selected = kept;
	uselocale(old);
	map_clear(&names);
}
