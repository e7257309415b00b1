# The figures equal what the kernel's own files say.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup() {
  copy=$BATS_TEST_TMPDIR/copy
}

teardown() {
  kill_standing
}

@test "pids: every column equals /proc/PID for processes that stand still" {
  stand --anon 4096
  stand --reserve 1048576
  stand --shmem 2048
  stand --file /usr/bin/bash
  stand --drop 8192
  stand --sparse 40
  stand --threads 3
  stand --oom-adj 300
  stand --tamalloc 65536
  cat "$pids" >"$copy"
  assert_rows "$copy" "${standing[@]}"
}

@test "pids: the comparison with /proc/PID notices a wrong digit [control]" {
  stand --anon 4096
  cat "$pids" >"$copy"
  assert_eq "" "$(differences "$copy" "$stood")"
  # One more kB of RSS_KB; and a process without a row.
  gawk -v pid="$stood" '$1 == pid { $7++ } { print }' "$copy" >"$copy.wrong"
  assert_eq 1 "$(differences "$copy.wrong" "$stood" | grep -c 'RSS_KB: expected')" "differences"
  assert_eq 1 "$(differences "$copy" 4000000 | grep -c 'expected a row')" "rows missing"
}

@test "summary: equals the sums over the rows of pids" {
  local name column
  stand --anon 3000
  stand --shmem 500
  # The readers come and go, so let one process read both files.
  gawk -v p="$copy.pids" -v s="$copy.summary" 'BEGIN {
    while ((getline line < "/proc/tamalloc/pids") > 0) print line > p
    while ((getline line < "/proc/tamalloc/summary") > 0) print line > s }'
  assert_eq "$(rows "$copy.pids" | wc -l)" "$(key Processes "$copy.summary")" Processes
  while read -r name column; do
    # The reader's own memory may move between its two reads.
    assert_between \
      "$(($(column "$column" "$copy.pids" | paste -sd+) - 64))" \
      "$(key "$name" "$copy.summary")" \
      "$(($(column "$column" "$copy.pids" | paste -sd+) + 64))" "$name"
  done <<'TEXT'
TotalReserved RESERVED_KB
TotalCommitted COMMITTED_KB
TotalRss RSS_KB
TotalAnon ANON_KB
TotalFile FILE_KB
TotalShmem SHMEM_KB
TotalSwap SWAP_KB
TotalHugetlb HUGETLB_KB
TotalPageTables PGTABLES_KB
TEXT
}

@test "pids: a new process appears and an ended one vanishes" {
  local before after
  before=$(key Processes)
  stand
  has_row "$stood" || fail "no row for $stood"
  after=$(key Processes)
  assert_eq $((before + 1)) "$after" "Processes with one more"
  kill_standing
  has_row "$stood" && fail "a row is left of $stood"
  assert_eq "$before" "$(key Processes)" "Processes again"
}

@test "pids: kernel threads have no row" {
  local pid
  # 2 is kthreadd.
  assert_eq kthreadd "$(cat /proc/2/comm)"
  has_row 2 && fail "kthreadd has a row"
  for pid in $(column PID); do
    [[ -e /proc/$pid/exe || ! -e /proc/$pid ]] || fail "PID $pid has no program"
  done
}
