# A kernel without CONFIG_TAMALLOC: every call returns ENOSYS.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

@test "without: the call is ENOSYS by every ABI" {
  local call every=("callcase --way bare" "callcase --way tamalloc" callcase32)
  [[ $(uname -m) != x86_64 ]] || every+=("callcase --way int80" "callcase --way x32" callcasex32)
  for call in "${every[@]}"; do
    # shellcheck disable=SC2086  # words
    run -0 $call 0 4096 0xffffffff
    assert_eq "0 ENOSYS 0 0 0 0
4096 ENOSYS 0 0 0 0
0xffffffff ENOSYS 0 0 0 0" "$output" "$call"
  done
}

@test "without: mmap works by every ABI [control]" {
  local call every=("callcase --way mmap" "callcase32 --way mmap")
  [[ $(uname -m) != x86_64 ]] ||
    every+=("callcase --way int80-mmap" "callcase --way x32-mmap" "callcasex32 --way mmap")
  for call in "${every[@]}"; do
    # shellcheck disable=SC2086  # words
    run -0 $call "$page"
    [[ $output == "$page ok $page_kb 1 $page_kb 0 0 0 "* ]] || fail "$call: $output"
  done
}

@test "without: the client programs say what is missing" {
  local program
  for program in "tamtouch 1" "tamhold 1 true" "tamprove 1"; do
    # shellcheck disable=SC2086  # words
    run $program
    [[ $status != 0 ]] || fail "$program: expected a failure, actual status 0"
    [[ $output == *"this kernel has no tamalloc (CONFIG_TAMALLOC); boot the patched kernel"* ]] ||
      fail "$program: expected a word about CONFIG_TAMALLOC and a remedy, actual: $output"
  done
  run -1 tamcompare 1
  [[ $output == *"tamalloc: this kernel has no tamalloc"* ]] || fail "tamcompare: $output"
  assert_eq 3 "$(grep -cE '^(malloc|calloc|mmap) ' <<<"$output")" "rows of the others"
}

@test "without: the counters are absent, and /proc/tamalloc is present" {
  [[ ! -e $counters ]] || fail "$counters exists"
  has_row $$ || fail "no row for $$"
  assert_le 1 "$(key Processes)" Processes
}

@test "without: the man page has ENOSYS in its table" {
  grep -qx '.It Bq Er ENOSYS' /tamalloc/docs/tamalloc.2
}
