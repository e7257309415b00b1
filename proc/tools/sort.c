// SPDX-License-Identifier: GPL-2.0-only
/* Put the rows of a table in order */

#include <stdlib.h>

#include "group.h"
#include "lookup.h"

/* As many as are picked without sorting the rest. */
#define FEW 64

/*
 * struct key - what a row is sorted by
 * @rank: figures are 0, what is below 0 is 1, text is 2, what is missing is 3
 * @value: a figure, of which the largest comes first, or a string
 * @row: its place among the selected rows
 */
struct key {
	uint64_t value;
	uint32_t rank, row;
};

static struct key key_of(const struct column *column, const uint64_t *cell)
{
	struct key key = { .value = cell[column->cell] };
	const char *token;

	if (cell[0] & column->missing)
		return (struct key){ .rank = 3 };
	switch (column->kind) {
	case SIGNED:
		key.rank = (int64_t)key.value < 0;
		break;
	case GROWTH:
		key.rank = cell[0] & FLAG_FELL ? 1 : 0;
		if (key.rank)
			key.value = ~key.value;
		break;
	case TEXT:
		token = name_token(cell_name(key.value));
		if (parse_u64(token, strlen(token), &key.value))
			break;
		key.value = (uintptr_t)token;
		key.rank = 2;
		break;
	case NAME:
	case ARGS:
		key.value = (uintptr_t)cell_name(key.value)->text;
		key.rank = 2;
		break;
	case ESCAPED:
		key.value = (uintptr_t)name_token(cell_name(key.value));
		key.rank = 2;
		break;
	case USER:
		key.value = (uintptr_t)user_name(key.value)->text;
		key.rank = 2;
		break;
	case CGROUP_PATH:
		key.value = (uintptr_t)cgroup_path(key.value)->text;
		key.rank = 2;
		break;
	case COUNT:
	case SIZE:
	case PERCENT:
		break;
	}
	return key;
}

static int compare(const void *one, const void *two, void *reverse)
{
	const struct key *a = one, *b = two;
	int order = (a->rank > b->rank) - (a->rank < b->rank);

	if (!order && a->value != b->value)
		order = a->rank != 2 ? (a->value < b->value ? 1 : -1) :
			strcmp((const char *)(uintptr_t)a->value,
			       (const char *)(uintptr_t)b->value);
	if (order)
		return *(const bool *)reverse ? -order : order;
	return (a->row > b->row) - (a->row < b->row);
}

/*
 * The same order for keys that all are figures, in a time that grows with their
 * number alone: byte by byte from the last, each as the ones before left it.
 */
static void sort_figures(struct key *keys, size_t count, bool reverse)
{
	struct key *other = grow(NULL, count, sizeof(*other)), *from = keys, *to = other, *swap;
	uint64_t differ = 0;

	for (size_t i = 1; i < count; i++)
		differ |= keys[i].value ^ keys[0].value;
	for (unsigned int shift = 0; shift < 64; shift += 8) {
		/* Descending, unless reversed. */
		const unsigned int flip = reverse ? 0 : 0xff;
		size_t place[257] = { 0 };

		if (!(differ >> shift & 0xff))
			continue;
		for (size_t i = 0; i < count; i++)
			place[((from[i].value >> shift & 0xff) ^ flip) + 1]++;
		for (unsigned int i = 0; i < 256; i++)
			place[i + 1] += place[i];
		for (size_t i = 0; i < count; i++)
			to[place[(from[i].value >> shift & 0xff) ^ flip]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, count * sizeof(*keys));
	free(other);
}

void table_sort(struct table *table, const struct column *column, bool reverse, size_t limit)
{
	size_t count = table->selected, kept = 0;
	uint32_t ranks = 0;
	struct key *keys = count ? grow(NULL, count, sizeof(*keys)) : NULL;

	if (limit > count)
		limit = count;
	for (size_t i = 0; i < count; i++) {
		struct key key = key_of(column, table_row(table, table->row[i]));
		size_t at = kept;

		key.row = i;
		ranks |= key.rank;
		if (limit > FEW || limit == count) {
			keys[kept++] = key;
			continue;
		}
		/* The best so far are in order; most rows are not among them. */
		while (at && compare(&key, keys + at - 1, &reverse) < 0)
			at--;
		if (at >= limit)
			continue;
		kept += kept < limit;
		memmove(keys + at + 1, keys + at, (kept - at - 1) * sizeof(*keys));
		keys[at] = key;
	}
	/* A few are in order already. */
	if (kept == count && count > 1 && !ranks)
		sort_figures(keys, kept, reverse);
	else if (kept == count && count > 1)
		qsort_r(keys, kept, sizeof(*keys), compare, &reverse);
	/* Rows of before, in places that are no longer needed. */
	for (size_t i = 0; i < limit; i++)
		keys[i].value = table->row[keys[i].row];
	for (size_t i = 0; i < limit; i++)
		table->row[i] = keys[i].value;
	table->selected = limit;
	free(keys);
}
