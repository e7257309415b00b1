# The files are right under churn, at size, and with any size of read.
# SPDX-License-Identifier: GPL-2.0-only

# bats file_tags=kcsan, smp
load ../helpers

setup() {
  copy=$BATS_TEST_TMPDIR/copy
  led=
}

teardown() {
  end_crowd
  kill_standing
}

# crowd_of NUMBER: start NUMBER processes; their PIDs are in $copy.crowd.
crowd_of() {
  led=$(crowd "$1" "$copy.crowd")
}

end_crowd() {
  [[ -n $led ]] || return 0
  kill -TERM "$led"
  retry 600 group_gone "$led"
  led=
}

# With a small load, 300. Each needs memory by the page: with pages of 64 KiB, 625.
@test "pids: 10,000 processes are complete, in order, and exact" {
  local before many
  many=$(load_of $((40000 / page_kb)) 300)
  # snapshot needs no shell, which would be another process.
  snapshot "$BATS_TEST_TMPDIR"
  before=$(key Processes "$BATS_TEST_TMPDIR/summary")
  crowd_of "$many"
  snapshot "$BATS_TEST_TMPDIR"
  sort -n "$copy.crowd" >"$copy.expected"
  assert_eq "$many" "$(sort -nu "$copy.crowd" | wc -l)" "processes in the crowd"
  column PID "$BATS_TEST_TMPDIR/pids" >"$copy.pids"
  sort -nu "$copy.pids" | cmp - "$copy.pids" || fail "PIDs are not in order, or not once"
  assert_eq "" "$(grep -vxFf "$copy.pids" "$copy.expected" || true)" "processes without a row"
  # The crowd, its leader, and the processes that were there before.
  assert_eq $((before + many + 1)) "$(key Processes "$BATS_TEST_TMPDIR/summary")" Processes
  assert_eq "$(wc -l <"$copy.pids")" "$(key Processes "$BATS_TEST_TMPDIR/summary")" rows
  assert_eq "$(awk '{ sum += $1 } END { print sum }' < <(column RSS_KB "$BATS_TEST_TMPDIR/pids"))" \
    "$(key TotalRss "$BATS_TEST_TMPDIR/summary")" TotalRss
  # shellcheck disable=SC2046  # words
  assert_rows "$BATS_TEST_TMPDIR/pids" $(<"$copy.crowd")
  end_crowd
  snapshot "$BATS_TEST_TMPDIR"
  assert_eq "$before" "$(key Processes "$BATS_TEST_TMPDIR/summary")" "Processes after they ended"
}

@test "pids: a process that lives throughout appears exactly once while others start and end" {
  local count
  run -0 churn --made "$(load_of 4000 200)"
  echo "$output"
  [[ $output == *$'\nfaults 0' ]] || fail "expected no faults, actual:" "$output"
  for count in $(sed -n 's/^reads //p' <<<"$output"); do
    assert_le 3 "$count" "reads with one size of buffer, 3 or more"
  done
}

@test "pids: a row that is lost, doubled, moved or damaged is noticed [control]" {
  local n
  stand --anon 40
  stand --anon 80
  cat $pids >"$copy"
  assert_eq "faults 0" "$(churn --check "$copy" "${standing[@]}")"
  noticed() {
    gawk -v pid="$stood" "$1" "$copy" >"$copy.wrong"
    n=$(churn --check "$copy.wrong" "${standing[@]}" 2>"$copy.said" | sed 's/^faults //')
    assert_le 1 "$n" "faults noticed, 1 or more"
    grep -q "$2" "$copy.said" || fail "expected: $2" "actual: $(cat "$copy.said")"
  }
  noticed '$1 != pid' "expected a row, actual none: PID $stood"
  noticed '{ print } $1 == pid { print }' "expected one row, actual more: PID $stood"
  noticed '{ print } NR == 2 { print $0 }' "expected a larger PID"
  noticed '$1 == pid { $3 = $3 + 1; $0 = " " $0 } { print }' "expected another STARTTIME: PID $stood"
  noticed '$1 == pid { sub(/ [^ ]+$/, "") } { print }' "expected a row that parses"
  noticed '$1 == pid { $7 = ""; $0 = " " $0 } { print }' "expected a row that parses"
  noticed '$1 == pid { printf "%s", $0; next } { print }' "expected a row that parses"
  noticed 'NR > 1' "expected a header"
}

# reading_is_same WAY: no read of either file differed from the whole.
reading_is_same() {
  local line
  run -0 --separate-stderr reading "$1"
  assert_eq 2 "${#lines[@]}" "lines of the helper"
  for line in "${lines[@]}"; do
    [[ $line =~ ^([0-9]+)\ reads,\ 0\ differences$ ]] ||
      fail "expected no differences, actual: $line" "$stderr"
    assert_le 10 "${BASH_REMATCH[1]}" "reads, 10 or more"
  done
}

@test "reading: pread at every offset gives the same bytes on a still system" {
  reading_is_same offsets
}

@test "reading: a seek, a second read and another descriptor give the same bytes" {
  reading_is_same again
}

@test "reading: a buffer that faults gets EFAULT, and the next read loses nothing" {
  reading_is_same fault
}

@test "reading: threads that read one descriptor do no harm" {
  reading_is_same threads
}

@test "reading: a change in between is noticed [control]" {
  local line
  # Processes that come and go change the rows.
  setsid bash -c 'while :; do (:); done' 3>&- &
  standing+=("$!")
  changed() {
    run -0 --separate-stderr reading again
    for line in "${lines[@]}"; do
      [[ $line != *" 0 differences" ]] || return 1
    done
  }
  retry 20 changed
}
