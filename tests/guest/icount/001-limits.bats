# No figure exceeds its limit in tests/guest/icount/limits, in a guest whose clock counts
# instructions (guest --icount). It is the only file in this guest, because ids grow with
# every process: longer ids cost more, and so do trees with holes.
# SPDX-License-Identifier: GPL-2.0-only

# The limits are instructions of x86-64.
# bats file_tags=first-ids, x86
load ../helpers

limits=$BATS_TEST_DIRNAME/limits

setup_file() {
  /tamalloc/runs/bench limits >"$BATS_FILE_TMPDIR/figures"
}

# passed FIGURES LIMITS: a line for each limit with its figure. Fails if a figure is
# above its limit or missing, and if there are no limits.
passed() {
  awk '
    NR == FNR { value[$1] = $2; next }
    /^#/ || NF == 0 { next }
    { n++ }
    NF != 3 { print "not NAME LIMIT REQUIRED: " $0; bad = 1; next }
    !($1 in value) { print $1 ": not measured"; bad = 1; next }
    {
      over = value[$1] + 0 > $2 + 0
      bad = bad || over
      printf "%s: %s, limit %s%s\n", $1, value[$1], $2, over ? ": PASSED" : ""
    }
    END { exit bad || n == 0 }' "$1" "$2"
}

@test "limits: no figure passes its limit" {
  run passed "$BATS_FILE_TMPDIR/figures" "$limits"
  sed 's/^/# /' <<<"$output" >&3
  assert_eq 0 "$status" "status; the figures are
$output"
}

@test "limits: no limit is above its requirement" {
  run -0 awk '!/^#/ && NF && $3 != "-" && $2 + 0 > $3 + 0' "$limits"
  assert_eq "" "$output" "limits above their requirement"
}

@test "limits: a figure above its limit fails [control]" {
  local figures=$BATS_TEST_TMPDIR/figures
  # Figures that are 11 percent above each limit.
  awk '!/^#/ && NF { print $1, $2 * 1.11 }' "$limits" >"$figures"
  run ! passed "$figures" "$limits"
  [[ $output == *"proc.10000.pids: "*": PASSED"* ]] || fail "$output"
}

@test "limits: a limit set too low fails [control]" {
  awk '$1 == "proc.1000.pids" { $2 = 100 } { print }' "$limits" >"$BATS_TEST_TMPDIR/low"
  run ! passed "$BATS_FILE_TMPDIR/figures" "$BATS_TEST_TMPDIR/low"
  assert_eq 1 "$(grep -c '^proc.1000.pids: .*PASSED' <<<"$output")" "limits that are passed"
}

@test "limits: a figure that is not measured, and an empty file, fail [control]" {
  echo "no.such.figure 1 -" >"$BATS_TEST_TMPDIR/unknown"
  run ! passed "$BATS_FILE_TMPDIR/figures" "$BATS_TEST_TMPDIR/unknown"
  assert_eq "no.such.figure: not measured" "$output"
  run ! passed "$BATS_FILE_TMPDIR/figures" /dev/null
}
