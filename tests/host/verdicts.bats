# The harness fails when it must: each fixture gets its verdict.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

# verdict STATUS REGEXP OPTION... RUN [ARGUMENT...]
verdict() {
  expect_verdict "$1" "$2" --memory 512 --timeout 120 "${@:3}"
}

@test "verdict: a passing suite is a pass" {
  verdict 0 "pass: 1 passed" --expect 1 tests fixtures/passing.bats
}

@test "verdict: a failing test is a test failure" {
  verdict 10 "1 of 2 tests failed" --expect 2 tests fixtures/failing.bats
}

@test "verdict: an empty suite is a test failure" {
  verdict 10 "the suite is empty" --expect 0 tests fixtures/empty.bats
}

@test "verdict: a missing test is a test failure" {
  verdict 10 "1 of 2 tests were reported" --expect 2 tests fixtures/passing.bats
}

@test "verdict: a skip without a reason is a test failure" {
  verdict 10 "without a reason" --expect 1 tests fixtures/skipping.bats
}

@test "verdict: a warning in the kernel log is a kernel splat, even if everything else passed" {
  verdict 11 "kernel splat: " fixture splat
}

@test "verdict: a panic is a kernel splat" {
  verdict 11 "kernel splat: " fixture crash
}

@test "verdict: a guest that dies is lost" {
  verdict 12 "ended without a verdict" --expect 1 fixture lost
}

@test "verdict: a machine that cannot start is lost, with QEMU's message" {
  verdict 12 "QEMU says: " --memory 1 probe
}

@test "verdict: a guest that hangs is a time-out" {
  verdict 13 "last words: hanging now" --timeout 20 fixture hang
}
