# The README is short, shows the picture early, and its commands work as they stand.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

readme=$top/README.md

# block PATTERN: the indented block that has a line with PATTERN.
block() {
  awk -v pattern="$1" '
    /^    / { text = text substr($0, 5) "\n"; found += index($0, pattern) > 0; next }
    { if (found) { printf "%s", text; exit } text = "" }' "$readme"
}

@test "readme: at most 170 lines, the picture within the first 30" {
  local lines picture
  lines=$(wc -l <"$readme")
  picture=$(grep -n 'docs/tamstat\.svg' "$readme" | cut -d: -f1)
  ((lines <= 170)) || assert_eq "at most 170" "$lines" "lines"
  ((picture <= 30)) || assert_eq "at most 30" "$picture" "line of the picture"
}

@test "readme: every target of make that it and the documents name exists" {
  local named target
  named=$(grep -ohE '(^ +|`)make [a-z][a-z-]*' "$readme" "$top"/docs/*.md | sed 's/.*make //' | sort -u)
  [[ $named == *test-peers* ]]
  for target in $named; do
    grep -q "^$target:" "$top/Makefile" || assert_eq "a target" "make $target" "Makefile"
  done
}

@test "readme: its awk finds the memory that was reserved but never committed" {
  local awk command
  # A figure beyond what "print" of a number and "%d" can show
  sed '/^ *69 /p; s/^ *69 /  68 /; s/ 2492 / 34359738368 /' "$top/tests/host/tamstat/pids" >"$BATS_TEST_TMPDIR/pids"
  command=$(block 'NR == 1' | sed "s|/proc/tamalloc/pids|$BATS_TEST_TMPDIR/pids|")
  for awk in gawk mawk "busybox awk"; do
    run -0 bash -c "awk() { $awk \"\$@\"; }; $command"
    assert_eq "34359736976 68 sleep
6694109185 4194303 postgres:\\040wri
1824400 71 Web\\040\"Content\",
1038336 70 sleep
1100 69 sleep" "$output" "$awk"
  done
}

@test "readme: its program builds in C and C++ without a warning, and runs" {
  local compiler
  block 'tamalloc.h>' >"$BATS_TEST_TMPDIR/program.c"
  grep -q tamfree "$BATS_TEST_TMPDIR/program.c"
  # C++ does not convert void * by itself.
  sed 's/= tamalloc/= (char *)tamalloc/' "$BATS_TEST_TMPDIR/program.c" >"$BATS_TEST_TMPDIR/program.cc"
  for compiler in "gcc -std=c99 -x c $BATS_TEST_TMPDIR/program.c" "g++ $BATS_TEST_TMPDIR/program.cc"; do
    # shellcheck disable=SC2086  # words
    $compiler -Wall -Wextra -Wpedantic -Werror "-I$top/syscall" -o "$BATS_TEST_TMPDIR/program"
    # 1 where the kernel has no such call.
    run "$BATS_TEST_TMPDIR/program"
    ((status <= 1)) || assert_eq "0 or 1" "$status" "exit status of the program"
  done
}
