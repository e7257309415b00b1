# The debug kernel fails a run when it must: each fault on demand turns it red,
# and the verdict names the fault. SPDX-License-Identifier: GPL-2.0-only

bats_require_minimum_version 1.7.0

setup_file() {
  top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  ACCEL=$("$top/scripts/accel" 2>/dev/null)
  export top ACCEL
}

# seeded STATUS WORDS SEED...: the verdict on a run with these faults
seeded() {
  local status_wanted=$1 words=$2 got=0
  shift 2
  "$top/scripts/guest" --quiet --kernel "$top/build/bzImage-debug" --memory 1536 --cpus 1 \
    --name "$BATS_TEST_NAME" --timeout 300 judged seed "$@" \
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
  seeded 11 "kernel splat: .*(sleeping function called from invalid context|suspicious RCU usage|Voluntary context switch)" sleep-under-rcu
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

@test "debug: a taint without a word is a splat" {
  seeded 11 "kernel splat: .*judge: the kernel was tainted" taint
}

@test "debug: lockdep switched off is a splat" {
  seeded 11 "kernel splat: .*judge: lockdep switched itself off" lockdep-off
}
