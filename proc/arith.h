/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _PROC_TAMALLOC_ARITH_H
#define _PROC_TAMALLOC_ARITH_H

/*
 * Arithmetic that cannot wrap. With five-level paging, a quarter of a million
 * processes can have more reserved than 2^64 bytes.
 */

#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/types.h>

/* @a + @b, or the largest number if that does not fit */
static inline u64 tamalloc_add(u64 a, u64 b)
{
	u64 sum;

	return check_add_overflow(a, b, &sum) ? U64_MAX : sum;
}

/* @a * @b, or the largest number if that does not fit */
static inline u64 tamalloc_mul(u64 a, u64 b)
{
	u64 product;

	return check_mul_overflow(a, b, &product) ? U64_MAX : product;
}

/* The share of @whole that is @part, in hundredths of a percent, truncated */
static inline u64 tamalloc_share(u64 part, u64 whole)
{
	u64 times, rest;

	if (!whole)
		return 0;

	/*
	 * mul_u64_u64_div_u64() must not be given what has a quotient of more
	 * than 64 bits: x86 traps. As rest < whole, this one is below 10,000.
	 */
	times = div64_u64_rem(part, whole, &rest);
	return tamalloc_add(tamalloc_mul(times, 10000),
			    mul_u64_u64_div_u64(rest, 10000, whole));
}

#endif /* _PROC_TAMALLOC_ARITH_H */
