# The faults of the first sketch (docs/design.md, section 5), one test each. The
# kernel build/bzImage-debug reports in its log if anything sleeps inside an RCU
# section.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

setup() {
  copy=$BATS_TEST_TMPDIR/copy
}

teardown() {
  ! mountpoint -q "$BATS_TEST_TMPDIR" || umount "$BATS_TEST_TMPDIR"
  kill_standing
}

# complaints: the messages of the kernel so far about sleeping or RCU.
complaints() {
  dmesg | grep -cE 'BUG: |WARNING: |sleeping function|suspicious RCU|rcu.*stall' || true
}

@test "first sketch: mmput inside an RCU section" {
  local before
  before=$(complaints)
  # The visited process exits, so the reader would hold the last reference.
  run -0 churn 5
  [[ $output == *$'\nfaults 0' ]] || fail "expected no faults, actual:" "$output"
  assert_eq "$before" "$(complaints)" "complaints of the kernel"
}

@test "first sketch: copy_to_user inside an RCU section" {
  local before
  before=$(complaints)
  # The buffer's page arrives only after the copy to it has begun to wait.
  run -0 waiting $pids
  assert_eq "waited, then read the same" "$output" $pids
  run -0 waiting $summary
  assert_eq "waited, then read the same" "$output" $summary
  assert_eq "$before" "$(complaints)" "complaints of the kernel"
}

@test "first sketch: an output buffer with no bound and no count" {
  local line
  run -0 --separate-stderr reading bounds
  assert_eq 2 "${#lines[@]}" "lines of the helper"
  for line in "${lines[@]}"; do
    [[ $line =~ ^[1-9][0-9]*\ reads,\ 0\ differences$ ]] ||
      fail "expected no differences, actual: $line" "$stderr"
  done
}

@test "first sketch: no PID in the record" {
  local pid start stat words n=0
  stand --anon 100
  cat $pids >"$copy"
  while read -r pid _ start _; do
    { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || continue
    stat=${stat##*) }
    read -ra words <<<"$stat"
    assert_eq "${words[19]}" "$start" "STARTTIME of $pid"
    n=$((n + 1))
  done < <(rows "$copy")
  assert_le 3 "$n" "processes found by their PID, 3 or more"
  assert_eq "$stood" "$(field "$stood" PID "$copy")" PID
}

@test "first sketch: stack padding in the output" {
  stand --anon 100
  stand --comm-hex 41
  snapshot "$BATS_TEST_TMPDIR"
  # Every byte is accounted for: the file consists of its fields.
  # A column is as wide as its name or, in the kernel's table, wider. The header shows
  # the width.
  gawk '
    NR == 1 {
      for (i = 1; i < NF; i++) {
        match(substr($0, at + 1), / +[A-Z_]+/)
        at += RLENGTH
        width[i] = RLENGTH - 1
      }
    }
    {
      for (i = 1; i < NF; i++) printf " %*s", width[i], $i
      print " " $NF
    }
  ' "$BATS_TEST_TMPDIR/pids" | cmp - "$BATS_TEST_TMPDIR/pids" || fail "bytes beside the fields"
  awk '{ printf "%-17s%12s%s\n", $1, $2, (NF > 2 ? " " $3 : "") }' "$BATS_TEST_TMPDIR/summary" |
    cmp - "$BATS_TEST_TMPDIR/summary" || fail "bytes beside the fields"
  # Another byte would show [control].
  sed '2s/  / \x01/' "$BATS_TEST_TMPDIR/pids" >"$copy"
  run -1 cmp -s "$copy" "$BATS_TEST_TMPDIR/pids"
  assert_eq 1 "$(LC_ALL=C tr -d '\n -~' <"$copy" | wc -c)" "bytes that are not printable"
  assert_eq 0 "$(cat "$BATS_TEST_TMPDIR"/{pids,summary} | LC_ALL=C tr -d '\n -~' | wc -c)" \
    "bytes that are not printable"
}

@test "first sketch: hiwater_rss read raw" {
  local committed
  # It has only grown, so the stored mark is far below the resident size.
  stand --anon 30000
  committed=$(field "$stood" COMMITTED_KB)
  assert_le 30000 "$committed" "COMMITTED_KB, 30000 or more"
  assert_eq "$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$stood/status")" "$committed" COMMITTED_KB
  # Nor is it the resident set, because freed memory still counts.
  stand --drop $((30000 + peak_more))
  assert_le 30000 "$(field "$stood" COMMITTED_KB)" "COMMITTED_KB, 30000 or more"
  assert_le "$(field "$stood" RSS_KB)" 10000 RSS_KB
  assert_eq "" "$(gawk 'NR > 1 && $5 < $7' $pids)" "rows with COMMITTED_KB below RSS_KB"
}

@test "first sketch: oom_score_adj reported as the OOM score" {
  local adj score
  for adj in -900 0 300 1000; do
    stand --anon 5000 --oom-adj "$adj"
    score=$(field "$stood" OOM_SCORE)
    assert_eq "$(<"/proc/$stood/oom_score")" "$score" "OOM_SCORE under $adj"
    assert_eq "$adj" "$(field "$stood" OOM_SCORE_ADJ)" OOM_SCORE_ADJ
    [[ $score != "$adj" ]] || fail "expected another score than $adj"
  done
}

@test "first sketch: no namespaces" {
  # The shell is the first and only process of its namespace.
  # shellcheck disable=SC2016  # expanded inside
  unshare --pid --fork --mount-proc bash -c '
    mapfile -t rows </proc/tamalloc/pids
    mapfile -t sums </proc/tamalloc/summary
    printf "%s\n" "${rows[@]}"
    printf "%s\n" "${sums[0]}" >&2' >"$copy" 2>"$copy.sums"
  assert_eq 1 "$(column PID "$copy" | paste -sd' ')" "PIDs inside"
  assert_eq 1 "$(key Processes "$copy.sums")" "Processes inside"
  # shellcheck disable=SC2016  # expanded inside
  as 1000 unshare --user --map-root-user cat $pids >"$copy"
  assert_eq "0 65534" "$(column UID "$copy" | sort -nu | paste -sd' ')" "UIDs inside"
  assert_le 4 "$(key Processes)" "Processes outside, 4 or more [control]"
}

@test "first sketch: no visibility rules" {
  mount -t proc -o hidepid=2 proc "$BATS_TEST_TMPDIR"
  chmod 755 "$BATS_RUN_TMPDIR" "${BATS_RUN_TMPDIR}"/*/
  assert_eq 1001 "$(as 1001 cat "$BATS_TEST_TMPDIR/tamalloc/pids" | column UID - | sort -u)" \
    "UIDs that a stranger sees"
  assert_eq 1 "$(as 1001 cat "$BATS_TEST_TMPDIR/tamalloc/summary" | key Processes -)" \
    "Processes for a stranger"
  assert_le 3 "$(key Processes "$BATS_TEST_TMPDIR/tamalloc/summary")" "Processes for root, 3 or more [control]"
}
