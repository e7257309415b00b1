# The debug kernel fails a run when it must: three guests show the way from a fault to a
# red run. In a fourth, the kernel continues after each fault and must report them all.
# tests/host/splats.bats has the verdicts on other lines of a log.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

# seeded STATUS REGEXP APPEND SEED...: the verdict on a run with these faults, with
# APPEND on the kernel's command line
seeded() {
  expect_verdict "$1" "$2" --kernel "$top/build/bzImage-debug" --memory 1536 --cpus 1 \
    --append "$3" --timeout 600 judged seed "${@:4}"
}

@test "debug: no fault is a pass" {
  seeded 0 "pass: kernel log clean" ""
}

@test "debug: a warning ends the machine and is a splat" {
  seeded 11 "kernel splat: .*sleeping function called from invalid context" "" sleep-under-rcu leak
  # The run ended with the first of the two faults.
  run -1 grep -a "seeding leak" "$top/build/guest/$BATS_TEST_NAME/output"
}

@test "debug: a leak, which the log does not show, is a splat" {
  seeded 11 "kernel splat: .*judge: [0-9]+ objects leaked, the first from tamalloc_seed_leak" "" leak
}

@test "debug: each kind of fault is in the log of a kernel that continues after faults" {
  local words lost=()
  # The watchdogs fire sooner than by default. Lockdep and KASAN report only once.
  seeded 11 "kernel splat: .*sleeping function called" \
    "panic_on_warn=0 oops=nopanic softlockup_panic=0 hung_task_panic=0 sysctl.kernel.panic_on_rcu_stall=0 workqueue.panic_on_stall=0 watchdog_thresh=2 workqueue.watchdog_thresh=4 rcupdate.rcu_cpu_stall_timeout=5 sysctl.kernel.hung_task_timeout_secs=3" \
    sleep-under-rcu rcu-without-lock lock-inversion out-of-bounds bounds shift list object maple \
    spin hang taint
  while IFS= read -r words; do
    grep -qaE "$words" "$top/build/guest/$BATS_TEST_NAME/splats" || lost+=("$words")
  done <<'TEXT'
BUG: sleeping function called from invalid context
WARNING: suspicious RCU usage
WARNING: possible circular locking dependency detected
BUG: KASAN: slab-out-of-bounds in tamalloc_seed_out_of_bounds
UBSAN: array-index-out-of-bounds
UBSAN: shift-out-of-bounds
list_add (corruption|double add)
ODEBUG: free active
WARN at mas_validate_limits
BUG: soft lockup - CPU#0 stuck for [0-9]+s! \[seed:
BUG: workqueue lockup - pool
rcu: INFO: rcu_preempt (self-)?detected stalls?
task seed:[0-9]+ blocked for more than [0-9]+ seconds
judge: the kernel was tainted
judge: lockdep switched itself off
judge: a warning would not end the machine
judge: a soft lockup would not end the machine: softlockup_panic is '0'
judge: a hung task would not end the machine
judge: an RCU stall would not end the machine
judge: a workqueue that stands still would not end the machine
TEXT
  ((${#lost[@]} == 0)) || fail "expected in the kernel log, but not there:" "${lost[@]}"
}
