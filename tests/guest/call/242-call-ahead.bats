# tamalloc: memory is filled ahead by the rule of the design and within its bounds.
# SPDX-License-Identifier: GPL-2.0-only

# No other architecture fills ahead.
# bats file_tags=x86
load ../helpers

setup() {
  [[ -e $counters/ahead_kb ]] || skip "this kernel cannot fill ahead"
  ahead_kb=$(<$counters/ahead_kb)
  # Lone pages are no reason to take a huge one.
  none=$(<$thp/khugepaged/max_ptes_none)
  echo 0 >$thp/khugepaged/max_ptes_none
}

teardown() {
  restore_huge_pages
  [[ -n ${ahead_kb:-} ]] || return 0
  echo inherit >$thp/hugepages-2048kB/enabled
  echo never >$thp/hugepages-64kB/enabled
  echo "$none" >$thp/khugepaged/max_ptes_none
  echo "$ahead_kb" >$counters/ahead_kb
}

# touch_is EXPECTED WAY PAGES OP...: pages written to, pages committed, faults
touch_is() {
  local expected=$1
  shift
  run -0 callahead touch "$@"
  assert_eq "$expected" "$output" "$*: pages written to, committed, faults"
}

# touched PAGES OP...: the same, into $written, $committed and $faults.
touched() {
  run -0 callahead touch tamalloc "$@"
  read -r written committed faults <<<"$output"
}

# each PAGES: the same for the OPs of each line of standard input, by one program. Then
# next gives the results of one line after the other, and no_more expects their end.
each() {
  callahead each tamalloc "$1" >"$BATS_TEST_TMPDIR/each" || fail "callahead each: status $?"
}

next() {
  [[ -n ${results:-} ]] || exec {results}<"$BATS_TEST_TMPDIR/each"
  read -r written committed faults <&"$results" || fail "a result is missing"
}

no_more() {
  local rest
  ! read -r rest <&"$results" || fail "a result more: $rest"
  exec {results}<&-
  results=''
}

# as_mmap WORDS PAGES OP...: tamalloc with these words of advice does what mmap does.
as_mmap() {
  local words=$1
  shift
  run -0 callahead touch "mmap${words:+,$words}" "$@"
  touch_is "$output" "tamalloc${words:+,$words}" "$@"
}

@test "ahead: ahead_kb is 64, takes 0 and powers of two from 16 to 1024, and nothing else" {
  local value
  assert_eq "64 -rw-r--r--" "$ahead_kb $(stat -c %A $counters/ahead_kb)" "ahead_kb, and its mode"
  assert_eq "-r--r--r-- -r--r--r--" \
    "$(stat -c %A $counters/ahead_faults $counters/ahead_pages | paste -sd' ')" "modes of the counters"
  for value in 0 16 32 64 128 256 512 1024; do
    echo $value >$counters/ahead_kb
    assert_eq $value "$(<$counters/ahead_kb)" ahead_kb
  done
  for value in 1 4 8 12 15 17 48 65 1023 2048 -1 x "" 16k 18446744073709551632 99999999999999999999; do
    run bash -c "printf '%s\n' '$value' >$counters/ahead_kb"
    [[ $status != 0 && $output == *"Invalid argument"* ]] || fail "'$value' was taken: $status $output"
    assert_eq 1024 "$(<$counters/ahead_kb)" "ahead_kb after '$value'"
  done
}

@test "ahead: smaps shows the mapping as ta and nh, and a mapping of mmap as neither" {
  run -0 callahead flags tamalloc
  assert_eq "ta nh" "$output" "tamalloc"
  run -0 callahead flags mmap
  assert_eq "" "$output" "mmap"
}

@test "ahead: from front to back, blocks double: 37 faults for 2 MiB, 11 with 1024" {
  touch_is "512 512 37" tamalloc 512 w:0:512
  touch_is "2048 2048 148" tamalloc 2048 w:0:2048
  echo 1024 >$counters/ahead_kb
  touch_is "512 512 11" tamalloc 512 w:0:512
  echo 16 >$counters/ahead_kb
  touch_is "512 512 131" tamalloc 512 w:0:512
  touch_is "512 512 512" mmap,nohugepage 512 w:0:512
}

