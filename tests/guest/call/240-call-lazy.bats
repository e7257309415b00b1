# tamalloc: no page before its first access, by five witnesses: RSS, minor
# faults, mincore, pagemap and MemFree.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

setup() {
  [[ -d $thp ]] || return 0
  # khugepaged commits 2 MiB at once, even for a process that has a single page there.
  # It looks once when it is told this, and then not for an hour.
  none=$(<$thp/khugepaged/max_ptes_none)
  sleep=$(<$thp/khugepaged/scan_sleep_millisecs)
  echo 0 >$thp/khugepaged/max_ptes_none
  echo 3600000 >$thp/khugepaged/scan_sleep_millisecs
}

teardown() {
  restore_huge_pages
  [[ -d $thp ]] || return 0
  echo "$none" >$thp/khugepaged/max_ptes_none
  echo "$sleep" >$thp/khugepaged/scan_sleep_millisecs
}

# A line per phase: growth of RssAnon in kB, faults, growth of the pages that mincore
# and pagemap report, the number of page frames that the mapping has now, and
# whether each step was as large as the first.
steps() {
  run -0 calllazy steps "$@"
}

@test "lazy: page by page without huge pages: none at the call, zero page on read, one per write" {
  local way
  huge_pages never
  for way in mmap tamalloc; do
    steps 4 256 "$way"
    assert_eq "call 0 0 0 0 0 even
read 0 256 256 256 1 even
write 1024 256 0 0 256 even" "$output" "$way"
    steps 4 256 "$way,write"
    assert_eq "call 0 0 0 0 0 even
write 1024 256 256 256 256 even" "$output" "$way, written at once"
  done
}

@test "lazy: with huge pages always, the step of a write is a huge page" {
  local way
  huge_pages always
  for way in mmap tamalloc; do
    steps 2048 8 "$way,write"
    assert_eq "call 0 0 0 0 0 even
write 16384 8 4096 4096 4096 even" "$output" "$way"
  done
}

@test "lazy: with huge pages always, the step of a read is the huge zero page" {
  local way
  huge_pages always
  for way in mmap tamalloc; do
    steps 2048 8 "$way"
    assert_eq "call 0 0 0 0 0 even" "${lines[0]}" "$way"
    # All eight show the 512 frames of one huge zero page. A write then splits it:
    # one small page of its own, the others the small zero page.
    assert_eq "read 0 8 4096 4096 512 even" "${lines[1]}" "$way"
    assert_eq "write 32 8 0 0 9 even" "${lines[2]}" "$way"
  done
}

@test "lazy: with huge pages on advice, the step is a huge page only after advice" {
  huge_pages madvise
  steps 2048 4 tamalloc,write
  assert_eq "call 0 0 0 0 0 even
write 16 4 4 4 4 even" "$output" "not advised"
  steps 2048 4 tamalloc,write,huge
  assert_eq "call 0 0 0 0 0 even
write 8192 4 2048 2048 2048 even" "$output" "advised"
}

@test "lazy: MemFree falls only when memory is written" {
  local way mode mib
  mib=$(load_of 128 32)
  for mode in never always; do
    huge_pages "$mode"
    for way in mmap tamalloc; do
      run -0 calllazy free "$mib" "$way"
      # Page tables of 256 kB, and the system's own use meanwhile
      assert_between -2048 "${lines[0]#call }" 2048 "$way, $mode: kB taken by the call"
      assert_between -2048 "${lines[1]#read }" 2048 "$way, $mode: kB taken by reading $mib MiB"
      assert_between $((mib * 1024 - 2048)) "${lines[2]#write }" $((mib * 1024 + 2048)) \
        "$way, $mode: kB taken by writing $mib MiB"
    done
  done
}

# The page of alignment is also populated and faulted.
@test "lazy: memory that is populated at once is seen by every witness [control]" {
  huge_pages never
  steps 4 256 populate
  assert_eq "call 1028 257 256 256 256 even
read 0 0 0 0 256 even
write 0 0 0 0 256 even" "$output"
  run -0 calllazy free 128 populate
  assert_between $((131072 - 2048)) "${lines[0]#call }" $((131072 + 2048)) "kB taken by the call"
}
