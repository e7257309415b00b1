# The system call.
# SPDX-License-Identifier: GPL-2.0-only

# bats file_tags=kcsan
load ../helpers

@test "call: success gives a page-aligned mapping of the rounded size" {
  # The size, then: page offset of the address, growth of VmSize in kB.
  run -0 tamcall call 1 $((page - 1)) "$page" $((page + 1)) 1048576 2147483648
  assert_eq "1 ok 0 $page_kb
$((page - 1)) ok 0 $page_kb
$page ok 0 $page_kb
$((page + 1)) ok 0 $((2 * page_kb))
1048576 ok 0 1024
2147483648 ok 0 2097152" "$output"
}

@test "call: no size and sizes beyond the address space are EINVAL" {
  run -0 tamcall call 0 0x8000000000000000 0xfffffffffffff000 0xffffffffffffffff
  assert_eq "0 EINVAL 0
0x8000000000000000 EINVAL 0
0xfffffffffffff000 EINVAL 0
0xffffffffffffffff EINVAL 0" "$output"
}

@test "call: no page at the call, the zero page on read, a page per write" {
  local step rss faults resident base
  local -A seen=()
  while read -r step rss faults resident; do
    seen[$step]="$faults $resident"
    [[ $step != before ]] || base=$rss
    case $step in
      write) assert_eq $((base + 256 * page_kb)) "$rss" "RssAnon in kB after writing" ;;
      *) assert_eq "$base" "$rss" "RssAnon in kB, $step" ;;
    esac
  done < <(tamcall lazy 256)
  # Faults in the step, and the pages of the mapping that mincore() reports.
  assert_eq "0 0" "${seen[call]}" "the call"
  assert_eq "256 256" "${seen[read]}" "reading 256 pages"
  assert_eq "256 256" "${seen[write]}" "writing 256 pages"
}

@test "call: recycled dirty memory reads zero" {
  local bad recycled pages
  read -r bad recycled pages < <(tamcall zero 32)
  assert_eq 0 "$bad" "bytes that are not zero"
  # Otherwise the test shows nothing. The page allocator hands out recently freed pages.
  assert_le $((pages / 2)) "$recycled" "half of $pages pages recycled"
}

@test "call: the counters count calls, failures and rounded bytes" {
  local calls failures bytes
  calls=$(<"$counters/calls")
  failures=$(<"$counters/failures")
  bytes=$(<"$counters/reserved_bytes")
  tamcall call 1 $((page + 1)) 0 0xffffffffffffffff
  assert_eq $((calls + 4)) "$(<"$counters/calls")" calls
  assert_eq $((failures + 2)) "$(<"$counters/failures")" failures
  assert_eq $((bytes + 3 * page)) "$(<"$counters/reserved_bytes")" reserved_bytes
}