@test "ahead: a thousand patterns at random commit and fault as the rule says" {
  local mode kb block count seed=1
  count=$(load_of 100 20)
  for mode in always madvise never; do
    huge_pages $mode
    for kb in 0 16 64 1024; do
      echo $kb >$counters/ahead_kb
      block=$kb
      [[ $mode != never ]] || block=0
      run callahead random $seed "$count" $block
      [[ $status == 0 && $output == "$count "* ]] || fail "$mode, $kb: $output"
      echo "# $mode, ahead_kb $kb: ${output#* } pages came along" >&3
      seed=$((seed + 1))
    done
  done
}

@test "ahead: a model with another block, or without the old pages, is contradicted [control]" {
  huge_pages madvise
  run callahead random 1 20 128
  [[ $status == 1 && $output == *"expected"* ]] || fail "not noticed: $output"
  run callahead random 1 20 0
  [[ $status == 1 && $output == *"expected"* ]] || fail "not noticed: $output"
}

@test "ahead: a run of n pages commits fewer than 2n, and at most n and ahead_kb" {
  local kb n start most runs=(1 2 3 4 5 6 8 9 15 16 17 31 33 64 65 128 129 255 256 257 300)
  for kb in 16 64 1024; do
    echo $kb >$counters/ahead_kb
    for start in 0 1 4 15 100; do
      most=0
      printf "w:$start:%s\n" "${runs[@]}" | each 1024
      for n in "${runs[@]}"; do
        next
        assert_eq "$n" "$written" "pages written"
        assert_between "$n" "$committed" $((2 * n - 1)) "$kb: pages committed by a run of $n from $start"
        assert_le "$committed" $((n + kb / 4)) "$kb: pages committed by a run of $n from $start"
        ((committed - n <= most)) || most=$((committed - n))
      done
      no_more
      # Else nothing came along at all.
      assert_le 3 "$most" "pages at most above a run from $start, with $kb"
    done
  done
}

@test "ahead: strides, backward and scattered order commit what base pages would" {
  local kb stride n strides=(2 3 4 5 7 8 16 17 32 64)
  for kb in 16 64 1024; do
    echo $kb >$counters/ahead_kb
    for stride in "${strides[@]}"; do
      echo "w:0:$((1024 / stride)):$stride"
    done | each 1024
    for stride in "${strides[@]}"; do
      n=$((1024 / stride))
      next
      assert_eq "$n $n $n" "$written $committed $faults" "$kb: every ${stride}th: pages written to, committed, faults"
    done
    no_more
    touch_is "1024 1024 1024" tamalloc 1024 w:1023:1024:-1
    touch_is "8 8 8" tamalloc 1024 w:3:1 w:500:1 w:4:1 w:1000:1 w:12:1 w:8:1 w:512:1 w:511:1
  done
}

@test "ahead: a stride after a dense start commits at most one block more" {
  local kb dense stride
  for kb in 16 64 1024; do
    echo $kb >$counters/ahead_kb
    for dense in 4 8 16 64 256; do
      for stride in 2 3 4 7 8 16; do
        echo "w:0:$dense w:$dense:$(((1024 - dense) / stride)):$stride"
      done
    done | each 1024
    for dense in 4 8 16 64 256; do
      for stride in 2 3 4 7 8 16; do
        next
        assert_eq $((dense + (1024 - dense) / stride)) "$written" "pages written"
        assert_between "$written" "$committed" $((written + kb / 4 - 1)) \
          "$kb: committed by $dense pages and then every ${stride}th"
      done
    done
    no_more
  done
}

@test "ahead: headers and trailers of records commit at most one block more" {
  local kb record i ops
  for kb in 16 64 1024; do
    echo $kb >$counters/ahead_kb
    for record in 4 8 16 32; do
      ops=("w:0:$record")
      for ((i = record; i + record <= 512; i += record)); do
        ops+=("w:$i:1" "w:$((i + record - 1)):1")
      done
      echo "${ops[*]}"
    done | each 512
    for record in 4 8 16 32; do
      next
      assert_between "$written" "$committed" $((written + kb / 4)) \
        "$kb: committed by headers and trailers of $record pages"
    done
    no_more
  done
}

@test "ahead: pages that were only read, and the zero page, bring none along" {
  # Headers written, the rest of each record read
  touch_is "8 8 64" tamalloc 64 w:0:1 r:1:7 w:8:1 r:9:7 w:16:1 r:17:7 w:24:1 r:25:7 \
    w:32:1 r:33:7 w:40:1 r:41:7 w:48:1 r:49:7 w:56:1 r:57:7
  # All read, then all written: a fault each
  touch_is "64 64 128" tamalloc 64 r:0:64 w:0:64
  # One page read in the middle of a run stops what would reach it.
  touch_is "5 5 6" tamalloc 64 r:6:1 w:0:5
}

