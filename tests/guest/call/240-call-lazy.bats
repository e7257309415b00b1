# tamalloc: no page before its first access, by five witnesses: RSS, minor
# faults, mincore, pagemap and MemFree.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

setup() {
  [[ -d $thp ]] || return 0
  # khugepaged commits a huge page, even for a process that has a single page there.
  # It looks once when it is told this, and then not for an hour.
  none=$(<$thp/khugepaged/max_ptes_none)
  sleep=$(<$thp/khugepaged/scan_sleep_millisecs)
  echo 0 >$thp/khugepaged/max_ptes_none
  echo 3600000 >$thp/khugepaged/scan_sleep_millisecs
  [[ ! -e $counters/ahead_kb ]] || ahead_kb=$(<$counters/ahead_kb)
}

# A kernel that cannot fill ahead has no such file, and no page comes along.
set_ahead_kb() {
  [[ ! -e $counters/ahead_kb ]] || echo "$1" >$counters/ahead_kb
}

teardown() {
  restore_huge_pages
  [[ -d $thp ]] || return 0
  echo "$none" >$thp/khugepaged/max_ptes_none
  echo "$sleep" >$thp/khugepaged/scan_sleep_millisecs
  [[ -z ${ahead_kb:-} ]] || set_ahead_kb "$ahead_kb"
}

# A line per phase: growth of RssAnon in kB, faults, growth of the pages that mincore
# and pagemap report, the number of page frames that the mapping has now, and
# whether each step was as large as the first.
steps() {
  run -0 calllazy steps "$@"
}

# page_by_page WAY: none at the call, zero page on read, one per write
page_by_page() {
  steps "$page_kb" 256 "$1"
  assert_eq "call 0 0 0 0 0 even
read 0 256 256 256 1 even
write $((256 * page_kb)) 256 0 0 256 even" "$output" "$1"
  steps "$page_kb" 256 "$1,write"
  assert_eq "call 0 0 0 0 0 even
write $((256 * page_kb)) 256 256 256 256 even" "$output" "$1, written at once"
}

@test "lazy: page by page without huge pages, as mmap" {
  huge_pages never
  page_by_page mmap
  page_by_page tamalloc
}

@test "lazy: page by page at any setting of huge pages, with nothing filled ahead" {
  local mode
  set_ahead_kb 0
  for mode in never madvise always; do
    [[ -d $thp || $mode == never ]] || continue
    huge_pages $mode
    page_by_page tamalloc
  done
}

# bats test_tags=x86
@test "lazy: filled ahead, 256 pages from front to back commit at most a block more" {
  local mode rss faults incore present frames
  [[ -n ${ahead_kb:-} ]] || skip "this kernel cannot fill ahead"
  for mode in madvise always; do
    huge_pages $mode
    steps 4 256 tamalloc,write
    assert_eq "call 0 0 0 0 0 even" "${lines[0]}" "the call"
    read -r _ rss faults incore present frames _ <<<"${lines[1]}"
    assert_between 1024 "$rss" $((1024 + ahead_kb)) "kB that were committed"
    assert_between 256 "$incore" $((256 + ahead_kb / 4)) "pages that mincore reports"
    assert_eq "$incore $incore" "$present $frames" "pages that pagemap reports, and their frames"
    # Four and the ramp, in each of two page tables at most
    assert_between 16 "$faults" 48 "faults"
    # Read first, each is the zero page, and a write brings none along.
    steps 4 256 tamalloc
    assert_eq "write 1024 256 0 0 256 even" "${lines[2]}" "written after it was read"
  done
}

# With huge pages of 2 MiB, 64 touches commit 256 kB, and for mmap 128 MiB.
@test "lazy: with huge pages always, a touch commits one page, and for mmap a huge one" {
  local n=2 pages
  huge_pages always
  ((huge_kb * 64 > 131072)) || n=64
  steps "$huge_kb" $n tamalloc,write
  assert_eq "call 0 0 0 0 0 even
write $((n * page_kb)) $n $n $n $n even" "$output" "tamalloc"
  need_huge_pages $n
  pages=$((n * huge_kb / page_kb))
  steps "$huge_kb" $n mmap,write
  assert_eq "call 0 0 0 0 0 even
write $((n * huge_kb)) $n $pages $pages $pages even" "$output" "mmap"
}

@test "lazy: with huge pages always, a read maps the small zero page, and for mmap the huge one" {
  local each=$((huge_kb / page_kb))
  huge_pages always
  need_huge_pages 8
  steps "$huge_kb" 8 tamalloc
  assert_eq "call 0 0 0 0 0 even
read 0 8 8 8 1 even
write $((8 * page_kb)) 8 0 0 8 even" "$output" "tamalloc"
  steps "$huge_kb" 8 mmap
  assert_eq "call 0 0 0 0 0 even" "${lines[0]}" "mmap"
  # All eight show the frames of one huge zero page.
  assert_eq "read 0 8 $((8 * each)) $((8 * each)) $each even" "${lines[1]}" "mmap"
  if before_linux 6.13; then
    # A write breaks it up: one small page of its own, the others the small zero page.
    assert_eq "write $((8 * page_kb)) 8 0 0 9 even" "${lines[2]}" "mmap"
  else
    # A write takes a huge page of its own.
    assert_eq "write $((8 * huge_kb)) 8 0 0 $((8 * each)) even" "${lines[2]}" "mmap"
  fi
}

@test "lazy: only advice makes the step a huge page, as it does for mmap" {
  local mode way pages=$((4 * huge_kb / page_kb))
  for mode in madvise always; do
    huge_pages $mode
    need_huge_pages 4
    steps "$huge_kb" 4 tamalloc,write
    assert_eq "call 0 0 0 0 0 even
write $((4 * page_kb)) 4 4 4 4 even" "$output" "not advised"
    for way in tamalloc mmap; do
      steps "$huge_kb" 4 $way,write,huge
      assert_eq "call 0 0 0 0 0 even
write $((4 * huge_kb)) 4 $pages $pages $pages even" "$output" "$way, advised"
    done
  done
}

# Page tables of 256 kB, what processors hold as free pages, and the system's own use
more_kb() {
  echo $((page_kb > 16 ? 128 * page_kb : 2048))
}

@test "lazy: MemFree falls only when memory is written" {
  local way mode mib more
  more=$(more_kb)
  mib=$(load_of 128 32)
  for mode in never always; do
    huge_pages "$mode"
    for way in mmap tamalloc; do
      run -0 calllazy free "$mib" "$way"
      assert_between -"$more" "${lines[0]#call }" "$more" "$way, $mode: kB taken by the call"
      assert_between -"$more" "${lines[1]#read }" "$more" "$way, $mode: kB taken by reading $mib MiB"
      assert_between $((mib * 1024 - more)) "${lines[2]#write }" $((mib * 1024 + more)) \
        "$way, $mode: kB taken by writing $mib MiB"
    done
  done
}

# The page of alignment is also populated and faulted.
@test "lazy: memory that is populated at once is seen by every witness [control]" {
  huge_pages never
  steps "$page_kb" 256 populate
  assert_eq "call $((257 * page_kb)) 257 256 256 256 even
read 0 0 0 0 256 even
write 0 0 0 0 256 even" "$output"
  run -0 calllazy free 128 populate
  assert_between $((131072 - $(more_kb))) "${lines[0]#call }" $((131072 + $(more_kb))) "kB taken by the call"
}
