# The files and their format.
# SPDX-License-Identifier: GPL-2.0-only

# bats file_tags=kcsan
load ../helpers

setup() {
  copy=$BATS_TEST_TMPDIR/copy
}

@test "files: pids, summary and their directory exist with their modes" {
  assert_eq "555 directory root:root" "$(stat -c '%a %F %U:%G' /proc/tamalloc)"
  assert_eq "444 regular empty file root:root" "$(stat -c '%a %F %U:%G' "$pids")"
  assert_eq "444 regular empty file root:root" "$(stat -c '%a %F %U:%G' "$summary")"
  assert_eq "pids summary" "$(cd /proc/tamalloc && echo *)"
}

@test "files: nothing can be written, created or removed, even by root" {
  local file
  for file in "$pids" "$summary"; do
    run -1 bash -c "echo x >$file"
    run -1 rm -f "$file"
  done
  run -1 touch /proc/tamalloc/new
  ! has_call || run -1 bash -c "echo x >$counters/calls"
}

@test "pids: the header names the eighteen columns, NAME last" {
  assert_eq "PID UID STARTTIME RESERVED_KB COMMITTED_KB COMMITTED_PCT RSS_KB ANON_KB FILE_KB SHMEM_KB SWAP_KB HUGETLB_KB PGTABLES_KB OOM_SCORE OOM_SCORE_ADJ PPID CGROUP NAME" \
    "$(head -n 1 "$pids" | xargs)"
}

@test "pids: every row parses" {
  local number='[0-9]+' bad
  cat "$pids" >"$copy"
  bad=$(rows "$copy" | grep -vE "^( +$number){5} +$number\.[0-9]{2}( +$number){8} +-?$number( +$number){2} [!-~]+\$" || true)
  assert_eq "" "$bad" "rows that do not parse"
  assert_le 5 "$(rows "$copy" | wc -l)" "five rows or more"
}

@test "pids: numbers are right-aligned under their names" {
  cat "$pids" >"$copy"
  # In such a small guest no number is wider than its column.
  gawk '
    NR == 1 {
      for (i = 1; i < 18; i++) { pos = match(substr($0, at + 1), /[A-Z_]+/); at += pos + RLENGTH - 1; end[i] = at }
      next
    }
    {
      at = 0
      for (i = 1; i < 18; i++) {
        match(substr($0, at + 1), /[-0-9.]+/); at += RSTART + RLENGTH - 1
        if (at != end[i]) { print "row " NR " column " i ": expected to end at " end[i] ", actual " at; bad = 1 }
      }
    }
    END { exit bad }' "$copy"
}

@test "pids: PIDs ascend without duplicates" {
  column PID >"$copy"
  sort -nu "$copy" | cmp - "$copy"
}

@test "summary: the keys word for word, in order, with their units" {
  local number='[0-9]+'
  cat "$summary" >"$copy"
  assert_eq "Processes AddressSpaces TotalReserved TotalCommitted CommittedPct TotalRss TotalAnon TotalFile TotalShmem TotalSwap TotalHugetlb TotalPageTables" \
    "$(sed 's/:.*//' "$copy" | paste -sd' ')"
  assert_eq 2 "$(grep -cE "^(Processes|AddressSpaces): +$number\$" "$copy")" "counts"
  assert_eq 9 "$(grep -cE "^Total[A-Za-z]+: +$number kB\$" "$copy")" "sizes"
  assert_eq 1 "$(grep -cE "^CommittedPct: +$number\.[0-9]{2} %\$" "$copy")" "percentage"
}

@test "sysfs: one number in each file, read-only except for ahead_kb" {
  local name mode files=(abi_version calls failures reserved_bytes)
  has_call || skip "this kernel has no tamalloc()"
  # Filling ahead is for x86-64, and needs anonymous folios of several sizes, which the
  # kernel has since 6.8.
  [[ $(uname -m) != x86_64 || ! -d $thp/hugepages-64kB ]] ||
    files=(abi_version ahead_faults ahead_kb ahead_pages "${files[@]:1}")
  assert_eq "${files[*]}" "$(cd "$counters" && echo *)" "files"
  for name in "${files[@]}"; do
    mode=444
    [[ $name != ahead_kb ]] || mode=644
    assert_eq "$mode" "$(stat -c %a "$counters/$name")" "mode of $name"
    grep -qxE '[0-9]+' "$counters/$name" || fail "$name: $(<"$counters/$name")"
  done
  assert_eq 1 "$(<"$counters/abi_version")" abi_version
}
