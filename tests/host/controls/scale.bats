# On the kernel for very many processes, each watchdog fires when it must.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

# locked_up KIND REGEXP
locked_up() {
  expect_verdict 11 "kernel splat: .*$2" --kernel "$top/build/bzImage-scale" --memory 1024 \
    --timeout 300 fixture "$1"
}

@test "scale: a soft lockup is a splat" {
  locked_up soft-lockup "soft lockup"
}

@test "scale: an RCU stall is a splat" {
  locked_up rcu-stall "self-detected stall"
}

@test "scale: a hung task is a splat" {
  locked_up hung-task "blocked for more than"
}
