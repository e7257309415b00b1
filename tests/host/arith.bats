# The kernel's arithmetic on sums and shares, in a program.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

# arith HEADER: compile the program with that proc/arith.h, and run it.
arith() {
  cp "$1" "$BATS_TEST_TMPDIR/arith.h"
  gcc -std=gnu11 -O1 -Wall -Wextra -Werror -fsanitize=undefined -fno-sanitize-recover \
    -I"$BATS_TEST_TMPDIR" -Iarith -o "$BATS_TEST_TMPDIR/arith" arith/arith.c
  "$BATS_TEST_TMPDIR/arith"
}

@test "arith: sums and products saturate, shares are exact" {
  run -0 arith ../../proc/arith.h
  assert_eq "1000361 pairs" "$output"
}

@test "arith: a sum or a share that wraps is noticed [control]" {
  local copy=$BATS_TEST_TMPDIR/wrong.h
  sed '/check_add_overflow/s/? U64_MAX/? sum/' ../../proc/arith.h >"$copy"
  run ! arith "$copy"
  [[ $output == *"add(18446744073709551615, "* ]] || fail "$output"
  # As it was once
  sed '/mul_u64_u64_div_u64(rest/d; s/return tamalloc_add(tamalloc_mul(times, 10000),/return part * 10000 \/ whole + 0 * times;/' \
    ../../proc/arith.h >"$copy"
  run ! arith "$copy"
  [[ $output == *"share("* ]] || fail "$output"
}
