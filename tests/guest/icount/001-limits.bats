# No figure exceeds its limit in tests/guest/icount/limits, in a guest whose clock counts
# instructions (guest --icount). It is the only file in this guest, because ids grow with
# every process: longer ids cost more, and so do trees with holes.
# SPDX-License-Identifier: GPL-2.0-only

# The limits are instructions of x86-64.
# bats file_tags=first-ids, x86
load ../helpers

limits=$BATS_TEST_DIRNAME/limits
version=$(uname -r | cut -d. -f1,2)

setup_file() {
  /tamalloc/runs/bench limits >"$BATS_FILE_TMPDIR/figures"
}

# of_this_kernel LIMITS: NAME LIMIT REQUIRED, with the limits of this kernel's column.
of_this_kernel() {
  awk -v version="$version" '
    /^#/ || NF == 0 { next }
    $1 == "figure" { fields = NF; for (i = 2; i < NF; i++) if ($i == version) col = i; next }
    NF != fields || !col { print "no limit for Linux " version ": " $0; next }
    { print $1, $col, $NF }' "$1"
}

# passed FIGURES LIMITS: a line for each limit with its figure. Fails if a figure is
# above its limit, lacks a limit or is missing, and if there are no limits.
passed() {
  of_this_kernel "$2" | awk '
    NR == FNR { value[$1] = $2; next }
    NF != 3 { print; bad = 1; next }
    $2 == "-" && !($1 in value) { next }
    !($1 in value) { print $1 ": not measured"; bad = 1; next }
    $2 == "-" { print $1 ": " value[$1] ", and no limit; see scripts/bench/run --limits"; bad = 1; next }
    {
      n++
      over = value[$1] + 0 > $2 + 0
      bad = bad || over
      printf "%s: %s, limit %s%s\n", $1, value[$1], $2, over ? ": PASSED" : ""
    }
    END { exit bad || n == 0 }' "$1" -
}

@test "limits: no figure passes its limit" {
  run passed "$BATS_FILE_TMPDIR/figures" "$limits"
  sed 's/^/# /' <<<"$output" >&3
  assert_eq 0 "$status" "status; the figures are
$output"
}

@test "limits: no limit is above its requirement, but the one that is marked" {
  run -0 awk '
    /^#/ || NF == 0 || $1 == "figure" || $NF == "-" { next }
    { for (i = 2; i < NF; i++) if ($i != "-" && $i !~ /\*$/ && $i + 0 > $NF + 0) print }' "$limits"
  assert_eq "" "$output" "limits above their requirement"
  assert_eq 1 "$(grep -v '^#' "$limits" | grep -o '[0-9]\*' | wc -l)" "marked limits"
}

@test "limits: a figure above its limit fails [control]" {
  local figures=$BATS_TEST_TMPDIR/figures
  # Figures that are 11 percent above each limit.
  of_this_kernel "$limits" | awk '$2 != "-" { print $1, $2 * 1.11 }' >"$figures"
  run ! passed "$figures" "$limits"
  [[ $output == *"proc.10000.pids: "*": PASSED"* ]] || fail "$output"
}

@test "limits: a limit set too low fails [control]" {
  awk '$1 == "proc.1000.pids" { for (i = 2; i < NF; i++) $i = 100 } { print }' "$limits" >"$BATS_TEST_TMPDIR/low"
  run ! passed "$BATS_FILE_TMPDIR/figures" "$BATS_TEST_TMPDIR/low"
  assert_eq 1 "$(grep -c '^proc.1000.pids: .*PASSED' <<<"$output")" "limits that are passed"
}

@test "limits: a figure that is not measured, and an empty file, fail [control]" {
  printf '%s\n' "figure $version required" "no.such.figure 1 -" >"$BATS_TEST_TMPDIR/unknown"
  run ! passed "$BATS_FILE_TMPDIR/figures" "$BATS_TEST_TMPDIR/unknown"
  assert_eq "no.such.figure: not measured" "$output"
  run ! passed "$BATS_FILE_TMPDIR/figures" /dev/null
}

@test "limits: a figure without a limit, and a kernel without a column, fail [control]" {
  printf '%s\n' "figure $version required" "proc.1000.pids - -" >"$BATS_TEST_TMPDIR/none"
  run ! passed "$BATS_FILE_TMPDIR/figures" "$BATS_TEST_TMPDIR/none"
  [[ $output == "proc.1000.pids: "*", and no limit; see "* ]] || fail "$output"
  printf '%s\n' "figure 5.4 required" "proc.1000.pids 2000 -" >"$BATS_TEST_TMPDIR/other"
  run ! passed "$BATS_FILE_TMPDIR/figures" "$BATS_TEST_TMPDIR/other"
  assert_eq "no limit for Linux $version: proc.1000.pids 2000 -" "$output"
}