@test "ahead: old pages end it: MADV_COLD and MADV_FREE before the fault" {
  touch_is "5 5 5" tamalloc 64 w:0:4 c:1:1 w:4:1
  touch_is "5 5 5" tamalloc 64 w:0:4 f:3:1 w:4:1
  touch_is "5 8 5" tamalloc 64 w:0:4 w:4:1
}

# As MGLRU, DAMON and idle-page tracking clear them.
@test "ahead: accessed bits that were cleared begin a run again, with single pages" {
  # 256 pages take 21 faults; each of the next four has one of its own.
  touch_is "260 260 25" tamalloc 512 w:0:256 age w:256:4
  # Then the ramp: blocks of 4, 8 and 16
  touch_is "288 288 28" tamalloc 512 w:0:256 age w:256:32
  # Without aging [control]
  touch_is "260 272 22" tamalloc 512 w:0:256 w:256:4
}

# aged_by COMMAND: if the accessed bits of a run are cleared by COMMAND, a bash function,
# each of the next pages has a fault of its own. PPID is the program's.
aged_by() {
  local script=$BATS_TEST_TMPDIR/age
  # A page that is on its way to its LRU list is left out by all of them.
  {
    declare -f "$1"
    echo "set -e; echo 1 >/proc/sys/vm/drop_caches; $1"
  } >"$script"
  run -0 callahead touch tamalloc 512 w:0:256 "sh:exec bash $script" w:256:4
  assert_eq "260 260" "${lines[-1]% *}" "pages written to, committed; after $1"
  # And if not [control]
  run -0 callahead touch tamalloc 512 w:0:256 "sh:exec bash -c :" w:256:4
  assert_eq "260 272" "${output% *}" "pages written to, committed"
}

idle_tracking() {
  # It ends at the last page frame of the machine.
  tr '\0' '\377' </dev/zero | dd of=/sys/kernel/mm/page_idle/bitmap bs=4096 2>/dev/null || true
}

@test "ahead: idle-page tracking clears accessed bits: single pages" {
  [[ -e /sys/kernel/mm/page_idle/bitmap ]] || skip "this kernel has no idle-page tracking"
  aged_by idle_tracking
}

