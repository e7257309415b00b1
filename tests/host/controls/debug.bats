# The debug kernel fails a run when it must: each fault on demand turns it red,
# and the verdict names the fault. SPDX-License-Identifier: GPL-2.0-only

bats_require_minimum_version 1.7.0

setup_file() {
  top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  ACCEL=$("$top/scripts/vm/accel" 2>/dev/null)
  export top ACCEL
}

# seeded STATUS WORDS SEED...: the verdict on a run with these faults, with
# "append" on the kernel's command line
seeded() {
  local status_wanted=$1 words=$2 got=0
  shift 2
  "$top/scripts/vm/run" --quiet --kernel "$top/build/bzImage-debug" --memory 1536 --cpus 1 \
    --append "${append-}" --name "$BATS_TEST_NAME" --timeout 300 judged seed "$@" \
    >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || got=$?
  echo "expected: $status_wanted and a verdict that matches: $words"
  echo "actual:   $got, $(<"$BATS_TEST_TMPDIR/out")"
  [[ $got == "$status_wanted" ]]
  grep -qE "^guest verdict: .*$words" "$BATS_TEST_TMPDIR/out"
}

@test "debug: no fault is a pass" {
  seeded 0 "pass: kernel log clean"
}

@test "debug: sleeping under RCU is a splat" {
  seeded 11 "kernel splat: .*sleeping function called from invalid context" sleep-under-rcu
}

@test "debug: a pointer of RCU's read without a lock is a splat" {
  seeded 11 "kernel splat: .*suspicious RCU usage" rcu-without-lock
}

@test "debug: an inversion of locks is a splat" {
  seeded 11 "kernel splat: .*possible circular locking dependency" lock-inversion
}

@test "debug: a leak is a splat" {
  seeded 11 "kernel splat: .*judge: [0-9]+ objects leaked, the first from tamalloc_seed_leak" leak
}

@test "debug: a read out of bounds is a splat" {
  seeded 11 "kernel splat: .*BUG: KASAN: slab-out-of-bounds in tamalloc_seed_out_of_bounds" out-of-bounds
}

@test "debug: an index out of bounds is a splat" {
  seeded 11 "kernel splat: .*UBSAN: array-index-out-of-bounds" bounds
}

@test "debug: a shift too far is a splat" {
  seeded 11 "kernel splat: .*UBSAN: shift-out-of-bounds" shift
}

@test "debug: a list corrupted is a splat" {
  seeded 11 "kernel splat: .*list_add" list
}

@test "debug: an active timer freed is a splat" {
  seeded 11 "kernel splat: .*ODEBUG: free active" object
}

@test "debug: a maple tree out of order is a splat" {
  seeded 11 "kernel splat: .*WARN at mas_validate_limits" maple
}

# Sooner than they would, for the sake of time
@test "debug: a soft lockup is a splat" {
  append=watchdog_thresh=2 seeded 11 "kernel splat: .*soft lockup - CPU#0 stuck for [0-9]+s! \[seed:" spin
}

@test "debug: a workqueue that stands still is a splat" {
  append=workqueue.watchdog_thresh=4 seeded 11 "kernel splat: .*workqueue lockup - pool" spin
}

@test "debug: a hung task is a splat" {
  append=sysctl.kernel.hung_task_timeout_secs=3 \
    seeded 11 "kernel splat: .*task seed:[0-9]+ blocked for more than [0-9]+ seconds" hang
}

@test "debug: a taint without a word is a splat" {
  seeded 11 "kernel splat: .*judge: the kernel was tainted" taint
}

@test "debug: lockdep switched off is a splat" {
  seeded 11 "kernel splat: .*judge: lockdep switched itself off" lockdep-off
}

@test "debug: a kernel told to go on after a warning is a splat" {
  append="panic_on_warn=0 softlockup_panic=0" \
    seeded 11 "kernel splat: .*judge: a warning would not end the machine"
  grep -q "judge: a soft lockup would not end the machine: softlockup_panic is '0'" "$BATS_TEST_TMPDIR/out"
}
