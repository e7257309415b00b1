# The counters of tamalloc in /sys/kernel/mm/tamalloc.
# SPDX-License-Identifier: GPL-2.0-only

# bats file_tags=kcsan, smp
load ../helpers

@test "counters: a million calls from 4 threads add up exactly" {
  local calls failures bytes each
  each=$(load_of 50000 2000)
  calls=$(<$counters/calls)
  failures=$(<$counters/failures)
  bytes=$(<$counters/reserved_bytes)
  run -0 callmany hammer 4 "$each" $((4 * each))
  assert_eq "unexpected 0" "$output"
  assert_eq $((calls + 20 * each)) "$(<$counters/calls)" calls
  assert_eq $((failures + 16 * each)) "$(<$counters/failures)" failures
  assert_eq $((bytes + 4 * each * page)) "$(<$counters/reserved_bytes)" reserved_bytes
}

@test "counters: calls by every ABI count, refused ones as failures" {
  local calls failures bytes call n=0
  local every=("callcase --way tamalloc" "callcase32 --way tamalloc")
  [[ $(uname -m) != x86_64 ]] ||
    every+=("callcasex32 --way tamalloc" "callcase --way int80" "callcase --way x32")
  calls=$(<$counters/calls)
  failures=$(<$counters/failures)
  bytes=$(<$counters/reserved_bytes)
  for call in "${every[@]}"; do
    # shellcheck disable=SC2086  # words
    run -0 $call 1 0
    n=$((n + 1))
  done
  assert_eq $((calls + 2 * n)) "$(<$counters/calls)" calls
  assert_eq $((failures + n)) "$(<$counters/failures)" failures
  assert_eq $((bytes + n * page)) "$(<$counters/reserved_bytes)" reserved_bytes
}

@test "counters: mmap and munmap are not counted [control]" {
  local before
  before=$(cat $counters/*)
  run -0 callcase --way mmap 1 4096 0
  assert_eq "$before" "$(cat $counters/*)" "all four"
}

@test "counters: each processor counts for itself" {
  local calls
  (($(nproc) > 1)) || skip "this guest has one processor"
  calls=$(<$counters/calls)
  run -0 busybox taskset 1 callmany hammer 1 10 5
  run -0 busybox taskset 2 callmany hammer 1 10 5
  assert_eq $((calls + 30)) "$(<$counters/calls)" calls
}