multi_gen_lru() {
  local file=/sys/kernel/debug/lru_gen id youngest
  # The youngest generation of the root's memory
  read -r id youngest < <(awk '$1 == "memcg" { id = $2; root = $3 == "/" }
    root && $1 ~ /^[0-9]+$/ { gen = $1; of = id } END { print of, gen }' $file)
  # With swap, and also page tables that look cold
  echo "+ $id 0 $youngest 1 1" >$file
}

@test "ahead: aging by the multi-gen LRU clears accessed bits: single pages" {
  [[ -e /sys/kernel/debug/lru_gen ]] || skip "this kernel has no multi-gen LRU, or no debugfs"
  aged_by multi_gen_lru
}

damon() {
  local context=0/contexts/0 scheme=0/contexts/0/schemes/0 at i name
  # The last four pages of the run, which begins where the mapping does
  at=$(awk '/^[0-9a-f]+-/ { range = $1 } /^VmFlags:.* ta/ { print range }' "/proc/$PPID/smaps")
  at=$((0x${at%-*} + 252 * 4096))
  cd /sys/kernel/mm/damon/admin/kdamonds
  echo 1 >nr_kdamonds
  echo 1 >0/contexts/nr_contexts
  echo vaddr >$context/operations
  echo 1 >$context/targets/nr_targets
  echo "$PPID" >$context/targets/0/pid_target
  echo 1 >$context/targets/0/regions/nr_regions
  echo $at >$context/targets/0/regions/0/start
  echo $((at + 4 * 4096)) >$context/targets/0/regions/0/end
  echo 1000 >$context/monitoring_attrs/intervals/sample_us
  echo 20000 >$context/monitoring_attrs/intervals/aggr_us
  # A scheme that only counts says how far it is.
  echo 1 >$context/schemes/nr_schemes
  echo stat >$scheme/action
  for name in sz nr_accesses age; do
    echo 1000000 >$scheme/access_pattern/$name/max
  done
  echo on >0/state
  for ((i = 0; i < 300; i++)); do
    echo update_schemes_stats >0/state
    (($(<$scheme/stats/nr_tried) < 10)) || break
    sleep 0.1
  done
  echo off >0/state
  echo 0 >nr_kdamonds
}

@test "ahead: DAMON clears accessed bits: single pages" {
  [[ -d /sys/kernel/mm/damon ]] || skip "this kernel has no DAMON"
  aged_by damon
}

@test "ahead: a hole behind pages that were used costs at most a block" {
  local at
  for at in 16 64 128 256; do
    touched 512 w:0:512 d:$at:40 w:$at:1
    assert_between $((512 - 39)) "$committed" $((512 - 40 + 16)) "pages, a hole at $at"
    touched 512 w:0:512 d:$at:3 w:$at:1
    assert_eq $((512 - 2)) "$committed" "pages, a hole at $at smaller than a block"
  done
}

@test "ahead: never across the mapping, a page table or a populated page" {
  echo 1024 >$counters/ahead_kb
  # The mapping ends before a block would.
  touch_is "5 5 5" tamalloc 7 w:0:5
  touch_is "9 12 6" tamalloc 14 w:0:9
  # At the start of a page table, nothing before counts: the ramp begins again.
  touch_is "513 513 12" tamalloc 1024 w:0:513
  touch_is "516 516 15" tamalloc 1024 w:0:516
  # A page stands in the way.
  touch_is "6 6 6" tamalloc 64 w:7:1 w:0:5
  touch_is "10 13 7" tamalloc 64 w:15:1 w:0:9
}

@test "ahead: memory that was moved, or that a child inherits, is filled ahead as before" {
  local before
  touch_is "512 512 37" tamalloc,moved 512 w:0:512
  # The child also copies pages of its own program. 37 faults, four of them for single pages
  before=$(<$counters/ahead_faults)
  run -0 callahead touch tamalloc,forked 512 w:0:512
  assert_eq "512 512 33" "${output% *} $(($(<$counters/ahead_faults) - before))" \
    "pages written to, committed, faults that brought pages along"
}

@test "ahead: pages before the mapping do not count" {
  # 256 pages take 21 faults, in the one half as in the other; smaps shows the first.
  touch_is "512 256 42" tamalloc,split 512 w:0:512
}

# bats test_tags=smp, kcsan
@test "ahead: two threads that fill in turns commit what they fill" {
  run -0 callahead turns 512
  assert_eq "512 512 0" "$output" "pages written to, and there"
}

@test "off: ahead_kb 0, MADV_RANDOM, PR_SET_THP_DISABLE, never: fault by fault as base pages of mmap" {
  local patterns=("w:0:512" "w:0:100 d:10:50 w:10:1" "r:0:64 w:0:64" "w:511:512:-1" "w:0:170:3")
  local ops
  for ops in "${patterns[@]}"; do
    # shellcheck disable=SC2086  # words
    {
      huge_pages madvise
      as_mmap random 512 $ops
      as_mmap thpdisable 512 $ops
      # Memory that is locked cannot be dropped.
      [[ $ops == *d:* ]] || as_mmap onfault 512 $ops
      as_mmap uffd 512 $ops
      huge_pages never
      as_mmap "" 512 $ops
      huge_pages madvise
      echo 0 >$counters/ahead_kb
      as_mmap "" 512 $ops
      echo "$ahead_kb" >$counters/ahead_kb
    }
  done
  # And on again [control]
  touch_is "512 512 37" tamalloc,random,normal 512 w:0:512
  touch_is "512 512 37" tamalloc,nohugepage 512 w:0:512
  touch_is "512 512 37" tamalloc,hugepage,nohugepage 512 w:0:512
}

@test "off: MADV_HUGEPAGE does what it does for mmap" {
  local mode ops
  for mode in always madvise; do
    huge_pages $mode
    for ops in "w:0:1" "w:0:1024" "r:0:1 w:5:1" "w:1023:1024:-1"; do
      # shellcheck disable=SC2086  # words
      as_mmap hugepage 1024 $ops
    done
  done
  touch_is "1 512 1" tamalloc,hugepage 1024 w:0:1
}

@test "off: MADV_HUGEPAGE with smaller folios on maps them as mmap does, and counts none" {
  local before
  before=$(<$counters/ahead_faults)
  echo never >$thp/hugepages-2048kB/enabled
  echo madvise >$thp/hugepages-64kB/enabled
  touch_is "512 512 32" tamalloc,hugepage 512 w:0:512
  as_mmap hugepage 512 w:0:512
  as_mmap hugepage 512 w:0:512 d:0:16 w:0:1
  assert_eq "$before" "$(<$counters/ahead_faults)" "ahead_faults"
}
