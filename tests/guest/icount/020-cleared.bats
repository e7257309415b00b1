# tamalloc: a kernel that clears each page when it is allocated (init_on_alloc=1) clears
# blocks once. For a guest with the instruction clock. SPDX-License-Identifier: GPL-2.0-only
# bats file_tags=init-on-alloc, x86

load ../helpers

setup() {
  [[ -e $counters/ahead_kb ]] || skip "this kernel cannot fill ahead"
  grep -qw init_on_alloc=1 /proc/cmdline || fail "this guest needs init_on_alloc=1"
}

@test "cleared: with init_on_alloc, filling ahead clears each page once" {
  local figure
  run -0 bench-call fill
  figure() {
    awk -v name="$1" '$1 == name { print $2 }' <<<"$output"
  }
  # Clearing a page takes 4,096 instructions.
  assert_between 4096 "$(figure fill.dense.tamalloc)" $((4096 + 300)) "instructions per page, ahead_kb 64"
  assert_between 4096 "$(figure fill.dense.tamalloc_1024)" $((4096 + 160)) "instructions per page, ahead_kb 1024"
  # Before Linux 6.13, the kernel clears other large folios twice [control].
  ! before_linux 6.13 || assert_le $((2 * 4096)) "$(figure fill.dense.mthp)" "instructions per page of mmap, folios of 64 KiB"
}

@test "cleared: with init_on_alloc, memory is zero that was in use before" {
  run -0 callfolio advice tamalloc
  [[ $output == *"content as expected"* && $output != *"expected stamp"* ]] || fail "$output"
}
