// SPDX-License-Identifier: GPL-2.0-only
/*
 * arith: the arithmetic of proc/arith.h, compared with 128 bits
 *
 * Compares each function for all pairs of edge values and for many random pairs.
 * Prints the pairs that differ, then how many pairs there were.
 */
#include <stddef.h>
#include <stdio.h>

#include "arith.h"

/* 2^20 processes that have all of a five-level address space reserved, in pages */
#define FIVE_LEVELS	(1ULL << 44)

static const u64 edges[] = {
	0, 1, 2, 99, 100, 9999, 10000, 10001, 1ULL << 32, FIVE_LEVELS,
	FIVE_LEVELS << 18, FIVE_LEVELS << 19, U64_MAX / 10000, U64_MAX / 10000 + 1,
	U64_MAX / 4, U64_MAX / 4 + 1, 1ULL << 63, U64_MAX - 1, U64_MAX,
};

static int bad;
static unsigned long pairs;

static u64 saturated(u128 value)
{
	return value > U64_MAX ? U64_MAX : (u64)value;
}

static void expect(const char *what, u64 a, u64 b, u64 expected, u64 actual)
{
	if (expected == actual)
		return;
	bad = 1;
	printf("%s(%llu, %llu): expected %llu, actual %llu\n", what,
	       (unsigned long long)a, (unsigned long long)b,
	       (unsigned long long)expected, (unsigned long long)actual);
}

static void compare(u64 a, u64 b)
{
	pairs++;
	expect("add", a, b, saturated((u128)a + b), tamalloc_add(a, b));
	expect("mul", a, b, saturated((u128)a * b), tamalloc_mul(a, b));
	expect("share", a, b, b ? saturated((u128)a * 10000 / b) : 0,
	       tamalloc_share(a, b));
}

int main(void)
{
	const size_t n = sizeof(edges) / sizeof(edges[0]);
	u64 random = 88172645463325252ULL;
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			compare(edges[i], edges[j]);
	for (i = 0; i < 1000000; i++) {
		u64 a, b;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		a = random >> (i % 64);
		b = random * 0x9e3779b97f4a7c15ULL >> (i / 64 % 64);
		compare(a, b);
	}
	printf("%lu pairs\n", pairs);
	return bad;
}
