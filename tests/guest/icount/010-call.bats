# The cost of tamalloc in instructions: for a guest with the instruction clock.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

setup_file() {
  bench-call >"$BATS_FILE_TMPDIR/first"
  bench-call >"$BATS_FILE_TMPDIR/second"
}

figure() {
  awk -v name="$1" '$1 == name { print $2 }' "$BATS_FILE_TMPDIR/${2:-first}"
}

# within_two_percent MMAP TAMALLOC
within_two_percent() {
  (($2 * 100 <= $1 * 102))
}

@test "cost: a call is not above mmap plus 2 percent for 4 KiB, 1 MiB and 1 GiB" {
  local size mmap tamalloc
  for size in 4KiB 1MiB 1GiB; do
    mmap=$(figure call.mmap.$size)
    tamalloc=$(figure call.tamalloc.$size)
    # A system call cannot cost less.
    assert_between 100 "$mmap" 100000 "instructions of mmap of $size"
    within_two_percent "$mmap" "$tamalloc" ||
      fail "tamalloc of $size:" "  expected: at most $((mmap * 102 / 100)) instructions (mmap: $mmap)" \
        "  actual:   $tamalloc"
  done
}

@test "cost: three percent more would be noticed [control]" {
  within_two_percent 1000 1020 || fail "2 percent more was refused"
  within_two_percent 1000 1030 && fail "3 percent more was not noticed"
  true
}

@test "cost: the clock counts instructions, the same ones in every run" {
  local size first second
  for size in 4KiB 1MiB 1GiB; do
    first=$(figure call.tamalloc.$size)
    second=$(figure call.tamalloc.$size second)
    assert_between $((first * 99 / 100)) "$second" $((first * 101 / 100)) \
      "instructions of tamalloc of $size, second run"
  done
}

@test "cost: the call does not grow with the size" {
  assert_le "$(figure call.tamalloc.1GiB)" $((2 * $(figure call.tamalloc.4KiB))) \
    "instructions for 1 GiB, against twice those for 4 KiB"
}

@test "cost: who fills ahead is as cheap with huge pages always, and no dearer than mmap with 0" {
  local always on off mmap
  on=$(figure fill.dense.tamalloc)
  always=$(figure fill.dense.tamalloc_always)
  off=$(figure fill.dense.tamalloc_0)
  # A kernel that cannot fill ahead does always what others do with 0.
  [[ -e $counters/ahead_kb ]] || off=$on
  mmap=$(figure fill.dense.mmap)
  assert_between $((on * 99 / 100)) "$always" $((on * 101 / 100)) "instructions per page, huge pages always"
  assert_between $((mmap * 99 / 100)) "$off" $((mmap * 101 / 100)) "instructions per page, ahead_kb 0"
}

@test "cost: nobody else is low in both: faults where memory is filled, pages where it is not" {
  local pages=$((8192 / page_kb)) faults
  # Without filling ahead, it faults as often as mmap.
  if [[ -e $counters/ahead_kb ]]; then faults=148; else faults=$pages; fi
  assert_eq "$faults 1.00" "$(figure fill.dense.tamalloc.faults) $(figure fill.dense.tamalloc.committed)" "dense"
  assert_eq "$((pages / 8)) 1.00" "$(figure fill.sparse.tamalloc.faults) $(figure fill.sparse.tamalloc.committed)" "sparse"
  # Each of the others either faults as often as it touches, or commits the rest.
  assert_eq "$pages 1.00" "$(figure fill.dense.mmap.faults) $(figure fill.sparse.mmap.committed)" "mmap"
  assert_eq 8.00 "$(figure fill.sparse.populate.committed)" "populate: times what was touched"
  if ((huge_kb > 8192)); then
    assert_eq 1.00 "$(figure fill.sparse.thp.committed)" "thp: times what was touched, less than a huge page"
  elif before_linux 6.7; then
    # The memory need not begin where a huge page does.
    assert_le 6 "$(figure fill.sparse.thp.committed | cut -d. -f1)" "thp: times what was touched"
  else
    assert_eq 8.00 "$(figure fill.sparse.thp.committed)" "thp: times what was touched"
  fi
  # At both ends, a block of 64 KiB does not fit.
  [[ ! -d $thp/hugepages-64kB ]] ||
    assert_le 6 "$(figure fill.sparse.mthp.committed | cut -d. -f1)" "mthp: times what was touched"
}
