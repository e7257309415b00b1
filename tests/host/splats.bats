# Every line of tests/verdict/deny turns a kernel log red that has what it is for. (That a
# splat in a guest's log makes a red run is shown by verdicts.bats and controls/debug.bats.)
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup() {
  copy=$BATS_TEST_TMPDIR/checkout
  logs=$top/tests/host/fixtures
  copy_checkout "$copy" scripts tests/verdict
}

# patterns: of tests/verdict/deny
patterns() {
  sed 's/#.*//; /^$/d' "$top/tests/verdict/deny"
}

# excerpt PATTERN: the lines of a log that prove it.
excerpt() {
  PATTERN=$1 awk '/^## / { found = substr($0, 4) == ENVIRON["PATTERN"]; next } found' "$logs/splats.log"
}

# splats: judge the log on standard input by the lists in $copy, and print its splats.
splats() {
  cat >"$BATS_TEST_TMPDIR/console"
  "$copy/scripts/vm/splats" "$BATS_TEST_TMPDIR/console" "$BATS_TEST_TMPDIR/races"
}

@test "splats: a clean log has none, whatever its command line names" {
  assert_eq "" "$(splats <"$logs/clean.log")" "splats of a clean log"
  # It would have one if it were not allowed.
  : >"$copy/tests/verdict/allow"
  assert_has "Kernel command line: " "$(splats <"$logs/clean.log")" "splats [control]"
}

@test "splats: each pattern has an excerpt of a log, and each excerpt a pattern" {
  assert_eq "$(patterns)" "$(sed -n 's/^## //p' "$logs/splats.log")" "patterns of tests/verdict/deny"
}

@test "splats: each pattern finds a line of its excerpt, which is then a splat" {
  local pattern line found=$BATS_TEST_TMPDIR/found
  grep -v '^#' "$logs/splats.log" | cat "$logs/clean.log" - | splats >"$found"
  while IFS= read -r pattern; do
    line=$(excerpt "$pattern" | grep -E -m 1 -e "$pattern") ||
      fail "expected a line that matches: $pattern" "actual excerpt:" "$(excerpt "$pattern")"
    grep -qxF -e "$line" "$found" || fail "expected among the splats: $line" "actual:" "$(<"$found")"
  done < <(patterns)
}

@test "splats: without a pattern, nothing is judged clean" {
  echo "# nothing" >"$copy/tests/verdict/deny"
  run -1 splats <"$logs/clean.log"
  assert_has "nothing to judge the kernel log by" "$output" message
}
