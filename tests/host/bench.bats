# What make bench refuses, and its tables. SPDX-License-Identifier: GPL-2.0-only

load helpers

@test "bench: an unknown part is refused before anything is measured" {
  refused "there is no part 'everything'" "$top/scripts/bench/run" call everything
}

@test "bench: BENCH other than full is refused" {
  refused "BENCH=fast is unknown" env BENCH=fast "$top/scripts/bench/run"
}

@test "bench-native: two different commits that git knows, and a number of rounds" {
  refused 'COMMITS="HEAD": name two commits' env COMMITS=HEAD "$top/scripts/bench/native"
  refused 'COMMITS="HEAD . .": name two commits' env COMMITS="HEAD . ." "$top/scripts/bench/native"
  refused "git knows no commit nosuch" env COMMITS="nosuch ." "$top/scripts/bench/native"
  refused "the same commit" env COMMITS="HEAD HEAD~0" "$top/scripts/bench/native"
  refused "ROUNDS=0 must be a number" env ROUNDS=0 "$top/scripts/bench/native"
}

@test "bench: a kernel without an image cannot be profiled" {
  cp -r "$top/scripts" "$BATS_TEST_TMPDIR/"
  refused "run 'make " "$BATS_TEST_TMPDIR/scripts/bench/profile"
}

@test "bench: a table has the figures, their ratio, and a dash for a missing figure" {
  printf '{%s, %s, %s}' \
    '"proc.10000.pids": {"value": 1000, "unit": "instructions/process"}' \
    '"proc.10000.pids.reads": {"value": 28, "unit": "reads"}' \
    '"proc.10000.ps": {"value": 1234567, "unit": "instructions/process"}' \
    >"$BATS_TEST_TMPDIR/bench.json"
  run -0 "$top/scripts/bench/report" --tables "$BATS_TEST_TMPDIR"
  assert_has '| `ps -eo pid,vsz,rss,comm` | - | - | 1,234,567 | 1234.6 |' "$output"
  assert_has ' | - | - | 1,000 (28) | 1.0 |' "$output"
}
