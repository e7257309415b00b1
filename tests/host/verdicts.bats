# The harness fails when it must: each guest gets its verdict, and so does each kind of log.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

# verdict STATUS REGEXP OPTION... RUN [ARGUMENT...]
verdict() {
  # One processor is enough to judge the harness. On two, an emulator once executed an int3
  # that the booting kernel had already replaced (in enqueue_timer).
  expect_verdict "$1" "$2" --memory 512 --cpus 1 --timeout 300 "${@:3}"
}

# judged STATUS TEXT EXPECT VERDICT LINE...: the verdict on the logs of a guest whose kernel
# log is $log, which ended with that word and reported these lines
judged() {
  local status_=$1 text=$2 expect=$3 dir=$BATS_TEST_TMPDIR/guest
  mkdir -p "$dir"
  cp "$log" "$dir/console"
  printf '%s\n' start "$4" >"$dir/verdict"
  printf '%s\n' "${@:5}" >"$dir/output"
  run "$top/scripts/vm/judge" "$dir" "$expect"
  assert_eq "$status_" "$status" "status, after: $output"
  assert_has "guest verdict: $text" "$output" verdict
}

setup() {
  log=$top/tests/host/fixtures/clean.log
}

@test "verdict: a passing suite is a pass" {
  verdict 0 "pass: 1 passed" --expect 1 tests fixtures/passing.bats
}

@test "verdict: a failing test is a test failure" {
  verdict 10 "1 of 2 tests failed" --expect 2 tests fixtures/failing.bats
}

@test "verdict: a warning in the kernel log is a kernel splat, though all else is well" {
  verdict 11 "kernel splat: " fixture splat
}

@test "verdict: a panic is a kernel splat" {
  verdict 11 "kernel splat: " fixture crash
}

@test "verdict: a guest that dies is lost" {
  verdict 12 "ended without a verdict" --expect 1 fixture lost
}

@test "verdict: a machine that cannot start is lost, with QEMU's words" {
  verdict 12 "QEMU says: " --memory 1 probe
}

@test "verdict: a guest that hangs is a time-out" {
  verdict 13 "last words: hanging now" --timeout 20 fixture hang
}

@test "verdict: a test that is missing, skipped without a reason, or of no suite is a test failure" {
  judged 0 "pass: 1 passed, 1 skipped" 2 "end 0" "ok 1 a" "ok 2 b # skip no such device"
  judged 10 "test failure: 1 of 2 tests were reported" 2 "end 0" "ok 1 a"
  judged 10 "test failure: 3 of 2 tests were reported" 2 "end 0" "ok 1 a" "ok 2 b" "ok 3 c"
  judged 10 "test failure: 1 tests were skipped without a reason" 2 "end 0" "ok 1 a" "ok 2 b # skip"
  judged 10 "test failure: the suite is empty" 0 "end 0" 1..0
}

@test "verdict: a run that ends with a status is a test failure, whatever it reported" {
  judged 10 "test failure: the run ended with status 1" 1 "end 1" "ok 1 a"
  judged 10 "test failure: the run ended with status 7" "" "end 7"
}

@test "verdict: a guest whose kernel log lacks its beginning or end is lost" {
  local part
  for part in "Linux version" "tamalloc-guest: end of run"; do
    log=$BATS_TEST_TMPDIR/log
    grep -v "$part" "$top/tests/host/fixtures/clean.log" >"$log"
    judged 12 "guest lost: its kernel log is not complete" 1 "end 0" "ok 1 a"
  done
}
