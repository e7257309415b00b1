/* SPDX-License-Identifier: GPL-2.0-only */
/* What proc/arith.h needs of the kernel, for a program. */
#ifndef TESTS_ARITH_TYPES_H
#define TESTS_ARITH_TYPES_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint64_t u64;
typedef unsigned __int128 u128;

#define U64_MAX		UINT64_MAX
#define check_add_overflow(a, b, sum)	__builtin_add_overflow(a, b, sum)
#define check_mul_overflow(a, b, prod)	__builtin_mul_overflow(a, b, prod)

static inline u64 div64_u64_rem(u64 num, u64 divisor, u64 *rest)
{
	*rest = num % divisor;
	return num / divisor;
}

/* x86 traps if the quotient has more than 64 bits. */
static inline u64 mul_u64_u64_div_u64(u64 a, u64 mul, u64 divisor)
{
	u128 quotient = (u128)a * mul / divisor;

	assert(quotient <= U64_MAX);
	return quotient;
}

#endif /* TESTS_ARITH_TYPES_H */
