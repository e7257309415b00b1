# The figures equal those of the kernel's own files.
# SPDX-License-Identifier: GPL-2.0-only

# bats file_tags=kcsan
load ../helpers

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
  ! has_call || stand --tamalloc 65536
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
  stand --anon 3000
  stand --shmem 500
  # Readers start and end, so one process reads both files.
  gawk -v p="$copy.pids" -v s="$copy.summary" 'BEGIN {
    while ((getline line < "/proc/tamalloc/pids") > 0) print line > p
    while ((getline line < "/proc/tamalloc/summary") > 0) print line > s }'
  assert_eq "$(rows "$copy.pids" | wc -l)" "$(key Processes "$copy.summary")" Processes
  # The reader's own memory may change by some pages between its two reads.
  assert_eq "9 keys" "$(paste -d' ' <(totals "$copy.summary") <(sums "$copy.pids") | awk -v most=$((16 * page_kb)) '
    $1 != $3 || $2 - $4 > most || $4 - $2 > most { print $1, $2 ", of the rows:", $3, $4 }
    END { print NR " keys" }')" sums
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
