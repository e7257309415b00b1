# The harness fails when it must: each fixture gets the verdict it was made for.
# SPDX-License-Identifier: GPL-2.0-only

bats_require_minimum_version 1.7.0

setup_file() {
  top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  ACCEL=$("$top/scripts/vm/accel" 2>/dev/null)
  export top ACCEL
}

# verdict STATUS WORDS OPTION... RUN [ARGUMENT...]
verdict() {
  local status_wanted=$1 words=$2 got=0
  shift 2
  "$top/scripts/vm/run" --quiet --memory 512 --name "$BATS_TEST_NAME" "$@" \
    >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || got=$?
  echo "expected: $status_wanted and a line with: $words"
  echo "actual:   $got, $(<"$BATS_TEST_TMPDIR/out")"
  [[ $got == "$status_wanted" ]]
  [[ $(grep -c '^guest verdict: ' "$BATS_TEST_TMPDIR/out") == 1 ]]
  grep -qF "$words" "$BATS_TEST_TMPDIR/out"
  # A splat is shown as it stands in the log, and nothing but a splat is.
  (((status_wanted == 11) == ($(grep -c '^kernel log: ' "$BATS_TEST_TMPDIR/out") > 0)))
}

@test "verdict: a passing suite is a pass" {
  verdict 0 "pass: 1 passed" --expect 1 --timeout 120 tests fixtures/passing.bats
}

@test "verdict: a failing test is a test failure" {
  verdict 10 "1 of 2 tests failed" --expect 2 --timeout 120 tests fixtures/failing.bats
}

@test "verdict: an empty suite is a test failure" {
  verdict 10 "the suite is empty" --expect 0 --timeout 120 tests fixtures/empty.bats
}

@test "verdict: a missing test is a test failure" {
  verdict 10 "1 of 2 tests were reported" --expect 2 --timeout 120 tests fixtures/passing.bats
}

@test "verdict: a skip without a reason is a test failure" {
  verdict 10 "without a reason" --expect 1 --timeout 120 tests fixtures/skipping.bats
}

@test "verdict: a warning in the kernel log is a kernel splat, though all else is well" {
  verdict 11 "kernel splat: " --timeout 120 fixture-splat
}

@test "verdict: a panic is a kernel splat" {
  verdict 11 "kernel splat: " --timeout 120 fixture-crash
}

@test "verdict: a guest that dies is lost" {
  verdict 12 "ended without a verdict" --expect 1 --timeout 120 fixture-lost
}

@test "verdict: a machine that cannot start is lost, with QEMU's words" {
  verdict 12 "QEMU says: " --timeout 120 --memory 1 probe
}

@test "verdict: a guest that hangs is a time-out" {
  verdict 13 "last words: hanging now" --timeout 20 fixture-hang
}
